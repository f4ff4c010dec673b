/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control lcore's ground with time in the test's hands: real mbufs, flow tables and neighbour
 * table, and a dataplane that only keeps what it is given to send.
 */
#ifndef NEIGH_BED_H
#define NEIGH_BED_H

#include "check.h"
#include "test_pool.h"

#include <rte_mbuf.h>

#include "arp.h"
#include "host.h"
#include "nd.h"

#define POOL_SIZE 2047
#define SENT_MAX  2048

extern const uint8_t our_mac[6], peer_mac[6], evil_mac[6], everybody[6];

extern struct rte_mempool *pool;
extern struct host h;

/* What was given to be sent, in order: whole frames, of role TUN packets. */
struct sent {
	uint8_t data[1600];
	size_t len;
	uint16_t iface;
	bool inside; /* as if it had come from there: for a tunnel */
};
extern struct sent sent[SENT_MAX];
extern unsigned int sent_count;
extern bool ring_full; /* nothing can be given to be sent */

extern char events[16][256];
extern unsigned int event_count;

int group_set_up(void **state);
int group_tear_down(void **state);

/* A host of this configuration, all of whose devices have our MAC and an MTU of 1,500. */
int host_set_up(const char *config, uint32_t nexthops);
/* Whatever a test did, no packet buffer is lost. */
int host_tear_down(void **state);

union wire_ip ip(const char *text);
void at(uint64_t ms);

/* Timers are allowed one wheel tick: go on in ticks, so that what follows from them is due too. */
void run_to(uint64_t ms);
struct rte_mbuf *frame_of(const uint8_t *data, size_t len);
uint32_t ref(uint16_t addr, const char *to);
struct neigh_info info_of(uint32_t nexthop);
bool mac_is(uint32_t nexthop, const uint8_t mac[6]);
void hear_arp(uint16_t iface, uint16_t op, const char *sender, const uint8_t mac[6],
	      const char *target);

/* The frame sent last is an ARP packet to `dst`. */
struct wire_arp last_arp(const uint8_t dst[6]);
void expect_ip(const union wire_ip *got, const char *want);

/* A packet that is ready but for its MAC; `tag` tells it from others. */
void wait_packet(uint16_t iface, uint32_t nexthop, uint8_t tag);

#endif
