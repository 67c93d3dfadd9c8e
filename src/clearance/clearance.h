/*
 * clearance.h
 *		Who may see a protected address, for which purpose, until when, and how many.
 */
#ifndef PROTADDR_CLEARANCE_H
#define PROTADDR_CLEARANCE_H

#include "base/base.h"
#include "person/person.h"

#include "utils/timestamp.h"

/* ---- clearance/role.c: who is logged in, and is it still who a row names? ---- */

extern Oid	protaddr_login_role(void);
extern Oid	protaddr_acting_login(void);
extern bool protaddr_is_still_role(Oid role, const char *name, const char *written_in);

/* ---- clearance/grant.c: purposes and clearances, as rows ----------------------- */

typedef struct ProtaddrPurpose
{
	char	   *legal_basis;
	bool		needs_approval;
	bool		needs_reference;
} ProtaddrPurpose;

typedef struct ProtaddrClearance
{
	int64		id;
	int64		counter;		/* under which its use is counted; a clearance that takes its place
								 * keeps it */
	TimestampTz valid_from;
	TimestampTz valid_until;
	int32		daily_limit;
	char	   *contract;
	PaText	   *subjects;		/* NULL: everybody */
	int			nsubjects;
} ProtaddrClearance;

extern const ProtaddrPart protaddr_grant_part;
extern bool protaddr_purpose(const char *name, ProtaddrPurpose *purpose);
extern bool protaddr_clearance(Oid role, const char *purpose, ProtaddrClearance *clearance);

/* ---- clearance/request.c: what two persons have agreed on ---------------------- */

typedef struct ProtaddrApproval
{
	int32		addresses;		/* how many it is for */
	TimestampTz valid_until;
	char	   *approved_by;
} ProtaddrApproval;

extern const ProtaddrPart protaddr_request_part;
extern bool protaddr_approval(int64 request, Oid role, const char *purpose, const char *reference,
							  ProtaddrApproval *approval);

/* ---- clearance/spent.c: how much of a limit is used ------------------------------ */

extern int32 protaddr_spent(int64 counter);
extern bool protaddr_spend(int64 counter, int32 limit);
extern bool protaddr_use_once(int64 number);

/* ---- clearance/unlock.c: is this transaction unlocked? ----------------------------- */

/* For what an address of a protected person is shown. */
typedef struct ProtaddrUnlock
{
	const char *purpose;
	const char *legal_basis;
	const char *reference;		/* empty: none was given */
	const char *contract;
	const char *approved_by;	/* NULL: nobody had to */
	int64		clearance;
	int64		request;		/* 0: none */
} ProtaddrUnlock;

extern const ProtaddrPart protaddr_unlock_part;
extern bool protaddr_unlocked_here(void);
extern const ProtaddrUnlock *protaddr_unlock_of(const PaAddress *address);

/* ---- clearance/processor.c: whose contract has ended ------------------------------- */

extern const ProtaddrPart protaddr_processor_part;
extern const ProtaddrPart protaddr_processor_member_part;
extern bool protaddr_processor_stops(void);

#endif							/* PROTADDR_CLEARANCE_H */
