/*
 * carry_out.c
 *		How does a held row, once decided on, go on its way?
 *
 * Through its table, with the rights of whoever carries it out and through every trigger
 * there is: an INSERT, or an UPDATE of the row that waits in place.  The values come from a
 * tuplestore and stand in no plan and no parameter; so no log, no plan that is printed and
 * no statistics tell any.  Errors tell none either.  Names that a trigger does not qualify
 * are looked up in the table's schema, never among what the caller has put elsewhere.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "law/law.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

/* what the statement calls the tuplestore with the row: found before any table of the name */
#define ROW_NAME	"protaddr_held_row"

PG_FUNCTION_INFO_V1(protaddr_carry_out_held);
PG_FUNCTION_INFO_V1(protaddr_release_held);

/* The decision that is being carried out. */
static ProtaddrHeldDecision *releasing = NULL;
static int	releasing_depth = 0;

static int
trigger_depth(void)
{
	return DatumGetInt32(pg_trigger_depth(NULL));
}

/*
 * protaddr_held_decision gives what was decided of the row that is passing; NULL if it
 * is no held row.
 */
ProtaddrHeldDecision *
protaddr_held_decision(const ProtaddrGate *gate, bool is_update)
{
	if (likely(releasing == NULL))
		return NULL;
	return releasing->root == gate->root && releasing->in_place == is_update &&
		releasing_depth == trigger_depth() ? releasing : NULL;
}

/* is_as_held refuses a row that says another thing in a column than what was held. */
static void
is_as_held(const ProtaddrHeldDecision *decision, HeapTuple row, TupleDesc desc, Form_pg_attribute att)
{
	Datum		held;
	Datum		now;
	bool		was_null;
	bool		isnull;
	int			column = 0;

	/* a partition may have it elsewhere */
	while (column < decision->desc->natts &&
		   (TupleDescAttr(decision->desc, column)->attisdropped ||
			strcmp(NameStr(TupleDescAttr(decision->desc, column)->attname), NameStr(att->attname)) != 0))
		column++;
	/* one that came later tells nothing of what was decided */
	if (column == decision->desc->natts || !decision->has[column])
		return;
	held = heap_getattr(decision->row, column + 1, decision->desc, &was_null);
	now = heap_getattr(row, att->attnum, desc, &isnull);
	if (was_null != isnull ||
		(!isnull && strcmp(protaddr_value_text(att->atttypid, held), protaddr_value_text(att->atttypid, now)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("column \"%s\" of the row is not what was held and decided on", NameStr(att->attname)),
				 errdetail("Another trigger has changed it on the way, or the row was changed meanwhile. The row stays held."),
				 errhint("Let nothing write the column, or use decide_held(..., 'reject', reason, again => true)."),
				 protaddr_errprivate()));
}

/* unmasked gives a row that waited with the texts, from which addresses were taken out, as they are now. */
static HeapTuple
unmasked(const ProtaddrGate *gate, HeapTuple before, HeapTuple row, TupleDesc desc)
{
	for (int i = 0; i < gate->ntexts; i++)
	{
		int			column = gate->texts[i].number;
		bool		isnull;
		Datum		value = heap_getattr(before, column, desc, &isnull);

		if (isnull || !protaddr_gate_text_is_masked(gate, column, value))
			continue;
		value = heap_getattr(row, column, desc, &isnull);
		before = heap_modify_tuple_by_cols(before, desc, 1, &column, &value, &isnull);
	}
	return before;
}

/*
 * protaddr_held_passes refuses a row to which a decision is to apply and which is another
 * payment than the one decided on, or carries something else; and one that does not wait
 * in its table any more.
 */
void
protaddr_held_passes(const ProtaddrHeldDecision *decision, const ProtaddrGate *gate,
					 HeapTuple before, HeapTuple row, TupleDesc desc)
{
	ProtaddrDigest was;
	ProtaddrDigest is;
	int			level = protaddr_plain_settings();

	for (int i = 0; i < desc->natts; i++)
		if (protaddr_payment_tells(gate, TupleDescAttr(desc, i), true))
			is_as_held(decision, row, desc, TupleDescAttr(desc, i));
	AtEOXact_GUC(false, level);
	if (before == NULL)
		return;

	if (!protaddr_is_bare(gate, before, desc))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("the row in its table is no longer waiting"),
				 errdetail("Its status was changed, or an address put in, where no gate saw it. The row stays held."),
				 errhint("decide_held(..., 'reject', reason, again => true) rejects it."),
				 protaddr_errprivate()));
	protaddr_payment_digest(gate, unmasked(gate, before, row, desc), desc, false, &was);
	protaddr_payment_digest(gate, row, desc, false, &is);
	if (memcmp(&was, &is, sizeof(was)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("the row is not the payment that was held and decided on"),
				 errdetail("Another trigger has changed it on the way. The row stays held."),
				 protaddr_errprivate()));
}

/* protaddr_held_proved notes what is stored of the row. */
void
protaddr_held_proved(ProtaddrHeldDecision *decision, const ProtaddrGate *gate, HeapTuple row,
					 TupleDesc desc)
{
	protaddr_payment_digest(gate, row, desc, true, &decision->covers);
	decision->proved = true;
}

/* ---- errors ------------------------------------------------------------------------------ */

/*
 * protaddr_error_tells_nothing tells whether the message of an error is the server's own, made of names
 * alone, or ours.  A trigger's, or that of a type's input function, may quote the row, and
 * a trigger gives its errors what code it likes: ours hide the statement, which no
 * language lets it ask for.
 */
bool
protaddr_error_tells_nothing(const ErrorData *error)
{
	static const char *const files[] = {
		"aclchk.c", "execMain.c", "execIndexing.c", "nbtinsert.c", "ri_triggers.c", "trigger.c",
		"nodeModifyTable.c", "execPartition.c",
		/* a cancel, a deadlock, a conflict with another transaction, no memory */
		"postgres.c", "deadlock.c", "lock.c", "predicate.c", "heapam_handler.c", "mcxt.c", "aset.c"
	};

	if (error->hide_stmt &&
		(error->sqlerrcode == ERRCODE_PROTADDR_REFUSED || error->sqlerrcode == ERRCODE_PROTADDR_NOT_READY ||
		 ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK))
		return true;
	for (int i = 0; i < lengthof(files); i++)
		if (error->filename != NULL && strcmp(error->filename, files[i]) == 0)
			return true;
	return false;
}

/*
 * rethrow_telling_nothing, in PG_CATCH, throws on an error that the row's way through its
 * table has raised, without a value: who carries out need not have a right to read the row.
 */
static void
rethrow_telling_nothing(MemoryContext context, int64 held_id)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (protaddr_error_tells_nothing(error))
	{
		FreeErrorData(error);
		protaddr_rethrow_private(context);
	}
	FlushErrorState();
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg("held row %lld could not be stored", (long long) held_id),
			 errdetail("A trigger, a constraint or a type of its table raised an error, whose words may quote the row."),
			 errhint("The row stays held. The error code tells which kind of error it was."),
			 protaddr_errprivate()));
}

/* ---- the statement -------------------------------------------------------------------------- */

static void
add_column(StringInfo list, const char *before, const char *column)
{
	appendStringInfo(list, "%s%s%s", list->len > 0 ? ", " : "", before, quote_identifier(column));
}

/* insert_statement takes what was held; a column that came later gets its default. */
static char *
insert_statement(Relation rel, const bool *has)
{
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData columns;
	StringInfoData values;

	initStringInfo(&columns);
	initStringInfo(&values);
	for (int i = 0; i < desc->natts; i++)
	{
		if (!has[i])
			continue;
		add_column(&columns, "", NameStr(TupleDescAttr(desc, i)->attname));
		add_column(&values, "h.", NameStr(TupleDescAttr(desc, i)->attname));
	}
	return psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM " ROW_NAME " h",
					protaddr_qualified_name(RelationGetRelid(rel)), columns.data, values.data);
}

/* equality_of gives the operator that a key's index goes by, so that nobody else's is found. */
static Oid
equality_of(Relation rel, AttrNumber column)
{
	Oid			pkey = protaddr_primary_key_index(rel);
	Relation	index;
	Oid			operator = InvalidOid;

	if (OidIsValid(pkey))
	{
		index = index_open(pkey, AccessShareLock);
		for (int i = 0; i < index->rd_index->indnkeyatts; i++)
			if (index->rd_index->indkey.values[i] == column)
				operator = get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
											   index->rd_opcintype[i], BTEqualStrategyNumber);
		index_close(index, AccessShareLock);
	}
	if (!OidIsValid(operator))
		elog(ERROR, "the key of a held row cannot be compared");
	return operator;
}

/* may_be_masked tells a text from which an address may have been taken out while the row waits. */
static bool
may_be_masked(const ProtaddrGate *gate, AttrNumber column)
{
	for (int i = 0; i < gate->ntexts; i++)
		if (gate->texts[i].number == column)
			return gate->texts[i].form.kind == PROTADDR_TEXT_PLAIN;
	return false;
}

/* update_statement puts in what is missing of a row that waits in its table. */
static char *
update_statement(const ProtaddrGate *gate, Relation rel, const bool *has)
{
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData set;
	StringInfoData where;

	initStringInfo(&set);
	initStringInfo(&where);
	for (int i = 0; i < desc->natts; i++)
	{
		const char *column = quote_identifier(NameStr(TupleDescAttr(desc, i)->attname));

		if (has[i] && (protaddr_gate_checks(gate, i + 1) || gate->hold_column == i + 1))
			appendStringInfo(&set, "%s%s = h.%s", set.len > 0 ? ", " : "", column, column);
		else if (has[i] && may_be_masked(gate, i + 1))
			appendStringInfo(&set, "%s%s = CASE WHEN pg_catalog.strpos(t.%s::pg_catalog.text, %s) OPERATOR(pg_catalog.>) 0 THEN h.%s ELSE t.%s END",
							 set.len > 0 ? ", " : "", column, column, quote_literal_cstr(PA_WITHHELD), column, column);
	}
	for (int i = 0; i < gate->nkey; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, gate->key[i] - 1);
		const char *column = quote_identifier(NameStr(att->attname));

		if (where.len > 0)
			appendStringInfoString(&where, " AND ");
		generate_operator_clause(&where, psprintf("t.%s", column), att->atttypid,
								 equality_of(rel, gate->key[i]), psprintf("h.%s", column), att->atttypid);
	}
	return psprintf("UPDATE %s t SET %s FROM " ROW_NAME " h WHERE %s",
					protaddr_qualified_name(RelationGetRelid(rel)), set.data, where.data);
}

/*
 * protaddr_settle makes the settings that could show what passes, or let something of the caller's
 * stand in for what a trigger means, the same for every caller.  AtEOXact_GUC(false, result)
 * ends it.
 */
int
protaddr_settle(Relation rel)
{
	int			level = NewGUCNestLevel();
	const char *schema = get_namespace_name(RelationGetNamespace(rel));

	SetConfigOption("search_path", psprintf("%s, pg_temp", quote_identifier(schema)),
					PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("debug_print_parse", "off", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("debug_print_rewritten", "off", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("debug_print_plan", "off", PGC_USERSET, PGC_S_SESSION);
	if (client_min_messages < NOTICE)
		SetConfigOption("client_min_messages", "notice", PGC_USERSET, PGC_S_SESSION);
	return level;
}

/* execute runs the statement as the caller, over the one row. */
static void
execute(const char *statement, Relation rel, HeapTuple row, const List *may_put_off)
{
	EphemeralNamedRelation enr = palloc0(sizeof(EphemeralNamedRelationData));
	Tuplestorestate *store = tuplestore_begin_heap(false, false, work_mem);
	int			level = protaddr_settle(rel);
	int			expected = statement[0] == 'I' ? SPI_OK_INSERT : SPI_OK_UPDATE;
	bool		done;

	tuplestore_puttuple(store, row);
	enr->md.name = pstrdup(ROW_NAME);
	enr->md.tupdesc = CreateTupleDescCopy(RelationGetDescr(rel));
	enr->md.enrtype = ENR_NAMED_TUPLESTORE;
	enr->md.enrtuples = 1;
	enr->reldata = store;

	SPI_connect();
	if (SPI_register_relation(enr) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register a held row");
	done = SPI_execute(statement, false, 0) == expected && SPI_processed == 1;
	/* while errors still tell nothing */
	if (done)
		protaddr_put_off_no_longer(may_put_off);
	SPI_finish();
	tuplestore_end(store);
	AtEOXact_GUC(false, level);
	if (!done)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("the row was not stored in \"%s\"", RelationGetRelationName(rel)),
				 expected == SPI_OK_INSERT ?
				 errdetail("A trigger of the table took it away. The row stays held.") :
				 errdetail("It is no longer in the table, or a trigger or a policy hides it from you."),
				 errhint("See protaddr.held_rows(); decide_held(..., 'reject', reason, again => true) rejects it."),
				 protaddr_errprivate()));
}

/* ---- one held row ------------------------------------------------------------------------- */

/* send_on puts the row where it belongs, and gives the payment that it is there. */
static void
send_on(const ProtaddrGate *gate, Relation rel, int64 held_id, const ProtaddrHeldRow *held,
		ProtaddrHeldDecision *decision)
{
	TupleDesc	desc = RelationGetDescr(rel);
	bool	   *has = palloc0(desc->natts * sizeof(bool));
	ProtaddrHeldDecision *decision_before = releasing;
	int			depth_before = releasing_depth;
	MemoryContext context = CurrentMemoryContext;

	if (decision->in_place && (gate->hold_column == InvalidAttrNumber || gate->nkey == 0))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the gate of \"%s\" no longer holds rows in place", RelationGetRelationName(rel)),
				 errhint("Use protaddr.remove_gate(), and protaddr.install_gate() with the same arguments as before."),
				 protaddr_errprivate()));

	PG_TRY();
	{
		decision->desc = desc;
		decision->row = protaddr_held_tuple(held, rel, has);
		decision->has = has;
		releasing = decision;
		releasing_depth = trigger_depth() + 1;
		execute(decision->in_place ? update_statement(gate, rel, has) : insert_statement(rel, has),
				rel, decision->row, decision->may_put_off);
	}
	PG_CATCH();
	{
		releasing = decision_before;
		releasing_depth = depth_before;
		rethrow_telling_nothing(context, held_id);
	}
	PG_END_TRY();
	releasing = decision_before;
	releasing_depth = depth_before;
	if (!decision->decided || !decision->proved)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("the row was not stored in \"%s\"", RelationGetRelationName(rel)),
				 errdetail("It did not pass the gate. The row stays held."),
				 protaddr_errprivate()));
}

/*
 * carry_out carries out what was decided of one held row of a table.  False, if_decided,
 * for one that is not decided any more: somebody else was quicker.
 */
static bool
carry_out(const ProtaddrGate *gate, Relation rel, int64 held_id, const List *may_put_off, bool if_decided)
{
	Relation	held_rel = table_open(protaddr_own_relation("held"), RowShareLock);
	const char *words[PROTADDR_HELD_NWORDS];
	ProtaddrHeldRow held;
	ProtaddrHeldState standing;
	ProtaddrHeldDecision decision;

	(void) protaddr_held_take(held_rel, held_id, words, &held);
	if (strcmp(words[PROTADDR_HELD_RELATION - 1], protaddr_qualified_name(gate->root)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("held row %lld is not a row of \"%s\"", (long long) held_id, RelationGetRelationName(rel))));
	protaddr_held_state(held_id, &standing);
	if (standing.status != PROTADDR_HELD_DECIDED && if_decided)
	{
		table_close(held_rel, NoLock);
		return false;
	}
	if (standing.status != PROTADDR_HELD_DECIDED)
		protaddr_held_refuse_state(held_id, standing.status, "See protaddr.held_rows(). protaddr.decide_held() decides.");
	if (strcmp(held.gate_words, text_to_cstring(protaddr_gate_words(&gate->args))) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the row was held by another gate than \"%s\" has now", RelationGetRelationName(rel)),
				 errdetail("Its columns may have another meaning now. The row stays held."),
				 errhint("Use protaddr.remove_gate(), and protaddr.install_gate() with the same arguments as before; or decide_held(..., 'reject', reason, again => true)."),
				 protaddr_errprivate()));

	memset(&decision, 0, sizeof(decision));
	decision.root = gate->root;
	decision.held_id = held_id;
	decision.may_put_off = may_put_off;
	decision.in_place = strcmp(words[PROTADDR_HELD_MODE - 1], PROTADDR_MODE_IN_PLACE) == 0;
	(void) protaddr_held_action(standing.action, &decision.action);
	decision.reason = standing.reason;
	decision.decided_at = standing.decided_at;
	/* messages in clear are about to pass */
	protaddr_clear_text_seen();
	send_on(gate, rel, held_id, &held, &decision);
	(void) protaddr_held_act(held_id, standing.last, PROTADDR_HELD_RELEASED, NULL, NULL, &decision.covers);
	table_close(held_rel, NoLock);
	return true;
}

static void
check_may_write(Oid relation)
{
	protaddr_check_column_privilege(relation, ACL_INSERT | ACL_UPDATE);
}

/*
 * open_gated opens the table, locked as a writer locks it, and only for one who may write
 * it; gives its gate.
 */
static Relation
open_gated(Oid relation, const ProtaddrGate **gate)
{
	Relation	rel = protaddr_open_permitted(relation, RowExclusiveLock, check_may_write);

	*gate = protaddr_gate_of_table(rel);
	if (*gate == NULL || (*gate)->root != relation)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table with a gate of its own", RelationGetRelationName(rel)),
				 errhint("See protaddr.gate_status; rows of a partition are held for the partitioned table.")));
	return rel;
}

/* ---- all that is decided ---------------------------------------------------------------------- */

/* decided_rows lists the rows of a table that are decided on and wait to be carried out. */
static List *
decided_rows(const char *relation)
{
	Relation	rel = table_open(protaddr_own_relation("held"), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *ids = NIL;
	MemoryContext context = CurrentMemoryContext;
	MemoryContext per_row = AllocSetContextCreate(context, "protaddr held row", ALLOCSET_SMALL_SIZES);

	ScanKeyInit(&key, PROTADDR_HELD_RELATION, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(relation));
	key.sk_collation = C_COLLATION_OID;
	scan = systable_beginscan(rel, protaddr_own_relation("held_relation"), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		int64	   *id = palloc(sizeof(int64));
		ProtaddrHeldState standing;

		CHECK_FOR_INTERRUPTS();
		*id = DatumGetInt64(heap_getattr(tuple, PROTADDR_HELD_ID, RelationGetDescr(rel), &isnull));
		MemoryContextSwitchTo(per_row);
		protaddr_held_state(*id, &standing);
		MemoryContextSwitchTo(context);
		MemoryContextReset(per_row);
		if (standing.status == PROTADDR_HELD_DECIDED)
			ids = lappend(ids, id);
		else
			pfree(id);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	MemoryContextDelete(per_row);
	return ids;
}

/* try_carry_out tells whether it could be; one that cannot keeps no other from its way. */
static bool
try_carry_out(const ProtaddrGate *gate, Relation rel, int64 held_id, const List *may_put_off)
{
	ProtaddrApart apart;
	volatile bool done = false;

	protaddr_apart_begin(&apart);
	PG_TRY();
	{
		done = carry_out(gate, rel, held_id, may_put_off, true);
		protaddr_apart_end(&apart, true);
	}
	PG_CATCH();
	{
		ErrorData  *error = protaddr_apart_failed(&apart);

		/* a retry of the transaction is not ours to swallow */
		if (protaddr_error_ends_all(error) ||
			ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK ||
			error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE)
			ReThrowError(error);
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("held row %lld of \"%s\" could not be carried out", (long long) held_id,
						RelationGetRelationName(rel)),
				 errdetail("%s%s%s", error->message, error->detail == NULL ? "" : ": ",
						   error->detail == NULL ? "" : error->detail),
				 errhint("It stays as it was decided. protaddr.carry_out_held(relation, held_id) raises the error.")));
	}
	PG_END_TRY();
	return done;
}

/*
 * protaddr_carry_out_held is protaddr.carry_out_held(relation, held_id): one, or all that
 * are decided if NULL.  Gives how many were carried out.
 */
Datum
protaddr_carry_out_held(PG_FUNCTION_ARGS)
{
	Relation	rel;
	const ProtaddrGate *gate;
	List	   *may_put_off;
	int64		done = 0;
	ListCell   *cell;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("held rows are carried out for one table at a time")));
	rel = open_gated(PG_GETARG_OID(0), &gate);
	may_put_off = protaddr_may_put_off(gate->root);
	if (!PG_ARGISNULL(1))
	{
		(void) carry_out(gate, rel, PG_GETARG_INT64(1), may_put_off, false);
		done = 1;
	}
	else
		foreach(cell, decided_rows(protaddr_qualified_name(gate->root)))
			done += try_carry_out(gate, rel, *(int64 *) lfirst(cell), may_put_off) ? 1 : 0;
	relation_close(rel, NoLock);
	PG_RETURN_INT64(done);
}

/* protaddr_release_held is protaddr.release_held(held_id, action, reason): both acts at once. */
Datum
protaddr_release_held(PG_FUNCTION_ARGS)
{
	Relation	held;
	Relation	rel;
	HeapTuple	tuple;
	const ProtaddrGate *gate;
	char	   *action;
	char	   *relation;
	ProtaddrAction released;
	Oid			oid;

	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a decision on a held row needs its held_id, an action and a reason")));
	action = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (!protaddr_held_action(action, &released))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a held row that is rejected is not released"),
				 errhint("Use protaddr.decide_held().")));
	(void) protaddr_held_decide(PG_GETARG_INT64(0), action, text_to_cstring(PG_GETARG_TEXT_PP(2)), false);

	held = table_open(protaddr_own_relation("held"), RowShareLock);
	tuple = protaddr_held_row(held, PG_GETARG_INT64(0));
	relation = protaddr_column_word(tuple, RelationGetDescr(held), PROTADDR_HELD_RELATION);
	table_close(held, NoLock);
	oid = RangeVarGetRelid(makeRangeVarFromNameList(protaddr_name_list(relation)), NoLock, true);
	if (!OidIsValid(oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the table of held row %lld does not exist", (long long) PG_GETARG_INT64(0)),
				 errhint("protaddr.decide_held() can reject it.")));
	rel = open_gated(oid, &gate);
	(void) carry_out(gate, rel, PG_GETARG_INT64(0), protaddr_may_put_off(gate->root), false);
	relation_close(rel, NoLock);
	PG_RETURN_VOID();
}
