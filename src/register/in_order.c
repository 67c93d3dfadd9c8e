/*
 * in_order.c
 *		What do our tables hold of one person after the other, in the order of their keys?
 *
 * A delivery's people are met with what is known of them as two sorted lists are merged.
 * Where the next person is near, the reader walks the index there; where they are far,
 * it descends anew.  So a delivery of everybody reads each page once, and one of a
 * single person reads a few pages.  Rows of people in between are not read: the index
 * itself tells whose they are.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register_int.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/visibilitymap.h"
#include "catalog/pg_collation.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define STEPS_BEFORE_DESCENT	16

struct ProtaddrInOrder
{
	MemoryContext context;		/* of the scan, which keeps what it notes on its way */
	Relation	rel;
	Relation	index;
	Snapshot	snapshot;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	Buffer		all_visible;	/* of the map of pages whose rows everybody sees */
	bool		begun;
	bool		ended;
	text	   *wanted;
};

/*
 * protaddr_in_order_begin readies a reader of an index whose first column is a person's
 * key.  It sees what was committed, and what we wrote, before it began.
 */
ProtaddrInOrder *
protaddr_in_order_begin(Oid relation, Oid index)
{
	ProtaddrInOrder *in_order = palloc0(sizeof(ProtaddrInOrder));

	in_order->context = CurrentMemoryContext;
	in_order->rel = table_open(relation, AccessShareLock);
	in_order->index = index_open(index, AccessShareLock);
	in_order->snapshot = RegisterSnapshot(GetLatestSnapshot());
	in_order->slot = table_slot_create(in_order->rel, NULL);
	in_order->scan = protaddr_index_beginscan(in_order->rel, in_order->index, in_order->snapshot, 1);
	in_order->scan->xs_want_itup = true;
	in_order->all_visible = InvalidBuffer;
	in_order->wanted = palloc(VARHDRSZ + PA_SUBJECT_SIZE);
	return in_order;
}

void
protaddr_in_order_end(ProtaddrInOrder *in_order)
{
	index_endscan(in_order->scan);
	if (BufferIsValid(in_order->all_visible))
		ReleaseBuffer(in_order->all_visible);
	ExecDropSingleTupleTableSlot(in_order->slot);
	UnregisterSnapshot(in_order->snapshot);
	index_close(in_order->index, AccessShareLock);
	table_close(in_order->rel, AccessShareLock);
	pfree(in_order->wanted);
	pfree(in_order);
}

/* step goes to the next entry of the index. */
static bool
step(ProtaddrInOrder *in_order)
{
	MemoryContext old = MemoryContextSwitchTo(in_order->context);

	CHECK_FOR_INTERRUPTS();
	in_order->ended = index_getnext_tid(in_order->scan, ForwardScanDirection) == NULL;
	MemoryContextSwitchTo(old);
	return !in_order->ended;
}

/* entry_text gives a column of the entry, in place; NULL if it is that. */
static const text *
entry_text(const ProtaddrInOrder *in_order, int column)
{
	bool		isnull;
	Datum		value = index_getattr(in_order->scan->xs_itup, column, in_order->scan->xs_itupdesc, &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}

/* compare compares the key of the entry we stand at with another. */
static int
compare(const ProtaddrInOrder *in_order, const ProtaddrIdentifier *id)
{
	const text *key = entry_text(in_order, 1);
	int			len;
	int			result;

	if (key == NULL)
		return 1;
	len = VARSIZE_ANY_EXHDR(key);
	result = memcmp(VARDATA_ANY(key), id->key, Min(len, id->len));
	return result != 0 ? result : len - id->len;
}

/* row gives the row of the entry; NULL if we do not see it. */
static TupleTableSlot *
row(ProtaddrInOrder *in_order)
{
	MemoryContext old = MemoryContextSwitchTo(in_order->context);
	bool		seen = index_fetch_heap(in_order->scan, in_order->slot);

	MemoryContextSwitchTo(old);
	return seen ? in_order->slot : NULL;
}

/* descend goes to the first row of a person, or behind where it would be. */
static void
descend(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id)
{
	ScanKeyData skey;
	MemoryContext old = MemoryContextSwitchTo(in_order->context);

	SET_VARSIZE(in_order->wanted, VARHDRSZ + id->len);
	memcpy(VARDATA(in_order->wanted), id->key, id->len);
	ScanKeyEntryInitialize(&skey, 0, 1, BTGreaterEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
						   F_TEXT_GE, PointerGetDatum(in_order->wanted));
	index_rescan(in_order->scan, &skey, 1, NULL, 0);
	MemoryContextSwitchTo(old);
	in_order->begun = true;
	(void) step(in_order);
}

/*
 * go_to goes to the first entry of a person; false if there is none.  People come in the
 * order of their keys, unless it is told to descend.
 */
static bool
go_to(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id, bool anywhere)
{
	if (anywhere || !in_order->begun)
		descend(in_order, id);
	for (int steps = 0; !in_order->ended; steps++)
	{
		int			order = compare(in_order, id);

		if (order >= 0)
			return order == 0;
		if (steps == STEPS_BEFORE_DESCENT)
			descend(in_order, id);
		else
			(void) step(in_order);
	}
	return false;
}

/*
 * protaddr_in_order_at goes to the first row of a person and gives it; NULL if there is
 * none.  People come in the order of their keys, unless the reader is told to descend.
 */
TupleTableSlot *
protaddr_in_order_at(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id, bool anywhere)
{
	TupleTableSlot *slot;

	if (!go_to(in_order, id, anywhere))
		return NULL;
	slot = row(in_order);
	return slot != NULL ? slot : protaddr_in_order_next(in_order, id);
}

/* protaddr_in_order_next gives the next row of the same person, or NULL. */
TupleTableSlot *
protaddr_in_order_next(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id)
{
	while (step(in_order) && compare(in_order, id) == 0)
	{
		TupleTableSlot *slot = row(in_order);

		if (slot != NULL)
			return slot;
	}
	return NULL;
}

/* all_see is true if everybody sees whatever rows are on the page of the entry's. */
static bool
all_see(ProtaddrInOrder *in_order)
{
	BlockNumber page = ItemPointerGetBlockNumber(&in_order->scan->xs_heaptid);

	if (!VM_ALL_VISIBLE(in_order->rel, page, &in_order->all_visible))
		return false;
	PredicateLockPage(in_order->rel, page, in_order->snapshot);
	return true;
}

/*
 * protaddr_in_order_has is true if there is a row of a person, who comes after those before,
 * with this value in the second column of the index.  The index tells it alone where no
 * row has changed since VACUUM.
 */
bool
protaddr_in_order_has(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id, const text *second)
{
	int			len = VARSIZE_ANY_EXHDR(second);

	for (bool there = go_to(in_order, id, false); there; there = step(in_order) && compare(in_order, id) == 0)
	{
		const text *has = entry_text(in_order, 2);

		if (has != NULL && VARSIZE_ANY_EXHDR(has) == len && memcmp(VARDATA_ANY(has), VARDATA_ANY(second), len) == 0 &&
			(all_see(in_order) || row(in_order) != NULL))
			return true;
	}
	return false;
}

/* protaddr_in_order_walk gives each row of all, from the first on; NULL behind the last. */
TupleTableSlot *
protaddr_in_order_walk(ProtaddrInOrder *in_order)
{
	/* the scan has a condition, which must be one: no key is before the empty one */
	static const ProtaddrIdentifier empty = {.len = 0};
	TupleTableSlot *slot = NULL;

	if (in_order->begun)
		(void) step(in_order);
	else
		descend(in_order, &empty);
	while (!in_order->ended && (slot = row(in_order)) == NULL)
		(void) step(in_order);
	return slot;
}
