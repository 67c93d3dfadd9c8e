/*
 * file.c
 *		How does an export become the lines of a file, and what is said of the file?
 *
 * The lines come one by one, so that a file of any length takes the memory of a few rows.  They
 * are read by a cursor over the export with the rights of the caller, which is judged and put on
 * record as any other reading.  What the manifest says was counted on the way: the digest
 * is of the lines as the client gets them, each ended by a line feed, so of the file.
 */
#include "postgres.h"

#include "export/export_int.h"
#include "law/law.h"

#include <sodium.h>

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#define MAX_BATCH		100		/* rows fetched at once, as long as they are small */
#define BATCH_BYTES		(256 * 1024)

PG_FUNCTION_INFO_V1(protaddr_export_csv);
PG_FUNCTION_INFO_V1(protaddr_export_jsonl);
PG_FUNCTION_INFO_V1(protaddr_last_export);

static void file_start(void);
static void heard(const ProtaddrReading *reading);

const ProtaddrPart protaddr_export_file_part = {
	.start = file_start,
};

typedef struct Column
{
	char	   *name;
	FmgrInfo	output;
	bool		number;
} Column;

/* What is being written; lives as long as the call of the function. */
typedef struct Lines
{
	char		portal[NAMEDATALEN];
	Oid			relation;
	char	   *name;
	char	   *channel;
	bool		csv;
	char		delimiter;
	bool		escape_formulas;
	bool		header;			/* is still to come */
	ArrayType  *order_by;		/* of names */
	int			ncolumns;
	Column	   *columns;		/* of CSV */
	MemoryContext batch;		/* the lines that were read and are still to come */
	List	   *pending;
	int			next;
	int			batch_size;
	uint64		rows;
	uint64		bytes;
	TimestampTz begun_at;
	crypto_hash_sha256_state digest;
} Lines;

/* The last file of this session that was written to its end. */
static struct
{
	bool		whole;
	char	   *name;
	char	   *channel;
	const char *format;
	uint64		rows;
	uint64		withheld;
	uint64		bytes;
	TimestampTz begun_at;
	unsigned char digest[crypto_hash_sha256_BYTES];
}	last;

/* What is heard of the reading that is being closed. */
static struct
{
	Oid			relation;		/* InvalidOid: none is */
	bool		heard;
	uint64		rows;
	uint64		withheld;
}	closing;

static void
file_start(void)
{
	protaddr_observe_readings(heard);
}

static void
heard(const ProtaddrReading *reading)
{
	if (!reading->over || reading->failed || !OidIsValid(closing.relation) || reading->relation != closing.relation)
		return;
	closing.heard = true;
	closing.rows = reading->rows;
	closing.withheld = reading->withheld;
}

/* ---- the query ------------------------------------------------------------------------------- */

static void
check_may_read(Oid relation)
{
	protaddr_check_column_privilege(relation, ACL_SELECT);
}

/* columns_to_read gives the names of the columns of an export that may be read, quoted. */
static List *
columns_to_read(Relation rel, const ProtaddrExport *export)
{
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, export->columns)
		names = lappend(names, pstrdup(quote_identifier(lfirst(cell))));
	if (names != NIL)
		return names;
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			names = lappend(names, pstrdup(quote_identifier(NameStr(TupleDescAttr(desc, i)->attname))));
	return names;
}

/* add_order adds by which columns the rows are put in order. */
static void
add_order(StringInfo query, ArrayType *columns)
{
	Datum	   *names;
	bool	   *nulls;
	int			n;

	deconstruct_array(columns, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a column to order by is NULL")));
		appendStringInfo(query, "%s%s", i == 0 ? " ORDER BY " : ", ", quote_identifier(NameStr(*DatumGetName(names[i]))));
	}
}

/* query_of gives the query by which an export is read; what it is read as goes into lines. */
static char *
query_of(Lines *lines)
{
	Relation	rel = protaddr_open_permitted(lines->relation, AccessShareLock, check_may_read);
	const ProtaddrExport *export = protaddr_export_of(lines->relation);
	StringInfoData query;
	List	   *names;
	ListCell   *cell;

	if (export == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s is not declared an export", protaddr_qualified_name(lines->relation)),
				 errhint("See protaddr.declare_export().")));
	lines->channel = pstrdup(export->channel);
	names = columns_to_read(rel, export);
	lines->name = protaddr_qualified_name(lines->relation);
	lines->ncolumns = list_length(names);

	initStringInfo(&query);
	appendStringInfoString(&query, lines->csv ? "SELECT " : "SELECT pg_catalog.row_to_json(r.*) FROM (SELECT ");
	foreach(cell, names)
		appendStringInfo(&query, "%s%s", cell == list_head(names) ? "" : ", ", (char *) lfirst(cell));
	appendStringInfo(&query, " FROM %s%s", lines->name, lines->csv ? "" : ") r");
	add_order(&query, lines->order_by);
	/* the lock stays: the name is to mean this relation */
	relation_close(rel, NoLock);
	return query.data;
}

/* shut closes what somebody has not read to its end. */
static void
shut(Datum arg)
{
	Lines	   *lines = (Lines *) DatumGetPointer(arg);
	Portal		portal = lines->portal[0] == '\0' ? NULL : SPI_cursor_find(lines->portal);

	if (portal != NULL)
		SPI_cursor_close(portal);
}

static void
open_cursor(Lines *lines, const char *query)
{
	Portal		portal;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not read an export");
	portal = SPI_cursor_open_with_args(NULL, query, 0, NULL, NULL, NULL, false, CURSOR_OPT_NO_SCROLL);
	if (!list_member_oid(linitial_node(PlannedStmt, portal->stmts)->relationOids, lines->relation))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("export %s was renamed meanwhile", lines->name)));
	/* nobody else is to fetch from it */
	portal->visible = false;
	strlcpy(lines->portal, portal->name, NAMEDATALEN);
	if (lines->csv)
	{
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(lines));

		lines->columns = palloc0(Max(portal->tupDesc->natts, 1) * sizeof(Column));
		for (int i = 0; i < portal->tupDesc->natts; i++)
		{
			Form_pg_attribute att = TupleDescAttr(portal->tupDesc, i);
			Oid			output;
			bool varlena;
			char		category;
			bool		preferred;

			getTypeOutputInfo(att->atttypid, &output, &varlena);
			fmgr_info_cxt(output, &lines->columns[i].output, CurrentMemoryContext);
			get_type_category_preferred(getBaseType(att->atttypid), &category, &preferred);
			lines->columns[i].number = category == TYPCATEGORY_NUMERIC;
			lines->columns[i].name = pstrdup(NameStr(att->attname));
		}
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
}

/* ---- lines ------------------------------------------------------------------------------------- */

/* is_formula tells whether a spreadsheet would take a field for a formula. */
static bool
is_formula(const char *value)
{
	static const char *const wide[] = {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"}; /* = + - @ */

	if (value[0] != '\0' && strchr("=+-@\t\r", value[0]) != NULL)
		return true;
	for (int i = 0; i < lengthof(wide); i++)
		if (GetDatabaseEncoding() == PG_UTF8 && strncmp(value, wide[i], 3) == 0)
			return true;
	return false;
}

/*
 * add_field adds a field by RFC 4180; NULL is empty, and an empty text is quoted.  A COPY of
 * older servers takes \. in a line of its own for the end.
 */
static void
add_field(const Lines *lines, StringInfo line, const char *value, bool number)
{
	char		special[] = {'"', '\r', '\n', lines->delimiter, '\0'};
	bool		formula = lines->escape_formulas && !number && is_formula(value);

	if (!formula && value[0] != '\0' && value[strcspn(value, special)] == '\0' && strcmp(value, "\\.") != 0)
	{
		appendStringInfoString(line, value);
		return;
	}
	appendStringInfoCharMacro(line, '"');
	if (formula)
		appendStringInfoCharMacro(line, '\'');
	for (const char *c = value; *c != '\0'; c++)
	{
		if (*c == '"')
			appendStringInfoCharMacro(line, '"');
		appendStringInfoCharMacro(line, *c);
	}
	appendStringInfoCharMacro(line, '"');
}

static void
add_header(const Lines *lines, StringInfo line)
{
	for (int i = 0; i < lines->ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoCharMacro(line, lines->delimiter);
		add_field(lines, line, lines->columns[i].name, false);
	}
}

static void
add_row(Lines *lines, StringInfo line, HeapTuple row, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(row, desc, i + 1, &isnull);

		if (i > 0)
			appendStringInfoCharMacro(line, lines->delimiter);
		if (!isnull)
			add_field(lines, line, OutputFunctionCall(&lines->columns[i].output, value), lines->columns[i].number);
	}
}

/* add_object adds a row as JSON: a line feed can stand between its tokens alone. */
static void
add_object(StringInfo line, HeapTuple row, TupleDesc desc)
{
	char	   *object = SPI_getvalue(row, desc, 1);

	for (char *c = object; *c != '\0'; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	appendStringInfoString(line, object);
}

/* read_on reads some rows and makes lines of them. */
static void
read_on(Lines *lines)
{
	Portal		portal;
	size_t		bytes = 0;

	MemoryContextReset(lines->batch);
	lines->pending = NIL;
	lines->next = 0;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not read an export");
	portal = SPI_cursor_find(lines->portal);
	if (portal == NULL)
		elog(ERROR, "the cursor of an export is gone");
	SPI_cursor_fetch(portal, true, lines->batch_size);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		StringInfoData line;
		MemoryContext old;

		initStringInfo(&line);
		if (lines->csv)
			add_row(lines, &line, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
		else
			add_object(&line, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
		bytes += line.len;
		old = MemoryContextSwitchTo(lines->batch);
		lines->pending = lappend(lines->pending, cstring_to_text_with_len(line.data, line.len));
		MemoryContextSwitchTo(old);
		pfree(line.data);
	}
	lines->rows += SPI_processed;
	if (SPI_processed > 0)
		lines->batch_size = (int) Max(1, Min(MAX_BATCH, BATCH_BYTES * SPI_processed / Max(bytes, 1)));
	SPI_finish();
}

/* hand_over counts a line that leaves, and gives it. */
static Datum
hand_over(Lines *lines, text *line)
{
	const char *bytes = VARDATA_ANY(line);
	int			len = VARSIZE_ANY_EXHDR(line);
	const char *sent = pg_server_to_client(bytes, len);
	size_t		sent_len = sent == bytes ? len : strlen(sent);

	crypto_hash_sha256_update(&lines->digest, (const unsigned char *) sent, sent_len);
	crypto_hash_sha256_update(&lines->digest, (const unsigned char *) "\n", 1);
	lines->bytes += sent_len + 1;
	return PointerGetDatum(line);
}

/* ---- the functions -------------------------------------------------------------------------------- */

static void
forget_last(void)
{
	last.whole = false;
	if (last.name != NULL)
		pfree(last.name);
	if (last.channel != NULL)
		pfree(last.channel);
	last.name = last.channel = NULL;
}

/* finish closes the reading, and has the manifest say what was written. */
static void
finish(Lines *lines)
{
	memset(&closing, 0, sizeof(closing));
	closing.relation = lines->relation;
	PG_TRY();
	{
		shut(PointerGetDatum(lines));
	}
	PG_FINALLY();
	{
		closing.relation = InvalidOid;
	}
	PG_END_TRY();
	if (!closing.heard || closing.rows != lines->rows)
		elog(ERROR, "the reading of export %s is not on record as it was", lines->name);
	last.name = MemoryContextStrdup(TopMemoryContext, lines->name);
	last.channel = MemoryContextStrdup(TopMemoryContext, lines->channel);
	last.format = lines->csv ? "csv" : "jsonl";
	last.rows = lines->rows;
	last.withheld = closing.withheld;
	last.bytes = lines->bytes;
	last.begun_at = lines->begun_at;
	crypto_hash_sha256_final(&lines->digest, last.digest);
	last.whole = true;
}

/* next_line is what a call of either function does. */
static Datum
next_line(FunctionCallInfo fcinfo, FuncCallContext *call)
{
	Lines	   *lines = call->user_fctx;

	if (lines->header)
	{
		StringInfoData line;

		lines->header = false;
		initStringInfo(&line);
		add_header(lines, &line);
		SRF_RETURN_NEXT(call, hand_over(lines, cstring_to_text_with_len(line.data, line.len)));
	}
	if (lines->next == list_length(lines->pending))
		read_on(lines);
	if (lines->pending == NIL)
	{
		finish(lines);
		UnregisterExprContextCallback(((ReturnSetInfo *) fcinfo->resultinfo)->econtext, shut, PointerGetDatum(lines));
		SRF_RETURN_DONE(call);
	}
	SRF_RETURN_NEXT(call, hand_over(lines, list_nth(lines->pending, lines->next++)));
}

/* begin opens the export that is named first. */
static FuncCallContext *
begin(FunctionCallInfo fcinfo, bool csv, ArrayType *order_by, char delimiter, bool header, bool escape_formulas)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	FuncCallContext *call = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	Lines	   *lines = palloc0(sizeof(Lines));

	call->user_fctx = lines;
	lines->relation = PG_GETARG_OID(0);
	lines->csv = csv;
	lines->order_by = order_by;
	lines->delimiter = delimiter;
	lines->header = header;
	lines->escape_formulas = escape_formulas;
	lines->batch_size = 1;
	lines->begun_at = GetCurrentTimestamp();
	lines->batch = AllocSetContextCreate(CurrentMemoryContext, "protaddr export lines", ALLOCSET_DEFAULT_SIZES);
	crypto_hash_sha256_init(&lines->digest);
	forget_last();
	RegisterExprContextCallback(set->econtext, shut, PointerGetDatum(lines));
	open_cursor(lines, query_of(lines));
	MemoryContextSwitchTo(old);
	return call;
}

/* protaddr_export_csv is protaddr.export_csv(relation, order_by, header, delimiter, escape_formulas). */
Datum
protaddr_export_csv(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
	{
		text	   *delimiter = PG_GETARG_TEXT_PP(3);

		if (VARSIZE_ANY_EXHDR(delimiter) != 1 || strchr("\"\r\n'\\.", *VARDATA_ANY(delimiter)) != NULL ||
			IS_HIGHBIT_SET(*VARDATA_ANY(delimiter)) || isalnum((unsigned char) *VARDATA_ANY(delimiter)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a delimiter is one character that is neither a letter, a digit, a quote, a point, a backslash nor the end of a line")));
		(void) begin(fcinfo, true, PG_GETARG_ARRAYTYPE_P(1), *VARDATA_ANY(delimiter), PG_GETARG_BOOL(2), PG_GETARG_BOOL(4));
	}
	return next_line(fcinfo, SRF_PERCALL_SETUP());
}

/* protaddr_export_jsonl is protaddr.export_jsonl(relation, order_by). */
Datum
protaddr_export_jsonl(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
		(void) begin(fcinfo, false, PG_GETARG_ARRAYTYPE_P(1), '\0', false, false);
	return next_line(fcinfo, SRF_PERCALL_SETUP());
}

/* protaddr_last_export is protaddr.last_export(). */
Datum
protaddr_last_export(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[8];
	bool		nulls[8] = {false};
	char		digest[2 * crypto_hash_sha256_BYTES + 1];

	if (!last.whole)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no export was written to its end in this session"),
				 errhint("Ask in the session that called protaddr.export_csv() or protaddr.export_jsonl(), once all lines are there.")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	sodium_bin2hex(digest, sizeof(digest), last.digest, sizeof(last.digest));
	values[0] = CStringGetTextDatum(last.name);
	values[1] = CStringGetTextDatum(last.channel);
	values[2] = CStringGetTextDatum(last.format);
	values[3] = Int64GetDatum((int64) last.rows);
	values[4] = Int64GetDatum((int64) last.withheld);
	values[5] = Int64GetDatum((int64) last.bytes);
	values[6] = CStringGetTextDatum(digest);
	values[7] = TimestampTzGetDatum(last.begun_at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
