/*
 * processor.c
 *		Whose contract has ended, or whose review is overdue?
 *
 * A processor works for the bank under a contract, with roles of its own.  Once that ends,
 * nothing clear leaves any door for these roles, nor for their members, whoever forgot to
 * take away their rights: the law is asked as if no register could be (law/ask.c).  It
 * counts who is logged in, as whom the session works, and whose rights functions on the way
 * have.
 *
 * A row means a role by its OID in the cluster where it was written, and by its name
 * everywhere: in doubt it is the processor's.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "clearance/clearance.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* columns of protaddr.processor */
enum
{
	PROCESSOR_NAME = 1,
	PROCESSOR_CONTRACT,
	PROCESSOR_INSTRUCTIONS,
	PROCESSOR_CONTRACT_UNTIL,
	PROCESSOR_REVIEW_DUE,
	PROCESSOR_WHEN_OVERDUE,
	PROCESSOR_SET_BY,
	PROCESSOR_SET_AT
};

static const char *const processor_columns[] = {
	[PROCESSOR_NAME] = "processor",
	[PROCESSOR_CONTRACT] = "contract",
	[PROCESSOR_INSTRUCTIONS] = "instructions",
	[PROCESSOR_CONTRACT_UNTIL] = "contract_until",
	[PROCESSOR_REVIEW_DUE] = "review_due",
	[PROCESSOR_WHEN_OVERDUE] = "when_overdue",
	[PROCESSOR_SET_BY] = "set_by",
	[PROCESSOR_SET_AT] = "set_at",
};

/* columns of protaddr.processor_role */
enum
{
	ROLE_PROCESSOR = 1,
	ROLE_OID,
	ROLE_NAME,
	ROLE_WRITTEN_IN
};

static const char *const role_columns[] = {
	[ROLE_PROCESSOR] = "processor",
	[ROLE_OID] = "role_oid",
	[ROLE_NAME] = "role_name",
	[ROLE_WRITTEN_IN] = "written_in",
};

static HeapTuple processor_change(TriggerData *trigdata, HeapTuple row);
static HeapTuple role_change(TriggerData *trigdata, HeapTuple row);
static void processor_roles_changed(uint32 hashvalue);

static const ProtaddrOwnTable tables[] = {
	{.name = "processor", PROTADDR_COLUMNS(processor_columns), .rules = PROTADDR_CHANGE_LETS_OUT, .change = processor_change},
	{.name = "processor_role", PROTADDR_COLUMNS(role_columns), .rules = PROTADDR_CHANGE_LETS_OUT, .change = role_change},
	{.name = "processor_reviewed", .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE,
	.why_rows_stay = "It is on record who reviewed a processor."},
};

const ProtaddrPart protaddr_processor_part = {
	PROTADDR_TABLES(tables),
	.syscache_id = AUTHOID,
	.syscache = processor_roles_changed,
};

const ProtaddrPart protaddr_processor_member_part = {
	.syscache_id = AUTHMEMROLEMEM,
	.syscache = processor_roles_changed,
};

/* A role of a processor, and from when on nothing is clear to it. */
typedef struct Engaged
{
	Oid			role;
	TimestampTz stops_at;
} Engaged;

/* What was found of a role that asked. */
typedef struct Asked
{
	Oid			role;
	TimestampTz stops_at;
} Asked;

#define MAX_ASKED	16

static Engaged *engaged = NULL;
static int	nengaged = 0;
static uint64 engaged_generation = 0;	/* 0: not read */
static uint64 roles_generation = 0;
static Asked asked[MAX_ASKED];
static int	nasked = 0;

/* A role was made, renamed or dropped, or became somebody's member. */
static void
processor_roles_changed(uint32 hashvalue)
{
	roles_generation++;
}

/* ---- on the trail ------------------------------------------------------------------- */

static TimestampTz
time_of(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;

	return DatumGetTimestampTz(heap_getattr(tuple, column, desc, &isnull));
}

static HeapTuple
processor_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	ProtaddrAudit record;

	protaddr_audit_begin(&record, TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) ? "processor_removed" : "processor_changed");
	protaddr_audit_text(&record, "processor", protaddr_column_text(row, desc, PROCESSOR_NAME));
	protaddr_audit_text(&record, "contract", protaddr_column_text(row, desc, PROCESSOR_CONTRACT));
	protaddr_audit_text(&record, "contract_until", timestamptz_to_str(time_of(row, desc, PROCESSOR_CONTRACT_UNTIL)));
	protaddr_audit_text(&record, "review_due", timestamptz_to_str(time_of(row, desc, PROCESSOR_REVIEW_DUE)));
	protaddr_audit_text(&record, "when_overdue", protaddr_column_text(row, desc, PROCESSOR_WHEN_OVERDUE));
	protaddr_audit_write(&record);
	return row;
}

static HeapTuple
role_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	ProtaddrAudit record;

	protaddr_audit_begin(&record, TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) ? "processor_role_removed" : "processor_role_added");
	protaddr_audit_text(&record, "processor", protaddr_column_text(row, desc, ROLE_PROCESSOR));
	protaddr_audit_text(&record, "of_processor", protaddr_column_text(row, desc, ROLE_NAME));
	protaddr_audit_write(&record);
	return row;
}

/* ---- reading ------------------------------------------------------------------------- */

/* A processor, while roles are read. */
typedef struct Processor
{
	char	   *name;
	TimestampTz stops_at;
} Processor;

static List *
read_processors(void)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_PROCESSOR), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *processors = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Processor  *one = palloc(sizeof(Processor));

		one->name = protaddr_column_text(tuple, desc, PROCESSOR_NAME);
		one->stops_at = time_of(tuple, desc, PROCESSOR_CONTRACT_UNTIL);
		if (strcmp(protaddr_column_text(tuple, desc, PROCESSOR_WHEN_OVERDUE), "warn") != 0)
			one->stops_at = Min(one->stops_at, time_of(tuple, desc, PROCESSOR_REVIEW_DUE));
		processors = lappend(processors, one);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return processors;
}

/* stop_of gives when a processor is stopped: one that is not there is. */
static TimestampTz
stop_of(List *processors, const char *name)
{
	ListCell   *cell;

	foreach(cell, processors)
	{
		const Processor *one = lfirst(cell);

		if (strcmp(one->name, name) == 0)
			return one->stops_at;
	}
	return DT_NOBEGIN;
}

/* add_engaged adds a role to a list that has room for it. */
static int
add_engaged(Engaged *list, int n, Oid role, TimestampTz stops_at)
{
	if (!OidIsValid(role))
		return n;
	list[n].role = role;
	list[n].stops_at = stops_at;
	return n + 1;
}

/* read_roles reads the roles of processors. */
static Engaged *
read_roles(List *processors, int *n)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_PROCESSOR_ROLE), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	int			room = 16;
	Engaged    *list = palloc(room * sizeof(Engaged));
	bool		isnull;

	*n = 0;
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TimestampTz stops_at = stop_of(processors, protaddr_column_text(tuple, desc, ROLE_PROCESSOR));
		Oid			role = DatumGetObjectId(heap_getattr(tuple, ROLE_OID, desc, &isnull));
		Oid			named = get_role_oid(protaddr_column_text(tuple, desc, ROLE_NAME), true);

		if (*n + 2 > room)
			list = repalloc(list, (room *= 2) * sizeof(Engaged));
		if (strtoull(protaddr_column_text(tuple, desc, ROLE_WRITTEN_IN), NULL, 10) == GetSystemIdentifier())
			*n = add_engaged(list, *n, role, stops_at);
		if (named != role)
			*n = add_engaged(list, *n, named, stops_at);
		else if (*n == 0 || list[*n - 1].role != role)
			*n = add_engaged(list, *n, role, stops_at);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return list;
}

/* read_engaged reads all of it, and has it take the place of what was read before. */
static void
read_engaged(uint64 generation)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "protaddr processors", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	int			n;
	Engaged    *list = read_roles(read_processors(), &n);
	Engaged    *kept = n == 0 ? NULL : MemoryContextAlloc(TopMemoryContext, n * sizeof(Engaged));

	if (n > 0)
		memcpy(kept, list, n * sizeof(Engaged));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	if (engaged != NULL)
		pfree(engaged);
	engaged = kept;
	nengaged = n;
	nasked = 0;
	engaged_generation = generation;
}

/* ---- the question ------------------------------------------------------------------------ */

/* find_stop finds when a role is stopped; DT_NOEND: never. */
static TimestampTz
find_stop(Oid role)
{
	TimestampTz stops_at = DT_NOEND;

	for (int i = 0; i < nengaged; i++)
		if (engaged[i].stops_at < stops_at && is_member_of_role_nosuper(role, engaged[i].role))
			stops_at = engaged[i].stops_at;
	return stops_at;
}

static bool
is_stopped(Oid role, const void *what)
{
	TimestampTz stops_at = DT_NOEND;
	int			i;

	for (i = 0; i < nasked && asked[i].role != role; i++)
		;
	if (i < nasked)
		stops_at = asked[i].stops_at;
	else
	{
		stops_at = find_stop(role);
		if (nasked == MAX_ASKED)
			nasked = 0;
		asked[nasked].role = role;
		asked[nasked++].stops_at = stops_at;
	}
	return !TIMESTAMP_IS_NOEND(stops_at) && stops_at <= GetCurrentTimestamp();
}

/*
 * protaddr_processor_stops is true if nothing may be clear to somebody whose rights this
 * code has come through.  The caller has asked after the register just before.
 */
bool
protaddr_processor_stops(void)
{
	uint64		generation = protaddr_generation_seen(PROTADDR_PROCESSOR) + protaddr_generation_seen(PROTADDR_PROCESSOR_ROLE) + roles_generation;

	if (unlikely(engaged_generation != generation))
		read_engaged(generation);
	return unlikely(nengaged > 0) && protaddr_callers_any(is_stopped, NULL);
}
