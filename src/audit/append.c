/*
 * append.c
 *		How does one more record get into the files, whoever else writes and whatever happened?
 *
 * Writers take turns by a lock on the node's file, which also says where the chain
 * stands.  A record is written first, then the head.  Who comes next finds one of:
 *
 *	- the file ends where the head says: the usual case;
 *	- it ends later: a writer was killed.  Whole records that follow the chain are taken
 *	  over; the piece of one that is left gets an end, and a record that says so;
 *	- it ends earlier, or is not there: somebody took records away.  The chain goes on from
 *	  the hash that the head knows, so that everybody who follows it misses them.
 *
 * The node's file also says where it stands itself (inode and time of birth).  In a copy of
 * the data directory that is not true: the copy is another node, and begins a chain of its
 * own, which names the one that it came from.
 *
 * A record that cannot be written whole is taken back, and the caller told.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* statx */
#endif

#include "audit/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#define HEAD_SIZE		512		/* bytes read of the node's file */
#define PATH_SIZE		4096

/* What is found on the way to a new file, and told in its first record. */
typedef struct News
{
	bool		is_new;			/* this node has no chain yet */
	bool		copied;			/* the node's file was made elsewhere, by: */
	PaTrailHead from;
} News;

static bool
fail(PaTrailWriter *writer, PaTrailStep step, int error)
{
	writer->failed = step;
	writer->error = error;
	return false;
}

static void
close_file(PaTrailWriter *writer)
{
	if (writer->file_fd >= 0)
		(void) close(writer->file_fd);
	writer->file_fd = -1;
}

/* protaddr_trail_writer_close forgets what is open. */
void
protaddr_trail_writer_close(PaTrailWriter *writer)
{
	close_file(writer);
	if (writer->node_fd >= 0)
		(void) close(writer->node_fd);
	writer->node_fd = -1;
}

/* protaddr_trail_file_name names a file of a node. */
void
protaddr_trail_file_name(char name[PA_TRAIL_NAME_SIZE], const char *node, uint64_t file)
{
	(void) snprintf(name, PA_TRAIL_NAME_SIZE, "%.16s.%08llu.trail", node, (unsigned long long) file);
}

/* protaddr_trail_is_file_name is true of such a name; gives the file's number. */
bool
protaddr_trail_is_file_name(const char *name, uint64_t *file)
{
	uint8_t		node[PA_TRAIL_NODE_SIZE / 2];
	char		again[PA_TRAIL_NAME_SIZE];
	unsigned long long number;

	if (strlen(name) < PA_TRAIL_NODE_SIZE + 2 || !protaddr_trail_of_hex(name, sizeof(node), node) ||
		sscanf(name + PA_TRAIL_NODE_SIZE, ".%llu.trail", &number) != 1)
		return false;
	*file = number;
	protaddr_trail_file_name(again, name, number);
	return strcmp(name, again) == 0;
}

static bool
path_of(char path[PATH_SIZE], const char *folder, const char *name)
{
	return (size_t) snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE;
}

static bool
write_all(int fd, const char *bytes, size_t len, uint64_t offset)
{
	while (len > 0)
	{
		ssize_t		written = pwrite(fd, bytes, len, (off_t) offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
		{
			if (written == 0)
				errno = ENOSPC;
			return false;
		}
		bytes += written;
		len -= (size_t) written;
		offset += (uint64_t) written;
	}
	return true;
}

/* ---- the node's file --------------------------------------------------------------------- */

/* where_is gives what tells this file from a copy of it. */
static bool
where_is(int fd, uint64_t *inode, uint64_t *born)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	*inode = (uint64_t) st.st_ino;
	*born = 0;
#ifdef STATX_BTIME
	{
		struct statx more;

		if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &more) == 0 && (more.stx_mask & STATX_BTIME) != 0)
			*born = (uint64_t) more.stx_btime.tv_sec * 1000000 + more.stx_btime.tv_nsec / 1000;
	}
#endif
	return true;
}

/* read_head reads what the node's file holds; false if that is nothing that we wrote. */
static bool
read_head(int fd, PaTrailHead *head)
{
	char		text[HEAD_SIZE + 1];
	ssize_t		len = pread(fd, text, HEAD_SIZE, 0);
	char		node[PA_TRAIL_NODE_SIZE + 1];
	char		hash[PA_TRAIL_HASH_HEX + 1];
	uint8_t		bytes[PA_TRAIL_NODE_SIZE / 2];
	unsigned long long n[8];

	if (len <= 0)
		return false;
	text[len] = '\0';
	if (sscanf(text, "%16s %llu %llu %llu %llu %llu %llu %llu %llu %64s", node, &n[0], &n[1], &n[2], &n[3],
			   &n[4], &n[5], &n[6], &n[7], hash) != 10 ||
		strlen(node) != PA_TRAIL_NODE_SIZE || !protaddr_trail_of_hex(node, sizeof(bytes), bytes) ||
		strlen(hash) != PA_TRAIL_HASH_HEX || !protaddr_trail_of_hex(hash, PA_TRAIL_HASH_SIZE, head->hash))
		return false;
	memcpy(head->node, node, sizeof(node));
	head->inode = n[0];
	head->born = n[1];
	head->file = n[2];
	head->opened_at = n[3];
	head->offset = n[4];
	head->seq = n[5];
	head->signed_to = n[6];
	head->signed_at = n[7];
	return true;
}

/* write_head writes it, always at the same length, in one piece. */
static bool
write_head(PaTrailWriter *writer, const PaTrailHead *head)
{
	char		text[HEAD_SIZE];
	char		hash[PA_TRAIL_HASH_HEX + 1];
	int			len;

	protaddr_trail_to_hex(head->hash, PA_TRAIL_HASH_SIZE, hash);
	hash[PA_TRAIL_HASH_HEX] = '\0';
	len = snprintf(text, sizeof(text), "%s %020llu %020llu %010llu %020llu %020llu %020llu %020llu %020llu %s\n",
				   head->node, (unsigned long long) head->inode, (unsigned long long) head->born,
				   (unsigned long long) head->file, (unsigned long long) head->opened_at,
				   (unsigned long long) head->offset, (unsigned long long) head->seq,
				   (unsigned long long) head->signed_to, (unsigned long long) head->signed_at, hash);
	return write_all(writer->node_fd, text, (size_t) len, 0) || fail(writer, PA_TRAIL_NODE, errno);
}

static void
new_node(PaTrailHead *head)
{
	uint8_t		bytes[PA_TRAIL_NODE_SIZE / 2];
	PaTrailHead fresh = {.inode = head->inode, .born = head->born};

	randombytes_buf(bytes, sizeof(bytes));
	*head = fresh;
	protaddr_trail_to_hex(bytes, sizeof(bytes), head->node);
	head->node[PA_TRAIL_NODE_SIZE] = '\0';
}

/* lock_node waits for this process's turn, and reads where the chain stands. */
static bool
lock_node(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailHead *head, News *news)
{
	uint64_t	inode;
	uint64_t	born;
	struct stat st;

	memset(news, 0, sizeof(*news));
	for (;;)
	{
		if (writer->node_fd < 0)
		{
			writer->node_fd = open(place->node_file, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
			if (writer->node_fd < 0)
				return fail(writer, PA_TRAIL_NODE, errno);
		}
		while (flock(writer->node_fd, LOCK_EX) != 0)
			if (errno != EINTR)
				return fail(writer, PA_TRAIL_NODE, errno);
		/* somebody may have put another file in its place */
		if (fstat(writer->node_fd, &st) == 0 && st.st_nlink > 0)
			break;
		protaddr_trail_writer_close(writer);
	}
	memset(head, 0, sizeof(*head));
	if (read_head(writer->node_fd, head))
	{
		/* as this process has left it, it is its own */
		if (head->inode == writer->head.inode && head->born == writer->head.born &&
			memcmp(head->node, writer->head.node, sizeof(head->node)) == 0)
			return true;
		if (!where_is(writer->node_fd, &inode, &born))
			return fail(writer, PA_TRAIL_NODE, errno);
		if (head->inode == inode && head->born == born)
			return true;
		news->copied = true;
		news->from = *head;
	}
	else if (!where_is(writer->node_fd, &inode, &born))
		return fail(writer, PA_TRAIL_NODE, errno);
	head->inode = inode;
	head->born = born;
	new_node(head);
	news->is_new = true;
	return true;
}

static void
unlock_node(PaTrailWriter *writer)
{
	if (writer->node_fd >= 0)
		(void) flock(writer->node_fd, LOCK_UN);
}

/* ---- the files ----------------------------------------------------------------------------- */

/* add writes one record where the head says, and moves the head on; before: bytes before it. */
static bool
add(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailHead *head, const PaTrailRecord *record,
	const char *before)
{
	static char line[1 + PA_TRAIL_LINE_SIZE];
	size_t		len = strlen(before);
	uint8_t		hash[PA_TRAIL_HASH_SIZE];

	memcpy(line, before, len);
	len += protaddr_trail_write_line(line + len, head->node, head->seq + 1, place->now(), head->hash, record, hash);
	if (!write_all(writer->file_fd, line, len, head->offset))
	{
		int			error = errno;

		/* if this fails, too, who comes next finds the piece */
		if (ftruncate(writer->file_fd, (off_t) head->offset) != 0)
			(void) fail(writer, PA_TRAIL_WRITE, errno);
		return fail(writer, PA_TRAIL_WRITE, error);
	}
	head->offset += len;
	head->seq++;
	memcpy(head->hash, hash, sizeof(hash));
	return true;
}

/* begin_file makes the next file and writes its first record. */
static bool
begin_file(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailHead *head, const News *news)
{
	char		path[PATH_SIZE];
	PaTrailRecord record;
	PaTrailHead next = *head;
	int			folder;

	if (mkdir(place->folder, S_IRWXU) != 0 && errno != EEXIST)
		return fail(writer, PA_TRAIL_FOLDER, errno);
	/* nobody will see to this one any more */
	if (writer->file_fd >= 0 && place->sync && fdatasync(writer->file_fd) != 0)
		return fail(writer, PA_TRAIL_SYNC, errno);
	close_file(writer);
	do
	{
		next.file++;
		protaddr_trail_file_name(writer->name, next.node, next.file);
		if (!path_of(path, place->folder, writer->name))
			return fail(writer, PA_TRAIL_FILE, ENAMETOOLONG);
		writer->file_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	} while (writer->file_fd < 0 && errno == EEXIST);
	if (writer->file_fd < 0)
		return fail(writer, PA_TRAIL_FILE, errno);

	protaddr_trail_begin(&record, "file");
	protaddr_trail_number(&record, "format", PA_TRAIL_FORMAT);
	protaddr_trail_number(&record, "file", (int64_t) next.file);
	protaddr_trail_hex(&record, "after", head->hash, PA_TRAIL_HASH_SIZE);
	if (news->copied)
	{
		protaddr_trail_text(&record, "copy_of", news->from.node, PA_TRAIL_NODE_SIZE);
		protaddr_trail_number(&record, "copied_at", (int64_t) news->from.seq);
		protaddr_trail_hex(&record, "copied_hash", news->from.hash, PA_TRAIL_HASH_SIZE);
	}
	place->describe(&record);
	next.offset = 0;
	next.opened_at = (uint64_t) (place->now() / 1000000);
	if (!add(writer, place, &next, &record, ""))
	{
		/* an empty file would be one more to explain */
		(void) unlink(path);
		close_file(writer);
		return false;
	}
	/* the name itself must last, too */
	folder = place->sync ? open(place->folder, O_RDONLY | O_CLOEXEC) : -1;
	if (folder >= 0)
	{
		(void) fsync(folder);
		(void) close(folder);
	}
	*head = next;
	return true;
}

/* open_file opens the file that the head names; false, with no error set, if it is not there. */
static bool
open_file(PaTrailWriter *writer, const PaTrailPlace *place, const PaTrailHead *head, bool *gone)
{
	char		path[PATH_SIZE];
	char		name[PA_TRAIL_NAME_SIZE];

	*gone = false;
	protaddr_trail_file_name(name, head->node, head->file);
	if (writer->file_fd >= 0 && strcmp(writer->name, name) == 0)
		return true;
	close_file(writer);
	if (!path_of(path, place->folder, name))
		return fail(writer, PA_TRAIL_FILE, ENAMETOOLONG);
	writer->file_fd = open(path, O_RDWR | O_CLOEXEC);
	if (writer->file_fd < 0)
	{
		*gone = errno == ENOENT;
		return *gone ? false : fail(writer, PA_TRAIL_FILE, errno);
	}
	memcpy(writer->name, name, sizeof(name));
	return true;
}

/* take_over moves the head on over whole records that stand behind it. */
static void
take_over(PaTrailWriter *writer, PaTrailHead *head)
{
	static char piece[PA_TRAIL_LINE_SIZE + 1];
	PaTrailChain chain;
	PaTrailLine parsed;
	uint64_t	at = head->offset;

	protaddr_trail_follow_begin(&chain, head->node, NULL);
	chain.begun = true;
	chain.seq = head->seq;
	memcpy(chain.hash, head->hash, sizeof(chain.hash));
	for (;;)
	{
		ssize_t		len = pread(writer->file_fd, piece, sizeof(piece), (off_t) at);
		const char *end = len <= 0 ? NULL : memchr(piece, '\n', (size_t) len);

		if (end == NULL || protaddr_trail_follow(&chain, piece, (size_t) (end - piece), &parsed) != PA_TRAIL_WHOLE)
			return;
		at += (uint64_t) (end - piece) + 1;
		/* the piece of another crash, which a record behind it explains */
		if (chain.open)
			continue;
		head->offset = at;
		head->seq = chain.seq;
		memcpy(head->hash, chain.hash, sizeof(chain.hash));
	}
}

/* end_torn gives what is left behind the head an end, and records it. */
static bool
end_torn(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailHead *head, uint64_t size)
{
	static char piece[PA_TRAIL_LINE_SIZE + 1];
	PaTrailRecord record;
	ssize_t		len = pread(writer->file_fd, piece, sizeof(piece), (off_t) head->offset);
	uint8_t		digest[PA_TRAIL_HASH_SIZE];

	if (len < 0)
		return fail(writer, PA_TRAIL_FILE, errno);
	protaddr_trail_digest(NULL, 0, piece, (size_t) len, digest);
	protaddr_trail_begin(&record, "torn");
	protaddr_trail_number(&record, "bytes", (int64_t) (size - head->offset));
	protaddr_trail_hex(&record, "digest", digest, sizeof(digest));
	head->offset = size;
	return add(writer, place, head, &record, "\n");
}

/* find_end opens the file that the chain goes on in, and sees to what happened since the head was written. */
static bool
find_end(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailHead *head, const News *news)
{
	struct stat st;
	bool		gone = false;

	if (news->is_new)
		return begin_file(writer, place, head, news);
	if (!open_file(writer, place, head, &gone) && !gone)
		return false;
	if (!gone && fstat(writer->file_fd, &st) != 0)
		return fail(writer, PA_TRAIL_FILE, errno);
	if (gone || st.st_nlink == 0)
		return begin_file(writer, place, head, news);
	if ((uint64_t) st.st_size > head->offset)
	{
		take_over(writer, head);
		if ((uint64_t) st.st_size > head->offset)
			return end_torn(writer, place, head, (uint64_t) st.st_size);
	}
	else if ((uint64_t) st.st_size < head->offset)
	{
		PaTrailRecord record;
		static char last[1];
		bool		in_line = st.st_size > 0 && pread(writer->file_fd, last, 1, st.st_size - 1) == 1 && last[0] != '\n';

		protaddr_trail_begin(&record, "lost");
		protaddr_trail_number(&record, "bytes", (int64_t) (head->offset - (uint64_t) st.st_size));
		head->offset = (uint64_t) st.st_size;
		return add(writer, place, head, &record, in_line ? "\n" : "");
	}
	return true;
}

static bool
is_due(const PaTrailPlace *place, const PaTrailHead *head, size_t more)
{
	if (place->rotate_bytes > 0 && head->offset > 0 && head->offset + more > place->rotate_bytes)
		return true;
	return place->rotate_seconds > 0 &&
		(uint64_t) (place->now() / 1000000) >= head->opened_at + place->rotate_seconds;
}

/*
 * protaddr_trail_append writes one record.  False: it is not written, and writer->failed
 * and writer->error say why.
 */
bool
protaddr_trail_append(PaTrailWriter *writer, const PaTrailPlace *place, const PaTrailRecord *record)
{
	PaTrailHead head;
	News		news;
	bool		written;

	writer->failed = PA_TRAIL_DONE;
	if (!lock_node(writer, place, &head, &news))
	{
		unlock_node(writer);
		return false;
	}
	written = find_end(writer, place, &head, &news);
	if (written && !news.is_new && is_due(place, &head, record->len + 256))
	{
		News		none = {0};

		written = begin_file(writer, place, &head, &none);
	}
	written = written && add(writer, place, &head, record, "");
	/* a head that is not written finds its records later */
	if (written && write_head(writer, &head))
		writer->head = head;
	else
	{
		written = false;
		/* what is held open may be what is wrong */
		close_file(writer);
	}
	unlock_node(writer);
	return written;
}

/* protaddr_trail_checkpoint writes a record that signs all before it. */
bool
protaddr_trail_checkpoint(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailSign sign)
{
	PaTrailHead head;
	News		news;
	PaTrailRecord record;
	char		text[PA_TRAIL_SIGNED_SIZE];
	uint8_t		key[PA_TRAIL_KEY_SIZE];
	uint8_t		signature[PA_TRAIL_SIGNATURE_SIZE];
	bool		written;

	writer->failed = PA_TRAIL_DONE;
	if (!lock_node(writer, place, &head, &news))
	{
		unlock_node(writer);
		return false;
	}
	written = find_end(writer, place, &head, &news);
	if (written && sign(text, protaddr_trail_signed_text(text, head.node, head.seq, head.hash), key, signature))
	{
		protaddr_trail_begin(&record, "checkpoint");
		protaddr_trail_number(&record, "of", (int64_t) head.seq);
		protaddr_trail_hex(&record, "key", key, sizeof(key));
		protaddr_trail_hex(&record, "signature", signature, sizeof(signature));
		written = add(writer, place, &head, &record, "");
		head.signed_to = head.seq;
		head.signed_at = (uint64_t) (place->now() / 1000000);
	}
	if (written && write_head(writer, &head))
		writer->head = head;
	else
		written = false;
	unlock_node(writer);
	return written;
}

/* protaddr_trail_head gives where the chain stands; a node that has none yet has seq 0. */
bool
protaddr_trail_head(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailHead *head)
{
	News		news;
	bool		known = lock_node(writer, place, head, &news);

	if (known && news.is_new)
		head->node[0] = '\0';
	unlock_node(writer);
	return known;
}

/* protaddr_trail_sync has what this process wrote last reach the disk. */
bool
protaddr_trail_sync(PaTrailWriter *writer)
{
	if (writer->file_fd >= 0 && fdatasync(writer->file_fd) != 0)
	{
		(void) fail(writer, PA_TRAIL_SYNC, errno);
		close_file(writer);
		return false;
	}
	return true;
}
