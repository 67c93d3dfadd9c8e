/*
 * tell.c
 *		May this address be told?
 *
 * The one predicate that every function of the door asks.  Whatever is missing
 * (a person, a register, a fresh delivery) means no.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "door/door.h"
#include "person/person.h"

/*
 * protaddr_may_tell is true if nobody whom the address concerns is protected, as
 * the register stands now.
 *
 * What a gate has let leave may be told, too.  A legal minimum holds a town and a
 * country and nothing else: unless, since then, the town is to be hidden as well.  A
 * substitute is there to be told.  What was disclosed may be told as long as the
 * record of it stands, and not before it is committed.
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
	switch (address->release)
	{
		case PA_RELEASED_MINIMUM:
			return (hides & PROTADDR_HIDES_TOWN) == 0 || address->element[PA_TWNNM].len == 0;
		case PA_RELEASED_SUBSTITUTE:
			return true;
		case PA_RELEASED_DISCLOSED:
			return protaddr_disclosure_stands(address->disclosure);
		case PA_RELEASED_WHOLE:
		case PA_NOT_RELEASED:
			break;
	}
	return false;
}
