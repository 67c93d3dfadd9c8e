/*
 * link.c
 *		Which people does an identifier stand for?
 *
 * A link says that an identifier (customer number, account, old CPR number) stands
 * for a subject, which may be an identifier again: account, customer, person.  An
 * account may have several holders.  Links lead one way, from what is used to who
 * is meant: a protected holder protects the account's address, and not the other
 * holder's.
 *
 * Links of kind 'replaced number' lead both ways: the numbers of one person are one
 * set, and asking about any of them asks about all.  So whatever anybody says of one of
 * them stays where it was said, and holds for the person, whichever number is named.
 *
 * What is entered is kept short and free of loops by a trigger, in which the numbers of
 * one person count as one.  Two sessions at once can still make a loop between them, so
 * whoever follows links goes nowhere twice; those in a circle then stand for each other.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "person/person_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* columns of protaddr.identity_link */
enum
{
	LINK_IDENTIFIER_KEY = 1,
	LINK_SUBJECT_KEY,
	LINK_IDENTIFIER,
	LINK_SUBJECT,
	LINK_KIND,
	LINK_RECORDED_FROM,
	LINK_RECORDED_TO,
	LINK_RECORDED_BY,
	LINK_SOURCE
};

static const char *const link_columns[] = {
	[LINK_IDENTIFIER_KEY] = "identifier_key",
	[LINK_SUBJECT_KEY] = "subject_key",
	[LINK_IDENTIFIER] = "identifier",
	[LINK_SUBJECT] = "subject",
	[LINK_KIND] = "kind",
	[LINK_RECORDED_FROM] = "recorded_from",
	[LINK_RECORDED_TO] = "recorded_to",
	[LINK_RECORDED_BY] = "recorded_by",
	[LINK_SOURCE] = "source",
};

static HeapTuple link_change(TriggerData *trigdata, HeapTuple row);

static const ProtaddrOwnTable tables[] = {
	{.name = "identity_link", PROTADDR_COLUMNS(link_columns),
		.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_FORGET | PROTADDR_ROWS_CLOSE | PROTADDR_UPDATE_LETS_OUT,
	.change = link_change},
};

const ProtaddrPart protaddr_link_part = {
	PROTADDR_TABLES(tables),
};

/* up to so many are compared one by one */
#define COMPARED_SINGLY			32

/* what the check of one link may cost, in look-ups of an index: a second at most */
#define CHECK_LOOKUPS			65536

/* Which links are followed, from one identifier to the next. */
typedef enum Way
{
	WAY_ON,						/* to whom it stands for */
	WAY_NUMBERS,				/* between the numbers of one person */
	WAY_PEOPLE,					/* both: whom a question about it is a question about */
	WAY_BACK					/* the other way round: what is asked about when it is told of */
} Way;

typedef enum LinkVerdict
{
	LINK_IS_GOOD,
	LINK_IS_TOO_LONG,
	LINK_IS_TOO_MANY,
	LINK_IS_ONE_NUMBER_MORE,
	LINK_IS_TOO_COSTLY
} LinkVerdict;

typedef struct Identities Identities;

typedef struct Member
{
	ProtaddrIdentifier id;
	int			place;			/* among those found */
	char		status;
} Member;

PG_FUNCTION_INFO_V1(protaddr_identity_link_checked);

#define SH_PREFIX members
#define SH_ELEMENT_TYPE Member
#define SH_KEY_TYPE ProtaddrIdentifier
#define SH_KEY id
#define SH_HASH_KEY(tb, k) hash_bytes((const unsigned char *) (k).key, (k).len)
#define SH_EQUAL(tb, a, b) protaddr_identifier_same(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* ---- sets of identifiers ----------------------------------------------------- */

/*
 * Identifiers in the order they were found, each once.  Nearly always there are two or
 * three; where there are thousands, a hash table tells who is there already.
 */
struct Identities
{
	ProtaddrIdentifier *found;
	int			n;
	int			room;
	members_hash *members;		/* NULL while they are few */

	/* which leads to which, where that is wanted, too */
	bool		keeps_leads;
	int			from;			/* the one whose leads are being found */
	PaLead	   *lead;
	int			nleads;
	int			leads_room;
};

static Identities *
identities_create(void)
{
	Identities *set = palloc0(sizeof(Identities));

	set->room = 16;
	set->found = palloc(set->room * sizeof(ProtaddrIdentifier));
	return set;
}

static void
identities_free(Identities *set)
{
	if (set->members != NULL)
		members_destroy(set->members);
	pfree(set->found);
	if (set->lead != NULL)
		pfree(set->lead);
	pfree(set);
}

/* identities_place adds an identifier if it is not there, and gives its place. */
static int
identities_place(Identities *set, const ProtaddrIdentifier *id)
{
	bool		there;

	if (set->members != NULL)
	{
		Member	   *member = members_insert(set->members, *id, &there);

		if (there)
			return member->place;
		member->place = set->n;
	}
	else
		for (int i = 0; i < set->n; i++)
			if (protaddr_identifier_same(&set->found[i], id))
				return i;

	if (set->n == set->room)
		set->found = repalloc_huge(set->found,
								   (Size) (set->room *= 2) * sizeof(ProtaddrIdentifier));
	set->found[set->n++] = *id;

	if (set->members == NULL && set->n > COMPARED_SINGLY)
	{
		set->members = members_create(CurrentMemoryContext, set->n * 4, NULL);
		for (int i = 0; i < set->n; i++)
			members_insert(set->members, set->found[i], &there)->place = i;
	}
	return set->n - 1;
}

static void
identities_add(Identities *set, const ProtaddrIdentifier *id)
{
	int			place = identities_place(set, id);

	if (!set->keeps_leads)
		return;
	if (set->nleads == set->leads_room)
	{
		set->leads_room = set->leads_room == 0 ? 16 : set->leads_room * 2;
		set->lead = set->lead == NULL ? palloc(set->leads_room * sizeof(PaLead)) :
			repalloc_huge(set->lead, (Size) set->leads_room * sizeof(PaLead));
	}
	set->lead[set->nleads].from = set->from;
	set->lead[set->nleads++].to = place;
}

/* ---- following links --------------------------------------------------------- */

/*
 * step_by adds to a set what the links of an index lead to from an identifier: the
 * subjects it stands for, or with reverse, the identifiers that stand for it.  snapshot
 * as for systable_beginscan.
 */
static void
step_by(Relation rel, Oid index, const ProtaddrIdentifier *from, bool reverse, Snapshot snapshot,
		Identities *set)
{
	AttrNumber	near = reverse ? LINK_SUBJECT_KEY : LINK_IDENTIFIER_KEY;
	AttrNumber	far = reverse ? LINK_IDENTIFIER_KEY : LINK_SUBJECT_KEY;
	ProtaddrRows rows;
	HeapTuple	tuple;

	CHECK_FOR_INTERRUPTS();
	protaddr_rows_of(&rows, rel, index, near, from, snapshot);
	while (HeapTupleIsValid(tuple = systable_getnext(rows.scan)))
	{
		bool		isnull;
		text	   *t = DatumGetTextPP(heap_getattr(tuple, far, RelationGetDescr(rel), &isnull));
		ProtaddrIdentifier one;

		one.len = VARSIZE_ANY_EXHDR(t);
		if (isnull || one.len > PA_SUBJECT_SIZE)
			continue;
		memcpy(one.key, VARDATA_ANY(t), one.len);
		identities_add(set, &one);
	}
	systable_endscan(rows.scan);
}

/* step adds what one link leads to, of any kind, one way. */
static void
step(Relation rel, const ProtaddrIdentifier *from, bool reverse, Snapshot snapshot,
	 Identities *set)
{
	step_by(rel, protaddr_identity_index(reverse), from, reverse, snapshot, set);
}

/* step_way adds what one link leads to, on a way. */
static void
step_way(Relation rel, const ProtaddrIdentifier *from, Way way, Snapshot snapshot, Identities *set)
{
	if (way != WAY_NUMBERS)
		step(rel, from, way == WAY_BACK, snapshot, set);
	/* between numbers, the other way as well */
	if (way == WAY_BACK || way == WAY_NUMBERS)
		step_by(rel, protaddr_own_relation("identity_link_replaced"), from, false, snapshot, set);
	if (way == WAY_PEOPLE || way == WAY_NUMBERS)
		step_by(rel, protaddr_own_relation("identity_link_replacing"), from, true, snapshot, set);
}

/*
 * follow_more goes on from everybody in a set, over any number of links; what is found
 * grows behind us, and nothing is followed twice.
 */
static void
follow_more(Relation rel, Way way, Snapshot snapshot, Identities *set)
{
	for (int i = 0; i < set->n; i++)
	{
		ProtaddrIdentifier next = set->found[i];

		set->from = i;
		step_way(rel, &next, way, snapshot, set);
	}
}

/* follow gives everybody that a way leads to from an identifier, itself first. */
static Identities *
follow(Relation rel, const ProtaddrIdentifier *from, Way way, Snapshot snapshot)
{
	Identities *set = identities_create();

	identities_add(set, from);
	follow_more(rel, way, snapshot, set);
	return set;
}

/* found_of frees a set but for what was found. */
static ProtaddrIdentifier *
found_of(Identities *set, int *n)
{
	ProtaddrIdentifier *found = set->found;

	*n = set->n;
	if (set->members != NULL)
		members_destroy(set->members);
	pfree(set);
	return found;
}

static ProtaddrIdentifier *
people_on(const ProtaddrIdentifier *id, Way way, Snapshot snapshot, int *npeople)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	ProtaddrIdentifier *people = found_of(follow(rel, id, way, snapshot), npeople);

	table_close(rel, AccessShareLock);
	return people;
}

/*
 * protaddr_identity_people gives everybody whom a question about an identifier is about,
 * itself first, as the links stand now: whom it stands for, with all their numbers.
 * palloc'd.
 */
ProtaddrIdentifier *
protaddr_identity_people(const ProtaddrIdentifier *id, int *npeople)
{
	return people_on(id, WAY_PEOPLE, NULL, npeople);
}

/* protaddr_identity_people_at does so as a snapshot has the links; NULL: as they stand now. */
ProtaddrIdentifier *
protaddr_identity_people_at(const ProtaddrIdentifier *id, Snapshot snapshot, int *npeople)
{
	return people_on(id, WAY_PEOPLE, snapshot, npeople);
}

/*
 * protaddr_identity_leads does so and gives which of them leads to which, too: by one link,
 * or from a newer number back to an older.  palloc'd.
 */
ProtaddrIdentifier *
protaddr_identity_leads(const ProtaddrIdentifier *id, Snapshot snapshot, int *npeople,
						PaLead **lead, int *nleads)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	Identities *set = identities_create();

	(void) identities_place(set, id);
	set->keeps_leads = true;
	follow_more(rel, WAY_PEOPLE, snapshot, set);
	table_close(rel, AccessShareLock);
	*lead = set->lead;
	*nleads = set->nleads;
	return found_of(set, npeople);
}

/*
 * protaddr_identity_stands_for gives everybody an identifier stands for, itself first, and
 * not the older numbers of any of them.  palloc'd.
 */
ProtaddrIdentifier *
protaddr_identity_stands_for(const ProtaddrIdentifier *id, int *npeople)
{
	return people_on(id, WAY_ON, NULL, npeople);
}

/* protaddr_link_since tells whether one of the links that lead on from an identifier was recorded after a moment. */
bool
protaddr_link_since(const ProtaddrIdentifier *id, TimestampTz moment)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	ProtaddrRows rows;
	HeapTuple	tuple;
	bool		since = false;

	protaddr_rows_of(&rows, rel, protaddr_identity_index(false), LINK_IDENTIFIER_KEY, id, NULL);
	while (!since && HeapTupleIsValid(tuple = systable_getnext(rows.scan)))
	{
		bool		isnull;
		Datum		from = heap_getattr(tuple, LINK_RECORDED_FROM, RelationGetDescr(rel), &isnull);

		since = isnull || DatumGetTimestampTz(from) > moment;
	}
	systable_endscan(rows.scan);
	table_close(rel, AccessShareLock);
	return since;
}

/* is_end is true if no link leads on from an identifier, but to itself. */
static bool
is_end(Relation link, const ProtaddrIdentifier *id)
{
	Identities *next = identities_create();
	bool		end;

	identities_add(next, id);
	step(link, id, false, NULL, next);
	end = next->n == 1;
	identities_free(next);
	return end;
}

/*
 * protaddr_identity_subjects gives whom one link leads to, as the links stand now, and
 * which older numbers one link leads back to.  palloc'd.
 */
ProtaddrIdentifier *
protaddr_identity_subjects(const ProtaddrIdentifier *id, int *nsubjects)
{
	Relation	link = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	Identities *set = identities_create();

	step_way(link, id, WAY_PEOPLE, NULL, set);
	table_close(link, AccessShareLock);
	return found_of(set, nsubjects);
}

/* is_replacement is true of a link between two numbers of one person. */
static bool
is_replacement(HeapTuple row, TupleDesc desc)
{
	bool		isnull;
	Datum		kind = heap_getattr(row, LINK_KIND, desc, &isnull);
	text	   *t;

	if (isnull)
		return false;
	t = DatumGetTextPP(kind);
	return VARSIZE_ANY_EXHDR(t) == strlen(PROTADDR_REPLACED_NUMBER) &&
		memcmp(VARDATA_ANY(t), PROTADDR_REPLACED_NUMBER, VARSIZE_ANY_EXHDR(t)) == 0;
}

/*
 * protaddr_link_counts gives which identifier a link is of, where it leads, and whether it
 * leads back as well; false if it has ended.
 */
bool
protaddr_link_counts(HeapTuple row, TupleDesc desc, Datum *key, Datum *to, bool *back)
{
	bool		key_null;
	bool		to_null;
	bool		until_null;
	Datum		until = heap_getattr(row, LINK_RECORDED_TO, desc, &until_null);

	*key = heap_getattr(row, LINK_IDENTIFIER_KEY, desc, &key_null);
	*to = heap_getattr(row, LINK_SUBJECT_KEY, desc, &to_null);
	*back = is_replacement(row, desc);
	return !key_null && !to_null && (until_null || TIMESTAMP_IS_NOEND(DatumGetTimestampTz(until)));
}

/*
 * link_change tells all sessions that an identifier stands for somebody else from now on,
 * and of either end of a link that leads both ways, or did before.
 */
static HeapTuple
link_change(TriggerData *trigdata, HeapTuple row)
{
	protaddr_picture_row_change(trigdata, row, LINK_IDENTIFIER_KEY, LINK_IDENTIFIER);
	protaddr_picture_row_change(trigdata, row, LINK_SUBJECT_KEY, LINK_SUBJECT);
	return row;
}

/*
 * protaddr_identity_ends gives the people whom some identifiers stand for in the end,
 * each once, as the links stand now: of an account its holders.  Of identifiers that
 * stand for each other in a circle, all.  palloc'd.
 */
ProtaddrIdentifier *
protaddr_identity_ends(const PaText *id, int nids, int *nends)
{
	Relation	link = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	int			room = 16;
	ProtaddrIdentifier *ends = palloc(room * sizeof(ProtaddrIdentifier));
	int			n = 0;

	for (int i = 0; i < nids; i++)
	{
		ProtaddrIdentifier one;
		ProtaddrIdentifier *people;
		int			npeople;
		bool		any = false;

		one.len = id[i].len;
		memcpy(one.key, id[i].data, id[i].len);
		people = protaddr_identity_stands_for(&one, &npeople);
		for (int j = 0; j < npeople; j++)
			any = any || is_end(link, &people[j]);
		for (int j = 0; j < npeople; j++)
		{
			bool		there = any && !is_end(link, &people[j]);

			for (int k = 0; k < n && !there; k++)
				there = protaddr_identifier_same(&ends[k], &people[j]);
			if (there)
				continue;
			if (n == room)
				ends = repalloc(ends, (room *= 2) * sizeof(ProtaddrIdentifier));
			ends[n++] = people[j];
		}
		pfree(people);
	}
	table_close(link, AccessShareLock);
	*nends = n;
	return ends;
}

/*
 * protaddr_identity_identifiers gives whatever stands for a person under any of their
 * numbers, the person first, as a snapshot has the links; NULL: as they stand now.  In the
 * current memory context.
 */
ProtaddrIdentifier *
protaddr_identity_identifiers(Relation rel, const ProtaddrIdentifier *person, Snapshot snapshot,
							  int *nidentifiers)
{
	Identities *set = follow(rel, person, WAY_BACK, snapshot);

	*nidentifiers = set->n;
	return set->found;
}

/* ---- may two be linked? ------------------------------------------------------- */

/* A link being checked: what it may still cost. */
typedef struct Check
{
	Relation	rel;
	int			lookups;
} Check;

/* checked_step is step, seeing our own links; false if the check has cost too much. */
static bool
checked_step(Check *check, const ProtaddrIdentifier *from, bool reverse, Identities *set)
{
	if (check->lookups == 0)
		return false;
	check->lookups--;
	step(check->rel, from, reverse, SnapshotSelf, set);
	return true;
}

/*
 * step_of_person adds to a set what one link leads to from any of the numbers of one
 * person, but for these numbers themselves: how they are linked among each other makes no
 * chain and no circle.  false if one of them is forbidden, or the check has cost too much.
 */
static bool
step_of_person(Check *check, const ProtaddrIdentifier *one, bool reverse,
			   const ProtaddrIdentifier *forbidden, Identities *met, Identities *next)
{
	Identities *numbers = follow(check->rel, one, WAY_NUMBERS, SnapshotSelf);
	Identities *far = identities_create();
	bool		good = true;

	for (int i = 0; i < numbers->n && good; i++)
	{
		good = !protaddr_identifier_same(&numbers->found[i], forbidden) &&
			checked_step(check, &numbers->found[i], reverse, far);
		if (reverse)
			identities_add(met, &numbers->found[i]);
	}
	for (int i = 0; i < far->n && good; i++)
	{
		int			before = numbers->n;

		identities_add(numbers, &far->found[i]);
		if (numbers->n > before)
			identities_add(next, &far->found[i]);
	}
	identities_free(numbers);
	identities_free(far);
	return good;
}

/*
 * longest_chain gives how many links lead on from an identifier at most: more than most
 * if there are more, if they lead in a circle, or to the forbidden one.  Who is met on
 * the way is added to met.  Raises nothing; too many to look at count as too long.
 */
static int
longest_chain(Check *check, const ProtaddrIdentifier *from, bool reverse,
			  const ProtaddrIdentifier *forbidden, int most, Identities *met)
{
	Identities *level = identities_create();
	int			links = 0;

	identities_add(level, from);
	identities_add(met, from);
	for (;;)
	{
		Identities *next = identities_create();

		for (int i = 0; i < level->n && links <= most; i++)
			if (!step_of_person(check, &level->found[i], reverse, forbidden, met, next))
				links = most + 1;
		identities_free(level);
		level = next;
		if (links > most || level->n == 0)
			break;
		links++;
		for (int i = 0; i < level->n; i++)
			identities_add(met, &level->found[i]);
	}
	identities_free(level);
	return links;
}

/* stands_for_too_many is true if an identifier would, were it to stand for these people, too. */
static bool
stands_for_too_many(Check *check, const ProtaddrIdentifier *id, const Identities *people)
{
	Identities *all = identities_create();
	bool		too_many = false;

	identities_add(all, id);
	for (int i = 0; i < all->n && !too_many; i++)
	{
		ProtaddrIdentifier next = all->found[i];

		too_many = !checked_step(check, &next, false, all) || all->n > PROTADDR_IDENTITY_ALL + 1;
	}
	for (int i = 0; i < people->n; i++)
		identities_add(all, &people->found[i]);
	/* the identifier itself is not one of them */
	too_many |= all->n > PROTADDR_IDENTITY_ALL + 1;
	identities_free(all);
	return too_many;
}

/*
 * check_link tells what forbids a link: that it would make a circle or a chain of more
 * than PROTADDR_IDENTITY_STEPS, that an identifier would stand for too many, or that it
 * would take too long to find out.
 */
static LinkVerdict
check_link(Relation rel, const ProtaddrIdentifier *from, const ProtaddrIdentifier *to)
{
	Check		check = {rel, CHECK_LOOKUPS};
	Identities *people = identities_create();
	Identities *identifiers = identities_create();
	LinkVerdict verdict = LINK_IS_GOOD;
	Identities *subjects = identities_create();
	int			on;
	int			back = 0;

	identities_add(subjects, to);
	step(rel, from, false, SnapshotSelf, subjects);
	on = longest_chain(&check, to, false, from, PROTADDR_IDENTITY_STEPS - 1, people);
	if (on < PROTADDR_IDENTITY_STEPS)
		back = longest_chain(&check, from, true, to, PROTADDR_IDENTITY_STEPS - 1 - on, identifiers);
	if (check.lookups > 0 && on + 1 + back > PROTADDR_IDENTITY_STEPS)
		verdict = LINK_IS_TOO_LONG;
	else if (subjects->n > PROTADDR_IDENTITY_PEOPLE)
		verdict = LINK_IS_TOO_MANY;
	for (int i = 0; i < identifiers->n && verdict == LINK_IS_GOOD; i++)
		if (stands_for_too_many(&check, &identifiers->found[i], people))
			verdict = LINK_IS_TOO_MANY;
	if (check.lookups == 0)
		verdict = LINK_IS_TOO_COSTLY;
	identities_free(subjects);
	identities_free(people);
	identities_free(identifiers);
	return verdict;
}

/*
 * check_replacement does so for a link between two numbers of one person, who then has
 * those of both.  It makes no chain longer, since the numbers of a person count as one.
 */
static LinkVerdict
check_replacement(Relation rel, const ProtaddrIdentifier *from, const ProtaddrIdentifier *to)
{
	Identities *numbers = identities_create();
	bool		too_many;

	identities_add(numbers, from);
	identities_add(numbers, to);
	follow_more(rel, WAY_NUMBERS, SnapshotSelf, numbers);
	too_many = numbers->n > PROTADDR_IDENTITY_NUMBERS;
	identities_free(numbers);
	return too_many ? LINK_IS_ONE_NUMBER_MORE : LINK_IS_GOOD;
}

/* protaddr_identity_may_replace tells beforehand whether the trigger would let a replacement in. */
bool
protaddr_identity_may_replace(const ProtaddrIdentifier *from, const ProtaddrIdentifier *to)
{
	Relation	rel;
	bool		may;

	if (protaddr_identifier_same(from, to))
		return false;
	rel = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	may = check_replacement(rel, from, to) == LINK_IS_GOOD;
	table_close(rel, AccessShareLock);
	return may;
}

/* refuse_link raises what check_link found. */
static void
refuse_link(LinkVerdict verdict)
{
	switch (verdict)
	{
		case LINK_IS_GOOD:
			break;
		case LINK_IS_TOO_LONG:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the link would make a circle or a chain of more than %d links",
							PROTADDR_IDENTITY_STEPS),
					 errhint("Link identifiers to the person's key in the register, directly or over one number between."),
					 protaddr_errprivate()));
			break;
		case LINK_IS_TOO_MANY:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an identifier can stand for at most %d subjects, and %d over all links",
							PROTADDR_IDENTITY_PEOPLE, PROTADDR_IDENTITY_ALL),
					 protaddr_errprivate()));
			break;
		case LINK_IS_ONE_NUMBER_MORE:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a person can have at most %d numbers", PROTADDR_IDENTITY_NUMBERS),
					 errhint("Links of kind \"%s\" are between the numbers of one person.",
							 PROTADDR_REPLACED_NUMBER),
					 protaddr_errprivate()));
			break;
		case LINK_IS_TOO_COSTLY:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many identifiers would be concerned by the link"),
					 errdetail("Of at most %d it can be checked that none stands for too many subjects.",
							   CHECK_LOOKUPS),
					 errhint("Link identifiers to the person's key in the register directly."),
					 protaddr_errprivate()));
			break;
	}
}

/*
 * protaddr_identity_link_checked is the trigger on protaddr.identity_link: BEFORE
 * ROW.  It announces the change, refuses what check_link forbids, and keeps what is
 * recorded as it was.
 */
Datum
protaddr_identity_link_checked(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Relation	rel;
	TupleDesc	desc;
	HeapTuple	row;
	ProtaddrIdentifier ends[2];
	bool		replacement;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"identity_link_checked\" is not used as the trigger it is made for")));

	rel = trigdata->tg_relation;
	desc = RelationGetDescr(rel);
	row = trigdata->tg_trigtuple;

	/* the keys are generated after us, from these two */
	for (int i = 0; i < 2; i++)
	{
		bool		isnull;
		Datum		value = heap_getattr(row, i == 0 ? LINK_IDENTIFIER : LINK_SUBJECT, desc, &isnull);

		if (isnull ||
			!protaddr_identifier_from_datum(value, PROTADDR_PLAIN_TEXT, &ends[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("an identity link needs an identifier and a subject"),
					 protaddr_errprivate()));
	}

	replacement = is_replacement(row, desc);
	CacheInvalidateRelcache(rel);
	protaddr_person_changes(&ends[0]);
	if (replacement)
		protaddr_person_changes(&ends[1]);

	/* what has ended links nothing: a restore brings it in any order */
	{
		bool		isnull;
		Datum		until = heap_getattr(row, LINK_RECORDED_TO, desc, &isnull);

		if (!isnull && !TIMESTAMP_IS_NOEND(DatumGetTimestampTz(until)))
		{
			/* a restore may say so, a loader may not: it would be a link that never counts */
			if (!superuser())
				ereport(ERROR,
						(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						 errmsg("permission denied to enter an identity link that has ended"),
						 errhint("Give identifier, subject and kind; protaddr.unlink_identity() ends a link."),
						 protaddr_errprivate()));
			return PointerGetDatum(row);
		}
	}

	if (protaddr_identifier_same(&ends[0], &ends[1]))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an identifier cannot be linked to itself"),
				 errdetail("070761-4285, 0707614285 and 707614285 are one identifier."),
				 protaddr_errprivate()));
	refuse_link(replacement ? check_replacement(rel, &ends[0], &ends[1]) :
				check_link(rel, &ends[0], &ends[1]));
	return PointerGetDatum(row);
}
