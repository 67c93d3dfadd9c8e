/*
 * declare.c
 *		What is an export, and what has been said of columns and functions?
 *
 * An export is declared by name: whatever goes by the name is one, so that neither DROP and
 * CREATE nor a restore loses the declaration, and a relation that is renamed keeps it under
 * both names.  That a column is free of addresses is said of one column of one table: what
 * comes to bear its name later is not meant.  So the row holds the column's number, too, which
 * the trigger finds out where the row is written, also when a dump is restored.  A function
 * is safe as it is defined: not what replaces it.
 */
#include "postgres.h"

#include "export/export_int.h"
#include "gate/gate.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* columns of protaddr.export */
enum
{
	EXPORT_SCHEMA = 1,
	EXPORT_RELATION,
	EXPORT_CHANNEL,
	EXPORT_COLUMNS,
	EXPORT_REASON,
	EXPORT_DECLARED_BY,
	EXPORT_DECLARED_AT
};

/* columns of protaddr.free_column */
enum
{
	FREE_RELATION = 1,
	FREE_COLUMN,
	FREE_NUMBER,
	FREE_REASON,
	FREE_DECLARED_BY,
	FREE_DECLARED_AT
};

/* columns of protaddr.safe_function */
enum
{
	SAFE_FUNCTION = 1,
	SAFE_DEFINITION,
	SAFE_REASON,
	SAFE_DECLARED_BY,
	SAFE_DECLARED_AT
};

static const char *const export_columns[] = {
	[EXPORT_SCHEMA] = "schema_name",
	[EXPORT_RELATION] = "relation_name",
	[EXPORT_CHANNEL] = "channel",
	[EXPORT_COLUMNS] = "columns",
	[EXPORT_REASON] = "reason",
	[EXPORT_DECLARED_BY] = "declared_by",
	[EXPORT_DECLARED_AT] = "declared_at",
};

static const char *const free_columns[] = {
	[FREE_RELATION] = "relation",
	[FREE_COLUMN] = "column_name",
	[FREE_NUMBER] = "column_number",
	[FREE_REASON] = "reason",
	[FREE_DECLARED_BY] = "declared_by",
	[FREE_DECLARED_AT] = "declared_at",
};

static const char *const safe_columns[] = {
	[SAFE_FUNCTION] = "function",
	[SAFE_DEFINITION] = "definition",
	[SAFE_REASON] = "reason",
	[SAFE_DECLARED_BY] = "declared_by",
	[SAFE_DECLARED_AT] = "declared_at",
};

static HeapTuple number_column(TriggerData *trigdata, HeapTuple row);
static HeapTuple keep_until_committed(TriggerData *trigdata, HeapTuple row);
static void declare_xact_end(void);

static const ProtaddrOwnTable tables[] = {
	{.name = "export", PROTADDR_COLUMNS(export_columns), .rules = PROTADDR_CHANGE_LETS_OUT, .change = keep_until_committed},
	{.name = "free_column", PROTADDR_COLUMNS(free_columns), .rules = PROTADDR_CHANGE_LETS_OUT, .change = number_column},
	{.name = "safe_function", PROTADDR_COLUMNS(safe_columns), .rules = PROTADDR_CHANGE_LETS_OUT},
	{.name = "export_change", .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE},
};

const ProtaddrPart protaddr_export_declare_part = {
	PROTADDR_TABLES(tables),
	.xact_end = declare_xact_end,
};

PG_FUNCTION_INFO_V1(protaddr_function_definition);
PG_FUNCTION_INFO_V1(protaddr_function_name);

static MemoryContext exports_context = NULL;
static List *exports = NIL;		/* of ProtaddrExport */
static uint64 exports_generation = 0;

/* What this transaction has undeclared, or declared otherwise: until it commits, that was nothing. */
static List *undeclared_here = NIL;

/* number_column is the trigger's work on a row of protaddr.free_column: 0 for a column that does not exist. */
static HeapTuple
number_column(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	int			column = FREE_NUMBER;
	bool		relation_null;
	bool		name_null;
	Datum		relation;
	Datum		name;
	Datum		number;
	bool		isnull = false;

	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return row;
	relation = heap_getattr(row, FREE_RELATION, desc, &relation_null);
	name = heap_getattr(row, FREE_COLUMN, desc, &name_null);
	if (relation_null || name_null)
		return row;
	number = Int16GetDatum(get_attnum(DatumGetObjectId(relation), NameStr(*DatumGetName(name))));
	return heap_modify_tuple_by_cols(row, desc, 1, &column, &number, &isnull);
}

/* ---- exports ---------------------------------------------------------------------------------- */

static char *
text_of(HeapTuple tuple, int column, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? pstrdup("") : TextDatumGetCString(value);
}

static ProtaddrExport *
read_export(HeapTuple tuple, TupleDesc desc)
{
	ProtaddrExport *export = palloc0(sizeof(*export));
	bool		isnull;
	Datum		columns = heap_getattr(tuple, EXPORT_COLUMNS, desc, &isnull);

	export->schema = text_of(tuple, EXPORT_SCHEMA, desc);
	export->relation = text_of(tuple, EXPORT_RELATION, desc);
	export->channel = text_of(tuple, EXPORT_CHANNEL, desc);
	if (!isnull)
	{
		Datum	   *names;
		bool	   *nulls;
		int			n;

		deconstruct_array(DatumGetArrayTypeP(columns), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
		for (int i = 0; i < n; i++)
			if (!nulls[i])
				export->columns = lappend(export->columns, TextDatumGetCString(names[i]));
	}
	return export;
}

/* keep_until_committed is the trigger's work on a row of protaddr.export. */
static HeapTuple
keep_until_committed(TriggerData *trigdata, HeapTuple row)
{
	MemoryContext old;

	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return row;
	old = MemoryContextSwitchTo(TopTransactionContext);
	undeclared_here = lappend(undeclared_here, read_export(trigdata->tg_trigtuple, RelationGetDescr(trigdata->tg_relation)));
	MemoryContextSwitchTo(old);
	return row;
}

static void
declare_xact_end(void)
{
	if (undeclared_here == NIL)
		return;
	undeclared_here = NIL;
	protaddr_verdicts_stale();
}

/* read_exports reads the declarations anew if they have changed. */
static void
read_exports(void)
{
	uint64		now = protaddr_generation(PROTADDR_EXPORT);
	MemoryContext context;
	MemoryContext old;
	List	   *all = NIL;

	if (likely(exports_generation == now))
		return;
	context = AllocSetContextCreate(CurTransactionContext, "protaddr exports", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	/* in the middle of the extension's script, or without it, there are none */
	if (OidIsValid(protaddr_gate_register()) &&
		OidIsValid(get_relname_relid("export_pkey", get_namespace_oid("protaddr", true))))
	{
		Relation	rel = table_open(protaddr_table(PROTADDR_EXPORT), AccessShareLock);
		SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
		HeapTuple	tuple;

		(void) protaddr_table_index(PROTADDR_EXPORT);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
			all = lappend(all, read_export(tuple, RelationGetDescr(rel)));
		systable_endscan(scan);
		table_close(rel, AccessShareLock);
	}
	MemoryContextSwitchTo(old);

	if (exports_context != NULL)
		MemoryContextDelete(exports_context);
	MemoryContextSetParent(context, TopMemoryContext);
	exports_context = context;
	exports = all;
	exports_generation = protaddr_generation_seen(PROTADDR_EXPORT) == now ? now : 0;
}

/* protaddr_exports_any tells whether anything is declared an export. */
bool
protaddr_exports_any(void)
{
	read_exports();
	return exports != NIL || undeclared_here != NIL;
}

/* declaration gives that of a relation by its name, or else its schema's; NULL if neither is among them. */
static const ProtaddrExport *
declaration(const List *among, const char *schema, const char *name)
{
	const ProtaddrExport *of_schema = NULL;
	ListCell   *cell;

	foreach(cell, among)
	{
		const ProtaddrExport *export = lfirst(cell);

		if (strcmp(export->schema, schema) != 0)
			continue;
		if (strcmp(export->relation, name) == 0)
			return export;
		if (export->relation[0] == '\0')
			of_schema = export;
	}
	return of_schema;
}

/*
 * protaddr_export_of gives how a relation is declared: itself, or else with its schema; NULL
 * if it is no export.  Good until the declarations change.
 */
const ProtaddrExport *
protaddr_export_of(Oid relation)
{
	const ProtaddrExport *export;
	char	   *name;
	char	   *schema;

	if (!protaddr_exports_any())
		return NULL;
	name = get_rel_name(relation);
	schema = name == NULL ? NULL : get_namespace_name(get_rel_namespace(relation));
	if (schema == NULL)
		return NULL;
	export = declaration(undeclared_here, schema, name);
	return export != NULL ? export : declaration(exports, schema, name);
}

/*
 * protaddr_export_follow declares what a relation or, with relation NULL, a schema with all in
 * it is renamed to as what it was.
 */
void
protaddr_export_follow(const char *schema, const char *relation, const char *new_schema, const char *new_relation)
{
	Oid			types[4] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[4];
	char		nulls[5] = "    ";
	ProtaddrActing before;

	values[0] = CStringGetTextDatum(schema);
	values[1] = relation ? CStringGetTextDatum(relation) : (Datum) 0;
	values[2] = CStringGetTextDatum(new_schema);
	values[3] = relation ? CStringGetTextDatum(new_relation) : (Datum) 0;
	if (relation == NULL)
		nulls[1] = nulls[3] = 'n';

	/* who may rename a relation may not declare */
	protaddr_act_restricted(BOOTSTRAP_SUPERUSERID, &before);
	SPI_connect();
	if (SPI_execute_with_args("WITH followed AS ("
							  "INSERT INTO protaddr.export (schema_name, relation_name, channel, columns, reason)"
							  " SELECT $3, coalesce($4, e.relation_name), e.channel, e.columns, e.reason FROM protaddr.export e"
							  " WHERE e.schema_name OPERATOR(pg_catalog.=) $1 AND ($2 IS NULL OR e.relation_name OPERATOR(pg_catalog.=) $2)"
							  " ON CONFLICT DO NOTHING RETURNING schema_name, relation_name, channel, reason)"
							  " INSERT INTO protaddr.export_change (what, object, channel, reason)"
							  " SELECT 'renamed', protaddr.export_name(f.schema_name, f.relation_name), f.channel, f.reason FROM followed f",
							  4, types, values, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not declare a renamed export");
	SPI_finish();
	protaddr_act_as_before(&before);
}

/* ---- columns ------------------------------------------------------------------------------------ */

/* declared_so tells whether the column of this table itself is declared free. */
static bool
declared_so(Oid relation, AttrNumber column)
{
	char	   *name = get_attname(relation, column, true);
	Relation	rel;
	SysScanDesc scan;
	ScanKeyData key[2];
	HeapTuple	tuple;
	bool		found = false;

	if (name == NULL)
		return false;
	rel = table_open(protaddr_table(PROTADDR_FREE_COLUMN), AccessShareLock);
	ScanKeyInit(&key[0], FREE_RELATION, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	ScanKeyInit(&key[1], FREE_COLUMN, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(name));
	scan = systable_beginscan(rel, protaddr_table_index(PROTADDR_FREE_COLUMN), true, NULL, 2, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		number = heap_getattr(tuple, FREE_NUMBER, RelationGetDescr(rel), &isnull);

		found |= !isnull && DatumGetInt16(number) == column;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * protaddr_declared_free tells whether a column is declared free of addresses: of its own
 * table, or of a partitioned one that it is a part of.
 */
bool
protaddr_declared_free(Oid relation, AttrNumber column)
{
	char	   *name;
	ListCell   *cell;

	if (declared_so(relation, column))
		return true;
	name = get_rel_relispartition(relation) ? get_attname(relation, column, true) : NULL;
	if (name == NULL)
		return false;
	foreach(cell, get_partition_ancestors(relation))
	{
		AttrNumber	there = get_attnum(lfirst_oid(cell), name);

		if (there != InvalidAttrNumber && declared_so(lfirst_oid(cell), there))
			return true;
	}
	return false;
}

/* ---- functions ---------------------------------------------------------------------------------- */

static Datum
definition_of(Oid function)
{
	/* aggregates and window functions have none that could be given */
	if (get_func_prokind(function) != PROKIND_FUNCTION)
		return (Datum) 0;
	return DirectFunctionCall1(md5_text, OidFunctionCall1(F_PG_GET_FUNCTIONDEF, ObjectIdGetDatum(function)));
}

/* protaddr_declared_safe tells whether a function is declared safe as it is defined now. */
bool
protaddr_declared_safe(Oid function)
{
	Relation	rel;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	bool		found = false;
	Datum		definition = 0;

	rel = table_open(protaddr_table(PROTADDR_SAFE_FUNCTION), AccessShareLock);
	ScanKeyInit(&key, SAFE_FUNCTION, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(format_procedure_qualified(function)));
	key.sk_collation = C_COLLATION_OID;
	scan = systable_beginscan(rel, protaddr_table_index(PROTADDR_SAFE_FUNCTION), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		declared = heap_getattr(tuple, SAFE_DEFINITION, RelationGetDescr(rel), &isnull);

		if (!isnull && definition == 0)
			definition = definition_of(function);
		found |= !isnull && definition != 0 && DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, declared, definition));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* protaddr_function_definition is protaddr.function_definition(oid). */
Datum
protaddr_function_definition(PG_FUNCTION_ARGS)
{
	Datum		definition = SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(PG_GETARG_OID(0))) ?
	definition_of(PG_GETARG_OID(0)) : (Datum) 0;

	if (definition == (Datum) 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(definition);
}

/* protaddr_function_name is protaddr.function_name(oid). */
Datum
protaddr_function_name(PG_FUNCTION_ARGS)
{
	if (!SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(PG_GETARG_OID(0))))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(format_procedure_qualified(PG_GETARG_OID(0))));
}
