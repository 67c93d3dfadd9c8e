/*
 * replica.c
 *		Is what is replicated here as new as it must be?
 *
 * A standby, and a database whose register comes by logical replication, are told of a
 * protection when it reaches them.  What tells that nothing is on its way any more, or
 * waits here and is not applied, are the processes that receive it: they must be there,
 * have had word from the other server lately, and not have received long ago what is not
 * applied yet.  An idle server sends little, but answers: silence counts from
 * wal_receiver_timeout on, or later.  So that a server on which nothing happens does not
 * look like one that is behind, the time of the last commit is not asked, but where a
 * standby knows that there is more than it has received.
 */
#include "postgres.h"

#include "base/base.h"
#include "person/person_int.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "catalog/pg_subscription_rel.h"
#include "miscadmin.h"
#include "replication/walreceiver.h"
#include "replication/worker_internal.h"
#include "storage/bufmgr.h"
#include "storage/lwlock.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"

#define LOOK_AGAIN_AFTER	USECS_PER_SEC

/* a second, once for each session and connection */
#define CATCH_UP_WAITS		100
#define CATCH_UP_WAIT_US	10000

static int	max_replay_lag = 0; /* seconds; 0: not asked */

PG_FUNCTION_INFO_V1(protaddr_replica_behind);

static void
replica_start(void)
{
	DefineCustomIntVariable("protaddr.max_replay_lag",
							"How far a standby or subscriber may be behind what it is a replica of.",
							"Past it, and while it receives nothing, nothing is disclosed there. 0: not asked, as where a standby is fed from an archive alone.",
							&max_replay_lag, 120, 0, INT_MAX / 1000,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

const ProtaddrPart protaddr_replica_part = {
	.start = replica_start,
};

/* is_silence is true if the last word of the other server is too long ago. */
static bool
is_silence(TimestampTz last_word)
{
	return TimestampDifferenceExceeds(last_word, GetCurrentTimestamp(),
									  Max(max_replay_lag * 1000, wal_receiver_timeout));
}

/* is_old is true of a moment from which on more has happened than may be missing here. */
static bool
is_old(TimestampTz moment)
{
	return TimestampDifferenceExceeds(moment, GetCurrentTimestamp(), max_replay_lag * 1000);
}

/*
 * is_catching_up is true until a standby has replayed what the primary had when we first
 * looked at this connection: it replays at once what it receives then, however old that is.
 * Of a primary on which nothing is committed for long little comes, which is replayed while
 * we wait.
 */
static bool
is_catching_up(pid_t receiver, XLogRecPtr end)
{
	static pid_t seen = 0;
	static XLogRecPtr until = InvalidXLogRecPtr;
	int			waits = 0;

	if (seen != receiver)
	{
		seen = receiver;
		until = end;
		waits = CATCH_UP_WAITS;
	}
	while (until != InvalidXLogRecPtr)
	{
		if (GetXLogReplayRecPtr(NULL) >= until)
			until = InvalidXLogRecPtr;
		else if (!is_old(GetLatestXTime()))
			break;
		else if (waits-- <= 0)
			return true;
		else
		{
			CHECK_FOR_INTERRUPTS();
			pg_usleep(CATCH_UP_WAIT_US);
		}
	}
	return false;
}

/*
 * why_standby_is_behind tells why.  told: how far the primary is has been told since it was
 * connected to; if there is anything to send, it is in a moment.
 */
static const char *
why_standby_is_behind(bool *told)
{
	bool		connected;
	TimestampTz last_word;
	TimestampTz said;
	XLogRecPtr	end;			/* of what the primary has, by its last word */
	XLogRecPtr	received;
	XLogRecPtr	replayed;
	int			delay;
	pid_t		receiver;

	if (!WalRcvStreaming())
		return "This server is a standby that receives nothing from its primary.";
	SpinLockAcquire(&WalRcv->mutex);
	last_word = WalRcv->lastMsgReceiptTime;
	said = WalRcv->lastMsgSendTime;
	end = WalRcv->latestWalEnd;
	connected = WalRcv->ready_to_display;
	receiver = WalRcv->pid;
	SpinLockRelease(&WalRcv->mutex);
	/* it begins with its own start as both times; to connect may last for minutes */
	*told = said != last_word;
	if (!connected || is_silence(last_word))
		return "This server is a standby that has had no word from its primary.";
	received = GetWalRcvFlushRecPtr(NULL, NULL);
	replayed = GetXLogReplayRecPtr(NULL);

	if ((*told && is_catching_up(receiver, end)) || (received < end && replayed < end && is_old(GetLatestXTime())))
		return "This server is a standby that is behind its primary.";
	if (received <= replayed)
		return NULL;
	delay = GetReplicationApplyDelay();
	if (delay < 0 || delay > max_replay_lag * 1000)
		return "This server is a standby that is behind its primary.";
	return NULL;
}

/* subscription_is_behind is true if what a subscription brings of a table is not here yet. */
static bool
subscription_is_behind(Oid subscription)
{
	LogicalRepWorker *worker;
	bool		behind;

	LWLockAcquire(LogicalRepWorkerLock, LW_SHARED);
	worker = logicalrep_worker_find(subscription, InvalidOid, true);
	/* it has no word while it applies what it has received */
	behind = worker == NULL || is_silence(worker->last_recv_time);
	LWLockRelease(LogicalRepWorkerLock);
	return behind;
}

static const char *
why_subscriber_is_behind(void)
{
	static const ProtaddrTable registers[] = {PROTADDR_PROTECTION, PROTADDR_IDENTITY_LINK, PROTADDR_REGISTER_PERSON, PROTADDR_REGISTER_SOURCE};
	Relation	rel = table_open(SubscriptionRelRelationId, AccessShareLock);
	const char *why = NULL;

	/* most databases have no subscription: nothing of ours needs to be found for that */
	for (int i = 0; i < lengthof(registers) && RelationGetNumberOfBlocks(rel) > 0; i++)
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, Anum_pg_subscription_rel_srrelid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(protaddr_table(registers[i])));
		scan = systable_beginscan(rel, SubscriptionRelSrrelidSrsubidIndexId, true, NULL, 1, &key);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			Form_pg_subscription_rel row = (Form_pg_subscription_rel) GETSTRUCT(tuple);

			if (row->srsubstate != SUBREL_STATE_READY)
				why = "The register is being copied from another server.";
			else if (why == NULL && subscription_is_behind(row->srsubid))
				why = "The register comes from another server, from which there is no word.";
		}
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	return why;
}

/*
 * protaddr_replica_why_behind tells why what is replicated here may be too old to go by;
 * NULL if it is not, or nothing is.  Looks once in a while; statement is when the
 * statement began.
 */
const char *
protaddr_replica_why_behind(TimestampTz statement)
{
	static TimestampTz looked = DT_NOBEGIN;
	static const char *why = NULL;
	static bool told = true;

	if (max_replay_lag == 0)
		return NULL;
	/* what is not told yet is so in a moment: each statement looks for it */
	if (looked > statement || statement - (told ? LOOK_AGAIN_AFTER : 0) > looked)
	{
		const char *now;

		told = true;
		now = RecoveryInProgress() ? why_standby_is_behind(&told) : why_subscriber_is_behind();
		/* what was behind is so until it is told that it is not */
		if (told || now != NULL)
			why = now;
		looked = statement;
	}
	return why;
}

/* protaddr_replica_behind is protaddr.replica_behind(). */
Datum
protaddr_replica_behind(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(protaddr_replica_why_behind(GetCurrentTimestamp()) != NULL);
}
