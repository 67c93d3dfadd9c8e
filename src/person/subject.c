/*
 * subject.c
 *		What is the one spelling of a person's identifier?
 *
 * Registers, core banking systems and people write the same identifier in
 * different ways, and a person looked up under the wrong spelling would look
 * unprotected.  So everything is folded to one key before it is sealed into a
 * value or compared with the register.
 */
#include <string.h>

#include "address/address.h"
#include "person/subject.h"
#include "text/text.h"

/* True for what people put into an identifier to make it readable. */
static bool
is_separator(unsigned char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '/' || (c >= '\t' && c <= '\r');
}

/*
 * wide_separator gives the length of the same in UTF-8 as word processors and
 * spreadsheets write it: no-break space, soft hyphen, dashes, typographic and
 * zero-width blanks (U+2000 to U+203F), minus sign, byte order mark.  0: none.
 */
static size_t
wide_separator(const char *text, size_t len)
{
	if (len >= 2 && (memcmp(text, "\xC2\xA0", 2) == 0 || memcmp(text, "\xC2\xAD", 2) == 0))
		return 2;
	if (len >= 3 && (memcmp(text, "\xE2\x80", 2) == 0 || memcmp(text, "\xE2\x88\x92", 3) == 0 ||
					 memcmp(text, "\xEF\xBB\xBF", 3) == 0))
		return 3;
	return 0;
}

/*
 * is_scale is true for ".0" and ".00" behind a number: what is left of it after a
 * numeric column or a program that took it for a fraction.
 */
static bool
is_scale(const char *text, size_t len)
{
	size_t		zeros = 0;

	while (zeros < len && text[zeros] == '0')
		zeros++;
	if (zeros < 1 || zeros > 2)
		return false;
	for (size_t i = zeros; i < len; i++)
	{
		if (!is_separator((unsigned char) text[i]))
			return false;
	}
	return true;
}

/*
 * protaddr_subject_key
 *		Write the canonical form of an identifier and return its length.
 *
 * 0 if nothing is left of it, -1 if more than PA_SUBJECT_SIZE bytes are left
 * (counted with leading zeros).
 */
int
protaddr_subject_key(const char *text, size_t len, char out[PA_SUBJECT_SIZE])
{
	int			n = 0;
	int			zeros = 0;
	bool		digits = true;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c < '0' || c > '9')
		{
			size_t		wide = wide_separator(text + i, len - i);
			char		folded[3];
			size_t		letter;

			if (c == '.' && digits && n > 0 && is_scale(text + i + 1, len - i - 1))
				break;
			if (is_separator(c))
				continue;
			if (wide > 0)
			{
				i += wide - 1;
				continue;
			}
			digits = false;
			if (c >= 'a' && c <= 'z')
				c -= 'a' - 'A';
			/* a name is an identifier too, and no two systems write one alike */
			letter = c >= 0x80 ? protaddr_fold_letter(text + i, len - i, folded) : 0;
			if (letter > 0)
			{
				for (const char *p = folded; *p != '\0'; p++)
				{
					if (n == PA_SUBJECT_SIZE)
						return -1;
					out[n++] = *p;
				}
				i += letter - 1;
				continue;
			}
		}
		if (n == PA_SUBJECT_SIZE)
			return -1;
		out[n++] = (char) c;
	}

	if (!digits || n == 0 || out[0] != '0')
		return n;

	/* the last digit stays, also when it is a zero */
	while (zeros < n - 1 && out[zeros] == '0')
		zeros++;
	memmove(out, out + zeros, (size_t) (n - zeros));
	return n - zeros;
}
