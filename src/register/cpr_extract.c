/*
 * cpr_extract.c
 *		What does a delivery of the Danish population register say of each
 *		person: number, status and protections?
 *
 * Reads the extracts of the U12170 family (ISO-8859-1, record types 000 to 033,
 * 099, 910, 997 and 999) as they come, in pieces of any size.  The same records
 * travel in two shapes, told apart by the start record alone:
 *
 *	 lines		one record a line, LF or CRLF, trailing blanks trimmed or not
 *	 fixed		no line ends: each record has the length of its type and the
 *				next begins right after it; transfer padding may follow the end
 *
 * Whatever is not understood refuses the delivery: a protection that is lost
 * because of a record read wrongly would disclose somebody's address.
 *
 * The bitemporal layouts of the same register (001 of up to 365 characters,
 * protections in 015 and 016, which are parents and custody here) are another
 * format and are refused at their first record: it is 000 in 17 characters
 * (task number in 4/6, date in 10/8), or missing.
 */
#include "../pure.h"

#include <string.h>

/* PaCprParser.shape */
enum
{
	SHAPE_LINES = 0,
	SHAPE_FIXED
};

/* PaCprParser.state */
enum
{
	STATE_START = 0,			/* nothing read, shape not known */
	STATE_RECORDS,				/* between 000 and 999 */
	STATE_AFTER_END				/* 999 was read and right */
};

#define RECORD_START	0
#define RECORD_PERSON	1
#define RECORD_PROTECTION 4
#define RECORD_END		999

#define TYPE_LEN		3
#define PNR_POS			3
#define PNR_LEN			10
#define PNR_END			(PNR_POS + PNR_LEN)
#define START_LEN		35
#define END_LEN			21

/* The start record with its line end: a line end in here, or none at all. */
#define SHAPE_WINDOW	(START_LEN + 2)

/* Lengths of the record types 000 to 033. */
static const uint16_t record_lengths[] = {
	35, 106, 306, 249, 37, 200, 203, 26, 193, 37,
	30, 25, 95, 36, 23, 147, 58, 272, 60, 75,
	47, 63, 45, 96, 218, 40, 173, 44, 36, 109,
	48, 269, 269, 269
};

/* record_length gives the full length of a record type, 0 if we do not know it. */
static size_t
record_length(int type)
{
	if (type >= 0 && type < (int) (sizeof(record_lengths) / sizeof(record_lengths[0])))
		return record_lengths[type];

	switch (type)
	{
		case 99:
			return 45;
		case 910:
			return 157;
		case 997:
			return 43;
		case RECORD_END:
			return END_LEN;
		default:
			return 0;
	}
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
all_digits(const char *p, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (!is_digit(p[i]))
			return false;
	}
	return true;
}

static bool
all_of(const char *p, size_t len, char c)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (p[i] != c)
			return false;
	}
	return true;
}

/* number reads up to 9 digits that all_digits has seen. */
static uint32_t
number(const char *p, size_t len)
{
	uint32_t	value = 0;
	size_t		i;

	for (i = 0; i < len; i++)
		value = value * 10 + (uint32_t) (p[i] - '0');
	return value;
}

/* record_type reads the first three characters, -1 if they are no number. */
static inline int
record_type(const char *p)
{
	if (!is_digit(p[0]) || !is_digit(p[1]) || !is_digit(p[2]))
		return -1;
	return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

/*
 * has_control is true if a byte is a control character of ISO-8859-1: 00-1F,
 * 7F-9F.  Eight bytes at a time, because every byte of a delivery passes here.
 */
static bool
has_control(const char *p, size_t len)
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

/* refuse ends the reading with the verdict; the first one stays. */
static void
refuse(PaCprParser *parser, PaCprVerdict verdict)
{
	if (parser->verdict == PA_CPR_OK)
		parser->verdict = verdict;
}

/* enter_record makes the record at the reading position the current one. */
static void
enter_record(PaCprParser *parser)
{
	parser->record++;
	parser->offset = parser->consumed;
}

/* trimmed_length gives len without the blanks at the end. */
static size_t
trimmed_length(const char *rec, size_t len)
{
	while (len > 0 && rec[len - 1] == ' ')
		len--;
	return len;
}

/*
 * field finds the field of a record whose trailing blanks are taken off.
 * *value is NULL if it is blank.  False if the record ends within the field:
 * none of ours may hold blanks, so that is a record cut short.
 */
static bool
field(const char *rec, size_t len, size_t pos, size_t size, const char **value)
{
	*value = NULL;
	if (len <= pos)
		return true;
	if (len < pos + size)
		return false;
	if (!all_of(rec + pos, size, ' '))
		*value = rec + pos;
	return true;
}

/* copy_compact_date writes YYYYMMDD as YYYY-MM-DD, false if it is no date. */
static bool
copy_compact_date(char out[11], const char *value)
{
	if (!all_digits(value, 8) ||
		!date_exists(number(value, 4), number(value + 4, 2), number(value + 6, 2)))
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
 * copy_date copies a YYYY-MM-DD, and "" for NULL and for zeros with or without
 * hyphens.  False if it is no date.
 */
static bool
copy_date(char out[11], const char *value)
{
	out[0] = '\0';
	if (value == NULL ||
		memcmp(value, "0000-00-00", 10) == 0 || all_of(value, 10, '0'))
		return true;

	if (!all_digits(value, 4) || value[4] != '-' ||
		!all_digits(value + 5, 2) || value[7] != '-' ||
		!all_digits(value + 8, 2) ||
		!date_exists(number(value, 4), number(value + 5, 2), number(value + 8, 2)))
		return false;

	memcpy(out, value, 10);
	out[10] = '\0';
	return true;
}

/*
 * pnr_verdict says what is wrong with a record whose person number is not ten
 * digits: shorter than its number, or something else in its place.
 */
static PaCprVerdict
pnr_verdict(const char *rec, size_t len)
{
	return trimmed_length(rec, len) < PNR_END ? PA_CPR_BAD_RECORD : PA_CPR_BAD_PNR;
}

static inline bool
has_pnr(const char *rec, size_t len)
{
	return len >= PNR_END && all_digits(rec + PNR_POS, PNR_LEN);
}

/* finish_person hands over the person read last, if there is one. */
static void
finish_person(PaCprParser *parser)
{
	if (!parser->in_person)
		return;
	parser->in_person = false;
	if (parser->callback != NULL && !parser->callback(parser->callback_arg, &parser->person))
		refuse(parser, PA_CPR_STOPPED);
}

static void
read_start(PaCprParser *parser, const char *rec, size_t len)
{
	PaCprHeader *header = &parser->header;
	const char *task;
	const char *produced;
	const char *previous;

	if (len > START_LEN)
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	len = trimmed_length(rec, len);
	if (!field(rec, len, 13, 6, &task) || task == NULL ||
		!field(rec, len, 19, 8, &produced) || produced == NULL ||
		!field(rec, len, 27, 8, &previous) ||
		!all_digits(task, 6) || all_of(task, 6, '0') ||
		!copy_compact_date(header->produced, produced) ||
		(previous != NULL && !all_of(previous, 8, '0') &&
		 !copy_compact_date(header->previous, previous)))
	{
		refuse(parser, PA_CPR_BAD_START);
		return;
	}
	memcpy(header->task, task, 6);
	header->task[6] = '\0';
	parser->state = STATE_RECORDS;
}

static void
read_end(PaCprParser *parser, const char *rec, size_t len)
{
	if (len != END_LEN || !all_of(rec + PNR_POS, PNR_LEN, '9') ||
		!all_digits(rec + PNR_END, 8))
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	if (number(rec + PNR_END, 8) != parser->records)
	{
		refuse(parser, PA_CPR_WRONG_COUNT);
		return;
	}
	finish_person(parser);
	parser->state = STATE_AFTER_END;
}

static void
read_person(PaCprParser *parser, const char *rec, size_t len)
{
	PaCprPerson *person = &parser->person;
	const char *replaced_by;
	const char *status;

	if (!has_pnr(rec, len))
	{
		refuse(parser, pnr_verdict(rec, len));
		return;
	}
	if (parser->in_person && memcmp(rec + PNR_POS, person->pnr, PNR_LEN) == 0)
	{
		refuse(parser, PA_CPR_PERSON_TWICE);
		return;
	}
	len = trimmed_length(rec, len);
	if (!field(rec, len, 13, 10, &replaced_by) ||
		!field(rec, len, 23, 2, &status))
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	if (replaced_by != NULL && !all_digits(replaced_by, 10))
	{
		refuse(parser, PA_CPR_BAD_PNR);
		return;
	}
	if (status != NULL && !all_digits(status, 2))
	{
		refuse(parser, PA_CPR_BAD_CODE);
		return;
	}

	finish_person(parser);

	memcpy(person->pnr, rec + PNR_POS, PNR_LEN);
	person->pnr[PNR_LEN] = '\0';
	person->replaced_by[0] = '\0';
	/* the register writes "no number" as zeros in some records */
	if (replaced_by != NULL && !all_of(replaced_by, PNR_LEN, '0'))
	{
		memcpy(person->replaced_by, replaced_by, PNR_LEN);
		person->replaced_by[PNR_LEN] = '\0';
	}
	person->status[0] = '\0';
	if (status != NULL)
	{
		memcpy(person->status, status, 2);
		person->status[2] = '\0';
	}
	person->nprotections = 0;
	parser->in_person = true;
	parser->persons++;
}

static void
read_protection(PaCprParser *parser, const char *rec, size_t len)
{
	PaCprPerson *person = &parser->person;
	PaCprProtection *protection;
	const char *code;
	const char *start;
	const char *delete_hint;

	len = trimmed_length(rec, len);
	if (!field(rec, len, 13, 4, &code) ||
		!field(rec, len, 17, 10, &start) ||
		!field(rec, len, 27, 10, &delete_hint))
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	if (code == NULL || !all_digits(code, 4))
	{
		refuse(parser, PA_CPR_BAD_CODE);
		return;
	}
	if (person->nprotections >= PA_CPR_MAX_PROTECTIONS)
	{
		refuse(parser, PA_CPR_TOO_MANY);
		return;
	}

	protection = &person->protection[person->nprotections];
	memcpy(protection->code, code, 4);
	protection->code[4] = '\0';
	protection->end[0] = '\0';
	if (!copy_date(protection->start, start) ||
		!copy_date(protection->delete_hint, delete_hint))
	{
		refuse(parser, PA_CPR_BAD_DATE);
		return;
	}
	person->nprotections++;
}

/* read_record reads one whole record, without its line end. */
static void
read_record(PaCprParser *parser, const char *rec, size_t len)
{
	int			type = len >= TYPE_LEN ? record_type(rec) : -1;
	size_t		full;

	enter_record(parser);
	if (has_control(rec, len))
	{
		refuse(parser, PA_CPR_BAD_BYTE);
		return;
	}
	if (type < 0)
	{
		refuse(parser, PA_CPR_BAD_TYPE);
		return;
	}
	if (parser->state == STATE_START)
	{
		read_start(parser, rec, len);
		return;
	}

	full = record_length(type);
	if (full > 0 && len > full)
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}

	switch (type)
	{
		case RECORD_START:
			/* another delivery begins although this one has not ended */
			refuse(parser, PA_CPR_NO_END);
			return;
		case RECORD_END:
			read_end(parser, rec, len);
			return;
	}

	parser->records++;
	if (full == 0)
	{
		parser->skipped++;
		return;
	}

	switch (type)
	{
		case RECORD_PERSON:
			read_person(parser, rec, len);
			return;
		case 3:
		case 31:
		case 32:
		case 33:

			/*
			 * Clear-text addresses come in a block of their own after the
			 * last person.
			 */
			if (!has_pnr(rec, len))
				refuse(parser, pnr_verdict(rec, len));
			return;
		case 910:
		case 997:
			/* errors and receipts are about numbers that may have no 001 */
			return;
	}

	/* Everything else stands below its person. */
	if (!parser->in_person || len < PNR_END ||
		memcmp(rec + PNR_POS, parser->person.pnr, PNR_LEN) != 0)
	{
		refuse(parser, has_pnr(rec, len) ? PA_CPR_NO_PERSON : pnr_verdict(rec, len));
		return;
	}
	if (type == RECORD_PROTECTION)
		read_protection(parser, rec, len);
}

/*
 * find_line finds the line at p.  The end record counts as soon as it is
 * complete, since its line end may be missing or preceded by blanks.
 */
static bool
find_line(PaCprParser *parser, const char *p, size_t avail, size_t *len, size_t *used)
{
	const char *line_end;

	if (avail >= TYPE_LEN && memcmp(p, "999", TYPE_LEN) == 0)
	{
		size_t		have = avail < END_LEN ? avail : END_LEN;

		if (memchr(p, '\n', have) != NULL)
		{
			enter_record(parser);
			refuse(parser, PA_CPR_BAD_RECORD);
			return false;
		}
		*len = *used = END_LEN;
		return avail >= END_LEN;
	}

	line_end = memchr(p, '\n', avail < PA_CPR_MAX_RECORD ? avail : PA_CPR_MAX_RECORD);
	if (line_end == NULL)
	{
		if (avail >= PA_CPR_MAX_RECORD)
		{
			enter_record(parser);
			refuse(parser, has_control(p, PA_CPR_MAX_RECORD) ?
				   PA_CPR_BAD_BYTE : PA_CPR_BAD_RECORD);
		}
		return false;
	}

	*len = (size_t) (line_end - p);
	*used = *len + 1;
	if (*len > 0 && p[*len - 1] == '\r')
		(*len)--;
	return true;
}

/* find_fixed finds the unterminated record at p by the length of its type. */
static bool
find_fixed(PaCprParser *parser, const char *p, size_t avail, size_t *len, size_t *used)
{
	size_t		full;

	if (avail < TYPE_LEN)
		return false;
	full = record_length(record_type(p));
	if (full == 0)
	{
		enter_record(parser);
		refuse(parser, has_control(p, TYPE_LEN) ? PA_CPR_BAD_BYTE : PA_CPR_BAD_TYPE);
		return false;
	}
	*len = *used = full;
	return avail >= full;
}

/*
 * find_record says whether the record beginning at p is complete: its length in
 * *len, with its line end in *used.  False if more bytes are needed, at most
 * PA_CPR_MAX_RECORD in all, or if none can help; then the verdict is set.
 * What it answers depends on the delivery's bytes only, not on avail, once
 * avail is enough.
 */
static bool
find_record(PaCprParser *parser, const char *p, size_t avail, size_t *len, size_t *used)
{
	if (parser->state == STATE_START)
	{
		if (memcmp(p, "000", avail < TYPE_LEN ? avail : TYPE_LEN) != 0)
		{
			enter_record(parser);
			refuse(parser, PA_CPR_NO_START);
			return false;
		}
		if (memchr(p, '\n', avail < SHAPE_WINDOW ? avail : SHAPE_WINDOW) != NULL)
			parser->shape = SHAPE_LINES;
		else if (avail >= SHAPE_WINDOW)
			parser->shape = SHAPE_FIXED;
		else
			return false;
	}

	if (parser->shape == SHAPE_LINES)
		return find_line(parser, p, avail, len, used);
	return find_fixed(parser, p, avail, len, used);
}

/* read_after_end lets pass what transfers leave behind the end record. */
static void
read_after_end(PaCprParser *parser, const char *data, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		char		c = data[i];
		bool		filler = c == ' ' || c == '\n' || c == '\r';

		if (parser->shape == SHAPE_FIXED)
			filler = filler || c == '\0' || c == '\x1a';
		if (!filler)
		{
			parser->consumed += i;
			enter_record(parser);
			refuse(parser, PA_CPR_AFTER_END);
			return;
		}
	}
	parser->consumed += len;
}

void
protaddr_cpr_begin(PaCprParser *parser, PaCprPersonCallback callback, void *arg)
{
	memset(parser, 0, sizeof(*parser));
	parser->callback = callback;
	parser->callback_arg = arg;
}

PaCprVerdict
protaddr_cpr_feed(PaCprParser *parser, const char *data, size_t len)
{
	while (len > 0 && parser->verdict == PA_CPR_OK)
	{
		size_t		record_len = 0;
		size_t		used = 0;

		if (parser->carry_len > 0)
		{
			/* a record that began in an earlier piece: put it together */
			size_t		room = PA_CPR_MAX_RECORD - parser->carry_len;
			size_t		take = len < room ? len : room;

			memcpy(parser->carry + parser->carry_len, data, take);
			if (!find_record(parser, parser->carry, parser->carry_len + take,
							 &record_len, &used))
			{
				parser->carry_len += take;
				data += take;
				len -= take;
				continue;
			}
			read_record(parser, parser->carry, record_len);
			parser->consumed += used;
			if (used < parser->carry_len)
			{
				/* the shape took more bytes to tell than the record has */
				parser->carry_len -= used;
				memmove(parser->carry, parser->carry + used, parser->carry_len);
			}
			else
			{
				data += used - parser->carry_len;
				len -= used - parser->carry_len;
				parser->carry_len = 0;
			}
		}
		else if (parser->state == STATE_AFTER_END)
		{
			read_after_end(parser, data, len);
			break;
		}
		else if (find_record(parser, data, len, &record_len, &used))
		{
			read_record(parser, data, record_len);
			parser->consumed += used;
			data += used;
			len -= used;
		}
		else if (parser->verdict == PA_CPR_OK)
		{
			/* find_record asks for more only below PA_CPR_MAX_RECORD */
			memcpy(parser->carry, data, len);
			parser->carry_len = len;
			break;
		}
	}
	return parser->verdict;
}

PaCprVerdict
protaddr_cpr_end(PaCprParser *parser)
{
	if (parser->verdict == PA_CPR_OK && parser->state != STATE_AFTER_END)
	{
		bool		begun = parser->state != STATE_START || parser->carry_len >= TYPE_LEN;

		enter_record(parser);
		refuse(parser, begun ? PA_CPR_NO_END : PA_CPR_NO_START);
	}
	return parser->verdict;
}
