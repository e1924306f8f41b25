/* A template and all that was cloned from it. Runs in the daemon. */
#include "daemon/family.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/process.h"

/* Children are a property of this process, and so are their families. */
static LIST_HEAD(, family) families = LIST_HEAD_INITIALIZER(families);

struct family *
family_new(pid_t group)
{
	struct family *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->group = group;
	f->refs = 1;
	LIST_INSERT_HEAD(&families, f, entry);
	return f;
}

struct family *
family_ref(struct family *f)
{
	f->refs++;
	return f;
}

void
family_unref(struct family *f)
{
	if (f == NULL || --f->refs > 0)
		return;
	LIST_REMOVE(f, entry);
	free(f);
}

bool
family_any(void)
{
	return !LIST_EMPTY(&families);
}

static void
family_kill(const struct family *f)
{
	if (kill(-f->group, SIGKILL) == -1 && errno != ESRCH)
		log_err("process group %d cannot be ended: %s", (int)f->group,
			strerror(errno));
}

void
family_join(struct family *f)
{
	/* Until its strays, should there be any, are reaped. */
	if (f->members++ == 0) {
		f->lingers = true;
		family_ref(f);
	}
}

void
family_leave(struct family *f)
{
	if (--f->members == 0)
		family_kill(f);
}

void
family_condemn(struct family *f)
{
	f->condemned = true;
	if (f->members > 0)
		family_kill(f);
}

static struct family *
family_find(pid_t group)
{
	struct family *f;

	LIST_FOREACH(f, &families, entry) {
		if (f->group == group)
			return f;
	}
	return NULL;
}

/* A child of ours that is no process we know: whose is it? */
static void
family_count(pid_t pid)
{
	struct family *f = family_find(getpgid(pid));
	siginfo_t info;

	/* A new template leads a group before we have been told of it. */
	if (f == NULL || f->group == pid)
		return;
	f->strays++;
	if (f->members == 0 || f->condemned) {
		family_kill(f);
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG);
	}
}

/* All children of this process that it does not know; the kernel lists those of
 * each thread, and there is one. */
static int
family_list(void (*on_child)(pid_t pid))
{
	pid_t *known, pid;
	char path[64];
	size_t count;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		(int)getpid());
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	known = process_list(&count);
	while (known != NULL && fscanf(file, "%d", &pid) == 1) {
		if (!process_list_has(known, count, pid))
			on_child(pid);
	}
	fclose(file);
	free(known);
	return known == NULL ? -1 : 0;
}

/* One that has more than it may. */
static struct family *
family_with_strays(void)
{
	struct family *f;

	LIST_FOREACH(f, &families, entry) {
		if (f->members > 0 && f->strays > f->pending && !f->condemned)
			return f;
	}
	return NULL;
}

void
family_census(void (*on_stray)(void *arg, struct family *f), void *arg)
{
	static bool told;
	struct family *f, *next;

	LIST_FOREACH(f, &families, entry)
		f->strays = 0;
	if (family_list(family_count) == -1 && !told) {
		log_warning("processes that templates hide are not found: "
			"/proc/self/task/PID/children: %s", strerror(errno));
		told = true;
	}
	while ((f = family_with_strays()) != NULL)
		on_stray(arg, f);
	for (f = LIST_FIRST(&families); f != NULL; f = next) {
		next = LIST_NEXT(f, entry);
		if (f->members == 0 && f->strays == 0 && f->lingers) {
			f->lingers = false;
			family_unref(f);
		}
	}
}
