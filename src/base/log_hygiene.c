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
 * the log.  What the server logs before it has parsed a statement
 * (log_statement) is out of anybody's reach; the README says so.
 */
#include "postgres.h"

#include "base/base.h"

#include "access/xact.h"
#include "commands/copy.h"
#include "commands/copyfrom_internal.h"
#include "miscadmin.h"
#include "utils/elog.h"

/* Clear text was sealed in the transaction now running ... */
static bool clear_text_in_transaction = false;

/* ... or in the statement that started at this time. */
static TimestampTz clear_text_statement = 0;

static void log_hygiene_emit_log(ErrorData *edata);
static void log_hygiene_xact_end(void);

const ProtaddrPart protaddr_log_hygiene_part = {
	.xact_end = log_hygiene_xact_end,
	.emit_log = log_hygiene_emit_log,
};

/* protaddr_clear_text_seen notes that the running statement holds an address. */
void
protaddr_clear_text_seen(void)
{
	clear_text_in_transaction = true;
	clear_text_statement = GetCurrentStatementStartTimestamp();
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
		 clear_text_statement != GetCurrentStatementStartTimestamp()))
		return;

	/* our own errors are discreet already, and their detail is of use */
	if (edata->elevel >= ERROR && edata->hide_stmt)
		return;

	edata->hide_stmt = true;
	edata->hide_ctx = true;

	/*
	 * Bind parameters, "Key (..)=(..)", "Failing row contains (..)": the client may have them,
	 * they are its own input.
	 */
	if (edata->detail != NULL || edata->detail_log != NULL)
		edata->detail_log = pstrdup("Withheld by protaddr: the statement holds an address.");

	/*
	 * "duration: 1.234 ms  statement: ..." and auto_explain's "duration: ... plan:" hold the
	 * statement itself.  LOG never reaches the client unless it asked for it by
	 * client_min_messages, so one text serves both.
	 */
	if (edata->elevel == LOG && edata->message != NULL && edata->message_id != NULL &&
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
