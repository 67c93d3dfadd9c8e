/*
 * gathered.c
 *		What does a delivery say of each person, whatever the order it says it in?
 *
 * Pieces of record sets come in any order and go out in the order of their people, each
 * person once.  They are sorted in maintenance_work_mem and beyond it on disk, so a
 * delivery may be of any size; somebody who stands in it twice meets himself.
 *
 * Of nearly everybody a delivery says the same: the number is theirs, and nothing protects
 * them.  These are sorted by themselves, as numbers, which takes a third of the time.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register_int.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

struct ProtaddrGathered
{
	Tuplesortstate *sort;
	Tuplesortstate *plain;		/* people of whom there is nothing but that, see pack */
	bool		may_repeat;
	/* what comes next of each */
	bool		has_packed;
	int64		packed;
	bool		has_value;
	Datum		value;
	MemoryContext per_value;
	int64		pieces;
	MemoryContext per_person;
	/* a piece read ahead, which is of the next person */
	bool		ahead;
	ProtaddrRecordSet next;
	ProtaddrIdentifier next_under;
	MemoryContext per_next;
};

/* what there is of a piece */
#define PIECE_SAYS			0x01
#define PIECE_SAYS_NUMBER	0x02
#define PIECE_REPLACED_BY	0x04
#define PIECE_KEEP			0x08
#define PIECE_UNREAD		0x10
#define PIECE_SUBJECT		0x20	/* it is not written as its key is */

#define NUMBER_ZERO			0x40	/* how many bytes a number has is told from here */

/* a plain piece: ten digits, and behind them which record set it is */
#define PACKED_DIGITS		10
#define PACKED_WHOLE_BITS	29

/* of each protection of it */
typedef struct FixedDelivered
{
	TimestampTz valid_from;
	TimestampTz valid_to;
	TimestampTz ends_at;
	DateADT		delete_hint;
	bool		has_delete_hint;
} FixedDelivered;

/* begin_sort readies one of two sorts. */
static Tuplesortstate *
begin_sort(Oid type, bool again)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_LT_OPR);

	return tuplesort_begin_datum(type, entry->lt_opr, InvalidOid, false, Max(maintenance_work_mem / 2, 64), NULL,
								 again ? TUPLESORT_RANDOMACCESS : TUPLESORT_NONE);
}

/*
 * protaddr_gathered_begin begins a gathering.  With may_repeat, of two record sets of a
 * person the one of the later position counts; else they refuse the delivery.  Only with
 * again can all come out once more: what was sorted on disk is then written there whole.
 */
ProtaddrGathered *
protaddr_gathered_begin(bool may_repeat, bool again)
{
	ProtaddrGathered *gathered = palloc0(sizeof(ProtaddrGathered));

	gathered->may_repeat = may_repeat;
	gathered->sort = begin_sort(BYTEAOID, again);
	gathered->plain = begin_sort(INT8OID, again);
	gathered->per_person = AllocSetContextCreate(CurrentMemoryContext, "protaddr gathered person",
												 ALLOCSET_DEFAULT_SIZES);
	gathered->per_next = AllocSetContextCreate(CurrentMemoryContext, "protaddr gathered piece",
											   ALLOCSET_DEFAULT_SIZES);
	gathered->per_value = AllocSetContextCreate(CurrentMemoryContext, "protaddr gathered value",
												ALLOCSET_SMALL_SIZES);
	return gathered;
}

/*
 * put_number writes a number in as few bytes as it needs, so that byte by byte a smaller
 * one comes before a larger one: how many bytes, and they; of negative ones all reversed.
 */
static void
put_number(StringInfo out, int64 number)
{
	uint64		magnitude = number < 0 ? ~(uint64) number : (uint64) number;
	int			bytes = magnitude == 0 ? 0 : pg_leftmost_one_pos64(magnitude) / 8 + 1;
	uint64		sorted = pg_hton64((uint64) number);

	appendStringInfoCharMacro(out, (char) (number < 0 ? NUMBER_ZERO - 1 - bytes : NUMBER_ZERO + bytes));
	appendBinaryStringInfo(out, (char *) &sorted + sizeof(sorted) - bytes, bytes);
}

static void
put_text(StringInfo out, const char *text)
{
	if (text !=NULL)
		appendBinaryStringInfo(out, text, strlen(text) + 1);
}

/*
 * pack makes a number of a piece that says nothing but that a person with ten digits has
 * the number and no protection, in the order of the digits; false of any other piece.
 */
static bool
pack(const ProtaddrIdentifier *under, const ProtaddrRecordSet *piece, int64 *packed)
{
	int64		number = 0;

	if (!piece->says || !piece->says_number || piece->ndelivered > 0 || piece->position != 0 ||
		piece->replaced_by != NULL || piece->keep != NULL || piece->unread != NULL ||
		piece->whole <= 0 || piece->whole >= INT64CONST(1) << PACKED_WHOLE_BITS ||
		under->len != PACKED_DIGITS)
		return false;
	for (int i = 0; i < PACKED_DIGITS; i++)
	{
		char		digit = under->key[i];

		if (digit < '0' || digit > '9' || piece->subject[i] != digit)
			return false;
		number = number * 10 + (digit - '0');
	}
	if (piece->subject[PACKED_DIGITS] != '\0')
		return false;
	*packed = number << PACKED_WHOLE_BITS | piece->whole;
	return true;
}

/* unpack gives its digits, with an end, and which record set it is. */
static int64
unpack(int64 packed, char *digits)
{
	int64		number = packed >> PACKED_WHOLE_BITS;

	for (int i = PACKED_DIGITS - 1; i >= 0; i--)
	{
		digits[i] = (char) ('0' + number % 10);
		number /= 10;
	}
	digits[PACKED_DIGITS] = '\0';
	return packed & ((INT64CONST(1) << PACKED_WHOLE_BITS) - 1);
}

/* protaddr_gathered_add adds a piece, to come out in the place of this identifier. */
void
protaddr_gathered_add(ProtaddrGathered *gathered, const ProtaddrIdentifier *under,
					  const ProtaddrRecordSet *piece)
{
	static StringInfoData out;
	int64		packed;
	bool		subject = (int) strlen(piece->subject) != under->len ||
	memcmp(piece->subject, under->key, under->len) != 0;

	gathered->pieces++;
	if (pack(under, piece, &packed))
	{
		tuplesort_putdatum(gathered->plain, Int64GetDatum(packed), false);
		return;
	}
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
	appendStringInfoCharMacro(&out,
							  (piece->says ? PIECE_SAYS : 0) |
							  (piece->says_number ? PIECE_SAYS_NUMBER : 0) |
							  (piece->replaced_by != NULL ? PIECE_REPLACED_BY : 0) |
							  (piece->keep != NULL ? PIECE_KEEP : 0) |
							  (piece->unread != NULL ? PIECE_UNREAD : 0) |
							  (subject ? PIECE_SUBJECT : 0));
	put_number(&out, piece->ndelivered);
	if (subject)
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
		one.ends_at = piece->delivered[i].ends_at;
		one.delete_hint = piece->delivered[i].delete_hint;
		one.has_delete_hint = piece->delivered[i].has_delete_hint;
		appendBinaryStringInfo(&out, (char *) &one, sizeof(one));
		put_text(&out, piece->delivered[i].code);
	}
	SET_VARSIZE(out.data, out.len);
	tuplesort_putdatum(gathered->sort, PointerGetDatum(out.data), false);
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
	tuplesort_performsort(gathered->plain);
}

/* protaddr_gathered_again lets them come out once more. */
void
protaddr_gathered_again(ProtaddrGathered *gathered)
{
	tuplesort_rescan(gathered->sort);
	tuplesort_rescan(gathered->plain);
	gathered->ahead = gathered->has_value = gathered->has_packed = false;
}

void
protaddr_gathered_end(ProtaddrGathered *gathered)
{
	tuplesort_end(gathered->sort);
	tuplesort_end(gathered->plain);
	MemoryContextDelete(gathered->per_person);
	MemoryContextDelete(gathered->per_next);
	MemoryContextDelete(gathered->per_value);
	pfree(gathered);
}

static int64
get_number(const char **in)
{
	int			told = (unsigned char) *(*in)++;
	bool		negative = told < NUMBER_ZERO;
	int			bytes = negative ? NUMBER_ZERO - 1 - told : told - NUMBER_ZERO;
	uint64		sorted = negative ? PG_UINT64_MAX : 0;

	memcpy((char *) &sorted + sizeof(sorted) - bytes, *in, bytes);
	*in += bytes;
	return (int64) pg_ntoh64(sorted);
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

/* look_ahead reads what comes next of both sorts. */
static void
look_ahead(ProtaddrGathered *gathered)
{
	Datum		value;
	bool		isnull;

	if (!gathered->has_packed && protaddr_tuplesort_getdatum(gathered->plain, &value, &isnull))
	{
		gathered->has_packed = true;
		gathered->packed = DatumGetInt64(value);
	}
	if (!gathered->has_value)
	{
		MemoryContext old;

		MemoryContextReset(gathered->per_value);
		old = MemoryContextSwitchTo(gathered->per_value);
		gathered->has_value = protaddr_tuplesort_getdatum(gathered->sort, &gathered->value, &isnull);
		MemoryContextSwitchTo(old);
	}
}

/* gives_plain gives a plain piece if that is what comes next. */
static bool
gives_plain(ProtaddrGathered *gathered, ProtaddrIdentifier *under, ProtaddrRecordSet *piece)
{
	char		digits[PACKED_DIGITS + 1];
	int64		whole;

	if (!gathered->has_packed)
		return false;
	whole = unpack(gathered->packed, digits);
	/* a key ends with a zero byte, as the digits do, and so a shorter one comes first */
	if (gathered->has_value && strcmp(digits, VARDATA(DatumGetPointer(gathered->value))) > 0)
		return false;
	gathered->has_packed = false;
	memset(piece, 0, sizeof(*piece));
	memcpy(under->key, digits, PACKED_DIGITS);
	under->len = PACKED_DIGITS;
	piece->subject = pstrdup(digits);
	piece->whole = whole;
	piece->says = piece->says_number = true;
	piece->delivered = palloc(sizeof(ProtaddrDelivered));
	return true;
}

/*
 * protaddr_gathered_piece gives the next piece and in whose place it came, in the current
 * memory context; false at the end.
 */
bool
protaddr_gathered_piece(ProtaddrGathered *gathered, ProtaddrIdentifier *under,
						ProtaddrRecordSet *piece)
{
	const char *in;
	int			there;
	size_t		len;

	look_ahead(gathered);
	if (gives_plain(gathered, under, piece))
		return true;
	if (!gathered->has_value)
		return false;
	/* what comes ahead of it next takes its place */
	gathered->has_value = false;
	in = VARDATA(DatumGetPointer(datumCopy(gathered->value, false, -1)));
	len = strlen(in);
	Assert(len <= PA_SUBJECT_SIZE);
	memcpy(under->key, in, len);
	under->len = len;
	in += len + 1;

	memset(piece, 0, sizeof(*piece));
	piece->position = get_number(&in);
	piece->whole = get_number(&in);
	there = (unsigned char) *in++;
	piece->says = (there & PIECE_SAYS) != 0;
	piece->says_number = (there & PIECE_SAYS_NUMBER) != 0;
	piece->ndelivered = (int) get_number(&in);
	piece->subject = (there & PIECE_SUBJECT) != 0 ? get_text(&in, true) : pnstrdup(under->key, under->len);
	piece->replaced_by = get_text(&in, (there & PIECE_REPLACED_BY) != 0);
	piece->keep = get_text(&in, (there & PIECE_KEEP) != 0);
	piece->unread = get_text(&in, (there & PIECE_UNREAD) != 0);
	piece->delivered = palloc(Max(piece->ndelivered, 1) * sizeof(ProtaddrDelivered));
	for (int i = 0; i < piece->ndelivered; i++)
	{
		FixedDelivered one;

		memcpy(&one, in, sizeof(one));
		in += sizeof(one);
		piece->delivered[i].valid_from = one.valid_from;
		piece->delivered[i].valid_to = one.valid_to;
		piece->delivered[i].ends_at = one.ends_at;
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
