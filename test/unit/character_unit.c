/*
 * character_unit.c
 *		What is a digit, a letter, a gap, and what shows as nothing?
 *
 * Prints TAP.
 */
#include "text/text.h"

#include <ctype.h>
#include <stdio.h>

static int	tests = 0;
static int	failures = 0;

static void
ok(bool good, const char *name)
{
	tests++;
	if (!good)
		failures++;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

typedef struct Range
{
	uint32_t	first;
	uint32_t	last;
} Range;

static const Range controls[] = {
	{0, 0x1F}, {0x7F, 0x9F}, {0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x115F, 0x1160},
	{0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
	{0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF9, 0xFFFB},
	{0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}
};

static const Range spaces[] = {
	{0x20, 0x20}, {0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A}, {0x202F, 0x202F},
	{0x205F, 0x205F}, {0x2800, 0x2800}, {0x3000, 0x3000}
};

/* as_listed is true if the function says yes to these characters of Unicode and no others. */
static bool
as_listed(bool (*is) (uint32_t), const Range *ranges, size_t n)
{
	for (uint32_t c = 0; c <= 0x10FFFF; c++)
	{
		bool		listed = false;

		for (size_t i = 0; i < n; i++)
			listed = listed || (c >= ranges[i].first && c <= ranges[i].last);
		if (is(c) != listed)
		{
			printf("# U+%04X\n", (unsigned int) c);
			return false;
		}
	}
	return true;
}

int
main(void)
{
	bool		digits = true;
	bool		capitals = true;
	bool		letters = true;
	bool		words = true;
	bool		small = true;

	for (int i = 0; i < 256; i++)
	{
		char		c = (char) i;

		digits = digits && protaddr_is_digit(c) == (i < 128 && isdigit(i) != 0);
		capitals = capitals && protaddr_is_capital(c) == (i < 128 && isupper(i) != 0);
		letters = letters && protaddr_is_letter(c) == (i < 128 && isalpha(i) != 0);
		words = words && protaddr_is_word_byte(c) == (i >= 128 || isalpha(i) != 0);
		small = small && protaddr_to_small(c) == (i < 128 ? (char) tolower(i) : c);
	}
	ok(digits, "digits of ASCII");
	ok(capitals, "capitals");
	ok(letters, "letters");
	ok(words, "bytes of words");
	ok(small, "small letters");
	ok(as_listed(protaddr_is_control, controls, sizeof(controls) / sizeof(controls[0])), "control characters");
	ok(as_listed(protaddr_is_space, spaces, sizeof(spaces) / sizeof(spaces[0])), "gaps");
	ok(protaddr_shows_nothing("", 0) && protaddr_shows_nothing(" \t\xc2\xa0\xe2\x80\x8b\xef\xbf\xb9", 10), "a text that shows nothing");
	ok(!protaddr_shows_nothing(" x", 2) && !protaddr_shows_nothing("\xc2\xa0\xc3\xa5", 4) && !protaddr_shows_nothing("\xa0", 1) &&
	   !protaddr_shows_nothing("\xe2\x80", 2), "a text that shows something, or is none");
	ok(protaddr_is_separator('-') && protaddr_is_separator(0x2060) && protaddr_is_separator(0xFF65) && protaddr_is_separator(0x200B) &&
	   !protaddr_is_separator('_') && !protaddr_is_separator('0') && !protaddr_is_separator(0xE5), "separators");
	printf("1..%d\n", tests);
	return failures > 0;
}
