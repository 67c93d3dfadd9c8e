/*
 * people.c
 *		Whom has a register source told of?
 *
 * Everybody of whom a delivery tells is noted in protaddr.register_person, protected or
 * not.  They come in the order of their keys and are met with who is noted already,
 * which every night is nearly all; the others are written by PostgreSQL's own COPY, the
 * fastest way there is into a table, and in the order of its index.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "person/person.h"
#include "register/register_int.h"

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

/* columns of protaddr.register_person */
#define PERSON_SUBJECT_KEY	1
#define PERSON_SOURCE		2

struct ProtaddrPeople
{
	text	   *source;
	char	   *source_field;
	const char *moment;
	MemoryContext per_batch;
	ProtaddrInOrder *noted;
	int			n;				/* people in the batch */
	int64		all;			/* people noted by this load */
};

/* What the COPY running now is still to be given: the batch. */
static StringInfoData copy_rest;

static void people_copy(ProtaddrPeople *people);
static int	give_copy(void *out, int least, int most);
static void show_progress(Oid target, const int64 *params);
static void append_field(StringInfo line, const char *text, char end);

/* protaddr_people_begin readies the noting of a source's people. */
ProtaddrPeople *
protaddr_people_begin(const char *source, TimestampTz moment)
{
	ProtaddrPeople *people = palloc0(sizeof(ProtaddrPeople));

	people->source = cstring_to_text(source);
	people->source_field = pstrdup(source);
	people->moment = pstrdup(timestamptz_to_str(moment));
	people->per_batch = AllocSetContextCreate(CurrentMemoryContext, "protaddr people, one batch",
											  ALLOCSET_DEFAULT_SIZES);
	people->noted = protaddr_in_order_begin(protaddr_table(PROTADDR_REGISTER_PERSON),
											protaddr_table_index(PROTADDR_REGISTER_PERSON), PERSON_SUBJECT_KEY);
	initStringInfo(&copy_rest);
	return people;
}

/* is_noted is true if the source has told of the person before. */
static bool
is_noted(ProtaddrPeople *people, const ProtaddrIdentifier *id)
{
	for (TupleTableSlot *slot = protaddr_in_order_at(people->noted, id, false); slot != NULL;
		 slot = protaddr_in_order_next(people->noted, id))
	{
		bool		isnull;
		text	   *source = DatumGetTextPP(slot_getattr(slot, PERSON_SOURCE, &isnull));

		if (VARSIZE_ANY_EXHDR(source) == VARSIZE_ANY_EXHDR(people->source) &&
			memcmp(VARDATA_ANY(source), VARDATA_ANY(people->source), VARSIZE_ANY_EXHDR(source)) == 0)
			return true;
	}
	return false;
}

/* protaddr_people_add notes one more, who comes after those before, and once. */
void
protaddr_people_add(ProtaddrPeople *people, const char *subject, const ProtaddrIdentifier *id)
{
	if (is_noted(people, id))
		return;
	append_field(&copy_rest, people->source_field, '\t');
	append_field(&copy_rest, subject, '\t');
	append_field(&copy_rest, people->moment, '\n');
	people->all++;
	if (++people->n == BATCH_PEOPLE)
		people_copy(people);
}

/* protaddr_people_end writes what is left; it gives how many were noted. */
int64
protaddr_people_end(ProtaddrPeople *people)
{
	if (people->n > 0)
		people_copy(people);
	protaddr_in_order_end(people->noted);
	return people->all;
}

/* people_copy writes the batch, in COPY's text format. */
static void
people_copy(ProtaddrPeople *people)
{
	MemoryContext old = MemoryContextSwitchTo(people->per_batch);
	Relation	rel = table_open(protaddr_table(PROTADDR_REGISTER_PERSON), RowExclusiveLock);
	ParseState *pstate = make_parsestate(NULL);
	CopyFromState copy;
	Oid			target = MyBEEntry->st_progress_command_target;
	int64		params[PGSTAT_NUM_PROGRESS_PARAM];

	memcpy(params, MyBEEntry->st_progress_param, sizeof(params));
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
	resetStringInfo(&copy_rest);
	people->n = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(people->per_batch);
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
