/*
 * kek.c
 *		Where does the outer key come from?
 *
 * From a program (protaddr.kek_command, for a vault or an HSM) or a file
 * (protaddr.kek_file).  Either gives 64 hexadecimal digits.  The key is read
 * when a data key must be unwrapped, and wiped right after; it is never cached,
 * never in a setting, a query or a message.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#define KEK_HEX_DIGITS	(PROTADDR_KEY_SIZE * 2)
#define KEK_TEXT_SIZE	(KEK_HEX_DIGITS + 16)	/* room for a line end, and to see too much */

static char *kek_command = NULL;
static char *kek_file = NULL;
static int	kek_timeout = 10000;

/* When kek_command last failed; a session does not start it again at once. */
static TimestampTz failed_at = 0;

static void kek_start(void);
static bool kek_read_file(const char *path, ProtaddrKek *kek, int elevel);
static bool kek_read_command(const char *command, ProtaddrKek *kek, int elevel);
static bool kek_from_text(const char *text, size_t len, ProtaddrKek *kek);
static void kek_name(ProtaddrKek *kek);
static void kek_file_path(char path[MAXPGPATH]);

const ProtaddrPart protaddr_kek_part = {
	.start = kek_start,
};

static void
kek_start(void)
{
	DefineCustomStringVariable("protaddr.kek_command",
							   "Program that prints the outer key, for a vault or HSM.",
							   "It prints 64 hexadecimal digits. If set, protaddr.kek_file is not read.",
							   &kek_command, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY | GUC_NOT_IN_SAMPLE,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("protaddr.kek_file",
							   "File that holds the outer key.",
							   "64 hexadecimal digits; a relative name is in the data directory. "
							   "Must not be readable by others than the server's user.",
							   &kek_file, "protaddr.kek", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY | GUC_NOT_IN_SAMPLE,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("protaddr.kek_timeout",
							"Time that protaddr.kek_command may take.",
							"Then it and what it has started are ended.",
							&kek_timeout, 10000, 100, 600000, PGC_SIGHUP,
							GUC_UNIT_MS | GUC_NOT_IN_SAMPLE,
							NULL, NULL, NULL);
}

/*
 * protaddr_kek_fetch gets the outer key of this server.  If that fails it
 * reports at elevel; below ERROR it then returns false.  The caller wipes.
 */
bool
protaddr_kek_fetch(ProtaddrKek *kek, int elevel)
{
	char		path[MAXPGPATH];

	if (protaddr_kek_is_program())
		return kek_read_command(kek_command, kek, elevel);

	kek_file_path(path);
	return kek_read_file(path, kek, elevel);
}

/* protaddr_kek_fetch_from gets an outer key from a file named by the caller. */
void
protaddr_kek_fetch_from(ProtaddrKek *kek, const char *path)
{
	(void) kek_read_file(path, kek, ERROR);
}

/* protaddr_kek_is_program is true if asking for the outer key starts a program. */
bool
protaddr_kek_is_program(void)
{
	return kek_command != NULL && kek_command[0] != '\0';
}

/* protaddr_kek_ask_again lets a program be started again though it has just failed. */
void
protaddr_kek_ask_again(void)
{
	failed_at = 0;
}

void
protaddr_kek_wipe(ProtaddrKek *kek)
{
	explicit_bzero(kek, sizeof(*kek));
}

/*
 * protaddr_kek_make_default makes the key file, so that everything works out of
 * the box.  Called when there is no data key yet, hence nothing to lose.  Does
 * nothing if a command is set or the file is there.
 */
void
protaddr_kek_make_default(void)
{
	char		path[MAXPGPATH];
	char		temporary[MAXPGPATH + 32];
	char text[	KEK_HEX_DIGITS + 2];
	unsigned char key[PROTADDR_KEY_SIZE];
	int			fd;
	bool		written;

	if (protaddr_kek_is_program())
		return;

	kek_file_path(path);
	if (access(path, F_OK) == 0)
		return;

	if (RAND_priv_bytes(key, sizeof(key)) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not draw random bytes")));
	for (int i = 0; i < PROTADDR_KEY_SIZE; i++)
		snprintf(text +2 * i, 3, "%02x", key[i]);
	text[		KEK_HEX_DIGITS] = '\n';

	explicit_bzero(key, sizeof(key));

	/*
	 * Written under another name and then linked: another database's CREATE EXTENSION sees a whole
	 * key or none, and of two at once one wins.  The key must be on disk before the first data key
	 * that it wraps is.
	 */
	snprintf(temporary, sizeof(temporary), "%s.%d.tmp", path, MyProcPid);
	unlink(temporary);
	fd = OpenTransientFilePerm(temporary, O_WRONLY | O_CREAT | O_EXCL | PG_BINARY, 0600);
	written = fd >= 0 &&
		write(fd, text, KEK_HEX_DIGITS + 1) == KEK_HEX_DIGITS + 1 &&
		pg_fsync(fd) == 0;
	explicit_bzero(text, sizeof(text));
	if (fd >= 0 && CloseTransientFile(fd) != 0)
		written = false;
	if (written && link(temporary, path) != 0 && errno != EEXIST)
		written = false;
	if (!written)
	{
		int			save_errno = errno;

		unlink(temporary);
		errno = save_errno;
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("could not make the outer key file: %m"),
				 errhint("Set protaddr.kek_file to a place the server may write to, or protaddr.kek_command.")));
	}
	unlink(temporary);
	strlcpy(temporary, path, sizeof(temporary));
	get_parent_directory(temporary);
	fsync_fname(temporary, true);

	/* CREATE EXTENSION lets no NOTICE through */
	ereport(LOG,
			(errmsg("protaddr made a new outer key file"),
			 errhint("Back it up apart from the database: without it no address can be read. See protaddr.kek_file.")));
}

static void
kek_file_path(char path[MAXPGPATH])
{
	if (is_absolute_path(kek_file))
		strlcpy(path, kek_file, MAXPGPATH);
	else
		snprintf(path, MAXPGPATH, "%s/%s", DataDir, kek_file);
}

static bool
kek_read_file(const char *path, ProtaddrKek *kek, int elevel)
{
	char text[	KEK_TEXT_SIZE];
	struct stat st;
	int			fd;
	ssize_t		len;
	bool		good;

	/* a FIFO nobody writes to would make us wait, where no signal ends it */
	fd = OpenTransientFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | PG_BINARY);
	if (fd < 0 || fstat(fd, &st) != 0)
	{
		int			save_errno = errno;

		if (fd >= 0)
			CloseTransientFile(fd);
		errno = save_errno;
		ereport(elevel,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("could not open the outer key file: %m"),
				 errhint("Put the key file back, or see protaddr.kek_file and protaddr.kek_command.")));
		return false;
	}

	if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
	{
		CloseTransientFile(fd);
		ereport(elevel,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 S_ISREG(st.st_mode) ?
				 errmsg("the outer key file is open to others") :
				 errmsg("the outer key file is not a regular file"),
				 errhint("It must be a regular file that only the server's user may read: chmod 0600.")));
		return false;
	}

	len = read(fd, text, sizeof(text));
	CloseTransientFile(fd);
	good = len > 0 && kek_from_text(text, len, kek);
	explicit_bzero(text, sizeof(text));
	if (!good)
		ereport(elevel,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the outer key file does not hold a key"),
				 errhint("It holds 64 hexadecimal digits and a line end, as made by: openssl rand -hex 32")));
	return good;
}

static bool
kek_read_command(const char *command, ProtaddrKek *kek, int elevel)
{
	char text[	KEK_TEXT_SIZE];
	size_t		len;
	ProtaddrProgramResult result;
	bool		good;

	if (failed_at != 0 &&
		!TimestampDifferenceExceeds(failed_at, GetCurrentTimestamp(), PROTADDR_KEK_ASK_AGAIN_MS))
	{
		ereport(elevel,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the outer key command has just failed"),
				 errhint("This session starts it again in a few seconds. See the server's log and protaddr.kek_command.")));
		return false;
	}

	/* should it be interrupted, the next statement need not try at once */
	failed_at = GetCurrentTimestamp();
	result = protaddr_kek_program(command, kek_timeout, text, sizeof(text), &len);
	good = result == PROTADDR_PROGRAM_OK && kek_from_text(text, len, kek);
	explicit_bzero(text, sizeof(text));
	if (good)
	{
		failed_at = 0;
		return true;
	}
	switch (result)
	{
		case PROTADDR_PROGRAM_NOT_STARTED:
			ereport(elevel,
					(errcode(ERRCODE_PROTADDR_NOT_READY),
					 errmsg("could not run the outer key command: %m"),
					 errhint("See protaddr.kek_command.")));
			break;
		case PROTADDR_PROGRAM_TOO_LATE:
			ereport(elevel,
					(errcode(ERRCODE_PROTADDR_NOT_READY),
					 errmsg("the outer key command took longer than %d ms and was ended", kek_timeout),
					 errhint("See protaddr.kek_command and protaddr.kek_timeout.")));
			break;
		case PROTADDR_PROGRAM_OK:
		case PROTADDR_PROGRAM_FAILED:
			ereport(elevel,
					(errcode(ERRCODE_PROTADDR_NOT_READY),
					 result == PROTADDR_PROGRAM_OK ?
					 errmsg("the outer key command did not print a key") :
					 errmsg("the outer key command failed"),
					 errhint("protaddr.kek_command must print 64 hexadecimal digits and a line end, and exit with 0.")));
			break;
	}
	return false;
}

/* kek_from_text reads 64 hexadecimal digits and nothing but a line end after. */
static bool
kek_from_text(const char *text, size_t len, ProtaddrKek *kek)
{
	if (len < KEK_HEX_DIGITS)
		return false;
	for (size_t i = KEK_HEX_DIGITS; i < len; i++)
		if (text[i] != '\n' && text[i] != '\r')
			return false;

	for (int i = 0; i < KEK_HEX_DIGITS; i++)
	{
		char		c = text[i];
		unsigned char digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10;
		else
		{
			protaddr_kek_wipe(kek);
			return false;
		}
		if (i % 2 == 0)
			kek->key[i / 2] = digit << 4;
		else
			kek->key[i / 2] |= digit;
	}
	kek_name(kek);
	return true;
}

/*
 * kek_name derives the name under which data keys remember who wrapped them.
 * Telling it tells nothing of the key.
 */
static void
kek_name(ProtaddrKek *kek)
{
	static const char label[] = "protaddr outer key";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;

	if (HMAC(EVP_sha256(), kek->key, PROTADDR_KEY_SIZE,
			 (const unsigned char *) label, sizeof(label) - 1, mac, &mac_len) == NULL)
		elog(ERROR, "could not compute an HMAC");
	for (int i = 0; i < (PROTADDR_KEK_NAME_SIZE - 1) / 2; i++)
		snprintf(kek->name + 2 * i, 3, "%02x", mac[i]);
}
