/*
 * What a hostile module would do with the process it has taken over: stands in
 * the place of guest/run.c, so that all else, filters included, is the real
 * worker's. The "module" is a word that says what the loader does; the call
 * names a native action:
 *
 *	(none)		write "hello\n" to stdout
 *	syscall ABI NR A0..A5	make it; the result's value is what came back.
 *			ABI: 64, or on x86-64 also 80 (int 0x80). An argument
 *			is a number, "&" (a buffer of 4096 bytes), or "@text"
 *	buffer		syscall, then the buffer to stdout
 *	count		a counter that begins at 0 in the template
 *	echo		stdin to stdout
 *	sleep NS	wait
 *	spin		compute for ever
 *	flood		write for ever
 *	grow BYTES	make reserved memory usable and touch it
 *	random		16 bytes of getrandom to stdout
 *	code		write to the sealed page
 *	gate		a system call by the gate
 *	reopen		the same, having made it executable
 *	peek NR PID	process_vm_readv or writev, NR, of another's buffer
 *	steal PID	pidfd_getfd of another's descriptor 1
 *	segv, trap	die
 */
#include "config.h"

#include "guest/run.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/gate.h"

#define RESERVED ((size_t)1 << 32)

static uint32_t counter;
static uint8_t *reserved;	/* PROT_NONE */
static volatile uint8_t *sealed;	/* read-only, of a sealed memfd */
static _Alignas(4096) char buffer[4096];

static bool
word_is(const uint8_t *bytes, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(bytes, word, len) == 0;
}

/* A template that starts processes for as long as it can. */
static int
load_bomb(struct err *err)
{
	unsigned n = 0;
	int pidfd;

	for (;;) {
		long pid = syscall(SYS_clone,
		    CLONE_PARENT | CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);

		if (pid == 0) {
			struct ctl_msg msg;
			size_t nfds;

			/* Wait for the end of the control socket. */
			while (fd_recv(CTL_FD, &msg, sizeof(msg), NULL, 0,
			    &nfds) > 0)
				;
			_exit(0);
		}
		if (pid == -1)
			break;
		close(pidfd);
		n++;
	}
	err_set(err, 1, "%u clones, then errno %d", n, errno);
	return CTL_FAIL_SPAWN;
}

static int
load_eat(struct err *err)
{
	const size_t chunk = (size_t)1 << 20;
	unsigned n = 0;

	for (;;) {
		char *p = mmap(NULL, chunk, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		p[0] = 1;
		n++;
	}
	err_set(err, 1, "%u MiB", n);
	return CTL_FAIL_MEMORY;
}

static int
load_sealed(void)
{
	int fd = memfd_create("code", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1 || ftruncate(fd, 4096) == -1)
		return -1;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
	    F_SEAL_SEAL) == -1)
		return -1;
	sealed = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return sealed == MAP_FAILED ? -1 : 0;
}

int
run_load(const struct run_module *modules, unsigned count,
    const struct template_limits *lim, struct err *err)
{
	const uint8_t *bytes = modules[0].bytes;
	const size_t len = modules[0].len;

	if (word_is(bytes, len, "malformed")) {
		err_set_at(err, 1, 3, "a word");
		return CTL_FAIL_MALFORMED;
	}
	if (word_is(bytes, len, "bomb"))
		return load_bomb(err);
	if (word_is(bytes, len, "eat"))
		return load_eat(err);
	if (word_is(bytes, len, "open"))
		return open("/", O_RDONLY) == -1 ? CTL_FAIL_LIMIT : 0;
	while (word_is(bytes, len, "spin"))
		__asm__ volatile("");
	reserved = mmap(NULL, RESERVED, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reserved == MAP_FAILED || load_sealed() == -1)
		return CTL_FAIL_MEMORY;
	return 0;
}

/* ---- calls ------------------------------------------------------------- */

static long
raw_syscall(long nr, const long a[6])
{
#ifdef __x86_64__
	register long r10 __asm__("r10") = a[3];
	register long r8 __asm__("r8") = a[4];
	register long r9 __asm__("r9") = a[5];
	long rc;

	__asm__ volatile("syscall" : "=a"(rc) : "a"(nr), "D"(a[0]), "S"(a[1]),
	    "d"(a[2]), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return rc;
#else
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a[0];
	register long x1 __asm__("x1") = a[1];
	register long x2 __asm__("x2") = a[2];
	register long x3 __asm__("x3") = a[3];
	register long x4 __asm__("x4") = a[4];
	register long x5 __asm__("x5") = a[5];

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2),
	    "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#endif
}

/* The i386 way in. */
static long
raw_int80(long nr, const long a[6])
{
#ifdef __x86_64__
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(nr), "b"(a[0]), "c"(a[1]),
	    "d"(a[2]) : "memory", "r8", "r9", "r10", "r11");
	return rc;
#else
	return -ENOSYS;
#endif
}

static long
call_argument(const char *text)
{
	if (text[0] == '&')
		return (long)buffer;
	if (text[0] == '@')
		return (long)(text + 1);
	return (long)strtoul(text, NULL, 0);
}

static long
call_syscall(const struct call *call)
{
	long a[6] = { 0 };
	long nr = call_argument(call->params[1]);

	for (uint32_t i = 2; i < call->nparams; i++)
		a[i - 2] = call_argument(call->params[i]);
	if (strcmp(call->params[0], "80") == 0)
		return raw_int80(nr, a);
	return raw_syscall(nr, a);
}

static long
call_grow(const struct call *call)
{
	size_t bytes = (size_t)call_argument(call->params[0]);

	if (mprotect(reserved, bytes, PROT_READ | PROT_WRITE) == -1)
		return -errno;
	for (size_t i = 0; i < bytes; i += 4096)
		reserved[i] = 1;
	return 0;
}

static long
call_echo(struct guest_io *io)
{
	static char data[FRAME_DATA_MAX];
	long total = 0;
	size_t n;

	while ((n = guest_io_read(io, data, sizeof(data))) > 0) {
		if (guest_io_write(io, 1, data, n) == -1)
			return -1;
		total += (long)n;
	}
	return total;
}

static long
call_gate(bool reopen)
{
	const long a[6] = {
		(long)(gate_address() & ~4095ul), 4096, PROT_READ | PROT_EXEC,
	};

	if (reopen)
		raw_syscall(SYS_mprotect, a);
	return gate_call(SYS_close, -1, 0, 0, 0);
}

/* Where ours is, is that of all who were forked from the same zygote. */
static long
call_peek(const struct call *call)
{
	static char copy[16];
	struct iovec here = { copy, sizeof(copy) };
	struct iovec there = { buffer, sizeof(copy) };
	const long a[6] = {
		call_argument(call->params[1]), (long)&here, 1, (long)&there, 1,
	};

	return raw_syscall(call_argument(call->params[0]), a);
}

static long
call_steal(const struct call *call)
{
	const long open[6] = { call_argument(call->params[0]) };
	long pidfd = raw_syscall(SYS_pidfd_open, open);
	const long get[6] = { pidfd, 1 };

	return pidfd < 0 ? pidfd : raw_syscall(SYS_pidfd_getfd, get);
}

static long
call_act(const struct call *call, struct guest_io *io)
{
	const char *what = call->invoke != NULL ? call->invoke : "hello";

	if (strcmp(what, "hello") == 0)
		return guest_io_write(io, 1, "hello\n", 6);
	if (strcmp(what, "syscall") == 0)
		return call_syscall(call);
	if (strcmp(what, "buffer") == 0) {
		long rc = call_syscall(call);

		guest_io_write(io, 1, buffer, sizeof(buffer));
		return rc;
	}
	if (strcmp(what, "count") == 0)
		return ++counter;
	if (strcmp(what, "echo") == 0)
		return call_echo(io);
	if (strcmp(what, "sleep") == 0)
		return guest_io_wait(io, (uint64_t)call_argument(call->params[0]),
		    call->nparams > 1);
	if (strcmp(what, "grow") == 0)
		return call_grow(call);
	if (strcmp(what, "peek") == 0)
		return call_peek(call);
	if (strcmp(what, "steal") == 0)
		return call_steal(call);
	if (strcmp(what, "random") == 0) {
		const long a[6] = { (long)buffer, 16 };
		long rc = raw_syscall(SYS_getrandom, a);

		guest_io_write(io, 1, buffer, 16);
		return rc;
	}
	while (strcmp(what, "spin") == 0)
		__asm__ volatile("");
	while (strcmp(what, "flood") == 0) {
		if (guest_io_write(io, 1, buffer, sizeof(buffer)) == -1)
			return -1;
	}
	if (strcmp(what, "gate") == 0 || strcmp(what, "reopen") == 0)
		return call_gate(what[0] == 'r');
	if (strcmp(what, "code") == 0)
		*sealed = 1;
	if (strcmp(what, "segv") == 0)
		*(volatile int *)call_argument("8") = 1;
	__builtin_trap();
}

bool
run_translate(void)
{
	return false;
}

bool
run_is_partial(void)
{
	return false;
}

void
run_warm(void)
{
}

void
run_call(const struct call *call, struct guest_io *io)
{
	struct call_result r = { .end = END_RETURNED, .nresults = 1 };
	int64_t value = call_act(call, io);

	r.results[0].kind = 'l';
	memcpy(r.results[0].bytes, &value, sizeof(value));
	guest_io_write_result(io, &r, "", 0);
}
