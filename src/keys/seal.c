/*
 * seal.c
 *		How is an address closed, and how is it opened again?
 *
 * AES-256-GCM from OpenSSL.  The header (version, key id) needs no place in the
 * additional data: another key id means another key, and the plaintext begins
 * with the version, so changing either fails authentication.  That saves a call
 * on the hottest path there is.
 */
#include "protaddr.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "access/xact.h"
#include "port/pg_bswap.h"

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

static void seal_xact(XactEvent event, void *arg);
static const uint8 *next_nonce(void);
static void authentication_failed(void);

void
protaddr_seal_init(void)
{
	RegisterXactCallback(seal_xact, NULL);
}

static void
seal_xact(XactEvent event, void *arg)
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
	OPENSSL_cleanse(encode_buffer, len);
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
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the key of this address is not here"),
				 errdetail("It was sealed with data key %016llx.", (unsigned long long) id),
				 errhint("The value is whole. See protaddr.key_status; protaddr.adopt_data_keys() takes over keys from another cluster."),
				 PROTADDR_DISCREET));
	}

	len = size - PA_SEAL_OVERHEAD;
	plain_used = len;
	if (!protaddr_aead_open(key->aead, bytes + 1 + sizeof(id), NULL, 0, bytes + PA_SEAL_HEADER, len,
							bytes + size - PA_TAG_SIZE, plain_buffer) ||
		!protaddr_decode(plain_buffer, len, &opened->address))
	{
		OPENSSL_cleanse(plain_buffer, len);
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

static void
authentication_failed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("authentication of a sealed address failed"),
			 errdetail("The value was altered after it was sealed, or is no sealed address."),
			 PROTADDR_DISCREET));
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
