/*
 * subject_type.c
 *		Which columns can name people, and whom does a value of theirs name?
 *
 * Only types whose text is the same in every session: with a setting a user could
 * change which person a date or a floating-point number is, and an output function
 * may be anybody's.  So the types are listed, and their text is made here.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#define INTEGER_SIZE	32		/* room for the digits of a bigint */

PG_FUNCTION_INFO_V1(protaddr_identifier_key);
PG_FUNCTION_INFO_V1(protaddr_subject_type_sql);

/* protaddr_plain_type tells how values of a type that is no domain become text. */
ProtaddrPlainType
protaddr_plain_type(Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
			return PROTADDR_PLAIN_TEXT;
		case BPCHAROID:
			return PROTADDR_PLAIN_CHAR;
		case INT2OID:
			return PROTADDR_PLAIN_INT2;
		case INT4OID:
			return PROTADDR_PLAIN_INT4;
		case INT8OID:
			return PROTADDR_PLAIN_INT8;
		case NUMERICOID:
			return PROTADDR_PLAIN_NUMERIC;
		case UUIDOID:
			return PROTADDR_PLAIN_UUID;
		default:
			return PROTADDR_PLAIN_NONE;
	}
}

/*
 * protaddr_subject_type tells how values of a type name people: one, or those of an
 * array.  False if they cannot.
 */
bool
protaddr_subject_type(Oid type, ProtaddrSubjectType *subject)
{
	memset(subject, 0, sizeof(*subject));
	type = getBaseType(type);
	subject->plain = protaddr_plain_type(type);
	if (subject->plain == PROTADDR_PLAIN_NONE)
	{
		Oid			element = get_element_type(type);

		subject->is_array = OidIsValid(element);
		if (subject->is_array)
			subject->plain = protaddr_plain_type(getBaseType(element));
	}
	return subject->plain != PROTADDR_PLAIN_NONE;
}

/* from_numeric takes a whole number, without a point however many zeros it is stored with. */
static bool
from_numeric(Numeric value, ProtaddrIdentifier *id)
{
	char	   *digits;
	bool		found;

	if (numeric_is_nan(value) || numeric_is_inf(value) ||
		strchr(digits = numeric_normalize(value), '.') != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a number that names a person must be whole"),
				 protaddr_errprivate()));
	found = protaddr_identifier_from_text(digits, strlen(digits), id);
	pfree(digits);
	return found;
}

/*
 * protaddr_identifier_from_datum gives the canonical identifier of a value that is not
 * NULL; false if there is nothing in it.  Raises 22001, and 22023 for a number that is
 * not whole.
 */
bool
protaddr_identifier_from_datum(Datum value, ProtaddrPlainType type, ProtaddrIdentifier *id)
{
	char		digits[INTEGER_SIZE];
	char		hex[UUID_LEN * 2];
	text	   *t;
	bool		found;

	switch (type)
	{
		case PROTADDR_PLAIN_TEXT:
		case PROTADDR_PLAIN_CHAR:
			t = DatumGetTextPP(value);
			found = protaddr_identifier_from_text(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), id);
			if ((Pointer) t != DatumGetPointer(value))
				pfree(t);
			return found;
		case PROTADDR_PLAIN_INT2:
			return protaddr_identifier_from_text(digits, pg_lltoa(DatumGetInt16(value), digits), id);
		case PROTADDR_PLAIN_INT4:
			return protaddr_identifier_from_text(digits, pg_lltoa(DatumGetInt32(value), digits), id);
		case PROTADDR_PLAIN_INT8:
			return protaddr_identifier_from_text(digits, pg_lltoa(DatumGetInt64(value), digits), id);
		case PROTADDR_PLAIN_NUMERIC:
			return from_numeric(DatumGetNumeric(value), id);
		case PROTADDR_PLAIN_UUID:
			(void) hex_encode((const char *) DatumGetUUIDP(value)->data, UUID_LEN, hex);
			return protaddr_identifier_from_text(hex, sizeof(hex), id);
		case PROTADDR_PLAIN_NONE:
			break;
	}
	elog(ERROR, "a column of this type cannot name a person");
}

/* protaddr_plain_text gives a value that is not NULL as text, palloc'd; NULL for a type without one. */
char *
protaddr_plain_text(Datum value, ProtaddrPlainType type)
{
	char		digits[INTEGER_SIZE];
	char	   *hex;
	text	   *t;
	size_t		len;

	switch (type)
	{
		case PROTADDR_PLAIN_TEXT:
			return TextDatumGetCString(value);
		case PROTADDR_PLAIN_CHAR:
			t = DatumGetTextPP(value);
			len = VARSIZE_ANY_EXHDR(t);
			while (len > 0 && VARDATA_ANY(t)[len - 1] == ' ')
				len--;
			return pnstrdup(VARDATA_ANY(t), len);
		case PROTADDR_PLAIN_INT2:
			return pnstrdup(digits, pg_lltoa(DatumGetInt16(value), digits));
		case PROTADDR_PLAIN_INT4:
			return pnstrdup(digits, pg_lltoa(DatumGetInt32(value), digits));
		case PROTADDR_PLAIN_INT8:
			return pnstrdup(digits, pg_lltoa(DatumGetInt64(value), digits));
		case PROTADDR_PLAIN_NUMERIC:
			return numeric_normalize(DatumGetNumeric(value));
		case PROTADDR_PLAIN_UUID:
			hex = palloc0(UUID_LEN * 2 + 1);
			(void) hex_encode((const char *) DatumGetUUIDP(value)->data, UUID_LEN, hex);
			return hex;
		case PROTADDR_PLAIN_NONE:
			break;
	}
	return NULL;
}

/*
 * protaddr_identifier_in_datum gives the canonical identifier of a value that is not NULL;
 * false if it names nobody, for whatever reason.
 */
bool
protaddr_identifier_in_datum(Datum value, ProtaddrPlainType type, ProtaddrIdentifier *id)
{
	char	   *plain = protaddr_plain_text(value, type);
	bool		found;

	if (plain == NULL)
		return false;
	found = (type != PROTADDR_PLAIN_NUMERIC || strspn(plain, "-0123456789") == strlen(plain)) &&
		protaddr_identifier_if_any(plain, strlen(plain), id);
	pfree(plain);
	return found;
}

/*
 * protaddr_identifiers_from_datum writes everybody whom a value names, each once, and
 * gives their number.  In an array a NULL, and what has nothing in it, is nobody.
 * Raises 54000 for more than PA_MAX_SUBJECTS.
 */
int
protaddr_identifiers_from_datum(Datum value, const ProtaddrSubjectType *type,
								ProtaddrIdentifier people[PA_MAX_SUBJECTS])
{
	ArrayIterator elements;
	ArrayType  *array;
	Datum		element;
	bool		isnull;
	int			n = 0;

	if (!type->is_array)
		return protaddr_identifier_from_datum(value, type->plain, &people[0]) ? 1 : 0;

	array = DatumGetArrayTypeP(value);
	Assert(protaddr_plain_type(getBaseType(ARR_ELEMTYPE(array))) == type->plain);
	elements = array_create_iterator(array, 0, NULL);
	while (array_iterate(elements, &element, &isnull))
	{
		ProtaddrIdentifier person;
		bool		known = false;

		if (isnull || !protaddr_identifier_from_datum(element, type->plain, &person))
			continue;
		for (int i = 0; i < n && !known; i++)
			known = protaddr_identifier_same(&people[i], &person);
		if (known)
			continue;
		if (n == PA_MAX_SUBJECTS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an address can concern at most %d people", PA_MAX_SUBJECTS),
					 protaddr_errprivate()));
		people[n++] = person;
	}
	array_free_iterator(elements);
	if ((Pointer) array != DatumGetPointer(value))
		pfree(array);
	return n;
}

/* protaddr_subject_type_sql is protaddr.subject_type(oid): person, people, or NULL. */
Datum
protaddr_subject_type_sql(PG_FUNCTION_ARGS)
{
	ProtaddrSubjectType subject;

	if (!protaddr_subject_type(PG_GETARG_OID(0), &subject))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(subject.is_array ? "people" : "person"));
}

/* protaddr_identifier_key is protaddr.identifier_key("any"), which raises nothing. */
Datum
protaddr_identifier_key(PG_FUNCTION_ARGS)
{
	ProtaddrIdentifier id;

	if (!protaddr_identifier_in_datum(PG_GETARG_DATUM(0),
									  protaddr_plain_type(getBaseType(get_fn_expr_argtype(fcinfo->flinfo, 0))), &id))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(id.key, id.len));
}
