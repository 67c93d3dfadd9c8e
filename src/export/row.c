/*
 * row.c
 *		Does a name or place go through its own function, with the people of its own row?
 *
 * show_name(name, channel, subject) asks about whom it is given.  A view's author could give
 * it somebody else: a constant, a column of another row, of the same table joined to itself.
 * So the value and the subjects are followed down together, and must be columns of one and
 * the same entry in FROM at each step, until they are columns of one table: the declared
 * ones.
 */
#include "postgres.h"

#include "export/lineage_int.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "person/person.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(protaddr_proxy_expression);

/* Columns of one row of a table at which some values end. */
typedef struct Landing
{
	Oid			relation;
	List	   *columns;		/* of int, in the order of the values */
} Landing;

static bool lands(Level *level, List *nodes, List **landings);

/* ---- casts -------------------------------------------------------------------------------------- */

/* keeps_all tells whether the elements of an array are converted and nothing else. */
static bool
keeps_all(const ArrayCoerceExpr *cast)
{
	Node	   *element = (Node *) cast->elemexpr;

	if (IsA(element, RelabelType))
		element = (Node *) ((RelabelType *) element)->arg;
	else if (IsA(element, CoerceViaIO))
		element = (Node *) ((CoerceViaIO *) element)->arg;
	return IsA(element, CaseTestExpr);
}

/* uncast gives what is under casts that leave all of a value as it is. */
static Node *
uncast(Node *node)
{
	for (;;)
	{
		check_stack_depth();
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, CollateExpr))
			node = (Node *) ((CollateExpr *) node)->arg;
		else if (IsA(node, CoerceViaIO) && ((CoerceViaIO *) node)->resulttype == TEXTOID &&
				 protaddr_plain_type(getBaseType(exprType((Node *) ((CoerceViaIO *) node)->arg))) != PROTADDR_PLAIN_NONE)
			node = (Node *) ((CoerceViaIO *) node)->arg;
		else if (IsA(node, ArrayCoerceExpr) && keeps_all((ArrayCoerceExpr *) node))
			node = (Node *) ((ArrayCoerceExpr *) node)->arg;
		/* char(n) loses the blanks that fill it up */
		else if (IsA(node, FuncExpr) && protaddr_is_built_in(((FuncExpr *) node)->funcid) &&
				 ((FuncExpr *) node)->funcresulttype == TEXTOID && list_length(((FuncExpr *) node)->args) == 1 &&
				 exprType(linitial(((FuncExpr *) node)->args)) == BPCHAROID &&
				 ((FuncExpr *) node)->funcformat != COERCE_EXPLICIT_CALL)
			node = linitial(((FuncExpr *) node)->args);
		else
			return node;
	}
}

/* ---- down to a table ------------------------------------------------------------------------------ */

static bool
lands_in_table(Oid relation, List *columns, List **landings)
{
	Landing    *landing = palloc(sizeof(Landing));

	landing->relation = relation;
	landing->columns = columns;
	*landings = lappend(*landings, landing);
	return true;
}

static List *
variables(int entry, List *columns)
{
	List	   *nodes = NIL;
	ListCell   *cell;

	foreach(cell, columns)
		nodes = lappend(nodes, makeVar(entry, lfirst_int(cell), UNKNOWNOID, -1, InvalidOid, 0));
	return nodes;
}

static bool
branches_land(Level *level, Node *branch, List *columns, List **landings)
{
	check_stack_depth();
	if (IsA(branch, SetOperationStmt))
		return branches_land(level, ((SetOperationStmt *) branch)->larg, columns, landings) &&
			branches_land(level, ((SetOperationStmt *) branch)->rarg, columns, landings);
	return lands(level, variables(castNode(RangeTblRef, branch)->rtindex, columns), landings);
}

/* columns_land follows output columns of a query. */
static bool
columns_land(Level *level, List *columns, List **landings)
{
	List	   *nodes = NIL;
	ListCell   *cell;

	if (level == NULL || level->query == NULL || level->recursive || level->query->commandType != CMD_SELECT)
		return false;
	if (level->query->setOperations != NULL)
		return branches_land(level, level->query->setOperations, columns, landings);
	foreach(cell, columns)
	{
		TargetEntry *found = NULL;
		ListCell   *one;

		foreach(one, level->query->targetList)
		{
			TargetEntry *entry = lfirst_node(TargetEntry, one);

			if (!entry->resjunk && entry->resno == lfirst_int(cell))
				found = entry;
		}
		if (found == NULL)
			return false;
		nodes = lappend(nodes, found->expr);
	}
	return lands(level, nodes, landings);
}

static bool
listed_land(Level *level, List *expressions, List *columns, List **landings)
{
	List	   *nodes = NIL;
	ListCell   *cell;

	foreach(cell, columns)
	{
		if (lfirst_int(cell) > list_length(expressions))
			return false;
		nodes = lappend(nodes, list_nth(expressions, lfirst_int(cell) - 1));
	}
	return lands(level, nodes, landings);
}

static bool
entry_lands(Level *level, int entry, List *columns, List **landings)
{
	RangeTblEntry *rte;

	/* the expression of a generated column has its own table alone */
	if (level->query == NULL)
		return lands_in_table(level->relation, columns, landings);
	if (entry < 1 || entry > list_length(level->query->rtable))
		return false;
	rte = rt_fetch(entry, level->query->rtable);
	if (protaddr_group_expressions(rte) != NIL)
		return listed_land(level, protaddr_group_expressions(rte), columns, landings);
	switch (rte->rtekind)
	{
		case RTE_RELATION:
			if (get_rel_relkind(rte->relid) == RELKIND_VIEW)
				return columns_land(protaddr_level_of_view(level->walk, rte->relid), columns, landings);
			return lands_in_table(rte->relid, columns, landings);
		case RTE_SUBQUERY:
			return columns_land(protaddr_level_of_subquery(level, entry), columns, landings);
		case RTE_CTE:
			return columns_land(protaddr_level_of_cte(level, rte), columns, landings);
		case RTE_JOIN:
			return listed_land(level, rte->joinaliasvars, columns, landings);
		default:
			return false;
	}
}

/* lands follows expressions of one query down; false unless all are columns of one row. */
static bool
lands(Level *level, List *nodes, List **landings)
{
	Level	   *at = level;
	const Var  *first = NULL;
	List	   *columns = NIL;
	ProtaddrLineage ignored = {NIL, NIL};
	ListCell   *cell;

	if (!protaddr_walk_goes_on(level->walk, &ignored))
		return false;
	foreach(cell, nodes)
	{
		const Var  *var = (const Var *) uncast(lfirst(cell));

		if (!IsA(var, Var) || var->varattno <= InvalidAttrNumber || IS_SPECIAL_VARNO(var->varno) ||
			(first != NULL && (var->varno != first->varno || var->varlevelsup != first->varlevelsup)))
			return false;
		first = var;
		columns = lappend_int(columns, var->varattno);
	}
	if (first == NULL)
		return false;
	for (Index up = 0; up < first->varlevelsup && at != NULL; up++)
		at = at->parent;
	/* of several sets of grouping columns one leaves out what another has */
	if (at == NULL || (at->query != NULL && at->query->groupingSets != NIL))
		return false;
	return entry_lands(at, first->varno, columns, landings);
}

/* ---- what is declared ------------------------------------------------------------------------------- */

/* subject_at gives the place of a column among those that a landing has, or -1. */
static int
subject_at(const Landing *landing, const char *name)
{
	AttrNumber	number = get_attnum(landing->relation, name);
	ListCell   *cell;

	if (number == InvalidAttrNumber)
		return -1;
	foreach(cell, landing->columns)
	{
		if (foreach_current_index(cell) > 0 && lfirst_int(cell) == number)
			return foreach_current_index(cell);
	}
	return -1;
}

/* fits tells whether a column so declared is shown with all people whom it is of. */
static bool
fits(const Landing *landing, ProtaddrProxyKind kind)
{
	const ProtaddrProxy *proxy = protaddr_proxy_of(landing->relation, linitial_int(landing->columns));
	ListCell   *cell;

	if (proxy == NULL || proxy->kind != kind)
		return false;
	/* of whom it tells nobody knows: whoever is named is somebody else */
	if (proxy->subjects == NIL)
		return list_length(landing->columns) == 1;
	foreach(cell, proxy->subjects)
	{
		if (subject_at(landing, lfirst(cell)) < 0)
			return false;
	}
	return true;
}

/* subjects_given gives the expressions of the subjects of a call; false if they cannot be told one by one. */
static bool
subjects_given(Node *subjects, List **nodes)
{
	*nodes = NIL;
	if (IsA(subjects, ArrayExpr))
	{
		*nodes = ((ArrayExpr *) subjects)->elements;
		return !((ArrayExpr *) subjects)->multidims;
	}
	if (IsA(subjects, Const))
		return !((Const *) subjects)->constisnull && ((Const *) subjects)->consttype == TEXTARRAYOID &&
			ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(((Const *) subjects)->constvalue)),
						   ARR_DIMS(DatumGetArrayTypeP(((Const *) subjects)->constvalue))) == 0;
	*nodes = list_make1(subjects);
	return true;
}

/* protaddr_walk_proxy walks a call of show_name() or show_location(): value, channel, array of subjects. */
void
protaddr_walk_proxy(Level *level, Oid function, List *arguments, ProtaddrLineage *to)
{
	char	   *name = get_func_name(function);
	ProtaddrProxyKind kind = strcmp(name, "show_name") == 0 ? PROTADDR_PROXY_NAME : PROTADDR_PROXY_LOCATION;
	char	   *channel;
	List	   *nodes;
	List	   *landings = NIL;
	bool		shown;
	ListCell   *cell;

	if (list_length(arguments) != 3)
	{
		protaddr_add_unseen(to, psprintf("function protaddr.%s with other arguments", name));
		return;
	}
	channel = protaddr_channel_named(lsecond(arguments));
	if (channel == NULL)
	{
		protaddr_add_unseen(to, psprintf("function protaddr.%s for a channel that is not a constant", name));
		return;
	}
	shown = subjects_given(lthird(arguments), &nodes) &&
		lands(level, lcons(linitial(arguments), list_copy(nodes)), &landings);
	foreach(cell, landings)
		shown = shown && fits(lfirst(cell), kind);
	if (!shown || landings == NIL)
	{
		/* as if it were not there */
		protaddr_walk(level, linitial(arguments), to);
		protaddr_walk_compared(level, lthird(arguments), to);
		return;
	}
	foreach(cell, landings)
	{
		Landing    *landing = lfirst(cell);
		ProtaddrOrigin origin = {
			.kind = PROTADDR_FROM_PROXY, .relation = landing->relation, .column = linitial_int(landing->columns),
			.proxy = kind, .channel = channel
		};

		protaddr_add_origin(to, &origin);
	}
	/* whose it is decides, by who it is */
	protaddr_walk_compared(level, lthird(arguments), to);
}

/* ---- written for you ---------------------------------------------------------------------------------- */

/* of_column follows some columns of a relation. */
static bool
of_columns(Walk *walk, Oid relation, List *columns, List **landings)
{
	*landings = NIL;
	return get_rel_relkind(relation) == RELKIND_VIEW ?
		columns_land(protaddr_level_of_view(walk, relation), columns, landings) :
		lands_in_table(relation, columns, landings);
}

static int
number_of_columns(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	int			natts = HeapTupleIsValid(tuple) ? ((Form_pg_class) GETSTRUCT(tuple))->relnatts : 0;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return natts;
}

/* subject_column gives the column of a relation in which a subject stands beside another column, or 0. */
static AttrNumber
subject_column(Walk *walk, Oid relation, AttrNumber column, const char *subject)
{
	int			natts = number_of_columns(relation);

	for (AttrNumber other = 1; other <= natts; other++)
	{
		List	   *landings;
		bool		everywhere;
		ListCell   *cell;

		if (other == column || get_attname(relation, other, true) == NULL)
			continue;
		everywhere = of_columns(walk, relation, list_make2_int(column, other), &landings);
		foreach(cell, landings)
			everywhere = everywhere && subject_at(lfirst(cell), subject) > 0;
		if (everywhere && landings != NIL)
			return other;
	}
	return InvalidAttrNumber;
}

/*
 * protaddr_proxy_expression is protaddr.proxy_expression(relation, column_name, channel,
 * qualifier).
 */
Datum
protaddr_proxy_expression(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	AttrNumber	column = get_attnum(relation, NameStr(*PG_GETARG_NAME(1)));
	char	   *channel = text_to_cstring(PG_GETARG_TEXT_PP(2));
	char	   *qualifier = text_to_cstring(PG_GETARG_TEXT_PP(3));
	Walk	   *walk = palloc0(sizeof(Walk));
	List	   *landings;
	const ProtaddrProxy *proxy;
	List	   *subjects = NIL;
	ListCell   *cell;
	StringInfoData call;
	StringInfoData of;
	bool		is_name;

	walk->round = 1;
	if (column <= InvalidAttrNumber || !of_columns(walk, relation, list_make1_int(column), &landings) || landings == NIL)
		PG_RETURN_NULL();
	proxy = protaddr_proxy_of(((Landing *) linitial(landings))->relation,
							  linitial_int(((Landing *) linitial(landings))->columns));
	if (proxy == NULL)
		PG_RETURN_NULL();
	is_name = proxy->kind == PROTADDR_PROXY_NAME;
	/* the declarations may be read anew meanwhile */
	foreach(cell, proxy->subjects)
		subjects = lappend(subjects, pstrdup(lfirst(cell)));

	initStringInfo(&call);
	appendStringInfo(&call, "protaddr.%s(%s%s, %s", is_name ? "show_name" : "show_location", qualifier,
					 quote_identifier(NameStr(*PG_GETARG_NAME(1))), quote_literal_cstr(channel));
	initStringInfo(&of);
	foreach(cell, subjects)
	{
		AttrNumber	subject = subject_column(walk, relation, column, lfirst(cell));
		Oid			type = subject == InvalidAttrNumber ? InvalidOid : getBaseType(get_atttype(relation, subject));
		bool		is_array = OidIsValid(type) && OidIsValid(get_element_type(type));

		if (subject == InvalidAttrNumber)
		{
			/* of nobody: withheld */
			resetStringInfo(&of);
			break;
		}
		appendStringInfo(&of, ", %s%s%s%s", is_array ? "VARIADIC " : "", qualifier,
						 quote_identifier(get_attname(relation, subject, false)),
						 is_array ? (type == TEXTARRAYOID ? "" : "::text[]") : type == TEXTOID ? "" : "::text");
	}
	appendStringInfo(&call, "%s)", of.data);
	PG_RETURN_TEXT_P(cstring_to_text(call.data));
}
