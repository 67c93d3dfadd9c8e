/*
 * forget.c
 *		How does history leave that may no longer be kept?
 *
 * Our tables' trigger refuses every DELETE but the ones made here, and of these it
 * looks at each row: what is in force stays, whoever asks.  What goes was closed or
 * had ended, so no look-up reads it, no cache holds it, and nothing is disclosed
 * that was not before.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* True only while one of the statements below runs. */
static bool forgetting = false;

PG_FUNCTION_INFO_V1(protaddr_forget_rows);

static uint64 forget_from(const char *statement, Datum *args);
static TimestampTz end_of(TriggerData *trigdata, const char *column);

/*
 * protaddr_may_forget tells the trigger whether the row it is to see deleted goes
 * because protaddr_forget_rows says so, and is not in force.
 */
bool
protaddr_may_forget(TriggerData *trigdata)
{
	return forgetting && TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) &&
		TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) &&
		(!TIMESTAMP_IS_NOEND(end_of(trigdata, "recorded_to")) ||
		 !TIMESTAMP_IS_NOEND(end_of(trigdata, "valid_to")));
}

/* end_of gives an end that the row tells; infinity if it has no such column. */
static TimestampTz
end_of(TriggerData *trigdata, const char *column)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	int			number = SPI_fnumber(desc, column);
	bool		isnull;
	Datum		value;

	if (number <= 0 || TupleDescAttr(desc, number - 1)->atttypid != TIMESTAMPTZOID)
		return DT_NOEND;
	value = heap_getattr(trigdata->tg_trigtuple, number, desc, &isnull);
	return isnull ? DT_NOEND : DatumGetTimestampTz(value);
}

/*
 * protaddr_forget_rows is protaddr.forget_rows(text, timestamptz): it removes what
 * was closed or ended before the time, of one canonical identifier, and gives the
 * number of rows.  Only protaddr.forget_subject() calls it, which runs as the
 * extension's owner and keeps the record.
 */
Datum
protaddr_forget_rows(PG_FUNCTION_ARGS)
{
	TimestampTz before = PG_GETARG_TIMESTAMPTZ(1);
	Datum		args[2];
	uint64		rows;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to remove history directly"),
				 errhint("Use protaddr.forget_subject(), which can be granted.")));
	/* whatever ends at all ends before infinity */
	if (TIMESTAMP_NOT_FINITE(before))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("history can only be removed up to a point in time")));

	args[0] = PG_GETARG_DATUM(0);
	args[1] = TimestampTzGetDatum(before);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	rows = forget_from("DELETE FROM protaddr.protection "
					   "WHERE subject_key OPERATOR(pg_catalog.=) $1 "
					   "AND (recorded_to OPERATOR(pg_catalog.<) $2 OR valid_to OPERATOR(pg_catalog.<) $2)", args);
	rows += forget_from("DELETE FROM protaddr.identity_link "
						"WHERE (identifier_key OPERATOR(pg_catalog.=) $1 OR subject_key OPERATOR(pg_catalog.=) $1) "
						"AND recorded_to OPERATOR(pg_catalog.<>) 'infinity' "
						"AND recorded_to OPERATOR(pg_catalog.<) $2", args);
	rows += forget_from("DELETE FROM protaddr.substitute_address "
						"WHERE subject_key OPERATOR(pg_catalog.=) $1 "
						"AND recorded_to OPERATOR(pg_catalog.<) $2", args);
	rows += forget_from("DELETE FROM protaddr.birth_data "
						"WHERE subject_key OPERATOR(pg_catalog.=) $1 "
						"AND recorded_to OPERATOR(pg_catalog.<) $2", args);
	SPI_finish();
	PG_RETURN_INT64((int64) rows);
}

static uint64
forget_from(const char *statement, Datum *args)
{
	Oid			types[2] = {TEXTOID, TIMESTAMPTZOID};

	PG_TRY();
	{
		forgetting = true;
		if (SPI_execute_with_args(statement, 2, types, args, NULL, false, 0) != SPI_OK_DELETE)
			elog(ERROR, "could not remove history");
	}
	PG_FINALLY();
	{
		forgetting = false;
	}
	PG_END_TRY();
	return SPI_processed;
}
