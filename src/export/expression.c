/*
 * expression.c
 *		Where does the value of an expression come from, and what does a condition give away?
 *
 * A value comes from all that it is made of.  What only decides, in WHERE or CASE, does not
 * stand in the result, and yet can spell a text out: a ladder of LIKE 'A%', LIKE 'B%', a
 * join with the alphabet on substr(), its place in the order of a dictionary.  So a
 * condition may ask of a text whether it is there and whether it is the same as another, as
 * a whole and letter by letter; anything more counts as the text.
 */
#include "postgres.h"

#include "export/lineage_int.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#define CAST_TO_JSON "a value of which somebody's own cast may make JSON"

/* What the walkers of PostgreSQL carry along. */
typedef struct Along
{
	Level	   *level;
	ProtaddrLineage *to;
	List	   *seen;			/* functions whose body was looked through */
} Along;

static void walk_function(Level *level, Node *node, Oid function, List *arguments, ProtaddrLineage *to);
static bool walk_part(Node *node, Along *along);

static void
walk_all(Level *level, List *nodes, ProtaddrLineage *to)
{
	ListCell   *cell;

	foreach(cell, nodes)
		protaddr_walk(level, lfirst(cell), to);
}

static void
condition_all(Level *level, List *nodes, ProtaddrLineage *to)
{
	ListCell   *cell;

	foreach(cell, nodes)
		protaddr_walk_condition(level, lfirst(cell), to);
}

/* changed walks nodes of which a value is made that they do not stand in as they are. */
static void
changed(Level *level, List *nodes, ProtaddrLineage *to)
{
	ProtaddrLineage of = {NIL, NIL};

	walk_all(level, nodes, &of);
	protaddr_add_changed(to, &of);
}

/*
 * is_loose is true of a collation under which different texts may be the same: with rules of
 * somebody's own, all texts of one first letter.
 */
static bool
is_loose(Oid collation)
{
	return OidIsValid(collation) && !get_collation_isdeterministic(collation);
}

/* has_parts is true of values whose parts may have such a collation. */
static bool
has_parts(Node *node)
{
	Oid			type = getBaseType(exprType(node));

	return type_is_rowtype(type) || type_is_range(type) || type_is_multirange(type);
}

/* protaddr_walk_compared walks what is asked no more than whether it is there, or the same as something. */
void
protaddr_walk_compared(Level *level, Node *node, ProtaddrLineage *to)
{
	ProtaddrLineage of = {NIL, NIL};

	protaddr_walk(level, node, &of);
	protaddr_add_condition(to, &of, !has_parts(node));
}

/* is_equality tells whether an expression asks no more of its operands than whether they are the same. */
static bool
is_equality(Node *node)
{
	switch (nodeTag(node))
	{
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			return protaddr_equality(((OpExpr *) node)->opno) && !is_loose(((OpExpr *) node)->inputcollid);
		case T_ScalarArrayOpExpr:
			return protaddr_equality(((ScalarArrayOpExpr *) node)->opno) && !is_loose(((ScalarArrayOpExpr *) node)->inputcollid);
		default:
			return false;
	}
}

/* protaddr_walk_asked walks what is asked more. */
void
protaddr_walk_asked(Level *level, Node *node, ProtaddrLineage *to)
{
	ProtaddrLineage of = {NIL, NIL};

	protaddr_walk(level, node, &of);
	protaddr_add_condition(to, &of, false);
}

static void
ask_all(Level *level, List *nodes, bool compared, ProtaddrLineage *to)
{
	ListCell   *cell;

	foreach(cell, nodes)
	{
		if (compared)
			protaddr_walk_compared(level, lfirst(cell), to);
		else
			protaddr_walk_asked(level, lfirst(cell), to);
	}
}

/* ---- variables ------------------------------------------------------------------------------- */

static void
walk_variable(Level *level, const Var *var, ProtaddrLineage *to)
{
	Level	   *at = level;

	for (Index up = 0; up < var->varlevelsup && at != NULL; up++)
		at = at->parent;
	if (at == NULL || IS_SPECIAL_VARNO(var->varno))
		protaddr_add_unseen(to, pstrdup("a column of a query that is not found"));
	else
		protaddr_walk_entry(at, var->varno, var->varattno, to);
}

/* walk_parameter walks what the call of a function gives for one of its parameters. */
static void
walk_parameter(Level *level, const Param *param, ProtaddrLineage *to)
{
	if (param->paramkind == PARAM_SUBLINK)
		return;					/* the subquery is walked where it stands */
	if (param->paramkind != PARAM_EXTERN || level->caller == NULL || param->paramid < 1 ||
		param->paramid > list_length(level->arguments))
		protaddr_add_unseen(to, pstrdup("a parameter"));
	else
		protaddr_walk(level->caller, list_nth(level->arguments, param->paramid - 1), to);
}

/* walk_field walks one field of a row. */
static void
walk_field(Level *level, const FieldSelect *field, ProtaddrLineage *to)
{
	Node	   *row = (Node *) field->arg;

	if (IsA(row, RowExpr) && field->fieldnum <= list_length(((RowExpr *) row)->args))
		protaddr_walk(level, list_nth(((RowExpr *) row)->args, field->fieldnum - 1), to);
	else if (IsA(row, Var) && ((Var *) row)->varattno == InvalidAttrNumber)
	{
		Var			column = *(Var *) row;

		column.varattno = field->fieldnum;
		walk_variable(level, &column, to);
	}
	else
		changed(level, list_make1(row), to);
}

/* ---- functions ------------------------------------------------------------------------------- */

/* casts_to_json tells whether JSON is made of a value by a cast of somebody's, as far as can be seen. */
static bool
casts_to_json(Level *level, Node *node)
{
	Oid			type = exprType(node);

	if (type == RECORDOID && IsA(node, Var) && ((Var *) node)->varattno == InvalidAttrNumber)
	{
		Level	   *at = level;

		for (Index up = 0; up < ((Var *) node)->varlevelsup && at != NULL; up++)
			at = at->parent;
		return at == NULL || protaddr_entry_casts_to_json(at, ((Var *) node)->varno);
	}
	if (type == RECORDOID && IsA(node, RowExpr))
	{
		ListCell   *cell;

		foreach(cell, ((RowExpr *) node)->args)
		{
			if (casts_to_json(level, lfirst(cell)))
				return true;
		}
		return false;
	}
	return type == RECORDOID || type == RECORDARRAYOID || protaddr_cast_to_json(type);
}

static void
check_json(Level *level, List *arguments, Oid result, ProtaddrLineage *to)
{
	ListCell   *cell;

	if (getBaseType(result) != JSONOID && getBaseType(result) != JSONBOID)
		return;
	foreach(cell, arguments)
	{
		Node	   *node = lfirst(cell);

		if (IsA(node, TargetEntry))
			node = (Node *) ((TargetEntry *) node)->expr;
		if (casts_to_json(level, node))
			protaddr_add_unseen(to, pstrdup(CAST_TO_JSON));
	}
}

/* protaddr_channel_named gives the channel that an argument names, if it is a constant. */
char *
protaddr_channel_named(Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (node == NULL || !IsA(node, Const) || ((Const *) node)->constisnull || ((Const *) node)->consttype != TEXTOID)
		return NULL;
	return TextDatumGetCString(((Const *) node)->constvalue);
}

/* walk_door walks what goes through guard() or release(): the value first, then the channel. */
static void
walk_door(Level *level, ProtaddrSight sight, Oid function, List *arguments, ProtaddrLineage *to)
{
	ProtaddrOrigin origin = {
		.kind = sight == PROTADDR_SEEN_GUARD ? PROTADDR_FROM_GUARD : PROTADDR_FROM_RELEASE
	};
	ProtaddrLineage inside = {NIL, NIL};
	ListCell   *cell;

	origin.channel = list_length(arguments) < 2 ? NULL : protaddr_channel_named(lsecond(arguments));
	if (origin.channel == NULL)
	{
		protaddr_add_unseen(to, psprintf("function protaddr.%s for a channel that is not a constant", get_func_name(function)));
		return;
	}
	/* of bytes in another encoding guard() would see other letters */
	if (sight == PROTADDR_SEEN_GUARD && list_length(arguments) > 2 &&
		!(IsA(lthird(arguments), Const) && ((Const *) lthird(arguments))->constisnull))
		protaddr_add_unseen(to, pstrdup("function protaddr.guard of bytes in an encoding that its caller names"));
	protaddr_walk(level, linitial(arguments), &inside);
	origin.inside = inside.origins;
	inside.origins = NIL;
	protaddr_add_lineage(to, &inside);
	protaddr_add_origin(to, &origin);
	/* for whom, and when: it decides, by who it is */
	for_each_from(cell, arguments, 2)
		protaddr_walk_compared(level, lfirst(cell), to);
}

/* ask_size walks what is asked no more than how much it is, or how many different ones there are. */
static void
ask_size(Level *level, Node *node, List *arguments, ProtaddrLineage *to)
{
	ListCell   *cell;

	foreach(cell, arguments)
	{
		Node	   *one = lfirst(cell);

		if (IsA(one, TargetEntry))
			one = (Node *) ((TargetEntry *) one)->expr;
		if (IsA(node, Aggref) && ((Aggref *) node)->aggdistinct != NIL && is_loose(exprCollation(one)))
			protaddr_walk_asked(level, one, to);
		else
			protaddr_walk_compared(level, one, to);
	}
}

/* walk_function walks the result of a call; node is the call. */
static void
walk_function(Level *level, Node *node, Oid function, List *arguments, ProtaddrLineage *to)
{
	Oid			result = exprType(node);
	char	   *why;
	ProtaddrSight sight = protaddr_sight(function, &why);
	Level	   *body;

	if (IsA(node, FuncExpr))
		arguments = protaddr_in_order((FuncExpr *) node);
	if (sight != PROTADDR_UNSEEN)
		protaddr_add_through(to, get_func_name(function));
	switch (sight)
	{
		case PROTADDR_SEEN:
		case PROTADDR_SEEN_WHOLE:
			check_json(level, arguments, result, to);
			if (result == BOOLOID && !IsA(node, Aggref) && !IsA(node, WindowFunc))
				ask_all(level, arguments, is_equality(node), to);
			else if (sight == PROTADDR_SEEN_WHOLE)
				walk_all(level, arguments, to);
			else
				changed(level, arguments, to);
			break;
		case PROTADDR_SEEN_SIZE:
			ask_size(level, node, arguments, to);
			break;
		case PROTADDR_SEEN_BODY:
			body = protaddr_level_of_body(level, node, function, arguments);
			if (body == NULL)
			{
				protaddr_add_unseen(to, psprintf("function %s is not one query", get_func_name(function)));
				changed(level, arguments, to);
			}
			else
				for (int i = 1; i <= body->ncolumns; i++)
					protaddr_walk_column(body, i, to);
			break;
		case PROTADDR_SEEN_GUARD:
		case PROTADDR_SEEN_RELEASE:
			walk_door(level, sight, function, arguments, to);
			break;
		case PROTADDR_SEEN_PROXY:
			protaddr_walk_proxy(level, function, arguments, to);
			break;
		case PROTADDR_SEEN_SAFE:
			break;
		case PROTADDR_UNSEEN:
			protaddr_add_unseen(to, why);
			changed(level, arguments, to);
			break;
	}
}

/* walk_window_function: what its window is sorted by is walked with what decides over rows. */
static void
walk_window_function(Level *level, const WindowFunc *call, ProtaddrLineage *to)
{
	walk_function(level, (Node *) call, call->winfnoid, call->args, to);
	protaddr_walk_condition(level, (Node *) call->aggfilter, to);
}

/* ---- subqueries in expressions ------------------------------------------------------------------ */

static void
walk_sublink(Level *level, const SubLink *link, ProtaddrLineage *to)
{
	Level	   *sub = protaddr_level_for(level, link, (Query *) link->subselect, level);
	bool		same = link->testexpr != NULL && is_equality(link->testexpr);
	ProtaddrLineage of = {NIL, NIL};

	switch (link->subLinkType)
	{
		case EXISTS_SUBLINK:
			protaddr_walk_conditions(sub, to);
			protaddr_walk_unseen(level, link->subselect, to);
			break;
		case ANY_SUBLINK:
		case ALL_SUBLINK:
		case ROWCOMPARE_SUBLINK:
			protaddr_walk_condition(level, link->testexpr, to);
			for (int i = 1; i <= sub->ncolumns; i++)
				protaddr_walk_column(sub, i, &of);
			protaddr_add_condition(to, &of, same);
			break;
		case EXPR_SUBLINK:
		case ARRAY_SUBLINK:
			protaddr_walk_column(sub, 1, to);
			break;
		default:
			protaddr_add_unseen(to, pstrdup("a subquery of a kind that is not known"));
	}
}

/* ---- conditions ------------------------------------------------------------------------------------ */

static void
walk_case_condition(Level *level, const CaseExpr *expr, ProtaddrLineage *to)
{
	ListCell   *cell;

	foreach(cell, expr->args)
	{
		Node	   *when = (Node *) lfirst_node(CaseWhen, cell)->expr;

		protaddr_walk_condition(level, when, to);
		if (expr->arg != NULL)
			ask_all(level, list_make1(expr->arg), is_equality(when), to);
	}
}

static void
walk_operator_condition(Level *level, Oid operator, Oid function, List *arguments, bool equality, ProtaddrLineage *to)
{
	char	   *why;
	ProtaddrSight sight;

	if (!OidIsValid(function))
		function = get_opcode(operator);
	sight = protaddr_sight(function, &why);
	if (sight == PROTADDR_SEEN_SAFE)
		return;
	if (sight == PROTADDR_UNSEEN)
		protaddr_add_unseen(to, why);
	ask_all(level, arguments, equality, to);
}

/* protaddr_walk_condition adds what a condition gives away. */
void
protaddr_walk_condition(Level *level, Node *node, ProtaddrLineage *to)
{
	ListCell   *cell;

	if (node == NULL || !protaddr_walk_goes_on(level->walk, to))
		return;
	switch (nodeTag(node))
	{
		case T_List:
			condition_all(level, (List *) node, to);
			break;
		case T_BoolExpr:
			condition_all(level, ((BoolExpr *) node)->args, to);
			break;
		case T_BooleanTest:
			protaddr_walk_condition(level, (Node *) ((BooleanTest *) node)->arg, to);
			break;
		case T_CoalesceExpr:
			condition_all(level, ((CoalesceExpr *) node)->args, to);
			break;
		case T_NullTest:
			protaddr_walk_compared(level, (Node *) ((NullTest *) node)->arg, to);
			break;
		case T_DistinctExpr:
		case T_ScalarArrayOpExpr:
			if (IsA(node, ScalarArrayOpExpr))
				walk_operator_condition(level, ((ScalarArrayOpExpr *) node)->opno, ((ScalarArrayOpExpr *) node)->opfuncid,
										((ScalarArrayOpExpr *) node)->args, is_equality(node), to);
			else
				walk_operator_condition(level, ((OpExpr *) node)->opno, ((OpExpr *) node)->opfuncid, ((OpExpr *) node)->args,
										is_equality(node), to);
			break;
		case T_RowCompareExpr:
			foreach(cell, ((RowCompareExpr *) node)->opnos)
				walk_operator_condition(level, lfirst_oid(cell), InvalidOid, NIL, false, to);
			ask_all(level, ((RowCompareExpr *) node)->largs, false, to);
			ask_all(level, ((RowCompareExpr *) node)->rargs, false, to);
			break;
		case T_CaseExpr:
			walk_case_condition(level, (CaseExpr *) node, to);
			foreach(cell, ((CaseExpr *) node)->args)
				protaddr_walk_condition(level, (Node *) lfirst_node(CaseWhen, cell)->result, to);
			protaddr_walk_condition(level, (Node *) ((CaseExpr *) node)->defresult, to);
			break;
		default:
			protaddr_walk_asked(level, node, to);
	}
}

/* ---- expressions ---------------------------------------------------------------------------------- */

static bool
walk_part(Node *node, Along *along)
{
	if (node != NULL)
		protaddr_walk(along->level, node, along->to);
	return false;
}

/* parts walks what an expression of PostgreSQL's is made of, and counts it as changed. */
static void
parts(Level *level, Node *node, ProtaddrLineage *to)
{
	ProtaddrLineage of = {NIL, NIL};
	Along		along = {.level = level, .to = &of};

	expression_tree_walker(node, walk_part, &along);
	protaddr_add_changed(to, &of);
}

#ifdef PROTADDR_JSON_EXPRESSIONS
static bool
json_part(Node *node, Along *along)
{
	if (node == NULL)
		return false;
	if (IsA(node, List))
		return expression_tree_walker(node, json_part, along);
	if (casts_to_json(along->level, node))
		protaddr_add_unseen(along->to, pstrdup(CAST_TO_JSON));
	return walk_part(node, along);
}

/* json_parts does so of what makes JSON, or of what is made of it. */
static void
json_parts(Level *level, Node *node, ProtaddrLineage *to)
{
	ProtaddrLineage of = {NIL, NIL};
	Along		along = {.level = level, .to = &of};

	expression_tree_walker(node, json_part, &along);
	protaddr_add_changed(to, &of);
}
#endif

static void
walk_case(Level *level, const CaseExpr *expr, ProtaddrLineage *to)
{
	ListCell   *cell;

	walk_case_condition(level, expr, to);
	foreach(cell, expr->args)
		protaddr_walk(level, (Node *) lfirst_node(CaseWhen, cell)->result, to);
	protaddr_walk(level, (Node *) expr->defresult, to);
}

/* walk_conversion: a text that is no number stands in the error that says so. */
static void
walk_conversion(Level *level, const CoerceViaIO *expr, ProtaddrLineage *to)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(getBaseType(expr->resulttype), &category, &preferred);
	if (category == TYPCATEGORY_STRING)
		protaddr_walk(level, (Node *) expr->arg, to);
	else
		changed(level, list_make1(expr->arg), to);
}

/* walk_domain: the constraints of a domain run, and get to see the value. */
static void
walk_domain(Level *level, const CoerceToDomain *expr, ProtaddrLineage *to)
{
	/* it outlives this call: it is told when its memory goes */
	DomainConstraintRef *domain = palloc(sizeof(*domain));
	ListCell   *cell;

	protaddr_walk(level, (Node *) expr->arg, to);
	InitDomainConstraintRef(expr->resulttype, domain, CurrentMemoryContext, false);
	foreach(cell, domain->constraints)
		protaddr_walk_unseen(level, (Node *) ((DomainConstraintState *) lfirst(cell))->check_expr, to);
}

static void
walk_operator(Level *level, Node *node, ProtaddrLineage *to)
{
	OpExpr	   *expr = (OpExpr *) node;

	walk_function(level, node, OidIsValid(expr->opfuncid) ? expr->opfuncid : get_opcode(expr->opno), expr->args, to);
}

/* protaddr_walk adds what the value of an expression comes from. */
void
protaddr_walk(Level *level, Node *node, ProtaddrLineage *to)
{
	if (node == NULL || !protaddr_walk_goes_on(level->walk, to))
		return;
	switch (nodeTag(node))
	{
			/* who it is, when it is, and what somebody wrote into the query */
		case T_Const:
		case T_SQLValueFunction:
		case T_GroupingFunc:
			/* what these stand for is walked where it comes in */
		case T_CaseTestExpr:
		case T_CoerceToDomainValue:
			break;
		case T_Var:
			walk_variable(level, (Var *) node, to);
			break;
		case T_Param:
			walk_parameter(level, (Param *) node, to);
			break;
		case T_FieldSelect:
			walk_field(level, (FieldSelect *) node, to);
			break;
		case T_FuncExpr:
			walk_function(level, node, ((FuncExpr *) node)->funcid, ((FuncExpr *) node)->args, to);
			break;
		case T_OpExpr:
			walk_operator(level, node, to);
			break;
		case T_NullIfExpr:
			protaddr_walk(level, linitial(((OpExpr *) node)->args), to);
			walk_operator_condition(level, ((OpExpr *) node)->opno, ((OpExpr *) node)->opfuncid, ((OpExpr *) node)->args,
									is_equality(node), to);
			break;
		case T_Aggref:
			walk_function(level, node, ((Aggref *) node)->aggfnoid,
						  list_concat_copy(((Aggref *) node)->aggdirectargs, ((Aggref *) node)->args), to);
			protaddr_walk_condition(level, (Node *) ((Aggref *) node)->aggfilter, to);
			break;
		case T_WindowFunc:
			walk_window_function(level, (WindowFunc *) node, to);
			break;
		case T_SubLink:
			walk_sublink(level, (SubLink *) node, to);
			break;
		case T_BoolExpr:
		case T_BooleanTest:
		case T_NullTest:
		case T_DistinctExpr:
		case T_ScalarArrayOpExpr:
		case T_RowCompareExpr:
			protaddr_walk_condition(level, node, to);
			break;
		case T_CaseExpr:
			walk_case(level, (CaseExpr *) node, to);
			break;
		case T_CoalesceExpr:
			walk_all(level, ((CoalesceExpr *) node)->args, to);
			break;
		case T_MinMaxExpr:
			/* which of two is the greater is more than whether they are the same */
			changed(level, ((MinMaxExpr *) node)->args, to);
			break;
		case T_ArrayExpr:
			walk_all(level, ((ArrayExpr *) node)->elements, to);
			break;
		case T_RowExpr:
			walk_all(level, ((RowExpr *) node)->args, to);
			break;
		case T_List:
			walk_all(level, (List *) node, to);
			break;
		case T_TargetEntry:
			protaddr_walk(level, (Node *) ((TargetEntry *) node)->expr, to);
			break;
		case T_RelabelType:
			protaddr_walk(level, (Node *) ((RelabelType *) node)->arg, to);
			break;
		case T_CollateExpr:
			protaddr_walk(level, (Node *) ((CollateExpr *) node)->arg, to);
			break;
		case T_NamedArgExpr:
			protaddr_walk(level, (Node *) ((NamedArgExpr *) node)->arg, to);
			break;
		case T_CoerceViaIO:
			walk_conversion(level, (CoerceViaIO *) node, to);
			break;
		case T_CoerceToDomain:
			walk_domain(level, (CoerceToDomain *) node, to);
			break;
		case T_ConvertRowtypeExpr:
			protaddr_walk(level, (Node *) ((ConvertRowtypeExpr *) node)->arg, to);
			break;
#ifdef PROTADDR_JSON_EXPRESSIONS
			PROTADDR_JSON_EXPRESSIONS
				json_parts(level, node, to);
			break;
#endif
		case T_ArrayCoerceExpr:
		case T_FieldStore:
		case T_SubscriptingRef:
		case T_TableFunc:
		case T_XmlExpr:
			parts(level, node, to);
			break;
		default:
			protaddr_add_unseen(to, pstrdup("an expression of a kind that is not known"));
	}
}

/* ---- functions that nobody sees through, anywhere ------------------------------------------------------ */

static bool unseen_part(Node *node, Along *along);

static bool
note_unseen(Oid function, void *arg)
{
	Along	   *along = arg;
	char	   *why;
	ProtaddrSight sight;

	if (list_member_oid(along->seen, function))
		return false;
	along->seen = lappend_oid(along->seen, function);
	sight = protaddr_sight(function, &why);
	if (sight == PROTADDR_UNSEEN)
		protaddr_add_unseen(along->to, why);
	else if (sight == PROTADDR_SEEN_BODY)
	{
		Query	   *body = protaddr_body_of(function);

		if (body == NULL)
			protaddr_add_unseen(along->to, psprintf("function %s is not one query", get_func_name(function)));
		else
			(void) unseen_part((Node *) body, along);
	}
	return false;
}

static bool
unseen_part(Node *node, Along *along)
{
	if (node == NULL)
		return false;
	if (!protaddr_walk_goes_on(along->level->walk, along->to))
		return true;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *rte = (RangeTblEntry *) node;

		if (rte->rtekind == RTE_RELATION && get_rel_relkind(rte->relid) == RELKIND_VIEW)
		{
			Level	   *view = protaddr_level_of_view(along->level->walk, rte->relid);

			if (view != NULL)
				protaddr_walk_conditions(view, along->to);
		}
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, unseen_part, along, QTW_EXAMINE_RTES_BEFORE);
	/* input and output functions are of who made the type: a superuser */
	if (!IsA(node, CoerceViaIO))
		(void) check_functions_in_node(node, note_unseen, along);
	if (IsA(node, FuncExpr))
	{
		/* the defaults of arguments that are left out run, too */
		List	   *all = protaddr_in_order((FuncExpr *) node);

		return expression_tree_walker((Node *) all, unseen_part, along);
	}
	return expression_tree_walker(node, unseen_part, along);
}

/*
 * protaddr_walk_unseen adds the functions in an expression or query that cannot be seen
 * through.  They run: and what they do meanwhile, nobody knows.
 */
void
protaddr_walk_unseen(Level *level, Node *node, ProtaddrLineage *to)
{
	Along		along = {.level = level, .to = to};

	(void) unseen_part(node, &along);
}
