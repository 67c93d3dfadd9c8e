/*
 * text_column.c
 *		Which protected addresses stand in the texts of a row, and what becomes of them?
 *
 * Every column that could hold an address as text is looked through, the messages as the
 * rewriter leaves them: all of a row at once, side by side, so that an address is found
 * whose street stands in one column and whose number in the next.  What is surely an
 * address is taken out where that can be done, or held, or refused, as the law says of its
 * person.  What is doubtful, and what cannot be taken out of its column, is left as it is,
 * and held or refused as the channel does with messages that it cannot read.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "guard/guard.h"
#include "keys/keys.h"
#include "law/law.h"
#include "text/piece.h"

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* A text in which something is found so often after it was taken out is refused. */
#define ROUNDS	8

#define MAY_STAND_IN_IT "a protected address may stand in it"

/* The text of one column in what is looked through. */
typedef struct Part
{
	const ProtaddrGateText *column;
	size_t		start;			/* bytes of the whole */
	size_t		end;
	bool		cut;			/* something is taken out */
	ProtaddrTextFound *found;	/* what is to happen to it, if anything */
} Part;

/* What the law has said of a person. */
typedef struct Asked
{
	ProtaddrIdentifier subject;
	ProtaddrAction action;
	ProtaddrAnswer answer;
} Asked;

typedef struct Looking
{
	const ProtaddrGate *gate;
	const ProtaddrChannel *channel;
	const ProtaddrTransfer *transfer;
	Part	   *part;
	int			nparts;
	StringInfoData whole;
	List	   *asked;
	List	   *result;
} Looking;

/* ---- the columns ----------------------------------------------------------------------- */

static bool
is_member(AttrNumber number, const AttrNumber *of, int n)
{
	for (int i = 0; i < n; i++)
		if (of[i] == number)
			return true;
	return false;
}

/* says_which tells columns that say which row it is and whom it concerns: they must stay. */
static bool
says_which(const ProtaddrGate *gate, AttrNumber number)
{
	for (int i = 0; i < gate->npeople; i++)
		if (gate->people[i].number == number)
			return true;
	return gate->payee.number == number || is_member(number, gate->key, gate->nkey) ||
		bms_is_member(number, gate->partition_key);
}

static ProtaddrTextKind
kind_of(const ProtaddrGate *gate, const ProtaddrGateText *column)
{
	HeapTuple	tuple;
	bool		is_citext;

	if (says_which(gate, column->number))
		return PROTADDR_TEXT_WHOLE;
	for (int i = 0; i < gate->nmessages; i++)
		if (gate->messages[i].number == column->number)
			return PROTADDR_TEXT_MARKUP;
	switch (column->type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return PROTADDR_TEXT_PLAIN;
		case JSONOID:
		case JSONBOID:
		case XMLOID:
		case BYTEAOID:
			return PROTADDR_TEXT_MARKUP;
		default:
			tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(column->type));
			if (!HeapTupleIsValid(tuple))
				return PROTADDR_TEXT_WHOLE;
			is_citext = strcmp(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname), "citext") == 0 &&
				((Form_pg_type) GETSTRUCT(tuple))->typlen == -1;
			ReleaseSysCache(tuple);
			return is_citext ? PROTADDR_TEXT_PLAIN : PROTADDR_TEXT_WHOLE;
	}
}

/* may_change tells whether a trigger that fires after the gate's may write the row. */
static bool
may_change(Relation rel)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (TRIGGER_FOR_ROW(trigger->tgtype) && TRIGGER_FOR_BEFORE(trigger->tgtype) &&
			trigger->tgenabled != TRIGGER_DISABLED &&
			strcmp(trigger->tgname, PROTADDR_GATE_TRIGGER) > 0)
			return true;
	}
	return false;
}

/* protaddr_gate_read_texts finds the columns that could hold an address as text. */
void
protaddr_gate_read_texts(ProtaddrGate *gate, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	gate->texts = palloc0(Max(desc->natts, 1) * sizeof(ProtaddrGateText));
	gate->texts_may_change = may_change(rel);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		ProtaddrGateText *column = &gate->texts[gate->ntexts];
		bool		ignored = false;

		if (att->attisdropped || att->attnum == gate->channel.number ||
			att->attnum == gate->currency.number || att->attnum == gate->hold_column ||
			!protaddr_type_holds_text(att->atttypid))
			continue;
		for (int j = 0; j < gate->args.nignored; j++)
			ignored = ignored || strcmp(gate->args.ignored[j], NameStr(att->attname)) == 0;
		if (ignored)
			continue;
		column->number = att->attnum;
		column->typmod = att->atttypmod;
		column->type = getBaseTypeAndTypmod(att->atttypid, &column->typmod);
		column->domain = column->type == att->atttypid ? InvalidOid : att->atttypid;
		column->kind = att->attgenerated != '\0' ? PROTADDR_TEXT_WHOLE : kind_of(gate, column);
		gate->texts_may_change = gate->texts_may_change || att->attgenerated != '\0';
		gate->ntexts++;
	}
}

/* ---- the texts -------------------------------------------------------------------------- */

/* protaddr_gate_text_of gives what stands in a value, as it is looked through: UTF-8, or the bytes themselves. */
const char *
protaddr_gate_text_of(const ProtaddrGateText *column, Datum value, size_t *len)
{
	const char *bytes;
	const char *utf8;
	bool		is_binary = column->type == BYTEAOID;

	switch (column->type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case JSONOID:
		case XMLOID:
		case BYTEAOID:
			{
				struct varlena *stored = PG_DETOAST_DATUM_PACKED(value);

				bytes = VARDATA_ANY(stored);
				*len = VARSIZE_ANY_EXHDR(stored);
				break;
			}
		case JSONBOID:
			{
				Jsonb	   *json = DatumGetJsonbP(value);

				bytes = JsonbToCString(NULL, &json->root, VARSIZE(json));
				*len = strlen(bytes);
				break;
			}
		default:
			bytes = protaddr_value_text(column->type, value);
			*len = strlen(bytes);
			break;
	}
	if (is_binary || GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return bytes;
	utf8 = pg_server_to_any(bytes, (int) *len, PG_UTF8);
	if (utf8 != bytes)
		*len = strlen(utf8);
	return utf8;
}

/* gather puts the texts of a row side by side; false if there are none. */
static bool
gather(Looking *looking, ProtaddrValueOf value_of, const void *row)
{
	resetStringInfo(&looking->whole);
	looking->nparts = 0;
	for (int i = 0; i < looking->gate->ntexts; i++)
	{
		const ProtaddrGateText *column = &looking->gate->texts[i];
		Part	   *part = &looking->part[looking->nparts];
		bool		isnull;
		Datum		value = value_of(row, column->number, &isnull);
		const char *text;
		size_t		len;

		if (isnull)
			continue;
		text = protaddr_gate_text_of(column, value, &len);

		if (len == 0)
			continue;
		if (looking->nparts > 0)
			appendStringInfoChar(&looking->whole, PA_FIELD_BORDER);
		part->column = column;
		part->start = looking->whole.len;
		appendBinaryStringInfo(&looking->whole, text, (int) len);
		part->end = looking->whole.len;
		part->cut = false;
		part->found = NULL;
		looking->nparts++;
	}
	return looking->nparts > 0;
}

static Part *
part_of(Looking *looking, size_t at)
{
	for (int i = 0; i < looking->nparts; i++)
		if (at >= looking->part[i].start && at < looking->part[i].end)
			return &looking->part[i];
	return &looking->part[looking->nparts - 1];
}

/* ---- what is to happen --------------------------------------------------------------------- */

static const Asked *
ask(Looking *looking, const ProtaddrFound *found)
{
	Asked	   *asked;
	ListCell   *cell;

	foreach(cell, looking->asked)
	{
		asked = lfirst(cell);
		if (protaddr_identifier_same(&asked->subject, &found->subject))
			return asked;
	}
	asked = palloc0(sizeof(Asked));
	asked->subject = found->subject;
	asked->action = protaddr_guard_ask(found, looking->channel, looking->transfer, &asked->answer);
	looking->asked = lappend(looking->asked, asked);
	return asked;
}

/* decide notes what is to happen to a column; the stricter of two things. */
static void
decide(Looking *looking, Part *part, ProtaddrAction action, const char *why, const Asked *asked)
{
	static const int strictness[PROTADDR_NACTIONS] = {
		[PROTADDR_DISCLOSE] = 1,[PROTADDR_WITHHOLD] = 2,[PROTADDR_HOLD] = 3,[PROTADDR_BLOCK] = 4
	};
	bool		is_new = part->found == NULL;
	bool		is_there = false;
	ListCell   *cell;

	if (is_new)
	{
		part->found = palloc0(sizeof(ProtaddrTextFound));
		part->found->column = part->column;
		looking->result = lappend(looking->result, part->found);
	}
	if (action == PROTADDR_DISCLOSE)
	{
		/* whoever is disclosed is on record, each once */
		foreach(cell, part->found->people)
			is_there = is_there || protaddr_identifier_same(lfirst(cell), &asked->subject);
		if (!is_there)
			part->found->people = lappend(part->found->people, (void *) &asked->subject);
		part->found->disclosed = asked->answer;
		part->found->disclosed.action = PROTADDR_DISCLOSE;
	}
	if (!is_new && strictness[part->found->action] >= strictness[action])
		return;
	part->found->action = action;
	part->found->why = why;
}

/*
 * protaddr_gate_stays_within tells whether a stretch can be taken out of a column, whose text
 * stands in the whole from start to end, and leave the rest whole.
 */
bool
protaddr_gate_stays_within(const ProtaddrGateText *column, const char *whole, size_t start, size_t end,
						   const ProtaddrFound *found)
{
	const char *stretch = whole + found->start;

	if (found->start < start || found->start + found->length > end || column->kind == PROTADDR_TEXT_WHOLE)
		return false;
	if (column->kind == PROTADDR_TEXT_MARKUP)
		for (size_t i = 0; i < found->length; i++)
			if (strchr("<>{}[]\"", stretch[i]) != NULL)
				return false;
	return true;
}

/* since_decided tells whether somebody came to be protected after it was decided on the row. */
static bool
since_decided(const Looking *looking, const ProtaddrFound *found)
{
	return found->subject.len > 0 &&
		protaddr_protected_since(found->subject.key, found->subject.len, looking->transfer->decided_at);
}

/*
 * look_at decides about one address that was found, and gives what is to happen to it.  What a channel holds because it is
 * doubtful, or cannot be taken out, goes by the decision about the row once there is one.
 */
static ProtaddrAction
look_at(Looking *looking, const ProtaddrFound *found)
{
	const Asked *asked = ask(looking, found);
	Part	   *first = part_of(looking, found->start);
	Part	   *last = part_of(looking, found->start + found->length - 1);
	bool		can_take_out = first == last && protaddr_gate_stays_within(first->column, looking->whole.data, first->start, first->end, found);
	ProtaddrAction action = asked->action;
	const char *why = protaddr_rule_why(asked->answer.rule);

	switch (action)
	{
		case PROTADDR_LEAVE:
			return action;
		case PROTADDR_DISCLOSE:
		case PROTADDR_HOLD:
		case PROTADDR_BLOCK:
			break;
		default:
			action = PROTADDR_WITHHOLD;
			if (can_take_out && found->certainty != PA_DOUBTFUL)
				break;
			if (looking->transfer->hold_decided && !since_decided(looking, found))
			{
				if (looking->transfer->after_hold == PROTADDR_DISCLOSE)
					action = PROTADDR_DISCLOSE;
				if (can_take_out || action == PROTADDR_DISCLOSE)
					break;
			}
			action = looking->channel->when_unreadable;
			why = MAY_STAND_IN_IT;
			break;
	}
	for (Part *part = first; part <= last; part++)
		decide(looking, part, action, why, asked);
	if (action == PROTADDR_WITHHOLD)
		first->cut = true;
	return action;
}

/* ---- taking out -------------------------------------------------------------------------------- */

static int
characters(const char *utf8, size_t len)
{
	int			n = 0;

	for (size_t i = 0; i < len; i++)
		n += (utf8[i] & 0xC0) != 0x80;
	return n;
}

/* protaddr_gate_text_fits tells whether a text is short enough for its column. */
bool
protaddr_gate_text_fits(const ProtaddrGateText *column, const char *utf8, size_t len)
{
	if ((column->type != VARCHAROID && column->type != BPCHAROID) || column->typmod < VARHDRSZ)
		return true;
	return characters(utf8, len) <= column->typmod - VARHDRSZ;
}

/* protaddr_gate_text_value gives a text, or bytes, as a value of its column. */
Datum
protaddr_gate_text_value(const ProtaddrGateText *column, const char *utf8, size_t len)
{
	const char *bytes = utf8;
	Datum		value;

	if (column->type != BYTEAOID && GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII)
	{
		bytes = pg_any_to_server(utf8, (int) len, PG_UTF8);
		if (bytes != utf8)
			len = strlen(bytes);
	}
	if (column->type == JSONBOID)
		value = DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(bytes, len)));
	else
		value = PointerGetDatum(cstring_to_text_with_len(bytes, (int) len));
	if (OidIsValid(column->domain))
		domain_check(value, false, column->domain, NULL, NULL);
	return value;
}

/* take_out gives a column without the stretches that are to go. */
static void
take_out(Looking *looking, Part *part, const ProtaddrFound *found, const ProtaddrAction *action, int nfound)
{
	StringInfoData left;
	size_t		upto = part->start;

	initStringInfo(&left);
	for (int i = 0; i < nfound; i++)
	{
		size_t		start = found[i].start;
		size_t		end = start + found[i].length;

		if (start < part->start || end > part->end || action[i] != PROTADDR_WITHHOLD)
			continue;
		if (start >= upto)
		{
			appendBinaryStringInfo(&left, looking->whole.data + upto, (int) (start - upto));
			appendStringInfoString(&left, PA_WITHHELD);
		}
		upto = Max(upto, end);
	}
	appendBinaryStringInfo(&left, looking->whole.data + upto, (int) (part->end - upto));
	if (!protaddr_gate_text_fits(part->column, left.data, left.len))
	{
		part->found->action = looking->channel->when_unreadable;
		part->found->why = MAY_STAND_IN_IT;
		return;
	}
	part->found->value = protaddr_gate_text_value(part->column, left.data, left.len);
}

/* The row as it is with what has been taken out so far. */
typedef struct Lessened
{
	ProtaddrValueOf value_of;
	const void *row;
	List	   *found;			/* ProtaddrTextFound */
} Lessened;

static Datum
lessened_value(const void *row, AttrNumber column, bool *isnull)
{
	const Lessened *lessened = row;
	ListCell   *cell;

	foreach(cell, lessened->found)
	{
		const ProtaddrTextFound *found = lfirst(cell);

		if (found->column->number == column && found->action == PROTADDR_WITHHOLD)
		{
			*isnull = false;
			return found->value;
		}
	}
	return lessened->value_of(lessened->row, column, isnull);
}

/* merge_found takes over what a later round has said of a column. */
static List *
merge_found(List *before, List *now)
{
	ListCell   *cell;

	foreach(cell, now)
	{
		ProtaddrTextFound *found = lfirst(cell);
		ListCell   *old;
		bool		is_new = true;

		foreach(old, before)
		{
			ProtaddrTextFound *was = lfirst(old);

			if (was->column != found->column)
				continue;
			is_new = false;
			if (was->action == PROTADDR_WITHHOLD && found->action == PROTADDR_DISCLOSE)
			{
				/* what has been taken out stays out, whoever else is disclosed */
				was->people = found->people;
				was->disclosed = found->disclosed;
			}
			else
				lfirst(old) = found;
		}
		if (is_new)
			before = lappend(before, found);
	}
	return before;
}

/*
 * protaddr_gate_texts gives what is to happen to the texts of a row, for each column of
 * which there is something to say.  Nothing is put on record here.  Raises 55PA1 if it
 * cannot be told what stands in them.
 */
List *
protaddr_gate_texts(const ProtaddrGate *gate, ProtaddrValueOf value_of, const void *row,
					const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	ProtaddrTransfer of_person = *transfer;
	Looking		looking = {.gate = gate, .channel = channel, .transfer = &of_person};
	Lessened	lessened = {value_of, row, NIL};

	if (gate->ntexts == 0)
		return NIL;

	/* whose address it is the text says, as a message does */
	of_person.has_row = gate->args.subject != NULL;
	looking.part = palloc(gate->ntexts * sizeof(Part));
	initStringInfo(&looking.whole);

	/* what was taken out may have brought together what stood apart */
	for (int round = 0; round < ROUNDS; round++)
	{
		ProtaddrFound *found;
		ProtaddrAction *action;
		int			nfound;
		bool		cut = false;

		looking.result = NIL;
		if (!gather(&looking, lessened_value, &lessened))
			break;
		found = protaddr_guard_find_known(looking.whole.data, looking.whole.len, &nfound);
		action = palloc(Max(nfound, 1) * sizeof(ProtaddrAction));
		for (int i = 0; i < nfound; i++)
			action[i] = look_at(&looking, &found[i]);
		for (int i = 0; i < looking.nparts; i++)
		{
			Part	   *part = &looking.part[i];

			if (!part->cut || part->found->action != PROTADDR_WITHHOLD)
				continue;
			take_out(&looking, part, found, action, nfound);
			cut = cut || part->found->action == PROTADDR_WITHHOLD;
		}
		lessened.found = merge_found(lessened.found, looking.result);
		if (!cut)
			return lessened.found;
	}
	if (lessened.found != NIL)
	{
		ProtaddrTextFound *first = linitial(lessened.found);

		first->action = channel->when_unreadable;
		first->why = MAY_STAND_IN_IT;
	}
	return lessened.found;
}

/* ---- a row that waits in its table ------------------------------------------------------------ */

typedef struct Row
{
	HeapTuple	row;
	TupleDesc	desc;
} Row;

static Datum
row_value(const void *row, AttrNumber column, bool *isnull)
{
	return heap_getattr(((const Row *) row)->row, column, ((const Row *) row)->desc, isnull);
}

/*
 * protaddr_gate_mask gives a row as it may be stored while it waits in its table: without the
 * addresses in its texts.  Raises 23PA1 if one cannot be taken out of its column.
 */
HeapTuple
protaddr_gate_mask(const ProtaddrGate *gate, Relation rel, HeapTuple row,
				   const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	Row			as_it_is = {row, RelationGetDescr(rel)};
	ProtaddrTransfer withheld = *transfer;
	ListCell   *cell;

	/* as somebody would have it who decides to withhold */
	withheld.hold_decided = true;
	withheld.after_hold = PROTADDR_WITHHOLD;
	withheld.decided_at = DT_NOEND;
	foreach(cell, protaddr_gate_texts(gate, row_value, &as_it_is, channel, &withheld))
	{
		ProtaddrTextFound *found = lfirst(cell);
		int			column = found->column->number;
		bool		isnull = false;

		/* addresses and messages are not stored with it */
		if (protaddr_gate_checks(gate, found->column->number) || found->action == PROTADDR_DISCLOSE)
			continue;
		if (found->action != PROTADDR_WITHHOLD || found->column->kind != PROTADDR_TEXT_PLAIN)
			ereport(ERROR,
					(errcode(ERRCODE_PROTADDR_REFUSED),
					 errmsg("a row with a protected address in column \"%s\" of \"%s\" cannot wait in its table",
							NameStr(TupleDescAttr(as_it_is.desc, column - 1)->attname),
							RelationGetRelationName(rel)),
					 errdetail("The address cannot be taken out of the column meanwhile."),
					 errhint("Take it out, or let the gate hold rows aside: install_gate() without hold_column."),
					 protaddr_errprivate()));
		row = heap_modify_tuple_by_cols(row, as_it_is.desc, 1, &column, &found->value, &isnull);
	}
	return row;
}

/* protaddr_gate_text_is_masked tells whether an address was taken out of a text that waits in its table. */
bool
protaddr_gate_text_is_masked(const ProtaddrGate *gate, AttrNumber column, Datum value)
{
	for (int i = 0; i < gate->ntexts; i++)
	{
		const ProtaddrGateText *of = &gate->texts[i];
		const char *bytes;
		size_t		len;

		if (of->number != column || of->kind != PROTADDR_TEXT_PLAIN)
			continue;
		bytes = protaddr_gate_text_of(of, value, &len);
		return len >= sizeof(PA_WITHHELD) - 1 &&
			memmem(bytes, len, PA_WITHHELD, sizeof(PA_WITHHELD) - 1) != NULL;
	}
	return false;
}
