/*
 * cpr_property_unit.c
 *		Do the same people come out of every shape and layout that they are
 *		written in?
 *
 *		cpr_property_unit [DATA_DIRECTORY [SHARED_DATA_DIRECTORY [REGISTERS [SEED]]]]
 *
 * Makes registers by the thousand, writes each in every way there is, with other
 * records strewn in, and reads it in pieces of some size.  The writer knows the
 * formats from their description and shares nothing with the parser.
 */
#include "cpr_reading.h"

#define MAX_PEOPLE	10
#define MAX_HAD		6

typedef struct Had
{
	char		code[5];
	char		start[11];		/* "" for none, all of these */
	char		delete_hint[11];
	char		end[11];
	char		start_stamp[13];
	char		end_stamp[13];
} Had;

typedef struct Person
{
	char		pnr[11];
	char		replaced_by[11];
	char		status[3];
	int			nhad;
	Had			had[MAX_HAD];
} Person;

/* How a register is written. */
typedef struct Way
{
	const char *name;
	PaCprKind	kind;
	bool		bitemporal;
	bool		fixed;
	bool		full;			/* blanks not trimmed */
	const char *line_end;
	const char *after;			/* what follows 999 */
	size_t		after_len;
	bool		short_start;
} Way;

#define DELIVERY PA_CPR_DELIVERY
#define BARE	PA_CPR_BITEMPORAL

static const Way ways[] = {
	{"lines", DELIVERY, false, false, false, "\n", "\n", 1, false},
	{"lines, blanks not trimmed", DELIVERY, false, false, true, "\n", "\n\n  ", 4, false},
	{"CRLF", DELIVERY, false, false, false, "\r\n", "\r\n", 2, false},
	{"fixed", DELIVERY, false, true, true, "", "", 0, false},
	{"padded", DELIVERY, false, true, true, "", " \0\0\0\x1a\r\n\0\0", 9, false},
	{"bitemporal, short start", DELIVERY, true, false, false, "\n", "", 0, true},
	{"bitemporal, short start, CRLF, not trimmed", DELIVERY, true, false, true, "\r\n", "\r\n", 2, true},
	{"bitemporal, long start", DELIVERY, true, false, false, "\n", "\n", 1, false},
	{"bitemporal, bare", BARE, true, false, false, "\n", "", 0, false},
	{"bitemporal, bare, CRLF, not trimmed", BARE, true, false, true, "\r\n", "\r\n", 2, false},
};

#define NWAYS	((int) (sizeof(ways) / sizeof(ways[0])))

static uint64_t state;
static char out[MAX_FILE];
static size_t outlen;
static unsigned records;
static Person people[MAX_PEOPLE];
static int	npeople;
static Reading reading;
static char expected[MAX_TEXT];

static unsigned
draw(unsigned below)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned) (state >> 33) % below;
}

/* ---- a register ------------------------------------------------------------------ */

static void
make_date(char date[11], unsigned blank_one_in)
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned	month = draw(12);
	char		made[40];

	date[0] = '\0';
	if (draw(blank_one_in) == 0)
		return;
	snprintf(made, sizeof(made), "%04u-%02u-%02u", 1900 + draw(250), month + 1, draw(days[month]) + 1);
	memcpy(date, made, 11);
}

static void
make_stamp(char stamp[13])
{
	stamp[0] = '\0';
	if (draw(5) != 0)
		sprintf(stamp, "%04u%02u%02u%02u%02u", 1968 + draw(60), draw(12) + 1, draw(28) + 1,
				draw(24), draw(60));
}

static void
make_register(void)
{
	static const char *const codes[] = {"0001", "0001", "0002", "0003", "0005", "0009", "9999"};
	static const char *const statuses[] = {"01", "01", "01", "03", "05", "30", "50", "60", "80", "90", ""};
	int			i;
	int			j;

	npeople = (int) draw(MAX_PEOPLE) + 1;
	for (i = 0; i < npeople; i++)
	{
		Person	   *p = &people[i];

		memset(p, 0, sizeof(*p));
		sprintf(p->pnr, "%02u%02u%02u%04u", draw(28) + 61, draw(12) + 1, draw(100), draw(1000) * 10 + i);
		if (draw(8) == 0)
			sprintf(p->replaced_by, "%02u%02u%02u%04u", draw(28) + 61, draw(12) + 1, draw(100), draw(10000));
		strcpy(p->status, statuses[draw(11)]);
		p->nhad = draw(3) == 0 ? (int) draw(MAX_HAD + 1) : (int) draw(2);
		for (j = 0; j < p->nhad; j++)
		{
			Had		   *had = &p->had[j];

			strcpy(had->code, codes[draw(7)]);
			make_date(had->start, 6);
			make_date(had->delete_hint, 4);
			make_stamp(had->start_stamp);
			if (draw(3) == 0)
			{
				make_date(had->end, 1000);
				make_stamp(had->end_stamp);
				if (had->end[0] == '\0')
					strcpy(had->end, "2016-11-03");
			}
		}
	}
}

/* ---- what must come out ----------------------------------------------------------- */

static size_t
expect_stamp(char *to, const char *stamp)
{
	if (stamp[0] == '\0')
		return (size_t) sprintf(to, ",");
	return (size_t) sprintf(to, ",%.4s-%.2s-%.2s %.2s:%.2s", stamp, stamp + 4, stamp + 6,
							stamp + 8, stamp + 10);
}

static size_t
expect_person(char *to, const Person *p, bool bitemporal, bool unread)
{
	size_t		len = (size_t) sprintf(to, "%s,%s,%s%s", p->pnr, p->replaced_by, p->status,
								   unread ? " ?077" : "");
	int			i;

	for (i = 0; i < p->nhad; i++)
	{
		const Had  *had = &p->had[i];

		/* what has ended only the bitemporal layout knows */
		if (!bitemporal && had->end[0] != '\0')
			continue;
		len += (size_t) sprintf(to + len, " %s,%s,%s,%s", had->code, had->start,
								had->delete_hint, had->end);
		if (bitemporal && (had->start_stamp[0] != '\0' || had->end_stamp[0] != '\0'))
		{
			len += expect_stamp(to + len, had->start_stamp);
			len += expect_stamp(to + len, had->end_stamp);
		}
	}
	return len + (size_t) sprintf(to + len, "\n");
}

/* ---- writing ------------------------------------------------------------------------ */

/* put writes a record, filled up to full characters or trimmed as the way wants it. */
static void
put(const Way *way, const char *record, size_t full)
{
	size_t		len = strlen(record);

	memcpy(out + outlen, record, len);
	if (way->fixed || (way->full && full > len))
	{
		memset(out + outlen + len, ' ', full - len);
		len = full;
	}
	else if (!way->full)
	{
		while (len > 0 && out[outlen + len - 1] == ' ')
			len--;
	}
	outlen += len;
	outlen += (size_t) sprintf(out + outlen, "%s", way->line_end);
	records++;
}

/* put_other writes a record that says nothing to us, of this number. */
static void
put_other(const Way *way, const char *pnr)
{
	static const struct
	{
		const char *type;
		size_t		len;
	}			types[2][6] = {
		{{"011", 25}, {"012", 95}, {"013", 36}, {"018", 60}, {"025", 40}, {"029", 109}},
		{{"010", 45}, {"020", 292}, {"021", 253}, {"025", 164}, {"040", 50}, {"900", 28}}
	};
	char		record[PA_CPR_MAX_RECORD];
	unsigned	which = draw(6);
	size_t		full = types[way->bitemporal][which].len;
	size_t		len = (size_t) sprintf(record, "%s%s", types[way->bitemporal][which].type, pnr);

	while (len < full && draw(40) != 0)
		record[len++] = "ABCxyz 0149-*.,\xe6\xf8\xe5\xc6\xd8\xc5\xff\xa0"[draw(23)];
	record[len] = '\0';
	put(way, record, full);
}

/*
 * put_between writes a record that needs no person; true if nobody knows what it is, so
 * that it may be one of those of the person before.
 */
static bool
put_between(const Way *way)
{
	switch (draw(12))
	{
		case 0:
			put(way, "910PNR       6101704001 no such person", 157);
			break;
		case 1:
			put(way, "9976101704001202611201200A01", 43);
			break;
		case 2:
			if (way->fixed)
				break;
			put(way, "077whatever this will be", 100);
			return true;
	}
	return false;
}

static void
put_had(const Way *way, const Person *p, const Had *had)
{
	char		record[PA_CPR_MAX_RECORD];

	if (way->bitemporal)
	{
		int			len = sprintf(record, "%s%s%s%04u%-12s%-10s%-3s%-10s",
								  had->end[0] != '\0' ? "016" : "015", p->pnr, had->code, draw(1000),
								  had->start_stamp[0] != '\0' ? had->start_stamp : "000000000000",
								  had->start, draw(5) == 0 ? "NEJ" : "JA", had->delete_hint);

		if (had->end[0] != '\0')
			sprintf(record + len, "%04u%-12s%-10s", draw(1000), had->end_stamp, had->end);
		put(way, record, had->end[0] != '\0' ? 82 : 56);
	}
	else if (had->end[0] == '\0')
	{
		sprintf(record, "004%s%s%-10s%-10s", p->pnr, had->code, had->start, had->delete_hint);
		put(way, record, 37);
	}
}

static void
put_001(const Way *way, const Person *p)
{
	char		record[PA_CPR_MAX_RECORD];

	if (way->bitemporal)
		sprintf(record, "001%s%-10s%s%-2s%012u %04u%s%c%-10s %-8s%04u%-10s %-10s %-238s%04u",
				p->pnr, p->replaced_by, "201708311648", p->status, 0, draw(1000), "200004190943",
				draw(2) ? 'M' : 'K', "1970-01-01", "00.00.00", 0, "1970-01-01", "", "", 0);
	else
		sprintf(record, "001%s%-10s%-2s%012u %c%-10s %-10s", p->pnr, p->replaced_by, p->status, 0,
				draw(2) ? 'M' : 'K', "1970-01-01", "1970-01-01");
	put(way, record, way->bitemporal ? 366 : 106);
}

static void
put_person(const Way *way, const Person *p)
{
	int			i;

	put_001(way, p);
	for (i = 0; i <= p->nhad; i++)
	{
		while (draw(3) == 0)
			put_other(way, p->pnr);
		/* a bitemporal person may come in several parts */
		if (way->bitemporal && draw(6) == 0)
			put_001(way, p);
		if (way->kind == PA_CPR_REPLY && draw(6) == 0)
			put(way, "910KOEN      what was asked", 157);
		if (i < p->nhad)
			put_had(way, p, &p->had[i]);
	}
}

static void
put_start(const Way *way)
{
	outlen = 0;
	if (way->kind != PA_CPR_BITEMPORAL)
		put(way, way->short_start ? "00099000120261120" : "00000000000009900012026112020261119",
			way->short_start ? 17 : 35);
	records = 0;
}

static void
put_end(const Way *way, unsigned count)
{
	if (way->kind != PA_CPR_BITEMPORAL)
		outlen += (size_t) sprintf(out + outlen, way->short_start ? "999%08u" : "9999999999999%08u", count);
	memcpy(out + outlen, way->after, way->after_len);
	outlen += way->after_len;
}

static void
put_addresses(const Way *way, int first, int last)
{
	char		record[PA_CPR_MAX_RECORD];
	int			i;

	for (i = first; i <= last && !way->bitemporal; i++)
	{
		sprintf(record, "003%s%-34s%-102sOpdigtet All\xe9 %u", people[i].pnr, "Test Person", "", draw(200) + 1);
		put(way, record, 249);
	}
}

/* ---- the property -------------------------------------------------------------------- */

static bool
comes_out(const Way *way, uint64_t seed, int number)
{
	size_t		piece = draw(4) == 0 ? outlen + 1 : draw(700) + 1;

	read_in_pieces(&reading, way->kind, out, outlen, piece, 0);
	if (reading.verdict == PA_CPR_OK && reading.bitemporal == way->bitemporal &&
		strcmp(reading.text, expected) == 0 &&
		(way->kind != PA_CPR_DELIVERY || reading.records == records))
		return true;
	printf("# register %d of seed %llu, %s: verdict %d at record %llu, byte %llu\n# %s\n# %s\n",
		   number, (unsigned long long) seed, way->name, (int) reading.verdict,
		   (unsigned long long) reading.record, (unsigned long long) reading.offset,
		   reading.text, expected);
	return false;
}

static bool
delivered(const Way *way, uint64_t seed, int number)
{
	size_t		len = 0;
	int			i;

	put_start(way);
	for (i = 0; i < npeople; i++)
	{
		bool		unread = false;

		/* a bare file begins with a person */
		if (i > 0 || way->kind == PA_CPR_DELIVERY)
			unread = put_between(way);
		if (i > 0)
			len += expect_person(expected + len, &people[i - 1], way->bitemporal, unread);
		put_person(way, &people[i]);
	}
	if (npeople > 0)
		(void) expect_person(expected + len, &people[npeople - 1], way->bitemporal, false);
	put_addresses(way, 0, npeople - 1);
	put_end(way, records);
	return comes_out(way, seed, number);
}

/* replied writes each person as a reply of their own. */
static bool
replied(uint64_t seed, int number)
{
	int			i;

	for (i = 0; i < npeople; i++)
	{
		/* in each of the ways of U12170 */
		Way			way = ways[draw(5)];

		way.kind = PA_CPR_REPLY;
		put_start(&way);
		put_person(&way, &people[i]);
		put_addresses(&way, i, i);
		put_end(&way, draw(100000000));
		expect_person(expected, &people[i], false, false);
		if (!comes_out(&way, seed, number))
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	int			registers = argc > 3 ? atoi(argv[3]) : 3000;
	uint64_t	seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
	bool		good[NWAYS + 1];
	int			n;
	int			w;

	memset(good, true, sizeof(good));
	for (n = 0; n < registers; n++)
	{
		state = seed * 1000003 + (uint64_t) n;
		make_register();
		for (w = 0; w < NWAYS; w++)
			good[w] = good[w] && delivered(&ways[w], seed, n);
		good[NWAYS] = good[NWAYS] && replied(seed, n);
	}
	printf("# %d registers\n", registers);
	for (w = 0; w < NWAYS; w++)
		ok(good[w], ways[w].name);
	ok(good[NWAYS], "replies");
	printf("1..%d\n", tests);
	return failures > 0 ? 1 : 0;
}
