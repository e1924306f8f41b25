/* The terminal as a screen. Used by wasmctl. */
#include "client/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The other screen, without a cursor; and back. */
#define SCREEN_ENTER	"\033[?1049h\033[?25l"
#define SCREEN_LEAVE	"\033[?25h\033[?1049l"
#define SCREEN_HOME	"\033[H"
#define SCREEN_REST	"\033[K"	/* of the line is blank */
#define SCREEN_BELOW	"\033[J"

#define SCREEN_LINES	24	/* where the terminal does not tell */
#define SCREEN_COLUMNS	80

/* There is one terminal, and a signal's handler must find how it was. */
static struct termios screen_before;
static volatile sig_atomic_t screen_is_open;

static const int screen_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static void
screen_write(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n == -1 && errno != EINTR)
			return;	/* it has gone: nothing is left to be drawn */
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

void
screen_close(void)
{
	if (!screen_is_open)
		return;
	screen_is_open = 0;
	screen_write(SCREEN_LEAVE, strlen(SCREEN_LEAVE));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen_before);
}

/* The signal's own effect comes when it is no longer blocked. */
static void
screen_on_signal(int sig)
{
	screen_close();
	raise(sig);
}

int
screen_open(void)
{
	const struct sigaction act = { .sa_handler = screen_on_signal,
		.sa_flags = (int)SA_RESETHAND };
	struct termios raw;

	if (!isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &screen_before) == -1)
		return -1;
	raw = screen_before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	for (size_t i = 0; i < sizeof(screen_signals) / sizeof(int); i++)
		sigaction(screen_signals[i], &act, NULL);
	screen_is_open = 1;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	screen_write(SCREEN_ENTER, strlen(SCREEN_ENTER));
	return 0;
}

/* Each line cut at the edge: a wrapped one would push others off. */
static int
screen_draw(struct buf *out, const struct buf *lines, struct winsize size)
{
	const char *at = (const char *)lines->data;
	size_t left = lines->len;

	if (buf_append(out, SCREEN_HOME, strlen(SCREEN_HOME)) == -1)
		return -1;
	for (unsigned row = 0; row < size.ws_row && left > 0; row++) {
		const char *end = memchr(at, '\n', left);
		size_t len = end == NULL ? left : (size_t)(end - at);
		size_t shown = len < size.ws_col ? len : size.ws_col;

		if (buf_printf(out, "%s%.*s" SCREEN_REST, row > 0 ? "\r\n" : "",
			    (int)shown, at) == -1)
			return -1;
		len += end != NULL;
		at += len;
		left -= len;
	}
	return buf_append(out, SCREEN_BELOW, strlen(SCREEN_BELOW));
}

void
screen_show(const struct buf *lines)
{
	struct winsize size;
	struct buf out;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_row == 0 ||
	    size.ws_col == 0)
		size = (struct winsize){ .ws_row = SCREEN_LINES,
			.ws_col = SCREEN_COLUMNS };
	buf_init(&out, 1u << 20);
	if (screen_draw(&out, lines, size) == 0)
		screen_write((const char *)out.data, out.len);
	buf_clear(&out);
}

int
screen_key(int ms)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	unsigned char key;
	int n = poll(&p, 1, ms);

	if (n <= 0)
		return n == 0 || errno == EINTR ? 0 : -1;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
