/* What functions cost. */
#include "vm/runtime/meter.h"

#include <stdlib.h>
#if !defined(__x86_64__) && !defined(__aarch64__)
#include <time.h>
#endif

/* Until the host has seen how long a tick is. */
#define FIRST_DUE 1000000

uint64_t
vm_profile_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile ("mrs %0, cntvct_el0" : "=r" (ticks));
	return ticks;
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
#endif
}

/* ---- the last event --------------------------------------------------------- */

/* Give what was used since the last event to who used it. */
static void
meter_account(struct meter *m, int64_t fuel)
{
	uint64_t now = vm_profile_ticks();

	/* Processors may differ a little. */
	if (now > m->ticks) {
		m->current->ticks += now - m->ticks;
		m->ticks = now;
	}
	m->current->fuel += m->fuel - fuel;
	m->fuel = fuel;
}

static void
frame_total(const struct meter *m, struct meter_frame *f)
{
	if (!f->outermost)
		return;
	f->func->total_fuel += f->fuel - m->fuel;
	f->func->total_ticks += m->ticks - f->ticks;
	f->fuel = m->fuel;
	f->ticks = m->ticks;
}

/*
 * Frames that are not there any more: they end by returns, tail calls, traps and
 * exceptions, and the next event finds them gone, as frames of functions that
 * called each other are at ever higher places.
 */
static void
meter_drop(struct meter *m, const uint64_t *from)
{
	while (m->nframes > 0 && m->frames[m->nframes - 1].fp >= from) {
		struct meter_frame *f = &m->frames[--m->nframes];

		frame_total(m, f);
		f->func->active--;
	}
}

/* Nothing of what the host does with it counts. */
static void
meter_report(struct meter *m)
{
	uint64_t before = m->ticks, took;

	m->due = m->on_due(m->arg, before);
	m->ticks = vm_profile_ticks();
	took = m->ticks > before ? m->ticks - before : 0;
	for (uint32_t i = 0; i < m->nframes; i++)
		m->frames[i].ticks += took;
}

static void
meter_look(struct meter *m)
{
	m->rounds = METER_ROUNDS;
	if (m->ticks >= m->due && m->on_due != NULL)
		meter_report(m);
}

/* ---- events ----------------------------------------------------------------- */

static void
meter_called(struct meter *m, struct meter_func *f)
{
	if (f->calls++ > 0)
		return;
	f->next = m->first;
	m->first = f;
}

void
meter_enter(struct vm_instance *in, const uint64_t *fp, uint32_t func)
{
	struct meter *m = in->store->meter;
	struct meter_func *f = &in->meter_funcs[func];

	meter_account(m, in->fuel);
	/* A tail call's frame is where the caller's was. */
	meter_drop(m, fp);
	if (m->nframes < METER_DEPTH)
		m->frames[m->nframes++] = (struct meter_frame){ fp, f,
			f->active++ == 0, m->fuel, m->ticks };
	meter_called(m, f);
	m->current = f;
	meter_look(m);
}

void
meter_resume(struct vm_instance *in, const uint64_t *fp, uint32_t func)
{
	struct meter *m = in->store->meter;

	meter_account(m, in->fuel);
	meter_drop(m, fp + 1);
	m->current = &in->meter_funcs[func];
	meter_look(m);
}

void
meter_unwind(struct vm_instance *in, const uint64_t *fp, uint32_t func)
{
	struct meter *m = in->store->meter;

	m->current = &in->meter_funcs[func];
	meter_account(m, in->fuel);
	meter_drop(m, fp + 1);
}

enum vm_status
meter_host_call(struct vm_caller *c, void *data, uint64_t *args)
{
	struct meter_host *h = data;
	struct meter *m = c->store->meter;
	struct meter_func *from = m->current;
	enum vm_status status;

	/* Also before it: it may sleep, and not come back. */
	meter_account(m, c->instance == NULL ? m->fuel : c->instance->fuel);
	meter_look(m);
	meter_called(m, &h->func);
	m->current = &h->func;
	status = h->fn(c, h->data, args);
	meter_account(m, c->instance == NULL ? m->fuel : c->instance->fuel);
	m->current = from;
	h->func.total_fuel = h->func.fuel;
	h->func.total_ticks = h->func.ticks;
	return status;
}

void
meter_work_begin(struct meter *m, int64_t fuel)
{
	meter_account(m, fuel);
	meter_called(m, &m->work);
	m->worked_for = m->current;
	m->current = &m->work;
}

void
meter_work_end(struct meter *m, int64_t fuel)
{
	meter_account(m, fuel);
	m->current = m->worked_for;
	m->work.total_ticks = m->work.ticks;
}

void
meter_begin(struct meter *m, int64_t fuel)
{
	m->current = &m->outside;
	m->fuel = fuel;
	m->ticks = vm_profile_ticks();
	if (m->due == 0)
		m->due = m->ticks + FIRST_DUE;
}

void
meter_end(struct meter *m, int64_t fuel)
{
	meter_account(m, fuel);
	meter_drop(m, NULL);
	m->current = &m->outside;
}

/* ---- what there is to count --------------------------------------------------- */

struct meter *
meter_new(void)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->rounds = METER_ROUNDS;
	m->current = &m->outside;
	m->work.host_name = "(translation)";
	return m;
}

void
meter_free(struct meter *m)
{
	free(m);
}

int
meter_add(struct vm_instance *in)
{
	const struct module *m = in->module;
	uint32_t n = m->nfuncs - m->nimported_funcs;

	in->meter_funcs = arena_alloc(&in->arena, n, sizeof(*in->meter_funcs));
	if (in->meter_funcs == NULL)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		in->meter_funcs[i] = (struct meter_func){ .module = m,
			.index = m->nimported_funcs + i };
	return 0;
}

/* ---- for the host ------------------------------------------------------------- */

void
vm_store_on_profile(struct vm_store *s,
	uint64_t (*on_due)(void *arg, uint64_t now), void *arg)
{
	s->meter->on_due = on_due;
	s->meter->arg = arg;
}

static uint64_t
not_negative(int64_t fuel)
{
	/* See vm_store_fuel_used. */
	return fuel < 0 ? 0 : (uint64_t)fuel;
}

void
vm_store_profile(struct vm_store *s,
	void (*on_row)(void *arg, const struct vm_profile_row *row), void *arg)
{
	struct meter *m = s->meter;

	for (uint32_t i = 0; i < m->nframes; i++)
		frame_total(m, &m->frames[i]);
	for (const struct meter_func *f = m->first; f != NULL; f = f->next) {
		const struct vm_profile_row row = {
			.module = f->module,
			.func = f->index,
			.host_module = f->host_module,
			.host_name = f->host_name,
			.calls = f->calls,
			.fuel = not_negative(f->fuel),
			.total_fuel = not_negative(f->total_fuel),
			.ticks = f->ticks,
			.total_ticks = f->total_ticks,
		};

		on_row(arg, &row);
	}
}
