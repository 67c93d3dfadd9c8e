/*
 * iso_write_unit.c
 *		Does the XML rewriter write in the place of an address only what may stand
 *		there, in the form of the message's version, and nothing if it does not fit?
 *
 * Prints TAP.  Where the places are has iso_xml_unit.c.
 */
#include "iso_rewriting.h"

#define ISO		"urn:iso:std:iso:20022:tech:xsd:"

static int	tests = 0;
static int	failures = 0;

static void
ok(bool good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

#define TEXT(s) {s, sizeof(s) - 1}

/* replaced gives what stands in the place of an address in a message of this version. */
static const char *
replaced(Rewriting *r, const char *version, const char *address, const char *action)
{
	static char result[65536];
	char		message[16384];
	const char *scope = strncmp(version, "pacs.008", 8) == 0 ? "CdtTrfTxInf" : strncmp(version, "pain.001", 8) == 0 ? "PmtInf" : "X";
	char		head[256];
	char		tail[64];

	snprintf(head, sizeof(head), "<Document xmlns=\"" ISO "%s\"><%s><Dbtr>", version, scope);
	snprintf(tail, sizeof(tail), "</Dbtr></%s></Document>", scope);
	snprintf(message, sizeof(message), "%s%s%s", head, address, tail);
	r->actions = action;
	rewriting_run(r, message, strlen(message), NULL);
	if (r->verdict != PA_MESSAGE_OK || r->in_use != 0 || r->len < strlen(head) + strlen(tail))
		return "refused";
	snprintf(result, sizeof(result), "%.*s",
			 (int) (r->len - strlen(head) - strlen(tail)), r->data + strlen(head));
	return result;
}

/* ---- town and country ------------------------------------------------------------ */

typedef struct Minimum
{
	const char *name;
	const char *address;		/* in PstlAdr */
	const char *minimum;
	const char *country;
} Minimum;

#define CTRY "<Ctry>DK</Ctry>"
#define BOTH "<PstlAdr><TwnNm>By</TwnNm><Ctry>DK</Ctry></PstlAdr>"
#define ONE "<PstlAdr><Ctry>DK</Ctry></PstlAdr>"

static const Minimum minimums[] = {
	{"both", "<StrtNm>S</StrtNm><TwnNm>By</TwnNm>" CTRY, BOTH, ONE},
	{"both, with lines", "<TwnNm>By</TwnNm>" CTRY "<AdrLine>S 1</AdrLine>", BOTH, ONE},
	{"in another order", CTRY "<TwnNm>By</TwnNm>", BOTH, ONE},
	{"blanks around them", "<TwnNm>\n By </TwnNm><Ctry> DK\n</Ctry>", BOTH, ONE},
	{"nothing", "", "", ""},
	{"no town", "<StrtNm>S</StrtNm>" CTRY, "", ONE},
	{"no country", "<TwnNm>By</TwnNm>", "", ""},
	{"an empty town", "<TwnNm></TwnNm>" CTRY, "", ONE},
	{"a blank town", "<TwnNm> </TwnNm>" CTRY, "", ONE},
	{"a town of a postcode", "<TwnNm>8000 By</TwnNm>" CTRY, "", ONE},
	{"a town with a house", "<TwnNm>Vej 7, By</TwnNm>" CTRY, "", ONE},
	{"a town with a digit of another script", "<TwnNm>Vej \331\247</TwnNm>" CTRY, "", ONE},
	{"a town with a semicolon", "<TwnNm>Vej; By</TwnNm>" CTRY, "", ONE},
	{"a town with a slash", "<TwnNm>Vej/By</TwnNm>" CTRY, "", ONE},
	{"a town without a letter", "<TwnNm>-</TwnNm>" CTRY, "", ONE},
	{"a town of two lines", "<TwnNm>Vej\nBy</TwnNm>" CTRY, "", ONE},
	{"a town with a line end of Unicode", "<TwnNm>Vej&#x2028;By</TwnNm>" CTRY, "", ONE},
	{"our own mask", "<TwnNm>[address withheld]</TwnNm>" CTRY, "", ONE},
	{"two towns", "<TwnNm>A</TwnNm><TwnNm>B</TwnNm>" CTRY, "", ONE},
	{"two countries", "<TwnNm>By</TwnNm>" CTRY CTRY, "", ""},
	{"a town elsewhere in it", "<X><TwnNm>By</TwnNm></X>" CTRY, "", ONE},
	{"a country in small letters", "<TwnNm>By</TwnNm><Ctry>dk</Ctry>", "", ""},
	{"a country of three", "<TwnNm>By</TwnNm><Ctry>DNK</Ctry>", "", ""},
	{"a country that is none", "<TwnNm>By</TwnNm><Ctry>D1</Ctry>", "", ""},
	{"a name of an Adr", "<Nm>N</Nm><Adr><StrtNm>S</StrtNm><TwnNm>By</TwnNm>" CTRY "</Adr>",
		"<PstlAdr><Nm>N</Nm><Adr><TwnNm>By</TwnNm>" CTRY "</Adr></PstlAdr>",
	"<PstlAdr><Nm>N</Nm><Adr>" CTRY "</Adr></PstlAdr>"},
	{"an Adr without a town", "<Nm>N</Nm><Adr><AdrLine>S</AdrLine></Adr>",
	"<PstlAdr><Nm>N</Nm><Adr/></PstlAdr>", "<PstlAdr><Nm>N</Nm><Adr/></PstlAdr>"},
};

static void
check_minimum(const char *name, const char *address, const char *action, const char *expected)
{
	Rewriting	r = {0};
	char		whole[8192];
	char		title[256];
	const char *result;
	bool		reduced = strstr(expected, "<Ctry>") != NULL;

	snprintf(whole, sizeof(whole), "<PstlAdr>%s</PstlAdr>", address);
	result = replaced(&r, "pacs.008.001.08", whole, action);
	snprintf(title, sizeof(title), "%s: %s", action[0] == 'm' ? "minimum" : "country", name);
	ok(strcmp(result, expected) == 0 && r.rewritten.places == 1 && r.rewritten.reduced == (reduced ? 1 : 0) &&
	   r.rewritten.withheld == (reduced ? 0 : 1), title);
	if (strcmp(result, expected) != 0)
		printf("# %s\n", result);
	free(r.data);
}

static void
check_minimums(void)
{
	char		town[200];
	char		address[512];

	for (size_t i = 0; i < sizeof(minimums) / sizeof(minimums[0]); i++)
	{
		check_minimum(minimums[i].name, minimums[i].address, "m", minimums[i].minimum);
		check_minimum(minimums[i].name, minimums[i].address, "c", minimums[i].country);
	}
	for (size_t i = 0; i < 4; i++)
	{
		static const char *const version[] = {"pacs.008.001.12", "pacs.008.001.12", "pacs.008.001.08", "pacs.008.001.08"};
		static const int length[] = {140, 141, 35, 36};
		Rewriting	r = {0};
		char		name[64];

		memset(town, 'A', (size_t) length[i]);
		town[length[i]] = '\0';
		snprintf(address, sizeof(address), "<PstlAdr><TwnNm>%s</TwnNm>" CTRY "</PstlAdr>", town);
		snprintf(name, sizeof(name), "a town of %d letters in %s", length[i], version[i]);
		ok(strcmp(replaced(&r, version[i], address, "m"), i % 2 == 0 ? address : "") == 0, name);
		free(r.data);
	}
}

/* ---- substitutes -------------------------------------------------------------------- */

typedef struct Substitute
{
	const char *name;
	const char *version;
	PaAddress	address;
	const char *written;		/* in PstlAdr; NULL: nothing */
} Substitute;

#define HOUSE [PA_STRTNM] = TEXT("Vej"),[PA_BLDGNB] = TEXT("1"),[PA_PSTCD] = TEXT("0001")
#define PLACE [PA_TWNNM] = TEXT("By"),[PA_CTRY] = TEXT("DK")
#define HOUSE_WRITTEN "<StrtNm>Vej</StrtNm><BldgNb>1</BldgNb><PstCd>0001</PstCd>"
#define PLACE_WRITTEN "<TwnNm>By</TwnNm><Ctry>DK</Ctry>"
#define A35 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const Substitute substitutes[] = {
	{"structured", "pacs.008.001.08", {.element = {HOUSE, PLACE}}, HOUSE_WRITTEN PLACE_WRITTEN},
	{"in an old message", "pain.001.001.03", {.element = {HOUSE, PLACE}}, HOUSE_WRITTEN PLACE_WRITTEN},
	{"in a message unknown to us", "pain.998.001.99", {.element = {HOUSE, PLACE}}, HOUSE_WRITTEN PLACE_WRITTEN},
	{"all of PostalAddress27", "pacs.008.001.12",
		{.element = {[PA_ADRTP] = TEXT("HOME"),[PA_CAREOF] = TEXT("C"),[PA_DEPT] = TEXT("D"),[PA_SUBDEPT] = TEXT("E"),[PA_STRTNM] = TEXT("F"),
			[PA_BLDGNB] = TEXT("G"),[PA_BLDGNM] = TEXT("H"),[PA_FLR] = TEXT("I"),[PA_UNITNB] = TEXT("J"),[PA_PSTBX] = TEXT("K"),[PA_ROOM] = TEXT("L"),
			[PA_PSTCD] = TEXT("M"),[PA_TWNNM] = TEXT("N"),[PA_TWNLCTNNM] = TEXT("O"),[PA_DSTRCTNM] = TEXT("P"),[PA_CTRYSUBDVSN] = TEXT("Q"),[PA_CTRY] = TEXT("DK")}},
		"<AdrTp><Cd>HOME</Cd></AdrTp><CareOf>C</CareOf><Dept>D</Dept><SubDept>E</SubDept><StrtNm>F</StrtNm><BldgNb>G</BldgNb><BldgNm>H</BldgNm>"
		"<Flr>I</Flr><UnitNb>J</UnitNb><PstBx>K</PstBx><Room>L</Room><PstCd>M</PstCd><TwnNm>N</TwnNm><TwnLctnNm>O</TwnLctnNm><DstrctNm>P</DstrctNm>"
	"<CtrySubDvsn>Q</CtrySubDvsn><Ctry>DK</Ctry>"},
	{"kind of address in PostalAddress6", "pain.001.001.03", {.element = {[PA_ADRTP] = TEXT("PBOX"), PLACE}}, "<AdrTp>PBOX</AdrTp>" PLACE_WRITTEN},
	{"care of someone in PostalAddress27", "pain.001.001.12", {.element = {[PA_CAREOF] = TEXT("C"), PLACE}}, "<CareOf>C</CareOf>" PLACE_WRITTEN},
	{"and in PostalAddress24: a line", "pain.001.001.09", {.element = {[PA_CAREOF] = TEXT("C"), PLACE}}, PLACE_WRITTEN "<AdrLine>C</AdrLine>"},
	{"and in one unknown to us: nothing", "pain.998.001.99", {.element = {[PA_CAREOF] = TEXT("C"), PLACE}}, NULL},
	{"a floor in PostalAddress24", "camt.053.001.08", {.element = {[PA_FLR] = TEXT("2"), PLACE}}, "<Flr>2</Flr>" PLACE_WRITTEN},
	{"a floor in PostalAddress6", "camt.053.001.02", {.element = {[PA_FLR] = TEXT("2"), PLACE}}, NULL},
	{"a unit in PostalAddress24", "camt.053.001.08", {.element = {[PA_UNITNB] = TEXT("2"), PLACE}}, NULL},
	{"a building in PostalAddress6", "camt.053.001.02", {.element = {[PA_BLDGNM] = TEXT("Huset"), PLACE}}, PLACE_WRITTEN "<AdrLine>Huset</AdrLine>"},
	{"a town of 35 letters in PostalAddress24", "camt.053.001.08", {.element = {[PA_TWNNM] = TEXT(A35),[PA_CTRY] = TEXT("DK")}}, "<TwnNm>" A35 "</TwnNm>" CTRY},
	{"a town of 36", "camt.053.001.08", {.element = {[PA_TWNNM] = TEXT(A35 "A"),[PA_CTRY] = TEXT("DK")}}, NULL},
	{"a town of 36 in PostalAddress27", "camt.053.001.12", {.element = {[PA_TWNNM] = TEXT(A35 "A"),[PA_CTRY] = TEXT("DK")}}, "<TwnNm>" A35 "A</TwnNm>" CTRY},
	{"a street of 71 letters in PostalAddress24", "camt.053.001.08", {.element = {[PA_STRTNM] = TEXT(A35 A35 "A"), PLACE}}, NULL},
	{"hybrid", "pacs.008.001.08", {.element = {PLACE},.line = {TEXT("Vej 1"), TEXT("St.")},.nlines = 2}, PLACE_WRITTEN "<AdrLine>Vej 1</AdrLine><AdrLine>St.</AdrLine>"},
	{"three lines", "pacs.008.001.08", {.element = {PLACE},.line = {TEXT("a"), TEXT("b"), TEXT("c")},.nlines = 3}, NULL},
	{"two lines and one more", "pacs.008.001.08", {.element = {[PA_CAREOF] = TEXT("C"), PLACE},.line = {TEXT("a"), TEXT("b")},.nlines = 2}, NULL},
	{"a line of 71 letters", "pacs.008.001.08", {.element = {PLACE},.line = {TEXT(A35 A35 "A")},.nlines = 1}, NULL},
	{"a line that says the town", "pacs.008.001.08", {.element = {PLACE},.line = {TEXT("0001 BY")},.nlines = 1}, NULL},
	{"a line that says the country", "pacs.008.001.08", {.element = {PLACE},.line = {TEXT("Vej 1, DK")},.nlines = 1}, NULL},
	{"a line with the town in a word", "pacs.008.001.08", {.element = {PLACE},.line = {TEXT("Byvej 1")},.nlines = 1}, PLACE_WRITTEN "<AdrLine>Byvej 1</AdrLine>"},
	{"lines alone", "pacs.008.001.08", {.line = {TEXT("Vej 1")},.nlines = 1}, NULL},
	{"lines alone in PostalAddress6", "pacs.008.001.02", {.line = {TEXT("Vej 1")},.nlines = 1}, "<AdrLine>Vej 1</AdrLine>"},
	{"lines in one unknown to us", "pain.998.001.99", {.element = {PLACE},.line = {TEXT("Vej 1")},.nlines = 1}, NULL},
	{"no town", "pacs.008.001.08", {.element = {HOUSE,[PA_CTRY] = TEXT("DK")}}, NULL},
	{"no country", "pacs.008.001.08", {.element = {HOUSE,[PA_TWNNM] = TEXT("By")}}, NULL},
	{"nothing", "pacs.008.001.08", {.nlines = 0}, NULL},
	{"what XML and ASCII do not have", "pacs.008.001.08", {.element = {[PA_STRTNM] = TEXT("<\303\206&\">\342\202\254\360\237\217\240"), PLACE}},
	"<StrtNm>&#60;&#198;&#38;&#34;&#62;&#8364;&#127968;</StrtNm>" PLACE_WRITTEN},
	{"a control character", "pacs.008.001.08", {.element = {[PA_STRTNM] = TEXT("Vej\n1"), PLACE}}, NULL},
	{"no UTF-8", "pacs.008.001.08", {.element = {[PA_STRTNM] = TEXT("Vej\306"), PLACE}}, NULL},
};

static void
check_substitutes(void)
{
	for (size_t i = 0; i < sizeof(substitutes) / sizeof(substitutes[0]); i++)
	{
		const Substitute *s = &substitutes[i];
		Rewriting	r = {.substitute = &s->address};
		char		expected[4096] = "";
		const char *result = replaced(&r, s->version, "<PstlAdr>x</PstlAdr>", "s");
		bool		good;

		if (s->written != NULL)
			snprintf(expected, sizeof(expected), "<PstlAdr>%s</PstlAdr>", s->written);
		good = strcmp(result, expected) == 0 && r.rewritten.substituted == (s->written != NULL) &&
			r.rewritten.withheld == (s->written == NULL);
		ok(good, s->name);
		if (!good)
			printf("# %s\n", result);
		free(r.data);
	}
	{
		Rewriting	r = {0};

		ok(strcmp(replaced(&r, "pacs.008.001.08", "<PstlAdr>x</PstlAdr>", "s"), "") == 0, "no substitute is none");
		free(r.data);
	}
}

/* ---- birth ------------------------------------------------------------------------------ */

typedef struct Birth
{
	const char *name;
	const char *version;
	const char *before;			/* in Dbtr */
	const char *after;			/* NULL: no birth, the address gone */
} Birth;

#define ADR "<PstlAdr>x</PstlAdr>"
#define BORN "<DtAndPlcOfBirth><BirthDt>1970-01-02</BirthDt><CityOfBirth>&#197;by</CityOfBirth><CtryOfBirth>DK</CtryOfBirth></DtAndPlcOfBirth>"

static const Birth births[] = {
	{"a new Id", "pacs.008.001.08", "<Nm>A</Nm>" ADR "<CtryOfRes>DK</CtryOfRes>", "<Nm>A</Nm><Id><PrvtId>" BORN "</PrvtId></Id><CtryOfRes>DK</CtryOfRes>"},
	{"in a PrvtId", "pacs.008.001.08", ADR " <Id> <PrvtId> <Othr><Id>1</Id></Othr></PrvtId></Id>", " <Id> <PrvtId>" BORN " <Othr><Id>1</Id></Othr></PrvtId></Id>"},
	{"in an empty PrvtId", "pacs.008.001.08", ADR "<Id><PrvtId></PrvtId></Id>", "<Id><PrvtId>" BORN "</PrvtId></Id>"},
	{"in an empty-element PrvtId", "pacs.008.001.08", ADR "<Id><PrvtId a='/' /></Id>", "<Id><PrvtId a='/' >" BORN "</PrvtId></Id>"},
	{"behind Pty's address", "pacs.008.001.08", "<Pty>" ADR "</Pty>", "<Pty><Id><PrvtId>" BORN "</PrvtId></Id></Pty>"},
	{"in PostalAddress6's time", "pain.001.001.03", ADR, "<Id><PrvtId>" BORN "</PrvtId></Id>"},
	{"PrvtId with a prefix of its own", "pacs.008.001.08", ADR "<Id><q:PrvtId xmlns:q=\"" ISO "pacs.008.001.08\"/></Id>",
		"<Id><q:PrvtId xmlns:q=\"" ISO "pacs.008.001.08\"><q:DtAndPlcOfBirth><q:BirthDt>1970-01-02</q:BirthDt><q:CityOfBirth>&#197;by</q:CityOfBirth>"
	"<q:CtryOfBirth>DK</q:CtryOfBirth></q:DtAndPlcOfBirth></q:PrvtId></Id>"},
	{"the address has a prefix of its own, the party not", "pacs.008.001.08", "<q:PstlAdr xmlns:q=\"" ISO "pacs.008.001.08\"/>", "<Id><PrvtId>" BORN "</PrvtId></Id>"},
	{"not of an organisation", "pacs.008.001.08", ADR "<Id><OrgId><LEI>L</LEI></OrgId></Id>", NULL},
	{"not of one that is both", "pacs.008.001.08", ADR "<Id><OrgId/><PrvtId/></Id>", NULL},
	{"not a second one", "pacs.008.001.08", ADR "<Id><PrvtId><DtAndPlcOfBirth><BirthDt>1970-01-02</BirthDt></DtAndPlcOfBirth></PrvtId></Id>", NULL},
	{"not in an Id that has neither", "pacs.008.001.08", ADR "<Id/>", NULL},
	{"not where Id stands first", "pacs.008.001.08", "<Id><PrvtId/></Id>" ADR, NULL},
	{"not in two", "pacs.008.001.08", ADR "<Id><PrvtId/><PrvtId/></Id>", NULL},
	{"not in a version that we do not know", "pain.998.001.99", ADR, NULL},
	{"not in a statement", "camt.053.001.08", ADR, NULL},
};

static void
check_births(void)
{
	static const PaBirth born = {TEXT("1970-01-02"), {NULL, 0}, TEXT("\303\205by"), TEXT("DK")};
	static const PaBirth bad[] = {
		{TEXT("1970-1-2"), {NULL, 0}, TEXT("By"), TEXT("DK")},
		{TEXT("19700102xx"), {NULL, 0}, TEXT("By"), TEXT("DK")},
		{TEXT("1970-01-02"), {NULL, 0}, {NULL, 0}, TEXT("DK")},
		{TEXT("1970-01-02"), {NULL, 0}, TEXT("By"), {NULL, 0}},
		{TEXT("1970-01-02"), {NULL, 0}, TEXT("By"), TEXT("dk")},
		{TEXT("1970-01-02"), TEXT(A35 "A"), TEXT("By"), TEXT("DK")},
		{TEXT("1970-01-02"), {NULL, 0}, TEXT(A35 "A"), TEXT("DK")},
		{TEXT("1970-01-02"), {NULL, 0}, TEXT("By\n"), TEXT("DK")}
	};
	static const PaBirth province = {TEXT("1970-01-02"), TEXT("P"), TEXT("By"), TEXT("DK")};
	int			wrong = 0;
	Rewriting	r = {0};

	for (size_t i = 0; i < sizeof(births) / sizeof(births[0]); i++)
	{
		const Birth *b = &births[i];
		const char *result;
		char		expected[4096];
		bool		good;

		r.birth = &born;
		result = replaced(&r, b->version, b->before, "b");
		if (b->after != NULL)
			snprintf(expected, sizeof(expected), "%s", b->after);
		else
		{
			const char *address = strstr(b->before, ADR);

			snprintf(expected, sizeof(expected), "%.*s%s", (int) (address - b->before), b->before, address + strlen(ADR));
		}
		good = strcmp(result, expected) == 0 && r.rewritten.births == (b->after != NULL);
		ok(good, b->name);
		if (!good)
			printf("# %s\n", result);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		r.birth = &bad[i];
		wrong += strcmp(replaced(&r, "pacs.008.001.08", ADR, "b"), "") != 0 || r.rewritten.births != 0;
	}
	ok(wrong == 0, "no birth that the message could not have");
	r.birth = &province;
	ok(strstr(replaced(&r, "pacs.008.001.08", ADR, "b"), "</BirthDt><PrvcOfBirth>P</PrvcOfBirth><CityOfBirth>By<") != NULL, "a province, in its place");
	free(r.data);
}

int
main(int argc, char **argv)
{
	check_minimums();
	check_substitutes();
	check_births();
	printf("1..%d\n", tests);
	return failures > 0;
}
