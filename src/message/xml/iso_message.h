/*
 * iso_message.h
 *		What the four files of the XML rewriter share: iso_xml.c walks through the
 *		message, iso_name.c knows the names, iso_party.c whom a place belongs to, and
 *		iso_write.c writes what may stand there.
 *
 * Pure, as rewrite.h is.  Texts are kept in one arena and named by where they stand in
 * it, since it moves as it grows.
 */
#ifndef PROTADDR_ISO_MESSAGE_H
#define PROTADDR_ISO_MESSAGE_H

#include <expat.h>

/* Expat counts in types of 64 bits of their own since 2.9; before, in XML_Size and XML_Index. */
#if XML_MAJOR_VERSION * 100 + XML_MINOR_VERSION >= 209
#define pa_byte_index(parser)	((size_t) XML_GetCurrentByteIndex64(parser))
#define pa_byte_count(parser)	((size_t) XML_GetCurrentByteCount64(parser))
#define pa_line_number(parser)	((uint64_t) XML_GetCurrentLineNumber64(parser))
#else
#define pa_byte_index(parser)	((size_t) XML_GetCurrentByteIndex(parser))
#define pa_byte_count(parser)	((size_t) XML_GetCurrentByteCount(parser))
#define pa_line_number(parser)	((uint64_t) XML_GetCurrentLineNumber(parser))
#endif

#include "message/rewrite.h"
#include "text/text.h"

#define ISO_NAMESPACE		"urn:iso:std:iso:20022:tech:xsd:"
#define ISO_SEPARATOR		'\n'	/* between namespace and name: no URI holds it */

/* Expat is fed in pieces of so many bytes. */
#define ISO_PIECE			65536

/* All memory of one call, one allocation of it, and what of it holds texts. */
#define ISO_MEMORY			(UINT64_C(24) * 1024 * 1024)
#define ISO_ALLOCATION		(UINT64_C(4) * 1024 * 1024)
#define ISO_ARENA			(UINT32_C(1) * 1024 * 1024)

#define ISO_FACTS			4096
#define ISO_PLACES			1024
#define ISO_TEXT			1024	/* bytes of a name or an identifier */
#define ISO_URI				256
#define ISO_NAMES			256 /* kept with what they are, a power of 2 */

/* What an element is to us, by its local name. */
typedef enum IsoKind
{
	ISO_OTHER = 0,
	ISO_DOCUMENT,
	ISO_SGNTR,
	ISO_AGENT,					/* FinInstnId, BrnchId */
	ISO_PSTLADR,				/* or another that ends in Adr */
	ISO_ADR,
	ISO_ADDRESS_PART,			/* stands in addresses only */
	ISO_LIKE_ADDRESS,			/* no name of ISO 20022, but sounds like an address */
	ISO_TWNNM,
	ISO_CTRY,
	ISO_PTY,
	ISO_DBTR,
	ISO_CDTR,
	ISO_NM,
	ISO_ACCOUNT,				/* ends in Acct */
	ISO_ID,
	ISO_ORGID,
	ISO_PRVTID,
	ISO_OTHR,
	ISO_PRXY,
	ISO_BIRTH,
	ISO_IDENTIFIER,				/* IBAN, LEI and the like: the text is one */
	ISO_TRANSACTION,			/* one of many, with an amount */
	ISO_SUPPLEMENT,				/* SplmtryData: of whatever form */
	ISO_ORIGINAL,				/* OrgnlTxRef: the transfer that a transaction is about */
	ISO_UNDERLYING,				/* UndrlygCstmrCdtTrf: the transfer that it covers */
	ISO_BATCH,					/* one of many, with transactions in it */
	ISO_PMTINF,
	ISO_RETURNED,				/* amounts, the one that counts most first */
	ISO_SETTLED,
	ISO_INSTRUCTED,
	ISO_EQUIVALENT,
	ISO_OF_TRANSACTION,
	ISO_AMT
} IsoKind;

typedef enum IsoSpace
{
	ISO_SPACE_NONE = 0,
	ISO_SPACE_ENVELOPE,
	ISO_SPACE_MESSAGE,
	ISO_SPACE_SIGNATURE,
	ISO_SPACE_UNKNOWN
} IsoSpace;

/* A text in the arena. */
typedef struct IsoText
{
	uint32_t	at;
	uint32_t	len;
} IsoText;

/* A name met lately, and what it is to us. */
typedef struct IsoName
{
	uint64_t	first;			/* its ends */
	uint64_t	last;
	uint8_t		len;			/* 0: none */
	uint8_t		kind;
} IsoName;

/* An element that is open.  The first of them is what surrounds the root. */
typedef struct IsoFrame
{
	size_t		start;			/* of its start tag, in bytes of the message */
	uint32_t	arena;			/* how much was there when it began */
	uint32_t	facts;
	uint8_t		kind;
	uint8_t		space;
	uint8_t		transfer;		/* depth of the transfer that it is in, 0 for none */
	bool		declares;		/* a namespace on its start tag */
	bool		supplement;		/* is in SplmtryData */
	bool		original;		/* is of another transfer, from before: in Orgnl... */
	/* set by what is in it */
	bool		holder;			/* has an address */
	bool		scope;			/* has a party with an address */
	bool		has_id;
	bool		has_orgid;
	bool		has_birth;
	uint8_t		nprvtid;
	size_t		prvtid;			/* the start tag of Id/PrvtId */
	size_t		prvtid_end;
} IsoFrame;

typedef enum IsoFactKind
{
	ISO_FACT_NAME,
	ISO_FACT_ID,				/* of the element itself */
	ISO_FACT_ACCOUNT,			/* of the party whose role it says */
	ISO_FACT_PARTY,				/* an Id of Dbtr or Cdtr */
	ISO_FACT_AMOUNT,
	ISO_FACT_DECIDED			/* the role was decided before its scope closed */
} IsoFactKind;

/* Something read that an open element, the owner, may need until it closes. */
typedef struct IsoFact
{
	uint8_t		kind;
	uint8_t		owner;			/* its depth */
	uint8_t		rank;			/* of an amount: IsoKind */
	bool		unfit;			/* too long to be kept, or not a text */
	IsoText		text;
	bool		another;		/* of an account: the role has one already */
	IsoText		role;			/* or the currency of an amount */
} IsoFact;

/* Where a postal address stands, from its start tag to the close of its unit. */
typedef struct IsoPlace
{
	size_t		start;
	size_t		end;
	bool		mandatory;		/* an Adr: it stays, empty */
	bool		declares;		/* a namespace on its start tag */
	/* of a PstlAdr that is a name and an Adr */
	int			inner;			/* how many Adr */
	size_t		inner_start;
	size_t		inner_end;
	bool		inner_declares;
	bool		plain;			/* something else is in it, too */

	uint8_t		holder;			/* depth of the element that it stands in */
	uint8_t		scope;			/* depth of the element that this party stands in */
	bool		open;			/* the holder is */
	bool		crowded;		/* another address begins before the holder ends */
	bool		decided;
	bool		keep;
	int			level;			/* of PostalAddress: 1, 6, 24, 27 */
	IsoText		uri;
	IsoText		tag;			/* its local name */
	IsoText		role;
	IsoText		name;
	IsoText		town;
	IsoText		country;
	int			ntown;
	int			ncountry;
	IsoText		identifier[PA_PARTY_IDENTIFIERS];
	int			nidentifiers;
	bool		more_identifiers;

	/* the birth goes here; in a new Id, in a new PrvtId, or as its first */
	bool		takes_birth;
	bool		new_id;
	bool		new_prvtid;		/* PrvtId is an empty-element tag */
	size_t		birth_start;
	size_t		birth_end;
	size_t		birth_tag;		/* the start tag whose prefix is used */

	/* what is written instead, when it is decided */
	IsoText		text;
	IsoText		birth;
} IsoPlace;

typedef struct IsoWalk
{
	const PaRewriter *rewriter;
	PaRewritten *rewritten;
	const char *message;
	size_t		len;
	int			width;			/* bytes of an ASCII character: 1, of UTF-16 2 */
	int			low;			/* which of them has it */
	XML_Parser	parser;
	uint64_t	memory;			/* bytes in use */
	PaMessageVerdict verdict;

	/* the last namespace seen */
	char		uri[ISO_URI];
	size_t		uri_len;
	IsoSpace	uri_space;
	bool		declares;		/* the next start tag declares a namespace */
	bool		found;			/* a message of ISO 20022 */

	IsoName		met[ISO_NAMES];

	int			depth;
	IsoFrame	frame[PA_MESSAGE_DEPTH + 1];
	int			agent;			/* depth of the agent that we are in, 0 for none */
	int			address;		/* depth of the address that we are in */

	/* in a text there may be what is no text; reading it costs, so not in every message */
	bool		watch;
	bool		less_than;		/* was the last character of the text */
	size_t		watched;		/* how far we have looked whether it must be read */

	/* the text that is being read */
	int			capture;		/* depth of its element, 0 for none */
	int			capture_as;		/* IsoFactKind, or one of the two below */
	int			capture_owner;
	int			capture_rank;
	bool		capture_unfit;
	uint32_t	capture_at;
	IsoText		capture_role;

	char	   *arena;
	uint32_t	arena_used;
	uint32_t	arena_size;
	IsoFact    *fact;
	uint32_t	nfacts;
	uint32_t	facts_size;
	IsoPlace   *place;			/* the pending ones, in order */
	int			nplaces;
	int			places_size;
	PaParty    *party;			/* of the unit at hand */
	size_t		written;		/* of the message */
} IsoWalk;

#define ISO_CAPTURE_TOWN	100
#define ISO_CAPTURE_COUNTRY 101

/* in message/iso_xml.c */
extern void protaddr_iso_refuse(IsoWalk *walk, PaMessageVerdict verdict);
extern void *protaddr_iso_grow(IsoWalk *walk, void *ptr, size_t size);
extern bool protaddr_iso_callback(IsoWalk *walk, PaUnit *unit);
extern void protaddr_iso_write(IsoWalk *walk, const char *data, size_t len);

/* in message/iso_name.c */
extern bool protaddr_iso_sounds_like_address(const char *name, size_t len);
extern IsoKind protaddr_iso_classify(const char *name, size_t len);

/* in message/iso_party.c */
extern void protaddr_iso_fact(IsoWalk *walk, const IsoFact *fact);
extern void protaddr_iso_begin_place(IsoWalk *walk, IsoKind kind, const char *name);
extern void protaddr_iso_end_place(IsoWalk *walk, size_t end);
extern void protaddr_iso_close(IsoWalk *walk);
extern void protaddr_iso_transaction_begins(IsoWalk *walk);

/* in message/iso_write.c */
extern bool protaddr_iso_append(IsoWalk *walk, const char *text, size_t len);
extern IsoText protaddr_iso_local_name(IsoWalk *walk, size_t start);
extern int	protaddr_iso_level(const char *uri, size_t len);
extern void protaddr_iso_prepare(IsoWalk *walk, IsoPlace *place, const PaParty *party);
extern void protaddr_iso_flush(IsoWalk *walk, size_t end);
extern void protaddr_iso_write_place(IsoWalk *walk, const IsoPlace *place);

static inline IsoPlace *
iso_last_place(IsoWalk *walk)
{
	return &walk->place[walk->nplaces - 1];
}

static inline PaText
iso_text(const IsoWalk *walk, IsoText text)
{
	PaText		result = {0};

	if (text.len > 0)
	{
		result.data = walk->arena + text.at;
		result.len = text.len;
	}
	return result;
}

#endif							/* PROTADDR_ISO_MESSAGE_H */
