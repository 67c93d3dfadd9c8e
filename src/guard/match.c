/*
 * match.c
 *		Does a text name an address that is looked for?
 *
 * Where a word may be the last one of some street's name, the words before it are tried
 * with it; where a street is named, the number beside it; and where that street with that
 * number is looked for, floor, door and place are read and compared.  A number in a
 * place that some address looked for has, behind a name that no street has, is tried with
 * one letter of the name changed.
 */
#include "guard/match_int.h"

#include <stddef.h>
#include <string.h>

/* what of the text at hand is looked back at, and read ahead */
#define PIECES_BEFORE	64
#define PIECES_BEHIND	48

#define FETCH_AHEAD		8		/* pieces */

#define STREET_WORDS	8
#define UNIT_BEFORE		4		/* a flat before the number */
#define PLACE_PIECES	9
#define FIELDS_AWAY		10

/* a name of so many letters is rare enough to say something without a place */
#define RARE_LETTERS	8

static const PaAround no_surroundings;

static void
tell(PaSearch *search, uint32_t id, PaCertainty certainty, int first, int last)
{
	PaGuardMatch match;

	match.id = id;
	match.certainty = certainty;
	if (search->outer)
	{
		match.start = search->outer_start;
		match.length = search->outer_length;
	}
	else
	{
		match.start = search->piece[first].start;
		match.length = search->piece[last].end - search->piece[first].start;
	}
	if (search->last.id == id && search->last.certainty == certainty &&
		search->last.start == match.start && search->last.length == match.length)
		return;
	search->last = match;
	if (!search->found(search->arg, &match))
		search->stop = true;
}

/* ---- comparing ---------------------------------------------------------------------------------- */

typedef struct Agreement
{
	bool		code;
	bool		town;
	bool		town_part;		/* a part of its name alone */
	bool		other_town;
	bool		other_whole;	/* with all of its name */
	bool		town_apart;		/* another one, that does not stand where theirs does */
	int			first;			/* pieces, if any */
	int			last;
} Agreement;

static void
compare_places(const PaAround *around, const PaEntry *entry, Agreement *agreement)
{
	memset(agreement, 0, sizeof(*agreement));
	agreement->first = -1;
	for (int i = 0; i < around->nplaces; i++)
	{
		const PaPlace *place = &around->place[i];

		if (place->code != 0 ? place->code != entry->code : place->town != entry->town)
		{
			agreement->other_town |= place->town != 0;
			agreement->other_whole |= place->town != 0 && !place->part;
			continue;
		}
		if (place->code != 0)
			agreement->code = true;
		else if (place->part)
			agreement->town_part = true;
		else
			agreement->town = true;
		if (agreement->first < 0 || place->first < agreement->first)
			agreement->first = place->first;
		if (place->last > agreement->last)
			agreement->last = place->last;
	}
	for (int i = 0; i < around->nplaces; i++)
		agreement->town_apart |= around->place[i].town != 0 && around->place[i].town != entry->town &&
			(around->place[i].first > agreement->last || around->place[i].last < agreement->first);
}

typedef enum UnitAgreement
{
	UNIT_DIFFERS,
	UNIT_MISSING,				/* some of it, or all */
	UNIT_MORE,					/* the text has more */
	UNIT_SAME
} UnitAgreement;

static UnitAgreement
compare_units(const PaUnit *unit, const PaEntry *entry)
{
	int			theirs = PA_UNIT_COUNT(entry->unit);
	int			ours = unit->nparts > PA_UNIT_PARTS ? PA_UNIT_PARTS : unit->nparts;

	if (ours == theirs)
		return protaddr_unit_hash(unit, ours) == entry->unit ? UNIT_SAME : UNIT_DIFFERS;
	if (ours == 0)
		return UNIT_MISSING;
	if (ours < theirs)
		return protaddr_unit_hash(unit, 1) == entry->unit_first ? UNIT_MISSING : UNIT_DIFFERS;
	return theirs == 0 || protaddr_unit_hash(unit, theirs) == entry->unit ? UNIT_MORE : UNIT_DIFFERS;
}

/*
 * read_unit_before reads the flat that stands before a number: "Flat 3, 12 High Street".
 * Gives its first piece, before if there is none.
 */
static int
read_unit_before(const PaSearch *search, int before, PaUnit *unit)
{
	for (int first = before > UNIT_BEFORE ? before - UNIT_BEFORE : 0; first < before - 1; first++)
	{
		int			at = first;

		memset(unit, 0, sizeof(*unit));
		if (search->piece[first].digits ||
			protaddr_read_unit(search->index, &search->piece[first], before - first, unit) == 0 || unit->nparts > 0)
			continue;
		while (at < before)
		{
			int			taken = protaddr_read_unit(search->index, &search->piece[at], before - at, unit);

			if (taken == 0)
				break;
			at += taken;
		}
		if (at == before && unit->nparts > 0)
			return first;
	}
	memset(unit, 0, sizeof(*unit));
	return before;
}

/* How a street has been found, and the number beside it. */
typedef struct Named
{
	uint32_t	street;
	PaAliasKind kind;
	bool		spelled_otherwise;	/* but for one letter */
	bool		apart;			/* the number stands somewhere else in the fields around */
	int			first;			/* pieces of both */
	int			last;
	uint32_t	number;
	char		letter;
	int			number_at;		/* its piece, -1: there is none */
} Named;

/*
 * longer_name says whether a word stands directly before a street that makes another one of
 * it: "Gamle Skolevej" is not "Skolevej" (PA_ANOTHER_STREET), "Doktor Skolevej" may not be
 * (PA_MAYBE_ANOTHER); 0: there is none.
 */
static uint32_t
longer_name(const PaSearch *search, int first)
{
	const PaPiece *before = &search->piece[first - 1];
	const char *text = search->reader.text;
	uint32_t	what = 0;

	if (before->digits || search->piece[first].gap > PA_GAP_MARK)
		return 0;
	for (uint32_t at = before->end; at < search->piece[first].start; at++)
		if (strchr(" .+\t", text[at]) == NULL && (text[at] & 0x80) == 0)
			return 0;
	(void) protaddr_hit(search->index, PA_BEFORE_WORDS, protaddr_pieces_hash(&search->index->key, before, before), &what);
	return what;
}

/* comma_before is true if a comma stands directly before a piece. */
static bool
comma_before(const PaSearch *search, int at)
{
	const char *text = search->reader.text;

	for (uint32_t i = search->piece[at - 1].end; i < search->piece[at].start; i++)
		if (text[i] == ',' || (text[i] == '%' && text[i + 1] == '2' && (text[i + 2] | 0x20) == 'c'))
			return true;
	return false;
}

/* What is said of an address that may be the one in the text. */
typedef enum Answer
{
	IS_NOT,
	MAY_BE,						/* or another one */
	IS
} Answer;

/* is_its_name says whether a street is called just so, and not longer. */
static Answer
is_its_name(const PaSearch *search, const Named *named)
{
	uint32_t	longer;

	if (named->first == 0 || named->number_at == named->first)
		return IS;
	longer = longer_name(search, named->first);
	return longer == PA_ANOTHER_STREET ? IS_NOT : longer == PA_MAYBE_ANOTHER ? MAY_BE : IS;
}

/*
 * is_its_house says whether a letter that stands apart behind a number ("12 C") leaves it the
 * number of a house: then it is a flat's, a country's, or the word "i".
 */
static Answer
is_its_house(const PaSearch *search, const Named *named)
{
	int			at = named->number_at + 1;
	const PaPiece *letter = &search->piece[at];
	PaUnit		ignored = {0};

	/* "12 bis, rue" is another house than 12; "12 A High Street" may be */
	if (named->number_at == named->first)
		return letter->size > 1 ? IS_NOT : MAY_BE;
	if (letter->first == 'i' ||
		(at + 1 < search->n && letter[1].digits && letter[1].size >= 3 && !comma_before(search, at + 1)) ||
		protaddr_read_unit(search->index, letter, search->n - at, &ignored) > 0)
		return IS;
	return IS_NOT;
}

/* agree_on_unit compares floor and door; *first becomes the first piece of a flat before the number. */
static UnitAgreement
agree_on_unit(const PaSearch *search, const Named *named, const PaAround *tail, const PaEntry *entry, int *first)
{
	PaUnit		flat;
	UnitAgreement unit;
	int			before;

	if (tail->unit.nparts > 0 || named->number_at < 0 || named->number_at != named->first || named->apart)
		return compare_units(&tail->unit, entry);
	if (entry->unit == 0)
		return UNIT_SAME;
	before = read_unit_before(search, *first, &flat);
	unit = compare_units(&flat, entry);
	if (unit == UNIT_SAME)
		*first = before;
	return unit;
}

static inline bool
is_known(const Agreement *place)
{
	return place->code || place->town || place->town_part;
}

/*
 * agree_on_place compares post code and town: those behind the number, else those before the
 * street, and of a record all.
 */
static Answer
agree_on_place(const PaSearch *search, const Named *named, const PaAround *tail, const PaEntry *entry,
			   Agreement *place)
{
	Answer		answer = IS;
	PaAround	head;
	Agreement	before;

	compare_places(tail, entry, place);
	if (!is_known(place))
	{
		if (place->other_town || (tail->other_code && !tail->code_apart))
			return IS_NOT;
		protaddr_read_head(search, named->first, &head);
		compare_places(&head, entry, place);
		if (tail->other_code && !(place->code && place->town))
			return IS_NOT;
		if (!is_known(place) && protaddr_stands_in_place(search, named->first, &head))
			return IS_NOT;
		if (tail->other_code)
			answer = MAY_BE;
	}
	else if (!place->code && place->first > named->last)
	{
		/* another place stands before it: only a part of that one may be called like ours */
		protaddr_read_head(search, named->first, &head);
		compare_places(&head, entry, &before);
		if (!before.code && !before.town && protaddr_stands_in_place(search, named->first, &head))
			answer = MAY_BE;
	}
	else if (named->apart && !(place->code && place->town))
	{
		/* the fields of a record stand in any order */
		protaddr_read_head(search, named->first, &head);
		compare_places(&head, entry, &before);
		place->code |= before.code;
		place->town |= before.town;
		if (before.first >= 0)
			place->first = before.first;
	}

	/* another code: the same town's, or a mistake */
	if (!place->code && tail->other_code && entry->code != 0 && (!place->town || place->town_apart))
		return IS_NOT;

	/* the code is ours, and the town beside it, or somewhere else, another one's */
	if (place->code && !place->town && !place->town_part && place->other_whole && entry->town != 0)
		return MAY_BE;
	return answer;
}

/* is_rare tells whether street and number say enough without a place. */
static bool
is_rare(const PaSearch *search, const Named *named, const PaEntry *entry, UnitAgreement unit)
{
	const PaStreet *street = protaddr_street(search->index, named->street);

	if (named->spelled_otherwise || named->kind == PA_ALIAS_CUT || named->apart)
		return false;
	if (entry->code == 0 && entry->town == 0)
		return street->letters >= RARE_LETTERS;
	return (street->letters >= RARE_LETTERS && !street->common && street->ntowns < 3) ||
		(unit == UNIT_SAME && PA_UNIT_COUNT(entry->unit) >= 2);
}

/* is_written_out tells whether name and place are all there as they are kept. */
static bool
is_written_out(const Named *named, const PaEntry *entry, const Agreement *place)
{
	return named->kind == PA_ALIAS_NAME && (place->code || entry->code == 0) && (place->town || entry->town == 0);
}

/*
 * judge compares one address with what stands around its street and number; false if it
 * is none.
 */
static bool
judge(PaSearch *search, const Named *named, const PaAround *tail, const PaEntry *entry, bool letter_apart)
{
	int			first = named->first;
	int			last = tail->unit_end > named->last ? tail->unit_end : named->last;
	Agreement	place;
	Answer		name = is_its_name(search, named);
	Answer		house;
	Answer		there;
	UnitAgreement unit;
	bool		doubt;
	PaCertainty certainty = PA_DOUBTFUL;

	if (name == IS_NOT)
		return false;
	unit = agree_on_unit(search, named, tail, entry, &first);
	if (unit == UNIT_DIFFERS || (unit != UNIT_SAME && letter_apart))
		return false;
	house = letter_apart ? is_its_house(search, named) : IS;
	if (house == IS_NOT)
		return false;
	there = agree_on_place(search, named, tail, entry, &place);
	if (there == IS_NOT || (!is_known(&place) && !is_rare(search, named, entry, unit)))
		return false;

	doubt = name == MAY_BE || house == MAY_BE || there == MAY_BE || unit != UNIT_SAME || !is_known(&place) ||
		named->spelled_otherwise || named->kind == PA_ALIAS_CUT || named->apart ||
		(!place.code && tail->other_code && entry->code != 0);
	if (!doubt)
		certainty = is_written_out(named, entry, &place) ? PA_EXACT : PA_SAFE;
	if (is_known(&place))
	{
		first = place.first < first ? place.first : first;
		last = place.last > last ? place.last : last;
	}
	tell(search, entry->id, certainty, first, last);
	if (named->number_at >= 0)
		search->told_number = search->piece[named->number_at].end;
	return true;
}

/* try_number compares all addresses with a street and number; true if one was told of. */
static bool
try_number(PaSearch *search, const Named *named, int behind, bool letter_apart)
{
	uint64_t	key = protaddr_entry_key(search->index, named->street, named->number, named->letter);
	bool		have_tail = false;
	bool		told = false;
	PaAround	tail;

	for (const PaGuardIndex *index = protaddr_first_index(search->index); index != NULL;
		 index = protaddr_next_index(search->index, index))
	{
		size_t		at = (size_t) (((unsigned __int128) key * index->nentries) >> 64);

		for (; index->entry[at].key[0] != 0 || index->entry[at].key[1] != 0;
			 at = at + 1 == index->nentries ? 0 : at + 1)
		{
			const PaEntry *entry = &index->entry[at];

			if (entry->key[0] != (uint32_t) (key >> 32) || entry->key[1] != (uint32_t) key)
				continue;
			if (!have_tail)
			{
				protaddr_read_tail(search, behind, &tail);
				have_tail = true;
			}
			told |= judge(search, named, &tail, entry, letter_apart);
		}
	}
	return told;
}

static inline bool
may_be_house(const PaPiece *piece)
{
	return piece->digits && piece->number != 0 && piece->size <= 6 && piece->number <= 99999;
}

/*
 * try_number_at takes the digits at a piece as the number of a house, with the letter
 * behind them if there is one.  behind: where floor, door and place are read, if not
 * behind the number.
 */
static bool
try_number_at(PaSearch *search, Named *named, int at, int behind)
{
	const PaPiece *piece = search->piece;
	int			first = named->first;
	int			last = named->last;
	bool		told = false;

	named->number = piece[at].number;
	named->number_at = at;
	if (at < named->first)
		named->first = at;
	if (at > named->last)
		named->last = at;
	/* "4 W High Street": the letter is the street's */
	if (at + 1 != first && at + 1 < search->n && (piece[at + 1].gap <= PA_GAP_BLANK || piece[at + 1].size > 1) &&
		(named->letter = protaddr_house_letter(search->index, &piece[at + 1])) != '\0')
	{
		int			with = at + 1;

		if (with > named->last && behind < 0)
			named->last = with;
		told = try_number(search, named, behind >= 0 ? behind : with + 1, false);
		named->letter = '\0';
		if (at > last)
			named->last = at;
		if (!told && piece[with].gap != PA_GAP_NONE)
			told = try_number(search, named, behind >= 0 ? behind : at + 1, true);
	}
	else
		told = try_number(search, named, behind >= 0 ? behind : at + 1, false);
	named->first = first;
	named->last = last;
	return told;
}

/*
 * stands_before is true if a number before a street may be its own: not the end of a date,
 * and nothing but blanks or a comma between.
 */
static bool
stands_before(const PaSearch *search, int number, int street)
{
	const PaPiece *piece = search->piece;
	const char *text = search->reader.text;
	uint32_t	start = piece[number].start;

	/* the last group of a long number */
	if (number > 1 && piece[number - 1].digits && piece[number - 2].digits &&
		piece[number - 1].size == piece[number].size && piece[number - 2].size == piece[number].size &&
		piece[number - 1].end + 1 == start && text[start - 1] == ' ' &&
		piece[number - 2].end + 1 == piece[number - 1].start && text[piece[number - 2].end] == ' ')
		return false;
	if (number > 0 && piece[number - 1].digits && start > 0 && strchr("-.,/:", text[start - 1]) != NULL &&
		piece[number - 1].end == start - 1)
		return false;
	for (uint32_t at = piece[street - 1].end; at < piece[street].start; at++)
		if (strchr(":;/|-.", text[at]) != NULL)
			return false;
	return true;
}

/* number_before gives the number of a house that stands before a street, with its letter or without; -1: none does. */
static int
number_before(const PaSearch *search, int street)
{
	const PaPiece *piece = search->piece;
	int			at = street - 1;

	if (at > 0 && protaddr_house_letter(search->index, &piece[at]) != '\0' && piece[at - 1].digits)
		at--;
	return at >= 0 && may_be_house(&piece[at]) && stands_before(search, at, street) ? at : -1;
}

/* try_street looks for the number of a street that stands in pieces first to last. */
static bool
try_street(PaSearch *search, Named *named)
{
	const PaPiece *piece = search->piece;
	const PaStreet *street = protaddr_street(search->index, named->street);
	int			next = named->last + 1;
	int			before = number_before(search, named->first);
	bool		told = false;

	/* "nr. 4" */
	if (next + 1 < search->n && !piece[next].digits && !piece[next + 1].digits &&
		protaddr_is_word_of(&search->index->table[PA_NUMBER_WORDS], search->index, &piece[next], &piece[next + 1]))
		next += 2;
	while (next < search->n && next <= named->last + 2 && !piece[next].digits &&
		   protaddr_is_word_of(&search->index->table[PA_NUMBER_WORDS], search->index, &piece[next], &piece[next]))
		next++;
	if (next < search->n && protaddr_is_line_tag(search, &piece[next], search->n - next))
		next = search->n;		/* no number here */
	if (next < search->n && may_be_house(&piece[next]) &&
		!(next == named->last + 1 && comma_before(search, next) && before >= 0))
		told = try_number_at(search, named, next, -1);

	/* "4 High Street", "12 bis, rue de la Paix"; a street with a number behind it has none before */
	if (!told && before >= 0 && !(next < search->n && may_be_house(&piece[next]) && piece[next].gap < PA_GAP_FIELD &&
								  !(next == named->last + 1 && comma_before(search, next)) &&
								  !protaddr_code_begins(search, next, &no_surroundings)))
		told = try_number_at(search, named, before, named->last + 1);
	if (street->alone)
	{
		named->number = 0;
		named->letter = '\0';
		named->number_at = -1;
		told |= try_number(search, named, named->last + 1, false);
	}

	/* in another field of the same record */
	if (!told)
	{
		int			from = named->first > FIELDS_AWAY ? named->first - FIELDS_AWAY : 0;
		int			end = named->last + FIELDS_AWAY < search->n ? named->last + FIELDS_AWAY : search->n;

		if (piece[named->first].gap != PA_GAP_FIELD || (next < search->n && piece[next].gap != PA_GAP_FIELD) ||
			(next < search->n && may_be_house(&piece[next]) && piece[next].size < 4 && !protaddr_code_begins(search, next, &no_surroundings)))
			return false;		/* the next field is the number */
		named->apart = true;
		for (int at = from; at < end && !told; at++)
			if ((at < named->first || at > named->last) && may_be_house(&piece[at]) &&
				piece[at].gap == PA_GAP_FIELD)
				told = try_number_at(search, named, at, named->last + 1);
		named->apart = false;
	}
	return told;
}

/* try_last tries the words that end with a piece as a street's name. */
static void
try_last(PaSearch *search, int last)
{
	const PaGuardIndex *index = search->index;

	for (int first = last; first >= 0 && first > last - STREET_WORDS; first--)
	{
		uint64_t	hash = protaddr_pieces_hash(&index->key, &search->piece[first], &search->piece[last]);
		PaHits		hits = protaddr_hits(index, PA_ALIASES, hash, 0);
		uint32_t	street;

		if (hash == 0)
			break;
		if (!protaddr_maybe(index, PA_MAYBE_ALIAS, hash))
			continue;
		while (protaddr_next_hit(&hits, &street))
		{
			Named		named;

			memset(&named, 0, sizeof(named));
			named.street = PA_VALUE_ID(street);
			named.kind = PA_VALUE_KIND(street);
			named.first = first;
			named.last = last;
			(void) try_street(search, &named);
			if (search->stop)
				return;
		}
	}
}

/* ---- one letter changed ----------------------------------------------------------------------------- */

/* fold_pieces writes some pieces as a name; false if they are too many. */
static bool
fold_pieces(const PaSearch *search, int first, int last, PaFolded *folded)
{
	uint32_t	start = search->piece[first].start;

	return search->piece[last].end - start <= 4 * PA_NAME_SIZE &&
		protaddr_fold_name(search->index->memory.decompose, search->index->memory.arg,
						   search->reader.text + start, search->piece[last].end - start, folded);
}

/*
 * try_changed_form tries the letters of a name but for one; true if an address was told of:
 * then all of which that can be said.
 */
static bool
try_changed_form(PaSearch *search, int first, int last, int number, const char *letters, int len)
{
	const PaGuardIndex *index = search->index;
	uint64_t	before = 0;		/* the sum of the letters before the one left out */
	Named		named;
	bool		told = false;

	if (len < 4)
		return false;
	memset(&named, 0, sizeof(named));
	named.spelled_otherwise = true;
	named.first = first;
	named.last = last;
	for (int without = 0; without <= len; without++)
	{
		uint64_t	sum = before;
		uint64_t	hash;
		uint32_t	street;
		PaHits		hits;

		for (int i = without + 1; i < len; i++)
			sum = sum * index->key.base + protaddr_sign(letters[i]);
		/* without == len: all of them, one letter fewer than the name has */
		hash = protaddr_hash_end(&index->key, sum, (uint32_t) (without < len ? len - 1 : len));

		if (without < len)
		{
			/* one letter more than the name has */
			hits = protaddr_hits(index, PA_ALIASES, hash, 0);
			while (protaddr_next_hit(&hits, &street))
			{
				named.street = PA_VALUE_ID(street);
				if (PA_VALUE_KIND(street) != PA_ALIAS_CUT)
					told |= try_number_at(search, &named, number, number < first ? last + 1 : -1);
			}
			before = before * index->key.base + protaddr_sign(letters[without]);
		}

		/* another letter in its place, or two that stand the other way round */
		hits = protaddr_hits(index, PA_WITHOUT, hash, PA_WHICH_LETTER);
		while (protaddr_next_hit(&hits, &street))
		{
			int			where = (int) (hits.found & PA_WHICH_LETTER);

			if (without < len && (where < without - 1 || where > without + 1))
				continue;
			named.street = PA_VALUE_ID(street);
			told |= try_number_at(search, &named, number, number < first ? last + 1 : -1);
		}
	}
	return told;
}

/*
 * try_changed tries a name but for one letter; true if an address was told of.  Where two
 * letters stand for one of another alphabet, one letter changed may be three.
 */
static bool
try_changed(PaSearch *search, int first, int last, int number)
{
	PaFolded	folded;

	if (!fold_pieces(search, first, last, &folded))
		return false;
	return try_changed_form(search, first, last, number, folded.letters[PA_FORM_SINGLE], folded.len[PA_FORM_SINGLE]);
}

/*
 * near_place is true if a post code or town stands at a piece in which some address looked
 * for has the number.
 */
static bool
near_place(const PaSearch *search, uint32_t number, int at, int end)
{
	const PaGuardIndex *index = search->index;
	const PaPiece *piece = &search->piece[at];
	PaAround	around;

	if (piece->digits)
	{
		int			last = at;

		if (piece->size == 3 && at + 1 < end && piece[1].digits)
			last++;
		else if (piece->size < 3 || piece->size > 6)
			return false;
		for (; last < end && last <= at + 1; last++)
		{
			uint32_t	code = protaddr_code_of(index, protaddr_pieces_hash(&index->key, piece, &search->piece[last]));

			if (protaddr_may_be_code(index, number, code))
				return true;
			if (last + 1 < end && search->piece[last + 1].size > 2)
				break;			/* 1012 AB has two more letters, none has more */
		}
		return false;
	}
	around.nplaces = 0;
	if (!protaddr_read_towns(search, at, end, &around))
		return false;
	for (int i = 0; i < around.nplaces; i++)
		if (protaddr_may_be_town(index, number, around.place[i].town))
			return true;
	return false;
}

/* try_place looks whether a number stands near a place that some address with that number has. */
static void
try_place(PaSearch *search, int number)
{
	const PaGuardIndex *index = search->index;
	const PaPiece *piece = search->piece;
	int			last = number - 1;
	int			end = number + 1 + PLACE_PIECES < search->n ? number + 1 + PLACE_PIECES : search->n;
	bool		near = false;

	if (search->told_number == piece[number].end || piece[last].size < 2 ||
		!protaddr_may_be_number(index, piece[number].number))
		return;
	if (last >= 1 && piece[last].size <= 6 && protaddr_is_word_of(&index->table[PA_NUMBER_WORDS], index, &piece[last], &piece[last]))
		last--;
	if (piece[last].digits || piece[last].size < 2)
		return;
	for (int at = number + 1; at < end && !near; at++)
		near = near_place(search, piece[number].number, at, end);
	for (int at = last > PA_HEAD_PIECES ? last - PA_HEAD_PIECES : 0; at < last && !near; at++)
		near = near_place(search, piece[number].number, at, last);
	if (!near)
		return;
	for (int first = last; first >= 0 && first > last - STREET_WORDS && !search->stop; first--)
	{
		if (piece[last].count - piece[first].count + piece[first].size > PA_NAME_SIZE)
			break;
		if (!piece[first].digits && try_changed(search, first, last, number))
			break;
		if (piece[first].gap == PA_GAP_FIELD)
			break;
	}
}

/* try_place_behind does the same for a number before its street. */
static void
try_place_behind(PaSearch *search, int number)
{
	const PaGuardIndex *index = search->index;
	const PaPiece *piece = search->piece;
	int			first = number + 1;
	int			end;
	bool		near = false;

	if (search->told_number == piece[number].end ||
		!protaddr_may_be_number(index, piece[number].number))
		return;
	if (first < search->n && piece[first].gap <= PA_GAP_BLANK && protaddr_house_letter(index, &piece[first]) != '\0')
		first++;
	if (first >= search->n || piece[first].digits || piece[first].size < 2 || piece[first].gap > PA_GAP_MARK ||
		!stands_before(search, number, first))
		return;
	end = first + STREET_WORDS + PLACE_PIECES < search->n ? first + STREET_WORDS + PLACE_PIECES : search->n;
	for (int at = first + 1; at < end && !near; at++)
		near = near_place(search, piece[number].number, at, end);
	if (!near)
		return;
	for (int last = first; last < search->n && last < first + STREET_WORDS && !search->stop; last++)
	{
		int			next = last + 1;

		if (piece[last].digits || piece[last].count - piece[first].count + piece[first].size > PA_NAME_SIZE)
			break;
		if (next < search->n && may_be_house(&piece[next]) && !comma_before(search, next) &&
			!protaddr_code_begins(search, next, &no_surroundings))
			break;				/* the street's own number */
		if (try_changed(search, first, last, number))
			break;
		if (next < search->n && (piece[next].gap == PA_GAP_FIELD || comma_before(search, next)))
			break;
	}
}

/* ---- the text ------------------------------------------------------------------------------------------- */

/* protaddr_search reads a text to its end, as much at a time as is at hand. */
void
protaddr_search(PaSearch *search)
{
	const PaGuardIndex *index = search->index;
	const PaFilter *largest = &protaddr_first_index(index)->filter[PA_MAYBE_LAST];
	int			done = 0;
	uint32_t	run = 0;		/* letters and digits without a gap, up to here */

	for (;;)
	{
		bool		all;
		int			until;

		search->n = protaddr_read_pieces(&search->reader, search->piece, search->n, PA_SEARCH_PIECES);
		all = search->reader.at >= search->reader.len;
		until = all ? search->n : search->n - PIECES_BEHIND;
		for (int i = done; i < until && !search->stop; i++)
		{
			const PaPiece *piece = &search->piece[i];

			/* a large filter is far away in memory */
			if (i + FETCH_AHEAD < search->n)
				protaddr_filter_fetch(largest, protaddr_quick_hash(&index->key, piece[FETCH_AHEAD].own, piece[FETCH_AHEAD].size));
			run = piece->gap == PA_GAP_NONE ? run + piece->size : piece->size;
			if (run >= PA_ENCODED_RUN)
				protaddr_search_encoded(search, piece);
			if (piece->size > PA_NAME_SIZE)
				continue;
			if (protaddr_maybe(index, PA_MAYBE_LAST, protaddr_quick_hash(&index->key, piece->own, piece->size)))
				try_last(search, i);
			else if (i > 0 && piece->gap < PA_GAP_FIELD && !piece->digits && !piece[-1].digits)
			{
				/* a word that was broken in two */
				if (protaddr_maybe(index, PA_MAYBE_LAST, protaddr_quick_hash(&index->key, piece[-1].own * index->key.power[piece->size] + piece->own,
																			 piece[-1].size + piece->size)))
					try_last(search, i);
			}
			if (i > 0 && may_be_house(piece) && !piece[-1].digits && piece->gap != PA_GAP_NONE)
				try_place(search, i);
			if (may_be_house(piece) && i + 1 < search->n && !piece[1].digits)
				try_place_behind(search, i);
		}
		if (all || search->stop)
			return;
		done = until;
		if (done > PIECES_BEFORE)
		{
			int			away = done - PIECES_BEFORE;

			memmove(search->piece, search->piece + away, (size_t) (search->n - away) * sizeof(PaPiece));
			search->n -= away;
			done -= away;
		}
		if (search->pause != NULL)
			search->pause(search->arg);
	}
}

/*
 * protaddr_guard_find
 *		Tell of every address of the index that stands in a text.
 */
void
protaddr_guard_find(const PaGuardIndex *index, const char *text, size_t len,
					PaGuardFound found, PaGuardPause pause, void *arg)
{
	PaSearch	search;

	/* mostly nothing was added since what is shared was made: then one look is enough */
	if (index->used == 0 && index->below != NULL)
		index = index->below;
	if (index->used == 0 || len > UINT32_MAX / 2)
		return;
	search.index = index;
	search.n = 0;
	search.found = found;
	search.pause = pause;
	search.arg = arg;
	search.stop = false;
	search.depth = 0;
	search.decoded_to = 0;
	search.told_number = 0;
	search.outer = false;
	search.outer_start = 0;
	search.outer_length = 0;
	memset(&search.last, 0, sizeof(search.last));
	protaddr_reader_begin(&search.reader, &index->key, text, (uint32_t) len);
	search.reader.decompose = index->memory.decompose;
	search.reader.arg = index->memory.arg;
	protaddr_search(&search);
}
