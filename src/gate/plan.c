/*
 * plan.c
 *		Which columns of a gated table mean what, and what does a row say in them?
 *
 * The columns are found by name when a gate's trigger first fires on a relation, and kept
 * until a relation changes.  A partition has its own triggers and column numbers, and so its own
 * entry.  If a column is missing or has an unsuitable type, every row is refused.
 */
#include "postgres.h"

#include "base/base.h"
#include "binding/binding.h"
#include "door/door.h"
#include "gate/gate.h"
#include "law/law.h"
#include "person/person.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
#include "utils/varlena.h"

PG_FUNCTION_INFO_V1(protaddr_stored_as);

typedef struct KeptGate
{
	Oid			trigger;		/* hash key */
	uint64		as_of;			/* how often relations had changed when it was read */
	ProtaddrGate *gate;
} KeptGate;

static HTAB *gates = NULL;
static uint64 relations_changed = 1;	/* so often, and once */

static void plan_start(void);
static void plan_relcache(Oid relid);
static ProtaddrGate *gate_read(Relation rel, const Trigger *trigger);
static Oid	relation_of_first(Oid trigger);
static void read_columns(ProtaddrGate *gate, Relation rel);
static void read_key(ProtaddrGate *gate, Relation rel);
static void fill_column(ProtaddrGateColumn *column, Relation rel, const char *name);
static void fill_person(ProtaddrGateColumn *column, Relation rel, const char *name);
static int	person_of(ProtaddrGate *gate, Relation rel, const char *name);
static void read_partition_key(ProtaddrGate *gate, Relation rel);
static void read_hold(ProtaddrGate *gate, Relation rel);
static Datum field(const ProtaddrGateColumn *column, HeapTuple row, TupleDesc desc, bool *isnull);
static text *word_of(const ProtaddrGateColumn *column, Datum value);

const ProtaddrPart protaddr_gate_plan_part = {
	.start = plan_start,
	.relcache = plan_relcache,
};

static void
plan_start(void)
{
	HASHCTL		ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(KeptGate);
	ctl.hcxt = TopMemoryContext;
	gates = hash_create("protaddr gates", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* A column's type may change without its table, so every invalidation makes us read again. */
static void
plan_relcache(Oid relid)
{
	relations_changed++;
}

/* protaddr_gate_of_trigger gives the gate that a trigger on the relation is part of. */
const ProtaddrGate *
protaddr_gate_of_trigger(Relation rel, const Trigger *trigger)
{
	KeptGate   *kept;
	ProtaddrGate *gate;
	uint64		as_of = relations_changed;
	bool		found;

	kept = hash_search(gates, &trigger->tgoid, HASH_FIND, &found);
	if (likely(found && kept->as_of == as_of && kept->gate->relation == RelationGetRelid(rel)))
		return kept->gate;

	gate = gate_read(rel, trigger);
	kept = hash_search(gates, &trigger->tgoid, HASH_ENTER, &found);
	/* a caller may still use the old one */
	if (found && kept->gate != NULL)
		MemoryContextSetParent(kept->gate->context, TopTransactionContext);
	MemoryContextSetParent(gate->context, TopMemoryContext);
	kept->gate = gate;
	/* what changed while we read makes us read again */
	kept->as_of = as_of;
	return gate;
}

static const Trigger *
gate_trigger(Relation rel)
{
	Oid			function = LookupFuncName(list_make2(makeString("protaddr"), makeString("gate_row")),
										  0, NULL, false);
	const Trigger *found = NULL;

	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
		if (rel->trigdesc->triggers[i].tgfoid == function &&
			TRIGGER_FOR_ROW(rel->trigdesc->triggers[i].tgtype))
			found = &rel->trigdesc->triggers[i];
	return found;
}

/* protaddr_gate_of_table gives the gate of a relation, or NULL. */
const ProtaddrGate *
protaddr_gate_of_table(Relation rel)
{
	const Trigger *trigger = gate_trigger(rel);

	return trigger == NULL ? NULL : protaddr_gate_of_trigger(rel, trigger);
}

static ProtaddrGate *
gate_read(Relation rel, const Trigger *trigger)
{
	/* freed with the transaction unless all goes well */
	MemoryContext context = AllocSetContextCreate(CurTransactionContext, "protaddr gate",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ProtaddrGate *gate = palloc0(sizeof(ProtaddrGate));
	char	  **args = palloc(Max(trigger->tgnargs, 1) * sizeof(char *));

	for (int i = 0; i < trigger->tgnargs; i++)
		args[i] = pstrdup(trigger->tgargs[i]);
	if (!protaddr_gate_args(args, trigger->tgnargs, &gate->args))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("the gate of table \"%s\" was not made by install_gate()",
						RelationGetRelationName(rel)),
				 errhint("Use protaddr.remove_gate() and protaddr.install_gate()."),
				 protaddr_errprivate()));
	gate->context = context;
	gate->relation = RelationGetRelid(rel);
	gate->root = trigger->tgisclone ? relation_of_first(trigger->tgoid) : gate->relation;
	read_columns(gate, rel);
	read_key(gate, rel);
	read_partition_key(gate, rel);
	read_hold(gate, rel);
	protaddr_gate_read_texts(gate, rel);
	MemoryContextSwitchTo(old);
	return gate;
}

/* relation_of_first gives the table for which a trigger was created that partitions have as clones. */
static Oid
relation_of_first(Oid trigger)
{
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	Oid			relation = InvalidOid;

	while (OidIsValid(trigger))
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(trigger));
		scan = systable_beginscan(triggers, TriggerOidIndexId, true, NULL, 1, &key);
		tuple = systable_getnext(scan);
		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "trigger %u is gone", trigger);
		relation = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
		trigger = ((Form_pg_trigger) GETSTRUCT(tuple))->tgparentid;
		systable_endscan(scan);
	}
	table_close(triggers, AccessShareLock);
	return relation;
}

static void
changed_type(Relation rel, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of relation \"%s\" has a type that its gate cannot use",
					name, RelationGetRelationName(rel)),
			 errhint("Use protaddr.remove_gate() and protaddr.install_gate()."),
			 protaddr_errprivate()));
}

static void
fill_column(ProtaddrGateColumn *column, Relation rel, const char *name)
{
	if (name == NULL)
		return;
	column->number = protaddr_trigger_column(rel, name);
	column->type = getBaseType(TupleDescAttr(RelationGetDescr(rel), column->number - 1)->atttypid);
}

/* fill_person is fill_column for a column that names a person, by a text that no setting changes. */
static void
fill_person(ProtaddrGateColumn *column, Relation rel, const char *name)
{
	fill_column(column, rel, name);
	if (name != NULL && protaddr_plain_type(column->type) == PROTADDR_PLAIN_NONE)
		changed_type(rel, name);
}

/* fill_word is fill_column for a column that holds a word of ours: see word_of. */
static void
fill_word(ProtaddrGateColumn *column, Relation rel, const char *name)
{
	fill_column(column, rel, name);
	if (name != NULL && column->type != TEXTOID && column->type != VARCHAROID &&
		column->type != BPCHAROID && column->type != NAMEOID &&
		get_typtype(column->type) != TYPTYPE_ENUM)
		changed_type(rel, name);
}

/* person_of gives the place in people of the column that names somebody. */
static int
person_of(ProtaddrGate *gate, Relation rel, const char *name)
{
	AttrNumber	number = protaddr_trigger_column(rel, name);

	for (int i = 0; i < gate->npeople; i++)
		if (gate->people[i].number == number)
			return i;
	fill_person(&gate->people[gate->npeople], rel, name);
	return gate->npeople++;
}

static void
order_addresses(ProtaddrGate *gate, TupleDesc desc)
{
	int		   *order = palloc(Max(gate->naddresses, 1) * sizeof(int));

	for (int i = 0; i < gate->naddresses; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, gate->addresses[i].number - 1)->attname);
		int			place = i;

		for (; place > 0; place--)
		{
			AttrNumber	before = gate->addresses[order[place - 1]].number;

			if (strcmp(NameStr(TupleDescAttr(desc, before - 1)->attname), name) < 0)
				break;
			order[place] = order[place - 1];
		}
		order[place] = i;
	}
	gate->addresses_by_name = order;
}

/* read_addresses finds the columns of type protaddr.address, and whose each is. */
static void
read_addresses(ProtaddrGate *gate, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	const ProtaddrGateArgs *args = &gate->args;
	Oid			address = protaddr_address_type();

	gate->addresses = palloc0(Max(desc->natts, 1) * sizeof(ProtaddrGateAddress));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		ProtaddrGateAddress *column = &gate->addresses[gate->naddresses];

		if (att->attisdropped)
			continue;
		if (getBaseType(att->atttypid) == address)
		{
			column->number = att->attnum;
			column->domain = att->atttypid == address ? InvalidOid : att->atttypid;
			gate->naddresses++;
		}
		else if (protaddr_type_holds_address(att->atttypid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of relation \"%s\" holds addresses inside an array or composite",
							NameStr(att->attname), RelationGetRelationName(rel)),
					 errdetail("A gate cannot release such values, so every row is refused."),
					 errhint("Give each address a column of its own, of type protaddr.address."),
					 protaddr_errprivate()));
	}
	for (int i = 0; i < args->naddresses; i++)
	{
		AttrNumber	number = protaddr_trigger_column(rel, args->address[i].column);
		int			place = 0;

		while (place < gate->naddresses && gate->addresses[place].number != number)
			place++;
		if (place == gate->naddresses)
			changed_type(rel, args->address[i].column);
		gate->addresses[place].person = person_of(gate, rel, args->address[i].of);
	}
	order_addresses(gate, desc);
}

/* read_messages finds the columns with messages. */
static void
read_messages(ProtaddrGate *gate, Relation rel)
{
	const ProtaddrGateArgs *args = &gate->args;

	gate->messages = palloc0(Max(args->nmessages, 1) * sizeof(ProtaddrGateMessage));
	for (int i = 0; i < args->nmessages; i++)
	{
		ProtaddrGateMessage *message = &gate->messages[i];
		Form_pg_attribute att;

		message->number = protaddr_trigger_column(rel, args->message[i].column);
		message->format = args->message[i].format;
		att = TupleDescAttr(RelationGetDescr(rel), message->number - 1);
		message->typmod = att->atttypmod;
		message->type = getBaseTypeAndTypmod(att->atttypid, &message->typmod);
		message->domain = message->type == att->atttypid ? InvalidOid : att->atttypid;
		if (message->type != TEXTOID && message->type != VARCHAROID && message->type != XMLOID &&
			message->type != BYTEAOID && message->type != JSONOID && message->type != JSONBOID)
			changed_type(rel, args->message[i].column);
	}
	gate->nmessages = args->nmessages;
}

static void
read_columns(ProtaddrGate *gate, Relation rel)
{
	const ProtaddrGateArgs *args = &gate->args;

	/* without it no column would seem to hold an address */
	if (!OidIsValid(protaddr_address_type()))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("extension protaddr is not complete in this database"),
				 errdetail("Type \"protaddr.address\" is missing."),
				 protaddr_errprivate()));

	fill_word(&gate->channel, rel, args->channel_column);
	fill_column(&gate->amount, rel, args->amount);
	fill_word(&gate->currency, rel, args->currency);
	fill_person(&gate->payee, rel, args->payee);
	if (args->amount != NULL && gate->amount.type != NUMERICOID && gate->amount.type != INT2OID &&
		gate->amount.type != INT4OID && gate->amount.type != INT8OID)
		changed_type(rel, args->amount);

	gate->people = palloc0((args->naddresses + 1) * sizeof(ProtaddrGateColumn));
	/* without a subject, the first person is nobody */
	if (args->subject != NULL)
		fill_person(&gate->people[0], rel, args->subject);
	gate->npeople = 1;
	read_addresses(gate, rel);
	read_messages(gate, rel);
}

/*
 * read_key finds the primary key of the root table, which identifies a row in every partition.
 * No key if one of its types cannot be hashed.
 */
static void
read_key(ProtaddrGate *gate, Relation rel)
{
	Relation	root = gate->root == gate->relation ? rel : relation_open(gate->root, AccessShareLock);
	Bitmapset  *key = RelationGetIndexAttrBitmap(root, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	int			n = bms_num_members(key);
	int			at = -1;

	gate->key = palloc(Max(n, 1) * sizeof(AttrNumber));
	gate->key_hash = palloc(Max(n, 1) * sizeof(FmgrInfo));
	gate->key_collation = palloc(Max(n, 1) * sizeof(Oid));
	while ((at = bms_next_member(key, at)) >= 0)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(root),
											  at + FirstLowInvalidHeapAttributeNumber - 1);
		TypeCacheEntry *type = lookup_type_cache(att->atttypid, TYPECACHE_HASH_EXTENDED_PROC);

		if (!OidIsValid(type->hash_extended_proc))
		{
			gate->nkey = 0;
			break;
		}
		gate->key[gate->nkey] = protaddr_trigger_column(rel, NameStr(att->attname));
		gate->key_collation[gate->nkey] = att->attcollation;
		fmgr_info_cxt(type->hash_extended_proc, &gate->key_hash[gate->nkey], CurrentMemoryContext);
		gate->nkey++;
	}
	if (root != rel)
		relation_close(root, AccessShareLock);
}

/*
 * read_partition_key finds the columns by which the tables above divide rows: a row that
 * moves is the same row.  Not if they are all of its key.
 */
static void
read_partition_key(ProtaddrGate *gate, Relation rel)
{
	List	   *ancestors = gate->root == gate->relation ? NIL : get_partition_ancestors(gate->relation);
	ListCell   *cell;
	bool		other_key = gate->nkey == 0;

	foreach(cell, ancestors)
	{
		Relation	above = relation_open(lfirst_oid(cell), AccessShareLock);
		PartitionKey key = RelationGetPartitionKey(above);

		for (int i = 0; key != NULL && i < key->partnatts; i++)
			if (key->partattrs[i] != 0)
				gate->partition_key =
					bms_add_member(gate->partition_key,
								   protaddr_trigger_column(rel, NameStr(TupleDescAttr(RelationGetDescr(above), key->partattrs[i] - 1)->attname)));
		relation_close(above, AccessShareLock);
		if (lfirst_oid(cell) == gate->root)
			break;
	}
	for (int i = 0; i < gate->nkey; i++)
		other_key = other_key || !bms_is_member(gate->key[i], gate->partition_key);
	if (!other_key)
	{
		bms_free(gate->partition_key);
		gate->partition_key = NULL;
	}
}

/*
 * says_that_it_waits tells types whose values every session reads and writes alike, and
 * which are equal if their bytes are.
 */
static bool
says_that_it_waits(Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case BOOLOID:
		case UUIDOID:
			return true;
		default:
			return get_typtype(type) == TYPTYPE_ENUM;
	}
}

/* read_hold finds the column that says of a row that it waits, and with which value. */
static void
read_hold(ProtaddrGate *gate, Relation rel)
{
	Form_pg_attribute att;
	Oid			type;
	int32		typmod;
	Oid			in;
	Oid			param;

	if (gate->args.hold_column == NULL)
		return;
	gate->hold_column = protaddr_trigger_column(rel, gate->args.hold_column);
	att = TupleDescAttr(RelationGetDescr(rel), gate->hold_column - 1);
	typmod = att->atttypmod;
	type = getBaseTypeAndTypmod(att->atttypid, &typmod);
	if (!says_that_it_waits(type))
		changed_type(rel, gate->args.hold_column);
	/* what a domain asks is asked when a row is held: not everybody who looks at a gate writes */
	getTypeInputInfo(type, &in, &param);
	gate->hold_value = OidInputFunctionCall(in, (char *) gate->args.hold_value, param, typmod);
}

/*
 * protaddr_stored_as is protaddr.stored_as(relation, column, value), for whoever owns the
 * table.
 */
Datum
protaddr_stored_as(PG_FUNCTION_ARGS)
{
	Relation	rel = protaddr_open_permitted(PG_GETARG_OID(0), AccessShareLock, protaddr_check_owner);
	AttrNumber	column = get_attnum(RelationGetRelid(rel), NameStr(*PG_GETARG_NAME(1)));
	Form_pg_attribute att;
	ProtaddrActing before;
	Oid			function;
	Oid			param;
	bool varlena;
	Datum		value;
	char	   *stored;

	if (column <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the column does not exist")));
	att = TupleDescAttr(RelationGetDescr(rel), column - 1);
	protaddr_act_restricted(rel->rd_rel->relowner, &before);
	getTypeInputInfo(att->atttypid, &function, &param);
	value = OidInputFunctionCall(function, text_to_cstring(PG_GETARG_TEXT_PP(2)), param, att->atttypmod);
	getTypeOutputInfo(att->atttypid, &function, &varlena);
	stored = OidOutputFunctionCall(function, value);
	protaddr_act_as_before(&before);
	relation_close(rel, NoLock);
	PG_RETURN_TEXT_P(cstring_to_text(stored));
}

static void
add_word(StringInfo words, const char *word)
{
	if (word == NULL)
		appendStringInfoString(words, "-,");
	else
		appendStringInfo(words, "%zu:%s,", strlen(word), word);
}

/*
 * protaddr_gate_words gives all that a gate was told but how it holds rows: under another one
 * the columns of a held row may mean something else.
 */
text *
protaddr_gate_words(const ProtaddrGateArgs *args)
{
	const char *once[] = {args->channel, args->channel_column, args->subject, args->amount,
	args->currency, args->currency_code, args->payee};
	StringInfoData words;

	initStringInfo(&words);
	for (int i = 0; i < lengthof(once); i++)
		add_word(&words, once[i]);
	for (int i = 0; i < args->naddresses; i++)
	{
		add_word(&words, args->address[i].column);
		add_word(&words, args->address[i].of);
	}
	for (int i = 0; i < args->nmessages; i++)
	{
		add_word(&words, args->message[i].column);
		appendStringInfo(&words, "%d,", (int) args->message[i].format);
	}
	return cstring_to_text_with_len(words.data, words.len);
}

static Datum
field(const ProtaddrGateColumn *column, HeapTuple row, TupleDesc desc, bool *isnull)
{
	*isnull = true;
	if (column->number == InvalidAttrNumber)
		return (Datum) 0;
	return heap_getattr(row, column->number, desc, isnull);
}

/* word_of gives a value as text, without the blanks that fill up char(n). */
static text *
word_of(const ProtaddrGateColumn *column, Datum value)
{
	text	   *word;
	HeapTuple	label;
	int			len;

	switch (column->type)
	{
		case TEXTOID:
		case VARCHAROID:
			return DatumGetTextPP(value);
		case NAMEOID:
			return cstring_to_text(NameStr(*DatumGetName(value)));
		case BPCHAROID:
			word = DatumGetTextPP(value);
			len = VARSIZE_ANY_EXHDR(word);
			while (len > 0 && VARDATA_ANY(word)[len - 1] == ' ')
				len--;
			return cstring_to_text_with_len(VARDATA_ANY(word), len);
		default:
			label = SearchSysCache1(ENUMOID, value);
			if (!HeapTupleIsValid(label))
				elog(ERROR, "a gate's column is neither text nor an enum");
			word = cstring_to_text(NameStr(((Form_pg_enum) GETSTRUCT(label))->enumlabel));
			ReleaseSysCache(label);
			return word;
	}
}

/*
 * protaddr_gate_channel gives the channel of the row.  Raises 22023 if the row
 * names none, or one that does not exist; if missing_ok, gives NULL instead.
 */
const ProtaddrChannel *
protaddr_gate_channel(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc, bool missing_ok)
{
	const char *name = gate->args.channel;
	size_t		len;

	if (name != NULL)
		len = strlen(name);
	else
	{
		bool		isnull;
		Datum		value = field(&gate->channel, row, desc, &isnull);
		text	   *word;

		if (isnull && missing_ok)
			return NULL;
		if (isnull)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the row does not name a channel"),
					 errdetail("Column \"%s\" is NULL.", gate->args.channel_column),
					 errhint("See protaddr.channel for the channels that exist."),
					 protaddr_errprivate()));
		word = word_of(&gate->channel, value);
		name = VARDATA_ANY(word);
		len = VARSIZE_ANY_EXHDR(word);
	}
	return missing_ok ? protaddr_channel_if_any(name, len, DT_NOBEGIN) :
		protaddr_channel(name, len, DT_NOBEGIN);
}

/* protaddr_gate_transfer reads what the row says of the transfer, and whose it is. */
void
protaddr_gate_transfer(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc,
					   ProtaddrTransfer *transfer)
{
	Datum		value;
	bool		isnull;

	memset(transfer, 0, sizeof(*transfer));
	transfer->relation = gate->root;
	transfer->describe = protaddr_gate_describe;
	transfer->gate = gate;
	transfer->row = row;
	transfer->desc = desc;

	value = field(&gate->amount, row, desc, &isnull);
	if (!isnull)
		transfer->amount = gate->amount.type == NUMERICOID ? DatumGetNumeric(value) :
			int64_to_numeric(gate->amount.type == INT2OID ? DatumGetInt16(value) :
							 gate->amount.type == INT4OID ? DatumGetInt32(value) :
							 DatumGetInt64(value));
	if (gate->args.currency_code != NULL)
		strlcpy(transfer->currency, gate->args.currency_code, sizeof(transfer->currency));
	else
	{
		value = field(&gate->currency, row, desc, &isnull);
		if (!isnull)
			protaddr_currency_from_text(word_of(&gate->currency, value), transfer->currency);
	}
	value = field(&gate->payee, row, desc, &isnull);
	if (isnull || !protaddr_identifier_from_datum(value, protaddr_plain_type(gate->payee.type),
												  &transfer->payee))
		transfer->payee.len = 0;

	transfer->has_reference = gate->nkey > 0;
	for (int i = 0; i < gate->nkey && transfer->has_reference; i++)
	{
		value = heap_getattr(row, gate->key[i], desc, &isnull);
		if (isnull)
			transfer->has_reference = false;
		else
			transfer->reference =
				hash_combine64(transfer->reference,
							   DatumGetUInt64(FunctionCall2Coll((FmgrInfo *) &gate->key_hash[i],
																gate->key_collation[i], value,
																Int64GetDatum(0))));
	}
	protaddr_gate_person(gate, 0, row, desc, transfer);
}

/*
 * protaddr_gate_person makes one of the row's people the payer of the transfer, with an empty key
 * if the row names nobody there.
 */
void
protaddr_gate_person(const ProtaddrGate *gate, int person, HeapTuple row, TupleDesc desc,
					 ProtaddrTransfer *transfer)
{
	const ProtaddrGateColumn *column = &gate->people[person];
	bool		isnull;
	Datum		value = field(column, row, desc, &isnull);

	transfer->has_row = true;
	if (isnull || !protaddr_identifier_from_datum(value, protaddr_plain_type(column->type),
												  &transfer->payer))
		transfer->payer.len = 0;
}
