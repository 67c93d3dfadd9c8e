/*
 * ask.c
 *		What does the law say of this address, and by which rule?
 *
 * One question, one answer.  The door, the gate, messages, verification, explanations
 * and the installation of a gate all ask here, in one of four modes.
 *
 * Everybody who is named counts: each person the value concerns, and the payer of the
 * row.  If several rules apply, the strictest decides.  Whatever is missing (a
 * register, a person, a rule) is never a reason to let an address leave.
 */
#include "postgres.h"

#include "address/address.h"
#include "audit/audit.h"
#include "base/base.h"
#include "law/law.h"
#include "person/person.h"

static void concern_everybody(ProtaddrConcerned *concerned, bool ask_known, const PaAddress *address,
							  const ProtaddrTransfer *transfer);
static void ask_row(const ProtaddrQuestion *question, const ProtaddrChannel *law,
					ProtaddrAnswer *answer);
static void ask_of_people(const ProtaddrQuestion *question, const ProtaddrChannel *law,
						  ProtaddrAnswer *answer);
static void ask_of_protected(const ProtaddrQuestion *question, const ProtaddrChannel *law,
							 ProtaddrAnswer *answer);
static void apply_decision(const ProtaddrQuestion *question, const ProtaddrChannel *law,
						   ProtaddrAnswer *answer);
static void take_stricter(ProtaddrAnswer *answer, const ProtaddrAnswer *other);
static ProtaddrAction of_nobody(const ProtaddrChannel *law);
static ProtaddrAction both(ProtaddrAction a, ProtaddrAction b, ProtaddrAction without_substitute);

/* ---- whom it concerns ------------------------------------------------------------ */

/* is_stranger is true of an identifier of which nothing is known here, and that is linked to nobody. */
static bool
is_stranger(const char *key, int len, int said)
{
	ProtaddrIdentifier id;

	memcpy(id.key, key, len);
	id.len = len;
	return protaddr_person_resolved(&id, said) != PROTADDR_RESOLVED;
}

/* concern adds one person, by the canonical identifier. */
static void
concern(ProtaddrConcerned *concerned, bool ask_known, const char *key, int len,
		const ProtaddrTransfer *transfer)
{
	bool		ask = ask_known && concerned->known;
	int			said = ask ? protaddr_said_of(key, len) : protaddr_protection_of(key, len);
	int			hides = said & PROTADDR_HIDES_ALL;

	concerned->hides |= hides;
	if (unlikely(transfer->hold_decided) && hides != PROTADDR_HIDES_NOTHING)
		protaddr_concern_decision(concerned, key, len, transfer);
	if (ask && ((said & PROTADDR_TOLD_OF) == 0 || (concerned->strangers && is_stranger(key, len, said))))
		concerned->known = false;
}

/* protaddr_concern_decision asks of somebody who is protected whether that was so when it was decided. */
void
protaddr_concern_decision(ProtaddrConcerned *concerned, const char *key, int len,
						  const ProtaddrTransfer *transfer)
{
	if (transfer->hold_decided && transfer->decided_at != 0 && !concerned->since)
		concerned->since = protaddr_protected_since(key, len, transfer->decided_at);
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
	uint64		ended = protaddr_transactions_ended();

	memset(concerned, 0, sizeof(*concerned));
	concerned->known = true;
	concerned->strangers = channel->strangers_unknown ||
		(transfer->law_then != NULL && transfer->law_then->strangers_unknown);
	concern_everybody(concerned, ask_known, address, transfer);

	/*
	 * They were asked about one after the other.  A load that ended meanwhile may have protected
	 * the first and lifted the last, and at no moment was neither protected.
	 */
	if (concerned->hides == PROTADDR_HIDES_NOTHING && unlikely(ended != protaddr_transactions_ended()))
	{
		/* takes in what other sessions changed; whether it may be asked is asked below */
		(void) protaddr_register_ready();
		concern_everybody(concerned, ask_known, address, transfer);
	}
	concerned->anybody = address->nsubjects > 0 && !(transfer->has_row && transfer->payer.len == 0);
	protaddr_concern_receiver(concerned, address->subject, address->nsubjects, channel, transfer);
}

/* concern_everybody adds everybody whom a value concerns, and the payer. */
static void
concern_everybody(ProtaddrConcerned *concerned, bool ask_known, const PaAddress *address,
				  const ProtaddrTransfer *transfer)
{
	bool		payer_asked = false;

	for (int i = 0; i < address->nsubjects; i++)
	{
		concern(concerned, ask_known, address->subject[i].data, address->subject[i].len, transfer);
		payer_asked = payer_asked ||
			(address->subject[i].len == transfer->payer.len &&
			 memcmp(address->subject[i].data, transfer->payer.key, transfer->payer.len) == 0);
	}
	if (transfer->has_row && transfer->payer.len > 0 && !payer_asked)
		concern(concerned, ask_known, transfer->payer.key, transfer->payer.len, transfer);
}

/*
 * protaddr_concern_receiver tells whether an address that concerns some people is the
 * receiver's own: the receiver stands for one person, who is one of them, and none of
 * the others is protected or unknown.  A holder of an account is one person, and the
 * account is as many as it has holders.  Costs a look at links, so it is asked only
 * where a rule depends on it.
 */
void
protaddr_concern_receiver(ProtaddrConcerned *concerned, const PaText *people, int npeople,
						  const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	const ProtaddrIdentifier *receiver = transfer->receiver.len > 0 ?
	&transfer->receiver : &transfer->payee;
	PaText		all[PA_MAX_SUBJECTS + 1];
	PaText		one = {receiver->key, receiver->len};
	ProtaddrIdentifier *self;
	ProtaddrIdentifier *ends;
	int			nself;
	int			nends;
	bool among = false;
	bool		others_free = true;

	concerned->own = false;
	if (!(channel->has_own || (transfer->law_then != NULL && transfer->law_then->has_own)) ||
		receiver->len == 0 || !concerned->anybody || npeople > PA_MAX_SUBJECTS)
		return;
	memcpy(all, people, npeople * sizeof(PaText));
	if (transfer->has_row && transfer->payer.len > 0)
	{
		all[npeople].data = transfer->payer.key;
		all[npeople++].len = transfer->payer.len;
	}

	self = protaddr_identity_ends(&one, 1, &nself);
	ends = protaddr_identity_ends(all, npeople, &nends);
	for (int i = 0; i < nends; i++)
	{
		if (nself == 1 && protaddr_identifier_same(&ends[i], &self[0]))
			among = true;

		else if (protaddr_said_of(ends[i].key, ends[i].len) != PROTADDR_TOLD_OF)
			others_free = false;
	}
	pfree(self);
	pfree(ends);
	concerned->own = among &&others_free;
}

/* ---- the question ------------------------------------------------------------------ */

/* protaddr_ask answers a question.  See law.h for the modes. */
void
protaddr_ask(const ProtaddrQuestion *question, ProtaddrAnswer *answer)
{
	const ProtaddrChannel *then = question->transfer->law_then;
	ProtaddrAnswer other;

	if (question->mode == PROTADDR_ASK_EXPLAIN && then != NULL)
	{
		ask_row(question, then, answer);
		return;
	}
	ask_row(question, question->channel, answer);
	if (then == NULL)
		return;
	ask_row(question, then, &other);
	take_stricter(answer, &other);
}

/* ask_row answers by one row of the law. */
static void
ask_row(const ProtaddrQuestion *question, const ProtaddrChannel *law, ProtaddrAnswer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->law = law;
	answer->without_substitute = law->without_substitute;
	answer->birth_data = law->birth_data;

	if (law->closed)
	{
		answer->rule = PROTADDR_RULE_NO_CHANNEL;
		answer->action = PROTADDR_WITHHOLD;
	}
	else if (question->unreadable)
	{
		answer->rule = PROTADDR_RULE_UNREADABLE;
		answer->action = law->when_unreadable;
	}
	else if (question->mode != PROTADDR_ASK_WHAT_IF && !protaddr_register_ready())
	{
		answer->rule = PROTADDR_RULE_NOT_READY;
		answer->action = of_nobody(law);
	}
	else if (question->mode != PROTADDR_ASK_WHAT_IF && protaddr_processor_stops())
	{
		answer->rule = PROTADDR_RULE_STOPPED;
		answer->action = of_nobody(law);
	}
	else if (!question->concerned->anybody)
	{
		answer->rule = PROTADDR_RULE_UNBOUND;
		answer->action = of_nobody(law);
	}
	else
		ask_of_people(question, law, answer);
	if (question->transfer->hold_decided)
		apply_decision(question, law, answer);

	/* an address leaves whole, and without a record, only of people who are not protected */
	Assert(answer->action != PROTADDR_LEAVE || answer->hides == PROTADDR_HIDES_NOTHING);
	Assert(answer->action != PROTADDR_LEAVE || answer->rule == PROTADDR_RULE_FREE ||
		   answer->rule == PROTADDR_RULE_UNKNOWN);
}

/* ask_of_people applies the rules for protected, unknown and other people. */
static void
ask_of_people(const ProtaddrQuestion *question, const ProtaddrChannel *law, ProtaddrAnswer *answer)
{
	answer->hides = question->concerned->hides;
	answer->rule = PROTADDR_RULE_FREE;
	answer->action = PROTADDR_LEAVE;
	if (answer->hides != PROTADDR_HIDES_NOTHING)
		ask_of_protected(question, law, answer);
	if (!question->concerned->known && !protaddr_as_strict(answer->action, law->when_unknown))
	{
		answer->rule = PROTADDR_RULE_UNKNOWN;
		answer->action = both(answer->action, law->when_unknown, law->without_substitute);
	}
	Assert(question->concerned->known || protaddr_as_strict(answer->action, law->when_unknown));

	/* more special than either: it says what its own person gets to see */
	if (law->has_own && question->concerned->own && answer->rule != PROTADDR_RULE_FREE)
	{
		answer->rule = PROTADDR_RULE_OWN;
		answer->action = law->when_own;
	}
}

/* ask_of_protected applies the rule for a protected person, or the one for small amounts. */
static void
ask_of_protected(const ProtaddrQuestion *question, const ProtaddrChannel *law,
				 ProtaddrAnswer *answer)
{
	const ProtaddrTransfer *transfer = question->transfer;
	ProtaddrAction strict = both(law->when_protected, law->when_small, law->without_substitute);

	answer->rule = PROTADDR_RULE_PROTECTED;
	answer->action = law->when_protected;
	if (!law->has_small)
		return;

	if (question->mode == PROTADDR_ASK_AS_STORED)
	{
		/* either may have counted then */
		if (protaddr_as_strict(law->when_protected, law->when_small))
		{
			answer->rule = PROTADDR_RULE_SMALL;
			answer->action = law->when_small;
		}
		return;
	}

	answer->linked = law->linked_within != NULL && OidIsValid(transfer->relation) &&
		transfer->payer.len > 0 && transfer->payee.len > 0;
	switch (question->mode == PROTADDR_ASK_WHAT_IF ? question->assumed : protaddr_small(law, transfer))
	{
		case PROTADDR_NOT_SMALL:
			break;
		case PROTADDR_SMALL:
			answer->rule = PROTADDR_RULE_SMALL;
			answer->action = law->when_small;
			break;
		case PROTADDR_SMALL_UNKNOWN:
			if (strict != law->when_protected)
				answer->rule = PROTADDR_RULE_SMALL;
			answer->action = strict;
			break;
	}
	Assert(protaddr_as_strict(answer->action, law->when_protected) ||
		   protaddr_as_strict(answer->action, law->when_small));
}

/*
 * apply_decision puts what somebody decided in place of holding.  Of an address that
 * nobody could be asked about, nothing leaves all the same; of a message that cannot be
 * read only the gate can carry out a decision, on all of it; and of somebody who was
 * protected since it was not decided, so it is held still.
 */
static void
apply_decision(const ProtaddrQuestion *question, const ProtaddrChannel *law, ProtaddrAnswer *answer)
{
	ProtaddrAction decided = question->transfer->after_hold;

	if (!question->unreadable && question->concerned->since && decided != PROTADDR_WITHHOLD)
		return;
	/* without a substitute, a decision to give one decides nothing */
	if (answer->without_substitute == PROTADDR_HOLD && decided != PROTADDR_SUBSTITUTE)
	{
		answer->without_substitute = decided;
		if (question->mode == PROTADDR_ASK_AS_STORED && answer->action == PROTADDR_SUBSTITUTE &&
			protaddr_as_strict(PROTADDR_SUBSTITUTE, decided))
			answer->action = decided;
	}
	if (answer->action != PROTADDR_HOLD)
		return;
	switch (answer->rule)
	{
		case PROTADDR_RULE_NOT_READY:
		case PROTADDR_RULE_STOPPED:
		case PROTADDR_RULE_UNBOUND:
			answer->action = PROTADDR_WITHHOLD;
			break;
		case PROTADDR_RULE_UNREADABLE:
			return;
		default:
			answer->action = decided;
			break;
	}
	answer->rule = PROTADDR_RULE_HELD;
}

/* take_stricter makes the answer one that both rows of the law allow. */
static void
take_stricter(ProtaddrAnswer *answer, const ProtaddrAnswer *other)
{
	ProtaddrAction without_substitute = protaddr_stricter(answer->without_substitute,
														  other->without_substitute);
	ProtaddrAction action = both(answer->action, other->action, without_substitute);
	bool		birth_data = answer->birth_data && other->birth_data;

	Assert(protaddr_as_strict(action, answer->action) && protaddr_as_strict(action, other->action));
	/* another time is asked for where no row is written, and only rows are linked */
	Assert(!answer->linked && !other->linked);
	if (action != answer->action)
		*answer = *other;
	answer->action = action;
	answer->without_substitute = without_substitute;
	answer->birth_data = birth_data;
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

/* of_nobody is what happens where nobody can be asked about: at least withheld. */
static ProtaddrAction
of_nobody(const ProtaddrChannel *law)
{
	ProtaddrAction action = protaddr_stricter(PROTADDR_WITHHOLD, law->when_unbound);

	return law->when_protected == PROTADDR_BLOCK || law->when_protected == PROTADDR_HOLD ?
		protaddr_stricter(action, law->when_protected) : action;
}

/* protaddr_answer_without_substitute turns the answer "substitute" into what comes if there is none. */
void
protaddr_answer_without_substitute(ProtaddrAnswer *answer)
{
	Assert(answer->action == PROTADDR_SUBSTITUTE);
	answer->action = answer->without_substitute;
	answer->rule = PROTADDR_RULE_NO_SUBSTITUTE;
}

/* ---- what a channel may come to ------------------------------------------------------ */

/* protaddr_channel_may gives every action that a row of the law can come to, whoever is asked about. */
ProtaddrActionSet
protaddr_channel_may(const ProtaddrChannel *channel)
{
	static const ProtaddrTransfer nothing = {0};
	ProtaddrActionSet may = 0;
	ProtaddrConcerned concerned = {0};
	ProtaddrQuestion question = {
		.mode = PROTADDR_ASK_WHAT_IF,
		.channel = channel,
		.concerned = &concerned,
		.transfer = &nothing
	};
	ProtaddrAnswer answer;

	for (int people = 0; people < 16; people++)
		for (int small = PROTADDR_NOT_SMALL; small <= PROTADDR_SMALL_UNKNOWN; small++)
		{
			concerned.anybody = (people & 1) != 0;
			concerned.known = (people & 2) != 0;
			concerned.hides = (people & 4) != 0 ? PROTADDR_HIDES_ADDRESS : PROTADDR_HIDES_NOTHING;
			concerned.own = (people & 8) != 0;
			question.assumed = (ProtaddrSmall) small;
			protaddr_ask(&question, &answer);
			may |= PROTADDR_ACTION_BIT(answer.action);
			if (answer.action == PROTADDR_SUBSTITUTE)
			{
				protaddr_answer_without_substitute(&answer);
				may |= PROTADDR_ACTION_BIT(answer.action);
			}
		}
	question.unreadable = true;
	protaddr_ask(&question, &answer);
	return may | PROTADDR_ACTION_BIT(answer.action);
}

/* protaddr_refuse raises 23PA1 for a row that the channel blocks, on record. */
void
protaddr_refuse(const ProtaddrChannel *channel)
{
	static ProtaddrAudit record;

	protaddr_audit_begin(&record, "refused");
	protaddr_audit_text(&record, "channel", channel->name);
	protaddr_audit_statement_relations(&record, "relations");
	/* it is refused in any case */
	(void) protaddr_audit_write_after(&record);
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("the address may not leave through channel \"%s\"", channel->name),
			 errdetail("The channel blocks rows with an address that is withheld."),
			 errhint("See the channel's legal basis in protaddr.channel."),
			 protaddr_errprivate()));
}
