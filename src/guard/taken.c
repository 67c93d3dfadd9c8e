/*
 * taken.c
 *		Does what a row takes away stand somewhere else in it?
 *
 * The address that a gate takes out of a column of its own, or out of its place in a message,
 * is often repeated in the text beside it.  It is looked for there whoever it is of: a register
 * need not list them.  What is taken away goes into an index of its own, for one row, as
 * fingerprints like those of everybody's (index.c); no text is kept.
 *
 * Making an index reads the words of all languages, so one is kept for the session.  As it
 * was with the words alone it is copied aside, and copied back for the next row.
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard.h"
#include "guard/guard_int.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* One piece of the index's memory. */
typedef struct Piece
{
	char	   *memory;
	char	   *kept;			/* what was in it with the words alone; NULL: nothing else is ever */
	size_t		size;
} Piece;

struct ProtaddrTaken
{
	PaGuardIndex *index;
	PaGuardMemory memory;
	MemoryContext words;		/* the index as it is with the words alone */
	MemoryContext row;			/* what it took since */
	Piece	   *piece;
	int			npieces;
	int			room;
	uint64		generation;		/* of the words */
	bool		complete;		/* the words are in it */
	bool		in_use;
	uint32		n;				/* addresses in it */
	MemoryContextCallback over; /* the row's memory is freed */
};

static ProtaddrTaken *session = NULL;

/* Memory has its size before it. */
#define HEADER	MAXALIGN(sizeof(size_t))

static void *
resize(void *arg, void *old, size_t size)
{
	ProtaddrTaken *taken = arg;
	size_t		old_size = old == NULL ? 0 : *(size_t *) ((char *) old - HEADER);
	char	   *new = MemoryContextAllocExtended(taken->complete ? taken->row : taken->words, HEADER + size,
												 MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);

	if (new == NULL)
		return NULL;
	*(size_t *) new = size;
	if (old != NULL)
	{
		memcpy(new + HEADER, old, Min(size, old_size));
		taken->memory.release(arg, old);
	}
	if (!taken->complete)
	{
		if (taken->npieces == taken->room)
			taken->piece = repalloc(taken->piece, (taken->room *= 2) * sizeof(Piece));
		taken->piece[taken->npieces++] = (Piece)
		{
			new + HEADER, NULL, size
		};
	}
	return new + HEADER;
}

/* release frees what is not kept with the words; the rest goes with the row. */
static void
release(void *arg, void *old)
{
	ProtaddrTaken *taken = arg;

	if (old == NULL || taken->complete)
		return;
	for (int i = 0; i < taken->npieces; i++)
		if (taken->piece[i].memory == old)
		{
			taken->piece[i] = taken->piece[--taken->npieces];
			break;
		}
	pfree((char *) old - HEADER);
}

/* new_index makes an index of no addresses, in a context of its own below another one. */
static ProtaddrTaken *
new_index(MemoryContext parent, uint64 generation)
{
	MemoryContext context = AllocSetContextCreate(parent, "protaddr taken away", ALLOCSET_DEFAULT_SIZES);
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr words", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	ProtaddrTaken *taken = MemoryContextAllocZero(context, sizeof(ProtaddrTaken));
	uint8		key[PA_GUARD_KEY_SIZE];
	PaGuardWord *word;
	size_t		nwords;
	uint64		hash;

	word = protaddr_guard_words(&nwords, &hash);
	taken->words = context;
	taken->row = AllocSetContextCreate(context, "protaddr taken away in a row", ALLOCSET_DEFAULT_SIZES);
	taken->room = 64;
	taken->piece = MemoryContextAlloc(context, taken->room * sizeof(Piece));
	taken->generation = generation;
	taken->memory.resize = resize;
	taken->memory.release = release;
	taken->memory.decompose = protaddr_guard_decompose;
	taken->memory.arg = taken;
	if (!pg_strong_random(key, sizeof(key)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	taken->index = protaddr_guard_index_new(&taken->memory, key, word, nwords, 1);
	explicit_bzero(key, sizeof(key));
	if (taken->index == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	for (int i = 0; i < taken->npieces; i++)
	{
		if (protaddr_guard_index_keeps(taken->index, taken->piece[i].memory))
			continue;
		taken->piece[i].kept = MemoryContextAllocHuge(context, Max(taken->piece[i].size, 1));
		memcpy(taken->piece[i].kept, taken->piece[i].memory, taken->piece[i].size);
	}
	taken->complete = true;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return taken;
}

/* empty takes all addresses out again. */
static void
empty(ProtaddrTaken *taken)
{
	if (taken->n == 0)
		return;
	for (int i = 0; i < taken->npieces; i++)
		if (taken->piece[i].kept != NULL)
			memcpy(taken->piece[i].memory, taken->piece[i].kept, taken->piece[i].size);
	MemoryContextReset(taken->row);
	taken->n = 0;
}

static void
row_is_over(void *arg)
{
	ProtaddrTaken *taken = arg;

	taken->in_use = false;
}

/*
 * begin gives an index of no addresses, good as long as the current memory context.  While
 * a row is at a gate, a trigger of its may write another one: that has its own.
 */
static ProtaddrTaken *
begin(void)
{
	uint64		generation = protaddr_generation_seen(PROTADDR_ADDRESS_WORD);
	ProtaddrTaken *taken;

	if (session != NULL && session->in_use)
		return new_index(CurrentMemoryContext, generation);
	if (session != NULL && session->generation != generation)
	{
		MemoryContext old = session->words;

		session = NULL;
		MemoryContextDelete(old);
	}
	if (session == NULL)
	{
		taken = new_index(CurrentMemoryContext, generation);
		MemoryContextSetParent(taken->words, TopMemoryContext);
		session = taken;
	}
	empty(session);
	session->in_use = true;
	session->over.func = row_is_over;
	session->over.arg = session;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &session->over);
	return session;
}

/*
 * protaddr_taken_add notes an address that is taken away.  *taken is NULL before the first
 * one, and good as long as the current memory context is.
 */
void
protaddr_taken_add(ProtaddrTaken **taken, const PaAddress *address)
{
	if (*taken == NULL)
		*taken = begin();
	switch (protaddr_guard_index_add((*taken)->index, (*taken)->n + 1, address))
	{
		case PA_GUARD_ADDED:
			(*taken)->n++;
			break;
		case PA_GUARD_NOTHING:
			break;
		case PA_GUARD_NO_MEMORY:
			/* some of it may be there */
			(*taken)->n++;
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory")));
	}
}

/* protaddr_taken_index gives what to look for; NULL: nothing. */
const PaGuardIndex *
protaddr_taken_index(const ProtaddrTaken *taken)
{
	return taken == NULL || taken->n == 0 ? NULL : taken->index;
}
