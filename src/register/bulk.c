/*
 * bulk.c
 *		How do many rows come into one of our tables at once?
 *
 * Many to a page and a record of the log, as COPY writes them, but from values that are
 * at hand: nothing is turned into text and read again, and nothing is planned.  The
 * triggers of the table fire as they do for any INSERT, but for the one that the caller
 * takes the place of.  A caller gives every column, those too that have a default or are
 * generated, in the order of an index where that is possible.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register_int.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define MANY_ROWS		100		/* so many at once get pages of their own */

struct ProtaddrBulk
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *target;
	BulkInsertState pages;
	bool		row_before;		/* triggers before each row, which may change it */
	bool		row_after;		/* triggers after each, but for the caller's */
	TransitionCaptureState *captured;	/* for triggers that see all rows of a statement */
	int			n;
	TupleTableSlot *slot[PROTADDR_BULK_ROWS];
};

/* fires_after is true if a trigger must be told of each row, and it is not the caller's. */
static bool
fires_after(const TriggerDesc *triggers, const char *callers)
{
	if (triggers == NULL)
		return false;
	if (triggers->trig_insert_new_table)
		return true;
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *one = &triggers->triggers[i];

		if (TRIGGER_TYPE_MATCHES(one->tgtype, TRIGGER_TYPE_ROW, TRIGGER_TYPE_AFTER, TRIGGER_TYPE_INSERT) &&
			(callers == NULL || strcmp(one->tgname, callers) != 0))
			return true;
	}
	return false;
}

/*
 * protaddr_bulk_begin begins to add rows to a table.  callers names a trigger after each
 * row whose part the caller takes, or is NULL.
 */
ProtaddrBulk *
protaddr_bulk_begin(Oid relation, const char *callers)
{
	ProtaddrBulk *bulk = palloc0(sizeof(ProtaddrBulk));

	PreventCommandIfReadOnly("a load of the register");
	bulk->rel = table_open(relation, RowExclusiveLock);
	/* ours have none, and PostgreSQL's error about one tells the row */
	if (RelationGetDescr(bulk->rel)->constr != NULL && RelationGetDescr(bulk->rel)->constr->num_check > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" has a CHECK constraint, which a load does not check",
						RelationGetRelationName(bulk->rel)),
				 errhint("Drop the constraint, or use a trigger.")));
	bulk->estate = CreateExecutorState();
	bulk->target = makeNode(ResultRelInfo);
	InitResultRelInfo(bulk->target, bulk->rel, 0, NULL, 0);
	ExecOpenIndices(bulk->target, false);
	bulk->row_before = bulk->target->ri_TrigDesc != NULL &&
		bulk->target->ri_TrigDesc->trig_insert_before_row;
	bulk->row_after = fires_after(bulk->target->ri_TrigDesc, callers);
	AfterTriggerBeginQuery();
	bulk->captured = MakeTransitionCaptureState(bulk->target->ri_TrigDesc, relation, CMD_INSERT);
	ExecBSInsertTriggers(bulk->estate, bulk->target);
	return bulk;
}

/* protaddr_bulk_full is true if what has been taken in must be flushed before the next row. */
bool
protaddr_bulk_full(const ProtaddrBulk *bulk)
{
	return bulk->n == PROTADDR_BULK_ROWS;
}

/*
 * protaddr_bulk_row gives the place of the next row: all of its values are to be filled
 * in.  They are copied when the row is added.
 */
TupleTableSlot *
protaddr_bulk_row(ProtaddrBulk *bulk)
{
	TupleTableSlot **slot = &bulk->slot[bulk->n];

	Assert(!protaddr_bulk_full(bulk));
	if (*slot == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(bulk->estate->es_query_cxt);

		*slot = table_slot_create(bulk->rel, NULL);
		MemoryContextSwitchTo(old);
	}
	ExecClearTuple(*slot);
	return *slot;
}

/* check_values checks what triggers have made of a row: no column that must have a value is empty. */
static void
check_values(ProtaddrBulk *bulk, TupleTableSlot *slot)
{
	TupleDesc	desc = RelationGetDescr(bulk->rel);

	for (int i = 0; i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->attnotnull && slot_attisnull(slot, i + 1))
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("column \"%s\" of table \"%s\" must not be NULL",
							NameStr(TupleDescAttr(desc, i)->attname), RelationGetRelationName(bulk->rel)),
					 errhint("A trigger of the table has emptied it."),
					 protaddr_errprivate()));
}

/* protaddr_bulk_add takes in the row that has been filled in. */
void
protaddr_bulk_add(ProtaddrBulk *bulk)
{
	TupleTableSlot *slot = bulk->slot[bulk->n];

	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = RelationGetRelid(bulk->rel);
	ExecMaterializeSlot(slot);
	if (bulk->row_before)
	{
		if (!ExecBRInsertTriggers(bulk->estate, bulk->target, slot))
			elog(ERROR, "a row of the load was refused by a trigger");
		if (bulk->rel->rd_att->constr != NULL && bulk->rel->rd_att->constr->has_generated_stored)
			ExecComputeStoredGenerated(bulk->target, bulk->estate, slot, CMD_INSERT);
	}
	check_values(bulk, slot);
	ResetPerTupleExprContext(bulk->estate);
	bulk->n++;
}

/* protaddr_bulk_flush writes what has been taken in; it is seen by what comes after. */
void
protaddr_bulk_flush(ProtaddrBulk *bulk)
{
	MemoryContext old;

	if (bulk->n == 0)
		return;
	old = MemoryContextSwitchTo(bulk->estate->es_query_cxt);
	if (bulk->pages == NULL && bulk->n >= MANY_ROWS)
		bulk->pages = GetBulkInsertState();
	MemoryContextSwitchTo(GetPerTupleMemoryContext(bulk->estate));
	table_multi_insert(bulk->rel, bulk->slot, bulk->n, GetCurrentCommandId(true), 0, bulk->pages);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < bulk->n; i++)
	{
		List	   *recheck = NIL;

		if (bulk->target->ri_NumIndices > 0)
			recheck = protaddr_insert_index_tuples(bulk->target, bulk->slot[i], bulk->estate);
		if (bulk->row_after)
			ExecARInsertTriggers(bulk->estate, bulk->target, bulk->slot[i], recheck, bulk->captured);
		list_free(recheck);
		ResetPerTupleExprContext(bulk->estate);
	}
	bulk->n = 0;
	CommandCounterIncrement();
}

/* protaddr_bulk_end writes what is left. */
void
protaddr_bulk_end(ProtaddrBulk *bulk)
{
	protaddr_bulk_flush(bulk);
	if (bulk->pages != NULL)
	{
		FreeBulkInsertState(bulk->pages);
		table_finish_bulk_insert(bulk->rel, 0);
	}
	ExecASInsertTriggers(bulk->estate, bulk->target, bulk->captured);
	AfterTriggerEndQuery(bulk->estate);
	for (int i = 0; i < PROTADDR_BULK_ROWS && bulk->slot[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(bulk->slot[i]);
	ExecCloseIndices(bulk->target);
	/* what triggers have opened */
	ExecResetTupleTable(bulk->estate->es_tupleTable, false);
	ExecCloseResultRelations(bulk->estate);
	FreeExecutorState(bulk->estate);
	table_close(bulk->rel, NoLock);
	pfree(bulk);
}
