/*
 * text.h
 *		Characters and pieces of text, as every room above reads them.
 *
 * Pure: no PostgreSQL header, no allocation, no global state.  Text is UTF-8.
 */
#ifndef PROTADDR_TEXT_H
#define PROTADDR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of text inside somebody else's buffer; absent when len is 0. */
typedef struct PaText
{
	const char *data;
	uint32_t	len;			/* bytes */
} PaText;

/* The first and the last of some characters; tables of them are in order. */
typedef struct PaRange
{
	uint32_t	first;
	uint32_t	last;
} PaRange;

#define PROTADDR_IS_IN(c, ranges) \
	protaddr_is_in(c, ranges, sizeof(ranges) / sizeof((ranges)[0]))

static inline bool
protaddr_is_in(uint32_t c, const PaRange *ranges, size_t n)
{
	for (size_t i = 0; i < n && ranges[i].first <= c; i++)
	{
		if (c <= ranges[i].last)
			return true;
	}
	return false;
}

/* ---- text/character.c: one character --------------------------------------- */

/* Reads one character of strict UTF-8 (len > 0): its bytes, 0 if there is none. */
extern size_t protaddr_read_character(const char *bytes, size_t len, uint32_t *character);

/*
 * True for a control or invisible formatting character.
 *
 * U+0000-001F, 007F-009F, 00AD, 034F, 061C, 115F, 1160, 17B4, 17B5, 180B-180F, 200B-200F,
 * 2028-202E, 2060-206F, 3164, FE00-FE0F, FEFF, FFA0, FFF9-FFFB, 1D173-1D17A, E0000-E0FFF:
 * control characters and what shows as nothing.  They would hide an address from a reader
 * or from the guard.
 */
extern bool protaddr_is_control(uint32_t c);

/* True for Unicode's space separators and the blank of Braille: they show as a gap. */
extern bool protaddr_is_space(uint32_t c);

/* True for blanks, dashes, quotation marks, accents alone, dots, commas and controls of any script. */
extern bool protaddr_is_separator(uint32_t c);

/* True for a text without a visible character; false for bytes that are no UTF-8. */
extern bool protaddr_shows_nothing(const char *text, size_t len);

/* Of ASCII, whatever the locale. */
static inline bool
protaddr_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
protaddr_is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
protaddr_is_letter(char c)
{
	return protaddr_is_capital(c) || (c >= 'a' && c <= 'z');
}

/* A letter of ASCII, or a byte of a longer character. */
static inline bool
protaddr_is_word_byte(char c)
{
	return protaddr_is_letter(c) || ((unsigned char) c & 0x80) != 0;
}

static inline char
protaddr_to_small(char c)
{
	return protaddr_is_capital(c) ? (char) (c - 'A' + 'a') : c;
}

/* The value of a decimal digit of any script, raised and lowered ones too; -1: it is none. */
extern int	protaddr_digit_of(uint32_t c);

/* ---- text/charset_x.c: the characters of SWIFT ----------------------------- */

/*
 * protaddr_charset_x writes text (UTF-8) in the characters that SWIFT messages have
 * (address/charset_x.c), letters folded as banks do: ae for the Danish one, e for an
 * accented one.  Returns the length; 0 if it is empty, does not fit, or has a character
 * that cannot be written so.
 */
extern size_t protaddr_charset_x(const char *text, size_t len, char *out, size_t outsize);

/* One letter, in ASCII capitals, NUL-terminated: AE, O, TH.  Returns its bytes, or 0 if it is none. */
extern size_t protaddr_fold_letter(const char *text, size_t len, char out[3]);

/* ---- text/town.c: what may stay as a town ---------------------------------- */

/*
 * protaddr_is_town is true for a text (UTF-8) that may stay as the town of an address
 * that goes (message/town.c): with a letter, no digit, comma, semicolon or slash of
 * any script, no control character, at most 140 characters.
 */
extern bool protaddr_is_town(const char *text, size_t len);

/* ---- text/name.c: is this the name ------------------------------------------ */

typedef enum PaNameAnswer
{
	PA_NAME_NO_MATCH,
	PA_NAME_CLOSE_MATCH,
	PA_NAME_MATCH
} PaNameAnswer;

/* Whether a name that somebody has typed (UTF-8) is the name, or nearly it. */
extern PaNameAnswer protaddr_compare_names(const char *typed, size_t typed_len,
										   const char *name, size_t name_len);

#endif							/* PROTADDR_TEXT_H */
