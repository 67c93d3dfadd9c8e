/*
 * read.c
 *		What does the trail say, and is it whole?
 *
 * Of this node's own chain the node's file says where it ends, so that a record which is
 * being written is not taken for a torn one, nor records that were cut off for an end.  Of
 * the others, that a base backup has brought, nobody here knows more than they say.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "audit/audit_int.h"
#include "base/base.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(protaddr_audit_records);
PG_FUNCTION_INFO_V1(protaddr_audit_verify);
PG_FUNCTION_INFO_V1(protaddr_audit_anchor);

/* read_head gives where this node's chain stands; a node that has none yet has no name. */
static void
read_head(PaTrailHead *head)
{
	PaTrailPlace place;

	protaddr_audit_place(&place);
	if (!protaddr_trail_head(protaddr_audit_writer(), &place, head))
		protaddr_audit_fail(protaddr_audit_writer());
}

/* limit_of gives how much of a file there is to be read: 0: all of it; false: nothing. */
static bool
limit_of(const ProtaddrAuditFile *file, const PaTrailHead *head, uint64 *limit)
{
	*limit = 0;
	if (strcmp(file->node, head->node) != 0)
		return true;
	/* begun since the head was read */
	if (file->number > head->file)
		return false;
	if (file->number == head->file)
		*limit = head->offset;
	return true;
}

static TimestampTz
time_of(const char *at)
{
	char text[	PA_TRAIL_AT_SIZE + 1];
	unsigned int n[7];
	struct pg_tm tm = {0};
	TimestampTz result;

	memcpy(text, at, PA_TRAIL_AT_SIZE);
	text[		PA_TRAIL_AT_SIZE] = '\0';

	if (sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u.%6uZ", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6]) != 7)
		return DT_NOBEGIN;
	tm.tm_year = n[0];
	tm.tm_mon = n[1];
	tm.tm_mday = n[2];
	tm.tm_hour = n[3];
	tm.tm_min = n[4];
	tm.tm_sec = n[5];
	return tm2timestamp(&tm, n[6], NULL, &result) == 0 ? result : DT_NOBEGIN;
}

static Datum
text_datum(const char *bytes, size_t len)
{
	char	   *utf8 = pnstrdup(bytes, len);
	char	   *server = pg_any_to_server(utf8, len, PG_UTF8);

	return CStringGetTextDatum(server);
}

/* ---- reading ------------------------------------------------------------------------------ */

typedef struct Reading
{
	ReturnSetInfo *result;
	TimestampTz since;
	TimestampTz until;
	MemoryContext row;
} Reading;

static bool
put_record(const ProtaddrAuditFile *file, const char *line, size_t len, bool ended, void *arg)
{
	Reading    *reading = arg;
	PaTrailLine parsed;
	TimestampTz at;
	Datum		values[5];
	bool		nulls[5] = {false};
	MemoryContext old;

	/* what is no record is audit_verify's affair */
	if (!ended || !protaddr_trail_parse(line, len, &parsed))
		return true;
	at = time_of(parsed.at);
	if (at < reading->since || at >= reading->until)
		return true;
	old = MemoryContextSwitchTo(reading->row);
	values[0] = text_datum(file->node, PA_TRAIL_NODE_SIZE);
	values[1] = Int64GetDatum((int64) parsed.seq);
	values[2] = TimestampTzGetDatum(at);
	values[3] = text_datum(parsed.kind, parsed.kind_len);
	values[4] = text_datum(parsed.json, parsed.json_len);
	tuplestore_putvalues(reading->result->setResult, reading->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(reading->row);
	return true;
}

/* protaddr_audit_records is protaddr.audit_records(since, until). */
Datum
protaddr_audit_records(PG_FUNCTION_ARGS)
{
	const char *folder = protaddr_audit_folder();
	Reading		reading = {0};
	PaTrailHead head;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	reading.result = (ReturnSetInfo *) fcinfo->resultinfo;
	reading.since = PG_ARGISNULL(0) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(0);
	reading.until = PG_ARGISNULL(1) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(1);
	reading.row = AllocSetContextCreate(CurrentMemoryContext, "protaddr audit record", ALLOCSET_DEFAULT_SIZES);
	read_head(&head);
	foreach(cell, protaddr_audit_files(folder))
	{
		const ProtaddrAuditFile *file = lfirst(cell);
		uint64		limit;

		if (limit_of(file, &head, &limit))
			(void) protaddr_audit_read_file(folder, file, limit, put_record, &reading);
	}
	MemoryContextDelete(reading.row);
	return (Datum) 0;
}

/* ---- verifying ----------------------------------------------------------------------------- */

/* What somebody else knows of a chain. */
typedef struct Anchor
{
	char		node[PA_TRAIL_NODE_SIZE + 1];
	uint64		seq;
	uint8		hash[PA_TRAIL_HASH_SIZE];
} Anchor;

typedef struct Verifying
{
	PaTrailChain chain;
	const Anchor *anchors;
	int			nanchors;
	PaTrailVerdict verdict;
	uint64		bad_seq;		/* of the first record that is wrong */
	char		bad_file[PA_TRAIL_NAME_SIZE];
	TimestampTz first_at;
	TimestampTz last_at;
	char		copy_of[PA_TRAIL_NODE_SIZE + 1];
} Verifying;

static void
note_verdict(Verifying *verifying, PaTrailVerdict verdict, uint64 seq, const char *file)
{
	if (verifying->verdict != PA_TRAIL_WHOLE)
		return;
	verifying->verdict = verdict;
	verifying->bad_seq = seq;
	if (file != NULL)
		strlcpy(verifying->bad_file, file, sizeof(verifying->bad_file));
}

static bool
verify_line(const ProtaddrAuditFile *file, const char *line, size_t len, bool ended, void *arg)
{
	Verifying  *verifying = arg;
	PaTrailChain *chain = &verifying->chain;
	PaTrailLine parsed;
	PaTrailVerdict verdict;
	uint64		before = chain->seq;

	if (!ended)
	{
		note_verdict(verifying, PA_TRAIL_TORN, chain->seq + 1, file->name);
		return false;
	}
	verdict = protaddr_trail_follow(chain, line, len, &parsed);
	if (verdict != PA_TRAIL_WHOLE)
	{
		note_verdict(verifying, verdict, chain->seq + 1, file->name);
		return false;
	}
	if (chain->seq == before)
		return true;
	if (chain->records == 1)
	{
		const char *value;
		size_t		value_len;

		verifying->first_at = time_of(parsed.at);
		if (protaddr_trail_field(&parsed, "copy_of", &value, &value_len) && value_len == PA_TRAIL_NODE_SIZE)
			memcpy(verifying->copy_of, value, value_len);
	}
	verifying->last_at = time_of(parsed.at);
	for (int i = 0; i < verifying->nanchors; i++)
		if (verifying->anchors[i].seq == chain->seq && strcmp(verifying->anchors[i].node, chain->node) == 0 &&
			memcmp(verifying->anchors[i].hash, chain->hash, sizeof(chain->hash)) != 0)
		{
			note_verdict(verifying, PA_TRAIL_FORKED, chain->seq, file->name);
			return false;
		}
	return true;
}

/* verify_end judges what only the whole chain can tell. */
static void
verify_end(Verifying *verifying, const PaTrailHead *head)
{
	PaTrailChain *chain = &verifying->chain;
	bool		own = strcmp(chain->node, head->node) == 0;

	if (verifying->verdict == PA_TRAIL_WHOLE && protaddr_trail_follow_end(chain) != PA_TRAIL_WHOLE)
		note_verdict(verifying, PA_TRAIL_ALTERED, chain->seq + 1, NULL);
	if (own && verifying->verdict == PA_TRAIL_TORN && chain->seq < head->seq)
		verifying->verdict = PA_TRAIL_MISSING;
	if (own && chain->seq < head->seq)
		note_verdict(verifying, PA_TRAIL_MISSING, chain->seq + 1, NULL);
	if (own && chain->seq == head->seq && memcmp(chain->hash, head->hash, sizeof(head->hash)) != 0)
		note_verdict(verifying, PA_TRAIL_FORKED, chain->seq, NULL);
	for (int i = 0; i < verifying->nanchors; i++)
		if (strcmp(verifying->anchors[i].node, chain->node) == 0 && verifying->anchors[i].seq > chain->seq)
			note_verdict(verifying, PA_TRAIL_MISSING, chain->seq + 1, NULL);
	/* somebody has signed it, but nobody who is believed */
	if (chain->others > 0 && chain->signed_to == 0)
		note_verdict(verifying, PA_TRAIL_FORGED, chain->first, NULL);
	if (chain->first > 1)
		note_verdict(verifying, PA_TRAIL_MISSING, 1, NULL);
}

static void
put_verdict(ReturnSetInfo *result, const Verifying *verifying, const PaTrailHead *head)
{
	const PaTrailChain *chain = &verifying->chain;
	char		anchor[PA_TRAIL_SIGNED_SIZE];
	Datum		values[13];
	bool		nulls[13] = {false};
	bool		any = chain->records > 0;

	values[0] = CStringGetTextDatum(chain->node);
	values[1] = BoolGetDatum(strcmp(chain->node, head->node) == 0);
	values[2] = CStringGetTextDatum(protaddr_trail_verdict_word(verifying->verdict));
	values[3] = Int64GetDatum((int64) verifying->bad_seq);
	nulls[3] = verifying->verdict == PA_TRAIL_WHOLE;
	values[4] = CStringGetTextDatum(verifying->bad_file);
	nulls[4] = verifying->bad_file[0] == '\0';
	values[5] = Int64GetDatum((int64) chain->records);
	values[6] = Int64GetDatum((int64) chain->first);
	values[7] = Int64GetDatum((int64) chain->seq);
	values[8] = TimestampTzGetDatum(verifying->first_at);
	values[9] = TimestampTzGetDatum(verifying->last_at);
	nulls[6] = nulls[7] = nulls[8] = nulls[9] = !any;
	values[10] = Int64GetDatum((int64) chain->signed_to);
	nulls[10] = chain->signed_to == 0;
	values[11] = CStringGetTextDatum(verifying->copy_of);
	nulls[11] = verifying->copy_of[0] == '\0';
	(void) protaddr_trail_signed_text(anchor, chain->node, chain->seq, chain->hash);
	values[12] = CStringGetTextDatum(anchor);
	nulls[12] = !any;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* elements gives the texts of an array, NULLs left out. */
static char **
elements(ArrayType *array, int *n)
{
	Datum	   *values;
	bool	   *nulls;
	int			nvalues;
	char	  **texts;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &nvalues);
	texts = palloc(Max(nvalues, 1) * sizeof(char *));
	*n = 0;
	for (int i = 0; i < nvalues; i++)
		if (!nulls[i])
			texts[(*n)++] = TextDatumGetCString(values[i]);
	return texts;
}

static Anchor *
read_anchors(ArrayType *array, int *n)
{
	char	  **texts = elements(array, n);
	Anchor	   *anchors = palloc0(Max(*n, 1) * sizeof(Anchor));

	for (int i = 0; i < *n; i++)
	{
		uint64_t	seq;

		if (!protaddr_trail_of_signed_text(texts[i], anchors[i].node, &seq, anchors[i].hash))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("this is no anchor of an audit trail"),
					 errhint("An anchor is what protaddr.audit_anchor() gives.")));
		anchors[i].seq = seq;
	}
	return anchors;
}

/* read_keys gives the keys that are believed: those named, or else the server's own. */
static int
read_keys(ArrayType *array, uint8_t keys[PA_TRAIL_KEYS][PA_TRAIL_KEY_SIZE])
{
	char	  **texts;
	int			n;

	if (array == NULL)
		return protaddr_audit_own_key(keys[0]) ? 1 : 0;
	texts = elements(array, &n);
	if (n > PA_TRAIL_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d public keys", PA_TRAIL_KEYS)));
	for (int i = 0; i < n; i++)
		if (strlen(texts[i]) != PA_TRAIL_KEY_SIZE * 2 || !protaddr_trail_of_hex(texts[i], PA_TRAIL_KEY_SIZE, keys[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be %d hexadecimal digits in lower case", "a public key", PA_TRAIL_KEY_SIZE * 2)));
	return n;
}

/* protaddr_audit_verify is protaddr.audit_verify(anchors, public_keys). */
Datum
protaddr_audit_verify(PG_FUNCTION_ARGS)
{
	const char *folder = protaddr_audit_folder();
	uint8_t		keys[PA_TRAIL_KEYS][PA_TRAIL_KEY_SIZE];
	int			nkeys = read_keys(PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1), keys);
	int			nanchors = 0;
	Anchor	   *anchors = PG_ARGISNULL(0) ? NULL : read_anchors(PG_GETARG_ARRAYTYPE_P(0), &nanchors);
	Verifying	verifying;
	PaTrailHead head;
	bool		any = false;
	bool		own_seen = false;
	ListCell   *cell;
	ReturnSetInfo *result;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	read_head(&head);
	foreach(cell, protaddr_audit_files(folder))
	{
		const ProtaddrAuditFile *file = lfirst(cell);
		uint64		limit;

		if (!any || strcmp(verifying.chain.node, file->node) != 0)
		{
			if (any)
			{
				verify_end(&verifying, &head);
				put_verdict(result, &verifying, &head);
			}
			memset(&verifying, 0, sizeof(verifying));
			verifying.anchors = anchors;
			verifying.nanchors = nanchors;
			/* another node's key is not this server's */
			protaddr_trail_follow_begin(&verifying.chain, file->node, (const uint8_t (*)[PA_TRAIL_KEY_SIZE]) keys,
										PG_ARGISNULL(1) && strcmp(file->node, head.node) != 0 ? 0 : nkeys);
			verifying.chain.lenient = PG_ARGISNULL(1);
			any = true;
			own_seen = own_seen || strcmp(file->node, head.node) == 0;
		}
		if (verifying.verdict == PA_TRAIL_WHOLE && limit_of(file, &head, &limit))
			(void) protaddr_audit_read_file(folder, file, limit, verify_line, &verifying);
	}
	if (any)
	{
		verify_end(&verifying, &head);
		put_verdict(result, &verifying, &head);
	}
	/* nothing is left of it */
	if (!own_seen && head.seq > 0)
	{
		memset(&verifying, 0, sizeof(verifying));
		protaddr_trail_follow_begin(&verifying.chain, head.node, NULL, 0);
		note_verdict(&verifying, PA_TRAIL_MISSING, 1, NULL);
		put_verdict(result, &verifying, &head);
	}
	for (int i = 0; i < nanchors; i++)
	{
		bool		there = strcmp(anchors[i].node, head.node) == 0;

		foreach(cell, protaddr_audit_files(folder))
			there = there || strcmp(anchors[i].node, ((ProtaddrAuditFile *) lfirst(cell))->node) == 0;
		for (int j = 0; j < i; j++)
			there = there || strcmp(anchors[i].node, anchors[j].node) == 0;
		if (there)
			continue;
		memset(&verifying, 0, sizeof(verifying));
		protaddr_trail_follow_begin(&verifying.chain, anchors[i].node, NULL, 0);
		note_verdict(&verifying, PA_TRAIL_MISSING, 1, NULL);
		put_verdict(result, &verifying, &head);
	}
	return (Datum) 0;
}

/* protaddr_audit_anchor is protaddr.audit_anchor(): the head of this node's chain; NULL if it has none. */
Datum
protaddr_audit_anchor(PG_FUNCTION_ARGS)
{
	PaTrailHead head;
	char		anchor[PA_TRAIL_SIGNED_SIZE];

	read_head(&head);
	if (head.seq == 0)
		PG_RETURN_NULL();
	(void) protaddr_trail_signed_text(anchor, head.node, head.seq, head.hash);
	PG_RETURN_TEXT_P(cstring_to_text(anchor));
}
