/*
 * aead.h
 *		AES-256-GCM, by one of two libraries.
 *
 * Pure: no PostgreSQL header, no error raised, so that a unit test runs it as it is.
 */
#ifndef PROTADDR_AEAD_H
#define PROTADDR_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address/address.h"

#define PROTADDR_KEY_SIZE	32

typedef enum PaCrypto
{
	PA_CRYPTO_SODIUM = 0,
	PA_CRYPTO_OPENSSL
} PaCrypto;

/* A key made ready for sealing and opening. */
typedef struct PaAead PaAead;

/* What sealing under a key must give, byte for byte. */
typedef struct PaAeadVector
{
	const uint8_t *key;
	const uint8_t *nonce;
	const uint8_t *aad;
	size_t		aad_len;
	const uint8_t *plain;
	const uint8_t *sealed;
	size_t		len;
	const uint8_t *tag;
} PaAeadVector;

/* True if the library is there and, libsodium, this processor has AES instructions. */
extern bool protaddr_aead_available(PaCrypto crypto);

/* True if OpenSSL is told to use nothing but its FIPS provider. */
extern bool protaddr_aead_fips(void);

/* True if the library seals and opens as the vector says, and refuses what was altered. */
extern bool protaddr_aead_agrees(PaCrypto crypto, const PaAeadVector *vector);

/* The same for the published vectors that are built in. */
extern bool protaddr_aead_self_test(PaCrypto crypto);

/* NULL if memory is out or the library is not available.  Freeing wipes. */
extern PaAead *protaddr_aead_new(PaCrypto crypto, const uint8_t key[PROTADDR_KEY_SIZE]);
extern void protaddr_aead_free(PaAead *aead);

/* Writes len bytes of ciphertext, and the tag. */
extern bool protaddr_aead_seal(PaAead *aead, const uint8_t nonce[PA_NONCE_SIZE],
							   const uint8_t *aad, size_t aad_len,
							   const uint8_t *plain, size_t len,
							   uint8_t *sealed, uint8_t tag[PA_TAG_SIZE]);

/* Writes len bytes; what it wrote is void if it returns false. */
extern bool protaddr_aead_open(PaAead *aead, const uint8_t nonce[PA_NONCE_SIZE],
							   const uint8_t *aad, size_t aad_len,
							   const uint8_t *sealed, size_t len,
							   const uint8_t tag[PA_TAG_SIZE], uint8_t *plain);

#endif							/* PROTADDR_AEAD_H */
