/*
 * taken.c
 *		Does what a row takes away stand somewhere else in it?
 *
 * The address that a gate takes out of a column of its own, or out of its place in a message,
 * is often repeated in the text beside it.  It is looked for there whoever it is of: a register
 * need not list them.  What is taken away goes into an index of its own, for one row, as
 * fingerprints like those of everybody's (index.c); no text is kept.  That index stands on
 * one of the words of all languages alone, which the session keeps.
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard.h"
#include "guard/guard_int.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* An index, and the memory that it takes. */
struct ProtaddrTaken
{
	PaGuardIndex *index;
	PaGuardMemory memory;
	MemoryContext context;
	uint64		generation;		/* of the words, in the one that is kept */
	uint32		n;				/* addresses in it */
};

static ProtaddrTaken *words = NULL;

/* Memory has its size before it. */
#define HEADER	MAXALIGN(sizeof(size_t))

static void *
resize(void *arg, void *old, size_t size)
{
	ProtaddrTaken *taken = arg;
	char	   *new = MemoryContextAllocExtended(taken->context, HEADER + size, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);

	if (new == NULL)
		return NULL;
	*(size_t *) new = size;
	if (old != NULL)
	{
		memcpy(new + HEADER, old, Min(size, *(size_t *) ((char *) old - HEADER)));
		pfree((char *) old - HEADER);
	}
	return new + HEADER;
}

static void
release(void *arg, void *old)
{
	if (old != NULL)
		pfree((char *) old - HEADER);
}

static ProtaddrTaken *
new_taken(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "protaddr taken away", ALLOCSET_DEFAULT_SIZES);
	ProtaddrTaken *taken = MemoryContextAllocZero(context, sizeof(ProtaddrTaken));

	taken->context = context;
	taken->memory.resize = resize;
	taken->memory.release = release;
	taken->memory.decompose = protaddr_guard_decompose;
	taken->memory.arg = taken;
	return taken;
}

static void
out_of_memory(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory")));
}

/* read_words makes the index of the words alone, or another if they have changed. */
static void
read_words(void)
{
	uint64		generation = protaddr_generation_seen(PROTADDR_ADDRESS_WORD);
	MemoryContext scratch;
	MemoryContext old;
	ProtaddrTaken *taken;
	uint8		key[PA_GUARD_KEY_SIZE];
	PaGuardWord *word;
	size_t		nwords;

	if (words != NULL && words->generation == generation)
		return;
	if (words != NULL)
	{
		/* a row that is at a gate may stand on it */
		MemoryContextSetParent(words->context, TopTransactionContext);
		words = NULL;
	}
	taken = new_taken();
	taken->generation = generation;
	scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr words", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	(void) protaddr_guard_words(&word, &nwords);
	if (!pg_strong_random(key, sizeof(key)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	taken->index = protaddr_guard_index_new(&taken->memory, key, word, nwords, 1);
	explicit_bzero(key, sizeof(key));
	if (taken->index == NULL)
		out_of_memory();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	MemoryContextSetParent(taken->context, TopMemoryContext);
	words = taken;
}

/*
 * protaddr_taken_add notes an address that is taken away.  *taken is NULL before the first
 * one, and good as long as the current memory context is.
 */
void
protaddr_taken_add(ProtaddrTaken **taken, const PaAddress *address)
{
	if (*taken == NULL)
	{
		ProtaddrTaken *new;

		read_words();
		new = new_taken();
		new->index = protaddr_guard_index_above(&new->memory, words->index, 1);
		if (new->index == NULL)
			out_of_memory();
		*taken = new;
	}
	switch (protaddr_guard_index_add((*taken)->index, (*taken)->n + 1, address))
	{
		case PA_GUARD_ADDED:
			(*taken)->n++;
			break;
		case PA_GUARD_NOTHING:
			break;
		case PA_GUARD_NO_MEMORY:
			out_of_memory();
	}
}

/* protaddr_taken_index gives what to look for; NULL: nothing. */
const PaGuardIndex *
protaddr_taken_index(const ProtaddrTaken *taken)
{
	return taken == NULL || taken->n == 0 ? NULL : taken->index;
}
