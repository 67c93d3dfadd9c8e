/*
 * aead.c
 *		How many values a second does each library seal and open?
 *
 *	cc -O2 -Isrc -o aead test/bench/aead.c src/keys/aead.c -lcrypto -lsodium && ./aead
 *
 * Medians of 5 rounds of nanoseconds a value, by length.
 */
#include "keys/aead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS	5
#define VALUES	300000

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

int
main(void)
{
	static const char *const names[] = {"libsodium", "OpenSSL"};
	static const size_t lengths[] = {64, 128, 256, 1024};
	uint8_t		key[PROTADDR_KEY_SIZE] = {1, 2, 3};
	uint8_t		nonce[PA_NONCE_SIZE] = {0};
	uint8_t		plain[1024] = {0};
	uint8_t		sealed[1024];
	uint8_t		tag[PA_TAG_SIZE];

	printf("| library, bytes | seal, ns | open, ns |\n|---|---|---|\n");
	for (int crypto = 0; crypto < 2; crypto++)
	{
		PaAead	   *aead = protaddr_aead_new((PaCrypto) crypto, key);

		for (size_t l = 0; aead != NULL && l < sizeof(lengths) / sizeof(lengths[0]); l++)
		{
			double		seal[ROUNDS];
			double		open[ROUNDS];

			for (int round = 0; round < ROUNDS; round++)
			{
				double		began = now();

				for (int i = 0; i < VALUES; i++)
				{
					memcpy(nonce, &i, sizeof(i));
					if (!protaddr_aead_seal(aead, nonce, NULL, 0, plain, lengths[l], sealed, tag))
						abort();
				}
				seal[round] = (now() - began) / VALUES;
				began = now();
				for (int i = 0; i < VALUES; i++)
					if (!protaddr_aead_open(aead, nonce, NULL, 0, sealed, lengths[l], tag, plain))
						abort();
				open[round] = (now() - began) / VALUES;
			}
			qsort(seal, ROUNDS, sizeof(double), compare);
			qsort(open, ROUNDS, sizeof(double), compare);
			printf("| %s, %zu | %.0f | %.0f |\n", names[crypto], lengths[l], seal[ROUNDS / 2], open[ROUNDS / 2]);
		}
		protaddr_aead_free(aead);
	}
	return 0;
}
