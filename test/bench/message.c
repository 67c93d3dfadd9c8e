/*
 * message.c
 *		How fast are messages of ISO 20022 rewritten, and what of it is Expat's own time?
 *
 *		cc -O2 -Isrc -o message test/bench/message.c src/message/xml/*.c \
 *			src/text/*.c src/address/element.c src/address/country.c -lexpat
 *		./message pacs008|camt054|FILE [MEGABYTES]
 *
 * A message is made of invented transactions (100 MB by default), or read from FILE.
 * Each of eleven rounds parses it with Expat (namespaces, empty handlers for
 * elements and declarations) in the pieces that the rewriter uses, and rewrites it
 * with every address withheld into memory; printed are MB/s of both, medians of the
 * rounds, and the median of the ratios.
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "message/rewrite.h"

#define ROUNDS	11
#define PIECE	65536

typedef struct Buffer
{
	char	   *data;
	size_t		len;
	size_t		size;
} Buffer;

static bool
append(void *arg, const char *data, size_t len)
{
	Buffer	   *buffer = arg;

	if (buffer->len + len > buffer->size)
	{
		buffer->size = (buffer->len + len) * 2;
		buffer->data = realloc(buffer->data, buffer->size);
		if (buffer->data == NULL)
			exit(2);
	}
	memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
	return true;
}

static void
append_text(Buffer *buffer, const char *text)
{
	append(buffer, text, strlen(text));
}

static bool
withhold(void *arg, PaUnit *unit)
{
	return true;
}

static void *
allocate(void *arg, size_t size)
{
	return malloc(size);
}

static void *
reallocate(void *arg, void *ptr, size_t size)
{
	return realloc(ptr, size);
}

static void
release(void *arg, void *ptr)
{
	free(ptr);
}

#define PARTY(name, street) \
	"<Nm>" name "</Nm><PstlAdr><StrtNm>" street "</StrtNm><BldgNb>7</BldgNb>" \
	"<PstCd>0000</PstCd><TwnNm>Eksempelby</TwnNm><Ctry>DK</Ctry></PstlAdr>"

static const char pacs_head[] =
"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08\">\n<FIToFICstmrCdtTrf>\n"
"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-21T10:00:00+00:00</CreDtTm><NbOfTxs>1</NbOfTxs>"
"<SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr>\n";

static const char pacs_transaction[] =
"<CdtTrfTxInf>\n<PmtId><InstrId>I%07u</InstrId><EndToEndId>E%07u</EndToEndId>"
"<UETR>00000000-0000-4000-9a9f-b231a317421a</UETR></PmtId>\n"
"<IntrBkSttlmAmt Ccy=\"DKK\">%u.50</IntrBkSttlmAmt><IntrBkSttlmDt>2026-11-21</IntrBkSttlmDt>\n"
"<ChrgBr>SHAR</ChrgBr>\n<InstgAgt><FinInstnId><BICFI>AAAADKKKXXX</BICFI></FinInstnId></InstgAgt>\n"
"<InstdAgt><FinInstnId><BICFI>BBBBDKKKXXX</BICFI></FinInstnId></InstdAgt>\n"
"<Dbtr>" PARTY("Opfundet Betaler", "Opdigtet Vej") "</Dbtr>\n"
"<DbtrAcct><Id><IBAN>DK0000000000%07u</IBAN></Id></DbtrAcct>\n"
"<DbtrAgt><FinInstnId><BICFI>AAAADKKKXXX</BICFI></FinInstnId></DbtrAgt>\n"
"<CdtrAgt><FinInstnId><BICFI>BBBBDKKKXXX</BICFI></FinInstnId></CdtrAgt>\n"
"<Cdtr>" PARTY("Opfundet Modtager", "Udt\303\246nkt All\303\251") "</Cdtr>\n"
"<CdtrAcct><Id><IBAN>DK0000000001%07u</IBAN></Id></CdtrAcct>\n"
"<RmtInf><Ustrd>Faktura %u</Ustrd></RmtInf>\n</CdtTrfTxInf>\n";

static const char pacs_tail[] = "</FIToFICstmrCdtTrf>\n</Document>\n";

static const char camt_head[] =
"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\">\n  <BkToCstmrDbtCdtNtfctn>\n"
"    <GrpHdr>\n      <MsgId>M1</MsgId>\n      <CreDtTm>2026-11-21T10:00:00+00:00</CreDtTm>\n    </GrpHdr>\n"
"    <Ntfctn>\n      <Id>N1</Id>\n      <Acct>\n        <Id>\n          <IBAN>DK0000000000000001</IBAN>\n"
"        </Id>\n      </Acct>\n";

static const char camt_transaction[] =
"      <Ntry>\n        <NtryRef>R%07u</NtryRef>\n        <Amt Ccy=\"DKK\">%u.50</Amt>\n"
"        <CdtDbtInd>CRDT</CdtDbtInd>\n        <Sts>\n          <Cd>BOOK</Cd>\n        </Sts>\n"
"        <BookgDt>\n          <Dt>2026-11-21</Dt>\n        </BookgDt>\n"
"        <NtryDtls>\n          <TxDtls>\n            <Refs>\n              <EndToEndId>E%07u</EndToEndId>\n"
"            </Refs>\n            <Amt Ccy=\"DKK\">%u.50</Amt>\n            <CdtDbtInd>CRDT</CdtDbtInd>\n"
"            <RltdPties>\n              <Dbtr>\n                <Pty>\n                  <Nm>Opfundet Betaler</Nm>\n"
"                  <PstlAdr>\n                    <StrtNm>Opdigtet Vej</StrtNm>\n"
"                    <BldgNb>7</BldgNb>\n                    <PstCd>0000</PstCd>\n"
"                    <TwnNm>Eksempelby</TwnNm>\n                    <Ctry>DK</Ctry>\n"
"                  </PstlAdr>\n                </Pty>\n              </Dbtr>\n              <DbtrAcct>\n"
"                <Id>\n                  <IBAN>DK0000000000%07u</IBAN>\n                </Id>\n"
"              </DbtrAcct>\n            </RltdPties>\n            <RmtInf>\n"
"              <Ustrd>Faktura %u</Ustrd>\n            </RmtInf>\n          </TxDtls>\n"
"        </NtryDtls>\n      </Ntry>\n";

static const char camt_tail[] = "    </Ntfctn>\n  </BkToCstmrDbtCdtNtfctn>\n</Document>\n";

static void
make(Buffer *message, const char *head, const char *transaction, const char *tail, size_t size)
{
	char		text[4096];

	append_text(message, head);
	for (unsigned i = 1; message->len < size; i++)
	{
		snprintf(text, sizeof(text), transaction, i, i, i, i, i, i);
		append_text(message, text);
	}
	append_text(message, tail);
}

static bool
read_file(Buffer *message, const char *name)
{
	FILE	   *file = fopen(name, "rb");
	char		block[65536];
	size_t		n;

	if (file == NULL)
		return false;
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		append(message, block, n);
	fclose(file);
	return true;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void
no_start(void *arg, const XML_Char *name, const XML_Char **attribute)
{
}

static void
no_end(void *arg, const XML_Char *name)
{
}

static double
parse_alone(const Buffer *message)
{
	XML_Parser	parser = XML_ParserCreateNS(NULL, '\n');
	double		start = seconds();

	XML_SetElementHandler(parser, no_start, no_end);
	for (size_t at = 0; at < message->len; at += PIECE)
	{
		size_t		n = message->len - at < PIECE ? message->len - at : PIECE;

		if (XML_Parse(parser, message->data + at, (int) n, at + n == message->len) != XML_STATUS_OK)
		{
			fprintf(stderr, "not well-formed\n");
			exit(1);
		}
	}
	start = seconds() - start;
	XML_ParserFree(parser);
	return start;
}

static int
ascending(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static double
median(double *values)
{
	qsort(values, ROUNDS, sizeof(double), ascending);
	return values[ROUNDS / 2];
}

int
main(int argc, char **argv)
{
	Buffer		message = {0};
	Buffer		result = {0};
	PaRewriter	rewriter = {&result, withhold, append, allocate, reallocate, release, NULL};
	PaRewritten rewritten;
	size_t		size = (argc > 2 ? strtoul(argv[2], NULL, 10) : 100) * 1000000;
	double		alone[ROUNDS];
	double		whole[ROUNDS];
	double		ratio[ROUNDS];

	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "pacs008") == 0)
		make(&message, pacs_head, pacs_transaction, pacs_tail, size);
	else if (strcmp(argv[1], "camt054") == 0)
		make(&message, camt_head, camt_transaction, camt_tail, size);
	else if (!read_file(&message, argv[1]))
	{
		fprintf(stderr, "cannot read %s\n", argv[1]);
		return 2;
	}

	/* the pages are there before the first round */
	for (int i = -1; i < ROUNDS; i++)
	{
		int			repeat = (int) (1000000 / (message.len + 1)) + 1;
		double		first = 0;
		double		second = 0;

		for (int j = 0; j < repeat; j++)
		{
			double		start;

			first += parse_alone(&message);
			result.len = 0;
			start = seconds();
			if (protaddr_rewrite_xml(message.data, message.len, NULL, &rewriter, &rewritten) != PA_MESSAGE_OK)
			{
				fprintf(stderr, "refused\n");
				return 1;
			}
			second += seconds() - start;
		}
		if (i < 0)
			continue;
		alone[i] = (double) message.len * repeat / first / 1e6;
		whole[i] = (double) message.len * repeat / second / 1e6;
		ratio[i] = second / first;
	}
	printf("%s: %.1f MB, %llu places; Expat alone %.0f MB/s, rewritten %.0f MB/s, ratio %.2f\n",
		   argv[1], (double) message.len / 1e6, (unsigned long long) rewritten.places,
		   median(alone), median(whole), median(ratio));
	free(message.data);
	free(result.data);
	return 0;
}
