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
PG_FUNCTION_INFO_V1(protaddr_guard_bytes);
PG_FUNCTION_INFO_V1(protaddr_guard_value);
PG_FUNCTION_INFO_V1(protaddr_text_encoding_known);

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

/* in_order puts what was found in order, each once. */
static void
in_order(ProtaddrFound *found, int *nfound)
{
	int			n = 0;

	qsort(found, *nfound, sizeof(ProtaddrFound), by_place);
	for (int i = 0; i < *nfound; i++)
	{
		const ProtaddrFound *last = n > 0 ? &found[n - 1] : NULL;

		if (last != NULL && last->start == found[i].start && last->length == found[i].length &&
			last->taken == found[i].taken && protaddr_identifier_same(&last->subject, &found[i].subject))
			continue;
		found[n++] = found[i];
	}
	*nfound = n;
}

/* add_taken adds what the row takes away to what was found in its text. */
static ProtaddrFound *
add_taken(const char *utf8, size_t len, const ProtaddrTaken *taken, ProtaddrFound *found, int *nfound)
{
	const PaGuardIndex *index = protaddr_taken_index(taken);
	Found		more = {0};

	if (index == NULL)
		return found;
	protaddr_guard_find(index, utf8, len, found_one, take_pause, &more);
	if (more.n == 0)
		return found;
	found = found == NULL ? MemoryContextAllocHuge(CurrentMemoryContext, (Size) more.n * sizeof(ProtaddrFound)) :
		repalloc_huge(found, (Size) (*nfound + more.n) * sizeof(ProtaddrFound));
	for (int i = 0; i < more.n; i++)
	{
		ProtaddrFound *one = &found[(*nfound)++];

		memset(one, 0, sizeof(*one));
		one->start = more.match[i].start;
		one->length = more.match[i].length;
		one->certainty = more.match[i].certainty;
		one->taken = true;
	}
	pfree(more.match);
	in_order(found, nfound);
	return found;
}

/* find gives every protected address in a text, by place and person, each once; palloc'd. */
static ProtaddrFound *
find(const char *utf8, size_t len, bool ready, int *nfound)
{
	const ProtaddrGuardIndex *index;
	Found		found = {0};
	ProtaddrFound *result;
	Relation	rel;

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
		ProtaddrFound *one = &result[*nfound];

		memset(one, 0, sizeof(*one));
		if (!still_protected(rel, protaddr_guard_entry(index, match->id), ready, &one->subject))
			continue;
		one->start = match->start;
		one->length = match->length;
		one->certainty = match->certainty;
		(*nfound)++;
	}
	table_close(rel, AccessShareLock);
	pfree(found.match);
	in_order(result, nfound);
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
 * register is not ready: then the addresses of all who were protected when it last was.  What
 * the row takes away (taken; NULL: nothing) is found as well.
 */
ProtaddrFound *
protaddr_guard_find_known(const char *utf8, size_t len, const ProtaddrTaken *taken, int *nfound)
{
	ProtaddrFound *found = find(utf8, len, protaddr_register_ready(), nfound);

	return add_taken(utf8, len, taken, found, nfound);
}

/* protaddr_guard_find_taken finds nothing else. */
ProtaddrFound *
protaddr_guard_find_taken(const char *utf8, size_t len, const ProtaddrTaken *taken, int *nfound)
{
	*nfound = 0;
	return add_taken(utf8, len, taken, NULL, nfound);
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

/*
 * protaddr_guard_tell has it put on record, before it happens, that people's addresses leave
 * in a text.  people: ProtaddrIdentifier; a listed address is nobody's.
 */
void
protaddr_guard_tell(const List *people, const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
					const ProtaddrAnswer *answer)
{
	PaText	   *person = palloc(Max(list_length(people), 1) * sizeof(PaText));
	ListCell   *cell;
	ProtaddrEvent event = {
		.kind = PROTADDR_IN_TEXT,
		.channel = channel,
		.answer = answer,
		.transfer = transfer,
		.people = person,
		.login_role = GetSessionUserId(),
		.role = GetOuterUserId()
	};

	foreach(cell, people)
	{
		const ProtaddrIdentifier *id = lfirst(cell);

		if (id->len == 0)
			continue;
		person[event.npeople].data = id->key;
		person[event.npeople++].len = id->len;
	}
	protaddr_tell_event(&event);
	if (answer->action == PROTADDR_DISCLOSE && event.disclosure == 0)
		elog(ERROR, "a disclosure was not recorded");
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
	if (nfound > 0)
		protaddr_clear_text_seen();
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
		protaddr_guard_tell(list_make1((void *) &found->subject), all->channel, &no_transfer, &answer);
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

/* What is to go of a value. */
typedef struct Going
{
	ProtaddrStretch *stretch;	/* by leaf and place */
	int			n;
	int			room;
	bool	   *whole;			/* of each leaf */
} Going;

/* goes notes a stretch that is to go: of each leaf that it touches as much as can be taken out of it. */
static void
goes(const ProtaddrLeaves *leaves, Going *going, size_t start, size_t end)
{
	for (int i = protaddr_leaf_at(leaves, start); i < leaves->n && leaves->leaf[i].start < end; i++)
	{
		const ProtaddrLeaf *leaf = &leaves->leaf[i];
		size_t		from = Max(start, leaf->start);
		size_t		to = Min(end, leaf->end);

		if (from >= to)
			continue;
		if (leaf->keys_of >= 0)
			going->whole[leaf->keys_of] = true;
		else if (!protaddr_leaf_lets_go(leaves, leaf, from, to))
			going->whole[i] = true;
		else
		{
			if (going->n == going->room)
			{
				going->room = going->room == 0 ? 8 : going->room * 2;
				going->stretch = going->stretch == NULL ? palloc(going->room * sizeof(ProtaddrStretch)) :
					repalloc_huge(going->stretch, (Size) going->room * sizeof(ProtaddrStretch));
			}
			going->stretch[going->n++] = (ProtaddrStretch)
			{
				i, from, to
			};
		}
	}
}

static int
by_leaf(const void *a, const void *b)
{
	const ProtaddrStretch *one = a;
	const ProtaddrStretch *other = b;

	if (one->leaf != other->leaf)
		return one->leaf < other->leaf ? -1 : 1;
	return one->start < other->start ? -1 : one->start > other->start;
}

static void
withhold_leaf(ProtaddrLeaves *leaves, ProtaddrLeaf *leaf)
{
	if (!protaddr_leaf_withhold(leaves, leaf))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("a protected address cannot be taken out of a value of type %s", format_type_be(leaf->form.type)),
				 errhint("Leave the column out, or make text of it first."),
				 protaddr_errprivate()));
}

/* take_out takes what is to go out of the leaves. */
static void
take_out(ProtaddrLeaves *leaves, Going *going)
{
	qsort(going->stretch, going->n, sizeof(ProtaddrStretch), by_leaf);
	for (int i = 0; i < leaves->n; i++)
		if (going->whole[i])
			withhold_leaf(leaves, &leaves->leaf[i]);
	for (int i = 0, next; i < going->n; i = next)
	{
		int			number = going->stretch[i].leaf;

		for (next = i; next < going->n && going->stretch[next].leaf == number; next++)
			;
		if (!going->whole[number] &&
			!protaddr_leaf_cut(leaves, &leaves->leaf[number], going->stretch + i, next - i))
			withhold_leaf(leaves, &leaves->leaf[number]);
	}
}

/* replaced gives a value without what may not stay; false if all of it may. */
static bool
replaced(ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum *value, AskedAll *all)
{
	Going		going = {0};
	ProtaddrFound *found;
	int			nfound;
	bool		any = false;

	protaddr_leaves_reset(leaves);
	protaddr_leaves_add(leaves, form, *value, 0);
	found = protaddr_guard_find_text(leaves->whole.data, leaves->whole.len, &nfound);
	if (nfound == 0)
		return false;
	/* addresses in clear: nothing of this statement is for the log */
	protaddr_clear_text_seen();
	going.whole = palloc0(leaves->n * sizeof(bool));
	for (int i = 0; i < nfound; i++)
	{
		size_t		start = found[i].start;
		size_t		end = start + found[i].length;

		if (stays(all, &found[i]))
			continue;
		/* with all that overlaps it */
		while (i + 1 < nfound && found[i + 1].start <= end)
		{
			i++;
			if (!stays(all, &found[i]))
				end = Max(end, found[i].start + found[i].length);
		}
		any = true;
		goes(leaves, &going, start, end);
	}
	if (any)
	{
		take_out(leaves, &going);
		*value = protaddr_leaves_value(leaves, form, *value, 0);
	}
	return any;
}

/* guarded gives a value as it may leave through a channel. */
static Datum
guarded(const ProtaddrForm *form, Datum value, const text *channel)
{
	AskedAll	all = {.channel = protaddr_channel(VARDATA_ANY(channel), VARSIZE_ANY_EXHDR(channel), DT_NOBEGIN)};
	ProtaddrLeaves leaves;

	protaddr_leaves_begin(&leaves);

	/* what was replaced may have brought together what stood apart */
	for (int round = 0; round < ROUNDS; round++)
	{
		if (!replaced(&leaves, form, &value, &all))
			return value;
		if (round == 0)
			protaddr_count_withheld();
	}
	protaddr_leaves_reset(&leaves);
	protaddr_leaves_add(&leaves, form, value, 0);
	for (int i = 0; i < leaves.n; i++)
		if (leaves.leaf[i].keys_of < 0)
			withhold_leaf(&leaves, &leaves.leaf[i]);
	return protaddr_leaves_value(&leaves, form, value, 0);
}

/* protaddr_guard is protaddr.guard(text, text). */
Datum
protaddr_guard(PG_FUNCTION_ARGS)
{
	ProtaddrForm form;

	protaddr_form_of(TEXTOID, -1, &form);
	PG_RETURN_DATUM(guarded(&form, PG_GETARG_DATUM(0), PG_GETARG_TEXT_PP(1)));
}

/* protaddr_guard_value is protaddr.guard(anyelement, text). */
Datum
protaddr_guard_value(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	ProtaddrForm form;

	if (!OidIsValid(type) || !protaddr_type_holds_text(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a value of type %s cannot hold an address as text", format_type_be(type)),
				 errhint("An address of type protaddr.address is released with protaddr.release().")));
	protaddr_form_of(type, -1, &form);
	PG_RETURN_DATUM(guarded(&form, PG_GETARG_DATUM(0), PG_GETARG_TEXT_PP(1)));
}

/* protaddr_guard_bytes is protaddr.guard(bytea, text, text), not strict. */
Datum
protaddr_guard_bytes(PG_FUNCTION_ARGS)
{
	ProtaddrForm form;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	protaddr_form_of(BYTEAOID, -1, &form);
	if (!PG_ARGISNULL(2))
		form.encoding = text_to_cstring(PG_GETARG_TEXT_PP(2));
	PG_RETURN_DATUM(guarded(&form, PG_GETARG_DATUM(0), PG_GETARG_TEXT_PP(1)));
}

/* protaddr_text_encoding_known is protaddr.text_encoding_known(text). */
Datum
protaddr_text_encoding_known(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(protaddr_encoding_known(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}
