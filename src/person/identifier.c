/*
 * identifier.c
 *		Which person does a text name?
 *
 * It is brought to the canonical form of protaddr_subject_key, so that 070761-4285,
 * 0707614285 and a number that lost its leading zero name the same person.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "person/person.h"
#include "person/subject.h"

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
