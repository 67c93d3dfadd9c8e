/*
 * cpr_kinds_unit.c
 *		Does the register parser read replies and bitemporal files as what they
 *		are, and nothing else as one of them?  And does it stop when it has
 *		refused, and count beyond 4 GB?
 *
 *		cpr_kinds_unit DATA_DIRECTORY [SHARED_DATA_DIRECTORY]
 */
#include "cpr_reading.h"

#include <dirent.h>

#define START	"00000000000009900012026112020261119\n"
#define SHORT_START "00099000120261120\n"
#define PERSON	"0016101704001          01\n"
#define OTHER	"0016201704002          01\n"
#define CODE1	"004610170400100012026-06-152027-06-15\n"
#define NAME	"0086101704001x\n"
#define ENDED	"9976101704001202611201200\n"
#define ERROR	"910PNR       6101704001\n"
#define END(n)	"9999999999999" n "\n"
#define SHORT_END(n) "999" n "\n"

#define B_TAIL	"000000000000 0000200004190943M2000-01-01 00.00.0000012000-01-01            0000"
#define B_PERSON "0016101704001          20170831164801" B_TAIL "\n"
#define B_OTHER	"0016201704002          20170831164805" B_TAIL "\n"
#define B_NEW	"0016101704001620170400220170831164860" B_TAIL "\n"
#define CURRENT	"0156101704001000100002001070500001992-01-11JA 2087-12-13\n"
#define HISTORIC "0166101704001000101732008072216112008-07-22JA 2013-07-220001201611031339"
#define CURRENT_TEXT " 0001,1992-01-11,2087-12-13,,2001-07-05 00:00,"
#define HISTORIC_TEXT " 0001,2008-07-22,2013-07-22,2016-11-03,2008-07-22 16:11,2016-11-03 13:39"

typedef struct Example
{
	const char *name;
	PaCprKind	kind;
	PaCprVerdict verdict;
	uint64_t	record;			/* where it is refused */
	const char *text;
	const char *persons;		/* NULL: not looked at */
} Example;

static const Example examples[] = {
	/* replies */
	{"reply: another file's count", PA_CPR_REPLY, PA_CPR_OK, 5,
		START PERSON CODE1 NAME END("00001098"),
	"6101704001,,01 0001,2026-06-15,2027-06-15,\n"},
	{"reply: its own count", PA_CPR_REPLY, PA_CPR_OK, 3, START PERSON END("00000001"),
	"6101704001,,01\n"},
	{"reply: error and receipt", PA_CPR_REPLY, PA_CPR_OK, 6,
		START ERROR PERSON ENDED CODE1 END("00001098"),
	"6101704001,,01 0001,2026-06-15,2027-06-15,\n"},
	{"reply: the address of the person", PA_CPR_REPLY, PA_CPR_OK, 4,
	START PERSON "0036101704001x\n" END("00001098"), "6101704001,,01\n"},
	{"reply: what we do not know of the person", PA_CPR_REPLY, PA_CPR_OK, 4,
	START PERSON "0776101704001x\n" END("00001098"), "6101704001,,01 ?077\n"},
	{"reply in fixed records", PA_CPR_REPLY, PA_CPR_OK, 4,
		"00000000000009900012026112020261119"
		"0016101704001          01                    "
		"                                                             "
		"00461017040010001                    "
		"999999999999900001098", "6101704001,,01 0001,,,\n"},
	{"a reply is no delivery", PA_CPR_DELIVERY, PA_CPR_WRONG_COUNT, 5,
	START PERSON CODE1 NAME END("00001098"), ""},
	{"reply: two people", PA_CPR_REPLY, PA_CPR_NOT_ONE_PERSON, 3,
	START PERSON OTHER END("00000002"), ""},
	{"reply: nobody", PA_CPR_REPLY, PA_CPR_NOT_ONE_PERSON, 2, START END("00001098"), ""},
	{"reply: nobody but an error", PA_CPR_REPLY, PA_CPR_NOT_ONE_PERSON, 3,
	START ERROR END("00000001"), ""},
	{"reply: the person twice", PA_CPR_REPLY, PA_CPR_PERSON_TWICE, 3,
	START PERSON PERSON END("00000002"), ""},
	{"reply: somebody else's protection", PA_CPR_REPLY, PA_CPR_NO_PERSON, 3,
	START OTHER CODE1 END("00000002"), ""},
	{"reply: somebody else's address", PA_CPR_REPLY, PA_CPR_NO_PERSON, 3,
	START OTHER "0036101704001x\n" END("00000002"), ""},
	{"reply: somebody else's receipt", PA_CPR_REPLY, PA_CPR_NO_PERSON, 3,
	START OTHER ENDED END("00000002"), ""},
	{"reply: something unknown of somebody else", PA_CPR_REPLY, PA_CPR_NO_PERSON, 3,
	START OTHER "0776101704001x\n" END("00000002"), ""},
	{"reply: cut off", PA_CPR_REPLY, PA_CPR_NO_END, 4, START PERSON CODE1, ""},
	{"reply: bitemporal", PA_CPR_REPLY, PA_CPR_BAD_RECORD, 2,
	START B_PERSON CURRENT END("00000002"), ""},
	{"reply: short start record", PA_CPR_REPLY, PA_CPR_WRONG_KIND, 1,
	SHORT_START B_PERSON SHORT_END("00000001"), ""},
	{"reply: no start record", PA_CPR_REPLY, PA_CPR_NO_START, 1, B_PERSON CURRENT, ""},

	/* numbers replaced: the status decides nothing */
	{"replaced under status 30, 50 and 60, and 60 without a new number",
		PA_CPR_DELIVERY, PA_CPR_OK, 9,
		START "00161017040016201704002" "30\n" CODE1 "0016301704003620170400250\n"
		"0016401704004620170400260\n004640170400400012026-06-15\n"
		"0016501704005          60\n" "00465017040050001\n" END("00000007"),
		"6101704001,6201704002,30 0001,2026-06-15,2027-06-15,\n"
		"6301704003,6201704002,50\n"
		"6401704004,6201704002,60 0001,2026-06-15,,\n"
	"6501704005,,60 0001,,,\n"},

	/* receipts never touch a protection */
	{"subscription ended after, before and within the person", PA_CPR_DELIVERY, PA_CPR_OK, 7,
		START ENDED PERSON ENDED CODE1 ENDED END("00000005"),
	"6101704001,,01 0001,2026-06-15,2027-06-15,\n"},
	{"subscription ended, no person", PA_CPR_DELIVERY, PA_CPR_OK, 4,
	START ENDED ERROR END("00000002"), ""},

	/* bitemporal, with start and end */
	{"bitemporal: short start record", PA_CPR_DELIVERY, PA_CPR_OK, 4,
		SHORT_START B_PERSON CURRENT SHORT_END("00000002"),
	"6101704001,,01" CURRENT_TEXT "\n"},
	{"bitemporal: long start record", PA_CPR_DELIVERY, PA_CPR_OK, 4,
		START B_PERSON CURRENT END("00000002"),
	"6101704001,,01" CURRENT_TEXT "\n"},
	{"bitemporal: receipt before the first person", PA_CPR_DELIVERY, PA_CPR_OK, 5,
		START ENDED B_PERSON CURRENT END("00000003"),
	"6101704001,,01" CURRENT_TEXT "\n"},
	{"bitemporal: nobody", PA_CPR_DELIVERY, PA_CPR_OK, 2, SHORT_START "99900000000", ""},
	{"bitemporal: count wrong", PA_CPR_DELIVERY, PA_CPR_WRONG_COUNT, 4,
	SHORT_START B_PERSON CURRENT SHORT_END("00000003"), ""},
	{"bitemporal: cut off", PA_CPR_DELIVERY, PA_CPR_NO_END, 4, SHORT_START B_PERSON CURRENT, ""},
	{"bitemporal: long end after short start", PA_CPR_DELIVERY, PA_CPR_WRONG_COUNT, 4,
	SHORT_START B_PERSON CURRENT END("00000002"), ""},
	{"bitemporal: short end after long start", PA_CPR_DELIVERY, PA_CPR_BAD_RECORD, 4,
	START B_PERSON CURRENT SHORT_END("00000002"), ""},
	{"bitemporal: short start record with a month 13", PA_CPR_DELIVERY, PA_CPR_BAD_START, 1,
	"00099000120261320\n" B_PERSON SHORT_END("00000001"), ""},
	{"bitemporal: empty line in a delivery", PA_CPR_DELIVERY, PA_CPR_BAD_TYPE, 3,
	SHORT_START B_PERSON "\n" CURRENT SHORT_END("00000002"), ""},

	/* the two layouts never mix */
	{"layouts: bitemporal person second", PA_CPR_DELIVERY, PA_CPR_BAD_RECORD, 3,
	START PERSON B_OTHER END("00000002"), ""},
	{"layouts: bitemporal person first", PA_CPR_DELIVERY, PA_CPR_BAD_RECORD, 3,
	START B_PERSON OTHER END("00000002"), ""},
	{"layouts: 004 below a bitemporal person", PA_CPR_DELIVERY, PA_CPR_BAD_RECORD, 3,
	START B_PERSON CODE1 END("00000002"), ""},
	{"layouts: bitemporal 015 below a person that was cut", PA_CPR_DELIVERY, PA_CPR_BAD_RECORD, 3,
	START PERSON CURRENT END("00000002"), ""},
	{"layouts: bitemporal 016 below a person that was cut", PA_CPR_DELIVERY, PA_CPR_BAD_RECORD, 3,
	START PERSON HISTORIC "\n" END("00000002"), ""},
	{"layouts: parents are no protection", PA_CPR_DELIVERY, PA_CPR_OK, 6,
		START PERSON "01561017040011961-07-07*0000000000\n" "0156101704001          *\n"
	"01561017040010000000000*\n" END("00000004"), "6101704001,,01\n"},
	{"layouts: short start record, person of U12170", PA_CPR_DELIVERY, PA_CPR_BAD_RECORD, 2,
	SHORT_START PERSON SHORT_END("00000001"), ""},
	{"layouts: person too long for U12170 but not bitemporal", PA_CPR_DELIVERY, PA_CPR_BAD_RECORD, 2,
		START "0016101704001          01                                                      "
	"                                                     x\n" END("00000001"), ""},

	/* bitemporal, bare */
	{"bare: one person", PA_CPR_BITEMPORAL, PA_CPR_OK, 2, B_PERSON CURRENT,
	"6101704001,,01" CURRENT_TEXT "\n"},
	{"bare: deleted in 2013, ended in 2016", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
	B_PERSON HISTORIC "\n", "6101704001,,01" HISTORIC_TEXT "\n"},
	{"bare: CRLF, and empty lines between", PA_CPR_BITEMPORAL, PA_CPR_OK, 3,
		B_PERSON "\n\r\n" HISTORIC "\r\n" "\n" "0206101704001x\r\n\n\n",
	"6101704001,,01" HISTORIC_TEXT "\n"},
	{"bare: status and number are where they are here", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
	B_OTHER B_NEW, "6201704002,,05\n6101704001,6201704002,60\n"},
	{"bare: a person twice is one, and what either says protects", PA_CPR_BITEMPORAL, PA_CPR_OK, 5,
		B_PERSON CURRENT B_NEW HISTORIC "\n" B_OTHER,
		"6101704001,6201704002,60" CURRENT_TEXT HISTORIC_TEXT "\n"
	"6201704002,,05\n"},
	{"bare: NEJ protects", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
		B_PERSON "0156101704001000100002001070500001992-01-11NEJ2087-12-13\n",
	"6101704001,,01" CURRENT_TEXT "\n"},
	{"bare: everything but the code blank", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
	B_PERSON "01561017040010001\n", "6101704001,,01 0001,,,\n"},
	{"bare: trimmed within JA", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
		B_PERSON "0156101704001000100002001070500001992-01-11JA\n",
	"6101704001,,01 0001,1992-01-11,,,2001-07-05 00:00,\n"},
	{"bare: zeros for every date", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
		B_PERSON "0156101704001000100000000000000000000-00-00JA 0000000000\n",
	"6101704001,,01 0001,,,\n"},
	{"bare: end recorded, its day blank", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
		B_PERSON "0166101704001000101732008072216112008-07-22JA 2013-07-220001201611031339\n",
	"6101704001,,01 0001,2008-07-22,2013-07-22,2016-11-03,2008-07-22 16:11,2016-11-03 13:39\n"},
	{"bare: end recorded at an unknown time", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
		B_PERSON "0166101704001000101732008072216112008-07-22JA 2013-07-220001201611032099\n",
	"6101704001,,01 0001,2008-07-22,2013-07-22,2016-11-03,2008-07-22 16:11,\n"},
	{"bare: errors and receipts", PA_CPR_BITEMPORAL, PA_CPR_OK, 4,
	B_PERSON ENDED ERROR CURRENT, "6101704001,,01" CURRENT_TEXT "\n"},
	{"bare: type we do not know", PA_CPR_BITEMPORAL, PA_CPR_OK, 2,
	B_PERSON "077whatever it is\n", "6101704001,,01 ?077\n"},
	{"bare: historic without any end", PA_CPR_BITEMPORAL, PA_CPR_BAD_DATE, 2,
	B_PERSON "0166101704001000101732008072216112008-07-22JA 2013-07-22\n", ""},
	{"bare: historic, ends of zeros", PA_CPR_BITEMPORAL, PA_CPR_BAD_DATE, 2,
		B_PERSON "0166101704001000101732008072216112008-07-22JA 2013-07-2200000000000000000000-00-00\n",
	""},
	{"bare: historic, end cut", PA_CPR_BITEMPORAL, PA_CPR_BAD_RECORD, 2,
	B_PERSON HISTORIC "2016-1\n", ""},
	{"bare: historic, end is 31 November", PA_CPR_BITEMPORAL, PA_CPR_BAD_DATE, 2,
	B_PERSON HISTORIC "2016-11-31\n", ""},
	{"bare: historic too long", PA_CPR_BITEMPORAL, PA_CPR_BAD_RECORD, 2,
	B_PERSON HISTORIC "2016-11-03x\n", ""},
	{"bare: current with an end", PA_CPR_BITEMPORAL, PA_CPR_BAD_RECORD, 2,
	B_PERSON "0156101704001000101732008072216112008-07-22JA 2013-07-220001\n", ""},
	{"bare: start recorded at 24:00", PA_CPR_BITEMPORAL, PA_CPR_BAD_DATE, 2,
	B_PERSON "0156101704001000100002001070524001992-01-11JA 2087-12-13\n", ""},
	{"bare: start recorded at 23:60", PA_CPR_BITEMPORAL, PA_CPR_BAD_DATE, 2,
	B_PERSON "0156101704001000100002001070523601992-01-11JA 2087-12-13\n", ""},
	{"bare: marker that is neither JA nor NEJ", PA_CPR_BITEMPORAL, PA_CPR_BAD_CODE, 2,
	B_PERSON "0156101704001000100002001070500001992-01-11XXX2087-12-13\n", ""},
	{"bare: authority of letters", PA_CPR_BITEMPORAL, PA_CPR_BAD_CODE, 2,
	B_PERSON "01561017040010001abcd2001070500001992-01-11JA 2087-12-13\n", ""},
	{"bare: code of letters", PA_CPR_BITEMPORAL, PA_CPR_BAD_CODE, 2,
	B_PERSON "015610170400100X100002001070500001992-01-11JA 2087-12-13\n", ""},
	{"bare: protection of somebody else", PA_CPR_BITEMPORAL, PA_CPR_NO_PERSON, 2,
	B_OTHER CURRENT, ""},
	{"bare: name of somebody else", PA_CPR_BITEMPORAL, PA_CPR_NO_PERSON, 2,
	B_OTHER "0206101704001x\n", ""},
	{"bare: person of U12170", PA_CPR_BITEMPORAL, PA_CPR_BAD_RECORD, 1, PERSON CODE1, ""},
	{"bare: with a start record", PA_CPR_BITEMPORAL, PA_CPR_WRONG_KIND, 1,
	SHORT_START B_PERSON SHORT_END("00000001"), ""},
	{"bare: a delivery", PA_CPR_BITEMPORAL, PA_CPR_WRONG_KIND, 1, START PERSON END("00000001"), ""},
	{"bare: only the end of a delivery", PA_CPR_BITEMPORAL, PA_CPR_WRONG_KIND, 3,
	B_PERSON CURRENT SHORT_END("00000002"), ""},
	{"bare: start record within", PA_CPR_BITEMPORAL, PA_CPR_NO_END, 2, B_PERSON SHORT_START, ""},
	{"bare: last line not whole", PA_CPR_BITEMPORAL, PA_CPR_NO_END, 2, B_PERSON "0156101704001", ""},
	{"bare: last line without its end", PA_CPR_BITEMPORAL, PA_CPR_NO_END, 2, B_PERSON HISTORIC, ""},
	{"bare: first line not whole", PA_CPR_BITEMPORAL, PA_CPR_NO_END, 1, "0016101704001", ""},
	{"bare: empty", PA_CPR_BITEMPORAL, PA_CPR_NO_START, 1, "", ""},
	{"bare: empty line first", PA_CPR_BITEMPORAL, PA_CPR_OK, 1, "\n" B_PERSON, "6101704001,,01\n"},
	{"without end: it is missing", PA_CPR_WITHOUT_END, PA_CPR_OK, 2, START PERSON, "6101704001,,01\n"},
	{"without end: nobody", PA_CPR_WITHOUT_END, PA_CPR_NO_END, 2, START, ""},
	{"bare: not a delivery", PA_CPR_DELIVERY, PA_CPR_NO_START, 1, B_PERSON CURRENT, ""},
};

#define NEXAMPLES ((int) (sizeof(examples) / sizeof(examples[0])))

static Reading reading;
static PaCprParser parser;
static char text[MAX_FILE];

static void
test_example(const Example *e)
{
	bool		equal = read_kind(&reading, e->kind, e->text, strlen(e->text), 0);
	bool		good = equal && reading.verdict == e->verdict && reading.record == e->record &&
	(e->persons == NULL || strcmp(reading.text, e->persons) == 0);

	ok(good, e->name);
	if (!good)
		printf("# verdict %d (not %d), record %llu (not %llu), %s\n# %s\n",
			   (int) reading.verdict, (int) e->verdict,
			   (unsigned long long) reading.record, (unsigned long long) e->record,
			   equal ? "pieces alike" : "pieces differ", reading.text);
}

static void
test_counters(void)
{
	strcpy(text, START ENDED PERSON ENDED CODE1 ERROR "077x\n" END("00000006"));
	ok(read_all(&reading, text, strlen(text), 0) && reading.verdict == PA_CPR_OK &&
	   reading.ended_subscriptions == 2 && reading.error_records == 1 && reading.skipped == 1 &&
	   !reading.bitemporal, "receipts, errors and unknown records are counted");

	strcpy(text, B_PERSON CURRENT B_NEW HISTORIC "\n" B_OTHER);
	ok(read_kind(&reading, PA_CPR_BITEMPORAL, text, strlen(text), 0) && reading.bitemporal &&
	   reading.persons == 2 && reading.called == 2 && reading.records == 5 &&
	   reading.header.task[0] == '\0' && reading.header.produced[0] == '\0',
	   "a bare file has two people, no task and no date");
	ok(read_kind(&reading, PA_CPR_BITEMPORAL, text, strlen(text), 2) &&
	   reading.verdict == PA_CPR_STOPPED, "stopped at the last person of a bare file");

	strcpy(text, "00000000000009900012026112020261131\n" END("00000000"));
	ok(read_all(&reading, text, strlen(text), 0) && reading.verdict == PA_CPR_BAD_START &&
	   reading.header.task[0] == '\0' && reading.header.produced[0] == '\0',
	   "a start record that is refused says nothing");

	strcpy(text, SHORT_START B_PERSON SHORT_END("00000001"));
	ok(read_all(&reading, text, strlen(text), 0) && reading.bitemporal &&
	   strcmp(reading.header.task, "990001") == 0 &&
	   strcmp(reading.header.produced, "2026-11-20") == 0 && reading.header.previous[0] == '\0',
	   "short start record: task and date");
}

/* ---- garbage and size --------------------------------------------------------- */

/* gives_up is true if nothing is read once this has been refused. */
static bool
gives_up(PaCprKind kind, const char *data, size_t len, PaCprVerdict verdict)
{
	static PaCprParser before;

	protaddr_cpr_begin(&parser, kind, NULL, NULL);
	if (protaddr_cpr_feed(&parser, data, len) != verdict)
		return false;
	before = parser;
	/* not a byte of it: there is none */
	return protaddr_cpr_feed(&parser, NULL, SIZE_MAX) == verdict &&
		memcmp(&before, &parser, sizeof(parser)) == 0 &&
		protaddr_cpr_end(&parser) == verdict && memcmp(&before, &parser, sizeof(parser)) == 0;
}

static void
test_garbage(void)
{
	size_t		start = strlen(START);
	uint64_t	seed = 1;
	size_t		i;

	memset(text, 0, sizeof(text));
	ok(gives_up(PA_CPR_DELIVERY, text, sizeof(text), PA_CPR_NO_START) && parser.consumed == 0,
	   "zeros: refused at the first byte");
	ok(gives_up(PA_CPR_BITEMPORAL, text, sizeof(text), PA_CPR_WRONG_KIND) && parser.consumed == 0,
	   "zeros: no bare file either");

	for (i = 0; i < sizeof(text); i++)
	{
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		text[i] = (char) (seed >> 56);
	}
	memcpy(text, START "0", start + 1);
	text[start + 1] = (char) 0xe6;
	memcpy(text + start + 20, "\n", 1);
	memset(text + start + 2, 'x', 18);
	ok(gives_up(PA_CPR_DELIVERY, text, sizeof(text), PA_CPR_BAD_TYPE) &&
	   parser.consumed == start + 21 && parser.offset == start,
	   "noise after the start record: refused at the first record");

	memset(text + start, 'x', sizeof(text) - start);
	ok(gives_up(PA_CPR_DELIVERY, text, sizeof(text), PA_CPR_BAD_RECORD) &&
	   parser.consumed == start, "no line end in a megabyte: refused within one record");
	memset(text + start, '\0', sizeof(text) - start);
	ok(gives_up(PA_CPR_DELIVERY, text, sizeof(text), PA_CPR_BAD_BYTE) &&
	   parser.consumed == start, "hole after the start record: refused within one record");

	protaddr_cpr_begin(&parser, PA_CPR_DELIVERY, NULL, NULL);
	protaddr_cpr_feed(&parser, START, start);
	for (i = 0; i < 10000 && parser.verdict == PA_CPR_OK; i++)
		protaddr_cpr_feed(&parser, "1", 1);
	ok(parser.verdict == PA_CPR_BAD_RECORD && i == PA_CPR_MAX_RECORD,
	   "no line end, byte by byte: refused within one record");
}

/* far_on begins a delivery and has it read 5 GB of records that nobody sees. */
static void
far_on(PaCprKind kind, const char *first, uint64_t records)
{
	protaddr_cpr_begin(&parser, kind, NULL, NULL);
	protaddr_cpr_feed(&parser, first, strlen(first));
	parser.consumed += UINT64_C(5000000000);
	parser.records += records;
	parser.record += records;
}

static void
test_size(void)
{
	uint64_t	at = UINT64_C(5000000000) + strlen(START);

	far_on(PA_CPR_DELIVERY, START, 40000000);
	protaddr_cpr_feed(&parser, PERSON "004610170400X", strlen(PERSON) + 13);
	protaddr_cpr_feed(&parser, "0001\n", 5);
	ok(parser.verdict == PA_CPR_NO_PERSON || parser.verdict == PA_CPR_BAD_PNR, "refused after 5 GB");
	ok(parser.offset == at + strlen(PERSON) && parser.record == 40000003,
	   "its place is right beyond 4 GB");

	far_on(PA_CPR_DELIVERY, START, 40000000);
	protaddr_cpr_feed(&parser, PERSON END("40000001"), strlen(PERSON END("40000001")));
	ok(protaddr_cpr_end(&parser) == PA_CPR_OK && parser.consumed == at + strlen(PERSON END("40000001")),
	   "whole delivery of 5 GB");
	protaddr_cpr_feed(&parser, "   x", 4);
	ok(parser.verdict == PA_CPR_AFTER_END &&
	   parser.offset == at + strlen(PERSON END("40000001")) + 3, "something after 5 GB");

	far_on(PA_CPR_DELIVERY, START, UINT64_C(1) << 32);
	protaddr_cpr_feed(&parser, PERSON END("00000001"), strlen(PERSON END("00000001")));
	ok(parser.verdict == PA_CPR_WRONG_COUNT, "4,294,967,297 records are not one");
}

/* ---- files ------------------------------------------------------------------------ */

static void
test_fixtures(const char *directory)
{
	size_t		len = read_file(directory, "cpr_reply.txt", text);

	ok(read_kind(&reading, PA_CPR_REPLY, text, len, 0) && reading.verdict == PA_CPR_OK &&
	   strcmp(reading.text, "6301704003,,01 0001,2024-02-29,2025-02-28,\n") == 0,
	   "fixture: reply");
	ok(read_all(&reading, text, len, 0) && reading.verdict == PA_CPR_WRONG_COUNT,
	   "fixture: the reply is no delivery");

	len = read_file(directory, "cpr_bitemporal.txt", text);
	ok(read_kind(&reading, PA_CPR_BITEMPORAL, text, len, 0) && reading.verdict == PA_CPR_OK &&
	   reading.persons == 24 && reading.called == 24, "fixture: bitemporal");
	ok(strstr(reading.text, "7904734019,,01 0001,2008-07-22,2013-07-22,2016-11-03,"
			  "2008-07-22 16:11,2016-11-03 13:39\n") != NULL,
	   "fixture: delete date in 2013, end in 2016");
	ok(strstr(reading.text, "7103724011,7203724012,60\n") != NULL, "fixture: number replaced");
}

/* test_replies reads every reply of the register's own, and none as a delivery. */
static void
test_replies(const char *directory)
{
	static Reading extract;
	char		path[4096];
	DIR		   *dir = NULL;
	struct dirent *entry;
	size_t		len = 0;
	int			files = 0;
	int			good = 0;
	int			refused = 0;

	if (directory != NULL)
	{
		snprintf(path, sizeof(path), "%s/cpr/cprbroker/persons", directory);
		dir = opendir(path);
		len = read_file(directory, "cpr/cprbroker/U12170-P_opgavenr_110901_ADRNVN_FE.txt", text);
	}
	if (dir == NULL || len == 0)
	{
		printf("ok %d # SKIP no replies here\n", ++tests);
		printf("ok %d # SKIP no replies here\n", ++tests);
		return;
	}

	read_in_pieces(&extract, PA_CPR_DELIVERY, text, len, len, 0);
	while ((entry = readdir(dir)) != NULL)
	{
		if (strncmp(entry->d_name, "PNR_", 4) != 0)
			continue;
		files++;
		len = read_file(path, entry->d_name, text);
		/* the extract is of the same day, and must say the same of them */
		good += read_kind(&reading, PA_CPR_REPLY, text, len, 0) && reading.verdict == PA_CPR_OK &&
			reading.persons == 1 && memcmp(reading.text, entry->d_name + 4, 10) == 0 &&
			strstr(extract.text, reading.text) != NULL;
		refused += read_all(&reading, text, len, 0) && reading.verdict == PA_CPR_WRONG_COUNT;
	}
	closedir(dir);
	printf("# %d replies, %d right, %d refused as deliveries\n", files, good, refused);
	ok(files == 40 && good == files, "register's own replies say what its extract says");
	ok(refused == files, "none of them is a delivery");
}

static void
test_bitemporal_files(const char *directory)
{
	size_t		len = 0;
	char	   *end;

	if (directory != NULL)
		len = read_file(directory, "cpr/datafordeler/GLBASETEST2", text);
	if (len == 0)
	{
		int			i;

		for (i = 0; i < 5; i++)
			printf("ok %d # SKIP no bitemporal files here\n", ++tests);
		return;
	}

	ok(read_kind(&reading, PA_CPR_BITEMPORAL, text, len, 0) && reading.verdict == PA_CPR_OK &&
	   strcmp(reading.text, "1111111111,,05\n1111111112,,05\n1111111113,,05\n"
			  "1111111110,,05\n1211111111,,01\n") == 0, "GLBASETEST2");

	/* a name stands below the wrong person there, by a slip of who wrote it */
	len = read_file(directory, "cpr/datafordeler/personWithParentRelation.txt", text);
	ok(read_kind(&reading, PA_CPR_BITEMPORAL, text, len, 0) && reading.record == 36 &&
	   reading.verdict == PA_CPR_NO_PERSON, "personWithParentRelation.txt has a slip");
	text[reading.offset + 12] = '6';
	ok(read_kind(&reading, PA_CPR_BITEMPORAL, text, len, 0) && reading.verdict == PA_CPR_OK &&
	   reading.persons == 5 &&
	   strstr(reading.text, "0101171236,,05 0002,1992-01-11,2087-12-13,2018-07-02,"
			  "2001-07-05 00:00,2018-07-01 12:00 0005,1992-01-12,2087-12-13,,2001-07-05 00:00,\n") != NULL,
	   "personWithParentRelation.txt without it");

	/* cut down from a larger one by whoever published it, and so not whole */
	len = read_file(directory, "cpr/datafordeler/persondata.txt", text);
	ok(read_all(&reading, text, len, 0) && reading.verdict == PA_CPR_WRONG_COUNT &&
	   reading.records == 20, "persondata.txt is not whole");
	end = text + len - 11;
	memcpy(end, "99900000020", 11);
	ok(read_all(&reading, text, len, 0) && reading.verdict == PA_CPR_OK && reading.persons == 1 &&
	   strcmp(reading.header.task, "370713") == 0 &&
	   strcmp(reading.header.produced, "2015-02-02") == 0 && reading.called == 1,
	   "persondata.txt with its own count");
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
	test_counters();
	test_garbage();
	test_size();
	test_fixtures(argv[1]);
	test_replies(argc > 2 ? argv[2] : NULL);
	test_bitemporal_files(argc > 2 ? argv[2] : NULL);
	printf("1..%d\n", tests);
	return failures > 0 ? 1 : 0;
}
