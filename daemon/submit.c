/* What a submit message asks for. Runs in the daemon. */
#include "daemon/submit.h"

#include <string.h>

#include "base/arena.h"
#include "daemon/job.h"
#include "sandbox/call.h"

/* Strings of one message, each copied with a NUL, and the vectors to them. */
#define SUBMIT_ARENA (4 * PROTO_FRAME_MAX)

/* In the middle. */
#define SUBMIT_PRIORITY 5

/* The default of args: a program that has no other name. */
static const char *const submit_args[] = { "module.wasm" };

static int
submit_strs(struct arena *a, const struct msg *m, enum field_id f,
	const char *const **out, uint32_t *count, struct err *err)
{
	size_t n;
	const struct span *strs = msg_strs(m, f, &n);
	const char **v = arena_alloc(a, n, sizeof(*v));

	for (size_t i = 0; v != NULL && i < n; i++) {
		v[i] = arena_strndup(a, strs[i].data, strs[i].len);
		if (v[i] == NULL)
			v = NULL;
	}
	if (v == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	*out = v;
	*count = (uint32_t)n;
	return 0;
}

/* What submit's mode may be. */
static const char *const submit_modes[] = {
	[MODE_RUN] = "run",
	[MODE_SERVE] = "serve",
	[MODE_VALIDATE] = "validate",
	[MODE_INSPECT] = "inspect",
	[MODE_INSPECT_JSON] = "inspect-json",
	[MODE_DISASM] = "disasm",
	[MODE_DISASM_INTERNAL] = "disasm-internal",
};
#define SUBMIT_MODES (sizeof(submit_modes) / sizeof(submit_modes[0]))

static int
submit_mode(enum template_mode *mode, const struct msg *m, struct err *err)
{
	struct span name = msg_bytes(m, FIELD_SUBMIT_MODE);

	*mode = MODE_RUN;
	if (!msg_has(m, FIELD_SUBMIT_MODE))
		return 0;
	for (size_t i = 0; i < SUBMIT_MODES; i++) {
		if (strlen(submit_modes[i]) == name.len &&
		    memcmp(submit_modes[i], name.data, name.len) == 0) {
			*mode = (enum template_mode)i;
			return 0;
		}
	}
	return err_set(err, PROTO_ERROR_USAGE, "submit: there is no such mode");
}

/* A field whose number is 0, or which is false, asks for nothing. */
static bool
submit_asks(const struct msg *m, enum field_id f)
{
	enum field_type type = field_info[f].type;

	return msg_has(m, f) && ((type != TYPE_UINT && type != TYPE_BOOL) ||
		msg_number(m, f, 0) != 0);
}

/* Whoever has the socket calls, and is told what the guest writes. */
static int
submit_check_serve(const struct msg *m, struct err *err)
{
	static const enum field_id none[] = {
		FIELD_SUBMIT_INVOKE, FIELD_SUBMIT_PARAMS, FIELD_SUBMIT_STDIN,
		FIELD_SUBMIT_DETACH, FIELD_SUBMIT_CREDIT, FIELD_SUBMIT_TTY,
		FIELD_SUBMIT_TRACE, FIELD_SUBMIT_PROFILE, FIELD_SUBMIT_BROKER,
	};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (submit_asks(m, none[i]))
			return err_set(err, PROTO_ERROR_USAGE,
				"submit: the mode serve takes no %s",
				field_info[none[i]].name);
	}
	return 0;
}

/* What is not run takes no arguments, and needs no imports. */
static int
submit_check_mode(enum template_mode mode, const struct msg *m,
	struct err *err)
{
	const char *none = NULL;

	if (mode != MODE_SERVE && msg_has(m, FIELD_SUBMIT_MAX_CALLS))
		none = "max_calls";
	else if (mode != MODE_SERVE && msg_has(m, FIELD_SUBMIT_RESET))
		none = "reset";
	if (mode == MODE_SERVE)
		return submit_check_serve(m, err);
	if (mode == MODE_RUN && none == NULL)
		return 0;
	if (msg_has(m, FIELD_SUBMIT_INVOKE) && mode != MODE_DISASM &&
	    mode != MODE_DISASM_INTERNAL)
		none = "invoke";
	else if (msg_has(m, FIELD_SUBMIT_PARAMS))
		none = "params";
	else if (msg_has(m, FIELD_SUBMIT_PRELOAD))
		none = "preload";
	else if (msg_has(m, FIELD_SUBMIT_BROKER))
		none = "broker";
	else if (msg_has(m, FIELD_SUBMIT_DETERMINISTIC))
		none = "deterministic";
	else if (msg_has(m, FIELD_SUBMIT_TRACE))
		none = "trace";
	else if (msg_has(m, FIELD_SUBMIT_PROFILE))
		none = "profile";
	return none == NULL ? 0 : err_set(err, PROTO_ERROR_USAGE,
		"submit: the mode %s takes no %s", submit_modes[mode], none);
}

_Static_assert(PROTO_PRELOAD_MAX == CTL_PRELOAD_MAX &&
	PROTO_PRELOAD_NAME_MAX == CTL_NAME_MAX - 1,
	"clients may ask for as much as workers take");

/* What a preloaded module is imported as. */
static int
submit_preload_name(struct program *p, struct span name, struct err *err)
{
	if (name.len == 0 || name.len >= CTL_NAME_MAX)
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: preload: a name has 1 to %d bytes",
			CTL_NAME_MAX - 1);
	for (unsigned i = 0; i < p->npreload; i++) {
		if (strlen(p->preload[i].name) == name.len &&
		    memcmp(p->preload[i].name, name.data, name.len) == 0)
			return err_set(err, PROTO_ERROR_USAGE,
				"submit: preload: there are two modules %s",
				p->preload[i].name);
	}
	memcpy(p->preload[p->npreload].name, name.data, name.len);
	p->preload[p->npreload].name[name.len] = '\0';
	p->npreload++;
	return 0;
}

static int
submit_preload(struct program *p, const struct msg *m, struct err *err)
{
	size_t n;
	const struct span *names = msg_strs(m, FIELD_SUBMIT_PRELOAD, &n);

	if (n > CTL_PRELOAD_MAX)
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: preload: %zu modules; at most %d can be", n,
			CTL_PRELOAD_MAX);
	for (size_t i = 0; i < n; i++) {
		if (submit_preload_name(p, names[i], err) == -1)
			return -1;
	}
	return 0;
}

/* Of preloaded modules: those that come without a descriptor. */
static size_t
submit_count_digests(const struct msg *m)
{
	size_t n, count = 0;
	const struct span *digests = msg_strs(m, FIELD_SUBMIT_PRELOAD_DIGESTS,
		&n);

	for (size_t i = 0; i < n; i++)
		count += digests[i].len > 0;
	return count;
}

static int
submit_check(const struct msg *m, size_t nfds, struct err *err)
{
	bool wants_fd = msg_number(m, FIELD_SUBMIT_MODULE_FD, 0) != 0;
	bool broker = msg_number(m, FIELD_SUBMIT_BROKER, 0) != 0;
	size_t npreload, ndigests;

	if (msg_has(m, FIELD_SUBMIT_MODULE) + wants_fd +
	    msg_has(m, FIELD_SUBMIT_DIGEST) != 1)
		return err_set(err, PROTO_ERROR_USAGE, "submit: there must be "
			"one of module, module_fd and digest");
	msg_strs(m, FIELD_SUBMIT_PRELOAD, &npreload);
	msg_strs(m, FIELD_SUBMIT_PRELOAD_DIGESTS, &ndigests);
	if (msg_has(m, FIELD_SUBMIT_PRELOAD_DIGESTS) && ndigests != npreload)
		return err_set(err, PROTO_ERROR_USAGE, "submit: "
			"preload_digests: %zu, but preload names %zu", ndigests,
			npreload);
	npreload -= submit_count_digests(m);
	if (nfds != wants_fd + npreload + broker)
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: %zu descriptors came with it; module_fd, "
			"preload and broker want %zu", nfds,
			wants_fd + npreload + broker);
	if (msg_number(m, FIELD_SUBMIT_DETACH, 0) != 0 &&
	    (broker || msg_number(m, FIELD_SUBMIT_TRACE, 0) != 0 ||
	    msg_number(m, FIELD_SUBMIT_PROFILE, 0) != 0))
		return err_set(err, PROTO_ERROR_USAGE, "submit: a detached "
			"job has no broker, no trace and no profile");
	if (msg_has(m, FIELD_SUBMIT_KEEP_BYTES) &&
	    msg_number(m, FIELD_SUBMIT_DETACH, 0) == 0)
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: keep_bytes without detach");
	if (msg_has(m, FIELD_SUBMIT_PARAMS) && !msg_has(m, FIELD_SUBMIT_INVOKE))
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: params without invoke");
	if (msg_number(m, FIELD_SUBMIT_STDIN, 0) != 0 &&
	    (msg_number(m, FIELD_SUBMIT_CLOSED, 0) & 1) != 0)
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: stdin, but descriptor 0 is closed");
	if (msg_has(m, FIELD_SUBMIT_SEED) &&
	    msg_number(m, FIELD_SUBMIT_DETERMINISTIC, 0) == 0)
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: seed without deterministic");
	return 0;
}

static int
submit_env(const struct call *c, struct err *err)
{
	for (uint32_t i = 0; i < c->nenv; i++) {
		if (strchr(c->env[i], '=') == NULL || c->env[i][0] == '=')
			return err_set(err, PROTO_ERROR_USAGE,
				"env: '%.60s' is not NAME=value", c->env[i]);
	}
	return 0;
}

static int
submit_pack(struct job *j, const struct msg *m, struct arena *a,
	struct err *err)
{
	struct call c = {
		.fuel = j->limits.v[LIMIT_FUEL],
		.output_bytes = j->limits.v[LIMIT_OUTPUT],
		.tty = (uint32_t)msg_number(m, FIELD_SUBMIT_TTY, 0),
		.max_calls = msg_number(m, FIELD_SUBMIT_MAX_CALLS, 0),
		.reset = msg_number(m, FIELD_SUBMIT_RESET, 0) != 0,
		.files = msg_number(m, FIELD_SUBMIT_BROKER, 0) == 0 ? 0 :
			(uint32_t)j->limits.v[LIMIT_FILES],
		.closed = (uint32_t)msg_number(m, FIELD_SUBMIT_CLOSED, 0),
		.deterministic = j->deterministic,
		.seed = msg_number(m, FIELD_SUBMIT_SEED, 0),
	};
	struct span invoke = msg_bytes(m, FIELD_SUBMIT_INVOKE);

	if (submit_strs(a, m, FIELD_SUBMIT_ARGS, &c.args, &c.nargs, err) == -1 ||
	    submit_strs(a, m, FIELD_SUBMIT_ENV, &c.env, &c.nenv, err) == -1 ||
	    submit_strs(a, m, FIELD_SUBMIT_PARAMS, &c.params, &c.nparams,
		    err) == -1 || submit_env(&c, err) == -1)
		return -1;
	if (c.nargs == 0) {
		c.args = submit_args;
		c.nargs = 1;
	}
	if (msg_has(m, FIELD_SUBMIT_INVOKE)) {
		c.invoke = arena_strndup(a, invoke.data, invoke.len);
		if (c.invoke == NULL)
			return err_set(err, PROTO_ERROR_INTERNAL,
				"out of memory");
	}
	if (call_pack(&j->packed, &c) == -1)
		return err_set(err, PROTO_ERROR_TOO_LARGE,
			"submit: args, env and params are too large together");
	return 0;
}

int
submit_read(struct job *j, const struct msg *m, size_t nfds,
	const struct limits *most, struct err *err)
{
	struct arena a;
	int r;

	if (submit_check(m, nfds, err) == -1 ||
	    submit_preload(&j->program, m, err) == -1 ||
	    submit_mode(&j->mode, m, err) == -1 ||
	    submit_check_mode(j->mode, m, err) == -1 ||
	    limits_from_msg(&j->limits, m, most, err) == -1)
		return -1;
	j->deterministic = msg_number(m, FIELD_SUBMIT_DETERMINISTIC, 0) != 0;
	j->facts.serves = j->mode == MODE_SERVE;
	j->priority = (unsigned)msg_number(m, FIELD_SUBMIT_PRIORITY,
		SUBMIT_PRIORITY);
	j->has_stdin = msg_number(m, FIELD_SUBMIT_STDIN, 0) != 0;
	j->feed.ended = !j->has_stdin;
	/* What is kept waits for nobody. */
	j->stream.credit = j->kept != NULL ? UINT64_MAX :
		msg_number(m, FIELD_SUBMIT_CREDIT, UINT64_MAX);
	j->stream.trace_left = msg_number(m, FIELD_SUBMIT_TRACE, 0) != 0 ?
		TRACE_MAX : 0;
	j->stream.profile_left = msg_number(m, FIELD_SUBMIT_PROFILE, 0) != 0 ?
		PROFILE_MAX : 0;
	j->stream.limit = j->limits.v[LIMIT_OUTPUT];
	arena_init(&a, SUBMIT_ARENA);
	r = submit_pack(j, m, &a, err);
	arena_clear(&a);
	return r;
}
