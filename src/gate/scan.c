/*
 * scan.c
 *		Is everything that is stored behind a gate released?
 *
 * Finds rows that are older than the gate, that came in while a trigger was missing, or whose
 * person was protected since.  Amounts are not weighed again.  Writers are not locked out,
 * nothing is written, and no value is shown.
 */
#include "postgres.h"

#include "base/base.h"
#include "door/door.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "law/law.h"
#include "message/rewrite.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_verify_gate);

#define SHOW_EVERY_MS	5000
#define FETCHED_ROWS	1000

typedef struct Verification
{
	ReturnSetInfo *result;
	MemoryContext per_row;
	Relation	root;
	Relation	rel;			/* the partition at hand */
	const ProtaddrGate *gate;
	ItemPointerData last;		/* the row verified last */
	int64		rows;
	int64		problems;
	TimestampTz started;
	TimestampTz shown;
} Verification;

/* What an update would do with a value.  NULL: not known. */
typedef struct Foreseen
{
	const char *action;
	const char *because;
} Foreseen;

static void verify_all(Verification *v, List *relations, Oid continue_in, ItemPointer after);
static void verify_relation(Verification *verification, ItemPointer after);
static void verify_foreign(Verification *verification);
static void verify_row(Verification *verification, HeapTuple row, ItemPointer tid);
static void verify_columns(Verification *verification, HeapTuple row, ItemPointer tid);
static const char *problem_of_address(Verification *verification, HeapTuple row, ProtaddrSeal *seal,
									  const ProtaddrChannel *channel, const ProtaddrTransfer *transfer);
static const char *problem_of_message(Verification *verification, HeapTuple row,
									  const ProtaddrGateMessage *column, Datum value,
									  const ProtaddrChannel *channel,
									  const ProtaddrTransfer *transfer);
static void foresee(const ProtaddrGateMessage *message, Datum value, const ProtaddrChannel *channel,
					const ProtaddrTransfer *transfer, Foreseen *foreseen);
static void verify_texts(Verification *verification, HeapTuple row, ItemPointer tid,
						 const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
						 const Bitmapset *noted);
static void note_problem(Verification *verification, ItemPointer tid, AttrNumber column,
						 const char *problem, const Foreseen *foreseen);
static void show_progress(Verification *verification);

static void
check_may_verify(Oid relation)
{
	protaddr_check_privilege(relation, ACL_SELECT);
}

/*
 * protaddr_verify_gate is protaddr.verify_gate(relation, continue_in, after).  The
 * caller needs SELECT on the table.
 */
Datum
protaddr_verify_gate(PG_FUNCTION_ARGS)
{
	Verification verification;
	Verification *v = &verification;
	volatile Oid continue_in = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
	ItemPointer after = PG_ARGISNULL(2) ? NULL : (ItemPointer) PG_GETARG_POINTER(2);
	List	   *partitions;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("verify_gate() needs a table")));
	memset(v, 0, sizeof(*v));
	InitMaterializedSRF(fcinfo, 0);
	v->result = (ReturnSetInfo *) fcinfo->resultinfo;
	v->per_row = AllocSetContextCreate(CurrentMemoryContext, "protaddr verify", ALLOCSET_DEFAULT_SIZES);
	v->root = protaddr_open_permitted(PG_GETARG_OID(0), AccessShareLock, check_may_verify);
	if (check_enable_rls(RelationGetRelid(v->root), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security hides rows of table \"%s\", so they cannot be verified",
						RelationGetRelationName(v->root))));
	if (protaddr_gate_of_table(v->root) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s\" has no gate", RelationGetRelationName(v->root)),
				 errhint("protaddr.install_gate() installs one.")));
	partitions = find_all_inheritors(RelationGetRelid(v->root), AccessShareLock, NULL);
	if (OidIsValid(continue_in) && !list_member_oid(partitions, continue_in))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("continue_in is not a partition of the table")));
	if (after != NULL && !OidIsValid(continue_in) && list_length(partitions) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("continue_in is missing"),
				 errhint("The table has partitions: say in which one to continue.")));

	v->started = v->shown = GetCurrentTimestamp();
	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, RelationGetRelid(v->root));
	pgstat_progress_update_param(PROTADDR_PROGRESS_IS_VERIFY, 1);
	PG_TRY();
	{
		verify_all(v, partitions, continue_in, after);
	}
	PG_CATCH();
	{
		if (v->rel != NULL && ItemPointerIsValid(&v->last) && geterrcode() == ERRCODE_QUERY_CANCELED)
			ereport(NOTICE,
					(errmsg("verified " INT64_FORMAT " rows of %s, with " INT64_FORMAT " problems",
							v->rows, RelationGetRelationName(v->root), v->problems),
					 errhint("To go on: protaddr.verify_gate(%s, continue_in => %s, after => '(%u,%u)')",
							 quote_literal_cstr(protaddr_qualified_name(RelationGetRelid(v->root))),
							 quote_literal_cstr(protaddr_qualified_name(RelationGetRelid(v->rel))),
							 ItemPointerGetBlockNumber(&v->last), ItemPointerGetOffsetNumber(&v->last))));
		PG_RE_THROW();
	}
	PG_END_TRY();
	pgstat_progress_end_command();
	relation_close(v->root, NoLock);
	MemoryContextDelete(v->per_row);
	return (Datum) 0;
}

/* verify_all verifies a table and all tables below it, starting at one relation and row. */
static void
verify_all(Verification *v, List *relations, Oid continue_in, ItemPointer after)
{
	ListCell   *cell;

	foreach(cell, relations)
	{
		if (OidIsValid(continue_in) && lfirst_oid(cell) != continue_in)
			continue;
		v->rel = relation_open(lfirst_oid(cell), AccessShareLock);
		pgstat_progress_update_param(PROTADDR_PROGRESS_PARTITION, lfirst_oid(cell));
		ItemPointerSetInvalid(&v->last);
		v->gate = protaddr_gate_of_table(v->rel);
		if (v->gate == NULL)
			note_problem(v, NULL, InvalidAttrNumber, "has no gate", NULL);
		else if (v->rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
			verify_foreign(v);
		else if (RELKIND_HAS_TABLE_AM(v->rel->rd_rel->relkind))
			verify_relation(v, after);
		relation_close(v->rel, NoLock);
		v->rel = NULL;
		continue_in = InvalidOid;
		after = NULL;
	}
}

/* verify_relation verifies the stored rows in physical order, starting after a row. */
static void
verify_relation(Verification *verification, ItemPointer after)
{
	Relation	rel = verification->rel;
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	ItemPointerData from;
	ItemPointerData to;
	TableScanDesc scan;

	ItemPointerSet(&from, 0, FirstOffsetNumber);
	if (after != NULL)
	{
		from = *after;
		ItemPointerInc(&from);
	}
	ItemPointerSet(&to, MaxBlockNumber, MaxOffsetNumber);
	scan = table_beginscan_tidrange(rel, snapshot, &from, &to);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
	{
		bool		to_free;
		HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, &to_free);

		verify_row(verification, row, &slot->tts_tid);
		if (to_free)
			heap_freetuple(row);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
}

/* verify_foreign reads the other server with the caller's rights.  Its rows have no ctid here. */
static void
verify_foreign(Verification *verification)
{
	Relation	rel = verification->rel;
	StringInfoData query;
	Portal		cursor;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT stored FROM ONLY %s AS stored", protaddr_qualified_name(RelationGetRelid(rel)));
	SPI_connect();
	cursor = SPI_cursor_open_with_args(NULL, query.data, 0, NULL, NULL, NULL, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(cursor, true, FETCHED_ROWS);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			SPITupleTable *rows = SPI_tuptable;
			uint64		processed = SPI_processed;
			bool		isnull;
			HeapTupleHeader header =
			DatumGetHeapTupleHeader(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull));
			HeapTupleData row;

			row.t_len = HeapTupleHeaderGetDatumLength(header);
			ItemPointerSetInvalid(&row.t_self);
			row.t_tableOid = RelationGetRelid(rel);
			row.t_data = header;
			verify_row(verification, &row, NULL);
			SPI_tuptable = rows;
			SPI_processed = processed;
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(cursor);
	SPI_finish();
}

/* verify_row reports a row that cannot be read as a problem, and goes on. */
static void
verify_row(Verification *verification, HeapTuple row, ItemPointer tid)
{
	MemoryContext context = MemoryContextSwitchTo(verification->per_row);
	ProtaddrApart apart;

	CHECK_FOR_INTERRUPTS();
	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		verify_columns(verification, row, tid);
		protaddr_apart_end(&apart, true);
	}
	PG_CATCH();
	{
		ErrorData  *error = protaddr_apart_failed(&apart);

		if (protaddr_error_ends_all(error))
			ReThrowError(error);
		note_problem(verification, tid, InvalidAttrNumber,
					 psprintf("cannot be checked (SQLSTATE %s)", unpack_sql_state(error->sqlerrcode)), NULL);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	MemoryContextReset(verification->per_row);

	verification->rows++;
	if (tid != NULL)
		verification->last = *tid;
	if ((verification->rows & 255) == 0)
		show_progress(verification);
}

static void
verify_columns(Verification *verification, HeapTuple row, ItemPointer tid)
{
	const ProtaddrGate *gate = verification->gate;
	TupleDesc	desc = RelationGetDescr(verification->rel);
	const ProtaddrChannel *channel = protaddr_gate_channel(gate, row, desc, true);
	ProtaddrTransfer transfer;
	Bitmapset  *noted = NULL;	/* columns */

	if (channel == NULL)
	{
		note_problem(verification, tid, gate->channel.number, "its channel does not exist or is not in force", NULL);
		return;
	}
	protaddr_gate_transfer(gate, row, desc, &transfer);
	for (int i = 0; i < gate->naddresses; i++)
	{
		AttrNumber	column = gate->addresses[i].number;
		bool		isnull;
		Datum		value = heap_getattr(row, column, desc, &isnull);
		ProtaddrTransfer other = transfer;
		Foreseen	foreseen;
		const char *problem;

		if (isnull)
			continue;
		if (gate->addresses[i].person != 0)
			protaddr_gate_person(gate, gate->addresses[i].person, row, desc, &other);
		problem = problem_of_address(verification, row, (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value), channel,
									 &other);
		if (problem == NULL)
			continue;
		foresee(NULL, value, channel, &other, &foreseen);
		note_problem(verification, tid, column, problem, &foreseen);
	}
	transfer.has_row = gate->args.subject != NULL;
	for (int i = 0; i < gate->nmessages; i++)
	{
		ProtaddrGateMessage column = gate->messages[i];
		bool		isnull;
		Datum		value = heap_getattr(row, column.number, desc, &isnull);
		Foreseen	foreseen;
		const char *problem;

		if (isnull)
			continue;
		/* a domain is code of whoever made it, and whoever verifies lends it no rights */
		column.domain = InvalidOid;
		problem = problem_of_message(verification, row, &column, value, channel, &transfer);
		if (problem == NULL)
			continue;
		foresee(&column, value, channel, &transfer, &foreseen);
		note_problem(verification, tid, column.number, problem, &foreseen);
		noted = bms_add_member(noted, column.number);
	}
	verify_texts(verification, row, tid, channel, &transfer, noted);
}

typedef struct Row
{
	HeapTuple	row;
	TupleDesc	desc;
} Row;

static Datum
row_value(const void *row, AttrNumber column, bool *isnull)
{
	return heap_getattr(((const Row *) row)->row, column, ((const Row *) row)->desc, isnull);
}

/* verify_texts looks through the texts of a row as its gate would if it were written again. */
static void
verify_texts(Verification *verification, HeapTuple row, ItemPointer tid, const ProtaddrChannel *channel,
			 const ProtaddrTransfer *transfer, const Bitmapset *noted)
{
	const ProtaddrGate *gate = verification->gate;
	Row			stored = {row, RelationGetDescr(verification->rel)};
	ListCell   *cell;

	foreach(cell, protaddr_gate_texts(gate, row_value, &stored, channel, transfer, NULL, true))
	{
		const ProtaddrTextFound *found = lfirst(cell);
		Foreseen	foreseen = {protaddr_action_word(found->action), found->why};

		if (found->action == PROTADDR_DISCLOSE || bms_is_member(found->column->number, noted) ||
			protaddr_held_covers(gate, row, stored.desc))
			continue;
		if (found->action == PROTADDR_WITHHOLD)
			foreseen.action = "reduce";
		note_problem(verification, tid, found->column->number,
					 psprintf("may hold a protected address, which may not leave through channel \"%s\"", channel->name),
					 &foreseen);
	}
}

static const char *
problem_of_address(Verification *verification, HeapTuple row, ProtaddrSeal *seal,
				   const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	switch (protaddr_seal_state(seal))
	{
		case PROTADDR_SEAL_WHOLE:
			break;
		case PROTADDR_SEAL_NO_KEY:
			return "its data key is missing";
		case PROTADDR_SEAL_ALTERED:
			return "was altered after it was sealed";
	}
	if (protaddr_gate_is_released(verification->gate, row, RelationGetDescr(verification->rel), seal, channel, transfer))
		return NULL;
	return psprintf("is not released for channel \"%s\"", channel->name);
}

/* protaddr_gate_is_released tells whether an address, which is whole, is what its gate lets leave. */
bool
protaddr_gate_is_released(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc, ProtaddrSeal *seal,
						  const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	ProtaddrTransfer decided = *transfer;

	if (protaddr_is_released(seal, channel, transfer))
		return true;
	/* or it is what somebody has decided of this very payment */
	decided.hold_decided = true;
	decided.after_hold = PROTADDR_DISCLOSE;
	return protaddr_is_released(seal, channel, &decided) && protaddr_held_covers(gate, row, desc);
}

/* problem_of_message rewrites the message again, without recording or refusing. */
static const char *
problem_of_message(Verification *verification, HeapTuple row, const ProtaddrGateMessage *column,
				   Datum value, const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	const ProtaddrGate *gate = verification->gate;
	ProtaddrAnswer answer;
	Datum		leaves;

	if (protaddr_gate_message(PROTADDR_ASK_AS_STORED, column, value, channel, transfer, &leaves,
							  &answer, NULL) == PROTADDR_LEAVE)
		return leaves == value ? NULL : psprintf("holds more than may leave through channel \"%s\"", channel->name);
	if (protaddr_held_covers(gate, row, RelationGetDescr(verification->rel)))
		return NULL;
	if (answer.rule == PROTADDR_RULE_UNREADABLE)
		return "is not a readable message";
	return psprintf("holds what channel \"%s\" holds or blocks", channel->name);
}

/*
 * foresee tells what an update of the row, without a change, would do with an address or a
 * message.  It does so and rolls back, so that a disclosure leaves no record.
 */
static void
foresee(const ProtaddrGateMessage *message, Datum value, const ProtaddrChannel *channel,
		const ProtaddrTransfer *transfer, Foreseen *foreseen)
{
	ProtaddrApart apart;
	volatile bool reduces = false;
	volatile bool done = false;
	ProtaddrAnswer answer;

	memset(foreseen, 0, sizeof(*foreseen));
	memset(&answer, 0, sizeof(answer));
	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		if (message == NULL)
			(void) protaddr_release((ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value), channel, transfer,
									&answer);
		else
		{
			Datum		leaves = value;

			reduces = protaddr_gate_message(PROTADDR_ASK_NOW, message, value, channel, transfer, &leaves,
											&answer, NULL) == PROTADDR_LEAVE && leaves != value;
		}
		done = true;
		protaddr_apart_end(&apart, false);
	}
	PG_CATCH();
	{
		/* if it is blocked, the answer says so; otherwise there is no answer */
		ErrorData  *error = protaddr_apart_failed(&apart);

		if (protaddr_error_ends_all(error))
			ReThrowError(error);
	}
	PG_END_TRY();

	if (!done && answer.law == NULL)
		return;
	foreseen->action = reduces ? "reduce" : protaddr_action_word(answer.law == NULL ? PROTADDR_LEAVE : answer.action);
	if (answer.law != NULL)
		foreseen->because = protaddr_rule_why(answer.rule);
}

static void
note_problem(Verification *verification, ItemPointer tid, AttrNumber column, const char *problem,
			 const Foreseen *foreseen)
{
	Datum		values[6];
	bool		nulls[6] = {false};
	NameData	name;

	values[0] = ObjectIdGetDatum(RelationGetRelid(verification->rel));
	nulls[1] = tid == NULL;
	values[1] = PointerGetDatum(tid);
	nulls[2] = column == InvalidAttrNumber;
	if (!nulls[2])
		namestrcpy(&name, NameStr(TupleDescAttr(RelationGetDescr(verification->rel), column - 1)->attname));
	values[2] = NameGetDatum(&name);
	values[3] = CStringGetTextDatum(problem);
	nulls[4] = foreseen == NULL || foreseen->action == NULL;
	if (!nulls[4])
		values[4] = CStringGetTextDatum(foreseen->action);
	nulls[5] = foreseen == NULL || foreseen->because == NULL;
	if (!nulls[5])
		values[5] = CStringGetTextDatum(foreseen->because);
	tuplestore_putvalues(verification->result->setResult, verification->result->setDesc, values, nulls);
	verification->problems++;
	show_progress(verification);
}

/* show_progress begins anew each time, since a subtransaction that is rolled back ends it. */
static void
show_progress(Verification *verification)
{
	TimestampTz now = GetCurrentTimestamp();
	double		seconds;

	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, RelationGetRelid(verification->root));
	pgstat_progress_update_param(PROTADDR_PROGRESS_IS_VERIFY, 1);
	pgstat_progress_update_param(PROTADDR_PROGRESS_PARTITION, RelationGetRelid(verification->rel));
	pgstat_progress_update_param(PROTADDR_PROGRESS_VERIFIED, verification->rows);
	pgstat_progress_update_param(PROTADDR_PROGRESS_PROBLEMS, verification->problems);
	if (!TimestampDifferenceExceeds(verification->shown, now, SHOW_EVERY_MS))
		return;
	verification->shown = now;
	seconds = (double) (now - verification->started) / USECS_PER_SEC;
	ereport(NOTICE,
			(errmsg("verified " INT64_FORMAT " rows of \"%s\", " INT64_FORMAT " problems, %.0f rows/s, at %s (%u,%u)",
					verification->rows, RelationGetRelationName(verification->root), verification->problems,
					verification->rows / seconds, RelationGetRelationName(verification->rel),
					ItemPointerIsValid(&verification->last) ? ItemPointerGetBlockNumber(&verification->last) : 0,
					ItemPointerIsValid(&verification->last) ? ItemPointerGetOffsetNumber(&verification->last) : 0)));
}
