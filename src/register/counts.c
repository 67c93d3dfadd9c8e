/*
 * counts.c
 *		What did a load count, and who may know it?
 *
 * Of a few people counts are answers about each of them: whoever may not ask whether
 * somebody is protected must not learn it by loading, or trying to load, their record.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_may_read_protections);

static bool
may_ask(Oid role, const void *function)
{
	return protaddr_may_execute(*(const Oid *) function, role);
}

/* protaddr_may_read_protections is protaddr.may_read_protections(). */
Datum
protaddr_may_read_protections(PG_FUNCTION_ARGS)
{
	Oid			type = TEXTOID;
	Oid			function = LookupFuncName(list_make2(makeString("protaddr"), makeString("is_protected")),
										  1, &type, false);

	PG_RETURN_BOOL(protaddr_callers_seen_all(may_ask, &function));
}

/* protaddr_counts gives the row. */
Datum
protaddr_counts(const ProtaddrLoaded *loaded, const ProtaddrReplaced *counts)
{
	int64		numbers[] = {
		counts->persons, counts->protections, counts->protected, counts->newly_protected,
		counts->lifted, counts->unknown_codes, counts->replaced_numbers, loaded->records, loaded->skipped,
		counts->kept, counts->untold, counts->absent, counts->noted, counts->grown
	};
	Datum		values[lengthof(numbers) + 6];
	bool		nulls[lengthof(values)] = {false};
	TupleDesc	desc;
	int			n;

	if (get_call_result_type(loaded->fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (desc->natts != lengthof(values))
		elog(ERROR, "protaddr.load_counts is of another version");
	for (n = 0; n < lengthof(numbers); n++)
		values[n] = Int64GetDatum(numbers[n]);
	values[n++] = BoolGetDatum(counts->tells);
	values[n++] = BoolGetDatum(counts->first);
	values[n++] = TimestampTzGetDatum(loaded->moment);
	nulls[n] = loaded->digest == 0;
	values[n++] = loaded->digest;
	nulls[n] = loaded->types == 0;
	values[n++] = loaded->types;
	nulls[n] = loaded->outcome[0] == '\0';
	values[n] = CStringGetTextDatum(loaded->outcome);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* protaddr_load_is_dry is true if nothing is to be written, however the load comes out. */
bool
protaddr_load_is_dry(Datum asked)
{
	bool		isnull;
	Datum		dry = GetAttributeByName(DatumGetHeapTupleHeader(asked), "dry_run", &isnull);

	return isnull || DatumGetBool(dry);
}

/*
 * protaddr_load_may_write asks protaddr.may_write() whether what was counted may be
 * written, and keeps what it says.  It raises an error if the delivery is refused.  SPI is
 * connected.
 */
bool
protaddr_load_may_write(void *arg, const ProtaddrReplaced *counts)
{
	ProtaddrLoaded *loaded = (ProtaddrLoaded *) arg;
	Datum		values[2] = {loaded->asked, protaddr_counts(loaded, counts)};
	Oid			types[2];
	char	   *outcome;

	for (int i = 0; i < 2; i++)
		types[i] = HeapTupleHeaderGetTypeId(DatumGetHeapTupleHeader(values[i]));
	if (SPI_execute_with_args("SELECT protaddr.may_write($1, $2)", 2, types, values, NULL, false, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not ask whether a delivery may be loaded");
	outcome = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (outcome == NULL)
		elog(ERROR, "it was not said whether a delivery may be loaded");
	strlcpy(loaded->outcome, outcome, sizeof(loaded->outcome));
	SPI_freetuptable(SPI_tuptable);
	return strcmp(loaded->outcome, "loaded") == 0 || strcmp(loaded->outcome, "lifts confirmed") == 0;
}
