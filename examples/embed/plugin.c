/*
 * A host of plug-ins: gives each line of its input to a function of a module,
 * whose state stays, and prints what that makes of it. Other programs have loops
 * of their own; for those that have none there is wasmd_instance_wait.
 *
 *	plugin SOCKET MODULE FUNCTION
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wasmd.h>

static void
on_return(void *arg, const struct wasmd_return *r)
{
	if (r->end == WASMD_RETURNED)
		printf("%.*s\n", (int)r->bytes.len, r->bytes.data);
	else
		warnx("%.*s", (int)r->cause.len, r->cause.data);
	fflush(stdout);
}

static void
on_exit_record(void *arg, const struct wasmd_msg *record)
{
	struct wasmd_bytes cause = wasmd_msg_bytes(record, "cause");

	errx(1, "it has ended: %.*s", (int)cause.len, cause.data);
}

/* One line, as address and length in the plug-in's memory; false: the last. */
static bool
call(struct wasmd_instance *plugin, const char *function)
{
	static char line[65536];
	struct wasmd_value text = { WASMD_BYTES, { .bytes = { line, 0 } } };
	const struct wasmd_invoke invoke = { .size = sizeof(invoke),
		.name = function, .args = &text, .nargs = 1,
		.wants_bytes = true, .timeout_ms = 1000 };

	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	text.as.bytes.len = strcspn(line, "\n");
	return wasmd_instance_call(plugin, &invoke, NULL) == 0;
}

int
main(int argc, char **argv)
{
	const struct wasmd_instance_events events = { .size = sizeof(events),
		.on_return = on_return, .on_exit = on_exit_record };
	struct wasmd_error error = { .text = "usage: plugin SOCKET MODULE NAME" };
	struct wasmd *wasmd = argc == 4 ? wasmd_open(argv[1], &error) : NULL;
	struct wasmd_instance *plugin = NULL;
	struct wasmd_call what = { .size = sizeof(what) };

	setvbuf(stdin, NULL, _IONBF, 0);	/* poll(2) shall see all of it */
	if (wasmd != NULL && (what.module_fd = wasmd_module_copy(open(argv[2],
			O_RDONLY), &error)) != -1)
		plugin = wasmd_instance_open(wasmd, &what, &events, NULL, &error);
	if (plugin == NULL)
		errx(1, "%s", error.text);
	for (;;) {
		bool ready = wasmd_instance_is_ready(plugin);
		struct pollfd p[] = { { wasmd_fd(wasmd), POLLIN, 0 },
			{ wasmd_instance_fd(plugin), POLLIN, 0 },
			{ ready ? STDIN_FILENO : -1, POLLIN, 0 } };

		p[0].events |= wasmd_unsent(wasmd) > 0 ? POLLOUT : 0;
		p[1].events |= wasmd_instance_unsent(plugin) > 0 ? POLLOUT : 0;
		poll(p, 3, wasmd_instance_timeout(plugin));
		if (p[2].revents != 0 && !call(plugin, argv[3]))
			break;
		if (wasmd_instance_dispatch(plugin, &error) == -1 ||
		    wasmd_dispatch(wasmd, &error) == -1)
			errx(1, "%s", error.text);
	}
	wasmd_instance_close(plugin);
	wasmd_close(wasmd);
	return 0;
}
