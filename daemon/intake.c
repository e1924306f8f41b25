/* A job's modules and its broker's socket. Runs in the daemon. */
#include "daemon/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "daemon/job.h"
#include "daemon/jobs.h"
#include "daemon/module.h"
#include "daemon/store.h"
#include "daemon/templates.h"
#include "daemon/upload.h"
#include "daemon/user.h"

/* What came by digest has told its size only now. */
static int
intake_check_size(const struct job *j, struct err *err)
{
	const struct program *p = &j->program;
	uint64_t max = j->jobs->config.max_module;
	uint64_t size = module_size(p->module);

	for (unsigned i = 0; i < p->npreload; i++)
		size += module_size(p->preload[i].module);
	return size <= max ? 0 : err_set(err, PROTO_ERROR_TOO_LARGE,
		"the modules have %" PRIu64 " bytes, more than the limit of %"
		PRIu64, size, max);
}

static void
intake_on_module(void *arg, const struct err *err)
{
	struct job *j = arg;

	/* One of several may be complete after the job's end. */
	if (j->state != JOB_READING)
		return;
	if (err == NULL) {
		if (--j->reading > 0)
			return;
		program_set_key(&j->program);
		if (intake_check_size(j, &j->refusal) == 0 &&
		    templates_admit(j->jobs->config.templates, j->user->uid,
			    &j->program, &j->refusal, &j->retry_ms) == 0) {
			job_event(j, JOB_EV_MODULE);
			return;
		}
	} else {
		j->refusal = *err;
	}
	memcpy(j->facts.text, j->refusal.text, sizeof(j->refusal.text));
	facts_blame(&j->facts, CAUSE_MODULE);
	job_event(j, JOB_EV_NO_MODULE);
}

static void
intake_on_fetched(void *arg, struct module *m, const struct err *err)
{
	struct job_fetch *f = arg;

	f->op = NULL;
	if (err == NULL)
		*f->to = module_ref(m);
	intake_on_module(f->job, err);
}

/* A module of the next descriptor, which is taken. All of a job's together
 * are as large as one may be, *room. */
static struct module *
intake_next_module(struct job *j, struct fds *fds, size_t *at, uint64_t *room,
	struct err *err)
{
	struct module_reader reader = { intake_on_module, j };
	int fd = fds->fd[*at];
	struct module *m;

	fds->fd[(*at)++] = -1;
	m = module_from_fd_take(j->jobs->config.base, fd, *room, reader, err);
	if (m != NULL) {
		*room -= module_size(m);
		j->reading++;
	}
	return m;
}

/* The socket to the client's broker: the last descriptor, which is taken. It is
 * passed on to the child and never read here. */
static int
intake_broker(struct job *j, const struct msg *m, struct fds *fds, size_t at,
	struct err *err)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);
	int fd;

	if (msg_number(m, FIELD_SUBMIT_BROKER, 0) == 0)
		return 0;
	fd = fds->fd[at];
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    domain != AF_UNIX || type != SOCK_SEQPACKET)
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: broker: it is no socket of the type "
			"SOCK_SEQPACKET");
	j->request.broker = fd;
	fds->fd[at] = -1;
	return 0;
}

/* Of the store. */
static int
intake_fetch(struct job *j, const uint8_t digest[DIGEST_BYTES],
	struct module **to, struct err *err)
{
	struct job_fetch *f = &j->fetches[j->nfetches];
	struct store_reader reader = { intake_on_fetched, f };

	if (store_ready(j->jobs->config.store, err) == -1)
		return -1;
	f->job = j;
	f->to = to;
	f->op = store_get(j->jobs->config.store, j->user->uid, digest, reader);
	if (f->op == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	j->nfetches++;
	j->reading++;
	return 0;
}

/* Of those that are held for the connection: as if its descriptor had come. */
static int
intake_held(struct job *j, const struct module *held, struct module **to,
	struct err *err)
{
	struct module_reader reader = { intake_on_module, j };
	int fd = fcntl(module_fd(held), F_DUPFD_CLOEXEC, 3);

	if (fd == -1)
		return err_set(err, PROTO_ERROR_INTERNAL,
			"the module cannot be kept: %s", strerror(errno));
	*to = module_from_fd_take(j->jobs->config.base, fd,
		j->jobs->config.max_module, reader, err);
	if (*to == NULL)
		return -1;
	j->reading++;
	return 0;
}

static int
intake_by_digest(struct job *j, struct span hex, const struct conn *conn,
	struct module **to, struct err *err)
{
	uint8_t digest[DIGEST_BYTES];
	const struct module *held;

	if (!digest_parse(digest, hex.data, hex.len))
		return err_set(err, PROTO_ERROR_USAGE, "submit: digest: not 64 "
			"hexadecimal digits in lower case");
	held = upload_held(conn, digest);
	return held != NULL ? intake_held(j, held, to, err) :
		intake_fetch(j, digest, to, err);
}

static int
intake_main_module(struct job *j, const struct conn *conn, const struct msg *m,
	struct fds *fds, size_t *at, uint64_t *room, struct err *err)
{
	struct module_reader reader = { intake_on_module, j };
	struct span bytes = msg_bytes(m, FIELD_SUBMIT_MODULE);
	struct program *p = &j->program;

	if (msg_has(m, FIELD_SUBMIT_DIGEST))
		return intake_by_digest(j, msg_bytes(m, FIELD_SUBMIT_DIGEST),
			conn, &p->module, err);
	if (msg_has(m, FIELD_SUBMIT_MODULE)) {
		if (bytes.len > *room)
			return err_set(err, PROTO_ERROR_TOO_LARGE, "the module "
				"has %zu bytes, more than the limit of %" PRIu64,
				bytes.len, *room);
		*room -= bytes.len;
		p->module = module_from_bytes(j->jobs->config.base, j->user->uid,
			bytes, reader, err);
		j->reading++;
	} else {
		p->module = intake_next_module(j, fds, at, room, err);
	}
	return p->module == NULL ? -1 : 0;
}

/* preload_digests has one for each, or is not there. */
static int
intake_preload(struct job *j, const struct conn *conn, const struct msg *m,
	struct fds *fds, size_t *at, uint64_t *room, struct err *err)
{
	struct program *p = &j->program;
	size_t ndigests;
	const struct span *digests = msg_strs(m, FIELD_SUBMIT_PRELOAD_DIGESTS,
		&ndigests);

	for (unsigned i = 0; i < p->npreload; i++) {
		struct module **to = &p->preload[i].module;

		if (i < ndigests && digests[i].len > 0)
			intake_by_digest(j, digests[i], conn, to, err);
		else
			*to = intake_next_module(j, fds, at, room, err);
		if (err->code != 0) {
			err_prefix(err, "preload %s", p->preload[i].name);
			return -1;
		}
	}
	return 0;
}

int
intake_take(struct job *j, const struct conn *conn, const struct msg *m,
	struct fds *fds, struct err *err)
{
	uint64_t room = j->jobs->config.max_module;
	size_t at = 0;

	if (intake_main_module(j, conn, m, fds, &at, &room, err) == -1 ||
	    intake_preload(j, conn, m, fds, &at, &room, err) == -1)
		return -1;
	return intake_broker(j, m, fds, at, err);
}
