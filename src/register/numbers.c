/*
 * numbers.c
 *		Which numbers are one person's, and which of them is the newest?
 *
 * A register gives a person another number: the old one stands for the new one from then
 * on, by an identity link of kind 'replaced number', which is the source's own statement
 * as a protection is: other sources, and people at desks, may link the same two or others,
 * and nobody ends what somebody else has linked.
 *
 * Who is asked about by one of their numbers is asked about by all (person/link.c), whoever
 * linked them.  So nothing that anybody says of a number is ever copied or moved because
 * numbers are linked; it holds for the person, and ends only as follows:
 *
 * - What a source said of any number that it has itself linked with the newest one ends
 *   when it delivers the record set of the newest number, and that does not say it: that is
 *   its word about this very person (replace.c).  Not in the delivery that makes the link.
 * - What it does not say of an older number ends nothing.
 * - What other sources say, and what was entered by hand, ends at their own word alone.
 *
 * Each number leads to the newest directly, over one link of its source, however often it
 * was replaced, so that a chain never grows.  What a source says it can take back: a number
 * that it delivers as a person's own, or as replaced by another one, is no longer linked as
 * before.  Then two numbers that were one person's are two people's, and whatever was said
 * meanwhile of the one may have been meant of the other.  So nobody loses a protection by
 * that alone: each keeps what protected the other, what the source said until its next
 * record set of that number, and what others said as if entered by hand
 * (protaddr.part_numbers()).
 *
 * Numbers that would be more than a person can have are not linked.  What protects the old
 * one is then kept for the new one in the same way.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register_int.h"

#include "access/genam.h"
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
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define KIND		PROTADDR_REPLACED_NUMBER
#define MOST_STEPS	64			/* what somebody else has linked may be longer than ours, or a
								 * circle */

/* columns of protaddr.identity_link */
#define LINK_IDENTIFIER_KEY	1
#define LINK_SUBJECT_KEY	2
#define LINK_SUBJECT		4
#define LINK_SOURCE			9

typedef struct Named
{
	uint64		hash;
	char		status;
} Named;

#define SH_PREFIX named
#define SH_ELEMENT_TYPE Named
#define SH_KEY_TYPE uint64
#define SH_KEY hash
#define SH_HASH_KEY(tb, key) ((uint32) (key))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct ProtaddrNumbers
{
	const char *source;
	TimestampTz moment;
	Relation	link;
	named_hash *named;			/* what the delivery says has taken another's place */
	named_hash *met;			/* numbers that were judged with the newest one of their person */
	ProtaddrInOrder *forward;	/* the links as they were */
	ProtaddrInOrder *reverse;
	SPIPlanPtr	close;
	SPIPlanPtr	repoint;
	SPIPlanPtr	add;
	List	   *parted;			/* pairs of texts: numbers that were one person's */
	List	   *unlinked;		/* the same: an old number and its new one, which cannot be linked */
	MemoryContext per_load;
	MemoryContext scratch;
};

static SPIPlanPtr
prepare(const char *query, int nargs)
{
	Oid			types[5] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID};
	SPIPlanPtr	plan = SPI_prepare(query, nargs, types);

	if (plan == NULL)
		elog(ERROR, "could not prepare a statement of the load");
	return plan;
}

/* protaddr_numbers_begin readies it.  SPI is connected. */
ProtaddrNumbers *
protaddr_numbers_begin(const char *source, TimestampTz moment)
{
	ProtaddrNumbers *numbers = palloc0(sizeof(ProtaddrNumbers));

	numbers->source = source;
	numbers->moment = moment;
	numbers->link = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), RowExclusiveLock);
	numbers->named = named_create(CurrentMemoryContext, 64, NULL);
	numbers->met = named_create(CurrentMemoryContext, 64, NULL);
	numbers->per_load = CurrentMemoryContext;
	numbers->scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr replaced numbers",
											 ALLOCSET_SMALL_SIZES);
	return numbers;
}

static uint64
hash_of(const ProtaddrIdentifier *id)
{
	return hash_bytes_extended((const unsigned char *) id->key, id->len, 0);
}

/* protaddr_numbers_named notes a number that the delivery names as another's new one. */
void
protaddr_numbers_named(ProtaddrNumbers *numbers, const char *number)
{
	ProtaddrIdentifier id;
	bool		found;

	if (protaddr_identifier_from_text(number, strlen(number), &id))
		named_insert(numbers->named, hash_of(&id), &found);
}

/* protaddr_numbers_met notes a number that was judged with others of its person. */
void
protaddr_numbers_met(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id)
{
	bool		found;

	named_insert(numbers->met, hash_of(id), &found);
}

bool
protaddr_numbers_were_met(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id)
{
	return named_lookup(numbers->met, hash_of(id)) != NULL;
}

/* protaddr_numbers_read readies the links as they stand, to be met in the order of people. */
void
protaddr_numbers_read(ProtaddrNumbers *numbers)
{
	Oid			link = protaddr_table(PROTADDR_IDENTITY_LINK);

	numbers->forward = protaddr_in_order_begin(link, protaddr_own_relation("identity_link_replaced"));
	numbers->reverse = protaddr_in_order_begin(link, protaddr_own_relation("identity_link_replacing"));
}

/* is_own is true of a link that our source has made. */
static bool
is_own(ProtaddrNumbers *numbers, Datum source, bool isnull)
{
	return !isnull && strcmp(TextDatumGetCString(source), numbers->source) == 0;
}

/* own_at finds the link of our own source at a person. */
static TupleTableSlot *
own_at(ProtaddrNumbers *numbers, ProtaddrInOrder *in_order, const ProtaddrIdentifier *id,
	   bool anywhere)
{
	TupleTableSlot *slot = protaddr_in_order_at(in_order, id, anywhere);

	for (; slot != NULL; slot = protaddr_in_order_next(in_order, id))
	{
		bool		isnull;
		Datum		source = slot_getattr(slot, LINK_SOURCE, &isnull);

		if (is_own(numbers, source, isnull))
			break;
	}
	return slot;
}

/*
 * protaddr_numbers_concern is true of a person of whom it cannot be said without the
 * others of their numbers what holds.  People come in order.
 */
bool
protaddr_numbers_concern(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set)
{
	return set->replaced_by != NULL ||
		named_lookup(numbers->named, hash_of(&set->id)) != NULL ||
		own_at(numbers, numbers->forward, &set->id, false) != NULL ||
		own_at(numbers, numbers->reverse, &set->id, false) != NULL;
}

/* protaddr_numbers_were tells what a number stood for before this load; false: for itself. */
bool
protaddr_numbers_were(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id,
					  ProtaddrIdentifier *newest)
{
	TupleTableSlot *slot = own_at(numbers, numbers->forward, id, true);
	bool		isnull;
	text	   *key;

	if (slot == NULL)
		return false;
	key = DatumGetTextPP(slot_getattr(slot, LINK_SUBJECT_KEY, &isnull));
	newest->len = VARSIZE_ANY_EXHDR(key);
	memcpy(newest->key, VARDATA_ANY(key), newest->len);
	return true;
}

/* begin_links begins to read our links of one number, own ones seen; reverse: those to it. */
static SysScanDesc
begin_links(ProtaddrNumbers *numbers, const ProtaddrIdentifier *from, bool reverse)
{
	ScanKeyData skey;
	Oid			index = protaddr_own_relation(reverse ? "identity_link_replacing" : "identity_link_replaced");

	ScanKeyEntryInitialize(&skey, 0, reverse ? LINK_SUBJECT_KEY : LINK_IDENTIFIER_KEY,
						   BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ,
						   PointerGetDatum(cstring_to_text_with_len(from->key, from->len)));
	return systable_beginscan(numbers->link, index, true, SnapshotSelf, 1, &skey);
}

/* next_link gives the other end of the next link that is ours. */
static HeapTuple
next_link(ProtaddrNumbers *numbers, SysScanDesc scan, bool reverse, ProtaddrIdentifier *to)
{
	TupleDesc	desc = RelationGetDescr(numbers->link);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		source = heap_getattr(tuple, LINK_SOURCE, desc, &isnull);
		text	   *key;

		if (!is_own(numbers, source, isnull))
			continue;
		key = DatumGetTextPP(heap_getattr(tuple, reverse ? LINK_IDENTIFIER_KEY : LINK_SUBJECT_KEY,
										  desc, &isnull));
		to->len = VARSIZE_ANY_EXHDR(key);
		memcpy(to->key, VARDATA_ANY(key), to->len);
		return tuple;
	}
	return NULL;
}

/* step gives what a number stands for now, our own links seen; false: for itself. */
static bool
step(ProtaddrNumbers *numbers, const ProtaddrIdentifier *from, ProtaddrIdentifier *to,
	 char **subject)
{
	SysScanDesc scan = begin_links(numbers, from, false);
	HeapTuple	tuple = next_link(numbers, scan, false, to);
	bool		found = HeapTupleIsValid(tuple);
	bool		isnull;

	if (found && subject != NULL)
		*subject = TextDatumGetCString(heap_getattr(tuple, LINK_SUBJECT,
													RelationGetDescr(numbers->link), &isnull));
	systable_endscan(scan);
	return found;
}

/*
 * protaddr_numbers_older gives the numbers that lead to one now; at most as many as a
 * person can have, *n of them.  palloc'd.
 */
ProtaddrIdentifier *
protaddr_numbers_older(ProtaddrNumbers *numbers, const ProtaddrIdentifier *newest, int *n)
{
	ProtaddrIdentifier *older = palloc(PROTADDR_IDENTITY_NUMBERS * sizeof(ProtaddrIdentifier));
	SysScanDesc scan = begin_links(numbers, newest, true);

	*n = 0;
	while (*n < PROTADDR_IDENTITY_NUMBERS && next_link(numbers, scan, true, &older[*n]) != NULL)
		(*n)++;
	systable_endscan(scan);
	return older;
}

/*
 * protaddr_numbers_newest gives the newest number of somebody, and how it is written;
 * false if it is this one, and then subject is left as it was.
 */
bool
protaddr_numbers_newest(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id,
						ProtaddrIdentifier *newest, char **subject)
{
	bool		other = false;
	ProtaddrIdentifier next;

	*newest = *id;
	for (int i = 0; i < MOST_STEPS && step(numbers, newest, &next, subject) &&
		 !protaddr_identifier_same(&next, id); i++)
	{
		*newest = next;
		other = true;
	}
	return other;
}

static Datum
text_of(const ProtaddrIdentifier *id)
{
	return PointerGetDatum(cstring_to_text_with_len(id->key, id->len));
}

static bool
run(ProtaddrNumbers *numbers, SPIPlanPtr plan, Datum first, Datum second)
{
	Datum		values[4] = {first, second, TimestampTzGetDatum(numbers->moment), CStringGetTextDatum(numbers->source)};
	int			done = SPI_execute_plan(plan, values, NULL, false, 0);

	if (done != SPI_OK_INSERT && done != SPI_OK_UPDATE)
		elog(ERROR, "a statement of the load failed");
	return SPI_processed > 0;
}

#define IN_FORCE_AND_OURS \
	"AND kind OPERATOR(pg_catalog.=) '" KIND "' AND source OPERATOR(pg_catalog.=) $4 " \
	"AND recorded_to OPERATOR(pg_catalog.=) 'infinity' "

/* prepare_all prepares what is written; most deliveries write nothing. */
static void
prepare_all(ProtaddrNumbers *numbers)
{
	if (numbers->close != NULL)
		return;
	numbers->close = prepare("UPDATE protaddr.identity_link SET recorded_to = $3 "
							 "WHERE identifier_key OPERATOR(pg_catalog.=) $1 "
							 "AND subject_key OPERATOR(pg_catalog.=) $2 " IN_FORCE_AND_OURS, 4);
	numbers->repoint = prepare("WITH gone AS (UPDATE protaddr.identity_link SET recorded_to = $3 "
							   "WHERE subject_key OPERATOR(pg_catalog.=) $1 " IN_FORCE_AND_OURS
							   "RETURNING identifier) "
							   "INSERT INTO protaddr.identity_link (identifier, subject, kind, recorded_from, source) "
							   "SELECT identifier, $2, '" KIND "', $3, $4 FROM gone ON CONFLICT DO NOTHING", 4);
	numbers->add = prepare("INSERT INTO protaddr.identity_link (identifier, subject, kind, recorded_from, source) "
						   "VALUES ($1, $2, '" KIND "', $3, $4) ON CONFLICT DO NOTHING", 4);
}

/* note_pair notes two numbers for the end of the load. */
static void
note_pair(ProtaddrNumbers *numbers, List **pairs, const char *first, const char *second)
{
	MemoryContext old = MemoryContextSwitchTo(numbers->per_load);

	*pairs = lappend(*pairs, list_make2(pstrdup(first), pstrdup(second)));
	MemoryContextSwitchTo(old);
}

/* end_link ends our link of a number; true if there was one. */
static bool
end_link(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set)
{
	ProtaddrIdentifier newest;
	char	   *subject;

	if (!step(numbers, &set->id, &newest, &subject))
		return false;
	prepare_all(numbers);
	(void) run(numbers, numbers->close, text_of(&set->id), text_of(&newest));
	note_pair(numbers, &numbers->parted, set->subject, subject);
	return true;
}

/*
 * protaddr_numbers_take_back ends the link of a number that its own record set tells was
 * not replaced; true if there was one.
 */
bool
protaddr_numbers_take_back(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set)
{
	MemoryContext old = MemoryContextSwitchTo(numbers->scratch);
	bool		there = end_link(numbers, set);

	MemoryContextSwitchTo(old);
	MemoryContextReset(numbers->scratch);
	return there;
}

/*
 * protaddr_numbers_replace lets a replaced number, and whatever it had replaced, stand for
 * the newest of the number that took its place; true if that is new.
 */
bool
protaddr_numbers_replace(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set)
{
	MemoryContext old = MemoryContextSwitchTo(numbers->scratch);
	ProtaddrIdentifier told;
	ProtaddrIdentifier newest;
	ProtaddrIdentifier before;
	char	   *subject = pstrdup(set->replaced_by);
	bool		linked = false;

	/* a number that stands for itself was not replaced; nor one that the new one leads back to */
	if (protaddr_identifier_from_text(set->replaced_by, strlen(set->replaced_by), &told))
	{
		(void) protaddr_numbers_newest(numbers, &told, &newest, &subject);
		if (!protaddr_identifier_same(&newest, &set->id) &&
			!(step(numbers, &set->id, &before, NULL) && protaddr_identifier_same(&before, &newest)))
		{
			if (protaddr_identity_may_replace(&set->id, &newest))
			{
				prepare_all(numbers);
				/* it was replaced by another before, or had taken others' place itself */
				if (!end_link(numbers, set))
					(void) run(numbers, numbers->repoint, text_of(&set->id), CStringGetTextDatum(subject));
				linked = run(numbers, numbers->add, CStringGetTextDatum(set->subject),
							 CStringGetTextDatum(subject));
			}
			else
				note_pair(numbers, &numbers->unlinked, set->subject, subject);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(numbers->scratch);
	return linked;
}

/* call gives what one of our SQL functions gives for pairs of numbers. */
static int64
call(ProtaddrNumbers *numbers, const char *query, const List *pairs)
{
	Oid			types[5] = {TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID, TEXTOID, TEXTOID};
	Datum		values[5] = {(Datum) 0, (Datum) 0, TimestampTzGetDatum(numbers->moment),
	CStringGetTextDatum(numbers->source), CStringGetTextDatum(PROTADDR_WHY_UNLINKED)};
	int64		result;
	bool		isnull;

	for (int i = 0; i < 2; i++)
	{
		Datum	   *texts = palloc(list_length(pairs) * sizeof(Datum));
		int			n = 0;
		ListCell   *cell;

		foreach(cell, pairs)
			texts[n++] = CStringGetTextDatum(list_nth((List *) lfirst(cell), i));
		values[i] = PointerGetDatum(construct_array(texts, n, TEXTOID, -1, false, TYPALIGN_INT));
	}
	if (SPI_execute_with_args(query, 5, types, values, NULL, false, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "a statement of the load failed");
	result = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return isnull ? 0 : result;
}

/*
 * protaddr_numbers_keep lets those who were parted, or cannot be linked, keep what protects
 * each other.  All else has been written.  It gives how many rows of our source were added.
 */
int64
protaddr_numbers_keep(ProtaddrNumbers *numbers)
{
	int64		added = 0;

	if (numbers->parted != NIL)
		added += call(numbers, "SELECT protaddr.part_numbers($1, $2, $4, 'before', $3)", numbers->parted);
	if (numbers->unlinked != NIL)
		added += call(numbers, "SELECT pg_catalog.sum(protaddr.keep_of_number(u.o, u.n, $4, 'now', $3, $5))::pg_catalog.int8 "
					  "FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS u (o, n)", numbers->unlinked);
	return added;
}

void
protaddr_numbers_end(ProtaddrNumbers *numbers)
{
	if (numbers->forward != NULL)
	{
		protaddr_in_order_end(numbers->forward);
		protaddr_in_order_end(numbers->reverse);
	}
	table_close(numbers->link, NoLock);
	MemoryContextDelete(numbers->scratch);
}
