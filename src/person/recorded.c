/*
 * recorded.c
 *		How does the audit trail name a person?
 *
 * By a keyed id of the canonical identifier; where no data key can be used, not at all.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "keys/keys.h"
#include "person/person.h"

static void recorded_start(void);
static void name_person(ProtaddrAudit *record, const char *identifier);

const ProtaddrPart protaddr_person_recorded_part = {
	.start = recorded_start
};

static void
recorded_start(void)
{
	protaddr_audit_names_people(name_person);
}

static void
name_person(ProtaddrAudit *record, const char *identifier)
{
	ProtaddrIdentifier canonical;
	uint8		id[PROTADDR_KEYED_ID_SIZE];
	uint64		key;

	if (!protaddr_identifier_if_any(identifier, strlen(identifier), &canonical))
		return;
	key = protaddr_keyed_id_if_any(canonical.key, canonical.len, id);
	if (key == 0)
		return;
	protaddr_audit_hex(record, "subject", id, sizeof(id));
	protaddr_audit_key(record, key);
}
