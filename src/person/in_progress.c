/*
 * in_progress.c
 *		What may come to be said of a person, by transactions that have not ended?
 *
 * Who writes something that matters only for protected people, and who protects somebody,
 * must not miss each other, and none may wait for the other.  So each first writes, and
 * then looks at what the other would have written, committed or not: whoever looks last
 * sees it.  What is seen so may yet be rolled back, and then somebody has done too much.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static ProtaddrPersonWatcher watcher = NULL;

/*
 * protaddr_watch_people has a function told, in the transaction that does it and before it
 * is done, of each identifier of which a row of the register or a link says something else
 * from now on.  There is one.
 */
void
protaddr_watch_people(ProtaddrPersonWatcher function)
{
	Assert(watcher == NULL);
	watcher = function;
}

/* protaddr_person_touched tells it. */
void
protaddr_person_touched(const ProtaddrIdentifier *id)
{
	if (watcher != NULL)
		watcher(id);
}

/* protaddr_person_changes says that rows of an identifier are about to be changed, or were. */
void
protaddr_person_changes(const ProtaddrIdentifier *id)
{
	protaddr_picture_change(id);
	protaddr_person_touched(id);
}

/*
 * protaddr_may_be_protected is true if something about whom an identifier stands for must
 * not be told, or may come to be so by what others are about to commit.
 */
bool
protaddr_may_be_protected(const ProtaddrIdentifier *id)
{
	SnapshotData dirty;
	ProtaddrIdentifier *people;
	int			npeople;
	unsigned int facts;
	bool		may = false;

	/* what is not marked in the picture nobody has begun to change */
	if (likely(protaddr_picture_settled_facts(id->key, id->len, &facts)))
		return (facts & PA_FACT_HIDES) != 0;

	InitDirtySnapshot(dirty);
	people = protaddr_identity_people_at(id, &dirty, &npeople);
	for (int i = 0; i < npeople && !may; i++)
		may = protaddr_hides_itself(&people[i], &dirty) != PROTADDR_HIDES_NOTHING;
	pfree(people);
	return may;
}

/* protaddr_may_stand_for gives whatever stands, or may come to stand, for a person, itself first. */
ProtaddrIdentifier *
protaddr_may_stand_for(const ProtaddrIdentifier *person, int *n)
{
	Relation	link = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	SnapshotData dirty;
	ProtaddrIdentifier *identifiers;

	InitDirtySnapshot(dirty);
	identifiers = protaddr_identity_identifiers(link, person, &dirty, n);
	table_close(link, AccessShareLock);
	return identifiers;
}

/* protaddr_may_be_protected_all tells of everybody of whom a row says, or may come to say, so. */
void
protaddr_may_be_protected_all(ProtaddrPersonWatcher told)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_PROTECTION), AccessShareLock);
	SnapshotData dirty;
	TableScanDesc scan;
	TupleTableSlot *slot;

	InitDirtySnapshot(dirty);
	slot = table_slot_create(rel, NULL);
	scan = table_beginscan(rel, &dirty, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		should_free;
		HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, &should_free);
		Datum		key;

		CHECK_FOR_INTERRUPTS();
		if (protaddr_protection_hides(row, RelationGetDescr(rel), &key) != PROTADDR_HIDES_NOTHING)
		{
			text	   *t = DatumGetTextPP(key);
			ProtaddrIdentifier id;

			id.len = VARSIZE_ANY_EXHDR(t);
			if (id.len <= PA_SUBJECT_SIZE)
			{
				memcpy(id.key, VARDATA_ANY(t), id.len);
				told(&id);
			}
		}
		if (should_free)
			heap_freetuple(row);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, AccessShareLock);
}
