/*
 * audit_int.h
 *		What the files of this room share.
 */
#ifndef PROTADDR_AUDIT_INT_H
#define PROTADDR_AUDIT_INT_H

#include "audit/audit.h"

extern const char *protaddr_audit_folder(void);
extern void protaddr_audit_place(PaTrailPlace *place);
extern PaTrailWriter *protaddr_audit_writer(void);
extern void protaddr_audit_fail(const PaTrailWriter *failed);

#endif							/* PROTADDR_AUDIT_INT_H */
