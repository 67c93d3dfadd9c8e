/*
 * lineage_int.h
 *		A walk over the queries that a relation is made of: lineage.c and expression.c.
 */
#ifndef PROTADDR_LINEAGE_INT_H
#define PROTADDR_LINEAGE_INT_H

#include "base/base.h"
#include "export/export_int.h"

#include "nodes/parsenodes.h"

typedef struct Walk Walk;
typedef struct Level Level;

/* An output column of a query, once it has been walked. */
typedef struct Memo
{
	uint64		as_of;			/* the walk's round in which it was */
	bool		in_progress;
	ProtaddrLineage lineage;
} Memo;

/* One query, in its place. */
struct Level
{
	Walk	   *walk;
	const Query *query;			/* NULL: the expression of a generated column */
	Oid			relation;		/* of the view, or the table with that column */
	Oid			function;		/* whose body it is */
	List	   *arguments;		/* of its call, which stands in */
	Level	   *caller;
	Level	   *parent;			/* around it; NULL for a view or a body */
	bool		top;			/* its columns are what is asked about */
	bool		recursive;		/* of WITH RECURSIVE */
	bool		settled;
	int			ncolumns;
	Memo	   *columns;
	Memo		conditions;
	Level	  **sources;		/* by range table entry: subqueries */
	List	   *named;			/* the same for expressions: of SubQuery */
};

struct Walk
{
	uint64		round;			/* of the search for what recursive queries come to */
	int			recursing;
	int			nodes;			/* walked so far */
	List	   *views;			/* of Level, one for each view */
};

/* A level that belongs to a node: a subquery in an expression, a CTE, a call. */
typedef struct SubQuery
{
	const void *node;
	Level	   *level;
} SubQuery;

/* lineage.c */
extern Level *protaddr_level_for(Level *at, const void *node, const Query *query, Level *parent);
extern Level *protaddr_level_of_view(Walk *walk, Oid view);
extern Query *protaddr_body_of(Oid function);
extern Level *protaddr_level_of_body(Level *at, const void *node, Oid function, List *arguments);
extern List *protaddr_in_order(FuncExpr *call);
extern void protaddr_walk_column(Level *level, int column, ProtaddrLineage *to);
extern void protaddr_walk_conditions(Level *level, ProtaddrLineage *to);
extern void protaddr_walk_entry(Level *level, int entry, AttrNumber column, ProtaddrLineage *to);
extern bool protaddr_walk_goes_on(Walk *walk, ProtaddrLineage *to);
extern bool protaddr_entry_casts_to_json(Level *level, int entry);
extern Level *protaddr_level_of_subquery(Level *level, int entry);
extern Level *protaddr_level_of_cte(Level *level, const RangeTblEntry *rte);
extern int	protaddr_columns_of(const Query *query);

/* expression.c */
extern void protaddr_walk(Level *level, Node *node, ProtaddrLineage *to);
extern void protaddr_walk_condition(Level *level, Node *node, ProtaddrLineage *to);
extern void protaddr_walk_compared(Level *level, Node *node, ProtaddrLineage *to);
extern void protaddr_walk_asked(Level *level, Node *node, ProtaddrLineage *to);
extern void protaddr_walk_unseen(Level *level, Node *node, ProtaddrLineage *to);
extern char *protaddr_channel_named(Node *node);

/* row.c */
extern void protaddr_walk_proxy(Level *level, Oid function, List *arguments, ProtaddrLineage *to);

/* origin.c */
extern bool protaddr_add_lineage(ProtaddrLineage *to, const ProtaddrLineage *from);
extern void protaddr_add_changed(ProtaddrLineage *to, const ProtaddrLineage *from);
extern void protaddr_add_condition(ProtaddrLineage *to, const ProtaddrLineage *from, bool compared_whole);
extern void protaddr_add_unseen(ProtaddrLineage *to, char *why);
extern void protaddr_add_through(ProtaddrLineage *to, const char *name);
extern void protaddr_add_origin(ProtaddrLineage *to, const ProtaddrOrigin *origin);

#endif							/* PROTADDR_LINEAGE_INT_H */
