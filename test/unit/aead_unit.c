/*
 * aead_unit.c
 *		Do both libraries encrypt as NIST's vectors say, and open each other's values?
 *
 * Prints TAP.
 */
#include "keys/aead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	tests = 0;
static int	failures = 0;

static void
ok(bool good, const char *name)
{
	tests++;
	if (!good)
		failures++;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

static const char *const names[] = {"libsodium", "OpenSSL"};

/* Test cases 13 to 16 of McGrew and Viega's submission to NIST: AES with 256 bits. */
static const struct
{
	const char *key;
	const char *nonce;
	const char *aad;
	const char *plain;
	const char *sealed;
	const char *tag;
}			cases[] = {
	{
		"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
		"", "", "530f8afbc74536b9a963b4f1c4cb738b"
	},
	{
		"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
		"00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"
	},
	{
		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
		"b094dac5d93471bdec1a502270e3cc6c"
	},
	{
		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
		"feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
		"76fc6ece0f4e1768cddf8853bb2d551b"
	},
};

static size_t
from_hex(const char *hex, uint8_t *out)
{
	size_t		len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++)
	{
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			abort();
		out[i] = (uint8_t) byte;
	}
	return len;
}

static void
vectors(PaCrypto crypto)
{
	char		name[80];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		uint8_t		key[32];
		uint8_t		nonce[12];
		uint8_t		aad[32];
		uint8_t		plain[64];
		uint8_t		sealed[64];
		uint8_t		tag[16];
		PaAeadVector vector = {key, nonce, aad, 0, plain, sealed, 0, tag};

		(void) from_hex(cases[i].key, key);
		(void) from_hex(cases[i].nonce, nonce);
		vector.aad_len = from_hex(cases[i].aad, aad);
		vector.len = from_hex(cases[i].plain, plain);
		(void) from_hex(cases[i].sealed, sealed);
		(void) from_hex(cases[i].tag, tag);
		snprintf(name, sizeof(name), "%s: case %zu", names[crypto], 13 + i);
		ok(protaddr_aead_agrees(crypto, &vector), name);

		/* a vector that is wrong in one place is noticed */
		tag[i] ^= 1;
		snprintf(name, sizeof(name), "%s: case %zu with another tag", names[crypto], 13 + i);
		ok(!protaddr_aead_agrees(crypto, &vector), name);
		tag[i] ^= 1;
		if (vector.len == 0)
			continue;
		sealed[vector.len - 1] ^= 0x80;
		snprintf(name, sizeof(name), "%s: case %zu with other ciphertext", names[crypto], 13 + i);
		ok(!protaddr_aead_agrees(crypto, &vector), name);
	}
	snprintf(name, sizeof(name), "%s: self-test", names[crypto]);
	ok(protaddr_aead_self_test(crypto), name);
}

#define LARGEST 100000

/* altered gives how many of a few alterations the library opens all the same. */
static int
altered(PaAead *aead, const uint8_t *nonce, const uint8_t *aad, size_t aad_len,
		uint8_t *sealed, size_t len, uint8_t *tag, uint8_t *out)
{
	uint8_t		other_nonce[PA_NONCE_SIZE];
	uint8_t		other_aad[32];
	int			opened = 0;

	memcpy(other_nonce, nonce, sizeof(other_nonce));
	other_nonce[11] ^= 1;
	opened += protaddr_aead_open(aead, other_nonce, aad, aad_len, sealed, len, tag, out);
	memcpy(other_aad, aad, sizeof(other_aad));
	other_aad[0] ^= 1;
	opened += protaddr_aead_open(aead, nonce, other_aad, aad_len > 0 ? aad_len : 1, sealed, len, tag, out);
	for (size_t i = 0; i < PA_TAG_SIZE; i++)
	{
		tag[i] ^= 4;
		opened += protaddr_aead_open(aead, nonce, aad, aad_len, sealed, len, tag, out);
		tag[i] ^= 4;
	}
	for (size_t i = 0; i < len; i += len / 3 + 1)
	{
		sealed[i] ^= 32;
		opened += protaddr_aead_open(aead, nonce, aad, aad_len, sealed, len, tag, out);
		sealed[i] ^= 32;
	}
	return opened;
}

static void
both_ways(PaCrypto from, PaCrypto to)
{
	static const size_t lengths[] = {0, 1, 15, 16, 17, 63, 64, 65, 128, 1000, 9216, LARGEST};
	static uint8_t plain[LARGEST];
	static uint8_t sealed[LARGEST];
	static uint8_t again[LARGEST];
	static uint8_t out[LARGEST];
	uint8_t		key[PROTADDR_KEY_SIZE];
	uint8_t		nonce[PA_NONCE_SIZE];
	uint8_t		aad[32];
	uint8_t		tag[PA_TAG_SIZE];
	uint8_t		tag_again[PA_TAG_SIZE];
	char		name[120];
	int			same = 0;
	int			opened = 0;
	int			opened_altered = 0;
	int			all = 0;

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t) (i * 167 + i / 251);
	for (int round = 0; round < 3; round++)
		for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
		{
			size_t		aad_len = (size_t) round * 16;
			PaAead	   *sealing;
			PaAead	   *opening;

			for (size_t i = 0; i < sizeof(key); i++)
				key[i] = (uint8_t) (round * 31 + (int) i * 7 + (int) l);
			for (size_t i = 0; i < sizeof(nonce); i++)
				nonce[i] = (uint8_t) (l * 13 + i);
			for (size_t i = 0; i < sizeof(aad); i++)
				aad[i] = (uint8_t) (i + l);
			sealing = protaddr_aead_new(from, key);
			opening = protaddr_aead_new(to, key);
			all++;
			if (sealing == NULL || opening == NULL ||
				!protaddr_aead_seal(sealing, nonce, aad, aad_len, plain, lengths[l], sealed, tag) ||
				!protaddr_aead_seal(opening, nonce, aad, aad_len, plain, lengths[l], again, tag_again))
				continue;
			same += memcmp(sealed, again, lengths[l]) == 0 && memcmp(tag, tag_again, sizeof(tag)) == 0;
			memset(out, 0, lengths[l]);
			opened += protaddr_aead_open(opening, nonce, aad, aad_len, sealed, lengths[l], tag, out) &&
				memcmp(out, plain, lengths[l]) == 0;
			opened_altered += altered(opening, nonce, aad, aad_len, sealed, lengths[l], tag, out);
			/* a refusal leaves nothing behind that spoils the next value */
			opened += protaddr_aead_open(opening, nonce, aad, aad_len, sealed, lengths[l], tag, out) &&
				memcmp(out, plain, lengths[l]) == 0;
			protaddr_aead_free(sealing);
			protaddr_aead_free(opening);
		}
	snprintf(name, sizeof(name), "%s and %s: the same bytes (%d)", names[from], names[to], all);
	ok(same == all, name);
	snprintf(name, sizeof(name), "%s opens what %s sealed", names[to], names[from]);
	ok(opened == 2 * all, name);
	snprintf(name, sizeof(name), "%s opens nothing that was altered", names[to]);
	ok(opened_altered == 0, name);
}

int
main(void)
{
	bool		has[] = {
		protaddr_aead_available(PA_CRYPTO_SODIUM), protaddr_aead_available(PA_CRYPTO_OPENSSL)
	};

	ok(has[PA_CRYPTO_OPENSSL], "OpenSSL is available");
	for (int from = 0; from < 2; from++)
	{
		if (!has[from])
		{
			printf("# %s is not available here: skipped\n", names[from]);
			continue;
		}
		vectors((PaCrypto) from);
		for (int to = 0; to < 2; to++)
			if (has[to])
				both_ways((PaCrypto) from, (PaCrypto) to);
	}
	protaddr_aead_free(NULL);
	printf("1..%d\n", tests);
	return failures > 0;
}
