/*
 * subjects.c
 *		Whom does an address concern?
 *
 * Asked by who reviews the register and by who registers a substitute address.
 * The answer names people and tells nothing of the address.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "binding/binding.h"
#include "keys/keys.h"
#include "person/person.h"
#include "type/type.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(protaddr_subjects_of);
PG_FUNCTION_INFO_V1(protaddr_substitute_fits);

/* protaddr_subjects_of is protaddr.subjects_of(address): the keys, or NULL without the value's key. */
Datum
protaddr_subjects_of(PG_FUNCTION_ARGS)
{
	ProtaddrSeal *seal = (ProtaddrSeal *) PG_GETARG_VARLENA_PP(0);
	ProtaddrOpened opened;
	Datum		subjects[PA_MAX_SUBJECTS];
	int			n;

	if (!protaddr_open(seal, true, &opened))
		PG_RETURN_NULL();
	n = opened.address.nsubjects;
	for (int i = 0; i < n; i++)
		subjects[i] = PointerGetDatum(cstring_to_text_with_len(opened.address.subject[i].data,
															   opened.address.subject[i].len));
	protaddr_shut(&opened);
	PG_FREE_IF_COPY(seal, 0);
	PG_RETURN_ARRAYTYPE_P(construct_array(subjects, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * protaddr_substitute_fits is protaddr.substitute_fits(address, text): may the value
 * be disclosed in place of this person's address?  If it concerns them alone, or
 * nobody and whoever asks may say whom it concerns (see bind.c): else somebody's yet
 * unbound address could be had by calling it a substitute.
 */
Datum
protaddr_substitute_fits(PG_FUNCTION_ARGS)
{
	ProtaddrSeal *seal = (ProtaddrSeal *) PG_GETARG_VARLENA_PP(0);
	text	   *subject = PG_GETARG_TEXT_PP(1);
	ProtaddrIdentifier person;
	ProtaddrOpened opened;
	PaAddress  *address = &opened.address;
	bool		fits;

	if (!protaddr_identifier_from_text(VARDATA_ANY(subject), VARSIZE_ANY_EXHDR(subject), &person) ||
		!protaddr_open(seal, true, &opened))
		PG_RETURN_BOOL(false);
	if (address->nsubjects == 0)
		fits = protaddr_may_bind(address);
	else
		fits = address->nsubjects == 1 && address->subject[0].len == person.len &&
			memcmp(address->subject[0].data, person.key, person.len) == 0;
	protaddr_shut(&opened);
	PG_RETURN_BOOL(fits);
}
