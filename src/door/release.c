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

static ProtaddrSeal *release_whole(ProtaddrSeal *seal, PaAddress *address,
								   const ProtaddrChannel *channel);
static ProtaddrSeal *release_minimum(PaAddress *address, const ProtaddrChannel *channel, int hides);
static ProtaddrSeal *release_disclosed(ProtaddrSeal *seal, PaAddress *address,
									   const ProtaddrChannel *channel,
									   const ProtaddrTransfer *transfer);
static ProtaddrSeal *release_substitute(ProtaddrOpened *opened, const ProtaddrChannel *channel,
										const ProtaddrTransfer *transfer,
										ProtaddrAnswer *answer);

/* By which action a value was released; what was not is never asked about. */
static const ProtaddrAction released_by[] = {
	[PA_NOT_RELEASED] = PROTADDR_LEAVE,
	[PA_RELEASED_WHOLE] = PROTADDR_LEAVE,
	[PA_RELEASED_MINIMUM] = PROTADDR_MINIMUM,
	[PA_RELEASED_SUBSTITUTE] = PROTADDR_SUBSTITUTE,
	[PA_RELEASED_DISCLOSED] = PROTADDR_DISCLOSE
};

static bool
released_for(const PaAddress *address, const ProtaddrChannel *channel)
{
	return address->release != PA_NOT_RELEASED && address->channel.len == channel->name_len &&
		memcmp(address->channel.data, channel->name, channel->name_len) == 0;
}

static void
release_for(PaAddress *address, const ProtaddrChannel *channel, PaRelease release)
{
	address->release = release;
	address->channel.data = channel->name;
	address->channel.len = channel->name_len;
	address->disclosure = 0;
}

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
	ProtaddrOpened opened;
	PaAddress  *address = &opened.address;
	ProtaddrConcerned concerned;
	ProtaddrQuestion question = {0};
	ProtaddrTransfer own;
	ProtaddrSeal *result = NULL;

	/* before anything is laid open: what other sessions changed */
	(void) protaddr_register_ready();
	(void) protaddr_open(seal, false, &opened);
	protaddr_concern_address(&concerned, address, channel, transfer);
	if (!transfer->has_row && transfer->payer.len == 0 && address->nsubjects > 0)
	{
		/* without a row it is whose address it is that pays */
		own = *transfer;
		own.payer.len = address->subject[0].len;
		memcpy(own.payer.key, address->subject[0].data, own.payer.len);
		transfer = &own;
	}
	question.mode = PROTADDR_ASK_NOW;
	question.channel = channel;
	question.concerned = &concerned;
	question.transfer = transfer;
	protaddr_ask(&question, answer);

	if (answer->action == PROTADDR_SUBSTITUTE)
	{
		result = release_substitute(&opened, channel, transfer, answer);
		if (answer->action == PROTADDR_SUBSTITUTE)
			return result;
		/* there is none: the address is open again */
	}
	switch (answer->action)
	{
		case PROTADDR_LEAVE:
			result = release_whole(seal, address, channel);
			break;
		case PROTADDR_DISCLOSE:
			result = release_disclosed(seal, address, channel, transfer);
			break;
		case PROTADDR_MINIMUM:
			result = release_minimum(address, channel, concerned.hides);
			break;
		case PROTADDR_SUBSTITUTE:
		case PROTADDR_WITHHOLD:
		case PROTADDR_HOLD:
		case PROTADDR_BLOCK:
			break;
	}
	protaddr_shut(&opened);
	return result;
}

/*
 * release_whole lets it leave as it is.  A minimum stays one, and a substitute: its
 * person may be free again, but what it says of itself is how it was made.
 */
static ProtaddrSeal *
release_whole(ProtaddrSeal *seal, PaAddress *address, const ProtaddrChannel *channel)
{
	if (released_for(address, channel) && address->release == PA_RELEASED_WHOLE)
		return seal;
	release_for(address, channel,
				address->release == PA_RELEASED_MINIMUM || address->release == PA_RELEASED_SUBSTITUTE ?
				address->release : PA_RELEASED_WHOLE);
	return protaddr_seal(address);
}

/* release_minimum keeps town and country; country alone if the town is hidden. */
static ProtaddrSeal *
release_minimum(PaAddress *address, const ProtaddrChannel *channel, int hides)
{
	PaText		town = address->element[PA_TWNNM];
	PaText		country = address->element[PA_CTRY];

	if (hides & PROTADDR_HIDES_TOWN)
		town.len = 0;
	if (town.len == 0 && country.len == 0)
		return NULL;

	memset(address->element, 0, sizeof(address->element));
	address->nlines = 0;
	address->element[PA_TWNNM] = town;
	address->element[PA_CTRY] = country;
	release_for(address, channel, PA_RELEASED_MINIMUM);
	return protaddr_seal(address);
}

/* release_disclosed lets a protected address leave, and leaves a record. */
static ProtaddrSeal *
release_disclosed(ProtaddrSeal *seal, PaAddress *address, const ProtaddrChannel *channel,
				  const ProtaddrTransfer *transfer)
{
	if (address->release == PA_RELEASED_MINIMUM || address->release == PA_RELEASED_SUBSTITUTE)
	{
		release_for(address, channel, address->release);
		return protaddr_seal(address);
	}
	if (released_for(address, channel) && address->release == PA_RELEASED_DISCLOSED &&
		protaddr_disclosure_is_of(address->disclosure, transfer))
		return seal;
	release_for(address, channel, PA_RELEASED_DISCLOSED);
	address->disclosure = protaddr_disclosure_record(channel, transfer, address->subject,
													 address->nsubjects);
	return protaddr_seal(address);
}

/*
 * release_substitute gives the registered substitute, sealed as concerning the same
 * people, and leaves opened shut.  If there is none, answer says what then, and
 * opened is open.
 */
static ProtaddrSeal *
release_substitute(ProtaddrOpened *opened, const ProtaddrChannel *channel,
				   const ProtaddrTransfer *transfer, ProtaddrAnswer *answer)
{
	ProtaddrIdentifier person[PA_MAX_SUBJECTS + 1];
	int			npersons = 0;
	ProtaddrSeal *substitute;
	ProtaddrSeal *result;
	PaAddress  *address = &opened->address;
	int			nsubjects = address->nsubjects;

	if (address->release == PA_RELEASED_SUBSTITUTE)
	{
		release_for(address, channel, PA_RELEASED_SUBSTITUTE);
		result = protaddr_seal(address);
		protaddr_shut(opened);
		return result;
	}

	for (int i = 0; i < nsubjects; i++)
	{
		person[npersons].len = address->subject[i].len;
		memcpy(person[npersons++].key, address->subject[i].data, address->subject[i].len);
	}
	if (transfer->has_row && transfer->payer.len > 0)
		person[npersons++] = transfer->payer;

	substitute = protaddr_substitute_of(person, npersons);
	if (substitute == NULL)
	{
		protaddr_answer_without_substitute(answer);
		return NULL;
	}

	/* one value is open at a time */
	protaddr_shut(opened);
	(void) protaddr_open(substitute, false, opened);
	for (int i = 0; i < nsubjects; i++)
	{
		address->subject[i].data = person[i].key;
		address->subject[i].len = person[i].len;
	}
	address->nsubjects = nsubjects;
	address->typist.len = 0;
	release_for(address, channel, PA_RELEASED_SUBSTITUTE);
	result = protaddr_seal(address);
	protaddr_shut(opened);
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
	if (released_for(address, channel))
	{
		protaddr_concern_address(&concerned, address, channel, transfer);
		question.mode = PROTADDR_ASK_AS_STORED;
		question.channel = channel;
		question.concerned = &concerned;
		question.transfer = transfer;
		protaddr_ask(&question, &answer);
		released = protaddr_as_strict(released_by[address->release], answer.action);
		/* the town may have come to be hidden since */
		if (address->release == PA_RELEASED_MINIMUM && (answer.hides & PROTADDR_HIDES_TOWN) != 0 &&
			address->element[PA_TWNNM].len > 0)
			released = false;
	}
	protaddr_shut(&opened);
	return released;
}

/*
 * protaddr_release_sql is protaddr.release(address, channel, amount, currency, payee,
 * at).  The law must let it leave now and at that time: a day of one's own choice is
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
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("channel \"%s\" holds this address until somebody has decided", channel->name),
				 errhint("Write the row through a gate, which holds it, and see protaddr.release_held()."),
				 protaddr_errprivate()));
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
	return channel;
}

/*
 * protaddr_currency_from_text reads a code; what is none is a currency not known,
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
