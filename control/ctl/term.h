/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The terminal for a program that draws the whole screen: alternate screen, no echo, keys one
 * by one. It is given back on every way out: ctl_term_close(), exit(), signals that end the
 * program, and while it is stopped.
 */
#ifndef CTL_TERM_H
#define CTL_TERM_H

#include <stdbool.h>
#include <signal.h>

struct ctl_term {
	int key_fd;         /* to wait for besides signals; -1: no keyboard */
	sigset_t wait_mask; /* for waiting: signals are blocked elsewhere */
	bool quit;          /* q was typed, or a signal says so */
	bool redraw;        /* the size may be another one */
	int signal;         /* that ended it, or 0 */
};

/* stdout is a terminal. 0 or -errno. */
int ctl_term_open(struct ctl_term *t);
void ctl_term_close(void);

/* Look at signals and keys that have come; sets quit and redraw. Stops here on SIGTSTP. */
void ctl_term_handle(struct ctl_term *t);

/* Lines and columns, at least 1; 24 by 80 if it doesn't say. */
void ctl_term_size(unsigned int *rows, unsigned int *columns);

/* After ctl_term_close(): die of the signal that ended it, if one did. */
void ctl_term_reraise(const struct ctl_term *t);

#endif
