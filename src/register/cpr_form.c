/*
 * cpr_form.c
 *		Does a record of the population register have the form of its type?
 *
 * A type that was garbled on the way is a type all the same, and nothing but the form of
 * what follows gives it away: were it overlooked, a protection would be lost without a
 * word.  So the fields of the types that the register's guide describes are held against
 * their forms, and no type may look like a protection that is none.
 */
#include "register/cpr.h"
#include "text/text.h"

#include <string.h>

typedef enum Form
{
	DIGITS,						/* or blank */
	AUTHORITY,					/* the same, and no code of a protection: 0000, or 0100 and above */
	HOUSE,						/* a house number, 077A */
	DATE,						/* YYYY-MM-DD, zeros or blank */
	STAMP,						/* twelve digits */
	NAME						/* does not begin with a digit */
} Form;

typedef struct Field
{
	int			type;
	int			pos;			/* from 0 */
	int			len;
	Form		form;
	bool		needed;
} Field;

/* U12170.  What is not here may hold anything. */
static const Field fields[] = {
	{2, 13, 4, DIGITS, true}, {2, 17, 4, DIGITS, true}, {2, 21, 4, HOUSE, false},
	{2, 69, 12, STAMP, false}, {2, 286, 10, DATE, false}, {2, 296, 10, DATE, false},
	{3, 183, 4, DIGITS, false}, {3, 207, 4, DIGITS, false}, {3, 211, 4, DIGITS, false},
	{5, 13, 4, AUTHORITY, true}, {5, 17, 12, STAMP, true},
	{6, 183, 10, DATE, false}, {6, 193, 10, DATE, false},
	{8, 13, 50, NAME, false}, {8, 64, 40, NAME, false}, {8, 105, 40, NAME, false},
	{8, 146, 12, STAMP, false},
	{9, 13, 4, AUTHORITY, false}, {10, 13, 4, AUTHORITY, false},
	{14, 13, 10, DIGITS, true},
	{22, 13, 10, DIGITS, true}, {22, 23, 10, DATE, false}, {22, 34, 10, DATE, false},
	{23, 14, 4, DIGITS, true}, {23, 18, 4, DIGITS, true}, {23, 22, 4, HOUSE, false},
	{24, 31, 4, AUTHORITY, false},
	{99, 13, 12, STAMP, false},
};

#define CODE_POS	13
#define CODE_END	17
#define FIRST_DATE	CODE_END
#define SECOND_DATE	27
#define PROTECTION_END 37

static bool
is_date(const char *value, size_t len)
{
	char		date[11];

	if (len < 10)
		return protaddr_cpr_all(value, len, ' ');
	return protaddr_cpr_all(value, 10, ' ') || protaddr_cpr_date(date, value);
}

static bool
is_house(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (value[i] != ' ' && (i < 3 ? !protaddr_is_digit(value[i]) :
								value[i] < 'A' || value[i] > 'Z'))
			return false;
	}
	return true;
}

/* has_form holds one field against its form; a record may end within what is blank. */
static bool
has_form(const char *rec, size_t len, const Field *field)
{
	const char *value = rec + field->pos;
	size_t		have = len <= (size_t) field->pos ? 0 :
	(len - field->pos < (size_t) field->len ? len - field->pos : (size_t) field->len);

	if (have == 0 || protaddr_cpr_all(value, have, ' '))
		return !field->needed;
	switch (field->form)
	{
		case DIGITS:
		case STAMP:
			return have == (size_t) field->len && protaddr_cpr_digits(value, have);
		case AUTHORITY:
			return have == (size_t) field->len && protaddr_cpr_digits(value, have) &&
				(memcmp(value, "00", 2) != 0 || memcmp(value, "0000", 4) == 0);
		case HOUSE:
			return is_house(value, have);
		case DATE:
			return is_date(value, have);
		case NAME:
			return !protaddr_is_digit(value[0]);
	}
	return false;
}

/*
 * looks_like_protection is true of a record that could be a 004 but for its type: a
 * code such as 0001, two dates or less, and nothing more.  Those of custody (016) have a
 * code of their own there, 0003 to 0006.
 */
static bool
looks_like_protection(const char *rec, size_t len, int type)
{
	if (len < CODE_END || len > PROTECTION_END || memcmp(rec + CODE_POS, "000", 3) != 0 ||
		rec[CODE_END - 1] < '1' || rec[CODE_END - 1] > '9')
		return false;
	if (type == 16 && rec[CODE_END - 1] >= '3' && rec[CODE_END - 1] <= '6')
		return false;
	return is_date(rec + FIRST_DATE, len > FIRST_DATE ? len - FIRST_DATE : 0) &&
		is_date(rec + SECOND_DATE, len > SECOND_DATE ? len - SECOND_DATE : 0);
}

/* looks_like_bitemporal is true of one that could be a 015 or a 016 but for its type. */
static bool
looks_like_bitemporal(const char *rec, size_t len)
{
	return len >= 45 && len <= 82 &&
		(memcmp(rec + 43, "JA", 2) == 0 || (len >= 46 && memcmp(rec + 43, "NEJ", 3) == 0)) &&
		protaddr_cpr_digits(rec + CODE_POS, 4) && is_date(rec + 33, 10);
}

bool
protaddr_cpr_has_form(const char *rec, size_t len, int type, bool bitemporal)
{
	if (bitemporal)
		return !looks_like_bitemporal(rec, len);
	if (looks_like_protection(rec, len, type))
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
	{
		if (fields[i].type == type && !has_form(rec, len, &fields[i]))
			return false;
	}
	return true;
}
