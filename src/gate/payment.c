/*
 * payment.c
 *		Which payment is a row?
 *
 * What somebody decides of a held row is decided of one payment.  Which one that is, is
 * told by the row's key, its channel, its people, its payee, amount and currency, and by
 * the addresses and messages that it carries.  A row that differs in any of them is
 * another payment; one that moves to another partition is the same.  Without a payee
 * column nobody knows which column names the payee: then every column that could do so
 * counts.  The record of a disclosure says in the same way which payment it is of.
 *
 * Values are written as pg_dump writes them, so that a payment is the same for every
 * session, and after a dump and its restore.  Of an address counts how it was released, by
 * which record, and whom it concerns, so that it is the same under another key.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

typedef struct Word
{
	const char *column;
	char	   *value;
} Word;

static bool could_name_somebody(Oid type);
static int	by_column(const void *a, const void *b);

/*
 * protaddr_plain_settings sets, as pg_dump does, whatever makes one session write or read
 * values otherwise than another.  AtEOXact_GUC(false, result) ends it, and so does an
 * error.
 */
int
protaddr_plain_settings(void)
{
	static const char *const settings[][2] = {
		{"datestyle", "ISO, YMD"},
		{"intervalstyle", "postgres"},
		{"extra_float_digits", "3"},
		{"bytea_output", "hex"},
		{"xmloption", "content"},
		{"lc_monetary", "C"},
		{"timezone", "UTC"},
		{"array_nulls", "on"},
		{"search_path", "pg_catalog, pg_temp"}
	};
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION);
	return level;
}

/* protaddr_value_text writes a value; the caller has made the settings plain. */
char *
protaddr_value_text(Oid type, Datum value)
{
	Oid			out;
	bool		is_varlena;

	/* its output function takes the declared encoding out */
	if (getBaseType(type) == XMLOID)
		return TextDatumGetCString(value);
	getTypeOutputInfo(type, &out, &is_varlena);
	return OidOutputFunctionCall(out, value);
}

/*
 * protaddr_row_key writes the primary key of a row as a JSON object; NULL if the table
 * has none that a gate can use.  A message or an address is no key that could be shown.
 */
char *
protaddr_row_key(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc)
{
	StringInfoData json;

	if (gate->nkey == 0)
		return NULL;
	initStringInfo(&json);
	for (int i = 0; i < gate->nkey; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, gate->key[i] - 1);
		bool		isnull;
		Datum		value = heap_getattr(row, gate->key[i], desc, &isnull);

		/* what is generated is not there yet */
		if (isnull || att->attgenerated != '\0' || protaddr_gate_checks(gate, gate->key[i]))
			return NULL;
		appendStringInfoString(&json, i == 0 ? "{" : ", ");
		escape_json(&json, NameStr(att->attname));
		appendStringInfoString(&json, ": ");
		escape_json(&json, protaddr_value_text(att->atttypid, value));
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* protaddr_gate_checks tells whether a column holds an address or a message. */
bool
protaddr_gate_checks(const ProtaddrGate *gate, AttrNumber column)
{
	for (int i = 0; i < gate->naddresses; i++)
		if (gate->addresses[i].number == column)
			return true;
	for (int i = 0; i < gate->nmessages; i++)
		if (gate->messages[i].number == column)
			return true;
	return false;
}

/* Which columns a digest is of. */
typedef enum DigestOf
{
	OF_PAYMENT,
	OF_PAYMENT_AND_CARRIED,
	OF_BARE_ROW
} DigestOf;

static bool
is_digested(const ProtaddrGate *gate, Form_pg_attribute att, DigestOf of)
{
	if (of == OF_BARE_ROW)
		return !att->attisdropped && att->attgenerated == '\0' && att->attnum != gate->hold_column &&
			!protaddr_gate_checks(gate, att->attnum);
	return protaddr_payment_tells(gate, att, of == OF_PAYMENT_AND_CARRIED);
}

/*
 * carried_text writes of an address what the gate has let leave.  Not the address: nobody
 * is to find it by trying out.  One whose key is not here is what its token is.
 */
static char *
carried_text(Datum value)
{
	ProtaddrOpened opened;
	PaAddress  *address = &opened.address;
	StringInfoData words;

	if (!protaddr_open((ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value), true, &opened))
		return protaddr_value_text(protaddr_address_type(), value);
	initStringInfo(&words);
	appendStringInfo(&words, "%d " UINT64_FORMAT, (int) address->release, address->disclosure);
	appendStringInfo(&words, " %.*s", (int) address->channel.len, (const char *) address->channel.data);
	for (int i = 0; i < address->nsubjects; i++)
		appendStringInfo(&words, " %d:%.*s", (int) address->subject[i].len,
						 (int) address->subject[i].len, (const char *) address->subject[i].data);
	protaddr_shut(&opened);
	return words.data;
}

static void
digest_row(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc, DigestOf of, ProtaddrDigest *digest)
{
	Word	   *words = palloc((desc->natts + 1) * sizeof(Word));
	int			n = 0;
	int			level = protaddr_plain_settings();
	pg_cryptohash_ctx *context;

	words[n].column = "";
	words[n++].value = protaddr_qualified_name(gate->root);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		isnull;
		Datum		value;

		if (!is_digested(gate, att, of))
			continue;
		value = heap_getattr(row, att->attnum, desc, &isnull);
		/* so that a column added later changes nothing */
		if (isnull)
			continue;
		words[n].column = NameStr(att->attname);
		words[n++].value = getBaseType(att->atttypid) == protaddr_address_type() ?
			carried_text(value) : protaddr_value_text(att->atttypid, value);
	}
	AtEOXact_GUC(false, level);
	/* partitions may have their columns in another order */
	qsort(words, n, sizeof(Word), by_column);

	context = protaddr_digest_begin();
	for (int i = 0; i < n; i++)
	{
		protaddr_digest_add(context, words[i].column, strlen(words[i].column) + 1);
		protaddr_digest_add(context, words[i].value, strlen(words[i].value) + 1);
	}
	protaddr_digest_end(context, digest->bytes);
}

/*
 * protaddr_payment_digest names the payment that a row is; with_addresses: with what it
 * carries.
 */
void
protaddr_payment_digest(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc,
						bool with_addresses, ProtaddrDigest *digest)
{
	digest_row(gate, row, desc, with_addresses ? OF_PAYMENT_AND_CARRIED : OF_PAYMENT, digest);
}

/*
 * protaddr_bare_digest tells rows apart that wait in place: by all that is stored of them
 * meanwhile, but for the status, which they have in common.
 */
void
protaddr_bare_digest(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc, ProtaddrDigest *digest)
{
	digest_row(gate, row, desc, OF_BARE_ROW, digest);
}

/* protaddr_gate_describe says which payment the row of a transfer is, for the record of a disclosure. */
void
protaddr_gate_describe(const ProtaddrTransfer *transfer, ProtaddrPayment *payment)
{
	const ProtaddrGate *gate = transfer->gate;
	ProtaddrDigest digest;
	int			level;

	payment->relation = protaddr_qualified_name(gate->root);
	level = protaddr_plain_settings();
	payment->key = transfer->has_reference ? protaddr_row_key(gate, transfer->row, transfer->desc) : NULL;
	AtEOXact_GUC(false, level);
	protaddr_payment_digest(gate, transfer->row, transfer->desc, false, &digest);
	StaticAssertStmt(sizeof(payment->digest) == sizeof(digest.bytes), "a digest is a digest");
	memcpy(payment->digest, digest.bytes, sizeof(payment->digest));
}

/* protaddr_place_digest names the row of a table that has a key, to be found by. */
void
protaddr_place_digest(const char *relation, const char *key, ProtaddrDigest *digest)
{
	char	   *words = psprintf("%s %s", relation, key);
	pg_cryptohash_ctx *context = protaddr_digest_begin();

	protaddr_digest_add(context, words, strlen(words));
	protaddr_digest_end(context, digest->bytes);
	pfree(words);
}

/* protaddr_payment_tells tells whether a column says which payment a row is; with_addresses: or is carried. */
bool
protaddr_payment_tells(const ProtaddrGate *gate, Form_pg_attribute att, bool with_addresses)
{
	const ProtaddrGateColumn *asked[] = {&gate->channel, &gate->amount, &gate->currency, &gate->payee};

	/* what is generated follows from the others, and is not there before the row */
	if (att->attisdropped || att->attgenerated != '\0' || att->attnum == gate->hold_column)
		return false;
	if (protaddr_gate_checks(gate, att->attnum))
		return with_addresses;
	for (int i = 0; i < lengthof(asked); i++)
		if (asked[i]->number == att->attnum)
			return true;
	for (int i = 0; i < gate->npeople; i++)
		if (gate->people[i].number == att->attnum)
			return true;
	if (bms_is_member(att->attnum, gate->partition_key))
		return false;
	for (int i = 0; i < gate->nkey; i++)
		if (gate->key[i] == att->attnum)
			return true;
	return gate->payee.number == InvalidAttrNumber && could_name_somebody(att->atttypid);
}

/* could_name_somebody tells a column that could say who is paid from one that cannot. */
static bool
could_name_somebody(Oid type)
{
	char		category;
	bool		is_preferred;

	type = getBaseType(type);
	get_type_category_preferred(type, &category, &is_preferred);
	return category != TYPCATEGORY_BOOLEAN && category != TYPCATEGORY_DATETIME &&
		category != TYPCATEGORY_TIMESPAN && category != TYPCATEGORY_ENUM;
}

static int
by_column(const void *a, const void *b)
{
	return strcmp(((const Word *) a)->column, ((const Word *) b)->column);
}
