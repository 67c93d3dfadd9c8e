/*
 * pure.h
 *		What protaddr knows without PostgreSQL: addresses, tokens, identifiers
 *		and register deliveries as bytes.
 *
 * Nothing declared here includes a PostgreSQL header, allocates, throws or
 * reads global state: bytes in, verdict out.  So every function can be run
 * under a fuzzer as it is.  Glue (protaddr.h) turns verdicts into errors.
 * Text is UTF-8 throughout.
 */
#ifndef PROTADDR_PURE_H
#define PROTADDR_PURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- limits ---------------------------------------------------------- */

#define PA_MAX_LINES		7		/* AdrLine 0..7, ISO 20022 PostalAddress27 */
#define PA_MAX_SUBJECTS		16		/* a family, joint holders, the lender of the address */
#define PA_SUBJECT_SIZE		64		/* bytes of a canonical identifier (IBAN: 34) */
#define PA_CHANNEL_SIZE		64		/* bytes of a channel's name */
#define PA_TYPIST_SIZE		80		/* bytes of a role's number and name */
#define PA_PLAIN_BLOCK		64		/* padding: length says nothing about content */
#define PA_MAX_PLAIN		9216	/* all elements full of 4-byte characters, padded */

/* ---- address/element.c: which elements an address has ------------------ */

/*
 * The elements of PostalAddress27 in the order of the message definition.
 * The numbers are part of the sealed form: never renumber, only append.
 */
typedef enum PaElement
{
	PA_ADRTP = 0,				/* AdrTp/Cd: ADDR PBOX HOME BIZZ MLTO DLVY */
	PA_ADRTP_ID,				/* AdrTp/Prtry/Id, exactly 4 letters or digits */
	PA_ADRTP_ISSR,				/* AdrTp/Prtry/Issr */
	PA_ADRTP_SCHMENM,			/* AdrTp/Prtry/SchmeNm */
	PA_CAREOF,
	PA_DEPT,
	PA_SUBDEPT,
	PA_STRTNM,
	PA_BLDGNB,
	PA_BLDGNM,
	PA_FLR,
	PA_UNITNB,
	PA_PSTBX,
	PA_ROOM,
	PA_PSTCD,
	PA_TWNNM,
	PA_TWNLCTNNM,
	PA_DSTRCTNM,
	PA_CTRYSUBDVSN,
	PA_CTRY,
	PA_NELEMENTS
} PaElement;

typedef struct PaElementInfo
{
	const char *name;			/* ISO 20022 element name, "AdrTp/Prtry/Id" for parts */
	int			max_chars;		/* from PostalAddress27, in characters */
} PaElementInfo;

extern const PaElementInfo protaddr_elements[PA_NELEMENTS];

#define PA_ADRLINE_CHARS	70

/* The element with this exact ISO name, or -1.  "AdrTp" is PA_ADRTP. */
extern int	protaddr_element_by_name(const char *name, size_t len);

/* ---- the parsed address ------------------------------------------------ */

/* A piece of text inside somebody else's buffer; absent when len is 0. */
typedef struct PaText
{
	const char *data;
	uint32_t	len;			/* bytes */
} PaText;

/* How far a value has been let through the gate. */
typedef enum PaRelease
{
	PA_NOT_RELEASED = 0,
	PA_RELEASED_WHOLE,			/* nobody it concerns was protected */
	PA_RELEASED_MINIMUM,		/* reduced to what the law demands */
	PA_RELEASED_SUBSTITUTE,		/* a substitute address in place of the person's own */
	PA_RELEASED_DISCLOSED		/* whole, though protected: on record */
} PaRelease;

typedef struct PaAddress
{
	PaText		element[PA_NELEMENTS];
	PaText		line[PA_MAX_LINES];
	int			nlines;
	PaText		subject[PA_MAX_SUBJECTS];	/* canonical identifiers */
	int			nsubjects;
	PaRelease	release;
	PaText		channel;		/* released for, present iff release != 0 */
	uint64_t	disclosure;		/* number of the record, not 0 iff PA_RELEASED_DISCLOSED */
	PaText		typist;			/* who typed it in, while it concerns nobody */
} PaAddress;

/* Why a text is no part of an address. */
typedef enum PaTextVerdict
{
	PA_TEXT_OK = 0,
	PA_TEXT_EMPTY,
	PA_TEXT_TOO_LONG,			/* more characters than the element may have */
	PA_TEXT_NOT_UTF8,
	PA_TEXT_CONTROL,			/* control or invisible formatting character */
	PA_TEXT_WITHHELD,			/* our own mask, or something beginning like it */
	PA_TEXT_NOT_A_CODE			/* country, address type or type id out of its vocabulary */
} PaTextVerdict;

/*
 * protaddr_check_element judges one element's text (UTF-8, already NFC).
 * protaddr_check_line does the same for an AdrLine.
 *
 * Control: U+0000-001F, 007F-009F, 00AD, 034F, 061C, 115F, 1160, 180E, 200B-200F,
 * 2028-202E, 2060-206F, 3164, FE00-FE0F, FEFF, FFA0, FFF9-FFFB, E0000-E0FFF: control
 * characters and what shows as nothing.  They would hide an address from a reader
 * or from the guard.
 */
extern PaTextVerdict protaddr_check_element(PaElement element, const char *text, size_t len);
extern PaTextVerdict protaddr_check_line(const char *text, size_t len);

/* Reads one character of strict UTF-8 (len > 0): its bytes, 0 if there is none. */
extern size_t protaddr_read_character(const char *bytes, size_t len, uint32_t *character);

/* True for the control characters above. */
extern bool protaddr_is_control(uint32_t c);

/*
 * True if the text holds "[address withheld" anywhere, or begins like the
 * mask once leading blanks, quotes, brackets and braces are taken off
 * ("[address", also when cut short in the mask: "[address wi"), in any case
 * of letters.  A masked export must never be loaded as data.
 */
extern bool protaddr_looks_withheld(const char *text, size_t len);

#define PA_WITHHELD "[address withheld]"

/* ---- address/country.c: ISO 3166-1 ------------------------------------- */

/* True for an officially assigned alpha-2 code in upper case, and for XK (used in SEPA). */
extern bool protaddr_country_known(const char *code, size_t len);

/* ---- address/format.c: one line in the country's order ------------------ */

/* Enough for any decoded address on one line. */
#define PA_LINE_SIZE	(PA_MAX_PLAIN + 128)

/*
 * protaddr_format_line writes the address as one line, no terminating NUL,
 * and returns its length.  out must hold PA_LINE_SIZE bytes.
 */
extern size_t protaddr_format_line(const PaAddress *address, char *out);

/* ---- address/codec.c: the bytes inside the seal -------------------------- */

/*
 * protaddr_encode writes the address as padded plaintext and returns its
 * length, a multiple of PA_PLAIN_BLOCK; 0 if it does not fit into outsize or a
 * limit above is broken.  One address has exactly one encoding.
 */
extern size_t protaddr_encode(const PaAddress *address, uint8_t *out, size_t outsize);

/*
 * protaddr_decode reads it back; the pieces point into plain.  False for any
 * byte string that protaddr_encode would not have written.
 */
extern bool protaddr_decode(const uint8_t *plain, size_t len, PaAddress *address);

/* ---- address/token.c: the sealed form, and how it looks as text ---------- */

/*
 * sealed form: version (1), key id (8, big endian), nonce (12),
 * AES-256-GCM ciphertext (n x 64), tag (16)
 */
#define PA_SEAL_VERSION		1
#define PA_NONCE_SIZE		12
#define PA_TAG_SIZE			16
#define PA_SEAL_HEADER		(1 + 8 + PA_NONCE_SIZE)
#define PA_SEAL_OVERHEAD	(PA_SEAL_HEADER + PA_TAG_SIZE)
#define PA_MAX_SEAL			(PA_SEAL_OVERHEAD + PA_MAX_PLAIN)

#define PA_TOKEN_PREFIX		"pa1."
#define PA_TOKEN_PREFIX_LEN 4

/* True if these bytes have the shape of a sealed value: version and length. */
extern bool protaddr_seal_shape(const uint8_t *seal, size_t len);

/* Length of the token for a seal of len bytes, without terminating NUL. */
extern size_t protaddr_token_length(size_t len);

/* Writes the token, no terminating NUL; out must hold protaddr_token_length(len) + 4. */
extern size_t protaddr_token_write(const uint8_t *seal, size_t len, char *out);

/*
 * Reads a token ("pa1." and unpadded base64url).  Strict: whatever it accepts,
 * protaddr_token_write gives back byte for byte.  out must hold PA_MAX_SEAL + 3.
 * Returns the seal's length, or 0.
 */
extern size_t protaddr_token_parse(const char *token, size_t len, uint8_t *out);

/* ---- register/subject.c: one spelling for an identifier ------------------- */

/*
 * protaddr_subject_key writes the canonical form of an identifier and returns
 * its length: ASCII blanks, hyphens, dots and slashes dropped, and ".0" or ".00" behind
 * a number; letters in upper case, those of Latin-1 and Latin Extended-A as SWIFT
 * messages write them (AE, OE, AA, E); leading zeros dropped if only digits are left
 * ("0" stays for all zeros).
 * So 070761-4285, 0707614285 and the bigint 707614285 are one person; two that
 * fall together are protected too much, never too little.
 * Returns 0 for an identifier with nothing in it, -1 for one over PA_SUBJECT_SIZE.
 */
extern int	protaddr_subject_key(const char *text, size_t len, char out[PA_SUBJECT_SIZE]);

/* ---- register/cpr_field.c: the fields of the register's records ----------- */

/* True if all of it are digits; are this character. */
extern bool protaddr_cpr_digits(const char *p, size_t len);
extern bool protaddr_cpr_all(const char *p, size_t len, char c);

/* The value of up to 9 digits that protaddr_cpr_digits has seen. */
extern uint32_t protaddr_cpr_number(const char *p, size_t len);

/* True if a byte is a control character of ISO-8859-1: 00-1F, 7F-9F. */
extern bool protaddr_cpr_control(const char *p, size_t len);

/* The length without the blanks at the end. */
extern size_t protaddr_cpr_trimmed(const char *rec, size_t len);

/*
 * protaddr_cpr_field finds the field of a trimmed record; *value is NULL if it is
 * blank.  False if the record ends within the field: none of those that we read may
 * hold blanks, so that is a record cut short.
 */
extern bool protaddr_cpr_field(const char *rec, size_t len, size_t pos, size_t size,
							   const char **value);

/*
 * Each copies what it read, false if it is not what it should be:
 * protaddr_cpr_compact_date YYYYMMDD as YYYY-MM-DD;
 * protaddr_cpr_date YYYY-MM-DD as it is, NULL and zeros (with or without hyphens) as "";
 * protaddr_cpr_stamp YYYYMMDDHHMM as YYYY-MM-DD HH:MM, NULL and zeros as "", and "" too
 * if the hour or the minute is 99: not known.
 */
extern bool protaddr_cpr_compact_date(char out[11], const char *value);
extern bool protaddr_cpr_date(char out[11], const char *value);
extern bool protaddr_cpr_stamp(char out[17], const char *value);

/* ---- register/cpr_extract.c: deliveries of the Danish population register -- */

/*
 * What the caller says the file is; one that is something else is refused.  It
 * is the caller's word because a damaged delivery can look like the others.
 */
typedef enum PaCprKind
{
	PA_CPR_DELIVERY = 0,		/* 000 and 999, and as many records as 999 counts */
	PA_CPR_REPLY,				/* about exactly one person; its 999 counts another file, so
								 * nothing shows a record missing from within */
	PA_CPR_BITEMPORAL			/* bitemporal records alone, no 000 and 999: nothing shows
								 * that it is whole, of which day, or of which task */
} PaCprKind;

/*
 * One 004, 015 or 016 record.  Of a 004 and a 015 end is "": it is in force.
 * Of a 016 end never is "": it has ended, on that day; whether it still counted
 * on that day the register does not say, so let it.
 */
typedef struct PaCprProtection
{
	char		code[5];		/* BESKYTTYPE, 4 characters, NUL-terminated */
	char		start[11];		/* START_DT, YYYY-MM-DD, "" if blank */
	char		delete_hint[11];	/* SLET_DT: a hint, never an end; "" if blank */
	char		end[11];		/* SLUT_DT, else the day of SLUT_TS: a true end */
	/* when the register learned it, YYYY-MM-DD HH:MM; "" if blank, uncertain or 004 */
	char		start_registered[17];	/* START_TS */
	char		end_registered[17];	/* SLUT_TS */
} PaCprProtection;

#define PA_CPR_MAX_PROTECTIONS 64	/* 0..n records in the guide; more refuses the file */

/* One person: a 001 record and what follows it.  Bitemporal: neighbouring ones of one number. */
typedef struct PaCprPerson
{
	char		pnr[11];
	char		replaced_by[11];	/* PNRGAELD, "" if blank */
	char		status[3];		/* STATUS, "" if blank */
	int			nprotections;
	PaCprProtection protection[PA_CPR_MAX_PROTECTIONS];
} PaCprPerson;

/* What the start record says of the file; all "" of a PA_CPR_BITEMPORAL, and if it was refused. */
typedef struct PaCprHeader
{
	char		task[7];		/* OPGAVENR */
	char		produced[11];	/* PRODDTO as YYYY-MM-DD */
	char		previous[11];	/* PRODDTOFORRIG as YYYY-MM-DD, "" if zeros or blank */
} PaCprHeader;

typedef enum PaCprVerdict
{
	PA_CPR_OK = 0,
	PA_CPR_STOPPED,				/* the callback said so */
	PA_CPR_NO_START,			/* the first record is not 000 */
	PA_CPR_BAD_START,			/* 000 with an impossible task number or date */
	PA_CPR_NO_END,				/* no 999: the file is cut off */
	PA_CPR_AFTER_END,			/* something follows 999 */
	PA_CPR_WRONG_COUNT,			/* 999's count is not the number of data records */
	PA_CPR_BAD_RECORD,			/* a known record type of a wrong length */
	PA_CPR_BAD_TYPE,			/* three characters that are not a record type */
	PA_CPR_BAD_BYTE,			/* a byte that the encoding does not have here (NUL, control) */
	PA_CPR_BAD_PNR,				/* not ten digits */
	PA_CPR_BAD_DATE,			/* not a date and not blank */
	PA_CPR_BAD_CODE,			/* BESKYTTYPE is not four digits, or STATUS not two */
	PA_CPR_NO_PERSON,			/* a protection without its person record */
	PA_CPR_PERSON_TWICE,		/* the same person number in two neighbouring 001 records */
	PA_CPR_TOO_MANY,			/* more protections of one person than PA_CPR_MAX_PROTECTIONS */
	PA_CPR_WRONG_KIND,			/* not the kind of file that the caller said */
	PA_CPR_NOT_ONE_PERSON		/* a reply about nobody, or about more than one */
} PaCprVerdict;

/* Returns false to stop the parser (verdict PA_CPR_STOPPED). */
typedef bool (*PaCprPersonCallback) (void *arg, const PaCprPerson *person);

#define PA_CPR_MAX_RECORD 512

typedef struct PaCprParser
{
	/* results, readable at any time */
	PaCprHeader header;			/* filled before the first callback */
	uint64_t	records;		/* data records seen, 000 and 999 left out */
	uint64_t	record;			/* number of the current record, 1 is the first */
	uint64_t	offset;			/* byte offset of the current record in the delivery */
	uint64_t	persons;		/* people begun; each is called back when complete */
	uint64_t	skipped;		/* records of types unknown to us */
	uint64_t	ended_subscriptions;	/* 997 records: no news of a person follow, lifts nothing */
	uint64_t	error_records;	/* 910 records: the register could not do what it was asked */
	bool		bitemporal;		/* with history, from 015 and 016; known before the first callback */
	PaCprVerdict verdict;		/* sticky once not OK */

	/* private to cpr_extract.c */
	PaCprKind	kind;
	PaCprPersonCallback callback;
	void	   *callback_arg;
	bool		layout_known;
	size_t		end_len;
	int			shape;
	int			state;
	bool		in_person;
	PaCprPerson person;
	char		carry[PA_CPR_MAX_RECORD];
	size_t		carry_len;
	uint64_t	consumed;
} PaCprParser;

/*
 * protaddr_cpr_begin readies a parser on the caller's storage;
 * protaddr_cpr_feed takes the delivery in pieces of any size and calls back once
 * per person, in order, when the person is complete; once the verdict is not OK it
 * reads nothing more;
 * protaddr_cpr_end tells that there is no more and gives the verdict.  It may call
 * back for the last person of a PA_CPR_BITEMPORAL.
 * Nothing is known to be true of the delivery until the verdict is PA_CPR_OK.
 */
extern void protaddr_cpr_begin(PaCprParser *parser, PaCprKind kind,
							   PaCprPersonCallback callback, void *arg);
extern PaCprVerdict protaddr_cpr_feed(PaCprParser *parser, const char *data, size_t len);
extern PaCprVerdict protaddr_cpr_end(PaCprParser *parser);

/* ---- message/: payment messages ------------------------------------------- */

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
	 * The transfer that the unit is, or is part of; absent if it is none or several.
	 * amount is decimal text with the currency of its Ccy attribute; payer and payee
	 * are identifiers of their accounts (else ids).
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
	PA_MESSAGE_NAMESPACE,		/* no message of ISO 20022, or something of an unknown namespace in it */
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

/*
 * protaddr_charset_x writes text (UTF-8) in the characters that SWIFT messages have
 * (address/charset_x.c), letters folded as banks do: ae for the Danish one, e for an
 * accented one.  Returns the length; 0 if it is empty, does not fit, or has a character
 * that cannot be written so.
 */
extern size_t protaddr_charset_x(const char *text, size_t len, char *out, size_t outsize);

/* One letter, in ASCII capitals, NUL-terminated: AE, O, TH.  Returns its bytes, or 0 if it is none. */
extern size_t protaddr_fold_letter(const char *text, size_t len, char out[3]);

/*
 * protaddr_is_town is true for a text (UTF-8) that may stay as the town of an address
 * that goes (message/town.c): with a letter, no digit, comma, semicolon or slash of
 * any script, no control character, at most 140 characters.
 */
extern bool protaddr_is_town(const char *text, size_t len);

/* protaddr_rewrite_mt rewrites SWIFT MT text: one message or several. */
extern PaMessageVerdict protaddr_rewrite_mt(const char *message, size_t len,
											const PaRewriter *rewriter, PaRewritten *rewritten);

/* protaddr_rewrite_json rewrites JSON that has the ISO 20022 names. */
extern PaMessageVerdict protaddr_rewrite_json(const char *message, size_t len,
											  const PaRewriter *rewriter, PaRewritten *rewritten);

#endif							/* PROTADDR_PURE_H */
