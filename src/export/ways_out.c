/*
 * ways_out.c
 *		Which other ways out does a command open, and are they refused here?
 *
 * What has been decided stands in protaddr.way_out_rule.  A command that opens a way is
 * refused where it is carried out; one that was there before is reported (protaddr.ways_out).
 * Addresses of the type are sealed wherever they go: this is about what is clear beside them.
 */
#include "postgres.h"

#include "export/export_int.h"
#include "gate/gate.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_largeobject.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

static bool ways_out_check_perms(List *asked, bool ereport_on_violation);
static void ways_out_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg);
static void ways_out_utility(ProtaddrUtility *command);

static const ProtaddrOwnTable tables[] = {
	{.name = "way_out_rule", .rules = PROTADDR_CHANGE_LETS_OUT},
};

const ProtaddrPart protaddr_ways_out_part = {
	PROTADDR_TABLES(tables),
	.check_perms = ways_out_check_perms,
	.object_access = ways_out_object_access,
	.utility = ways_out_utility,
};

static bool asking = false;		/* our own question runs */

/* rules_there is true where the extension is installed, and not being installed. */
static bool
rules_there(void)
{
	return !IsBinaryUpgrade && IsTransactionState() && OidIsValid(protaddr_gate_register()) &&
		OidIsValid(get_relname_relid("ways_out", get_namespace_oid("protaddr", true)));
}

/* is_true runs a question about a kind and an object with our own rights. */
static bool
is_true(const char *query, const char *kind, const char *object)
{
	Oid			types[2] = {TEXTOID, TEXTOID};
	Datum		values[2] = {CStringGetTextDatum(kind), CStringGetTextDatum(object)};
	ProtaddrActing before;
	bool		isnull;
	bool		answer;

	asking = true;
	PG_TRY();
	{
		protaddr_act_restricted(BOOTSTRAP_SUPERUSERID, &before);
		/* to compile the question takes ten times as long as to answer it */
		(void) set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		SPI_connect();
		if (SPI_execute_with_args(query, 2, types, values, NULL, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
			elog(ERROR, "could not ask which ways out are refused");
		answer = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)) && !isnull;
		SPI_finish();
		protaddr_act_as_before(&before);
	}
	PG_FINALLY();
	{
		asking = false;
	}
	PG_END_TRY();
	return answer;
}

static void
refuse(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("%s is refused here", what),
			 errdetail("Clear data would leave the database by it."),
			 errhint("See protaddr.ways_out and protaddr.way_out_rule; protaddr.set_way_out() allows an exception, on record.")));
}

static bool
refused(const char *kind, const char *object)
{
	return is_true("SELECT protaddr.way_out_refused($1, $2)", kind, object);
}

/* A foreign table is written elsewhere, by INSERT, UPDATE and COPY alike. */
static bool
ways_out_check_perms(List *asked, bool ereport_on_violation)
{
	ListCell   *cell;

	if (asking)
		return true;
	foreach(cell, asked)
	{
		Oid			relation;
		AclMode		perms;

		protaddr_asked(lfirst(cell), &relation, &perms);
		if ((perms & (ACL_INSERT | ACL_UPDATE)) == 0 || get_rel_relkind(relation) != RELKIND_FOREIGN_TABLE || !rules_there() ||
			protaddr_gate_state(relation) == PROTADDR_GATE_WHOLE)
			continue;
		if (refused("foreign_table", protaddr_qualified_name(relation)))
			refuse("writing to a foreign table without a gate");
	}
	return true;
}

static void
ways_out_object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (access == OAT_POST_CREATE && class == LargeObjectRelationId && !asking && rules_there() &&
		refused("large_object", psprintf("large objects of %s", GetUserNameFromId(GetUserId(), false))))
		refuse("a large object");
}

/* ways_out_utility: what is copied to is known before, what is published only afterwards. */
static void
ways_out_utility(ProtaddrUtility *command)
{
	Node	   *parsetree = command->statement->utilityStmt;
	char	   *published = NULL;

	if (IsA(parsetree, CopyStmt) && !((CopyStmt *) parsetree)->is_from && ((CopyStmt *) parsetree)->filename != NULL && rules_there())
	{
		bool		program = ((CopyStmt *) parsetree)->is_program;

		if (refused(program ? "program" : "server_file", GetUserNameFromId(GetSessionUserId(), false)))
			refuse(program ? "COPY to a program" : "COPY to a file of the server");
	}
	else if (IsA(parsetree, CreatePublicationStmt))
		published = pstrdup(((CreatePublicationStmt *) parsetree)->pubname);
	else if (IsA(parsetree, AlterPublicationStmt))
		published = pstrdup(((AlterPublicationStmt *) parsetree)->pubname);
	protaddr_utility_go_on(command);
	if (published == NULL || !rules_there())
		return;
	CommandCounterIncrement();
	if (is_true("SELECT EXISTS (SELECT FROM protaddr.ways_out w WHERE w.kind OPERATOR(pg_catalog.=) $1"
				" AND w.object OPERATOR(pg_catalog.=) $2 AND protaddr.way_out_refused(w.kind, w.object))",
				"publication", published))
		refuse("publishing columns that hold clear addresses, names or places");
}
