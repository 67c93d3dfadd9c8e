/*
 * message.c
 *		What of a payment message may leave?
 *
 * The rewriters find the places where a party's address stands and ask; here is
 * answered, party by party, by the same rules as for an address of its own.
 *
 * A party is whoever its account, its identification or its name stands for.  If none
 * of these leads to anybody we know, nobody knows whether that person is protected:
 * the channel's rule for unknown people decides.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "door/door.h"
#include "guard/guard.h"
#include "keys/keys.h"
#include "law/law.h"
#include "message/message.h"
#include "message/rewrite.h"
#include "person/person.h"
#include "person/subject.h"
#include "text/text.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xml.h"

PG_FUNCTION_INFO_V1(protaddr_release_message_text);
PG_FUNCTION_INFO_V1(protaddr_release_message_bytea);
PG_FUNCTION_INFO_V1(protaddr_release_mt_text);
PG_FUNCTION_INFO_V1(protaddr_release_json_text);
PG_FUNCTION_INFO_V1(protaddr_release_json_jsonb);

/* A message in which something is found so often after it was taken out is refused. */
#define ROUNDS	8

typedef struct Release
{
	const ProtaddrChannel *channel;
	const ProtaddrTransfer *transfer;
	StringInfo	out;
	MemoryContext rewriter;		/* what the rewriter allocates */
	MemoryContext per_unit;
	ProtaddrMode mode;
	ProtaddrAnswer answer;		/* PROTADDR_LEAVE, or what stopped it and why */
	ProtaddrAction without_substitute;	/* if one that was given does not fit: the strictest */
	uint64		units;
	uint64		substitutes;	/* given to the rewriter */
	/* what is read, and the addresses that do not stay */
	ProtaddrFormat format;
	const char *message;
	size_t		len;
	const char *encoding;
	ProtaddrTaken **taken;
} Release;

/* identifiers, two ways to write the name, those of the row and the transfer; and another party's */
#define PARTY_PEOPLE	(2 * (PA_PARTY_IDENTIFIERS + 4))

/* A party as the rules see it. */
typedef struct Known
{
	ProtaddrConcerned concerned;
	PaText		name;			/* as fold_name writes it */
	/* the identifiers of the party itself that lead to protected people */
	ProtaddrIdentifier itself[PARTY_PEOPLE];
	int			nitself;
	/* those of it that lead to people who are known and not protected */
	ProtaddrIdentifier others[PARTY_PEOPLE];
	int			nothers;
	/* what leads to protected people; as long as nothing does, what leads to anybody */
	PaText		people[PARTY_PEOPLE];
	int			npeople;
} Known;

/* The records of a unit's disclosures, at most one for each party. */
typedef struct Disclosed
{
	uint64	   *records;
	int			n;
} Disclosed;

static void rewrite(Release *release, ProtaddrFormat format, const char *message, size_t len,
					const char *encoding, PaRewritten *rewritten);
static bool decide_unit(void *arg, PaUnit *unit);
static PaText fold_name(PaText name);
static void know_party(const Release *release, const PaUnit *unit, const PaParty *party, Known *known);
static void add_identifier(ProtaddrIdentifier *ids, int *nids, const ProtaddrIdentifier *id);
static PaBirth *birth_of(const Known *known);
static void add_person(Known *known, const char *key, int len);
static void know_identifiers(const Release *release, const PaUnit *unit, const PaParty *party,
							 Known *known);
static bool ask(Known *known, const ProtaddrIdentifier *id, int said, bool is_party,
				const ProtaddrTransfer *transfer);
static bool decide_party(Release *release, PaParty *party, const Known *known,
						 const ProtaddrTransfer *transfer, bool *linked, Disclosed *disclosed);
static void same_person(const Known *protected_one, Known *other);
static void tell_event(const Release *release, const Known *known, const ProtaddrTransfer *transfer,
					   const ProtaddrAnswer *answer, Disclosed *disclosed);
static bool give_substitute(Release *release, PaParty *party, const Known *known,
							const ProtaddrAnswer *answer);
static void transfer_of_unit(const Release *release, const PaUnit *unit, ProtaddrTransfer *transfer);
static Numeric amount_of(PaText text);
static bool is_payer(const char *role);
static bool is_payee(const char *role);
static void refuse_unreadable(const ProtaddrChannel *channel, const PaRewritten *rewritten);

/* ---- what the rewriter calls ---------------------------------------------------- */

static bool
write_out(void *arg, const char *data, size_t len)
{
	Release    *release = (Release *) arg;

	CHECK_FOR_INTERRUPTS();
	while (len > 0)
	{
		int			piece = (int) Min(len, 64 * 1024 * 1024);

		appendBinaryStringInfo(release->out, data, piece);
		data += piece;
		len -= piece;
	}
	return true;
}

static void *
rewriter_alloc(void *arg, size_t size)
{
	return MemoryContextAllocExtended(((Release *) arg)->rewriter, Max(size, 1),
									  MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
}

static void *
rewriter_realloc(void *arg, void *ptr, size_t size)
{
	if (ptr == NULL)
		return rewriter_alloc(arg, size);
	return repalloc_huge(ptr, Max(size, 1));
}

static void
rewriter_free(void *arg, void *ptr)
{
	if (ptr != NULL)
		pfree(ptr);
}

/* take_address notes an address that does not stay, for the guard to look for it elsewhere. */
static void
take_address(void *arg, size_t start, size_t end)
{
	Release    *release = (Release *) arg;
	PaAddress	address;
	StringInfoData text;

	if (release->encoding != NULL)
	{
		text.		data = (char *) release->message + start;
		text.		len = (int) (end - start);
	}
	else
	{
		initStringInfo(&text);
		protaddr_read_bytes(release->message, release->len, release->message + start, end - start, &text);
	}
	switch (release->format)
	{
		case PROTADDR_XML:
			protaddr_address_in_xml(text.data, text.len, &address);
			break;
		case PROTADDR_MT:
			protaddr_address_in_mt(text.data, text.len, &address);
			break;
		case PROTADDR_JSON:
			protaddr_address_in_json(text.data, text.len, &address);
			break;
	}
	protaddr_taken_add(release->taken, &address);
	if (release->encoding == NULL)
	{
		explicit_bzero(text.data, text.len);
		pfree(text.data);
	}
}

/* holds_members tells whether JSON is an object or an array. */
static bool
holds_members(const char *message, size_t len)
{
	size_t		at = 0;

	while (at < len && strchr(" \t\r\n", message[at]) != NULL && message[at] != '\0')
		at++;
	return at < len && (message[at] == '{' || message[at] == '[');
}

/* ---- the message ------------------------------------------------------------------ */

/*
 * protaddr_release_message appends what may leave of a message to out.  See
 * message.h.
 */
ProtaddrAction
protaddr_release_message(ProtaddrMode mode, ProtaddrFormat format, const char *message, size_t len,
						 const char *encoding, const ProtaddrChannel *channel,
						 const ProtaddrTransfer *transfer, StringInfo out, PaRewritten *counts,
						 ProtaddrAnswer *answer, ProtaddrTaken **taken)
{
	Release		release;
	PaRewritten rewritten;

	/* a message in hand is addresses in clear: nothing of this statement is for the log */
	protaddr_clear_text_seen();

	memset(&release, 0, sizeof(release));
	release.mode = mode;
	release.channel = channel;
	release.transfer = transfer;
	release.out = out;
	release.answer.action = release.without_substitute = PROTADDR_LEAVE;
	release.answer.rule = PROTADDR_RULE_FREE;
	release.format = format;
	release.message = message;
	release.len = len;
	release.encoding = encoding;
	release.taken = taken;

	/* a message is mostly kept: one allocation instead of many */
	enlargeStringInfo(out, (int) Min(len + 1024, MaxAllocSize / 2));
	rewrite(&release, format, message, len, encoding, &rewritten);
	if (counts != NULL)
		*counts = rewritten;

	if (rewritten.verdict == PA_MESSAGE_OK)
	{
		/* a substitute for which this message has no room counts as missing */
		if (rewritten.substituted < release.substitutes &&
			(release.without_substitute == PROTADDR_BLOCK || release.without_substitute == PROTADDR_HOLD))
		{
			release.answer.action = release.without_substitute;
			release.answer.rule = PROTADDR_RULE_NO_SUBSTITUTE;
		}
	}
	else if (release.answer.action == PROTADDR_LEAVE)
	{
		ProtaddrQuestion question = {
			.mode = mode,
			.channel = channel,
			.transfer = transfer,
			.unreadable = true
		};

		protaddr_ask(&question, &release.answer);
	}

	if (answer != NULL)
		*answer = release.answer;
	if (release.answer.action == PROTADDR_BLOCK && mode == PROTADDR_ASK_NOW)
	{
		if (release.answer.rule == PROTADDR_RULE_UNREADABLE)
			refuse_unreadable(channel, &rewritten);
		protaddr_refuse(channel);
	}
	return release.answer.action;
}

/* rewrite has the message read and written by the rewriter of its format. */
static void
rewrite(Release *release, ProtaddrFormat format, const char *message, size_t len,
		const char *encoding, PaRewritten *rewritten)
{
	PaRewriter	rewriter;

	release->rewriter = AllocSetContextCreate(CurrentMemoryContext, "protaddr message",
											  ALLOCSET_DEFAULT_SIZES);
	release->per_unit = AllocSetContextCreate(CurrentMemoryContext, "protaddr unit of a message",
											  ALLOCSET_SMALL_SIZES);
	rewriter.arg = release;
	rewriter.decide = decide_unit;
	rewriter.write = write_out;
	rewriter.alloc = rewriter_alloc;
	rewriter.realloc = rewriter_realloc;
	rewriter.free = rewriter_free;
	rewriter.taken = release->taken != NULL ? take_address : NULL;

	memset(rewritten, 0, sizeof(*rewritten));
	switch (format)
	{
		case PROTADDR_XML:
			protaddr_rewrite_xml(message, len, encoding, &rewriter, rewritten);
			break;
		case PROTADDR_MT:
			protaddr_rewrite_mt(message, len, &rewriter, rewritten);
			break;
		case PROTADDR_JSON:
			protaddr_rewrite_json(message, len, &rewriter, rewritten);
			/* a string or a number has no names that tell what it is */
			if (rewritten->verdict == PA_MESSAGE_OK && !holds_members(message, len))
				rewritten->verdict = PA_MESSAGE_UNKNOWN_FORMAT;
			break;
	}
	MemoryContextDelete(release->per_unit);
	MemoryContextDelete(release->rewriter);
	rewritten->offset = Min(rewritten->offset, (uint64) len);
}

static void
refuse_unreadable(const ProtaddrChannel *channel, const PaRewritten *rewritten)
{
	static const char *const why[] = {
		[PA_MESSAGE_OK] = "It can be read.",
		[PA_MESSAGE_STOPPED] = "It was not read to the end.",
		[PA_MESSAGE_MALFORMED] = "It is not well-formed.",
		[PA_MESSAGE_DOCTYPE] = "It has a document type declaration.",
		[PA_MESSAGE_ENCODING] = "Its bytes are not valid in the encoding that it declares, or that encoding is not supported.",
		[PA_MESSAGE_NAMESPACE] = "It is not an ISO 20022 message, or has an element of another namespace.",
		[PA_MESSAGE_TOO_DEEP] = "It is nested too deeply.",
		[PA_MESSAGE_TOO_LARGE] = "A part of it is too large.",
		[PA_MESSAGE_ORDER] = "An account comes too long after its party.",
		[PA_MESSAGE_UNKNOWN_FORMAT] = "It is not in the expected format.",
	};

	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("the message may not leave through channel \"%s\": it cannot be read",
					channel->name),
			 rewritten->line > 0 ?
			 errdetail("Line %llu, byte %llu: %s", (unsigned long long) rewritten->line,
					   (unsigned long long) rewritten->offset, why[rewritten->verdict]) :
			 errdetail("Byte %llu: %s", (unsigned long long) rewritten->offset,
					   why[rewritten->verdict]),
			 errhint("An address could be overlooked in it. The channel can hold such messages instead: see when_unreadable in protaddr.channel."),
			 protaddr_errprivate()));
}

/* ---- a unit and its parties -------------------------------------------------------- */

static bool
decide_unit(void *arg, PaUnit *unit)
{
	Release    *release = (Release *) arg;
	ProtaddrTransfer transfer;
	MemoryContext old;
	Known	   *known;
	bool		going_on = true;
	bool		linked = false;
	Disclosed	disclosed = {NULL, 0};

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(release->per_unit);
	old = MemoryContextSwitchTo(release->per_unit);

	/* takes in what other sessions changed */
	(void) protaddr_register_ready();
	release->units++;
	transfer_of_unit(release, unit, &transfer);

	known = palloc(Max(unit->nparties, 1) * sizeof(Known));
	for (int i = 0; i < unit->nparties; i++)
		know_party(release, unit, &unit->party[i], &known[i]);

	/* an ultimate debtor without an account, but with the debtor's name, is the debtor */
	for (int i = 0; i < unit->nparties; i++)
		for (int j = 0; j < unit->nparties; j++)
			if (known[i].concerned.hides != PROTADDR_HIDES_NOTHING && known[i].name.len > 0 &&
				known[i].name.len == known[j].name.len &&
				memcmp(known[i].name.data, known[j].name.data, known[i].name.len) == 0)
				same_person(&known[i], &known[j]);

	for (int i = 0; i < unit->nparties; i++)
		if (!unit->party[i].more_identifiers)
			protaddr_concern_receiver(&known[i].concerned, known[i].people, known[i].npeople,
									  release->channel, &transfer);

	disclosed.records = palloc(Max(unit->nparties, 1) * sizeof(uint64));
	for (int i = 0; i < unit->nparties && going_on; i++)
		going_on = decide_party(release, &unit->party[i], &known[i], &transfer, &linked, &disclosed);

	/* a row that tells its amount counts as one transfer, by the gate */
	if (going_on && linked && release->mode == PROTADDR_ASK_NOW && release->transfer->amount == NULL)
		(void) protaddr_linked_record(release->channel, &transfer, false);

	MemoryContextSwitchTo(old);
	return going_on;
}

/*
 * know_party asks whom everything that the message says of a party stands for.
 *
 * Protection is taken from everywhere: its identifiers, its name, and for whoever is on
 * that side of the transfer, whom the row names as payer, and the transfer as payer or
 * payee.  That it is somebody we know, who may be free, only its identifiers say: others
 * bear the name too, and a statement of the row's payer has payers of other banks in it.
 */
static void
know_party(const Release *release, const PaUnit *unit, const PaParty *party, Known *known)
{
	uint64		ended = protaddr_transactions_ended();

	memset(known, 0, sizeof(*known));
	known->concerned.anybody = true;
	known->concerned.known = true;
	know_identifiers(release, unit, party, known);

	/* asked about one after the other, as in protaddr_concern_address */
	if (known->concerned.hides == PROTADDR_HIDES_NOTHING && unlikely(ended != protaddr_transactions_ended()))
	{
		(void) protaddr_register_ready();
		know_identifiers(release, unit, party, known);
	}
}

/* know_identifiers asks about each of them, in addition to what is known. */
static void
know_identifiers(const Release *release, const PaUnit *unit, const PaParty *party, Known *known)
{
	const ProtaddrIdentifier *payer = &release->transfer->payer;
	const PaText none = {NULL, 0};
	bool		says_more = party->nidentifiers > 0 || party->more_identifiers;
	bool		anybody = false;
	bool		and_unknown = false;	/* one is of an account, say, with another holder */
	ProtaddrIdentifier id;
	PaText		side;

	if (party->more_identifiers)
		known->concerned.hides = PROTADDR_HIDES_ALL;
	for (int i = 0; i < party->nidentifiers; i++)
	{
		if (protaddr_identifier_from_utf8(party->identifier[i].data, party->identifier[i].len, &id))
		{
			int			said = protaddr_said_of(id.key, id.len);
			bool		hides = ask(known, &id, said, true, release->transfer);
			ProtaddrResolved resolved = protaddr_person_resolved(&id, said);

			if (!hides && resolved == PROTADDR_RESOLVED)
				add_identifier(known->others, &known->nothers, &id);
			anybody |= resolved == PROTADDR_RESOLVED;
			and_unknown |= resolved == PROTADDR_RESOLVED_IN_PART;
		}
	}
	known->concerned.known &= anybody && !and_unknown;

	/* the name as it is and as SWIFT writes it; it may be longer than any identifier */
	known->name = fold_name(party->name);
	for (int i = 0; i < 2; i++)
	{
		PaText		name = i == 0 ? party->name : known->name;

		id.len = name.len > 0 ? protaddr_subject_key(name.data, name.len, id.key) : 0;
		if (id.len > 0)
			(void) ask(known, &id, protaddr_protection_of(id.key, id.len), !says_more, release->transfer);
	}

	if (is_payer(party->role) && payer->len > 0)
		(void) ask(known, payer, protaddr_protection_of(payer->key, payer->len),
				   !says_more && strcmp(party->role, "Dbtr") == 0, release->transfer);
	side = is_payer(party->role) ? unit->payer : is_payee(party->role) ? unit->payee : none;
	if (side.len > 0 && protaddr_identifier_from_utf8(side.data, side.len, &id))
		(void) ask(known, &id, protaddr_protection_of(id.key, id.len), false, release->transfer);
}

/* add_person notes whom a party stands for, once. */
static void
add_person(Known *known, const char *key, int len)
{
	for (int i = 0; i < known->npeople; i++)
		if (known->people[i].len == len && memcmp(known->people[i].data, key, len) == 0)
			return;
	if (known->npeople == PARTY_PEOPLE)
		return;
	known->people[known->npeople].data = pnstrdup(key, len);
	known->people[known->npeople++].len = len;
}

/* add_identifier notes an identifier of the party itself, once. */
static void
add_identifier(ProtaddrIdentifier *ids, int *nids, const ProtaddrIdentifier *id)
{
	for (int i = 0; i < *nids; i++)
		if (protaddr_identifier_same(&ids[i], id))
			return;
	if (*nids < PARTY_PEOPLE)
		ids[(*nids)++] = *id;
}

/*
 * ask adds the protection of whom an identifier stands for, of which the registers said so
 * much, and tells whether there is any; is_party: it may be taken for the party itself,
 * and have its substitute and birth.
 */
static bool
ask(Known *known, const ProtaddrIdentifier *id, int said, bool is_party,
	const ProtaddrTransfer *transfer)
{
	int			hides = said & PROTADDR_HIDES_ALL;

	if (hides != PROTADDR_HIDES_NOTHING && known->concerned.hides == PROTADDR_HIDES_NOTHING)
		known->npeople = 0;
	if (hides != PROTADDR_HIDES_NOTHING || known->concerned.hides == PROTADDR_HIDES_NOTHING)
		add_person(known, id->key, id->len);
	known->concerned.hides |= hides;
	if (hides != PROTADDR_HIDES_NOTHING)
		protaddr_concern_decision(&known->concerned, id->key, id->len, transfer);
	if (hides != PROTADDR_HIDES_NOTHING && is_party)
		add_identifier(known->itself, &known->nitself, id);
	return hides != PROTADDR_HIDES_NOTHING;
}

/* same_person takes a party for the same person as another one, who is protected. */
static void
same_person(const Known *protected_one, Known *other)
{
	if (other == protected_one)
		return;
	if (other->concerned.hides == PROTADDR_HIDES_NOTHING)
		other->npeople = 0;
	for (int i = 0; i < protected_one->npeople; i++)
		add_person(other, protected_one->people[i].data, protected_one->people[i].len);
	other->concerned.hides |= protected_one->concerned.hides;
	other->concerned.since |= protected_one->concerned.since;
	for (int i = 0; i < protected_one->nitself; i++)
		add_identifier(other->itself, &other->nitself, &protected_one->itself[i]);
	for (int i = 0; i < protected_one->nothers; i++)
		add_identifier(other->others, &other->nothers, &protected_one->others[i]);
}

/*
 * fold_name writes a name as a SWIFT message would, in capitals and without what is
 * no letter, so that the ways to write it are one; palloc'd.  As it is, if SWIFT has
 * no letters for it.
 */
static PaText
fold_name(PaText name)
{
	size_t		room = 2 * (size_t) name.len + 1;
	char	   *folded = palloc(room);
	size_t		len = name.len > 0 ? protaddr_charset_x(name.data, name.len, folded, room) : 0;
	PaText		result = name;

	if (len == 0)
		return result;
	result.data = folded;
	result.len = 0;
	for (size_t i = 0; i < len; i++)
		if (isalnum((unsigned char) folded[i]))
			folded[result.len++] = pg_toupper((unsigned char) folded[i]);
	return result;
}

/* birth_of gives when and where the party was born; NULL if it names somebody else, too. */
static PaBirth *
birth_of(const Known *known)
{
	ProtaddrIdentifier *ids = palloc((known->nitself + known->nothers + 1) * sizeof(ProtaddrIdentifier));

	memcpy(ids, known->itself, known->nitself * sizeof(ProtaddrIdentifier));
	memcpy(ids + known->nitself, known->others, known->nothers * sizeof(ProtaddrIdentifier));
	return protaddr_birth_of(ids, known->nitself + known->nothers);
}

/* decide_party says what may stand at the party's place; false: the message is held or refused. */
static bool
decide_party(Release *release, PaParty *party, const Known *known, const ProtaddrTransfer *transfer,
			 bool *linked, Disclosed *disclosed)
{
	ProtaddrQuestion question = {
		.mode = release->mode,
		.channel = release->channel,
		.concerned = &known->concerned,
		.transfer = transfer
	};
	ProtaddrAnswer answer;

	protaddr_ask(&question, &answer);
	if (answer.action == PROTADDR_SUBSTITUTE && !give_substitute(release, party, known, &answer))
		protaddr_answer_without_substitute(&answer);

	/* before anything of it is written */
	if (release->mode == PROTADDR_ASK_NOW && protaddr_as_strict(PROTADDR_MINIMUM, answer.action))
		tell_event(release, known, transfer, &answer, disclosed);
	switch (answer.action)
	{
		case PROTADDR_BLOCK:
		case PROTADDR_HOLD:
			release->answer = answer;
			return false;
		case PROTADDR_LEAVE:
		case PROTADDR_DISCLOSE:
			party->action = PA_PLACE_KEEP;
			break;
		case PROTADDR_MINIMUM:
			party->action = (known->concerned.hides & PROTADDR_HIDES_TOWN) != 0 ?
				PA_PLACE_COUNTRY : PA_PLACE_MINIMUM;
			break;
		case PROTADDR_SUBSTITUTE:
			break;
		case PROTADDR_WITHHOLD:
			party->action = PA_PLACE_WITHHOLD;
			break;
	}

	/* a small transfer needs neither an address nor anything in its place */
	if (answer.birth_data && party->takes_birth && answer.rule != PROTADDR_RULE_SMALL &&
		party->action != PA_PLACE_KEEP && party->action != PA_PLACE_SUBSTITUTE &&
		strcmp(party->role, "Dbtr") == 0)
		party->birth = birth_of(known);

	*linked = *linked || answer.linked;
	return true;
}

/*
 * tell_event tells the observers what of a party's address is about to be written.  A
 * person who stands in several places of a unit is disclosed once.
 */
static void
tell_event(const Release *release, const Known *known, const ProtaddrTransfer *transfer,
		   const ProtaddrAnswer *answer, Disclosed *disclosed)
{
	ProtaddrEvent event = {
		.kind = PROTADDR_IN_MESSAGE,
		.channel = release->channel,
		.answer = answer,
		.transfer = transfer,
		.people = known->people,
		.npeople = known->npeople,
		.login_role = GetSessionUserId(),
		.role = GetOuterUserId(),
		.disclosed_before = disclosed->records,
		.ndisclosed_before = disclosed->n
	};

	protaddr_tell_event(&event);
	if (answer->action == PROTADDR_DISCLOSE)
	{
		if (event.disclosure == 0)
			elog(ERROR, "a disclosure was not recorded");
		disclosed->records[disclosed->n++] = event.disclosure;
	}
}

/* give_substitute puts the party's registered substitute in its place; false if there is none. */
static bool
give_substitute(Release *release, PaParty *party, const Known *known, const ProtaddrAnswer *answer)
{
	ProtaddrSeal *substitute = protaddr_substitute_of(known->itself, known->nitself);
	ProtaddrOpened opened;
	PaAddress  *address;
	uint8	   *plain;

	if (substitute == NULL)
		return false;

	/* several substitutes may stand in a unit, and one value is open at a time */
	address = palloc(sizeof(PaAddress));
	(void) protaddr_open(substitute, false, &opened);
	plain = palloc(opened.len);
	memcpy(plain, opened.plain, opened.len);
	if (!protaddr_decode(plain, opened.len, address))
		elog(ERROR, "could not read a substitute address");
	protaddr_shut(&opened);
	party->substitute = address;
	party->action = PA_PLACE_SUBSTITUTE;
	release->substitutes++;
	release->without_substitute = protaddr_stricter(release->without_substitute,
													answer->without_substitute);
	return true;
}

/*
 * transfer_of_unit takes what the message says of the transfer; what it does not say
 * the row may.
 */
static void
transfer_of_unit(const Release *release, const PaUnit *unit, ProtaddrTransfer *transfer)
{
	*transfer = *release->transfer;
	if (unit->amount.len > 0)
	{
		transfer->amount = amount_of(unit->amount);
		memset(transfer->currency, 0, sizeof(transfer->currency));
		if (unit->currency.len == 3)
			memcpy(transfer->currency, unit->currency.data, 3);
	}
	if (unit->payee.len > 0 &&
		!protaddr_identifier_from_utf8(unit->payee.data, unit->payee.len, &transfer->payee))
		transfer->payee.len = 0;
	if (unit->payer.len > 0 &&
		!protaddr_identifier_from_utf8(unit->payer.data, unit->payer.len, &transfer->payer))
		transfer->payer.len = 0;
	/* each transaction of a message is a transfer of its own, unless the row is it */
	if (release->transfer->amount == NULL)
		transfer->reference = hash_combine64(transfer->reference, release->units);
}

/* amount_of reads decimal text; NULL if it is not a number. */
static Numeric
amount_of(PaText text)
{
	char		digits[64];
	int			points = 0;

	if (text.len == 0 || text.len >= sizeof(digits))
		return NULL;
	for (uint32 i = 0; i < text.len; i++)
	{
		char		c = text.data[i] == ',' ? '.' : text.data[i];

		points += c == '.';
		if ((c < '0' || c > '9') && c != '.')
			return NULL;
		digits[i] = c;
	}
	digits[text.len] = '\0';
	if (points > 1 || (points == 1 && text.len == 1))
		return NULL;
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static bool
is_payer(const char *role)
{
	return strcmp(role, "Dbtr") == 0 || strcmp(role, "UltmtDbtr") == 0 ||
		strcmp(role, "InitgPty") == 0;
}

static bool
is_payee(const char *role)
{
	return strcmp(role, "Cdtr") == 0 || strcmp(role, "UltmtCdtr") == 0;
}

/* ---- as SQL functions ---------------------------------------------------------------- */

static void
refuse_held(const ProtaddrChannel *channel)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("channel \"%s\" holds this message until somebody has decided", channel->name),
			 errhint("Write it through a gate, which holds its row, and see protaddr.release_held()."),
			 protaddr_errprivate()));
}

/* refuse_repeated refuses a message in which what was taken away may stand elsewhere, and has to stay there. */
static void
refuse_repeated(const ProtaddrChannel *channel)
{
	if (channel->when_unreadable == PROTADDR_HOLD)
		refuse_held(channel);
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("the message may not leave through channel \"%s\": an address that was taken out of it may stand in it again",
					channel->name),
			 errdetail("Where it may stand again it is not certain, or cannot be taken out."),
			 errhint("The channel can hold such messages instead: see when_unreadable in protaddr.channel."),
			 protaddr_errprivate()));
}

/*
 * without_taken takes the addresses that were taken out of their places out of the texts of
 * the message, too.
 */
static StringInfo
without_taken(StringInfo message, ProtaddrFormat format, bool is_text, const ProtaddrChannel *channel,
			  const ProtaddrTaken *taken)
{
	ProtaddrForm form;
	ProtaddrLeaves leaves;
	Datum		value;
	int			repeated;

	if (taken == NULL)
		return message;
	/* the message as it is, most often: nothing is copied */
	if ((is_text || protaddr_reads_as_it_is(message->data, message->len)) &&
		(protaddr_guard_find_taken(message->data, message->len, taken, &repeated), repeated == 0))
		return message;
	protaddr_form_of(is_text ? TEXTOID : BYTEAOID, -1, &form);
	form.kind = format == PROTADDR_MT ? PROTADDR_TEXT_MT : PROTADDR_TEXT_MARKUP;
	protaddr_leaves_begin(&leaves);
	value = PointerGetDatum(cstring_to_text_with_len(message->data, message->len));

	/* what was taken out may have brought together what stood apart */
	for (int round = 0; round < ROUNDS; round++)
	{
		ProtaddrFound *found;
		ProtaddrStretch *stretch;
		int			nfound;

		protaddr_leaves_reset(&leaves);
		protaddr_leaves_add(&leaves, &form, value, 0);
		found = protaddr_guard_find_taken(leaves.whole.data, leaves.whole.len, taken, &nfound);
		if (nfound == 0)
		{
			resetStringInfo(message);
			appendBinaryStringInfo(message, VARDATA_ANY(DatumGetPointer(value)),
								   (int) VARSIZE_ANY_EXHDR(DatumGetPointer(value)));
			return message;
		}
		stretch = palloc(nfound * sizeof(ProtaddrStretch));
		for (int i = 0; i < nfound; i++)
		{
			stretch[i].leaf = 0;
			stretch[i].start = found[i].start;
			stretch[i].end = found[i].start + found[i].length;
			if (found[i].certainty == PA_DOUBTFUL ||
				!protaddr_leaf_lets_go(&leaves, &leaves.leaf[0], stretch[i].start, stretch[i].end))
				refuse_repeated(channel);
		}
		if (!protaddr_leaf_cut(&leaves, &leaves.leaf[0], stretch, nfound))
			refuse_repeated(channel);
		value = leaves.leaf[0].left;
	}
	refuse_repeated(channel);
	return NULL;
}

/*
 * release_by_hand releases a message outside a gate.  Text comes in the database's
 * encoding, whatever an XML declaration says.
 */
static StringInfo
release_by_hand(FunctionCallInfo fcinfo, ProtaddrFormat format, const char *message, size_t len,
				bool is_text)
{
	text	   *name = PG_GETARG_TEXT_PP(1);
	const ProtaddrChannel *channel =
	protaddr_channel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), DT_NOBEGIN);
	ProtaddrTransfer transfer;
	StringInfo	out = makeStringInfo();
	ProtaddrTaken *taken = NULL;

	memset(&transfer, 0, sizeof(transfer));
	if (!PG_ARGISNULL(2))
		transfer.law_then = protaddr_channel(channel->name, channel->name_len, PG_GETARG_TIMESTAMPTZ(2));
	if (is_text && GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("messages as text need a database in UTF8"),
				 errhint("Give an XML message as bytea, in the encoding that it declares.")));

	if (protaddr_release_message(PROTADDR_ASK_NOW, format, message, len, is_text ? "UTF-8" : NULL,
								 channel, &transfer, out, NULL, NULL, &taken) == PROTADDR_HOLD)
		refuse_held(channel);
	return without_taken(out, format, is_text, channel, taken);
}

static Datum
release_text(FunctionCallInfo fcinfo, ProtaddrFormat format, bool is_text)
{
	text	   *message;
	StringInfo	out;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	message = PG_GETARG_TEXT_PP(0);
	out = release_by_hand(fcinfo, format, VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message), is_text);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out->data, out->len));
}

/* protaddr_release_message_text is protaddr.release_message for text and xml. */
Datum
protaddr_release_message_text(PG_FUNCTION_ARGS)
{
	return release_text(fcinfo, PROTADDR_XML, true);
}

/* protaddr_release_message_bytea is protaddr.release_message for bytea. */
Datum
protaddr_release_message_bytea(PG_FUNCTION_ARGS)
{
	return release_text(fcinfo, PROTADDR_XML, false);
}

/* protaddr_release_mt_text is protaddr.release_mt. */
Datum
protaddr_release_mt_text(PG_FUNCTION_ARGS)
{
	return release_text(fcinfo, PROTADDR_MT, true);
}

/* protaddr_release_json_text is protaddr.release_json for json and text. */
Datum
protaddr_release_json_text(PG_FUNCTION_ARGS)
{
	return release_text(fcinfo, PROTADDR_JSON, true);
}

/* protaddr_release_json_jsonb is protaddr.release_json for jsonb. */
Datum
protaddr_release_json_jsonb(PG_FUNCTION_ARGS)
{
	char	   *message;
	StringInfo	out;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	message = DatumGetCString(DirectFunctionCall1(jsonb_out, PG_GETARG_DATUM(0)));
	out = release_by_hand(fcinfo, PROTADDR_JSON, message, strlen(message), true);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(out->data)));
}
