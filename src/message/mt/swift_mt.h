/*
 * swift_mt.h
 *		What swift_mt.c, which reads messages, and swift_party.c, which reads and
 *		writes the fields of parties, have in common.
 */
#ifndef PROTADDR_SWIFT_MT_H
#define PROTADDR_SWIFT_MT_H

#include <string.h>

#include "address/address.h"
#include "message/rewrite.h"
#include "text/text.h"

#define PA_SWIFT_LINE	35		/* characters of a line of a party */

/* How a party's field is written. */
typedef enum PaForm
{
	FORM_NONE = 0,				/* not a party */
	FORM_FREE,					/* name and address in free lines */
	FORM_NUMBERED,				/* 50F */
	FORM_NUMBERED_SHORT,		/* 59F: numbers 1 to 3 alone */
	FORM_BIC,					/* optional account and a BIC */
	FORM_IDENTIFIER				/* one line */
} PaForm;

/* One line, and where the next begins. */
typedef struct PaLine
{
	PaText		text;			/* without its end */
	size_t		start;
	size_t		next;
} PaLine;

/* A party's field that holds an address. */
typedef struct PaPlace
{
	PaForm		form;
	size_t		start;			/* behind the tag */
	size_t		end;
	bool		named;
	bool		born;			/* it has a birth */
	int			kept;			/* lines with a number that stay */
	char		joined[2 * PA_SWIFT_LINE * 4];	/* a number with its rest */
} PaPlace;

/* The result, as far as it is written. */
typedef struct PaSwiftOutput
{
	const char *message;
	size_t		copied;			/* all before it is written or gone */
	const char *eol;			/* of the message's first line */
	const PaRewriter *rewriter;
	PaRewritten *rewritten;
	char		line[PA_LINE_SIZE]; /* of a substitute */
	char		folded[PA_LINE_SIZE];
} PaSwiftOutput;

/* protaddr_swift_read reads a field into a party and its place; true if it has an address. */
extern bool protaddr_swift_read(const char *message, PaPlace *place, PaParty *party);

/* protaddr_swift_is_account is false for an account line that holds more than an account. */
extern bool protaddr_swift_is_account(PaText text);

/* protaddr_swift_read_account adds an account line's identifiers to a party. */
extern void protaddr_swift_read_account(PaParty *party, PaText text);

/* protaddr_swift_write writes a party's field as it was decided; false if write stops. */
extern bool protaddr_swift_write(PaSwiftOutput *out, const PaPlace *place,
								 const PaParty *party);

/* ---- characters and lines ------------------------------------------------------ */

static inline PaText
behind(PaText text, size_t n)
{
	PaText		rest = {text.data + n, text.len - (uint32_t) n};

	return rest;
}

static inline bool
is_blank(PaText text)
{
	for (uint32_t i = 0; i < text.len; i++)
	{
		if (text.data[i] != ' ')
			return false;
	}
	return true;
}

/* True for more characters than a line of a party may have. */
static inline bool
too_long(PaText text)
{
	int			chars = 0;

	for (uint32_t i = 0; i < text.len && chars <= PA_SWIFT_LINE; i++)
		chars += ((unsigned char) text.data[i] & 0xC0) != 0x80;
	return chars > PA_SWIFT_LINE;
}

/* begins_as_tag is true for a tag that lacks its colon in front. */
static inline bool
begins_as_tag(PaText text)
{
	if (text.len < 3 || !protaddr_is_digit(text.data[0]) || !protaddr_is_digit(text.data[1]))
		return false;
	return text.data[2] == ':' ||
		(text.len > 3 && protaddr_is_letter(text.data[2]) && text.data[3] == ':');
}

/* holds_party_tag is true for a line with the tag of a party in it, colon and all. */
static inline bool
holds_party_tag(PaText text)
{
	for (uint32_t i = 0; i + 4 < text.len; i++)
	{
		const char *c = text.data + i;

		/* 10:50:30 is a time */
		if (c[0] == ':' && c[1] == '5' && (c[2] == '0' || c[2] == '9') &&
			((protaddr_is_letter(c[3]) && c[4] == ':') || (c[3] == ':' && c[4] == '/')))
			return true;
	}
	return false;
}

/* cut_line finds the line that begins at start, and ends at limit if not before. */
static inline void
cut_line(const char *message, size_t start, size_t limit, PaLine *line)
{
	const char *lf = memchr(message + start, '\n', limit - start);
	size_t		end = lf != NULL ? (size_t) (lf - message) : limit;

	line->start = start;
	line->next = lf != NULL ? end + 1 : limit;
	if (lf != NULL && end > start && message[end - 1] == '\r')
		end--;
	line->text.data = message + start;
	line->text.len = (uint32_t) (end - start);
}

#endif							/* PROTADDR_SWIFT_MT_H */
