/*
 * derive.c
 *		Which addresses are looked for, and who keeps that so?
 *
 * Whoever changes what the register says of somebody, or writes a row of a source about
 * somebody who is protected, leaves the person's entries as they have to be then: all
 * addresses of all their identifiers that stand in any source.  What a transaction has
 * touched is noted as it goes, and done at its end, or before it looks for anything itself.
 *
 * Nobody waits, and nobody is missed: everybody writes first and looks afterwards, at what
 * others are about to commit as well (person/in_progress.c).  A row is in its table before
 * its trigger asks whether somebody is protected; a protection is in its table before the
 * sources are read for the person.  Whoever comes last sees both.  The same holds for what is
 * taken away: whoever has deleted an entry looks once more whether it is still needed.
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard_int.h"
#include "keys/keys.h"
#include "law/law.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* of more people at once, the sources are read from one end to the other */
#define FEW_PEOPLE		200

/* more than so many, and everybody is looked at */
#define MANY_PEOPLE		1000000

typedef struct Person
{
	ProtaddrIdentifier id;
	bool		derived;		/* of those touched: nothing has changed since */
	bool		wanted;			/* may be protected */
	bool		asked;			/* for substitutes */
	char		status;
} Person;

#define SH_PREFIX persons
#define SH_ELEMENT_TYPE Person
#define SH_KEY_TYPE ProtaddrIdentifier
#define SH_KEY id
#define SH_HASH_KEY(tb, k) hash_bytes((const unsigned char *) (k).key, (k).len)
#define SH_EQUAL(tb, a, b) protaddr_identifier_same(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* What an entry is compared by, and where it stands. */
typedef struct Print
{
	uint64		print;
	ItemPointerData row;		/* invalid: there is none */
	bool		needed;
	bool		substitute;		/* it is there to be told */
	char		status;
} Print;

#define SH_PREFIX prints
#define SH_ELEMENT_TYPE Print
#define SH_KEY_TYPE uint64
#define SH_KEY print
#define SH_HASH_KEY(tb, k) ((uint32) (k))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* ---- what this transaction has touched ---------------------------------------------- */

static persons_hash * touched = NULL;
static List *new_sources = NIL; /* tables that have become a source */
static bool everybody = false;
static bool due = false;		/* something has been touched since all was done */
static bool once_more = false;	/* a subtransaction was rolled back: what was done may be undone */
static bool rest_due = false;	/* what is no longer needed has not been removed yet */
static bool at_end = false;
static bool deriving = false;

/* What is being done. */
typedef struct Derivation
{
	persons_hash *people;
	prints_hash *prints;
	ProtaddrEntries *entries;
	List	   *twice;			/* rows that say the same as another one */
	bool		removed;
	int64		rows;			/* of a source that name somebody */
	TimestampTz began;
	TimestampTz said;			/* when it was last said how far it is */
} Derivation;

#define SAID_EVERY	5000		/* ms */

static persons_hash * gathering = NULL;

PG_FUNCTION_INFO_V1(protaddr_refresh_guard);

static void derive_start(void);
static void derive_xact_end(void);
static void derive_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent);
static void derive_executor_start(QueryDesc *query);
static void derive_pre_commit(void);

const ProtaddrPart protaddr_derive_part = {
	.start = derive_start,
	.xact_end = derive_xact_end,
	.subxact = derive_subxact,
	.pre_commit = derive_pre_commit,
	.executor_start = derive_executor_start,
};

static void
derive_start(void)
{
	protaddr_watch_people(protaddr_derive_person);
}

static void
derive_xact_end(void)
{
	touched = NULL;
	new_sources = NIL;
	everybody = due = once_more = rest_due = at_end = deriving = false;
	gathering = NULL;
}

static void
derive_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && (touched != NULL || new_sources != NIL || everybody))
		due = once_more = true;
}

/* derive_pre_commit does what is due at the end. */
static void
derive_pre_commit(void)
{
	if (rest_due)
		due = once_more = true;
	rest_due = false;
	at_end = true;
	protaddr_derive_now();
}

/* A worker can write nothing, so what is due is done before there are any. */
static void
derive_executor_start(QueryDesc *query)
{
	if (unlikely(due) && query->plannedstmt->parallelModeNeeded && !IsInParallelMode())
		protaddr_derive_now();
}

/* protaddr_derive_person notes that a person's entries may have to be others. */
void
protaddr_derive_person(const ProtaddrIdentifier *id)
{
	Person	   *person;
	bool		there;

	due = true;
	if (everybody)
		return;
	if (touched == NULL)
		touched = persons_create(TopTransactionContext, 64, NULL);
	person = persons_insert(touched, *id, &there);
	person->derived = false;
	if (touched->members > MANY_PEOPLE)
	{
		everybody = true;
		persons_destroy(touched);
		touched = NULL;
	}
}

/* protaddr_derive_relation notes that a table has become a source. */
void
protaddr_derive_relation(Oid relation)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

	new_sources = list_append_unique_oid(new_sources, relation);
	MemoryContextSwitchTo(old);
	due = true;
}

/* ---- whom it is about ------------------------------------------------------------------ */

static void
add_person(persons_hash * people, const ProtaddrIdentifier *id)
{
	bool		there;

	(void) persons_insert(people, *id, &there);
}

/* gather adds whatever stands for a person to those being gathered. */
static void
gather(const ProtaddrIdentifier *id)
{
	int			n;
	ProtaddrIdentifier *identifiers = protaddr_may_stand_for(id, &n);

	for (int i = 0; i < n; i++)
		add_person(gathering, &identifiers[i]);
	pfree(identifiers);
}

static persons_hash *
gather_everybody(void)
{
	gathering = persons_create(CurrentMemoryContext, 1024, NULL);
	protaddr_may_be_protected_all(gather);
	return gathering;
}

/* ---- what there is ----------------------------------------------------------------------- */

static Print *
add_print(Derivation *d, uint64 print, bool *there)
{
	Print	   *one = prints_insert(d->prints, print, there);

	if (!*there)
	{
		ItemPointerSetInvalid(&one->row);
		one->needed = one->substitute = false;
	}
	return one;
}

/*
 * take_entry takes in an entry that stands in the table.  One that somebody is about to add or
 * to remove counts as none: either may be rolled back or not.
 */
static void
take_entry(Derivation *d, HeapTuple row, TupleDesc desc, const SnapshotData *dirty)
{
	ProtaddrEntry entry;
	ProtaddrSealState state;
	Print	   *one;
	bool		there;

	if (TransactionIdIsValid(dirty->xmin) || TransactionIdIsValid(dirty->xmax) ||
		!protaddr_entry_read(row, desc, &entry) || entry.origin == PROTADDR_ORIGIN_LISTED ||
		persons_lookup(d->people, entry.subject) == NULL)
		return;
	state = protaddr_seal_state(entry.address);

	one = add_print(d, protaddr_entry_print(&entry.subject, entry.address, state), &there);
	if (there)
	{
		ItemPointer twice = palloc(sizeof(ItemPointerData));

		ItemPointerCopy(&row->t_self, twice);
		d->twice = lappend(d->twice, twice);
		return;
	}
	ItemPointerCopy(&row->t_self, &one->row);
	/* what cannot be read now is not known to be anywhere else */
	one->needed = state == PROTADDR_SEAL_NO_KEY;
}

static void
take_entries_of(Derivation *d, const ProtaddrIdentifier *id)
{
	Relation	rel = protaddr_entries_relation(d->entries);
	SnapshotData dirty;
	ProtaddrRows rows;
	HeapTuple	tuple;

	InitDirtySnapshot(dirty);
	protaddr_rows_of(&rows, rel, protaddr_own_relation("guarded_address_subject"), GUARDED_SUBJECT_KEY, id, &dirty);
	while (HeapTupleIsValid(tuple = systable_getnext(rows.scan)))
		take_entry(d, tuple, RelationGetDescr(rel), &dirty);
	systable_endscan(rows.scan);
}

/* each_entry reads all entries; with people NULL it adds whom they are of to those being gathered. */
static void
each_entry(Relation rel, Derivation *d)
{
	SnapshotData dirty;
	TableScanDesc scan;
	TupleTableSlot *slot = table_slot_create(rel, NULL);

	InitDirtySnapshot(dirty);
	scan = table_beginscan(rel, &dirty, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		should_free;
		HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, &should_free);
		ProtaddrEntry entry;

		CHECK_FOR_INTERRUPTS();
		if (d != NULL)
			take_entry(d, row, RelationGetDescr(rel), &dirty);
		else if (protaddr_entry_read(row, RelationGetDescr(rel), &entry) && entry.subject.len > 0)
			add_person(gathering, &entry.subject);
		if (should_free)
			heap_freetuple(row);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/* take_substitutes takes in the substitutes of a person: an address that is one is not looked for. */
static void
take_substitutes(Derivation *d, Person *person)
{
	List	   *substitutes = protaddr_substitutes_of(&person->id);
	ListCell   *cell;
	bool		there;

	foreach(cell, substitutes)
	{
		ProtaddrSeal *seal = lfirst(cell);

		add_print(d, protaddr_entry_print(&person->id, seal, protaddr_seal_state(seal)), &there)->substitute = true;
	}
	person->asked = true;
}

/* ---- what there has to be ---------------------------------------------------------------- */

/* say_how_far tells the client now and then how far reading a source is. */
static void
say_how_far(Derivation *d, const ProtaddrSource *source)
{
	TimestampTz now;

	if (++d->rows % 1000 != 0)
		return;
	now = GetCurrentTimestamp();
	if (!TimestampDifferenceExceeds(d->said, now, SAID_EVERY))
		return;
	d->said = now;
	ereport(NOTICE,
			(errmsg("the guard has read " INT64_FORMAT " rows of %s, %.0f rows/s",
					d->rows, source->name, (double) d->rows * 1000000 / Max(now - d->began, 1)),
			 errhidestmt(true), errhidecontext(true)));
}

/* take_row finds the entry of a row of a source, or adds it. */
static void
take_row(const ProtaddrSource *source, const ProtaddrIdentifier *id, TupleTableSlot *slot, void *arg)
{
	Derivation *d = arg;
	Person	   *person = persons_lookup(d->people, *id);
	ProtaddrSealState state;
	ProtaddrSeal *address;
	Print	   *one;
	bool		there;

	say_how_far(d, source);
	if (person == NULL || !person->wanted)
		return;
	address = protaddr_source_address(source, slot, &state);
	if (address == NULL)
		return;
	if (!person->asked)
		take_substitutes(d, person);
	one = add_print(d, protaddr_entry_print(id, address, state), &there);
	if (one->substitute)
		return;
	one->needed = true;
	if (!there)
		protaddr_entries_add(d->entries, id, address, source->origin, source->name, source->column);
}

/*
 * lock_if_new_to_others keeps others from protecting anybody until this transaction ends, if
 * it has made a table: they cannot read it before.
 */
static void
lock_if_new_to_others(Relation rel)
{
	if (rel->rd_createSubid == InvalidSubTransactionId)
		return;
	LockRelationOid(protaddr_table(PROTADDR_IDENTITY_LINK), ShareLock);
	LockRelationOid(protaddr_table(PROTADDR_PROTECTION), ShareLock);
}

/* lock_new_sources does so for all tables that have become sources. */
static void
lock_new_sources(void)
{
	ListCell   *cell;

	foreach(cell, new_sources)
	{
		Relation	rel = try_relation_open(lfirst_oid(cell), AccessShareLock);

		if (rel == NULL)
			continue;
		lock_if_new_to_others(rel);
		relation_close(rel, AccessShareLock);
	}
}

static void
read_source(Derivation *d, const ProtaddrSource *source, bool few)
{
	persons_iterator iterator;
	Person	   *person;

	if (!few || !OidIsValid(source->index))
	{
		protaddr_source_read(source, take_row, d);
		return;
	}
	persons_start_iterate(d->people, &iterator);
	while ((person = persons_iterate(d->people, &iterator)) != NULL)
		if (person->wanted)
			protaddr_source_look_up(source, &person->id, take_row, d);
}

/* remove_rest removes the entries that nothing stands behind. */
static void
remove_rest(Derivation *d)
{
	prints_iterator iterator;
	Print	   *one;
	ListCell   *cell;

	prints_start_iterate(d->prints, &iterator);
	while ((one = prints_iterate(d->prints, &iterator)) != NULL)
		if (!one->needed && ItemPointerIsValid(&one->row))
			d->removed |= protaddr_entries_remove(d->entries, &one->row);
	foreach(cell, d->twice)
		(void) protaddr_entries_remove(d->entries, lfirst(cell));
}

/*
 * derive brings the entries of some people to what the sources hold of them, those of some
 * relations (NIL: all).  True if it has removed any.
 */
static bool
derive(persons_hash * people, List *relations, bool removing)
{
	Derivation	d = {.people = people};
	bool		few = people->members <= FEW_PEOPLE;
	bool		anybody = false;
	persons_iterator iterator;
	Person	   *person;
	ListCell   *cell;

	if (people->members == 0)
		return false;
	d.prints = prints_create(CurrentMemoryContext, 256, NULL);
	d.entries = protaddr_entries_open();
	persons_start_iterate(people, &iterator);
	while ((person = persons_iterate(people, &iterator)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		person->wanted = protaddr_may_be_protected(&person->id);
		person->asked = false;
		anybody |= person->wanted;
	}
	if (!few)
		each_entry(protaddr_entries_relation(d.entries), &d);
	else
	{
		persons_start_iterate(people, &iterator);
		while ((person = persons_iterate(people, &iterator)) != NULL)
			take_entries_of(&d, &person->id);
	}

	foreach(cell, anybody ? protaddr_sources(relations) : NIL)
	{
		ProtaddrSource source;

		if (!protaddr_source_open(lfirst(cell), &source))
			continue;
		d.rows = 0;
		d.began = d.said = GetCurrentTimestamp();
		read_source(&d, &source, few);
		protaddr_source_close(&source);
	}
	if (removing)
		remove_rest(&d);
	(void) protaddr_entries_close(d.entries);
	return d.removed;
}

/* derive_all does so, and looks once more at those of whom something was removed. */
static void
derive_all(persons_hash * people, List *relations, bool removing)
{
	if (derive(people, relations, removing))
		(void) derive(people, relations, false);
}

/* is_there is false where the extension is not, or no longer. */
static bool
is_there(void)
{
	Oid			schema = get_namespace_oid("protaddr", true);

	return OidIsValid(schema) && OidIsValid(get_relname_relid("guarded_address", schema)) &&
		OidIsValid(get_relname_relid("protection", schema));
}

/* nothing_at_all is true where nothing is looked for, and nothing could be. */
static bool
nothing_at_all(void)
{
	Relation	rel;
	SysScanDesc scan;
	bool		empty;

	if (protaddr_sources(NIL) != NIL)
		return false;
	rel = table_open(protaddr_table(PROTADDR_GUARDED_ADDRESS), AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	empty = !HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return empty;
}

/*
 * do_what_is_due does what was touched, in a memory of its own.  A transaction that lifts a
 * protection, which it may yet roll back, removes nothing before its end: to itself, too, it
 * counts once it is committed.
 */
static void
do_what_is_due(void)
{
	bool		removing = at_end || !protaddr_relaxed_here();
	persons_iterator iterator;
	Person	   *person;

	lock_new_sources();
	if (everybody)
	{
		persons_hash *people = gather_everybody();
		Relation	rel = table_open(protaddr_table(PROTADDR_GUARDED_ADDRESS), AccessShareLock);

		each_entry(rel, NULL);
		table_close(rel, AccessShareLock);
		derive_all(people, NIL, removing);
	}
	else if (touched != NULL)
	{
		gathering = persons_create(CurrentMemoryContext, 64, NULL);
		persons_start_iterate(touched, &iterator);
		while ((person = persons_iterate(touched, &iterator)) != NULL)
			if (!person->derived || once_more)
				gather(&person->id);
		derive_all(gathering, NIL, removing);
	}
	if (new_sources != NIL && !everybody)
		derive_all(gather_everybody(), new_sources, false);
	gathering = NULL;

	/* what was touched stays: a savepoint may be rolled back to */
	if (touched != NULL)
	{
		persons_start_iterate(touched, &iterator);
		while ((person = persons_iterate(touched, &iterator)) != NULL)
			person->derived = true;
	}
	due = once_more = false;
	rest_due = !removing;
}

/*
 * protaddr_derive_now has everything that this transaction has touched done.  Raises what
 * opening and sealing raise.
 */
void
protaddr_derive_now(void)
{
	MemoryContext scratch;
	MemoryContext old;
	bool		snapshot;

	if (likely(!due) || deriving)
		return;
	if (!is_there())
	{
		due = false;
		return;
	}
	if (IsInParallelMode())
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the guard cannot take in what this transaction has changed during a parallel query"),
				 errhint("SET max_parallel_workers_per_gather = 0.")));
	scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr derivation", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	snapshot = !ActiveSnapshotSet();
	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	deriving = true;
	PG_TRY();
	{
		if (nothing_at_all())
			due = false;
		else
			do_what_is_due();
	}
	PG_FINALLY();
	{
		deriving = false;
		gathering = NULL;
	}
	PG_END_TRY();
	if (snapshot)
		PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* protaddr_refresh_guard is protaddr.derive_guard_anew(). */
Datum
protaddr_refresh_guard(PG_FUNCTION_ARGS)
{
	bool		before = everybody;

	PreventCommandIfReadOnly("protaddr.refresh_guard()");
	everybody = due = true;
	protaddr_derive_now();
	everybody = before;
	PG_RETURN_VOID();
}
