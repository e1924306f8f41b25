/* Typed values as text. Runs in daemon and clients. */
#include "config.h"

#include "proto/typed.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is written and read between these has a point, not a comma. */
static locale_t
typed_locale(void)
{
	return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

static void
typed_end_locale(locale_t before)
{
	freelocale(uselocale(before));
}

/* ---- writing ------------------------------------------------------------- */

static uint64_t
typed_bits(const struct typed *v, int nbytes)
{
	uint64_t bits = 0;

	for (int i = 0; i < nbytes; i++)
		bits |= (uint64_t)v->bytes[i] << (8 * i);
	return bits;
}

/* As it is written and read: the sign, and the payload that is not 0. */
static void
typed_format_nan(char text[TYPED_TEXT_MAX], const struct typed *v)
{
	uint64_t bits = typed_bits(v, v->kind == 'f' ? 4 : 8);
	int width = v->kind == 'f' ? 32 : 64;
	uint64_t payload = bits & (v->kind == 'f' ? 0x7fffffu :
		0xfffffffffffffu);

	snprintf(text, TYPED_TEXT_MAX, "f%d:%snan:0x%" PRIx64, width,
		bits >> (width - 1) != 0 ? "-" : "", payload);
}

static double
typed_double(const struct typed *v)
{
	union { uint64_t bits; double d; } u = { .bits = typed_bits(v, 8) };
	union { uint32_t bits; float f; } u32 = {
		.bits = (uint32_t)typed_bits(v, 4) };

	return v->kind == 'f' ? (double)u32.f : u.d;
}

static void
typed_format_float(char text[TYPED_TEXT_MAX], const struct typed *v)
{
	locale_t before;

	if (isnan(typed_double(v))) {
		typed_format_nan(text, v);
		return;
	}
	before = typed_locale();
	snprintf(text, TYPED_TEXT_MAX, "f%d:%.*g", v->kind == 'f' ? 32 : 64,
		v->kind == 'f' ? 9 : 17, typed_double(v));
	typed_end_locale(before);
}

void
typed_format(char text[TYPED_TEXT_MAX], const struct typed *v)
{
	size_t n;

	switch (v->kind) {
	case 'i':
		snprintf(text, TYPED_TEXT_MAX, "i32:%" PRId32,
			(int32_t)typed_bits(v, 4));
		break;
	case 'l':
		snprintf(text, TYPED_TEXT_MAX, "i64:%" PRId64,
			(int64_t)typed_bits(v, 8));
		break;
	case 'f':
	case 'd':
		typed_format_float(text, v);
		break;
	case 'v':
		n = (size_t)snprintf(text, TYPED_TEXT_MAX, "v128:0x");
		for (int i = 15; i >= 0; i--, n += 2)
			snprintf(text + n, TYPED_TEXT_MAX - n, "%02x",
				v->bytes[i]);
		break;
	case 'r':
		snprintf(text, TYPED_TEXT_MAX, "ref:%s",
			v->bytes[0] == 0 ? "null" : "opaque");
		break;
	default:
		snprintf(text, TYPED_TEXT_MAX, "unknown");
	}
}

/* ---- reading ------------------------------------------------------------- */

static void
typed_set_bits(struct typed *v, uint64_t bits, int nbytes)
{
	for (int i = 0; i < nbytes; i++)
		v->bytes[i] = (uint8_t)(bits >> (8 * i));
}

static bool
typed_read_integer(struct typed *v, const char *text)
{
	long long n;
	char *end;

	errno = 0;
	n = strtoll(text, &end, 10);
	typed_set_bits(v, (uint64_t)n, v->kind == 'i' ? 4 : 8);
	return end != text && *end == '\0' && errno == 0 &&
		(v->kind == 'l' || (n >= INT32_MIN && n <= INT32_MAX));
}

static bool
typed_read_nan(struct typed *v, const char *text)
{
	bool negative = text[0] == '-';
	bool is_f32 = v->kind == 'f';
	uint64_t payload;
	char *end;

	errno = 0;
	payload = strtoull(text + negative + strlen("nan:"), &end, 16);
	typed_set_bits(v, payload |
		(is_f32 ? 0x7f800000u : 0x7ffull << 52) |
		(uint64_t)negative << (is_f32 ? 31 : 63), is_f32 ? 4 : 8);
	return *end == '\0' && errno == 0 && payload != 0 &&
		payload >> (is_f32 ? 23 : 52) == 0;
}

static bool
typed_read_float(struct typed *v, const char *text)
{
	union { uint64_t bits; double d; } u;
	union { uint32_t bits; float f; } u32;
	locale_t before;
	char *end;

	if (strncmp(text + (text[0] == '-'), "nan:0x", strlen("nan:0x")) == 0)
		return typed_read_nan(v, text);
	before = typed_locale();
	u32.f = strtof(text, &end);
	u.d = strtod(text, &end);
	typed_end_locale(before);
	typed_set_bits(v, v->kind == 'f' ? u32.bits : u.bits,
		v->kind == 'f' ? 4 : 8);
	return end != text && *end == '\0';
}

static bool
typed_read_v128(struct typed *v, const char *text)
{
	unsigned byte;

	if (strlen(text) != 34 || strncmp(text, "0x", 2) != 0 ||
	    strspn(text + 2, "0123456789abcdef") != 32)
		return false;
	for (int i = 0; i < 16; i++) {
		if (sscanf(text + 2 + 2 * i, "%2x", &byte) != 1)
			return false;
		v->bytes[15 - i] = (uint8_t)byte;
	}
	return true;
}

static bool
typed_read_ref(struct typed *v, const char *text)
{
	v->bytes[0] = strcmp(text, "null") != 0;
	return v->bytes[0] == 0 || strcmp(text, "opaque") == 0;
}

static const struct {
	const char *prefix;
	uint32_t kind;
	bool (*read)(struct typed *v, const char *text);
} typed_kinds[] = {
	{ "i32:", 'i', typed_read_integer },
	{ "i64:", 'l', typed_read_integer },
	{ "f32:", 'f', typed_read_float },
	{ "f64:", 'd', typed_read_float },
	{ "v128:", 'v', typed_read_v128 },
	{ "ref:", 'r', typed_read_ref },
};

int
typed_read(struct typed *v, const char *text, size_t len)
{
	char copy[TYPED_TEXT_MAX];
	struct typed read;

	if (len >= sizeof(copy))
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (size_t i = 0; i < sizeof(typed_kinds) / sizeof(typed_kinds[0]);
	    i++) {
		size_t n = strlen(typed_kinds[i].prefix);

		if (strncmp(copy, typed_kinds[i].prefix, n) != 0)
			continue;
		read = (struct typed){ .kind = typed_kinds[i].kind };
		if (!typed_kinds[i].read(&read, copy + n))
			return -1;
		*v = read;
		return 0;
	}
	return -1;
}
