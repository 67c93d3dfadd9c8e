/*
 * fuzz_rewriting.h
 *		What must hold of any rewriting of any message?
 *
 * Kept, a message stays as it is; withheld, it has no place left that a second
 * rewriting would find; decided in any other way, it can be read again; refused, it is
 * so however it is decided.  Memory is freed and bounded.
 */
#ifndef FUZZ_REWRITING_H
#define FUZZ_REWRITING_H

#include "address/address.h"
#include "message/rewrite.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

typedef PaMessageVerdict (*Rewrite) (const char *message, size_t len,
									 const PaRewriter *rewriter, PaRewritten *rewritten);

typedef struct Outcome
{
	uint64_t	seed;			/* of the decisions; 0: all as action */
	PaPlaceAction action;
	uint64_t	stop_at;		/* says no at this call of any kind; 0: never */
	uint64_t	calls;
	uint64_t	places;
	size_t		held;
	size_t		most_held;
	char	   *text;
	size_t		len;
	size_t		size;
	PaRewritten rewritten;
	const char *message;
	size_t		message_len;
} Outcome;

static void
require(bool good)
{
	if (!good)
		abort();
}

static PaText
as_text(const char *text)
{
	PaText		result = {text, (uint32_t) strlen(text)};

	return result;
}

/* every text that is handed over can be read, and is UTF-8 */
static void
require_text(PaText text)
{
	size_t		at = 0;

	while (at < text.len)
	{
		uint32_t	c;
		size_t		n = protaddr_read_character(text.data + at, text.len - at, &c);

		require(n > 0);
		at += n;
	}
}

static bool
decide(void *arg, PaUnit *unit)
{
	static PaAddress address;
	static PaBirth birth;
	Outcome    *outcome = arg;

	memset(&address, 0, sizeof(address));
	address.element[PA_STRTNM] = as_text("Erstatning \"\\\xc3\x98");
	address.element[PA_TWNNM] = as_text("By");
	address.element[PA_CTRY] = as_text("DK");
	address.line[0] = as_text("Linje <1>");
	birth.date = as_text("1970-01-02");
	birth.city = as_text("By");
	birth.country = as_text("DK");

	require(unit->nparties > 0 && unit->nparties <= PA_UNIT_PARTIES);
	require_text(unit->amount);
	require_text(unit->currency);
	require_text(unit->payer);
	require_text(unit->payee);
	for (int i = 0; i < unit->nparties; i++)
	{
		PaParty    *party = &unit->party[i];

		require(party->role != NULL && strlen(party->role) < 64);
		require_text(party->name);
		require(party->nidentifiers >= 0 && party->nidentifiers <= PA_PARTY_IDENTIFIERS);
		for (int j = 0; j < party->nidentifiers; j++)
		{
			require(party->identifier[j].len > 0);
			require_text(party->identifier[j]);
		}
		require_text(party->town);
		require_text(party->country);
		require(party->action == PA_PLACE_WITHHOLD && party->substitute == NULL &&
				party->birth == NULL);
		party->action = outcome->action;
		if (outcome->seed != 0)
		{
			outcome->seed = outcome->seed * UINT64_C(6364136223846793005) +
				UINT64_C(1442695040888963407);
			/* also one that does not exist */
			party->action = (PaPlaceAction) (outcome->seed >> 33) % 6;
			address.nlines = (int) (outcome->seed >> 40) % 2;
			if (party->action == PA_PLACE_SUBSTITUTE)
				party->substitute = &address;
			if ((outcome->seed >> 41) % 2 == 0)
				party->birth = &birth;
		}
	}
	outcome->places += (uint64_t) unit->nparties;
	return ++outcome->calls != outcome->stop_at;
}

static bool
take(void *arg, const char *data, size_t len)
{
	Outcome    *outcome = arg;

	if (outcome->size - outcome->len < len)
	{
		outcome->size = 2 * (outcome->len + len);
		outcome->text = realloc(outcome->text, outcome->size);
		require(outcome->text != NULL);
	}
	if (len > 0)
		memcpy(outcome->text + outcome->len, data, len);
	outcome->len += len;
	return ++outcome->calls != outcome->stop_at;
}

static void *
give(void *arg, size_t size)
{
	Outcome    *outcome = arg;
	size_t	   *memory;

	if (++outcome->calls == outcome->stop_at)
		return NULL;
	memory = malloc(size + sizeof(size_t));
	require(memory != NULL);
	/* all of it would take longer than the rewriting */
	memset(memory, 0xA5, sizeof(size_t) + (size < 4096 ? size : 4096));
	memory[0] = size;
	outcome->held += size;
	if (outcome->held > outcome->most_held)
		outcome->most_held = outcome->held;
	return memory + 1;
}

static void
take_back(void *arg, void *ptr)
{
	Outcome    *outcome = arg;

	if (ptr == NULL)
		return;
	outcome->held -= ((size_t *) ptr)[-1];
	free((size_t *) ptr - 1);
}

static void *
give_again(void *arg, void *ptr, size_t size)
{
	size_t		old = ptr == NULL ? 0 : ((size_t *) ptr)[-1];
	void	   *memory = give(arg, size);

	if (memory == NULL)
		return NULL;
	if (ptr != NULL)
		memcpy(memory, ptr, old < size ? old : size);
	take_back(arg, ptr);
	return memory;
}

/* an address that goes stands in the message, and can be read */
static void
taken(void *arg, size_t start, size_t end)
{
	Outcome    *outcome = arg;
	PaAddress	address;

	require(start <= end && end <= outcome->message_len);
	protaddr_address_in_xml(outcome->message + start, end - start, &address);
	protaddr_address_in_json(outcome->message + start, end - start, &address);
	protaddr_address_in_mt(outcome->message + start, end - start, &address);
	require(address.nlines <= PA_MAX_LINES);
}

/* run rewrites a copy of the message of just its size. */
static Outcome
run(Rewrite how, const char *message, size_t len, PaPlaceAction action, uint64_t seed,
	uint64_t stop_at, size_t most)
{
	Outcome		outcome;
	PaRewriter	rewriter = {&outcome, decide, take, give, give_again, take_back, taken};
	char	   *copy = malloc(len + (len == 0));
	PaMessageVerdict verdict;

	require(copy != NULL);
	if (len > 0)
		memcpy(copy, message, len);
	memset(&outcome, 0, sizeof(outcome));
	outcome.action = action;
	outcome.seed = seed;
	outcome.stop_at = stop_at;
	outcome.message = copy;
	outcome.message_len = len;
	verdict = how(copy, len, &rewriter, &outcome.rewritten);
	free(copy);
	require(verdict == outcome.rewritten.verdict);
	require(outcome.held == 0 && outcome.most_held <= most);
	require(outcome.rewritten.offset <= len);
	require(outcome.rewritten.places == outcome.places);
	require(outcome.rewritten.withheld + outcome.rewritten.reduced +
			outcome.rewritten.substituted <= outcome.places);
	return outcome;
}

/* check runs a message in all ways. */
static void
check(Rewrite how, const char *message, size_t len, size_t most)
{
	uint64_t	seed = UINT64_C(14695981039346656037);
	Outcome		kept = run(how, message, len, PA_PLACE_KEEP, 0, 0, most);
	Outcome		withheld = run(how, message, len, PA_PLACE_WITHHOLD, 0, 0, most);
	Outcome		again;
	Outcome		mixed;

	for (size_t i = 0; i < len; i++)
		seed = (seed ^ (unsigned char) message[i]) * UINT64_C(1099511628211);
	mixed = run(how, message, len, PA_PLACE_WITHHOLD, seed | 1, 0, most);
	require(kept.rewritten.verdict == withheld.rewritten.verdict &&
			kept.rewritten.verdict == mixed.rewritten.verdict);
	if (kept.rewritten.verdict == PA_MESSAGE_OK)
	{
		require(kept.len == len && (len == 0 || memcmp(kept.text, message, len) == 0));
		require(kept.rewritten.withheld == 0 && kept.rewritten.reduced == 0);
		require(withheld.rewritten.withheld == withheld.places);
		require(withheld.places == kept.places && mixed.places == kept.places);

		again = run(how, withheld.text, withheld.len, PA_PLACE_WITHHOLD, 0, 0, most);
		require(again.rewritten.verdict == PA_MESSAGE_OK && again.places == 0);
		require(again.len == withheld.len &&
				(again.len == 0 || memcmp(again.text, withheld.text, again.len) == 0));
		free(again.text);

		again = run(how, mixed.text, mixed.len, PA_PLACE_KEEP, 0, 0, most);
		require(again.rewritten.verdict == PA_MESSAGE_OK);
		free(again.text);

		/* stopped somewhere */
		again = run(how, message, len, PA_PLACE_WITHHOLD, 0, 1 + seed % withheld.calls, most);
		require(again.rewritten.verdict == PA_MESSAGE_STOPPED ||
				again.rewritten.verdict == PA_MESSAGE_TOO_LARGE);
		free(again.text);
	}
	free(kept.text);
	free(withheld.text);
	free(mixed.text);
}

#endif							/* FUZZ_REWRITING_H */
