/* The profile of a call. */
#include "guest/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "guest/hot.h"
#include "guest/text.h"
#include "vm/vm.h"

#define PROFILE_ROWS 200	/* of the functions that used most themselves */
#define PROFILE_NAME 160	/* bytes of a name */

/*
 * From one report to the next passes a sixteenth of the time so far, which is
 * then all that a call which is ended from outside can lose, and at least this:
 * a call of an hour makes some 200 reports.
 */
#define PROFILE_PART 16
#define PROFILE_LEAST_NS 1000000

static GUEST_COLD struct {
	const struct program *program;
	struct guest_io *io;
	uint64_t start_ns, start_ticks;
	uint64_t functions;		/* that were called */
	unsigned nrows;
	struct vm_profile_row rows[PROFILE_ROWS];	/* most ticks first */
	unsigned ninstrs;
	struct {
		uint64_t count;
		char name[PROFILE_NAME];
	} instrs[PROFILE_ROWS];		/* most often executed first */
	struct vm_profile_row others;	/* what is not in them, together */
	struct text text;
	char data[RESULT_TEXT_MAX];
} profile;

static uint64_t
profile_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec -
		profile.start_ns;
}

/* ---- which functions ----------------------------------------------------- */

static void
profile_add_other(const struct vm_profile_row *row)
{
	profile.others.calls += row->calls;
	profile.others.fuel += row->fuel;
	profile.others.ticks += row->ticks;
}

/* Keep the rows that used most, by insertion: few of many get in. */
static void
profile_on_row(void *arg, const struct vm_profile_row *row)
{
	unsigned at = profile.nrows;

	profile.functions++;
	if (at == PROFILE_ROWS) {
		at--;
		if (row->ticks <= profile.rows[at].ticks) {
			profile_add_other(row);
			return;
		}
		profile_add_other(&profile.rows[at]);
	} else {
		profile.nrows++;
	}
	while (at > 0 && profile.rows[at - 1].ticks < row->ticks) {
		profile.rows[at] = profile.rows[at - 1];
		at--;
	}
	profile.rows[at] = *row;
}

/* ---- which internal instructions ------------------------------------------ */

/* Like rows, where there is anything to be had. */
static void
profile_on_instr(void *arg, const char *name, uint64_t count)
{
	unsigned at = profile.ninstrs;

	if (at == PROFILE_ROWS) {
		if (count <= profile.instrs[--at].count)
			return;
	} else {
		profile.ninstrs++;
	}
	while (at > 0 && profile.instrs[at - 1].count < count) {
		profile.instrs[at] = profile.instrs[at - 1];
		at--;
	}
	profile.instrs[at].count = count;
	snprintf(profile.instrs[at].name, sizeof(profile.instrs[at].name),
		"%s", name);
}

/* ---- as text -------------------------------------------------------------- */

static void
profile_flush(void)
{
	guest_io_profile(profile.io, profile.text.data, profile.text.len);
	profile.text.len = 0;
}

static void
profile_name(const struct vm_profile_row *row)
{
	const char *preloaded = program_name_of(profile.program, row->module);
	struct name name = vm_module_func_name(row->module, row->func);

	if (name.data == NULL)
		text_printf(&profile.text, "?");
	else
		text_name(&profile.text, name.data, name.len < PROFILE_NAME ?
			name.len : PROFILE_NAME);
	if (preloaded != NULL) {
		text_printf(&profile.text, " of ");
		text_name(&profile.text, preloaded, strlen(preloaded));
	}
}

/* The lengths of all ticks together are those of the time that has passed. */
static uint64_t
profile_time(uint64_t ticks, uint64_t ns, uint64_t all)
{
	return all == 0 ? 0 : (uint64_t)((unsigned __int128)ticks * ns / all);
}

static void
profile_row(char kind, const struct vm_profile_row *row, uint64_t ns,
	uint64_t all)
{
	struct text *t = &profile.text;

	text_printf(t, "%c %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64
		" %" PRIu64 " %" PRIu64 " ", kind, row->func, row->calls,
		row->fuel, row->total_fuel, profile_time(row->ticks, ns, all),
		profile_time(row->total_ticks, ns, all));
	if (row->module != NULL)
		profile_name(row);
	else if (row->host_module != NULL)
		text_printf(t, "%s.%s", row->host_module, row->host_name);
	else if (row->host_name != NULL)
		text_printf(t, "%s", row->host_name);
	text_printf(t, "\n");
	/* What a line takes at most. */
	if (t->len > RESULT_TEXT_MAX - 512)
		profile_flush();
}

static void
profile_instrs(void)
{
	profile.ninstrs = 0;
	vm_store_profile_instrs(profile.program->store, profile_on_instr, NULL);
	for (unsigned i = 0; i < profile.ninstrs; i++) {
		text_printf(&profile.text, "i 0 %" PRIu64 " 0 0 0 0 %s\n",
			profile.instrs[i].count, profile.instrs[i].name);
		if (profile.text.len > RESULT_TEXT_MAX - 512)
			profile_flush();
	}
}

static void
profile_report(uint64_t ns, uint64_t ticks)
{
	profile.nrows = 0;
	profile.functions = 0;
	profile.others = (struct vm_profile_row){ .calls = 0 };
	vm_store_profile(profile.program->store, profile_on_row, NULL);
	text_printf(&profile.text, "profile %" PRIu64 " %" PRIu64 "\n", ns,
		profile.functions);
	for (unsigned i = 0; i < profile.nrows; i++)
		profile_row(profile.rows[i].module != NULL ? 'f' : 'h',
			&profile.rows[i], ns, ticks);
	if (profile.functions > profile.nrows)
		profile_row('o', &profile.others, ns, ticks);
	profile_instrs();
	text_printf(&profile.text, "end\n");
	profile_flush();
}

/* ---- when ------------------------------------------------------------------ */

static uint64_t
profile_on_due(void *arg, uint64_t now)
{
	uint64_t ns = profile_ns(), ticks = now - profile.start_ticks;
	uint64_t wait;

	if (ns >= PROFILE_LEAST_NS)
		profile_report(ns, ticks);
	/* At first this only measures how long a tick is. */
	wait = ns / PROFILE_PART;
	if (wait < PROFILE_LEAST_NS)
		wait = PROFILE_LEAST_NS;
	return vm_profile_ticks() + (ns == 0 ? ticks :
		(uint64_t)((unsigned __int128)wait * ticks / ns));
}

void
profile_start(const struct program *p, struct guest_io *io)
{
	profile.program = p;
	profile.io = io;
	profile.text.data = profile.data;
	profile.start_ns = 0;
	profile.start_ns = profile_ns();
	profile.start_ticks = vm_profile_ticks();
	vm_store_on_profile(p->store, profile_on_due, NULL);
}

void
profile_end(void)
{
	if (profile.program != NULL)
		profile_report(profile_ns(),
			vm_profile_ticks() - profile.start_ticks);
}
