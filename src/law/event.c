/*
 * event.c
 *		Who is told before an address is revealed?
 *
 * Rooms register observers when the library starts; the door tells them of each
 * address, or part of one, that it is about to reveal.  An observer records, counts,
 * or refuses: it raises an error, and nothing is revealed.
 */
#include "postgres.h"

#include "base/base.h"
#include "law/law.h"

#define MAX_OBSERVERS	8

static ProtaddrObserver observers[MAX_OBSERVERS];
static int	nobservers = 0;

/* protaddr_observe has an observer told of every event, in the order of registration. */
void
protaddr_observe(ProtaddrObserver observer)
{
	if (nobservers == MAX_OBSERVERS)
		elog(ERROR, "too many observers");
	observers[nobservers++] = observer;
}

/*
 * protaddr_tell_event tells all observers.  Nothing of the event may be revealed
 * before this returns.
 */
void
protaddr_tell_event(ProtaddrEvent *event)
{
	Assert(!event->told);
	/* what is to be withheld, held or refused is no event of the door */
	Assert(protaddr_as_strict(PROTADDR_MINIMUM, event->answer->action));
	Assert(event->answer->hides == PROTADDR_HIDES_NOTHING || event->answer->action != PROTADDR_LEAVE);
	for (int i = 0; i < nobservers; i++)
		observers[i] (event);
	event->told = true;
}
