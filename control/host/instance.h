/* SPDX-License-Identifier: BSD-3-Clause */
/* One daemon on a socket: a locked file beside it. Only main uses this. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <sys/types.h>

struct instance {
	int fd; /* -1: not held */
	char path[128];
};

/*
 * Take the lock of a socket, "<socket>.lock", and write our pid into it. The directory of both
 * is made if it is missing (not those above it). The kernel lets go of the lock when the
 * process ends, however that happens. 0; -EADDRINUSE (another has it: its pid in *holder, 0 if
 * it can't be told); -errno.
 */
int instance_lock(struct instance *i, const char *socket, pid_t *holder);
void instance_unlock(struct instance *i);

#endif
