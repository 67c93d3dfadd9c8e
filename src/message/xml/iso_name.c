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

/* same_letters is true if what, in small letters, stands there in any case of letters. */
static bool
same_letters(const char *name, const char *what, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (protaddr_to_small(name[i]) != what[i])
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
			if (begin == 0 || (name[begin] != protaddr_to_small(name[begin]) && name[begin - 1] == protaddr_to_small(name[begin - 1])))
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

/* The names that mean something to us, by their length; each list ends with an empty name. */
typedef struct IsoKnownName
{
	const char *name;
	IsoKind		kind;
} IsoKnownName;

static const IsoKnownName names_2[] = {
	{"Nm", ISO_NM},
	{"Id", ISO_ID},
	{"", ISO_OTHER}
};
static const IsoKnownName names_3[] = {
	{"Adr", ISO_ADR},
	{"Pty", ISO_PTY},
	{"LEI", ISO_IDENTIFIER},
	{"BEI", ISO_IDENTIFIER},
	{"Rpt", ISO_BATCH},
	{"Amt", ISO_AMT},
	{"", ISO_OTHER}
};
static const IsoKnownName names_4[] = {
	{"Ctry", ISO_CTRY},
	{"Dbtr", ISO_DBTR},
	{"Cdtr", ISO_CDTR},
	{"Acct", ISO_ACCOUNT},
	{"Othr", ISO_OTHR},
	{"Prxy", ISO_PRXY},
	{"IBAN", ISO_IDENTIFIER},
	{"BBAN", ISO_IDENTIFIER},
	{"UPIC", ISO_IDENTIFIER},
	{"Ntry", ISO_BATCH},
	{"Stmt", ISO_BATCH},
	{"", ISO_OTHER}
};
static const IsoKnownName names_5[] = {
	{"Sgntr", ISO_SGNTR},
	{"PstCd", ISO_ADDRESS_PART},
	{"PstBx", ISO_ADDRESS_PART},
	{"TwnNm", ISO_TWNNM},
	{"OrgId", ISO_ORGID},
	{"TxInf", ISO_TRANSACTION},
	{"TxAmt", ISO_OF_TRANSACTION},
	{"", ISO_OTHER}
};
static const IsoKnownName names_6[] = {
	{"StrtNm", ISO_ADDRESS_PART},
	{"BldgNb", ISO_ADDRESS_PART},
	{"PrvtId", ISO_PRVTID},
	{"PsptNb", ISO_IDENTIFIER}, /* of a PrvtId in the first versions, as others ending in Nb */
	{"OthrId", ISO_OTHR},
	{"AnyBIC", ISO_IDENTIFIER},
	{"TxDtls", ISO_TRANSACTION},
	{"Ntfctn", ISO_BATCH},
	{"PmtInf", ISO_PMTINF},
	{"", ISO_OTHER}
};
static const IsoKnownName names_7[] = {
	{"BrnchId", ISO_AGENT},
	{"PstlAdr", ISO_PSTLADR},
	{"AdrLine", ISO_ADDRESS_PART},
	{"Undrlyg", ISO_BATCH},
	{"EqvtAmt", ISO_EQUIVALENT},
	{"CstmrNb", ISO_IDENTIFIER},
	{"TaxIdNb", ISO_IDENTIFIER},
	{"", ISO_OTHER}
};
static const IsoKnownName names_8[] = {
	{"Document", ISO_DOCUMENT},
	{"DbtrAcct", ISO_ACCOUNT},
	{"CdtrAcct", ISO_ACCOUNT},
	{"BICOrBEI", ISO_IDENTIFIER},
	{"CdtTrfTx", ISO_TRANSACTION},
	{"NtryDtls", ISO_BATCH},
	{"InstdAmt", ISO_INSTRUCTED},
	{"", ISO_OTHER}
};
static const IsoKnownName names_9[] = {
	{"PrtryAcct", ISO_OTHR},
	{"SclSctyNb", ISO_IDENTIFIER},
	{"AlnRegnNb", ISO_IDENTIFIER},
	{"MplyrIdNb", ISO_IDENTIFIER},
	{"", ISO_OTHER}
};
static const IsoKnownName names_10[] = {
	{"FinInstnId", ISO_AGENT},
	{"OrgnlTxRef", ISO_ORIGINAL},
	{"DrvrsLicNb", ISO_IDENTIFIER},
	{"", ISO_OTHER}
};
static const IsoKnownName names_11[] = {
	{"SplmtryData", ISO_SUPPLEMENT},
	{"CdtTrfTxInf", ISO_TRANSACTION},
	{"TxInfAndSts", ISO_TRANSACTION},
	{"IdntyCardNb", ISO_IDENTIFIER},
	{"", ISO_OTHER}
};
static const IsoKnownName names_12[] = {
	{"DrctDbtTxInf", ISO_TRANSACTION},
	{"", ISO_OTHER}
};
static const IsoKnownName names_14[] = {
	{"IntrBkSttlmAmt", ISO_SETTLED},
	{"", ISO_OTHER}
};
static const IsoKnownName names_15[] = {
	{"DtAndPlcOfBirth", ISO_BIRTH},
	{"", ISO_OTHER}
};
static const IsoKnownName names_17[] = {
	{"OrgnlPmtInfAndSts", ISO_BATCH},
	{"OrgnlPmtInfAndCxl", ISO_BATCH},
	{"", ISO_OTHER}
};
static const IsoKnownName names_18[] = {
	{"UndrlygCstmrCdtTrf", ISO_UNDERLYING},
	{"OrgnlPmtInfAndRvsl", ISO_BATCH},
	{"RtrdIntrBkSttlmAmt", ISO_RETURNED},
	{"RvsdIntrBkSttlmAmt", ISO_RETURNED},
	{"", ISO_OTHER}
};

static const IsoKnownName *const names_of_length[] = {
	[2] = names_2,
	[3] = names_3,
	[4] = names_4,
	[5] = names_5,
	[6] = names_6,
	[7] = names_7,
	[8] = names_8,
	[9] = names_9,
	[10] = names_10,
	[11] = names_11,
	[12] = names_12,
	[14] = names_14,
	[15] = names_15,
	[17] = names_17,
	[18] = names_18
};

/*
 * protaddr_iso_classify
 *		What an element of a message is to us.
 */
IsoKind
protaddr_iso_classify(const char *name, size_t len)
{
	const IsoKnownName *known = len < sizeof(names_of_length) / sizeof(names_of_length[0]) ?
	names_of_length[len] : NULL;

	for (; known != NULL && known->name[0] != '\0'; known++)
	{
		if (known->name[0] == name[0] && memcmp(known->name, name, len) == 0)
			return known->kind;
	}
	return classify_end(name, len);
}
