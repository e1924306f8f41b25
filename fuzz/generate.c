/* Generated modules: the input, and all sections around the bodies. */
#include "fuzz/generate.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/perturb.h"
#include "vm/syntax/module.h"

#define HEADER_BYTES 32		/* of the input, for all but the bodies */
#define MODULE_MAX ((size_t)16 << 20)

const valtype generate_globals[GLOBAL_COUNT] = {
	VAL_I32, VAL_I64, VAL_F32, VAL_F64, VAL_V128,
	REF_NULL(HEAP_ANY), REF_NULL(HEAP_FUNC), REF_NULL(TYPE_STRUCT),
};

const valtype generate_tables[TABLE_COUNT] = {
	REF_NULL(HEAP_FUNC), REF_NULL(HEAP_ANY), REF_NULL(HEAP_FUNC),
};

/* ---- the input --------------------------------------------------------- */

unsigned
input_byte(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

uint64_t
input_number(struct input *in, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n |= (uint64_t)input_byte(in) << 8 * i;
	return n;
}

unsigned
input_below(struct input *in, unsigned n)
{
	return (unsigned)input_number(in, n > 256 ? 2 : 1) % n;
}

/* The next part of the input as an input of its own. */
static struct input
input_split(struct input *in, size_t len)
{
	struct input part = { in->p, in->p };

	if (len > (size_t)(in->end - in->p))
		len = (size_t)(in->end - in->p);
	part.end += len;
	in->p += len;
	return part;
}

/* ---- choices ----------------------------------------------------------- */

valtype
generate_type(struct input *in)
{
	static const valtype types[] = {
		VAL_I32, VAL_I64, VAL_F32, VAL_F64, VAL_V128,
		VAL_I32, VAL_I64, VAL_F32, VAL_F64, VAL_I32,
		REF_NULL(HEAP_ANY), REF_NULL(HEAP_EQ), REF_NULL(HEAP_FUNC),
		REF_NULL(HEAP_EXTERN), REF_NULL(HEAP_I31),
		REF_NULL(HEAP_STRUCT), REF_NULL(HEAP_ARRAY),
		REF_NULL(HEAP_EXN), REF_NULL(TYPE_STRUCT),
		REF_NULL(TYPE_SUBSTRUCT), REF_NULL(TYPE_ARRAY_I32),
		REF_NULL(TYPE_ARRAY_ANY), REF_NULL(TYPE_FUNC_NONE),
	};

	return types[input_below(in, sizeof(types) / sizeof(types[0]))];
}

const struct signature *
generate_signature(const struct generator *g, uint32_t type)
{
	if (type < TYPE_FUNC_FIRST)
		return &fixed_signatures[type - TYPE_FUNC_NONE];
	return &g->types[type - TYPE_FUNC_FIRST];
}

static void
choose_signatures(struct generator *g, struct input *in)
{
	for (unsigned t = 0; t < TYPE_FUNC_COUNT; t++) {
		struct signature *s = &g->types[t];

		s->nparams = input_below(in, SIGNATURE_MAX);
		s->nresults = input_below(in, SIGNATURE_MAX);
		for (unsigned i = 0; i < s->nparams; i++)
			s->params[i] = generate_type(in);
		for (unsigned i = 0; i < s->nresults; i++)
			s->results[i] = generate_type(in);
	}
}

static void
choose_funcs(struct generator *g, struct input *in)
{
	g->nfuncs = 2 + input_below(in, GENERATE_FUNCS_MAX - 1);
	g->func_types[GENERATE_FUNC_HOST] = TYPE_FUNC_HOST;
	for (unsigned i = 1; i < g->nfuncs; i++)
		g->func_types[i] = TYPE_FUNC_FIRST +
			input_below(in, TYPE_FUNC_COUNT);
}

/* ---- sections ---------------------------------------------------------- */

static void
write_section(struct buf *out, unsigned id, struct buf *contents)
{
	write_byte(out, id);
	write_u(out, contents->len);
	if (buf_append(out, contents->data, contents->len) == -1)
		abort();
	buf_clear(contents);
}

static void
write_name(struct buf *out, char kind, unsigned n)
{
	write_u(out, 2);
	write_byte(out, (unsigned char)kind);
	write_byte(out, '0' + n);
}

static void
write_types(struct buf *out, const struct generator *g)
{
	struct buf b;

	buf_init(&b, MODULE_MAX);
	write_u(&b, 1 + TYPE_COUNT - TYPE_FIXED_GROUP);
	type_write_group(&b);
	for (uint32_t t = TYPE_FUNC_NONE; t < TYPE_COUNT; t++)
		type_write_signature(&b, generate_signature(g, t));
	write_section(out, 1, &b);
}

static void
write_funcs(struct buf *out, const struct generator *g)
{
	struct buf b;

	buf_init(&b, MODULE_MAX);
	write_u(&b, 1);
	write_name(&b, 'h', 0);
	write_name(&b, 'f', 0);
	write_byte(&b, EXTERN_FUNC);
	write_u(&b, TYPE_FUNC_HOST);
	write_section(out, 2, &b);

	write_u(&b, g->nfuncs - 1);
	for (unsigned i = 1; i < g->nfuncs; i++)
		write_u(&b, g->func_types[i]);
	write_section(out, 3, &b);
}

static void
write_stores(struct buf *out)
{
	struct buf b;

	buf_init(&b, MODULE_MAX);
	write_u(&b, TABLE_COUNT);
	for (unsigned i = 0; i < TABLE_COUNT; i++) {
		type_write(&b, generate_tables[i]);
		write_byte(&b, i == TABLE_WIDE ? 5 : 1);
		write_u(&b, 8);
		write_u(&b, 16);
	}
	write_section(out, 4, &b);

	write_u(&b, MEMORY_COUNT);
	for (unsigned i = 0; i < MEMORY_COUNT; i++) {
		write_byte(&b, i == MEMORY_WIDE ? 5 : 1);
		write_u(&b, 1);
		write_u(&b, 3);
	}
	write_section(out, 5, &b);

	write_u(&b, TAG_COUNT);
	for (unsigned i = 0; i < TAG_COUNT; i++) {
		write_byte(&b, 0);
		write_u(&b, TYPE_FUNC_NONE + i);
	}
	write_section(out, 13, &b);
}

/* A constant expression for a global: zero, but for numbers. */
static void
write_init(struct buf *out, valtype t, struct input *in)
{
	static const uint8_t zero[16];

	switch (valtype_kind(t)) {
	case VAL_I32:
		write_byte(out, 0x41);
		write_s(out, (int32_t)input_number(in, 1));
		break;
	case VAL_I64:
		write_byte(out, 0x42);
		write_s(out, (int64_t)input_number(in, 1));
		break;
	case VAL_F32:
		write_byte(out, 0x43);
		buf_append(out, zero, 4);
		break;
	case VAL_F64:
		write_byte(out, 0x44);
		buf_append(out, zero, 8);
		break;
	case VAL_V128:
		write_byte(out, 0xfd);
		write_u(out, 12);
		buf_append(out, zero, 16);
		break;
	default:
		write_byte(out, 0xd0);
		type_write_heap(out, valtype_heap(t));
	}
	write_byte(out, 0x0b);
}

static void
write_globals(struct buf *out, struct input *in)
{
	struct buf b;

	buf_init(&b, MODULE_MAX);
	write_u(&b, GLOBAL_COUNT);
	for (unsigned i = 0; i < GLOBAL_COUNT; i++) {
		type_write(&b, generate_globals[i]);
		write_byte(&b, 1);
		write_init(&b, generate_globals[i], in);
	}
	write_section(out, 6, &b);
}

static void
write_exports(struct buf *out, const struct generator *g)
{
	struct buf b;

	buf_init(&b, MODULE_MAX);
	write_u(&b, g->nfuncs - 1 + GLOBAL_COUNT + MEMORY_COUNT);
	for (unsigned i = 1; i < g->nfuncs; i++) {
		write_name(&b, 'f', i);
		write_byte(&b, EXTERN_FUNC);
		write_u(&b, i);
	}
	for (unsigned i = 0; i < GLOBAL_COUNT; i++) {
		write_name(&b, 'g', i);
		write_byte(&b, EXTERN_GLOBAL);
		write_u(&b, i);
	}
	for (unsigned i = 0; i < MEMORY_COUNT; i++) {
		write_name(&b, 'm', i);
		write_byte(&b, EXTERN_MEMORY);
		write_u(&b, i);
	}
	write_section(out, 7, &b);
}

static void
write_all_funcs(struct buf *out, const struct generator *g)
{
	write_u(out, g->nfuncs);
	for (unsigned i = 0; i < g->nfuncs; i++)
		write_u(out, i);
}

static void
write_elems(struct buf *out, const struct generator *g)
{
	struct buf b;

	buf_init(&b, MODULE_MAX);
	write_u(&b, ELEM_COUNT);
	write_u(&b, 0);			/* active, of table 0 */
	write_byte(&b, 0x41);
	write_s(&b, 0);
	write_byte(&b, 0x0b);
	write_all_funcs(&b, g);
	write_u(&b, 1);			/* passive, of functions */
	write_byte(&b, 0);
	write_all_funcs(&b, g);
	write_u(&b, 5);			/* passive, of expressions */
	type_write(&b, REF_NULL(HEAP_ANY));
	write_u(&b, 4);
	for (int i = 0; i < 4; i++) {
		write_byte(&b, 0x41);
		write_s(&b, i - 2);
		write_byte(&b, 0xfb);
		write_u(&b, 0x1c);	/* ref.i31 */
		write_byte(&b, 0x0b);
	}
	write_u(&b, 3);			/* declarative */
	write_byte(&b, 0);
	write_all_funcs(&b, g);
	write_section(out, 9, &b);

	write_u(&b, DATA_COUNT);
	write_section(out, 12, &b);
}

static void
write_code(struct buf *out, const struct generator *g, struct input *in,
	const struct input *changes)
{
	size_t share = (size_t)(in->end - in->p) / (g->nfuncs - 1);
	struct buf b, body;

	buf_init(&b, MODULE_MAX);
	buf_init(&body, MODULE_MAX);
	write_u(&b, g->nfuncs - 1);
	for (unsigned i = 1; i < g->nfuncs; i++) {
		struct input part = input_split(in, share);

		generate_body(&body, g, i, &part);
		if (changes != NULL)
			perturb_body(&body, i, *changes);
		write_u(&b, body.len);
		if (buf_append(&b, body.data, body.len) == -1)
			abort();
		buf_clear(&body);
	}
	write_section(out, 10, &b);
}

static void
write_datas(struct buf *out)
{
	struct buf b;

	buf_init(&b, MODULE_MAX);
	write_u(&b, DATA_COUNT);
	write_u(&b, 0);			/* active, of memory 0 */
	write_byte(&b, 0x41);
	write_s(&b, 16);
	write_byte(&b, 0x0b);
	write_u(&b, 64);
	for (unsigned i = 0; i < 64; i++)
		write_byte(&b, i * i ^ i << 3);
	write_u(&b, 1);			/* passive */
	write_u(&b, 32);
	for (unsigned i = 0; i < 32; i++)
		write_byte(&b, 0xff - i * 7);
	write_section(out, 11, &b);
}

static void
generate(struct buf *out, struct input in, unsigned flags,
	const struct input *changes)
{
	struct input header = input_split(&in, HEADER_BYTES);
	struct generator g = { .flags = flags };

	choose_funcs(&g, &header);
	choose_signatures(&g, &header);
	if (buf_append(out, "\0asm\1\0\0\0", 8) == -1)
		abort();
	write_types(out, &g);
	write_funcs(out, &g);
	write_stores(out);
	write_globals(out, &header);
	write_exports(out, &g);
	write_elems(out, &g);
	write_code(out, &g, &in, changes);
	write_datas(out);
}

void
generate_module(struct buf *out, const uint8_t *data, size_t len,
	unsigned flags)
{
	generate(out, (struct input){ data, data + len }, flags, NULL);
}

void
generate_perturbed(struct buf *out, const uint8_t *data, size_t len,
	unsigned flags, struct input changes)
{
	generate(out, (struct input){ data, data + len }, flags, &changes);
}
