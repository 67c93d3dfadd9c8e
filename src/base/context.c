/*
 * context.c
 *		What does an error say of the way through our own functions?
 *
 * Nothing: which line of install_gate() has refused a column is of no use to its caller,
 * and the names of its twelve arguments hide the message.  The caller's own functions
 * and the statements in them stay, and so do triggers that our functions have fired.
 *
 * An error that the log does not get keeps its context, and so does one in another
 * language than English.
 */
#include "postgres.h"

#include "base/base.h"

static void context_emit_log(ErrorData *error);

const ProtaddrPart protaddr_context_part = {
	.emit_log = context_emit_log,
};

static bool
begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* is_statement is true of a line with which a function's statement begins. */
static bool
is_statement(const char *line)
{
	/* before 18 an expression is called an SQL expression */
	return begins(line, "SQL statement \"") || begins(line, "SQL expression \"") ||
		begins(line, "PL/pgSQL expression \"") ||
		begins(line, "PL/pgSQL assignment \"");
}

/*
 * cut_own_lines takes out of a context, from the inside out, our functions and the
 * statements that they were at.
 */
static void
cut_own_lines(char *context)
{
	char	   *out = context;
	char	   *statement = NULL;	/* the last line kept belongs to one, which begins here */
	bool		statement_ends = false;

	for (char *line = context; *line != '\0';)
	{
		size_t		len = strcspn(line, "\n");
		char	   *next = line + len + (line[len] == '\n' ? 1 : 0);

		if (begins(line, "PL/pgSQL function protaddr."))
		{
			if (statement != NULL)
				out = statement;
			statement = NULL;
		}
		else
		{
			if (is_statement(line))
				statement = out;
			else if (statement_ends)
				statement = NULL;
			statement_ends = len > 0 && line[len - 1] == '"';
			memmove(out, line, next - line);
			out += next - line;
		}
		line = next;
	}
	while (out > context && out[-1] == '\n')
		out--;
	*out = '\0';
}

static void
context_emit_log(ErrorData *error)
{
	if (error->context == NULL)
		return;
	cut_own_lines(error->context);
	if (error->context[0] == '\0')
		error->context = NULL;
}
