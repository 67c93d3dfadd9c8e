/*
 * execute.c
 *		Where is an export read, made or changed?
 *
 * Whatever reads one asks for the permission to, and is judged there: queries of every kind,
 * COPY, cursors, REFRESH, plans of others, statements inside functions.  A cursor may be
 * open for long, so each run of its query is judged again, and while one runs, this session
 * changes no function and no view.  A view is judged when it is made, too: so its author
 * hears of it, and not whoever reads it at night.
 */
#include "postgres.h"

#include "clearance/clearance.h"
#include "export/export_int.h"
#include "gate/gate.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static bool preloaded = false;
static int	reading = 0;		/* runs of queries that read exports, one inside the other */

PG_FUNCTION_INFO_V1(protaddr_exports_are_kept);

static void execute_start(void);
static bool execute_check_perms(List *asked, bool ereport_on_violation);
static void execute_start_of(QueryDesc *query);
static bool execute_run(QueryDesc *query);
static bool execute_finish(QueryDesc *query);
static void execute_ran(QueryDesc *query, bool failed);
static void execute_ending(QueryDesc *query);
static void execute_utility(ProtaddrUtility *command);
static void execute_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg);
static void execute_xact_end(void);

const ProtaddrPart protaddr_export_execute_part = {
	.start = execute_start,
	.xact_end = execute_xact_end,
	.object_access = execute_object_access,
	.check_perms = execute_check_perms,
	.executor_start = execute_start_of,
	.executor_run = execute_run,
	.executor_finish = execute_finish,
	.executor_ran = execute_ran,
	.executor_ending = execute_ending,
	.utility = execute_utility,
};

static void
execute_start(void)
{
	preloaded = process_shared_preload_libraries_in_progress;
}

/* An error may leave a run without passing its end. */
static void
execute_xact_end(void)
{
	reading = 0;
}

/* ---- readings ------------------------------------------------------------------------------------- */

static void
refuse_unless_kept(Oid relation)
{
	if (!preloaded)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("export %s cannot be read: protaddr is not in shared_preload_libraries", protaddr_qualified_name(relation)),
				 errdetail("A session that has not used protaddr yet would read it unseen."),
				 errhint("Add protaddr to shared_preload_libraries and restart the server.")));
}

static void
refuse_column(Oid relation, int column)
{
	AttrNumber	number = column + FirstLowInvalidHeapAttributeNumber;
	char	   *name = number == InvalidAttrNumber ? NULL : get_attname(relation, number, true);

	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 name == NULL ? errmsg("export %s cannot be read as a whole row", protaddr_qualified_name(relation)) :
			 errmsg("column \"%s\" is not among the columns of export %s", name, protaddr_qualified_name(relation)),
			 errhint("Name the columns that protaddr.export_status tells.")));
}

/* What a transaction has let out it does not get to see before it is committed, on record. */
static void
refuse_here(Oid relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("export %s cannot be read in a transaction that has changed what may leave", protaddr_qualified_name(relation)),
			 errhint("Commit first.")));
}

/* Whoever is shown what an export must not hold could put it there. */
static void
refuse_unlocked(Oid relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("export %s cannot be read in a transaction that has been unlocked", protaddr_qualified_name(relation)),
			 errhint("Read it in a transaction of its own.")));
}

/* check_reading refuses what may not be read, and transactions that may read no export. */
static void
check_reading(const ProtaddrVerdict *verdict, const Bitmapset *columns)
{
	int			column = -1;

	refuse_unless_kept(verdict->relation);
	if (protaddr_relaxed_here())
		refuse_here(verdict->relation);
	if (protaddr_unlocked_here())
		refuse_unlocked(verdict->relation);
	if (verdict->refused)
		protaddr_refuse_export(verdict);
	if (verdict->all_columns)
		return;
	while ((column = bms_next_member(columns, column)) >= 0)
		if (column + FirstLowInvalidHeapAttributeNumber >= 0 && !bms_is_member(column, verdict->columns))
			refuse_column(verdict->relation, column);
}

/* asks_exports is true unless a list of what a statement asks to read is to be believed as it is. */
static bool
asks_exports(void)
{
	/* a worker does what its leader was allowed to */
	return !IsParallelWorker() && !IsBinaryUpgrade && protaddr_exports_any();
}

/* verdict_on gives the verdict on what an element asks to read; NULL if that is no export. */
static const ProtaddrVerdict *
verdict_on(const void *element)
{
	Oid			relation;
	AclMode		perms;
	const ProtaddrVerdict *verdict;

	protaddr_asked(element, &relation, &perms);
	if ((perms & ACL_SELECT) == 0)
		return NULL;
	verdict = protaddr_verdict(relation);
	return unlikely(verdict->is_export) ? verdict : NULL;
}

/* judge_asked judges every export that a statement asks to read, and gives the verdict on each once. */
static List *
judge_asked(List *asked)
{
	ListCell   *cell;
	List	   *verdicts = NIL;

	if (!asks_exports())
		return NIL;
	foreach(cell, asked)
	{
		const ProtaddrVerdict *verdict = verdict_on(lfirst(cell));

		if (verdict == NULL)
			continue;
		check_reading(verdict, protaddr_asked_columns(lfirst(cell)));
		verdicts = list_append_unique_ptr(verdicts, (void *) verdict);
	}
	return verdicts;
}

/* The error says more than "no", so it is raised also for who would rather be told. */
static bool
execute_check_perms(List *asked, bool ereport_on_violation)
{
	list_free(judge_asked(asked));
	return true;
}

/* execute_start_of has the steps of a statement that reads exports count their rows. */
static void
execute_start_of(QueryDesc *query)
{
	ListCell   *cell;

	protaddr_reading_starts(query);
	if (!asks_exports())
		return;
	foreach(cell, protaddr_asked_of_plan(query->plannedstmt))
	{
		if (verdict_on(lfirst(cell)) == NULL)
			continue;
		query->instrument_options |= INSTRUMENT_ROWS;
		break;
	}
}

static bool
runs(QueryDesc *query, bool finishing)
{
	List	   *verdicts = judge_asked(protaddr_asked_of_plan(query->plannedstmt));

	if (verdicts == NIL)
		return false;
	protaddr_reading_runs(query, verdicts, finishing);
	list_free(verdicts);
	reading++;
	return true;
}

static bool
execute_run(QueryDesc *query)
{
	return runs(query, false);
}

/* What WITH writes is read to its end behind the last row. */
static bool
execute_finish(QueryDesc *query)
{
	return query->estate->es_auxmodifytables != NIL && runs(query, true);
}

static void
execute_ran(QueryDesc *query, bool failed)
{
	if (reading > 0)
		reading--;
	protaddr_reading_ran(query, failed);
}

static void
execute_ending(QueryDesc *query)
{
	protaddr_reading_ends(query);
}

/* ---- definitions ------------------------------------------------------------------------------------ */

/* is_of_view tells whether a rule, perhaps made just now, is of a view; a materialized one may be made of what is read. */
static bool
is_of_view(Oid rule)
{
	Relation	rel = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		of_view = true;

	ScanKeyInit(&key, Anum_pg_rewrite_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(rule));
	scan = systable_beginscan(rel, RewriteOidIndexId, true, SnapshotSelf, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		of_view = get_rel_relkind(((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class) != RELKIND_MATVIEW;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return of_view;
}

static void
execute_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (likely(reading == 0) || (access != OAT_POST_CREATE && access != OAT_POST_ALTER) ||
		(class != ProcedureRelationId && (class != RewriteRelationId || !is_of_view(object))))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("functions and views cannot be made or changed while an export is being read"),
			 errdetail("The reading was judged by what they were when it began.")));
}

/* judge_view raises an error if a view that a command has made is an export that would be refused. */
static void
judge_view(const RangeVar *name)
{
	Oid			relation = RangeVarGetRelid(name, NoLock, true);
	const ProtaddrVerdict *verdict;

	if (!OidIsValid(relation))
		return;
	CommandCounterIncrement();
	verdict = protaddr_verdict(relation);
	if (verdict->is_export && verdict->refused)
		protaddr_refuse_export(verdict);
}

/* What a command is about to rename: an export, or a schema in which there are some. */
typedef struct Renamed
{
	Oid			relation;
	char	   *schema;
	char	   *name;			/* of its declaration; empty: it is the schema's */
} Renamed;

/* about_to_rename notes what a command renames or moves to another schema; false if no export. */
static bool
about_to_rename(Node *parsetree, Renamed *renamed)
{
	const RangeVar *name = NULL;
	const ProtaddrExport *export;

	renamed->relation = InvalidOid;
	if (IsA(parsetree, RenameStmt))
	{
		RenameStmt *rename = (RenameStmt *) parsetree;

		if (rename->renameType == OBJECT_SCHEMA)
		{
			renamed->schema = rename->subname;
			return true;
		}
		if (rename->subname == NULL)
			name = rename->relation;
	}
	else if (IsA(parsetree, AlterObjectSchemaStmt))
		name = ((AlterObjectSchemaStmt *) parsetree)->relation;
	if (name == NULL)
		return false;
	renamed->relation = RangeVarGetRelid(name, NoLock, true);
	export = OidIsValid(renamed->relation) ? protaddr_export_of(renamed->relation) : NULL;
	if (export == NULL)
		return false;
	renamed->schema = pstrdup(export->schema);
	renamed->name = pstrdup(export->relation);
	return true;
}

/* keep_declared declares it under its new name, too. */
static void
keep_declared(Node *parsetree, const Renamed *renamed)
{
	const ProtaddrExport *is;

	CommandCounterIncrement();
	if (!OidIsValid(renamed->relation))
	{
		protaddr_export_follow(renamed->schema, NULL, ((RenameStmt *) parsetree)->newname, NULL);
		return;
	}
	is = protaddr_export_of(renamed->relation);
	if ((is == NULL || (is->relation[0] == '\0' && renamed->name[0] != '\0')) && get_rel_name(renamed->relation) != NULL)
		protaddr_export_follow(renamed->schema, renamed->name,
							   get_namespace_name(get_rel_namespace(renamed->relation)), get_rel_name(renamed->relation));
}

/* columns_of gives the columns that COPY without a list takes. */
static List *
columns_of(Oid table)
{
	Relation	rel = table_open(table, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *columns = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0')
			columns = lappend(columns, makeString(pstrdup(NameStr(att->attname))));
	}
	table_close(rel, AccessShareLock);
	return columns;
}

/*
 * copy_as_query has COPY of a table that is an export read it by a query, as PostgreSQL does
 * itself where rows have policies: so the executor sees it, and counts.
 */
static void
copy_as_query(ProtaddrUtility *command)
{
	CopyStmt   *copy = (CopyStmt *) command->statement->utilityStmt;
	Oid			table;
	SelectStmt *select;
	List	   *columns;
	ListCell   *cell;

	if (copy->is_from || copy->relation == NULL)
		return;
	table = RangeVarGetRelid(copy->relation, AccessShareLock, true);	/* as COPY does */
	if (!OidIsValid(table) || !protaddr_can_be_copied(get_rel_relkind(table)) || !protaddr_verdict(table)->is_export)
		return;

	command->statement = copyObject(command->statement);
	copy = (CopyStmt *) command->statement->utilityStmt;
	columns = copy->attlist != NIL ? copy->attlist : columns_of(table);
	select = makeNode(SelectStmt);
	foreach(cell, columns)
	{
		ColumnRef  *column = makeNode(ColumnRef);
		ResTarget  *target = makeNode(ResTarget);

		column->fields = list_make1(lfirst(cell));
		column->location = -1;
		target->val = (Node *) column;
		target->location = -1;
		select->targetList = lappend(select->targetList, target);
	}
	copy->relation->inh = false;
	select->fromClause = list_make1(copy->relation);
	copy->relation = NULL;
	copy->attlist = NIL;
	copy->query = (Node *) select;
}

static void
execute_utility(ProtaddrUtility *command)
{
	Node	   *parsetree = command->statement->utilityStmt;
	bool		any = (IsA(parsetree, RenameStmt) || IsA(parsetree, AlterObjectSchemaStmt) || IsA(parsetree, ViewStmt)) &&
	!IsBinaryUpgrade && IsTransactionState() && protaddr_exports_any();
	Renamed		renamed = {0};

	if (IsA(parsetree, CopyStmt) && IsTransactionState() && asks_exports())
		copy_as_query(command);
	any = any && (IsA(parsetree, ViewStmt) || about_to_rename(parsetree, &renamed));
	protaddr_utility_go_on(command);
	if (!any)
		return;
	if (IsA(parsetree, ViewStmt))
		judge_view(((ViewStmt *) parsetree)->view);
	else
		keep_declared(parsetree, &renamed);
}

/* protaddr_exports_are_kept is protaddr.exports_are_kept(). */
Datum
protaddr_exports_are_kept(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(preloaded);
}
