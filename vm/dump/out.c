/* Text on its way to a sink. */
#include "vm/dump/out.h"

#include <string.h>

void
out_init(struct out *o, const struct dump_sink *sink)
{
	o->sink = sink;
	o->stopped = false;
	o->in_json = false;
	o->len = 0;
}

static void
out_flush(struct out *o)
{
	if (!o->stopped && o->len > 0 &&
	    o->sink->write(o->sink->arg, o->buf, o->len) == -1)
		o->stopped = true;
	o->len = 0;
}

int
out_finish(struct out *o)
{
	out_flush(o);
	return o->stopped ? -1 : 0;
}

static void
out_raw(struct out *o, const char *data, size_t len)
{
	while (len > 0) {
		size_t n = sizeof(o->buf) - o->len;

		if (n > len)
			n = len;
		memcpy(o->buf + o->len, data, n);
		o->len += n;
		data += n;
		len -= n;
		if (o->len == sizeof(o->buf))
			out_flush(o);
	}
}

void
out_bytes(struct out *o, const char *data, size_t len)
{
	if (!o->in_json) {
		out_raw(o, data, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '"' || data[i] == '\\')
			out_raw(o, "\\", 1);
		out_raw(o, data + i, 1);
	}
}

void
out_text(struct out *o, const char *text)
{
	out_bytes(o, text, strlen(text));
}

void
out_spaces(struct out *o, unsigned n)
{
	static const char spaces[] = "                ";

	for (; n >= sizeof(spaces); n -= sizeof(spaces) - 1)
		out_bytes(o, spaces, sizeof(spaces) - 1);
	out_bytes(o, spaces, n);
}

/* At least min_digits of them, and one. */
static void
out_number(struct out *o, uint64_t n, unsigned base, unsigned min_digits)
{
	char text[32];
	unsigned at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0 || sizeof(text) - at < min_digits);
	out_bytes(o, text + at, sizeof(text) - at);
}

void
out_u64(struct out *o, uint64_t n)
{
	out_number(o, n, 10, 1);
}

void
out_i64(struct out *o, int64_t n)
{
	if (n < 0)
		out_bytes(o, "-", 1);
	out_number(o, n < 0 ? -(uint64_t)n : (uint64_t)n, 10, 1);
}

void
out_hex(struct out *o, uint64_t n, unsigned min_digits)
{
	out_bytes(o, "0x", 2);
	out_number(o, n, 16, min_digits);
}

/* ---- names ------------------------------------------------------------- */

/* The code point at the front of a name that is not empty, and its length.
 * Names were checked to be UTF-8 when they were read. */
static uint32_t
name_first(struct name name, uint32_t *len)
{
	const unsigned char *p = (const unsigned char *)name.data;
	uint32_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

	if (n > name.len)
		n = name.len;
	for (uint32_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	*len = n;
	return c;
}

/*
 * Characters that are not shown, or change how others are: controls, and
 * Unicode's formatting characters (direction, joining, line ends, tags).
 */
static bool
is_unsafe(uint32_t c)
{
	static const uint32_t ranges[][2] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x061c, 0x061c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	}
	return false;
}

static void
out_text_escape(struct out *o, uint32_t c)
{
	out_bytes(o, "\\u{", 3);
	out_number(o, c, 16, 1);
	out_bytes(o, "}", 1);
}

static void
out_json_escape(struct out *o, uint32_t c)
{
	if (c > 0xffff) {
		out_bytes(o, "\\u", 2);
		out_number(o, 0xd800 + ((c - 0x10000) >> 10), 16, 4);
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	out_bytes(o, "\\u", 2);
	out_number(o, c, 16, 4);
}

static void
out_escaped(struct out *o, struct name name,
	void (*escape)(struct out *o, uint32_t c))
{
	while (name.len > 0) {
		uint32_t len, c = name_first(name, &len);

		if (c == '"' || c == '\\') {
			out_bytes(o, "\\", 1);
			out_bytes(o, name.data, 1);
		} else if (is_unsafe(c)) {
			escape(o, c);
		} else {
			out_bytes(o, name.data, len);
		}
		name.data += len;
		name.len -= len;
	}
}

/* The front of a long name, up to the end of a character. */
static struct name
name_cut(struct name name)
{
	if (name.len > OUT_NAME_MAX) {
		name.len = OUT_NAME_MAX;
		while ((name.data[name.len] & 0xc0) == 0x80)
			name.len--;
	}
	return name;
}

void
out_quoted(struct out *o, struct name name)
{
	out_bytes(o, "\"", 1);
	out_escaped(o, name, out_text_escape);
	out_bytes(o, "\"", 1);
}

void
out_quoted_cut(struct out *o, struct name name)
{
	struct name front = name_cut(name);

	out_quoted(o, front);
	if (front.len < name.len)
		out_text(o, "...");
}

/* https://webassembly.github.io/spec/core/text/values.html#text-id */
static bool
is_id(struct name name)
{
	for (uint32_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"(),;[]{}", c) != NULL)
			return false;
	}
	return name.len > 0;
}

void
out_id(struct out *o, struct name name)
{
	struct name front = name_cut(name);

	out_bytes(o, "$", 1);
	if (!is_id(front)) {
		out_quoted_cut(o, name);
		return;
	}
	out_bytes(o, front.data, front.len);
	if (front.len < name.len)
		out_text(o, "...");
}

/* ---- JSON -------------------------------------------------------------- */

void
out_json_name(struct out *o, struct name name)
{
	out_bytes(o, "\"", 1);
	out_escaped(o, name, out_json_escape);
	out_bytes(o, "\"", 1);
}

void
out_json_open(struct out *o)
{
	out_bytes(o, "\"", 1);
	o->in_json = true;
}

void
out_json_close(struct out *o)
{
	o->in_json = false;
	out_bytes(o, "\"", 1);
}

void
out_json_u64(struct out *o, uint64_t n)
{
	const char *quote = n > (UINT64_C(1) << 53) - 1 ? "\"" : "";

	out_text(o, quote);
	out_u64(o, n);
	out_text(o, quote);
}
