/*
 * replace.c
 *		How does what a delivery says of people take the place of what its source said before?
 *
 * The one engine behind every loader.  A delivery's people are gathered and sorted
 * (gathered.c), and then met with what is in force, in the order of their keys
 * (in_order.c).  What a record set changes is found out in difference.c; rows are closed
 * and added for it, never changed (write.c).  Who has or had more than one number waits
 * until all links between numbers stand (numbers.c): then the numbers of one person are
 * judged together.  What is said of a number stands there.
 *
 * A protection ends only if the record set of that very person, under their newest number,
 * is able to say that it has ended, and does: then of all numbers that this source has
 * linked with it.
 *
 * Only loads of the same source wait for each other; nobody else waits for any.  All of a
 * delivery is one transaction, so a reader sees the old register or the new.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person.h"
#include "register/register_int.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* why else a protection goes on that is not said any more, see register_int.h */
#define WHY_UNREAD		"a record could not be read: type %s"
#define WHY_REPLACED	"the number was replaced"
#define WHY_ABSENT		"not in the delivery of everybody"

/* What regime_code says of one code. */
typedef struct Code
{
	char	   *code;
	char	   *kind;
} Code;

/* What is in force of somebody. */
typedef struct InForce
{
	ProtaddrInForce *row;
	int			n;
} InForce;

struct ProtaddrReplace
{
	ProtaddrReplaced counts;
	ProtaddrDelivery delivery;
	TimestampTz moment;			/* when this database learns it */
	int64		gathered;
	bool		tells;			/* of protections: silence may be an end */
	bool		true_ends;		/* a valid_to to come is declared to be one */
	Relation	protection;
	Code	   *codes;
	int			ncodes;
	ProtaddrGathered *people;	/* everybody in it */
	ProtaddrGathered *waiting;	/* those whose numbers concern others */
	ProtaddrInOrder *in_force;
	ProtaddrNumbers *numbers;
	ProtaddrWriter *writer;
	ProtaddrPeople *known;		/* whom the source has told of */
	ProtaddrLater *later;		/* what both of them are given, once it may be written */
	int64		kept_rows;		/* added for who was parted, or cannot be linked */
	MemoryContext per_person;
	MemoryContext per_group;	/* the other of two, while the numbers of a person are gathered */
};

/* Somebody whose record sets are judged together: of one number, or of all that are theirs. */
typedef struct Judged
{
	ProtaddrIdentifier id;		/* the newest number */
	List	   *numbers;		/* how the numbers are written, the newest first */
	bool		present;		/* it is in the delivery itself, */
	bool		says;			/* and says which protections there are, */
	bool		replaced;		/* and was replaced all the same: a circle */
	const char *keep;
	const char *unread;
	const char *changed;		/* why its numbers are others than before this delivery, or NULL */
	ProtaddrDelivered *delivered;
	int			ndelivered;
	InForce		in_force;		/* of all numbers */
	InForce		parted;			/* of one that was a number of this person until now: not to be
								 * ended */
} Judged;

static const char kind_of_unknown[] = "everything";

static void read_codes(ProtaddrReplace *replace);
static void read_source(ProtaddrReplace *replace);
static void read_in_force(ProtaddrReplace *replace, const ProtaddrIdentifier *id, bool anywhere,
						  InForce *in_force);
static void judge(ProtaddrReplace *replace, Judged *judged);
static void read_number(ProtaddrReplace *replace, Judged *judged, const ProtaddrIdentifier *id, int number,
						bool anywhere);

/* source_lock lets one load of a source at a time go on, to the end of its transaction. */
static void
source_lock(const char *source)
{
	LockDatabaseObject(protaddr_table(PROTADDR_REGISTER_SOURCE),
					   hash_bytes((const unsigned char *) source, strlen(source)), 0, ExclusiveLock);
}

PG_FUNCTION_INFO_V1(protaddr_lock_source);

/* protaddr_lock_source is protaddr.lock_source(source). */
Datum
protaddr_lock_source(PG_FUNCTION_ARGS)
{
	source_lock(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}

/*
 * protaddr_replace_begin readies a replacement for one source.  The caller is
 * connected to SPI and stays so until protaddr_replace_end.
 */
ProtaddrReplace *
protaddr_replace_begin(const ProtaddrDelivery *delivery)
{
	ProtaddrReplace *replace = palloc0(sizeof(ProtaddrReplace));

	if (delivery->source[0] == '\0' || strcmp(delivery->source, "hand") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a register source needs a name of its own"),
				 errhint("\"hand\" is what was entered with protaddr.protect().")));
	source_lock(delivery->source);
	replace->delivery = *delivery;
	replace->per_person = AllocSetContextCreate(CurrentMemoryContext, "protaddr load, one person",
												ALLOCSET_DEFAULT_SIZES);
	replace->per_group = AllocSetContextCreate(CurrentMemoryContext, "protaddr load, numbers of one person",
											   ALLOCSET_DEFAULT_SIZES);
	replace->protection = table_open(protaddr_table(PROTADDR_PROTECTION), RowExclusiveLock);
	replace->moment = GetCurrentTimestamp();
	read_codes(replace);
	read_source(replace);
	replace->people = protaddr_gathered_begin(delivery->may_repeat, delivery->everybody);
	replace->numbers = protaddr_numbers_begin(replace->delivery.source, replace->moment);
	return replace;
}

int64
protaddr_replace_so_far(const ProtaddrReplace *replace)
{
	return replace->gathered;
}

TimestampTz
protaddr_replace_moment(const ProtaddrReplace *replace)
{
	return replace->moment;
}

/*
 * plan_end reads an end that is to come: a plan, which ends nothing, unless the source is
 * declared to tell true ones.
 */
static void
plan_end(const ProtaddrReplace *replace, ProtaddrDelivered *one)
{
	one->ends_at = DT_NOEND;
	if (protaddr_has_ended(one, replace->moment) || TIMESTAMP_IS_NOEND(one->valid_to))
		return;
	if (replace->true_ends)
		one->ends_at = one->valid_to;
	else if (!one->has_delete_hint)
	{
		one->has_delete_hint = true;
		one->delete_hint = DatumGetDateADT(DirectFunctionCall1(timestamptz_date,
															   TimestampTzGetDatum(one->valid_to)));
	}
	one->valid_to = DT_NOEND;
}

/* protaddr_replace_person takes in what the delivery says of a person, or a piece of it. */
void
protaddr_replace_person(ProtaddrReplace *replace, ProtaddrRecordSet *piece)
{
	MemoryContext old = MemoryContextSwitchTo(replace->per_person);

	if ((replace->gathered++ & 1023) == 0)
		CHECK_FOR_INTERRUPTS();
	if (!protaddr_identifier_from_text(piece->subject, strlen(piece->subject), &piece->id))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a person of the delivery has no identifier"),
				 protaddr_errprivate()));
	if (piece->replaced_by != NULL)
		protaddr_numbers_named(replace->numbers, piece->replaced_by);
	for (int i = 0; i < piece->ndelivered; i++)
		plan_end(replace, &piece->delivered[i]);
	protaddr_gathered_add(replace->people, &piece->id, piece);
	MemoryContextSwitchTo(old);
	MemoryContextReset(replace->per_person);
}

/* begin_reading_in_force readies the reading of what is in force now, from the first person on. */
static void
begin_reading_in_force(ProtaddrReplace *replace)
{
	replace->in_force = protaddr_in_order_begin(RelationGetRelid(replace->protection),
												protaddr_protection_one_index());
}

static void
end_reading(ProtaddrReplace *replace)
{
	protaddr_in_order_end(replace->in_force);
	replace->in_force = NULL;
}

/* take_over takes a record set as it is into what is judged. */
static void
take_over(Judged *judged, const ProtaddrRecordSet *set)
{
	memset(judged, 0, sizeof(*judged));
	judged->id = set->id;
	judged->numbers = list_make1(unconstify(char *, set->subject));
	judged->present = true;
	judged->says = set->says;
	judged->replaced = set->replaced_by != NULL;
	judged->keep = set->keep;
	judged->unread = set->unread;
	judged->delivered = set->delivered;
	judged->ndelivered = set->ndelivered;
}

/* judge_people judges everybody who has one number only; the others wait. */
static void
judge_people(ProtaddrReplace *replace)
{
	ProtaddrRecordSet set;
	MemoryContext old = MemoryContextSwitchTo(replace->per_person);

	while (protaddr_gathered_next(replace->people, &set))
	{
		CHECK_FOR_INTERRUPTS();
		/* a record that nobody could read is no person */
		replace->counts.persons += set.whole != 0 || set.unread == NULL;
		replace->counts.protections += set.ndelivered;
		if (replace->tells && (set.says || set.ndelivered > 0))
			protaddr_later_person(replace->later, set.subject, &set.id);
		if (protaddr_numbers_concern(replace->numbers, &set))
		{
			MemoryContextSwitchTo(old);
			if (replace->waiting == NULL)
				replace->waiting = protaddr_gathered_begin(true, true);
			MemoryContextSwitchTo(replace->per_person);
			protaddr_gathered_add(replace->waiting, &set.id, &set);
		}
		else
		{
			Judged		judged;

			take_over(&judged, &set);
			read_number(replace, &judged, &set.id, 0, false);
			judge(replace, &judged);
		}
		MemoryContextReset(replace->per_person);
	}
	MemoryContextSwitchTo(old);
}

/* ---- people with more than one number ------------------------------------------ */

/* clearly_own is true of a record set that tells that its number is the person's own. */
static bool
clearly_own(const ProtaddrRecordSet *set)
{
	return set->says_number && set->replaced_by == NULL && set->keep == NULL && set->unread == NULL;
}

/*
 * link_numbers brings the links between numbers to what the delivery says: first what it
 * takes back, or one number's replacement would look like another's.
 */
static void
link_numbers(ProtaddrReplace *replace)
{
	ProtaddrIdentifier id;
	ProtaddrRecordSet set;
	MemoryContext old = MemoryContextSwitchTo(replace->per_person);

	while (protaddr_gathered_piece(replace->waiting, &id, &set))
	{
		CHECK_FOR_INTERRUPTS();
		set.id = id;
		if (clearly_own(&set))
			(void) protaddr_numbers_take_back(replace->numbers, &set);
		MemoryContextReset(replace->per_person);
	}
	protaddr_gathered_again(replace->waiting);
	while (protaddr_gathered_piece(replace->waiting, &id, &set))
	{
		CHECK_FOR_INTERRUPTS();
		set.id = id;
		if (set.replaced_by != NULL)
			replace->counts.replaced_numbers += protaddr_numbers_replace(replace->numbers, &set);
		MemoryContextReset(replace->per_person);
	}
	protaddr_gathered_again(replace->waiting);
	MemoryContextSwitchTo(old);
}

/* by_newest sorts who has waited by their newest numbers. */
static ProtaddrGathered *
by_newest(ProtaddrReplace *replace)
{
	ProtaddrGathered *sorted = protaddr_gathered_begin(true, false);
	ProtaddrIdentifier id;
	ProtaddrIdentifier newest;
	ProtaddrRecordSet set;
	MemoryContext old = MemoryContextSwitchTo(replace->per_person);

	while (protaddr_gathered_piece(replace->waiting, &id, &set))
	{
		CHECK_FOR_INTERRUPTS();
		(void) protaddr_numbers_newest(replace->numbers, &id, &newest, NULL);
		protaddr_gathered_add(sorted, &newest, &set);
		MemoryContextReset(replace->per_person);
	}
	MemoryContextSwitchTo(old);
	protaddr_gathered_sort(sorted);
	return sorted;
}

/* add_in_force adds rows to others. */
static void
add_in_force(InForce *all, const InForce *more)
{
	if (more->n == 0)
		return;
	all->row = all->row == NULL ? palloc(more->n * sizeof(ProtaddrInForce)) :
		repalloc(all->row, (all->n + more->n) * sizeof(ProtaddrInForce));
	memcpy(all->row + all->n, more->row, more->n * sizeof(ProtaddrInForce));
	all->n += more->n;
}

/* add_delivered adds what a record set says of a number to what is judged with it. */
static void
add_delivered(Judged *judged, const ProtaddrRecordSet *set, int number)
{
	ProtaddrDelivered *all = palloc((judged->ndelivered + set->ndelivered + 1) * sizeof(ProtaddrDelivered));

	if (judged->ndelivered > 0)
		memcpy(all, judged->delivered, judged->ndelivered * sizeof(ProtaddrDelivered));
	judged->delivered = all;
	for (int d = 0; d < set->ndelivered; d++)
	{
		all[judged->ndelivered] = set->delivered[d];
		all[judged->ndelivered++].number = number;
	}
}

/*
 * join adds the record set of one number to those of the others of its person.  Of the
 * older ones counts what they have, and not what they do not have.
 */
static void
join(ProtaddrReplace *replace, Judged *judged, const ProtaddrRecordSet *set)
{
	ProtaddrIdentifier before;
	bool		was_linked = protaddr_numbers_were(replace->numbers, &set->id, &before);
	bool		older = !protaddr_identifier_same(&set->id, &judged->id);

	if (set->unread != NULL)
		judged->unread = set->unread;
	if (!older)
	{
		judged->present = true;
		linitial(judged->numbers) = unconstify(char *, set->subject);
		judged->says = set->says;
		judged->replaced = set->replaced_by != NULL;
		judged->keep = set->keep;
		if (was_linked && judged->changed == NULL)
			judged->changed = PROTADDR_WHY_TAKEN_BACK;
		add_delivered(judged, set, 0);
	}
	else
	{
		if (!was_linked || !protaddr_identifier_same(&before, &judged->id))
			judged->changed = PROTADDR_WHY_LINKED;
		judged->numbers = lappend(judged->numbers, unconstify(char *, set->subject));
		add_delivered(judged, set, list_length(judged->numbers) - 1);
		read_number(replace, judged, &set->id, list_length(judged->numbers) - 1, true);
		protaddr_numbers_met(replace->numbers, &set->id);
	}
	/* it was linked to another, and is no more: what held for that one may have been its own */
	if (was_linked && !protaddr_identifier_same(&before, &judged->id))
	{
		InForce		parted;

		read_in_force(replace, &before, true, &parted);
		add_in_force(&judged->parted, &parted);
	}
}

/* begin_group begins with who has a newest number: what is in force of it. */
static void
begin_group(ProtaddrReplace *replace, Judged *judged, const ProtaddrIdentifier *newest,
			const char *subject)
{
	memset(judged, 0, sizeof(*judged));
	judged->id = *newest;
	judged->numbers = list_make1(unconstify(char *, subject));
	read_number(replace, judged, newest, 0, true);
	protaddr_numbers_met(replace->numbers, newest);
}

/*
 * end_group adds what is in force of the numbers that the delivery does not have, and
 * judges them all.
 */
static void
end_group(ProtaddrReplace *replace, Judged *judged)
{
	int			nolder;
	ProtaddrIdentifier *older = protaddr_numbers_older(replace->numbers, &judged->id, &nolder);
	List	   *told = list_copy(judged->numbers);

	for (int i = 0; i < nolder; i++)
	{
		ListCell   *cell;
		bool		there = false;

		foreach(cell, told)
		{
			const char *subject = lfirst(cell);
			ProtaddrIdentifier id;

			there |= protaddr_identifier_from_text(subject, strlen(subject), &id) &&
				protaddr_identifier_same(&id, &older[i]);
		}
		if (there)
			continue;
		judged->numbers = lappend(judged->numbers, pnstrdup(older[i].key, older[i].len));
		read_number(replace, judged, &older[i], list_length(judged->numbers) - 1, true);
		protaddr_numbers_met(replace->numbers, &older[i]);
	}
	judge(replace, judged);
}

/* subject_of gives how a number is written that nobody in the delivery has. */
static const char *
subject_of(ProtaddrReplace *replace, const ProtaddrIdentifier *older,
		   const ProtaddrIdentifier *newest)
{
	ProtaddrIdentifier same;
	char	   *subject = NULL;

	(void) protaddr_numbers_newest(replace->numbers, older, &same, &subject);
	return subject == NULL ? pnstrdup(newest->key, newest->len) : subject;
}

static const char *
copy_text(const char *text)
{
	return text == NULL ? NULL : pstrdup(text);
}

/* copy_set copies a record set into the current memory context. */
static void
copy_set(ProtaddrRecordSet *to, const ProtaddrRecordSet *from)
{
	*to = *from;
	to->subject = copy_text(from->subject);
	to->replaced_by = copy_text(from->replaced_by);
	to->keep = copy_text(from->keep);
	to->unread = copy_text(from->unread);
	to->delivered = palloc(Max(from->ndelivered, 1) * sizeof(ProtaddrDelivered));
	for (int i = 0; i < from->ndelivered; i++)
	{
		to->delivered[i] = from->delivered[i];
		to->delivered[i].code = pstrdup(from->delivered[i].code);
	}
}

/* leave_group gives back the memory of a person who is judged, but for the next record set. */
static void
leave_group(ProtaddrReplace *replace, ProtaddrRecordSet *set)
{
	MemoryContext left = replace->per_person;
	ProtaddrRecordSet copy;

	replace->per_person = replace->per_group;
	replace->per_group = left;
	MemoryContextSwitchTo(replace->per_person);
	copy_set(&copy, set);
	*set = copy;
	MemoryContextReset(left);
}

/* judge_groups judges people with all their numbers, which come together. */
static void
judge_groups(ProtaddrReplace *replace, ProtaddrGathered *by_newest)
{
	ProtaddrIdentifier id;
	ProtaddrRecordSet set;
	Judged		judged;
	bool		any = false;

	while (protaddr_gathered_piece(by_newest, &id, &set))
	{
		CHECK_FOR_INTERRUPTS();
		if (any && !protaddr_identifier_same(&judged.id, &id))
		{
			end_group(replace, &judged);
			leave_group(replace, &set);
			any = false;
		}
		if (!protaddr_identifier_from_text(set.subject, strlen(set.subject), &set.id))
			elog(ERROR, "an identifier has changed");
		if (!any)
			begin_group(replace, &judged, &id, subject_of(replace, &set.id, &id));
		any = true;
		join(replace, &judged, &set);
	}
	if (any)
		end_group(replace, &judged);
}

/* judge_waiting judges people with all their numbers. */
static void
judge_waiting(ProtaddrReplace *replace)
{
	ProtaddrGathered *sorted;
	MemoryContext old;

	if (replace->waiting == NULL)
		return;
	protaddr_gathered_sort(replace->waiting);
	link_numbers(replace);
	sorted = by_newest(replace);
	old = MemoryContextSwitchTo(replace->per_person);
	judge_groups(replace, sorted);
	MemoryContextSwitchTo(old);
	MemoryContextReset(replace->per_person);
	protaddr_gathered_end(sorted);
}

/* ---- one person ------------------------------------------------------------------- */

/* kind_of gives what a code hides; a code that is not known hides all. */
static const char *
kind_of(ProtaddrReplace *replace, const char *code)
{
	for (int i = 0; i < replace->ncodes; i++)
		if (strcmp(replace->codes[i].code, code) == 0)
			return replace->codes[i].kind;
	return kind_of_unknown;
}

/*
 * what_silence_says tells what may be concluded from what is not said of somebody.  Only
 * their own record set, in a delivery that tells of protections, can end anything.
 */
static ProtaddrSilence
what_silence_says(const ProtaddrReplace *replace, const Judged *judged)
{
	ProtaddrSilence silence = {false, NULL};

	if (judged->unread != NULL)
		silence.reason = psprintf(WHY_UNREAD, judged->unread);
	else if (judged->changed != NULL)
		silence.reason = judged->changed;
	else if (judged->present && judged->replaced)
		silence.reason = WHY_REPLACED;
	else if (judged->present && judged->says && replace->tells)
	{
		silence.reason = judged->keep;
		silence.ends = judged->keep == NULL;
	}
	return silence;
}

/* add_unread lets each type of record that could not be read protect, as an unknown code does. */
static void
add_unread(Judged *judged)
{
	const char *type = judged->unread;

	while (type != NULL)
	{
		ProtaddrRecordSet one = {0};
		ProtaddrDelivered delivered = {0};
		const char *next = strchr(type, ' ');

		delivered.code = psprintf("record %.*s", (int) (next == NULL ? strlen(type) : (size_t) (next - type)), type);
		delivered.valid_from = DT_NOBEGIN;
		delivered.valid_to = delivered.ends_at = DT_NOEND;
		one.delivered = &delivered;
		one.ndelivered = 1;
		add_delivered(judged, &one, 0);
		type = next == NULL ? NULL : next + 1;
	}
}

/* add_again adds a row that was in force already, for another reason. */
static void
add_again(ProtaddrReplace *replace, const ProtaddrInForce *one, const char *reason)
{
	ProtaddrNewRow row = {
		.subject = one->subject,
		.kind = one->kind,
		.regime = one->regime,
		.code = one->code,
		.valid_from = one->valid_from,
		.valid_to = DT_NOEND,
		.delete_hint = one->delete_hint,
		.no_delete_hint = one->no_delete_hint,
		/* whoever does not say it any more, or not clearly, does not say when it ends */
		.ends_at = DT_NOEND,
		.reason = reason
	};

	protaddr_later_add(replace->later, &row);
}

/* add_said adds a row for what a record set says of a number. */
static void
add_said(ProtaddrReplace *replace, const ProtaddrDelivered *one, const char *subject, const char *kind)
{
	ProtaddrNewRow row = {
		.subject = subject,
		.kind = kind,
		.regime = replace->delivery.regime,
		.code = one->code,
		.valid_from = one->valid_from,
		.valid_to = protaddr_has_ended(one, replace->moment) ? one->valid_to : DT_NOEND,
		.delete_hint = one->delete_hint,
		.no_delete_hint = !one->has_delete_hint,
		.ends_at = one->ends_at
	};

	protaddr_later_add(replace->later, &row);
}

/*
 * join_ends lets a protection that is told more than once end when the last of them does,
 * or not at all.
 */
static void
join_ends(ProtaddrReplace *replace, Judged *judged)
{
	for (int d = 0; d < judged->ndelivered; d++)
		for (int e = 0; e < judged->ndelivered; e++)
			if (strcmp(judged->delivered[d].code, judged->delivered[e].code) == 0 &&
				judged->delivered[d].number == judged->delivered[e].number &&
				!protaddr_has_ended(&judged->delivered[e], replace->moment))
				judged->delivered[d].ends_at = Max(judged->delivered[d].ends_at, judged->delivered[e].ends_at);
}

/* make_difference closes and adds what the difference says. */
static void
make_difference(ProtaddrReplace *replace, const Judged *judged, const char *const *kinds,
				const ProtaddrDifference *difference, const char *reason)
{
	for (int i = 0; i < judged->in_force.n; i++)
	{
		if (difference->fate[i] == PROTADDR_UNCHANGED)
			continue;
		protaddr_later_close(replace->later, judged->in_force.row[i].id,
							 difference->fate[i] == PROTADDR_ENDS);
		if (difference->fate[i] == PROTADDR_KEPT)
			add_again(replace, &judged->in_force.row[i], reason);
	}
	for (int d = 0; d < judged->ndelivered; d++)
		if (difference->added[d])
			add_said(replace, &judged->delivered[d],
					 list_nth(judged->numbers, judged->delivered[d].number), kinds[d]);
}

static bool
any_protects(const InForce *in_force)
{
	for (int i = 0; i < in_force->n; i++)
		if (protaddr_protects(in_force->row[i].kind))
			return true;
	return false;
}

/*
 * judge finds out what a person's record sets change, and notes it to be written.  It
 * leaves memory to be reset by the caller.
 */
static void
judge(ProtaddrReplace *replace, Judged *judged)
{
	ProtaddrSilence silence = what_silence_says(replace, judged);
	ProtaddrDifference difference;
	const char **kinds;
	int			told = judged->ndelivered;
	bool		was;
	bool		is;

	add_unread(judged);
	join_ends(replace, judged);
	if (judged->in_force.n + judged->ndelivered + judged->parted.n == 0)
		return;

	kinds = palloc(Max(judged->ndelivered, 1) * sizeof(char *));
	for (int d = 0; d < judged->ndelivered; d++)
	{
		kinds[d] = kind_of(replace, judged->delivered[d].code);
		replace->counts.unknown_codes += d < told && kinds[d] == kind_of_unknown;
	}
	difference.fate = palloc(Max(judged->in_force.n, 1) * sizeof(ProtaddrFate));
	difference.added = palloc(Max(judged->ndelivered, 1) * sizeof(bool));
	protaddr_difference(judged->in_force.row, judged->in_force.n, judged->delivered, kinds,
						judged->ndelivered, replace->delivery.regime, replace->moment, &silence,
						&difference);
	make_difference(replace, judged, kinds, &difference, silence.reason);

	was = difference.was_protected || any_protects(&judged->parted);
	is = difference.is_protected || any_protects(&judged->parted);
	replace->counts.protected += is;
	replace->counts.newly_protected += is && !was;
	replace->counts.lifted += was && !is;
	replace->counts.kept += difference.kept && !silence.ends && silence.reason != NULL;
	replace->counts.untold += was && !replace->tells;
}

/* ---- what is not in a delivery of everybody --------------------------------------- */

/* read_row reads a row of protaddr.protection; false if it is not this source's. */
static bool
read_row(ProtaddrReplace *replace, TupleTableSlot *slot, ProtaddrInForce *one)
{
	bool		isnull;
	Datum		value;

	value = slot_getattr(slot, PROTECTION_SOURCE, &isnull);
	if (strcmp(TextDatumGetCString(value), replace->delivery.source) != 0)
		return false;
	one->id = DatumGetInt64(slot_getattr(slot, PROTECTION_ID, &isnull));
	one->number = 0;
	one->subject = TextDatumGetCString(slot_getattr(slot, PROTECTION_SUBJECT, &isnull));
	one->regime = TextDatumGetCString(slot_getattr(slot, PROTECTION_REGIME, &isnull));
	one->code = TextDatumGetCString(slot_getattr(slot, PROTECTION_CODE, &isnull));
	one->kind = TextDatumGetCString(slot_getattr(slot, PROTECTION_KIND, &isnull));
	one->valid_from = DatumGetTimestampTz(slot_getattr(slot, PROTECTION_VALID_FROM, &isnull));
	value = slot_getattr(slot, PROTECTION_DELETE_HINT, &one->no_delete_hint);
	one->delete_hint = one->no_delete_hint ? 0 : DatumGetDateADT(value);
	value = slot_getattr(slot, PROTECTION_ENDS_AT, &isnull);
	one->ends_at = isnull ? DT_NOEND : DatumGetTimestampTz(value);
	value = slot_getattr(slot, PROTECTION_REASON, &isnull);
	one->reason = isnull ? NULL : TextDatumGetCString(value);
	return true;
}

/* read_in_force reads what this source said of a person before this delivery. */
static void
read_in_force(ProtaddrReplace *replace, const ProtaddrIdentifier *id, bool anywhere,
			  InForce *in_force)
{
	TupleTableSlot *slot = protaddr_in_order_at(replace->in_force, id, anywhere);
	int			room = 0;

	in_force->n = 0;
	in_force->row = NULL;
	for (; slot != NULL; slot = protaddr_in_order_next(replace->in_force, id))
	{
		if (in_force->n == room)
		{
			room = room == 0 ? 4 : room * 2;
			in_force->row = in_force->row == NULL ? palloc(room * sizeof(ProtaddrInForce)) :
				repalloc(in_force->row, room * sizeof(ProtaddrInForce));
		}
		if (read_row(replace, slot, &in_force->row[in_force->n]))
			in_force->n++;
	}
}

/* read_number adds what is in force of one of a person's numbers. */
static void
read_number(ProtaddrReplace *replace, Judged *judged, const ProtaddrIdentifier *id, int number,
			bool anywhere)
{
	InForce		in_force;

	read_in_force(replace, id, anywhere, &in_force);
	for (int i = 0; i < in_force.n; i++)
		in_force.row[i].number = number;
	add_in_force(&judged->in_force, &in_force);
}

/* before_in_order is true if one comes before another in the order of keys. */
static bool
before_in_order(const ProtaddrIdentifier *a, const ProtaddrIdentifier *b)
{
	int			order = memcmp(a->key, b->key, Min(a->len, b->len));

	return order < 0 || (order == 0 && a->len < b->len);
}

/*
 * note_absent notes who was protected and is not in a delivery of everybody.  It may be
 * that the bank asks about them no more, or that the register lost them: they stay as
 * they were, and stand in the review.
 */
static void
note_absent(ProtaddrReplace *replace)
{
	TupleTableSlot *slot;
	ProtaddrRecordSet set;
	ProtaddrIdentifier last = {.len = 0};
	bool		more;
	MemoryContext old;

	protaddr_gathered_again(replace->people);
	more = protaddr_gathered_next(replace->people, &set);
	end_reading(replace);
	begin_reading_in_force(replace);
	old = MemoryContextSwitchTo(replace->per_person);
	while ((slot = protaddr_in_order_walk(replace->in_force)) != NULL)
	{
		ProtaddrInForce one;
		ProtaddrIdentifier id;
		bool		isnull;
		text	   *key = DatumGetTextPP(slot_getattr(slot, PROTECTION_SUBJECT_KEY, &isnull));

		MemoryContextReset(replace->per_person);
		id.len = VARSIZE_ANY_EXHDR(key);
		memcpy(id.key, VARDATA_ANY(key), id.len);
		while (more && before_in_order(&set.id, &id))
			more = protaddr_gathered_next(replace->people, &set);
		if ((more && protaddr_identifier_same(&set.id, &id)) || protaddr_numbers_were_met(replace->numbers, &id) ||
			!read_row(replace, slot, &one) || !protaddr_protects(one.kind))
			continue;
		replace->counts.absent += !protaddr_identifier_same(&last, &id);
		last = id;
		if (one.reason != NULL)
			continue;
		protaddr_later_close(replace->later, one.id, false);
		add_again(replace, &one, WHY_ABSENT);
	}
	MemoryContextSwitchTo(old);
}

/* ---- the end ------------------------------------------------------------------------ */

/* is_first is true if nothing was ever loaded: then nothing of it needs to be counted. */
static bool
is_first(ProtaddrReplace *replace)
{
	Relation	person = table_open(protaddr_table(PROTADDR_REGISTER_PERSON), AccessShareLock);
	bool		first = RelationGetNumberOfBlocks(person) == 0 &&
	RelationGetNumberOfBlocks(replace->protection) == 0;

	table_close(person, NoLock);
	return first;
}

/* write_all writes what was judged; then those keep what protects each other who were parted. */
static void
write_all(ProtaddrReplace *replace)
{
	protaddr_later_write(replace->later);
	protaddr_writer_flush(replace->writer);
	if (replace->waiting != NULL)
		replace->kept_rows = protaddr_numbers_keep(replace->numbers);
}

/*
 * protaddr_replace_end does it all.  tells is false of a delivery that does not tell of
 * protections: then what it does not have says nothing, and nobody is known by it.  may is
 * asked once everybody has been judged: it raises an error if the delivery is refused, and
 * is false if nothing of it is to be written.  Nothing has been written by then but links
 * between numbers, unless nothing could be lifted.  The caller's connection to SPI may end
 * then, and with it our memory.
 */
const ProtaddrReplaced *
protaddr_replace_end(ProtaddrReplace *replace, bool tells, ProtaddrMayWrite may, void *arg)
{
	replace->tells = replace->counts.tells = tells;
	replace->counts.first = is_first(replace);
	replace->writer = protaddr_writer_begin(replace->delivery.source, replace->moment);
	replace->known = protaddr_people_begin(replace->delivery.source, replace->moment);
	replace->later = protaddr_later_begin(replace->writer, replace->known,
										  replace->counts.first && !replace->delivery.dry_run);
	protaddr_gathered_sort(replace->people);
	begin_reading_in_force(replace);
	protaddr_numbers_read(replace->numbers);
	judge_people(replace);
	judge_waiting(replace);
	if (may(arg, &replace->counts))
		write_all(replace);
	if (replace->delivery.everybody)
		note_absent(replace);
	protaddr_later_end(replace->later);
	replace->counts.grown = protaddr_writer_end(replace->writer) + replace->kept_rows;
	replace->counts.noted = protaddr_people_end(replace->known);
	end_reading(replace);
	protaddr_numbers_end(replace->numbers);
	protaddr_gathered_end(replace->people);
	if (replace->waiting != NULL)
		protaddr_gathered_end(replace->waiting);
	table_close(replace->protection, NoLock);
	if (replace->counts.unknown_codes > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the delivery has " INT64_FORMAT " records with codes that protaddr.regime_code does not have",
						replace->counts.unknown_codes),
				 errdetail("They hide everything: name, address and town.")));
	return &replace->counts;
}

/* read_codes reads what the codes of the regime hide. */
static void
read_codes(ProtaddrReplace *replace)
{
	Oid			types[1] = {TEXTOID};
	Datum		args[1];

	args[0] = CStringGetTextDatum(replace->delivery.regime);
	if (SPI_execute_with_args("SELECT code, kind::pg_catalog.text FROM protaddr.regime_code "
							  "WHERE regime OPERATOR(pg_catalog.=) $1",
							  1, types, args, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the codes");
	replace->codes = palloc(Max(SPI_processed, 1) * sizeof(Code));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Code	   *code = &replace->codes[replace->ncodes++];

		code->code = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		code->kind = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);
	}
}

/* read_source reads whether the source is declared to tell true ends. */
static void
read_source(ProtaddrReplace *replace)
{
	Oid			types[1] = {TEXTOID};
	Datum		args[1];

	args[0] = CStringGetTextDatum(replace->delivery.source);
	if (SPI_execute_with_args("SELECT FROM protaddr.register_source "
							  "WHERE source OPERATOR(pg_catalog.=) $1 AND valid_to_is_true",
							  1, types, args, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the source");
	replace->true_ends = SPI_processed > 0;
}
