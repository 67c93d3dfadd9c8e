/*
 * write.c
 *		How do the rows of protaddr.protection get closed and added?
 *
 * A thousand at a time: each statement makes PostgreSQL build its picture of the table
 * anew, since our trigger announces a change.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register_int.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define BATCH_ROWS		1024

/* what differs between the rows that a batch adds */
enum
{
	ADD_KIND = 0,
	ADD_SUBJECT,
	ADD_REGIME,
	ADD_CODE,
	ADD_DELETE_HINT,			/* text, "" if there is none */
	ADD_REASON,					/* "" if there is none */
	ADD_VALID_FROM,
	ADD_VALID_TO,
	ADD_COLUMNS
};

struct ProtaddrWriter
{
	const char *source;
	const char *regime;
	TimestampTz moment;
	SPIPlanPtr	close;			/* $1 ids, $2 moment */
	SPIPlanPtr	end;			/* $1 ids, $2 moment */
	SPIPlanPtr	add;			/* the columns, $9 source, $10 moment */
	MemoryContext per_batch;
	Datum		closed[BATCH_ROWS]; /* ids */
	int			nclosed;
	Datum		ended[BATCH_ROWS];	/* ids, closed too */
	int			nended;
	Datum		added[ADD_COLUMNS][BATCH_ROWS];
	int			nadded;
	int64		grown;			/* by how many rows in force */
};

static const char close_rows[] =
"UPDATE protaddr.protection SET recorded_to = $2 "
"WHERE id OPERATOR(pg_catalog.=) ANY ($1) "
"AND recorded_to OPERATOR(pg_catalog.=) 'infinity'";

static const char end_rows[] =
"INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
"valid_to, delete_hint, recorded_from) "
"SELECT kind, subject, regime, code, source, valid_from, $2, delete_hint, $2 "
"FROM protaddr.protection WHERE id OPERATOR(pg_catalog.=) ANY ($1)";

/* an end that is told is history: told twice, it is recorded once */
static const char add_rows[] =
"INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
"valid_to, delete_hint, recorded_from, reason) "
"SELECT a.kind, a.subject, a.regime, a.code, $9, a.valid_from, a.valid_to, "
"CASE WHEN a.hint OPERATOR(pg_catalog.<>) '' THEN a.hint::pg_catalog.date END, $10, "
"CASE WHEN a.reason OPERATOR(pg_catalog.<>) '' THEN a.reason END "
"FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
"pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), "
"pg_catalog.unnest($7), pg_catalog.unnest($8)) "
"AS a (kind, subject, regime, code, hint, reason, valid_from, valid_to) "
"WHERE a.valid_to OPERATOR(pg_catalog.=) 'infinity' OR NOT EXISTS "
"(SELECT FROM protaddr.protection p "
"WHERE p.subject_key OPERATOR(pg_catalog.=) protaddr.subject_key(a.subject) "
"AND p.source OPERATOR(pg_catalog.=) $9 AND p.regime OPERATOR(pg_catalog.=) a.regime "
"AND p.code OPERATOR(pg_catalog.=) a.code "
"AND p.valid_from OPERATOR(pg_catalog.=) a.valid_from "
"AND p.valid_to OPERATOR(pg_catalog.=) a.valid_to "
"AND p.recorded_to OPERATOR(pg_catalog.=) 'infinity')";

static SPIPlanPtr
prepare(const char *query, int nargs, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(query, nargs, types);

	if (plan == NULL)
		elog(ERROR, "could not prepare a statement of the load");
	return plan;
}

/* protaddr_writer_begin readies the writing of what a source says.  SPI is connected. */
ProtaddrWriter *
protaddr_writer_begin(const char *source, const char *regime, TimestampTz moment)
{
	ProtaddrWriter *writer = palloc0(sizeof(ProtaddrWriter));

	writer->source = source;
	writer->regime = regime;
	writer->moment = moment;
	writer->per_batch = AllocSetContextCreate(CurrentMemoryContext, "protaddr load, one batch",
											  ALLOCSET_DEFAULT_SIZES);
	return writer;
}

/* protaddr_writer_close closes a row; with end, one is added that tells it has ended now. */
void
protaddr_writer_close(ProtaddrWriter *writer, int64 id, bool end)
{
	if (writer->nclosed == BATCH_ROWS)
		protaddr_writer_flush(writer);
	writer->closed[writer->nclosed++] = Int64GetDatum(id);
	writer->grown--;
	if (end)
		writer->ended[writer->nended++] = Int64GetDatum(id);
}

/*
 * protaddr_writer_add adds a row.  What takes its place must have been closed before, in
 * this batch or an earlier one.
 */
void
protaddr_writer_add(ProtaddrWriter *writer, const char *subject, const char *kind,
					const char *regime, const char *code, bool has_delete_hint,
					DateADT delete_hint, TimestampTz valid_from, TimestampTz valid_to,
					const char *reason)
{
	MemoryContext old;
	int			at;

	if (writer->nadded == BATCH_ROWS)
		protaddr_writer_flush(writer);
	old = MemoryContextSwitchTo(writer->per_batch);
	at = writer->nadded++;
	writer->grown += TIMESTAMP_IS_NOEND(valid_to);
	writer->added[ADD_KIND][at] = CStringGetTextDatum(kind);
	writer->added[ADD_SUBJECT][at] = CStringGetTextDatum(subject);
	writer->added[ADD_REGIME][at] = CStringGetTextDatum(regime);
	writer->added[ADD_CODE][at] = CStringGetTextDatum(code);
	writer->added[ADD_DELETE_HINT][at] =
		CStringGetTextDatum(has_delete_hint ?
							DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(delete_hint))) : "");
	writer->added[ADD_REASON][at] = CStringGetTextDatum(reason == NULL ? "" : reason);
	writer->added[ADD_VALID_FROM][at] = TimestampTzGetDatum(valid_from);
	writer->added[ADD_VALID_TO][at] = TimestampTzGetDatum(valid_to);
	MemoryContextSwitchTo(old);
}

/* protaddr_writer_grown tells by how many the rows in force have grown. */
int64
protaddr_writer_grown(const ProtaddrWriter *writer)
{
	return writer->grown;
}

/*
 * run executes a statement of a batch.  Another number of rows than the batch has
 * means that our view of the register is not the statement's: under REPEATABLE READ
 * another load was committed meanwhile.
 */
static void
run(SPIPlanPtr plan, Datum *values, int rows)
{
	int			done = SPI_execute_plan(plan, values, NULL, false, 0);

	if (done != SPI_OK_INSERT && done != SPI_OK_UPDATE)
		elog(ERROR, "a statement of the load failed");
	if (rows >= 0 && SPI_processed != rows)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the register was changed by another load at the same time"),
				 errhint("Load again, in a READ COMMITTED transaction."),
				 protaddr_errprivate()));
}

static Datum
array_of(Datum *values, int n, Oid type)
{
	return PointerGetDatum(type == TEXTOID ?
						   construct_array(values, n, type, -1, false, TYPALIGN_INT) :
						   construct_array(values, n, type, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* protaddr_writer_flush writes what the batch has gathered: what is closed before what is added. */
void
protaddr_writer_flush(ProtaddrWriter *writer)
{
	MemoryContext old = MemoryContextSwitchTo(writer->per_batch);
	Datum		values[ADD_COLUMNS + 2];
	Oid			ids[2] = {INT8ARRAYOID, TIMESTAMPTZOID};
	Oid			adds[ADD_COLUMNS + 2] = {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TEXTOID, TIMESTAMPTZOID};

	/* prepared when first needed: an event needs one of them at most */
	if (writer->nclosed > 0)
	{
		if (writer->close == NULL)
			writer->close = prepare(close_rows, 2, ids);
		values[0] = array_of(writer->closed, writer->nclosed, INT8OID);
		values[1] = TimestampTzGetDatum(writer->moment);
		run(writer->close, values, writer->nclosed);
	}
	if (writer->nended > 0)
	{
		if (writer->end == NULL)
			writer->end = prepare(end_rows, 2, ids);
		values[0] = array_of(writer->ended, writer->nended, INT8OID);
		values[1] = TimestampTzGetDatum(writer->moment);
		run(writer->end, values, writer->nended);
	}
	if (writer->nadded > 0)
	{
		if (writer->add == NULL)
			writer->add = prepare(add_rows, ADD_COLUMNS + 2, adds);
		for (int i = 0; i < ADD_COLUMNS; i++)
			values[i] = array_of(writer->added[i], writer->nadded,
								 i < ADD_VALID_FROM ? TEXTOID : TIMESTAMPTZOID);
		values[ADD_COLUMNS] = CStringGetTextDatum(writer->source);
		values[ADD_COLUMNS + 1] = TimestampTzGetDatum(writer->moment);
		run(writer->add, values, -1);
	}
	writer->nclosed = writer->nended = writer->nadded = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->per_batch);
}
