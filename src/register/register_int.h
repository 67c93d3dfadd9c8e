/*
 * register_int.h
 *		What the files of register/ share with each other alone.
 */
#ifndef PROTADDR_REGISTER_INT_H
#define PROTADDR_REGISTER_INT_H

#include "register/register.h"

/* ---- register/difference.c: what a record set changes ---------------------- */

/* A protection in force, as the table has it; one at most of each regime and code. */
typedef struct ProtaddrInForce
{
	int64		id;
	char	   *regime;
	char	   *code;
	char	   *kind;
	TimestampTz valid_from;
	DateADT		delete_hint;
	bool		no_delete_hint;
} ProtaddrInForce;

/* What becomes of a protection in force. */
typedef enum ProtaddrFate
{
	PROTADDR_ENDS,				/* said no longer: closed, and its end is recorded */
	PROTADDR_END_TOLD,			/* closed: the record set tells when it ended */
	PROTADDR_SAID_ANEW,			/* goes on with other details: closed, and added anew */
	PROTADDR_UNCHANGED
} ProtaddrFate;

typedef struct ProtaddrDifference
{
	ProtaddrFate *fate;			/* of each protection in force */
	bool	   *added;			/* whether a row is added for what is delivered, of each */
	bool		changes;		/* anything at all */
	bool		was_protected;
	bool		is_protected;
} ProtaddrDifference;

extern bool protaddr_has_ended(const ProtaddrDelivered *one, TimestampTz moment);
extern bool protaddr_goes_on(ProtaddrFate fate);
extern bool protaddr_said_before(const ProtaddrDelivered *delivered, int at, TimestampTz moment);
extern void protaddr_difference(const ProtaddrInForce *in_force, int nin_force,
								const ProtaddrDelivered *delivered, const char *const *kinds,
								int ndelivered, const char *regime, TimestampTz moment,
								ProtaddrDifference *difference);

#endif							/* PROTADDR_REGISTER_INT_H */
