/*
 * unknown.c
 *		How many rows of a table name a person of whom no register has told?
 *
 * Read with the rights of the caller, and only counted: a channel treats such people by
 * a rule of their own, and shipped channels withhold their addresses.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"

PG_FUNCTION_INFO_V1(protaddr_unknown_people);

static bool
names_unknown(Datum value, const ProtaddrSubjectType *type)
{
	ProtaddrIdentifier people[PA_MAX_SUBJECTS];
	int			npeople = protaddr_identifiers_from_datum(value, type, people);

	for (int i = 0; i < npeople; i++)
		if ((protaddr_said_of(people[i].key, people[i].len) & PROTADDR_TOLD_OF) == 0)
			return true;
	return false;
}

typedef struct Unknown
{
	ProtaddrSubjectType type;	/* PROTADDR_PLAIN_NONE: no row was read yet */
	int64		rows;
} Unknown;

/* count_unknown counts a row whose only column names somebody unknown. */
static void
count_unknown(HeapTuple row, TupleDesc desc, void *arg)
{
	Unknown    *unknown = (Unknown *) arg;
	bool		isnull;
	Datum		value = heap_getattr(row, 1, desc, &isnull);

	if (unknown->type.plain == PROTADDR_PLAIN_NONE &&
		!protaddr_subject_type(TupleDescAttr(desc, 0)->atttypid, &unknown->type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the column cannot name a person")));
	unknown->rows += !isnull && names_unknown(value, &unknown->type);
}

/* protaddr_unknown_people is protaddr.unknown_people(relation, column). */
Datum
protaddr_unknown_people(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	const char *column = quote_identifier(NameStr(*PG_GETARG_NAME(1)));
	char	   *name = protaddr_existing_name(relation);
	StringInfoData query;
	Unknown		unknown = {{PROTADDR_PLAIN_NONE, false}, 0};

	/* nobody can be asked about */
	if (protaddr_register_why_not_ready() != NULL)
		PG_RETURN_NULL();

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s FROM %s WHERE %s IS NOT NULL", column,
					 name, column);
	protaddr_read_rows(query.data, count_unknown, &unknown);
	PG_RETURN_INT64(unknown.rows);
}
