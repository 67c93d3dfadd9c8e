/*
 * address.h
 *		An address: its elements, its bytes, its token, and how it is written on a line.
 *
 * Nothing declared here includes a PostgreSQL header, allocates, throws or reads
 * global state: bytes in, verdict out.  So every function can be run under a fuzzer as
 * it is.  Glue turns verdicts into errors.  Text is UTF-8 throughout.
 */
#ifndef PROTADDR_ADDRESS_H
#define PROTADDR_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/text.h"

/* ---- limits ---------------------------------------------------------------- */

#define PA_MAX_LINES		7	/* AdrLine 0..7, ISO 20022 PostalAddress27 */
#define PA_MAX_SUBJECTS		16	/* a family, joint holders, the lender of the address */
#define PA_SUBJECT_SIZE		64	/* bytes of a canonical identifier (IBAN: 34) */
#define PA_CHANNEL_SIZE		64	/* bytes of a channel's name */
#define PA_TYPIST_SIZE		80	/* bytes of a role's number and name */
#define PA_PLAIN_BLOCK		64	/* padding: length says nothing about content */
#define PA_MAX_PLAIN		9216	/* all elements full of 4-byte characters, padded */

/* ---- address/element.c: which elements an address has ---------------------- */

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

/* ---- the parsed address ---------------------------------------------------- */

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
 */
extern PaTextVerdict protaddr_check_element(PaElement element, const char *text, size_t len);
extern PaTextVerdict protaddr_check_line(const char *text, size_t len);

/*
 * True if the text holds "[address withheld" anywhere, or begins like the
 * mask once leading blanks, quotes, brackets and braces are taken off
 * ("[address", also when cut short in the mask: "[address wi"), in any case
 * of letters.  A masked export must never be loaded as data.
 */
extern bool protaddr_looks_withheld(const char *text, size_t len);

#define PA_WITHHELD "[address withheld]"

/* ---- address/country.c: ISO 3166-1 ----------------------------------------- */

/* True for an officially assigned alpha-2 code in upper case, and for XK (used in SEPA). */
extern bool protaddr_country_known(const char *code, size_t len);

/* ---- address/format.c: one line in the country's order --------------------- */

/* Enough for any decoded address on one line. */
#define PA_LINE_SIZE	(PA_MAX_PLAIN + 128)

/*
 * protaddr_format_line writes the address as one line, no terminating NUL,
 * and returns its length.  out must hold PA_LINE_SIZE bytes.
 */
extern size_t protaddr_format_line(const PaAddress *address, char *out);

/* ---- address/codec.c: the bytes inside the seal ---------------------------- */

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

/* ---- address/token.c: the sealed form, and how it looks as text ------------ */

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

#endif							/* PROTADDR_ADDRESS_H */
