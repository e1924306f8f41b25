/*
 * The code of functions, one instruction a line:
 *
 *	func 3 $fac (export "fac") (type 0) (param i64) (result i64)
 *	  param 0 $n i64
 *	  0x00004c  local.get 0 $n
 *	  0x00004e  i64.eqz
 *	  0x00004f  if @1 (result i64)
 */
#include "vm/binary/instr.h"
#include "vm/dump/text.h"
#include "vm/vm.h"

#define INDENT_MAX 32u	/* levels that are shown */
#define OFFSET_DIGITS 6

/* ---- declarations ------------------------------------------------------ */

void
dump_func_header(struct dump *d, uint32_t func)
{
	const struct module *m = d->module;
	struct out *o = &d->out;

	out_text(o, "func ");
	text_index(d, NAMES_FUNC, func);
	if (d->exports[func] != DUMP_NONE) {
		out_text(o, " (export ");
		out_quoted_cut(o, m->exports[d->exports[func]].name);
		out_text(o, ")");
	}
	if (d->imports[func] != DUMP_NONE) {
		out_text(o, " (import ");
		out_quoted_cut(o, m->imports[d->imports[func]].module);
		out_text(o, " ");
		out_quoted_cut(o, m->imports[d->imports[func]].name);
		out_text(o, ")");
	}
	out_text(o, " ");
	text_typeuse(d, m->funcs[func].type);
	out_text(o, "\n");
}

static void
show_local(struct dump *d, const char *what, uint32_t local, valtype type)
{
	out_text(&d->out, what);
	out_u64(&d->out, local);
	out_text(&d->out, " ");
	out_id(&d->out, names_local(&d->names, local));
	out_text(&d->out, " ");
	text_valtype(&d->out, type);
	out_text(&d->out, "\n");
}

/* Locals from first to before end, none of which has a name. */
static void
show_unnamed(struct dump *d, uint32_t first, uint32_t end, valtype type)
{
	out_text(&d->out, "  local ");
	out_u64(&d->out, first);
	if (end - first > 1) {
		out_text(&d->out, "..");
		out_u64(&d->out, end - 1);
	}
	out_text(&d->out, " ");
	text_valtype(&d->out, type);
	out_text(&d->out, "\n");
}

static void
show_run(struct dump *d, uint32_t first, struct local_run run)
{
	uint32_t end = first + run.count;

	while (first < end) {
		uint32_t named = names_next_local(&d->names, first);

		if (named > first) {
			if (named > end)
				named = end;
			show_unnamed(d, first, named, run.type);
			first = named;
		} else {
			show_local(d, "  local ", first++, run.type);
		}
	}
}

/* Parameters without a name are in the header. Returns their number. */
static uint32_t
show_params(struct dump *d, uint32_t func)
{
	const struct module *m = d->module;
	uint32_t type = m->funcs[func].type;
	const struct functype *f;

	if (type >= m->ntypes || m->types[type].kind != COMP_FUNC)
		return 0;
	f = &m->types[type].func;
	for (uint32_t i = names_next_local(&d->names, 0); i < f->nparams;
	     i = names_next_local(&d->names, i + 1))
		show_local(d, "  param ", i, f->params[i]);
	return f->nparams;
}

static void
show_locals(struct dump *d, uint32_t func)
{
	uint32_t first = show_params(d, func);

	for (uint32_t i = 0; i < d->locals.nruns; i++) {
		show_run(d, first, d->locals.runs[i]);
		first += d->locals.runs[i].count;
	}
}

/* ---- code -------------------------------------------------------------- */

static bool
opens_block(enum op op)
{
	enum imm_kind imm = op_info[op].imm;

	return imm == IMM_BLOCK || imm == IMM_TRY_TABLE;
}

static void
show_instr(struct dump *d, const struct instr *in)
{
	bool closes = in->op == OP_END || in->op == OP_ELSE;
	uint32_t level = d->nlabels - 1;

	if (closes && level > 0)
		level--;
	out_text(&d->out, "  ");
	out_hex(&d->out, in->offset, OFFSET_DIGITS);
	out_spaces(&d->out, 2 + 2 * (level < INDENT_MAX ? level : INDENT_MAX));
	text_instr(d, in);
	out_text(&d->out, "\n");
}

/* The body is block 0, and the others are numbered as they begin. */
static int
nest(struct dump *d, const struct instr *in, struct err *err)
{
	if (in->op == OP_END) {
		d->nlabels--;
	} else if (opens_block(in->op)) {
		if (d->nlabels == d->cap_labels)
			return err_set_at(err, VM_LIMIT, in->offset,
				"too many nested blocks");
		d->labels[d->nlabels++] = d->next_label++;
	}
	return 0;
}

static int
show_code(struct dump *d, struct reader *r, struct err *err)
{
	struct instr in;

	d->labels[0] = 0;
	d->nlabels = 1;
	d->next_label = 1;
	while (d->nlabels > 0 && !d->out.stopped) {
		if (instr_read(r, &in) == -1)
			return -1;
		show_instr(d, &in);
		if (nest(d, &in, err) == -1)
			return -1;
	}
	return d->out.stopped ? 0 : code_close(r);
}

static int
show_func(struct dump *d, uint32_t func, struct err *err)
{
	struct reader r;

	names_enter(&d->names, func);
	d->nlabels = 0;
	dump_func_header(d, func);
	if (func < d->module->nimported_funcs)
		return 0;
	if (dump_open_body(d, func, &r, err) == -1)
		return -1;
	show_locals(d, func);
	if (show_code(d, &r, err) == 0)
		return 0;
	err_prefix(err, "function %u", (unsigned)func);
	return -1;
}

int
dump_disasm(struct dump *d, uint32_t func, const struct dump_sink *sink,
	struct err *err)
{
	uint32_t end = func == DUMP_ALL ? d->module->nfuncs : func + 1;
	int rc = 0;

	out_init(&d->out, sink);
	for (uint32_t i = func == DUMP_ALL ? 0 : func;
	     i < end && rc == 0 && !d->out.stopped; i++) {
		if (i > d->module->nimported_funcs && func == DUMP_ALL)
			out_text(&d->out, "\n");
		rc = show_func(d, i, err);
	}
	return out_finish(&d->out) == -1 ? -1 : rc;
}
