/*
 * forget.c
 *		How does history leave that may no longer be kept?
 *
 * Our tables' trigger (base/own_tables.c) refuses every DELETE but the ones made here,
 * and of these it looks at each row: what is in force stays, whoever asks.  What goes was closed or
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

PG_FUNCTION_INFO_V1(protaddr_forget_rows);

static uint64 forget_from(const char *statement, Datum *args);

static const ProtaddrOwnTable tables[] = {
	{.name = "register_forgotten", .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE},
	{.name = "register_delivery"},
	{.name = "register_feed"},
};

const ProtaddrPart protaddr_register_part = {
	PROTADDR_TABLES(tables),
};

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

	protaddr_forgetting(true);
	PG_TRY();
	{
		if (SPI_execute_with_args(statement, 2, types, args, NULL, false, 0) != SPI_OK_DELETE)
			elog(ERROR, "could not remove history");
	}
	PG_FINALLY();
	{
		protaddr_forgetting(false);
	}
	PG_END_TRY();
	return SPI_processed;
}
