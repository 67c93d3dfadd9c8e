/*
 * keyring.c
 *		Which data keys does this session hold?
 *
 * Data keys stand in protaddr.data_key, wrapped by the outer key, so they reach
 * standbys and dumps with the data.  A session unwraps the ones it meets and
 * keeps them as keyed cipher contexts; the bytes themselves are wiped at once.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "keys/keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* columns of protaddr.data_key */
enum
{
	DATA_KEY_ID = 1,
	DATA_KEY_WRAPPED,
	DATA_KEY_OUTER_KEY,
	DATA_KEY_CREATED_AT,
	DATA_KEY_NCOLUMNS = DATA_KEY_CREATED_AT
};

static const char *const data_key_columns[] = {
	[DATA_KEY_ID] = "id",
	[DATA_KEY_WRAPPED] = "wrapped",
	[DATA_KEY_OUTER_KEY] = "outer_key",
	[DATA_KEY_CREATED_AT] = "created_at",
};

static HeapTuple data_key_change(TriggerData *trigdata, HeapTuple row);

static const ProtaddrOwnTable tables[] = {
	{.name = "data_key", PROTADDR_COLUMNS(data_key_columns), .rules = PROTADDR_ROWS_STAY,
		.why_rows_stay = "Addresses sealed with a data key could never be read again.",
	.change = data_key_change},
};

const ProtaddrPart protaddr_keyring_part = {
	PROTADDR_TABLES(tables),
};

/* A session that meets more data keys forgets the one it took in first. */
#define KEYRING_SIZE	64

static ProtaddrKey keyring[KEYRING_SIZE];
static int	keyring_next = 0;
static ProtaddrKey *last_used = NULL;

/* What protaddr_key_for_sealing found, and under which generation. */
static uint64 sealing_id = 0;
static uint64 sealing_generation = 0;

/*
 * A key that was not to be had is asked for again in the next statement, not for
 * every row of this one: asking may start a program.
 */
static uint64 missing_id = 0;
static TimestampTz missing_statement = 0;

PG_FUNCTION_INFO_V1(protaddr_rotate_data_key);
PG_FUNCTION_INFO_V1(protaddr_adopt_data_keys);
PG_FUNCTION_INFO_V1(protaddr_data_key_available);
PG_FUNCTION_INFO_V1(protaddr_outer_key_name);

static bool key_row(uint64 id, uint8 *wrapped, char outer_name[PROTADDR_KEK_NAME_SIZE]);
static ProtaddrKey *key_take_in(uint64 id, const uint8 *wrapped, const char *outer_name, int elevel);
static bool key_wrap(const ProtaddrKek *kek, uint64 id, const uint8 *key, uint8 *wrapped);
static bool key_unwrap(const ProtaddrKek *kek, uint64 id, const uint8 *wrapped, uint8 *key);
static bool row_read(HeapTuple tuple, TupleDesc desc, uint64 *id, uint8 *wrapped,
					 char outer_name[PROTADDR_KEK_NAME_SIZE], TimestampTz *created_at);

static ProtaddrKey *
keyring_find(uint64 id)
{
	for (int i = 0; i < KEYRING_SIZE; i++)
		if (keyring[i].aead != NULL && keyring[i].id == id)
			return &keyring[i];
	return NULL;
}

/* key_row reads the row of a data key; false if there is none. */
static bool
key_row(uint64 id, uint8 *wrapped, char outer_name[PROTADDR_KEK_NAME_SIZE])
{
	Relation	rel = table_open(protaddr_table(PROTADDR_DATA_KEY), AccessShareLock);
	SysScanDesc scan;
	ScanKeyData skey;
	HeapTuple	tuple;
	bool		found;

	ScanKeyInit(&skey, DATA_KEY_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum((int64) id));
	scan = systable_beginscan(rel, protaddr_table_index(PROTADDR_DATA_KEY), true, NULL, 1, &skey);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple) &&
		row_read(tuple, RelationGetDescr(rel), &id, wrapped, outer_name, NULL);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * protaddr_key_by_id gives the data key, or NULL if it is not in this database
 * or cannot be unwrapped here.  The result lives until another key is taken in.
 */
ProtaddrKey *
protaddr_key_by_id(uint64 id)
{
	ProtaddrKey *key;

	if (last_used != NULL && last_used->id == id)
		return last_used;
	key = keyring_find(id);
	if (key == NULL)
	{
		uint8		wrapped[PROTADDR_WRAPPED_SIZE];
		char		outer_name[PROTADDR_KEK_NAME_SIZE];

		if (missing_id == id && missing_statement == GetCurrentStatementStartTimestamp())
			return NULL;
		if (key_row(id, wrapped, outer_name))
			key = key_take_in(id, wrapped, outer_name, LOG);
		if (key == NULL)
		{
			missing_id = id;
			missing_statement = GetCurrentStatementStartTimestamp();
		}
	}
	if (key != NULL)
		last_used = key;
	return key;
}

/*
 * protaddr_key_for_sealing gives the newest data key that can be used here.
 *
 * A key made in this very transaction is used only if there is no other: if the
 * transaction rolls back, what it handed out under the key must stay readable.
 */
ProtaddrKey *
protaddr_key_for_sealing(void)
{
	typedef struct
	{
		uint64		id;
		TimestampTz created_at;
		bool		own;
		uint8		wrapped[PROTADDR_WRAPPED_SIZE];
		char		outer_name[PROTADDR_KEK_NAME_SIZE];
	} Candidate;
	uint64		now = protaddr_generation(PROTADDR_DATA_KEY);
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;
	Candidate  *candidates;
	int			ncandidates = 0;
	int			room = 8;
	ProtaddrKey *key = NULL;

	if (sealing_generation == now)
	{
		key = protaddr_key_by_id(sealing_id);
		if (key != NULL)
			return key;
	}

	candidates = palloc(room * sizeof(Candidate));
	rel = table_open(protaddr_table(PROTADDR_DATA_KEY), AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Candidate  *c;

		if (ncandidates == room)
			candidates = repalloc(candidates, (room *= 2) * sizeof(Candidate));
		c = &candidates[ncandidates];
		if (!row_read(tuple, RelationGetDescr(rel), &c->id, c->wrapped, c->outer_name,
					  &c->created_at))
			continue;
		c->own = TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));
		ncandidates++;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	/* newest first, this transaction's last: there are few */
	while (ncandidates > 0 && key == NULL)
	{
		int			best = 0;

		for (int i = 1; i < ncandidates; i++)
		{
			const Candidate *a = &candidates[i];
			const Candidate *b = &candidates[best];

			if (a->own != b->own ? !a->own :
				a->created_at != b->created_at ? a->created_at > b->created_at :
				a->id > b->id)
				best = i;
		}
		key = keyring_find(candidates[best].id);
		if (key == NULL)
			key = key_take_in(candidates[best].id, candidates[best].wrapped,
							  candidates[best].outer_name,
							  ncandidates == 1 ? ERROR : DEBUG1);
		candidates[best] = candidates[--ncandidates];
	}
	pfree(candidates);

	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("there is no data key that can be used here"),
				 errhint("See protaddr.key_status; protaddr.rotate_data_key() makes a new one."),
				 protaddr_errprivate()));

	sealing_id = key->id;
	sealing_generation = now;
	last_used = key;
	return key;
}

/* key_take_in unwraps a data key into the keyring; NULL if elevel lets it. */
static ProtaddrKey *
key_take_in(uint64 id, const uint8 *wrapped, const char *outer_name, int elevel)
{
	ProtaddrKek kek;
	ProtaddrKey *slot;
	uint8		bytes[PROTADDR_KEY_SIZE];
	ProtaddrAead *aead;
	bool		good;

	if (!protaddr_kek_fetch(&kek, elevel))
		return NULL;
	good = strcmp(kek.name, outer_name) == 0 && key_unwrap(&kek, id, wrapped, bytes);
	protaddr_kek_wipe(&kek);
	if (!good)
	{
		ereport(elevel,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("data key %016llx cannot be unwrapped with the outer key of this server", (unsigned long long) id),
				 errdetail("It is wrapped with outer key %s.", outer_name),
				 errhint("protaddr.adopt_data_keys() takes over keys that another outer key wraps.")));
		return NULL;
	}

	aead = protaddr_aead_new(bytes);
	explicit_bzero(bytes, sizeof(bytes));
	if (aead == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not ready a data key")));

	slot = &keyring[keyring_next];
	keyring_next = (keyring_next + 1) % KEYRING_SIZE;
	protaddr_aead_free(slot->aead);
	if (last_used == slot)
		last_used = NULL;
	slot->id = id;
	slot->aead = aead;
	return slot;
}

/* data_key_change lets a key be wrapped anew, and keep the id that values know. */
static HeapTuple
data_key_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	bool		old_null;
	bool		new_null;
	Datum		old_id;
	Datum		new_id;

	if (!TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return row;
	old_id = heap_getattr(trigdata->tg_trigtuple, DATA_KEY_ID, desc, &old_null);
	new_id = heap_getattr(row, DATA_KEY_ID, desc, &new_null);
	if (old_null || new_null || DatumGetInt64(old_id) != DatumGetInt64(new_id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the id of a data key cannot be changed"),
				 errdetail("Addresses sealed with the key could never be read again.")));
	return row;
}

/* row_read takes a row of protaddr.data_key apart; false if it is no data key. */
static bool
row_read(HeapTuple tuple, TupleDesc desc, uint64 *id, uint8 *wrapped,
		 char outer_name[PROTADDR_KEK_NAME_SIZE], TimestampTz *created_at)
{
	Datum		values[DATA_KEY_NCOLUMNS];
	bool		nulls[DATA_KEY_NCOLUMNS];
	bytea	   *bytes;
	char	   *name;

	for (int i = 0; i < DATA_KEY_NCOLUMNS; i++)
	{
		values[i] = heap_getattr(tuple, i + 1, desc, &nulls[i]);
		if (nulls[i])
			return false;
	}
	bytes = DatumGetByteaPP(values[DATA_KEY_WRAPPED - 1]);
	name = TextDatumGetCString(values[DATA_KEY_OUTER_KEY - 1]);
	if (VARSIZE_ANY_EXHDR(bytes) != PROTADDR_WRAPPED_SIZE)
		return false;
	*id = (uint64) DatumGetInt64(values[DATA_KEY_ID - 1]);
	memcpy(wrapped, VARDATA_ANY(bytes), PROTADDR_WRAPPED_SIZE);
	strlcpy(outer_name, name, PROTADDR_KEK_NAME_SIZE);
	if (created_at != NULL)
		*created_at = DatumGetTimestampTz(values[DATA_KEY_CREATED_AT - 1]);
	return true;
}

/* ---- wrapping: AES-256-GCM, the key's id authenticated with it ------------ */

static void
key_aad(uint64 id, uint8 aad[sizeof(uint64) + 8])
{
	uint64		wire = pg_hton64(id);

	memcpy(aad, "datakey1", 8);
	memcpy(aad + 8, &wire, sizeof(wire));
}

static bool
key_wrap(const ProtaddrKek *kek, uint64 id, const uint8 *key, uint8 *wrapped)
{
	ProtaddrAead *aead = protaddr_aead_new(kek->key);
	uint8		aad[sizeof(uint64) + 8];
	bool		good;

	key_aad(id, aad);
	good = aead != NULL &&
		RAND_bytes(wrapped, PA_NONCE_SIZE) == 1 &&
		protaddr_aead_seal(aead, wrapped, aad, sizeof(aad), key, PROTADDR_KEY_SIZE,
						   wrapped + PA_NONCE_SIZE,
						   wrapped + PA_NONCE_SIZE + PROTADDR_KEY_SIZE);
	protaddr_aead_free(aead);
	return good;
}

static bool
key_unwrap(const ProtaddrKek *kek, uint64 id, const uint8 *wrapped, uint8 *key)
{
	ProtaddrAead *aead = protaddr_aead_new(kek->key);
	uint8		aad[sizeof(uint64) + 8];
	bool		good;

	key_aad(id, aad);
	good = aead != NULL &&
		protaddr_aead_open(aead, wrapped, aad, sizeof(aad), wrapped + PA_NONCE_SIZE,
						   PROTADDR_KEY_SIZE, wrapped + PA_NONCE_SIZE + PROTADDR_KEY_SIZE, key);
	protaddr_aead_free(aead);
	if (!good)
		explicit_bzero(key, PROTADDR_KEY_SIZE);
	return good;
}

/* ---- SQL functions ---------------------------------------------------------- */

/*
 * protaddr_rotate_data_key adds a data key; values sealed from the next
 * transaction on use it.  Gives its id as text.
 */
Datum
protaddr_rotate_data_key(PG_FUNCTION_ARGS)
{
	Relation	rel;
	SysScanDesc scan;
	ProtaddrKek kek;
	uint8		bytes[PROTADDR_KEY_SIZE];
	uint8		wrapped[VARHDRSZ + PROTADDR_WRAPPED_SIZE];
	uint64		id;
	bool		first;
	bool		good;
	Oid			argtypes[3] = {INT8OID, BYTEAOID, TEXTOID};
	Datum		args[3];

	rel = table_open(protaddr_table(PROTADDR_DATA_KEY), AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	first = !HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (first)
		protaddr_kek_make_default();

	(void) protaddr_kek_fetch(&kek, ERROR);
	good = RAND_bytes((unsigned char *) &id, sizeof(id)) == 1 &&
		RAND_priv_bytes(bytes, sizeof(bytes)) == 1 &&
		key_wrap(&kek, id, bytes, (uint8 *) VARDATA(wrapped));
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(kek.key, sizeof(kek.key));
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not make a data key")));

	SET_VARSIZE(wrapped, sizeof(wrapped));
	args[0] = Int64GetDatum((int64) id);
	args[1] = PointerGetDatum(wrapped);
	args[2] = CStringGetTextDatum(kek.name);
	SPI_connect();
	if (SPI_execute_with_args("INSERT INTO protaddr.data_key (id, wrapped, outer_key) VALUES ($1, $2, $3)",
							  3, argtypes, args, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not store a data key");
	SPI_finish();

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%016llx", (unsigned long long) id)));
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
	Oid			argtypes[3] = {INT8OID, BYTEAOID, TEXTOID};

	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the outer key file must be named with its full path")));

	protaddr_kek_fetch_from(&from, path);
	if (!protaddr_kek_fetch(&to, WARNING))
	{
		protaddr_kek_wipe(&from);
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("this server has no outer key to adopt the data keys under"),
				 errhint("Set protaddr.kek_file or protaddr.kek_command.")));
	}

	/* the keys are on our stack: wipe them however this ends */
	PG_TRY();
	{
		SPITupleTable *rows;
		uint64		nrows;

		SPI_connect();
		if (SPI_execute("SELECT id, wrapped, outer_key, created_at FROM protaddr.data_key ORDER BY id FOR UPDATE",
						false, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not read the data keys");
		rows = SPI_tuptable;
		nrows = SPI_processed;
		for (uint64 i = 0; i < nrows; i++)
		{
			uint8		wrapped[PROTADDR_WRAPPED_SIZE];
			uint8		anew[VARHDRSZ + PROTADDR_WRAPPED_SIZE];
			uint8		bytes[PROTADDR_KEY_SIZE];
			char		outer_name[PROTADDR_KEK_NAME_SIZE];
			uint64		id;
			bool		good;
			Datum		args[3];

			if (!row_read(rows->vals[i], rows->tupdesc, &id, wrapped, outer_name, NULL) ||
				strcmp(outer_name, from.name) != 0 ||
				strcmp(outer_name, to.name) == 0)
				continue;
			if (!key_unwrap(&from, id, wrapped, bytes))
				ereport(ERROR,
						(errcode(ERRCODE_DATA_CORRUPTED),
						 errmsg("authentication of data key %016llx failed", (unsigned long long) id)));
			good = key_wrap(&to, id, bytes, (uint8 *) VARDATA(anew));
			explicit_bzero(bytes, sizeof(bytes));
			if (!good)
				elog(ERROR, "could not wrap a data key");

			SET_VARSIZE(anew, sizeof(anew));
			args[0] = Int64GetDatum((int64) id);
			args[1] = PointerGetDatum(anew);
			args[2] = CStringGetTextDatum(to.name);
			if (SPI_execute_with_args("UPDATE protaddr.data_key SET wrapped = $2, outer_key = $3 "
									  "WHERE id OPERATOR(pg_catalog.=) $1",
									  3, argtypes, args, NULL, false, 0) != SPI_OK_UPDATE)
				elog(ERROR, "could not store a data key");
			adopted++;
		}
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

/*
 * protaddr_data_key_available tells whether a key can be unwrapped here and now,
 * whatever this session holds of it from before.
 */
Datum
protaddr_data_key_available(PG_FUNCTION_ARGS)
{
	uint64		id = (uint64) PG_GETARG_INT64(0);
	uint8		wrapped[PROTADDR_WRAPPED_SIZE];
	uint8		bytes[PROTADDR_KEY_SIZE];
	char		outer_name[PROTADDR_KEK_NAME_SIZE];
	ProtaddrKek kek;
	bool		available;

	if (!key_row(id, wrapped, outer_name) || !protaddr_kek_fetch(&kek, LOG))
		PG_RETURN_BOOL(false);
	available = strcmp(kek.name, outer_name) == 0 && key_unwrap(&kek, id, wrapped, bytes);
	protaddr_kek_wipe(&kek);
	explicit_bzero(bytes, sizeof(bytes));
	PG_RETURN_BOOL(available);
}

/* protaddr_outer_key_name names the outer key of this server; NULL if none. */
Datum
protaddr_outer_key_name(PG_FUNCTION_ARGS)
{
	ProtaddrKek kek;
	char		name[PROTADDR_KEK_NAME_SIZE];

	if (!protaddr_kek_fetch(&kek, DEBUG1))
		PG_RETURN_NULL();
	strlcpy(name, kek.name, sizeof(name));
	protaddr_kek_wipe(&kek);
	PG_RETURN_TEXT_P(cstring_to_text(name));
}
