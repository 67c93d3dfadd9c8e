/*
 * audit_int.h
 *		What the files of this room share.
 */
#ifndef PROTADDR_AUDIT_INT_H
#define PROTADDR_AUDIT_INT_H

#include "audit/audit.h"

#include "nodes/pg_list.h"

/* ---- audit/write.c ----------------------------------------------------------- */

extern const char *protaddr_audit_folder(void);
extern void protaddr_audit_place(PaTrailPlace *place);
extern PaTrailWriter *protaddr_audit_writer(void);
extern void protaddr_audit_fail(const PaTrailWriter *failed);

/* ---- audit/sign.c: who vouches for the chain ------------------------------------ */

#define PROTADDR_AUDIT_SIGN_SECONDS	60

extern void protaddr_audit_sign_settings(void);
extern bool protaddr_audit_sign_due(const PaTrailHead *head, int64 now_us);
extern bool protaddr_audit_sign_text(const char *text, size_t len, uint8_t key[PA_TRAIL_KEY_SIZE],
									 uint8_t signature[PA_TRAIL_SIGNATURE_SIZE]);
extern bool protaddr_audit_own_key(uint8_t key[PA_TRAIL_KEY_SIZE]);

/* ---- audit/files.c: the files ---------------------------------------------------- */

typedef struct ProtaddrAuditFile
{
	char		name[PA_TRAIL_NAME_SIZE];
	char		node[PA_TRAIL_NODE_SIZE + 1];
	uint64		number;
} ProtaddrAuditFile;

/* ended: the line has an end; false: no more */
typedef bool (*ProtaddrAuditReader) (const ProtaddrAuditFile *file, const char *line, size_t len, bool ended,
									 void *arg);

extern List *protaddr_audit_files(const char *folder);
extern uint64 protaddr_audit_read_file(const char *folder, const ProtaddrAuditFile *file, uint64 limit,
									   ProtaddrAuditReader reader, void *arg);

#endif							/* PROTADDR_AUDIT_INT_H */
