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

#define COMBINING_DIAERESIS	0x308
#define COMBINING_RING		0x30A

/* Sweden: YYMMDD and four digits, with the century in front or not */
#define DATE_LEN			6
#define CENTURY_LEN			2
#define SERIAL_LEN			4

/*
 * Who was born in 1926 or before is written with "+", or the century, and those of the same
 * date of 2026 or before without: they are two, and neither's word may count for the other.
 */
#define LAST_WITH_PLUS		26

/* Switzerland: thirteen digits in groups, the last one of two */
#define SWISS_LEN			13
#define SWISS_LAST			2

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
		else if (protaddr_is_separator(c))
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
 * is_last_group is true if what follows is the end of a Swiss number, 756.1234.5678.97:
 * its two digits are no fraction, even if they are zeros.
 */
static bool
is_last_group(const char *key, int n, bool grouped)
{
	return grouped && n == SWISS_LEN - SWISS_LAST && memcmp(key, "756", 3) == 0;
}

/* drop_zeros drops leading zeros and gives the new length; the last digit stays. */
static int
drop_zeros(char *key, int n)
{
	int			zeros = 0;

	while (zeros < n - 1 && key[zeros] == '0')
		zeros++;
	memmove(key, key + zeros, (size_t) (n - zeros));
	return n - zeros;
}

static int
two_digits(const char *p)
{
	return (p[0] - '0') * 10 + (p[1] - '0');
}

/* is_birth is true of YYMMDD; the day of a co-ordination number is sixty more. */
static bool
is_birth(const char *p)
{
	int			month = two_digits(p + 2);
	int			day = two_digits(p + 4);

	return month >= 1 && month <= 12 && ((day >= 1 && day <= 31) || (day >= 61 && day <= 91));
}

/*
 * drop_century writes a Swedish number without the century that some registers put
 * in front, unless it tells who of two is meant, and gives the new length.
 */
static int
drop_century(char *key, int n)
{
	int			century;

	if (n != CENTURY_LEN + DATE_LEN + SERIAL_LEN)
		return n;
	century = two_digits(key);
	if (century < 18 || century > 20 || !is_birth(key + CENTURY_LEN) ||
		(century < 20 && two_digits(key + CENTURY_LEN) <= LAST_WITH_PLUS))
		return n;
	memmove(key, key + CENTURY_LEN, DATE_LEN + SERIAL_LEN);
	return DATE_LEN + SERIAL_LEN;
}

/* plus_is_separator is true if the "+" at plus is the one of a Swede of a hundred years. */
static bool
plus_is_separator(const char *key, int n, int plus)
{
	return n == plus + SERIAL_LEN && is_birth(key + plus - DATE_LEN);
}

/*
 * protaddr_subject_key
 *		Write the canonical form of an identifier and return its length.
 */
int
protaddr_subject_key(const char *text, size_t len, char out[PA_SUBJECT_SIZE])
{
	int			n = 0;
	int			plus = 0;		/* where a "+" was left out */
	bool		digits = true;
	uint32_t	grouped_by = 0;

	for (size_t at = 0; at < len;)
	{
		uint32_t	c;
		size_t		size;
		char		folded[3] = {0};
		size_t		letters;

		/* nearly all of them */
		if (protaddr_is_digit(text[at]))
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
			if (!is_last_group(out, n, grouped_by == c) &&
				is_scale(text + at + size, len - at - size, n <= 3 || grouped_by == c))
				break;
			grouped_by = c;
		}
		if (protaddr_is_separator(c) || (n == 0 && (c == '+' || c == '=')))
		{
			at += size;
			continue;
		}
		if (c == '+' && digits && plus == 0 && (n == DATE_LEN || n == CENTURY_LEN + DATE_LEN))
		{
			plus = n;
			at += size;
			continue;
		}
		digits = digits && c < 0x80 && protaddr_is_digit((char) c);

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

	if (plus > 0 && !(digits && plus_is_separator(out, n, plus)))
	{
		if (n == PA_SUBJECT_SIZE)
			return PA_SUBJECT_TOO_LONG;
		memmove(out + plus + 1, out + plus, (size_t) (n - plus));
		out[plus] = '+';
		return n + 1;
	}
	if (!digits || n == 0)
		return n;
	if (plus == DATE_LEN && two_digits(out) <= LAST_WITH_PLUS)
	{
		memmove(out + CENTURY_LEN, out, (size_t) n);
		memcpy(out, "19", CENTURY_LEN);
		return n + CENTURY_LEN;
	}
	return drop_zeros(out, drop_century(out, drop_zeros(out, n)));
}
