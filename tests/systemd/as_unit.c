/*
 * Run a program as systemd would by the restrictions of our unit, where no
 * systemd is the service manager: as-unit UID SYSCALLS PROGRAM [ARGUMENT...].
 * SYSCALLS is a file with the names of those that are allowed, one in a line;
 * others fail with EPERM, as SystemCallErrorNumber= says. A writable directory
 * beside a read-only host is the current one. Needs to be root.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* mount_setattr(2), of Linux 5.12; glibc has it from 2.36 on. */
struct unit_mount_attr {
	uint64_t set, clear, propagation, userns_fd;
};
#define UNIT_ATTR_RDONLY 1

static void
mount_or_die(const char *from, const char *to, const char *type,
	unsigned long flags, const char *data)
{
	if (mount(from, to, type, flags, data) == -1)
		err(1, "mount %s", to);
}

/* ProtectSystem=strict ReadWritePaths=. PrivateMounts= PrivateDevices=
 * ProtectHome= ProtectProc=invisible ProcSubset=pid PrivateNetwork= */
static void
unit_mounts(void)
{
	struct unit_mount_attr attr = { .set = UNIT_ATTR_RDONLY };
	char cwd[4096];

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		err(1, "getcwd");
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) == -1)
		err(1, "unshare");
	mount_or_die(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	mount_or_die(cwd, cwd, NULL, MS_BIND, NULL);
	if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr,
		    sizeof(attr)) == -1)
		err(1, "mount_setattr /");
	attr = (struct unit_mount_attr){ .clear = UNIT_ATTR_RDONLY };
	if (syscall(SYS_mount_setattr, AT_FDCWD, cwd, 0, &attr,
		    sizeof(attr)) == -1)
		err(1, "mount_setattr %s", cwd);
	mount_or_die("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		"subset=pid,hidepid=invisible");
	mount_or_die("tmpfs", "/home", "tmpfs", MS_RDONLY, "mode=000");
	if (chdir(cwd) == -1)
		err(1, "%s", cwd);
}

/* User= CapabilityBoundingSet= SecureBits= NoNewPrivileges= LimitCORE= */
static void
unit_identity(uid_t uid)
{
	struct rlimit none = { 0, 0 };

	umask(0077);
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		err(1, "RLIMIT_CORE");
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
			err(1, "bounding set");
	}
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0,
		    0) == -1)
		err(1, "securebits");
	if (setgroups(0, NULL) == -1 || setresgid(uid, uid, uid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		err(1, "user %u", (unsigned)uid);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		err(1, "no_new_privs");
}

static void
deny(scmp_filter_ctx ctx, int error, int syscall_number,
	const struct scmp_arg_cmp *cmp, unsigned ncmp)
{
	int r = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(error),
		syscall_number, ncmp, cmp);

	/* A system call that this architecture does not have. */
	if (r < 0 && r != -EDOM && r != -EINVAL)
		errx(1, "rule: %s", strerror(-r));
}

static void
load(scmp_filter_ctx ctx)
{
	int r = seccomp_load(ctx);

	if (r < 0)
		errx(1, "filter: %s", strerror(-r));
	seccomp_release(ctx);
}

/* SystemCallFilter= SystemCallErrorNumber= SystemCallArchitectures=native */
static void
unit_filter_allowed(FILE *names)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	char name[100];
	unsigned known = 0;

	while (fscanf(names, "%99s", name) == 1) {
		int n = seccomp_syscall_resolve_name(name);

		if (n != __NR_SCMP_ERROR && seccomp_rule_add(ctx,
			    SCMP_ACT_ALLOW, n, 0) == 0)
			known++;
	}
	if (known < 100)
		errx(1, "only %u system calls are allowed", known);
	load(ctx);
}

/* MemoryDenyWriteExecute= RestrictAddressFamilies=AF_UNIX RestrictSUIDSGID=
 * LockPersonality= RestrictRealtime=, and what RestrictNamespaces= does to
 * clone3(2), whose flags a filter cannot see. */
static void
unit_filter_arguments(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	const struct scmp_arg_cmp wx = SCMP_A2(SCMP_CMP_MASKED_EQ,
		PROT_EXEC | PROT_WRITE, PROT_EXEC | PROT_WRITE);
	const struct scmp_arg_cmp x = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC,
		PROT_EXEC);
	const struct scmp_arg_cmp below = SCMP_A0(SCMP_CMP_LT, AF_UNIX, 0);
	const struct scmp_arg_cmp above = SCMP_A0(SCMP_CMP_GT, AF_UNIX, 0);
	const struct scmp_arg_cmp person = SCMP_A0(SCMP_CMP_NE, PER_LINUX, 0);
	const struct scmp_arg_cmp other = SCMP_A1(SCMP_CMP_GT, SCHED_OTHER, 0);
	const struct scmp_arg_cmp suid = SCMP_A1(SCMP_CMP_MASKED_EQ, S_ISUID,
		S_ISUID);

	deny(ctx, EPERM, SCMP_SYS(mmap), &wx, 1);
	deny(ctx, EPERM, SCMP_SYS(mprotect), &x, 1);
	deny(ctx, EPERM, SCMP_SYS(pkey_mprotect), &x, 1);
	deny(ctx, EAFNOSUPPORT, SCMP_SYS(socket), &below, 1);
	deny(ctx, EAFNOSUPPORT, SCMP_SYS(socket), &above, 1);
	deny(ctx, EPERM, SCMP_SYS(personality), &person, 1);
	deny(ctx, EPERM, SCMP_SYS(sched_setscheduler), &other, 1);
	deny(ctx, EPERM, SCMP_SYS(fchmod), &suid, 1);
	deny(ctx, ENOSYS, SCMP_SYS(clone3), NULL, 0);
	load(ctx);
}

int
main(int argc, char *argv[])
{
	FILE *names;

	if (argc < 4)
		errx(1, "usage: as-unit UID SYSCALLS PROGRAM [ARGUMENT...]");
	names = fopen(argv[2], "re");
	if (names == NULL)
		err(1, "%s", argv[2]);
	unit_mounts();
	unit_identity((uid_t)strtoul(argv[1], NULL, 10));
	unit_filter_arguments();
	unit_filter_allowed(names);
	execv(argv[3], argv + 3);
	err(1, "%s", argv[3]);
}
