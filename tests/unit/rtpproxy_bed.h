/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rtpproxy's control protocol over real sessions, and clients on each transport: sockets of this
 * machine, at addresses of the loopback and in a directory of their own.
 */
#ifndef RTPPROXY_BED_H
#define RTPPROXY_BED_H

#include "check.h"

#include <sys/types.h>

#include "call_host.h"
#include "compat.h"

enum transport { UDP4, UDP6, TCP4, TCP6, UNIX, CUNIX, TRANSPORTS };

extern struct host *h;
extern struct sessions *s;
extern struct compat *c;
extern struct media *bed_media;   /* what compat is started with */
extern char dir[64];              /* of unix sockets */
extern char *control[TRANSPORTS]; /* their names, as the configuration has them */
extern char heard[65536];         /* the latest reply */

struct config_rtpproxy *config(void);

/* A daemon, and its end. `bridging`: with an IPv6 address on the external side. */
void begin(bool bridging);
void end(void);

/* Of all tests; of each. */
int set_up_all(void **state);
int tear_down_all(void **state);
int set_up(void **state);
int tear_down(void **state);

int dial(enum transport t);
/* What comes in some turns: its length; what came before the daemon hung up. */
ssize_t hear(int fd, char *text, size_t size);
/* A command by itself, and its reply without cookie. */
const char *ask_by(int fd, enum transport t, const char *command);
/* … by UDP, from a socket of its own. */
const char *ask(const char *command);

#endif
