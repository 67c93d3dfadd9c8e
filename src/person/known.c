/*
 * known.c
 *		Has any register told of this person?
 *
 * A person of whom no register has ever said anything is not known to be
 * unprotected: a customer whose number is not subscribed to, a payer of another
 * bank.  What a channel does with such a person's address is a rule of its own
 * (protaddr.channel.when_unknown).
 *
 * Where no source lists people at all (a register kept by hand and confirmed
 * complete tells of those alone who are protected), everybody is known.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "base/base.h"
#include "person/person_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* columns of protaddr.register_person */
enum
{
	PERSON_SUBJECT_KEY = 1,
	PERSON_SOURCE,
	PERSON_SUBJECT,
	PERSON_KNOWN_SINCE
};

static const char *const person_columns[] = {
	[PERSON_SUBJECT_KEY] = "subject_key",
	[PERSON_SOURCE] = "source",
	[PERSON_SUBJECT] = "subject",
	[PERSON_KNOWN_SINCE] = "known_since",
};

static HeapTuple person_change(TriggerData *trigdata, HeapTuple row);

static const ProtaddrOwnTable tables[] = {
	{.name = "register_person", PROTADDR_COLUMNS(person_columns), .rules = PROTADDR_INSERT_ADDS,
	.change = person_change},
};

PG_FUNCTION_INFO_V1(protaddr_register_person_added);

const ProtaddrPart protaddr_known_part = {
	PROTADDR_TABLES(tables),
};

/*
 * Whom a register has told of by the very identifier asked about.  That stays true when
 * the register tells of more people, and whatever becomes of links and protections: it
 * is forgotten when people are removed.  A session that asks about many reads them all,
 * if they are few enough; else it remembers whom it asked about.
 */
#define LISTED_AT_FIRST		5000
#define LISTED_SINGLY		1500000 /* 18 MB; when it is full, it begins anew */
#define LISTED_AT_ONCE		2500000 /* 30 MB */
#define PEOPLE_PER_PAGE		100
#define LARGE_PAGE			(2 * 1024 * 1024)

#define ASKED_AT_LEAST		64

static PaFactTable listed_people;
static void *listed_memory = NULL;	/* in which it lies */
static uint64 nlisted_people = 0;
static uint64 listed_generation = 0;
static int	asked = 0;
static int	ask_singly = 0;		/* so many, then see whether to read all */

/*
 * What else was asked, by the same hash: who is known by a link, and who is not known.
 * It lasts until the register or a link changes; what is hidden of those who are known, as
 * it was read with their links, until a protection changes.
 */
#define ANSWERS_MAX		1000000

typedef struct Answer
{
	uint64		hash;
	uint64		protections;	/* generation of facts */
	uint8		facts;
	char		status;
} Answer;

#define SH_PREFIX answers
#define SH_ELEMENT_TYPE Answer
#define SH_KEY_TYPE uint64
#define SH_KEY hash
#define SH_HASH_KEY(tb, key) ((uint32) (key))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static answers_hash * answers = NULL;
static uint64 answers_generation = 0;
static bool people_listed = false;	/* some source lists people */

static bool anybody_listed(void);
static bool listed(Relation rel, const ProtaddrIdentifier *id, Snapshot snapshot);
static bool all_listed(const char *key, int len, unsigned int *by_links);
static unsigned int ask(const char *key, int len, bool *by_itself);
static void forget_listed(uint64 now, uint64 people);
static void read_all(void);

/* What the answers rest on. */
static inline uint64
answers_rest_on(void)
{
	return protaddr_additions_seen(PROTADDR_REGISTER_PERSON) +
		protaddr_generation_seen(PROTADDR_IDENTITY_LINK) +
		protaddr_generation_seen(PROTADDR_REGISTER_SOURCE);
}

/*
 * protaddr_said_of gives what of whom a canonical identifier stands for must not be told
 * (PROTADDR_HIDES_...), and PROTADDR_TOLD_OF if the registers have told of all of them,
 * as they have of whom they protect.  The caller has asked protaddr_register_ready before.
 */
int
protaddr_said_of(const char *key, int len)
{
	ProtaddrIdentifier id;
	unsigned int facts;
	bool		known;
	int			hides;

	if (likely(protaddr_picture_facts(key, len, &facts, &people_listed)))
		return (int) (facts & (PA_FACT_HIDES | PA_FACT_KNOWN)) | (people_listed ? 0 : PROTADDR_TOLD_OF);

	known = all_listed(key, len, &facts);
	if (facts != 0)
		return (int) facts;
	/* only now: whom a load that ended meanwhile has made known, it may have protected */
	hides = protaddr_protection_of(key, len);
	if (known)
		return hides | PROTADDR_TOLD_OF;
	if (hides == PROTADDR_HIDES_NOTHING)
		return hides;

	/* some are protected, and the others, if there are any, perhaps unknown */
	memcpy(id.key, key, len);
	id.len = len;
	return (int) protaddr_facts_of_tables(&id);
}

/*
 * all_listed is true if the registers have told of everybody whom an identifier stands for,
 * or list nobody.  by_links: where it takes links to say so, all facts, which were read
 * with the links in one snapshot, since somebody may end a protection and make a link at
 * once; else 0.
 */
static bool
all_listed(const char *key, int len, unsigned int *by_links)
{
	uint64		protections = protaddr_generation_seen(PROTADDR_PROTECTION);
	uint64		removals = protaddr_generation_seen(PROTADDR_REGISTER_PERSON);
	uint64		now = answers_rest_on();
	uint64		hash;
	Answer	   *answer;
	bool		by_itself;
	bool		found;
	bool		known;
	unsigned int facts;

	*by_links = 0;
	if (unlikely(listed_generation != removals))
		forget_listed(removals, LISTED_AT_FIRST);
	if (unlikely(answers_generation != now || answers == NULL || answers->members >= ANSWERS_MAX))
	{
		if (answers != NULL)
		{
			answers_destroy(answers);
			answers = NULL;
		}
		answers_generation = 0;
		people_listed = anybody_listed();
		answers = answers_create(TopMemoryContext, 256, NULL);
		answers_generation = now;
	}
	if (!people_listed)
		return true;

	hash = protaddr_person_hash(key, len);
	if (likely(protaddr_fact_find(&listed_people, hash) != 0))
		return true;
	answer = answers_lookup(answers, hash);
	if (answer != NULL)
	{
		if ((answer->facts & PA_FACT_KNOWN) == 0)
			return false;
		if (answer->protections == protections)
		{
			*by_links = answer->facts;
			return true;
		}
	}

	Assert(answers != NULL && answers_generation == now);
	if (++asked == ask_singly)
	{
		read_all();
		if (protaddr_fact_find(&listed_people, hash) != 0)
			return true;
	}
	facts = ask(key, len, &by_itself);
	known = (facts & PA_FACT_KNOWN) != 0;
	if (known && !by_itself)
		*by_links = facts;

	/* what was read while the register changed is right now, but not to be kept */
	if (protaddr_added_here() || answers_rest_on() != now || answers_generation != now ||
		protaddr_generation_seen(PROTADDR_PROTECTION) != protections)
		return known;
	if (!by_itself)
	{
		answer = answers_insert(answers, hash, &found);
		answer->facts = (uint8) facts;
		answer->protections = protections;
	}
	else
		switch (protaddr_fact_store(&listed_people, nlisted_people, hash, 0, PA_FACT_KNOWN))
		{
			case PA_FACT_NEW:
				nlisted_people++;
				break;
			case PA_FACT_FULL:
				if (asked > ask_singly)
				{
					memset(listed_people.word, 0, listed_people.nwords * sizeof(uint64));
					nlisted_people = 0;
				}
				break;
			case PA_FACT_THERE:
				break;
		}
	return known;
}

/*
 * protaddr_asked_soon says that the registers will be asked about a canonical identifier in
 * a moment: the processor fetches what they say of it meanwhile.
 */
void
protaddr_asked_soon(const char *key, int len)
{
	if (!protaddr_picture_asked_soon(key, len))
		protaddr_fact_prefetch(&listed_people, protaddr_person_hash(key, len));
}

/* forget_listed begins anew, with room for so many people. */
static void
forget_listed(uint64 now, uint64 people)
{
	uint64		nwords = protaddr_fact_words(people);
	Size		size = nwords * sizeof(uint64);
	void	   *memory = listed_memory;

	listed_generation = 0;
	nlisted_people = 0;
	listed_people.nwords = 0;
	listed_people.word = NULL;
	listed_memory = NULL;
	if (memory != NULL)
		pfree(memory);
	/* each question looks at another page, so few large ones are faster where there are such */
	if (size >= LARGE_PAGE)
		size += LARGE_PAGE;
	listed_memory = MemoryContextAllocHuge(TopMemoryContext, size);
	listed_people.word = (uint64 *) listed_memory;
#ifdef MADV_HUGEPAGE
	if (size >= LARGE_PAGE)
	{
		listed_people.word = (uint64 *) TYPEALIGN(LARGE_PAGE, listed_memory);
		(void) madvise(listed_people.word, TYPEALIGN_DOWN(LARGE_PAGE, nwords * sizeof(uint64)),
					   MADV_HUGEPAGE);
	}
#endif
	memset(listed_people.word, 0, nwords * sizeof(uint64));
	listed_people.nwords = nwords;
	listed_generation = now;
	asked = 0;
	ask_singly = ASKED_AT_LEAST;
}

/* note_listed stores hashes, which have been fetched to the processor meanwhile. */
static void
note_listed(const uint64 *hashes, int n)
{
	for (int i = 0; i < n; i++)
		nlisted_people += protaddr_fact_store(&listed_people, nlisted_people, hashes[i], 0,
											  PA_FACT_KNOWN) == PA_FACT_NEW;
}

/*
 * read_all remembers everybody whom a register has told of.  If that would not pay yet,
 * or they are too many, those alone are remembered who are asked about.
 */
static void
read_all(void)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_REGISTER_PERSON), AccessShareLock);
	double		people = rel->rd_rel->reltuples;
	uint64		now = listed_generation;
	SysScanDesc scan;
	HeapTuple	tuple;
	uint64		hashes[32];
	int			n = 0;
	int			wait;

	/* of a table that nobody has analyzed yet, as after a restore */
	if (people < 0)
		people = (double) RelationGetNumberOfBlocks(rel) * PEOPLE_PER_PAGE;
	wait = (int) (Min(people, LISTED_AT_ONCE) / PROTADDR_QUESTION_COSTS);
	if (wait > ask_singly)
		ask_singly = wait;
	else if (people > LISTED_AT_ONCE || protaddr_added_here())
	{
		forget_listed(now, LISTED_SINGLY);
		asked = ask_singly;
	}
	else
	{
		forget_listed(now, (uint64) (people * 1.1));
		asked = ask_singly;
		scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			bool		isnull;
			Datum		key = heap_getattr(tuple, PERSON_SUBJECT_KEY, RelationGetDescr(rel), &isnull);
			text	   *t;

			CHECK_FOR_INTERRUPTS();
			if (isnull)
				continue;
			t = DatumGetTextPP(key);
			hashes[n] = protaddr_person_hash(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
			protaddr_fact_prefetch(&listed_people, hashes[n]);
			if (++n == lengthof(hashes))
			{
				note_listed(hashes, n);
				n = 0;
			}
		}
		systable_endscan(scan);
		note_listed(hashes, n);
	}
	table_close(rel, AccessShareLock);
}

/* ask looks for the person, and if there is none for all facts of whom the identifier stands for. */
static unsigned int
ask(const char *key, int len, bool *by_itself)
{
	ProtaddrIdentifier id;

	memcpy(id.key, key, len);
	id.len = len;
	*by_itself = protaddr_known_itself(&id, NULL);
	return *by_itself ? PA_FACT_KNOWN : protaddr_facts_of_tables(&id);
}

/*
 * protaddr_person_resolved tells whether an identifier that somebody else wrote, in a
 * message, leads to people we know: the registers have told of all of them, or it is linked
 * to somebody and no register lists people.  said: what they say of it.
 */
ProtaddrResolved
protaddr_person_resolved(const ProtaddrIdentifier *id, int said)
{
	int			npeople;

	if ((said & PROTADDR_TOLD_OF) != 0 && (people_listed || (said & ~PROTADDR_TOLD_OF) != 0))
		return PROTADDR_RESOLVED;
	pfree(protaddr_identity_stands_for(id, &npeople));
	if (npeople == 1)
		return PROTADDR_NOT_RESOLVED;
	return (said & PROTADDR_TOLD_OF) != 0 ? PROTADDR_RESOLVED : PROTADDR_RESOLVED_IN_PART;
}

/* protaddr_known_itself is true if a register has told of this very identifier. */
bool
protaddr_known_itself(const ProtaddrIdentifier *id, Snapshot snapshot)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_REGISTER_PERSON), AccessShareLock);
	bool		known = listed(rel, id, snapshot);

	table_close(rel, AccessShareLock);
	return known;
}

/* People are removed by nobody but a superuser's own statement. */
static HeapTuple
person_change(TriggerData *trigdata, HeapTuple row)
{
	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		protaddr_picture_change_all();
	return row;
}

/*
 * protaddr_register_person_added is the trigger own_row_added on protaddr.register_person,
 * AFTER ROW: for millions of rows, one BEFORE each would have COPY write them singly.
 */
Datum
protaddr_register_person_added(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	ProtaddrIdentifier id;
	bool		isnull;
	text	   *t;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) || TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		RelationGetRelid(trigdata->tg_relation) != protaddr_table(PROTADDR_REGISTER_PERSON))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"register_person_added\" is not used as the trigger it is made for")));
	t = DatumGetTextPP(heap_getattr(trigdata->tg_trigtuple, PERSON_SUBJECT_KEY,
									RelationGetDescr(trigdata->tg_relation), &isnull));
	id.len = VARSIZE_ANY_EXHDR(t);
	if (id.len <= PA_SUBJECT_SIZE)
	{
		memcpy(id.key, VARDATA_ANY(t), id.len);
		protaddr_picture_person_added(&id);
	}
	return PointerGetDatum(NULL);
}

static bool
anybody_listed(void)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_REGISTER_PERSON), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	bool		any = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return any;
}

static bool
listed(Relation rel, const ProtaddrIdentifier *id, Snapshot snapshot)
{
	ProtaddrRows rows;
	bool		found;

	protaddr_rows_of(&rows, rel, protaddr_table_index(PROTADDR_REGISTER_PERSON), PERSON_SUBJECT_KEY, id, snapshot);
	found = HeapTupleIsValid(systable_getnext(rows.scan));
	systable_endscan(rows.scan);
	return found;
}
