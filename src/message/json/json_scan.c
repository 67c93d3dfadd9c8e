/*
 * json_scan.c
 *		Is this JSON, and where do its values stand?
 *
 * A strict reader of RFC 8259: one value, UTF-8, no lone surrogate, nothing nested
 * deeper than PA_MESSAGE_DEPTH.  PostgreSQL has a parser too (common/jsonapi.h), but
 * its positions are private to it and differ between versions, it recurses without a
 * limit of ours, and it lets pass numbers of names and bytes that a copy of the text
 * would carry on; so the little that is needed here is written out, without memory.
 */
#include <string.h>

#include "message/rewrite.h"
#include "text/text.h"
#include "json_scan.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The value of a hexadecimal digit, -1 if it is not a digit. */
static int
hex(char c)
{
	if (protaddr_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The number of four hexadecimal digits, -1 if they are not. */
static int
hex4(const char *p)
{
	int			n = 0;

	for (int i = 0; i < 4; i++)
	{
		int			digit = hex(p[i]);

		if (digit < 0)
			return -1;
		n = n << 4 | digit;
	}
	return n;
}

/* ---- checking ---------------------------------------------------------------- */

/* check_string checks the string whose opening quote is at *at, and goes behind it. */
static PaMessageVerdict
check_string(const char *json, size_t len, size_t *at)
{
	for (size_t i = *at + 1; i < len;)
	{
		unsigned char c = (unsigned char) json[i];

		*at = i;
		if (c == '"')
		{
			*at = i + 1;
			return PA_MESSAGE_OK;
		}
		if (c < 0x20)
			return PA_MESSAGE_MALFORMED;
		if (c >= 0x80)
		{
			uint32_t	character;
			size_t		n = protaddr_read_character(json + i, len - i, &character);

			if (n == 0)
				return PA_MESSAGE_ENCODING;
			i += n;
		}
		else if (c != '\\')
			i++;
		else if (len - i < 2)
			return PA_MESSAGE_MALFORMED;
		else if (json[i + 1] != 'u')
		{
			if (json[i + 1] == '\0' || strchr("\"\\/bfnrt", json[i + 1]) == NULL)
				return PA_MESSAGE_MALFORMED;
			i += 2;
		}
		else
		{
			int			unit = len - i < 6 ? -1 : hex4(json + i + 2);

			if (unit < 0)
				return PA_MESSAGE_MALFORMED;
			if (unit == 0)
				return PA_MESSAGE_ENCODING;
			if (unit >= 0xD800 && unit <= 0xDFFF)
			{
				int			low = len - i < 12 || json[i + 6] != '\\' || json[i + 7] != 'u' ?
				-1 : hex4(json + i + 8);

				if (unit >= 0xDC00 || low < 0xDC00 || low > 0xDFFF)
					return PA_MESSAGE_ENCODING;
				i += 6;
			}
			i += 6;
		}
	}
	*at = len;
	return PA_MESSAGE_MALFORMED;
}

/* check_digits goes behind one digit or more; false if there is none. */
static bool
check_digits(const char *json, size_t len, size_t *at)
{
	size_t		start = *at;

	while (*at < len && protaddr_is_digit(json[*at]))
		(*at)++;
	return *at > start;
}

/* check_number checks the number at *at, and goes behind it. */
static bool
check_number(const char *json, size_t len, size_t *at)
{
	if (json[*at] == '-')
		(*at)++;
	if (*at < len && json[*at] == '0')
		(*at)++;
	else if (!check_digits(json, len, at))
		return false;
	if (*at < len && json[*at] == '.')
	{
		(*at)++;
		if (!check_digits(json, len, at))
			return false;
	}
	if (*at < len && (json[*at] | 0x20) == 'e')
	{
		(*at)++;
		if (*at < len && (json[*at] == '+' || json[*at] == '-'))
			(*at)++;
		if (!check_digits(json, len, at))
			return false;
	}
	return true;
}

static bool
check_word(const char *json, size_t len, size_t *at, const char *word)
{
	size_t		n = strlen(word);

	if (len - *at < n || memcmp(json + *at, word, n) != 0)
		return false;
	*at += n;
	return true;
}

/* check_scalar judges a value that is neither an object nor an array. */
static PaMessageVerdict
check_scalar(const char *json, size_t len, size_t *at)
{
	char		c = json[*at];

	if (c == '"')
		return check_string(json, len, at);
	if (c == '-' || protaddr_is_digit(c))
		return check_number(json, len, at) ? PA_MESSAGE_OK : PA_MESSAGE_MALFORMED;
	if (check_word(json, len, at, "null") || check_word(json, len, at, "true") ||
		check_word(json, len, at, "false"))
		return PA_MESSAGE_OK;
	return (unsigned char) c >= 0x80 ? PA_MESSAGE_ENCODING : PA_MESSAGE_MALFORMED;
}

/* What may come next. */
typedef enum PaJsonState
{
	JSON_VALUE,
	JSON_VALUE_OR_END,			/* of an array */
	JSON_NAME,
	JSON_NAME_OR_END,
	JSON_COMMA_OR_END
} PaJsonState;

/* check_name judges the name of a member and the colon behind it. */
static PaMessageVerdict
check_name(const char *json, size_t len, size_t *at)
{
	PaMessageVerdict verdict;

	if (json[*at] != '"')
		return PA_MESSAGE_MALFORMED;
	verdict = check_string(json, len, at);
	if (verdict != PA_MESSAGE_OK)
		return verdict;
	while (*at < len && is_space(json[*at]))
		(*at)++;
	if (*at == len || json[*at] != ':')
		return PA_MESSAGE_MALFORMED;
	(*at)++;
	return PA_MESSAGE_OK;
}

/*
 * protaddr_json_check
 *		Judge a whole text.
 */
PaMessageVerdict
protaddr_json_check(const char *json, size_t len, size_t *at)
{
	bool		object[PA_MESSAGE_DEPTH];
	int			depth = 0;
	PaJsonState state = JSON_VALUE;
	PaMessageVerdict verdict;

	for (*at = 0;;)
	{
		char		c;

		while (*at < len && is_space(json[*at]))
			(*at)++;
		if (state == JSON_COMMA_OR_END && depth == 0)
			return *at == len ? PA_MESSAGE_OK : PA_MESSAGE_MALFORMED;
		if (*at == len)
			return PA_MESSAGE_MALFORMED;
		c = json[*at];

		if (state == JSON_COMMA_OR_END && c == ',')
		{
			state = object[depth - 1] ? JSON_NAME : JSON_VALUE;
			(*at)++;
		}
		else if ((state == JSON_COMMA_OR_END || state == JSON_NAME_OR_END ||
				  state == JSON_VALUE_OR_END) && c == (object[depth - 1] ? '}' : ']'))
		{
			depth--;
			state = JSON_COMMA_OR_END;
			(*at)++;
		}
		else if (state == JSON_COMMA_OR_END)
			return PA_MESSAGE_MALFORMED;
		else if (state == JSON_NAME || state == JSON_NAME_OR_END)
		{
			verdict = check_name(json, len, at);
			if (verdict != PA_MESSAGE_OK)
				return verdict;
			state = JSON_VALUE;
		}
		else if (c == '{' || c == '[')
		{
			if (depth == PA_MESSAGE_DEPTH)
				return PA_MESSAGE_TOO_DEEP;
			object[depth++] = c == '{';
			state = c == '{' ? JSON_NAME_OR_END : JSON_VALUE_OR_END;
			(*at)++;
		}
		else
		{
			verdict = check_scalar(json, len, at);
			if (verdict != PA_MESSAGE_OK)
				return verdict;
			state = JSON_COMMA_OR_END;
		}
	}
}

/* ---- what has been checked ------------------------------------------------------ */

static size_t
behind_space(const char *json, size_t at)
{
	while (is_space(json[at]))
		at++;
	return at;
}

static size_t
behind_string(const char *json, size_t at)
{
	for (at++; json[at] != '"'; at++)
	{
		if (json[at] == '\\')
			at++;
	}
	return at + 1;
}

/* behind_value goes behind a value inside of an object or array. */
static size_t
behind_value(const char *json, size_t at)
{
	int			depth = 0;

	for (;;)
	{
		switch (json[at])
		{
			case '"':
				at = behind_string(json, at);
				break;
			case '{':
			case '[':
				depth++;
				at++;
				break;
			case '}':
			case ']':
				depth--;
				at++;
				break;
			default:
				/* a number or a word, or what stands between values */
				at++;
				if (depth == 0)
				{
					while (json[at] != ',' && json[at] != '}' && json[at] != ']' &&
						   !is_space(json[at]))
						at++;
				}
				break;
		}
		if (depth == 0)
			return at;
	}
}

/*
 * protaddr_json_begin
 *		Start a walk over the members of an object or the elements of an array.
 */
void
protaddr_json_begin(PaMembers *members, const char *json, size_t value)
{
	members->json = json;
	members->comma = 0;
	members->object = json[value] == '{';
	members->at = 0;
	if (json[value] == '{' || json[value] == '[')
	{
		members->at = behind_space(json, value + 1);
		if (json[members->at] == '}' || json[members->at] == ']')
			members->at = 0;
	}
}

/*
 * protaddr_json_next
 *		Give the next member; false if there is none.
 */
bool
protaddr_json_next(PaMembers *members, PaMember *member)
{
	const char *json = members->json;
	size_t		at = members->at;

	if (at == 0)
		return false;
	member->start = at;
	member->name_end = at;
	member->comma = members->comma;
	if (members->object)
	{
		member->name_end = behind_string(json, at);
		at = behind_space(json, member->name_end);
		at = behind_space(json, at + 1);
	}
	member->value = at;
	member->end = behind_value(json, at);
	at = behind_space(json, member->end);
	member->next_comma = json[at] == ',' ? at : 0;
	members->comma = member->next_comma;
	members->at = json[at] == ',' ? behind_space(json, at + 1) : 0;
	return true;
}

/*
 * protaddr_json_decode
 *		Write the text of a string as it is meant.
 */
size_t
protaddr_json_decode(const char *json, size_t value, char *out, size_t outsize)
{
	size_t		n = 0;

	for (size_t at = value + 1; json[at] != '"';)
	{
		char		bytes[4];
		size_t		nbytes = 1;

		if (json[at] != '\\')
			bytes[0] = json[at++];
		else if (json[at + 1] != 'u')
		{
			static const char escapes[] = "\"\\/bfnrt";
			static const char meant[] = "\"\\/\b\f\n\r\t";

			bytes[0] = meant[strchr(escapes, json[at + 1]) - escapes];
			at += 2;
		}
		else
		{
			uint32_t	c = (uint32_t) hex4(json + at + 2);

			at += 6;
			if (c >= 0xD800 && c <= 0xDBFF)
			{
				c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t) hex4(json + at + 2) - 0xDC00);
				at += 6;
			}
			if (c < 0x80)
				bytes[0] = (char) c;
			else if (c < 0x800)
			{
				bytes[0] = (char) (0xC0 | c >> 6);
				bytes[1] = (char) (0x80 | (c & 0x3F));
				nbytes = 2;
			}
			else if (c < 0x10000)
			{
				bytes[0] = (char) (0xE0 | c >> 12);
				bytes[1] = (char) (0x80 | (c >> 6 & 0x3F));
				bytes[2] = (char) (0x80 | (c & 0x3F));
				nbytes = 3;
			}
			else
			{
				bytes[0] = (char) (0xF0 | c >> 18);
				bytes[1] = (char) (0x80 | (c >> 12 & 0x3F));
				bytes[2] = (char) (0x80 | (c >> 6 & 0x3F));
				bytes[3] = (char) (0x80 | (c & 0x3F));
				nbytes = 4;
			}
		}
		if (outsize - n < nbytes)
			return SIZE_MAX;
		memcpy(out + n, bytes, nbytes);
		n += nbytes;
	}
	return n;
}

/* What a character of a name counts as: 0 for one that says nothing, or is not seen. */
static uint32_t
plain_character(uint32_t c)
{
	if (c >= 'a' && c <= 'z')
		return c;
	if (c >= 0xFF01 && c <= 0xFF5E)
		c -= 0xFEE0;			/* wide */
	if (c >= 'A' && c <= 'Z')
		return c | 0x20;
	if (c < 0x80)
		return c <= ' ' || strchr("@$#_-.", (int) c) != NULL ? 0 : c;
	if (c == 0x17F || c == 0x212A)
		return c == 0x17F ? 's' : 'k';
	if (protaddr_is_space(c) || (c >= 0x2010 && c <= 0x2015) || protaddr_is_control(c))
		return 0;
	return c;
}

/*
 * protaddr_json_whole_name
 *		Write the whole of a name plainly, with its prefix.
 */
size_t
protaddr_json_whole_name(const char *json, size_t start, char out[PA_JSON_LONGEST_NAME])
{
	size_t		n = 0;
	size_t		len;

	/* nearly every name is of plain letters */
	for (size_t i = 1; i < PA_JSON_LONGEST_NAME; i++)
	{
		unsigned char c = (unsigned char) json[start + i];
		uint32_t	plain;

		if (c == '"')
		{
			out[n] = '\0';
			return n;
		}
		if (c == '\\' || c >= 0x80)
			break;
		plain = plain_character(c);
		if (plain != 0)
			out[n++] = (char) plain;
	}

	n = 0;
	len = protaddr_json_decode(json, start, out, PA_JSON_LONGEST_NAME - 1);
	if (len == SIZE_MAX)
	{
		out[0] = '\0';
		return SIZE_MAX;
	}
	for (size_t i = 0; i < len;)
	{
		uint32_t	c;
		size_t		nbytes = protaddr_read_character(out + i, len - i, &c);
		uint32_t	plain = plain_character(c);

		if (plain != 0 && plain < 0x80)
			out[n++] = (char) plain;
		else if (plain != 0)
		{
			memmove(out + n, out + i, nbytes);
			n += nbytes;
		}
		i += nbytes;
	}
	out[n] = '\0';
	return n;
}

/*
 * protaddr_json_name
 *		Write a member's name plainly; of a long one its end.
 */
void
protaddr_json_name(const char *json, size_t start, char out[PA_JSON_NAME])
{
	char		whole[PA_JSON_LONGEST_NAME];
	size_t		len = protaddr_json_whole_name(json, start, whole);
	const char *name;

	out[0] = '\0';
	if (len == SIZE_MAX)
		return;
	name = strrchr(whole, ':');
	name = name == NULL ? whole : name + 1;
	len = strlen(name);
	if (len >= PA_JSON_NAME)
		name += len - (PA_JSON_NAME - 1);
	strcpy(out, name);
}

/*
 * protaddr_json_is_name
 *		True if the name is one of these.
 */
bool
protaddr_json_is_name(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
	{
		if (strcmp(name, *names) == 0)
			return true;
	}
	return false;
}

/*
 * protaddr_json_ends_with
 *		Give how much of a name stands before this end; -1 if it has another.
 */
int
protaddr_json_ends_with(const char *name, const char *end)
{
	size_t		len = strlen(name);
	size_t		n = strlen(end);

	return len >= n && memcmp(name + len - n, end, n) == 0 ? (int) (len - n) : -1;
}

/* ---- values ----------------------------------------------------------------------- */

/*
 * protaddr_json_unwrap
 *		Go into arrays of one element.
 */
size_t
protaddr_json_unwrap(const char *json, size_t value)
{
	PaMembers	members;
	PaMember	member;

	while (json[value] == '[')
	{
		protaddr_json_begin(&members, json, value);
		if (!protaddr_json_next(&members, &member) || member.next_comma != 0)
			break;
		value = member.value;
	}
	return value;
}

/*
 * protaddr_json_is_empty
 *		True for null, "", {} and []: nothing stands there.
 */
bool
protaddr_json_is_empty(const char *json, size_t value)
{
	PaMembers	members;
	PaMember	member;

	switch (json[value])
	{
		case 'n':
			return true;
		case '"':
			return json[value + 1] == '"';
		case '{':
		case '[':
			protaddr_json_begin(&members, json, value);
			return !protaddr_json_next(&members, &member);
		default:
			return false;
	}
}

/*
 * protaddr_json_text_value
 *		Find the string or number that a value is, or that a converter wrapped
 *		up with its attributes; 0 if there is none, or more than one.
 */
size_t
protaddr_json_text_value(const char *json, size_t value)
{
	static const char *const texts[] = {"", "text", "value", "t", "content", NULL};
	size_t		found = 0;
	PaMembers	members;
	PaMember	member;
	char		name[PA_JSON_NAME];

	value = protaddr_json_unwrap(json, value);
	switch (json[value])
	{
		case '"':
		case '-':
		case '0':
		case '1':
		case '2':
		case '3':
		case '4':
		case '5':
		case '6':
		case '7':
		case '8':
		case '9':
			return value;
		case '{':
			protaddr_json_begin(&members, json, value);
			while (protaddr_json_next(&members, &member))
			{
				size_t		inner = protaddr_json_unwrap(json, member.value);
				char		c = json[inner];

				if (json[member.start + 1] == '@' ||
					(c != '"' && c != '-' && !(c >= '0' && c <= '9')))
					continue;
				protaddr_json_name(json, member.start, name);
				if (!protaddr_json_is_name(name, texts))
					continue;
				if (found != 0)
					return 0;
				found = inner;
			}
			return found;
		default:
			return 0;
	}
}

/*
 * protaddr_json_plain_text
 *		Give a string or number as it stands; *escaped if it is a string that
 *		does not stand there as it is meant.
 */
PaText
protaddr_json_plain_text(const char *json, size_t value, bool *escaped)
{
	PaText		text = {json + value, 0};

	*escaped = false;
	if (json[value] != '"')
	{
		while (strchr("+-.0123456789eE", text.data[text.len]) != NULL)
			text.len++;
		return text;
	}
	text.data++;
	for (; text.data[text.len] != '"'; text.len++)
	{
		if (text.data[text.len] == '\\')
		{
			*escaped = true;
			text.len++;
		}
	}
	return text;
}
