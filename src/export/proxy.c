/*
 * proxy.c
 *		Which columns are declared to tell who somebody is, or where they live?
 *
 * A declaration is by name, like that of an export: whatever goes by the names of the table
 * and the column is meant, and what they are renamed to.  A table that a system update makes
 * anew has it, and so has a restored one.  It holds for the partitions and heirs of the
 * table, and for what reads it through a parent, too.
 */
#include "postgres.h"

#include "export/export_int.h"
#include "gate/gate.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* columns of protaddr.proxy_column */
enum
{
	PROXY_SCHEMA = 1,
	PROXY_RELATION,
	PROXY_COLUMN,
	PROXY_KIND,
	PROXY_SUBJECTS,
	PROXY_OID,
	PROXY_NUMBER,
	PROXY_SUBJECT_NUMBERS,
	PROXY_REASON,
	PROXY_DECLARED_BY,
	PROXY_DECLARED_AT
};

static const char *const proxy_columns[] = {
	[PROXY_SCHEMA] = "schema_name",
	[PROXY_RELATION] = "relation_name",
	[PROXY_COLUMN] = "column_name",
	[PROXY_KIND] = "kind",
	[PROXY_SUBJECTS] = "subjects",
	[PROXY_OID] = "relation",
	[PROXY_NUMBER] = "column_number",
	[PROXY_SUBJECT_NUMBERS] = "subject_numbers",
	[PROXY_REASON] = "reason",
	[PROXY_DECLARED_BY] = "declared_by",
	[PROXY_DECLARED_AT] = "declared_at",
};

static HeapTuple find_columns(TriggerData *trigdata, HeapTuple row);
static void proxy_utility(ProtaddrUtility *command);

static const ProtaddrOwnTable tables[] = {
	{.name = "proxy_column", PROTADDR_COLUMNS(proxy_columns), .rules = PROTADDR_CHANGE_LETS_OUT, .change = find_columns},
};

const ProtaddrPart protaddr_proxy_part = {
	PROTADDR_TABLES(tables),
	.utility = proxy_utility,
};

static MemoryContext proxies_context = NULL;
static List *proxies = NIL;		/* of ProtaddrProxy */
static uint64 proxies_generation = 0;

/* ---- rows of protaddr.proxy_column -------------------------------------------------------------- */

static List *
names_of(Datum array)
{
	Datum	   *names;
	bool	   *nulls;
	int			n;
	List	   *list = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
	for (int i = 0; i < n; i++)
		list = lappend(list, nulls[i] ? pstrdup("") : TextDatumGetCString(names[i]));
	return list;
}

static char *
text_of(HeapTuple tuple, int column, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? pstrdup("") : TextDatumGetCString(value);
}

static ProtaddrProxy *
read_proxy(HeapTuple tuple, TupleDesc desc)
{
	ProtaddrProxy *proxy = palloc0(sizeof(*proxy));
	bool		isnull;
	Datum		subjects = heap_getattr(tuple, PROXY_SUBJECTS, desc, &isnull);
	Datum		value;

	proxy->schema = text_of(tuple, PROXY_SCHEMA, desc);
	proxy->relation = text_of(tuple, PROXY_RELATION, desc);
	proxy->column = text_of(tuple, PROXY_COLUMN, desc);
	proxy->kind = strcmp(text_of(tuple, PROXY_KIND, desc), "name") == 0 ? PROTADDR_PROXY_NAME : PROTADDR_PROXY_LOCATION;
	if (!isnull)
		proxy->subjects = names_of(subjects);
	value = heap_getattr(tuple, PROXY_OID, desc, &isnull);
	proxy->oid = isnull ? InvalidOid : DatumGetObjectId(value);
	value = heap_getattr(tuple, PROXY_NUMBER, desc, &isnull);
	proxy->number = isnull ? InvalidAttrNumber : DatumGetInt16(value);
	return proxy;
}

/*
 * find_columns is the trigger's work on a row of protaddr.proxy_column: it notes which columns
 * go by these names now, so that they can be followed when they are renamed.
 */
static HeapTuple
find_columns(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	int			columns[] = {PROXY_OID, PROXY_NUMBER, PROXY_SUBJECT_NUMBERS};
	bool		nulls[] = {false, false, false};
	Datum		values[3];
	ProtaddrProxy *proxy;
	Oid			schema;
	Oid			relation;
	Datum	   *numbers;
	ListCell   *cell;
	int			n = 0;

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		return row;
	proxy = read_proxy(row, desc);
	schema = get_namespace_oid(proxy->schema, true);
	relation = OidIsValid(schema) ? get_relname_relid(proxy->relation, schema) : InvalidOid;
	values[0] = ObjectIdGetDatum(relation);
	values[1] = Int16GetDatum(OidIsValid(relation) ? get_attnum(relation, proxy->column) : 0);
	numbers = palloc(Max(list_length(proxy->subjects), 1) * sizeof(Datum));
	foreach(cell, proxy->subjects)
		numbers[n++] = Int16GetDatum(OidIsValid(relation) ? get_attnum(relation, lfirst(cell)) : 0);
	values[2] = PointerGetDatum(construct_array(numbers, n, INT2OID, sizeof(int16), true, TYPALIGN_SHORT));
	return heap_modify_tuple_by_cols(row, desc, lengthof(columns), columns, values, nulls);
}

/* read_proxies reads the declarations anew if they have changed. */
static void
read_proxies(void)
{
	uint64		now = protaddr_generation(PROTADDR_PROXY_COLUMN);
	MemoryContext context;
	MemoryContext old;
	List	   *all = NIL;

	if (likely(proxies_generation == now))
		return;
	context = AllocSetContextCreate(CurTransactionContext, "protaddr proxies", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	/* in the middle of the extension's script, or without it, there are none */
	if (OidIsValid(protaddr_gate_register()) &&
		OidIsValid(get_relname_relid("proxy_column_pkey", get_namespace_oid("protaddr", true))))
	{
		Relation	rel = table_open(protaddr_table(PROTADDR_PROXY_COLUMN), AccessShareLock);
		SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
		HeapTuple	tuple;

		(void) protaddr_table_index(PROTADDR_PROXY_COLUMN);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
			all = lappend(all, read_proxy(tuple, RelationGetDescr(rel)));
		systable_endscan(scan);
		table_close(rel, AccessShareLock);
	}
	MemoryContextSwitchTo(old);

	if (proxies_context != NULL)
		MemoryContextDelete(proxies_context);
	MemoryContextSetParent(context, TopMemoryContext);
	proxies_context = context;
	proxies = all;
	proxies_generation = protaddr_generation_seen(PROTADDR_PROXY_COLUMN) == now ? now : 0;
}

/* ---- columns -------------------------------------------------------------------------------------- */

/* declared_so gives the declaration of a column by its own names, or the one that it was renamed from; or NULL. */
static const ProtaddrProxy *
declared_so(Oid relation, const char *column)
{
	char	   *name = get_rel_name(relation);
	char	   *schema = name == NULL ? NULL : get_namespace_name(get_rel_namespace(relation));
	const ProtaddrProxy *renamed = NULL;
	ListCell   *cell;

	if (schema == NULL)
		return NULL;
	foreach(cell, proxies)
	{
		const ProtaddrProxy *proxy = lfirst(cell);

		if (strcmp(proxy->column, column) == 0 && strcmp(proxy->relation, name) == 0 && strcmp(proxy->schema, schema) == 0)
			return proxy;
		/* a session without protaddr may have renamed it */
		if (proxy->oid == relation && proxy->number > 0 && proxy->number == get_attnum(relation, column))
			renamed = proxy;
	}
	return renamed;
}

static List *
parents_of(Oid relation)
{
	Relation	rel = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *parents = NIL;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(rel, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return parents;
}

static const ProtaddrProxy *
declared_above(Oid relation, const char *column)
{
	const ProtaddrProxy *proxy = declared_so(relation, column);
	ListCell   *cell;

	check_stack_depth();
	if (proxy != NULL)
		return proxy;
	foreach(cell, parents_of(relation))
	{
		proxy = declared_above(lfirst_oid(cell), column);
		if (proxy != NULL)
			return proxy;
	}
	return NULL;
}

/*
 * protaddr_proxy_of gives what a column of a table is declared to tell: itself, or in a table
 * above or below; NULL if nothing.  Good until the declarations change.
 */
const ProtaddrProxy *
protaddr_proxy_of(Oid relation, AttrNumber column)
{
	const ProtaddrProxy *proxy;
	char	   *name;
	ListCell   *cell;

	read_proxies();
	if (likely(proxies == NIL))
		return NULL;
	name = get_attname(relation, column, true);
	proxy = name == NULL ? NULL : declared_above(relation, name);
	if (proxy != NULL || name == NULL || !has_subclass(relation))
		return proxy;
	foreach(cell, find_all_inheritors(relation, AccessShareLock, NULL))
	{
		proxy = declared_so(lfirst_oid(cell), name);
		if (proxy != NULL)
			return proxy;
	}
	return NULL;
}

/* ---- other names ------------------------------------------------------------------------------------ */

static bool
renames(Node *parsetree)
{
	if (IsA(parsetree, AlterObjectSchemaStmt))
		return true;
	if (!IsA(parsetree, RenameStmt))
		return false;
	switch (((RenameStmt *) parsetree)->renameType)
	{
		case OBJECT_ATTRIBUTE:
		case OBJECT_COLUMN:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_MATVIEW:
		case OBJECT_SCHEMA:
		case OBJECT_TABLE:
			return true;
		default:
			/* ALTER VIEW and ALTER INDEX rename tables, too */
			return ((RenameStmt *) parsetree)->relation != NULL;
	}
}

/* follow has what was renamed declared under its new names, too; who renames may not declare. */
static void
follow(void)
{
	ProtaddrActing before;

	CommandCounterIncrement();
	protaddr_act_restricted(BOOTSTRAP_SUPERUSERID, &before);
	SPI_connect();
	if (SPI_execute("SELECT protaddr.follow_proxy_columns()", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not follow a renamed column");
	SPI_finish();
	protaddr_act_as_before(&before);
}

static void
proxy_utility(ProtaddrUtility *command)
{
	bool		any = false;

	if (renames(command->statement->utilityStmt) && !IsBinaryUpgrade && IsTransactionState())
	{
		read_proxies();
		any = proxies != NIL;
	}
	protaddr_utility_go_on(command);
	if (any)
		follow();
}
