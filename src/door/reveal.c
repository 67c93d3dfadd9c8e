/*
 * reveal.c
 *		What of a sealed address may be revealed, and who is told before?
 *
 * The one door.  The seal is opened, the law asked, the value cut down to what the law
 * allows, the observers told: then, and not before, the caller gets it.  An error on
 * the way reveals nothing.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "door/door.h"
#include "keys/keys.h"
#include "law/law.h"
#include "person/person.h"

#include "miscadmin.h"

static void ask_to_show(const PaAddress *address, const ProtaddrTransfer *transfer,
						ProtaddrRevealed *revealed);
static void ask_to_release(const PaAddress *address, const ProtaddrChannel *channel,
						   const ProtaddrTransfer *transfer, ProtaddrAnswer *answer);
static bool was_released(const PaAddress *address, const ProtaddrAnswer *answer,
						 const ProtaddrTransfer *transfer);
static bool cut_down(ProtaddrRevealed *revealed, const ProtaddrTransfer *transfer);
static bool cut_to_minimum(PaAddress *address, int hides, bool *cut);
static bool put_substitute(ProtaddrOpened *opened, const ProtaddrTransfer *transfer, bool *cut);
static void tell(ProtaddrEventKind kind, const ProtaddrChannel *channel,
				 const ProtaddrTransfer *transfer, ProtaddrRevealed *revealed);

/* By which action a value was released; one that was not may leave by none. */
const ProtaddrAction protaddr_released_by[] = {
	[PA_NOT_RELEASED] = PROTADDR_LEAVE,
	[PA_RELEASED_WHOLE] = PROTADDR_LEAVE,
	[PA_RELEASED_MINIMUM] = PROTADDR_MINIMUM,
	[PA_RELEASED_SUBSTITUTE] = PROTADDR_SUBSTITUTE,
	[PA_RELEASED_DISCLOSED] = PROTADDR_DISCLOSE
};

/*
 * protaddr_reveal opens a value and leaves of it what may be revealed to a reader, or
 * through a channel.  True: that is something; the caller uses it, and shuts
 * revealed->opened.  False: nothing is open, and revealed->answer says why.  Raises
 * 55PA1 if the value's key is not here, and what an observer raises.
 */
bool
protaddr_reveal(ProtaddrEventKind kind, const ProtaddrSeal *seal, const ProtaddrChannel *channel,
				const ProtaddrTransfer *transfer, ProtaddrRevealed *revealed)
{
	protaddr_reveal_begin(seal, revealed);
	return protaddr_reveal_end(kind, channel, transfer, revealed);
}

/*
 * protaddr_reveal_begin and protaddr_reveal_end are protaddr_reveal in two steps.  The
 * registers are far away in memory, and the processor fetches what they say of the address's
 * people between them.  Who makes something of the address meanwhile has revealed nothing
 * yet: it is to be wiped if the answer is false or an error, and made anew if the address
 * was cut down.
 */
void
protaddr_reveal_begin(const ProtaddrSeal *seal, ProtaddrRevealed *revealed)
{
	const PaAddress *address = &revealed->opened.address;

	/* before anything is laid open: what other sessions changed */
	(void) protaddr_register_ready();
	(void) protaddr_open(seal, false, &revealed->opened);
	for (int i = 0; i < address->nsubjects; i++)
		protaddr_asked_soon(address->subject[i].data, address->subject[i].len);
}

bool
protaddr_reveal_end(ProtaddrEventKind kind, const ProtaddrChannel *channel,
					const ProtaddrTransfer *transfer, ProtaddrRevealed *revealed)
{
	PaAddress  *address = &revealed->opened.address;
	ProtaddrTransfer own;

	revealed->cut = false;
	revealed->unlock = NULL;
	if (kind == PROTADDR_SHOWN)
		ask_to_show(address, transfer, revealed);
	else if (!transfer->has_row && transfer->payer.len == 0 && address->nsubjects > 0)
	{
		/* without a row it is whose address it is that pays */
		own = *transfer;
		own.payer.len = address->subject[0].len;
		memcpy(own.payer.key, address->subject[0].data, own.payer.len);
		transfer = &own;
		ask_to_release(address, channel, transfer, &revealed->answer);
	}
	else
		ask_to_release(address, channel, transfer, &revealed->answer);

	if (unlikely(revealed->answer.action != PROTADDR_LEAVE) &&
		!cut_down(revealed, transfer))
	{
		protaddr_shut(&revealed->opened);
		protaddr_count_withheld();
		return false;
	}
	if (unlikely(revealed->cut))
		protaddr_count_withheld();
	tell(kind, channel, transfer, revealed);
	return true;
}

/* ---- the law ---------------------------------------------------------------------- */

/*
 * ask_to_show asks by the row "show".  What a channel has let leave may be shown, too:
 * then the answer is how it was released.  And whoever has unlocked the transaction, for a
 * purpose, is shown all of it.
 */
static void
ask_to_show(const PaAddress *address, const ProtaddrTransfer *transfer, ProtaddrRevealed *revealed)
{
	ProtaddrAnswer *answer = &revealed->answer;
	ProtaddrConcerned concerned;
	ProtaddrQuestion question = {
		.mode = PROTADDR_ASK_NOW,
		.channel = protaddr_channel_show(),
		.concerned = &concerned,
		.transfer = transfer
	};

	protaddr_concern_address(&concerned, address, question.channel, transfer);
	protaddr_ask(&question, answer);
	/* else it is withheld because of what is missing, not of whom it concerns */
	if (likely(answer->action == PROTADDR_LEAVE) ||
		(answer->rule != PROTADDR_RULE_PROTECTED && answer->rule != PROTADDR_RULE_UNKNOWN))
		return;
	if (address->release != PA_NOT_RELEASED && was_released(address, answer, transfer))
	{
		answer->action = protaddr_released_by[address->release];
		answer->rule = PROTADDR_RULE_RELEASED;
		return;
	}
	revealed->unlock = protaddr_unlock_of(address);
	if (revealed->unlock != NULL)
	{
		answer->action = PROTADDR_DISCLOSE;
		answer->rule = PROTADDR_RULE_UNLOCKED;
	}
}

/*
 * was_released tells whether what a channel has let leave may be shown.  A legal
 * minimum is a town and a country and nothing else: unless, since then, the town is to
 * be hidden as well.  A substitute is there to be told.  What was disclosed is shown as
 * long as the record of it stands, and not before it is committed.  What left whole is
 * shown of people whom no register lists if its channel still lets it leave.
 */
static bool
was_released(const PaAddress *address, const ProtaddrAnswer *answer, const ProtaddrTransfer *transfer)
{
	ProtaddrConcerned concerned;
	ProtaddrQuestion question = {
		.mode = PROTADDR_ASK_AS_STORED,
		.concerned = &concerned,
		.transfer = transfer
	};
	ProtaddrAnswer then;

	switch (address->release)
	{
		case PA_RELEASED_MINIMUM:
			return (answer->hides & PROTADDR_HIDES_TOWN) == 0 || address->element[PA_TWNNM].len == 0;
		case PA_RELEASED_SUBSTITUTE:
			return true;
		case PA_RELEASED_DISCLOSED:
			return protaddr_disclosure_stands(address->disclosure);
		case PA_RELEASED_WHOLE:
			if (answer->hides != PROTADDR_HIDES_NOTHING)
				return false;
			question.channel = protaddr_channel_if_any(address->channel.data, address->channel.len,
													   DT_NOBEGIN);
			if (question.channel == NULL)
				return false;
			protaddr_concern_address(&concerned, address, question.channel, transfer);
			protaddr_ask(&question, &then);
			return then.action == PROTADDR_LEAVE;
		case PA_NOT_RELEASED:
			break;
	}
	return false;
}

static void
ask_to_release(const PaAddress *address, const ProtaddrChannel *channel,
			   const ProtaddrTransfer *transfer, ProtaddrAnswer *answer)
{
	ProtaddrConcerned concerned;
	ProtaddrQuestion question = {
		.mode = PROTADDR_ASK_NOW,
		.channel = channel,
		.concerned = &concerned,
		.transfer = transfer
	};

	protaddr_concern_address(&concerned, address, channel, transfer);
	protaddr_ask(&question, answer);
}

/* ---- what is left ------------------------------------------------------------------- */

/* cut_down leaves of an opened value what the answer lets be revealed; false if that is nothing. */
static bool
cut_down(ProtaddrRevealed *revealed, const ProtaddrTransfer *transfer)
{
	ProtaddrAnswer *answer = &revealed->answer;
	PaAddress  *address = &revealed->opened.address;

	if (answer->rule == PROTADDR_RULE_RELEASED)
		return true;
	if (answer->action == PROTADDR_SUBSTITUTE)
	{
		if (put_substitute(&revealed->opened, transfer, &revealed->cut))
			return true;
		protaddr_answer_without_substitute(answer);
	}
	switch (answer->action)
	{
		case PROTADDR_LEAVE:
		case PROTADDR_DISCLOSE:
			return true;
		case PROTADDR_MINIMUM:
			return cut_to_minimum(address, answer->hides, &revealed->cut);
		case PROTADDR_SUBSTITUTE:
		case PROTADDR_WITHHOLD:
		case PROTADDR_HOLD:
		case PROTADDR_BLOCK:
			break;
	}
	return false;
}

/* cut_to_minimum keeps town and country; country alone if the town is hidden. */
static bool
cut_to_minimum(PaAddress *address, int hides, bool *cut)
{
	PaText		town = address->element[PA_TWNNM];
	PaText		country = address->element[PA_CTRY];

	*cut = address->release != PA_RELEASED_MINIMUM;
	if ((hides & PROTADDR_HIDES_TOWN) != 0)
	{
		*cut = *cut || town.len > 0;
		town.len = 0;
	}
	if (town.len == 0 && country.len == 0)
		return false;

	memset(address->element, 0, sizeof(address->element));
	address->nlines = 0;
	address->element[PA_TWNNM] = town;
	address->element[PA_CTRY] = country;
	return true;
}

/*
 * put_substitute puts the registered substitute in the place of the address, as
 * concerning the same people; false if there is none.
 */
static bool
put_substitute(ProtaddrOpened *opened, const ProtaddrTransfer *transfer, bool *cut)
{
	static ProtaddrIdentifier person[PA_MAX_SUBJECTS + 1];
	PaAddress  *address = &opened->address;
	int			nsubjects = address->nsubjects;
	int			npersons = 0;
	ProtaddrSeal *substitute;

	if (address->release == PA_RELEASED_SUBSTITUTE)
		return true;

	for (int i = 0; i < nsubjects; i++)
	{
		person[npersons].len = address->subject[i].len;
		memcpy(person[npersons++].key, address->subject[i].data, address->subject[i].len);
	}
	if (transfer->has_row && transfer->payer.len > 0)
		person[npersons++] = transfer->payer;
	substitute = protaddr_substitute_of(person, npersons);
	if (substitute == NULL)
		return false;

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
	address->release = PA_NOT_RELEASED;
	address->disclosure = 0;
	*cut = true;
	return true;
}

/* ---- the event ------------------------------------------------------------------------ */

/* protaddr_released_for is true if a value was released for this channel. */
bool
protaddr_released_for(const PaAddress *address, const ProtaddrChannel *channel)
{
	return address->release != PA_NOT_RELEASED && address->channel.len == channel->name_len &&
		memcmp(address->channel.data, channel->name, channel->name_len) == 0;
}

/* how_released gives how a value counts as released that leaves by this action. */
static PaRelease
how_released(const PaAddress *address, ProtaddrAction action)
{
	/* a minimum stays one, and a substitute, though its person may be free again */
	if ((action == PROTADDR_LEAVE || action == PROTADDR_DISCLOSE) &&
		(address->release == PA_RELEASED_MINIMUM || address->release == PA_RELEASED_SUBSTITUTE))
		return address->release;
	switch (action)
	{
		case PROTADDR_LEAVE:
			return PA_RELEASED_WHOLE;
		case PROTADDR_DISCLOSE:
			return PA_RELEASED_DISCLOSED;
		case PROTADDR_MINIMUM:
			return PA_RELEASED_MINIMUM;
		case PROTADDR_SUBSTITUTE:
			return PA_RELEASED_SUBSTITUTE;
		default:
			break;
	}
	elog(ERROR, "a withheld address has come to the door");
}

/* tell tells the observers, and with a channel has the value say for which it is released. */
static void
tell(ProtaddrEventKind kind, const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
	 ProtaddrRevealed *revealed)
{
	PaAddress  *address = &revealed->opened.address;
	PaRelease	how = PA_NOT_RELEASED;
	uint64		disclosed_before = address->disclosure;
	ProtaddrEvent event;

	if (kind == PROTADDR_RELEASED)
	{
		how = how_released(address, revealed->answer.action);
		revealed->answer.action = protaddr_released_by[how];
	}
	event.kind = kind;
	event.channel = kind == PROTADDR_RELEASED ? channel : revealed->answer.law;
	event.answer = &revealed->answer;
	event.transfer = transfer;
	event.people = address->subject;
	event.npeople = address->nsubjects;
	event.login_role = GetSessionUserId();
	event.role = GetOuterUserId();
	event.disclosed_before = &disclosed_before;
	event.ndisclosed_before = disclosed_before != 0 ? 1 : 0;
	event.unlock = revealed->unlock;
	event.disclosure = 0;
	event.told = false;
	protaddr_tell_event(&event);
	Assert(event.told);
	if (kind != PROTADDR_RELEASED)
		return;

	if (how == PA_RELEASED_DISCLOSED && event.disclosure == 0)
		elog(ERROR, "a disclosure was not recorded");
	revealed->unchanged = !revealed->cut && protaddr_released_for(address, channel) && address->release == how &&
		event.disclosure == disclosed_before;
	address->release = how;
	address->channel.data = channel->name;
	address->channel.len = channel->name_len;
	address->disclosure = event.disclosure;
}
