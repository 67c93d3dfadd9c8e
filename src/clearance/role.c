/*
 * role.c
 *		Who is logged in, and is it still the role that a row names?
 *
 * What is written of a role holds its OID and its name.  In the cluster where it was
 * written the OID says which role is meant: a new role of the old name is another one, and
 * a role that was renamed is the same.  In another cluster (a dump was restored, or
 * pg_upgrade has given it another system identifier) both must fit: so a row that was
 * written of one role never speaks of another.
 */
#include "postgres.h"

#include "base/base.h"
#include "clearance/clearance.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(protaddr_acting_login_sql);
PG_FUNCTION_INFO_V1(protaddr_is_still_role_sql);
PG_FUNCTION_INFO_V1(protaddr_is_one_person);

/*
 * protaddr_login_role gives the role that this session has logged in as; InvalidOid if
 * it works under the session user of another: SET SESSION AUTHORIZATION makes a superuser
 * anybody, and nobody's clearance goes with that.
 */
Oid
protaddr_login_role(void)
{
	return MyProc != NULL && MyProc->roleId == GetSessionUserId() ? MyProc->roleId : InvalidOid;
}

/* acts_alone is true of the client's own role and of our functions' owner. */
static bool
acts_alone(Oid role, const void *owner)
{
	return role == GetOuterUserId() || role == GetSessionUserId() || role == *(const Oid *) owner;
}

static Oid
extension_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(protaddr_own_relation("clearance")));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * protaddr_acting_login gives the role that is logged in, if what runs now is its own
 * doing: not that of a function of somebody else, with that one's rights, nor of maintenance
 * or a foreign key's action.  Else InvalidOid.
 */
Oid
protaddr_acting_login(void)
{
	Oid			owner = extension_owner();

	return protaddr_callers_all(acts_alone, &owner) ? protaddr_login_role() : InvalidOid;
}

/*
 * protaddr_acting_login_sql is protaddr.acting_login().  Functions of ours call it, with
 * their owner's rights, of which one may have brought the library into the session.
 */
Datum
protaddr_acting_login_sql(PG_FUNCTION_ARGS)
{
	Oid			owner = extension_owner();
	Oid			login = protaddr_callers_seen_all(acts_alone, &owner) ? protaddr_login_role() : InvalidOid;

	if (!OidIsValid(login))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: nobody is logged in who does this"),
				 errdetail("It counts who is logged in, not SET SESSION AUTHORIZATION, and not the owner of a function.")));
	PG_RETURN_OID(login);
}

/*
 * protaddr_is_still_role tells whether a role is there, may log in or owns functions for
 * those who do, and is the one that was meant.  A password's end is an end, too.
 */
bool
protaddr_is_still_role(Oid role, const char *name, const char *written_in)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	Form_pg_authid form;
	Datum		until;
	bool		never;
	bool		is;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_authid) GETSTRUCT(tuple);
	is = strtoull(written_in, NULL, 10) == GetSystemIdentifier() || strcmp(NameStr(form->rolname), name) == 0;
	until = SysCacheGetAttr(AUTHOID, tuple, Anum_pg_authid_rolvaliduntil, &never);
	if (!never && DatumGetTimestampTz(until) <= GetCurrentTimestamp())
		is = false;
	ReleaseSysCache(tuple);
	return is;
}

/* protaddr_is_still_role_sql is protaddr.is_still_role(oid, text, text). */
Datum
protaddr_is_still_role_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(protaddr_is_still_role(PG_GETARG_OID(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
										  text_to_cstring(PG_GETARG_TEXT_PP(2))));
}

/*
 * protaddr_is_one_person is protaddr.is_one_person(oid, oid): one of two roles has the
 * other's rights, as a superuser has everybody's.
 */
Datum
protaddr_is_one_person(PG_FUNCTION_ARGS)
{
	Oid			one = PG_GETARG_OID(0);
	Oid			other = PG_GETARG_OID(1);

	PG_RETURN_BOOL(one == other || is_member_of_role(one, other) || is_member_of_role(other, one));
}
