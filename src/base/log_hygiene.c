/*
 * log_hygiene.c
 *		How are clear addresses kept out of the server log?
 *
 * A client may type an address in clear; from then on only we know that the
 * running statement holds one.  Two things follow:
 *
 * Our own errors hide the statement from the log, and bring no context but a COPY's
 * line number, to the client neither.
 *
 * Errors and duration lines of others in the same transaction or statement are
 * caught by emit_log_hook, which hides their statement, context and detail from
 * the log.
 *
 * A statement's text outlives the transaction in which its address was sealed: prepared,
 * as the plan of a function, or where the address is never computed.  So each statement
 * is looked at when it is analyzed, and a text that holds an address is known again when
 * it is planned, executed or logged.
 *
 * What the server logs before it has analyzed a statement (log_statement, syntax errors),
 * and the text of a function that nobody has called, is out of anybody's reach; the
 * documentation says so.
 */
#include "postgres.h"

#include "base/base.h"

#include "access/xact.h"
#include "commands/copy.h"
#include "commands/copyfrom_internal.h"
#include "commands/prepare.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "tcop/tcopprot.h"
#include "utils/elog.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* Clear text was sealed in the transaction now running ... */
static bool clear_text_in_transaction = false;

/* ... or in the statement that started at this time. */
static TimestampTz clear_text_statement = 0;

/*
 * Texts of statements that hold an address, as a Bloom filter of their hashes: a session
 * may have any number of them.  One that is taken for another is hidden for nothing.
 */
#define TEXT_BITS	(1 << 16)
static uint64 texts[TEXT_BITS / 64];
static bool any_text = false;

static void log_hygiene_analyzed(ParseState *pstate, Query *query);
static void log_hygiene_planning(const Query *query, const char *text);
static void log_hygiene_executor_start(QueryDesc *query);
static void log_hygiene_emit_log(ErrorData *edata);
static bool read_spelled(Node *node, void *context);
static bool writes_texts(const Query *query);
static char *cut_audit(const char *line);
static void log_hygiene_xact_end(void);

const ProtaddrPart protaddr_log_hygiene_part = {
	.xact_end = log_hygiene_xact_end,
	.emit_log = log_hygiene_emit_log,
	.analyzed = log_hygiene_analyzed,
	.planning = log_hygiene_planning,
	.executor_start = log_hygiene_executor_start,
};

/* protaddr_clear_text_seen notes that the running statement holds an address. */
void
protaddr_clear_text_seen(void)
{
	protaddr_hooks_before_others();
	clear_text_in_transaction = true;
	clear_text_statement = GetCurrentStatementStartTimestamp();
}

/* ---- texts that hold an address ---------------------------------------------------- */

static inline void
text_places(const char *text, uint32 place[2])
{
	uint64		hash = hash_bytes_extended((const unsigned char *) text, strlen(text), 0);

	place[0] = (uint32) hash % TEXT_BITS;
	place[1] = (uint32) (hash >> 32) % TEXT_BITS;
}

static void
remember_text(const char *text)
{
	uint32		place[2];

	text_places(text, place);
	for (int i = 0; i < 2; i++)
		texts[place[i] / 64] |= UINT64CONST(1) << (place[i] % 64);
	any_text = true;
}

/* holds_address is true of a text that was remembered. */
static bool
holds_address(const char *text)
{
	uint32		place[2];

	if (likely(!any_text) || text == NULL)
		return false;
	text_places(text, place);
	for (int i = 0; i < 2; i++)
		if ((texts[place[i] / 64] & UINT64CONST(1) << (place[i] % 64)) == 0)
			return false;
	return true;
}

/* What a statement's tree says of the text that it was made of. */
typedef struct Spelled
{
	Oid			address;		/* the type */
	bool		an_address;		/* a constant is one */
	bool		made;			/* something else becomes one, or may hold one */
	bool text;					/* a constant could be what becomes it */
} Spelled;

static bool
holds_literal(const Spelled *spelled)
{
	return spelled->an_address || (spelled->made && spelled->text);
}

/* executes_literal is true of an EXECUTE whose parameters become an address in what was prepared. */
static bool
executes_literal(const ExecuteStmt *execute, Spelled *spelled)
{
	PreparedStatement *prepared = execute->params == NIL ? NULL : FetchPreparedStatement(execute->name, false);
	ListCell   *cell;

	if (prepared == NULL)
		return false;
	foreach(cell, prepared->plansource->query_list)
		(void) read_spelled(lfirst(cell), spelled);
	return spelled->made;
}

static void
log_hygiene_analyzed(ParseState *pstate, Query *query)
{
	Spelled		spelled = {.address = protaddr_address_type()};
	Node	   *utility = query->utilityStmt;
	bool		found;

	if (pstate->p_sourcetext == NULL || !OidIsValid(spelled.address))
		return;
	if (utility != NULL && IsA(utility, DeclareCursorStmt))
		utility = ((DeclareCursorStmt *) utility)->query;
	else if (utility != NULL && IsA(utility, ExplainStmt))
		utility = ((ExplainStmt *) utility)->query;
	else if (utility != NULL && IsA(utility, CreateTableAsStmt))
		utility = ((CreateTableAsStmt *) utility)->query;
	if (utility != NULL && IsA(utility, Query))
		query = (Query *) utility;
	if (query->utilityStmt != NULL && IsA(query->utilityStmt, ExecuteStmt))
		found = executes_literal((ExecuteStmt *) query->utilityStmt, &spelled);
	else
	{
		(void) read_spelled((Node *) query, &spelled);
		found = holds_literal(&spelled);
	}
	if (!found)
		return;
	remember_text(pstate->p_sourcetext);
	protaddr_clear_text_seen();
}

static void
log_hygiene_planning(const Query *query, const char *text)
{
	Spelled		spelled = {0};

	/* only now a view has become the table behind it */
	if (text !=NULL && !holds_address(text) && unlikely(writes_texts(query)))
	{
		spelled.address = protaddr_address_type();
		(void) read_spelled((Node *) query, &spelled);
		if (holds_literal(&spelled))
			remember_text(text);
	}
	if (holds_address(text))
		protaddr_clear_text_seen();
}

static void
log_hygiene_executor_start(QueryDesc *query)
{
	const PlannedStmt *plan = query->plannedstmt;
	ListCell   *cell;

	if (holds_address(query->sourceText))
	{
		protaddr_clear_text_seen();
		return;
	}

	/* what it writes may come in parameters, or from another table */
	foreach(cell, plan->resultRelations)
		if (query->operation != CMD_DELETE && protaddr_takes_texts(rt_fetch(lfirst_int(cell), plan->rtable)->relid))
	{
		protaddr_clear_text_seen();
		return;
	}
}

/* is_of_addresses is true of the type, of arrays and domains of it, and of rows that have it. */
static bool
is_of_addresses(Oid type, Oid address)
{
	Oid			element = get_base_element_type(type);
	bool		found;
	TupleDesc	desc;

	if (getBaseType(type) == address || (OidIsValid(element) && getBaseType(element) == address))
		return true;
	if (get_typtype(type) != TYPTYPE_COMPOSITE)
		return false;
	desc = lookup_rowtype_tupdesc(type, -1);
	found = false;
	for (int i = 0; i < desc->natts && !found; i++)
		found = !TupleDescAttr(desc, i)->attisdropped && getBaseType(TupleDescAttr(desc, i)->atttypid) == address;
	ReleaseTupleDesc(desc);
	return found;
}

static bool
is_ours(Oid function)
{
	return get_func_namespace(function) == get_namespace_oid("protaddr", true);
}

/* takes_clear_text is true of functions of ours that make an address of text, or find it there. */
static bool
takes_clear_text(Oid function)
{
	static const char *const names[] = {"address", "release_message", "release_mt", "release_json", "guard", "find_protected"};
	char	   *name;

	if ((name = get_func_name(function)) == NULL)
		return false;
	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* any_of_addresses is true of a list of types with an address among them. */
static bool
any_of_addresses(const List *types, Oid address)
{
	ListCell   *cell;

	foreach(cell, types)
		if (is_of_addresses(lfirst_oid(cell), address))
		return true;
	return false;
}

/*
 * makes_address is true of an expression that makes an address of what is none: an input,
 * a function that takes text, or one of somebody else (jsonb_populate_record).  Of an array
 * each element's conversion is an expression of its own.
 */
static bool
makes_address(Node *node, Oid address)
{
	switch (nodeTag(node))
	{
		case T_CoerceViaIO:
			return is_of_addresses(((CoerceViaIO *) node)->resulttype, address);
		case T_RangeTblFunction:
			return any_of_addresses(((RangeTblFunction *) node)->funccoltypes, address);
		case T_TableFunc:
			return any_of_addresses(((TableFunc *) node)->coltypes, address);
		case T_FuncExpr:
			if (((FuncExpr *) node)->funcid >= FirstNormalObjectId && is_ours(((FuncExpr *) node)->funcid))
				return takes_clear_text(((FuncExpr *) node)->funcid);
			return is_of_addresses(((FuncExpr *) node)->funcresulttype, address);
		default:
			return false;
	}
}

/* could_be_text is false of constants that no address is made of. */
static bool
could_be_text(const Const *constant)
{
	switch (constant->consttype)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case INTERVALOID:
		case REGCLASSOID:
			return false;
		default:
			return !constant->constisnull;
	}
}

/* writes_texts is true of a statement that writes where texts may hold addresses. */
static bool
writes_texts(const Query *query)
{
	return query->resultRelation > 0 && query->commandType != CMD_DELETE &&
		protaddr_takes_texts(rt_fetch(query->resultRelation, query->rtable)->relid);
}

/*
 * read_spelled goes through a tree, until it has an address that its text spells out: as
 * a constant, or as one of which an address is made, be it in another place (VALUES).
 */
static bool
read_spelled(Node *node, void *context)
{
	Spelled    *spelled = (Spelled *) context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		spelled->made = spelled->made || writes_texts((Query *) node);
		return query_tree_walker((Query *) node, read_spelled, context, 0);
	}
	if (IsA(node, Const))
	{
		spelled->text |=could_be_text((Const *) node);
		spelled->an_address |= !((Const *) node)->constisnull && ((Const *) node)->consttype >= FirstNormalObjectId &&
			is_of_addresses(((Const *) node)->consttype, spelled->address);
	}
	else
		spelled->made = spelled->made || makes_address(node, spelled->address);
	return holds_literal(spelled) || expression_tree_walker(node, read_spelled, context);
}

/*
 * protaddr_errprivate is written inside ereport(ERROR): it hides the statement from
 * the log, and keeps of the context only a COPY's, "COPY customer, line 7" without
 * the line's content.  Other contexts quote statements (SPI), and a cursor
 * position makes psql quote the line.
 *
 * Cutting the context stack is safe since an error unwinds it anyway; whoever
 * catches the error restores it.  The COPY is about to end by our error, so nobody
 * misses the fields it prints from.
 */
int
protaddr_errprivate(void)
{
	ErrorContextCallback *context = error_context_stack;

	while (context != NULL && context->callback != CopyFromErrorCallback)
		context = context->previous;
	if (context != NULL)
	{
		CopyFromState cstate = (CopyFromState) context->arg;

		cstate->cur_attname = NULL;
		cstate->cur_attval = NULL;
		cstate->line_buf_valid = false;
		context->previous = NULL;
	}
	error_context_stack = context;
	errhidestmt(true);
	return 0;
}

static void
log_hygiene_xact_end(void)
{
	clear_text_in_transaction = false;
}

/*
 * cut_audit gives a line of pgaudit up to its seventh field, the object's name: what
 * follows is the statement and its parameters.
 */
static char *
cut_audit(const char *line)
{
	const char *end = line;
	bool		quoted = false;
	int			fields = 0;

	for (; *end != '\0' && fields < 7; end++)
	{
		if (*end == '"')
			quoted = !quoted;
		else if (*end == ',' && !quoted)
			fields++;
	}
	return psprintf("%.*s<withheld by protaddr>", (int) (end - line), line);
}

static void
log_hygiene_emit_log(ErrorData *edata)
{
	if (!edata->output_to_server)
		return;

	/*
	 * A COPY that fails before anything of its line was sealed ("extra data after last expected
	 * column") quotes the line all the same.
	 */
	if (edata->context != NULL && strncmp(edata->context, "COPY ", 5) == 0)
		edata->hide_ctx = true;

	/* Of a deadlock the log alone is told what others were running. */
	if (edata->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED)
		edata->detail_log = NULL;

	/* The postmaster has one detail to tell: what a process that died was running. */
	if (IsPostmasterEnvironment && !IsUnderPostmaster && edata->detail != NULL)
		edata->detail_log = pstrdup("Withheld by protaddr: a statement may hold an address.");

	if (!clear_text_in_transaction &&
		(clear_text_statement == 0 ||
		 clear_text_statement != GetCurrentStatementStartTimestamp()) &&
		!holds_address(debug_query_string))
		return;

	/* our own errors are discreet already, and their detail is of use */
	if (edata->elevel >= ERROR && edata->hide_stmt)
		return;

	edata->hide_stmt = true;
	edata->hide_ctx = true;

	/* the statement of a function, which the client has written or may read */
	edata->internalquery = NULL;

	/*
	 * Bind parameters, "Key (..)=(..)", "Failing row contains (..)": the client may have them,
	 * they are its own input.
	 */
	if (edata->detail != NULL || edata->detail_log != NULL)
		edata->detail_log = pstrdup("Withheld by protaddr: the statement holds an address.");

	if (edata->message != NULL && strncmp(edata->message, "AUDIT: ", 7) == 0)
		edata->message = cut_audit(edata->message);

	/*
	 * "duration: 1.234 ms  statement: ..." and auto_explain's "duration: ... plan:" hold the
	 * statement itself, at any level that auto_explain is told to use.  What the client is told of
	 * it is its own text.
	 */
	if (edata->message != NULL && edata->message_id != NULL &&
		strncmp(edata->message_id, "duration: ", 10) == 0)
	{
		char	   *rest = strstr(edata->message, " ms  ");

		/* the message is translated, its id is not */
		if (rest != NULL)
			strcpy(rest, " ms");
		else if (strstr(edata->message_id, " ms  ") != NULL)
			edata->message[0] = '\0';
	}
}

/*
 * protaddr_rethrow_private, in PG_CATCH, throws on an error that somebody else's
 * row has raised, without its detail and context: a table's constraints print the
 * row there, and who decides on a row need not have a right to read it.  Our own
 * errors hold no value and stay as they are.
 */
void
protaddr_rethrow_private(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	if (error->sqlerrcode != ERRCODE_PROTADDR_REFUSED && error->sqlerrcode != ERRCODE_PROTADDR_NOT_READY)
	{
		error->detail = NULL;
		error->detail_log = NULL;
		error->context = NULL;
		error->hide_stmt = true;
		error->hide_ctx = true;
	}
	ReThrowError(error);
}
