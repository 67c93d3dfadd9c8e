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
#include "catalog/pg_collation.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
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

/* what is told in place of an address is told once it is committed, too */
static const ProtaddrOwnTable tables[] = {
	{.name = "substitute_address", PROTADDR_COLUMNS(substitute_columns),
	.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_FORGET | PROTADDR_ROWS_CLOSE | PROTADDR_CHANGE_LETS_OUT},
};

const ProtaddrPart protaddr_substitute_part = {
	PROTADDR_TABLES(tables),
};

static ProtaddrSeal *substitute_of_one(Relation rel, const ProtaddrIdentifier *person);

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

/* substitute_of_one looks under everything the identifier stands for. */
static ProtaddrSeal *
substitute_of_one(Relation rel, const ProtaddrIdentifier *person)
{
	int			npeople;
	ProtaddrIdentifier *people = protaddr_identity_people(person, &npeople);
	ProtaddrSeal *result = NULL;

	for (int i = 0; i < npeople; i++)
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		/* an account of two holders: each who is protected must have one */
		if (protaddr_protection_of(people[i].key, people[i].len) == PROTADDR_HIDES_NOTHING)
			continue;
		ScanKeyEntryInitialize(&key, 0, SUBSTITUTE_SUBJECT_KEY, BTEqualStrategyNumber, InvalidOid,
							   C_COLLATION_OID, F_TEXTEQ,
							   PointerGetDatum(cstring_to_text_with_len(people[i].key, people[i].len)));
		scan = systable_beginscan(rel, protaddr_own_relation("substitute_address_one"), true, NULL, 1,
								  &key);
		tuple = systable_getnext(scan);
		if (HeapTupleIsValid(tuple) && result == NULL)
		{
			bool		isnull;
			Datum		value = heap_getattr(tuple, SUBSTITUTE_ADDRESS, RelationGetDescr(rel), &isnull);

			if (!isnull)
				result = (ProtaddrSeal *) PG_DETOAST_DATUM_COPY(value);
		}
		systable_endscan(scan);
	}
	pfree(people);
	return result;
}
