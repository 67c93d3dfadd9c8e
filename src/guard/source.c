/*
 * source.c
 *		Which columns do protected people's addresses come from?
 *
 * Of each bound column, and of the columns that protaddr.declare_address_columns() names,
 * a trigger tells of every row that is written (ENABLE ALWAYS, on partitions too).  The
 * trigger is all that makes a source: it goes with its table through renames and dumps,
 * and its arguments say which columns hold what.
 *
 * A person's rows are read here as they stand in the table, with those that others are
 * about to commit, and without running anybody's code: no policy, no view, no function but
 * ours.  An index on protaddr.identifier_key() of the subject column finds them; without one
 * the table is read.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "guard/guard_int.h"
#include "keys/keys.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define BOUND_FUNCTION		"bound_row_written"
#define DECLARED_FUNCTION	"declared_row_written"

/* A trigger that makes a source, as the catalog has it. */
typedef struct FoundSource
{
	Oid			relation;
	ProtaddrOrigin origin;
	int			nargs;
	char	  **args;
} FoundSource;

/* What a firing trigger works on, kept until a relation changes. */
typedef struct Firing
{
	Oid			trigger;		/* hash key */
	Oid			relation;
	uint64		as_of;			/* how often relations had changed; 0: never read */
	bool		counts;
	ProtaddrSource source;		/* without its relation */
} Firing;

static HTAB *firing_triggers = NULL;
static uint64 relations_changed = 1;	/* so often, and once */

PG_FUNCTION_INFO_V1(protaddr_bound_row_written);
PG_FUNCTION_INFO_V1(protaddr_declared_row_written);

static void source_start(void);
static void source_relcache(Oid relid);
static Oid	index_of(const ProtaddrSource *source);
static void source_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg);

const ProtaddrPart protaddr_source_part = {
	.start = source_start,
	.relcache = source_relcache,
	.object_access = source_object_access,
};

static void
source_start(void)
{
	HASHCTL		ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(Firing);
	ctl.hcxt = TopMemoryContext;
	firing_triggers = hash_create("protaddr sources", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
source_relcache(Oid relid)
{
	relations_changed++;
}

static Oid
our_function(const char *name)
{
	return LookupFuncName(list_make2(makeString("protaddr"), makeString(unconstify(char *, name))), 0, NULL, true);
}

/* ---- which columns ----------------------------------------------------------------- */

/* column_of finds a column by its name; 0 if it is gone. */
static AttrNumber
column_of(Relation rel, const char *name)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped && strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return i + 1;
	return InvalidAttrNumber;
}

/*
 * resolve finds the columns that a trigger's arguments name; gives the name of one that is
 * gone, or can no longer hold what it is to, or NULL.
 */
static const char *
resolve(Relation rel, ProtaddrOrigin origin, int nargs, char **args, ProtaddrSource *source)
{
	TupleDesc	desc = RelationGetDescr(rel);
	const char *subject = origin == PROTADDR_ORIGIN_BOUND && nargs == 2 ? args[1] : nargs > 0 ? args[0] : "";

	source->origin = origin;
	source->sealed = InvalidAttrNumber;
	source->ntexts = 0;
	source->subject = column_of(rel, subject);
	if (source->subject == InvalidAttrNumber ||
		!protaddr_subject_type(TupleDescAttr(desc, source->subject - 1)->atttypid, &source->subject_type))
		return subject;

	if (origin == PROTADDR_ORIGIN_BOUND)
	{
		source->sealed = column_of(rel, args[0]);
		if (source->sealed == InvalidAttrNumber ||
			getBaseType(TupleDescAttr(desc, source->sealed - 1)->atttypid) != protaddr_address_type())
			return args[0];
		return NULL;
	}
	for (int i = 1; i + 1 < nargs && source->ntexts < lengthof(source->text); i += 2)
	{
		AttrNumber	column = column_of(rel, args[i + 1]);
		int			element = strcmp(args[i], "AdrLine") == 0 ? PROTADDR_ELEMENT_LINE :
		protaddr_element_by_name(args[i], strlen(args[i]));
		ProtaddrPlainType type = column == InvalidAttrNumber ? PROTADDR_PLAIN_NONE :
		protaddr_plain_type(getBaseType(TupleDescAttr(desc, column - 1)->atttypid));

		if (element < 0 || type == PROTADDR_PLAIN_NONE)
			return args[i + 1];
		source->text[source->ntexts].element = element;
		source->text[source->ntexts].column = column;
		source->text[source->ntexts++].type = type;
	}
	return source->ntexts > 0 ? NULL : subject;
}

/* arguments_of takes the arguments of a trigger apart. */
static char **
arguments_of(HeapTuple trigger, TupleDesc desc, int *nargs)
{
	bool		isnull;
	Datum		packed = heap_getattr(trigger, Anum_pg_trigger_tgargs, desc, &isnull);
	char	  **args;
	char	   *next;
	char	   *end;

	*nargs = ((Form_pg_trigger) GETSTRUCT(trigger))->tgnargs;
	args = palloc0(Max(*nargs, 1) * sizeof(char *));
	if (isnull)
		*nargs = 0;
	else
	{
		bytea	   *bytes = DatumGetByteaPP(packed);

		next = VARDATA_ANY(bytes);
		end = next + VARSIZE_ANY_EXHDR(bytes);
		for (int i = 0; i < *nargs; i++)
		{
			size_t		len = strnlen(next, end - next);

			args[i] = pnstrdup(next, len);
			next += Min(len + 1, end - next);
		}
	}
	return args;
}

/*
 * is_bound tells whether a column is bound so, or is about to be.  A trigger that tells of
 * bound values counts no longer than the binding, which not everybody may make.
 */
static bool
is_bound(Oid relation, const char *column, const char *subject)
{
	Oid			bind_row = our_function("bind_row");
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	SnapshotData dirty;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		bound = false;

	if (column == NULL || subject == NULL)
	{
		table_close(rel, AccessShareLock);
		return false;
	}
	InitDirtySnapshot(dirty);
	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(rel, TriggerRelidNameIndexId, true, &dirty, 1, &key);
	while (!bound && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		int			nargs;
		char	  **args;

		if (((Form_pg_trigger) GETSTRUCT(tuple))->tgfoid != bind_row)
			continue;
		args = arguments_of(tuple, RelationGetDescr(rel), &nargs);
		bound = nargs == 2 && strcmp(args[0], column) == 0 && strcmp(args[1], subject) == 0;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return bound;
}

/* ---- all sources ---------------------------------------------------------------------- */

static List *
add_sources(List *found, ProtaddrOrigin origin, List *relations)
{
	Oid			function = our_function(origin == PROTADDR_ORIGIN_BOUND ? BOUND_FUNCTION : DECLARED_FUNCTION);
	Relation	depend;
	Relation	triggers;
	SnapshotData dirty;
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(function))
		return found;
	InitDirtySnapshot(dirty);
	depend = table_open(DependRelationId, AccessShareLock);
	triggers = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(ProcedureRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(function));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, &dirty, 2, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend one = (Form_pg_depend) GETSTRUCT(tuple);
		SnapshotData dirty_trigger;
		ScanKeyData trigger_key;
		SysScanDesc trigger_scan;
		HeapTuple	trigger;

		if (one->classid != TriggerRelationId)
			continue;
		InitDirtySnapshot(dirty_trigger);
		ScanKeyInit(&trigger_key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(one->objid));
		trigger_scan = systable_beginscan(triggers, TriggerOidIndexId, true, &dirty_trigger, 1, &trigger_key);
		trigger = systable_getnext(trigger_scan);
		if (HeapTupleIsValid(trigger))
		{
			Oid			relation = ((Form_pg_trigger) GETSTRUCT(trigger))->tgrelid;

			if (relations == NIL || list_member_oid(relations, relation))
			{
				FoundSource *source = palloc(sizeof(FoundSource));

				source->relation = relation;
				source->origin = origin;
				source->args = arguments_of(trigger, RelationGetDescr(triggers), &source->nargs);
				found = lappend(found, source);
			}
		}
		systable_endscan(trigger_scan);
	}
	systable_endscan(scan);
	table_close(triggers, AccessShareLock);
	table_close(depend, AccessShareLock);
	return found;
}

/*
 * protaddr_sources gives the sources there are, or are about to be, of some relations (NIL:
 * all), to be opened by protaddr_source_open.
 */
List *
protaddr_sources(List *relations)
{
	return add_sources(add_sources(NIL, PROTADDR_ORIGIN_BOUND, relations), PROTADDR_ORIGIN_DECLARED, relations);
}

/* protaddr_source_open opens one; false if it has no rows of its own, or cannot be read. */
bool
protaddr_source_open(void *found, ProtaddrSource *source)
{
	FoundSource *one = found;
	Relation	rel = try_relation_open(one->relation, AccessShareLock);
	const char *gone;

	/* a table that another transaction has made is known to that transaction alone */
	if (rel == NULL)
		return false;
	if (rel->rd_rel->relkind != RELKIND_RELATION || RELATION_IS_OTHER_TEMP(rel))
	{
		relation_close(rel, AccessShareLock);
		return false;
	}
	if (one->origin == PROTADDR_ORIGIN_BOUND &&
		(one->nargs != 2 || !is_bound(one->relation, one->args[0], one->args[1])))
	{
		relation_close(rel, AccessShareLock);
		return false;
	}
	gone = resolve(rel, one->origin, one->nargs, one->args, source);
	if (gone != NULL)
	{
		ereport(WARNING,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the guard does not know the addresses in relation \"%s\"", RelationGetRelationName(rel)),
				 errdetail("Column \"%s\" is gone, or of another type.", gone),
				 errhint("See protaddr.guard_status(). Bind or declare the columns again.")));
		relation_close(rel, AccessShareLock);
		return false;
	}
	source->rel = rel;
	source->index = index_of(source);
	source->name = protaddr_qualified_name(one->relation);
	source->column = NameStr(TupleDescAttr(RelationGetDescr(rel),
										   (source->sealed != InvalidAttrNumber ? source->sealed : source->text[0].column) -1)->attname);
	return true;
}

void
protaddr_source_close(ProtaddrSource *source)
{
	relation_close(source->rel, AccessShareLock);
	source->rel = NULL;
}

/* ---- rows ------------------------------------------------------------------------------- */

/* each_person tells of everybody whom the subject column of a row names; nobody raises anything. */
static void
each_person(const ProtaddrSource *source, Datum subject, TupleTableSlot *slot, ProtaddrSourceRow told, void *arg)
{
	ProtaddrIdentifier id;
	ArrayIterator elements;
	Datum		element;
	bool		isnull;

	if (!source->subject_type.is_array)
	{
		if (protaddr_identifier_in_datum(subject, source->subject_type.plain, &id))
			told(source, &id, slot, arg);
		return;
	}
	elements = array_create_iterator(DatumGetArrayTypeP(subject), 0, NULL);
	while (array_iterate(elements, &element, &isnull))
		if (!isnull && protaddr_identifier_in_datum(element, source->subject_type.plain, &id))
			told(source, &id, slot, arg);
	array_free_iterator(elements);
}

/* read_row tells of everybody whom a row names. */
static void
read_row(const ProtaddrSource *source, TupleTableSlot *slot, MemoryContext scratch, ProtaddrSourceRow told, void *arg)
{
	bool		isnull;
	Datum		subject = slot_getattr(slot, source->subject, &isnull);
	MemoryContext old;

	CHECK_FOR_INTERRUPTS();
	if (isnull)
		return;
	old = MemoryContextSwitchTo(scratch);
	each_person(source, subject, slot, told, arg);
	MemoryContextSwitchTo(old);
	MemoryContextReset(scratch);
}

/* protaddr_source_read tells of every row, those of transactions in progress too. */
void
protaddr_source_read(const ProtaddrSource *source, ProtaddrSourceRow told, void *arg)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr row of a source", ALLOCSET_DEFAULT_SIZES);
	TupleTableSlot *slot = table_slot_create(source->rel, NULL);
	SnapshotData dirty;
	TableScanDesc scan;

	InitDirtySnapshot(dirty);
	scan = table_beginscan(source->rel, &dirty, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		read_row(source, slot, scratch, told, arg);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(scratch);
}

/* index_of finds an index on protaddr.identifier_key() of the subject column, or InvalidOid. */
static Oid
index_of(const ProtaddrSource *source)
{
	Oid			function;
	Oid			argument = ANYOID;
	Oid			result = InvalidOid;
	List	   *indexes;
	ListCell   *cell;

	if (source->subject_type.is_array || !source->rel->rd_rel->relhasindex)
		return InvalidOid;
	function = LookupFuncName(list_make2(makeString("protaddr"), makeString("identifier_key")), 1, &argument, true);
	indexes = RelationGetIndexList(source->rel);
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indisvalid && index->rd_index->indisready && index->rd_rel->relam == BTREE_AM_OID &&
			index->rd_index->indkey.values[0] == 0 && index->rd_opfamily[0] == TEXT_BTREE_FAM_OID &&
			RelationGetIndexPredicate(index) == NIL)
		{
			List	   *expressions = RelationGetIndexExpressions(index);
			FuncExpr   *first = expressions == NIL ? NULL : linitial(expressions);

			Var		   *column = first != NULL && IsA(first, FuncExpr) && first->funcid == function ? linitial(first->args) : NULL;

			if (column != NULL && IsA(column, Var) && column->varattno == source->subject)
				result = RelationGetRelid(index);
		}
		index_close(index, AccessShareLock);
		if (OidIsValid(result))
			break;
	}
	list_free(indexes);
	return result;
}

/* What protaddr_source_look_up passes on: the rows of one person. */
typedef struct OnePerson
{
	const ProtaddrIdentifier *id;
	ProtaddrSourceRow told;
	void	   *arg;
} OnePerson;

static void
tell_of_one(const ProtaddrSource *source, const ProtaddrIdentifier *id, TupleTableSlot *slot, void *arg)
{
	OnePerson  *one = arg;

	if (protaddr_identifier_same(id, one->id))
		one->told(source, id, slot, one->arg);
}

/* protaddr_source_look_up tells of the rows of one person, by the index. */
void
protaddr_source_look_up(const ProtaddrSource *source, const ProtaddrIdentifier *id, ProtaddrSourceRow told, void *arg)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr row of a source", ALLOCSET_DEFAULT_SIZES);
	TupleTableSlot *slot = table_slot_create(source->rel, NULL);
	Relation	index = index_open(source->index, AccessShareLock);
	OnePerson	one = {id, told, arg};
	SnapshotData dirty;
	IndexScanDesc scan;
	ScanKeyData key;

	InitDirtySnapshot(dirty);
	ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, InvalidOid, index->rd_indcollation[0], F_TEXTEQ,
						   PointerGetDatum(cstring_to_text_with_len(id->key, id->len)));
	scan = protaddr_index_beginscan(source->rel, index, &dirty, 1);
	index_rescan(scan, &key, 1, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, slot))
		read_row(source, slot, scratch, tell_of_one, &one);
	index_endscan(scan);
	index_close(index, AccessShareLock);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(scratch);
}

/* ---- the address of a row ---------------------------------------------------------------- */

/* taken cuts the next piece of a text of at most so many characters, at a blank if it must. */
static PaText
taken(const char **text, int most)
{
	const char *from = *text;
	const char *at;
	const char *blank = NULL;
	PaText		piece;

	while (*from == ' ')
		from++;
	at = from;
	for (int i = 0; i < most && *at != '\0' && *at != '\n'; i++)
	{
		if (*at == ' ')
			blank = at;
		at += pg_utf_mblen((const unsigned char *) at);
	}
	if (*at != '\0' && *at != '\n' && *at != ' ' && blank != NULL && blank > from)
		at = blank;
	piece.data = from;
	piece.len = at - from;
	while (piece.len > 0 && piece.data[piece.len - 1] == ' ')
		piece.len--;
	while (*at == ' ' || *at == '\n')
		at++;
	*text = at;
	return piece;
}

/* utf8_of gives a column's value as UTF-8, with blanks for what is no character to look for. */
static char *
utf8_of(Datum value, ProtaddrPlainType type)
{
	char	   *plain = protaddr_plain_text(value, type);
	char	   *utf8 = pg_server_to_any(plain, strlen(plain), PG_UTF8);

	if (!pg_verify_mbstr(PG_UTF8, utf8, strlen(utf8), true))
		return pstrdup("");
	if (utf8 == plain)
		utf8 = pstrdup(plain);
	for (char *c = utf8; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7F)
			*c = *c == '\r' || *c == '\n' ? '\n' : ' ';
	return utf8;
}

/* typed_address gives a seal of what the text columns of a row say; NULL if that is nothing. */
static ProtaddrSeal *
typed_address(const ProtaddrSource *source, TupleTableSlot *slot)
{
	PaAddress	address;
	bool		any = false;

	memset(&address, 0, sizeof(address));
	for (int i = 0; i < source->ntexts; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, source->text[i].column, &isnull);
		const char *text;

		if (isnull)
			continue;
		text = utf8_of(value, source->text[i].type);

		while (*text == ' ' || *text == '\n')
			text	  ++;

		if (*text == '\0')
			continue;
		if (source->text[i].element == PROTADDR_ELEMENT_LINE)
		{
			while (*text !='\0' && address.nlines < PA_MAX_LINES)
			{
				PaText		line = taken(&text, PA_ADRLINE_CHARS);

				if (line.len > 0)
					address.line[address.nlines++] = line;
			}
			any |= address.nlines > 0;
		}
		else
		{
			int			element = source->text[i].element;

			address.element[element] = taken(&text, protaddr_elements[element].max_chars);
			any |= address.element[element].len > 0;
		}
	}
	return any ? protaddr_seal(&address) : NULL;
}

/*
 * protaddr_source_address gives the address of a row, and whether it can be opened; NULL if
 * there is none to look for: no value, one that was altered, or what a channel has left of
 * one or put in its place.
 */
ProtaddrSeal *
protaddr_source_address(const ProtaddrSource *source, TupleTableSlot *slot, ProtaddrSealState *state)
{
	ProtaddrSeal *seal;
	ProtaddrOpened opened;
	PaRelease	release;
	bool		isnull;
	Datum		value;

	if (source->sealed == InvalidAttrNumber)
	{
		*state = PROTADDR_SEAL_WHOLE;
		return typed_address(source, slot);
	}
	value = slot_getattr(slot, source->sealed, &isnull);
	if (isnull)
		return NULL;
	seal = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
	*state = protaddr_seal_state(seal);
	if (*state == PROTADDR_SEAL_ALTERED)
		return NULL;
	if (*state == PROTADDR_SEAL_NO_KEY)
		return seal;
	(void) protaddr_open(seal, false, &opened);
	release = opened.address.release;
	protaddr_shut(&opened);
	return release == PA_RELEASED_MINIMUM || release == PA_RELEASED_SUBSTITUTE ? NULL : seal;
}

/* ---- the trigger --------------------------------------------------------------------------- */

/* same_value tells whether an update leaves a column as it was. */
static bool
same_value(const TriggerData *trigdata, AttrNumber column)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(trigdata->tg_relation), column - 1);
	bool		old_null;
	bool		new_null;
	Datum		old_value = heap_getattr(trigdata->tg_trigtuple, column, RelationGetDescr(trigdata->tg_relation), &old_null);
	Datum		new_value = heap_getattr(trigdata->tg_newtuple, column, RelationGetDescr(trigdata->tg_relation), &new_null);

	return old_null == new_null && (old_null || datum_image_eq(old_value, new_value, att->attbyval, att->attlen));
}

static bool
nothing_changed(const TriggerData *trigdata, const ProtaddrSource *source)
{
	if (!TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) || !same_value(trigdata, source->subject) ||
		(source->sealed != InvalidAttrNumber && !same_value(trigdata, source->sealed)))
		return false;
	for (int i = 0; i < source->ntexts; i++)
		if (!same_value(trigdata, source->text[i].column))
			return false;
	return true;
}

static void
person_written(const ProtaddrSource *source, const ProtaddrIdentifier *id, TupleTableSlot *slot, void *arg)
{
	/* the row is in the table: who begins to protect somebody now will find it there */
	if (protaddr_may_be_protected(id))
		protaddr_derive_person(id);
}

static void
tell_of_row(const TriggerData *trigdata, const ProtaddrSource *source, HeapTuple row)
{
	bool		isnull;
	Datum		subject = heap_getattr(row, source->subject, RelationGetDescr(trigdata->tg_relation), &isnull);

	if (!isnull)
		each_person(source, subject, NULL, person_written, NULL);
}

/*
 * firing gives what the firing trigger works on; NULL, or unless a row is only deleted an
 * error, if a column is gone.
 */
static const Firing *
firing(const TriggerData *trigdata, ProtaddrOrigin origin)
{
	const Trigger *trigger = trigdata->tg_trigger;
	Relation	rel = trigdata->tg_relation;
	bool		found;
	Firing	   *entry = hash_search(firing_triggers, &trigger->tgoid, HASH_ENTER, &found);
	uint64		as_of = relations_changed;
	const char *gone;

	if (!found)
		entry->as_of = 0;
	if (likely(entry->as_of == as_of && entry->relation == RelationGetRelid(rel)))
		return entry;
	entry->as_of = 0;
	gone = resolve(rel, origin, trigger->tgnargs, trigger->tgargs, &entry->source);
	if (gone != NULL)
	{
		if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
			return NULL;
		(void) protaddr_trigger_column(rel, gone);
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" can no longer hold what the guard takes from it",
						gone, RelationGetRelationName(rel)),
				 errhint("Bind or declare the columns again."),
				 protaddr_errprivate()));
	}
	entry->counts = origin == PROTADDR_ORIGIN_DECLARED ||
		is_bound(RelationGetRelid(rel), trigger->tgargs[0], trigger->tgargs[1]);
	entry->relation = RelationGetRelid(rel);
	entry->as_of = as_of;
	return entry;
}

static Datum
row_written(FunctionCallInfo fcinfo, ProtaddrOrigin origin)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const Firing *what;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigdata->tg_event) ||
		(origin == PROTADDR_ORIGIN_BOUND && trigdata->tg_trigger->tgnargs != 2))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" is not used as the trigger it is made for",
						origin == PROTADDR_ORIGIN_BOUND ? BOUND_FUNCTION : DECLARED_FUNCTION),
				 errhint("Use protaddr.bind_column() and protaddr.declare_address_columns()."),
				 protaddr_errprivate()));
	what = firing(trigdata, origin);
	if (what == NULL || !what->counts || nothing_changed(trigdata, &what->source))
		return PointerGetDatum(NULL);
	tell_of_row(trigdata, &what->source, trigdata->tg_trigtuple);
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		tell_of_row(trigdata, &what->source, trigdata->tg_newtuple);
	return PointerGetDatum(NULL);
}

/* protaddr_bound_row_written is the trigger that tells of the values of a bound column. */
Datum
protaddr_bound_row_written(PG_FUNCTION_ARGS)
{
	return row_written(fcinfo, PROTADDR_ORIGIN_BOUND);
}

/* protaddr_declared_row_written is the trigger that tells of declared columns. */
Datum
protaddr_declared_row_written(PG_FUNCTION_ARGS)
{
	return row_written(fcinfo, PROTADDR_ORIGIN_DECLARED);
}

/*
 * source_object_access has the rows read that stand in a table when it becomes a source,
 * also as a partition.
 */
static void
source_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			function = InvalidOid;
	Oid			relation = InvalidOid;

	if (access != OAT_POST_CREATE || class != TriggerRelationId || IsBinaryUpgrade || !IsTransactionState())
		return;
	rel = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
	scan = systable_beginscan(rel, TriggerOidIndexId, true, SnapshotSelf, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		function = ((Form_pg_trigger) GETSTRUCT(tuple))->tgfoid;
		relation = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (OidIsValid(function) && (function == our_function(BOUND_FUNCTION) || function == our_function(DECLARED_FUNCTION)))
		protaddr_derive_relation(relation);
}
