/*
 * request.c
 *		On what have two persons agreed?
 *
 * One asks to see some protected addresses, another approves, for a time and a number.
 * Both are rows.  That a request was used is not: it would be undone with the transaction
 * that used it (see spent.c).
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "clearance/clearance.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

/* columns of protaddr.unlock_request */
enum
{
	REQUEST_ID = 1,
	REQUEST_ROLE_OID,
	REQUEST_ROLE_NAME,
	REQUEST_ASKED_IN,
	REQUEST_PURPOSE,
	REQUEST_REFERENCE,
	REQUEST_REASON,
	REQUEST_ADDRESSES,
	REQUEST_VALID_FOR,
	REQUEST_ASKED_AT
};

static const char *const request_columns[] = {
	[REQUEST_ID] = "id",
	[REQUEST_ROLE_OID] = "role_oid",
	[REQUEST_ROLE_NAME] = "role_name",
	[REQUEST_ASKED_IN] = "asked_in",
	[REQUEST_PURPOSE] = "purpose",
	[REQUEST_REFERENCE] = "reference",
	[REQUEST_REASON] = "reason",
	[REQUEST_ADDRESSES] = "addresses",
	[REQUEST_VALID_FOR] = "valid_for",
	[REQUEST_ASKED_AT] = "asked_at",
};

/* columns of protaddr.unlock_approval */
enum
{
	APPROVAL_REQUEST = 1,
	APPROVAL_APPROVED,
	APPROVAL_ROLE_OID,
	APPROVAL_ROLE_NAME,
	APPROVAL_REASON,
	APPROVAL_ADDRESSES,
	APPROVAL_VALID_UNTIL,
	APPROVAL_DECIDED_AT
};

static const char *const approval_columns[] = {
	[APPROVAL_REQUEST] = "request",
	[APPROVAL_APPROVED] = "approved",
	[APPROVAL_ROLE_OID] = "role_oid",
	[APPROVAL_ROLE_NAME] = "role_name",
	[APPROVAL_REASON] = "reason",
	[APPROVAL_ADDRESSES] = "addresses",
	[APPROVAL_VALID_UNTIL] = "valid_until",
	[APPROVAL_DECIDED_AT] = "decided_at",
};

static const char why_they_stay[] = "It is on record who asked to see protected addresses, and who approved.";

static HeapTuple request_change(TriggerData *trigdata, HeapTuple row);
static HeapTuple approval_change(TriggerData *trigdata, HeapTuple row);

static const ProtaddrOwnTable tables[] = {
	{.name = "unlock_request", PROTADDR_COLUMNS(request_columns),
	.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE, .why_rows_stay = why_they_stay, .change = request_change},
	{.name = "unlock_approval", PROTADDR_COLUMNS(approval_columns),
		.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE | PROTADDR_CHANGE_LETS_OUT,
	.why_rows_stay = why_they_stay, .change = approval_change},
};

const ProtaddrPart protaddr_request_part = {
	PROTADDR_TABLES(tables),
};

/* ---- on the trail ------------------------------------------------------------------- */

/* request_change puts on record who asks; why, in their own words, the row says. */
static HeapTuple
request_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	bool		isnull;
	ProtaddrAudit record;

	protaddr_audit_begin(&record, "unlock_requested");
	protaddr_audit_number(&record, "request", DatumGetInt64(heap_getattr(row, REQUEST_ID, desc, &isnull)));
	protaddr_audit_text(&record, "asked_by", protaddr_column_text(row, desc, REQUEST_ROLE_NAME));
	protaddr_audit_text(&record, "purpose", protaddr_column_text(row, desc, REQUEST_PURPOSE));
	protaddr_audit_text(&record, "reference", protaddr_column_text(row, desc, REQUEST_REFERENCE));
	protaddr_audit_number(&record, "addresses", DatumGetInt32(heap_getattr(row, REQUEST_ADDRESSES, desc, &isnull)));
	protaddr_audit_write(&record);
	return row;
}

/* approval_change puts on record who approves or refuses. */
static HeapTuple
approval_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	bool		isnull;
	ProtaddrAudit record;

	protaddr_audit_begin(&record, "unlock_decided");
	protaddr_audit_number(&record, "request", DatumGetInt64(heap_getattr(row, APPROVAL_REQUEST, desc, &isnull)));
	protaddr_audit_bool(&record, "approved", DatumGetBool(heap_getattr(row, APPROVAL_APPROVED, desc, &isnull)));
	protaddr_audit_text(&record, "decided_by", protaddr_column_text(row, desc, APPROVAL_ROLE_NAME));
	protaddr_audit_number(&record, "addresses", DatumGetInt32(heap_getattr(row, APPROVAL_ADDRESSES, desc, &isnull)));
	protaddr_audit_text(&record, "valid_until", timestamptz_to_str(DatumGetTimestampTz(heap_getattr(row, APPROVAL_VALID_UNTIL, desc, &isnull))));
	protaddr_audit_write(&record);
	return row;
}

/* ---- reading ------------------------------------------------------------------------- */

/* The row of a table that a number finds; the scan is the caller's to end. */
static HeapTuple
row_of(Relation rel, const char *index, int64 number, SysScanDesc *scan)
{
	ScanKeyData key;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(number));
	*scan = systable_beginscan(rel, protaddr_own_relation(index), true, NULL, 1, &key);
	return systable_getnext(*scan);
}

static bool
text_is(HeapTuple tuple, TupleDesc desc, AttrNumber column, const char *word)
{
	char	   *value = protaddr_column_text(tuple, desc, column);

	return strcmp(value == NULL ? "" : value, word) == 0;
}

/* is_of tells whether a role has asked with these words. */
static bool
is_of(HeapTuple tuple, TupleDesc desc, Oid role, const char *purpose, const char *reference)
{
	bool		isnull;

	return DatumGetObjectId(heap_getattr(tuple, REQUEST_ROLE_OID, desc, &isnull)) == role &&
		protaddr_is_still_role(role, protaddr_column_text(tuple, desc, REQUEST_ROLE_NAME), protaddr_column_text(tuple, desc, REQUEST_ASKED_IN)) &&
		text_is(tuple, desc, REQUEST_PURPOSE, purpose) &&
		text_is(tuple, desc, REQUEST_REFERENCE, reference);
}

static bool
asked(int64 request, Oid role, const char *purpose, const char *reference)
{
	Relation	rel = table_open(protaddr_own_relation("unlock_request"), AccessShareLock);
	SysScanDesc scan;
	HeapTuple	tuple = row_of(rel, "unlock_request_pkey", request, &scan);
	bool		is = HeapTupleIsValid(tuple) && is_of(tuple, RelationGetDescr(rel), role, purpose, reference);

	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return is;
}

/*
 * read_approval reads what was approved; false if it was refused, or by somebody who by now
 * is one person with whoever asked.
 */
static bool
read_approval(HeapTuple tuple, TupleDesc desc, Oid role, ProtaddrApproval *approval)
{
	bool		isnull;
	Oid			by;

	if (!DatumGetBool(heap_getattr(tuple, APPROVAL_APPROVED, desc, &isnull)))
		return false;
	by = DatumGetObjectId(heap_getattr(tuple, APPROVAL_ROLE_OID, desc, &isnull));
	if (by == role || is_member_of_role(by, role) || is_member_of_role(role, by))
		return false;
	approval->approved_by = protaddr_column_text(tuple, desc, APPROVAL_ROLE_NAME);
	approval->addresses = DatumGetInt32(heap_getattr(tuple, APPROVAL_ADDRESSES, desc, &isnull));
	approval->valid_until = DatumGetTimestampTz(heap_getattr(tuple, APPROVAL_VALID_UNTIL, desc, &isnull));
	return true;
}

/*
 * protaddr_approval reads what was approved of a role's request, palloc'd; false if it
 * was not, or not of these words.  Whether its time is over, the caller asks.
 */
bool
protaddr_approval(int64 request, Oid role, const char *purpose, const char *reference,
				  ProtaddrApproval *approval)
{
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		approved;

	if (!asked(request, role, purpose, reference))
		return false;
	rel = table_open(protaddr_own_relation("unlock_approval"), AccessShareLock);
	tuple = row_of(rel, "unlock_approval_pkey", request, &scan);
	approved = HeapTupleIsValid(tuple) && read_approval(tuple, RelationGetDescr(rel), role, approval);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return approved;
}
