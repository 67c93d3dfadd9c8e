/*
 * gate.c
 *		What may be written into an outbound table?
 *
 * Two triggers, both ENABLE ALWAYS.  The one before the row releases every
 * address column for the channel; the one after the row proves that what is about
 * to be stored is released, whatever other triggers did in between.
 */
#include "protaddr.h"

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_type.h"

PG_FUNCTION_INFO_V1(protaddr_gate_row);
PG_FUNCTION_INFO_V1(protaddr_gate_check);
PG_FUNCTION_INFO_V1(protaddr_trigger_arguments);

/*
 * gate_begin reads what the trigger is told, and what the row says of itself.
 */
static ProtaddrRowTrigger *
gate_begin(FunctionCallInfo fcinfo, HeapTuple *row, const ProtaddrChannel **channel,
		   ProtaddrTransfer *transfer)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	ProtaddrGateArgs gate;
	ProtaddrRowTrigger *trigger;
	Datum		subject;
	bool		isnull;

	if (!protaddr_gate_args(trigdata->tg_trigger->tgargs, trigdata->tg_trigger->tgnargs, &gate) ||
		gate.channel == NULL || gate.subject == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("the gate of table \"%s\" is not one that install_gate() made",
						RelationGetRelationName(trigdata->tg_relation)),
				 errhint("Use protaddr.remove_gate() and protaddr.install_gate()."),
				 PROTADDR_DISCREET));
	trigger = protaddr_row_trigger(trigdata, gate.subject, NULL);
	*channel = protaddr_channel(gate.channel, strlen(gate.channel), DT_NOBEGIN);
	*row = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;

	memset(transfer, 0, sizeof(*transfer));
	transfer->has_row = true;
	subject = heap_getattr(*row, trigger->subject, desc, &isnull);
	if (isnull ||
		!protaddr_identifier_from_datum(subject, trigger->subject_type, &trigger->subject_out,
										&transfer->payer))
		transfer->payer.len = 0;
	return trigger;
}

/*
 * protaddr_gate_row is the trigger before the row.  A row that names nobody has its
 * addresses withheld, and so has a value that concerns nobody.
 */
Datum
protaddr_gate_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	const ProtaddrChannel *channel;
	ProtaddrTransfer transfer;
	ProtaddrRowTrigger *trigger;
	HeapTuple	row;
	bool		isnull;

	protaddr_check_row_trigger(fcinfo, "gate_row", TRIGGER_EVENT_BEFORE, -1);
	protaddr_keeper_is_here();
	protaddr_gate_enter(RelationGetRelid(trigdata->tg_relation));
	desc = RelationGetDescr(trigdata->tg_relation);
	trigger = gate_begin(fcinfo, &row, &channel, &transfer);

	for (int i = 0; i < trigger->naddresses; i++)
	{
		int			column = trigger->addresses[i];
		Datum		value = heap_getattr(row, column, desc, &isnull);
		ProtaddrDecision decision;
		ProtaddrSeal *seal;
		ProtaddrSeal *released;

		if (isnull)
			continue;
		seal = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
		released = protaddr_release(seal, channel, &transfer, &decision);
		if (decision.action == PROTADDR_BLOCK || decision.action == PROTADDR_HOLD)
			protaddr_refuse(channel);
		if (released == seal)
			continue;
		isnull = released == NULL;
		value = isnull ? (Datum) 0 : PointerGetDatum(released);
		row = heap_modify_tuple_by_cols(row, desc, 1, &column, &value, &isnull);
	}
	return PointerGetDatum(row);
}

/* protaddr_gate_check is the trigger after the row, with the same arguments. */
Datum
protaddr_gate_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const ProtaddrChannel *channel;
	ProtaddrTransfer transfer;
	ProtaddrRowTrigger *trigger;
	TupleDesc	desc;
	HeapTuple	row;

	protaddr_check_row_trigger(fcinfo, "gate_check", TRIGGER_EVENT_AFTER, -1);
	desc = RelationGetDescr(trigdata->tg_relation);
	trigger = gate_begin(fcinfo, &row, &channel, &transfer);

	for (int i = 0; i < trigger->naddresses; i++)
	{
		bool		isnull;
		Datum		value = heap_getattr(row, trigger->addresses[i], desc, &isnull);

		if (isnull)
			continue;
		if (!protaddr_is_released((ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value), channel, &transfer))
			ereport(ERROR,
					(errcode(ERRCODE_PROTADDR_REFUSED),
					 errmsg("column \"%s\" of \"%s\" holds an address that is not released for channel \"%s\"",
							NameStr(TupleDescAttr(desc, trigger->addresses[i] - 1)->attname),
							RelationGetRelationName(trigdata->tg_relation), channel->name),
					 errdetail("Another trigger or a generated column put it there after the gate, or its person was protected meanwhile."),
					 errhint("Let nothing write the column after the gate's trigger."),
					 PROTADDR_DISCREET));
	}
	return PointerGetDatum(NULL);
}

/*
 * protaddr_trigger_arguments gives the arguments of a trigger as text[]; NULL if
 * there is no such trigger.
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
