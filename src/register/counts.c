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
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
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

/*
 * protaddr_counts gives the row.  digest is the delivery's, types are those of its
 * records; 0 if it has none.
 */
Datum
protaddr_counts(FunctionCallInfo fcinfo, const ProtaddrReplaced *counts, int64 records,
				int64 skipped, TimestampTz moment, Datum digest, Datum types)
{
	int64		numbers[] = {
		counts->persons, counts->protections, counts->protected, counts->newly_protected,
		counts->lifted, counts->unknown_codes, counts->replaced_numbers, records, skipped,
		counts->kept, counts->untold, counts->absent, counts->noted, counts->grown
	};
	Datum		values[lengthof(numbers) + 5];
	bool		nulls[lengthof(values)] = {false};
	TupleDesc	desc;
	int			n;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (desc->natts != lengthof(values))
		elog(ERROR, "protaddr.load_counts is of another version");
	for (n = 0; n < lengthof(numbers); n++)
		values[n] = Int64GetDatum(numbers[n]);
	values[n++] = BoolGetDatum(counts->tells);
	values[n++] = BoolGetDatum(counts->first);
	values[n++] = TimestampTzGetDatum(moment);
	nulls[n] = digest == 0;
	values[n++] = digest;
	nulls[n] = types == 0;
	values[n] = types;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
