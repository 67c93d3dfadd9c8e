/*
 * find.c
 *		Which protected addresses stand in a text, and what is left of it?
 *
 * The matcher says what looks like an address that is kept.  It counts if the address is
 * still kept, and its person protected, as it is committed now.  What may be left of a text
 * for a channel the law says, asked once for each person.
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard.h"
#include "guard/guard_int.h"
#include "law/law.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

/* A text in which something is found so often after it was replaced is withheld whole. */
#define ROUNDS	8

PG_FUNCTION_INFO_V1(protaddr_find_protected);
PG_FUNCTION_INFO_V1(protaddr_guard);

/* nothing is known of a transfer */
static const ProtaddrTransfer no_transfer = {0};

/* ---- what is found -------------------------------------------------------------------- */

typedef struct Found
{
	PaGuardMatch *match;
	int			n;
	int			room;
} Found;

static bool
found_one(void *arg, const PaGuardMatch *match)
{
	Found	   *found = arg;

	if (found->n == found->room)
	{
		found->room = found->room == 0 ? 16 : found->room * 2;
		found->match = found->match == NULL ? palloc(found->room * sizeof(PaGuardMatch)) :
			repalloc_huge(found->match, (Size) found->room * sizeof(PaGuardMatch));
	}
	found->match[found->n++] = *match;
	return true;
}

static void
take_pause(void *arg)
{
	CHECK_FOR_INTERRUPTS();
}

/* check_ready raises 55PA1 while nobody can be asked about. */
static void
check_ready(void)
{
	const char *why_not = protaddr_register_why_not_ready();

	if (unlikely(why_not != NULL))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the register is not ready: no text can be searched for protected addresses"),
				 errdetail("%s", why_not),
				 errhint("See protaddr.register_status."),
				 protaddr_errprivate()));
}

/*
 * still_protected tells of whom an entry is, if it is there and they are protected: nobody
 * knows otherwise while the register is not ready.
 */
static bool
still_protected(Relation rel, int64 id, bool ready, ProtaddrIdentifier *subject)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		counts = false;

	ScanKeyInit(&key, GUARDED_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	scan = systable_beginscan(rel, protaddr_table_index(PROTADDR_GUARDED_ADDRESS), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		ProtaddrEntry entry;

		if (protaddr_entry_read(tuple, RelationGetDescr(rel), &entry))
		{
			*subject = entry.subject;
			counts = entry.origin == PROTADDR_ORIGIN_LISTED ? entry.in_force :
				!ready || protaddr_protection_of(subject->key, subject->len) != PROTADDR_HIDES_NOTHING;
		}
	}
	systable_endscan(scan);
	return counts;
}

static int
by_place(const void *a, const void *b)
{
	const ProtaddrFound *one = a;
	const ProtaddrFound *other = b;

	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	if (one->length != other->length)
		return one->length > other->length ? -1 : 1;
	if (one->subject.len != other->subject.len)
		return one->subject.len - other->subject.len;
	if (memcmp(one->subject.key, other->subject.key, one->subject.len) != 0)
		return memcmp(one->subject.key, other->subject.key, one->subject.len);
	return (int) other->certainty - (int) one->certainty;
}

/* find gives every protected address in a text, by place and person, each once; palloc'd. */
static ProtaddrFound *
find(const char *utf8, size_t len, bool ready, int *nfound)
{
	const ProtaddrGuardIndex *index;
	Found		found = {0};
	ProtaddrFound *result;
	Relation	rel;
	int			n = 0;

	*nfound = 0;
	index = protaddr_guard_index_now();
	protaddr_guard_find(index->index, utf8, len, found_one, take_pause, &found);
	if (found.n == 0)
		return NULL;

	result = MemoryContextAllocHuge(CurrentMemoryContext, (Size) found.n * sizeof(ProtaddrFound));
	rel = table_open(protaddr_table(PROTADDR_GUARDED_ADDRESS), AccessShareLock);
	for (int i = 0; i < found.n; i++)
	{
		const PaGuardMatch *match = &found.match[i];

		if (!still_protected(rel, protaddr_guard_entry(index, match->id), ready, &result[n].subject))
			continue;
		result[n].start = match->start;
		result[n].length = match->length;
		result[n++].certainty = match->certainty;
	}
	table_close(rel, AccessShareLock);
	pfree(found.match);

	qsort(result, n, sizeof(ProtaddrFound), by_place);
	for (int i = 0; i < n; i++)
	{
		ProtaddrFound *last = *nfound > 0 ? &result[*nfound - 1] : NULL;

		if (last != NULL && last->start == result[i].start && last->length == result[i].length &&
			protaddr_identifier_same(&last->subject, &result[i].subject))
			continue;
		result[(*nfound)++] = result[i];
	}
	return result;
}

/* protaddr_guard_find_text gives what find gives.  Raises 55PA1 if it cannot be told. */
ProtaddrFound *
protaddr_guard_find_text(const char *utf8, size_t len, int *nfound)
{
	check_ready();
	return find(utf8, len, true, nfound);
}

/*
 * protaddr_guard_find_known is the same for a row at a gate, which has to go on while the
 * register is not ready: then the addresses of all who were protected when it last was.
 */
ProtaddrFound *
protaddr_guard_find_known(const char *utf8, size_t len, int *nfound)
{
	return find(utf8, len, protaddr_register_ready(), nfound);
}

/* protaddr_guard_ask asks the law what may leave through a channel of what was found. */
ProtaddrAction
protaddr_guard_ask(const ProtaddrFound *found, const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
				   ProtaddrAnswer *answer)
{
	PaAddress	address;
	ProtaddrConcerned concerned;
	ProtaddrQuestion question = {
		.mode = PROTADDR_ASK_NOW,
		.channel = channel,
		.concerned = &concerned,
		.transfer = transfer
	};

	memset(&address, 0, sizeof(address));
	if (found->subject.len > 0)
	{
		address.subject[0].data = found->subject.key;
		address.subject[0].len = found->subject.len;
		address.nsubjects = 1;
	}
	protaddr_concern_address(&concerned, &address, channel, transfer);
	protaddr_ask(&question, answer);
	return answer->action;
}

/* ---- text of the server, and UTF-8 ------------------------------------------------------ */

static const char *
as_utf8(const text *t, size_t *len)
{
	const char *bytes = VARDATA_ANY(t);
	const char *utf8;

	*len = VARSIZE_ANY_EXHDR(t);
	utf8 = pg_server_to_any(bytes, (int) *len, PG_UTF8);
	if (utf8 != bytes)
		*len = strlen(utf8);
	return utf8;
}

static int
characters(const char *utf8, size_t len)
{
	int			n = 0;

	for (size_t i = 0; i < len; i++)
		n += (utf8[i] & 0xC0) != 0x80;
	return n;
}

/*
 * byte_of gives where in the server's text the character begins that begins there in its
 * UTF-8.  Raises 0A000 if the two do not have the same characters.
 */
static size_t
byte_of(const text *t, const char *utf8, size_t len, size_t at)
{
	const char *bytes = VARDATA_ANY(t);
	size_t		size = VARSIZE_ANY_EXHDR(t);
	int			many;
	size_t		byte = 0;

	if (utf8 == bytes)
		return at;
	if (pg_mbstrlen_with_len(bytes, size) != characters(utf8, len))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a protected address in a text of this encoding cannot be replaced"),
				 protaddr_errprivate()));
	many = characters(utf8, at);
	while (many-- > 0 && byte < size)
		byte += pg_mblen(bytes + byte);
	return Min(byte, size);
}

/* ---- find_protected() ---------------------------------------------------------------------- */

static const char *const certainties[] = {
	[PA_DOUBTFUL] = "doubtful",
	[PA_SAFE] = "safe",
	[PA_EXACT] = "exact",
};

/* protaddr_find_protected is protaddr.find_protected(text). */
Datum
protaddr_find_protected(PG_FUNCTION_ARGS)
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	size_t		len;
	const char *utf8 = as_utf8(t, &len);
	int			nfound;
	ProtaddrFound *found = protaddr_guard_find_text(utf8, len, &nfound);

	size_t		upto = 0;		/* bytes counted so far */
	int			before = 0;		/* characters in them */

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < nfound; i++)
	{
		Datum		values[4];
		bool		nulls[4] = {false, false, false, false};

		before += characters(utf8 + upto, found[i].start - upto);
		upto = found[i].start;
		nulls[0] = found[i].subject.len == 0;
		values[0] = PointerGetDatum(cstring_to_text_with_len(found[i].subject.key, found[i].subject.len));
		values[1] = Int32GetDatum(before + 1);
		values[2] = Int32GetDatum(characters(utf8 + upto, found[i].length));
		values[3] = CStringGetTextDatum(certainties[found[i].certainty]);
		tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ---- guard() --------------------------------------------------------------------------------- */

/* What the law has said of people so far. */
typedef struct Asked
{
	ProtaddrIdentifier subject;
	bool		stays;
} Asked;

typedef struct AskedAll
{
	const ProtaddrChannel *channel;
	Asked	   *asked;
	int			n;
	int			room;
} AskedAll;

/* tell has a disclosure put on record before it happens. */
static void
tell(const ProtaddrFound *found, const ProtaddrChannel *channel, const ProtaddrAnswer *answer)
{
	PaText		person = {found->subject.key, found->subject.len};
	ProtaddrEvent event = {
		.kind = PROTADDR_IN_MESSAGE,
		.channel = channel,
		.answer = answer,
		.transfer = &no_transfer,
		.people = &person,
		.npeople = 1,
		.login_role = GetSessionUserId(),
		.role = GetOuterUserId()
	};

	protaddr_tell_event(&event);
	if (answer->action == PROTADDR_DISCLOSE && event.disclosure == 0)
		elog(ERROR, "a disclosure was not recorded");
}

/* stays asks the law whether a channel lets somebody's address leave in a text. */
static bool
stays(AskedAll *all, const ProtaddrFound *found)
{
	ProtaddrAnswer answer;
	ProtaddrAction action;
	bool		result;

	/* an address of nobody has nobody who could be asked about */
	if (found->subject.len == 0)
		return false;
	for (int i = 0; i < all->n; i++)
		if (protaddr_identifier_same(&all->asked[i].subject, &found->subject))
			return all->asked[i].stays;
	action = protaddr_guard_ask(found, all->channel, &no_transfer, &answer);
	result = action == PROTADDR_LEAVE || action == PROTADDR_DISCLOSE;
	if (result)
		tell(found, all->channel, &answer);
	if (all->n == all->room)
	{
		all->room = all->room == 0 ? 8 : all->room * 2;
		all->asked = all->asked == NULL ? palloc(all->room * sizeof(Asked)) :
			repalloc_huge(all->asked, (Size) all->room * sizeof(Asked));
	}
	all->asked[all->n].subject = found->subject;
	all->asked[all->n++].stays = result;
	return result;
}

/* replaced gives a text without what may not stay; NULL if all of it may. */
static text *
replaced(const text *t, AskedAll *all)
{
	size_t		len;
	const char *utf8 = as_utf8(t, &len);
	int			nfound;
	ProtaddrFound *found = protaddr_guard_find_text(utf8, len, &nfound);
	StringInfoData out;
	size_t		upto = 0;		/* what is taken over so far */
	bool		any = false;

	for (int i = 0; i < nfound; i++)
	{
		size_t		start = found[i].start;
		size_t		end = start + found[i].length;

		if (stays(all, &found[i]))
			continue;
		/* with all that overlaps it */
		while (i + 1 < nfound && (found[i + 1].start <= end))
		{
			i++;
			if (!stays(all, &found[i]))
				end = Max(end, found[i].start + found[i].length);
		}
		if (!any)
			initStringInfo(&out);
		any = true;
		start = byte_of(t, utf8, len, start);
		appendBinaryStringInfo(&out, VARDATA_ANY(t) + upto, (int) (start - upto));
		appendBinaryStringInfo(&out, PA_WITHHELD, sizeof(PA_WITHHELD) - 1);
		upto = byte_of(t, utf8, len, end);
	}
	if (!any)
		return NULL;
	appendBinaryStringInfo(&out, VARDATA_ANY(t) + upto, (int) (VARSIZE_ANY_EXHDR(t) - upto));
	return cstring_to_text_with_len(out.data, out.len);
}

/* protaddr_guard is protaddr.guard(text, text). */
Datum
protaddr_guard(PG_FUNCTION_ARGS)
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	text	   *name = PG_GETARG_TEXT_PP(1);
	AskedAll	all = {.channel = protaddr_channel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), DT_NOBEGIN)};
	text	   *result = t;

	/* what was replaced may have brought together what stood apart */
	for (int round = 0; round < ROUNDS; round++)
	{
		text	   *next = replaced(result, &all);

		if (next == NULL)
			PG_RETURN_TEXT_P(result);
		result = next;
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(PA_WITHHELD, sizeof(PA_WITHHELD) - 1));
}
