/*
 * put_off.c
 *		Which checks has a held row put off, on its way through its table?
 *
 * Constraints and constraint triggers may wait for the end of the transaction.  What they
 * say then, the row's values among it, would go to whoever carries the row out, and would
 * take all that was carried out with it away.  So they are checked as soon as the row is
 * stored: those of its table, and those of tables into which a trigger has written on its
 * behalf.  What the caller has put off before is the caller's, and so is for how long
 * constraints are put off afterwards.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

typedef struct PutOff
{
	Oid			relation;
	Oid			constraint;
	bool		at_first;		/* INITIALLY DEFERRED */
	bool		before;			/* by the caller, before the row was stored */
} PutOff;

/*
 * protaddr_may_put_off lists the constraints of this database that can be put off, and notes
 * of which relations some are already.
 */
List *
protaddr_may_put_off(Oid gated)
{
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(triggers, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *below = find_all_inheritors(gated, NoLock, NULL);
	List	   *found = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		PutOff	   *one;

		if (!form->tgdeferrable || !OidIsValid(form->tgconstraint))
			continue;
		one = palloc(sizeof(PutOff));
		one->relation = form->tgrelid;
		one->constraint = form->tgconstraint;
		one->at_first = form->tginitdeferred;
		/* what is put off on the gated table itself cannot be told apart */
		one->before = !list_member_oid(below, form->tgrelid) && AfterTriggerPendingOnRel(form->tgrelid);
		found = lappend(found, one);
	}
	systable_endscan(scan);
	table_close(triggers, AccessShareLock);
	return found;
}

/* protaddr_put_off_no_longer has checked what has been put off since they were listed. */
void
protaddr_put_off_no_longer(const List *may_put_off)
{
	StringInfoData now;
	StringInfoData again;
	ListCell   *cell;
	bool		all = false;

	initStringInfo(&now);
	initStringInfo(&again);
	foreach(cell, may_put_off)
	{
		const PutOff *one = lfirst(cell);
		HeapTuple	tuple;
		Form_pg_constraint form;
		const char *name;

		if (one->before || !AfterTriggerPendingOnRel(one->relation))
			continue;
		tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(one->constraint));
		if (!HeapTupleIsValid(tuple))
			continue;
		form = (Form_pg_constraint) GETSTRUCT(tuple);
		/* in a schema into which only a definer's function may look none can be named */
		all = all || !protaddr_may_use_schema(form->connamespace, GetUserId());
		name = quote_qualified_identifier(get_namespace_name(form->connamespace), NameStr(form->conname));
		appendStringInfo(&now, "%s%s", now.len > 0 ? ", " : "", name);
		if (one->at_first)
			appendStringInfo(&again, "%s%s", again.len > 0 ? ", " : "", name);
		ReleaseSysCache(tuple);
	}
	if (now.len == 0)
		return;
	(void) SPI_execute(psprintf("SET CONSTRAINTS %s IMMEDIATE", all ? "ALL" : now.data), false, 0);
	if (again.len > 0 && !all)
		(void) SPI_execute(psprintf("SET CONSTRAINTS %s DEFERRED", again.data), false, 0);
}
