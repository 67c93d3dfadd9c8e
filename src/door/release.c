/*
 * release.c
 *		What may leave through a channel?
 *
 * The result is sealed as "released for" that channel.  The seal is the proof:
 * nobody can make one without this file.
 */
#include "protaddr.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(protaddr_release_sql);

static ProtaddrSeal *release_minimum(PaAddress *address, int hides);

/*
 * protaddr_release gives what may leave, palloc'd or seal itself if that is
 * released already, or NULL if nothing may.  payer is the person the row names
 * beside those the value concerns, with no key if it names nobody; NULL if the
 * caller has no row.  Raises 23PA1 if the channel blocks, 55PA1 if the value's key
 * is not there.
 */
ProtaddrSeal *
protaddr_release(ProtaddrSeal *seal, const ProtaddrChannel *channel,
				 const ProtaddrIdentifier *payer)
{
	ProtaddrOpened opened;
	PaAddress  *address = &opened.address;
	ProtaddrSeal *result = NULL;
	bool		ready = protaddr_register_ready();
	bool		named;
	int			hides;

	(void) protaddr_open(seal, false, &opened);
	hides = protaddr_protection_of_all(address);
	if (payer != NULL && payer->len > 0)
		hides |= protaddr_protection_of(payer->key, payer->len);
	named = address->nsubjects > 0 && (payer == NULL || payer->len > 0);

	if (ready && named && hides == PROTADDR_HIDES_NOTHING)
	{
		if (address->release == PA_RELEASED_WHOLE &&
			address->channel.len == channel->name_len &&
			memcmp(address->channel.data, channel->name, channel->name_len) == 0)
			result = seal;
		else
		{
			/*
			 * A minimum stays one: its person may be free again, but what it says
			 * of itself is how it was made.
			 */
			if (address->release != PA_RELEASED_MINIMUM)
				address->release = PA_RELEASED_WHOLE;
			address->channel.data = channel->name;
			address->channel.len = channel->name_len;
			result = protaddr_seal(address);
		}
	}
	else if (channel->when_protected == PROTADDR_BLOCK)
	{
		protaddr_shut(&opened);
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_REFUSED),
				 errmsg("the address may not leave through channel \"%s\"", channel->name),
				 errdetail("The channel blocks rows with an address that is withheld."),
				 errhint("See the channel's legal basis in protaddr.channel."),
				 PROTADDR_DISCREET));
	}
	else if (channel->when_protected == PROTADDR_MINIMUM && ready && named)
	{
		address->channel.data = channel->name;
		address->channel.len = channel->name_len;
		result = release_minimum(address, hides);
	}

	protaddr_shut(&opened);
	return result;
}

/* release_minimum keeps town and country; country alone if the town is hidden. */
static ProtaddrSeal *
release_minimum(PaAddress *address, int hides)
{
	PaText		town = address->element[PA_TWNNM];
	PaText		country = address->element[PA_CTRY];

	if (hides & PROTADDR_HIDES_TOWN)
		town.len = 0;
	if (town.len == 0 && country.len == 0)
		return NULL;

	memset(address->element, 0, sizeof(address->element));
	address->nlines = 0;
	address->element[PA_TWNNM] = town;
	address->element[PA_CTRY] = country;
	address->release = PA_RELEASED_MINIMUM;
	return protaddr_seal(address);
}

/*
 * protaddr_is_released is true if the value was released for this channel and no
 * other, and would be now, for the same payer: a copy of what was released before
 * its person was protected is no longer.  A value that cannot be opened is not.
 */
bool
protaddr_is_released(ProtaddrSeal *seal, const ProtaddrChannel *channel,
					 const ProtaddrIdentifier *payer)
{
	ProtaddrOpened opened;
	PaAddress  *address = &opened.address;
	bool		ready = protaddr_register_ready();
	int			hides;
	bool		released;

	if (!protaddr_open(seal, true, &opened))
		return false;
	hides = protaddr_protection_of_all(address);
	if (payer->len > 0)
		hides |= protaddr_protection_of(payer->key, payer->len);
	released = ready && address->nsubjects > 0 && payer->len > 0 &&
		address->release != PA_NOT_RELEASED &&
		address->channel.len == channel->name_len &&
		memcmp(address->channel.data, channel->name, channel->name_len) == 0 &&
		(hides == PROTADDR_HIDES_NOTHING ||
		 (address->release == PA_RELEASED_MINIMUM &&
		  channel->when_protected == PROTADDR_MINIMUM &&
		  ((hides & PROTADDR_HIDES_TOWN) == 0 || address->element[PA_TWNNM].len == 0)));
	protaddr_shut(&opened);
	return released;
}

/* protaddr_release_sql is protaddr.release(address, channel). */
Datum
protaddr_release_sql(PG_FUNCTION_ARGS)
{
	ProtaddrSeal *seal = (ProtaddrSeal *) PG_GETARG_VARLENA_PP(0);
	text	   *name = PG_GETARG_TEXT_PP(1);
	const ProtaddrChannel *channel = protaddr_channel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

	seal = protaddr_release(seal, channel, NULL);
	if (seal == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(seal);
}
