/*
 * binding.h
 *		Columns that are bound to the person another column names.
 */
#ifndef PROTADDR_BINDING_H
#define PROTADDR_BINDING_H

#include "base/base.h"
#include "person/person.h"

/* ---- binding/bind.c: whom an address concerns ------------------------------- */

extern bool protaddr_may_bind(const PaAddress *address);

/* ---- binding/bound_column.c: what a binding trigger knows about its table -- */

/* One per trigger and relation, kept between statements. */
typedef struct ProtaddrBoundColumn
{
	Oid			trigger;		/* hash key */
	Oid			relation;
	uint64		as_of;			/* how often relations had changed when it was read; 0: never */
	AttrNumber	subject;
	ProtaddrSubjectType subject_type;
	AttrNumber	address;
} ProtaddrBoundColumn;

extern const ProtaddrPart protaddr_bound_column_part;
extern AttrNumber protaddr_trigger_column(Relation rel, const char *name);
extern ProtaddrBoundColumn *protaddr_bound_column(TriggerData *trigdata, const char *subject,
												  const char *column);
extern void protaddr_check_row_trigger(FunctionCallInfo fcinfo, const char *function,
									   TriggerEvent when, int nargs);

/* ---- binding/bound_values.c: whom the values of a bound column concern ----- */

extern bool protaddr_concerns(const PaAddress *address, const ProtaddrIdentifier *person);

#endif							/* PROTADDR_BINDING_H */
