/*
 * charset_x.c
 *		How is a text written in the characters of a SWIFT message?
 *
 * Character set X has a-z A-Z 0-9 / - ? : ( ) . , ' + and the blank.  Letters of
 * Latin-1 and Latin Extended-A are folded as banks of their countries do it (AE for
 * both the Danish and the German letter), typographic hyphens and apostrophes become
 * plain ones.  Every other character has no place in it, and its text is not written
 * at all: half an address leads to the wrong door.
 */
#include <string.h>

#include "text/text.h"

#define FIRST_FOLDED	0xC0

/* U+00C0 to U+017F; empty: not a letter */
static const char folded[][3] = {
	"A", "A", "A", "A", "AE", "AA", "AE", "C", "E", "E", "E", "E", "I", "I", "I", "I",
	"D", "N", "O", "O", "O", "O", "OE", "", "OE", "U", "U", "U", "UE", "Y", "TH", "ss",
	"a", "a", "a", "a", "ae", "aa", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "oe", "", "oe", "u", "u", "u", "ue", "y", "th", "y",
	"A", "a", "A", "a", "A", "a", "C", "c", "C", "c", "C", "c", "C", "c", "D", "d",
	"D", "d", "E", "e", "E", "e", "E", "e", "E", "e", "E", "e", "G", "g", "G", "g",
	"G", "g", "G", "g", "H", "h", "H", "h", "I", "i", "I", "i", "I", "i", "I", "i",
	"I", "i", "IJ", "ij", "J", "j", "K", "k", "k", "L", "l", "L", "l", "L", "l", "L",
	"l", "L", "l", "N", "n", "N", "n", "N", "n", "n", "N", "n", "O", "o", "O", "o",
	"O", "o", "OE", "oe", "R", "r", "R", "r", "R", "r", "S", "s", "S", "s", "S", "s",
	"S", "s", "T", "t", "T", "t", "T", "t", "U", "u", "U", "u", "U", "u", "U", "u",
	"U", "u", "U", "u", "W", "w", "Y", "y", "Y", "Z", "z", "Z", "z", "Z", "z", "s"
};

#define LAST_FOLDED		(FIRST_FOLDED + sizeof(folded) / sizeof(folded[0]) - 1)

/* fold gives how a character is written, "" if it cannot be; one is room for itself. */
static const char *
fold(uint32_t c, char one[2])
{
	one[0] = '\0';
	one[1] = '\0';
	if (c >= FIRST_FOLDED && c <= LAST_FOLDED)
		return folded[c - FIRST_FOLDED];
	if (c != 0 && c < 0x80 &&
		(protaddr_is_letter((char) c) || protaddr_is_digit((char) c) || strchr("/-?:().,'+ ", (int) c) != NULL))
		one[0] = (char) c;
	else if (c == 0xA0)
		one[0] = ' ';
	else if (c >= 0x2010 && c <= 0x2013)
		one[0] = '-';
	else if (c == 0x2018 || c == 0x2019 || c == 0xB4 || c == '`')
		one[0] = '\'';
	return one;
}

/*
 * protaddr_charset_x
 *		Write text in character set X; 0 if that cannot be.
 */
size_t
protaddr_charset_x(const char *text, size_t len, char *out, size_t outsize)
{
	size_t		at = 0;
	size_t		written = 0;

	while (at < len)
	{
		uint32_t	c;
		size_t		n = protaddr_read_character(text + at, len - at, &c);
		char		one[2];
		const char *letters;
		size_t		nletters;

		if (n == 0)
			return 0;
		letters = fold(c, one);
		nletters = strlen(letters);
		if (nletters == 0 || nletters > outsize - written)
			return 0;
		memcpy(out + written, letters, nletters);
		written += nletters;
		at += n;
	}
	return written;
}

/*
 * protaddr_fold_letter
 *		Write one letter of Latin-1 or Latin Extended-A in ASCII capitals.
 *
 * Returns its bytes in text; 0, and nothing written, if it is no such letter.
 */
size_t
protaddr_fold_letter(const char *text, size_t len, char out[3])
{
	uint32_t	c;
	size_t		n = protaddr_read_character(text, len, &c);
	char		one[2];
	const char *letters;

	if (n == 0 || c < FIRST_FOLDED || c > LAST_FOLDED)
		return 0;
	letters = fold(c, one);
	if (letters[0] == '\0')
		return 0;
	for (int i = 0; i < 3; i++)
	{
		out[i] = letters[i];
		if (out[i] >= 'a' && out[i] <= 'z')
			out[i] -= 'a' - 'A';
	}
	return n;
}
