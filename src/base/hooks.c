/*
 * hooks.c
 *		How does each part of the library hear of what happens in the server?
 *
 * PostgreSQL has few places for callbacks (ten for relcache messages, for all libraries
 * and itself), and each hook is a chain.  So the library takes one of each, here, and
 * tells its parts, in the order in which module.c names them.
 *
 * Where a hook may refuse (object access, permissions), a library that was loaded before
 * us is asked first.  A log line is redacted before any library sees it.
 *
 * Callbacks for cache messages, and for the end of a transaction, come while nothing
 * can be undone any more.  They note what happened: they read no catalog, allocate
 * nothing, throw nothing, and work in a database without the extension.
 */
#include "postgres.h"

#include "base/base.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "optimizer/planner.h"
#include "utils/inval.h"

#define MAX_PARTS	64			/* bits of those that are told of the end of a run */

static const ProtaddrPart *const *parts = NULL;
static int	nparts = 0;

static object_access_hook_type previous_object_access = NULL;
static ExecutorCheckPerms_hook_type previous_check_perms = NULL;
static ExecutorStart_hook_type previous_executor_start = NULL;
static ExecutorRun_hook_type previous_executor_run = NULL;
static ExecutorFinish_hook_type previous_executor_finish = NULL;
static ExecutorEnd_hook_type previous_executor_end = NULL;
static planner_hook_type previous_planner = NULL;
static ProcessUtility_hook_type previous_utility = NULL;
static post_parse_analyze_hook_type previous_analyzed = NULL;
static emit_log_hook_type previous_emit_log = NULL;
static emit_log_hook_type later_emit_log = NULL;	/* of libraries loaded after us */
static bool telling_later = false;
static bool aborted = false;

static void hooks_relcache(Datum arg, Oid relid);
static void hooks_syscache(Datum arg, int cacheid, uint32 hashvalue);
static void hooks_xact(XactEvent event, void *arg);
static void hooks_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg);
static void hooks_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg);
static bool hooks_check_perms(PROTADDR_CHECK_PERMS_ARGS);
static void hooks_executor_start(QueryDesc *query, int eflags);
static void hooks_executor_run(PROTADDR_EXECUTOR_RUN_ARGS);
static void hooks_executor_finish(QueryDesc *query);
static void hooks_executor_end(QueryDesc *query);
static PlannedStmt *hooks_planner(Query *query, const char *text, int options, ParamListInfo params);
static void hooks_utility(PlannedStmt *statement, const char *query, bool read_only_tree,
						  ProcessUtilityContext context, ParamListInfo params,
						  QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion);
static void hooks_analyzed(ParseState *pstate, Query *query, JumbleState *jumble);
static void hooks_emit_log(ErrorData *error);
static void listen_to_syscache(int cacheid);

/*
 * protaddr_hooks_init starts the parts in their order, then has them hear of what
 * happens.  Called once, when the library is loaded.
 */
void
protaddr_hooks_init(const ProtaddrPart *const *all, int nall)
{
	Assert(nparts == 0 && nall <= MAX_PARTS);
	protaddr_settings_read();
	for (int i = 0; i < nall; i++)
	{
		protaddr_own_tables_known(all[i]->tables, all[i]->ntables);
		if (all[i]->start)
			all[i]->start();
	}
	protaddr_settings_apply();
	parts = all;
	nparts = nall;

	CacheRegisterRelcacheCallback(hooks_relcache, (Datum) 0);
	for (int i = 0; i < nparts; i++)
		if (parts[i]->syscache)
			listen_to_syscache(parts[i]->syscache_id);
	RegisterXactCallback(hooks_xact, NULL);
	RegisterSubXactCallback(hooks_subxact, NULL);

	previous_object_access = object_access_hook;
	object_access_hook = hooks_object_access;
	previous_check_perms = ExecutorCheckPerms_hook;
	ExecutorCheckPerms_hook = hooks_check_perms;
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = hooks_executor_start;
	previous_executor_run = ExecutorRun_hook;
	ExecutorRun_hook = hooks_executor_run;
	previous_executor_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = hooks_executor_finish;
	previous_executor_end = ExecutorEnd_hook;
	ExecutorEnd_hook = hooks_executor_end;
	previous_planner = planner_hook;
	planner_hook = hooks_planner;
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = hooks_utility;
	previous_analyzed = post_parse_analyze_hook;
	post_parse_analyze_hook = hooks_analyzed;
	previous_emit_log = emit_log_hook;
	emit_log_hook = hooks_emit_log;
}

/* ---- caches --------------------------------------------------------------------- */

static void
hooks_relcache(Datum arg, Oid relid)
{
	for (int i = 0; i < nparts; i++)
		if (parts[i]->relcache)
			parts[i]->relcache(relid);
}

/* listen_to_syscache takes one place for each cache, however many parts listen to it. */
static void
listen_to_syscache(int cacheid)
{
	static Bitmapset *heard = NULL;
	MemoryContext old;

	if (bms_is_member(cacheid, heard))
		return;
	old = MemoryContextSwitchTo(TopMemoryContext);
	heard = bms_add_member(heard, cacheid);
	MemoryContextSwitchTo(old);
	CacheRegisterSyscacheCallback(cacheid, hooks_syscache, (Datum) 0);
}

static void
hooks_syscache(Datum arg, int cacheid, uint32 hashvalue)
{
	for (int i = 0; i < nparts; i++)
		if (parts[i]->syscache && parts[i]->syscache_id == cacheid)
			parts[i]->syscache(hashvalue);
}

/* ---- transactions ------------------------------------------------------------------ */

static void
hooks_xact(XactEvent event, void *arg)
{
	telling_later = false;		/* should an error have left a hook */
	aborted = event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT;
	for (int i = 0; i < nparts; i++)
	{
		const ProtaddrPart *part = parts[i];

		switch (event)
		{
			case XACT_EVENT_PRE_PREPARE:
				if (part->pre_prepare)
					part->pre_prepare();
				/* FALLTHROUGH */
			case XACT_EVENT_PRE_COMMIT:
				if (part->pre_commit)
					part->pre_commit();
				break;
			case XACT_EVENT_PARALLEL_PRE_COMMIT:
				/* a worker has changed nothing */
				break;
			default:
				if (part->xact_end)
					part->xact_end();
		}
	}
}

/* protaddr_transaction_aborted tells a part, at the end of a transaction, that it was rolled back. */
bool
protaddr_transaction_aborted(void)
{
	return aborted;
}

static void
hooks_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	for (int i = 0; i < nparts; i++)
		if (parts[i]->subxact)
			parts[i]->subxact(event, mine, parent);
}

/* ---- commands ------------------------------------------------------------------------ */

static void
hooks_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (previous_object_access)
		previous_object_access(access, class, object, column, arg);
	for (int i = 0; i < nparts; i++)
		if (parts[i]->object_access)
			parts[i]->object_access(access, class, object, column, arg);
}

/* One "no" is enough. */
static bool
hooks_check_perms(PROTADDR_CHECK_PERMS_ARGS)
{
	if (previous_check_perms && !previous_check_perms(PROTADDR_CHECK_PERMS_PASS))
		return false;
	for (int i = 0; i < nparts; i++)
		if (parts[i]->check_perms &&
			!parts[i]->check_perms(PROTADDR_CHECK_PERMS_LIST, ereport_on_violation))
			return false;
	return true;
}

static void
hooks_executor_start(QueryDesc *query, int eflags)
{
	for (int i = 0; i < nparts; i++)
		if (parts[i]->executor_start)
			parts[i]->executor_start(query);
	if (previous_executor_start)
		previous_executor_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

static void
executor_run(PROTADDR_EXECUTOR_RUN_ARGS)
{
	if (previous_executor_run)
		previous_executor_run(PROTADDR_EXECUTOR_RUN_PASS);
	else
		standard_ExecutorRun(PROTADDR_EXECUTOR_RUN_PASS);
}

/* The last that was told of the beginning is the first to be told of the end. */
static void
executor_ran(uint64 tell, QueryDesc *query, bool failed)
{
	for (int i = MAX_PARTS - 1; i >= 0; i--)
		if ((tell & (UINT64CONST(1) << i)) != 0)
			parts[i]->executor_ran(query, failed);
}

/* Whatever comes of a run, the parts that asked for it are told that it is over. */
static void
hooks_executor_run(PROTADDR_EXECUTOR_RUN_ARGS)
{
	volatile uint64 tell = 0;

	PG_TRY();
	{
		for (int i = 0; i < nparts; i++)
			if (parts[i]->executor_run && parts[i]->executor_run(query))
				tell |= UINT64CONST(1) << i;
		executor_run(PROTADDR_EXECUTOR_RUN_PASS);
	}
	PG_CATCH();
	{
		executor_ran(tell, query, true);
		PG_RE_THROW();
	}
	PG_END_TRY();
	executor_ran(tell, query, false);
}

static void
executor_finish(QueryDesc *query)
{
	if (previous_executor_finish)
		previous_executor_finish(query);
	else
		standard_ExecutorFinish(query);
}

static void
hooks_executor_finish(QueryDesc *query)
{
	volatile uint64 tell = 0;

	for (int i = 0; i < nparts; i++)
		if (parts[i]->executor_finish && parts[i]->executor_finish(query))
			tell |= UINT64CONST(1) << i;
	if (likely(tell == 0))
	{
		executor_finish(query);
		return;
	}
	PG_TRY();
	{
		executor_finish(query);
	}
	PG_CATCH();
	{
		executor_ran(tell, query, true);
		PG_RE_THROW();
	}
	PG_END_TRY();
	executor_ran(tell, query, false);
}

static void
hooks_executor_end(QueryDesc *query)
{
	for (int i = 0; i < nparts; i++)
		if (parts[i]->executor_ending)
			parts[i]->executor_ending(query);
	if (previous_executor_end)
		previous_executor_end(query);
	else
		standard_ExecutorEnd(query);
}

static PlannedStmt *
hooks_planner(Query *query, const char *text, int options, ParamListInfo params)
{
	for (int i = 0; i < nparts; i++)
		if (parts[i]->planning)
			parts[i]->planning(query, text);
	return previous_planner ? previous_planner(query, text, options, params) :
		standard_planner(query, text, options, params);
}

static void
hooks_utility(PlannedStmt *statement, const char *query, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	ProtaddrUtility command = {
		.statement = statement, .query = query, .read_only_tree = read_only_tree, .context = context,
		.params = params, .environment = environment, .dest = dest, .completion = completion, .part = 0
	};

	protaddr_utility_go_on(&command);
}

/*
 * protaddr_utility_go_on runs a utility command: each part that brackets such commands
 * gets it in turn and calls this once, and behind the last part it is carried out.
 */
void
protaddr_utility_go_on(ProtaddrUtility *command)
{
	while (command->part < nparts)
	{
		const ProtaddrPart *part = parts[command->part++];

		if (part->utility)
		{
			part->utility(command);
			return;
		}
	}
	if (previous_utility)
		previous_utility(command->statement, command->query, command->read_only_tree, command->context,
						 command->params, command->environment, command->dest, command->completion);
	else
		standard_ProcessUtility(command->statement, command->query, command->read_only_tree,
								command->context, command->params, command->environment,
								command->dest, command->completion);
}

static void
hooks_analyzed(ParseState *pstate, Query *query, JumbleState *jumble)
{
	protaddr_hooks_before_others();
	if (previous_analyzed)
		previous_analyzed(pstate, query, jumble);

	/*
	 * ROLLBACK is analyzed in a transaction that has failed: its resources are released, and no
	 * catalog may be read any more.
	 */
	if (!IsTransactionState())
		return;
	for (int i = 0; i < nparts; i++)
		if (parts[i]->analyzed)
			parts[i]->analyzed(pstate, query);
}

/* protaddr_takes_texts asks the parts whether texts written to a relation may hold addresses. */
bool
protaddr_takes_texts(Oid relation)
{
	for (int i = 0; i < nparts; i++)
		if (parts[i]->takes_texts && parts[i]->takes_texts(relation))
			return true;
	return false;
}

/* ---- the server log ------------------------------------------------------------------- */

/*
 * A library that is loaded after us has put its hook before ours, and would be told what
 * ours is about to redact.  So we go before it, once all libraries are there; its own
 * predecessor is us, and to us it comes back.
 */
void
protaddr_hooks_before_others(void)
{
	if (likely(emit_log_hook == hooks_emit_log || later_emit_log != NULL))
		return;
	later_emit_log = emit_log_hook;
	emit_log_hook = hooks_emit_log;
}

static void
hooks_emit_log(ErrorData *error)
{
	/* twice does no harm, and nobody is told anything that was not seen to */
	for (int i = 0; i < nparts; i++)
		if (parts[i]->emit_log)
			parts[i]->emit_log(error);
	if (later_emit_log && !telling_later)
	{
		telling_later = true;
		later_emit_log(error);
		telling_later = false;
	}
	else if (previous_emit_log)
		previous_emit_log(error);
}
