/*
 * key_functions.c
 *		What can an administrator do with keys, and what does monitoring see of them?
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include <openssl/rand.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_rotate_data_key);
PG_FUNCTION_INFO_V1(protaddr_adopt_data_keys);
PG_FUNCTION_INFO_V1(protaddr_data_key_available);
PG_FUNCTION_INFO_V1(protaddr_outer_key_name);

static void store_wrapped(const char *statement, uint64 id, uint8 *wrapped, const char *outer_name,
						  int64 generation);

/* make_key draws a data key and its id, and wraps it under the outer key of this server. */
static void
make_key(uint64 *id, uint8 *wrapped, char outer_name[PROTADDR_KEK_NAME_SIZE])
{
	uint8		bytes[PROTADDR_KEY_SIZE];
	ProtaddrKek kek;
	volatile bool good = false;

	protaddr_kek_ask_again();
	(void) protaddr_kek_fetch(&kek, ERROR);
	strlcpy(outer_name, kek.name, PROTADDR_KEK_NAME_SIZE);
	PG_TRY();
	{
		good = RAND_bytes((unsigned char *) id, sizeof(*id)) == 1 &&
			RAND_priv_bytes(bytes, sizeof(bytes)) == 1 &&
			protaddr_key_wrap(&kek, *id, bytes, wrapped);
	}
	PG_FINALLY();
	{
		explicit_bzero(bytes, sizeof(bytes));
		protaddr_kek_wipe(&kek);
	}
	PG_END_TRY();
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not make a data key")));
}

/*
 * protaddr_rotate_data_key adds a data key, of a generation above all others; values
 * sealed from the next transaction on use it.  Gives its id as text.
 */
Datum
protaddr_rotate_data_key(PG_FUNCTION_ARGS)
{
	ProtaddrDataKey *keys;
	int			nkeys;
	int64		generation = 0;
	uint8		wrapped[VARHDRSZ + PROTADDR_WRAPPED_SIZE];
	char		outer_name[PROTADDR_KEK_NAME_SIZE];
	uint64		id;

	PreventCommandDuringRecovery("protaddr.rotate_data_key()");
	/* two at once would take the same generation; until the transaction ends */
	LockRelationOid(protaddr_table(PROTADDR_DATA_KEY), ShareUpdateExclusiveLock);
	keys = protaddr_data_keys(&nkeys);
	for (int i = 0; i < nkeys; i++)
		generation = Max(generation, keys[i].generation);
	if (nkeys == 0)
		protaddr_kek_make_default();

	make_key(&id, (uint8 *) VARDATA(wrapped), outer_name);
	SPI_connect();
	store_wrapped("INSERT INTO protaddr.data_key (id, wrapped, outer_key, generation) VALUES ($1, $2, $3, $4)",
				  id, wrapped, outer_name, generation + 1);
	SPI_finish();

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%016llx", (unsigned long long) id)));
}

/* store_wrapped writes a row of protaddr.data_key; wrapped has room for its header. */
static void
store_wrapped(const char *statement, uint64 id, uint8 *wrapped, const char *outer_name, int64 generation)
{
	Oid			argtypes[4] = {INT8OID, BYTEAOID, TEXTOID, INT8OID};
	Datum		args[4];

	SET_VARSIZE(wrapped, VARHDRSZ + PROTADDR_WRAPPED_SIZE);
	args[0] = Int64GetDatum((int64) id);
	args[1] = PointerGetDatum(wrapped);
	args[2] = CStringGetTextDatum(outer_name);
	args[3] = Int64GetDatum(generation);
	if (SPI_execute_with_args(statement, 4, argtypes, args, NULL, false, 0) < 0 || SPI_processed != 1)
		elog(ERROR, "could not store a data key");
}

/* adopt wraps anew those of the keys that the one outer key opens, under the other. */
static int64
adopt(const ProtaddrKek *from, const ProtaddrKek *to)
{
	int64		adopted = 0;
	int			nkeys;
	ProtaddrDataKey *keys;

	/* nobody else adopts, rotates or retires meanwhile */
	LockRelationOid(protaddr_table(PROTADDR_DATA_KEY), ShareUpdateExclusiveLock);
	keys = protaddr_data_keys(&nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		uint8		anew[VARHDRSZ + PROTADDR_WRAPPED_SIZE];
		uint8		bytes[PROTADDR_KEY_SIZE];
		bool		good;

		if (keys[i].erased || strcmp(keys[i].outer_name, from->name) != 0 ||
			strcmp(keys[i].outer_name, to->name) == 0)
			continue;
		if (!protaddr_key_unwrap(from, &keys[i], bytes))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("authentication of data key %016llx failed", (unsigned long long) keys[i].id)));
		good = protaddr_key_wrap(to, keys[i].id, bytes, (uint8 *) VARDATA(anew));
		explicit_bzero(bytes, sizeof(bytes));
		if (!good)
			elog(ERROR, "could not wrap a data key");
		store_wrapped("UPDATE protaddr.data_key SET wrapped = $2, outer_key = $3 "
					  "WHERE id OPERATOR(pg_catalog.=) $1 AND generation OPERATOR(pg_catalog.=) $4",
					  keys[i].id, anew, to->name, keys[i].generation);
		adopted++;
	}
	pfree(keys);
	return adopted;
}

/*
 * protaddr_adopt_data_keys wraps every data key anew that the outer key in the
 * given file opens, under the outer key of this server.  No row of any other
 * table is touched.  Gives the number of keys.
 */
Datum
protaddr_adopt_data_keys(PG_FUNCTION_ARGS)
{
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ProtaddrKek from;
	ProtaddrKek to;
	int64		adopted = 0;

	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the outer key file must be named with its full path")));

	memset(&to, 0, sizeof(to));
	protaddr_kek_fetch_from(&from, path);
	/* the keys are on our stack: wipe them however this ends */
	PG_TRY();
	{
		protaddr_kek_ask_again();
		if (!protaddr_kek_fetch(&to, WARNING))
			ereport(ERROR,
					(errcode(ERRCODE_PROTADDR_NOT_READY),
					 errmsg("this server has no outer key to adopt the data keys under"),
					 errhint("Set protaddr.kek_file or protaddr.kek_command.")));
		SPI_connect();
		adopted = adopt(&from, &to);
		SPI_finish();
	}
	PG_FINALLY();
	{
		protaddr_kek_wipe(&from);
		protaddr_kek_wipe(&to);
	}
	PG_END_TRY();

	PG_RETURN_INT64(adopted);
}

/* ---- monitoring ------------------------------------------------------------------ */

/*
 * Which data keys the outer key opens, as found a moment ago.  Monitoring asks for each
 * of them and at any rate; a program that gives the outer key is started for all at
 * once, and not again before PROTADDR_KEK_ASK_AGAIN_MS are over.
 */
typedef struct CheckedKey
{
	ProtaddrDataKey row;
	bool		usable;
} CheckedKey;

static CheckedKey *checked = NULL;
static int	nchecked = 0;
static char checked_outer_name[PROTADDR_KEK_NAME_SIZE];
static TimestampTz checked_at = 0;

/* look_at_keys finds out anew about all data keys. */
static void
look_at_keys(void)
{
	int			nkeys;
	ProtaddrDataKey *keys = protaddr_data_keys(&nkeys);
	CheckedKey *found = MemoryContextAllocZero(TopMemoryContext, Max(nkeys, 1) * sizeof(CheckedKey));
	uint8		bytes[PROTADDR_KEY_SIZE];
	ProtaddrKek kek;
	bool		fetched = protaddr_kek_fetch(&kek, LOG);

	if (checked != NULL)
		pfree(checked);
	checked = found;
	nchecked = nkeys;
	strlcpy(checked_outer_name, fetched ? kek.name : "", sizeof(checked_outer_name));
	checked_at = GetCurrentTimestamp();
	for (int i = 0; i < nkeys; i++)
	{
		checked[i].row = keys[i];
		checked[i].usable = fetched && !keys[i].retired && protaddr_key_unwrap(&kek, &keys[i], bytes);
	}
	explicit_bzero(bytes, sizeof(bytes));
	if (fetched)
		protaddr_kek_wipe(&kek);
	pfree(keys);
}

static bool
looked_lately(void)
{
	return checked != NULL && protaddr_kek_is_program() &&
		!TimestampDifferenceExceeds(checked_at, GetCurrentTimestamp(), PROTADDR_KEK_ASK_AGAIN_MS);
}

static CheckedKey *
checked_key(const ProtaddrDataKey *row)
{
	for (int i = 0; i < nchecked; i++)
		if (checked[i].row.id == row->id && checked[i].row.retired == row->retired &&
			strcmp(checked[i].row.outer_name, row->outer_name) == 0 &&
			memcmp(checked[i].row.wrapped, row->wrapped, PROTADDR_WRAPPED_SIZE) == 0)
			return &checked[i];
	return NULL;
}

/*
 * protaddr_data_key_available tells whether a key can be unwrapped here and now,
 * whatever this session holds of it from before.
 */
Datum
protaddr_data_key_available(PG_FUNCTION_ARGS)
{
	int			nkeys;
	ProtaddrDataKey *keys = protaddr_data_keys(&nkeys);
	ProtaddrDataKey *row = protaddr_data_key_find(keys, nkeys, (uint64) PG_GETARG_INT64(0));
	CheckedKey *key = NULL;

	if (row == NULL || row->retired)
		PG_RETURN_BOOL(false);
	if (looked_lately())
		key = checked_key(row);
	if (key == NULL)
	{
		look_at_keys();
		key = checked_key(row);
	}
	PG_RETURN_BOOL(key != NULL && key->usable);
}

/* protaddr_outer_key_name names the outer key of this server; NULL if none. */
Datum
protaddr_outer_key_name(PG_FUNCTION_ARGS)
{
	if (!looked_lately())
		look_at_keys();
	if (checked_outer_name[0] == '\0')
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(checked_outer_name));
}
