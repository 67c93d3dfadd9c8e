/*
 * explain.c
 *		What is said of a column of an export: where it comes from, through what, and the verdict?
 */
#include "postgres.h"

#include "export/export_int.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(protaddr_explain_export);
PG_FUNCTION_INFO_V1(protaddr_export_verdict);
PG_FUNCTION_INFO_V1(protaddr_export_channel);

/* protaddr_column_words names a column of a relation. */
char *
protaddr_column_words(Oid relation, AttrNumber column)
{
	char	   *name = get_attname(relation, column, true);

	return psprintf("column %s.%s", protaddr_qualified_name(relation), name ? quote_identifier(name) : "");
}

/* protaddr_origin_words says where something comes from. */
char *
protaddr_origin_words(const ProtaddrOrigin *origin)
{
	StringInfoData words;
	ListCell   *cell;

	initStringInfo(&words);
	if (origin->condition)
		appendStringInfoString(&words, "condition on ");
	switch (origin->kind)
	{
		case PROTADDR_FROM_COLUMN:
			appendStringInfoString(&words, protaddr_column_words(origin->relation, origin->column));
			break;
		case PROTADDR_FROM_GUARD:
		case PROTADDR_FROM_RELEASE:
			appendStringInfo(&words, "%s for channel %s, of: ", origin->kind == PROTADDR_FROM_GUARD ? "guard()" : "release()",
							 origin->channel);
			foreach(cell, origin->inside)
				appendStringInfo(&words, "%s%s", cell == list_head(origin->inside) ? "" : ", ",
								 protaddr_origin_words(lfirst(cell)));
			if (origin->inside == NIL)
				appendStringInfoString(&words, "constants");
			break;
		case PROTADDR_FROM_PROXY:
			appendStringInfo(&words, "%s for channel %s, of: %s", origin->proxy == PROTADDR_PROXY_NAME ? "show_name()" : "show_location()",
							 origin->channel, protaddr_column_words(origin->relation, origin->column));
			break;
		case PROTADDR_FROM_UNSEEN:
			appendStringInfoString(&words, origin->why);
			break;
	}
	return words.data;
}

static Datum
text_array(const List *words)
{
	Datum	   *values = palloc(Max(list_length(words), 1) * sizeof(Datum));
	ListCell   *cell;
	int			n = 0;

	foreach(cell, words)
		values[n++] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
check_kind(Oid relation)
{
	switch (get_rel_relkind(relation))
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
		case RELKIND_MATVIEW:
		case RELKIND_VIEW:
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("only a view, a materialized view, a table or a foreign table can be an export")));
}

/* protaddr_explain_export is protaddr.explain_export(relation, channel). */
Datum
protaddr_explain_export(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const ProtaddrExport *export;
	char	   *channel = NULL;
	List	   *columns = NIL;
	Oid			relation;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	relation = PG_GETARG_OID(0);
	check_kind(relation);
	export = protaddr_export_of(relation);
	if (export != NULL)
	{
		channel = pstrdup(export->channel);
		foreach(cell, export->columns)
			columns = lappend(columns, pstrdup(lfirst(cell)));
	}
	if (!PG_ARGISNULL(1))
		channel = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (channel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s is not declared an export", protaddr_existing_name(relation)),
				 errhint("Name a channel: protaddr.explain_export(relation, channel).")));

	foreach(cell, protaddr_judge(relation, channel, columns))
	{
		const ProtaddrColumnVerdict *verdict = lfirst(cell);
		const ProtaddrLineage *lineage = &verdict->column->lineage;
		Datum		values[5];
		bool		nulls[5] = {false, false, false, false, false};
		List	   *words = NIL;
		ListCell   *one;

		foreach(one, lineage->origins)
			words = lappend(words, protaddr_origin_words(lfirst(one)));
		values[0] = DirectFunctionCall1(namein, CStringGetDatum(verdict->column->name));
		values[1] = CStringGetTextDatum(format_type_be(verdict->column->type));
		values[2] = text_array(words);
		values[3] = text_array(lineage->through);
		values[4] = CStringGetTextDatum(!verdict->declared ? "not among the columns of the export" :
										verdict->refused ? psprintf("refused: %s", verdict->refused) : "may leave");
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* protaddr_export_verdict is protaddr.export_verdict(relation). */
Datum
protaddr_export_verdict(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	const ProtaddrVerdict *verdict;

	if (get_rel_relkind(relation) == '\0')
		PG_RETURN_TEXT_P(cstring_to_text("its relation does not exist"));
	verdict = protaddr_verdict(relation);
	if (!verdict->is_export)
		PG_RETURN_NULL();
	if (!verdict->refused)
		PG_RETURN_TEXT_P(cstring_to_text("may leave"));
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("refused: column %s: %s", quote_identifier(verdict->column), verdict->why)));
}

/* protaddr_export_channel is protaddr.export_channel(relation). */
Datum
protaddr_export_channel(PG_FUNCTION_ARGS)
{
	const ProtaddrExport *export = protaddr_export_of(PG_GETARG_OID(0));

	if (export == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(export->channel));
}
