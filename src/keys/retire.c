/*
 * retire.c
 *		How does a data key come to its end?
 *
 * A retired key opens and seals nothing more, in no session; its row stays, with what
 * was done and why.  Unless it is erased, it can be reinstated: nothing is lost.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(protaddr_retire_data_key);
PG_FUNCTION_INFO_V1(protaddr_reinstate_data_key);

/* named_key finds the key that an argument names as key_status does; nobody else changes it now. */
static ProtaddrDataKey *
named_key(text *name)
{
	char	   *digits = text_to_cstring(name);
	ProtaddrDataKey *keys;
	ProtaddrDataKey *key = NULL;
	int			nkeys;

	LockRelationOid(protaddr_table(PROTADDR_DATA_KEY), ShareUpdateExclusiveLock);
	keys = protaddr_data_keys(&nkeys);
	if (strlen(digits) == 16 && strspn(digits, "0123456789abcdef") == 16)
		key = protaddr_data_key_find(keys, nkeys, strtoull(digits, NULL, 16));
	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("data key \"%s\" does not exist", digits),
				 errhint("See key_id in protaddr.key_status.")));
	return key;
}

static char *
given_reason(text *reason)
{
	char	   *words = text_to_cstring(reason);

	if (protaddr_is_blank(words))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a reason must be given")));
	return words;
}

/* record_act writes what was done into the key's row: set says what else changes in it. */
static void
record_act(uint64 id, const char *set, const char *act, const char *reason)
{
	Oid			argtypes[3] = {INT8OID, TEXTOID, TEXTOID};
	Datum		args[3];
	StringInfoData statement;

	initStringInfo(&statement);
	appendStringInfo(&statement, "UPDATE protaddr.data_key SET %s, acts = pg_catalog.array_append(acts, "
					 "pg_catalog.format('%%s %%s by %%s: %%s', "
					 "pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), $2, "
					 "SESSION_USER, $3)) WHERE id OPERATOR(pg_catalog.=) $1", set);
	args[0] = Int64GetDatum((int64) id);
	args[1] = CStringGetTextDatum(act);
	args[2] = CStringGetTextDatum(reason);
	SPI_connect();
	if (SPI_execute_with_args(statement.data, 3, argtypes, args, NULL, false, 0) != SPI_OK_UPDATE ||
		SPI_processed != 1)
		elog(ERROR, "could not change a data key");
	SPI_finish();
}

/* refuse_needed raises an error for a key that values still need. */
static void
refuse_needed(uint64 id, int64 count, const char *where, bool erase)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("data key %016llx is still needed", (unsigned long long) id),
			 errdetail("Values sealed with it: " INT64_FORMAT ", in %s.", count, where),
			 erase ?
			 errhint("Move them to the newest key with CALL protaddr.reseal(). A key that is needed is never erased.") :
			 errhint("Move them to the newest key with CALL protaddr.reseal(). Retired by force, they stay and nobody can open them until the key is reinstated.")));
}

/*
 * wait_for_others waits for all transactions of this database that have begun by now: one
 * that began before the newest key was made may have sealed values with an older one, and
 * they cannot be counted until it commits.
 */
static void
wait_for_others(void)
{
	int			n;
	VirtualTransactionId *others = GetCurrentVirtualXIDs(InvalidTransactionId, false, false,
														 PROC_IS_AUTOVACUUM | PROC_IN_VACUUM, &n);
	bool		told = false;

	for (int i = 0; i < n; i++)
	{
		if (VirtualXactLock(others[i], false))
			continue;
		if (!told)
			ereport(NOTICE,
					(errmsg("waiting for transactions that may have sealed values with the key"),
					 errhint("See pg_stat_activity and pg_prepared_xacts for transactions that began before.")));
		told = true;
		(void) VirtualXactLock(others[i], true);
	}
	pfree(others);
}

/* protaddr_retire_data_key gives the number of values left that need the key. */
Datum
protaddr_retire_data_key(PG_FUNCTION_ARGS)
{
	ProtaddrDataKey *key = named_key(PG_GETARG_TEXT_PP(0));
	char	   *reason = given_reason(PG_GETARG_TEXT_PP(1));
	bool		force = PG_GETARG_BOOL(2);
	bool		erase = PG_GETARG_BOOL(3);
	StringInfoData where;
	StringInfoData not_searched;
	int64		count;
	char	   *act;

	PreventCommandDuringRecovery("protaddr.retire_data_key()");
	if (key->erased || (key->retired && !erase))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("data key %016llx is retired already", (unsigned long long) key->id)));
	if (!key->retired && protaddr_key_for_sealing()->id == key->id)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("new values are sealed with data key %016llx", (unsigned long long) key->id),
				 errhint("Make another one first, in a transaction of its own: protaddr.rotate_data_key().")));

	/* a compromised key ends at once */
	if (erase || !force)
		wait_for_others();
	initStringInfo(&where);
	initStringInfo(&not_searched);
	count = protaddr_count_sealed(key->id, &where, &not_searched);
	if (count > 0 && (erase || !force))
		refuse_needed(key->id, count, where.data, erase);

	act = psprintf("%s%s, " INT64_FORMAT " values left", erase ? "retired and erased" : "retired",
				   force && count > 0 ? " by force" : "", count);
	record_act(key->id,
			   erase ? "wrapped = NULL, retired_at = COALESCE(retired_at, pg_catalog.clock_timestamp())" :
			   "retired_at = pg_catalog.clock_timestamp()", act, reason);
	if (count > 0)
		ereport(WARNING,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("values sealed with the retired data key %016llx, which cannot be opened: " INT64_FORMAT,
						(unsigned long long) key->id, count),
				 errdetail("They are whole: %s.", where.data),
				 errhint("protaddr.reinstate_data_key() makes them readable again.")));
	if (not_searched.len > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("some tables could not be searched for values of the key"),
				 errdetail("Foreign tables, and temporary tables of other sessions: %s.", not_searched.data)));
	PG_RETURN_INT64(count);
}

/* protaddr_reinstate_data_key lets a retired key open values again. */
Datum
protaddr_reinstate_data_key(PG_FUNCTION_ARGS)
{
	ProtaddrDataKey *key = named_key(PG_GETARG_TEXT_PP(0));
	char	   *reason = given_reason(PG_GETARG_TEXT_PP(1));

	PreventCommandDuringRecovery("protaddr.reinstate_data_key()");
	if (!key->retired || key->erased)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 key->erased ?
				 errmsg("data key %016llx was erased", (unsigned long long) key->id) :
				 errmsg("data key %016llx is not retired", (unsigned long long) key->id)));
	record_act(key->id, "retired_at = NULL", "reinstated", reason);
	PG_RETURN_VOID();
}
