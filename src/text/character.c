/*
 * character.c
 *		What is this character of UTF-8?
 */
#include "text/text.h"

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
