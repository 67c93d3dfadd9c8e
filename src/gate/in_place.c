/*
 * in_place.c
 *		How does a row wait for a decision in its own table?
 *
 * The row is stored at once, with its key and all else, but without its addresses and
 * messages, and with a status column that says that it waits.  So whoever writes it counts
 * one row, and gets its key.  What is missing is held, with the status that the row should
 * have had; carried out, an UPDATE puts it in.
 *
 * While it waits, an update that makes it another payment, proposes an address, or sets
 * the status, is held anew in place of what was held: what the row would be then is
 * what is decided on.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "law/law.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

static HeapTuple bare(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc);

/* protaddr_waits_in_place tells whether a row has the status of one that waits. */
bool
protaddr_waits_in_place(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc)
{
	Form_pg_attribute att;
	bool		isnull;
	Datum		value;

	if (gate->hold_column == InvalidAttrNumber)
		return false;
	att = TupleDescAttr(desc, gate->hold_column - 1);
	value = heap_getattr(row, gate->hold_column, desc, &isnull);
	return !isnull && datum_image_eq(value, gate->hold_value, att->attbyval, att->attlen);
}

/* carries_nothing tells whether a row has neither an address nor a message. */
static bool
carries_nothing(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc)
{
	for (int i = 1; i <= desc->natts; i++)
		if (!TupleDescAttr(desc, i - 1)->attisdropped && protaddr_gate_checks(gate, i) &&
			!heap_attisnull(row, i, desc))
			return false;
	return true;
}

/* protaddr_is_bare tells whether it waits in place, as it was left there. */
bool
protaddr_is_bare(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc)
{
	return protaddr_waits_in_place(gate, row, desc) && carries_nothing(gate, row, desc);
}

/* bare takes away what a row carries, and gives it the status of one that waits. */
static HeapTuple
bare(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc)
{
	int			room = gate->naddresses + gate->nmessages + 1;
	int		   *columns = palloc(room * sizeof(int));
	Datum	   *values = palloc0(room * sizeof(Datum));
	bool	   *nulls = palloc(room * sizeof(bool));
	int			n = 0;

	for (int i = 1; i <= desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i - 1);

		if (att->attisdropped || att->attgenerated != '\0' || !protaddr_gate_checks(gate, i))
			continue;
		if (get_typtype(att->atttypid) == TYPTYPE_DOMAIN)
			domain_check((Datum) 0, true, att->atttypid, NULL, NULL);
		columns[n] = i;
		nulls[n++] = true;
	}
	if (get_typtype(TupleDescAttr(desc, gate->hold_column - 1)->atttypid) == TYPTYPE_DOMAIN)
		domain_check(gate->hold_value, false, TupleDescAttr(desc, gate->hold_column - 1)->atttypid, NULL, NULL);
	columns[n] = gate->hold_column;
	values[n] = gate->hold_value;
	nulls[n++] = false;
	return heap_modify_tuple_by_cols(row, desc, n, columns, values, nulls);
}

/* protaddr_hold_in_place holds the row and gives what is stored of it meanwhile. */
HeapTuple
protaddr_hold_in_place(const ProtaddrGate *gate, Relation rel, HeapTuple row, bool is_update,
					   const ProtaddrChannel *channel, const ProtaddrTransfer *transfer, const char *why)
{
	HeapTuple	stored = bare(gate, protaddr_gate_mask(gate, rel, row, channel, transfer), RelationGetDescr(rel));

	protaddr_hold_row(gate, rel, row, is_update, stored, channel, transfer, why);
	return stored;
}

/* ---- a row that waits is updated ---------------------------------------------------------- */

/* What is held of a row that waits in its table. */
typedef struct Waiting
{
	int64		held_id;
	int64		last;			/* act */
} Waiting;

/* place_of gives what a row is found by among the held ones; false if it has no key. */
static bool
place_of(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc, ProtaddrDigest *place)
{
	int			level = protaddr_plain_settings();
	char	   *key = protaddr_row_key(gate, row, desc);

	AtEOXact_GUC(false, level);
	if (key == NULL)
		return false;
	protaddr_place_digest(protaddr_qualified_name(gate->root), key, place);
	return true;
}

/* take_waiting locks a held row, and tells whether it waits in place. */
static bool
take_waiting(Relation held, HeapTuple tuple, Waiting *waiting, const char **words, ProtaddrHeldRow *row)
{
	bool		isnull;
	ProtaddrHeldState standing;

	waiting->held_id = DatumGetInt64(heap_getattr(tuple, PROTADDR_HELD_ID, RelationGetDescr(held), &isnull));
	if (strcmp(protaddr_column_word(tuple, RelationGetDescr(held), PROTADDR_HELD_MODE), PROTADDR_MODE_IN_PLACE) != 0)
		return false;
	protaddr_held_state(waiting->held_id, &standing);
	if (standing.status != PROTADDR_HELD_WAITS && standing.status != PROTADDR_HELD_DECIDED)
		return false;
	(void) protaddr_held_take(held, waiting->held_id, words, row);
	/* while we waited for the lock it may have been carried out */
	protaddr_held_state(waiting->held_id, &standing);
	waiting->last = standing.last;
	return standing.status == PROTADDR_HELD_WAITS || standing.status == PROTADDR_HELD_DECIDED;
}

/*
 * find_waiting finds and locks what is held of a row in this place, and gives the list of
 * it; row and why are of what was held last.  Raises XX001 if somebody has changed what is
 * held.
 */
static List *
find_waiting(const ProtaddrDigest *place, ProtaddrHeldRow *row, const char **why)
{
	Relation	held = table_open(protaddr_own_relation("held"), RowShareLock);
	ScanKeyData scan_key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *tuples = NIL;
	List	   *found = NIL;
	ListCell   *cell;
	TimestampTz newest = DT_NOBEGIN;

	/* what an upsert's INSERT has held is of this command */
	CommandCounterIncrement();
	ScanKeyInit(&scan_key, PROTADDR_HELD_PLACE, BTEqualStrategyNumber, F_BYTEAEQ,
				PointerGetDatum(cstring_to_text_with_len((const char *) place->bytes, sizeof(place->bytes))));
	scan = systable_beginscan(held, protaddr_own_relation("held_place"), true, NULL, 1, &scan_key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		tuples = lappend(tuples, heap_copytuple(tuple));
	systable_endscan(scan);

	foreach(cell, tuples)
	{
		Waiting    *waiting = palloc(sizeof(Waiting));
		const char *words[PROTADDR_HELD_NWORDS];
		ProtaddrHeldRow held_row;
		TimestampTz at;
		bool		isnull;

		tuple = lfirst(cell);
		if (!take_waiting(held, tuple, waiting, words, &held_row))
			continue;
		found = lappend(found, waiting);
		at = DatumGetTimestampTz(heap_getattr(tuple, PROTADDR_HELD_AT, RelationGetDescr(held), &isnull));
		if (at <= newest)
			continue;
		newest = at;
		*row = held_row;
		*why = words[PROTADDR_HELD_WHY - 1];
	}
	table_close(held, NoLock);
	return found;
}

/* replace_waiting ends what was held of a row, but for one. */
static void
replace_waiting(List *found, int64 but)
{
	ListCell   *cell;

	foreach(cell, found)
	{
		const Waiting *waiting = lfirst(cell);

		if (waiting->held_id != but)
			(void) protaddr_held_act(waiting->held_id, waiting->last, PROTADDR_HELD_REPLACED, NULL, NULL, NULL);
	}
}

/* as_it_would_be fills up a row with what is held of it, where the update proposes nothing. */
static HeapTuple
as_it_would_be(const ProtaddrGate *gate, Relation rel, HeapTuple row, const ProtaddrHeldRow *held)
{
	TupleDesc	desc = RelationGetDescr(rel);
	HeapTuple	was = protaddr_held_tuple(held, rel, NULL);
	int			room = gate->naddresses + gate->nmessages + gate->ntexts + 1;
	int		   *columns = palloc(room * sizeof(int));
	Datum	   *values = palloc0(room * sizeof(Datum));
	bool	   *nulls = palloc(room * sizeof(bool));
	int			n = 0;

	for (int i = 1; i <= desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i - 1);
		bool		missing;
		bool		isnull;
		Datum		value;

		if (att->attisdropped || att->attgenerated != '\0')
			continue;
		missing = i == gate->hold_column ? protaddr_waits_in_place(gate, row, desc) :
			protaddr_gate_checks(gate, i) && heap_attisnull(row, i, desc);
		if (!missing && !protaddr_gate_checks(gate, i))
		{
			value = heap_getattr(row, i, desc, &isnull);
			missing = !isnull && protaddr_gate_text_is_masked(gate, i, value);
		}
		if (!missing)
			continue;
		columns[n] = i;
		values[n] = heap_getattr(was, i, desc, &nulls[n]);
		n++;
	}
	return n == 0 ? row : heap_modify_tuple_by_cols(row, desc, n, columns, values, nulls);
}

/*
 * take_over holds anew what the INSERT of an upsert has held, as the row that its UPDATE
 * has made of the one that stood there: it may be another payment.
 */
static void
take_over(const ProtaddrGate *gate, Relation rel, HeapTuple row, const ProtaddrDigest *place,
		  const ProtaddrWaits *waits, const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	Relation	held = table_open(protaddr_own_relation("held"), RowShareLock);
	const char *words[PROTADDR_HELD_NWORDS];
	ProtaddrHeldRow held_row;
	ProtaddrHeldRow other;
	const char *why;

	replace_waiting(find_waiting(place, &other, &why), waits->held_id);
	(void) protaddr_held_take(held, waits->held_id, words, &held_row);
	table_close(held, NoLock);
	row = as_it_would_be(gate, rel, row, &held_row);
	protaddr_unhold_row(waits);
	protaddr_hold_row(gate, rel, row, true, row, channel, transfer, words[PROTADDR_HELD_WHY - 1]);
}

/*
 * refuse_half_upsert refuses what an upsert has made of a row if it has taken over one half
 * of what its INSERT has held: that an address or message is missing, and not that the row
 * waits, so that nobody would decide; or that it waits, and not what is missing, so that
 * nothing would be held of it.
 */
static void
refuse_half_upsert(const ProtaddrGate *gate, Relation rel, HeapTuple before, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(rel);
	const char *hold_column = NameStr(TupleDescAttr(desc, gate->hold_column - 1)->attname);
	HeapTuple	proposed = before;
	ProtaddrDigest place;
	ProtaddrWaits waits;

	if (!protaddr_ledger_awaits(rel, row) || protaddr_waits_in_place(gate, before, desc))
		return;
	if (protaddr_waits_in_place(gate, row, desc))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("the row would wait in its table, but nothing of it is held"),
				 errdetail("INSERT ... ON CONFLICT DO UPDATE sets column \"%s\", and not each address and message.", hold_column),
				 errhint("Set them from EXCLUDED, too."),
				 protaddr_errprivate()));
	if (place_of(gate, row, desc, &place) && protaddr_ledger_proposed(rel, row, &place, &waits))
	{
		Relation	held = table_open(protaddr_own_relation("held"), RowShareLock);
		const char *words[PROTADDR_HELD_NWORDS];
		ProtaddrHeldRow held_row;

		/* it was held in this command */
		CommandCounterIncrement();
		(void) protaddr_held_take(held, waits.held_id, words, &held_row);
		table_close(held, NoLock);
		proposed = protaddr_held_tuple(&held_row, rel, NULL);
	}
	for (int i = 1; i <= desc->natts; i++)
		if (!TupleDescAttr(desc, i - 1)->attisdropped && protaddr_gate_checks(gate, i) &&
			heap_attisnull(row, i, desc) && !heap_attisnull(proposed, i, desc))
			ereport(ERROR,
					(errcode(ERRCODE_PROTADDR_REFUSED),
					 errmsg("the row would lose an address or message, and not wait for a decision"),
					 errdetail("INSERT ... ON CONFLICT DO UPDATE sets column \"%s\", and not column \"%s\".",
							   NameStr(TupleDescAttr(desc, i - 1)->attname), hold_column),
					 errhint("Set column \"%s\" from EXCLUDED, too.", hold_column),
					 protaddr_errprivate()));
}

/*
 * protaddr_stored_in_place counts a row that was held before it was inserted and is stored
 * now.  In the place of one that stood there, an upsert, it takes over.
 */
void
protaddr_stored_in_place(const ProtaddrGate *gate, Relation rel, HeapTuple before, HeapTuple row,
						 const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	TupleDesc	desc = RelationGetDescr(rel);
	ProtaddrDigest place;
	ProtaddrDigest bare_row;
	ProtaddrWaits waits;

	if (protaddr_ledger_is_blank() || gate->hold_column == InvalidAttrNumber)
		return;
	if (!protaddr_is_bare(gate, row, desc) && before != NULL)
		refuse_half_upsert(gate, rel, before, row);
	if (!protaddr_is_bare(gate, row, desc) || !place_of(gate, row, desc, &place))
		return;
	protaddr_bare_digest(gate, row, desc, &bare_row);
	if (!protaddr_ledger_waited(rel, row, &place, before != NULL ? NULL : &bare_row, &waits))
	{
		if (before != NULL && !protaddr_waits_in_place(gate, before, desc) && protaddr_ledger_awaits(rel, row))
			ereport(ERROR,
					(errcode(ERRCODE_PROTADDR_REFUSED),
					 errmsg("the row would wait in its table, but nothing of it is held"),
					 errdetail("An INSERT ... ON CONFLICT has met it by another key than its primary key."),
					 errhint("Use ON CONFLICT with the columns of the primary key, or UPDATE the row."),
					 protaddr_errprivate()));
		return;
	}
	if (before != NULL)
		take_over(gate, rel, row, &place, &waits, channel, transfer);
	else
		protaddr_count_held(gate);
}

/* same_key tells whether a row is found where it was: one that moves may have another key. */
static bool
same_key(const ProtaddrGate *gate, HeapTuple before, HeapTuple row, TupleDesc desc)
{
	int			level = protaddr_plain_settings();
	char	   *was = protaddr_row_key(gate, before, desc);
	char	   *is = protaddr_row_key(gate, row, desc);

	AtEOXact_GUC(false, level);
	return was != NULL && is != NULL && strcmp(was, is) == 0;
}

/*
 * protaddr_update_in_place looks at an update of a row that waits.  One that changes what
 * is to be decided is held anew, and it gives what is stored of it; NULL if the update
 * goes on as any other.
 */
HeapTuple
protaddr_update_in_place(const ProtaddrGate *gate, Relation rel, HeapTuple before, HeapTuple row,
						 const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	TupleDesc	desc = RelationGetDescr(rel);
	ProtaddrDigest was;
	ProtaddrDigest is;
	ProtaddrDigest place;
	ProtaddrWaits waits;
	ProtaddrHeldRow held_row;
	const char *why = NULL;
	List	   *found;

	if (!protaddr_waits_in_place(gate, before, desc))
		return NULL;
	protaddr_payment_digest(gate, before, desc, false, &was);
	protaddr_payment_digest(gate, row, desc, false, &is);
	if (memcmp(&was, &is, sizeof(was)) == 0 && protaddr_is_bare(gate, row, desc) &&
		same_key(gate, before, row, desc))
		return NULL;
	if (!place_of(gate, before, desc, &place))
		return NULL;
	found = find_waiting(&place, &held_row, &why);
	if (found == NIL)
		return NULL;
	row = as_it_would_be(gate, rel, row, &held_row);
	replace_waiting(found, 0);
	/* the INSERT of an upsert has held it a moment ago */
	(void) protaddr_ledger_waited(rel, NULL, &place, NULL, &waits);
	return protaddr_hold_in_place(gate, rel, row, true, channel, transfer, why);
}
