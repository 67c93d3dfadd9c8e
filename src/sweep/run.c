/*
 * run.c
 *		What does a sweep keep of itself?
 *
 * Which tables it is to search and how far it is in each, and what it has found.  The rows
 * are the extension's own: they are written past triggers and privileges, by nothing that
 * runs anybody's code, in the transaction of the batch that they tell of.  So what is
 * noted and how far the sweep is go together, whatever interrupts it.
 *
 * A table is one session's at a time: it holds a lock that outlives its transactions and
 * goes with the session, or with an error.
 */
#include "postgres.h"

#include "sweep/sweep_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* columns of protaddr.sweep_run */
enum
{
	RUN_RUN = 1,
	RUN_STARTED_AT,
	RUN_STARTED_BY,
	RUN_SCOPE,
	RUN_ACTION,
	RUN_TIME_COLUMN,
	RUN_SINCE,
	RUN_UNTIL,
	RUN_COLUMNS = RUN_UNTIL
};

/* columns of protaddr.sweep_table */
enum
{
	TABLE_ITEM = 1,
	TABLE_RUN,
	TABLE_RELATION,
	TABLE_NEXT_BLOCK,
	TABLE_BLOCKS,
	TABLE_FILENODE,
	TABLE_HORIZON,
	TABLE_ROWS,
	TABLE_ENDED_AT,
	TABLE_ENDED_BY,
	TABLE_WHY_NOT,
	TABLE_DONE_AT,
	TABLE_DONE_BY,
	TABLE_DONE_WHY,
	TABLE_COLUMNS = TABLE_DONE_WHY
};

/* columns of protaddr.sweep_finding */
enum
{
	FINDING_FINDING = 1,
	FINDING_RUN,
	FINDING_RELATION,
	FINDING_IN_COLUMNS,
	FINDING_ROW_KEY,
	FINDING_ROW_TID,
	FINDING_SUBJECT_KEY,
	FINDING_CERTAINTY,
	FINDING_FOUND_AT,
	FINDING_PLACE,
	FINDING_CHANGE,
	FINDING_WHY_NOT,
	FINDING_DONE_AT,
	FINDING_DONE_BY,
	FINDING_DONE_WHY,
	FINDING_COLUMNS = FINDING_DONE_WHY
};

static const char *const run_columns[] = {
	[RUN_RUN] = "run",
	[RUN_STARTED_AT] = "started_at",
	[RUN_STARTED_BY] = "started_by",
	[RUN_SCOPE] = "scope",
	[RUN_ACTION] = "action",
	[RUN_TIME_COLUMN] = "time_column",
	[RUN_SINCE] = "since",
	[RUN_UNTIL] = "until",
};

static const char *const table_columns[] = {
	[TABLE_ITEM] = "item",
	[TABLE_RUN] = "run",
	[TABLE_RELATION] = "relation",
	[TABLE_NEXT_BLOCK] = "next_block",
	[TABLE_BLOCKS] = "blocks",
	[TABLE_FILENODE] = "filenode",
	[TABLE_HORIZON] = "horizon",
	[TABLE_ROWS] = "rows",
	[TABLE_ENDED_AT] = "ended_at",
	[TABLE_ENDED_BY] = "ended_by",
	[TABLE_WHY_NOT] = "why_not",
	[TABLE_DONE_AT] = "done_at",
	[TABLE_DONE_BY] = "done_by",
	[TABLE_DONE_WHY] = "done_why",
};

static const char *const finding_columns[] = {
	[FINDING_FINDING] = "finding",
	[FINDING_RUN] = "run",
	[FINDING_RELATION] = "relation",
	[FINDING_IN_COLUMNS] = "columns",
	[FINDING_ROW_KEY] = "row_key",
	[FINDING_ROW_TID] = "row_tid",
	[FINDING_SUBJECT_KEY] = "subject_key",
	[FINDING_CERTAINTY] = "certainty",
	[FINDING_FOUND_AT] = "found_at",
	[FINDING_PLACE] = "place",
	[FINDING_CHANGE] = "change",
	[FINDING_WHY_NOT] = "why_not",
	[FINDING_DONE_AT] = "done_at",
	[FINDING_DONE_BY] = "done_by",
	[FINDING_DONE_WHY] = "done_why",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "sweep_run", PROTADDR_COLUMNS(run_columns)},
	{.name = "sweep_table", PROTADDR_COLUMNS(table_columns)},
	{.name = "sweep_finding", PROTADDR_COLUMNS(finding_columns)},
	{.name = "sweep_change", PROTADDR_COLUMNS(protaddr_sweep_change_columns)},
};

const ProtaddrPart protaddr_sweep_part = {
	PROTADDR_TABLES(tables),
};

static const char *const actions[] = {
	[PROTADDR_SWEEP_REPORT] = "report",
	[PROTADDR_SWEEP_REDACT] = "redact",
	[PROTADDR_SWEEP_REGATE] = "regate",
};

static const char *const certainties[] = {
	[PA_DOUBTFUL] = "doubtful",
	[PA_SAFE] = "safe",
	[PA_EXACT] = "exact",
};

const char *
protaddr_sweep_action_word(ProtaddrSweepAction action)
{
	return actions[action];
}

bool
protaddr_sweep_action(const char *word, ProtaddrSweepAction *action)
{
	for (int i = 0; i < lengthof(actions); i++)
		if (strcmp(actions[i], word) == 0)
		{
			*action = i;
			return true;
		}
	return false;
}

/* ---- rows ------------------------------------------------------------------------------- */

static void
set_text(Datum *values, bool *nulls, int column, const char *word)
{
	nulls[column - 1] = word == NULL;
	if (word != NULL)
		values[column - 1] = CStringGetTextDatum(word);
}

static void
set_time(Datum *values, bool *nulls, int column, TimestampTz at)
{
	nulls[column - 1] = TIMESTAMP_NOT_FINITE(at);
	values[column - 1] = TimestampTzGetDatum(at);
}

static void
set_number(Datum *values, bool *nulls, int column, int64 number)
{
	nulls[column - 1] = false;
	values[column - 1] = Int64GetDatum(number);
}

static int64
number_of(HeapTuple tuple, TupleDesc desc, int column, int64 otherwise)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? otherwise : DatumGetInt64(value);
}

/* rows_of begins to read the rows of a sweep by an index that starts with it. */
static SysScanDesc
rows_of(Relation rel, const char *index, int column, int64 run)
{
	ScanKeyData key;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(run));
	return systable_beginscan(rel, protaddr_own_relation(index), true, NULL, 1, &key);
}

/* ---- runs ---------------------------------------------------------------------------------- */

/* protaddr_sweep_begin enters a sweep, and gives it its number. */
void
protaddr_sweep_begin(ProtaddrSweepRun *run, const char *scope)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_run"), RowExclusiveLock);
	Datum		values[RUN_COLUMNS] = {0};
	bool		nulls[RUN_COLUMNS] = {false};

	run->run = protaddr_next_id();
	set_number(values, nulls, RUN_RUN, run->run);
	set_time(values, nulls, RUN_STARTED_AT, GetCurrentTimestamp());
	set_text(values, nulls, RUN_STARTED_BY, GetUserNameFromId(GetSessionUserId(), false));
	set_text(values, nulls, RUN_SCOPE, scope);
	set_text(values, nulls, RUN_ACTION, actions[run->action]);
	nulls[RUN_TIME_COLUMN - 1] = NameStr(run->time_column)[0] == '\0';
	values[RUN_TIME_COLUMN - 1] = NameGetDatum(&run->time_column);
	set_time(values, nulls, RUN_SINCE, run->since);
	set_time(values, nulls, RUN_UNTIL, run->until);
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, NoLock);
}

/* protaddr_sweep_find_run reads what a sweep was told; false if there is none of this number. */
bool
protaddr_sweep_find_run(int64 number, ProtaddrSweepRun *run)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_run"), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = rows_of(rel, "sweep_run_pkey", RUN_RUN, number);
	HeapTuple	tuple = systable_getnext(scan);
	bool		found = HeapTupleIsValid(tuple);
	bool		isnull;
	Datum		value;

	memset(run, 0, sizeof(*run));
	if (found)
	{
		run->run = number;
		if (!protaddr_sweep_action(TextDatumGetCString(heap_getattr(tuple, RUN_ACTION, desc, &isnull)), &run->action))
			elog(ERROR, "a sweep has an action that does not exist");
		value = heap_getattr(tuple, RUN_TIME_COLUMN, desc, &isnull);
		if (!isnull)
			run->time_column = *DatumGetName(value);
		run->since = number_of(tuple, desc, RUN_SINCE, DT_NOBEGIN);
		run->until = number_of(tuple, desc, RUN_UNTIL, DT_NOEND);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* protaddr_sweep_relation finds a table by its name, qualified and quoted; InvalidOid if it is gone. */
Oid
protaddr_sweep_relation(const char *name)
{
	List	   *names = protaddr_name_list(name);
	Oid			schema = list_length(names) == 2 ? get_namespace_oid(strVal(linitial(names)), true) : InvalidOid;

	return OidIsValid(schema) ? get_relname_relid(strVal(lsecond(names)), schema) : InvalidOid;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* protaddr_sweep_add_table puts a table on the sweep's list; why_not: it is not going to be searched. */
void
protaddr_sweep_add_table(const ProtaddrSweepRun *run, Oid relation, const char *why_not)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_table"), RowExclusiveLock);
	Datum		values[TABLE_COLUMNS] = {0};
	bool		nulls[TABLE_COLUMNS];

	memset(nulls, true, sizeof(nulls));
	set_number(values, nulls, TABLE_ITEM, protaddr_next_id());
	set_number(values, nulls, TABLE_RUN, run->run);
	set_text(values, nulls, TABLE_RELATION, protaddr_qualified_name(relation));
	set_number(values, nulls, TABLE_ROWS, 0);
	if (why_not != NULL)
	{
		set_text(values, nulls, TABLE_WHY_NOT, why_not);
		set_time(values, nulls, TABLE_ENDED_AT, GetCurrentTimestamp());
		set_text(values, nulls, TABLE_ENDED_BY, GetUserNameFromId(GetSessionUserId(), false));
	}
	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, NoLock);
}

static bool
is_ended(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;

	(void) heap_getattr(tuple, TABLE_ENDED_AT, desc, &isnull);
	return !isnull;
}

/* protaddr_sweep_tables_left counts the tables that are not searched to their end. */
int
protaddr_sweep_tables_left(const ProtaddrSweepRun *run)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_table"), AccessShareLock);
	SysScanDesc scan = rows_of(rel, "sweep_table_run", TABLE_RUN, run->run);
	HeapTuple	tuple;
	int			left = 0;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		left += !is_ended(tuple, RelationGetDescr(rel));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return left;
}

/* claim_tag names the lock of whoever searches a table of a sweep. */
static void
claim_tag(int64 item, LOCKTAG *tag)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, protaddr_own_relation("sweep_table"),
					   (uint32) ((uint64) item >> 32) ^ (uint32) item, 0);
}

static void
read_item(HeapTuple tuple, TupleDesc desc, ProtaddrSweepItem *item)
{
	bool		isnull;

	memset(item, 0, sizeof(*item));
	item->item = number_of(tuple, desc, TABLE_ITEM, 0);
	strlcpy(item->relation, TextDatumGetCString(heap_getattr(tuple, TABLE_RELATION, desc, &isnull)),
			sizeof(item->relation));
	item->begun = number_of(tuple, desc, TABLE_NEXT_BLOCK, -1) >= 0;
	item->next_block = (BlockNumber) number_of(tuple, desc, TABLE_NEXT_BLOCK, 0);
	item->blocks = (BlockNumber) number_of(tuple, desc, TABLE_BLOCKS, 0);
	item->filenode = (Oid) number_of(tuple, desc, TABLE_FILENODE, 0);
	item->horizon = (uint64) number_of(tuple, desc, TABLE_HORIZON, 0);
	item->rows = number_of(tuple, desc, TABLE_ROWS, 0);
}

/* item_row gives the row of a table of a sweep as it is committed now, copied. */
static HeapTuple
item_row(Relation rel, int64 item)
{
	SysScanDesc scan = rows_of(rel, "sweep_table_pkey", TABLE_ITEM, item);
	HeapTuple	tuple = systable_getnext(scan);

	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

/*
 * protaddr_sweep_claim takes a table that nobody searches, until protaddr_sweep_release or
 * the end of a transaction that fails; false if there is none.
 */
bool
protaddr_sweep_claim(const ProtaddrSweepRun *run, ProtaddrSweepItem *item)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_table"), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = rows_of(rel, "sweep_table_run", TABLE_RUN, run->run);
	HeapTuple	tuple;
	bool		claimed = false;

	while (!claimed && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HeapTuple	now;
		LOCKTAG		tag;

		if (is_ended(tuple, desc))
			continue;
		read_item(tuple, desc, item);
		claim_tag(item->item, &tag);
		if (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
			continue;
		/* whoever had it may have gone on, or ended, since we have read of it */
		now = item_row(rel, item->item);
		claimed = HeapTupleIsValid(now) && !is_ended(now, desc);
		if (claimed)
			read_item(now, desc, item);
		else
			protaddr_sweep_release(item);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return claimed;
}

void
protaddr_sweep_release(const ProtaddrSweepItem *item)
{
	LOCKTAG		tag;

	claim_tag(item->item, &tag);
	(void) LockRelease(&tag, ExclusiveLock, true);
}

/* protaddr_sweep_keep keeps how far the sweep is in a table. */
void
protaddr_sweep_keep(const ProtaddrSweepItem *item, bool ended, const char *why_not)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_table"), RowExclusiveLock);
	HeapTuple	old = item_row(rel, item->item);
	Datum		values[TABLE_COLUMNS] = {0};
	bool		nulls[TABLE_COLUMNS] = {false};
	bool		set[TABLE_COLUMNS] = {false};

	if (!HeapTupleIsValid(old))
		elog(ERROR, "a table of a sweep is not listed any more");
	if (item->begun)
	{
		set_number(values, nulls, TABLE_NEXT_BLOCK, item->next_block);
		set_number(values, nulls, TABLE_BLOCKS, item->blocks);
		set_number(values, nulls, TABLE_FILENODE, item->filenode);
		set_number(values, nulls, TABLE_HORIZON, (int64) item->horizon);
		set_number(values, nulls, TABLE_ROWS, item->rows);
		for (int column = TABLE_NEXT_BLOCK; column <= TABLE_ROWS; column++)
			set[column - 1] = true;
	}
	if (ended)
	{
		set_time(values, nulls, TABLE_ENDED_AT, GetCurrentTimestamp());
		set_text(values, nulls, TABLE_ENDED_BY, GetUserNameFromId(GetSessionUserId(), false));
		set_text(values, nulls, TABLE_WHY_NOT, why_not);
		set[TABLE_ENDED_AT - 1] = set[TABLE_ENDED_BY - 1] = set[TABLE_WHY_NOT - 1] = true;
	}
	CatalogTupleUpdate(rel, &old->t_self, heap_modify_tuple(old, RelationGetDescr(rel), values, nulls, set));
	table_close(rel, NoLock);
}

/* ---- findings --------------------------------------------------------------------------------- */

/* protaddr_sweep_columns names columns, in their order. */
char *
protaddr_sweep_columns(TupleDesc desc, const Bitmapset *columns)
{
	StringInfoData names;
	int			column = -1;

	initStringInfo(&names);
	while ((column = bms_next_member(columns, column)) > 0)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 quote_identifier(NameStr(TupleDescAttr(desc, column - 1)->attname)));
	return names.data;
}

/* place_of names the place of a find: a sweep that looks at the row again finds it once. */
static void
place_of(const char *relation, const char *columns, const char *key, const char *tid,
		 const ProtaddrSweepFind *find, uint8 place[PROTADDR_DIGEST_SIZE])
{
	pg_cryptohash_ctx *digest = protaddr_digest_begin();

	protaddr_digest_add_sized(digest, relation, strlen(relation));
	protaddr_digest_add_sized(digest, columns, strlen(columns));
	protaddr_digest_add_sized(digest, key != NULL ? "key" : "tid", 3);
	protaddr_digest_add_sized(digest, key != NULL ? key : tid, strlen(key != NULL ? key : tid));
	protaddr_digest_add_sized(digest, find->subject.key, find->subject.len);
	protaddr_digest_add_sized(digest, find->certainty == PA_DOUBTFUL ? "doubtful" : "certain", 7);
	protaddr_digest_end(digest, place);
}

static bool
is_noted(Relation rel, int64 run, Datum place)
{
	ScanKeyData key[2];
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&key[0], FINDING_RUN, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(run));
	ScanKeyInit(&key[1], FINDING_PLACE, BTEqualStrategyNumber, F_BYTEAEQ, place);
	scan = systable_beginscan(rel, protaddr_own_relation("sweep_finding_place"), true, NULL, 2, key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	return found;
}

/* protaddr_sweep_note notes a find, with the row's key as JSON; false if it is noted already. */
bool
protaddr_sweep_note(const ProtaddrSweepRun *run, Relation of, const ProtaddrSweepFind *find,
					const char *key, ItemPointer tid, int64 change)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_finding"), RowExclusiveLock);
	Datum		values[FINDING_COLUMNS] = {0};
	bool		nulls[FINDING_COLUMNS];
	char	   *relation = protaddr_qualified_name(RelationGetRelid(of));
	char	   *columns = protaddr_sweep_columns(RelationGetDescr(of), find->columns);
	char	   *at = DatumGetCString(DirectFunctionCall1(tidout, PointerGetDatum(tid)));
	uint8		place[PROTADDR_DIGEST_SIZE];
	bool		is_new;

	place_of(relation, columns, key, at, find, place);
	memset(nulls, true, sizeof(nulls));
	values[FINDING_PLACE - 1] = PointerGetDatum(cstring_to_text_with_len((char *) place, sizeof(place)));
	nulls[FINDING_PLACE - 1] = false;
	is_new = !is_noted(rel, run->run, values[FINDING_PLACE - 1]);
	if (is_new)
	{
		set_number(values, nulls, FINDING_FINDING, protaddr_next_id());
		set_number(values, nulls, FINDING_RUN, run->run);
		set_text(values, nulls, FINDING_RELATION, relation);
		set_text(values, nulls, FINDING_IN_COLUMNS, columns);
		nulls[FINDING_ROW_KEY - 1] = key == NULL;
		if (key != NULL)
			values[FINDING_ROW_KEY - 1] = DirectFunctionCall1(jsonb_in, CStringGetDatum(key));
		values[FINDING_ROW_TID - 1] = PointerGetDatum(tid);
		nulls[FINDING_ROW_TID - 1] = false;
		if (find->subject.len > 0)
			set_text(values, nulls, FINDING_SUBJECT_KEY, pnstrdup(find->subject.key, find->subject.len));
		if (find->certainty != 0)
			set_text(values, nulls, FINDING_CERTAINTY, certainties[find->certainty]);
		set_time(values, nulls, FINDING_FOUND_AT, GetCurrentTimestamp());
		if (change != 0)
			set_number(values, nulls, FINDING_CHANGE, change);
		set_text(values, nulls, FINDING_WHY_NOT, find->why_not);
		CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
		CommandCounterIncrement();
	}
	table_close(rel, NoLock);
	return is_new;
}

/*
 * protaddr_sweep_forget_finds takes away what was found in a table that is begun anew,
 * unless it has led to a change.
 */
void
protaddr_sweep_forget_finds(const ProtaddrSweepRun *run, const char *relation)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_finding"), RowExclusiveLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[0], FINDING_RUN, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(run->run));
	ScanKeyInit(&key[1], FINDING_RELATION, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(relation));
	key[1].sk_collation = C_COLLATION_OID;
	scan = systable_beginscan(rel, protaddr_own_relation("sweep_finding_run"), true, NULL, 2, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (number_of(tuple, RelationGetDescr(rel), FINDING_CHANGE, 0) == 0)
			CatalogTupleDelete(rel, &tuple->t_self);
	systable_endscan(scan);
	table_close(rel, NoLock);
	CommandCounterIncrement();
}

/* protaddr_sweep_count counts what a sweep has found, by what is committed now. */
void
protaddr_sweep_count(const ProtaddrSweepRun *run, int64 *found, int64 *doubtful, int64 *changed, int64 *to_do)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_finding"), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = rows_of(rel, "sweep_finding_run", FINDING_RUN, run->run);
	HeapTuple	tuple;

	*found = *doubtful = *changed = *to_do = 0;
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		certainty = heap_getattr(tuple, FINDING_CERTAINTY, desc, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (!isnull && strcmp(TextDatumGetCString(certainty), certainties[PA_DOUBTFUL]) == 0)
			(*doubtful)++;
		else if (!isnull)
			(*found)++;
		*changed += number_of(tuple, desc, FINDING_CHANGE, 0) != 0;
		(void) heap_getattr(tuple, FINDING_WHY_NOT, desc, &isnull);
		*to_do += !isnull;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* protaddr_sweep_change_of gives the change that a finding of a sweep has led to; 0: none. */
int64
protaddr_sweep_change_of(int64 run, int64 finding)
{
	Relation	rel = table_open(protaddr_own_relation("sweep_finding"), AccessShareLock);
	SysScanDesc scan = rows_of(rel, "sweep_finding_pkey", FINDING_FINDING, finding);
	HeapTuple	tuple = systable_getnext(scan);
	int64		change = 0;

	if (HeapTupleIsValid(tuple) && number_of(tuple, RelationGetDescr(rel), FINDING_RUN, 0) == run)
		change = number_of(tuple, RelationGetDescr(rel), FINDING_CHANGE, 0);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return change;
}
