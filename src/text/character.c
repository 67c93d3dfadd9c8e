/*
 * character.c
 *		What is this character of UTF-8?
 */
#include "text/text.h"

#include <string.h>

/*
 * protaddr_read_character
 *		Read one character of strict UTF-8; 0 for overlong forms, surrogates,
 *		numbers above U+10FFFF and anything cut off.
 */
size_t
protaddr_read_character(const char *bytes, size_t len, uint32_t *character)
{
	const unsigned char *text = (const unsigned char *) bytes;
	uint32_t	c = text[0];
	uint32_t	least;
	size_t		n;

	if (c < 0x80)
	{
		*character = c;
		return 1;
	}
	if (c >= 0xC2 && c <= 0xDF)
	{
		n = 2;
		c &= 0x1F;
		least = 0x80;
	}
	else if (c >= 0xE0 && c <= 0xEF)
	{
		n = 3;
		c &= 0x0F;
		least = 0x800;
	}
	else if (c >= 0xF0 && c <= 0xF4)
	{
		n = 4;
		c &= 0x07;
		least = 0x10000;
	}
	else
		return 0;

	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
	{
		if ((text[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (text[i] & 0x3F);
	}
	if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;

	*character = c;
	return n;
}

/*
 * protaddr_is_control
 *		True for characters that would hide an address from a reader or from
 *		the guard.
 */
bool
protaddr_is_control(uint32_t c)
{
	if (c < 0x80)
		return c < 0x20 || c == 0x7F;
	return c <= 0x9F ||
		c == 0xAD ||
		c == 0x034F ||
		c == 0x061C ||
		c == 0x115F || c == 0x1160 ||
		c == 0x17B4 || c == 0x17B5 ||
		(c >= 0x180B && c <= 0x180F) ||
		(c >= 0x200B && c <= 0x200F) ||
		(c >= 0x2028 && c <= 0x202E) ||
		(c >= 0x2060 && c <= 0x206F) ||
		c == 0x3164 ||
		(c >= 0xFE00 && c <= 0xFE0F) ||
		c == 0xFEFF || c == 0xFFA0 ||
		(c >= 0xFFF9 && c <= 0xFFFB) ||
		(c >= 0x1D173 && c <= 0x1D17A) ||
		(c >= 0xE0000 && c <= 0xE0FFF);
}

/*
 * protaddr_is_space
 *		True for characters that show as a gap: a text of nothing else says nothing.
 */
bool
protaddr_is_space(uint32_t c)
{
	return c == 0x20 || c == 0xA0 || c == 0x1680 ||
		(c >= 0x2000 && c <= 0x200A) ||
		c == 0x202F || c == 0x205F || c == 0x2800 || c == 0x3000;
}

/* What separates the parts of a number or a name, beyond ASCII and beyond controls. */
static const PaRange separators[] = {
	{0xA0, 0xA0}, {0xA8, 0xA8}, {0xAB, 0xAB}, {0xAF, 0xAF}, {0xB4, 0xB4}, {0xB7, 0xB8}, {0xBB, 0xBB},
	{0x2B9, 0x2BF}, {0x2C8, 0x2CF}, {0x300, 0x36F}, /* marks of letters, and accents alone */
	{0x55A, 0x55A}, {0x58A, 0x58A}, /* Armenian */
	{0x5BE, 0x5BE}, {0x5F3, 0x5F4}, /* Hebrew */
	{0x60C, 0x60C}, {0x61B, 0x61B}, {0x66B, 0x66C}, {0x6D4, 0x6D4}, /* Arabic */
	{0x1400, 0x1400}, {0x1680, 0x1680}, {0x1806, 0x1806},	/* Canadian, Ogham, Mongolian */
	{0x2000, 0x206F},			/* general punctuation */
	{0x20D0, 0x20F0},			/* marks of signs */
	{0x2212, 0x2212}, {0x2215, 0x2215}, /* minus, division slash */
	{0x2E17, 0x2E17}, {0x2E1A, 0x2E1A}, {0x2E3A, 0x2E3B},	/* more dashes */
	{0x3000, 0x3002}, {0x300C, 0x300F}, {0x301C, 0x301F}, {0x3030, 0x3030}, {0x30A0, 0x30A0},
	{0x30FB, 0x30FB},			/* Chinese, Japanese */
	{0xFE10, 0xFE14}, {0xFE20, 0xFE2F}, {0xFE31, 0xFE32}, {0xFE50, 0xFE54}, {0xFE58, 0xFE58},
	{0xFE63, 0xFE63}, {0xFF61, 0xFF65}	/* the same upright, small and half as wide */
};

/*
 * protaddr_is_separator
 *		True for a character that says nothing in an identifier, wherever it stands.
 */
bool
protaddr_is_separator(uint32_t c)
{
	if (c < 0x80)
		return c <= ' ' || c == 0x7F || strchr("-./,;'\"`", (int) c) != NULL;
	return PROTADDR_IS_IN(c, separators) || protaddr_is_control(c);
}

/*
 * protaddr_shows_nothing
 *		True for a text of controls and spaces alone.
 */
bool
protaddr_shows_nothing(const char *text, size_t len)
{
	for (size_t at = 0; at < len;)
	{
		uint32_t	c;
		size_t		size = protaddr_read_character(text + at, len - at, &c);

		if (size == 0 || !(protaddr_is_control(c) || protaddr_is_space(c)))
			return false;
		at += size;
	}
	return true;
}

/* The zeros of Unicode's decimal digits (Nd); the nine others follow each. */
static const uint32_t zeros[] = {
	0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66,
	0xDE6, 0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
	0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0x2080, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50,
	0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450,
	0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50,
	0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0,
	0x1E4F0, 0x1E950, 0x1FBF0
};

/*
 * protaddr_digit_of
 *		The value of a decimal digit of any script, -1 for what is none.
 */
int
protaddr_digit_of(uint32_t c)
{
	if (c == 0xB9 || c == 0xB2 || c == 0xB3)
		return c == 0xB9 ? 1 : (int) (c - 0xB0);
	if (c == 0x2070 || (c >= 0x2074 && c <= 0x2079))
		return (int) (c - 0x2070);
	for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]) && zeros[i] <= c; i++)
	{
		if (c <= zeros[i] + 9)
			return (int) (c - zeros[i]);
	}
	return -1;
}
