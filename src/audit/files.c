/*
 * files.c
 *		What stands in the trail's folder, in its order?
 */
#include "postgres.h"

#include "audit/audit.h"
#include "audit/audit_int.h"
#include "base/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

static int
compare_files(const ListCell *a, const ListCell *b)
{
	const ProtaddrAuditFile *x = lfirst(a);
	const ProtaddrAuditFile *y = lfirst(b);
	int			order = memcmp(x->name, y->name, PA_TRAIL_NODE_SIZE);

	return order != 0 ? order : x->number < y->number ? -1 : x->number > y->number;
}

/*
 * protaddr_audit_files lists a folder's files, of each node in their order.  Raises 58P01
 * and the like if it cannot be read; a folder that is not there yet is empty.
 */
List *
protaddr_audit_files(const char *folder)
{
	List	   *files = NIL;
	DIR		   *dir = AllocateDir(folder);
	struct dirent *entry;

	if (dir == NULL && errno == ENOENT)
		return NIL;
	while ((entry = ReadDir(dir, folder)) != NULL)
	{
		ProtaddrAuditFile *file;
		uint64_t	number;

		if (!protaddr_trail_is_file_name(entry->d_name, &number))
			continue;
		file = palloc0(sizeof(*file));
		strlcpy(file->name, entry->d_name, sizeof(file->name));
		memcpy(file->node, entry->d_name, PA_TRAIL_NODE_SIZE);
		file->number = number;
		files = lappend(files, file);
	}
	FreeDir(dir);
	list_sort(files, compare_files);
	return files;
}

static ssize_t
read_some(int fd, char *bytes, size_t len, const char *name)
{
	ssize_t		got;

	while ((got = read(fd, bytes, len)) < 0 && errno == EINTR)
		;
	if (got < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("file \"%s\" of the audit trail cannot be read: %m", name)));
	return got;
}

/*
 * protaddr_audit_read_file gives a file's lines, up to so many bytes (0: all), without their
 * ends, until the reader gives false; the last one may have none.  A line too long for a
 * record comes cut.  Gives how many bytes it has read.
 */
uint64
protaddr_audit_read_file(const char *folder, const ProtaddrAuditFile *file, uint64 limit,
						 ProtaddrAuditReader reader, void *arg)
{
	const size_t size = 16 * PA_TRAIL_LINE_SIZE;
	char	   *buffer = palloc(size);
	char		path[MAXPGPATH];
	size_t		used = 0;
	uint64		total = 0;
	bool		go_on = true;
	int			fd;

	snprintf(path, sizeof(path), "%s/%s", folder, file->name);
	fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("file \"%s\" of the audit trail cannot be read: %m", file->name)));
	while (go_on)
	{
		size_t		wanted = size - used;
		ssize_t		got;
		char	   *line = buffer;
		char	   *end;

		CHECK_FOR_INTERRUPTS();
		if (limit > 0)
			wanted = Min(wanted, limit - total);
		got = wanted == 0 ? 0 : read_some(fd, buffer + used, wanted, file->name);
		total += got;
		used += got;
		while (go_on && (end = memchr(line, '\n', buffer + used - line)) != NULL)
		{
			go_on = reader(file, line, end - line, true, arg);
			line = end + 1;
		}
		used -= line - buffer;
		memmove(buffer, line, used);
		if (!go_on)
			break;
		if (got == 0)
		{
			if (used > 0)
				(void) reader(file, buffer, used, false, arg);
			break;
		}
		/* nothing of ours is that long */
		if (used == size)
		{
			go_on = reader(file, buffer, used, true, arg);
			used = 0;
		}
	}
	CloseTransientFile(fd);
	pfree(buffer);
	return total;
}
