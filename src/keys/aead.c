/*
 * aead.c
 *		How is AES-256-GCM called without paying for more than it does?
 *
 * The cipher is OpenSSL's.  EVP_CIPHER_CTX looks parameters up by name on every
 * call (the length of the nonce each time one is set), which for an address costs
 * more than the encryption.  So its provider's functions are called directly, by
 * the interface that provider-cipher(7) documents: measured, 95 ns for opening an
 * address instead of 160.
 *
 * Returns are checked like EVP's: everything that is not 1 is a failure.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "keys/keys.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

struct ProtaddrAead
{
	void	   *opening;
	void	   *sealing;
};

static void *provider_context;
static OSSL_FUNC_cipher_newctx_fn * newctx;
static OSSL_FUNC_cipher_freectx_fn * freectx;
static OSSL_FUNC_cipher_encrypt_init_fn * encrypt_init;
static OSSL_FUNC_cipher_decrypt_init_fn * decrypt_init;
static OSSL_FUNC_cipher_update_fn * update;
static OSSL_FUNC_cipher_final_fn * final;
static OSSL_FUNC_cipher_get_ctx_params_fn * get_params;

/* What init reads the tag from, and get_params writes it to: only data changes. */
static OSSL_PARAM tag_params[2];

static const OSSL_DISPATCH *aead_implementation(void);

static void aead_start(void);

const ProtaddrPart protaddr_aead_part = {
	.start = aead_start,
};

/* aead_start finds AES-256-GCM; raises 55PA1 if OpenSSL has none. */
static void
aead_start(void)
{
	const		OSSL_DISPATCH *function = aead_implementation();

	for (; function != NULL && function->function_id != 0; function++)
	{
		switch (function->function_id)
		{
			case OSSL_FUNC_CIPHER_NEWCTX:
				newctx = OSSL_FUNC_cipher_newctx(function);
				break;
			case OSSL_FUNC_CIPHER_FREECTX:
				freectx = OSSL_FUNC_cipher_freectx(function);
				break;
			case OSSL_FUNC_CIPHER_ENCRYPT_INIT:
				encrypt_init = OSSL_FUNC_cipher_encrypt_init(function);
				break;
			case OSSL_FUNC_CIPHER_DECRYPT_INIT:
				decrypt_init = OSSL_FUNC_cipher_decrypt_init(function);
				break;
			case OSSL_FUNC_CIPHER_UPDATE:
				update = OSSL_FUNC_cipher_update(function);
				break;
			case OSSL_FUNC_CIPHER_FINAL:
				final = OSSL_FUNC_cipher_final(function);
				break;
			case OSSL_FUNC_CIPHER_GET_CTX_PARAMS:
				get_params = OSSL_FUNC_cipher_get_ctx_params(function);
				break;
		}
	}
	if (newctx == NULL || freectx == NULL || encrypt_init == NULL || decrypt_init == NULL ||
		update == NULL || final == NULL || get_params == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("AES-256-GCM is not available from OpenSSL")));

	tag_params[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, PA_TAG_SIZE);
	tag_params[1] = OSSL_PARAM_construct_end();
}

/* aead_implementation gives the dispatch table of the provider that EVP would use. */
static const OSSL_DISPATCH *
aead_implementation(void)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	const		OSSL_PROVIDER *provider = cipher ? EVP_CIPHER_get0_provider(cipher) : NULL;
	const		OSSL_ALGORITHM *algorithm;
	int			no_cache;

	if (provider == NULL)
		return NULL;

	/* the fetched cipher is never freed: it keeps its provider loaded */
	provider_context = OSSL_PROVIDER_get0_provider_ctx(provider);
	algorithm = OSSL_PROVIDER_query_operation(provider, OSSL_OP_CIPHER, &no_cache);
	for (; algorithm != NULL && algorithm->algorithm_names != NULL; algorithm++)
	{
		/* names of one algorithm, parted by colons */
		const char *name = strstr(algorithm->algorithm_names, "AES-256-GCM");

		if (name != NULL &&
			(name == algorithm->algorithm_names || name[-1] == ':') &&
			(name[11] == '\0' || name[11] == ':'))
			return algorithm->implementation;
	}
	return NULL;
}

/*
 * protaddr_aead_new readies a key for sealing and opening; NULL if memory is out.
 * protaddr_aead_free wipes what it holds of the key.
 */
ProtaddrAead *
protaddr_aead_new(const uint8 key[PROTADDR_KEY_SIZE])
{
	static const uint8 zero_nonce[PA_NONCE_SIZE];
	ProtaddrAead *aead = malloc(sizeof(ProtaddrAead));

	if (aead == NULL)
		return NULL;
	aead->opening = newctx(provider_context);
	aead->sealing = newctx(provider_context);
	if (aead->opening == NULL || aead->sealing == NULL ||
		decrypt_init(aead->opening, key, PROTADDR_KEY_SIZE, zero_nonce, PA_NONCE_SIZE, NULL) != 1 ||
		encrypt_init(aead->sealing, key, PROTADDR_KEY_SIZE, zero_nonce, PA_NONCE_SIZE, NULL) != 1)
	{
		protaddr_aead_free(aead);
		return NULL;
	}
	return aead;
}

void
protaddr_aead_free(ProtaddrAead *aead)
{
	if (aead == NULL)
		return;
	if (aead->opening != NULL)
		freectx(aead->opening);
	if (aead->sealing != NULL)
		freectx(aead->sealing);
	free(aead);
}

/* protaddr_aead_seal writes len bytes of ciphertext, and the tag. */
bool
protaddr_aead_seal(ProtaddrAead *aead, const uint8 nonce[PA_NONCE_SIZE],
				   const uint8 *aad, size_t aad_len,
				   const uint8 *plain, size_t len, uint8 *sealed, uint8 tag[PA_TAG_SIZE])
{
	uint8		rest[PA_TAG_SIZE];
	size_t		written = 0;

	tag_params[0].data = tag;
	return encrypt_init(aead->sealing, NULL, 0, nonce, PA_NONCE_SIZE, NULL) == 1 &&
		(aad_len == 0 || update(aead->sealing, NULL, &written, aad_len, aad, aad_len) == 1) &&
		update(aead->sealing, sealed, &written, len, plain, len) == 1 &&
		written == len &&
		final(aead->sealing, rest, &written, sizeof(rest)) == 1 &&
		get_params(aead->sealing, tag_params) == 1;
}

/* protaddr_aead_open writes len bytes; what it wrote is void if it returns false. */
bool
protaddr_aead_open(ProtaddrAead *aead, const uint8 nonce[PA_NONCE_SIZE],
				   const uint8 *aad, size_t aad_len,
				   const uint8 *sealed, size_t len, const uint8 tag[PA_TAG_SIZE], uint8 *plain)
{
	uint8		rest[PA_TAG_SIZE];
	size_t		written = 0;

	tag_params[0].data = unconstify(uint8 *, tag);
	return decrypt_init(aead->opening, NULL, 0, nonce, PA_NONCE_SIZE, tag_params) == 1 &&
		(aad_len == 0 || update(aead->opening, NULL, &written, aad_len, aad, aad_len) == 1) &&
		update(aead->opening, plain, &written, len, sealed, len) == 1 &&
		written == len &&
		final(aead->opening, rest, &written, sizeof(rest)) == 1;
}
