/*
 * database.c
 *		Which database of which cluster is this?
 *
 * CREATE DATABASE ... TEMPLATE copies every row, and a data directory may be started
 * under another system identifier (pg_upgrade, pg_resetwal).  What vouches for the
 * freshness of the register carries the name that is given here, so that a copy does
 * not vouch for itself.  A physical standby, and a base backup that is promoted, have
 * the name of the server they come from.
 */
#include "postgres.h"

#include "base/base.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(protaddr_this_database_sql);

/* protaddr_this_database gives system identifier and OID, as "7412345678901234567/16384". */
const char *
protaddr_this_database(void)
{
	static char name[64] = "";

	Assert(OidIsValid(MyDatabaseId));
	if (name[0] == '\0')
		snprintf(name, sizeof(name), UINT64_FORMAT "/%u", GetSystemIdentifier(), MyDatabaseId);
	return name;
}

/* protaddr_this_database_sql is protaddr.this_database(). */
Datum
protaddr_this_database_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(protaddr_this_database()));
}
