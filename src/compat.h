/*
 * compat.h
 *		The only file that knows PostgreSQL's versions: 15 to 18.
 */
#ifndef PROTADDR_COMPAT_H
#define PROTADDR_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "protaddr needs PostgreSQL 15 or later"
#endif

/*
 * Soft errors came with 16.  On 15 there is no escontext and every refusal of
 * an input function is an error.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#define protaddr_soft(fcinfo) \
	((fcinfo)->context != NULL && IsA((fcinfo)->context, ErrorSaveContext) ? \
	 (fcinfo)->context : NULL)
#define protaddr_ereturn(context, dummy, ...) ereturn(context, dummy, __VA_ARGS__)
#else
#define protaddr_soft(fcinfo) ((Node *) NULL)
#define protaddr_ereturn(context, dummy, ...) \
	do { \
		(void) (context); \
		ereport(ERROR, __VA_ARGS__); \
		return dummy; \
	} while (0)
#endif

/* varatt.h was split from postgres.h in 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* The JSON lexer takes its context from the caller since 17. */
#if PG_VERSION_NUM >= 170000
#define protaddr_json_lexer(json, len, need_escapes) \
	makeJsonLexContextCstringLen(NULL, json, len, GetDatabaseEncoding(), need_escapes)
#else
#define protaddr_json_lexer(json, len, need_escapes) \
	makeJsonLexContextCstringLen(json, len, GetDatabaseEncoding(), need_escapes)
#endif

/* Semantic actions answer with an error code since 16; before they are void. */
#include "common/jsonapi.h"
#if PG_VERSION_NUM >= 160000
typedef JsonParseErrorType ProtaddrJsonResult;
#define PROTADDR_JSON_GO_ON return JSON_SUCCESS
#else
typedef void ProtaddrJsonResult;
#define PROTADDR_JSON_GO_ON return
#endif

/* Privileges on objects are asked in one way since 16. */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_proc.h"
#include "utils/acl.h"
#define protaddr_may_execute(function, role) \
	(object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK)
#include "catalog/pg_namespace.h"
#define protaddr_may_use_schema(schema, role) \
	(object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK)
#else
#include "utils/acl.h"
#define protaddr_may_execute(function, role) \
	(pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK)
#define protaddr_may_use_schema(schema, role) \
	(pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK)
#endif

#if PG_VERSION_NUM >= 160000
#include "catalog/pg_class.h"
#define protaddr_owns_relation(relation, role) \
	object_ownercheck(RelationRelationId, relation, role)
#else
#define protaddr_owns_relation(relation, role) \
	pg_class_ownercheck(relation, role)
#endif

/*
 * What a statement asks to write stands in the range table, or since 16 in a list of
 * its own.  protaddr_asked gives the relation of an element, and what is asked there.
 */
#if PG_VERSION_NUM >= 160000
#define PROTADDR_CHECK_PERMS_ARGS	List *rtable, List *perminfos, bool ereport_on_violation
#define PROTADDR_CHECK_PERMS_PASS	rtable, perminfos, ereport_on_violation
#define PROTADDR_CHECK_PERMS_LIST	perminfos
#define protaddr_asked(element, relation, perms) \
	(*(relation) = ((RTEPermissionInfo *) (element))->relid, \
	 *(perms) = ((RTEPermissionInfo *) (element))->requiredPerms)
#else
#define PROTADDR_CHECK_PERMS_ARGS	List *rtable, bool ereport_on_violation
#define PROTADDR_CHECK_PERMS_PASS	rtable, ereport_on_violation
#define PROTADDR_CHECK_PERMS_LIST	rtable
#define protaddr_asked(element, relation, perms) \
	(*(relation) = ((RangeTblEntry *) (element))->relid, \
	 *(perms) = ((RangeTblEntry *) (element))->rtekind == RTE_RELATION ? \
	 ((RangeTblEntry *) (element))->requiredPerms : 0)
#endif

/* Of which columns it is asked, as a range table entry says it. */
#if PG_VERSION_NUM >= 160000
#define protaddr_asked_columns(element)	(((RTEPermissionInfo *) (element))->selectedCols)
#define protaddr_asked_of_plan(statement)	((statement)->permInfos)
#else
#define protaddr_asked_columns(element)	(((RangeTblEntry *) (element))->selectedCols)
#define protaddr_asked_of_plan(statement)	((statement)->rtable)
#endif

/* Since 18 an entry of the range table stands for the expressions of GROUP BY. */
#if PG_VERSION_NUM >= 180000
#define protaddr_group_expressions(rte)	((rte)->rtekind == RTE_GROUP ? (rte)->groupexprs : NIL)
#define protaddr_expand_rte(rte, entry, columns) \
	expandRTE(rte, entry, 0, VAR_RETURNING_DEFAULT, -1, false, NULL, columns)
#else
#define protaddr_group_expressions(rte)	((List *) NIL)
#define protaddr_expand_rte(rte, entry, columns) \
	expandRTE(rte, entry, 0, -1, false, NULL, columns)
#endif

/* COPY takes tables, and since 18 materialized views. */
#include "catalog/pg_class.h"
#if PG_VERSION_NUM >= 180000
#define protaddr_can_be_copied(relkind)	((relkind) == RELKIND_RELATION || (relkind) == RELKIND_MATVIEW)
#else
#define protaddr_can_be_copied(relkind)	((relkind) == RELKIND_RELATION)
#endif

/* Expressions of SQL/JSON came with 16 and 17. */
#if PG_VERSION_NUM >= 170000
#define PROTADDR_JSON_EXPRESSIONS \
	case T_JsonConstructorExpr: case T_JsonIsPredicate: case T_JsonValueExpr: case T_JsonExpr: case T_JsonBehavior:
#elif PG_VERSION_NUM >= 160000
#define PROTADDR_JSON_EXPRESSIONS \
	case T_JsonConstructorExpr: case T_JsonIsPredicate: case T_JsonValueExpr:
#endif

/* The executor is not told since 18 whether it runs once. */
#if PG_VERSION_NUM >= 180000
#define PROTADDR_EXECUTOR_RUN_ARGS	QueryDesc *query, ScanDirection direction, uint64 count
#define PROTADDR_EXECUTOR_RUN_PASS	query, direction, count
#else
#define PROTADDR_EXECUTOR_RUN_ARGS	QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define PROTADDR_EXECUTOR_RUN_PASS	query, direction, count, execute_once
#endif

/* All settings that there are, placeholders included. */
#if PG_VERSION_NUM >= 160000
#define protaddr_guc_variables(n) get_guc_variables(n)
#else
#define protaddr_guc_variables(n) (*(n) = GetNumConfigOptions(), get_guc_variables())
#endif

/* A qualified name as text; since 16 it can be refused softly. */
#include "utils/regproc.h"
#if PG_VERSION_NUM >= 160000
#define protaddr_name_list(name) stringToQualifiedNameList(name, NULL)
#else
#define protaddr_name_list(name) stringToQualifiedNameList(name)
#endif

/* Whether a message of the WAL is flushed is said since 17. */
#if PG_VERSION_NUM >= 170000
#define protaddr_log_message(prefix, text, len)	LogLogicalMessage(prefix, text, len, false, false)
#else
#define protaddr_log_message(prefix, text, len)	LogLogicalMessage(prefix, text, len, false)
#endif

/* How many transactions with an id have ended, on a standby too; read unlocked. */
#include "access/transam.h"
#if PG_VERSION_NUM >= 170000
#define protaddr_transactions_ended() \
	(*(volatile uint64 *) &TransamVariables->xactCompletionCount)
#else
#define protaddr_transactions_ended() \
	(*(volatile uint64 *) &ShmemVariableCache->xactCompletionCount)
#endif

/* An index scan takes a place for statistics since 18. */
#if PG_VERSION_NUM >= 180000
#define protaddr_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, NULL, nkeys, 0)
#else
#define protaddr_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, nkeys, 0)
#endif

/* A sorted value is the caller's to keep, which since 16 has to be asked for. */
#if PG_VERSION_NUM >= 160000
#define protaddr_tuplesort_getdatum(state, value, isnull) \
	tuplesort_getdatum(state, true, true, value, isnull, NULL)
#else
#define protaddr_tuplesort_getdatum(state, value, isnull) \
	tuplesort_getdatum(state, true, value, isnull, NULL)
#endif

/* What is only summarised by an index can be told apart since 16. */
#if PG_VERSION_NUM >= 160000
#define protaddr_insert_index_tuples(target, slot, estate) \
	ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL, false)
#else
#define protaddr_insert_index_tuples(target, slot, estate) \
	ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL)
#endif

/* A primary key that is deferrable finds no row; since 18 that has to be said. */
#include "utils/relcache.h"
#if PG_VERSION_NUM >= 180000
#define protaddr_primary_key_index(rel)	RelationGetPrimaryKeyIndex(rel, false)
#else
#define protaddr_primary_key_index(rel)	RelationGetPrimaryKeyIndex(rel)
#endif

/* How a function that does not return is declared: before it, since 18. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

#endif							/* PROTADDR_COMPAT_H */
