/*
 * reading.c
 *		What is told of each reading of an export?
 *
 * A reading is one execution of a statement, of a cursor from its first FETCH to its last.  The
 * audit trail and the observers are told before its first row, and once it is over: when the
 * executor ends, or by whatever keeps it from ending: an error, ROLLBACK, or the end of the
 * process.  So what was read is told of though its transaction never was.
 *
 * The rows are those that the executor has given out.  A statement can fold many into one
 * (string_agg, count), so it is told as well how many rows its steps came by.  What guard() and
 * release() withhold while it runs counts for the innermost reading.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "export/export_int.h"
#include "law/law.h"

#include "executor/instrument.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

typedef struct Open
{
	dlist_node	node;
	const QueryDesc *query;
	SubTransactionId subxact;	/* in which it began, or which has taken it over */
	bool		running;
	bool		finishing;		/* running: behind the last row */
	struct Open *outer;			/* running: the one that ran before it */
	uint64		rows;
	uint64		rows_read;
	uint64		withheld;
	ProtaddrAuditWho who;
	int			told;			/* of these, of how many it is told that it is over */
	int			n;
	ProtaddrReading reading[FLEXIBLE_ARRAY_MEMBER]; /* one for each export */
} Open;

static void reading_xact_end(void);
static void reading_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent);
static void reading_exit(int code, Datum arg);

const ProtaddrPart protaddr_export_reading_part = {
	.xact_end = reading_xact_end,
	.subxact = reading_subxact,
};

static dlist_head readings = DLIST_STATIC_INIT(readings);
static Open *running = NULL;	/* the innermost */
static uint64 counted = 0;		/* of what was withheld, it is known for whom */

static Open *
find(const QueryDesc *query)
{
	dlist_iter	iter;

	dlist_foreach(iter, &readings)
	{
		Open	   *open = dlist_container(Open, node, iter.cur);

		if (open->query == query)
			return open;
	}
	return NULL;
}

/* count_withheld counts what was withheld since it was last called. */
static void
count_withheld(void)
{
	uint64		now = protaddr_withheld_so_far();

	if (running != NULL)
		running->withheld += now - counted;
	counted = now;
}

static bool
most_rows(PlanState *step, void *arg)
{
	uint64	   *most = arg;

	if (step == NULL)
		return false;
	if (step->instrument != NULL)
	{
		uint64		rows = (uint64) (step->instrument->ntuples + step->instrument->tuplecount);

		*most = Max(*most, rows);
	}
	return planstate_tree_walker(step, most_rows, arg);
}

/* stop takes what a run has given out, and runs no more. */
static void
stop(Open *open)
{
	count_withheld();
	if (!open->finishing)
		open->rows += open->query->estate->es_processed;
	(void) most_rows(open->query->planstate, &open->rows_read);
	open->rows_read = Max(open->rows_read, open->rows);
	open->running = false;
	running = open->outer;
}

/*
 * tell has the audit trail know, and then the observers.  What cannot be put on record is not
 * read; and once it was, an error is all that is left to do.
 */
static void
tell(const Open *open, const ProtaddrReading *reading)
{
	ProtaddrAudit record;

	protaddr_audit_begin_as(&record, reading->over ? "export_read" : "export_reading", &open->who);
	protaddr_audit_number(&record, "reading", (int64) reading->id);
	protaddr_audit_text(&record, "relation", reading->name);
	protaddr_audit_number(&record, "relation_oid", reading->relation);
	protaddr_audit_text(&record, "channel", reading->channel);
	if (reading->over)
	{
		protaddr_audit_number(&record, "rows", (int64) reading->rows);
		protaddr_audit_number(&record, "rows_read", (int64) reading->rows_read);
		protaddr_audit_number(&record, "withheld", (int64) reading->withheld);
		protaddr_audit_bool(&record, "failed", reading->failed);
	}
	if (!reading->over || (!protaddr_audit_write_after(&record) && !reading->failed))
		protaddr_audit_write(&record);
	protaddr_tell_reading(reading);
}

/* close_reading tells of each export that its reading is over, each once: an observer may throw. */
static void
close_reading(Open *open, bool failed)
{
	if (open->running)
	{
		count_withheld();
		open->running = false;
		if (running == open)
			running = open->outer;
	}
	while (open->told < open->n)
	{
		ProtaddrReading *reading = &open->reading[open->told++];

		reading->over = true;
		reading->failed = failed;
		reading->rows = open->rows;
		reading->rows_read = open->rows_read;
		reading->withheld = open->withheld;
		tell(open, reading);
	}
	dlist_delete(&open->node);
	for (int i = 0; i < open->n; i++)
	{
		pfree(unconstify(char *, open->reading[i].name));
		pfree(unconstify(char *, open->reading[i].channel));
	}
	pfree(open);
}

/* begin tells that exports are about to be read.  verdicts: of ProtaddrVerdict, of each once. */
static Open *
begin(const QueryDesc *query, const List *verdicts)
{
	static bool exit_seen = false;
	Open	   *open;
	ListCell   *cell;
	ProtaddrAuditWho who;

	protaddr_audit_who(&who);
	if (!exit_seen)
		before_shmem_exit(reading_exit, (Datum) 0);
	exit_seen = true;
	open = MemoryContextAllocZero(TopMemoryContext,
								  offsetof(Open, reading) + list_length(verdicts) * sizeof(ProtaddrReading));
	open->who = who;
	open->query = query;
	open->subxact = GetCurrentSubTransactionId();
	dlist_push_head(&readings, &open->node);
	foreach(cell, verdicts)
	{
		const ProtaddrVerdict *verdict = lfirst(cell);
		ProtaddrReading *reading = &open->reading[open->n];

		reading->id = (uint64) protaddr_next_id();
		reading->relation = verdict->relation;
		reading->name = MemoryContextStrdup(TopMemoryContext, verdict->name);
		reading->channel = MemoryContextStrdup(TopMemoryContext, verdict->channel);
		reading->login_role = GetSessionUserId();
		reading->role = GetOuterUserId();
		open->n++;
	}
	for (int i = 0; i < open->n; i++)
		tell(open, &open->reading[i]);
	return open;
}

/*
 * protaddr_reading_starts is called before the executor starts a statement: what was known by
 * its place in memory is no longer there.
 */
void
protaddr_reading_starts(const QueryDesc *query)
{
	Open	   *open = find(query);

	if (unlikely(open != NULL))
		close_reading(open, true);
}

/* protaddr_reading_runs is called before each run of a statement that reads exports. */
void
protaddr_reading_runs(const QueryDesc *query, const List *verdicts, bool finishing)
{
	Open	   *open = find(query);

	if (open == NULL)
		open = begin(query, verdicts);
	count_withheld();
	open->running = true;
	open->finishing = finishing;
	open->outer = running;
	running = open;
}

/* protaddr_reading_ran is called after it; a run that fails is the last. */
void
protaddr_reading_ran(const QueryDesc *query, bool failed)
{
	Open	   *open = find(query);

	if (open == NULL)
		return;
	if (open->running)
		stop(open);
	if (failed)
		close_reading(open, true);
}

/* protaddr_reading_ends is called when the executor ends a statement. */
void
protaddr_reading_ends(const QueryDesc *query)
{
	Open	   *open = dlist_is_empty(&readings) ? NULL : find(query);

	if (open == NULL)
		return;
	(void) most_rows(query->planstate, &open->rows_read);
	close_reading(open, false);
}

/* ---- what never comes to its end ------------------------------------------------------------- */

static void
reading_xact_end(void)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &readings)
		close_reading(dlist_container(Open, node, iter.cur), true);
	running = NULL;
}

static void
reading_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	dlist_mutable_iter iter;

	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	dlist_foreach_modify(iter, &readings)
	{
		Open	   *open = dlist_container(Open, node, iter.cur);

		if (open->subxact != mine)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			open->subxact = parent;
		else
			close_reading(open, true);
	}
}

/* reading_exit comes while what runs is still there, before the transaction is aborted. */
static void
reading_exit(int code, Datum arg)
{
	while (running != NULL)
	{
		Open	   *open = running;

		stop(open);
		close_reading(open, true);
	}
}
