/*
 * protected.c
 *		Is this person protected, as the register stands right now?
 *
 * The answer comes from the latest committed state, never from the statement's
 * snapshot: a protection entered elsewhere counts in every session from its next
 * statement on, under any isolation level and on a hot standby.
 *
 * Two ways to it.  A session that asks about few people reads an index that
 * holds exactly the protections in force (protection_current), once per person.
 * One that asks about many reads that index whole, once, and then answers from
 * memory: at most 48 bytes for each protected person, two tables' worth while one
 * grows.  Either memory lasts until the register changes (own_tables.c).
 *
 * The whole set keeps 64-bit hashes.  Should two people fall together, one is
 * protected too much; the few people asked one by one are kept by their full
 * identifiers, since there "not protected" is remembered too.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "person/person_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

static const char *const protection_columns[] = {
	[PROTECTION_SUBJECT_KEY] = "subject_key",
	[PROTECTION_KIND] = "kind",
	[PROTECTION_ID] = "id",
	[PROTECTION_SUBJECT] = "subject",
	[PROTECTION_REGIME] = "regime",
	[PROTECTION_CODE] = "code",
	[PROTECTION_SOURCE] = "source",
	[PROTECTION_VALID_FROM] = "valid_from",
	[PROTECTION_VALID_TO] = "valid_to",
	[PROTECTION_DELETE_HINT] = "delete_hint",
	[PROTECTION_RECORDED_FROM] = "recorded_from",
	[PROTECTION_RECORDED_TO] = "recorded_to",
	[PROTECTION_RECORDED_BY] = "recorded_by",
	[PROTECTION_REASON] = "reason",
	[PROTECTION_ENDS_AT] = "ends_at",
};

/* columns of protaddr.register_source */
enum
{
	SOURCE_NAME = 1,
	SOURCE_CURRENT_AS_OF,
	SOURCE_MAX_AGE,
	SOURCE_REGIME,
	SOURCE_CONFIRMED_BY,
	SOURCE_RECORDED_IN,
	SOURCE_PERSONS,
	SOURCE_PROTECTIONS,
	SOURCE_MAX_LIFTS,
	SOURCE_MAX_LIFTS_SHARE,
	SOURCE_LIFT_WINDOW,
	SOURCE_FRESH_FROM,
	SOURCE_COUNTED,
	SOURCE_COUNTED_AT,
	SOURCE_VALID_TO_IS_TRUE
};

static const char *const source_columns[] = {
	[SOURCE_NAME] = "source",
	[SOURCE_CURRENT_AS_OF] = "current_as_of",
	[SOURCE_MAX_AGE] = "max_age",
	[SOURCE_REGIME] = "regime",
	[SOURCE_CONFIRMED_BY] = "confirmed_by",
	[SOURCE_RECORDED_IN] = "recorded_in",
	[SOURCE_PERSONS] = "persons",
	[SOURCE_PROTECTIONS] = "protections",
	[SOURCE_MAX_LIFTS] = "max_lifts",
	[SOURCE_MAX_LIFTS_SHARE] = "max_lifts_share",
	[SOURCE_LIFT_WINDOW] = "lift_window",
	[SOURCE_FRESH_FROM] = "fresh_from",
	[SOURCE_COUNTED] = "counted",
	[SOURCE_COUNTED_AT] = "counted_at",
	[SOURCE_VALID_TO_IS_TRUE] = "valid_to_is_true",
};

static HeapTuple protection_change(TriggerData *trigdata, HeapTuple row);
static HeapTuple source_change(TriggerData *trigdata, HeapTuple row);

static const ProtaddrOwnTable tables[] = {
	{.name = "protection", PROTADDR_COLUMNS(protection_columns),
		.rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_FORGET | PROTADDR_ROWS_CLOSE | PROTADDR_UPDATE_LETS_OUT,
	.change = protection_change},
	{.name = "register_source", PROTADDR_COLUMNS(source_columns), .rules = PROTADDR_CHANGE_LETS_OUT,
	.change = source_change},
};

/* ---- the people asked one by one -------------------------------------------- */

#define ASKED_SIZE	256			/* direct-mapped: a collision only asks again */

typedef struct Asked
{
	int16		len;			/* 0: empty */
	uint8		hides;
	char		key[PA_SUBJECT_SIZE];
} Asked;

static Asked asked[ASKED_SIZE];
static int	asked_count = 0;
static uint64 asked_generation = 0;

/* ---- everybody protected ------------------------------------------------------ */

typedef struct ProtectedPerson
{
	uint64		hash;
	uint8		hides;
	char		status;
} ProtectedPerson;

#define SH_PREFIX people
#define SH_ELEMENT_TYPE ProtectedPerson
#define SH_KEY_TYPE uint64
#define SH_KEY hash
#define SH_HASH_KEY(tb, key) ((uint32) (key))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * Most people are not protected.  One word of this filter, with four bits for each
 * protected person who falls on it, tells so without a miss in the table's far
 * larger memory: two bytes a person, small enough for the processor's cache.
 */
static uint64 *filter = NULL;
static uint64 filter_mask = 0;	/* words - 1, a power of two - 1 */

static MemoryContext people_context = NULL;
static people_hash *people = NULL;
static uint64 people_generation = 0;

static unsigned char hash_key[PA_FACT_KEY_SIZE];

/* ---- is the register fit to be asked -------------------------------------------- */

/* clocks of servers differ a little */
#define MAY_BE_AHEAD	USECS_PER_MINUTE

static int	register_max_age = 0;	/* seconds */
static bool any_source = false;
static bool source_of_elsewhere = false;
static TimestampTz oldest_source = DT_NOEND;	/* of those without an age of their own */
static TimestampTz first_stale = DT_NOEND;	/* of those with one: when it is reached */
static TimestampTz newest_source = DT_NOBEGIN;
static uint64 sources_generation = 0;
static bool warned = false;		/* in this transaction */

static inline uint64
filter_bits(uint64 hash)
{
	return UINT64CONST(1) << (hash & 63) | UINT64CONST(1) << ((hash >> 6) & 63) |
		UINT64CONST(1) << ((hash >> 12) & 63) | UINT64CONST(1) << ((hash >> 18) & 63);
}

/* What a look-up rests on: who is protected, and whom identifiers stand for. */
static inline uint64
register_generation(void)
{
	return protaddr_generation_seen(PROTADDR_PROTECTION) +
		protaddr_generation_seen(PROTADDR_IDENTITY_LINK);
}

static void protected_start(void);
static void protected_xact_end(void);
static void read_sources(void);
static int	ask(const char *key, int len);
static int	ask_one(Relation rel, const ProtaddrIdentifier *id, Snapshot snapshot);
static void add_person(people_hash *everybody, const char *key, int len, int hides);
static void add_identifiers(people_hash *everybody, Relation link, const char *key, int len,
							int hides, Snapshot snapshot, MemoryContext scratch);
static void read_everybody(void);
static double index_rows(Oid index);
static int	how_many_to_ask(void);
static int	kind_hides(Datum kind);

PG_FUNCTION_INFO_V1(protaddr_is_protected);
PG_FUNCTION_INFO_V1(protaddr_register_ready_sql);
PG_FUNCTION_INFO_V1(protaddr_register_max_age);

const ProtaddrPart protaddr_protected_part = {
	PROTADDR_TABLES(tables),
	.start = protected_start,
	.xact_end = protected_xact_end,
};

static void
protected_start(void)
{
	StaticAssertStmt(PA_FACT_HIDES == PROTADDR_HIDES_ALL,
					 "facts hold what is hidden");
	StaticAssertStmt(PA_FACT_KNOWN == PROTADDR_TOLD_OF, "and whether somebody is told of");

	DefineCustomIntVariable("protaddr.register_max_age",
							"How old the newest word of a register source may be.",
							"Past it nothing is disclosed until the source is loaded or confirmed again.",
							&register_max_age, 4 * SECS_PER_DAY, 60, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	if (!pg_strong_random(hash_key, sizeof(hash_key)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
}

static void
protected_xact_end(void)
{
	warned = false;
}

/*
 * protaddr_register_why_not_ready tells why the register may not be asked; NULL if it
 * may: at least one source was loaded or confirmed here, none is older than allowed, and
 * what is replicated here is not behind.
 */
const char *
protaddr_register_why_not_ready(void)
{
	uint64		now = protaddr_generation(PROTADDR_REGISTER_SOURCE);
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	/* some background workers have no statement */
	if (unlikely(statement == 0))
		statement = GetCurrentTimestamp();

	if (unlikely(sources_generation != now))
	{
		read_sources();
		sources_generation = now;
	}

	if (unlikely(protaddr_relaxed_here()))
		return "This transaction loads, confirms or lifts; what it changes holds once it is committed.";
	if (unlikely(!any_source))
		return "No register source has been loaded or confirmed.";
	if (unlikely(source_of_elsewhere))
		return "A register source was last loaded or confirmed in another database, of which this one is a copy or a subscriber.";
	if (unlikely(oldest_source < statement - (int64) register_max_age * USECS_PER_SEC ||
				 first_stale < statement))
		return "A register source is older than it may be.";
	if (unlikely(newest_source > statement + MAY_BE_AHEAD))
		return "The newest word of a register source is of a time to come: a clock was or is wrong.";
	return protaddr_replica_why_behind(statement);
}

/*
 * protaddr_register_ready is true if the register may be asked.  If not, it warns,
 * once per transaction.
 */
bool
protaddr_register_ready(void)
{
	const char *why_not = protaddr_register_why_not_ready();

	if (likely(why_not == NULL))
		return true;
	if (!warned)
	{
		warned = true;
		ereport(WARNING,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the register is not ready: no address is disclosed"),
				 errdetail("%s", why_not),
				 errhint("See protaddr.register_status.")));
	}
	return false;
}

static void
read_sources(void)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_REGISTER_SOURCE), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	any_source = source_of_elsewhere = false;
	oldest_source = first_stale = DT_NOEND;
	newest_source = DT_NOBEGIN;
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		as_of_null;
		bool		age_null;
		bool		where_null;
		Datum		where = heap_getattr(tuple, SOURCE_RECORDED_IN, RelationGetDescr(rel), &where_null);
		Datum		as_of = heap_getattr(tuple, SOURCE_CURRENT_AS_OF, RelationGetDescr(rel), &as_of_null);
		Datum		age = heap_getattr(tuple, SOURCE_MAX_AGE, RelationGetDescr(rel), &age_null);

		any_source = true;
		if (where_null || strcmp(TextDatumGetCString(where), protaddr_this_database()) != 0)
			source_of_elsewhere = true;
		/* a source that says nothing is as old as can be */
		if (as_of_null)
			oldest_source = DT_NOBEGIN;
		else
			newest_source = Max(newest_source, DatumGetTimestampTz(as_of));
		if (as_of_null)
			continue;
		if (age_null)
			oldest_source = Min(oldest_source, DatumGetTimestampTz(as_of));
		else
			first_stale = Min(first_stale,
							  DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, as_of, age)));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * source_change notes in a row of protaddr.register_source that it was written here.
 * What logical replication brings was said of the publisher's register: what has
 * arrived of it is not known before somebody says so here, once.  From then on each
 * change comes in the order of the publisher's commits.
 */
static HeapTuple
source_change(TriggerData *trigdata, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	int			number = SPI_fnumber(desc, source_columns[SOURCE_RECORDED_IN]);
	Datum		where;
	bool		isnull = false;

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		return row;
	if (number <= 0)
		elog(ERROR, "protaddr.register_source has no column \"%s\"", source_columns[SOURCE_RECORDED_IN]);
	if (!IsLogicalWorker())
		where = CStringGetTextDatum(protaddr_this_database());
	else if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		where = heap_getattr(trigdata->tg_trigtuple, number, desc, &isnull);
	else
		return row;
	return heap_modify_tuple_by_cols(row, desc, 1, &number, &where, &isnull);
}

/* protaddr_person_hash gives this session's hash of a canonical identifier. */
uint64
protaddr_person_hash(const char *key, int len)
{
	static char last[PA_SUBJECT_SIZE];
	static int	last_len = -1;
	static uint64 last_hash;

	/* first whether a person is protected is asked, then whether known */
	if (len != last_len || memcmp(key, last, len) != 0)
	{
		last_hash = protaddr_fact_hash(hash_key, key, len);
		memcpy(last, key, len);
		last_len = len;
	}
	return last_hash;
}

/*
 * protaddr_protection_of tells what of a person must not be told, by the
 * canonical identifier.  Somebody the register does not know is not protected.
 * The caller has asked protaddr_register_ready before, which takes in what other
 * sessions changed.
 */
int
protaddr_protection_of(const char *key, int len)
{
	uint64		now = register_generation();
	uint64		hash;
	unsigned int facts;
	bool		listed;
	int			hides;

	if (likely(protaddr_picture_facts(key, len, &facts, &listed)))
		return (int) (facts & PA_FACT_HIDES);

	hash = protaddr_person_hash(key, len);
	if (likely(people_generation == now))
	{
		uint64		bits = filter_bits(hash);
		ProtectedPerson *person;

		Assert(filter != NULL && people != NULL);

		if (likely((filter[(hash >> 32) & filter_mask] & bits) != bits))
			return PROTADDR_HIDES_NOTHING;
		person = people_lookup(people, hash);

		return person == NULL ? PROTADDR_HIDES_NOTHING : person->hides;
	}

	if (asked_generation != now)
	{
		memset(asked, 0, sizeof(asked));
		asked_count = 0;
		asked_generation = now;
	}
	else
	{
		Asked	   *known = &asked[hash % ASKED_SIZE];

		if (known->len == len && memcmp(known->key, key, len) == 0)
			return known->hides;
	}

	if (asked_count >= ASKED_SIZE / 2 && asked_count >= how_many_to_ask())
	{
		read_everybody();
		return protaddr_protection_of(key, len);
	}

	hides = ask(key, len);
	asked_count++;

	/* what was read while the register changed is right now, but not to be kept */
	if (register_generation() == now)
	{
		Asked	   *slot = &asked[hash % ASKED_SIZE];

		slot->len = len;
		slot->hides = hides;
		memcpy(slot->key, key, len);
	}
	return hides;
}

/*
 * protaddr_protection_of_all does so for everybody an address concerns.  An
 * address that concerns nobody hides its all.
 */
int
protaddr_protection_of_all(const PaAddress *address)
{
	int			hides = PROTADDR_HIDES_NOTHING;

	if (address->nsubjects == 0)
		return PROTADDR_HIDES_ALL;
	for (int i = 0; i < address->nsubjects; i++)
		hides |= protaddr_protection_of(address->subject[i].data, address->subject[i].len);
	return hides;
}

/*
 * protaddr_register_snapshot gives the latest committed state as one consistent view,
 * also in a parallel plan's leader and on a standby: whom an identifier stands for, and
 * who is protected.  A load may move a protection along a link that it makes or ends, so
 * who reads both reads them in one, or meets it at neither end.  The tables are locked
 * before, so that it is not older than a wait for them.  To be unregistered.
 */
Snapshot
protaddr_register_snapshot(void)
{
	return RegisterSnapshot(GetCatalogSnapshot(protaddr_table(PROTADDR_PROTECTION)));
}

/* ask reads the index for one person, and for everybody the identifier stands for. */
static int
ask(const char *key, int len)
{
	Relation	protection = table_open(protaddr_table(PROTADDR_PROTECTION), AccessShareLock);
	Relation	link = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	Snapshot	snapshot = protaddr_register_snapshot();
	ProtaddrIdentifier id;
	ProtaddrIdentifier *found;
	int			nfound;
	int			hides = PROTADDR_HIDES_NOTHING;

	memcpy(id.key, key, len);
	id.len = len;
	found = protaddr_identity_people_at(&id, snapshot, &nfound);
	for (int i = 0; i < nfound; i++)
		hides |= ask_one(protection, &found[i], snapshot);
	pfree(found);
	UnregisterSnapshot(snapshot);
	table_close(link, AccessShareLock);
	table_close(protection, AccessShareLock);
	return hides;
}

/*
 * protaddr_protected_since tells whether the protection of somebody whom an identifier
 * stands for, or that it stands for somebody, was recorded after a moment.
 */
bool
protaddr_protected_since(const char *key, int len, TimestampTz moment)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_PROTECTION), AccessShareLock);
	ProtaddrIdentifier id;
	ProtaddrIdentifier *people;
	int			npeople;
	bool		since = false;

	memcpy(id.key, key, len);
	id.len = len;
	people = protaddr_identity_people(&id, &npeople);
	for (int i = 0; i < npeople && !since; i++)
	{
		ProtaddrRows rows;
		HeapTuple	tuple;

		since = protaddr_link_since(&people[i], moment);
		protaddr_rows_of(&rows, rel, protaddr_table_index(PROTADDR_PROTECTION), PROTECTION_SUBJECT_KEY, &people[i], NULL);
		while (!since && HeapTupleIsValid(tuple = systable_getnext(rows.scan)))
		{
			bool		isnull;
			Datum		from = heap_getattr(tuple, PROTECTION_RECORDED_FROM, RelationGetDescr(rel), &isnull);

			since = isnull || DatumGetTimestampTz(from) > moment;
		}
		systable_endscan(rows.scan);
	}
	pfree(people);
	table_close(rel, AccessShareLock);
	return since;
}

/* protaddr_hides_itself does so for one identifier, and nobody it stands for. */
int
protaddr_hides_itself(const ProtaddrIdentifier *id, Snapshot snapshot)
{
	Relation	protection = table_open(protaddr_table(PROTADDR_PROTECTION), AccessShareLock);
	int			hides = ask_one(protection, id, snapshot);

	table_close(protection, AccessShareLock);
	return hides;
}

/*
 * protaddr_protection_hides gives whom a row of protaddr.protection is about, and what it
 * hides now: the condition of the index protection_current.
 */
int
protaddr_protection_hides(HeapTuple row, TupleDesc desc, Datum *key)
{
	bool		key_null;
	bool		kind_null;
	bool		to_null;
	bool		until_null;
	Datum		kind = heap_getattr(row, PROTECTION_KIND, desc, &kind_null);
	Datum		to = heap_getattr(row, PROTECTION_VALID_TO, desc, &to_null);
	Datum		until = heap_getattr(row, PROTECTION_RECORDED_TO, desc, &until_null);

	*key = heap_getattr(row, PROTECTION_SUBJECT_KEY, desc, &key_null);
	if (key_null || (!to_null && !TIMESTAMP_IS_NOEND(DatumGetTimestampTz(to))) ||
		(!until_null && !TIMESTAMP_IS_NOEND(DatumGetTimestampTz(until))))
		return PROTADDR_HIDES_NOTHING;
	return kind_null ? PROTADDR_HIDES_ALL : kind_hides(kind);
}

/* protection_change tells all sessions of whom a row says something else from now on. */
static HeapTuple
protection_change(TriggerData *trigdata, HeapTuple row)
{
	protaddr_picture_row_change(trigdata, row, PROTECTION_SUBJECT_KEY, PROTECTION_SUBJECT);
	return row;
}

static int
ask_one(Relation rel, const ProtaddrIdentifier *id, Snapshot snapshot)
{
	ProtaddrRows rows;
	HeapTuple	tuple;
	int			hides = PROTADDR_HIDES_NOTHING;

	protaddr_rows_of(&rows, rel, protaddr_table_index(PROTADDR_PROTECTION), PROTECTION_SUBJECT_KEY, id, snapshot);
	while (HeapTupleIsValid(tuple = systable_getnext(rows.scan)))
	{
		bool		isnull;
		Datum		kind = heap_getattr(tuple, PROTECTION_KIND, RelationGetDescr(rel), &isnull);

		hides |= isnull ? PROTADDR_HIDES_ALL : kind_hides(kind);
	}
	systable_endscan(rows.scan);
	return hides;
}

/* forget_everybody frees the set.  Its readers are above us in no stack. */
static void
forget_everybody(void)
{
	MemoryContext old = people_context;

	people_context = NULL;
	people = NULL;
	filter = NULL;
	people_generation = 0;
	if (old != NULL)
		MemoryContextDelete(old);
}

/* any_links is true if some identifier stands for somebody. */
static bool
any_links(Relation link, Snapshot snapshot)
{
	SysScanDesc scan = systable_beginscan(link, InvalidOid, false, snapshot, 0, NULL);
	bool		any = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	return any;
}

/* add_protections adds everybody protected to a set, with what stands for them. */
static void
add_protections(people_hash *everybody)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "protaddr identifiers of a person",
												  ALLOCSET_DEFAULT_SIZES);
	Relation	link = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	Relation	rel = table_open(protaddr_table(PROTADDR_PROTECTION), AccessShareLock);
	Relation	index = index_open(protaddr_table_index(PROTADDR_PROTECTION), AccessShareLock);
	Snapshot	snapshot = protaddr_register_snapshot();
	bool		linked = any_links(link, snapshot);
	SysScanDesc scan = systable_beginscan_ordered(rel, index, snapshot, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		bool		key_null;
		bool		kind_null;
		Datum		key = heap_getattr(tuple, PROTECTION_SUBJECT_KEY, RelationGetDescr(rel), &key_null);
		Datum		kind = heap_getattr(tuple, PROTECTION_KIND, RelationGetDescr(rel), &kind_null);
		text	   *t;
		int			hides;

		CHECK_FOR_INTERRUPTS();
		if (key_null)
			continue;
		hides = kind_null ? PROTADDR_HIDES_ALL :
			kind_hides(kind);
		t = DatumGetTextPP(key);
		add_person(everybody, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), hides);
		if (linked)
			add_identifiers(everybody, link, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), hides, snapshot, scratch);
	}
	systable_endscan_ordered(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
	table_close(link, AccessShareLock);
	MemoryContextDelete(scratch);
}

/* read_everybody reads all protections in force into memory. */
static void
read_everybody(void)
{
	uint64		now;
	MemoryContext context;
	people_hash *everybody;
	ProtectedPerson *person;
	people_iterator iterator;
	uint64		words;
	uint64	   *sieve;

	forget_everybody();
	now = register_generation();
	/* freed with the transaction unless we reach the end */
	context = AllocSetContextCreate(CurTransactionContext, "protaddr protected people",
									ALLOCSET_DEFAULT_SIZES);
	everybody = people_create(context, 1024, NULL);
	add_protections(everybody);

	words = pg_nextpower2_64(Max(everybody->members / 4, 64));
	sieve = MemoryContextAllocZero(context, words * sizeof(uint64));
	people_start_iterate(everybody, &iterator);
	while ((person = people_iterate(everybody, &iterator)) != NULL)
		sieve[(person->hash >> 32) & (words - 1)] |= filter_bits(person->hash);

	/* all that can fail has been done: the four go together */
	Assert(people_context == NULL && people == NULL && people_generation == 0);
	filter = sieve;
	filter_mask = words - 1;
	MemoryContextSetParent(context, TopMemoryContext);
	people_context = context;
	people = everybody;

	/*
	 * If the register changed while we read, what we have is no older than the call and good for
	 * it, but not for the next one: the generation differs.
	 */
	people_generation = now;
	if (register_generation() != now)
		asked_count = 0;
}

static void
add_person(people_hash *everybody, const char *key, int len, int hides)
{
	bool		found;
	ProtectedPerson *person =
	people_insert(everybody,
				  protaddr_fact_hash(hash_key, key, len), &found);

	if (!found)
		person->hides = 0;
	person->hides |= hides;
}

/* add_identifiers adds whatever stands for a protected person, over any number of links. */
static void
add_identifiers(people_hash *everybody, Relation link, const char *key, int len, int hides,
				Snapshot snapshot, MemoryContext scratch)
{
	MemoryContext old = MemoryContextSwitchTo(scratch);
	ProtaddrIdentifier person;
	ProtaddrIdentifier *identifiers;
	int			n;

	memcpy(person.key, key, len);
	person.len = len;
	/* a person may have any number of accounts */
	identifiers = protaddr_identity_identifiers(link, &person, snapshot, &n);
	for (int i = 1; i < n; i++)
		add_person(everybody, identifiers[i].key, identifiers[i].len, hides);
	MemoryContextSwitchTo(old);
	MemoryContextReset(scratch);
}

/* index_rows gives how many rows an index had when it was last looked at. */
static double
index_rows(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	double		rows = 0;

	if (HeapTupleIsValid(tuple))
	{
		rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
		ReleaseSysCache(tuple);
	}
	return Max(rows, 0);
}

/*
 * how_many_to_ask tells after how many single questions reading everybody is the
 * cheaper way: a question costs about as much as reading sixteen people.  Where
 * identifiers are linked, each person's have to be found one by one, and reading a
 * person costs more than a question does.
 */
static int
how_many_to_ask(void)
{
	double		rows = index_rows(protaddr_table_index(PROTADDR_PROTECTION));

	if (index_rows(protaddr_identity_index(true)) > 0)
		rows *= 1.5;
	else
		rows /= 16;
	return (int) Min(rows, 1000000);
}

/* kind_hides reads the closed vocabulary; what it does not know, as "everything", hides all. */
static int
kind_hides(Datum kind)
{
	text	   *t = DatumGetTextPP(kind);
	const char *s = VARDATA_ANY(t);
	int			len = VARSIZE_ANY_EXHDR(t);

	if (len == 4 && memcmp(s, "none", 4) == 0)
		return PROTADDR_HIDES_NOTHING;
	if (len == 7 && memcmp(s, "address", 7) == 0)
		return PROTADDR_HIDES_ADDRESS;
	if (len == 16 && memcmp(s, "address_and_town", 16) == 0)
		return PROTADDR_HIDES_ADDRESS | PROTADDR_HIDES_TOWN;
	if (len == 16 && memcmp(s, "name_and_address", 16) == 0)
		return PROTADDR_HIDES_ADDRESS | PROTADDR_HIDES_NAME;
	return PROTADDR_HIDES_ALL;
}

/* protaddr_is_protected is protaddr.is_protected(text). */
Datum
protaddr_is_protected(PG_FUNCTION_ARGS)
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	ProtaddrIdentifier id;

	/* nobody, or a register that cannot be asked: as protected as can be */
	if (!protaddr_identifier_from_text(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &id) ||
		!protaddr_register_ready())
		PG_RETURN_BOOL(true);
	PG_RETURN_BOOL(protaddr_protection_of(id.key, id.len) != PROTADDR_HIDES_NOTHING);
}

/* protaddr_register_ready_sql is protaddr.register_ready(). */
Datum
protaddr_register_ready_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(protaddr_register_ready());
}

/* protaddr_register_max_age is protaddr.register_max_age(). */
Datum
protaddr_register_max_age(PG_FUNCTION_ARGS)
{
	Interval   *age = palloc0(sizeof(Interval));

	age->time = (int64) register_max_age * USECS_PER_SEC;
	PG_RETURN_INTERVAL_P(age);
}
