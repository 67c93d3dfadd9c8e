/*
 * disclosure.c
 *		Which protected addresses were disclosed, and on what basis?
 *
 * An observer of the door.  A protected address that leaves leaves a row behind, one
 * for each payment and payee: who, when, through which channel, of whom, to whom, and
 * why.  The row is written before the address is revealed, and lives or dies with what
 * is written then.  What is sealed as disclosed names its row, and is shown only while
 * that row is there, committed: nobody can disclose, look and roll back.
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
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* columns of protaddr.disclosure */
enum
{
	DISCLOSURE_ID = 1,
	DISCLOSURE_AT,
	DISCLOSURE_BY,
	DISCLOSURE_AS,
	DISCLOSURE_KIND,
	DISCLOSURE_CHANNEL,
	DISCLOSURE_RULE_OF,
	DISCLOSURE_SUBJECTS,
	DISCLOSURE_PAYER,
	DISCLOSURE_PAYEE,
	DISCLOSURE_RECEIVER,
	DISCLOSURE_AMOUNT,
	DISCLOSURE_CURRENCY,
	DISCLOSURE_RELATION,
	DISCLOSURE_ROW_KEY,
	DISCLOSURE_HELD_ID,
	DISCLOSURE_PAYMENT,
	DISCLOSURE_BASIS,
	DISCLOSURE_REASON,
	DISCLOSURE_COLUMNS = DISCLOSURE_REASON
};

static void disclosure_start(void);
static void record_disclosure(ProtaddrEvent *event);

static const char *const disclosure_columns[] = {
	[DISCLOSURE_ID] = "id",
	[DISCLOSURE_AT] = "disclosed_at",
	[DISCLOSURE_BY] = "disclosed_by",
	[DISCLOSURE_AS] = "disclosed_as",
	[DISCLOSURE_KIND] = "kind",
	[DISCLOSURE_CHANNEL] = "channel",
	[DISCLOSURE_RULE_OF] = "valid_from",
	[DISCLOSURE_SUBJECTS] = "subjects",
	[DISCLOSURE_PAYER] = "payer",
	[DISCLOSURE_PAYEE] = "payee",
	[DISCLOSURE_RECEIVER] = "receiver",
	[DISCLOSURE_AMOUNT] = "amount",
	[DISCLOSURE_CURRENCY] = "currency",
	[DISCLOSURE_RELATION] = "relation",
	[DISCLOSURE_ROW_KEY] = "row_key",
	[DISCLOSURE_HELD_ID] = "held_id",
	[DISCLOSURE_PAYMENT] = "payment",
	[DISCLOSURE_BASIS] = "legal_basis",
	[DISCLOSURE_REASON] = "reason",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "disclosure", PROTADDR_COLUMNS(disclosure_columns), .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE},
};

const ProtaddrPart protaddr_disclosure_part = {
	PROTADDR_TABLES(tables),
	.start = disclosure_start
};

static void
disclosure_start(void)
{
	protaddr_observe(record_disclosure);
}

/* ---- which payment it is ------------------------------------------------------------ */

static int
compare_identifiers(const void *a, const void *b)
{
	const ProtaddrIdentifier *x = (const ProtaddrIdentifier *) a;
	const ProtaddrIdentifier *y = (const ProtaddrIdentifier *) b;
	int			order = memcmp(x->key, y->key, Min(x->len, y->len));

	return order != 0 ? order : x->len - y->len;
}

/* digest_payment names the payment, and the people whose address goes with it. */
static bytea *
digest_payment(const ProtaddrEvent *event, const ProtaddrIdentifier *people, int npeople,
			   const ProtaddrPayment *payment)
{
	const ProtaddrTransfer *transfer = event->transfer;
	const char *amount = transfer->amount == NULL ? "" : numeric_normalize(transfer->amount);
	pg_cryptohash_ctx *context = protaddr_digest_begin();
	bytea	   *digest = (bytea *) palloc(VARHDRSZ + PROTADDR_DIGEST_SIZE);

	protaddr_digest_add_sized(context, event->channel->name, event->channel->name_len);
	protaddr_digest_add_sized(context, transfer->payer.key, transfer->payer.len);
	protaddr_digest_add_sized(context, transfer->payee.key, transfer->payee.len);
	protaddr_digest_add_sized(context, transfer->receiver.key, transfer->receiver.len);
	protaddr_digest_add_sized(context, amount, strlen(amount));
	protaddr_digest_add_sized(context, transfer->currency, strlen(transfer->currency));
	protaddr_digest_add_sized(context, &transfer->held_id, sizeof(transfer->held_id));
	protaddr_digest_add_sized(context, payment->digest, transfer->describe != NULL ? sizeof(payment->digest) : 0);
	protaddr_digest_add_sized(context, payment->key, payment->key != NULL ? strlen(payment->key) : 0);
	for (int i = 0; i < npeople; i++)
		protaddr_digest_add_sized(context, people[i].key, people[i].len);
	SET_VARSIZE(digest, VARHDRSZ + PROTADDR_DIGEST_SIZE);
	protaddr_digest_end(context, VARDATA(digest));
	return digest;
}

static bool
is_of(HeapTuple tuple, TupleDesc desc, const bytea *payment)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, DISCLOSURE_PAYMENT, desc, &isnull);
	bytea	   *recorded = isnull ? NULL : DatumGetByteaPP(value);

	return recorded != NULL && VARSIZE_ANY_EXHDR(recorded) == VARSIZE_ANY_EXHDR(payment) &&
		memcmp(VARDATA_ANY(recorded), VARDATA_ANY(payment), VARSIZE_ANY_EXHDR(payment)) == 0;
}

/* find_by gives the record of this payment, our own included, that an index finds by a key; 0: none. */
static uint64
find_by(Relation rel, const char *index, ScanKey key, const bytea *payment)
{
	SysScanDesc scan = systable_beginscan(rel, protaddr_own_relation(index), true, SnapshotSelf, 1, key);
	HeapTuple	tuple = systable_getnext(scan);
	uint64		found = 0;
	bool		isnull;

	if (HeapTupleIsValid(tuple) && is_of(tuple, RelationGetDescr(rel), payment))
		found = (uint64) DatumGetInt64(heap_getattr(tuple, DISCLOSURE_ID, RelationGetDescr(rel), &isnull));
	systable_endscan(scan);
	return found;
}

/*
 * find_record gives the record of this payment; 0 if there is none.  A row with a key is
 * found by it.  Without a row the value itself names its record, or the message has made it;
 * and with a row that has no key nobody can tell a copy from the row.
 */
static uint64
find_record(Relation rel, const ProtaddrEvent *event, const bytea *payment, bool has_key)
{
	ScanKeyData key;
	uint64		found = 0;

	if (has_key)
	{
		ScanKeyInit(&key, DISCLOSURE_PAYMENT, BTEqualStrategyNumber, F_BYTEAEQ, PointerGetDatum(payment));
		return find_by(rel, "disclosure_payment", &key, payment);
	}
	if (event->kind != PROTADDR_IN_MESSAGE && event->kind != PROTADDR_IN_TEXT && event->transfer->describe != NULL)
		return 0;
	for (int i = 0; i < event->ndisclosed_before && found == 0; i++)
	{
		ScanKeyInit(&key, DISCLOSURE_ID, BTEqualStrategyNumber, F_INT8EQ,
					Int64GetDatum((int64) event->disclosed_before[i]));
		found = find_by(rel, "disclosure_pkey", &key, payment);
	}
	return found;
}

/* ---- the record ----------------------------------------------------------------------- */

static void
set_text(Datum *values, bool *nulls, int column, const char *data, int len)
{
	nulls[column - 1] = data == NULL || len == 0;
	if (!nulls[column - 1])
		values[column - 1] = PointerGetDatum(cstring_to_text_with_len(data, len));
}

static void
set_string(Datum *values, bool *nulls, int column, const char *string)
{
	set_text(values, nulls, column, string, string == NULL ? 0 : strlen(string));
}

static void
set_identifier(Datum *values, bool *nulls, int column, const ProtaddrIdentifier *id)
{
	set_text(values, nulls, column, id->key, id->len);
}

/* write_record writes the row and gives its number. */
static uint64
write_record(Relation rel, const ProtaddrEvent *event, const ProtaddrIdentifier *people,
			 int npeople, const ProtaddrPayment *payment, bytea *digest)
{
	const ProtaddrTransfer *transfer = event->transfer;
	Datum		values[DISCLOSURE_COLUMNS] = {0};
	bool		nulls[DISCLOSURE_COLUMNS] = {false};
	Datum	   *subjects = palloc(Max(npeople, 1) * sizeof(Datum));
	uint64		id = (uint64) protaddr_random_id();

	for (int i = 0; i < npeople; i++)
		subjects[i] = PointerGetDatum(cstring_to_text_with_len(people[i].key, people[i].len));

	values[DISCLOSURE_ID - 1] = Int64GetDatum((int64) id);
	values[DISCLOSURE_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	set_string(values, nulls, DISCLOSURE_BY, GetUserNameFromId(event->login_role, false));
	set_string(values, nulls, DISCLOSURE_AS, GetUserNameFromId(event->role, false));
	set_string(values, nulls, DISCLOSURE_KIND,
			   event->kind == PROTADDR_IN_MESSAGE ? "message" :
			   event->kind == PROTADDR_IN_TEXT ? "text" : "address");
	set_string(values, nulls, DISCLOSURE_CHANNEL, event->channel->name);
	values[DISCLOSURE_RULE_OF - 1] = TimestampTzGetDatum(event->answer->law->valid_from);
	values[DISCLOSURE_SUBJECTS - 1] =
		PointerGetDatum(construct_array(subjects, npeople, TEXTOID, -1, false, TYPALIGN_INT));
	set_identifier(values, nulls, DISCLOSURE_PAYER, &transfer->payer);
	set_identifier(values, nulls, DISCLOSURE_PAYEE, &transfer->payee);
	set_identifier(values, nulls, DISCLOSURE_RECEIVER, &transfer->receiver);
	nulls[DISCLOSURE_AMOUNT - 1] = transfer->amount == NULL;
	values[DISCLOSURE_AMOUNT - 1] = NumericGetDatum(transfer->amount);
	set_string(values, nulls, DISCLOSURE_CURRENCY, transfer->currency);
	set_string(values, nulls, DISCLOSURE_RELATION, payment->relation);
	nulls[DISCLOSURE_ROW_KEY - 1] = payment->key == NULL;
	if (payment->key != NULL)
		values[DISCLOSURE_ROW_KEY - 1] = DirectFunctionCall1(jsonb_in, CStringGetDatum(payment->key));
	nulls[DISCLOSURE_HELD_ID - 1] = transfer->held_id == 0;
	values[DISCLOSURE_HELD_ID - 1] = Int64GetDatum(transfer->held_id);
	values[DISCLOSURE_PAYMENT - 1] = PointerGetDatum(digest);
	/* of what two laws allow, the stricter; what the channel demanded when it was written */
	set_string(values, nulls, DISCLOSURE_BASIS, event->answer->law->legal_basis);
	set_string(values, nulls, DISCLOSURE_REASON, transfer->reason);

	CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values, nulls));
	return id;
}

/*
 * record_disclosure is the observer: of a protected address that leaves it writes a
 * record, or finds the one of this payment.  Showing what has left already is not a disclosure.
 */
static void
record_disclosure(ProtaddrEvent *event)
{
	const ProtaddrTransfer *transfer = event->transfer;
	ProtaddrPayment payment = {0};
	ProtaddrIdentifier *people;
	int			npeople;
	bytea	   *digest;
	Relation	rel;

	if (likely(event->answer->action != PROTADDR_DISCLOSE) || event->kind == PROTADDR_SHOWN)
		return;

	if (transfer->describe != NULL)
		transfer->describe(transfer, &payment);
	people = protaddr_identity_ends(event->people, event->npeople, &npeople);
	qsort(people, npeople, sizeof(*people), compare_identifiers);
	digest = digest_payment(event, people, npeople, &payment);

	rel = table_open(protaddr_own_relation("disclosure"), RowExclusiveLock);
	event->disclosure = find_record(rel, event, digest, payment.key != NULL);
	if (event->disclosure == 0)
		event->disclosure = write_record(rel, event, people, npeople, &payment, digest);
	table_close(rel, RowExclusiveLock);
}

/* protaddr_disclosure_stands is true if the row is there, and can no longer be rolled back. */
bool
protaddr_disclosure_stands(uint64 disclosure)
{
	Relation	rel = table_open(protaddr_own_relation("disclosure"), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		stands = false;

	ScanKeyInit(&key, DISCLOSURE_ID, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum((int64) disclosure));
	scan = systable_beginscan(rel, protaddr_own_relation("disclosure_pkey"), true, NULL, 1, &key);
	tuple = systable_getnext(scan);

	if (HeapTupleIsValid(tuple))
		stands = !TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return stands;
}
