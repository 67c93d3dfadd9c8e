/*
 * write.c
 *		How does a sweep change a row that is somebody's?
 *
 * By an UPDATE of that row, with the rights of the caller and through every trigger there
 * is.  The new values come from a tuplestore and stand in no plan and no parameter; so no
 * log, no plan that is printed and no statistics tell any.  What the table refuses is told
 * in words of ours, without a value.  What was there before is kept sealed, in the same
 * transaction.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"
#include "sweep/sweep_int.h"

#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

/* what the statement calls the tuplestore with the row: found before any table of the name */
#define ROW_NAME	"protaddr_swept_row"

/* ---- what was written --------------------------------------------------------------------- */

/*
 * protaddr_sweep_digest names the content of some columns of a row.  The caller has made
 * the settings plain.
 */
void
protaddr_sweep_digest(TupleDesc desc, HeapTuple row, const Bitmapset *columns, ProtaddrDigest *digest)
{
	pg_cryptohash_ctx *context = protaddr_digest_begin();
	int			column = -1;

	while ((column = bms_next_member(columns, column)) > 0)
	{
		Form_pg_attribute att = TupleDescAttr(desc, column - 1);
		bool		isnull;
		Datum		value = heap_getattr(row, column, desc, &isnull);

		protaddr_digest_add_sized(context, NameStr(att->attname), strlen(NameStr(att->attname)));
		protaddr_digest_add_sized(context, isnull ? "-" : "+", 1);
		if (!isnull)
		{
			char	   *text = protaddr_value_text(att->atttypid, value);

			protaddr_digest_add_sized(context, text, strlen(text));
		}
	}
	protaddr_digest_end(context, digest->bytes);
}

static char *
update_statement(Relation rel, ItemPointer tid, const Bitmapset *columns)
{
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData set;
	StringInfoData returned;
	int			column = -1;

	initStringInfo(&set);
	initStringInfo(&returned);
	appendStringInfoString(&returned, "t.ctid");
	while ((column = bms_next_member(columns, column)) > 0)
	{
		const char *name = quote_identifier(NameStr(TupleDescAttr(desc, column - 1)->attname));

		appendStringInfo(&set, "%s%s = h.%s", set.len > 0 ? ", " : "", name, name);
		appendStringInfo(&returned, ", t.%s", name);
	}
	return psprintf("UPDATE ONLY %s t SET %s FROM " ROW_NAME " h WHERE t.ctid OPERATOR(pg_catalog.=) '(%u,%u)'::pg_catalog.tid RETURNING %s",
					protaddr_qualified_name(RelationGetRelid(rel)), set.data,
					ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid), returned.data);
}

/* is_as_meant tells whether the one row that was returned says what was to be written. */
static bool
is_as_meant(Relation rel, HeapTuple row, const Bitmapset *columns)
{
	int			column = -1;
	int			i = 1;
	bool		same = true;

	while (same && (column = bms_next_member(columns, column)) > 0)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), column - 1);
		bool		wrote_null;
		bool		isnull;
		Datum		wrote = heap_getattr(row, column, RelationGetDescr(rel), &wrote_null);
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, ++i, &isnull);

		same = wrote_null == isnull &&
			(isnull || strcmp(protaddr_value_text(att->atttypid, wrote), protaddr_value_text(att->atttypid, value)) == 0);
	}
	return same;
}

/* protaddr_sweep_why_refused says why an error kept a row from being changed, without a word of the error. */
const char *
protaddr_sweep_why_refused(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE)
		return PROTADDR_SWEEP_NO_PRIVILEGE;
	if (error->sqlerrcode == ERRCODE_PROTADDR_REFUSED)
		return "its gate holds or refuses it (SQLSTATE 23PA1)";
	if (category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
		/* a trigger may call a constraint what it likes: a value of the row */
		return error->constraint_name == NULL || !protaddr_error_tells_nothing(error) ?
			psprintf("a constraint refused it (SQLSTATE %s)", unpack_sql_state(error->sqlerrcode)) :
			psprintf("constraint \"%s\" refused it (SQLSTATE %s)", error->constraint_name,
					 unpack_sql_state(error->sqlerrcode));
	if (category == ERRCODE_READ_ONLY_SQL_TRANSACTION)
		return "it is read-only (SQLSTATE 25006)";
	return psprintf("the table, a trigger or a type refused it (SQLSTATE %s)", unpack_sql_state(error->sqlerrcode));
}

/* protaddr_sweep_ends_by tells whether an error has nothing to do with the row. */
bool
protaddr_sweep_ends_by(const ErrorData *error)
{
	return protaddr_error_ends_all(error) || error->sqlerrcode == ERRCODE_PROTADDR_NOT_READY;
}

/*
 * update runs the statement over the one row.  Gives why it did not come to stand there;
 * NULL: it does.
 */
static const char *
update(Relation rel, HeapTuple row, ItemPointer tid, const Bitmapset *columns, bool as_meant,
	   const List *may_put_off, ItemPointer now)
{
	EphemeralNamedRelation enr = palloc0(sizeof(EphemeralNamedRelationData));
	Tuplestorestate *store = tuplestore_begin_heap(false, false, work_mem);
	char	   *statement = update_statement(rel, tid, columns);
	int			level = protaddr_settle(rel);
	const char *why_not = NULL;

	tuplestore_puttuple(store, row);
	enr->md.name = pstrdup(ROW_NAME);
	enr->md.tupdesc = CreateTupleDescCopy(RelationGetDescr(rel));
	enr->md.enrtype = ENR_NAMED_TUPLESTORE;
	enr->md.enrtuples = 1;
	enr->reldata = store;

	SPI_connect();
	if (SPI_register_relation(enr) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register a row of a sweep");
	if (SPI_execute(statement, false, 0) != SPI_OK_UPDATE_RETURNING)
		elog(ERROR, "could not update a row of a sweep");
	if (SPI_processed == 0)
		why_not = "a trigger or a policy keeps it from being changed";
	else if (as_meant && !is_as_meant(rel, row, columns))
		why_not = "a trigger of the table writes something else";
	else
	{
		bool		isnull;

		*now = *(ItemPointer) DatumGetPointer(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
		/* while errors can still be told of */
		protaddr_put_off_no_longer(may_put_off);
	}
	SPI_finish();
	tuplestore_end(store);
	AtEOXact_GUC(false, level);
	return why_not;
}

/*
 * protaddr_sweep_write writes columns of the row that stands at a place, which is locked.
 * Gives why it could not, and has then changed nothing; NULL: it has, and the row stands
 * now at another place.  as_meant: triggers may not make something else of it.  The caller has
 * made the settings plain.
 */
const char *
protaddr_sweep_write(Relation rel, HeapTuple row, ItemPointer tid, const Bitmapset *columns, bool as_meant,
					 ItemPointer now)
{
	ProtaddrApart apart;
	List	   *may_put_off = protaddr_may_put_off(RelationGetRelid(rel));
	const char *volatile why_not = NULL;

	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		why_not = update(rel, row, tid, columns, as_meant, may_put_off, now);
		protaddr_apart_end(&apart, why_not == NULL);
	}
	PG_CATCH();
	{
		ErrorData  *error = protaddr_apart_failed(&apart);

		if (protaddr_sweep_ends_by(error))
			ReThrowError(error);
		why_not = protaddr_sweep_why_refused(error);
	}
	PG_END_TRY();
	return why_not;
}

/* ---- who may, and when ---------------------------------------------------------------------- */

/* protaddr_sweep_may_update tells whether the caller may update any column of a table. */
bool
protaddr_sweep_may_update(Oid relation)
{
	return pg_attribute_aclcheck_all(relation, GetUserId(), ACL_UPDATE, ACLMASK_ANY) == ACLCHECK_OK ||
		pg_class_aclcheck(relation, GetUserId(), ACL_UPDATE) == ACLCHECK_OK;
}

/* protaddr_sweep_lock keeps others from changing a row; false if somebody has. */
bool
protaddr_sweep_lock(Relation rel, ItemPointer tid)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TM_FailureData failure;
	TM_Result	result = table_tuple_lock(rel, tid, GetActiveSnapshot(), slot, GetCurrentCommandId(false),
										  LockTupleNoKeyExclusive, LockWaitBlock, 0, &failure);

	ExecDropSingleTupleTableSlot(slot);
	return result == TM_Ok;
}
