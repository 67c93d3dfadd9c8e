/*
 * matcher_int.h
 *		How the matcher keeps what it looks for.  Pure.
 */
#ifndef PROTADDR_GUARD_MATCHER_INT_H
#define PROTADDR_GUARD_MATCHER_INT_H

#include "guard/matcher.h"

/* ---- alias.c: in which ways a name is written ------------------------------------------- */

typedef enum PaAliasKind
{
	PA_ALIAS_NAME = 0,			/* the name itself */
	PA_ALIAS_OTHERWISE,			/* the same, with other letters or cut short as usual */
	PA_ALIAS_CUT				/* its beginning */
} PaAliasKind;

/* A word of the language tables, in each form. */
typedef struct PaWordForms
{
	PaWordKind	kind;
	PaFolded	word;
	PaFolded	means;
} PaWordForms;

/*
 * Told of each alias, and of the letters of the first piece and of the last one that a
 * text has that is written so.
 */
typedef bool (*PaAliasFound) (void *arg, PaAliasKind kind, const char *letters, int len, int first_len,
							  const char *last, int last_len);

extern bool protaddr_aliases(const PaGuardIndex *words, const PaFolded *name, PaAliasFound found, void *arg);

/* ---- index.c: fingerprints ----------------------------------------------------------------- */

/* Fingerprints and what they stand for; several may be alike. */
typedef struct PaTable
{
	uint64_t   *print;			/* 0: nothing */
	uint32_t   *value;
	size_t		size;
	size_t		used;
} PaTable;

/* of a table's values */
#define PA_VALUE_ID(value)		((value) & 0x3FFFFFFF)
#define PA_VALUE_KIND(value)	((PaAliasKind) ((value) >> 30))

typedef struct PaEntry
{
	uint32_t	key[2];			/* of street and number; both 0: nothing */
	uint32_t	id;
	uint32_t	code;			/* the post code; 0: it has none */
	uint32_t	town;			/* number of its name; 0: it has none */
	uint32_t	unit;			/* floor and door: all of it, and how many parts */
	uint32_t	unit_first;
} PaEntry;

/* floor, stairs, door: no more parts are compared */
#define PA_UNIT_PARTS		4
#define PA_UNIT_COUNT(unit) ((int) ((unit) & 7))

typedef struct PaStreet
{
	uint32_t	town;			/* one in which it is */
	uint8_t		ntowns;			/* in how many, up to 3 */
	bool		common;			/* many towns have it */
	bool		alone;			/* some address has no number in it */
	uint8_t		letters;
} PaStreet;

/* whose number is that of a post office box */
#define PA_STREET_BOX		1

/* What a word says about a floor or door, beside letters and digits themselves. */
#define PA_SAYS_NOTHING		1

#define PA_ANOTHER_STREET	1
#define PA_MAYBE_ANOTHER	2

/* the bits of a name's fingerprint that say which letter it is without */
#define PA_WHICH_LETTER		UINT64_C(63)

typedef enum PaTableName
{
	PA_UNIT_WORDS = 0,			/* to a hash of what they mean, or PA_SAYS_NOTHING */
	PA_NUMBER_WORDS,
	PA_BEFORE_WORDS,			/* to PA_ANOTHER_STREET, or PA_MAYBE_ANOTHER */
	PA_COMMON,					/* names of streets */
	PA_CODES,					/* post codes to those they stand for */
	PA_NAME_PARTS,				/* what words of names are, or end with, to those in word */
	PA_ENDINGS,					/* of streets */
	PA_WORD_TABLES,				/* so far from the words alone */
	PA_ALIASES = PA_WORD_TABLES,	/* to streets */
	PA_WITHOUT,					/* names of streets without one letter, to streets */
	PA_TOWNS,					/* their aliases */
	PA_CHANGED,					/* streets of the index below, to where they stand in this one */
	PA_LAST_WORDS,				/* of aliases; to make the filter of, nobody looks here */
	PA_TABLES
} PaTableName;

/*
 * Which fingerprints there may be.  Most of what stands in a text is not there, and a filter
 * stays in the processor's caches where a table does not.  It never says no to what is there.
 */
typedef struct PaFilter
{
	uint64_t   *word;
	size_t		nwords;			/* a power of 2 */
	int			shift;			/* 64 less its logarithm */
} PaFilter;

typedef enum PaFilterName
{
	PA_MAYBE_LAST = 0,			/* quick hashes of last words of aliases */
	PA_MAYBE_ALIAS,				/* of streets */
	PA_MAYBE_TOWN,				/* quick hashes of first words of towns */
	PA_MAYBE_NUMBER,			/* of houses, wherever they are */
	PA_MAYBE_CODE,				/* post codes */
	PA_MAYBE_PLACE,				/* numbers in a place */
	PA_FILTERS
} PaFilterName;

struct PaGuardIndex
{
	PaGuardMemory memory;
	PaPieceKey	key;
	const PaGuardIndex *below;	/* what is looked for as well, with none below it; its words are
								 * ours */
	size_t		bytes;
	PaWordForms *word;			/* of names */
	size_t		nwords;
	uint64_t	part_lengths;	/* a bit for each, of name parts */
	uint64_t	ending_lengths;
	uint64_t	bis[3];			/* bis, ter, quater */
	PaTable		table[PA_TABLES];
	PaFilter	filter[PA_FILTERS];
	PaStreet   *street;			/* by their number, less that of the last one below */
	uint32_t	nstreets;		/* the number of the last one */
	uint32_t	room_streets;
	uint32_t	ntowns;
	PaEntry    *entry;
	size_t		nentries;		/* places */
	size_t		used;
};

static inline size_t
protaddr_table_place(const PaTable *table, uint64_t print)
{
	return (size_t) (((unsigned __int128) print * table->size) >> 64);
}

/* Adds one; there is room. */
static inline void
protaddr_table_put(PaTable *table, uint64_t print, uint32_t value)
{
	size_t		at = protaddr_table_place(table, print);

	while (table->print[at] != 0)
		at = at + 1 == table->size ? 0 : at + 1;
	table->print[at] = print;
	table->value[at] = value;
	table->used++;
}

/* Adds an entry, unless it is nothing; there is room. */
static inline void
protaddr_entry_put(PaEntry *entries, size_t nentries, const PaEntry *entry)
{
	uint64_t	key = (uint64_t) entry->key[0] << 32 | entry->key[1];
	size_t		at = (size_t) (((unsigned __int128) key * nentries) >> 64);

	if (key == 0)
		return;
	while (entries[at].key[0] != 0 || entries[at].key[1] != 0)
		at = at + 1 == nentries ? 0 : at + 1;
	entries[at] = *entry;
}

/* The first place at or behind *at that has the fingerprint; false if there is none. */
static inline bool
protaddr_table_next(const PaTable *table, uint64_t print, size_t *at)
{
	if (table->size == 0)
		return false;
	for (;; *at = *at + 1 == table->size ? 0 : *at + 1)
	{
		if (table->print[*at] == 0)
			return false;
		if (table->print[*at] == print)
			return true;
	}
}

static inline bool
protaddr_table_find(const PaTable *table, uint64_t print, uint32_t *value)
{
	size_t		at = protaddr_table_place(table, print);

	if (!protaddr_table_next(table, print, &at))
		return false;
	*value = table->value[at];
	return true;
}

/* The index that is to be asked first, and the next one: as if what was added first stood in front. */
static inline const PaGuardIndex *
protaddr_first_index(const PaGuardIndex *index)
{
	return index->below != NULL ? index->below : index;
}

static inline const PaGuardIndex *
protaddr_next_index(const PaGuardIndex *index, const PaGuardIndex *now)
{
	return now == index ? NULL : index;
}

/* What a table has under a fingerprint, below and here. */
typedef struct PaHits
{
	const PaGuardIndex *index;
	const PaGuardIndex *now;	/* the one that is being asked; NULL: there is no more */
	PaTableName name;
	uint64_t	print;
	uint64_t	ignored;		/* bits of fingerprints that are not compared */
	size_t		at;
	uint64_t	found;			/* the last fingerprint */
} PaHits;

static inline PaHits
protaddr_hits(const PaGuardIndex *index, PaTableName name, uint64_t print, uint64_t ignored)
{
	PaHits		hits = {index, protaddr_first_index(index), name, print & ~ignored, ignored, SIZE_MAX, 0};

	return hits;
}

/* Gives the next value; false if there is no more. */
static inline bool
protaddr_next_hit(PaHits *hits, uint32_t *value)
{
	for (; hits->now != NULL; hits->now = protaddr_next_index(hits->index, hits->now), hits->at = SIZE_MAX)
	{
		const PaTable *table = &hits->now->table[hits->name];

		if (table->size == 0)
			continue;
		if (hits->at == SIZE_MAX)
			hits->at = protaddr_table_place(table, hits->print);
		while (table->print[hits->at] != 0)
		{
			size_t		at = hits->at;

			hits->at = at + 1 == table->size ? 0 : at + 1;
			if ((table->print[at] & ~hits->ignored) != hits->print)
				continue;
			hits->found = table->print[at];
			*value = table->value[at];
			return true;
		}
	}
	return false;
}

/* The first value of a fingerprint, below or here. */
static inline bool
protaddr_hit(const PaGuardIndex *index, PaTableName name, uint64_t print, uint32_t *value)
{
	PaHits		hits = protaddr_hits(index, name, print, 0);

	return protaddr_next_hit(&hits, value);
}

/*
 * The bits of a fingerprint: three of one word, so that a look touches one place in memory.  Not
 * its lowest ones, which a quick hash mixes badly, nor the highest, which say what word it is.
 */
static inline uint64_t
protaddr_filter_bits(uint64_t print)
{
	return UINT64_C(1) << (print >> 14 & 63) | UINT64_C(1) << (print >> 20 & 63) | UINT64_C(1) << (print >> 26 & 63);
}

static inline void
protaddr_filter_put(PaFilter *filter, uint64_t print)
{
	filter->word[print >> filter->shift] |= protaddr_filter_bits(print);
}

static inline bool
protaddr_filter_passes(const PaFilter *filter, uint64_t print)
{
	return (protaddr_filter_bits(print) & ~filter->word[print >> filter->shift]) == 0;
}

/* Has a place of a filter fetched that will be looked at soon. */
static inline void
protaddr_filter_fetch(const PaFilter *filter, uint64_t print)
{
	__builtin_prefetch(&filter->word[print >> filter->shift]);
}

/* True if there may be a fingerprint, below or here. */
static inline bool
protaddr_maybe(const PaGuardIndex *index, PaFilterName name, uint64_t print)
{
	return protaddr_filter_passes(&index->filter[name], print) ||
		(index->below != NULL && protaddr_filter_passes(&index->below->filter[name], print));
}

static inline uint64_t
protaddr_remix(uint64_t x)
{
	x ^= x >> 31;
	x *= UINT64_C(0x9e3779b97f4a7c15);
	x ^= x >> 29;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 32;
	return x;
}

/* Of a street, a number and its letter (0: none). */
static inline uint64_t
protaddr_entry_key(const PaGuardIndex *index, uint32_t street, uint32_t number, char letter)
{
	uint64_t	key = protaddr_remix(((uint64_t) street << 32 | number) ^ index->key.mix ^
									 ((uint64_t) (unsigned char) letter << 56));

	return key != 0 ? key : 1;
}

/* Of a number in a place: code or town; 0: anywhere, or whatever number. */
static inline uint64_t
protaddr_place_key(const PaGuardIndex *index, uint32_t number, uint32_t place)
{
	return protaddr_remix(((uint64_t) place << 32 | number) ^ index->key.base);
}

static inline bool
protaddr_may_be_number(const PaGuardIndex *index, uint32_t number)
{
	return protaddr_maybe(index, PA_MAYBE_NUMBER, protaddr_place_key(index, number, 0));
}

static inline bool
protaddr_may_be_town(const PaGuardIndex *index, uint32_t number, uint32_t town)
{
	return protaddr_maybe(index, PA_MAYBE_PLACE, protaddr_place_key(index, number, town | UINT32_C(0x80000000)));
}

/* The small filter says no to most numbers that stand in a text; the large one is far away in memory. */
static inline bool
protaddr_may_be_code(const PaGuardIndex *index, uint32_t number, uint32_t code)
{
	code &= UINT32_C(0x7FFFFFFF);
	return protaddr_maybe(index, PA_MAYBE_CODE, protaddr_place_key(index, 0, code)) &&
		protaddr_maybe(index, PA_MAYBE_PLACE, protaddr_place_key(index, number, code));
}

/* What is known of a street. */
static inline const PaStreet *
protaddr_street(const PaGuardIndex *index, uint32_t street)
{
	const PaGuardIndex *below = index->below;
	uint32_t	at;

	if (below == NULL)
		return &index->street[street];
	if (street > below->nstreets)
		return &index->street[street - below->nstreets];
	if (index->table[PA_CHANGED].used > 0 &&
		protaddr_table_find(&index->table[PA_CHANGED], protaddr_remix(street), &at))
		return &index->street[at];
	return &below->street[street];
}

/* The 32 bits of a post code; another code of the same place gives the same. */
static inline uint32_t
protaddr_code_of(const PaGuardIndex *index, uint64_t hash)
{
	uint32_t	code;

	if (hash == 0)
		return 0;
	if (index->table[PA_CODES].used == 0 || !protaddr_table_find(&index->table[PA_CODES], hash, &code))
		code = (uint32_t) (hash >> 32);
	return code != 0 ? code : 1;
}

/* The letter of a house number: "12 B", "12 bis"; NUL if a piece is none. */
static inline char
protaddr_house_letter(const PaGuardIndex *index, const PaPiece *piece)
{
	uint64_t	hash;

	if (piece->digits || piece->size > 6)
		return '\0';
	if (piece->size == 1)
		return piece->first;
	hash = protaddr_pieces_hash(&index->key, piece, piece);
	for (int i = 0; i < 3; i++)
		if (hash == index->bis[i])
			return "btq"[i];
	return '\0';
}

/* True for the digit that begins the second half of a British post code. */
static inline bool
protaddr_british_end(const PaPiece *piece, int at, int end)
{
	return at + 1 < end && piece[at].digits && piece[at].size == 1 && !piece[at + 1].digits &&
		piece[at + 1].gap == PA_GAP_NONE && piece[at + 1].size == 2;
}

/* How many pieces a British post code has that begins at a piece: SW1A 1AA, M1 1AE; 0: there is none. */
static inline int
protaddr_british_code(const PaPiece *piece, int at, int end)
{
	int			next = at + 2;

	if (at + 3 >= end || piece[at].digits || piece[at].size > 2 || !piece[at + 1].digits || piece[at + 1].size > 2 ||
		piece[at + 1].gap != PA_GAP_NONE)
		return 0;
	if (!piece[next].digits && piece[next].size == 1 && piece[next].gap == PA_GAP_NONE)
		next++;
	return protaddr_british_end(piece, next, end) ? next + 2 - at : 0;
}

/* ---- unit.c: floors and doors -------------------------------------------------------------- */

typedef struct PaUnit
{
	int			nparts;			/* may be more than are kept */
	uint32_t	part[PA_UNIT_PARTS];
	bool		label;			/* the last word said that a number of a floor or door follows */
	bool		number;			/* the last part was a number */
} PaUnit;

/* Norway's numbers of dwellings: H0203. */
static inline bool
protaddr_is_dwelling(const PaPiece *digits, const PaPiece *letter)
{
	return digits->size == 4 && (digits->gap == PA_GAP_NONE || (digits->gap == PA_GAP_BLANK && digits->number < 1000)) &&
		letter->size == 1 &&
		(letter->first == 'h' || letter->first == 'k' || letter->first == 'l' || letter->first == 'u');
}

extern int	protaddr_read_unit(const PaGuardIndex *index, const PaPiece *piece, int n, PaUnit *unit);
extern uint32_t protaddr_unit_hash(const PaUnit *unit, int nparts);

#endif							/* PROTADDR_GUARD_MATCHER_INT_H */
