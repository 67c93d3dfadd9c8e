/*
 * door.h
 *		The door: what may be told of an address, and what may leave.
 */
#ifndef PROTADDR_DOOR_H
#define PROTADDR_DOOR_H

#include "keys/keys.h"
#include "law/law.h"

/* ---- door/reveal.c: what may be revealed, and who is told before ----------- */

typedef struct ProtaddrRevealed
{
	ProtaddrOpened opened;		/* holds what may be revealed, and nothing else */
	ProtaddrAnswer answer;
	const ProtaddrUnlock *unlock;	/* NULL: by the law alone */
	bool		cut;			/* it is not what was opened */
	bool		unchanged;		/* the value was released for this channel as it is */
} ProtaddrRevealed;

extern const ProtaddrAction protaddr_released_by[];

extern bool protaddr_released_for(const PaAddress *address, const ProtaddrChannel *channel);
extern bool protaddr_reveal(ProtaddrEventKind kind, const ProtaddrSeal *seal,
							const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
							ProtaddrRevealed *revealed);
extern void protaddr_reveal_begin(const ProtaddrSeal *seal, ProtaddrRevealed *revealed);
extern bool protaddr_reveal_end(ProtaddrEventKind kind, const ProtaddrChannel *channel,
								const ProtaddrTransfer *transfer, ProtaddrRevealed *revealed);

/* ---- door/show.c: what a reader sees ---------------------------------------- */

extern const ProtaddrPart protaddr_show_part;

/* ---- door/release.c: what may leave ---------------------------------------- */

extern ProtaddrSeal *protaddr_release(ProtaddrSeal *seal, const ProtaddrChannel *channel,
									  const ProtaddrTransfer *transfer,
									  ProtaddrAnswer *answer);
extern const ProtaddrChannel *protaddr_transfer_from_args(FunctionCallInfo fcinfo,
														  ProtaddrTransfer *transfer);
extern void protaddr_currency_from_text(const text *code, char currency[4]);
extern void protaddr_refuse_to_hold(const ProtaddrChannel *channel);
extern bool protaddr_is_released(ProtaddrSeal *seal, const ProtaddrChannel *channel,
								 const ProtaddrTransfer *transfer);

/* ---- door/disclosure.c: what was disclosed, on record ---------------------- */

extern const ProtaddrPart protaddr_disclosure_part;
extern bool protaddr_disclosure_stands(uint64 disclosure);

#endif							/* PROTADDR_DOOR_H */
