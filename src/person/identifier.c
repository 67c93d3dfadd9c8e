/*
 * identifier.c
 *		How does an identifier come out of a column or an argument?
 *
 * Whatever the column's type, its text is brought to the canonical form of
 * protaddr_subject_key, so that 070761-4285, 0707614285 and a bigint that lost
 * its leading zero name the same person.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "person/person.h"
#include "person/subject.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(protaddr_subject_key_sql);

/*
 * protaddr_identifier_from_text gives the canonical identifier; false if there
 * is nothing in it.  Raises 22001 for one that is too long to be any.
 */
bool
protaddr_identifier_from_text(const char *text, size_t len, ProtaddrIdentifier *id)
{
	id->len = protaddr_subject_key(text, len, id->key);
	if (id->len < 0)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("a person's identifier is longer than %d bytes", PA_SUBJECT_SIZE),
				 errhint("Name the column that holds the person's key in the register."),
				 protaddr_errprivate()));
	return id->len > 0;
}

/*
 * protaddr_identifier_from_datum does the same with a column's value, not NULL.
 * out is the type's output function, for types that are not text.
 */
bool
protaddr_identifier_from_datum(Datum value, Oid type, FmgrInfo *out, ProtaddrIdentifier *id)
{
	bool		found;

	if (type == TEXTOID || type == VARCHAROID || type == BPCHAROID)
	{
		text	   *t = DatumGetTextPP(value);

		found = protaddr_identifier_from_text(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), id);
		if ((Pointer) t != DatumGetPointer(value))
			pfree(t);
	}
	else
	{
		char	   *s = OutputFunctionCall(out, value);
		char	   *point = type == NUMERICOID ? strchr(s, '.') : NULL;

		/* numeric(12, 2) writes 707614285.00 */
		if (point != NULL && strspn(point + 1, "0") == strlen(point + 1))
			*point = '\0';
		found = protaddr_identifier_from_text(s, strlen(s), id);
		pfree(s);
	}
	return found;
}

bool
protaddr_identifier_same(const ProtaddrIdentifier *a, const ProtaddrIdentifier *b)
{
	return a->len == b->len && memcmp(a->key, b->key, a->len) == 0;
}

/* protaddr_subject_key_sql is protaddr.subject_key(text): NULL if nothing is left. */
Datum
protaddr_subject_key_sql(PG_FUNCTION_ARGS)
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	ProtaddrIdentifier id;

	if (!protaddr_identifier_from_text(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &id))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(id.key, id.len));
}
