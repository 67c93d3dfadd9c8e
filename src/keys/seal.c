/*
 * seal.c
 *		How is an address closed, and how is it opened again?
 *
 * AES-256-GCM, see aead.c.  The header (version, key id) needs no place in the
 * additional data: another key id means another key, and the plaintext begins
 * with the version, so changing either fails authentication.  That saves a call
 * on the hottest path there is.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "keys/keys.h"

#include <openssl/rand.h>

#include "access/xact.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"

/*
 * Nonces are drawn in blocks: a call to the random generator costs more than
 * sealing does.  A forked child would repeat its parent's: the postmaster never
 * seals, so each backend starts with an empty block.
 */
#define NONCES_PER_BLOCK	64

static uint8 nonces[NONCES_PER_BLOCK * PA_NONCE_SIZE];
static int	nonces_left = 0;

static uint8 plain_buffer[PA_MAX_PLAIN];
static size_t plain_used = 0;	/* an error may come before protaddr_shut */
static uint8 encode_buffer[PA_MAX_PLAIN];

/*
 * Bytes that are no address (a held row, a decision): another version byte, which is
 * authenticated too, so that neither can be taken for the other.
 */
#define BYTES_VERSION	0x80
static const uint8 bytes_version[1] = {BYTES_VERSION};

/* Who seals bytes that hold seals says how those come under the newest key. */
static ProtaddrResealInside reseal_inside = NULL;

static void seal_xact_end(void);
static bool reseal_bytes_inside(uint8 *plain, size_t len);
static const uint8 *next_nonce(void);
static void key_missing(uint64 id);
static void authentication_failed(void);

const ProtaddrPart protaddr_seal_part = {
	.xact_end = seal_xact_end,
};

static void
seal_xact_end(void)
{
	explicit_bzero(plain_buffer, plain_used);
	plain_used = 0;
}

/*
 * protaddr_seal closes an address under the newest data key.  The result is
 * palloc'd.  Raises 55PA1 if no key can be had.
 */
ProtaddrSeal *
protaddr_seal(const PaAddress *address)
{
	ProtaddrKey *key = protaddr_key_for_sealing();
	size_t		len = protaddr_encode(address, encode_buffer, sizeof(encode_buffer));
	ProtaddrSeal *seal;
	uint8	   *bytes;
	uint64		id;
	bool		done;

	/* the input functions bound every part, so this cannot happen */
	if (len == 0)
		elog(ERROR, "address does not fit its sealed form");

	seal = (ProtaddrSeal *) palloc(VARHDRSZ + PA_SEAL_OVERHEAD + len);
	SET_VARSIZE(seal, VARHDRSZ + PA_SEAL_OVERHEAD + len);
	bytes = (uint8 *) VARDATA(seal);

	bytes[0] = PA_SEAL_VERSION;
	id = pg_hton64(key->id);
	memcpy(bytes + 1, &id, sizeof(id));
	memcpy(bytes + 1 + sizeof(id), next_nonce(), PA_NONCE_SIZE);

	done = protaddr_aead_seal(key->aead, bytes + 1 + sizeof(id), NULL, 0, encode_buffer, len,
							  bytes + PA_SEAL_HEADER, bytes + PA_SEAL_HEADER + len);
	explicit_bzero(encode_buffer, len);
	if (!done)
		elog(ERROR, "could not seal an address");
	return seal;
}

/*
 * protaddr_open opens a detoasted value into opened.  Raises an error if the
 * value was tampered with, and 55PA1 if its key is not there, unless
 * missing_key_ok: then false.
 */
bool
protaddr_open(const ProtaddrSeal *seal, bool missing_key_ok, ProtaddrOpened *opened)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(seal);
	size_t		size = VARSIZE_ANY_EXHDR(seal);
	size_t		len;
	ProtaddrKey *key;
	uint64		id;

	if (!protaddr_seal_shape(bytes, size))
		authentication_failed();

	memcpy(&id, bytes + 1, sizeof(id));
	id = pg_ntoh64(id);
	key = protaddr_key_by_id(id);
	if (key == NULL)
	{
		if (missing_key_ok)
			return false;
		key_missing(id);
	}

	len = size - PA_SEAL_OVERHEAD;
	plain_used = len;
	if (!protaddr_aead_open(key->aead, bytes + 1 + sizeof(id), NULL, 0, bytes + PA_SEAL_HEADER, len,
							bytes + size - PA_TAG_SIZE, plain_buffer) ||
		!protaddr_decode(plain_buffer, len, &opened->address))
	{
		explicit_bzero(plain_buffer, len);
		authentication_failed();
	}

	opened->plain = plain_buffer;
	opened->len = len;
	return true;
}

/* protaddr_shut wipes what protaddr_open laid open. */
void
protaddr_shut(ProtaddrOpened *opened)
{
	explicit_bzero(opened->plain, opened->len);
	opened->len = 0;
	plain_used = 0;
}

/* protaddr_seal_key gives the id of the data key of a detoasted value, 0 if it is no seal. */
uint64
protaddr_seal_key(const ProtaddrSeal *seal)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(seal);
	uint64		id;

	if (VARSIZE_ANY_EXHDR(seal) < PA_SEAL_OVERHEAD)
		return 0;
	memcpy(&id, bytes + 1, sizeof(id));
	return pg_ntoh64(id);
}

/*
 * protaddr_seal_state tells what protaddr_open would find, and raises nothing.  The
 * value is detoasted.
 */
ProtaddrSealState
protaddr_seal_state(const ProtaddrSeal *seal)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(seal);
	size_t		size = VARSIZE_ANY_EXHDR(seal);
	size_t		len;
	ProtaddrKey *key;
	PaAddress	address;
	uint64		id;
	bool		whole;

	if (!protaddr_seal_shape(bytes, size))
		return PROTADDR_SEAL_ALTERED;
	memcpy(&id, bytes + 1, sizeof(id));
	key = protaddr_key_by_id(pg_ntoh64(id));
	if (key == NULL)
		return PROTADDR_SEAL_NO_KEY;

	len = size - PA_SEAL_OVERHEAD;
	plain_used = len;
	whole = protaddr_aead_open(key->aead, bytes + 1 + sizeof(id), NULL, 0, bytes + PA_SEAL_HEADER, len,
							   bytes + size - PA_TAG_SIZE, plain_buffer) &&
		protaddr_decode(plain_buffer, len, &address);
	explicit_bzero(plain_buffer, len);
	plain_used = 0;
	return whole ? PROTADDR_SEAL_WHOLE : PROTADDR_SEAL_ALTERED;
}

/*
 * open_raw opens a seal of either kind into a palloc'd buffer, which the caller wipes;
 * NULL, by state, if it cannot.
 */
static uint8 *
open_raw(const struct varlena *sealed, size_t *len, ProtaddrSealState *state)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(sealed);
	size_t		size = VARSIZE_ANY_EXHDR(sealed);
	bool		is_bytes = size > 0 && bytes[0] == BYTES_VERSION;
	ProtaddrKey *key;
	uint8	   *plain;

	*state = PROTADDR_SEAL_ALTERED;
	if (is_bytes ? size < PA_SEAL_OVERHEAD + PA_PLAIN_BLOCK : !protaddr_seal_shape(bytes, size))
		return NULL;
	key = protaddr_key_by_id(protaddr_seal_key(sealed));
	if (key == NULL)
	{
		*state = PROTADDR_SEAL_NO_KEY;
		return NULL;
	}
	*len = size - PA_SEAL_OVERHEAD;
	plain = palloc(*len);
	if (!protaddr_aead_open(key->aead, bytes + 1 + sizeof(uint64), bytes_version,
							is_bytes ? sizeof(bytes_version) : 0, bytes + PA_SEAL_HEADER, *len,
							bytes + size - PA_TAG_SIZE, plain))
	{
		explicit_bzero(plain, *len);
		pfree(plain);
		return NULL;
	}
	*state = PROTADDR_SEAL_WHOLE;
	return plain;
}

/* protaddr_is_whole tells whether a seal of either kind opens here. */
bool
protaddr_is_whole(const struct varlena *sealed)
{
	ProtaddrSealState state;
	size_t		len;
	uint8	   *plain = open_raw(sealed, &len, &state);

	if (plain == NULL)
		return false;
	explicit_bzero(plain, len);
	pfree(plain);
	return true;
}

/* protaddr_reseals_inside names the function that reseals what stands in sealed bytes. */
void
protaddr_reseals_inside(ProtaddrResealInside function)
{
	reseal_inside = function;
}

/* reseal_bytes_inside has seals that stand in opened bytes resealed; false if one cannot be. */
static bool
reseal_bytes_inside(uint8 *plain, size_t len)
{
	uint64		length;

	memcpy(&length, plain, sizeof(length));
	length = pg_ntoh64(length);
	return length <= len - sizeof(length) &&
		(reseal_inside == NULL || reseal_inside((char *) plain + sizeof(length), length));
}

/*
 * protaddr_reseal gives the same content under the newest data key, to the byte but for seals
 * that stand in it, which come under that key, too; palloc'd.  NULL, by state, if the value
 * cannot be opened.
 */
struct varlena *
protaddr_reseal(const struct varlena *sealed, ProtaddrSealState *state)
{
	const uint8 *old = (const uint8 *) VARDATA_ANY(sealed);
	size_t		size = VARSIZE_ANY_EXHDR(sealed);
	size_t		len;
	uint8	   *plain = open_raw(sealed, &len, state);
	struct varlena *anew;
	uint8	   *bytes;
	ProtaddrKey *key;
	uint64		id;
	bool		done;

	if (plain == NULL)
		return NULL;
	if (old[0] == BYTES_VERSION && !reseal_bytes_inside(plain, len))
	{
		explicit_bzero(plain, len);
		pfree(plain);
		*state = PROTADDR_SEAL_ALTERED;
		return NULL;
	}
	key = protaddr_key_for_sealing();
	anew = (struct varlena *) palloc(VARHDRSZ + size);
	SET_VARSIZE(anew, VARHDRSZ + size);
	bytes = (uint8 *) VARDATA(anew);
	bytes[0] = old[0];
	id = pg_hton64(key->id);
	memcpy(bytes + 1, &id, sizeof(id));
	memcpy(bytes + 1 + sizeof(id), next_nonce(), PA_NONCE_SIZE);
	done = protaddr_aead_seal(key->aead, bytes + 1 + sizeof(id), bytes_version,
							  old[0] == BYTES_VERSION ? sizeof(bytes_version) : 0, plain, len,
							  bytes + PA_SEAL_HEADER, bytes + PA_SEAL_HEADER + len);
	explicit_bzero(plain, len);
	pfree(plain);
	if (!done)
		elog(ERROR, "could not seal a value");
	return anew;
}

/*
 * protaddr_seal_bytes closes any bytes under the newest data key.  The result is
 * palloc'd.  The length is padded, as an address's is.  Raises 55PA1 if no key can be
 * had, and 54000 for more than fits a value.
 */
bytea *
protaddr_seal_bytes(const char *data, size_t len)
{
	ProtaddrKey *key = protaddr_key_for_sealing();
	size_t		padded;
	uint8	   *plain;
	uint8	   *bytes;
	bytea	   *sealed;
	uint64		id = pg_hton64(key->id);
	uint64		length = pg_hton64((uint64) len);
	bool		done;

	if (len > MaxAllocSize - VARHDRSZ - PA_SEAL_OVERHEAD - sizeof(length) - PA_PLAIN_BLOCK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a row is too large to be held"),
				 protaddr_errprivate()));

	padded = TYPEALIGN(PA_PLAIN_BLOCK, sizeof(length) + len);
	plain = palloc0(padded);
	memcpy(plain, &length, sizeof(length));
	memcpy(plain + sizeof(length), data, len);

	sealed = (bytea *) palloc(VARHDRSZ + PA_SEAL_OVERHEAD + padded);
	SET_VARSIZE(sealed, VARHDRSZ + PA_SEAL_OVERHEAD + padded);
	bytes = (uint8 *) VARDATA(sealed);
	bytes[0] = BYTES_VERSION;
	memcpy(bytes + 1, &id, sizeof(id));
	memcpy(bytes + 1 + sizeof(id), next_nonce(), PA_NONCE_SIZE);
	done = protaddr_aead_seal(key->aead, bytes + 1 + sizeof(id), bytes_version,
							  sizeof(bytes_version), plain, padded,
							  bytes + PA_SEAL_HEADER, bytes + PA_SEAL_HEADER + padded);
	explicit_bzero(plain, padded);
	pfree(plain);
	if (!done)
		elog(ERROR, "could not seal a message");
	return sealed;
}

/*
 * protaddr_open_bytes gives what protaddr_seal_bytes closed, as a palloc'd varlena.
 * Raises as protaddr_open.
 */
bytea *
protaddr_open_bytes(const bytea *sealed)
{
	bytea	   *plain;
	uint64		id;

	switch (protaddr_try_open_bytes(sealed, &plain))
	{
		case PROTADDR_SEAL_WHOLE:
			return plain;
		case PROTADDR_SEAL_NO_KEY:
			memcpy(&id, VARDATA_ANY(sealed) + 1, sizeof(id));
			key_missing(pg_ntoh64(id));
			break;
		case PROTADDR_SEAL_ALTERED:
			break;
	}
	authentication_failed();
	return NULL;
}

/* protaddr_try_open_bytes does the same, and tells what the matter is instead of raising it. */
ProtaddrSealState
protaddr_try_open_bytes(const bytea *sealed, bytea **opened)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(sealed);
	size_t		size = VARSIZE_ANY_EXHDR(sealed);
	size_t		padded = size - PA_SEAL_OVERHEAD;
	uint64		id;
	uint64		length;
	ProtaddrKey *key;
	bytea	   *plain;
	char	   *data;

	if (size < PA_SEAL_OVERHEAD + PA_PLAIN_BLOCK || padded % PA_PLAIN_BLOCK != 0 ||
		bytes[0] != BYTES_VERSION)
		return PROTADDR_SEAL_ALTERED;
	memcpy(&id, bytes + 1, sizeof(id));
	key = protaddr_key_by_id(pg_ntoh64(id));
	if (key == NULL)
		return PROTADDR_SEAL_NO_KEY;

	/* the length stands first: the data is moved there once it is known */
	plain = (bytea *) palloc(VARHDRSZ + padded);
	data = VARDATA(plain);
	if (!protaddr_aead_open(key->aead, bytes + 1 + sizeof(id), bytes_version, sizeof(bytes_version),
							bytes + PA_SEAL_HEADER, padded, bytes + size - PA_TAG_SIZE, (uint8 *) data))
	{
		explicit_bzero(data, padded);
		return PROTADDR_SEAL_ALTERED;
	}
	memcpy(&length, data, sizeof(length));
	length = pg_ntoh64(length);
	if (length > padded - sizeof(length))
		return PROTADDR_SEAL_ALTERED;
	memmove(data, data + sizeof(length), length);
	SET_VARSIZE(plain, VARHDRSZ + length);
	*opened = plain;
	return PROTADDR_SEAL_WHOLE;
}

static void
key_missing(uint64 id)
{
	int			nkeys;
	ProtaddrDataKey *keys = protaddr_data_keys(&nkeys);
	ProtaddrDataKey *key = protaddr_data_key_find(keys, nkeys, id);

	if (key != NULL && key->retired)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the key of this address was retired"),
				 errdetail("It was sealed with data key %016llx.", (unsigned long long) id),
				 errhint("The value is whole. protaddr.key_status says when and why; protaddr.reinstate_data_key() makes it readable again."),
				 protaddr_errprivate()));
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_NOT_READY),
			 errmsg("the key of this address is not here"),
			 errdetail("It was sealed with data key %016llx.", (unsigned long long) id),
			 errhint("The value is whole. See protaddr.key_status; protaddr.adopt_data_keys() takes over keys from another cluster."),
			 protaddr_errprivate()));
}

static void
authentication_failed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("authentication of a sealed address failed"),
			 errdetail("The value was altered after it was sealed, or is not a sealed address."),
			 protaddr_errprivate()));
}

static const uint8 *
next_nonce(void)
{
	if (nonces_left == 0)
	{
		if (RAND_bytes(nonces, sizeof(nonces)) != 1)
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not draw random bytes")));
		nonces_left = NONCES_PER_BLOCK;
	}
	nonces_left--;
	return nonces + nonces_left * PA_NONCE_SIZE;
}
