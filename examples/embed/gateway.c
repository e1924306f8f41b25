/*
 * Functions over HTTP, by libevent's evhttp: each request is a call of a module
 * in a process of its own. It gets the path as its argument and the body as its
 * input; its output is the answer.
 *
 *	gateway SOCKET MODULE PORT
 */
#include <err.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <stdlib.h>
#include <wasmd.h>

static struct wasmd *wasmd;
static struct event *readable, *writable;
static int module;

struct request {
	struct evhttp_request *http;
	struct wasmd_job *job;
	struct evbuffer *out;
};

static void
answer(struct request *r, int code, const char *reason)
{
	evhttp_send_reply(r->http, code, reason, r->out);
	evbuffer_free(r->out);
	free(r);
}

static void
on_started(void *arg, struct wasmd_job *job)
{
	((struct request *)arg)->job = job;
}

static void
on_output(void *arg, int fd, const void *data, size_t len)
{
	struct request *r = arg;

	evbuffer_add(r->out, data, len);
	wasmd_job_credit(r->job, len, NULL);
}

static void
on_want_input(void *arg, size_t wanted)
{
	struct request *r = arg;
	struct evbuffer *body = evhttp_request_get_input_buffer(r->http);
	char data[4096];
	int n;

	do {
		n = evbuffer_remove(body, data,
			wanted < sizeof(data) ? wanted : sizeof(data));
		/* Nothing is the end. */
		wasmd_job_input(r->job, data, n > 0 ? (size_t)n : 0, NULL);
		wanted -= n > 0 ? (size_t)n : 0;
	} while (n > 0 && wanted > 0);
}

static void
on_exit_record(void *arg, const struct wasmd_msg *record)
{
	bool good = wasmd_record_exit(record) == 0;

	answer(arg, good ? 200 : 500, good ? "OK" : "The function failed");
}

static void
on_refused(void *arg, const struct wasmd_error *error)
{
	answer(arg, 503, error->text);
}

static void
on_wasmd(int fd, short what, void *arg)
{
	if (wasmd_dispatch(wasmd, NULL) == -1)
		errx(1, "the daemon has gone");
	if (wasmd_unsent(wasmd) > 0)
		event_add(writable, NULL);
}

static void
on_request(struct evhttp_request *http, void *arg)
{
	static const struct wasmd_events events = { .size = sizeof(events),
		.on_started = on_started, .on_output = on_output,
		.on_want_input = on_want_input, .on_exit = on_exit_record,
		.on_refused = on_refused };
	const char *const args[] = { "function",
		evhttp_uri_get_path(evhttp_request_get_evhttp_uri(http)) };
	const struct wasmd_call call = { .size = sizeof(call),
		.module_fd = module, .args = args, .nargs = 2,
		.has_stdin = true, .wall_ms = 10000, .credit = 65536 };
	struct request *r = calloc(1, sizeof(*r));
	struct wasmd_error error;

	*r = (struct request){ .http = http, .out = evbuffer_new() };
	if (wasmd_submit(wasmd, &call, &events, r, &error) == NULL)
		on_refused(r, &error);
	on_wasmd(-1, 0, NULL);	/* send it */
}

int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct wasmd_error error = { .text = "usage: gateway SOCKET MODULE PORT" };

	if (argc == 4)
		wasmd = wasmd_open(argv[1], &error);
	if (wasmd == NULL || (module = wasmd_module_copy(open(argv[2],
			O_RDONLY), &error)) == -1)
		errx(1, "%s", error.text);
	readable = event_new(base, wasmd_fd(wasmd), EV_READ | EV_PERSIST,
		on_wasmd, NULL);
	writable = event_new(base, wasmd_fd(wasmd), EV_WRITE, on_wasmd, NULL);
	event_add(readable, NULL);
	evhttp_set_max_body_size(http, 1 << 20);
	evhttp_set_gencb(http, on_request, NULL);
	if (evhttp_bind_socket(http, "127.0.0.1", (uint16_t)atoi(argv[3])) != 0)
		errx(1, "port %s cannot be used", argv[3]);
	return event_base_dispatch(base);
}
