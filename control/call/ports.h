/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port pairs (even for RTP, the odd one behind it for RTCP) of each local address, by the
 * worker that owns them (flow_owner()).
 *
 * Taken in the order in which they were given back, so that what still comes in for an old
 * call has died away before its port gets a new one. Taking and giving are O(1), two bytes a
 * pair.
 */
#ifndef PORTS_H
#define PORTS_H

#include <stdint.h>

#include "flow.h"

struct ports_range {
	uint16_t min, max; /* inclusive; a pair must lie within */
};

struct ports_queue { /* a ring of pair numbers, RTP port / 2 */
	uint16_t *pair;
	uint16_t size, head, count;
};

struct ports {
	struct ports_queue *queue; /* [address * workers + worker] */
	uint16_t *memory;          /* all rings */
	uint32_t queue_count;
	uint16_t workers;
};

/* All pairs of `count` addresses, by index. 0 or -ENOMEM. Ports below 2 are never handed out. */
int ports_init(struct ports *p, const struct flow_tables *t, const struct ports_range *range,
	       uint16_t count);
void ports_free(struct ports *p);

/* An RTP port (host order), the caller's until ports_give(); 0: none left. */
uint16_t ports_take(struct ports *p, uint16_t addr, uint16_t worker);
void ports_give(struct ports *p, uint16_t addr, uint16_t port);

/* Pairs left: of one worker, of all. */
static inline uint16_t ports_left(const struct ports *p, uint16_t addr, uint16_t worker)
{
	return p->queue[addr * p->workers + worker].count;
}
uint32_t ports_left_all(const struct ports *p, uint16_t addr);

#endif
