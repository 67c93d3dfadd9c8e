/*
 * told_of_unit.c
 *		Is somebody taken for told of only if the registers have told of everybody?
 *
 * A plain program that speaks TAP.  Every way in which up to four identifiers can lead to
 * each other, with every combination of what is told of each, is compared with the same
 * question asked in another way.
 */
#include <stdio.h>
#include <string.h>

#include "person/fact_table.h"
#include "person/told_of.h"

#define MOST 4

static int	tests = 0;
static int	failures = 0;

static void
ok(bool condition, const char *name)
{
	tests++;
	if (!condition)
		failures++;
	printf("%sok %d - %s\n", condition ? "" : "not ", tests, name);
}

/* told_at is true if a person is told of, or a way leads on to somebody who is, in so many steps. */
static bool
told_at(const unsigned char *facts, int n, unsigned int leads, int at, int steps)
{
	if ((facts[at] & (PA_FACT_KNOWN | PA_FACT_HIDES)) != 0)
		return true;
	for (int to = 0; steps > 0 && to < n; to++)
		if ((leads >> (at * MOST + to) & 1) != 0 && told_at(facts, n, leads, to, steps - 1))
			return true;
	return false;
}

/* all_told walks every way as far as somebody listed, and asks at each step. */
static bool
all_told(const unsigned char *facts, int n, unsigned int leads, int at, int steps)
{
	if ((facts[at] & PA_FACT_KNOWN) != 0)
		return true;
	if (!told_at(facts, n, leads, at, n))
		return false;
	for (int to = 0; steps > 0 && to < n; to++)
		if ((leads >> (at * MOST + to) & 1) != 0 && !all_told(facts, n, leads, to, steps - 1))
			return false;
	return true;
}

static void
test_everything(void)
{
	static const unsigned char what[] = {0, PA_FACT_KNOWN, 1, PA_FACT_KNOWN | 2};
	long		compared = 0;
	long		wrong = 0;
	long		less = 0;
	long		told = 0;

	for (int n = 1; n <= MOST; n++)
		for (unsigned int leads = 0; leads < 1U << MOST * MOST; leads++)
		{
			PaLead		lead[MOST * MOST];
			int			nleads = 0;
			bool		fits = true;

			for (int from = 0; from < MOST; from++)
				for (int to = 0; to < MOST; to++)
					if ((leads >> (from * MOST + to) & 1) != 0)
					{
						fits = fits && from < n && to < n && from != to;
						lead[nleads].from = from;
						lead[nleads++].to = to;
					}
			if (!fits)
				continue;
			for (int facts = 0; facts < 1 << 2 * n; facts++)
			{
				unsigned char of[MOST];
				unsigned char work[MOST];
				bool		answer;

				for (int i = 0; i < n; i++)
					of[i] = what[facts >> 2 * i & 3];
				memcpy(work, of, sizeof(work));
				answer = protaddr_all_told_of(work, n, lead, nleads);
				compared++;
				wrong += answer != all_told(of, n, leads, 0, n);
				told += answer;

				/* whoever is told of more is not less told of */
				for (int i = 0; i < n && answer; i++)
				{
					memcpy(work, of, sizeof(work));
					work[i] |= PA_FACT_KNOWN;
					less += !protaddr_all_told_of(work, n, lead, nleads);
				}
			}
		}
	printf("# %ld cases, %ld of them told of\n", compared, told);
	ok(compared > 1000000 && told > 100000 && told < compared, "there were such and such cases");
	ok(wrong == 0, "each is answered as it is when every way is walked");
	ok(less == 0, "to be told of one person more makes nobody less told of");
}

static void
test_examples(void)
{
	/* an account; its holders; an older number of the second */
	static const PaLead joint[] = {{0, 1}, {0, 2}, {2, 3}, {3, 2}};

	ok(!protaddr_all_told_of((unsigned char[]) {0, PA_FACT_KNOWN, 0, 0}, 4, joint, 4),
	   "an account is not told of if one holder, under two numbers, is not");
	ok(protaddr_all_told_of((unsigned char[]) {0, PA_FACT_KNOWN, 0, PA_FACT_KNOWN}, 4, joint, 4),
	   "it is if the other is told of by an older number");
	ok(protaddr_all_told_of((unsigned char[]) {0, PA_FACT_KNOWN, 1, 0}, 4, joint, 4),
	   "or protected");
	ok(!protaddr_all_told_of((unsigned char[]) {1, PA_FACT_KNOWN, 0, 0}, 4, joint, 4),
	   "that the account itself is protected tells nothing of its holders");
	ok(protaddr_all_told_of((unsigned char[]) {PA_FACT_KNOWN, 0, 0, 0}, 4, joint, 4),
	   "what a register lists by itself needs nobody else");
	ok(!protaddr_all_told_of((unsigned char[]) {0}, 1, NULL, 0), "nor is who leads to nobody");
}

int
main(void)
{
	test_examples();
	test_everything();
	printf("1..%d\n", tests);
	return failures > 0;
}
