/*
 * cpr_extract.c
 *		What does a delivery of the Danish population register say of each
 *		person: number, status and protections?
 *
 * Reads ISO-8859-1 as it comes, in pieces of any size.  The same records travel
 * in three shapes, told apart by the start record alone:
 *
 *	 lines		one record a line, LF or CRLF, trailing blanks trimmed or not
 *	 fixed		no line ends: each record has the length of its type and the
 *				next begins right after it; transfer padding may follow the end
 *	 blocks		the same, with every record padded to one length
 *
 * Empty lines may stand before the start record.
 *
 * and in two layouts, in which the same types mean different things:
 *
 *	 U12170		types 000 to 033, 099, 910, 997 and 999.  001 has up to 106
 *				characters; the protections in force are 004, history there is
 *				none; 015 and 016 are parents and custody
 *	 bitemporal lines only.  001 has up to 366 characters; the protections in
 *				force are 015, those that have ended are 016 with their true
 *				end; 004 there is none.  000 is that of U12170, or has 17
 *				characters (task number in 4/6, date in 10/8) and 999 then 11.
 *				Or both are missing, which is a kind of its own (PaCprKind)
 *
 * The first 001 tells the layout.  A 015 or 016 says INDRAP, "JA " or "NEJ"; what
 * for, no description we could find does say, all we have seen have "JA ", and the
 * register's own readers decide nothing by it.  Neither do we: both protect.
 *
 * Whatever is not understood refuses the delivery: a protection that is lost
 * because of a record read wrongly would disclose somebody's address.  Records of types
 * that we do not know, or that do not look like their type (cpr_form.c), are told of with
 * their person: each of them may have been a protection.
 */
#include "register/cpr.h"
#include "text/text.h"

#include <string.h>

/* PaCprParser.shape */
enum
{
	SHAPE_LINES = 0,
	SHAPE_FIXED,
	SHAPE_BLOCKS
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
#define RECORD_PARENTS	15
#define RECORD_CURRENT	15		/* bitemporal: a protection in force */
#define RECORD_HISTORIC 16		/* bitemporal: a protection that has ended */
#define RECORD_ERROR	910
#define RECORD_SUBSCRIPTION_ENDED 997
#define RECORD_END		999

#define TYPE_LEN		3
#define PNR_POS			3
#define PNR_LEN			10
#define PNR_END			(PNR_POS + PNR_LEN)
#define START_LEN		35
#define END_LEN			21
#define PERSON_LEN		106
#define SHORT_START_LEN 17
#define SHORT_END_LEN	11
#define BITEMPORAL_PERSON_LEN 366
#define CURRENT_LEN		56
#define HISTORIC_LEN	82
#define KOEN_POS		66		/* of a bitemporal 001: M or K */

/* The start record with its line end: a line end in here, or none at all. */
#define SHAPE_WINDOW	(START_LEN + 2)

/* Lengths of the record types 000 to 033, U12170. */
static const uint16_t record_lengths[] = {
	START_LEN, PERSON_LEN, 306, 249, 37, 200, 203, 26, 193, 37,
	30, 25, 95, 36, 23, 147, 58, 272, 60, 75,
	47, 63, 45, 96, 218, 40, 173, 44, 36, 109,
	48, 269, 269, 269
};

/* record_length gives the full length of a U12170 record type, 0 if we do not know it. */
static size_t
record_length(int type)
{
	if (type >= 0 && type < (int) (sizeof(record_lengths) / sizeof(record_lengths[0])))
		return record_lengths[type];

	switch (type)
	{
		case 99:
			return 45;
		case RECORD_ERROR:
			return 157;
		case RECORD_SUBSCRIPTION_ENDED:
			return 43;
		case RECORD_END:
			return END_LEN;
		default:
			return 0;
	}
}

/*
 * bitemporal_length does so for the bitemporal layout, of which only three types
 * concern us.  The others come trimmed, or were cut by whoever handed them on;
 * those we have met may be as long as they like.
 */
static size_t
bitemporal_length(int type)
{
	static const uint16_t known[] = {
		5, 10, 11, 20, 21, 25, 26, 28, 29, 30, 35, 36, 40, 45, 50, 55, 60, 85, 86,
		900, RECORD_ERROR, RECORD_SUBSCRIPTION_ENDED, RECORD_START, RECORD_END
	};
	size_t		i;

	switch (type)
	{
		case RECORD_PERSON:
			return BITEMPORAL_PERSON_LEN;
		case RECORD_CURRENT:
			return CURRENT_LEN;
		case RECORD_HISTORIC:
			return HISTORIC_LEN;
	}
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		if (known[i] == type)
			return PA_CPR_MAX_RECORD;
	}
	return 0;
}

/* longest gives how long a record may be in this delivery, 0 if its type is unknown. */
static size_t
longest(const PaCprParser *parser, int type)
{
	if (parser->bitemporal || (type == RECORD_PERSON && !parser->layout_known))
		return bitemporal_length(type);
	return record_length(type);
}

/* record_type reads the first three characters, -1 if they are no number. */
static inline int
record_type(const char *p)
{
	if (!protaddr_is_digit(p[0]) || !protaddr_is_digit(p[1]) || !protaddr_is_digit(p[2]))
		return -1;
	return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
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

/*
 * pnr_verdict says what is wrong with a record whose person number is not ten
 * digits: shorter than its number, or something else in its place.
 */
static PaCprVerdict
pnr_verdict(const char *rec, size_t len)
{
	return protaddr_cpr_trimmed(rec, len) < PNR_END ? PA_CPR_BAD_RECORD : PA_CPR_BAD_PNR;
}

static inline bool
has_pnr(const char *rec, size_t len)
{
	return len >= PNR_END && protaddr_cpr_digits(rec + PNR_POS, PNR_LEN);
}

/* of_person is true if the record bears the number of the person being read. */
static inline bool
of_person(const PaCprParser *parser, const char *rec, size_t len)
{
	return parser->in_person && len >= PNR_END &&
		memcmp(rec + PNR_POS, parser->person.pnr, PNR_LEN) == 0;
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
	size_t		shift = 0;

	if (len > START_LEN)
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	len = protaddr_cpr_trimmed(rec, len);
	if (len == SHORT_START_LEN)
	{
		if (parser->kind == PA_CPR_REPLY)
		{
			refuse(parser, PA_CPR_WRONG_KIND);
			return;
		}
		/* the same fields without the sort field before them */
		shift = PNR_LEN;
		parser->bitemporal = true;
	}
	if (!protaddr_cpr_field(rec, len, 13 - shift, 6, &task) || task == NULL ||
		!protaddr_cpr_field(rec, len, 19 - shift, 8, &produced) || produced == NULL ||
		!protaddr_cpr_field(rec, len, 27 - shift, 8, &previous) ||
		!protaddr_cpr_digits(task, 6) || protaddr_cpr_all(task, 6, '0') ||
		!protaddr_cpr_compact_date(header->produced, produced) ||
		(previous != NULL && !protaddr_cpr_all(previous, 8, '0') &&
		 !protaddr_cpr_compact_date(header->previous, previous)))
	{
		/* nothing of it rather than half of it */
		memset(header, 0, sizeof(*header));
		refuse(parser, PA_CPR_BAD_START);
		return;
	}
	memcpy(header->task, task, 6);
	header->task[6] = '\0';
	parser->end_len = parser->bitemporal ? SHORT_END_LEN : END_LEN;
	parser->layout_known = parser->bitemporal || parser->shape != SHAPE_LINES ||
		parser->kind == PA_CPR_REPLY;
	parser->state = STATE_RECORDS;
}

static void
read_end(PaCprParser *parser, const char *rec, size_t len)
{
	/* 999, nines unless it is the short one, the count */
	size_t		count_pos = parser->end_len - 8;

	if (len != parser->end_len || !protaddr_cpr_all(rec, count_pos, '9') ||
		!protaddr_cpr_digits(rec + count_pos, 8))
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	if (parser->kind == PA_CPR_REPLY)
	{
		if (parser->persons != 1)
		{
			refuse(parser, PA_CPR_NOT_ONE_PERSON);
			return;
		}
	}
	else if (protaddr_cpr_number(rec + count_pos, 8) != parser->records)
	{
		refuse(parser, PA_CPR_WRONG_COUNT);
		return;
	}
	finish_person(parser);
	parser->state = STATE_AFTER_END;
}

/*
 * right_layout says whether a 001 is one of the delivery's layout, which the first
 * one decides.  A 001 that is too long is no proof: what stands where the other
 * layout has M or K must be that.
 */
static bool
right_layout(PaCprParser *parser, const char *rec, size_t len)
{
	bool		bitemporal = len > PERSON_LEN;

	if (bitemporal && (rec[KOEN_POS] != 'M' && rec[KOEN_POS] != 'K'))
		return false;
	if (!parser->layout_known)
	{
		parser->layout_known = true;
		parser->bitemporal = bitemporal;
	}
	return parser->bitemporal == bitemporal;
}

static void
read_person(PaCprParser *parser, const char *rec, size_t len)
{
	PaCprPerson *person = &parser->person;
	const char *replaced_by;
	const char *status;
	bool		again;

	if (!has_pnr(rec, len))
	{
		refuse(parser, pnr_verdict(rec, len));
		return;
	}
	if (!right_layout(parser, rec, len))
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}

	/*
	 * Bitemporal files have a person once for each time something was recorded, and so what any of
	 * these says protects.  Elsewhere a person replaces what was known of them, and there cannot
	 * be two.
	 */
	again = of_person(parser, rec, len);
	if (again && !parser->bitemporal)
	{
		refuse(parser, PA_CPR_PERSON_TWICE);
		return;
	}
	if (!again && parser->kind == PA_CPR_REPLY && parser->persons > 0)
	{
		refuse(parser, PA_CPR_NOT_ONE_PERSON);
		return;
	}
	len = protaddr_cpr_trimmed(rec, len);
	if (!protaddr_cpr_field(rec, len, 13, 10, &replaced_by) ||
		!protaddr_cpr_field(rec, len, parser->bitemporal ? 35 : 23, 2, &status))
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	if (replaced_by != NULL && !protaddr_cpr_digits(replaced_by, 10))
	{
		refuse(parser, PA_CPR_BAD_PNR);
		return;
	}
	if (status != NULL && !protaddr_cpr_digits(status, 2))
	{
		refuse(parser, PA_CPR_BAD_CODE);
		return;
	}

	if (!again)
	{
		finish_person(parser);

		memcpy(person->pnr, rec + PNR_POS, PNR_LEN);
		person->pnr[PNR_LEN] = '\0';
		person->replaced_by[0] = '\0';
		person->status[0] = '\0';
		person->record = parser->record;
		person->fragment = false;
		person->last = false;
		person->nunread = 0;
		person->nprotections = 0;
		parser->in_person = true;
		parser->persons++;
	}
	/* the register writes "no number" as zeros in some records */
	if (replaced_by != NULL && !protaddr_cpr_all(replaced_by, PNR_LEN, '0'))
	{
		memcpy(person->replaced_by, replaced_by, PNR_LEN);
		person->replaced_by[PNR_LEN] = '\0';
	}
	if (status != NULL)
	{
		memcpy(person->status, status, 2);
		person->status[2] = '\0';
	}
}

/* new_protection begins the next protection of the person, NULL if it cannot. */
static PaCprProtection *
new_protection(PaCprParser *parser, const char *code)
{
	PaCprPerson *person = &parser->person;
	PaCprProtection *protection;

	if (code == NULL || !protaddr_cpr_digits(code, 4))
	{
		refuse(parser, PA_CPR_BAD_CODE);
		return NULL;
	}
	if (person->nprotections >= PA_CPR_MAX_PROTECTIONS)
	{
		refuse(parser, PA_CPR_TOO_MANY);
		return NULL;
	}
	protection = &person->protection[person->nprotections++];
	memset(protection, 0, sizeof(*protection));
	memcpy(protection->code, code, 4);
	return protection;
}

static void
read_protection(PaCprParser *parser, const char *rec, size_t len)
{
	PaCprProtection *protection;
	const char *code;
	const char *start;
	const char *delete_hint;

	len = protaddr_cpr_trimmed(rec, len);
	if (!protaddr_cpr_field(rec, len, 13, 4, &code) ||
		!protaddr_cpr_field(rec, len, 17, 10, &start) ||
		!protaddr_cpr_field(rec, len, 27, 10, &delete_hint))
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	protection = new_protection(parser, code);
	if (protection == NULL)
		return;
	if (!protaddr_cpr_date(protection->start, start) ||
		!protaddr_cpr_date(protection->delete_hint, delete_hint))
		refuse(parser, PA_CPR_BAD_DATE);
}

/*
 * read_bitemporal_protection reads a 015 or a 016.  A 016 without any end says two
 * things at once, and is refused.
 */
static void
read_bitemporal_protection(PaCprParser *parser, const char *rec, size_t len, bool historic)
{
	PaCprProtection *protection;
	const char *code;
	const char *authority;
	const char *start_stamp;
	const char *start;
	const char *delete_hint;
	const char *end_authority;
	const char *end_stamp;
	const char *end;
	char		indrap[3] = {' ', ' ', ' '};

	len = protaddr_cpr_trimmed(rec, len);
	if (len > 43)
		memcpy(indrap, rec + 43, len - 43 < 3 ? len - 43 : 3);
	if (!protaddr_cpr_field(rec, len, 13, 4, &code) ||
		!protaddr_cpr_field(rec, len, 17, 4, &authority) ||
		!protaddr_cpr_field(rec, len, 21, 12, &start_stamp) ||
		!protaddr_cpr_field(rec, len, 33, 10, &start) ||
		!protaddr_cpr_field(rec, len, 46, 10, &delete_hint) ||
		!protaddr_cpr_field(rec, len, 56, 4, &end_authority) ||
		!protaddr_cpr_field(rec, len, 60, 12, &end_stamp) ||
		!protaddr_cpr_field(rec, len, 72, 10, &end))
	{
		refuse(parser, PA_CPR_BAD_RECORD);
		return;
	}
	protection = new_protection(parser, code);
	if (protection == NULL)
		return;
	/* of no use to us, but a record that is out of step does not have these here */
	if ((authority != NULL && !protaddr_cpr_digits(authority, 4)) ||
		(end_authority != NULL && !protaddr_cpr_digits(end_authority, 4)) ||
		(memcmp(indrap, "JA ", 3) != 0 && memcmp(indrap, "NEJ", 3) != 0 &&
		 memcmp(indrap, "   ", 3) != 0))
	{
		refuse(parser, PA_CPR_BAD_CODE);
		return;
	}
	if (!protaddr_cpr_stamp(protection->start_registered, start_stamp) ||
		!protaddr_cpr_date(protection->start, start) ||
		!protaddr_cpr_date(protection->delete_hint, delete_hint) ||
		!protaddr_cpr_stamp(protection->end_registered, end_stamp) ||
		!protaddr_cpr_date(protection->end, end) ||
		(historic && protection->end[0] == '\0' &&
		 (end_stamp == NULL || !protaddr_cpr_compact_date(protection->end, end_stamp))))
		refuse(parser, PA_CPR_BAD_DATE);
}

/* note_unread notes in a person that a record of some type could not be read. */
static void
note_unread(PaCprPerson *person, const char *rec)
{
	int			i;

	for (i = 0; i < person->nunread; i++)
	{
		if (memcmp(person->unread[i], rec, TYPE_LEN) == 0)
			return;
	}
	if (person->nunread == PA_CPR_MAX_UNREAD)
		return;
	memcpy(person->unread[person->nunread], rec, TYPE_LEN);
	person->unread[person->nunread++][TYPE_LEN] = '\0';
}

/* stands_alone is true of clear-text addresses: they come in a block after the last person. */
static bool
stands_alone(const PaCprParser *parser, int type)
{
	return !parser->bitemporal && (type == 3 || (type >= 31 && type <= 33));
}

/*
 * read_unread takes in a record that is of no type we know, or not of its type's form:
 * with the person it stands below, and if it names somebody else, on its own as well.  It
 * may have been one of theirs, a protection perhaps, with its number and type garbled.
 */
static void
read_unread(PaCprParser *parser, const char *rec, size_t len)
{
	PaCprPerson *fragment = &parser->fragment;
	int			type = record_type(rec);

	if ((parser->declared[type / 8] >> type % 8 & 1) != 0 && longest(parser, type) == 0)
		return;
	parser->skipped++;
	if (parser->in_person && (of_person(parser, rec, len) || !stands_alone(parser, type)))
		note_unread(&parser->person, rec);
	if (of_person(parser, rec, len) || !has_pnr(rec, len))
		return;
	memset(fragment, 0, sizeof(*fragment));
	memcpy(fragment->pnr, rec + PNR_POS, PNR_LEN);
	fragment->record = parser->record;
	fragment->fragment = true;
	note_unread(fragment, rec);
	if (parser->callback != NULL && !parser->callback(parser->callback_arg, fragment))
		refuse(parser, PA_CPR_STOPPED);
}

/*
 * read_below reads a record that stands below its person: of those all but the
 * protections say nothing that we want to know.
 */
static void
read_below(PaCprParser *parser, int type, const char *rec, size_t len)
{
	if (!of_person(parser, rec, len))
	{
		refuse(parser, has_pnr(rec, len) ? PA_CPR_NO_PERSON : pnr_verdict(rec, len));
		return;
	}
	if (parser->bitemporal && (type == RECORD_CURRENT || type == RECORD_HISTORIC))
		read_bitemporal_protection(parser, rec, len, type == RECORD_HISTORIC);
	else if (!parser->bitemporal && type == RECORD_PROTECTION)
		read_protection(parser, rec, len);

	/*
	 * Parents begin with a date.  The protection that has the same number in the other layout must
	 * not pass for them, should its 001 have been cut.
	 */
	else if (!parser->bitemporal && type == RECORD_PARENTS && len > 17 && protaddr_is_digit(rec[17]) &&
			 !(len >= 23 && protaddr_cpr_all(rec + 13, 10, '0')))
		refuse(parser, PA_CPR_BAD_RECORD);
	else if (!protaddr_cpr_has_form(rec, protaddr_cpr_trimmed(rec, len), type, parser->bitemporal))
		read_unread(parser, rec, len);
}

/*
 * swallows is true of a record with a protection of its person in it, whose line end was
 * lost.  Where records are counted that shows.
 */
static bool
swallows(const char *rec, size_t len)
{
	static const char types[][TYPE_LEN + 1] = {"004", "015", "016"};

	for (size_t at = PNR_END; at + PNR_END <= len; at++)
		for (int i = 0; i < 3; i++)
			if (memcmp(rec + at, types[i], TYPE_LEN) == 0 &&
				memcmp(rec + at + PNR_POS, rec + PNR_POS, PNR_LEN) == 0)
				return true;
	return false;
}

/* read_alone reads one of those. */
static void
read_alone(PaCprParser *parser, int type, const char *rec, size_t len)
{
	if (!has_pnr(rec, len))
		refuse(parser, pnr_verdict(rec, len));
	else if (!protaddr_cpr_has_form(rec, protaddr_cpr_trimmed(rec, len), type, false))
		read_unread(parser, rec, len);
}

/* read_data reads a record between start and end. */
static void
read_data(PaCprParser *parser, int type, const char *rec, size_t len, bool known)
{
	parser->records++;
	parser->seen[type / 8] |= (uint8_t) (1 << type % 8);
	if (parser->kind != PA_CPR_DELIVERY && swallows(rec, len))
		refuse(parser, PA_CPR_BAD_RECORD);
	else if (type == RECORD_PERSON)
		read_person(parser, rec, len);
	else if (parser->kind == PA_CPR_REPLY && type != RECORD_ERROR && !of_person(parser, rec, len))
		refuse(parser, has_pnr(rec, len) ? PA_CPR_NO_PERSON : pnr_verdict(rec, len));

	/* errors and receipts are about numbers that may have no 001 */
	else if (type == RECORD_ERROR)
		parser->error_records++;
	else if (type == RECORD_SUBSCRIPTION_ENDED)
		parser->ended_subscriptions++;
	else if (stands_alone(parser, type))
		read_alone(parser, type, rec, len);

	/* in the other layout nobody knows what it would mean */
	else if (type == RECORD_PROTECTION && parser->bitemporal)
		refuse(parser, PA_CPR_BAD_RECORD);
	else if (!known)
		read_unread(parser, rec, len);
	else
		read_below(parser, type, rec, len);
}

/* read_record reads one whole record, without its line end. */
static void
read_record(PaCprParser *parser, const char *rec, size_t len)
{
	int			type = len >= TYPE_LEN ? record_type(rec) : -1;
	size_t		full;

	/* people who put these files together leave empty lines between them */
	if (len == 0 && parser->kind == PA_CPR_BITEMPORAL)
		return;

	enter_record(parser);
	if (protaddr_cpr_control(rec, len))
	{
		refuse(parser, PA_CPR_BAD_BYTE);
		return;
	}
	if (type < 0)
	{
		refuse(parser, PA_CPR_BAD_TYPE);
		return;
	}
	if (parser->state == STATE_START && parser->kind != PA_CPR_BITEMPORAL)
	{
		read_start(parser, rec, len);
		return;
	}
	parser->state = STATE_RECORDS;

	full = longest(parser, type);
	if (full > 0 && len > full)
		refuse(parser, PA_CPR_BAD_RECORD);

	/* another delivery begins although this one has not ended */
	else if (type == RECORD_START)
		refuse(parser, PA_CPR_NO_END);
	else if (type != RECORD_END)
		read_data(parser, type, rec, len, full > 0);
	else if (parser->kind == PA_CPR_BITEMPORAL)
		refuse(parser, PA_CPR_WRONG_KIND);
	else
		read_end(parser, rec, len);
}

bool
protaddr_cpr_seen(const PaCprParser *parser, int type)
{
	return (parser->seen[type / 8] >> type % 8 & 1) != 0;
}

/*
 * find_line finds the line at p.  The end record counts as soon as it is
 * complete, since its line end may be missing or preceded by blanks.
 */
static bool
find_line(PaCprParser *parser, const char *p, size_t avail, size_t *len, size_t *used)
{
	const char *line_end;

	if (parser->end_len > 0 && avail >= TYPE_LEN && memcmp(p, "999", TYPE_LEN) == 0)
	{
		size_t		have = avail < parser->end_len ? avail : parser->end_len;

		if (memchr(p, '\n', have) != NULL)
		{
			enter_record(parser);
			refuse(parser, PA_CPR_BAD_RECORD);
			return false;
		}
		*len = *used = parser->end_len;
		return avail >= parser->end_len;
	}

	line_end = memchr(p, '\n', avail < PA_CPR_MAX_RECORD ? avail : PA_CPR_MAX_RECORD);
	if (line_end == NULL)
	{
		if (avail >= PA_CPR_MAX_RECORD)
		{
			enter_record(parser);
			refuse(parser, protaddr_cpr_control(p, PA_CPR_MAX_RECORD) ?
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
		refuse(parser, protaddr_cpr_control(p, TYPE_LEN) ? PA_CPR_BAD_BYTE : PA_CPR_BAD_TYPE);
		return false;
	}
	*len = *used = full;
	return avail >= full;
}

/* find_padded finds the record at p, which is padded with blanks to the length of all. */
static bool
find_padded(PaCprParser *parser, const char *p, size_t avail, size_t *len, size_t *used)
{
	int			type;

	if (avail < TYPE_LEN)
		return false;
	type = record_type(p);
	if (type == RECORD_END)
		return find_fixed(parser, p, avail, len, used);
	if (avail < parser->block)
		return false;
	*len = record_length(type);
	if (*len == 0)
		*len = parser->block;
	*used = parser->block;
	if (*len <= *used && protaddr_cpr_all(p + *len, *used - *len, ' '))
		return true;
	enter_record(parser);
	refuse(parser, PA_CPR_BAD_RECORD);
	return false;
}

/*
 * tell_shape tells the shape from the start record at p; false if more bytes are needed,
 * or none can help.
 */
static bool
tell_shape(PaCprParser *parser, const char *p, size_t avail)
{
	size_t		at = START_LEN;

	if (memchr(p, '\n', avail < SHAPE_WINDOW ? avail : SHAPE_WINDOW) != NULL)
	{
		parser->shape = SHAPE_LINES;
		return true;
	}
	if (avail < SHAPE_WINDOW)
		return false;
	while (at < avail && at < PA_CPR_MAX_RECORD && p[at] == ' ')
		at++;
	if (at == avail && at < PA_CPR_MAX_RECORD)
		return false;
	parser->shape = SHAPE_FIXED;
	if (at > START_LEN && at < PA_CPR_MAX_RECORD && protaddr_is_digit(p[at]))
	{
		parser->shape = SHAPE_BLOCKS;
		parser->block = at;
	}
	return true;
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
	if (parser->state == STATE_START && parser->kind == PA_CPR_BITEMPORAL)
	{
		if (memcmp(p, "001", avail < TYPE_LEN ? avail : TYPE_LEN) != 0)
		{
			enter_record(parser);
			refuse(parser, PA_CPR_WRONG_KIND);
			return false;
		}
		parser->shape = SHAPE_LINES;
	}
	else if (parser->state == STATE_START)
	{
		if (memcmp(p, "000", avail < TYPE_LEN ? avail : TYPE_LEN) != 0)
		{
			enter_record(parser);
			refuse(parser, PA_CPR_NO_START);
			return false;
		}
		if (!tell_shape(parser, p, avail))
			return false;
	}

	if (parser->shape == SHAPE_LINES)
		return find_line(parser, p, avail, len, used);
	if (parser->shape == SHAPE_BLOCKS)
		return find_padded(parser, p, avail, len, used);
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

		if (parser->shape != SHAPE_LINES)
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
protaddr_cpr_begin(PaCprParser *parser, PaCprKind kind, PaCprPersonCallback callback, void *arg)
{
	memset(parser, 0, sizeof(*parser));
	parser->kind = kind;
	parser->bitemporal = parser->layout_known = kind == PA_CPR_BITEMPORAL;
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

		if (parser->state == STATE_START && parser->carry_len == 0 &&
			(*data == '\n' || *data == '\r' || *data == ' '))
		{
			/* an empty line before the delivery */
			parser->consumed++;
			data++;
			len--;
		}
		else if (parser->carry_len > 0)
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
	if (parser->verdict != PA_CPR_OK || parser->state == STATE_AFTER_END)
		return parser->verdict;

	if ((parser->kind == PA_CPR_BITEMPORAL || parser->kind == PA_CPR_WITHOUT_END) &&
		parser->state == STATE_RECORDS && parser->records > 0 && parser->carry_len == 0)
	{
		/* its last line was whole, and that is all there is to know */
		parser->person.last = parser->kind == PA_CPR_WITHOUT_END;
		finish_person(parser);
		if (parser->verdict == PA_CPR_OK)
			parser->state = STATE_AFTER_END;
	}
	else
	{
		bool		begun = parser->state != STATE_START || parser->carry_len >= TYPE_LEN;

		enter_record(parser);
		refuse(parser, begun ? PA_CPR_NO_END : PA_CPR_NO_START);
	}
	return parser->verdict;
}
