/*
 * sign.c
 *		Who vouches for the chain?
 *
 * Whoever can write the files could write all of them anew.  So every thousand records, and
 * once a minute while there are any, a checkpoint signs what the chain has come to, with a
 * key (Ed25519) that the server reads from a file of its own.  Where that is not enough,
 * protaddr.audit_key_file is empty, and a machine elsewhere signs: audit_mark() gives it what
 * to sign, and audit_sign() takes its signature.
 */
#include "postgres.h"

#include "audit/audit.h"
#include "audit/audit_int.h"
#include "base/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#define SIGN_RECORDS	1000
#define SEED_HEX		(crypto_sign_SEEDBYTES * 2)

static char *audit_key_file = NULL;

PG_FUNCTION_INFO_V1(protaddr_audit_mark);
PG_FUNCTION_INFO_V1(protaddr_audit_sign);
PG_FUNCTION_INFO_V1(protaddr_audit_checkpoint);

void
protaddr_audit_sign_settings(void)
{
	DefineCustomStringVariable("protaddr.audit_key_file",
							   "File that holds the key that signs the audit trail.",
							   "64 hexadecimal digits; a relative name is in the data directory. It is made if it is missing. "
							   "Empty: the server does not sign, see protaddr.audit_sign().",
							   &audit_key_file, "protaddr.audit_key", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY | GUC_NOT_IN_SAMPLE,
							   NULL, NULL, NULL);
}

/* ---- the server's own key ----------------------------------------------------------------- */

/* make_seed writes a new key, if nobody else has meanwhile. */
static void
make_seed(const char *path)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	char		hex[SEED_HEX + 1];
	char		temporary[MAXPGPATH];
	int			fd;

	snprintf(temporary, sizeof(temporary), "%s.%d", path, MyProcPid);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return;
	randombytes_buf(seed, sizeof(seed));
	protaddr_trail_to_hex(seed, sizeof(seed), hex);
	hex[SEED_HEX] = '\n';
	/* whoever comes first has made it: who reads it then finds out */
	if (write(fd, hex, sizeof(hex)) != sizeof(hex) || fsync(fd) != 0 || link(temporary, path) != 0)
		hex[0] = '\0';
	(void) close(fd);
	(void) unlink(temporary);
	explicit_bzero(seed, sizeof(seed));
	explicit_bzero(hex, sizeof(hex));
}

static bool
read_seed(const char *path, unsigned char seed[crypto_sign_SEEDBYTES])
{
	char		hex[SEED_HEX + 1];
	struct stat st;
	int			fd = open(path, O_RDONLY | O_CLOEXEC);
	bool		good;

	if (fd < 0)
		return false;
	good = fstat(fd, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0 &&
		read(fd, hex, SEED_HEX) == SEED_HEX && protaddr_trail_of_hex(hex, crypto_sign_SEEDBYTES, seed);
	(void) close(fd);
	explicit_bzero(hex, sizeof(hex));
	return good;
}

/* own_pair gives the key pair of the server's file; false if there is none.  Raises nothing. */
static bool
own_pair(unsigned char *public_key, unsigned char *secret_key)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	bool		found;

	if (audit_key_file == NULL || audit_key_file[0] == '\0')
		return false;
	if (access(audit_key_file, F_OK) != 0 && errno == ENOENT)
		make_seed(audit_key_file);
	found = read_seed(audit_key_file, seed);
	if (found)
		(void) crypto_sign_seed_keypair(public_key, secret_key, seed);
	explicit_bzero(seed, sizeof(seed));
	return found;
}

/* protaddr_audit_own_key gives the public half of the server's key; false if it has none. */
bool
protaddr_audit_own_key(uint8_t key[PA_TRAIL_KEY_SIZE])
{
	unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
	bool		found = own_pair(key, secret_key);

	explicit_bzero(secret_key, sizeof(secret_key));
	return found;
}

/* protaddr_audit_sign_text signs by it; raises nothing. */
bool
protaddr_audit_sign_text(const char *text, size_t len, uint8_t key[PA_TRAIL_KEY_SIZE],
						 uint8_t signature[PA_TRAIL_SIGNATURE_SIZE])
{
	unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
	bool		found = own_pair(key, secret_key);

	if (found)
		(void) crypto_sign_detached(signature, NULL, (const unsigned char *) text, len, secret_key);
	explicit_bzero(secret_key, sizeof(secret_key));
	return found;
}

/* protaddr_audit_sign_due tells whether what was written is to be signed; once a second at most. */
bool
protaddr_audit_sign_due(const PaTrailHead *head, int64 now_us)
{
	static int64 said_so = 0;

	if (audit_key_file == NULL || audit_key_file[0] == '\0' || now_us / 1000000 == said_so)
		return false;
	if (head->seq < head->signed_to + SIGN_RECORDS && now_us / 1000000 < (int64) head->signed_at + PROTADDR_AUDIT_SIGN_SECONDS)
		return false;
	said_so = now_us / 1000000;
	return true;
}

/* protaddr_audit_checkpoint is protaddr.audit_checkpoint(). */
Datum
protaddr_audit_checkpoint(PG_FUNCTION_ARGS)
{
	PaTrailPlace place;
	PaTrailWriter *writer = protaddr_audit_writer();
	uint8_t		key[PA_TRAIL_KEY_SIZE];
	bool		done;

	if (!protaddr_audit_own_key(key))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this server has no key to sign its audit trail with"),
				 errhint("Set protaddr.audit_key_file to a file that only the server's user may read, or sign elsewhere, by protaddr.audit_mark() and protaddr.audit_sign().")));
	protaddr_audit_place(&place);
	HOLD_INTERRUPTS();
	done = protaddr_trail_checkpoint(writer, &place, protaddr_audit_sign_text);
	RESUME_INTERRUPTS();
	if (!done)
		protaddr_audit_fail(writer);
	PG_RETURN_INT64((int64) writer->head.signed_to);
}

/* ---- a signature from elsewhere ------------------------------------------------------------- */

/* protaddr_audit_mark is protaddr.audit_mark(): what is to be signed. */
Datum
protaddr_audit_mark(PG_FUNCTION_ARGS)
{
	static ProtaddrAudit record;
	char text[	PA_TRAIL_SIGNED_SIZE];
	PaTrailWriter *writer;

	protaddr_audit_begin(&record, "mark");
	protaddr_audit_write(&record);
	writer = protaddr_audit_writer();
	(void) protaddr_trail_signed_text(text, writer->head.node, writer->head.seq, writer->head.hash);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

static void
read_bytes(text *hex, uint8_t *bytes, size_t len, const char *what)
{
	char	   *digits = text_to_cstring(hex);

	if (strlen(digits) != len * 2 || !protaddr_trail_of_hex(digits, len, bytes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be %d hexadecimal digits in lower case", what, (int) (len * 2))));
}

/* protaddr_audit_sign is protaddr.audit_sign(marked, public_key, signature). */
Datum
protaddr_audit_sign(PG_FUNCTION_ARGS)
{
	static ProtaddrAudit record;
	char	   *marked = text_to_cstring(PG_GETARG_TEXT_PP(0));
	uint8_t		key[PA_TRAIL_KEY_SIZE];
	uint8_t		signature[PA_TRAIL_SIGNATURE_SIZE];
	char		node[PA_TRAIL_NODE_SIZE + 1];
	uint8_t		hash[PA_TRAIL_HASH_SIZE];
	uint64_t	seq;
	PaTrailPlace place;
	PaTrailHead head;

	read_bytes(PG_GETARG_TEXT_PP(1), key, sizeof(key), "a public key");
	read_bytes(PG_GETARG_TEXT_PP(2), signature, sizeof(signature), "a signature");
	protaddr_audit_place(&place);
	if (!protaddr_trail_head(protaddr_audit_writer(), &place, &head))
		protaddr_audit_fail(protaddr_audit_writer());
	if (!protaddr_trail_of_signed_text(marked, node, &seq, hash) || strcmp(node, head.node) != 0 || seq > head.seq ||
		crypto_sign_verify_detached(signature, (const unsigned char *) marked, strlen(marked), key) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this is no signature of a mark of this node"),
				 errhint("Sign, without a line end, what protaddr.audit_mark() has given.")));
	protaddr_audit_begin(&record, "checkpoint");
	protaddr_audit_number(&record, "of", (int64) seq);
	protaddr_audit_hex(&record, "key", key, sizeof(key));
	protaddr_audit_hex(&record, "signature", signature, sizeof(signature));
	protaddr_audit_write(&record);
	PG_RETURN_INT64((int64) seq);
}
