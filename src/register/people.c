/*
 * people.c
 *		Whom has a register source told of?
 *
 * Everybody of whom a delivery tells is noted in protaddr.register_person, protected or
 * not.  They come in the order of their keys and are met with who is noted already,
 * which every night is nearly all; the others are written in the same order, many at once
 * (bulk.c).
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person.h"
#include "register/register_int.h"

#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* what is written for each of them is said here, not by the trigger for other statements */
#define OWN_TRIGGER		"own_row_added"

/* columns of protaddr.register_person */
enum
{
	PERSON_SUBJECT_KEY = 1,
	PERSON_SOURCE,
	PERSON_SUBJECT,
	PERSON_KNOWN_SINCE,
	PERSON_COLUMNS
};

struct ProtaddrPeople
{
	text	   *source;
	TimestampTz moment;
	MemoryContext context;
	ProtaddrInOrder *noted;
	ProtaddrBulk *bulk;			/* NULL: nobody is new yet */
	int64		all;			/* people noted by this load */
};

/* protaddr_people_begin readies the noting of a source's people. */
ProtaddrPeople *
protaddr_people_begin(const char *source, TimestampTz moment)
{
	ProtaddrPeople *people = palloc0(sizeof(ProtaddrPeople));

	people->source = cstring_to_text(source);
	people->moment = moment;
	people->context = CurrentMemoryContext;
	people->noted = protaddr_in_order_begin(protaddr_table(PROTADDR_REGISTER_PERSON),
											protaddr_table_index(PROTADDR_REGISTER_PERSON));
	return people;
}

/*
 * protaddr_people_noted is true if the source has told of a person before, who comes after
 * those asked about before.
 */
bool
protaddr_people_noted(ProtaddrPeople *people, const ProtaddrIdentifier *id)
{
	return protaddr_in_order_has(people->noted, id, people->source);
}

/* begin_writing readies the table for the first who is new; most events have nobody. */
static void
begin_writing(ProtaddrPeople *people)
{
	MemoryContext old = MemoryContextSwitchTo(people->context);

	people->bulk = protaddr_bulk_begin(protaddr_table(PROTADDR_REGISTER_PERSON), OWN_TRIGGER);
	MemoryContextSwitchTo(old);
}

/*
 * protaddr_people_add notes somebody of whom the source has not told, once.  It leaves
 * memory to be reset by the caller.
 */
void
protaddr_people_add(ProtaddrPeople *people, const char *subject, const ProtaddrIdentifier *id)
{
	TupleTableSlot *row;

	if (people->bulk == NULL)
		begin_writing(people);
	else if (protaddr_bulk_full(people->bulk))
		protaddr_bulk_flush(people->bulk);
	row = protaddr_bulk_row(people->bulk);
	Assert(row->tts_tupleDescriptor->natts == PERSON_COLUMNS - 1);
	memset(row->tts_isnull, 0, (PERSON_COLUMNS - 1) * sizeof(bool));
	row->tts_values[PERSON_SUBJECT_KEY - 1] = PointerGetDatum(cstring_to_text_with_len(id->key, id->len));
	row->tts_values[PERSON_SOURCE - 1] = PointerGetDatum(people->source);
	row->tts_values[PERSON_SUBJECT - 1] = CStringGetTextDatum(subject);
	row->tts_values[PERSON_KNOWN_SINCE - 1] = TimestampTzGetDatum(people->moment);
	protaddr_picture_person_added(id);
	protaddr_bulk_add(people->bulk);
	people->all++;
}

/* protaddr_people_end writes what is left; it gives how many were noted. */
int64
protaddr_people_end(ProtaddrPeople *people)
{
	if (people->bulk != NULL)
		protaddr_bulk_end(people->bulk);
	protaddr_in_order_end(people->noted);
	return people->all;
}
