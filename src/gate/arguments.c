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
			/* the next pair says whose address it is */
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

		/* an unknown key might be a restriction */
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
