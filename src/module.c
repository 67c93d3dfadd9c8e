/*
 * module.c
 *		How the library starts, and in which order its parts hear of what happens.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "base/base.h"
#include "binding/binding.h"
#include "clearance/clearance.h"
#include "door/door.h"
#include "export/export.h"
#include "gate/gate.h"
#include "guard/guard.h"
#include "keys/keys.h"
#include "law/law.h"
#include "person/person.h"
#include "register/register.h"
#include "sweep/sweep.h"

#include "utils/guc.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/*
 * The parts, the lower floors first: they start in this order, and in this order each
 * hears what it has asked for in its ProtaddrPart.  Behind each stands what it has or hears.
 */
static const ProtaddrPart *const parts[] = {
	&protaddr_log_hygiene_part, /* log; end of transaction */
	&protaddr_context_part,		/* log */
	&protaddr_callers_part,		/* SECURITY DEFINER functions */
	&protaddr_own_tables_part,	/* relations, schemas; end of transaction */
	&protaddr_audit_part,		/* settings */
	&protaddr_audit_statement_part, /* runs, utility commands; before commit, end of transaction */
	&protaddr_audit_own_change_part,	/* our tables; end of transaction and subtransaction */
	&protaddr_kek_part,			/* settings */
	&protaddr_crypto_part,		/* the ciphers; settings */
	&protaddr_data_key_part,	/* tables */
	&protaddr_seal_part,		/* end of transaction */
	&protaddr_person_recorded_part, /* names people to the audit trail */
	&protaddr_link_part,		/* tables */
	&protaddr_replica_part,		/* settings */
	&protaddr_protected_part,	/* tables, settings; end of transaction */
	&protaddr_known_part,		/* tables */
	&protaddr_picture_part,		/* settings, shared memory; DDL, before prepare, end of transaction */
	&protaddr_register_part,	/* tables */
	&protaddr_bound_column_part,	/* relations */
	&protaddr_grant_part,		/* tables */
	&protaddr_request_part,		/* tables */
	&protaddr_processor_part,	/* tables, roles */
	&protaddr_processor_member_part,	/* memberships of roles */
	&protaddr_unlock_part,		/* runs of queries; end of transaction and subtransaction */
	&protaddr_channel_part,		/* tables */
	&protaddr_linked_part,		/* tables */
	&protaddr_substitute_part,	/* tables */
	&protaddr_birth_part,		/* tables */
	&protaddr_show_part,		/* end of transaction */
	&protaddr_disclosure_part,	/* tables; an observer of the door */
	&protaddr_recorded_part,	/* an observer of the door; end of statement */
	&protaddr_source_part,		/* relations; triggers */
	&protaddr_guard_words_part, /* tables */
	&protaddr_guard_index_part, /* tables; settings */
	&protaddr_guard_base_part,	/* shared memory; databases */
	&protaddr_derive_part,		/* statements; before commit, end of transaction and subtransaction */
	&protaddr_gate_plan_part,	/* relations */
	&protaddr_ledger_part,		/* end of command, transaction and subtransaction */
	&protaddr_held_part,		/* tables; end of transaction and subtransaction */
	&protaddr_decision_part,	/* tables */
	&protaddr_gate_state_part,	/* tables; relations, functions */
	&protaddr_gate_hooks_part,	/* settings; DDL, permissions; before commit */
	&protaddr_sweep_part,		/* tables */
	&protaddr_export_declare_part,	/* tables */
	&protaddr_proxy_part,		/* tables; DDL */
	&protaddr_ways_out_part,	/* tables; permissions, large objects, COPY, publications */
	&protaddr_export_verdict_part,	/* relations, functions */
	&protaddr_export_schema_part,	/* schemas */
	&protaddr_export_domain_part,	/* what domains check */
	&protaddr_export_cast_part, /* casts */
	&protaddr_export_reading_part,	/* end of transaction and subtransaction */
	&protaddr_export_execute_part,	/* permissions, runs, DDL; end of transaction */
	&protaddr_export_file_part, /* an observer of readings */
};

void
_PG_init(void)
{
	protaddr_hooks_init(parts, lengthof(parts));
	MarkGUCPrefixReserved("protaddr");
}
