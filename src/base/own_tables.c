/*
 * own_tables.c
 *		Where are our own tables, and have they changed?
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
#include "register/register.h"
#include "register/register.h"

#include <time.h>

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
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
	[PROTADDR_CHANNEL] = {"channel", "channel_pkey"},
	[PROTADDR_GATE] = {"gate", "gate_pkey"},
};

static Oid	table_oid[PROTADDR_NTABLES];
static Oid	index_oid[PROTADDR_NTABLES];
static uint64 generation[PROTADDR_NTABLES];

/*
 * This transaction lifts a protection, or loads or confirms the register.  What
 * it relaxed holds for nobody before it is committed, and least for itself:
 * else a role that may lift could lift, look and roll back.
 */
static bool relaxed = false;

PG_FUNCTION_INFO_V1(protaddr_own_table_changed);

static void own_tables_start(void);
static void own_tables_relcache(Oid relid);
static void own_tables_namespace(uint32 hashvalue);
static void own_tables_xact_end(void);
static void check_data_key_update(TriggerData *trigdata);
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
		generation[i] = 1;
}

static Oid
our_relation(const char *name)
{
	Oid			schema = get_namespace_oid(OUR_SCHEMA, true);
	Oid			relation = InvalidOid;

	if (OidIsValid(schema))
		relation = get_relname_relid(name, schema);
	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("extension protaddr is not complete in this database"),
				 errdetail("Relation \"%s.%s\" is missing.", OUR_SCHEMA, name),
				 errhint("CREATE EXTENSION protaddr, or restore it.")));
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

/* protaddr_register_person and its index: who is known. */
Oid
protaddr_register_person(void)
{
	return our_relation("register_person");
}

Oid
protaddr_register_person_index(void)
{
	return our_relation("register_person_pkey");
}

/* protaddr_own_relation gives one of our tables or indexes that few ask for. */
Oid
protaddr_own_relation(const char *name)
{
	return our_relation(name);
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
	for (int i = 0; i < PROTADDR_NTABLES; i++)
	{
		if (relid == InvalidOid || relid == table_oid[i] || relid == index_oid[i])
		{
			/*
			 * The two go together: a table whose OID is not known cannot be recognised in the next
			 * message, so nothing read from it may count as current meanwhile.
			 */
			generation[i]++;
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
	relaxed = false;
}

/* keeps_rows is true of a table whose rows are closed, or added to, and never removed. */
static bool
keeps_rows(const char *table)
{
	static const char *const tables[] = {
		"protection", "identity_link", "substitute_address", "birth_data", "register_forgotten",
		"channel_change", "disclosure", "exchange_rate", "gate_change", "data_key", "held",
		"held_decision"
	};

	for (int i = 0; i < lengthof(tables); i++)
		if (strcmp(table, tables[i]) == 0)
			return true;
	return false;
}

/*
 * protaddr_own_table_changed is the trigger on each of our tables, BEFORE ROW
 * for changes and BEFORE STATEMENT for TRUNCATE.  It announces the change, and
 * keeps history as it was: a protection is never deleted, and its only update
 * closes the recorded period; a data key is never deleted.
 */
Datum
protaddr_own_table_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const char *table;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"own_table_changed\" was not called by trigger manager")));

	/* nothing of it counts any more: no session needs to hear of it */
	if (protaddr_may_forget(trigdata))
		return PointerGetDatum(trigdata->tg_trigtuple);

	table = RelationGetRelationName(trigdata->tg_relation);
	if (TRIGGER_FIRED_BY_TRUNCATE(trigdata->tg_event) ||
		(TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) && keeps_rows(table)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rows of \"protaddr.%s\" cannot be removed", table),
				 strcmp(table, "data_key") == 0 ?
				 errdetail("Addresses sealed with a data key could never be read again.") :
				 errdetail("The register keeps its history."),
				 errhint("Use the functions of protaddr to change the register, keys and channels.")));

	/* gates write it past this trigger */
	if (strcmp(table, "gate") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"protaddr.gate\" is written by gates alone"),
				 errhint("Use protaddr.install_gate() and protaddr.remove_gate().")));

	/* pg_write_all_data holds INSERT and UPDATE on these, too; our functions run as their owner */
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to change \"protaddr.%s\" directly", table),
				 errhint("Use the functions of protaddr, which can be granted.")));

	CacheInvalidateRelcache(trigdata->tg_relation);

	if (strcmp(table, "register_source") == 0 || strcmp(table, "channel") == 0 ||
		strcmp(table, "exchange_rate") == 0)
		relaxed = true;
	else if ((strcmp(table, "protection") == 0 || strcmp(table, "identity_link") == 0) &&
			 TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		relaxed = true;
		check_closing(trigdata);
	}
	else if (strcmp(table, "channel_change") == 0 || strcmp(table, "disclosure") == 0 ||
			 strcmp(table, "gate_change") == 0 || strcmp(table, "birth_data") == 0 ||
			 strcmp(table, "held") == 0 || strcmp(table, "held_decision") == 0)
	{
		if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
			check_closing(trigdata);
	}
	else if (strcmp(table, "substitute_address") == 0 || strcmp(table, "register_forgotten") == 0)
	{
		/* what is told in place of an address is told once it is committed, too */
		relaxed |= strcmp(table, "substitute_address") == 0;
		if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
			check_closing(trigdata);
	}
	else if (strcmp(table, "data_key") == 0 && TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		check_data_key_update(trigdata);

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return PointerGetDatum(trigdata->tg_newtuple);
	return PointerGetDatum(trigdata->tg_trigtuple);
}

/* check_data_key_update lets a key be wrapped anew, and keep the id values know. */
static void
check_data_key_update(TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	bool		old_null;
	bool		new_null;
	Datum		old_id = heap_getattr(trigdata->tg_trigtuple, 1, desc, &old_null);
	Datum		new_id = heap_getattr(trigdata->tg_newtuple, 1, desc, &new_null);

	if (old_null || new_null || DatumGetInt64(old_id) != DatumGetInt64(new_id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the id of a data key cannot be changed"),
				 errdetail("Addresses sealed with the key could never be read again.")));
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
