/*
 * entry.c
 *		What stands in the table of the addresses that are looked for?
 *
 * One row for each identifier of a protected person and address.  The address is sealed,
 * as everywhere: the seal is what keeps it, here, in dumps and on a standby.  Two are
 * compared by what is in them.
 *
 * Rows are written here directly, in whoever's transaction makes them necessary, and
 * without the rights of anybody.  Each tells which transaction wrote it, so that a session
 * finds what has been added since it last looked (session_index.c).
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard_int.h"
#include "keys/keys.h"
#include "person/fact_table.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

PG_FUNCTION_INFO_V1(protaddr_guarded_address_written);

struct ProtaddrEntries
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *target;
	TupleTableSlot *slot;
	bool		added;
	bool		removed;
};

static const char *const origins[] = {
	[PROTADDR_ORIGIN_BOUND] = "bound",
	[PROTADDR_ORIGIN_DECLARED] = "declared",
	[PROTADDR_ORIGIN_LISTED] = "listed",
};

/* ---- what an address is compared by ---------------------------------------------- */

/*
 * protaddr_entry_print gives a hash of whose address it is and what is in it, the same in
 * one session.  One whose key is not here is told apart by its seal.
 */
uint64
protaddr_entry_print(const ProtaddrIdentifier *subject, const ProtaddrSeal *address, ProtaddrSealState state)
{
	static unsigned char key[PA_FACT_KEY_SIZE];
	static bool drawn = false;
	static uint8 buffer[1 + PA_SUBJECT_SIZE + PA_MAX_SEAL];
	size_t		len = 1 + subject->len;
	uint64		print;

	if (!drawn && !pg_strong_random(key, sizeof(key)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	drawn = true;

	buffer[0] = (uint8) subject->len;
	memcpy(buffer + 1, subject->key, subject->len);
	if (state == PROTADDR_SEAL_WHOLE)
	{
		ProtaddrOpened opened;
		PaAddress	content;

		(void) protaddr_open(address, false, &opened);
		content = opened.address;
		content.nsubjects = 0;
		content.release = PA_NOT_RELEASED;
		content.channel.len = 0;
		content.disclosure = 0;
		content.typist.len = 0;
		len += protaddr_encode(&content, buffer + len, sizeof(buffer) - len);
		protaddr_shut(&opened);
	}
	else
	{
		Size		size = Min(VARSIZE_ANY_EXHDR(address), sizeof(buffer) - len);

		memcpy(buffer + len, VARDATA_ANY(address), size);
		len += size;
	}
	print = protaddr_fact_hash(key, (const char *) buffer, len);
	explicit_bzero(buffer, len);
	return print;
}

/* ---- reading -------------------------------------------------------------------------- */

/* protaddr_entry_read takes a row; false if its address cannot be looked for. */
bool
protaddr_entry_read(HeapTuple row, TupleDesc desc, ProtaddrEntry *entry)
{
	bool		isnull;
	Datum		value;
	text	   *t;

	entry->id = DatumGetInt64(heap_getattr(row, GUARDED_ID, desc, &isnull));
	entry->written_in = U64FromFullTransactionId(DatumGetFullTransactionId(heap_getattr(row, GUARDED_WRITTEN_IN, desc, &isnull)));
	if (isnull)
		entry->written_in = 0;

	entry->subject.len = 0;
	value = heap_getattr(row, GUARDED_SUBJECT_KEY, desc, &isnull);
	if (!isnull)
	{
		t = DatumGetTextPP(value);
		if (VARSIZE_ANY_EXHDR(t) > PA_SUBJECT_SIZE)
			return false;
		entry->subject.len = VARSIZE_ANY_EXHDR(t);
		memcpy(entry->subject.key, VARDATA_ANY(t), entry->subject.len);
	}
	entry->origin = entry->subject.len == 0 ? PROTADDR_ORIGIN_LISTED : PROTADDR_ORIGIN_BOUND;
	value = heap_getattr(row, GUARDED_ORIGIN, desc, &isnull);
	for (int i = 0; i < lengthof(origins) && !isnull; i++)
	{
		t = DatumGetTextPP(value);
		if (VARSIZE_ANY_EXHDR(t) == strlen(origins[i]) && memcmp(VARDATA_ANY(t), origins[i], strlen(origins[i])) == 0)
			entry->origin = (ProtaddrOrigin) i;
	}
	value = heap_getattr(row, GUARDED_VALID_TO, desc, &isnull);
	entry->in_force = isnull || DatumGetTimestampTz(value) > GetCurrentTimestamp();
	value = heap_getattr(row, GUARDED_ADDRESS, desc, &isnull);
	if (isnull)
		return false;
	entry->address = (ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value);
	return true;
}

/* ---- writing --------------------------------------------------------------------------- */

/* protaddr_entries_open opens the table to write to. */
ProtaddrEntries *
protaddr_entries_open(void)
{
	ProtaddrEntries *entries = palloc0(sizeof(ProtaddrEntries));

	entries->rel = table_open(protaddr_table(PROTADDR_GUARDED_ADDRESS), RowExclusiveLock);
	entries->estate = CreateExecutorState();
	entries->target = makeNode(ResultRelInfo);
	InitResultRelInfo(entries->target, entries->rel, 0, NULL, 0);
	ExecOpenIndices(entries->target, false);
	entries->slot = table_slot_create(entries->rel, NULL);
	return entries;
}

Relation
protaddr_entries_relation(ProtaddrEntries *entries)
{
	return entries->rel;
}

/* protaddr_entries_add adds a row.  subject NULL: of nobody. */
void
protaddr_entries_add(ProtaddrEntries *entries, const ProtaddrIdentifier *subject, const ProtaddrSeal *address,
					 ProtaddrOrigin origin, const char *relation, const char *column)
{
	TupleTableSlot *slot = entries->slot;
	MemoryContext old = MemoryContextSwitchTo(GetPerTupleMemoryContext(entries->estate));
	Datum	   *value = slot->tts_values;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, false, slot->tts_tupleDescriptor->natts * sizeof(bool));
	value[GUARDED_ID - 1] = Int64GetDatum(protaddr_next_id());
	value[GUARDED_SUBJECT_KEY - 1] = PointerGetDatum(cstring_to_text_with_len(subject->key, subject->len));
	value[GUARDED_ADDRESS - 1] = PointerGetDatum(address);
	value[GUARDED_ORIGIN - 1] = CStringGetTextDatum(origins[origin]);
	value[GUARDED_RELATION - 1] = CStringGetTextDatum(relation);
	value[GUARDED_COLUMN_NAME - 1] = CStringGetTextDatum(column);
	value[GUARDED_REASON - 1] = (Datum) 0;
	slot->tts_isnull[GUARDED_REASON - 1] = true;
	value[GUARDED_VALID_TO - 1] = TimestampTzGetDatum(DT_NOEND);
	value[GUARDED_RECORDED_BY - 1] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	value[GUARDED_RECORDED_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	value[GUARDED_WRITTEN_IN - 1] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = RelationGetRelid(entries->rel);
	table_tuple_insert(entries->rel, slot, GetCurrentCommandId(true), 0, NULL);
	if (entries->target->ri_NumIndices > 0)
		list_free(protaddr_insert_index_tuples(entries->target, slot, entries->estate));
	ExecClearTuple(slot);
	MemoryContextSwitchTo(old);
	ResetPerTupleExprContext(entries->estate);
	entries->added = true;
}

/* protaddr_entries_remove deletes a row; false if somebody else is at it, whom nobody waits for. */
bool
protaddr_entries_remove(ProtaddrEntries *entries, ItemPointer row)
{
	TM_FailureData failure;

	if (table_tuple_delete(entries->rel, row, GetCurrentCommandId(true), InvalidSnapshot, InvalidSnapshot,
						   false, &failure, false) != TM_Ok)
		return false;
	entries->removed = true;
	return true;
}

/* protaddr_entries_close closes the table; what was written is seen from here on.  True if anything was. */
bool
protaddr_entries_close(ProtaddrEntries *entries)
{
	bool		written = entries->added || entries->removed;

	/* what has gone no session needs to hear of: it looks whether a match is still there */
	if (entries->added)
		CacheInvalidateRelcache(entries->rel);
	ExecDropSingleTupleTableSlot(entries->slot);
	ExecCloseIndices(entries->target);
	ExecResetTupleTable(entries->estate->es_tupleTable, false);
	FreeExecutorState(entries->estate);
	table_close(entries->rel, NoLock);
	pfree(entries);
	if (written)
		CommandCounterIncrement();
	return written;
}

/*
 * protaddr_guarded_address_written is the trigger that has a row say which transaction
 * writes it: also one that a restore or replication brings.
 */
Datum
protaddr_guarded_address_written(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	HeapTuple	row;
	int			number = GUARDED_WRITTEN_IN;
	Datum		value;
	bool		isnull = false;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigdata->tg_event) || TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) ||
		RelationGetRelid(trigdata->tg_relation) != protaddr_table(PROTADDR_GUARDED_ADDRESS))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"guarded_address_written\" is not used as the trigger it is made for")));
	row = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ? trigdata->tg_newtuple : trigdata->tg_trigtuple;
	value = FullTransactionIdGetDatum(GetTopFullTransactionId());
	return PointerGetDatum(heap_modify_tuple_by_cols(row, RelationGetDescr(trigdata->tg_relation), 1, &number,
													 &value, &isnull));
}
