/*
 * load_cpr.c
 *		How does a delivery of the Danish population register reach the register?
 *
 * From a bytea or from a file on the server, in pieces, through the parser
 * (cpr_extract.c) into the engine (replace.c).  Nothing here grows with the
 * delivery.  What the rules say of gaps, repetitions and lifts is in the SQL
 * function around it, protaddr.load_cpr.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/cpr.h"
#include "register/register.h"

#include <iconv.h>
#include <sys/stat.h>

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/backend_progress.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#define REGIME			"DK-CPR"
#define PIECE			(256 * 1024)
#define NOTICE_EVERY_MS	5000
#define HEADER_BYTES	4096
#define ASKED			6		/* argument of what was asked for */

typedef struct CprLoad
{
	ProtaddrReplace *replace;
	PaCprParser *parser;
	MemoryContext per_person;
	bool		task_tells;		/* of protections: declared, or seen in earlier deliveries */
	uint64		size;			/* bytes of the delivery, as it came */
	uint64		read;
	TimestampTz started;
	TimestampTz told;
	iconv_t		recode;			/* to ISO-8859-1, or (iconv_t) -1 */
	char		rest[16];		/* an unfinished character between pieces */
	size_t		rest_len;
	pg_cryptohash_ctx *digest;
} CprLoad;

PG_FUNCTION_INFO_V1(protaddr_load_cpr_bytes);
PG_FUNCTION_INFO_V1(protaddr_load_cpr_path);
PG_FUNCTION_INFO_V1(protaddr_cpr_file_start);
PG_FUNCTION_INFO_V1(protaddr_cpr_header);

static FILE *open_delivery(const char *path);
static iconv_t open_encoding(const char *encoding);
static PaCprKind kind_of(const char *kind);
static Datum load(FunctionCallInfo fcinfo, const char *bytes, size_t len, FILE *file);
static CprLoad *load_begin(FunctionCallInfo fcinfo, size_t len, FILE *file);
static Datum load_end(FunctionCallInfo fcinfo, CprLoad *load, bytea *digest);
static void load_all(CprLoad *load, const char *bytes, size_t len, FILE *file);
static void load_piece(CprLoad *load, const char *piece, size_t len);
static void load_recoded(CprLoad *load, const char *piece, size_t len);
static bool load_person(void *arg, const PaCprPerson *person);
static DateADT day_of(const char *date);
static TimestampTz copenhagen(const char *date, int days_later);
static void load_tell(CprLoad *load);
static void load_refuse(const PaCprParser *parser, const char *what);

/* protaddr_load_cpr_bytes is protaddr.load_cpr_bytes(bytea, source, encoding, kind, tells, declared, asked). */
Datum
protaddr_load_cpr_bytes(PG_FUNCTION_ARGS)
{
	bytea	   *delivery = PG_GETARG_BYTEA_PP(0);

	return load(fcinfo, VARDATA_ANY(delivery), VARSIZE_ANY_EXHDR(delivery), NULL);
}

static bool
may_read_files(Oid role, const void *unused)
{
	return has_privs_of_role(role, ROLE_PG_READ_SERVER_FILES);
}

/*
 * open_delivery opens a file of the server.  The privilege is asked of the client and
 * of everybody through whose functions we were called: ours runs with its owner's.
 */
static FILE *
open_delivery(const char *path)
{
	FILE	   *file;
	struct stat st;

	if (!protaddr_callers_seen_all(may_read_files, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read a server file"),
				 errdetail("Only roles with privileges of pg_read_server_files may load a file of the server."),
				 errhint("protaddr.load_cpr() loads a client's file.")));
	/* before it is opened: a pipe would make us wait there for ever */
	if (stat (path, &st) == 0 && !S_ISREG(st.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("the delivery is not a regular file")));
	file = AllocateFile(path, PG_BINARY_R);
	if (file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open the delivery: %m")));
	return file;
}

/* protaddr_cpr_file_start is protaddr.cpr_file_start(path): its first bytes. */
Datum
protaddr_cpr_file_start(PG_FUNCTION_ARGS)
{
	FILE	   *file = open_delivery(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	bytea	   *start = palloc(VARHDRSZ + HEADER_BYTES);
	size_t		got = fread(VARDATA(start), 1, HEADER_BYTES, file);

	if (ferror(file))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read the delivery: %m")));
	FreeFile(file);
	SET_VARSIZE(start, VARHDRSZ + got);
	PG_RETURN_BYTEA_P(start);
}

/* protaddr_load_cpr_path is protaddr.load_cpr_path(path, source, encoding, kind, tells, declared, asked). */
Datum
protaddr_load_cpr_path(PG_FUNCTION_ARGS)
{
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	FILE	   *file;
	Datum		result;

	file = open_delivery(path);
	result = load(fcinfo, NULL, 0, file);
	FreeFile(file);
	return result;
}

/* open_encoding readies the way to ISO-8859-1; (iconv_t) -1 if it is that already. */
static iconv_t
open_encoding(const char *encoding)
{
	iconv_t		recode = (iconv_t) - 1;

	if (pg_strcasecmp(encoding, "ISO-8859-1") == 0 || pg_strcasecmp(encoding, "LATIN1") == 0)
		return recode;
	/* without a name it would be the one of the server's locale */
	if (encoding[0] != '\0' && encoding[0] != '/')
		recode = iconv_open("ISO-8859-1", encoding);
	if (recode == (iconv_t) - 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("encoding \"%s\" does not exist, or cannot be converted",
						strlen(encoding) < NAMEDATALEN ? encoding : "..."),
				 errhint("See iconv --list; CPR delivers ISO-8859-1 unless agreed otherwise.")));
	return recode;
}

static PaCprKind
kind_of(const char *kind)
{
	if (strcmp(kind, "delivery") == 0)
		return PA_CPR_DELIVERY;
	if (strcmp(kind, "reply") == 0)
		return PA_CPR_REPLY;
	if (strcmp(kind, "without end") == 0)
		return PA_CPR_WITHOUT_END;
	if (strcmp(kind, "bitemporal") == 0)
		return PA_CPR_BITEMPORAL;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("delivery kind \"%s\" does not exist", kind),
			 errhint("Kinds: delivery, reply, without end, bitemporal.")));
	return PA_CPR_DELIVERY;
}

/* declare_types lets the parser know the types that the task is declared to deliver. */
static void
declare_types(PaCprParser *parser, ArrayType *declared)
{
	Datum	   *type;
	int			n;

	deconstruct_array(declared, TEXTOID, -1, false, TYPALIGN_INT, &type, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *name = TextDatumGetCString(type[i]);
		int			number;

		if (name[0] == 'b')
			name++;
		if (strlen(name) != 3 || !protaddr_cpr_digits(name, 3))
			continue;
		number = (int) protaddr_cpr_number(name, 3);
		parser->declared[number / 8] |= (uint8) (1 << number % 8);
	}
}

/* load_begin readies a load; the caller is connected to SPI. */
static CprLoad *
load_begin(FunctionCallInfo fcinfo, size_t len, FILE *file)
{
	CprLoad    *load = palloc0(sizeof(CprLoad));
	ProtaddrDelivery delivery = {0};

	delivery.source = text_to_cstring(PG_GETARG_TEXT_PP(1));
	delivery.regime = REGIME;
	delivery.dry_run = protaddr_load_is_dry(PG_GETARG_DATUM(ASKED));
	load->size = len;
	if (file != NULL)
	{
		struct stat st;

		/* how far the load has come is told by it, and no more */
		load->size = fstat(fileno(file), &st) == 0 ? st.st_size : 0;
	}
	load->started = load->told = GetCurrentTimestamp();
	load->per_person = AllocSetContextCreate(CurrentMemoryContext, "protaddr delivered person",
											 ALLOCSET_SMALL_SIZES);
	load->task_tells = PG_GETARG_BOOL(4);
	load->parser = palloc0(sizeof(PaCprParser));
	protaddr_cpr_begin(load->parser, kind_of(text_to_cstring(PG_GETARG_TEXT_PP(3))), load_person, load);
	declare_types(load->parser, PG_GETARG_ARRAYTYPE_P(5));
	load->replace = protaddr_replace_begin(&delivery);
	load->recode = open_encoding(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	return load;
}

static Datum
load(FunctionCallInfo fcinfo, const char *bytes, size_t len, FILE *file)
{
	CprLoad    *load;
	Datum		result;
	bytea	   *digest = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	SET_VARSIZE(digest, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	SPI_connect();
	load = load_begin(fcinfo, len, file);
	PG_TRY();
	{
		load->digest = pg_cryptohash_create(PG_SHA256);
		if (load->digest == NULL || pg_cryptohash_init(load->digest) < 0)
			elog(ERROR, "could not begin a digest");
		pgstat_progress_start_command(PROGRESS_COMMAND_COPY, protaddr_table(PROTADDR_PROTECTION));
		pgstat_progress_update_param(PROTADDR_PROGRESS_BYTES_TOTAL, load->size);
		load_all(load, bytes, len, file);
		if (pg_cryptohash_final(load->digest, (uint8 *) VARDATA(digest), PG_SHA256_DIGEST_LENGTH) < 0)
			elog(ERROR, "could not end a digest");
	}
	PG_FINALLY();
	{
		if (load->recode != (iconv_t) - 1)
			iconv_close(load->recode);
		pg_cryptohash_free(load->digest);
	}
	PG_END_TRY();
	result = load_end(fcinfo, load, digest);
	return result;
}

/* seen_types gives the types of a delivery's records, each once. */
static Datum
seen_types(const PaCprParser *parser)
{
	Datum		type[1000];
	int			n = 0;

	for (int i = 0; i < lengthof(type); i++)
		if (protaddr_cpr_seen(parser, i))
			type[n++] = CStringGetTextDatum(psprintf("%s%03d", parser->bitemporal ? "b" : "", i));
	return PointerGetDatum(construct_array(type, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* load_end lets the engine do its work and gives what was counted, outside SPI's memory. */
static Datum
load_end(FunctionCallInfo fcinfo, CprLoad *load, bytea *digest)
{
	const PaCprParser *parser = load->parser;
	bool		tells = load->task_tells ||
	(parser->bitemporal ? protaddr_cpr_seen(parser, 15) || protaddr_cpr_seen(parser, 16) :
	 protaddr_cpr_seen(parser, 4));
	ProtaddrReplaced counts;
	ProtaddrLoaded loaded = {
		.fcinfo = fcinfo,
		.asked = PG_GETARG_DATUM(ASKED),
		.records = (int64) parser->records,
		.skipped = (int64) parser->skipped,
		.moment = protaddr_replace_moment(load->replace),
		.digest = PointerGetDatum(digest),
		.types = seen_types(parser)
	};
	PaCprParser copy = *parser; /* SPI's memory holds the parser */

	counts = *protaddr_replace_end(load->replace, tells, protaddr_load_may_write, &loaded);
	if (loaded.skipped > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the delivery has " INT64_FORMAT " records that could not be read", loaded.skipped),
				 errdetail("Their types are not known, or they do not look like them. Each may be a protection, and counts as one of an unknown code.")));
	pgstat_progress_end_command();
	SPI_finish();
	loaded.types = seen_types(&copy);
	return protaddr_counts(&loaded, &counts);
}

/* load_all reads a delivery to its end, from memory or from a file. */
static void
load_all(CprLoad *load, const char *bytes, size_t len, FILE *file)
{
	if (file != NULL)
	{
		char	   *piece = palloc(PIECE);
		size_t		got;

		while (load->parser->verdict == PA_CPR_OK &&
			   (got = fread(piece, 1, PIECE, file)) > 0)
			load_piece(load, piece, got);
		if (ferror(file))
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read the delivery: %m")));
		pfree(piece);
	}
	else
	{
		while (load->parser->verdict == PA_CPR_OK && len > 0)
		{
			size_t		piece = Min(len, PIECE);

			load_piece(load, bytes, piece);
			bytes += piece;
			len -= piece;
		}
	}
	if (load->rest_len > 0)
		load_refuse(load->parser, "a character of its encoding is cut off");
	if (protaddr_cpr_end(load->parser) != PA_CPR_OK)
		load_refuse(load->parser, NULL);
}

/* byte_order_mark gives the length of what some programs put before a text in UTF-8, or 0. */
static size_t
byte_order_mark(const char *start, size_t len)
{
	return len >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* end_lines makes the line end of EBCDIC (NEL) one that we know. */
static void
end_lines(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\x85')
			text[		i] = '\n';
}

/* load_piece takes in a piece as it came. */
static void
load_piece(CprLoad *load, const char *piece, size_t len)
{
	CHECK_FOR_INTERRUPTS();
	if (pg_cryptohash_update(load->digest, (const uint8 *) piece, len) < 0)
		elog(ERROR, "could not compute a digest");
	if (load->read == 0)
	{
		size_t		mark = byte_order_mark(piece, len);

		load->read += mark;
		piece += mark;
		len -= mark;
	}
	load->read += len;
	if (load->recode == (iconv_t) - 1)
		protaddr_cpr_feed(load->parser, piece, len);
	else
		load_recoded(load, piece, len);
	load_tell(load);
}

/* load_recoded brings a piece to ISO-8859-1; a character may span two pieces. */
static void
load_recoded(CprLoad *load, const char *piece, size_t len)
{
	size_t		room = load->rest_len + len;
	char	   *in = palloc(room);
	char	   *out = palloc(room + 16);
	char	   *from = in;
	char	   *to = out;
	size_t		from_left = room;
	size_t		to_left = room + 16;

	memcpy(in, load->rest, load->rest_len);
	memcpy(in + load->rest_len, piece, len);
	load->rest_len = 0;

	if (iconv(load->recode, &from, &from_left, &to, &to_left) == (size_t) -1)
	{
		int			why = errno;

		/* what comes before the offending byte tells the parser where that is */
		end_lines(out, to - out);
		protaddr_cpr_feed(load->parser, out, to - out);
		if (load->parser->verdict != PA_CPR_OK)
			return;
		if (why != EINVAL || from_left > sizeof(load->rest))
			load_refuse(load->parser, "a byte does not fit its encoding");
		memcpy(load->rest, from, from_left);
		load->rest_len = from_left;
	}
	else
	{
		end_lines(out, to - out);
		protaddr_cpr_feed(load->parser, out, to - out);
	}
	pfree(in);
	pfree(out);
}

/*
 * why_silence_ends_nothing tells of a person whose number is void, or who has left the
 * country, disappeared or died: the register may just have stopped telling.
 */
static const char *
why_silence_ends_nothing(const char *status)
{
	static const struct
	{
		char		status[3];
		const char *why;
	}			silent[] = {
		{"30", "status 30: the number was annulled"},
		{"50", "status 50: the number is void"},
		{"60", "status 60: the number was changed"},
		{"70", "status 70: the person has disappeared"},
		{"80", "status 80: the person has left the country"},
		{"90", "status 90: the person is dead"},
	};

	for (int i = 0; i < lengthof(silent); i++)
		if (strcmp(silent[i].status, status) == 0)
			return silent[i].why;
	return NULL;
}

/* types_of gives the types of a person's records that could not be read, NULL for none. */
static const char *
types_of(const PaCprPerson *person)
{
	StringInfoData types;

	if (person->nunread == 0)
		return NULL;
	initStringInfo(&types);
	for (int i = 0; i < person->nunread; i++)
		appendStringInfo(&types, "%s%s", i == 0 ? "" : " ", person->unread[i]);
	return types.data;
}

/* load_person hands one person on: the parser calls it. */
static bool
load_person(void *arg, const PaCprPerson *person)
{
	CprLoad    *load = (CprLoad *) arg;
	static ProtaddrDelivered delivered[PA_CPR_MAX_PROTECTIONS];
	MemoryContext old = MemoryContextSwitchTo(load->per_person);
	ProtaddrRecordSet set = {0};

	for (int i = 0; i < person->nprotections; i++)
	{
		const PaCprProtection *one = &person->protection[i];

		delivered[i].code = one->code;
		delivered[i].valid_from = one->start[0] == '\0' ? DT_NOBEGIN : copenhagen(one->start, 0);
		/* whether it held on the day it ended the register does not say: so it did */
		delivered[i].valid_to = one->end[0] == '\0' ? DT_NOEND : copenhagen(one->end, 1);
		delivered[i].has_delete_hint = one->delete_hint[0] != '\0';
		if (delivered[i].has_delete_hint)
			delivered[i].delete_hint = day_of(one->delete_hint);
	}
	set.subject = person->pnr;
	set.unread = types_of(person);
	if (!person->fragment)
	{
		set.whole = (int64) person->record;
		set.says = set.says_number = true;
		set.replaced_by = person->replaced_by[0] == '\0' ? NULL : person->replaced_by;
		set.keep = person->last ? "the delivery has no end record" : why_silence_ends_nothing(person->status);
		set.delivered = delivered;
		set.ndelivered = person->nprotections;
	}
	protaddr_replace_person(load->replace, &set);
	MemoryContextSwitchTo(old);
	MemoryContextReset(load->per_person);
	return true;
}

/* day_of gives the day of a date that the parser has found to be one: YYYY-MM-DD. */
static DateADT
day_of(const char *date)
{
	return date2j((int) protaddr_cpr_number(date, 4), (int) protaddr_cpr_number(date + 5, 2),
				  (int) protaddr_cpr_number(date + 8, 2)) - POSTGRES_EPOCH_JDATE;
}

/* copenhagen gives the moment a date of the register begins, or a day some days later. */
static TimestampTz
copenhagen(const char *date, int days_later)
{
	static pg_tz *zone = NULL;
	struct pg_tm day = {0};
	int			offset;
	TimestampTz begins;

	if (zone == NULL)
		zone = pg_tzset("Europe/Copenhagen");
	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("time zone \"%s\" not recognized", "Europe/Copenhagen")));
	j2date(day_of(date) + days_later + POSTGRES_EPOCH_JDATE, &day.tm_year, &day.tm_mon, &day.tm_mday);
	offset = DetermineTimeZoneOffset(&day, zone);
	if (tm2timestamp(&day, 0, &offset, &begins) != 0)
		elog(ERROR, "a date of the delivery is out of range");
	return begins;
}

/* load_tell says how far the load is: to whoever watches, and now and then here. */
static void
load_tell(CprLoad *load)
{
	int64		persons = protaddr_replace_so_far(load->replace);
	TimestampTz now = GetCurrentTimestamp();
	double		seconds;

	pgstat_progress_update_param(PROTADDR_PROGRESS_BYTES, load->read);
	pgstat_progress_update_param(PROTADDR_PROGRESS_PERSONS, persons);
	if (!TimestampDifferenceExceeds(load->told, now, NOTICE_EVERY_MS))
		return;
	load->told = now;
	seconds = (now - load->started) / (double) USECS_PER_SEC;
	ereport(NOTICE,
			(errmsg("load_cpr: " INT64_FORMAT " people, %.0f a second, %.0f %% of the delivery",
					persons, persons / seconds,
					load->size > 0 ? 100.0 * load->read / load->size : 100.0)));
}

/*
 * protaddr_cpr_header is protaddr.cpr_header(bytea, encoding): what the start record says,
 * from the first bytes of a delivery; NULLs if it has none.
 */
static bool
header_person(void *arg, const PaCprPerson *person)
{
	return false;
}

Datum
protaddr_cpr_header(PG_FUNCTION_ARGS)
{
	bytea	   *start = PG_GETARG_BYTEA_PP(0);
	char	   *encoding = text_to_cstring(PG_GETARG_TEXT_PP(1));
	PaCprParser *parser = palloc0(sizeof(PaCprParser));
	iconv_t		recode = open_encoding(encoding);
	char	   *bytes = VARDATA_ANY(start);
	size_t		len = Min(VARSIZE_ANY_EXHDR(start), HEADER_BYTES);
	TupleDesc	desc;
	Datum		values[3] = {0};
	bool		nulls[3] = {true, true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	protaddr_cpr_begin(parser, PA_CPR_DELIVERY, header_person, NULL);
	bytes += byte_order_mark(bytes, len);
	len -= bytes - VARDATA_ANY(start);
	if (recode != (iconv_t) - 1)
	{
		char	   *text = palloc(HEADER_BYTES);
		char	   *to = text;
		size_t		room = HEADER_BYTES;

		/* as far as it goes: the last character may be cut */
		(void) iconv(recode, &bytes, &len, &to, &room);
		iconv_close(recode);
		bytes = text;
		len = to - text;

		end_lines(bytes, len);
	}
	protaddr_cpr_feed(parser, bytes, len);

	if (parser->header.task[0] != '\0')
	{
		values[0] = CStringGetTextDatum(parser->header.task);
		nulls[0] = false;
	}
	if (parser->header.produced[0] != '\0')
	{
		values[1] = DirectFunctionCall1(date_in, CStringGetDatum(parser->header.produced));
		nulls[1] = false;
	}
	if (parser->header.previous[0] != '\0')
	{
		values[2] = DirectFunctionCall1(date_in, CStringGetDatum(parser->header.previous));
		nulls[2] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

static const char *
verdict_in_words(PaCprVerdict verdict)
{
	switch (verdict)
	{
		case PA_CPR_OK:
		case PA_CPR_STOPPED:
			break;
		case PA_CPR_NO_START:
			return "it does not begin with a start record (000)";
		case PA_CPR_BAD_START:
			return "its start record has no valid task number or production date";
		case PA_CPR_NO_END:
			return "it is cut off: there is no end record (999)";
		case PA_CPR_AFTER_END:
			return "something follows its end record";
		case PA_CPR_WRONG_COUNT:
			return "its end record counts another number of records than it has";
		case PA_CPR_BAD_RECORD:
			return "a record has a length that its type cannot have";
		case PA_CPR_BAD_TYPE:
			return "a record has no valid type";
		case PA_CPR_BAD_BYTE:
			return "it has a byte that ISO-8859-1 text cannot have";
		case PA_CPR_BAD_PNR:
			return "a record has no valid person number";
		case PA_CPR_BAD_DATE:
			return "a record has no valid date where one belongs";
		case PA_CPR_BAD_CODE:
			return "a record has no valid code or status";
		case PA_CPR_NO_PERSON:
			return "a record does not follow the record of its person";
		case PA_CPR_PERSON_TWICE:
			return "a person stands in it twice";
		case PA_CPR_TOO_MANY:
			return "a person has more protections than there can be";
		case PA_CPR_WRONG_KIND:
			return "it is another kind of file than was said";
		case PA_CPR_NOT_ONE_PERSON:
			return "a reply must be about one person";
	}
	return "it was stopped";
}

/* load_refuse turns the parser's verdict into an error: where, and nothing else. */
static void
load_refuse(const PaCprParser *parser, const char *what)
{

	uint64		record = parser->record;
	uint64		offset = parser->offset;

	if (what == NULL)
		what = verdict_in_words(parser->verdict);
	else
	{
		/* the parser has not come to the record yet */
		record++;
		offset = parser->consumed;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("the delivery is refused whole: %s", what),
			 errdetail("Record " UINT64_FORMAT ", at byte " UINT64_FORMAT ".", record, offset),
			 errhint("The register is as it was before. Have the delivery sent again."),
			 protaddr_errprivate()));
}
