/*
 * register.h
 *		Deliveries of registers, and what they change.
 */
#ifndef PROTADDR_REGISTER_H
#define PROTADDR_REGISTER_H

#include "datatype/timestamp.h"
#include "utils/date.h"

#include "person/person.h"

/* ---- register/forget.c: history that may no longer be kept ----------------- */

extern const ProtaddrPart protaddr_register_part;

/* where a load shows how far it is (protaddr.load_progress): COPY leaves these free */
#define PROTADDR_PROGRESS_PERSONS		10
#define PROTADDR_PROGRESS_BYTES			11
#define PROTADDR_PROGRESS_BYTES_TOTAL	12

/* ---- register/replace.c: a record set takes the place of the one before ---- */

/* One protection as a delivery tells it. */
typedef struct ProtaddrDelivered
{
	const char *code;
	TimestampTz valid_from;		/* DT_NOBEGIN: not told */
	TimestampTz valid_to;		/* when it ends or has ended; DT_NOEND: not told */
	TimestampTz ends_at;		/* a true end that is to come, set by protaddr_replace_person;
								 * DT_NOEND: none */
	DateADT		delete_hint;
	bool		has_delete_hint;
	int			number;			/* of which of the person's numbers: but for the newest, 0, it ends
								 * nothing */
} ProtaddrDelivered;

#define PROTADDR_MOST_DELIVERED	256 /* protections of one person from one source */

/* What a delivery says of one person, or a piece of it. */
typedef struct ProtaddrRecordSet
{
	ProtaddrIdentifier id;		/* set by protaddr_replace_person */
	const char *subject;
	int64		whole;			/* which record set of the delivery this is: two of one person
								 * refuse it; 0: a piece, of which a person may have many */
	int64		position;		/* in the feed: of two record sets the later one counts */
	bool		says;			/* which protections there are: what it does not have has ended */
	bool		says_number;	/* whether the number was replaced: without replaced_by, it was not */
	const char *replaced_by;	/* the number that took its place, or NULL */
	const char *keep;			/* why what it does not have has not ended all the same, or NULL */
	const char *unread;			/* types of records that could not be read, or NULL: each may be a
								 * protection */
	int			ndelivered;
	ProtaddrDelivered *delivered;
} ProtaddrRecordSet;

/* What a delivery is. */
typedef struct ProtaddrDelivery
{
	const char *source;
	const char *regime;
	bool		may_repeat;		/* a person may stand in it more than once, at later positions */
	bool		everybody;		/* the whole population: who is not in it is noted, and stays */
	bool		dry_run;		/* nothing of it is to be written, however it comes out */
} ProtaddrDelivery;

typedef struct ProtaddrReplaced
{
	int64		persons;
	int64		protections;
	int64		protected;
	int64		newly_protected;
	int64		lifted;
	int64		unknown_codes;
	int64		replaced_numbers;
	int64		kept;			/* people whose protection goes on although it is not said any more */
	int64		untold;			/* protected people of whom the delivery cannot tell */
	int64		absent;			/* protected people who are not in a delivery of everybody */
	int64		noted;			/* people of whom the source has told for the first time */
	int64		grown;			/* by how many the rows in force have grown */
	bool		tells;			/* of protections */
	bool		first;			/* nobody was known before, of any source */
} ProtaddrReplaced;

typedef struct ProtaddrReplace ProtaddrReplace;

/* whether what was counted may be written */
typedef bool (*ProtaddrMayWrite) (void *arg, const ProtaddrReplaced *counts);

extern ProtaddrReplace *protaddr_replace_begin(const ProtaddrDelivery *delivery);
extern void protaddr_replace_person(ProtaddrReplace *replace, ProtaddrRecordSet *piece);
extern const ProtaddrReplaced *protaddr_replace_end(ProtaddrReplace *replace, bool tells,
													ProtaddrMayWrite may, void *arg);
extern int64 protaddr_replace_so_far(const ProtaddrReplace *replace);
extern TimestampTz protaddr_replace_moment(const ProtaddrReplace *replace);

/* ---- register/counts.c: what a load counted, as SQL has it -------------------- */

/* A load, as its function knows it. */
typedef struct ProtaddrLoaded
{
	FunctionCallInfo fcinfo;	/* of the function, which returns protaddr.load_counts */
	Datum		asked;			/* protaddr.load_asked */
	int64		records;
	int64		skipped;
	TimestampTz moment;
	Datum		digest;			/* of the delivery, and */
	Datum		types;			/* of its records; 0 if it has none */
	char		outcome[32];	/* set by protaddr_load_may_write */
} ProtaddrLoaded;

extern Datum protaddr_counts(const ProtaddrLoaded *loaded, const ProtaddrReplaced *counts);
extern bool protaddr_load_is_dry(Datum asked);
extern bool protaddr_load_may_write(void *arg, const ProtaddrReplaced *counts);

#endif							/* PROTADDR_REGISTER_H */
