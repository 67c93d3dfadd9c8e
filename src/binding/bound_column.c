/*
 * bound_column.c
 *		Which columns of its table does a binding trigger work on?
 *
 * Found by name when the trigger first fires on a relation, kept per trigger until a
 * relation changes.  A partition has triggers and column numbers of its own, so it
 * has an entry of its own.  Gates have more to find: gate/plan.c.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "keys/keys.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(protaddr_address_column);

static HTAB *row_triggers = NULL;
static uint64 relations_changed = 1;	/* so often, and once */

static void bound_column_start(void);
static void bound_column_relcache(Oid relid);
static void row_trigger_fill(ProtaddrBoundColumn *entry, Relation rel, const char *subject,
							 const char *column);

const ProtaddrPart protaddr_bound_column_part = {
	.start = bound_column_start,
	.relcache = bound_column_relcache,
};

static void
bound_column_start(void)
{
	HASHCTL		ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(ProtaddrBoundColumn);
	ctl.hcxt = TopMemoryContext;
	row_triggers = hash_create("protaddr row triggers", 64, &ctl,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * What a table's columns hold may change without the table: a composite type gets
 * an attribute.  So every message makes us look again, which costs microseconds.
 */
static void
bound_column_relcache(Oid relid)
{
	relations_changed++;
}

/*
 * protaddr_bound_column gives what the firing trigger works on: the column that names
 * the person, and the address column.  Raises an error if one is gone, or holds no
 * address.
 */
ProtaddrBoundColumn *
protaddr_bound_column(TriggerData *trigdata, const char *subject, const char *column)
{
	Oid			trigger = trigdata->tg_trigger->tgoid;
	Relation	rel = trigdata->tg_relation;
	ProtaddrBoundColumn *entry;
	bool		found;

	entry = hash_search(row_triggers, &trigger, HASH_ENTER, &found);
	if (!found)
		entry->as_of = 0;
	if (unlikely(entry->as_of != relations_changed || entry->relation != RelationGetRelid(rel)))
		row_trigger_fill(entry, rel, subject, column);
	return entry;
}

/* protaddr_trigger_column gives the number of a column that a trigger names; 42703 if it is gone. */
AttrNumber
protaddr_trigger_column(Relation rel, const char *name)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return att->attnum;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of relation \"%s\" is needed by a trigger of protaddr and is gone",
					name, RelationGetRelationName(rel)),
			 errhint("Remove the binding or gate and install it again with the column's new name."),
			 protaddr_errprivate()));
	return InvalidAttrNumber;
}

static void
row_trigger_fill(ProtaddrBoundColumn *entry, Relation rel, const char *subject,
				 const char *column)
{
	/* what changes while we read makes us read again */
	uint64		as_of = relations_changed;
	TupleDesc	desc = RelationGetDescr(rel);
	Oid			address = protaddr_address_type();
	AttrNumber	subject_column;
	AttrNumber	address_column;
	ProtaddrSubjectType subject_type;

	/* without it nothing would look like an address */
	if (!OidIsValid(address))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("extension protaddr is not complete in this database"),
				 errdetail("Type \"protaddr.address\" is missing."),
				 protaddr_errprivate()));

	/* all that can fail comes before anything is changed */
	subject_column = protaddr_trigger_column(rel, subject);
	address_column = protaddr_trigger_column(rel, column);
	if (getBaseType(TupleDescAttr(desc, address_column - 1)->atttypid) != address)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is bound but is not of type protaddr.address",
						column, RelationGetRelationName(rel)),
				 protaddr_errprivate()));
	if (!protaddr_subject_type(TupleDescAttr(desc, subject_column - 1)->atttypid, &subject_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" cannot name a person",
						subject, RelationGetRelationName(rel)),
				 errhint("Bind the column to one of type text, varchar, char, smallint, integer, bigint, numeric or uuid, or an array of these."),
				 protaddr_errprivate()));

	entry->as_of = 0;
	entry->address = address_column;
	entry->subject = subject_column;
	entry->subject_type = subject_type;
	entry->relation = RelationGetRelid(rel);
	entry->as_of = as_of;
}

/*
 * protaddr_check_row_trigger refuses a trigger function of ours that is called in
 * any other way than the one it is made for: a statement-level trigger would pass
 * no row at all.  nargs -1: any number of arguments.
 */
void
protaddr_check_row_trigger(FunctionCallInfo fcinfo, const char *function, TriggerEvent when,
						   int nargs)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		(trigdata->tg_event & TRIGGER_EVENT_TIMINGMASK) != when ||
		(!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) &&
		 !TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event)) ||
		(nargs >= 0 && trigdata->tg_trigger->tgnargs != nargs))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" is not used as the trigger it is made for", function),
				 errhint("Use protaddr.bind_column() and protaddr.install_gate()."),
				 protaddr_errprivate()));
}

/* protaddr_address_column is protaddr.address_column(oid). */
Datum
protaddr_address_column(PG_FUNCTION_ARGS)
{
	Oid			type = PG_GETARG_OID(0);

	if (!protaddr_type_holds_address(type))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(getBaseType(type) == protaddr_address_type() ? "address" : "inside"));
}
