/*
 * element.c
 *		Which elements has an address, and which text may stand in one?
 *
 * The elements and their lengths are those of PostalAddress27 of ISO 20022
 * (pain, pacs and camt messages since 2023), so an address that was let in
 * here also fits into every message that it is later written to.
 */
#include <string.h>

#include "address/address.h"
#include "text/text.h"

/* A character of UTF-8 takes at most so many bytes. */
#define MAX_BYTES_PER_CHAR	4

const PaElementInfo protaddr_elements[PA_NELEMENTS] = {
	[PA_ADRTP] = {"AdrTp", 4},
	[PA_ADRTP_ID] = {"AdrTp/Prtry/Id", 4},
	[PA_ADRTP_ISSR] = {"AdrTp/Prtry/Issr", 35},
	[PA_ADRTP_SCHMENM] = {"AdrTp/Prtry/SchmeNm", 35},
	[PA_CAREOF] = {"CareOf", 140},
	[PA_DEPT] = {"Dept", 70},
	[PA_SUBDEPT] = {"SubDept", 70},
	[PA_STRTNM] = {"StrtNm", 140},
	[PA_BLDGNB] = {"BldgNb", 16},
	[PA_BLDGNM] = {"BldgNm", 140},
	[PA_FLR] = {"Flr", 70},
	[PA_UNITNB] = {"UnitNb", 16},
	[PA_PSTBX] = {"PstBx", 16},
	[PA_ROOM] = {"Room", 70},
	[PA_PSTCD] = {"PstCd", 16},
	[PA_TWNNM] = {"TwnNm", 140},
	[PA_TWNLCTNNM] = {"TwnLctnNm", 140},
	[PA_DSTRCTNM] = {"DstrctNm", 140},
	[PA_CTRYSUBDVSN] = {"CtrySubDvsn", 35},
	[PA_CTRY] = {"Ctry", 2}
};

/* AddressType2Code */
static const char address_types[][5] = {"ADDR", "PBOX", "HOME", "BIZZ", "MLTO", "DLVY"};

/*
 * What a masked column looks like when it comes back: without the closing
 * bracket, because people write on behind it.
 */
static const char mask[] = "[address withheld";

#define MASK_LEN		(sizeof(mask) - 1)
#define MASK_STEM_LEN	(sizeof("[address") - 1)

/* True if text begins with the first n bytes of the mask, in any case of letters. */
static bool
begins_with_mask(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (protaddr_to_small(text[i]) != mask[i])
			return false;
	}
	return true;
}

/* True for what quoting, JSON and arrays put in front of a value. */
static bool
is_wrapping(char c)
{
	switch (c)
	{
		case ' ':
		case '\t':
		case '\n':
		case '\v':
		case '\f':
		case '\r':
		case '"':
		case '\'':
		case '`':
		case '(':
		case ')':
		case '[':
		case ']':
		case '{':
		case '}':
		case '<':
		case '>':
			return true;
		default:
			return false;
	}
}

/*
 * protaddr_element_by_name
 *		Find the element with this exact ISO name; -1 if there is none.
 */
int
protaddr_element_by_name(const char *name, size_t len)
{
	for (int i = 0; i < PA_NELEMENTS; i++)
	{
		const char *candidate = protaddr_elements[i].name;

		if (strlen(candidate) == len && memcmp(candidate, name, len) == 0)
			return i;
	}
	return -1;
}

/*
 * protaddr_looks_withheld
 *		True if this text is our mask, holds it, or is what is left of it.
 *
 * Three signs, each enough: the mask as a whole anywhere; "[address" at the
 * start, whatever was wrapped around it; and a text that is nothing but the
 * beginning of the mask, as a column of four characters leaves it ("[add").
 */
bool
protaddr_looks_withheld(const char *text, size_t len)
{
	const char *end = text + len;
	const char *at = text;
	bool		bracket = false;

	while ((size_t) (end - at) >= MASK_LEN &&
		   (at = memchr(at, '[', (size_t) (end - at) - MASK_LEN + 1)) != NULL)
	{
		if (begins_with_mask(at, MASK_LEN))
			return true;
		at++;
	}

	for (at = text; at < end && is_wrapping(*at); at++)
	{
		if (*at == '[')
			bracket = true;
	}
	if (!bracket || at == end)
		return false;

	/* at stands on the letter after the bracket: compare from the mask's "a" */
	for (size_t i = 1; i < MASK_STEM_LEN; i++, at++)
	{
		if (at == end)
			return true;
		if (protaddr_to_small(*at) != mask[i])
			return false;
	}
	return true;
}

/* The judgement that elements and lines have in common. */
static PaTextVerdict
check_text(const char *text, size_t len, int max_chars)
{
	size_t		at = 0;
	int			chars = 0;
	bool		blank = true;

	if (len == 0)
		return PA_TEXT_EMPTY;
	if (len > (size_t) max_chars * MAX_BYTES_PER_CHAR)
		return PA_TEXT_TOO_LONG;

	while (at < len)
	{
		uint32_t	c;
		size_t		n = protaddr_read_character(text + at, len - at, &c);

		if (n == 0)
			return PA_TEXT_NOT_UTF8;
		if (protaddr_is_control(c))
			return PA_TEXT_CONTROL;
		if (!protaddr_is_space(c))
			blank = false;
		at += n;
		chars++;
	}

	if (blank)
		return PA_TEXT_EMPTY;
	if (chars > max_chars)
		return PA_TEXT_TOO_LONG;
	if (protaddr_looks_withheld(text, len))
		return PA_TEXT_WITHHELD;
	return PA_TEXT_OK;
}

/* True for a code of AddressType2Code. */
static bool
is_address_type(const char *text, size_t len)
{
	if (len != 4)
		return false;
	for (size_t i = 0; i < sizeof(address_types) / sizeof(address_types[0]); i++)
	{
		if (memcmp(address_types[i], text, 4) == 0)
			return true;
	}
	return false;
}

/* True for Exact4AlphaNumericText. */
static bool
is_exact4(const char *text, size_t len)
{
	if (len != 4)
		return false;
	for (size_t i = 0; i < 4; i++)
	{
		char		c = protaddr_to_small(text[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

/*
 * protaddr_check_element
 *		Judge the text of one element.
 *
 * A text of blanks only is as empty as none.
 */
PaTextVerdict
protaddr_check_element(PaElement element, const char *text, size_t len)
{
	PaTextVerdict verdict = check_text(text, len, protaddr_elements[element].max_chars);
	bool		in_vocabulary = true;

	if (verdict != PA_TEXT_OK)
		return verdict;

	if (element == PA_ADRTP)
		in_vocabulary = is_address_type(text, len);
	else if (element == PA_ADRTP_ID)
		in_vocabulary = is_exact4(text, len);
	else if (element == PA_CTRY)
		in_vocabulary = protaddr_country_known(text, len);

	return in_vocabulary ? PA_TEXT_OK : PA_TEXT_NOT_A_CODE;
}

/*
 * protaddr_check_line
 *		Judge the text of one AdrLine.
 */
PaTextVerdict
protaddr_check_line(const char *text, size_t len)
{
	return check_text(text, len, PA_ADRLINE_CHARS);
}
