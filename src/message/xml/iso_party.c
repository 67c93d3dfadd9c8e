/*
 * iso_party.c
 *		Whose address stands in a place of a message, and who may decide about it?
 *
 * A party is the element around PstlAdr (around its Pty, where there is one); what
 * surrounds the party is its scope.  What is read of names, identifiers and amounts
 * is kept as facts, each as long as the element that owns it is open.  When a party
 * closes, its places take its facts; when an account closes, its identifiers become
 * facts of the scope under the name of the role (DbtrAcct: Dbtr); when the scope
 * closes, or the first of many transactions in it begins, its parties are decided.
 */
#include <string.h>

#include "iso_message.h"

#define INITIAL_FACTS	64
#define INITIAL_PLACES	16

static bool
same_text(const IsoWalk *walk, IsoText a, IsoText b)
{
	return a.len == b.len && memcmp(walk->arena + a.at, walk->arena + b.at, a.len) == 0;
}

static bool
is_text(const IsoWalk *walk, IsoText text, const char *what)
{
	return text.len == strlen(what) && memcmp(walk->arena + text.at, what, text.len) == 0;
}

/* was_decided is true if the role was decided before the scope at this depth closed. */
static bool
was_decided(const IsoWalk *walk, int scope, const char *role, size_t len)
{
	for (uint32_t i = 0; i < walk->nfacts; i++)
	{
		const IsoFact *fact = &walk->fact[i];

		if (fact->kind == ISO_FACT_DECIDED && fact->owner == scope &&
			fact->role.len == len && memcmp(walk->arena + fact->role.at, role, len) == 0)
			return true;
	}
	return false;
}

/*
 * protaddr_iso_fact
 *		Keep something read while its owner is open.
 */
void
protaddr_iso_fact(IsoWalk *walk, const IsoFact *fact)
{
	if (fact->kind == ISO_FACT_ID && was_decided(walk, fact->owner, "Ownr", 4))
	{
		protaddr_iso_refuse(walk, PA_MESSAGE_ORDER);
		return;
	}
	if (walk->nfacts == walk->facts_size)
	{
		uint32_t	size = walk->facts_size == 0 ? INITIAL_FACTS : walk->facts_size * 2;
		void	   *grown = size > ISO_FACTS ? NULL :
		protaddr_iso_grow(walk, walk->fact, size * sizeof(IsoFact));

		if (grown == NULL)
		{
			protaddr_iso_refuse(walk, PA_MESSAGE_TOO_LARGE);
			return;
		}
		walk->fact = grown;
		walk->facts_size = size;
	}
	walk->fact[walk->nfacts++] = *fact;
}

/* ---- places ------------------------------------------------------------------ */

/*
 * protaddr_iso_begin_place
 *		The element at hand, of this local name, is an address: PstlAdr, Adr or the like.
 */
void
protaddr_iso_begin_place(IsoWalk *walk, IsoKind kind, const char *name)
{
	IsoFrame   *frame = &walk->frame[walk->depth];
	IsoText		tag;
	IsoPlace   *place;
	int			party = walk->depth - 1;

	if (party == 0)
	{
		/* a message that is an address: nothing would be left of it */
		protaddr_iso_refuse(walk, PA_MESSAGE_UNKNOWN_FORMAT);
		return;
	}
	if (walk->nplaces == walk->places_size)
	{
		int			size = walk->places_size == 0 ? INITIAL_PLACES : walk->places_size * 2;
		void	   *grown = size > ISO_PLACES ? NULL :
		protaddr_iso_grow(walk, walk->place, (size_t) size * sizeof(IsoPlace));

		if (grown == NULL)
		{
			protaddr_iso_refuse(walk, PA_MESSAGE_TOO_LARGE);
			return;
		}
		walk->place = grown;
		walk->places_size = size;
	}
	for (int i = 0; i < walk->nplaces; i++)
	{
		if (walk->place[i].open)
			walk->place[i].crowded = true;
	}

	/* what we are about to cut must be what Expat has seen */
	tag = protaddr_iso_local_name(walk, frame->start);
	if (!is_text(walk, tag, name))
	{
		protaddr_iso_refuse(walk, PA_MESSAGE_ENCODING);
		return;
	}
	place = &walk->place[walk->nplaces++];
	memset(place, 0, sizeof(*place));
	walk->rewritten->places++;
	walk->address = walk->depth;
	place->start = frame->start;
	place->tag = tag;
	place->mandatory = kind == ISO_ADR;
	place->declares = frame->declares;
	place->open = true;
	place->holder = (uint8_t) party;
	walk->frame[party].holder = true;

	/* Pty, and the OrgId of Fr and To, say only what kind of party it is */
	while (party > 1 && (walk->frame[party].kind == ISO_PTY || walk->frame[party].kind == ISO_ORGID))
		party--;
	place->scope = (uint8_t) (party > 1 ? party - 1 : 1);

	/* deep in a party it is that one's, or somebody else's */
	for (int depth = 1; depth < party; depth++)
		place->more_identifiers |= walk->frame[depth].kind == ISO_DBTR || walk->frame[depth].kind == ISO_CDTR;
	walk->frame[place->scope].scope = true;

	place->role = protaddr_iso_local_name(walk, walk->frame[party].start);
	place->uri.at = walk->arena_used;
	place->uri.len = (uint32_t) walk->uri_len;
	protaddr_iso_append(walk, walk->uri, walk->uri_len);
	place->level = protaddr_iso_level(walk->uri, walk->uri_len);
}

/*
 * protaddr_iso_end_place
 *		The address ends here.
 */
void
protaddr_iso_end_place(IsoWalk *walk, size_t end)
{
	IsoPlace   *place = iso_last_place(walk);

	walk->address = 0;
	place->end = end;
	if (place->inner == 1 && !place->plain)
	{
		place->mandatory = true;
		place->start = place->inner_start;
		place->tag = protaddr_iso_local_name(walk, place->start);
		place->end = place->inner_end;
		place->declares = place->inner_declares;
	}
}

/*
 * is_payer is true for who pays in a credit transfer: pain.001, pacs.008, and what a
 * pacs.009 covers.  Of others, and of a transfer that was before, it is not due.
 */
static bool
is_payer(const IsoWalk *walk, const IsoPlace *place)
{
	const IsoFrame *scope = &walk->frame[place->scope];
	const char *message = walk->arena + place->uri.at + sizeof(ISO_NAMESPACE) - 1;

	if (!is_text(walk, place->role, "Dbtr") || scope->original ||
		place->uri.len < sizeof(ISO_NAMESPACE) - 1 + 8)
		return false;
	return (scope->kind == ISO_PMTINF && memcmp(message, "pain.001", 8) == 0) ||
		(scope->kind == ISO_TRANSACTION && memcmp(message, "pacs.008", 8) == 0) ||
		(scope->kind == ISO_UNDERLYING && memcmp(message, "pacs.009", 8) == 0);
}

/* find_birth_place sees where a date and place of birth could be added. */
static void
find_birth_place(const IsoWalk *walk, const IsoFrame *holder, IsoPlace *place)
{
	if (place->mandatory || place->crowded || place->level < 6 ||
		holder->space != ISO_SPACE_MESSAGE || holder->has_orgid || holder->has_birth ||
		!is_payer(walk, place))
		return;
	if (holder->nprvtid == 1 && holder->prvtid >= place->end)
	{
		size_t		slash = holder->prvtid_end - 2 * (size_t) walk->width;

		place->takes_birth = true;
		place->birth_tag = holder->prvtid;
		place->new_prvtid = walk->message[slash + (size_t) walk->low] == '/';
		place->birth_start = place->new_prvtid ? holder->prvtid : holder->prvtid_end;
		place->birth_end = holder->prvtid_end;
	}
	else if (holder->nprvtid == 0 && !holder->has_id)
	{
		place->takes_birth = true;
		place->new_id = true;
		place->birth_tag = holder->start;
		place->birth_start = place->birth_end = place->end;
	}
}

/* close_party gives the places of a party what was read of it. */
static void
close_party(IsoWalk *walk, int depth)
{
	for (int i = 0; i < walk->nplaces; i++)
	{
		IsoPlace   *place = &walk->place[i];
		int			names = 0;

		if (!place->open || place->holder != depth)
			continue;
		place->open = false;
		for (uint32_t j = walk->frame[depth].facts; j < walk->nfacts; j++)
		{
			const IsoFact *fact = &walk->fact[j];

			if (fact->owner != depth)
				continue;
			if (fact->kind == ISO_FACT_NAME && names++ == 0 && !fact->unfit)
				place->name = fact->text;
			else if (fact->kind == ISO_FACT_NAME)
				place->more_identifiers = true;
			else if (fact->kind == ISO_FACT_ID)
			{
				if (fact->unfit || place->nidentifiers == PA_PARTY_IDENTIFIERS)
					place->more_identifiers = true;
				else
					place->identifier[place->nidentifiers++] = fact->text;
			}
		}
		find_birth_place(walk, &walk->frame[depth], place);
	}
}

/* ---- decisions --------------------------------------------------------------- */

static void
add_identifier(IsoWalk *walk, PaParty *party, IsoText text, bool unfit)
{
	if (unfit || party->nidentifiers == PA_PARTY_IDENTIFIERS)
		party->more_identifiers = true;
	else
		party->identifier[party->nidentifiers++] = iso_text(walk, text);
}

/* is_another is true of an identifier that a second party of the place's role has in its scope. */
static bool
is_another(const IsoWalk *walk, const IsoPlace *place, const IsoFact *fact)
{
	if (fact->kind != ISO_FACT_PARTY || fact->owner != place->scope || !same_text(walk, fact->role, place->role))
		return false;
	for (int i = 0; i < place->nidentifiers; i++)
		if (same_text(walk, place->identifier[i], fact->text))
			return false;
	return true;
}

/* describe fills in what the message says of a party, its accounts first. */
static void
describe(IsoWalk *walk, const IsoPlace *place, PaParty *party)
{
	bool		owner = is_text(walk, place->role, "Ownr");

	memset(party, 0, sizeof(*party));
	party->role = walk->arena + place->role.at;
	party->name = iso_text(walk, place->name);
	for (uint32_t i = 0; i < walk->nfacts; i++)
	{
		const IsoFact *fact = &walk->fact[i];

		if (fact->owner == place->scope &&
			((fact->kind == ISO_FACT_ACCOUNT && same_text(walk, fact->role, place->role)) ||
			 (fact->kind == ISO_FACT_ID && owner)))
		{
			add_identifier(walk, party, fact->text, fact->unfit);
			party->more_identifiers |= fact->another;
		}
		party->more_identifiers |= is_another(walk, place, fact);
	}
	for (int i = 0; i < place->nidentifiers; i++)
		add_identifier(walk, party, place->identifier[i], false);
	party->more_identifiers |= place->more_identifiers;
	if (place->ntown == 1)
		party->town = iso_text(walk, place->town);
	if (place->ncountry == 1)
		party->country = iso_text(walk, place->country);
	party->takes_birth = place->takes_birth;
}

/*
 * find_payer gives the account of Dbtr or Cdtr, else another identifier of it, that the
 * scope knows, or what is around it up to the transfer; a transaction of a PmtInf has
 * one of the two from there.
 */
static PaText
find_payer(const IsoWalk *walk, int scope, const char *role)
{
	static const uint8_t kinds[] = {ISO_FACT_ACCOUNT, ISO_FACT_PARTY};
	int			transfer = walk->frame[scope].transfer;
	int			outermost = transfer > 0 ? transfer : scope;
	PaText		none = {0};

	if (transfer > 1 && walk->frame[transfer].kind == ISO_TRANSACTION &&
		walk->frame[transfer - 1].kind == ISO_PMTINF)
		outermost--;
	for (int depth = scope; depth >= outermost; depth--)
	{
		for (int k = 0; k < 2; k++)
		{
			for (uint32_t i = 0; i < walk->nfacts; i++)
			{
				const IsoFact *fact = &walk->fact[i];

				if (fact->kind == kinds[k] && fact->owner == depth && !fact->unfit &&
					is_text(walk, fact->role, role))
					return iso_text(walk, fact->text);
			}
		}
	}
	return none;
}

/*
 * find_amount gives the amount of a transfer: the best of those it has, and none if
 * it has two of that kind.
 */
static void
find_amount(const IsoWalk *walk, int transfer, PaUnit *unit)
{
	const IsoFact *best = NULL;
	bool		twice = false;

	for (uint32_t i = 0; i < walk->nfacts; i++)
	{
		const IsoFact *fact = &walk->fact[i];

		if (fact->kind != ISO_FACT_AMOUNT || fact->owner != transfer)
			continue;
		if (best == NULL || fact->rank < best->rank)
		{
			best = fact;
			twice = false;
		}
		else if (fact->rank == best->rank)
			twice = true;
	}
	if (best != NULL && !twice && !best->unfit)
	{
		unit->amount = iso_text(walk, best->text);
		unit->currency = iso_text(walk, best->role);
	}
	else if (best == NULL && walk->frame[transfer].kind == ISO_UNDERLYING)
	{
		/* what covers it is as much */
		transfer = walk->frame[transfer - 1].transfer;
		if (transfer > 0)
			find_amount(walk, transfer, unit);
	}
}

/* remember_decided keeps in mind that nothing more may come of the party. */
static void
remember_decided(IsoWalk *walk, const IsoPlace *place)
{
	IsoFact		fact = {0};

	if (was_decided(walk, place->scope, walk->arena + place->role.at, place->role.len))
		return;
	fact.kind = ISO_FACT_DECIDED;
	fact.owner = place->scope;
	fact.role = place->role;
	protaddr_iso_fact(walk, &fact);
}

/* decide asks about the parties of the scope at this depth; early: it is still open. */
static void
decide(IsoWalk *walk, int scope, bool early)
{
	PaUnit		unit = {0};
	int			n = 0;

	if (walk->party == NULL)
		walk->party = protaddr_iso_grow(walk, NULL, PA_UNIT_PARTIES * sizeof(PaParty));
	if (walk->party == NULL)
	{
		protaddr_iso_refuse(walk, PA_MESSAGE_TOO_LARGE);
		return;
	}
	for (int i = 0; i < walk->nplaces; i++)
	{
		if (walk->place[i].decided || walk->place[i].scope != scope)
			continue;
		if (n == PA_UNIT_PARTIES)
		{
			protaddr_iso_refuse(walk, PA_MESSAGE_TOO_LARGE);
			return;
		}
		describe(walk, &walk->place[i], &walk->party[n++]);
	}
	if (n == 0)
		return;

	unit.party = walk->party;
	unit.nparties = n;
	if (walk->frame[scope].transfer > 0)
		find_amount(walk, walk->frame[scope].transfer, &unit);
	unit.payer = find_payer(walk, scope, "Dbtr");
	unit.payee = find_payer(walk, scope, "Cdtr");
	if (!protaddr_iso_callback(walk, &unit))
	{
		protaddr_iso_refuse(walk, PA_MESSAGE_STOPPED);
		return;
	}

	n = 0;
	for (int i = 0; i < walk->nplaces && walk->verdict == PA_MESSAGE_OK; i++)
	{
		IsoPlace   *place = &walk->place[i];

		if (place->decided || place->scope != scope)
			continue;
		protaddr_iso_prepare(walk, place, &walk->party[n++]);
		if (early)
			remember_decided(walk, place);
	}
}

/* release writes what is decided, as far as nothing undecided stands before it. */
static void
release(IsoWalk *walk)
{
	int			n = 0;

	while (n < walk->nplaces && walk->place[n].decided && walk->verdict == PA_MESSAGE_OK)
		protaddr_iso_write_place(walk, &walk->place[n++]);
	walk->nplaces -= n;
	memmove(walk->place, walk->place + n, (size_t) walk->nplaces * sizeof(IsoPlace));
}

/*
 * protaddr_iso_transaction_begins
 *		The first of many begins: decide what is around it, now.
 */
void
protaddr_iso_transaction_begins(IsoWalk *walk)
{
	if (walk->nplaces == 0)
		return;
	for (int i = 0; i < walk->nplaces && walk->verdict == PA_MESSAGE_OK; i++)
	{
		IsoPlace   *place = &walk->place[i];

		/* a transaction in a party: its identifiers are not known yet */
		if (place->open)
			protaddr_iso_refuse(walk, PA_MESSAGE_ORDER);
		else if (!place->decided)
			decide(walk, place->scope, true);
	}
	if (walk->verdict == PA_MESSAGE_OK)
		release(walk);
}

/* ---- the end of an element ----------------------------------------------------- */

/* has_account is true if the facts up to there have an account of the role in a scope. */
static bool
has_account(const IsoWalk *walk, uint32_t nfacts, int scope, IsoText role)
{
	for (uint32_t i = 0; i < nfacts; i++)
	{
		const IsoFact *fact = &walk->fact[i];

		if (fact->kind == ISO_FACT_ACCOUNT && fact->owner == scope && same_text(walk, fact->role, role))
			return true;
	}
	return false;
}

/*
 * hand_on says whether a fact of an element that closes becomes one of what is around
 * it, and makes it that.
 */
static bool
hand_on(IsoWalk *walk, const IsoFrame *frame, IsoFact *fact, IsoText role)
{
	if (fact->kind != ISO_FACT_ID)
		return false;
	switch (frame->kind)
	{
		case ISO_PTY:
			break;
		case ISO_DBTR:
		case ISO_CDTR:
			if (was_decided(walk, fact->owner - 1, walk->arena + role.at, role.len))
			{
				protaddr_iso_refuse(walk, PA_MESSAGE_ORDER);
				return false;
			}
			fact->kind = ISO_FACT_PARTY;
			fact->role = role;
			break;
		case ISO_ACCOUNT:
			if (role.len == 0)
				return false;
			if (was_decided(walk, fact->owner - 1, walk->arena + role.at, role.len))
			{
				protaddr_iso_refuse(walk, PA_MESSAGE_ORDER);
				return false;
			}
			fact->kind = ISO_FACT_ACCOUNT;
			fact->role = role;
			break;
		default:
			return false;
	}
	fact->owner--;
	return true;
}

/*
 * protaddr_iso_close
 *		The element at hand ends, which is a party, a scope or has facts.
 */
void
protaddr_iso_close(IsoWalk *walk)
{
	int			depth = walk->depth;
	IsoFrame   *frame = &walk->frame[depth];
	IsoText		role = {0};
	uint32_t	kept = frame->facts;
	bool		another = false;

	if (frame->holder)
		close_party(walk, depth);
	if (frame->scope)
		decide(walk, depth, false);
	if (walk->verdict != PA_MESSAGE_OK)
		return;

	if (walk->nfacts > frame->facts && depth > 1 &&
		(frame->kind == ISO_ACCOUNT || frame->kind == ISO_DBTR || frame->kind == ISO_CDTR))
	{
		role = protaddr_iso_local_name(walk, frame->start);
		if (frame->kind == ISO_ACCOUNT)
		{
			role.len -= role.len < 4 ? role.len : 4;
			another = has_account(walk, frame->facts, depth - 1, role);
		}
	}
	for (uint32_t i = frame->facts; i < walk->nfacts && walk->verdict == PA_MESSAGE_OK; i++)
	{
		IsoFact    *fact = &walk->fact[i];

		if (fact->owner < depth)
			walk->fact[kept++] = *fact;
		else if (depth > 1 && hand_on(walk, frame, fact, role))
		{
			fact->another = another;
			walk->fact[kept++] = *fact;
		}
	}
	walk->nfacts = kept;
	if (frame->scope && walk->verdict == PA_MESSAGE_OK)
		release(walk);
}
