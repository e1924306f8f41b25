/* Signals as input of a poll(2) loop: Ctrl-C and its like are requests to end
 * the job, not the program. */
#ifndef CLIENT_SIGNALS_H
#define CLIENT_SIGNALS_H

/* Take SIGINT, SIGTERM and SIGHUP from now on; SIGPIPE becomes an error of
 * write(2). A descriptor that is readable when one has come, or -1. */
int signals_open(void);

/* The next signal that has come, 0: none. */
int signals_take(int fd);

#endif
