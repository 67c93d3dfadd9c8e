/*
 * load_rows.c
 *		How does a delivery in anyone's format reach the register?
 *
 * As rows: one for each protection, or one that says there is none; from
 * protaddr.register_staging, which gives up what is loaded, or from JSON.  They come in
 * any order and go to the engine (replace.c), each a piece of what is said of a person.
 * A row without a code that does not say "none" says nothing of protections.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_load_rows);

/* columns of a row, see the statements below */
enum
{
	ROW_SUBJECT = 1,
	ROW_CODE,
	ROW_NONE,
	ROW_VALID_FROM,
	ROW_VALID_TO,
	ROW_DELETE_HINT,
	ROW_REPLACED_BY,
	ROW_POSITION,
	ROW_WHOLE
};

typedef struct RowLoad
{
	DestReceiver dest;
	ProtaddrReplace *replace;
	bool		merge;			/* a row says of its own code alone */
	bool		events;			/* each row has its position */
	int64		after;
	int64		upto;
	int64		rows;
	int64		silent;			/* rows that say nothing of protections */
	MemoryContext per_row;
} RowLoad;

/* what is read is what is removed: rows that come meanwhile wait for the next load */
static const char from_staging[] =
"DELETE FROM protaddr.register_staging WHERE source OPERATOR(pg_catalog.=) $1 "
"RETURNING subject, code, coalesce(\"none\", false), valid_from, valid_to, delete_hint, replaced_by, "
"coalesce(\"position\", 0), 0::pg_catalog.int8";

static const char from_json[] =
"SELECT subject, code, \"none\", valid_from, valid_to, delete_hint, replaced_by, "
"coalesce(\"position\", 0), whole FROM protaddr.rows_of($1)";

static bool row_receive(TupleTableSlot *slot, DestReceiver *dest);

static void
row_startup(DestReceiver *dest, int operation, TupleDesc desc)
{
}

static void
row_nothing(DestReceiver *dest)
{
}

static void
refuse_row(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the delivery is refused whole: %s", what),
			 protaddr_errprivate()));
}

static char *
text_at(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* blank is true of a text with nothing to see in it. */
static bool
blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* read_protection reads the protection of a row. */
static void
read_protection(TupleTableSlot *slot, ProtaddrDelivered *one)
{
	bool		isnull;
	Datum		value;

	value = slot_getattr(slot, ROW_VALID_FROM, &isnull);
	one->valid_from = isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
	value = slot_getattr(slot, ROW_DELETE_HINT, &isnull);
	one->has_delete_hint = !isnull;
	one->delete_hint = isnull ? 0 : DatumGetDateADT(value);
	value = slot_getattr(slot, ROW_VALID_TO, &isnull);
	one->valid_to = isnull ? DT_NOEND : DatumGetTimestampTz(value);
}

/* read_position reads the position of a row in the feed, and holds it against what was asked for. */
static void
read_position(RowLoad *load, TupleTableSlot *slot, ProtaddrRecordSet *piece)
{
	bool		isnull;

	piece->position = DatumGetInt64(slot_getattr(slot, ROW_POSITION, &isnull));
	if (!load->events)
		piece->position = 0;
	else if (piece->position <= load->after || piece->position > load->upto)
		refuse_row("an event is not within the positions that were told");
}

static bool
row_receive(TupleTableSlot *slot, DestReceiver *dest)
{
	RowLoad    *load = (RowLoad *) dest;
	MemoryContext old = MemoryContextSwitchTo(load->per_row);
	ProtaddrRecordSet piece = {0};
	ProtaddrDelivered one = {0};
	char	   *code = text_at(slot, ROW_CODE);
	bool		isnull;
	bool		none = DatumGetBool(slot_getattr(slot, ROW_NONE, &isnull));

	if ((load->rows++ & 1023) == 0)
		CHECK_FOR_INTERRUPTS();
	piece.subject = text_at(slot, ROW_SUBJECT);
	piece.replaced_by = text_at(slot, ROW_REPLACED_BY);
	piece.whole = DatumGetInt64(slot_getattr(slot, ROW_WHOLE, &isnull));
	if (piece.subject == NULL)
		refuse_row("a person has no identifier");
	if (piece.replaced_by != NULL && blank(piece.replaced_by))
		refuse_row("a number that took another's place is empty");
	if (code != NULL && blank(code))
		refuse_row("a code is empty");
	read_position(load, slot, &piece);
	piece.says = none || (code != NULL && !load->merge);
	if (code != NULL)
	{
		one.code = code;
		read_protection(slot, &one);
		piece.delivered = &one;
		piece.ndelivered = 1;
	}
	else if (!none && piece.replaced_by == NULL)
		load->silent++;
	protaddr_replace_person(load->replace, &piece);
	MemoryContextSwitchTo(old);
	MemoryContextReset(load->per_row);
	return true;
}

/* read_rows gives the rows of the delivery to the engine. */
static void
read_rows(RowLoad *load, Datum source, Datum people, bool staged)
{
	SPIExecuteOptions options = {0};
	ParamListInfo params = makeParamList(1);
	SPIPlanPtr	plan;
	Oid			type = staged ? TEXTOID : JSONBOID;

	params->params[0].value = staged ? source : people;
	params->params[0].isnull = false;
	params->params[0].pflags = PARAM_FLAG_CONST;
	params->params[0].ptype = type;
	options.params = params;
	options.dest = &load->dest;
	plan = SPI_prepare(staged ? from_staging : from_json, 1, &type);
	if (plan == NULL || SPI_execute_plan_extended(plan, &options) < 0)
		elog(ERROR, "could not read the rows of a delivery");
}

/*
 * protaddr_load_rows is protaddr.load_rows(source, regime, mode, people, after, upto, asked):
 * the rows of people, or if it is NULL those that are staged.
 */
Datum
protaddr_load_rows(PG_FUNCTION_ARGS)
{
	char	   *mode;
	bool		staged = PG_ARGISNULL(3);
	RowLoad    *load;
	ProtaddrDelivery delivery = {0};
	ProtaddrReplaced counts;
	ProtaddrLoaded loaded = {0};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(6))
		elog(ERROR, "a load needs a source, a regime, a mode and what was asked for");
	SPI_connect();
	mode = text_to_cstring(PG_GETARG_TEXT_PP(2));
	delivery.source = text_to_cstring(PG_GETARG_TEXT_PP(0));
	delivery.regime = text_to_cstring(PG_GETARG_TEXT_PP(1));
	delivery.everybody = strcmp(mode, "snapshot") == 0;
	delivery.dry_run = protaddr_load_is_dry(PG_GETARG_DATUM(6));
	load = palloc0(sizeof(RowLoad));
	load->events = strcmp(mode, "events") == 0;
	load->merge = strcmp(mode, "merge") == 0;
	load->after = PG_ARGISNULL(4) ? PG_INT64_MIN : PG_GETARG_INT64(4);
	load->upto = PG_ARGISNULL(5) ? PG_INT64_MAX : PG_GETARG_INT64(5);
	delivery.may_repeat = load->events;
	load->dest.receiveSlot = row_receive;
	load->dest.rStartup = row_startup;
	load->dest.rShutdown = row_nothing;
	load->dest.rDestroy = row_nothing;
	load->dest.mydest = DestNone;
	load->per_row = AllocSetContextCreate(CurrentMemoryContext, "protaddr delivered row",
										  ALLOCSET_SMALL_SIZES);
	load->replace = protaddr_replace_begin(&delivery);
	read_rows(load, PG_GETARG_DATUM(0), staged ? (Datum) 0 : PG_GETARG_DATUM(3), staged);
	if (load->silent > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the delivery has " INT64_FORMAT " rows that say nothing of protections", load->silent),
				 errdetail("The people they name stay as they were."),
				 errhint("That a person has no protection is said with \"none\".")));
	loaded.fcinfo = fcinfo;
	loaded.asked = PG_GETARG_DATUM(6);
	loaded.records = load->rows;
	loaded.moment = protaddr_replace_moment(load->replace);
	counts = *protaddr_replace_end(load->replace, true, protaddr_load_may_write, &loaded);
	/* the engine's memory goes with it */
	SPI_finish();
	PG_RETURN_DATUM(protaddr_counts(&loaded, &counts));
}
