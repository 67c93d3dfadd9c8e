/*
 * failing.c
 *		Functions of other libraries, and of the kernel, that fail when a test says so.
 *
 * Loaded before them into a server (test/t/034_failing.pl): a function fails for as long as
 * the folder of PROTADDR_FAILING has a file of its name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int
fails(const char *name)
{
	char		path[1024];
	int			save_errno = errno;
	int			there;

	snprintf(path, sizeof(path), "%s/%s", getenv("PROTADDR_FAILING"), name);
	there = access(path, F_OK) == 0;
	errno = save_errno;
	return there;
}

int
RAND_bytes(unsigned char *bytes, int n)
{
	int			(*real) (unsigned char *, int) = (int (*) (unsigned char *, int)) dlsym(RTLD_NEXT, "RAND_bytes");

	return fails("RAND_bytes") ? 0 : real(bytes, n);
}

void *
EVP_CIPHER_CTX_new(void)
{
	void	   *(*real) (void) = (void *(*) (void)) dlsym(RTLD_NEXT, "EVP_CIPHER_CTX_new");

	return fails("EVP_CIPHER_CTX_new") ? NULL : real();
}

/* This one computes wrongly, and does not say so. */
int
EVP_EncryptUpdate(void *context, unsigned char *out, int *written, const unsigned char *in, int n)
{
	int			(*real) (void *, unsigned char *, int *, const unsigned char *, int) =
		(int (*) (void *, unsigned char *, int *, const unsigned char *, int)) dlsym(RTLD_NEXT, "EVP_EncryptUpdate");
	int			result = real(context, out, written, in, n);

	if (out != NULL && *written > 0 && fails("EVP_EncryptUpdate"))
		out[0] ^= 1;
	return result;
}

int
pipe(int ends[2])
{
	int			(*real) (int[2]) = (int (*) (int[2])) dlsym(RTLD_NEXT, "pipe");

	if (fails("pipe"))
	{
		errno = EMFILE;
		return -1;
	}
	return real(ends);
}
