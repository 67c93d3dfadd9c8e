/*
 * own_change.c
 *		What is changed in our own tables: rules, keys, sources, deliveries, protections?
 *
 * An observer of their trigger, which fires for everybody, a superuser's statement
 * included.  Of a statement the first rows of a table are recorded one by one before they
 * are changed; of a load, or a restore, how many there were.  What is rolled back has its
 * records, too, and one more that says so.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "audit/audit_int.h"
#include "base/base.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#define ROWS_EACH		10		/* of a table and statement that are recorded one by one */
#define NOTED			64		/* records of a transaction that may yet be rolled back */

/* The columns that a record may say.  person: it names one, by a keyed id. */
typedef struct Recorded
{
	const char *table;
	const char *person;
	const char *const *columns; /* NULL at the end */
} Recorded;

#define SAYS(...)	((const char *const []) {__VA_ARGS__, NULL})

static const Recorded recorded[] = {
	{"channel", NULL, SAYS("channel", "valid_from", "valid_to", "route", "when_protected", "small_amount", "small_currency", "when_small",
						   "linked_within", "when_unknown", "when_own", "when_unbound", "when_unreadable", "without_substitute",
						   "birth_data", "legal_basis")},
	{"data_key", NULL, SAYS("id", "outer_key", "generation", "retired_at")},
	{"exchange_rate", NULL, SAYS("currency", "in_currency", "rate", "valid_from")},
	{"register_source", NULL, SAYS("source", "current_as_of", "max_age", "regime", "confirmed_by", "persons", "protections", "max_lifts",
								   "max_lifts_share", "lift_window", "fresh_from", "valid_to_is_true")},
	{"register_delivery", NULL, SAYS("id", "source", "regime", "task", "produced", "outcome", "persons", "records", "protections", "newly_protected",
									 "lifted", "unknown_codes", "skipped", "after_gap", "lifts_confirmed", "mode", "name", "reason")},
	{"register_forgotten", NULL, SAYS("id", "before", "rows", "reason")},
	{"protection", "subject", SAYS("id", "regime", "code", "kind", "source", "valid_from", "valid_to", "recorded_to", "reason")},
	{"identity_link", "subject", SAYS("kind", "source", "recorded_to")},
	{"substitute_address", "subject", SAYS("id", "description", "recorded_to")},
	{"birth_data", "subject", SAYS("id", "recorded_to")},
	{"export", NULL, SAYS("schema_name", "relation_name", "channel", "reason")},
	{"free_column", NULL, SAYS("relation", "column_name", "reason")},
	{"safe_function", NULL, SAYS("function", "reason")},
};

/* What the statement has done to each. */
typedef struct Changes
{
	int64		inserted;
	int64		updated;
	int64		deleted;
	int			each;			/* recorded one by one */
} Changes;

static Changes changes[lengthof(recorded)];
static bool any_changes = false;
static ProtaddrAuditWho changed_by;

/* Records of this transaction's changes, and in which subtransaction they were made. */
typedef struct Noted
{
	uint64		seq;
	SubTransactionId subtransaction;
} Noted;

static Noted noted[NOTED];
static int	nnoted = 0;
static int64 not_noted = 0;

static ProtaddrAuditNamer namer = NULL;

static void own_change_start(void);
static void own_change(const char *table, const TriggerData *trigdata, HeapTuple row);
static bool summarize(void);
static void own_change_xact_end(void);
static void own_change_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent);

const ProtaddrPart protaddr_audit_own_change_part = {
	.start = own_change_start,
	.xact_end = own_change_xact_end,
	.subxact = own_change_subxact,
};

static void
own_change_start(void)
{
	protaddr_own_tables_observe(own_change);
	protaddr_audit_summarize(summarize);
}

/* protaddr_audit_names_people has the room of people say how a record names one. */
void
protaddr_audit_names_people(ProtaddrAuditNamer function)
{
	namer = function;
}

/* ---- a row --------------------------------------------------------------------------- */

/* put_value adds a value as text; of types of ours and PostgreSQL's alone. */
static void
put_value(ProtaddrAudit *record, const char *name, Datum value, Oid type)
{
	Oid			output;
	bool varlena;

	if (type == TIMESTAMPTZOID)
	{
		protaddr_audit_time(record, name, DatumGetTimestampTz(value));
		return;
	}
	getTypeOutputInfo(type, &output, &varlena);
	protaddr_audit_text(record, name, OidOutputFunctionCall(output, value));
}

static int
column_of(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped && strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return i + 1;
	return 0;
}

static void
put_row(ProtaddrAudit *record, const char *name, const Recorded *what, HeapTuple row, TupleDesc desc)
{
	protaddr_audit_open(record, name, '{');
	if (what->person != NULL && namer != NULL)
	{
		bool		isnull;
		Datum		value = heap_getattr(row, column_of(desc, what->person), desc, &isnull);

		if (!isnull)
			namer(record, TextDatumGetCString(value));
	}
	for (const char *const *column = what->columns; *column != NULL; column++)
	{
		int			number = column_of(desc, *column);
		bool		isnull = true;
		Datum		value = number == 0 ? (Datum) 0 : heap_getattr(row, number, desc, &isnull);

		/* generated ones are computed after us */
		if (!isnull && TupleDescAttr(desc, number - 1)->attgenerated == '\0')
			put_value(record, *column, value, TupleDescAttr(desc, number - 1)->atttypid);
	}
	protaddr_audit_close(record, '}');
}

static void
note(uint64 seq)
{
	if (nnoted == NOTED)
	{
		not_noted++;
		return;
	}
	noted[nnoted].seq = seq;
	noted[nnoted++].subtransaction = GetCurrentSubTransactionId();
}

/*
 * protaddr_audit_write_change writes a record of what this transaction is about to change,
 * and that it was rolled back, if it is.
 */
void
protaddr_audit_write_change(const ProtaddrAudit *record)
{
	if (nnoted == 0 && !any_changes)
		protaddr_audit_who(&changed_by);
	protaddr_audit_write(record);
	note(protaddr_audit_last());
}

/* own_change is the observer. */
static void
own_change(const char *table, const TriggerData *trigdata, HeapTuple row)
{
	static ProtaddrAudit record;
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	TriggerEvent event = trigdata->tg_event;
	const Recorded *what = NULL;
	Changes    *change;

	for (int i = 0; i < lengthof(recorded) && what == NULL; i++)
		if (strcmp(recorded[i].table, table) == 0)
			what = &recorded[i];
	/* what our own script brings is as shipped */
	if (what == NULL || protaddr_in_own_script())
		return;
	change = &changes[what - recorded];
	if (!any_changes)
		protaddr_audit_who(&changed_by);
	any_changes = true;
	if (TRIGGER_FIRED_BY_INSERT(event))
		change->inserted++;
	else if (TRIGGER_FIRED_BY_UPDATE(event))
		change->updated++;
	else
		change->deleted++;
	if (change->each == ROWS_EACH)
		return;
	change->each++;

	/* the transaction has a number from now on, by which its records are told */
	(void) GetTopTransactionId();
	protaddr_audit_begin(&record, "changed");
	protaddr_audit_text(&record, "table", table);
	protaddr_audit_text(&record, "what", TRIGGER_FIRED_BY_INSERT(event) ? "insert" : TRIGGER_FIRED_BY_UPDATE(event) ? "update" : "delete");
	put_row(&record, "row", what, row, desc);
	if (TRIGGER_FIRED_BY_UPDATE(event))
		put_row(&record, "before", what, trigdata->tg_trigtuple, desc);
	protaddr_audit_write_change(&record);
}

/* summarize says how many rows there were, where not all of them are recorded. */
static bool
summarize(void)
{
	static ProtaddrAudit record;

	if (likely(!any_changes))
		return true;
	for (int i = 0; i < lengthof(recorded); i++)
	{
		Changes    *change = &changes[i];

		if (change->inserted + change->updated + change->deleted > change->each)
		{
			protaddr_audit_begin_as(&record, "changed_rows", &changed_by);
			protaddr_audit_text(&record, "table", recorded[i].table);
			protaddr_audit_number(&record, "inserted", change->inserted);
			protaddr_audit_number(&record, "updated", change->updated);
			protaddr_audit_number(&record, "deleted", change->deleted);
			protaddr_audit_number(&record, "recorded", change->each);
			if (!protaddr_audit_write_after(&record))
				return false;
		}
		memset(change, 0, sizeof(*change));
	}
	any_changes = false;
	return true;
}

/* ---- what is rolled back ------------------------------------------------------------------ */

/* undone says that what these records tell of has not happened; those of one subtransaction, or all. */
static void
undone(SubTransactionId subtransaction)
{
	static ProtaddrAudit record;
	int			kept = 0;
	bool		any = false;

	for (int i = 0; i < nnoted && !any; i++)
		any = subtransaction == InvalidSubTransactionId || noted[i].subtransaction == subtransaction;
	if (!any)
		return;
	protaddr_audit_begin_as(&record, "rolled_back", &changed_by);
	if (not_noted > 0)
		protaddr_audit_number(&record, "perhaps_more", not_noted);
	protaddr_audit_open(&record, "records", '[');
	for (int i = 0; i < nnoted; i++)
		if (subtransaction == InvalidSubTransactionId || noted[i].subtransaction == subtransaction)
			protaddr_audit_number(&record, NULL, (int64) noted[i].seq);
		else
			noted[kept++] = noted[i];
	protaddr_audit_close(&record, ']');
	nnoted = kept;
	(void) protaddr_audit_write_after(&record);
}

static void
own_change_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		undone(mine);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (int i = 0; i < nnoted; i++)
			if (noted[i].subtransaction == mine)
				noted[i].subtransaction = parent;
}

static void
own_change_xact_end(void)
{
	if (nnoted > 0 && protaddr_transaction_aborted())
		undone(InvalidSubTransactionId);
	nnoted = 0;
	not_noted = 0;
	any_changes = false;
	memset(changes, 0, sizeof(changes));
}
