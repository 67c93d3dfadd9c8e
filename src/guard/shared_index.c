/*
 * shared_index.c
 *		What do all sessions of a database share of what the guard looks for?
 *
 * With the library preloaded, a process of its own reads the table once and writes the
 * image of its index (image.c) into a segment of shared memory, which nobody changes any
 * more; sessions attach to it and read what was written since by themselves
 * (session_index.c).  When that becomes much, or the words of addresses change, another
 * segment is made and takes the place of the first, which goes when its last reader has
 * left it.  All of it works on a standby as well.
 *
 * A session that finds nothing shared waits for the process as long as that gets on, and
 * else reads for itself, as it does without preloading: the process may wait for a lock
 * that this very session holds, or fail for a reason that it will meet, too.
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard_int.h"

#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define BASE_DATABASES	32
#define PATIENCE		1000	/* ms without progress */
#define RETRY_AFTER		10000	/* ms */

typedef enum BaseObstacle
{
	BASE_NO_OBSTACLE = 0,
	BASE_NO_WORKER,
	BASE_FAILED,
	BASE_TOO_LARGE
} BaseObstacle;

/* What there is of one database. */
typedef struct Base
{
	Oid			database;		/* InvalidOid: the place is free */
	pg_atomic_uint64 serial;	/* 0: there is none */
	dsm_handle	handle;
	Oid			relation;
	uint64		words_hash;
	pg_atomic_uint64 progress;	/* of who makes one */
	uint64		attempts;		/* that have ended */
	TimestampTz retry_at;		/* nobody is asked to make one before */
	BaseObstacle obstacle;
} Base;

typedef struct Bases
{
	LWLock	   *lock;
	ConditionVariable ended;	/* an attempt to make one */
	pg_atomic_uint64 moves;		/* how often one has come or gone */
	Base		base[BASE_DATABASES];
} Bases;

static Bases *bases = NULL;
static shmem_request_hook_type previous_shmem_request = NULL;
static shmem_startup_hook_type previous_shmem_startup = NULL;

/* The segment that this session reads. */
static dsm_segment *segment = NULL;

/* Where this process, if it is the worker, is making one. */
static Base *making = NULL;

extern PGDLLEXPORT void protaddr_guard_worker(Datum database);

static void base_start(void);
static void base_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg);

const ProtaddrPart protaddr_guard_base_part = {
	.start = base_start,
	.object_access = base_object_access,
};

/* ---- shared memory ---------------------------------------------------------------------- */

static void
base_request(void)
{
	if (previous_shmem_request)
		previous_shmem_request();
	RequestAddinShmemSpace(sizeof(Bases));
	RequestNamedLWLockTranche("protaddr guard", 1);
}

static void
base_startup(void)
{
	bool		found;

	if (previous_shmem_startup)
		previous_shmem_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	bases = ShmemInitStruct("protaddr guard", sizeof(Bases), &found);
	if (!found)
	{
		memset(bases, 0, sizeof(Bases));
		bases->lock = &GetNamedLWLockTranche("protaddr guard")->lock;
		ConditionVariableInit(&bases->ended);
		pg_atomic_init_u64(&bases->moves, 1);
		for (int i = 0; i < BASE_DATABASES; i++)
		{
			pg_atomic_init_u64(&bases->base[i].serial, 0);
			pg_atomic_init_u64(&bases->base[i].progress, 0);
		}
	}
	LWLockRelease(AddinShmemInitLock);
}

static void
base_start(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_shmem_request = shmem_request_hook;
	shmem_request_hook = base_request;
	previous_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = base_startup;
}

/* place_of gives the place of a database, or NULL.  The lock is held. */
static Base *
place_of(Oid database)
{
	for (int i = 0; i < BASE_DATABASES; i++)
		if (bases->base[i].database == database)
			return &bases->base[i];
	return NULL;
}

/* drop has nobody attach to a segment any more.  The lock is held exclusively. */
static void
drop(Base *base)
{
	if (pg_atomic_read_u64(&base->serial) == 0)
		return;
	pg_atomic_write_u64(&base->serial, 0);
	pg_atomic_fetch_add_u64(&bases->moves, 1);
	dsm_unpin_segment(base->handle);
}

/* forget_database makes the place of a database free. */
static void
forget_database(Oid database)
{
	Base	   *base;

	LWLockAcquire(bases->lock, LW_EXCLUSIVE);
	base = place_of(database);
	if (base != NULL)
	{
		drop(base);
		base->database = InvalidOid;
	}
	LWLockRelease(bases->lock);
}

/* A database may be made with the OID that another one had, whose tables its own are like. */
static void
base_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (bases != NULL && class == DatabaseRelationId && (access == OAT_POST_CREATE || access == OAT_DROP))
		forget_database(object);
}

/* take_place gives this database's place; NULL if others have them all.  The lock is held exclusively. */
static Base *
take_place(void)
{
	Base	   *base = place_of(MyDatabaseId);

	if (base == NULL && (base = place_of(InvalidOid)) != NULL)
	{
		base->database = MyDatabaseId;
		base->retry_at = 0;
		base->obstacle = BASE_NO_OBSTACLE;
	}
	return base;
}

/* ---- making one ---------------------------------------------------------------------------- */

/* start_worker has a process make one; false if there is none to be had. */
static bool
start_worker(void)
{
	BackgroundWorker worker = {
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_ConsistentState,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId),
	};

	strlcpy(worker.bgw_name, "protaddr guard", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "protaddr guard", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "protaddr", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "protaddr_guard_worker", sizeof(worker.bgw_function_name));
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

/* ask has one made unless somebody has asked for it lately; false if nobody will make it. */
static bool
ask(void)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		start = false;
	bool		asked = false;
	Base	   *base;

	LWLockAcquire(bases->lock, LW_EXCLUSIVE);
	base = take_place();
	if (base != NULL)
	{
		asked = base->obstacle == BASE_NO_OBSTACLE;
		if (base->retry_at <= now)
		{
			start = asked = true;
			base->retry_at = TimestampTzPlusMilliseconds(now, RETRY_AFTER);
			base->obstacle = BASE_NO_OBSTACLE;
		}
	}
	LWLockRelease(bases->lock);
	if (!start)
		return asked;
	if (start_worker())
		return true;
	LWLockAcquire(bases->lock, LW_EXCLUSIVE);
	if (base->database == MyDatabaseId)
		base->obstacle = BASE_NO_WORKER;
	LWLockRelease(bases->lock);
	return false;
}

static void
progress(void)
{
	pg_atomic_fetch_add_u64(&making->progress, 1);
}

/* end_attempt tells those who wait; that it has failed, unless it has been said otherwise. */
static void
end_attempt(int code, Datum arg)
{
	if (code != 0)
		LWLockReleaseAll();
	LWLockAcquire(bases->lock, LW_EXCLUSIVE);
	if (making != NULL && making->database == MyDatabaseId)
	{
		making->attempts++;
		making->obstacle = (BaseObstacle) DatumGetInt32(arg);
		if (making->obstacle == BASE_NO_OBSTACLE)
			making->retry_at = 0;
	}
	making = NULL;
	LWLockRelease(bases->lock);
	ConditionVariableBroadcast(&bases->ended);
}

/* publish writes an index into shared memory in the place of the last one; false if it does not fit. */
static bool
publish(const ProtaddrGuardIndex *index)
{
	Size		image_at = MAXALIGN(offsetof(ProtaddrGuardBase, id) +
									((Size) index->entries.n + index->recent.n) * sizeof(int64));
	Size		size = image_at + protaddr_guard_image_size(index->index);
	dsm_segment *made = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	ProtaddrGuardBase *base;

	if (made == NULL)
		return false;
	base = dsm_segment_address(made);
	base->size = size;
	base->image_at = image_at;
	base->relation = index->relation;
	base->nentries = index->entries.n;
	base->nrecent = index->recent.n;
	base->horizon = index->horizon;
	base->words_hash = index->words_hash;
	base->built_at = index->built_at;
	if (index->entries.n > 0)
		memcpy(base->id, index->entries.id, index->entries.n * sizeof(int64));
	if (index->recent.n > 0)
		memcpy(base->id + index->entries.n, index->recent.id, index->recent.n * sizeof(int64));
	protaddr_guard_image_write(index->index, (char *) base + image_at);

	LWLockAcquire(bases->lock, LW_EXCLUSIVE);
	if (making->database == MyDatabaseId)
	{
		drop(making);
		dsm_pin_segment(made);
		making->handle = dsm_segment_handle(made);
		making->relation = index->relation;
		making->words_hash = index->words_hash;
		base->serial = pg_atomic_add_fetch_u64(&bases->moves, 1);
		pg_write_barrier();
		pg_atomic_write_u64(&making->serial, base->serial);
	}
	LWLockRelease(bases->lock);
	dsm_detach(made);
	return true;
}

/* protaddr_guard_worker is the process. */
void
protaddr_guard_worker(Datum database)
{
	ProtaddrGuardIndex *index;
	bool		fits;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
	if (bases == NULL)
		return;
	LWLockAcquire(bases->lock, LW_EXCLUSIVE);
	making = place_of(MyDatabaseId);
	LWLockRelease(bases->lock);
	if (making == NULL)
		return;
	before_shmem_exit(end_attempt, Int32GetDatum(BASE_FAILED));
	StartTransactionCommand();
	progress();
	index = protaddr_guard_index_build(progress);
	fits = publish(index);
	CommitTransactionCommand();
	cancel_before_shmem_exit(end_attempt, Int32GetDatum(BASE_FAILED));
	end_attempt(0, Int32GetDatum(fits ? BASE_NO_OBSTACLE : BASE_TOO_LARGE));
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* protaddr_guard_base_moves changes whenever one of any database has come or gone. */
uint64
protaddr_guard_base_moves(void)
{
	return bases == NULL ? 0 : pg_atomic_read_u64(&bases->moves);
}

/* protaddr_guard_base_is_newest is true unless there is a newer one.  base: NULL if the session reads none. */
bool
protaddr_guard_base_is_newest(const ProtaddrGuardBase *base)
{
	uint64		serial = 0;
	Base	   *now;

	if (bases == NULL)
		return true;
	LWLockAcquire(bases->lock, LW_SHARED);
	now = place_of(MyDatabaseId);
	if (now != NULL)
		serial = pg_atomic_read_u64(&now->serial);
	LWLockRelease(bases->lock);
	return serial == 0 || (base != NULL && base->serial == serial);
}

/* protaddr_guard_base_leave detaches this session from what it reads. */
void
protaddr_guard_base_leave(void)
{
	dsm_segment *old = segment;

	segment = NULL;
	if (old != NULL)
		dsm_detach(old);
}

/* attach attaches to what is shared, if it is of these words; else NULL. */
static const ProtaddrGuardBase *
attach(uint64 words_hash, uint64 *attempts)
{
	Oid			relation = protaddr_table(PROTADDR_GUARDED_ADDRESS);
	Base	   *base;

	LWLockAcquire(bases->lock, LW_SHARED);
	base = place_of(MyDatabaseId);
	*attempts = base != NULL ? base->attempts : 0;
	if (base != NULL && pg_atomic_read_u64(&base->serial) != 0 && base->relation == relation &&
		base->words_hash == words_hash && (segment = dsm_attach(base->handle)) != NULL)
		dsm_pin_mapping(segment);
	LWLockRelease(bases->lock);
	return segment == NULL ? NULL : dsm_segment_address(segment);
}

/* wait_for waits for the end of the attempt that is under way; false if it does not get on. */
static bool
wait_for(uint64 attempts)
{
	TimestampTz since = GetCurrentTimestamp();
	uint64		seen = 0;
	bool		ended = false;
	bool		patient = true;

	ConditionVariablePrepareToSleep(&bases->ended);
	while (!ended && patient)
	{
		uint64		now = 0;
		Base	   *base;

		LWLockAcquire(bases->lock, LW_SHARED);
		base = place_of(MyDatabaseId);
		ended = base == NULL || base->attempts != attempts;
		if (base != NULL)
			now = pg_atomic_read_u64(&base->progress);
		LWLockRelease(bases->lock);
		if (ended)
			break;
		if (now != seen)
		{
			seen = now;
			since = GetCurrentTimestamp();
		}
		patient = !TimestampDifferenceExceeds(since, GetCurrentTimestamp(), PATIENCE);
		if (patient)
			(void) ConditionVariableTimedSleep(&bases->ended, 100, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
	return ended;
}

/*
 * protaddr_guard_base gives what is shared of the entries, if it is there or will be soon,
 * until protaddr_guard_base_leave(); else NULL.
 */
const ProtaddrGuardBase *
protaddr_guard_base(uint64 words_hash)
{
	const ProtaddrGuardBase *base;
	uint64		attempts;

	if (bases == NULL || !IsUnderPostmaster || making != NULL)
		return NULL;
	protaddr_guard_base_leave();
	base = attach(words_hash, &attempts);
	if (base == NULL && ask() && wait_for(attempts))
		base = attach(words_hash, &attempts);
	return base;
}

/* protaddr_guard_base_outgrown has one made in the place of the one that is there. */
void
protaddr_guard_base_outgrown(void)
{
	(void) ask();
}

/* protaddr_guard_base_obstacle says why nothing is shared; NULL if nothing is in the way. */
const char *
protaddr_guard_base_obstacle(void)
{
	static const char *const obstacles[] = {
		[BASE_NO_WORKER] = "no background worker was to be had (max_worker_processes)",
		[BASE_FAILED] = "the background worker failed: see the server log",
		[BASE_TOO_LARGE] = "there are too many segments of dynamic shared memory",
	};
	BaseObstacle obstacle = BASE_NO_OBSTACLE;
	Base	   *base;

	if (bases == NULL)
		return "the library is not in shared_preload_libraries";
	LWLockAcquire(bases->lock, LW_SHARED);
	base = place_of(MyDatabaseId);
	if (base != NULL)
		obstacle = base->obstacle;
	LWLockRelease(bases->lock);
	return obstacles[obstacle];
}
