/*
 * decision.c
 *		What has been decided of a held row?
 *
 * Each act is a row of protaddr.held_decision: to release the row or to reject it, that
 * it was carried out, or that another one has taken its place.  Each names the act that it
 * follows, and is sealed: a row that somebody else has written, or moved to another held
 * row, counts for nothing.  What the state of a held row is, is never stored.
 *
 * To decide touches no table but our own two and tells nothing.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* columns of protaddr.held_decision */
enum
{
	DECISION_ID = 1,
	DECISION_HELD_ID,
	DECISION_FOLLOWS,
	DECISION_WHAT,
	DECISION_ACTION,
	DECISION_REASON,
	DECISION_AT,
	DECISION_BY,
	DECISION_COVERS,
	DECISION_NWORDS = DECISION_COVERS,
	DECISION_SEALED,
	DECISION_COLUMNS = DECISION_SEALED
};

static const char *const decision_columns[] = {
	[DECISION_ID] = "decision_id",
	[DECISION_HELD_ID] = "held_id",
	[DECISION_FOLLOWS] = "follows",
	[DECISION_WHAT] = "what",
	[DECISION_ACTION] = "action",
	[DECISION_REASON] = "reason",
	[DECISION_AT] = "decided_at",
	[DECISION_BY] = "decided_by",
	[DECISION_COVERS] = "covers",
	[DECISION_SEALED] = "sealed",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "held_decision", PROTADDR_COLUMNS(decision_columns), .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE,
	.why_rows_stay = "What was decided stays on record."},
};

const ProtaddrPart protaddr_decision_part = {
	PROTADDR_TABLES(tables),
};

static const char *const acts[] = {
	[PROTADDR_HELD_WAITS] = NULL,
	[PROTADDR_HELD_DECIDED] = "release",
	[PROTADDR_HELD_REJECTED] = "reject",
	[PROTADDR_HELD_RELEASED] = "carry out",
	[PROTADDR_HELD_REPLACED] = "replace",
	[PROTADDR_HELD_NO_KEY] = NULL,
};

PG_FUNCTION_INFO_V1(protaddr_decide_held);

typedef struct Act
{
	int64		id;
	int64		follows;		/* 0: the first */
	ProtaddrHeldStatus what;
	const char *action;
	const char *reason;
	TimestampTz at;
	const char *by;
} Act;

/* ---- acts, as rows ---------------------------------------------------------------------- */

/* protaddr_held_action reads the word for an action; false for "reject". */
bool
protaddr_held_action(const char *word, ProtaddrAction *action)
{
	if (strcmp(word, "reject") == 0)
		return false;
	if (!protaddr_action_of_word(word, strlen(word), action) ||
		(*action != PROTADDR_WITHHOLD && *action != PROTADDR_MINIMUM &&
		 *action != PROTADDR_SUBSTITUTE && *action != PROTADDR_DISCLOSE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid action for a held row"),
				 errhint("Actions are withhold, minimum, substitute, disclose and reject.")));
	return true;
}

static void
words_of(HeapTuple tuple, TupleDesc desc, const char **words)
{
	for (int column = 1; column <= DECISION_NWORDS; column++)
		words[column - 1] = protaddr_column_word(tuple, desc, column);
}

/*
 * protaddr_held_act writes an act upon a held row, which is locked, and seals it.
 * covers: the payment that it is of, if it was carried out.
 */
int64
protaddr_held_act(int64 held_id, int64 follows, ProtaddrHeldStatus what, const char *action,
				  const char *reason, const ProtaddrDigest *covers)
{
	Relation	rel = table_open(protaddr_own_relation("held_decision"), RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(rel);
	Datum		values[DECISION_COLUMNS] = {0};
	bool		nulls[DECISION_COLUMNS] = {false};
	const char *words[DECISION_NWORDS];
	StringInfoData plain;
	int64		id = protaddr_random_id();
	static ProtaddrAudit record;

	values[DECISION_ID - 1] = Int64GetDatum(id);
	values[DECISION_HELD_ID - 1] = Int64GetDatum(held_id);
	nulls[DECISION_FOLLOWS - 1] = follows == 0;
	values[DECISION_FOLLOWS - 1] = Int64GetDatum(follows);
	values[DECISION_WHAT - 1] = CStringGetTextDatum(acts[what]);
	nulls[DECISION_ACTION - 1] = action == NULL;
	if (action != NULL)
		values[DECISION_ACTION - 1] = CStringGetTextDatum(action);
	nulls[DECISION_REASON - 1] = reason == NULL;
	if (reason != NULL)
		values[DECISION_REASON - 1] = CStringGetTextDatum(reason);
	values[DECISION_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[DECISION_BY - 1] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	nulls[DECISION_COVERS - 1] = covers == NULL;
	if (covers != NULL)
		values[DECISION_COVERS - 1] =
			PointerGetDatum(cstring_to_text_with_len((char *) covers->bytes, sizeof(covers->bytes)));

	nulls[DECISION_SEALED - 1] = true;
	words_of(heap_form_tuple(desc, values, nulls), desc, words);
	initStringInfo(&plain);
	protaddr_put_words(&plain, PROTADDR_SEALED_DECISION, words, DECISION_NWORDS);
	nulls[DECISION_SEALED - 1] = false;
	values[DECISION_SEALED - 1] = PointerGetDatum(protaddr_seal_bytes(plain.data, plain.len));
	protaddr_audit_begin(&record, "held_decided");
	protaddr_audit_number(&record, "held_id", held_id);
	protaddr_audit_text(&record, "what", acts[what]);
	protaddr_audit_text(&record, "action", action);
	protaddr_audit_text(&record, "reason", reason);
	protaddr_audit_write_change(&record);
	CatalogTupleInsert(rel, heap_form_tuple(desc, values, nulls));
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
	return id;
}

/* authentic tells what a row's seal is worth: whole, if it says what the row says. */
static ProtaddrSealState
authentic(HeapTuple tuple, TupleDesc desc, const char **words)
{
	bool		isnull;
	Datum		sealed = heap_getattr(tuple, DECISION_SEALED, desc, &isnull);
	bytea	   *plain;
	ProtaddrSealState seal;
	StringInfoData in;
	int			encoding;

	words_of(tuple, desc, words);
	if (isnull)
		return PROTADDR_SEAL_ALTERED;
	seal = protaddr_try_open_bytes((bytea *) PG_DETOAST_DATUM_PACKED(sealed), &plain);
	if (seal != PROTADDR_SEAL_WHOLE)
		return seal;
	in.data = VARDATA(plain);
	in.len = in.maxlen = VARSIZE(plain) - VARHDRSZ;
	in.cursor = 0;
	return protaddr_take_words(&in, PROTADDR_SEALED_DECISION, words, DECISION_NWORDS, &encoding) ?
		PROTADDR_SEAL_WHOLE : PROTADDR_SEAL_ALTERED;
}

static ProtaddrHeldStatus
status_of(const char *what)
{
	for (int i = 0; i < lengthof(acts); i++)
		if (acts[i] != NULL && strcmp(acts[i], what) == 0)
			return i;
	return PROTADDR_HELD_WAITS;
}

static void
apply_act(ProtaddrHeldState *standing, const Act *act)
{
	standing->status = act->what;
	standing->last = act->id;
	if (act->what == PROTADDR_HELD_RELEASED || act->what == PROTADDR_HELD_REPLACED)
	{
		standing->ended_at = act->at;
		standing->ended_by = act->by;
		return;
	}
	standing->action = act->action;
	standing->reason = act->reason;
	standing->decided_at = act->at;
	standing->decided_by = act->by;
}

/*
 * protaddr_held_state tells what has been decided of a held row: the act that no other one
 * follows.  One that was carried out, or replaced, stays so.
 */
void
protaddr_held_state(int64 held_id, ProtaddrHeldState *standing)
{
	Relation	rel = table_open(protaddr_own_relation("held_decision"), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;
	bool		no_key = false;
	bool		going_on = true;

	memset(standing, 0, sizeof(*standing));
	ScanKeyInit(&key, DECISION_HELD_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(held_id));
	scan = systable_beginscan(rel, protaddr_own_relation("held_decision_of"), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		const char *words[DECISION_NWORDS];
		ProtaddrSealState seal = authentic(tuple, desc, words);
		Act		   *act;

		no_key = no_key || seal == PROTADDR_SEAL_NO_KEY;
		if (seal != PROTADDR_SEAL_WHOLE)
			continue;
		act = palloc(sizeof(Act));
		act->id = strtoi64(words[DECISION_ID - 1], NULL, 10);
		act->follows = words[DECISION_FOLLOWS - 1] == NULL ? 0 : strtoi64(words[DECISION_FOLLOWS - 1], NULL, 10);
		act->what = status_of(words[DECISION_WHAT - 1]);
		act->action = words[DECISION_ACTION - 1];
		act->reason = words[DECISION_REASON - 1];
		act->at = strtoi64(words[DECISION_AT - 1], NULL, 10);
		act->by = words[DECISION_BY - 1];
		found = lappend(found, act);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	/* from the first on; each is followed by one at most, for the held row was locked */
	while (going_on)
	{
		ListCell   *cell;

		going_on = false;
		foreach(cell, found)
		{
			Act		   *act = lfirst(cell);

			if (act->follows != standing->last)
				continue;
			apply_act(standing, act);
			going_on = true;
			break;
		}
	}
	/* should an act between have been taken away: what is done is done */
	for (int i = 0; i < list_length(found); i++)
	{
		Act		   *act = list_nth(found, i);

		if (standing->status != PROTADDR_HELD_RELEASED && standing->status != PROTADDR_HELD_REPLACED &&
			(act->what == PROTADDR_HELD_RELEASED || act->what == PROTADDR_HELD_REPLACED))
			apply_act(standing, act);
	}
	if (no_key)
		standing->status = PROTADDR_HELD_NO_KEY;
}

/*
 * protaddr_held_covers tells whether a row is a payment as somebody has decided on it,
 * with what it carries.
 */
bool
protaddr_held_covers(const ProtaddrGate *gate, HeapTuple row, TupleDesc row_desc)
{
	Relation	rel = table_open(protaddr_own_relation("held_decision"), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	ProtaddrDigest digest;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		covered = false;

	protaddr_payment_digest(gate, row, row_desc, true, &digest);
	ScanKeyInit(&key, DECISION_COVERS, BTEqualStrategyNumber, F_BYTEAEQ,
				PointerGetDatum(cstring_to_text_with_len((char *) digest.bytes, sizeof(digest.bytes))));
	scan = systable_beginscan(rel, protaddr_own_relation("held_decision_covers"), true, NULL, 1, &key);
	while (!covered && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		const char *words[DECISION_NWORDS];

		covered = authentic(tuple, desc, words) == PROTADDR_SEAL_WHOLE &&
			status_of(words[DECISION_WHAT - 1]) == PROTADDR_HELD_RELEASED;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return covered;
}

/* ---- somebody decides --------------------------------------------------------------------- */

static const char *
said(ProtaddrHeldStatus status)
{
	switch (status)
	{
		case PROTADDR_HELD_REJECTED:
			return "It was rejected.";
		case PROTADDR_HELD_RELEASED:
			return "It was released.";
		case PROTADDR_HELD_REPLACED:
			return "The row was changed since, and is held anew.";
		case PROTADDR_HELD_NO_KEY:
			return "The key of a decision on it is not here.";
		case PROTADDR_HELD_DECIDED:
			return "It is to be released, and that was not carried out yet.";
		case PROTADDR_HELD_WAITS:
			break;
	}
	return "Nobody has decided.";
}

/* protaddr_held_refuse_state raises 55000 for a held row that is not in the state asked for. */
void
protaddr_held_refuse_state(int64 held_id, ProtaddrHeldStatus status, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 status == PROTADDR_HELD_WAITS ?
			 errmsg("nobody has decided on held row %lld", (long long) held_id) :
			 errmsg("held row %lld is no longer waiting for this", (long long) held_id),
			 errdetail("%s", said(status)),
			 errhint("%s", hint),
			 protaddr_errprivate()));
}

/*
 * protaddr_held_take finds and locks a held row, and proves that it is as it was held.
 * Raises 55000 if it is not there, XX001 if somebody has changed it, 55PA1 without its
 * key.  held may be NULL.
 */
HeapTuple
protaddr_held_take(Relation rel, int64 held_id, const char **words, ProtaddrHeldRow *held)
{
	HeapTuple	tuple = protaddr_held_row(rel, held_id);
	bool		isnull;
	Datum		sealed;

	if (tuple == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("held row %lld does not exist", (long long) held_id),
				 errhint("See protaddr.held_rows().")));
	protaddr_held_lock(rel, tuple);
	protaddr_held_words(tuple, RelationGetDescr(rel), words);
	sealed = heap_getattr(tuple, PROTADDR_HELD_SEALED, RelationGetDescr(rel), &isnull);
	switch (isnull ? PROTADDR_SEAL_ALTERED :
			protaddr_open_held_row((bytea *) PG_DETOAST_DATUM_PACKED(sealed), words,
								   PROTADDR_HELD_NWORDS, held))
	{
		case PROTADDR_SEAL_WHOLE:
			break;
		case PROTADDR_SEAL_NO_KEY:
			/* which one says so */
			(void) protaddr_open_bytes((bytea *) PG_DETOAST_DATUM_PACKED(sealed));
			break;
		case PROTADDR_SEAL_ALTERED:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("held row %lld is not as it was held", (long long) held_id),
					 errdetail("Somebody has changed it, or put it there by hand. It counts for nothing."),
					 protaddr_errprivate()));
	}
	return tuple;
}

/*
 * protaddr_held_decide decides on a held row.  Two at once wait for each other; the second
 * finds that the row does not wait any more.  again: in place of a decision that was not
 * carried out.  Gives the act.
 */
int64
protaddr_held_decide(int64 held_id, const char *action, const char *reason, bool again)
{
	Relation	rel;
	const char *words[PROTADDR_HELD_NWORDS];
	ProtaddrHeldState standing;
	ProtaddrAction released;
	bool		to_release = protaddr_held_action(action, &released);
	int64		act;

	if (protaddr_is_blank(reason))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a decision on a held row needs a reason")));
	rel = table_open(protaddr_own_relation("held"), RowShareLock);
	(void) protaddr_held_take(rel, held_id, words, NULL);
	protaddr_held_state(held_id, &standing);
	if (standing.status != PROTADDR_HELD_WAITS &&
		!(again && (standing.status == PROTADDR_HELD_DECIDED || standing.status == PROTADDR_HELD_REJECTED)))
		protaddr_held_refuse_state(held_id, standing.status,
								   standing.status == PROTADDR_HELD_DECIDED || standing.status == PROTADDR_HELD_REJECTED ?
								   "decide_held(..., again => true) decides in place of a decision that was not carried out." :
								   "See protaddr.held_rows().");
	act = protaddr_held_act(held_id, standing.last,
							to_release ? PROTADDR_HELD_DECIDED : PROTADDR_HELD_REJECTED,
							to_release ? action : NULL, reason, NULL);
	table_close(rel, NoLock);
	return act;
}

/* protaddr_decide_held is protaddr.decide_held(held_id, action, reason, again). */
Datum
protaddr_decide_held(PG_FUNCTION_ARGS)
{
	for (int i = 0; i < 4; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a decision on a held row needs its held_id, an action and a reason")));
	(void) protaddr_held_decide(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
								text_to_cstring(PG_GETARG_TEXT_PP(2)), PG_GETARG_BOOL(3));
	PG_RETURN_VOID();
}
