/*
 * statement.c
 *		When is the statement over that the client has sent, and what did it read?
 *
 * Statements in functions, and what a utility command runs, belong to the outermost.  Of
 * a cursor each FETCH is one.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "audit/audit_int.h"
#include "base/base.h"

#include "executor/execdesc.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

#define MAX_SUMMARIES	8
#define MAX_QUERIES		8		/* whose relations are named; deeper ones are not */
#define MAX_RELATIONS	16

static ProtaddrAuditSummary summaries[MAX_SUMMARIES];
static int	nsummaries = 0;

/* The runs and utility commands under way, one inside the other; a query's, or NULL. */
static const QueryDesc *queries[MAX_QUERIES];
static int	depth = 0;

static bool statement_run(QueryDesc *query);
static void statement_ran(QueryDesc *query, bool failed);
static void statement_utility(ProtaddrUtility *command);
static void statement_pre_commit(void);
static void statement_xact_end(void);

const ProtaddrPart protaddr_audit_statement_part = {
	.executor_run = statement_run,
	.executor_ran = statement_ran,
	.utility = statement_utility,
	.pre_commit = statement_pre_commit,
	.xact_end = statement_xact_end,
};

/* protaddr_audit_summarize has a room told of the end of each statement. */
void
protaddr_audit_summarize(ProtaddrAuditSummary summary)
{
	if (nsummaries == MAX_SUMMARIES)
		elog(ERROR, "too many rooms summarize statements");
	summaries[nsummaries++] = summary;
}

static bool
summarize(void)
{
	bool		written = true;

	for (int i = 0; i < nsummaries; i++)
		written = summaries[i] () && written;
	return written;
}

static void
begin(const QueryDesc *query)
{
	if (depth < MAX_QUERIES)
		queries[depth] = query;
	depth++;
}

/* What cannot be written now is tried again before the transaction commits. */
static void
end(void)
{
	if (depth > 0 && --depth == 0)
		(void) summarize();
}

static bool
statement_run(QueryDesc *query)
{
	begin(query);
	return true;
}

static void
statement_ran(QueryDesc *query, bool failed)
{
	end();
}

static void
statement_utility(ProtaddrUtility *command)
{
	/* what ends the transaction inside itself (CALL, COMMIT) begins anew */
	begin(NULL);
	PG_TRY();
	{
		protaddr_utility_go_on(command);
	}
	PG_CATCH();
	{
		end();
		PG_RE_THROW();
	}
	PG_END_TRY();
	end();
}

static void
statement_pre_commit(void)
{
	if (!summarize())
		protaddr_audit_fail(protaddr_audit_writer());
}

/* A procedure goes on behind its COMMIT, inside the same statement. */
static void
statement_xact_end(void)
{
	(void) summarize();
}

/* ---- what it reads ------------------------------------------------------------------------- */

/* add_relations adds the relations of a query, views included, that are not among those yet. */
static int
add_relations(const QueryDesc *query, Oid *relations, int n)
{
	ListCell   *cell;

	foreach(cell, query->plannedstmt->rtable)
	{
		const RangeTblEntry *rte = lfirst_node(RangeTblEntry, cell);
		bool		known = !OidIsValid(rte->relid);

		for (int i = 0; i < n && !known; i++)
			known = relations[i] == rte->relid;
		if (!known && n < MAX_RELATIONS)
			relations[n++] = rte->relid;
	}
	return n;
}

/* protaddr_audit_statement_relations adds a list of what the statement reads or writes, as far as it is there. */
void
protaddr_audit_statement_relations(ProtaddrAudit *record, const char *name)
{
	Oid			relations[MAX_RELATIONS];
	int			n = 0;

	for (int i = 0; i < Min(depth, MAX_QUERIES); i++)
		if (queries[i] != NULL)
			n = add_relations(queries[i], relations, n);
	if (n == 0)
		return;
	protaddr_audit_open(record, name, '[');
	for (int i = 0; i < n; i++)
	{
		char	   *relation = protaddr_qualified_name(relations[i]);

		if (relation[0] != '\0')
			protaddr_audit_text(record, NULL, relation);
		pfree(relation);
	}
	protaddr_audit_close(record, ']');
}
