/*
 * in_order.c
 *		What do our tables hold of one person after the other, in the order of their keys?
 *
 * A delivery's people are met with what is known of them as two sorted lists are merged.
 * Where the next person is near, the reader walks the index there; where they are far,
 * it descends anew.  So a delivery of everybody reads each page once, and one of a
 * single person reads a few pages.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register_int.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_collation.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
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
	AttrNumber	key;			/* the column that the index begins with */
	bool		begun;
	bool		ended;
	text	   *wanted;
};

/*
 * protaddr_in_order_begin readies a reader of an index whose first column is a person's
 * key.  It sees what was committed, and what we wrote, before it began.
 */
ProtaddrInOrder *
protaddr_in_order_begin(Oid relation, Oid index, AttrNumber key)
{
	ProtaddrInOrder *in_order = palloc0(sizeof(ProtaddrInOrder));

	in_order->context = CurrentMemoryContext;
	in_order->rel = table_open(relation, AccessShareLock);
	in_order->index = index_open(index, AccessShareLock);
	in_order->snapshot = RegisterSnapshot(GetLatestSnapshot());
	in_order->slot = table_slot_create(in_order->rel, NULL);
	in_order->scan = protaddr_index_beginscan(in_order->rel, in_order->index, in_order->snapshot, 1);
	in_order->key = key;
	in_order->wanted = palloc(VARHDRSZ + PA_SUBJECT_SIZE);
	return in_order;
}

void
protaddr_in_order_end(ProtaddrInOrder *in_order)
{
	index_endscan(in_order->scan);
	ExecDropSingleTupleTableSlot(in_order->slot);
	UnregisterSnapshot(in_order->snapshot);
	index_close(in_order->index, AccessShareLock);
	table_close(in_order->rel, AccessShareLock);
	pfree(in_order->wanted);
	pfree(in_order);
}

static bool
step(ProtaddrInOrder *in_order)
{
	MemoryContext old = MemoryContextSwitchTo(in_order->context);

	CHECK_FOR_INTERRUPTS();
	in_order->ended = !index_getnext_slot(in_order->scan, ForwardScanDirection, in_order->slot);
	MemoryContextSwitchTo(old);
	return !in_order->ended;
}

/* compare compares the key of the row we stand at with another. */
static int
compare(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id)
{
	bool		isnull;
	Datum		value = slot_getattr(in_order->slot, in_order->key, &isnull);
	text	   *key;
	int			len;
	int			result;

	if (isnull)
		return 1;
	key = DatumGetTextPP(value);
	len = VARSIZE_ANY_EXHDR(key);
	result = memcmp(VARDATA_ANY(key), id->key, Min(len, id->len));
	return result != 0 ? result : len - id->len;
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
 * protaddr_in_order_at goes to the first row of a person and gives it; NULL if there is
 * none.  People come in the order of their keys, unless the reader is told to descend.
 */
TupleTableSlot *
protaddr_in_order_at(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id, bool anywhere)
{
	int			order;

	if (anywhere || !in_order->begun)
		descend(in_order, id);
	for (int steps = 0; !in_order->ended; steps++)
	{
		order = compare(in_order, id);
		if (order >= 0)
			return order == 0 ? in_order->slot : NULL;
		if (steps == STEPS_BEFORE_DESCENT)
			descend(in_order, id);
		else
			(void) step(in_order);
	}
	return NULL;
}

/* protaddr_in_order_next gives the next row of the same person, or NULL. */
TupleTableSlot *
protaddr_in_order_next(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id)
{
	return step(in_order) && compare(in_order, id) == 0 ? in_order->slot : NULL;
}

/* protaddr_in_order_walk gives each row of all, from the first on; NULL behind the last. */
TupleTableSlot *
protaddr_in_order_walk(ProtaddrInOrder *in_order)
{
	if (!in_order->begun)
	{
		/* the scan has a condition, which must be one: no key is before the empty one */
		ProtaddrIdentifier empty = {.len = 0};

		descend(in_order, &empty);
		return in_order->ended ? NULL : in_order->slot;
	}
	return step(in_order) ? in_order->slot : NULL;
}
