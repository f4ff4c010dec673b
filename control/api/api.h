/* SPDX-License-Identifier: BSD-3-Clause */
/* The control API: JSON-RPC 2.0 over unix sockets. All for the control lcore. */
#ifndef API_H
#define API_H

#include <stdbool.h>
#include <stddef.h>

#include "host.h"
#include "session.h"

struct api;
struct media;

/*
 * Serve on the configured sockets: `socket` for all methods, `ro_socket` for those of access
 * read. Takes over h->notify. A socket file left by a daemon that died is replaced.
 * 0; -EADDRINUSE: another daemon answers there; or another -errno after a logged reason.
 */
int api_start(struct api **out, struct host *h, struct sessions *s);
/* Closes everything and removes the socket files. Before sessions_free(). */
void api_stop(struct api *a);

/* The same without sockets, for tests: 0 or -ENOMEM; api_stop() ends it too. */
int api_create(struct api **out, struct host *h, struct sessions *s);

/* What record.*, capture.* and play.* work with: until api_stop(). Without it they are refused. */
void api_set_media(struct api *a, struct media *m);

/* What tunnel.* and user.* work with: until api_stop(), or NULL: they are refused. */
struct tunnels;
void api_set_tunnels(struct api *a, struct tunnels *t);

/* What tunnel.dial works with: until api_stop(), or NULL. */
struct dials;
void api_set_dials(struct api *a, struct dials *d);

/*
 * One line (without its LF), as from a client that may write or may not. `reply` is called
 * once: with the line to send (no LF), or with length 0 where there is nothing to say; from
 * within this call, or from the loop if a worker has to let go of something first.
 */
typedef void (*api_reply_fn)(void *arg, const char *text, size_t len);
int api_input(struct api *a, bool may_write, const char *text, size_t len, api_reply_fn reply,
	      void *arg);

#endif
