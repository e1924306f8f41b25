/* A walk over frames. Runs in the confined child. */
#include "vm/exec/frames.h"

#include "vm/exec/run.h"

static void
find_func(struct frames *f)
{
	f->func = code_find(&f->instance->vm_module->code, f->pc);
	if (f->func == NULL)
		f->fp = NULL;
}

void
frames_begin(struct frames *f, const struct vm_store *s,
	struct vm_instance *in, uint64_t *fp, const uint8_t *pc)
{
	*f = (struct frames){ .store = s, .instance = in, .fp = fp, .pc = pc,
		.nbridges = s->nbridges };
	if (fp != NULL)
		find_func(f);
}

void
frames_next(struct frames *f)
{
	const uint8_t *ret = code_return_pc(f->fp[f->func->header]);

	if (code_is_foreign_return(ret)) {
		f->nbridges--;
		f->instance = f->store->bridges[f->nbridges].instance;
		ret = f->store->bridges[f->nbridges].pc;
	}
	if (code_is_exit(ret)) {
		f->fp = NULL;
		return;
	}
	f->fp -= code_call_base(ret);
	f->ret = ret;
	f->pc = ret - 1;
	find_func(f);
}
