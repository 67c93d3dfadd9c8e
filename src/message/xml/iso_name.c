/*
 * iso_name.c
 *		What does the name of an element say of it?
 *
 * Most names of ISO 20022 say nothing to us.  An address is every PstlAdr, every Adr
 * and whatever else ends in Adr (LglAdr, BllgAdr), but for those of electronic kinds.
 * Names that no message has, but that sound like an address or a part of one (PSTLADR,
 * AdrLine1, Street), are known, so that what they hold is not taken for something else.
 */
#include <string.h>

#include "iso_message.h"

/* ---- names that sound like addresses --------------------------------------------- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* same_letters is true if what, in small letters, stands there in any case of letters. */
static bool
same_letters(const char *name, const char *what, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (lower(name[i]) != what[i])
			return false;
	}
	return true;
}

static bool
begins_with(const char *name, size_t len, const char *what)
{
	return len >= strlen(what) && same_letters(name, what, strlen(what));
}

static bool
ends_with(const char *name, size_t len, const char *what)
{
	return len >= strlen(what) && same_letters(name + len - strlen(what), what, strlen(what));
}

static bool
has(const char *name, size_t len, const char *what)
{
	size_t		n = strlen(what);

	for (size_t i = 0; i + n <= len; i++)
	{
		if (same_letters(name + i, what, n))
			return true;
	}
	return false;
}

/*
 * is_electronic is true for ElctrncAdr, IPAddress and the like: what is before the
 * address is a word of its own, not the end of another, as in ShipAdr.
 */
static bool
is_electronic(const char *name, size_t len)
{
	static const char *const addresses[] = {"adr", "addr", "address"};
	static const char *const kinds[] = {
		"elctrnc", "electronic", "email", "url", "uri", "http", "wb", "web", "ip", "tech", "ntwk", "network", "mac"
	};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
	{
		size_t		left = len - strlen(addresses[i]);

		if (!ends_with(name, len, addresses[i]))
			continue;
		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++)
		{
			size_t		begin = left - strlen(kinds[j]);

			if (!ends_with(name, left, kinds[j]))
				continue;
			if (begin == 0 || (name[begin] != lower(name[begin]) && name[begin - 1] == lower(name[begin - 1])))
				return true;
		}
	}
	return false;
}

/*
 * protaddr_iso_sounds_like_address
 *		True for a name that outside of a message, or in what a bank has added to it,
 *		could be that of an address or a part of one.
 */
bool
protaddr_iso_sounds_like_address(const char *name, size_t len)
{
	return (has(name, len, "adr") || has(name, len, "addr") || has(name, len, "street")) &&
		!is_electronic(name, len);
}

/* sounds_like_part is true for a part of an address in another case of letters. */
static bool
sounds_like_part(const char *name, size_t len)
{
	static const char *const parts[] = {
		"strtnm", "bldgnb", "bldgnm", "pstcd", "pstbx", "twnnm", "twnlctnnm", "dstrctnm", "unitnb", "careof", "flr", "room"
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
	{
		if (len == strlen(parts[i]) && same_letters(name, parts[i], len))
			return true;
	}
	return begins_with(name, len, "adrline");
}

/* ---- names of messages --------------------------------------------------------------- */

/* classify_end goes by how a name ends, and what it sounds like. */
static IsoKind
classify_end(const char *name, size_t len)
{
	if (sounds_like_part(name, len))
		return ISO_ADDRESS_PART;
	if (len > 3 && memcmp(name + len - 3, "Adr", 3) == 0)
		return is_electronic(name, len) ? ISO_OTHER : ISO_PSTLADR;
	if ((ends_with(name, len, "adr") || has(name, len, "addr") || has(name, len, "street")) &&
		!is_electronic(name, len))
		return ISO_LIKE_ADDRESS;
	if (len > 4 && memcmp(name + len - 4, "Acct", 4) == 0)
		return ISO_ACCOUNT;
	return ISO_OTHER;
}

#define NAMED(text) (memcmp(name, text, sizeof(text) - 1) == 0)

/*
 * protaddr_iso_classify
 *		What an element of a message is to us.
 */
IsoKind
protaddr_iso_classify(const char *name, size_t len)
{
	switch (len)
	{
		case 2:
			if (NAMED("Nm"))
				return ISO_NM;
			if (NAMED("Id"))
				return ISO_ID;
			break;
		case 3:
			if (NAMED("Adr"))
				return ISO_ADR;
			if (NAMED("Pty"))
				return ISO_PTY;
			if (NAMED("LEI") || NAMED("BEI"))
				return ISO_IDENTIFIER;
			if (NAMED("Rpt"))
				return ISO_BATCH;
			if (NAMED("Amt"))
				return ISO_AMT;
			break;
		case 4:
			if (NAMED("Ctry"))
				return ISO_CTRY;
			if (NAMED("Dbtr"))
				return ISO_DBTR;
			if (NAMED("Cdtr"))
				return ISO_CDTR;
			if (NAMED("Acct"))
				return ISO_ACCOUNT;
			if (NAMED("Othr"))
				return ISO_OTHR;
			if (NAMED("Prxy"))
				return ISO_PRXY;
			if (NAMED("IBAN") || NAMED("BBAN") || NAMED("UPIC"))
				return ISO_IDENTIFIER;
			if (NAMED("Ntry") || NAMED("Stmt"))
				return ISO_BATCH;
			break;
		case 5:
			if (NAMED("Sgntr"))
				return ISO_SGNTR;
			if (NAMED("PstCd") || NAMED("PstBx"))
				return ISO_ADDRESS_PART;
			if (NAMED("TwnNm"))
				return ISO_TWNNM;
			if (NAMED("OrgId"))
				return ISO_ORGID;
			if (NAMED("TxInf"))
				return ISO_TRANSACTION;
			if (NAMED("TxAmt"))
				return ISO_OF_TRANSACTION;
			break;
		case 6:
			if (NAMED("StrtNm") || NAMED("BldgNb"))
				return ISO_ADDRESS_PART;
			if (NAMED("PrvtId"))
				return ISO_PRVTID;
			if (NAMED("OthrId"))
				return ISO_OTHR;
			if (NAMED("AnyBIC"))
				return ISO_IDENTIFIER;
			if (NAMED("TxDtls"))
				return ISO_TRANSACTION;
			if (NAMED("Ntfctn"))
				return ISO_BATCH;
			if (NAMED("PmtInf"))
				return ISO_PMTINF;
			break;
		case 7:
			if (NAMED("BrnchId"))
				return ISO_AGENT;
			if (NAMED("PstlAdr"))
				return ISO_PSTLADR;
			if (NAMED("AdrLine"))
				return ISO_ADDRESS_PART;
			if (NAMED("Undrlyg"))
				return ISO_BATCH;
			if (NAMED("EqvtAmt"))
				return ISO_EQUIVALENT;
			break;
		case 8:
			if (NAMED("Document"))
				return ISO_DOCUMENT;
			if (NAMED("DbtrAcct") || NAMED("CdtrAcct"))
				return ISO_ACCOUNT;
			if (NAMED("BICOrBEI"))
				return ISO_IDENTIFIER;
			if (NAMED("CdtTrfTx"))
				return ISO_TRANSACTION;
			if (NAMED("NtryDtls"))
				return ISO_BATCH;
			if (NAMED("InstdAmt"))
				return ISO_INSTRUCTED;
			break;
		case 9:
			if (NAMED("PrtryAcct"))
				return ISO_OTHR;
			break;
		case 10:
			if (NAMED("FinInstnId"))
				return ISO_AGENT;
			if (NAMED("OrgnlTxRef"))
				return ISO_ORIGINAL;
			break;
		case 11:
			if (NAMED("SplmtryData"))
				return ISO_SUPPLEMENT;
			if (NAMED("CdtTrfTxInf") || NAMED("TxInfAndSts"))
				return ISO_TRANSACTION;
			break;
		case 12:
			if (NAMED("DrctDbtTxInf"))
				return ISO_TRANSACTION;
			break;
		case 14:
			if (NAMED("IntrBkSttlmAmt"))
				return ISO_SETTLED;
			break;
		case 15:
			if (NAMED("DtAndPlcOfBirth"))
				return ISO_BIRTH;
			break;
		case 17:
			if (NAMED("OrgnlPmtInfAndSts") || NAMED("OrgnlPmtInfAndCxl"))
				return ISO_BATCH;
			break;
		case 18:
			if (NAMED("UndrlygCstmrCdtTrf"))
				return ISO_UNDERLYING;
			if (NAMED("OrgnlPmtInfAndRvsl"))
				return ISO_BATCH;
			if (NAMED("RtrdIntrBkSttlmAmt") || NAMED("RvsdIntrBkSttlmAmt"))
				return ISO_RETURNED;
			break;
		default:
			break;
	}
	return classify_end(name, len);
}
