/* Typed arguments from text, and results for the result frame. */
#include "guest/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* All of text as an unsigned number of at most max. */
static bool
parse_unsigned(const char *text, uint64_t max, uint64_t *out)
{
	const bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	const unsigned base = hex ? 16 : 10;
	uint64_t n = 0;

	if (hex)
		text += 2;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned)digit_value(*text);

		if (digit >= base || n > (max - digit) / base)
			return false;
		n = n * base + digit;
	}
	*out = n;
	return true;
}

/* Of bits bits, in either reading: -2^(bits-1) to 2^bits - 1. */
static bool
parse_integer(const char *text, unsigned bits, uint64_t *out)
{
	const uint64_t max = UINT64_MAX >> (64 - bits);

	if (text[0] == '-') {
		if (!parse_unsigned(text + 1, max / 2 + 1, out))
			return false;
		*out = (0 - *out) & max;
		return true;
	}
	return parse_unsigned(text + (text[0] == '+'), max, out);
}

/* "nan:0x..." with a payload that fits, behind an optional sign. */
static bool
parse_nan(const char *text, unsigned payload_bits, uint64_t *payload)
{
	static const char prefix[] = "nan:0x";

	text += text[0] == '-' || text[0] == '+';
	return strncmp(text, prefix, sizeof(prefix) - 1) == 0 &&
	    parse_unsigned(text + 4, UINT64_MAX >> (64 - payload_bits),
	    payload) && *payload != 0;
}

/* strtod(3) takes more than a number: spaces before it, and nothing at all. */
static bool
float_begins(const char *text)
{
	text += text[0] == '-' || text[0] == '+';
	return digit_value(text[0]) < 10 || text[0] == '.' ||
	    strcmp(text, "inf") == 0 || strcmp(text, "nan") == 0;
}

static bool
parse_f32(const char *text, uint32_t *out)
{
	uint64_t payload;
	char *end;
	float f;

	if (parse_nan(text, 23, &payload)) {
		*out = 0x7f800000u | (uint32_t)payload |
		    (text[0] == '-' ? 1u << 31 : 0);
		return true;
	}
	errno = 0;
	f = strtof(text, &end);
	memcpy(out, &f, sizeof(*out));
	return float_begins(text) && *end == '\0' &&
	    !(errno == ERANGE && __builtin_isinf(f));
}

static bool
parse_f64(const char *text, uint64_t *out)
{
	uint64_t payload;
	char *end;
	double d;

	if (parse_nan(text, 52, &payload)) {
		*out = 0x7ffull << 52 | payload |
		    (text[0] == '-' ? 1ull << 63 : 0);
		return true;
	}
	errno = 0;
	d = strtod(text, &end);
	memcpy(out, &d, sizeof(*out));
	return float_begins(text) && *end == '\0' &&
	    !(errno == ERANGE && __builtin_isinf(d));
}

static bool
parse_v128(const char *text, uint8_t out[16])
{
	if (strlen(text) != 34 || text[0] != '0' || text[1] != 'x')
		return false;
	for (int i = 0; i < 16; i++) {
		int high = digit_value(text[2 + 2 * i]);
		int low = digit_value(text[3 + 2 * i]);

		if (high > 15 || low > 15)
			return false;
		out[15 - i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool
value_parse(const char *text, valtype type, struct vm_value *out)
{
	struct vm_value v = { .type = type };
	uint64_t n;
	bool ok;

	switch (valtype_kind(type)) {
	case VAL_I32:
		ok = parse_integer(text, 32, &n);
		v.i32 = (uint32_t)n;
		break;
	case VAL_I64:
		ok = parse_integer(text, 64, &v.i64);
		break;
	case VAL_F32:
		ok = parse_f32(text, &v.f32);
		break;
	case VAL_F64:
		ok = parse_f64(text, &v.f64);
		break;
	case VAL_V128:
		ok = parse_v128(text, v.v128);
		break;
	default:
		v.ref = 0;
		ok = valtype_is_nullable(type) && strcmp(text, "null") == 0;
	}
	if (ok)
		*out = v;
	return ok;
}

void
value_pack(const struct vm_value *v, struct call_value *out)
{
	*out = (struct call_value){ 0 };
	switch (valtype_kind(v->type)) {
	case VAL_I32:
		out->kind = 'i';
		memcpy(out->bytes, &v->i32, sizeof(v->i32));
		break;
	case VAL_I64:
		out->kind = 'l';
		memcpy(out->bytes, &v->i64, sizeof(v->i64));
		break;
	case VAL_F32:
		out->kind = 'f';
		memcpy(out->bytes, &v->f32, sizeof(v->f32));
		break;
	case VAL_F64:
		out->kind = 'd';
		memcpy(out->bytes, &v->f64, sizeof(v->f64));
		break;
	case VAL_V128:
		out->kind = 'v';
		memcpy(out->bytes, v->v128, sizeof(v->v128));
		break;
	default:
		out->kind = 'r';
		out->bytes[0] = v->ref != 0;
	}
}
