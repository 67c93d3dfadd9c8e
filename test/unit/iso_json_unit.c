/*
 * iso_json_unit.c
 *		Does the rewriter of JSON with ISO 20022 names find every address of a person, put
 *		in its place what was decided, and leave every other byte as it is?
 *
 * Prints TAP.
 */
#include "rewriting.h"

#define ADR		"\"PstlAdr\":{\"StrtNm\":\"Kanariegade\",\"TwnNm\":\"Testby\",\"Ctry\":\"DK\"}"
#define BIRTH	"\"DtAndPlcOfBirth\":{\"BirthDt\":\"1970-01-02\",\"CityOfBirth\":\"F\xc3\xb8" "deby\",\"CtryOfBirth\":\"DK\"}"
#define TX(id)	"{\"IntrBkSttlmAmt\":{\"Ccy\":\"EUR\",\"value\":\"10." id "\"},\"Cdtr\":{\"Nm\":\"C" id "\"," ADR "},\"CdtrAcct\":{\"Id\":{\"IBAN\":\"DE" id "\"}}}"
#define SUBSTITUTE "{\"AdrTp\":{\"Cd\":\"PBOX\"},\"StrtNm\":\"P\xc3\xb8stboks\",\"BldgNb\":\"2820\",\"PstCd\":\"9998\"," \
	"\"TwnNm\":\"Erstatningsby\",\"Ctry\":\"DK\",\"AdrLine\":[\"Linje \\\"1\\\"\",\"Linje \\\\2\"]}"

/* What happens to town and country. */
#define PLACE(name, value, kept) \
	{name, "{\"Dbtr\":{\"Nm\":\"A\",\"PstlAdr\":" value "}}", "M", {value, kept}, NULL, "1 0 1 0 0"}
#define NO_PLACE(name, value) \
	{name, "{\"Dbtr\":{\"Nm\":\"A\",\"PstlAdr\":" value "}}", "M", {",\"PstlAdr\":" value, ""}, NULL, "1 1 0 0 0"}

static const Example examples[] = {
	/* what goes */
	{"behind a name", "{\"Dbtr\":{\"Nm\":\"A\"," ADR "}}", "W", {"," ADR, ""}, "  >\nDbtr|A||Testby/DK\n", "1 1 0 0 0"},
	{"before a name", "{\"Dbtr\":{" ADR " , \"Nm\":\"A\"}}", "W", {ADR " ,", ""}, NULL, "1 1 0 0 0"},
	{"between", "{ \"Dbtr\" : {\"Nm\" : \"A\" , " ADR " , \"X\" : 1 } }", "W", {", " ADR, ""}, NULL, NULL},
	{"alone", "{\"Dbtr\":{ " ADR " }}", "W", {ADR, ""}, NULL, NULL},
	{"nobody's", "{\"a\":[1,2.5e-3,true,null,\"PstlAdr\"],\"Nm\":\"PstlAdr\"}", "W", {NULL}, "", "0 0 0 0 0"},
	{"no object", "\"PstlAdr\"", "W", {NULL}, "", "0 0 0 0 0"},
	{"a number", " -12.5e+3 ", "W", {NULL}, "", "0 0 0 0 0"},
	{"an empty object", "{}", "W", {NULL}, "", "0 0 0 0 0"},
	{"empty addresses", "{\"Dbtr\":{\"PstlAdr\":{}},\"Cdtr\":{\"PstlAdr\":[]},\"a\":{\"PstlAdr\":null},\"b\":{\"PstlAdr\":\"\"}}", "W", {NULL}, "", "0 0 0 0 0"},
	{"the root", "{" ADR "}", "W", {ADR, ""}, "  >\nPty|||Testby/DK\n", NULL},
	{"the root's Pty", "{\"Pty\":{" ADR "}}", "W", {ADR, ""}, NULL, NULL},
	{"in arrays", "[[{" ADR "}],[{\"Dbtr\":[{" ADR "}]}]]", "W", {ADR, "", ADR, ""}, NULL, "2 2 0 0 0"},
	{"a string", "{\"Dbtr\":{\"Nm\":\"A\",\"PstlAdr\":\"Kanariegade 8\"}}", "M", {",\"PstlAdr\":\"Kanariegade 8\"", ""}, NULL, "1 1 0 0 0"},
	{"an array of strings", "{\"Dbtr\":{\"PstlAdr\":[\"Kanariegade 8\",\"By\"],\"Nm\":\"A\"}}", "M", {"\"PstlAdr\":[\"Kanariegade 8\",\"By\"],", ""}, NULL, NULL},
	{"a number and a truth", "{\"Dbtr\":{\"PstlAdr\":1,\"Nm\":\"A\"},\"Cdtr\":{\"PstlAdr\":true}}", "W", {"\"PstlAdr\":1,", "", "\"PstlAdr\":true", ""}, NULL, NULL},
	{"twice", "{\"Dbtr\":{" ADR "," ADR "}}", "W", {ADR ",", "", ADR, "\"PstlAdr\":null"}, NULL, "2 2 0 0 0"},
	{"twice behind a name", "{\"Dbtr\":{\"Nm\":\"A\"," ADR "," ADR ",\"b\":1}}", "W", {"," ADR "," ADR, ""}, NULL, "2 2 0 0 0"},
	{"three times", "{\"Dbtr\":{" ADR "," ADR "," ADR "}}", "WKW", {ADR ",", "", "," ADR "}", "}"}, NULL, "3 2 0 0 0"},
	{"a party twice", "{\"Dbtr\":{" ADR "},\"Dbtr\":{" ADR "}}", "WK", {ADR, ""}, NULL, "2 1 0 0 0"},
	{"escapes in the name", "{\"D\\u0062tr\":{\"Ps\\u0074lAdr\":{\"a\":1}}}", "W", {"\"Ps\\u0074lAdr\":{\"a\":1}", ""}, "  >\nDbtr|||/\n", NULL},
	{"prefixes and signs", "{\"ns2:Dbtr\":{\"ns2:Nm\":{\"#text\":\"A\"},\"ns2:PstlAdr\":{\"ns2:TwnNm\":{\"#text\":\"By\"},\"ns2:Ctry\":{\"#text\":\"DK\"}}}}", "M",
	{"{\"ns2:TwnNm\":{\"#text\":\"By\"},\"ns2:Ctry\":{\"#text\":\"DK\"}}", "{\"ns2:TwnNm\":\"By\",\"ns2:Ctry\":\"DK\"}"}, "  >\nDbtr|A||By/DK\n", NULL},
	{"Pty", "{\"Dbtr\":{\"Pty\":{\"Nm\":\"A\"," ADR "}},\"DbtrAcct\":{\"Id\":{\"IBAN\":\"DK1\"}}}", "W", {"," ADR, ""}, "  DK1>\nDbtr|A|DK1|Testby/DK\n", "1 1 0 0 0"},
	{"Pty in Pty in Pty", "{\"Dbtr\":{\"Pty\":{\"a\":1," ADR ",\"Pty\":{\"b\":1," ADR ",\"Pty\":{\"c\":1," ADR "}}}}}", "W", {"," ADR, "", "," ADR, "", "," ADR, ""}, NULL, "3 3 0 0 0"},
	{"party in party", "{\"Dbtr\":{\"Nm\":\"A\"," ADR ",\"X\":{\"Nm\":\"B\"," ADR "}}}", "WK", {"," ADR, ""}, NULL, "2 1 0 0 0"},
	{"name and address", "{\"RmtLctnDtls\":[{\"PstlAdr\":{\"Nm\":\"A\",\"Adr\":{\"TwnNm\":\"By\",\"Ctry\":\"DK\",\"BldgNb\":\"1\"}}}]}", "W",
	{"{\"TwnNm\":\"By\",\"Ctry\":\"DK\",\"BldgNb\":\"1\"}", "{}"}, "  >\nRmtLctnDtls|A||By/DK\n", "1 1 0 0 0"},
	{"more than name and address", "{\"X\":{\"PstlAdr\":{\"Nm\":\"A\",\"Adr\":{\"a\":1},\"b\":1}}}", "W",
	{"\"PstlAdr\":{\"Nm\":\"A\",\"Adr\":{\"a\":1},\"b\":1}", ""}, NULL, "1 1 0 0 0"},
	{"Adr alone", "{\"X\":{\"Nm\":\"A\",\"Adr\":{\"TwnNm\":\"By\",\"Ctry\":\"DK\",\"BldgNb\":\"1\"}},\"Y\":{\"Adr\":\"a\"},\"Z\":{\"Adr\":[1,2]}}", "MWW",
	{"{\"TwnNm\":\"By\",\"Ctry\":\"DK\",\"BldgNb\":\"1\"}", "{\"TwnNm\":\"By\",\"Ctry\":\"DK\"}", "\"Adr\":\"a\"", "\"Adr\":\"\"", "[1,2]", "[]"}, NULL, "3 2 1 0 0"},

	/* whose it is */
	{"a transaction", "{\"Document\":{\"FIToFICstmrCdtTrf\":{\"GrpHdr\":{\"MsgId\":\"1\"},\"CdtTrfTxInf\":[" TX("01") "," TX("02") "]}}}", "WK",
		{"," ADR, ""},
		"10.01 EUR >DE01\nCdtr|C01|DE01|Testby/DK\n"
	"10.02 EUR >DE02\nCdtr|C02|DE02|Testby/DK\n", "2 1 0 0 0"},
	{"a payer of all, accounts behind", "{\"PmtInf\":[{\"CdtTrfTxInf\":[" TX("01") "," TX("02") "],\"Dbtr\":{\"Nm\":\"D\"," ADR "},\"DbtrAcct\":{\"Id\":{\"IBAN\":\"DK1\"}}},{}]}", "KWW",
		{"," ADR "},\"CdtrAcct\":{\"Id\":{\"IBAN\":\"DE01", "},\"CdtrAcct\":{\"Id\":{\"IBAN\":\"DE01",
		"," ADR, ""},
		"  DK1>\nDbtr|D|DK1|Testby/DK b\n"
		"10.01 EUR DK1>DE01\nCdtr|C01|DE01|Testby/DK\n"
	"10.02 EUR DK1>DE02\nCdtr|C02|DE02|Testby/DK\n", "3 2 0 0 0"},
	{"related parties have the amount of their transaction",
		"{\"TxDtls\":[{\"Amt\":{\"@Ccy\":\"DKK\",\"$\":\"7\"},\"RltdPties\":{\"Dbtr\":{" ADR "},\"DbtrAcct\":{\"Id\":{\"Othr\":{\"Id\":\"5\"}}}}},1]}", "W", {ADR, ""},
	"7 DKK 5>\nDbtr||5|Testby/DK\n", NULL},
	{"not that of several", "{\"Amt\":{\"Ccy\":\"DKK\",\"value\":7},\"TxDtls\":[{\"RltdPties\":{\"Dbtr\":{" ADR "}}},1]}", "W", {ADR, ""},
	"  >\nDbtr|||Testby/DK\n", NULL},
	{"the transfer that another one covers is its own",
		"{\"CdtTrfTxInf\":{\"IntrBkSttlmAmt\":{\"Ccy\":\"DKK\",\"value\":7},\"DbtrAcct\":{\"Id\":{\"IBAN\":\"DK9\"}},\"UndrlygCstmrCdtTrf\":{\"Dbtr\":{" ADR "}}}}", "W", {ADR, ""},
	"  >\nDbtr|||Testby/DK b\n", NULL},
	{"the amount in an Amt", "{\"Amt\":{\"InstdAmt\":{\"Ccy\":\"DKK\",\"value\":7.50}},\"Dbtr\":{" ADR "}}", "W", {ADR, ""},
	"7.50 DKK >\nDbtr|||Testby/DK\n", NULL},
	{"the settlement amount counts more", "{\"InstdAmt\":{\"Ccy\":\"DKK\",\"value\":1},\"IntrBkSttlmAmt\":{\"Ccy\":\"EUR\",\"value\":2},\"Dbtr\":{" ADR "}}", "W", {ADR, ""},
	"2 EUR >\nDbtr|||Testby/DK\n", NULL},
	{"an amount that is none", "{\"InstdAmt\":{\"Ccy\":\"DKK\",\"value\":\"1e3\"},\"Dbtr\":{" ADR "}}", "W", {ADR, ""},
	"  >\nDbtr|||Testby/DK\n", NULL},
	{"an account's owner", "{\"Acct\":{\"Id\":{\"IBAN\":\"DK1\"},\"Ownr\":{\"Nm\":\"A\"," ADR "},\"Svcr\":{\"FinInstnId\":{\"Othr\":{\"Id\":\"9\"}," ADR "}}}}", "W", {"," ADR, ""},
	"  >\nOwnr|A|DK1|Testby/DK\n", "1 1 0 0 0"},
	{"ids of a person", "{\"Dbtr\":{" ADR ",\"Id\":{\"PrvtId\":{\"DtAndPlcOfBirth\":{\"BirthDt\":\"1970-01-01\"},\"Othr\":[{\"Id\":\"0101701234\",\"SchmeNm\":{\"Cd\":\"NIDN\"}},{\"Id\":77}]}}}}", "W", {ADR ",", ""},
	"  0101701234>\nDbtr||0101701234,77|Testby/DK\n", NULL},
	{"agents stay", "{\"DbtrAgt\":{" ADR "},\"IntrmyAgt1\":{\"a\":{" ADR "}},\"debtorAgent\":{" ADR "},\"Dbtr\":{\"FinInstnId\":{" ADR "},\"BrnchId\":{" ADR "}}}", "W", {NULL}, "", NULL},
	{"open banking, in full", "{\"Data\":{\"Initiation\":{\"InstructedAmount\":{\"Amount\":\"16.50\",\"Currency\":\"GBP\"},"
		"\"DebtorAccount\":{\"Identification\":\"GB1\",\"Name\":\"D\"},"
		"\"Creditor\":{\"Name\":\"C\",\"PostalAddress\":{\"StreetName\":\"S\",\"TownName\":\"By\",\"Country\":\"GB\"}},"
		"\"CreditorAccount\":{\"SchemeName\":\"IBAN\",\"Identification\":\"GB2\"}}}}", "M",
		{"\"StreetName\":\"S\",", ""},
	"16.50 GBP GB1>GB2\nCdtr|C|GB2|By/GB\n", "1 0 1 0 0"},
	{"open banking, flat", "{\"instructedAmount\":{\"currency\":\"EUR\",\"amount\":\"123.50\"},\"debtorAccount\":{\"iban\":\"DE1\"},\"creditorName\":\"C\",\"creditorAccount\":{\"iban\":\"DE2\"},"
		"\"creditorAddress\":{\"streetName\":\"S\",\"townName\":\"By\",\"country\":\"DE\"},\"debtorAddress\":{\"a\":1}}", "CW",
		{"\"streetName\":\"S\",\"townName\":\"By\",", "", ",\"debtorAddress\":{\"a\":1}", ""},
	"123.50 EUR DE1>DE2\nCdtr|C|DE2|By/DE\nDbtr||DE1|/\n", "2 1 1 0 0"},
	{"flat beside the party's own", "{\"Dbtr\":{" ADR ",\"debtorAddress\":{\"a\":1}}}", "W",
	{ADR ",", "", "{\"a\":1}", "null"}, NULL, "2 2 0 0 0"},
	{"flat before the party's own", "{\"Dbtr\":{\"debtorAddress\":{\"a\":1}," ADR "}}", "W",
	{"{\"a\":1}", "null", "," ADR, ""}, NULL, "2 2 0 0 0"},
	{"a list of customers", "{\"customers\":[{\"name\":\"A\",\"account\":\"1\",\"postalAddress\":{\"a\":1}},{\"name\":\"B\",\"iban\":\"2\",\"postal_address\":{\"a\":1}}]}", "W",
		{",\"postalAddress\":{\"a\":1}", "", ",\"postal_address\":{\"a\":1}", ""},
	"  >\nPty|A|1|/\n  >\nPty|B|2|/\n", "2 2 0 0 0"},
	{"xml2js", "{\"Dbtr\":[{\"Nm\":[\"A\"],\"PstlAdr\":[{\"StrtNm\":[\"S\"],\"TwnNm\":[\"By\"],\"Ctry\":[\"DK\"]}]}],\"DbtrAcct\":[{\"Id\":[{\"IBAN\":[\"DK1\"]}]}]}", "M",
	{"\"StrtNm\":[\"S\"],", ""}, "  DK1>\nDbtr|A|DK1|By/DK\n", "1 0 1 0 0"},

	/* addresses by other names */
#define PARTY_HAS(name, member) \
	{name, "{\"debtor\":{\"name\":\"P\"," member "},\"debtorAccount\":{\"iban\":\"DK62\"}}", "W", {"," member, ""}, \
	"  DK62>\nDbtr|P|DK62|/\n", "1 1 0 0 0"}
	PARTY_HAS("address", "\"address\":{\"streetName\":\"Kanariegade\"}"),
	PARTY_HAS("address of parts", "\"address\":[{\"x\":\"Kanariegade\"},{\"y\":1}]"),
	PARTY_HAS("adresse", "\"adresse\":\"Kanariegade\""),
	PARTY_HAS("homeAddress", "\"homeAddress\":\"Kanariegade\""),
	PARTY_HAS("home_address_2", "\"home_address_2\":\"Kanariegade\""),
	PARTY_HAS("HomeAdr", "\"HomeAdr\":\"Kanariegade\""),
	PARTY_HAS("somebody's address", "\"neighbourAddress\":\"Kanariegade\""),
	PARTY_HAS("homePostalAddress", "\"homePostalAddress\":\"Kanariegade\""),
	PARTY_HAS("postal address", "\"postal address\":\"Kanariegade\""),
	PARTY_HAS("postal.address", "\"postal.address\":\"Kanariegade\""),
	PARTY_HAS("postal address with another blank", "\"postal\xc2\xa0" "address\":\"Kanariegade\""),
	PARTY_HAS("postal address with nothing to be seen", "\"post\\u200Bal\\u00ADaddress\":\"Kanariegade\""),
	PARTY_HAS("wide letters", "\"\xef\xbc\xb0\xef\xbd\x93\xef\xbd\x94\xef\xbd\x8c" "Adr\":\"Kanariegade\""),
	PARTY_HAS("letters that are small ones", "\"addre\xc5\xbf\xc5\xbf\":\"Kanariegade\""),
	{"the address of a payer within a debtor", "{\"debtor\":{\"name\":\"P\",\"payerAddress\":\"Kanariegade\"},\"debtorAccount\":{\"iban\":\"DK62\"}}", "W",
	{",\"payerAddress\":\"Kanariegade\"", ""}, "  DK62>\nPty||,...|/\n", "1 1 0 0 0"},
	{"somebody within a debtor", "{\"debtor\":{\"contact\":{\"name\":\"P\",\"address\":\"Kanariegade\"},\"x\":{\"y\":{\"postalAddress\":\"Kanariegade\"}}},\"debtorAccount\":{\"iban\":\"DK62\"}}", "W",
	{",\"address\":\"Kanariegade\"", "", "\"postalAddress\":\"Kanariegade\"", ""}, "  DK62>\nPty|P|,...|/\n  DK62>\nPty||,...|/\n", "2 2 0 0 0"},
	{"the owner's address in an account", "{\"debtorAccount\":{\"iban\":\"DK62\",\"ownerAddress\":\"Kanariegade\",\"ownerName\":\"P\"}}", "W",
	{",\"ownerAddress\":\"Kanariegade\"", ""}, "  DK62>\nOwnr|P|DK62|/\n", "1 1 0 0 0"},
	{"a role that nothing else speaks of", "{\"iban\":\"DK62\",\"accountHolderAddress\":\"Kanariegade\"}", "W",
	{",\"accountHolderAddress\":\"Kanariegade\"", ""}, "  >\nPty||,...|/\n", "1 1 0 0 0"},
	{"a payer", "{\"payer\":{\"address\":\"Kanariegade\"},\"payerAccount\":{\"iban\":\"DK62\"},\"payeeAddress\":\"Kanariegade\",\"payeeAccount\":\"DK61\"}", "W",
	{"\"address\":\"Kanariegade\"", "", ",\"payeeAddress\":\"Kanariegade\"", ""}, NULL, "2 2 0 0 0"},
	{"a name and an address", "[{\"Name\":\"P\",\"Address\":{\"street\":\"Kanariegade\"},\"iban\":\"DK62\"}]", "W",
	{",\"Address\":{\"street\":\"Kanariegade\"}", ""}, "  >\nPty|P|DK62|/\n", "1 1 0 0 0"},
	{"name and address in a payment reference", "{\"RltdRmtInf\":{\"RmtLctnPstlAdr\":{\"Nm\":\"P\",\"Adr\":{\"StrtNm\":\"Kanariegade\"}}}}", "W",
	{"{\"StrtNm\":\"Kanariegade\"}", "{}"}, "  >\nPty|P||/\n", "1 1 0 0 0"},
	{"addresses that lead to no door", "{\"ElctrncAdr\":\"a\",\"EmailAdr\":\"a\",\"URLAdr\":\"a\",\"IPAdr\":\"a\",\"MACAdr\":\"a\",\"RmtLctnElctrncAdr\":\"a\","
		"\"emailAddress\":\"a\",\"e-mail_address\":\"a\",\"PSU-IP-Address\":\"a\",\"ipAddress\":\"a\",\"Debtor_Email_Address\":\"a\",\"ElctrncAdr2\":\"a\"}", "W", {NULL}, "", "0 0 0 0 0"},
	{"names that only look so", "{\"AdrTp\":\"a\",\"RmtLctnDtls\":{\"x\":1},\"Strd\":{\"x\":1},\"StrtDt\":\"a\",\"DpstCd\":\"a\",\"PstngDt\":\"a\",\"Quadrant\":1}", "W", {NULL}, "", "0 0 0 0 0"},
	{"streets that are empty", "{\"street\":null,\"a\":{\"StrtNm\":\"\",\"address\":{},\"addressLine1\":[]}}", "W", {NULL}, "", "0 0 0 0 0"},
	{"agents that are none", "{\"fuldmagt\":{" ADR "},\"agent\":{" ADR "},\"travelAgent\":{" ADR "},\"IntrmyAgt4\":{" ADR "},\"DbtrAgt1\":{" ADR "}}", "W",
	{ADR, "", ADR, "", ADR, "", ADR, "", ADR, ""}, NULL, "5 5 0 0 0"},
	{"agents", "{\"PrvsInstgAgt3\":{" ADR "},\"instructingAgent\":{" ADR "},\"ChrgsAcctAgt\":{" ADR "},\"ThrdRmbrsmntAgt\":{" ADR "},\"x\":{\"Agt\":{\"FinInstnId\":{" ADR "}},\"Svcr\":{\"BrnchId\":{" ADR "}}}}", "W", {NULL}, "", "0 0 0 0 0"},

	/* accounts of others */
	{"an account around a list", "{\"debtorAccount\":{\"iban\":\"DK61\"},\"t\":[{\"debtor\":{\"postalAddress\":\"Kanariegade\"}},{}]}", "W",
	{"\"postalAddress\":\"Kanariegade\"", ""}, "  DK61>\nDbtr||,...|/\n", "1 1 0 0 0"},
	{"an identifier that is two texts", "{\"Dbtr\":{\"PstlAdr\":\"Kanariegade\"},\"DbtrAcct\":{\"Id\":{\"IBAN\":{\"text\":\"DK62\",\"value\":\"x\"}}}}", "K", {NULL}, "  >\nDbtr||,...|/\n", NULL},
	{"one in a form that we do not know", "{\"Dbtr\":{\"PstlAdr\":\"Kanariegade\",\"Id\":{\"PrvtId\":{\"CPR\":\"62\"}}},\"DbtrAcct\":{\"IBAN\":{\"x\":[\"DK62\"]}}}", "K", {NULL}, "  >\nDbtr||,...|/\n", NULL},
	{"what stands beside an identifier", "{\"Dbtr\":{\"PstlAdr\":\"Kanariegade\",\"Id\":{\"PrvtId\":{\"Othr\":{\"Id\":{\"@a\":\"b\",\"$\":\"62\"},\"SchmeNm\":{\"Cd\":\"x\"},\"Issr\":\"y\"}}}},\"DbtrAcct\":{\"IBAN\":\"DK62\",\"product\":\"x\"}}", "K", {NULL}, "  DK62>\nDbtr||DK62,62|/\n", NULL},
	{"a BIC, and a number of the first versions", "{\"Dbtr\":{\"PstlAdr\":\"Kanariegade\",\"Id\":{\"OrgId\":{\"AnyBIC\":\"B\"},\"PrvtId\":{\"SclSctyNb\":\"62\"}}}}", "K", {NULL}, "  B>\nDbtr||B,62|/\n", NULL},
	{"two names", "{\"Dbtr\":{\"Nm\":\"A\",\"PstlAdr\":\"Kanariegade\",\"name\":\"B\"},\"Cdtr\":{\"Nm\":\"A\",\"PstlAdr\":\"Kanariegade\",\"name\":\"A\"}}", "K", {NULL}, "  >\nDbtr|A|,...|/\nCdtr|A||/\n", NULL},
	{"a party twice, once without an address", "{\"Dbtr\":{\"PstlAdr\":\"Kanariegade\"},\"dbtr\":{\"Id\":\"62\"},\"Cdtr\":{\"Pty\":{\"PstlAdr\":\"Kanariegade\"},\"Pty\":{\"Id\":\"62\"}}}", "K", {NULL}, "  62>\nDbtr||,...|/\nCdtr||,...|/\n", NULL},
	{"around a list of one", "{\"debtorAccount\":{\"iban\":\"DK61\"},\"t\":[{\"x\":{\"debtor\":{\"postalAddress\":\"Kanariegade\"}}}]}", "W",
	{"\"postalAddress\":\"Kanariegade\"", ""}, "  DK61>\nDbtr||,...|/\n", "1 1 0 0 0"},
	{"an account in the list", "{\"debtorAccount\":{\"iban\":\"DK61\"},\"t\":[{\"debtor\":{\"postalAddress\":\"Kanariegade\"},\"debtorAccount\":{\"iban\":\"DK62\"}},{}]}", "W",
	{"\"postalAddress\":\"Kanariegade\"", ""}, "  DK62>\nDbtr||DK62|/\n", "1 1 0 0 0"},
	{"around an object", "{\"debtorAccount\":{\"iban\":\"DK61\"},\"t\":{\"debtor\":{\"postalAddress\":\"Kanariegade\"}}}", "W",
	{"\"postalAddress\":\"Kanariegade\"", ""}, "  DK61>\nDbtr||DK61|/\n", "1 1 0 0 0"},
	{"beside a list of debtors", "{\"debtorAccount\":{\"iban\":\"DK61\"},\"debtor\":[{\"postalAddress\":\"Kanariegade\"},{}]}", "W",
	{"\"postalAddress\":\"Kanariegade\"", ""}, "  DK61>\nDbtr||DK61|/\n", "1 1 0 0 0"},
	{"what keeps an account is not its owner", "{\"debtor\":{\"postalAddress\":\"Kanariegade\"},\"debtorAccount\":{\"iban\":\"GB99\",\"bank\":{\"id\":\"1\"},\"Svcr\":{\"id\":\"2\"},\"servicer\":{\"id\":\"3\"},"
	"\"agent\":{\"id\":\"4\"},\"fuldmagt\":{\"id\":\"5\"},\"accountServicer\":{\"id\":\"6\"},\"creditInstitution\":{\"id\":\"7\"}}}", "W", {"\"postalAddress\":\"Kanariegade\"", ""}, "  GB99>\nDbtr||GB99|/\n", "1 1 0 0 0"},
	{"two accounts", "{\"Dbtr\":{\"PstlAdr\":\"Kanariegade\"},\"DbtrAcct\":{\"Id\":\"DK61\"},\"DbtrAcct\":{\"Id\":\"DK1\"}}", "W",
	{"\"PstlAdr\":\"Kanariegade\"", ""}, "  DK61>\nDbtr||DK61,DK1,...|/\n", "1 1 0 0 0"},
	{"two accounts, one in full", "{\"Dbtr\":{\"PstlAdr\":\"Kanariegade\"},\"DbtrAcct\":{\"Id\":\"DK61\"},\"debtorAccount\":\"DK1\"}", "W",
	{"\"PstlAdr\":\"Kanariegade\"", ""}, "  DK61>\nDbtr||DK61,DK1,...|/\n", "1 1 0 0 0"},
	{"two accounts in an array", "{\"UltmtDbtr\":{\"PstlAdr\":\"Kanariegade\"},\"DbtrAcct\":[{\"Id\":\"DK61\"},{\"Id\":\"DK1\"}]}", "W",
	{"\"PstlAdr\":\"Kanariegade\"", ""}, "  DK61>\nUltmtDbtr||,...|/\n", "1 1 0 0 0"},
	{"the account of another one in a party", "{\"debtor\":{\"postalAddress\":\"Kanariegade\",\"account\":\"1\",\"creditorAccount\":\"2\",\"bankAccount\":\"3\"}}", "W",
	{"\"postalAddress\":\"Kanariegade\",", ""}, NULL, "1 1 0 0 0"},

	/* town and country */
	PLACE("what else there is goes", "{ \"TwnNm\" : \"By\" , \"Ctry\" : \"DK\" , \"PstCd\" : \"1\" }", "{\"TwnNm\":\"By\",\"Ctry\":\"DK\"}"),
	PLACE("escapes stay", "{\"TwnNm\":\"B\\u00f8 \\\"y\\\"\",\"Ctry\":\"\\u0044K\"}", "{\"TwnNm\":\"B\\u00f8 \\\"y\\\"\",\"Ctry\":\"\\u0044K\"}"),
	PLACE("country first", "{\"Ctry\":\"DK\",\"AdrLine\":[\"x\"],\"TwnNm\":\"By\"}", "{\"TwnNm\":\"By\",\"Ctry\":\"DK\"}"),
	NO_PLACE("no town", "{\"Ctry\":\"DK\"}"),
	NO_PLACE("no country", "{\"TwnNm\":\"By\"}"),
	NO_PLACE("a number in the town", "{\"TwnNm\":\"Vej 1, By\",\"Ctry\":\"DK\"}"),
	NO_PLACE("an escaped number in the town", "{\"TwnNm\":\"Vej \\u0031\",\"Ctry\":\"DK\"}"),
	NO_PLACE("a wide number in the town", "{\"TwnNm\":\"Vej \xef\xbc\x91\",\"Ctry\":\"DK\"}"),
	NO_PLACE("a line end in the town", "{\"TwnNm\":\"Vej\\nBy\",\"Ctry\":\"DK\"}"),
	NO_PLACE("two towns", "{\"TwnNm\":\"By\",\"TwnNm\":\"By\",\"Ctry\":\"DK\"}"),
	NO_PLACE("a town in full beside a short one", "{\"TwnNm\":\"By\",\"TownName\":\"By\",\"Ctry\":\"DK\"}"),
	NO_PLACE("country in full", "{\"TwnNm\":\"By\",\"Ctry\":\"Danmark\"}"),
	NO_PLACE("country in small letters", "{\"TwnNm\":\"By\",\"Ctry\":\"dk\"}"),
	NO_PLACE("a town of parts", "{\"TwnNm\":{\"a\":\"By\"},\"Ctry\":\"DK\"}"),
	NO_PLACE("two addresses", "[{\"TwnNm\":\"By\",\"Ctry\":\"DK\"},{\"TwnNm\":\"By\",\"Ctry\":\"DK\"}]"),
	{"country alone", "{\"Dbtr\":{" ADR "}}", "C", {"\"StrtNm\":\"Kanariegade\",\"TwnNm\":\"Testby\",", ""}, NULL, "1 0 1 0 0"},

	/* substitutes and births */
	{"substitute", "{\"Dbtr\":{" ADR ",\"Nm\":1}}", "S", {"{\"StrtNm\":\"Kanariegade\",\"TwnNm\":\"Testby\",\"Ctry\":\"DK\"}", SUBSTITUTE}, NULL, "1 0 0 1 0"},
	{"substitute for a string", "{\"x:Dbtr\":{\"x:PstlAdr\":\"a\"}}", "S",
		{"\"a\"", "{\"x:AdrTp\":{\"x:Cd\":\"PBOX\"},\"x:StrtNm\":\"P\xc3\xb8stboks\",\"x:BldgNb\":\"2820\",\"x:PstCd\":\"9998\","
	"\"x:TwnNm\":\"Erstatningsby\",\"x:Ctry\":\"DK\",\"x:AdrLine\":[\"Linje \\\"1\\\"\",\"Linje \\\\2\"]}"}, NULL, "1 0 0 1 0"},
	{"substitute in full", "{\"debtor\":{\"postalAddress\":[{\"a\":1}]}}", "S",
		{"[{\"a\":1}]", "[{\"streetName\":\"P\xc3\xb8stboks\",\"buildingNumber\":\"2820\",\"postCode\":\"9998\","
	"\"townName\":\"Erstatningsby\",\"country\":\"DK\",\"addressLine\":[\"Linje \\\"1\\\"\",\"Linje \\\\2\"]}]"}, NULL, "1 0 0 1 0"},
	{"birth in the address's place", "{\"CdtTrfTxInf\":{\"Dbtr\":{\"Nm\":\"A\"," ADR "}}}", "w", {ADR, "\"Id\":{\"PrvtId\":{" BIRTH "}}"}, NULL, "1 1 0 0 1"},
	{"birth in the place of the only member", "{\"CdtTrfTxInf\":{\"Dbtr\":{" ADR "}}}", "w", {ADR, "\"Id\":{\"PrvtId\":{" BIRTH "}}"}, NULL, "1 1 0 0 1"},
	{"birth behind town and country", "{\"CdtTrfTxInf\":{\"Dbtr\":{\"PstlAdr\":{\"TwnNm\":\"By\",\"Ctry\":\"DK\"},\"a\":1}}}", "m", {"},\"a\"", "},\"Id\":{\"PrvtId\":{" BIRTH "}},\"a\""}, NULL, "1 0 1 0 1"},
	{"birth behind what stays", "{\"CdtTrfTxInf\":{\"Dbtr\":{" ADR "}}}", "k", {ADR, ADR ",\"Id\":{\"PrvtId\":{" BIRTH "}}"}, NULL, "1 0 0 0 1"},
	{"birth in an id", "{\"CdtTrfTxInf\":{\"Dbtr\":{\"Id\":{\"PrvtId\":{\"Othr\":[]}}," ADR "}}}", "w", {"{\"Othr\"", "{" BIRTH ",\"Othr\"", "," ADR, ""}, NULL, "1 1 0 0 1"},
	{"birth in an empty id", "{\"CdtTrfTxInf\":{\"Dbtr\":{" ADR ",\"Id\":[{\"PrvtId\":[{}]}]}}}", "w", {ADR ",", "", "{}", "{" BIRTH "}"}, NULL, "1 1 0 0 1"},
	{"no birth for an organisation", "{\"CdtTrfTxInf\":{\"Dbtr\":{\"Id\":{\"OrgId\":{}}," ADR "}}}", "w", {"," ADR, ""}, NULL, "1 1 0 0 0"},
	{"no birth in two ids", "{\"CdtTrfTxInf\":{\"Dbtr\":{\"Id\":{},\"Id\":{}," ADR "}}}", "w", {"," ADR, ""}, NULL, "1 1 0 0 0"},
	{"no second birth", "{\"CdtTrfTxInf\":{\"Dbtr\":{" ADR "," ADR "}}}", "wK", {ADR, "\"Id\":{\"PrvtId\":{" BIRTH "}}"}, NULL, "2 1 0 0 1"},
	{"no birth before an address that may go", "{\"CdtTrfTxInf\":{\"Dbtr\":{\"Id\":{\"PrvtId\":{" ADR "}}," ADR "}}}", "wW", {ADR, "", "," ADR, ""}, NULL, NULL},
	{"birth of a payer of all", "{\"PmtInf\":[{\"Dbtr\":{\"Pty\":{" ADR "}},\"DbtrAcct\":{\"Id\":{\"IBAN\":\"DK1\"}}}]}", "w", {ADR, "\"Id\":{\"PrvtId\":{" BIRTH "}}"}, "  DK1>\nDbtr||DK1|Testby/DK b\n", "1 1 0 0 1"},
	{"no birth of a payee", "{\"CdtTrfTxInf\":{\"Cdtr\":{" ADR "},\"UltmtDbtr\":{" ADR "},\"InitgPty\":{" ADR "}}}", "w", {ADR, "", ADR, "", ADR, ""}, NULL, "3 3 0 0 0"},
	{"no birth in a debit", "{\"PmtInf\":{\"DrctDbtTxInf\":{\"Dbtr\":{" ADR "}}}}", "w", {ADR, ""}, NULL, "1 1 0 0 0"},
	{"no birth in a transfer that was", "{\"OrgnlTxRef\":{\"CdtTrfTxInf\":{\"Dbtr\":{" ADR "}}},\"originalTransaction\":{\"PmtInf\":{\"Dbtr\":{" ADR "}}}}", "w", {ADR, "", ADR, ""}, NULL, "2 2 0 0 0"},
	{"no birth of who was the debtor", "{\"CdtTrfTxInf\":{\"OrgnlDbtr\":{" ADR "}}}", "w", {ADR, ""}, NULL, "1 1 0 0 0"},
	{"no birth in a statement", "{\"Ntry\":{\"NtryDtls\":{\"TxDtls\":{\"RltdPties\":{\"Dbtr\":{" ADR "}},\"CdtTrfTxInf\":{\"Dbtr\":{" ADR "}}}}}}", "w", {ADR, "", ADR, ""}, NULL, "2 2 0 0 0"},
	{"no birth in a request for payment", "{\"CdtrPmtActvtnReq\":{\"PmtInf\":{\"Dbtr\":{" ADR "}}}}", "w", {ADR, ""}, NULL, "1 1 0 0 0"},
	{"no birth in nothing known", "{\"Dbtr\":{" ADR "}}", "w", {ADR, ""}, NULL, "1 1 0 0 0"},
	{"no birth in full names", "{\"Debtor\":{\"PostalAddress\":{\"a\":1}}}", "w", {"\"PostalAddress\":{\"a\":1}", ""}, NULL, "1 1 0 0 0"},
};

#define REFUSED(name, verdict, line, message) {name, PA_MESSAGE_##verdict, line, message, sizeof(message) - 1}

static const Refusal refusals[] = {
	REFUSED("nothing", MALFORMED, 1, ""),
	REFUSED("blanks", MALFORMED, 2, " \n "),
	REFUSED("no JSON", MALFORMED, 1, "<Document/>"),
	REFUSED("two values", MALFORMED, 1, "{} {}"),
	REFUSED("a mark", ENCODING, 1, "\xef\xbb\xbf{}"),
	REFUSED("cut off", MALFORMED, 1, "{\"a\":[1"),
	REFUSED("cut off in a string", MALFORMED, 1, "{\"a"),
	REFUSED("cut off behind a name", MALFORMED, 1, "{\"a\""),
	REFUSED("wrong bracket", MALFORMED, 1, "{\"a\":1]"),
	REFUSED("comma at the end", MALFORMED, 2, "{\"a\":1,\n}"),
	REFUSED("comma at the end of an array", MALFORMED, 1, "[1,]"),
	REFUSED("two commas", MALFORMED, 1, "[1,,2]"),
	REFUSED("no comma", MALFORMED, 1, "[1 2]"),
	REFUSED("no colon", MALFORMED, 1, "{\"a\" 1}"),
	REFUSED("name without quotes", MALFORMED, 1, "{PstlAdr:{}}"),
	REFUSED("single quotes", MALFORMED, 1, "{'PstlAdr':{}}"),
	REFUSED("comment", MALFORMED, 1, "{/* */}"),
	REFUSED("leading zero", MALFORMED, 1, "[01]"),
	REFUSED("plus", MALFORMED, 1, "[+1]"),
	REFUSED("no digit behind the point", MALFORMED, 1, "[1.]"),
	REFUSED("no digit in the exponent", MALFORMED, 1, "[1e]"),
	REFUSED("minus alone", MALFORMED, 1, "[-]"),
	REFUSED("NaN", MALFORMED, 1, "[NaN]"),
	REFUSED("unknown word", MALFORMED, 1, "[nul]"),
	REFUSED("words that go on", MALFORMED, 1, "[nulls]"),
	REFUSED("unknown escape", MALFORMED, 1, "[\"\\x\"]"),
	REFUSED("line end in a string", MALFORMED, 1, "[\"\n\"]"),
	REFUSED("NUL in a string", MALFORMED, 1, "[\"\0\"]"),
	REFUSED("NUL escaped", ENCODING, 1, "[\"\\u0000\"]"),
	REFUSED("NUL for an escape", MALFORMED, 1, "[\"\\\0\"]"),
	REFUSED("escape cut off", MALFORMED, 1, "[\"\\u00"),
	REFUSED("escape that is no number", MALFORMED, 1, "[\"\\u00g0\"]"),
	REFUSED("high surrogate alone", ENCODING, 1, "[\"\\ud800\"]"),
	REFUSED("high surrogate before another letter", ENCODING, 1, "[\"\\ud800\\u0041\"]"),
	REFUSED("low surrogate twice", ENCODING, 1, "[\"\\udc00\\udc00\"]"),
	REFUSED("low surrogate alone", ENCODING, 1, "[\"\\udc00\"]"),
	REFUSED("Latin-1", ENCODING, 1, "[\"\xf8\"]"),
	REFUSED("surrogate in UTF-8", ENCODING, 1, "[\"\xed\xa0\x80\"]"),
	REFUSED("overlong", ENCODING, 1, "[\"\xc0\xaf\"]"),
	REFUSED("a street elsewhere", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"Nm\":\"A\",\"StrtNm\":\"Kanariegade\"}}"),
	REFUSED("a town elsewhere", UNKNOWN_FORMAT, 2, "{\"Dbtr\":[1,\n{\"x\":{\"TwnNm\":\"By\"}}]}"),
	REFUSED("a path for a name", UNKNOWN_FORMAT, 1, "{\"Dbtr.PstlAdr.Strt\":\"Kanariegade\"}"),
	REFUSED("another address", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"PstlAdr2\":\"Kanariegade\"}}"),
	REFUSED("an address of nobody", UNKNOWN_FORMAT, 1, "{\"x\":{\"address\":\"Kanariegade\"}}"),
	REFUSED("an address of somebody", UNKNOWN_FORMAT, 1, "{\"name\":\"x\",\"neighbourAddress\":\"Kanariegade\"}"),
	REFUSED("a street", UNKNOWN_FORMAT, 1, "{\"debtor\":{\"name\":\"P\",\"street\":\"Kanariegade\"}}"),
	REFUSED("a line", UNKNOWN_FORMAT, 1, "{\"debtor\":{\"name\":\"P\",\"addressLine1\":\"Kanariegade\"}}"),
	REFUSED("a street with a role", UNKNOWN_FORMAT, 1, "{\"debtorStreetName\":\"Kanariegade\"}"),
	REFUSED("a short street with a role", UNKNOWN_FORMAT, 1, "{\"Dbtr_StrtNm\":\"Kanariegade\"}"),
	REFUSED("a post code", UNKNOWN_FORMAT, 1, "{\"debtor_postal-code\":1}"),
	REFUSED("a short post code", UNKNOWN_FORMAT, 1, "{\"Dbtr.PstCd\":1}"),
	REFUSED("a Danish street", UNKNOWN_FORMAT, 1, "{\"debitor\":{\"vejnavn\":\"Kanariegade\"}}"),
	REFUSED("a Norwegian street", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"gatenavn\":\"Kanariegade\"}}"),
	REFUSED("a Finnish address", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"katuosoite\":\"Kanariegade\"}}"),
	REFUSED("a German one", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"Anschrift\":\"Kanariegade\"}}"),
	REFUSED("a German town", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"wohnort\":\"Kanarieby\"}}"),
	REFUSED("a German house", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"Hausnummer\":\"2\"}}"),
	REFUSED("a Dutch town", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"woonplaats\":\"Kanarieby\"}}"),
	REFUSED("an address for a prefix", UNKNOWN_FORMAT, 1, "{\"Dbtr\":{\"PstlAdr:foo\":\"Kanariegade\"}}"),
	REFUSED("an e-mail address that goes on", UNKNOWN_FORMAT, 1, "{\"emailAndHomeAddressText\":\"Kanariegade\"}"),
	REFUSED("a long path for a name", UNKNOWN_FORMAT, 1, "{\"Document/FIToFICstmrCdtTrf/CdtTrfTxInf/Dbtr/PstlAdr/StrtNm\":\"Kanariegade\"}"),
};

/* Depth, number of parties, many transactions in the memory of one. */
static void
run_limits(void)
{
	static Rewriting rewriting;
	static char text[MAX_TEXT];
	size_t		len = 0;
	size_t		held;

	memset(&rewriting, 0, offsetof(Rewriting, rewritten));
	for (int i = 0; i < PA_MESSAGE_DEPTH; i++)
		text[len++] = '[';
	for (int i = 0; i < PA_MESSAGE_DEPTH; i++)
		text[len++] = ']';
	rewriting.actions = "W";
	ok(rewrite(protaddr_rewrite_json, text, len, &rewriting) == PA_MESSAGE_OK, "as deep as may be");
	memset(text, '[', PA_MESSAGE_DEPTH + 1);
	memset(text + PA_MESSAGE_DEPTH + 1, ']', PA_MESSAGE_DEPTH + 1);
	ok(rewrite(protaddr_rewrite_json, text, 2 * PA_MESSAGE_DEPTH + 2, &rewriting) == PA_MESSAGE_TOO_DEEP, "and one deeper");

	for (int n = PA_UNIT_PARTIES; n <= PA_UNIT_PARTIES + 1; n++)
	{
		len = (size_t) sprintf(text, "{\"a\":0");
		for (int i = 0; i < n; i++)
			len += (size_t) sprintf(text + len, ",\"p%d\":{\"PstlAdr\":{\"a\":1}}", i);
		len += (size_t) sprintf(text + len, "}");
		rewriting.actions = "W";
		rewrite(protaddr_rewrite_json, text, len, &rewriting);
		if (n == PA_UNIT_PARTIES)
			ok(rewriting.rewritten.withheld == PA_UNIT_PARTIES, "as many parties as a unit may have");
		else
			ok(rewriting.rewritten.verdict == PA_MESSAGE_TOO_LARGE, "and one more");
	}

	held = 0;
	for (int n = 100; n <= 5000; n += 4900)
	{
		len = (size_t) sprintf(text, "{\"Dbtr\":{" ADR "},\"CdtTrfTxInf\":[");
		for (int i = 0; i < n; i++)
			len += (size_t) sprintf(text + len, "{\"Dbtr\":{\"PstlAdr\":{\"a\":\"%d\"}},\"Cdtr\":{\"Nm\":\"\\u0041\",\"PstlAdr\":[\"%d\"]}},", i, i);
		len += (size_t) sprintf(text + len, "1],\"Cdtr\":{" ADR "}}");
		rewriting.actions = "S";
		rewrite(protaddr_rewrite_json, text, len, &rewriting);
		ok(rewriting.rewritten.verdict == PA_MESSAGE_OK && (int) rewriting.rewritten.places == 2 * n + 2 &&
		   (int) rewriting.rewritten.withheld == 2 * n + 2, "many transactions");
		if (held == 0)
			held = rewriting.most_held;
	}
	ok(held == rewriting.most_held && held < 1024 * 1024, "in the memory of one");

	/* names that are too long to be read, or to be known */
	for (int n = 990; n <= 1020; n += 30)
	{
		len = (size_t) sprintf(text, "{\"%0*dPstlAdr\":\"Kanariegade\"}", n, 0);
		ok(rewrite(protaddr_rewrite_json, text, len, &rewriting) == PA_MESSAGE_UNKNOWN_FORMAT, "a long name that ends with an address");
		len = (size_t) sprintf(text, "{\"PstlAdr%0*d\":\"Kanariegade\"}", n, 0);
		ok(rewrite(protaddr_rewrite_json, text, len, &rewriting) == PA_MESSAGE_UNKNOWN_FORMAT, "and begins with one");
		len = (size_t) sprintf(text, "{\"%0*d\":\"Kanariegade\"}", n, 0);
		ok(rewrite(protaddr_rewrite_json, text, len, &rewriting) == PA_MESSAGE_OK, "and has none");
	}
	len = (size_t) sprintf(text, "{\"%01024d\":\"Kanariegade\"}", 0);
	ok(rewrite(protaddr_rewrite_json, text, len, &rewriting) == PA_MESSAGE_UNKNOWN_FORMAT, "a name too long to be read");

	/* identifiers that do not fit */
	len = (size_t) sprintf(text, "{\"Dbtr\":{\"Id\":{\"PrvtId\":{\"Othr\":[");
	for (int i = 0; i < PA_PARTY_IDENTIFIERS; i++)
		len += (size_t) sprintf(text + len, "{\"Id\":\"%d\"},", i);
	len += (size_t) sprintf(text + len, "{}]}}," ADR "}}");
	rewriting.actions = "K";
	rewrite(protaddr_rewrite_json, text, len, &rewriting);
	ok(strstr(rewriting.asked, ",11|") != NULL, "as many identifiers as a party may have");
	len = (size_t) sprintf(strstr(text, "{}]"), "{\"Id\":12}]}}," ADR "}}");
	rewriting.actions = "K";
	rewrite(protaddr_rewrite_json, text, strlen(text), &rewriting);
	ok(strstr(rewriting.asked, ",11,...|") != NULL, "and one more");
	len = (size_t) sprintf(text, "{\"Dbtr\":{\"Id\":\"%01025d\"," ADR "}}", 0);
	rewriting.actions = "K";
	rewrite(protaddr_rewrite_json, text, len, &rewriting);
	ok(strstr(rewriting.asked, "Dbtr||,...|") != NULL, "an identifier too long");
	len = (size_t) sprintf(text, "{\"DbtrAcct\":{\"Id\":{\"IBAN\":\"DK\\u0031\"}},\"Dbtr\":{" ADR "}}");
	rewriting.actions = "K";
	rewrite(protaddr_rewrite_json, text, len, &rewriting);
	ok(strstr(rewriting.asked, "Dbtr||,...|") != NULL, "an account with escapes");
}

int
main(void)
{
	PaAddress	address;
	const PaBirth birth = {as_text("1970-01-02"), {NULL, 0}, as_text("F\xc3\xb8" "deby"), as_text("DK")};

	memset(&address, 0, sizeof(address));
	address.element[PA_ADRTP] = as_text("PBOX");
	address.element[PA_STRTNM] = as_text("P\xc3\xb8stboks");
	address.element[PA_BLDGNB] = as_text("2820");
	address.element[PA_PSTCD] = as_text("9998");
	address.element[PA_TWNNM] = as_text("Erstatningsby");
	address.element[PA_CTRY] = as_text("DK");
	address.line[0] = as_text("Linje \"1\"");
	address.line[1] = as_text("Linje \\2");
	address.nlines = 2;

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		run_example(protaddr_rewrite_json, &examples[i], &address, &birth);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		run_refusal(protaddr_rewrite_json, &refusals[i]);
	run_limits();
	printf("1..%d\n", tests);
	return failures != 0;
}
