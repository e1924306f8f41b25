/* A detached job on its way to the daemon's successor. Runs in the daemon. */
#include "config.h"

#include "daemon/parcel.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/kept.h"
#include "daemon/request_jobs.h"
#include "daemon/user.h"
#include "proto/wire.h"

/* ---- packing --------------------------------------------------------------- */

static int
parcel_add(int fd, const struct msg *m, struct err *err)
{
	struct buf frame;
	int r;

	buf_init(&frame, WIRE_HEADER + PROTO_FRAME_MAX);
	r = msg_pack(m, &frame, err);
	if (r == 0 && fd_write_all(fd, frame.data, frame.len) == -1)
		r = err_set(err, PROTO_ERROR_INTERNAL, "%s", strerror(errno));
	buf_clear(&frame);
	return r;
}

static int
parcel_add_output(int to, const struct kept *p, struct err *err)
{
	uint64_t at = p->output.begin;

	while (at < p->output.end) {
		const void *data;
		struct msg m;
		int fd;
		size_t len = backlog_read(&p->output, at, &fd, &data);

		len = len < PROTO_DATA_MAX ? len : PROTO_DATA_MAX;
		msg_init_notify(&m, MSG_JOB_OUTPUT);
		msg_set_number(&m, FIELD_JOB_OUTPUT_JOB, p->id);
		msg_set_number(&m, FIELD_JOB_OUTPUT_FD, (uint64_t)fd);
		msg_set_bytes(&m, FIELD_JOB_OUTPUT_DATA, data, len);
		if (parcel_add(to, &m, err) == -1)
			return -1;
		at += len;
	}
	return 0;
}

int
parcel_pack(const struct kept *p, struct err *err)
{
	int fd = memfd_create("wasmd-job", MFD_CLOEXEC);
	struct msg item;

	if (fd == -1)
		return err_set(err, PROTO_ERROR_INTERNAL, "%s", strerror(errno));
	item_of_ended(&item, 0, p);
	if (parcel_add(fd, &item, err) == 0 &&
	    fd_write_all(fd, p->record.data, p->record.len) == -1)
		err_set(err, PROTO_ERROR_INTERNAL, "%s", strerror(errno));
	if (err->code == 0 && parcel_add_output(fd, p, err) == 0)
		return fd;
	fd_close(&fd);
	return -1;
}

/* ---- opening --------------------------------------------------------------- */

struct opening {
	struct keeper *keeper;
	struct users *users;
	struct kept *kept;	/* once its item has come */
};

static int
opening_none(void *arg, uint32_t call)
{
	return -1;
}

static int
opening_take_item(struct opening *o, const struct msg *m, struct err *err)
{
	struct span module = msg_bytes(m, FIELD_JOB_ITEM_MODULE);
	struct user *user;
	struct kept *p;

	if (o->kept != NULL || keeper_find(o->keeper,
		    msg_number(m, FIELD_JOB_ITEM_JOB, 0), 0) != NULL)
		return err_set(err, PROTO_ERROR_PROTOCOL, "a second job");
	user = user_ref(o->users,
		(uid_t)msg_number(m, FIELD_JOB_ITEM_UID, 0));
	p = user == NULL ? NULL : kept_begin(o->keeper, user);
	user_unref(user);
	if (p == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	p->id = msg_number(m, FIELD_JOB_ITEM_JOB, 0);
	memcpy(p->module, module.data, module.len < DIGEST_HEX ? module.len :
		DIGEST_HEX);
	p->client = (pid_t)msg_number(m, FIELD_JOB_ITEM_PID, 0);
	p->created_s = msg_number(m, FIELD_JOB_ITEM_CREATED_S, 0);
	p->ended_s = msg_number(m, FIELD_JOB_ITEM_ENDED_S, 0);
	p->bytes[0] = msg_number(m, FIELD_JOB_ITEM_BYTES_OUT, 0);
	p->bytes[1] = msg_number(m, FIELD_JOB_ITEM_BYTES_ERR, 0);
	p->output.begin = p->output.end =
		msg_number(m, FIELD_JOB_ITEM_DROPPED, 0);
	o->kept = p;
	return 0;
}

static int
opening_take_output(struct opening *o, const struct msg *m, struct err *err)
{
	struct span data = msg_bytes(m, FIELD_JOB_OUTPUT_DATA);
	uint64_t fd = msg_number(m, FIELD_JOB_OUTPUT_FD, 0);

	if (fd != 1 && fd != 2)
		return err_set(err, PROTO_ERROR_PROTOCOL, "no such stream");
	backlog_append(&o->kept->output, (int)fd, data.data, data.len);
	return 0;
}

static int
opening_take(struct opening *o, const struct msg *m, struct err *err)
{
	if (m->id == MSG_JOB_ITEM)
		return opening_take_item(o, m, err);
	if (o->kept == NULL)
		return err_set(err, PROTO_ERROR_PROTOCOL, "no job");
	if (m->id == MSG_JOB_OUTPUT)
		return opening_take_output(o, m, err);
	if (m->id != MSG_JOB_EXIT)
		return err_set(err, PROTO_ERROR_PROTOCOL, "another message");
	kept_note_record(o->kept, m);
	return 0;
}

static int
opening_take_frame(struct opening *o, const uint8_t *frame, size_t len,
	struct err *err)
{
	const struct msg_side side = { TO_CLIENT, opening_none, NULL };
	struct msg m;
	int r = msg_unpack(&m, &side, frame, len, err);

	if (r == 0 && m.id != MSG_COUNT)
		r = opening_take(o, &m, err);
	msg_clear(&m);
	return r;
}

static int
opening_read(struct opening *o, int fd, struct wire *in, struct err *err)
{
	uint8_t chunk[WIRE_FEED_MAX];
	const uint8_t *frame;
	off_t at = 0;
	size_t len;
	ssize_t n;
	int r;

	while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		at += n;
		if (wire_feed(in, chunk, (size_t)n, err) == -1)
			return -1;
		while ((r = wire_next(in, &frame, &len, err)) == 1) {
			if (opening_take_frame(o, frame, len, err) == -1)
				return -1;
		}
		if (r == -1)
			return -1;
	}
	return n == 0 && o->kept != NULL && o->kept->status[0] != '\0' ? 0 :
		err_set(err, PROTO_ERROR_PROTOCOL, "it is not whole");
}

int
parcel_open(struct keeper *k, struct users *users, int fd, struct err *err)
{
	struct opening o = { .keeper = k, .users = users };
	struct wire in;
	int r;

	wire_init(&in);
	r = opening_read(&o, fd, &in, err);
	wire_clear(&in);
	if (r == 0)
		kept_take_over(o.kept);
	else if (o.kept != NULL)
		kept_give_up(o.kept);
	return r;
}
