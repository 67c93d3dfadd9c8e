/*
 * new_id.c
 *		What number does a new row of our tables get?
 *
 * Not one of a sequence: after logical replication, a restore in parts or setval() a
 * sequence lags behind its table, and what is to be recorded collides with what is.
 * The time in microseconds, and random bits below, so that numbers rise in the order
 * in which rows are written, and two sessions' numbers differ.
 */
#include "postgres.h"

#include "base/base.h"

#include "common/pg_prng.h"
#include "utils/timestamp.h"

#define RANDOM_BITS		11		/* the time has 52, until the year 2142 */

PG_FUNCTION_INFO_V1(protaddr_new_id);

/* protaddr_next_id gives a number: in a session each is larger than the last. */
int64
protaddr_next_id(void)
{
	static int64 last = 0;
	uint64		now = (uint64) GetCurrentTimestamp() << RANDOM_BITS;
	int64		id = (int64) ((now | (pg_prng_uint64(&pg_global_prng_state) >> (64 - RANDOM_BITS))) & PG_INT64_MAX);

	last = Max(id, last + 1);
	return last;
}

/* protaddr_new_id is protaddr.new_id(). */
Datum
protaddr_new_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(protaddr_next_id());
}

/*
 * protaddr_random_id gives a number that says nothing, is never 0, and that no sequence
 * can lag behind: no two databases' numbers meet.
 */
int64
protaddr_random_id(void)
{
	uint64		id;

	do
	{
		if (!pg_strong_random(&id, sizeof(id)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not draw random bytes")));
		id &= PG_INT64_MAX;
	} while (id == 0);
	return (int64) id;
}
