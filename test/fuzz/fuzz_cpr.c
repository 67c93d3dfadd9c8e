/*
 * fuzz_cpr.c
 *		Can any delivery make the register parser read outside it, answer
 *		differently in pieces, or hand over a malformed person?
 *
 *		clang -g -O1 -fsanitize=fuzzer,address,undefined -o fuzz_cpr \
 *			test/fuzz/fuzz_cpr.c src/register/cpr_extract.c src/register/cpr_field.c src/register/cpr_form.c
 *		./fuzz_cpr -dict=test/fuzz/cpr.dict -max_len=4096 test/fuzz/corpus_cpr
 *
 * The input is the file as it stands, read as each kind; the pieces are cut at
 * places that its hash gives.  A wrong count in 999 is put right and read once
 * more, else hardly any mutation would get as far as the end.
 */
#include "register/cpr.h"

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
	uint64_t	ended_subscriptions;
	uint64_t	error_records;
	bool		bitemporal;
	uint64_t	called;
	uint64_t	fragments;		/* of these, records on their own */
	uint64_t	ends;			/* protections that have ended */
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

/* require_stamp requires a date, a blank and a time of day, or nothing. */
static void
require_stamp(const char *text)
{
	char		date[11];
	int			hour;
	int			minute;

	if (text[0] == '\0')
		return;
	require(strlen(text) == 16 && text[10] == ' ' && text[13] == ':');
	memcpy(date, text, 10);
	date[10] = '\0';
	require_date(date);
	require(strspn(text + 11, "0123456789:") == 5);
	require(sscanf(text + 11, "%2d:%2d", &hour, &minute) == 2 && hour <= 23 && minute <= 59);
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
	require(person->nunread >= 0);
	require(!person->fragment || (person->nunread == 1 && person->nprotections == 0 &&
								  person->replaced_by[0] == '\0' && person->status[0] == '\0'));

	outcome->hash = hash_bytes(outcome->hash, person->pnr, 11);
	outcome->hash = hash_bytes(outcome->hash, person->replaced_by, strlen(person->replaced_by) + 1);
	outcome->hash = hash_bytes(outcome->hash, person->status, strlen(person->status) + 1);
	for (i = 0; i < person->nunread && i < PA_CPR_MAX_UNREAD; i++)
	{
		require(strlen(person->unread[i]) == 3);
		outcome->hash = hash_bytes(outcome->hash, person->unread[i], 4);
	}
	outcome->fragments += person->fragment;
	for (i = 0; i < person->nprotections; i++)
	{
		const PaCprProtection *p = &person->protection[i];

		require_digits(p->code, 4);
		require_date(p->start);
		require_date(p->delete_hint);
		require_date(p->end);
		require_stamp(p->start_registered);
		require_stamp(p->end_registered);
		outcome->ends += p->end[0] != '\0';
		outcome->hash = hash_bytes(outcome->hash, p->code, 5);
		outcome->hash = hash_bytes(outcome->hash, p->start, strlen(p->start) + 1);
		outcome->hash = hash_bytes(outcome->hash, p->delete_hint, strlen(p->delete_hint) + 1);
		outcome->hash = hash_bytes(outcome->hash, p->end, strlen(p->end) + 1);
		outcome->hash = hash_bytes(outcome->hash, p->start_registered, strlen(p->start_registered) + 1);
		outcome->hash = hash_bytes(outcome->hash, p->end_registered, strlen(p->end_registered) + 1);
	}
	outcome->called++;
	return outcome->called != outcome->stop_at;
}

/*
 * run reads the delivery in pieces of 1 to max_piece bytes, each in an
 * allocation of its own so that a read beyond it is seen; 0 for at once.
 */
static Outcome
run(PaCprKind kind, const char *data, size_t len, size_t max_piece, uint64_t seed,
	uint64_t stop_at)
{
	static PaCprParser parser;
	Outcome		outcome;
	size_t		at = 0;

	memset(&outcome, 0, sizeof(outcome));
	outcome.stop_at = stop_at;
	protaddr_cpr_begin(&parser, kind, check_person, &outcome);
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
	if (parser.verdict != PA_CPR_OK)
	{
		/* a refused file is not read on */
		uint64_t	consumed = parser.consumed;

		require(protaddr_cpr_feed(&parser, NULL, SIZE_MAX) == parser.verdict);
		require(parser.consumed == consumed);
	}
	outcome.verdict = protaddr_cpr_end(&parser);
	outcome.header = parser.header;
	outcome.records = parser.records;
	outcome.record = parser.record;
	outcome.offset = parser.offset;
	outcome.persons = parser.persons;
	outcome.skipped = parser.skipped;
	outcome.ended_subscriptions = parser.ended_subscriptions;
	outcome.error_records = parser.error_records;
	outcome.bitemporal = parser.bitemporal;

	require(outcome.called - outcome.fragments <= outcome.persons && outcome.persons <= outcome.records);
	require(outcome.fragments <= outcome.skipped);
	require(outcome.offset <= len);
	require(outcome.bitemporal || outcome.ends == 0);
	require((outcome.header.task[0] != '\0') == (outcome.header.produced[0] != '\0'));
	require(outcome.header.task[0] != '\0' || outcome.header.previous[0] == '\0');
	if (outcome.verdict == PA_CPR_OK)
	{
		require(outcome.called - outcome.fragments == outcome.persons);
		require(kind != PA_CPR_REPLY || (outcome.persons == 1 && !outcome.bitemporal));
		require_date(outcome.header.produced);
		require_date(outcome.header.previous);
		if (kind == PA_CPR_BITEMPORAL)
			require(outcome.persons > 0 && outcome.header.produced[0] == '\0');
		else
		{
			require_digits(outcome.header.task, 6);
			require(outcome.header.produced[0] != '\0');
		}
	}
	return outcome;
}

static void
require_same(const Outcome *a, const Outcome *b)
{
	require(a->verdict == b->verdict && a->records == b->records && a->record == b->record);
	require(a->offset == b->offset && a->persons == b->persons && a->skipped == b->skipped);
	require(a->called == b->called && a->fragments == b->fragments);
	require(a->hash == b->hash && a->ends == b->ends);
	require(a->ended_subscriptions == b->ended_subscriptions);
	require(a->error_records == b->error_records && a->bitemporal == b->bitemporal);
	require(memcmp(&a->header, &b->header, sizeof(a->header)) == 0);
}

static Outcome
compare(PaCprKind kind, const char *data, size_t len)
{
	uint64_t	seed = hash_bytes(UINT64_C(14695981039346656037), data, len);
	uint64_t	stop_at = seed % 8 == 0 ? 1 + seed / 8 % 3 : 0;
	Outcome		whole = run(kind, data, len, 0, 0, stop_at);
	Outcome		pieces = run(kind, data, len, 1 + seed / 64 % 600, seed, stop_at);
	Outcome		bytes = run(kind, data, len, 1, 0, stop_at);

	require_same(&whole, &pieces);
	require_same(&whole, &bytes);
	return whole;
}

/* behind_empty_lines gives where the first record begins, behind empty lines. */
static size_t
behind_empty_lines(const uint8_t *data, size_t size)
{
	size_t		at = 0;

	while (at < size && (data[at] == '\n' || data[at] == '\r' || data[at] == ' '))
		at++;
	return at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Outcome		delivery = compare(PA_CPR_DELIVERY, (const char *) data, size);
	Outcome		reply = compare(PA_CPR_REPLY, (const char *) data, size);
	Outcome		without_end = compare(PA_CPR_WITHOUT_END, (const char *) data, size);
	Outcome		bare = compare(PA_CPR_BITEMPORAL, (const char *) data, size);

	/* what has a start record is never taken for what has none */
	require(bare.verdict != PA_CPR_OK ||
			(delivery.verdict == PA_CPR_NO_START && reply.verdict == PA_CPR_NO_START));
	if (delivery.verdict == PA_CPR_OK && reply.verdict == PA_CPR_OK)
		require(delivery.hash == reply.hash);
	/*
	 * that an end may be missing changes nothing where there is one, but that nobody relies on its
	 * count: a line that may have swallowed the next one is refused
	 */
	if ((delivery.verdict == PA_CPR_OK || delivery.verdict == PA_CPR_WRONG_COUNT) &&
		without_end.verdict != PA_CPR_BAD_RECORD)
		require(without_end.verdict == delivery.verdict && without_end.hash == delivery.hash);

	if (delivery.verdict == PA_CPR_WRONG_COUNT && delivery.records <= 99999999)
	{
		/* the end record is long or short as the start record is */
		size_t		first = behind_empty_lines(data, size);
		size_t		nines = memchr(data + first, '\n', size - first < 20 ? size - first : 20) != NULL ? 3 : 13;
		char	   *repaired = malloc(size);
		char		count[9];

		require(repaired != NULL && delivery.offset + nines + 8 <= size);
		memcpy(repaired, data, size);
		snprintf(count, sizeof(count), "%08u", (unsigned) delivery.records);
		memcpy(repaired + delivery.offset + nines, count, 8);
		delivery = compare(PA_CPR_DELIVERY, repaired, size);
		require(delivery.verdict == PA_CPR_OK || delivery.verdict == PA_CPR_AFTER_END ||
				delivery.verdict == PA_CPR_STOPPED);
		if (delivery.verdict == PA_CPR_OK && reply.verdict == PA_CPR_OK)
			require(delivery.hash == reply.hash);
		free(repaired);
	}
	return 0;
}
