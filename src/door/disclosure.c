/*
 * disclosure.c
 *		Which protected addresses were disclosed, and on what basis?
 *
 * A channel that discloses leaves a row for each address: who, when, through which
 * channel, of whom, and why.  The row is written with the address and lives or dies
 * with it.  What is sealed as disclosed names its row, and the door tells it only
 * while that row is there, committed: nobody can disclose, look and roll back.
 */
#include "postgres.h"

#include "base/base.h"
#include "door/door.h"
#include "law/law.h"
#include "text/text.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* columns of protaddr.disclosure */
enum
{
	DISCLOSURE_ID = 1,
	DISCLOSURE_AT,
	DISCLOSURE_BY,
	DISCLOSURE_AS,
	DISCLOSURE_CHANNEL,
	DISCLOSURE_RULE_OF,
	DISCLOSURE_SUBJECTS,
	DISCLOSURE_PAYER,
	DISCLOSURE_RELATION,
	DISCLOSURE_BASIS,
	DISCLOSURE_REASON,
	DISCLOSURE_COLUMNS = DISCLOSURE_REASON
};

static const char *const disclosure_columns[] = {
	[DISCLOSURE_ID] = "id",
	[DISCLOSURE_AT] = "disclosed_at",
	[DISCLOSURE_BY] = "disclosed_by",
	[DISCLOSURE_AS] = "disclosed_as",
	[DISCLOSURE_CHANNEL] = "channel",
	[DISCLOSURE_RULE_OF] = "valid_from",
	[DISCLOSURE_SUBJECTS] = "subjects",
	[DISCLOSURE_PAYER] = "payer",
	[DISCLOSURE_RELATION] = "relation",
	[DISCLOSURE_BASIS] = "legal_basis",
	[DISCLOSURE_REASON] = "reason",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "disclosure", PROTADDR_COLUMNS(disclosure_columns), .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE},
};

const ProtaddrPart protaddr_disclosure_part = {
	PROTADDR_TABLES(tables),
};

/* protaddr_disclosure_record writes the row and gives its number, which is never 0. */
uint64
protaddr_disclosure_record(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
						   const PaText *subject, int nsubjects)
{
	Relation	rel = table_open(protaddr_own_relation("disclosure"), RowExclusiveLock);
	Datum		values[DISCLOSURE_COLUMNS] = {0};
	bool		nulls[DISCLOSURE_COLUMNS] = {false};
	Datum	   *subjects = palloc(Max(nsubjects, 1) * sizeof(Datum));
	uint64		id;

	/* random: its number says nothing, and no two databases' numbers meet */
	do
	{
		if (!pg_strong_random(&id, sizeof(id)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not draw random bytes")));
		id &= PG_INT64_MAX;
	} while (id == 0);

	for (int i = 0; i < nsubjects; i++)
		subjects[i] = PointerGetDatum(cstring_to_text_with_len(subject[i].data, subject[i].len));

	values[DISCLOSURE_ID - 1] = Int64GetDatum((int64) id);
	values[DISCLOSURE_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[DISCLOSURE_BY - 1] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	values[DISCLOSURE_AS - 1] = CStringGetTextDatum(GetUserNameFromId(GetOuterUserId(), false));
	values[DISCLOSURE_CHANNEL - 1] = CStringGetTextDatum(channel->name);
	values[DISCLOSURE_RULE_OF - 1] = TimestampTzGetDatum(channel->valid_from);
	values[DISCLOSURE_SUBJECTS - 1] =
		PointerGetDatum(construct_array(subjects, nsubjects, TEXTOID, -1, false, TYPALIGN_INT));
	nulls[DISCLOSURE_PAYER - 1] = transfer->payer.len == 0;
	if (transfer->payer.len > 0)
		values[DISCLOSURE_PAYER - 1] =
			PointerGetDatum(cstring_to_text_with_len(transfer->payer.key, transfer->payer.len));
	nulls[DISCLOSURE_RELATION - 1] = !OidIsValid(transfer->relation);
	values[DISCLOSURE_RELATION - 1] = ObjectIdGetDatum(transfer->relation);
	values[DISCLOSURE_BASIS - 1] = CStringGetTextDatum(channel->legal_basis);
	nulls[DISCLOSURE_REASON - 1] = transfer->reason == NULL;
	if (transfer->reason != NULL)
		values[DISCLOSURE_REASON - 1] = CStringGetTextDatum(transfer->reason);

	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	table_close(rel, RowExclusiveLock);
	return id;
}

static SysScanDesc
scan_disclosure(Relation rel, uint64 disclosure, ScanKeyData *key)
{
	ScanKeyInit(key, DISCLOSURE_ID, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum((int64) disclosure));
	return systable_beginscan(rel, protaddr_own_relation("disclosure_pkey"), true, NULL, 1, key);
}

/*
 * protaddr_disclosure_is_of is true if the row is there, our own included, and is of
 * this payer and table: what leaves with another payment, or after a rollback, is
 * another disclosure.
 */
bool
protaddr_disclosure_is_of(uint64 disclosure, const ProtaddrTransfer *transfer)
{
	Relation	rel = table_open(protaddr_own_relation("disclosure"), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	ScanKeyData key;
	SysScanDesc scan = scan_disclosure(rel, disclosure, &key);
	HeapTuple	tuple = systable_getnext(scan);
	bool		same = false;

	if (HeapTupleIsValid(tuple))
	{
		bool		no_payer;
		bool		no_relation;
		Datum		payer = heap_getattr(tuple, DISCLOSURE_PAYER, desc, &no_payer);
		Datum		relation = heap_getattr(tuple, DISCLOSURE_RELATION, desc, &no_relation);

		same = (no_relation ? InvalidOid : DatumGetObjectId(relation)) == transfer->relation &&
			(no_payer ? 0 : VARSIZE_ANY_EXHDR(DatumGetTextPP(payer))) == transfer->payer.len &&
			(no_payer || memcmp(VARDATA_ANY(DatumGetTextPP(payer)), transfer->payer.key,
								transfer->payer.len) == 0);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return same;
}

/* protaddr_disclosure_stands is true if the row is there, and can no longer be rolled back. */
bool
protaddr_disclosure_stands(uint64 disclosure)
{
	Relation	rel = table_open(protaddr_own_relation("disclosure"), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan = scan_disclosure(rel, disclosure, &key);
	HeapTuple	tuple = systable_getnext(scan);
	bool		stands = false;

	if (HeapTupleIsValid(tuple))
		stands = !TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return stands;
}
