/*
 * keyring.c
 *		Which data keys does this session hold?
 *
 * A session unwraps the ones it meets and keeps them as prepared ciphers; the bytes
 * themselves are wiped at once.  Whenever protaddr.data_key has changed, those that are
 * gone or retired are dropped.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include "access/xact.h"
#include "utils/timestamp.h"

/* A session that meets more data keys forgets the one it took in first. */
#define KEYRING_SIZE	64

static ProtaddrKey keyring[KEYRING_SIZE];
static int	keyring_next = 0;
static int	keyring_used = 0;
static ProtaddrKey *last_used = NULL;

/* The generation of protaddr.data_key that the keyring agrees with. */
static uint64 keyring_generation = 0;

/* What protaddr_key_for_sealing found, and under which generation. */
static uint64 sealing_id = 0;
static uint64 sealing_generation = 0;

/*
 * A key that was not to be had is asked for again in the next statement, not for
 * every row of this one: asking may start a program.
 */
static uint64 missing_id = 0;
static TimestampTz missing_statement = 0;

static ProtaddrKey *
keyring_find(uint64 id)
{
	for (int i = 0; i < KEYRING_SIZE; i++)
		if (keyring[i].aead != NULL && keyring[i].id == id)
			return &keyring[i];
	return NULL;
}

static void
keyring_drop(ProtaddrKey *slot)
{
	if (slot->aead == NULL)
		return;
	protaddr_aead_free(slot->aead);
	slot->aead = NULL;
	explicit_bzero(slot->naming, sizeof(slot->naming));
	keyring_used--;
	if (last_used == slot)
		last_used = NULL;
}

/* protaddr_keyring_forget drops all keys; they are unwrapped again when needed. */
void
protaddr_keyring_forget(void)
{
	for (int i = 0; i < KEYRING_SIZE; i++)
		keyring_drop(&keyring[i]);
}

/* keyring_check drops the keys that are not to be used any more. */
static void
keyring_check(void)
{
	uint64		generation = protaddr_generation_seen(PROTADDR_DATA_KEY);

	if (keyring_used > 0)
	{
		int			nkeys;
		ProtaddrDataKey *keys = protaddr_data_keys(&nkeys);

		for (int i = 0; i < KEYRING_SIZE; i++)
		{
			ProtaddrDataKey *key;

			if (keyring[i].aead == NULL)
				continue;
			key = protaddr_data_key_find(keys, nkeys, keyring[i].id);
			if (key == NULL || key->retired)
				keyring_drop(&keyring[i]);
		}
		pfree(keys);
	}
	keyring_generation = generation;
	missing_statement = 0;
}

/* keyring_put keeps a key; if there is no room, the one that was taken in first makes it. */
static ProtaddrKey *
keyring_put(uint64 id, const uint8 *bytes)
{
	PaAead	   *aead = protaddr_aead_ready(bytes);
	ProtaddrKey *slot = keyring;

	if (keyring_used < KEYRING_SIZE)
		while (slot->aead != NULL)
			slot++;
	else
	{
		slot = &keyring[keyring_next];
		keyring_next = (keyring_next + 1) % KEYRING_SIZE;
		keyring_drop(slot);
	}
	slot->id = id;
	slot->aead = aead;
	protaddr_keyed_id_derive(bytes, slot->naming);
	keyring_used++;
	return slot;
}

/* keyring_unwrap takes in one key; false if the outer key does not open it. */
static bool
keyring_unwrap(const ProtaddrKek *kek, const ProtaddrDataKey *key, uint8 bytes[PROTADDR_KEY_SIZE])
{
	if (!protaddr_key_unwrap(kek, key, bytes))
		return false;
	(void) keyring_put(key->id, bytes);
	return true;
}

/*
 * keyring_take_in unwraps the key wanted; then the others that are not held, as long as
 * there is room: asking for the outer key may start a program, so it is asked for once.
 * wanted NULL: the first of the keys that is held or can be unwrapped.
 */
static void
keyring_take_in(const ProtaddrDataKey *keys, int nkeys, const ProtaddrDataKey *wanted, int elevel)
{
	uint8		bytes[PROTADDR_KEY_SIZE];
	ProtaddrKek kek;

	if (!protaddr_kek_fetch(&kek, elevel))
		return;
	PG_TRY();
	{
		if (wanted != NULL)
			(void) keyring_unwrap(&kek, wanted, bytes);
		for (int i = 0; i < nkeys && wanted == NULL; i++)
			if (!keys[i].retired &&
				(keyring_find(keys[i].id) != NULL || keyring_unwrap(&kek, &keys[i], bytes)))
				break;
		for (int i = 0; i < nkeys && keyring_used < KEYRING_SIZE; i++)
			if (!keys[i].retired && keyring_find(keys[i].id) == NULL)
				(void) keyring_unwrap(&kek, &keys[i], bytes);
	}
	PG_FINALLY();
	{
		explicit_bzero(bytes, sizeof(bytes));
		protaddr_kek_wipe(&kek);
	}
	PG_END_TRY();
}

/*
 * protaddr_key_by_id gives the data key, or NULL if it is not in this database, is
 * retired, or cannot be unwrapped here.  The result lives until another key is asked
 * for.
 */
ProtaddrKey *
protaddr_key_by_id(uint64 id)
{
	ProtaddrKey *key;

	if (unlikely(keyring_generation != protaddr_generation_seen(PROTADDR_DATA_KEY)))
		keyring_check();
	if (last_used != NULL && last_used->id == id)
		return last_used;
	key = keyring_find(id);
	if (key == NULL)
	{
		int			nkeys;
		ProtaddrDataKey *keys;
		ProtaddrDataKey *row;

		if (missing_id == id && missing_statement == GetCurrentStatementStartTimestamp())
			return NULL;
		keys = protaddr_data_keys(&nkeys);
		row = protaddr_data_key_find(keys, nkeys, id);
		if (row != NULL && !row->retired)
		{
			keyring_take_in(keys, nkeys, row, LOG);
			key = keyring_find(id);
			if (key == NULL)
				ereport(LOG,
						(errcode(ERRCODE_PROTADDR_NOT_READY),
						 errmsg("data key %016llx cannot be unwrapped with the outer key of this server", (unsigned long long) id),
						 errdetail("It is wrapped with outer key %s.", row->outer_name),
						 errhint("protaddr.adopt_data_keys() takes over keys that another outer key wraps.")));
		}
		pfree(keys);
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

/* newest_held gives the newest of these keys, which come in that order, that the session holds and may seal with. */
static ProtaddrKey *
newest_held(const ProtaddrDataKey *keys, int nkeys)
{
	for (int i = 0; i < nkeys; i++)
	{
		ProtaddrKey *key = keys[i].retired ? NULL : keyring_find(keys[i].id);

		if (key != NULL)
			return key;
	}
	return NULL;
}

/*
 * protaddr_key_for_sealing gives the newest data key that can be used here; raises
 * 55PA1 if there is none.
 *
 * A key made in this very transaction is used only if there is no other: if the
 * transaction rolls back, what it handed out under the key must stay readable.
 */
ProtaddrKey *
protaddr_key_for_sealing(void)
{
	ProtaddrKey *key = protaddr_key_for_sealing_if_any(ERROR);

	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("there is no data key that can be used here"),
				 errhint("See protaddr.key_status; protaddr.rotate_data_key() makes a new one."),
				 protaddr_errprivate()));
	return key;
}

/* protaddr_key_for_sealing_if_any gives NULL if there is none; level: of what an outer key that is not to be had is told. */
ProtaddrKey *
protaddr_key_for_sealing_if_any(int level)
{
	uint64		now = protaddr_generation(PROTADDR_DATA_KEY);
	ProtaddrDataKey *keys;
	int			nkeys;
	ProtaddrKey *key;

	if (sealing_generation == now)
	{
		key = protaddr_key_by_id(sealing_id);
		if (key != NULL)
			return key;
	}
	if (keyring_generation != now)
		keyring_check();

	/* the newest of them may be new to this session; then one that it holds already will do */
	keys = protaddr_data_keys(&nkeys);
	keyring_take_in(keys, nkeys, NULL, newest_held(keys, nkeys) != NULL ? DEBUG1 : level);
	key = newest_held(keys, nkeys);
	pfree(keys);
	if (key == NULL)
		return NULL;

	sealing_id = key->id;
	sealing_generation = now;
	last_used = key;
	return key;
}
