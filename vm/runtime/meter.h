/*
 * What functions cost: how often each is called, how many instructions it
 * executes, how much time passes. Code that is translated for it (see
 * vm_store_set_profile) tells the meter when a function begins, goes on behind a call,
 * and comes around a loop; other code knows nothing of it. Runs in the confined
 * child: nothing here allocates but meter_new and meter_add.
 *
 * Instructions are fuel, which is exact: whatever a function is charged is
 * charged while it is the current one. Time is the processor's counter.
 */
#ifndef VM_RUNTIME_METER_H
#define VM_RUNTIME_METER_H

#include "vm/runtime/store.h"

/* Deeper frames have no total of their own, only what they do themselves. */
#define METER_DEPTH 65536u

/* Rounds of loops from one look at the clock to the next. */
#define METER_ROUNDS 1024

struct meter_func {
	struct meter_func *next;	/* of those that were called */
	const struct module *module;	/* NULL: the host's, with its names */
	const char *host_module, *host_name;
	uint32_t index;
	uint32_t active;		/* frames of it in the meter */
	uint64_t calls;
	int64_t fuel, total_fuel;
	uint64_t ticks, total_ticks;
};

/* A frame of a guest's function. */
struct meter_frame {
	const uint64_t *fp;
	struct meter_func *func;
	bool outermost;			/* no frame of it is below */
	int64_t fuel;			/* as it was when it began */
	uint64_t ticks;
};

/* A host's function in the place of the one that was defined. */
struct meter_host {
	struct meter_func func;
	vm_host_fn fn;
	void *data;
};

struct meter {
	int64_t rounds;			/* until the clock is looked at */
	struct meter_func *current;
	int64_t fuel;			/* at the last event */
	uint64_t ticks;
	uint64_t due;			/* when to call on_due */
	uint64_t (*on_due)(void *arg, uint64_t now);
	void *arg;
	struct meter_func outside;	/* what nobody did */
	struct meter_func work;		/* what we did for them */
	struct meter_func *worked_for;	/* while it lasts */
	struct meter_func *first;	/* all that were called */
	uint32_t nframes;
	struct meter_frame frames[METER_DEPTH];
};

struct meter *meter_new(void);		/* NULL: out of memory */
void meter_free(struct meter *m);

/* The functions of a new instance. 0, or -1 without memory. */
int meter_add(struct vm_instance *in);

/* What to define for a host's function. */
enum vm_status meter_host_call(struct vm_caller *c, void *data, uint64_t *args);

/* Around work that no function does: translation at a first call. */
void meter_work_begin(struct meter *m, int64_t fuel);
void meter_work_end(struct meter *m, int64_t fuel);

/* Around each call from outside. */
void meter_begin(struct meter *m, int64_t fuel);
void meter_end(struct meter *m, int64_t fuel);

/* Defined function func begins, with its frame at fp; or goes on there. */
void meter_enter(struct vm_instance *in, const uint64_t *fp, uint32_t func);
void meter_resume(struct vm_instance *in, const uint64_t *fp, uint32_t func);

/* An exception came to its frame, which was charged for it. */
void meter_unwind(struct vm_instance *in, const uint64_t *fp, uint32_t func);

#endif
