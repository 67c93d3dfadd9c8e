/*
 * bind.c
 *		Whom does an address concern?
 *
 * The trigger that protaddr.bind_column() puts on a table adds the row's person
 * to each value of one column.  It only ever adds: a value that concerned
 * somebody goes on concerning them wherever it is copied, so protection cannot be
 * lost on the way.
 *
 * Whose address a value is that concerns nobody yet, only two know: who typed it
 * in, and whoever may bind (EXECUTE on protaddr.bind_row).  From others the trigger
 * leaves it as it is, so withheld: else a role could read a foreign address by
 * copying its token into a row of somebody who is not protected.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "binding/binding.h"
#include "keys/keys.h"
#include "person/person.h"
#include "type/type.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "replication/logicalworker.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(protaddr_bind_row);
PG_FUNCTION_INFO_V1(protaddr_bind_rows);

/* The table whose rows are bound on behalf of a role that may: protaddr_bind_rows. */
static Oid	binding_rows_of = InvalidOid;

static bool may_bind(const PaAddress *address, Oid function, Oid table);
static void stays_unbound(Relation rel, AttrNumber column, const ProtaddrSeal *seal);

/* protaddr_bind_row is the trigger: BEFORE ROW, arguments column and subject. */
Datum
protaddr_bind_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	ProtaddrBoundColumn *trigger;
	ProtaddrIdentifier person;
	ProtaddrOpened opened;
	ProtaddrSeal *seal;
	TupleDesc	desc;
	HeapTuple	row;
	Datum		value;
	Datum		subject;
	bool		isnull;
	int			column;

	protaddr_check_row_trigger(fcinfo, "bind_row", TRIGGER_EVENT_BEFORE, 2);
	trigger = protaddr_bound_column(trigdata, trigdata->tg_trigger->tgargs[1],
									trigdata->tg_trigger->tgargs[0]);
	desc = RelationGetDescr(trigdata->tg_relation);
	row = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
	column = trigger->address;

	value = heap_getattr(row, column, desc, &isnull);
	if (isnull)
		return PointerGetDatum(row);
	subject = heap_getattr(row, trigger->subject, desc, &isnull);
	if (isnull ||
		!protaddr_identifier_from_datum(subject, trigger->subject_type, &trigger->subject_out,
										&person))
		return PointerGetDatum(row);

	/*
	 * Without its key the value stays as it is: nobody can read it, and should the key come back,
	 * it concerns whom it did, or nobody, and is withheld.  The next UPDATE of the row binds it.
	 */
	seal = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
	if (!protaddr_open(seal, true, &opened))
	{
		stays_unbound(trigdata->tg_relation, column, seal);
		return PointerGetDatum(row);
	}

	if (!protaddr_concerns(&opened.address, &person) &&
		may_bind(&opened.address, fcinfo->flinfo->fn_oid,
				 RelationGetRelid(trigdata->tg_relation)))
	{
		PaAddress  *address = &opened.address;
		Datum		bound;

		if (address->nsubjects == PA_MAX_SUBJECTS)
		{
			protaddr_shut(&opened);
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an address can concern at most %d people", PA_MAX_SUBJECTS),
					 protaddr_errprivate()));
		}
		address->subject[address->nsubjects].data = person.key;
		address->subject[address->nsubjects].len = person.len;
		address->nsubjects++;

		address->typist.len = 0;

		/* what was released was released for others than it concerns now */
		address->release = PA_NOT_RELEASED;
		address->channel.len = 0;
		address->disclosure = 0;

		bound = PointerGetDatum(protaddr_seal(address));
		isnull = false;
		row = heap_modify_tuple_by_cols(row, desc, 1, &column, &bound, &isnull);
	}
	protaddr_shut(&opened);
	return PointerGetDatum(row);
}

/*
 * may_bind tells whether the client may say whom the value concerns: the role it
 * works as, whosever function or foreign key action the trigger fires in.
 */
static bool
may_bind(const PaAddress *address, Oid function, Oid table)
{
	const char *typist;

	/* somebody else more takes nothing from those it concerns already */
	if (address->nsubjects > 0)
		return true;
	if (OidIsValid(binding_rows_of) &&
		(table == binding_rows_of ||
		 list_member_oid(get_partition_ancestors(table), binding_rows_of)))
		return true;
	typist = protaddr_typist();
	return (strlen(typist) == address->typist.len &&
			memcmp(typist, address->typist.data, address->typist.len) == 0) ||
		protaddr_may_execute(function, GetOuterUserId());
}

/*
 * stays_unbound warns, once in a statement, that a value is stored whose key is not
 * here.  What an apply worker does is no statement of anybody: once in a transaction.
 */
static void
stays_unbound(Relation rel, AttrNumber column, const ProtaddrSeal *seal)
{
	static TimestampTz warned = 0;
	TimestampTz now = IsLogicalWorker() ? GetCurrentTransactionStartTimestamp() :
	GetCurrentStatementStartTimestamp();

	if (warned == now)
		return;
	warned = now;
	ereport(WARNING,
			(errcode(ERRCODE_PROTADDR_NOT_READY),
			 errmsg("an address in column \"%s\" of relation \"%s\" cannot be bound, and stays withheld",
					NameStr(TupleDescAttr(RelationGetDescr(rel), column - 1)->attname),
					RelationGetRelationName(rel)),
			 errdetail("Its data key %016llx is not here.", (unsigned long long) protaddr_seal_key(seal)),
			 errhint("protaddr.bound_values() counts such values; once the key is here, protaddr.rebind_column() binds them.")));
}

/*
 * protaddr_bind_rows is protaddr.bind_rows(regclass, name): it sends the rows that
 * are there through the triggers.  As the table's owner, in a restricted
 * operation, as REINDEX and ANALYZE do: an UPDATE runs whatever triggers and
 * expressions the owner has put there, and a superuser must not lend them his
 * rights.  Gives the number of rows.
 */
Datum
protaddr_bind_rows(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *column = NameStr(*PG_GETARG_NAME(1));
	Relation	rel = relation_open(relid, ShareRowExclusiveLock);
	Oid			owner = rel->rd_rel->relowner;
	Oid			caller;
	int			context;
	int			guc_level;
	StringInfoData query;
	uint64		rows;
	Oid			function;
	bool		allowed;

	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", RelationGetRelationName(rel))));

	/* asked of the caller, since below we act as the owner */
	function = LookupFuncName(list_make2(makeString("protaddr"), makeString("bind_row")), 0, NULL, false);
	allowed = protaddr_may_execute(function, GetUserId());

	initStringInfo(&query);
	appendStringInfo(&query, "UPDATE %s SET %s = %s WHERE %s IS NOT NULL",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												RelationGetRelationName(rel)),
					 quote_identifier(column), quote_identifier(column), quote_identifier(column));

	GetUserIdAndSecContext(&caller, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
	guc_level = NewGUCNestLevel();
	/* rows that a policy hides from the owner would stay unbound: rather refuse */
	SetConfigOption("row_security", "off", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION);

	SPI_connect();
	PG_TRY();
	{
		binding_rows_of = allowed ? relid : InvalidOid;
		if (SPI_execute(query.data, false, 0) != SPI_OK_UPDATE)
			elog(ERROR, "could not bind the rows of a table");
	}
	PG_FINALLY();
	{
		binding_rows_of = InvalidOid;
	}
	PG_END_TRY();
	rows = SPI_processed;
	SPI_finish();

	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(caller, context);
	relation_close(rel, NoLock);
	PG_RETURN_INT64((int64) rows);
}
