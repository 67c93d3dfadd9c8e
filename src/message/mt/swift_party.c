/*
 * swift_party.c
 *		What does a party's field of SWIFT MT text say, and how is it written
 *		without its address?
 *
 *	 free		50, 50H, 50K, 59: optional /account, then name and address in free lines.
 *				Only the first of them is known to be the name, and none is if the first
 *				is empty; all others go together, since a name that goes on cannot be told
 *				from an address
 *	 numbered	50F, 59F: /account or CODE/CC/number, then lines with a number: 1 name, 2
 *				address, 3 country and town; in 50F alone 4 and 5 birth, 6 and 7 numbers
 *				of the customer, 8 the rest of a number
 *
 * Numbered lines out of order, of an unknown number, without what their number asks
 * for, or longer than 35 characters are taken for address.  8 goes with the address:
 * people write on in it what did not fit into 2.  So does a name or a place of birth
 * with a number in it, which can be a street's, and a number with a word beside it.  A
 * name that goes leaves NOTPROVIDED.
 *
 * Since 2021 the network wants line 3 in every 50F and 59F, so a message whose address
 * was withheld whole may be refused there; country, or country and town, pass.
 */
#include <string.h>

#include "address/address.h"
#include "message/rewrite.h"
#include "register/cpr.h"
#include "text/text.h"
#include "swift_mt.h"

#define FIELD_LINES		4		/* of name and address */
#define SAME_NUMBER		2		/* lines of one number */
#define GROUP			4		/* characters of a group of a printed account */
#define NO_NAME			"NOTPROVIDED"

/* What a line of a party's field is. */
typedef enum PaLineKind
{
	LINE_ACCOUNT = 0,			/* /account */
	LINE_CODE,					/* CODE/CC/number */
	LINE_NAME,
	LINE_DOUBTFUL,				/* in the name's place, but with a number in it */
	LINE_ADDRESS,
	LINE_COUNTRY,				/* 3/CC or 3/CC/town */
	LINE_BIRTH_DATE,
	LINE_BIRTH_PLACE,
	LINE_NUMBER,				/* 6 and 7 */
	LINE_MORE					/* 8 */
} PaLineKind;

/* A walk over the lines of a field; always the same for the same field. */
typedef struct PaLines
{
	const char *message;
	size_t		at;
	size_t		end;
	PaForm		form;
	int			index;
	int			names;
	char		number;			/* the last number seen */
	bool		has_number;		/* a code, 6 or 7: 8 may follow */
} PaLines;

/* ---- lines ------------------------------------------------------------------- */

static bool
all_digits(PaText text)
{
	return text.len > 0 && protaddr_cpr_digits(text.data, text.len);
}

/* True for CC alone, or CC/ and something behind. */
static bool
begins_with_country(PaText text)
{
	return text.len >= 2 && protaddr_country_known(text.data, 2) &&
		(text.len == 2 || (text.data[2] == '/' && !is_blank(behind(text, 3))));
}

/* has_number is true for a text with a digit, or a sign of another script that could be one. */
static bool
has_number(PaText text)
{
	for (uint32_t at = 0; at < text.len;)
	{
		char		letter[8] = {'A'};
		uint32_t	c;
		size_t		n = protaddr_read_character(text.data + at, text.len - at, &c);

		if (n == 0 || n >= sizeof(letter))
			return true;
		memcpy(letter + 1, text.data + at, n);
		if (c < 0x80 ? protaddr_is_digit((char) c) : !protaddr_is_town(letter, 1 + n))
			return true;
		at += (uint32_t) n;
	}
	return false;
}

/* next_word gives the next word between blanks and slashes, and what stands before it. */
static bool
next_word(PaText *left, PaText *word, bool *blank)
{
	*blank = false;
	while (left->len > 0 && (left->data[0] == ' ' || left->data[0] == '/'))
	{
		*blank |= left->data[0] == ' ';
		*left = behind(*left, 1);
	}
	word->data = left->data;
	word->len = 0;
	while (left->len > 0 && left->data[0] != ' ' && left->data[0] != '/')
	{
		word->len++;
		*left = behind(*left, 1);
	}
	return word->len > 0;
}

/*
 * protaddr_swift_is_account
 *		False for a line in an account's place that holds more than that: it is too
 *		long, or one of its words is a word.  Printed accounts have groups of four.
 */
bool
protaddr_swift_is_account(PaText text)
{
	PaText		left = text;
	PaText		word;
	bool		blank;
	bool		good = true;
	int			words = 0;

	while (next_word(&left, &word, &blank))
	{
		bool		letter = false;
		bool		digit = false;

		words++;
		for (uint32_t i = 0; i < word.len; i++)
		{
			letter |= protaddr_is_word_byte(word.data[i]);
			digit |= protaddr_is_digit(word.data[i]);
		}
		good &= word.len <= GROUP || !letter || (digit && !blank);
	}
	return (good || words == 1) && !too_long(text);
}

static PaLineKind
account_kind(PaText text)
{
	return protaddr_swift_is_account(text) ? LINE_ACCOUNT : LINE_ADDRESS;
}

/* free_kind tells what a line of FORM_FREE is. */
static PaLineKind
free_kind(PaLines *lines, PaText text)
{
	if (lines->index == 0 && text.len > 1 && text.data[0] == '/')
		return account_kind(text);
	if (lines->number == '\0')
	{
		/* only here can the name stand; it is not known what follows nothing */
		lines->number = '1';
		if (!is_blank(text) && text.data[0] != '/' && !too_long(text))
			return has_number(text) ? LINE_DOUBTFUL : LINE_NAME;
	}
	return LINE_ADDRESS;
}

static PaText
without_slashes(PaText text)
{
	while (text.len > 0 && text.data[0] == '/')
		text = behind(text, 1);
	return text;
}

/* behind_issuer gives what stands behind the next slash, all if there is none. */
static PaText
behind_issuer(PaText text)
{
	for (uint32_t i = 0; i + 1 < text.len; i++)
	{
		if (text.data[i] == '/')
			return behind(text, i + 1);
	}
	return text;
}

/* code_number gives the number of CODE/CC/number, where some codes name an issuer first. */
static PaText
code_number(PaText text)
{
	static const char with_issuer[][5] = {"CUST", "DRLC", "EMPL"};

	for (size_t i = 0; i < sizeof(with_issuer) / sizeof(with_issuer[0]); i++)
	{
		if (memcmp(text.data, with_issuer[i], 4) == 0)
			return behind_issuer(behind(text, 8));
	}
	return behind(text, 8);
}

/* is_code is true for CODE/CC/ and something behind. */
static bool
is_code(PaText text)
{
	return text.len > 8 &&
		protaddr_is_capital(text.data[0]) && protaddr_is_capital(text.data[1]) &&
		protaddr_is_capital(text.data[2]) && protaddr_is_capital(text.data[3]) && text.data[4] == '/' &&
		protaddr_country_known(text.data + 5, 2) && text.data[7] == '/';
}

/* is_number is true for a number, and an issuer before it, that hold nothing more. */
static bool
is_number(PaText all, PaText number)
{
	const PaText issuer = {all.data, all.len - number.len};

	return !has_number(issuer) && protaddr_swift_is_account(number);
}

/*
 * number_kind tells what a line with this number is, behind one with the number last;
 * LINE_ADDRESS if it is not what its number asks for.
 */
static PaLineKind
number_kind(const PaLines *lines, char last, char number, PaText rest)
{
	switch (number)
	{
		case '1':
			if (lines->names >= SAME_NUMBER || is_blank(rest))
				return LINE_ADDRESS;
			return has_number(rest) ? LINE_DOUBTFUL : LINE_NAME;
		case '3':
			return last != '3' && begins_with_country(rest) ? LINE_COUNTRY : LINE_ADDRESS;
		case '4':
			return rest.len == 8 && all_digits(rest) ? LINE_BIRTH_DATE : LINE_ADDRESS;
		case '5':
			return last == '4' && rest.len > 3 && begins_with_country(rest) &&
				!has_number(rest) ? LINE_BIRTH_PLACE : LINE_ADDRESS;
		case '6':
		case '7':
			if (rest.len <= 3 || !begins_with_country(rest))
				return LINE_ADDRESS;
			rest = behind(rest, 3);
			return is_number(rest, number == '6' ? behind_issuer(rest) : rest) ?
				LINE_NUMBER : LINE_ADDRESS;
		case '8':
			return lines->has_number ? LINE_MORE : LINE_ADDRESS;
		default:
			return LINE_ADDRESS;
	}
}

/* numbered_kind does so for 50F and 59F. */
static PaLineKind
numbered_kind(PaLines *lines, PaText text)
{
	PaLineKind	kind;
	char		number;

	if (lines->index == 0 && text.len > 1 && text.data[0] == '/')
		return account_kind(text);
	if (too_long(text))
		return LINE_ADDRESS;
	if (lines->index == 0 && lines->form == FORM_NUMBERED && is_code(text))
	{
		if (!is_number(behind(text, 8), code_number(text)))
			return LINE_ADDRESS;
		lines->has_number = true;
		return LINE_CODE;
	}

	if (text.len <= 2 || text.data[0] < '1' || text.data[0] > '8' || text.data[1] != '/')
		return LINE_ADDRESS;
	number = text.data[0];
	if (number < lines->number || (number == lines->number && number > '3') ||
		(number > '3' && lines->form != FORM_NUMBERED))
		return LINE_ADDRESS;

	/* a line that goes must not decide what is left of those behind it */
	kind = number_kind(lines, lines->number, number, behind(text, 2));
	if (kind != LINE_ADDRESS || number == '2')
		lines->number = number;
	if (kind == LINE_NAME)
		lines->names++;
	else if (kind == LINE_DOUBTFUL)
		lines->names = SAME_NUMBER; /* what follows an address is no name */
	lines->has_number |= kind == LINE_NUMBER;
	return kind;
}

/* next_line gives the next line of a party's field, false if there is none. */
static bool
next_line(PaLines *lines, PaLine *line, PaLineKind *kind)
{
	if (lines->at >= lines->end && lines->index > 0)
		return false;
	cut_line(lines->message, lines->at, lines->end, line);
	*kind = lines->form == FORM_FREE ? free_kind(lines, line->text) :
		numbered_kind(lines, line->text);
	lines->at = line->next;
	lines->index++;
	return true;
}

static void
begin_lines(PaLines *lines, const char *message, const PaPlace *place)
{
	memset(lines, 0, sizeof(*lines));
	lines->message = message;
	lines->at = place->start;
	lines->end = place->end;
	lines->form = place->form;
}

/* ---- what a party says --------------------------------------------------------- */

static void
add_identifier(PaParty *party, PaText text)
{
	text = without_slashes(text);
	if (text.len == 0)
		return;
	for (int i = 0; i < party->nidentifiers; i++)
	{
		if (party->identifier[i].len == text.len &&
			memcmp(party->identifier[i].data, text.data, text.len) == 0)
			return;
	}
	if (party->nidentifiers < PA_PARTY_IDENTIFIERS)
		party->identifier[party->nidentifiers++] = text;
	else
		party->more_identifiers = true;
}

/* add_words adds each word that can be an account; what stands beside it is not it. */
static void
add_words(PaParty *party, PaText text)
{
	PaText		word;
	bool		blank;

	while (next_word(&text, &word, &blank))
	{
		bool		digit = false;

		for (uint32_t i = 0; i < word.len; i++)
			digit |= protaddr_is_digit(word.data[i]);
		if (digit && word.len > GROUP)
			add_identifier(party, word);
	}
}

/*
 * protaddr_swift_read_account
 *		Add an account, what stands behind a code before it (/C/12345), and what else
 *		in its line can be one.
 */
void
protaddr_swift_read_account(PaParty *party, PaText text)
{
	/* the first of them counts as the payer's or payee's */
	if (!protaddr_swift_is_account(text))
		add_words(party, text);
	add_identifier(party, text);
	for (uint32_t i = text.len; i > 1; i--)
	{
		if (text.data[i - 1] == '/')
		{
			if (text.data[i - 2] != '/')
				add_identifier(party, behind(text, i));
			break;
		}
	}
	add_words(party, text);
}

/*
 * plausible_town gives the town of what stands behind 3/CC/, nothing unless it can
 * be told from the rest.  A postcode before or behind it is left off, and so is the
 * state; a number elsewhere, or one as short as a house's, shows that more than a town
 * stands there.
 */
static PaText
plausible_town(PaText country, PaText text)
{
	const bool	states = memcmp(country.data, "US", 2) == 0 || memcmp(country.data, "CA", 2) == 0;
	const PaText none = {NULL, 0};
	uint32_t	start = 0;
	uint32_t	end = text.len;

	/* words with digits at the start, then at the end */
	for (int side = 0; side < 2; side++)
	{
		uint32_t	digits = 0;

		for (;;)
		{
			uint32_t	from;
			uint32_t	to;
			uint32_t	in_word = 0;

			while (start < end && text.data[start] == ' ')
				start++;
			while (end > start && text.data[end - 1] == ' ')
				end--;
			if (side == 0)
			{
				from = to = start;
				while (to < end && text.data[to] != ' ')
					to++;
			}
			else
			{
				from = to = end;
				while (from > start && text.data[from - 1] != ' ')
					from--;
			}
			for (uint32_t i = from; i < to; i++)
				in_word += protaddr_is_digit(text.data[i]);
			if (in_word == 0)
				break;
			digits += in_word;
			if (side == 0)
				start = to;
			else
				end = from;
		}
		if (digits > 0 && digits < 4)
			return none;
	}

	/* the state behind it */
	if (states && end - start > 4 && text.data[end - 4] == ',' && text.data[end - 3] == ' ' &&
		protaddr_is_capital(text.data[end - 2]) && protaddr_is_capital(text.data[end - 1]))
		end -= 4;
	text.data += start;
	text.len = end - start;
	return protaddr_is_town(text.data, text.len) ? text : none;
}

/* read_country takes country and town from 3/CC/town. */
static void
read_country(PaParty *party, PaText text)
{
	party->country.data = text.data + 2;
	party->country.len = 2;
	if (text.len > 5)
		party->town = plausible_town(party->country, behind(text, 5));
}

/* join adds the identifier that line 8 ends. */
static void
join(PaPlace *place, PaParty *party, PaText number, PaText more)
{
	PaText		joined = {place->joined, number.len + more.len};

	memcpy(place->joined, number.data, number.len);
	memcpy(place->joined + number.len, more.data, more.len);
	add_identifier(party, joined);
}

/*
 * read_misplaced takes whoever a line names that counts as address: one too many is
 * looked for rather than one too few.
 */
static void
read_misplaced(const PaPlace *place, PaParty *party, PaText text)
{
	if (text.len > 0 && text.data[0] == '/')
		protaddr_swift_read_account(party, text);
	else if (place->form == FORM_FREE)
	{
		if (!place->named && party->name.len == 0 && !is_blank(text) && !too_long(text))
			party->name = text;
	}
	else if (is_code(text))
	{
		add_words(party, code_number(text));
		add_identifier(party, code_number(text));
	}
	else if (text.len > 5 && text.data[1] == '/' &&
			 (text.data[0] == '6' || text.data[0] == '7') &&
			 begins_with_country(behind(text, 2)))
	{
		add_words(party, behind(text, 5));
		add_identifier(party, behind_issuer(behind(text, 5)));
	}
}

/*
 * protaddr_swift_read
 *		Read a field into a party and its place.
 */
bool
protaddr_swift_read(const char *message, PaPlace *place, PaParty *party)
{
	PaLines		lines;
	PaLine		line;
	PaLineKind	kind;
	PaText		number = {NULL, 0};
	bool		address = false;

	begin_lines(&lines, message, place);
	while (next_line(&lines, &line, &kind))
	{
		PaText		rest = line.text.len > 2 ? behind(line.text, 2) : line.text;

		switch (kind)
		{
			case LINE_ACCOUNT:
				protaddr_swift_read_account(party, line.text);
				break;
			case LINE_CODE:
				number = without_slashes(code_number(line.text));
				add_identifier(party, number);
				break;
			case LINE_NAME:
				if (!place->named)
					party->name = place->form == FORM_FREE ? line.text : rest;
				place->named = true;
				place->kept++;
				break;
			case LINE_DOUBTFUL:
				if (!place->named)
					party->name = place->form == FORM_FREE ? line.text : rest;
				address = true;
				break;
			case LINE_ADDRESS:
				address |= !is_blank(line.text);
				read_misplaced(place, party, line.text);
				break;
			case LINE_COUNTRY:
				address = true;
				read_country(party, line.text);
				break;
			case LINE_BIRTH_DATE:
			case LINE_BIRTH_PLACE:
				place->born = true;
				place->kept++;
				break;
			case LINE_NUMBER:
				/* 6/CC/issuer/number, 7/CC/number */
				number = behind(line.text, 5);
				if (line.text.data[0] == '6')
					number = behind_issuer(number);
				number = without_slashes(number);
				add_identifier(party, number);
				place->kept++;
				break;
			case LINE_MORE:
				if (number.len > 0)
					join(place, party, number, rest);
				break;
		}
	}
	if (!place->named)
		place->kept++;			/* NOTPROVIDED */
	party->takes_birth = place->form == FORM_NUMBERED && !place->born &&
		place->kept + 2 <= FIELD_LINES;
	return address;
}

/* ---- writing ------------------------------------------------------------------- */

static bool
write_bytes(const PaSwiftOutput *out, const char *data, size_t len)
{
	return len == 0 || out->rewriter->write(out->rewriter->arg, data, len);
}

/* What is written of a field. */
typedef struct PaWriting
{
	PaSwiftOutput *out;
	const char *eol;
	bool		open;			/* the last line written has no end yet */
	bool		stopped;
	/* what stood there, as far as it is not written again */
	const char *before;
	size_t		before_len;
	bool		same;
} PaWriting;

static void
put(PaWriting *w, const char *data, size_t len)
{
	if (!w->stopped && !write_bytes(w->out, data, len))
		w->stopped = true;
	w->same = w->same && len <= w->before_len && memcmp(w->before, data, len) == 0;
	if (w->same)
	{
		w->before += len;
		w->before_len -= len;
	}
}

static void
put_line(PaWriting *w, const char *start, const char *text, size_t len)
{
	if (w->open)
		put(w, w->eol, strlen(w->eol));
	w->open = false;
	put(w, start, strlen(start));
	put(w, text, len);
	put(w, w->eol, strlen(w->eol));
}

/*
 * fold_lines writes text in character set X into lines of at most width characters,
 * broken at blanks, each with a line feed behind; 0 if max lines do not hold it, or
 * one of them would begin as a tag or the end of the message does, or hold a party's tag.
 */
static int
fold_lines(const char *text, size_t len, size_t width, int max, char *out, size_t outsize)
{
	size_t		written = protaddr_charset_x(text, len, out, outsize - 1);
	size_t		end = 0;
	size_t		at = 0;
	int			n = 0;

	/* one blank is enough between words */
	for (size_t i = 0; i < written; i++)
	{
		if (out[i] != ' ' || (end > 0 && out[end - 1] != ' '))
			out[end++] = out[i];
	}
	if (end > 0 && out[end - 1] == ' ')
		end--;

	while (at < end)
	{
		size_t		stop = at + width;
		PaText		rest = {out + at, (uint32_t) (end - at)};

		if (begins_as_tag(rest) || holds_party_tag(rest))
			return 0;
		if (++n > max || out[at] == ':' || out[at] == '-' || out[at] == '/')
			return 0;
		if (stop >= end)
			stop = end;
		else
		{
			while (stop > at && out[stop] != ' ')
				stop--;
			if (stop == at)
				return 0;
		}
		out[stop] = '\n';
		at = stop + 1;
	}
	return n;
}

/* The lines of a substitute, ready to be written. */
typedef struct PaFolded
{
	char		text[(PA_SWIFT_LINE + 1) * FIELD_LINES];	/* with line feeds */
	int			n;
	char		country[PA_SWIFT_LINE]; /* CC/town */
	size_t		country_len;
} PaFolded;

/*
 * fold_substitute makes the lines of an address for a place; false if it does not fit
 * there as a whole.
 */
static bool
fold_substitute(PaSwiftOutput *out, const PaPlace *place, const PaAddress *address, PaFolded *folded)
{
	static const PaElement of_town[] = {PA_PSTCD, PA_TWNNM, PA_DSTRCTNM, PA_CTRYSUBDVSN};
	PaAddress	part;
	const PaText country = address->element[PA_CTRY];
	size_t		len;
	size_t		n;
	int			lines = FIELD_LINES - place->kept;

	memset(folded, 0, sizeof(*folded));
	if (place->form == FORM_FREE)
	{
		len = protaddr_format_line(address, out->line);
		if (len == 0)
			return false;
		/* alone it is what the line is made of already */
		if (country.len == 2 && !(len == 2 && memcmp(out->line, country.data, 2) == 0) && len + 3 <= sizeof(out->line))
		{
			out->line[len] = ' ';
			memcpy(out->line + len + 1, country.data, 2);
			len += 3;
		}
		folded->n = fold_lines(out->line, len, PA_SWIFT_LINE, lines, out->folded, sizeof(out->folded));
		if (folded->n == 0)
			return false;
		memcpy(folded->text, out->folded, (PA_SWIFT_LINE + 1) * (size_t) folded->n);
		return true;
	}

	/* 3/CC/town */
	if (country.len != 2 || !protaddr_country_known(country.data, 2))
		return false;
	memcpy(folded->country, country.data, 2);
	folded->country_len = 2;
	memset(&part, 0, sizeof(part));
	part.element[PA_CTRY] = country;
	for (size_t i = 0; i < sizeof(of_town) / sizeof(of_town[0]); i++)
		part.element[of_town[i]] = address->element[of_town[i]];
	if (part.element[PA_TWNNM].len > 0 || part.element[PA_PSTCD].len > 0)
	{
		len = protaddr_format_line(&part, out->line);
		n = protaddr_charset_x(out->line, len, folded->country + 3,
							   PA_SWIFT_LINE - 2 - 3);
		if (n == 0)
			return false;
		folded->country[2] = '/';
		folded->country_len = 3 + n;
	}

	/* 2/ */
	part = *address;
	for (size_t i = 0; i < sizeof(of_town) / sizeof(of_town[0]); i++)
		part.element[of_town[i]].len = 0;
	part.element[PA_ADRTP].len = part.element[PA_ADRTP_ID].len = 0;
	len = protaddr_format_line(&part, out->line);
	if (len == country.len && memcmp(out->line, country.data, len) == 0)
		return lines >= 1;		/* nothing but the country */
	lines = lines - 1 < SAME_NUMBER ? lines - 1 : SAME_NUMBER;
	folded->n = fold_lines(out->line, len, PA_SWIFT_LINE - 2, lines, out->folded,
						   sizeof(out->folded));
	if (folded->n == 0)
		return false;
	memcpy(folded->text, out->folded, (PA_SWIFT_LINE + 1) * (size_t) folded->n);
	return true;
}

/* fold_birth makes 4/ and 5/ of a birth; false if it cannot be written so. */
static bool
fold_birth(const PaBirth *birth, char date[8], char place[PA_SWIFT_LINE], size_t *place_len)
{
	const PaText d = birth->date;
	size_t		n;

	if (d.len != 10 || d.data[4] != '-' || d.data[7] != '-' ||
		!protaddr_cpr_digits(d.data, 4) || !protaddr_cpr_digits(d.data + 5, 2) ||
		!protaddr_cpr_digits(d.data + 8, 2) || birth->country.len != 2 ||
		!protaddr_country_known(birth->country.data, 2))
		return false;
	memcpy(date, d.data, 4);
	memcpy(date + 4, d.data + 5, 2);
	memcpy(date + 6, d.data + 8, 2);
	memcpy(place, birth->country.data, 2);
	place[2] = '/';
	n = protaddr_charset_x(birth->city.data, birth->city.len, place + 3, PA_SWIFT_LINE - 2 - 3);
	*place_len = 3 + n;
	return n > 0;
}

/* put_address writes what the decision puts in place of an address. */
static void
put_address(PaWriting *w, const PaPlace *place, const PaParty *party, PaPlaceAction action,
			const PaFolded *folded)
{
	if (action == PA_PLACE_SUBSTITUTE)
	{
		const char *at = folded->text;

		for (int i = 0; i < folded->n; i++)
		{
			const char *end = strchr(at, '\n');

			put_line(w, place->form == FORM_FREE ? "" : "2/", at, (size_t) (end - at));
			at = end + 1;
		}
		if (folded->country_len > 0)
			put_line(w, "3/", folded->country, folded->country_len);
	}
	else if (action == PA_PLACE_MINIMUM && party->town.len > 0)
	{
		char		text[PA_SWIFT_LINE * 4];

		memcpy(text, party->country.data, 2);
		text[2] = '/';
		memcpy(text + 3, party->town.data, party->town.len);
		put_line(w, "3/", text, 3 + party->town.len);
	}
	else if (action == PA_PLACE_MINIMUM || action == PA_PLACE_COUNTRY)
		put_line(w, "3/", party->country.data, 2);
}

/* settle turns what was decided into what can be done, and counts it. */
static PaPlaceAction
settle(PaSwiftOutput *out, const PaPlace *place, const PaParty *party, PaFolded *folded)
{
	switch (party->action)
	{
		case PA_PLACE_KEEP:
			return PA_PLACE_KEEP;
		case PA_PLACE_MINIMUM:
		case PA_PLACE_COUNTRY:
			/* the country of 50K and 59 is not marked */
			if (party->country.len == 0 || place->kept >= FIELD_LINES)
				break;
			out->rewritten->reduced++;
			return party->action;
		case PA_PLACE_SUBSTITUTE:
			if (party->substitute == NULL ||
				!fold_substitute(out, place, party->substitute, folded))
				break;
			out->rewritten->substituted++;
			return PA_PLACE_SUBSTITUTE;
		case PA_PLACE_WITHHOLD:
			break;
	}
	out->rewritten->withheld++;
	return PA_PLACE_WITHHOLD;
}

/* Counts the lines that a place will have, without births. */
static int
lines_of(const PaPlace *place, PaPlaceAction action, const PaFolded *folded, const PaSwiftOutput *out)
{
	PaLines		lines;
	PaLine		line;
	PaLineKind	kind;
	int			n = 0;

	switch (action)
	{
		case PA_PLACE_SUBSTITUTE:
			return place->kept + folded->n + (folded->country_len > 0);
		case PA_PLACE_MINIMUM:
		case PA_PLACE_COUNTRY:
			return place->kept + 1;
		case PA_PLACE_KEEP:
			begin_lines(&lines, out->message, place);
			while (next_line(&lines, &line, &kind) && n <= FIELD_LINES)
				n += kind != LINE_ACCOUNT && kind != LINE_CODE;
			return n;
		case PA_PLACE_WITHHOLD:
			break;
	}
	return place->kept;
}

/*
 * protaddr_swift_write
 *		Write a party's field as it was decided.
 */
bool
protaddr_swift_write(PaSwiftOutput *out, const PaPlace *place, const PaParty *party)
{
	PaWriting	w = {out, out->eol, false, false, out->message + place->start, place->end - place->start, true};
	PaLines		lines;
	PaLine		line;
	PaLineKind	kind;
	PaFolded	folded;
	PaPlaceAction action;
	char		date[8];
	char		birth_place[PA_SWIFT_LINE];
	size_t		birth_place_len = 0;
	bool		birth;
	bool		name = !place->named;
	bool		address;

	memset(&folded, 0, sizeof(folded));
	action = settle(out, place, party, &folded);
	birth = party->birth != NULL && party->takes_birth &&
		lines_of(place, action, &folded, out) + 2 <= FIELD_LINES &&
		fold_birth(party->birth, date, birth_place, &birth_place_len);
	if (action == PA_PLACE_KEEP && !birth)
		return true;			/* copied with what follows */

	if (!write_bytes(out, out->message + out->copied, place->start - out->copied))
		return false;
	out->copied = place->end;
	if (birth)
		out->rewritten->births++;
	name &= action != PA_PLACE_KEEP;
	address = action != PA_PLACE_KEEP && action != PA_PLACE_WITHHOLD;

	begin_lines(&lines, out->message, place);
	while (next_line(&lines, &line, &kind))
	{
		bool		party_line = kind == LINE_ACCOUNT || kind == LINE_CODE;
		bool		later = kind == LINE_NUMBER || kind == LINE_MORE;
		bool		born = kind == LINE_BIRTH_DATE || kind == LINE_BIRTH_PLACE;

		if (!party_line && name)
		{
			put_line(&w, place->form == FORM_FREE ? "" : "1/", NO_NAME, strlen(NO_NAME));
			name = false;
		}
		if ((later || born) && address)
		{
			put_address(&w, place, party, action, &folded);
			address = false;
		}
		if (later && birth)
		{
			put_line(&w, "4/", date, sizeof(date));
			put_line(&w, "5/", birth_place, birth_place_len);
			birth = false;
		}
		if (action != PA_PLACE_KEEP &&
			(kind == LINE_DOUBTFUL || kind == LINE_ADDRESS ||
			 kind == LINE_COUNTRY || kind == LINE_MORE))
			continue;
		put(&w, out->message + line.start, line.next - line.start);
		w.open = out->message[line.next - 1] != '\n';
	}
	if (address)
		put_address(&w, place, party, action, &folded);
	if (birth)
	{
		put_line(&w, "4/", date, sizeof(date));
		put_line(&w, "5/", birth_place, birth_place_len);
	}
	if (action != PA_PLACE_KEEP && !(w.same && w.before_len == 0) && out->rewriter->taken != NULL)
		out->rewriter->taken(out->rewriter->arg, place->start, place->end);
	return !w.stopped;
}
