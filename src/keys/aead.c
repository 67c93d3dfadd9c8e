/*
 * aead.c
 *		How is AES-256-GCM called?
 *
 * By a library's front door, with a key made ready once.  libsodium's is the faster
 * one and needs a processor with AES instructions; OpenSSL's EVP runs everywhere.
 * Both give the same bytes, so a value sealed by one is opened by the other.
 */
#include "keys/aead.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium.h>

struct PaAead
{
	PaCrypto	crypto;
	crypto_aead_aes256gcm_state *state; /* libsodium, in guarded memory */
	EVP_CIPHER_CTX *opening;	/* OpenSSL */
	EVP_CIPHER_CTX *sealing;
};

_Static_assert(PROTADDR_KEY_SIZE == crypto_aead_aes256gcm_KEYBYTES &&
			   PA_NONCE_SIZE == crypto_aead_aes256gcm_NPUBBYTES &&
			   PA_TAG_SIZE == crypto_aead_aes256gcm_ABYTES,
			   "sizes of AES-256-GCM");

/* Fetched once, never freed: it keeps its provider loaded. */
static EVP_CIPHER *
evp_cipher(void)
{
	static EVP_CIPHER *cipher = NULL;

	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	return cipher;
}

bool
protaddr_aead_available(PaCrypto crypto)
{
	if (crypto == PA_CRYPTO_OPENSSL)
		return evp_cipher() != NULL;

	/* sodium_init may be called again and again */
	return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1;
}

bool
protaddr_aead_fips(void)
{
	return EVP_default_properties_is_fips_enabled(NULL) == 1;
}

PaAead *
protaddr_aead_new(PaCrypto crypto, const uint8_t key[PROTADDR_KEY_SIZE])
{
	PaAead	   *aead;
	bool		ready;

	if (!protaddr_aead_available(crypto))
		return NULL;
	aead = calloc(1, sizeof(PaAead));
	if (aead == NULL)
		return NULL;
	aead->crypto = crypto;
	if (crypto == PA_CRYPTO_OPENSSL)
	{
		aead->opening = EVP_CIPHER_CTX_new();
		aead->sealing = EVP_CIPHER_CTX_new();
		ready = aead->opening != NULL && aead->sealing != NULL &&
			EVP_DecryptInit_ex2(aead->opening, evp_cipher(), key, NULL, NULL) == 1 &&
			EVP_EncryptInit_ex2(aead->sealing, evp_cipher(), key, NULL, NULL) == 1;
	}
	else
	{
		/* kept out of core files, and out of swap if the limit on locked memory allows it */
		aead->state = sodium_malloc(sizeof(crypto_aead_aes256gcm_state));
		ready = aead->state != NULL && crypto_aead_aes256gcm_beforenm(aead->state, key) == 0;
	}
	if (!ready)
	{
		protaddr_aead_free(aead);
		return NULL;
	}
	return aead;
}

void
protaddr_aead_free(PaAead *aead)
{
	if (aead == NULL)
		return;
	sodium_free(aead->state);
	EVP_CIPHER_CTX_free(aead->opening);
	EVP_CIPHER_CTX_free(aead->sealing);
	free(aead);
}

/* EVP takes lengths as int. */
static bool
evp_seal(EVP_CIPHER_CTX *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_len,
		 const uint8_t *plain, size_t len, uint8_t *sealed, uint8_t *tag)
{
	uint8_t		rest[PA_TAG_SIZE];
	int			written = 0;

	return aad_len <= INT_MAX && len <= INT_MAX &&
		EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
		(aad_len == 0 || EVP_EncryptUpdate(context, NULL, &written, aad, (int) aad_len) == 1) &&
		(len == 0 || (EVP_EncryptUpdate(context, sealed, &written, plain, (int) len) == 1 &&
					  (size_t) written == len)) &&
		EVP_EncryptFinal_ex(context, rest, &written) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, PA_TAG_SIZE, tag) == 1;
}

static bool
evp_open(EVP_CIPHER_CTX *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_len,
		 const uint8_t *sealed, size_t len, const uint8_t *tag, uint8_t *plain)
{
	uint8_t		expected[PA_TAG_SIZE];
	uint8_t		rest[PA_TAG_SIZE];
	int			written = 0;

	memcpy(expected, tag, PA_TAG_SIZE);
	return aad_len <= INT_MAX && len <= INT_MAX &&
		EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, PA_TAG_SIZE, expected) == 1 &&
		(aad_len == 0 || EVP_DecryptUpdate(context, NULL, &written, aad, (int) aad_len) == 1) &&
		(len == 0 || (EVP_DecryptUpdate(context, plain, &written, sealed, (int) len) == 1 &&
					  (size_t) written == len)) &&
		EVP_DecryptFinal_ex(context, rest, &written) == 1;
}

bool
protaddr_aead_seal(PaAead *aead, const uint8_t nonce[PA_NONCE_SIZE],
				   const uint8_t *aad, size_t aad_len,
				   const uint8_t *plain, size_t len,
				   uint8_t *sealed, uint8_t tag[PA_TAG_SIZE])
{
	if (aead->crypto == PA_CRYPTO_OPENSSL)
		return evp_seal(aead->sealing, nonce, aad, aad_len, plain, len, sealed, tag);
	return crypto_aead_aes256gcm_encrypt_detached_afternm(sealed, tag, NULL, plain, len, aad, aad_len,
														  NULL, nonce,
														  (const crypto_aead_aes256gcm_state *) aead->state) == 0;
}

bool
protaddr_aead_open(PaAead *aead, const uint8_t nonce[PA_NONCE_SIZE],
				   const uint8_t *aad, size_t aad_len,
				   const uint8_t *sealed, size_t len,
				   const uint8_t tag[PA_TAG_SIZE], uint8_t *plain)
{
	if (aead->crypto == PA_CRYPTO_OPENSSL)
		return evp_open(aead->opening, nonce, aad, aad_len, sealed, len, tag, plain);
	return crypto_aead_aes256gcm_decrypt_detached_afternm(plain, NULL, sealed, len, tag, aad, aad_len,
														  nonce,
														  (const crypto_aead_aes256gcm_state *) aead->state) == 0;
}

/* ---- the self-test ------------------------------------------------------------- */

bool
protaddr_aead_agrees(PaCrypto crypto, const PaAeadVector *vector)
{
	PaAead	   *aead = protaddr_aead_new(crypto, vector->key);
	uint8_t		out[64];
	uint8_t		tag[PA_TAG_SIZE] = {0};
	bool		agrees;

	agrees = aead != NULL && vector->len <= sizeof(out) &&
		protaddr_aead_seal(aead, vector->nonce, vector->aad, vector->aad_len,
						   vector->plain, vector->len, out, tag) &&
		memcmp(tag, vector->tag, PA_TAG_SIZE) == 0 &&
		memcmp(out, vector->sealed, vector->len) == 0 &&
		protaddr_aead_open(aead, vector->nonce, vector->aad, vector->aad_len,
						   vector->sealed, vector->len, vector->tag, out) &&
		memcmp(out, vector->plain, vector->len) == 0;
	tag[PA_TAG_SIZE - 1] ^= 1;
	agrees = agrees && !protaddr_aead_open(aead, vector->nonce, vector->aad, vector->aad_len,
										   vector->sealed, vector->len, tag, out);
	protaddr_aead_free(aead);
	return agrees;
}

/*
 * Test cases 14 and 16 of "The Galois/Counter Mode of Operation (GCM)" by McGrew and
 * Viega, as submitted to NIST.
 */
bool
protaddr_aead_self_test(PaCrypto crypto)
{
	static const uint8_t zero[PROTADDR_KEY_SIZE];
	static const uint8_t sealed14[] = {
		0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e, 0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18
	};
	static const uint8_t tag14[] = {
		0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0, 0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19
	};
	static const uint8_t key16[] = {
		0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
		0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08
	};
	static const uint8_t nonce16[] = {
		0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88
	};
	static const uint8_t aad16[] = {
		0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef,
		0xab, 0xad, 0xda, 0xd2
	};
	static const uint8_t plain16[] = {
		0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a,
		0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31, 0x8a, 0x72,
		0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49, 0xa6, 0xb5, 0x25,
		0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39
	};
	static const uint8_t sealed16[] = {
		0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f, 0x37, 0xa3, 0x2a, 0x84, 0x42, 0x7d,
		0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5, 0xc0, 0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55, 0xd1, 0xaa,
		0x8c, 0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb, 0x3d, 0xa7, 0xb0, 0x8b, 0x10, 0x56, 0x82, 0x88, 0x38,
		0xc5, 0xf6, 0x1e, 0x63, 0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62
	};
	static const uint8_t tag16[] = {
		0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b
	};
	static const PaAeadVector case14 = {
		zero, zero, NULL, 0, zero, sealed14, sizeof(sealed14), tag14
	};
	static const PaAeadVector case16 = {
		key16, nonce16, aad16, sizeof(aad16), plain16, sealed16, sizeof(sealed16), tag16
	};

	return protaddr_aead_agrees(crypto, &case14) && protaddr_aead_agrees(crypto, &case16);
}
