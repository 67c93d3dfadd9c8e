/*
 * write.c
 *		How does a room's record get into the trail?
 *
 * Every backend writes by itself, before what it records happens, outside its transaction:
 * a rollback takes nothing back, and a hot standby writes, too.  Writers take turns by a
 * lock on the node's file (append.c), which needs no shared memory, so the library need not
 * be preloaded.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "audit/audit_int.h"
#include "base/base.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_control.h"
#include "commands/dbcommands.h"
#include "common/ip.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "replication/message.h"
#include "storage/fd.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define NODE_FILE	"protaddr.node"

typedef enum AuditSync
{
	AUDIT_SYNC_OFF = 0,
	AUDIT_SYNC_STATEMENT,
	AUDIT_SYNC_ALWAYS
} AuditSync;

static char *audit_directory = NULL;
static int	audit_sync = AUDIT_SYNC_STATEMENT;
static int	audit_rotate_size = 0;
static int	audit_rotate_age = 0;

typedef enum AuditLog
{
	AUDIT_LOG_OFF = 0,
	AUDIT_LOG_ECS,
	AUDIT_LOG_OCSF
} AuditLog;

static int	audit_log = AUDIT_LOG_OFF;

static const struct config_enum_entry log_options[] = {
	{"off", AUDIT_LOG_OFF, false},
	{"ecs", AUDIT_LOG_ECS, false},
	{"ocsf", AUDIT_LOG_OCSF, false},
	{NULL, 0, false}
};

static const struct config_enum_entry sync_options[] = {
	{"off", AUDIT_SYNC_OFF, false},
	{"statement", AUDIT_SYNC_STATEMENT, false},
	{"always", AUDIT_SYNC_ALWAYS, false},
	{NULL, 0, false}
};

static PaTrailWriter writer = PA_TRAIL_WRITER_CLOSED;
static pid_t writer_pid = 0;
static uint64 last = 0;

static void audit_start(void);

const ProtaddrPart protaddr_audit_part = {
	.start = audit_start,
};

static void
audit_start(void)
{
	DefineCustomStringVariable("protaddr.audit_directory",
							   "Folder of the audit trail.",
							   "A relative name is in the data directory. It is made if it is missing. "
							   "Outside the data directory it survives pg_rewind and a restore.",
							   &audit_directory, "protaddr_audit", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY | GUC_NOT_IN_SAMPLE,
							   NULL, NULL, NULL);
	protaddr_audit_sign_settings();
	DefineCustomEnumVariable("protaddr.audit_log",
							 "Writes each record of the audit trail to the server log, too, as JSON.",
							 "off: no. ecs, ocsf: by the field names of the Elastic Common Schema or the Open Cybersecurity Schema Framework.",
							 &audit_log, AUDIT_LOG_OFF, log_options, PGC_SIGHUP,
							 GUC_NOT_IN_SAMPLE,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("protaddr.audit_rotate_age",
							"Age at which a file of the audit trail is followed by another.",
							"0: whatever its age.",
							&audit_rotate_age, 1440, 0, 525600, PGC_SIGHUP,
							GUC_UNIT_MIN | GUC_NOT_IN_SAMPLE,
							NULL, NULL, NULL);
	DefineCustomIntVariable("protaddr.audit_rotate_size",
							"Size at which a file of the audit trail is followed by another.",
							"0: whatever its size.",
							&audit_rotate_size, 65536, 0, 1048576, PGC_SIGHUP,
							GUC_UNIT_KB | GUC_NOT_IN_SAMPLE,
							NULL, NULL, NULL);
	DefineCustomEnumVariable("protaddr.audit_sync",
							 "When a record of the audit trail must have reached the disk.",
							 "off: whenever the system writes it. statement: before what a statement discloses first, or does. "
							 "always: every record, before anything goes on.",
							 &audit_sync, AUDIT_SYNC_STATEMENT, sync_options, PGC_SIGHUP,
							 GUC_NOT_IN_SAMPLE,
							 NULL, NULL, NULL);
}

/* ---- the place ----------------------------------------------------------------------- */

static int64_t
unix_us(TimestampTz time)
{
	return time + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

static int64_t
now_us(void)
{
	return unix_us(GetCurrentTimestamp());
}

/* describe_node adds what a copy of the data directory, or a promoted standby, may have otherwise. */
static void
describe_node(PaTrailRecord *record)
{
	bool		standby = RecoveryInProgress();
	char		system[32];

	snprintf(system, sizeof(system), UINT64_FORMAT, GetSystemIdentifier());
	protaddr_trail_text(record, "system", system, strlen(system));
	protaddr_trail_bool(record, "standby", standby);
	if (!standby)
		protaddr_trail_number(record, "timeline", GetWALInsertionTimeLine());
}

/* protaddr_audit_folder gives the folder, as a name in the data directory or absolute. */
const char *
protaddr_audit_folder(void)
{
	return audit_directory == NULL || audit_directory[0] == '\0' ? "protaddr_audit" : audit_directory;
}

/* protaddr_audit_place gives where this server's trail stands.  The data directory is the working directory. */
void
protaddr_audit_place(PaTrailPlace *place)
{
	place->node_file = NODE_FILE;
	place->folder = protaddr_audit_folder();
	place->rotate_bytes = (uint64_t) audit_rotate_size * 1024;
	place->rotate_seconds = (uint64_t) audit_rotate_age * 60;
	place->sync = audit_sync != AUDIT_SYNC_OFF && enableFsync;
	place->now = now_us;
	place->describe = describe_node;
}

/* protaddr_audit_writer gives what this process has open: what the postmaster had is not ours. */
PaTrailWriter *
protaddr_audit_writer(void)
{
	if (writer_pid != MyProcPid)
	{
		protaddr_trail_writer_close(&writer);
		writer_pid = MyProcPid;
	}
	return &writer;
}

/* protaddr_audit_report says why nothing could be written or read, in the caller's error. */
void
protaddr_audit_fail(const PaTrailWriter *failed)
{
	static const char *const steps[] = {
		[PA_TRAIL_FOLDER] = "The folder of protaddr.audit_directory cannot be made",
		[PA_TRAIL_NODE] = "File \"protaddr.node\" of the data directory cannot be read or written",
		[PA_TRAIL_FILE] = "A file in protaddr.audit_directory cannot be opened",
		[PA_TRAIL_WRITE] = "A file in protaddr.audit_directory cannot be written",
		[PA_TRAIL_SYNC] = "A file in protaddr.audit_directory did not reach the disk",
	};
	PaTrailStep step = failed->failed;
	bool		full = failed->error == ENOSPC || failed->error == EDQUOT || failed->error == EFBIG;

	errno = failed->error;
	ereport(ERROR,
			(errcode(full ? ERRCODE_DISK_FULL : ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("the audit trail cannot be written"),
			 step == PA_TRAIL_DONE ? 0 : errdetail("%s: %m.", steps[step]),
			 errhint("Nothing that must be on record happens before it is.")));
}

/* ---- making a record --------------------------------------------------------------------- */

static void
put_server_text(ProtaddrAudit *record, const char *name, const char *value)
{
	char	   *utf8;

	if (value == NULL)
		return;
	/* for what is no text in its encoding there is U+FFFD */
	utf8 = IsTransactionState() && GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII ?
		pg_server_to_any(value, strlen(value), PG_UTF8) : unconstify(char *, value);
	protaddr_trail_text(record, name, utf8, strlen(utf8));
	if (utf8 != value)
		pfree(utf8);
}

static void
put_role(ProtaddrAudit *record, const char *name, const char *oid_name, Oid role)
{
	put_server_text(record, name, IsTransactionState() ? GetUserNameFromId(role, true) : NULL);
	protaddr_trail_number(record, oid_name, role);
}

/* put_client says from where: an address, or that it is a socket of this machine. */
static void
put_client(ProtaddrAudit *record)
{
	const SockAddr *client = MyBEEntry == NULL ? NULL : &MyBEEntry->st_clientaddr;
	char		host[NI_MAXHOST];

	if (client == NULL || client->salen == 0)
		return;
	if (client->addr.ss_family == AF_UNIX)
		put_server_text(record, "client", "[local]");
	else if (pg_getnameinfo_all(&client->addr, client->salen, host, sizeof(host), NULL, 0, NI_NUMERICHOST) == 0)
		put_server_text(record, "client", host);
}

/* put_who says who acts, where and from where. */
static void
put_who(ProtaddrAudit *record)
{
	char		session[40];

	if (OidIsValid(MyDatabaseId))
	{
		put_server_text(record, "database", IsTransactionState() ? get_database_name(MyDatabaseId) : NULL);
		protaddr_trail_number(record, "database_oid", MyDatabaseId);
	}
	put_role(record, "login", "login_oid", GetSessionUserId());
	if (GetOuterUserId() != GetSessionUserId())
		put_role(record, "role", "role_oid", GetOuterUserId());
	put_client(record);
	/* as %c of log_line_prefix */
	snprintf(session, sizeof(session), "%lx.%x", (long) MyStartTime, (unsigned) MyProcPid);
	protaddr_trail_text(record, "session", session, strlen(session));
}

/* protaddr_audit_who gives who acts now. */
void
protaddr_audit_who(ProtaddrAuditWho *who)
{
	ProtaddrAudit record;

	protaddr_trail_begin(&record, "who");
	put_who(&record);
	who->len = Min(record.len, sizeof(who->json));
	if (who->len < record.len)
		elog(ERROR, "a session's names do not fit into a record");
	memcpy(who->json, record.data, who->len);
}

void
protaddr_audit_begin_as(ProtaddrAudit *record, const char *kind, const ProtaddrAuditWho *who)
{
	TransactionId xid = IsTransactionState() ? GetTopTransactionIdIfAny() : InvalidTransactionId;

	protaddr_trail_begin(record, kind);
	memcpy(record->data, who->json, who->len);
	record->len = who->len;
	if (TransactionIdIsValid(xid))
		protaddr_trail_number(record, "xid", xid);
}

void
protaddr_audit_begin(ProtaddrAudit *record, const char *kind)
{
	ProtaddrAuditWho who;

	protaddr_audit_who(&who);
	protaddr_audit_begin_as(record, kind, &who);
}

void
protaddr_audit_text(ProtaddrAudit *record, const char *name, const char *value)
{
	put_server_text(record, name, value);
}

void
protaddr_audit_number(ProtaddrAudit *record, const char *name, int64 number)
{
	protaddr_trail_number(record, name, number);
}

void
protaddr_audit_bool(ProtaddrAudit *record, const char *name, bool yes)
{
	protaddr_trail_bool(record, name, yes);
}

/* protaddr_audit_key adds the data key that keyed ids are under, as protaddr.key_status has it. */
void
protaddr_audit_key(ProtaddrAudit *record, uint64 key)
{
	uint64		bytes = pg_hton64(key);

	protaddr_trail_hex(record, "key", (uint8 *) &bytes, sizeof(bytes));
}

/* protaddr_audit_time adds a time as the records' own are written; nothing for infinity. */
void
protaddr_audit_time(ProtaddrAudit *record, const char *name, TimestampTz time)
{
	char text[	PA_TRAIL_AT_SIZE + 1];

	if (TIMESTAMP_NOT_FINITE(time))
		return;
	protaddr_trail_write_time(text, unix_us(time));
	protaddr_trail_text(record, name, text, PA_TRAIL_AT_SIZE);
}

void
protaddr_audit_hex(ProtaddrAudit *record, const char *name, const uint8 *bytes, size_t len)
{
	protaddr_trail_hex(record, name, bytes, len);
}

void
protaddr_audit_open(ProtaddrAudit *record, const char *name, char bracket)
{
	protaddr_trail_open(record, name, bracket);
}

void
protaddr_audit_close(ProtaddrAudit *record, char bracket)
{
	protaddr_trail_close(record, bracket);
}

/* ---- elsewhere ------------------------------------------------------------------------------ */

/*
 * tell_head puts where the chain stands into the server log and the WAL, from where it gets
 * out of the reach of whoever can write the files.
 */
static void
tell_head(const PaTrailHead *head)
{
	char text[	PA_TRAIL_SIGNED_SIZE];
	size_t		len = protaddr_trail_signed_text(text, head->node, head->seq, head->hash);

	ereport(LOG_SERVER_ONLY,
			(errmsg("%s", text), errhidestmt(true), errhidecontext(true)));
	if (IsTransactionState() && !RecoveryInProgress())
		(void) protaddr_log_message("protaddr", text, len);
}

/* put_field adds a field of the record under another name, as it stands there. */
static void
put_field(StringInfo out, const ProtaddrAudit *record, const char *name, const char *before, const char *behind)
{
	PaTrailLine line = {.rest = record->data, .rest_len = record->len};
	const char *value;
	size_t		len;

	if (protaddr_trail_field(&line, name, &value, &len))
	{
		appendStringInfoString(out, before);
		appendBinaryStringInfo(out, value, (int) len);
		appendStringInfoString(out, behind);
	}
}

/* tell_record writes a record to the server log, by the field names of ECS or OCSF, for a SIEM. */
static void
tell_record(const ProtaddrAudit *record, const PaTrailHead *head)
{
	StringInfoData out;
	char		at[PA_TRAIL_AT_SIZE + 1];
	int64		us = now_us();

	initStringInfo(&out);
	protaddr_trail_write_time(at, us);
	if (audit_log == AUDIT_LOG_ECS)
	{
		appendStringInfo(&out, "{\"@timestamp\":\"%s\",\"ecs\":{\"version\":\"8.11.0\"},\"event\":{\"kind\":\"event\",\"module\":\"protaddr\",\"action\":\"%s\",\"sequence\":" UINT64_FORMAT "}",
						 at, record->kind, head->seq);
		put_field(&out, record, "login", ",\"user\":{\"name\":\"", "\"");
		put_field(&out, record, "role", ",\"effective\":{\"name\":\"", "\"}");
		put_field(&out, record, "login_oid", ",\"id\":\"", "\"}");
		put_field(&out, record, "client", ",\"source\":{\"address\":\"", "\"}");
		appendStringInfo(&out, ",\"protaddr\":{\"node\":\"%s\"", head->node);
	}
	else
	{
		/* 6005: Datastore Activity; 99: other, named */
		appendStringInfo(&out, "{\"time\":" INT64_FORMAT ",\"category_uid\":6,\"class_uid\":6005,\"activity_id\":99,\"activity_name\":\"%s\",\"type_uid\":600599,\"severity_id\":1,\"metadata\":{\"version\":\"1.3.0\",\"product\":{\"name\":\"protaddr\"},\"sequence\":" UINT64_FORMAT "}",
						 us / 1000, record->kind, head->seq);
		put_field(&out, record, "login", ",\"actor\":{\"user\":{\"name\":\"", "\"}}");
		put_field(&out, record, "client", ",\"src_endpoint\":{\"name\":\"", "\"}");
		appendStringInfo(&out, ",\"unmapped\":{\"node\":\"%s\"", head->node);
	}
	appendBinaryStringInfo(&out, record->data, (int) record->len);
	appendStringInfoString(&out, "}}");
	ereport(LOG_SERVER_ONLY,
			(errmsg("protaddr audit: %s", out.data), errhidestmt(true), errhidecontext(true)));
	pfree(out.data);
}

/* append writes a record, and no interrupt comes in between. */
static bool
append(const ProtaddrAudit *record, bool sync)
{
	PaTrailPlace place;
	PaTrailWriter *own = protaddr_audit_writer();
	PaTrailHead head;
	bool		signed_now = false;
	bool		written;

	protaddr_audit_place(&place);
	HOLD_INTERRUPTS();
	written = protaddr_trail_append(own, &place, record);
	head = own->head;
	last = head.seq;
	/* a chain that nobody signs is a chain still */
	if (written && protaddr_audit_sign_due(&own->head, now_us()))
		signed_now = protaddr_trail_checkpoint(own, &place, protaddr_audit_sign_text);
	written = written && (!sync || protaddr_trail_sync(own));
	RESUME_INTERRUPTS();
	if (signed_now && own->head.signed_at >= head.signed_at + PROTADDR_AUDIT_SIGN_SECONDS)
		tell_head(&own->head);
	if (written && unlikely(audit_log != AUDIT_LOG_OFF))
		tell_record(record, &head);
	return written;
}

/*
 * protaddr_audit_write has the record in the trail.  Raises 53100 if there is no room, 53000
 * if it cannot be written otherwise.
 */
void
protaddr_audit_write(const ProtaddrAudit *record)
{
	if (!append(record, audit_sync != AUDIT_SYNC_OFF && enableFsync))
		protaddr_audit_fail(&writer);
}

bool
protaddr_audit_write_after(const ProtaddrAudit *record)
{
	return append(record, audit_sync == AUDIT_SYNC_ALWAYS && enableFsync);
}

void
protaddr_audit_refuse(void)
{
	protaddr_audit_fail(&writer);
	pg_unreachable();
}

uint64
protaddr_audit_last(void)
{
	return last;
}
