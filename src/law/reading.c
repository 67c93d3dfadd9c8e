/*
 * reading.c
 *		Who is told that an export is read, and how much of it was withheld?
 *
 * Rooms register observers when the library starts.  Whoever reads exports tells them of
 * each reading twice: before its first row, when an observer may still refuse, and when it is
 * over, with what came of it.
 */
#include "postgres.h"

#include "base/base.h"
#include "law/law.h"

#define MAX_OBSERVERS	8

static ProtaddrReadingObserver observers[MAX_OBSERVERS];
static int	nobservers = 0;
static uint64 withheld = 0;

/* protaddr_observe_readings has an observer told of every reading, in the order of registration. */
void
protaddr_observe_readings(ProtaddrReadingObserver observer)
{
	if (nobservers == MAX_OBSERVERS)
		elog(ERROR, "too many observers");
	observers[nobservers++] = observer;
}

/*
 * protaddr_tell_reading tells all observers.  Of one that fails they may be told while its
 * transaction is aborted.
 */
void
protaddr_tell_reading(const ProtaddrReading *reading)
{
	for (int i = 0; i < nobservers; i++)
		observers[i] (reading);
}

/* protaddr_count_withheld counts a value of which something was withheld. */
void
protaddr_count_withheld(void)
{
	withheld++;
}

/* protaddr_withheld_so_far gives how many that were in this session. */
uint64
protaddr_withheld_so_far(void)
{
	return withheld;
}
