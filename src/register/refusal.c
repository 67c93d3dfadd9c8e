/*
 * refusal.c
 *		How does a refused delivery leave a record?
 *
 * A refusal is an error, and an error takes back what its transaction wrote.  So a
 * background worker, started for this alone, writes the record in a transaction of
 * its own.  Should none be had, the load is refused all the same and a WARNING says
 * that there is no record.
 */
#include "postgres.h"

#include "base/base.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

typedef struct Refusal
{
	Oid			database;
	char		source[256];
	char		regime[64];
	char		task[16];
	bool		has_produced;
	DateADT		produced;
	char		why[512];
	char		loaded_by[NAMEDATALEN];
	bool		recorded;
} Refusal;

PG_FUNCTION_INFO_V1(protaddr_note_refusal);

PGDLLEXPORT void protaddr_refusal_main(Datum arg);

static void
copy_argument(FunctionCallInfo fcinfo, int n, char *to, size_t size)
{
	text	   *from = PG_ARGISNULL(n) ? NULL : PG_GETARG_TEXT_PP(n);
	int			len = 0;

	/* cut between characters if it must be */
	if (from != NULL)
	{
		len = pg_mbcliplen(VARDATA_ANY(from), VARSIZE_ANY_EXHDR(from), size - 1);
		memcpy(to, VARDATA_ANY(from), len);
	}
	to[len] = '\0';
}

/* protaddr_note_refusal is protaddr.note_refusal(source, regime, task, produced, why). */
Datum
protaddr_note_refusal(PG_FUNCTION_ARGS)
{
	dsm_segment *segment;
	Refusal    *refusal;
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;
	bool		recorded = false;

	/* a worker would start when the standby is promoted, and we wait as long */
	PreventCommandDuringRecovery("a load of the register");
	segment = dsm_create(sizeof(Refusal), 0);
	refusal = (Refusal *) dsm_segment_address(segment);
	memset(refusal, 0, sizeof(*refusal));
	refusal->database = MyDatabaseId;
	copy_argument(fcinfo, 0, refusal->source, sizeof(refusal->source));
	copy_argument(fcinfo, 1, refusal->regime, sizeof(refusal->regime));
	copy_argument(fcinfo, 2, refusal->task, sizeof(refusal->task));
	refusal->has_produced = !PG_ARGISNULL(3);
	if (refusal->has_produced)
		refusal->produced = PG_GETARG_DATEADT(3);
	copy_argument(fcinfo, 4, refusal->why, sizeof(refusal->why));
	strlcpy(refusal->loaded_by, GetUserNameFromId(GetSessionUserId(), false),
			sizeof(refusal->loaded_by));

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "protaddr", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "protaddr_refusal_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "protaddr record of a refused delivery", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "protaddr refusal", sizeof(worker.bgw_type));
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	worker.bgw_notify_pid = MyProcPid;

	if (RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		(void) WaitForBackgroundWorkerShutdown(handle);
		recorded = refusal->recorded;
	}
	dsm_detach(segment);
	if (!recorded)
		ereport(WARNING,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("the refused delivery could not be recorded in protaddr.register_delivery"),
				 errhint("See max_worker_processes and the server log.")));
	PG_RETURN_BOOL(recorded);
}

/* protaddr_refusal_main is the worker. */
void
protaddr_refusal_main(Datum arg)
{
	dsm_segment *segment;
	Refusal    *refusal;
	Oid			types[6] = {TEXTOID, TEXTOID, TEXTOID, DATEOID, TEXTOID, TEXTOID};
	Datum		values[6];
	char		nulls[7] = "      ";

	BackgroundWorkerUnblockSignals();
	segment = dsm_attach(DatumGetUInt32(arg));
	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("could not attach to what is to be recorded")));
	refusal = (Refusal *) dsm_segment_address(segment);

	BackgroundWorkerInitializeConnectionByOid(refusal->database, InvalidOid, 0);
	/* who waits for us may hold what we would wait for */
	SetConfigOption("lock_timeout", "5s", PGC_SUSET, PGC_S_OVERRIDE);
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	values[0] = CStringGetTextDatum(refusal->source);
	values[1] = CStringGetTextDatum(refusal->regime);
	values[2] = CStringGetTextDatum(refusal->task);
	if (refusal->task[0] == '\0')
		nulls[2] = 'n';
	values[3] = DateADTGetDatum(refusal->produced);
	if (!refusal->has_produced)
		nulls[3] = 'n';
	values[4] = CStringGetTextDatum(refusal->why);
	values[5] = CStringGetTextDatum(refusal->loaded_by);
	if (SPI_execute_with_args("INSERT INTO protaddr.register_delivery (source, regime, task, produced, outcome, loaded_by) "
							  "VALUES ($1, $2, $3, $4, $5, $6)",
							  6, types, values, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not record a refused delivery");
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	refusal->recorded = true;
	dsm_detach(segment);
	proc_exit(0);
}
