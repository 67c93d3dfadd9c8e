/*
 * numbers.c
 *		Which numbers are one person's, and which of them is the newest?
 *
 * A register gives a person another number: the old one stands for the new one from then
 * on, by an identity link of kind 'replaced number'.  The numbers of one person are one
 * set: each of them leads to the newest directly, over one link, however often the
 * number was replaced.  So a chain never grows, and what an account or a customer leads
 * to is protected whichever of the numbers it was told.
 *
 * What a register says it can take back: a number that it delivers as a person's own, or
 * as replaced by another one, is no longer linked as before.
 *
 * What the delivery's own source said of the numbers is moved in replace.c.  What other
 * sources say of them, and what was entered by hand, stays where it stands, and is lent
 * to whoever is that person from now on: no source ends what another one said.
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
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define KIND		"replaced number"
#define MOST_STEPS	64			/* what somebody else has linked may be longer than ours, or a
								 * circle */

/* columns of protaddr.identity_link */
#define LINK_IDENTIFIER_KEY	1
#define LINK_SUBJECT_KEY	2
#define LINK_SUBJECT		4

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
	ProtaddrInOrder *forward;	/* the links as they were */
	ProtaddrInOrder *reverse;
	SPIPlanPtr	close;
	SPIPlanPtr	repoint;
	SPIPlanPtr	add;
	SPIPlanPtr	lend;
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

/* protaddr_numbers_read readies the links as they stand, to be met in the order of people. */
void
protaddr_numbers_read(ProtaddrNumbers *numbers)
{
	Oid			link = protaddr_table(PROTADDR_IDENTITY_LINK);

	numbers->forward = protaddr_in_order_begin(link, protaddr_own_relation("identity_link_replaced"),
											   LINK_IDENTIFIER_KEY);
	numbers->reverse = protaddr_in_order_begin(link, protaddr_own_relation("identity_link_replacing"),
											   LINK_SUBJECT_KEY);
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
		protaddr_in_order_at(numbers->forward, &set->id, false) != NULL ||
		protaddr_in_order_at(numbers->reverse, &set->id, false) != NULL;
}

static void
identifier_of(TupleTableSlot *slot, AttrNumber column, ProtaddrIdentifier *id)
{
	bool		isnull;
	text	   *key = DatumGetTextPP(slot_getattr(slot, column, &isnull));

	id->len = VARSIZE_ANY_EXHDR(key);
	memcpy(id->key, VARDATA_ANY(key), id->len);
}

/* protaddr_numbers_were tells what a number stood for before this load; false: for itself. */
bool
protaddr_numbers_were(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id,
					  ProtaddrIdentifier *newest)
{
	TupleTableSlot *slot = protaddr_in_order_at(numbers->forward, id, true);

	if (slot == NULL)
		return false;
	identifier_of(slot, LINK_SUBJECT_KEY, newest);
	return true;
}

/* step gives what a number stands for now, our own links seen; false: for itself. */
static bool
step(ProtaddrNumbers *numbers, const ProtaddrIdentifier *from, ProtaddrIdentifier *to,
	 char **subject)
{
	ScanKeyData skey;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyEntryInitialize(&skey, 0, LINK_IDENTIFIER_KEY, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ,
						   PointerGetDatum(cstring_to_text_with_len(from->key, from->len)));
	scan = systable_beginscan(numbers->link, protaddr_own_relation("identity_link_replaced"), true,
							  SnapshotSelf, 1, &skey);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		text	   *key = DatumGetTextPP(heap_getattr(tuple, LINK_SUBJECT_KEY,
													  RelationGetDescr(numbers->link), &isnull));

		to->len = VARSIZE_ANY_EXHDR(key);
		memcpy(to->key, VARDATA_ANY(key), to->len);
		if (subject != NULL)
			*subject = TextDatumGetCString(heap_getattr(tuple, LINK_SUBJECT,
														RelationGetDescr(numbers->link), &isnull));
		found = true;
	}
	systable_endscan(scan);
	return found;
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
	Datum		values[3] = {first, second, TimestampTzGetDatum(numbers->moment)};
	int			done = SPI_execute_plan(plan, values, NULL, false, 0);

	if (done != SPI_OK_INSERT && done != SPI_OK_UPDATE && done != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "a statement of the load failed");
	return SPI_processed > 0;
}

/* prepare_all prepares what is written; most deliveries write nothing. */
static void
prepare_all(ProtaddrNumbers *numbers)
{
	if (numbers->close != NULL)
		return;
	numbers->close = prepare("UPDATE protaddr.identity_link SET recorded_to = $3 "
							 "WHERE identifier_key OPERATOR(pg_catalog.=) $1 "
							 "AND subject_key OPERATOR(pg_catalog.=) $2 "
							 "AND kind OPERATOR(pg_catalog.=) '" KIND "' "
							 "AND recorded_to OPERATOR(pg_catalog.=) 'infinity'", 3);
	numbers->repoint = prepare("WITH gone AS (UPDATE protaddr.identity_link SET recorded_to = $3 "
							   "WHERE subject_key OPERATOR(pg_catalog.=) $1 "
							   "AND kind OPERATOR(pg_catalog.=) '" KIND "' "
							   "AND recorded_to OPERATOR(pg_catalog.=) 'infinity' RETURNING identifier) "
							   "INSERT INTO protaddr.identity_link (identifier, subject, kind, recorded_from) "
							   "SELECT identifier, $2, '" KIND "', $3 FROM gone "
							   "ON CONFLICT (identifier_key, subject_key) WHERE recorded_to OPERATOR(pg_catalog.=) 'infinity' DO NOTHING", 3);
	numbers->add = prepare("INSERT INTO protaddr.identity_link (identifier, subject, kind, recorded_from) "
						   "VALUES ($1, $2, '" KIND "', $3) "
						   "ON CONFLICT (identifier_key, subject_key) WHERE recorded_to OPERATOR(pg_catalog.=) 'infinity' DO NOTHING", 3);
}

/*
 * protaddr_numbers_lend gives a number what other sources than ours have in force of
 * another one and of those that lead to it, unless they have it there already.
 */
void
protaddr_numbers_lend(ProtaddrNumbers *numbers, const ProtaddrIdentifier *from, const char *to,
					  const char *reason)
{
	Datum		values[5] = {text_of(from), CStringGetTextDatum(to), TimestampTzGetDatum(numbers->moment),
	CStringGetTextDatum(numbers->source), CStringGetTextDatum(reason)};

	if (numbers->lend == NULL)
		numbers->lend = prepare("INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
								"delete_hint, recorded_from, reason) "
								"SELECT p.kind, $2, p.regime, p.code, p.source, p.valid_from, p.delete_hint, $3, $5 "
								"FROM protaddr.protection p WHERE (p.subject_key OPERATOR(pg_catalog.=) $1 "
								"OR p.subject_key OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT l.identifier_key FROM protaddr.identity_link l "
								"WHERE l.subject_key OPERATOR(pg_catalog.=) $1 AND l.kind OPERATOR(pg_catalog.=) '" KIND "' "
								"AND l.recorded_to OPERATOR(pg_catalog.=) 'infinity'))) "
								"AND p.subject_key OPERATOR(pg_catalog.<>) protaddr.subject_key($2) "
								"AND p.source OPERATOR(pg_catalog.<>) $4 AND p.kind OPERATOR(pg_catalog.<>) 'none' "
								"AND p.recorded_to OPERATOR(pg_catalog.=) 'infinity' AND p.valid_to OPERATOR(pg_catalog.=) 'infinity' "
								"ON CONFLICT (subject_key, source, regime, code) WHERE recorded_to OPERATOR(pg_catalog.=) 'infinity' "
								"AND valid_to OPERATOR(pg_catalog.=) 'infinity' DO NOTHING", 5);
	if (SPI_execute_plan(numbers->lend, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "a statement of the load failed");
}

/*
 * protaddr_numbers_take_back ends the link of a number that its own record set tells was
 * not replaced; true if there was one.
 */
bool
protaddr_numbers_take_back(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set)
{
	MemoryContext old = MemoryContextSwitchTo(numbers->scratch);
	ProtaddrIdentifier newest;
	bool		there = step(numbers, &set->id, &newest, NULL);

	if (there)
	{
		prepare_all(numbers);
		(void) run(numbers, numbers->close, text_of(&set->id), text_of(&newest));
		protaddr_numbers_lend(numbers, &newest, set->subject, PROTADDR_WHY_TAKEN_BACK);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(numbers->scratch);
	return there;
}

/*
 * protaddr_numbers_replace lets a replaced number, and whatever it had replaced, stand for
 * the newest of the number that took its place; true if that is new.  *refused if it
 * cannot be linked: then nothing is changed.
 */
bool
protaddr_numbers_replace(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set, bool *refused)
{
	MemoryContext old = MemoryContextSwitchTo(numbers->scratch);
	ProtaddrIdentifier told;
	ProtaddrIdentifier newest;
	ProtaddrIdentifier before;
	char	   *subject = pstrdup(set->replaced_by);
	bool		linked = false;

	*refused = false;
	/* a number that stands for itself was not replaced; nor one that the new one leads back to */
	if (protaddr_identifier_from_text(set->replaced_by, strlen(set->replaced_by), &told))
	{
		(void) protaddr_numbers_newest(numbers, &told, &newest, &subject);
		if (!protaddr_identifier_same(&newest, &set->id) &&
			!(step(numbers, &set->id, &before, NULL) && protaddr_identifier_same(&before, &newest)))
		{
			*refused = !protaddr_identity_may_link(&set->id, &newest);
			if (!*refused)
			{
				prepare_all(numbers);
				/* it was replaced by another before, or had taken others' place itself */
				if (step(numbers, &set->id, &before, NULL))
				{
					(void) run(numbers, numbers->close, text_of(&set->id), text_of(&before));
					protaddr_numbers_lend(numbers, &before, subject, PROTADDR_WHY_TAKEN_BACK);
				}
				else
					(void) run(numbers, numbers->repoint, text_of(&set->id), CStringGetTextDatum(subject));
				linked = run(numbers, numbers->add, CStringGetTextDatum(set->subject),
							 CStringGetTextDatum(subject));
				protaddr_numbers_lend(numbers, &set->id, subject, PROTADDR_WHY_LINKED);
				protaddr_numbers_lend(numbers, &newest, subject, PROTADDR_WHY_LINKED);
				/* somebody has linked them, in words of their own, which we leave alone */
				*refused = !linked;
			}
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(numbers->scratch);
	return linked;
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
