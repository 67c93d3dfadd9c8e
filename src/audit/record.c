/*
 * record.c
 *		What does a record say, as JSON?
 */
#include "audit/trail.h"

#include <stdio.h>
#include <string.h>

#include "text/text.h"

/* protaddr_trail_begin begins a record of a kind: letters and underscores. */
void
protaddr_trail_begin(PaTrailRecord *record, const char *kind)
{
	size_t		len = strlen(kind);

	if (len > PA_TRAIL_KIND_SIZE)
		len = PA_TRAIL_KIND_SIZE;
	memcpy(record->kind, kind, len);
	record->kind[len] = '\0';
	record->len = 0;
	record->full = false;
	record->left_out = 0;
}

/* What stands before the object's fields must fit, too, and the ends of what was begun. */
#define ROOM	(PA_TRAIL_JSON_SIZE - 256)

static void
put(PaTrailRecord *record, const char *bytes, size_t len)
{
	memcpy(record->data + record->len, bytes, len);
	record->len += len;
}

/* begin_field writes the comma and the name; false if a value of this length will not fit. */
static bool
begin_field(PaTrailRecord *record, const char *name, size_t value_len)
{
	size_t		name_len = name == NULL ? 0 : strlen(name);
	char		last = record->len == 0 ? '"' : record->data[record->len - 1];

	/* what comes behind something that was left out is left out as well: it may belong to it */
	if (record->full || record->len + name_len + value_len + 4 > ROOM)
	{
		record->full = true;
		return false;
	}
	if (last != '{' && last != '[')
		put(record, ",", 1);
	if (name != NULL)
	{
		put(record, "\"", 1);
		put(record, name, name_len);
		put(record, "\":", 2);
	}
	return true;
}

/* escaped writes a text without its quotation marks, each byte as up to six; gives the length. */
static size_t
escaped(char *out, const char *utf8, size_t len)
{
	char	   *at = out;

	for (size_t i = 0; i < len;)
	{
		uint32_t	character;
		size_t		bytes = protaddr_read_character(utf8 + i, len - i, &character);

		if (bytes == 0)
		{
			memcpy(at, "\\ufffd", 6);
			at += 6;
			i++;
			continue;
		}
		if (character == '"' || character == '\\')
		{
			*at++ = '\\';
			*at++ = (char) character;
		}
		/* what ends a line for some reader, or hides from one */
		else if (character < 0x20 || character == 0x7F || (character >= 0x80 && character < 0xA0) ||
				 character == 0x2028 || character == 0x2029)
			at += snprintf(at, 7, "\\u%04x", (unsigned) character);
		else
		{
			memcpy(at, utf8 + i, bytes);
			at += bytes;
		}
		i += bytes;
	}
	return (size_t) (at - out);
}

/* protaddr_trail_text adds a text in UTF-8; what is no UTF-8 becomes U+FFFD, the end of a long one is cut. */
void
protaddr_trail_text(PaTrailRecord *record, const char *name, const char *utf8, size_t len)
{
	char		value[PA_TRAIL_VALUE_SIZE * 6];
	bool		cut = len > PA_TRAIL_VALUE_SIZE;
	size_t		value_len;

	if (cut)
	{
		len = PA_TRAIL_VALUE_SIZE;
		/* not in the middle of a character */
		while (len > PA_TRAIL_VALUE_SIZE - 4 && ((unsigned char) utf8[len] & 0xC0) == 0x80)
			len--;
	}
	value_len = escaped(value, utf8, len);
	if (!begin_field(record, name, value_len + 5))
		return;
	put(record, "\"", 1);
	put(record, value, value_len);
	if (cut)
		put(record, "\xE2\x80\xA6", 3);
	put(record, "\"", 1);
}

void
protaddr_trail_number(PaTrailRecord *record, const char *name, int64_t number)
{
	char		value[32];
	int			len = snprintf(value, sizeof(value), "%lld", (long long) number);

	if (begin_field(record, name, (size_t) len))
		put(record, value, (size_t) len);
}

void
protaddr_trail_bool(PaTrailRecord *record, const char *name, bool yes)
{
	if (begin_field(record, name, 5))
		put(record, yes ? "true" : "false", yes ? 4 : 5);
}

/* protaddr_trail_hex adds bytes, as hexadecimal digits. */
void
protaddr_trail_hex(PaTrailRecord *record, const char *name, const uint8_t *bytes, size_t len)
{
	if (!begin_field(record, name, len * 2 + 2))
		return;
	put(record, "\"", 1);
	protaddr_trail_to_hex(bytes, len, record->data + record->len);
	record->len += len * 2;
	put(record, "\"", 1);
}

/* protaddr_trail_open begins a list or an object: '[' or '{'. */
void
protaddr_trail_open(PaTrailRecord *record, const char *name, char bracket)
{
	if (begin_field(record, name, 1))
		put(record, &bracket, 1);
	else
		record->left_out++;
}

/* protaddr_trail_close ends it: there is always room for that. */
void
protaddr_trail_close(PaTrailRecord *record, char bracket)
{
	if (record->left_out > 0)
		record->left_out--;
	else
		put(record, &bracket, 1);
}

void
protaddr_trail_to_hex(const uint8_t *bytes, size_t len, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
	{
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
}

/* One way to write a digit: else a record could be changed and still be right. */
static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* protaddr_trail_of_hex reads len bytes from twice as many digits, lower case; false if they are none. */
bool
protaddr_trail_of_hex(const char *hex, size_t len, uint8_t *bytes)
{
	for (size_t i = 0; i < len; i++)
	{
		int			high = digit_of(hex[2 * i]);
		int			low = digit_of(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t) (high << 4 | low);
	}
	return true;
}
