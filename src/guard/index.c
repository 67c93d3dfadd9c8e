/*
 * index.c
 *		Which addresses are looked for?
 *
 * Kept as fingerprints under a key that nobody else has: who reads the memory of the
 * index reads no address, and nobody can make up names that meet.  Each address has one
 * entry by street and number; what else it has (place, floor, door) is compared once that
 * has been found.
 */
#include "guard/matcher_int.h"

#include <string.h>

#define LEAST_PLACES	1024
/* words of filters */
#define LEAST_WORDS		1024
#define TOWN_WORDS		2048
#define NUMBER_WORDS	1024
#define CODE_WORDS		2048
#define LEAST_STREETS	64

/* a name has so many letters at least */
#define NAME_LETTERS	2

/* how many parts of an address written in lines are read */
#define LINE_PIECES		48

/* ---- memory -------------------------------------------------------------------------- */

static void *
get(PaGuardIndex *index, size_t size)
{
	void	   *memory = index->memory.resize(index->memory.arg, NULL, size);

	if (memory != NULL)
	{
		memset(memory, 0, size);
		index->bytes += size;
	}
	return memory;
}

static void
give_back(PaGuardIndex *index, void *memory, size_t size)
{
	if (memory == NULL)
		return;
	index->memory.release(index->memory.arg, memory);
	index->bytes -= size;
}

/* table_room makes room for n more; false if there is no memory. */
static bool
table_room(PaGuardIndex *index, PaTable *table, size_t n)
{
	PaTable		larger;

	if (table->used + n <= table->size / 4 * 3)
		return true;
	memset(&larger, 0, sizeof(larger));
	larger.size = table->size + table->size / 2 + 2 * n;
	if (larger.size < LEAST_PLACES)
		larger.size = LEAST_PLACES;
	larger.print = get(index, larger.size * sizeof(uint64_t));
	if (larger.print == NULL)
		return false;
	larger.value = get(index, larger.size * sizeof(uint32_t));
	if (larger.value == NULL)
	{
		give_back(index, larger.print, larger.size * sizeof(uint64_t));
		return false;
	}
	for (size_t i = 0; i < table->size; i++)
		if (table->print[i] != 0)
			protaddr_table_put(&larger, table->print[i], table->value[i]);
	give_back(index, table->print, table->size * sizeof(uint64_t));
	give_back(index, table->value, table->size * sizeof(uint32_t));
	*table = larger;
	return true;
}

static bool
table_add(PaGuardIndex *index, PaTable *table, uint64_t print, uint32_t value)
{
	if (!table_room(index, table, 1))
		return false;
	protaddr_table_put(table, print, value);
	return true;
}

/* entry_room makes room for n more entries; false if there is no memory. */
static bool
entry_room(PaGuardIndex *index, size_t n)
{
	size_t		nlarger = index->used + (n > index->used / 4 ? n : index->used / 4);
	PaEntry    *larger;

	if (index->used + n <= index->nentries / 8 * 7)
		return true;
	nlarger += nlarger / 6 + LEAST_PLACES;
	larger = get(index, nlarger * sizeof(PaEntry));
	if (larger == NULL)
		return false;
	for (size_t i = 0; i < index->nentries; i++)
		protaddr_entry_put(larger, nlarger, &index->entry[i]);
	give_back(index, index->entry, index->nentries * sizeof(PaEntry));
	index->entry = larger;
	index->nentries = nlarger;
	return true;
}

/* ---- filters --------------------------------------------------------------------------- */

/* filter_begin has an empty filter of at least so many words; false if there is no memory. */
static bool
filter_begin(PaGuardIndex *index, PaFilter *filter, size_t nwords)
{
	filter->nwords = 2;
	filter->shift = 64 - 1;
	for (; filter->nwords < nwords; filter->nwords *= 2)
		filter->shift--;
	filter->word = get(index, filter->nwords * sizeof(uint64_t));
	return filter->word != NULL;
}

/*
 * filter_add lets the fingerprint through that was added last to a table.  The filter has at
 * least 16 bits for each of the table's: of what is not there it lets less than one of a
 * hundred through.
 */
static bool
filter_add(PaGuardIndex *index, PaFilter *filter, const PaTable *table, uint64_t print)
{
	PaFilter	larger;

	if (table->used <= filter->nwords * 4)
	{
		protaddr_filter_put(filter, print);
		return true;
	}
	if (!filter_begin(index, &larger, filter->nwords * 2))
		return false;
	for (size_t i = 0; i < table->size; i++)
		if (table->print[i] != 0)
			protaddr_filter_put(&larger, table->print[i]);
	give_back(index, filter->word, filter->nwords * sizeof(uint64_t));
	*filter = larger;
	return true;
}

/* ---- last words ----------------------------------------------------------------------- */

static bool
add_last_word(PaGuardIndex *index, uint64_t hash)
{
	PaTable    *words = &index->table[PA_LAST_WORDS];
	uint32_t	there;

	if (hash == 0 || (words->size > 0 && protaddr_table_find(words, hash, &there)))
		return true;
	return table_add(index, words, hash, 1) && filter_add(index, &index->filter[PA_MAYBE_LAST], words, hash);
}

/* ---- names ------------------------------------------------------------------------------ */

typedef struct Naming
{
	PaGuardIndex *index;
	PaTableName name;			/* of the table */
	uint32_t	id;
	bool		no_cuts;
} Naming;

/* add_alias adds one alias of a name, once. */
static bool
add_alias(void *arg, PaAliasKind kind, const char *letters, int len, int first_len, const char *last, int last_len)
{
	Naming	   *naming = arg;
	PaGuardIndex *index = naming->index;
	PaTable    *table = &index->table[naming->name];
	uint64_t	hash = protaddr_name_hash(&index->key, letters, (size_t) len);
	size_t		at;

	if (naming->no_cuts && kind == PA_ALIAS_CUT)
		return true;
	if (naming->name == PA_TOWNS)
		protaddr_filter_put(&index->filter[PA_MAYBE_TOWN],
							protaddr_quick_name_hash(&index->key, letters, (size_t) first_len));
	else if (!add_last_word(index, protaddr_quick_name_hash(&index->key, last, (size_t) last_len)))
		return false;
	if (table->size > 0)
	{
		at = protaddr_table_place(table, hash);
		while (protaddr_table_next(table, hash, &at))
		{
			if (PA_VALUE_ID(table->value[at]) == naming->id)
			{
				if (kind < PA_VALUE_KIND(table->value[at]))
					table->value[at] = naming->id | (uint32_t) kind << 30;
				return true;
			}
			at = at + 1 == table->size ? 0 : at + 1;
		}
	}
	return table_add(index, table, hash, naming->id | (uint32_t) kind << 30) &&
		(naming->name == PA_TOWNS || filter_add(index, &index->filter[PA_MAYBE_ALIAS], table, hash));
}

/* find_name gives the number of a name as it is kept; 0 if it is new. */
static uint32_t
find_name(const PaGuardIndex *index, PaTableName table, uint64_t hash)
{
	PaHits		hits = protaddr_hits(index, table, hash, 0);
	uint32_t	value;

	while (protaddr_next_hit(&hits, &value))
		if (PA_VALUE_KIND(value) == PA_ALIAS_NAME)
			return PA_VALUE_ID(value);
	return 0;
}

/* add_without adds a name in one form without each of its letters. */
static bool
add_without(PaGuardIndex *index, const PaFolded *name, int form, uint32_t street)
{
	int			len = name->len[form];

	if (len < 4)
		return true;
	if (!table_room(index, &index->table[PA_WITHOUT], (size_t) len))
		return false;
	for (int i = 0; i < len; i++)
	{
		char		letters[PA_NAME_SIZE];
		uint64_t	hash;

		if (i > 0 && name->letters[form][i] == name->letters[form][i - 1])
			continue;
		memcpy(letters, name->letters[form], (size_t) i);
		memcpy(letters + i, name->letters[form] + i + 1, (size_t) (len - i - 1));
		hash = protaddr_name_hash(&index->key, letters, (size_t) len - 1);
		protaddr_table_put(&index->table[PA_WITHOUT], (hash & ~PA_WHICH_LETTER) | (uint64_t) i, street);
	}
	return true;
}

/* last_below is the number of the last street of the index below. */
static inline uint32_t
last_below(const PaGuardIndex *index)
{
	return index->below != NULL ? index->below->nstreets : 0;
}

/* new_street makes room for a street and gives its number, the next one; 0: no memory. */
static uint32_t
new_street(PaGuardIndex *index)
{
	uint32_t	n = index->nstreets - last_below(index) + 1;

	if (n >= index->room_streets)
	{
		uint32_t	room = index->room_streets + index->room_streets / 2 + LEAST_STREETS;
		PaStreet   *larger = get(index, room * sizeof(PaStreet));

		if (larger == NULL)
			return 0;
		if (index->street != NULL)
			memcpy(larger, index->street, index->room_streets * sizeof(PaStreet));
		give_back(index, index->street, index->room_streets * sizeof(PaStreet));
		index->street = larger;
		index->room_streets = room;
	}
	memset(&index->street[n], 0, sizeof(PaStreet));
	return index->nstreets + 1;
}

/* street_number gives the number of a street's name, a new one if need be; 0: no memory. */
static uint32_t
street_number(PaGuardIndex *index, const PaFolded *name)
{
	uint64_t	hash = protaddr_name_hash(&index->key, name->letters[PA_FORM_PAIRS], (size_t) name->len[PA_FORM_PAIRS]);
	uint32_t	there = find_name(index, PA_ALIASES, hash);
	uint32_t	ignored;
	Naming		naming = {index, PA_ALIASES, 0, false};
	PaStreet   *street;

	if (there != 0)
		return there;
	naming.id = new_street(index);
	if (naming.id == 0 || naming.id >= PA_VALUE_ID(UINT32_MAX))
		return 0;
	index->nstreets = naming.id;	/* whatever comes: some of its names may be there */
	if (!add_without(index, name, PA_FORM_SINGLE, naming.id) ||
		!protaddr_aliases(index, name, add_alias, &naming))
		return 0;
	street = &index->street[naming.id - last_below(index)];
	street->letters = (uint8_t) name->len[PA_FORM_PAIRS];
	street->common = index->table[PA_COMMON].used > 0 && protaddr_table_find(&index->table[PA_COMMON], hash, &ignored);
	return naming.id;
}

/* street_to_change gives what is known of a street, our own of one below; NULL: no memory. */
static PaStreet *
street_to_change(PaGuardIndex *index, uint32_t street)
{
	const PaStreet *now = protaddr_street(index, street);
	uint32_t	number;

	if (index->below == NULL || street > last_below(index) || now != protaddr_street(index->below, street))
		return (PaStreet *) now;
	number = new_street(index);
	if (number == 0 || !table_add(index, &index->table[PA_CHANGED], protaddr_remix(street), number - last_below(index)))
		return NULL;
	index->nstreets = number;
	index->street[number - last_below(index)] = *now;
	return &index->street[number - last_below(index)];
}

/* town_number gives the number of a town's name, a new one if need be; 0: it is none, or no memory. */
static uint32_t
town_number(PaGuardIndex *index, const PaFolded *name)
{
	uint64_t	hash = protaddr_name_hash(&index->key, name->letters[PA_FORM_PAIRS], (size_t) name->len[PA_FORM_PAIRS]);
	uint32_t	there = find_name(index, PA_TOWNS, hash);
	Naming		naming = {index, PA_TOWNS, index->ntowns + 1, true};
	PaFolded	base;
	int			last = name->nwords - 1;

	if (there != 0)
		return there;
	if (naming.id >= PA_VALUE_ID(UINT32_MAX))
		return 0;
	index->ntowns = naming.id;
	if (!protaddr_aliases(index, name, add_alias, &naming))
		return 0;

	/* Aarhus C is in Aarhus, Odense NØ in Odense */
	if (last > 0 && name->word[last + 1].start[PA_FORM_SINGLE] - name->word[last].start[PA_FORM_SINGLE] <= 2)
	{
		base = *name;
		base.nwords = last;
		naming.no_cuts = false;
		for (int form = 0; form < PA_FORMS; form++)
			base.len[form] = base.word[last].start[form];
		for (int form = 0; form < PA_FORMS; form++)
			if (base.len[form] >= 2 &&
				!add_alias(&naming, PA_ALIAS_CUT, base.letters[form], base.len[form],
						   base.nwords > 1 ? base.word[1].start[form] : base.len[form], "", 0))
				return 0;
	}
	return naming.id;
}

/* ---- addresses --------------------------------------------------------------------------- */

/* What is known of one address. */
typedef struct Known
{
	PaText		street;
	bool		box;
	uint32_t	number;
	char		letter;
	bool		letter_apart;	/* a blank before it */
	PaUnit		unit;
	uint32_t	code;
	PaText		town[2];
} Known;

/* mark_place has a number tried near a place: protaddr_may_be_town, protaddr_may_be_code. */
static void
mark_place(PaGuardIndex *index, uint32_t number, uint32_t place)
{
	protaddr_filter_put(&index->filter[PA_MAYBE_PLACE], protaddr_place_key(index, number, place));
}

/* fold writes a name, or a word, in the letters of the hashes; false, and nothing, if it is none. */
static bool
fold(const PaGuardIndex *index, const PaText *text, int least, PaFolded *folded)
{
	if (text->len > 0 &&
		protaddr_fold_name(index->memory.decompose, index->memory.arg, text->data, text->len, folded) &&
		folded->len[PA_FORM_PAIRS] >= least)
		return true;
	memset(folded, 0, sizeof(*folded));
	return false;
}

/* add_entry adds one address; each of its towns makes an entry of its own. */
static PaGuardAdded
add_entry(PaGuardIndex *index, uint32_t id, const Known *known)
{
	PaFolded	folded;
	uint32_t	street = PA_STREET_BOX;
	int			ntowns = 0;
	uint32_t	town[2] = {0, 0};
	uint64_t	key;
	PaStreet   *of;

	if (!known->box)
	{
		if (!fold(index, &known->street, NAME_LETTERS, &folded))
			return PA_GUARD_NOTHING;
		street = street_number(index, &folded);
		if (street == 0)
			return PA_GUARD_NO_MEMORY;
	}
	for (int i = 0; i < 2; i++)
		if (fold(index, &known->town[i], NAME_LETTERS, &folded))
		{
			town[ntowns] = town_number(index, &folded);
			if (town[ntowns++] == 0)
				return PA_GUARD_NO_MEMORY;
		}
	if (known->number == 0 && known->code == 0 && ntowns == 0)
		return PA_GUARD_NOTHING;	/* a name alone */
	of = (PaStreet *) protaddr_street(index, street);
	if ((known->number == 0 && !of->alone) || (town[0] != 0 && of->town != town[0] && of->ntowns < 3))
		of = street_to_change(index, street);
	if (of == NULL || !entry_room(index, 2))
		return PA_GUARD_NO_MEMORY;

	key = protaddr_entry_key(index, street, known->number, known->letter);
	for (int i = 0; i < (ntowns > 0 ? ntowns : 1); i++)
	{
		PaEntry		entry = {
			.key = {(uint32_t) (key >> 32), (uint32_t) key},
			.id = id,
			.code = known->code,
			.town = town[i],
			.unit = protaddr_unit_hash(&known->unit, known->unit.nparts),
			.unit_first = protaddr_unit_hash(&known->unit, known->unit.nparts > 0 ? 1 : 0),
		};

		protaddr_entry_put(index->entry, index->nentries, &entry);
		index->used++;
		if (town[i] != 0)
			mark_place(index, known->number, town[i] | UINT32_C(0x80000000));
	}
	protaddr_filter_put(&index->filter[PA_MAYBE_NUMBER], protaddr_place_key(index, known->number, 0));
	if (known->code != 0)
	{
		uint32_t	code = known->code & UINT32_C(0x7FFFFFFF);

		mark_place(index, known->number, code);
		protaddr_filter_put(&index->filter[PA_MAYBE_CODE], protaddr_place_key(index, 0, code));
	}
	if (known->number == 0 && !of->alone)
		of->alone = true;
	if (town[0] != 0 && of->town != town[0] && of->ntowns < 3)
	{
		of->town = town[0];
		of->ntowns++;
	}
	return PA_GUARD_ADDED;
}

static int
read_pieces(const PaGuardIndex *index, const PaText *text, PaPiece *piece, int room)
{
	PaReader	reader;

	if (text->len == 0)
		return 0;
	protaddr_reader_begin(&reader, &index->key, text->data, text->len);
	reader.decompose = index->memory.decompose;
	reader.arg = index->memory.arg;
	return protaddr_read_pieces(&reader, piece, 0, room);
}

static void
read_unit_pieces(const PaGuardIndex *index, const PaPiece *piece, int n, PaUnit *unit)
{
	for (int at = 0; at < n;)
	{
		int			taken = protaddr_read_unit(index, piece + at, n - at, unit);

		at += taken > 0 ? taken : 1;
	}
}

static inline PaText
stretch(const PaText *text, const PaPiece *first, const PaPiece *last)
{
	PaText		part = {text->data + first->start, last->end - first->start};

	return part;
}

/* letter_behind gives the letter of a house number that stands behind the number, if any. */
static char
letter_behind(const PaGuardIndex *index, const PaPiece *piece, int n, int number)
{
	return number + 1 < n && piece[number + 1].gap <= PA_GAP_BLANK ? protaddr_house_letter(index, &piece[number + 1]) : '\0';
}

/*
 * flat_before reads flats that stand before a number: "Flat 3, 12 High Street".  Gives the
 * piece of the number; first if there are none.
 */
static int
flat_before(const PaGuardIndex *index, const PaPiece *piece, int first, int n, PaUnit *unit)
{
	PaUnit		flat = *unit;
	int			at = first;

	while (at < n && !piece[at].digits)
	{
		int			before = flat.nparts;
		int			taken = protaddr_read_unit(index, &piece[at], n - at, &flat);

		if (taken == 0 || flat.nparts > before || at + taken >= n)
			break;
		at += taken;
		taken = protaddr_read_unit(index, &piece[at], n - at, &flat);
		if (taken == 0)
			break;
		at += taken;
	}
	if (at == first || at + 1 >= n || !piece[at].digits || piece[at + 1].digits)
		return first;
	*unit = flat;
	return at;
}

/* read_place finds a post code and town that end a line; gives the first piece, n if there is none. */
static int
read_place(const PaGuardIndex *index, const PaText *text, const PaPiece *piece, int n, Known *known)
{
	for (int at = n - 1; at >= 0; at--)
	{
		int			town = at - 1;

		if (protaddr_british_code(piece, at, n) == 0 || at + protaddr_british_code(piece, at, n) < n)
			continue;
		known->code = protaddr_code_of(index, protaddr_pieces_hash(&index->key, &piece[at], &piece[n - 1]));
		while (town > 0 && piece[town].gap <= PA_GAP_BLANK && !piece[town - 1].digits)
			town--;
		if (town < 0 || (town > 0 && piece[town - 1].digits) || piece[town].digits)
			return at;
		known->town[0] = stretch(text, &piece[town], &piece[at - 1]);
		return town;
	}
	for (int at = n - 2; at >= 0; at--)
	{
		int			last = at;

		if (!piece[at].digits)
			continue;
		if (piece[at].size < 4 && !(piece[at].size == 3 && piece[at + 1].digits && piece[at + 1].size == 2))
			continue;
		if (piece[at + 1].digits)
			last = at + 1;
		else if (piece[at + 1].size == 2 && at + 2 < n && !piece[at + 2].digits && piece[at].size == 4 &&
				 piece[at + 1].end - piece[at + 1].start == 2)
			last = at + 1;		/* 1012 AB Amsterdam */
		if (last + 1 >= n || piece[last + 1].digits)
			continue;
		known->code = protaddr_code_of(index, protaddr_pieces_hash(&index->key, &piece[at], &piece[last]));
		known->town[0] = stretch(text, &piece[last + 1], &piece[n - 1]);

		/* DK-8000 */
		if (at > 0 && !piece[at - 1].digits && piece[at - 1].size <= 3 && text->data[piece[at].start - 1] == '-')
			at--;
		return at;
	}
	return n;
}

/* read_street finds street and number in pieces first to n - 1; false if there are none. */
static bool
read_street(const PaGuardIndex *index, const PaText *text, const PaPiece *piece, int first, int n, Known *known)
{
	int			number = flat_before(index, piece, first, n, &known->unit);
	bool		before = number > first;	/* the number stands before the street */

	first = number;
	before |= n > first + 1 && piece[first].digits && piece[first].size <= 5 && !piece[first + 1].digits &&
		text->data[piece[first].end] != '.';
	while (!before && number < n && !(piece[number].digits && piece[number].size <= 5 && number > first))
		number++;
	if (before)
	{
		/* 12 bis rue de la Paix, 3B High Street */
		known->number = piece[first].number;
		if ((piece[first + 1].gap == PA_GAP_NONE || piece[first + 1].size > 1) &&
			(known->letter = letter_behind(index, piece, n, first)) != '\0')
			first++;
		if (first + 1 >= n)
			return false;
		known->street = stretch(text, &piece[first + 1], &piece[n - 1]);
		return true;
	}
	if (number < n)
		known->street = stretch(text, &piece[first], &piece[number - 1]);
	else
		return false;
	known->number = piece[number].number;
	if ((known->letter = letter_behind(index, piece, n, number)) != '\0')
		known->letter_apart = piece[++number].gap != PA_GAP_NONE;
	read_unit_pieces(index, piece + number + 1, n - number - 1, &known->unit);

	/* words behind the last comma that are no floor or door: a part of the town */
	for (int at = n - 1; at > number && !piece[at].digits; at--)
	{
		PaUnit		ignored = {0};

		if (protaddr_read_unit(index, &piece[at], n - at, &ignored) > 0)
			break;
		if (piece[at].gap == PA_GAP_MARK && known->town[1].len == 0)
		{
			known->town[1] = stretch(text, &piece[at], &piece[n - 1]);
			break;
		}
	}
	return true;
}

/* add_lines adds an address that is written in lines. */
static PaGuardAdded
add_lines(PaGuardIndex *index, uint32_t id, const PaText *line, int nlines, const Known *rest)
{
	PaPiece		piece[LINE_PIECES];
	Known		place = *rest;
	PaText		name = {NULL, 0};
	PaGuardAdded added = PA_GUARD_NOTHING;

	/* the place first: it may stand in any line, the last one most likely */
	for (int i = nlines - 1; i >= 0 && place.code == 0; i--)
	{
		int			n = read_pieces(index, &line[i], piece, LINE_PIECES);

		(void) read_place(index, &line[i], piece, n, &place);
	}
	for (int i = nlines - 1; i > 0 && place.code == 0 && place.town[0].len == 0; i--)
	{
		int			n = read_pieces(index, &line[i], piece, LINE_PIECES);
		bool		digits = n == 0;

		for (int at = 0; at < n; at++)
			digits |= piece[at].digits;
		if (!digits)
			place.town[0] = line[i];
	}

	for (int i = 0; i < nlines; i++)
	{
		int			n = read_pieces(index, &line[i], piece, LINE_PIECES);
		Known		known = place;
		Known		ignored = place;
		int			end = read_place(index, &line[i], piece, n, &ignored);

		if (read_street(index, &line[i], piece, 0, end, &known))
		{
			PaGuardAdded one = add_entry(index, id, &known);

			/* "119 A 21" is number 119 A, flat 21, or number 119, flat A 21 */
			if (one == PA_GUARD_ADDED && known.letter_apart && known.unit.nparts > 0 && known.unit.nparts < PA_UNIT_PARTS)
			{
				memmove(known.unit.part + 1, known.unit.part, (size_t) known.unit.nparts * sizeof(uint32_t));
				known.unit.part[0] = UINT32_C(0x80000000) | (unsigned char) known.letter;
				known.unit.nparts++;
				known.letter = '\0';
				one = add_entry(index, id, &known);
			}
			if (one == PA_GUARD_NO_MEMORY)
				return one;
			if (one == PA_GUARD_ADDED)
				added = one;
		}
		else if (name.len == 0 && end > 0 && !piece[0].digits)
			name = stretch(&line[i], &piece[0], &piece[end - 1]);
	}

	/* no number anywhere: the house has a name */
	if (added == PA_GUARD_NOTHING && name.len > 0)
	{
		Known		known = place;

		known.street = name;
		added = add_entry(index, id, &known);
	}
	return added;
}

static PaGuardAdded
both(PaGuardAdded a, PaGuardAdded b)
{
	if (a == PA_GUARD_NO_MEMORY || b == PA_GUARD_NO_MEMORY)
		return PA_GUARD_NO_MEMORY;
	return a == PA_GUARD_ADDED ? a : b;
}

PaGuardAdded
protaddr_guard_index_add(PaGuardIndex *index, uint32_t id, const PaAddress *address)
{
	static const PaElement unit_elements[] = {PA_FLR, PA_UNITNB, PA_ROOM};
	const PaText *element = address->element;
	PaGuardAdded added = PA_GUARD_NOTHING;
	PaPiece		piece[LINE_PIECES];
	Known		place;
	int			n;

	memset(&place, 0, sizeof(place));
	n = read_pieces(index, &element[PA_PSTCD], piece, LINE_PIECES);
	if (n > 0)
		place.code = protaddr_code_of(index, protaddr_pieces_hash(&index->key, &piece[0], &piece[n - 1]));
	place.town[0] = element[PA_TWNNM];
	place.town[1] = element[PA_TWNLCTNNM];

	if (element[PA_STRTNM].len > 0)
	{
		Known		known = place;

		known.street = element[PA_STRTNM];
		n = read_pieces(index, &element[PA_BLDGNB], piece, LINE_PIECES);
		if (n > 0 && piece[0].digits)
		{
			int			number = 0;

			known.number = piece[0].number;
			if ((known.letter = letter_behind(index, piece, n, 0)) != '\0')
				number++;
			read_unit_pieces(index, piece + number + 1, n - number - 1, &known.unit);
		}
		n = read_pieces(index, &element[PA_UNITNB], piece, LINE_PIECES);
		if (n == 1 && piece[0].size > 1 && known.letter == '\0')
			known.letter = protaddr_house_letter(index, &piece[0]); /* bis */
		for (size_t i = 0; i < sizeof(unit_elements) / sizeof(unit_elements[0]); i++)
		{
			n = read_pieces(index, &element[unit_elements[i]], piece, LINE_PIECES);
			read_unit_pieces(index, piece, n, &known.unit);
		}
		if (known.number == 0)
		{
			/* the number may stand with the street's name */
			added = add_lines(index, id, &element[PA_STRTNM], 1, &known);
		}
		else
			added = add_entry(index, id, &known);
	}
	if (element[PA_PSTBX].len > 0)
	{
		Known		known = place;

		known.box = true;
		n = read_pieces(index, &element[PA_PSTBX], piece, LINE_PIECES);
		for (int i = 0; i < n && known.number == 0; i++)
			if (piece[i].digits)
				known.number = piece[i].number;
		if (known.number != 0)
			added = both(added, add_entry(index, id, &known));
	}
	if (element[PA_BLDGNM].len > 0)
	{
		Known		known = place;

		known.street = element[PA_BLDGNM];
		added = both(added, add_entry(index, id, &known));
	}
	if (address->nlines > 0)
		added = both(added, add_lines(index, id, address->line, address->nlines, &place));
	return added;
}

size_t
protaddr_guard_index_bytes(const PaGuardIndex *index)
{
	return index->bytes;
}

/* ---- the words of languages ------------------------------------------------------------------ */

/* add_part has the last word of names, or an ending, found by its letters in each form. */
static bool
add_part(PaGuardIndex *index, PaTableName name, const PaFolded *part, uint64_t *lengths)
{
	uint32_t	word = (uint32_t) index->nwords - 1;

	for (int form = 0; form < PA_FORMS; form++)
	{
		int			len = part->len[form];
		uint64_t	hash = protaddr_name_hash(&index->key, part->letters[form], (size_t) len);
		PaHits		hits = protaddr_hits(index, name, hash, 0);
		uint32_t	there;
		bool		found = false;

		/* with so many letters it is no part of a name */
		if (len == 0 || len >= 64)
			continue;
		while (!found && protaddr_next_hit(&hits, &there))
			found = there == word || name == PA_ENDINGS;
		*lengths |= UINT64_C(1) << len;
		if (!found && !table_add(index, &index->table[name], hash, word))
			return false;
	}
	return true;
}

/* add_word takes one row of the language tables; false: no memory. */
static bool
add_word(PaGuardIndex *index, const PaGuardWord *word)
{
	PaWordForms forms;
	uint64_t	hash;
	uint64_t	means = 0;
	uint32_t	ignored;
	Naming		naming = {index, PA_ALIASES, PA_STREET_BOX, true};

	memset(&forms, 0, sizeof(forms));
	forms.kind = word->kind;
	if (!fold(index, &word->word, 1, &forms.word))
		return true;
	(void) fold(index, &word->means, 1, &forms.means);
	hash = protaddr_name_hash(&index->key, forms.word.letters[PA_FORM_PAIRS], (size_t) forms.word.len[PA_FORM_PAIRS]);
	if (forms.means.len[PA_FORM_PAIRS] > 0)
		means = protaddr_name_hash(&index->key, forms.means.letters[PA_FORM_PAIRS], (size_t) forms.means.len[PA_FORM_PAIRS]);

	switch (word->kind)
	{
		case PA_WORD_STREET:
		case PA_WORD_ENDING:
			index->word[index->nwords++] = forms;
			return add_part(index, PA_NAME_PARTS, &forms.word, &index->part_lengths) &&
				add_part(index, PA_NAME_PARTS, &forms.means, &index->part_lengths) &&
				(word->kind != PA_WORD_ENDING || add_part(index, PA_ENDINGS, &forms.word, &index->ending_lengths));
		case PA_WORD_UNIT:
			for (int form = 0; form < PA_FORMS; form++)
			{
				uint32_t	there;

				hash = protaddr_name_hash(&index->key, forms.word.letters[form], (size_t) forms.word.len[form]);
				if ((form == PA_FORM_PAIRS ? forms.word.len[form] > 0 : forms.word.len[form] > 2) && !protaddr_table_find(&index->table[PA_UNIT_WORDS], hash, &there) &&
					!table_add(index, &index->table[PA_UNIT_WORDS], hash,
							   means == 0 ? PA_SAYS_NOTHING : (uint32_t) (means >> 32) | UINT32_C(0xC0000000)))
					return false;
			}

			/* the shortest form is one, too */
			return means == 0 || protaddr_table_find(&index->table[PA_UNIT_WORDS], means, &ignored) ||
				table_add(index, &index->table[PA_UNIT_WORDS], means, (uint32_t) (means >> 32) | UINT32_C(0xC0000000));
		case PA_WORD_BEFORE:
			return table_add(index, &index->table[PA_BEFORE_WORDS], hash, PA_ANOTHER_STREET);
		case PA_WORD_TITLE:
			return table_add(index, &index->table[PA_BEFORE_WORDS], hash, PA_MAYBE_ANOTHER);
		case PA_WORD_NUMBER:
			return table_add(index, &index->table[PA_NUMBER_WORDS], hash, 1);
		case PA_WORD_COMMON:
			return table_add(index, &index->table[PA_COMMON], hash, 1);
		case PA_WORD_BOX:
			return protaddr_aliases(NULL, &forms.word, add_alias, &naming);
		case PA_WORD_POST_CODE:
			return means == 0 || table_add(index, &index->table[PA_CODES], hash, (uint32_t) (means >> 32));
		case PA_WORD_KINDS:
			break;
	}
	return true;
}

/* begin has an index of nothing without its words; NULL: no memory. */
static PaGuardIndex *
begin(const PaGuardMemory *memory, size_t expected)
{
	PaGuardIndex *index = memory->resize(memory->arg, NULL, sizeof(PaGuardIndex));

	if (index == NULL)
		return NULL;
	memset(index, 0, sizeof(*index));
	index->memory = *memory;
	index->bytes = sizeof(*index);
	if (!filter_begin(index, &index->filter[PA_MAYBE_LAST], LEAST_WORDS) ||
		!filter_begin(index, &index->filter[PA_MAYBE_ALIAS], LEAST_WORDS) ||
		!filter_begin(index, &index->filter[PA_MAYBE_TOWN], TOWN_WORDS) ||
		!filter_begin(index, &index->filter[PA_MAYBE_NUMBER], NUMBER_WORDS) ||
		!filter_begin(index, &index->filter[PA_MAYBE_CODE], CODE_WORDS) ||
		!filter_begin(index, &index->filter[PA_MAYBE_PLACE], expected / 4 > LEAST_WORDS ? expected / 4 : LEAST_WORDS) ||
		!entry_room(index, expected + 8))
	{
		protaddr_guard_index_free(index);
		return NULL;
	}
	return index;
}

PaGuardIndex *
protaddr_guard_index_new(const PaGuardMemory *memory, const uint8_t key[PA_GUARD_KEY_SIZE],
						 const PaGuardWord *word, size_t nwords, size_t expected)
{
	static const PaTableName made_at_once[] = {PA_UNIT_WORDS, PA_NUMBER_WORDS, PA_BEFORE_WORDS, PA_LAST_WORDS, PA_ALIASES, PA_TOWNS};
	PaGuardIndex *index = begin(memory, expected);
	bool		done;

	if (index == NULL)
		return NULL;
	protaddr_piece_key(&index->key, key);
	index->bis[0] = protaddr_name_hash(&index->key, "bis", 3);
	index->bis[1] = protaddr_name_hash(&index->key, "ter", 3);
	index->bis[2] = protaddr_name_hash(&index->key, "quater", 6);
	while (index->nstreets < PA_STREET_BOX && (index->nstreets = new_street(index)) != 0)
		;
	index->word = get(index, (nwords + 1) * sizeof(PaWordForms));
	done = index->nstreets == PA_STREET_BOX && index->word != NULL;
	for (size_t i = 0; done && i < sizeof(made_at_once) / sizeof(made_at_once[0]); i++)
		done = table_room(index, &index->table[made_at_once[i]], 16);
	if (done)
		index->street[PA_STREET_BOX].common = true;
	for (size_t i = 0; done && i < nwords; i++)
		done = add_word(index, &word[i]);
	if (done)
		return index;
	protaddr_guard_index_free(index);
	return NULL;
}

PaGuardIndex *
protaddr_guard_index_above(const PaGuardMemory *memory, const PaGuardIndex *below, size_t expected)
{
	PaGuardIndex *index = begin(memory, expected);

	if (index == NULL)
		return NULL;
	index->below = below;
	index->key = below->key;
	memcpy(index->bis, below->bis, sizeof(index->bis));
	memcpy(index->table, below->table, PA_WORD_TABLES * sizeof(PaTable));
	index->word = below->word;
	index->nwords = below->nwords;
	index->part_lengths = below->part_lengths;
	index->ending_lengths = below->ending_lengths;
	index->nstreets = below->nstreets;
	index->ntowns = below->ntowns;
	return index;
}

void
protaddr_guard_index_free(PaGuardIndex *index)
{
	for (int i = index->below != NULL ? PA_WORD_TABLES : 0; i < PA_TABLES; i++)
	{
		give_back(index, index->table[i].print, 0);
		give_back(index, index->table[i].value, 0);
	}
	for (int i = 0; i < PA_FILTERS; i++)
		give_back(index, index->filter[i].word, 0);
	give_back(index, index->street, 0);
	give_back(index, index->entry, 0);
	if (index->below == NULL)
		give_back(index, index->word, 0);
	index->memory.release(index->memory.arg, index);
}
