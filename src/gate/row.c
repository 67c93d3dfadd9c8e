/*
 * row.c
 *		What may be written into an outbound table?
 *
 * Two triggers, both ENABLE ALWAYS.  The one before the row releases every address
 * and every message for the channel, and holds the row if the channel says so; the one
 * after the row proves that what is about to be stored is released, whatever other
 * triggers did in between.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "door/door.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "law/law.h"
#include "message/rewrite.h"
#include "person/person.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"

PG_FUNCTION_INFO_V1(protaddr_gate_row);
PG_FUNCTION_INFO_V1(protaddr_gate_check);
PG_FUNCTION_INFO_V1(protaddr_trigger_arguments);

/* A row at the gate. */
typedef struct Passing
{
	Relation	rel;
	TupleDesc	desc;
	HeapTuple	row;
	HeapTuple	before;			/* what an UPDATE replaces; else NULL */
	const ProtaddrGate *gate;
	const ProtaddrChannel *channel;
	ProtaddrTransfer transfer;
	ProtaddrHeldDecision *held; /* a decision of this row; or NULL */
	/* what takes the place of what was proposed */
	int			nreplaced;
	int		   *replaced;
	Datum	   *values;
	bool	   *nulls;
	bool		to_hold;
	StringInfoData why;			/* to_hold: why */
	bool		covered_asked;
	bool		covered;		/* the row is a payment as somebody has decided on it */
	bool	   *linked;			/* of whose people it is recorded */
	bool		loses_key;		/* an update: what was noted of its messages is not found */
} Passing;

static bool may_be_held_on_record(const Passing *passing);
static void release_apart(Passing *passing);
static void release_columns(Passing *passing);
static void release_address(Passing *passing, const ProtaddrGateAddress *column);
static void release_messages(Passing *passing);
static void let_through(const Passing *passing, Oid relation, AttrNumber column,
						const ProtaddrTransfer *transfer, Datum value);
static bool was_let_through(const Passing *passing, Oid relation, AttrNumber column,
							const ProtaddrTransfer *transfer, Datum value);
static void may_move(const Passing *passing, AttrNumber column, const ProtaddrTransfer *transfer,
					 Datum value);
static bool is_moved(const Passing *passing, AttrNumber column, const ProtaddrTransfer *transfer,
					 Datum value);
static bool stays_as_it_was(const Passing *passing, AttrNumber column, Datum value);
static bool stays_as_decided(Passing *passing, AttrNumber column, Datum value);
static Datum unreadable_leaves(const Passing *passing, const ProtaddrTransfer *transfer, Datum value);
static void follow_linked(Passing *passing);
static void record_linked(const Passing *passing);
static void record_stored_linked(const Passing *passing);

/*
 * passing_begin reads what the trigger is told, and what the row says of itself.  A
 * decision about a held row is of one row, once before and once after it is stored.
 */
static void
passing_begin(TriggerData *trigdata, Passing *passing)
{
	memset(passing, 0, sizeof(*passing));
	passing->rel = trigdata->tg_relation;
	passing->desc = RelationGetDescr(passing->rel);
	passing->row = trigdata->tg_trigtuple;
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		passing->row = trigdata->tg_newtuple;
		passing->before = trigdata->tg_trigtuple;
	}
	passing->gate = protaddr_gate_of_trigger(passing->rel, trigdata->tg_trigger);
	passing->channel = protaddr_gate_channel(passing->gate, passing->row, passing->desc, false);
	protaddr_gate_transfer(passing->gate, passing->row, passing->desc, &passing->transfer);
	passing->held = protaddr_held_decision(passing->gate, passing->before != NULL);
	if (passing->held != NULL && (TRIGGER_FIRED_BEFORE(trigdata->tg_event) ?
								  passing->held->decided : passing->held->proved))
		passing->held = NULL;
	if (passing->held != NULL)
	{
		passing->transfer.hold_decided = true;
		passing->transfer.after_hold = passing->held->action;
		passing->transfer.reason = passing->held->reason;
	}
}

static void
replace(Passing *passing, AttrNumber column, Datum value, bool isnull)
{
	passing->replaced[passing->nreplaced] = column;
	passing->values[passing->nreplaced] = value;
	passing->nulls[passing->nreplaced++] = isnull;
}

static void
hold(Passing *passing, AttrNumber column, const char *why)
{
	passing->to_hold = true;
	appendStringInfo(&passing->why, "%s%s: %s", passing->why.len > 0 ? "; " : "",
					 NameStr(TupleDescAttr(passing->desc, column - 1)->attname), why);
}

/*
 * protaddr_gate_row is the trigger before the row.  A row that names nobody has its
 * addresses withheld, and so has a value that concerns nobody.
 */
Datum
protaddr_gate_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Passing		passing;
	int			ncolumns;
	HeapTuple	waiting;

	protaddr_check_row_trigger(fcinfo, "gate_row", TRIGGER_EVENT_BEFORE, -1);
	protaddr_gate_require_hooks();
	protaddr_gate_enter(RelationGetRelid(trigdata->tg_relation));
	passing_begin(trigdata, &passing);
	if (passing.held != NULL)
		protaddr_held_passes(passing.held, passing.gate, passing.before, passing.row, passing.desc);
	else if (passing.before != NULL)
	{
		waiting = protaddr_update_in_place(passing.gate, passing.rel, passing.before, passing.row,
										   passing.channel, &passing.transfer);
		if (waiting != NULL)
			return PointerGetDatum(waiting);
	}
	follow_linked(&passing);

	ncolumns = passing.gate->naddresses + passing.gate->nmessages;
	passing.replaced = palloc(Max(ncolumns, 1) * sizeof(int));
	passing.values = palloc(Max(ncolumns, 1) * sizeof(Datum));
	passing.nulls = palloc(Max(ncolumns, 1) * sizeof(bool));
	passing.linked = palloc0(passing.gate->npeople * sizeof(bool));
	initStringInfo(&passing.why);

	if (may_be_held_on_record(&passing))
		release_apart(&passing);
	else
		release_columns(&passing);

	if (passing.to_hold)
	{
		if (passing.held != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_PROTADDR_REFUSED),
					 errmsg("channel \"%s\" still holds the row", passing.channel->name),
					 errhint("No substitute is registered: decide again, with another action."),
					 protaddr_errprivate()));
		if (passing.gate->hold_column != InvalidAttrNumber)
			return PointerGetDatum(protaddr_hold_in_place(passing.gate, passing.rel, passing.row,
														  passing.before != NULL, passing.channel,
														  &passing.transfer, passing.why.data));
		if (passing.before != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_PROTADDR_REFUSED),
					 errmsg("channel \"%s\" holds this row until somebody has decided, and an update cannot be held",
							passing.channel->name),
					 errdetail("The row stays as it was."),
					 errhint("INSERT such a row, or let the gate hold rows in place: install_gate(..., hold_column => column, hold_value => value). What was decided stays so while the payment is the same; with install_gate(..., payee => column) columns that tell nothing of it may change."),
					 protaddr_errprivate()));
		protaddr_hold_row(passing.gate, passing.rel, passing.row, false, false, passing.channel,
						  &passing.transfer, passing.why.data);
		return PointerGetDatum(NULL);
	}

	record_linked(&passing);
	if (passing.nreplaced > 0)
		passing.row = heap_modify_tuple_by_cols(passing.row, passing.desc, passing.nreplaced,
												passing.replaced, passing.values, passing.nulls);
	if (passing.held != NULL)
		passing.held->decided = true;
	return PointerGetDatum(passing.row);
}

/*
 * Whether a column, or a transaction of a message, could leave a record (disclosed, or
 * linked) before another one holds the row.
 */
static bool
may_be_held_on_record(const Passing *passing)
{
	if ((passing->before != NULL && passing->gate->hold_column == InvalidAttrNumber) ||
		(passing->channel->may & PROTADDR_ACTION_BIT(PROTADDR_HOLD)) == 0)
		return false;
	return ((passing->channel->may & PROTADDR_ACTION_BIT(PROTADDR_DISCLOSE)) != 0 &&
			passing->gate->naddresses + 2 * passing->gate->nmessages > 1) ||
		(passing->channel->linked_within != NULL && passing->gate->nmessages > 0);
}

/* release_apart takes back what was recorded if the row is held in the end. */
static void
release_apart(Passing *passing)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		release_columns(passing);
		if (passing->to_hold)
			RollbackAndReleaseCurrentSubTransaction();
		else
			ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
}

static void
release_columns(Passing *passing)
{
	for (int i = 0; i < passing->gate->naddresses; i++)
		release_address(passing, &passing->gate->addresses[i]);
	if (passing->gate->nmessages > 0)
		release_messages(passing);
}

static void
release_address(Passing *passing, const ProtaddrGateAddress *column)
{
	bool		isnull;
	Datum		value = heap_getattr(passing->row, column->number, passing->desc, &isnull);
	ProtaddrTransfer other;
	ProtaddrTransfer *transfer = &passing->transfer;
	ProtaddrAnswer answer;
	ProtaddrSeal *seal;
	ProtaddrSeal *released;

	if (isnull)
		return;
	if (column->person != 0)
	{
		other = passing->transfer;
		protaddr_gate_person(passing->gate, column->person, passing->row, passing->desc, &other);
		transfer = &other;
	}

	seal = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
	released = protaddr_release(seal, passing->channel, transfer, &answer);
	if (answer.action == PROTADDR_BLOCK)
		protaddr_refuse(passing->channel);
	if (answer.action == PROTADDR_HOLD)
	{
		/* what left with the row by a decision needs no other one */
		if (is_moved(passing, column->number, transfer, value))
			let_through(passing, passing->gate->relation, column->number, transfer, value);
		else if (stays_as_decided(passing, column->number, value))
			may_move(passing, column->number, transfer, value);
		else
			hold(passing, column->number, protaddr_rule_why(answer.rule));
		return;
	}
	passing->linked[column->person] |= answer.linked;
	if (released == seal)
		return;
	value = released == NULL ? (Datum) 0 : PointerGetDatum(released);
	if (OidIsValid(column->domain))
		domain_check(value, released == NULL, column->domain, NULL, NULL);
	replace(passing, column->number, value, released == NULL);
}

static void
release_messages(Passing *passing)
{
	const ProtaddrGate *gate = passing->gate;

	for (int i = 0; i < gate->nmessages; i++)
	{
		const ProtaddrGateMessage *column = &gate->messages[i];
		bool		isnull;
		Datum		value = heap_getattr(passing->row, column->number, passing->desc, &isnull);
		Datum		leaves;
		ProtaddrAnswer answer;
		ProtaddrTransfer transfer = passing->transfer;

		if (isnull)
			continue;
		transfer.has_row = gate->args.subject != NULL;
		transfer.counts_alone = transfer.counts_alone || (passing->loses_key && transfer.amount == NULL);
		if (protaddr_gate_message(PROTADDR_ASK_NOW, column, value, passing->channel, &transfer, &leaves,
								  &answer) == PROTADDR_HOLD)
		{
			if (is_moved(passing, column->number, &passing->transfer, value) ||
				stays_as_decided(passing, column->number, value))
			{
				leaves = value;
				may_move(passing, column->number, &passing->transfer, value);
			}
			else if (passing->held != NULL && answer.rule == PROTADDR_RULE_UNREADABLE)
				leaves = unreadable_leaves(passing, &transfer, value);
			else
			{
				hold(passing, column->number, protaddr_rule_why(answer.rule));
				continue;
			}
		}
		if (leaves != value)
			replace(passing, column->number, leaves, false);
		let_through(passing, gate->relation, column->number, &passing->transfer, leaves);
	}

	/* of a message whose amount is the row's, the row is the transfer */
	if (passing->channel->has_small && passing->channel->linked_within != NULL &&
		passing->transfer.amount != NULL && passing->transfer.payer.len > 0 &&
		passing->transfer.payee.len > 0 &&
		protaddr_protection_of(passing->transfer.payer.key, passing->transfer.payer.len) != PROTADDR_HIDES_NOTHING)
		passing->linked[0] = true;
}

static void
let_through(const Passing *passing, Oid relation, AttrNumber column,
			const ProtaddrTransfer *transfer, Datum value)
{
	ProtaddrDigest digest;

	protaddr_value_digest(relation, NameStr(TupleDescAttr(passing->desc, column - 1)->attname),
						  passing->channel, transfer, value, &digest);
	protaddr_let_through(&digest);
}

static bool
was_let_through(const Passing *passing, Oid relation, AttrNumber column,
				const ProtaddrTransfer *transfer, Datum value)
{
	ProtaddrDigest digest;

	protaddr_value_digest(relation, NameStr(TupleDescAttr(passing->desc, column - 1)->attname),
						  passing->channel, transfer, value, &digest);
	return protaddr_was_let_through(&digest);
}

/*
 * An update that moves a row to another partition comes as an update of the one and
 * then an insert into the other.  may_move notes what the update has let pass by a
 * decision, and is_moved tells that an insert is the same.
 */
static void
may_move(const Passing *passing, AttrNumber column, const ProtaddrTransfer *transfer, Datum value)
{
	if (passing->before != NULL && passing->gate->root != passing->gate->relation)
		let_through(passing, passing->gate->root, column, transfer, value);
}

static bool
is_moved(const Passing *passing, AttrNumber column, const ProtaddrTransfer *transfer, Datum value)
{
	return passing->before == NULL && passing->gate->root != passing->gate->relation &&
		was_let_through(passing, passing->gate->root, column, transfer, value);
}

static bool
stays_as_it_was(const Passing *passing, AttrNumber column, Datum value)
{
	bool		isnull;
	Datum		before;

	if (passing->before == NULL)
		return false;
	before = heap_getattr(passing->before, column, passing->desc, &isnull);
	return !isnull && datum_image_eq(before, value, false, -1);
}

/*
 * stays_as_decided tells whether an update leaves a value as it stands, in a row that is
 * a payment as somebody has decided on it.
 */
static bool
stays_as_decided(Passing *passing, AttrNumber column, Datum value)
{
	if (!stays_as_it_was(passing, column, value))
		return false;
	if (!passing->covered_asked)
		passing->covered = protaddr_held_covers(passing->gate, passing->row, passing->desc);
	passing->covered_asked = true;
	return passing->covered;
}

/*
 * unreadable_leaves lets a message that nobody can read leave, if the channel holds such
 * messages and somebody has decided to disclose it; on record.
 */
static Datum
unreadable_leaves(const Passing *passing, const ProtaddrTransfer *transfer, Datum value)
{
	PaText		payer = {transfer->payer.key, transfer->payer.len};

	if (passing->held->action != PROTADDR_DISCLOSE)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("the message cannot be read, so nothing can be taken out of it"),
				 errdetail("The row stays held."),
				 errhint("Decide again: 'disclose' lets it leave as it is, on record; 'reject' keeps it here."),
				 protaddr_errprivate()));
	(void) protaddr_disclosure_record(passing->channel, transfer, &payer, payer.len > 0 ? 1 : 0);
	return value;
}

/* transfer_of gives the transfer of one of the people of a row, by what the row says. */
static void
transfer_of(const Passing *passing, int person, HeapTuple row, const ProtaddrTransfer *of_subject,
			ProtaddrTransfer *transfer)
{
	*transfer = *of_subject;
	if (person == 0)
		return;
	protaddr_gate_person(passing->gate, person, row, passing->desc, transfer);
	/* the same row, but not the subject's transfer */
	transfer->reference = hash_combine64(transfer->reference,
										 hash_bytes_extended((unsigned char *) transfer->payer.key,
															 transfer->payer.len, 0));
}

/* linked_digest names a transfer as a row has it, wherever the row moves. */
static void
linked_digest(const Passing *passing, const ProtaddrTransfer *transfer, ProtaddrDigest *digest)
{
	StringInfoData words;

	initStringInfo(&words);
	appendBinaryStringInfo(&words, transfer->payee.key, transfer->payee.len);
	appendStringInfo(&words, " %s %s %d " UINT64_FORMAT, transfer->currency,
					 transfer->amount == NULL ? "" : numeric_normalize(transfer->amount),
					 transfer->has_reference, transfer->reference);
	protaddr_value_digest(passing->gate->root, "", passing->channel, transfer,
						  PointerGetDatum(cstring_to_text_with_len(words.data, words.len)), digest);
}

/*
 * follow_linked tells what an update makes of a transfer that was noted.  Without a
 * key nobody knows which one that is: then it counts alone, be it that the row comes
 * to another partition as an insert.
 */
static void
follow_linked(Passing *passing)
{
	ProtaddrTransfer row_was;
	ProtaddrDigest digest;

	if (passing->before != NULL)
	{
		protaddr_gate_transfer(passing->gate, passing->before, passing->desc, &row_was);
		passing->loses_key = !passing->transfer.has_reference ||
			passing->transfer.reference != row_was.reference;
	}
	if (passing->gate->amount.number == InvalidAttrNumber || passing->gate->payee.number == InvalidAttrNumber)
		return;
	if (!passing->transfer.has_reference && passing->channel->linked_within != NULL)
	{
		linked_digest(passing, &passing->transfer, &digest);
		if (passing->before == NULL)
			passing->transfer.counts_alone = passing->gate->root != passing->gate->relation &&
				protaddr_was_let_through(&digest);
		else
		{
			passing->transfer.counts_alone = true;
			if (passing->gate->root != passing->gate->relation)
				protaddr_let_through(&digest);
		}
	}
	if (passing->before == NULL)
		return;
	for (int i = 0; i < passing->gate->npeople; i++)
	{
		ProtaddrTransfer was;
		ProtaddrTransfer now;

		transfer_of(passing, i, passing->before, &row_was, &was);
		transfer_of(passing, i, passing->row, &passing->transfer, &now);
		protaddr_linked_follow(&was, &now);
	}
}

/*
 * record_linked records the transfer, for each of the row's people of whom it counts.
 * If the row's key was noted before, an insert may not come to be stored: then
 * record_stored_linked does it, once it is.
 */
static void
record_linked(const Passing *passing)
{
	for (int i = 0; i < passing->gate->npeople; i++)
	{
		ProtaddrTransfer transfer;
		ProtaddrDigest digest;

		if (!passing->linked[i])
			continue;
		transfer_of(passing, i, passing->row, &passing->transfer, &transfer);
		if (!protaddr_linked_record(passing->channel, &transfer, passing->before == NULL))
		{
			linked_digest(passing, &transfer, &digest);
			protaddr_let_through(&digest);
		}
	}
}

static void
record_stored_linked(const Passing *passing)
{
	if (passing->before != NULL || passing->channel->linked_within == NULL ||
		!passing->transfer.has_reference || passing->transfer.amount == NULL ||
		passing->transfer.payee.len == 0)
		return;
	for (int i = 0; i < passing->gate->npeople; i++)
	{
		ProtaddrTransfer transfer;
		ProtaddrDigest digest;

		transfer_of(passing, i, passing->row, &passing->transfer, &transfer);
		linked_digest(passing, &transfer, &digest);
		if (protaddr_was_let_through(&digest))
			(void) protaddr_linked_record(passing->channel, &transfer, false);
	}
}

/* protaddr_gate_check is the trigger after the row, with the same arguments. */
Datum
protaddr_gate_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const ProtaddrGate *gate;
	Passing		passing;
	const char *culprit = NULL;

	protaddr_check_row_trigger(fcinfo, "gate_check", TRIGGER_EVENT_AFTER, -1);
	passing_begin(trigdata, &passing);
	gate = passing.gate;

	for (int i = 0; i < gate->naddresses && culprit == NULL; i++)
	{
		const ProtaddrGateAddress *column = &gate->addresses[i];
		bool		isnull;
		Datum		value = heap_getattr(passing.row, column->number, passing.desc, &isnull);
		ProtaddrTransfer transfer = passing.transfer;
		ProtaddrSeal *seal;

		if (isnull)
			continue;
		if (column->person != 0)
			protaddr_gate_person(gate, column->person, passing.row, passing.desc, &transfer);
		seal = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
		if (!protaddr_is_released(seal, passing.channel, &transfer) &&
			!stays_as_decided(&passing, column->number, value) &&
			!was_let_through(&passing, gate->relation, column->number, &transfer, value))
			culprit = NameStr(TupleDescAttr(passing.desc, column->number - 1)->attname);
	}
	for (int i = 0; i < gate->nmessages && culprit == NULL; i++)
	{
		bool		isnull;
		Datum		value = heap_getattr(passing.row, gate->messages[i].number, passing.desc, &isnull);

		if (!isnull && !was_let_through(&passing, gate->relation, gate->messages[i].number,
										&passing.transfer, value))
			culprit = NameStr(TupleDescAttr(passing.desc, gate->messages[i].number - 1)->attname);
	}

	if (culprit != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("column \"%s\" of \"%s\" holds an address that is not released for channel \"%s\"",
						culprit, RelationGetRelationName(passing.rel), passing.channel->name),
				 errdetail("Another trigger or a generated column put it there after the gate, or its person was protected meanwhile."),
				 errhint("Let nothing write the column after the gate's trigger."),
				 protaddr_errprivate()));
	record_stored_linked(&passing);
	if (passing.held != NULL)
		protaddr_held_proved(passing.held, passing.gate, passing.row, passing.desc);
	return PointerGetDatum(NULL);
}

/*
 * protaddr_trigger_arguments gives the arguments of a trigger as text[]; NULL if
 * there is no such trigger.
 */
Datum
protaddr_trigger_arguments(PG_FUNCTION_ARGS)
{
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData skey;
	SysScanDesc scan;
	HeapTuple	tuple;
	ArrayType  *result = NULL;

	ScanKeyInit(&skey, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(PG_GETARG_OID(0)));
	scan = systable_beginscan(rel, TriggerOidIndexId, true, NULL, 1, &skey);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		int			nargs = ((Form_pg_trigger) GETSTRUCT(tuple))->tgnargs;
		bool		isnull;
		Datum		packed = heap_getattr(tuple, Anum_pg_trigger_tgargs, RelationGetDescr(rel), &isnull);
		bytea	   *bytes = isnull ? NULL : DatumGetByteaPP(packed);
		const char *next = bytes ? VARDATA_ANY(bytes) : NULL;
		Datum	   *args = palloc(Max(nargs, 1) * sizeof(Datum));

		if (bytes == NULL)
			nargs = 0;
		for (int i = 0; i < nargs; i++)
		{
			args[i] = CStringGetTextDatum(next);
			next += strlen(next) + 1;
		}
		result = nargs > 0 ?
			construct_array(args, nargs, TEXTOID, -1, false, TYPALIGN_INT) :
			construct_empty_array(TEXTOID);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(result);
}
