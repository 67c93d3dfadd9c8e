/*
 * cpr_unit.c
 *		Does the register parser read every delivery it should, and refuse every
 *		one it should not, with the right reason and place?
 *
 *		cpr_unit DATA_DIRECTORY [SHARED_DATA_DIRECTORY]
 *
 * Prints TAP.  What is read as another kind, and the bitemporal layout, have
 * cpr_kinds_unit.c.
 */
#include "cpr_reading.h"

/* ---- deliveries by example ------------------------------------------------ */

#define START	"00000000000009900012026112020261119\n"
#define PERSON	"0016101704001          01\n"
#define OTHER	"0016201704002          01\n"
#define CODE1	"004610170400100012026-06-152027-06-15\n"
#define END(n)	"9999999999999" n "\n"

typedef struct Example
{
	const char *name;
	PaCprVerdict verdict;
	uint64_t	record;			/* where it is refused */
	const char *text;			/* the delivery; */
	size_t		len;			/* strlen(text) if 0 */
	const char *persons;		/* NULL: not looked at */
} Example;

#define BYTES(s) s, sizeof(s) - 1

static const Example examples[] = {
	/* read */
	{"types that look like another's", PA_CPR_OK, 9, START PERSON
		"00561017040010001          2027-06-15\n" "03461017040010001\n" "00861017040010001\n"
		"0026101704001 851 101\n" "0096101704001518x\n" "0226101704001610170400\n" END("00000007"), 0,
	"6101704001,,01 ?005 ?034 ?008 ?002 ?009 ?022\n"},
	{"types that have their form", PA_CPR_OK, 11, START PERSON
		"002610170400108511010077A\n" "0086101704001Test\n" "00561017040015180199902011300\n"
		"009610170400151800\n" "01661017040010003" "2008-01-01\n" "022610170400171017040012015-01-01 2016-01-01\n"
		"099610170400120261119\n" "0996101704001202611191200A01\n" END("00000009"), 0,
	"6101704001,,01 ?099\n"},
	{"of somebody who is not the person being read", PA_CPR_OK, 5, START PERSON
		"077620170400200012026-01-01\n" "077\n" END("00000003"), 0,
	"~6201704002,, ?077\n6101704001,,01 ?077\n"},
	{"an address after the last person that looks like a protection", PA_CPR_OK, 5, START PERSON OTHER
		"003610170400100012026-06-15\n" END("00000003"), 0,
	"6101704001,,01\n~6101704001,, ?003\n6201704002,,01\n"},
	{"one protected person", PA_CPR_OK, 4, START PERSON CODE1 END("00000002"), 0,
	"6101704001,,01 0001,2026-06-15,2027-06-15,\n"},
	{"nobody at all", PA_CPR_OK, 2, START END("00000000"), 0, ""},
	{"CRLF", PA_CPR_OK, 3,
		"00000000000009900012026112020261119\r\n0016101704001          01\r\n"
	"999999999999900000001\r\n", 0, "6101704001,,01\n"},
	{"no line end after 999", PA_CPR_OK, 3, START PERSON "999999999999900000001", 0, NULL},
	{"blanks and empty lines after 999", PA_CPR_OK, 3,
	START PERSON "999999999999900000001  \r\n\n  ", 0, NULL},
	{"blanks not trimmed", PA_CPR_OK, 4,
		START "0016101704001          01                                        \n"
	"00461017040010001                    \n" END("00000002"), 0, "6101704001,,01 0001,,,\n"},
	{"dates trimmed away", PA_CPR_OK, 4, START PERSON "00461017040010001\n" END("00000002"), 0,
	"6101704001,,01 0001,,,\n"},
	{"only the delete date trimmed away", PA_CPR_OK, 4,
		START PERSON "004610170400100012026-06-15\n" END("00000002"), 0,
	"6101704001,,01 0001,2026-06-15,,\n"},
	{"only the start date blank", PA_CPR_OK, 4,
		START PERSON "00461017040010001          2027-06-15\n" END("00000002"), 0,
	"6101704001,,01 0001,,2027-06-15,\n"},
	{"dates of zeros", PA_CPR_OK, 4,
		START PERSON "004610170400100010000-00-000000000000\n" END("00000002"), 0,
	"6101704001,,01 0001,,,\n"},
	{"29 February of 2000 and 2024", PA_CPR_OK, 4,
		START PERSON "004610170400100012000-02-292024-02-29\n" END("00000002"), 0,
	"6101704001,,01 0001,2000-02-29,2024-02-29,\n"},
	{"number replaced, status blank", PA_CPR_OK, 3,
	START "00161017040016201704002\n" END("00000001"), 0, "6101704001,6201704002,\n"},
	{"number replaced by zeros", PA_CPR_OK, 3,
	START "0016101704001000000000060\n" END("00000001"), 0, "6101704001,,60\n"},
	{"previous production blank", PA_CPR_OK, 2,
	"000000000000099000120261120\n" END("00000000"), 0, ""},
	{"previous production zeros", PA_CPR_OK, 2,
	"00000000000009900012026112000000000\n" END("00000000"), 0, ""},
	{"unknown record type counted", PA_CPR_OK, 4,
	START PERSON "0776101704001x\n" END("00000002"), 0, "6101704001,,01 ?077\n"},
	{"code that does not exist yet", PA_CPR_OK, 4,
		START PERSON "00461017040010009\n" END("00000002"), 0,
	"6101704001,,01 0009,,,\n"},
	{"addresses after the last person", PA_CPR_OK, 6,
		START PERSON OTHER "0036101704001\n0036201704002\n" END("00000004"), 0,
	"6101704001,,01\n6201704002,,01\n"},
	{"error and receipt without a person", PA_CPR_OK, 4,
		START "910PNR       6101704001\n9976101704001202611201200\n" END("00000002"), 0,
	""},
	{"letters above 127", PA_CPR_OK, 4,
	START PERSON "0086101704001Pr\xf8ve\xff\n" END("00000002"), 0, NULL},

	/* fixed */
	{"fixed: nobody", PA_CPR_OK, 2,
	"00000000000009900012026112020261119999999999999900000000", 0, ""},
	{"fixed: padding of all kinds", PA_CPR_OK, 2,
		BYTES("00000000000009900012026112020261119999999999999900000000 \0\0\x1a\r\n\0"),
	""},
	{"fixed: protection", PA_CPR_OK, 4,
		"00000000000009900012026112020261119"
		"0016101704001          01                    "
		"                                                             "
		"00461017040010001                    "
		"999999999999900000002", 0,
	"6101704001,,01 0001,,,\n"},
	{"fixed: unknown type", PA_CPR_BAD_TYPE, 2,
	"00000000000009900012026112020261119077610170400199999999999990000000", 0, NULL},
	{"fixed: no type", PA_CPR_BAD_TYPE, 2,
	"000000000000099000120261120202611190x1610170400199999999999990000000", 0, NULL},
	{"fixed: line end after a record", PA_CPR_BAD_BYTE, 3,
		"00000000000009900012026112020261119"
	"9976101704001202611201200                  \n99", 0, NULL},
	{"fixed: cut within a record", PA_CPR_NO_END, 2,
	"0000000000000990001202611202026111900161017040", 0, NULL},
	{"fixed: something after the padding", PA_CPR_AFTER_END, 3,
	"00000000000009900012026112020261119999999999999900000000  0", 0, NULL},

	/* start */
	{"empty", PA_CPR_NO_START, 1, "", 0, ""},
	{"less than a type", PA_CPR_NO_START, 1, "00", 0, ""},
	{"person first", PA_CPR_NO_START, 1, PERSON END("00000001"), 0, ""},
	{"empty lines first", PA_CPR_OK, 2, "\n \r\n" START END("00000000"), 0, ""},
	{"something first", PA_CPR_NO_START, 1, "\n-\n" START END("00000000"), 0, ""},
	{"UTF-8 mark first", PA_CPR_NO_START, 1, "\xef\xbb\xbf" START END("00000000"), 0, ""},
	{"short start record, long end record", PA_CPR_WRONG_COUNT, 2,
	"00099000120261120\n" END("00000000"), 0, ""},
	{"task of zeros", PA_CPR_BAD_START, 1,
	"00000000000000000002026112020261119\n" END("00000000"), 0, ""},
	{"task of letters", PA_CPR_BAD_START, 1,
	"0000000000000ABCDEF2026112020261119\n" END("00000000"), 0, ""},
	{"produced on 31 November", PA_CPR_BAD_START, 1,
	"00000000000009900012026113120261119\n" END("00000000"), 0, ""},
	{"produced on 29 February 2026", PA_CPR_BAD_START, 1,
	"00000000000009900012026022920261119\n" END("00000000"), 0, ""},
	{"produced in year 0", PA_CPR_BAD_START, 1,
	"00000000000009900010000112020261119\n" END("00000000"), 0, ""},
	{"produced never", PA_CPR_BAD_START, 1,
	"00000000000009900010000000020261119\n" END("00000000"), 0, ""},
	{"previous production on 0 January", PA_CPR_BAD_START, 1,
	"00000000000009900012026112020260100\n" END("00000000"), 0, ""},
	{"previous production cut short", PA_CPR_BAD_START, 1,
	"0000000000000990001202611202026\n" END("00000000"), 0, ""},
	{"start record too long", PA_CPR_BAD_RECORD, 1,
	"000000000000099000120261120202611199\n" END("00000000"), 0, ""},
	{"only the beginning of a start record", PA_CPR_NO_END, 1, "00000000000009900", 0, ""},

	/* end */
	{"no end", PA_CPR_NO_END, 3, START PERSON, 0, ""},
	{"cut within a line", PA_CPR_NO_END, 3, START PERSON "0046101", 0, ""},
	{"cut within 999", PA_CPR_NO_END, 3, START PERSON "99999999999990000000", 0, ""},
	{"second delivery without end", PA_CPR_NO_END, 3, START PERSON START END("00000001"), 0, ""},
	{"second delivery after the end", PA_CPR_AFTER_END, 3,
	START END("00000000") START END("00000000"), 0, ""},
	{"NUL after 999 in lines", PA_CPR_AFTER_END, 3, BYTES(START END("00000000") "\0"), ""},
	{"count one too few", PA_CPR_WRONG_COUNT, 4, START PERSON CODE1 END("00000001"), 0, NULL},
	{"count one too many", PA_CPR_WRONG_COUNT, 4, START PERSON CODE1 END("00000003"), 0, NULL},
	{"count of letters", PA_CPR_BAD_RECORD, 3, START PERSON END("0000000x"), 0, NULL},
	{"999 too short", PA_CPR_BAD_RECORD, 3, START PERSON "99999999999990000001\n", 0, NULL},
	{"999 with a number for its nines", PA_CPR_BAD_RECORD, 3,
	START PERSON "999610170400100000001\n", 0, NULL},

	/* records */
	{"NUL in a name", PA_CPR_BAD_BYTE, 3,
	BYTES(START PERSON "0086101704001T\0st\n" END("00000002")), NULL},
	{"tab in a name", PA_CPR_BAD_BYTE, 3,
	START PERSON "0086101704001T\tst Person\n" END("00000002"), 0, NULL},
	{"DEL in a name", PA_CPR_BAD_BYTE, 3,
	START PERSON "0086101704001T\177st Person\n" END("00000002"), 0, NULL},
	{"0x85 in a name", PA_CPR_BAD_BYTE, 3,
	START PERSON "0086101704001T\x85st Person\n" END("00000002"), 0, NULL},
	{"0x85 at the end of a name", PA_CPR_BAD_BYTE, 3,
	START PERSON "0086101704001T\x85\n" END("00000002"), 0, NULL},
	{"DEL at the end of a name", PA_CPR_BAD_BYTE, 3,
	START PERSON "0086101704001T\177\n" END("00000002"), 0, NULL},
	{"CR within a line", PA_CPR_BAD_BYTE, 3,
	START PERSON "0086101704001T\rst\n" END("00000002"), 0, NULL},
	{"NUL in an unknown record", PA_CPR_BAD_BYTE, 2,
	BYTES(START "077\0\n" END("00000001")), NULL},
	{"empty line", PA_CPR_BAD_TYPE, 3, START PERSON "\n" END("00000001"), 0, NULL},
	{"type of letters", PA_CPR_BAD_TYPE, 2, START "ABC6101704001\n" END("00000001"), 0, NULL},
	{"record longer than its type", PA_CPR_BAD_RECORD, 3,
	START PERSON "004610170400100012026-06-152027-06-15x\n" END("00000002"), 0, NULL},
	{"longer by blanks", PA_CPR_BAD_RECORD, 3,
	START PERSON "004610170400100012026-06-152027-06-15 \n" END("00000002"), 0, NULL},
	{"bitemporal 016 longer than ours", PA_CPR_BAD_RECORD, 3,
		START PERSON
		"0166101704001000101732008072216112008-07-22JA 2013-07-22000120161103133920\n"
	END("00000002"), 0, NULL},
	{"person number cut short", PA_CPR_BAD_RECORD, 2, START "001610170400\n" END("00000001"), 0, ""},
	{"person number with a letter", PA_CPR_BAD_PNR, 2,
	START "001610170400A          01\n" END("00000001"), 0, ""},
	{"replacing number with a letter", PA_CPR_BAD_PNR, 2,
	START "0016101704001620170400A01\n" END("00000001"), 0, ""},
	{"replacing number cut short", PA_CPR_BAD_RECORD, 2,
	START "0016101704001620170\n" END("00000001"), 0, ""},
	{"status of one digit", PA_CPR_BAD_RECORD, 2,
	START "0016101704001          0\n" END("00000001"), 0, ""},
	{"status of letters", PA_CPR_BAD_CODE, 2,
	START "0016101704001          XX\n" END("00000001"), 0, ""},
	{"address with a letter in its number", PA_CPR_BAD_PNR, 3,
	START PERSON "00361017040X1x\n" END("00000002"), 0, ""},
	{"same person twice", PA_CPR_PERSON_TWICE, 3, START PERSON PERSON END("00000002"), 0, ""},
	{"protection before any person", PA_CPR_NO_PERSON, 2, START CODE1 END("00000001"), 0, ""},
	{"protection of somebody else", PA_CPR_NO_PERSON, 3,
	START OTHER CODE1 END("00000002"), 0, ""},
	{"protection of the person before", PA_CPR_NO_PERSON, 4,
	START PERSON OTHER CODE1 END("00000003"), 0, "6101704001,,01\n"},
	{"name of somebody else", PA_CPR_NO_PERSON, 3,
	START OTHER "0086101704001Test\n" END("00000002"), 0, ""},
	{"protection without a code", PA_CPR_BAD_CODE, 3,
	START PERSON "0046101704001\n" END("00000002"), 0, ""},
	{"code of letters", PA_CPR_BAD_CODE, 3,
	START PERSON "0046101704001000A\n" END("00000002"), 0, ""},
	{"code cut short", PA_CPR_BAD_RECORD, 3,
	START PERSON "0046101704001000\n" END("00000002"), 0, ""},
	{"start date cut short", PA_CPR_BAD_RECORD, 3,
	START PERSON "004610170400100012026-06-1\n" END("00000002"), 0, ""},
	{"delete date cut short", PA_CPR_BAD_RECORD, 3,
	START PERSON "004610170400100012026-06-152027-06\n" END("00000002"), 0, ""},
	{"31 June", PA_CPR_BAD_DATE, 3,
	START PERSON "004610170400100012026-06-31\n" END("00000002"), 0, ""},
	{"29 February 1900", PA_CPR_BAD_DATE, 3,
	START PERSON "004610170400100011900-02-29\n" END("00000002"), 0, ""},
	{"29 February 2027 as delete date", PA_CPR_BAD_DATE, 3,
	START PERSON "004610170400100012026-06-152027-02-29\n" END("00000002"), 0, ""},
	{"month 13", PA_CPR_BAD_DATE, 3,
	START PERSON "004610170400100012026-13-01\n" END("00000002"), 0, ""},
	{"year 0000 with a month", PA_CPR_BAD_DATE, 3,
	START PERSON "004610170400100010000-01-01\n" END("00000002"), 0, ""},
	{"slashes in a date", PA_CPR_BAD_DATE, 3,
	START PERSON "004610170400100012026/06/15\n" END("00000002"), 0, ""},
};

#define NEXAMPLES ((int) (sizeof(examples) / sizeof(examples[0])))

static Reading reading;
static Reading second;

static void
test_example(const Example *e)
{
	size_t		len = e->len > 0 ? e->len : strlen(e->text);
	bool		equal = read_all(&reading, e->text, len, 0);
	bool		good = equal && reading.verdict == e->verdict && reading.record == e->record &&
	(e->persons == NULL || strcmp(reading.text, e->persons) == 0);

	ok(good, e->name);
	if (!good)
		printf("# verdict %d (not %d), record %llu (not %llu), %s\n# %s\n",
			   (int) reading.verdict, (int) e->verdict,
			   (unsigned long long) reading.record, (unsigned long long) e->record,
			   equal ? "pieces alike" : "pieces differ", reading.text);
}

/* test_limits reads what is too long to write down. */
static void
test_limits(void)
{
	static char text[8192];
	int			n;

	for (n = PA_CPR_MAX_PROTECTIONS; n <= PA_CPR_MAX_PROTECTIONS + 1; n++)
	{
		size_t		len = (size_t) sprintf(text, START PERSON);
		int			i;

		for (i = 0; i < n; i++)
			len += (size_t) sprintf(text + len, CODE1);
		len += (size_t) sprintf(text + len, "9999999999999%08d\n", n + 1);
		if (n == PA_CPR_MAX_PROTECTIONS)
			ok(read_all(&reading, text, len, 0) && reading.verdict == PA_CPR_OK,
			   "as many protections as fit");
		else
			ok(read_all(&reading, text, len, 0) && reading.verdict == PA_CPR_TOO_MANY &&
			   reading.record == (uint64_t) n + 2, "one protection too many");
	}

	strcpy(text, START "077");
	memset(text + strlen(text), 'x', 511 - 3);
	strcpy(text + sizeof(START) - 1 + 511, "\n" END("00000001"));
	ok(read_all(&reading, text, strlen(text), 0) && reading.verdict == PA_CPR_OK &&
	   reading.skipped == 1, "longest line of an unknown type");

	text[sizeof(START) - 1 + 511] = 'x';
	strcpy(text + sizeof(START) - 1 + 512, "\n" END("00000001"));
	ok(read_all(&reading, text, strlen(text), 0) && reading.verdict == PA_CPR_BAD_RECORD &&
	   reading.record == 2 && reading.offset == sizeof(START) - 1, "line without end");

	text[sizeof(START) - 1 + 300] = '\0';
	ok(read_all(&reading, text, 2000, 0) && reading.verdict == PA_CPR_BAD_BYTE,
	   "hole in the file");

	strcpy(text, START PERSON OTHER END("00000002"));
	ok(read_all(&reading, text, strlen(text), 1) && reading.verdict == PA_CPR_STOPPED &&
	   reading.record == 3 && reading.called == 1, "stopped at the first person");
	ok(read_all(&reading, text, strlen(text), 2) && reading.verdict == PA_CPR_STOPPED &&
	   reading.record == 4, "stopped at the last person");

	strcpy(text, START PERSON "0086101704001T\tst\n" END("00000002"));
	ok(read_all(&reading, text, strlen(text), 0) &&
	   reading.offset == sizeof(START) + sizeof(PERSON) - 2, "offset of the record refused");
	ok(strcmp(reading.header.task, "990001") == 0 &&
	   strcmp(reading.header.produced, "2026-11-20") == 0 &&
	   strcmp(reading.header.previous, "2026-11-19") == 0, "header");
}

/* ---- files ----------------------------------------------------------------- */

/* The lengths of the types in the fixture, by hand and not by the parser. */
static size_t
full_length(const char *line)
{
	static const struct
	{
		const char *type;
		size_t		len;
	}			types[] = {
		{"000", 35}, {"001", 106}, {"002", 306}, {"003", 249}, {"004", 37}, {"008", 193},
		{"012", 95}, {"099", 45}, {"999", 21}
	};
	size_t		i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
	{
		if (memcmp(line, types[i].type, 3) == 0)
			return types[i].len;
	}
	return 0;
}

/* as_fixed writes lines as unterminated records, the unknown ones left out. */
static size_t
as_fixed(const char *lines, size_t len, char *out)
{
	size_t		at = 0;
	size_t		outlen = 0;
	int			records = 0;

	while (at < len)
	{
		const char *end = memchr(lines + at, '\n', len - at);
		size_t		line_len = end != NULL ? (size_t) (end - lines) - at : len - at;
		size_t		full = full_length(lines + at);

		if (full > 0)
		{
			memset(out + outlen, ' ', full);
			memcpy(out + outlen, lines + at, line_len);
			outlen += full;
			records++;
		}
		at += line_len + 1;
	}
	sprintf(out + outlen - 8, "%08d", records - 2);
	return outlen;
}

/* as_crlf writes lines with CRLF. */
static size_t
as_crlf(const char *lines, size_t len, char *out)
{
	size_t		outlen = 0;
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (lines[i] == '\n')
			out[outlen++] = '\r';
		out[outlen++] = lines[i];
	}
	return outlen;
}

static bool
has_person(const Reading *r, const char *line)
{
	const char *found = strstr(r->text, line);

	return found != NULL && (found == r->text || found[-1] == '\n');
}

static void
test_fixture(const char *directory)
{
	static char lines[MAX_FILE];
	static char other[3 * MAX_FILE];
	static const char padding[] = " \0\0\0\x1a\r\n";
	size_t		len = read_file(directory, "cpr_fixture.txt", lines);
	size_t		other_len;
	char	   *unread;

	ok(read_all(&reading, lines, len, 0) && reading.verdict == PA_CPR_OK, "fixture: read");
	ok(reading.persons == 24 && reading.called == 24 && reading.records == 142 &&
	   reading.skipped == 1, "fixture: counts");
	ok(strcmp(reading.header.task, "990001") == 0 &&
	   strcmp(reading.header.produced, "2026-11-20") == 0 &&
	   strcmp(reading.header.previous, "2026-11-19") == 0, "fixture: header");
	ok(has_person(&reading, "6101704001,,01\n"), "fixture: ordinary person");
	ok(has_person(&reading, "6301704003,,01 0001,2024-02-29,2025-02-28,\n"),
	   "fixture: delete date past");
	ok(has_person(&reading, "6401704004,,01 0001,2026-01-02,,\n"), "fixture: no delete date");
	ok(has_person(&reading, "7103724011,7203724012,60\n"), "fixture: number replaced");
	ok(has_person(&reading, "7604734016,,90 0001,2026-03-01,2027-03-01,\n"), "fixture: dead");

	other_len = as_crlf(lines, len, other);
	ok(read_all(&second, other, other_len, 0) && second.verdict == PA_CPR_OK &&
	   second.records == reading.records && strcmp(second.text, reading.text) == 0,
	   "fixture: same persons with CRLF");

	/* without line ends there can be no record of an unknown type */
	unread = strstr(reading.text, " ?077");
	ok(unread != NULL && strstr(unread + 1, " ?") == NULL, "fixture: one record that could not be read");
	memmove(unread, unread + 5, strlen(unread + 5) + 1);
	other_len = as_fixed(lines, len, other);
	ok(read_all(&second, other, other_len, 0) && second.verdict == PA_CPR_OK &&
	   second.records == 141 && second.skipped == 0 &&
	   strcmp(second.text, reading.text) == 0, "fixture: same persons in fixed records");

	memcpy(other + other_len, padding, sizeof(padding));
	ok(read_all(&second, other, other_len + sizeof(padding), 0) &&
	   second.verdict == PA_CPR_OK && strcmp(second.text, reading.text) == 0,
	   "fixture: same persons with padding");

	len = read_file(directory, "cpr_fixture_next.txt", lines);
	ok(read_all(&second, lines, len, 0) && second.verdict == PA_CPR_OK &&
	   strcmp(second.header.previous, reading.header.produced) == 0,
	   "next day: read, follows the fixture");
	ok(has_person(&reading, "7904734019,,01 0001,2025-11-25,2026-11-25,\n") &&
	   has_person(&second, "7904734019,,01\n"), "next day: protection lifted");
	ok(has_person(&reading, "8005744020,,01\n") &&
	   has_person(&second, "8005744020,,01 0001,2026-11-21,2027-11-21,\n"),
	   "next day: protection new");
}

typedef struct RealCounts
{
	int			people;
	int			hidden;
	int			past;
	char		before[11];		/* production date */
} RealCounts;

static bool
count_person(void *arg, const PaCprPerson *person)
{
	RealCounts *counts = arg;
	int			i;

	counts->people++;
	for (i = 0; i < person->nprotections; i++)
	{
		const PaCprProtection *p = &person->protection[i];

		if (strcmp(p->code, "0001") == 0)
		{
			counts->hidden++;
			if (p->delete_hint[0] != '\0' && strcmp(p->delete_hint, counts->before) < 0)
				counts->past++;
		}
	}
	return true;
}

static void
test_real(const char *directory)
{
	static char text[MAX_FILE];
	static PaCprParser parser;
	RealCounts	counts = {0, 0, 0, "2001-11-19"};
	size_t		len = 0;

	if (directory != NULL)
		len = read_file(directory, "cpr/cprbroker/U12170-P_opgavenr_110901_ADRNVN_FE.txt", text);
	if (len == 0)
	{
		printf("ok %d # SKIP no register extract here\n", ++tests);
		return;
	}

	protaddr_cpr_begin(&parser, PA_CPR_DELIVERY, count_person, &counts);
	protaddr_cpr_feed(&parser, text, len);
	ok(protaddr_cpr_end(&parser) == PA_CPR_OK && parser.records == 1098 &&
	   parser.skipped == 0 && counts.people == 80 && counts.hidden == 9 && counts.past == 4 &&
	   strcmp(parser.header.produced, "2001-11-19") == 0 &&
	   strcmp(parser.header.task, "110901") == 0 &&
	   read_all(&reading, text, len, 0), "register's own extract");
}

/* The hour, the minute or both may not be known; anything else that is no time is none. */
static void
test_stamps(void)
{
	static const struct
	{
		const char *value;
		const char *told;		/* NULL: it is not a time */
	}			stamps[] = {
		{"202401012359", "2024-01-01 23:59"}, {"202401010000", "2024-01-01 00:00"},
		{"202401019930", ""}, {"202401011099", ""}, {"202401019999", ""}, {"000000000000", ""},
		{"202401012400", NULL}, {"202401019860", NULL}, {"202401011060", NULL}, {"202402301000", NULL},
		{"20240101 000", NULL}
	};
	char		out[17];

	ok(protaddr_cpr_stamp(out, NULL) && out[0] == '\0', "no stamp is none");
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++)
	{
		bool		is_time = protaddr_cpr_stamp(out, stamps[i].value);

		ok(is_time == (stamps[i].told != NULL) && (!is_time || strcmp(out, stamps[i].told) == 0), stamps[i].value);
	}
}

int
main(int argc, char **argv)
{
	int			i;

	if (argc < 2)
	{
		fprintf(stderr, "usage: %s DATA_DIRECTORY [SHARED_DATA_DIRECTORY]\n", argv[0]);
		return 2;
	}

	for (i = 0; i < NEXAMPLES; i++)
		test_example(&examples[i]);
	test_limits();
	test_stamps();
	test_fixture(argv[1]);
	test_real(argc > 2 ? argv[2] : NULL);
	printf("1..%d\n", tests);
	return failures > 0 ? 1 : 0;
}
