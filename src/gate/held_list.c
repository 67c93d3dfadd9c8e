/*
 * held_list.c
 *		What waits for a decision, and what became of it?
 *
 * What a decision needs, and never an address.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(protaddr_held_rows);

/* columns of the result: of_table, those of protaddr.held but the last two, and the state */
enum
{
	LISTED_TABLE = 1,
	LISTED_STATUS = LISTED_TABLE + PROTADDR_HELD_NWORDS + 1,
	LISTED_ACTION,
	LISTED_REASON,
	LISTED_DECIDED_AT,
	LISTED_DECIDED_BY,
	LISTED_ENDED_AT,
	LISTED_ENDED_BY,
	LISTED_COLUMNS = LISTED_ENDED_BY
};

static const char *const statuses[] = {
	[PROTADDR_HELD_WAITS] = "held",
	[PROTADDR_HELD_DECIDED] = "decided",
	[PROTADDR_HELD_REJECTED] = "rejected",
	[PROTADDR_HELD_RELEASED] = "released",
	[PROTADDR_HELD_REPLACED] = "replaced",
	[PROTADDR_HELD_NO_KEY] = "no key",
};

static void
put_text(Datum *values, bool *nulls, int column, const char *word)
{
	nulls[column - 1] = word == NULL;
	if (word != NULL)
		values[column - 1] = CStringGetTextDatum(word);
}

static void
put_time(Datum *values, bool *nulls, int column, TimestampTz at)
{
	nulls[column - 1] = at == 0;
	values[column - 1] = TimestampTzGetDatum(at);
}

/* table_named finds a table by its name, qualified and quoted; InvalidOid if it is gone. */
static Oid
table_named(const char *relation)
{
	List	   *names = protaddr_name_list(relation);
	Oid			schema = list_length(names) == 2 ? get_namespace_oid(strVal(linitial(names)), true) : InvalidOid;

	return OidIsValid(schema) ? get_relname_relid(strVal(lsecond(names)), schema) : InvalidOid;
}

static void
list_held(HeapTuple tuple, TupleDesc desc, ReturnSetInfo *result)
{
	const char *words[PROTADDR_HELD_NWORDS];
	Datum		values[LISTED_COLUMNS] = {0};
	bool		nulls[LISTED_COLUMNS] = {false};
	ProtaddrHeldState standing;
	ProtaddrSealState seal;
	bool		isnull;
	Datum		sealed = heap_getattr(tuple, PROTADDR_HELD_SEALED, desc, &isnull);
	const char *status;
	Oid			table;

	protaddr_held_words(tuple, desc, words);
	seal = isnull ? PROTADDR_SEAL_ALTERED :
		protaddr_open_held_row((bytea *) PG_DETOAST_DATUM_PACKED(sealed), words, PROTADDR_HELD_NWORDS, NULL);
	memset(&standing, 0, sizeof(standing));
	if (seal == PROTADDR_SEAL_WHOLE)
		protaddr_held_state(DatumGetInt64(heap_getattr(tuple, PROTADDR_HELD_ID, desc, &isnull)), &standing);
	status = seal == PROTADDR_SEAL_WHOLE ? statuses[standing.status] :
		seal == PROTADDR_SEAL_NO_KEY ? "no key" : "altered";

	table = table_named(words[PROTADDR_HELD_RELATION - 1]);
	nulls[LISTED_TABLE - 1] = !OidIsValid(table);
	values[LISTED_TABLE - 1] = ObjectIdGetDatum(table);
	for (int column = 1; column <= PROTADDR_HELD_NWORDS; column++)
		values[column] = heap_getattr(tuple, column, desc, &nulls[column]);
	put_text(values, nulls, LISTED_STATUS, status);
	put_text(values, nulls, LISTED_ACTION, standing.action);
	put_text(values, nulls, LISTED_REASON, standing.reason);
	put_time(values, nulls, LISTED_DECIDED_AT, standing.decided_at);
	put_text(values, nulls, LISTED_DECIDED_BY, standing.decided_by);
	put_time(values, nulls, LISTED_ENDED_AT, standing.ended_at);
	put_text(values, nulls, LISTED_ENDED_BY, standing.ended_by);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* protaddr_held_rows is protaddr.held_rows(relation): of all tables if NULL. */
Datum
protaddr_held_rows(PG_FUNCTION_ARGS)
{
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	MemoryContext per_row;
	MemoryContext context;

	InitMaterializedSRF(fcinfo, 0);
	context = CurrentMemoryContext;
	per_row = AllocSetContextCreate(context, "protaddr held row", ALLOCSET_DEFAULT_SIZES);
	rel = table_open(protaddr_own_relation("held"), AccessShareLock);
	if (PG_ARGISNULL(0))
		scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	else
	{
		ScanKeyInit(&key, PROTADDR_HELD_RELATION, BTEqualStrategyNumber, F_TEXTEQ,
					CStringGetTextDatum(protaddr_qualified_name(PG_GETARG_OID(0))));
		key.sk_collation = C_COLLATION_OID;
		scan = systable_beginscan(rel, protaddr_own_relation("held_relation"), true, NULL, 1, &key);
	}
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(per_row);
		list_held(tuple, RelationGetDescr(rel), (ReturnSetInfo *) fcinfo->resultinfo);
		MemoryContextSwitchTo(context);
		MemoryContextReset(per_row);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}
