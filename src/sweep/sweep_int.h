/*
 * sweep_int.h
 *		What the files of this room tell each other.
 */
#ifndef PROTADDR_SWEEP_INT_H
#define PROTADDR_SWEEP_INT_H

#include "gate/gate.h"
#include "guard/guard.h"
#include "sweep/sweep.h"

#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "storage/block.h"
#include "storage/itemptr.h"
#include "utils/timestamp.h"

/* ---- sweep/run.c: what a sweep keeps of itself ---------------------------------------- */

typedef enum ProtaddrSweepAction
{
	PROTADDR_SWEEP_REPORT = 0,
	PROTADDR_SWEEP_REDACT,
	PROTADDR_SWEEP_REGATE
} ProtaddrSweepAction;

typedef struct ProtaddrSweepRun
{
	int64		run;
	ProtaddrSweepAction action;
	NameData	time_column;	/* empty: all rows */
	TimestampTz since;			/* DT_NOBEGIN: from the first on */
	TimestampTz until;			/* DT_NOEND: up to the last */
} ProtaddrSweepRun;

/* One table of a sweep, as protaddr.sweep_table has it. */
typedef struct ProtaddrSweepItem
{
	int64		item;
	char		relation[2 * NAMEDATALEN * 2 + 8];	/* qualified and quoted */
	bool		begun;
	BlockNumber next_block;
	BlockNumber blocks;
	Oid			filenode;
	uint64		horizon;
	int64		rows;
} ProtaddrSweepItem;

/* A find, before it is noted. */
typedef struct ProtaddrSweepFind
{
	Bitmapset  *columns;
	ProtaddrIdentifier subject; /* no key: a listed address */
	PaCertainty certainty;
	bool		is_cut;			/* it is taken out of what is to be written */
	const char *why_not;		/* why it is to be changed and is not; NULL */
} ProtaddrSweepFind;

extern const char *protaddr_sweep_action_word(ProtaddrSweepAction action);
extern bool protaddr_sweep_action(const char *word, ProtaddrSweepAction *action);
extern void protaddr_sweep_begin(ProtaddrSweepRun *run, const char *scope);
extern bool protaddr_sweep_find_run(int64 number, ProtaddrSweepRun *run);
extern void protaddr_sweep_add_table(const ProtaddrSweepRun *run, Oid relation, const char *why_not);
extern int	protaddr_sweep_tables_left(const ProtaddrSweepRun *run);
extern bool protaddr_sweep_claim(const ProtaddrSweepRun *run, ProtaddrSweepItem *item);
extern void protaddr_sweep_release(const ProtaddrSweepItem *item);
extern void protaddr_sweep_keep(const ProtaddrSweepItem *item, bool ended, const char *why_not);
extern bool protaddr_sweep_note(const ProtaddrSweepRun *run, Relation rel, const ProtaddrSweepFind *find,
								const char *key, ItemPointer tid, int64 change);
extern void protaddr_sweep_forget_finds(const ProtaddrSweepRun *run, const char *relation);
extern void protaddr_sweep_count(const ProtaddrSweepRun *run, int64 * found, int64 * doubtful, int64 * changed, int64 * to_do);
extern int64 protaddr_sweep_change_of(int64 run, int64 finding);
extern Oid protaddr_sweep_relation(const char *name);
extern char *protaddr_sweep_columns(TupleDesc desc, const Bitmapset * columns);

/* ---- sweep/sweep.c: what a sweep and a regate have in common ------------------------------ */

#define PROTADDR_SWEEP_FOREIGN	"it is a foreign table: sweep it where its rows are"
#define PROTADDR_SWEEP_NO_KEY	"its key holds an address, so that the row could not be found again to undo it"

extern TupleDesc protaddr_sweep_call(FunctionCallInfo fcinfo, const char *name);
extern void protaddr_sweep_pace(FunctionCallInfo fcinfo, int at, int *batch, double *pause);
extern void protaddr_sweep_rest(double pause);
extern void protaddr_sweep_show(const ProtaddrSweepRun *run, int64 rows, int64 found, int64 changed);

/* ---- sweep/look.c: what stands in a row ------------------------------------------------- */

/* A table that is being searched. */
typedef struct ProtaddrSwept
{
	Relation	rel;
	ProtaddrGate texts;			/* its text columns and its key, and nothing else of a gate */
	const ProtaddrGate *gate;	/* NULL: it has none */
	AttrNumber	time_column;	/* InvalidAttrNumber: all rows are searched */
	const char *cannot_change;	/* why none of its rows can be changed; NULL */
	MemoryContext per_row;
} ProtaddrSwept;

extern bool protaddr_sweep_open(Relation rel, const ProtaddrSweepRun *run, ProtaddrSwept *swept);
extern bool protaddr_sweep_is_in_time(const ProtaddrSwept *swept, const ProtaddrSweepRun *run, HeapTuple row);
extern List * protaddr_sweep_look(const ProtaddrSwept *swept, HeapTuple row, HeapTuple * redacted, Bitmapset * *changed);
extern char *protaddr_sweep_key(const ProtaddrSwept *swept, HeapTuple row, const List * finds);

/* ---- sweep/write.c: a row is written anew -------------------------------------------------- */

#define PROTADDR_SWEEP_NO_PRIVILEGE		"no privilege to update it (SQLSTATE 42501)"
#define PROTADDR_SWEEP_CHANGED_MEANWHILE "it was changed meanwhile"

extern void protaddr_sweep_digest(TupleDesc desc, HeapTuple row, const Bitmapset * columns, ProtaddrDigest *digest);
extern bool protaddr_sweep_may_update(Oid relation);
extern bool protaddr_sweep_lock(Relation rel, ItemPointer tid);
extern const char *protaddr_sweep_why_refused(const ErrorData * error);
extern bool protaddr_sweep_ends_by(const ErrorData * error);
extern const char *protaddr_sweep_write(Relation rel, HeapTuple row, ItemPointer tid, const Bitmapset * columns,
										bool as_meant, ItemPointer now);

/* ---- sweep/change.c: what stood there before ------------------------------------------------ */

#define PROTADDR_SWEEP_CHANGE_NCOLUMNS	13	/* [0] included */

extern const char *const protaddr_sweep_change_columns[PROTADDR_SWEEP_CHANGE_NCOLUMNS];
extern int64 protaddr_sweep_keep_change(const ProtaddrSweepRun *run, Relation rel, HeapTuple old, HeapTuple written,
										const Bitmapset * columns, const char *key);

#endif							/* PROTADDR_SWEEP_INT_H */
