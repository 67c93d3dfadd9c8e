/*
 * held.c
 *		Where does a row wait for a decision?
 *
 * In protaddr.held, sealed whole.  The table is the extension's: nobody else has a right
 * on it, rows are added to it by gates alone, past its triggers, and never changed or
 * removed.  Nothing here switches user or runs SQL, so nothing that others have put
 * anywhere is run on behalf of somebody else.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "law/law.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_gate_summary);

/* Rows that one statement has held, until it says so. */
typedef struct HeldCount
{
	Oid			root;
	int			depth;			/* of triggers */
	SubTransactionId subtransaction;
	TimestampTz statement;
	int64		rows;
} HeldCount;

static List *counts = NIL;		/* in TopTransactionContext */

static void held_start(void);
static void held_xact_end(void);
static void held_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent);

static const char *const held_columns[] = {
	[PROTADDR_HELD_ID] = "held_id",
	[PROTADDR_HELD_AT] = "held_at",
	[PROTADDR_HELD_BY] = "held_by",
	[PROTADDR_HELD_RELATION] = "relation",
	[PROTADDR_HELD_OPERATION] = "operation",
	[PROTADDR_HELD_MODE] = "mode",
	[PROTADDR_HELD_KEY] = "row_key",
	[PROTADDR_HELD_CHANNEL] = "channel",
	[PROTADDR_HELD_PAYER] = "payer",
	[PROTADDR_HELD_PAYEE] = "payee",
	[PROTADDR_HELD_AMOUNT] = "amount",
	[PROTADDR_HELD_CURRENCY] = "currency",
	[PROTADDR_HELD_WHY] = "why",
	[PROTADDR_HELD_PLACE] = "place",
	[PROTADDR_HELD_SEALED] = "sealed",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "held", PROTADDR_COLUMNS(held_columns), .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE,
	.why_rows_stay = "Payments that wait for a decision would be lost."},
};

const ProtaddrPart protaddr_held_part = {
	PROTADDR_TABLES(tables),
	.start = held_start,
	.xact_end = held_xact_end,
	.subxact = held_subxact,
};

static void
held_start(void)
{
	protaddr_reseals_inside(protaddr_reseal_held_row);
}

static void
held_xact_end(void)
{
	counts = NIL;
}

/* What a subtransaction has held is its parent's, or was never held. */
static void
held_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	ListCell   *cell;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(cell, counts)
	{
		HeldCount  *count = (HeldCount *) lfirst(cell);

		if (count->subtransaction != mine)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			count->subtransaction = parent;
		else
			count->rows = 0;
	}
}

/* ---- the table ------------------------------------------------------------------------ */

/* protaddr_column_word writes a column of ours as a word that can be sealed; NULL for NULL. */
char *
protaddr_column_word(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);
	Jsonb	   *json;

	if (isnull)
		return NULL;
	switch (TupleDescAttr(desc, column - 1)->atttypid)
	{
		case INT8OID:
		case TIMESTAMPTZOID:
			return psprintf(INT64_FORMAT, DatumGetInt64(value));
		case NUMERICOID:
			return DatumGetCString(DirectFunctionCall1(numeric_out, value));
		case JSONBOID:
			json = DatumGetJsonbP(value);
			return JsonbToCString(NULL, &json->root, VARSIZE(json));
		case BYTEAOID:
			return TextDatumGetCString(DirectFunctionCall2(binary_encode, value, CStringGetTextDatum("hex")));
		default:
			return TextDatumGetCString(value);
	}
}

/* protaddr_held_words writes what stands in clear beside a sealed row. */
void
protaddr_held_words(HeapTuple tuple, TupleDesc desc, const char **words)
{
	for (int column = 1; column <= PROTADDR_HELD_NWORDS; column++)
		words[column - 1] = protaddr_column_word(tuple, desc, column);
}

/* protaddr_held_row gives a row of protaddr.held, copied; NULL if it is not there. */
HeapTuple
protaddr_held_row(Relation rel, int64 held_id)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, PROTADDR_HELD_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(held_id));
	scan = systable_beginscan(rel, protaddr_own_relation("held_pkey"), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	tuple = HeapTupleIsValid(tuple) ? heap_copytuple(tuple) : NULL;
	systable_endscan(scan);
	return tuple;
}

/*
 * protaddr_held_lock keeps others from deciding on the row, or carrying it out, until we
 * have committed.
 */
void
protaddr_held_lock(Relation rel, HeapTuple tuple)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TM_FailureData failure;
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TM_Result	result = table_tuple_lock(rel, &tuple->t_self, snapshot, slot,
										  GetCurrentCommandId(false), LockTupleExclusive,
										  LockWaitBlock, 0, &failure);

	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	if (result != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a held row was changed by hand while it was decided on")));
}

/* ---- a row is held ---------------------------------------------------------------------- */

static void
set_text(Datum *values, bool *nulls, int column, const char *word)
{
	nulls[column - 1] = word == NULL;
	if (word != NULL)
		values[column - 1] = CStringGetTextDatum(word);
}

static const char *
key_of(const ProtaddrIdentifier *id)
{
	return id->len == 0 ? NULL : pnstrdup(id->key, id->len);
}

/*
 * protaddr_hold_row writes the row, as it was proposed, into protaddr.held.  stored is what
 * stands of it in its table meanwhile; NULL: nothing does.  If it cannot be held the statement fails, and nothing
 * is lost.
 */
void
protaddr_hold_row(const ProtaddrGate *gate, Relation rel, HeapTuple row, bool is_update,
				  HeapTuple stored, const ProtaddrChannel *channel,
				  const ProtaddrTransfer *transfer, const char *why)
{
	Relation	held = table_open(protaddr_own_relation("held"), RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(held);
	Datum		values[PROTADDR_HELD_COLUMNS] = {0};
	bool		nulls[PROTADDR_HELD_COLUMNS] = {false};
	const char *words[PROTADDR_HELD_NWORDS];
	char	   *relation = protaddr_qualified_name(gate->root);
	char	   *key;
	int			level = protaddr_plain_settings();
	ProtaddrDigest place;
	ProtaddrWaits waits;
	HeapTuple	tuple;
	static ProtaddrAudit record;

	key = protaddr_row_key(gate, row, RelationGetDescr(rel));
	AtEOXact_GUC(false, level);

	waits.held_id = protaddr_random_id();
	values[PROTADDR_HELD_ID - 1] = Int64GetDatum(waits.held_id);
	values[PROTADDR_HELD_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	set_text(values, nulls, PROTADDR_HELD_BY, GetUserNameFromId(GetSessionUserId(), false));
	set_text(values, nulls, PROTADDR_HELD_RELATION, relation);
	set_text(values, nulls, PROTADDR_HELD_OPERATION, is_update ? "UPDATE" : "INSERT");
	set_text(values, nulls, PROTADDR_HELD_MODE, stored != NULL ? PROTADDR_MODE_IN_PLACE : PROTADDR_MODE_ASIDE);
	nulls[PROTADDR_HELD_KEY - 1] = key == NULL;
	nulls[PROTADDR_HELD_PLACE - 1] = key == NULL;
	if (key != NULL)
	{
		values[PROTADDR_HELD_KEY - 1] = DirectFunctionCall1(jsonb_in, CStringGetDatum(key));
		protaddr_place_digest(relation, key, &place);
		values[PROTADDR_HELD_PLACE - 1] =
			PointerGetDatum(cstring_to_text_with_len((char *) place.bytes, sizeof(place.bytes)));
	}
	set_text(values, nulls, PROTADDR_HELD_CHANNEL, channel->name);
	set_text(values, nulls, PROTADDR_HELD_PAYER, key_of(&transfer->payer));
	set_text(values, nulls, PROTADDR_HELD_PAYEE, key_of(&transfer->payee));
	nulls[PROTADDR_HELD_AMOUNT - 1] = transfer->amount == NULL;
	values[PROTADDR_HELD_AMOUNT - 1] = NumericGetDatum(transfer->amount);
	set_text(values, nulls, PROTADDR_HELD_CURRENCY,
			 transfer->currency[0] == '\0' ? NULL : transfer->currency);
	set_text(values, nulls, PROTADDR_HELD_WHY, why);

	nulls[PROTADDR_HELD_SEALED - 1] = true;
	tuple = heap_form_tuple(desc, values, nulls);
	protaddr_held_words(tuple, desc, words);
	nulls[PROTADDR_HELD_SEALED - 1] = false;
	values[PROTADDR_HELD_SEALED - 1] =
		PointerGetDatum(protaddr_seal_held_row(gate, rel, row, words, PROTADDR_HELD_NWORDS));
	tuple = heap_form_tuple(desc, values, nulls);
	protaddr_audit_begin(&record, "held");
	protaddr_audit_number(&record, "held_id", waits.held_id);
	protaddr_audit_text(&record, "relation", relation);
	protaddr_audit_text(&record, "operation", is_update ? "UPDATE" : "INSERT");
	protaddr_audit_text(&record, "channel", channel->name);
	protaddr_audit_text(&record, "why", why);
	protaddr_audit_write_change(&record);
	CatalogTupleInsert(held, tuple);
	table_close(held, RowExclusiveLock);
	if (stored != NULL && !is_update && key != NULL)
	{
		waits.tuple = tuple->t_self;
		protaddr_bare_digest(gate, stored, RelationGetDescr(rel), &waits.bare);
		protaddr_ledger_waits(rel, &place, &waits);
	}
	else
		protaddr_count_held(gate);
}

/*
 * protaddr_unhold_row takes a row out of protaddr.held again that this very command has put
 * there.  Nobody has seen it: it is as if it had never been held.
 */
void
protaddr_unhold_row(const ProtaddrWaits *waits)
{
	Relation	held = table_open(protaddr_own_relation("held"), RowExclusiveLock);
	ItemPointerData tuple = waits->tuple;

	CommandCounterIncrement();
	CatalogTupleDelete(held, &tuple);
	table_close(held, RowExclusiveLock);
}

/* ---- a statement says how many ------------------------------------------------------------ */

static int
trigger_depth(void)
{
	return DatumGetInt32(pg_trigger_depth(NULL));
}

/* protaddr_count_held counts a row that the running statement holds. */
void
protaddr_count_held(const ProtaddrGate *gate)
{
	HeldCount  *count = NULL;
	MemoryContext old;
	ListCell   *cell;

	foreach(cell, counts)
	{
		HeldCount  *other = (HeldCount *) lfirst(cell);

		if (other->root == gate->root && other->depth == trigger_depth() &&
			other->subtransaction == GetCurrentSubTransactionId() &&
			other->statement == GetCurrentStatementStartTimestamp())
			count = other;
		/* of statements that end without a word, as an apply worker's do */
		else if (other->statement != GetCurrentStatementStartTimestamp())
		{
			counts = foreach_delete_current(counts, cell);
			pfree(other);
		}
	}
	if (count == NULL)
	{
		old = MemoryContextSwitchTo(TopTransactionContext);
		count = palloc0(sizeof(HeldCount));
		count->root = gate->root;
		count->depth = trigger_depth();
		count->subtransaction = GetCurrentSubTransactionId();
		count->statement = GetCurrentStatementStartTimestamp();
		counts = lappend(counts, count);
		MemoryContextSwitchTo(old);
	}
	count->rows++;
}

/*
 * protaddr_gate_summary is the trigger after the statement: it says how many rows of
 * it are held, if any.
 */
Datum
protaddr_gate_summary(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	int64		rows = 0;
	ListCell   *cell;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_STATEMENT(trigdata->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"gate_summary\" is not used as the trigger it is made for"),
				 errhint("Use protaddr.install_gate().")));

	foreach(cell, counts)
	{
		HeldCount  *count = (HeldCount *) lfirst(cell);

		if (count->root == RelationGetRelid(trigdata->tg_relation) && count->depth == trigger_depth() &&
			count->statement == GetCurrentStatementStartTimestamp())
		{
			rows += count->rows;
			counts = foreach_delete_current(counts, cell);
			pfree(count);
		}
	}
	if (rows > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld row of %s is held", "%lld rows of %s are held", (unsigned long) rows,
							   (long long) rows, protaddr_qualified_name(RelationGetRelid(trigdata->tg_relation))),
				 errhint("See protaddr.held_rows(). protaddr.decide_held() decides.")));
	return PointerGetDatum(NULL);
}
