/*
 * held.c
 *		Where does a row wait for a decision, and how does it go on its way?
 *
 * A row that a channel holds is written into the held table of its gated table, as it
 * was proposed; its messages are sealed.  Somebody who may decide releases it, and it
 * takes the way of every row, through all triggers of the gated table, or rejects it.
 * Nothing is ever removed.
 *
 * All of it happens with the rights of the table's owner, in a restricted operation:
 * who writes payments, and who decides, needs none on the held table.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "law/law.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(protaddr_release_held);
PG_FUNCTION_INFO_V1(protaddr_reject_held);
PG_FUNCTION_INFO_V1(protaddr_held_rows);
PG_FUNCTION_INFO_V1(protaddr_held_kept);
PG_FUNCTION_INFO_V1(protaddr_gate_summary);

/* The columns that a held table has before those of its gated table. */
static const char *const own_columns[] = {
	"held_id", "held_at", "held_by", "held_operation", "held_channel", "held_why", "held_status",
	"held_seal", "decided_at", "decided_by", "decided_reason", "decided_action", "decided_digest"
};

/* Those that are sealed with the row, behind held_seal in what a decision reads. */
static const char *const sealed_columns[] = {
	"held_id", "held_by", "held_operation", "held_channel", "held_why"
};

/* Rows that one statement has held, until it says so. */
typedef struct HeldCount
{
	Oid			root;
	Oid			held;
	int			depth;			/* of triggers */
	SubTransactionId subtransaction;
	TimestampTz statement;
	int64		rows;
} HeldCount;

static List *counts = NIL;		/* in TopTransactionContext */

/* The held table that we write just now, and how deep in triggers. */
static Oid	written = InvalidOid;
static int	written_depth = 0;

/* The decision that is being carried out. */
static ProtaddrHeldDecision *releasing = NULL;
static int	releasing_depth = 0;

typedef struct Acting
{
	Oid			user;
	int			context;
	int			guc_level;
} Acting;

static void held_xact_end(void);
static void held_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent);
static Oid	owner_of(Oid relation);
static const char *what_is_wrong(Relation held, Relation rel, const ProtaddrGate *gate, const char **column);
static Datum next_held_id(Relation held);
static void not_as_held(const char *column);
static Relation held_open(const ProtaddrGate *gate, Relation rel);
static void decide(FunctionCallInfo fcinfo, const char *status);
static bool is_kept(Form_pg_attribute att);
static const ProtaddrGateMessage *message_of(const ProtaddrGate *gate, Relation rel, const char *name);

const ProtaddrPart protaddr_held_part = {
	.xact_end = held_xact_end,
	.subxact = held_subxact,
};

static void
held_xact_end(void)
{
	counts = NIL;
}

/* What a subtransaction has held is its parent's, or was never held. */
static void
held_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	ListCell   *cell;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(cell, counts)
	{
		HeldCount  *count = (HeldCount *) lfirst(cell);

		if (count->subtransaction != mine)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			count->subtransaction = parent;
		else
			count->rows = 0;
	}
}

static int
trigger_depth(void)
{
	return DatumGetInt32(pg_trigger_depth(NULL));
}

/* act_as goes on with the rights of a table's owner; act_as_before ends it, and so does an error. */
static void
act_as(Oid owner, Acting *acting)
{
	GetUserIdAndSecContext(&acting->user, &acting->context);
	SetUserIdAndSecContext(owner, acting->context | SECURITY_RESTRICTED_OPERATION);
	acting->guc_level = NewGUCNestLevel();
	/* what a policy hides from the owner would be missed: rather refuse */
	SetConfigOption("row_security", "off", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION);
	/* values are written the same for every session, to be digested */
	SetConfigOption("datestyle", "ISO, YMD", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("extra_float_digits", "1", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("lc_monetary", "C", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("timezone", "UTC", PGC_USERSET, PGC_S_SESSION);
}

static void
act_as_before(const Acting *acting)
{
	AtEOXact_GUC(false, acting->guc_level);
	SetUserIdAndSecContext(acting->user, acting->context);
}

/* execute_on_held runs a statement that writes the held table, as its owner. */
static int
execute_on_held(Relation held, const char *query, int nargs, Oid *types, Datum *values, char *nulls)
{
	Oid			written_before = written;
	int			depth_before = written_depth;
	int			result = 0;

	PG_TRY();
	{
		written = RelationGetRelid(held);
		written_depth = trigger_depth() + 1;
		result = SPI_execute_with_args(query, nargs, types, values, nulls, false, 0);
	}
	PG_FINALLY();
	{
		written = written_before;
		written_depth = depth_before;
	}
	PG_END_TRY();
	return result;
}

/* ---- the held table --------------------------------------------------------------- */

static Oid
owner_of(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

static Form_pg_attribute
attribute_of(Relation rel, const char *name)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return TupleDescAttr(desc, i);
	return NULL;
}

/* Whether a held row has the column: what is generated is generated again. */
static bool
is_kept(Form_pg_attribute att)
{
	return !att->attisdropped && att->attgenerated == '\0';
}

static const ProtaddrGateMessage *
message_of(const ProtaddrGate *gate, Relation rel, const char *name)
{
	for (int i = 0; i < gate->nmessages; i++)
		if (strcmp(NameStr(TupleDescAttr(RelationGetDescr(rel), gate->messages[i].number - 1)->attname),
				   name) == 0)
			return &gate->messages[i];
	return NULL;
}

/* digest_value appends a digest of a column's value; type InvalidOid: of its having one. */
static void
digest_value(StringInfo digests, const char *column, Oid type, Datum value)
{
	ProtaddrDigest digest;
	ProtaddrChannel nothing = {0};
	ProtaddrTransfer nobody = {0};
	Oid			out;
	bool		is_varlena;

	if (!OidIsValid(type))
		value = CStringGetTextDatum("");
	/* what is sealed as it is; all else as it is written: it outlives a dump */
	else if (type != BYTEAOID && type != protaddr_address_type())
	{
		getTypeOutputInfo(type, &out, &is_varlena);
		value = CStringGetTextDatum(OidOutputFunctionCall(out, value));
	}
	protaddr_value_digest(type == InvalidOid ? InvalidOid : BYTEAOID, column, &nothing, &nobody,
						  value, &digest);
	appendBinaryStringInfo(digests, (char *) digest.bytes, sizeof(digest.bytes));
}

static bool
is_among(const bytea *digests, const char *column, Oid type, Datum value)
{
	StringInfoData digest;
	bool		found = false;

	initStringInfo(&digest);
	digest_value(&digest, column, type, value);
	for (int at = 1; at + digest.len <= VARSIZE_ANY_EXHDR(digests) && !found; at += digest.len)
		found = memcmp(VARDATA_ANY(digests) + at, digest.data, digest.len) == 0;
	pfree(digest.data);
	return found;
}

/*
 * is_as_held tells whether a column holds what was sealed with the row: the same value,
 * or none as then, be it that the column was added since.
 */
static bool
is_as_held(const bytea *digests, const char *column, Oid type, Datum value, bool isnull)
{
	return isnull ? !is_among(digests, column, InvalidOid, (Datum) 0) :
		is_among(digests, column, type, value);
}

/*
 * what_is_wrong says why a table cannot hold the rows of another; NULL if it can.
 *
 * The trigger that keeps its rows, and the owner, tell it from a table that somebody
 * else has made or named in a trigger's arguments.
 */
static const char *
what_is_wrong(Relation held, Relation rel, const ProtaddrGate *gate, const char **column)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Oid			kept = LookupFuncName(list_make2(makeString("protaddr"), makeString("held_kept")),
									  0, NULL, false);
	bool		is_held = false;
	bool		changes_rows = false;

	*column = NULL;
	for (int i = 0; held->trigdesc != NULL && i < held->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &held->trigdesc->triggers[i];

		if (trigger->tgfoid == kept)
			is_held = is_held || (TRIGGER_FOR_ROW(trigger->tgtype) &&
								  trigger->tgenabled == TRIGGER_FIRES_ALWAYS);
		else if (TRIGGER_FOR_BEFORE(trigger->tgtype) && TRIGGER_FOR_ROW(trigger->tgtype))
			changes_rows = true;
	}
	if (held->rd_rel->relkind != RELKIND_RELATION || !is_held)
		return "It is none that install_gate() made, or its trigger is gone or not always enabled.";
	if (changes_rows || held->rd_rules != NULL)
		return "It has a trigger or a rule that could change its rows.";
	if (held->rd_rel->relowner != owner_of(gate == NULL ? RelationGetRelid(rel) : gate->root))
		return "It does not belong to the owner of the gated table.";
	for (int i = 0; i < lengthof(own_columns); i++)
		if (attribute_of(held, own_columns[i]) == NULL)
		{
			*column = own_columns[i];
			return "It has not all columns.";
		}
	if (attribute_of(held, "held_id")->attidentity == '\0')
	{
		*column = "held_id";
		return "A column does not number the rows any more.";
	}
	if (gate == NULL)
		return NULL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Form_pg_attribute in_held;
		bool		is_message;

		if (!is_kept(att))
			continue;
		*column = NameStr(att->attname);
		in_held = attribute_of(held, *column);
		if (in_held == NULL)
			return "It has not all columns.";
		is_message = message_of(gate, rel, *column) != NULL;
		if (in_held->atttypid != (is_message ? BYTEAOID : att->atttypid) ||
			(!is_message && in_held->atttypmod != -1 && in_held->atttypmod != att->atttypmod))
			return "A column is of another type.";
	}
	*column = NULL;
	return NULL;
}

/* held_open opens the held table of a gate, fit to hold a row; raises 23PA1 if there is none. */
static Relation
held_open(const ProtaddrGate *gate, Relation rel)
{
	Relation	held = OidIsValid(gate->held) ? try_relation_open(gate->held, RowExclusiveLock) : NULL;
	const char *wrong;
	const char *column;

	if (held == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("a row of \"%s\" is to be held, and there is no table to hold it",
						RelationGetRelationName(rel)),
				 gate->args.held == NULL ? 0 :
				 errdetail("Its held table was %s.", gate->args.held),
				 errhint("Use protaddr.remove_gate() and protaddr.install_gate() again, which makes one."),
				 protaddr_errprivate()));
	wrong = what_is_wrong(held, rel, gate, &column);
	if (wrong != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("table \"%s\" cannot hold a row of \"%s\"", RelationGetRelationName(held),
						RelationGetRelationName(rel)),
				 column == NULL ? errdetail("%s", wrong) : errdetail("%s Column: \"%s\".", wrong, column),
				 errhint("Use protaddr.remove_gate() and protaddr.install_gate() again, which adds columns."),
				 protaddr_errprivate()));
	return held;
}

static char *
qualified_name(Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
									  RelationGetRelationName(rel));
}

/* next_held_id numbers a row, so that its number is sealed with it. */
static Datum
next_held_id(Relation held)
{
	Datum		sequence = DirectFunctionCall2(pg_get_serial_sequence,
											   CStringGetTextDatum(qualified_name(held)),
											   CStringGetTextDatum("held_id"));

	return DirectFunctionCall1(nextval_oid,
							   DirectFunctionCall1(regclassin,
												   CStringGetDatum(TextDatumGetCString(sequence))));
}

/* ---- a row is held ------------------------------------------------------------------ */

/*
 * protaddr_hold_row writes the row, as it was proposed, into the held table.  Raises
 * 23PA1 if it cannot be held: then the statement fails, and nothing is lost.
 */
void
protaddr_hold_row(const ProtaddrGate *gate, Relation rel, HeapTuple row,
				  const ProtaddrChannel *channel, const char *why)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Relation	held = held_open(gate, rel);
	int			room = desc->natts + 6;
	Oid		   *types = palloc(room * sizeof(Oid));
	Datum	   *values = palloc(room * sizeof(Datum));
	char	   *nulls = palloc(room);
	int			n = 0;
	StringInfoData query;
	StringInfoData places;
	StringInfoData digests;
	Acting		acting;
	const char *told[] = {NULL, GetUserNameFromId(GetSessionUserId(), false), "INSERT", channel->name, why};
	HeldCount  *count = NULL;
	MemoryContext old;
	ListCell   *cell;

	initStringInfo(&query);
	initStringInfo(&places);
	initStringInfo(&digests);
	appendStringInfoChar(&digests, PROTADDR_SEALED_DIGESTS);
	appendStringInfo(&query, "INSERT INTO %s (", qualified_name(held));
	act_as(held->rd_rel->relowner, &acting);
	digest_value(&digests, "held_seal", TEXTOID, PointerGetDatum(protaddr_gate_words(&gate->args)));
	for (; n < lengthof(sealed_columns); n++)
	{
		types[n] = told[n] == NULL ? INT8OID : TEXTOID;
		values[n] = told[n] == NULL ? next_held_id(held) : CStringGetTextDatum(told[n]);
		nulls[n] = ' ';
		digest_value(&digests, sealed_columns[n], types[n], values[n]);
		appendStringInfo(&query, "%s, ", sealed_columns[n]);
		appendStringInfo(&places, "$%d, ", n + 1);
	}
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		isnull;

		if (!is_kept(att))
			continue;
		types[n] = att->atttypid;
		values[n] = heap_getattr(row, i + 1, desc, &isnull);
		if (message_of(gate, rel, NameStr(att->attname)) != NULL)
		{
			types[n] = BYTEAOID;
			if (!isnull)
				values[n] = protaddr_seal_message(values[n]);
		}
		if (!isnull)
		{
			digest_value(&digests, NameStr(att->attname), InvalidOid, (Datum) 0);
			digest_value(&digests, NameStr(att->attname), types[n], values[n]);
		}
		nulls[n++] = isnull ? 'n' : ' ';
		appendStringInfo(&query, "%s, ", quote_identifier(NameStr(att->attname)));
		appendStringInfo(&places, "$%d, ", n);
	}

	/* what is released is what was held, whoever had the table in hand */
	types[n] = BYTEAOID;
	values[n] = PointerGetDatum(protaddr_seal_bytes(digests.data, digests.len));
	nulls[n++] = ' ';
	appendStringInfo(&query, "held_seal) OVERRIDING SYSTEM VALUE VALUES (%s$%d)", places.data, n);

	SPI_connect();
	if (execute_on_held(held, query.data, n, types, values, nulls) != SPI_OK_INSERT || SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("a row could not be held in table \"%s\"", RelationGetRelationName(held)),
				 errdetail("A trigger or rule of the table took it away."),
				 protaddr_errprivate()));
	SPI_finish();
	act_as_before(&acting);
	relation_close(held, NoLock);

	foreach(cell, counts)
	{
		HeldCount  *other = (HeldCount *) lfirst(cell);

		if (other->root == gate->root && other->depth == trigger_depth() &&
			other->subtransaction == GetCurrentSubTransactionId() &&
			other->statement == GetCurrentStatementStartTimestamp())
			count = other;
	}
	if (count == NULL)
	{
		/* of statements that end without a word, as an apply worker's do */
		foreach(cell, counts)
		{
			HeldCount  *other = (HeldCount *) lfirst(cell);

			if (other->statement == GetCurrentStatementStartTimestamp())
				continue;
			counts = foreach_delete_current(counts, cell);
			pfree(other);
		}
		old = MemoryContextSwitchTo(TopTransactionContext);
		count = palloc0(sizeof(HeldCount));
		count->root = gate->root;
		count->depth = trigger_depth();
		count->subtransaction = GetCurrentSubTransactionId();
		count->statement = GetCurrentStatementStartTimestamp();
		counts = lappend(counts, count);
		MemoryContextSwitchTo(old);
	}
	count->held = gate->held;
	count->rows++;
}

/*
 * protaddr_gate_summary is the trigger after the statement: it says how many rows of
 * it are held, if any.
 */
Datum
protaddr_gate_summary(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	int64		rows = 0;
	Oid			held = InvalidOid;
	ListCell   *cell;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_STATEMENT(trigdata->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"gate_summary\" is not used as the trigger it is made for"),
				 errhint("Use protaddr.install_gate().")));

	foreach(cell, counts)
	{
		HeldCount  *count = (HeldCount *) lfirst(cell);

		if (count->root == RelationGetRelid(trigdata->tg_relation) && count->depth == trigger_depth() &&
			count->statement == GetCurrentStatementStartTimestamp())
		{
			rows += count->rows;
			held = count->held;
			counts = foreach_delete_current(counts, cell);
			pfree(count);
		}
	}
	if (rows > 0)
	{
		const char *name = get_rel_name(held);

		ereport(NOTICE,
				(errmsg_plural("%lld row is held in %s", "%lld rows are held in %s", (unsigned long) rows,
							   (long long) rows,
							   name == NULL ? "a table that is gone" :
							   quote_qualified_identifier(get_namespace_name(get_rel_namespace(held)), name)),
				 errhint("See protaddr.held_rows(). protaddr.release_held() and reject_held() decide.")));
	}
	return PointerGetDatum(NULL);
}

/*
 * protaddr_held_kept is the trigger on a held table: its rows are written by the gate
 * and by decisions, and by nobody else, the owner included.
 */
Datum
protaddr_held_kept(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"held_kept\" is not used as the trigger it is made for"),
				 errhint("Use protaddr.install_gate().")));
	if (TRIGGER_FIRED_BY_TRUNCATE(trigdata->tg_event) || TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) ||
		written != RelationGetRelid(trigdata->tg_relation) || written_depth != trigger_depth())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rows of \"%s\" wait for a decision, and are written by the gate alone",
						RelationGetRelationName(trigdata->tg_relation)),
				 errhint("Use protaddr.release_held() and protaddr.reject_held()."),
				 protaddr_errprivate()));
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
						   trigdata->tg_newtuple : trigdata->tg_trigtuple);
}

/* ---- a decision --------------------------------------------------------------------- */

/*
 * protaddr_held_decision gives what was decided of the row that is passing; NULL if it
 * is no held row.
 */
ProtaddrHeldDecision *
protaddr_held_decision(const ProtaddrGate *gate)
{
	if (likely(releasing == NULL))
		return NULL;
	return releasing->root == gate->root && releasing_depth == trigger_depth() ? releasing : NULL;
}

/* protaddr_release_held is protaddr.release_held(relation, held_id, reason, action). */
Datum
protaddr_release_held(PG_FUNCTION_ARGS)
{
	decide(fcinfo, "released");
	PG_RETURN_VOID();
}

/* protaddr_reject_held is protaddr.reject_held(relation, held_id, reason). */
Datum
protaddr_reject_held(PG_FUNCTION_ARGS)
{
	decide(fcinfo, "rejected");
	PG_RETURN_VOID();
}

static ProtaddrAction
action_from_text(const char *word)
{
	if (strcmp(word, "withhold") == 0)
		return PROTADDR_WITHHOLD;
	if (strcmp(word, "minimum") == 0)
		return PROTADDR_MINIMUM;
	if (strcmp(word, "substitute") == 0)
		return PROTADDR_SUBSTITUTE;
	if (strcmp(word, "disclose") == 0)
		return PROTADDR_DISCLOSE;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no such action"),
			 errhint("A held row is released with withhold, minimum, substitute or disclose.")));
	return PROTADDR_WITHHOLD;
}

static void
not_as_held(const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("column \"%s\" of the held row is not as it was held", column),
			 errdetail("Somebody has changed it since. The row stays held."),
			 errhint("protaddr.reject_held() rejects it."),
			 protaddr_errprivate()));
}

/* send_on puts a held row, which stands in SPI's result, into its table. */
static void
send_on(const ProtaddrGate *gate, Relation rel, ProtaddrHeldDecision *decision)
{
	TupleDesc	desc = RelationGetDescr(rel);
	TupleDesc	held_desc = SPI_tuptable->tupdesc;
	HeapTuple	row = SPI_tuptable->vals[0];
	Oid		   *types = palloc(desc->natts * sizeof(Oid));
	Datum	   *values = palloc(desc->natts * sizeof(Datum));
	char	   *nulls = palloc(desc->natts);
	Datum	   *as_held = palloc0(desc->natts * sizeof(Datum));
	bool	   *has_none = palloc(desc->natts * sizeof(bool));
	int			n = 0;
	bytea	   *digests;
	bool		unsealed;
	StringInfoData query;
	StringInfoData places;
	ProtaddrHeldDecision *decision_before = releasing;
	int			depth_before = releasing_depth;
	MemoryContext context = CurrentMemoryContext;
	int			result = 0;

	initStringInfo(&query);
	initStringInfo(&places);
	digests = (bytea *) DatumGetPointer(SPI_getbinval(row, held_desc, 1, &unsealed));
	if (!unsealed)
		digests = protaddr_open_bytes((bytea *) PG_DETOAST_DATUM_PACKED(PointerGetDatum(digests)));
	unsealed = unsealed || VARSIZE_ANY_EXHDR(digests) == 0 || VARDATA_ANY(digests)[0] != PROTADDR_SEALED_DIGESTS;
	for (int i = 0; i < lengthof(sealed_columns); i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(row, held_desc, i + 2, &isnull);

		if (unsealed || isnull ||
			!is_among(digests, sealed_columns[i], i == 0 ? INT8OID : TEXTOID, value))
			not_as_held(sealed_columns[i]);
	}
	if (!is_among(digests, "held_seal", TEXTOID, PointerGetDatum(protaddr_gate_words(&gate->args))))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the row was held by another gate than \"%s\" has now", RelationGetRelationName(rel)),
				 errdetail("What its columns mean may be another thing by now. The row stays held."),
				 errhint("protaddr.reject_held() rejects it; or use protaddr.remove_gate(), and protaddr.install_gate() with the arguments of then."),
				 protaddr_errprivate()));
	appendStringInfo(&query, "INSERT INTO %s", qualified_name(rel));
	memset(has_none, true, desc->natts * sizeof(bool));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		is_message;
		bool		isnull;

		if (!is_kept(att))
			continue;
		types[n] = att->atttypid;
		/* behind held_seal and those sealed with it */
		values[n] = SPI_getbinval(row, held_desc, n + 2 + lengthof(sealed_columns), &isnull);
		is_message = message_of(gate, rel, NameStr(att->attname)) != NULL;
		if (!is_as_held(digests, NameStr(att->attname), is_message ? BYTEAOID : att->atttypid,
						values[n], isnull))
			not_as_held(NameStr(att->attname));
		if (!isnull && is_message)
		{
			values[n] = PointerGetDatum(protaddr_open_message(values[n]));
			if (DatumGetPointer(values[n]) == NULL)
				not_as_held(NameStr(att->attname));
		}
		as_held[i] = values[n];
		has_none[i] = isnull;
		nulls[n++] = isnull ? 'n' : ' ';
		appendStringInfo(&query, "%s%s", n == 1 ? " (" : ", ", quote_identifier(NameStr(att->attname)));
		appendStringInfo(&places, "%s$%d", n == 1 ? "" : ", ", n);
	}
	appendStringInfo(&query, ") OVERRIDING SYSTEM VALUE VALUES (%s)", places.data);
	decision->desc = desc;
	decision->row = heap_form_tuple(desc, as_held, has_none);

	/* in a restricted operation nothing can be put off */
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
		if (rel->trigdesc->triggers[i].tginitdeferred)
		{
			(void) SPI_execute("SET CONSTRAINTS ALL IMMEDIATE", false, 0);
			break;
		}

	PG_TRY();
	{
		releasing = decision;
		releasing_depth = trigger_depth() + 1;
		result = SPI_execute_with_args(query.data, n, types, values, nulls, false, 0);
	}
	PG_CATCH();
	{
		releasing = decision_before;
		releasing_depth = depth_before;
		protaddr_rethrow_private(context);
	}
	PG_END_TRY();
	releasing = decision_before;
	releasing_depth = depth_before;
	if (result != SPI_OK_INSERT || SPI_processed != 1 || !decision->decided || !decision->proved)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the row was not stored in \"%s\"", RelationGetRelationName(rel)),
				 errdetail("Another trigger or a rule of the table took it away. The row stays held."),
				 protaddr_errprivate()));
}

/*
 * decide notes a decision, and carries it out.  Two at once wait for each other at the
 * row; the second finds that it waits no more.
 */
static void
decide(FunctionCallInfo fcinfo, const char *status)
{
	bool		to_release = PG_NARGS() == 4;
	char	   *reason;
	char	   *action = NULL;
	Relation	rel;
	Relation	held;
	const ProtaddrGate *gate;
	TupleDesc	desc;
	ProtaddrHeldDecision decision;
	StringInfoData digest;
	StringInfoData query;
	Acting		acting;
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[5];
	char		nulls[5] = {' ', ' ', ' ', ' ', ' '};

	for (int i = 0; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a decision on a held row needs the table, the row's held_id and a reason")));
	reason = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (protaddr_is_blank(reason))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a decision on a held row needs a reason")));

	memset(&decision, 0, sizeof(decision));
	if (to_release)
	{
		action = text_to_cstring(PG_GETARG_TEXT_PP(3));
		decision.action = action_from_text(action);
	}
	initStringInfo(&digest);
	decision.digest = &digest;
	decision.reason = reason;

	rel = relation_open(PG_GETARG_OID(0), RowExclusiveLock);
	gate = protaddr_gate_of_table(rel);
	if (gate == NULL || gate->root != RelationGetRelid(rel))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table with a gate of its own", RelationGetRelationName(rel)),
				 errhint("See protaddr.gate_status; rows of a partition are held for the partitioned table.")));
	desc = RelationGetDescr(rel);
	decision.root = gate->root;
	held = held_open(gate, rel);

	values[0] = PG_GETARG_DATUM(1);
	values[1] = CStringGetTextDatum(status);
	values[2] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	values[3] = CStringGetTextDatum(reason);
	if (to_release)
		values[4] = CStringGetTextDatum(action);
	else
		nulls[4] = 'n';
	initStringInfo(&query);
	appendStringInfo(&query, "UPDATE %s SET held_status = $2, decided_at = clock_timestamp(), decided_by = $3, "
					 "decided_reason = $4, decided_action = $5 "
					 "WHERE held_id OPERATOR(pg_catalog.=) $1 AND held_status OPERATOR(pg_catalog.=) 'held' RETURNING held_seal",
					 qualified_name(held));
	for (int i = 0; i < lengthof(sealed_columns); i++)
		appendStringInfo(&query, ", %s", sealed_columns[i]);
	for (int i = 0; i < desc->natts; i++)
	{
		if (!is_kept(TupleDescAttr(desc, i)))
			continue;
		appendStringInfo(&query, ", %s", quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
	}

	/* messages in clear are about to pass */
	protaddr_clear_text_seen();
	act_as(held->rd_rel->relowner, &acting);
	SPI_connect();
	if (execute_on_held(held, query.data, 5, types, values, nulls) != SPI_OK_UPDATE_RETURNING ||
		SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no such row waits in \"%s\"", RelationGetRelationName(held)),
				 errdetail("It was decided already, or is not there."),
				 errhint("See protaddr.held_rows().")));
	if (to_release)
	{
		send_on(gate, rel, &decision);
		if (digest.len > 0)
		{
			types[1] = BYTEAOID;
			values[1] = PointerGetDatum(cstring_to_text_with_len(digest.data, digest.len));
			resetStringInfo(&query);
			appendStringInfo(&query, "UPDATE %s SET decided_digest = $2 WHERE held_id OPERATOR(pg_catalog.=) $1",
							 qualified_name(held));
			(void) execute_on_held(held, query.data, 2, types, values, nulls);
		}
	}
	SPI_finish();
	act_as_before(&acting);
	relation_close(held, NoLock);
	relation_close(rel, NoLock);
}

/*
 * protaddr_held_released tells whether messages with this digest were released by a
 * decision.
 */
bool
protaddr_held_released(const ProtaddrGate *gate, const bytea *digest)
{
	Relation	held;
	Oid			types[] = {BYTEAOID};
	Datum		values[] = {PointerGetDatum(digest)};
	StringInfoData query;
	Acting		acting;
	bool		released;
	const char *column;
	Relation	root = relation_open(gate->root, AccessShareLock);

	held = OidIsValid(gate->held) ? try_relation_open(gate->held, AccessShareLock) : NULL;
	if (held == NULL || what_is_wrong(held, root, NULL, &column) != NULL)
	{
		if (held != NULL)
			relation_close(held, AccessShareLock);
		relation_close(root, AccessShareLock);
		return false;
	}
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT FROM %s WHERE held_status OPERATOR(pg_catalog.=) 'released' "
					 "AND decided_digest OPERATOR(pg_catalog.=) $1 LIMIT 1", qualified_name(held));
	act_as(held->rd_rel->relowner, &acting);
	SPI_connect();
	released = SPI_execute_with_args(query.data, 1, types, values, NULL, false, 1) == SPI_OK_SELECT &&
		SPI_processed == 1;
	SPI_finish();
	act_as_before(&acting);
	relation_close(held, AccessShareLock);
	relation_close(root, AccessShareLock);
	return released;
}

/* ---- what is held --------------------------------------------------------------------- */

#define LISTED_COLUMNS	11

/* list_held appends the held rows of one gated table to the result. */
static void
list_held(Oid relation, bool named, ReturnSetInfo *result)
{
	Relation	rel = try_relation_open(relation, AccessShareLock);
	Relation	held = NULL;
	Oid			held_id = rel == NULL ? InvalidOid : protaddr_gate_held(rel);
	const char *column;
	const char *wrong = NULL;
	StringInfoData query;
	Acting		acting;

	if (OidIsValid(held_id))
		held = try_relation_open(held_id, AccessShareLock);
	if (held != NULL)
		wrong = what_is_wrong(held, rel, NULL, &column);
	if (held != NULL && wrong == NULL)
	{
		initStringInfo(&query);
		appendStringInfo(&query, "SELECT held_id, held_at, held_by, held_operation, held_channel, held_why, "
						 "held_status, decided_at, decided_by, decided_action FROM %s ORDER BY held_id",
						 qualified_name(held));
		act_as(held->rd_rel->relowner, &acting);
		SPI_connect();
		if (SPI_execute(query.data, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not list held rows");
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			Datum		values[LISTED_COLUMNS];
			bool		nulls[LISTED_COLUMNS] = {false};

			values[0] = ObjectIdGetDatum(relation);
			for (int j = 1; j < LISTED_COLUMNS; j++)
				values[j] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, j, &nulls[j]);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
		SPI_finish();
		act_as_before(&acting);
	}
	if (held != NULL)
		relation_close(held, AccessShareLock);
	if (rel != NULL)
		relation_close(rel, AccessShareLock);
	if (wrong != NULL && named)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the held table cannot be read"),
				 errdetail("%s", wrong)));
}

/* protaddr_held_rows is protaddr.held_rows(relation): of all gated tables if NULL. */
Datum
protaddr_held_rows(PG_FUNCTION_ARGS)
{
	List	   *relations = NIL;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
		relations = list_make1_oid(PG_GETARG_OID(0));
	else
	{
		MemoryContext context = CurrentMemoryContext;

		SPI_connect();
		if (SPI_execute("SELECT t.tgrelid FROM pg_catalog.pg_trigger t "
						"WHERE t.tgfoid OPERATOR(pg_catalog.=) 'protaddr.gate_row()'::pg_catalog.regprocedure "
						"AND t.tgparentid OPERATOR(pg_catalog.=) 0 ORDER BY t.tgrelid::pg_catalog.regclass::pg_catalog.text",
						true, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not list gates");
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			Oid			relation = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i],
																  SPI_tuptable->tupdesc, 1, &isnull));
			MemoryContext old = MemoryContextSwitchTo(context);

			relations = lappend_oid(relations, relation);
			MemoryContextSwitchTo(old);
		}
		SPI_finish();
	}
	foreach(cell, relations)
		list_held(lfirst_oid(cell), !PG_ARGISNULL(0), (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}
