/*
 * unknown_people.c
 *		How many rows name people of whom no register has told?
 *
 * Asked of a column that is bound, or is to be: where it holds customer or account
 * numbers that are linked to nobody, every address would be withheld, and whoever binds
 * it should hear of that before the users do.  Protection plays no part in it, so the
 * numbers tell nothing of it.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "person/person.h"

#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define ROWS_AT_ONCE	1000

PG_FUNCTION_INFO_V1(protaddr_unknown_people);

typedef struct PeopleCounts
{
	int64		rows;
	int64		unknown;
	int64		nobody;
} PeopleCounts;

/* check_may_ask lets those ask who could find out: by a column or table that they bind or gate. */
static void
check_may_ask(void)
{
	static const char *const functions[] = {"bind_row", "gate_row"};

	for (int i = 0; i < lengthof(functions); i++)
		if (protaddr_may_execute(LookupFuncName(list_make2(makeString("protaddr"),
														   makeString(pstrdup(functions[i]))),
												0, NULL, false), GetUserId()))
			return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to ask whom the registers have told of"),
			 errdetail("Whoever may EXECUTE protaddr.bind_row() or protaddr.gate_row() may.")));
}

static void
count_row(Datum subject, const ProtaddrSubjectType *type, PeopleCounts *counts)
{
	ProtaddrIdentifier people[PA_MAX_SUBJECTS];
	int			npeople = protaddr_identifiers_from_datum(subject, type, people);
	bool		unknown = false;

	for (int i = 0; i < npeople && !unknown; i++)
		unknown = !protaddr_person_known(people[i].key, people[i].len);
	counts->unknown += unknown;
	counts->nobody += npeople == 0;
}

/* count_people counts what a query gives: one column that names people. */
static void
count_people(const char *query, PeopleCounts *counts)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	ProtaddrSubjectType type = {PROTADDR_PLAIN_NONE, false};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "protaddr unknown people",
												  ALLOCSET_DEFAULT_SIZES);
	Portal		cursor;

	if (plan == NULL)
		elog(ERROR, "could not read whom a table names");
	cursor = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	for (;;)
	{
		TupleDesc	desc;
		MemoryContext old;

		SPI_cursor_fetch(cursor, true, ROWS_AT_ONCE);
		if (SPI_processed == 0)
			break;
		desc = SPI_tuptable->tupdesc;
		if (type.plain == PROTADDR_PLAIN_NONE &&
			!protaddr_subject_type(TupleDescAttr(desc, 0)->atttypid, &type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" cannot name a person",
							NameStr(TupleDescAttr(desc, 0)->attname))));
		old = MemoryContextSwitchTo(context);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			Datum		subject = heap_getattr(SPI_tuptable->vals[i], 1, desc, &isnull);

			counts->rows++;
			if (isnull)
				counts->nobody++;
			else
				count_row(subject, &type, counts);
			MemoryContextReset(context);
		}
		MemoryContextSwitchTo(old);
		SPI_freetuptable(SPI_tuptable);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_cursor_close(cursor);
	MemoryContextDelete(context);
}

/* protaddr_unknown_people is protaddr.unknown_people(regclass, name). */
Datum
protaddr_unknown_people(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	char	   *name = get_rel_name(relation);
	PeopleCounts counts = {0, 0, 0};
	StringInfoData query;
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	check_may_ask();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	/* the latest of the registers, as everywhere */
	(void) protaddr_generation(PROTADDR_REGISTER_SOURCE);
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s FROM %s",
					 quote_identifier(NameStr(*PG_GETARG_NAME(1))),
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name));
	SPI_connect();
	count_people(query.data, &counts);
	SPI_finish();

	values[0] = Int64GetDatum(counts.rows);
	values[1] = Int64GetDatum(counts.unknown);
	values[2] = Int64GetDatum(counts.nobody);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
