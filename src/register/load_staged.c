/*
 * load_staged.c
 *		How does a delivery in anyone's format reach the register?
 *
 * By way of protaddr.register_staging: one row for each protection, one with no
 * code for a person who has none.  The rows are read in the order of people and
 * handed to the engine (replace.c), a person at a time.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define FETCH		1000
#define MOST		256			/* protections of one person */

PG_FUNCTION_INFO_V1(protaddr_load_staged_rows);

/* The person being gathered. */
typedef struct Gathered
{
	char	   *key;
	char	   *subject;
	char	   *replaced_by;
	ProtaddrDelivered delivered[MOST];
	int			ndelivered;
} Gathered;

static void gather(Gathered *person, HeapTuple row, TupleDesc desc);

/* protaddr_load_staged_rows is protaddr.load_staged_rows(source, regime). */
Datum
protaddr_load_staged_rows(PG_FUNCTION_ARGS)
{
	char	   *source = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *regime = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			types[1] = {TEXTOID};
	Datum		args[1];
	Portal		cursor;
	ProtaddrReplace *replace;
	ProtaddrReplaced counts;
	TimestampTz moment;
	Gathered   *person = palloc0(sizeof(Gathered));
	MemoryContext per_person;
	int64		rows = 0;
	TupleDesc	desc;
	Datum		values[11];
	bool		nulls[11] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);

	SPI_connect();
	per_person = AllocSetContextCreate(CurrentMemoryContext, "protaddr staged person",
									   ALLOCSET_DEFAULT_SIZES);
	replace = protaddr_replace_begin(source, regime);
	args[0] = CStringGetTextDatum(source);
	cursor = SPI_cursor_open_with_args(NULL,
									   "SELECT protaddr.subject_key(subject) COLLATE \"C\" AS key, subject, code, "
									   "valid_from, valid_to, delete_hint, replaced_by "
									   "FROM protaddr.register_staging WHERE source OPERATOR(pg_catalog.=) $1 "
									   "ORDER BY 1, code", 1, types, args, NULL, true, 0);
	for (;;)
	{
		SPITupleTable *fetched;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(cursor, true, FETCH);
		fetched = SPI_tuptable;
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < fetched->numvals; i++)
		{
			char	   *key = SPI_getvalue(fetched->vals[i], fetched->tupdesc, 1);
			MemoryContext old;

			if (key == NULL)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("a person of the delivery has no identifier"),
						 protaddr_errprivate()));
			if (person->key != NULL && strcmp(person->key, key) != 0)
			{
				protaddr_replace_person(replace, person->subject, person->replaced_by,
										person->delivered, person->ndelivered);
				memset(person, 0, sizeof(Gathered));
				MemoryContextReset(per_person);
			}
			old = MemoryContextSwitchTo(per_person);
			if (person->key == NULL)
				person->key = pstrdup(key);
			gather(person, fetched->vals[i], fetched->tupdesc);
			MemoryContextSwitchTo(old);
			pfree(key);
			rows++;
		}
		SPI_freetuptable(fetched);
	}
	if (person->key != NULL)
		protaddr_replace_person(replace, person->subject, person->replaced_by,
								person->delivered, person->ndelivered);
	SPI_cursor_close(cursor);
	/* the engine's memory goes with SPI_finish */
	counts = *protaddr_replace_end(replace);
	moment = protaddr_replace_moment(replace);
	SPI_finish();

	values[0] = Int64GetDatum(counts.persons);
	values[1] = Int64GetDatum(counts.protections);
	values[2] = Int64GetDatum(counts.protected);
	values[3] = Int64GetDatum(counts.newly_protected);
	values[4] = Int64GetDatum(counts.lifted);
	values[5] = Int64GetDatum(counts.unknown_codes);
	values[6] = Int64GetDatum(counts.replaced_numbers);
	values[7] = Int64GetDatum(rows);
	values[8] = Int64GetDatum(0);
	values[9] = TimestampTzGetDatum(moment);
	values[10] = (Datum) 0;
	nulls[10] = true;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

/* gather adds one staged row to its person. */
static void
gather(Gathered *person, HeapTuple row, TupleDesc desc)
{
	char	   *code = SPI_getvalue(row, desc, 3);
	ProtaddrDelivered *one;
	bool		isnull;
	Datum		value;

	if (person->subject == NULL)
		person->subject = SPI_getvalue(row, desc, 2);
	if (person->replaced_by == NULL)
		person->replaced_by = SPI_getvalue(row, desc, 7);
	if (code == NULL)
		return;
	if (person->ndelivered == MOST)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a person has more than %d protections from one source", MOST),
				 protaddr_errprivate()));
	one = &person->delivered[person->ndelivered++];
	one->code = code;
	value = SPI_getbinval(row, desc, 4, &isnull);
	one->valid_from = isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
	value = SPI_getbinval(row, desc, 5, &isnull);
	one->valid_to = isnull ? DT_NOEND : DatumGetTimestampTz(value);
	value = SPI_getbinval(row, desc, 6, &isnull);
	one->has_delete_hint = !isnull;
	one->delete_hint = isnull ? 0 : DatumGetDateADT(value);
}
