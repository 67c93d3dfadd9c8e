/*
 * bind.c
 *		Whom does an address concern?
 *
 * The trigger that protaddr.bind_column() puts on a table adds the row's person
 * to each value of one column.  It only ever adds: a value that concerned
 * somebody goes on concerning them wherever it is copied, so protection cannot be
 * lost on the way.
 */
#include "protaddr.h"

#include "access/htup_details.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(protaddr_bind_row);

static bool concerns(const PaAddress *address, const ProtaddrIdentifier *person);

/* protaddr_bind_row is the trigger: BEFORE ROW, arguments column and subject. */
Datum
protaddr_bind_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	ProtaddrRowTrigger *trigger;
	ProtaddrIdentifier person;
	ProtaddrOpened opened;
	ProtaddrSeal *seal;
	TupleDesc	desc;
	HeapTuple	row;
	Datum		value;
	Datum		subject;
	bool		isnull;
	int			column;

	protaddr_check_row_trigger(fcinfo, "bind_row", TRIGGER_EVENT_BEFORE, 2);
	trigger = protaddr_row_trigger(trigdata, trigdata->tg_trigger->tgargs[1],
								   trigdata->tg_trigger->tgargs[0]);
	desc = RelationGetDescr(trigdata->tg_relation);
	row = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
	column = trigger->addresses[0];

	value = heap_getattr(row, column, desc, &isnull);
	if (isnull)
		return PointerGetDatum(row);
	subject = heap_getattr(row, trigger->subject, desc, &isnull);
	if (isnull ||
		!protaddr_identifier_from_datum(subject, trigger->subject_type, &trigger->subject_out,
										&person))
		return PointerGetDatum(row);

	/*
	 * Without its key the value stays as it is: nobody can read it, and should the
	 * key come back, it concerns whom it did, or nobody, and is withheld.
	 */
	seal = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
	if (!protaddr_open(seal, true, &opened))
		return PointerGetDatum(row);

	if (!concerns(&opened.address, &person))
	{
		PaAddress  *address = &opened.address;
		Datum		bound;

		if (address->nsubjects == PA_MAX_SUBJECTS)
		{
			protaddr_shut(&opened);
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an address can concern at most %d people", PA_MAX_SUBJECTS),
					 PROTADDR_DISCREET));
		}
		address->subject[address->nsubjects].data = person.key;
		address->subject[address->nsubjects].len = person.len;
		address->nsubjects++;

		/* what was released was released for others than it concerns now */
		address->release = PA_NOT_RELEASED;
		address->channel.len = 0;

		bound = PointerGetDatum(protaddr_seal(address));
		isnull = false;
		row = heap_modify_tuple_by_cols(row, desc, 1, &column, &bound, &isnull);
	}
	protaddr_shut(&opened);
	return PointerGetDatum(row);
}

static bool
concerns(const PaAddress *address, const ProtaddrIdentifier *person)
{
	for (int i = 0; i < address->nsubjects; i++)
		if (address->subject[i].len == person->len &&
			memcmp(address->subject[i].data, person->key, person->len) == 0)
			return true;
	return false;
}
