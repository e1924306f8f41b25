/* Metrics for whoever collects them. Runs in the daemon. */
#include "daemon/scrape.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/listen.h"
#include "daemon/stats.h"

#define SCRAPE_REQUEST_MAX 4096		/* bytes of a request, headers included */
#define SCRAPE_SECONDS	5		/* of silence, either way */
#define SCRAPE_CLIENTS	16		/* at the same time */

struct scrape {
	TAILQ_ENTRY(scrape) entry;
	struct scrapes *scrapes;
	struct bufferevent *bev;
	bool answered;
};

struct scrapes {
	struct event_base *base;
	struct listener *listener;
	const struct stats *stats;
	TAILQ_HEAD(, scrape) clients;
	unsigned count;
};

static void
scrape_free(struct scrape *s)
{
	TAILQ_REMOVE(&s->scrapes->clients, s, entry);
	s->scrapes->count--;
	bufferevent_free(s->bev);	/* closes its descriptor */
	free(s);
}

static void
scrape_answer(struct scrape *s, const char *status, const char *type,
	const void *body, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(s->bev);

	s->answered = true;
	bufferevent_disable(s->bev, EV_READ);
	evbuffer_add_printf(out, "HTTP/1.0 %s\r\nContent-Type: %s\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n", status,
		type, len);
	evbuffer_add(out, body, len);
}

static void
scrape_refuse(struct scrape *s, const char *status)
{
	scrape_answer(s, status, "text/plain", "", 0);
}

static void
scrape_metrics(struct scrape *s)
{
	struct buf text;

	buf_init(&text, STATS_MAX);
	if (stats_print(s->scrapes->stats, &text) == -1)
		scrape_refuse(s, "500 out of memory");
	else
		scrape_answer(s, "200 OK", "text/plain; version=0.0.4",
			text.data, text.len);
	buf_clear(&text);
}

/* The request is here with all its headers, of which none matters. */
static void
scrape_request(struct scrape *s, char *line)
{
	char *path = strchr(line, ' ');

	if (path == NULL) {
		scrape_refuse(s, "400 Bad Request");
		return;
	}
	*path++ = '\0';
	path[strcspn(path, " ?")] = '\0';
	if (strcmp(line, "GET") != 0)
		scrape_refuse(s, "405 Method Not Allowed");
	else if (strcmp(path, "/metrics") != 0 && strcmp(path, "/") != 0)
		scrape_refuse(s, "404 Not Found");
	else
		scrape_metrics(s);
}

static void
scrape_on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct scrape *s = arg;
	char *line;

	if (s->answered)
		return;
	if (evbuffer_search(in, "\r\n\r\n", 4, NULL).pos == -1) {
		if (evbuffer_get_length(in) >= SCRAPE_REQUEST_MAX)
			scrape_refuse(s, "431 Request Header Fields Too Large");
		return;
	}
	line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF);
	if (line == NULL)
		scrape_refuse(s, "500 out of memory");
	else
		scrape_request(s, line);
	free(line);
}

/* All is written. */
static void
scrape_on_write(struct bufferevent *bev, void *arg)
{
	struct scrape *s = arg;

	if (s->answered)
		scrape_free(s);
}

/* It has gone, or does not say or take anything. */
static void
scrape_on_event(struct bufferevent *bev, short what, void *arg)
{
	scrape_free(arg);
}

static void
scrapes_on_accept(void *arg, int fd)
{
	const struct timeval silence = { SCRAPE_SECONDS, 0 };
	struct scrapes *ss = arg;
	struct scrape *s = NULL;
	struct bufferevent *bev = NULL;

	if (ss->count < SCRAPE_CLIENTS && (s = calloc(1, sizeof(*s))) != NULL)
		bev = bufferevent_socket_new(ss->base, fd,
			BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		log_notice("metrics: a connection more than can be served");
		free(s);
		fd_close(&fd);
		return;
	}
	s->scrapes = ss;
	s->bev = bev;
	TAILQ_INSERT_TAIL(&ss->clients, s, entry);
	ss->count++;
	bufferevent_setcb(bev, scrape_on_read, scrape_on_write, scrape_on_event,
		s);
	bufferevent_setwatermark(bev, EV_READ, 0, SCRAPE_REQUEST_MAX);
	bufferevent_set_timeouts(bev, &silence, &silence);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

struct scrapes *
scrapes_new_take(struct event_base *base, struct listener *l,
	const struct stats *stats)
{
	struct scrapes *ss = calloc(1, sizeof(*ss));

	if (ss == NULL) {
		listener_close(l);
		return NULL;
	}
	ss->base = base;
	ss->listener = l;
	ss->stats = stats;
	TAILQ_INIT(&ss->clients);
	if (listener_start(l, base, scrapes_on_accept, ss) == -1) {
		scrapes_free(ss);
		return NULL;
	}
	return ss;
}

struct listener *
scrapes_listener(const struct scrapes *ss)
{
	return ss->listener;
}

void
scrapes_give_up(struct scrapes *ss)
{
	listener_give_up(ss->listener);
	ss->listener = NULL;
}

void
scrapes_free(struct scrapes *ss)
{
	struct scrape *s;

	if (ss == NULL)
		return;
	while ((s = TAILQ_FIRST(&ss->clients)) != NULL)
		scrape_free(s);
	listener_close(ss->listener);
	free(ss);
}
