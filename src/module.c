/*
 * module.c
 *		How the library starts, and in which order its parts hear of what happens.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "person/person.h"

#include "utils/guc.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/*
 * The parts, the lower floors first: they start in this order, and in this order each
 * hears what it has asked for in its ProtaddrPart.
 */
static const ProtaddrPart *const parts[] = {
	&protaddr_log_hygiene_part, /* log; end of transaction */
	&protaddr_callers_part,		/* SECURITY DEFINER functions */
	&protaddr_own_tables_part,	/* relations, schemas; end of transaction */
	&protaddr_kek_part,			/* settings */
	&protaddr_crypto_part,		/* the ciphers; settings */
	&protaddr_seal_part,		/* end of transaction */
	&protaddr_protected_part,	/* settings; end of transaction */
	&protaddr_bound_column_part,	/* relations */
	&protaddr_gate_plan_part,	/* relations */
	&protaddr_ledger_part,		/* end of command, transaction and subtransaction */
	&protaddr_held_part,		/* end of transaction and subtransaction */
	&protaddr_gate_state_part,	/* relations, functions */
	&protaddr_gate_hooks_part,	/* settings; DDL, permissions; before commit */
};

void
_PG_init(void)
{
	protaddr_hooks_init(parts, lengthof(parts));
	MarkGUCPrefixReserved("protaddr");
}
