/*
 * callers.c
 *		With whose rights does this code run, and through whose functions did it come?
 *
 * A SECURITY DEFINER function acts for whoever called it, and whoever wrote it chose
 * what it does.  So a right that lets somebody see more must be held by all of them:
 * by the role that the client works as, and by the owner of every such function on
 * the way.  Maintenance (ANALYZE, REINDEX, a materialized view, autovacuum) and the
 * actions of foreign keys run other people's code with rights that nobody asked for:
 * there, nobody has any.
 */
#include "postgres.h"

#include "base/base.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* whom the functions that run now act for, the outermost first */
static Oid *owners = NULL;
static int	depth = 0;
static int	room = 0;

/* The library came into the session inside a SECURITY DEFINER function: some were not seen. */
static bool some_unseen = false;

static fmgr_hook_type prev_fmgr_hook = NULL;

static void callers_start(void);
static void callers_fmgr(FmgrHookEventType event, FmgrInfo *flinfo, Datum *private);

const ProtaddrPart protaddr_callers_part = {
	.start = callers_start,
};

/* The library's only hook of this kind, so it does not go through the dispatcher. */
static void
callers_start(void)
{
	some_unseen = InLocalUserIdChange();
	prev_fmgr_hook = fmgr_hook;
	fmgr_hook = callers_fmgr;
}

/*
 * callers_fmgr is told of each function with SECURITY DEFINER or a SET clause, when it
 * has its owner's rights already and is about to run, and when it has ended or failed.
 * An end whose beginning was not seen finds nothing to take away.
 */
static void
callers_fmgr(FmgrHookEventType event, FmgrInfo *flinfo, Datum *private)
{
	if (event != FHET_START && depth > 0)
		depth--;
	if (prev_fmgr_hook)
		prev_fmgr_hook(event, flinfo, private);
	if (event != FHET_START)
		return;

	/* if this throws, no end will be told */
	if (depth == room)
	{
		int			more = Max(room * 2, 16);

		owners = owners == NULL ? MemoryContextAlloc(TopMemoryContext, more * sizeof(Oid)) :
			repalloc(owners, more * sizeof(Oid));
		room = more;
	}
	owners[depth++] = GetUserId();
}

/* nobodys is true in maintenance and the actions of foreign keys, where nobody's rights count. */
static bool
nobodys(void)
{
	return InSecurityRestrictedOperation() || InNoForceRLSOperation();
}

/* known is false where nobody's rights count, or where it cannot be told whose do. */
static bool
known(void)
{
	if (!InLocalUserIdChange())
		some_unseen = false;
	return !some_unseen && !nobodys() && (depth > 0 || !InLocalUserIdChange());
}

/*
 * protaddr_callers_all is true if the test holds for every role whose rights this code
 * has come through.
 */
bool
protaddr_callers_all(ProtaddrRoleTest test, const void *what)
{
	if (!known() || !test(GetOuterUserId(), what))
		return false;
	for (int i = 0; i < depth; i++)
		if (owners[i] != GetOuterUserId() && !test(owners[i], what))
			return false;
	return GetUserId() == GetOuterUserId() || test(GetUserId(), what);
}

/*
 * protaddr_callers_any is true if the test holds for one of them, or for who has logged in:
 * for what takes something away.  It holds in maintenance, too.
 */
bool
protaddr_callers_any(ProtaddrRoleTest test, const void *what)
{
	if (test(GetSessionUserId(), what) ||
		(GetOuterUserId() != GetSessionUserId() && test(GetOuterUserId(), what)) ||
		(GetUserId() != GetOuterUserId() && test(GetUserId(), what)))
		return true;
	for (int i = 0; i < depth; i++)
		if (test(owners[i], what))
			return true;
	return false;
}

/*
 * protaddr_callers_seen_all is the same, for our own functions that act for their owner:
 * one that is the session's first of ours has brought the library into it, and nobody
 * can tell through whose functions it came.  Then the client's right must do.
 */
bool
protaddr_callers_seen_all(ProtaddrRoleTest test, const void *what)
{
	return protaddr_callers_all(test, what) ||
		(some_unseen && !nobodys() && test(GetOuterUserId(), what));
}

/*
 * protaddr_role_name names a role, by number and name: neither a new role of an old
 * name nor, in another cluster, one of the same number is the same.  palloc'd.
 */
char *
protaddr_role_name(Oid role)
{
	return psprintf("%u:%s", role, GetUserNameFromId(role, false));
}

/*
 * protaddr_callers_name names all of them: one role as protaddr_role_name does, several,
 * in their order, by a hash.  Empty where nobody's rights count.  palloc'd.
 */
char *
protaddr_callers_name(void)
{
	StringInfoData names;
	Oid			last = GetOuterUserId();
	int			roles = 1;

	if (!known())
		return pstrdup("");
	initStringInfo(&names);
	appendStringInfoString(&names, protaddr_role_name(last));
	for (int i = 0; i <= depth; i++)
	{
		Oid			role = i < depth ? owners[i] : GetUserId();

		if (role == last)
			continue;
		appendStringInfo(&names, " %s", protaddr_role_name(role));
		last = role;
		roles++;
	}
	if (roles > 1)
	{
		bytea	   *hash = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea,
															   PointerGetDatum(cstring_to_text_with_len(names.data,
																										names.len))));
		int			len = VARSIZE_ANY_EXHDR(hash);
		char	   *hex = palloc(len * 2 + 1);

		hex[hex_encode(VARDATA_ANY(hash), len, hex)] = '\0';
		return hex;
	}
	return names.data;
}
