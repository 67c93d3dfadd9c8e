/*
 * arguments.c
 *		What are a gate's triggers told?
 *
 * Pairs of a key and a value, as gate.h describes them.  They stand in the
 * trigger, so a dump, a restore and a new partition carry them along.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "message/message.h"

static bool is_currency_code(const char *value);

/*
 * protaddr_gate_args reads a trigger's arguments; the result points into them.
 * False for arguments that no install_gate has written.
 */
bool
protaddr_gate_args(char **args, int nargs, ProtaddrGateArgs *gate)
{
	memset(gate, 0, sizeof(*gate));
	if (nargs % 2 != 0)
		return false;

	for (int i = 0; i < nargs; i += 2)
	{
		const char *key = args[i];
		const char *value = args[i + 1];
		const char **once = NULL;

		if (value[0] == '\0')
			return false;
		if (strcmp(key, "channel") == 0)
			once = &gate->channel;
		else if (strcmp(key, "channel_column") == 0)
			once = &gate->channel_column;
		else if (strcmp(key, "subject") == 0)
			once = &gate->subject;
		else if (strcmp(key, "amount") == 0)
			once = &gate->amount;
		else if (strcmp(key, "currency") == 0)
			once = &gate->currency;
		else if (strcmp(key, "currency_code") == 0)
			once = &gate->currency_code;
		else if (strcmp(key, "payee") == 0)
			once = &gate->payee;
		else if (strcmp(key, "hold_column") == 0)
			once = &gate->hold_column;
		else if (strcmp(key, "hold_value") == 0)
			once = &gate->hold_value;
		else if (strcmp(key, "address") == 0)
		{
			/* always followed by whose it is */
			if (gate->naddresses == PROTADDR_GATE_MAX_COLUMNS || i + 3 >= nargs ||
				strcmp(args[i + 2], "of") != 0 || args[i + 3][0] == '\0')
				return false;
			gate->address[gate->naddresses].column = value;
			gate->address[gate->naddresses++].of = args[i + 3];
			i += 2;
			continue;
		}
		else if (strcmp(key, "message") == 0)
		{
			ProtaddrFormat format;

			if (gate->nmessages == PROTADDR_GATE_MAX_COLUMNS || i + 3 >= nargs ||
				strcmp(args[i + 2], "format") != 0)
				return false;
			if (strcmp(args[i + 3], "xml") == 0)
				format = PROTADDR_XML;
			else if (strcmp(args[i + 3], "mt") == 0)
				format = PROTADDR_MT;
			else if (strcmp(args[i + 3], "json") == 0)
				format = PROTADDR_JSON;
			else
				return false;
			gate->message[gate->nmessages].column = value;
			gate->message[gate->nmessages++].format = format;
			i += 2;
			continue;
		}

		/* what we do not know might have been a restriction */
		if (once == NULL || *once != NULL)
			return false;
		*once = value;
	}

	return (gate->channel != NULL) != (gate->channel_column != NULL) &&
		(gate->subject != NULL || (gate->nmessages > 0 && gate->naddresses == 0)) &&
		(gate->currency == NULL || gate->currency_code == NULL) &&
		(gate->hold_column == NULL) == (gate->hold_value == NULL) &&
		(gate->currency_code == NULL || is_currency_code(gate->currency_code));
}

/* protaddr_gate_names_column tells whether a gate could not do without a column. */
bool
protaddr_gate_names_column(const ProtaddrGateArgs *gate, const char *column)
{
	const char *named[] = {gate->channel_column, gate->subject, gate->amount, gate->currency,
	gate->payee, gate->hold_column};

	for (int i = 0; i < lengthof(named); i++)
		if (named[i] != NULL && strcmp(named[i], column) == 0)
			return true;
	for (int i = 0; i < gate->naddresses; i++)
		if (strcmp(gate->address[i].column, column) == 0 || strcmp(gate->address[i].of, column) == 0)
			return true;
	for (int i = 0; i < gate->nmessages; i++)
		if (strcmp(gate->message[i].column, column) == 0)
			return true;
	return false;
}

static bool
is_currency_code(const char *value)
{
	return strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3 && value[3] == '\0';
}
