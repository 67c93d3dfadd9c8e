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
#include "protaddr.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#define PERSON_SUBJECT_KEY	1	/* column of protaddr.register_person */

/*
 * Direct-mapped: a collision only asks again.  Who was known stays so, but a link
 * may come and go, and a load tells of more: so all of it lasts until the register
 * changes.
 */
#define REMEMBERED	1024

typedef struct Remembered
{
	int16		len;			/* 0: empty */
	bool		known;
	char		key[PA_SUBJECT_SIZE];
} Remembered;

static Remembered remembered[REMEMBERED];
static uint64 remembered_generation = 0;
static bool people_listed = false;	/* some source lists people */

static bool anybody_listed(void);
static bool listed(Relation rel, const ProtaddrIdentifier *id);

/*
 * protaddr_person_known is true if a register has told of whom the canonical
 * identifier stands for.  The caller has asked protaddr_register_ready before, and
 * knows already that the person is not protected.
 */
bool
protaddr_person_known(const char *key, int len)
{
	uint64		now = protaddr_generation_seen(PROTADDR_PROTECTION) +
		protaddr_generation_seen(PROTADDR_IDENTITY_LINK) +
		protaddr_generation_seen(PROTADDR_REGISTER_SOURCE);
	Remembered *slot = &remembered[hash_bytes((const unsigned char *) key, len) % REMEMBERED];
	ProtaddrIdentifier id;
	ProtaddrIdentifier *people;
	int			npeople;
	Relation	rel;
	bool		known = false;

	if (unlikely(remembered_generation != now))
	{
		memset(remembered, 0, sizeof(remembered));
		people_listed = anybody_listed();
		remembered_generation = now;
	}
	if (!people_listed)
		return true;
	if (slot->len == len && memcmp(slot->key, key, len) == 0)
		return slot->known;

	memcpy(id.key, key, len);
	id.len = len;
	people = protaddr_identity_people(&id, &npeople);
	rel = table_open(protaddr_register_person(), AccessShareLock);
	for (int i = 0; i < npeople && !known; i++)
		known = listed(rel, &people[i]);
	table_close(rel, AccessShareLock);
	pfree(people);

	/* what was read while the register changed is right now, but not to be kept */
	if (remembered_generation == protaddr_generation_seen(PROTADDR_PROTECTION) +
		protaddr_generation_seen(PROTADDR_IDENTITY_LINK) +
		protaddr_generation_seen(PROTADDR_REGISTER_SOURCE))
	{
		slot->len = len;
		slot->known = known;
		memcpy(slot->key, key, len);
	}
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
