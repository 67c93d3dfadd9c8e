/*
 * guard.h
 *		The guard: protected addresses in any text.
 */
#ifndef PROTADDR_GUARD_H
#define PROTADDR_GUARD_H

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
} ProtaddrFound;

extern ProtaddrFound *protaddr_guard_find_text(const char *utf8, size_t len, int *nfound);
extern ProtaddrFound *protaddr_guard_find_known(const char *utf8, size_t len, int *nfound);
extern ProtaddrAction protaddr_guard_ask(const ProtaddrFound *found, const ProtaddrChannel *channel,
										 const ProtaddrTransfer *transfer, ProtaddrAnswer *answer);

#endif							/* PROTADDR_GUARD_H */
