/*
 * bound_values.c
 *		How many values of a bound column concern the person of their row?
 *
 * Read with the rights of the caller, row by row, and only counted.  Whom a
 * value concerns whose data key is not here cannot be known: it is counted apart.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "binding/binding.h"
#include "keys/keys.h"
#include "person/person.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(protaddr_bound_values);

typedef struct Counts
{
	ProtaddrSubjectType subject;	/* PROTADDR_PLAIN_NONE: no row was read yet */
	int64		addresses;
	int64		unbound;
	int64		without_key;
} Counts;

/* protaddr_concerns tells whether the person is among those whom an address concerns. */
bool
protaddr_concerns(const PaAddress *address, const ProtaddrIdentifier *person)
{
	for (int i = 0; i < address->nsubjects; i++)
		if (address->subject[i].len == person->len &&
			memcmp(address->subject[i].data, person->key, person->len) == 0)
			return true;
	return false;
}

static void
count_value(Datum value, const ProtaddrIdentifier *people, int npeople, Counts *counts)
{
	ProtaddrOpened opened;
	bool		bound;

	counts->addresses++;
	if (!protaddr_open((ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value), true, &opened))
	{
		counts->without_key++;
		return;
	}
	bound = opened.address.nsubjects > 0;
	for (int i = 0; i < npeople && bound; i++)
		bound = protaddr_concerns(&opened.address, &people[i]);
	counts->unbound += !bound;
	protaddr_shut(&opened);
}

/* count_row counts a row of an address and what names its person. */
static void
count_row(HeapTuple row, TupleDesc desc, void *arg)
{
	Counts	   *counts = (Counts *) arg;
	ProtaddrIdentifier people[PA_MAX_SUBJECTS];
	bool		isnull;
	Datum		subject;
	int			npeople;

	if (counts->subject.plain == PROTADDR_PLAIN_NONE)
	{
		if (getBaseType(TupleDescAttr(desc, 0)->atttypid) != protaddr_address_type())
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("the column is not of type protaddr.address")));
		if (!protaddr_subject_type(TupleDescAttr(desc, 1)->atttypid, &counts->subject))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("the subject column cannot name a person")));
	}
	subject = heap_getattr(row, 2, desc, &isnull);
	npeople = isnull ? 0 : protaddr_identifiers_from_datum(subject, &counts->subject, people);
	count_value(heap_getattr(row, 1, desc, &isnull), people, npeople, counts);
}

/* protaddr_bound_values is protaddr.bound_values(regclass, name, name). */
Datum
protaddr_bound_values(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	const char *column = quote_identifier(NameStr(*PG_GETARG_NAME(1)));
	char	   *name = protaddr_existing_name(relation);
	Counts		counts = {{PROTADDR_PLAIN_NONE, false}, 0, 0, 0};
	StringInfoData query;
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s, %s FROM %s WHERE %s IS NOT NULL", column,
					 quote_identifier(NameStr(*PG_GETARG_NAME(2))),
					 name, column);
	protaddr_read_rows(query.data, count_row, &counts);

	values[0] = Int64GetDatum(counts.addresses);
	values[1] = Int64GetDatum(counts.unbound);
	values[2] = Int64GetDatum(counts.without_key);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
