/* Typed values of libwasmd. */
#include "lib/value.h"

#include <string.h>

#define KINDS(X) \
	X(WASMD_I32, "i32", i32) \
	X(WASMD_I64, "i64", i64) \
	X(WASMD_F32, "f32", f32) \
	X(WASMD_F64, "f64", f64) \
	X(WASMD_V128, "v128", v128) \
	X(WASMD_REF, "ref", ref)

/* Where a value's bits are, which lie in memory as on the wire. */
static const struct {
	enum wasmd_kind kind;
	const char *name;
	size_t size;
} kinds[] = {
#define KIND(kind, name, member) \
	{ kind, name, sizeof(((struct wasmd_value *)NULL)->as.member) },
	KINDS(KIND)
#undef KIND
	{ WASMD_BYTES, "bytes", 0 },
	{ WASMD_TEXT, "text", 0 },
};

#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "as the wire");

/* NKINDS: there is none. */
static size_t
kind_find(uint32_t kind)
{
	size_t k = 0;

	while (k < NKINDS && (uint32_t)kinds[k].kind != kind)
		k++;
	return k;
}

const char *
wasmd_kind_name(enum wasmd_kind kind)
{
	size_t k = kind_find((uint32_t)kind);

	return k < NKINDS ? kinds[k].name : "unknown";
}

int
value_from_wire(struct wasmd_value *to, const struct typed *from)
{
	size_t k = kind_find(from->kind);

	if (k == NKINDS || kinds[k].size == 0)
		return -1;
	memset(to, 0, sizeof(*to));
	to->kind = kinds[k].kind;
	if (to->kind == WASMD_REF)
		to->as.ref = from->bytes[0] != 0;
	else
		memcpy(&to->as, from->bytes, kinds[k].size);
	return 0;
}

int
wasmd_value_text(char text[WASMD_VALUE_TEXT_MAX],
	const struct wasmd_value *value)
{
	size_t k = kind_find((uint32_t)value->kind);
	struct typed wire = { .kind = (uint32_t)value->kind };
	char typed[TYPED_TEXT_MAX];

	if (k == NKINDS || kinds[k].size == 0)
		return -1;
	memcpy(wire.bytes, &value->as, kinds[k].size);
	typed_format(typed, &wire);
	strcpy(text, strchr(typed, ':') + 1);
	return 0;
}

int
wasmd_value_read(struct wasmd_value *value, struct wasmd_bytes result)
{
	struct typed wire;

	return typed_read(&wire, result.data, result.len) == -1 ? -1 :
		value_from_wire(value, &wire);
}
