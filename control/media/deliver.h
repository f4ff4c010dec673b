/* SPDX-License-Identifier: BSD-3-Clause */
/* What the helper does with a copy: to the files and sockets of its session's sinks. */
#ifndef MEDIA_DELIVER_H
#define MEDIA_DELIVER_H

#include "helper.h"

/* The mbuf stays the caller's. */
void deliver(struct helper *h, const struct rte_mbuf *m);
/* Old bytes to files, and limits in time. */
void deliver_tick(struct helper *h, struct sink *k);
/* Closes all of a sink's files, and its socket. */
void deliver_close(struct helper *h, struct sink *k);

/* helper.c: the time of day of a TSC time. */
uint64_t helper_time_ns(const struct helper *h, uint64_t tsc);

#endif
