/*
 * replace.c
 *		How does a person's record set replace what a source said of them before?
 *
 * The one engine behind every loader.  What a record set changes is found out in
 * difference.c; here rows are closed and added for it, never changed.
 *
 * The table is locked against other writers meanwhile, not against readers: two
 * deliveries at once, or a delivery and an entry by hand, wait for each other.  All
 * of a delivery is one transaction, so a reader sees the old register or the new.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person.h"
#include "register/register_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* The people of whom a source says something, as hashes; two that fall together
 * are both looked up. */
typedef struct KnownPerson
{
	uint64		hash;
	uint32		batch;			/* changed in this batch, 0: in none */
	char		status;
} KnownPerson;

#define SH_PREFIX known
#define SH_ELEMENT_TYPE KnownPerson
#define SH_KEY_TYPE uint64
#define SH_KEY hash
#define SH_HASH_KEY(tb, key) ((uint32) (key))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * Changes are written a thousand at a time: each statement makes PostgreSQL build
 * its picture of the table anew, since our trigger announces a change.
 */
#define BATCH_ROWS		1024

/* what differs between the rows that a batch adds */
enum
{
	ADD_KIND = 0,
	ADD_SUBJECT,
	ADD_CODE,
	ADD_DELETE_HINT,			/* text, "" if there is none */
	ADD_VALID_FROM,
	ADD_VALID_TO,
	ADD_COLUMNS
};

/* What regime_code says of one code. */
typedef struct Code
{
	char	   *code;
	char	   *kind;
} Code;

struct ProtaddrReplace
{
	ProtaddrReplaced counts;
	const char *source;
	const char *regime;
	TimestampTz moment;			/* when this database learns it */
	Relation	protection;
	Oid			index;
	Code	   *codes;
	int			ncodes;
	SPIPlanPtr	close;			/* $1 ids, $2 moment */
	SPIPlanPtr	end;			/* $1 ids, $2 moment */
	SPIPlanPtr	add;			/* see prepare_all */
	SPIPlanPtr	link;			/* $1 old number, $2 new number */
	known_hash *known;			/* who has rows in force */
	uint32		batch;			/* number of the batch being gathered */
	MemoryContext per_batch;
	MemoryContext per_person;
	Datum		closed[BATCH_ROWS]; /* ids */
	int			nclosed;
	Datum		ended[BATCH_ROWS];	/* ids, closed too */
	int			nended;
	Datum		added[ADD_COLUMNS][BATCH_ROWS];
	int			nadded;
	ProtaddrPeople *people;		/* whom the source has told of */
};

static void prepare_all(ProtaddrReplace *replace);
static void read_codes(ProtaddrReplace *replace);
static void read_known(ProtaddrReplace *replace);
static int	read_in_force(ProtaddrReplace *replace, const ProtaddrIdentifier *id, ProtaddrInForce **in_force);
static const char *kind_of(ProtaddrReplace *replace, const char *code);
static const char kind_of_unknown[] = "everything";
static void add_row(ProtaddrReplace *replace, const char *subject, const char *kind,
					const char *code, const char *hint, TimestampTz valid_from, TimestampTz valid_to);
static bool move_to_new_number(ProtaddrReplace *replace, const ProtaddrIdentifier *old_id,
							   const char *old_number, const char *new_number,
							   const ProtaddrInForce *in_force, const ProtaddrFate *fate, int n,
							   const ProtaddrDelivered *delivered, int ndelivered);
static void note_change(ProtaddrReplace *replace, uint64 hash);
static const char *date_text(DateADT date);
static void run(SPIPlanPtr plan, Datum *values, int rows);
static void flush(ProtaddrReplace *replace);

/*
 * protaddr_replace_begin readies a replacement for one source.  The caller is
 * connected to SPI and stays so until protaddr_replace_end.
 */
ProtaddrReplace *
protaddr_replace_begin(const char *source, const char *regime)
{
	ProtaddrReplace *replace = palloc0(sizeof(ProtaddrReplace));

	if (source[0] == '\0' || strcmp(source, "hand") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a register source needs a name of its own"),
				 errhint("\"hand\" is what was entered with protaddr.protect().")));
	replace->source = source;
	replace->regime = regime;
	replace->batch = 1;
	replace->per_batch = AllocSetContextCreate(CurrentMemoryContext, "protaddr load, one batch",
											   ALLOCSET_DEFAULT_SIZES);
	replace->per_person = AllocSetContextCreate(CurrentMemoryContext, "protaddr load, one person",
												ALLOCSET_DEFAULT_SIZES);
	replace->protection = table_open(protaddr_table(PROTADDR_PROTECTION), ShareRowExclusiveLock);
	replace->index = protaddr_protection_one_index();
	replace->moment = GetCurrentTimestamp();
	prepare_all(replace);
	read_codes(replace);
	read_known(replace);
	replace->people = protaddr_people_begin(source, replace->moment);
	return replace;
}

/* protaddr_replace_end writes what is left; the lock stays with the transaction. */
const ProtaddrReplaced *
protaddr_replace_end(ProtaddrReplace *replace)
{
	flush(replace);
	protaddr_people_end(replace->people);
	table_close(replace->protection, NoLock);
	if (replace->counts.unknown_codes > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the delivery has " INT64_FORMAT " records with codes that protaddr.regime_code does not have",
						replace->counts.unknown_codes),
				 errdetail("They hide everything: name, address and town.")));
	return &replace->counts;
}

const ProtaddrReplaced *
protaddr_replace_so_far(const ProtaddrReplace *replace)
{
	return &replace->counts;
}

TimestampTz
protaddr_replace_moment(const ProtaddrReplace *replace)
{
	return replace->moment;
}

/* delivered_hint gives the delete date of what is delivered as text, "" if there is none. */
static const char *
delivered_hint(const ProtaddrDelivered *one)
{
	return one->has_delete_hint ? date_text(one->delete_hint) : "";
}

static const char *
stored_hint(const ProtaddrInForce *one)
{
	return one->no_delete_hint ? "" : date_text(one->delete_hint);
}

/*
 * make_room lets the batch be written if it could not take another person, or holds
 * something of this one already, which must be there to be seen.
 */
static void
make_room(ProtaddrReplace *replace, const KnownPerson *known, int ndelivered)
{
	if ((known != NULL && known->batch == replace->batch) ||
		replace->nadded + replace->nclosed + ndelivered > BATCH_ROWS / 4)
		flush(replace);
}

/* apply notes in the batch what a record set changes. */
static void
apply(ProtaddrReplace *replace, const char *subject, const ProtaddrDifference *difference,
	  const ProtaddrInForce *in_force, int nin_force,
	  const ProtaddrDelivered *delivered, const char *const *kinds, int ndelivered)
{
	for (int i = 0; i < nin_force; i++)
	{
		if (difference->fate[i] == PROTADDR_UNCHANGED)
			continue;
		Assert(replace->nclosed < BATCH_ROWS);
		replace->closed[replace->nclosed++] = Int64GetDatum(in_force[i].id);
		if (difference->fate[i] == PROTADDR_ENDS)
			replace->ended[replace->nended++] = Int64GetDatum(in_force[i].id);
	}
	for (int d = 0; d < ndelivered; d++)
		if (difference->added[d])
			add_row(replace, subject, kinds[d], delivered[d].code, delivered_hint(&delivered[d]),
					delivered[d].valid_from,
					protaddr_has_ended(&delivered[d], replace->moment) ? delivered[d].valid_to : DT_NOEND);
}

/*
 * protaddr_replace_person replaces what the source says of one person.  delivered
 * is the whole of it; replaced_by is the number that took the place of this one,
 * or NULL.
 */
void
protaddr_replace_person(ProtaddrReplace *replace, const char *subject, const char *replaced_by,
						const ProtaddrDelivered *delivered, int ndelivered)
{
	MemoryContext old = MemoryContextSwitchTo(replace->per_person);
	ProtaddrIdentifier id;
	ProtaddrInForce *in_force;
	ProtaddrDifference difference;
	const char **kinds;
	uint64		hash;
	KnownPerson *known;
	bool		moved = false;
	int			n;

	if ((replace->counts.persons & 1023) == 0)
		CHECK_FOR_INTERRUPTS();
	replace->counts.persons++;
	replace->counts.protections += ndelivered;

	if (!protaddr_identifier_from_text(subject, strlen(subject), &id))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a person of the delivery has no identifier"),
				 protaddr_errprivate()));
	hash = hash_bytes_extended((unsigned char *) id.key, id.len, 0);
	known = known_lookup(replace->known, hash);

	protaddr_people_add(replace->people, subject, &id, hash);

	if (ndelivered == 0 && known == NULL && replaced_by == NULL)
	{
		MemoryContextSwitchTo(old);
		return;
	}

	make_room(replace, known, ndelivered);
	n = read_in_force(replace, &id, &in_force);
	/* a record set is bounded, so what the last one left is */
	if (n > BATCH_ROWS / 4 || ndelivered > BATCH_ROWS / 4)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a person has more than %d protections from one source", BATCH_ROWS / 4),
				 protaddr_errprivate()));

	kinds = palloc(Max(ndelivered, 1) * sizeof(char *));
	for (int d = 0; d < ndelivered; d++)
	{
		kinds[d] = kind_of(replace, delivered[d].code);
		replace->counts.unknown_codes += kinds[d] == kind_of_unknown;
	}
	difference.fate = palloc(Max(n, 1) * sizeof(ProtaddrFate));
	difference.added = palloc(Max(ndelivered, 1) * sizeof(bool));
	protaddr_difference(in_force, n, delivered, kinds, ndelivered, replace->regime,
						replace->moment, &difference);
	apply(replace, subject, &difference, in_force, n, delivered, kinds, ndelivered);
	if (replaced_by != NULL)
		moved = move_to_new_number(replace, &id, subject, replaced_by, in_force,
								   difference.fate, n, delivered, ndelivered);

	if (difference.changes)
		note_change(replace, hash);
	replace->counts.protected += difference.is_protected;
	replace->counts.newly_protected += difference.is_protected && !difference.was_protected;
	replace->counts.lifted += difference.was_protected && !difference.is_protected && !moved;

	MemoryContextSwitchTo(old);
	MemoryContextReset(replace->per_person);
}

/* note_change notes that the batch, or one written already, changes something of a person. */
static void
note_change(ProtaddrReplace *replace, uint64 hash)
{
	bool		found;

	known_insert(replace->known, hash, &found)->batch = replace->batch;
}

/* link_numbers lets the old number stand for the new one; true if that is new. */
static bool
link_numbers(ProtaddrReplace *replace, const ProtaddrIdentifier *old_id, const char *old_number,
			 const ProtaddrIdentifier *new_id, const char *new_number)
{
	Datum		values[2];

	/* two numbers that took each other's place are not linked in a circle */
	if (!protaddr_identity_may_link(old_id, new_id))
		return false;
	values[0] = CStringGetTextDatum(old_number);
	values[1] = CStringGetTextDatum(new_number);
	run(replace->link, values, -1);
	return SPI_processed > 0;
}

/* has_code is true if one of the protections in force has the code. */
static bool
has_code(const ProtaddrInForce *in_force, int n, const char *code)
{
	for (int i = 0; i < n; i++)
		if (strcmp(in_force[i].code, code) == 0)
			return true;
	return false;
}

/*
 * move_to_new_number carries a person's protections over to the number that took
 * the place of theirs; true if there was anything to carry.  From then on the new
 * number's own record sets speak, and the link lets the old number stand for it.
 *
 * What ends with this record set is always carried over: nobody lifted it.  What the
 * record set still has goes on for the old number, and is given to the new one too
 * when the register first names it.
 */
static bool
move_to_new_number(ProtaddrReplace *replace, const ProtaddrIdentifier *old_id,
				   const char *old_number, const char *new_number,
				   const ProtaddrInForce *in_force, const ProtaddrFate *fate, int n,
				   const ProtaddrDelivered *delivered, int ndelivered)
{
	ProtaddrIdentifier id;
	ProtaddrInForce *there;
	int			nthere;
	bool		first;
	bool		carried = false;

	if (!protaddr_identifier_from_text(new_number, strlen(new_number), &id) ||
		protaddr_identifier_same(old_id, &id))
		return false;			/* a number that stands for itself was not replaced */

	first = link_numbers(replace, old_id, old_number, &id, new_number);
	replace->counts.replaced_numbers += first;

	for (int i = 0; i < n && !carried; i++)
		carried = !protaddr_goes_on(fate[i]);
	if (!carried && (!first || ndelivered == 0))
		return false;

	/* what the new number has already it need not be given */
	flush(replace);
	nthere = read_in_force(replace, &id, &there);
	for (int i = 0; i < n; i++)
		if (!protaddr_goes_on(fate[i]) && !has_code(there, nthere, in_force[i].code))
			add_row(replace, new_number, in_force[i].kind, in_force[i].code,
					stored_hint(&in_force[i]), in_force[i].valid_from, DT_NOEND);
	for (int d = 0; d < ndelivered && first; d++)
		if (!protaddr_has_ended(&delivered[d], replace->moment) &&
			!has_code(there, nthere, delivered[d].code) &&
			!protaddr_said_before(delivered, d, replace->moment))
			add_row(replace, new_number, kind_of(replace, delivered[d].code), delivered[d].code,
					delivered_hint(&delivered[d]), delivered[d].valid_from, DT_NOEND);
	note_change(replace, hash_bytes_extended((unsigned char *) id.key, id.len, 0));
	return true;
}

static const char *
date_text(DateADT date)
{
	return DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(date)));
}

static void
add_row(ProtaddrReplace *replace, const char *subject, const char *kind, const char *code,
		const char *hint, TimestampTz valid_from, TimestampTz valid_to)
{
	MemoryContext old = MemoryContextSwitchTo(replace->per_batch);
	int			at = replace->nadded++;

	replace->added[ADD_KIND][at] = CStringGetTextDatum(kind);
	replace->added[ADD_SUBJECT][at] = CStringGetTextDatum(subject);
	replace->added[ADD_CODE][at] = CStringGetTextDatum(code);
	replace->added[ADD_DELETE_HINT][at] = CStringGetTextDatum(hint);
	replace->added[ADD_VALID_FROM][at] = TimestampTzGetDatum(valid_from);
	replace->added[ADD_VALID_TO][at] = TimestampTzGetDatum(valid_to);
	MemoryContextSwitchTo(old);
}

static SPIPlanPtr
prepare(const char *query, int nargs, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(query, nargs, types);

	if (plan == NULL)
		elog(ERROR, "could not prepare a statement of the load");
	return plan;
}

static void
prepare_all(ProtaddrReplace *replace)
{
	Oid			close_types[2] = {INT8ARRAYOID, TIMESTAMPTZOID};
	Oid			add_types[9] = {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Oid			link_types[2] = {TEXTOID, TEXTOID};

	replace->close = prepare("UPDATE protaddr.protection SET recorded_to = $2 "
							 "WHERE id OPERATOR(pg_catalog.=) ANY ($1) "
							 "AND recorded_to OPERATOR(pg_catalog.=) 'infinity'", 2, close_types);
	replace->end = prepare("INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
						   "valid_to, delete_hint, recorded_from) "
						   "SELECT kind, subject, regime, code, source, valid_from, $2, delete_hint, $2 "
						   "FROM protaddr.protection WHERE id OPERATOR(pg_catalog.=) ANY ($1)", 2, close_types);
	/* an end that is told is history: told twice, it is recorded once */
	replace->add = prepare("INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
						   "valid_to, delete_hint, recorded_from) "
						   "SELECT a.kind, a.subject, $7, a.code, $8, a.valid_from, a.valid_to, "
						   "CASE WHEN a.hint OPERATOR(pg_catalog.<>) '' THEN a.hint::pg_catalog.date END, $9 "
						   "FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
						   "pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6)) "
						   "AS a (kind, subject, code, hint, valid_from, valid_to) "
						   "WHERE a.valid_to OPERATOR(pg_catalog.=) 'infinity' OR NOT EXISTS "
						   "(SELECT FROM protaddr.protection p "
						   "WHERE p.subject_key OPERATOR(pg_catalog.=) protaddr.subject_key(a.subject) "
						   "AND p.source OPERATOR(pg_catalog.=) $8 AND p.regime OPERATOR(pg_catalog.=) $7 "
						   "AND p.code OPERATOR(pg_catalog.=) a.code "
						   "AND p.valid_from OPERATOR(pg_catalog.=) a.valid_from "
						   "AND p.valid_to OPERATOR(pg_catalog.=) a.valid_to "
						   "AND p.recorded_to OPERATOR(pg_catalog.=) 'infinity')",
						   9, add_types);
	replace->link = prepare("INSERT INTO protaddr.identity_link (identifier, subject, kind) "
							"VALUES ($1, $2, 'replaced number') "
							"ON CONFLICT (identifier_key, subject_key) WHERE recorded_to OPERATOR(pg_catalog.=) 'infinity' DO NOTHING", 2, link_types);
}

/* read_codes reads what the codes of the regime hide. */
static void
read_codes(ProtaddrReplace *replace)
{
	Oid			types[1] = {TEXTOID};
	Datum		args[1];

	args[0] = CStringGetTextDatum(replace->regime);
	if (SPI_execute_with_args("SELECT code, kind::pg_catalog.text FROM protaddr.regime_code "
							  "WHERE regime OPERATOR(pg_catalog.=) $1",
							  1, types, args, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the codes");
	replace->codes = palloc(Max(SPI_processed, 1) * sizeof(Code));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Code	   *code = &replace->codes[replace->ncodes++];

		code->code = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		code->kind = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);
	}
}

/*
 * read_known reads, once, who has rows in force at all.  Most people of a delivery
 * have none and get none: for them nothing needs to be looked up.
 */
static void
read_known(ProtaddrReplace *replace)
{
	Relation	index = index_open(replace->index, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(replace->protection);
	SysScanDesc scan;
	HeapTuple	tuple;

	replace->known = known_create(CurrentMemoryContext, 1024, NULL);
	scan = systable_beginscan_ordered(replace->protection, index, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		bool		isnull;
		bool		found;
		text	   *key = DatumGetTextPP(heap_getattr(tuple, PROTECTION_SUBJECT_KEY, desc, &isnull));

		CHECK_FOR_INTERRUPTS();
		known_insert(replace->known,
					 hash_bytes_extended((unsigned char *) VARDATA_ANY(key),
										 VARSIZE_ANY_EXHDR(key), 0),
					 &found)->batch = 0;
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
}

/* kind_of gives what a code hides; a code that is not known hides all. */
static const char *
kind_of(ProtaddrReplace *replace, const char *code)
{
	for (int i = 0; i < replace->ncodes; i++)
		if (strcmp(replace->codes[i].code, code) == 0)
			return replace->codes[i].kind;
	return kind_of_unknown;
}

/* read_in_force reads what this source says of a person up to now. */
static int
read_in_force(ProtaddrReplace *replace, const ProtaddrIdentifier *id, ProtaddrInForce **in_force)
{
	TupleDesc	desc = RelationGetDescr(replace->protection);
	ScanKeyData skey;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			n = 0;
	int			room = 0;

	*in_force = NULL;
	ScanKeyEntryInitialize(&skey, 0, PROTECTION_SUBJECT_KEY, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ,
						   PointerGetDatum(cstring_to_text_with_len(id->key, id->len)));
	scan = systable_beginscan(replace->protection, replace->index, true, NULL, 1, &skey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		ProtaddrInForce *one;
		bool		isnull;
		bool		hint_null;

		if (strcmp(TextDatumGetCString(heap_getattr(tuple, PROTECTION_SOURCE, desc, &isnull)),
				   replace->source) != 0 ||
			!TIMESTAMP_IS_NOEND(DatumGetTimestampTz(heap_getattr(tuple, PROTECTION_VALID_TO, desc, &isnull))))
			continue;
		if (n == room)
		{
			room = room == 0 ? 8 : room * 2;
			*in_force = *in_force == NULL ? palloc(room * sizeof(ProtaddrInForce)) :
				repalloc(*in_force, room * sizeof(ProtaddrInForce));
		}
		one = &(*in_force)[n++];
		one->id = DatumGetInt64(heap_getattr(tuple, PROTECTION_ID, desc, &isnull));
		one->regime = TextDatumGetCString(heap_getattr(tuple, PROTECTION_REGIME, desc, &isnull));
		one->code = TextDatumGetCString(heap_getattr(tuple, PROTECTION_CODE, desc, &isnull));
		one->kind = TextDatumGetCString(heap_getattr(tuple, PROTECTION_KIND, desc, &isnull));
		one->valid_from = DatumGetTimestampTz(heap_getattr(tuple, PROTECTION_VALID_FROM, desc, &isnull));
		one->delete_hint = DatumGetDateADT(heap_getattr(tuple, PROTECTION_DELETE_HINT, desc, &hint_null));
		one->no_delete_hint = hint_null;
	}
	systable_endscan(scan);
	return n;
}

/*
 * run executes a statement of a batch.  Another number of rows than the batch has
 * means that our view of the register is not the statement's: under REPEATABLE READ
 * another load was committed meanwhile.
 */
static void
run(SPIPlanPtr plan, Datum *values, int rows)
{
	int			done = SPI_execute_plan(plan, values, NULL, false, 0);

	if (done != SPI_OK_INSERT && done != SPI_OK_UPDATE)
		elog(ERROR, "a statement of the load failed");
	if (rows >= 0 && SPI_processed != rows)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the register was changed by another load at the same time"),
				 errhint("Load again, in a READ COMMITTED transaction."),
				 protaddr_errprivate()));
}

static Datum
array_of(Datum *values, int n, Oid type)
{
	return PointerGetDatum(type == TEXTOID ?
						   construct_array(values, n, type, -1, false, TYPALIGN_INT) :
						   construct_array(values, n, type, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* flush writes what the batch has gathered. */
static void
flush(ProtaddrReplace *replace)
{
	MemoryContext old = MemoryContextSwitchTo(replace->per_batch);
	Datum		values[9];

	if (replace->nclosed > 0)
	{
		values[0] = array_of(replace->closed, replace->nclosed, INT8OID);
		values[1] = TimestampTzGetDatum(replace->moment);
		run(replace->close, values, replace->nclosed);
	}
	if (replace->nended > 0)
	{
		values[0] = array_of(replace->ended, replace->nended, INT8OID);
		values[1] = TimestampTzGetDatum(replace->moment);
		run(replace->end, values, replace->nended);
	}
	if (replace->nadded > 0)
	{
		for (int i = 0; i < ADD_COLUMNS; i++)
			values[i] = array_of(replace->added[i], replace->nadded,
								 i < ADD_VALID_FROM ? TEXTOID : TIMESTAMPTZOID);
		values[ADD_COLUMNS] = CStringGetTextDatum(replace->regime);
		values[ADD_COLUMNS + 1] = CStringGetTextDatum(replace->source);
		values[ADD_COLUMNS + 2] = TimestampTzGetDatum(replace->moment);
		run(replace->add, values, -1);
	}
	replace->nclosed = replace->nended = replace->nadded = 0;
	replace->batch++;
	MemoryContextSwitchTo(old);
	MemoryContextReset(replace->per_batch);
}
