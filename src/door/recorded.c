/*
 * recorded.c
 *		Which addresses of protected people did a statement reveal, on the audit trail?
 *
 * An observer of the door.  Before the first such address of a statement is revealed, a
 * record says who is about to, and for what ("disclosing"); when the statement is over,
 * another one says of whom, how many and on what basis ("disclosed").  Both stay, whatever
 * is rolled back.  Addresses of people who are free leave no record.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "clearance/clearance.h"
#include "door/door.h"
#include "keys/keys.h"
#include "law/law.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#define MAX_PEOPLE		100		/* of one record; then another one is begun */
#define MAX_LAWS		6
#define MAX_DISCLOSURES	20
#define BASIS_SIZE		300
#define NKINDS			(PROTADDR_IN_TEXT + 1)

static const char *const kind_words[NKINDS] = {
	[PROTADDR_SHOWN] = "shown",
	[PROTADDR_RELEASED] = "released",
	[PROTADDR_IN_MESSAGE] = "in_message",
	[PROTADDR_IN_TEXT] = "in_text",
};

/* A row of protaddr.channel by which something was revealed. */
typedef struct Law
{
	char		channel[PA_CHANNEL_SIZE + 1];
	TimestampTz valid_from;
	char		basis[BASIS_SIZE];
	int64		values;
} Law;

/* What a statement has revealed so far. */
typedef struct Revealing
{
	bool		open;			/* its first record is written */
	uint64		first;			/* the number of that */
	Oid			login_role;
	Oid			role;
	ProtaddrAuditWho who;
	const ProtaddrUnlock *unlock;	/* for telling one from another alone: it ends with its
									 * transaction */
	int64		values;
	int64		kinds[NKINDS];
	int64		actions[PROTADDR_NACTIONS];
	int			nlaws;
	Law			laws[MAX_LAWS];
	int64		other_laws;		/* values by more of them */
	int			ndisclosures;
	uint64		disclosures[MAX_DISCLOSURES];
	uint64		key;			/* of the ids */
	int			npeople;
	uint8		people[MAX_PEOPLE][PROTADDR_KEYED_ID_SIZE];
} Revealing;

static Revealing revealing;

static void recorded_start(void);
static void record(ProtaddrEvent *event);
static bool summarize(void);

const ProtaddrPart protaddr_recorded_part = {
	.start = recorded_start
};

static void
recorded_start(void)
{
	protaddr_observe(record);
	protaddr_audit_summarize(summarize);
}

/* ---- the record at the end -------------------------------------------------------------- */

static void
put_counts(ProtaddrAudit *record)
{
	protaddr_audit_number(record, "values", revealing.values);
	for (int i = 0; i < NKINDS; i++)
		if (revealing.kinds[i] > 0)
			protaddr_audit_number(record, kind_words[i], revealing.kinds[i]);
	protaddr_audit_open(record, "actions", '{');
	for (int i = 0; i < PROTADDR_NACTIONS; i++)
		if (revealing.actions[i] > 0)
			protaddr_trail_number(record, protaddr_action_word(i), revealing.actions[i]);
	protaddr_audit_close(record, '}');
}

static void
put_laws(ProtaddrAudit *record)
{
	protaddr_audit_open(record, "channels", '[');
	for (int i = 0; i < revealing.nlaws; i++)
	{
		const Law  *law = &revealing.laws[i];

		protaddr_audit_open(record, NULL, '{');
		protaddr_audit_text(record, "channel", law->channel);
		protaddr_audit_time(record, "valid_from", law->valid_from);
		protaddr_audit_number(record, "values", law->values);
		protaddr_audit_text(record, "legal_basis", law->basis);
		protaddr_audit_close(record, '}');
	}
	protaddr_audit_close(record, ']');
	if (revealing.other_laws > 0)
		protaddr_audit_number(record, "other_channels", revealing.other_laws);
}

static void
put_people(ProtaddrAudit *record)
{
	if (revealing.npeople == 0)
		return;
	protaddr_audit_key(record, revealing.key);
	protaddr_audit_open(record, "subjects", '[');
	for (int i = 0; i < revealing.npeople; i++)
		protaddr_audit_hex(record, NULL, revealing.people[i], PROTADDR_KEYED_ID_SIZE);
	protaddr_audit_close(record, ']');
}

/* write_summary writes what was counted since the last one, and counts anew; false if it cannot. */
static bool
write_summary(bool more)
{
	static ProtaddrAudit record;

	protaddr_audit_begin_as(&record, "disclosed", &revealing.who);
	protaddr_audit_number(&record, "first", revealing.first);
	protaddr_audit_bool(&record, "more", more);
	put_counts(&record);
	if (revealing.ndisclosures > 0)
	{
		protaddr_audit_open(&record, "disclosures", '[');
		for (int i = 0; i < revealing.ndisclosures; i++)
			protaddr_audit_number(&record, NULL, (int64) revealing.disclosures[i]);
		protaddr_audit_close(&record, ']');
	}
	put_people(&record);
	put_laws(&record);
	if (!protaddr_audit_write_after(&record))
		return false;
	revealing.values = 0;
	memset(revealing.kinds, 0, sizeof(revealing.kinds));
	memset(revealing.actions, 0, sizeof(revealing.actions));
	revealing.nlaws = 0;
	revealing.other_laws = 0;
	revealing.ndisclosures = 0;
	revealing.npeople = 0;
	return true;
}

/* summarize writes it when the statement is over. */
static bool
summarize(void)
{
	if (likely(!revealing.open))
		return true;
	if (!write_summary(false))
		return false;
	revealing.open = false;
	return true;
}

/* ---- what is revealed -------------------------------------------------------------------- */

/* put_unlock says for what whoever is logged in has unlocked the transaction. */
static void
put_unlock(ProtaddrAudit *record, const ProtaddrUnlock *unlock)
{
	if (unlock == NULL)
		return;
	protaddr_audit_open(record, "unlock", '{');
	protaddr_audit_text(record, "purpose", unlock->purpose);
	protaddr_audit_text(record, "legal_basis", unlock->legal_basis);
	if (unlock->reference[0] != '\0')
		protaddr_audit_text(record, "reference", unlock->reference);
	protaddr_audit_number(record, "clearance", unlock->clearance);
	if (unlock->request != 0)
		protaddr_audit_number(record, "request", unlock->request);
	protaddr_audit_close(record, '}');
}

/* begin writes the record before the first value. */
static void
begin(const ProtaddrEvent *event, const uint8 *person)
{
	static ProtaddrAudit record;

	protaddr_audit_who(&revealing.who);
	protaddr_audit_begin_as(&record, "disclosing", &revealing.who);
	protaddr_audit_text(&record, "how", kind_words[event->kind]);
	protaddr_audit_text(&record, "action", protaddr_action_word(event->answer->action));
	protaddr_audit_text(&record, "channel", event->channel->name);
	put_unlock(&record, event->unlock);
	if (event->transfer->held_id != 0)
		protaddr_audit_number(&record, "held_id", event->transfer->held_id);
	if (OidIsValid(event->transfer->relation))
		protaddr_audit_text(&record, "gated", protaddr_qualified_name(event->transfer->relation));
	if (person != NULL)
	{
		protaddr_audit_key(&record, revealing.key);
		protaddr_audit_hex(&record, "subject", person, PROTADDR_KEYED_ID_SIZE);
	}
	protaddr_audit_statement_relations(&record, "relations");
	protaddr_audit_write(&record);
	revealing.open = true;
	revealing.first = protaddr_audit_last();
	revealing.login_role = event->login_role;
	revealing.role = event->role;
	revealing.unlock = event->unlock;
}

static void
add_law(const ProtaddrChannel *law)
{
	Law		   *free;

	for (int i = 0; i < revealing.nlaws; i++)
		if (revealing.laws[i].valid_from == law->valid_from && strcmp(revealing.laws[i].channel, law->name) == 0)
		{
			revealing.laws[i].values++;
			return;
		}
	if (revealing.nlaws == MAX_LAWS)
	{
		revealing.other_laws++;
		return;
	}
	free = &revealing.laws[revealing.nlaws++];
	strlcpy(free->channel, law->name, sizeof(free->channel));
	free->valid_from = law->valid_from;
	strlcpy(free->basis, law->legal_basis != NULL ? law->legal_basis : "", sizeof(free->basis));
	free->values = 1;
}

static void
add_person(const uint8 *person)
{
	/* a copy of the same address, as often as not */
	for (int i = revealing.npeople - 1; i >= 0; i--)
		if (memcmp(revealing.people[i], person, PROTADDR_KEYED_ID_SIZE) == 0)
			return;
	memcpy(revealing.people[revealing.npeople++], person, PROTADDR_KEYED_ID_SIZE);
}

/* make_room writes a summary before there is too much for one. */
static void
make_room(const ProtaddrEvent *event, uint64 key)
{
	bool		other = event->login_role != revealing.login_role || event->role != revealing.role ||
	event->unlock != revealing.unlock;

	if (!revealing.open)
		return;
	if (revealing.npeople + event->npeople <= MAX_PEOPLE && revealing.ndisclosures < MAX_DISCLOSURES &&
		(key == revealing.key || revealing.npeople == 0) && !other)
		return;
	if (!write_summary(!other))
		protaddr_audit_refuse();
	if (other)
		revealing.open = false;
}

/*
 * record is the observer.  What it notes it notes before anything is revealed; a value
 * that another observer refuses afterwards is counted all the same.
 */
static void
record(ProtaddrEvent *event)
{
	uint8		people[PA_MAX_SUBJECTS][PROTADDR_KEYED_ID_SIZE];
	int			npeople = Min(event->npeople, PA_MAX_SUBJECTS);
	uint64		key = revealing.key;

	if (likely(event->answer->action == PROTADDR_LEAVE))
		return;
	for (int i = 0; i < npeople; i++)
		key = protaddr_keyed_id(event->people[i].data, event->people[i].len, people[i]);
	make_room(event, key);
	revealing.key = key;
	if (!revealing.open)
		begin(event, npeople > 0 ? people[0] : NULL);

	revealing.values++;
	revealing.kinds[event->kind]++;
	revealing.actions[event->answer->action]++;
	add_law(event->answer->law);
	if (event->disclosure != 0)
		revealing.disclosures[revealing.ndisclosures++] = event->disclosure;
	for (int i = 0; i < npeople; i++)
		add_person(people[i]);
}
