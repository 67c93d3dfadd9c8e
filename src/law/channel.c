/*
 * channel.c
 *		What does the law let through which channel, and when?
 *
 * The law is the table protaddr.channel: a change of law is another row, with the
 * day from which it holds.  A session keeps what it read until the table changes.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "law/law.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(protaddr_channel_actions);

/* columns of protaddr.channel */
enum
{
	CHANNEL_NAME = 1,
	CHANNEL_VALID_FROM,
	CHANNEL_VALID_TO,
	CHANNEL_ROUTE,
	CHANNEL_WHEN_PROTECTED,
	CHANNEL_SMALL_AMOUNT,
	CHANNEL_SMALL_CURRENCY,
	CHANNEL_WHEN_SMALL,
	CHANNEL_LINKED_WITHIN,
	CHANNEL_WHEN_UNKNOWN,
	CHANNEL_WHEN_OWN,
	CHANNEL_WHEN_UNBOUND,
	CHANNEL_WHEN_UNREADABLE,
	CHANNEL_WITHOUT_SUBSTITUTE,
	CHANNEL_BIRTH_DATA,
	CHANNEL_STRANGERS_UNKNOWN,
	CHANNEL_NAME_WHEN_PROTECTED,
	CHANNEL_NAME_WHEN_UNKNOWN,
	CHANNEL_DESCRIPTION,
	CHANNEL_LEGAL_BASIS,
	CHANNEL_SHIPPED
};

static const char *const channel_columns[] = {
	[CHANNEL_NAME] = "channel",
	[CHANNEL_VALID_FROM] = "valid_from",
	[CHANNEL_VALID_TO] = "valid_to",
	[CHANNEL_ROUTE] = "route",
	[CHANNEL_WHEN_PROTECTED] = "when_protected",
	[CHANNEL_SMALL_AMOUNT] = "small_amount",
	[CHANNEL_SMALL_CURRENCY] = "small_currency",
	[CHANNEL_WHEN_SMALL] = "when_small",
	[CHANNEL_LINKED_WITHIN] = "linked_within",
	[CHANNEL_WHEN_UNKNOWN] = "when_unknown",
	[CHANNEL_WHEN_OWN] = "when_own",
	[CHANNEL_WHEN_UNBOUND] = "when_unbound",
	[CHANNEL_WHEN_UNREADABLE] = "when_unreadable",
	[CHANNEL_WITHOUT_SUBSTITUTE] = "without_substitute",
	[CHANNEL_BIRTH_DATA] = "birth_data",
	[CHANNEL_STRANGERS_UNKNOWN] = "strangers_unknown",
	[CHANNEL_NAME_WHEN_PROTECTED] = "name_when_protected",
	[CHANNEL_NAME_WHEN_UNKNOWN] = "name_when_unknown",
	[CHANNEL_DESCRIPTION] = "description",
	[CHANNEL_LEGAL_BASIS] = "legal_basis",
	[CHANNEL_SHIPPED] = "shipped",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "channel", PROTADDR_COLUMNS(channel_columns), .rules = PROTADDR_CHANGE_LETS_OUT},
	{.name = "channel_change", .rules = PROTADDR_ROWS_STAY | PROTADDR_ROWS_CLOSE},
};

const ProtaddrPart protaddr_channel_part = {
	PROTADDR_TABLES(tables),
};

static MemoryContext channels_context = NULL;
static ProtaddrChannel *channels = NULL;
static int	nchannels = 0;
static uint64 channels_generation = 0;

/* What stands in for the row "show" if there is none in force: everything is withheld. */
static const ProtaddrChannel show_nothing = {
	.name = PROTADDR_CHANNEL_SHOW,
	.name_len = sizeof(PROTADDR_CHANNEL_SHOW) - 1,
	.closed = true,
	.when_unreadable = PROTADDR_BLOCK,
	.legal_basis = ""
};

static bool is_a_name(const char *word, size_t len);
static const char *channel_names(void);
static void channels_read(void);
static void restrict_to_showing(ProtaddrChannel *channel);
static bool channel_read(HeapTuple tuple, TupleDesc desc, ProtaddrChannel *channel);
static ProtaddrAction action_of(HeapTuple tuple, TupleDesc desc, AttrNumber column);
static ProtaddrAction name_action_of(HeapTuple tuple, TupleDesc desc, AttrNumber column);

/* find_channel gives the channel at a time, or NULL; there: it is at some other time. */
static const ProtaddrChannel *
find_channel(const char *name, size_t len, TimestampTz at, bool *there)
{
	uint64		now = protaddr_generation(PROTADDR_CHANNEL);

	*there = false;

	if (unlikely(channels_generation != now))
	{
		channels_read();
		channels_generation = now;
	}
	/* by the clock: a COPY may be open for days, and the law change meanwhile */
	if (TIMESTAMP_IS_NOBEGIN(at))
		at = GetCurrentTimestamp();
	for (int i = 0; i < nchannels; i++)
	{
		if (channels[i].name_len != len || memcmp(channels[i].name, name, len) != 0)
			continue;
		if (channels[i].valid_from <= at && at < channels[i].valid_to)
			return &channels[i];
		*there = true;
	}
	return NULL;
}

/*
 * protaddr_channel gives the rules of a channel as they hold at a time;
 * DT_NOBEGIN: now.  They are good until the transaction ends.  Raises 22023 for a
 * channel that is not in the table, or not in force at that time.
 */
const ProtaddrChannel *
protaddr_channel(const char *name, size_t len, TimestampTz at)
{
	bool		there;
	const ProtaddrChannel *channel = find_channel(name, len, at, &there);

	if (likely(channel != NULL))
		return channel;
	if (there)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("channel \"%.*s\" is not in force at that time", (int) len, name),
				 errhint("See valid_from and valid_to in protaddr.channel."),
				 protaddr_errprivate()));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 is_a_name(name, len) ? errmsg("channel \"%.*s\" does not exist", (int) len, name) :
			 errmsg("channel does not exist"),
			 errhint("Channels are: %s.", channel_names()),
			 protaddr_errprivate()));
	return NULL;
}

/*
 * is_a_name tells whether a word could be the name of a channel, misspelled.  Out of a
 * row may come anything, an address too, and no error tells that.
 */
static bool
is_a_name(const char *word, size_t len)
{
	if (len == 0 || len > PA_CHANNEL_SIZE || word[0] < 'a' || word[0] > 'z')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((word[i] < 'a' || word[i] > 'z') && (word[i] < '0' || word[i] > '9') && word[i] != '_')
			return false;
	return true;
}

/* channel_names lists the channels, each once, in the order of the alphabet. */
static const char *
channel_names(void)
{
	StringInfoData names;
	const ProtaddrChannel *last = NULL;

	initStringInfo(&names);
	for (;;)
	{
		const ProtaddrChannel *next = NULL;

		for (int i = 0; i < nchannels; i++)
			if ((last == NULL || strcmp(channels[i].name, last->name) > 0) &&
				(next == NULL || strcmp(channels[i].name, next->name) < 0))
				next = &channels[i];
		if (next == NULL)
			break;
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", next->name);
		last = next;
	}
	return names.data;
}

/* protaddr_channel_if_any does the same, and gives NULL for one that there is not. */
const ProtaddrChannel *
protaddr_channel_if_any(const char *name, size_t len, TimestampTz at)
{
	bool		there;

	return find_channel(name, len, at, &there);
}

/*
 * protaddr_channel_show gives the rules for what is shown inside the bank.  Without a
 * row for it, nothing is.
 */
const ProtaddrChannel *
protaddr_channel_show(void)
{
	static const ProtaddrChannel *show = NULL;
	static uint64 show_generation = 0;
	uint64		now = protaddr_generation(PROTADDR_CHANNEL);
	bool		there;

	/* asked for every row that is shown: the clock only if the rules are to change by themselves */
	if (likely(show != NULL && show_generation == now && channels_generation == now &&
			   TIMESTAMP_IS_NOBEGIN(show->valid_from) && TIMESTAMP_IS_NOEND(show->valid_to)))
		return show;
	show = find_channel(PROTADDR_CHANNEL_SHOW, sizeof(PROTADDR_CHANNEL_SHOW) - 1, DT_NOBEGIN, &there);
	show_generation = channels_generation;
	return show != NULL ? show : &show_nothing;
}

static void
channels_read(void)
{
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;
	MemoryContext context;
	MemoryContext old;
	ProtaddrChannel *all;
	int			n = 0;
	int			room = 16;

	/* somebody above us may hold a channel of the old ones */
	if (channels_context != NULL)
	{
		MemoryContextSetParent(channels_context, TopTransactionContext);
		channels_context = NULL;
		channels = NULL;
		nchannels = 0;
	}

	/* freed with the transaction unless we reach the end */
	context = AllocSetContextCreate(CurTransactionContext, "protaddr channels",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	all = palloc(room * sizeof(ProtaddrChannel));
	rel = table_open(protaddr_table(PROTADDR_CHANNEL), AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (n == room)
			all = repalloc(all, (room *= 2) * sizeof(ProtaddrChannel));
		if (channel_read(tuple, RelationGetDescr(rel), &all[n]))
			n++;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	MemoryContextSwitchTo(old);

	MemoryContextSetParent(context, TopMemoryContext);
	channels_context = context;
	channels = all;
	nchannels = n;
}

/* channel_read reads one row; false if it names no channel or no time. */
static bool
channel_read(HeapTuple tuple, TupleDesc desc, ProtaddrChannel *channel)
{
	bool		isnull;
	Datum		value;
	text	   *t;

	memset(channel, 0, sizeof(*channel));
	value = heap_getattr(tuple, CHANNEL_NAME, desc, &isnull);
	if (isnull)
		return false;
	t = DatumGetTextPP(value);
	if (VARSIZE_ANY_EXHDR(t) > PA_CHANNEL_SIZE)
		return false;
	channel->name_len = VARSIZE_ANY_EXHDR(t);
	memcpy(channel->name, VARDATA_ANY(t), channel->name_len);

	channel->valid_from = DatumGetTimestampTz(heap_getattr(tuple, CHANNEL_VALID_FROM, desc, &isnull));
	if (isnull)
		return false;
	channel->valid_to = DatumGetTimestampTz(heap_getattr(tuple, CHANNEL_VALID_TO, desc, &isnull));
	if (isnull)
		return false;

	channel->when_protected = action_of(tuple, desc, CHANNEL_WHEN_PROTECTED);
	channel->when_unknown = action_of(tuple, desc, CHANNEL_WHEN_UNKNOWN);
	/* the table's constraints say so, too, as long as they are there */
	if (channel->when_protected == PROTADDR_LEAVE)
		channel->when_protected = PROTADDR_WITHHOLD;
	if (channel->when_unknown == PROTADDR_DISCLOSE || channel->when_unknown == PROTADDR_SUBSTITUTE)
		channel->when_unknown = PROTADDR_WITHHOLD;
	(void) heap_getattr(tuple, CHANNEL_WHEN_OWN, desc, &isnull);
	channel->has_own = !isnull;
	channel->when_own = action_of(tuple, desc, CHANNEL_WHEN_OWN);
	if (channel->when_own != PROTADDR_MINIMUM && channel->when_own != PROTADDR_SUBSTITUTE &&
		channel->when_own != PROTADDR_DISCLOSE)
		channel->when_own = PROTADDR_WITHHOLD;
	channel->when_unbound = action_of(tuple, desc, CHANNEL_WHEN_UNBOUND);
	channel->without_substitute = action_of(tuple, desc, CHANNEL_WITHOUT_SUBSTITUTE);
	channel->when_unreadable = action_of(tuple, desc, CHANNEL_WHEN_UNREADABLE) == PROTADDR_HOLD ?
		PROTADDR_HOLD : PROTADDR_BLOCK;

	value = heap_getattr(tuple, CHANNEL_SMALL_AMOUNT, desc, &isnull);
	if (!isnull)
	{
		channel->small_amount = DatumGetNumericCopy(value);
		value = heap_getattr(tuple, CHANNEL_SMALL_CURRENCY, desc, &isnull);
		if (!isnull && VARSIZE_ANY_EXHDR(DatumGetTextPP(value)) == 3)
		{
			memcpy(channel->small_currency, VARDATA_ANY(DatumGetTextPP(value)), 3);
			channel->has_small = true;
			channel->when_small = action_of(tuple, desc, CHANNEL_WHEN_SMALL);
			if (channel->when_small == PROTADDR_LEAVE || numeric_is_nan(channel->small_amount) ||
				numeric_is_inf(channel->small_amount))
				channel->when_small = PROTADDR_WITHHOLD;
		}
		value = heap_getattr(tuple, CHANNEL_LINKED_WITHIN, desc, &isnull);
		if (!isnull)
		{
			channel->linked_within = palloc(sizeof(Interval));
			*channel->linked_within = *DatumGetIntervalP(value);
		}
	}
	value = heap_getattr(tuple, CHANNEL_BIRTH_DATA, desc, &isnull);
	channel->birth_data = !isnull && DatumGetBool(value);
	value = heap_getattr(tuple, CHANNEL_STRANGERS_UNKNOWN, desc, &isnull);
	channel->strangers_unknown = isnull || DatumGetBool(value);
	channel->name_when_protected = name_action_of(tuple, desc, CHANNEL_NAME_WHEN_PROTECTED);
	channel->name_when_unknown = name_action_of(tuple, desc, CHANNEL_NAME_WHEN_UNKNOWN);
	value = heap_getattr(tuple, CHANNEL_LEGAL_BASIS, desc, &isnull);
	channel->legal_basis = isnull ? "" : TextDatumGetCString(value);
	if (strcmp(channel->name, PROTADDR_CHANNEL_SHOW) == 0)
		restrict_to_showing(channel);
	channel->may = protaddr_channel_may(channel);
	return true;
}

/*
 * restrict_to_showing takes what a reader cannot be given for "withhold": there is no
 * row to be held or refused, and a disclosure needs a record, which showing an address
 * does not write.  The table's constraint says so, too, as long as it is there.
 */
static void
restrict_to_showing(ProtaddrChannel *channel)
{
	if (channel->when_protected != PROTADDR_MINIMUM && channel->when_protected != PROTADDR_SUBSTITUTE)
		channel->when_protected = PROTADDR_WITHHOLD;
	if (channel->when_unknown != PROTADDR_LEAVE && channel->when_unknown != PROTADDR_MINIMUM)
		channel->when_unknown = PROTADDR_WITHHOLD;
	channel->when_unbound = PROTADDR_WITHHOLD;
	if (channel->without_substitute != PROTADDR_MINIMUM)
		channel->without_substitute = PROTADDR_WITHHOLD;
	channel->has_small = false;
	channel->has_own = false;
}

/* action_of reads a word of the vocabulary; what it does not know, and NULL, withholds. */
static ProtaddrAction
action_of(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);
	ProtaddrAction action;

	if (!isnull &&
		protaddr_action_of_word(VARDATA_ANY(DatumGetTextPP(value)),
								VARSIZE_ANY_EXHDR(DatumGetTextPP(value)), &action))
		return action;
	return PROTADDR_WITHHOLD;
}

/* name_action_of does the same for a name, of which there is no more than all, initials and nothing. */
static ProtaddrAction
name_action_of(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	ProtaddrAction action = action_of(tuple, desc, column);

	return action == PROTADDR_LEAVE || action == PROTADDR_MINIMUM ? action : PROTADDR_WITHHOLD;
}

/*
 * protaddr_channel_actions is protaddr.channel_actions(channel): every action that a
 * row of the law can come to.
 */
Datum
protaddr_channel_actions(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
											  HeapTupleHeaderGetTypMod(row));
	HeapTupleData tuple;
	ProtaddrChannel channel;
	bool		is_channel;

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	is_channel = channel_read(&tuple, desc, &channel);
	ReleaseTupleDesc(desc);
	if (!is_channel)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(protaddr_action_array(channel.may));
}
