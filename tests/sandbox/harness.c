/* Plays the daemon for the tests of the confined processes. */
#include "config.h"

#include "tests/cmocka.h"
#include "tests/sandbox/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

#define PATIENCE_MS 30000

const char *
harness_path(const char *name)
{
	static char path[PATH_MAX];

	if (realpath(name, path) == NULL)
		fail_msg("%s: %s", name, strerror(errno));
	return path;
}

void
harness_config(struct launch_config *cfg, const char *worker)
{
	*cfg = (struct launch_config){
		.worker_path = harness_path(worker),
		.uid = HARNESS_UID, .gid = HARNESS_UID, .max_processes = 64,
	};
	launch_default_policy(cfg->policy);
	for (int i = 0; i < LAYER_COUNT; i++) {
		if (harness_leaves_out((enum layer)i))
			cfg->policy[i] = LAYER_OFF;
	}
}

bool
harness_leaves_out(enum layer layer)
{
	const char *name = getenv("WASMD_TEST_WITHOUT");

	return name != NULL && strcmp(name, layer_info[layer].name) == 0;
}

bool
harness_expects(const struct launch *l, enum layer layer)
{
	return (l->layers.in_force >> layer & 1) != 0 ||
	    harness_leaves_out(layer);
}

void
harness_start(struct launch *l)
{
	harness_start_worker(l, "tests/guest/probe-worker");
}

void
harness_start_worker(struct launch *l, const char *worker)
{
	struct launch_config cfg;
	struct err err = ERR_NONE;

	harness_config(&cfg, worker);
	if (launch_start(&cfg, l, &err) == -1)
		fail_msg("%s", err.text);
}

void
harness_limits(struct template_limits *lim)
{
	*lim = (struct template_limits){
		.memory_bytes = 64 << 20, .stack_bytes = 1 << 20,
		.table_elems = 100000, .module_bytes = 1 << 20,
		.load_cpu_us = 5000000, .cpu_us = 1000000,
	};
}

void
harness_reap(int pidfd, siginfo_t *info)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	memset(info, 0, sizeof(*info));
	assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, info, WEXITED), 0);
}

int
harness_wait(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

pid_t
harness_pid(int pidfd)
{
	char path[64], line[128];
	int pid = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "Pid: %d", &pid);
	fclose(file);
	return pid;
}

/* One answer with at most one descriptor. */
static void
answer_recv(int sock, struct ctl_msg *answer, int *fd)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	size_t nfds;

	*fd = -1;
	assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
	assert_int_equal(fd_recv(sock, answer, sizeof(*answer), fd, 1, &nfds),
	    sizeof(*answer));
}

static int
module_memfd(const void *bytes, size_t len)
{
	int fd = memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd != -1);
	assert_int_equal(fd_write_all(fd, bytes, len), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE | F_SEAL_SEAL), 0);
	return fd;
}

bool
template_try(const struct launch *l, const char *module,
    const struct template_limits *lim, struct template *t,
    struct ctl_msg *answer)
{
	return template_try_bytes(l, module, strlen(module), lim, t, answer);
}

/* fds: behind the first, which is not there yet, those of the modules. */
static bool
template_request(const struct launch *l, struct ctl_msg *req, struct fds *fds,
    struct template *t, struct ctl_msg *answer)
{
	int socks[2], none;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    socks), 0);
	req->kind = CTL_TEMPLATE;
	req->id = 7;
	fds->fd[0] = socks[1];
	assert_int_equal(fd_send(l->zygote_sock, req, sizeof(*req), fds->fd,
	    fds->count), 0);
	fds_close(fds);
	t->sock = socks[0];
	answer_recv(l->zygote_sock, answer, &t->pidfd);
	assert_int_equal(answer->id, 7);
	if (answer->kind != CTL_SPAWNED) {
		assert_int_equal(answer->kind, CTL_FAILED);
		return false;
	}
	assert_true(t->pidfd != -1);
	if (poll(&(struct pollfd){ .fd = t->sock, .events = POLLIN }, 1,
	    PATIENCE_MS) != 1 ||
	    recv(t->sock, answer, sizeof(*answer), MSG_PEEK) <= 0) {
		answer->kind = 0;	/* it died */
		return false;
	}
	answer_recv(t->sock, answer, &none);
	assert_int_equal(answer->id, 7);
	return answer->kind == CTL_READY;
}

bool
template_try_bytes(const struct launch *l, const void *bytes, size_t len,
    const struct template_limits *lim, struct template *t,
    struct ctl_msg *answer)
{
	struct ctl_msg req = { .limits = *lim };
	struct fds fds = { 2, { -1, module_memfd(bytes, len) } };

	return template_request(l, &req, &fds, t, answer);
}

bool
template_try_modules(const struct launch *l,
    const struct harness_module *modules, unsigned count, struct template *t,
    struct ctl_msg *answer)
{
	struct ctl_msg req = { .npreload = count - 1 };
	struct fds fds = { .count = 1 };

	harness_limits(&req.limits);
	for (unsigned i = 0; i < count; i++) {
		fds.fd[fds.count++] = module_memfd(modules[i].bytes,
		    modules[i].len);
		if (i > 0)
			strcpy(req.preload[i - 1], modules[i].name);
	}
	return template_request(l, &req, &fds, t, answer);
}

void
template_start(const struct launch *l, const char *module, struct template *t)
{
	struct template_limits lim;
	struct ctl_msg answer;

	harness_limits(&lim);
	if (!template_try(l, module, &lim, t, &answer))
		fail_msg("template: kind %u: %s", answer.kind,
		    answer.kind == CTL_FAILED ? answer.error.text : "died");
}

void
template_stop(struct template *t)
{
	siginfo_t info;

	fd_close(&t->sock);
	if (t->pidfd != -1)
		harness_reap(t->pidfd, &info);
	fd_close(&t->pidfd);
}

bool
child_try_fork(const struct template *t, struct child *c,
    struct ctl_msg *answer)
{
	struct ctl_msg req = { .kind = CTL_CALL, .id = 9 };
	int in[2], out[2], fds[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fds[0] = in[0];
	fds[1] = out[1];
	assert_int_equal(fd_send(t->sock, &req, sizeof(req), fds, 2), 0);
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = out[0];
	answer_recv(t->sock, answer, &c->pidfd);
	assert_int_equal(answer->id, 9);
	if (answer->kind == CTL_SPAWNED)
		return true;
	close(c->in);
	close(c->out);
	return false;
}

void
child_fork(const struct template *t, struct child *c)
{
	struct ctl_msg answer;

	if (!child_try_fork(t, c, &answer))
		fail_msg("clone: %s", answer.error.text);
}

void
child_send(const struct child *c, enum frame_kind kind, const void *data,
    size_t len)
{
	struct frame f = { .kind = kind, .len = (uint32_t)len };

	assert_int_equal(fd_write_all(c->in, &f, sizeof(f)), 0);
	/* A header alone may have ended it. */
	if (fd_write_all(c->in, data, len) == -1)
		assert_int_equal(errno, EPIPE);
}

void
child_call(const struct child *c, const struct call *call)
{
	struct buf b;

	buf_init(&b, CALL_MAX);
	assert_int_equal(call_pack(&b, call), 0);
	child_send(c, IN_CALL, b.data, b.len);
	buf_clear(&b);
}

bool
child_recv(const struct child *c, struct frame *f, void *data)
{
	struct pollfd pfd = { .fd = c->out, .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
	if (fd_read_all(c->out, f, sizeof(*f)) == -1)
		return false;
	assert_in_range(f->len, 0, FRAME_DATA_MAX);
	assert_int_equal(fd_read_all(c->out, data, f->len), 0);
	return true;
}

void
child_fork_sleeping(const struct template *t, struct child *c)
{
	const char *params[] = { "0xffffffffffffffff" };
	struct call call = {
		.invoke = "sleep", .nparams = 1, .params = params,
		.fuel = UINT64_MAX, .output_bytes = 1024,
	};
	static uint8_t data[FRAME_DATA_MAX];
	struct frame f;

	child_fork(t, c);
	child_call(c, &call);
	assert_true(child_recv(c, &f, data));
	assert_int_equal(f.kind, OUT_WAIT);
}

void
child_finish(struct child *c, struct outcome *o)
{
	static uint8_t data[FRAME_DATA_MAX];
	struct frame f;

	memset(o, 0, sizeof(*o));
	buf_init(&o->output, 1 << 24);
	buf_init(&o->text, RESULT_TEXT_MAX);
	while (child_recv(c, &f, data)) {
		assert_false(o->has_result);
		if (f.kind == OUT_STDOUT || f.kind == OUT_STDERR)
			assert_int_equal(buf_append(&o->output, data, f.len), 0);
		if (f.kind != OUT_RESULT)
			continue;
		assert_in_range(f.len, sizeof(o->result), FRAME_DATA_MAX);
		o->has_result = true;
		memcpy(&o->result, data, sizeof(o->result));
		memcpy(&o->value, o->result.results[0].bytes, sizeof(o->value));
		assert_int_equal(buf_append(&o->text, data + sizeof(o->result),
		    f.len - sizeof(o->result)), 0);
	}
	harness_reap(c->pidfd, &o->info);
	fd_close(&c->in);
	fd_close(&c->out);
	fd_close(&c->pidfd);
}

void
child_kill(struct child *c)
{
	siginfo_t info;

	syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
	harness_reap(c->pidfd, &info);
	fd_close(&c->in);
	fd_close(&c->out);
	fd_close(&c->pidfd);
}

void
outcome_clear(struct outcome *o)
{
	buf_clear(&o->output);
	buf_clear(&o->text);
}

void
harness_run(const struct template *t, struct outcome *o, const char *invoke,
    ...)
{
	const char *params[16];
	struct call call = {
		.invoke = invoke, .params = params,
		.fuel = UINT64_MAX, .output_bytes = 1 << 20,
	};
	struct child c;
	va_list ap;

	va_start(ap, invoke);
	while ((params[call.nparams] = va_arg(ap, const char *)) != NULL)
		call.nparams++;
	va_end(ap);
	child_fork(t, &c);
	child_call(&c, &call);
	fd_close(&c.in);
	child_finish(&c, o);
}

const char *
harness_inner_pid(int pidfd)
{
	static char text[4][32];
	static unsigned next;
	char path[64], line[128];
	int outer, inner = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", harness_pid(pidfd));
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		/* Without a namespace there is the one number. */
		if (sscanf(line, "NSpid: %d %d", &outer, &inner) == 1)
			inner = outer;
	}
	fclose(file);
	assert_true(inner > 0);
	next = (next + 1) % 4;
	snprintf(text[next], sizeof(text[next]), "%d", inner);
	return text[next];
}
