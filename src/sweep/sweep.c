/*
 * sweep.c
 *		How does a sweep get through what is stored, whatever interrupts it?
 *
 * Table by table, and each in batches of blocks that are committed one by one, with what
 * was found in them and with where to go on.  A row that somebody updates meanwhile may
 * move to where the sweep has been already; so a table ends with one look, in a single
 * snapshot, at all rows that were written since it was begun.  Whatever was there then has
 * been looked at.
 *
 * Rows are read as VACUUM reads them, by a caller who may read the whole table; no code of
 * anybody's runs.  They are written by write.c, with the caller's rights.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"
#include "sweep/sweep_int.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/progress.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(protaddr_sweep);

/* progress of COPY that shows in protaddr.sweep_progress */
#define PROGRESS_ROWS		10
#define PROGRESS_FOUND		11
#define PROGRESS_CHANGED	12
#define PROGRESS_RUN		13
#define PROGRESS_IS_SWEEP	15

#define NOTICE_EVERY_MS		10000

#define WHY_TEMPORARY	"it is a temporary table of another session"
#define WHY_NO_SELECT	"no privilege to read it"
#define WHY_ROW_SECURITY "row security hides rows of it: sweep as its owner, or as a role with BYPASSRLS"
#define WHY_IS_GONE		"it does not exist any more, or has another name"

typedef struct Sweep
{
	ProtaddrSweepRun run;
	int			batch;
	double		pause;			/* ms */
	TimestampTz began;
	TimestampTz told;
	/* by this session */
	int64		rows;
	int64		found;
	int64		changed;
} Sweep;

/* ---- which tables ---------------------------------------------------------------------- */

/* could_hold tells whether a relation has a column that could hold an address. */
static bool
could_hold(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			(protaddr_type_holds_text(TupleDescAttr(desc, i)->atttypid) ||
			 protaddr_type_holds_address(TupleDescAttr(desc, i)->atttypid)))
			return true;
	return false;
}

/* add_relation puts a relation on the list, if it has rows that could hold an address. */
static void
add_relation(const Sweep *sweep, Oid relation)
{
	Relation	rel = try_relation_open(relation, AccessShareLock);
	char		kind;

	if (rel == NULL)
		return;
	kind = rel->rd_rel->relkind;
	if ((kind == RELKIND_RELATION || kind == RELKIND_MATVIEW || kind == RELKIND_FOREIGN_TABLE) && could_hold(rel))
		protaddr_sweep_add_table(&sweep->run, relation, kind == RELKIND_FOREIGN_TABLE ? PROTADDR_SWEEP_FOREIGN : NULL);
	relation_close(rel, AccessShareLock);
}

static void
check_may_read(Oid relation)
{
	protaddr_check_privilege(relation, ACL_SELECT);
}

static void
add_tree(const Sweep *sweep, Oid root)
{
	Relation	rel = protaddr_open_permitted(root, AccessShareLock, check_may_read);
	ListCell   *cell;

	if (!RELKIND_HAS_STORAGE(rel->rd_rel->relkind) && rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE &&
		rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table or materialized view", RelationGetRelationName(rel))));
	if (NameStr(sweep->run.time_column)[0] != '\0' &&
		get_attnum(root, NameStr(sweep->run.time_column)) == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of \"%s\" does not exist", NameStr(sweep->run.time_column),
						RelationGetRelationName(rel))));
	relation_close(rel, NoLock);
	foreach(cell, find_all_inheritors(root, AccessShareLock, NULL))
		add_relation(sweep, lfirst_oid(cell));
}

/* add_all adds the relations of a schema, or of all but the system's and ours. */
static void
add_all(const Sweep *sweep, Oid schema)
{
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *relations = NIL;
	ListCell   *cell;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class class = (Form_pg_class) GETSTRUCT(tuple);

		if (OidIsValid(schema) ? class->relnamespace == schema :
			class->oid >= FirstNormalObjectId && class->relpersistence != RELPERSISTENCE_TEMP &&
			!protaddr_is_own_relation(class->oid) && !isAnyTempNamespace(class->relnamespace))
			relations = lappend_oid(relations, class->oid);
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
	list_sort(relations, list_oid_cmp);
	foreach(cell, relations)
		add_relation(sweep, lfirst_oid(cell));
}

/* ---- one table --------------------------------------------------------------------------- */

/* may_read tells whether the caller may read a whole table, or one that it is a partition of. */
static bool
may_read(Oid relation)
{
	List	   *asked = get_rel_relispartition(relation) ? get_partition_ancestors(relation) : NIL;
	ListCell   *cell;

	asked = lcons_oid(relation, asked);
	foreach(cell, asked)
		if (pg_class_aclcheck(lfirst_oid(cell), GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	return false;
}

/* why_not_readable says why the caller may not, or cannot, search a table; NULL: it can be. */
static const char *
why_not_readable(Oid relation)
{
	if (!may_read(relation))
		return WHY_NO_SELECT;
	if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED)
		return WHY_ROW_SECURITY;
	return NULL;
}

/* horizon_now gives the oldest transaction that may still write what a snapshot does not see. */
static uint64
horizon_now(void)
{
	FullTransactionId next = ReadNextFullTransactionId();
	TransactionId xmin = GetActiveSnapshot()->xmin;

	return U64FromFullTransactionId(next) - (uint32) (XidFromFullTransactionId(next) - xmin);
}

/* is_since tells whether a row may have been written since the horizon. */
static bool
is_since(HeapTuple row, uint64 horizon)
{
	uint64		next = U64FromFullTransactionId(ReadNextFullTransactionId());
	TransactionId xmin = HeapTupleHeaderGetXmin(row->t_data);

	/* what is frozen is old; what has no transaction here nobody can tell */
	if (xmin == FrozenTransactionId || xmin == BootstrapTransactionId)
		return false;
	if (!TransactionIdIsNormal(xmin) || horizon > next || next - horizon > MaxTransactionId / 2)
		return true;
	return TransactionIdFollowsOrEquals(xmin, (TransactionId) horizon);
}

/* begin_table begins a table, or begins it anew if it was rewritten since. */
static void
begin_table(const Sweep *sweep, ProtaddrSweepItem *item, Relation rel)
{
	if (item->begun && item->filenode == rel->rd_rel->relfilenode)
		return;
	if (item->begun)
		protaddr_sweep_forget_finds(&sweep->run, item->relation);
	item->begun = true;
	item->next_block = 0;
	item->blocks = RelationGetNumberOfBlocks(rel);
	item->filenode = rel->rd_rel->relfilenode;
	item->horizon = horizon_now();
	item->rows = 0;
}

/*
 * change_row writes a row anew; gives the change, or 0 and why there is none.  is_gone: because
 * somebody else has changed it since.
 */
static int64
change_row(const Sweep *sweep, Relation rel, HeapTuple old, HeapTuple redacted, ItemPointer tid,
		   const Bitmapset *columns, const char *key, const char **why_not, bool *is_gone)
{
	ItemPointerData now;

	*why_not = NULL;
	*is_gone = false;
	if (key == NULL)
		*why_not = PROTADDR_SWEEP_NO_KEY;
	else if (!protaddr_sweep_may_update(RelationGetRelid(rel)))
		*why_not = PROTADDR_SWEEP_NO_PRIVILEGE;
	else if (!protaddr_sweep_lock(rel, tid))
	{
		*is_gone = true;
		*why_not = PROTADDR_SWEEP_CHANGED_MEANWHILE;
	}
	else
		*why_not = protaddr_sweep_write(rel, redacted, tid, columns, true, &now);
	return *why_not != NULL ? 0 : protaddr_sweep_keep_change(&sweep->run, rel, old, redacted, columns, key);
}

/*
 * look_to_redact looks again at a row in which something was found, to take it out: the domains
 * of its columns are asked, and may refuse.
 */
static List *
look_to_redact(const ProtaddrSwept *swept, HeapTuple row, List *finds, HeapTuple *redacted, Bitmapset **columns)
{
	ProtaddrApart apart;
	List	   *volatile found = finds;

	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		found = protaddr_sweep_look(swept, row, redacted, columns);
		protaddr_apart_end(&apart, true);
	}
	PG_CATCH();
	{
		ErrorData  *error = protaddr_apart_failed(&apart);
		ListCell   *cell;

		if (protaddr_sweep_ends_by(error))
			ReThrowError(error);
		*redacted = NULL;
		foreach(cell, finds)
		{
			ProtaddrSweepFind *find = lfirst(cell);

			if (find->why_not == NULL)
				find->why_not = protaddr_sweep_why_refused(error);
		}
	}
	PG_END_TRY();
	return found;
}

/*
 * look_at_row notes what stands in a row, and has it changed.  A row that somebody else has
 * changed is left to the last look, which is after them.
 */
static void
look_at_row(Sweep *sweep, const ProtaddrSwept *swept, TupleTableSlot *slot, bool last)
{
	bool		to_free;
	HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, &to_free);
	HeapTuple	redacted = NULL;
	Bitmapset  *columns = NULL;
	ItemPointerData tid = slot->tts_tid;
	List	   *finds;
	ListCell   *cell;
	char	   *key;
	int64		change = 0;

	if (!protaddr_sweep_is_in_time(swept, &sweep->run, row))
		return;
	finds = protaddr_sweep_look(swept, row, NULL, NULL);
	if (finds == NIL)
		return;
	/* what is written is written from here, not from the page */
	row = heap_copytuple(row);
	if (sweep->run.action == PROTADDR_SWEEP_REDACT)
		finds = look_to_redact(swept, row, finds, &redacted, &columns);
	key = protaddr_sweep_key(swept, row, finds);
	if (redacted != NULL)
	{
		const char *why_not;
		bool		is_gone;

		change = change_row(sweep, swept->rel, row, redacted, &tid, columns, key, &why_not, &is_gone);
		if (is_gone && !last)
			return;
		sweep->changed += change != 0;
		foreach(cell, finds)
		{
			ProtaddrSweepFind *find = lfirst(cell);

			if (find->is_cut && why_not != NULL)
				find->why_not = why_not;
		}
	}
	foreach(cell, finds)
	{
		const ProtaddrSweepFind *find = lfirst(cell);
		ProtaddrSweepFind noted = *find;

		/* a report has nothing to do */
		if (sweep->run.action == PROTADDR_SWEEP_REPORT)
			noted.why_not = NULL;
		sweep->found += protaddr_sweep_note(&sweep->run, swept->rel, &noted, key, &tid,
											find->is_cut && find->why_not == NULL ? change : 0);
	}
}

/* note_unreadable puts a row on the list of what is to do that cannot be looked at. */
static void
note_unreadable(Sweep *sweep, const ProtaddrSwept *swept, ItemPointer tid, const ErrorData *error)
{
	ProtaddrSweepFind find = {
		.why_not = psprintf("the row cannot be read (SQLSTATE %s)", unpack_sql_state(error->sqlerrcode))
	};

	for (int i = 0; i < swept->texts.ntexts; i++)
		find.columns = bms_add_member(find.columns, swept->texts.texts[i].number);
	(void) protaddr_sweep_note(&sweep->run, swept->rel, &find, NULL, tid, 0);
}

/* look_carefully looks at a row that may not be readable. */
static void
look_carefully(Sweep *sweep, const ProtaddrSwept *swept, TupleTableSlot *slot, bool last)
{
	ProtaddrApart apart;
	ItemPointerData tid = slot->tts_tid;

	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		look_at_row(sweep, swept, slot, last);
		protaddr_apart_end(&apart, true);
	}
	PG_CATCH();
	{
		ErrorData  *error = protaddr_apart_failed(&apart);

		if (protaddr_sweep_ends_by(error))
			ReThrowError(error);
		note_unreadable(sweep, swept, &tid, error);
	}
	PG_END_TRY();
}

/*
 * look_at_blocks looks at rows from a block on, until a batch is full.  last: at all that
 * were written since the table was begun.
 */
static void
look_at_blocks(Sweep *sweep, const ProtaddrSwept *swept, ProtaddrSweepItem *item, bool last, bool carefully)
{
	TupleTableSlot *slot = table_slot_create(swept->rel, NULL);
	BlockNumber blocks = last ? RelationGetNumberOfBlocks(swept->rel) : item->blocks;
	BlockNumber at = InvalidBlockNumber;
	TableScanDesc scan;
	ItemPointerData first;
	ItemPointerData end;
	int			done = 0;

	if (!last && item->next_block >= blocks)
	{
		ExecDropSingleTupleTableSlot(slot);
		return;
	}
	ItemPointerSet(&first, last ? 0 : item->next_block, FirstOffsetNumber);
	ItemPointerSet(&end, Max(blocks, 1) - 1, MaxOffsetNumber);
	scan = table_beginscan_tidrange(swept->rel, GetActiveSnapshot(), &first, &end);
	if (!last)
		item->next_block = blocks;
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
	{
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		if (last)
		{
			bool		to_free;

			if (!is_since(ExecFetchSlotHeapTuple(slot, false, &to_free), item->horizon))
				continue;
		}
		else if (ItemPointerGetBlockNumber(&slot->tts_tid) != at)
		{
			at = ItemPointerGetBlockNumber(&slot->tts_tid);
			if (done >= sweep->batch)
			{
				item->next_block = at;
				break;
			}
		}
		old = MemoryContextSwitchTo(swept->per_row);
		if (carefully)
			look_carefully(sweep, swept, slot, last);
		else
			look_at_row(sweep, swept, slot, last);
		MemoryContextSwitchTo(old);
		MemoryContextReset(swept->per_row);
		done++;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	sweep->rows += done;
	/* a row that is looked at again is one row */
	item->rows += last ? 0 : done;
}

/* look_at_batch looks at a batch: row by row, each on its own, if one of them cannot be read. */
static void
look_at_batch(Sweep *sweep, const ProtaddrSwept *swept, ProtaddrSweepItem *item, bool last)
{
	ProtaddrApart apart;
	Sweep		sweep_before = *sweep;
	ProtaddrSweepItem item_before = *item;
	volatile bool done = false;

	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		look_at_blocks(sweep, swept, item, last, false);
		done = true;
		protaddr_apart_end(&apart, true);
	}
	PG_CATCH();
	{
		ErrorData  *error = protaddr_apart_failed(&apart);

		if (done || protaddr_sweep_ends_by(error))
			ReThrowError(error);
	}
	PG_END_TRY();
	if (done)
		return;
	*sweep = sweep_before;
	*item = item_before;
	MemoryContextReset(swept->per_row);
	look_at_blocks(sweep, swept, item, last, true);
}

/* one_batch does a batch of a table in a transaction of its own; false at the table's end. */
static bool
one_batch(Sweep *sweep, ProtaddrSweepItem *item)
{
	Oid			relation = protaddr_sweep_relation(item->relation);
	Relation	rel;
	ProtaddrSwept swept;
	const char *why_not = NULL;
	bool		last = false;
	int			level;

	PushActiveSnapshot(GetTransactionSnapshot());
	rel = OidIsValid(relation) && (why_not = why_not_readable(relation)) == NULL ?
		try_relation_open(relation, AccessShareLock) : NULL;
	if (rel == NULL)
		protaddr_sweep_keep(item, true, why_not != NULL ? why_not : WHY_IS_GONE);
	else if ((why_not = why_not_readable(relation)) != NULL)
		protaddr_sweep_keep(item, true, why_not);
	else if (rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_MATVIEW)
		/* something else has its name now */
		protaddr_sweep_keep(item, true, why_not = WHY_IS_GONE);
	else if (RELATION_IS_OTHER_TEMP(rel))
		protaddr_sweep_keep(item, true, why_not = WHY_TEMPORARY);
	else if (!protaddr_sweep_open(rel, &sweep->run, &swept))
		protaddr_sweep_keep(item, last = true, NULL);
	else
	{
		level = protaddr_plain_settings();
		swept.per_row = AllocSetContextCreate(CurrentMemoryContext, "protaddr swept row", ALLOCSET_DEFAULT_SIZES);
		begin_table(sweep, item, rel);
		last = item->next_block >= item->blocks;
		look_at_batch(sweep, &swept, item, last);
		MemoryContextDelete(swept.per_row);
		AtEOXact_GUC(false, level);
		protaddr_sweep_keep(item, last, NULL);
	}
	if (rel != NULL)
		relation_close(rel, NoLock);
	PopActiveSnapshot();
	return rel != NULL && why_not == NULL && !last;
}

/* protaddr_sweep_rest lets others have the machine for so many milliseconds. */
void
protaddr_sweep_rest(double pause)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pause);

	for (;;)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);

		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
			return;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/* protaddr_sweep_show shows how far it is, in protaddr.sweep_progress. */
void
protaddr_sweep_show(const ProtaddrSweepRun *run, int64 rows, int64 found, int64 changed)
{
	pgstat_progress_update_param(PROGRESS_IS_SWEEP, 3);
	pgstat_progress_update_param(PROGRESS_RUN, run->run);
	pgstat_progress_update_param(PROGRESS_ROWS, rows);
	pgstat_progress_update_param(PROGRESS_FOUND, found);
	pgstat_progress_update_param(PROGRESS_CHANGED, changed);
}

static void
tell_progress(Sweep *sweep, const ProtaddrSweepItem *item)
{
	TimestampTz now = GetCurrentTimestamp();

	protaddr_sweep_show(&sweep->run, sweep->rows, sweep->found, sweep->changed);
	if (!TimestampDifferenceExceeds(sweep->told, now, NOTICE_EVERY_MS))
		return;
	sweep->told = now;
	ereport(NOTICE,
			(errmsg("sweep %lld: " INT64_FORMAT " rows searched, %.0f a second; " INT64_FORMAT " addresses found, " INT64_FORMAT " rows changed; at %s, %.0f %%",
					(long long) sweep->run.run, sweep->rows,
					sweep->rows / Max((now - sweep->began) / 1000000.0, 0.001), sweep->found, sweep->changed,
					item->relation, item->blocks == 0 ? 100.0 : 100.0 * item->next_block / item->blocks)));
}

/* sweep_all searches all tables that nobody else is at. */
static void
sweep_all(Sweep *sweep)
{
	ProtaddrSweepItem item;

	while (protaddr_sweep_claim(&sweep->run, &item))
	{
		bool		more = true;

		pgstat_progress_start_command(PROGRESS_COMMAND_COPY, protaddr_sweep_relation(item.relation));
		protaddr_sweep_show(&sweep->run, sweep->rows, sweep->found, sweep->changed);
		while (more)
		{
			more = one_batch(sweep, &item);
			SPI_commit();
			tell_progress(sweep, &item);
			protaddr_sweep_rest(sweep->pause);
		}
		protaddr_sweep_release(&item);
	}
	pgstat_progress_end_command();
}

static void
tell_result(const Sweep *sweep)
{
	int64		found;
	int64		doubtful;
	int64		changed;
	int64		to_do;
	int			left = protaddr_sweep_tables_left(&sweep->run);
	double		seconds = (GetCurrentTimestamp() - sweep->began) / 1000000.0;

	protaddr_sweep_count(&sweep->run, &found, &doubtful, &changed, &to_do);
	ereport(NOTICE,
			(errmsg("sweep %lld: " INT64_FORMAT " rows searched in %.1f s", (long long) sweep->run.run, sweep->rows, seconds),
			 errdetail("In all so far: " INT64_FORMAT " addresses found, and " INT64_FORMAT " doubtful; " INT64_FORMAT " taken out, " INT64_FORMAT " left to do.",
					   found, doubtful, changed, to_do),
			 errhint("See protaddr.sweep_status, protaddr.sweep_report and protaddr.sweep_todo.")));
	if (left > 0)
		ereport(NOTICE,
				(errmsg("tables of the sweep that other sessions are at: %d", left)));
}

/* ---- what it is told ------------------------------------------------------------------------ */

static void
refuse(const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", what), hint == NULL ? 0 : errhint("%s", hint)));
}

/* begin makes a new sweep of what the arguments say, and lists its tables. */
static void
begin(Sweep *sweep, FunctionCallInfo fcinfo)
{
	Oid			relation = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	Oid			schema = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
	char	   *action = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5));

	if (action == NULL || !protaddr_sweep_action(action, &sweep->run.action) || sweep->run.action == PROTADDR_SWEEP_REGATE)
		refuse("a sweep either reports or redacts", "action => 'report', or 'redact'.");
	if (OidIsValid(relation) && OidIsValid(schema))
		refuse("a sweep is of a table, a schema or the database", NULL);
	if (OidIsValid(schema) && (isAnyTempNamespace(schema) || get_namespace_name(schema) == NULL))
		refuse("the schema does not exist, or is one of temporary tables", NULL);
	if (OidIsValid(schema) && schema == get_namespace_oid("protaddr", true))
		refuse("the schema of protaddr holds no texts of yours", NULL);
	sweep->run.since = PG_ARGISNULL(3) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(3);
	sweep->run.until = PG_ARGISNULL(4) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(4);
	if (!PG_ARGISNULL(2))
		namestrcpy(&sweep->run.time_column, NameStr(*PG_GETARG_NAME(2)));
	else if (!PG_ARGISNULL(3) || !PG_ARGISNULL(4))
		refuse("since and until need the column that says when a row is from", "sweep(..., time_column => 'booked_at', since => ...)");

	protaddr_sweep_begin(&sweep->run, OidIsValid(relation) ? psprintf("table %s", protaddr_existing_name(relation)) :
						 OidIsValid(schema) ? psprintf("schema %s", quote_identifier(get_namespace_name(schema))) : "database");
	if (OidIsValid(relation))
		add_tree(sweep, relation);
	else
		add_all(sweep, schema);
}

/*
 * protaddr_sweep_call refuses a call in a transaction block, and gives the type of what the
 * procedure returns.
 */
TupleDesc
protaddr_sweep_call(FunctionCallInfo fcinfo, const char *name)
{
	CallContext *call = (CallContext *) fcinfo->context;
	TupleDesc	desc;

	if (call == NULL || !IsA(call, CallContext) || call->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s commits and cannot run inside a transaction block or function", name)));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return BlessTupleDesc(CreateTupleDescCopy(desc));
}

/* protaddr_sweep_pace reads the arguments batch_size and pause, which follow each other. */
void
protaddr_sweep_pace(FunctionCallInfo fcinfo, int at, int *batch, double *pause)
{
	if (PG_ARGISNULL(at) || PG_GETARG_INT32(at) <= 0 || PG_ARGISNULL(at + 1))
		refuse("a batch of at least one row, and a pause, must be given", NULL);
	*batch = PG_GETARG_INT32(at);
	*pause = 1000.0 * DatumGetFloat8(DirectFunctionCall2(interval_part, CStringGetTextDatum("epoch"), PG_GETARG_DATUM(at + 1)));
	if (*pause < 0 || *pause > 1000.0 * SECS_PER_DAY)
		refuse("a pause is between nothing and a day", NULL);
}

/* protaddr_sweep is the procedure protaddr.sweep(...). */
Datum
protaddr_sweep(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Sweep		sweep;
	Datum		result;
	bool		isnull = false;

	desc = protaddr_sweep_call(fcinfo, "protaddr.sweep()");
	memset(&sweep, 0, sizeof(sweep));
	protaddr_sweep_pace(fcinfo, 6, &sweep.batch, &sweep.pause);
	sweep.began = sweep.told = GetCurrentTimestamp();

	SPI_connect_ext(SPI_OPT_NONATOMIC);
	PushActiveSnapshot(GetTransactionSnapshot());
	if (PG_ARGISNULL(8))
		begin(&sweep, fcinfo);
	else if (!PG_ARGISNULL(0) || !PG_ARGISNULL(1) || !PG_ARGISNULL(2) || !PG_ARGISNULL(3) || !PG_ARGISNULL(4))
		refuse("a sweep goes on with what it was told when it began", "CALL protaddr.sweep(run => ...)");
	else if (!protaddr_sweep_find_run(PG_GETARG_INT64(8), &sweep.run) || sweep.run.action == PROTADDR_SWEEP_REGATE)
		refuse("no sweep has this number", "See protaddr.sweep_status.");
	PopActiveSnapshot();
	SPI_commit();
	ereport(NOTICE,
			(errmsg("sweep %lld: %d tables to search", (long long) sweep.run.run, protaddr_sweep_tables_left(&sweep.run)),
			 errhint("If it is interrupted: CALL protaddr.sweep(run => %lld). The same in other sessions makes them take part.",
					 (long long) sweep.run.run)));
	sweep_all(&sweep);
	SPI_finish();
	PushActiveSnapshot(GetTransactionSnapshot());
	tell_result(&sweep);
	PopActiveSnapshot();
	result = Int64GetDatum(sweep.run.run);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, &result, &isnull)));
}
