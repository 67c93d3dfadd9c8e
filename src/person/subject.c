/*
 * subject.c
 *		What is the one spelling of a person's identifier?
 *
 * Registers, core banking systems, spreadsheets and people write the same identifier
 * in different ways, and a person looked up under the wrong spelling would look
 * unprotected.  So everything is folded to one key before it is sealed into a
 * value or compared with the register.
 */
#include <string.h>

#include "address/address.h"
#include "person/subject.h"
#include "text/text.h"

/* The first and the last of some characters. */
typedef struct Range
{
	uint32_t	first;
	uint32_t	last;
} Range;

/* Blanks, dashes, quotation marks, dots and commas beyond ASCII, in order. */
static const Range separators[] = {
	{0xA0, 0xA0}, {0xA8, 0xA8}, {0xAB, 0xAB}, {0xAF, 0xAF}, {0xB4, 0xB4}, {0xB7, 0xB8},
	{0xBB, 0xBB}, {0x2B9, 0x2BF}, {0x2C8, 0x2CF}, {0x300, 0x36F}, {0x55A, 0x55A}, {0x58A, 0x58A},
	{0x5BE, 0x5BE}, {0x5F3, 0x5F4}, {0x60C, 0x60C}, {0x61B, 0x61B}, {0x66B, 0x66C}, {0x6D4, 0x6D4},
	{0x1400, 0x1400}, {0x1680, 0x1680}, {0x1806, 0x1806}, {0x2000, 0x206F}, {0x20D0, 0x20F0},
	{0x2212, 0x2212}, {0x2215, 0x2215}, {0x2E17, 0x2E17}, {0x2E1A, 0x2E1A}, {0x2E3A, 0x2E3B},
	{0x3000, 0x3002}, {0x300C, 0x300F}, {0x301C, 0x301F}, {0x3030, 0x3030}, {0x30A0, 0x30A0},
	{0x30FB, 0x30FB}, {0xFE10, 0xFE14}, {0xFE20, 0xFE2F}, {0xFE31, 0xFE32}, {0xFE50, 0xFE54},
	{0xFE58, 0xFE58}, {0xFE63, 0xFE63}, {0xFF61, 0xFF65}
};

#define COMBINING_DIAERESIS	0x308
#define COMBINING_RING		0x30A

/* is_separator is true for what is dropped wherever it stands. */
static bool
is_separator(uint32_t c)
{
	if (c < 0x80)
		return c <= ' ' || c == 0x7F || strchr("-./,;'\"`", (int) c) != NULL;
	for (size_t i = 0; i < sizeof(separators) / sizeof(separators[0]) && separators[i].first <= c; i++)
	{
		if (c <= separators[i].last)
			return true;
	}
	return protaddr_is_control(c);
}

/*
 * read_plain reads one character (len > 0), digits of every script and full-width
 * characters as those of ASCII; its bytes, 0 if it is broken.
 */
static size_t
read_plain(const char *text, size_t len, uint32_t *character)
{
	size_t		size = protaddr_read_character(text, len, character);

	if (size > 1)
	{
		int			digit = protaddr_digit_of(*character);

		if (digit >= 0)
			*character = '0' + (uint32_t) digit;
		else if (*character >= 0xFF01 && *character <= 0xFF5E)
			*character -= 0xFF01 - '!';
	}
	return size;
}

/*
 * is_scale is true if text, which follows a point or comma behind a number, is what is
 * left of it after a numeric column or a program that took it for a fraction: zeros.
 * Three of them can be a group of thousands.
 */
static bool
is_scale(const char *text, size_t len, bool can_be_group)
{
	size_t		nzeros = 0;
	bool		behind = false;

	for (size_t at = 0; at < len;)
	{
		uint32_t	c;
		size_t		size = read_plain(text + at, len - at, &c);

		if (size == 0)
			return false;
		if (c == '0' && !behind)
			nzeros++;
		else if (is_separator(c))
			behind = true;
		else
			return false;
		at += size;
	}
	return nzeros > 0 && !(nzeros == 3 && can_be_group);
}

/* fold writes how a letter is written in a key; 0 if it stays as it is. */
static size_t
fold(const char *text, size_t len, uint32_t c, size_t size, char folded[3])
{
	uint32_t	mark = 0;

	if (c >= 0x80)
		return protaddr_fold_letter(text, len, folded);
	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	folded[0] = (char) c;
	folded[1] = '\0';
	folded[2] = '\0';

	/* the letters that are two, if their mark is a character of its own */
	if (size < len)
		(void) protaddr_read_character(text + size, len - size, &mark);
	if (c == 'A' && mark == COMBINING_RING)
		folded[1] = 'A';
	else if ((c == 'A' || c == 'O' || c == 'U') && mark == COMBINING_DIAERESIS)
		folded[1] = 'E';
	return size;
}

/*
 * protaddr_subject_key
 *		Write the canonical form of an identifier and return its length.
 */
int
protaddr_subject_key(const char *text, size_t len, char out[PA_SUBJECT_SIZE])
{
	int			n = 0;
	int			zeros = 0;
	bool		digits = true;
	uint32_t	grouped_by = 0;

	for (size_t at = 0; at < len;)
	{
		uint32_t	c;
		size_t		size;
		char		folded[3] = {0};
		size_t		letters;

		/* nearly all of them */
		if (text[at] >= '0' && text[at] <= '9')
		{
			if (n == PA_SUBJECT_SIZE)
				return PA_SUBJECT_TOO_LONG;
			out[n++] = text[at++];
			continue;
		}
		size = read_plain(text + at, len - at, &c);
		if (size == 0)
			return PA_SUBJECT_BROKEN;
		if ((c == '.' || c == ',') && digits && n > 0)
		{
			if (is_scale(text + at + size, len - at - size, n <= 3 || grouped_by == c))
				break;
			grouped_by = c;
		}
		if (is_separator(c) || (n == 0 && (c == '+' || c == '=')))
		{
			at += size;
			continue;
		}
		digits = digits && c >= '0' && c <= '9';

		letters = 0;
		if (fold(text + at, len - at, c, size, folded) > 0)
			letters = strlen(folded);
		if ((size_t) n + (letters > 0 ? letters : size) > PA_SUBJECT_SIZE)
			return PA_SUBJECT_TOO_LONG;
		if (letters > 0)
			memcpy(out + n, folded, letters);
		else
			memcpy(out + n, text + at, size);
		n += (int) (letters > 0 ? letters : size);
		at += size;
	}

	if (!digits || n == 0 || out[0] != '0')
		return n;

	/* the last digit stays, also when it is a zero */
	while (zeros < n - 1 && out[zeros] == '0')
		zeros++;
	memmove(out, out + zeros, (size_t) (n - zeros));
	return n - zeros;
}
