/*
 * session_index.c
 *		What does a session look for?
 *
 * What all sessions share (shared_index.c), and above it, in memory of its own and within a
 * bound, what was written since.  Where nothing is shared all of it is read from the table.
 *
 * Only those rows are read anew that were written by transactions which had not ended when
 * the table was last read: each row tells its own.  What is removed from the table stays
 * here: a match counts only if its row is still there (find.c).  Other words of addresses
 * mean another index.
 *
 * Who looks for something asks protaddr_guard_index_now(), and nobody else.
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard_int.h"
#include "keys/keys.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "common/unicode_norm.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

static const char *const guarded_columns[] = {
	[GUARDED_ID] = "id",
	[GUARDED_SUBJECT_KEY] = "subject_key",
	[GUARDED_ADDRESS] = "address",
	[GUARDED_ORIGIN] = "origin",
	[GUARDED_RELATION] = "relation",
	[GUARDED_COLUMN_NAME] = "column_name",
	[GUARDED_REASON] = "reason",
	[GUARDED_VALID_TO] = "valid_to",
	[GUARDED_RECORDED_BY] = "recorded_by",
	[GUARDED_RECORDED_AT] = "recorded_at",
	[GUARDED_WRITTEN_IN] = "written_in",
};

/* a listed address that ends means that less is found */
static const ProtaddrOwnTable tables[] = {
	{.name = "guarded_address", PROTADDR_COLUMNS(guarded_columns), .rules = PROTADDR_UPDATE_LETS_OUT},
};

/* what an entry takes in the table, about */
#define ROW_BYTES	256

/* so many are expected to be added to what is shared; with more it is to be made anew */
#define ADDED_TO_BASE	1024
#define BASE_OUTGROWN	4096

#define PROGRESS_AFTER	64		/* rows */

static ProtaddrGuardIndex *session_index = NULL;
static int	guard_memory = 256; /* MB */

PG_FUNCTION_INFO_V1(protaddr_guard_session);

static void guard_index_start(void);

const ProtaddrPart protaddr_guard_index_part = {
	PROTADDR_TABLES(tables),
	.start = guard_index_start,
};

static void
guard_index_start(void)
{
	DefineCustomIntVariable("protaddr.guard_memory",
							"How much memory a session may use for the addresses that the guard looks for.",
							"With more addresses than fit, nothing can be looked for.",
							&guard_memory, 256, 1, 65536,
							PGC_SIGHUP, GUC_UNIT_MB, NULL, NULL, NULL);
}

/* ---- memory -------------------------------------------------------------------------- */

static size_t
bytes_used(const ProtaddrGuardIndex *s)
{
	return s->bytes + ((Size) s->entries.room + s->recent.room) * sizeof(int64);
}

static bool
fits(const ProtaddrGuardIndex *s, size_t more)
{
	return bytes_used(s) + more <= (size_t) guard_memory * 1024 * 1024;
}

/* The memory of the matcher: each piece has its size before it. */
#define PIECE_HEADER	MAXALIGN(sizeof(size_t))

static void *
resize(void *arg, void *old, size_t size)
{
	ProtaddrGuardIndex *s = arg;
	size_t		old_size = old == NULL ? 0 : *(size_t *) ((char *) old - PIECE_HEADER);
	char	   *new;

	if (size > old_size && !fits(s, size - old_size))
		return NULL;
	new = MemoryContextAllocExtended(s->context, PIECE_HEADER + size, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
	if (new == NULL)
		return NULL;
	*(size_t *) new = size;
	if (old != NULL)
	{
		memcpy(new + PIECE_HEADER, old, Min(size, old_size));
		pfree((char *) old - PIECE_HEADER);
	}
	s->bytes += size;
	s->bytes -= old_size;
	return new + PIECE_HEADER;
}

static void
release(void *arg, void *old)
{
	ProtaddrGuardIndex *s = arg;

	if (old == NULL)
		return;
	s->bytes -= *(size_t *) ((char *) old - PIECE_HEADER);
	pfree((char *) old - PIECE_HEADER);
}

/* protaddr_guard_decompose gives the characters that a rarer one is made of, as Unicode has it. */
size_t
protaddr_guard_decompose(void *arg, uint32_t c, uint32_t *out, size_t max)
{
	pg_wchar	one[2] = {c, 0};
	pg_wchar   *many = unicode_normalize(UNICODE_NFKD, one);
	size_t		n = 0;

	while (many[n] != 0)
		n++;
	if (n > max || (n == 1 && many[0] == c))
		n = 0;
	for (size_t i = 0; i < n; i++)
		out[i] = many[i];
	pfree(many);
	return n;
}

static void
too_many(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_NOT_READY),
			 errmsg("the addresses that the guard looks for do not fit into its memory"),
			 errdetail("protaddr.guard_memory is %d MB.", guard_memory),
			 errhint("Increase protaddr.guard_memory."),
			 protaddr_errprivate()));
}

/* forget frees the index. */
static void
forget(void)
{
	ProtaddrGuardIndex *old = session_index;

	session_index = NULL;
	if (old != NULL)
		MemoryContextDelete(old->context);
	protaddr_guard_base_leave();
}

/* ---- entries ----------------------------------------------------------------------------- */

/* horizon_of gives the first transaction that a snapshot does not see the end of. */
static uint64
horizon_of(Snapshot snapshot)
{
	FullTransactionId next = ReadNextFullTransactionId();
	uint32		epoch = EpochFromFullTransactionId(next);

	if (snapshot->xmin > XidFromFullTransactionId(next))
		epoch--;
	return U64FromFullTransactionId(FullTransactionIdFromEpochAndXid(epoch, snapshot->xmin));
}

static void
add_id(ProtaddrGuardIndex *s, ProtaddrIds *ids, int64 id)
{
	if (ids->n == ids->room)
	{
		uint32		room = ids->room == 0 ? 256 : ids->room * 2;

		if (!fits(s, (room - ids->room) * sizeof(int64)) || ids->room > PG_UINT32_MAX / 4)
			too_many();
		ids->id = ids->room == 0 ? MemoryContextAlloc(s->context, room * sizeof(int64)) :
			repalloc_huge(ids->id, room * sizeof(int64));
		ids->room = room;
	}
	ids->id[ids->n++] = id;
}

static int
by_id(const void *a, const void *b)
{
	int64		one = *(const int64 *) a;
	int64		other = *(const int64 *) b;

	return one < other ? -1 : one > other;
}

static bool
has_id(const ProtaddrIds *ids, int64 id)
{
	return ids->n > 0 && bsearch(&id, ids->id, ids->n, sizeof(int64), by_id) != NULL;
}

static inline uint32
in_base(const ProtaddrGuardIndex *s)
{
	return s->base != NULL ? s->base->nentries : 0;
}

/* protaddr_guard_entry gives the entry that the matcher names by a number. */
int64
protaddr_guard_entry(const ProtaddrGuardIndex *s, uint32 number)
{
	uint32		base = in_base(s);

	Assert(number > 0 && number <= base + s->entries.n);
	return number <= base ? s->base->id[number - 1] : s->entries.id[number - base - 1];
}

/* add_address opens an entry and adds it under the next number. */
static void
add_address(ProtaddrGuardIndex *s, const ProtaddrEntry *entry)
{
	ProtaddrOpened opened;
	PaGuardAdded added;
	uint32		number = in_base(s) + s->entries.n + 1;

	if (!protaddr_open(entry->address, true, &opened))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("an address that the guard looks for cannot be read"),
				 errdetail("Its data key %016llx is not here.", (unsigned long long) protaddr_seal_key(entry->address)),
				 errhint("See protaddr.key_status."),
				 protaddr_errprivate()));
	added = protaddr_guard_index_add(s->index, number, &opened.address);
	protaddr_shut(&opened);
	if (added == PA_GUARD_NO_MEMORY)
		too_many();
	if (added == PA_GUARD_ADDED)
		add_id(s, &s->entries, entry->id);
}

/* read_entries adds what was written since the index was last read; all, if it never was. */
static void
read_entries(ProtaddrGuardIndex *s, void (*progress) (void))
{
	Relation	rel = table_open(s->relation, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetCatalogSnapshot(s->relation));
	uint64		horizon = horizon_of(snapshot);
	ProtaddrIds recent = {0};
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr guarded address", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		all = s->horizon == 0;
	uint64		rows = 0;

	ScanKeyEntryInitialize(&key, 0, GUARDED_WRITTEN_IN, BTGreaterEqualStrategyNumber, InvalidOid, InvalidOid, F_XID8GE,
						   FullTransactionIdGetDatum(FullTransactionIdFromU64(s->horizon)));
	scan = all ? systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL) :
		systable_beginscan(rel, protaddr_own_relation("guarded_address_written_in"), true, snapshot, 1, &key);
	/* the scan keeps what it allocates on its way: never in the memory that is reset */
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		ProtaddrEntry entry;

		CHECK_FOR_INTERRUPTS();
		if (progress != NULL && rows++ % PROGRESS_AFTER == 0)
			progress();
		old = MemoryContextSwitchTo(scratch);
		if (protaddr_entry_read(tuple, RelationGetDescr(rel), &entry))
		{
			if (entry.in_force && (all || !has_id(&s->recent, entry.id)))
				add_address(s, &entry);
			if (entry.written_in >= horizon)
				add_id(s, &recent, entry.id);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	MemoryContextDelete(scratch);
	if (recent.n > 0)
		qsort(recent.id, recent.n, sizeof(int64), by_id);
	if (s->recent.room > 0)
		pfree(s->recent.id);
	s->recent = recent;
	s->horizon = horizon;
}

/* expected_entries gives how many the table has room for, which it is quick to tell. */
static size_t
expected_entries(Oid relation)
{
	Relation	rel = table_open(relation, AccessShareLock);
	BlockNumber blocks = RelationGetNumberOfBlocks(rel);

	table_close(rel, AccessShareLock);
	return (size_t) blocks * (BLCKSZ / ROW_BYTES) + 1;
}

/* begin has an index of nothing without its matcher; freed with the transaction unless it is kept. */
static ProtaddrGuardIndex *
begin(void)
{
	MemoryContext context = AllocSetContextCreate(CurTransactionContext, "protaddr guard", ALLOCSET_DEFAULT_SIZES);
	ProtaddrGuardIndex *s = MemoryContextAllocZero(context, sizeof(ProtaddrGuardIndex));

	s->context = context;
	s->memory.resize = resize;
	s->memory.release = release;
	s->memory.decompose = protaddr_guard_decompose;
	s->memory.arg = s;
	s->entries_generation = protaddr_generation(PROTADDR_GUARDED_ADDRESS);
	s->relation = protaddr_table(PROTADDR_GUARDED_ADDRESS);
	return s;
}

/* protaddr_guard_index_build reads the whole table into memory of this process. */
ProtaddrGuardIndex *
protaddr_guard_index_build(void (*progress) (void))
{
	ProtaddrGuardIndex *s = begin();
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr words", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	uint8		key[PA_GUARD_KEY_SIZE];
	PaGuardWord *word;
	size_t		nwords;

	s->words_hash = protaddr_guard_words(&word, &nwords);
	MemoryContextSwitchTo(old);
	if (!pg_strong_random(key, sizeof(key)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	s->expected = expected_entries(s->relation);
	s->index = protaddr_guard_index_new(&s->memory, key, word, nwords, s->expected);
	explicit_bzero(key, sizeof(key));
	MemoryContextDelete(scratch);
	if (s->index == NULL)
		too_many();
	read_entries(s, progress);
	s->built_at = GetCurrentTimestamp();
	return s;
}

/* above has an index above what is shared. */
static ProtaddrGuardIndex *
above(const ProtaddrGuardBase *base)
{
	ProtaddrGuardIndex *s = begin();
	PaGuardIndex *below;

	s->base = base;
	s->words_hash = base->words_hash;
	s->horizon = base->horizon;
	s->built_at = base->built_at;
	s->recent.id = (int64 *) &base->id[base->nentries];
	s->recent.n = base->nrecent;
	below = protaddr_guard_image_read(&s->memory, (char *) base + base->image_at);
	s->index = below == NULL ? NULL : protaddr_guard_index_above(&s->memory, below, ADDED_TO_BASE);
	if (s->index == NULL)
		too_many();
	read_entries(s, NULL);
	return s;
}

/* begin_anew makes the session's index. */
static void
begin_anew(uint64 words_hash, uint64 words_generation)
{
	uint64		moves = protaddr_guard_base_moves();
	const ProtaddrGuardBase *base = protaddr_guard_base(words_hash);
	ProtaddrGuardIndex *s = base != NULL ? above(base) : protaddr_guard_index_build(NULL);

	s->words_generation = words_generation;
	s->moves = moves;
	s->whole = true;
	MemoryContextSetParent(s->context, TopMemoryContext);
	session_index = s;
}

/*
 * protaddr_guard_index_now gives the index of this moment.  Raises 55PA1 if it does not fit
 * into memory or an address cannot be read: it is whole, or there is none.
 */
const ProtaddrGuardIndex *
protaddr_guard_index_now(void)
{
	ProtaddrGuardIndex *s;
	uint64		entries;
	uint64		words;

	protaddr_derive_now();
	entries = protaddr_generation(PROTADDR_GUARDED_ADDRESS);
	words = protaddr_generation_seen(PROTADDR_ADDRESS_WORD);
	s = session_index;
	if (likely(s != NULL && s->whole && s->entries_generation == entries && s->words_generation == words &&
			   s->moves == protaddr_guard_base_moves()))
		return s;

	if (s != NULL && s->moves != protaddr_guard_base_moves())
	{
		s->moves = protaddr_guard_base_moves();
		s->whole = s->whole && protaddr_guard_base_is_newest(s->base);
	}
	if (s != NULL && (!s->whole || s->relation != protaddr_table(PROTADDR_GUARDED_ADDRESS)))
		forget();
	if (session_index == NULL || session_index->words_generation != words)
	{
		uint64		hash = protaddr_guard_words(NULL, NULL);

		if (session_index == NULL || session_index->words_hash != hash)
		{
			forget();
			begin_anew(hash, words);
		}
		session_index->words_generation = words;
	}
	s = session_index;
	if (s->entries_generation != entries)
	{
		s->whole = false;
		s->entries_generation = entries;
		read_entries(s, NULL);
		/* made for far fewer, it would be slow: the next one who looks makes another */
		s->whole = s->base != NULL || s->entries.n < s->expected * 4 + BASE_OUTGROWN;
	}
	if (s->base != NULL && s->entries.n > BASE_OUTGROWN)
		protaddr_guard_base_outgrown();
	return s;
}

/* protaddr_guard_session is protaddr.guard_session(): what this session looks for. */
Datum
protaddr_guard_session(PG_FUNCTION_ARGS)
{
	const ProtaddrGuardIndex *s = session_index;
	const char *obstacle = protaddr_guard_base_obstacle();
	TupleDesc	desc;
	Datum		values[6] = {0};
	bool		nulls[6] = {true, true, true, true, true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (s != NULL && s->whole)
	{
		values[0] = Int64GetDatum((int64) in_base(s) + s->entries.n);
		values[1] = Int64GetDatum(bytes_used(s));
		values[2] = TimestampTzGetDatum(s->built_at);
		values[3] = Int64GetDatum(in_base(s));
		values[4] = Int64GetDatum(s->base != NULL ? s->base->size : 0);
		memset(nulls, false, 5);
	}
	if (obstacle != NULL && (s == NULL || s->base == NULL))
	{
		values[5] = CStringGetTextDatum(obstacle);
		nulls[5] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
