/*
 * people.c
 *		Whom has a register source told of?
 *
 * Everybody in a delivery is noted in protaddr.register_person, protected or not.
 * People are gathered in batches.  Those who are noted already, which every night
 * is nearly all, are found in the index; the others are written by PostgreSQL's own
 * COPY, the fastest way there is into a table.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "person/person.h"
#include "register/register.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "commands/copy.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define BATCH_PEOPLE	16384

typedef struct Person
{
	uint64		hash;
	char	   *subject;
	ProtaddrIdentifier id;
} Person;

struct ProtaddrPeople
{
	char	   *source;
	TimestampTz moment;
	MemoryContext per_batch;
	Person	   *batch;
	int			n;
};

/* What the COPY running now is still to be given. */
static StringInfoData copy_rest;

static void people_flush(ProtaddrPeople *people);
static void people_copy(ProtaddrPeople *people);
static int	give_copy(void *out, int least, int most);
static void show_progress(Oid target, const int64 *params);
static void append_field(StringInfo line, const char *text, char end);
static int	by_key(const void *a, const void *b);

/* protaddr_people_begin readies the noting of a source's people. */
ProtaddrPeople *
protaddr_people_begin(const char *source, TimestampTz moment)
{
	ProtaddrPeople *people = palloc0(sizeof(ProtaddrPeople));

	people->source = pstrdup(source);
	people->moment = moment;
	people->per_batch = AllocSetContextCreate(CurrentMemoryContext, "protaddr people, one batch",
											  ALLOCSET_DEFAULT_SIZES);
	people->batch = palloc(BATCH_PEOPLE * sizeof(Person));
	return people;
}

/* protaddr_people_add notes one more. */
void
protaddr_people_add(ProtaddrPeople *people, const char *subject, const ProtaddrIdentifier *id,
					uint64 hash)
{
	Person	   *person;

	if (people->n == BATCH_PEOPLE)
		people_flush(people);
	person = &people->batch[people->n++];
	person->hash = hash;
	person->subject = MemoryContextStrdup(people->per_batch, subject);
	person->id = *id;
}

/* protaddr_people_end writes what is left. */
void
protaddr_people_end(ProtaddrPeople *people)
{
	people_flush(people);
}

/*
 * people_flush keeps of the batch who is new, and writes them.  In the order of
 * their keys, neighbours stand on the same page of the index, and somebody who is
 * there twice stands beside himself.  Our own rows count at once, and nobody else
 * adds any of this source while the load holds its lock.
 */
static void
people_flush(ProtaddrPeople *people)
{
	Relation	rel;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	MemoryContext old;
	ScanKeyData keys[2];
	Datum		source;
	text	   *key;
	int			nnew = 0;

	if (people->n == 0)
		return;
	qsort(people->batch, people->n, sizeof(Person), by_key);

	old = MemoryContextSwitchTo(people->per_batch);
	source = CStringGetTextDatum(people->source);
	key = palloc(VARHDRSZ + PA_SUBJECT_SIZE);
	rel = table_open(protaddr_table(PROTADDR_REGISTER_PERSON), AccessShareLock);
	index = index_open(protaddr_table_index(PROTADDR_REGISTER_PERSON), AccessShareLock);
	slot = table_slot_create(rel, NULL);
	scan = protaddr_index_beginscan(rel, index, SnapshotSelf, 2);
	for (int i = 0; i < people->n; i++)
	{
		Person	   *person = &people->batch[i];

		if (nnew > 0 && protaddr_identifier_same(&people->batch[nnew - 1].id, &person->id))
			continue;
		SET_VARSIZE(key, VARHDRSZ + person->id.len);
		memcpy(VARDATA(key), person->id.key, person->id.len);
		ScanKeyEntryInitialize(&keys[0], 0, 1, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
							   F_TEXTEQ, PointerGetDatum(key));
		ScanKeyEntryInitialize(&keys[1], 0, 2, BTEqualStrategyNumber, InvalidOid,
							   DEFAULT_COLLATION_OID, F_TEXTEQ, source);
		index_rescan(scan, keys, 2, NULL, 0);
		if (!index_getnext_slot(scan, ForwardScanDirection, slot))
			people->batch[nnew++] = *person;
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);

	people->n = nnew;
	if (nnew > 0)
		people_copy(people);
	people->n = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(people->per_batch);
}

static int
by_key(const void *a, const void *b)
{
	const ProtaddrIdentifier *x = &((const Person *) a)->id;
	const ProtaddrIdentifier *y = &((const Person *) b)->id;
	int			result = memcmp(x->key, y->key, Min(x->len, y->len));

	return result != 0 ? result : x->len - y->len;
}

/* people_copy writes the batch, in COPY's text format. */
static void
people_copy(ProtaddrPeople *people)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_REGISTER_PERSON), RowExclusiveLock);
	ParseState *pstate = make_parsestate(NULL);
	CopyFromState copy;
	const char *moment = timestamptz_to_str(people->moment);
	Oid			target = MyBEEntry->st_progress_command_target;
	int64		params[PGSTAT_NUM_PROGRESS_PARAM];

	memcpy(params, MyBEEntry->st_progress_param, sizeof(params));
	initStringInfo(&copy_rest);
	for (int i = 0; i < people->n; i++)
	{
		append_field(&copy_rest, people->source, '\t');
		append_field(&copy_rest, people->batch[i].subject, '\t');
		append_field(&copy_rest, moment, '\n');
	}

	(void) addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL, false, false);
	copy = BeginCopyFrom(pstate, rel, NULL, NULL, false, give_copy,
						 list_make3(makeString("source"), makeString("subject"),
									makeString("known_since")),
						 list_make1(makeDefElem("encoding",
												(Node *) makeString(pstrdup(GetDatabaseEncodingName())),
												-1)));
	show_progress(target, params);
	if (CopyFrom(copy) != people->n)
		elog(ERROR, "could not note the people of a delivery");
	EndCopyFrom(copy);
	show_progress(target, params);
	table_close(rel, NoLock);
	CommandCounterIncrement();
}

/*
 * show_progress lets what the load shows of itself go on: COPY shows its own, in
 * places that the load leaves free.
 */
static void
show_progress(Oid target, const int64 *params)
{
	if (!OidIsValid(target))
		return;
	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, target);
	for (int i = PROTADDR_PROGRESS_PERSONS; i <= PROTADDR_PROGRESS_BYTES_TOTAL; i++)
		pgstat_progress_update_param(i, params[i]);
}

/* give_copy hands COPY some more of copy_rest. */
static int
give_copy(void *out, int least, int most)
{
	int			some = Min(most, copy_rest.len - copy_rest.cursor);

	memcpy(out, copy_rest.data + copy_rest.cursor, some);
	copy_rest.cursor += some;
	return some;
}

static void
append_field(StringInfo line, const char *text, char end)
{
	for (; *text !='\0'; text ++)
	{
		switch (*text)
		{
			case '\\':
				appendStringInfoString(line, "\\\\");
				break;
			case '\t':
				appendStringInfoString(line, "\\t");
				break;
			case '\n':
				appendStringInfoString(line, "\\n");
				break;
			case '\r':
				appendStringInfoString(line, "\\r");
				break;
			default:
				appendStringInfoCharMacro(line, *text);
		}
	}
	appendStringInfoChar(line, end);
}
