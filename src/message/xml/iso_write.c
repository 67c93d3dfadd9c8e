/*
 * iso_write.c
 *		What is written where a party's address stood?
 *
 * An address that goes takes exactly its element with it; an Adr, which the message
 * must have, stays, empty.  What is written instead has the prefix of the element
 * that stood there, is ASCII with character references, and has the width of the
 * message's characters.
 *
 * A substitute is written with the elements and lengths of the message's version:
 *
 *	 PostalAddress1		(level 1)	StrtNm BldgNb PstCd TwnNm CtrySubDvsn Ctry; also for
 *									whatever version we do not know
 *	 PostalAddress6		(6)			and Dept, SubDept, lines
 *	 PostalAddress24	(24)		and BldgNm Flr PstBx Room TwnLctnNm DstrctNm
 *	 PostalAddress27	(27)		and CareOf, UnitNb, and longer ones
 *
 * It is structured or hybrid: town and country, and at most two lines that do not say
 * them again.  Lines alone stand in PostalAddress6 only.  What does not fit is not cut
 * but left out as a whole.
 */
#include <string.h>

#include "iso_message.h"

#define LINES		2			/* of a hybrid address */

#define INITIAL_ARENA	4096

/* ---- the message's own bytes ------------------------------------------------------ */

/* ascii_at gives the ASCII character at an offset of the message, 0 if it is another. */
static char
ascii_at(const IsoWalk *walk, size_t at)
{
	unsigned char c;

	if (at + (size_t) walk->width > walk->len)
		return 0;
	c = (unsigned char) walk->message[at + (size_t) walk->low];
	if (c > 127 || (walk->width == 2 && walk->message[at + 1 - (size_t) walk->low] != 0))
		return 0;
	return (char) c;
}

static bool
ends_name(char c)
{
	return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* after_prefix gives where the local name begins, of the start tag that begins at start. */
static size_t
after_prefix(const IsoWalk *walk, size_t start)
{
	size_t		first = start + (size_t) walk->width;

	for (size_t at = first; at < walk->len && !ends_name(ascii_at(walk, at)); at += (size_t) walk->width)
	{
		if (ascii_at(walk, at) == ':')
			return at + (size_t) walk->width;
	}
	return first;
}

/* ---- the arena ---------------------------------------------------------------------- */

/*
 * protaddr_iso_append
 *		Add bytes to the arena.
 */
bool
protaddr_iso_append(IsoWalk *walk, const char *text, size_t len)
{
	if (len > walk->arena_size - walk->arena_used)
	{
		size_t		size = walk->arena_size == 0 ? INITIAL_ARENA : walk->arena_size;
		void	   *grown = NULL;

		while (size <= ISO_ARENA && len > size - walk->arena_used)
			size *= 2;
		if (size <= ISO_ARENA)
			grown = protaddr_iso_grow(walk, walk->arena, size);
		if (grown == NULL)
		{
			protaddr_iso_refuse(walk, PA_MESSAGE_TOO_LARGE);
			return false;
		}
		walk->arena = grown;
		walk->arena_size = (uint32_t) size;
	}
	if (len > 0)
		memcpy(walk->arena + walk->arena_used, text, len);
	walk->arena_used += (uint32_t) len;
	return true;
}

/*
 * protaddr_iso_local_name
 *		The local name of the start tag that begins at start, NUL-terminated; letters
 *		that no name of ISO 20022 has are "?".
 */
IsoText
protaddr_iso_local_name(IsoWalk *walk, size_t start)
{
	IsoText		name = {walk->arena_used, 0};
	char		buffer[ISO_URI];
	size_t		len = 0;

	for (size_t at = after_prefix(walk, start); at < walk->len; at += (size_t) walk->width)
	{
		char		c = ascii_at(walk, at);

		if (ends_name(c) || len == sizeof(buffer) - 1)
			break;
		buffer[len++] = c == 0 ? '?' : c;
	}
	buffer[len] = '\0';
	if (protaddr_iso_append(walk, buffer, len + 1))
		name.len = (uint32_t) len;
	else
		name.at = 0;
	return name;
}

/* put adds ASCII in the width of the message. */
static void
put(IsoWalk *walk, const char *text, size_t len)
{
	if (walk->width == 1)
	{
		protaddr_iso_append(walk, text, len);
		return;
	}
	for (size_t i = 0; i < len; i++)
	{
		char		wide[2] = {0, 0};

		wide[walk->low] = text[i];
		if (!protaddr_iso_append(walk, wide, 2))
			return;
	}
}

static void
put_string(IsoWalk *walk, const char *text)
{
	put(walk, text, strlen(text));
}

/* put_raw adds bytes of the message. */
static void
put_raw(IsoWalk *walk, size_t from, size_t to)
{
	protaddr_iso_append(walk, walk->message + from, to - from);
}

/*
 * next_character reads a character of UTF-8 that was found right before; it gives 0 at
 * the end.
 */
static uint32_t
next_character(const char **text, const char *end)
{
	const unsigned char *p = (const unsigned char *) *text;
	size_t		left = (size_t) (end - *text);
	uint32_t	c;
	size_t		more;

	if (left == 0)
		return 0;
	more = p[0] < 0x80 ? 0 : p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : 3;
	if (more >= left)
		more = left - 1;
	c = more == 0 ? p[0] : p[0] & (0x3Fu >> more);
	for (size_t i = 1; i <= more; i++)
		c = (c << 6) | (p[i] & 0x3Fu);
	*text += more + 1;
	return c;
}

/* put_text adds text as content, ASCII with references. */
static void
put_text(IsoWalk *walk, PaText text)
{
	const char *at = text.data;
	const char *end = text.data + text.len;
	uint32_t	c;

	while ((c = next_character(&at, end)) != 0)
	{
		char		reference[12];
		char	   *digit = reference + sizeof(reference);

		if (c < 128 && c != '&' && c != '<' && c != '>' && c != '"')
		{
			char		plain = (char) c;

			put(walk, &plain, 1);
			continue;
		}
		*--digit = ';';
		do
			*--digit = (char) ('0' + c % 10);
		while ((c /= 10) > 0);
		*--digit = '#';
		*--digit = '&';
		put(walk, digit, (size_t) (reference + sizeof(reference) - digit));
	}
}

/* put_kept adds a text of the arena, which may move meanwhile. */
static void
put_kept(IsoWalk *walk, IsoText text)
{
	char		copy[ISO_TEXT];
	PaText		kept = {copy, text.len};

	memcpy(copy, walk->arena + text.at, text.len);
	put_text(walk, kept);
}

/* ---- elements ------------------------------------------------------------------------- */

/* The prefix of the tag that begins at tag, its colon included. */
static void
put_prefix(IsoWalk *walk, size_t tag)
{
	put_raw(walk, tag + (size_t) walk->width, after_prefix(walk, tag));
}

static void
put_start(IsoWalk *walk, size_t tag, const char *name)
{
	put_string(walk, "<");
	put_prefix(walk, tag);
	put_string(walk, name);
	put_string(walk, ">");
}

static void
put_end(IsoWalk *walk, size_t tag, const char *name)
{
	put_string(walk, "</");
	put_prefix(walk, tag);
	put_string(walk, name);
	put_string(walk, ">");
}

static void
put_element(IsoWalk *walk, size_t tag, const char *name, PaText text)
{
	put_start(walk, tag, name);
	put_text(walk, text);
	put_end(walk, tag, name);
}

/* put_local adds the name of the element that stood there. */
static void
put_local(IsoWalk *walk, const IsoPlace *place)
{
	size_t		local = after_prefix(walk, place->start);

	put_raw(walk, local, local + (size_t) place->tag.len * (size_t) walk->width);
}

/*
 * put_place_start begins the element that stood there, without the end of its start
 * tag.  What it declares goes; so the namespace, if its prefix may be of its own making,
 * is declared anew.
 */
static void
put_place_start(IsoWalk *walk, const IsoPlace *place)
{
	size_t		first = place->start + (size_t) walk->width;
	size_t		local = after_prefix(walk, place->start);

	put_string(walk, "<");
	put_raw(walk, first, local);
	put_local(walk, place);
	if (place->declares)
	{
		put_string(walk, " xmlns");
		if (local > first)
		{
			put_string(walk, ":");
			put_raw(walk, first, local - (size_t) walk->width);
		}
		put_string(walk, "=\"");
		put_kept(walk, place->uri);
		put_string(walk, "\"");
	}
}

static void
put_place_end(IsoWalk *walk, const IsoPlace *place)
{
	put_string(walk, "</");
	put_prefix(walk, place->start);
	put_local(walk, place);
	put_string(walk, ">");
}

/* ---- versions of the message ------------------------------------------------------------ */

/* The first versions that have PostalAddress6, 24 and 27; 99 where we know of none. */
typedef struct Versions
{
	char		message[9];
	uint8_t		six;
	uint8_t		twenty_four;
	uint8_t		twenty_seven;
} Versions;

static const Versions versions[] = {
	{"camt.029", 3, 9, 99},
	{"camt.052", 2, 8, 12},
	{"camt.053", 2, 8, 12},
	{"camt.054", 2, 8, 12},
	{"camt.055", 1, 8, 99},
	{"camt.056", 1, 8, 99},
	{"head.001", 1, 2, 99},
	{"pacs.002", 3, 10, 99},
	{"pacs.003", 2, 8, 99},
	{"pacs.004", 2, 9, 99},
	{"pacs.007", 2, 9, 99},
	{"pacs.008", 2, 8, 12},
	{"pacs.009", 2, 8, 99},
	{"pacs.010", 1, 3, 99},
	{"pacs.028", 1, 3, 99},
	{"pain.001", 3, 9, 12},
	{"pain.002", 3, 10, 99},
	{"pain.007", 2, 9, 99},
	{"pain.008", 2, 8, 99}
};

/*
 * protaddr_iso_level
 *		Which PostalAddress the messages of this namespace have: 1, 6, 24 or 27; 1, of
 *		which all is in the others, if we do not know.
 */
int
protaddr_iso_level(const char *uri, size_t len)
{
	const size_t begin = sizeof(ISO_NAMESPACE) - 1;
	const char *name = uri + begin;
	int			version;

	/* as in pain.001.001.09 */
	if (len != begin + 15 || memcmp(name + 8, ".001.", 5) != 0 ||
		name[13] < '0' || name[13] > '9' || name[14] < '0' || name[14] > '9')
		return 1;
	version = (name[13] - '0') * 10 + name[14] - '0';
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
	{
		if (memcmp(name, versions[i].message, 8) == 0)
			return version >= versions[i].twenty_seven ? 27 :
				version >= versions[i].twenty_four ? 24 :
				version >= versions[i].six ? 6 : 1;
	}
	return 1;
}

/* max_chars gives the length of an element at a level, 0 if it is not known there. */
static int
max_chars(PaElement element, int level)
{
	if (level >= 27)
		return protaddr_elements[element].max_chars;
	switch (element)
	{
		case PA_CAREOF:
		case PA_UNITNB:
			return 0;
		case PA_DEPT:
		case PA_SUBDEPT:
			return level >= 6 ? 70 : 0;
		case PA_BLDGNM:
		case PA_TWNLCTNNM:
		case PA_DSTRCTNM:
			return level >= 24 ? 35 : 0;
		case PA_FLR:
		case PA_PSTBX:
		case PA_ROOM:
			return level >= 24 ? protaddr_elements[element].max_chars : 0;
		case PA_STRTNM:
			return 70;
		case PA_TWNNM:
			return 35;
		default:
			return protaddr_elements[element].max_chars;
	}
}

/* ---- what may be written ------------------------------------------------------------------ */

static size_t
count_characters(PaText text)
{
	size_t		n = 0;

	for (uint32_t i = 0; i < text.len; i++)
		n += (text.data[i] & 0xC0) != 0x80;
	return n;
}

static bool
is_country(PaText text)
{
	return text.len == 2 && protaddr_is_capital(text.data[0]) && protaddr_is_capital(text.data[1]);
}

/* is_town is true for a text that may stay as a town in a message of this level. */
static bool
is_town(PaText text, int level)
{
	return protaddr_is_town(text.data, text.len) && count_characters(text) <= (size_t) max_chars(PA_TWNNM, level);
}

static char
lower(char c)
{
	return protaddr_is_capital(c) ? (char) (c - 'A' + 'a') : c;
}

/* says is true if the line has what, as words of its own, in any case of letters. */
static bool
says(PaText line, PaText what)
{
	for (uint32_t i = 0; what.len > 0 && i + what.len <= line.len; i++)
	{
		uint32_t	n = 0;

		while (n < what.len && lower(line.data[i + n]) == lower(what.data[n]))
			n++;
		if (n == what.len && (i == 0 || !protaddr_is_word_byte(line.data[i - 1])) &&
			(i + n == line.len || !protaddr_is_word_byte(line.data[i + n])))
			return true;
	}
	return false;
}

/* A substitute as it is written: its lines may be more than the address has. */
typedef struct Layout
{
	bool		element[PA_NELEMENTS];
	PaText		line[LINES];
	int			nlines;
} Layout;

/* lay_out is false if the address does not fit into a message of this level. */
static bool
lay_out(const PaAddress *address, int level, Layout *layout)
{
	bool		structured = false;

	memset(layout, 0, sizeof(*layout));
	if (address->nlines < 0 || address->nlines > LINES)
		return false;
	for (PaElement e = PA_CAREOF; e < PA_NELEMENTS; e++)
	{
		PaText		text = address->element[e];
		int			room = max_chars(e, level);

		if (text.len == 0)
			continue;
		if (protaddr_check_element(e, text.data, text.len) != PA_TEXT_OK)
			return false;
		if (room > 0)
		{
			if (count_characters(text) > (size_t) room)
				return false;
			layout->element[e] = true;
			structured = true;
		}
		else if (e == PA_CAREOF || e == PA_BLDGNM || e == PA_TWNLCTNNM || e == PA_DSTRCTNM)
		{
			/* names that speak for themselves may be a line */
			if (layout->nlines == LINES)
				return false;
			layout->line[layout->nlines++] = text;
		}
		else
			return false;
	}
	for (int i = 0; i < address->nlines; i++)
	{
		if (layout->nlines == LINES)
			return false;
		layout->line[layout->nlines++] = address->line[i];
	}
	for (int i = 0; i < layout->nlines; i++)
	{
		PaText		line = layout->line[i];

		if (level < 6 || protaddr_check_line(line.data, line.len) != PA_TEXT_OK ||
			says(line, address->element[PA_TWNNM]) || says(line, address->element[PA_CTRY]))
			return false;
	}
	if (!layout->element[PA_TWNNM] || !layout->element[PA_CTRY])
		return level == 6 && !structured && layout->nlines > 0;

	/* the kind of address says nothing by itself, so it may be missing */
	if (address->element[PA_ADRTP].len > 0)
		layout->element[PA_ADRTP] = protaddr_check_element(PA_ADRTP, address->element[PA_ADRTP].data,
														   address->element[PA_ADRTP].len) == PA_TEXT_OK;
	return true;
}

static void
put_address(IsoWalk *walk, size_t tag, const PaAddress *address, const Layout *layout, int level)
{
	if (layout->element[PA_ADRTP])
	{
		put_start(walk, tag, "AdrTp");
		if (level >= 24)
			put_element(walk, tag, "Cd", address->element[PA_ADRTP]);
		else
			put_text(walk, address->element[PA_ADRTP]);
		put_end(walk, tag, "AdrTp");
	}
	for (PaElement e = PA_CAREOF; e < PA_NELEMENTS; e++)
	{
		if (layout->element[e])
			put_element(walk, tag, protaddr_elements[e].name, address->element[e]);
	}
	for (int i = 0; i < layout->nlines; i++)
		put_element(walk, tag, "AdrLine", layout->line[i]);
}

/* ---- birth ---------------------------------------------------------------------------- */

static bool
is_date(PaText text)
{
	if (text.len != 10)
		return false;
	for (int i = 0; i < 10; i++)
	{
		if (i == 4 || i == 7 ? text.data[i] != '-' : text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return true;
}

/* Both have up to 35 characters, as CtrySubDvsn has. */
static bool
is_birth_place(PaText text)
{
	return text.len > 0 && protaddr_check_element(PA_CTRYSUBDVSN, text.data, text.len) == PA_TEXT_OK;
}

/* prepare_birth keeps a date and place of birth for where the party has it. */
static void
prepare_birth(IsoWalk *walk, IsoPlace *place, const PaBirth *birth)
{
	size_t		tag = place->birth_tag;

	if (!is_date(birth->date) || !is_birth_place(birth->city) || !is_country(birth->country) ||
		(birth->province.len > 0 && !is_birth_place(birth->province)))
		return;
	place->birth.at = walk->arena_used;
	if (place->new_id)
	{
		put_start(walk, tag, "Id");
		put_start(walk, tag, "PrvtId");
	}
	else if (place->new_prvtid)
	{
		put_raw(walk, place->birth_start, place->birth_end - 2 * (size_t) walk->width);
		put_string(walk, ">");
	}
	put_start(walk, tag, "DtAndPlcOfBirth");
	put_element(walk, tag, "BirthDt", birth->date);
	if (birth->province.len > 0)
		put_element(walk, tag, "PrvcOfBirth", birth->province);
	put_element(walk, tag, "CityOfBirth", birth->city);
	put_element(walk, tag, "CtryOfBirth", birth->country);
	put_end(walk, tag, "DtAndPlcOfBirth");
	if (place->new_id || place->new_prvtid)
		put_end(walk, tag, "PrvtId");
	if (place->new_id)
		put_end(walk, tag, "Id");
	place->birth.len = walk->arena_used - place->birth.at;
	walk->rewritten->births++;
}

/* ---- decided places ---------------------------------------------------------------------- */

/*
 * protaddr_iso_prepare
 *		Keep what is written in a place, as it was decided about the party.
 */
void
protaddr_iso_prepare(IsoWalk *walk, IsoPlace *place, const PaParty *party)
{
	bool		minimum = party->action == PA_PLACE_MINIMUM;
	bool		country = place->ncountry == 1 && is_country(iso_text(walk, place->country));
	PaRewritten *rewritten = walk->rewritten;
	Layout		layout;

	place->decided = true;
	place->text.at = walk->arena_used;
	if (party->action == PA_PLACE_KEEP)
		place->keep = true;
	else if (party->action == PA_PLACE_SUBSTITUTE && party->substitute != NULL &&
			 lay_out(party->substitute, place->level, &layout))
	{
		put_place_start(walk, place);
		put_string(walk, ">");
		put_address(walk, place->start, party->substitute, &layout, place->level);
		put_place_end(walk, place);
		rewritten->substituted++;
	}
	else if (country && (party->action == PA_PLACE_COUNTRY ||
						 (minimum && place->ntown == 1 && is_town(iso_text(walk, place->town), place->level))))
	{
		put_place_start(walk, place);
		put_string(walk, ">");
		if (minimum)
		{
			put_start(walk, place->start, "TwnNm");
			put_kept(walk, place->town);
			put_end(walk, place->start, "TwnNm");
		}
		put_start(walk, place->start, "Ctry");
		put_kept(walk, place->country);
		put_end(walk, place->start, "Ctry");
		put_place_end(walk, place);
		rewritten->reduced++;
	}
	else
	{
		if (place->mandatory)
		{
			put_place_start(walk, place);
			put_string(walk, "/>");
		}
		rewritten->withheld++;
	}
	place->text.len = walk->arena_used - place->text.at;
	if (party->birth != NULL && place->takes_birth)
		prepare_birth(walk, place, party->birth);
}

/*
 * protaddr_iso_flush
 *		Write the message up to here.
 */
void
protaddr_iso_flush(IsoWalk *walk, size_t end)
{
	if (end > walk->written)
	{
		protaddr_iso_write(walk, walk->message + walk->written, end - walk->written);
		walk->written = end;
	}
}

/*
 * protaddr_iso_write_place
 *		Write the message up to a place and what is decided for it.
 */
void
protaddr_iso_write_place(IsoWalk *walk, const IsoPlace *place)
{
	if (!place->keep)
	{
		if (walk->rewriter->taken != NULL &&
			(place->text.len != place->end - place->start ||
			 memcmp(walk->arena + place->text.at, walk->message + place->start, place->text.len) != 0))
			walk->rewriter->taken(walk->rewriter->arg, place->start, place->end);
		protaddr_iso_flush(walk, place->start);
		protaddr_iso_write(walk, walk->arena + place->text.at, place->text.len);
		walk->written = place->end;
	}
	if (place->birth.len > 0)
	{
		protaddr_iso_flush(walk, place->birth_start);
		protaddr_iso_write(walk, walk->arena + place->birth.at, place->birth.len);
		walk->written = place->birth_end;
	}
}
