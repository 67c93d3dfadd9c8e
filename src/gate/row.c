/*
 * row.c
 *		What may be written into an outbound table?
 *
 * Two triggers, both ENABLE ALWAYS.  The BEFORE ROW trigger releases every address and every
 * message for the channel, or holds the row if the channel says so.  The AFTER ROW trigger proves
 * that the stored row is released, whatever other triggers did in between.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "door/door.h"
#include "gate/gate.h"
#include "guard/guard.h"
#include "keys/keys.h"
#include "law/law.h"
#include "message/rewrite.h"
#include "person/person.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/resowner.h"

PG_FUNCTION_INFO_V1(protaddr_gate_row);
PG_FUNCTION_INFO_V1(protaddr_gate_check);

/* A row at the gate. */
typedef struct Passing
{
	Relation	rel;
	TupleDesc	desc;
	HeapTuple	row;
	HeapTuple	before;			/* of an UPDATE: the old row; else NULL */
	const ProtaddrGate *gate;
	const ProtaddrChannel *channel;
	ProtaddrTransfer transfer;
	ProtaddrHeldDecision *held; /* the decision about this row, or NULL */
	/* the columns that the gate changes */
	int			nreplaced;
	int		   *replaced;
	Datum	   *values;
	bool	   *nulls;
	bool		to_hold;
	StringInfoData why;			/* to_hold: why */
	bool		covered_asked;
	bool		covered;		/* the row is still a payment that was decided on */
	bool	   *linked;			/* people for whom the transfer is recorded */
	bool		loses_key;		/* an update changes the key under which its messages were noted */
	ProtaddrTaken *taken;		/* addresses that do not leave; NULL: none */
	bool		has_message;	/* only the ledger can prove that it passed */
	bool		empties;		/* an update: an address that it does not change is withheld */
	bool		by_decision;	/* something passes because of a decision, though the channel holds
								 * it */
	bool		arrives;		/* an insert by which an update moves the row here; see departed */
	ProtaddrDeparture departed;
} Passing;

static bool may_be_held_on_record(const Passing *passing);
static void release_apart(Passing *passing);
static void release_columns(Passing *passing);
static void release_address(Passing *passing, const ProtaddrGateAddress *column);
static void release_messages(Passing *passing);
static void release_texts(Passing *passing);
static bool payer_counts(const Passing *passing);
static void digest_row(const Passing *passing, HeapTuple row, ProtaddrDigest *digest);
static bool is_as_it_departed(const Passing *passing);
static void note_passing(Passing *passing);
static bool stays_as_it_was(const Passing *passing, AttrNumber column, Datum value);
static bool stays_as_decided(Passing *passing, AttrNumber column, Datum value);
static bool protected_since_decided(const ProtaddrTransfer *transfer);
static Datum unreadable_leaves(const Passing *passing, const ProtaddrTransfer *transfer,
							   const ProtaddrAnswer *answer, Datum value);
static void follow_linked(Passing *passing);
static void record_linked(const Passing *passing);
static void record_stored_linked(const Passing *passing);

/*
 * passing_begin reads the trigger's arguments and the row.  A decision about a held row applies to
 * one row, once before and once after it is stored.
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
		passing->transfer.decided_at = passing->held->decided_at;
		passing->transfer.reason = passing->held->reason;
		passing->transfer.held_id = passing->held->held_id;
	}
}

static void
replace(Passing *passing, AttrNumber column, Datum value, bool isnull)
{
	Assert(column > 0 && column <= passing->desc->natts);
	for (int i = 0; i < passing->nreplaced; i++)
		if (passing->replaced[i] == column)
		{
			/* what the rewriter left of a message has lost a text */
			passing->values[i] = value;
			passing->nulls[i] = isnull;
			return;
		}
	Assert(passing->nreplaced < passing->gate->naddresses + passing->gate->nmessages + passing->gate->ntexts);
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
 * protaddr_gate_row is the BEFORE ROW trigger.  Addresses are withheld if the row names nobody, or
 * if they concern nobody.
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
	if (passing.before == NULL && passing.gate->root != passing.gate->relation)
		passing.arrives = protaddr_ledger_arrives(passing.gate->root, passing.rel, &passing.departed);
	if (passing.arrives && is_as_it_departed(&passing))
		return PointerGetDatum(passing.row);
	follow_linked(&passing);

	ncolumns = passing.gate->naddresses + passing.gate->nmessages + passing.gate->ntexts;
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
					 errdetail("No substitute is registered, or somebody was protected since it was decided on. The row stays held."),
					 errhint("protaddr.decide_held(held_id, action, reason, again => true) decides again."),
					 protaddr_errprivate()));
		if (passing.gate->hold_column != InvalidAttrNumber && !passing.arrives)
			return PointerGetDatum(protaddr_hold_in_place(passing.gate, passing.rel, passing.row,
														  passing.before != NULL, passing.channel,
														  &passing.transfer, passing.why.data));
		if (passing.before != NULL || passing.arrives)
			ereport(ERROR,
					(errcode(ERRCODE_PROTADDR_REFUSED),
					 errmsg("channel \"%s\" holds this row for a decision, and an update cannot be held",
							passing.channel->name),
					 errdetail("The row is unchanged."),
					 errhint("INSERT such a row, or let the gate hold rows in place: install_gate(..., hold_column => column, hold_value => value). What was decided stays so while the payment is the same; with install_gate(..., payee => column) columns that tell nothing of it may change."),
					 protaddr_errprivate()));
		protaddr_hold_row(passing.gate, passing.rel, passing.row, false, NULL, passing.channel,
						  &passing.transfer, passing.why.data);
		return PointerGetDatum(NULL);
	}

	record_linked(&passing);
	if (passing.nreplaced > 0)
		passing.row = heap_modify_tuple_by_cols(passing.row, passing.desc, passing.nreplaced,
												passing.replaced, passing.values, passing.nulls);
	if (passing.held != NULL)
		passing.held->decided = true;
	note_passing(&passing);
	return PointerGetDatum(passing.row);
}

/*
 * may_be_held_on_record tells whether one column, or one transaction of a message, could be
 * recorded (disclosed or linked) before another one holds the row.
 */
static bool
may_be_held_on_record(const Passing *passing)
{
	if ((passing->before != NULL && passing->gate->hold_column == InvalidAttrNumber) ||
		(passing->channel->may & PROTADDR_ACTION_BIT(PROTADDR_HOLD)) == 0)
		return false;
	return ((passing->channel->may & PROTADDR_ACTION_BIT(PROTADDR_DISCLOSE)) != 0 &&
			passing->gate->naddresses + 2 * passing->gate->nmessages + passing->gate->ntexts > 1) ||
		(passing->channel->linked_within != NULL && passing->gate->nmessages > 0);
}

/* release_apart releases in a subtransaction, and rolls the records back if the row is held. */
static void
release_apart(Passing *passing)
{
	ProtaddrApart apart;

	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		release_columns(passing);
		protaddr_apart_end(&apart, !passing->to_hold);
	}
	PG_CATCH();
	{
		ReThrowError(protaddr_apart_failed(&apart));
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
	if (passing->gate->ntexts > 0)
		release_texts(passing);
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
		/* what was decided for this row before needs no new decision */
		if (stays_as_decided(passing, column->number, value))
			passing->by_decision = true;
		else
			hold(passing, column->number, protaddr_rule_why(answer.rule));
		return;
	}
	passing->linked[column->person] |= answer.linked;
	if (released == seal)
		return;
	if (passing->gate->ntexts > 0 && answer.action != PROTADDR_LEAVE && answer.action != PROTADDR_DISCLOSE)
		protaddr_gate_take(&passing->taken, seal, released);
	value = released == NULL ? (Datum) 0 : PointerGetDatum(released);
	if (OidIsValid(column->domain))
		domain_check(value, released == NULL, column->domain, NULL, NULL);
	passing->empties |= released == NULL && stays_as_it_was(passing, column->number, PointerGetDatum(seal));
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
								  &answer, &passing->taken) == PROTADDR_HOLD)
		{
			if (stays_as_decided(passing, column->number, value))
			{
				leaves = value;
				passing->by_decision = true;
			}
			else if (passing->held != NULL && answer.rule == PROTADDR_RULE_UNREADABLE &&
					 !protected_since_decided(&transfer))
				leaves = unreadable_leaves(passing, &transfer, &answer, value);
			else
			{
				hold(passing, column->number, protaddr_rule_why(answer.rule));
				continue;
			}
		}
		if (leaves != value)
			replace(passing, column->number, leaves, false);
		passing->has_message = true;
	}

	/* if the row has the amount, the row is the transfer, not the message */
	if (passing->channel->linked_within != NULL && passing->transfer.amount != NULL && payer_counts(passing))
		passing->linked[0] = true;
}

/* value_so_far is a ProtaddrValueOf: a column as the row will have it. */
static Datum
value_so_far(const void *row, AttrNumber column, bool *isnull)
{
	const Passing *passing = row;

	for (int i = 0; i < passing->nreplaced; i++)
		if (passing->replaced[i] == column)
		{
			*isnull = passing->nulls[i];
			return passing->values[i];
		}
	return heap_getattr(passing->row, column, passing->desc, isnull);
}

/* tell_text has it put on record that somebody's address leaves in a text. */
static void
tell_text(const Passing *passing, const ProtaddrTextFound *found)
{
	protaddr_guard_tell(found->people, passing->channel, &passing->transfer, &found->disclosed);
}

static void
refuse_text(const Passing *passing, const ProtaddrTextFound *found)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("column \"%s\" of \"%s\" may hold a protected address, which may not leave through channel \"%s\"",
					NameStr(TupleDescAttr(passing->desc, found->column->number - 1)->attname),
					RelationGetRelationName(passing->rel), passing->channel->name),
			 errdetail("It cannot be taken out of the column, or it is not certain, and the channel blocks such rows."),
			 errhint("With when_unreadable => 'hold' the channel lets somebody decide. A column that never holds addresses can be left out: install_gate(..., ignore => '{\"column\": \"reason\"}')."),
			 protaddr_errprivate()));
}

/* release_texts takes protected addresses out of the row's texts, or has it held or refused. */
static void
release_texts(Passing *passing)
{
	List	   *all = protaddr_gate_texts(passing->gate, value_so_far, passing, passing->channel, &passing->transfer,
										  passing->taken, false);
	ListCell   *cell;

	foreach(cell, all)
	{
		const ProtaddrTextFound *found = lfirst(cell);
		AttrNumber	column = found->column->number;
		bool		isnull;
		Datum		value = heap_getattr(passing->row, column, passing->desc, &isnull);

		switch (found->action)
		{
			case PROTADDR_WITHHOLD:
				replace(passing, column, found->value, false);
				if (found->people != NIL)
					tell_text(passing, found);
				break;
			case PROTADDR_DISCLOSE:
				tell_text(passing, found);
				passing->by_decision = passing->by_decision || passing->held != NULL;
				break;
			case PROTADDR_HOLD:
				if (stays_as_decided(passing, column, value))
					passing->by_decision = true;
				else if (passing->held != NULL)
					ereport(ERROR,
							(errcode(ERRCODE_PROTADDR_REFUSED),
							 errmsg("a protected address cannot be taken out of column \"%s\"",
									NameStr(TupleDescAttr(passing->desc, column - 1)->attname)),
							 errdetail("The row stays held."),
							 errhint("Decide again: 'disclose' lets it leave as it is, on record; 'reject' keeps it here."),
							 protaddr_errprivate()));
				else
					hold(passing, column, found->why);
				break;
			default:
				refuse_text(passing, found);
		}
	}
}

/* payer_counts asks whether the payer is one whose transfers count together. */
static bool
payer_counts(const Passing *passing)
{
	const ProtaddrIdentifier *payer = &passing->transfer.payer;
	PaAddress	of_payer = {.nsubjects = 1,.subject[0] = {payer->key, payer->len}};
	ProtaddrConcerned concerned;
	ProtaddrQuestion question = {
		.mode = PROTADDR_ASK_NOW,
		.channel = passing->channel,
		.concerned = &concerned,
		.transfer = &passing->transfer
	};
	ProtaddrAnswer answer;

	if (payer->len == 0)
		return false;
	protaddr_concern_address(&concerned, &of_payer, passing->channel, &passing->transfer);
	protaddr_ask(&question, &answer);
	return answer.linked;
}

static void
digest_column(pg_cryptohash_ctx *context, const Passing *passing, HeapTuple row, AttrNumber column)
{
	bool		isnull;
	Datum		value;
	struct varlena *bytes;

	/* before the row is stored, a generated value does not exist yet */
	if (TupleDescAttr(passing->desc, column - 1)->attgenerated != '\0')
		return;
	value = heap_getattr(row, column, passing->desc, &isnull);
	protaddr_digest_add_sized(context, &isnull, sizeof(isnull));
	if (isnull)
		return;
	bytes = PG_DETOAST_DATUM_PACKED(value);
	protaddr_digest_add_sized(context, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
}

/*
 * digest_row computes a digest of what the gate reads in a row: channel, transfer, people, addresses
 * and messages.  It does not depend on the order of columns in a partition, nor on how another
 * server writes a number.
 */
static void
digest_row(const Passing *passing, HeapTuple row, ProtaddrDigest *digest)
{
	const ProtaddrGate *gate = passing->gate;
	const ProtaddrTransfer *transfer = &passing->transfer;
	pg_cryptohash_ctx *context = protaddr_digest_begin();
	char	   *amount = transfer->amount == NULL ? "" : numeric_normalize(transfer->amount);

	protaddr_digest_add_sized(context, passing->channel->name, passing->channel->name_len);
	protaddr_digest_add_sized(context, amount, strlen(amount));
	protaddr_digest_add_sized(context, transfer->currency, strlen(transfer->currency));
	protaddr_digest_add_sized(context, transfer->payee.key, transfer->payee.len);
	for (int i = 0; i < gate->npeople; i++)
	{
		ProtaddrTransfer of_person;

		protaddr_gate_person(gate, i, row, passing->desc, &of_person);
		protaddr_digest_add_sized(context, of_person.payer.key, of_person.payer.len);
	}
	for (int i = 0; i < gate->naddresses; i++)
		digest_column(context, passing, row, gate->addresses[gate->addresses_by_name[i]].number);
	for (int i = 0; i < gate->nmessages; i++)
		digest_column(context, passing, row, gate->messages[i].number);
	protaddr_digest_end(context, digest->bytes);
}

/*
 * is_as_it_departed tells whether a row that an update moves here is unchanged since the gate
 * released it in that update.  Then it passes: a second release would disclose and count it again.
 */
static bool
is_as_it_departed(const Passing *passing)
{
	const ProtaddrDeparture *departed = &passing->departed;
	ProtaddrDigest digest;

	Assert(passing->arrives && passing->before == NULL && passing->held == NULL);
	if (!departed->is_released)
		return false;
	digest_row(passing, passing->row, &digest);
	if (memcmp(&digest, &departed->row, sizeof(digest)) != 0)
		return false;
	protaddr_ledger_note(departed->by_decision ? PROTADDR_ROW_DECIDED : PROTADDR_ROW_PASSED,
						 passing->rel, NULL, &digest);
	return true;
}

/* note_passing notes what has passed, for the AFTER ROW trigger and for a move to another partition. */
static void
note_passing(Passing *passing)
{
	ProtaddrDeparture departure = {0};

	Assert(!passing->to_hold);
	Assert(passing->before != NULL || !passing->empties);
	departure.is_released = passing->has_message || passing->by_decision;
	departure.by_decision = passing->by_decision;
	departure.counts_alone = passing->transfer.counts_alone;
	if (departure.is_released)
	{
		digest_row(passing, passing->row, &departure.row);
		protaddr_ledger_note(passing->by_decision ? PROTADDR_ROW_DECIDED : PROTADDR_ROW_PASSED,
							 passing->rel, passing->before, &departure.row);
	}
	if (passing->empties)
		protaddr_ledger_emptied(passing->gate->root);
	if (passing->before != NULL && passing->gate->root != passing->gate->relation)
		protaddr_ledger_departs(passing->gate->root, passing->rel, passing->before, &departure);
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
 * stays_as_decided tells whether an update does not change a value, in a row that is still the
 * payment that was decided on.
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
 * protected_since_decided tells whether the payer, the one person known of a message that
 * cannot be read, was not protected when it was decided on.
 */
static bool
protected_since_decided(const ProtaddrTransfer *transfer)
{
	ProtaddrConcerned concerned = {0};

	if (transfer->payer.len > 0 &&
		protaddr_protection_of(transfer->payer.key, transfer->payer.len) != PROTADDR_HIDES_NOTHING)
		protaddr_concern_decision(&concerned, transfer->payer.key, transfer->payer.len, transfer);
	return concerned.since;
}

/*
 * unreadable_leaves lets an unreadable message leave, if the channel holds such messages and it
 * was decided to disclose it.  The door's observers are told.
 */
static Datum
unreadable_leaves(const Passing *passing, const ProtaddrTransfer *transfer,
				  const ProtaddrAnswer *answer, Datum value)
{
	ProtaddrAnswer disclosed = *answer;
	PaText		payer = {transfer->payer.key, transfer->payer.len};
	ProtaddrEvent event = {
		.kind = PROTADDR_IN_MESSAGE,
		.channel = passing->channel,
		.answer = &disclosed,
		.transfer = transfer,
		.people = &payer,
		.npeople = payer.len > 0 ? 1 : 0,
		.login_role = GetSessionUserId(),
		.role = GetOuterUserId()
	};

	if (passing->held->action != PROTADDR_DISCLOSE)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("the message cannot be read, so nothing can be taken out of it"),
				 errdetail("The row stays held."),
				 errhint("Decide again: 'disclose' lets it leave as it is, on record; 'reject' keeps it here."),
				 protaddr_errprivate()));
	disclosed.action = PROTADDR_DISCLOSE;
	protaddr_tell_event(&event);
	return value;
}

/* transfer_of gives the transfer as it is for one of the row's people. */
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

/* linked_digest computes a digest of a transfer. */
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
 * follow_linked changes the record of a linked transfer with its row.  Without a key its record
 * cannot be found, so an updated row counts alone, also when the update moves it to another
 * partition.
 */
static void
follow_linked(Passing *passing)
{
	ProtaddrTransfer row_was;

	if (passing->before != NULL)
	{
		protaddr_gate_transfer(passing->gate, passing->before, passing->desc, &row_was);
		passing->loses_key = !passing->transfer.has_reference ||
			passing->transfer.reference != row_was.reference;
	}
	if (passing->gate->amount.number == InvalidAttrNumber || passing->gate->payee.number == InvalidAttrNumber)
		return;
	if (!passing->transfer.has_reference && passing->channel->linked_within != NULL)
		passing->transfer.counts_alone = passing->before != NULL ||
			(passing->arrives && passing->departed.counts_alone);
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
 * record_linked records the transfer for each of the row's people to whom the rule for linked
 * transfers applies.  If its key is recorded already, an insert may end in a conflict; then
 * record_stored_linked records it once the row is stored.
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
			protaddr_ledger_note(PROTADDR_ROW_LINKED, passing->rel, passing->before, &digest);
		}
	}
}

static void
record_stored_linked(const Passing *passing)
{
	if (protaddr_ledger_is_blank() || passing->before != NULL || passing->channel->linked_within == NULL ||
		!passing->transfer.has_reference || passing->transfer.amount == NULL ||
		passing->transfer.payee.len == 0)
		return;
	for (int i = 0; i < passing->gate->npeople; i++)
	{
		ProtaddrTransfer transfer;
		ProtaddrDigest digest;

		transfer_of(passing, i, passing->row, &passing->transfer, &transfer);
		linked_digest(passing, &transfer, &digest);
		if (protaddr_ledger_take(PROTADDR_ROW_LINKED, passing->rel, NULL, passing->row, &digest))
			(void) protaddr_linked_record(passing->channel, &transfer, false);
	}
}

/* text_culprit gives the name of a column in whose text an address has come to stand since the gate saw it. */
static const char *
text_culprit(Passing *passing)
{
	List	   *all = protaddr_gate_texts(passing->gate, value_so_far, passing, passing->channel, &passing->transfer,
										  NULL, false);
	ListCell   *cell;

	foreach(cell, all)
	{
		const ProtaddrTextFound *found = lfirst(cell);
		bool		isnull;

		if (found->action != PROTADDR_DISCLOSE &&
			!stays_as_decided(passing, found->column->number,
							  heap_getattr(passing->row, found->column->number, passing->desc, &isnull)))
			return NameStr(TupleDescAttr(passing->desc, found->column->number - 1)->attname);
	}
	return NULL;
}

/* protaddr_gate_check is the AFTER ROW trigger, with the same arguments. */
Datum
protaddr_gate_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const ProtaddrGate *gate;
	Passing		passing;
	bool		by_decision = false;
	bool		passed = false;
	const char *culprit = NULL;

	protaddr_check_row_trigger(fcinfo, "gate_check", TRIGGER_EVENT_AFTER, -1);
	passing_begin(trigdata, &passing);
	gate = passing.gate;
	if (!protaddr_ledger_is_blank())
	{
		ProtaddrDigest digest;

		digest_row(&passing, passing.row, &digest);
		by_decision = protaddr_ledger_take(PROTADDR_ROW_DECIDED, passing.rel, passing.before, passing.row, &digest);
		passed = by_decision ||
			protaddr_ledger_take(PROTADDR_ROW_PASSED, passing.rel, passing.before, passing.row, &digest);
	}

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
			!by_decision)
			culprit = NameStr(TupleDescAttr(passing.desc, column->number - 1)->attname);
	}
	if (culprit == NULL && gate->texts_may_change && !by_decision)
		culprit = text_culprit(&passing);
	for (int i = 0; i < gate->nmessages && culprit == NULL && !passed; i++)
		if (!heap_attisnull(passing.row, gate->messages[i].number, passing.desc))
			culprit = NameStr(TupleDescAttr(passing.desc, gate->messages[i].number - 1)->attname);

	if (culprit != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("column \"%s\" of \"%s\" contains an address that is not released for channel \"%s\"",
						culprit, RelationGetRelationName(passing.rel), passing.channel->name),
				 errdetail("Another trigger or a generated column wrote it after the gate, or the person was protected meanwhile."),
				 errhint("Triggers must not write the column after the gate's trigger."),
				 protaddr_errprivate()));
	record_stored_linked(&passing);
	protaddr_stored_in_place(gate, passing.rel, passing.before, passing.row, passing.channel,
							 &passing.transfer);
	if (passing.held != NULL)
		protaddr_held_proved(passing.held, passing.gate, passing.row, passing.desc);
	return PointerGetDatum(NULL);
}
