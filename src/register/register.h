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

/* ---- register/people.c: whom a source lists -------------------------- */

typedef struct ProtaddrPeople ProtaddrPeople;

extern ProtaddrPeople *protaddr_people_begin(const char *source, TimestampTz moment);
extern void protaddr_people_add(ProtaddrPeople *people, const char *subject,
								const ProtaddrIdentifier *id, uint64 hash);
extern void protaddr_people_end(ProtaddrPeople *people);

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
	TimestampTz valid_to;		/* DT_NOEND: in force; else a true end */
	DateADT		delete_hint;
	bool		has_delete_hint;
} ProtaddrDelivered;

typedef struct ProtaddrReplaced
{
	int64		persons;
	int64		protections;
	int64		protected;
	int64		newly_protected;
	int64		lifted;
	int64		unknown_codes;
	int64		replaced_numbers;
} ProtaddrReplaced;

typedef struct ProtaddrReplace ProtaddrReplace;

extern ProtaddrReplace *protaddr_replace_begin(const char *source, const char *regime);
extern void protaddr_replace_person(ProtaddrReplace *replace, const char *subject,
									const char *replaced_by,
									const ProtaddrDelivered *delivered, int ndelivered);
extern const ProtaddrReplaced *protaddr_replace_end(ProtaddrReplace *replace);
extern const ProtaddrReplaced *protaddr_replace_so_far(const ProtaddrReplace *replace);
extern TimestampTz protaddr_replace_moment(const ProtaddrReplace *replace);

#endif							/* PROTADDR_REGISTER_H */
