/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TLS connection on the control loop that carries one line each way and then ends: connect or
 * accept, handshake, lines, end. Nothing waits; all of it is over within STREAM_MS.
 */
#ifndef TLS_STREAM_H
#define TLS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "loop.h"
#include "tls.h"

#define STREAM_MS       10000
#define STREAM_LINE_MAX (64 * 1024)

struct tls_stream;

/* The stream may be closed from within any of them. */
struct tls_stream_ops {
	/* The handshake is over; who the other side is, is still to be asked of tls_stream_ssl().
	 */
	void (*open)(void *arg, struct tls_stream *s);
	/* Its line, without the LF, not zero-ended. Called once at most. */
	void (*line)(void *arg, struct tls_stream *s, const char *text, size_t len);
	/* It has ended by itself, and is freed when this returns. `why` is for a log. */
	void (*end)(void *arg, struct tls_stream *s, const char *why);
};

/*
 * On an accepted socket, or one whose connect(2) is under way. Takes the descriptor in every case.
 * NULL: no memory, or no descriptors.
 */
struct tls_stream *tls_stream_new(struct loop *l, struct tls_context *t, int fd, bool server,
				  const struct tls_stream_ops *ops, void *arg);
/* Sends a line (its LF is added) and, with `last`, ends when it is out. */
void tls_stream_send(struct tls_stream *s, const char *text, size_t len, bool last);
/* Without a call of ops->end(). */
void tls_stream_close(struct tls_stream *s);
SSL *tls_stream_ssl(struct tls_stream *s);

#endif
