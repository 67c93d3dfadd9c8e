/*
 * door.h
 *		The door: what may be told of an address, and what may leave.
 */
#ifndef PROTADDR_DOOR_H
#define PROTADDR_DOOR_H

#include "law/law.h"

/* ---- door/tell.c: what may be told ----------------------------------------- */

extern bool protaddr_may_tell(const PaAddress *address);

/* ---- door/release.c: what may leave ---------------------------------------- */

extern ProtaddrSeal *protaddr_release(ProtaddrSeal *seal, const ProtaddrChannel *channel,
									  const ProtaddrTransfer *transfer,
									  ProtaddrAnswer *answer);
extern const ProtaddrChannel *protaddr_transfer_from_args(FunctionCallInfo fcinfo,
														  ProtaddrTransfer *transfer);
extern void protaddr_currency_from_text(const text *code, char currency[4]);
extern bool protaddr_is_released(ProtaddrSeal *seal, const ProtaddrChannel *channel,
								 const ProtaddrTransfer *transfer);

/* ---- door/disclosure.c: what was disclosed, on record ---------------------- */

extern const ProtaddrPart protaddr_disclosure_part;
extern uint64 protaddr_disclosure_record(const ProtaddrChannel *channel,
										 const ProtaddrTransfer *transfer,
										 const PaText *subject, int nsubjects);
extern bool protaddr_disclosure_is_of(uint64 disclosure, const ProtaddrTransfer *transfer);
extern bool protaddr_disclosure_stands(uint64 disclosure);

#endif							/* PROTADDR_DOOR_H */
