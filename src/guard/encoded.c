/*
 * encoded.c
 *		Does an address stand in base64, or in hexadecimal digits?
 *
 * The whole run of them is the stretch.
 */
#include "guard/match_int.h"

#include <stddef.h>
#include <string.h>

/* base64: as much of it as could hold an address, what of it is read at once, and how deep */
#define BASE64_AT_LEAST	24
#define BASE64_CHUNK	4096
#define BASE64_OVERLAP	512
#define HEX_AT_LEAST	24
#define DEPTH			2

static inline int
base64_value(char c)
{
	if (protaddr_is_capital(c))
		return c - 'A';
	if (protaddr_is_letter(c))
		return c - 'a' + 26;
	if (protaddr_is_digit(c))
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* is_mixed is true for bytes among which are small letters and capitals: text in base64 has both. */
static bool
is_mixed(const char *bytes, size_t n)
{
	bool		small = false;
	bool		capital = false;

	for (size_t i = 0; i < n && !(small && capital); i++)
	{
		small |= bytes[i] >= 'a' && bytes[i] <= 'z';
		capital |= protaddr_is_capital(bytes[i]);
	}
	return small && capital;
}

/* reads_like_text is true for bytes most of which are letters, digits and blanks. */
static bool
reads_like_text(const char *bytes, size_t n)
{
	size_t		strange = 0;

	for (size_t i = 0; i < n; i++)
	{
		unsigned char c = (unsigned char) bytes[i];

		strange += c < 0x20 ? c != '\n' && c != '\r' && c != '\t' : c == 0x7F || (c >= 0x80 && c < 0xA0 && i == 0);
		strange += c >= 0xF5 || c == 0xC0 || c == 0xC1;
	}
	return strange * 16 < n;
}

/* scan_decoded looks through what some bytes of the text stand for: they are the stretch. */
static void
scan_decoded(PaSearch *search, const char *decoded, size_t n, uint32_t start, uint32_t length)
{
	PaSearch	inner;

	memcpy(&inner, search, offsetof(PaSearch, piece));
	inner.n = 0;
	inner.found = search->found;
	inner.pause = search->pause;
	inner.arg = search->arg;
	inner.stop = false;
	inner.last = search->last;
	inner.depth = search->depth + 1;
	inner.decoded_to = 0;
	inner.told_number = 0;
	inner.outer = true;
	inner.outer_start = search->outer ? search->outer_start : start;
	inner.outer_length = search->outer ? search->outer_length : length;
	protaddr_reader_begin(&inner.reader, &search->index->key, decoded, (uint32_t) n);
	inner.reader.decompose = search->reader.decompose;
	inner.reader.arg = search->reader.arg;
	protaddr_search(&inner);
	search->stop = inner.stop;
	search->last = inner.last;
}

/* ---- hexadecimal ------------------------------------------------------------------------------------- */

static inline int
hex_value(char c)
{
	if (protaddr_is_digit(c))
		return c - '0';
	c = protaddr_to_small(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* try_hex looks into the run of hexadecimal digits in which a piece stands; false if that is none. */
static bool
try_hex(PaSearch *search, const PaPiece *piece)
{
	const char *text = search->reader.text;
	uint32_t	start = piece->end;
	uint32_t	end = piece->end;
	bool		reads = false;

	if (search->depth >= DEPTH || end <= search->decoded_to)
		return false;
	while (start > search->decoded_to && hex_value(text[start - 1]) >= 0)
		start--;
	while (end < search->reader.len && hex_value(text[end]) >= 0)
		end++;
	if (end - start < HEX_AT_LEAST)
		return false;

	/* a digit may stand directly before it */
	for (uint32_t from = start; from < start + 2 && !reads && !search->stop; from++)
	{
		uint32_t	at = from;

		do
		{
			char		decoded[BASE64_CHUNK / 2];
			size_t		n = 0;

			for (; at + 1 < end && n < sizeof(decoded); at += 2)
				decoded[n++] = (char) ((unsigned int) hex_value(text[at]) << 4 | (unsigned int) hex_value(text[at + 1]));
			if (n < HEX_AT_LEAST / 2 - 1 || !reads_like_text(decoded, n))
				break;
			reads = true;
			scan_decoded(search, decoded, n, start, end - start);
			if (at + 1 >= end)
				break;
			at -= BASE64_OVERLAP;
		} while (!search->stop);
	}
	if (reads)
		search->decoded_to = end;
	return reads;
}

/* ---- base64 ------------------------------------------------------------------------------------------- */

/* try_base64 looks into the run of base64 in which a piece stands. */
static void
try_base64(PaSearch *search, const PaPiece *piece)
{
	const char *text = search->reader.text;
	uint32_t	start = piece->start;
	uint32_t	end = piece->end;
	uint32_t	at;
	uint32_t	padding = 0;
	int			skip;

	if (search->depth >= DEPTH || end <= search->decoded_to)
		return;
	while (start > search->decoded_to && base64_value(text[start - 1]) >= 0)
		start--;
	while (end < search->reader.len &&
		   (base64_value(text[end]) >= 0 ||
			((text[end] == '\n' || text[end] == '\r') && end + 1 < search->reader.len &&
			 end - start >= 60 && (base64_value(text[end + 1]) >= 0 || text[end + 1] == '\n'))))
		end++;
	search->decoded_to = end;
	if (end - start < BASE64_AT_LEAST || !is_mixed(text + start, end - start))
		return;
	while (padding < 2 && end + padding < search->reader.len && text[end + padding] == '=')
		padding++;

	/* where its groups of four begin is not told: a word may stand directly before it */
	for (skip = 0; skip < 4 && !search->stop; skip++)
	{
		bool		reads = true;

		for (at = start + (uint32_t) skip; at < end && reads && !search->stop;)
		{
			char		decoded[BASE64_CHUNK / 4 * 3];
			size_t		n = 0;
			uint32_t	bits = 0;
			int			nbits = 0;
			uint32_t	from = at;
			uint32_t	back;

			for (; at < end && n < sizeof(decoded); at++)
			{
				int			value = base64_value(text[at]);

				if (value < 0)
					continue;
				bits = bits << 6 | (uint32_t) value;
				nbits += 6;
				if (nbits >= 8)
				{
					nbits -= 8;
					decoded[n++] = (char) (bits >> nbits);
				}
			}
			reads = n >= BASE64_AT_LEAST / 2 && reads_like_text(decoded, n);
			if (!reads)
				break;
			scan_decoded(search, decoded, n, start, end + padding - start);
			if (at >= end)
				break;
			back = at - from > BASE64_OVERLAP ? BASE64_OVERLAP : 0;
			at -= back;
		}
		if (reads)
			break;
	}
}

/* protaddr_search_encoded looks into the run of letters and digits in which a piece stands. */
void
protaddr_search_encoded(PaSearch *search, const PaPiece *piece)
{
	if (!try_hex(search, piece))
		try_base64(search, piece);
}
