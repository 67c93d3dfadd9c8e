/*
 * iso_json.c
 *		Which addresses of people stand in JSON that has the names of ISO 20022, and
 *		what goes in their place?
 *
 * JSON has no order and no schema, so we go by names alone, in any case of letters and
 * without what XML converters put around them (json_scan.c):
 *
 *	 PstlAdr, PostalAddress		a party's address, wherever it stands
 *	 debtorAddress and the like	so do open-banking interfaces write it
 *	 address, homeAddress, adresse
 *								of a party: an object that has its role for a name, or a
 *								name in it
 *	 Adr						of a name and address; it stays, empty
 *	 FinInstnId, BrnchId, DbtrAgt, debtorAgent
 *								an agent: left alone with all that is in it
 *
 * The party is the object that has the address, its role the name it goes by (that of
 * what is around a Pty), and the unit the object around that; its accounts are the
 * members of the unit called DbtrAcct or debtorAccount.  Parties in an array of several
 * are units of their own, so a list of any length is decided one by one.  Since the
 * whole text is at hand nothing has to be remembered: a unit is read ahead where it
 * begins, and its accounts are known wherever they stand.
 *
 * An address that goes takes its name and one comma along, nothing else.  Whatever
 * looks like an address and is not read as one refuses the text (json_names.c): StrtNm,
 * street, postCode and the like elsewhere, and names that say PstlAdr and go on.  JSON or XML in a
 * string is text like any other and is not looked into.
 */
#include <string.h>

#include "iso_json.h"

#define IDENTIFIER_LEVELS	8	/* an Id or account has no more within */

/*
 * protaddr_json_refuse
 *		Remember why the text is refused, and where; the first verdict counts.
 */
void
protaddr_json_refuse(PaJson *walk, PaMessageVerdict verdict, size_t at)
{
	if (walk->verdict == PA_MESSAGE_OK)
	{
		walk->verdict = verdict;
		walk->at = at;
	}
}

/* ---- values ----------------------------------------------------------------------- */

/*
 * read_text gives the text of a value, decoded into the unit's memory if need be; false
 * if there is one that does not fit.
 */
static bool
read_text(PaJson *walk, size_t value, PaText *text)
{
	bool		escaped;
	size_t		n;

	text->len = 0;
	value = protaddr_json_text_value(walk->json, value);
	if (value == 0)
		return true;
	*text = protaddr_json_plain_text(walk->json, value, &escaped);
	if (escaped)
	{
		n = protaddr_json_decode(walk->json, value, walk->decoded + walk->decoded_len,
								 sizeof(walk->decoded) - walk->decoded_len);
		text->data = walk->decoded + walk->decoded_len;
		text->len = n == SIZE_MAX ? PA_JSON_TEXT_BYTES + 1 : (uint32_t) n;
		if (n <= PA_JSON_TEXT_BYTES)
			walk->decoded_len += n;
	}
	if (text->len > PA_JSON_TEXT_BYTES)
	{
		text->len = 0;
		return false;
	}
	return true;
}

/* find_member finds the only member with this name; 0 if there is none, -1 if several. */
static int
find_member(const PaJson *walk, size_t object, const char *const *names, PaMember *found)
{
	PaMembers	members;
	PaMember	member;
	char		name[PA_JSON_NAME];
	int			n = 0;

	if (walk->json[object] != '{')
		return 0;
	protaddr_json_begin(&members, walk->json, object);
	while (protaddr_json_next(&members, &member))
	{
		protaddr_json_name(walk->json, member.start, name);
		if (protaddr_json_is_name(name, names))
		{
			if (n++ == 0)
				*found = member;
		}
	}
	return n > 1 ? -1 : n;
}

/*
 * is_place is true if a member with an address that we can read is one of the object:
 * a street beside nobody refuses the text.  *named remembers whether the object is a
 * party, -1 is not known.
 */
static bool
is_place(const PaJson *walk, size_t object, const char *role, PaAddressName kind, int *named)
{
	static const char *const names[] = {"nm", "name", "fullname", NULL};
	PaMember	member;

	switch (kind)
	{
		case NAME_ADDRESS:
		case NAME_ADR:
			return true;
		case NAME_PLAIN:
			if (*named < 0)
				*named = protaddr_json_is_party(role) ||
					find_member(walk, object, names, &member) != 0;
			return *named;
		case NAME_OF_SOMEBODY:
			return protaddr_json_is_party(role);
		default:
			return false;
	}
}

/* ---- identifiers ---------------------------------------------------------------- */

static const char *const identifier_names[] = {
	"id", "identification", "iban", "bban", "lei", "othrid", "number", "accountnumber",
	"accountid", "pan", "maskedpan", "msisdn", "anybic", "bicorbei", "bei", "upic",
	"sclsctynb", "cstmrnb", "taxidnb", "psptnb", "idntycardnb", "drvrslicnb", "alnregnnb",
	"mplyridnb", NULL
};

/* What says of an identifier what it is, and other things beside one. */
static const char *const not_identifiers[] = {
	"schmenm", "schemename", "cd", "prtry", "code", "proprietary", "issr", "issuer",
	"dtandplcofbirth", "dateandplaceofbirth", "nm", "name", "tp", "type", "ccy", "currency",
	"ownr", "owner", NULL
};

/* Takes an identifier; value 0 for one that cannot be read. */
typedef void (*PaTake) (PaJson *walk, void *arg, size_t value);

/*
 * each_identifier hands over every identifier in a value.  named: it is called an
 * identifier, so that every text in it is one, be it in a form that we do not know.
 */
static void
each_identifier(PaJson *walk, size_t value, int level, bool named, PaTake take, void *arg)
{
	PaMembers	members;
	PaMember	member;
	char		name[PA_JSON_NAME];

	if (level > IDENTIFIER_LEVELS && !protaddr_json_is_empty(walk->json, value))
	{
		take(walk, arg, 0);
		return;
	}
	protaddr_json_begin(&members, walk->json, value);
	while (protaddr_json_next(&members, &member))
	{
		char		c = walk->json[member.value];
		bool		is_text = protaddr_json_text_value(walk->json, member.value) != 0;
		bool		is_identifier = !members.object;

		if (members.object)
		{
			/* an attribute of the text beside it */
			if (walk->json[member.start + 1] == '@')
				continue;
			protaddr_json_name(walk->json, member.start, name);
			if (protaddr_json_keeps_account(name) || protaddr_json_is_name(name, not_identifiers))
				continue;
			is_identifier = protaddr_json_is_name(name, identifier_names);
		}
		if (is_text && is_identifier)
			take(walk, arg, member.value);
		else if (is_text && named)
			take(walk, arg, 0);
		else if (!is_text && (c == '{' || c == '['))
			each_identifier(walk, member.value, level + 1, named || (members.object && is_identifier), take, arg);
	}
}

static void
add_text(PaParty *party, PaText text)
{
	if (text.len == 0)
		return;
	if (party->nidentifiers < PA_PARTY_IDENTIFIERS)
		party->identifier[party->nidentifiers++] = text;
	else
		party->more_identifiers = true;
}

/* take_for_party adds an identifier to a party. */
static void
take_for_party(PaJson *walk, void *arg, size_t value)
{
	PaParty    *party = arg;
	PaText		text;

	if (value != 0 && read_text(walk, value, &text))
		add_text(party, text);
	else
		party->more_identifiers = true;
}

/* take_for_account adds one to an account, as long as it stands there as it is meant. */
static void
take_for_account(PaJson *walk, void *arg, size_t value)
{
	PaAccount  *account = arg;
	bool		escaped = true;
	PaText		text = {NULL, 1};

	if (value != 0)
		text = protaddr_json_plain_text(walk->json, protaddr_json_text_value(walk->json, value),
										&escaped);
	if (text.len == 0)
		return;
	if (escaped || text.len > PA_JSON_TEXT_BYTES || account->ntexts == PA_JSON_ACCOUNT_TEXTS)
		account->more = true;
	else
		account->text[account->ntexts++] = text;
}

/* take_identifiers takes those of an Id (named), or of an account, which may be one itself. */
static void
take_identifiers(PaJson *walk, size_t value, bool named, PaTake take, void *arg)
{
	if (protaddr_json_text_value(walk->json, value) != 0)
		take(walk, arg, value);
	else
		each_identifier(walk, value, 1, named, take, arg);
}

/* add_account remembers an account of a unit, or with of_party a party's Id. */
static void
add_account(PaJson *walk, PaFrame *frame, const char *role, size_t role_len, bool of_party,
			size_t value)
{
	PaAccount  *account = &frame->account[frame->naccounts];

	if (frame->naccounts == PA_JSON_ACCOUNTS)
	{
		frame->more_accounts = true;
		return;
	}
	memset(account, 0, sizeof(*account));
	memcpy(account->role, role, role_len);
	account->of_party = of_party;
	take_identifiers(walk, value, of_party, take_for_account, account);
	if (walk->json[value] == '[' && account->ntexts > 0 && !of_party)
		account->more = true;	/* several */
	if (account->ntexts > 0 || account->more)
		frame->naccounts++;
}

/* ---- amounts ----------------------------------------------------------------------- */

/* amount_rank tells how much an amount counts, 0 for any other member. */
static int
amount_rank(const char *name)
{
	static const char *const ranks[] = {
		"transactionamount", "txamt", "amount", "amt", "eqvtamt", "equivalentamount",
		"instdamt", "instructedamount", "intrbksttlmamt", "interbanksettlementamount",
		"rtrdinstdamt", "rtrdintrbksttlmamt", "returnedinterbanksettlementamount", NULL
	};

	for (int i = 0; ranks[i] != NULL; i++)
	{
		if (strcmp(name, ranks[i]) == 0)
			return i + 1;
	}
	return 0;
}

/* read_amount takes amount and currency of a value, if they are plain to see. */
static void
read_amount(PaJson *walk, PaFrame *frame, size_t value, int rank)
{
	static const char *const inner[] = {
		"instdamt", "eqvtamt", "txamt", "instructedamount", "equivalentamount", NULL
	};
	static const char *const currencies[] = {"ccy", "currency", NULL};
	static const char *const amounts[] = {
		"", "text", "value", "t", "content", "amt", "amount", NULL
	};
	PaMember	member;
	PaText		amount;
	PaText		currency;
	bool		escaped;
	bool		escaped_too;
	int			points = 0;

	value = protaddr_json_unwrap(walk->json, value);
	for (int i = 0; i < 3 && find_member(walk, value, inner, &member) == 1; i++)
		value = protaddr_json_unwrap(walk->json, member.value);
	if (find_member(walk, value, amounts, &member) == 1 &&
		walk->json[protaddr_json_unwrap(walk->json, member.value)] == '{')
		value = protaddr_json_unwrap(walk->json, member.value);

	frame->amount_rank = rank;
	frame->amount.len = frame->currency.len = 0;
	if (find_member(walk, value, amounts, &member) != 1 || protaddr_json_text_value(walk->json, member.value) == 0)
		return;
	amount = protaddr_json_plain_text(walk->json, protaddr_json_text_value(walk->json, member.value), &escaped);
	if (find_member(walk, value, currencies, &member) != 1 || protaddr_json_text_value(walk->json, member.value) == 0)
		return;
	currency = protaddr_json_plain_text(walk->json, protaddr_json_text_value(walk->json, member.value), &escaped_too);
	if (escaped || escaped_too || amount.len == 0 || amount.len > 24 || currency.len != 3)
		return;
	for (uint32_t i = 0; i < amount.len; i++)
	{
		if (amount.data[i] == '.' && i > 0 && i + 1 < amount.len && points++ == 0)
			continue;
		if (amount.data[i] < '0' || amount.data[i] > '9')
			return;
	}
	frame->amount = amount;
	frame->currency = currency;
}

/* ---- finding ------------------------------------------------------------------------ */

/* find_birth finds where a birth could be added to the party. */
static void
find_birth(const PaJson *walk, PaSpot *spot)
{
	static const char *const id[] = {"id", NULL};
	static const char *const prvtid[] = {"prvtid", NULL};
	static const char *const orgid[] = {"orgid", NULL};
	static const char *const birth[] = {"dtandplcofbirth", NULL};
	PaMember	member;
	int			n = find_member(walk, spot->holder, id, &member);

	if (n == 0)
		spot->new_id = true;
	else if (n == 1)
	{
		size_t		value = protaddr_json_unwrap(walk->json, member.value);

		if (find_member(walk, value, orgid, &member) == 0 &&
			find_member(walk, value, prvtid, &member) == 1)
		{
			bool		addresses = false;
			PaMembers	members;

			value = protaddr_json_unwrap(walk->json, member.value);
			if (walk->json[value] != '{' || find_member(walk, value, birth, &member) != 0)
				return;
			/* one that goes could take the birth's comma along */
			protaddr_json_begin(&members, walk->json, value);
			while (protaddr_json_next(&members, &member))
			{
				int			role_len;

				addresses |= protaddr_json_address_name(walk->json, member.start, &role_len) != NAME_OTHER;
			}
			if (!addresses)
				spot->prvtid = value;
		}
	}
}

/* is_payer is true for the debtor of the credit transfer that we are in. */
static bool
is_payer(const PaJson *walk, const char *role)
{
	static const char *const transfers[] = {
		"cdttrftxinf", "pmtinf", "undrlygcstmrcdttrf", NULL
	};
	static const char *const others[] = {
		"ntry", "entry", "ntrydtls", "entrydetails", "txdtls", "transactiondetails",
		"cdtrpmtactvtnreq", NULL
	};

	if (strcmp(protaddr_json_iso_role(role), "Dbtr") != 0 ||
		!protaddr_json_is_name(walk->frame[walk->depth - 1].name, transfers))
		return false;
	/* not of one that was, or of what is told of one */
	for (int i = 0; i < walk->depth; i++)
	{
		const char *name = walk->frame[i].name;

		if (strncmp(name, "orgnl", 5) == 0 || strncmp(name, "original", 8) == 0 ||
			protaddr_json_is_name(name, others))
			return false;
	}
	return true;
}

/* is_within_other is true within a party for an address that seems to be of another one. */
static bool
is_within_other(const PaJson *walk, const PaSpot *spot)
{
	for (int i = 0; i < walk->depth; i++)
	{
		const char *name = walk->frame[i].name;
		bool		party = i == walk->depth - 1 && spot->flat ? protaddr_json_is_party(name) :
		strcmp(protaddr_json_iso_role(name), "Pty") != 0;

		if (party && !protaddr_json_same_role(spot->role, name))
			return true;
	}
	return false;
}

/* add_spot takes note of an address, if one stands there. */
static void
add_spot(PaJson *walk, size_t holder, const PaMember *member, PaAddressName kind,
		 const char *role, size_t role_len)
{
	static const char *const adr[] = {"adr", NULL};
	static const char *const towns[] = {"twnnm", "townname", NULL};
	static const char *const countries[] = {"ctry", "country", NULL};
	size_t		value = protaddr_json_unwrap(walk->json, member->value);
	PaSpot	   *spot = &walk->spot[walk->nspots];
	PaMember	inner;
	PaMembers	members;
	PaMember	part;
	int			nparts = 0;

	if (protaddr_json_is_empty(walk->json, value))
		return;
	if (walk->nspots == PA_UNIT_PARTIES)
	{
		protaddr_json_refuse(walk, PA_MESSAGE_TOO_LARGE, member->start);
		return;
	}
	memset(spot, 0, sizeof(*spot));
	spot->member = *member;
	spot->holder = holder;
	spot->flat = kind == NAME_FLAT;
	spot->mandatory = kind == NAME_ADR;
	memcpy(spot->role, role, role_len);
	spot->unsure = is_within_other(walk, spot);

	/* a name and address: Nm and Adr alone */
	if (kind != NAME_ADR && find_member(walk, value, adr, &inner) == 1)
	{
		static const char *const names[] = {"nm", "adr", NULL};
		char		name[PA_JSON_NAME];

		protaddr_json_begin(&members, walk->json, value);
		while (protaddr_json_next(&members, &part))
		{
			protaddr_json_name(walk->json, part.start, name);
			nparts += !protaddr_json_is_name(name, names);
		}
		if (nparts == 0)
		{
			if (protaddr_json_is_empty(walk->json, protaddr_json_unwrap(walk->json, inner.value)))
				return;
			spot->member = inner;
			spot->holder = value;
			spot->mandatory = true;
			spot->flat = false;
			value = protaddr_json_unwrap(walk->json, inner.value);
		}
	}

	spot->ntowns = find_member(walk, value, towns, &spot->town);
	spot->ncountries = find_member(walk, value, countries, &spot->country);
	if (kind == NAME_ADDRESS && !spot->mandatory)
	{
		char		name[PA_JSON_NAME];
		bool		first = true;

		for (int i = 0; i < walk->nspots; i++)
			first &= walk->spot[i].holder != holder;
		protaddr_json_name(walk->json, member->start, name);
		if (first && strcmp(name, "pstladr") == 0 && is_payer(walk, spot->role))
			find_birth(walk, spot);
	}
	walk->nspots++;
}

/* add_party adds the addresses of an object, and with pty those of its Pty. */
static void
add_party(PaJson *walk, size_t object, const char *role, bool pty)
{
	PaMembers	members;
	PaMember	member;
	char		name[PA_JSON_NAME];
	int			role_len;
	int			named = -1;

	if (walk->json[object] != '{')
		return;
	protaddr_json_begin(&members, walk->json, object);
	while (protaddr_json_next(&members, &member))
	{
		PaAddressName kind;

		protaddr_json_name(walk->json, member.start, name);
		kind = protaddr_json_address_name(walk->json, member.start, &role_len);
		if (kind != NAME_OTHER && !protaddr_json_is_empty(walk->json, member.value) &&
			is_place(walk, object, role, kind, &named))
			add_spot(walk, object, &member, kind, role, strlen(role));
		else if (pty && strcmp(name, "pty") == 0)
			add_party(walk, protaddr_json_unwrap(walk->json, member.value), role, false);
	}
}

/* handled_by tells what of a member's value is handled where the frame is gathered. */
static PaHandled
handled_by(const PaFrame *frame, const char *name)
{
	return frame->handled == HANDLED_PTY && strcmp(name, "pty") == 0 ?
		HANDLED_SELF : HANDLED_PTY;
}

/* is_pty_twice is true of a party with two Pty. */
static bool
is_pty_twice(const PaJson *walk, size_t party)
{
	static const char *const pty[] = {"pty", NULL};
	PaMember	member;

	return find_member(walk, party, pty, &member) < 0;
}

/* doubt_roles marks addresses of a party that stands in the object twice: what is of which? */
static void
doubt_roles(PaJson *walk, const PaFrame *frame)
{
	bool		met[PA_UNIT_PARTIES] = {false};
	PaMembers	members;
	PaMember	member;
	char		name[PA_JSON_NAME];

	protaddr_json_begin(&members, walk->json, frame->start);
	while (protaddr_json_next(&members, &member))
	{
		protaddr_json_name(walk->json, member.start, name);
		for (int i = 0; i < walk->nspots; i++)
		{
			PaSpot	   *spot = &walk->spot[i];

			if (spot->flat || !protaddr_json_same_role(spot->role, name))
				continue;
			spot->unsure |= met[i] || is_pty_twice(walk, protaddr_json_unwrap(walk->json, member.value));
			met[i] = true;
		}
	}
}

/* gather reads ahead what the object of a frame has: addresses, accounts, amounts. */
static void
gather(PaJson *walk, PaFrame *frame)
{
	static const char *const transfer[] = {"dbtr", "debtor", "cdtr", "creditor", NULL};
	static const char *const ids[] = {"id", "identification", NULL};
	PaMembers	members;
	PaMember	member;
	PaMember	id;
	char		name[PA_JSON_NAME];
	int			role_len;
	int			named = -1;

	walk->nspots = 0;
	walk->decoded_len = 0;
	if (frame->handled == HANDLED_NOT)
		add_party(walk, frame->start, frame->name, false);

	protaddr_json_begin(&members, walk->json, frame->start);
	while (protaddr_json_next(&members, &member) && walk->verdict == PA_MESSAGE_OK)
	{
		PaAddressName kind;
		size_t		value = protaddr_json_unwrap(walk->json, member.value);
		int			n;

		protaddr_json_name(walk->json, member.start, name);
		if (protaddr_json_is_agent(name))
			continue;
		kind = protaddr_json_address_name(walk->json, member.start, &role_len);
		if (kind == NAME_FLAT)
			add_spot(walk, frame->start, &member, kind, name, (size_t) role_len);
		else if (kind != NAME_OTHER && !protaddr_json_is_empty(walk->json, value) &&
				 !is_place(walk, frame->start, frame->name, kind, &named))
			protaddr_json_refuse(walk, PA_MESSAGE_UNKNOWN_FORMAT, member.start);
		if (kind != NAME_OTHER)
			continue;

		if ((n = protaddr_json_ends_with(name, "acct")) > 0 || (n = protaddr_json_ends_with(name, "account")) > 0)
			add_account(walk, frame, name, (size_t) n, false, value);
		n = amount_rank(name);
		if (n > frame->amount_rank)
			read_amount(walk, frame, value, n);
		if (protaddr_json_is_name(name, transfer) && find_member(walk, value, ids, &id) == 1)
			add_account(walk, frame, name, strlen(name), true, id.value);
		if (handled_by(frame, name) == HANDLED_PTY)
			add_party(walk, value, strcmp(name, "pty") == 0 ? frame->name : name, true);
	}
}

/* ---- describing ---------------------------------------------------------------------- */

static const char *const name_names[] = {"nm", "name", "fullname", NULL};

/*
 * take_accounts takes the accounts that the unit has for the role of a spot, or what is
 * around it.  Around a list stands an account that may be of another one than a party in
 * it, but of this one too.  True if there is any.
 */
static bool
take_accounts(const PaJson *walk, const PaSpot *spot, PaParty *party)
{
	const PaFrame *unit = &walk->frame[walk->depth - 1];
	bool		found = false;
	bool		outside = false;

	for (int i = walk->depth - 1; i >= 0 && !found; i--)
	{
		const PaFrame *frame = &walk->frame[i];
		int			n = 0;

		if (i < walk->depth - 1)
		{
			const PaFrame *inner = &walk->frame[i + 1];
			bool		itself = inner == unit && spot->holder == unit->start && !spot->flat;

			if (inner->apart)
				break;
			outside |= inner->in_array && !itself;
		}
		for (int j = 0; j < frame->naccounts; j++)
		{
			const PaAccount *account = &frame->account[j];

			if (account->of_party || !protaddr_json_same_role(account->role, spot->role))
				continue;
			n++;
			party->more_identifiers |= account->more || outside;
			for (int k = 0; k < account->ntexts && !outside; k++)
				add_text(party, account->text[k]);
		}
		party->more_identifiers |= n > 1 || frame->more_accounts;
		found = n > 0 || frame->more_accounts;
	}
	return found;
}

/* take_owned takes the identifiers of the account whose owner the party is. */
static void
take_owned(PaJson *walk, const PaFrame *unit, PaParty *party)
{
	PaMembers	members;
	PaMember	member;
	char		name[PA_JSON_NAME];

	protaddr_json_begin(&members, walk->json, unit->start);
	while (protaddr_json_next(&members, &member))
	{
		protaddr_json_name(walk->json, member.start, name);
		if (protaddr_json_is_name(name, identifier_names))
			take_identifiers(walk, member.value, true, take_for_party, party);
	}
}

/* take_flat takes a member beside a flat address: DebtorName beside DebtorStreet. */
static void
take_flat(PaJson *walk, const PaSpot *spot, const char *name, size_t value, PaParty *party)
{
	size_t		role_len = strlen(spot->role);

	if (party->name.len == 0 && strncmp(name, spot->role, role_len) == 0 &&
		protaddr_json_is_name(name + role_len, name_names))
		read_text(walk, value, &party->name);
}

/* take_name takes the name of a party; of two that differ, somebody else may be meant. */
static void
take_name(PaJson *walk, size_t value, PaParty *party)
{
	PaText		name;

	if (!read_text(walk, value, &name))
		return;
	if (party->name.len == 0)
		party->name = name;
	else if (name.len > 0 &&
			 (name.len != party->name.len || memcmp(name.data, party->name.data, name.len) != 0))
		party->more_identifiers = true;
}

/* take_own takes a member of the party itself; name may be cut. */
static void
take_own(PaJson *walk, const PaSpot *spot, char *name, size_t value, PaParty *party)
{
	int			n;

	if (protaddr_json_is_name(name, name_names))
		take_name(walk, value, party);
	else if (protaddr_json_is_name(name, identifier_names))
		take_identifiers(walk, value, true, take_for_party, party);
	else if ((n = protaddr_json_ends_with(name, "acct")) >= 0 ||
			 (n = protaddr_json_ends_with(name, "account")) >= 0)
	{
		/* whose it is, may stand before it */
		name[n] = '\0';
		if (strcmp(protaddr_json_iso_role(name), "Pty") != 0 &&
			!protaddr_json_same_role(name, spot->role))
			party->more_identifiers = true;
		else if (!protaddr_json_keeps_account(name))
			take_identifiers(walk, value, false, take_for_party, party);
	}
}

/* describe fills in what the text says of the party of a spot. */
static void
describe(PaJson *walk, PaSpot *spot, PaParty *party)
{
	const PaFrame *unit = &walk->frame[walk->depth - 1];
	const char *const role = protaddr_json_iso_role(spot->role);
	PaMembers	members;
	PaMember	member;
	char		name[PA_JSON_NAME];

	memset(party, 0, sizeof(*party));
	party->role = role;
	party->more_identifiers = spot->unsure;

	/* no account, and a role that nothing else speaks of */
	if (!take_accounts(walk, spot, party) && spot->flat && strcmp(role, "Pty") == 0)
		party->more_identifiers = true;
	if (strcmp(role, "Ownr") == 0 && (spot->flat || spot->holder != unit->start))
		take_owned(walk, unit, party);

	protaddr_json_begin(&members, walk->json, spot->holder);
	while (protaddr_json_next(&members, &member))
	{
		protaddr_json_name(walk->json, member.start, name);
		if (spot->flat)
			take_flat(walk, spot, name, member.value, party);
		else
			take_own(walk, spot, name, member.value, party);
	}

	if (spot->ntowns == 1)
		read_text(walk, spot->town.value, &party->town);
	if (spot->ncountries == 1)
		read_text(walk, spot->country.value, &party->country);
	party->takes_birth = spot->new_id || spot->prvtid != 0;
}

/*
 * find_payer gives the account of one side of the transfer, else an id of the party;
 * *several if there are others.
 */
static PaText
find_payer(const PaJson *walk, const char *role, bool *several)
{
	PaText		found = {NULL, 0};

	*several = false;

	for (int i = walk->depth - 1; i >= 0; i--)
	{
		const PaFrame *frame = &walk->frame[i];

		if (i < walk->depth - 1 && walk->frame[i + 1].apart)
			break;
		for (int of_party = 0; of_party < 2; of_party++)
		{
			for (int j = 0; j < frame->naccounts; j++)
			{
				const PaAccount *account = &frame->account[j];

				if (account->of_party != (of_party != 0) ||
					!protaddr_json_same_role(account->role, role))
					continue;
				*several |= found.len > 0 || (account->more && !account->of_party);
				if (found.len == 0 && account->ntexts > 0)
					found = account->text[0];
			}
			if (found.len > 0 || *several)
				return found;
		}
	}
	return found;
}

/* ---- walking ------------------------------------------------------------------------ */

/* decide_unit asks about the parties of the object that we are in. */
static void
decide_unit(PaJson *walk)
{
	PaUnit		unit;
	bool		several_payers;
	bool		several_payees;

	memset(&unit, 0, sizeof(unit));
	for (int i = 0; i < walk->nspots; i++)
		describe(walk, &walk->spot[i], &walk->party[i]);
	unit.party = walk->party;
	unit.nparties = walk->nspots;
	for (int i = walk->depth - 1; i >= 0; i--)
	{
		const PaFrame *frame = &walk->frame[i];

		if (frame->amount_rank > 0)
		{
			unit.amount = frame->amount;
			unit.currency = frame->currency;
			break;
		}
		/* what is around one of several is of them all */
		if (frame->element || frame->apart)
			break;
	}
	unit.payer = find_payer(walk, "dbtr", &several_payers);
	unit.payee = find_payer(walk, "cdtr", &several_payees);
	for (int i = 0; i < walk->nspots; i++)
	{
		const char *role = walk->party[i].role;

		if ((several_payers && (strcmp(role, "Dbtr") == 0 || strcmp(role, "UltmtDbtr") == 0 ||
								strcmp(role, "InitgPty") == 0)) ||
			(several_payees && (strcmp(role, "Cdtr") == 0 || strcmp(role, "UltmtCdtr") == 0)))
			walk->party[i].more_identifiers = true;
	}

	walk->rewritten->units++;
	walk->rewritten->places += (uint64_t) walk->nspots;
	if (!walk->rewriter->decide(walk->rewriter->arg, &unit))
		protaddr_json_refuse(walk, PA_MESSAGE_STOPPED, walk->frame[walk->depth - 1].start);
	for (int i = 0; i < walk->nspots && walk->verdict == PA_MESSAGE_OK; i++)
		protaddr_json_settle(walk, &walk->spot[i], &walk->party[i]);
}

/*
 * walk_value goes through a value: name is what it is called, in_array is true within an
 * array, element within one of several.
 */
static void
walk_value(PaJson *walk, size_t value, const char *name, PaHandled handled, bool in_array,
		   bool element)
{
	static const char *const others[] = {
		"orgnltxref", "originaltransactionreference", "undrlygcstmrcdttrf",
		"underlyingcustomercredittransfer", NULL
	};
	PaMembers	members;
	PaMember	member;
	PaFrame    *frame;

	protaddr_json_begin(&members, walk->json, value);
	if (!members.object)
	{
		while (walk->verdict == PA_MESSAGE_OK && protaddr_json_next(&members, &member))
		{
			bool		several = member.comma != 0 || member.next_comma != 0;

			walk_value(walk, member.value, name, several ? HANDLED_NOT : handled, true,
					   element || several);
		}
		return;
	}

	frame = &walk->frame[walk->depth++];
	memset(frame, 0, offsetof(PaFrame, account));
	frame->amount_rank = 0;
	frame->amount.len = frame->currency.len = 0;
	frame->start = value;
	strcpy(frame->name, name);
	frame->handled = handled;
	frame->in_array = in_array;
	frame->element = element;
	frame->apart = protaddr_json_is_name(name, others);
	protaddr_json_flush(walk, value);
	gather(walk, frame);
	if (walk->nspots > 0 && walk->verdict == PA_MESSAGE_OK)
	{
		doubt_roles(walk, frame);
		decide_unit(walk);
	}

	while (walk->verdict == PA_MESSAGE_OK && protaddr_json_next(&members, &member))
	{
		char		inner[PA_JSON_NAME];
		int			role_len;

		protaddr_json_name(walk->json, member.start, inner);
		if (!protaddr_json_is_agent(inner) &&
			protaddr_json_address_name(walk->json, member.start, &role_len) == NAME_OTHER)
			walk_value(walk, member.value, strcmp(inner, "pty") == 0 ? frame->name : inner,
					   handled_by(frame, inner), false, false);
	}
	walk->depth--;
}

/*
 * protaddr_rewrite_json
 *		Rewrite JSON that has the ISO 20022 names.
 */
PaMessageVerdict
protaddr_rewrite_json(const char *message, size_t len, const PaRewriter *rewriter,
					  PaRewritten *rewritten)
{
	PaJson	   *walk;

	memset(rewritten, 0, sizeof(*rewritten));
	walk = len < UINT32_MAX ? rewriter->alloc(rewriter->arg, sizeof(*walk)) : NULL;
	if (walk == NULL)
	{
		rewritten->verdict = PA_MESSAGE_TOO_LARGE;
		return PA_MESSAGE_TOO_LARGE;
	}
	memset(walk, 0, offsetof(PaJson, frame));
	walk->json = message;
	walk->len = len;
	walk->rewriter = rewriter;
	walk->rewritten = rewritten;

	walk->verdict = protaddr_json_check(message, len, &walk->at);
	if (walk->verdict == PA_MESSAGE_OK)
	{
		size_t		start = strspn(message, " \t\n\r");

		if (message[start] == '{' || message[start] == '[')
			walk_value(walk, start, "", HANDLED_NOT, false, false);
		protaddr_json_flush(walk, len);
	}
	rewritten->verdict = walk->verdict;
	if (walk->verdict != PA_MESSAGE_OK)
	{
		rewritten->offset = walk->at;
		rewritten->line = 1;
		for (size_t i = 0; i < walk->at; i++)
			rewritten->line += message[i] == '\n';
	}
	for (size_t i = 0; i < walk->nedits; i++)
	{
		if (walk->edit[i].text != NULL)
			rewriter->free(rewriter->arg, walk->edit[i].text);
	}
	if (walk->edit != NULL)
		rewriter->free(rewriter->arg, walk->edit);
	rewriter->free(rewriter->arg, walk);
	return rewritten->verdict;
}
