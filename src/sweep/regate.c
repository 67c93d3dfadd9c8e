/*
 * regate.c
 *		How do rows that are stored behind a gate pass it again?
 *
 * Those of which verify_gate says that something in them is not released, or that the guard
 * finds an address in their texts: each by an UPDATE that changes nothing, with the rights of
 * the caller and through every trigger there is.  What the gate has made of the row is
 * compared with what stood there, and that is kept sealed, so that it can be put back.
 * Batches are committed one by one.  Whatever interrupts it, the next call begins with the
 * rows that are left.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"
#include "sweep/sweep_int.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(protaddr_regate);

#define FETCHED_ROWS	1000

#define WHY_LOST	"the data key of an address in it is missing, or one was altered"

/* A row that is to pass its gate again. */
typedef struct Row
{
	Oid			relation;
	ItemPointerData tid;
	bool		is_lost;		/* something in it cannot be opened */
} Row;

typedef struct Regate
{
	ProtaddrSweepRun run;
	Oid			root;
	int			batch;
	double		pause;			/* ms */
	MemoryContext context;		/* outlives transactions */
	Row		   *row;
	int64		n;
	Size		room;
	/* what came of them */
	int64		released;		/* values of type protaddr.address */
	int64		withheld;
	int64		texts;			/* messages and texts that are others now */
	int64		unchanged;		/* rows */
	int64		refused;
	int64		gone;
} Regate;

/* ---- which rows --------------------------------------------------------------------------- */

static void
add_row(Regate *regate, Oid relation, ItemPointer tid, bool is_lost)
{
	if ((Size) regate->n == regate->room)
	{
		MemoryContext old = MemoryContextSwitchTo(regate->context);

		regate->room = regate->room == 0 ? 1024 : regate->room * 2;
		regate->row = regate->row == NULL ? palloc(regate->room * sizeof(Row)) :
			repalloc_huge(regate->row, regate->room * sizeof(Row));
		MemoryContextSwitchTo(old);
	}
	regate->row[regate->n].relation = relation;
	regate->row[regate->n].tid = *tid;
	regate->row[regate->n++].is_lost = is_lost;
}

/* add_unreleased adds the rows that verify_gate reports, with its own say on who may call it. */
static void
add_unreleased(Regate *regate)
{
	Oid			types[1] = {REGCLASSOID};
	Datum		values[1] = {ObjectIdGetDatum(regate->root)};
	Portal		cursor = SPI_cursor_open_with_args(NULL,
												   "SELECT partition, row_tid, pg_catalog.bool_or(problem OPERATOR(pg_catalog.=) ANY ('{its data key is missing,was altered after it was sealed}'::pg_catalog.text[]))"
												   " FROM protaddr.verify_gate($1) WHERE row_tid IS NOT NULL GROUP BY partition, row_tid",
												   1, types, values, NULL, true, 0);

	for (;;)
	{
		SPI_cursor_fetch(cursor, true, FETCHED_ROWS);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			HeapTuple	row = SPI_tuptable->vals[i];
			TupleDesc	desc = SPI_tuptable->tupdesc;

			add_row(regate, DatumGetObjectId(SPI_getbinval(row, desc, 1, &isnull)),
					(ItemPointer) DatumGetPointer(SPI_getbinval(row, desc, 2, &isnull)),
					DatumGetBool(SPI_getbinval(row, desc, 3, &isnull)));
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(cursor);
}

static int
by_place(const void *a, const void *b)
{
	const Row  *one = a;
	const Row  *other = b;

	if (one->relation != other->relation)
		return one->relation < other->relation ? -1 : 1;
	return ItemPointerCompare((ItemPointer) &one->tid, (ItemPointer) &other->tid);
}

/* list_rows lists the rows, by where they stand. */
static void
list_rows(Regate *regate)
{
	ListCell   *cell;

	add_unreleased(regate);
	foreach(cell, find_all_inheritors(regate->root, AccessShareLock, NULL))
	{
		Relation	rel = relation_open(lfirst_oid(cell), NoLock);

		if (rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
			protaddr_sweep_add_table(&regate->run, lfirst_oid(cell), PROTADDR_SWEEP_FOREIGN);
		relation_close(rel, NoLock);
	}
	qsort(regate->row, regate->n, sizeof(Row), by_place);
}

/* ---- one row --------------------------------------------------------------------------------- */

/* gate_columns gives the columns that the gate may write. */
static Bitmapset *
gate_columns(const ProtaddrGate *gate, TupleDesc desc)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < gate->naddresses; i++)
		columns = bms_add_member(columns, gate->addresses[i].number);
	for (int i = 0; i < gate->nmessages; i++)
		columns = bms_add_member(columns, gate->messages[i].number);
	for (int i = 0; i < gate->ntexts; i++)
		if (TupleDescAttr(desc, gate->texts[i].number - 1)->attgenerated == '\0')
			columns = bms_add_member(columns, gate->texts[i].number);
	return columns;
}

/* differing gives the columns in which two rows differ, whoever has written them. */
static Bitmapset *
differing(TupleDesc desc, HeapTuple one, HeapTuple other)
{
	Bitmapset  *columns = NULL;

	for (int i = 1; i <= desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i - 1);
		bool		one_null;
		bool		other_null;
		Datum		a;
		Datum		b;

		if (att->attisdropped || att->attgenerated != '\0')
			continue;
		a = heap_getattr(one, i, desc, &one_null);
		b = heap_getattr(other, i, desc, &other_null);
		if (one_null != other_null || (!one_null && !datum_image_eq(a, b, att->attbyval, att->attlen)))
			columns = bms_add_member(columns, i);
	}
	return columns;
}

static void
count_changed(Regate *regate, const ProtaddrGate *gate, TupleDesc desc, HeapTuple now, const Bitmapset *changed)
{
	for (int i = 0; i < gate->naddresses; i++)
	{
		bool		isnull;

		if (!bms_is_member(gate->addresses[i].number, changed))
			continue;
		(void) heap_getattr(now, gate->addresses[i].number, desc, &isnull);
		if (isnull)
			regate->withheld++;
		else
			regate->released++;
	}
	for (int i = 0; i < gate->nmessages; i++)
		regate->texts += bms_is_member(gate->messages[i].number, changed);
	for (int i = 0; i < gate->ntexts; i++)
		if (!protaddr_gate_checks(gate, gate->texts[i].number))
			regate->texts += bms_is_member(gate->texts[i].number, changed);
}

/* note_refused puts a row on the list of what is to do. */
static void
note_refused(Regate *regate, Relation rel, const Bitmapset *columns, const char *key, ItemPointer tid, const char *why_not)
{
	ProtaddrSweepFind find = {.columns = (Bitmapset *) columns, .why_not = why_not};

	(void) protaddr_sweep_note(&regate->run, rel, &find, key, tid, 0);
	regate->refused++;
}

/* pass_again sends one row through its gate. */
static void
pass_again(Regate *regate, const ProtaddrSwept *swept, const Row *row)
{
	Relation	rel = swept->rel;
	TupleDesc	desc = RelationGetDescr(rel);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	ItemPointerData tid = row->tid;
	ItemPointerData stands_at;
	HeapTuple	old;
	HeapTuple	now;
	Bitmapset  *columns;
	char	   *key;
	const char *why_not;

	if (!table_tuple_fetch_row_version(rel, &tid, GetActiveSnapshot(), slot) ||
		!protaddr_sweep_lock(rel, &tid))
	{
		regate->gone++;
		ExecDropSingleTupleTableSlot(slot);
		return;
	}
	old = ExecCopySlotHeapTuple(slot);
	columns = gate_columns(swept->gate, desc);
	key = protaddr_sweep_key(swept, old, protaddr_sweep_look(swept, old, NULL, NULL));
	why_not = key == NULL ? PROTADDR_SWEEP_NO_KEY :
		row->is_lost ? WHY_LOST : protaddr_sweep_write(rel, old, &tid, columns, false, &stands_at);
	if (why_not != NULL)
		note_refused(regate, rel, columns, key, &tid, why_not);
	else
	{
		CommandCounterIncrement();
		ExecClearTuple(slot);
		if (!table_tuple_fetch_row_version(rel, &stands_at, SnapshotSelf, slot))
			elog(ERROR, "a row that was updated is not there");
		now = ExecCopySlotHeapTuple(slot);
		columns = differing(desc, old, now);
		if (columns == NULL)
			regate->unchanged++;
		else
			(void) protaddr_sweep_keep_change(&regate->run, rel, old, now, columns, key);
		count_changed(regate, swept->gate, desc, now, columns);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* ---- all of them ------------------------------------------------------------------------------- */

static void
check_may_update(Oid relation)
{
	protaddr_check_column_privilege(relation, ACL_UPDATE);
}

/* open_gated opens the table that was named, and refuses one whose rows cannot pass a gate, or be put back. */
static Relation
open_gated(Oid relation)
{
	Relation	rel = protaddr_open_permitted(relation, AccessShareLock, check_may_update);
	const ProtaddrGate *gate = protaddr_gate_of_table(rel);

	if (gate == NULL || gate->root != relation)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table with a gate of its own", RelationGetRelationName(rel)),
				 errhint("See protaddr.gate_status.")));
	if (!OidIsValid(protaddr_primary_key_index(rel)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" has no primary key by which its rows could be found again to undo it",
						RelationGetRelationName(rel)),
				 errhint("Add one; or UPDATE its rows yourself, which cannot be undone.")));
	if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row security would hide rows of \"%s\"", RelationGetRelationName(rel)),
				 errhint("Call it as the table's owner, or as a role with BYPASSRLS.")));
	return rel;
}

/* one_batch sends rows from one on through their gate, and gives the one to go on with. */
static int64
one_batch(Regate *regate, int64 from)
{
	Oid			relation = regate->row[from].relation;
	Relation	root;
	Relation	rel;
	ProtaddrSwept swept;
	int64		at = from;
	int			level = protaddr_plain_settings();

	/* what a gate says of each row is said once, of all, in the end */
	if (client_min_messages < WARNING)
		SetConfigOption("client_min_messages", "warning", PGC_USERSET, PGC_S_SESSION);
	PushActiveSnapshot(GetTransactionSnapshot());
	root = open_gated(regate->root);
	rel = list_member_oid(find_all_inheritors(regate->root, NoLock, NULL), relation) ?
		try_relation_open(relation, RowExclusiveLock) : NULL;
	if (rel != NULL)
	{
		(void) protaddr_sweep_open(rel, &regate->run, &swept);
		swept.per_row = AllocSetContextCreate(CurrentMemoryContext, "protaddr regated row", ALLOCSET_DEFAULT_SIZES);
	}
	for (; at < regate->n && regate->row[at].relation == relation && at < from + regate->batch; at++)
	{
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		if (rel == NULL || swept.gate == NULL)
		{
			regate->gone++;
			continue;
		}
		old = MemoryContextSwitchTo(swept.per_row);
		/* what it carries is in clear on its way */
		protaddr_clear_text_seen();
		pass_again(regate, &swept, &regate->row[at]);
		MemoryContextSwitchTo(old);
		MemoryContextReset(swept.per_row);
	}
	if (rel != NULL)
	{
		MemoryContextDelete(swept.per_row);
		relation_close(rel, NoLock);
	}
	AtEOXact_GUC(false, level);
	relation_close(root, NoLock);
	PopActiveSnapshot();
	return at;
}

static void
begin(Regate *regate, ProtaddrSweepItem *item)
{
	Relation	root = open_gated(regate->root);

	PushActiveSnapshot(GetTransactionSnapshot());
	protaddr_sweep_begin(&regate->run, psprintf("table %s", protaddr_qualified_name(regate->root)));
	list_rows(regate);
	protaddr_sweep_add_table(&regate->run, regate->root, NULL);
	relation_close(root, NoLock);
	PopActiveSnapshot();
	SPI_commit();
	if (!protaddr_sweep_claim(&regate->run, item))
		elog(ERROR, "the rows that are to pass the gate are somebody else's");
}

static void
tell_result(const Regate *regate)
{
	ereport(NOTICE,
			(errmsg("regate %lld: " INT64_FORMAT " rows sent through the gate", (long long) regate->run.run,
					regate->n - regate->refused - regate->gone),
			 errdetail("Addresses released: " INT64_FORMAT ", withheld: " INT64_FORMAT "; messages and texts changed: " INT64_FORMAT
					   ". Rows as they were: " INT64_FORMAT ", refused: " INT64_FORMAT ", changed by others meanwhile: " INT64_FORMAT ".",
					   regate->released, regate->withheld, regate->texts, regate->unchanged, regate->refused, regate->gone),
			 errhint("protaddr.undo_sweep(%lld) puts back what stood there; protaddr.sweep_todo lists what was refused.",
					 (long long) regate->run.run)));
}

/* protaddr_regate is the procedure protaddr.regate(...). */
Datum
protaddr_regate(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Regate		regate;
	ProtaddrSweepItem item;
	Datum		result;
	bool		isnull = false;
	int64		at = 0;

	memset(&regate, 0, sizeof(regate));
	desc = protaddr_sweep_call(fcinfo, "protaddr.regate()");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("regate() needs a table")));
	regate.root = PG_GETARG_OID(0);
	protaddr_sweep_pace(fcinfo, 1, &regate.batch, &regate.pause);
	regate.run.action = PROTADDR_SWEEP_REGATE;
	regate.run.since = DT_NOBEGIN;
	regate.run.until = DT_NOEND;

	SPI_connect_ext(SPI_OPT_NONATOMIC);
	regate.context = AllocSetContextCreate(PortalContext, "protaddr regate", ALLOCSET_DEFAULT_SIZES);
	begin(&regate, &item);
	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, regate.root);
	protaddr_sweep_show(&regate.run, 0, 0, 0);
	while (at < regate.n)
	{
		at = one_batch(&regate, at);
		SPI_commit();
		protaddr_sweep_show(&regate.run, at, regate.refused, regate.released + regate.withheld + regate.texts);
		protaddr_sweep_rest(regate.pause);
	}
	item.rows = regate.n;
	item.begun = true;
	PushActiveSnapshot(GetTransactionSnapshot());
	protaddr_sweep_keep(&item, true, NULL);
	PopActiveSnapshot();
	SPI_commit();
	protaddr_sweep_release(&item);
	pgstat_progress_end_command();
	SPI_finish();
	tell_result(&regate);
	result = Int64GetDatum(regate.run.run);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, &result, &isnull)));
}
