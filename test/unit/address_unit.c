/*
 * address_unit.c
 *		Does the address part do, by example, what address.h says?
 *
 * A plain program that speaks TAP.  All addresses and persons are invented.
 *
 *		cc -Isrc test/unit/address_unit.c \
 *			src/address/{element,country,codec,token,format}.c \
 *			src/person/subject.c src/text/{character,charset_x,town}.c -lcrypto
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address/address.h"
#include "person/subject.h"
#include "text/text.h"

static int	tests = 0;
static int	failures = 0;

static bool
ok(bool condition, const char *name)
{
	tests++;
	if (!condition)
		failures++;
	printf("%sok %d - %s\n", condition ? "" : "not ", tests, name);
	return condition;
}

static PaText
text_of(const char *s)
{
	PaText		text = {s, (uint32_t) strlen(s)};

	return text;
}

/* Room for n bytes until the program ends. */
static char *
keep(size_t n)
{
	static char room[512 * 1024];
	static size_t used = 0;
	char	   *p = room + used;

	if (n > sizeof(room) - used)
	{
		printf("Bail out! the room of keep() is too small\n");
		exit(1);
	}
	used += n;
	return p;
}

/* n times the same character, for limits. */
static PaText
repeated(const char *character, size_t n)
{
	size_t		size = strlen(character);
	char	   *s = keep(size * n);
	PaText		text = {s, (uint32_t) (size * n)};

	for (size_t i = 0; i < n; i++)
		memcpy(s + i * size, character, size);
	return text;
}

/*
 * An address from a list "Name=value|Name=value|..."; AdrLine may come several
 * times, Subject and Channel are ours.  The values point into a copy.
 */
static PaAddress
address_of(const char *list)
{
	PaAddress	address;
	char	   *s = keep(strlen(list) + 1);

	strcpy(s, list);
	memset(&address, 0, sizeof(address));
	for (char *part = strtok(s, "|"); part != NULL; part = strtok(NULL, "|"))
	{
		char	   *value = strchr(part, '=');
		int			element;

		if (value == NULL)
			exit(1);
		*value++ = '\0';
		element = protaddr_element_by_name(part, strlen(part));
		if (element >= 0)
			address.element[element] = text_of(value);
		else if (strcmp(part, "AdrLine") == 0)
			address.line[address.nlines++] = text_of(value);
		else if (strcmp(part, "Subject") == 0)
			address.subject[address.nsubjects++] = text_of(value);
		else if (strcmp(part, "Channel") == 0)
			address.channel = text_of(value);
		else
		{
			printf("# no such element: %s\n", part);
			exit(1);
		}
	}
	return address;
}

/* ---- elements ---------------------------------------------------------- */

static const char *const verdict_names[] = {
	"ok", "empty", "too long", "not UTF-8", "control", "withheld", "not a code"
};

static void
expect_verdict(PaTextVerdict got, PaTextVerdict want, const char *name)
{
	char		line[200];

	snprintf(line, sizeof(line), "%s: %s", name, verdict_names[want]);
	if (!ok(got == want, line))
		printf("# got %s\n", verdict_names[got]);
}

static PaTextVerdict
check(PaElement element, const char *s)
{
	return protaddr_check_element(element, s, strlen(s));
}

/* Writes a code point the way UTF-8 would, surrogates and all. */
static size_t
encode_utf8(uint32_t c, char *out)
{
	if (c < 0x80)
	{
		out[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = (char) (0xC0 | c >> 6);
		out[1] = (char) (0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = (char) (0xE0 | c >> 12);
		out[1] = (char) (0x80 | (c >> 6 & 0x3F));
		out[2] = (char) (0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | c >> 18);
	out[1] = (char) (0x80 | (c >> 12 & 0x3F));
	out[2] = (char) (0x80 | (c >> 6 & 0x3F));
	out[3] = (char) (0x80 | (c & 0x3F));
	return 4;
}

static void
test_elements(void)
{
	static const struct
	{
		const char *name;
		int			max_chars;
	}			want[PA_NELEMENTS] = {
		{"AdrTp", 4}, {"AdrTp/Prtry/Id", 4}, {"AdrTp/Prtry/Issr", 35},
		{"AdrTp/Prtry/SchmeNm", 35}, {"CareOf", 140}, {"Dept", 70},
		{"SubDept", 70}, {"StrtNm", 140}, {"BldgNb", 16}, {"BldgNm", 140},
		{"Flr", 70}, {"UnitNb", 16}, {"PstBx", 16}, {"Room", 70}, {"PstCd", 16},
		{"TwnNm", 140}, {"TwnLctnNm", 140}, {"DstrctNm", 140},
		{"CtrySubDvsn", 35}, {"Ctry", 2}
	};
	bool		same = true;
	bool		found = true;
	bool		bounded = true;

	for (int i = 0; i < PA_NELEMENTS; i++)
	{
		PaElement	element = (PaElement) i;
		PaText		longest = repeated("\xc3\xa6", (size_t) want[i].max_chars);
		PaText		longer = repeated("\xc3\xa6", (size_t) want[i].max_chars + 1);
		PaText		widest = repeated("\xf0\x9f\x8f\xa0", (size_t) want[i].max_chars + 1);
		PaTextVerdict full = protaddr_check_element(element, longest.data, longest.len);

		same = same && strcmp(protaddr_elements[i].name, want[i].name) == 0 &&
			protaddr_elements[i].max_chars == want[i].max_chars;
		found = found && protaddr_element_by_name(want[i].name, strlen(want[i].name)) == i;
		bounded = bounded &&
			(full == PA_TEXT_OK || full == PA_TEXT_NOT_A_CODE) &&
			protaddr_check_element(element, longer.data, longer.len) == PA_TEXT_TOO_LONG &&
			protaddr_check_element(element, widest.data, widest.len) == PA_TEXT_TOO_LONG;
	}
	ok(same, "elements have the names and lengths of PostalAddress27");
	ok(found, "every element is found by its name");
	ok(bounded, "lengths are counted in characters");
	ok(protaddr_element_by_name("strtnm", 6) == -1, "names are case-sensitive");
	ok(protaddr_element_by_name("StrtN", 5) == -1, "half a name is none");
	ok(protaddr_element_by_name("StrtNmX", 7) == -1, "nor is more than a name");
	ok(protaddr_element_by_name("", 0) == -1, "nor is nothing");
	ok(protaddr_element_by_name("AdrLine", 7) == -1, "AdrLine is not an element");
}

static void
test_verdicts(void)
{
	PaText		line70 = repeated("\xc3\xb8", PA_ADRLINE_CHARS);
	PaText		line71 = repeated("\xc3\xb8", PA_ADRLINE_CHARS + 1);
	bool		right = true;

	expect_verdict(check(PA_STRTNM, "Fiktivvej"), PA_TEXT_OK, "a street");
	expect_verdict(check(PA_STRTNM, ""), PA_TEXT_EMPTY, "nothing");
	expect_verdict(check(PA_STRTNM, "  \xc2\xa0\xe3\x80\x80"), PA_TEXT_EMPTY, "blanks only");
	expect_verdict(check(PA_BLDGNB, "12345678901234567"), PA_TEXT_TOO_LONG, "17 characters of 16");
	expect_verdict(protaddr_check_line(line70.data, line70.len), PA_TEXT_OK, "line of 70 characters");
	expect_verdict(protaddr_check_line(line71.data, line71.len), PA_TEXT_TOO_LONG, "line of 71 characters");
	expect_verdict(protaddr_check_line("", 0), PA_TEXT_EMPTY, "empty line");

	expect_verdict(check(PA_STRTNM, "R\xf8gade"), PA_TEXT_NOT_UTF8, "Latin-1");
	expect_verdict(check(PA_STRTNM, "\x80"), PA_TEXT_NOT_UTF8, "a lone continuation byte");
	expect_verdict(check(PA_STRTNM, "\xc0\xaf"), PA_TEXT_NOT_UTF8, "overlong, 2 bytes");
	expect_verdict(check(PA_STRTNM, "\xc1\xbf"), PA_TEXT_NOT_UTF8, "overlong, the longest of 2 bytes");
	expect_verdict(check(PA_STRTNM, "\xe0\x9f\xbf"), PA_TEXT_NOT_UTF8, "overlong, 3 bytes");
	expect_verdict(check(PA_STRTNM, "\xf0\x8f\xbf\xbf"), PA_TEXT_NOT_UTF8, "overlong, 4 bytes");
	expect_verdict(check(PA_STRTNM, "\xed\xa0\x80"), PA_TEXT_NOT_UTF8, "a high surrogate");
	expect_verdict(check(PA_STRTNM, "\xed\xbf\xbf"), PA_TEXT_NOT_UTF8, "a low surrogate");
	expect_verdict(check(PA_STRTNM, "\xf4\x90\x80\x80"), PA_TEXT_NOT_UTF8, "above U+10FFFF");
	expect_verdict(check(PA_STRTNM, "\xf5\x80\x80\x80"), PA_TEXT_NOT_UTF8, "lead byte F5");
	expect_verdict(check(PA_STRTNM, "\xfe"), PA_TEXT_NOT_UTF8, "lead byte FE");
	expect_verdict(check(PA_STRTNM, "vej\xc3"), PA_TEXT_NOT_UTF8, "cut off after 1 of 2 bytes");
	expect_verdict(check(PA_STRTNM, "vej\xe2\x80"), PA_TEXT_NOT_UTF8, "cut off after 2 of 3 bytes");
	expect_verdict(check(PA_STRTNM, "vej\xf0\x9f\x8f"), PA_TEXT_NOT_UTF8, "cut off after 3 of 4 bytes");
	expect_verdict(check(PA_STRTNM, "\xf4\x8f\xbf\xbf"), PA_TEXT_OK, "U+10FFFF");

	/* every code point there is, against the list in pure.h */
	for (uint32_t c = 0; c <= 0x110000; c++)
	{
		char		s[6] = "x";
		size_t		n = 1 + encode_utf8(c, s + 1);
		PaTextVerdict want = PA_TEXT_OK;

		if (c <= 0x1F || (c >= 0x7F && c <= 0x9F) || c == 0xAD ||
			(c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
			(c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
			(c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xFE00 && c <= 0xFE0F) ||
			c == 0x034F || c == 0x061C || c == 0x115F || c == 0x1160 ||
			(c >= 0x180B && c <= 0x180F) || c == 0x17B4 || c == 0x17B5 || (c >= 0x1D173 && c <= 0x1D17A) || c == 0x3164 || c == 0xFFA0 ||
			(c >= 0xE0000 && c <= 0xE0FFF))
			want = PA_TEXT_CONTROL;
		if ((c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF)
			want = PA_TEXT_NOT_UTF8;
		if (protaddr_check_line(s, n) != want)
		{
			printf("# U+%04X\n", (unsigned int) c);
			right = false;
		}
	}
	ok(right, "every code point gets the verdict of pure.h");
	expect_verdict(protaddr_check_line("a\0b", 3), PA_TEXT_CONTROL, "a NUL inside");

	expect_verdict(check(PA_CTRY, "DK"), PA_TEXT_OK, "DK");
	expect_verdict(check(PA_CTRY, "XK"), PA_TEXT_OK, "XK");
	expect_verdict(check(PA_CTRY, "dk"), PA_TEXT_NOT_A_CODE, "dk");
	expect_verdict(check(PA_CTRY, "XX"), PA_TEXT_NOT_A_CODE, "XX");
	expect_verdict(check(PA_CTRY, "D"), PA_TEXT_NOT_A_CODE, "D");
	expect_verdict(check(PA_CTRY, "DNK"), PA_TEXT_TOO_LONG, "DNK");
	expect_verdict(check(PA_ADRTP, "HOME"), PA_TEXT_OK, "HOME");
	expect_verdict(check(PA_ADRTP, "DLVY"), PA_TEXT_OK, "DLVY");
	expect_verdict(check(PA_ADRTP, "home"), PA_TEXT_NOT_A_CODE, "home");
	expect_verdict(check(PA_ADRTP, "HUS"), PA_TEXT_NOT_A_CODE, "HUS");
	expect_verdict(check(PA_ADRTP_ID, "A1b2"), PA_TEXT_OK, "type id A1b2");
	expect_verdict(check(PA_ADRTP_ID, "A1b"), PA_TEXT_NOT_A_CODE, "type id A1b");
	expect_verdict(check(PA_ADRTP_ID, "A-b2"), PA_TEXT_NOT_A_CODE, "type id A-b2");
	expect_verdict(check(PA_ADRTP_ID, "A\xc3\xb8" "b2"), PA_TEXT_NOT_A_CODE, "type id with \xc3\xb8");
	expect_verdict(check(PA_ADRTP_ISSR, "Prøvebanken"), PA_TEXT_OK, "an issuer");

	expect_verdict(check(PA_STRTNM, PA_WITHHELD), PA_TEXT_WITHHELD, "the mask as an element");
	expect_verdict(protaddr_check_line(PA_WITHHELD, strlen(PA_WITHHELD)), PA_TEXT_WITHHELD,
				   "the mask as a line");
}

static void
test_withheld(void)
{
	static const char *const withheld[] = {
		PA_WITHHELD, "[ADDRESS WITHHELD]", "[Address withheld] ", "  [address withheld]",
		"\"[address withheld]\"", "{\"[address withheld]\"}", "c/o [address withheld]",
		"Fiktivvej 1, [address withheld], 8000 Pr\xc3\xb8veby", "[address wi", "[address",
		"[address is secret]", "'[ADDRESS", "{[address with", "([address w)", "[[address",
		"[ address", "[addr", "[a", "x[[address withheld", "\t\"[Address"
	};
	static const char *const free_texts[] = {
		"", "[", "Address House 5", "address withheld", "(address)", "[addendum]", "[Aa]",
		"Fiktivvej [address", "x [address with", "[address withhel", "[adr", "\"a",
		"[]", "{}", "Fiktivvej 1"
	};
	char		name[100];

	for (size_t i = 0; i < sizeof(withheld) / sizeof(withheld[0]); i++)
	{
		snprintf(name, sizeof(name), "withheld: %s", withheld[i]);
		ok(protaddr_looks_withheld(withheld[i], strlen(withheld[i])), name);
	}
	for (size_t i = 0; i < sizeof(free_texts) / sizeof(free_texts[0]); i++)
	{
		bool		begins = strncmp(free_texts[i], "[address", 8) == 0;

		snprintf(name, sizeof(name), "%s: %s", begins ? "withheld" : "not withheld", free_texts[i]);
		ok(protaddr_looks_withheld(free_texts[i], strlen(free_texts[i])) == begins, name);
	}
}

static void
test_countries(void)
{
	static const char *const unknown[] = {"XX", "EU", "UK", "AN", "SU", "YU", "ZZ", "AA", "EL", "dk"};
	int			n = 0;
	bool		none = true;

	for (char a = 'A'; a <= 'Z'; a++)
	{
		for (char b = 'A'; b <= 'Z'; b++)
		{
			char		code[2] = {a, b};

			n += protaddr_country_known(code, 2);
		}
	}
	ok(n == 250, "there are 249 countries and XK");
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		none = none && !protaddr_country_known(unknown[i], 2);
	ok(none, "codes that are not assigned are unknown");
	ok(protaddr_country_known("DK", 2) && protaddr_country_known("GL", 2) &&
	   protaddr_country_known("FO", 2) && protaddr_country_known("SS", 2) &&
	   protaddr_country_known("CW", 2) && protaddr_country_known("AX", 2), "some that are known");
	ok(!protaddr_country_known("D", 1) && !protaddr_country_known("DKK", 3) &&
	   !protaddr_country_known("", 0), "a code has two letters");
	ok(!protaddr_country_known("D\xc6", 2) && !protaddr_country_known("\xff\xff", 2) &&
	   !protaddr_country_known("D[", 2) && !protaddr_country_known("@K", 2),
	   "bytes around the letters are unknown");
}

/* ---- codec ------------------------------------------------------------- */

#define DANISH "StrtNm=Fiktivvej|BldgNb=12|Flr=2|Room=th|PstCd=8000|TwnNm=Pr\xc3\xb8veby C|Ctry=DK"

static uint8_t plain[PA_MAX_PLAIN];

static size_t
encode_list(const char *list)
{
	PaAddress	address = address_of(list);

	if (address.channel.len > 0)
		address.release = PA_RELEASED_WHOLE;
	return protaddr_encode(&address, plain, sizeof(plain));
}

static bool
same_text(PaText a, PaText b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void
test_encode(void)
{
	PaAddress	address;
	PaAddress	back;
	PaAddress	full;
	bool		same = true;
	size_t		len;

	ok(encode_list(DANISH "|Subject=707614285") == 64, "a Danish address and its person take one block");
	ok(encode_list("TwnNm=A") == 64, "the least address takes one block");
	ok(encode_list("StrtNm=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefg") == 64,
	   "a block that is exactly full needs no terminator");
	ok(plain[63] == 'g', "and has none");
	ok(encode_list("StrtNm=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh") == 128,
	   "one byte more begins another block");

	address = address_of(DANISH "|AdrTp=HOME|AdrLine=one|AdrLine=two|Subject=B|Subject=AB|Subject=A|Channel=sepa");
	address.release = PA_RELEASED_MINIMUM;
	address.typist = text_of("teller");
	len = protaddr_encode(&address, plain, sizeof(plain));
	memset(&back, 0, sizeof(back));
	ok(len == 128 && protaddr_decode(plain, len, &back), "an encoded address decodes");
	for (int i = 0; i < PA_NELEMENTS; i++)
		same = same && same_text(address.element[i], back.element[i]);
	ok(same, "its elements come back");
	ok(back.nlines == 2 && same_text(back.line[0], text_of("one")) &&
	   same_text(back.line[1], text_of("two")), "its lines come back in order");
	ok(back.nsubjects == 3 && same_text(back.subject[0], text_of("A")) &&
	   same_text(back.subject[1], text_of("AB")) && same_text(back.subject[2], text_of("B")),
	   "its subjects come back sorted");
	ok(back.release == PA_RELEASED_MINIMUM && same_text(back.channel, text_of("sepa")),
	   "its release comes back");
	ok(same_text(back.typist, text_of("teller")), "its typist comes back");
	ok(plain[0] == PA_SEAL_VERSION, "the first byte repeats the seal's version");

	memset(&full, 0, sizeof(full));
	for (int i = 0; i < PA_NELEMENTS; i++)
		full.element[i] = repeated("\xf0\x9f\x8f\xa0", (size_t) protaddr_elements[i].max_chars);
	for (full.nlines = 0; full.nlines < PA_MAX_LINES; full.nlines++)
		full.line[full.nlines] = repeated("\xf0\x9f\x8f\xa0", PA_ADRLINE_CHARS);
	for (full.nsubjects = 0; full.nsubjects < PA_MAX_SUBJECTS; full.nsubjects++)
	{
		char		letter[2] = {(char) ('P' - full.nsubjects), '\0'};

		full.subject[full.nsubjects] = repeated(letter, PA_SUBJECT_SIZE);
	}
	full.release = PA_RELEASED_WHOLE;
	full.channel = repeated("c", PA_CHANNEL_SIZE);
	len = protaddr_encode(&full, plain, sizeof(plain));
	ok(len > 8000 && protaddr_decode(plain, len, &back), "the fullest address fits");
	ok(back.nsubjects == PA_MAX_SUBJECTS && back.nlines == PA_MAX_LINES &&
	   back.element[PA_STRTNM].len == 560, "and comes back full");
	ok(protaddr_encode(&full, plain, len) == len && protaddr_encode(&full, plain, len - 1) == 0,
	   "an output that is too small is refused");
	ok(protaddr_format_line(&full, keep(PA_LINE_SIZE)) > 6800, "and is formatted");
}

static void
test_encode_refusals(void)
{
	PaAddress	address;

	ok(encode_list("Subject=1") == 0, "no element and no line is refused");
	ok(encode_list("TwnNm=A|Subject=1|Subject=2|Subject=1") == 0, "a subject twice is refused");
	ok(encode_list("TwnNm=A|Subject=") == 0, "an empty subject is refused");

	address = address_of("TwnNm=A");
	address.typist = repeated("t", PA_TYPIST_SIZE + 1);
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a typist that is too long is refused");
	memset(&address, 0, sizeof(address));
	address.typist = text_of("teller");
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a typist alone is refused");

	address = address_of("TwnNm=A");
	address.subject[0] = repeated("1", PA_SUBJECT_SIZE + 1);
	address.nsubjects = 1;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a subject of 65 bytes is refused");
	address.nsubjects = PA_MAX_SUBJECTS + 1;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "17 subjects are refused");
	address.nsubjects = -1;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "-1 subjects are refused");

	address = address_of("TwnNm=A");
	address.nlines = PA_MAX_LINES + 1;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "8 lines are refused");
	address.nlines = -1;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "-1 lines are refused");
	address.nlines = 1;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "an empty line is refused");
	address.line[0] = repeated("x", 4 * PA_ADRLINE_CHARS + 1);
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a line of 281 bytes is refused");

	address = address_of("TwnNm=A");
	address.element[PA_PSTCD] = repeated("1", 65);
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a postcode of 65 bytes is refused");

	address = address_of("TwnNm=A");
	address.release = PA_RELEASED_WHOLE;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a release without channel is refused");
	address.channel = repeated("c", PA_CHANNEL_SIZE + 1);
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a channel of 65 bytes is refused");
	address.channel = text_of("sepa");
	address.release = PA_NOT_RELEASED;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a channel without release is refused");
	address.release = (PaRelease) 5;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "an unknown release is refused");
	address.release = PA_RELEASED_DISCLOSED;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a disclosure without its number is refused");
	address.disclosure = UINT64_C(0x0102030405060708);
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 64 &&
	   memcmp(plain + 8, "\1\2\3\4\5\6\7\10", 8) == 0, "with it, it is not");
	ok(protaddr_decode(plain, 64, &address) && address.disclosure == UINT64_C(0x0102030405060708) &&
	   address.release == PA_RELEASED_DISCLOSED, "and comes back");
	address.release = PA_RELEASED_SUBSTITUTE;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 0, "a number of what is not disclosed is refused");
	address = address_of("TwnNm=A");
	address.channel = text_of("sepa");
	address.release = PA_RELEASED_WHOLE;
	ok(protaddr_encode(&address, plain, sizeof(plain)) == 64, "and what is right is not");
	ok(protaddr_encode(&address, plain, 0) == 0, "no room is refused");
}

/* Decodes n bytes padded with zeros to blocks. */
static bool
decode_padded(const char *bytes, size_t n)
{
	PaAddress	address;
	size_t		len = (n + PA_PLAIN_BLOCK - 1) / PA_PLAIN_BLOCK * PA_PLAIN_BLOCK;

	memset(plain, 0, sizeof(plain));
	memcpy(plain, bytes, n);
	return protaddr_decode(plain, len, &address);
}

#define DECODES(literal)	decode_padded(literal, sizeof(literal) - 1)

/* "\x10" is TwnNm, "\x0f" PstCd */
static void
test_decode_refusals(void)
{
	PaAddress	address;
	char		bytes[600];
	size_t		n;

	ok(DECODES("\1\0\0\x10\1A"), "decode: the least address");
	ok(DECODES("\1\0\1\1X\x10\1A"), "decode: with a subject");
	ok(DECODES("\1\1\0\1c\x10\1A"), "decode: released");
	ok(DECODES("\1\0\0\x40\1A\x40\1A"), "decode: two lines");

	ok(!DECODES("\0\0\0\x10\1A"), "decode: version 0");
	ok(!DECODES("\2\0\0\x10\1A"), "decode: version 2");
	ok(DECODES("\1\3\0\1c\x10\1A"), "decode: a substitute");
	ok(DECODES("\1\4\0\1c\0\0\0\0\0\0\0\1\x10\1A"), "decode: a disclosure");
	ok(!DECODES("\1\4\0\1c\0\0\0\0\0\0\0\0\x10\1A"), "decode: a disclosure without number");
	ok(!DECODES("\1\5\0\1c\x10\1A"), "decode: release 5");
	ok(!DECODES("\1\1\0\0\x10\1A"), "decode: released for an empty channel");
	ok(!DECODES("\1\0\0"), "decode: no element");
	ok(!DECODES("\1\0\1\1X"), "decode: a subject and no element");
	ok(!DECODES("\1\0\1\0\x10\1A"), "decode: empty subject");
	ok(!DECODES("\1\0\2\1B\1A\x10\1A"), "decode: subjects in descending order");
	ok(!DECODES("\1\0\2\1A\1A\x10\1A"), "decode: a subject twice");
	ok(!DECODES("\1\0\2\2AB\1A\x10\1A"), "decode: a subject before its beginning");
	ok(!DECODES("\1\0\x11\1A\x10\1A"), "decode: 17 subjects");
	ok(!DECODES("\1\0\1\x50X\x10\1A"), "decode: subject over the end");
	ok(!DECODES("\1\0\0\x10\0"), "decode: empty element");
	ok(!DECODES("\1\0\0\x10\1A\x10\1A"), "decode: an element twice");
	ok(!DECODES("\1\0\0\x10\1A\x0f\1A"), "decode: elements in descending order");
	ok(!DECODES("\1\0\0\x40\1A\x10\1A"), "decode: an element after a line");
	ok(!DECODES("\1\0\0\x15\1A"), "decode: tag 21");
	ok(!DECODES("\1\0\0\x3f\1A"), "decode: tag 63");
	ok(!DECODES("\1\0\0\x41\1A"), "decode: tag 65");
	ok(!DECODES("\1\0\0\xff\1A"), "decode: tag 255");
	ok(!DECODES("\1\0\0\x10\x80\1A"), "decode: a long length of 1");
	ok(!DECODES("\1\0\0\x10\x7f" "A"), "decode: element over the end");
	ok(!DECODES("\1\0\0\x10\xff\xff" "A"), "decode: long length over the end");
	ok(!DECODES("\1\0\0\x10\1A\0X"), "decode: a byte in the padding");
	ok(!DECODES("\1\0\0\x40\1A\x40\1A\x40\1A\x40\1A\x40\1A\x40\1A\x40\1A\x40\1A"), "decode: 8 lines");

	/* a length cut off by the end */
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "\1\0\0\x08\x3a", 5);
	bytes[63] = '\x10';
	ok(!decode_padded(bytes, 64), "decode: the end in place of a length");
	bytes[4] = '\x39';
	bytes[62] = '\x10';
	bytes[63] = '\x80';
	ok(!decode_padded(bytes, 64), "decode: the end inside a length");
	memcpy(bytes, "\1\0\0\x08\x3b", 5);
	ok(decode_padded(bytes, 64), "decode: a full block");
	ok(!decode_padded(bytes, 65), "decode: a block and a byte that belongs to nothing");

	memset(plain, 0, sizeof(plain));
	memcpy(plain, "\1\0\0\x10\1A", 6);
	ok(protaddr_decode(plain, 64, &address), "decode: one block");
	ok(!protaddr_decode(plain, 128, &address), "decode: a block of padding too many");
	ok(!protaddr_decode(plain, 63, &address), "decode: not whole blocks");
	ok(!protaddr_decode(plain, 0, &address), "decode: nothing");
	ok(!protaddr_decode(plain, PA_MAX_PLAIN + PA_PLAIN_BLOCK, &address), "decode: over the limit");

	/* subjects up to the very end, and one more promised */
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "\1\0\2\x3c", 4);
	ok(!decode_padded(bytes, 64), "decode: the end in place of a subject");
	memcpy(bytes, "\1\1\1\x3c", 4);
	ok(!decode_padded(bytes, 64), "decode: the end in place of a channel");

	/* lengths at the limits of the elements */
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "\1\0\0\x0f\x40", 5);
	n = 5 + 64;
	ok(decode_padded(bytes, n), "decode: a postcode of 64 bytes");
	bytes[4] = '\x41';
	ok(!decode_padded(bytes, n + 1), "decode: a postcode of 65 bytes");
	memcpy(bytes, "\1\0\0\x40\x81\x18", 6);
	ok(decode_padded(bytes, 6 + 280), "decode: a line of 280 bytes");
	bytes[5] = '\x19';
	ok(!decode_padded(bytes, 6 + 281), "decode: a line of 281 bytes");
	memcpy(bytes, "\1\0\0\x40\x80\x7f", 6);
	ok(!decode_padded(bytes, 6 + 127), "decode: 127 in two bytes");
	bytes[5] = '\x80';
	ok(decode_padded(bytes, 6 + 128), "decode: 128 in two bytes");
}

/* ---- token ------------------------------------------------------------- */

static bool
token_refused(const char *token, size_t len)
{
	static uint8_t seal[PA_MAX_SEAL + 3];

	return protaddr_token_parse(token, len, seal) == 0;
}

static void
test_token(void)
{
	static uint8_t seal[PA_MAX_SEAL];
	static uint8_t back[PA_MAX_SEAL + 3];
	static char token[PA_MAX_SEAL * 2];
	static char other[PA_MAX_SEAL * 2];
	bool		same = true;
	bool		safe = true;
	bool		strict = true;
	size_t		len;

	seal[0] = PA_SEAL_VERSION;
	for (size_t i = 1; i < sizeof(seal); i++)
		seal[i] = (uint8_t) (i * 167 + i / 251);

	ok(protaddr_seal_shape(seal, 101) && protaddr_seal_shape(seal, 165) &&
	   protaddr_seal_shape(seal, PA_MAX_SEAL), "one block, two blocks, all blocks are a shape");
	ok(!protaddr_seal_shape(seal, 0) && !protaddr_seal_shape(seal, 37) &&
	   !protaddr_seal_shape(seal, 100) && !protaddr_seal_shape(seal, 102) &&
	   !protaddr_seal_shape(seal, PA_MAX_SEAL + PA_PLAIN_BLOCK), "other lengths are not");
	seal[0] = 2;
	ok(!protaddr_seal_shape(seal, 101), "nor is version 2");
	seal[0] = 0;
	ok(!protaddr_seal_shape(seal, 101), "nor is version 0");
	seal[0] = PA_SEAL_VERSION;

	ok(protaddr_token_length(0) == 4 && protaddr_token_length(1) == 6 &&
	   protaddr_token_length(2) == 7 && protaddr_token_length(3) == 8 &&
	   protaddr_token_length(101) == 4 + 135, "token lengths");

	for (size_t n = 101; n <= PA_MAX_SEAL; n += PA_PLAIN_BLOCK)
	{
		len = protaddr_token_write(seal, n, token);
		same = same && len == protaddr_token_length(n) &&
			protaddr_token_parse(token, len, back) == n && memcmp(seal, back, n) == 0;
		for (size_t i = 0; i < len; i++)
		{
			char		c = token[i];

			safe = safe && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
							(c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
		}
		strict = strict && protaddr_token_parse(token, len - 1, back) == 0 &&
			protaddr_token_parse(token, len + 1, back) == 0;
	}
	ok(same, "seals of every length are the same after a round trip");
	ok(safe, "tokens hold letters, digits, - _ and one dot only");
	ok(strict, "a token cut short or with something behind is refused");
	ok(protaddr_token_write(seal, PA_MAX_SEAL + 1, token) == 0, "more than a seal is not written");

	len = protaddr_token_write(seal, 101, token);
	ok(strncmp(token, "pa1.A", 5) == 0, "a token begins with pa1. and the version");
	ok(memchr(token, '-', len) != NULL && memchr(token, '_', len) != NULL,
	   "this one has both letters of base64url");

	strict = true;
	for (int c = 0; c < 256; c++)
	{
		bool		alphabet = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_';

		memcpy(other, token, len);
		other[40] = (char) c;
		strict = strict && token_refused(other, len) == !alphabet;
	}
	ok(strict, "a byte outside the alphabet is refused, whichever it is");

	strict = true;
	for (size_t i = 0; i < len; i++)
	{
		memcpy(other, token, len);
		other[i] = ' ';
		strict = strict && token_refused(other, len);
		other[i] = '=';
		strict = strict && token_refused(other, len);
		other[i] = '\n';
		strict = strict && token_refused(other, len);
		other[i] = '\0';
		strict = strict && token_refused(other, len);
	}
	ok(strict, "a blank, padding, newline or NUL is refused wherever it stands");

	memcpy(other, token, len);
	other[len] = '=';
	ok(token_refused(other, len + 1), "padding behind is refused");
	other[len] = '\n';
	ok(token_refused(other, len + 1), "a newline behind is refused");
	memcpy(other + 1, token, len);
	other[0] = ' ';
	ok(token_refused(other, len + 1), "a blank in front is refused");
	memcpy(other, token, len);
	other[1] = 'A';
	ok(token_refused(other, len), "pA1. is refused");
	other[1] = 'a';
	other[2] = '2';
	ok(token_refused(other, len), "pa2. is refused");

	/* 135 characters are 101 bytes and two bits that must be zero */
	strict = true;
	for (size_t i = 0; i < 64; i++)
	{
		static const char alphabet[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

		memcpy(other, token, len);
		other[len - 1] = alphabet[i];
		strict = strict && token_refused(other, len) == (i % 4 != 0);
	}
	ok(strict, "stray bits behind the last byte are refused");

	/* 229 bytes leave one over, so four stray bits */
	len = protaddr_token_write(seal, 229, token);
	ok(len % 4 == 2, "a seal of three blocks ends with two characters");
	strict = true;
	for (size_t i = 0; i < 64; i++)
	{
		static const char alphabet[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

		memcpy(other, token, len);
		other[len - 1] = alphabet[i];
		strict = strict && token_refused(other, len) == (i % 16 != 0);
	}
	ok(strict, "four stray bits are refused too");

	/* 165 bytes are whole groups: one more character would say nothing */
	len = protaddr_token_write(seal, 165, token);
	token[len] = 'A';
	ok(len % 4 == 0 && !token_refused(token, len) && token_refused(token, len + 1),
	   "a last group of one character is refused");

	seal[0] = 2;
	len = protaddr_token_write(seal, 101, token);
	ok(token_refused(token, len), "a token of version 2 is refused");
	seal[0] = PA_SEAL_VERSION;
	len = protaddr_token_write(seal, 102, token);
	ok(token_refused(token, len), "a token of another length is refused");
	ok(token_refused("pa1.", 4) && token_refused("pa1", 3) && token_refused("", 0),
	   "a token without a seal is refused");
	memset(other, 'A', sizeof(other));
	memcpy(other, "pa1.", 4);
	ok(token_refused(other, sizeof(other)), "a token over the limit is refused");
}

/* ---- format ------------------------------------------------------------ */

static void
expect_line(const char *list, const char *want)
{
	static char line[PA_LINE_SIZE];
	PaAddress	address = address_of(list);
	size_t		len = protaddr_format_line(&address, line);

	if (!ok(len == strlen(want) && memcmp(line, want, len) == 0, want))
		printf("# got %.*s\n", (int) len, line);
}

static void
test_format_denmark(void)
{
	expect_line("StrtNm=Vestergade|BldgNb=12|Flr=2|Room=th|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, 2. th, 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12|Flr=2.|Room=th|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, 2. th, 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12B|Flr=st|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12B, st., 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12|Flr=kl|Room=1|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, kl. 1, 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12|Flr=2. sal|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, 2. sal, 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12|Room=th|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, th, 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12|Flr=1|UnitNb=tv|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, 1. tv, 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12|Flr=1|UnitNb=7|Room=tv|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, 1. tv, 7, 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12|TwnLctnNm=Fiktivby|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, Fiktivby, 8000 Aarhus C");
	expect_line("StrtNm=Vestergade|BldgNb=12|Flr=2|Room=th|TwnLctnNm=Fiktivby|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, 2. th, Fiktivby, 8000 Aarhus C");
	expect_line("CareOf=Jensen|StrtNm=Vestergade|BldgNb=12|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"c/o Jensen, Vestergade 12, 8000 Aarhus C");
	expect_line("CareOf=C/O Jensen|StrtNm=Vestergade|BldgNb=12|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"C/O Jensen, Vestergade 12, 8000 Aarhus C");
	expect_line("PstBx=12|PstCd=8000|TwnNm=Aarhus C|Ctry=DK", "Postboks 12, 8000 Aarhus C");
	expect_line("PstBx=12 34|PstCd=8000|TwnNm=Aarhus C|Ctry=DK", "Postboks 12 34, 8000 Aarhus C");
	expect_line("PstBx=Postboks 12|PstCd=8000|TwnNm=Aarhus C|Ctry=DK", "Postboks 12, 8000 Aarhus C");
	expect_line("Dept=Arkiv|SubDept=Post|BldgNm=Fiktivhuset|StrtNm=Vestergade|BldgNb=12|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Arkiv, Post, Fiktivhuset, Vestergade 12, 8000 Aarhus C");
	expect_line("PstCd=8000|TwnNm=Aarhus C|DstrctNm=Aarhus|CtrySubDvsn=Midtjylland|Ctry=DK",
				"8000 Aarhus C, Aarhus, Midtjylland");
	expect_line("AdrLine=Vestergade 12|AdrLine=2. th|PstCd=8000|TwnNm=Aarhus C|Ctry=DK",
				"Vestergade 12, 2. th, 8000 Aarhus C");
	expect_line("AdrLine=Vestergade 12, 2. th|AdrLine=8000 Aarhus C", "Vestergade 12, 2. th, 8000 Aarhus C");
	expect_line("StrtNm=Tasiilaq-vej|BldgNb=3|Flr=1|PstCd=3900|TwnNm=Nuuk|Ctry=GL", "Tasiilaq-vej 3, 1., 3900 Nuuk");
	expect_line("StrtNm=Fiktivg\xc3\xb8ta|BldgNb=3|PstCd=100|TwnNm=T\xc3\xb3rshavn|Ctry=FO",
				"Fiktivg\xc3\xb8ta 3, 100 T\xc3\xb3rshavn");

	/* what is absent leaves nothing behind */
	expect_line("StrtNm=Vestergade|Ctry=DK", "Vestergade");
	expect_line("BldgNb=12|Ctry=DK", "12");
	expect_line("Flr=2|Ctry=DK", "2.");
	expect_line("Room=th|Ctry=DK", "th");
	expect_line("PstCd=8000|Ctry=DK", "8000");
	expect_line("TwnNm=Aarhus C|Ctry=DK", "Aarhus C");
	expect_line("CtrySubDvsn=Midtjylland|Ctry=DK", "Midtjylland");
	expect_line("StrtNm=Vestergade|TwnNm=Aarhus C|Ctry=DK", "Vestergade, Aarhus C");
	expect_line("Ctry=DK", "DK");
	expect_line("AdrTp=HOME|AdrTp/Prtry/Issr=Fiktivbanken|TwnNm=Aarhus C|Ctry=DK", "Aarhus C");
}

static void
test_format_world(void)
{
	/* the Nordic countries */
	expect_line("StrtNm=Fiktivgata|BldgNb=5|PstCd=0155|TwnNm=Oslo|Ctry=NO", "Fiktivgata 5, 0155 Oslo");
	expect_line("StrtNm=Fiktivgata|BldgNb=5A|UnitNb=H0201|PstCd=0155|TwnNm=Oslo|Ctry=NO",
				"Fiktivgata 5A, H0201, 0155 Oslo");
	expect_line("StrtNm=Fiktivgata|BldgNb=5|Flr=2|PstCd=0155|TwnNm=Oslo|Ctry=NO", "Fiktivgata 5, 2. etg., 0155 Oslo");
	expect_line("PstBx=17|PstCd=0101|TwnNm=Oslo|Ctry=NO", "Postboks 17, 0101 Oslo");
	expect_line("StrtNm=P\xc3\xa5hittade v\xc3\xa4gen|BldgNb=5|UnitNb=1102|PstCd=111 22|TwnNm=Stockholm|Ctry=SE",
				"P\xc3\xa5hittade v\xc3\xa4gen 5 lgh 1102, 111 22 Stockholm");
	expect_line("StrtNm=Testgatan|BldgNb=5|UnitNb=lgh 1102|PstCd=111 22|TwnNm=Stockholm|Ctry=SE",
				"Testgatan 5 lgh 1102, 111 22 Stockholm");
	expect_line("StrtNm=Testgatan|BldgNb=5|Flr=2|PstCd=111 22|TwnNm=Stockholm|Ctry=SE", "Testgatan 5, 2 tr, 111 22 Stockholm");
	expect_line("PstBx=2820|PstCd=403 20|TwnNm=G\xc3\xb6teborg|Ctry=SE", "Box 2820, 403 20 G\xc3\xb6teborg");
	expect_line("StrtNm=Testikatu|BldgNb=5|UnitNb=A 12|PstCd=00100|TwnNm=Helsinki|Ctry=FI", "Testikatu 5 A 12, 00100 Helsinki");
	expect_line("StrtNm=Testikatu|BldgNb=5 A|UnitNb=12|PstCd=00100|TwnNm=Helsinki|Ctry=FI", "Testikatu 5 A 12, 00100 Helsinki");
	expect_line("PstBx=12|PstCd=00101|TwnNm=Helsinki|Ctry=FI", "PL 12, 00101 Helsinki");
	expect_line("StrtNm=Testgatan|BldgNb=5|PstCd=22100|TwnNm=Mariehamn|Ctry=AX", "Testgatan 5, 22100 Mariehamn");
	expect_line("StrtNm=Pr\xc3\xb3" "fstr\xc3\xa6ti|BldgNb=15|PstCd=101|TwnNm=Reykjav\xc3\xadk|Ctry=IS",
				"Pr\xc3\xb3" "fstr\xc3\xa6ti 15, 101 Reykjav\xc3\xadk");

	/* the rest of Europe */
	expect_line("StrtNm=Musterstra\xc3\x9f" "e|BldgNb=5|Flr=2|UnitNb=12|PstCd=10115|TwnNm=Berlin|Ctry=DE",
				"Musterstra\xc3\x9f" "e 5, 2. OG, Whg. 12, 10115 Berlin");
	expect_line("StrtNm=Musterstra\xc3\x9f" "e|BldgNb=5|Flr=EG|TwnLctnNm=Testdorf|PstCd=10115|TwnNm=Berlin|Ctry=DE",
				"Musterstra\xc3\x9f" "e 5, EG, Testdorf, 10115 Berlin");
	expect_line("PstBx=12 34 56|PstCd=10115|TwnNm=Berlin|Ctry=DE", "Postfach 12 34 56, 10115 Berlin");
	expect_line("StrtNm=Mustergasse|BldgNb=5|UnitNb=12|PstCd=1010|TwnNm=Wien|Ctry=AT", "Mustergasse 5/12, 1010 Wien");
	expect_line("StrtNm=Musterweg|BldgNb=5|Flr=2|PstCd=3000|TwnNm=Bern|Ctry=CH", "Musterweg 5, Etage 2, 3000 Bern");
	expect_line("StrtNm=Testgracht|BldgNb=123|UnitNb=2|PstCd=1015 CJ|TwnNm=Amsterdam|Ctry=NL", "Testgracht 123-2, 1015 CJ Amsterdam");
	expect_line("StrtNm=Testgracht|BldgNb=123|UnitNb=bis|PstCd=1015 CJ|TwnNm=Amsterdam|Ctry=NL",
				"Testgracht 123 bis, 1015 CJ Amsterdam");
	expect_line("StrtNm=Testgracht|BldgNb=123A|Flr=2|PstCd=1015 CJ|TwnNm=Amsterdam|Ctry=NL",
				"Testgracht 123A, 2e verdieping, 1015 CJ Amsterdam");
	expect_line("StrtNm=Teststraat|BldgNb=12|UnitNb=4|PstCd=1000|TwnNm=Brussel|Ctry=BE", "Teststraat 12 b 4, 1000 Brussel");
	expect_line("StrtNm=rue du Test|BldgNb=12|PstCd=L-1111|TwnNm=Luxembourg|Ctry=LU", "12, rue du Test, L-1111 Luxembourg");
	expect_line("StrtNm=rue du Test|BldgNb=12 bis|PstCd=75002|TwnNm=Paris|Ctry=FR", "12 bis rue du Test, 75002 Paris");
	expect_line("CareOf=Dupont|StrtNm=rue du Test|BldgNb=12|BldgNm=B\xc3\xa2timent A|Flr=2|UnitNb=25|PstCd=75002|TwnNm=Paris|Ctry=FR",
				"c/o Dupont, Appt 25, \xc3\x89tage 2, B\xc3\xa2timent A, 12 rue du Test, 75002 Paris");
	expect_line("PstBx=123|PstCd=75002|TwnNm=Paris CEDEX 02|Ctry=FR", "BP 123, 75002 Paris CEDEX 02");
	expect_line("StrtNm=Calle Inventada|BldgNb=5|Flr=2|Room=B|PstCd=28013|TwnNm=Madrid|Ctry=ES",
				"Calle Inventada, 5, 2\xc2\xba B, 28013 Madrid");
	expect_line("StrtNm=Rua Inventada|BldgNb=5|Flr=2|Room=Dto|PstCd=1000-001|TwnNm=Lisboa|Ctry=PT",
				"Rua Inventada 5, 2\xc2\xba Dto, 1000-001 Lisboa");
	expect_line("StrtNm=Via Inventata|BldgNb=5|UnitNb=3|PstCd=20121|TwnNm=Milano|CtrySubDvsn=MI|Ctry=IT",
				"Via Inventata 5, int. 3, 20121 Milano MI");
	expect_line("StrtNm=ul. Zmy\xc5\x9blona|BldgNb=5|UnitNb=12|PstCd=00-001|TwnNm=Warszawa|Ctry=PL",
				"ul. Zmy\xc5\x9blona 5/12, 00-001 Warszawa");
	expect_line("StrtNm=Testovac\xc3\xad|BldgNb=12/5|Flr=3|PstCd=110 00|TwnNm=Praha 1|Ctry=CZ",
				"Testovac\xc3\xad 12/5, 3. patro, 110 00 Praha 1");
	expect_line("StrtNm=Testi mnt|BldgNb=5|UnitNb=12|PstCd=10111|TwnNm=Tallinn|Ctry=EE", "Testi mnt 5-12, 10111 Tallinn");
	expect_line("StrtNm=Testa iela|BldgNb=5|UnitNb=12|PstCd=LV-1050|TwnNm=R\xc4\xabga|Ctry=LV", "Testa iela 5-12, R\xc4\xabga, LV-1050");
	expect_line("StrtNm=Testovaya ul.|BldgNb=5|UnitNb=12|PstCd=125075|TwnNm=Moskva|Ctry=RU", "Testovaya ul., 5, kv. 12, Moskva, 125075");
	expect_line("StrtNm=Rruga Test|BldgNb=5|PstCd=10000|TwnNm=Prishtin\xc3\xab|Ctry=XK", "Rruga Test 5, 10000 Prishtin\xc3\xab");

	/* number first */
	expect_line("StrtNm=High Street|BldgNb=12|PstCd=ZZ1 1ZZ|TwnNm=Testham|Ctry=GB", "12 High Street, Testham ZZ1 1ZZ");
	expect_line("StrtNm=High Street|BldgNb=12|BldgNm=Rose House|UnitNb=3|TwnLctnNm=Mockley|PstCd=ZZ1 1ZZ|TwnNm=Testham|CtrySubDvsn=Kent|Ctry=GB",
				"Flat 3, Rose House, 12 High Street, Mockley, Testham, Kent ZZ1 1ZZ");
	expect_line("StrtNm=High Street|BldgNb=12|Flr=Second Floor|UnitNb=Flat 3B|PstCd=ZZ1 1ZZ|TwnNm=Testham|Ctry=GB",
				"Flat 3B, Second Floor, 12 High Street, Testham ZZ1 1ZZ");
	expect_line("StrtNm=High Street|BldgNb=12|UnitNb=3B|PstCd=ZZ1 1ZZ|TwnNm=Testham|Ctry=GB",
				"Flat 3B, 12 High Street, Testham ZZ1 1ZZ");
	expect_line("StrtNm=High Street|BldgNb=12|UnitNb=C|Room=3/4|PstCd=ZZ1 1ZZ|TwnNm=Testham|Ctry=GB",
				"3/4, Flat C, 12 High Street, Testham ZZ1 1ZZ");
	expect_line("PstBx=12|PstCd=ZZ1 1ZZ|TwnNm=Testham|Ctry=GB", "PO Box 12, Testham ZZ1 1ZZ");
	expect_line("PstBx=P.O. Box 12|PstCd=ZZ1 1ZZ|TwnNm=Testham|Ctry=GB", "P.O. Box 12, Testham ZZ1 1ZZ");
	expect_line("PstCd=ZZ1 1ZZ|Ctry=GB", "ZZ1 1ZZ");
	expect_line("StrtNm=Main Street|BldgNb=12|PstCd=D02 X285|TwnNm=Dublin 2|Ctry=IE", "12 Main Street, Dublin 2, D02 X285");
	expect_line("StrtNm=Main St|BldgNb=123|UnitNb=4|PstCd=62701|TwnNm=Springfield|CtrySubDvsn=IL|Ctry=US",
				"123 Main St, Unit 4, Springfield, IL 62701");
	expect_line("StrtNm=Main St|BldgNb=123|UnitNb=Apt 4|Flr=2|PstCd=62701|TwnNm=Springfield|CtrySubDvsn=IL|Ctry=US",
				"123 Main St, Floor 2, Apt 4, Springfield, IL 62701");
	expect_line("StrtNm=Main St|BldgNb=123|CtrySubDvsn=IL|PstCd=62701|Ctry=US", "123 Main St, IL 62701");
	expect_line("StrtNm=Main St|BldgNb=123|PstCd=K1A 0B1|TwnNm=Ottawa|CtrySubDvsn=ON|Ctry=CA", "123 Main St, Ottawa ON K1A 0B1");
	expect_line("StrtNm=High Street|BldgNb=12|UnitNb=3|PstCd=6000|TwnNm=Perth|CtrySubDvsn=WA|Ctry=AU", "3/12 High Street, Perth WA 6000");
	expect_line("StrtNm=High Street|BldgNb=12|UnitNb=Unit 3|PstCd=6000|TwnNm=Perth|CtrySubDvsn=WA|Ctry=AU",
				"Unit 3, 12 High Street, Perth WA 6000");
	expect_line("StrtNm=High Street|UnitNb=3|TwnNm=Perth|Ctry=AU", "Unit 3, High Street, Perth");
	expect_line("StrtNm=Test Terrace|BldgNb=12|TwnLctnNm=Mockville|PstCd=6011|TwnNm=Wellington|Ctry=NZ",
				"12 Test Terrace, Mockville, Wellington 6011");
	expect_line("StrtNm=Test Road|BldgNb=12|UnitNb=4|PstCd=560001|TwnNm=Bengaluru|CtrySubDvsn=Karnataka|Ctry=IN",
				"Flat 4, 12 Test Road, Bengaluru, Karnataka 560001");
	expect_line("StrtNm=Test Road|BldgNb=12|UnitNb=#05-12|PstCd=238801|TwnNm=Singapore|Ctry=SG", "12 Test Road, #05-12, Singapore 238801");
	expect_line("StrtNm=Jalan Uji|BldgNb=12|PstCd=50480|TwnNm=Kuala Lumpur|Ctry=MY", "12, Jalan Uji, 50480 Kuala Lumpur");

	/* and beyond */
	expect_line("StrtNm=Rua Inventada|BldgNb=5|PstCd=01310-100|TwnNm=S\xc3\xa3o Paulo|CtrySubDvsn=SP|Ctry=BR",
				"Rua Inventada, 5, S\xc3\xa3o Paulo - SP, 01310-100");
	expect_line("StrtNm=Calle Inventada|BldgNb=5|UnitNb=4|PstCd=06000|TwnNm=Ciudad de M\xc3\xa9xico|CtrySubDvsn=CDMX|Ctry=MX",
				"Calle Inventada 5, Int. 4, 06000 Ciudad de M\xc3\xa9xico, CDMX");
	expect_line("StrtNm=Test|BldgNb=5|Flr=2|UnitNb=4|Room=6|PstCd=12345|TwnNm=Town|CtrySubDvsn=Land",
				"Test 5, Floor 2, Unit 4, Room 6, 12345 Town, Land");
	expect_line("StrtNm=Test|BldgNb=5|PstCd=12345|TwnNm=Town|Ctry=??", "Test 5, 12345 Town");
}

/* An address that was never decoded can be too long for a line. */
static void
test_format_overflow(void)
{
	char	   *line = keep(PA_LINE_SIZE + 1);
	PaAddress	address = address_of("PstCd=8000|Ctry=DK");
	bool		bounded = true;

	line[PA_LINE_SIZE] = '#';
	address.element[PA_STRTNM] = repeated("x", PA_LINE_SIZE - 6);
	ok(protaddr_format_line(&address, line) == PA_LINE_SIZE, "a line may be exactly full");
	for (uint32_t n = PA_LINE_SIZE - 5; n <= PA_LINE_SIZE + 2; n++)
	{
		address.element[PA_STRTNM] = repeated("x", n);
		bounded = bounded && protaddr_format_line(&address, line) == 0;
	}
	ok(bounded && line[PA_LINE_SIZE] == '#', "a line that would be longer is none");
}

/* Every country, every combination of elements: nothing stray, nothing lost. */
static void
test_format_combinations(void)
{
	static const char *const value[PA_NELEMENTS] = {
		[PA_CAREOF] = "Careof", [PA_DEPT] = "Dept", [PA_SUBDEPT] = "Subdept",
		[PA_STRTNM] = "Street", [PA_BLDGNB] = "77", [PA_BLDGNM] = "House",
		[PA_FLR] = "3", [PA_UNITNB] = "44", [PA_PSTBX] = "55", [PA_ROOM] = "66",
		[PA_PSTCD] = "8888", [PA_TWNNM] = "Town", [PA_TWNLCTNNM] = "Place",
		[PA_DSTRCTNM] = "District", [PA_CTRYSUBDVSN] = "Region"
	};
	static const int varied[] = {
		PA_STRTNM, PA_BLDGNB, PA_BLDGNM, PA_FLR, PA_UNITNB, PA_PSTBX, PA_ROOM,
		PA_PSTCD, PA_TWNNM, PA_DSTRCTNM, PA_CTRYSUBDVSN
	};
	static char line[PA_LINE_SIZE + 1];
	int			nvaried = (int) (sizeof(varied) / sizeof(varied[0]));
	bool		right = true;

	for (int country = 0; country < 26 * 26; country++)
	{
		char		code[2] = {(char) ('A' + country / 26), (char) ('A' + country % 26)};

		if (!protaddr_country_known(code, 2))
			continue;
		for (unsigned int mask = 1; mask < 1u << nvaried; mask++)
		{
			PaAddress	address;
			size_t		len;
			bool		whole = true;

			memset(&address, 0, sizeof(address));
			address.element[PA_CTRY].data = code;
			address.element[PA_CTRY].len = 2;
			for (int i = 0; i < nvaried; i++)
			{
				if (mask >> i & 1)
					address.element[varied[i]] = text_of(value[varied[i]]);
			}
			len = protaddr_format_line(&address, line);
			line[len] = '\0';
			for (int i = 0; i < nvaried; i++)
			{
				if (mask >> i & 1)
					whole = whole && strstr(line, value[varied[i]]) != NULL;
			}
			if (!whole || len == 0 || strchr(" ,-/", line[0]) != NULL ||
				strchr(" ,-/", line[len - 1]) != NULL ||
				strstr(line, "  ") != NULL || strstr(line, ",,") != NULL ||
				strstr(line, " ,") != NULL || strstr(line, "..") != NULL)
			{
				if (right)
					printf("# %.2s: %s\n", code, line);
				right = false;
			}
		}
	}
	ok(right, "every country with every combination of elements");
}

/* ---- subjects ---------------------------------------------------------- */

static void
expect_key(const char *text, const char *want)
{
	char		key[PA_SUBJECT_SIZE];
	char		name[200];

	/* of its very size, so that AddressSanitizer sees who reads behind it */
	char	   *alone = malloc(strlen(text) + (*text == '\0'));
	int			len;

	if (alone == NULL)
		abort();
	memcpy(alone, text, strlen(text));
	len = protaddr_subject_key(alone, strlen(text), key);
	free(alone);
	snprintf(name, sizeof(name), "key of '%s' is '%s'", text, want);
	if (!ok(len == (int) strlen(want) && memcmp(key, want, (size_t) len) == 0, name))
		printf("# got %d bytes\n", len);
}

static void
test_subjects(void)
{
	char		key[PA_SUBJECT_SIZE];
	PaText		bytes64 = repeated("A", 64);
	PaText		bytes65 = repeated("A", 65);
	const char *plus65 = "570413+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	PaText		separated = repeated("A-", 64);
	PaText		zeros = repeated("0", 65);
	PaText		letters62 = repeated("\xc3\xa6\xc3\xa6\xc3\xa6", 11);

	expect_key("070761-4285", "707614285");
	expect_key("070761/4285", "707614285");
	expect_key("707614285.0", "707614285");
	expect_key("707614285.00 ", "707614285");
	expect_key("12.000", "12000");
	expect_key("A12.0", "A120");
	expect_key("0707614285", "707614285");
	expect_key("707614285", "707614285");
	expect_key(" 070761 4285\n", "707614285");
	expect_key("0000", "0");
	expect_key("0", "0");
	expect_key("00-00", "0");
	expect_key("100", "100");
	expect_key("DK50 0040 0440 1162 43", "DK5000400440116243");
	expect_key("dk50.0040.0440.1162.43", "DK5000400440116243");
	expect_key("131052-308T", "131052308T");
	expect_key("010203-308t", "010203308T");
	expect_key("00a", "00A");
	expect_key("kunde_\xc3\xa6", "KUNDE_AE");
	expect_key("Pr\xc3\xb8ve \xc3\x85gesen-\xc3\x89mile", "PROEVEAAGESENEMILE");
	expect_key("PR\xc3\x98VE AAGESEN EMILE", "PROEVEAAGESENEMILE");
	expect_key("\xc3\x9e\xc3\xb3r", "THOR");
	expect_key("\xc5\xbb\xc3\x97", "Z\xc3\x97");
	expect_key("\xce\xb1", "\xce\xb1");
	/* what spreadsheets and word processors add */
	expect_key("'0707614285", "707614285");
	expect_key("\xe2\x80\x99" "0707614285", "707614285");
	expect_key("\"0707614285\"", "707614285");
	expect_key("=\"0707614285\"", "707614285");
	expect_key("0707614285;", "707614285");
	expect_key("+0707614285", "707614285");
	expect_key("010190+123A", "010190+123A");
	expect_key("\xe2\x81\xa0" "070761\xe2\x80\x8b" "4285\xef\xbb\xbf", "707614285");
	expect_key("070761\xc2\xad" "4285\xe2\x80\x8f", "707614285");
	expect_key("070761\xe2\x80\x93" "4285", "707614285");
	expect_key("07\xc2\xa0" "07\xe2\x80\xaf" "61\xe3\x80\x80" "4285", "707614285");
	/* digits of other widths and scripts */
	expect_key("\xef\xbc\x90\xef\xbc\x97\xef\xbc\x90\xef\xbc\x97\xef\xbc\x96\xef\xbc\x91\xef\xbc\x8d\xef\xbc\x94\xef\xbc\x92\xef\xbc\x98\xef\xbc\x95", "707614285");
	expect_key("\xd9\xa7\xd9\xa0\xd9\xa7", "707");
	expect_key("\xef\xbd\x84\xef\xbc\xab" "50", "DK50");
	expect_key("12\xef\xbc\x8e\xef\xbc\x90", "12");
	expect_key("\xf0\x9d\x9f\x8f\xf0\x9d\x9f\xb8", "12");
	expect_key("1\xc2\xb2\xc2\xb3\xc2\xb9\xe2\x82\x84", "12314");
	/* what is left of a fraction, and what can be a group of thousands */
	expect_key("707614285.000", "707614285");
	expect_key("707614285.0000", "707614285");
	expect_key("707614285,0", "707614285");
	expect_key("707614285,00 kr", "70761428500KR");
	expect_key("070761-4285.000 ", "707614285");
	expect_key("707.614.000", "707614000");
	expect_key("707,614,000", "707614000");
	expect_key("7,076,142,000.000", "7076142000");
	expect_key("12.0000", "12");
	expect_key("12,000", "12000");
	expect_key("1.2.0", "12");
	/* one person, as the countries' registers write them */
	expect_key("195704133106", "5704133106");
	expect_key("19570413-3106", "5704133106");
	expect_key("570413-3106", "5704133106");
	expect_key("570413+3106", "5704133106");
	expect_key("18570413+3106", "5704133106");
	expect_key("570413+ 3106 ", "5704133106");
	/* somebody of a hundred years is not the child of the same date */
	expect_key("20120304-1234", "1203041234");
	expect_key("120304-1234", "1203041234");
	expect_key("1203041234", "1203041234");
	expect_key("120304+1234", "191203041234");
	expect_key("19120304-1234", "191203041234");
	expect_key("19120304+1234", "191203041234");
	expect_key("191203041234.0", "191203041234");
	expect_key("18120304+1234", "181203041234");
	expect_key("000304+1234", "190003041234");
	expect_key("260304+1234", "192603041234");
	expect_key("19270304-1234", "2703041234");
	expect_key("270304+1234", "2703041234");
	expect_key("19570473-3106", "5704733106");
	expect_key("195704733106.0", "5704733106");
	expect_key("0195704133106", "5704133106");
	expect_key("200001011234", "1011234");
	expect_key("000101-1234", "1011234");
	expect_key("175704133106", "175704133106");
	expect_key("215704133106", "215704133106");
	expect_key("195700133106", "195700133106");
	expect_key("195713133106", "195713133106");
	expect_key("195704003106", "195704003106");
	expect_key("195704323106", "195704323106");
	expect_key("195704603106", "195704603106");
	expect_key("195704923106", "195704923106");
	expect_key("1957041331060", "1957041331060");
	expect_key("19570413310", "19570413310");
	expect_key("570432+3106", "570432+3106");
	expect_key("570413+310", "570413+310");
	expect_key("570413+31060", "570413+31060");
	expect_key("570413+310T", "570413+310T");
	expect_key("000101+310T", "000101+310T");
	expect_key("570413+3106+1", "570413+3106+1");
	expect_key("57041+33106", "57041+33106");
	expect_key("A570413+3106", "A570413+3106");
	expect_key("010190A123A", "010190A123A");
	expect_key("010190y123a", "010190Y123A");
	expect_key("210570 11111", "21057011111");
	expect_key("120174-3399", "1201743399");
	expect_key("012345672", "12345672");
	expect_key("756.1234.5678.97", "7561234567897");
	expect_key("756.1234.5678.00", "7561234567800");
	expect_key("7561234567800.00", "7561234567800");
	expect_key("757.1234.5678.00", "75712345678");
	/* letters with their accents as characters of their own */
	expect_key("A\xcc\x8a" "gesen-E\xcc\x81mile", "AAGESENEMILE");
	expect_key("a\xcc\x88o\xcc\x88u\xcc\x88n\xcc\x83", "AEOEUEN");
	expect_key("O'Brien", "OBRIEN");
	expect_key("O\xe2\x80\x99" "Brien", "OBRIEN");
	expect_key("", "");
	expect_key("' \xe2\x81\xa0=", "");
	expect_key(" -.\t\r\n\v\f", "");

	ok(protaddr_subject_key(bytes64.data, bytes64.len, key) == 64, "64 bytes are a key");
	ok(protaddr_subject_key(bytes65.data, bytes65.len, key) == -1, "65 bytes are not");
	ok(protaddr_subject_key(plus65, strlen(plus65), key) == -1, "nor with a plus");
	ok(protaddr_subject_key(separated.data, separated.len, key) == 64, "separators do not count");
	ok(protaddr_subject_key(zeros.data, zeros.len, key) == -1, "leading zeros do");
	ok(protaddr_subject_key("1\0" "2", 3, key) == 2 && memcmp(key, "12", 2) == 0, "a NUL is dropped like any control character");
	ok(protaddr_subject_key("\xce\xb1\xff\xc3", 4, key) == PA_SUBJECT_BROKEN, "broken UTF-8 is refused");
	ok(protaddr_subject_key("12\xe2\x80", 4, key) == PA_SUBJECT_BROKEN, "UTF-8 cut off is refused");
	ok(protaddr_subject_key(letters62.data, letters62.len, key) == PA_SUBJECT_TOO_LONG, "a letter of two does not fit in one place");
}

int
main(void)
{
	test_elements();
	test_verdicts();
	test_withheld();
	test_countries();
	test_encode();
	test_encode_refusals();
	test_decode_refusals();
	test_token();
	test_format_denmark();
	test_format_world();
	test_format_overflow();
	test_format_combinations();
	test_subjects();

	printf("1..%d\n", tests);
	if (failures > 0)
		printf("# %d of %d failed\n", failures, tests);
	return failures > 0;
}
