/*
 * state.c
 *		Which tables have a gate, and is it whole?
 *
 * Two sources must agree: the catalogs, where a gate is its two triggers, and the table
 * protaddr.gate, where a complete gate enters itself.  So a gate is missed even if its triggers
 * were removed while the library was not loaded, or by a superuser's change of the catalogs.
 * Neither OIDs nor this table survive a dump: a restored gate enters itself again.
 *
 * A partition or inheriting table of a gated table is gated like it.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "gate/gate.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* columns of protaddr.gate */
enum
{
	GATE_RELATION = 1,
	GATE_NAME,
	GATE_ARGUMENTS,
	GATE_INSTALLED_AT,
	GATE_INSTALLED_BY,
	GATE_COLUMNS = GATE_INSTALLED_BY
};

/* columns of protaddr.gate_change */
enum
{
	CHANGE_ID = 1,
	CHANGE_AT,
	CHANGE_BY,
	CHANGE_RELATION,
	CHANGE_WHAT,
	CHANGE_DETAIL,
	CHANGE_COLUMNS = CHANGE_DETAIL
};

static const char *const gate_columns[] = {
	[GATE_RELATION] = "relation",
	[GATE_NAME] = "relation_name",
	[GATE_ARGUMENTS] = "arguments",
	[GATE_INSTALLED_AT] = "installed_at",
	[GATE_INSTALLED_BY] = "installed_by",
};

static const char *const change_columns[] = {
	[CHANGE_ID] = "id",
	[CHANGE_AT] = "changed_at",
	[CHANGE_BY] = "changed_by",
	[CHANGE_RELATION] = "relation",
	[CHANGE_WHAT] = "what",
	[CHANGE_DETAIL] = "detail",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "gate", PROTADDR_COLUMNS(gate_columns), .rules = PROTADDR_ROWS_OF_THIS_SERVER},
	{.name = "gate_change", PROTADDR_COLUMNS(change_columns), .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE},
};

static const char *const gate_functions[PROTADDR_GATE_NFUNCTIONS][2] = {
	[PROTADDR_GATE_ROW] = {"gate_row", "protaddr_gate_row"},
	[PROTADDR_GATE_CHECK] = {"gate_check", "protaddr_gate_check"},
	[PROTADDR_GATE_SUMMARY] = {"gate_summary", "protaddr_gate_summary"},
};

/* What is known of a relation.  Every relation that an answer depends on has an entry. */
typedef struct Gated
{
	Oid			relation;		/* hash key */
	bool		valid;
	bool		standalone;		/* it has no parents and no children */
	bool		entered;		/* known to be in protaddr.gate */
	bool		texts;			/* a statement on it may write texts that the gate looks through */
	ProtaddrGateState state;
	ProtaddrGateState writes;	/* of all tables that a statement on it may write */
} Gated;

/* The gate triggers of one relation, as the catalog has them. */
typedef struct GateTriggers
{
	bool		any;
	bool		own;			/* not cloned from a partitioned table's */
	bool		row;			/* as it should be */
	bool		check;
	bytea	   *arguments;
	bytea	   *check_arguments;
} GateTriggers;

static HTAB *gated = NULL;
static bool all_stale = false;
static uint64 register_generation = 0;
static Oid	register_oid = InvalidOid;
static Oid	function_oid[PROTADDR_GATE_NFUNCTIONS];
static uint32 function_hash[PROTADDR_GATE_NFUNCTIONS];
static bool functions_known = false;

PG_FUNCTION_INFO_V1(protaddr_gate_state_sql);

static void state_start(void);
static void state_relcache(Oid relid);
static void state_function(uint32 hashvalue);
static Gated *look_up(Oid relation);

const ProtaddrPart protaddr_gate_state_part = {
	PROTADDR_TABLES(tables),
	.start = state_start,
	.takes_texts = protaddr_gate_takes_texts,
	.relcache = state_relcache,
	.syscache_id = PROCOID,
	.syscache = state_function,
};

static void
state_start(void)
{
	HASHCTL		ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(Gated);
	ctl.hcxt = TopMemoryContext;
	gated = hash_create("protaddr gated tables", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* ---- invalidation ------------------------------------------------------------- */

static void
state_relcache(Oid relid)
{
	Gated	   *entry;

	if (relid == InvalidOid)
	{
		all_stale = true;
		return;
	}
	entry = hash_search(gated, &relid, HASH_FIND, NULL);
	if (entry == NULL)
		return;
	entry->valid = false;
	if (!entry->standalone)
		all_stale = true;
}

static void
state_function(uint32 hashvalue)
{
	for (int i = 0; functions_known && i < PROTADDR_GATE_NFUNCTIONS; i++)
	{
		if (hashvalue == 0 || hashvalue == function_hash[i])
		{
			functions_known = false;
			all_stale = true;
		}
	}
}

static void
forget_all(void)
{
	HASH_SEQ_STATUS seq;
	Gated	   *entry;

	hash_seq_init(&seq, gated);
	while ((entry = hash_seq_search(&seq)) != NULL)
		hash_search(gated, &entry->relation, HASH_REMOVE, NULL);
	all_stale = false;
}

/* ---- the extension in this database ----------------------------------------------- */

/*
 * protaddr_gate_register gives the OID of protaddr.gate; InvalidOid where the
 * extension is not installed, even if somebody else has such a table.
 */
Oid
protaddr_gate_register(void)
{
	Oid			schema;
	Oid			table;

	if (likely(register_generation == protaddr_generation_seen(PROTADDR_GATE)))
		return register_oid;

	schema = get_namespace_oid("protaddr", true);
	table = OidIsValid(schema) ? get_relname_relid("gate", schema) : InvalidOid;
	if (OidIsValid(table))
	{
		Oid			extension = get_extension_oid("protaddr", true);

		if (!OidIsValid(extension) || !OidIsValid(get_relname_relid("gate_pkey", schema)) ||
			getExtensionOfObject(RelationRelationId, table) != extension)
			table = InvalidOid;
	}
	all_stale = true;
	functions_known = false;

	/* in the middle of a script or of DROP EXTENSION, which sends no invalidation when it goes on */
	if (OidIsValid(schema) && !OidIsValid(table))
		return InvalidOid;
	if (OidIsValid(table))
	{
		(void) protaddr_table(PROTADDR_GATE);
		(void) protaddr_table_index(PROTADDR_GATE);
	}
	register_generation = protaddr_generation_seen(PROTADDR_GATE);
	return register_oid = table;
}

/* protaddr_gate_function gives the OID of one of the gates' functions, or InvalidOid. */
Oid
protaddr_gate_function(ProtaddrGateFunction which)
{
	if (!functions_known)
	{
		Oid			schema = get_namespace_oid("protaddr", true);

		functions_known = true;
		for (int i = 0; i < PROTADDR_GATE_NFUNCTIONS; i++)
		{
			HeapTuple	tuple = !OidIsValid(schema) ? NULL :
			SearchSysCache3(PROCNAMEARGSNSP, CStringGetDatum(gate_functions[i][0]),
							PointerGetDatum(buildoidvector(NULL, 0)),
							ObjectIdGetDatum(schema));

			function_oid[i] = InvalidOid;
			function_hash[i] = 0;
			if (HeapTupleIsValid(tuple))
			{
				Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
				bool		isnull;
				Datum		source = SysCacheGetAttr(PROCNAMEARGSNSP, tuple, Anum_pg_proc_prosrc, &isnull);

				function_hash[i] = GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(form->oid));
				if (form->prolang == ClanguageId && !isnull &&
					strcmp(TextDatumGetCString(source), gate_functions[i][1]) == 0)
					function_oid[i] = form->oid;
				ReleaseSysCache(tuple);
			}
			else
				functions_known = false;	/* its creation sends no invalidation */
		}
	}
	return function_oid[which];
}

/* protaddr_gate_function_named tells whether a function name is one of the gates'. */
bool
protaddr_gate_function_named(const char *name)
{
	for (int i = 0; i < PROTADDR_GATE_NFUNCTIONS; i++)
		if (strcmp(name, gate_functions[i][0]) == 0)
			return true;
	return false;
}

/* ---- the triggers of one relation -------------------------------------------------- */

static SysScanDesc
scan_triggers(Relation pg_trigger, Oid relation, ScanKeyData *key)
{
	ScanKeyInit(key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	return systable_beginscan(pg_trigger, TriggerRelidNameIndexId, true, NULL, 1, key);
}

/* as_made tells whether a trigger is as install_gate() makes it: it fires for every row, always. */
static bool
as_made(Relation pg_trigger, HeapTuple tuple, const char *name, int timing)
{
	Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

	return strcmp(NameStr(form->tgname), name) == 0 &&
		form->tgtype == (TRIGGER_TYPE_ROW | timing | TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE) &&
		form->tgenabled == TRIGGER_FIRES_ALWAYS &&
		!OidIsValid(form->tgconstraint) && !form->tgdeferrable &&
		form->tgattr.dim1 == 0 &&
		heap_attisnull(tuple, Anum_pg_trigger_tgqual, RelationGetDescr(pg_trigger));
}

static bytea *
arguments_of(Relation pg_trigger, HeapTuple tuple)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_pg_trigger_tgargs, RelationGetDescr(pg_trigger),
									 &isnull);

	return isnull ? NULL : DatumGetByteaPCopy(value);
}

static bool
same(const bytea *a, const bytea *b)
{
	return a != NULL && b != NULL && VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static void
read_triggers(Oid relation, GateTriggers *found)
{
	Relation	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan = scan_triggers(pg_trigger, relation, &key);
	Oid			row = protaddr_gate_function(PROTADDR_GATE_ROW);
	Oid			check = protaddr_gate_function(PROTADDR_GATE_CHECK);
	HeapTuple	tuple;

	memset(found, 0, sizeof(*found));
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		if (!OidIsValid(form->tgfoid) || (form->tgfoid != row && form->tgfoid != check))
			continue;
		found->any = true;
		if (!OidIsValid(form->tgparentid))
			found->own = true;
		if (form->tgfoid == row && as_made(pg_trigger, tuple, PROTADDR_GATE_TRIGGER, TRIGGER_TYPE_BEFORE))
		{
			found->row = true;
			found->arguments = arguments_of(pg_trigger, tuple);
		}
		else if (form->tgfoid == check &&
				 as_made(pg_trigger, tuple, PROTADDR_GATE_CHECK_TRIGGER, TRIGGER_TYPE_AFTER))
		{
			found->check = true;
			found->check_arguments = arguments_of(pg_trigger, tuple);
		}
	}
	systable_endscan(scan);
	table_close(pg_trigger, AccessShareLock);
}

/*
 * protaddr_gate_triggers gives the OIDs of the gate's triggers that stand on the
 * relation itself; cloned is set if it has
 * triggers of a partitioned table above it.
 */
List *
protaddr_gate_triggers(Oid relation, bool *cloned)
{
	Relation	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan = scan_triggers(pg_trigger, relation, &key);
	HeapTuple	tuple;
	List	   *triggers = NIL;

	*cloned = false;
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		bool		ours = false;

		for (int i = 0; i < PROTADDR_GATE_NFUNCTIONS; i++)
			ours |= OidIsValid(form->tgfoid) && form->tgfoid == protaddr_gate_function(i);
		if (!ours)
			continue;
		if (OidIsValid(form->tgparentid))
			*cloned = true;
		else
			triggers = lappend_oid(triggers, form->oid);
	}
	systable_endscan(scan);
	table_close(pg_trigger, AccessShareLock);
	return triggers;
}

/* parse_arguments reads a trigger's arguments as the catalog has them; false if they are not a gate's. */
static bool
parse_arguments(const bytea *arguments, ProtaddrGateArgs *gate)
{
	const char *next = VARDATA_ANY(arguments);
	const char *end = next + VARSIZE_ANY_EXHDR(arguments);
	char	  **args = palloc((VARSIZE_ANY_EXHDR(arguments) + 1) * sizeof(char *));
	int			nargs = 0;

	for (; next < end; next += strnlen(next, end - next) + 1)
		args[nargs++] = pnstrdup(next, end - next);
	return protaddr_gate_args(args, nargs, gate);
}

/*
 * protaddr_gate_names tells whether the gate of a relation needs the column of that name.
 */
bool
protaddr_gate_names(Oid relation, const char *column)
{
	GateTriggers triggers;
	ProtaddrGateArgs gate;

	read_triggers(relation, &triggers);
	return triggers.arguments != NULL &&
		(!parse_arguments(triggers.arguments, &gate) || protaddr_gate_names_column(&gate, column));
}

/* ---- the register of gates ------------------------------------------------------------ */

/*
 * in_register gives a relation's row of protaddr.gate, or NULL; the caller frees it.  A row with
 * another name than the relation's belongs to a table that was dropped unnoticed, and whose OID
 * is in use again.
 */
static HeapTuple
in_register(Oid relation, Snapshot snapshot, bool whatever_name, bytea **arguments)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_GATE), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, GATE_RELATION, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(rel, protaddr_table_index(PROTADDR_GATE), true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		name = heap_getattr(tuple, GATE_NAME, RelationGetDescr(rel), &isnull);

		if (!whatever_name &&
			(isnull || strcmp(TextDatumGetCString(name), protaddr_qualified_name(relation)) != 0))
			tuple = NULL;
	}
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, GATE_ARGUMENTS, RelationGetDescr(rel), &isnull);

		if (arguments != NULL)
			*arguments = isnull ? NULL : DatumGetByteaPCopy(value);
		tuple = heap_copytuple(tuple);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return tuple;
}

/* protaddr_gate_in_schema tells whether one of a schema's tables is in the register. */
bool
protaddr_gate_in_schema(Oid schema)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_GATE), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		relation = heap_getattr(tuple, GATE_RELATION, RelationGetDescr(rel), &isnull);

		found = !isnull && get_rel_namespace(DatumGetObjectId(relation)) == schema;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * goes_by_name_of_gated tells whether a table has the name under which another existing table
 * was gated: they were swapped by renaming while the hooks were not loaded.
 */
static bool
goes_by_name_of_gated(Oid relation)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_GATE), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	char	   *name = protaddr_qualified_name(relation);
	HeapTuple	tuple;
	bool		found = false;

	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Oid			other = DatumGetObjectId(heap_getattr(tuple, GATE_RELATION, RelationGetDescr(rel), &isnull));

		found = other != relation &&
			strcmp(TextDatumGetCString(heap_getattr(tuple, GATE_NAME, RelationGetDescr(rel), &isnull)),
				   name) == 0 &&
			SearchSysCacheExists1(RELOID, ObjectIdGetDatum(other));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* record_change adds a row to protaddr.gate_change. */
static void
record_change(Oid relation, const char *what, bytea *arguments)
{
	Relation	rel = table_open(protaddr_own_relation("gate_change"), RowExclusiveLock);
	Datum		values[CHANGE_COLUMNS] = {0};
	bool		nulls[CHANGE_COLUMNS] = {false};
	static ProtaddrAudit record;

	values[CHANGE_ID - 1] = Int64GetDatum(protaddr_next_id());
	values[CHANGE_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[CHANGE_BY - 1] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	values[CHANGE_RELATION - 1] = CStringGetTextDatum(protaddr_qualified_name(relation));
	values[CHANGE_WHAT - 1] = CStringGetTextDatum(what);
	nulls[CHANGE_DETAIL - 1] = arguments == NULL;
	if (arguments != NULL)
	{
		int			len = VARSIZE_ANY_EXHDR(arguments);
		char	   *detail = palloc(len + 1);

		/* the last NUL terminates, the others separate */
		memcpy(detail, VARDATA_ANY(arguments), len);
		detail[len] = '\0';
		for (int i = 0; i + 1 < len; i++)
			if (detail[i] == '\0')
				detail[i] = ' ';
		values[CHANGE_DETAIL - 1] = CStringGetTextDatum(detail);
	}
	protaddr_audit_begin(&record, "gate_changed");
	protaddr_audit_text(&record, "relation", protaddr_qualified_name(relation));
	protaddr_audit_text(&record, "what", what);
	protaddr_audit_write_change(&record);
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, RowExclusiveLock);
}

/*
 * lock_row lets one session at a time enter a relation.  False if another session is doing so:
 * a payment must not wait for its commit.
 */
static bool
lock_row(Oid relation, bool wait)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, relation, 1);
	return LockAcquire(&tag, ExclusiveLock, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

/* enter adds the table of a complete gate to protaddr.gate, unless it is there. */
static void
enter(Oid relation)
{
	GateTriggers triggers;
	bytea	   *arguments;
	HeapTuple	tuple;
	Relation	rel;
	Datum		values[GATE_COLUMNS] = {0};
	bool		nulls[GATE_COLUMNS] = {false};

	if (!lock_row(relation, false))
		return;
	read_triggers(relation, &triggers);
	if (!triggers.own ||
		in_register(relation, SnapshotSelf, false, &arguments) != NULL)
		return;

	rel = table_open(protaddr_table(PROTADDR_GATE), RowExclusiveLock);
	tuple = in_register(relation, SnapshotSelf, true, NULL);
	if (HeapTupleIsValid(tuple))
		CatalogTupleDelete(rel, &tuple->t_self);
	values[GATE_RELATION - 1] = ObjectIdGetDatum(relation);
	values[GATE_NAME - 1] = CStringGetTextDatum(protaddr_qualified_name(relation));
	values[GATE_ARGUMENTS - 1] = PointerGetDatum(triggers.arguments);
	values[GATE_INSTALLED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[GATE_INSTALLED_BY - 1] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	CacheInvalidateRelcache(rel);
	table_close(rel, RowExclusiveLock);
	record_change(relation, "installed", triggers.arguments);
}

/*
 * protaddr_gate_leave removes a relation from protaddr.gate and records why.  False if it was not
 * there; then it is recorded only if always is true.
 */
bool
protaddr_gate_leave(Oid relation, const char *why, bool always)
{
	bytea	   *arguments = NULL;
	HeapTuple	tuple = in_register(relation, SnapshotSelf, true, &arguments);
	Relation	rel;

	if (!HeapTupleIsValid(tuple))
	{
		if (always)
			record_change(relation, why, NULL);
		return false;
	}
	rel = table_open(protaddr_table(PROTADDR_GATE), RowExclusiveLock);
	CatalogTupleDelete(rel, &tuple->t_self);
	CacheInvalidateRelcache(rel);
	table_close(rel, RowExclusiveLock);
	record_change(relation, why, arguments);
	return true;
}

/* ---- the answer ------------------------------------------------------------------------ */

typedef struct Walk
{
	bool		found;			/* a gated table */
	bool		broken;
	bool		texts;
	bool		standalone;
} Walk;

/* watch makes sure that a change of the relation is noticed. */
static void
watch(Oid relation)
{
	bool		found;
	Gated	   *entry = hash_search(gated, &relation, HASH_ENTER, &found);

	if (!found)
	{
		memset(entry, 0, sizeof(*entry));
		entry->relation = relation;
	}
	else if (entry->standalone)
		entry->valid = false;
	entry->standalone = false;
}

/* has_texts tells whether a gated table has columns in which addresses are looked for. */
static bool
has_texts(Oid relation, int natts, const ProtaddrGateArgs *gate)
{
	for (int i = 1; i <= natts; i++)
	{
		HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(i));
		Form_pg_attribute att;
		bool		has;

		if (!HeapTupleIsValid(tuple))
			continue;
		att = (Form_pg_attribute) GETSTRUCT(tuple);
		has = !att->attisdropped;
		for (int j = 0; j < gate->nignored; j++)
			has = has && strcmp(gate->ignored[j], NameStr(att->attname)) != 0;
		has = has && protaddr_type_holds_text(att->atttypid);
		ReleaseSysCache(tuple);
		if (has)
			return true;
	}
	return false;
}

static List *
parents_of(Oid relation)
{
	Relation	pg_inherits = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *parents = NIL;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	scan = systable_beginscan(pg_inherits, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(pg_inherits, AccessShareLock);
	return parents;
}

/* gate_above tells whether a table above the relation has a gate, and gives its arguments. */
static bool
gate_above(Oid relation, bytea **arguments, Walk *walk)
{
	List	   *parents = parents_of(relation);
	ListCell   *cell;
	bool		above = false;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	foreach(cell, parents)
	{
		Oid			parent = lfirst_oid(cell);
		GateTriggers triggers;
		bytea	   *of_above = NULL;

		walk->standalone = false;
		watch(parent);
		read_triggers(parent, &triggers);
		if (triggers.any || in_register(parent, NULL, false, NULL) != NULL)
		{
			above = true;
			*arguments = triggers.arguments;
		}
		if (gate_above(parent, &of_above, walk))
		{
			above = true;
			if (*arguments == NULL)
				*arguments = of_above;
		}
	}
	return above;
}

/* look_down reads a relation and all tables below it.  True if the relation itself is gated. */
static bool
look_down(Oid relation, bool above, bytea *of_above, Walk *walk)
{
	HeapTuple	tuple;
	Form_pg_class form;
	GateTriggers triggers;
	bytea	   *registered = NULL;
	bool		in = false;
	bool		has_triggers;
	bool		has_heirs;
	int			natts;
	char		kind;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	watch(relation);
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	kind = form->relkind;
	has_triggers = form->relhastriggers;
	has_heirs = form->relhassubclass;
	natts = form->relnatts;
	ReleaseSysCache(tuple);
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_FOREIGN_TABLE)
		return false;

	read_triggers(relation, &triggers);
	in = in_register(relation, NULL, false, &registered) != NULL;
	if (above || in || triggers.any)
	{
		ProtaddrGateArgs gate;

		walk->found = true;
		walk->texts |= triggers.arguments != NULL && parse_arguments(triggers.arguments, &gate) &&
			has_texts(relation, natts, &gate);
		if (!has_triggers || !triggers.row || !triggers.check ||
			!same(triggers.arguments, triggers.check_arguments) ||
			(in && !same(triggers.arguments, registered)) ||
			(above && !triggers.own && !same(triggers.arguments, of_above)))
			walk->broken = true;
	}

	if (has_heirs)
	{
		List	   *children = find_inheritance_children(relation, NoLock);
		ListCell   *cell;

		foreach(cell, children)
		{
			walk->standalone = false;
			(void) look_down(lfirst_oid(cell), above || in || triggers.any,
							 triggers.any ? triggers.arguments : of_above, walk);
		}
	}
	return above || in || triggers.any;
}

static Gated *
look_up(Oid relation)
{
	Gated	   *entry;
	Oid			gates = protaddr_gate_register();
	MemoryContext scratch;
	MemoryContext old;
	Walk		walk = {.standalone = true};
	bytea	   *arguments = NULL;
	bool		above;
	bool		itself;

	if (all_stale || hash_get_num_entries(gated) > 100000)
		forget_all();
	entry = hash_search(gated, &relation, HASH_FIND, NULL);
	if (likely(entry != NULL && entry->valid))
		return entry;

	scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr gated", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	watch(relation);
	if (OidIsValid(gates))
	{
		above = gate_above(relation, &arguments, &walk);
		itself = look_down(relation, above, arguments, &walk);
		if (!walk.found && goes_by_name_of_gated(relation))
			walk.found = walk.broken = true;
	}
	else
		itself = false;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);

	/* an invalidation that came in meanwhile may concern what was read before it */
	entry = hash_search(gated, &relation, HASH_ENTER, NULL);
	entry->writes = !walk.found ? PROTADDR_GATE_NONE :
		walk.broken ? PROTADDR_GATE_BROKEN : PROTADDR_GATE_WHOLE;
	entry->texts = walk.texts || walk.broken;
	entry->state = itself ? entry->writes : PROTADDR_GATE_NONE;
	entry->standalone = walk.standalone;
	Assert(entry->state == PROTADDR_GATE_NONE || entry->state == entry->writes);
	Assert(OidIsValid(gates) || entry->writes == PROTADDR_GATE_NONE);
	entry->entered = false;
	entry->valid = !all_stale;
	return entry;
}

/* protaddr_gate_state gives the state of a table's gate, its own or that of a table above it. */
ProtaddrGateState
protaddr_gate_state(Oid relation)
{
	return look_up(relation)->state;
}

/*
 * protaddr_gate_writes gives the state of all gates that a statement on a table may write
 * through: its own, and those of its partitions and inheriting tables.
 */
ProtaddrGateState
protaddr_gate_writes(Oid relation)
{
	return look_up(relation)->writes;
}

/* protaddr_gate_takes_texts tells whether a statement on a table may write texts that hold addresses. */
bool
protaddr_gate_takes_texts(Oid relation)
{
	return look_up(relation)->texts;
}

/* protaddr_gate_broken refuses a write. */
void
protaddr_gate_broken(Oid relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("the gate of table \"%s\" is not complete", get_rel_name(relation)),
			 errdetail("One of its triggers is missing, changed or not ENABLE ALWAYS, on the table or on a partition of it."),
			 errhint("See protaddr.gate_status. Use protaddr.remove_gate() and protaddr.install_gate() to install it again."),
			 protaddr_errprivate()));
}

/*
 * protaddr_gate_enter adds a complete gate to protaddr.gate if it is not there.  Called by the
 * gate's own trigger for each row, and by the hooks.
 */
void
protaddr_gate_enter(Oid relation)
{
	Gated	   *entry = look_up(relation);
	Oid			root = relation;

	if (likely(entry->entered))
		return;
	if (entry->state == PROTADDR_GATE_BROKEN)
		protaddr_gate_broken(relation);
	/* a temporary table is written in a read-only transaction, too */
	if (entry->state == PROTADDR_GATE_NONE || XactReadOnly)
		return;

	/* a partition's triggers belong to the partitioned table */
	for (;;)
	{
		GateTriggers triggers;
		List	   *parents;

		read_triggers(root, &triggers);
		if (triggers.own || (parents = parents_of(root)) == NIL)
			break;
		root = linitial_oid(parents);
	}
	enter(root);

	entry = hash_search(gated, &relation, HASH_FIND, NULL);
	if (entry != NULL)
		entry->entered = true;
}

/* protaddr_gate_state_sql is protaddr.gate_state(oid). */
Datum
protaddr_gate_state_sql(PG_FUNCTION_ARGS)
{
	static const char *const name[] = {
		[PROTADDR_GATE_NONE] = "none",
		[PROTADDR_GATE_WHOLE] = "whole",
		[PROTADDR_GATE_BROKEN] = "broken",
	};

	PG_RETURN_TEXT_P(cstring_to_text(name[protaddr_gate_state(PG_GETARG_OID(0))]));
}
