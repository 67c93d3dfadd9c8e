/*
 * look.c
 *		Which protected addresses stand in a stored row, and how does it look without them?
 *
 * The texts of a row are looked through side by side, as a gate does: every column that
 * could hold an address as text, whether its gate ignores it or not.  What is exact or safe
 * and stands within one text is taken out of it; what is doubtful, or stands across columns
 * or in a key, is left to somebody.  In a gated table a value of type
 * protaddr.address that no gate has released is found as well.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "door/door.h"
#include "keys/keys.h"
#include "person/person.h"
#include "sweep/sweep_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* A row in which something is found so often after it was taken out is left as it is. */
#define ROUNDS	8

#define WHY_DOUBTFUL	"doubtful: somebody has to judge it"
#define WHY_NOT_WITHIN	"it cannot be taken out: it stands across columns or values, in a key, or in a generated column"
#define WHY_TOO_LONG	"the column is too short for what would stand in its place"
#define WHY_NO_KEY		"the table has no primary key by which the row could be found again to undo it"
#define WHY_GATED		"the table has a gate: protaddr.regate() sends its rows through it"
#define WHY_IGNORED		"the table has a gate that ignores the column: let the gate look there, and then protaddr.regate()"
#define WHY_LOST_KEY	"its data key is missing, or it was altered: nobody can tell what it is"

/* ---- the table --------------------------------------------------------------------------- */

/* primary_key finds the columns of the key by which a row can be found again. */
static void
primary_key(ProtaddrSwept *swept)
{
	Oid			pkey = protaddr_primary_key_index(swept->rel);
	Relation	index;

	if (!OidIsValid(pkey))
		return;
	index = index_open(pkey, AccessShareLock);
	swept->texts.key = palloc(index->rd_index->indnkeyatts * sizeof(AttrNumber));
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		swept->texts.key[swept->texts.nkey++] = index->rd_index->indkey.values[i];
	index_close(index, AccessShareLock);
}

/* is_declared tells whether a column is one from which the guard takes addresses. */
static bool
is_declared(Relation rel, Oid declared, AttrNumber column)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tgfoid != declared)
			continue;
		/* the subject column, and then pairs of an element and its column */
		for (int j = 2; j < trigger->tgnargs; j += 2)
			if (strcmp(trigger->tgargs[j], NameStr(TupleDescAttr(RelationGetDescr(rel), column - 1)->attname)) == 0)
				return true;
	}
	return false;
}

static void
leave_out_declared(ProtaddrSwept *swept)
{
	Oid			declared = LookupFuncName(list_make2(makeString("protaddr"), makeString("declared_row_written")), 0, NULL, true);
	int			n = 0;

	for (int i = 0; i < swept->texts.ntexts; i++)
		if (!is_declared(swept->rel, declared, swept->texts.texts[i].number))
			swept->texts.texts[n++] = swept->texts.texts[i];
	swept->texts.ntexts = n;
}

static AttrNumber
time_column(Relation rel, const char *name)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Oid			type = getBaseType(att->atttypid);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0 &&
			(type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID))
			return att->attnum;
	}
	return InvalidAttrNumber;
}

/*
 * protaddr_sweep_open finds out what there is to look at in a table; false if there is
 * nothing.
 */
bool
protaddr_sweep_open(Relation rel, const ProtaddrSweepRun *run, ProtaddrSwept *swept)
{
	memset(swept, 0, sizeof(*swept));
	swept->rel = rel;
	primary_key(swept);
	protaddr_gate_read_texts(&swept->texts, rel);
	leave_out_declared(swept);
	swept->gate = rel->rd_rel->relkind == RELKIND_MATVIEW ? NULL : protaddr_gate_of_table(rel);
	if (NameStr(run->time_column)[0] != '\0')
		swept->time_column = time_column(rel, NameStr(run->time_column));
	if (swept->gate != NULL)
		swept->cannot_change = WHY_GATED;
	else if (rel->rd_rel->relkind == RELKIND_MATVIEW)
		swept->cannot_change = "it is a materialized view: REFRESH it once its tables are redacted";
	else if (swept->texts.nkey == 0)
		swept->cannot_change = WHY_NO_KEY;
	return swept->texts.ntexts > 0 || (swept->gate != NULL && swept->gate->naddresses > 0);
}

/* protaddr_sweep_is_in_time tells whether a row is of the time that is to be searched. */
bool
protaddr_sweep_is_in_time(const ProtaddrSwept *swept, const ProtaddrSweepRun *run, HeapTuple row)
{
	bool		isnull;
	Datum		value;
	TimestampTz at;

	if (swept->time_column == InvalidAttrNumber)
		return true;
	value = heap_getattr(row, swept->time_column, RelationGetDescr(swept->rel), &isnull);
	/* nobody knows from when it is */
	if (isnull)
		return true;
	switch (getBaseType(TupleDescAttr(RelationGetDescr(swept->rel), swept->time_column - 1)->atttypid))
	{
		case TIMESTAMPOID:
			value = DirectFunctionCall1(timestamp_timestamptz, value);
			break;
		case DATEOID:
			value = DirectFunctionCall1(date_timestamptz, value);
			break;
	}
	at = DatumGetTimestampTz(value);
	return run->since <= at && at < run->until;
}

/* ---- the texts ------------------------------------------------------------------------------ */

typedef struct Column
{
	Datum		value;
	int			first;			/* of its leaves; -1: it is NULL */
	bool		is_cut;
} Column;

typedef struct Looking
{
	const ProtaddrSwept *swept;
	HeapTuple	row;			/* as it is with what was taken out so far */
	ProtaddrLeaves leaves;
	Column	   *column;			/* for each of the table's texts */
	List	   *finds;			/* ProtaddrSweepFind */
} Looking;

/* gather puts the texts of a row side by side; false if there are none. */
static bool
gather(Looking *looking)
{
	protaddr_leaves_reset(&looking->leaves);
	for (int i = 0; i < looking->swept->texts.ntexts; i++)
	{
		const ProtaddrGateText *text = &looking->swept->texts.texts[i];
		Column	   *column = &looking->column[i];
		bool		isnull;

		memset(column, 0, sizeof(*column));
		column->value = heap_getattr(looking->row, text->number, RelationGetDescr(looking->swept->rel), &isnull);
		column->first = isnull ? -1 : looking->leaves.n;
		if (!isnull)
			protaddr_leaves_add(&looking->leaves, &text->form, column->value, i);
	}
	return looking->leaves.whole.len > 0;
}

/* leaf_of gives the text that a stretch stands in and can be taken out of; -1: none. */
static int
leaf_of(const Looking *looking, const ProtaddrFound *found)
{
	size_t		end = found->start + found->length;
	int			first = protaddr_leaf_at(&looking->leaves, found->start);

	return first == protaddr_leaf_at(&looking->leaves, end - 1) &&
		protaddr_leaf_lets_go(&looking->leaves, &looking->leaves.leaf[first], found->start, end) ? first : -1;
}

static Bitmapset *
columns_of(const Looking *looking, const ProtaddrFound *found)
{
	int			first = protaddr_leaf_at(&looking->leaves, found->start);
	int			last = protaddr_leaf_at(&looking->leaves, found->start + found->length - 1);
	Bitmapset  *columns = NULL;

	for (int i = first; i <= last; i++)
		columns = bms_add_member(columns, looking->swept->texts.texts[looking->leaves.leaf[i].owner].number);
	return columns;
}

/* add_find adds a find, once for each person and set of columns, and apart if it is doubtful. */
static ProtaddrSweepFind *
add_find(Looking *looking, Bitmapset *columns, const ProtaddrIdentifier *subject, PaCertainty certainty)
{
	ProtaddrSweepFind *find;
	ListCell   *cell;

	foreach(cell, looking->finds)
	{
		find = lfirst(cell);
		if (bms_equal(find->columns, columns) && protaddr_identifier_same(&find->subject, subject) &&
			(find->certainty == PA_DOUBTFUL) == (certainty == PA_DOUBTFUL))
		{
			find->certainty = Max(find->certainty, certainty);
			return find;
		}
	}
	find = palloc0(sizeof(ProtaddrSweepFind));
	find->columns = columns;
	find->subject = *subject;
	find->certainty = certainty;
	looking->finds = lappend(looking->finds, find);
	return find;
}

/* take_out takes what can be out of one column; false if what is left does not fit. */
static bool
take_out(Looking *looking, int number, const ProtaddrFound *found, int nfound)
{
	const ProtaddrGateText *text = &looking->swept->texts.texts[number];
	ProtaddrLeaves *leaves = &looking->leaves;
	ProtaddrStretch *stretch = palloc(nfound * sizeof(ProtaddrStretch));
	int			n = 0;
	int			column = text->number;
	bool		isnull = false;
	Datum		value;

	for (int i = 0; i < nfound; i++)
	{
		int			leaf = found[i].certainty == PA_DOUBTFUL ? -1 : leaf_of(looking, &found[i]);

		if (leaf < 0 || leaves->leaf[leaf].owner != number)
			continue;
		if (n > 0 && stretch[n - 1].leaf != leaf)
		{
			if (!protaddr_leaf_cut(leaves, &leaves->leaf[stretch[n - 1].leaf], stretch, n))
				return false;
			n = 0;
		}
		stretch[n++] = (ProtaddrStretch)
		{
			leaf, found[i].start, found[i].start + found[i].length
		};
	}
	if (n > 0 && !protaddr_leaf_cut(leaves, &leaves->leaf[stretch[n - 1].leaf], stretch, n))
		return false;
	value = protaddr_leaves_value(leaves, &text->form, looking->column[number].value, looking->column[number].first);
	looking->row = heap_modify_tuple_by_cols(looking->row, RelationGetDescr(looking->swept->rel), 1, &column,
											 &value, &isnull);
	return true;
}

/*
 * look_once notes what stands in the texts, and takes it out; gives whether something was.
 * A first look also notes what is doubtful.
 */
static bool
look_once(Looking *looking, bool first, bool cut, Bitmapset **changed)
{
	ProtaddrFound *found;
	int			nfound;
	bool		any = false;

	if (!gather(looking))
		return false;
	found = protaddr_guard_find_text(looking->leaves.whole.data, looking->leaves.whole.len, &nfound);
	for (int i = 0; i < nfound; i++)
	{
		int			leaf = leaf_of(looking, &found[i]);
		ProtaddrSweepFind *find;

		if (!first && found[i].certainty == PA_DOUBTFUL)
			continue;
		find = add_find(looking, columns_of(looking, &found[i]), &found[i].subject, found[i].certainty);
		if (found[i].certainty == PA_DOUBTFUL)
			find->why_not = WHY_DOUBTFUL;
		else if (leaf < 0)
			find->why_not = WHY_NOT_WITHIN;
		else
			find->is_cut = looking->column[looking->leaves.leaf[leaf].owner].is_cut = true;
	}
	for (int i = 0; cut && i < looking->swept->texts.ntexts; i++)
	{
		AttrNumber	number = looking->swept->texts.texts[i].number;
		ListCell   *cell;

		if (!looking->column[i].is_cut)
			continue;
		if (take_out(looking, i, found, nfound))
		{
			*changed = bms_add_member(*changed, number);
			any = true;
			continue;
		}
		foreach(cell, looking->finds)
		{
			ProtaddrSweepFind *find = lfirst(cell);

			if (find->is_cut && bms_is_member(number, find->columns))
				find->why_not = WHY_TOO_LONG;
		}
	}
	return any;
}

/* ---- unreleased addresses -------------------------------------------------------------------- */

static void
add_protected(Looking *looking, AttrNumber column, const char *key, int len)
{
	ProtaddrIdentifier subject = {.len = len};

	if (len == 0 || protaddr_protection_of(key, len) == PROTADDR_HIDES_NOTHING)
		return;
	memcpy(subject.key, key, len);
	add_find(looking, bms_make_singleton(column), &subject, PA_EXACT)->why_not = WHY_GATED;
}

/* look_at_addresses notes addresses of protected people that no gate has released. */
static void
look_at_addresses(Looking *looking)
{
	const ProtaddrGate *gate = looking->swept->gate;
	TupleDesc	desc = RelationGetDescr(looking->swept->rel);
	HeapTuple	row = looking->row;
	const ProtaddrChannel *channel = protaddr_gate_channel(gate, row, desc, true);
	ProtaddrTransfer transfer;

	if (channel != NULL)
		protaddr_gate_transfer(gate, row, desc, &transfer);
	for (int i = 0; i < gate->naddresses; i++)
	{
		AttrNumber	column = gate->addresses[i].number;
		bool		isnull;
		Datum		value = heap_getattr(row, column, desc, &isnull);
		ProtaddrSeal *seal;
		ProtaddrTransfer other;
		ProtaddrOpened opened;
		ProtaddrIdentifier nobody = {.len = 0};

		if (isnull)
			continue;
		seal = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
		if (protaddr_seal_state(seal) != PROTADDR_SEAL_WHOLE)
		{
			add_find(looking, bms_make_singleton(column), &nobody, PA_DOUBTFUL)->why_not = WHY_LOST_KEY;
			continue;
		}
		if (channel != NULL)
		{
			other = transfer;
			if (gate->addresses[i].person != 0)
				protaddr_gate_person(gate, gate->addresses[i].person, row, desc, &other);
			if (protaddr_gate_is_released(gate, row, desc, seal, channel, &other))
				continue;
		}
		if (!protaddr_open(seal, true, &opened))
			continue;
		for (int j = 0; j < opened.address.nsubjects; j++)
			add_protected(looking, column, (const char *) opened.address.subject[j].data, (int) opened.address.subject[j].len);
		protaddr_shut(&opened);
		if (channel != NULL)
			add_protected(looking, column, other.payer.key, other.payer.len);
	}
}

/* why_not_here says why a find in a table none of whose rows are changed is left. */
static const char *
why_not_here(const ProtaddrSwept *swept, const ProtaddrSweepFind *find)
{
	int			column = -1;

	while (swept->gate != NULL && (column = bms_next_member(find->columns, column)) > 0)
		for (int i = 0; i < swept->gate->args.nignored; i++)
			if (strcmp(swept->gate->args.ignored[i],
					   NameStr(TupleDescAttr(RelationGetDescr(swept->rel), column - 1)->attname)) == 0)
				return WHY_IGNORED;
	return swept->cannot_change;
}

/* ---- a row -------------------------------------------------------------------------------------- */

/*
 * protaddr_sweep_look gives what is found in a row (ProtaddrSweepFind).  redacted, if not
 * NULL, is set to the row without what could be taken out, if anything was, and changed to the columns
 * in which it differs.  Raises 55PA1 if it cannot be told what stands in it.
 */
List *
protaddr_sweep_look(const ProtaddrSwept *swept, HeapTuple row, HeapTuple *redacted, Bitmapset **changed)
{
	Looking		looking = {.swept = swept, .row = row};
	bool		cut = redacted != NULL && swept->cannot_change == NULL;
	bool		again = true;
	ListCell   *cell;

	looking.column = palloc(Max(swept->texts.ntexts, 1) * sizeof(Column));
	protaddr_leaves_begin(&looking.leaves);
	/* what was taken out may have brought together what stood apart */
	for (int round = 0; again && round < ROUNDS; round++)
		again = look_once(&looking, round == 0, cut, changed);
	if (swept->gate != NULL)
	{
		looking.row = row;
		look_at_addresses(&looking);
	}
	if (redacted == NULL)
		return looking.finds;

	*redacted = again || *changed == NULL ? NULL : looking.row;
	foreach(cell, looking.finds)
	{
		ProtaddrSweepFind *find = lfirst(cell);

		if (find->why_not == NULL && swept->cannot_change != NULL)
			find->why_not = why_not_here(swept, find);
		else if (find->why_not == NULL && *redacted == NULL)
			find->why_not = WHY_NOT_WITHIN;
		find->is_cut = find->why_not == NULL;
	}
	return looking.finds;
}

/*
 * protaddr_sweep_key writes the primary key of a row as a JSON object; NULL if there is none,
 * or if it may hold an address.  The caller has made the settings plain.
 */
char *
protaddr_sweep_key(const ProtaddrSwept *swept, HeapTuple row, const List *finds)
{
	TupleDesc	desc = RelationGetDescr(swept->rel);
	StringInfoData json;
	ListCell   *cell;

	if (swept->texts.nkey == 0)
		return NULL;
	foreach(cell, finds)
		for (int i = 0; i < swept->texts.nkey; i++)
		if (bms_is_member(swept->texts.key[i], ((ProtaddrSweepFind *) lfirst(cell))->columns))
			return NULL;
	initStringInfo(&json);
	for (int i = 0; i < swept->texts.nkey; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, swept->texts.key[i] - 1);
		bool		isnull;
		Datum		value = heap_getattr(row, att->attnum, desc, &isnull);

		if (isnull)
			return NULL;
		appendStringInfoString(&json, i == 0 ? "{" : ", ");
		escape_json(&json, NameStr(att->attname));
		appendStringInfoString(&json, ": ");
		escape_json(&json, protaddr_value_text(att->atttypid, value));
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}
