/*
 * release.c
 *		What may leave through a channel?
 *
 * The result is sealed as "released for" that channel.  The seal is the proof:
 * nobody can make one without this file.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "door/door.h"
#include "keys/keys.h"
#include "law/law.h"
#include "person/person.h"
#include "text/text.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_release_sql);

/*
 * protaddr_release gives what may leave, palloc'd or seal itself if that is
 * released already; NULL if nothing may, or if the row is to be held or refused: see
 * answer, which the caller carries out.  Raises 55PA1 if the value's key is not
 * there.
 */
ProtaddrSeal *
protaddr_release(ProtaddrSeal *seal, const ProtaddrChannel *channel,
				 const ProtaddrTransfer *transfer, ProtaddrAnswer *answer)
{
	ProtaddrRevealed revealed;
	ProtaddrSeal *result = NULL;

	if (protaddr_reveal(PROTADDR_RELEASED, seal, channel, transfer, &revealed))
	{
		result = revealed.unchanged ? seal : protaddr_seal(&revealed.opened.address);
		protaddr_shut(&revealed.opened);
	}
	*answer = revealed.answer;
	return result;
}

/*
 * protaddr_is_released is true if the value was released for this channel and no
 * other, and could be now, for the same payer: a copy of what was released before
 * its person was protected is no longer.  A value that cannot be opened is not.
 */
bool
protaddr_is_released(ProtaddrSeal *seal, const ProtaddrChannel *channel,
					 const ProtaddrTransfer *transfer)
{
	ProtaddrOpened opened;
	PaAddress  *address = &opened.address;
	ProtaddrConcerned concerned;
	ProtaddrQuestion question = {0};
	ProtaddrAnswer answer;
	bool		released = false;

	(void) protaddr_register_ready();
	if (!protaddr_open(seal, true, &opened))
		return false;
	if (protaddr_released_for(address, channel))
	{
		protaddr_concern_address(&concerned, address, channel, transfer);
		question.mode = PROTADDR_ASK_AS_STORED;
		question.channel = channel;
		question.concerned = &concerned;
		question.transfer = transfer;
		protaddr_ask(&question, &answer);
		released = protaddr_as_strict(protaddr_released_by[address->release], answer.action);
		/* the town may have come to be hidden since */
		if (address->release == PA_RELEASED_MINIMUM && (answer.hides & PROTADDR_HIDES_TOWN) != 0 &&
			address->element[PA_TWNNM].len > 0)
			released = false;
	}
	protaddr_shut(&opened);
	return released;
}

/* protaddr_refuse_to_hold raises 23PA1 where a channel holds what has no row to be held. */
void
protaddr_refuse_to_hold(const ProtaddrChannel *channel)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("channel \"%s\" holds this address until somebody has decided", channel->name),
			 errhint("Write the row through a gate, which holds it, and see protaddr.release_held()."),
			 protaddr_errprivate()));
}

/*
 * protaddr_release_sql is protaddr.release(address, channel, amount, currency, payee,
 * at, receiver).  The law must let it leave now and at that time: a day of one's own choice is
 * no way around either.
 */
Datum
protaddr_release_sql(PG_FUNCTION_ARGS)
{
	ProtaddrSeal *seal;
	const ProtaddrChannel *channel;
	ProtaddrTransfer transfer;
	ProtaddrAnswer answer;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	channel = protaddr_transfer_from_args(fcinfo, &transfer);
	seal = protaddr_release((ProtaddrSeal *) PG_GETARG_VARLENA_PP(0), channel, &transfer, &answer);
	if (answer.action == PROTADDR_BLOCK)
		protaddr_refuse(channel);
	if (answer.action == PROTADDR_HOLD)
		protaddr_refuse_to_hold(channel);
	if (seal == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(seal);
}

/*
 * protaddr_transfer_from_args reads the arguments that release() and
 * explain_release() share and gives the channel as it is now; transfer->law_then is the
 * one of the time asked for.
 */
const ProtaddrChannel *
protaddr_transfer_from_args(FunctionCallInfo fcinfo, ProtaddrTransfer *transfer)
{
	text	   *name = PG_GETARG_TEXT_PP(1);
	const ProtaddrChannel *channel =
	protaddr_channel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), DT_NOBEGIN);

	memset(transfer, 0, sizeof(*transfer));
	if (!PG_ARGISNULL(2))
		transfer->amount = PG_GETARG_NUMERIC(2);
	if (!PG_ARGISNULL(3))
		protaddr_currency_from_text(PG_GETARG_TEXT_PP(3), transfer->currency);
	if (!PG_ARGISNULL(4))
	{
		text	   *payee = PG_GETARG_TEXT_PP(4);

		if (!protaddr_identifier_from_text(VARDATA_ANY(payee), VARSIZE_ANY_EXHDR(payee),
										   &transfer->payee))
			transfer->payee.len = 0;
	}
	if (!PG_ARGISNULL(5))
		transfer->law_then = protaddr_channel(channel->name, channel->name_len, PG_GETARG_TIMESTAMPTZ(5));
	if (!PG_ARGISNULL(6))
	{
		text	   *receiver = PG_GETARG_TEXT_PP(6);

		if (!protaddr_identifier_from_text(VARDATA_ANY(receiver), VARSIZE_ANY_EXHDR(receiver),
										   &transfer->receiver))
			transfer->receiver.len = 0;
	}
	return channel;
}

/*
 * protaddr_currency_from_text reads a code; what is not a code is an unknown currency,
 * and no amount in it is small.
 */
void
protaddr_currency_from_text(const text *code, char currency[4])
{
	const char *p = VARDATA_ANY(code);

	memset(currency, 0, 4);
	if (VARSIZE_ANY_EXHDR(code) == 3 && p[0] >= 'A' && p[0] <= 'Z' && p[1] >= 'A' && p[1] <= 'Z' &&
		p[2] >= 'A' && p[2] <= 'Z')
		memcpy(currency, p, 3);
}
