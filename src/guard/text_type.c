/*
 * text_type.c
 *		Which columns could hold an address as text?
 */
#include "postgres.h"

#include "guard/guard.h"
#include "keys/keys.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(protaddr_text_type);

/*
 * protaddr_type_holds_text tells whether values of a type could hold an address as
 * text: text types, XML, JSON, bytea, hstore, composites, and arrays and domains of
 * these.  Not what holds protaddr.address, which a gate works on or refuses.
 */
bool
protaddr_type_holds_text(Oid type)
{
	Oid			element;
	HeapTuple	tuple;
	Form_pg_type form;
	bool		holds;

	if (protaddr_type_holds_address(type))
		return false;
	type = getBaseType(type);
	element = get_element_type(type);
	if (OidIsValid(element))
		type = getBaseType(element);
	if (type == XMLOID || type == JSONOID || type == JSONBOID || type == BYTEAOID)
		return true;

	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_type) GETSTRUCT(tuple);
	holds = form->typcategory == TYPCATEGORY_STRING || form->typtype == TYPTYPE_COMPOSITE ||
		strcmp(NameStr(form->typname), "hstore") == 0;
	ReleaseSysCache(tuple);
	return holds;
}

/* protaddr_text_type is protaddr.text_type(oid). */
Datum
protaddr_text_type(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(protaddr_type_holds_text(PG_GETARG_OID(0)));
}
