/*
 * iso_rewriting.h
 *		What did one rewriting of a message give?
 *
 * For the unit tests and the fuzzer of the XML rewriter: the result, what was asked
 * as text, and the memory that it took.
 */
#ifndef ISO_REWRITING_H
#define ISO_REWRITING_H

#include "address/address.h"
#include "message/rewrite.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One rewriting.  actions has a letter for each party, in the order in which they are
 * decided, the last for all that follow: k(eep), w(ithhold), m(inimum), c(ountry),
 * s(ubstitute), b(irth, and withhold).  With asked set, what was asked is kept in it as a
 * line for each unit, "amount currency payer payee:", and in it "role/name/ids/town/country",
 * "+" behind it where a birth could go, and "~" where there were more identifiers.
 */
typedef struct Rewriting
{
	const char *actions;
	const PaAddress *substitute;
	const PaBirth *birth;
	uint64_t	stop_at;		/* the unit or write at which the callback says no */
	uint64_t	fail_at;		/* the allocation that fails */

	PaMessageVerdict verdict;
	PaRewritten rewritten;
	char	   *data;
	size_t		len;
	size_t		size;
	char	   *asked;
	size_t		asked_size;
	size_t		asked_len;
	uint64_t	calls;
	uint64_t	allocations;
	uint64_t	in_use;			/* bytes, and the most of them */
	uint64_t	most;
} Rewriting;

static inline void
rewriting_say(Rewriting *r, const char *text, size_t len)
{
	if (r->asked == NULL || r->asked_len + len + 1 > r->asked_size)
		return;
	memcpy(r->asked + r->asked_len, text, len);
	r->asked_len += len;
	r->asked[r->asked_len] = '\0';
}

static inline void
rewriting_say_text(Rewriting *r, PaText text, const char *behind)
{
	if (text.len > 0)
		rewriting_say(r, text.data, text.len);
	rewriting_say(r, behind, strlen(behind));
}

static inline bool
rewriting_decide(void *arg, PaUnit *unit)
{
	Rewriting  *r = arg;

	rewriting_say_text(r, unit->amount, " ");
	rewriting_say_text(r, unit->currency, " ");
	rewriting_say_text(r, unit->payer, " ");
	rewriting_say_text(r, unit->payee, ":");
	for (int i = 0; i < unit->nparties; i++)
	{
		PaParty    *party = &unit->party[i];

		rewriting_say(r, " ", 1);
		rewriting_say(r, party->role, strlen(party->role));
		rewriting_say(r, "/", 1);
		rewriting_say_text(r, party->name, "/");
		for (int j = 0; j < party->nidentifiers; j++)
			rewriting_say_text(r, party->identifier[j], j + 1 < party->nidentifiers ? "," : "");
		rewriting_say(r, "/", 1);
		rewriting_say_text(r, party->town, "/");
		rewriting_say_text(r, party->country, "");
		rewriting_say(r, "+", party->takes_birth ? 1 : 0);
		rewriting_say(r, "~", party->more_identifiers ? 1 : 0);

		switch (*r->actions)
		{
			case 'k':
				party->action = PA_PLACE_KEEP;
				break;
			case 'm':
				party->action = PA_PLACE_MINIMUM;
				break;
			case 'c':
				party->action = PA_PLACE_COUNTRY;
				break;
			case 's':
				party->action = PA_PLACE_SUBSTITUTE;
				party->substitute = r->substitute;
				break;
			case 'b':
				party->birth = r->birth;
				break;
			default:
				break;
		}
		if (r->actions[0] != '\0' && r->actions[1] != '\0')
			r->actions++;
	}
	rewriting_say(r, "\n", 1);
	return ++r->calls != r->stop_at;
}

static inline bool
rewriting_write(void *arg, const char *data, size_t len)
{
	Rewriting  *r = arg;

	if (r->len + len > r->size)
	{
		r->size = (r->len + len) * 2;
		r->data = realloc(r->data, r->size);
		if (r->data == NULL)
			abort();
	}
	memcpy(r->data + r->len, data, len);
	r->len += len;
	return ++r->calls != r->stop_at;
}

/* Memory with its size in front, aligned as palloc aligns: to eight bytes. */
static inline void *
rewriting_realloc(void *arg, void *ptr, size_t size)
{
	Rewriting  *r = arg;
	uint64_t   *old = ptr != NULL ? (uint64_t *) ptr - 1 : NULL;
	uint64_t   *block;

	if (++r->allocations == r->fail_at)
		return NULL;
	if (old != NULL)
		r->in_use -= old[0];
	block = realloc(old, size + sizeof(uint64_t));
	if (block == NULL)
		abort();
	block[0] = size;
	r->in_use += size;
	if (r->in_use > r->most)
		r->most = r->in_use;
	return block + 1;
}

static inline void *
rewriting_alloc(void *arg, size_t size)
{
	return rewriting_realloc(arg, NULL, size);
}

static inline void
rewriting_free(void *arg, void *ptr)
{
	Rewriting  *r = arg;
	uint64_t   *block = (uint64_t *) ptr - 1;

	r->in_use -= block[0];
	free(block);
}

/* rewriting_run does it; the input is a copy of exactly its length, so that a look beyond it is seen. */
static inline PaMessageVerdict
rewriting_run(Rewriting *r, const char *message, size_t len, const char *encoding)
{
	PaRewriter	rewriter = {
		r, rewriting_decide, rewriting_write, rewriting_alloc, rewriting_realloc, rewriting_free, NULL
	};
	char	   *copy = malloc(len == 0 ? 1 : len);

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, message, len);
	r->len = 0;
	r->asked_len = 0;
	r->calls = r->allocations = r->in_use = r->most = 0;
	if (r->asked != NULL)
		r->asked[0] = '\0';
	if (r->actions == NULL)
		r->actions = "w";
	r->verdict = protaddr_rewrite_xml(copy, len, encoding, &rewriter, &r->rewritten);
	free(copy);
	return r->verdict;
}

#endif							/* ISO_REWRITING_H */
