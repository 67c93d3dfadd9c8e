/*
 * ledger.c
 *		What has happened to a row in the command that is running?
 *
 * A gate's triggers see one row several times: before and after it is stored, and before
 * it is stored again if an update moves it to another partition.  Later triggers must
 * know what the first one decided: to decide again would disclose, record and count again.
 *
 * So the gate notes an event: in this command, this row passed.  A command is known by
 * its number, which is never given twice in a transaction, not even after a rollback; so
 * no other statement finds the entry, not even one of the same function or message.  Within its
 * command a row is known by the tuple that it replaces, and by a digest of what the gate has read,
 * which proves that the row is unchanged.  An entry is taken once.  All entries go with their
 * command, and with its subtransaction.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

typedef struct EntryKey
{
	Oid			relation;
	uint32		event;			/* ProtaddrRowEvent */
	ItemPointerData replaces;	/* the old tuple of an update of a heap, else zero */
	uint16		unused;
	ProtaddrDigest row;
} EntryKey;

StaticAssertDecl(sizeof(EntryKey) == 16 + sizeof(ProtaddrDigest), "EntryKey is hashed, so it has no padding");

typedef struct Entry
{
	EntryKey	key;			/* hash key */
	int64		times;			/* rows of one INSERT may be equal */
	List	   *waits;			/* of PROTADDR_ROW_WAITS: of ProtaddrWaits, the first first */
} Entry;

/* Rows of a table in which a command has emptied an address that it did not change. */
typedef struct Emptied
{
	Oid			root;
	int64		rows;
} Emptied;

/* What one command has noted. */
typedef struct LedgerPage
{
	CommandId	command;
	SubTransactionId subtransaction;
	HTAB	   *entries;		/* NULL: none yet */
	int64		nentries;
	int64		nwaits;			/* among them: of PROTADDR_ROW_WAITS */
	List	   *emptied;		/* of Emptied */

	/* the row that the command updated last */
	bool		departs;
	Oid			root;
	Oid			from;			/* the partition that it stood in */
	ItemPointerData tuple;
	int			depth;			/* of triggers */
	ProtaddrDeparture departure;
} LedgerPage;

static List *pages = NIL;		/* in TopTransactionContext, newest last */
static int64 nentries = 0;		/* on all of them */

static void ledger_xact_end(void);
static void ledger_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent);
static void ledger_executor_ending(QueryDesc *query);

const ProtaddrPart protaddr_ledger_part = {
	.xact_end = ledger_xact_end,
	.subxact = ledger_subxact,
	.executor_ending = ledger_executor_ending,
};

/* ---- pages --------------------------------------------------------------------------- */

static LedgerPage *
page_of(CommandId command)
{
	for (int i = list_length(pages) - 1; i >= 0; i--)
	{
		LedgerPage *page = list_nth(pages, i);

		if (page->command == command)
			return page;
	}
	return NULL;
}

static LedgerPage *
page_for(CommandId command)
{
	LedgerPage *page = page_of(command);
	MemoryContext old;

	if (page != NULL)
	{
		/* a command does not outlive the subtransaction it began in */
		Assert(page->subtransaction == GetCurrentSubTransactionId());
		return page;
	}
	old = MemoryContextSwitchTo(TopTransactionContext);
	page = palloc0(sizeof(LedgerPage));
	page->command = command;
	page->subtransaction = GetCurrentSubTransactionId();
	pages = lappend(pages, page);
	MemoryContextSwitchTo(old);
	return page;
}

static void
tear_out(LedgerPage *page)
{
	nentries -= page->nentries;
	Assert(nentries >= 0);
	if (page->entries != NULL)
		hash_destroy(page->entries);
	list_free_deep(page->emptied);
	pfree(page);
}

/* The pages go with the memory of the transaction. */
static void
ledger_xact_end(void)
{
	pages = NIL;
	nentries = 0;
}

/* Every command of a subtransaction is over when it ends, whether it commits or not. */
static void
ledger_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	ListCell   *cell;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(cell, pages)
	{
		LedgerPage *page = lfirst(cell);

		if (page->subtransaction < mine)
			continue;
		tear_out(page);
		pages = foreach_delete_current(pages, cell);
	}
}

/*
 * undo_waits takes back what a command has held in place of rows that it did not store
 * after all: an INSERT ... ON CONFLICT that met a conflict.
 */
static void
undo_waits(LedgerPage *page)
{
	HASH_SEQ_STATUS seq;
	Entry	   *entry;
	ListCell   *cell;

	if (page->nwaits == 0)
		return;
	page->nwaits = 0;
	hash_seq_init(&seq, page->entries);
	while ((entry = hash_seq_search(&seq)) != NULL)
		foreach(cell, entry->waits)
			protaddr_unhold_row(lfirst(cell));
}

/* tell_emptied reports addresses that a command has lost without changing them. */
static void
tell_emptied(const LedgerPage *page)
{
	ListCell   *cell;

	foreach(cell, page->emptied)
	{
		const Emptied *emptied = lfirst(cell);
		char	   *name = get_rel_name(emptied->root);

		if (name != NULL)
			ereport(NOTICE,
					(errmsg_plural("%lld row of %s has lost an address that the statement did not change",
								   "%lld rows of %s have lost an address that the statement did not change",
								   (unsigned long) emptied->rows, (long long) emptied->rows,
								   quote_qualified_identifier(get_namespace_name(get_rel_namespace(emptied->root)),
															  name)),
					 errhint("The channel withholds it now. protaddr.verify_gate() says before an UPDATE what it would do; protaddr.regate() keeps what stood there.")));
	}
}

/*
 * A command that ends takes its page away, and those of all commands that ran within it, which
 * have higher numbers.  The query of a foreign key ends before its AFTER triggers fire, which is
 * done by the command around it: that command takes its page away.
 */
static void
ledger_executor_ending(QueryDesc *query)
{
	ListCell   *cell;

	if (pages == NIL || query->estate == NULL ||
		(query->operation == CMD_SELECT && !query->plannedstmt->hasModifyingCTE) ||
		(query->estate->es_top_eflags & EXEC_FLAG_SKIP_TRIGGERS) != 0)
		return;
	foreach(cell, pages)
	{
		LedgerPage *page = lfirst(cell);

		if (page->command < query->estate->es_output_cid)
			continue;
		undo_waits(page);
		tell_emptied(page);
		tear_out(page);
		pages = foreach_delete_current(pages, cell);
	}
}

static bool
is_heap(Relation rel)
{
	return rel->rd_tableam == GetHeapamTableAmRoutine();
}

/* ---- which command ------------------------------------------------------------------- */

/* running_command gives the number of the command whose row is being written. */
static CommandId
running_command(void)
{
	/* not GetCurrentCommandId(): an earlier trigger may have run commands since */
	return ActiveSnapshotSet() ? GetActiveSnapshot()->curcid : GetCurrentCommandId(false);
}

/*
 * storing_command gives the number of the command that has stored a row.  A tuple of a heap says
 * so itself, which matters for a foreign key's update: its AFTER ROW trigger fires in the command
 * around it.
 */
static CommandId
storing_command(Relation rel, HeapTuple stored)
{
	if (is_heap(rel) && TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(stored->t_data)))
		return HeapTupleHeaderGetCmin(stored->t_data);
	return running_command();
}

/* ---- a row passes --------------------------------------------------------------------- */

static void
fill_key(EntryKey *key, ProtaddrRowEvent event, Relation rel, HeapTuple before,
		 const ProtaddrDigest *row)
{
	memset(key, 0, sizeof(*key));
	key->relation = RelationGetRelid(rel);
	key->event = event;
	if (before != NULL && is_heap(rel))
		key->replaces = before->t_self;
	key->row = *row;
}

/* enter adds an event to a page. */
static Entry *
enter(LedgerPage *page, const EntryKey *key)
{
	Entry	   *entry;
	bool		found;

	if (page->entries == NULL)
	{
		HASHCTL		ctl;

		memset(&ctl, 0, sizeof(ctl));
		ctl.keysize = sizeof(EntryKey);
		ctl.entrysize = sizeof(Entry);
		ctl.hcxt = TopTransactionContext;
		page->entries = hash_create("protaddr ledger", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(page->entries, key, HASH_ENTER, &found);
	entry->times = found ? entry->times + 1 : 1;
	if (!found)
		entry->waits = NIL;
	page->nentries++;
	nentries++;
	return entry;
}

/*
 * protaddr_ledger_note notes that a row passes.  before is the row that it replaces; NULL for an
 * insert.
 */
void
protaddr_ledger_note(ProtaddrRowEvent event, Relation rel, HeapTuple before,
					 const ProtaddrDigest *row)
{
	EntryKey	key;

	fill_key(&key, event, rel, before, row);
	(void) enter(page_for(running_command()), &key);
}

/* protaddr_ledger_is_blank tells whether there are no entries. */
bool
protaddr_ledger_is_blank(void)
{
	return nentries == 0;
}

static bool
take(CommandId command, const EntryKey *key)
{
	LedgerPage *page = page_of(command);
	Entry	   *entry;

	if (page == NULL || page->entries == NULL)
		return false;
	entry = hash_search(page->entries, key, HASH_FIND, NULL);
	if (entry == NULL)
		return false;
	Assert(entry->times > 0 && page->nentries > 0);
	if (--entry->times == 0)
		(void) hash_search(page->entries, key, HASH_REMOVE, NULL);
	page->nentries--;
	nentries--;
	return true;
}

/*
 * protaddr_ledger_take tells whether a stored row passed in the command that stored it, and
 * removes that entry.
 */
bool
protaddr_ledger_take(ProtaddrRowEvent event, Relation rel, HeapTuple before, HeapTuple stored,
					 const ProtaddrDigest *row)
{
	EntryKey	key;

	fill_key(&key, event, rel, before, row);
	return take(storing_command(rel, stored), &key);
}

/*
 * protaddr_ledger_waits notes what is held of a row that is about to be inserted, and found
 * by its place.
 */
void
protaddr_ledger_waits(Relation rel, const ProtaddrDigest *place, const ProtaddrWaits *waits)
{
	LedgerPage *page = page_for(running_command());
	MemoryContext old;
	EntryKey	key;
	Entry	   *entry;
	ProtaddrWaits *copy;

	fill_key(&key, PROTADDR_ROW_WAITS, rel, NULL, place);
	entry = enter(page, &key);
	old = MemoryContextSwitchTo(TopTransactionContext);
	copy = palloc(sizeof(ProtaddrWaits));
	*copy = *waits;
	entry->waits = lappend(entry->waits, copy);
	MemoryContextSwitchTo(old);
	page->nwaits++;
}

/*
 * waits_of finds what was held of a row in the command that has stored it in this place
 * (stored NULL: that is about to); NULL if nothing was.  An INSERT ... ON CONFLICT may have
 * held several in one place, of which one is stored: the first that is like it.  bare is
 * NULL for an update: that is of the last one.
 */
static ProtaddrWaits *
waits_of(LedgerPage *page, Relation rel, const ProtaddrDigest *place, const ProtaddrDigest *bare,
		 Entry **entry)
{
	EntryKey	key;
	ListCell   *cell;

	if (page->nwaits == 0)
		return NULL;
	fill_key(&key, PROTADDR_ROW_WAITS, rel, NULL, place);
	*entry = hash_search(page->entries, &key, HASH_FIND, NULL);
	if (*entry == NULL)
		return NULL;
	foreach(cell, (*entry)->waits)
	{
		ProtaddrWaits *one = lfirst(cell);

		if (bare != NULL && memcmp(&one->bare, bare, sizeof(*bare)) == 0)
			return one;
	}
	return llast((*entry)->waits);
}

/* protaddr_ledger_waited gives what waits_of finds, and removes that entry; false if nothing was held. */
bool
protaddr_ledger_waited(Relation rel, HeapTuple stored, const ProtaddrDigest *place,
					   const ProtaddrDigest *bare, ProtaddrWaits *waits)
{
	CommandId	command = stored == NULL ? running_command() : storing_command(rel, stored);
	LedgerPage *page = nentries == 0 ? NULL : page_of(command);
	EntryKey	key;
	Entry	   *entry;
	ProtaddrWaits *found;

	if (page == NULL)
		return false;
	found = waits_of(page, rel, place, bare, &entry);
	if (found == NULL)
		return false;
	*waits = *found;
	entry->waits = list_delete_ptr(entry->waits, found);
	page->nwaits--;
	fill_key(&key, PROTADDR_ROW_WAITS, rel, NULL, place);
	return take(command, &key);
}

/* protaddr_ledger_proposed gives what waits_of finds of a row that an upsert has updated, and leaves it there. */
bool
protaddr_ledger_proposed(Relation rel, HeapTuple stored, const ProtaddrDigest *place, ProtaddrWaits *waits)
{
	LedgerPage *page = page_of(storing_command(rel, stored));
	Entry	   *entry;
	ProtaddrWaits *found = page == NULL ? NULL : waits_of(page, rel, place, NULL, &entry);

	if (found != NULL)
		*waits = *found;
	return found != NULL;
}

/*
 * protaddr_ledger_awaits tells whether the command that has stored a row has also held a
 * row that is not stored under its own key.
 */
bool
protaddr_ledger_awaits(Relation rel, HeapTuple stored)
{
	LedgerPage *page = page_of(storing_command(rel, stored));

	return page != NULL && page->nwaits > 0;
}

/*
 * protaddr_ledger_emptied notes an update of a row in which the gate has emptied an
 * address that stood there, and that the update did not change.
 */
void
protaddr_ledger_emptied(Oid root)
{
	LedgerPage *page = page_for(running_command());
	MemoryContext old;
	Emptied    *emptied;
	ListCell   *cell;

	foreach(cell, page->emptied)
	{
		emptied = lfirst(cell);
		if (emptied->root == root)
		{
			emptied->rows++;
			return;
		}
	}
	old = MemoryContextSwitchTo(TopTransactionContext);
	emptied = palloc(sizeof(Emptied));
	emptied->root = root;
	emptied->rows = 1;
	page->emptied = lappend(page->emptied, emptied);
	MemoryContextSwitchTo(old);
}

/* ---- a row moves to another partition --------------------------------------------------- */

/*
 * protaddr_ledger_departs notes an update that may move the row to another partition.  If it does,
 * the next row of the command that the gate sees is its insert there.
 */
void
protaddr_ledger_departs(Oid root, Relation rel, HeapTuple before, const ProtaddrDeparture *departure)
{
	LedgerPage *page = page_for(running_command());

	Assert(root != RelationGetRelid(rel));
	page->departs = true;
	page->root = root;
	page->from = RelationGetRelid(rel);
	page->tuple = before->t_self;
	page->depth = DatumGetInt32(pg_trigger_depth(NULL));
	page->departure = *departure;
}

/* has_moved tells whether a command has taken a tuple out of its partition to move it. */
static bool
has_moved(Oid relation, ItemPointer tuple, CommandId command)
{
	Relation	rel = table_open(relation, NoLock);
	bool		moved = false;

	/* other kinds of tables do not say so: there the row is released again */
	if (is_heap(rel))
	{
		TupleTableSlot *slot = table_slot_create(rel, NULL);

		if (table_tuple_fetch_row_version(rel, tuple, SnapshotAny, slot))
		{
			bool		should_free;
			HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, &should_free);
			HeapTupleHeader header = row->t_data;

			moved = HeapTupleHeaderIndicatesMovedPartitions(header) &&
				TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(header)) &&
				HeapTupleHeaderGetCmax(header) == command;
			if (should_free)
				heap_freetuple(row);
		}
		ExecDropSingleTupleTableSlot(slot);
	}
	table_close(rel, NoLock);
	return moved;
}

/*
 * protaddr_ledger_arrives tells whether a row that is inserted is the one that the
 * command has just updated, now on its way to another partition; and what the update
 * made of it.  The old tuple is the proof: only a move marks it as moved to another partition, and
 * within the command nothing comes between that and the insert.
 */
bool
protaddr_ledger_arrives(Oid root, Relation rel, ProtaddrDeparture *departure)
{
	CommandId	command;
	LedgerPage *page;

	if (pages == NIL)
		return false;
	command = running_command();
	page = page_of(command);
	if (page == NULL || !page->departs)
		return false;

	/* it is this row, or none */
	page->departs = false;
	if (page->root != root || page->from == RelationGetRelid(rel) ||
		page->depth != DatumGetInt32(pg_trigger_depth(NULL)) ||
		!has_moved(page->from, &page->tuple, command))
		return false;
	*departure = page->departure;
	return true;
}
