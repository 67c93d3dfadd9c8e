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

#include "catalog/pg_collation.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

PG_FUNCTION_INFO_V1(protaddr_subject_key_sql);

/* too_long raises 22001. */
static void
too_long(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
			 errmsg("a person's identifier is longer than %d bytes", PA_SUBJECT_SIZE),
			 errhint("Name the column that holds the person's key in the register."),
			 protaddr_errprivate()));
}

/*
 * protaddr_identifier_from_utf8 gives the canonical identifier that a text names which
 * is UTF-8 whatever the database's encoding, as in a message; false if there is nothing
 * in it or it is broken.  Raises 22001 for one that is too long to be any.
 */
bool
protaddr_identifier_from_utf8(const char *text, size_t len, ProtaddrIdentifier *id)
{
	id->len = protaddr_subject_key(text, len, id->key);
	if (id->len == PA_SUBJECT_TOO_LONG)
		too_long();
	return id->len > 0;
}

/* broken_identifier raises 22021, which only a database without an encoding can. */
static void
broken_identifier(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
			 errmsg("a person's identifier is not valid text"),
			 protaddr_errprivate()));
}

/*
 * identifier_of does so with text in the database's encoding, in which the key is then,
 * too.  Gives its length, 0 if there is nothing in it, or PA_SUBJECT_... of what is none.
 */
static int
identifier_of(const char *text, size_t len, ProtaddrIdentifier *id)
{
	int			encoding = GetDatabaseEncoding();
	bool		converted = false;
	char	   *key;

	for (size_t i = 0; i < len; i++)
		converted |= IS_HIGHBIT_SET(text[i]);
	if (converted && encoding != PG_UTF8 && encoding != PG_SQL_ASCII)
	{
		text = pg_server_to_any(text, (int) len, PG_UTF8);

		len = strlen(text);
	}
	else
		converted = false;

	id->len = protaddr_subject_key(text, len, id->key);
	if (converted && id->len > 0)
	{
		key = pg_any_to_server(id->key, id->len, PG_UTF8);
		if (key != id->key)
		{
			id->len = strlen(key);
			if (id->len > PA_SUBJECT_SIZE)
				return PA_SUBJECT_BROKEN;
			memcpy(id->key, key, id->len);
		}
	}
	return id->len;
}

/*
 * protaddr_identifier_from_text gives it; false if there is nothing in the text.  Raises
 * 22001, and 22021 for what is no text.
 */
bool
protaddr_identifier_from_text(const char *text, size_t len, ProtaddrIdentifier *id)
{
	switch (identifier_of(text, len, id))
	{
		case PA_SUBJECT_TOO_LONG:
			too_long();
			break;
		case PA_SUBJECT_BROKEN:
			broken_identifier();
			break;
	}
	return id->len > 0;
}

/* protaddr_identifier_if_any gives it; false if the text names nobody, for whatever reason. */
bool
protaddr_identifier_if_any(const char *text, size_t len, ProtaddrIdentifier *id)
{
	int			found = identifier_of(text, len, id);

	return found > 0 && found <= PA_SUBJECT_SIZE;
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

/*
 * protaddr_rows_of begins to read the rows about an identifier by an index whose first column
 * is its canonical form, in the table's column of that number; snapshot as for
 * systable_beginscan.
 */
void
protaddr_rows_of(ProtaddrRows *rows, Relation rel, Oid index, AttrNumber column,
				 const ProtaddrIdentifier *id, Snapshot snapshot)
{
	ScanKeyData key;

	SET_VARSIZE(&rows->key.t, VARHDRSZ + id->len);
	memcpy(VARDATA(&rows->key.t), id->key, id->len);
	ScanKeyEntryInitialize(&key, 0, column, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
						   F_TEXTEQ, PointerGetDatum(&rows->key.t));
	rows->scan = systable_beginscan(rel, index, true, snapshot, 1, &key);
}
