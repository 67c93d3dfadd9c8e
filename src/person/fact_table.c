/*
 * fact_table.c
 *		How are facts of an identifier stored in eight bytes?
 *
 * See fact_table.h.  A word never moves and never becomes 0 again, so whoever looks
 * for another one finds the way past it.
 */
#include <sodium.h>

#include "person/fact_table.h"

/* protaddr_fact_hash is SipHash-2-4: who does not know the key cannot make two fall together. */
uint64_t
protaddr_fact_hash(const unsigned char key[PA_FACT_KEY_SIZE], const char *id, size_t len)
{
	uint64_t	hash;

	_Static_assert(crypto_shorthash_BYTES == sizeof(hash) &&
				   crypto_shorthash_KEYBYTES == PA_FACT_KEY_SIZE, "SipHash with 16 bytes of key gives 8");
	(void) crypto_shorthash((unsigned char *) &hash, (const unsigned char *) id, len, key);
	/* 0 stands for nothing */
	return hash != 0 ? hash : 1;
}

/*
 * protaddr_fact_store removes some facts of a hash and adds others.  What was never
 * told of needs no word to say so: a hash that is not there, and to which nothing is
 * added, stays away.  Nor does one that stands for somebody and nothing else: who finds
 * no word looks among the links.
 */
PaFactStored
protaddr_fact_store(PaFactTable *table, uint64_t used, uint64_t hash, unsigned int remove,
					unsigned int add)
{
	uint64_t	wanted = hash << 6 != 0 ? hash << 6 : 1 << 6;
	uint64_t	at = (uint64_t) (((unsigned __int128) hash * table->nwords) >> 64);

	for (uint64_t i = 0; i < table->nwords; i++)
	{
		uint64_t	word = __atomic_load_n(&table->word[at], __ATOMIC_RELAXED);

		if (word == 0)
		{
			if ((add & ~(unsigned int) PA_FACT_LINKED) == 0)
				return PA_FACT_THERE;
			if (used >= protaddr_fact_room(table->nwords))
				return PA_FACT_FULL;
			__atomic_store_n(&table->word[at], wanted | add, __ATOMIC_RELEASE);
			return PA_FACT_NEW;
		}
		if ((word & ~(uint64_t) PA_FACT_ALL) == wanted)
		{
			uint64_t	changed = (word & ~(uint64_t) remove) | add;

			if (changed != word)
				__atomic_store_n(&table->word[at], changed, __ATOMIC_RELEASE);
			return PA_FACT_THERE;
		}
		if (++at == table->nwords)
			at = 0;
	}
	return PA_FACT_FULL;
}

static uint64_t
first_pair(const PaLinkTable *table, uint64_t from)
{
	return (uint64_t) (((unsigned __int128) from * table->npairs) >> 64);
}

static uint64_t
word_of(const PaLinkTable *table, uint64_t pair, int which)
{
	return __atomic_load_n(&table->pair[pair * 2 + which], __ATOMIC_RELAXED);
}

/* protaddr_link_find gives whom an identifier stands for. */
int
protaddr_link_find(const PaLinkTable *table, uint64_t from, uint64_t *to, int most)
{
	uint64_t	at = first_pair(table, from);
	int			n = 0;

	for (uint64_t i = 0; i < table->npairs; i++)
	{
		uint64_t	here = word_of(table, at, 0);

		if (here == 0)
			break;
		if (here == from && word_of(table, at, 1) != 0)
		{
			if (n < most)
				to[n] = word_of(table, at, 1);
			n++;
		}
		if (++at == table->npairs)
			at = 0;
	}
	return n;
}

/* protaddr_link_store adds one whom an identifier stands for, where one was taken away if there is such a place. */
PaFactStored
protaddr_link_store(PaLinkTable *table, uint64_t used, uint64_t from, uint64_t to)
{
	uint64_t	at = first_pair(table, from);
	uint64_t	place = table->npairs;

	for (uint64_t i = 0; i < table->npairs; i++)
	{
		uint64_t	here = word_of(table, at, 0);

		if (here == 0)
			break;
		if (here == from && word_of(table, at, 1) == to)
			return PA_FACT_THERE;
		if (here == from && word_of(table, at, 1) == 0)
			place = at;
		if (++at == table->npairs)
			at = 0;
	}
	if (place < table->npairs)
	{
		__atomic_store_n(&table->pair[place * 2 + 1], to, __ATOMIC_RELAXED);
		return PA_FACT_THERE;
	}
	if (used >= protaddr_fact_room(table->npairs))
		return PA_FACT_FULL;
	__atomic_store_n(&table->pair[at * 2 + 1], to, __ATOMIC_RELAXED);
	__atomic_store_n(&table->pair[at * 2], from, __ATOMIC_RELEASE);
	return PA_FACT_NEW;
}

/* protaddr_link_keep takes away whom an identifier does not stand for any more. */
void
protaddr_link_keep(PaLinkTable *table, uint64_t from, const uint64_t *keep, int nkeep)
{
	uint64_t	at = first_pair(table, from);

	for (uint64_t i = 0; i < table->npairs; i++)
	{
		uint64_t	here = word_of(table, at, 0);
		bool		kept = false;

		if (here == 0)
			break;
		for (int j = 0; j < nkeep && here == from; j++)
			kept = kept || word_of(table, at, 1) == keep[j];
		if (here == from && !kept)
			__atomic_store_n(&table->pair[at * 2 + 1], 0, __ATOMIC_RELAXED);
		if (++at == table->npairs)
			at = 0;
	}
}
