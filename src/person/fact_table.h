/*
 * fact_table.h
 *		What is told of each identifier, in eight bytes.  Pure.
 *
 * An open-addressing table of words: six bits of facts, and 58 bits of a 64-bit keyed
 * hash of the identifier, whose upper bits choose where the word stands.  So all 64
 * bits have to agree before one identifier is taken for another: among six million
 * people once in 3,000,000,000,000 questions, and the key differs with each table.
 *
 * A word is read and written at once, and stays where it is until the whole table is
 * emptied.  One writer at a time; any number of readers may look meanwhile.
 */
#ifndef PROTADDR_FACT_TABLE_H
#define PROTADDR_FACT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the first three are PROTADDR_HIDES_... */
#define PA_FACT_HIDES		0x07	/* what of the person must not be told */
#define PA_FACT_KNOWN		0x08	/* a register has told of the person */
#define PA_FACT_LINKED		0x10	/* the identifier stands for somebody, or has older numbers;
									 * not told of one of which nothing else is */
#define PA_FACT_UNSETTLED	0x20	/* being changed: the tables know */
#define PA_FACT_ALL			0x3F

#define PA_FACT_KEY_SIZE	16

typedef struct PaFactTable
{
	uint64_t   *word;			/* 0: nothing stands here */
	uint64_t	nwords;			/* PA_FACT_LEAST_WORDS at least, or 0: an empty table */
} PaFactTable;

#define PA_FACT_LEAST_WORDS	1024

/* how many words n identifiers want, and how many may stand in a table */
#define protaddr_fact_words(n)	((uint64_t) (n) + (uint64_t) (n) / 2 + PA_FACT_LEAST_WORDS)
#define protaddr_fact_room(nwords)	((nwords) / 8 * 7)

/* The hash of an identifier. */
extern uint64_t protaddr_fact_hash(const unsigned char key[PA_FACT_KEY_SIZE], const char *id, size_t len);

/* Facts of a hash, 0 if there are none. */
static inline unsigned int
protaddr_fact_find(const PaFactTable *table, uint64_t hash)
{
	uint64_t	wanted = hash << 6 != 0 ? hash << 6 : 1 << 6;
	uint64_t	at;

	if (table->nwords == 0)
		return 0;
	at = (uint64_t) (((unsigned __int128) hash * table->nwords) >> 64);
	for (uint64_t i = 0; i < table->nwords; i++)
	{
		uint64_t	word = __atomic_load_n(&table->word[at], __ATOMIC_ACQUIRE);

		if (word == 0)
			return 0;
		if ((word & ~(uint64_t) PA_FACT_ALL) == wanted)
			return (unsigned int) (word & PA_FACT_ALL);
		if (++at == table->nwords)
			at = 0;
	}
	return 0;
}

/* Has the processor fetch where the facts of a hash stand. */
static inline void
protaddr_fact_prefetch(const PaFactTable *table, uint64_t hash)
{
	if (table->nwords > 0)
		__builtin_prefetch(&table->word[(uint64_t) (((unsigned __int128) hash * table->nwords) >> 64)], 0);
}

typedef enum PaFactStored
{
	PA_FACT_FULL,				/* nothing was stored */
	PA_FACT_NEW,				/* the hash was not there: one more stands in the table */
	PA_FACT_THERE
} PaFactStored;

/* Removes some facts of a hash and adds others; used: how many stand in the table. */
extern PaFactStored protaddr_fact_store(PaFactTable *table, uint64_t used, uint64_t hash,
										unsigned int remove, unsigned int add);

/*
 * Whom an identifier stands for, by hash: pairs in open addressing.  A reader that another
 * one's change may meet has to find out by himself that it has.
 */
typedef struct PaLinkTable
{
	uint64_t   *pair;			/* two words each: from (0: nothing stands here) and to (0: no
								 * more) */
	uint64_t	npairs;
} PaLinkTable;

/* Gives the first "most" of those whom an identifier stands for; their number, which can be more. */
extern int	protaddr_link_find(const PaLinkTable *table, uint64_t from, uint64_t *to, int most);

/* Adds one; used: how many pairs stand in the table. */
extern PaFactStored protaddr_link_store(PaLinkTable *table, uint64_t used, uint64_t from, uint64_t to);

/* Takes all away but some. */
extern void protaddr_link_keep(PaLinkTable *table, uint64_t from, const uint64_t *keep, int nkeep);

#endif							/* PROTADDR_FACT_TABLE_H */
