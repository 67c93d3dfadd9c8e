/*
 * decide.c
 *		Which rule of a channel decides about an address, and what does it say?
 *
 * Whoever is named counts: each person the value concerns, and the payer of the row.
 * If several rules apply, the strictest decides.  Whatever is missing (a register, a
 * person, a rule) is never a reason to let an address leave.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "law/law.h"
#include "person/person.h"

static bool is_small(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
					 ProtaddrAction *action, bool *linked);
static ProtaddrAction unasked(const ProtaddrChannel *channel);
static ProtaddrAction both(ProtaddrAction a, ProtaddrAction b, ProtaddrAction without_substitute);
static void decide_by(const ProtaddrChannel *channel, const ProtaddrConcerned *concerned,
					  const ProtaddrTransfer *transfer, ProtaddrDecision *decision);

/* concern adds one person, by the canonical identifier. */
static void
concern(ProtaddrConcerned *concerned, bool ask_known, const char *key, int len)
{
	int			hides = protaddr_protection_of(key, len);

	concerned->hides |= hides;
	/* who is protected is known */
	if (ask_known && hides == PROTADDR_HIDES_NOTHING && concerned->known)
		concerned->known = protaddr_person_known(key, len);
}

/*
 * protaddr_concern_address takes together everybody whom a value concerns, and the
 * payer.  A value that concerns nobody, or a row that names nobody, concerns nobody:
 * that is the strictest there is.  Whether they are known costs a question to a large
 * table, so it is asked only where a rule depends on it.
 */
void
protaddr_concern_address(ProtaddrConcerned *concerned, const PaAddress *address,
						 const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	bool		ask_known = channel->when_unknown != PROTADDR_LEAVE ||
	(transfer->law_then != NULL && transfer->law_then->when_unknown != PROTADDR_LEAVE);
	bool		payer_asked = false;

	memset(concerned, 0, sizeof(*concerned));
	concerned->known = true;
	for (int i = 0; i < address->nsubjects; i++)
	{
		concern(concerned, ask_known, address->subject[i].data, address->subject[i].len);
		payer_asked = payer_asked ||
			(address->subject[i].len == transfer->payer.len &&
			 memcmp(address->subject[i].data, transfer->payer.key, transfer->payer.len) == 0);
	}
	if (transfer->has_row && transfer->payer.len > 0 && !payer_asked)
		concern(concerned, ask_known, transfer->payer.key, transfer->payer.len);
	concerned->anybody = address->nsubjects > 0 && !(transfer->has_row && transfer->payer.len == 0);
}

/*
 * protaddr_decide gives what happens to the address, and by which rule: of the
 * channel, and of transfer->law_then if there is that.
 */
void
protaddr_decide(const ProtaddrChannel *channel, const ProtaddrConcerned *concerned,
				const ProtaddrTransfer *transfer, ProtaddrDecision *decision)
{
	ProtaddrDecision then;
	ProtaddrAction action;

	decide_by(channel, concerned, transfer, decision);
	if (transfer->law_then == NULL)
		return;
	decide_by(transfer->law_then, concerned, transfer, &then);
	then.without_substitute = protaddr_stricter(decision->without_substitute, then.without_substitute);
	then.linked = then.linked || decision->linked;
	action = both(decision->action, then.action, then.without_substitute);
	if (action != decision->action)
		*decision = then;
	decision->action = action;
	decision->without_substitute = then.without_substitute;
	decision->linked = then.linked;
}

static void
decide_by(const ProtaddrChannel *channel, const ProtaddrConcerned *concerned,
		  const ProtaddrTransfer *transfer, ProtaddrDecision *decision)
{
	memset(decision, 0, sizeof(*decision));
	decision->hides = concerned->hides;
	decision->without_substitute = channel->without_substitute;

	if (!protaddr_register_ready())
	{
		decision->rule = PROTADDR_RULE_NOT_READY;
		decision->action = unasked(channel);
	}
	else if (!concerned->anybody)
	{
		decision->rule = PROTADDR_RULE_UNBOUND;
		decision->action = unasked(channel);
	}
	else
	{
		decision->rule = PROTADDR_RULE_FREE;
		decision->action = PROTADDR_LEAVE;
		if (concerned->hides != PROTADDR_HIDES_NOTHING)
			decision->rule = is_small(channel, transfer, &decision->action, &decision->linked) ?
				PROTADDR_RULE_SMALL : PROTADDR_RULE_PROTECTED;
		if (!concerned->known &&
			protaddr_stricter(decision->action, channel->when_unknown) != decision->action)
		{
			decision->rule = PROTADDR_RULE_UNKNOWN;
			decision->action = both(decision->action, channel->when_unknown, channel->without_substitute);
		}
	}

	if (decision->action == PROTADDR_HOLD && transfer->hold_decided)
	{
		/* somebody looked at it; what nobody could be asked about stays here all the same */
		decision->action = decision->rule == PROTADDR_RULE_NOT_READY ||
			decision->rule == PROTADDR_RULE_UNBOUND ? PROTADDR_WITHHOLD : transfer->after_hold;
		decision->rule = PROTADDR_RULE_HELD;
	}
}

/*
 * protaddr_may_happen tells whether an address may stand in a row that has already
 * been decided on, as if by this action.  The amount is not weighed again: what was
 * linked when the row was decided on is no longer the same.
 */
bool
protaddr_may_happen(const ProtaddrChannel *channel, const ProtaddrConcerned *concerned,
					const ProtaddrTransfer *transfer, ProtaddrAction action)
{
	ProtaddrAction loosest = PROTADDR_LEAVE;

	if (!protaddr_register_ready() || !concerned->anybody)
		return false;
	if (concerned->hides != PROTADDR_HIDES_NOTHING)
	{
		loosest = channel->when_protected;
		if (channel->has_small && protaddr_stricter(loosest, channel->when_small) == loosest)
			loosest = channel->when_small;
	}
	if (!concerned->known)
		loosest = protaddr_stricter(loosest, channel->when_unknown);
	if (loosest == PROTADDR_HOLD && transfer->hold_decided)
		loosest = transfer->after_hold;
	return loosest != PROTADDR_WITHHOLD && loosest != PROTADDR_BLOCK && loosest != PROTADDR_HOLD &&
		protaddr_stricter(action, loosest) == action;
}

/* protaddr_stricter gives the one of two actions that lets less leave. */
ProtaddrAction
protaddr_stricter(ProtaddrAction a, ProtaddrAction b)
{
	static const int strictness[] = {
		[PROTADDR_BLOCK] = 6,
		[PROTADDR_HOLD] = 5,
		[PROTADDR_WITHHOLD] = 4,
		[PROTADDR_MINIMUM] = 3,
		[PROTADDR_SUBSTITUTE] = 2,
		[PROTADDR_DISCLOSE] = 1,
		[PROTADDR_LEAVE] = 0
	};

	return strictness[b] > strictness[a] ? b : a;
}

/*
 * both gives what two rules together let leave.  Whether there is a substitute is not
 * known yet, so that one that does not decide counts as what comes without it.
 */
static ProtaddrAction
both(ProtaddrAction a, ProtaddrAction b, ProtaddrAction without_substitute)
{
	ProtaddrAction action = protaddr_stricter(a, b);

	if (action != PROTADDR_SUBSTITUTE && (a == PROTADDR_SUBSTITUTE || b == PROTADDR_SUBSTITUTE))
		action = protaddr_stricter(action, without_substitute);
	return action;
}

/* unasked is what happens where nobody can be asked about: at least withheld. */
static ProtaddrAction
unasked(const ProtaddrChannel *channel)
{
	ProtaddrAction action = protaddr_stricter(PROTADDR_WITHHOLD, channel->when_unbound);

	return channel->when_protected == PROTADDR_BLOCK || channel->when_protected == PROTADDR_HOLD ?
		protaddr_stricter(action, channel->when_protected) : action;
}

/* is_small gives the action for a protected person, and whether the small amount made it. */
static bool
is_small(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
		 ProtaddrAction *action, bool *linked)
{
	*action = channel->when_protected;
	if (!channel->has_small)
		return false;

	*linked = channel->linked_within != NULL && OidIsValid(transfer->relation) &&
		transfer->payer.len > 0 && transfer->payee.len > 0;
	switch (protaddr_small(channel, transfer))
	{
		case PROTADDR_NOT_SMALL:
			return false;
		case PROTADDR_SMALL:
			*action = channel->when_small;
			return true;
		case PROTADDR_SMALL_UNKNOWN:
			*action = both(channel->when_protected, channel->when_small, channel->without_substitute);
			return *action != channel->when_protected;
	}
	return false;
}

/* protaddr_refuse raises 23PA1 for a row that the channel blocks. */
void
protaddr_refuse(const ProtaddrChannel *channel)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("the address may not leave through channel \"%s\"", channel->name),
			 errdetail("The channel blocks rows with an address that is withheld."),
			 errhint("See the channel's legal basis in protaddr.channel."),
			 protaddr_errprivate()));
}
