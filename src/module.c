/*
 * module.c
 *		How the library starts: one call per room, nothing else.
 */
#include "protaddr.h"

#include "utils/guc.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	protaddr_discretion_init();
	protaddr_own_tables_init();
	protaddr_kek_init();
	protaddr_aead_init();
	protaddr_seal_init();
	protaddr_lookup_init();
	protaddr_row_trigger_init();
	protaddr_channel_init();
	protaddr_gate_columns_init();
	protaddr_gate_message_init();
	protaddr_held_init();
	protaddr_gated_init();
	protaddr_keeper_init();
	MarkGUCPrefixReserved("protaddr");
}
