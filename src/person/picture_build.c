/*
 * picture_build.c
 *		How is the picture built that all sessions share, and what is seen of it?
 *
 * See picture.c.  Whoever builds reads the tables as they are committed after the last
 * transaction has ended that changed them while there was nothing to mark in; who
 * changes them meanwhile marks, and a mark is never taken away here.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_database.h"
#include "catalog/pg_trigger.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "postmaster/bgworker.h"
#include "storage/bufmgr.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#define ROWS_PER_PAGE	100		/* of a table that nobody has analyzed yet */
#define STORED_AT_ONCE	512
#define WAIT_AT_LEAST	50		/* ms */
#define WORKER_WAITS	10000
#define RETRY_AFTER		5000	/* ms */
#define RETRY_TOO_LARGE	60000
#define RETRY_WORKER	10000

/* Up to so many are read by the session that wants the picture, at once. */
#define READ_AT_ONCE	50000

/* What is read and not yet stored. */
typedef struct Batch
{
	Picture    *picture;
	uint64		serial;
	int			n;
	uint64		hash[STORED_AT_ONCE];
	uint64		to[STORED_AT_ONCE]; /* 0: nobody */
	unsigned char facts[STORED_AT_ONCE];
	bool		given_up;		/* somebody has dropped the picture */
} Batch;

/* The place that this session is building in. */
static Picture *building = NULL;

static const ProtaddrTable sources[] = {PROTADDR_REGISTER_PERSON, PROTADDR_PROTECTION, PROTADDR_IDENTITY_LINK};

extern PGDLLEXPORT void protaddr_picture_worker(Datum database);

PG_FUNCTION_INFO_V1(protaddr_build_shared_picture);
PG_FUNCTION_INFO_V1(protaddr_shared_picture_status);

static double
rows_of_relation(Relation rel)
{
	double		rows = rel->rd_rel->reltuples;

	return rows < 0 ? (double) RelationGetNumberOfBlocks(rel) * ROWS_PER_PAGE : rows;
}

static double
rows_of(ProtaddrTable table)
{
	Relation	rel = table_open(protaddr_table(table), AccessShareLock);
	double		rows = rows_of_relation(rel);

	table_close(rel, AccessShareLock);
	return rows;
}

/* link_pairs estimates how many pairs of identifiers are linked: a few of them both ways. */
static double
link_pairs(void)
{
	Relation	index = index_open(protaddr_own_relation("identity_link_replacing"), AccessShareLock);
	double		back = rows_of_relation(index);

	index_close(index, AccessShareLock);
	return rows_of(PROTADDR_IDENTITY_LINK) + back;
}

/* people estimates of how many identifiers something is told but that they are linked. */
static double
people(void)
{
	return rows_of(PROTADDR_REGISTER_PERSON) + rows_of(PROTADDR_PROTECTION);
}

/* has_trigger is true if a trigger of ours will fire, whatever the session's role. */
static bool
has_trigger(Relation rel, const char *name)
{
	TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (strcmp(triggers->triggers[i].tgname, name) == 0)
			return triggers->triggers[i].tgenabled == TRIGGER_FIRES_ALWAYS;
	return false;
}

/* changes_are_told is true if every change of our tables will be. */
static bool
changes_are_told(void)
{
	bool		told = true;

	for (int i = 0; i < lengthof(sources); i++)
	{
		Relation	rel = table_open(protaddr_table(sources[i]), AccessShareLock);

		told = told && has_trigger(rel, "own_table_changed");
		if (sources[i] == PROTADDR_IDENTITY_LINK)
			told = told && has_trigger(rel, "identity_link_checked");
		if (sources[i] == PROTADDR_REGISTER_PERSON)
			told = told && has_trigger(rel, "own_row_added");
		table_close(rel, AccessShareLock);
	}
	return told;
}

/* prepared_changes is true if a prepared transaction may have changed our tables. */
static bool
prepared_changes(void)
{
	LockData   *data = GetLockStatusData();

	for (int i = 0; i < data->nelements; i++)
	{
		LockInstanceData *lock = &data->locks[i];

		if (lock->pid != 0 || lock->locktag.locktag_type != LOCKTAG_RELATION ||
			lock->locktag.locktag_field1 != MyDatabaseId ||
			(lock->holdMask & ~(LOCKBIT_ON(AccessShareLock) | LOCKBIT_ON(RowShareLock))) == 0)
			continue;
		for (int j = 0; j < lengthof(sources); j++)
			if (lock->locktag.locktag_field2 == protaddr_table(sources[j]))
				return true;
	}
	return false;
}

/* ---- room ---------------------------------------------------------------------------- */

/* free_room finds room for so many words among the pictures of all databases. */
static bool
free_room(const Picture *mine, uint64 nwords, uint64 *first)
{
	uint64		at = 0;
	bool		moved = true;

	while (moved && at + nwords <= protaddr_pictures->nwords)
	{
		moved = false;
		for (int i = 0; i < PICTURE_DATABASES; i++)
		{
			const Picture *other = &protaddr_pictures->picture[i];

			if (other != mine && OidIsValid(other->database) && other->nwords > 0 &&
				at < other->first + other->nwords && other->first < at + nwords)
			{
				at = other->first + other->nwords;
				moved = true;
			}
		}
	}
	*first = at;
	return at + nwords <= protaddr_pictures->nwords;
}

/* forget_dropped_databases makes the places free of databases that are there no more. */
static void
forget_dropped_databases(void)
{
	for (int i = 0; i < PICTURE_DATABASES; i++)
	{
		Oid			database = protaddr_pictures->picture[i].database;

		if (!OidIsValid(database) || database == MyDatabaseId ||
			SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database)))
			continue;
		LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
		if (protaddr_pictures->picture[i].database == database)
		{
			protaddr_picture_drop(&protaddr_pictures->picture[i], PICTURE_DROPPED);
			protaddr_pictures->picture[i].database = InvalidOid;
		}
		LWLockRelease(protaddr_pictures->lock);
	}
}

/* take_place gives this database's place; NULL if others have them all.  The lock is held exclusively. */
static Picture *
take_place(void)
{
	Picture    *picture = protaddr_picture_of(MyDatabaseId);

	if (picture == NULL && (picture = protaddr_picture_of(InvalidOid)) != NULL)
	{
		picture->database = MyDatabaseId;
		picture->state = PICTURE_NONE;
		picture->obstacle = PICTURE_NO_OBSTACLE;
		picture->protection = InvalidOid;
		picture->nwords = picture->wanted = picture->pairs_wanted = 0;
		picture->builder = 0;
		picture->retry_at = 0;
	}
	return picture;
}

/*
 * reserve takes this database's place, with room for so many people and links.  true if we are
 * to build; else the caller looks whether there is a picture.
 */
static bool
reserve(double npeople, double links, bool retry)
{
	Picture    *picture;
	TimestampTz now = GetCurrentTimestamp();
	bool		reserved = false;
	uint64		nfacts;
	uint64		npairs;
	uint64		nwords;
	uint64		first;

	forget_dropped_databases();
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	picture = take_place();
	if (picture != NULL && picture->builder == 0 && (retry || picture->retry_at <= now) &&
		!(picture->state == PICTURE_READY && picture->protection == protaddr_table(PROTADDR_PROTECTION)))
	{
		protaddr_picture_drop(picture, PICTURE_DROPPED);
		nfacts = protaddr_fact_words(Max((uint64) (npeople * 1.1), picture->wanted));
		npairs = protaddr_fact_words(Max((uint64) (links * 1.1), picture->pairs_wanted));
		nwords = nfacts + npairs * 2;
		if (free_room(picture, nwords, &first))
		{
			picture->first = first;
			picture->nwords = nwords;
			picture->facts.word = &protaddr_pictures->word[first];
			picture->facts.nwords = nfacts;
			picture->pairs.pair = &protaddr_pictures->word[first + nfacts];
			picture->pairs.npairs = npairs;
			picture->builder = MyProcPid;
			building = picture;
			reserved = true;
		}
		else
		{
			picture->nwords = 0;
			picture->obstacle = PICTURE_TOO_LARGE;
			picture->retry_at = TimestampTzPlusMilliseconds(now, RETRY_TOO_LARGE);
		}
	}
	LWLockRelease(protaddr_pictures->lock);
	return reserved;
}

/* protaddr_picture_abandon leaves the place, if this session was building in one. */
void
protaddr_picture_abandon(void)
{
	if (building == NULL)
		return;
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	if (building->builder == MyProcPid)
	{
		protaddr_picture_drop(building, PICTURE_DROPPED);
		building->builder = 0;
		building->retry_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), RETRY_AFTER);
	}
	LWLockRelease(protaddr_pictures->lock);
	building = NULL;
}

/* give_up abandons the picture for a reason. */
static bool
give_up(PictureObstacle obstacle)
{
	Picture    *picture = building;

	protaddr_picture_abandon();
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	if (picture->database == MyDatabaseId && picture->state == PICTURE_NONE)
		picture->obstacle = obstacle;
	LWLockRelease(protaddr_pictures->lock);
	return false;
}

/* ---- building ------------------------------------------------------------------------ */

/*
 * publish has all changes from now on marked in the picture, and waits for the end of
 * those who cannot: false if that takes too long.
 */
static bool
publish(int wait_ms)
{
	int			group = -1;

	for (int waited = 0;; waited++)
	{
		bool		over = false;

		LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
		if (group < 0 && protaddr_pictures->writers[1 - protaddr_pictures->group] == 0)
		{
			memset(building->begun, 0, sizeof(building->begun));
			memset(building->open, 0, sizeof(building->open));
			building->serial = ++protaddr_pictures->last_serial;
			building->used = building->pairs_used = 0;
			building->noted = building->settled = 0;
			building->protection = protaddr_table(PROTADDR_PROTECTION);
			building->state = PICTURE_BEING_BUILT;
			group = protaddr_pictures->group;
			protaddr_pictures->group = 1 - group;
		}
		if (group >= 0)
			over = protaddr_pictures->writers[group] == 0;
		LWLockRelease(protaddr_pictures->lock);
		if (over)
			return true;
		if (waited >= Max(wait_ms, WAIT_AT_LEAST))
			return false;
		CHECK_FOR_INTERRUPTS();
		pg_usleep(1000);
	}
}

/* store_batch stores what was read. */
static void
store_batch(Batch *batch)
{
	Picture    *picture = batch->picture;

	CHECK_FOR_INTERRUPTS();
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	if (picture->serial != batch->serial || picture->state !=PICTURE_BEING_BUILT)
		batch->given_up = true;
	for (int i = 0; i < batch->n && !batch->given_up; i++)
		batch->given_up = !protaddr_picture_store(picture, batch->hash[i], 0, batch->facts[i]) ||
			(batch->to[i] != 0 && !protaddr_picture_store_link(picture, batch->hash[i], batch->to[i]));
	LWLockRelease(protaddr_pictures->lock);
	batch->n = 0;
}

/* hash_of gives the hash of a key; 0 for what is longer than any identifier. */
static uint64
hash_of(Batch *batch, Datum key)
{
	text	   *t = DatumGetTextPP(key);
	uint64		hash = 0;

	if (VARSIZE_ANY_EXHDR(t) <= PA_SUBJECT_SIZE)
		hash = protaddr_fact_hash(batch->picture->key, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
	if ((Pointer) t != DatumGetPointer(key))
		pfree(t);
	return hash;
}

/* What a row says. */
typedef struct Said
{
	unsigned int facts;			/* 0: nothing */
	Datum		key;
	Datum		to;				/* of a link: where it leads */
	bool		back;			/* and it leads back as well */
} Said;

/* store adds one thing that was read. */
static void
store(Batch *batch, uint64 hash, uint64 to, unsigned int facts)
{
	protaddr_fact_prefetch(&batch->picture->facts, hash);
	batch->hash[batch->n] = hash;
	batch->to[batch->n] = to;
	batch->facts[batch->n++] = (unsigned char) facts;
	if (batch->n == STORED_AT_ONCE)
		store_batch(batch);
}

/* read_table adds what the rows of a table say; gives their number. */
static int64
read_table(Batch *batch, ProtaddrTable table, void (*read_row) (HeapTuple row, TupleDesc desc, Said *said))
{
	Relation	rel = table_open(protaddr_table(table), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	row;
	int64		rows = 0;

	while (!batch->given_up && HeapTupleIsValid(row = systable_getnext(scan)))
	{
		Said		said = {0};
		uint64		hash;
		uint64		to = 0;

		CHECK_FOR_INTERRUPTS();
		read_row(row, RelationGetDescr(rel), &said);
		if (said.facts == 0 || (hash = hash_of(batch, said.key)) == 0)
			continue;
		if (said.to != (Datum) 0)
			to = hash_of(batch, said.to);
		store(batch, hash, to, said.facts);
		if (said.back && to != 0)
			store(batch, to, hash, said.facts);
		rows++;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return rows;
}

static void
read_person(HeapTuple row, TupleDesc desc, Said *said)
{
	bool		isnull;

	said->key = heap_getattr(row, 1, desc, &isnull);
	said->facts = isnull ? 0 : PA_FACT_KNOWN;
}

static void
read_link(HeapTuple row, TupleDesc desc, Said *said)
{
	if (protaddr_link_counts(row, desc, &said->key, &said->to, &said->back))
		said->facts = PA_FACT_LINKED;
}

static void
read_protection(HeapTuple row, TupleDesc desc, Said *said)
{
	said->facts = (unsigned int) protaddr_protection_hides(row, desc, &said->key);
}

/* fill reads the tables; false if the picture was dropped meanwhile. */
static bool
fill(void)
{
	Batch	   *batch = palloc0(sizeof(Batch));
	instr_time	start;
	instr_time	took;
	int64		npeople;
	int64		links;
	int64		protections;
	bool		ready = false;

	INSTR_TIME_SET_CURRENT(start);
	batch->picture = building;
	batch->serial = building->serial;
	npeople = read_table(batch, PROTADDR_REGISTER_PERSON, read_person);
	protections = read_table(batch, PROTADDR_PROTECTION, read_protection);
	store_batch(batch);
	/* last: an identifier that is linked, and no more, needs no word in the table */
	links = read_table(batch, PROTADDR_IDENTITY_LINK, read_link);
	store_batch(batch);
	INSTR_TIME_SET_CURRENT(took);
	INSTR_TIME_SUBTRACT(took, start);

	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	if (!batch->given_up && building->serial == batch->serial && building->state == PICTURE_BEING_BUILT)
	{
		building->people = npeople;
		building->listed = npeople > 0;
		building->links = links;
		building->protections = protections;
		building->built_at = GetCurrentTimestamp();
		building->took_us = (int64) INSTR_TIME_GET_MICROSEC(took);
		building->obstacle = PICTURE_NO_OBSTACLE;
		building->retry_at = 0;
		building->state = PICTURE_READY;
		building->builder = 0;
		pg_write_barrier();
		pg_atomic_write_u64(&building->ready, building->serial);
		pg_atomic_fetch_add_u64(&protaddr_pictures->moves, 1);
		pg_atomic_write_u64(&protaddr_pictures->asked, 0);
		ready = true;
	}
	LWLockRelease(protaddr_pictures->lock);
	if (ready)
		building = NULL;
	else
		protaddr_picture_abandon();
	pfree(batch);
	return ready;
}

/* build builds in the place that is reserved. */
static bool
build(int wait_ms)
{
	uint64	   *word = &protaddr_pictures->word[building->first];

	if (!pg_strong_random(building->key, sizeof(building->key)))
		return give_up(PICTURE_DROPPED);
	for (uint64 at = 0; at < building->nwords; at += 1 << 20)
	{
		CHECK_FOR_INTERRUPTS();
		memset(word + at, 0, Min(building->nwords - at, 1 << 20) * sizeof(uint64));
	}
	if (!publish(wait_ms))
		return give_up(PICTURE_WRITERS);
	/* only now: who switches a trigger off, or prepares, drops the picture from now on */
	if (!changes_are_told())
		return give_up(PICTURE_TRIGGERS);
	if (prepared_changes())
		return give_up(PICTURE_PREPARED);
	return fill();
}

/*
 * protaddr_picture_build builds the picture of this database, unless it is there or
 * somebody else is at it; true if it is there.  Waits so long for others who write.
 */
bool
protaddr_picture_build(int wait_ms)
{
	bool		ready = false;

	if (protaddr_pictures == NULL || RecoveryInProgress() || IsInParallelMode() ||
		protaddr_picture_writing())
		return false;
	if (reserve(people(), link_pairs(), wait_ms > 0))
	{
		PG_TRY();
		{
			ready = build(wait_ms);
		}
		PG_CATCH();
		{
			protaddr_picture_abandon();
			PG_RE_THROW();
		}
		PG_END_TRY();
	}
	else
	{
		Picture    *picture;

		LWLockAcquire(protaddr_pictures->lock, LW_SHARED);
		picture = protaddr_picture_of(MyDatabaseId);
		ready = picture != NULL && picture->state == PICTURE_READY &&
			picture->protection == protaddr_table(PROTADDR_PROTECTION);
		LWLockRelease(protaddr_pictures->lock);
	}
	return ready;
}

/* start_worker has a process of its own build the picture; false if there is none to be had. */
static bool
start_worker(void)
{
	BackgroundWorker worker = {
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId),
	};

	strlcpy(worker.bgw_name, "protaddr shared picture", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "protaddr shared picture", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "protaddr", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "protaddr_picture_worker", sizeof(worker.bgw_function_name));
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

/* protaddr_picture_worker is the process. */
void
protaddr_picture_worker(Datum database)
{
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
	StartTransactionCommand();
	(void) protaddr_picture_build(WORKER_WAITS);
	CommitTransactionCommand();
}

/*
 * protaddr_picture_wanted has a picture built if enough has been asked that it pays: a
 * small one here and now, a large one by a process of its own, which no query waits for
 * and no statement_timeout ends.  true if there is one now.
 */
bool
protaddr_picture_wanted(void)
{
	double		size;
	bool		start = false;
	Picture    *picture;
	TimestampTz now;

	if (RecoveryInProgress() || protaddr_picture_writing())
		return false;
	size = people() + link_pairs();
	if ((double) pg_atomic_read_u64(&protaddr_pictures->asked) < size / PROTADDR_QUESTION_COSTS)
		return false;
	if (size <= READ_AT_ONCE)
		return protaddr_picture_build(0);

	now = GetCurrentTimestamp();
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	picture = take_place();
	if (picture != NULL && picture->builder == 0 && picture->retry_at <= now)
	{
		start = true;
		picture->retry_at = TimestampTzPlusMilliseconds(now, RETRY_WORKER);
	}
	LWLockRelease(protaddr_pictures->lock);
	if (start && !start_worker())
	{
		LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
		if (picture->database == MyDatabaseId && picture->state == PICTURE_NONE)
			picture->obstacle = PICTURE_NO_WORKER;
		LWLockRelease(protaddr_pictures->lock);
	}
	return false;
}

/* ---- what is seen of it ----------------------------------------------------------------- */

/* protaddr_build_shared_picture is protaddr.build_shared_picture(). */
Datum
protaddr_build_shared_picture(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(protaddr_picture_build(WORKER_WAITS));
}

static const char *const obstacles[] = {
	[PICTURE_NO_OBSTACLE] = "nobody has asked often enough to build it",
	[PICTURE_NOT_PRELOADED] = "the library is not in shared_preload_libraries",
	[PICTURE_ON_STANDBY] = "the server is a standby",
	[PICTURE_TOO_LARGE] = "it is larger than protaddr.shared_picture_size allows",
	[PICTURE_WRITERS] = "a transaction that changes a register has not ended",
	[PICTURE_PREPARED] = "a prepared transaction has changed the register",
	[PICTURE_TRIGGERS] = "a trigger of the register's tables is disabled",
	[PICTURE_NO_WORKER] = "no background worker was to be had (max_worker_processes)",
	[PICTURE_DROPPED] = "many changes at once, or a change of the tables, ended the last one",
};

/* protaddr_shared_picture_status is protaddr.shared_picture_status(). */
Datum
protaddr_shared_picture_status(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[11] = {0};
	bool		nulls[11];
	Picture		copy = {0};
	bool		there = false;
	PictureObstacle obstacle = PICTURE_NO_OBSTACLE;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(nulls, true, sizeof(nulls));
	if (protaddr_pictures == NULL)
		obstacle = PICTURE_NOT_PRELOADED;
	else
	{
		Picture    *picture;

		LWLockAcquire(protaddr_pictures->lock, LW_SHARED);
		picture = protaddr_picture_of(MyDatabaseId);
		if (picture != NULL)
		{
			memcpy(&copy, picture, sizeof(copy));
			there = copy.protection == protaddr_table(PROTADDR_PROTECTION);
			obstacle = copy.obstacle;
		}
		LWLockRelease(protaddr_pictures->lock);
		if (RecoveryInProgress())
			obstacle = PICTURE_ON_STANDBY;
		values[2] = Int64GetDatum((int64) (protaddr_pictures->nwords * sizeof(uint64)));
		nulls[2] = false;
	}
	if (!there)
		copy.state = PICTURE_NONE;

	values[0] = CStringGetTextDatum(copy.state == PICTURE_READY ? "ready" :
									copy.state == PICTURE_BEING_BUILT ? "being built" : "none");
	nulls[0] = false;
	if (copy.state == PICTURE_NONE)
	{
		values[1] = CStringGetTextDatum(obstacles[obstacle]);
		nulls[1] = false;
	}
	else if (copy.state == PICTURE_READY)
	{
		values[3] = Int64GetDatum((int64) (copy.nwords * sizeof(uint64)));
		values[4] = Int64GetDatum((int64) copy.used);
		values[5] = Int64GetDatum(copy.people);
		values[6] = Int64GetDatum(copy.protections);
		values[7] = Int64GetDatum(copy.links);
		values[8] = TimestampTzGetDatum(copy.built_at);
		values[9] = Int64GetDatum(copy.noted);
		values[10] = Int64GetDatum(copy.settled);
		memset(nulls + 3, false, 8);
	}
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}
