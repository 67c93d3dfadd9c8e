/*
 * hooks.c
 *		Which commands and writes would bypass a gate?
 *
 * DDL: the object access hook sees what a command touches.  Changes that can only harm a
 * gate are refused at once; when the command is done, every gate that it touched must be
 * as complete as before.  Writes: the gates of each table that a statement writes must be
 * complete, which catches changes that no hook has seen.
 *
 * The hooks work once the library is loaded: in every session if it is in
 * shared_preload_libraries, otherwise after the first use of one of our functions.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "gate/gate.h"
#include "keys/keys.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/partition.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* A relation that commands of this transaction have touched, until it is checked. */
typedef struct Touched
{
	Oid			relation;
	SubTransactionId by;
	bool		was_whole;		/* so it must be complete again */
	bool		attached;		/* as a partition */
	bool		detached;
	bool		column_gone;	/* one that the gate needs */
	Bitmapset  *added;			/* new columns that hold addresses */
} Touched;

static List *touched = NIL;

/* what belongs to our extension was touched; a look too many does no harm */
static bool membership_touched = false;

/* the subtransaction that first touched protaddr.gate */
static SubTransactionId register_touched = InvalidSubTransactionId;

static Oid	removing = InvalidOid;	/* the table whose gate remove_gate() removes */
static List *retyped = NIL;		/* columns whose type the running ALTER TABLE sets */
static bool in_hook = false;
static bool preloaded = false;
static bool require_preload = false;

PG_FUNCTION_INFO_V1(protaddr_remove_gate);
PG_FUNCTION_INFO_V1(protaddr_gates_are_kept);

static void gate_hook_start(void);
static void gate_hook_object_access(ObjectAccessType access, Oid class, Oid object, int column,
									void *arg);
static bool gate_hook_check_perms(List *asked, bool ereport_on_violation);
static void gate_hook_utility(ProtaddrUtility *command);
static void gate_hook_xact_end(void);
static void gate_hook_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent);
static void check_all_touched(void);

const ProtaddrPart protaddr_gate_hooks_part = {
	.start = gate_hook_start,
	.xact_end = gate_hook_xact_end,
	.subxact = gate_hook_subxact,
	.pre_commit = check_all_touched,
	.object_access = gate_hook_object_access,
	.check_perms = gate_hook_check_perms,
	.utility = gate_hook_utility,
};

static void
gate_hook_start(void)
{
	preloaded = process_shared_preload_libraries_in_progress;

	DefineCustomBoolVariable("protaddr.require_preload",
							 "Gates refuse every row unless protaddr is in shared_preload_libraries.",
							 "Without it, a session that has not used protaddr yet can take a gate down by DDL.",
							 &require_preload, false, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* protaddr_gate_require_hooks refuses every row if protaddr.require_preload asks for preloading in vain. */
void
protaddr_gate_require_hooks(void)
{
	if (unlikely(require_preload && !preloaded))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("gates are not enforced: protaddr is not in shared_preload_libraries"),
				 errdetail("protaddr.require_preload is on."),
				 errhint("Add protaddr to shared_preload_libraries and restart the server."),
				 protaddr_errprivate()));
}

/* ---- refusals ---------------------------------------------------------------------- */

#define REMOVE_GATE_HINT \
	"protaddr.remove_gate() removes the gate, on record; change the table, then protaddr.install_gate()."

static void
refuse(Oid relation, const char *what, const char *hint)
{
	const char *name = get_rel_name(relation);

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the gate of table \"%s\" does not allow %s", name ? name : "?", what),
			 errhint("%s", hint ? hint : REMOVE_GATE_HINT)));
}

/* ---- the catalogs as the command leaves them ------------------------------------------------------- */

/* fetch_new gives a catalog row as the running command has written it, copied, or NULL. */
static HeapTuple
fetch_new(Oid catalog, Oid index, AttrNumber first, Oid id, AttrNumber second, AttrNumber number)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[0], first, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(id));
	if (second != 0)
		ScanKeyInit(&key[1], second, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(number));
	scan = systable_beginscan(rel, index, true, SnapshotSelf, second != 0 ? 2 : 1, key);
	tuple = systable_getnext(scan);
	tuple = HeapTupleIsValid(tuple) ? heap_copytuple(tuple) : NULL;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return tuple;
}

static Form_pg_attribute
new_column(Oid relation, AttrNumber number)
{
	HeapTuple	tuple = fetch_new(AttributeRelationId, AttributeRelidNumIndexId,
								  Anum_pg_attribute_attrelid, relation,
								  Anum_pg_attribute_attnum, number);

	return HeapTupleIsValid(tuple) ? (Form_pg_attribute) GETSTRUCT(tuple) : NULL;
}

static bool
is_table(Oid relation)
{
	char		kind = get_rel_relkind(relation);

	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ||
		kind == RELKIND_FOREIGN_TABLE;
}

/* holds_rows tells whether a table, or a table below it, contains rows or may contain some. */
static bool
holds_rows(Oid relation, bool foreign_might)
{
	List	   *tables = find_all_inheritors(relation, AccessShareLock, NULL);
	ListCell   *cell;
	bool		found = false;

	foreach(cell, tables)
	{
		Relation	rel;
		TableScanDesc scan;
		TupleTableSlot *slot;
		Snapshot	snapshot;
		char		kind = get_rel_relkind(lfirst_oid(cell));

		if (kind == RELKIND_FOREIGN_TABLE && foreign_might)
			return true;
		if (kind != RELKIND_RELATION)
			continue;
		rel = table_open(lfirst_oid(cell), NoLock);
		snapshot = RegisterSnapshot(GetLatestSnapshot());
		scan = table_beginscan(rel, snapshot, 0, NULL);
		slot = table_slot_create(rel, NULL);
		found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
		ExecDropSingleTupleTableSlot(slot);
		table_endscan(scan);
		UnregisterSnapshot(snapshot);
		table_close(rel, NoLock);
		if (found)
			break;
	}
	return found;
}

/* ---- what a command touches --------------------------------------------------------------- */

static Touched *
touch(Oid relation)
{
	MemoryContext old;
	ListCell   *cell;
	Touched    *entry;

	foreach(cell, touched)
	{
		entry = lfirst(cell);
		if (entry->relation == relation && entry->by == GetCurrentSubTransactionId())
			return entry;
	}
	Assert(in_hook && OidIsValid(relation));
	old = MemoryContextSwitchTo(TopTransactionContext);
	entry = palloc0(sizeof(Touched));
	entry->relation = relation;
	entry->by = GetCurrentSubTransactionId();
	entry->was_whole = protaddr_gate_state(relation) == PROTADDR_GATE_WHOLE;
	touched = lappend(touched, entry);
	MemoryContextSwitchTo(old);
	return entry;
}

static void
note(SubTransactionId *touched_by)
{
	if (*touched_by == InvalidSubTransactionId)
		*touched_by = GetCurrentSubTransactionId();
}

/* in_our_script is true while CREATE or ALTER EXTENSION protaddr runs its script. */
static bool
in_our_script(void)
{
	return creating_extension && CurrentExtensionObject == get_extension_oid("protaddr", true);
}

static void
trigger_touched(ObjectAccessType access, Oid trigger)
{
	HeapTuple	tuple = fetch_new(TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, trigger,
								  0, 0);
	Form_pg_trigger form;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_trigger) GETSTRUCT(tuple);
	if (form->tgrelid == protaddr_gate_register() && !in_our_script())
		note(&register_touched);
	(void) touch(form->tgrelid);

	/* a trigger that fires after the gate's could undo its work */
	if (access != OAT_DROP && !OidIsValid(form->tgparentid) &&
		TRIGGER_FOR_ROW(form->tgtype) && TRIGGER_FOR_BEFORE(form->tgtype) &&
		(TRIGGER_FOR_INSERT(form->tgtype) || TRIGGER_FOR_UPDATE(form->tgtype)) &&
		form->tgenabled != TRIGGER_DISABLED &&
		form->tgfoid != protaddr_gate_function(PROTADDR_GATE_ROW) &&
		strcmp(NameStr(form->tgname), PROTADDR_GATE_TRIGGER) > 0 &&
		protaddr_gate_state(form->tgrelid) != PROTADDR_GATE_NONE)
		refuse(form->tgrelid, "a BEFORE ROW trigger that fires after it",
			   "Triggers fire by name: one that sorts before " PROTADDR_GATE_TRIGGER " is checked by the gate.");
}

/* column_altered checks a column that is renamed, or gets another type or, by USING, other values. */
static void
column_altered(Oid relation, AttrNumber number)
{
	Form_pg_attribute new;
	Form_pg_attribute old;
	HeapTuple	old_tuple;
	bool		is_retyped = false;
	ListCell   *cell;

	if (number < 0 || protaddr_gate_state(relation) == PROTADDR_GATE_NONE)
		return;
	new = new_column(relation, number);
	old_tuple = SearchSysCacheCopy2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(number));
	if (new == NULL || !HeapTupleIsValid(old_tuple))
		return;
	old = (Form_pg_attribute) GETSTRUCT(old_tuple);

	if (new->attisdropped || old->attisdropped)
		return;
	foreach(cell, retyped)
		is_retyped |= strcmp(NameStr(old->attname), (const char *) lfirst(cell)) == 0;
	if (!is_retyped && strcmp(NameStr(old->attname), NameStr(new->attname)) == 0 &&
		old->atttypid == new->atttypid)
		return;
	if (protaddr_gate_names(relation, NameStr(old->attname)) ||
		protaddr_gate_names(relation, NameStr(new->attname)) ||
		protaddr_type_holds_address(old->atttypid) || protaddr_type_holds_address(new->atttypid))
		refuse(relation, strcmp(NameStr(old->attname), NameStr(new->attname)) != 0 ?
			   "renaming a column that it uses" : "changing the type of a column that it uses",
			   NULL);
}

/* column_added checks a new column: existing rows must not get an address by it. */
static void
column_added(Oid relation, AttrNumber number)
{
	Form_pg_attribute new;
	MemoryContext old;
	Touched    *entry;

	if (protaddr_gate_state(relation) == PROTADDR_GATE_NONE ||
		(new = new_column(relation, number)) == NULL)
		return;
	if (!protaddr_type_holds_address(new->atttypid))
		return;
	if (new->attgenerated)
		refuse(relation, "a generated column that holds an address", NULL);
	if (get_typdefault(new->atttypid) != NULL)
		refuse(relation, "adding an address column with a default",
			   "Add it without a default, then fill it through the gate.");
	entry = touch(relation);
	old = MemoryContextSwitchTo(TopTransactionContext);
	entry->added = bms_add_member(entry->added, number);
	MemoryContextSwitchTo(old);
}

/* column_default checks the default of a new column, or the expression of a generated one. */
static void
column_default(Oid relation, AttrNumber number)
{
	Form_pg_attribute new;

	if (protaddr_gate_state(relation) == PROTADDR_GATE_NONE ||
		(new = new_column(relation, number)) == NULL ||
		!protaddr_type_holds_address(new->atttypid))
		return;
	if (new->attgenerated)
		refuse(relation, "a generated column that holds an address", NULL);
	if (bms_is_member(number, touch(relation)->added))
		refuse(relation, "adding an address column with a default",
			   "Add it without a default, then fill it through the gate.");
}

static void
relation_altered(Oid relation)
{
	HeapTuple	new_tuple;
	HeapTuple	old_tuple;
	Form_pg_class new;
	Form_pg_class old;
	bool		ours = relation == protaddr_gate_register();

	if (!is_table(relation) || (!ours && protaddr_gate_state(relation) == PROTADDR_GATE_NONE))
		return;
	new_tuple = fetch_new(RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, relation, 0, 0);
	old_tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(relation));
	if (!HeapTupleIsValid(new_tuple) || !HeapTupleIsValid(old_tuple))
		return;
	new = (Form_pg_class) GETSTRUCT(new_tuple);
	old = (Form_pg_class) GETSTRUCT(old_tuple);
	if (strcmp(NameStr(new->relname), NameStr(old->relname)) == 0 &&
		new->relnamespace == old->relnamespace)
		return;
	if (ours)
		note(&register_touched);
	else
		refuse(relation, "renaming the table or moving it to another schema", NULL);
}

static void
inheritance_altered(Oid child, Oid parent)
{
	HeapTuple	tuple;
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	bool		added = false;
	Touched    *entry;

	if (protaddr_gate_state(parent) == PROTADDR_GATE_NONE)
		return;

	rel = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(child));
	scan = systable_beginscan(rel, InheritsRelidSeqnoIndexId, true, SnapshotSelf, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		added |= ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent == parent;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	if (get_rel_relkind(parent) != RELKIND_PARTITIONED_TABLE)
	{
		if (added)
			refuse(parent, "a table that inherits from it",
				   "A partition gets the gate of its table; an inheriting table gets none.");
		return;
	}
	(void) touch(parent);
	entry = touch(child);
	if (added)
		entry->attached = true;
	else
		entry->detached = true;
}

static void
rule_made(Oid rule)
{
	HeapTuple	tuple = fetch_new(RewriteRelationId, RewriteOidIndexId, Anum_pg_rewrite_oid, rule, 0, 0);

	if (HeapTupleIsValid(tuple))
	{
		Oid			relation = ((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class;

		if (is_table(relation) && protaddr_gate_state(relation) != PROTADDR_GATE_NONE)
			refuse(relation, "a rule on the table", NULL);
	}
}

static void
schema_altered(Oid schema)
{
	HeapTuple	tuple = fetch_new(NamespaceRelationId, NamespaceOidIndexId, Anum_pg_namespace_oid, schema,
								  0, 0);
	char	   *old = get_namespace_name(schema);

	if (!HeapTupleIsValid(tuple) || old == NULL ||
		strcmp(NameStr(((Form_pg_namespace) GETSTRUCT(tuple))->nspname), old) == 0)
		return;
	if (strcmp(old, "protaddr") == 0 || protaddr_gate_in_schema(schema))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("schema \"%s\" cannot be renamed: a table in it has a gate", old),
				 errhint(REMOVE_GATE_HINT)));
}

/* function_altered lets only the extension's scripts alter the functions of the gates. */
static void
function_altered(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;

	if (!HeapTupleIsValid(tuple))
		return;					/* just made */
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->pronamespace == get_namespace_oid("protaddr", true) &&
		protaddr_gate_function_named(NameStr(form->proname)) && !in_our_script())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("function \"protaddr.%s\" belongs to the gates and cannot be altered",
						NameStr(form->proname))));
	ReleaseSysCache(tuple);
}

/* type_altered keeps the name of the type, by which gates find address columns. */
static void
type_altered(Oid type)
{
	HeapTuple	new_tuple;
	HeapTuple	old_tuple;
	Form_pg_type new;
	Form_pg_type old;

	if (type != protaddr_address_type())
		return;
	new_tuple = fetch_new(TypeRelationId, TypeOidIndexId, Anum_pg_type_oid, type, 0, 0);
	old_tuple = SearchSysCacheCopy1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(new_tuple) || !HeapTupleIsValid(old_tuple))
		return;
	new = (Form_pg_type) GETSTRUCT(new_tuple);
	old = (Form_pg_type) GETSTRUCT(old_tuple);
	if (strcmp(NameStr(new->typname), NameStr(old->typname)) != 0 ||
		new->typnamespace != old->typnamespace)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("type \"protaddr.address\" cannot be renamed or moved to another schema"),
				 errdetail("Gates find address columns by this type.")));
}

static void
object_touched(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	switch (class)
	{
		case TriggerRelationId:
			trigger_touched(access, object);
			break;
		case RelationRelationId:
			if (access == OAT_DROP && column == 0)
			{
				if (is_table(object))
					(void) protaddr_gate_leave(object, "dropped", false);
			}
			else if (access == OAT_DROP)
			{
				/* refused later, unless the whole table goes */
				char	   *name = get_attname(object, column, true);

				if (name != NULL && is_table(object) &&
					protaddr_gate_state(object) != PROTADDR_GATE_NONE &&
					(protaddr_type_holds_address(get_atttype(object, column)) ||
					 protaddr_gate_names(object, name)))
					touch(object)->column_gone = true;
			}
			else if (access == OAT_POST_CREATE && column > 0)
				column_added(object, column);
			else if (access == OAT_POST_ALTER && column != 0)
				column_altered(object, column);
			else if (access == OAT_POST_ALTER)
				relation_altered(object);
			break;
		case AttrDefaultRelationId:
			if (access == OAT_POST_CREATE)
				column_default(object, column);
			break;
		case InheritsRelationId:
			if (access == OAT_POST_ALTER)
				inheritance_altered(object, ((ObjectAccessPostAlter *) arg)->auxiliary_id);
			break;
		case RewriteRelationId:
			if (access == OAT_POST_CREATE)
				rule_made(object);
			break;
		case NamespaceRelationId:
			if (access == OAT_POST_ALTER)
				schema_altered(object);
			break;
		case ProcedureRelationId:
			if (access != OAT_DROP)
				function_altered(object);
			break;
		case TypeRelationId:
			if (access == OAT_POST_ALTER)
				type_altered(object);
			break;
		case ExtensionRelationId:
			if (access == OAT_POST_ALTER && object == get_extension_oid("protaddr", true) &&
				!in_our_script())
				membership_touched = true;
			break;
	}
}

static void
gate_hook_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	MemoryContext scratch;
	MemoryContext old;

	if (access != OAT_POST_CREATE && access != OAT_POST_ALTER && access != OAT_DROP)
		return;
	if (class != RelationRelationId && class != TriggerRelationId && class != AttrDefaultRelationId &&
		class != InheritsRelationId && class != RewriteRelationId && class != NamespaceRelationId &&
		class != ProcedureRelationId && class != TypeRelationId && class != ExtensionRelationId)
		return;
	if (in_hook || OidIsValid(removing) || IsBinaryUpgrade || !IsTransactionState() ||
		!OidIsValid(protaddr_gate_register()))
		return;

	scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr gate hooks", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	in_hook = true;
	PG_TRY();
	{
		object_touched(access, class, object, column, arg);
	}
	PG_FINALLY();
	{
		in_hook = false;
		MemoryContextSwitchTo(old);
	}
	PG_END_TRY();
	MemoryContextDelete(scratch);
}

/* ---- when the command is done -------------------------------------------------------------- */

/* was_detached tells whether a table, or a partitioned table above it, was detached. */
static bool
was_detached(Oid relation)
{
	for (;;)
	{
		ListCell   *cell;
		List	   *above;

		foreach(cell, touched)
		{
			Touched    *entry = lfirst(cell);

			if (entry->relation == relation && entry->detached)
				return true;
		}
		if (!get_rel_relispartition(relation))
			return false;
		above = get_partition_ancestors(relation);
		if (above == NIL)
			return false;
		relation = linitial_oid(above);
	}
}

static void
check_members(void)
{
	Oid			extension = get_extension_oid("protaddr", true);
	Oid			table = protaddr_gate_register();
	bool		complete;

	if (!OidIsValid(extension))
		return;
	complete = OidIsValid(table) && getExtensionOfObject(RelationRelationId, table) == extension;
	for (int i = PROTADDR_GATE_ROW; i <= PROTADDR_GATE_CHECK; i++)
	{
		Oid			function = protaddr_gate_function(i);

		complete = complete && OidIsValid(function) &&
			getExtensionOfObject(ProcedureRelationId, function) == extension;
	}
	if (!complete)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("objects that gates need cannot be removed from extension protaddr")));
}

static void
check_touched(Touched *entry)
{
	Oid			relation = entry->relation;
	ProtaddrGateState gate;

	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		return;
	gate = protaddr_gate_state(relation);
	if (entry->detached && holds_rows(relation, true))
		refuse(relation, "detaching a partition that holds rows",
			   "Drop the partition, or empty it first.  " REMOVE_GATE_HINT);
	if (entry->attached && holds_rows(relation, false))
		refuse(relation, "attaching a partition that holds rows",
			   "Attach it empty, then insert its rows, so that they pass the gate.");
	if (entry->column_gone)
		refuse(relation, "dropping a column that it uses", NULL);
	if ((entry->was_whole || entry->attached) && gate != PROTADDR_GATE_WHOLE && !was_detached(relation))
		refuse(relation, "a command that would leave it incomplete", NULL);
	if (gate == PROTADDR_GATE_WHOLE)
		protaddr_gate_enter(relation);
}

/* check_all_touched checks everything that was touched, and forgets it; raises an error if a gate would suffer. */
static void
check_all_touched(void)
{
	MemoryContext scratch;
	MemoryContext old;
	ListCell   *cell;

	if (touched == NIL && !membership_touched && register_touched == InvalidSubTransactionId)
		return;
	CommandCounterIncrement();

	scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr gate hooks", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	in_hook = true;
	PG_TRY();
	{
		if (membership_touched)
			check_members();
		if (OidIsValid(protaddr_gate_register()))
		{
			foreach(cell, touched)
				check_touched(lfirst(cell));
		}
		if (register_touched != InvalidSubTransactionId && OidIsValid(get_extension_oid("protaddr", true)))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("\"protaddr.gate\" is the register of gates and cannot be altered")));
	}
	PG_FINALLY();
	{
		in_hook = false;
		MemoryContextSwitchTo(old);
	}
	PG_END_TRY();
	MemoryContextDelete(scratch);

	touched = NIL;
	membership_touched = false;
	register_touched = InvalidSubTransactionId;
}

/*
 * columns_retyped gives the columns whose type ALTER TABLE sets.  With USING their values may
 * change even if the type does not, and no catalog shows that.
 */
static List *
columns_retyped(Node *parsetree)
{
	List	   *columns = NIL;
	ListCell   *cell;

	if (!IsA(parsetree, AlterTableStmt))
		return NIL;
	foreach(cell, ((AlterTableStmt *) parsetree)->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_AlterColumnType)
			columns = lappend(columns, command->name);
	}
	return columns;
}

/* DETACH CONCURRENTLY is refused before it starts: it commits before we could undo it. */
static void
check_concurrent_detach(Node *parsetree)
{
	ListCell   *cell;

	if (!IsA(parsetree, AlterTableStmt))
		return;
	foreach(cell, ((AlterTableStmt *) parsetree)->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_DetachPartition && ((PartitionCmd *) command->def)->concurrent)
		{
			Oid			relation = RangeVarGetRelid(((AlterTableStmt *) parsetree)->relation, NoLock, true);

			if (OidIsValid(relation) && protaddr_gate_state(relation) != PROTADDR_GATE_NONE)
				refuse(relation, "detaching a partition concurrently",
					   "Detach an empty partition without CONCURRENTLY, or drop it.");
		}
	}
}

static void
gate_hook_utility(ProtaddrUtility *command)
{
	List	   *outer = retyped;
	Node	   *parsetree = command->statement->utilityStmt;
	bool		alters = IsA(parsetree, AlterTableStmt) && !IsBinaryUpgrade &&
	IsTransactionState() && OidIsValid(protaddr_gate_register());

	if (alters)
	{
		check_concurrent_detach(parsetree);
		retyped = columns_retyped(parsetree);
	}
	PG_TRY();
	{
		protaddr_utility_go_on(command);
	}
	PG_FINALLY();
	{
		retyped = outer;
	}
	PG_END_TRY();

	if (IsTransactionState())
		check_all_touched();
}

static void
gate_hook_xact_end(void)
{
	touched = NIL;
	membership_touched = false;
	register_touched = InvalidSubTransactionId;
	removing = InvalidOid;
}

/* What a subtransaction touched is unchanged once it is rolled back. */
static void
gate_hook_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	ListCell   *cell;

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(cell, touched)
	{
		if (((Touched *) lfirst(cell))->by >= mine)
			touched = foreach_delete_current(touched, cell);
	}
	if (register_touched >= mine)
		register_touched = InvalidSubTransactionId;
}

/* ---- whenever a statement writes ------------------------------------------------------------- */

static bool
gate_hook_check_perms(List *asked, bool ereport_on_violation)
{
	ListCell   *cell;

	foreach(cell, asked)
	{
		Oid			relation;
		AclMode		perms;

		protaddr_asked(lfirst(cell), &relation, &perms);
		if (likely((perms & (ACL_INSERT | ACL_UPDATE | ACL_DELETE)) == 0))
			continue;
		if (!OidIsValid(protaddr_gate_register()))
			return true;

		/*
		 * Somebody writes a catalog by hand.  Such a change of a trigger sends no invalidation, so
		 * all sessions are made to read everything again.
		 */
		if (unlikely(IsCatalogRelationOid(relation)))
			CacheInvalidateRelcacheAll();
		else if ((perms & (ACL_INSERT | ACL_UPDATE)) != 0 &&
				 unlikely(protaddr_gate_writes(relation) == PROTADDR_GATE_BROKEN))
		{
			if (ereport_on_violation)
				protaddr_gate_broken(relation);
			return false;
		}
	}
	return true;
}

/* ---- remove_gate() --------------------------------------------------------------------------------- */

/*
 * protaddr_remove_gate is protaddr.remove_gate(regclass).  The caller must own the table; the
 * removal is recorded.  True if there was a gate, complete or not.
 */
Datum
protaddr_remove_gate(PG_FUNCTION_ARGS)
{
	Oid			relation;
	List	   *triggers;
	ListCell   *cell;
	bool		cloned;
	bool		was_there;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	relation = PG_GETARG_OID(0);
	relation_close(protaddr_open_permitted(relation, AccessExclusiveLock, protaddr_check_owner), NoLock);

	triggers = protaddr_gate_triggers(relation, &cloned);
	if (triggers == NIL && cloned)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a partition and has the gate of its table",
						get_rel_name(relation)),
				 errhint("Use protaddr.remove_gate() on the partitioned table.")));

	removing = relation;
	PG_TRY();
	{
		foreach(cell, triggers)
		{
			ObjectAddress trigger;

			ObjectAddressSet(trigger, TriggerRelationId, lfirst_oid(cell));
			performDeletion(&trigger, DROP_RESTRICT, 0);
		}
	}
	PG_FINALLY();
	{
		removing = InvalidOid;
	}
	PG_END_TRY();
	CommandCounterIncrement();
	was_there = protaddr_gate_leave(relation, "removed", triggers != NIL);
	CommandCounterIncrement();
	PG_RETURN_BOOL(was_there || triggers != NIL);
}

/* protaddr_gates_are_kept is protaddr.gates_are_kept(): whether every session has the hooks. */
Datum
protaddr_gates_are_kept(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(preloaded);
}
