/*
 * describe.c
 *		Which payment is a row, for the record of a disclosure?
 *
 * The row's table and key tell it.  Without a payee column nobody knows which column
 * names the payee, so that every other column counts, too: a row that is written to
 * another payee is another payment.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "law/law.h"

#include "access/htup_details.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static bool is_checked(const ProtaddrGate *gate, AttrNumber column);
static bool is_key(const ProtaddrGate *gate, AttrNumber column);

/* protaddr_gate_describe says which payment the row of a transfer is. */
void
protaddr_gate_describe(const ProtaddrTransfer *transfer, ProtaddrPayment *payment)
{
	const ProtaddrGate *gate = transfer->gate;
	char	   *name = get_rel_name(gate->root);
	StringInfoData key;
	StringInfoData all;
	pg_cryptohash_ctx *context;

	initStringInfo(&key);
	initStringInfo(&all);
	payment->relation = name == NULL ? "" :
		quote_qualified_identifier(get_namespace_name(get_rel_namespace(gate->root)), name);
	appendStringInfo(&all, "%s\n", payment->relation);
	for (int i = 0; i < transfer->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(transfer->desc, i);
		bool		key_column = is_key(gate, att->attnum);
		bool		isnull;
		Datum		value;
		Oid			out;
		bool		is_varlena;
		char	   *word;

		/* what is generated follows from the others, and is not there before the row */
		if (att->attisdropped || att->attgenerated != '\0' || is_checked(gate, att->attnum) ||
			(!key_column && gate->payee.number != InvalidAttrNumber))
			continue;
		value = heap_getattr(transfer->row, att->attnum, transfer->desc, &isnull);
		if (isnull)
			continue;
		getTypeOutputInfo(att->atttypid, &out, &is_varlena);
		word = OidOutputFunctionCall(out, value);
		appendStringInfo(&all, "%s %zu %s\n", NameStr(att->attname), strlen(word), word);
		if (key_column)
			appendStringInfo(&key, "%s%s", key.len > 0 ? ", " : "", word);
	}
	payment->key = transfer->has_reference && key.len > 0 ? key.data : NULL;

	context = pg_cryptohash_create(PG_SHA256);
	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) all.data, all.len) < 0 ||
		pg_cryptohash_final(context, payment->digest, sizeof(payment->digest)) < 0)
		elog(ERROR, "could not compute a digest");
	pg_cryptohash_free(context);
	pfree(all.data);
}

/* is_checked tells whether a column holds an address or a message. */
static bool
is_checked(const ProtaddrGate *gate, AttrNumber column)
{
	for (int i = 0; i < gate->naddresses; i++)
		if (gate->addresses[i].number == column)
			return true;
	for (int i = 0; i < gate->nmessages; i++)
		if (gate->messages[i].number == column)
			return true;
	return false;
}

static bool
is_key(const ProtaddrGate *gate, AttrNumber column)
{
	for (int i = 0; i < gate->nkey; i++)
		if (gate->key[i] == column)
			return true;
	return false;
}
