/*
 * load.c
 *		How does a delivery of the population register become protections?
 *
 * The delivery is read once, person by person.  A person's record replaces
 * everything the source said of them before: what is said no longer has ended.
 * All of it is one transaction, so a reader sees the old register or the new one.
 *
 * The table is locked against other writers meanwhile, not against readers: two
 * deliveries at once, or a delivery and an entry by hand, wait for each other.
 */
#include "protaddr.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* The people of whom a source says something, as hashes; two that fall together
 * are both looked up. */
typedef struct KnownPerson
{
	uint64		hash;
	uint32		batch;			/* changed in this batch, 0: in none */
	char		status;
} KnownPerson;

#define SH_PREFIX known
#define SH_ELEMENT_TYPE KnownPerson
#define SH_KEY_TYPE uint64
#define SH_KEY hash
#define SH_HASH_KEY(tb, key) ((uint32) (key))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define REGIME	"DK-CPR"
#define NOTICE_EVERY_MS	5000

/*
 * Changes are written a thousand at a time: each statement makes PostgreSQL build
 * its picture of the table anew, since our trigger announces a change.
 */
#define BATCH_ROWS		1024

/* what differs between the rows that a batch adds */
enum
{
	ADD_KIND = 0,
	ADD_SUBJECT,
	ADD_CODE,
	ADD_VALID_FROM,
	ADD_DELETE_HINT,			/* text, "" if there is none */
	ADD_COLUMNS
};

/* columns of protaddr.protection */
enum
{
	PROTECTION_SUBJECT_KEY = 1,
	PROTECTION_KIND,
	PROTECTION_ID,
	PROTECTION_SUBJECT,
	PROTECTION_REGIME,
	PROTECTION_CODE,
	PROTECTION_SOURCE,
	PROTECTION_VALID_FROM,
	PROTECTION_VALID_TO,
	PROTECTION_DELETE_HINT
};

/* A protection in force, as the table has it. */
typedef struct InForce
{
	int64		id;
	char		code[PA_SUBJECT_SIZE];
	char		kind[PA_SUBJECT_SIZE];
	TimestampTz valid_from;
	DateADT		delete_hint;
	bool		no_delete_hint;
	bool		delivered_again;
} InForce;

/* What regime_code says of one code. */
typedef struct Code
{
	char		code[5];
	char	   *kind;
} Code;

typedef struct Load
{
	const char *source;
	TimestampTz moment;			/* when this database learns it */
	Relation	protection;
	Oid			index;
	Code	   *codes;
	int			ncodes;
	SPIPlanPtr	close;			/* $1 ids, $2 moment */
	SPIPlanPtr	end;			/* $1 ids, $2 moment */
	SPIPlanPtr	add;			/* see load_prepare */
	known_hash *known;			/* who has rows in force */
	uint32		batch;			/* number of the batch being gathered */
	MemoryContext per_batch;
	MemoryContext per_person;
	Datum		closed[BATCH_ROWS];	/* ids */
	int			nclosed;
	Datum		ended[BATCH_ROWS];	/* ids, closed too */
	int			nended;
	Datum		added[ADD_COLUMNS][BATCH_ROWS];
	int			nadded;
	uint64		size;			/* bytes of the delivery */
	PaCprParser *parser;
	TimestampTz started;
	TimestampTz told;

	int64		persons;
	int64		protections;
	int64		protected;
	int64		newly_protected;
	int64		lifted;
	int64		unknown_codes;
} Load;

PG_FUNCTION_INFO_V1(protaddr_load_cpr);

static void load_prepare(Load *load);
static void load_known(Load *load);
static bool load_person(void *arg, const PaCprPerson *person);
static int	load_in_force(Load *load, const ProtaddrIdentifier *id, InForce **in_force);
static const Code *load_code(Load *load, const char *code);
static void load_flush(Load *load);
static void load_tell(Load *load);
static void load_refuse(const PaCprParser *parser);

/* protaddr_load_cpr is protaddr.load_cpr(bytea, text). */
Datum
protaddr_load_cpr(PG_FUNCTION_ARGS)
{
	bytea	   *delivery = PG_GETARG_BYTEA_PP(0);
	char	   *source = text_to_cstring(PG_GETARG_TEXT_PP(1));
	PaCprParser *parser = palloc(sizeof(PaCprParser));
	Load	   *load = palloc0(sizeof(Load));
	TupleDesc	desc;
	Datum		values[10];
	bool		nulls[10] = {false};
	const char *next = VARDATA_ANY(delivery);
	size_t		left = VARSIZE_ANY_EXHDR(delivery);

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (source[0] == '\0' || strcmp(source, "hand") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a register source needs a name of its own"),
				 errhint("\"hand\" is what was entered with protaddr.protect().")));

	load->source = source;
	load->size = left;
	load->parser = parser;
	load->batch = 1;
	load->per_batch = AllocSetContextCreate(CurrentMemoryContext, "protaddr load, one batch",
											ALLOCSET_DEFAULT_SIZES);
	load->per_person = AllocSetContextCreate(CurrentMemoryContext, "protaddr load, one person",
											ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	load->protection = table_open(protaddr_table(PROTADDR_PROTECTION), ShareRowExclusiveLock);
	load->index = protaddr_protection_one_index();
	load->moment = load->started = load->told = GetCurrentTimestamp();
	load_prepare(load);
	load_known(load);

	protaddr_cpr_begin(parser, PA_CPR_DELIVERY, load_person, load);
	while (left > 0 && parser->verdict == PA_CPR_OK)
	{
		size_t		piece = Min(left, 1024 * 1024);

		CHECK_FOR_INTERRUPTS();
		protaddr_cpr_feed(parser, next, piece);
		next += piece;
		left -= piece;
		load_tell(load);
	}
	if (protaddr_cpr_end(parser) != PA_CPR_OK)
		load_refuse(parser);
	load_flush(load);

	{
		Oid			types[6] = {TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, INT8OID, INT8OID};
		Datum		args[6];

		args[0] = CStringGetTextDatum(source);
		args[1] = TimestampTzGetDatum(load->moment);
		args[2] = CStringGetTextDatum(parser->header.task);
		args[3] = CStringGetTextDatum(parser->header.produced);
		args[4] = Int64GetDatum(load->persons);
		args[5] = Int64GetDatum(load->protected);
		if (SPI_execute_with_args("INSERT INTO protaddr.register_source AS s (source, current_as_of, task, produced, persons, protected) "
								  "VALUES ($1, $2, $3, $4::pg_catalog.date, $5, $6) "
								  "ON CONFLICT (source) DO UPDATE SET current_as_of = EXCLUDED.current_as_of, "
								  "confirmed_by = EXCLUDED.confirmed_by, task = EXCLUDED.task, "
								  "produced = EXCLUDED.produced, persons = EXCLUDED.persons, "
								  "protected = EXCLUDED.protected",
								  6, types, args, NULL, false, 0) != SPI_OK_INSERT)
			elog(ERROR, "could not record the delivery");
	}
	/* the lock stays until the transaction ends */
	table_close(load->protection, NoLock);
	SPI_finish();

	if (load->unknown_codes > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the delivery has " INT64_FORMAT " records with codes that protaddr.regime_code does not have",
						load->unknown_codes),
				 errdetail("They protect name and address.")));

	values[0] = Int64GetDatum(load->persons);
	values[1] = Int64GetDatum(load->protections);
	values[2] = Int64GetDatum(load->protected);
	values[3] = Int64GetDatum(load->newly_protected);
	values[4] = Int64GetDatum(load->lifted);
	values[5] = Int64GetDatum(load->unknown_codes);
	values[6] = Int64GetDatum((int64) parser->records);
	values[7] = Int64GetDatum((int64) parser->skipped);
	values[8] = CStringGetTextDatum(parser->header.task);
	values[9] = DirectFunctionCall1(date_in, CStringGetDatum(parser->header.produced));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

static SPIPlanPtr
prepare(const char *query, int nargs, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(query, nargs, types);

	if (plan == NULL)
		elog(ERROR, "could not prepare a statement of the load");
	return plan;
}

static void
load_prepare(Load *load)
{
	Oid			close_types[2] = {INT8ARRAYOID, TIMESTAMPTZOID};
	Oid			add_types[7] = {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID,
		TEXTARRAYOID, TEXTOID, TIMESTAMPTZOID};

	load->close = prepare("UPDATE protaddr.protection SET recorded_to = $2 "
						  "WHERE id OPERATOR(pg_catalog.=) ANY ($1)", 2, close_types);
	load->end = prepare("INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
						"valid_to, delete_hint, recorded_from) "
						"SELECT kind, subject, regime, code, source, valid_from, $2, delete_hint, $2 "
						"FROM protaddr.protection WHERE id OPERATOR(pg_catalog.=) ANY ($1)", 2, close_types);
	load->add = prepare("INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, "
						"delete_hint, recorded_from) "
						"SELECT a.kind, a.subject, '" REGIME "', a.code, $6, a.valid_from, "
						"CASE WHEN a.hint OPERATOR(pg_catalog.<>) '' THEN a.hint::pg_catalog.date END, $7 "
						"FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
						"pg_catalog.unnest($4), pg_catalog.unnest($5)) AS a (kind, subject, code, valid_from, hint)",
						7, add_types);

	if (SPI_execute("SELECT code, kind::pg_catalog.text FROM protaddr.regime_code "
					"WHERE regime OPERATOR(pg_catalog.=) '" REGIME "'", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the codes");
	load->codes = palloc(Max(SPI_processed, 1) * sizeof(Code));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Code	   *code = &load->codes[load->ncodes++];

		strlcpy(code->code, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1),
				sizeof(code->code));
		code->kind = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);
	}
}

/*
 * load_known reads, once, who has rows in force at all.  Most people of a delivery
 * have none and get none: for them nothing needs to be looked up.
 */
static void
load_known(Load *load)
{
	Relation	index = index_open(load->index, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(load->protection);
	SysScanDesc scan;
	HeapTuple	tuple;

	load->known = known_create(CurrentMemoryContext, 1024, NULL);
	scan = systable_beginscan_ordered(load->protection, index, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		bool		isnull;
		bool		found;
		text	   *key = DatumGetTextPP(heap_getattr(tuple, PROTECTION_SUBJECT_KEY, desc, &isnull));

		CHECK_FOR_INTERRUPTS();
		known_insert(load->known,
					 hash_bytes_extended((unsigned char *) VARDATA_ANY(key),
										 VARSIZE_ANY_EXHDR(key), 0),
					 &found)->batch = 0;
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
}

/* load_code gives what the code hides; a code that is not known hides all. */
static const Code *
load_code(Load *load, const char *code)
{
	static const Code unknown = {"", "name_and_address"};

	for (int i = 0; i < load->ncodes; i++)
		if (strcmp(load->codes[i].code, code) == 0)
			return &load->codes[i];
	load->unknown_codes++;
	return &unknown;
}

/* load_person replaces one person: the parser calls it. */
static bool
load_person(void *arg, const PaCprPerson *person)
{
	Load	   *load = (Load *) arg;
	MemoryContext old = MemoryContextSwitchTo(load->per_person);
	ProtaddrIdentifier id;
	InForce    *in_force;
	uint64		hash;
	KnownPerson *known;
	bool		found;
	bool		changed = false;
	int			n;
	bool		was_protected = false;
	bool		is_protected = false;

	if ((load->persons & 1023) == 0)
		CHECK_FOR_INTERRUPTS();
	load->persons++;
	load->protections += person->nprotections;

	(void) protaddr_identifier_from_text(person->pnr, strlen(person->pnr), &id);
	hash = hash_bytes_extended((unsigned char *) id.key, id.len, 0);
	known = known_lookup(load->known, hash);
	if (person->nprotections == 0 && known == NULL)
	{
		MemoryContextSwitchTo(old);
		return true;
	}

	/* the same person again: what the batch holds of them must be there to be seen */
	if ((known != NULL && known->batch == load->batch) ||
		load->nadded + load->nclosed + person->nprotections > BATCH_ROWS / 2)
		load_flush(load);
	n = load_in_force(load, &id, &in_force);
	/* a delivery has at most PA_CPR_MAX_PROTECTIONS of a person, so the last one had */
	if (n > BATCH_ROWS / 2)
		elog(ERROR, "source has more protections of a person than a delivery can have");
	for (int i = 0; i < n; i++)
		was_protected |= strcmp(in_force[i].kind, "none") != 0;

	for (int p = 0; p < person->nprotections; p++)
	{
		const PaCprProtection *delivered = &person->protection[p];
		const Code *code = load_code(load, delivered->code);
		TimestampTz valid_from = DT_NOBEGIN;
		DateADT		hint = 0;
		bool		twice = false;

		is_protected |= strcmp(code->kind, "none") != 0;

		/* the same code again in one record set says nothing more */
		for (int q = 0; q < p; q++)
			twice |= strcmp(person->protection[q].code, delivered->code) == 0;
		if (twice)
			continue;

		if (delivered->start[0] != '\0')
			valid_from = DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone,
																 CStringGetTextDatum("Europe/Copenhagen"),
																 DirectFunctionCall1(date_timestamp,
																					 DirectFunctionCall1(date_in, CStringGetDatum(delivered->start)))));
		if (delivered->delete_hint[0] != '\0')
			hint = DatumGetDateADT(DirectFunctionCall1(date_in, CStringGetDatum(delivered->delete_hint)));

		for (int i = 0; i < n; i++)
		{
			if (strcmp(in_force[i].code, delivered->code) != 0)
				continue;
			in_force[i].delivered_again = true;
			if (in_force[i].valid_from == valid_from &&
				in_force[i].no_delete_hint == (delivered->delete_hint[0] == '\0') &&
				(in_force[i].no_delete_hint || in_force[i].delete_hint == hint) &&
				strcmp(in_force[i].kind, code->kind) == 0)
				twice = true;	/* known, and nothing about it has changed */
			else
				load->closed[load->nclosed++] = Int64GetDatum(in_force[i].id);
		}
		if (twice)
			continue;

		MemoryContextSwitchTo(load->per_batch);
		load->added[ADD_KIND][load->nadded] = CStringGetTextDatum(code->kind);
		load->added[ADD_SUBJECT][load->nadded] = CStringGetTextDatum(person->pnr);
		load->added[ADD_CODE][load->nadded] = CStringGetTextDatum(delivered->code);
		load->added[ADD_VALID_FROM][load->nadded] = TimestampTzGetDatum(valid_from);
		load->added[ADD_DELETE_HINT][load->nadded] = CStringGetTextDatum(delivered->delete_hint);
		load->nadded++;
		MemoryContextSwitchTo(load->per_person);
		changed = true;
	}

	/* what is said no longer has ended: the only thing that ends a protection */
	for (int i = 0; i < n; i++)
	{
		if (in_force[i].delivered_again)
			continue;
		load->closed[load->nclosed++] = Int64GetDatum(in_force[i].id);
		load->ended[load->nended++] = Int64GetDatum(in_force[i].id);
		changed = true;
	}

	if (changed)
	{
		known = known_insert(load->known, hash, &found);
		known->batch = load->batch;
	}
	load->protected += is_protected;
	load->newly_protected += is_protected && !was_protected;
	load->lifted += was_protected && !is_protected;

	MemoryContextSwitchTo(old);
	MemoryContextReset(load->per_person);
	return true;
}

/* load_in_force reads what this source says of a person up to now. */
static int
load_in_force(Load *load, const ProtaddrIdentifier *id, InForce **in_force)
{
	TupleDesc	desc = RelationGetDescr(load->protection);
	ScanKeyData skey;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			n = 0;
	int			room = 0;

	*in_force = NULL;
	ScanKeyEntryInitialize(&skey, 0, PROTECTION_SUBJECT_KEY, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ,
						   PointerGetDatum(cstring_to_text_with_len(id->key, id->len)));
	scan = systable_beginscan(load->protection, load->index, true, NULL, 1, &skey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		InForce    *one;
		bool		isnull;
		bool		hint_null;

		if (strcmp(TextDatumGetCString(heap_getattr(tuple, PROTECTION_SOURCE, desc, &isnull)),
				   load->source) != 0 ||
			!TIMESTAMP_IS_NOEND(DatumGetTimestampTz(heap_getattr(tuple, PROTECTION_VALID_TO, desc, &isnull))))
			continue;
		if (n == room)
		{
			room = room == 0 ? 8 : room * 2;
			*in_force = *in_force == NULL ? palloc(room * sizeof(InForce)) :
				repalloc(*in_force, room * sizeof(InForce));
		}
		one = &(*in_force)[n++];
		one->id = DatumGetInt64(heap_getattr(tuple, PROTECTION_ID, desc, &isnull));
		strlcpy(one->code, TextDatumGetCString(heap_getattr(tuple, PROTECTION_CODE, desc, &isnull)),
				sizeof(one->code));
		strlcpy(one->kind, TextDatumGetCString(heap_getattr(tuple, PROTECTION_KIND, desc, &isnull)),
				sizeof(one->kind));
		one->valid_from = DatumGetTimestampTz(heap_getattr(tuple, PROTECTION_VALID_FROM, desc, &isnull));
		one->delete_hint = DatumGetDateADT(heap_getattr(tuple, PROTECTION_DELETE_HINT, desc, &hint_null));
		one->no_delete_hint = hint_null;
		one->delivered_again = false;
	}
	systable_endscan(scan);
	return n;
}

static void
load_execute(SPIPlanPtr plan, Datum *values, int rows)
{
	int			done = SPI_execute_plan(plan, values, NULL, false, 0);

	/* what we read is newer than what a REPEATABLE READ transaction may change */
	if (SPI_processed < rows && IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update")));
	if ((done != SPI_OK_INSERT && done != SPI_OK_UPDATE) || SPI_processed != rows)
		elog(ERROR, "a statement of the load changed another number of rows than it should");
}

static Datum
load_array(Datum *values, int n, Oid type)
{
	return PointerGetDatum(type == TEXTOID ?
						   construct_array(values, n, type, -1, false, TYPALIGN_INT) :
						   construct_array(values, n, type, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* load_flush writes what the batch has gathered. */
static void
load_flush(Load *load)
{
	MemoryContext old = MemoryContextSwitchTo(load->per_batch);
	Datum		values[7];

	if (load->nclosed > 0)
	{
		values[0] = load_array(load->closed, load->nclosed, INT8OID);
		values[1] = TimestampTzGetDatum(load->moment);
		load_execute(load->close, values, load->nclosed);
	}
	if (load->nended > 0)
	{
		values[0] = load_array(load->ended, load->nended, INT8OID);
		values[1] = TimestampTzGetDatum(load->moment);
		load_execute(load->end, values, load->nended);
	}
	if (load->nadded > 0)
	{
		for (int i = 0; i < ADD_COLUMNS; i++)
			values[i] = load_array(load->added[i], load->nadded,
								   i == ADD_VALID_FROM ? TIMESTAMPTZOID : TEXTOID);
		values[ADD_COLUMNS] = CStringGetTextDatum(load->source);
		values[ADD_COLUMNS + 1] = TimestampTzGetDatum(load->moment);
		load_execute(load->add, values, load->nadded);
	}
	load->nclosed = load->nended = load->nadded = 0;
	load->batch++;
	MemoryContextSwitchTo(old);
	MemoryContextReset(load->per_batch);
}

/* load_tell says how far the load is, every few seconds. */
static void
load_tell(Load *load)
{
	TimestampTz now = GetCurrentTimestamp();
	double		seconds;

	if (!TimestampDifferenceExceeds(load->told, now, NOTICE_EVERY_MS))
		return;
	load->told = now;
	seconds = (now - load->started) / (double) USECS_PER_SEC;
	ereport(NOTICE,
			(errmsg("load_cpr: " INT64_FORMAT " people, %.0f a second, %.0f %% of the delivery",
					load->persons, load->persons / seconds,
					100.0 * load->parser->consumed / load->size)));
}

/* load_refuse turns the parser's verdict into an error: where, and nothing else. */
static void
load_refuse(const PaCprParser *parser)
{
	const char *what = "it was stopped";

	switch (parser->verdict)
	{
		case PA_CPR_OK:
		case PA_CPR_STOPPED:
			break;
		case PA_CPR_NO_START:
			what = "it does not begin with a start record (000)";
			break;
		case PA_CPR_BAD_START:
			what = "its start record has no valid task number or production date";
			break;
		case PA_CPR_NO_END:
			what = "it is cut off: there is no end record (999)";
			break;
		case PA_CPR_AFTER_END:
			what = "something follows its end record";
			break;
		case PA_CPR_WRONG_COUNT:
			what = "its end record counts another number of records than it has";
			break;
		case PA_CPR_BAD_RECORD:
			what = "a record has a length that its type cannot have";
			break;
		case PA_CPR_BAD_TYPE:
			what = "a record has no valid type";
			break;
		case PA_CPR_BAD_BYTE:
			what = "it has a byte that ISO-8859-1 text cannot have";
			break;
		case PA_CPR_BAD_PNR:
			what = "a record has no valid person number";
			break;
		case PA_CPR_BAD_DATE:
			what = "a record has no valid date where one belongs";
			break;
		case PA_CPR_BAD_CODE:
			what = "a record has no valid code or status";
			break;
		case PA_CPR_NO_PERSON:
			what = "a record does not follow the record of its person";
			break;
		case PA_CPR_PERSON_TWICE:
			what = "a person stands in it twice";
			break;
		case PA_CPR_TOO_MANY:
			what = "a person has more protections than there can be";
			break;
		case PA_CPR_WRONG_KIND:
			what = "it is another kind of file";
			break;
		case PA_CPR_NOT_ONE_PERSON:
			what = "a reply is about one person, this is not";
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("the delivery is refused whole: %s", what),
			 errdetail("Record " UINT64_FORMAT ", at byte " UINT64_FORMAT ".", parser->record, parser->offset),
			 errhint("The register is as it was before. Have the delivery sent again."),
			 PROTADDR_DISCREET));
}
