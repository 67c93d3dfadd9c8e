/*
 * own_tables.c
 *		Where are our own tables, are they as the library knows them, and have they changed?
 *
 * Each room tells of its tables (ProtaddrOwnTable): the columns that C counts on, and
 * what may be done to their rows.  A table is looked up by name in our schema, held
 * against the room's list of columns, and from then on known by its OID.
 *
 * Every table whose content we cache has a row trigger (ENABLE ALWAYS) that
 * registers a relcache invalidation with the change.  PostgreSQL then does the
 * rest: the message goes out at commit and only then, is carried to a standby
 * in the commit record, and is undone locally with a rolled back subtransaction.
 * Here each message moves the table's generation on; who caches something keeps
 * the generation it was read under.
 */
#include "postgres.h"

#include "base/base.h"

#include <time.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define OUR_SCHEMA "protaddr"

static const struct
{
	const char *table;
	const char *index;
}	own_tables[PROTADDR_NTABLES] = {
	[PROTADDR_DATA_KEY] = {"data_key", "data_key_pkey"},
	[PROTADDR_PROTECTION] = {"protection", "protection_current"},
	[PROTADDR_IDENTITY_LINK] = {"identity_link", "identity_link_forward"},
	[PROTADDR_REGISTER_SOURCE] = {"register_source", "register_source_pkey"},
	[PROTADDR_REGISTER_PERSON] = {"register_person", "register_person_pkey"},
	[PROTADDR_CHANNEL] = {"channel", "channel_pkey"},
	[PROTADDR_GATE] = {"gate", "gate_pkey"},
	[PROTADDR_GUARDED_ADDRESS] = {"guarded_address", "guarded_address_pkey"},
	[PROTADDR_ADDRESS_WORD] = {"address_word", "address_word_pkey"},
	[PROTADDR_EXPORT] = {"export", "export_pkey"},
	[PROTADDR_FREE_COLUMN] = {"free_column", "free_column_pkey"},
	[PROTADDR_SAFE_FUNCTION] = {"safe_function", "safe_function_pkey"},
	[PROTADDR_PROXY_COLUMN] = {"proxy_column", "proxy_column_pkey"},
	[PROTADDR_PURPOSE] = {"purpose", "purpose_pkey"},
	[PROTADDR_CLEARANCE] = {"clearance", "clearance_current"},
	[PROTADDR_PROCESSOR] = {"processor", "processor_pkey"},
	[PROTADDR_PROCESSOR_ROLE] = {"processor_role", "processor_role_pkey"},
};

/* The tables that rooms have told of. */
typedef struct Known
{
	const ProtaddrOwnTable *table;
	Oid			relation;		/* as far as is known */
	bool		fits;			/* it has the columns that C counts on */
} Known;

#define MAX_KNOWN	64

static Known known_tables[MAX_KNOWN];
static int	nknown = 0;

static ProtaddrOwnTableObserver observer = NULL;

static Oid	table_oid[PROTADDR_NTABLES];
static Oid	index_oid[PROTADDR_NTABLES];
static uint64 generation[PROTADDR_NTABLES];
static uint64 additions[PROTADDR_NTABLES];

/*
 * This transaction lifts a protection, or loads or confirms the register.  What
 * it relaxed holds for nobody before it is committed, and least for itself:
 * else a role that may lift could lift, look and roll back.
 */
static bool relaxed = false;

/* This transaction has added rows that took nothing away: it may yet be rolled back. */
static bool added = false;

/* What has ended may be removed: protaddr.forget_subject() is at it. */
static bool forgetting = false;

PG_FUNCTION_INFO_V1(protaddr_own_table_changed);
PG_FUNCTION_INFO_V1(protaddr_own_script_runs);

static void own_tables_start(void);
static void own_tables_relcache(Oid relid);
static void own_tables_namespace(uint32 hashvalue);
static void own_tables_xact_end(void);
static void check_columns(Known *known);
static bool has_ended(TriggerData *trigdata);
static void check_closing(TriggerData *trigdata);

const ProtaddrPart protaddr_own_tables_part = {
	.start = own_tables_start,
	.relcache = own_tables_relcache,
	.syscache_id = NAMESPACEOID,
	.syscache = own_tables_namespace,
	.xact_end = own_tables_xact_end,
};

static void
own_tables_start(void)
{
	for (int i = 0; i < PROTADDR_NTABLES; i++)
		generation[i] = additions[i] = 1;
}

/* protaddr_own_tables_known notes the tables of a part of the library, once. */
void
protaddr_own_tables_known(const ProtaddrOwnTable *tables, int ntables)
{
	for (int i = 0; i < ntables; i++)
	{
		if (nknown == MAX_KNOWN)
			elog(ERROR, "protaddr has too many tables");
		Assert(tables[i].columns == NULL || tables[i].ncolumns > 1);
		known_tables[nknown++].table = &tables[i];
	}
}

/* protaddr_own_tables_observe has one room told of every change of a row. */
void
protaddr_own_tables_observe(ProtaddrOwnTableObserver function)
{
	Assert(observer == NULL);
	observer = function;
}

static Oid
relation_by_name(const char *name)
{
	Oid			schema = get_namespace_oid(OUR_SCHEMA, true);

	return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

/* known_relation finds one of our tables by its OID, or NULL. */
static Known *
known_relation(Oid relation)
{
	for (int i = 0; i < nknown; i++)
		if (known_tables[i].relation == relation)
			return &known_tables[i];
	for (int i = 0; i < nknown; i++)
	{
		if (!OidIsValid(known_tables[i].relation))
			known_tables[i].relation = relation_by_name(known_tables[i].table->name);
		if (known_tables[i].relation == relation)
			return &known_tables[i];
	}
	return NULL;
}

/*
 * first_wrong_column gives the first column of a relation that is not as the list has it,
 * or 0.  All are read at once: a session's first question asks for many.
 */
static int
first_wrong_column(Oid relation, const ProtaddrOwnTable *table)
{
	Relation	attributes = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			right = 0;
	int			wrong = table->ncolumns + 1;

	ScanKeyInit(&key[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	ScanKeyInit(&key[1], Anum_pg_attribute_attnum, BTGreaterStrategyNumber, F_INT2GT, Int16GetDatum(0));
	scan = systable_beginscan(attributes, AttributeRelidNumIndexId, true, NULL, 2, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_attribute one = (Form_pg_attribute) GETSTRUCT(tuple);

		if (one->attnum < table->ncolumns && strcmp(NameStr(one->attname), table->columns[one->attnum]) == 0)
			right++;
		else
			wrong = Min(wrong, one->attnum);
	}
	systable_endscan(scan);
	table_close(attributes, AccessShareLock);
	if (wrong > table->ncolumns && right < table->ncolumns - 1)
		return right + 1;
	return wrong > table->ncolumns ? 0 : wrong;
}

/*
 * check_columns holds a table against what C takes its columns for: what the library
 * of another version makes of a row could be anything.  Upgrade scripts add columns
 * at the end, and the library with them.
 */
static void
check_columns(Known *known)
{
	const ProtaddrOwnTable *table = known->table;
	int			wrong = first_wrong_column(known->relation, table);

	if (wrong != 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("extension protaddr in this database is not of the library's version"),
				 errdetail("Column %d of \"%s.%s\" is not what the library expects.",
						   wrong, OUR_SCHEMA, table->name),
				 errhint("ALTER EXTENSION protaddr UPDATE, or install the library of its version.")));
	known->fits = true;
}

static Oid
our_relation(const char *name)
{
	Oid			relation = relation_by_name(name);

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("extension protaddr is not complete in this database"),
				 errdetail("Relation \"%s.%s\" is missing.", OUR_SCHEMA, name),
				 errhint("CREATE EXTENSION protaddr, or restore it.")));
	for (int i = 0; i < nknown; i++)
	{
		Known	   *known = &known_tables[i];

		if (known->table->columns == NULL || strcmp(known->table->name, name) != 0)
			continue;
		if (known->relation != relation)
			known->fits = false;
		known->relation = relation;
		if (!known->fits)
			check_columns(known);
	}
	return relation;
}

/* protaddr_table gives the table's OID; raises 55PA1 if it is not there. */
Oid
protaddr_table(ProtaddrTable table)
{
	if (!OidIsValid(table_oid[table]))
		table_oid[table] = our_relation(own_tables[table].table);
	return table_oid[table];
}

/* protaddr_table_index gives the OID of the index that look-ups use. */
Oid
protaddr_table_index(ProtaddrTable table)
{
	if (!OidIsValid(index_oid[table]))
		index_oid[table] = our_relation(own_tables[table].index);
	return index_oid[table];
}

/* protaddr_protection_one_index gives the index of all kinds in force. */
Oid
protaddr_protection_one_index(void)
{
	return our_relation("protection_one");
}

/* protaddr_identity_index gives the index to follow links by. */
Oid
protaddr_identity_index(bool reverse)
{
	return reverse ? our_relation("identity_link_reverse") :
		protaddr_table_index(PROTADDR_IDENTITY_LINK);
}

/* protaddr_own_relation gives one of our tables or indexes that few ask for. */
Oid
protaddr_own_relation(const char *name)
{
	return our_relation(name);
}

/* protaddr_is_register_table is true of the tables that look-ups of people read. */
bool
protaddr_is_register_table(Oid relation)
{
	static const ProtaddrTable some[] = {PROTADDR_PROTECTION, PROTADDR_IDENTITY_LINK, PROTADDR_REGISTER_PERSON};

	for (int i = 0; i < lengthof(some); i++)
		if (relation == table_oid[some[i]] || relation == relation_by_name(own_tables[some[i]].table))
			return true;
	return false;
}

/* protaddr_address_type gives the OID of protaddr.address, or InvalidOid. */
Oid
protaddr_address_type(void)
{
	Oid			schema = get_namespace_oid(OUR_SCHEMA, true);

	if (!OidIsValid(schema))
		return InvalidOid;
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("address"),
						   ObjectIdGetDatum(schema));
}

/*
 * take_in_news processes what other sessions have announced: the next statement of
 * an open transaction may have no other reason to.
 *
 * For every row that would cost more than reading the register does, so it looks
 * first whether there can be any: whether a statement began, or a transaction
 * ended.  A transaction counts as ended a moment before its announcement is out, so
 * for a while after one has, every row asks; and every sixteenth row asks anyway.
 */
#define NEWS_MAY_TAKE_NS	INT64CONST(100000000)

static int64
coarse_time(void)
{
	struct timespec now;

#ifdef CLOCK_MONOTONIC_COARSE
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
#else
	clock_gettime(CLOCK_MONOTONIC, &now);
#endif
	return (int64) now.tv_sec * INT64CONST(1000000000) + now.tv_nsec;
}

static void
take_in_news(void)
{
	static uint64 transactions_seen = 0;
	static TimestampTz statement_seen = 0;
	static bool news_on_its_way = false;
	static int64 since = 0;
	static int	rows = 0;
	uint64		transactions = protaddr_transactions_ended();
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	if (transactions != transactions_seen)
	{
		transactions_seen = transactions;
		news_on_its_way = true;
		since = coarse_time();
	}
	else if (news_on_its_way)
		news_on_its_way = coarse_time() - since < NEWS_MAY_TAKE_NS;
	else if (likely(statement == statement_seen && ++rows < 16))
		return;

	statement_seen = statement;
	rows = 0;
	AcceptInvalidationMessages();
}

/*
 * protaddr_generation gives a number that moves on with every change of the
 * table that was committed anywhere, or made here.
 */
uint64
protaddr_generation(ProtaddrTable table)
{
	take_in_news();
	return generation[table];
}

/*
 * protaddr_generation_seen gives it without taking in anything new: for a caller
 * who asked after another of our tables just before.
 */
uint64
protaddr_generation_seen(ProtaddrTable table)
{
	return generation[table];
}

/*
 * protaddr_additions_seen gives a number that also moves on when rows were added of
 * which PROTADDR_INSERT_ADDS says that they take nothing away from what was read before.
 */
uint64
protaddr_additions_seen(ProtaddrTable table)
{
	return additions[table];
}

/* protaddr_added_here is true in a transaction that has added such rows. */
bool
protaddr_added_here(void)
{
	return added;
}

/*
 * protaddr_relaxed_here is true in a transaction that must tell nothing.  A
 * parallel worker sees what its leader's transaction changed but does not know
 * that it did, so it tells nothing; the door's functions do not run there, unless
 * someone wraps one in a function wrongly marked PARALLEL SAFE.
 */
bool
protaddr_relaxed_here(void)
{
	return relaxed || IsParallelWorker();
}

static void
own_tables_relcache(Oid relid)
{
	for (int i = 0; i < nknown; i++)
	{
		if (relid == InvalidOid || relid == known_tables[i].relation)
		{
			known_tables[i].relation = InvalidOid;
			known_tables[i].fits = false;
		}
	}
	for (int i = 0; i < PROTADDR_NTABLES; i++)
	{
		/* so a change is announced that only adds; see own_table_changed */
		if (i == PROTADDR_REGISTER_PERSON && relid != InvalidOid && relid == index_oid[i])
			additions[i]++;
		else if (relid == InvalidOid || relid == table_oid[i] || relid == index_oid[i])
		{
			/*
			 * The two go together: a table whose OID is not known cannot be recognised in the next
			 * message, so nothing read from it may count as current meanwhile.
			 */
			generation[i]++;
			additions[i]++;
			table_oid[i] = InvalidOid;
			index_oid[i] = InvalidOid;
		}
	}
}

/* The schema went or came: DROP EXTENSION, CREATE EXTENSION. */
static void
own_tables_namespace(uint32 hashvalue)
{
	own_tables_relcache(InvalidOid);
}

static void
own_tables_xact_end(void)
{
	relaxed = added = false;
}

/*
 * protaddr_forgetting tells the trigger whether the deletions to come remove what has
 * ended.  The caller says so around its statements, whatever becomes of them.
 */
void
protaddr_forgetting(bool on)
{
	Assert(forgetting != on);
	forgetting = on;
}

/*
 * protaddr_own_table_changed is the trigger on each of our tables, BEFORE ROW for
 * changes and BEFORE STATEMENT for TRUNCATE.  It announces the change to every
 * session, and keeps to the rules that the table's room has given.
 */
Datum
protaddr_own_table_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TriggerEvent event;
	Known	   *known;
	const ProtaddrOwnTable *table;
	HeapTuple	row;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"own_table_changed\" was not called by trigger manager")));
	known = known_relation(RelationGetRelid(trigdata->tg_relation));
	if (known == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"own_table_changed\" is a trigger of protaddr's own tables only")));
	table = known->table;
	event = trigdata->tg_event;
	row = TRIGGER_FIRED_BY_UPDATE(event) ? trigdata->tg_newtuple : trigdata->tg_trigtuple;

	/* nothing of it counts any more: no session needs to hear of it */
	if (forgetting && (table->rules & PROTADDR_ROWS_FORGET) != 0 && has_ended(trigdata))
		return PointerGetDatum(row);

	if (TRIGGER_FIRED_BY_TRUNCATE(event) ||
		(TRIGGER_FIRED_BY_DELETE(event) && (table->rules & PROTADDR_ROWS_STAY) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rows of \"protaddr.%s\" cannot be removed", table->name),
				 errdetail("%s", table->why_rows_stay ? table->why_rows_stay : "The register keeps its history."),
				 errhint("Use the functions of protaddr to change the register, keys and channels.")));

	if ((table->rules & PROTADDR_ROWS_OF_THIS_SERVER) != 0)
	{
		/* a publication of all tables brings another server's */
		if (IsLogicalWorker())
			return PointerGetDatum(NULL);
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"protaddr.%s\" is written by gates alone", table->name),
				 errhint("Use protaddr.install_gate() and protaddr.remove_gate().")));
	}

	/* pg_write_all_data holds INSERT and UPDATE on these, too; our functions run as their owner */
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to change \"protaddr.%s\" directly", table->name),
				 errhint("Use the functions of protaddr, which can be granted.")));

	if (TRIGGER_FIRED_BY_INSERT(event) && (table->rules & PROTADDR_INSERT_ADDS) != 0)
	{
		/* a message of its own: about the index, not the table */
		CacheInvalidateRelcacheByRelid(protaddr_table_index(PROTADDR_REGISTER_PERSON));
		added = true;
	}
	else
		CacheInvalidateRelcache(trigdata->tg_relation);

	if ((table->rules & PROTADDR_CHANGE_LETS_OUT) != 0 ||
		(TRIGGER_FIRED_BY_UPDATE(event) && (table->rules & PROTADDR_UPDATE_LETS_OUT) != 0))
		relaxed = true;
	if (TRIGGER_FIRED_BY_UPDATE(event) && (table->rules & PROTADDR_ROWS_CLOSE) != 0)
		check_closing(trigdata);
	if (table->change != NULL && TRIGGER_FIRED_FOR_ROW(event))
		row = table->change(trigdata, row);
	if (observer != NULL && TRIGGER_FIRED_FOR_ROW(event) && row != NULL)
		observer(table->name, trigdata, row);
	return PointerGetDatum(row);
}

/* has_ended is true of the deletion of a row that tells an end of itself. */
static bool
has_ended(TriggerData *trigdata)
{
	static const char *const ends[] = {"recorded_to", "valid_to"};
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);

	if (!TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return false;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		for (int j = 0; j < lengthof(ends); j++)
		{
			bool		isnull;
			Datum		end;

			if (att->attisdropped || att->atttypid != TIMESTAMPTZOID ||
				strcmp(NameStr(att->attname), ends[j]) != 0)
				continue;
			end = heap_getattr(trigdata->tg_trigtuple, i + 1, desc, &isnull);
			if (!isnull && !TIMESTAMP_IS_NOEND(DatumGetTimestampTz(end)))
				return true;
		}
	}
	return false;
}

/* check_closing lets only "recorded_to" change, once, from infinity. */
static void
check_closing(TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	bool		good = true;

	for (int i = 0; i < desc->natts && good; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		old_null;
		bool		new_null;
		Datum		old_value;
		Datum		new_value;

		/* generated columns are computed after BEFORE triggers */
		if (att->attisdropped || att->attgenerated)
			continue;
		old_value = heap_getattr(trigdata->tg_trigtuple, i + 1, desc, &old_null);
		new_value = heap_getattr(trigdata->tg_newtuple, i + 1, desc, &new_null);
		if (strcmp(NameStr(att->attname), "recorded_to") == 0)
			good = !old_null && !new_null &&
				TIMESTAMP_IS_NOEND(DatumGetTimestampTz(old_value)) &&
				!TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(new_value));
		else
			good = old_null == new_null &&
				(old_null || datum_image_eq(old_value, new_value, att->attbyval, att->attlen));
	}
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("what is recorded in \"protaddr.%s\" cannot be changed",
						RelationGetRelationName(trigdata->tg_relation)),
				 errdetail("Only its recorded period can be closed, once."),
				 errhint("Use the functions of protaddr, which close and add.")));
}

/* protaddr_column_text gives a column of ours that holds text; NULL for NULL. */
char *
protaddr_column_text(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* protaddr_in_own_script is true while our install or upgrade script runs. */
bool
protaddr_in_own_script(void)
{
	return creating_extension && OidIsValid(CurrentExtensionObject) &&
		CurrentExtensionObject == get_extension_oid("protaddr", true);
}

/* protaddr_own_script_runs is protaddr.own_script_runs(). */
Datum
protaddr_own_script_runs(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(protaddr_in_own_script());
}
