/*
 * iso_xml_unit.c
 *		Does the XML rewriter find every address of a party, ask with all that the
 *		message says of it, and change nothing else?
 *
 * Prints TAP.  What may be written in a place has iso_write_unit.c.
 */
#include "iso_rewriting.h"

#include <setjmp.h>

#define ISO		"urn:iso:std:iso:20022:tech:xsd:"
#define P8(x)	"<Document xmlns=\"" ISO "pacs.008.001.08\">" x "</Document>"
#define P1(x)	"<Document xmlns=\"" ISO "pain.001.001.09\">" x "</Document>"
#define C53(x)	"<Document xmlns=\"" ISO "camt.053.001.08\">" x "</Document>"
#define ADR		"<PstlAdr><StrtNm>Hemmelig</StrtNm><TwnNm>By</TwnNm><Ctry>DK</Ctry></PstlAdr>"
#define IBAN(x) "<Id><IBAN>" x "</IBAN></Id>"
#define OTHR(x) "<Id><Othr><Id>" x "</Id></Othr></Id>"
#define PRVT(x) "<Id><PrvtId><Othr><Id>" x "</Id></Othr></PrvtId></Id>"

static int	tests = 0;
static int	failures = 0;

static void
ok(bool good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

/* ---- messages by example -------------------------------------------------------- */

typedef struct Example
{
	const char *name;
	const char *actions;		/* see iso_rewriting.h */
	PaMessageVerdict verdict;
	int64_t		offset;			/* where it is refused, -1: not looked at */
	const char *message;
	const char *result;			/* NULL: not looked at; "": the message itself */
	const char *asked;			/* NULL: not looked at */
} Example;

static const Example found[] = {
	{"Dbtr and Cdtr, accounts behind them", "w", PA_MESSAGE_OK, -1,
		P8("<T><CdtTrfTxInf><IntrBkSttlmAmt Ccy=\"DKK\">5.00</IntrBkSttlmAmt><Dbtr><Nm>A</Nm>" ADR "</Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct>"
		   "<Cdtr><Nm>B</Nm>" ADR "</Cdtr><CdtrAcct>" OTHR("2") "</CdtrAcct></CdtTrfTxInf></T>"),
		P8("<T><CdtTrfTxInf><IntrBkSttlmAmt Ccy=\"DKK\">5.00</IntrBkSttlmAmt><Dbtr><Nm>A</Nm></Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct>"
		   "<Cdtr><Nm>B</Nm></Cdtr><CdtrAcct>" OTHR("2") "</CdtrAcct></CdtTrfTxInf></T>"),
	"5.00 DKK DK1 2: Dbtr/A/DK1/By/DK+ Cdtr/B/2/By/DK\n"},
	{"an account before its party", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><CdtrAcct>" IBAN("DK1") "</CdtrAcct><Cdtr>" ADR "</Cdtr></X></T>"),
		P8("<T><X><CdtrAcct>" IBAN("DK1") "</CdtrAcct><Cdtr></Cdtr></X></T>"),
	"   DK1: Cdtr//DK1/By/DK\n"},
	{"a proxy, a private id, a LEI, a BIC", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr>" ADR "<Id><OrgId><AnyBIC>BIC</AnyBIC><LEI>L</LEI><Othr><Id>O</Id></Othr></OrgId></Id></Dbtr>"
		   "<DbtrAcct><Prxy><Tp><Cd>TELE</Cd></Tp><Id>+45-1</Id></Prxy></DbtrAcct>"
		   "<Cdtr>" ADR PRVT("P") "</Cdtr></X></T>"), NULL,
	"  +45-1 P: Dbtr//+45-1,BIC,L,O/By/DK Cdtr//P/By/DK\n"},
	{"Pty between party and address", "w", PA_MESSAGE_OK, -1,
		C53("<S><RltdPties><Dbtr><Pty><Nm>A</Nm>" ADR PRVT("P") "</Pty></Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct></RltdPties></S>"),
		C53("<S><RltdPties><Dbtr><Pty><Nm>A</Nm>" PRVT("P") "</Pty></Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct></RltdPties></S>"),
	"  DK1 : Dbtr/A/DK1,P/By/DK\n"},
	{"a party of Prtry", "w", PA_MESSAGE_OK, -1,
		C53("<S><RltdPties><Prtry><Tp>x</Tp><Pty><Pty>" ADR "</Pty></Pty></Prtry></RltdPties></S>"),
		C53("<S><RltdPties><Prtry><Tp>x</Tp><Pty><Pty></Pty></Pty></Prtry></RltdPties></S>"),
	"   : Prtry///By/DK\n"},
	{"the owner of an account", "w", PA_MESSAGE_OK, -1,
		C53("<Stmt><Acct>" IBAN("DK1") "<Ownr><Nm>A</Nm>" ADR PRVT("P") "</Ownr></Acct></Stmt>"), NULL,
	"   : Ownr/A/DK1,P/By/DK\n"},
	{"agents are left alone", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr><FinInstnId>" ADR "</FinInstnId><BrnchId>" ADR "</BrnchId></Dbtr><DbtrAgt><FinInstnId><Nm>B</Nm>" ADR
		   "</FinInstnId></DbtrAgt></X></T>"), "", ""},
	{"an agent beside a party", "w", PA_MESSAGE_OK, -1,
		C53("<S><P><Cdtr><Agt><FinInstnId>" ADR "</FinInstnId></Agt></Cdtr><Dbtr><Pty>" ADR "</Pty></Dbtr></P></S>"),
		C53("<S><P><Cdtr><Agt><FinInstnId>" ADR "</FinInstnId></Agt></Cdtr><Dbtr><Pty></Pty></Dbtr></P></S>"),
	"   : Dbtr///By/DK\n"},
	{"a name and an address", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><RmtLctnDtls><PstlAdr><Nm>N</Nm><Adr><StrtNm>S</StrtNm><TwnNm>By</TwnNm></Adr></PstlAdr></RmtLctnDtls></X></T>"),
		P8("<T><X><RmtLctnDtls><PstlAdr><Nm>N</Nm><Adr/></PstlAdr></RmtLctnDtls></X></T>"),
	"   : RmtLctnDtls/N//By/\n"},
	{"a name and an address beside parts of one", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><R><PstlAdr><StrtNm>S</StrtNm><Adr><StrtNm>S</StrtNm></Adr></PstlAdr></R></X></T>"),
	P8("<T><X><R></R></X></T>"), NULL},
	{"two of them", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><R><PstlAdr><Nm>N</Nm><Adr/><Adr>S</Adr></PstlAdr></R></X></T>"), P8("<T><X><R></R></X></T>"), NULL},
	{"a cheque's addresses", "ww", PA_MESSAGE_OK, -1,
		P1("<I><ChqInstr><ChqFr><Nm>F</Nm><Adr><Ctry>DK</Ctry></Adr></ChqFr><DlvrTo><Nm>T</Nm><Adr a=\"x\">x</Adr></DlvrTo></ChqInstr></I>"),
		P1("<I><ChqInstr><ChqFr><Nm>F</Nm><Adr/></ChqFr><DlvrTo><Nm>T</Nm><Adr/></DlvrTo></ChqInstr></I>"),
	"   : ChqFr/F///DK DlvrTo/T///\n"},
	{"who sends and receives the header", "w", PA_MESSAGE_OK, -1,
		"<A xmlns=\"" ISO "head.001.001.02\"><Fr><OrgId><Nm>S</Nm>" ADR "</OrgId></Fr></A>",
		"<A xmlns=\"" ISO "head.001.001.02\"><Fr><OrgId><Nm>S</Nm></OrgId></Fr></A>",
	"   : Fr/S//By/DK\n"},
	{"several parties of a unit, kept and not", "kwk", PA_MESSAGE_OK, -1,
		P8("<T><X> <Dbtr> " ADR " </Dbtr> <Cdtr> " ADR " </Cdtr> <UltmtCdtr>" ADR "</UltmtCdtr></X></T>"),
	P8("<T><X> <Dbtr> " ADR " </Dbtr> <Cdtr>  </Cdtr> <UltmtCdtr>" ADR "</UltmtCdtr></X></T>"), NULL},
	{"two addresses of one party", "wk", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr><Nm>A</Nm>" ADR ADR PRVT("P") "</Dbtr></X></T>"), P8("<T><X><Dbtr><Nm>A</Nm>" ADR PRVT("P") "</Dbtr></X></T>"),
	"  P : Dbtr/A/P/By/DK Dbtr/A/P/By/DK\n"},
	{"a scope within a scope", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><Cdtr>" ADR "</Cdtr><R><Invcr>" ADR "</Invcr></R><CdtrAcct>" IBAN("DK1") "</CdtrAcct></X></T>"),
		P8("<T><X><Cdtr></Cdtr><R><Invcr></Invcr></R><CdtrAcct>" IBAN("DK1") "</CdtrAcct></X></T>"),
	"   : Invcr///By/DK\n   DK1: Cdtr//DK1/By/DK\n"},
	{"an address in an address goes with it", "w", PA_MESSAGE_OK, -1,
	P8("<T><X><Dbtr><PstlAdr><X>" ADR "</X></PstlAdr></Dbtr></X></T>"), P8("<T><X><Dbtr></Dbtr></X></T>"), NULL},
	{"comments, instructions and CDATA in an address go with it", "w", PA_MESSAGE_OK, -1,
		P8("<!-- a --><T><X><Dbtr><!-- b --><PstlAdr><!-- c --><StrtNm><![CDATA[S]]></StrtNm><?p q?></PstlAdr><?r s?></Dbtr></X></T>"),
	P8("<!-- a --><T><X><Dbtr><!-- b --><?r s?></Dbtr></X></T>"), NULL},
	{"empty elements", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr><PstlAdr/></Dbtr><Cdtr><PstlAdr /></Cdtr><Ctc/></X></T>"),
	P8("<T><X><Dbtr></Dbtr><Cdtr></Cdtr><Ctc/></X></T>"), "   : Dbtr//// Cdtr////\n"},
	{"texts in pieces, with references and blanks around", "k", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr><Nm>\n A<!-- x -->&amp;<![CDATA[&<1>]]>&#230; </Nm><PstlAdr><TwnNm> &#x41;by\t</TwnNm></PstlAdr></Dbtr></X></T>"), "",
	"   : Dbtr/A&&<1>\303\246//Aby/\n"},
	{"two towns are none", "k", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr><PstlAdr><TwnNm>A</TwnNm><TwnNm>B</TwnNm><Ctry>DK</Ctry></PstlAdr></Dbtr></X></T>"), "",
	"   : Dbtr////DK\n"},
	{"an element in a town is none", "k", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr><PstlAdr><TwnNm>A<b/></TwnNm></PstlAdr></Dbtr></X></T>"), "", "   : Dbtr////\n"},
	{"a name and an identifier that are none", "k", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr><Nm><b/>A</Nm>" ADR "</Dbtr><Cdtr>" ADR "</Cdtr><CdtrAcct><Id><IBAN>D<b/>K</IBAN></Id></CdtrAcct></X></T>"), "",
	"   : Dbtr///By/DK~ Cdtr///By/DK~\n"},
	{"nobody's account is nobody's", "k", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr>" ADR "</Dbtr><ChrgsAcct>" IBAN("DK9") "</ChrgsAcct></X><Y><DbtrAcct>" IBAN("DK8") "</DbtrAcct></Y></T>"), "",
	"   : Dbtr///By/DK\n"},
	{"parties of two transactions do not mix", "k", PA_MESSAGE_OK, -1,
		P8("<T><CdtTrfTxInf><InstdAmt Ccy=\"DKK\">1</InstdAmt><Dbtr>" ADR "</Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct></CdtTrfTxInf>"
		   "<CdtTrfTxInf><Dbtr>" ADR "</Dbtr></CdtTrfTxInf></T>"), "",
	"1 DKK DK1 : Dbtr//DK1/By/DK+\n   : Dbtr///By/DK+\n"},
	{"old ways to name an account", "k", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr>" ADR "</Dbtr><DbtrAcct><Id><PrtryAcct><Id>7</Id></PrtryAcct></Id></DbtrAcct><Cdtr>" ADR
		   "</Cdtr><CdtrAcct><Id><BBAN>8</BBAN></Id></CdtrAcct></X></T>"), "",
	"  7 8: Dbtr//7/By/DK Cdtr//8/By/DK\n"},
};

static const Example transfers[] = {
	{"a batch: its debtor first, then its transactions", "w", PA_MESSAGE_OK, -1,
		P1("<I><GrpHdr><InitgPty>" ADR "</InitgPty></GrpHdr><PmtInf><Dbtr>" ADR "</Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct>"
		   "<CdtTrfTxInf><Amt><InstdAmt Ccy=\"EUR\">9</InstdAmt></Amt><Cdtr>" ADR "</Cdtr><CdtrAcct>" IBAN("DE2") "</CdtrAcct></CdtTrfTxInf>"
		   "<CdtTrfTxInf><Amt><EqvtAmt><Amt Ccy=\"DKK\">8</Amt></EqvtAmt></Amt><Cdtr>" ADR "</Cdtr></CdtTrfTxInf></PmtInf></I>"),
		P1("<I><GrpHdr><InitgPty></InitgPty></GrpHdr><PmtInf><Dbtr></Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct>"
		   "<CdtTrfTxInf><Amt><InstdAmt Ccy=\"EUR\">9</InstdAmt></Amt><Cdtr></Cdtr><CdtrAcct>" IBAN("DE2") "</CdtrAcct></CdtTrfTxInf>"
		   "<CdtTrfTxInf><Amt><EqvtAmt><Amt Ccy=\"DKK\">8</Amt></EqvtAmt></Amt><Cdtr></Cdtr></CdtTrfTxInf></PmtInf></I>"),
		"   : InitgPty///By/DK\n  DK1 : Dbtr//DK1/By/DK+\n"
	"9 EUR DK1 DE2: Cdtr//DE2/By/DK\n8 DKK DK1 : Cdtr///By/DK\n"},
	{"the settled amount before the instructed one", "k", PA_MESSAGE_OK, -1,
		P8("<T><CdtTrfTxInf><InstdAmt Ccy=\"DKK\">7</InstdAmt><IntrBkSttlmAmt Ccy=\"EUR\">1</IntrBkSttlmAmt><Dbtr>" ADR "</Dbtr></CdtTrfTxInf></T>"), "",
	"1 EUR  : Dbtr///By/DK+\n"},
	{"two amounts of a kind are none", "k", PA_MESSAGE_OK, -1,
		P8("<T><CdtTrfTxInf><InstdAmt Ccy=\"DKK\">7</InstdAmt><InstdAmt Ccy=\"DKK\">8</InstdAmt><Dbtr>" ADR "</Dbtr></CdtTrfTxInf></T>"), "",
	"   : Dbtr///By/DK+\n"},
	{"a return, and what it returns", "k", PA_MESSAGE_OK, -1,
		"<Document xmlns=\"" ISO "pacs.004.001.09\"><P><TxInf><OrgnlIntrBkSttlmAmt Ccy=\"DKK\">3</OrgnlIntrBkSttlmAmt>"
		"<RtrdIntrBkSttlmAmt Ccy=\"DKK\">2</RtrdIntrBkSttlmAmt>"
		"<RtrChain><Dbtr><Pty>" ADR PRVT("R") "</Pty></Dbtr></RtrChain><RtrRsnInf><Orgtr>" ADR "</Orgtr></RtrRsnInf>"
		"<OrgnlTxRef><IntrBkSttlmAmt Ccy=\"DKK\">3</IntrBkSttlmAmt><Dbtr><Pty>" ADR "</Pty></Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct></OrgnlTxRef></TxInf></P></Document>", "",
	"2 DKK R : Dbtr//R/By/DK\n2 DKK  : Orgtr///By/DK\n3 DKK DK1 : Dbtr//DK1/By/DK\n"},
	{"a cover, and what it covers", "k", PA_MESSAGE_OK, -1,
		"<Document xmlns=\"" ISO "pacs.009.001.08\"><F><CdtTrfTxInf><IntrBkSttlmAmt Ccy=\"DKK\">4</IntrBkSttlmAmt>"
		"<DbtrAcct>" IBAN("BANK") "</DbtrAcct>"
		"<UndrlygCstmrCdtTrf><Dbtr>" ADR "</Dbtr><CdtrAcct>" IBAN("DK2") "</CdtrAcct></UndrlygCstmrCdtTrf></CdtTrfTxInf></F></Document>", "",
	"4 DKK  DK2: Dbtr///By/DK+\n"},
	{"a statement: TxDtls has the amount, Ntry not", "k", PA_MESSAGE_OK, -1,
		C53("<Stmt><Ntry><Amt Ccy=\"DKK\">99</Amt><NtryDtls><TxDtls><Amt Ccy=\"DKK\">5</Amt><RltdPties><Cdtr><Pty>" ADR "</Pty></Cdtr>"
			"<CdtrAcct>" IBAN("DK2") "</CdtrAcct></RltdPties></TxDtls><TxDtls><AmtDtls><TxAmt><Amt Ccy=\"DKK\">6</Amt></TxAmt></AmtDtls>"
			"<RltdPties><Cdtr>" ADR "</Cdtr></RltdPties></TxDtls></NtryDtls></Ntry></Stmt>"), "",
	"5 DKK  DK2: Cdtr//DK2/By/DK\n6 DKK  : Cdtr///By/DK\n"},
	{"an account behind its party's decision", "k", PA_MESSAGE_ORDER, -1,
		P1("<I><PmtInf><Dbtr>" ADR "</Dbtr><CdtTrfTxInf></CdtTrfTxInf><DbtrAcct>" IBAN("DK1") "</DbtrAcct></PmtInf></I>"), NULL, NULL},
	{"another's account there", "k", PA_MESSAGE_OK, -1,
		P1("<I><PmtInf><Dbtr>" ADR "</Dbtr><CdtTrfTxInf></CdtTrfTxInf><ChrgsAcct>" IBAN("DK1") "</ChrgsAcct></PmtInf></I>"), "", NULL},
	{"an owner's account behind the owner's decision", "k", PA_MESSAGE_ORDER, -1,
		C53("<S><Acct><Ownr>" ADR "</Ownr><Ntry></Ntry>" IBAN("DK1") "</Acct></S>"), NULL, NULL},
	{"a transaction in a party", "k", PA_MESSAGE_ORDER, -1,
		P1("<I><PmtInf><Dbtr>" ADR "<CdtTrfTxInf></CdtTrfTxInf></Dbtr></PmtInf></I>"), NULL, NULL},
	{"a transaction in an address", "k", PA_MESSAGE_ORDER, -1,
		P1("<I><PmtInf><Dbtr><PstlAdr><CdtTrfTxInf></CdtTrfTxInf></PstlAdr></Dbtr></PmtInf></I>"), NULL, NULL},
};

static const Example names[] = {
	{"addresses of other names", "wkww", PA_MESSAGE_OK, -1,
		P8("<T><X><Org><LglAdr><BldgNm>Kanariegade 2</BldgNm><TwnNm>A</TwnNm><Ctry>DK</Ctry></LglAdr></Org><Org><BizAdr>x</BizAdr></Org>"
		   "<Cdtr><BllgAdr><AdrLine1>Kanariegade 2</AdrLine1></BllgAdr><pstlAdr/></Cdtr></X></T>"),
		P8("<T><X><Org></Org><Org><BizAdr>x</BizAdr></Org><Cdtr></Cdtr></X></T>"),
	"   : Org///A/DK Org//// Cdtr//// Cdtr////\n"},
	{"one of them reduced", "m", PA_MESSAGE_OK, -1,
		P8("<T><X><Org><q:MlngAdr xmlns:q=\"" ISO "pacs.008.001.08\"><q:TwnNm>A</q:TwnNm><q:Ctry>DK</q:Ctry><q:Flr>2</q:Flr></q:MlngAdr></Org></X></T>"),
	P8("<T><X><Org><q:MlngAdr xmlns:q=\"" ISO "pacs.008.001.08\"><q:TwnNm>A</q:TwnNm><q:Ctry>DK</q:Ctry></q:MlngAdr></Org></X></T>"), NULL},
	{"a name and an address under another name", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><RmtLctnPstlAdr><Nm>N</Nm><Adr><StrtNm>S</StrtNm></Adr></RmtLctnPstlAdr></X></T>"),
	P8("<T><X><RmtLctnPstlAdr><Nm>N</Nm><Adr/></RmtLctnPstlAdr></X></T>"), "   : X/N///\n"},
	{"electronic addresses", "w", PA_MESSAGE_OK, -1,
	P8("<X><ElctrncAdr>a</ElctrncAdr><RmtLctnElctrncAdr/><EmailAdr/><URLAdr/><HTTPAdr/><IPAdr/><ClntIPAddr/><WbAdr/><TechAddr/></X>"), "", ""},
	{"electronic addresses of an envelope", "w", PA_MESSAGE_OK, -1, "<E><IPAddress/><emailAddress/>" P8("<a/>") "</E>", "", ""},
	{"places of birth", "w", PA_MESSAGE_OK, -1, P8("<X><CityOfBirth>A</CityOfBirth><PlcOfIsse/><BirthTwn/></X>"), "", ""},
	{"agents have parts of addresses", "w", PA_MESSAGE_OK, -1, P8("<X><FinInstnId><TwnNm>A</TwnNm><LglAdr/></FinInstnId></X>"), "", ""},
	{"less than, which begins no element", "w", PA_MESSAGE_OK, -1, P8("<a>&lt;</a><a>a &lt; b &#60;1 <![CDATA[<]]></a><!-- < --><?p <?>"), "", ""},
	{"markup in an address", "w", PA_MESSAGE_OK, -1,
	P8("<X><Dbtr><PstlAdr><!-- <a> --><AdrLine>&lt;a<![CDATA[<b]]></AdrLine></PstlAdr></Dbtr></X>"), P8("<X><Dbtr></Dbtr></X>"), NULL},
	{"two accounts of a role", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><DbtrAcct>" IBAN("DK1") "</DbtrAcct><DbtrAcct>" IBAN("DK2") "</DbtrAcct><Dbtr>" ADR "</Dbtr><Cdtr>" ADR "</Cdtr><CdtrAcct>" IBAN("DK3") "</CdtrAcct></X></T>"),
	NULL, "  DK1 DK3: Dbtr//DK1,DK2/By/DK~ Cdtr//DK3/By/DK\n"},
	{"a party twice, once without an address", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr>" ADR "</Dbtr><Dbtr>" PRVT("62") "</Dbtr><DbtrAcct>" IBAN("DK61") "</DbtrAcct></X></T>"),
	NULL, "  DK61 : Dbtr//DK61/By/DK~\n"},
	{"numbers of the first versions", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr>" ADR "<Id><PrvtId><SclSctyNb>1</SclSctyNb><PsptNb>2</PsptNb><CstmrNb>3</CstmrNb><TaxIdNb>4</TaxIdNb><AlnRegnNb>5</AlnRegnNb>"
		   "<MplyrIdNb>6</MplyrIdNb><DrvrsLicNb>7</DrvrsLicNb><IdntyCardNb>8</IdntyCardNb></PrvtId></Id></Dbtr></X></T>"),
	NULL, "  1 : Dbtr//1,2,3,4,5,6,7,8/By/DK\n"},
	{"an address deep in a party", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><Dbtr><Foo><Bar>" ADR "</Bar></Foo></Dbtr><Cdtr><Pty>" ADR "</Pty></Cdtr></X></T>"),
	NULL, "   : Bar///By/DK~\n   : Cdtr///By/DK\n"},
	{"two identifiers of an account", "w", PA_MESSAGE_OK, -1,
		P8("<T><X><DbtrAcct>" IBAN("DK1") "<Prxy><Id>1</Id></Prxy></DbtrAcct><Dbtr>" ADR "</Dbtr></X></T>"),
	NULL, "  DK1 : Dbtr//DK1,1/By/DK\n"},
	{"no birth in what was before", "w", PA_MESSAGE_OK, -1,
		P8("<CdtTrfTxInf><Dbtr>" ADR "</Dbtr><UltmtDbtr>" ADR "</UltmtDbtr></CdtTrfTxInf><OrgnlTxRef><CdtTrfTxInf><Dbtr>" ADR "</Dbtr></CdtTrfTxInf></OrgnlTxRef>"),
	NULL, "   : Dbtr///By/DK+ UltmtDbtr///By/DK\n   : Dbtr///By/DK\n"},
	{"nor in a return, nor in a statement", "w", PA_MESSAGE_OK, -1,
		"<E><Document xmlns=\"" ISO "pacs.004.001.09\"><TxInf><RtrChain><Dbtr><Pty>" ADR "</Pty></Dbtr></RtrChain></TxInf></Document>"
		C53("<TxDtls><Dbtr>" ADR "</Dbtr></TxDtls>") "</E>",
	NULL, "   : Dbtr///By/DK\n   : Dbtr///By/DK\n"},
};

#define HEAD "<D xmlns=\"" ISO "pacs.008.001.08\">"
#define IN(n) ((int64_t) sizeof(HEAD) - 1 + (n))	/* so many bytes behind it */

static const Example refused[] = {
	{"nothing", "w", PA_MESSAGE_MALFORMED, 0, "", NULL, NULL},
	{"no XML", "w", PA_MESSAGE_MALFORMED, 0, "hello", NULL, NULL},
	{"cut off", "w", PA_MESSAGE_MALFORMED, -1, HEAD "<Dbtr><PstlAdr>", NULL, NULL},
	{"wrong end tag", "w", PA_MESSAGE_MALFORMED, IN(5), HEAD "<a></b></D>", NULL, NULL},
	{"XML 1.1", "w", PA_MESSAGE_MALFORMED, 0, "<?xml version=\"1.1\"?>" P8("<a/>"), NULL, NULL},
	{"a prefix of nothing", "w", PA_MESSAGE_MALFORMED, -1, HEAD "<x:PstlAdr/></D>", NULL, NULL},
	{"an entity", "w", PA_MESSAGE_MALFORMED, -1, HEAD "<a>&aelig;</a></D>", NULL, NULL},
	{"a document type", "w", PA_MESSAGE_DOCTYPE, -1, "<!DOCTYPE Document>" P8("<a/>"), NULL, NULL},
	{"one from elsewhere", "w", PA_MESSAGE_DOCTYPE, -1, "<!DOCTYPE D SYSTEM \"http://example.invalid/d\">" P8("<a/>"), NULL, NULL},
	{"a billion laughs", "w", PA_MESSAGE_DOCTYPE, -1,
		"<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;\">]>" P8("<a>&c;</a>"), NULL, NULL},
	{"an encoding that we do not know", "w", PA_MESSAGE_ENCODING, -1, "<?xml version=\"1.0\" encoding=\"EBCDIC-CP-DK\"?>" P8("<a/>"), NULL, NULL},
	{"windows-1252", "w", PA_MESSAGE_ENCODING, -1, "<?xml version=\"1.0\" encoding=\"windows-1252\"?>" P8("<a/>"), NULL, NULL},
	{"UTF-16 that is not", "w", PA_MESSAGE_ENCODING, -1, "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" P8("<a/>"), NULL, NULL},
	{"no UTF-8", "w", PA_MESSAGE_ENCODING, IN(3), HEAD "<a>\346</a></D>", NULL, NULL},
	{"a letter that US-ASCII does not have", "w", PA_MESSAGE_ENCODING, -1, "<?xml version=\"1.0\" encoding=\"US-ASCII\"?>" P8("<a>\346</a>"), NULL, NULL},
	{"no namespace", "w", PA_MESSAGE_NAMESPACE, -1, "<Document><a/></Document>", NULL, NULL},
	{"an address of no namespace", "w", PA_MESSAGE_NAMESPACE, 3, "<E><PstlAdr/>" P8("<a/>") "</E>", NULL, NULL},
	{"part of one", "w", PA_MESSAGE_NAMESPACE, 3, "<E><AdrLine/>" P8("<a/>") "</E>", NULL, NULL},
	{"a foreign namespace", "w", PA_MESSAGE_NAMESPACE, IN(0), HEAD "<a xmlns=\"urn:x\"/></D>", NULL, NULL},
	{"no namespace in the message", "w", PA_MESSAGE_NAMESPACE, IN(0), HEAD "<a xmlns=\"\"/></D>", NULL, NULL},
	{"an envelope in the message", "w", PA_MESSAGE_NAMESPACE, IN(0), HEAD "<a xmlns=\"urn:swift:x\"/></D>", NULL, NULL},
	{"a foreign namespace in SplmtryData", "w", PA_MESSAGE_NAMESPACE, -1, HEAD "<SplmtryData><Envlp><x:a xmlns:x=\"urn:x\"/></Envlp></SplmtryData></D>", NULL, NULL},
	{"around the message", "w", PA_MESSAGE_NAMESPACE, 0, "<E xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\">" P8("<a/>") "</E>", NULL, NULL},
	{"a namespace that begins like ours", "w", PA_MESSAGE_NAMESPACE, 0, "<D xmlns=\"urn:iso:std:iso:20022:tech:xsd:\"/>", NULL, NULL},
	{"an attribute of a foreign namespace", "w", PA_MESSAGE_NAMESPACE, IN(0), HEAD "<a xmlns:x=\"urn:x\" x:b=\"c\"/></D>", NULL, NULL},
	{"a signature elsewhere", "w", PA_MESSAGE_NAMESPACE, IN(0), HEAD "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></D>", NULL, NULL},
	{"a line end in a namespace", "w", PA_MESSAGE_MALFORMED, -1, "<D xmlns=\"" ISO "pacs.008.001.08&#10;x\"/>", NULL, NULL},
	{"parts of an address elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(6), HEAD "<Home><StrtNm>S</StrtNm></Home></D>", NULL, NULL},
	{"lines elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<AdrLine>S</AdrLine></D>", NULL, NULL},
	{"a postcode elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><PstCd/></a></D>", NULL, NULL},
	{"a party twice, behind transactions", "w", PA_MESSAGE_ORDER, -1,
	HEAD "<PmtInf><Dbtr>" ADR "</Dbtr><CdtTrfTxInf/><Dbtr>" PRVT("62") "</Dbtr></PmtInf></D>", NULL, NULL},
	{"lines in an attribute", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(0), HEAD "<Dbtr AdrLine=\"S\"/></D>", NULL, NULL},
	{"a street in an attribute around the message", "w", PA_MESSAGE_UNKNOWN_FORMAT, 0, "<E Street=\"S\">" P8("<a/>") "</E>", NULL, NULL},
	{"a message that is an address", "w", PA_MESSAGE_UNKNOWN_FORMAT, 0, "<PstlAdr xmlns=\"" ISO "pacs.008.001.08\"/>", NULL, NULL},
	{"an address in capitals", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><PSTLADR/></a></D>", NULL, NULL},
	{"one in small letters", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><pstladr/></a></D>", NULL, NULL},
	{"a ship's address in small letters", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><shipadr/></a></D>", NULL, NULL},
	{"a town elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><TwnNm>A</TwnNm></a></D>", NULL, NULL},
	{"a building elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><BldgNm>Kanariegade 2</BldgNm></a></D>", NULL, NULL},
	{"a building in an electronic address", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<EmailAdr><BldgNm/></EmailAdr></D>", NULL, NULL},
	{"a location elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><TwnLctnNm/></a></D>", NULL, NULL},
	{"a district elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><DstrctNm/></a></D>", NULL, NULL},
	{"a unit elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><UnitNb/></a></D>", NULL, NULL},
	{"a floor elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><Flr/></a></D>", NULL, NULL},
	{"care of someone elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><CareOf/></a></D>", NULL, NULL},
	{"a numbered line elsewhere", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><AdrLine1/></a></D>", NULL, NULL},
	{"a street in English", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><HomeStreet/></a></D>", NULL, NULL},
	{"an address in English", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(3), HEAD "<a><Address/></a></D>", NULL, NULL},
	{"an address of an envelope", "w", PA_MESSAGE_NAMESPACE, 3, "<E><Addr>Kanariegade 2</Addr>" P8("<a/>") "</E>", NULL, NULL},
	{"one more", "w", PA_MESSAGE_NAMESPACE, 3, "<E><Adr>Kanariegade 2</Adr>" P8("<a/>") "</E>", NULL, NULL},
	{"one of Swift's", "w", PA_MESSAGE_NAMESPACE, 27, "<s:E xmlns:s=\"urn:swift:x\"><s:Adr/>" P8("<a/>") "</s:E>", NULL, NULL},
	{"a town of an envelope", "w", PA_MESSAGE_NAMESPACE, 3, "<E><TwnNm/>" P8("<a/>") "</E>", NULL, NULL},
	{"a message of no namespace in an envelope", "w", PA_MESSAGE_NAMESPACE, 19, "<E><Document><Dbtr><Adr>Kanariegade 2</Adr></Dbtr></Document>" P8("<a/>") "</E>", NULL, NULL},
	{"an address of a signature", "w", PA_MESSAGE_NAMESPACE, -1,
		"<E><Sgntr><s:Object xmlns:s=\"http://www.w3.org/2000/09/xmldsig#\"><s:Street/></s:Object></Sgntr>" P8("<a/>") "</E>", NULL, NULL},
	{"an address in SplmtryData", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(20), HEAD "<SplmtryData><Envlp><Addr><Street>Kanariegade 2</Street></Addr></Envlp></SplmtryData></D>", NULL, NULL},
	{"whoever's it is", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(20), HEAD "<SplmtryData><Envlp><AdrTxt/></Envlp></SplmtryData></D>", NULL, NULL},
	{"a message in CDATA", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(12), HEAD "<a><![CDATA[<Document/>]]></a></D>", NULL, NULL},
	{"one in CDATA of an envelope", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, "<E><a><![CDATA[<?xml version='1.0'?>\n<Document/>]]></a>" P8("<a/>") "</E>", NULL, NULL},
	{"a message in references", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<a>&lt;Document/&gt;</a></D>", NULL, NULL},
	{"in decimal ones", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<a>&#198;&#0060;&#68;ocument/></a></D>", NULL, NULL},
	{"in hexadecimal ones", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<a>&amp;&#x03C;p:Document/></a></D>", NULL, NULL},
	{"in pieces", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<a>&lt;<!-- -->Document</a></D>", NULL, NULL},
	{"in a name", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<X><Dbtr><Nm>&lt;a</Nm></Dbtr></X></D>", NULL, NULL},
	{"in the name of an address that stays", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<X><R><PstlAdr><Nm>&lt;a</Nm><Adr/></PstlAdr></R></X></D>", NULL, NULL},
	{"in the name of an agent", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, HEAD "<FinInstnId><Nm>&lt;a</Nm></FinInstnId></D>", NULL, NULL},
	{"in an attribute", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(0), HEAD "<a b=\"&lt;a\"/></D>", NULL, NULL},
	{"in a comment", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(0), HEAD "<!-- <PstlAdr/> --></D>", NULL, NULL},
	{"in an instruction", "w", PA_MESSAGE_UNKNOWN_FORMAT, IN(0), HEAD "<?p <PstlAdr/>?></D>", NULL, NULL},
};

static const Example around[] = {
	{"a prefix", "m", PA_MESSAGE_OK, -1,
		"<p:Document xmlns:p=\"" ISO "pacs.008.001.08\"><p:X><p:Dbtr><p:PstlAdr><p:TwnNm>By</p:TwnNm><p:Ctry>DK</p:Ctry><p:AdrLine>S</p:AdrLine></p:PstlAdr></p:Dbtr></p:X></p:Document>",
		"<p:Document xmlns:p=\"" ISO "pacs.008.001.08\"><p:X><p:Dbtr><p:PstlAdr><p:TwnNm>By</p:TwnNm><p:Ctry>DK</p:Ctry></p:PstlAdr></p:Dbtr></p:X></p:Document>",
	"   : Dbtr///By/DK\n"},
	{"a prefix of its own", "m", PA_MESSAGE_OK, -1,
		P8("<X><Dbtr><q:PstlAdr xmlns:q=\"" ISO "pacs.008.001.08\" xmlns:r=\"urn:r\"><q:Ctry>DK</q:Ctry><q:TwnNm>By</q:TwnNm></q:PstlAdr></Dbtr></X>"),
		P8("<X><Dbtr><q:PstlAdr xmlns:q=\"" ISO "pacs.008.001.08\"><q:TwnNm>By</q:TwnNm><q:Ctry>DK</q:Ctry></q:PstlAdr></Dbtr></X>"),
	"   : Dbtr///By/DK\n"},
	{"another default namespace of its own", "m", PA_MESSAGE_OK, -1,
		"<p:D xmlns:p=\"" ISO "pacs.008.001.08\"><p:X><p:Dbtr><PstlAdr xmlns=\"" ISO "pain.001.001.12\"><Ctry>DK</Ctry><TwnNm>By</TwnNm></PstlAdr></p:Dbtr></p:X></p:D>",
		"<p:D xmlns:p=\"" ISO "pacs.008.001.08\"><p:X><p:Dbtr><PstlAdr xmlns=\"" ISO "pain.001.001.12\"><TwnNm>By</TwnNm><Ctry>DK</Ctry></PstlAdr></p:Dbtr></p:X></p:D>",
	NULL},
	{"an empty Adr with a prefix of its own", "w", PA_MESSAGE_OK, -1,
		P1("<X><DlvrTo><q:Adr xmlns:q=\"" ISO "pain.001.001.09\">x</q:Adr></DlvrTo></X>"),
	P1("<X><DlvrTo><q:Adr xmlns:q=\"" ISO "pain.001.001.09\"/></DlvrTo></X>"), NULL},
	{"envelope, header and message", "w", PA_MESSAGE_OK, -1,
		"<?xml version='1.0'?>\r\n<Envelope>\r\n<AppHdr xmlns='" ISO "head.001.001.02'><Sgntr><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><SignedInfo/></Signature></Sgntr></AppHdr>"
		"<Document xmlns='" ISO "pacs.008.001.08'><X><Dbtr>" ADR "</Dbtr></X></Document>\r\n</Envelope>\r\n<!-- end -->\n",
		"<?xml version='1.0'?>\r\n<Envelope>\r\n<AppHdr xmlns='" ISO "head.001.001.02'><Sgntr><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><SignedInfo/></Signature></Sgntr></AppHdr>"
		"<Document xmlns='" ISO "pacs.008.001.08'><X><Dbtr></Dbtr></X></Document>\r\n</Envelope>\r\n<!-- end -->\n", NULL},
	{"Swift's envelope", "w", PA_MESSAGE_OK, -1,
		"<Saa:DataPDU xmlns:Saa=\"urn:swift:saa:xsd:saa.2.0\"><Saa:Body>" P8("<X><Dbtr>" ADR "</Dbtr></X>") "</Saa:Body></Saa:DataPDU>",
	"<Saa:DataPDU xmlns:Saa=\"urn:swift:saa:xsd:saa.2.0\"><Saa:Body>" P8("<X><Dbtr></Dbtr></X>") "</Saa:Body></Saa:DataPDU>", NULL},
	{"STP's envelope", "w", PA_MESSAGE_OK, -1, "<e:E xmlns:e=\"urn:cma:stp:xsd:stp.1.0\">" P8("<a/>") "</e:E>", "", ""},
	{"a message in a signature", "w", PA_MESSAGE_OK, -1,
		"<E><Sgntr><s:Object xmlns:s=\"http://www.w3.org/2000/09/xmldsig#\">" P8("<X><Dbtr>" ADR "</Dbtr></X>") "</s:Object></Sgntr></E>",
	"<E><Sgntr><s:Object xmlns:s=\"http://www.w3.org/2000/09/xmldsig#\">" P8("<X><Dbtr></Dbtr></X>") "</s:Object></Sgntr></E>", NULL},
	{"schema locations and languages", "w", PA_MESSAGE_OK, -1,
		"<D xmlns=\"" ISO "pacs.008.001.08\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"a b\" xml:lang=\"da\" xmlns:x=\"urn:unused\"/>", "", ""},
	{"Latin-1: what is written is ASCII", "m", PA_MESSAGE_OK, -1,
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" P8("<X><Dbtr><Nm>\306</Nm><PstlAdr><TwnNm>\330by &amp; \345</TwnNm><Ctry>DK</Ctry><AdrLine>S</AdrLine></PstlAdr></Dbtr></X>"),
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" P8("<X><Dbtr><Nm>\306</Nm><PstlAdr><TwnNm>&#216;by &#38; &#229;</TwnNm><Ctry>DK</Ctry></PstlAdr></Dbtr></X>"),
	"   : Dbtr/\303\206//\303\230by & \303\245/DK\n"},
};

static void
check(const Example *e, const char *message, size_t len, const char *result, size_t result_len,
	  const char *encoding, const char *name)
{
	static char asked[4096];
	Rewriting	r = {.actions = e->actions,.asked = asked,.asked_size = sizeof(asked)};
	bool		good;

	rewriting_run(&r, message, len, encoding);
	good = r.verdict == e->verdict && r.rewritten.verdict == e->verdict && r.in_use == 0;
	if (e->offset >= 0 && r.rewritten.offset != (uint64_t) e->offset)
		good = false;
	if (result != NULL && (r.len != result_len || memcmp(r.data, result, result_len) != 0))
		good = false;
	if (e->asked != NULL && strcmp(asked, e->asked) != 0)
		good = false;
	ok(good, name);
	if (!good)
		printf("# verdict %d at %llu, in use %llu\n# %.*s\n# asked: %s\n", (int) r.verdict,
			   (unsigned long long) r.rewritten.offset, (unsigned long long) r.in_use,
			   (int) r.len, r.data == NULL ? "" : r.data, asked);
	free(r.data);
}

static void
check_all(const Example *examples, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		const char *result = examples[i].result;

		if (result != NULL && result[0] == '\0')
			result = examples[i].message;
		check(&examples[i], examples[i].message, strlen(examples[i].message),
			  result, result == NULL ? 0 : strlen(result), NULL, examples[i].name);
	}
}

#define CHECK_ALL(examples) check_all(examples, sizeof(examples) / sizeof(examples[0]))

/* ---- UTF-16, and an encoding that the caller knows better ---------------------------- */

/* widen writes ASCII and letters of Latin-1 as UTF-16, with a byte order mark. */
static size_t
widen(const char *text, bool little, char *out)
{
	size_t		n = 0;

	out[n++] = (char) (little ? 0xFF : 0xFE);
	out[n++] = (char) (little ? 0xFE : 0xFF);
	for (; *text != '\0'; text++)
	{
		out[n + (little ? 0 : 1)] = *text;
		out[n + (little ? 1 : 0)] = 0;
		n += 2;
	}
	return n;
}

static void
check_encodings(void)
{
	static char message[8192];
	static char result[8192];
	static const char *const declared[] = {"", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>"};
	Example		e = {"", "mwb", PA_MESSAGE_OK, -1, NULL, NULL, "   : Dbtr///\303\230by/DK Cdtr///By/DK\n"};

	for (int little = 0; little < 2; little++)
	{
		for (int d = 0; d < 2; d++)
		{
			char		text[2048];
			char		expected[2048];
			size_t		len;
			size_t		result_len;

			snprintf(text, sizeof(text), "%s%s", declared[d],
					 P8("<X><Dbtr><PstlAdr><TwnNm>\330by</TwnNm><Ctry>DK</Ctry><AdrLine>S</AdrLine></PstlAdr></Dbtr><Cdtr>" ADR "</Cdtr></X>"));
			snprintf(expected, sizeof(expected), "%s%s", declared[d],
					 P8("<X><Dbtr><PstlAdr><TwnNm>&#216;by</TwnNm><Ctry>DK</Ctry></PstlAdr></Dbtr><Cdtr></Cdtr></X>"));
			len = widen(text, little, message);
			result_len = widen(expected, little, result);
			check(&e, message, len, result, result_len, NULL, little ? "UTF-16 little-endian" : "UTF-16 big-endian");
			/* without its mark */
			check(&e, message + 2, len - 2, result + 2, result_len - 2, NULL, "and without a byte order mark");
		}
	}

	{
		Example		other = {"", "w", PA_MESSAGE_ENCODING, 0, NULL, NULL, ""};
		size_t		len = widen(P8("<a/>"), true, message);

		check(&other, message, len, NULL, 0, "UTF-8", "UTF-16 where the caller says UTF-8");
		check(&other, message + 2, len - 2, NULL, 0, "UTF-8", "also without a byte order mark");
	}

	{
		Example		markup = {"", "w", PA_MESSAGE_UNKNOWN_FORMAT, -1, NULL, NULL, NULL};

		check(&markup, message, widen(P8("<a>&lt;b</a>"), true, message), NULL, 0, NULL, "markup in a text of UTF-16");
	}

	e.asked = "   : Dbtr/\303\246//By/DK\n";
	e.actions = "w";
#define BEFORE(encoding) "<?xml version=\"1.0\" encoding=\"" encoding "\"?>" P8("<X><Dbtr><Nm>\303\246</Nm>" ADR "</Dbtr></X>")
#define AFTER(encoding) "<?xml version=\"1.0\" encoding=\"" encoding "\"?>" P8("<X><Dbtr><Nm>\303\246</Nm></Dbtr></X>")
	check(&e, BEFORE("ISO-8859-1"), strlen(BEFORE("ISO-8859-1")), AFTER("ISO-8859-1"), strlen(AFTER("ISO-8859-1")),
		  "UTF-8", "UTF-8 whatever it says of itself");
	check(&e, BEFORE("windows-1252"), strlen(BEFORE("windows-1252")), AFTER("windows-1252"), strlen(AFTER("windows-1252")),
		  "UTF-8", "also where it says what we do not know");
	e.asked = "   : Dbtr/\303\203\302\246//By/DK\n";
	check(&e, BEFORE("iso-8859-1"), strlen(BEFORE("iso-8859-1")), AFTER("iso-8859-1"), strlen(AFTER("iso-8859-1")),
		  NULL, "as it declares");
	e.asked = NULL;
	e.verdict = PA_MESSAGE_ENCODING;
	e.offset = IN(7);
	check(&e, HEAD "<a>abcd\346</a></D>", strlen(HEAD "<a>abcd\346</a></D>"), NULL, 0, "UTF-8", "and refused if it is none");
}

/* ---- where the pieces are cut ------------------------------------------------------- */

/* A message behind so many blanks that Expat's first piece ends in it, at every byte. */
static void
check_pieces(void)
{
	const Example *e = &transfers[0];
	size_t		len = strlen(e->message);
	size_t		result_len = strlen(e->result);
	char	   *message = malloc(65536 + len);
	char	   *result = malloc(65536 + result_len);
	static const char markup[] = HEAD "<a>text &lt;b</a></D>";
	int			wrong = 0;

	memset(message, ' ', 65536);
	memset(result, ' ', 65536);
	for (size_t cut = 0; cut <= len; cut++)
	{
		Rewriting	r = {.actions = e->actions};
		size_t		blanks = 65536 - cut;

		memcpy(message + blanks, e->message, len);
		memcpy(result + blanks, e->result, result_len);
		rewriting_run(&r, message, blanks + len, NULL);
		wrong += r.verdict != PA_MESSAGE_OK || r.len != blanks + result_len ||
			memcmp(r.data, result, r.len) != 0 || r.in_use != 0;
		free(r.data);
	}
	ok(wrong == 0, "the same wherever a piece ends");
	wrong = 0;
	for (size_t cut = 0; cut <= strlen(markup); cut++)
	{
		Rewriting	r = {.actions = "w"};
		size_t		blanks = 65536 - cut;

		memset(message, ' ', 65536);
		memcpy(message + blanks, markup, strlen(markup));
		rewriting_run(&r, message, blanks + strlen(markup), NULL);
		wrong += r.verdict != PA_MESSAGE_UNKNOWN_FORMAT || r.in_use != 0;
		free(r.data);
	}
	ok(wrong == 0, "markup is found wherever a piece ends");
	free(message);
	free(result);
}

/* ---- size -------------------------------------------------------------------------------- */

#define TRANSACTION \
	"<CdtTrfTxInf><Dbtr><Nm>A</Nm>" ADR "</Dbtr><DbtrAcct>" IBAN("DK1") "</DbtrAcct>" \
	"<Cdtr><Nm>B</Nm></Cdtr><CdtrAcct>" IBAN("DK2") "</CdtrAcct></CdtTrfTxInf>"

static uint64_t
memory_of(int n, bool *good)
{
	const char *head = "<Document xmlns=\"" ISO "pacs.008.001.08\"><T>";
	const char *tail = "</T></Document>";
	size_t		each = strlen(TRANSACTION);
	size_t		len = strlen(head) + (size_t) n * each + strlen(tail);
	char	   *message = malloc(len + 1);
	char	   *at = message;
	Rewriting	r = {.actions = "w"};

	at += sprintf(at, "%s", head);
	for (int i = 0; i < n; i++, at += each)
		memcpy(at, TRANSACTION, each);
	sprintf(at, "%s", tail);
	rewriting_run(&r, message, len, NULL);
	*good = r.verdict == PA_MESSAGE_OK && r.rewritten.places == (uint64_t) n && r.rewritten.withheld == (uint64_t) n &&
		r.rewritten.units == (uint64_t) n && r.len == len - (size_t) n * strlen(ADR) && r.in_use == 0;
	free(message);
	free(r.data);
	return r.most;
}

/* repeated gives a message with what in it so many times. */
static char *
repeated(const char *head, const char *what, int n, const char *tail, size_t *len)
{
	size_t		each = strlen(what);
	char	   *message = malloc(strlen(head) + (size_t) n * each + strlen(tail) + 1);
	char	   *at = message + sprintf(message, "%s", head);

	for (int i = 0; i < n; i++, at += each)
		memcpy(at, what, each);
	at += sprintf(at, "%s", tail);
	*len = (size_t) (at - message);
	return message;
}

static void
check_repeated(const char *head, const char *what, int n, const char *tail, PaMessageVerdict verdict,
			   uint64_t memory, const char *name)
{
	size_t		len;
	char	   *message = repeated(head, what, n, tail, &len);
	Rewriting	r = {.actions = "w"};

	rewriting_run(&r, message, len, NULL);
	ok(r.verdict == verdict && r.in_use == 0 && r.most < memory, name);
	if (r.verdict != verdict || r.in_use != 0 || r.most >= memory)
		printf("# verdict %d at %llu, memory %llu\n", (int) r.verdict,
			   (unsigned long long) r.rewritten.offset, (unsigned long long) r.most);
	free(message);
	free(r.data);
}

static void
check_size(void)
{
	bool		good_few;
	bool		good_many;
	uint64_t	few = memory_of(1000, &good_few);
	uint64_t	many = memory_of(100000, &good_many);
	char		text[2 * 128 * sizeof("</a0>")] = "";
	char	   *at = text;

	ok(good_few && good_many, "100,000 transactions");
	ok(many == few && many < 300000, "take the memory of few");
	printf("# %llu bytes\n", (unsigned long long) many);

	for (int depth = 63; depth <= 64; depth++)
	{
		at = text + sprintf(text, HEAD);
		for (int i = 1; i <= depth; i++)
			at += sprintf(at, "<a>");
		for (int i = 1; i <= depth; i++)
			at += sprintf(at, "</a>");
		sprintf(at, "</D>");
		{
			Rewriting	r = {.actions = "w"};

			rewriting_run(&r, text, strlen(text), NULL);
			ok(r.verdict == (depth == 63 ? PA_MESSAGE_OK : PA_MESSAGE_TOO_DEEP),
			   depth == 63 ? "64 elements deep" : "65 elements deep");
			free(r.data);
		}
	}

#define MEGABYTE 1000000
	check_repeated(HEAD "<X>", "<Dbtr>" ADR "</Dbtr>", 128, "</X></D>", PA_MESSAGE_OK, MEGABYTE, "128 parties of a unit");
	check_repeated(HEAD "<X>", "<Dbtr>" ADR "</Dbtr>", 129, "</X></D>", PA_MESSAGE_TOO_LARGE, MEGABYTE, "129 parties of a unit");
	check_repeated(HEAD "<X><Cdtr>" ADR "</Cdtr>", "<R><Invcr>" ADR "</Invcr></R>", 900, "</X></D>", PA_MESSAGE_OK, 2 * MEGABYTE, "900 scopes within an undecided one");
	check_repeated(HEAD "<X><Cdtr>" ADR "</Cdtr>", "<R><Invcr>" ADR "</Invcr></R>", 5000, "</X></D>", PA_MESSAGE_TOO_LARGE, 2 * MEGABYTE, "5,000 of them");
	check_repeated(HEAD "<X><Dbtr>" ADR "</Dbtr>", "<DbtrAcct>" IBAN("DK1") "</DbtrAcct>", 4000, "</X></D>", PA_MESSAGE_OK, 2 * MEGABYTE, "4,000 accounts of a party");
	check_repeated(HEAD "<X><Dbtr>" ADR "</Dbtr>", "<DbtrAcct>" IBAN("DK1") "</DbtrAcct>", 5000, "</X></D>", PA_MESSAGE_TOO_LARGE, 2 * MEGABYTE, "5,000 accounts of a party");
	check_repeated(HEAD "<X><Dbtr><Nm>", "A", 1000000, "</Nm>" ADR "</Dbtr></X></D>", PA_MESSAGE_OK, MEGABYTE, "a name of a megabyte");
	check_repeated(HEAD "<X><Dbtr>" ADR "</Dbtr><R>", "<a>text</a>", 300000, "</R></X></D>", PA_MESSAGE_OK, MEGABYTE, "megabytes in an undecided unit");
	check_repeated(HEAD "<a b=\"", "x", 1000000, "\"/></D>", PA_MESSAGE_OK, 16 * MEGABYTE, "an attribute of a megabyte");
	check_repeated(HEAD "<!-- ", "x", 20000000, " --></D>", PA_MESSAGE_TOO_LARGE, 16 * MEGABYTE, "a comment of 20 megabytes");
	check_repeated(HEAD "<", "x", 20000000, "/></D>", PA_MESSAGE_TOO_LARGE, 16 * MEGABYTE, "a name of an element of 20 megabytes");
	check_repeated(HEAD "<a>", "x", 20000000, "</a></D>", PA_MESSAGE_OK, MEGABYTE, "a text of 20 megabytes");

	{
		/* names that are all different stay in Expat's memory */
		size_t		len = 0;
		char	   *message = malloc(40000000);
		Rewriting	r = {.actions = "w"};

		len += (size_t) sprintf(message, HEAD);
		for (int i = 0; i < 1000000; i++)
			len += (size_t) sprintf(message + len, "<e%07d a%07d=\"\"/>", i, i);
		len += (size_t) sprintf(message + len, "</D>");
		rewriting_run(&r, message, len, NULL);
		ok(r.verdict == PA_MESSAGE_TOO_LARGE && r.most < 32 * MEGABYTE && r.in_use == 0, "a million different names");
		if (r.verdict != PA_MESSAGE_TOO_LARGE)
			printf("# verdict %d, memory %llu\n", (int) r.verdict, (unsigned long long) r.most);
		free(message);
		free(r.data);
	}
	{
		/* identifiers beyond what fits */
		static char asked[8192];
		size_t		len;
		char	   *message = repeated(HEAD "<X><Dbtr>" ADR "</Dbtr>", "<DbtrAcct>" IBAN("DK1") "</DbtrAcct>", 13, "</X></D>", &len);
		Rewriting	r = {.actions = "w",.asked = asked,.asked_size = sizeof(asked)};

		rewriting_run(&r, message, len, NULL);
		ok(r.verdict == PA_MESSAGE_OK && strstr(asked, "~\n") != NULL, "13 identifiers are more than fit");
		free(message);
		message = repeated(HEAD "<X><Dbtr>" ADR "</Dbtr><DbtrAcct><Id><IBAN>", "D", 2000, "</IBAN></Id></DbtrAcct></X></D>", &len);
		rewriting_run(&r, message, len, NULL);
		ok(r.verdict == PA_MESSAGE_OK && strstr(asked, "Dbtr///By/DK~\n") != NULL, "so is one of 2,000 letters");
		free(message);
		free(r.data);
	}
}

/* ---- callbacks that say no ---------------------------------------------------------------- */

static void
check_stops(void)
{
	const Example *e = &transfers[0];
	uint64_t	calls;
	uint64_t	allocations;
	int			wrong = 0;
	Rewriting	r = {.actions = "w"};

	rewriting_run(&r, e->message, strlen(e->message), NULL);
	calls = r.calls;
	allocations = r.allocations;
	for (uint64_t i = 1; i <= calls; i++)
	{
		r.actions = "w";
		r.stop_at = i;
		rewriting_run(&r, e->message, strlen(e->message), NULL);
		wrong += r.verdict != PA_MESSAGE_STOPPED || r.in_use != 0;
	}
	ok(wrong == 0 && calls > 4, "stopped at any callback");
	wrong = 0;
	r.stop_at = 0;
	for (uint64_t i = 1; i <= allocations; i++)
	{
		r.fail_at = i;
		rewriting_run(&r, e->message, strlen(e->message), NULL);
		wrong += r.verdict != PA_MESSAGE_TOO_LARGE || r.in_use != 0 || r.rewritten.offset > strlen(e->message);
	}
	ok(wrong == 0 && allocations > 4, "any allocation may fail");
	free(r.data);
}

/* A callback that rewrites another message, and one that never returns. */
static jmp_buf away;
static int	nested;

static bool
decide_nested(void *arg, PaUnit *unit)
{
	static const char other[] = P8("<X><Dbtr>" ADR "</Dbtr></X>");
	Rewriting	r = {.actions = "w"};

	if (nested == 2)
		longjmp(away, 1);
	rewriting_run(&r, other, strlen(other), NULL);
	nested += r.verdict == PA_MESSAGE_OK && r.in_use == 0;
	free(r.data);
	return rewriting_decide(arg, unit);
}

static void
check_reentry(void)
{
	const Example *e = &transfers[0];
	static Rewriting r;
	static PaRewriter rewriter = {
		&r, decide_nested, rewriting_write, rewriting_alloc, rewriting_realloc, rewriting_free, NULL
	};

	r.actions = "w";
	nested = -100;
	ok(protaddr_rewrite_xml(e->message, strlen(e->message), NULL, &rewriter, &r.rewritten) == PA_MESSAGE_OK &&
	   nested == -96 && r.in_use == 0 && r.len == strlen(e->result) && memcmp(r.data, e->result, r.len) == 0,
	   "a message within the decision about another");
	nested = 0;
	if (setjmp(away) == 0)
	{
		protaddr_rewrite_xml(e->message, strlen(e->message), NULL, &rewriter, &r.rewritten);
		ok(false, "the callback jumps away");
	}
	else
		ok(nested == 2, "the callback jumps away");
	{
		Rewriting	next = {.actions = "w"};

		rewriting_run(&next, e->message, strlen(e->message), NULL);
		ok(next.verdict == PA_MESSAGE_OK && next.in_use == 0 && next.len == strlen(e->result), "and the next message is as any");
		free(next.data);
	}
	free(r.data);
}

int
main(int argc, char **argv)
{
	CHECK_ALL(found);
	CHECK_ALL(transfers);
	CHECK_ALL(around);
	CHECK_ALL(names);
	CHECK_ALL(refused);
	check_encodings();
	check_pieces();
	check_size();
	check_stops();
	check_reentry();
	printf("1..%d\n", tests);
	return failures > 0;
}
