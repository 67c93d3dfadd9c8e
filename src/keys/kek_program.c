/*
 * kek_program.c
 *		How is the program run that gives the outer key, and how is it ended?
 *
 * In a process group of its own, with a limit of time, and so that a cancelled statement
 * or a terminated session ends it.  Whatever it has started is ended with it.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#define LOOK_AGAIN_MS	20		/* whether it has ended: no signal tells us */
#define GRACE_MS		500		/* from SIGTERM to SIGKILL */

typedef struct Program
{
	pid_t		pid;			/* and process group; 0: ended and buried */
	int			output;			/* -1: closed */
	bool		ended;
} Program;

/* In the child: nothing here may allocate, log or touch PostgreSQL's state. */
static void
program_become(const char *command, int output)
{
	int			null;

	sigset_t	none;

	setpgid(0, 0);
	pqsignal(SIGPIPE, SIG_DFL);
	pqsignal(SIGINT, SIG_DFL);
	pqsignal(SIGQUIT, SIG_DFL);
	pqsignal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
		_exit(126);
	/* neither the client's connection nor a table's file is its business */
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		close(fd);
	execl("/bin/sh", "sh", "-c", command, (char *) NULL);
	_exit(127);
}

/* program_start gives false, with errno, if it cannot be started. */
static bool
program_start(Program *program, const char *command)
{
	int			ends[2];
	sigset_t	all;
	sigset_t	before;

	if (pipe(ends) != 0)
		return false;
	fflush(NULL);
	/* in the child, our handlers must not run */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	program->pid = fork();
	if (program->pid == 0)
		program_become(command, ends[1]);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (program->pid < 0)
	{
		int			save_errno = errno;

		program->pid = 0;
		close(ends[0]);
		errno = save_errno;
		return false;
	}
	/* whichever of the two comes first */
	setpgid(program->pid, program->pid);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	program->output = ends[0];
	return true;
}

/* program_has_ended looks whether the program itself, not what it started, is over. */
static bool
program_has_ended(Program *program)
{
	siginfo_t	info;

	/* it stays a zombie, so that its number goes to nobody else until we bury it */
	info.si_pid = 0;
	if (!program->ended &&
		(waitid(P_PID, program->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0))
		program->ended = true;
	return program->ended;
}

/*
 * program_end ends what is left of the program and of what it started; true if the
 * program itself had ended well.
 */
static bool
program_end(Program *program)
{
	int			status = -1;

	if (program->output >= 0)
		close(program->output);
	program->output = -1;
	if (program->pid == 0)
		return false;
	if (!program_has_ended(program))
	{
		kill(-program->pid, SIGTERM);
		for (int waited = 0; waited < GRACE_MS && !program_has_ended(program); waited += LOOK_AGAIN_MS)
			pg_usleep(LOOK_AGAIN_MS * 1000L);
	}
	kill(-program->pid, SIGKILL);
	while (waitpid(program->pid, &status, 0) < 0 && errno == EINTR)
		;
	program->pid = 0;
	return status == 0;
}

static void
program_end_at_exit(int code, Datum arg)
{
	(void) program_end((Program *) DatumGetPointer(arg));
}

/*
 * program_read reads until the program has ended, its output is closed, there is more
 * than fits, or the time is over; then it gives false.
 */
static bool
program_read(Program *program, char *text, size_t size, size_t *len, int timeout_ms)
{
	TimestampTz began = GetCurrentTimestamp();

	*len = 0;
	for (;;)
	{
		bool		ended = program_has_ended(program);
		ssize_t		got;
		int			events = WL_LATCH_SET | WL_TIMEOUT | WL_POSTMASTER_DEATH;

		/* asked before it is read: what it wrote before it ended is all there */
		while (program->output >= 0 && *len < size &&
			   (got = read(program->output, text +*len, size - *len)) >= 0)
		{
			*len += got;
			if (got > 0)
				continue;
			close(program->output);
			program->output = -1;
		}
		if (ended || *len == size)
			return true;
		if (TimestampDifferenceExceeds(began, GetCurrentTimestamp(), timeout_ms))
			return false;

		if (program->output >= 0)
			events |= WL_SOCKET_READABLE;
		events = WaitLatchOrSocket(MyLatch, events,
								   program->output >= 0 ? program->output : PGINVALID_SOCKET,
								   LOOK_AGAIN_MS, PG_WAIT_EXTENSION);
		if (events & WL_POSTMASTER_DEATH)
			proc_exit(1);
		if (events & WL_LATCH_SET)
			ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * protaddr_kek_program runs the command and gives what it prints, up to size bytes.
 */
ProtaddrProgramResult
protaddr_kek_program(const char *command, int timeout_ms, char *text, size_t size, size_t *len)
{
	Program		program = {.output = -1};
	bool		in_time = false;

	*len = 0;
	if (!program_start(&program, command))
		return PROTADDR_PROGRAM_NOT_STARTED;
	PG_ENSURE_ERROR_CLEANUP(program_end_at_exit, PointerGetDatum(&program));
	{
		in_time = program_read(&program, text, size, len, timeout_ms);
	}
	PG_END_ENSURE_ERROR_CLEANUP(program_end_at_exit, PointerGetDatum(&program));

	if (!program_end(&program))
		return in_time ? PROTADDR_PROGRAM_FAILED : PROTADDR_PROGRAM_TOO_LATE;
	return PROTADDR_PROGRAM_OK;
}
