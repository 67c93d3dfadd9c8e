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

#include "base/base.h"
#include "person/person.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "common/hashfn.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
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

static const ProtaddrOwnTable tables[] = {
	{.name = "register_person", PROTADDR_COLUMNS(person_columns)},
};

const ProtaddrPart protaddr_known_part = {
	PROTADDR_TABLES(tables),
};

/*
 * Who was asked about, by a 64-bit hash of a random seed.  Who was known stays so, but
 * a link may come and go, and a load tells of more: so all of it lasts until the
 * register changes.  At most 32 MB, then it begins anew.  A session that asks about
 * many reads them all at once, if they are few enough to be remembered.
 */
#define REMEMBERED_MAX	1500000
#define ASKED_SINGLY	10000
#define LISTED_AT_ONCE	1000000
#define PEOPLE_PER_PAGE	100

typedef struct Remembered
{
	uint64		hash;
	bool		known;
	char		status;
} Remembered;

#define SH_PREFIX remembered
#define SH_ELEMENT_TYPE Remembered
#define SH_KEY_TYPE uint64
#define SH_KEY hash
#define SH_HASH_KEY(tb, key) ((uint32) (key))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static remembered_hash *remembered = NULL;
static int	asked = 0;
static uint64 remembered_generation = 0;
static uint64 remembered_seed;
static bool people_listed = false;	/* some source lists people */

static bool anybody_listed(void);
static bool listed(Relation rel, const ProtaddrIdentifier *id);
static bool ask(const char *key, int len);
static void read_all(void);

/* What the answer rests on. */
static inline uint64
generation(void)
{
	return protaddr_generation_seen(PROTADDR_PROTECTION) +
		protaddr_generation_seen(PROTADDR_IDENTITY_LINK) +
		protaddr_generation_seen(PROTADDR_REGISTER_SOURCE);
}

/*
 * protaddr_person_known is true if a register has told of whom the canonical
 * identifier stands for.  The caller has asked protaddr_register_ready before, and
 * knows already that the person is not protected.
 */
bool
protaddr_person_known(const char *key, int len)
{
	uint64		now = generation();
	uint64		hash;
	Remembered *entry;
	bool		found;
	bool		known;

	if (unlikely(remembered_generation != now || remembered == NULL ||
				 remembered->members >= REMEMBERED_MAX))
	{
		if (remembered != NULL)
		{
			remembered_destroy(remembered);
			remembered = NULL;
		}
		remembered_generation = 0;
		people_listed = anybody_listed();
		remembered_seed = pg_prng_uint64(&pg_global_prng_state);
		remembered = remembered_create(TopMemoryContext, 256, NULL);
		remembered_generation = now;
		asked = 0;
	}
	if (!people_listed)
		return true;

	hash = hash_bytes_extended((const unsigned char *) key, len, remembered_seed);
	entry = remembered_lookup(remembered, hash);
	if (entry != NULL)
		return entry->known;

	Assert(remembered != NULL && remembered_generation == now);
	if (++asked == ASKED_SINGLY)
		read_all();
	known = ask(key, len);
	/* what was read while the register changed is right now, but not to be kept */
	if (generation() == now && remembered_generation == now)
	{
		entry = remembered_insert(remembered, hash, &found);
		entry->known = known;
	}
	return known;
}

/* read_all remembers everybody whom a register has told of, unless they are too many. */
static void
read_all(void)
{
	Relation	rel = table_open(protaddr_register_person(), AccessShareLock);
	double		people = rel->rd_rel->reltuples;
	SysScanDesc scan;
	HeapTuple	tuple;

	/* of a table that nobody has analyzed yet, as after a restore */
	if (people < 0)
		people = (double) RelationGetNumberOfBlocks(rel) * PEOPLE_PER_PAGE;
	if (people <= LISTED_AT_ONCE)
	{
		scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)) &&
			   remembered->members < REMEMBERED_MAX)
		{
			bool		isnull;
			Datum		key = heap_getattr(tuple, PERSON_SUBJECT_KEY, RelationGetDescr(rel), &isnull);
			text	   *t;
			bool		found;

			CHECK_FOR_INTERRUPTS();
			if (isnull)
				continue;
			t = DatumGetTextPP(key);
			remembered_insert(remembered,
							  hash_bytes_extended((unsigned char *) VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t),
												  remembered_seed), &found)->known = true;
		}
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
}

/* ask looks for the person, and if there is none for whom the identifier stands for. */
static bool
ask(const char *key, int len)
{
	Relation	rel = table_open(protaddr_register_person(), AccessShareLock);
	ProtaddrIdentifier id;
	bool		known;

	memcpy(id.key, key, len);
	id.len = len;
	known = listed(rel, &id);
	if (!known)
	{
		int			npeople;
		ProtaddrIdentifier *people = protaddr_identity_people(&id, &npeople);

		for (int i = 1; i < npeople && !known; i++)
			known = listed(rel, &people[i]);
		pfree(people);
	}
	table_close(rel, AccessShareLock);
	return known;
}

/*
 * protaddr_person_resolved is true if an identifier that somebody else wrote, in a
 * message, leads to anybody we know: a register has told of them, or it is linked to
 * a person and no register lists people.
 */
bool
protaddr_person_resolved(const char *key, int len)
{
	ProtaddrIdentifier id;
	int			npeople;

	if (!protaddr_person_known(key, len))
		return false;
	if (people_listed)
		return true;
	memcpy(id.key, key, len);
	id.len = len;
	pfree(protaddr_identity_people(&id, &npeople));
	return npeople > 1;
}

static bool
anybody_listed(void)
{
	Relation	rel = table_open(protaddr_register_person(), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	bool		any = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return any;
}

static bool
listed(Relation rel, const ProtaddrIdentifier *id)
{
	text	   *wanted = cstring_to_text_with_len(id->key, id->len);
	ScanKeyData skey;
	SysScanDesc scan;
	bool		found;

	ScanKeyEntryInitialize(&skey, 0, PERSON_SUBJECT_KEY, BTEqualStrategyNumber, InvalidOid,
						   C_COLLATION_OID, F_TEXTEQ, PointerGetDatum(wanted));
	scan = systable_beginscan(rel, protaddr_register_person_index(), true, NULL, 1, &skey);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	pfree(wanted);
	return found;
}
