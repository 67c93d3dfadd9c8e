/*
 * rewriting.h
 *		What did one rewriting of a payment message give?
 *
 * For the unit tests of the rewriters of SWIFT MT text and JSON: every party is decided
 * the same way, or one by one in a row given; what was asked is kept as text; memory is
 * counted.  A message is also copied to the end of an allocation of its own, so that a
 * read behind it is seen.
 */
#ifndef REWRITING_H
#define REWRITING_H

#include "address/address.h"
#include "message/rewrite.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT	(1 << 20)

typedef PaMessageVerdict (*Rewrite) (const char *message, size_t len,
									 const PaRewriter *rewriter, PaRewritten *rewritten);

/* One rewriting: how it is to be decided, and what it gave. */
typedef struct Rewriting
{
	const char *actions;		/* W K M C S, and lower case with the birth; the last goes on */
	const PaAddress *substitute;
	const PaBirth *birth;
	uint64_t	stop_decide;	/* says no at this call, 1 is the first; 0: never */
	uint64_t	stop_write;
	uint64_t	fail_alloc;

	PaRewritten rewritten;
	uint64_t	decides;
	uint64_t	writes;
	uint64_t	allocs;
	size_t		held;			/* memory not freed */
	size_t		most_held;
	size_t		len;
	char		text[MAX_TEXT]; /* the result */
	size_t		asked_len;
	char		asked[MAX_TEXT];	/* what was asked, a line for each unit and party */
} Rewriting;

static int	tests = 0;
static int	failures = 0;

static inline void
ok(bool good, const char *name)
{
	tests++;
	if (!good)
		failures++;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

/* Shows two texts that should have been the same. */
static inline void
show(const char *what, const char *got, const char *expected)
{
	printf("# %s:\n", what);
	for (const char *at = got; *at != '\0'; at++)
		printf(*at == '\n' ? "$\n" : *at == '\r' ? "^M" : "%c", *at);
	printf("|\n# expected:\n");
	for (const char *at = expected; *at != '\0'; at++)
		printf(*at == '\n' ? "$\n" : *at == '\r' ? "^M" : "%c", *at);
	printf("|\n");
}

static inline void
ask(Rewriting *rewriting, const char *before, PaText text)
{
	rewriting->asked_len += (size_t) snprintf(rewriting->asked + rewriting->asked_len,
											  MAX_TEXT - rewriting->asked_len, "%s%.*s", before,
											  (int) text.len, text.len > 0 ? text.data : "");
	if (rewriting->asked_len >= MAX_TEXT)
		abort();
}

static inline bool
decide(void *arg, PaUnit *unit)
{
	Rewriting  *rewriting = arg;
	const PaText none = {NULL, 0};

	rewriting->decides++;
	ask(rewriting, "", unit->amount);
	ask(rewriting, " ", unit->currency);
	ask(rewriting, " ", unit->payer);
	ask(rewriting, ">", unit->payee);
	ask(rewriting, "\n", none);
	for (int i = 0; i < unit->nparties; i++)
	{
		PaParty    *party = &unit->party[i];
		char		action = *rewriting->actions;

		ask(rewriting, party->role, none);
		ask(rewriting, "|", party->name);
		for (int j = 0; j < party->nidentifiers; j++)
			ask(rewriting, j == 0 ? "|" : ",", party->identifier[j]);
		if (party->nidentifiers == 0)
			ask(rewriting, "|", none);
		ask(rewriting, party->more_identifiers ? ",...|" : "|", party->town);
		ask(rewriting, "/", party->country);
		ask(rewriting, party->takes_birth ? " b\n" : "\n", none);

		if (party->action != PA_PLACE_WITHHOLD || party->substitute != NULL ||
			party->birth != NULL)
			abort();
		switch (action & ~0x20)
		{
			case 'K':
				party->action = PA_PLACE_KEEP;
				break;
			case 'M':
				party->action = PA_PLACE_MINIMUM;
				break;
			case 'C':
				party->action = PA_PLACE_COUNTRY;
				break;
			case 'S':
				party->action = PA_PLACE_SUBSTITUTE;
				party->substitute = rewriting->substitute;
				break;
		}
		if ((action & 0x20) != 0)
			party->birth = rewriting->birth;
		if (rewriting->actions[1] != '\0')
			rewriting->actions++;
	}
	return rewriting->decides != rewriting->stop_decide;
}

static inline bool
take(void *arg, const char *data, size_t len)
{
	Rewriting  *rewriting = arg;

	rewriting->writes++;
	if (rewriting->len + len >= MAX_TEXT)
		abort();
	memcpy(rewriting->text + rewriting->len, data, len);
	rewriting->len += len;
	return rewriting->writes != rewriting->stop_write;
}

/* Memory with its size in front, aligned as palloc aligns: to eight bytes. */
static inline void *
give(void *arg, size_t size)
{
	Rewriting  *rewriting = arg;
	size_t	   *memory;

	rewriting->allocs++;
	if (rewriting->allocs == rewriting->fail_alloc)
		return NULL;
	memory = malloc(size + sizeof(size_t));
	if (memory == NULL)
		abort();
	memset(memory, 0xA5, size + sizeof(size_t));
	memory[0] = size;
	rewriting->held += size;
	if (rewriting->held > rewriting->most_held)
		rewriting->most_held = rewriting->held;
	return memory + 1;
}

static inline void
take_back(void *arg, void *ptr)
{
	Rewriting  *rewriting = arg;

	if (ptr == NULL)
		return;
	rewriting->held -= ((size_t *) ptr)[-1];
	free((size_t *) ptr - 1);
}

static inline void *
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

/* rewrite rewrites a message; of *rewriting only the first six are looked at. */
static inline PaMessageVerdict
rewrite(Rewrite how, const char *message, size_t len, Rewriting *rewriting)
{
	const PaRewriter rewriter = {rewriting, decide, take, give, give_again, take_back, NULL};
	char	   *copy = malloc(len + (len == 0));
	PaMessageVerdict verdict;

	if (copy == NULL)
		abort();
	memcpy(copy, message, len);
	rewriting->decides = rewriting->writes = rewriting->allocs = 0;
	rewriting->held = rewriting->most_held = 0;
	rewriting->len = rewriting->asked_len = 0;
	rewriting->asked[0] = '\0';
	verdict = how(copy, len, &rewriter, &rewriting->rewritten);
	free(copy);
	rewriting->text[rewriting->len] = '\0';
	if (rewriting->held != 0 || verdict != rewriting->rewritten.verdict)
		abort();
	return verdict;
}

/*
 * One message, how its parties are decided, and what must come of it.  In place of
 * whole texts only what differs is written down: each edit is "from" and "to", applied
 * in turn to the message, the first behind the one before.
 */
#define MAX_EDITS	8

typedef struct Example
{
	const char *name;
	const char *message;
	const char *actions;
	const char *edits[2 * MAX_EDITS];
	const char *asked;			/* NULL: not looked at */
	const char *counts;			/* places, withheld, reduced, substituted, births; or NULL */
} Example;

/* splice applies the edits to the message; false if one of them does not stand there. */
static inline bool
splice(const Example *example, char *out)
{
	const char *at = example->message;

	*out = '\0';
	for (int i = 0; i < 2 * MAX_EDITS && example->edits[i] != NULL; i += 2)
	{
		const char *found = strstr(at, example->edits[i]);

		if (found == NULL)
			return false;
		memcpy(out, at, (size_t) (found - at));
		out += found - at;
		strcpy(out, example->edits[i + 1]);
		out += strlen(out);
		at = found + strlen(example->edits[i]);
	}
	strcpy(out, at);
	return true;
}

static inline void
run_example(Rewrite how, const Example *example, const PaAddress *substitute,
			const PaBirth *birth)
{
	static Rewriting rewriting;
	static char expected[MAX_TEXT];
	char		counts[100];
	bool		good = true;

	memset(&rewriting, 0, offsetof(Rewriting, rewritten));
	rewriting.actions = example->actions;
	rewriting.substitute = substitute;
	rewriting.birth = birth;
	rewrite(how, example->message, strlen(example->message), &rewriting);
	if (rewriting.rewritten.verdict != PA_MESSAGE_OK)
	{
		printf("# verdict %d at byte %llu\n", rewriting.rewritten.verdict,
			   (unsigned long long) rewriting.rewritten.offset);
		good = false;
	}
	if (!splice(example, expected))
	{
		printf("# an edit has no place\n");
		good = false;
	}
	if (good && strcmp(rewriting.text, expected) != 0)
	{
		show("result", rewriting.text, expected);
		good = false;
	}
	if (good && example->asked != NULL && strcmp(rewriting.asked, example->asked) != 0)
	{
		show("asked", rewriting.asked, example->asked);
		good = false;
	}
	snprintf(counts, sizeof(counts), "%d %d %d %d %d", (int) rewriting.rewritten.places,
			 (int) rewriting.rewritten.withheld, (int) rewriting.rewritten.reduced,
			 (int) rewriting.rewritten.substituted, (int) rewriting.rewritten.births);
	if (good && example->counts != NULL && strcmp(counts, example->counts) != 0)
	{
		show("counts", counts, example->counts);
		good = false;
	}
	ok(good, example->name);

	/* whatever it is, kept it stays as it is, and withheld it stays withheld */
	memset(&rewriting, 0, offsetof(Rewriting, rewritten));
	rewriting.actions = "K";
	good = rewrite(how, example->message, strlen(example->message), &rewriting) == PA_MESSAGE_OK &&
		strcmp(rewriting.text, example->message) == 0;
	rewriting.actions = "W";
	good = good && rewrite(how, example->message, strlen(example->message), &rewriting) == PA_MESSAGE_OK &&
		rewriting.rewritten.withheld == rewriting.rewritten.places;
	memcpy(expected, rewriting.text, rewriting.len + 1);
	rewriting.actions = "W";
	good = good && rewrite(how, expected, strlen(expected), &rewriting) == PA_MESSAGE_OK &&
		strcmp(rewriting.text, expected) == 0 && rewriting.rewritten.places == 0;
	if (!good)
		show("withheld twice", rewriting.text, expected);
	ok(good, "... and kept, and withheld twice");

	/* stopped and without memory at every point */
	for (uint64_t n = 1;; n++)
	{
		memset(&rewriting, 0, offsetof(Rewriting, rewritten));
		rewriting.actions = "W";
		rewriting.stop_decide = n;
		if (rewrite(how, example->message, strlen(example->message), &rewriting) == PA_MESSAGE_OK)
			break;
		good = good && rewriting.rewritten.verdict == PA_MESSAGE_STOPPED;
	}
	for (uint64_t n = 1;; n++)
	{
		memset(&rewriting, 0, offsetof(Rewriting, rewritten));
		rewriting.actions = example->actions;
		rewriting.substitute = substitute;
		rewriting.birth = birth;
		rewriting.stop_write = n;
		if (rewrite(how, example->message, strlen(example->message), &rewriting) == PA_MESSAGE_OK)
			break;
		good = good && rewriting.rewritten.verdict == PA_MESSAGE_STOPPED;
	}
	for (uint64_t n = 1;; n++)
	{
		memset(&rewriting, 0, offsetof(Rewriting, rewritten));
		rewriting.actions = "W";
		rewriting.fail_alloc = n;
		if (rewrite(how, example->message, strlen(example->message), &rewriting) == PA_MESSAGE_OK)
			break;
		good = good && rewriting.rewritten.verdict == PA_MESSAGE_TOO_LARGE;
	}
	ok(good, "... and stopped anywhere");
}

/* A message that is refused, and where. */
typedef struct Refusal
{
	const char *name;
	PaMessageVerdict verdict;
	uint64_t	line;
	const char *message;
	size_t		len;			/* strlen(message) if 0 */
} Refusal;

static inline void
run_refusal(Rewrite how, const Refusal *refusal)
{
	static Rewriting rewriting;
	size_t		len = refusal->len > 0 ? refusal->len : strlen(refusal->message);
	bool		good;

	memset(&rewriting, 0, offsetof(Rewriting, rewritten));
	rewriting.actions = "W";
	rewrite(how, refusal->message, len, &rewriting);
	good = rewriting.rewritten.verdict == refusal->verdict &&
		rewriting.rewritten.offset <= len &&
		(refusal->line == 0 || rewriting.rewritten.line == refusal->line);
	if (!good)
		printf("# verdict %d, byte %llu, line %llu\n", rewriting.rewritten.verdict,
			   (unsigned long long) rewriting.rewritten.offset,
			   (unsigned long long) rewriting.rewritten.line);
	ok(good, refusal->name);
}

/* A substitute and a birth, as the tests want them. */
static inline PaText
as_text(const char *text)
{
	PaText		result = {text, (uint32_t) strlen(text)};

	return result;
}

#endif							/* REWRITING_H */
