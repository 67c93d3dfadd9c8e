/*
 * data_key.c
 *		Which data keys does this database have, and how are they wrapped?
 *
 * They stand in protaddr.data_key, wrapped by the outer key (AES-256-GCM, the key's id
 * authenticated with it), so they reach standbys and dumps with the data.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include <openssl/rand.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* columns of protaddr.data_key */
enum
{
	DATA_KEY_ID = 1,
	DATA_KEY_WRAPPED,
	DATA_KEY_OUTER_KEY,
	DATA_KEY_CREATED_AT,
	DATA_KEY_GENERATION,
	DATA_KEY_RETIRED_AT,
	DATA_KEY_ACTS
};

static const char *const data_key_columns[] = {
	[DATA_KEY_ID] = "id",
	[DATA_KEY_WRAPPED] = "wrapped",
	[DATA_KEY_OUTER_KEY] = "outer_key",
	[DATA_KEY_CREATED_AT] = "created_at",
	[DATA_KEY_GENERATION] = "generation",
	[DATA_KEY_RETIRED_AT] = "retired_at",
	[DATA_KEY_ACTS] = "acts",
};

static HeapTuple data_key_change(TriggerData *trigdata, HeapTuple row);

static const ProtaddrOwnTable tables[] = {
	{.name = "data_key", PROTADDR_COLUMNS(data_key_columns), .rules = PROTADDR_ROWS_STAY,
		.why_rows_stay = "Addresses sealed with a data key could never be read again.",
	.change = data_key_change},
};

const ProtaddrPart protaddr_data_key_part = {
	PROTADDR_TABLES(tables),
};

/* data_key_change lets a key be wrapped anew, and keep the id that values know. */
static HeapTuple
data_key_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	bool		isnull;			/* if it is, the table's NOT NULL refuses it */

	if (!TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return row;
	if (DatumGetInt64(heap_getattr(trigdata->tg_trigtuple, DATA_KEY_ID, desc, &isnull)) !=
		DatumGetInt64(heap_getattr(row, DATA_KEY_ID, desc, &isnull)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the id of a data key cannot be changed"),
				 errdetail("Addresses sealed with the key could never be read again.")));
	return row;
}

static bool
data_key_read(HeapTuple tuple, TupleDesc desc, ProtaddrDataKey *key)
{
	bool		isnull;
	Datum		value;
	bytea	   *bytes;

	value = heap_getattr(tuple, DATA_KEY_ID, desc, &isnull);
	if (isnull)
		return false;
	key->id = (uint64) DatumGetInt64(value);
	value = heap_getattr(tuple, DATA_KEY_OUTER_KEY, desc, &isnull);
	if (isnull)
		return false;
	strlcpy(key->outer_name, TextDatumGetCString(value), sizeof(key->outer_name));
	value = heap_getattr(tuple, DATA_KEY_CREATED_AT, desc, &isnull);
	key->created_at = isnull ? 0 : DatumGetTimestampTz(value);
	value = heap_getattr(tuple, DATA_KEY_GENERATION, desc, &isnull);
	key->generation = isnull ? 0 : DatumGetInt64(value);
	(void) heap_getattr(tuple, DATA_KEY_RETIRED_AT, desc, &isnull);
	key->retired = !isnull;
	key->own = TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));

	/* one that was erased can only be retired */
	memset(key->wrapped, 0, sizeof(key->wrapped));
	value = heap_getattr(tuple, DATA_KEY_WRAPPED, desc, &isnull);
	key->erased = isnull;
	if (isnull)
		return key->retired;
	bytes = DatumGetByteaPP(value);
	if (VARSIZE_ANY_EXHDR(bytes) != PROTADDR_WRAPPED_SIZE)
		return false;
	memcpy(key->wrapped, VARDATA_ANY(bytes), PROTADDR_WRAPPED_SIZE);
	return true;
}

/*
 * Those of this very transaction come last; then the newest first, by generation and
 * not by the clock, which may have gone back.
 */
static int
compare_data_keys(const void *a, const void *b)
{
	const ProtaddrDataKey *x = a;
	const ProtaddrDataKey *y = b;

	if (x->own != y->own)
		return x->own ? 1 : -1;
	if (x->generation != y->generation)
		return x->generation > y->generation ? -1 : 1;
	if (x->created_at != y->created_at)
		return x->created_at > y->created_at ? -1 : 1;
	return x->id > y->id ? -1 : x->id < y->id;
}

/*
 * protaddr_data_keys gives the data keys of this database, as they are committed now,
 * in the order in which they are tried for sealing; palloc'd.
 */
ProtaddrDataKey *
protaddr_data_keys(int *nkeys)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_DATA_KEY), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	int			room = 8;
	ProtaddrDataKey *keys = palloc(room * sizeof(ProtaddrDataKey));
	HeapTuple	tuple;

	*nkeys = 0;
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (*nkeys == room)
			keys = repalloc(keys, (room *= 2) * sizeof(ProtaddrDataKey));
		if (data_key_read(tuple, RelationGetDescr(rel), &keys[*nkeys]))
			(*nkeys)++;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	qsort(keys, *nkeys, sizeof(ProtaddrDataKey), compare_data_keys);
	return keys;
}

/* protaddr_data_key_find gives the key of this id among them, or NULL. */
ProtaddrDataKey *
protaddr_data_key_find(ProtaddrDataKey *keys, int nkeys, uint64 id)
{
	for (int i = 0; i < nkeys; i++)
		if (keys[i].id == id)
			return &keys[i];
	return NULL;
}

/* ---- wrapping ------------------------------------------------------------------ */

#define WRAP_AAD_SIZE	(8 + sizeof(uint64))

static void
wrap_aad(uint64 id, uint8 aad[WRAP_AAD_SIZE])
{
	uint64		wire = pg_hton64(id);

	memcpy(aad, "datakey1", 8);
	memcpy(aad + 8, &wire, sizeof(wire));
}

/* protaddr_key_wrap writes PROTADDR_WRAPPED_SIZE bytes. */
bool
protaddr_key_wrap(const ProtaddrKek *kek, uint64 id, const uint8 *key, uint8 *wrapped)
{
	PaAead	   *aead = protaddr_aead_ready(kek->key);
	uint8		aad[WRAP_AAD_SIZE];
	bool		good;

	wrap_aad(id, aad);
	good = RAND_bytes(wrapped, PA_NONCE_SIZE) == 1 &&
		protaddr_aead_seal(aead, wrapped, aad, sizeof(aad), key, PROTADDR_KEY_SIZE,
						   wrapped + PA_NONCE_SIZE,
						   wrapped + PA_NONCE_SIZE + PROTADDR_KEY_SIZE);
	protaddr_aead_free(aead);
	return good;
}

/*
 * protaddr_key_unwrap opens a data key that the outer key wraps; false if it does not.
 * The caller wipes the key.
 */
bool
protaddr_key_unwrap(const ProtaddrKek *kek, const ProtaddrDataKey *row, uint8 *key)
{
	const uint8 *wrapped = row->wrapped;
	PaAead	   *aead;
	uint8		aad[WRAP_AAD_SIZE];
	bool		good;

	if (strcmp(kek->name, row->outer_name) != 0)
		return false;
	aead = protaddr_aead_ready(kek->key);
	wrap_aad(row->id, aad);
	good = protaddr_aead_open(aead, wrapped, aad, sizeof(aad), wrapped + PA_NONCE_SIZE,
							  PROTADDR_KEY_SIZE, wrapped + PA_NONCE_SIZE + PROTADDR_KEY_SIZE, key);
	protaddr_aead_free(aead);
	if (!good)
		explicit_bzero(key, PROTADDR_KEY_SIZE);
	return good;
}
