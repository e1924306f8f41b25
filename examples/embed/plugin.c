/*
 * A host of plug-ins: gives each line of its input to a function of a module,
 * whose state stays, and prints what that makes of it. One with a loop of its
 * own watches wasmd_fd and wasmd_instance_fd, as gateway.c does, in place of
 * wasmd_instance_wait.
 *
 *	plugin SOCKET MODULE FUNCTION
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

static void
until_ready(struct wasmd_instance *plugin)
{
	struct wasmd_error error;

	while (!wasmd_instance_is_ready(plugin))
		if (wasmd_instance_wait(plugin, -1, &error) == -1)
			errx(1, "%s", error.text);
}

int
main(int argc, char **argv)
{
	const struct wasmd_instance_events events = { .size = sizeof(events),
		.on_return = on_return, .on_exit = on_exit_record };
	struct wasmd_error error = { .text = "usage: plugin SOCKET MODULE NAME" };
	struct wasmd *wasmd = argc == 4 ? wasmd_open(argv[1], &error) : NULL;
	struct wasmd_value text = { .kind = WASMD_BYTES };
	const struct wasmd_invoke invoke = { .size = sizeof(invoke),
		.name = argv[argc - 1], .args = &text, .nargs = 1,
		.wants_bytes = true, .timeout_ms = 1000 };
	struct wasmd_call what = { .size = sizeof(what) };
	struct wasmd_instance *plugin = NULL;
	static char line[65536];

	if (wasmd != NULL && (what.module_fd = wasmd_module_copy(open(argv[2],
			O_RDONLY), &error)) != -1)
		plugin = wasmd_instance_open(wasmd, &what, &events, NULL, &error);
	if (plugin == NULL)
		errx(1, "%s", error.text);
	for (until_ready(plugin); fgets(line, sizeof(line), stdin) != NULL;
			until_ready(plugin)) {
		text.as.bytes.data = line;
		text.as.bytes.len = strcspn(line, "\n");
		wasmd_instance_call(plugin, &invoke, NULL);
	}
	wasmd_instance_close(plugin);
	wasmd_close(wasmd);
	return 0;
}
