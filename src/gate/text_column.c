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

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* A text in which something is found so often after it was taken out is refused. */
#define ROUNDS	8

#define MAY_STAND_IN_IT "a protected address may stand in it"

/* What the law has said of a person. */
typedef struct Asked
{
	ProtaddrIdentifier subject;
	bool		taken;			/* of nobody: the row takes it away elsewhere */
	ProtaddrAction action;
	ProtaddrAnswer answer;
} Asked;

/* A column of the row. */
typedef struct Column
{
	Datum		value;
	int			first;			/* its first leaf; -1: it is NULL */
	bool		cut;			/* something is taken out */
	ProtaddrTextFound *found;	/* what is to happen to it, if anything */
} Column;

typedef struct Looking
{
	const ProtaddrGate *gate;
	const ProtaddrChannel *channel;
	const ProtaddrTransfer *transfer;
	Column	   *column;			/* of gate->texts */
	ProtaddrLeaves leaves;
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

/* read_form tells how an address can be taken out of a column. */
static void
read_form(const ProtaddrGate *gate, Form_pg_attribute att, ProtaddrForm *form)
{
	protaddr_form_of(att->atttypid, att->atttypmod, form);
	for (int i = 0; i < gate->args.nencodings; i++)
		if (strcmp(gate->args.encoding[i].column, NameStr(att->attname)) == 0)
			form->encoding = gate->args.encoding[i].encoding;
	for (int i = 0; i < gate->nmessages; i++)
		if (gate->messages[i].number == att->attnum)
			form->kind = gate->messages[i].format == PROTADDR_MT ? PROTADDR_TEXT_MT : PROTADDR_TEXT_MARKUP;
	if (att->attgenerated != '\0' || says_which(gate, att->attnum))
		form->kind = PROTADDR_TEXT_WHOLE;
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
		read_form(gate, att, &column->form);
		gate->texts_may_change = gate->texts_may_change || att->attgenerated != '\0';
		gate->ntexts++;
	}
}

/* ---- the texts -------------------------------------------------------------------------- */

/* gather puts the texts of a row side by side; false if there are none. */
static bool
gather(Looking *looking, ProtaddrValueOf value_of, const void *row)
{
	protaddr_leaves_reset(&looking->leaves);
	for (int i = 0; i < looking->gate->ntexts; i++)
	{
		const ProtaddrGateText *text = &looking->gate->texts[i];
		Column	   *column = &looking->column[i];
		bool		isnull;

		memset(column, 0, sizeof(*column));
		column->value = value_of(row, text->number, &isnull);
		column->first = isnull ? -1 : looking->leaves.n;
		if (!isnull)
			protaddr_leaves_add(&looking->leaves, &text->form, column->value, i);
	}
	return looking->leaves.whole.len > 0;
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
		if (asked->taken == found->taken && protaddr_identifier_same(&asked->subject, &found->subject))
			return asked;
	}
	asked = palloc0(sizeof(Asked));
	asked->subject = found->subject;
	asked->taken = found->taken;
	asked->action = protaddr_guard_ask(found, looking->channel, looking->transfer, &asked->answer);

	/* of what the row takes away it was asked before */
	if (found->taken)
		asked->action = PROTADDR_WITHHOLD;
	looking->asked = lappend(looking->asked, asked);
	return asked;
}

/* decide notes what is to happen to a column; the stricter of two things. */
static void
decide(Looking *looking, int number, ProtaddrAction action, const char *why, const Asked *asked)
{
	static const int strictness[PROTADDR_NACTIONS] = {
		[PROTADDR_DISCLOSE] = 1,[PROTADDR_WITHHOLD] = 2,[PROTADDR_HOLD] = 3,[PROTADDR_BLOCK] = 4
	};
	ProtaddrTextFound *found = looking->column[number].found;
	bool		is_new = found == NULL;
	bool		is_there = false;
	ListCell   *cell;

	if (is_new)
	{
		found = looking->column[number].found = palloc0(sizeof(ProtaddrTextFound));
		found->column = &looking->gate->texts[number];
		looking->result = lappend(looking->result, found);
	}
	if (action == PROTADDR_DISCLOSE)
	{
		/* whoever is disclosed is on record, each once */
		foreach(cell, found->people)
			is_there = is_there || protaddr_identifier_same(lfirst(cell), &asked->subject);
		if (!is_there)
			found->people = lappend(found->people, (void *) &asked->subject);
		found->disclosed = asked->answer;
		found->disclosed.action = PROTADDR_DISCLOSE;
	}
	if (!is_new && strictness[found->action] >= strictness[action])
		return;
	found->action = action;
	found->why = why;
}

/* since_decided tells whether somebody came to be protected after it was decided on the row. */
static bool
since_decided(const Looking *looking, const ProtaddrFound *found)
{
	return found->subject.len > 0 &&
		protaddr_protected_since(found->subject.key, found->subject.len, looking->transfer->decided_at);
}

/*
 * look_at decides about one address that was found, and gives what is to happen to it.  What a
 * channel holds because it is doubtful, or cannot be taken out, goes by the decision about the
 * row once there is one.
 */
static ProtaddrAction
look_at(Looking *looking, const ProtaddrFound *found)
{
	const Asked *asked = ask(looking, found);
	size_t		end = found->start + found->length;
	int			first = protaddr_leaf_at(&looking->leaves, found->start);
	int			last = protaddr_leaf_at(&looking->leaves, end - 1);
	bool		can_take_out = first == last &&
	protaddr_leaf_lets_go(&looking->leaves, &looking->leaves.leaf[first], found->start, end);
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
	for (int leaf = first; leaf <= last; leaf++)
		if (leaf == first || looking->leaves.leaf[leaf].owner != looking->leaves.leaf[leaf - 1].owner)
			decide(looking, looking->leaves.leaf[leaf].owner, action, why, asked);
	if (action == PROTADDR_WITHHOLD)
		looking->column[looking->leaves.leaf[first].owner].cut = true;
	return action;
}

/* ---- taking out -------------------------------------------------------------------------------- */

/* take_out gives a column without the stretches that are to go; false if what is left does not fit. */
static bool
take_out(Looking *looking, int number, const ProtaddrFound *found, const ProtaddrAction *action, int nfound)
{
	Column	   *column = &looking->column[number];
	ProtaddrLeaves *leaves = &looking->leaves;
	ProtaddrStretch *stretch = palloc(Max(nfound, 1) * sizeof(ProtaddrStretch));
	int			n = 0;
	bool		whole = true;

	for (int i = 0; i < nfound; i++)
	{
		int			leaf = protaddr_leaf_at(leaves, found[i].start);

		if (action[i] != PROTADDR_WITHHOLD || leaves->leaf[leaf].owner != number)
			continue;
		if (n > 0 && stretch[n - 1].leaf != leaf)
		{
			whole = whole && protaddr_leaf_cut(leaves, &leaves->leaf[stretch[n - 1].leaf], stretch, n);
			n = 0;
		}
		stretch[n++] = (ProtaddrStretch)
		{
			leaf, found[i].start, found[i].start + found[i].length
		};
	}
	if (n > 0)
		whole = whole && protaddr_leaf_cut(leaves, &leaves->leaf[stretch[n - 1].leaf], stretch, n);
	if (!whole)
	{
		column->found->action = looking->channel->when_unreadable;
		column->found->why = MAY_STAND_IN_IT;
		return false;
	}
	column->found->value = protaddr_leaves_value(leaves, &column->found->column->form, column->value, column->first);
	return true;
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
 * which there is something to say.  taken: what the row takes away elsewhere, which is looked
 * for as well; NULL: nothing.  unchecked: what is left is not stored, so a domain, which is code
 * of whoever made it, is not asked.  Nothing is put on record here.  Raises 55PA1 if it
 * cannot be told what stands in them.
 */
List *
protaddr_gate_texts(const ProtaddrGate *gate, ProtaddrValueOf value_of, const void *row,
					const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
					const ProtaddrTaken *taken, bool unchecked)
{
	ProtaddrTransfer of_person = *transfer;
	Looking		looking = {.gate = gate, .channel = channel, .transfer = &of_person};
	Lessened	lessened = {value_of, row, NIL};

	if (gate->ntexts == 0)
		return NIL;

	/* whose address it is the text says, as a message does */
	of_person.has_row = gate->args.subject != NULL;
	looking.column = palloc(gate->ntexts * sizeof(Column));
	protaddr_leaves_begin(&looking.leaves);
	looking.leaves.unchecked = unchecked;

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
		protaddr_clear_text_seen();
		found = protaddr_guard_find_known(looking.leaves.whole.data, looking.leaves.whole.len, taken, &nfound);
		action = palloc(Max(nfound, 1) * sizeof(ProtaddrAction));
		for (int i = 0; i < nfound; i++)
			action[i] = look_at(&looking, &found[i]);
		for (int i = 0; i < gate->ntexts; i++)
			if (looking.column[i].cut && looking.column[i].found->action == PROTADDR_WITHHOLD)
				cut |= take_out(&looking, i, found, action, nfound);
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

/* tells_the_same tells whether what is released of an address is all of it: a substitute that was typed in. */
static bool
tells_the_same(const PaAddress *address, ProtaddrSeal *released)
{
	ProtaddrOpened opened;
	char	   *before = palloc(2 * PA_LINE_SIZE);
	char	   *after = before + PA_LINE_SIZE;
	size_t		before_len = protaddr_format_line(address, before);
	size_t		after_len;
	bool		same;

	same = protaddr_open(released, true, &opened);
	if (same)
	{
		after_len = protaddr_format_line(&opened.address, after);
		protaddr_shut(&opened);
		same = before_len == after_len && memcmp(before, after, after_len) == 0;
	}
	explicit_bzero(before, 2 * PA_LINE_SIZE);
	pfree(before);
	return same;
}

/*
 * protaddr_gate_take notes an address that does not leave, if its key is here.  released is
 * what leaves in its place; NULL: nothing.
 */
void
protaddr_gate_take(ProtaddrTaken **taken, ProtaddrSeal *seal, ProtaddrSeal *released)
{
	ProtaddrOpened opened;
	PaAddress	address;
	uint8	   *plain;
	size_t		len;

	if (!protaddr_open(seal, true, &opened))
		return;

	/* one value is open at a time */
	len = opened.len;
	plain = palloc(len);
	memcpy(plain, opened.plain, len);
	protaddr_shut(&opened);
	if (!protaddr_decode(plain, len, &address))
		elog(ERROR, "could not read an address");
	if (released == NULL || !tells_the_same(&address, released))
		protaddr_taken_add(taken, &address);
	explicit_bzero(plain, len);
	pfree(plain);
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
	ProtaddrTaken *taken = NULL;
	ListCell   *cell;

	/* the addresses are not stored with it */
	for (int i = 0; i < gate->naddresses && gate->ntexts > 0; i++)
	{
		bool		isnull;
		Datum		value = heap_getattr(row, gate->addresses[i].number, as_it_is.desc, &isnull);

		if (!isnull)
			protaddr_gate_take(&taken, (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value), NULL);
	}

	/* as somebody would have it who decides to withhold */
	withheld.hold_decided = true;
	withheld.after_hold = PROTADDR_WITHHOLD;
	withheld.decided_at = DT_NOEND;
	foreach(cell, protaddr_gate_texts(gate, row_value, &as_it_is, channel, &withheld, taken, false))
	{
		ProtaddrTextFound *found = lfirst(cell);
		int			column = found->column->number;
		bool		isnull = false;

		/* addresses and messages are not stored with it */
		if (protaddr_gate_checks(gate, found->column->number) || found->action == PROTADDR_DISCLOSE)
			continue;
		if (found->action != PROTADDR_WITHHOLD || found->column->form.kind != PROTADDR_TEXT_PLAIN)
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
		ProtaddrLeaves leaves;

		if (of->number != column || of->form.kind != PROTADDR_TEXT_PLAIN)
			continue;
		protaddr_leaves_begin(&leaves);
		protaddr_leaves_add(&leaves, &of->form, value, i);
		return leaves.whole.len >= sizeof(PA_WITHHELD) - 1 &&
			memmem(leaves.whole.data, leaves.whole.len, PA_WITHHELD, sizeof(PA_WITHHELD) - 1) != NULL;
	}
	return false;
}
