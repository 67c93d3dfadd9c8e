/*
 * session_index.c
 *		What is looked for, in this session's memory.
 *
 * Read from the table on the first use, within a bound.  After a change only the rows are
 * read that were written by transactions which had not ended when it was last read: each
 * row tells its own.  What is removed from the table stays here: a match counts only if its
 * row is still there (find.c).  Other words of addresses mean another index.
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
#include "common/hashfn.h"
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

/* columns of protaddr.address_word */
enum
{
	WORD_LANGUAGE = 1,
	WORD_KIND,
	WORD_WORD,
	WORD_MEANS,
	WORD_SHIPPED
};

static const char *const word_columns[] = {
	[WORD_LANGUAGE] = "language",
	[WORD_KIND] = "kind",
	[WORD_WORD] = "word",
	[WORD_MEANS] = "means",
	[WORD_SHIPPED] = "shipped",
};

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

/* fewer words, or a listed address that ends, mean that less is found */
static const ProtaddrOwnTable tables[] = {
	{.name = "guarded_address", PROTADDR_COLUMNS(guarded_columns), .rules = PROTADDR_UPDATE_LETS_OUT},
	{.name = "address_word", PROTADDR_COLUMNS(word_columns)},
};

/* what an entry takes in the table, about */
#define ROW_BYTES	256

typedef struct Recent
{
	int64		id;
	char		status;
} Recent;

#define SH_PREFIX recent
#define SH_ELEMENT_TYPE Recent
#define SH_KEY_TYPE int64
#define SH_KEY id
#define SH_HASH_KEY(tb, k) hash_bytes((const unsigned char *) &(k), sizeof(int64))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct SessionIndex
{
	ProtaddrGuardIndex now;
	MemoryContext context;
	size_t		bytes;			/* that the matcher has */
	size_t		room;			/* of now.entry */
	Oid			relation;
	uint64		entries_generation;
	uint64		words_generation;
	uint64		words_hash;
	size_t		expected;		/* so many entries was it made for */
	uint64		horizon;		/* the first transaction that had not ended when it was last read */
	recent_hash *recent;		/* rows of transactions from there on that are in it */
	bool		whole;			/* no error has interrupted a change of it */
} SessionIndex;

static SessionIndex *session_index = NULL;
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
bytes_used(const SessionIndex *s)
{
	return s->bytes + s->room * sizeof(int64);
}

static bool
fits(const SessionIndex *s, size_t more)
{
	return bytes_used(s) + more <= (size_t) guard_memory * 1024 * 1024;
}

/* The memory of the matcher: each piece has its size before it. */
#define PIECE_HEADER	MAXALIGN(sizeof(size_t))

static void *
resize(void *arg, void *old, size_t size)
{
	SessionIndex *s = arg;
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
	SessionIndex *s = arg;

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
	SessionIndex *old = session_index;

	session_index = NULL;
	if (old != NULL)
		MemoryContextDelete(old->context);
}

/* ---- words ------------------------------------------------------------------------------ */

static bool
kind_of(const text *t, PaWordKind *kind)
{
	static const char *const kinds[PA_WORD_KINDS] = {
		[PA_WORD_STREET] = "street",
		[PA_WORD_BEFORE] = "before",
		[PA_WORD_ENDING] = "ending",
		[PA_WORD_UNIT] = "unit",
		[PA_WORD_NUMBER] = "number",
		[PA_WORD_BOX] = "box",
		[PA_WORD_COMMON] = "common",
		[PA_WORD_POST_CODE] = "post_code",
	};

	for (int i = 0; i < PA_WORD_KINDS; i++)
		if (VARSIZE_ANY_EXHDR(t) == strlen(kinds[i]) && memcmp(VARDATA_ANY(t), kinds[i], strlen(kinds[i])) == 0)
		{
			*kind = (PaWordKind) i;
			return true;
		}
	return false;
}

/* word_text gives a value as UTF-8, in the current memory context. */
static PaText
word_text(Datum value, bool isnull)
{
	PaText		result = {"", 0};
	char	   *plain;

	if (isnull)
		return result;
	plain = TextDatumGetCString(value);
	result.data = pg_server_to_any(plain, strlen(plain), PG_UTF8);
	result.len = strlen(result.data);
	return result;
}

/* protaddr_guard_words reads the words of all languages, and their hash; palloc'd. */
PaGuardWord *
protaddr_guard_words(size_t *nwords, uint64 *hash)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_ADDRESS_WORD), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	size_t		room = 4096;
	PaGuardWord *word = palloc(room * sizeof(PaGuardWord));
	size_t		n = 0;
	HeapTuple	tuple;

	*hash = 0;
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		bool		isnull;
		Datum		value = heap_getattr(tuple, WORD_KIND, desc, &isnull);
		PaGuardWord one;

		if (isnull || !kind_of(DatumGetTextPP(value), &one.kind))
			continue;
		value = heap_getattr(tuple, WORD_WORD, desc, &isnull);
		one.word = word_text(value, isnull);
		value = heap_getattr(tuple, WORD_MEANS, desc, &isnull);
		one.means = word_text(value, isnull);
		/* in whatever order they stand */
		*hash += hash_bytes_extended((const unsigned char *) one.word.data, one.word.len,
									 hash_bytes_extended((const unsigned char *) one.means.data, one.means.len, one.kind + 1));
		if (n == room)
			word = repalloc_huge(word, (room *= 2) * sizeof(PaGuardWord));
		word[n++] = one;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	*nwords = n;
	return word;
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

/* add_address opens an entry and adds it under the next number. */
static void
add_address(SessionIndex *s, const ProtaddrEntry *entry)
{
	ProtaddrOpened opened;
	PaGuardAdded added;

	if (s->now.nentries == s->room)
	{
		size_t		room = s->room == 0 ? 1024 : s->room * 2;

		if (!fits(s, (room - s->room) * sizeof(int64)) || s->room > PG_UINT32_MAX / 4)
			too_many();
		s->now.entry = s->room == 0 ? MemoryContextAlloc(s->context, room * sizeof(int64)) :
			repalloc_huge(s->now.entry, room * sizeof(int64));
		s->room = room;
	}
	if (!protaddr_open(entry->address, true, &opened))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("an address that the guard looks for cannot be read"),
				 errdetail("Its data key %016llx is not here.", (unsigned long long) protaddr_seal_key(entry->address)),
				 errhint("See protaddr.key_status."),
				 protaddr_errprivate()));
	added = protaddr_guard_index_add(s->now.index, s->now.nentries + 1, &opened.address);
	protaddr_shut(&opened);
	if (added == PA_GUARD_NO_MEMORY)
		too_many();
	if (added == PA_GUARD_ADDED)
		s->now.entry[s->now.nentries++] = entry->id;
}

/* read_entries adds what was written since the index was last read; all, if it never was. */
static void
read_entries(SessionIndex *s)
{
	Relation	rel = table_open(s->relation, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetCatalogSnapshot(s->relation));
	uint64		horizon = horizon_of(snapshot);
	recent_hash *recent = recent_create(s->context, 16, NULL);
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr guarded address", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		all = s->recent == NULL;

	ScanKeyEntryInitialize(&key, 0, GUARDED_WRITTEN_IN, BTGreaterEqualStrategyNumber, InvalidOid, InvalidOid, F_XID8GE,
						   FullTransactionIdGetDatum(FullTransactionIdFromU64(s->horizon)));
	scan = all ? systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL) :
		systable_beginscan(rel, protaddr_own_relation("guarded_address_written_in"), true, snapshot, 1, &key);
	/* the scan keeps what it allocates on its way: never in the memory that is reset */
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		ProtaddrEntry entry;
		bool		there;

		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(scratch);
		if (protaddr_entry_read(tuple, RelationGetDescr(rel), &entry))
		{
			if (entry.in_force && (all || recent_lookup(s->recent, entry.id) == NULL))
				add_address(s, &entry);
			if (entry.written_in >= horizon)
				(void) recent_insert(recent, entry.id, &there);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	MemoryContextDelete(scratch);
	if (s->recent != NULL)
		recent_destroy(s->recent);
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

/* build makes an index with other words, or of another table. */
static void
build(const PaGuardWord *word, size_t nwords, uint64 words_hash, uint64 words_generation)
{
	/* freed with the transaction unless we reach the end */
	MemoryContext context = AllocSetContextCreate(CurTransactionContext, "protaddr guard", ALLOCSET_DEFAULT_SIZES);
	SessionIndex *s = MemoryContextAllocZero(context, sizeof(SessionIndex));
	uint8		key[PA_GUARD_KEY_SIZE];
	PaGuardMemory *memory = MemoryContextAlloc(context, sizeof(PaGuardMemory));

	s->context = context;
	memory->resize = resize;
	memory->release = release;
	memory->decompose = protaddr_guard_decompose;
	memory->arg = s;
	if (!pg_strong_random(key, sizeof(key)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	s->entries_generation = protaddr_generation(PROTADDR_GUARDED_ADDRESS);
	s->relation = protaddr_table(PROTADDR_GUARDED_ADDRESS);
	s->words_generation = words_generation;
	s->words_hash = words_hash;
	s->expected = expected_entries(s->relation);
	s->now.index = protaddr_guard_index_new(memory, key, word, nwords, s->expected);
	explicit_bzero(key, sizeof(key));
	if (s->now.index == NULL)
		too_many();
	read_entries(s);
	s->now.built_at = GetCurrentTimestamp();
	s->whole = true;
	MemoryContextSetParent(context, TopMemoryContext);
	session_index = s;
}

/*
 * protaddr_guard_index_now gives the index of this moment.  Raises 55PA1 if it does not fit
 * into memory or an address cannot be read: it is whole, or there is none.
 */
const ProtaddrGuardIndex *
protaddr_guard_index_now(void)
{
	SessionIndex *s;
	uint64		entries;
	uint64		words;

	protaddr_derive_now();
	entries = protaddr_generation(PROTADDR_GUARDED_ADDRESS);
	words = protaddr_generation_seen(PROTADDR_ADDRESS_WORD);
	s = session_index;
	if (likely(s != NULL && s->whole && s->entries_generation == entries && s->words_generation == words))
		return &s->now;

	if (s != NULL && (!s->whole || s->relation != protaddr_table(PROTADDR_GUARDED_ADDRESS)))
		forget();
	if (session_index == NULL || session_index->words_generation != words)
	{
		MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr words", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(scratch);
		size_t		nwords;
		uint64		hash;
		PaGuardWord *word = protaddr_guard_words(&nwords, &hash);

		MemoryContextSwitchTo(old);
		if (session_index != NULL && session_index->words_hash == hash)
			session_index->words_generation = words;
		else
		{
			forget();
			build(word, nwords, hash, words);
		}
		MemoryContextDelete(scratch);
	}
	s = session_index;
	if (s->entries_generation != entries)
	{
		s->whole = false;
		s->entries_generation = entries;
		read_entries(s);
		/* made for far fewer, it would be slow: the next one who looks makes another */
		s->whole = s->now.nentries < s->expected * 4 + 4096;
	}
	return &s->now;
}

/* protaddr_guard_session is protaddr.guard_session(): what this session has in memory. */
Datum
protaddr_guard_session(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[3] = {0};
	bool		nulls[3] = {true, true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (session_index != NULL && session_index->whole)
	{
		values[0] = Int64GetDatum(session_index->now.nentries);
		values[1] = Int64GetDatum(bytes_used(session_index));
		values[2] = TimestampTzGetDatum(session_index->now.built_at);
		nulls[0] = nulls[1] = nulls[2] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
