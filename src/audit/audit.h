/*
 * audit.h
 *		The audit trail: what any room above puts on record, whatever becomes of its transaction.
 *
 * A room makes a record so:
 *
 *		ProtaddrAudit record;
 *
 *		protaddr_audit_begin(&record, "export_read");
 *		protaddr_audit_text(&record, "relation", name);
 *		protaddr_audit_number(&record, "rows", rows);
 *		protaddr_audit_write(&record);
 *
 * The kind is a word of lower-case letters and underscores; doc/audit.md lists them all, with
 * their fields.  Who, when, in which database, from where and in which transaction is added
 * by itself.  Lists come last: what does not fit into a record (8 kB) is left out, and all
 * behind it ("full": true).
 *
 * protaddr_audit_write appends it to this node's files outside the transaction: it is there
 * when it returns, and stays whatever is rolled back.  If it cannot be written, the error
 * (53100 or 53000) is raised: so make the record before what it records.
 *
 * A record holds no address, and no identifier of a person: of a person, a keyed id alone
 * (keys/keyed_id.c).
 *
 * A room below this one tells what happens through an interest that audit registers there.
 */
#ifndef PROTADDR_AUDIT_H
#define PROTADDR_AUDIT_H

#include "audit/trail.h"
#include "base/base.h"

#include "datatype/timestamp.h"

/* ---- audit/write.c: making a record ---------------------------------------- */

typedef PaTrailRecord ProtaddrAudit;

extern const ProtaddrPart protaddr_audit_part;

extern void protaddr_audit_begin(ProtaddrAudit *record, const char *kind);

/* In the database's encoding; NULL: left out.  name NULL: an item of a list. */
extern void protaddr_audit_text(ProtaddrAudit *record, const char *name, const char *value);
extern void protaddr_audit_number(ProtaddrAudit *record, const char *name, int64 number);
extern void protaddr_audit_bool(ProtaddrAudit *record, const char *name, bool yes);
extern void protaddr_audit_hex(ProtaddrAudit *record, const char *name, const uint8 *bytes, size_t len);
extern void protaddr_audit_open(ProtaddrAudit *record, const char *name, char bracket);
extern void protaddr_audit_close(ProtaddrAudit *record, char bracket);

extern void protaddr_audit_key(ProtaddrAudit *record, uint64 key);	/* of the keyed ids in it */
extern void protaddr_audit_time(ProtaddrAudit *record, const char *name, TimestampTz time);

extern void protaddr_audit_write(const ProtaddrAudit *record);

/*
 * For what has been announced already, or cannot be undone any more: raises nothing, reads
 * no catalog, waits for no disk; false if it could not be written.
 */
extern bool protaddr_audit_write_after(const ProtaddrAudit *record);

/* The error of what protaddr_audit_write_after() could not write. */
pg_noreturn extern void protaddr_audit_refuse(void);

/* Who acts now, as each record says it; to be kept for one that is made where no catalog may be read. */
#define PROTADDR_AUDIT_WHO_SIZE	2048

typedef struct ProtaddrAuditWho
{
	size_t		len;
	char		json[PROTADDR_AUDIT_WHO_SIZE];
} ProtaddrAuditWho;

extern void protaddr_audit_who(ProtaddrAuditWho *who);
extern void protaddr_audit_begin_as(ProtaddrAudit *record, const char *kind, const ProtaddrAuditWho *who);

/* The number of the record that this session wrote last. */
extern uint64 protaddr_audit_last(void);

/* ---- audit/statement.c: one summary a statement ------------------------------ */

/*
 * A room that counts in a statement, and records at its end what came of it: it is called
 * when the statement that the client sent is over, whatever came of it, and for what comes
 * outside any at the end of the transaction.  It writes with protaddr_audit_write_after(), and
 * gives false as long as it could not: then the transaction cannot commit.
 */
typedef bool (*ProtaddrAuditSummary) (void);

extern const ProtaddrPart protaddr_audit_statement_part;
extern void protaddr_audit_summarize(ProtaddrAuditSummary summary);
extern void protaddr_audit_statement_relations(ProtaddrAudit *record, const char *name);

/* ---- audit/own_change.c: changes of our own tables --------------------------- */

/* Adds to a record whom an identifier names, by a keyed id. */
typedef void (*ProtaddrAuditNamer) (ProtaddrAudit *record, const char *identifier);

extern const ProtaddrPart protaddr_audit_own_change_part;
extern void protaddr_audit_write_change(const ProtaddrAudit *record);
extern void protaddr_audit_names_people(ProtaddrAuditNamer function);

#endif							/* PROTADDR_AUDIT_H */
