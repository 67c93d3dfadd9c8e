/*
 * decide.c
 *		May this address be told?
 *
 * The one predicate that every function of the door asks.  Whatever is missing
 * (a person, a register, a fresh delivery) means no.
 */
#include "protaddr.h"

/*
 * protaddr_may_tell is true if nobody whom the address concerns is protected, as
 * the register stands now.
 *
 * What a gate has already reduced to the legal minimum may be told, too: it holds
 * a town and a country and nothing else.  Unless, since then, the town is to be
 * hidden as well.
 */
bool
protaddr_may_tell(const PaAddress *address)
{
	int			hides;

	if (address->nsubjects == 0 || !protaddr_register_ready())
		return false;
	hides = protaddr_protection_of_all(address);
	if (likely(hides == PROTADDR_HIDES_NOTHING))
		return true;
	return address->release == PA_RELEASED_MINIMUM &&
		((hides & PROTADDR_HIDES_TOWN) == 0 || address->element[PA_TWNNM].len == 0);
}
