/*
 * crypto.c
 *		Which library does the cryptography, and does it do it right?
 *
 * Each library is tested against published vectors when ours is loaded.  One that
 * fails is not used, and no other in its place: keys are refused until somebody has
 * looked.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include "utils/builtins.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(protaddr_crypto_library);

typedef enum CryptoSetting
{
	CRYPTO_AUTO,
	CRYPTO_OPENSSL
} CryptoSetting;

static const struct config_enum_entry crypto_settings[] = {
	{"auto", CRYPTO_AUTO, false},
	{"openssl", CRYPTO_OPENSSL, false},
	{NULL, 0, false}
};

static int	crypto_setting = CRYPTO_AUTO;

/* by PaCrypto */
static bool passed_test[2];
static const char *const library_name[] = {"libsodium", "OpenSSL"};

static void crypto_start(void);
static void crypto_setting_assign(int newval, void *extra);

const ProtaddrPart protaddr_crypto_part = {
	.start = crypto_start,
};

static void
crypto_start(void)
{
	for (int i = 0; i < lengthof(passed_test); i++)
		passed_test[i] = protaddr_aead_available((PaCrypto) i) && protaddr_aead_self_test((PaCrypto) i);

	DefineCustomEnumVariable("protaddr.crypto",
							 "Library that encrypts.",
							 "auto: libsodium where the processor has AES instructions, unless OpenSSL is in FIPS mode; "
							 "else OpenSSL. openssl: always OpenSSL. Both give the same bytes.",
							 &crypto_setting, CRYPTO_AUTO, crypto_settings, PGC_SIGHUP,
							 GUC_NOT_IN_SAMPLE,
							 NULL, crypto_setting_assign, NULL);
}

/* Keys made ready by the other library must not go on being used. */
static void
crypto_setting_assign(int newval, void *extra)
{
	if (newval != crypto_setting)
		protaddr_keyring_forget();
}

static PaCrypto
chosen_library(void)
{
	if (crypto_setting == CRYPTO_AUTO && protaddr_aead_available(PA_CRYPTO_SODIUM) &&
		!protaddr_aead_fips())
		return PA_CRYPTO_SODIUM;
	return PA_CRYPTO_OPENSSL;
}

/*
 * protaddr_aead_ready makes a key ready; the caller frees it.  Raises 55PA1 if the
 * library is not there or has failed its test.
 */
PaAead *
protaddr_aead_ready(const uint8 key[PROTADDR_KEY_SIZE])
{
	PaCrypto	crypto = chosen_library();
	PaAead	   *aead;

	if (!passed_test[crypto])
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("AES-256-GCM of %s is not available or failed its self-test", library_name[crypto]),
				 errdetail("No address is sealed or opened."),
				 errhint("Repair the library, or see protaddr.crypto."),
				 protaddr_errprivate()));
	aead = protaddr_aead_new(crypto, key);
	if (aead == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not prepare a key"),
				 protaddr_errprivate()));
	return aead;
}

/* protaddr_crypto_library is protaddr.crypto_library(). */
Datum
protaddr_crypto_library(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(protaddr_aead_fips() ? "OpenSSL, in FIPS mode" :
									 library_name[chosen_library()]));
}
