/*
 * guard_int.h
 *		What the files of this room tell each other.
 */
#ifndef PROTADDR_GUARD_INT_H
#define PROTADDR_GUARD_INT_H

#include "guard/guard.h"
#include "guard/matcher.h"
#include "person/person.h"

#include "nodes/pg_list.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

/* ---- guard/entry.c: the addresses that are looked for --------------------------- */

/* columns of protaddr.guarded_address */
enum
{
	GUARDED_ID = 1,
	GUARDED_SUBJECT_KEY,
	GUARDED_ADDRESS,
	GUARDED_ORIGIN,
	GUARDED_RELATION,
	GUARDED_COLUMN_NAME,
	GUARDED_REASON,
	GUARDED_VALID_TO,
	GUARDED_RECORDED_BY,
	GUARDED_RECORDED_AT,
	GUARDED_WRITTEN_IN,
	GUARDED_COLUMNS
};

typedef enum ProtaddrOrigin
{
	PROTADDR_ORIGIN_BOUND = 0,	/* the value of a bound column */
	PROTADDR_ORIGIN_DECLARED,	/* of columns that were declared */
	PROTADDR_ORIGIN_LISTED		/* entered by hand */
} ProtaddrOrigin;

typedef struct ProtaddrEntries ProtaddrEntries;

/* An entry as it stands in the table. */
typedef struct ProtaddrEntry
{
	int64		id;
	ProtaddrIdentifier subject; /* no key: of nobody that a register could list */
	ProtaddrSeal *address;		/* detoasted */
	ProtaddrOrigin origin;
	bool		in_force;		/* unless it was listed and has ended */
	uint64		written_in;
} ProtaddrEntry;

extern uint64 protaddr_entry_print(const ProtaddrIdentifier *subject, const ProtaddrSeal *address,
								   ProtaddrSealState state);
extern bool protaddr_entry_read(HeapTuple row, TupleDesc desc, ProtaddrEntry *entry);
extern ProtaddrEntries *protaddr_entries_open(void);
extern Relation protaddr_entries_relation(ProtaddrEntries *entries);
extern void protaddr_entries_add(ProtaddrEntries *entries, const ProtaddrIdentifier *subject,
								 const ProtaddrSeal *address, ProtaddrOrigin origin,
								 const char *relation, const char *column);
extern bool protaddr_entries_remove(ProtaddrEntries *entries, ItemPointer row);
extern bool protaddr_entries_close(ProtaddrEntries *entries);

/* ---- guard/source.c: the columns that addresses come from ----------------------- */

/* An open table of which some columns hold addresses. */
typedef struct ProtaddrSource
{
	Relation	rel;
	ProtaddrOrigin origin;
	AttrNumber	subject;
	ProtaddrSubjectType subject_type;
	char	   *name;			/* of the relation, qualified and quoted */
	char	   *column;			/* its address column, or the first of some */
	Oid			index;			/* finds a person's rows; InvalidOid: none does */
	AttrNumber	sealed;			/* 0: the address is in text columns */
	int			ntexts;
	struct
	{
		int			element;	/* PaElement, or PROTADDR_ELEMENT_LINE */
		AttrNumber	column;
		ProtaddrPlainType type;
	} text[		PA_NELEMENTS + 1];
} ProtaddrSource;

#define PROTADDR_ELEMENT_LINE	PA_NELEMENTS

/* Told of a row of a source that names somebody. */
typedef void (*ProtaddrSourceRow) (const ProtaddrSource *source, const ProtaddrIdentifier *id,
								   TupleTableSlot *slot, void *arg);

extern List *protaddr_sources(List *relations);
extern bool protaddr_source_open(void *found, ProtaddrSource *source);
extern void protaddr_source_close(ProtaddrSource *source);
extern void protaddr_source_read(const ProtaddrSource *source, ProtaddrSourceRow told, void *arg);
extern void protaddr_source_look_up(const ProtaddrSource *source, const ProtaddrIdentifier *id,
									ProtaddrSourceRow told, void *arg);
extern ProtaddrSeal *protaddr_source_address(const ProtaddrSource *source, TupleTableSlot *slot,
											 ProtaddrSealState *state);

/* ---- guard/derive.c: which addresses are looked for, and kept so ---------------- */

extern void protaddr_derive_person(const ProtaddrIdentifier *id);
extern void protaddr_derive_relation(Oid relation);
extern void protaddr_derive_now(void);

/* ---- guard/words.c: the words of languages --------------------------------------- */

extern uint64 protaddr_guard_words(PaGuardWord **word, size_t *nwords);

/* ---- guard/session_index.c: what a session looks for ------------------------------- */

/* A list of entries' ids; in ascending order, where it is searched. */
typedef struct ProtaddrIds
{
	int64	   *id;
	uint32		n;
	uint32		room;
} ProtaddrIds;

typedef struct ProtaddrGuardBase ProtaddrGuardBase;

typedef struct ProtaddrGuardIndex
{
	PaGuardIndex *index;
	const ProtaddrGuardBase *base;	/* what all sessions share of it; NULL: nothing */
	ProtaddrIds entries;		/* not of the base: by the matcher's number less those of the base */
	Oid			relation;
	uint64		entries_generation;
	uint64		words_generation;
	uint64		words_hash;
	size_t		expected;		/* so many entries was it made for, without a base */
	uint64		horizon;		/* the first transaction that had not ended when it was last read;
								 * 0: it never was */
	ProtaddrIds recent;			/* rows of transactions from there on that are in it */
	bool		whole;			/* no error has interrupted a change of it */
	uint64		moves;			/* of the bases, when it was made */
	TimestampTz built_at;
	MemoryContext context;
	PaGuardMemory memory;
	size_t		bytes;			/* that the matcher has */
} ProtaddrGuardIndex;

extern const ProtaddrGuardIndex *protaddr_guard_index_now(void);
extern ProtaddrGuardIndex *protaddr_guard_index_build(void (*progress) (void));
extern int64 protaddr_guard_entry(const ProtaddrGuardIndex *index, uint32 number);

/* ---- guard/shared_index.c: what all sessions share of it --------------------------- */

/* What stands before the image of an index in shared memory. */
struct ProtaddrGuardBase
{
	uint64		serial;
	Size		size;
	Size		image_at;
	Oid			relation;
	uint32		nentries;
	uint32		nrecent;
	uint64		horizon;
	uint64		words_hash;
	TimestampTz built_at;
	int64		id[FLEXIBLE_ARRAY_MEMBER];	/* of entries by number, then of the recent ones */
};

extern uint64 protaddr_guard_base_moves(void);
extern bool protaddr_guard_base_is_newest(const ProtaddrGuardBase *base);
extern const ProtaddrGuardBase *protaddr_guard_base(uint64 words_hash);
extern void protaddr_guard_base_leave(void);
extern void protaddr_guard_base_outgrown(void);
extern const char *protaddr_guard_base_obstacle(void);
extern size_t protaddr_guard_decompose(void *arg, uint32_t c, uint32_t *out, size_t max);

/* ---- guard/taken.c: what a row takes away ---------------------------------------- */

extern const PaGuardIndex *protaddr_taken_index(const ProtaddrTaken *taken);

#endif							/* PROTADDR_GUARD_INT_H */
