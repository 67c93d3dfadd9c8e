/*
 * function.c
 *		Which functions does the lineage of a column see through?
 *
 * PostgreSQL's own that are immutable give what they make of their arguments, and nothing
 * else.  Of the others the lists below name those that add no more than the time, the
 * session or chance; the rest read tables, files, settings or other sessions.  A function
 * whose body is one parsed query is walked like a view.  Everything else is seen through by
 * nobody, unless a superuser has declared it safe as it stands.
 */
#include "postgres.h"

#include "export/export_int.h"
#include "keys/keys.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* Built-in functions that are not immutable and still read nothing but their arguments. */
static const char *const reads_nothing[] = {
	"age", "anytextcat", "array_to_json", "array_to_string", "clock_timestamp", "concat", "concat_ws",
	"convert", "convert_from", "convert_to", "current_database", "current_user", "date", "date_part",
	"date_trunc", "enum_first", "enum_last", "enum_range", "extract", "format", "gen_random_uuid",
	"generate_series", "getdatabaseencoding", "getpgusername", "interval_pl_timestamptz", "json_agg",
	"json_build_array", "json_build_object", "json_object_agg", "json_populate_record",
	"json_populate_recordset", "json_to_record", "json_to_recordset", "jsonb_agg", "jsonb_build_array",
	"jsonb_build_object", "jsonb_object_agg", "jsonb_path_exists_tz", "jsonb_path_match_tz",
	"jsonb_path_query_array_tz", "jsonb_path_query_first_tz", "jsonb_path_query_tz",
	"jsonb_populate_record", "jsonb_populate_recordset", "jsonb_to_record", "jsonb_to_recordset",
	"length", "make_timestamptz", "money", "now", "numeric", "overlaps", "pg_client_encoding",
	"quote_literal", "quote_nullable", "random", "row_to_json", "session_user", "statement_timestamp",
	"textanycat", "time", "timeofday", "timestamp", "timestamptz", "timestamptz_mi_interval",
	"timestamptz_pl_interval", "timetz", "timezone", "to_char", "to_date", "to_json", "to_jsonb",
	"to_number", "to_timestamp", "transaction_timestamp", "version", "xml"
};

/* Built-in functions in whose result each argument stands as it is, as a whole. */
static const char *const keeps_whole[] = {
	"anytextcat", "array_agg", "array_append", "array_cat", "array_prepend", "array_to_json",
	"array_to_string", "concat", "concat_ws", "first_value", "initcap", "json_agg",
	"json_build_array", "json_build_object", "json_object_agg", "jsonb_agg", "jsonb_build_array",
	"jsonb_build_object", "jsonb_object_agg", "lag", "last_value", "lead", "lower",
	"nth_value", "row_to_json", "string_agg", "text", "textanycat", "textcat", "to_json", "to_jsonb",
	"unnest", "upper"
};

/* Built-in functions that tell how much there is, and no letter of it. */
static const char *const tells_size[] = {
	"array_length", "array_ndims", "bit_length", "cardinality", "char_length", "character_length",
	"count", "json_array_length", "jsonb_array_length", "length", "octet_length"
};

/* Our own.  What they make of an address is judged by where the address comes from. */
static const struct
{
	const char *name;
	ProtaddrSight sight;
}	own[] = {
	{"address", PROTADDR_SEEN},
	{"address_cmp", PROTADDR_SEEN},
	{"address_eq", PROTADDR_SEEN},
	{"address_ne", PROTADDR_SEEN},
	{"building_name", PROTADDR_SEEN},
	{"building_number", PROTADDR_SEEN},
	{"care_of", PROTADDR_SEEN},
	{"country", PROTADDR_SEEN},
	{"country_subdivision", PROTADDR_SEEN},
	{"floor", PROTADDR_SEEN},
	{"guard", PROTADDR_SEEN_GUARD},
	{"post_box", PROTADDR_SEEN},
	{"post_code", PROTADDR_SEEN},
	{"release", PROTADDR_SEEN_RELEASE},
	/* these see to the addresses of a message, and not to its texts */
	{"release_json", PROTADDR_SEEN_WHOLE},
	{"release_message", PROTADDR_SEEN_WHOLE},
	{"release_mt", PROTADDR_SEEN_WHOLE},
	{"room", PROTADDR_SEEN},
	{"show", PROTADDR_SEEN_WHOLE},
	{"show_iso", PROTADDR_SEEN},
	{"show_location", PROTADDR_SEEN_PROXY},
	{"show_name", PROTADDR_SEEN_PROXY},
	{"street_name", PROTADDR_SEEN},
	{"town_location_name", PROTADDR_SEEN},
	{"town_name", PROTADDR_SEEN},
};

static bool
named(const char *name, const char *const *list, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* protaddr_is_built_in is true of what PostgreSQL itself brings, written by hand. */
bool
protaddr_is_built_in(Oid function)
{
	return function < FirstGenbkiObjectId;
}

/* protaddr_equality is true of operators, PostgreSQL's and ours, that only tell whether two values are the same. */
bool
protaddr_equality(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	bool		equality = false;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_operator form = (Form_pg_operator) GETSTRUCT(tuple);
		const char *name = NameStr(form->oprname);

		if (protaddr_is_built_in(operator))
			equality = strcmp(name, "=") == 0 || strcmp(name, "<>") == 0;
		else if (form->oprnamespace == get_namespace_oid("protaddr", true))
			equality = strcmp(name, "===") == 0 || strcmp(name, "!==") == 0;
		ReleaseSysCache(tuple);
	}
	return equality;
}

static ProtaddrSight
built_in_sight(Form_pg_proc form)
{
	const char *name = NameStr(form->proname);

	/* comparisons of times depend on the time zone, and are called after their types */
	if (form->provolatile != PROVOLATILE_IMMUTABLE &&
		!(form->prorettype == BOOLOID && form->provolatile == PROVOLATILE_STABLE &&
		  (strncmp(name, "date_", 5) == 0 || strncmp(name, "timestamp", 9) == 0)) &&
		!named(name, reads_nothing, lengthof(reads_nothing)))
		return PROTADDR_UNSEEN;
	if (named(name, tells_size, lengthof(tells_size)))
		return PROTADDR_SEEN_SIZE;
	/* with a second argument they take away the letters that it names */
	if (form->pronargs == 1 &&
		(strcmp(name, "btrim") == 0 || strcmp(name, "ltrim") == 0 || strcmp(name, "rtrim") == 0))
		return PROTADDR_SEEN_WHOLE;
	return named(name, keeps_whole, lengthof(keeps_whole)) ? PROTADDR_SEEN_WHOLE : PROTADDR_SEEN;
}

static ProtaddrSight
own_sight(const char *name)
{
	for (int i = 0; i < lengthof(own); i++)
		if (strcmp(name, own[i].name) == 0)
			return own[i].sight;
	return PROTADDR_UNSEEN;
}

/* is_polymorphic is true if the types of the body depend on the call. */
static bool
is_polymorphic(HeapTuple tuple)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	bool		isnull;
	Datum		all;

	if (IsPolymorphicType(form->prorettype) || OidIsValid(form->provariadic))
		return true;
	for (int i = 0; i < form->pronargs; i++)
		if (IsPolymorphicType(form->proargtypes.values[i]))
			return true;
	all = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proallargtypes, &isnull);
	if (!isnull)
	{
		ArrayType  *array = DatumGetArrayTypeP(all);
		Oid		   *types = (Oid *) ARR_DATA_PTR(array);

		for (int i = 0; i < ARR_DIMS(array)[0]; i++)
			if (IsPolymorphicType(types[i]))
				return true;
	}
	return false;
}

/*
 * protaddr_sight tells how far a function is seen through; if it is not, why, in words that
 * name it.
 */
ProtaddrSight
protaddr_sight(Oid function, char **why)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	ProtaddrSight sight = PROTADDR_UNSEEN;
	Form_pg_proc form;
	bool		isnull;

	*why = NULL;
	if (!HeapTupleIsValid(tuple))
	{
		*why = pstrdup("a function that is gone");
		return PROTADDR_UNSEEN;
	}
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (protaddr_is_built_in(function))
		sight = built_in_sight(form);
	else if (form->pronamespace == get_namespace_oid("protaddr", true))
		sight = own_sight(NameStr(form->proname));
	else if (protaddr_declared_safe(function))
		sight = PROTADDR_SEEN_SAFE;
	else if (form->prolang == SQLlanguageId && form->prokind == PROKIND_FUNCTION && !is_polymorphic(tuple))
	{
		/* a body in quotes is parsed anew each time, with the names that are found then */
		(void) SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &isnull);
		if (!isnull)
			sight = PROTADDR_SEEN_BODY;
		else
			*why = psprintf("function %s has a body in quotes", format_procedure(function));
	}
	if (sight == PROTADDR_UNSEEN && *why == NULL)
		*why = psprintf(protaddr_is_built_in(function) ? "function %s reads more than its arguments" :
						"function %s cannot be seen through", format_procedure(function));
	ReleaseSysCache(tuple);
	return sight;
}

/*
 * protaddr_cast_to_json tells whether converting a value of this type to JSON calls a function
 * that somebody has made: a cast of theirs, of the type or of one inside it.
 */
bool
protaddr_cast_to_json(Oid type)
{
	Oid			element;

	check_stack_depth();
	type = getBaseType(type);
	element = get_element_type(type);
	if (OidIsValid(element))
		return protaddr_cast_to_json(element);
	if (type_is_rowtype(type))
	{
		TupleDesc	desc;
		bool		found = false;

		/* of what other types a record is made is not known */
		if (type == RECORDOID)
			return false;
		desc = lookup_rowtype_tupdesc(type, -1);
		for (int i = 0; i < desc->natts && !found; i++)
			if (!TupleDescAttr(desc, i)->attisdropped)
				found = protaddr_cast_to_json(TupleDescAttr(desc, i)->atttypid);
		ReleaseTupleDesc(desc);
		return found;
	}
	if (type < FirstNormalObjectId || type == protaddr_address_type())
		return false;
	return SearchSysCacheExists2(CASTSOURCETARGET, ObjectIdGetDatum(type), ObjectIdGetDatum(JSONOID)) ||
		SearchSysCacheExists2(CASTSOURCETARGET, ObjectIdGetDatum(type), ObjectIdGetDatum(JSONBOID));
}
