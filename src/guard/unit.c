/*
 * unit.c
 *		Which floor and door does a text name?
 *
 * "2. sal tv.", "2tv" and "02 th" are numbers, letters, and words that the language
 * tables know: either they mean something (til højre: th), or they only say that a number
 * is one of a floor or door (sal, lejlighed).
 */
#include "guard/matcher_int.h"

/* digits with which a post code begins at the earliest */
#define UNIT_DIGITS		5

static bool
add_part(PaUnit *unit, uint32_t part)
{
	if (unit->nparts < PA_UNIT_PARTS)
		unit->part[unit->nparts] = part;
	unit->nparts++;
	unit->label = false;
	unit->number = false;
	return true;
}

static bool
says_nothing(const PaGuardIndex *index, const PaPiece *piece)
{
	uint32_t	means = 0;

	return !piece->digits &&
		protaddr_table_find(&index->table[PA_UNIT_WORDS], protaddr_pieces_hash(&index->key, piece, piece), &means) &&
		means == PA_SAYS_NOTHING;
}

/*
 * letter_is_part is true for a letter that belongs to a number, as on stairs ("B 12",
 * "B as. 12") or in "H0203"; not for the country's of a post code ("S 123 45", "D 10115").
 */
static bool
letter_is_part(const PaGuardIndex *index, const PaPiece *piece, int n)
{
	int			next = n > 2 && says_nothing(index, &piece[1]) ? 2 : 1;

	if (next >= n || !piece[next].digits || piece[next].gap > PA_GAP_MARK ||
		(piece->gap == PA_GAP_NONE && piece[next].gap != PA_GAP_NONE))
		return piece->gap == PA_GAP_NONE;
	if (piece[next].size == 3 && next + 1 < n && piece[next + 1].digits && piece[next + 1].size == 2)
		return false;
	return piece[next].size < 4 || protaddr_is_dwelling(&piece[next], piece);
}

/*
 * protaddr_read_unit
 *		Read the next part of a floor or door; gives how many pieces it takes, 0 if none
 *		is there.
 */
int
protaddr_read_unit(const PaGuardIndex *index, const PaPiece *piece, int n, PaUnit *unit)
{
	uint32_t	means = 0;

	if (n <= 0)
		return 0;
	if (piece->digits)
	{
		if (piece->size > UNIT_DIGITS)
			return 0;
		add_part(unit, piece->number);
		unit->number = true;
		return 1;
	}

	/* the longest words first: "til højre", "t. h." */
	for (int words = n >= 3 ? 3 : n; words >= 1; words--)
	{
		uint64_t	hash;

		if (piece[words - 1].digits)
			continue;
		hash = protaddr_pieces_hash(&index->key, piece, piece + words - 1);
		if (hash == 0 || !protaddr_table_find(&index->table[PA_UNIT_WORDS], hash, &means))
			continue;
		if (means == PA_SAYS_NOTHING)
		{
			/* "2. sal" is about the number before it, "dør 5" about the next one */
			unit->label = !unit->number;
			unit->number = false;
		}
		else
			add_part(unit, means);
		return words;
	}

	if (piece->size == 1 && piece->gap == PA_GAP_NONE && unit->number && unit->nparts <= PA_UNIT_PARTS &&
		!(n > 1 && piece[1].digits && piece[1].gap == PA_GAP_NONE))
	{
		/* "1b" is one part */
		unit->part[unit->nparts - 1] ^= (uint32_t) (unsigned char) piece->first << 24;
		unit->number = false;
		return 1;
	}
	if (piece->size == 1 && letter_is_part(index, piece, n))
	{
		add_part(unit, UINT32_C(0x80000000) | (unsigned char) piece->first);
		return 1;
	}
	return 0;
}

/*
 * protaddr_unit_hash
 *		Give what is kept of the first parts of a floor and door; 0: none.
 */
uint32_t
protaddr_unit_hash(const PaUnit *unit, int nparts)
{
	uint64_t	hash = 0;

	if (nparts > PA_UNIT_PARTS)
		nparts = PA_UNIT_PARTS;
	if (nparts == 0)
		return 0;
	for (int i = 0; i < nparts; i++)
		hash = protaddr_remix(hash + unit->part[i] + 1);
	return (uint32_t) (hash & ~UINT64_C(7)) | (uint32_t) nparts;
}
