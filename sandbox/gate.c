/* The gate. Runs in the worker. */
#include "config.h"

#include "sandbox/gate.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/*
 * Pages of its own, whatever their size is. long gate_enter(nr, a, b, c, d)
 * returns what the kernel does. The kernel gives the address behind the
 * instruction, gate_return.
 */
#ifdef __x86_64__
#define GATE_BYTES 4096
#define GATE_CODE \
	"	mov %rdi, %rax\n" \
	"	mov %rsi, %rdi\n" \
	"	mov %rdx, %rsi\n" \
	"	mov %rcx, %rdx\n" \
	"	mov %r8, %r10\n" \
	"	xor %r8d, %r8d\n" \
	"	syscall\n"
#else
#define GATE_BYTES 65536
#define GATE_CODE \
	"	mov x8, x0\n" \
	"	mov x0, x1\n" \
	"	mov x1, x2\n" \
	"	mov x2, x3\n" \
	"	mov x3, x4\n" \
	"	mov x4, xzr\n" \
	"	svc #0\n"
#endif
#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

__asm__ (
	"	.pushsection .gate, \"ax\", %progbits\n"
	"	.balign " TEXT(GATE_BYTES) "\n"
	"	.globl gate_enter, gate_return\n"
	"	.hidden gate_enter, gate_return\n"
	"	.type gate_enter, %function\n"
	"gate_enter:\n"
	GATE_CODE
	"gate_return:\n"
	"	ret\n"
	"	.size gate_enter, . - gate_enter\n"
	"	.balign " TEXT(GATE_BYTES) "\n"
	"	.popsection\n");

extern __attribute__((visibility("hidden"))) long
gate_enter(long nr, long a, long b, long c, long d);
extern __attribute__((visibility("hidden"))) char gate_return[];

uintptr_t
gate_address(void)
{
	return (uintptr_t)gate_return;
}

long
gate_call(long nr, long a, long b, long c, long d)
{
	long r = gate_enter(nr, a, b, c, d);

	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

ssize_t
gate_sendmsg(int sock, const struct msghdr *msg, int flags)
{
	return gate_call(SYS_sendmsg, sock, (long)msg, flags, 0);
}

ssize_t
gate_recvmsg(int sock, struct msghdr *msg, int flags)
{
	return gate_call(SYS_recvmsg, sock, (long)msg, flags, 0);
}

/* It can be read, so that it is as the page before it where that is the file's
 * first, and the kernel has no mapping more to keep. */
int
gate_close(void)
{
	return mprotect((void *)&gate_enter, GATE_BYTES, PROT_READ);
}
