/*
 * unknown.c
 *		How many rows of a table name a person of whom no register has told?
 *
 * Read with the rights of the caller, and only counted: a channel treats such people by
 * a rule of their own, and shipped channels withhold their addresses.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"

#define ROWS_AT_ONCE	1000

PG_FUNCTION_INFO_V1(protaddr_unknown_people);

static bool
names_unknown(Datum value, const ProtaddrSubjectType *type)
{
	ProtaddrIdentifier people[PA_MAX_SUBJECTS];
	int			npeople = protaddr_identifiers_from_datum(value, type, people);

	for (int i = 0; i < npeople; i++)
		if (protaddr_protection_of(people[i].key, people[i].len) == PROTADDR_HIDES_NOTHING &&
			!protaddr_person_known(people[i].key, people[i].len))
			return true;
	return false;
}

/* count_unknown counts among what the query gives: values that name people. */
static int64
count_unknown(const char *query)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	Portal		cursor;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "protaddr unknown people",
												  ALLOCSET_DEFAULT_SIZES);
	int64		count = 0;

	if (plan == NULL)
		elog(ERROR, "could not read the people of a table");
	cursor = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	for (;;)
	{
		ProtaddrSubjectType type;
		MemoryContext old;

		SPI_cursor_fetch(cursor, true, ROWS_AT_ONCE);
		if (SPI_processed == 0)
			break;
		if (!protaddr_subject_type(TupleDescAttr(SPI_tuptable->tupdesc, 0)->atttypid, &type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("the column cannot name a person")));
		old = MemoryContextSwitchTo(context);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			Datum		value = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

			count += !isnull && names_unknown(value, &type);
			MemoryContextReset(context);
		}
		MemoryContextSwitchTo(old);
		SPI_freetuptable(SPI_tuptable);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_cursor_close(cursor);
	MemoryContextDelete(context);
	return count;
}

/* protaddr_unknown_people is protaddr.unknown_people(relation, column). */
Datum
protaddr_unknown_people(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	const char *column = quote_identifier(NameStr(*PG_GETARG_NAME(1)));
	char	   *name = protaddr_existing_name(relation);
	StringInfoData query;
	int64		count;

	/* nobody can be asked about */
	if (protaddr_register_why_not_ready() != NULL)
		PG_RETURN_NULL();

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s FROM %s WHERE %s IS NOT NULL", column,
					 name, column);
	SPI_connect();
	count = count_unknown(query.data);
	SPI_finish();
	PG_RETURN_INT64(count);
}
