/*
 * digest.c
 *		SHA-256 of several pieces.
 *
 * PostgreSQL's own: what an error leaves behind goes with the transaction, and what we
 * forget to end it warns of at commit.
 */
#include "postgres.h"

#include "base/base.h"

#include "common/cryptohash.h"
#include "common/sha2.h"

pg_cryptohash_ctx *
protaddr_digest_begin(void)
{
	pg_cryptohash_ctx *digest = pg_cryptohash_create(PG_SHA256);

	if (digest == NULL || pg_cryptohash_init(digest) < 0)
		elog(ERROR, "could not compute a digest");
	return digest;
}

void
protaddr_digest_add(pg_cryptohash_ctx *digest, const void *piece, size_t len)
{
	if (pg_cryptohash_update(digest, (const uint8 *) piece, len) < 0)
		elog(ERROR, "could not compute a digest");
}

/* protaddr_digest_add_sized adds a piece behind its length, so that pieces cannot run together. */
void
protaddr_digest_add_sized(pg_cryptohash_ctx *digest, const void *piece, size_t len)
{
	uint64		size = len;

	protaddr_digest_add(digest, &size, sizeof(size));
	protaddr_digest_add(digest, piece, len);
}

/* protaddr_digest_end gives PROTADDR_DIGEST_SIZE bytes, and frees. */
void
protaddr_digest_end(pg_cryptohash_ctx *digest, void *bytes)
{
	if (pg_cryptohash_final(digest, (uint8 *) bytes, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a digest");
	pg_cryptohash_free(digest);
}
