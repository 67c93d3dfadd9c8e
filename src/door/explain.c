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

static void explain_amount(const ProtaddrChannel *law, const ProtaddrTransfer *transfer,
						   StringInfo words);
static void explain(const ProtaddrAnswer *answer, const ProtaddrTransfer *transfer, StringInfo words);

/*
 * protaddr_explain_release is protaddr.explain_release(address, channel, amount,
 * currency, payee, at, receiver).  With at, it explains the rules of that time alone.
 */
Datum
protaddr_explain_release(PG_FUNCTION_ARGS)
{
	ProtaddrSeal *seal;
	const ProtaddrChannel *channel;
	ProtaddrTransfer transfer;
	ProtaddrQuestion question = {.mode = PROTADDR_ASK_EXPLAIN};
	ProtaddrAnswer answer;
	ProtaddrConcerned concerned;
	ProtaddrOpened opened;
	StringInfoData words;
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	channel = protaddr_transfer_from_args(fcinfo, &transfer);

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
	question.channel = channel;
	question.concerned = &concerned;
	question.transfer = &transfer;
	protaddr_ask(&question, &answer);

	initStringInfo(&words);
	explain(&answer, &transfer, &words);
	values[0] = CStringGetTextDatum(protaddr_action_word(answer.action));
	values[1] = CStringGetTextDatum(words.data);
	values[2] = CStringGetTextDatum(protaddr_rule_column(answer.rule));
	values[3] = CStringGetTextDatum(answer.law->name);
	values[4] = TimestampTzGetDatum(answer.law->valid_from);
	values[5] = CStringGetTextDatum(answer.law->legal_basis);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* explain writes two sentences: why, and what happens. */
static void
explain(const ProtaddrAnswer *answer, const ProtaddrTransfer *transfer, StringInfo words)
{
	const ProtaddrChannel *law = answer->law;
	bool		hides_town = (answer->hides & PROTADDR_HIDES_TOWN) != 0;

	appendStringInfoString(words, protaddr_rule_why(answer->rule));
	words->data[0] = pg_toupper((unsigned char) words->data[0]);
	if (answer->rule == PROTADDR_RULE_PROTECTED && hides_town)
		appendStringInfoString(words, ", the town included");
	appendStringInfoString(words, ". ");
	if (answer->rule == PROTADDR_RULE_SMALL ||
		(answer->rule == PROTADDR_RULE_PROTECTED && law->has_small))
		explain_amount(law, transfer, words);

	if (answer->action == PROTADDR_MINIMUM && hides_town)
		appendStringInfoString(words, "The country leaves.");
	else
		appendStringInfoString(words, protaddr_action_meaning(answer->action));
	if (answer->action == PROTADDR_SUBSTITUTE)
		appendStringInfo(words, " Without one: %s.", protaddr_action_word(answer->without_substitute));
}

/* explain_amount writes a sentence: what is small, and whether this amount is. */
static void
explain_amount(const ProtaddrChannel *law, const ProtaddrTransfer *transfer, StringInfo words)
{
	static const char *const is[] = {
		[PROTADDR_NOT_SMALL] = "is not small",
		[PROTADDR_SMALL] = "is small",
		[PROTADDR_SMALL_UNKNOWN] = "is not known, or is in a currency without an exchange rate, so that the stricter rule applies"
	};

	appendStringInfo(words, "Up to %s %s is small, %s; this amount %s. ",
					 DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(law->small_amount))),
					 law->small_currency,
					 law->linked_within == NULL ? "each transfer by itself" :
					 transfer->payee.len > 0 ? "with the transfers linked to it" :
					 "by itself, since the payee is not known",
					 is[protaddr_small(law, transfer)]);
}
