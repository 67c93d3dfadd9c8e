/*
 * gathered.c
 *		What does a delivery say of each person, whatever the order it says it in?
 *
 * Pieces of record sets come in any order and go out in the order of their people, each
 * person once.  They are sorted in maintenance_work_mem and beyond it on disk, so a
 * delivery may be of any size; somebody who stands in it twice meets himself.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register_int.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

struct ProtaddrGathered
{
	Tuplesortstate *sort;
	bool		may_repeat;
	int64		pieces;
	MemoryContext per_person;
	/* a piece read ahead, which is of the next person */
	bool		ahead;
	ProtaddrRecordSet next;
	ProtaddrIdentifier next_under;
	MemoryContext per_next;
};

/* what of a piece is of a fixed size */
typedef struct Fixed
{
	bool		says;
	bool		says_number;
	bool		has_replaced_by;
	bool		has_keep;
	bool		has_unread;
	int32		ndelivered;
} Fixed;

/* of each protection of it */
typedef struct FixedDelivered
{
	TimestampTz valid_from;
	TimestampTz valid_to;
	DateADT		delete_hint;
	bool		has_delete_hint;
} FixedDelivered;

/*
 * protaddr_gathered_begin begins a gathering.  With may_repeat, of two record sets of a
 * person the one of the later position counts; else they refuse the delivery.
 */
ProtaddrGathered *
protaddr_gathered_begin(bool may_repeat)
{
	ProtaddrGathered *gathered = palloc0(sizeof(ProtaddrGathered));
	TypeCacheEntry *type = lookup_type_cache(BYTEAOID, TYPECACHE_LT_OPR);

	gathered->may_repeat = may_repeat;
	gathered->sort = tuplesort_begin_datum(BYTEAOID, type->lt_opr, InvalidOid, false,
										   maintenance_work_mem, NULL, TUPLESORT_RANDOMACCESS);
	gathered->per_person = AllocSetContextCreate(CurrentMemoryContext, "protaddr gathered person",
												 ALLOCSET_DEFAULT_SIZES);
	gathered->per_next = AllocSetContextCreate(CurrentMemoryContext, "protaddr gathered piece",
											   ALLOCSET_DEFAULT_SIZES);
	return gathered;
}

static void
put_number(StringInfo out, int64 number)
{
	/* negative ones before the others, byte by byte */
	uint64		sorted = pg_hton64((uint64) number ^ (UINT64CONST(1) << 63));

	appendBinaryStringInfo(out, (char *) &sorted, sizeof(sorted));
}

static void
put_text(StringInfo out, const char *text)
{
	if (text !=NULL)
		appendBinaryStringInfo(out, text, strlen(text) + 1);
}

/* protaddr_gathered_add adds a piece, to come out in the place of this identifier. */
void
protaddr_gathered_add(ProtaddrGathered *gathered, const ProtaddrIdentifier *under,
					  const ProtaddrRecordSet *piece)
{
	static StringInfoData out;
	Fixed		fixed;

	if (out.data == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		initStringInfo(&out);
		MemoryContextSwitchTo(old);
	}
	resetStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	/* no key holds a zero byte, so a shorter one sorts before a longer one, as in our indexes */
	appendBinaryStringInfo(&out, under->key, under->len);
	appendStringInfoChar(&out, '\0');
	put_number(&out, piece->position);
	put_number(&out, piece->whole);

	memset(&fixed, 0, sizeof(fixed));
	fixed.says = piece->says;
	fixed.says_number = piece->says_number;
	fixed.has_replaced_by = piece->replaced_by != NULL;
	fixed.has_keep = piece->keep != NULL;
	fixed.has_unread = piece->unread != NULL;
	fixed.ndelivered = piece->ndelivered;
	appendBinaryStringInfo(&out, (char *) &fixed, sizeof(fixed));
	put_text(&out, piece->subject);
	put_text(&out, piece->replaced_by);
	put_text(&out, piece->keep);
	put_text(&out, piece->unread);
	for (int i = 0; i < piece->ndelivered; i++)
	{
		FixedDelivered one;

		memset(&one, 0, sizeof(one));
		one.valid_from = piece->delivered[i].valid_from;
		one.valid_to = piece->delivered[i].valid_to;
		one.delete_hint = piece->delivered[i].delete_hint;
		one.has_delete_hint = piece->delivered[i].has_delete_hint;
		appendBinaryStringInfo(&out, (char *) &one, sizeof(one));
		put_text(&out, piece->delivered[i].code);
	}
	SET_VARSIZE(out.data, out.len);
	tuplesort_putdatum(gathered->sort, PointerGetDatum(out.data), false);
	gathered->pieces++;
}

int64
protaddr_gathered_pieces(const ProtaddrGathered *gathered)
{
	return gathered->pieces;
}

/* protaddr_gathered_sort ends the gathering: from here on pieces come out. */
void
protaddr_gathered_sort(ProtaddrGathered *gathered)
{
	tuplesort_performsort(gathered->sort);
}

/* protaddr_gathered_again lets them come out once more. */
void
protaddr_gathered_again(ProtaddrGathered *gathered)
{
	tuplesort_rescan(gathered->sort);
	gathered->ahead = false;
}

void
protaddr_gathered_end(ProtaddrGathered *gathered)
{
	tuplesort_end(gathered->sort);
	MemoryContextDelete(gathered->per_person);
	MemoryContextDelete(gathered->per_next);
	pfree(gathered);
}

static int64
get_number(const char **in)
{
	uint64		sorted;

	memcpy(&sorted, *in, sizeof(sorted));
	*in += sizeof(sorted);
	return (int64) (pg_ntoh64(sorted) ^ (UINT64CONST(1) << 63));
}

static const char *
get_text(const char **in, bool there)
{
	const char *text = *in;

	if (!there)
		return NULL;
	*in += strlen(text) + 1;
	return text;
}

/*
 * protaddr_gathered_piece gives the next piece and in whose place it came, in the current
 * memory context; false at the end.
 */
bool
protaddr_gathered_piece(ProtaddrGathered *gathered, ProtaddrIdentifier *under,
						ProtaddrRecordSet *piece)
{
	Datum		value;
	bool		isnull;
	const char *in;
	Fixed		fixed;
	size_t		len;

	if (!protaddr_tuplesort_getdatum(gathered->sort, &value, &isnull))
		return false;
	in = VARDATA(DatumGetPointer(value));
	len = strlen(in);
	Assert(len <= PA_SUBJECT_SIZE);
	memcpy(under->key, in, len);
	under->len = len;
	in += len + 1;

	memset(piece, 0, sizeof(*piece));
	piece->position = get_number(&in);
	piece->whole = get_number(&in);
	memcpy(&fixed, in, sizeof(fixed));
	in += sizeof(fixed);
	piece->says = fixed.says;
	piece->says_number = fixed.says_number;
	piece->ndelivered = fixed.ndelivered;
	piece->subject = get_text(&in, true);
	piece->replaced_by = get_text(&in, fixed.has_replaced_by);
	piece->keep = get_text(&in, fixed.has_keep);
	piece->unread = get_text(&in, fixed.has_unread);
	piece->delivered = palloc(Max(piece->ndelivered, 1) * sizeof(ProtaddrDelivered));
	for (int i = 0; i < piece->ndelivered; i++)
	{
		FixedDelivered one;

		memcpy(&one, in, sizeof(one));
		in += sizeof(one);
		piece->delivered[i].valid_from = one.valid_from;
		piece->delivered[i].valid_to = one.valid_to;
		piece->delivered[i].delete_hint = one.delete_hint;
		piece->delivered[i].has_delete_hint = one.has_delete_hint;
		piece->delivered[i].code = get_text(&in, true);
		piece->delivered[i].number = 0;
	}
	return true;
}

/* read_ahead reads a piece into the memory of what comes next. */
static void
read_ahead(ProtaddrGathered *gathered)
{
	MemoryContext old;

	MemoryContextReset(gathered->per_next);
	old = MemoryContextSwitchTo(gathered->per_next);
	gathered->ahead = protaddr_gathered_piece(gathered, &gathered->next_under, &gathered->next);
	MemoryContextSwitchTo(old);
}

static const char *
copy_text(const char *text)
{
	return text == NULL ? NULL : pstrdup(text);
}

/* add_types adds the types of records that could not be read. */
static const char *
add_types(const char *all, const char *more)
{
	if (all == NULL || more == NULL)
		return all == NULL ? copy_text(more) : all;
	return strstr(all, more) != NULL || strlen(all) > 64 ? all : psprintf("%s %s", all, more);
}

/* refuse_twice raises 22P02: somebody stands in the delivery twice. */
static void
refuse_twice(int64 first, int64 second)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("the delivery is refused whole: a person stands in it twice"),
			 errdetail("Records " INT64_FORMAT " and " INT64_FORMAT ".", Min(first, second), Max(first, second)),
			 errhint("The register is as it was before. Have the delivery sent again."),
			 protaddr_errprivate()));
}

/*
 * merge adds a piece to the record set of its person.  One with a later position takes
 * the place of what was said before of protections, if it says something of them.
 */
static void
merge(ProtaddrGathered *gathered, ProtaddrRecordSet *set, const ProtaddrRecordSet *piece)
{
	bool		says = piece->says || piece->ndelivered > 0;

	if (piece->whole != 0 && set->whole != 0 && piece->whole != set->whole &&
		!gathered->may_repeat)
		refuse_twice(set->whole, piece->whole);
	if (piece->whole != 0)
		set->whole = piece->whole;
	if (says && piece->position > set->position)
	{
		set->ndelivered = 0;
		set->says = false;
	}
	set->position = Max(set->position, piece->position);
	set->says |= piece->says;
	set->says_number |= piece->says_number;
	if (piece->replaced_by != NULL)
		set->replaced_by = copy_text(piece->replaced_by);
	if (piece->keep != NULL)
		set->keep = copy_text(piece->keep);
	set->unread = add_types(set->unread, piece->unread);

	if (set->ndelivered + piece->ndelivered > PROTADDR_MOST_DELIVERED)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a person has more than %d protections from one source", PROTADDR_MOST_DELIVERED),
				 protaddr_errprivate()));
	if (piece->ndelivered > 0)
		set->delivered = repalloc(set->delivered,
								  (set->ndelivered + piece->ndelivered) * sizeof(ProtaddrDelivered));
	for (int i = 0; i < piece->ndelivered; i++)
	{
		set->delivered[set->ndelivered] = piece->delivered[i];
		set->delivered[set->ndelivered++].code = pstrdup(piece->delivered[i].code);
	}
}

/*
 * protaddr_gathered_next gives what the delivery says of the next person, all of it,
 * until it is called again; false at the end.  Raises 22P02 for somebody who is there
 * twice.
 */
bool
protaddr_gathered_next(ProtaddrGathered *gathered, ProtaddrRecordSet *set)
{
	MemoryContext old;
	ProtaddrIdentifier id;

	if (!gathered->ahead)
		read_ahead(gathered);
	if (!gathered->ahead)
		return false;

	MemoryContextReset(gathered->per_person);
	old = MemoryContextSwitchTo(gathered->per_person);
	id = gathered->next_under;
	memset(set, 0, sizeof(*set));
	set->subject = pstrdup(gathered->next.subject);
	set->position = gathered->next.position;
	set->delivered = palloc(sizeof(ProtaddrDelivered));
	do
	{
		merge(gathered, set, &gathered->next);
		read_ahead(gathered);
	} while (gathered->ahead && protaddr_identifier_same(&gathered->next_under, &id));
	set->id = id;
	MemoryContextSwitchTo(old);
	return true;
}
