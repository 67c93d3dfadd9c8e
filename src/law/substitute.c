/*
 * substitute.c
 *		What may leave in place of a protected address?
 *
 * A registered substitute: Finland's yhteysosoite, a box of a mail service, the
 * agency of a US programme.  It is read as the table stands now.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"
#include "law/law.h"
#include "person/person.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "utils/builtins.h"
#include "utils/rel.h"

/* columns of protaddr.substitute_address */
enum
{
	SUBSTITUTE_SUBJECT_KEY = 1,
	SUBSTITUTE_ID,
	SUBSTITUTE_SUBJECT,
	SUBSTITUTE_ADDRESS,
	SUBSTITUTE_DESCRIPTION,
	SUBSTITUTE_RECORDED_FROM,
	SUBSTITUTE_RECORDED_TO,
	SUBSTITUTE_RECORDED_BY
};

static const char *const substitute_columns[] = {
	[SUBSTITUTE_SUBJECT_KEY] = "subject_key",
	[SUBSTITUTE_ID] = "id",
	[SUBSTITUTE_SUBJECT] = "subject",
	[SUBSTITUTE_ADDRESS] = "address",
	[SUBSTITUTE_DESCRIPTION] = "description",
	[SUBSTITUTE_RECORDED_FROM] = "recorded_from",
	[SUBSTITUTE_RECORDED_TO] = "recorded_to",
	[SUBSTITUTE_RECORDED_BY] = "recorded_by",
};

static HeapTuple substitute_change(TriggerData *trigdata, HeapTuple row);

/* what is told in place of an address is told once it is committed, too */
static const ProtaddrOwnTable tables[] = {
	{.name = "substitute_address", PROTADDR_COLUMNS(substitute_columns),
		.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_FORGET | PROTADDR_ROWS_CLOSE | PROTADDR_CHANGE_LETS_OUT,
	.change = substitute_change},
};

const ProtaddrPart protaddr_substitute_part = {
	PROTADDR_TABLES(tables),
};

static ProtaddrSeal *substitute_of_one(Relation rel, const ProtaddrIdentifier *person);
static ProtaddrSeal *substitute_under(Relation rel, const ProtaddrIdentifier *id);
static bool stands_for(const ProtaddrIdentifier *one, const ProtaddrIdentifier *other);

/* substitute_change says that what is known of a person's address has changed. */
static HeapTuple
substitute_change(TriggerData *trigdata, HeapTuple row)
{
	ProtaddrIdentifier id;
	bool		isnull;
	Datum		subject = heap_getattr(row, SUBSTITUTE_SUBJECT, RelationGetDescr(trigdata->tg_relation), &isnull);

	if (!isnull && protaddr_identifier_in_datum(subject, PROTADDR_PLAIN_TEXT, &id))
		protaddr_person_touched(&id);
	return row;
}

/*
 * protaddr_substitute_of gives the sealed substitute of the first of some people, or
 * NULL if any of them who is protected has none: one holder's box does not stand in
 * for the other's address.
 */
ProtaddrSeal *
protaddr_substitute_of(const ProtaddrIdentifier *person, int npersons)
{
	Relation	rel = table_open(protaddr_own_relation("substitute_address"), AccessShareLock);
	ProtaddrSeal *result = NULL;

	for (int i = 0; i < npersons; i++)
	{
		ProtaddrSeal *one;

		if (protaddr_protection_of(person[i].key, person[i].len) == PROTADDR_HIDES_NOTHING)
			continue;
		one = substitute_of_one(rel, &person[i]);
		if (one == NULL)
		{
			result = NULL;
			break;
		}
		if (result == NULL)
			result = one;
	}
	table_close(rel, AccessShareLock);
	return result;
}

/*
 * substitute_of_one gives a substitute for everybody whom the identifier stands for and who
 * is protected, or NULL.  Of an account of two holders each who is protected must have one,
 * be it under his own name, under one that stands for him, or under one he stands for.
 */
static ProtaddrSeal *
substitute_of_one(Relation rel, const ProtaddrIdentifier *person)
{
	int			npeople;
	ProtaddrIdentifier *people = protaddr_identity_people(person, &npeople);
	ProtaddrSeal **substitute = palloc(npeople * sizeof(ProtaddrSeal *));
	ProtaddrSeal *result = NULL;
	bool		each = true;

	for (int i = 0; i < npeople; i++)
	{
		substitute[i] = substitute_under(rel, &people[i]);
		if (result == NULL)
			result = substitute[i];
	}
	for (int i = 0; i < npeople && result != NULL && each; i++)
	{
		if (protaddr_protection_of(people[i].key, people[i].len) == PROTADDR_HIDES_NOTHING)
			continue;
		each = false;
		for (int j = 0; j < npeople && !each; j++)
			each = substitute[j] != NULL &&
				(stands_for(&people[j], &people[i]) || stands_for(&people[i], &people[j]));
	}
	pfree(substitute);
	pfree(people);
	return each ? result : NULL;
}

/* protaddr_substitutes_of gives every substitute that is registered for whom an identifier stands. */
List *
protaddr_substitutes_of(const ProtaddrIdentifier *person)
{
	Relation	rel = table_open(protaddr_own_relation("substitute_address"), AccessShareLock);
	int			npeople;
	ProtaddrIdentifier *people = protaddr_identity_people(person, &npeople);
	List	   *all = NIL;

	for (int i = 0; i < npeople; i++)
	{
		ProtaddrSeal *one = substitute_under(rel, &people[i]);

		if (one != NULL)
			all = lappend(all, one);
	}
	pfree(people);
	table_close(rel, AccessShareLock);
	return all;
}

/* substitute_under gives the substitute that is registered under this very identifier. */
static ProtaddrSeal *
substitute_under(Relation rel, const ProtaddrIdentifier *id)
{
	ProtaddrRows rows;
	HeapTuple	tuple;
	ProtaddrSeal *result = NULL;

	protaddr_rows_of(&rows, rel, protaddr_own_relation("substitute_address_one"), SUBSTITUTE_SUBJECT_KEY, id, NULL);
	tuple = systable_getnext(rows.scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, SUBSTITUTE_ADDRESS, RelationGetDescr(rel), &isnull);

		if (!isnull)
			result = (ProtaddrSeal *) PG_DETOAST_DATUM_COPY(value);
	}
	systable_endscan(rows.scan);
	return result;
}

/* stands_for is true if the links of one lead to the other, or it is the same. */
static bool
stands_for(const ProtaddrIdentifier *one, const ProtaddrIdentifier *other)
{
	int			npeople;
	ProtaddrIdentifier *people = protaddr_identity_people(one, &npeople);
	bool		found = false;

	for (int i = 0; i < npeople && !found; i++)
		found = protaddr_identifier_same(&people[i], other);
	pfree(people);
	return found;
}
