/*
 * proxy.c
 *		What does the law say of a name, and of what tells where somebody lives without an address?
 *
 * Both ask the one question that addresses ask (ask.c), of the people to whom the name or
 * place belongs.  A name has rules of its own in the channel, for a transfer carries it by
 * law, and counts only where the protection covers it.  A place leaves where the whole
 * address would, without a record: no minimum of it is known, and it has no substitute.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "law/law.h"
#include "person/person.h"

/* ask asks of some people; hides: what of them counts. */
static ProtaddrAction
ask(const ProtaddrChannel *law, const PaText *people, int npeople, int hides)
{
	static const ProtaddrTransfer no_transfer = {0};
	PaAddress	address;
	ProtaddrConcerned concerned;
	ProtaddrQuestion question = {
		.mode = PROTADDR_ASK_NOW,
		.channel = law,
		.concerned = &concerned,
		.transfer = &no_transfer
	};
	ProtaddrAnswer answer;

	memset(&address, 0, sizeof(address));
	/* more than a value can concern: nobody knows whom it is of */
	if (npeople <= PA_MAX_SUBJECTS)
	{
		address.nsubjects = npeople;
		for (int i = 0; i < npeople; i++)
			address.subject[i] = people[i];
	}
	/* takes in what other sessions changed */
	(void) protaddr_register_ready();
	protaddr_concern_address(&concerned, &address, law, &no_transfer);
	concerned.hides &= hides;
	protaddr_ask(&question, &answer);
	return answer.action;
}

/*
 * protaddr_ask_name tells what may leave of a name through a channel: PROTADDR_LEAVE, all of
 * it; PROTADDR_MINIMUM, the initials; PROTADDR_WITHHOLD, nothing.  people: canonical
 * identifiers of whose it is.
 */
ProtaddrAction
protaddr_ask_name(const ProtaddrChannel *channel, const PaText *people, int npeople)
{
	ProtaddrChannel law = *channel;
	ProtaddrAction action;

	/* a payment carries its names whether or not the register is ready */
	if (!channel->closed && channel->name_when_protected == PROTADDR_LEAVE && channel->name_when_unknown == PROTADDR_LEAVE &&
		!protaddr_relaxed_here() && !protaddr_processor_stops())
		return PROTADDR_LEAVE;

	/* what leaves though it is protected is called disclosed, and a name needs no record */
	law.when_protected = channel->name_when_protected == PROTADDR_LEAVE ? PROTADDR_DISCLOSE : channel->name_when_protected;
	law.when_unknown = channel->name_when_unknown;
	law.when_unbound = PROTADDR_WITHHOLD;
	law.without_substitute = PROTADDR_WITHHOLD;
	law.has_small = false;
	law.has_own = false;
	action = ask(&law, people, npeople, PROTADDR_HIDES_NAME);
	return action == PROTADDR_DISCLOSE ? PROTADDR_LEAVE : action;
}

/*
 * protaddr_ask_location tells the same of what says where somebody lives: PROTADDR_LEAVE, or
 * PROTADDR_BLOCK and PROTADDR_HOLD, which the caller carries out; anything else: nothing.
 */
ProtaddrAction
protaddr_ask_location(const ProtaddrChannel *channel, const PaText *people, int npeople)
{
	return ask(channel, people, npeople, PROTADDR_HIDES_ALL);
}
