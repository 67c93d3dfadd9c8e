/*
 * change.c
 *		What stood in a row before a sweep changed it, and how does it come back?
 *
 * The old values of the columns that were written are kept as a held row is: sealed, with
 * all that stands beside them in clear, and NULL in the other columns.  They are put back
 * only where the row still says what was written.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"
#include "sweep/sweep_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

PG_FUNCTION_INFO_V1(protaddr_undo_sweep);

/* columns of protaddr.sweep_change; those up to "changed_by" are sealed with the values, as words */
enum
{
	CHANGE_CHANGE = 1,
	CHANGE_RUN,
	CHANGE_RELATION,
	CHANGE_IN_COLUMNS,
	CHANGE_ROW_KEY,
	CHANGE_WROTE,
	CHANGE_CHANGED_AT,
	CHANGE_CHANGED_BY,
	CHANGE_NWORDS = CHANGE_CHANGED_BY,
	CHANGE_UNDONE_AT,
	CHANGE_UNDONE_BY,
	CHANGE_WHY_NOT,
	CHANGE_SEALED,
	CHANGE_COLUMNS = CHANGE_SEALED
};

const char *const protaddr_sweep_change_columns[PROTADDR_SWEEP_CHANGE_NCOLUMNS] = {
	[CHANGE_CHANGE] = "change",
	[CHANGE_RUN] = "run",
	[CHANGE_RELATION] = "relation",
	[CHANGE_IN_COLUMNS] = "columns",
	[CHANGE_ROW_KEY] = "row_key",
	[CHANGE_WROTE] = "wrote",
	[CHANGE_CHANGED_AT] = "changed_at",
	[CHANGE_CHANGED_BY] = "changed_by",
	[CHANGE_UNDONE_AT] = "undone_at",
	[CHANGE_UNDONE_BY] = "undone_by",
	[CHANGE_WHY_NOT] = "why_not",
	[CHANGE_SEALED] = "sealed",
};

/* What a seal's words begin with, so that it cannot be taken for a held row's. */
#define OF_A_SWEEP	"sweep"

static void
change_words(HeapTuple tuple, TupleDesc desc, const char **words)
{
	words[0] = OF_A_SWEEP;
	for (int column = 1; column <= CHANGE_NWORDS; column++)
		words[column] = protaddr_column_word(tuple, desc, column);
}

/* only gives a row with some of its columns alone; the others are NULL. */
static HeapTuple
only(TupleDesc desc, HeapTuple row, const Bitmapset *columns)
{
	Datum	   *values = palloc(desc->natts * sizeof(Datum));
	bool	   *nulls = palloc(desc->natts * sizeof(bool));

	heap_deform_tuple(row, desc, values, nulls);
	for (int i = 0; i < desc->natts; i++)
		nulls[i] = nulls[i] || !bms_is_member(i + 1, columns);
	return heap_form_tuple(desc, values, nulls);
}

/*
 * protaddr_sweep_keep_change keeps the old values of columns that were written; gives the
 * number of the change.  The caller has made the settings plain.
 */
int64
protaddr_sweep_keep_change(const ProtaddrSweepRun *run, Relation of, HeapTuple old, HeapTuple written,
						   const Bitmapset *columns, const char *key)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_change"), RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(rel);
	Datum		values[CHANGE_COLUMNS] = {0};
	bool		nulls[CHANGE_COLUMNS] = {false};
	const char *words[CHANGE_NWORDS + 1];
	ProtaddrDigest wrote;
	ProtaddrGate no_gate;
	int64		change = protaddr_next_id();

	protaddr_sweep_digest(RelationGetDescr(of), written, columns, &wrote);
	values[CHANGE_CHANGE - 1] = Int64GetDatum(change);
	values[CHANGE_RUN - 1] = Int64GetDatum(run->run);
	values[CHANGE_RELATION - 1] = CStringGetTextDatum(protaddr_qualified_name(RelationGetRelid(of)));
	values[CHANGE_IN_COLUMNS - 1] = CStringGetTextDatum(protaddr_sweep_columns(RelationGetDescr(of), columns));
	values[CHANGE_ROW_KEY - 1] = DirectFunctionCall1(jsonb_in, CStringGetDatum(key));
	values[CHANGE_WROTE - 1] = PointerGetDatum(cstring_to_text_with_len((char *) wrote.bytes, sizeof(wrote.bytes)));
	values[CHANGE_CHANGED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[CHANGE_CHANGED_BY - 1] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	nulls[CHANGE_UNDONE_AT - 1] = nulls[CHANGE_UNDONE_BY - 1] = nulls[CHANGE_WHY_NOT - 1] = nulls[CHANGE_SEALED - 1] = true;
	change_words(heap_form_tuple(desc, values, nulls), desc, words);

	memset(&no_gate, 0, sizeof(no_gate));
	nulls[CHANGE_SEALED - 1] = false;
	values[CHANGE_SEALED - 1] =
		PointerGetDatum(protaddr_seal_held_row(&no_gate, of, only(RelationGetDescr(of), old, columns), words, lengthof(words)));
	CatalogTupleInsert(rel, heap_form_tuple(desc, values, nulls));
	table_close(rel, NoLock);
	return change;
}

/* ---- putting back ------------------------------------------------------------------------- */

/* change_row gives a row of protaddr.sweep_change, copied; NULL if it is not there. */
static HeapTuple
change_row(Relation rel, int64 change)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, CHANGE_CHANGE, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(change));
	scan = systable_beginscan(rel, protaddr_own_relation("sweep_change_pkey"), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	tuple = HeapTupleIsValid(tuple) ? heap_copytuple(tuple) : NULL;
	systable_endscan(scan);
	return tuple;
}

static bool
is_null(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;

	(void) heap_getattr(tuple, column, desc, &isnull);
	return isnull;
}

/* later_first compares numbers of changes, which rise with time. */
static int
later_first(const ListCell *a, const ListCell *b)
{
	int64		one = *(int64 *) lfirst(a);
	int64		other = *(int64 *) lfirst(b);

	return one > other ? -1 : one < other ? 1 : 0;
}

/* changes_of lists the changes of a sweep that are not undone, the last ones first. */
static List *
changes_of(int64 run)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_change"), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *changes = NIL;

	ScanKeyInit(&key, CHANGE_RUN, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(run));
	scan = systable_beginscan(rel, protaddr_own_relation("sweep_change_run"), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (is_null(tuple, desc, CHANGE_UNDONE_AT))
		{
			bool		isnull;
			int64	   *change = palloc(sizeof(int64));

			*change = DatumGetInt64(heap_getattr(tuple, CHANGE_CHANGE, desc, &isnull));
			changes = lappend(changes, change);
		}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(changes, later_first);
	return changes;
}

/* columns_named finds the columns that a change has written; NULL if one is gone. */
static Bitmapset *
columns_named(Relation rel, char *names)
{
	List	   *list;
	ListCell   *cell;
	Bitmapset  *columns = NULL;

	if (!SplitIdentifierString(names, ',', &list))
		return NULL;
	foreach(cell, list)
	{
		AttrNumber	column = get_attnum(RelationGetRelid(rel), lfirst(cell));

		if (column <= InvalidAttrNumber)
			return NULL;
		columns = bms_add_member(columns, column);
	}
	return columns;
}

/* key_value reads the value of a column of the key. */
static Datum
key_value(Jsonb *key, Form_pg_attribute att)
{
	JsonbValue	room;
	JsonbValue *word = getKeyJsonValueFromContainer(&key->root, NameStr(att->attname), strlen(NameStr(att->attname)), &room);
	Oid			in;
	Oid			param;

	if (word == NULL || word->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the table has another primary key now"),
				 protaddr_errprivate()));
	getTypeInputInfo(att->atttypid, &in, &param);
	return OidInputFunctionCall(in, pnstrdup(word->val.string.val, word->val.string.len), param, att->atttypmod);
}

/* find_row finds the row of a key; false if there is none. */
static bool
find_row(Relation rel, Jsonb *key, TupleTableSlot *slot)
{
	Oid			pkey = protaddr_primary_key_index(rel);
	Relation	index;
	ScanKeyData keys[INDEX_MAX_KEYS];
	IndexScanDesc scan;
	bool		found;
	int			n;

	if (!OidIsValid(pkey))
		return false;
	index = index_open(pkey, AccessShareLock);
	n = index->rd_index->indnkeyatts;
	for (int i = 0; i < n; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), index->rd_index->indkey.values[i] - 1);
		Oid			equal = get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
												index->rd_opcintype[i], BTEqualStrategyNumber);

		ScanKeyEntryInitialize(&keys[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid, index->rd_indcollation[i],
							   get_opcode(equal), key_value(key, att));
	}
	scan = protaddr_index_beginscan(rel, index, GetActiveSnapshot(), n);
	index_rescan(scan, keys, n, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	if (found)
		ExecMaterializeSlot(slot);
	index_endscan(scan);
	index_close(index, AccessShareLock);
	return found;
}

/*
 * write_beneath writes a row beneath triggers, as protaddr.reseal() does: a gate would make of
 * it again what it made of it before.  Expressions of indexes run as the table's owner if the
 * caller may act as one.
 */
static void
write_beneath(Relation rel, TupleTableSlot *old, HeapTuple row)
{
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *result = makeNode(ResultRelInfo);
	TupleTableSlot *anew = table_slot_create(rel, &estate->es_tupleTable);
	EPQState	not_needed;
	ProtaddrActing before;

	protaddr_act_restricted(has_privs_of_role(GetUserId(), rel->rd_rel->relowner) ? rel->rd_rel->relowner : GetUserId(),
							&before);
	memset(&not_needed, 0, sizeof(not_needed));
	estate->es_output_cid = GetCurrentCommandId(true);
	InitResultRelInfo(result, rel, 0, NULL, 0);
	result->ri_TrigDesc = NULL;
	ExecOpenIndices(result, false);
	ExecForceStoreHeapTuple(row, anew, false);
	ExecSimpleRelationUpdate(result, estate, &not_needed, old, anew);
	ExecCloseIndices(result);
	ExecResetTupleTable(estate->es_tupleTable, false);
	FreeExecutorState(estate);
	protaddr_act_as_before(&before);
}

/* with_old gives the row with the old values in the columns that were written. */
static HeapTuple
with_old(TupleDesc desc, HeapTuple row, HeapTuple old, const Bitmapset *columns)
{
	int			column = -1;

	while ((column = bms_next_member(columns, column)) > 0)
	{
		bool		isnull;
		Datum		value = heap_getattr(old, column, desc, &isnull);

		row = heap_modify_tuple_by_cols(row, desc, 1, &column, &value, &isnull);
	}
	return row;
}

/* put_back puts the old values of a change back; gives why it cannot, or NULL. */
static const char *
put_back(Relation rel, HeapTuple change, TupleDesc desc, bool beneath)
{
	const char *words[CHANGE_NWORDS + 1];
	ProtaddrHeldRow held;
	bool		isnull;
	Datum		sealed = heap_getattr(change, CHANGE_SEALED, desc, &isnull);
	Bitmapset  *columns;
	TupleTableSlot *slot;
	ProtaddrDigest now;
	bytea	   *wrote;
	HeapTuple	row;
	ItemPointerData stands_at;
	const char *why_not;

	change_words(change, desc, words);
	switch (protaddr_open_held_row((bytea *) PG_DETOAST_DATUM_PACKED(sealed), words, lengthof(words), &held))
	{
		case PROTADDR_SEAL_WHOLE:
			break;
		case PROTADDR_SEAL_NO_KEY:
			return "the data key of the old values is missing";
		case PROTADDR_SEAL_ALTERED:
			return "what was kept of the change was altered";
	}
	columns = columns_named(rel, pstrdup(words[CHANGE_IN_COLUMNS]));
	if (columns == NULL)
		return "a column does not exist any more";
	slot = table_slot_create(rel, NULL);
	if (!find_row(rel, DatumGetJsonbP(heap_getattr(change, CHANGE_ROW_KEY, desc, &isnull)), slot))
		return "the row is not there any more";
	if (!protaddr_sweep_lock(rel, &slot->tts_tid))
		return PROTADDR_SWEEP_CHANGED_MEANWHILE;
	row = ExecCopySlotHeapTuple(slot);
	protaddr_sweep_digest(RelationGetDescr(rel), row, columns, &now);
	wrote = DatumGetByteaPP(heap_getattr(change, CHANGE_WROTE, desc, &isnull));
	if (VARSIZE_ANY_EXHDR(wrote) != sizeof(now.bytes) || memcmp(VARDATA_ANY(wrote), now.bytes, sizeof(now.bytes)) != 0)
		why_not = "the row does not say any more what the sweep has written";
	else
	{
		row = with_old(RelationGetDescr(rel), row, protaddr_held_tuple(&held, rel, NULL), columns);
		why_not = NULL;
		if (beneath)
			write_beneath(rel, slot, row);
		else
			why_not = protaddr_sweep_write(rel, row, &slot->tts_tid, columns, true, &stands_at);
	}
	ExecDropSingleTupleTableSlot(slot);
	return why_not;
}

/* undo puts one change back, in a subtransaction; gives why it cannot, or NULL. */
static const char *
undo(HeapTuple change, TupleDesc desc, bool beneath)
{
	Oid			relation = protaddr_sweep_relation(protaddr_column_word(change, desc, CHANGE_RELATION));
	ProtaddrApart apart;
	const char *volatile why_not = NULL;
	Relation	rel;

	if (is_null(change, desc, CHANGE_SEALED))
		return "the old values were taken away";
	if (!OidIsValid(relation) || get_rel_relkind(relation) != RELKIND_RELATION)
		return "the table does not exist any more, or has another name";
	if (!protaddr_sweep_may_update(relation))
		return PROTADDR_SWEEP_NO_PRIVILEGE;
	if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED)
		return "row security hides rows of the table";
	rel = try_relation_open(relation, RowExclusiveLock);
	if (rel == NULL)
		return "the table does not exist any more, or has another name";
	if (!protaddr_sweep_may_update(relation) || rel->rd_rel->relkind != RELKIND_RELATION)
	{
		relation_close(rel, RowExclusiveLock);
		return PROTADDR_SWEEP_NO_PRIVILEGE;
	}

	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		PushActiveSnapshot(GetLatestSnapshot());
		why_not = put_back(rel, change, desc, beneath);
		PopActiveSnapshot();
		protaddr_apart_end(&apart, why_not == NULL);
	}
	PG_CATCH();
	{
		ErrorData  *error = protaddr_apart_failed(&apart);

		if (protaddr_sweep_ends_by(error))
			ReThrowError(error);
		/* what was kept may not fit its table any more */
		why_not = error->sqlerrcode == ERRCODE_PROTADDR_REFUSED ? "a column is of another type now" :
			protaddr_sweep_why_refused(error);
	}
	PG_END_TRY();
	relation_close(rel, NoLock);
	return why_not;
}

/* note_undone notes that a change was undone, or why not. */
static void
note_undone(Relation rel, HeapTuple change, const char *why_not)
{
	Datum		values[CHANGE_COLUMNS] = {0};
	bool		nulls[CHANGE_COLUMNS] = {false};
	bool		set[CHANGE_COLUMNS] = {false};

	set[CHANGE_WHY_NOT - 1] = true;
	nulls[CHANGE_WHY_NOT - 1] = why_not == NULL;
	if (why_not != NULL)
		values[CHANGE_WHY_NOT - 1] = CStringGetTextDatum(why_not);
	else
	{
		set[CHANGE_UNDONE_AT - 1] = set[CHANGE_UNDONE_BY - 1] = true;
		values[CHANGE_UNDONE_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
		values[CHANGE_UNDONE_BY - 1] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	}
	CatalogTupleUpdate(rel, &change->t_self, heap_modify_tuple(change, RelationGetDescr(rel), values, nulls, set));
	CommandCounterIncrement();
}

/* protaddr_undo_sweep is protaddr.undo_sweep(run, finding, undone OUT, not_undone OUT). */
Datum
protaddr_undo_sweep(PG_FUNCTION_ARGS)
{
	ProtaddrSweepRun run;
	TupleDesc	desc;
	Relation	rel;
	List	   *changes;
	ListCell   *cell;
	int64		counts[2] = {0, 0};
	Datum		values[2];
	bool		nulls[2] = {false, false};
	MemoryContext per_change;
	int			level;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	if (PG_ARGISNULL(0) || !protaddr_sweep_find_run(PG_GETARG_INT64(0), &run))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no sweep has this number"),
				 errhint("See protaddr.sweep_status.")));
	if (PG_ARGISNULL(1))
		changes = changes_of(run.run);
	else
	{
		int64	   *change = palloc(sizeof(int64));

		*change = protaddr_sweep_change_of(run.run, PG_GETARG_INT64(1));
		if (*change == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("nothing was changed because of this finding"),
					 errhint("See protaddr.sweep_report.")));
		changes = list_make1(change);
	}

	level = protaddr_plain_settings();
	per_change = AllocSetContextCreate(CurrentMemoryContext, "protaddr undo", ALLOCSET_DEFAULT_SIZES);
	rel = table_open(protaddr_own_relation("sweep_change"), RowExclusiveLock);
	foreach(cell, changes)
	{
		MemoryContext old = MemoryContextSwitchTo(per_change);
		HeapTuple	change = change_row(rel, *(int64 *) lfirst(cell));
		const char *why_not;

		CHECK_FOR_INTERRUPTS();
		if (HeapTupleIsValid(change) && is_null(change, RelationGetDescr(rel), CHANGE_UNDONE_AT))
		{
			/* what is opened is in clear */
			protaddr_clear_text_seen();
			why_not = undo(change, RelationGetDescr(rel), run.action == PROTADDR_SWEEP_REGATE);
			note_undone(rel, change, why_not);
			counts[why_not == NULL ? 0 : 1]++;
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(per_change);
	}
	table_close(rel, NoLock);
	AtEOXact_GUC(false, level);
	values[0] = Int64GetDatum(counts[0]);
	values[1] = Int64GetDatum(counts[1]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
