/*
 * fact_table_unit.c
 *		Does the table of facts tell what was stored, and nothing else?
 *
 * A plain program that speaks TAP.  The identifiers are invented numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "person/fact_table.h"

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

static PaFactTable
create(uint64_t nwords)
{
	PaFactTable table = {calloc(nwords, sizeof(uint64_t)), nwords};

	if (table.word == NULL)
		exit(1);
	return table;
}

static uint64_t
next_random(void)
{
	static uint64_t state = 20261128;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545F4914F6CDD1D;
}

static void
test_hash(void)
{
	unsigned char key[PA_FACT_KEY_SIZE];
	unsigned char other[PA_FACT_KEY_SIZE] = {1};

	/* SipHash-2-4's own example: the key 00 01 ... 0f, the message 00 01 ... 0e */
	char		message[15];

	for (int i = 0; i < PA_FACT_KEY_SIZE; i++)
		key[i] = (unsigned char) i;
	for (int i = 0; i < 15; i++)
		message[i] = (char) i;
	ok(protaddr_fact_hash(key, message, 15) == 0xa129ca6149be45e5, "the hash is SipHash-2-4");
	ok(protaddr_fact_hash(key, "6101704001", 10) != protaddr_fact_hash(other, "6101704001", 10),
	   "another key gives another hash");
	ok(protaddr_fact_hash(key, "6101704001", 10) != protaddr_fact_hash(key, "6101704001", 9),
	   "a shorter identifier has another hash");
}

static void
test_store(void)
{
	PaFactTable none = {NULL, 0};
	PaFactTable table = create(PA_FACT_LEAST_WORDS);
	uint64_t	h = next_random();

	ok(protaddr_fact_find(&none, h) == 0, "nothing stands in a table without words");
	ok(protaddr_fact_store(&none, 0, h, 0, 1) == PA_FACT_FULL, "and nothing can be stored there");
	ok(protaddr_fact_find(&table, h) == 0, "nothing stands in a new table");
	ok(protaddr_fact_store(&table, 0, h, PA_FACT_ALL, 0) == PA_FACT_THERE && protaddr_fact_find(&table, h) == 0,
	   "no word is spent on whom nothing is told of");
	ok(protaddr_fact_store(&table, 0, h, 0, PA_FACT_LINKED) == PA_FACT_THERE && protaddr_fact_find(&table, h) == 0,
	   "nor on who stands for somebody, and nothing else is told of");
	ok(protaddr_fact_store(&table, 0, h, 0, PA_FACT_KNOWN) == PA_FACT_NEW, "the first fact is new");
	ok(protaddr_fact_store(&table, 1, h, 0, 3) == PA_FACT_THERE, "the second has a place");
	ok(protaddr_fact_find(&table, h) == (PA_FACT_KNOWN | 3), "both are told");
	ok(protaddr_fact_store(&table, 1, h, PA_FACT_HIDES, PA_FACT_UNSETTLED) == PA_FACT_THERE &&
	   protaddr_fact_find(&table, h) == (PA_FACT_KNOWN | PA_FACT_UNSETTLED), "one is taken back, one added");
	ok(protaddr_fact_store(&table, 1, h, PA_FACT_ALL, 0) == PA_FACT_THERE && protaddr_fact_find(&table, h) == 0,
	   "all are taken back");
	ok(protaddr_fact_store(&table, 1, h, 0, PA_FACT_LINKED) == PA_FACT_THERE, "the place was kept");
	free(table.word);
}

/* Hashes that differ in one bit are never taken for one another, upper and lower bits alike. */
static void
test_all_bits(void)
{
	bool		good = true;

	for (int round = 0; round < 200; round++)
	{
		uint64_t	h = round == 0 ? 0 : round == 1 ? ~(uint64_t) 0 : next_random();

		for (int bit = 0; bit < 64; bit++)
		{
			PaFactTable table = create(PA_FACT_LEAST_WORDS * 4);

			protaddr_fact_store(&table, 0, h, 0, PA_FACT_KNOWN);
			/* an empty word stands for a hash of 58 zeros, which reads as another one */
			if (protaddr_fact_find(&table, h ^ (uint64_t) 1 << bit) != 0 && (h << 6) != 0 &&
				((h ^ (uint64_t) 1 << bit) << 6) != 0)
				good = false;
			free(table.word);
		}
	}
	ok(good, "two hashes that differ in any one bit are two");
}

/* Against a plain list: everything stored is told, also when the table is full to its limit. */
static void
test_full(void)
{
	uint64_t	nwords = 5000;
	PaFactTable table = create(nwords);
	uint64_t	room = protaddr_fact_room(nwords);
	uint64_t   *hash = calloc(room, sizeof(uint64_t));
	unsigned char *facts = calloc(room, 1);
	uint64_t	used = 0;
	bool		good = true;
	bool		stranger = false;

	for (uint64_t i = 0; i < room; i++)
	{
		/* a third of them crowd at the end of the table, and go around it */
		hash[i] = i % 3 == 0 ? next_random() | (uint64_t) 0xFFF << 52 : next_random();
		facts[i] = (unsigned char) (next_random() % (PA_FACT_ALL + 1) | PA_FACT_KNOWN);
		used += protaddr_fact_store(&table, used, hash[i], 0, facts[i]) == PA_FACT_NEW;
	}
	ok(used == room, "a table takes as many as it has room for");
	ok(protaddr_fact_store(&table, used, next_random(), 0, 1) == PA_FACT_FULL, "and no more");
	for (uint64_t i = 0; i < room; i++)
		good = good && protaddr_fact_find(&table, hash[i]) == facts[i];
	ok(good, "of each the facts are told that were stored");
	for (int i = 0; i < 100000; i++)
		stranger = stranger || protaddr_fact_find(&table, next_random()) != 0;
	ok(!stranger, "nothing is told of 100,000 strangers");
	for (uint64_t i = 0; i < room; i++)
	{
		unsigned char remove = (unsigned char) (next_random() % 64);
		unsigned char add = (unsigned char) (next_random() % 64);

		facts[i] = (facts[i] & ~remove) | add;
		good = good && protaddr_fact_store(&table, used, hash[i], remove, add) == PA_FACT_THERE;
	}
	for (uint64_t i = 0; i < room; i++)
		good = good && protaddr_fact_find(&table, hash[i]) == facts[i];
	ok(good, "facts change where they stand, also in a full table");
	free(table.word);
	free(hash);
	free(facts);
}

/* Against a plain list of pairs, with some added and some taken away in turn. */
static void
test_links(void)
{
	enum
	{
		FROM = 50, TO = 20
	};
	uint64_t	npairs = PA_FACT_LEAST_WORDS;
	PaLinkTable table = {calloc(npairs * 2, sizeof(uint64_t)), npairs};
	static uint64_t from[FROM];
	static uint64_t to[TO];
	static bool linked[FROM][TO];
	uint64_t	used = 0;
	bool		good = true;
	uint64_t	found[TO];

	for (int i = 0; i < FROM; i++)
		from[i] = i % 2 == 0 ? next_random() | (uint64_t) 0xFFFF << 48 : next_random();
	for (int i = 0; i < TO; i++)
		to[i] = next_random();
	ok(protaddr_link_find(&table, from[0], found, TO) == 0, "at first nobody stands for anybody");
	for (int round = 0; round < 20000; round++)
	{
		int			f = (int) (next_random() % FROM);
		int			n = 0;

		if (round % 3 != 0)
		{
			int			t = (int) (next_random() % TO);

			used += protaddr_link_store(&table, used, from[f], to[t]) == PA_FACT_NEW;
			linked[f][t] = true;
		}
		else
		{
			uint64_t	keep[TO];

			for (int t = 0; t < TO; t++)
			{
				linked[f][t] = linked[f][t] && next_random() % 2 == 0;
				if (linked[f][t])
					keep[n++] = to[t];
			}
			protaddr_link_keep(&table, from[f], keep, n);
		}
		for (int i = 0; i < FROM; i++)
		{
			int			nfound = protaddr_link_find(&table, from[i], found, TO);
			int			nlinked = 0;

			for (int t = 0; t < TO; t++)
			{
				bool		there = false;

				for (int k = 0; k < nfound && k < TO; k++)
					there = there || found[k] == to[t];
				good = good && there == linked[i][t];
				nlinked += linked[i][t];
			}
			good = good && nfound == nlinked;
		}
	}
	ok(good, "each stands for whom it was linked to, and for nobody else");
	ok(used <= FROM * TO, "a place that is free again is used again");
	ok(protaddr_link_find(&table, from[1], found, 0) == protaddr_link_find(&table, from[1], found, TO),
	   "how many there are is told, however many are wanted");
	while (used < protaddr_fact_room(npairs))
		used += protaddr_link_store(&table, used, next_random(), 1) == PA_FACT_NEW;
	ok(protaddr_link_store(&table, used, next_random(), 1) == PA_FACT_FULL, "a full table takes no more");
	free(table.pair);
}

int
main(void)
{
	test_hash();
	test_store();
	test_all_bits();
	test_full();
	test_links();
	printf("1..%d\n", tests);
	return failures == 0 ? 0 : 1;
}
