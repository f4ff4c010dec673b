/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection to a daemon: a unix stream socket, one JSON text a line. Trusts nothing of
 * the other side: every wait has a deadline, a line has a greatest length.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* The longest line that is taken, without its LF: what json_parse() takes. */
#define CTL_LINE_MAX (256 * 1024)

#define CTL_FOREVER UINT64_MAX

struct ctl_client {
	int fd;            /* -1: not connected */
	struct tnd_buf in; /* received and not yet dropped */
	size_t handed_out; /* bytes of `in` that the last line took: dropped at the next one */
	size_t scanned;    /* bytes after these that hold no LF */
	uint64_t last_id;  /* of the latest request */
	/*
	 * Optional. While the client waits, `wake` is called when wake_fd (-1: none) can be
	 * read and after each signal; if it says true the wait ends with -EINTR.
	 */
	bool (*wake)(void *arg);
	void *wake_arg;
	int wake_fd;
	const sigset_t *wait_mask; /* signal mask while waiting; NULL: unchanged */
};

/* Milliseconds of the monotonic clock. */
uint64_t ctl_now_ms(void);

void ctl_client_init(struct ctl_client *c);

/* 0; -ENAMETOOLONG; -ETIMEDOUT; or what connect(2) says. Deadlines are of ctl_now_ms(). */
int ctl_client_open(struct ctl_client *c, const char *path, uint64_t deadline_ms);
void ctl_client_close(struct ctl_client *c);

/* All of it; the caller's text ends with LF. 0, -ETIMEDOUT, -EINTR, -EPIPE, … */
int ctl_client_send(struct ctl_client *c, const char *text, size_t len, uint64_t deadline_ms);

/*
 * The next line without its LF, valid until the next call. 0; -ETIMEDOUT; -EINTR; -EMSGSIZE:
 * longer than CTL_LINE_MAX; -ECONNRESET: the daemon has closed; -EBADMSG: closed inside a
 * line; -ENOMEM.
 */
int ctl_client_line(struct ctl_client *c, const char **line, size_t *len, uint64_t deadline_ms);

/*
 * Wait for the deadline with the client's `wake`: 0 at the deadline, -EINTR if `wake` said
 * so. What the daemon sends meanwhile is left alone.
 */
int ctl_client_sleep(struct ctl_client *c, uint64_t deadline_ms);

#endif
