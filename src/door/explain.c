/*
 * explain.c
 *		Why may an address leave through a channel, or why not?
 *
 * The same decision as release() makes, in words, and carried out on nothing.  It
 * tells whether a person is protected, so it needs a privilege of its own.
 */
#include "postgres.h"

#include "base/base.h"
#include "door/door.h"
#include "keys/keys.h"
#include "law/law.h"
#include "person/person.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_explain_release);

static const char *action_name(ProtaddrAction action);
static void explain(const ProtaddrChannel *channel, const ProtaddrDecision *decision,
					const ProtaddrTransfer *transfer, StringInfo words, const char **rule);

/*
 * protaddr_explain_release is protaddr.explain_release(address, channel, amount,
 * currency, payee, at).  With at, it explains the rules of that time alone.
 */
Datum
protaddr_explain_release(PG_FUNCTION_ARGS)
{
	ProtaddrSeal *seal;
	const ProtaddrChannel *channel;
	ProtaddrTransfer transfer;
	ProtaddrDecision decision;
	ProtaddrConcerned concerned;
	ProtaddrOpened opened;
	StringInfoData words;
	const char *rule;
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	channel = protaddr_transfer_from_args(fcinfo, &transfer);
	if (transfer.law_then != NULL)
		channel = transfer.law_then;

	seal = (ProtaddrSeal *) PG_GETARG_VARLENA_PP(0);
	(void) protaddr_register_ready();
	(void) protaddr_open(seal, false, &opened);
	protaddr_concern_address(&concerned, &opened.address, channel, &transfer);
	if (opened.address.nsubjects > 0)
	{
		transfer.payer.len = opened.address.subject[0].len;
		memcpy(transfer.payer.key, opened.address.subject[0].data, transfer.payer.len);
	}
	protaddr_shut(&opened);
	protaddr_decide(channel, &concerned, &transfer, &decision);

	initStringInfo(&words);
	explain(channel, &decision, &transfer, &words, &rule);
	values[0] = CStringGetTextDatum(action_name(decision.action));
	values[1] = CStringGetTextDatum(words.data);
	values[2] = CStringGetTextDatum(rule);
	values[3] = CStringGetTextDatum(channel->name);
	values[4] = TimestampTzGetDatum(channel->valid_from);
	values[5] = CStringGetTextDatum(channel->legal_basis);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

static void
explain(const ProtaddrChannel *channel, const ProtaddrDecision *decision,
		const ProtaddrTransfer *transfer, StringInfo words, const char **rule)
{
	*rule = "when_protected";
	switch (decision->rule)
	{
		case PROTADDR_RULE_NOT_READY:
			*rule = "when_unbound";
			appendStringInfoString(words, "No register can be asked: none was loaded or confirmed, one is too old, or this transaction changes what it rests on.");
			break;
		case PROTADDR_RULE_UNBOUND:
			*rule = "when_unbound";
			appendStringInfoString(words, "The address concerns nobody, so nobody can say that it may leave.");
			break;
		case PROTADDR_RULE_UNKNOWN:
			*rule = "when_unknown";
			appendStringInfoString(words, "No register has told of somebody the address concerns, so that nobody knows whether they are protected.");
			break;
		case PROTADDR_RULE_SMALL:
			*rule = "when_small";
			appendStringInfoString(words, "Somebody the address concerns is protected, and the amount");
			if (transfer->amount == NULL || transfer->currency[0] == '\0')
				appendStringInfoString(words, " is not known, so that the stricter rule counts.");
			else
			{
				appendStringInfo(words, ", %s, is no more than %s %s",
								 channel->linked_within == NULL ? "by itself" :
								 transfer->payee.len > 0 ? "with the transfers linked to it" :
								 "by itself, since the payee is not known",
								 DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(channel->small_amount))),
								 channel->small_currency);
				appendStringInfoString(words, protaddr_small(channel, transfer) == PROTADDR_SMALL ? "." :
									   ", or there is no exchange rate to tell, so that the stricter rule counts.");
			}
			break;
		case PROTADDR_RULE_PROTECTED:
		case PROTADDR_RULE_HELD:
			appendStringInfo(words, "Somebody the address concerns is protected%s",
							 (decision->hides & PROTADDR_HIDES_TOWN) != 0 ? ", the town included" : "");
			if (channel->has_small)
				appendStringInfo(words, ", and the amount with the transfers linked to it is not small (more than %s %s)",
								 DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(channel->small_amount))),
								 channel->small_currency);
			appendStringInfoChar(words, '.');
			break;
		case PROTADDR_RULE_FREE:
			*rule = "none";
			appendStringInfoString(words, "Nobody the address concerns is protected.");
			break;
	}
	switch (decision->action)
	{
		case PROTADDR_WITHHOLD:
			appendStringInfoString(words, " Nothing of it leaves.");
			break;
		case PROTADDR_BLOCK:
			appendStringInfoString(words, " The row is refused.");
			break;
		case PROTADDR_HOLD:
			appendStringInfoString(words, " The row is held until somebody decides.");
			break;
		case PROTADDR_MINIMUM:
			appendStringInfoString(words, (decision->hides & PROTADDR_HIDES_TOWN) != 0 ?
								   " The country leaves." : " Town and country leave.");
			break;
		case PROTADDR_SUBSTITUTE:
			appendStringInfo(words, " The registered substitute address leaves; without one: %s.",
							 action_name(channel->without_substitute));
			break;
		case PROTADDR_DISCLOSE:
			appendStringInfoString(words, " It leaves all the same, on record in protaddr.disclosure.");
			break;
		case PROTADDR_LEAVE:
			appendStringInfoString(words, " It leaves.");
			break;
	}
}

static const char *
action_name(ProtaddrAction action)
{
	static const char *const names[] = {
		[PROTADDR_WITHHOLD] = "withhold",
		[PROTADDR_BLOCK] = "block",
		[PROTADDR_HOLD] = "hold",
		[PROTADDR_MINIMUM] = "minimum",
		[PROTADDR_SUBSTITUTE] = "substitute",
		[PROTADDR_DISCLOSE] = "disclose",
		[PROTADDR_LEAVE] = "leave"
	};

	return names[action];
}
