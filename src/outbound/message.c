/*
 * message.c
 *		Stands in for the rewriters until they are here.
 */
#include "protaddr.h"

ProtaddrAction
protaddr_release_message(ProtaddrFormat format, const char *message, size_t len,
						 const char *encoding, const ProtaddrChannel *channel,
						 const ProtaddrTransfer *transfer, StringInfo out, PaRewritten *counts)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("messages cannot be released yet")));
	return PROTADDR_HOLD;
}
