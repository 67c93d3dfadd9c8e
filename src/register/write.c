/*
 * write.c
 *		How do the rows of protaddr.protection get closed and added?
 *
 * A thousand at a time: each statement makes PostgreSQL build its picture of the table
 * anew, since our trigger announces a change.  What is in force from now on, which is
 * nearly all, is written without a statement (bulk.c).
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person.h"
#include "register/register_int.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define BATCH_ROWS		1024

/* what differs between ends that a batch tells of */
enum
{
	TOLD_KIND = 0,
	TOLD_SUBJECT,
	TOLD_REGIME,
	TOLD_CODE,
	TOLD_DELETE_HINT,			/* text, "" if there is none */
	TOLD_REASON,				/* "" if there is none */
	TOLD_VALID_FROM,
	TOLD_VALID_TO,
	TOLD_ID,
	TOLD_COLUMNS
};

struct ProtaddrWriter
{
	text	   *source;
	text	   *recorded_by;
	TimestampTz moment;
	MemoryContext context;
	SPIPlanPtr	close;			/* $1 ids, $2 moment */
	SPIPlanPtr	end;			/* $1 ids, $2 moment, $3 ids of what tells of it */
	SPIPlanPtr	tell;			/* the columns, $10 source, $11 moment */
	ProtaddrBulk *bulk;			/* what is in force from now on; NULL: nothing yet */
	MemoryContext per_batch;
	Datum		closed[BATCH_ROWS]; /* ids */
	int			nclosed;
	Datum		ended[BATCH_ROWS];	/* ids, closed too */
	Datum		ending[BATCH_ROWS]; /* ids of the rows that tell of it */
	int			nended;
	Datum		told[TOLD_COLUMNS][BATCH_ROWS];
	int			ntold;
	int64		grown;			/* by how many rows in force */
};

static const char close_rows[] =
"UPDATE protaddr.protection SET recorded_to = $2 "
"WHERE id OPERATOR(pg_catalog.=) ANY ($1) "
"AND recorded_to OPERATOR(pg_catalog.=) 'infinity'";

static const char end_rows[] =
"INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
"valid_to, delete_hint, recorded_from, id) "
"SELECT p.kind, p.subject, p.regime, p.code, p.source, p.valid_from, $2, p.delete_hint, $2, e.id "
"FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3)) AS e (ended, id) "
"JOIN protaddr.protection p ON p.id OPERATOR(pg_catalog.=) e.ended";

/* an end that is told is history: told twice, it is recorded once */
static const char tell_ends[] =
"INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
"valid_to, delete_hint, recorded_from, reason, id) "
"SELECT a.kind, a.subject, a.regime, a.code, $10, a.valid_from, a.valid_to, "
"CASE WHEN a.hint OPERATOR(pg_catalog.<>) '' THEN a.hint::pg_catalog.date END, $11, "
"CASE WHEN a.reason OPERATOR(pg_catalog.<>) '' THEN a.reason END, a.id "
"FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
"pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), "
"pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9)) "
"AS a (kind, subject, regime, code, hint, reason, valid_from, valid_to, id) "
"WHERE NOT EXISTS "
"(SELECT FROM protaddr.protection p "
"WHERE p.subject_key OPERATOR(pg_catalog.=) protaddr.subject_key(a.subject) "
"AND p.source OPERATOR(pg_catalog.=) $10 AND p.regime OPERATOR(pg_catalog.=) a.regime "
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
protaddr_writer_begin(const char *source, TimestampTz moment)
{
	ProtaddrWriter *writer = palloc0(sizeof(ProtaddrWriter));

	writer->source = cstring_to_text(source);
	writer->recorded_by = cstring_to_text(GetUserNameFromId(GetSessionUserId(), false));
	writer->moment = moment;
	writer->context = CurrentMemoryContext;
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
	{
		writer->ended[writer->nended] = Int64GetDatum(id);
		writer->ending[writer->nended++] = Int64GetDatum(protaddr_next_id());
	}
}

/* tell_end adds a row that tells of an end that has come. */
static void
tell_end(ProtaddrWriter *writer, const ProtaddrNewRow *row)
{
	MemoryContext old;
	int			at;

	if (writer->ntold == BATCH_ROWS)
		protaddr_writer_flush(writer);
	old = MemoryContextSwitchTo(writer->per_batch);
	at = writer->ntold++;
	writer->told[TOLD_KIND][at] = CStringGetTextDatum(row->kind);
	writer->told[TOLD_SUBJECT][at] = CStringGetTextDatum(row->subject);
	writer->told[TOLD_REGIME][at] = CStringGetTextDatum(row->regime);
	writer->told[TOLD_CODE][at] = CStringGetTextDatum(row->code);
	writer->told[TOLD_DELETE_HINT][at] =
		CStringGetTextDatum(row->no_delete_hint ? "" :
							DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(row->delete_hint))));
	writer->told[TOLD_REASON][at] = CStringGetTextDatum(row->reason == NULL ? "" : row->reason);
	writer->told[TOLD_VALID_FROM][at] = TimestampTzGetDatum(row->valid_from);
	writer->told[TOLD_VALID_TO][at] = TimestampTzGetDatum(row->valid_to);
	writer->told[TOLD_ID][at] = Int64GetDatum(protaddr_next_id());
	MemoryContextSwitchTo(old);
}

/* fill_in gives all columns of a row that is in force from now on. */
static void
fill_in(ProtaddrWriter *writer, TupleTableSlot *slot, const ProtaddrNewRow *row,
		const ProtaddrIdentifier *id)
{
	Datum	   *values = slot->tts_values - 1;	/* columns are counted from 1 */

	Assert(slot->tts_tupleDescriptor->natts == PROTECTION_COLUMNS - 1);
	memset(slot->tts_isnull, 0, (PROTECTION_COLUMNS - 1) * sizeof(bool));
	values[PROTECTION_SUBJECT_KEY] = PointerGetDatum(cstring_to_text_with_len(id->key, id->len));
	values[PROTECTION_KIND] = CStringGetTextDatum(row->kind);
	values[PROTECTION_ID] = Int64GetDatum(protaddr_next_id());
	values[PROTECTION_SUBJECT] = CStringGetTextDatum(row->subject);
	values[PROTECTION_REGIME] = CStringGetTextDatum(row->regime);
	values[PROTECTION_CODE] = CStringGetTextDatum(row->code);
	values[PROTECTION_SOURCE] = PointerGetDatum(writer->source);
	values[PROTECTION_VALID_FROM] = TimestampTzGetDatum(row->valid_from);
	values[PROTECTION_VALID_TO] = TimestampTzGetDatum(row->valid_to);
	values[PROTECTION_DELETE_HINT] = DateADTGetDatum(row->delete_hint);
	slot->tts_isnull[PROTECTION_DELETE_HINT - 1] = row->no_delete_hint;
	values[PROTECTION_RECORDED_FROM] = TimestampTzGetDatum(writer->moment);
	values[PROTECTION_RECORDED_TO] = TimestampTzGetDatum(DT_NOEND);
	values[PROTECTION_RECORDED_BY] = PointerGetDatum(writer->recorded_by);
	values[PROTECTION_REASON] = row->reason == NULL ? (Datum) 0 : CStringGetTextDatum(row->reason);
	slot->tts_isnull[PROTECTION_REASON - 1] = row->reason == NULL;
	values[PROTECTION_ENDS_AT] = TimestampTzGetDatum(row->ends_at);
	slot->tts_isnull[PROTECTION_ENDS_AT - 1] = TIMESTAMP_IS_NOEND(row->ends_at);
}

/*
 * protaddr_writer_add adds a row.  What takes its place must have been closed before, in
 * this batch or an earlier one.  It leaves memory to be reset by the caller.
 */
void
protaddr_writer_add(ProtaddrWriter *writer, const ProtaddrNewRow *row)
{
	TupleTableSlot *slot;
	ProtaddrIdentifier id;

	if (!TIMESTAMP_IS_NOEND(row->valid_to))
	{
		tell_end(writer, row);
		return;
	}
	if (writer->bulk == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		writer->bulk = protaddr_bulk_begin(protaddr_table(PROTADDR_PROTECTION), NULL);
		MemoryContextSwitchTo(old);
	}
	else if (protaddr_bulk_full(writer->bulk))
		protaddr_writer_flush(writer);
	if (!protaddr_identifier_from_text(row->subject, strlen(row->subject), &id))
		elog(ERROR, "an identifier has changed");
	slot = protaddr_bulk_row(writer->bulk);
	fill_in(writer, slot, row, &id);
	protaddr_bulk_add(writer->bulk);
	writer->grown++;
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
	Datum		values[TOLD_COLUMNS + 2];
	Oid			ids[3] = {INT8ARRAYOID, TIMESTAMPTZOID, INT8ARRAYOID};
	Oid			tells[TOLD_COLUMNS + 2] = {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID, TEXTOID, TIMESTAMPTZOID};

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
			writer->end = prepare(end_rows, 3, ids);
		values[0] = array_of(writer->ended, writer->nended, INT8OID);
		values[1] = TimestampTzGetDatum(writer->moment);
		values[2] = array_of(writer->ending, writer->nended, INT8OID);
		run(writer->end, values, writer->nended);
	}
	if (writer->ntold > 0)
	{
		if (writer->tell == NULL)
			writer->tell = prepare(tell_ends, TOLD_COLUMNS + 2, tells);
		for (int i = 0; i < TOLD_COLUMNS; i++)
			values[i] = array_of(writer->told[i], writer->ntold,
								 i < TOLD_VALID_FROM ? TEXTOID : i < TOLD_ID ? TIMESTAMPTZOID : INT8OID);
		values[TOLD_COLUMNS] = PointerGetDatum(writer->source);
		values[TOLD_COLUMNS + 1] = TimestampTzGetDatum(writer->moment);
		run(writer->tell, values, -1);
	}
	if (writer->bulk != NULL)
		protaddr_bulk_flush(writer->bulk);
	writer->nclosed = writer->nended = writer->ntold = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->per_batch);
}

/* protaddr_writer_end writes what is left; it gives by how many the rows in force have grown. */
int64
protaddr_writer_end(ProtaddrWriter *writer)
{
	protaddr_writer_flush(writer);
	if (writer->bulk != NULL)
		protaddr_bulk_end(writer->bulk);
	return writer->grown;
}
