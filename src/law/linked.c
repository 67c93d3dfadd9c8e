/*
 * linked.c
 *		Is this a small amount, together with the transfers it is linked to?
 *
 * Reg. (EU) 2023/1113 art. 6 lets a transfer of at most 1,000 euro go without the
 * payer's address, unless it is one of several that appear to be linked.  Here those
 * of one payer to one payee within a span of time count together.  Only what is
 * asked about is noted, so transfers of people who are protected.
 *
 * Read as the table stands now, our own changes included, under any isolation level.
 * Two sessions at once may not see each other's transfer: then each counts as the
 * smaller one, and less leaves.
 */
#include "postgres.h"

#include "base/base.h"
#include "law/law.h"
#include "person/person.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* columns of protaddr.linked_transfer */
enum
{
	LINKED_PAYEE_KEY = 1,
	LINKED_AT,
	LINKED_PAYER_KEYS,
	LINKED_AMOUNT,
	LINKED_CURRENCY,
	LINKED_RELATION,
	LINKED_REFERENCE,
	LINKED_COLUMNS = LINKED_REFERENCE
};

/* columns of protaddr.exchange_rate */
enum
{
	RATE_CURRENCY = 1,
	RATE_IN_CURRENCY,
	RATE_VALID_FROM,
	RATE_RATE,
	RATE_RECORDED_BY
};

static const char *const linked_columns[] = {
	[LINKED_PAYEE_KEY] = "payee_key",
	[LINKED_AT] = "at",
	[LINKED_PAYER_KEYS] = "payer_keys",
	[LINKED_AMOUNT] = "amount",
	[LINKED_CURRENCY] = "currency",
	[LINKED_RELATION] = "relation",
	[LINKED_REFERENCE] = "reference",
};

static const char *const rate_columns[] = {
	[RATE_CURRENCY] = "currency",
	[RATE_IN_CURRENCY] = "in_currency",
	[RATE_VALID_FROM] = "valid_from",
	[RATE_RATE] = "rate",
	[RATE_RECORDED_BY] = "recorded_by",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "linked_transfer", PROTADDR_COLUMNS(linked_columns)},
	{.name = "exchange_rate", PROTADDR_COLUMNS(rate_columns), .rules = PROTADDR_ROWS_STAY | PROTADDR_CHANGE_LETS_OUT},
};

const ProtaddrPart protaddr_linked_part = {
	PROTADDR_TABLES(tables),
};

static Numeric in_currency(Numeric amount, const char *from, const char *to, TimestampTz now);
static Numeric rate_of(const char *from, const char *to, TimestampTz now);
static Datum text_datum(const char *data, int len);
static HeapTuple noted_before(Relation rel, const ProtaddrTransfer *transfer);
static HeapTuple linked_next(SysScanDesc scan, Relation rel, const ProtaddrTransfer *transfer,
							 const ProtaddrIdentifier *payers, int npayers, bool *same);
static bool is_one_of(Datum keys, const ProtaddrIdentifier *payers, int npayers);

static TimestampTz
statement_time(void)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();

	return now != 0 ? now : GetCurrentTimestamp();
}

/* scan_payee finds what was transferred to the payee since then. */
static SysScanDesc
scan_payee(Relation rel, const ProtaddrTransfer *transfer, TimestampTz since, ScanKeyData *keys)
{
	ScanKeyEntryInitialize(&keys[0], 0, LINKED_PAYEE_KEY, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ,
						   text_datum(transfer->payee.key, transfer->payee.len));
	ScanKeyInit(&keys[1], LINKED_AT, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT,
				TimestampTzGetDatum(since));
	return systable_beginscan(rel, protaddr_own_relation("linked_transfer_payee"), true,
							  SnapshotSelf, 2, keys);
}

/*
 * protaddr_small weighs the transfer, with those it is linked to, against what the
 * channel calls a small amount.
 */
ProtaddrSmall
protaddr_small(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer)
{
	TimestampTz now = statement_time();
	Numeric		sum;
	Relation	rel;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	ProtaddrIdentifier *payers;
	int			npayers;
	TimestampTz since;
	bool		same;

	if (transfer->amount == NULL || transfer->currency[0] == '\0')
		return PROTADDR_SMALL_UNKNOWN;
	sum = in_currency(transfer->amount, transfer->currency, channel->small_currency, now);
	if (sum == NULL)
		return PROTADDR_SMALL_UNKNOWN;

	if (channel->linked_within != NULL && !transfer->counts_alone && transfer->payee.len > 0)
	{
		since = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval,
														TimestampTzGetDatum(now),
														IntervalPGetDatum(channel->linked_within)));
		payers = protaddr_identity_people(&transfer->payer, &npayers);
		rel = table_open(protaddr_own_relation("linked_transfer"), AccessShareLock);
		scan = scan_payee(rel, transfer, since, keys);
		while (HeapTupleIsValid(tuple = linked_next(scan, rel, transfer, payers, npayers, &same)))
		{
			bool		isnull;
			Datum		amount = heap_getattr(tuple, LINKED_AMOUNT, RelationGetDescr(rel), &isnull);
			Datum		currency = heap_getattr(tuple, LINKED_CURRENCY, RelationGetDescr(rel), &isnull);
			Numeric		other;

			CHECK_FOR_INTERRUPTS();
			if (same)
				continue;
			other = in_currency(DatumGetNumeric(amount), TextDatumGetCString(currency),
								channel->small_currency, now);
			/* linked to something of unknown size: not to be called small, nor large */
			if (other == NULL)
			{
				systable_endscan(scan);
				table_close(rel, AccessShareLock);
				return PROTADDR_SMALL_UNKNOWN;
			}
			sum = DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(sum),
													  NumericGetDatum(other)));
		}
		systable_endscan(scan);
		table_close(rel, AccessShareLock);
		pfree(payers);
	}

	return DatumGetBool(DirectFunctionCall2(numeric_le, NumericGetDatum(sum),
											NumericGetDatum(channel->small_amount))) ?
		PROTADDR_SMALL : PROTADDR_NOT_SMALL;
}

/*
 * noted_before gives what was noted of the row, locked; NULL if nothing was.  Another
 * session may be writing the same row, by ON CONFLICT: we wait until it has.  If both
 * have noted it, one of the two goes.
 */
static HeapTuple
noted_before(Relation rel, const ProtaddrTransfer *transfer)
{
	for (;;)
	{
		ScanKeyData keys[2];
		SysScanDesc scan;
		HeapTuple	tuple;
		HeapTuple	before = NULL;
		List	   *again = NIL;
		ListCell   *cell;
		HeapTupleData locked;
		Buffer		buffer;
		TM_FailureData failure;
		TM_Result	result;

		CHECK_FOR_INTERRUPTS();
		ScanKeyInit(&keys[0], LINKED_RELATION, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(transfer->relation));
		ScanKeyInit(&keys[1], LINKED_REFERENCE, BTEqualStrategyNumber, F_INT8EQ,
					Int64GetDatum((int64) transfer->reference));
		scan = systable_beginscan(rel, protaddr_own_relation("linked_transfer_reference"), true,
								  SnapshotSelf, 2, keys);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			if (before == NULL)
				before = heap_copytuple(tuple);
			else
				again = lappend(again, heap_copytuple(tuple));
		}
		systable_endscan(scan);
		if (before == NULL)
			return NULL;

		/* ON CONFLICT DO UPDATE comes here twice in one command */
		CommandCounterIncrement();
		locked.t_self = before->t_self;
		result = heap_lock_tuple(rel, &locked, GetCurrentCommandId(true), LockTupleExclusive,
								 LockWaitBlock, false, &buffer, &failure);
		ReleaseBuffer(buffer);
		if (result == TM_Ok)
		{
			foreach(cell, again)
				CatalogTupleDelete(rel, &((HeapTuple) lfirst(cell))->t_self);
			list_free_deep(again);
			return before;
		}
		if (result != TM_Updated && result != TM_Deleted)
			elog(ERROR, "could not lock a linked transfer");
		heap_freetuple(before);
		list_free_deep(again);
	}
}

/*
 * protaddr_linked_record notes a transfer, or what has become of it if its row was
 * noted before.  anew: then it is left as it is, and the result is false; a row that
 * is inserted may meet one of its key, and not be stored.
 *
 * Before the row, so that rows of one statement count together.  One that is not
 * stored after all (ON CONFLICT DO NOTHING), and under whose key nothing was noted,
 * counts nevertheless, as if it had been stored and deleted.
 */
bool
protaddr_linked_record(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer, bool anew)
{
	Relation	rel;
	HeapTuple	tuple;
	HeapTuple	before = NULL;
	ProtaddrIdentifier *payers;
	int			npayers;
	Datum	   *payer_keys;
	Datum		values[LINKED_COLUMNS];
	bool		nulls[LINKED_COLUMNS] = {false};

	/* the answer says so of no other */
	Assert(channel->linked_within != NULL && OidIsValid(transfer->relation));
	Assert(transfer->payer.len > 0 && transfer->payee.len > 0);
	if (transfer->counts_alone || transfer->amount == NULL || transfer->currency[0] == '\0')
		return true;

	payers = protaddr_identity_people(&transfer->payer, &npayers);
	rel = table_open(protaddr_own_relation("linked_transfer"), RowExclusiveLock);
	if (transfer->has_reference)
		before = noted_before(rel, transfer);
	if (before != NULL && anew)
	{
		table_close(rel, RowExclusiveLock);
		pfree(payers);
		return false;
	}

	payer_keys = palloc(npayers * sizeof(Datum));
	for (int i = 0; i < npayers; i++)
		payer_keys[i] = text_datum(payers[i].key, payers[i].len);
	values[LINKED_PAYEE_KEY - 1] = text_datum(transfer->payee.key, transfer->payee.len);
	values[LINKED_AT - 1] = TimestampTzGetDatum(statement_time());
	values[LINKED_PAYER_KEYS - 1] =
		PointerGetDatum(construct_array(payer_keys, npayers, TEXTOID, -1, false, TYPALIGN_INT));
	values[LINKED_AMOUNT - 1] = NumericGetDatum(transfer->amount);
	values[LINKED_CURRENCY - 1] = CStringGetTextDatum(transfer->currency);
	values[LINKED_RELATION - 1] = ObjectIdGetDatum(transfer->relation);
	values[LINKED_REFERENCE - 1] = Int64GetDatum((int64) transfer->reference);
	nulls[LINKED_REFERENCE - 1] = !transfer->has_reference;

	if (before == NULL)
		CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	else
	{
		bool		replace[LINKED_COLUMNS] = {false};

		/* when it was first made is when it counts from; all else is as it reads now */
		replace[LINKED_PAYEE_KEY - 1] = replace[LINKED_PAYER_KEYS - 1] = true;
		replace[LINKED_AMOUNT - 1] = replace[LINKED_CURRENCY - 1] = true;
		tuple = heap_modify_tuple(before, RelationGetDescr(rel), values, nulls, replace);
		CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	}
	table_close(rel, RowExclusiveLock);
	pfree(payers);
	return true;
}

static bool
is_same_person(const ProtaddrIdentifier *a, const ProtaddrIdentifier *b)
{
	return a->len == b->len && memcmp(a->key, b->key, a->len) == 0;
}

/*
 * protaddr_linked_follow keeps what was noted of a row that an update changes: it
 * takes the row's new key and amount along.  What is no longer a transfer of these two,
 * or of no known amount, does not count any more; if it is one to be noted, it is
 * noted anew.
 */
void
protaddr_linked_follow(const ProtaddrTransfer *was, const ProtaddrTransfer *now)
{
	bool		same_people = is_same_person(&was->payer, &now->payer) &&
	is_same_person(&was->payee, &now->payee);
	Relation	rel;
	HeapTuple	before;

	Assert(OidIsValid(was->relation));
	if (!was->has_reference ||
		(same_people && now->has_reference && was->reference == now->reference &&
		 was->amount != NULL && now->amount != NULL &&
		 DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(was->amount),
										  NumericGetDatum(now->amount))) &&
		 strcmp(was->currency, now->currency) == 0))
		return;

	rel = table_open(protaddr_own_relation("linked_transfer"), RowExclusiveLock);
	before = noted_before(rel, was);
	if (before != NULL && same_people && now->has_reference && now->amount != NULL &&
		now->currency[0] != '\0')
	{
		Datum		values[LINKED_COLUMNS];
		bool		nulls[LINKED_COLUMNS] = {false};
		bool		replace[LINKED_COLUMNS] = {false};
		HeapTuple	tuple;

		values[LINKED_AMOUNT - 1] = NumericGetDatum(now->amount);
		values[LINKED_CURRENCY - 1] = CStringGetTextDatum(now->currency);
		values[LINKED_REFERENCE - 1] = Int64GetDatum((int64) now->reference);
		replace[LINKED_AMOUNT - 1] = replace[LINKED_CURRENCY - 1] = true;
		replace[LINKED_REFERENCE - 1] = true;
		tuple = heap_modify_tuple(before, RelationGetDescr(rel), values, nulls, replace);
		CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	}
	else if (before != NULL)
		CatalogTupleDelete(rel, &before->t_self);
	table_close(rel, RowExclusiveLock);
}

/* linked_next gives the next transfer of any of these payers; same: it is this very one. */
static HeapTuple
linked_next(SysScanDesc scan, Relation rel, const ProtaddrTransfer *transfer,
			const ProtaddrIdentifier *payers, int npayers, bool *same)
{
	TupleDesc	desc = RelationGetDescr(rel);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		relation = heap_getattr(tuple, LINKED_RELATION, desc, &isnull);
		Datum		reference = heap_getattr(tuple, LINKED_REFERENCE, desc, &isnull);

		*same = !isnull && transfer->has_reference &&
			DatumGetObjectId(relation) == transfer->relation &&
			(uint64) DatumGetInt64(reference) == transfer->reference;
		if (*same || is_one_of(heap_getattr(tuple, LINKED_PAYER_KEYS, desc, &isnull), payers, npayers))
			return tuple;
	}
	return NULL;
}

static bool
is_one_of(Datum keys, const ProtaddrIdentifier *payers, int npayers)
{
	Datum	   *key;
	int			nkeys;

	deconstruct_array(DatumGetArrayTypeP(keys), TEXTOID, -1, false, TYPALIGN_INT, &key, NULL, &nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		text	   *t = DatumGetTextPP(key[i]);

		for (int j = 0; j < npayers; j++)
			if (VARSIZE_ANY_EXHDR(t) == payers[j].len &&
				memcmp(VARDATA_ANY(t), payers[j].key, payers[j].len) == 0)
				return true;
	}
	return false;
}

/* in_currency converts an amount; NULL if there is no rate, or if it is no number. */
static Numeric
in_currency(Numeric amount, const char *from, const char *to, TimestampTz now)
{
	Numeric		rate;

	if (numeric_is_nan(amount) || numeric_is_inf(amount))
		return NULL;
	amount = DatumGetNumeric(DirectFunctionCall1(numeric_abs, NumericGetDatum(amount)));
	if (strcmp(from, to) == 0)
		return amount;
	rate = rate_of(from, to, now);
	if (rate != NULL)
		return DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(amount),
												   NumericGetDatum(rate)));
	rate = rate_of(to, from, now);
	if (rate != NULL)
		return DatumGetNumeric(DirectFunctionCall2(numeric_div, NumericGetDatum(amount),
												   NumericGetDatum(rate)));
	return NULL;
}

/* rate_of gives how much one unit of a currency is in another, by the newest rate there is. */
static Numeric
rate_of(const char *from, const char *to, TimestampTz now)
{
	Relation	rel = table_open(protaddr_own_relation("exchange_rate"), AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	TimestampTz newest = DT_NOBEGIN;
	Numeric		rate = NULL;

	ScanKeyEntryInitialize(&keys[0], 0, RATE_CURRENCY, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ, text_datum(from, strlen(from)));
	ScanKeyEntryInitialize(&keys[1], 0, RATE_IN_CURRENCY, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ, text_datum(to, strlen(to)));
	scan = systable_beginscan(rel, protaddr_own_relation("exchange_rate_pkey"), true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		TimestampTz from_when = DatumGetTimestampTz(heap_getattr(tuple, RATE_VALID_FROM,
																 RelationGetDescr(rel), &isnull));

		if (from_when > now || (rate != NULL && from_when <= newest))
			continue;
		newest = from_when;
		rate = DatumGetNumericCopy(heap_getattr(tuple, RATE_RATE, RelationGetDescr(rel), &isnull));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return rate;
}

static Datum
text_datum(const char *data, int len)
{
	return PointerGetDatum(cstring_to_text_with_len(data, len));
}
