/*
 * cpr_field.c
 *		What does a field of a population register record hold?
 *
 * A field has its place and length in the record.  What is blank may be trimmed
 * off the end of the record; what is there must be whole and of its form.
 */
#include "register/cpr.h"
#include "text/text.h"

#include <string.h>

bool
protaddr_cpr_digits(const char *p, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (!protaddr_is_digit(p[i]))
			return false;
	}
	return true;
}

bool
protaddr_cpr_all(const char *p, size_t len, char c)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (p[i] != c)
			return false;
	}
	return true;
}

/* protaddr_cpr_number reads up to 9 digits that protaddr_cpr_digits has seen. */
uint32_t
protaddr_cpr_number(const char *p, size_t len)
{
	uint32_t	value = 0;
	size_t		i;

	for (i = 0; i < len; i++)
		value = value * 10 + (uint32_t) (p[i] - '0');
	return value;
}

/*
 * protaddr_cpr_control is true if a byte is a control character of ISO-8859-1:
 * 00-1F, 7F-9F.  Eight bytes at a time, because every byte of a delivery passes here.
 */
bool
protaddr_cpr_control(const char *p, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = UINT64_C(0x8080808080808080);
	const uint64_t deletes = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t	bad = 0;
	size_t		i = 0;

	for (; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t))
	{
		uint64_t	word;
		uint64_t	del;

		memcpy(&word, p + i, sizeof(word));
		del = word ^ deletes;

		/* neither of the bits 0x20 and 0x40 set, or a byte of del zero */
		bad |= ~(word >> 5 | word >> 6) & ones;
		bad |= (del - ones) & ~del & tops;
	}
	for (; i < len; i++)
	{
		unsigned char c = (unsigned char) p[i];

		bad |= ((c & 0x60) == 0 || c == 0x7f);
	}
	return bad != 0;
}

static bool
date_exists(uint32_t year, uint32_t month, uint32_t day)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* protaddr_cpr_trimmed gives len without the blanks at the end. */
size_t
protaddr_cpr_trimmed(const char *rec, size_t len)
{
	static const char blanks[] = "        ";
	const size_t many = sizeof(blanks) - 1;

	while (len >= many && memcmp(rec + len - many, blanks, many) == 0)
		len -= many;
	while (len > 0 && rec[len - 1] == ' ')
		len--;
	return len;
}

/*
 * protaddr_cpr_field finds the field of a record whose trailing blanks are taken
 * off.  *value is NULL if it is blank.  False if the record ends within the field:
 * none of ours may hold blanks, so that is a record cut short.
 */
bool
protaddr_cpr_field(const char *rec, size_t len, size_t pos, size_t size, const char **value)
{
	*value = NULL;
	if (len <= pos)
		return true;
	if (len < pos + size)
		return false;
	if (!protaddr_cpr_all(rec + pos, size, ' '))
		*value = rec + pos;
	return true;
}

/* protaddr_cpr_compact_date writes YYYYMMDD as YYYY-MM-DD, false if it is no date. */
bool
protaddr_cpr_compact_date(char out[11], const char *value)
{
	if (!protaddr_cpr_digits(value, 8) ||
		!date_exists(protaddr_cpr_number(value, 4), protaddr_cpr_number(value + 4, 2),
					 protaddr_cpr_number(value + 6, 2)))
		return false;

	memcpy(out, value, 4);
	out[4] = '-';
	memcpy(out + 5, value + 4, 2);
	out[7] = '-';
	memcpy(out + 8, value + 6, 2);
	out[10] = '\0';
	return true;
}

/*
 * protaddr_cpr_date copies a YYYY-MM-DD, and "" for NULL and for zeros with or
 * without hyphens.  False if it is no date.
 */
bool
protaddr_cpr_date(char out[11], const char *value)
{
	out[0] = '\0';
	if (value == NULL ||
		memcmp(value, "0000-00-00", 10) == 0 || protaddr_cpr_all(value, 10, '0'))
		return true;

	if (!protaddr_cpr_digits(value, 4) || value[4] != '-' ||
		!protaddr_cpr_digits(value + 5, 2) || value[7] != '-' ||
		!protaddr_cpr_digits(value + 8, 2) ||
		!date_exists(protaddr_cpr_number(value, 4), protaddr_cpr_number(value + 5, 2),
					 protaddr_cpr_number(value + 8, 2)))
		return false;

	memcpy(out, value, 10);
	out[10] = '\0';
	return true;
}

/*
 * protaddr_cpr_stamp copies a YYYYMMDDHHMM as YYYY-MM-DD HH:MM, and "" for NULL, for
 * zeros and if 99 says that the hour or the minute is not known.  False if it is not a time.
 */
bool
protaddr_cpr_stamp(char out[17], const char *value)
{
	uint32_t	hour;
	uint32_t	minute;

	out[0] = '\0';
	if (value == NULL || protaddr_cpr_all(value, 12, '0'))
		return true;
	if (!protaddr_cpr_digits(value, 12))
		return false;

	hour = protaddr_cpr_number(value + 8, 2);
	minute = protaddr_cpr_number(value + 10, 2);
	if ((hour > 23 && hour != 99) || (minute > 59 && minute != 99) ||
		!protaddr_cpr_compact_date(out, value))
		return false;
	if (hour == 99 || minute == 99)
	{
		out[0] = '\0';
		return true;
	}
	out[10] = ' ';
	memcpy(out + 11, value + 8, 2);
	out[13] = ':';
	memcpy(out + 14, value + 10, 2);
	out[16] = '\0';
	return true;
}
