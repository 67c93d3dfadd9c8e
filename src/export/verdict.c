/*
 * verdict.c
 *		May a column of an export leave through its channel?
 *
 * It may if all that it comes from may: a value that cannot hold text; an address that was
 * released for the channel; a text that guard() saw whole, for the channel; a column that is
 * declared free of addresses; a declared name or place that its own function has shown.
 *
 * A session keeps a verdict until any relation, function, schema, constraint or cast
 * changes: such changes are rare beside readings, and to judge again takes some ten
 * microseconds.
 */
#include "postgres.h"

#include "export/export_int.h"
#include "gate/gate.h"
#include "keys/keys.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"
#include "utils/syscache.h"

static void verdict_start(void);
static void verdict_relcache(Oid relid);
static void verdict_syscache(uint32 hashvalue);
static char *why_refused(const ProtaddrOrigin *origin, const char *channel, const List *beside);

const ProtaddrPart protaddr_export_verdict_part = {
	.start = verdict_start,
	.relcache = verdict_relcache,
	.syscache_id = PROCOID,
	.syscache = verdict_syscache,
};

/* A schema that is renamed takes its relations with it, without a word about them. */
const ProtaddrPart protaddr_export_schema_part = {
	.syscache_id = NAMESPACEOID,
	.syscache = verdict_syscache,
};

/* What a domain checks is no matter of a relation either, nor is a cast that makes JSON. */
const ProtaddrPart protaddr_export_domain_part = {
	.syscache_id = CONSTROID,
	.syscache = verdict_syscache,
};

const ProtaddrPart protaddr_export_cast_part = {
	.syscache_id = CASTSOURCETARGET,
	.syscache = verdict_syscache,
};

static HTAB *verdicts = NULL;
static MemoryContext verdict_context = NULL;
static uint64 changes = 1;

static void
verdict_start(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(ProtaddrVerdict)};

	verdict_context = AllocSetContextCreate(TopMemoryContext, "protaddr verdicts", ALLOCSET_SMALL_SIZES);
	control.hcxt = verdict_context;
	verdicts = hash_create("protaddr verdicts", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* protaddr_verdicts_stale has every verdict given anew. */
void
protaddr_verdicts_stale(void)
{
	changes++;
}

static void
verdict_relcache(Oid relid)
{
	changes++;
}

static void
verdict_syscache(uint32 hashvalue)
{
	changes++;
}

/* ---- what the table of a column says ----------------------------------------------------------- */

/*
 * address_parts gives the columns of a table that are declared to hold parts of an address
 * together with this one; NULL if this one holds none.
 */
static Bitmapset *
address_parts(Oid relation, AttrNumber column)
{
	Relation	rel = try_relation_open(relation, AccessShareLock);
	Bitmapset  *parts = NULL;
	Oid			declared;

	if (rel == NULL)
		return NULL;
	declared = LookupFuncName(list_make2(makeString("protaddr"), makeString("declared_row_written")), 0, NULL, true);
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];
		Bitmapset  *some = NULL;

		if (trigger->tgfoid != declared)
			continue;
		/* the subject's column, then pairs of an element and its column */
		for (int a = 2; a < trigger->tgnargs; a += 2)
			some = bms_add_member(some, get_attnum(relation, trigger->tgargs[a]));
		if (bms_is_member(column, some))
			parts = bms_union(parts, some);
	}
	relation_close(rel, AccessShareLock);
	return parts;
}

/* holds_part_below tells whether a table below holds addresses in the column of the same name. */
static bool
holds_part_below(Oid relation, AttrNumber column)
{
	char	   *name = get_attname(relation, column, true);
	ListCell   *cell;

	if (name == NULL || !has_subclass(relation))
		return false;
	foreach(cell, find_all_inheritors(relation, AccessShareLock, NULL))
	{
		AttrNumber	there = get_attnum(lfirst_oid(cell), name);

		if (lfirst_oid(cell) != relation && there != InvalidAttrNumber &&
			address_parts(lfirst_oid(cell), there) != NULL)
			return true;
	}
	return false;
}

/* released_by_gate tells whether a table's gate has released this address for the channel. */
static bool
released_by_gate(Oid relation, const char *channel)
{
	Relation	rel;
	Oid			gate_row;
	bool		released = false;

	if (protaddr_gate_state(relation) != PROTADDR_GATE_WHOLE)
		return false;
	rel = try_relation_open(relation, AccessShareLock);
	if (rel == NULL)
		return false;
	gate_row = LookupFuncName(list_make2(makeString("protaddr"), makeString("gate_row")), 0, NULL, true);
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];
		ProtaddrGateArgs args;

		if (trigger->tgfoid == gate_row && protaddr_gate_args(trigger->tgargs, trigger->tgnargs, &args))
			released = args.channel != NULL && strcmp(args.channel, channel) == 0;
	}
	relation_close(rel, AccessShareLock);
	return released;
}

/* ---- one origin ---------------------------------------------------------------------------------- */

static bool
is_free(const ProtaddrOrigin *origin)
{
	return origin->kind == PROTADDR_FROM_COLUMN && origin->proxy == PROTADDR_NO_PROXY &&
		(protaddr_cannot_hold_text(origin->type) ||
		 (!protaddr_type_holds_address(origin->type) && protaddr_declared_free(origin->relation, origin->column) &&
		  address_parts(origin->relation, origin->column) == NULL &&
		  !holds_part_below(origin->relation, origin->column)));
}

/* why_proxy_refused: nothing of a declared name or place leaves but by its own function. */
static char *
why_proxy_refused(const ProtaddrOrigin *origin)
{
	char	   *name = protaddr_column_words(origin->relation, origin->column);
	bool		is_name = origin->proxy == PROTADDR_PROXY_NAME;

	return origin->condition ?
		psprintf("%s is declared %s, and something else than its own function looks at it", name, is_name ? "a name" : "to tell where somebody lives") :
		psprintf("%s is declared %s, and does not pass %s with the people of its own row", name,
				 is_name ? "a name" : "to tell where somebody lives", is_name ? "show_name()" : "show_location()");
}

static char *
why_column_refused(const ProtaddrOrigin *origin, const char *channel)
{
	char	   *name;

	if (origin->proxy != PROTADDR_NO_PROXY)
		return why_proxy_refused(origin);
	if (is_free(origin) ||
		(protaddr_type_holds_address(origin->type) && released_by_gate(origin->relation, channel)))
		return NULL;
	name = protaddr_column_words(origin->relation, origin->column);
	if (protaddr_type_holds_address(origin->type))
		return psprintf("the address in %s is not released for channel %s", name, channel);
	if (address_parts(origin->relation, origin->column) != NULL || holds_part_below(origin->relation, origin->column))
		return psprintf("%s is declared to hold addresses", name);
	if (origin->condition)
		return psprintf("%s, which is not declared free, is sorted by, or asked more than whether it equals something", name);
	return psprintf("%s does not pass guard(), and is not declared free of addresses", name);
}

/* all_beside tells whether all columns that make up an address together are in a list of origins, whole. */
static bool
all_beside(const ProtaddrOrigin *origin, const Bitmapset *parts, const List *beside)
{
	int			part = -1;

	while ((part = bms_next_member(parts, part)) >= 0)
	{
		ListCell   *cell;
		bool		there = false;

		foreach(cell, beside)
		{
			const ProtaddrOrigin *other = lfirst(cell);

			there |= other->kind == PROTADDR_FROM_COLUMN && other->relation == origin->relation &&
				other->column == part && !other->condition;
		}
		if (!there)
			return false;
	}
	return true;
}

/* why_guarded_refused judges what is inside guard(): it must see each text as a whole. */
static char *
why_guarded_refused(const ProtaddrOrigin *origin, const char *channel, const List *beside)
{
	Bitmapset  *parts;

	if (origin->kind != PROTADDR_FROM_COLUMN || origin->condition || origin->proxy != PROTADDR_NO_PROXY ||
		protaddr_type_holds_address(origin->type))
		return why_refused(origin, channel, beside);
	if (is_free(origin))
		return NULL;
	if (!origin->whole)
		return psprintf("guard() does not see %s as it is: something is cut off or changed before",
						protaddr_column_words(origin->relation, origin->column));
	parts = address_parts(origin->relation, origin->column);
	if (parts != NULL && !all_beside(origin, parts, beside))
		return psprintf("%s holds part of an address, and guard() does not see the other parts with it",
						protaddr_column_words(origin->relation, origin->column));
	return NULL;
}

/* why_released_refused judges what is inside release(): an address that nobody makes of a text meanwhile. */
static char *
why_released_refused(const ProtaddrOrigin *origin, const char *channel, const List *beside)
{
	if (origin->kind == PROTADDR_FROM_COLUMN && !origin->condition && protaddr_type_holds_address(origin->type))
		return NULL;
	return why_refused(origin, channel, beside);
}

/* why_refused gives why what comes from there may not leave; NULL if it may. */
static char *
why_refused(const ProtaddrOrigin *origin, const char *channel, const List *beside)
{
	ListCell   *cell;
	char	   *why;

	check_stack_depth();
	switch (origin->kind)
	{
		case PROTADDR_FROM_COLUMN:
			return why_column_refused(origin, channel);
		case PROTADDR_FROM_GUARD:
		case PROTADDR_FROM_RELEASE:
			if (strcmp(origin->channel, channel) != 0)
				return psprintf("%s for channel %s, and not for %s",
								origin->kind == PROTADDR_FROM_GUARD ? "it passes guard()" : "it is released",
								origin->channel, channel);
			foreach(cell, origin->inside)
			{
				why = origin->kind == PROTADDR_FROM_GUARD ?
					why_guarded_refused(lfirst(cell), channel, origin->inside) :
					why_released_refused(lfirst(cell), channel, origin->inside);
				if (why != NULL)
					return why;
			}
			return NULL;
		case PROTADDR_FROM_PROXY:
			return strcmp(origin->channel, channel) == 0 ? NULL :
				psprintf("it is shown for channel %s, and not for %s", origin->channel, channel);
		case PROTADDR_FROM_UNSEEN:
			return psprintf("%s", origin->why);
	}
	return psprintf("it comes from something that is not known");
}

/* ---- a relation -------------------------------------------------------------------------------------- */

static bool
is_named(const List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return names == NIL;
}

/*
 * protaddr_judge judges the columns of a relation for a channel: a list of ProtaddrColumnVerdict,
 * in the caller's memory.  columns: names of those that are declared; NIL: all.
 */
List *
protaddr_judge(Oid relation, const char *channel, List *columns)
{
	List	   *judged = NIL;
	ListCell   *cell;

	foreach(cell, protaddr_lineage(relation))
	{
		const ProtaddrLineageColumn *column = lfirst(cell);
		ProtaddrColumnVerdict *verdict = palloc0(sizeof(*verdict));
		ListCell   *one;

		verdict->column = column;
		verdict->declared = is_named(columns, column->name);
		foreach(one, column->lineage.origins)
		{
			verdict->refused = why_refused(lfirst(one), channel, column->lineage.origins);
			if (verdict->refused != NULL)
				break;
		}
		judged = lappend(judged, verdict);
	}
	return judged;
}

static void
forget(ProtaddrVerdict *verdict)
{
	if (verdict->name)
		pfree(verdict->name);
	if (verdict->channel)
		pfree(verdict->channel);
	if (verdict->columns)
		bms_free(verdict->columns);
	if (verdict->column)
		pfree(verdict->column);
	if (verdict->why)
		pfree(verdict->why);
	verdict->columns = NULL;
	verdict->name = verdict->channel = verdict->column = verdict->why = NULL;
}

/* judge_anew fills in a verdict; it counts only once as_of is set. */
static void
judge_anew(ProtaddrVerdict *verdict)
{
	const ProtaddrExport *export = protaddr_export_of(verdict->relation);
	List	   *columns = NIL;
	List	   *judged;
	char	   *channel;
	char	   *name;
	ListCell   *cell;
	MemoryContext old;

	verdict->is_export = export != NULL;
	verdict->refused = false;
	verdict->all_columns = true;
	if (export == NULL)
		return;
	verdict->all_columns = export->columns == NIL;
	/* the declarations may be read anew meanwhile */
	foreach(cell, export->columns)
		columns = lappend(columns, pstrdup(lfirst(cell)));
	channel = pstrdup(export->channel);
	name = protaddr_qualified_name(verdict->relation);
	judged = protaddr_judge(verdict->relation, channel, columns);

	old = MemoryContextSwitchTo(verdict_context);
	verdict->name = pstrdup(name);
	verdict->channel = pstrdup(channel);
	foreach(cell, judged)
	{
		const ProtaddrColumnVerdict *column = lfirst(cell);

		if (!column->declared)
			continue;
		if (!verdict->all_columns)
			verdict->columns = bms_add_member(verdict->columns, column->column->number - FirstLowInvalidHeapAttributeNumber);
		if (column->refused != NULL && !verdict->refused)
		{
			verdict->refused = true;
			verdict->column = pstrdup(column->column->name);
			verdict->why = pstrdup(column->refused);
		}
	}
	MemoryContextSwitchTo(old);
}

/* protaddr_verdict gives the verdict on a relation as things are now.  Good until something changes. */
const ProtaddrVerdict *
protaddr_verdict(Oid relation)
{
	bool		found;
	uint64		as_of = changes;
	ProtaddrVerdict *verdict = hash_search(verdicts, &relation, HASH_ENTER, &found);

	if (!found)
		memset((char *) verdict + sizeof(Oid), 0, sizeof(*verdict) - sizeof(Oid));
	if (unlikely(verdict->as_of != as_of))
	{
		MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr judging", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(scratch);

		verdict->as_of = 0;
		forget(verdict);
		judge_anew(verdict);
		/* what changes while we judge makes us judge again */
		verdict->as_of = as_of;
		MemoryContextSwitchTo(old);
		MemoryContextDelete(scratch);
	}
	return verdict;
}

/* protaddr_refuse_export raises 23PA1 for an export that is refused. */
void
protaddr_refuse_export(const ProtaddrVerdict *verdict)
{
	char	   *name = protaddr_qualified_name(verdict->relation);

	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("column \"%s\" of export %s may hold a protected address", verdict->column, name),
			 errdetail("Of what it comes from: %s.", verdict->why),
			 errhint("protaddr.explain_export(%s) tells where each column comes from.", quote_literal_cstr(name))));
}
