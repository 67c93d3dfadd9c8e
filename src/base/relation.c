/*
 * relation.c
 *		How is a relation opened, or read, that a caller has named?
 *
 * Whoever may not does not get as far as a lock: one that waits holds up everybody behind
 * it.  While we wait for it the relation may change hands, or go, so permission is asked
 * again under the lock, where it stays as it is.
 */
#include "postgres.h"

#include "base/base.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#define ROWS_AT_ONCE	1000

PG_FUNCTION_INFO_V1(protaddr_lock_own_table);

static void
refuse_missing(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("the relation does not exist")));
}

/* protaddr_qualified_name gives a relation's name, qualified and quoted; empty if it does not exist. */
char *
protaddr_qualified_name(Oid relation)
{
	char	   *name = get_rel_name(relation);

	return name == NULL ? pstrdup("") :
		quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
}

/* protaddr_existing_name does so, too; raises 42P01 if it does not exist. */
char *
protaddr_existing_name(Oid relation)
{
	char	   *name = protaddr_qualified_name(relation);

	if (name[0] == '\0')
		refuse_missing();
	return name;
}

/*
 * protaddr_open_permitted opens a relation for a caller for whom the check raises no
 * error, neither before the lock nor under it.  Raises 42P01 if it does not exist.
 */
Relation
protaddr_open_permitted(Oid relation, LOCKMODE lock, ProtaddrPermission check)
{
	Relation	rel;

	if (get_rel_relkind(relation) == '\0')
		refuse_missing();
	check(relation);
	rel = try_relation_open(relation, lock);
	if (rel == NULL)
		refuse_missing();
	check(relation);
	return rel;
}

/*
 * protaddr_act_restricted has what follows run as a role, in a restricted operation, as
 * REINDEX and ANALYZE do: expressions, triggers and domains run code of whoever made them,
 * and a superuser who looks after a table must not lend it his rights.  An error ends it.
 */
void
protaddr_act_restricted(Oid role, ProtaddrActing *before)
{
	GetUserIdAndSecContext(&before->role, &before->context);
	SetUserIdAndSecContext(role, before->context | SECURITY_RESTRICTED_OPERATION);
	before->guc_level = NewGUCNestLevel();
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION);
}

void
protaddr_act_as_before(const ProtaddrActing *before)
{
	AtEOXact_GUC(false, before->guc_level);
	SetUserIdAndSecContext(before->role, before->context);
}

/*
 * protaddr_read_rows reads what a query gives with the rights of the caller, row by row:
 * the reader is called for each, in memory that is free again after it.
 */
void
protaddr_read_rows(const char *query, ProtaddrRowReader reader, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "protaddr rows", ALLOCSET_DEFAULT_SIZES);
	SPIPlanPtr	plan;
	Portal		cursor;

	SPI_connect();
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not read the rows of a table");
	cursor = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	for (;;)
	{
		MemoryContext old;

		SPI_cursor_fetch(cursor, true, ROWS_AT_ONCE);
		if (SPI_processed == 0)
			break;
		old = MemoryContextSwitchTo(context);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			reader(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, arg);
			MemoryContextReset(context);
		}
		MemoryContextSwitchTo(old);
		SPI_freetuptable(SPI_tuptable);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_cursor_close(cursor);
	SPI_finish();
	MemoryContextDelete(context);
}

/* protaddr_check_owner raises 42501 unless the caller owns the relation. */
void
protaddr_check_owner(Oid relation)
{
	if (!protaddr_owns_relation(relation, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relation)),
					   get_rel_name(relation));
}

/* protaddr_check_privilege raises 42501 unless the caller has one of the privileges on the relation. */
void
protaddr_check_privilege(Oid relation, AclMode mode)
{
	if (pg_class_aclmask(relation, GetUserId(), mode, ACLMASK_ANY) == 0)
		aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(get_rel_relkind(relation)),
					   get_rel_name(relation));
}

/* protaddr_check_column_privilege does so, too, but one on any of its columns is enough. */
void
protaddr_check_column_privilege(Oid relation, AclMode mode)
{
	AclMode		column_mode = mode & ACL_ALL_RIGHTS_COLUMN;

	for (AclMode one = 1; one <= column_mode; one <<= 1)
		if ((column_mode & one) != 0 &&
			pg_attribute_aclcheck_all(relation, GetUserId(), one, ACLMASK_ANY) == ACLCHECK_OK)
			return;
	protaddr_check_privilege(relation, mode);
}

/* protaddr_lock_own_table is protaddr.lock_own_table(regclass, to_drop). */
Datum
protaddr_lock_own_table(PG_FUNCTION_ARGS)
{
	LOCKMODE	lock = PG_GETARG_BOOL(1) ? AccessExclusiveLock : ShareRowExclusiveLock;

	relation_close(protaddr_open_permitted(PG_GETARG_OID(0), lock, protaddr_check_owner), NoLock);
	PG_RETURN_VOID();
}
