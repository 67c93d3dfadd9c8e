/*
 * place.c
 *		Which floor, door, post code and town stand around a street and its number?
 */
#include "guard/match_int.h"

#include <string.h>

#define TOWN_WORDS		4
#define CODE_PIECES		5
#define TAIL_PIECES		16		/* behind the number, until the place has to come */
#define TAIL_UNKNOWN	6		/* words of it that are neither floor, door nor place */

static void
add_place(PaAround *around, uint32_t code, uint32_t town, bool part, int first, int last)
{
	PaPlace    *place;

	if (around->nplaces == PA_AROUND_PLACES)
		return;
	place = &around->place[around->nplaces++];
	place->code = code;
	place->town = town;
	place->part = part;
	place->first = first;
	place->last = last;
}

/* protaddr_read_towns notes the towns whose names begin with a piece; true if there are any. */
bool
protaddr_read_towns(const PaSearch *search, int at, int end, PaAround *around)
{
	const PaGuardIndex *index = search->index;
	const PaPiece *piece = search->piece;
	bool		found = false;

	if (piece[at].size > PA_NAME_SIZE)
		return false;
	if (!protaddr_maybe(index, PA_MAYBE_TOWN, protaddr_quick_hash(&index->key, piece[at].own, piece[at].size)))
	{
		/* the first word may be broken in two */
		if (at + 1 >= end || piece[at + 1].digits || piece[at + 1].gap != PA_GAP_BLANK ||
			piece[at].size + piece[at + 1].size > PA_NAME_SIZE ||
			!protaddr_maybe(index, PA_MAYBE_TOWN, protaddr_quick_hash(&index->key, piece[at].own * index->key.power[piece[at + 1].size] + piece[at + 1].own,
																	  piece[at].size + piece[at + 1].size)))
			return false;
	}
	for (int last = at; last < end && last < at + TOWN_WORDS; last++)
	{
		uint64_t	hash;
		uint32_t	town;
		PaHits		hits;

		if (piece[last].digits)
			break;
		hash = protaddr_pieces_hash(&index->key, &piece[at], &piece[last]);
		if (hash == 0)
			break;
		hits = protaddr_hits(index, PA_TOWNS, hash, 0);
		while (protaddr_next_hit(&hits, &town))
		{
			add_place(around, 0, PA_VALUE_ID(town), PA_VALUE_KIND(town) == PA_ALIAS_CUT, at, last);
			found = true;
		}
	}
	return found;
}

/* read_codes notes what may be a post code from a piece on; true if it looks like one. */
static bool
read_codes(const PaSearch *search, int at, int end, PaAround *around)
{
	const PaGuardIndex *index = search->index;
	const PaPiece *piece = search->piece;
	bool		looks = false;

	if (piece[at].digits ? piece[at].size < 3 && (at + 1 >= end || piece[at + 1].digits) :
		piece[at].size > 3 || at + 1 >= end || !piece[at + 1].digits)
		return false;
	for (int last = at; last < end && last < at + CODE_PIECES; last++)
	{
		uint64_t	hash;

		if (last > at && piece[last].gap > PA_GAP_MARK)
			break;
		if (last > at && !piece[last].digits && piece[last].size > 3)
			break;
		if (piece[last].size > 6)
			break;
		hash = protaddr_pieces_hash(&index->key, &piece[at], &piece[last]);
		if (last == at && (!piece[at].digits || piece[at].size < 3))
			continue;
		add_place(around, protaddr_code_of(index, hash), 0, false, at, last);
	}
	if (!piece[at].digits)
		looks = protaddr_british_code(piece, at, end) > 0;
	else
		looks = (piece[at].size == 4 || piece[at].size == 5) ||
			(piece[at].size == 3 && at + 1 < end && piece[at + 1].digits && piece[at + 1].size == 2 &&
			 piece[at + 1].gap <= PA_GAP_MARK);
	return looks;
}

bool
protaddr_is_word_of(const PaTable *table, const PaGuardIndex *index, const PaPiece *first, const PaPiece *last)
{
	uint32_t	ignored;
	uint64_t	hash = protaddr_pieces_hash(&index->key, first, last);

	return hash != 0 && protaddr_table_find(table, hash, &ignored);
}

/* protaddr_code_begins is true if digits stand where a post code may and a town follows them. */
bool
protaddr_code_begins(const PaSearch *search, int at, const PaAround *around)
{
	const PaPiece *piece = search->piece;
	int			next = at + 1;

	if (!piece[at].digits || around->unit.label || (at > 0 && protaddr_is_dwelling(&piece[at], &piece[at - 1])))
		return false;
	if (piece[at].size == 3 && next < search->n && piece[next].digits && piece[next].size == 2 &&
		piece[next].gap <= PA_GAP_MARK)
		return true;
	if (piece[at].size < 4)
		return false;
	if (next >= search->n)
		return true;
	if (piece[next].digits)
		return piece[next].size < 3;

	/* the code is still to come: "1707, S-971 75" */
	return !(piece[next].size <= 2 && next + 1 < search->n && piece[next + 1].digits && piece[next + 1].size >= 3);
}

static bool
ends_at_slash(const PaSearch *search, const PaPiece *piece)
{
	const char *text = search->reader.text + piece->end;
	uint32_t	len = search->reader.len - piece->end;

	return len > 0 && (text[0] == '/' || (len > 2 && text[0] == '%' && text[1] == '2' && (text[2] | 0x20) == 'f'));
}

/* protaddr_is_line_tag is true for the number that begins the last line of MT 50F: "3/DK/8000 TESTBY". */
bool
protaddr_is_line_tag(const PaSearch *search, const PaPiece *piece, int n)
{
	PaUnit		ignored = {0};

	return n > 2 && piece->digits && piece->number == 3 && piece->size == 1 && ends_at_slash(search, piece) &&
		!piece[1].digits && piece[1].size == 2 && piece[1].gap == PA_GAP_MARK && piece[2].gap == PA_GAP_MARK &&
		protaddr_read_unit(search->index, &piece[1], n - 1, &ignored) == 0;
}

/* protaddr_read_tail reads floor, door and place behind a number. */
void
protaddr_read_tail(const PaSearch *search, int from, PaAround *around)
{
	const PaPiece *piece = search->piece;
	int			end = from + TAIL_PIECES < search->n ? from + TAIL_PIECES : search->n;
	int			unknown = 0;
	bool		in_unit = true;

	memset(around, 0, sizeof(*around));
	around->unit_end = from - 1;
	for (int at = from; at < end;)
	{
		int			taken;

		if (protaddr_is_line_tag(search, &piece[at], end - at))
		{
			at++;
			continue;
		}
		if (in_unit && !protaddr_code_begins(search, at, around) &&
			(taken = protaddr_read_unit(search->index, &piece[at], end - at, &around->unit)) > 0)
		{
			around->unit_end = at + taken - 1;
			at += taken;
			continue;
		}
		if (read_codes(search, at, end, around))
		{
			/* a number behind other words is one only if a town follows it: no year */
			if (unknown == 0 || !piece[at].digits ||
				(at + 1 < end && (piece[at + 1].digits || piece[at + 1].gap != PA_GAP_MARK)))
			{
				if (!around->other_code)
					around->code_apart = unknown > 0;
				around->other_code = true;
			}
			in_unit = false;
		}
		else if (!piece[at].digits)
		{
			if (protaddr_read_towns(search, at, end, around))
				in_unit = false;
			else if (piece[at].size > 2 || piece[at].gap == PA_GAP_NONE ||
					 (at + 1 < end && piece[at + 1].digits && piece[at + 1].gap == PA_GAP_NONE))
			{
				in_unit = false;
				if (++unknown > TAIL_UNKNOWN)
					break;
			}
		}
		else if (!in_unit)
		{
			/* the second half of a code ("SW1A 1AA"), or another number */
			if (piece[at].gap != PA_GAP_NONE && !protaddr_british_end(piece, at, end) && (at == from || !piece[at - 1].digits))
				break;
		}
		at++;
	}
}

/* protaddr_stands_in_place is true if a post code and town stand directly before a street. */
bool
protaddr_stands_in_place(const PaSearch *search, int first, const PaAround *head)
{
	const PaPiece *piece = search->piece;

	for (int i = 0; i < head->nplaces; i++)
	{
		const PaPlace *town = &head->place[i];
		int			code = town->first - 1;

		if (town->town == 0)
			continue;
		if (town->last == first - 1 && code >= 0 &&
			(piece[code].digits || (code > 0 && piece[code].size == 2 && piece[code - 1].digits && piece[code - 1].size == 4)))
			break;
		if (town->last + 1 < first && town->last + 1 + protaddr_british_code(piece, town->last + 1, first) == first)
			break;
		if (i == head->nplaces - 1)
			return false;
	}
	if (head->nplaces == 0)
		return false;

	/* in one line with the street */
	for (uint32_t at = piece[first - 1].end; at < piece[first].start; at++)
		if (search->reader.text[at] != ' ' && search->reader.text[at] != ',')
			return false;
	return true;
}

/* protaddr_read_head reads what place stands before a street. */
void
protaddr_read_head(const PaSearch *search, int before, PaAround *around)
{
	int			from = before > PA_HEAD_PIECES ? before - PA_HEAD_PIECES : 0;

	memset(around, 0, sizeof(*around));
	for (int at = from; at < before; at++)
	{
		(void) read_codes(search, at, before, around);
		if (!search->piece[at].digits)
			(void) protaddr_read_towns(search, at, before, around);
	}
}
