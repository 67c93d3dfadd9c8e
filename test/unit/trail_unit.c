/*
 * trail_unit.c
 *		Is every change of an audit trail found, and nothing lost whoever writes and is killed?
 *
 * Prints TAP.  Makes its files in a folder of its own in TMPDIR, and removes them.
 */
#include "audit/trail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#define RECORDS		10000
#define WRITERS		8

static int	tests = 0;
static int	failures = 0;
static char folder[3000];
static char trail[3100];
static char node_file[3100];
static unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
static unsigned char secret_key[crypto_sign_SECRETKEYBYTES];

static void
ok(bool good, const char *name)
{
	tests++;
	if (!good)
		failures++;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
	fflush(stdout);
}

static int64_t
now_us(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (int64_t) now.tv_sec * 1000000 + now.tv_usec;
}

static void
describe(PaTrailRecord *record)
{
	protaddr_trail_bool(record, "standby", false);
}

static bool
sign(const char *text, size_t len, uint8_t key[PA_TRAIL_KEY_SIZE], uint8_t signature[PA_TRAIL_SIGNATURE_SIZE])
{
	memcpy(key, public_key, PA_TRAIL_KEY_SIZE);
	return crypto_sign_detached(signature, NULL, (const unsigned char *) text, len, secret_key) == 0;
}

static const PaTrailPlace *
place(uint64_t rotate_bytes)
{
	static PaTrailPlace one;

	one = (PaTrailPlace) {.node_file = node_file, .folder = trail, .rotate_bytes = rotate_bytes, .now = now_us,
		.describe = describe};
	return &one;
}

static void
fill(PaTrailRecord *record, int writer, int number)
{
	protaddr_trail_begin(record, "disclosed");
	protaddr_trail_number(record, "writer", writer);
	protaddr_trail_number(record, "number", number);
	protaddr_trail_text(record, "reference", "J*\n\"\\ \xc3\xb8 case", 13);
}

static void
empty_folder(void)
{
	DIR		   *dir = opendir(trail);
	struct dirent *entry;
	char		path[4000];

	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		(void) snprintf(path, sizeof(path), "%s/%s", trail, entry->d_name);
		(void) unlink(path);
	}
	if (dir != NULL)
		closedir(dir);
	(void) unlink(node_file);
}

/* ---- reading --------------------------------------------------------------------------- */

typedef struct Text
{
	char	   *bytes;
	size_t		len;
} Text;

/* read_files gives all files of a node, one behind the other. */
static Text
read_files(const char *node, int *nfiles)
{
	Text		text = {malloc(64 * 1024 * 1024), 0};
	char		path[4000];
	char		name[PA_TRAIL_NAME_SIZE];

	*nfiles = 0;
	for (uint64_t file = 1; file < 10000; file++)
	{
		int			fd;
		ssize_t		got;

		protaddr_trail_file_name(name, node, file);
		(void) snprintf(path, sizeof(path), "%s/%s", trail, name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		(*nfiles)++;
		while ((got = read(fd, text.bytes + text.len, 1 << 20)) > 0)
			text.len += (size_t) got;
		close(fd);
	}
	return text;
}

static PaTrailVerdict
judge(PaTrailChain *chain, const char *bytes, size_t len)
{
	PaTrailLine parsed;

	while (len > 0)
	{
		const char *end = memchr(bytes, '\n', len);
		PaTrailVerdict verdict;

		if (end == NULL)
			return PA_TRAIL_TORN;
		verdict = protaddr_trail_follow(chain, bytes, (size_t) (end - bytes), &parsed);
		if (verdict != PA_TRAIL_WHOLE)
			return verdict;
		len -= (size_t) (end - bytes) + 1;
		bytes = end + 1;
	}
	return protaddr_trail_follow_end(chain);
}

static PaTrailVerdict
judge_all(PaTrailChain *chain, const char *node, const Text *text)
{
	protaddr_trail_follow_begin(chain, node, public_key);
	return judge(chain, text->bytes, text->len);
}

/* ---- a chain and every change of it ------------------------------------------------------- */

static char node[PA_TRAIL_NODE_SIZE + 1];
static char *line_at[RECORDS + 100];
static PaTrailChain chain_at[RECORDS + 100];
static int	nlines;

static void
test_changes(void)
{
	PaTrailWriter writer = PA_TRAIL_WRITER_CLOSED;
	PaTrailRecord record;
	PaTrailChain chain;
	PaTrailHead head;
	Text		text;
	int			nfiles;
	bool		all_bits = getenv("PROTADDR_ALL_BITS") != NULL;
	bool		good = true;
	long		changes = 0;

	empty_folder();
	for (int i = 1; i <= RECORDS; i++)
	{
		fill(&record, 0, i);
		good = good && protaddr_trail_append(&writer, place(512 * 1024), &record);
		if (i % 1000 == 0)
			good = good && protaddr_trail_checkpoint(&writer, place(512 * 1024), sign);
	}
	ok(good, "10,000 records and 10 checkpoints are written");
	ok(protaddr_trail_head(&writer, place(0), &head), "the head can be asked for");
	memcpy(node, head.node, sizeof(node));
	protaddr_trail_writer_close(&writer);
	text = read_files(node, &nfiles);
	ok(nfiles > 3, "they stand in several files");
	ok(judge_all(&chain, node, &text) == PA_TRAIL_WHOLE && chain.seq == head.seq &&
	   memcmp(chain.hash, head.hash, sizeof(head.hash)) == 0, "the chain is whole, to the head");
	ok(chain.signed_to + 1 == chain.seq && chain.torn == 0, "the last checkpoint signs it");
	ok(chain.records == (uint64_t) (RECORDS + 10 + nfiles), "each record is there");

	/* where each record begins, and the state before it */
	protaddr_trail_follow_begin(&chain, node, public_key);
	for (char *at = text.bytes; at < text.bytes + text.len; nlines++)
	{
		char	   *end = memchr(at, '\n', (size_t) (text.bytes + text.len - at));
		PaTrailLine parsed;

		line_at[nlines] = at;
		chain_at[nlines] = chain;
		(void) protaddr_trail_follow(&chain, at, (size_t) (end - at), &parsed);
		at = end + 1;
	}
	line_at[nlines] = text.bytes + text.len;

	good = true;
	for (int i = 0; i < nlines && good; i++)
	{
		char	   *until = line_at[i + 3 > nlines ? nlines : i + 3];

		for (char *at = line_at[i]; at < line_at[i + 1] && good; at++)
			for (int bit = 0; bit < 8 && good; bit++)
			{
				if (!all_bits && i % 100 != 0 && bit != (int) ((at - text.bytes) % 8))
					continue;
				/* of most records a part: each bit of the place is changed somewhere */
				if (!all_bits && i % 100 != 0 && (at - text.bytes) % 5 != 0)
					continue;
				*at ^= (char) (1 << bit);
				chain = chain_at[i];
				good = judge(&chain, line_at[i], (size_t) (until - line_at[i])) != PA_TRAIL_WHOLE &&
					(i == 0 || chain.seq == chain_at[i].seq);
				*at ^= (char) (1 << bit);
				changes++;
			}
	}
	printf("# %ld changes\n", changes);
	ok(good && changes > 100000, "every change of a bit is found, at its record");

	good = true;
	for (int i = 0; i + 1 < nlines && good; i++)
	{
		chain = chain_at[i];
		good = judge(&chain, line_at[i + 1], (size_t) (line_at[i + 3 > nlines ? nlines : i + 3] - line_at[i + 1])) != PA_TRAIL_WHOLE &&
			chain.seq == chain_at[i].seq;
	}
	ok(good, "each record that is taken away is missed");

	good = true;
	for (int i = 0; i + 2 < nlines && good; i++)
	{
		PaTrailLine parsed;
		PaTrailVerdict verdict;

		chain = chain_at[i];
		verdict = protaddr_trail_follow(&chain, line_at[i + 1], (size_t) (line_at[i + 2] - line_at[i + 1] - 1), &parsed);
		if (verdict == PA_TRAIL_WHOLE)
			verdict = protaddr_trail_follow(&chain, line_at[i], (size_t) (line_at[i + 1] - line_at[i] - 1), &parsed);
		good = verdict != PA_TRAIL_WHOLE && chain.seq == chain_at[i].seq;
	}
	ok(good, "each two that change places");

	good = true;
	for (int i = 1; i < nlines && good; i++)
	{
		PaTrailLine parsed;
		PaTrailVerdict verdict;

		chain = chain_at[i];
		verdict = protaddr_trail_follow(&chain, line_at[i - 1], (size_t) (line_at[i] - line_at[i - 1] - 1), &parsed);
		good = verdict == PA_TRAIL_REPEATED;
	}
	ok(good, "each one that stands there twice");

	good = true;
	for (int i = 1; i < nlines && good; i++)
	{
		/* cut at any byte but a line's end; there the head tells */
		for (char *at = line_at[i - 1] + 1; at < line_at[i] && good; at += 7)
		{
			chain = chain_at[i - 1];
			good = judge(&chain, line_at[i - 1], (size_t) (at - line_at[i - 1])) == PA_TRAIL_TORN;
		}
		good = good && (chain_at[i].seq != head.seq || memcmp(chain_at[i].hash, head.hash, sizeof(head.hash)) == 0);
	}
	ok(good, "each cut");

	/* whoever can write files but not sign: a new chain over other content */
	{
		PaTrailChain forged;
		PaTrailWriter other = PA_TRAIL_WRITER_CLOSED;
		unsigned char mine[crypto_sign_PUBLICKEYBYTES];

		memcpy(mine, public_key, sizeof(mine));
		(void) unlink(node_file);
		fill(&record, 1, 1);
		(void) protaddr_trail_append(&other, place(0), &record);
		crypto_sign_keypair(public_key, secret_key);
		(void) protaddr_trail_checkpoint(&other, place(0), sign);
		(void) protaddr_trail_head(&other, place(0), &head);
		protaddr_trail_writer_close(&other);
		free(text.bytes);
		text = read_files(head.node, &nfiles);
		protaddr_trail_follow_begin(&forged, head.node, mine);
		ok(judge(&forged, text.bytes, text.len) == PA_TRAIL_FORGED, "a chain signed by another key is forged");
		protaddr_trail_follow_begin(&forged, head.node, public_key);
		ok(judge(&forged, text.bytes, text.len) == PA_TRAIL_WHOLE, "and whole for who names that one");
		ok(strcmp(head.node, node) != 0, "a node whose file is gone is another one");
	}
	free(text.bytes);
}

/* ---- writers that are killed ------------------------------------------------------------------ */

static void
write_on(int number, int n)
{
	PaTrailWriter writer = PA_TRAIL_WRITER_CLOSED;
	PaTrailRecord record;

	for (int i = 1; i <= n || n == 0; i++)
	{
		fill(&record, number, i);
		if (!protaddr_trail_append(&writer, place(64 * 1024), &record))
			_exit(1);
		if (i % 100 == 0 && !protaddr_trail_checkpoint(&writer, place(64 * 1024), sign))
			_exit(1);
	}
	_exit(0);
}

static void
test_writers(void)
{
	PaTrailWriter writer = PA_TRAIL_WRITER_CLOSED;
	PaTrailChain chain;
	PaTrailHead head;
	Text		text;
	int			nfiles;
	bool		good = true;
	pid_t		pid[WRITERS];

	empty_folder();
	for (int i = 0; i < WRITERS; i++)
		if ((pid[i] = fork()) == 0)
			write_on(i, 1000);
	for (int i = 0; i < WRITERS; i++)
	{
		int			status;

		good = waitpid(pid[i], &status, 0) == pid[i] && status == 0 && good;
	}
	(void) protaddr_trail_head(&writer, place(0), &head);
	text = read_files(head.node, &nfiles);
	ok(good && judge_all(&chain, head.node, &text) == PA_TRAIL_WHOLE && chain.seq == head.seq &&
	   chain.records == (uint64_t) (WRITERS * 1000 + WRITERS * 10 + nfiles) && nfiles > 10,
	   "8 writers at once, while files follow each other: each record is there, the chain whole");
	free(text.bytes);

	/* killed at any moment, again and again */
	for (int round = 0; round < 40; round++)
	{
		for (int i = 0; i < 3; i++)
			if ((pid[i] = fork()) == 0)
				write_on(i, 0);
		usleep((useconds_t) (1000 + round * 531));
		for (int i = 0; i < 3; i++)
		{
			kill(pid[i], SIGKILL);
			(void) waitpid(pid[i], NULL, 0);
		}
	}
	protaddr_trail_writer_close(&writer);
	{
		PaTrailRecord record;

		fill(&record, 9, 9);
		good = protaddr_trail_append(&writer, place(64 * 1024), &record);
	}
	(void) protaddr_trail_head(&writer, place(0), &head);
	text = read_files(head.node, &nfiles);
	ok(good && judge_all(&chain, head.node, &text) == PA_TRAIL_WHOLE && chain.seq == head.seq,
	   "writers that are killed leave a whole chain to who comes next");
	free(text.bytes);
	protaddr_trail_writer_close(&writer);
}

static void
append_to_file(const PaTrailHead *head, const char *bytes, size_t len, off_t cut)
{
	char		name[PA_TRAIL_NAME_SIZE];
	char		path[4000];
	int			fd;

	protaddr_trail_file_name(name, head->node, head->file);
	(void) snprintf(path, sizeof(path), "%s/%s", trail, name);
	fd = open(path, O_RDWR);
	if (cut > 0 && ftruncate(fd, (off_t) head->offset - cut) != 0)
		abort();
	if (pwrite(fd, bytes, len, (off_t) head->offset - cut) != (ssize_t) len)
		abort();
	close(fd);
}

static void
test_ends(void)
{
	PaTrailWriter writer = PA_TRAIL_WRITER_CLOSED;
	PaTrailRecord record;
	PaTrailChain chain;
	PaTrailHead head;
	PaTrailHead after;
	Text		text;
	int			nfiles;
	bool		good;

	empty_folder();
	fill(&record, 1, 1);
	(void) protaddr_trail_append(&writer, place(0), &record);
	(void) protaddr_trail_head(&writer, place(0), &head);
	append_to_file(&head, "0123456789abcdef", 16, 0);
	text = read_files(head.node, &nfiles);
	ok(judge_all(&chain, head.node, &text) == PA_TRAIL_TORN && chain.seq == head.seq, "a piece of a record is a torn end");
	free(text.bytes);
	good = protaddr_trail_append(&writer, place(0), &record);
	(void) protaddr_trail_head(&writer, place(0), &after);
	text = read_files(head.node, &nfiles);
	ok(good && judge_all(&chain, head.node, &text) == PA_TRAIL_WHOLE && chain.torn == 1 && after.seq == head.seq + 2,
	   "who comes next ends it and says so: the chain is whole");
	*strstr(text.bytes, "89abcdef") = 'x';
	ok(judge_all(&chain, head.node, &text) == PA_TRAIL_ALTERED && chain.seq == head.seq, "the piece cannot be changed either");
	free(text.bytes);

	append_to_file(&after, "", 0, 100);
	good = protaddr_trail_append(&writer, place(0), &record);
	text = read_files(head.node, &nfiles);
	ok(good && judge_all(&chain, head.node, &text) != PA_TRAIL_WHOLE && chain.seq == after.seq - 1,
	   "records that were cut off are missed for ever");
	free(text.bytes);

	empty_folder();
	protaddr_trail_writer_close(&writer);
	for (int i = 0; i < 10; i++)
		(void) protaddr_trail_append(&writer, place(0), &record);
	(void) protaddr_trail_head(&writer, place(0), &head);
	{
		char		name[PA_TRAIL_NAME_SIZE];
		char		path[4000];

		protaddr_trail_file_name(name, head.node, head.file);
		(void) snprintf(path, sizeof(path), "%s/%s", trail, name);
		(void) unlink(path);
	}
	good = protaddr_trail_append(&writer, place(0), &record);
	text = read_files(head.node, &nfiles);
	ok(good && judge_all(&chain, head.node, &text) == PA_TRAIL_WHOLE && chain.first == head.seq + 1 && nfiles == 1,
	   "a file that is gone is followed by another, which begins behind it");
	free(text.bytes);
	protaddr_trail_writer_close(&writer);
}

/* ---- a disk that is full, a folder that cannot be written --------------------------------------- */

static void
test_refusals(void)
{
	PaTrailWriter writer = PA_TRAIL_WRITER_CLOSED;
	PaTrailRecord record;
	PaTrailChain chain;
	PaTrailHead head;
	PaTrailHead after;
	Text		text;
	int			nfiles;
	struct rlimit before;
	struct rlimit limit;
	int			refused = 0;
	bool		good;

	empty_folder();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	fill(&record, 1, 1);
	(void) protaddr_trail_append(&writer, place(0), &record);
	(void) protaddr_trail_head(&writer, place(0), &head);
	limit = before;
	/* a record and a half */
	limit.rlim_cur = head.offset + (head.offset / 2) * 3 / 2;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 4; i++)
		refused += !protaddr_trail_append(&writer, place(0), &record);
	good = writer.failed == PA_TRAIL_WRITE && writer.error == EFBIG;
	setrlimit(RLIMIT_FSIZE, &before);
	ok(refused >= 3 && good, "a record that does not fit is refused");
	(void) protaddr_trail_head(&writer, place(0), &after);
	good = protaddr_trail_append(&writer, place(0), &record);
	text = read_files(head.node, &nfiles);
	ok(good && judge_all(&chain, head.node, &text) == PA_TRAIL_WHOLE && chain.torn == 0 && chain.seq == after.seq + 1,
	   "nothing is left of it, and the chain goes on");
	free(text.bytes);
	protaddr_trail_writer_close(&writer);

	/* whoever runs this as root may write anywhere: a file in the folder's place */
	empty_folder();
	(void) rmdir(trail);
	close(open(trail, O_CREAT | O_WRONLY, 0600));
	good = !protaddr_trail_append(&writer, place(0), &record) && writer.failed == PA_TRAIL_FILE;
	(void) unlink(trail);
	ok(good, "a folder that is none is refused");
	good = protaddr_trail_append(&writer, place(0), &record);
	(void) protaddr_trail_head(&writer, place(0), &head);
	text = read_files(head.node, &nfiles);
	ok(good && judge_all(&chain, head.node, &text) == PA_TRAIL_WHOLE && chain.first == 1, "and the next record begins the chain");
	free(text.bytes);
	protaddr_trail_writer_close(&writer);
}

/* ---- a copy of the data directory ------------------------------------------------------------------ */

static void
test_copy(void)
{
	PaTrailWriter writer = PA_TRAIL_WRITER_CLOSED;
	PaTrailWriter copy = PA_TRAIL_WRITER_CLOSED;
	PaTrailRecord record;
	PaTrailChain chain;
	PaTrailHead head;
	PaTrailHead there;
	Text		text;
	int			nfiles;
	char		other[3200];
	char		bytes[1000];
	int			fd;
	ssize_t		len;
	PaTrailPlace elsewhere;

	empty_folder();
	fill(&record, 1, 1);
	(void) protaddr_trail_append(&writer, place(0), &record);
	(void) protaddr_trail_head(&writer, place(0), &head);
	fd = open(node_file, O_RDONLY);
	len = read(fd, bytes, sizeof(bytes));
	close(fd);
	(void) snprintf(other, sizeof(other), "%s.copy", node_file);
	fd = open(other, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	if (write(fd, bytes, (size_t) len) != len)
		abort();
	close(fd);
	elsewhere = *place(0);
	elsewhere.node_file = other;
	ok(protaddr_trail_append(&copy, &elsewhere, &record) && protaddr_trail_head(&copy, &elsewhere, &there) &&
	   strcmp(there.node, head.node) != 0, "a copy of the node's file is another node");
	text = read_files(there.node, &nfiles);
	text.bytes[text.len] = '\0';
	ok(judge_all(&chain, there.node, &text) == PA_TRAIL_WHOLE && strstr(text.bytes, head.node) != NULL,
	   "its chain is whole, and names the one that it came from");
	free(text.bytes);
	(void) protaddr_trail_append(&writer, place(0), &record);
	text = read_files(head.node, &nfiles);
	ok(judge_all(&chain, head.node, &text) == PA_TRAIL_WHOLE && chain.seq == head.seq + 1, "the first goes on");
	free(text.bytes);
	(void) unlink(other);
	protaddr_trail_writer_close(&writer);
	protaddr_trail_writer_close(&copy);
}

/* ---- what a record says ------------------------------------------------------------------------------ */

static void
test_record(void)
{
	static char line[PA_TRAIL_LINE_SIZE];
	static char much[100000];
	uint8_t		before[PA_TRAIL_HASH_SIZE] = {0};
	uint8_t		hash[PA_TRAIL_HASH_SIZE];
	PaTrailRecord record;
	PaTrailLine parsed;
	const char *value;
	size_t		len;
	uint64_t	number;
	size_t		line_len;

	protaddr_trail_begin(&record, "unlock");
	protaddr_trail_text(&record, "reason", "a\n\"b\"\\ \xff\xc3\xa6\xe2\x80\xa8", 13);
	protaddr_trail_open(&record, "inner", '{');
	protaddr_trail_number(&record, "rows", 1);
	protaddr_trail_close(&record, '}');
	protaddr_trail_number(&record, "rows", 2);
	line_len = protaddr_trail_write_line(line, "0123456789abcdef", 7, 0, before, &record, hash);
	ok(line[line_len - 1] == '\n' && memchr(line, '\n', line_len - 1) == NULL &&
	   protaddr_trail_parse(line, line_len - 1, &parsed) && parsed.seq == 7 && parsed.kind_len == 6,
	   "a record is one line, whatever it says");
	ok(protaddr_trail_field(&parsed, "reason", &value, &len) && len == 29 &&
	   memcmp(value, "a\\u000a\\\"b\\\"\\\\ \\ufffd\xc3\xa6\\u2028", 29) == 0, "a text keeps its characters, as JSON has them");
	ok(protaddr_trail_field_number(&parsed, "rows", &number) && number == 2, "a field is looked for in the object itself");
	ok(!protaddr_trail_field(&parsed, "at", &value, &len), "and not before the kind");

	memset(much, '"', sizeof(much));
	protaddr_trail_begin(&record, "unlock");
	protaddr_trail_open(&record, "list", '[');
	for (int i = 0; i < 10; i++)
		protaddr_trail_text(&record, NULL, much, sizeof(much));
	protaddr_trail_open(&record, NULL, '{');
	protaddr_trail_close(&record, '}');
	protaddr_trail_close(&record, ']');
	protaddr_trail_number(&record, "rows", 2);
	line_len = protaddr_trail_write_line(line, "0123456789abcdef", 7, 0, before, &record, hash);
	ok(line_len < PA_TRAIL_LINE_SIZE && protaddr_trail_parse(line, line_len - 1, &parsed) &&
	   memcmp(line + line_len - 15, "],\"full\":true}\n", 15) == 0, "what does not fit is left out, with all behind it");
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");

	if (sodium_init() < 0)
		return 2;
	crypto_sign_keypair(public_key, secret_key);
	(void) snprintf(folder, sizeof(folder), "%s/trail_unit.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL)
		return 2;
	(void) snprintf(trail, sizeof(trail), "%s/trail", folder);
	(void) snprintf(node_file, sizeof(node_file), "%s/node", folder);

	test_record();
	test_changes();
	test_writers();
	test_ends();
	test_refusals();
	test_copy();

	empty_folder();
	(void) rmdir(trail);
	(void) rmdir(folder);
	printf("1..%d\n", tests);
	return failures != 0;
}
