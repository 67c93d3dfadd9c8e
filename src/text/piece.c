/*
 * piece.c
 *		Which words and numbers stand in a text?
 *
 * One pass.  ASCII letters and digits, nearly all of most texts, take a table look-up
 * and a multiplication each; whatever else there is goes through read_other, which
 * gives the letters that a character stands for, or tells what kind of gap it is.
 */
#include "text/piece.h"

#include <string.h>

/* What a byte is: the sign of a letter or digit, a gap that says nothing else, or 0: look closer. */
#define SIGN_LETTERS	26
#define SIGN_DIGITS		36
#define GAP_BLANK		(SIGN_DIGITS + 1 + PA_GAP_BLANK)
#define GAP_MARK		(SIGN_DIGITS + 1 + PA_GAP_MARK)
#define GAP_FIELD		(SIGN_DIGITS + 1 + PA_GAP_FIELD)
#define is_sign(s)		((s) != 0 && (s) <= SIGN_DIGITS)

static const uint8_t signs[256] = {
	['0'] = 27,['1'] = 28,['2'] = 29,['3'] = 30,['4'] = 31,['5'] = 32,['6'] = 33,['7'] = 34,
	['8'] = 35,['9'] = 36,
	['A'] = 1,['B'] = 2,['C'] = 3,['D'] = 4,['E'] = 5,['F'] = 6,['G'] = 7,['H'] = 8,
	['I'] = 9,['J'] = 10,['K'] = 11,['L'] = 12,['M'] = 13,['N'] = 14,['O'] = 15,['P'] = 16,
	['Q'] = 17,['R'] = 18,['S'] = 19,['T'] = 20,['U'] = 21,['V'] = 22,['W'] = 23,['X'] = 24,
	['Y'] = 25,['Z'] = 26,
	['a'] = 1,['b'] = 2,['c'] = 3,['d'] = 4,['e'] = 5,['f'] = 6,['g'] = 7,['h'] = 8,
	['i'] = 9,['j'] = 10,['k'] = 11,['l'] = 12,['m'] = 13,['n'] = 14,['o'] = 15,['p'] = 16,
	['q'] = 17,['r'] = 18,['s'] = 19,['t'] = 20,['u'] = 21,['v'] = 22,['w'] = 23,['x'] = 24,
	['y'] = 25,['z'] = 26,
	[' '] = GAP_BLANK,['>'] = GAP_FIELD,[PA_FIELD_BORDER] = GAP_FIELD,
	['\n'] = GAP_BLANK,['\r'] = GAP_BLANK,['\t'] = GAP_BLANK,['!'] = GAP_MARK,['#'] = GAP_MARK,
	['$'] = GAP_MARK,['\''] = GAP_MARK,['('] = GAP_MARK,[')'] = GAP_MARK,['*'] = GAP_MARK,
	['+'] = GAP_BLANK,[','] = GAP_MARK,['-'] = GAP_MARK,['.'] = GAP_MARK,['/'] = GAP_MARK,
	[':'] = GAP_MARK,[';'] = GAP_MARK,['@'] = GAP_MARK,['['] = GAP_MARK,[']'] = GAP_MARK,
	['^'] = GAP_MARK,['_'] = GAP_MARK,['`'] = GAP_MARK,['{'] = GAP_MARK,['|'] = GAP_MARK,
	['}'] = GAP_MARK,['~'] = GAP_MARK
};

/* bytes of the names of XML's elements */
static const bool of_name[256] = {
	['0'] = true,['1'] = true,['2'] = true,['3'] = true,['4'] = true,['5'] = true,['6'] = true,
	['7'] = true,['8'] = true,['9'] = true,[':'] = true,['_'] = true,['-'] = true,['.'] = true,
	['A'] = true,['B'] = true,['C'] = true,['D'] = true,['E'] = true,['F'] = true,['G'] = true,
	['H'] = true,['I'] = true,['J'] = true,['K'] = true,['L'] = true,['M'] = true,['N'] = true,
	['O'] = true,['P'] = true,['Q'] = true,['R'] = true,['S'] = true,['T'] = true,['U'] = true,
	['V'] = true,['W'] = true,['X'] = true,['Y'] = true,['Z'] = true,
	['a'] = true,['b'] = true,['c'] = true,['d'] = true,['e'] = true,['f'] = true,['g'] = true,
	['h'] = true,['i'] = true,['j'] = true,['k'] = true,['l'] = true,['m'] = true,['n'] = true,
	['o'] = true,['p'] = true,['q'] = true,['r'] = true,['s'] = true,['t'] = true,['u'] = true,
	['v'] = true,['w'] = true,['x'] = true,['y'] = true,['z'] = true
};

/* What a character that is not plain ASCII comes to. */
typedef struct Other
{
	uint32_t	size;			/* bytes it takes */
	int			nsigns;			/* letters or digits it stands for */
	uint8_t		sign[8];
	bool		nothing;		/* it is not there: invisible, or a mark on a letter */
	bool		special;		/* a letter that is none of ASCII's */
	uint32_t	mark;			/* which */
	uint8_t		gap;			/* else what gap it is */
} Other;

/* ---- hashes ---------------------------------------------------------------------------- */

static inline uint64_t
mixed(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return x;
}

/* protaddr_piece_key makes a key of sixteen secret bytes. */
void
protaddr_piece_key(PaPieceKey *key, const uint8_t bytes[16])
{
	memcpy(&key->base, bytes, 8);
	memcpy(&key->mix, bytes + 8, 8);
	key->base |= 1;
	key->power[0] = 1;
	for (int i = 1; i <= PA_NAME_SIZE; i++)
		key->power[i] = key->power[i - 1] * key->base;
}

uint64_t
protaddr_hash_end(const PaPieceKey *key, uint64_t sum, uint32_t count)
{
	uint64_t	hash = mixed(sum + (key->mix ^ count));

	return hash != 0 ? hash : 1;
}

static uint64_t
sum_of(const PaPieceKey *key, const char *name, size_t len)
{
	uint64_t	sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = sum * key->base + protaddr_sign(name[i]);
	return sum;
}

uint64_t
protaddr_name_hash(const PaPieceKey *key, const char *name, size_t len)
{
	return len > PA_NAME_SIZE ? 0 : protaddr_hash_end(key, sum_of(key, name, len), (uint32_t) len);
}

uint64_t
protaddr_quick_name_hash(const PaPieceKey *key, const char *name, size_t len)
{
	uint64_t	hash = protaddr_quick_hash(key, sum_of(key, name, len), (uint32_t) len);

	return hash != 0 ? hash : 1;
}

/* ---- characters that are written otherwise ------------------------------------------------ */

static int
hex_digit(char c)
{
	if (protaddr_is_digit(c))
		return c - '0';
	c = protaddr_to_small(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* hex_byte reads two hexadecimal digits; -1 if they are none. */
static int
hex_byte(const char *text, uint32_t len)
{
	int			high;
	int			low;

	if (len < 2 || (high = hex_digit(text[0])) < 0 || (low = hex_digit(text[1])) < 0)
		return -1;
	return high * 16 + low;
}

/*
 * read_hex_character reads one character whose bytes are written as a mark and two
 * hexadecimal digits each.  A byte that is no UTF-8 is one of Latin-1.
 */
static uint32_t
read_hex_character(const char *text, uint32_t len, uint32_t *c)
{
	char		mark = text[0];
	char		byte[4];
	int			n = 0;
	size_t		size;

	while (n < 4 && (uint32_t) n * 3 + 2 < len && text[n * 3] == mark)
	{
		int			value = hex_byte(text + n * 3 + 1, len - (uint32_t) n * 3 - 1);

		if (value < 0)
			break;
		byte[n++] = (char) value;
	}
	if (n == 0)
		return 0;
	size = protaddr_read_character(byte, (size_t) n, c);
	if (size == 0)
	{
		*c = (unsigned char) byte[0];
		size = 1;
	}
	return (uint32_t) size * 3;
}

/* The entities of HTML that stand for letters and blanks; the others are gaps. */
static const struct
{
	const char *name;
	uint16_t	character;
}	entities[] = {
	{"aelig", 0xE6}, {"oslash", 0xF8}, {"aring", 0xE5}, {"auml", 0xE4}, {"ouml", 0xF6},
	{"uuml", 0xFC}, {"szlig", 0xDF}, {"eacute", 0xE9}, {"egrave", 0xE8}, {"ecirc", 0xEA},
	{"euml", 0xEB}, {"agrave", 0xE0}, {"aacute", 0xE1}, {"acirc", 0xE2}, {"atilde", 0xE3},
	{"ccedil", 0xE7}, {"iacute", 0xED}, {"igrave", 0xEC}, {"icirc", 0xEE}, {"iuml", 0xEF},
	{"ntilde", 0xF1}, {"oacute", 0xF3}, {"ograve", 0xF2}, {"ocirc", 0xF4}, {"otilde", 0xF5},
	{"uacute", 0xFA}, {"ugrave", 0xF9}, {"ucirc", 0xFB}, {"yacute", 0xFD}, {"yuml", 0xFF},
	{"eth", 0xF0}, {"thorn", 0xFE}, {"oelig", 0x153}, {"shy", 0xAD}, {"nbsp", 0xA0},
	{"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"comma", ','}, {"period", '.'}
};

/* same_letters compares without regard to case; name is small. */
static bool
same_letters(const char *text, const char *name, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (protaddr_to_small(text[i]) != name[i])
			return false;
	return true;
}

/*
 * read_entity reads an entity of XML or HTML, also one whose own ampersand is written
 * as one (&amp;aelig;).  Gives the bytes it takes, 0 if there is none.
 */
static uint32_t
read_entity(const char *text, uint32_t len, uint32_t *c)
{
	uint32_t	at = 1;
	uint32_t	start;

	while (len - at >= 4 && memcmp(text + at, "amp;", 4) == 0)
		at += 4;
	*c = '&';
	if (at < len && text[at] == '#')
	{
		bool		hex = at + 1 < len && protaddr_to_small(text[at + 1]) == 'x';
		uint32_t	value = 0;

		start = at + (hex ? 2 : 1);
		for (at = start; at < len && at < start + 8; at++)
		{
			int			digit = hex_digit(text[at]);

			if (digit < 0 || (!hex && digit > 9))
				break;
			value = value * (hex ? 16 : 10) + (uint32_t) digit;
		}
		*c = value;
		return at > start && at < len && text[at] == ';' ? at + 1 : 0;
	}

	start = at;
	while (at < len && at < start + 8 && protaddr_is_letter(text[at]))
		at++;
	if (at == start || at >= len || text[at] != ';')
		return start > 1 ? start : 0;	/* &amp; alone */
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
	{
		const char *name = entities[i].name;

		if (strlen(name) == at - start && same_letters(text + start, name, at - start))
		{
			*c = entities[i].character;
			return at + 1;
		}
	}
	return start > 1 ? start : 0;
}

/* read_json_escape reads a character that JSON writes with a backslash; 0 if there is none. */
static uint32_t
read_json_escape(const char *text, uint32_t len, uint32_t *c)
{
	int			high;
	int			low;

	if (len < 2)
		return 0;
	if (text[1] == 'n' || text[1] == 'r' || text[1] == 't')
	{
		*c = ' ';
		return 2;
	}
	if (text[1] != 'u' || len < 6 || (high = hex_byte(text + 2, 2)) < 0 || (low = hex_byte(text + 4, 2)) < 0)
		return 0;
	*c = (uint32_t) (high * 256 + low);
	if (*c >= 0xD800 && *c <= 0xDBFF && len >= 12 && text[6] == '\\' && text[7] == 'u')
	{
		int			high2 = hex_byte(text + 8, 2);
		int			low2 = hex_byte(text + 10, 2);

		if (high2 >= 0xDC && high2 <= 0xDF && low2 >= 0)
		{
			*c = 0x10000 + ((*c - 0xD800) << 10) + ((uint32_t) (high2 * 256 + low2) - 0xDC00);
			return 12;
		}
	}
	return 6;
}

/* ---- what a character comes to ------------------------------------------------------------- */

static void
other_sign(Other *other, char c)
{
	uint8_t		sign = signs[(unsigned char) c];

	if (is_sign(sign) && other->nsigns < (int) sizeof(other->sign))
		other->sign[other->nsigns++] = sign;
}

/* other_simple takes a character that needs nobody else; false if it is of no alphabet we know. */
static bool
other_simple(Other *other, const char *bytes, size_t size, uint32_t c)
{
	char		folded[3];
	int			digit;

	if (c < 0x80)
	{
		if (is_sign(signs[c]))
			other_sign(other, (char) c);
		else
			other->gap = signs[c] == GAP_BLANK ? PA_GAP_BLANK : PA_GAP_MARK;
		return true;
	}
	if (protaddr_fold_letter(bytes, size, folded) > 0)
	{
		other->special = true;
		for (int i = 0; i < 3 && folded[i] != '\0'; i++)
			other_sign(other, folded[i]);
		return true;
	}
	if ((c >= 0x80 && c <= 0x9F) || c == 0x2028 || c == 0x2029)
		other->gap = PA_GAP_MARK;
	else if (protaddr_is_control(c) || (c >= 0x300 && c <= 0x36F) || (c >= 0x20D0 && c <= 0x20F0))
	{
		other->nothing = true;
		other->mark = c;
	}
	else if (protaddr_is_space(c))
		other->gap = PA_GAP_BLANK;
	else if ((digit = protaddr_digit_of(c)) >= 0)
		other_sign(other, (char) ('0' + digit));
	else if (protaddr_looks_like(c) != '\0')
		other_sign(other, protaddr_looks_like(c));
	else
	{
		other->gap = PA_GAP_MARK;
		return false;
	}
	return true;
}

/* utf8 writes a character; gives its bytes, 0 if it is none. */
static size_t
utf8(uint32_t c, char out[4])
{
	size_t		n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	if (n == 1)
	{
		out[0] = (char) c;
		return 1;
	}
	for (size_t i = n - 1; i > 0; i--)
	{
		out[i] = (char) (0x80 | (c & 0x3F));
		c >>= 6;
	}
	out[0] = (char) ((0xF00 >> n) | c);
	return n;
}

/* other_character takes any character, by what it is composed of if need be. */
static void
other_character(const PaReader *reader, Other *other, uint32_t c)
{
	char		bytes[4];
	size_t		size = utf8(c, bytes);
	uint32_t	simple[18];		/* Unicode's longest */
	size_t		nsimple;

	if (size == 0)
	{
		other->gap = PA_GAP_MARK;
		return;
	}
	if (other_simple(other, bytes, size, c) || reader->decompose == NULL)
		return;
	nsimple = reader->decompose(reader->arg, c, simple, sizeof(simple) / sizeof(simple[0]));
	if (nsimple == 0)
		return;
	other->gap = PA_GAP_NONE;
	for (size_t i = 0; i < nsimple; i++)
	{
		size = utf8(simple[i], bytes);
		if (size > 0)
			other_simple(other, bytes, size, simple[i]);
	}
	if (other->nsigns == 0 && !other->nothing)
		other->gap = PA_GAP_MARK;
}

/* ends_tag is true where a tag ends, however that is encoded. */
static inline bool
ends_tag(const char *text, uint32_t len)
{
	static const char *const encoded[] = {"%3e", "%2f", "&gt;", "&#62;", "&#x3e;", "\\u003e", "\\/"};

	if (len == 0 || *text == '>' || *text == '/')
		return true;
	if (*text != '%' && *text != '&' && *text != '\\')
		return false;
	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++)
		if (len >= strlen(encoded[i]) && same_letters(text, encoded[i], (uint32_t) strlen(encoded[i])))
			return true;
	return false;
}

static inline uint32_t
skip_blanks(const char *text, uint32_t len, uint32_t at)
{
	while (at < len && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r'))
		at++;
	return at;
}

/*
 * has_attribute is true if what stands behind the name of an element, and blanks, is the end of
 * a tag or an attribute of it.
 */
static bool
has_attribute(const char *text, uint32_t len, uint32_t at)
{
	at = skip_blanks(text, len, at);
	if (ends_tag(text + at, len - at) || text[at] == '?')
		return true;
	while (at < len && of_name[(unsigned char) text[at]])
		at++;
	at = skip_blanks(text, len, at);
	return at < len && text[at] == '=';
}

/*
 * skip_name gives the bytes of an element's name behind a "<", or 0.  What a comment, or an
 * instruction, begins with is no name, nor is a word that somebody put between brackets.
 */
static inline uint32_t
skip_name(const char *text, uint32_t len)
{
	uint32_t	at = 0;
	uint32_t	mark;

	if (len >= 8 && memcmp(text, "![CDATA[", 8) == 0)
		return 8;
	while (at < len && (text[at] == '/' || text[at] == '!' || text[at] == '?'))
		at++;
	mark = at;
	if (at > 0 && text[at - 1] == '!')
		return at;
	while (at < len && of_name[(unsigned char) text[at]])
		at++;
	if (at < len && (text[at] == '>' || text[at] == '/'))
		return at;
	return has_attribute(text, len, at) ? at : mark;
}

/* a mark that was put where a letter was lost */
static inline bool
stands_for_lost(uint32_t c)
{
	return c == '?' || c == 0xFFFD;
}

/*
 * read_other reads the character at reader->at, which is no ASCII letter or digit.
 * in_word: a word stands directly before it.
 */
static void
read_other(PaReader *reader, bool in_word, Other *other)
{
	const char *text = reader->text + reader->at;
	uint32_t	len = reader->len - reader->at;
	uint32_t	c = 0;

	*other = (Other)
	{
		0
	};
	switch (text[0])
	{
		case '&':
			other->size = read_entity(text, len, &c);
			break;
		case '%':
		case '=':
			other->size = read_hex_character(text, len, &c);

			/* quoted-printable leaves what is plain as it is: "nr=45" is none */
			if (other->size > 0 && text[0] == '=' && c < 0x80 && is_sign(signs[c]))
				other->size = 0;
			if (other->size == 0 && text[0] == '=' && len > 1 && (text[1] == '\n' || text[1] == '\r'))
			{
				/* quoted-printable goes on in the next line */
				other->size = len > 2 && text[1] == '\r' && text[2] == '\n' ? 3 : 2;
				other->nothing = true;
				return;
			}
			break;
		case '\\':
			other->size = read_json_escape(text, len, &c);
			break;
		default:
			other->size = (uint32_t) protaddr_read_character(text, len, &c);
			break;
	}
	if (other->size == 0)
	{
		other->size = 1;
		c = (unsigned char) text[0];
		if (c >= 0x80)
			c = 0xFFFD;			/* a byte that is no UTF-8 */
	}

	if (stands_for_lost(c) && in_word && other->size < len &&
		(is_sign(signs[(unsigned char) text[other->size]]) || stands_for_lost((unsigned char) text[other->size]) ||
		 ((unsigned char) text[other->size] & 0x80) != 0))
	{
		other->nothing = true;
		return;
	}
	if (c == '<')
	{
		if (len - other->size >= 3 && same_letters(text + other->size, "%2f", 3))
			other->size += 3;	/* </, percent-encoded */
		other->size += skip_name(text + other->size, len - other->size);
		other->gap = PA_GAP_FIELD;
	}
	else if (c == '>' || c == PA_FIELD_BORDER)
		other->gap = PA_GAP_FIELD;
	else
		other_character(reader, other, c);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

void
protaddr_reader_begin(PaReader *reader, const PaPieceKey *key, const char *text, uint32_t len)
{
	memset(reader, 0, sizeof(*reader));
	reader->key = key;
	reader->text = text;
	reader->len = len;
	reader->gap = PA_GAP_FIELD;
}

static inline void
close_piece(PaReader *reader, PaPiece **open, int *n)
{
	PaPiece    *piece = *open;

	if (piece->size <= PA_NAME_SIZE)
		reader->sum = reader->sum * reader->key->power[piece->size] + piece->own;
	else
		reader->sum = piece->own;
	reader->count += piece->size;
	piece->sum = reader->sum;
	piece->count = reader->count;
	reader->gap = PA_GAP_NONE;
	reader->since_quote++;
	*open = NULL;
	(*n)++;
}

static inline PaPiece *
begin_piece(PaReader *reader, PaPiece *piece, uint32_t at, uint8_t sign)
{
	piece->start = at;
	piece->own = 0;
	piece->number = 0;
	piece->size = 0;
	piece->gap = reader->gap;
	piece->digits = sign > SIGN_LETTERS;
	piece->first = piece->digits ? '\0' : (char) ('a' + sign - 1);
	return piece;
}

static inline void
add_sign(PaReader *reader, PaPiece *piece, uint8_t sign)
{
	piece->own = piece->own * reader->key->base + sign;
	piece->size++;
	if (piece->digits)
		piece->number = piece->size > 9 ? PA_LONG_NUMBER : piece->number * 10 + (uint32_t) (sign - SIGN_LETTERS - 1);
	reader->last = sign;
}

/* at_key is true behind a closing quotation mark if a JSON object's key, or hstore's, ends there. */
static bool
at_key(const PaReader *reader)
{
	uint32_t	at = reader->at;

	while (at < reader->len && (reader->text[at] == ' ' || reader->text[at] == '\n' || reader->text[at] == '\r' || reader->text[at] == '\t'))
		at++;
	if (at >= reader->len)
		return false;
	return reader->text[at] == ':' ||
		(reader->text[at] == '=' && at + 1 < reader->len && reader->text[at + 1] == '>');
}

/* blanks counts the blanks with which a text goes on, in eights: what indents XML and JSON. */
static inline uint32_t
blanks(const unsigned char *text, uint32_t len)
{
	uint32_t	at = 0;
	uint64_t	eight;

	while (len - at > 8 && (memcpy(&eight, text + at, 8), eight == UINT64_C(0x2020202020202020)))
		at += 8;
	return at;
}

/*
 * composed gives the letter that a mark adds to the one before it, as the composed
 * character would be written: the ring of a, the two dots of a, o and u.
 */
static uint8_t
composed(uint32_t mark, uint8_t letter)
{
	if (mark == 0x30A && letter == 'a' - 'a' + 1)
		return letter;
	if (mark == 0x308 && (letter == 'a' - 'a' + 1 || letter == 'o' - 'a' + 1 || letter == 'u' - 'a' + 1))
		return 'e' - 'a' + 1;
	return 0;
}

/* take_key takes away the pieces of a key; gives how many are left. */
static int
take_key(PaReader *reader, const PaPiece *piece, int n)
{
	n -= reader->since_quote < (uint32_t) n ? (int) reader->since_quote : n;
	reader->sum = n > 0 ? piece[n - 1].sum : 0;
	reader->count = n > 0 ? piece[n - 1].count : 0;
	return n;
}

/* What is being read: pieces behind the n that are there. */
typedef struct Reading
{
	PaPiece    *piece;
	int			n;
	int			room;
	PaPiece    *open;			/* not ended yet; NULL: none */
	uint32_t	at;
} Reading;

/* end_piece ends the piece that is being read, if there is one. */
static inline void
end_piece(PaReader *reader, Reading *r)
{
	if (r->open != NULL)
		close_piece(reader, &r->open, &r->n);
}

/* has_piece makes sure that a piece of letters, or of digits, is open; false if there is no room. */
static inline bool
has_piece(PaReader *reader, Reading *r, uint8_t sign)
{
	if (r->open != NULL && r->open->digits != (sign > SIGN_LETTERS))
		close_piece(reader, &r->open, &r->n);
	if (r->open == NULL)
	{
		if (r->n >= r->room)
			return false;
		r->open = begin_piece(reader, &r->piece[r->n], r->at, sign);
	}
	return true;
}

/* read_run reads a whole run of ASCII letters, or digits, at once; false if there is no room. */
static inline bool
read_run(PaReader *reader, Reading *r, uint8_t sign)
{
	const unsigned char *text = (const unsigned char *) reader->text;
	const uint32_t len = reader->len;
	const uint64_t base = reader->key->base;
	uint32_t	at = r->at;
	PaPiece    *open;
	uint64_t	own;

	if (!has_piece(reader, r, sign))
		return false;
	open = r->open;
	own = open->own;
	if (open->digits)
	{
		uint32_t	number = open->number;

		do
		{
			own = own * base + sign;
			number = number * 10 + sign - SIGN_LETTERS - 1;
			at++;
		} while (at < len && (sign = signs[text[at]]) > SIGN_LETTERS && sign <= SIGN_DIGITS);
		open->size += at - r->at;
		open->number = open->size > 9 ? PA_LONG_NUMBER : number;
	}
	else
	{
		do
		{
			own = own * base + sign;
			at++;
		} while (at < len && (uint8_t) ((sign = signs[text[at]]) - 1) < SIGN_LETTERS);
		open->size += at - r->at;
		reader->last = signs[text[at - 1]];
	}
	open->own = own;
	open->end = r->at = at;
	return true;
}

/* read_gap reads a whole run of what only separates. */
static inline void
read_gap(PaReader *reader, Reading *r, uint8_t gap)
{
	const unsigned char *text = (const unsigned char *) reader->text;
	const uint32_t len = reader->len;
	uint32_t	at = r->at + 1;
	uint8_t		sign;

	end_piece(reader, r);
	if (text[at - 1] == '\n')
		at += blanks(text + at, len - at);
	for (; at < len && (sign = signs[text[at]]) > SIGN_DIGITS; at++)
		if (sign > gap)
			gap = sign;
	if (gap - SIGN_DIGITS - 1 > reader->gap)
		reader->gap = gap - SIGN_DIGITS - 1;
	r->at = at;
}

/* read_quote reads a quotation mark; the pieces of a key that ends with it are taken away. */
static void
read_quote(PaReader *reader, Reading *r)
{
	end_piece(reader, r);
	reader->at = ++r->at;
	if (reader->quoted && at_key(reader))
		r->n = take_key(reader, r->piece, r->n);
	reader->quoted = true;
	reader->since_quote = 0;
	reader->gap = PA_GAP_FIELD;
}

/* read_rare reads a character that is none of these; false if there is no room. */
static bool
read_rare(PaReader *reader, Reading *r)
{
	Other		other;

	reader->at = r->at;
	read_other(reader, r->open != NULL, &other);
	if (other.nsigns == 0 && other.nothing)
	{
		uint8_t		more = r->open != NULL && !r->open->digits ? composed(other.mark, reader->last) : 0;

		r->at += other.size;
		if (more != 0)
			add_sign(reader, r->open, more);
		if (r->open != NULL)
			r->open->end = r->at;
		return true;
	}
	if (other.nsigns == 0)
	{
		r->at += other.size;
		end_piece(reader, r);
		if (other.gap > reader->gap)
			reader->gap = other.gap;
		return true;
	}
	for (int i = 0; i < other.nsigns; i++)
	{
		if (!has_piece(reader, r, other.sign[i]))
			return false;
		add_sign(reader, r->open, other.sign[i]);
		r->open->end = r->at + other.size;
	}
	r->at += other.size;
	return true;
}

int
protaddr_read_pieces(PaReader *reader, PaPiece *piece, int n, int room)
{
	const unsigned char *text = (const unsigned char *) reader->text;
	const uint32_t len = reader->len;
	Reading		r = {piece, n, room, NULL, reader->at};
	bool		goes_on = true;

	while (r.at < len && goes_on)
	{
		uint8_t		sign = signs[text[r.at]];

		if (is_sign(sign))
			goes_on = read_run(reader, &r, sign);
		else if (sign != 0)
			read_gap(reader, &r, sign);
		else if (text[r.at] == '<')
		{
			end_piece(reader, &r);
			reader->gap = PA_GAP_FIELD;
			r.at++;
			r.at += skip_name(reader->text + r.at, len - r.at);
		}
		else
		{
			/* a copy, so that the compiler need not keep r in memory */
			Reading		rare = r;

			if (text[r.at] == '"')
				read_quote(reader, &rare);
			else
				goes_on = read_rare(reader, &rare);
			r = rare;
		}
	}
	reader->at = r.at;
	end_piece(reader, &r);
	return r.n;
}

/* ---- names ------------------------------------------------------------------------------------ */

static void
add_letter(PaFolded *folded, int form, uint8_t sign)
{
	if (folded->len[form] < PA_NAME_SIZE)
		folded->letters[form][folded->len[form]] =
			(char) (sign <= SIGN_LETTERS ? 'a' + sign - 1 : '0' + sign - SIGN_LETTERS - 1);
	else
		folded->too_long = true;
	folded->len[form]++;
}

/* is_pair is true for two letters that one of a Nordic or German alphabet is written with. */
static bool
is_pair(char first, uint8_t second)
{
	char		next = (char) ('a' + second - 1);

	return (first == 'a' && (next == 'a' || next == 'e')) ||
		((first == 'o' || first == 'u') && next == 'e');
}

/*
 * protaddr_fold_name
 *		Write a name in the letters of the hashes, in each of the forms; false if it is
 *		longer than a name may be, or has more words.
 */
bool
protaddr_fold_name(PaDecompose decompose, void *arg, const char *text, size_t len, PaFolded *folded)
{
	PaReader	reader = {.text = text, .len = (uint32_t) len, .decompose = decompose, .arg = arg};
	bool		in_word = false;
	bool		digits = false;
	bool		paired = false; /* the letter before was the second of a pair */

	memset(folded, 0, sizeof(*folded));
	while (reader.at < reader.len && !folded->too_long)
	{
		uint8_t		sign = signs[(unsigned char) text[reader.at]];
		Other		other = {.size = 1};

		if (is_sign(sign))
			other.sign[other.nsigns++] = sign;
		else if (sign == 0)
			read_other(&reader, in_word, &other);
		reader.at += other.size;
		if (other.nsigns == 0)
		{
			uint8_t		more = other.nothing && in_word && !digits && folded->len[PA_FORM_PAIRS] > 0 ?
			composed(other.mark, signs[(unsigned char) folded->letters[PA_FORM_PAIRS][folded->len[PA_FORM_PAIRS] - 1]]) : 0;

			if (more != 0)
			{
				add_letter(folded, PA_FORM_PAIRS, more);
				if (folded->len[PA_FORM_LOST] > folded->word[folded->nwords - 1].start[PA_FORM_LOST])
					folded->len[PA_FORM_LOST]--;
				paired = true;
			}
			/* "S:t" is one word */
			if (!other.nothing && !(in_word && text[reader.at - 1] == ':'))
				in_word = false;
			continue;
		}
		for (int i = 0; i < other.nsigns; i++)
		{
			bool		is_digit = other.sign[i] > SIGN_LETTERS;

			if (!in_word || digits != is_digit)
			{
				if (folded->nwords >= PA_NAME_WORDS)
					return false;
				for (int form = 0; form < PA_FORMS; form++)
					folded->word[folded->nwords].start[form] = folded->len[form];
				folded->nwords++;
				paired = false;
			}
			in_word = true;
			digits = is_digit;

			if (!other.special)
			{
				int			before = folded->len[PA_FORM_PAIRS];
				bool		pair = !paired && !is_digit &&
				before > folded->word[folded->nwords - 1].start[PA_FORM_PAIRS] && before <= PA_NAME_SIZE &&
				is_pair(folded->letters[PA_FORM_PAIRS][before - 1], other.sign[i]);

				if (!pair)
					add_letter(folded, PA_FORM_SINGLE, other.sign[i]);
				add_letter(folded, PA_FORM_PLAIN, other.sign[i]);
				add_letter(folded, PA_FORM_LOST, other.sign[i]);
				paired = pair;
			}
			else
			{
				if (i == 0 || other.sign[i] == 's' - 'a' + 1)	/* of two letters the German one is
																 * always */
				{
					add_letter(folded, PA_FORM_SINGLE, other.sign[i]);
					add_letter(folded, PA_FORM_PLAIN, other.sign[i]);
				}
				paired = i > 0;
			}
			add_letter(folded, PA_FORM_PAIRS, other.sign[i]);
		}
	}
	for (int form = 0; form < PA_FORMS; form++)
		folded->word[folded->nwords].start[form] = folded->len[form];
	return !folded->too_long && folded->nwords > 0;
}
