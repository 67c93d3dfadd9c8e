/*
 * person_int.h
 *		What the files of this room tell each other.
 */
#ifndef PROTADDR_PERSON_INT_H
#define PROTADDR_PERSON_INT_H

#include "person/fact_table.h"
#include "person/person.h"
#include "person/told_of.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

/* ---- what the tables say of one identifier itself, whomever it stands for ----- */

/* as a snapshot has it; NULL: as it is committed now */
extern int	protaddr_hides_itself(const ProtaddrIdentifier *id, Snapshot snapshot);
extern bool protaddr_known_itself(const ProtaddrIdentifier *id, Snapshot snapshot);
extern ProtaddrIdentifier *protaddr_identity_people_at(const ProtaddrIdentifier *id,
													   Snapshot snapshot, int *npeople);
extern ProtaddrIdentifier *protaddr_identity_leads(const ProtaddrIdentifier *id, Snapshot snapshot,
												   int *npeople, PaLead **lead, int *nleads);
extern unsigned int protaddr_facts_of_tables(const ProtaddrIdentifier *id);
extern Snapshot protaddr_register_snapshot(void);
extern ProtaddrIdentifier *protaddr_identity_subjects(const ProtaddrIdentifier *id, int *nsubjects);

/* as many as one link leads to: whom an identifier stands for, and its older numbers */
#define PROTADDR_IDENTITY_NEXT	(PROTADDR_IDENTITY_PEOPLE + PROTADDR_IDENTITY_NUMBERS)

/* the same of one row: whom it is about, and what it says, if it counts now */
extern bool protaddr_link_counts(HeapTuple row, TupleDesc desc, Datum *key, Datum *to,
								 bool *back);
extern int	protaddr_protection_hides(HeapTuple row, TupleDesc desc, Datum *key);

/* A question to the tables costs as much as reading so many people. */
#define PROTADDR_QUESTION_COSTS 512

extern const char *protaddr_replica_why_behind(TimestampTz statement);

/* ---- person/picture.c: the picture that all sessions share --------------------- */

typedef enum PictureState
{
	PICTURE_NONE = 0,
	PICTURE_BEING_BUILT,		/* changes are noted in it, nobody reads it */
	PICTURE_READY
} PictureState;

typedef enum PictureObstacle
{
	PICTURE_NO_OBSTACLE = 0,
	PICTURE_NOT_PRELOADED,
	PICTURE_ON_STANDBY,
	PICTURE_TOO_LARGE,
	PICTURE_WRITERS,
	PICTURE_PREPARED,
	PICTURE_TRIGGERS,
	PICTURE_DROPPED,
	PICTURE_NO_WORKER
} PictureObstacle;

#define PICTURE_DATABASES	8
#define PICTURE_STRIPES		256

/* The picture of one database.  All but "ready" is read and written under the lock. */
typedef struct Picture
{
	Oid			database;		/* InvalidOid: nobody's place */
	Oid			protection;		/* the table it was read from: another one after CREATE EXTENSION */
	PictureState state;
	int			builder;		/* process that is at it, 0: nobody */
	PictureObstacle obstacle;	/* why there was none when one was last wanted */
	uint64		serial;			/* of the last attempt to build it */
	pg_atomic_uint64 ready;		/* its serial while it may be read, else 0 */
	uint64		first;			/* its part of the words of all */
	uint64		nwords;
	PaFactTable facts;			/* both lie there */
	PaLinkTable pairs;
	uint64		used;			/* words of facts that are not 0 */
	uint64		pairs_used;
	pg_atomic_uint64 version;	/* moves before and after each change: odd while one is made */
	uint64		wanted;			/* so many identifiers, or pairs, did not fit the last time */
	uint64		pairs_wanted;
	unsigned char key[PA_FACT_KEY_SIZE];
	bool		listed;			/* some source lists people */
	int64		people;			/* when it was built */
	int64		protections;
	int64		links;
	int64		noted;			/* changes since */
	int64		settled;
	TimestampTz built_at;
	int64		took_us;
	TimestampTz retry_at;

	/*
	 * Changes begun, by a part of the hash, and how many of their transactions have not ended:
	 * what somebody read before or meanwhile does not settle anything.
	 */
	uint64		begun[PICTURE_STRIPES];
	uint32		open[PICTURE_STRIPES];
} Picture;

typedef struct Pictures
{
	LWLock	   *lock;
	uint64		nwords;			/* of all databases */
	uint64		last_serial;

	/*
	 * Transactions that change a register, in two groups: who builds a picture has new ones join
	 * the other group, and waits until nobody is left in the first.
	 */
	int			group;
	uint32		writers[2];

	pg_atomic_uint64 asked;		/* while there was no picture */
	pg_atomic_uint64 moves;		/* each time a picture comes or goes */
	Picture		picture[PICTURE_DATABASES];
	uint64		word[FLEXIBLE_ARRAY_MEMBER];
} Pictures;

extern Pictures *protaddr_pictures;

extern bool protaddr_picture_asked_soon(const char *key, int len);
extern bool protaddr_picture_facts(const char *key, int len, unsigned int *facts, bool *listed);
extern bool protaddr_picture_settled_facts(const char *key, int len, unsigned int *facts);
extern void protaddr_picture_change(const ProtaddrIdentifier *id);
extern void protaddr_person_changes(const ProtaddrIdentifier *id);
extern void protaddr_picture_row_change(TriggerData *trigdata, HeapTuple row, AttrNumber key, AttrNumber source);
extern void protaddr_picture_change_all(void);
extern bool protaddr_picture_writing(void);
extern Picture *protaddr_picture_of(Oid database);
extern void protaddr_picture_drop(Picture *picture, PictureObstacle obstacle);
extern bool protaddr_picture_store(Picture *picture, uint64 hash, unsigned int remove, unsigned int add);
extern bool protaddr_picture_store_link(Picture *picture, uint64 from, uint64 to);

/* ---- person/picture_build.c ----------------------------------------------------- */

extern bool protaddr_picture_build(int wait_ms);
extern void protaddr_picture_abandon(void);
extern bool protaddr_picture_wanted(void);

#endif							/* PROTADDR_PERSON_INT_H */
