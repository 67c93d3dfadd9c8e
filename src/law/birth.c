/*
 * birth.c
 *		When and where was somebody born?
 *
 * What a transfer to a third country may carry in place of an address: Reg. (EU)
 * 2023/1113 art. 4(1)(c), DtAndPlcOfBirth of ISO 20022.
 */
#include "postgres.h"

#include "base/base.h"
#include "law/law.h"
#include "message/rewrite.h"
#include "person/person.h"
#include "text/text.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/rel.h"

/* columns of protaddr.birth_data */
enum
{
	BIRTH_SUBJECT_KEY = 1,
	BIRTH_ID,
	BIRTH_SUBJECT,
	BIRTH_DATE,
	BIRTH_PROVINCE,
	BIRTH_CITY,
	BIRTH_COUNTRY,
	BIRTH_RECORDED_FROM,
	BIRTH_RECORDED_TO,
	BIRTH_RECORDED_BY
};

static const char *const birth_columns[] = {
	[BIRTH_SUBJECT_KEY] = "subject_key",
	[BIRTH_ID] = "id",
	[BIRTH_SUBJECT] = "subject",
	[BIRTH_DATE] = "birth_date",
	[BIRTH_PROVINCE] = "province",
	[BIRTH_CITY] = "city",
	[BIRTH_COUNTRY] = "country",
	[BIRTH_RECORDED_FROM] = "recorded_from",
	[BIRTH_RECORDED_TO] = "recorded_to",
	[BIRTH_RECORDED_BY] = "recorded_by",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "birth_data", PROTADDR_COLUMNS(birth_columns),
	.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_FORGET | PROTADDR_ROWS_CLOSE},
};

const ProtaddrPart protaddr_birth_part = {
	PROTADDR_TABLES(tables),
};

static PaBirth *birth_under(Relation rel, const ProtaddrIdentifier *id);
static PaBirth *birth_of_one(Relation rel, const ProtaddrIdentifier *person);
static PaText copy_text(Datum value, bool isnull);

/*
 * protaddr_birth_of gives what is known of the one person that some identifiers stand
 * for, palloc'd; NULL if that is nothing.  An account of two holders does not say which
 * one pays; and if identifiers of one person alone name two people, none does.
 */
PaBirth *
protaddr_birth_of(const ProtaddrIdentifier *id, int nids)
{
	Relation	rel = table_open(protaddr_own_relation("birth_data"), AccessShareLock);
	ProtaddrIdentifier whose = {.len = 0};
	PaBirth    *result = NULL;
	bool		one = true;

	for (int i = 0; i < nids && one; i++)
	{
		PaText text = {id[i].key, id[i].len};
		int			nends;
		ProtaddrIdentifier *end = protaddr_identity_ends(&text, 1, &nends);

		if (nends == 1)
		{
			one = whose.len == 0 || protaddr_identifier_same(&whose, end);
			whose = *end;
			if (result == NULL)
				result = birth_under(rel, &id[i]);
		}
		pfree(end);
	}
	table_close(rel, AccessShareLock);
	return one ? result : NULL;
}

/*
 * birth_under gives what is known of the one person whom an identifier stands for: under
 * that number, or under one that it was replaced by or stands for.
 */
static PaBirth *
birth_under(Relation rel, const ProtaddrIdentifier *id)
{
	int			npeople;
	ProtaddrIdentifier *people = protaddr_identity_stands_for(id, &npeople);
	PaBirth    *result = NULL;
	int			found = 0;

	for (int i = 0; i < npeople; i++)
	{
		PaBirth    *one = birth_of_one(rel, &people[i]);

		if (one == NULL)
			continue;
		result = one;
		found++;
	}
	pfree(people);
	return found == 1 ? result : NULL;
}

static PaBirth *
birth_of_one(Relation rel, const ProtaddrIdentifier *person)
{
	TupleDesc	desc = RelationGetDescr(rel);
	ProtaddrRows rows;
	HeapTuple	tuple;
	PaBirth    *birth = NULL;

	protaddr_rows_of(&rows, rel, protaddr_own_relation("birth_data_one"), BIRTH_SUBJECT_KEY, person, NULL);
	tuple = systable_getnext(rows.scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		date = heap_getattr(tuple, BIRTH_DATE, desc, &isnull);
		int			year;
		int			month;
		int			day;

		birth = palloc0(sizeof(PaBirth));
		j2date(DatumGetDateADT(date) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
		birth->date.data = psprintf("%04d-%02d-%02d", year, month, day);
		birth->date.len = strlen(birth->date.data);
		date = heap_getattr(tuple, BIRTH_PROVINCE, desc, &isnull);
		birth->province = copy_text(date, isnull);
		date = heap_getattr(tuple, BIRTH_CITY, desc, &isnull);
		birth->city = copy_text(date, isnull);
		date = heap_getattr(tuple, BIRTH_COUNTRY, desc, &isnull);
		birth->country = copy_text(date, isnull);
	}
	systable_endscan(rows.scan);
	return birth;
}

static PaText
copy_text(Datum value, bool isnull)
{
	PaText		result = {0};

	if (!isnull)
	{
		result.data = TextDatumGetCString(value);
		result.len = strlen(result.data);
	}
	return result;
}
