/*
 * message.h
 *		What of a payment message may leave.
 */
#ifndef PROTADDR_MESSAGE_H
#define PROTADDR_MESSAGE_H

#include "lib/stringinfo.h"

#include "guard/guard.h"
#include "law/law.h"
#include "message/rewrite.h"

/* ---- message/message.c: what of a message may leave ------------------------ */

typedef enum ProtaddrFormat
{
	PROTADDR_XML,
	PROTADDR_MT,
	PROTADDR_JSON
} ProtaddrFormat;

/*
 * Appends what may leave to out.  PROTADDR_LEAVE: it is there.  PROTADDR_HOLD: a party's
 * rule or an unreadable message holds it, and out is of no use.  PROTADDR_BLOCK likewise, in
 * every mode but PROTADDR_ASK_NOW: that raises 23PA1.  answer says why, counts what was
 * done; either may be NULL.  encoding: "UTF-8", or NULL as an XML message declares.
 * With PROTADDR_ASK_NOW what is disclosed or linked is recorded; else nothing is.
 * The addresses that do not stay are added to taken; NULL: nobody looks for them.
 */
extern ProtaddrAction protaddr_release_message(ProtaddrMode mode, ProtaddrFormat format,
											   const char *message, size_t len,
											   const char *encoding,
											   const ProtaddrChannel *channel,
											   const ProtaddrTransfer *transfer,
											   StringInfo out, PaRewritten *counts,
											   ProtaddrAnswer *answer, ProtaddrTaken **taken);

#endif							/* PROTADDR_MESSAGE_H */
