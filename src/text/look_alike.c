/*
 * look_alike.c
 *		Which Latin letter does a letter of another alphabet look like?
 *
 * Letters of Greek, Cyrillic and Armenian that a reader takes for Latin ones, so that an
 * address written with some of them is still found.  What Unicode itself calls
 * compatible (full width, mathematical letters) is not here: see PaDecompose.
 */
#include "text/piece.h"

typedef struct LookAlike
{
	uint16_t	character;
	char		latin;
} LookAlike;

static const LookAlike look_alikes[] = {
	{0x0391, 'a'}, {0x0392, 'b'}, {0x0395, 'e'}, {0x0396, 'z'}, {0x0397, 'h'}, {0x0399, 'i'},
	{0x039A, 'k'}, {0x039C, 'm'}, {0x039D, 'n'}, {0x039F, 'o'}, {0x03A1, 'p'}, {0x03A4, 't'},
	{0x03A5, 'y'}, {0x03A7, 'x'}, {0x03B1, 'a'}, {0x03B5, 'e'}, {0x03B9, 'i'}, {0x03BA, 'k'},
	{0x03BD, 'v'}, {0x03BF, 'o'}, {0x03C1, 'p'}, {0x03C4, 't'}, {0x03C5, 'u'}, {0x03C7, 'x'},
	{0x03F2, 'c'}, {0x03F3, 'j'},
	{0x0405, 's'}, {0x0406, 'i'}, {0x0408, 'j'}, {0x0410, 'a'}, {0x0412, 'b'}, {0x0415, 'e'},
	{0x0417, '3'}, {0x041A, 'k'}, {0x041C, 'm'}, {0x041D, 'h'}, {0x041E, 'o'}, {0x0420, 'p'},
	{0x0421, 'c'}, {0x0422, 't'}, {0x0423, 'y'}, {0x0425, 'x'}, {0x0430, 'a'}, {0x0435, 'e'},
	{0x0437, '3'}, {0x043A, 'k'}, {0x043C, 'm'}, {0x043D, 'h'}, {0x043E, 'o'}, {0x0440, 'p'},
	{0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'},
	{0x0458, 'j'}, {0x04AE, 'y'}, {0x04AF, 'y'}, {0x04BB, 'h'}, {0x04C0, 'l'}, {0x0501, 'd'},
	{0x051B, 'q'}, {0x051D, 'w'},
	{0x0555, 'o'}, {0x0570, 'h'}, {0x0578, 'n'}, {0x057D, 'u'}, {0x0585, 'o'},
	{0x13A0, 'd'}, {0x13A1, 'r'}, {0x13A2, 't'}, {0x13A5, 'i'}, {0x13A9, 'y'}, {0x13AA, 'a'},
	{0x13AB, 'j'}, {0x13AC, 'e'}, {0x13B3, 'w'}, {0x13B7, 'm'}, {0x13BB, 'h'}, {0x13C0, 'g'},
	{0x13C3, 'z'}, {0x13CF, 'b'}, {0x13D2, 'r'}, {0x13DA, 's'}, {0x13DE, 'l'}, {0x13DF, 'c'},
	{0x13E2, 'p'}, {0x13E6, 'k'}
};

/*
 * protaddr_looks_like
 *		Give the small Latin letter or digit that a character looks like, or 0.
 */
char
protaddr_looks_like(uint32_t c)
{
	size_t		low = 0;
	size_t		high = sizeof(look_alikes) / sizeof(look_alikes[0]);

	while (low < high)
	{
		size_t		middle = (low + high) / 2;

		if (look_alikes[middle].character == c)
			return look_alikes[middle].latin;
		if (look_alikes[middle].character < c)
			low = middle + 1;
		else
			high = middle;
	}
	return '\0';
}
