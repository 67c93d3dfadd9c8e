/*
 * message.h
 *		What of a payment message may leave.
 */
#ifndef PROTADDR_MESSAGE_H
#define PROTADDR_MESSAGE_H

#include "lib/stringinfo.h"

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
 * Appends what may leave to out.  PROTADDR_LEAVE: it is there; PROTADDR_HOLD: a party's
 * rule or an unreadable message holds it, out is of no use.  Raises 23PA1 for one that is
 * blocked.  changed: out is not what came in.  encoding: "UTF-8", or NULL as an XML
 * message declares.
 */
extern ProtaddrAction protaddr_release_message(ProtaddrFormat format, const char *message,
											   size_t len, const char *encoding,
											   const ProtaddrChannel *channel,
											   const ProtaddrTransfer *transfer,
											   StringInfo out, PaRewritten *counts);

#endif							/* PROTADDR_MESSAGE_H */
