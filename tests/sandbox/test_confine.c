/*
 * What can be seen of the confined processes from outside, by /proc: their
 * privileges, descriptors, names, namespaces and root.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sandbox/harness.h"

#ifdef WITH_SANITIZERS
#define REPORT_FD " 2"	/* stays open for the sanitizer's report */
#else
#define REPORT_FD ""
#endif

enum { ZYGOTE, INIT, TEMPLATE, CHILD, NPROCESSES };

static struct launch launch;
static struct template template;
static struct child child;
static pid_t pids[NPROCESSES];

static int
setup(void **state)
{
	harness_start(&launch);
	template_start(&launch, "probe", &template);
	child_fork_sleeping(&template, &child);
	pids[ZYGOTE] = harness_pid(launch.zygote_pidfd);
	pids[INIT] = harness_pid(launch.init_pidfd);
	pids[TEMPLATE] = harness_pid(template.pidfd);
	pids[CHILD] = harness_pid(child.pidfd);
	return 0;
}

static int
teardown(void **state)
{
	child_kill(&child);
	template_stop(&template);
	launch_stop(&launch);
	return 0;
}

static const char *
proc_path(int process, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", pids[process], name);
	return path;
}

/* The words behind "name:" in the process's status. */
static const char *
status_field(int process, const char *name)
{
	static char line[512];
	FILE *file = fopen(proc_path(process, "status"), "re");
	size_t len = strlen(name);

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			fclose(file);
			line[strcspn(line, "\n")] = '\0';
			return line + len + 1 + strspn(line + len + 1, "\t ");
		}
	}
	fail_msg("no %s in status", name);
	return NULL;
}

static void
need_root(void)
{
	if (geteuid() != 0) {
		print_message("only root may look into processes that are "
		    "not dumpable\n");
		skip();
	}
}

static void
test_every_layer_is_in_force_here(void **state)
{
	for (int i = 0; i < LAYER_COUNT; i++) {
		if ((launch.layers.in_force >> i & 1) == 0)
			print_message("not in force: %s: %s\n",
			    layer_info[i].name,
			    strerror(launch.layers.error[i]));
		else
			assert_int_equal(launch.layers.error[i], 0);
		if (layer_info[i].policy == LAYER_REQUIRED)
			assert_true(launch.layers.in_force >> i & 1);
	}
}

static void
test_no_process_has_privileges(void **state)
{
	for (int i = 0; i < NPROCESSES; i++) {
		unsigned ids[4];

		assert_string_equal(status_field(i, "NoNewPrivs"), "1");
		assert_string_equal(status_field(i, "Seccomp"), "2");
		assert_string_equal(status_field(i, "CapEff"), "0000000000000000");
		assert_string_equal(status_field(i, "CapPrm"), "0000000000000000");
		assert_string_equal(status_field(i, "CapInh"), "0000000000000000");
		assert_string_equal(status_field(i, "CapAmb"), "0000000000000000");
		if (harness_expects(&launch, LAYER_USERNS))
			assert_string_equal(status_field(i, "CapBnd"),
			    "0000000000000000");
		assert_int_equal(sscanf(status_field(i, "Uid"), "%u %u %u %u",
		    &ids[0], &ids[1], &ids[2], &ids[3]), 4);
		for (int k = 0; k < 4; k++)
			assert_int_not_equal(ids[k], 0);
		assert_int_equal(sscanf(status_field(i, "Gid"), "%u %u %u %u",
		    &ids[0], &ids[1], &ids[2], &ids[3]), 4);
		for (int k = 0; k < 4; k++)
			assert_int_not_equal(ids[k], 0);
		if (geteuid() == 0)
			assert_string_equal(status_field(i, "Groups"), "");
	}
}

static void
test_filters_are_one_more_at_each_stage(void **state)
{
	/* Init puts on its second after it has said that it is confined. */
	for (int i = 0; i < 1000; i++) {
		if (strcmp(status_field(INIT, "Seccomp_filters"), "2") == 0)
			break;
		usleep(1000);
	}
	assert_string_equal(status_field(ZYGOTE, "Seccomp_filters"), "1");
	assert_string_equal(status_field(INIT, "Seccomp_filters"), "2");
	/* Its own, and what it puts on before it serves. */
	assert_string_equal(status_field(TEMPLATE, "Seccomp_filters"), "3");
	assert_string_equal(status_field(CHILD, "Seccomp_filters"), "3");
}

static int
number_order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* " 0 1" for a process that has these open. */
static void
list_fds(int process, char *out, size_t size)
{
	DIR *dir = opendir(proc_path(process, "fd"));
	struct dirent *entry;
	int fds[256], n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.' && n < 256)
			fds[n++] = atoi(entry->d_name);
	}
	closedir(dir);
	qsort(fds, (size_t)n, sizeof(fds[0]), number_order);
	out[0] = '\0';
	for (int i = 0; i < n; i++)
		snprintf(out + strlen(out), size - strlen(out), " %d", fds[i]);
}

/* It may still be closing those of the request that it has answered. */
static void
check_fds(int process, const char *expected)
{
	char fds[512];

	for (int i = 0; i < 1000; i++) {
		list_fds(process, fds, sizeof(fds));
		if (strcmp(fds, expected) == 0)
			return;
		usleep(1000);
	}
	assert_string_equal(fds, expected);
}

static void
test_descriptors_are_the_needed_ones(void **state)
{
	need_root();
	check_fds(CHILD, " 0 1" REPORT_FD);
	check_fds(INIT, " 0");
	check_fds(TEMPLATE, " 0 1 2 3");
	check_fds(ZYGOTE, " 0 1 2 3");
}

static size_t
read_proc(int process, const char *name, char *out, size_t size)
{
	int fd = open(proc_path(process, name), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		fail_msg("%s: %s", proc_path(process, name), strerror(errno));
	n = read(fd, out, size - 1);
	assert_true(n >= 0);
	close(fd);
	out[n] = '\0';
	return (size_t)n;
}

static void
test_arguments_and_environment_are_empty(void **state)
{
	char text[256];

	need_root();
	for (int i = 0; i < NPROCESSES; i++) {
		assert_int_equal(read_proc(i, "cmdline", text, sizeof(text)),
		    sizeof("wasmd-worker"));
		assert_string_equal(text, "wasmd-worker");
		assert_int_equal(read_proc(i, "environ", text, sizeof(text)), 0);
	}
}

static void
test_all_namespaces_differ_from_ours(void **state)
{
	static const struct {
		enum layer layer;
		const char *name;
	} namespaces[] = {
		{ LAYER_USERNS, "user" }, { LAYER_MNTNS, "mnt" },
		{ LAYER_PIDNS, "pid" }, { LAYER_NETNS, "net" },
		{ LAYER_IPCNS, "ipc" }, { LAYER_UTSNS, "uts" },
		{ LAYER_CGROUPNS, "cgroup" },
	};

	need_root();
	for (int i = 0; i < NPROCESSES; i++) {
		for (size_t k = 0; k < 7; k++) {
			char name[32], path[64];
			struct stat ours, theirs;

			if (!harness_expects(&launch, namespaces[k].layer))
				continue;
			snprintf(name, sizeof(name), "ns/%s", namespaces[k].name);
			snprintf(path, sizeof(path), "/proc/self/%s", name);
			assert_int_equal(stat(path, &ours), 0);
			assert_int_equal(stat(proc_path(i, name), &theirs), 0);
			assert_int_not_equal(ours.st_ino, theirs.st_ino);
		}
	}
}

static void
test_root_is_empty_and_read_only(void **state)
{
	need_root();
	for (int i = 0; i < NPROCESSES; i++) {
		struct dirent *entry;
		struct statvfs fs;
		char mounts[1024], path[128];
		DIR *dir;

		snprintf(path, sizeof(path), "%s", proc_path(i, "root/"));
		dir = opendir(path);
		assert_non_null(dir);
		while ((entry = readdir(dir)) != NULL)
			assert_true(strcmp(entry->d_name, ".") == 0 ||
			    strcmp(entry->d_name, "..") == 0);
		closedir(dir);
		assert_int_equal(statvfs(path, &fs), 0);
		assert_true(fs.f_flag & ST_RDONLY);
		assert_true(fs.f_flag & ST_NOSUID);
		assert_true(fs.f_flag & ST_NODEV);
		assert_true(fs.f_flag & ST_NOEXEC);
		strcat(path, "x");
		assert_int_equal(open(path, O_CREAT | O_WRONLY, 0600), -1);
		assert_int_equal(errno, EROFS);
		/* One mount, and so one line. */
		read_proc(i, "mountinfo", mounts, sizeof(mounts));
		assert_ptr_equal(strchr(mounts, '\n'),
		    mounts + strlen(mounts) - 1);
	}
}

static void
test_network_has_a_loopback_that_is_down(void **state)
{
	char text[4096];

	need_root();
	read_proc(CHILD, "net/dev", text, sizeof(text));
	assert_non_null(strstr(text, "lo:"));
	/* Interfaces that are up have local addresses. */
	read_proc(CHILD, "net/fib_trie", text, sizeof(text));
	assert_null(strstr(text, "LOCAL"));
	assert_int_equal(read_proc(CHILD, "net/if_inet6", text, sizeof(text)), 0);
}

static void
test_limits_are_in_force(void **state)
{
	char text[4096];

	need_root();
	for (int i = 0; i < NPROCESSES; i++) {
		read_proc(i, "limits", text, sizeof(text));
		assert_non_null(strstr(text,
		    "Max core file size        0                    0 "));
		assert_non_null(strstr(text,
		    "Max locked memory         0                    0 "));
		assert_non_null(strstr(text,
		    "Max processes             64                   64 "));
		assert_non_null(strstr(text,
		    "Max open files            1024                 1024 "));
	}
	read_proc(CHILD, "limits", text, sizeof(text));
	assert_non_null(strstr(text,
	    "Max file size             0 "));
	assert_non_null(strstr(text,
	    "Max cpu time              3                    4 "));
}

static void
test_an_ordinary_user_cannot_look_inside(void **state)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* Their own user, the worst case. */
		if (geteuid() == 0 && (setgid(HARNESS_UID) == -1 ||
		    setuid(HARNESS_UID) == -1))
			_exit(1);
		for (int i = 0; i < NPROCESSES; i++) {
			if (open(proc_path(i, "mem"), O_RDONLY) != -1 ||
			    open(proc_path(i, "environ"), O_RDONLY) != -1 ||
			    opendir(proc_path(i, "fd")) != NULL)
				_exit(2);
		}
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(harness_wait(pid), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_layer_is_in_force_here),
		cmocka_unit_test(test_no_process_has_privileges),
		cmocka_unit_test(test_filters_are_one_more_at_each_stage),
		cmocka_unit_test(test_descriptors_are_the_needed_ones),
		cmocka_unit_test(test_arguments_and_environment_are_empty),
		cmocka_unit_test(test_all_namespaces_differ_from_ours),
		cmocka_unit_test(test_root_is_empty_and_read_only),
		cmocka_unit_test(test_network_has_a_loopback_that_is_down),
		cmocka_unit_test(test_limits_are_in_force),
		cmocka_unit_test(test_an_ordinary_user_cannot_look_inside),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
