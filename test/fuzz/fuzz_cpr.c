/*
 * fuzz_cpr.c
 *		Can any delivery make the register parser read outside it, answer
 *		differently in pieces, or hand over a malformed person?
 *
 *		clang -g -O1 -fsanitize=fuzzer,address,undefined -o fuzz_cpr \
 *			test/fuzz/fuzz_cpr.c src/register/cpr_extract.c
 *		./fuzz_cpr -dict=test/fuzz/cpr.dict -max_len=4096 test/fuzz/corpus_cpr
 *
 * The input is the delivery as it stands; the pieces are cut at places that
 * its hash gives.  A wrong count in 999 is put right and read once more, else
 * hardly any mutation would get as far as the end.
 */
#include "../../src/pure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a reading gave; persons as a hash. */
typedef struct Outcome
{
	PaCprVerdict verdict;
	PaCprHeader header;
	uint64_t	records;
	uint64_t	record;
	uint64_t	offset;
	uint64_t	persons;
	uint64_t	skipped;
	uint64_t	called;
	uint64_t	hash;
	uint64_t	stop_at;
} Outcome;

static uint64_t
hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t		i;

	for (i = 0; i < len; i++)
		hash = (hash ^ p[i]) * UINT64_C(1099511628211);
	return hash;
}

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
require_digits(const char *text, size_t len)
{
	require(strlen(text) == len && strspn(text, "0123456789") == len);
}

static void
require_date(const char *text)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			year;
	int			month;
	int			day;

	if (text[0] == '\0')
		return;
	require(strlen(text) == 10 && text[4] == '-' && text[7] == '-');
	require(strspn(text, "0123456789-") == 10);
	require(sscanf(text, "%4d-%2d-%2d", &year, &month, &day) == 3);
	require(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1]);
	if (month == 2 && day == 29)
		require(year % 400 == 0 || (year % 4 == 0 && year % 100 != 0));
}

static bool
check_person(void *arg, const PaCprPerson *person)
{
	Outcome    *outcome = arg;
	int			i;

	require_digits(person->pnr, 10);
	if (person->replaced_by[0] != '\0')
		require_digits(person->replaced_by, 10);
	if (person->status[0] != '\0')
		require_digits(person->status, 2);
	require(person->nprotections >= 0 && person->nprotections <= PA_CPR_MAX_PROTECTIONS);

	outcome->hash = hash_bytes(outcome->hash, person->pnr, 11);
	outcome->hash = hash_bytes(outcome->hash, person->replaced_by, strlen(person->replaced_by) + 1);
	outcome->hash = hash_bytes(outcome->hash, person->status, strlen(person->status) + 1);
	for (i = 0; i < person->nprotections; i++)
	{
		const PaCprProtection *p = &person->protection[i];

		require_digits(p->code, 4);
		require_date(p->start);
		require_date(p->delete_hint);
		require(p->end[0] == '\0');
		outcome->hash = hash_bytes(outcome->hash, p->code, 5);
		outcome->hash = hash_bytes(outcome->hash, p->start, strlen(p->start) + 1);
		outcome->hash = hash_bytes(outcome->hash, p->delete_hint, strlen(p->delete_hint) + 1);
	}
	outcome->called++;
	return outcome->called != outcome->stop_at;
}

/*
 * run reads the delivery in pieces of 1 to max_piece bytes, each in an
 * allocation of its own so that a read beyond it is seen; 0 for at once.
 */
static Outcome
run(const char *data, size_t len, size_t max_piece, uint64_t seed, uint64_t stop_at)
{
	static PaCprParser parser;
	Outcome		outcome;
	size_t		at = 0;

	memset(&outcome, 0, sizeof(outcome));
	outcome.stop_at = stop_at;
	protaddr_cpr_begin(&parser, check_person, &outcome);
	while (at < len)
	{
		size_t		piece = len - at;
		char	   *copy;

		if (max_piece > 0)
		{
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			piece = (size_t) (seed >> 33) % max_piece + 1;
			if (piece > len - at)
				piece = len - at;
		}
		copy = malloc(piece);
		require(copy != NULL);
		memcpy(copy, data + at, piece);
		protaddr_cpr_feed(&parser, copy, piece);
		free(copy);
		at += piece;
	}
	outcome.verdict = protaddr_cpr_end(&parser);
	outcome.header = parser.header;
	outcome.records = parser.records;
	outcome.record = parser.record;
	outcome.offset = parser.offset;
	outcome.persons = parser.persons;
	outcome.skipped = parser.skipped;

	require(outcome.called <= outcome.persons && outcome.persons <= outcome.records);
	require(outcome.offset <= len);
	if (outcome.verdict == PA_CPR_OK)
	{
		require(outcome.called == outcome.persons);
		require_digits(outcome.header.task, 6);
		require(outcome.header.produced[0] != '\0');
		require_date(outcome.header.produced);
		require_date(outcome.header.previous);
	}
	return outcome;
}

static void
require_same(const Outcome *a, const Outcome *b)
{
	require(a->verdict == b->verdict && a->records == b->records && a->record == b->record);
	require(a->offset == b->offset && a->persons == b->persons && a->skipped == b->skipped);
	require(a->called == b->called && a->hash == b->hash);
	require(memcmp(&a->header, &b->header, sizeof(a->header)) == 0);
}

static Outcome
compare(const char *data, size_t len)
{
	uint64_t	seed = hash_bytes(UINT64_C(14695981039346656037), data, len);
	uint64_t	stop_at = seed % 8 == 0 ? 1 + seed / 8 % 3 : 0;
	Outcome		whole = run(data, len, 0, 0, stop_at);
	Outcome		pieces = run(data, len, 1 + seed / 64 % 600, seed, stop_at);
	Outcome		bytes = run(data, len, 1, 0, stop_at);

	require_same(&whole, &pieces);
	require_same(&whole, &bytes);
	return whole;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Outcome		outcome = compare((const char *) data, size);

	if (outcome.verdict == PA_CPR_WRONG_COUNT && outcome.records <= 99999999)
	{
		char	   *repaired = malloc(size);
		char		count[9];

		require(repaired != NULL && outcome.offset + 21 <= size);
		memcpy(repaired, data, size);
		snprintf(count, sizeof(count), "%08u", (unsigned) outcome.records);
		memcpy(repaired + outcome.offset + 13, count, 8);
		outcome = compare(repaired, size);
		require(outcome.verdict == PA_CPR_OK || outcome.verdict == PA_CPR_AFTER_END ||
				outcome.verdict == PA_CPR_STOPPED);
		free(repaired);
	}
	return 0;
}
