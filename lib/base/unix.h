/* SPDX-License-Identifier: BSD-3-Clause */
/* Unix sockets that have a file. */
#ifndef TND_UNIX_H
#define TND_UNIX_H

/*
 * What a dead process left at `path` is removed. 0: nothing is in the way; -EADDRINUSE: somebody
 * answers there; -EEXIST: it is no socket; -ENAMETOOLONG; or -errno.
 */
int unix_clear(const char *path);

/* A stream socket, close-on-exec and non-blocking, bound to `path`, which is clear; or -errno. */
int unix_bind(const char *path);

#endif
