/*
 * lineage.c
 *		Where does each column of a relation come from, through what?
 *
 * A view is walked down to the columns of tables: through subqueries, set operations branch
 * by branch, CTEs, joins, views and SQL functions inside, generated columns.  What a WITH
 * RECURSIVE comes to is found by going round until nothing is added.  The walk reads
 * catalogs and runs nothing.  Whatever it does not know counts as something that cannot be
 * seen through, and so does a query too large for it.
 *
 * A table, a materialized view and a foreign table are where a walk ends: what stands in
 * them was put there at another time, by whatever stood in their place then.
 */
#include "postgres.h"

#include "export/lineage_int.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteSupport.h"
#include "rewrite/rowsecurity.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* More than any view that somebody reads; a few milliseconds. */
#define MAX_NODES	100000
#define MAX_ROUNDS	50
#define MAX_CALLS	20

static Level *new_level(Walk *walk, const Query *query);
static void column_of_branches(Level *level, Node *branch, int column, ProtaddrLineage *to);
static void column_of_relation(Walk *walk, Oid relation, AttrNumber column, ProtaddrLineage *to);

/* protaddr_walk_goes_on is false once a walk has become too long. */
bool
protaddr_walk_goes_on(Walk *walk, ProtaddrLineage *to)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (++walk->nodes <= MAX_NODES)
		return true;
	protaddr_add_unseen(to, pstrdup("a query that is too large"));
	return false;
}

/* protaddr_columns_of gives the number of a query's output columns. */
int
protaddr_columns_of(const Query *query)
{
	ListCell   *cell;
	int			n = 0;

	foreach(cell, query->targetList)
	{
		if (!lfirst_node(TargetEntry, cell)->resjunk)
			n++;
	}
	return n;
}

/* ---- levels ------------------------------------------------------------------------------ */

static Level *
new_level(Walk *walk, const Query *query)
{
	Level	   *level = palloc0(sizeof(Level));

	level->walk = walk;
	level->query = query;
	if (query != NULL)
	{
		level->ncolumns = protaddr_columns_of(query);
		level->columns = palloc0((level->ncolumns + 1) * sizeof(Memo));
		level->sources = palloc0((list_length(query->rtable) + 1) * sizeof(Level *));
	}
	return level;
}

/* find_level gives the level that belongs to a node, or NULL. */
static Level *
find_level(Level *at, const void *node)
{
	ListCell   *cell;

	foreach(cell, at->named)
	{
		SubQuery   *one = lfirst(cell);

		if (one->node == node)
			return one->level;
	}
	return NULL;
}

static void
keep_level(Level *at, const void *node, Level *level)
{
	SubQuery   *one = palloc(sizeof(SubQuery));

	one->node = node;
	one->level = level;
	at->named = lappend(at->named, one);
}

/* protaddr_level_for gives the level of a query that belongs to a node of a level. */
Level *
protaddr_level_for(Level *at, const void *node, const Query *query, Level *parent)
{
	Level	   *level = find_level(at, node);

	if (level != NULL)
		return level;
	level = new_level(at->walk, query);
	level->parent = parent;
	level->function = parent->function;
	level->arguments = parent->arguments;
	level->caller = parent->caller;
	keep_level(at, node, level);
	return level;
}

/* protaddr_body_of gives the query that is the whole body of a SQL function; NULL if its body is anything else. */
Query *
protaddr_body_of(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Datum		body;
	bool		isnull;
	Node	   *queries;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	body = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &isnull);
	queries = isnull ? NULL : stringToNode(TextDatumGetCString(body));
	ReleaseSysCache(tuple);
	if (queries != NULL && IsA(queries, List))
	{
		List	   *all = linitial((List *) queries);

		queries = list_length(all) == 1 ? linitial(all) : NULL;
	}
	if (queries == NULL || !IsA(queries, Query) || ((Query *) queries)->commandType != CMD_SELECT)
		return NULL;
	return (Query *) queries;
}

/* protaddr_in_order gives the arguments of a call by their places, with the defaults of those left out. */
List *
protaddr_in_order(FuncExpr *call)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	List	   *arguments = call->args;

	if (HeapTupleIsValid(tuple))
	{
		arguments = expand_function_arguments(list_copy(arguments), false, call->funcresulttype, tuple);
		ReleaseSysCache(tuple);
	}
	return arguments;
}

/*
 * protaddr_level_of_body gives the level of the body of a SQL function at one of its calls;
 * NULL if it is not one query, or calls itself.
 */
Level *
protaddr_level_of_body(Level *at, const void *node, Oid function, List *arguments)
{
	Level	   *level = find_level(at, node);
	Query	   *query;
	int			calls = 0;

	if (level != NULL)
		return level;
	for (Level *caller = at; caller != NULL; caller = caller->caller)
		if (caller->function == function || ++calls > MAX_CALLS)
			return NULL;

	query = protaddr_body_of(function);
	if (query == NULL)
		return NULL;
	level = new_level(at->walk, query);
	level->function = function;
	level->arguments = arguments;
	level->caller = at;
	keep_level(at, node, level);
	return level;
}

/* protaddr_level_of_view gives the level of a view, the same wherever the view is used; NULL if it has no query. */
Level *
protaddr_level_of_view(Walk *walk, Oid view)
{
	Level	   *level = NULL;
	ListCell   *cell;
	Relation	rel;

	foreach(cell, walk->views)
	{
		if (((Level *) lfirst(cell))->relation == view)
			return lfirst(cell);
	}
	rel = try_relation_open(view, AccessShareLock);
	if (rel == NULL)
		return NULL;
	for (int i = 0; rel->rd_rules != NULL && i < rel->rd_rules->numLocks; i++)
	{
		RewriteRule *rule = rel->rd_rules->rules[i];

		if (rule->event == CMD_SELECT && list_length(rule->actions) == 1)
			level = new_level(walk, copyObject(linitial_node(Query, rule->actions)));
	}
	relation_close(rel, AccessShareLock);
	if (level != NULL)
	{
		level->relation = view;
		walk->views = lappend(walk->views, level);
	}
	return level;
}

/* protaddr_level_of_subquery gives the level of a subquery in FROM. */
Level *
protaddr_level_of_subquery(Level *level, int entry)
{
	Level	  **source = &level->sources[entry];

	if (*source == NULL)
	{
		*source = new_level(level->walk, rt_fetch(entry, level->query->rtable)->subquery);
		(*source)->parent = level;
		(*source)->function = level->function;
		(*source)->arguments = level->arguments;
		(*source)->caller = level->caller;
	}
	return *source;
}

/* protaddr_level_of_cte gives the level of a CTE where it is defined; NULL if it is not found. */
Level *
protaddr_level_of_cte(Level *level, const RangeTblEntry *rte)
{
	Level	   *at = level;
	ListCell   *cell;

	for (Index up = 0; up < rte->ctelevelsup && at != NULL; up++)
		at = at->parent;
	if (at == NULL || at->query == NULL)
		return NULL;
	foreach(cell, at->query->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, cell);

		if (strcmp(cte->ctename, rte->ctename) == 0 && IsA(cte->ctequery, Query))
		{
			Level	   *found = protaddr_level_for(at, cte, (Query *) cte->ctequery, at);

			found->recursive = cte->cterecursive;
			return found;
		}
	}
	return NULL;
}

/* ---- output columns ------------------------------------------------------------------------ */

/* column_of_branches walks a set operation: each branch gives the column of the same number. */
static void
column_of_branches(Level *level, Node *branch, int column, ProtaddrLineage *to)
{
	check_stack_depth();
	if (IsA(branch, SetOperationStmt))
	{
		column_of_branches(level, ((SetOperationStmt *) branch)->larg, column, to);
		column_of_branches(level, ((SetOperationStmt *) branch)->rarg, column, to);
	}
	else
		protaddr_walk_entry(level, castNode(RangeTblRef, branch)->rtindex, column, to);
}

static void
column_afresh(Level *level, int column, ProtaddrLineage *to)
{
	const Query *query = level->query;

	if (!protaddr_walk_goes_on(level->walk, to))
		return;
	if (query->commandType != CMD_SELECT || query->hasModifyingCTE || query->rowMarks != NIL)
		protaddr_add_unseen(to, pstrdup("a statement that writes or locks"));
	else if (query->setOperations != NULL)
		column_of_branches(level, query->setOperations, column, to);
	else
	{
		ListCell   *cell;

		foreach(cell, query->targetList)
		{
			TargetEntry *entry = lfirst_node(TargetEntry, cell);

			if (!entry->resjunk && entry->resno == column)
				protaddr_walk(level, (Node *) entry->expr, to);
		}
	}
	protaddr_walk_conditions(level, to);
}

/* settle walks a recursive query until another round adds nothing to any column. */
static void
settle(Level *level)
{
	Walk	   *walk = level->walk;
	bool		grown = true;

	walk->recursing++;
	for (int i = 0; i < level->ncolumns; i++)
		level->columns[i].in_progress = true;
	for (int round = 0; grown; round++)
	{
		grown = false;
		walk->round++;
		for (int i = 0; i < level->ncolumns; i++)
		{
			ProtaddrLineage fresh = {NIL, NIL};

			column_afresh(level, i + 1, &fresh);
			grown |= protaddr_add_lineage(&level->columns[i].lineage, &fresh);
			if (round == MAX_ROUNDS)
				protaddr_add_unseen(&level->columns[i].lineage, pstrdup("a recursive query"));
		}
		if (round == MAX_ROUNDS)
			break;
	}
	for (int i = 0; i < level->ncolumns; i++)
	{
		level->columns[i].in_progress = false;
		level->columns[i].as_of = walk->round;
	}
	/* inside another one that is not settled, it may have to be walked again */
	level->settled = --walk->recursing == 0;
}

/* protaddr_walk_column adds what an output column of a query comes from. */
void
protaddr_walk_column(Level *level, int column, ProtaddrLineage *to)
{
	Memo	   *memo;

	if (column < 1 || column > level->ncolumns)
	{
		protaddr_add_unseen(to, pstrdup("a column that its query does not have"));
		return;
	}
	memo = &level->columns[column - 1];
	if (!memo->in_progress && !level->settled && memo->as_of != level->walk->round)
	{
		if (level->recursive)
			settle(level);
		else
		{
			ProtaddrLineage fresh = {NIL, NIL};

			memo->in_progress = true;
			column_afresh(level, column, &fresh);
			memo->in_progress = false;
			memo->lineage = fresh;
			memo->as_of = level->walk->round;
		}
	}
	protaddr_add_lineage(to, &memo->lineage);
}

/* ---- what decides over rows ------------------------------------------------------------------ */

/* conditions_of_functions walks what decides how many rows functions in FROM give. */
static void
conditions_of_functions(Level *level, const RangeTblEntry *rte, ProtaddrLineage *to)
{
	ListCell   *cell;

	protaddr_walk_unseen(level, (Node *) rte->functions, to);
	foreach(cell, rte->functions)
	{
		FuncExpr   *call = (FuncExpr *) lfirst_node(RangeTblFunction, cell)->funcexpr;
		ListCell   *argument;
		char	   *why;

		if (!IsA(call, FuncExpr))
			continue;
		/* a number of rows can spell a letter */
		foreach(argument, call->args)
		{
			if (protaddr_cannot_hold_text(exprType(lfirst(argument))))
				protaddr_walk_condition(level, lfirst(argument), to);
		}
		if (protaddr_sight(call->funcid, &why) == PROTADDR_SEEN_BODY)
		{
			Level	   *body = protaddr_level_of_body(level, call, call->funcid, protaddr_in_order(call));

			if (body != NULL)
				protaddr_walk_conditions(body, to);
		}
	}
}

/*
 * conditions_of_policies walks what row security asks of the rows of a table.  Its functions
 * are the table owner's, and most ask who is there; of a row they may ask what any condition
 * may.
 */
static void
conditions_of_policies(Walk *walk, Oid relation, ProtaddrLineage *to)
{
	Relation	rel = try_relation_open(relation, AccessShareLock);
	Level	   *level;
	ListCell   *cell;

	if (rel == NULL)
		return;
	level = new_level(walk, NULL);
	level->relation = relation;
	foreach(cell, rel->rd_rsdesc == NULL ? NIL : rel->rd_rsdesc->policies)
	{
		Node	   *asks = copyObject((Node *) ((RowSecurityPolicy *) lfirst(cell))->qual);
		ProtaddrLineage of = {NIL, NIL};
		ListCell   *one;

		protaddr_walk_condition(level, asks, &of);
		foreach(one, of.origins)
		{
			if (((ProtaddrOrigin *) lfirst(one))->kind != PROTADDR_FROM_UNSEEN)
				protaddr_add_origin(to, lfirst(one));
		}
	}
	relation_close(rel, AccessShareLock);
}

static void
conditions_of_source(Level *level, int entry, ProtaddrLineage *to)
{
	RangeTblEntry *rte = rt_fetch(entry, level->query->rtable);
	Level	   *source = NULL;

	switch (rte->rtekind)
	{
		case RTE_RELATION:
			if (get_rel_relkind(rte->relid) == RELKIND_VIEW)
				source = protaddr_level_of_view(level->walk, rte->relid);
			else
				conditions_of_policies(level->walk, rte->relid, to);
			protaddr_walk_unseen(level, (Node *) rte->tablesample, to);
			break;
		case RTE_SUBQUERY:
			source = protaddr_level_of_subquery(level, entry);
			break;
		case RTE_CTE:
			source = protaddr_level_of_cte(level, rte);
			break;
		case RTE_FUNCTION:
			conditions_of_functions(level, rte, to);
			break;
		case RTE_TABLEFUNC:
			protaddr_walk_unseen(level, (Node *) rte->tablefunc, to);
			break;
		case RTE_VALUES:
			protaddr_walk_unseen(level, (Node *) rte->values_lists, to);
			break;
		default:
			break;
	}
	if (source != NULL)
		protaddr_walk_conditions(source, to);
}

static void
conditions_of_join(Level *level, Node *node, ProtaddrLineage *to)
{
	check_stack_depth();
	if (node == NULL)
		return;
	if (IsA(node, RangeTblRef))
		conditions_of_source(level, ((RangeTblRef *) node)->rtindex, to);
	else if (IsA(node, JoinExpr))
	{
		conditions_of_join(level, ((JoinExpr *) node)->larg, to);
		conditions_of_join(level, ((JoinExpr *) node)->rarg, to);
		protaddr_walk_condition(level, ((JoinExpr *) node)->quals, to);
	}
	else if (IsA(node, FromExpr))
	{
		ListCell   *cell;

		foreach(cell, ((FromExpr *) node)->fromlist)
			conditions_of_join(level, lfirst(cell), to);
		protaddr_walk_condition(level, ((FromExpr *) node)->quals, to);
	}
	else if (IsA(node, SetOperationStmt))
	{
		SetOperationStmt *operation = (SetOperationStmt *) node;
		ProtaddrLineage of = {NIL, NIL};

		conditions_of_join(level, operation->larg, to);
		conditions_of_join(level, operation->rarg, to);

		/*
		 * rows that are the same are found by sorting all of them; or they are left out, one by
		 * one
		 */
		for (int i = 1; (!operation->all || operation->op != SETOP_UNION) && i <= list_length(operation->colTypes); i++)
			column_of_branches(level, node, i, &of);
		protaddr_add_condition(to, &of, operation->all);
	}
}

/* conditions_afresh walks all that decides which rows a query gives, here and in its sources. */
static void
conditions_afresh(Level *level, ProtaddrLineage *to)
{
	const Query *query = level->query;
	ListCell   *cell;

	if (query->setOperations != NULL)
		conditions_of_join(level, query->setOperations, to);
	else
		conditions_of_join(level, (Node *) query->jointree, to);
	protaddr_walk_condition(level, query->havingQual, to);
	protaddr_walk_condition(level, query->limitCount, to);
	protaddr_walk_condition(level, query->limitOffset, to);
	protaddr_walk_unseen(level, (Node *) query->windowClause, to);
	foreach(cell, query->rtable)
		protaddr_walk_unseen(level, (Node *) protaddr_group_expressions(lfirst_node(RangeTblEntry, cell)), to);
	foreach(cell, query->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		/*
		 * Rows come as they were sorted, for ORDER BY, GROUP BY, DISTINCT or a window: a row
		 * without its address tells it by its neighbours'.  Sealed addresses have no such order.
		 */
		if (entry->ressortgroupref != 0 && exprType((Node *) entry->expr) == protaddr_address_type())
			protaddr_walk_compared(level, (Node *) entry->expr, to);
		else if (entry->ressortgroupref != 0)
			protaddr_walk_asked(level, (Node *) entry->expr, to);
		if (query->hasTargetSRFs && expression_returns_set((Node *) entry->expr))
			protaddr_walk_condition(level, (Node *) entry->expr, to);
		/* a function runs whether or not anybody takes its result */
		if (!level->top || entry->resjunk || entry->ressortgroupref != 0)
			protaddr_walk_unseen(level, (Node *) entry->expr, to);
	}
}

/* protaddr_walk_conditions adds what decides which rows a query gives. */
void
protaddr_walk_conditions(Level *level, ProtaddrLineage *to)
{
	Memo	   *memo = &level->conditions;

	if (level->query == NULL || !protaddr_walk_goes_on(level->walk, to))
		return;
	if (!memo->in_progress && memo->as_of != level->walk->round)
	{
		ProtaddrLineage fresh = {NIL, NIL};

		memo->in_progress = true;
		conditions_afresh(level, &fresh);
		memo->in_progress = false;
		memo->lineage = fresh;
		memo->as_of = level->walk->round;
	}
	protaddr_add_lineage(to, &memo->lineage);
}

/* ---- what stands in FROM --------------------------------------------------------------------- */

static void
all_columns_of_level(Level *level, ProtaddrLineage *to)
{
	for (int i = 1; i <= level->ncolumns; i++)
		protaddr_walk_column(level, i, to);
}

static void
column_of_level(Level *level, AttrNumber column, ProtaddrLineage *to)
{
	if (level == NULL)
		protaddr_add_unseen(to, pstrdup("a query that is not found"));
	else if (column == InvalidAttrNumber)
		all_columns_of_level(level, to);
	else
		protaddr_walk_column(level, column, to);
}

/* column_of_function walks what a function in FROM gives in one of its columns. */
static void
column_of_function(Level *level, const RangeTblEntry *rte, AttrNumber column, ProtaddrLineage *to)
{
	int			before = 0;
	ListCell   *cell;

	foreach(cell, rte->functions)
	{
		RangeTblFunction *function = lfirst_node(RangeTblFunction, cell);
		int			n = function->funccolcount;
		ProtaddrLineage whole = {NIL, NIL};

		if (column == InvalidAttrNumber || (column > before && column <= before + n))
		{
			Node	   *call = function->funcexpr;

			/* a function whose body is one query gives its columns in their order */
			if (column != InvalidAttrNumber && n > 1 && IsA(call, FuncExpr) &&
				((FuncExpr *) call)->funcresulttype == RECORDOID)
			{
				char	   *why;

				if (protaddr_sight(((FuncExpr *) call)->funcid, &why) == PROTADDR_SEEN_BODY)
				{
					Level	   *body = protaddr_level_of_body(level, call, ((FuncExpr *) call)->funcid,
															  protaddr_in_order((FuncExpr *) call));

					if (body != NULL && body->ncolumns == n)
					{
						protaddr_add_through(to, get_func_name(((FuncExpr *) call)->funcid));
						protaddr_walk_column(body, column - before, to);
						return;
					}
				}
			}
			protaddr_walk(level, call, &whole);
			protaddr_add_lineage(to, &whole);
		}
		before += n;
	}
}

/* column_of_values walks the column of a VALUES list, in each of its rows. */
static void
column_of_values(Level *level, const RangeTblEntry *rte, AttrNumber column, ProtaddrLineage *to)
{
	ListCell   *cell;

	foreach(cell, rte->values_lists)
	{
		List	   *row = lfirst_node(List, cell);

		if (column == InvalidAttrNumber)
		{
			ListCell   *one;

			foreach(one, row)
				protaddr_walk(level, lfirst(one), to);
		}
		else if (column <= list_length(row))
			protaddr_walk(level, list_nth(row, column - 1), to);
	}
}

static void
column_of_list(Level *level, List *expressions, AttrNumber column, ProtaddrLineage *to)
{
	ListCell   *cell;

	if (column > list_length(expressions))
		protaddr_add_unseen(to, pstrdup("a column that its join does not have"));
	else if (column != InvalidAttrNumber)
		protaddr_walk(level, list_nth(expressions, column - 1), to);
	else
		foreach(cell, expressions)
			protaddr_walk(level, lfirst(cell), to);
}

/* protaddr_walk_entry adds what a column of a range table entry comes from; column 0: all of them. */
void
protaddr_walk_entry(Level *level, int entry, AttrNumber column, ProtaddrLineage *to)
{
	RangeTblEntry *rte;

	if (!protaddr_walk_goes_on(level->walk, to))
		return;
	if (level->query == NULL)
	{
		column_of_relation(level->walk, level->relation, column, to);
		return;
	}
	if (entry < 1 || entry > list_length(level->query->rtable))
	{
		protaddr_add_unseen(to, pstrdup("a column of nothing in FROM"));
		return;
	}
	rte = rt_fetch(entry, level->query->rtable);
	if (protaddr_group_expressions(rte) != NIL)
	{
		column_of_list(level, protaddr_group_expressions(rte), column, to);
		return;
	}
	switch (rte->rtekind)
	{
		case RTE_RELATION:
			column_of_relation(level->walk, rte->relid, column, to);
			break;
		case RTE_SUBQUERY:
			column_of_level(protaddr_level_of_subquery(level, entry), column, to);
			break;
		case RTE_CTE:
			column_of_level(protaddr_level_of_cte(level, rte), column, to);
			break;
		case RTE_JOIN:
			column_of_list(level, rte->joinaliasvars, column, to);
			break;
		case RTE_FUNCTION:
			column_of_function(level, rte, column, to);
			break;
		case RTE_TABLEFUNC:
			protaddr_walk(level, (Node *) rte->tablefunc, to);
			break;
		case RTE_VALUES:
			column_of_values(level, rte, column, to);
			break;
		default:
			protaddr_add_unseen(to, pstrdup("something in FROM of a kind that is not known"));
	}
}

/* protaddr_entry_casts_to_json tells whether a row of a range table entry holds a value that a cast of somebody's makes JSON of. */
bool
protaddr_entry_casts_to_json(Level *level, int entry)
{
	List	   *columns;
	ListCell   *cell;

	if (level->query == NULL)
		return protaddr_cast_to_json(get_rel_type_id(level->relation));
	protaddr_expand_rte(rt_fetch(entry, level->query->rtable), entry, &columns);
	foreach(cell, columns)
	{
		Oid			type = exprType(lfirst(cell));

		if (type == RECORDOID || protaddr_cast_to_json(type))
			return true;
	}
	return false;
}

/* ---- columns of relations ---------------------------------------------------------------------- */

/* generated gives the expression of a generated column, or NULL. */
static Node *
generated(Relation rel, AttrNumber column)
{
	TupleConstr *constr = RelationGetDescr(rel)->constr;

	if (TupleDescAttr(RelationGetDescr(rel), column - 1)->attgenerated == '\0' || constr == NULL)
		return NULL;
	for (int i = 0; i < constr->num_defval; i++)
		if (constr->defval[i].adnum == column)
			return stringToNode(constr->defval[i].adbin);
	return NULL;
}

static void
column_of_table(Walk *walk, Relation rel, AttrNumber column, ProtaddrLineage *to)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), column - 1);
	ProtaddrOrigin origin = {
		.kind = PROTADDR_FROM_COLUMN, .relation = RelationGetRelid(rel), .column = column, .type = attribute->atttypid, .whole = true
	};
	const ProtaddrProxy *proxy;
	Node	   *expression = generated(rel, column);
	Level	   *level;

	if (attribute->attisdropped)
		return;
	if (expression == NULL)
	{
		proxy = protaddr_proxy_of(RelationGetRelid(rel), column);
		if (proxy != NULL)
			origin.proxy = proxy->kind;
		protaddr_add_origin(to, &origin);
		return;
	}
	level = new_level(walk, NULL);
	level->relation = RelationGetRelid(rel);
	protaddr_walk(level, expression, to);
}

/* column_of_relation adds what a column of a relation comes from; column 0: all of them. */
static void
column_of_relation(Walk *walk, Oid relation, AttrNumber column, ProtaddrLineage *to)
{
	char		kind = get_rel_relkind(relation);
	Relation	rel;

	/* which row it is, and who wrote it: but its partition may be that of a post code */
	if (column == TableOidAttributeNumber && (kind == RELKIND_PARTITIONED_TABLE || has_subclass(relation)))
		protaddr_add_unseen(to, psprintf("tableoid, which tells in which partition of %s a row stands", get_rel_name(relation)));
	if (column < 0)
		return;
	if (kind == RELKIND_VIEW)
	{
		column_of_level(protaddr_level_of_view(walk, relation), column, to);
		return;
	}
	rel = kind == '\0' ? NULL : try_relation_open(relation, AccessShareLock);
	if (rel == NULL || column > RelationGetNumberOfAttributes(rel))
		protaddr_add_unseen(to, pstrdup("a relation that is gone"));
	else if (column != InvalidAttrNumber)
		column_of_table(walk, rel, column, to);
	else
		for (int i = 1; i <= RelationGetNumberOfAttributes(rel); i++)
			column_of_table(walk, rel, i, to);
	if (rel != NULL)
		relation_close(rel, AccessShareLock);
}

/* protaddr_lineage gives the columns of a relation, each with what it comes from: a list of ProtaddrLineageColumn. */
List *
protaddr_lineage(Oid relation)
{
	Walk	   *walk = palloc0(sizeof(Walk));
	Relation	rel = relation_open(relation, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *columns = NIL;

	walk->round = 1;
	if (rel->rd_rel->relkind == RELKIND_VIEW)
	{
		Level	   *level = protaddr_level_of_view(walk, relation);

		if (level != NULL)
			level->top = true;
	}
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		ProtaddrLineageColumn *column;

		if (attribute->attisdropped)
			continue;
		column = palloc0(sizeof(*column));
		column->number = attribute->attnum;
		column->name = pstrdup(NameStr(attribute->attname));
		column->type = attribute->atttypid;
		column_of_relation(walk, relation, attribute->attnum, &column->lineage);
		columns = lappend(columns, column);
	}
	relation_close(rel, AccessShareLock);
	return columns;
}
