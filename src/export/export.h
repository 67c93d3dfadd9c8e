/*
 * export.h
 *		Exports: relations from which nothing protected gets out, whoever wrote them.
 */
#ifndef PROTADDR_EXPORT_H
#define PROTADDR_EXPORT_H

#include "base/base.h"

extern const ProtaddrPart protaddr_export_declare_part;
extern const ProtaddrPart protaddr_proxy_part;
extern const ProtaddrPart protaddr_ways_out_part;
extern const ProtaddrPart protaddr_export_verdict_part;
extern const ProtaddrPart protaddr_export_schema_part;
extern const ProtaddrPart protaddr_export_domain_part;
extern const ProtaddrPart protaddr_export_cast_part;
extern const ProtaddrPart protaddr_export_reading_part;
extern const ProtaddrPart protaddr_export_execute_part;
extern const ProtaddrPart protaddr_export_file_part;

#endif							/* PROTADDR_EXPORT_H */
