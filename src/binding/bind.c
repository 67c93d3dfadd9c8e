/*
 * bind.c
 *		Whom does an address concern?
 *
 * The trigger that protaddr.bind_column() puts on a table adds the row's people
 * to each value of one column.  It only ever adds: a value that concerned
 * somebody goes on concerning them wherever it is copied, so protection cannot be
 * lost on the way.
 *
 * Whose address a value is that concerns nobody yet, only two know: who typed it
 * in, and whoever may bind (EXECUTE on protaddr.bind_row).  From others the trigger
 * leaves it as it is, so withheld: else a role could read a foreign address by
 * copying its token into a row of somebody who is not protected, or by having
 * somebody who may do so unawares.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "binding/binding.h"
#include "keys/keys.h"
#include "person/person.h"

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
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(protaddr_bind_row);
PG_FUNCTION_INFO_V1(protaddr_bind_rows);

/* The table whose stored rows are bound because who may has said so: protaddr_bind_rows. */
static Oid	binding_rows_of = InvalidOid;

static Datum bind_value(PaAddress *address, const ProtaddrIdentifier *people, int npeople);
static bool is_stored_row(const TriggerData *trigdata, const ProtaddrBoundColumn *column, Datum value,
						  const ProtaddrIdentifier *people, int npeople);
static void stays_unbound(Relation rel, AttrNumber column, const ProtaddrSeal *seal);

/* protaddr_bind_row is the trigger: BEFORE ROW, arguments column and subject. */
Datum
protaddr_bind_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	ProtaddrBoundColumn *trigger;
	ProtaddrIdentifier people[PA_MAX_SUBJECTS];
	int			npeople;
	int			nnew = 0;
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
	npeople = isnull ? 0 : protaddr_identifiers_from_datum(subject, &trigger->subject_type, people);
	if (npeople == 0)
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

	for (int i = 0; i < npeople; i++)
		nnew += !protaddr_concerns(&opened.address, &people[i]);
	if (nnew > 0 &&
		(protaddr_may_bind(&opened.address) || is_stored_row(trigdata, trigger, value, people, npeople)))
	{
		Datum		bound;

		if (opened.address.nsubjects + nnew > PA_MAX_SUBJECTS)
		{
			protaddr_shut(&opened);
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an address can concern at most %d people", PA_MAX_SUBJECTS),
					 protaddr_errprivate()));
		}
		bound = bind_value(&opened.address, people, npeople);
		/* isnull is false since the subject was read */
		row = heap_modify_tuple_by_cols(row, desc, 1, &column, &bound, &isnull);
	}
	protaddr_shut(&opened);
	return PointerGetDatum(row);
}

/* bind_value gives a new seal of the address, with the people added to those it concerns. */
static Datum
bind_value(PaAddress *address, const ProtaddrIdentifier *people, int npeople)
{
	for (int i = 0; i < npeople; i++)
	{
		if (protaddr_concerns(address, &people[i]))
			continue;
		Assert(address->nsubjects < PA_MAX_SUBJECTS);
		address->subject[address->nsubjects].data = people[i].key;
		address->subject[address->nsubjects].len = people[i].len;
		address->nsubjects++;
	}
	address->typist.len = 0;

	/* what was released was released for others than it concerns now */
	address->release = PA_NOT_RELEASED;
	address->channel.len = 0;
	address->disclosure = 0;
	return PointerGetDatum(protaddr_seal(address));
}

/* may_say_whose is a ProtaddrRoleTest: the role typed the address in, or may bind any. */
static bool
may_say_whose(Oid role, const void *what)
{
	const PaText *typist = what;
	Oid			bind_row;

	if (typist != NULL && typist->len > 0)
	{
		const char *name = protaddr_role_name(role);

		if (strlen(name) == typist->len && memcmp(name, typist->data, typist->len) == 0)
			return true;
	}
	bind_row = LookupFuncName(list_make2(makeString("protaddr"), makeString("bind_row")), 0, NULL,
							  false);
	return protaddr_may_execute(bind_row, role);
}

/*
 * protaddr_may_bind tells whether those with whose rights this code runs may say whom
 * the address concerns: the client, and everybody through whose functions it came.
 */
bool
protaddr_may_bind(const PaAddress *address)
{
	const char *callers;

	/* somebody else more takes nothing from those it concerns already */
	if (address->nsubjects > 0)
		return true;

	/* typed in by the very same, through the very same functions */
	callers = protaddr_callers_name();
	if (address->typist.len > 0 && strlen(callers) == address->typist.len &&
		memcmp(callers, address->typist.data, address->typist.len) == 0)
		return true;
	return protaddr_callers_all(may_say_whose, &address->typist);
}

/*
 * is_stored_row is true for a row that protaddr_bind_rows sends through the triggers
 * on behalf of who may bind, as long as it still holds the value, and names the people,
 * that were stored: what another trigger made of it meanwhile nobody has vouched for.
 */
static bool
is_stored_row(const TriggerData *trigdata, const ProtaddrBoundColumn *column, Datum value,
			  const ProtaddrIdentifier *people, int npeople)
{
	Oid			table = RelationGetRelid(trigdata->tg_relation);
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	ProtaddrIdentifier stored[PA_MAX_SUBJECTS];
	bool		old_null;
	bool		names_nobody;
	Datum		old_value;
	Datum		subject;

	if (!OidIsValid(binding_rows_of) || !TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ||
		(table != binding_rows_of &&
		 !list_member_oid(get_partition_ancestors(table), binding_rows_of)))
		return false;

	old_value = heap_getattr(trigdata->tg_trigtuple, column->address, desc, &old_null);
	subject = heap_getattr(trigdata->tg_trigtuple, column->subject, desc, &names_nobody);
	if (old_null || names_nobody || !datum_image_eq(old_value, value, false, -1) ||
		protaddr_identifiers_from_datum(subject, &column->subject_type, stored) != npeople)
		return false;
	for (int i = 0; i < npeople; i++)
		if (!protaddr_identifier_same(&stored[i], &people[i]))
			return false;
	return true;
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

/* check_may_bind_rows raises 42501 unless the caller may. */
static void
check_may_bind_rows(Oid relation)
{
	protaddr_check_owner(relation);
	if (!protaddr_callers_all(may_say_whose, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to bind the rows of table %s", get_rel_name(relation)),
				 errhint("Whoever may EXECUTE protaddr.bind_row() may bind, but not through a function of somebody who may not.")));
}

/*
 * protaddr_bind_rows is protaddr.bind_rows(regclass, name): it sends the rows that
 * are there through the triggers.  As the table's owner, restricted: an
 * UPDATE runs whatever triggers and expressions the owner has put there.  The caller
 * has the owner's rights, so none are lent to him either.  Gives the number of rows.
 */
Datum
protaddr_bind_rows(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *column = NameStr(*PG_GETARG_NAME(1));
	Relation	rel;
	ProtaddrActing before;
	StringInfoData query;
	uint64		rows;

	rel = protaddr_open_permitted(relid, ShareRowExclusiveLock, check_may_bind_rows);

	initStringInfo(&query);
	appendStringInfo(&query, "UPDATE %s SET %s = %s WHERE %s IS NOT NULL",
					 protaddr_qualified_name(relid),
					 quote_identifier(column), quote_identifier(column), quote_identifier(column));

	protaddr_act_restricted(rel->rd_rel->relowner, &before);
	/* rows that a policy hides from the owner would stay unbound: rather refuse */
	SetConfigOption("row_security", "off", PGC_USERSET, PGC_S_SESSION);

	SPI_connect();
	PG_TRY();
	{
		binding_rows_of = relid;
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

	protaddr_act_as_before(&before);
	relation_close(rel, NoLock);
	PG_RETURN_INT64((int64) rows);
}
