/*
 * arguments.c
 *		What are a gate's triggers told?
 *
 * The arguments are pairs of a key and a value: see gate.h.  They are part of the trigger, so a
 * dump, a restore and a new partition keep them.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "message/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(protaddr_trigger_arguments);

static bool is_currency_code(const char *value);

/* The keys that may stand once, and where their value belongs. */
static const struct
{
	const char *key;
	size_t		offset;
}	once[] = {
	{"channel", offsetof(ProtaddrGateArgs, channel)},
	{"channel_column", offsetof(ProtaddrGateArgs, channel_column)},
	{"subject", offsetof(ProtaddrGateArgs, subject)},
	{"amount", offsetof(ProtaddrGateArgs, amount)},
	{"currency", offsetof(ProtaddrGateArgs, currency)},
	{"currency_code", offsetof(ProtaddrGateArgs, currency_code)},
	{"payee", offsetof(ProtaddrGateArgs, payee)},
	{"hold_column", offsetof(ProtaddrGateArgs, hold_column)},
	{"hold_value", offsetof(ProtaddrGateArgs, hold_value)},
};

static bool
read_once(ProtaddrGateArgs *gate, const char *key, const char *value)
{
	for (int i = 0; i < lengthof(once); i++)
		if (strcmp(key, once[i].key) == 0)
		{
			const char **place = (const char **) ((char *) gate + once[i].offset);

			if (*place != NULL)
				return false;
			*place = value;
			return true;
		}
	/* an unknown key might be a restriction */
	return false;
}

/* read_address reads an address column and, from the next pair, whose address it is. */
static bool
read_address(ProtaddrGateArgs *gate, const char *column, const char *key, const char *of)
{
	if (gate->naddresses == PROTADDR_GATE_MAX_COLUMNS || strcmp(key, "of") != 0 || of[0] == '\0')
		return false;
	gate->address[gate->naddresses].column = column;
	gate->address[gate->naddresses++].of = of;
	return true;
}

/* read_message reads a column with messages and, from the next pair, their format. */
static bool
read_message(ProtaddrGateArgs *gate, const char *column, const char *key, const char *format)
{
	static const char *const formats[] = {
		[PROTADDR_XML] = "xml",
		[PROTADDR_MT] = "mt",
		[PROTADDR_JSON] = "json",
	};

	if (gate->nmessages == PROTADDR_GATE_MAX_COLUMNS || strcmp(key, "format") != 0)
		return false;
	for (int i = 0; i < lengthof(formats); i++)
		if (strcmp(format, formats[i]) == 0)
		{
			gate->message[gate->nmessages].column = column;
			gate->message[gate->nmessages++].format = (ProtaddrFormat) i;
			return true;
		}
	return false;
}

/* read_ignored reads a column that is left out and, from the next pair, the reason. */
static bool
read_ignored(ProtaddrGateArgs *gate, const char *column, const char *key, const char *reason)
{
	if (gate->nignored == PROTADDR_GATE_MAX_COLUMNS || strcmp(key, "because") != 0 || reason[0] == '\0')
		return false;
	gate->ignored[gate->nignored++] = column;
	return true;
}

/* read_encoding reads a column with bytes and, from the next pair, the encoding of its texts. */
static bool
read_encoding(ProtaddrGateArgs *gate, const char *column, const char *key, const char *encoding)
{
	if (gate->nencodings == PROTADDR_GATE_MAX_COLUMNS || strcmp(key, "is") != 0 || encoding[0] == '\0')
		return false;
	gate->encoding[gate->nencodings].column = column;
	gate->encoding[gate->nencodings++].encoding = encoding;
	return true;
}

/* The keys of which any number may stand, with another pair behind each. */
static const struct
{
	const char *key;
	bool		(*read) (ProtaddrGateArgs *gate, const char *column, const char *key, const char *value);
}	many[] = {
	{"address", read_address},
	{"message", read_message},
	{"ignore", read_ignored},
	{"encoding", read_encoding},
};

/*
 * protaddr_gate_args reads a trigger's arguments; the result points into them.
 * False if they are not arguments that install_gate() writes.
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
		int			kind = 0;

		if (value[0] == '\0')
			return false;
		while (kind < lengthof(many) && strcmp(key, many[kind].key) != 0)
			kind++;
		if (kind < lengthof(many))
		{
			/* two pairs belong together */
			i += 2;
			if (i >= nargs || !many[kind].read(gate, value, args[i], args[i + 1]))
				return false;
		}
		else if (!read_once(gate, key, value))
			return false;
	}

	return (gate->channel != NULL) != (gate->channel_column != NULL) &&
		(gate->subject != NULL || (gate->nmessages > 0 && gate->naddresses == 0)) &&
		(gate->currency == NULL || gate->currency_code == NULL) &&
		(gate->hold_column == NULL) == (gate->hold_value == NULL) &&
		(gate->currency_code == NULL || is_currency_code(gate->currency_code));
}

/* protaddr_gate_names_column tells whether a gate needs a column. */
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
	for (int i = 0; i < gate->nignored; i++)
		if (strcmp(gate->ignored[i], column) == 0)
			return true;
	for (int i = 0; i < gate->nencodings; i++)
		if (strcmp(gate->encoding[i].column, column) == 0)
			return true;
	return false;
}

static bool
is_currency_code(const char *value)
{
	return strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3 && value[3] == '\0';
}

/*
 * protaddr_trigger_arguments gives the arguments of a trigger as text[]; NULL if
 * the trigger does not exist.
 */
Datum
protaddr_trigger_arguments(PG_FUNCTION_ARGS)
{
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData skey;
	SysScanDesc scan;
	HeapTuple	tuple;
	ArrayType  *result = NULL;

	ScanKeyInit(&skey, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(PG_GETARG_OID(0)));
	scan = systable_beginscan(rel, TriggerOidIndexId, true, NULL, 1, &skey);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		int			nargs = ((Form_pg_trigger) GETSTRUCT(tuple))->tgnargs;
		bool		isnull;
		Datum		packed = heap_getattr(tuple, Anum_pg_trigger_tgargs, RelationGetDescr(rel), &isnull);
		bytea	   *bytes = isnull ? NULL : DatumGetByteaPP(packed);
		const char *next = bytes ? VARDATA_ANY(bytes) : NULL;
		Datum	   *args = palloc(Max(nargs, 1) * sizeof(Datum));

		if (bytes == NULL)
			nargs = 0;
		for (int i = 0; i < nargs; i++)
		{
			args[i] = CStringGetTextDatum(next);
			next += strlen(next) + 1;
		}
		result = nargs > 0 ?
			construct_array(args, nargs, TEXTOID, -1, false, TYPALIGN_INT) :
			construct_empty_array(TEXTOID);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(result);
}
