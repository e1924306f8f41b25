/*
 * libFuzzer target: the daemon's side of connections, with everything behind it
 * that runs in the daemon: the frames and messages of some clients, cut anywhere,
 * and what their children answer. There are no processes: a child is a pair of
 * pipes, and says and ends as the input has it.
 *
 * The input is a list of steps: a byte for what is done, one for whose it is, and
 * then what the step wants.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/child.h"
#include "daemon/conn.h"
#include "daemon/family.h"
#include "daemon/job.h"
#include "daemon/jobs.h"
#include "daemon/kept.h"
#include "daemon/option.h"
#include "daemon/queue.h"
#include "daemon/stats.h"
#include "daemon/store.h"
#include "daemon/template.h"
#include "daemon/templates.h"
#include "daemon/user.h"
#include "daemon/worker.h"
#include "sandbox/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENTS	3
#define CHILDREN 8
#define TURNS	3	/* of the loop, after a step */
#define OUT_MAX	((size_t)2 << 20)

static struct fuzz {
	struct event_base *base;
	struct options options, *current;
	struct users users;
	struct workers *workers;	/* never started */
	struct queue *queue;
	struct store *store;
	struct keeper *keeper;
	struct jobs *jobs;
	struct conns *conns;
	struct family family;	/* of all children; referenced for ever */
	int clients[CLIENTS];
	uint32_t calls[CLIENTS];
	struct fuzz_child {
		struct child *child;	/* NULL: there is none */
		int theirs[2];
	} children[CHILDREN];
} fuzz;

/* ---- the input ------------------------------------------------------------ */

struct input {
	const uint8_t *data;
	size_t size, at;
};

static uint8_t
take_byte(struct input *in)
{
	return in->at < in->size ? in->data[in->at++] : 0;
}

static const uint8_t *
take_bytes(struct input *in, size_t *len)
{
	const uint8_t *p = in->data + in->at;

	if (*len > in->size - in->at)
		*len = in->size - in->at;
	in->at += *len;
	return p;
}

static uint64_t
take_number(struct input *in)
{
	static const uint64_t some[] = { 0, 1, 2, 3, 255, 65536, 1u << 20,
		UINT32_MAX, (uint64_t)1 << 53, UINT64_MAX };
	uint8_t b = take_byte(in);
	uint64_t n = b & 15;

	if (b < 0x80)
		return n;
	return b < 0xf0 ? some[b % 10] : n << 8 | take_byte(in);
}

/* ---- what stands for templates and processes ---------------------------------- */

static void
child_put(struct child_request *r, struct fuzz_child *c, bool serves)
{
	c->child = serves ? child_new_socket(c->theirs) : child_new(c->theirs);
	if (c->child == NULL)
		abort();
	c->child->family = family_ref(&fuzz.family);
	fcntl(c->theirs[0], F_SETFL, O_NONBLOCK);
	fcntl(c->theirs[1], F_SETFL, O_NONBLOCK);
	r->on_child(r->arg, c->child);
}

void
template_request(struct templates *ts, struct child_request *r, uid_t uid,
	const struct program *p, const struct template_limits *limits)
{
	struct failure f = { .how = FAILURE_DAEMON, .text = "no place" };

	for (int i = 0; i < CHILDREN; i++) {
		if (fuzz.children[i].child == NULL) {
			child_put(r, &fuzz.children[i],
				limits->mode == MODE_SERVE);
			return;
		}
	}
	r->on_failure(r->arg, &f);
}

void
template_cancel(struct child_request *r)
{
}

int
templates_admit(const struct templates *ts, uid_t uid,
	const struct program *p, struct err *err, uint64_t *left_ms)
{
	return 0;
}

void
templates_crash(struct templates *ts, uid_t uid, const struct program *p)
{
}

int
stats_print(const struct stats *s, struct buf *out)
{
	return buf_printf(out, "nothing\n");
}

/* How a process ends: by itself, by a signal; or it is still there. */
static void
child_end(struct fuzz_child *c, uint8_t how)
{
	struct process_end end = { .info = { .si_code = CLD_EXITED } };
	struct child *child = c->child;

	if (child == NULL)
		return;
	if (how & 1) {
		end.info.si_code = CLD_KILLED;
		end.info.si_status = 1 + how % 31;
	} else if (how & 2) {
		end.info.si_status = PROCESS_EXIT_AGAIN;
	}
	c->child = NULL;
	fd_close(&c->theirs[0]);
	fd_close(&c->theirs[1]);
	child->on_exit(child, &end);
}

static void
child_say(struct fuzz_child *c, struct input *in)
{
	static uint8_t sink[65536];
	uint8_t how = take_byte(in);
	size_t len = take_byte(in);
	const uint8_t *bytes = take_bytes(in, &len);
	struct frame head = { .kind = OUT_STDOUT + how % 6, .len = (uint32_t)len };

	if (c->child == NULL)
		return;
	while (read(c->theirs[0], sink, sizeof(sink)) > 0)
		;
	if (how & 0x80) {
		struct call_result result = { .end = how & 15, .nresults = 1 };

		head.kind = OUT_RESULT;
		head.len = sizeof(result) + (uint32_t)len;
		result.trap_len = (uint32_t)len;
		if (write(c->theirs[1], &head, sizeof(head)) != sizeof(head) ||
		    write(c->theirs[1], &result, sizeof(result)) == -1)
			return;
	} else if ((how & 0x40) == 0 &&
	    write(c->theirs[1], &head, sizeof(head)) != sizeof(head)) {
		return;
	}
	if (write(c->theirs[1], bytes, len) == -1)
		return;
}

/* ---- clients ------------------------------------------------------------------- */

static void
client_close(int n)
{
	fd_close(&fuzz.clients[n]);
}

static void
client_open(int n)
{
	int pair[2];

	client_close(n);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		    pair) == -1)
		abort();
	fuzz.clients[n] = pair[0];
	fuzz.calls[n] = 0;
	conn_new_take(fuzz.conns, pair[1]);
}

static void
client_send(int n, const void *data, size_t len, unsigned nfds)
{
	struct fds fds = { .count = 0 };

	if (fuzz.clients[n] == -1)
		return;
	for (unsigned i = 0; i < nfds; i++) {
		int fd = memfd_create("f", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		if (fd == -1 || write(fd, "exit 0", 6 * (i % 2)) == -1)
			abort();
		fds.fd[fds.count++] = fd;
	}
	if (len > 0 && fd_send(fuzz.clients[n], data, len, fds.fd,
		    fds.count) == -1)
		client_close(n);
	fds_close(&fds);
}

static void
client_read(int n)
{
	static uint8_t sink[65536];

	if (fuzz.clients[n] != -1 &&
	    read(fuzz.clients[n], sink, sizeof(sink)) == 0)
		client_close(n);
}

/* Strings that mean something. */
static const char *const words[] = {
	"", "run", "serve", "validate", "inspect", "disasm", "a=b", "_start", "env",
	/* the digests of "" and of "exit 0" */
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"c22995adc29757a99bc9242926a5d5b5a8007ecc78f30943161cf072af42d9d2",
};

static struct span
take_span(struct input *in)
{
	uint8_t b = take_byte(in);
	size_t len = b & 0x3f;
	const char *word = words[b % (sizeof(words) / sizeof(words[0]))];

	if (b < 0x80)
		return (struct span){ word, strlen(word) };
	return (struct span){ (const char *)take_bytes(in, &len), len };
}

static void
take_field(struct input *in, struct msg *m, enum field_id f)
{
	static struct span strs[MSG_VALUES_MAX][4];
	struct span *list = strs[(size_t)f % MSG_VALUES_MAX], s;
	size_t n;

	switch (field_info[f].type) {
	case TYPE_UINT:
	case TYPE_BOOL:
		msg_set_number(m, f, take_number(in));
		break;
	case TYPE_STR:
	case TYPE_BIN:
		s = take_span(in);
		msg_set_bytes(m, f, s.data, s.len);
		break;
	case TYPE_STRS:
		n = take_byte(in) % 4;
		for (size_t i = 0; i < n; i++)
			list[i] = take_span(in);
		msg_set_strs(m, f, list, n);
		break;
	}
}

/* A message of the table, with fields as they come: a frame, unless it passes
 * a limit. */
static void
client_say(int n, struct input *in)
{
	enum msg_id id = (enum msg_id)(take_byte(in) % MSG_COUNT);
	struct err err = ERR_NONE;
	struct buf out;
	struct msg m;
	uint8_t fds;

	if (msg_info[id].direction != TO_DAEMON)
		id = MSG_SUBMIT;
	if (msg_info[id].kind == KIND_REQUEST)
		msg_init_request(&m, id, ++fuzz.calls[n]);
	else
		msg_init_notify(&m, id);
	for (enum field_id f = msg_info[id].first; f < msg_fields_end(id); f++) {
		if (!field_info[f].is_result &&
		    (field_info[f].required || take_byte(in) % 4 == 1))
			take_field(in, &m, f);
	}
	fds = take_byte(in);
	buf_init(&out, OUT_MAX);
	if (msg_pack(&m, &out, &err) == 0)
		client_send(n, out.data, out.len, fds > 0xe0 ? fds % 4 : 0);
	buf_clear(&out);
}

static void
client_hello(int n)
{
	struct err err = ERR_NONE;
	struct buf out;
	struct msg m;

	msg_init_request(&m, MSG_HELLO, ++fuzz.calls[n]);
	msg_set_number(&m, FIELD_HELLO_VERSION, PROTO_VERSION);
	buf_init(&out, OUT_MAX);
	if (msg_pack(&m, &out, &err) == -1)
		abort();
	client_send(n, out.data, out.len, 0);
	buf_clear(&out);
}

static void
client_send_raw(int n, struct input *in)
{
	size_t len = take_byte(in);
	const uint8_t *bytes = take_bytes(in, &len);

	client_send(n, bytes, len, 0);
}

/* ---- steps ----------------------------------------------------------------------- */

static void
turn(unsigned turns)
{
	while (turns-- > 0)
		event_base_loop(fuzz.base, EVLOOP_NONBLOCK);
}

static void
step(struct input *in)
{
	uint8_t what = take_byte(in), who = take_byte(in);
	int n = who % CLIENTS;

	switch (what % 9) {
	case 0:
		client_send_raw(n, in);
		break;
	case 1:
	case 2:
	case 3:
		client_say(n, in);
		break;
	case 4:
		client_read(n);
		break;
	case 5:
		child_say(&fuzz.children[who % CHILDREN], in);
		break;
	case 6:
		child_end(&fuzz.children[who % CHILDREN], take_byte(in));
		break;
	case 7:
		client_close(n);
		break;
	case 8:
		client_open(n);
		client_hello(n);
		break;
	}
	turn(TURNS);
}

/* ---- before and after --------------------------------------------------------------- */

static void
on_idle(void *arg)
{
}

static void
on_removed(void *arg, struct module *m, const struct err *err)
{
	*(bool *)arg = true;
}

/* Every input begins with an empty store. */
static void
store_empty(void)
{
	const struct shelved *s;

	while ((s = catalog_next(store_catalog(fuzz.store), NULL)) != NULL) {
		bool came = false;

		store_remove(fuzz.store, 0, s->digest,
			(struct store_reader){ on_removed, &came });
		while (!came)
			event_base_loop(fuzz.base, EVLOOP_ONCE);
	}
}

static void
finish(void)
{
	for (int i = 0; i < CLIENTS; i++)
		client_close(i);
	turn(TURNS);
	conns_close_all(fuzz.conns);
	for (unsigned i = 0; jobs_count(fuzz.jobs) > 0; i++) {
		for (int c = 0; c < CHILDREN; c++)
			child_end(&fuzz.children[c], 0);
		turn(TURNS);
		if (i > 1000)
			abort();	/* a job that nothing ends */
	}
	turn(TURNS);
	if (conns_count(fuzz.conns) > 0)
		abort();
	while (keeper_count(fuzz.keeper) > 0)
		kept_drop(keeper_next(fuzz.keeper, 0));
	store_empty();
}

static int
hand_over(void *arg, int sock, struct err *err)
{
	fd_close(&sock);
	return err_set(err, PROTO_ERROR_UNAVAILABLE, "there is no successor");
}

static void
setup_jobs(void)
{
	static const struct launch_config launch;
	struct queue_config queue = { .max_running = 6, .max_jobs = 20 };
	struct keeper_config keeper = { fuzz.base, on_idle, NULL };
	struct keeper_limits limits = { 1000, 4, 20000 };
	struct jobs_config jobs = {
		.base = fuzz.base, .store = fuzz.store,
		.max_module = 1u << 20,
		.on_idle = on_idle,
	};
	struct conns_config conns = {
		.base = fuzz.base, .users = &fuzz.users, .max = 8,
		.hello_ms = 10000, .on_idle = on_idle,
	};

	fuzz.workers = workers_new(fuzz.base, &launch);
	jobs.layers = workers_layers(fuzz.workers);
	jobs.queue = fuzz.queue = queue_new(fuzz.base, &queue);
	jobs.keeper = fuzz.keeper = keeper_new(&keeper);
	if (fuzz.keeper == NULL)
		abort();
	keeper_set_limits(fuzz.keeper, &limits);
	fuzz.jobs = jobs_new(&jobs);
	conns.context = (struct request_context){
		.jobs = fuzz.jobs, .workers = fuzz.workers, .store = fuzz.store, .base = fuzz.base,
		.options = &fuzz.current, .keeper = fuzz.keeper,
		.queue = fuzz.queue, .hand_over = hand_over,
	};
	fuzz.conns = conns_new(&conns);
	if (fuzz.queue == NULL || fuzz.jobs == NULL || fuzz.conns == NULL)
		abort();
}

/* In $TMPDIR: on a disk, writing through takes most of the time. */
static void
store_path(char path[256])
{
	const char *dir = getenv("TMPDIR");

	snprintf(path, 256, "%s/fuzz-conn-%d", dir == NULL ? "/tmp" : dir,
		(int)getpid());
}

static void
remove_store(void)
{
	char path[256], command[300];

	store_path(path);
	snprintf(command, sizeof(command), "rm -rf %s", path);
	if (system(command) != 0)
		_exit(1);
}

static void
setup(void)
{
	struct store_config store = { .uid = getuid(), .gid = getgid(),
		.max = 1u << 20 };
	struct err err = ERR_NONE;
	char path[256];

	log_open("fuzz", LOG_LEVEL_ERR, false);
	signal(SIGPIPE, SIG_IGN);
	if (options_init(&fuzz.options, &err) == -1)
		abort();
	fuzz.family.refs = 1;
	fuzz.current = &fuzz.options;
	users_init(&fuzz.users, &fuzz.options.policies);
	fuzz.base = event_base_new();
	store_path(path);
	store.path = path;
	fuzz.store = store_new(fuzz.base, &store, &err);
	if (fuzz.store == NULL)
		abort();
	atexit(remove_store);
	for (int i = 0; i < CLIENTS; i++)
		fuzz.clients[i] = -1;
	setup_jobs();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size, 0 };

	if (fuzz.base == NULL)
		setup();
	while (in.at < in.size)
		step(&in);
	finish();
	return 0;
}
