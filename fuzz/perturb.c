/* Changes to generated modules. */
#include "fuzz/perturb.h"

#include <stdlib.h>
#include <string.h>

#include "vm/binary/instr.h"
#include "vm/binary/types.h"

#define MODULE_MAX ((size_t)16 << 20)
#define INSTRS_MAX 4096

enum change {
	DROP,
	COPY,			/* once more before itself, */
	COPY_TO_START,
	EXCHANGE,		/* with the next */
	INSERT,			/* a byte */
	SET_FIRST, SET_SECOND, SET_LAST,	/* one of its bytes */
	CHANGE_COUNT,
};

/* Instructions of a body: where each begins, and where the last one ends. */
struct places {
	uint32_t n;
	uint32_t at[INSTRS_MAX + 1];
};

static void
find_places(struct places *p, const struct buf *body)
{
	struct reader r;
	struct instr in;

	p->n = 0;
	reader_init(&r, body->data,
		(struct range){ 0, (uint32_t)body->len }, NULL);
	for (uint32_t runs = read_u32(&r); runs > 0 && reader_ok(&r); runs--) {
		read_u32(&r);
		read_valtype(&r);
	}
	for (; p->n < INSTRS_MAX; p->n++) {
		p->at[p->n] = reader_offset(&r);
		if (reader_left(&r) == 0 || instr_read(&r, &in) == -1)
			return;
	}
	p->at[p->n] = reader_offset(&r);
}

/* Put other bytes where those from start to end are. */
static void
replace(struct buf *body, uint32_t start, uint32_t end, const void *bytes,
	size_t len)
{
	struct buf out;

	buf_init(&out, MODULE_MAX);
	if (buf_append(&out, body->data, start) == -1 ||
	    buf_append(&out, bytes, len) == -1 ||
	    buf_append(&out, body->data + end, body->len - end) == -1)
		abort();
	buf_clear(body);
	*body = out;
}

static void
exchange(uint8_t *bytes, size_t first, size_t second)
{
	uint8_t *copy = malloc(first);

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, first);
	memmove(bytes, bytes + first, second);
	memcpy(bytes + second, copy, first);
	free(copy);
}

static void
change_instr(struct buf *body, const struct places *p, uint32_t i,
	enum change how, uint8_t byte)
{
	uint32_t start = p->at[i], end = p->at[i + 1];

	switch (how) {
	case DROP:
		replace(body, start, end, "", 0);
		break;
	case COPY:
		replace(body, start, start, body->data + start, end - start);
		break;
	case COPY_TO_START:
		replace(body, p->at[0], p->at[0], body->data + start,
			end - start);
		break;
	case EXCHANGE:
		if (i + 1 < p->n)
			exchange(body->data + start, end - start,
				p->at[i + 2] - end);
		break;
	case INSERT:
		replace(body, start, start, &byte, 1);
		break;
	case SET_FIRST:
		body->data[start] = byte;
		break;
	case SET_SECOND:
		body->data[end - start > 1 ? start + 1 : start] = byte;
		break;
	case SET_LAST:
		body->data[end - 1] = byte;
		break;
	case CHANGE_COUNT:
		break;
	}
}

void
perturb_body(struct buf *body, unsigned n, struct input changes)
{
	struct places p;

	for (int k = 0; k < PERTURB_CHANGES; k++) {
		unsigned which = input_byte(&changes) % GENERATE_FUNCS_MAX;
		unsigned how = input_byte(&changes) % (CHANGE_COUNT + 2);
		uint32_t i = (uint32_t)input_number(&changes, 2);
		uint8_t byte = (uint8_t)input_byte(&changes);

		if (which != n || how >= CHANGE_COUNT)
			continue;
		find_places(&p, body);
		if (p.n > 0)
			change_instr(body, &p, i % p.n, (enum change)how, byte);
	}
}

void
perturb_bytes(struct buf *module, struct input changes)
{
	for (int i = 0; i < PERTURB_CHANGES; i++) {
		size_t at = input_number(&changes, 2) % module->len;
		uint8_t byte = (uint8_t)input_byte(&changes);

		if (byte != 0)
			module->data[at] = byte;
	}
}
