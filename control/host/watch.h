/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control lcore looks at all the time: punted packets, links, workers. */
#ifndef WATCH_H
#define WATCH_H

#include "host.h"

/* A poller that drains the punt rings to ARP, ND, ICMP and those who wait for a MAC. */
void punt_start(struct host *h);

/* Link states once a second: interface.link, and an announcement where one comes up. */
void link_start(struct host *h);

/*
 * Heartbeats of the workers, from dp_start() on: worker.stalled, and systemd's watchdog, which
 * is fed only while all of them turn.
 */
void watchdog_start(struct host *h);

/* Tell whoever listens: h->notify with `b`, which is freed. */
struct tnd_buf;
void host_notify(struct host *h, const char *type, struct tnd_buf *b);

#endif
