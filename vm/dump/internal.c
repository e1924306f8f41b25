/*
 * The translated code of functions, one internal instruction a line:
 *
 *	func 0 $fac (export "fac") (type 0) (param i64) (result i64)
 *	  0x000000  0x00002e  br_i64_ne_SKS a=0 k=0 ->0x000038
 *	  0x000018  0x000033  mov_k32_SSS d=2 k=1 +1
 */
#include "vm/dump/internal.h"

#include "vm/dump/state.h"
#include "vm/exec/compile.h"
#include "vm/exec/listing.h"

#define OFFSET_DIGITS 6
#define INSTR_MAX 256
#define CELL_INDENT 22

struct internal {
	struct dump *d;
	const struct code *code;
	const struct listing *listing;
};

/* Where a br_table goes, the default last. */
static void
show_cells(const struct internal *n, const struct listing_ins *in)
{
	struct out *o = &n->d->out;
	uint32_t to;

	for (uint32_t i = 0; i < in->cells &&
	     listing_target(n->code, in, i, &to); i++) {
		out_spaces(o, CELL_INDENT);
		if (i + 1 < in->cells)
			out_u64(o, i);
		else
			out_text(o, "default");
		out_text(o, " ->");
		out_hex(o, to, OFFSET_DIGITS);
		out_text(o, "\n");
	}
}

static void
show_instr(const struct internal *n, const struct listing_ins *in,
	uint32_t offset)
{
	struct out *o = &n->d->out;
	char text[INSTR_MAX];

	listing_print(n->code, in, text, sizeof(text));
	out_text(o, "  ");
	out_hex(o, in->at, OFFSET_DIGITS);
	out_text(o, "  ");
	out_hex(o, offset, OFFSET_DIGITS);
	out_text(o, "  ");
	out_text(o, text);
	if (in->fused > 1) {
		out_text(o, " +");
		out_u64(o, in->fused - 1);
	}
	out_text(o, "\n");
	show_cells(n, in);
}

static void
show_code(const struct internal *n, const struct code_func *f)
{
	struct code_lines lines;
	struct listing_ins in;

	code_lines_begin(&lines, n->code, f);
	for (uint32_t at = f->start; at < f->end && !n->d->out.stopped &&
	     listing_read(n->listing, n->code, at, &in); at += in.length)
		show_instr(n, &in, code_lines_at(&lines, at));
}

int
dump_internal(struct dump *d, const struct vm_module *m,
	const struct listing *l, uint32_t func, const struct dump_sink *sink)
{
	const struct internal n = { d, &m->code, l };
	uint32_t imported = d->module->nimported_funcs;
	uint32_t end = func == DUMP_ALL ? d->module->nfuncs : func + 1;

	out_init(&d->out, sink);
	for (uint32_t i = func == DUMP_ALL ? 0 : func;
	     i < end && !d->out.stopped; i++) {
		if (i > imported && func == DUMP_ALL)
			out_text(&d->out, "\n");
		dump_func_header(d, i);
		if (i >= imported)
			show_code(&n, &m->code.funcs[i - imported]);
	}
	return out_finish(&d->out);
}
