/*
 * person.h
 *		Who is meant by an identifier, and what the registers say of them.
 */
#ifndef PROTADDR_PERSON_H
#define PROTADDR_PERSON_H

#include "base/base.h"
#include "person/subject.h"

#include "access/genam.h"
#include "utils/snapshot.h"

/* ---- person/identifier.c: identifiers as SQL sees them --------------------- */

/* The canonical identifier in a column of a row; false if NULL or nothing in it. */
typedef struct ProtaddrIdentifier
{
	char		key[PA_SUBJECT_SIZE];
	int			len;
} ProtaddrIdentifier;

extern bool protaddr_identifier_from_text(const char *text, size_t len, ProtaddrIdentifier *id);
extern bool protaddr_identifier_if_any(const char *text, size_t len, ProtaddrIdentifier *id);
extern bool protaddr_identifier_from_utf8(const char *text, size_t len, ProtaddrIdentifier *id);
extern bool protaddr_identifier_same(const ProtaddrIdentifier *a, const ProtaddrIdentifier *b);

/* The rows of a table about one identifier: read with systable_getnext. */
typedef struct ProtaddrRows
{
	SysScanDesc scan;
	union
	{
		text		t;
		char		room[VARHDRSZ + PA_SUBJECT_SIZE];
	}			key;
} ProtaddrRows;

extern void protaddr_rows_of(ProtaddrRows *rows, Relation rel, Oid index, AttrNumber column,
							 const ProtaddrIdentifier *id, Snapshot snapshot);

/* ---- person/subject_type.c: which columns can name people ------------------ */

/* How the values of a column become text, by our own code and the same in every session. */
typedef enum ProtaddrPlainType
{
	PROTADDR_PLAIN_NONE = 0,	/* they cannot */
	PROTADDR_PLAIN_TEXT,
	PROTADDR_PLAIN_CHAR,		/* with blanks that fill it up */
	PROTADDR_PLAIN_INT2,
	PROTADDR_PLAIN_INT4,
	PROTADDR_PLAIN_INT8,
	PROTADDR_PLAIN_NUMERIC,
	PROTADDR_PLAIN_UUID
} ProtaddrPlainType;

typedef struct ProtaddrSubjectType
{
	ProtaddrPlainType plain;	/* of an array: of its elements */
	bool		is_array;		/* each element is a person */
} ProtaddrSubjectType;

extern ProtaddrPlainType protaddr_plain_type(Oid type);
extern bool protaddr_subject_type(Oid type, ProtaddrSubjectType *subject);
extern bool protaddr_identifier_from_datum(Datum value, ProtaddrPlainType type,
										   ProtaddrIdentifier *id);
extern bool protaddr_identifier_in_datum(Datum value, ProtaddrPlainType type,
										 ProtaddrIdentifier *id);
extern char *protaddr_plain_text(Datum value, ProtaddrPlainType type);
extern int	protaddr_identifiers_from_datum(Datum value, const ProtaddrSubjectType *type,
											ProtaddrIdentifier people[PA_MAX_SUBJECTS]);

/* ---- person/link.c: whom an identifier stands for -------------------------- */

#define PROTADDR_IDENTITY_STEPS		4	/* links in a chain */
#define PROTADDR_IDENTITY_PEOPLE	64	/* subjects of one identifier */
#define PROTADDR_IDENTITY_ALL		256 /* the same over all links */
#define PROTADDR_IDENTITY_NUMBERS	64	/* numbers of one person */

/* the kind of a link between two numbers of one person, the older one first */
#define PROTADDR_REPLACED_NUMBER	"replaced number"

extern const ProtaddrPart protaddr_link_part;

extern bool protaddr_link_since(const ProtaddrIdentifier *id, TimestampTz moment);

/* Whom a question about an identifier is about: whom it stands for, with all their numbers. */
extern ProtaddrIdentifier *protaddr_identity_people(const ProtaddrIdentifier *id, int *npeople);

/* Everybody an identifier stands for, itself first, without older numbers; palloc'd. */
extern ProtaddrIdentifier *protaddr_identity_stands_for(const ProtaddrIdentifier *id, int *npeople);

/* Whatever stands for a person under any of their numbers, the person first. */
extern ProtaddrIdentifier *protaddr_identity_identifiers(Relation rel,
														 const ProtaddrIdentifier *person,
														 Snapshot snapshot, int *nidentifiers);

/* The people at the ends of the links of some identifiers, each once; palloc'd. */
extern ProtaddrIdentifier *protaddr_identity_ends(const PaText *id, int nids, int *nends);

extern bool protaddr_identity_may_replace(const ProtaddrIdentifier *from,
										  const ProtaddrIdentifier *to);

/* ---- person/protected.c: who is protected ---------------------------------- */

/* What of a person must not be told: an OR over everything the register says. */
#define PROTADDR_HIDES_NOTHING	0
#define PROTADDR_HIDES_ADDRESS	1
#define PROTADDR_HIDES_TOWN		2
#define PROTADDR_HIDES_NAME		4
#define PROTADDR_HIDES_ALL		(PROTADDR_HIDES_ADDRESS | PROTADDR_HIDES_TOWN | PROTADDR_HIDES_NAME)

/* columns of protaddr.protection, which deliveries read and write, too */
enum
{
	PROTECTION_SUBJECT_KEY = 1,
	PROTECTION_KIND,
	PROTECTION_ID,
	PROTECTION_SUBJECT,
	PROTECTION_REGIME,
	PROTECTION_CODE,
	PROTECTION_SOURCE,
	PROTECTION_VALID_FROM,
	PROTECTION_VALID_TO,
	PROTECTION_DELETE_HINT,
	PROTECTION_RECORDED_FROM,
	PROTECTION_RECORDED_TO,
	PROTECTION_RECORDED_BY,
	PROTECTION_REASON,
	PROTECTION_ENDS_AT,
	PROTECTION_COLUMNS
};

extern const ProtaddrPart protaddr_protected_part;
extern const char *protaddr_register_why_not_ready(void);
extern bool protaddr_register_ready(void);
extern uint64 protaddr_person_hash(const char *key, int len);
extern int	protaddr_protection_of(const char *key, int len);
extern bool protaddr_protected_since(const char *key, int len, TimestampTz moment);
extern int	protaddr_protection_of_all(const PaAddress *address);

/* ---- person/in_progress.c: what may come to be said of a person --------------- */

typedef void (*ProtaddrPersonWatcher) (const ProtaddrIdentifier *id);

extern void protaddr_watch_people(ProtaddrPersonWatcher function);
extern void protaddr_person_touched(const ProtaddrIdentifier *id);
extern bool protaddr_may_be_protected(const ProtaddrIdentifier *id);
extern ProtaddrIdentifier *protaddr_may_stand_for(const ProtaddrIdentifier *person, int *n);
extern void protaddr_may_be_protected_all(ProtaddrPersonWatcher told);

/* ---- person/known.c: whom the registers have told of ----------------------- */

extern const ProtaddrPart protaddr_known_part;

/* What the registers say of whom an identifier stands for: PROTADDR_HIDES_..., and this. */
#define PROTADDR_TOLD_OF		8

/* Whether what somebody else wrote leads to people we know. */
typedef enum ProtaddrResolved
{
	PROTADDR_NOT_RESOLVED,		/* to nobody */
	PROTADDR_RESOLVED_IN_PART,	/* to people we know and to others no register lists */
	PROTADDR_RESOLVED
} ProtaddrResolved;

extern int	protaddr_said_of(const char *key, int len);
extern void protaddr_asked_soon(const char *key, int len);
extern ProtaddrResolved protaddr_person_resolved(const ProtaddrIdentifier *id, int said);

/* ---- person/replica.c: how new is what is replicated here --------------------- */

extern const ProtaddrPart protaddr_replica_part;

/* ---- person/picture.c: what all sessions share ------------------------------- */

extern const ProtaddrPart protaddr_picture_part;
extern void protaddr_picture_person_added(const ProtaddrIdentifier *id);

/* ---- person/recorded.c: how the audit trail names a person --------------------- */

extern const ProtaddrPart protaddr_person_recorded_part;

#endif							/* PROTADDR_PERSON_H */
