/*
 * swift_mt_unit.c
 *		Does the rewriter of SWIFT MT text find every address of a person, put in its
 *		place what was decided, and leave every other byte as it is?
 *
 * Prints TAP.
 */
#include "rewriting.h"

#define HEAD	"{1:F01BANKDKKKAXXX0000000000}{2:I103BANKDEFFXXXXN}{3:{108:TEST}}{4:\r\n"
#define TAIL	"-}{5:{CHK:0123456789AB}}"
#define START	":20:REF1\r\n:23B:CRED\r\n:32A:260801EUR1250,5\r\n"
#define END		":71A:SHA\r\n"
#define PAYEE	":59:/DE02\r\nOPDIGTET GMBH\r\n"
#define PAYER_K ":50K:/DK5000400440116243\r\nDUMMY PERSON\r\nKANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n"
#define PAYER_F ":50F:/DK5000400440116243\r\n1/DUMMY PERSON\r\n2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n"
#define ONE(body) HEAD START body END TAIL

/* What a line of town gives. */
#define TOWN(name, line, kept) \
	{name, ONE(":50F:/DK50\r\n1/A\r\n3/" line "\r\n"), "M", \
	{"3/" line "\r\n", "3/" kept "\r\n"}, NULL, "1 0 1 0 0"}

static const Example examples[] = {
	/* free lines */
	{"50K withheld", ONE(PAYER_K PAYEE), "W",
		{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", ""},
		"1250.5 EUR DK5000400440116243>DE02\n"
		"Dbtr|DUMMY PERSON|DK5000400440116243|/\n",
	"1 1 0 0 0"},
	{"50K has no town", ONE(PAYER_K), "M",
	{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", ""}, NULL, "1 1 0 0 0"},
	{"50K has no country", ONE(PAYER_K), "C",
	{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", ""}, NULL, "1 1 0 0 0"},
	{"50K substituted", ONE(PAYER_K), "S",
		{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", "Poestboks 2820, 9998 Erstatningsby\r\nDK\r\n"},
	NULL, "1 0 0 1 0"},
	{"50K takes no birth", ONE(PAYER_K), "w",
	{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", ""}, NULL, "1 1 0 0 0"},
	{"50K without account", ONE(":50K:DUMMY PERSON\r\nTESTVEJ 1\r\n"), "W",
	{"TESTVEJ 1\r\n", ""}, "1250.5 EUR >\nDbtr|DUMMY PERSON||/\n", NULL},
	{"50 without option", ONE(":50:DUMMY PERSON\r\nTESTVEJ 1\r\n"), "W",
	{"TESTVEJ 1\r\n", ""}, NULL, "1 1 0 0 0"},
	{"50H", ONE(":50H:/DK50\r\nDUMMY PERSON\r\nTESTVEJ 1\r\n"), "W",
	{"TESTVEJ 1\r\n", ""}, NULL, "1 1 0 0 0"},
	{"59", ONE(":59:/DE02\r\nDUMMY PERSON\r\nTESTVEJ 1\r\n"), "W",
	{"TESTVEJ 1\r\n", ""}, "1250.5 EUR >DE02\nCdtr|DUMMY PERSON|DE02|/\n", "1 1 0 0 0"},
	{"a name alone is no place", ONE(":50K:/DK50\r\nDUMMY PERSON\r\n" PAYEE), "W",
	{NULL}, "", "0 0 0 0 0"},
	{"a name too long goes", ONE(":50K:/DK50\r\nDUMMY PERSON KANARIEGADE 8 9999 TESTBY\r\n"), "W",
		{"DUMMY PERSON KANARIEGADE 8 9999 TESTBY", "NOTPROVIDED"},
	"1250.5 EUR DK50>\nDbtr||DK50|/\n", "1 1 0 0 0"},
	{"a name too long on the tag's line", ONE(":50K:DUMMY PERSON KANARIEGADE 8 9999 TESTBY\r\n"), "W",
	{"DUMMY PERSON KANARIEGADE 8 9999 TESTBY", "NOTPROVIDED"}, NULL, NULL},
	{"an account of 35 characters", ONE(":50K:/DK50004004401162430123456789012345\r\nDUMMY PERSON\r\n"), "W",
	{NULL}, NULL, "0 0 0 0 0"},
	{"a line of 36 characters in the account's place",
		ONE(":50K:/DK5000400440116243 KANARIEGADE 8 99\r\nDUMMY PERSON\r\n"), "W",
	{"/DK5000400440116243 KANARIEGADE 8 99\r\n", ""},
		"1250.5 EUR DK5000400440116243>\nDbtr|DUMMY PERSON|DK5000400440116243,DK5000400440116243 KANARIEGADE 8 99|/\n", "1 1 0 0 0"},
	{"35 characters are counted, not bytes",
		ONE(":50K:/DK50\r\n\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98"
			"\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\xc3\x98\r\nVEJ\r\n"), "W",
	{"VEJ\r\n", ""}, NULL, "1 1 0 0 0"},
	{"nothing on the tag's line", ONE(":50K:\r\nDUMMY PERSON\r\nTESTVEJ 1\r\n"), "W",
	{":50K:\r\nDUMMY PERSON\r\nTESTVEJ 1\r\n", ":50K:NOTPROVIDED\r\n"},
		"1250.5 EUR >\nDbtr|DUMMY PERSON||/\n", "1 1 0 0 0"},
	{"the address on the name's line", ONE(":50K:/DK50\r\nKANARIEGADE 2\r\n8000 AARHUS\r\n"), "W",
		{"KANARIEGADE 2\r\n8000 AARHUS\r\n", "NOTPROVIDED\r\n"},
	"1250.5 EUR DK50>\nDbtr|KANARIEGADE 2|DK50|/\n", "1 1 0 0 0"},
	{"the address on the name's line alone", ONE(":59:/DK50\r\nKANARIEGADE 2\r\n"), "S",
		{"KANARIEGADE 2\r\n", "NOTPROVIDED\r\nPoestboks 2820, 9998 Erstatningsby\r\nDK\r\n"},
	NULL, "1 0 0 1 0"},
	{"a number of another script in the name", ONE(":59:/DK50\r\nKANARIEGADE \xd9\xa2\r\n"), "W",
	{"KANARIEGADE \xd9\xa2\r\n", "NOTPROVIDED\r\n"}, NULL, "1 1 0 0 0"},
	{"nothing and an address", ONE(":59:\r\nKANARIEGADE 2\r\n"), "W",
	{":59:\r\nKANARIEGADE 2\r\n", ":59:NOTPROVIDED\r\n"}, NULL, "1 1 0 0 0"},
	{"nothing and an account", ONE(":50K:\r\n/DK50\r\nDUMMY PERSON\r\nTESTVEJ 1\r\n"), "W",
		{":50K:\r\n/DK50\r\nDUMMY PERSON\r\nTESTVEJ 1\r\n", ":50K:NOTPROVIDED\r\n"},
	"1250.5 EUR DK50>\nDbtr|DUMMY PERSON|DK50|/\n", "1 1 0 0 0"},
	{"an empty line behind the account", ONE(":50K:/DK50\r\n\r\nKANARIEGADE 2\r\n"), "W",
	{"/DK50\r\n\r\nKANARIEGADE 2\r\n", "/DK50\r\nNOTPROVIDED\r\n"}, NULL, "1 1 0 0 0"},
	{"the address behind the account", ONE(":50K:/DK5001 KANARIEGADE 2\r\nDUMMY PERSON\r\n"), "W",
		{"/DK5001 KANARIEGADE 2\r\n", ""},
	"1250.5 EUR DK5001>\nDbtr|DUMMY PERSON|DK5001,DK5001 KANARIEGADE 2|/\n", "1 1 0 0 0"},
	{"the address behind the account's slash", ONE(":59:/C/DK5001/KANARIEGADE 2\r\nDUMMY PERSON\r\n"), "W",
		{"/C/DK5001/KANARIEGADE 2\r\n", ""},
	"1250.5 EUR >DK5001\nCdtr|DUMMY PERSON|DK5001,C/DK5001/KANARIEGADE 2,KANARIEGADE 2|/\n", "1 1 0 0 0"},
	{"the address for the account", ONE(":59:/KANARIEGADE 2\r\nDUMMY PERSON\r\n"), "W",
	{"/KANARIEGADE 2\r\n", ""}, NULL, "1 1 0 0 0"},
	{"the address behind the number", ONE(":50F:NIDN/DK/0101701234 KANARIEGADE 2\r\n1/A\r\n"), "W",
		{"NIDN/DK/0101701234 KANARIEGADE 2\r\n", ""},
	"1250.5 EUR 0101701234>\nDbtr|A|0101701234,0101701234 KANARIEGADE 2|/ b\n", "1 1 0 0 0"},
	{"the address for the issuer", ONE(":50F:CUST/DK/KANARIEGADE 2/77777\r\n1/A\r\n"), "W",
	{"CUST/DK/KANARIEGADE 2/77777\r\n", ""}, "1250.5 EUR 77777>\nDbtr|A|77777|/ b\n", "1 1 0 0 0"},
	{"the address as a number", ONE(":50F:/DK50\r\n1/A\r\n6/DK/KANARIEGADE 2/77777\r\n7/DK/KANARIEGADE 2\r\n"), "W",
		{"6/DK/KANARIEGADE 2/77777\r\n7/DK/KANARIEGADE 2\r\n", ""},
	"1250.5 EUR DK50>\nDbtr|A|DK50,77777,KANARIEGADE 2|/ b\n", "1 1 0 0 0"},
	{"an issuer of words", ONE(":50F:CUST/DK/BANKEN AF TEST/77777\r\n1/A\r\n2/B\r\n6/DK/BANKEN AF TEST/88888\r\n"), "W",
	{"2/B\r\n", ""}, "1250.5 EUR 77777>\nDbtr|A|77777,88888|/ b\n", "1 1 0 0 0"},
	{"the address as a place of birth", ONE(":50F:/DK50\r\n1/A\r\n4/19700101\r\n5/DK/KANARIEGADE 2\r\n"), "W",
	{"5/DK/KANARIEGADE 2\r\n", ""}, NULL, "1 1 0 0 0"},
	{"an account in groups", ONE(":50K:/GB29 NWBK 6016 1331 9268 19\r\nDUMMY PERSON\r\nTESTVEJ 1\r\n"), "W",
		{"TESTVEJ 1\r\n", ""},
	"1250.5 EUR GB29 NWBK 6016 1331 9268 19>\nDbtr|DUMMY PERSON|GB29 NWBK 6016 1331 9268 19|/\n", "1 1 0 0 0"},
	{"a slash in the name's place", ONE(":50K:/DK50\r\n/TESTVEJ 1\r\nTESTBY\r\n"), "W",
	{"/TESTVEJ 1\r\nTESTBY\r\n", "NOTPROVIDED\r\n"}, NULL, "1 1 0 0 0"},
	{"debit and credit before an account", ONE(":50K:/C/12345\r\nA\r\nB\r\n"), "W",
	{"B\r\n", ""}, "1250.5 EUR C/12345>\nDbtr|A|C/12345,12345|/\n", NULL},

	/* numbered lines */
	{"50F withheld", ONE(PAYER_F), "W",
		{"2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n", ""},
		"1250.5 EUR DK5000400440116243>\n"
		"Dbtr|DUMMY PERSON|DK5000400440116243|TESTBY/DK b\n",
	"1 1 0 0 0"},
	{"50F down to town and country", ONE(PAYER_F), "M",
	{"2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n", "3/DK/TESTBY\r\n"}, NULL, "1 0 1 0 0"},
	{"50F down to country", ONE(PAYER_F), "C",
	{"2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n", "3/DK\r\n"}, NULL, "1 0 1 0 0"},
	{"50F substituted", ONE(PAYER_F), "S",
		{"2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n",
	"2/Poestboks 2820\r\n3/DK/9998 Erstatningsby\r\n"}, NULL, "1 0 0 1 0"},
	{"50F with a birth", ONE(PAYER_F), "w",
		{"2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n", "4/19700102\r\n5/DK/Foedeby\r\n"},
	NULL, "1 1 0 0 1"},
	{"birth behind the town", ONE(PAYER_F), "m",
		{"2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n", "3/DK/TESTBY\r\n4/19700102\r\n5/DK/Foedeby\r\n"},
	NULL, "1 0 1 0 1"},
	{"no room for a birth behind a substitute", ONE(PAYER_F), "s",
		{"2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n",
	"2/Poestboks 2820\r\n3/DK/9998 Erstatningsby\r\n"}, NULL, "1 0 0 1 0"},
	{"no room for a birth behind what is kept", ONE(PAYER_F), "k", {NULL}, NULL, "1 0 0 0 0"},
	{"a birth behind what is kept", ONE(":50F:/DK50\r\n1/A\r\n3/DK/TESTBY\r\n"), "k",
	{"3/DK/TESTBY\r\n", "3/DK/TESTBY\r\n4/19700102\r\n5/DK/Foedeby\r\n"}, NULL, "1 0 0 0 1"},
	{"a birth that is there stays", ONE(":50F:/DK50\r\n1/A\r\n2/B\r\n4/19700102\r\n5/DK/C\r\n"), "w",
	{"2/B\r\n", ""}, "1250.5 EUR DK50>\nDbtr|A|DK50|/\n", "1 1 0 0 0"},
	{"everything before numbers of the customer", ONE(":50F:/DK50\r\n1/A\r\n2/B\r\n6/DK/BANK/77\r\n"), "w",
		{"2/B\r\n", "4/19700102\r\n5/DK/Foedeby\r\n"},
	"1250.5 EUR DK50>\nDbtr|A|DK50,77|/ b\n", "1 1 0 0 1"},
	{"codes of the party", ONE(":50F:NIDN/DK/0101701234\r\n1/A\r\n3/DK/B\r\n"), "C",
	{"3/DK/B\r\n", "3/DK\r\n"}, "1250.5 EUR 0101701234>\nDbtr|A|0101701234|B/DK b\n", NULL},
	{"codes with an issuer", ONE(":50F:CUST/DK/BANK/77/8\r\n1/A\r\n3/DK/BY\r\n"), "M",
	{NULL}, "1250.5 EUR 77/8>\nDbtr|A|77/8|BY/DK b\n", "1 0 1 0 0"},
	{"numbers that go on in 8", ONE(":50F:/DK50\r\n1/A\r\n3/DK/BY\r\n7/DK/010170\r\n8/1234\r\n"), "C",
		{"3/DK/BY\r\n", "3/DK\r\n", "8/1234\r\n", ""},
	"1250.5 EUR DK50>\nDbtr|A|DK50,010170,0101701234|BY/DK b\n", "1 0 1 0 0"},
	{"8 alone is no address", ONE(":50F:NIDN/DK/010170\r\n1/A\r\n8/1234\r\n"), "W", {NULL}, "", NULL},
	{"8 behind nothing is an address", ONE(":50F:/DK50\r\n1/A\r\n8/TESTVEJ 1\r\n"), "W",
	{"8/TESTVEJ 1\r\n", ""}, NULL, "1 1 0 0 0"},
	{"two names", ONE(":50F:/DK50\r\n1/A\r\n1/B\r\n2/C\r\n"), "W", {"2/C\r\n", ""}, NULL, NULL},
	{"an address as second name", ONE(":50F:/DK50\r\n1/A\r\n1/KANARIEGADE 2\r\n3/DK/BY\r\n"), "C",
		{"1/KANARIEGADE 2\r\n3/DK/BY\r\n", "3/DK\r\n"},
	"1250.5 EUR DK50>\nDbtr|A|DK50|BY/DK b\n", "1 0 1 0 0"},
	{"an address as second name alone", ONE(":59F:/DK50\r\n1/A\r\n1/KANARIEGADE 2\r\n"), "W",
	{"1/KANARIEGADE 2\r\n", ""}, NULL, "1 1 0 0 0"},
	{"an address as name", ONE(":50F:/DK50\r\n1/KANARIEGADE 2\r\n1/AARHUS\r\n6/DK/X/1\r\n"), "W",
		{"1/KANARIEGADE 2\r\n1/AARHUS\r\n", "1/NOTPROVIDED\r\n"},
	"1250.5 EUR DK50>\nDbtr|KANARIEGADE 2|DK50,1|/ b\n", "1 1 0 0 0"},
	{"nothing and an account before numbers", ONE(":50F:\r\n/DK50\r\n1/A\r\n2/B\r\n"), "W",
		{":50F:\r\n/DK50\r\n1/A\r\n2/B\r\n", ":50F:1/A\r\n"},
	"1250.5 EUR DK50>\nDbtr|A|DK50|/ b\n", "1 1 0 0 0"},
	{"three names", ONE(":50F:/DK50\r\n1/A\r\n1/B\r\n1/C\r\n"), "W", {"1/C\r\n", ""}, NULL, NULL},
	{"name behind the address", ONE(":50F:/DK50\r\n1/A\r\n2/B\r\n1/C\r\n"), "W", {"2/B\r\n1/C\r\n", ""}, NULL, NULL},
	{"the address alone", ONE(":50F:/DK50\r\n2/B\r\n"), "W", {"2/B\r\n", "1/NOTPROVIDED\r\n"}, NULL, NULL},
	{"the address on the tag's line", ONE(":59F:2/B\r\n3/DK/C\r\n"), "C",
	{"2/B\r\n3/DK/C\r\n", "1/NOTPROVIDED\r\n3/DK\r\n"}, NULL, NULL},
	{"a line without its number", ONE(":50F:/DK50\r\n1/A\r\nTESTVEJ 1\r\n6/DK/X/1\r\n"), "W",
	{"TESTVEJ 1\r\n", ""}, NULL, "1 1 0 0 0"},
	{"a birth that is none", ONE(":50F:/DK50\r\n1/A\r\n4/TESTVEJ 1\r\n"), "W", {"4/TESTVEJ 1\r\n", ""}, NULL, NULL},
	{"a place of birth without its date", ONE(":50F:/DK50\r\n1/A\r\n5/DK/TESTVEJ 1\r\n"), "W",
	{"5/DK/TESTVEJ 1\r\n", ""}, NULL, NULL},
	{"a number of no country", ONE(":50F:/DK50\r\n1/A\r\n6/TESTVEJ 1\r\n"), "W", {"6/TESTVEJ 1\r\n", ""}, NULL, NULL},
	{"a number twice", ONE(":50F:/DK50\r\n1/A\r\n7/DK/1\r\n7/DK/TESTVEJ 1\r\n"), "W",
		{"7/DK/TESTVEJ 1\r\n", ""},
	"1250.5 EUR DK50>\nDbtr|A|DK50,1,TESTVEJ 1|/ b\n", NULL},
	{"a town of no country", ONE(":50F:/DK50\r\n1/A\r\n3/TESTBY\r\n"), "C", {"3/TESTBY\r\n", ""}, NULL, "1 1 0 0 0"},
	{"a town that goes on", ONE(":50F:/DK50\r\n1/A\r\n3/DK/BY\r\n3/VEJ 1\r\n"), "M", {"3/VEJ 1\r\n", ""}, NULL, NULL},
	{"59F", ONE(":59F:/DE02\r\n1/A\r\n2/B 1\r\n3/DE/10115 BY\r\n"), "M",
		{"2/B 1\r\n3/DE/10115 BY\r\n", "3/DE/BY\r\n"},
	"1250.5 EUR >DE02\nCdtr|A|DE02|BY/DE\n", "1 0 1 0 0"},
	{"59F has no number above 3", ONE(":59F:/DE02\r\n1/A\r\n6/DE/X/1\r\n"), "W", {"6/DE/X/1\r\n", ""}, NULL, NULL},
	{"no account in 59F", ONE(":59F:1/A\r\n2/B\r\n3/DE/BY\r\n"), "M", {"2/B\r\n", ""}, NULL, NULL},

	/* towns */
	TOWN("postcode before", "DK/8000 AARHUS C", "DK/AARHUS C"),
	TOWN("postcode with its country", "DK/DK-8000 AARHUS C", "DK/AARHUS C"),
	TOWN("postcode of two words", "SE/114 55 STADEN", "SE/STADEN"),
	TOWN("postcode behind", "US/NEW TOWN, NY 10017", "US/NEW TOWN"),
	TOWN("state of another country", "DK/TESTVEJ, BY", "DK"),
	TOWN("number of another script", "DK/KANARIEGADE \xd9\xa2", "DK"),
	TOWN("letters of another script", "GR/\xce\x91\xce\x98\xce\x97\xce\x9d\xce\x91", "GR/\xce\x91\xce\x98\xce\x97\xce\x9d\xce\x91"),
	TOWN("comma of another width", "JP/TESTVEJ\xef\xbc\x8c" "BY", "JP"),
	TOWN("no letter", "DK/(-)", "DK"),
	TOWN("no postcode", "FR/SAINT-TEST (NORD)", "FR/SAINT-TEST (NORD)"),
	TOWN("street before the postcode", "DK/TESTVEJ 12 8000 BY", "DK"),
	TOWN("street and number alone", "DK/TESTVEJ 12", "DK"),
	TOWN("number before a street", "GB/12 HIGH STREET", "GB"),
	TOWN("street and town", "DK/TESTVEJ, BY", "DK"),
	TOWN("nothing but a postcode", "DK/8000", "DK"),
	TOWN("slash", "DK/BY/VEJ", "DK"),

	/* fields without an address */
	{"BICs", ONE(":50A:/DK50\r\nBANKDKKKXXX\r\n:59A:/DE02\r\nBANKDEFF\r\n"), "W", {NULL}, "", "0 0 0 0 0"},
	{"accounts beside BICs count", ONE(":50A:/DK50\r\nBANKDKKKXXX\r\n:59:/DE02\r\nA\r\nB\r\n"), "K", {NULL},
	"1250.5 EUR DK50>DE02\nCdtr|A|DE02|/\n", NULL},
	{"agents and free text stay", ONE(":52D:/1\r\nBANK\r\nBANKVEJ 1\r\n:70:KANARIEGADE 8\r\n- X\r\n" PAYEE), "W", {NULL}, "", NULL},
	{"second amount", HEAD ":20:R\r\n:33B:DKK77,\r\n" PAYER_K TAIL, "K", {NULL},
	"77 DKK DK5000400440116243>\nDbtr|DUMMY PERSON|DK5000400440116243|/\n", NULL},
	{"settlement amount before the instructed one",
		HEAD ":20:R\r\n:33B:DKK77,\r\n:32B:EUR10,25\r\n:33B:DKK77,\r\n" PAYER_K TAIL, "K", {NULL},
	"10.25 EUR DK5000400440116243>\nDbtr|DUMMY PERSON|DK5000400440116243|/\n", NULL},
	{"two amounts", HEAD ":20:R\r\n:32B:DKK77,\r\n:32B:EUR10,25\r\n" PAYER_K TAIL, "K", {NULL},
	"  DK5000400440116243>\nDbtr|DUMMY PERSON|DK5000400440116243|/\n", NULL},
	{"an amount that is none", HEAD ":20:R\r\n:32A:260801EUR12.50\r\n" PAYER_K TAIL, "K", {NULL},
	"  DK5000400440116243>\nDbtr|DUMMY PERSON|DK5000400440116243|/\n", NULL},
	{"two payers", ONE(":50K:/1\r\nA\r\nB\r\n:50K:/2\r\nA\r\nB\r\n"), "WK", {"B\r\n", ""},
	"1250.5 EUR >\nDbtr|A|1|/\nDbtr|A|2|/\n", NULL},

	/* units and messages */
	{"MT101, a payer of all",
		"{1:F01BANKDKKKAXXX0000000000}{2:I101BANKDEFFXXXXN}{4:\n:20:R\n:28D:1/1\n:50H:/DK50\nA\nVEJ 1\n:30:260801\n"
		":21:T1\n:32B:EUR10,\n:59:/DE02\nB\nVEJ 2\n:71A:SHA\n"
		":21:T2\n:32B:EUR20,\n:50H:/DK60\nC\nVEJ 3\n:59:/DE03\nD\nVEJ 4\n:71A:SHA\n-}", "WKWMS",
		{"VEJ 1\n", "", "VEJ 3\n", "", "VEJ 4\n", ""},
		"  DK50>\nDbtr|A|DK50|/\n"
		"10 EUR DK50>DE02\nCdtr|B|DE02|/\n"
		"20 EUR DK60>DE03\nDbtr|C|DK60|/\nCdtr|D|DE03|/\n", "4 3 0 0 0"},
	{"MT104, the payer is the beneficiary",
		"{1:F01BANKDKKKAXXX0000000000}{2:I104BANKDEFFXXXXN}{4:\n:20:R\n:21:T1\n:32B:EUR10,\n"
		":50K:/DK50\nA\nVEJ 1\n:59:/DE02\nB\nVEJ 2\n-}", "WW", {"VEJ 1\n", "", "VEJ 2\n", ""},
	"10 EUR DE02>DK50\nCdtr|A|DK50|/\nDbtr|B|DE02|/\n", NULL},
	{"MT107 as it is received, the creditor of all first",
		"{1:F01BANKDKKKAXXX0000000000}{2:O1071130260801BANKDEFFAXXX00000000002608011130N}{4:\n:20:R\n:30:260801\n"
		":50K:/DK50\nA\nVEJ 1\n:71A:SHA\n:21:T1\n:23E:AUTH\n:32B:EUR10,\n:59:/DE02\nB\nVEJ 2\n:33B:EUR10,\n:71F:EUR1,\n"
		":21:T2\n:21C:MANDATE\n:32B:EUR20,\n:59:/DE03\nC\nVEJ 3\n:32B:EUR30,\n:19:30,\n:53A:BANKDEFF\n-}", "WWK",
		{"VEJ 1\n", "", "VEJ 2\n", ""},
	"  >DK50\nCdtr|A|DK50|/\n10 EUR DE02>\nDbtr|B|DE02|/\n  DE03>\nDbtr|C|DE03|/\n", "3 2 0 0 0"},
	{"a message without type behind an MT104", "{1:F01X}{2:I104BANKDEFFXXXXN}{4:\n:20:R\n-}{1:F01X}{4:\n:20:R\n:59:/DE02\nB\nVEJ 2\n-}", "W",
	{"VEJ 2\n", ""}, "  >DE02\nCdtr|B|DE02|/\n", NULL},
	{"MT202COV", "{1:F01BANKDKKKAXXX0000000000}{2:I202BANKDEFFXXXXN}{3:{119:COV}}{4:\n:20:R\n:21:U\n:32A:260801EUR10,\n"
		":58A:BANKDEFF\n:50K:/DK50\nA\nVEJ 1\n:59:/DE02\nB\nVEJ 2\n:33B:EUR9,\n-}", "WW",
		{"VEJ 1\n", "", "VEJ 2\n", ""},
	"10 EUR DK50>DE02\nDbtr|A|DK50|/\nCdtr|B|DE02|/\n", NULL},
	{"bare text", ":20:R\n:25:DK50\n:50K:/DK50\nA\nVEJ 1", "W", {"VEJ 1", ""}, NULL, NULL},
	{"bare text of several messages", ":20:R\n:50K:/DK50\nA\nVEJ 1\n:20:S\n:59:A\nVEJ 2\n-\n\n:20:T\n:59:A\nVEJ 3\n-}\n", "W",
		{"VEJ 1\n", "", "VEJ 2\n", "", "VEJ 3\n", ""},
	"  DK50>\nDbtr|A|DK50|/\n  >\nCdtr|A||/\n  >\nCdtr|A||/\n", "3 3 0 0 0"},
	{"several messages in blocks", ONE(PAYER_K) "\r\n$" ONE(PAYER_F) "\r\n", "WC",
		{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", "", "2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n", "3/DK\r\n"},
	NULL, "2 1 1 0 0"},
	{"what the network says before the message",
		"{1:F21BANKDKKKAXXX0000000000}{4:{177:2608011200}{451:0}}" ONE(PAYER_K), "W",
	{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", ""}, NULL, NULL},
	{"what the network says alone", "{1:F21BANKDKKKAXXX0000000000}{4:{177:2608011200}{451:0}}", "W", {NULL}, "", NULL},
	{"UTF-8's mark", "\xef\xbb\xbf:20:R\n:50K:A\nVEJ 1\n", "W", {"VEJ 1\n", ""}, NULL, NULL},
	{"blocks of a message as it is",
		"{1:F01BANKDKKKAXXX0000000000}{2:O1031130260801BANKDEFFAXXX00000000002608011130N}"
		"{3:{113:NNNN}{108:PAYROLL 2026/08}{119:STP}{111:001}{121:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d}"
		"{165:/ABC/INFORMATION OF A SERVICE}{433:/AOK/SCREENED}}{4:\r\n" START PAYER_K PAYEE END
		"-}{5:{MAC:00000000}{CHK:0123456789AB}{PDE:1130260801BANKDKKKAXXX0000000000}\r\n{TNG:}}{S:{SAC:}{COP:P}{MDG:0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF}}", "W",
	{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", ""}, NULL, "1 1 0 0 0"},
	{"an MT103 with all its fields",
		HEAD ":20:REF 10:50:30\r\n:13C:/SNDTIME/1130+0200\r\n:23B:CRED\r\n:23E:PHOB/+45 12345678\r\n:26T:K90\r\n"
		":32A:260801EUR1250,5\r\n:33B:DKK9300,\r\n:36:7,44\r\n" PAYER_F
		":51A:BANKDKKK\r\n:52A:/DK60\r\nBANKDKKKXXX\r\n:53B:/DE05\r\nBY\r\n:54A:BANKGB2L\r\n:56D:/FW021000000\r\nBANK OF TEST\r\n1 TEST STREET\r\n"
		":57D://AT10000\r\nBANK OF TEST\r\nTESTVEJ 1\r\n" PAYEE
		":70:/RFB/INVOICE 12\r\n12:30 TODAY\r\n50: IS NO TAG\r\n:71A:SHA\r\n:71F:EUR1,\r\n:71G:EUR2,\r\n"
		":72:/INS/BANKDKKK\r\n//MORE\r\n:77B:/ORDERRES/DK//X\r\n" TAIL, "W",
	{"2/KANARIEGADE 8\r\n3/DK/9999 TESTBY\r\n", ""}, NULL, "1 1 0 0 0"},
	{"an MT101 with all its fields",
		"{1:F01BANKDKKKAXXX0000000000}{2:I101BANKDEFFXXXXN}{4:\n:20:R\n:21R:CUSTREF\n:28D:1/1\n:50L:CHILD\n:50H:/DK50\nA\nVEJ 1\n:52A:BANKDKKK\n"
		":30:260801\n:25:AUTH\n:21:T1\n:21F:FX1\n:23E:URGP\n:32B:EUR10,\n:57A:BANKDEFF\n:59F:/DE02\n1/B\n2/VEJ 2\n3/DE/BY\n:70:X\n:77B:Y\n:33B:DKK75,\n"
		":71A:SHA\n:25A:/DK51\n:36:7,44\n-}", "W",
		{"VEJ 1\n", "", "2/VEJ 2\n3/DE/BY\n", ""}, NULL, "2 2 0 0 0"},
	{"a question about an MT103",
		"{1:F01BANKDKKKAXXX0000000000}{2:I195BANKDEFFXXXXN}{4:\r\n:20:REF             \r\n:21:REF1                                    \r\n"
		":75:/1/KANARIEGADE\r\n:77A:X\r\n:11S:103\r\n260801\r\n1234123456\r\n" PAYER_K TAIL, "W",
	{"KANARIEGADE 8, 7. TH\r\n9999 TESTBY\r\n", ""}, NULL, "1 1 0 0 0"},
	{"a statement",
		"{1:F01BANKDKKKAXXX0000000000}{2:I940BANKDEFFXXXXN}{4:\n:20:STATEMENT\n:25P:DK5000400440116243\nBANKDKKK\n:28C:12/1\n:60F:C260801EUR1000,\n"
		":61:2608010801C10,NTRFNONREF//BANKREF\n14:25 SHOP\n:86:/NAME/DUMMY PERSON\n50K: IS NO TAG\n20:15 PAID\n:62F:C260801EUR1010,\n:64:C260801EUR1010,\n:65:C260802EUR1010,\n:86:SUM\n-}",
	"W", {NULL}, "", "0 0 0 0 0"},
	{"treasury between banks", ":20:R\n:22C:BANKDK0000BANKDE\n:82A:BANKDKKK\n:87A:/DE05\nBANKDEFF\n:95P::BUYR//BANKDKKK\n:97A::SAFE//12345678901234567890123456789012345\n", "W",
	{NULL}, "", "0 0 0 0 0"},
	{"a line of text like a tag at the end", ":20:R\n:86:X\n50:", "W", {NULL}, "", NULL},
	{"a field of German statements", ":20:R\n:NS:01X\n:86:Y\n", "W", {NULL}, "", NULL},
	{"empty lines at the end", ":20:R\n:59:A\nB\n\n\n", "W", {"B\n\n\n", ""}, NULL, NULL},
	{"no line end behind what is put in", ":20:R\n:59F:1/A\n2/B\n3/DK/BY", "C", {"2/B\n3/DK/BY", "3/DK\n"}, NULL, NULL},
	{"no line end before what is put in", ":20:R\n:50F:/DK50\n1/A\n2/B\n6/DK/X/1", "w",
	{"2/B\n", "4/19700102\n5/DK/Foedeby\n"}, NULL, NULL},
};

#define REFUSED(name, verdict, line, message) {name, PA_MESSAGE_##verdict, line, message, sizeof(message) - 1}

static const Refusal refusals[] = {
	REFUSED("nothing", UNKNOWN_FORMAT, 1, ""),
	REFUSED("blanks", UNKNOWN_FORMAT, 0, " \r\n "),
	REFUSED("no MT", UNKNOWN_FORMAT, 1, "DUMMY PERSON\nTESTVEJ 1\n"),
	REFUSED("JSON", UNKNOWN_FORMAT, 1, "{\"a\": 1}"),
	REFUSED("XML", UNKNOWN_FORMAT, 1, "<Document/>"),
	REFUSED("blocks without a message", UNKNOWN_FORMAT, 0, "{1:F01BANKDKKKAXXX0000000000}"),
	REFUSED("text before the message", UNKNOWN_FORMAT, 1, "HELLO\n:20:R\n"),
	REFUSED("text behind the message", MALFORMED, 4, ":20:R\n:59:A\n-\nVEJ 1\n"),
	REFUSED("text behind the block", MALFORMED, 3, "{1:F01X}{4:\n:20:R\n-}VEJ 1"),
	REFUSED("text before the first field", MALFORMED, 2, "{1:F01X}{4:\nVEJ 1\n:20:R\n-}"),
	REFUSED("text on the block's own line", MALFORMED, 1, "{1:F01X}{4::50K:A\nVEJ 1\n-}"),
	REFUSED("block without end", MALFORMED, 4, "{1:F01X}{4:\n:20:R\n:59:A\n"),
	REFUSED("block with its end in a line", MALFORMED, 3, "{1:F01X}{4:\n:59:A\nVEJ 1-}"),
	REFUSED("no fields", MALFORMED, 2, "{1:F01X}{4:\n-}"),
	REFUSED("block in the fields", MALFORMED, 2, ":20:R\n{1:F01X}\n"),
	REFUSED("header without end", MALFORMED, 1, "{1:F01X{4:\n:20:R\n-}"),
	REFUSED("header with a party", MALFORMED, 1, "{1:F01X}{3:{50K:A VEJ 1}}{4:\n:20:R\n-}"),
	REFUSED("header with lines of fields", MALFORMED, 2, "{1:F01X}{3:\n :50K:A VEJ 1}{4:\n:20:R\n-}"),
	REFUSED("message of blocks with a party", MALFORMED, 1, "{1:F01X}{4:{20:R}{59:A VEJ 1}}"),
	REFUSED("block of no name", MALFORMED, 3, "{1:F01X}{4:\n:20:R\n-}{}"),
	REFUSED("50 of an unknown option", MALFORMED, 2, ":20:R\n:50X:A\nVEJ 1\n"),
	REFUSED("59 of an option of 50", MALFORMED, 2, ":20:R\n:59K:A\nVEJ 1\n:20:S\n"),
	REFUSED("small letter", MALFORMED, 2, ":20:R\n:50k:A\nVEJ 1\n"),
	REFUSED("letter O", MALFORMED, 2, ":20:R\n:5OK:A\nVEJ 1\n"),
	REFUSED("tag without end", MALFORMED, 2, ":20:R\n:50K A\nVEJ 1\n"),
	REFUSED("blank before a tag", MALFORMED, 3, ":20:R\n:72:X\n :50K:A\n"),
	REFUSED("blank that is none before a tag", MALFORMED, 3, ":20:R\n:72:X\n\xc2\xa0\xe2\x80\x83:50K:A\n"),
	REFUSED("address beside a BIC", MALFORMED, 2, ":20:R\n:50A:/DK50\nBANKDKKK\nVEJ 1\n"),
	REFUSED("address behind the account of a BIC", MALFORMED, 2, ":20:R\n:50A:/DK5001 KANARIEGADE 2\nBANKDKKK\n"),
	REFUSED("address for a BIC", MALFORMED, 2, ":20:R\n:59A:/DK50\nVEJ 1\n"),
	REFUSED("no BIC", MALFORMED, 2, ":20:R\n:59A:/DK50\n"),
	REFUSED("address beside an identifier", MALFORMED, 2, ":20:R\n:50L:X\nVEJ 1\n"),
	REFUSED("line behind a reference", MALFORMED, 2, ":20:R\nKANARIEGADE 2\n:71A:SHA\n"),
	REFUSED("line behind an amount", MALFORMED, 3, ":20:R\n:32A:260801EUR1,\nKANARIEGADE 2\n"),
	REFUSED("line on the next line", MALFORMED, 2, ":20:\nKANARIEGADE 2\n"),
	REFUSED("line too long for a reference", MALFORMED, 1, ":20:DUMMY PERSON, KANARIEGADE 2, 8000 AAR\n"),
	REFUSED("line behind a field that we do not know", MALFORMED, 3, ":20:R\n:99Z:X\nKANARIEGADE 2\n"),
	REFUSED("tag without its colon", MALFORMED, 2, ":20:A\n50K:/DK50\nJENS\nKANARIEGADE 2\n:71A:SHA\n"),
	REFUSED("... in another party", MALFORMED, 4, ":20:A\n:50K:/DK60\nSAM\n59:/DK50\nJENS\nKANARIEGADE 2\n"),
	REFUSED("... in an agent", MALFORMED, 4, ":20:A\n:52D:/1\nBANK\n 50k:/DK50\nJENS\nKANARIEGADE 2\n"),
	REFUSED("... in free text", MALFORMED, 3, ":20:A\n:70:X\n50K:/DK50\nJENS\nKANARIEGADE 2\n"),
	REFUSED("... without option in free text", MALFORMED, 3, ":20:A\n:86:X\n59:/DK50\nJENS\nKANARIEGADE 2\n"),
	REFUSED("tag behind text", MALFORMED, 1, ":20:REF:50K:/DK50\nJENS\nKANARIEGADE 2\n"),
	REFUSED("tag without option behind text", MALFORMED, 1, ":20:REF:59:/DK50 KANARIEGADE 2\n"),
	REFUSED("tag behind a name", MALFORMED, 3, ":20:REF\n:50K:/DK60\nSAM:50K:/DK50\nJENS\nKANARIEGADE 2\n"),
	REFUSED("tag behind an agent", MALFORMED, 2, ":20:REF\n:52A:BANKDKKK:50K:/DK50\nJENS\nKANARIEGADE 2\n"),
	REFUSED("party of securities", MALFORMED, 2, ":20:R\n:95Q::INVE//JENS\nKANARIEGADE 2\n"),
	REFUSED("party of securities in a line", MALFORMED, 2, ":20:R\n:95Q::INVE//JENS, KANARIEGADE 2\n"),
	REFUSED("lines behind a BIC of securities", MALFORMED, 2, ":20:R\n:95P::INVE//BANKDKKK\nKANARIEGADE 2\n"),
	REFUSED("party of treasury", MALFORMED, 2, ":20:R\n:82J:/NAME/JENS\n/ADD1/KANARIEGADE 2\n"),
	REFUSED("another", MALFORMED, 2, ":20:R\n:83D:JENS\nKANARIEGADE 2\n"),
	REFUSED("beneficiary of treasury", MALFORMED, 2, ":20:R\n:86J:/NAME/JENS\n/ADD1/KANARIEGADE 2\n"),
	REFUSED("party of a guarantee", MALFORMED, 2, ":20:R\n:88D:JENS\nKANARIEGADE 2\n"),
	REFUSED("no BIC of treasury", MALFORMED, 2, ":20:R\n:82A:BANKDKKK\nKANARIEGADE 2\n"),
	REFUSED("drawee", MALFORMED, 2, ":20:R\n:42D:JENS\nKANARIEGADE 2\n"),
	REFUSED("unknown block", MALFORMED, 1, "{1:F01X}{6:KANARIEGADE 2}{4:\n:20:R\n-}"),
	REFUSED("unknown block of a letter", MALFORMED, 1, "{1:F01X}{X:KANARIEGADE 2}{4:\n:20:R\n-}"),
	REFUSED("unknown block first", UNKNOWN_FORMAT, 1, "{6:KANARIEGADE 2}{4:\n:20:R\n-}"),
	REFUSED("text in a header", MALFORMED, 1, "{1:F01X}{2:KANARIEGADE 2}{4:\n:20:R\n-}"),
	REFUSED("long header", MALFORMED, 1, "{1:F01XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX}{4:\n:20:R\n-}"),
	REFUSED("text in a block of blocks", MALFORMED, 1, "{1:F01X}{3:KANARIEGADE 2}{4:\n:20:R\n-}"),
	REFUSED("text between blocks", MALFORMED, 1, "{1:F01X}{3:{108:X}KANARIEGADE 2}{4:\n:20:R\n-}"),
	REFUSED("text in the trailer", MALFORMED, 3, "{1:F01X}{4:\n:20:R\n-}{5:KANARIEGADE 2}"),
	REFUSED("long text in a header", MALFORMED, 1,
			"{1:F01X}{3:{108:DUMMY PERSON OF A LONG NAME, KANARIEGADE 2, 4. TV, 8000 AARHUS C, DK}}{4:\n:20:R\n-}"),
	REFUSED("lines in a header", MALFORMED, 1, "{1:F01X}{3:{108:JENS\nKANARIEGADE 2}}{4:\n:20:R\n-}"),
	REFUSED("block of no tag", MALFORMED, 1, "{1:F01X}{S:{KANARIEGADE:2}}{4:\n:20:R\n-}"),
	REFUSED("NUL", ENCODING, 2, ":20:R\n:50K:A\0\nVEJ 1\n"),
	REFUSED("tab", ENCODING, 2, ":20:R\n\t:50K:A\nVEJ 1\n"),
	REFUSED("CR alone", MALFORMED, 1, ":20:R\r:50K:A\rVEJ 1\r"),
	REFUSED("next line of Unicode", ENCODING, 2, ":20:R\n:50K:A\xc2\x85VEJ 1\n"),
	REFUSED("line separator of Unicode", ENCODING, 2, ":20:R\n:50K:A\xe2\x80\xa8VEJ 1\n"),
	REFUSED("no width", ENCODING, 2, ":20:R\n\xe2\x80\x8b:50K:A\nVEJ 1\n"),
	REFUSED("Latin-1", ENCODING, 3, ":20:R\n:50K:A\nT\xd8STVEJ 1\n"),
};

/* Deep blocks, many parties, many transactions: refused, or in the memory of one. */
static void
run_limits(void)
{
	static Rewriting rewriting;
	static char text[MAX_TEXT];
	size_t		len = 0;
	size_t		held;

	len = (size_t) sprintf(text, "{3:");
	for (int i = 0; i < 100; i++)
		len += (size_t) sprintf(text + len, "{108:");
	memset(&rewriting, 0, offsetof(Rewriting, rewritten));
	rewriting.actions = "W";
	ok(rewrite(protaddr_rewrite_mt, text, len, &rewriting) == PA_MESSAGE_TOO_DEEP, "deep blocks");

	len = (size_t) sprintf(text, ":20:R\n");
	for (int i = 0; i < PA_UNIT_PARTIES; i++)
		len += (size_t) sprintf(text + len, ":59:A\nVEJ %d\n", i);
	rewriting.actions = "W";
	ok(rewrite(protaddr_rewrite_mt, text, len, &rewriting) == PA_MESSAGE_OK &&
	   rewriting.rewritten.withheld == PA_UNIT_PARTIES, "as many parties as a unit may have");
	held = rewriting.most_held;
	len += (size_t) sprintf(text + len, ":59:A\nVEJ\n");
	rewriting.actions = "W";
	ok(rewrite(protaddr_rewrite_mt, text, len, &rewriting) == PA_MESSAGE_TOO_LARGE, "and one more");

	len = (size_t) sprintf(text, ":20:R\n");
	for (int i = 0; i < 5000; i++)
		len += (size_t) sprintf(text + len, ":21:T\n:59:A\nVEJ %d\n", i);
	rewriting.actions = "W";
	ok(rewrite(protaddr_rewrite_mt, text, len, &rewriting) == PA_MESSAGE_OK &&
	   rewriting.rewritten.withheld == 5000 && rewriting.rewritten.units == 5000 &&
	   rewriting.most_held == held, "many transactions in the memory of one");

	len = (size_t) sprintf(text, ":20:R\n:59:A\n");
	for (int i = 0; i < 50000; i++)
		len += (size_t) sprintf(text + len, "VEJ %d\n", i);
	rewriting.actions = "W";
	ok(rewrite(protaddr_rewrite_mt, text, len, &rewriting) == PA_MESSAGE_OK &&
	   strcmp(rewriting.text, ":20:R\n:59:A\n") == 0, "many lines");
}

/* substitutes that do not fit, and those that just do */
static void
run_substitutes(void)
{
	static const struct
	{
		const char *street;
		const char *town;
		const char *country;
		const char *expected;	/* behind the name; "" if withheld */
		const char *expected_free;
	}			cases[] = {
		{"Testvej", "By", "DK", "2/Testvej\n3/DK/By\n", "Testvej, By DK\n"},
		{"\xc3\x86r\xc3\xb8 Al\xc3\xa9 \xc3\x85\xc3\xa5", "\xc3\x9crz\xc3\xbc\xc3\x9f", "DE",
		"2/AEroe Ale AAaa\n3/DE/UErzuess\n", "AEroe Ale AAaa, UErzuess DE\n"},
		{"Testvej", "By", "ZZ", "", "Testvej, By ZZ\n"},
		{"Testvej", "By", "", "", "Testvej, By\n"},
		{"Testvej", "", "DK", "2/Testvej\n3/DK\n", "Testvej DK\n"},
		{"", "By", "DK", "3/DK/By\n", "By DK\n"},
		{"\xd0\x92\xd0\xb0", "By", "DK", "", ""},
		{"Testvej", "\xd0\x92\xd0\xb0", "DK", "", ""},
		{"Testvejtestvejtestvejtestvejtestv ejtestvejtestvejtestvejtestvejtes", "By", "DK",
		"2/Testvejtestvejtestvejtestvejtestv\n2/ejtestvejtestvejtestvejtestvejtes\n3/DK/By\n",
		"Testvejtestvejtestvejtestvejtestv\nejtestvejtestvejtestvejtestvejtes,\nBy DK\n"},
		{"Testvejtestvejtestvejtestvejtestvejtestvej", "By", "DK", "", ""},
		{"a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z",
		"By", "DK", "",
		"a b c d e f g h i j k l m n o p q r\ns t u v w x y z a b c d e f g h i j\nk l m n o p q r s t u v w x y z, By\n"},
		{"-Testvej", "By", "DK", "", ""},
		{"20:Testvej", "By", "DK", "", ""},
		{"Testvej:50K:", "By", "DK", "", ""},
		{"Testvej", "Byenmedetnavnsomerlangtnokogmere", "DK", "",
		"Testvej,\nByenmedetnavnsomerlangtnokogmere DK\n"},
	};
	static Rewriting rewriting;
	char		expected[500];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PaAddress	address;
		bool		good;

		memset(&address, 0, sizeof(address));
		address.element[PA_STRTNM] = as_text(cases[i].street);
		address.element[PA_TWNNM] = as_text(cases[i].town);
		address.element[PA_CTRY] = as_text(cases[i].country);
		memset(&rewriting, 0, offsetof(Rewriting, rewritten));
		rewriting.actions = "S";
		rewriting.substitute = &address;
		rewrite(protaddr_rewrite_mt, ":20:R\n:59F:1/A\n2/B\n", 19, &rewriting);
		sprintf(expected, ":20:R\n:59F:1/A\n%s", cases[i].expected);
		good = strcmp(rewriting.text, expected) == 0 &&
			rewriting.rewritten.withheld == (cases[i].expected[0] == '\0');
		if (!good)
			show("numbered", rewriting.text, expected);
		rewriting.actions = "S";
		rewrite(protaddr_rewrite_mt, ":20:R\n:59:A\nB\n", 14, &rewriting);
		if (strncmp(cases[i].expected_free, "a b", 3) == 0)
			sprintf(expected, ":20:R\n:59:A\n");
		else
			sprintf(expected, ":20:R\n:59:A\n%s", cases[i].expected_free);
		if (strcmp(rewriting.text, expected) != 0)
		{
			show("free", rewriting.text, expected);
			good = false;
		}
		ok(good, cases[i].street);
	}
}

int
main(void)
{
	PaAddress	address;
	const PaBirth birth = {as_text("1970-01-02"), {NULL, 0}, as_text("F\xc3\xb8" "deby"), as_text("DK")};

	memset(&address, 0, sizeof(address));
	address.element[PA_STRTNM] = as_text("P\xc3\xb8stboks");
	address.element[PA_BLDGNB] = as_text("2820");
	address.element[PA_PSTCD] = as_text("9998");
	address.element[PA_TWNNM] = as_text("Erstatningsby");
	address.element[PA_CTRY] = as_text("DK");

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		run_example(protaddr_rewrite_mt, &examples[i], &address, &birth);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		run_refusal(protaddr_rewrite_mt, &refusals[i]);
	run_limits();
	run_substitutes();
	printf("1..%d\n", tests);
	return failures != 0;
}
