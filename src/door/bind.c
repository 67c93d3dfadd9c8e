/*
 * bind.c
 *		Whom does an address concern?
 *
 * The trigger that protaddr.bind_column() puts on a table adds the row's person
 * to each value of one column.  It only ever adds: a value that concerned
 * somebody goes on concerning them wherever it is copied, so protection cannot be
 * lost on the way.
 */
#include "protaddr.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(protaddr_bind_row);
PG_FUNCTION_INFO_V1(protaddr_bind_rows);

static bool concerns(const PaAddress *address, const ProtaddrIdentifier *person);

/* protaddr_bind_row is the trigger: BEFORE ROW, arguments column and subject. */
Datum
protaddr_bind_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	ProtaddrRowTrigger *trigger;
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
	trigger = protaddr_row_trigger(trigdata, trigdata->tg_trigger->tgargs[1],
								   trigdata->tg_trigger->tgargs[0]);
	desc = RelationGetDescr(trigdata->tg_relation);
	row = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
	column = trigger->addresses[0];

	value = heap_getattr(row, column, desc, &isnull);
	if (isnull)
		return PointerGetDatum(row);
	subject = heap_getattr(row, trigger->subject, desc, &isnull);
	if (isnull ||
		!protaddr_identifier_from_datum(subject, trigger->subject_type, &trigger->subject_out,
										&person))
		return PointerGetDatum(row);

	/*
	 * Without its key the value stays as it is: nobody can read it, and should the
	 * key come back, it concerns whom it did, or nobody, and is withheld.
	 */
	seal = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
	if (!protaddr_open(seal, true, &opened))
		return PointerGetDatum(row);

	if (!concerns(&opened.address, &person))
	{
		PaAddress  *address = &opened.address;
		Datum		bound;

		if (address->nsubjects == PA_MAX_SUBJECTS)
		{
			protaddr_shut(&opened);
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an address can concern at most %d people", PA_MAX_SUBJECTS),
					 PROTADDR_DISCREET));
		}
		address->subject[address->nsubjects].data = person.key;
		address->subject[address->nsubjects].len = person.len;
		address->nsubjects++;

		/* what was released was released for others than it concerns now */
		address->release = PA_NOT_RELEASED;
		address->channel.len = 0;

		bound = PointerGetDatum(protaddr_seal(address));
		isnull = false;
		row = heap_modify_tuple_by_cols(row, desc, 1, &column, &bound, &isnull);
	}
	protaddr_shut(&opened);
	return PointerGetDatum(row);
}

static bool
concerns(const PaAddress *address, const ProtaddrIdentifier *person)
{
	for (int i = 0; i < address->nsubjects; i++)
		if (address->subject[i].len == person->len &&
			memcmp(address->subject[i].data, person->key, person->len) == 0)
			return true;
	return false;
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

	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", RelationGetRelationName(rel))));

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
	if (SPI_execute(query.data, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not bind the rows of a table");
	rows = SPI_processed;
	SPI_finish();

	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(caller, context);
	relation_close(rel, NoLock);
	PG_RETURN_INT64((int64) rows);
}
