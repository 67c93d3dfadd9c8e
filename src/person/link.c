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
 * What is entered is kept short and free of loops by a trigger.  Two sessions at
 * once can still make a loop between them, so whoever follows links goes nowhere
 * twice; those in a circle then stand for each other.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "person/person.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
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
	LINK_RECORDED_BY
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
};

static const ProtaddrOwnTable tables[] = {
	{.name = "identity_link", PROTADDR_COLUMNS(link_columns),
	.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_FORGET | PROTADDR_ROWS_CLOSE | PROTADDR_UPDATE_LETS_OUT},
};

const ProtaddrPart protaddr_link_part = {
	PROTADDR_TABLES(tables),
};

PG_FUNCTION_INFO_V1(protaddr_identity_link_checked);

/*
 * protaddr_identity_step appends to found what one step leads to from key: the
 * subjects it stands for, or with reverse, the identifiers that stand for it.
 * snapshot as for systable_beginscan.  False if it is more than room.
 */
bool
protaddr_identity_step(Relation rel, const ProtaddrIdentifier *key, bool reverse, Snapshot snapshot,
					   ProtaddrIdentifier *found, int *nfound, int room)
{
	AttrNumber	from = reverse ? LINK_SUBJECT_KEY : LINK_IDENTIFIER_KEY;
	AttrNumber	to = reverse ? LINK_IDENTIFIER_KEY : LINK_SUBJECT_KEY;
	text	   *wanted = cstring_to_text_with_len(key->key, key->len);
	ScanKeyData skey;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		enough = true;

	ScanKeyEntryInitialize(&skey, 0, from, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
						   F_TEXTEQ, PointerGetDatum(wanted));
	scan = systable_beginscan(rel, protaddr_identity_index(reverse), true, snapshot, 1, &skey);
	while (enough && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		text	   *t = DatumGetTextPP(heap_getattr(tuple, to, RelationGetDescr(rel), &isnull));
		ProtaddrIdentifier one;
		bool		there = false;

		one.len = VARSIZE_ANY_EXHDR(t);
		if (isnull || one.len > PA_SUBJECT_SIZE)
			continue;
		memcpy(one.key, VARDATA_ANY(t), one.len);
		for (int i = 0; i < *nfound && !there; i++)
			there = protaddr_identifier_same(&found[i], &one);
		if (there)
			continue;
		enough = *nfound < room;
		if (enough)
			found[(*nfound)++] = one;
	}
	systable_endscan(scan);
	pfree(wanted);
	return enough;
}

/*
 * protaddr_identity_people gives everybody an identifier stands for, itself first,
 * as the links stand now.  palloc'd.
 */
ProtaddrIdentifier *
protaddr_identity_people(const ProtaddrIdentifier *id, int *npeople)
{
	Relation	link = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	int			room = 16;
	ProtaddrIdentifier *found = palloc(room * sizeof(ProtaddrIdentifier));
	int			nfound = 1;

	found[0] = *id;
	/* what is found grows behind us; nothing is followed twice */
	for (int i = 0; i < nfound; i++)
		while (!protaddr_identity_step(link, &found[i], false, NULL, found, &nfound, room))
			found = repalloc_huge(found, (Size) (room *= 2) * sizeof(ProtaddrIdentifier));
	table_close(link, AccessShareLock);
	*npeople = nfound;
	return found;
}

/* is_end is true if an identifier stands for nobody but itself: a person, and no account. */
static bool
is_end(Relation link, const ProtaddrIdentifier *id)
{
	ProtaddrIdentifier next[2];
	int			nnext = 0;

	next[nnext++] = *id;
	return protaddr_identity_step(link, id, false, NULL, next, &nnext, lengthof(next)) && nnext == 1;
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
		people = protaddr_identity_people(&one, &npeople);
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
 * longest tells how many links lead on from key, at most: 0 if none, more than
 * PROTADDR_IDENTITY_STEPS if too many or in a circle.  forbidden must not be met.
 */
static int
longest(Relation rel, const ProtaddrIdentifier *key, bool reverse,
		const ProtaddrIdentifier *forbidden, int steps)
{
	ProtaddrIdentifier *next = palloc(PROTADDR_IDENTITY_PEOPLE * sizeof(ProtaddrIdentifier));
	int			nnext = 0;
	int			most = 0;

	CHECK_FOR_INTERRUPTS();
	if (steps > PROTADDR_IDENTITY_STEPS)
		return steps;

	/* with many identifiers of one subject, the first ones are as good as any */
	(void) protaddr_identity_step(rel, key, reverse, SnapshotSelf, next, &nnext,
								  PROTADDR_IDENTITY_PEOPLE);
	for (int i = 0; i < nnext && most <= PROTADDR_IDENTITY_STEPS; i++)
	{
		int			further;

		if (protaddr_identifier_same(&next[i], forbidden))
			most = PROTADDR_IDENTITY_STEPS + 1;
		else
		{
			further = 1 + longest(rel, &next[i], reverse, forbidden, steps + 1);
			most = Max(most, further);
		}
	}
	pfree(next);
	return most;
}

/* short_enough is true if a link makes no circle and no chain that is too long. */
static bool
short_enough(Relation rel, const ProtaddrIdentifier *from, const ProtaddrIdentifier *to)
{
	int			on = longest(rel, to, false, from, 1);

	return on <= PROTADDR_IDENTITY_STEPS &&
		on + 1 + longest(rel, from, true, to, 1) <= PROTADDR_IDENTITY_STEPS;
}

/* protaddr_identity_may_link tells beforehand whether the trigger would let a link in. */
bool
protaddr_identity_may_link(const ProtaddrIdentifier *from, const ProtaddrIdentifier *to)
{
	Relation	rel;
	bool		may;

	if (protaddr_identifier_same(from, to))
		return false;
	rel = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	may = short_enough(rel, from, to);
	table_close(rel, AccessShareLock);
	return may;
}

/*
 * protaddr_identity_link_checked is the trigger on protaddr.identity_link: BEFORE
 * ROW.  It announces the change, refuses a link that would make a circle, a chain
 * of more than PROTADDR_IDENTITY_STEPS links, or an identifier that stands for more
 * than PROTADDR_IDENTITY_PEOPLE, and keeps what is recorded as it was.
 */
Datum
protaddr_identity_link_checked(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Relation	rel;
	TupleDesc	desc;
	HeapTuple	row;
	ProtaddrIdentifier ends[2];
	ProtaddrIdentifier *holders;
	int			nholders = 0;

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

	CacheInvalidateRelcache(rel);

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
	if (!short_enough(rel, &ends[0], &ends[1]))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the link would make a circle or a chain of more than %d links",
						PROTADDR_IDENTITY_STEPS),
				 errhint("Link identifiers to the person's key in the register, directly or over one number between."),
				 protaddr_errprivate()));

	holders = palloc(PROTADDR_IDENTITY_PEOPLE * sizeof(ProtaddrIdentifier));
	if (!protaddr_identity_step(rel, &ends[0], false, SnapshotSelf, holders, &nholders,
								PROTADDR_IDENTITY_PEOPLE - 1))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an identifier can stand for at most %d subjects", PROTADDR_IDENTITY_PEOPLE),
				 protaddr_errprivate()));
	pfree(holders);
	return PointerGetDatum(row);
}
