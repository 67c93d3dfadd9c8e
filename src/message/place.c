/*
 * place.c
 *		Which address stood in some bytes of a message?
 *
 * Pure.  What was an element, a value of JSON or a field of a party is read once more, as the
 * address that the guard looks for in the rest of the message: its parts as they stand there,
 * in whatever way they are escaped.  What cannot be told apart is a line.
 */
#include <string.h>

#include "message/rewrite.h"
#include "text/text.h"

/* Names that messages have beside ISO's own, in small letters. */
static const struct
{
	const char *name;
	int			element;
}	names[] = {
	{"street", PA_STRTNM},
	{"streetname", PA_STRTNM},
	{"road", PA_STRTNM},
	{"number", PA_BLDGNB},
	{"buildingnumber", PA_BLDGNB},
	{"housenumber", PA_BLDGNB},
	{"streetnumber", PA_BLDGNB},
	{"buildingname", PA_BLDGNM},
	{"floor", PA_FLR},
	{"unitnumber", PA_UNITNB},
	{"postbox", PA_PSTBX},
	{"pobox", PA_PSTBX},
	{"postcode", PA_PSTCD},
	{"postalcode", PA_PSTCD},
	{"zip", PA_PSTCD},
	{"zipcode", PA_PSTCD},
	{"town", PA_TWNNM},
	{"townname", PA_TWNNM},
	{"city", PA_TWNNM},
	{"townlocationname", PA_TWNLCTNNM},
	{"country", PA_CTRY},
	{"countrycode", PA_CTRY}
};

#define NO_ELEMENT	(-1)
#define NO_TEXT		(-2)		/* says nothing of where it is */

static bool
same_name(PaText name, const char *other)
{
	for (uint32_t i = 0; i < name.len; i++)
	{
		if (name.data[i] == '_' || name.data[i] == '-' || name.data[i] == ' ')
			continue;
		if (*other == '\0' || protaddr_to_small(name.data[i]) != protaddr_to_small(*other++))
			return false;
	}
	return *other == '\0';
}

/* element_of gives the element of a name, behind its prefix; or one of the above. */
static int
element_of(PaText name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (name.data[i] == ':')
		{
			name.data += i + 1;
			name.len -= i + 1;
			i = 0;
		}
	for (int i = 0; i < PA_NELEMENTS; i++)
		if (same_name(name, protaddr_elements[i].name))
			return i == PA_ADRTP ? NO_TEXT : i;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (same_name(name, names[i].name))
			return names[i].element;
	return same_name(name, "Cd") || same_name(name, "Prtry") || same_name(name, "Nm") || same_name(name, "Name") ||
		same_name(name, "Issr") || same_name(name, "SchmeNm") ? NO_TEXT : NO_ELEMENT;
}

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static PaText
stripped(PaText text)
{
	while (text.len > 0 && is_white(text.data[0]))
	{
		text.data++;
		text.len--;
	}
	while (text.len > 0 && is_white(text.data[text.len - 1]))
		text.len--;
	return text;
}

static void
add_text(PaAddress *address, int element, PaText text)
{
	text = stripped(text);
	if (text.len == 0 || element == NO_TEXT)
		return;
	if (element >= 0 && address->element[element].len == 0)
		address->element[element] = text;
	else if (address->nlines < PA_MAX_LINES)
		address->line[address->nlines++] = text;
}

static inline PaText
between(const char *text, size_t from, size_t to)
{
	PaText		part = {text + from, (uint32_t) (to - from)};

	return part;
}

/* until gives where what is there first, or len. */
static size_t
until(const char *text, size_t len, size_t at, const char *what)
{
	size_t		n = strlen(what);

	while (at + n <= len && memcmp(text + at, what, n) != 0)
		at++;
	return at + n <= len ? at : len;
}

/*
 * protaddr_address_in_xml
 *		Read an element that holds an address.
 */
void
protaddr_address_in_xml(const char *text, size_t len, PaAddress *address)
{
	int			element = NO_TEXT;	/* of the text that is being read */
	size_t		at = 0;

	memset(address, 0, sizeof(*address));
	while (at < len)
	{
		size_t		end;

		if (text[at] != '<')
		{
			end = until(text, len, at, "<");
			add_text(address, element, between(text, at, end));
			at = end;
		}
		else if (len - at >= 9 && memcmp(text + at, "<![CDATA[", 9) == 0)
		{
			end = until(text, len, at, "]]>");
			add_text(address, element, between(text, at + 9, end));
			at = end + 3;
		}
		else if (len - at >= 4 && memcmp(text + at, "<!--", 4) == 0)
			at = until(text, len, at, "-->") + 3;
		else
		{
			size_t		name_end = at + 1;

			end = until(text, len, at, ">");
			while (name_end < end && !is_white(text[name_end]) && text[name_end] != '/')
				name_end++;
			element = text[at + 1 < len ? at + 1 : at] == '/' ? NO_TEXT : element_of(between(text, at + 1, name_end));
			at = end + 1;
		}
	}
}

/*
 * protaddr_address_in_json
 *		Read a value that holds an address: a string, an array of them, an object.
 */
void
protaddr_address_in_json(const char *text, size_t len, PaAddress *address)
{
	int			element = NO_ELEMENT;
	size_t		at = 0;

	memset(address, 0, sizeof(*address));
	while (at < len)
	{
		size_t		start = at;
		size_t		behind;

		if (text[at] == '"')
		{
			for (at = ++start; at < len && text[at] != '"'; at++)
				at += text[at] == '\\' && at + 1 < len;
			for (behind = at + 1; behind < len && is_white(text[behind]); behind++)
				;
			if (behind < len && text[behind] == ':')
				element = element_of(between(text, start, at < len ? at : len));
			else
				add_text(address, element, between(text, start, at < len ? at : len));
			at++;
		}
		else if (protaddr_is_digit(text[at]))
		{
			while (at < len && protaddr_is_digit(text[at]))
				at++;
			add_text(address, element, between(text, start, at));
		}
		else
			at++;
	}
}

/*
 * protaddr_address_in_mt
 *		Read a field of a party: all lines but the account and the name.
 */
void
protaddr_address_in_mt(const char *text, size_t len, PaAddress *address)
{
	bool		name = true;	/* comes next */
	size_t		at = 0;

	memset(address, 0, sizeof(*address));
	while (at < len)
	{
		size_t		end = until(text, len, at, "\n");
		PaText		line = stripped(between(text, at, end));
		bool		numbered = line.len > 1 && protaddr_is_digit(line.data[0]) && line.data[1] == '/';

		at = end + 1;
		if (line.len == 0 || line.data[0] == '/')
			continue;
		if (numbered)
		{
			char		number = line.data[0];

			line.data += 2;
			line.len -= 2;
			/* DK/8000 AARHUS */
			if (number == '3' && line.len > 3 && line.data[2] == '/')
			{
				line.data += 3;
				line.len -= 3;
			}
			if (number == '2' || number == '3')
				add_text(address, NO_ELEMENT, line);
		}
		else if (!name)
			add_text(address, NO_ELEMENT, line);
		name = false;
	}
}
