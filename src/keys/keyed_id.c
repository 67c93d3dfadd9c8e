/*
 * keyed_id.c
 *		What stands for a person where no identifier may: in the audit trail.
 *
 * A keyed hash of the identifier.  Who has the data key finds a person's records, and
 * nobody else can tell whose they are, though there are only so many identifiers: once the
 * key is erased, nobody at all.
 */
#include "postgres.h"

#include "keys/keys.h"

#include <sodium.h>

#define NAMING	"protaddr keyed id"

/* protaddr_keyed_id_derive gives the key for ids of a data key: what names nobody opens nothing. */
void
protaddr_keyed_id_derive(const uint8 *key, uint8 naming[PROTADDR_KEY_SIZE])
{
	(void) crypto_generichash(naming, PROTADDR_KEY_SIZE, (const unsigned char *) NAMING, sizeof(NAMING) - 1,
							  key, PROTADDR_KEY_SIZE);
}

static void
name_under(const ProtaddrKey *key, const char *identifier, size_t len, uint8 id[PROTADDR_KEYED_ID_SIZE])
{
	(void) crypto_generichash(id, PROTADDR_KEYED_ID_SIZE, (const unsigned char *) identifier, len,
							  key->naming, sizeof(key->naming));
}

/*
 * protaddr_keyed_id gives the id of a canonical identifier under the newest data key, and
 * the key's id.  Raises 55PA1 if no data key can be used here.
 */
uint64
protaddr_keyed_id(const char *identifier, size_t len, uint8 id[PROTADDR_KEYED_ID_SIZE])
{
	const ProtaddrKey *key = protaddr_key_for_sealing();

	name_under(key, identifier, len, id);
	return key->id;
}

/* protaddr_keyed_id_if_any gives 0 if no data key can be used here. */
uint64
protaddr_keyed_id_if_any(const char *identifier, size_t len, uint8 id[PROTADDR_KEYED_ID_SIZE])
{
	const ProtaddrKey *key = protaddr_key_for_sealing_if_any(DEBUG1);

	if (key == NULL)
		return 0;
	name_under(key, identifier, len, id);
	return key->id;
}

/* protaddr_keyed_id_under gives it under one that was the newest then; false if it is not here. */
bool
protaddr_keyed_id_under(uint64 key_id, const char *identifier, size_t len, uint8 id[PROTADDR_KEYED_ID_SIZE])
{
	const ProtaddrKey *key = protaddr_key_by_id(key_id);

	if (key != NULL)
		name_under(key, identifier, len, id);
	return key != NULL;
}
