/*
 * spent.c
 *		How much of a limit is used, and which request?
 *
 * A count in a table would be undone by ROLLBACK, and lost with a crash if it were in
 * memory.  So each is a small file of its own, in a folder of the data directory, changed
 * under a lock and synced before anything is shown: what was counted stays counted.
 *
 * A count is of a day of the server's own time zone (log_timezone, which no session sets).
 * If the clock goes back, the later day's count goes on.
 */
#include "postgres.h"

#include "base/base.h"
#include "clearance/clearance.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file_perm.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#define FOLDER	"protaddr_spent"
#define MAGIC	0x50415350

typedef struct Spent
{
	uint32		magic;
	int32		day;
	int32		count;
	pg_crc32c	crc;
} Spent;

PG_FUNCTION_INFO_V1(protaddr_spent_sql);
PG_FUNCTION_INFO_V1(protaddr_is_used);

/* refuse_file raises what kept a file from being written: then nothing is shown. */
static void
refuse_file(const char *path)
{
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not count what is shown: file \"%s\": %m", path),
			 errdetail("What cannot be counted is not shown."),
			 protaddr_errprivate()));
}

static void
path_of(char path[MAXPGPATH], const char *kind, int64 number)
{
	snprintf(path, MAXPGPATH, FOLDER "/%s%016llx", kind, (unsigned long long) number);
}

static void
make_folder(void)
{
	if (MakePGDirectory(FOLDER) == 0)
		fsync_fname(".", true);
	else if (errno != EEXIST)
		refuse_file(FOLDER);
}

static int32
today(void)
{
	struct pg_tm now;
	fsec_t		fsec;
	int			zone;

	if (timestamp2tm(GetCurrentTimestamp(), &zone, &now, &fsec, NULL, log_timezone) != 0)
		elog(ERROR, "the time cannot be told");
	return date2j(now.tm_year, now.tm_mon, now.tm_mday);
}

static pg_crc32c
crc_of(const Spent *spent)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, spent, offsetof(Spent, crc));
	FIN_CRC32C(crc);
	return crc;
}

/* read_count reads a count of today, 0 if there is none yet.  Raises XX001 for one that is broken. */
static void
read_count(int fd, const char *path, Spent *spent)
{
	int			len = pg_pread(fd, spent, sizeof(*spent), 0);
	int32		day = today();

	if (len < 0)
		refuse_file(path);
	/* a crash has come between its making and its first count */
	if (len == 0)
	{
		memset(spent, 0, sizeof(*spent));
		spent->day = day;
	}
	else if (len != sizeof(*spent) || spent->magic != MAGIC || spent->crc != crc_of(spent))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the count in file \"%s\" is broken", path),
				 errhint("Find out who changed it. It counts anew, from none, once the file is removed."),
				 protaddr_errprivate()));
	if (spent->day < day)
	{
		spent->day = day;
		spent->count = 0;
	}
}

static void
write_count(int fd, const char *path, Spent *spent)
{
	spent->magic = MAGIC;
	spent->count++;
	spent->crc = crc_of(spent);
	errno = 0;
	if (pg_pwrite(fd, spent, sizeof(*spent), 0) != sizeof(*spent))
	{
		if (errno == 0)
			errno = ENOSPC;
		refuse_file(path);
	}
	if (pg_fdatasync(fd) != 0)
		refuse_file(path);
}

/* lock_file waits until no other session counts; whoever holds the lock waits for nobody. */
static void
lock_file(int fd, const char *path)
{
	while (flock(fd, LOCK_EX | LOCK_NB) != 0)
	{
		if (errno != EWOULDBLOCK && errno != EINTR)
			refuse_file(path);
		CHECK_FOR_INTERRUPTS();
		pg_usleep(100);
	}
}

/*
 * protaddr_spend counts one more of today, and that stays whatever becomes of the
 * transaction; false if it would be more than the limit.  Raises what the file system
 * says if it cannot be counted.
 */
bool
protaddr_spend(int64 counter, int32 limit)
{
	char		path[MAXPGPATH];
	Spent		spent;
	int			fd;
	bool		made = false;
	bool		may;

	path_of(path, "", counter);
	fd = OpenTransientFile(path, O_RDWR | PG_BINARY);
	if (fd < 0 && errno == ENOENT)
	{
		make_folder();
		fd = OpenTransientFile(path, O_RDWR | O_CREAT | PG_BINARY);
		made = true;
	}
	if (fd < 0)
		refuse_file(path);
	lock_file(fd, path);
	read_count(fd, path, &spent);
	may = spent.count < limit;
	if (may)
		write_count(fd, path, &spent);
	if (CloseTransientFile(fd) != 0)
		refuse_file(path);
	if (made)
		fsync_fname(FOLDER, true);
	return may;
}

/* protaddr_spent gives how many were counted today. */
int32
protaddr_spent(int64 counter)
{
	char		path[MAXPGPATH];
	Spent		spent;
	int			fd;

	path_of(path, "", counter);
	fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		refuse_file(path);
	lock_file(fd, path);
	read_count(fd, path, &spent);
	if (CloseTransientFile(fd) != 0)
		refuse_file(path);
	return spent.count;
}

/* protaddr_use_once is true for whoever is the first, ever, to use a number. */
bool
protaddr_use_once(int64 number)
{
	char		path[MAXPGPATH];
	int			fd;

	path_of(path, "used_", number);
	make_folder();
	fd = OpenTransientFile(path, O_WRONLY | O_CREAT | O_EXCL | PG_BINARY);
	if (fd < 0)
	{
		if (errno == EEXIST)
			return false;
		refuse_file(path);
	}
	if (pg_fsync(fd) != 0 || CloseTransientFile(fd) != 0)
		refuse_file(path);
	fsync_fname(FOLDER, true);
	return true;
}

/* protaddr_spent_sql is protaddr.clearance_used(counter). */
Datum
protaddr_spent_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(protaddr_spent(PG_GETARG_INT64(0)));
}

/* protaddr_is_used is protaddr.unlock_request_used(request). */
Datum
protaddr_is_used(PG_FUNCTION_ARGS)
{
	char		path[MAXPGPATH];

	path_of(path, "used_", PG_GETARG_INT64(0));
	PG_RETURN_BOOL(access(path, F_OK) == 0);
}
