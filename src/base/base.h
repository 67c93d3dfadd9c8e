/*
 * base.h
 *		What every room stands on: error codes, log hygiene, our own tables.
 */
#ifndef PROTADDR_BASE_H
#define PROTADDR_BASE_H

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "parser/analyze.h"
#include "storage/lockdefs.h"
#include "tcop/utility.h"
#include "utils/relcache.h"
#include "utils/resowner.h"

#include "compat.h"

/* ---- SQLSTATEs ------------------------------------------------------------- */

/* refused at a gate */
#define ERRCODE_PROTADDR_REFUSED	MAKE_SQLSTATE('2', '3', 'P', 'A', '1')
/* a quota is used up */
#define ERRCODE_PROTADDR_QUOTA	MAKE_SQLSTATE('5', '3', 'P', 'A', '1')
/* register or key not ready */
#define ERRCODE_PROTADDR_NOT_READY	MAKE_SQLSTATE('5', '5', 'P', 'A', '1')

/* ---- base/own_tables.c: what a room tells of its tables -------------------------- */

/* rules for the rows of a table that the trigger own_table_changed keeps to */
#define PROTADDR_ROWS_STAY				0x01	/* none is removed ... */
#define PROTADDR_ROWS_FORGET			0x02	/* ... but by protaddr.forget_subject(), once ended */
#define PROTADDR_ROWS_CLOSE				0x04	/* an update ends recorded_to, once, and no more */
#define PROTADDR_ROWS_OF_THIS_SERVER	0x08	/* no SQL writes them, and no replication brings
												 * them */
/* who made a change that may let more out is told nothing before it is committed */
#define PROTADDR_CHANGE_LETS_OUT		0x10	/* any change may */
#define PROTADDR_UPDATE_LETS_OUT		0x20	/* an update may */
#define PROTADDR_INSERT_ADDS			0x40	/* of register_person: what was read of it before
												 * stays true when rows are added */

typedef struct ProtaddrOwnTable
{
	const char *name;			/* in schema protaddr */
	const char *const *columns; /* by number, [0] unused; NULL: C reads the table by SQL alone */
	int			ncolumns;		/* [0] included */
	unsigned int rules;
	const char *why_rows_stay;	/* of the error; NULL: they are history */
	HeapTuple	(*change) (TriggerData *trigdata, HeapTuple row);	/* more: gives the row to store */
} ProtaddrOwnTable;

#define PROTADDR_COLUMNS(names)	.columns = names, .ncolumns = lengthof(names)

/* ---- base/hooks.c: one of each callback and hook for the whole library -------- */

/* A utility command on its way; see protaddr_utility_go_on(). */
typedef struct ProtaddrUtility
{
	PlannedStmt *statement;
	const char *query;
	bool		read_only_tree;
	ProcessUtilityContext context;
	ParamListInfo params;
	QueryEnvironment *environment;
	DestReceiver *dest;
	QueryCompletion *completion;
	int			part;			/* the next to get it */
} ProtaddrUtility;

/*
 * A part of the library: what it does when the library starts, and what it wants to
 * hear of; NULL: nothing.  All parts are named in module.c.
 */
typedef struct ProtaddrPart
{
	void		(*start) (void);
	const ProtaddrOwnTable *tables; /* that this part owns */
	int			ntables;

	/* These must not throw, nor allocate, nor read a catalog. */
	void		(*relcache) (Oid relid);	/* InvalidOid: every relation */
	int			syscache_id;
	void		(*syscache) (uint32 hashvalue); /* 0: every entry */
	void		(*xact_end) (void); /* committed, prepared or rolled back */
	void		(*subxact) (SubXactEvent event, SubTransactionId mine, SubTransactionId parent);
	void		(*emit_log) (ErrorData *error);

	/* These may throw, which refuses. */
	void		(*pre_commit) (void);	/* or prepare */
	void		(*pre_prepare) (void);
	void		(*object_access) (ObjectAccessType access, Oid class, Oid object, int column, void *arg);
	bool		(*check_perms) (List *asked, bool ereport_on_violation);
	void		(*executor_start) (QueryDesc *query);
	bool		(*executor_run) (QueryDesc *query); /* true: tell me when the run is over */
	bool		(*executor_finish) (QueryDesc *query);	/* likewise: what WITH writes behind the
														 * last row, and triggers */
	void		(*executor_ran) (QueryDesc *query, bool failed);
	void		(*executor_ending) (QueryDesc *query);	/* its memory is still there */
	void		(*planning) (const Query *query, const char *text);
	void		(*utility) (ProtaddrUtility *command);
	void		(*analyzed) (ParseState *pstate, Query *query);
	bool		(*takes_texts) (Oid relation);	/* texts written to it may hold addresses */
} ProtaddrPart;

#define PROTADDR_TABLES(array)	.tables = array, .ntables = lengthof(array)

extern void protaddr_hooks_init(const ProtaddrPart *const *all, int nall);
extern bool protaddr_transaction_aborted(void);
extern void protaddr_utility_go_on(ProtaddrUtility *command);
extern bool protaddr_takes_texts(Oid relation);
extern void protaddr_hooks_before_others(void);

/* ---- base/apart.c: what is done apart, so that it alone can be undone ------------ */

typedef struct ProtaddrApart
{
	MemoryContext context;
	ResourceOwner owner;
} ProtaddrApart;

extern void protaddr_apart_begin(ProtaddrApart *apart);
extern void protaddr_apart_end(const ProtaddrApart *apart, bool keep);
extern ErrorData *protaddr_apart_failed(const ProtaddrApart *apart);
extern bool protaddr_error_ends_all(const ErrorData *error);

/* ---- base/blank.c: does a text say anything? ------------------------------------ */

extern bool protaddr_is_blank(const char *word);

/* ---- base/callers.c: with whose rights this code runs ---------------------- */

typedef bool (*ProtaddrRoleTest) (Oid role, const void *what);

extern const ProtaddrPart protaddr_callers_part;

extern bool protaddr_callers_any(ProtaddrRoleTest test, const void *what);
extern bool protaddr_callers_all(ProtaddrRoleTest test, const void *what);
extern bool protaddr_callers_seen_all(ProtaddrRoleTest test, const void *what);
extern char *protaddr_callers_name(void);
extern char *protaddr_role_name(Oid role);

/* ---- base/context.c: what errors say of the way through our functions ---------- */

extern const ProtaddrPart protaddr_context_part;

/* ---- base/log_hygiene.c: keeps clear addresses out of the log -------------- */

extern const ProtaddrPart protaddr_log_hygiene_part;

extern void protaddr_clear_text_seen(void);
extern void protaddr_rethrow_private(MemoryContext context);

/*
 * Added to every ereport(ERROR) of ours that can be raised while somebody's row is
 * at hand: the log gets no statement, and nobody a context that quotes a value.
 */
extern int	protaddr_errprivate(void);

/* the same where the error may be a soft one, which unwinds nothing */
#define protaddr_errprivate_unless(escontext) \
	((escontext) != NULL ? 0 : protaddr_errprivate())

/* ---- base/relation.c: opening a relation that a caller has named --------------- */

typedef void (*ProtaddrPermission) (Oid relation);
typedef void (*ProtaddrRowReader) (HeapTuple row, TupleDesc desc, void *arg);

extern char *protaddr_qualified_name(Oid relation);
extern char *protaddr_existing_name(Oid relation);
extern Relation protaddr_open_permitted(Oid relation, LOCKMODE lock, ProtaddrPermission check);

/* Who acted before protaddr_act_restricted. */
typedef struct ProtaddrActing
{
	Oid			role;
	int			context;
	int			guc_level;
} ProtaddrActing;

extern void protaddr_act_restricted(Oid role, ProtaddrActing *before);
extern void protaddr_act_as_before(const ProtaddrActing *before);
extern void protaddr_read_rows(const char *query, ProtaddrRowReader reader, void *arg);
extern void protaddr_check_owner(Oid relation);
extern void protaddr_check_privilege(Oid relation, AclMode mode);
extern void protaddr_check_column_privilege(Oid relation, AclMode mode);

/* ---- base/settings.c: the configuration's word counts, and no session's -------- */

extern void protaddr_settings_read(void);
extern void protaddr_settings_apply(void);

/* ---- base/database.c: which database this is --------------------------------- */

extern const char *protaddr_this_database(void);

/* ---- base/digest.c: SHA-256 of several pieces -------------------------------- */

#define PROTADDR_DIGEST_SIZE	32

extern pg_cryptohash_ctx *protaddr_digest_begin(void);
extern void protaddr_digest_add(pg_cryptohash_ctx *digest, const void *piece, size_t len);
extern void protaddr_digest_add_sized(pg_cryptohash_ctx *digest, const void *piece, size_t len);
extern void protaddr_digest_end(pg_cryptohash_ctx *digest, void *bytes);

/* ---- base/new_id.c: numbers of our tables' rows ----------------------------- */

extern int64 protaddr_next_id(void);
extern int64 protaddr_random_id(void);

/* ---- base/own_tables.c: our tables' identity and invalidation -------------- */

typedef enum ProtaddrTable
{
	PROTADDR_DATA_KEY = 0,
	PROTADDR_PROTECTION,
	PROTADDR_IDENTITY_LINK,
	PROTADDR_REGISTER_SOURCE,
	PROTADDR_REGISTER_PERSON,
	PROTADDR_CHANNEL,
	PROTADDR_GATE,
	PROTADDR_GUARDED_ADDRESS,
	PROTADDR_ADDRESS_WORD,
	PROTADDR_EXPORT,
	PROTADDR_FREE_COLUMN,
	PROTADDR_SAFE_FUNCTION,
	PROTADDR_PROXY_COLUMN,
	PROTADDR_PURPOSE,
	PROTADDR_CLEARANCE,
	PROTADDR_PROCESSOR,
	PROTADDR_PROCESSOR_ROLE,
	PROTADDR_NTABLES
} ProtaddrTable;

extern Oid	protaddr_protection_one_index(void);
extern Oid	protaddr_identity_index(bool reverse);
extern Oid	protaddr_own_relation(const char *name);

/* Told of each row that is changed, before it is: row is what it becomes, or the one that goes. */
typedef void (*ProtaddrOwnTableObserver) (const char *table, const TriggerData *trigdata, HeapTuple row);

extern const ProtaddrPart protaddr_own_tables_part;
extern void protaddr_own_tables_observe(ProtaddrOwnTableObserver observer);
extern char *protaddr_column_text(HeapTuple tuple, TupleDesc desc, AttrNumber column);
extern bool protaddr_in_own_script(void);
extern void protaddr_own_tables_known(const ProtaddrOwnTable *tables, int ntables);
extern void protaddr_forgetting(bool on);
extern Oid	protaddr_table(ProtaddrTable table);
extern Oid	protaddr_table_index(ProtaddrTable table);
extern bool protaddr_is_register_table(Oid relation);
extern Oid	protaddr_address_type(void);
extern uint64 protaddr_generation(ProtaddrTable table);
extern uint64 protaddr_generation_seen(ProtaddrTable table);
extern uint64 protaddr_additions_seen(ProtaddrTable table);
extern bool protaddr_added_here(void);
extern bool protaddr_relaxed_here(void);

#endif							/* PROTADDR_BASE_H */
