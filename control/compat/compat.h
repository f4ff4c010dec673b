/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control protocol of rtpproxy, as a front end over sessions: docs/rtpproxy.md. All for the
 * control lcore; no command waits for a worker, a disk or a client.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include "session.h"

struct compat;
struct media;

/*
 * Listen on the sockets of the configuration's block `rtpproxy`; *out is NULL where it names none.
 * `media`: for recording and playing; NULL: there is none. 0; -EADDRINUSE, -EINVAL … after a
 * logged reason.
 */
int compat_start(struct compat **out, struct host *h, struct sessions *s, struct media *media);
/* Closes everything and removes the socket files. Before media_free() and sessions_free(). */
void compat_stop(struct compat *c);

/* Sessions that were made here and have not ended. */
uint32_t compat_sessions(const struct compat *c);

#endif
