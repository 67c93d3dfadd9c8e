/*
 * guard.h
 *		The guard: protected addresses in any text.
 */
#ifndef PROTADDR_GUARD_H
#define PROTADDR_GUARD_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "guard/matcher.h"
#include "law/law.h"

/* ---- parts, for module.c ---------------------------------------------------------- */

extern const ProtaddrPart protaddr_source_part;
extern const ProtaddrPart protaddr_derive_part;
extern const ProtaddrPart protaddr_guard_index_part;
extern const ProtaddrPart protaddr_guard_words_part;
extern const ProtaddrPart protaddr_guard_base_part;

/* ---- guard/find.c: what stands in a text ----------------------------------------- */

/* A stretch of text that is a protected address. */
typedef struct ProtaddrFound
{
	size_t		start;			/* bytes of the UTF-8 text */
	size_t		length;
	PaCertainty certainty;
	ProtaddrIdentifier subject; /* protected now; no key: an address that was listed */
	bool		taken;			/* the row takes it away elsewhere, whoever it is of */
} ProtaddrFound;

/* ---- guard/taken.c: what a row takes away ---------------------------------------- */

typedef struct ProtaddrTaken ProtaddrTaken;

extern void protaddr_taken_add(ProtaddrTaken **taken, const PaAddress *address);

/* ---- guard/find.c ------------------------------------------------------------------ */

extern ProtaddrFound *protaddr_guard_find_text(const char *utf8, size_t len, int *nfound);
extern ProtaddrFound *protaddr_guard_find_known(const char *utf8, size_t len, const ProtaddrTaken *taken,
												int *nfound);
extern ProtaddrFound *protaddr_guard_find_taken(const char *utf8, size_t len, const ProtaddrTaken *taken,
												int *nfound);
extern ProtaddrAction protaddr_guard_ask(const ProtaddrFound *found, const ProtaddrChannel *channel,
										 const ProtaddrTransfer *transfer, ProtaddrAnswer *answer);
extern void protaddr_guard_tell(const List *people, const ProtaddrChannel *channel,
								const ProtaddrTransfer *transfer, const ProtaddrAnswer *answer);

/* ---- guard/form.c: the texts in a value, and the value without them -------------- */

/* How an address that stands in a value can be taken out of it. */
typedef enum ProtaddrTextKind
{
	PROTADDR_TEXT_PLAIN = 0,	/* wherever it stands */
	PROTADDR_TEXT_MARKUP,		/* as long as it stands within one value: XML, JSON, hstore, bytes */
	PROTADDR_TEXT_MT,			/* the same, within one field */
	PROTADDR_TEXT_PARTS,		/* as its parts say: arrays, composites */
	PROTADDR_TEXT_WHOLE			/* not at all */
} ProtaddrTextKind;

typedef struct ProtaddrForm
{
	Oid			type;			/* under its domains */
	Oid			domain;			/* InvalidOid: not a domain */
	int32		typmod;
	ProtaddrTextKind kind;
	const char *encoding;		/* of bytes, as iconv knows it; NULL: what they tell themselves */
} ProtaddrForm;

/* One text in a value, or the keys that stand in it. */
typedef struct ProtaddrLeaf
{
	ProtaddrForm form;
	int			owner;			/* what the caller knows it by */
	int			keys_of;		/* number of the leaf that they are of; -1: it is a text */
	size_t		start;			/* bytes of the whole */
	size_t		end;
	Datum		value;
	const char *raw;			/* its bytes, if they are the text; else NULL */
	size_t		raw_len;
	const char *encoding;		/* of these */
	bool		changed;
	Datum		left;			/* changed: what is left of it */
} ProtaddrLeaf;

typedef struct ProtaddrLeaves
{
	StringInfoData whole;		/* their texts, in UTF-8 */
	ProtaddrLeaf *leaf;
	int			n;
	size_t		room;
	int			owner;			/* of what is being added */
	bool		unchecked;		/* what is left need not be what domains allow */
} ProtaddrLeaves;

typedef struct ProtaddrStretch
{
	int			leaf;
	size_t		start;			/* bytes of the whole */
	size_t		end;
} ProtaddrStretch;

extern void protaddr_form_of(Oid type, int32 typmod, ProtaddrForm *form);
extern bool protaddr_encoding_known(const char *encoding);
extern bool protaddr_reads_as_it_is(const char *bytes, size_t len);
extern void protaddr_read_bytes(const char *whole, size_t whole_len, const char *bytes, size_t len,
								StringInfo out);
extern void protaddr_leaves_begin(ProtaddrLeaves *leaves);
extern void protaddr_leaves_reset(ProtaddrLeaves *leaves);
extern void protaddr_leaves_add(ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum value, int owner);
extern int	protaddr_leaf_at(const ProtaddrLeaves *leaves, size_t at);
extern bool protaddr_leaf_lets_go(const ProtaddrLeaves *leaves, const ProtaddrLeaf *leaf,
								  size_t start, size_t end);
extern bool protaddr_leaf_cut(ProtaddrLeaves *leaves, ProtaddrLeaf *leaf, const ProtaddrStretch *stretch,
							  int n);
extern bool protaddr_leaf_withhold(ProtaddrLeaves *leaves, ProtaddrLeaf *leaf);
extern Datum protaddr_leaves_value(const ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum value,
								   int first);

/* ---- guard/text_type.c: which columns could hold an address as text -------------- */

extern bool protaddr_type_holds_text(Oid type);

#endif							/* PROTADDR_GUARD_H */
