/*
 * reseal.c
 *		How do old values come under the newest data key?
 *
 * In place, in batches that are committed one by one: the value says the same, to the
 * byte, and only its seal is another.  It is written beneath triggers, as VACUUM FULL
 * rewrites a table: no gate has anything to decide, no audit trigger anything to note.
 * Indexes, generated columns and logical replication follow.  Their expressions run
 * restricted, as the table's owner if the caller may act as one, else as the caller.
 *
 * A pass ends with a count, over the whole table in one snapshot, of what is not under
 * the newest key; there are passes until it is nothing, or nothing can be done about it.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/progress.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_reseal_column);
PG_FUNCTION_INFO_V1(protaddr_resealed);

/* progress of COPY that shows in protaddr.reseal_progress */
#define PROGRESS_RESEALED	10
#define PROGRESS_LEFT		11
#define PROGRESS_PARTITION	12
#define PROGRESS_PASS		13
#define PROGRESS_IS_RESEAL	15

#define PASSES_WITHOUT_PROGRESS	5
#define NOTICE_EVERY_MS		10000

typedef struct Reseal
{
	Oid			root;			/* named by the caller */
	NameData	column;			/* empty: all */
	int			batch;
	TimestampTz began;
	TimestampTz told;
	int64		resealed;
	int64		passed;			/* in this pass: resealed */
	int64		busy;			/* in this pass: locked or changed by others */
	/* as last counted */
	int64		values;
	int64		left;			/* not under the newest key, and could be */
	int64		without_key;
	int64		altered;
} Reseal;

/* An open table whose values are being resealed. */
typedef struct Table
{
	Relation	rel;
	int			ncolumns;
	AttrNumber *columns;
	EState	   *estate;
	ResultRelInfo *result;
	TupleTableSlot *slot;		/* as scanned */
	TupleTableSlot *locked;
	TupleTableSlot *anew;
} Table;

/* check_may_update is asked before the table is opened and its columns are known. */
static void
check_may_update(Oid relation)
{
	/* for our own tables, EXECUTE is enough: nobody is granted anything on them */
	if (!protaddr_is_own_relation(relation))
		protaddr_check_column_privilege(relation, ACL_UPDATE);
}

/* check_allowed raises an error unless the caller may update the column of the table named. */
static void
check_allowed(Relation rel, const Reseal *reseal)
{
	bool		any = false;

	if (rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", RelationGetRelationName(rel)),
				 errhint("A materialized view is resealed by REFRESH.")));
	for (int i = 1; i <= RelationGetDescr(rel)->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i - 1);

		if (protaddr_sealed_column(rel, i) != PROTADDR_SEALED ||
			(NameStr(reseal->column)[0] != '\0' && strcmp(NameStr(att->attname), NameStr(reseal->column)) != 0))
			continue;
		any = true;
		if (!protaddr_is_own_relation(RelationGetRelid(rel)) &&
			pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_UPDATE) != ACLCHECK_OK &&
			pg_attribute_aclcheck(RelationGetRelid(rel), i, GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("\"%s\" has no such column of type protaddr.address", RelationGetRelationName(rel)),
				 errhint("Addresses inside arrays, ranges and composites are resealed by an UPDATE with protaddr.resealed().")));
	if (!protaddr_is_own_relation(RelationGetRelid(rel)) &&
		check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row security would hide rows of \"%s\"", RelationGetRelationName(rel)),
				 errhint("Call it as the table's owner, or as a role with BYPASSRLS.")));
}

/* relations_of gives the tables with rows: the one named, its partitions and children. */
static List *
relations_of(const Reseal *reseal)
{
	Relation	rel = protaddr_open_permitted(reseal->root, AccessShareLock, check_may_update);
	List	   *relations;
	List	   *tables = NIL;
	ListCell   *cell;

	check_allowed(rel, reseal);
	relations = find_all_inheritors(reseal->root, NoLock, NULL);
	foreach(cell, relations)
		if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_RELATION)
		tables = lappend_oid(tables, lfirst_oid(cell));
	relation_close(rel, AccessShareLock);
	return tables;
}

/* table_columns finds the columns to reseal, by name: a partition may have them elsewhere. */
static void
table_columns(Table *table, const Reseal *reseal)
{
	TupleDesc	desc = RelationGetDescr(table->rel);

	table->ncolumns = 0;
	table->columns = palloc(desc->natts * sizeof(AttrNumber));
	for (int i = 1; i <= desc->natts; i++)
		if (protaddr_sealed_column(table->rel, i) == PROTADDR_SEALED &&
			(NameStr(reseal->column)[0] == '\0' ||
			 strcmp(NameStr(TupleDescAttr(desc, i - 1)->attname), NameStr(reseal->column)) == 0))
			table->columns[table->ncolumns++] = i;
}

/* is_old tells whether a value of the row is under another key than the newest, which is here. */
static bool
is_old(const Table *table, TupleTableSlot *row, uint64 newest)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(row, table->columns[i], &isnull);
		uint64		id = isnull ? newest : protaddr_sealed_key(value);

		if (id != newest && protaddr_key_by_id(id) != NULL)
			return true;
	}
	return false;
}

/* reseal_row writes the locked row anew; false if there is nothing that could be done. */
static bool
reseal_row(Table *table, uint64 newest)
{
	TupleTableSlot *anew = table->anew;
	int			natts = RelationGetDescr(table->rel)->natts;
	bool		changed = false;

	slot_getallattrs(table->locked);
	ExecClearTuple(anew);
	memcpy(anew->tts_values, table->locked->tts_values, natts * sizeof(Datum));
	memcpy(anew->tts_isnull, table->locked->tts_isnull, natts * sizeof(bool));
	for (int i = 0; i < table->ncolumns; i++)
	{
		int			at = table->columns[i] - 1;
		ProtaddrSealState state;
		struct varlena *sealed;

		if (anew->tts_isnull[at] || protaddr_sealed_key(anew->tts_values[at]) == newest)
			continue;
		sealed = protaddr_reseal((struct varlena *) PG_DETOAST_DATUM_PACKED(anew->tts_values[at]), &state);
		if (state !=PROTADDR_SEAL_WHOLE)
			continue;
		anew->tts_values[at] = PointerGetDatum(sealed);
		changed = true;
	}
	ExecStoreVirtualTuple(anew);
	if (changed)
	{
		EPQState	not_needed;

		/* used for triggers alone, and there are none */
		memset(&not_needed, 0, sizeof(not_needed));
		ExecSimpleRelationUpdate(table->result, table->estate, &not_needed, table->locked, anew);
	}
	return changed;
}

static void
table_open_for_reseal(Table *table, Relation rel)
{
	table->estate = CreateExecutorState();
	table->estate->es_output_cid = GetCurrentCommandId(true);
	table->result = makeNode(ResultRelInfo);
	InitResultRelInfo(table->result, rel, 0, NULL, 0);
	/* beneath triggers: see above */
	table->result->ri_TrigDesc = NULL;
	ExecOpenIndices(table->result, false);
	table->slot = table_slot_create(rel, &table->estate->es_tupleTable);
	table->locked = table_slot_create(rel, &table->estate->es_tupleTable);
	table->anew = table_slot_create(rel, &table->estate->es_tupleTable);
}

static void
table_close_after_reseal(Table *table)
{
	ExecCloseIndices(table->result);
	ExecResetTupleTable(table->estate->es_tupleTable, false);
	FreeExecutorState(table->estate);
}

/*
 * reseal_blocks reseals rows from a block on, until a batch is full; gives the block to
 * go on at, or InvalidBlockNumber at the end.
 */
static BlockNumber
reseal_blocks(Reseal *reseal, Table *table, BlockNumber from)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(table->rel);
	BlockNumber next = InvalidBlockNumber;
	uint64		newest = protaddr_key_for_sealing()->id;
	Snapshot	snapshot = GetActiveSnapshot();
	TableScanDesc scan;
	ItemPointerData first;
	ItemPointerData last;
	int			done = 0;

	if (from >= nblocks)
		return InvalidBlockNumber;
	ItemPointerSet(&first, from, FirstOffsetNumber);
	ItemPointerSet(&last, nblocks - 1, MaxOffsetNumber);
	scan = table_beginscan_tidrange(table->rel, snapshot, &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, table->slot))
	{
		MemoryContext old;
		TM_FailureData failure;

		CHECK_FOR_INTERRUPTS();
		if (!is_old(table, table->slot, newest))
			continue;
		if (done == reseal->batch)
		{
			/* rows of this block that are done already are not old any more */
			next = ItemPointerGetBlockNumber(&table->slot->tts_tid);
			break;
		}
		if (table_tuple_lock(table->rel, &table->slot->tts_tid, snapshot, table->locked,
							 table->estate->es_output_cid, LockTupleNoKeyExclusive, LockWaitSkip, 0,
							 &failure) != TM_Ok)
		{
			reseal->busy++;
			continue;
		}
		ResetPerTupleExprContext(table->estate);
		old = MemoryContextSwitchTo(GetPerTupleMemoryContext(table->estate));
		if (reseal_row(table, newest))
			done++;
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	reseal->resealed += done;
	reseal->passed += done;
	return next;
}

/* count_left counts, in one snapshot, the values of a table that are not under the newest key. */
static void
count_left(Reseal *reseal, Table *table)
{
	uint64		newest = protaddr_key_for_sealing()->id;
	TupleTableSlot *slot = table_slot_create(table->rel, NULL);
	TableScanDesc scan = table_beginscan(table->rel, GetActiveSnapshot(), 0, NULL);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "protaddr reseal", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < table->ncolumns; i++)
		{
			bool		isnull;
			Datum		value = slot_getattr(slot, table->columns[i], &isnull);
			uint64		id;

			if (isnull)
				continue;
			reseal->values++;
			id = protaddr_sealed_key(value);
			if (id == newest)
				continue;
			if (protaddr_key_by_id(id) == NULL)
				reseal->without_key++;
			else if (!protaddr_is_whole((struct varlena *) PG_DETOAST_DATUM_PACKED(value)))
				reseal->altered++;
			else
				reseal->left++;
		}
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/* is_below tells whether a table is the root, or still one of its partitions and children. */
static bool
is_below(Oid root, Oid relation)
{
	return list_member_oid(find_all_inheritors(root, NoLock, NULL), relation);
}

/*
 * one_batch reseals a batch of one table, or counts what is left in it, in a transaction
 * of its own.  Gives the block to go on at.
 */
static BlockNumber
one_batch(Reseal *reseal, Oid relid, BlockNumber from, bool count)
{
	BlockNumber next = InvalidBlockNumber;
	Relation	root = protaddr_open_permitted(reseal->root, AccessShareLock, check_may_update);
	Table		table = {0};
	ProtaddrActing before;

	check_allowed(root, reseal);
	relation_close(root, NoLock);
	/* detached since the last batch, it is somebody else's business */
	if (!is_below(reseal->root, relid))
		return InvalidBlockNumber;
	table.rel = try_relation_open(relid, count ? AccessShareLock : RowExclusiveLock);
	if (table.rel == NULL)
		return InvalidBlockNumber;
	if (!is_below(reseal->root, relid))
	{
		relation_close(table.rel, NoLock);
		return InvalidBlockNumber;
	}

	protaddr_act_restricted(has_privs_of_role(GetUserId(), table.rel->rd_rel->relowner) ?
							table.rel->rd_rel->relowner : GetUserId(), &before);
	PushActiveSnapshot(GetTransactionSnapshot());

	table_columns(&table, reseal);
	if (count)
		count_left(reseal, &table);
	else
	{
		table_open_for_reseal(&table, table.rel);
		next = reseal_blocks(reseal, &table, from);
		table_close_after_reseal(&table);
	}

	PopActiveSnapshot();
	protaddr_act_as_before(&before);
	relation_close(table.rel, NoLock);
	return next;
}

static void
tell_progress(Reseal *reseal, Oid relid)
{
	TimestampTz now = GetCurrentTimestamp();

	pgstat_progress_update_param(PROGRESS_RESEALED, reseal->resealed);
	pgstat_progress_update_param(PROGRESS_PARTITION, relid);
	if (!TimestampDifferenceExceeds(reseal->told, now, NOTICE_EVERY_MS))
		return;
	reseal->told = now;
	ereport(NOTICE,
			(errmsg(INT64_FORMAT " rows resealed, %.0f a second", reseal->resealed,
					reseal->resealed / Max((now - reseal->began) / 1000000.0, 0.001))));
}

/* one_pass goes through all tables, and then counts what is left. */
static void
one_pass(Reseal *reseal, MemoryContext context)
{
	List	   *relations;
	ListCell   *cell;
	MemoryContext old = MemoryContextSwitchTo(context);

	relations = relations_of(reseal);
	MemoryContextSwitchTo(old);
	reseal->passed = reseal->busy = 0;
	reseal->values = reseal->left = reseal->without_key = reseal->altered = 0;
	foreach(cell, relations)
	{
		BlockNumber next = 0;

		while (next != InvalidBlockNumber)
		{
			next = one_batch(reseal, lfirst_oid(cell), next, false);
			SPI_commit();
			tell_progress(reseal, lfirst_oid(cell));
			CHECK_FOR_INTERRUPTS();
		}
	}
	foreach(cell, relations)
	{
		(void) one_batch(reseal, lfirst_oid(cell), 0, true);
		SPI_commit();
	}
	pgstat_progress_update_param(PROGRESS_LEFT, reseal->left);
}

static void
tell_result(const Reseal *reseal)
{
	double		seconds = (GetCurrentTimestamp() - reseal->began) / 1000000.0;

	ereport(NOTICE,
			(errmsg(INT64_FORMAT " rows resealed in %.1f s; of " INT64_FORMAT " values, " INT64_FORMAT " are under older keys",
					reseal->resealed, seconds, reseal->values,
					reseal->left + reseal->without_key + reseal->altered)));
	if (reseal->left > 0)
		ereport(WARNING,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("values left under older keys, because others keep their rows locked: " INT64_FORMAT, reseal->left),
				 errhint("Call protaddr.reseal() again.")));
	if (reseal->without_key > 0)
		ereport(WARNING,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("values that could not be resealed, because their data key is not here or retired: " INT64_FORMAT, reseal->without_key),
				 errhint("They are whole. See protaddr.key_status.")));
	if (reseal->altered > 0)
		ereport(WARNING,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("values that could not be resealed, because they were altered: " INT64_FORMAT, reseal->altered)));
}

/* protaddr_reseal_column is the procedure protaddr.reseal(regclass, name, integer). */
Datum
protaddr_reseal_column(PG_FUNCTION_ARGS)
{
	CallContext *call = (CallContext *) fcinfo->context;
	Reseal		reseal;
	MemoryContext context;
	int			idle = 0;

	if (call == NULL || !IsA(call, CallContext) || call->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("protaddr.reseal() commits and cannot run inside a transaction block or function")));
	memset(&reseal, 0, sizeof(reseal));
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_GETARG_INT32(2) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a table and a batch of at least one row must be given")));
	reseal.root = PG_GETARG_OID(0);
	if (!PG_ARGISNULL(1))
		namestrcpy(&reseal.column, NameStr(*PG_GETARG_NAME(1)));
	reseal.batch = PG_GETARG_INT32(2);
	reseal.began = reseal.told = GetCurrentTimestamp();

	SPI_connect_ext(SPI_OPT_NONATOMIC);
	context = AllocSetContextCreate(PortalContext, "protaddr reseal", ALLOCSET_SMALL_SIZES);
	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, reseal.root);
	pgstat_progress_update_param(PROGRESS_IS_RESEAL, 2);
	for (int pass = 1; pass == 1 || (reseal.left > 0 && idle < PASSES_WITHOUT_PROGRESS); pass++)
	{
		pgstat_progress_update_param(PROGRESS_PASS, pass);
		one_pass(&reseal, context);
		MemoryContextReset(context);
		idle = reseal.passed > 0 ? 0 : idle + 1;
		if (reseal.left > 0 && reseal.passed == 0)
			pg_usleep(200000L);
	}
	pgstat_progress_end_command();
	MemoryContextDelete(context);
	SPI_finish();
	tell_result(&reseal);
	PG_RETURN_VOID();
}

/* protaddr_resealed is protaddr.resealed(address), for values inside others. */
Datum
protaddr_resealed(PG_FUNCTION_ARGS)
{
	struct varlena *sealed = PG_GETARG_VARLENA_PP(0);
	ProtaddrSealState state;
	ProtaddrOpened opened;
	struct varlena *anew = protaddr_reseal(sealed, &state);

	/* this says what is wrong */
	if (state !=PROTADDR_SEAL_WHOLE && protaddr_open(sealed, false, &opened))
		elog(ERROR, "could not reseal an address");
	PG_RETURN_POINTER(anew);
}
