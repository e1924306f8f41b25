/* The arguments and results of WASI's functions as text. */
#include "guest/wasi_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guest/wasi_names.h"

#define BYTES_SHOWN 64		/* of a string or buffer */
#define ITEMS_SHOWN 8		/* of an array */
#define MANY_FLAGS 8		/* all of more than these are "ALL" */
#define NAME_MAX_LEN 24		/* of a parameter or a type */

/* ---- text ---------------------------------------------------------------- */

void
show_printf(struct show *s, const char *fmt, ...)
{
	size_t room = sizeof(s->text) - s->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->text + s->len, room, fmt, ap);
	va_end(ap);
	/* The NUL of what was cut takes a byte. */
	if (n > 0)
		s->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void
show_byte(struct show *s, uint8_t c)
{
	static const char letters[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";
	const char *p = letters;

	while (*p != '\0' && (uint8_t)*p != c)
		p += 2;
	if (*p != '\0')
		show_printf(s, "\\%c", p[1]);
	else if (c < 0x20 || c > 0x7e)
		show_printf(s, "\\x%02x", c);
	else
		show_printf(s, "%c", c);
}

static void
show_bytes(struct show *s, const uint8_t *data, uint64_t len)
{
	show_printf(s, "\"");
	for (uint64_t i = 0; i < len && i < BYTES_SHOWN; i++)
		show_byte(s, data[i]);
	show_printf(s, len > BYTES_SHOWN ? "\"..." : "\"");
}

/* What lies at a guest address, which may be anywhere. */
static void
show_memory(struct show *s, uint32_t addr, uint64_t len)
{
	const uint8_t *data = wasi_mem(s->call, addr, len, 1);

	/* The address of nothing means nothing. */
	if (data == NULL && len > 0)
		show_printf(s, "0x%" PRIx32, addr);
	else
		show_bytes(s, data, len);
}

/* A number of len bytes at a guest address; 0 where there is none. */
static uint64_t
number_at(struct show *s, uint32_t addr, uint32_t len)
{
	const uint8_t *data = wasi_mem(s->call, addr, 1, len);
	uint64_t number = 0;

	if (data != NULL)
		memcpy(&number, data, len);
	return number;
}

/* ---- numbers and names --------------------------------------------------- */

static void
show_name(struct show *s, const struct wasi_names *names, uint64_t value)
{
	if (value < names->count)
		show_printf(s, "%s", names->name[value]);
	else
		show_printf(s, "%" PRIu64, value);
}

static void
show_flags(struct show *s, const struct wasi_names *names, uint64_t value)
{
	const char *joint = "";

	if (names->count > MANY_FLAGS && value == names->all) {
		show_printf(s, "ALL");
		return;
	}
	for (unsigned i = 0; i < names->count; i++) {
		if ((value >> i & 1) == 0)
			continue;
		show_printf(s, "%s%s", joint, names->name[i]);
		joint = "|";
		value &= ~(UINT64_C(1) << i);
	}
	if (value != 0 || joint[0] == '\0')
		show_printf(s, value == 0 ? "0" : "%s0x%" PRIx64, joint, value);
}

/* ---- types --------------------------------------------------------------- */

struct show_type {
	const char *name;
	unsigned nargs;
	enum show_form {
		FORM_UNSIGNED, FORM_SIGNED, FORM_POINTER, FORM_NAME, FORM_FLAGS,
		FORM_OTHER,
	} form;
	uint32_t size;		/* bytes of it in memory */
	const struct wasi_names *names;
	void (*in)(struct show *s, unsigned arg);	/* FORM_OTHER */
	void (*out)(struct show *s, unsigned arg);
};

static uint32_t
arg_of(const struct show *s, unsigned i)
{
	return arg_u32(s->args[i]);
}

/* (path, path_len), (buf, buf_len) */
static void
in_path(struct show *s, unsigned arg)
{
	show_memory(s, arg_of(s, arg), arg_of(s, arg + 1));
}

static void
in_room(struct show *s, unsigned arg)
{
	show_printf(s, "[%" PRIu32 "]", arg_of(s, arg + 1));
}

static void
out_buffer(struct show *s, unsigned arg)
{
	show_memory(s, arg_of(s, arg), arg_of(s, arg + 1));
}

/* The path of path_readlink is in two arguments that are followed by how much
 * of the buffer was used. */
static void
out_used(struct show *s, unsigned arg)
{
	show_memory(s, arg_of(s, arg), number_at(s, arg_of(s, arg + 2), 4));
}

/* Item i of an array of iovec; false at its end or where memory ends. */
static bool
iovec_at(struct show *s, unsigned arg, uint32_t i, struct wasi_iovec *iov)
{
	uint64_t at = arg_of(s, arg) + (uint64_t)i * sizeof(*iov);
	const uint8_t *data = at > UINT32_MAX ? NULL :
		wasi_mem(s->call, (uint32_t)at, 1, sizeof(*iov));

	if (i >= arg_of(s, arg + 1) || data == NULL)
		return false;
	memcpy(iov, data, sizeof(*iov));
	return true;
}

/* left: bytes that there are in the buffers; room: only their lengths. */
static void
show_iovs(struct show *s, unsigned arg, uint64_t left, bool room)
{
	struct wasi_iovec iov;
	uint32_t i;

	show_printf(s, "[");
	for (i = 0; i < ITEMS_SHOWN && left > 0 &&
	    iovec_at(s, arg, i, &iov); i++) {
		uint64_t n = iov.buf_len < left ? iov.buf_len : left;

		show_printf(s, "%s", i == 0 ? "" : ", ");
		if (room)
			show_printf(s, "%" PRIu32, iov.buf_len);
		else
			show_memory(s, iov.buf, n);
		left -= room ? 0 : n;
	}
	show_printf(s, left > 0 && i < arg_of(s, arg + 1) ? ", ...]" : "]");
}

static void
in_iovs(struct show *s, unsigned arg)
{
	show_iovs(s, arg, UINT64_MAX, false);
}

static void
in_iovs_room(struct show *s, unsigned arg)
{
	show_iovs(s, arg, UINT64_MAX, true);
}

/* How much was read is in the argument behind the array, or, of fd_pread and
 * sock_recv, behind one more. */
static void
out_iovs(struct show *s, unsigned arg)
{
	show_iovs(s, arg, number_at(s, arg_of(s, arg + 2), 4), false);
}

static void
out_iovs_later(struct show *s, unsigned arg)
{
	show_iovs(s, arg, number_at(s, arg_of(s, arg + 3), 4), false);
}

static void
out_fdstat(struct show *s, unsigned arg)
{
	struct wasi_fdstat stat;
	const uint8_t *data = wasi_mem(s->call, arg_of(s, arg), 1, sizeof(stat));

	if (data == NULL)
		return;
	memcpy(&stat, data, sizeof(stat));
	show_printf(s, "{type=");
	show_name(s, &wasi_filetypes, stat.filetype);
	show_printf(s, ", flags=");
	show_flags(s, &wasi_fdflags, stat.flags);
	show_printf(s, ", base=");
	show_flags(s, &wasi_rights, stat.rights_base);
	show_printf(s, ", inheriting=");
	show_flags(s, &wasi_rights, stat.rights_inheriting);
	show_printf(s, "}");
}

static void
out_filestat(struct show *s, unsigned arg)
{
	/* Of the older interface the number of links is shorter. */
	uint32_t shift = s->unstable ? 8 : 0, at = arg_of(s, arg);

	show_printf(s, "{type=");
	show_name(s, &wasi_filetypes, number_at(s, at + 16, 1));
	show_printf(s, ", ino=%" PRIu64 ", nlink=%" PRIu64 ", size=%" PRIu64
		", mtim=%" PRIu64 "}", number_at(s, at + 8, 8),
		s->unstable ? number_at(s, at + 20, 4) : number_at(s, at + 24, 8),
		number_at(s, at + 32 - shift, 8),
		number_at(s, at + 48 - shift, 8));
}

static void
out_prestat(struct show *s, unsigned arg)
{
	show_printf(s, "{dir, len=%" PRIu64 "}",
		number_at(s, arg_of(s, arg) + 4, 4));
}

/* (buf, buf_len, cookie, bufused): whole entries, and how much of one */
static void
out_dirents(struct show *s, unsigned arg)
{
	uint64_t used = number_at(s, arg_of(s, arg + 3), 4), at = 0;
	uint32_t buf = arg_of(s, arg), shown = 0;

	show_printf(s, "[");
	while (used - at >= 24 && shown < ITEMS_SHOWN) {
		uint32_t entry = buf + (uint32_t)at;
		uint64_t len = number_at(s, entry + 16, 4);

		if (len > used - at - 24)
			break;
		show_printf(s, "%s", shown++ == 0 ? "" : ", ");
		show_memory(s, entry + 24, len);
		at += 24 + len;
	}
	show_printf(s, at < used ? "%s...]" : "]", shown == 0 ? "" : ", ");
}

/* (in, out, nsubscriptions, nevents) */
static void
in_subscriptions(struct show *s, unsigned arg)
{
	uint32_t size = s->unstable ? 56 : 48, clock = s->unstable ? 24 : 16;
	uint32_t n = arg_of(s, arg + 2), at = arg_of(s, arg), i;

	show_printf(s, "[");
	for (i = 0; i < n && i < ITEMS_SHOWN &&
	    wasi_mem(s->call, at, 1, size) != NULL; i++, at += size) {
		uint64_t type = number_at(s, at + 8, 1);

		show_printf(s, "%s", i == 0 ? "" : ", ");
		show_name(s, &wasi_eventtypes, type);
		if (type != WASI_EVENT_CLOCK) {
			show_printf(s, " fd=%" PRIu64, number_at(s, at + 16, 4));
			continue;
		}
		show_printf(s, " ");
		show_name(s, &wasi_clockids, number_at(s, at + clock, 4));
		show_printf(s, " %s%" PRIu64,
			number_at(s, at + clock + 24, 2) & 1 ? "at " : "",
			number_at(s, at + clock + 8, 8));
	}
	show_printf(s, i < n ? ", ...]" : "]");
}

static void
out_events(struct show *s, unsigned arg)
{
	uint64_t n = number_at(s, arg_of(s, arg + 2), 4), i;
	uint32_t at = arg_of(s, arg);

	show_printf(s, "[");
	for (i = 0; i < n && i < ITEMS_SHOWN; i++, at += 32) {
		uint64_t error = number_at(s, at + 8, 2);

		show_printf(s, "%s", i == 0 ? "" : ", ");
		show_name(s, &wasi_eventtypes, number_at(s, at + 10, 1));
		show_printf(s, error == 0 ? "" : " ");
		if (error != 0)
			show_name(s, &wasi_errnos, error);
	}
	show_printf(s, i < n ? ", ...]" : "]");
}

static void
in_nothing(struct show *s, unsigned arg)
{
}

/*
 * A type that is both asked for and given back, such as iovs, has two rows: the
 * one with an out is for name>type.
 */
static const struct show_type types[] = {
	{ "fd", 1, FORM_UNSIGNED, 4, NULL, NULL, NULL },
	{ "size", 1, FORM_UNSIGNED, 4, NULL, NULL, NULL },
	{ "exitcode", 1, FORM_UNSIGNED, 4, NULL, NULL, NULL },
	{ "filesize", 1, FORM_UNSIGNED, 8, NULL, NULL, NULL },
	{ "filedelta", 1, FORM_SIGNED, 8, NULL, NULL, NULL },
	{ "dircookie", 1, FORM_UNSIGNED, 8, NULL, NULL, NULL },
	{ "timestamp", 1, FORM_UNSIGNED, 8, NULL, NULL, NULL },
	{ "ptr", 1, FORM_POINTER, 4, NULL, NULL, NULL },
	{ "clockid", 1, FORM_NAME, 4, &wasi_clockids, NULL, NULL },
	{ "advice", 1, FORM_NAME, 1, &wasi_advices, NULL, NULL },
	{ "whence", 1, FORM_NAME, 1, &wasi_whences, NULL, NULL },
	{ "signal", 1, FORM_NAME, 1, &wasi_signals, NULL, NULL },
	{ "fdflags", 1, FORM_FLAGS, 2, &wasi_fdflags, NULL, NULL },
	{ "rights", 1, FORM_FLAGS, 8, &wasi_rights, NULL, NULL },
	{ "oflags", 1, FORM_FLAGS, 2, &wasi_oflags, NULL, NULL },
	{ "lookupflags", 1, FORM_FLAGS, 4, &wasi_lookupflags, NULL, NULL },
	{ "fstflags", 1, FORM_FLAGS, 2, &wasi_fstflags, NULL, NULL },
	{ "riflags", 1, FORM_FLAGS, 2, &wasi_riflags, NULL, NULL },
	{ "roflags", 1, FORM_FLAGS, 2, &wasi_roflags, NULL, NULL },
	{ "siflags", 1, FORM_FLAGS, 2, &wasi_siflags, NULL, NULL },
	{ "sdflags", 1, FORM_FLAGS, 1, &wasi_sdflags, NULL, NULL },
	{ "path", 2, FORM_OTHER, 0, NULL, in_path, NULL },
	{ "iovs", 2, FORM_OTHER, 0, NULL, in_iovs, NULL },
	{ "subscriptions", 1, FORM_OTHER, 0, NULL, in_subscriptions, NULL },
	{ "buffer", 2, FORM_OTHER, 0, NULL, in_room, out_buffer },
	{ "used", 2, FORM_OTHER, 0, NULL, in_room, out_used },
	{ "iovs", 2, FORM_OTHER, 0, NULL, in_iovs_room, out_iovs },
	{ "iovs_later", 2, FORM_OTHER, 0, NULL, in_iovs_room, out_iovs_later },
	{ "dirents", 2, FORM_OTHER, 0, NULL, in_room, out_dirents },
	{ "fdstat", 1, FORM_OTHER, 0, NULL, in_nothing, out_fdstat },
	{ "filestat", 1, FORM_OTHER, 0, NULL, in_nothing, out_filestat },
	{ "prestat", 1, FORM_OTHER, 0, NULL, in_nothing, out_prestat },
	{ "events", 1, FORM_OTHER, 0, NULL, in_nothing, out_events },
};

/* ---- parameters ---------------------------------------------------------- */

struct param {
	char name[NAME_MAX_LEN];
	bool out;
	const struct show_type *type;
};

static const struct show_type *
find_type(const char *name, bool out)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0 &&
		    (types[i].form != FORM_OTHER || (types[i].out != NULL) == out))
			return &types[i];
	return NULL;
}

/* The next parameter of the text, which goes on behind it; false at its end. */
static bool
param_next(const char **params, struct param *p)
{
	size_t len = strcspn(*params, " "), name = strcspn(*params, " :>");
	char type[NAME_MAX_LEN];
	const char *at = *params;

	if (len == 0)
		return false;
	p->out = at[name] == '>';
	snprintf(p->name, sizeof(p->name), "%.*s", (int)name, at);
	if (name < len)
		name++;
	else
		name = 0;
	snprintf(type, sizeof(type), "%.*s", (int)(len - name), at + name);
	p->type = find_type(type, p->out);
	*params += len + (at[len] == ' ');
	return true;
}

int
show_count(const char *params)
{
	struct param p;
	int n = 0;

	while (param_next(&params, &p)) {
		if (p.type == NULL)
			return -1;
		n += (int)p.type->nargs;
	}
	return n;
}

static void
show_value(struct show *s, const struct show_type *t, uint64_t value)
{
	switch (t->form) {
	case FORM_UNSIGNED:
		show_printf(s, "%" PRIu64, value);
		break;
	case FORM_SIGNED:
		show_printf(s, "%" PRId64, (int64_t)value);
		break;
	case FORM_POINTER:
		show_printf(s, "0x%" PRIx64, value);
		break;
	case FORM_NAME:
		/* The older interface counts otherwise. */
		show_name(s, s->unstable && t->names == &wasi_whences ?
			&wasi_whences_unstable : t->names, value);
		break;
	case FORM_FLAGS:
		show_flags(s, t->names, value);
		break;
	case FORM_OTHER:
		break;
	}
}

void
show_arguments(struct show *s, const char *params)
{
	const char *joint = "";
	unsigned arg = 0;
	struct param p;

	for (; param_next(&params, &p); arg += p.type->nargs) {
		if (p.out && (p.type->form != FORM_OTHER ||
		    p.type->in == in_nothing))
			continue;
		show_printf(s, "%s%s=", joint, p.name);
		joint = ", ";
		if (p.type->form == FORM_OTHER)
			p.type->in(s, arg);
		else
			show_value(s, p.type, p.type->size == 8 ?
				s->args[arg] : arg_of(s, arg));
	}
}

void
show_results(struct show *s, const char *params)
{
	unsigned arg = 0;
	struct param p;

	for (; param_next(&params, &p); arg += p.type->nargs) {
		if (!p.out)
			continue;
		show_printf(s, " %s=", p.name);
		if (p.type->form == FORM_OTHER)
			p.type->out(s, arg);
		else
			show_value(s, p.type,
				number_at(s, arg_of(s, arg), p.type->size));
	}
}
