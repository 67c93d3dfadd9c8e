/*
 * grant.c
 *		For which purposes may protected addresses be seen, and who may see them?
 *
 * Read as the tables stand now, not as the statement's snapshot has them: what is taken
 * away from somebody is gone at once.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "clearance/clearance.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

/* columns of protaddr.purpose */
enum
{
	PURPOSE_NAME = 1,
	PURPOSE_LEGAL_BASIS,
	PURPOSE_NEEDS_APPROVAL,
	PURPOSE_NEEDS_REFERENCE,
	PURPOSE_DESCRIPTION,
	PURPOSE_SHIPPED,
	PURPOSE_IN_USE
};

static const char *const purpose_columns[] = {
	[PURPOSE_NAME] = "purpose",
	[PURPOSE_LEGAL_BASIS] = "legal_basis",
	[PURPOSE_NEEDS_APPROVAL] = "needs_approval",
	[PURPOSE_NEEDS_REFERENCE] = "needs_reference",
	[PURPOSE_DESCRIPTION] = "description",
	[PURPOSE_SHIPPED] = "shipped",
	[PURPOSE_IN_USE] = "in_use",
};

/* columns of protaddr.clearance */
enum
{
	CLEARANCE_ID = 1,
	CLEARANCE_ROLE_OID,
	CLEARANCE_ROLE_NAME,
	CLEARANCE_GRANTED_IN,
	CLEARANCE_PURPOSE,
	CLEARANCE_VALID_FROM,
	CLEARANCE_VALID_UNTIL,
	CLEARANCE_DAILY_LIMIT,
	CLEARANCE_CONTRACT,
	CLEARANCE_SUBJECTS,
	CLEARANCE_COUNTER,
	CLEARANCE_GRANTED_BY,
	CLEARANCE_RECORDED_FROM,
	CLEARANCE_RECORDED_TO
};

static const char *const clearance_columns[] = {
	[CLEARANCE_ID] = "id",
	[CLEARANCE_ROLE_OID] = "role_oid",
	[CLEARANCE_ROLE_NAME] = "role_name",
	[CLEARANCE_GRANTED_IN] = "granted_in",
	[CLEARANCE_PURPOSE] = "purpose",
	[CLEARANCE_VALID_FROM] = "valid_from",
	[CLEARANCE_VALID_UNTIL] = "valid_until",
	[CLEARANCE_DAILY_LIMIT] = "daily_limit",
	[CLEARANCE_CONTRACT] = "contract",
	[CLEARANCE_SUBJECTS] = "subjects",
	[CLEARANCE_COUNTER] = "counter",
	[CLEARANCE_GRANTED_BY] = "granted_by",
	[CLEARANCE_RECORDED_FROM] = "recorded_from",
	[CLEARANCE_RECORDED_TO] = "recorded_to",
};

static HeapTuple purpose_change(TriggerData *trigdata, HeapTuple row);
static HeapTuple clearance_change(TriggerData *trigdata, HeapTuple row);

static const ProtaddrOwnTable tables[] = {
	{.name = "purpose", PROTADDR_COLUMNS(purpose_columns), .rules = PROTADDR_CHANGE_LETS_OUT, .change = purpose_change},
	{.name = "clearance", PROTADDR_COLUMNS(clearance_columns),
		.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE | PROTADDR_CHANGE_LETS_OUT,
	.why_rows_stay = "It is on record who could see protected addresses.", .change = clearance_change},
};

const ProtaddrPart protaddr_grant_part = {
	PROTADDR_TABLES(tables),
};

static int64
number_of(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	switch (TupleDescAttr(desc, column - 1)->atttypid)
	{
		case INT8OID:
			return isnull ? 0 : DatumGetInt64(value);
		case INT4OID:
			return isnull ? 0 : DatumGetInt32(value);
		case OIDOID:
			return isnull ? 0 : DatumGetObjectId(value);
		case BOOLOID:
			return !isnull && DatumGetBool(value);
	}
	elog(ERROR, "column %d is no number", column);
}

/* ---- on the trail ------------------------------------------------------------------- */

/* purpose_change puts on record what becomes of a purpose. */
static HeapTuple
purpose_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	ProtaddrAudit record;

	protaddr_audit_begin(&record, TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) ? "purpose_removed" : "purpose_changed");
	protaddr_audit_text(&record, "purpose", protaddr_column_text(row, desc, PURPOSE_NAME));
	protaddr_audit_text(&record, "legal_basis", protaddr_column_text(row, desc, PURPOSE_LEGAL_BASIS));
	protaddr_audit_bool(&record, "needs_approval", number_of(row, desc, PURPOSE_NEEDS_APPROVAL) != 0);
	protaddr_audit_bool(&record, "needs_reference", number_of(row, desc, PURPOSE_NEEDS_REFERENCE) != 0);
	protaddr_audit_bool(&record, "in_use", number_of(row, desc, PURPOSE_IN_USE) != 0);
	protaddr_audit_write(&record);
	return row;
}

/* clearance_change puts on record who is given a clearance, and from whom one is taken. */
static HeapTuple
clearance_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	bool		isnull;
	ProtaddrAudit record;

	protaddr_audit_begin(&record, TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ? "clearance_granted" : "clearance_ended");
	protaddr_audit_number(&record, "clearance", number_of(row, desc, CLEARANCE_ID));
	protaddr_audit_text(&record, "to", protaddr_column_text(row, desc, CLEARANCE_ROLE_NAME));
	protaddr_audit_number(&record, "to_oid", number_of(row, desc, CLEARANCE_ROLE_OID));
	protaddr_audit_text(&record, "purpose", protaddr_column_text(row, desc, CLEARANCE_PURPOSE));
	protaddr_audit_text(&record, "valid_from", timestamptz_to_str(DatumGetTimestampTz(heap_getattr(row, CLEARANCE_VALID_FROM, desc, &isnull))));
	protaddr_audit_text(&record, "valid_until", timestamptz_to_str(DatumGetTimestampTz(heap_getattr(row, CLEARANCE_VALID_UNTIL, desc, &isnull))));
	protaddr_audit_number(&record, "daily_limit", number_of(row, desc, CLEARANCE_DAILY_LIMIT));
	protaddr_audit_text(&record, "contract", protaddr_column_text(row, desc, CLEARANCE_CONTRACT));
	(void) heap_getattr(row, CLEARANCE_SUBJECTS, desc, &isnull);
	protaddr_audit_bool(&record, "of_a_case", !isnull);
	protaddr_audit_write(&record);
	return row;
}

/* ---- reading ------------------------------------------------------------------------- */

/* protaddr_purpose reads a purpose, palloc'd; false if there is none of that name in use. */
bool
protaddr_purpose(const char *name, ProtaddrPurpose *purpose)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_PURPOSE), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		in_use = false;

	ScanKeyInit(&key, PURPOSE_NAME, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(name));
	scan = systable_beginscan(rel, protaddr_table_index(PROTADDR_PURPOSE), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		purpose->legal_basis = protaddr_column_text(tuple, desc, PURPOSE_LEGAL_BASIS);
		purpose->needs_approval = number_of(tuple, desc, PURPOSE_NEEDS_APPROVAL) != 0;
		purpose->needs_reference = number_of(tuple, desc, PURPOSE_NEEDS_REFERENCE) != 0;
		in_use = number_of(tuple, desc, PURPOSE_IN_USE) != 0;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return in_use;
}

/* read_subjects reads to whose addresses a clearance is limited; palloc'd. */
static void
read_subjects(HeapTuple tuple, TupleDesc desc, ProtaddrClearance *clearance)
{
	bool		isnull;
	Datum		array = heap_getattr(tuple, CLEARANCE_SUBJECTS, desc, &isnull);
	Datum	   *subjects;

	clearance->subjects = NULL;
	clearance->nsubjects = 0;
	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypePCopy(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &subjects, NULL, &clearance->nsubjects);
	clearance->subjects = palloc(Max(clearance->nsubjects, 1) * sizeof(PaText));
	for (int i = 0; i < clearance->nsubjects; i++)
	{
		clearance->subjects[i].data = VARDATA_ANY(DatumGetPointer(subjects[i]));
		clearance->subjects[i].len = VARSIZE_ANY_EXHDR(DatumGetPointer(subjects[i]));
	}
}

/* in_force is true of a row that was not taken away, or put in the place of. */
static bool
in_force(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;

	return TIMESTAMP_IS_NOEND(DatumGetTimestampTz(heap_getattr(tuple, CLEARANCE_RECORDED_TO, desc, &isnull)));
}

static bool
read_clearance(HeapTuple tuple, TupleDesc desc, ProtaddrClearance *clearance)
{
	Oid			role = (Oid) number_of(tuple, desc, CLEARANCE_ROLE_OID);
	bool		isnull;

	if (!protaddr_is_still_role(role, protaddr_column_text(tuple, desc, CLEARANCE_ROLE_NAME),
								protaddr_column_text(tuple, desc, CLEARANCE_GRANTED_IN)))
		return false;
	clearance->id = number_of(tuple, desc, CLEARANCE_ID);
	clearance->counter = number_of(tuple, desc, CLEARANCE_COUNTER);
	clearance->valid_from = DatumGetTimestampTz(heap_getattr(tuple, CLEARANCE_VALID_FROM, desc, &isnull));
	clearance->valid_until = DatumGetTimestampTz(heap_getattr(tuple, CLEARANCE_VALID_UNTIL, desc, &isnull));
	clearance->daily_limit = (int32) number_of(tuple, desc, CLEARANCE_DAILY_LIMIT);
	clearance->contract = protaddr_column_text(tuple, desc, CLEARANCE_CONTRACT);
	read_subjects(tuple, desc, clearance);
	return true;
}

/*
 * protaddr_clearance reads the clearance of a role for a purpose, palloc'd; false if it has
 * none that was not taken away.  Whether its time has come, or is over, the caller asks.
 */
bool
protaddr_clearance(Oid role, const char *purpose, ProtaddrClearance *clearance)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_CLEARANCE), AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key[0], CLEARANCE_ROLE_OID, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(role));
	ScanKeyInit(&key[1], CLEARANCE_PURPOSE, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(purpose));
	scan = systable_beginscan(rel, protaddr_table_index(PROTADDR_CLEARANCE), true, NULL, 2, key);
	/* there is one at most that was not taken away; ignore_system_indexes brings the others, too */
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = in_force(tuple, RelationGetDescr(rel)) && read_clearance(tuple, RelationGetDescr(rel), clearance);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}
