/*
 * export_int.h
 *		What the files of this room know of each other.
 */
#ifndef PROTADDR_EXPORT_INT_H
#define PROTADDR_EXPORT_INT_H

#include "base/base.h"
#include "export/export.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"

/* ---- export/declare.c: what is an export, and what has been said of columns and functions ---- */

typedef struct ProtaddrExport
{
	char	   *schema;
	char	   *relation;		/* empty: every relation of the schema */
	char	   *channel;
	List	   *columns;		/* names; NIL: all */
} ProtaddrExport;

extern bool protaddr_exports_any(void);
extern const ProtaddrExport *protaddr_export_of(Oid relation);
extern void protaddr_export_follow(const char *schema, const char *relation,
								   const char *new_schema, const char *new_relation);
extern bool protaddr_declared_free(Oid relation, AttrNumber column);
extern bool protaddr_declared_safe(Oid function);

/* ---- export/proxy.c: which columns tell who somebody is, or where they live ------------------- */

/* What a column is declared to be. */
typedef enum ProtaddrProxyKind
{
	PROTADDR_NO_PROXY = 0,
	PROTADDR_PROXY_NAME,
	PROTADDR_PROXY_LOCATION
} ProtaddrProxyKind;

typedef struct ProtaddrProxy
{
	char	   *schema;
	char	   *relation;
	char	   *column;
	Oid			oid;			/* what went by these names when the row was written, or 0 */
	AttrNumber	number;
	ProtaddrProxyKind kind;
	List	   *subjects;		/* names of the columns that say whom it is of */
} ProtaddrProxy;

extern const ProtaddrProxy *protaddr_proxy_of(Oid relation, AttrNumber column);

/* ---- export/lineage.c: where each column comes from, through what ------------------------- */

typedef enum ProtaddrOriginKind
{
	PROTADDR_FROM_COLUMN,		/* a column of a table */
	PROTADDR_FROM_GUARD,		/* what guard() left of what is inside */
	PROTADDR_FROM_RELEASE,		/* what release() left of what is inside */
	PROTADDR_FROM_PROXY,		/* what show_name() or show_location() left of a column so declared */
	PROTADDR_FROM_UNSEEN		/* something that cannot be seen through */
} ProtaddrOriginKind;

typedef struct ProtaddrOrigin
{
	ProtaddrOriginKind kind;
	Oid			relation;		/* COLUMN, PROXY */
	AttrNumber	column;
	Oid			type;
	ProtaddrProxyKind proxy;	/* what the column is declared to be */
	bool		whole;			/* the value as it is stored, perhaps beside others */
	bool		condition;		/* it decides, and does not stand there itself */
	char	   *channel;		/* GUARD, RELEASE, PROXY */
	List	   *inside;			/* GUARD, RELEASE: of ProtaddrOrigin */
	char	   *why;			/* UNSEEN */
} ProtaddrOrigin;

/* Where a value comes from.  Constants, and what functions declared safe give, have no origin. */
typedef struct ProtaddrLineage
{
	List	   *origins;		/* of ProtaddrOrigin */
	List	   *through;		/* names of functions, each once */
} ProtaddrLineage;

typedef struct ProtaddrLineageColumn
{
	AttrNumber	number;
	char	   *name;
	Oid			type;
	ProtaddrLineage lineage;
} ProtaddrLineageColumn;

extern List *protaddr_lineage(Oid relation);
extern bool protaddr_cannot_hold_text(Oid type);

/* ---- export/function.c: which functions are seen through ---------------------------------- */

typedef enum ProtaddrSight
{
	PROTADDR_SEEN,				/* its result comes from its arguments, changed */
	PROTADDR_SEEN_WHOLE,		/* the same, and each stands in it as it is */
	PROTADDR_SEEN_SIZE,			/* it counts, and tells no letter */
	PROTADDR_SEEN_BODY,			/* it is one query, which can be walked */
	PROTADDR_SEEN_SAFE,			/* declared so */
	PROTADDR_SEEN_GUARD,
	PROTADDR_SEEN_RELEASE,
	PROTADDR_SEEN_PROXY,
	PROTADDR_UNSEEN
} ProtaddrSight;

extern ProtaddrSight protaddr_sight(Oid function, char **why);
extern bool protaddr_is_built_in(Oid function);
extern bool protaddr_equality(Oid operator);
extern bool protaddr_cast_to_json(Oid type);

/* ---- export/verdict.c: may it leave -------------------------------------------------------- */

typedef struct ProtaddrColumnVerdict
{
	const ProtaddrLineageColumn *column;
	bool		declared;		/* it is among the columns of the export */
	char	   *refused;		/* why; NULL: it may leave */
} ProtaddrColumnVerdict;

/* What is known of a relation until something changes. */
typedef struct ProtaddrVerdict
{
	Oid			relation;		/* hash key */
	uint64		as_of;
	bool		is_export;
	bool		refused;
	bool		all_columns;
	char	   *name;			/* of an export, qualified */
	char	   *channel;
	Bitmapset  *columns;		/* that may be read, as RangeTblEntry has them */
	char	   *column;			/* the first that is refused */
	char	   *why;
} ProtaddrVerdict;

extern List *protaddr_judge(Oid relation, const char *channel, List *columns);
extern void protaddr_verdicts_stale(void);
extern const ProtaddrVerdict *protaddr_verdict(Oid relation);
extern void protaddr_refuse_export(const ProtaddrVerdict *verdict);

/* ---- export/reading.c: what is told of each reading ------------------------------------------ */

extern void protaddr_reading_starts(const QueryDesc *query);
extern void protaddr_reading_runs(const QueryDesc *query, const List *verdicts, bool finishing);
extern void protaddr_reading_ran(const QueryDesc *query, bool failed);
extern void protaddr_reading_ends(const QueryDesc *query);

/* ---- export/explain.c: in words -------------------------------------------------------------- */

extern char *protaddr_origin_words(const ProtaddrOrigin *origin);
extern char *protaddr_column_words(Oid relation, AttrNumber column);

#endif							/* PROTADDR_EXPORT_INT_H */
