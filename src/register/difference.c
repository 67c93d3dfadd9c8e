/*
 * difference.c
 *		What does a person's record set change of what its source said before?
 *
 * A record set that is able to say so ends what the source said of the person and says no
 * longer, and nothing else ends anything.  Here it is only found out; replace.c does it.
 */
#include "postgres.h"

#include "register/register_int.h"

/* Whether a protection in force is said again, and of which number. */
typedef enum Said
{
	NOT_SAID = 0,
	SAID_OF_ANOTHER,
	SAID_OF_IT
} Said;

/* protaddr_has_ended is true for what is over by the moment: an end that is to come is a plan. */
bool
protaddr_has_ended(const ProtaddrDelivered *one, TimestampTz moment)
{
	return one->valid_to <= moment;
}

bool
protaddr_goes_on(ProtaddrFate fate)
{
	return fate == PROTADDR_UNCHANGED || fate == PROTADDR_KEPT;
}

bool
protaddr_protects(const char *kind)
{
	return strcmp(kind, "none") != 0;
}

/* protaddr_said_before is true if the same record set says it earlier on: then it says nothing more. */
bool
protaddr_said_before(const ProtaddrDelivered *delivered, int at, TimestampTz moment)
{
	const ProtaddrDelivered *one = &delivered[at];
	bool		ended = protaddr_has_ended(one, moment);

	for (int i = 0; i < at; i++)
		if (strcmp(delivered[i].code, one->code) == 0 && delivered[i].number == one->number &&
			protaddr_has_ended(&delivered[i], moment) == ended &&
			(!ended || (delivered[i].valid_from == one->valid_from &&
						delivered[i].valid_to == one->valid_to)))
			return true;
	return false;
}

static bool
same_details(const ProtaddrInForce *there, const ProtaddrDelivered *one, const char *kind)
{
	return there->reason == NULL && there->valid_from == one->valid_from &&
		there->no_delete_hint == !one->has_delete_hint &&
		(there->no_delete_hint || there->delete_hint == one->delete_hint) &&
		there->ends_at == one->ends_at &&
		strcmp(there->kind, kind) == 0;
}

/* end_is_told is true if the record set itself tells when a protection ended. */
static bool
end_is_told(const ProtaddrInForce *there, const ProtaddrDelivered *delivered, int ndelivered,
			TimestampTz moment)
{
	for (int i = 0; i < ndelivered; i++)
		if (delivered[i].number == 0 && protaddr_has_ended(&delivered[i], moment) &&
			strcmp(delivered[i].code, there->code) == 0 &&
			delivered[i].valid_from == there->valid_from)
			return true;
	return false;
}

/* fate_of_unsaid gives what becomes of a protection that the record set does not have. */
static ProtaddrFate
fate_of_unsaid(const ProtaddrInForce *there, const ProtaddrDelivered *delivered, int ndelivered,
			   TimestampTz moment, const ProtaddrSilence *silence)
{
	if (end_is_told(there, delivered, ndelivered, moment))
		return PROTADDR_END_TOLD;
	if (silence->ends)
		return PROTADDR_ENDS;
	if (silence->reason == NULL || !protaddr_protects(there->kind) ||
		(there->reason != NULL && strcmp(there->reason, silence->reason) == 0))
		return PROTADDR_UNCHANGED;
	return PROTADDR_KEPT;
}

/*
 * is_said tells what becomes of a protection in force that a record set says: of its own
 * number, or of another of the person.  What was kept of an older number, and the newest
 * one has itself, has done its part.
 */
static void
is_said(const ProtaddrInForce *there, const ProtaddrDelivered *one, const char *kind, Said *said,
		ProtaddrFate *fate)
{
	if (there->number == one->number)
	{
		*fate = same_details(there, one, kind) ? PROTADDR_UNCHANGED : PROTADDR_SAID_ANEW;
		*said = SAID_OF_IT;
	}
	else if (*said == NOT_SAID || (*said == SAID_OF_ANOTHER && one->number == 0))
	{
		*fate = one->number == 0 ? PROTADDR_END_TOLD : PROTADDR_UNCHANGED;
		*said = SAID_OF_ANOTHER;
	}
}

/*
 * protaddr_difference compares record sets of all numbers of a person, whose codes hide
 * the kinds, with what is in force of all.  The caller has made room in the difference for
 * as many as there are.
 */
void
protaddr_difference(const ProtaddrInForce *in_force, int nin_force,
					const ProtaddrDelivered *delivered, const char *const *kinds, int ndelivered,
					const char *regime, TimestampTz moment, const ProtaddrSilence *silence,
					ProtaddrDifference *difference)
{
	Said	   *said = palloc0(Max(nin_force, 1) * sizeof(Said));

	difference->kept = difference->was_protected = difference->is_protected = false;
	for (int d = 0; d < ndelivered; d++)
	{
		bool		ended = protaddr_has_ended(&delivered[d], moment);

		difference->added[d] = false;
		difference->is_protected |= !ended && protaddr_protects(kinds[d]);
		if (protaddr_said_before(delivered, d, moment))
			continue;

		difference->added[d] = true;
		for (int i = 0; i < nin_force && !ended; i++)
		{
			if (strcmp(in_force[i].code, delivered[d].code) != 0 ||
				strcmp(in_force[i].regime, regime) != 0)
				continue;
			is_said(&in_force[i], &delivered[d], kinds[d], &said[i], &difference->fate[i]);
			if (in_force[i].number == delivered[d].number)
				difference->added[d] = difference->fate[i] != PROTADDR_UNCHANGED;
		}
	}

	for (int i = 0; i < nin_force; i++)
	{
		bool		protects = protaddr_protects(in_force[i].kind);

		difference->was_protected |= protects;
		if (said[i] != NOT_SAID)
			continue;
		difference->fate[i] = fate_of_unsaid(&in_force[i], delivered, ndelivered, moment, silence);
		if (protects && protaddr_goes_on(difference->fate[i]))
			difference->kept = difference->is_protected = true;
	}
	pfree(said);
}
