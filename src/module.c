/*
 * module.c
 *		How the library starts: one call per room, nothing else.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "law/law.h"
#include "person/person.h"

#include "utils/guc.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	protaddr_log_hygiene_init();
	protaddr_own_tables_init();
	protaddr_kek_init();
	protaddr_crypto_init();
	protaddr_seal_init();
	protaddr_protected_init();
	protaddr_bound_column_init();
	protaddr_channel_init();
	protaddr_gate_plan_init();
	protaddr_message_column_init();
	protaddr_held_init();
	protaddr_gate_state_init();
	protaddr_gate_hooks_init();
	MarkGUCPrefixReserved("protaddr");
}
