/*
 * rewrite.h
 *		The rewriters of payment messages: XML, SWIFT MT and JSON.  Pure.
 */
#ifndef PROTADDR_REWRITE_H
#define PROTADDR_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address/address.h"

/*
 * The rewriters of messages (message/iso_xml.c, message/swift_mt.c,
 * message/iso_json.c) find the places where a party's postal address stands, ask
 * what may stand there, and copy every other byte as it is.
 *
 * They ask unit by unit: a unit is what surrounds parties and their accounts (a
 * transaction, a PmtInf, RltdPties, OrgnlTxRef, a group header), so that an account
 * that stands behind its party is known by then, and a message of any number of
 * transactions takes the memory of one.  The texts of a unit are UTF-8 and good
 * during the call.
 */

/* What may stand in place of a party's address.  0, what nobody decided, is nothing. */
typedef enum PaPlaceAction
{
	PA_PLACE_WITHHOLD = 0,		/* the address goes, as a whole */
	PA_PLACE_KEEP,				/* stays as it is, byte for byte */
	PA_PLACE_MINIMUM,			/* its town and country; nothing if it has not both */
	PA_PLACE_COUNTRY,			/* its country alone; nothing if it has none */
	PA_PLACE_SUBSTITUTE			/* the address given, or nothing if it does not fit */
} PaPlaceAction;

/* Date and place of birth, in place of an address: DtAndPlcOfBirth. */
typedef struct PaBirth
{
	PaText		date;			/* YYYY-MM-DD */
	PaText		province;		/* may be absent */
	PaText		city;
	PaText		country;		/* ISO 3166 alpha-2 */
} PaBirth;

#define PA_PARTY_IDENTIFIERS	12
#define PA_UNIT_PARTIES			128

typedef struct PaParty
{
	/* what the message says */
	const char *role;			/* ISO name of the party's element: "Dbtr", "UltmtCdtr", "Ownr" */
	PaText		name;			/* Nm, may be absent */
	PaText		identifier[PA_PARTY_IDENTIFIERS];	/* accounts, private and other ids */
	int			nidentifiers;
	bool		more_identifiers;	/* there were more than fit, or one too long: ask no further */
	PaText		town;			/* of the address that stands there; may be absent */
	PaText		country;
	bool		takes_birth;	/* DtAndPlcOfBirth could be added here */

	/* what the decision is; all 0 before */
	PaPlaceAction action;
	const PaAddress *substitute;	/* of PA_PLACE_SUBSTITUTE; good until the next call */
	const PaBirth *birth;		/* to be added, if takes_birth; NULL: nothing */
} PaParty;

typedef struct PaUnit
{
	PaParty    *party;			/* those with an address, in the order of the message */
	int			nparties;

	/*
	 * The transfer that the unit is, or is part of; absent if it is none or several. amount is
	 * decimal text with the currency of its Ccy attribute; payer and payee are identifiers of
	 * their accounts (else ids).
	 */
	PaText		amount;
	PaText		currency;
	PaText		payer;
	PaText		payee;
} PaUnit;

typedef enum PaMessageVerdict
{
	PA_MESSAGE_OK = 0,
	PA_MESSAGE_STOPPED,			/* a callback said so */
	PA_MESSAGE_MALFORMED,		/* not well-formed */
	PA_MESSAGE_DOCTYPE,			/* a document type declaration, so entities */
	PA_MESSAGE_ENCODING,		/* bytes that its encoding does not have, or an unknown encoding */
	PA_MESSAGE_NAMESPACE,		/* no message of ISO 20022, or something of an unknown namespace in
								 * it */
	PA_MESSAGE_TOO_DEEP,		/* elements nested deeper than PA_MESSAGE_DEPTH */
	PA_MESSAGE_TOO_LARGE,		/* a part that must be held in memory is larger than it may be */
	PA_MESSAGE_ORDER,			/* a party's account stands where the party was decided already */
	PA_MESSAGE_UNKNOWN_FORMAT	/* not of the format that the caller said */
} PaMessageVerdict;

#define PA_MESSAGE_DEPTH	64

typedef struct PaRewriter
{
	void	   *arg;			/* given to every callback */
	/* Decides for the parties of a unit; false stops. */
	bool		(*decide) (void *arg, PaUnit *unit);
	/* Takes the next bytes of the result; false stops. */
	bool		(*write) (void *arg, const char *data, size_t len);
	/* Memory; may give NULL.  All of it is freed before the rewriter returns. */
	void	   *(*alloc) (void *arg, size_t size);
	void	   *(*realloc) (void *arg, void *ptr, size_t size);
	void		(*free) (void *arg, void *ptr);
	/* Told of the bytes of each address that does not stay as it is; NULL: nobody asks. */
	void		(*taken) (void *arg, size_t start, size_t end);
} PaRewriter;

typedef struct PaRewritten
{
	PaMessageVerdict verdict;
	uint64_t	offset;			/* where in the message it is refused, in bytes */
	uint64_t	line;			/* the same as a line, 1 is the first; 0 if not known */
	uint64_t	units;
	uint64_t	places;			/* addresses of parties found */
	uint64_t	withheld;		/* of them gone */
	uint64_t	reduced;		/* of them down to town and country, or country */
	uint64_t	substituted;
	uint64_t	births;			/* births added */
} PaRewritten;

/*
 * protaddr_rewrite_xml rewrites an ISO 20022 message (pain, pacs, camt; also inside an
 * envelope).  encoding overrides what the message declares: "UTF-8" for text that is
 * UTF-8 whatever it says of itself; NULL: as it declares.
 * What was written before a verdict other than PA_MESSAGE_OK is to be thrown away.
 */
extern PaMessageVerdict protaddr_rewrite_xml(const char *message, size_t len,
											 const char *encoding, const PaRewriter *rewriter,
											 PaRewritten *rewritten);

/* protaddr_rewrite_mt rewrites SWIFT MT text: one message or several. */
extern PaMessageVerdict protaddr_rewrite_mt(const char *message, size_t len,
											const PaRewriter *rewriter, PaRewritten *rewritten);

/* protaddr_rewrite_json rewrites JSON that has the ISO 20022 names. */
extern PaMessageVerdict protaddr_rewrite_json(const char *message, size_t len,
											  const PaRewriter *rewriter, PaRewritten *rewritten);

/*
 * The address that stood in bytes which the rewriter has told of (taken), as UTF-8; the
 * pieces point into them (message/place.c).
 */
extern void protaddr_address_in_xml(const char *text, size_t len, PaAddress *address);
extern void protaddr_address_in_json(const char *text, size_t len, PaAddress *address);
extern void protaddr_address_in_mt(const char *text, size_t len, PaAddress *address);

#endif							/* PROTADDR_REWRITE_H */
