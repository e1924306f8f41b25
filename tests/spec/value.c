/* Values of the test suite's commands. */
#include "tests/spec/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/syntax/text.h"

#define NAN_CANONICAL "nan:canonical"
#define NAN_ARITHMETIC "nan:arithmetic"

static const struct number_type {
	const char *name;
	valtype type;
	unsigned bits;
	bool is_float;
} number_types[] = {
	{ "i8", VAL_BOT, 8, false },	/* lanes only */
	{ "i16", VAL_BOT, 16, false },
	{ "i32", VAL_I32, 32, false },
	{ "i64", VAL_I64, 64, false },
	{ "f32", VAL_F32, 32, true },
	{ "f64", VAL_F64, 64, true },
};

static const struct ref_type {
	const char *name;
	heaptype heap;
} ref_types[] = {
	{ "externref", HEAP_EXTERN }, { "funcref", HEAP_FUNC },
	{ "anyref", HEAP_ANY }, { "eqref", HEAP_EQ }, { "i31ref", HEAP_I31 },
	{ "structref", HEAP_STRUCT }, { "arrayref", HEAP_ARRAY },
	{ "exnref", HEAP_EXN }, { "nullref", HEAP_NONE },
	{ "nullfuncref", HEAP_NOFUNC }, { "nullexternref", HEAP_NOEXTERN },
	{ "nullexnref", HEAP_NOEXN },
};

static const struct number_type *
find_number_type(const char *name)
{
	for (size_t i = 0; i < sizeof(number_types) / sizeof(*number_types); i++) {
		if (strcmp(number_types[i].name, name) == 0)
			return &number_types[i];
	}
	return NULL;
}

static const struct ref_type *
find_ref_type(const char *name)
{
	for (size_t i = 0; i < sizeof(ref_types) / sizeof(*ref_types); i++) {
		if (strcmp(ref_types[i].name, name) == 0)
			return &ref_types[i];
	}
	return NULL;
}

static const char *
field(json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "";
}

static bool
is_null_text(const char *text)
{
	return strcmp(text, "null") == 0;
}

/* ---- arguments --------------------------------------------------------- */

static bool
parse_v128(json_t *json, uint8_t v128[16])
{
	const struct number_type *lane = find_number_type(field(json, "lane_type"));
	json_t *lanes = json_object_get(json, "value");
	size_t width, n;

	if (lane == NULL)
		return false;
	width = lane->bits / 8;
	n = 16 / width;
	if (json_array_size(lanes) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(lanes, i));
		uint64_t bits = strtoull(text != NULL ? text : "", NULL, 10);

		for (size_t k = 0; k < width; k++)
			v128[i * width + k] = (uint8_t)(bits >> 8 * k);
	}
	return true;
}

static bool
parse_ref(struct vm_store *s, json_t *json, struct vm_value *out)
{
	const struct ref_type *t = find_ref_type(field(json, "type"));
	const char *text = field(json, "value");

	if (t == NULL || text[0] == '\0')
		return false;
	out->type = VALTYPE_REF(true, t->heap);
	out->ref = is_null_text(text) ? 0 :
		vm_extern(s, (uint32_t)strtoul(text, NULL, 10));
	return true;
}

bool
value_parse(struct vm_store *s, json_t *json, struct vm_value *out)
{
	const char *type = field(json, "type");
	const struct number_type *t = find_number_type(type);

	memset(out, 0, sizeof(*out));
	if (strcmp(type, "v128") == 0) {
		out->type = VAL_V128;
		return parse_v128(json, out->v128);
	}
	if (t == NULL)
		return parse_ref(s, json, out);
	out->type = t->type;
	if (t->bits == 32)
		out->i32 = (uint32_t)strtoul(field(json, "value"), NULL, 10);
	else
		out->i64 = strtoull(field(json, "value"), NULL, 10);
	return t->type != VAL_BOT;
}

/* ---- results ----------------------------------------------------------- */

static bool one_nan;

void
value_want_one_nan(void)
{
	one_nan = true;
}

static bool
bits_match(const struct number_type *t, const char *text, uint64_t bits)
{
	uint64_t quiet = t->bits == 32 ? 0x7fc00000u : 0x7ff8000000000000u;
	uint64_t unsigned_bits = bits & (t->bits == 32 ? 0x7fffffffu :
		0x7fffffffffffffffu);

	if (one_nan && strcmp(text, NAN_ARITHMETIC) == 0)
		return t->is_float && bits == quiet;
	/* Of either sign: some of these are negations. */
	if (strcmp(text, NAN_CANONICAL) == 0)
		return t->is_float && unsigned_bits == quiet;
	if (strcmp(text, NAN_ARITHMETIC) == 0)
		return t->is_float && (bits & quiet) == quiet;
	return strtoull(text, NULL, 10) == bits;
}

static bool
v128_matches(json_t *expected, const uint8_t v128[16])
{
	const struct number_type *lane =
		find_number_type(field(expected, "lane_type"));
	json_t *lanes = json_object_get(expected, "value");
	size_t width;

	if (lane == NULL)
		return false;
	width = lane->bits / 8;
	if (json_array_size(lanes) * width != 16)
		return false;
	for (size_t i = 0; i < 16 / width; i++) {
		const char *text = json_string_value(json_array_get(lanes, i));
		uint64_t bits = 0;

		for (size_t k = 0; k < width; k++)
			bits |= (uint64_t)v128[i * width + k] << 8 * k;
		if (text == NULL || !bits_match(lane, text, bits))
			return false;
	}
	return true;
}

static bool
kind_matches(heaptype want, heaptype have)
{
	switch (want) {
	case HEAP_ANY:
		return have == HEAP_ANY || kind_matches(HEAP_EQ, have);
	case HEAP_EQ:
		return have == HEAP_I31 || have == HEAP_STRUCT ||
			have == HEAP_ARRAY;
	default:
		return want == have;
	}
}

static bool
ref_matches(struct vm_store *s, json_t *expected, const struct vm_value *v)
{
	const char *type = field(expected, "type");
	const char *text = field(expected, "value");
	const struct ref_type *t = find_ref_type(type);
	uint32_t number;

	if (!valtype_is_ref(v->type))
		return false;
	if (strcmp(type, "refnull") == 0 || is_null_text(text))
		return v->ref == 0;
	if (t == NULL || v->ref == 0 ||
	    !kind_matches(t->heap, vm_value_kind(s, v)))
		return false;
	return text[0] == '\0' || (vm_extern_value(s, v->ref, &number) &&
		number == strtoul(text, NULL, 10));
}

static bool
either_matches(struct vm_store *s, json_t *expected, const struct vm_value *v)
{
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(expected, "values"), i, value) {
		if (value_matches(s, value, v))
			return true;
	}
	return false;
}

bool
value_matches(struct vm_store *s, json_t *expected, const struct vm_value *v)
{
	const char *type = field(expected, "type");
	const struct number_type *t = find_number_type(type);

	if (strcmp(type, "either") == 0)
		return either_matches(s, expected, v);
	if (strcmp(type, "v128") == 0)
		return v->type == VAL_V128 && v128_matches(expected, v->v128);
	if (t == NULL)
		return ref_matches(s, expected, v);
	return v->type == t->type && bits_match(t, field(expected, "value"),
		t->bits == 32 ? v->i32 : v->i64);
}

void
value_print(const struct vm_value *v, char *to, size_t size)
{
	char type[VALTYPE_TEXT_MAX];
	uint64_t high, low;

	valtype_text(v->type, type);
	memcpy(&low, v->v128, sizeof(low));
	memcpy(&high, v->v128 + sizeof(low), sizeof(high));
	switch (valtype_kind(v->type)) {
	case VAL_I32:
	case VAL_F32:
		snprintf(to, size, "%s 0x%" PRIx32, type, v->i32);
		break;
	case VAL_V128:
		snprintf(to, size, "%s 0x%016" PRIx64 "%016" PRIx64, type,
			high, low);
		break;
	default:
		snprintf(to, size, "%s 0x%" PRIx64, type, v->i64);
		break;
	}
}
