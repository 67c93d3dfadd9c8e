/*
 * picture.c
 *		What does every session know of a person without reading a table?
 *
 * With the library preloaded, the sessions of a database share one picture of its
 * register in shared memory: of each identifier whether it is protected and known, by
 * its own rows, whom it stands for, and which are its older numbers (fact_table.h).  It is built once (picture_build.c), read
 * without a lock, and kept by those who change the register:
 *
 * Before a row is changed, the facts of its identifier are marked as unsettled, and
 * whoever meets such facts asks the tables instead, which know.  The mark stays, whether
 * the change is committed or rolled back or the server is killed in between (the picture
 * is gone then), until somebody reads the tables after the last transaction that marked
 * it has ended, and nobody has marked it since.  So facts without a mark are never older
 * than the last committed change.
 *
 * What cannot be followed so drops the whole picture: many changes at once, a change of
 * the tables themselves (a trigger switched off among them), and a transaction that is
 * prepared, since nobody hears of its end.  A picture is built by what is committed, so
 * it waits for the end of whoever has changed anything before it was there to be marked
 * in; prepared transactions stand in its way as long as they hold locks on our tables.
 *
 * On a standby nobody could mark anything: there is no picture, and each session
 * remembers for itself what it read (known.c, protected.c), as it does without preloading,
 * and while there is no picture.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_trigger.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* A transaction that changes more than so many marks, or this part of the picture, drops it. */
#define MARKS_AT_MOST	65536
#define MARKS_PART		8

/* how often a session that finds no picture looks whether it is time to build one */
#define QUESTIONS_TO_LOOK	64

Pictures   *protaddr_pictures = NULL;

static int	shared_picture_size = 0;	/* MB */
static shmem_request_hook_type previous_shmem_request = NULL;
static shmem_startup_hook_type previous_shmem_startup = NULL;

/* The picture as this session reads it. */
static struct
{
	uint64		moves;			/* when it was last looked for */
	Picture    *picture;
	uint64		ready;			/* 0: there was none */
	Oid			protection;
	PaFactTable facts;
	PaLinkTable links;
	bool		listed;
	unsigned char key[PA_FACT_KEY_SIZE];
	int			last_len;		/* the identifier asked about last, and its hash */
	uint64		last_hash;
	char		last[PA_SUBJECT_SIZE];
}	seen;

/* What this transaction has changed. */
static struct
{
	bool		writing;
	int			group;
	Picture    *picture;
	uint64		serial;			/* of the picture it has marked in */
	uint64		marks;
	uint64		open[PICTURE_STRIPES / 64];
}	changes;

static void picture_start(void);
static void picture_request(void);
static void picture_startup(void);
static void picture_xact_end(void);
static void picture_pre_prepare(void);
static void picture_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg);
static bool look(void);
static bool walk(uint64 hash, unsigned int *facts);
static void settle(const ProtaddrIdentifier *id);

const ProtaddrPart protaddr_picture_part = {
	.start = picture_start,
	.xact_end = picture_xact_end,
	.pre_prepare = picture_pre_prepare,
	.object_access = picture_object_access,
};

static inline int
stripe_of(uint64 hash)
{
	return (int) (hash >> 20) & (PICTURE_STRIPES - 1);
}

/* ---- shared memory ----------------------------------------------------------------- */

static void
picture_start(void)
{
	DefineCustomIntVariable("protaddr.shared_picture_size",
							"Shared memory for what all sessions know of the registers' people.",
							"About 13 bytes for each known person and 27 for each identity link; 0: each session reads for itself. "
							"Where it does not suffice, or the library is not preloaded, answers come from the tables.",
							&shared_picture_size, 64, 0, MAX_KILOBYTES / 1024,
							process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP,
							GUC_UNIT_MB, NULL, NULL, NULL);
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_shmem_request = shmem_request_hook;
	shmem_request_hook = picture_request;
	previous_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = picture_startup;
}

static Size
picture_shmem_size(void)
{
	return add_size(offsetof(Pictures, word), mul_size(shared_picture_size, 1024 * 1024));
}

static void
picture_request(void)
{
	if (previous_shmem_request)
		previous_shmem_request();
	if (shared_picture_size == 0)
		return;
	RequestAddinShmemSpace(picture_shmem_size());
	RequestNamedLWLockTranche("protaddr", 1);
}

static void
picture_startup(void)
{
	bool		found;

	if (previous_shmem_startup)
		previous_shmem_startup();
	protaddr_pictures = NULL;
	if (shared_picture_size == 0)
		return;
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	protaddr_pictures = ShmemInitStruct("protaddr shared picture", picture_shmem_size(), &found);
	if (!found)
	{
		/* the words are cleared by who uses them */
		memset(protaddr_pictures, 0, offsetof(Pictures, word));
		protaddr_pictures->lock = &GetNamedLWLockTranche("protaddr")->lock;
		protaddr_pictures->nwords = (uint64) shared_picture_size * 1024 * 1024 / sizeof(uint64);
		pg_atomic_init_u64(&protaddr_pictures->asked, 0);
		pg_atomic_init_u64(&protaddr_pictures->moves, 1);
		for (int i = 0; i < PICTURE_DATABASES; i++)
		{
			pg_atomic_init_u64(&protaddr_pictures->picture[i].ready, 0);
			pg_atomic_init_u64(&protaddr_pictures->picture[i].version, 0);
		}
	}
	LWLockRelease(AddinShmemInitLock);
}

/* protaddr_picture_of gives the place of a database, or NULL.  The lock is held. */
Picture *
protaddr_picture_of(Oid database)
{
	for (int i = 0; i < PICTURE_DATABASES; i++)
		if (protaddr_pictures->picture[i].database == database)
			return &protaddr_pictures->picture[i];
	return NULL;
}

/* protaddr_picture_drop has nobody read a picture any more.  The lock is held exclusively. */
void
protaddr_picture_drop(Picture *picture, PictureObstacle obstacle)
{
	if (picture->state == PICTURE_NONE)
		return;
	pg_atomic_write_u64(&picture->ready, 0);
	pg_memory_barrier();
	picture->state = PICTURE_NONE;
	picture->obstacle = obstacle;
	pg_atomic_fetch_add_u64(&protaddr_pictures->moves, 1);
}

/*
 * protaddr_picture_store removes some facts of a hash and adds others; false if there is no
 * room: then the picture is dropped.  The lock is held exclusively.
 */
bool
protaddr_picture_store(Picture *picture, uint64 hash, unsigned int remove, unsigned int add)
{
	switch (protaddr_fact_store(&picture->facts, picture->used, hash, remove, add))
	{
		case PA_FACT_NEW:
			picture->used++;
			break;
		case PA_FACT_FULL:
			picture->wanted = picture->used * 2;
			protaddr_picture_drop(picture, PICTURE_TOO_LARGE);
			return false;
		case PA_FACT_THERE:
			break;
	}
	return true;
}

/* protaddr_picture_store_link adds one whom an identifier stands for, in the same way. */
bool
protaddr_picture_store_link(Picture *picture, uint64 from, uint64 to)
{
	switch (protaddr_link_store(&picture->pairs, picture->pairs_used, from, to))
	{
		case PA_FACT_NEW:
			picture->pairs_used++;
			break;
		case PA_FACT_FULL:
			picture->pairs_wanted = picture->pairs_used * 2;
			protaddr_picture_drop(picture, PICTURE_TOO_LARGE);
			return false;
		case PA_FACT_THERE:
			break;
	}
	return true;
}

/* Around each change: who reads several words finds out whether it came between.  The lock is held exclusively. */
static void
change_begins(Picture *picture)
{
	pg_atomic_write_u64(&picture->version, pg_atomic_read_u64(&picture->version) + 1);
	pg_memory_barrier();
}

static void
change_ends(Picture *picture)
{
	pg_memory_barrier();
	pg_atomic_write_u64(&picture->version, pg_atomic_read_u64(&picture->version) + 1);
}

/* ---- reading -------------------------------------------------------------------------- */

/* is_there is true while the picture that this session has looked at may be read. */
static inline bool
is_there(void)
{
	return pg_atomic_read_u64(&seen.picture->ready) == seen.ready;
}

/* hash_of gives the hash of an identifier in the picture; who is to be asked about soon is asked about then. */
static inline uint64
hash_of(const char *key, int len)
{
	if (len != seen.last_len || memcmp(key, seen.last, len) != 0)
	{
		seen.last_hash = protaddr_fact_hash(seen.key, key, len);
		memcpy(seen.last, key, len);
		seen.last_len = len;
	}
	return seen.last_hash;
}

/* protaddr_picture_asked_soon has the processor fetch the facts of an identifier; false if there is no picture. */
bool
protaddr_picture_asked_soon(const char *key, int len)
{
	if (seen.ready == 0)
		return false;
	protaddr_fact_prefetch(&seen.facts, hash_of(key, len));
	return true;
}

/* What the picture says of somebody. */
typedef enum Seen
{
	SEEN_NOTHING,				/* there is no picture */
	SEEN_UNSETTLED,				/* the tables know */
	SEEN_FACTS
} Seen;

static inline Seen
facts_seen(const char *key, int len, unsigned int *facts, bool *listed)
{
	uint64		hash;

	if (protaddr_pictures == NULL)
		return SEEN_NOTHING;
	if (unlikely(seen.ready == 0 || !is_there() || seen.protection != protaddr_table(PROTADDR_PROTECTION)))
		if (!look())
			return SEEN_NOTHING;

	hash = hash_of(key, len);
	*facts = protaddr_fact_find(&seen.facts, hash);
	*listed = seen.listed;

	/* its memory may have become another picture's meanwhile */
	pg_read_barrier();
	if (unlikely(!is_there()))
		return SEEN_NOTHING;
	if (likely(*facts != 0 && (*facts & (PA_FACT_LINKED | PA_FACT_UNSETTLED)) == 0))
	{
		*facts |= PA_FACT_KNOWN;	/* who is protected is known */
		return SEEN_FACTS;
	}

	for (int tries = 0; tries < 4 && (*facts & PA_FACT_UNSETTLED) == 0; tries++)
	{
		bool		quiet = walk(hash, facts);

		if (!is_there())
			return SEEN_NOTHING;
		if (quiet && (*facts & PA_FACT_UNSETTLED) == 0)
			return SEEN_FACTS;
	}
	return SEEN_UNSETTLED;
}

/*
 * protaddr_picture_facts gives what is hidden of whom an identifier stands for, itself
 * included, and PA_FACT_KNOWN if the registers have told of all of them, as it is committed
 * now; false if there is no picture.  listed: whether any source lists people.
 */
bool
protaddr_picture_facts(const char *key, int len, unsigned int *facts, bool *listed)
{
	ProtaddrIdentifier id;

	switch (facts_seen(key, len, facts, listed))
	{
		case SEEN_NOTHING:
			return false;
		case SEEN_FACTS:
			return true;
		case SEEN_UNSETTLED:
			break;
	}
	memcpy(id.key, key, len);
	id.len = len;
	*facts = protaddr_facts_of_tables(&id);
	return true;
}

/*
 * protaddr_picture_settled_facts does so where nobody is changing anything of them, in a
 * transaction that has not ended; else false.
 */
bool
protaddr_picture_settled_facts(const char *key, int len, unsigned int *facts)
{
	bool		listed;

	return facts_seen(key, len, facts, &listed) == SEEN_FACTS;
}

/* so many links among whom an identifier stands for: more, and the tables are asked */
#define LEADS_AT_MOST	1024

/*
 * walk takes together what is told of everybody an identifier stands for; false if
 * somebody changed anything meanwhile, or they are too many.
 */
static bool
walk(uint64 hash, unsigned int *facts)
{
	uint64		found[PROTADDR_IDENTITY_ALL + 1] = {hash};
	unsigned char told[PROTADDR_IDENTITY_ALL + 1];
	PaLead		lead[LEADS_AT_MOST];
	int			nfound = 1;
	int			nleads = 0;
	uint64		version = pg_atomic_read_u64(&seen.picture->version);

	pg_read_barrier();
	*facts = 0;
	for (int i = 0; i < nfound; i++)
	{
		unsigned int here = protaddr_fact_find(&seen.facts, found[i]);
		uint64		to[PROTADDR_IDENTITY_NEXT];
		int			nto = 0;

		told[i] = (unsigned char) here;
		*facts |= here;
		/* that an account stands for its holder is all there is to tell of it */
		if (here == 0 || (here & PA_FACT_LINKED) != 0)
			nto = protaddr_link_find(&seen.links, found[i], to, lengthof(to));
		if (nto > lengthof(to) || nleads + nto > LEADS_AT_MOST)
			return false;
		for (int j = 0; j < nto; j++)
		{
			int			k = 0;

			while (k < nfound && found[k] != to[j])
				k++;
			lead[nleads].from = i;
			lead[nleads++].to = k;
			if (k < nfound)
				continue;
			if (nfound == lengthof(found))
				return false;
			found[nfound++] = to[j];
		}
	}
	pg_read_barrier();
	if ((version & 1) != 0 || pg_atomic_read_u64(&seen.picture->version) != version)
		return false;
	*facts &= ~(unsigned int) PA_FACT_KNOWN;
	if (protaddr_all_told_of(told, nfound, lead, nleads))
		*facts |= PA_FACT_KNOWN;
	return true;
}

/*
 * protaddr_facts_of_tables asks the tables about everybody an identifier stands for, all in
 * one snapshot.  What a mark has made doubtful in the picture is settled then, which reads
 * anew.
 */
unsigned int
protaddr_facts_of_tables(const ProtaddrIdentifier *id)
{
	Relation	protection = table_open(protaddr_table(PROTADDR_PROTECTION), AccessShareLock);
	Relation	link = table_open(protaddr_table(PROTADDR_IDENTITY_LINK), AccessShareLock);
	Relation	person = table_open(protaddr_table(PROTADDR_REGISTER_PERSON), AccessShareLock);
	Snapshot	snapshot = protaddr_register_snapshot();
	int			npeople;
	int			nleads;
	PaLead	   *lead;
	ProtaddrIdentifier *people = protaddr_identity_leads(id, snapshot, &npeople, &lead, &nleads);
	unsigned char *told = palloc(npeople);
	unsigned int facts = 0;

	for (int i = 0; i < npeople; i++)
	{
		told[i] = (unsigned char) protaddr_hides_itself(&people[i], snapshot);
		facts |= told[i];
		if (protaddr_known_itself(&people[i], snapshot))
			told[i] |= PA_FACT_KNOWN;
	}
	if (protaddr_all_told_of(told, npeople, lead, nleads))
		facts |= PA_FACT_KNOWN;
	UnregisterSnapshot(snapshot);
	table_close(person, AccessShareLock);
	table_close(link, AccessShareLock);
	table_close(protection, AccessShareLock);
	if (seen.ready != 0)
		for (int i = 0; i < npeople; i++)
			settle(&people[i]);
	if (lead != NULL)
		pfree(lead);
	pfree(told);
	pfree(people);
	return facts;
}

/* look looks for a picture to read, and if there is none, whether it is time to build one. */
static bool
look(void)
{
	static int	questions = 0;
	uint64		moves = pg_atomic_read_u64(&protaddr_pictures->moves);
	Picture    *picture;

	if (seen.moves != moves)
	{
		seen.ready = 0;
		seen.last_len = -1;
		LWLockAcquire(protaddr_pictures->lock, LW_SHARED);
		seen.moves = pg_atomic_read_u64(&protaddr_pictures->moves);
		picture = protaddr_picture_of(MyDatabaseId);
		if (picture != NULL && picture->state == PICTURE_READY)
		{
			seen.picture = picture;
			seen.ready = picture->serial;
			seen.protection = picture->protection;
			seen.facts = picture->facts;
			seen.links = picture->pairs;
			seen.listed = picture->listed;
			memcpy(seen.key, picture->key, sizeof(seen.key));
		}
		LWLockRelease(protaddr_pictures->lock);
	}
	if (seen.ready != 0 && seen.protection == protaddr_table(PROTADDR_PROTECTION))
		return true;

	pg_atomic_fetch_add_u64(&protaddr_pictures->asked, 1);
	if (++questions < QUESTIONS_TO_LOOK)
		return false;
	questions = 0;
	return protaddr_picture_wanted() && look();
}

/*
 * settle reads from the tables what one identifier's own rows say, if a mark has made it
 * doubtful.  The mark goes if everybody who set it had ended before we read, and nobody
 * has set it since.
 */
static void
settle(const ProtaddrIdentifier *id)
{
	Picture    *picture = seen.picture;
	uint64		hash = protaddr_fact_hash(seen.key, id->key, id->len);
	int			stripe = stripe_of(hash);
	uint64		begun;
	bool		open;
	unsigned int facts;
	ProtaddrIdentifier *subjects;
	int			nsubjects;

	LWLockAcquire(protaddr_pictures->lock, LW_SHARED);
	begun = picture->begun[stripe];
	open = picture->open[stripe] > 0 || picture->serial != seen.ready ||
		(protaddr_fact_find(&picture->facts, hash) & PA_FACT_UNSETTLED) == 0;
	LWLockRelease(protaddr_pictures->lock);
	if (open)
		return;

	facts = protaddr_hides_itself(id, NULL);
	if (protaddr_known_itself(id, NULL))
		facts |= PA_FACT_KNOWN;
	subjects = protaddr_identity_subjects(id, &nsubjects);
	if (nsubjects <= PROTADDR_IDENTITY_NEXT)
	{
		uint64		to[PROTADDR_IDENTITY_NEXT];

		for (int i = 0; i < nsubjects; i++)
			to[i] = protaddr_fact_hash(seen.key, subjects[i].key, subjects[i].len);
		LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
		if (picture->state == PICTURE_READY && picture->serial == seen.ready &&
			picture->begun[stripe] == begun && picture->open[stripe] == 0 &&
			(protaddr_fact_find(&picture->facts, hash) & PA_FACT_UNSETTLED) != 0)
		{
			bool		fits = true;

			change_begins(picture);
			protaddr_link_keep(&picture->pairs, hash, to, nsubjects);
			for (int i = 0; i < nsubjects && fits; i++)
				fits = protaddr_picture_store_link(picture, hash, to[i]);
			(void) protaddr_picture_store(picture, hash, PA_FACT_ALL,
										  facts | (nsubjects > 0 ? PA_FACT_LINKED : 0));
			change_ends(picture);
			picture->settled++;
		}
		LWLockRelease(protaddr_pictures->lock);
	}
	pfree(subjects);
}

/* ---- changing ------------------------------------------------------------------------ */

/* protaddr_picture_writing is true in a transaction that has changed a register. */
bool
protaddr_picture_writing(void)
{
	return changes.writing;
}

/* begin_writing lets who builds a picture wait for us.  The lock is held exclusively. */
static void
begin_writing(void)
{
	if (changes.writing)
		return;
	changes.group = protaddr_pictures->group;
	changes.serial = 0;
	protaddr_pictures->writers[changes.group]++;
	changes.writing = true;
}

/*
 * protaddr_picture_change says that rows of an identifier are about to be changed, or
 * were just: from here on the tables are asked about it, by us at once.
 */
void
protaddr_picture_change(const ProtaddrIdentifier *id)
{
	Picture    *picture;

	if (protaddr_pictures == NULL)
		return;
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	begin_writing();
	picture = protaddr_picture_of(MyDatabaseId);
	if (picture != NULL && picture->state !=PICTURE_NONE)
	{
		uint64		hash = protaddr_fact_hash(picture->key, id->key, id->len);
		int			stripe = stripe_of(hash);

		if (changes.serial != picture->serial)
		{
			memset(changes.open, 0, sizeof(changes.open));
			changes.marks = 0;
			changes.picture = picture;
			changes.serial = picture->serial;
		}
		if ((changes.open[stripe / 64] & UINT64CONST(1) << stripe % 64) == 0)
		{
			changes.open[stripe / 64] |= UINT64CONST(1) << stripe % 64;
			picture->open[stripe]++;
		}
		picture->begun[stripe]++;
		picture->noted++;
		if (++changes.marks > Min(MARKS_AT_MOST, picture->facts.nwords / MARKS_PART))
			protaddr_picture_drop(picture, PICTURE_DROPPED);
		else
		{
			change_begins(picture);
			(void) protaddr_picture_store(picture, hash, 0, PA_FACT_UNSETTLED);
			change_ends(picture);
		}
	}
	LWLockRelease(protaddr_pictures->lock);
}

/*
 * protaddr_picture_row_change says so in a row trigger, BEFORE: of whom the old row is
 * about, by the key that is stored in it, and whom the new one will be, whose key is
 * generated from source after us.
 */
void
protaddr_picture_row_change(TriggerData *trigdata, HeapTuple row, AttrNumber key, AttrNumber source)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	ProtaddrIdentifier id;
	bool		isnull;
	Datum		value;

	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
	{
		text	   *t;

		value = heap_getattr(trigdata->tg_trigtuple, key, desc, &isnull);
		t = isnull ? NULL : DatumGetTextPP(value);
		if (t != NULL && VARSIZE_ANY_EXHDR(t) <= PA_SUBJECT_SIZE)
		{
			id.len = VARSIZE_ANY_EXHDR(t);
			memcpy(id.key, VARDATA_ANY(t), id.len);
			protaddr_person_changes(&id);
		}
	}
	if (!TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
	{
		value = heap_getattr(row, source, desc, &isnull);
		if (!isnull && protaddr_identifier_from_datum(value, PROTADDR_PLAIN_TEXT, &id))
			protaddr_person_changes(&id);
	}
}

/* protaddr_picture_change_all says so of more than can be told one by one. */
void
protaddr_picture_change_all(void)
{
	Picture    *picture;

	if (protaddr_pictures == NULL)
		return;
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	begin_writing();
	picture = protaddr_picture_of(MyDatabaseId);
	if (picture != NULL)
		protaddr_picture_drop(picture, PICTURE_DROPPED);
	LWLockRelease(protaddr_pictures->lock);
}

/*
 * protaddr_picture_person_added says that a register has told of one more person.  The
 * first of all changes what is known of everybody.
 */
void
protaddr_picture_person_added(const ProtaddrIdentifier *id)
{
	Picture    *picture;
	bool		first;

	if (protaddr_pictures == NULL)
		return;
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	/* whoever begins to build one from here on waits for us, and then sees whom we added */
	begin_writing();
	picture = protaddr_picture_of(MyDatabaseId);
	first = picture != NULL && (picture->state == PICTURE_BEING_BUILT ||
								(picture->state == PICTURE_READY && !picture->listed));
	LWLockRelease(protaddr_pictures->lock);
	if (first)
		protaddr_picture_change_all();
	else
		protaddr_picture_change(id);
}

/* What was marked stays marked; but now that the transaction has ended it can be settled. */
static void
picture_xact_end(void)
{
	protaddr_picture_abandon();
	if (!changes.writing)
		return;
	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	Assert(protaddr_pictures->writers[changes.group] > 0);
	protaddr_pictures->writers[changes.group]--;
	if (changes.serial != 0 && changes.picture->serial == changes.serial)
		for (int i = 0; i < PICTURE_STRIPES; i++)
			if ((changes.open[i / 64] & UINT64CONST(1) << i % 64) != 0)
				changes.picture->open[i]--;
	LWLockRelease(protaddr_pictures->lock);
	changes.writing = false;
}

/* Nobody will tell us of the end of a prepared transaction. */
static void
picture_pre_prepare(void)
{
	if (changes.writing)
		protaddr_picture_change_all();
}

/* table_of gives the table of a trigger. */
static Oid
table_of(Oid trigger)
{
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			table = InvalidOid;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(trigger));
	/* a trigger that is being made is seen by nobody else yet */
	scan = systable_beginscan(rel, TriggerOidIndexId, true, SnapshotSelf, 1, &key);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		table = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return table;
}

/*
 * drop_other drops the picture of a database that was there before one of the same OID,
 * which CREATE DATABASE may be told, and which a copy's tables may be like.
 */
static void
drop_other(Oid database)
{
	Picture    *picture;

	LWLockAcquire(protaddr_pictures->lock, LW_EXCLUSIVE);
	picture = protaddr_picture_of(database);
	if (picture != NULL)
	{
		protaddr_picture_drop(picture, PICTURE_DROPPED);
		picture->database = InvalidOid;
	}
	LWLockRelease(protaddr_pictures->lock);
}

/*
 * A table of ours is altered or emptied, or a trigger made, replaced, or switched on or
 * off, perhaps one that does not tell us any more then, or of somebody else.
 */
static void
picture_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (protaddr_pictures == NULL || !IsTransactionState())
		return;
	if (class == DatabaseRelationId && access == OAT_POST_CREATE)
		drop_other(object);
	if (class != RelationRelationId && class != TriggerRelationId)
		return;
	if (protaddr_is_register_table(class == TriggerRelationId ? table_of(object) : object))
		protaddr_picture_change_all();
}
