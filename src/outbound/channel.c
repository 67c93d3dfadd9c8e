/*
 * channel.c
 *		What does the law let through which channel?
 *
 * The law is the table protaddr.channel: a change of law is a change of rows.  A
 * session keeps what it read until the table changes.
 */
#include "protaddr.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* columns of protaddr.channel */
#define CHANNEL_NAME		1
#define CHANNEL_PROTECTED	3

static ProtaddrChannel *channels = NULL;
static int	nchannels = 0;
static uint64 channels_generation = 0;

static void channels_read(void);
static ProtaddrAction action_of(Datum value);

void
protaddr_channel_init(void)
{
	channels_generation = 0;
}

/*
 * protaddr_channel gives the channel's rules; they are good until the next call.
 * Raises 22023 for a channel that is not in the table.
 */
const ProtaddrChannel *
protaddr_channel(const char *name, size_t len, TimestampTz at)
{
	uint64		now = protaddr_generation(PROTADDR_CHANNEL);

	if (unlikely(channels_generation != now))
	{
		channels_read();
		channels_generation = now;
	}
	for (int i = 0; i < nchannels; i++)
		if (channels[i].name_len == len && memcmp(channels[i].name, name, len) == 0)
			return &channels[i];

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no such channel"),
			 errhint("See protaddr.channel for those there are."),
			 PROTADDR_DISCREET));
	return NULL;
}

static void
channels_read(void)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_CHANNEL), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	nchannels = 0;
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		ProtaddrChannel channel;
		bool		name_null;
		bool		action_null;
		Datum		name = heap_getattr(tuple, CHANNEL_NAME, RelationGetDescr(rel), &name_null);
		Datum		action = heap_getattr(tuple, CHANNEL_PROTECTED, RelationGetDescr(rel), &action_null);
		text	   *t;

		if (name_null)
			continue;
		t = DatumGetTextPP(name);
		if (VARSIZE_ANY_EXHDR(t) > PA_CHANNEL_SIZE)
			continue;
		memset(&channel, 0, sizeof(channel));
		channel.name_len = VARSIZE_ANY_EXHDR(t);
		memcpy(channel.name, VARDATA_ANY(t), channel.name_len);
		channel.when_protected = action_null ? PROTADDR_WITHHOLD : action_of(action);

		channels = channels == NULL ?
			MemoryContextAlloc(TopMemoryContext, 8 * sizeof(ProtaddrChannel)) :
			nchannels < 8 || (nchannels & (nchannels - 1)) != 0 ? channels :
			repalloc(channels, 2 * nchannels * sizeof(ProtaddrChannel));
		channels[nchannels++] = channel;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* action_of reads the closed vocabulary; what it does not know withholds. */
static ProtaddrAction
action_of(Datum value)
{
	char	   *action = TextDatumGetCString(value);
	ProtaddrAction result = PROTADDR_WITHHOLD;

	if (strcmp(action, "minimum") == 0)
		result = PROTADDR_MINIMUM;
	else if (strcmp(action, "block") == 0)
		result = PROTADDR_BLOCK;
	pfree(action);
	return result;
}
