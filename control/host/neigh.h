/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Next hops and neighbours: ARP (RFC 826) and IPv6 neighbour discovery (RFC 4861), in both
 * directions, for the addresses that tandem owns.
 *
 * A bounded table that learns only what it asked for. An entry lives while plans refer to it
 * (neigh_ref), is probed by unicast while it lives, and keeps its MAC meanwhile; its index is
 * the index into flow_tables.nexthop, so that a neighbour that moves changes one word.
 */
#ifndef NEIGH_H
#define NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "addr.h"

struct host;
struct neigh_table;

enum neigh_state {
	NEIGH_INCOMPLETE, /* asked, no answer yet */
	NEIGH_REACHABLE,
	NEIGH_PROBE,  /* confirmed some time ago; asked again, MAC in use meanwhile */
	NEIGH_FAILED, /* no answer to the retries; asked again now and then while referred to */
	NEIGH_STATIC,
};
const char *neigh_state_name(enum neigh_state s);

struct neigh_info {
	uint16_t iface;
	union wire_ip ip;
	enum neigh_state state;
	struct rte_ether_addr mac;
	uint32_t refs;
	uint32_t nexthop;
	uint64_t age_ms; /* since it was last confirmed */
};

int neigh_init(struct host *h);
void neigh_free(struct host *h);

/*
 * The next hop toward `ip` from local address `addr` (by its prefix, the configured routes,
 * or its gateway), with one reference; resolution starts if need be. Index of flow_nexthop in
 * *nexthop. 0, -ENETUNREACH (no route), -ENOSPC (table full), -EINVAL (family differs, or
 * `ip` is not unicast).
 */
int neigh_ref(struct host *h, uint16_t addr, const union wire_ip *ip, uint32_t *nexthop);
void neigh_unref(struct host *h, uint32_t nexthop);

/* Has it a usable MAC? Packets for one that has none yet wait in the table, a few each. */
bool neigh_ready(const struct host *h, uint32_t nexthop);

/* Has it not answered, to the last retry? It is asked again now and then. */
bool neigh_failed(const struct host *h, uint32_t nexthop);

/*
 * Send a frame by a next hop on which the caller has a reference; it is ready but for the MAC
 * address it goes to, and waits if there is none yet. Takes the mbuf. 0, -EHOSTUNREACH (the
 * neighbour does not answer), -ENOBUFS (too many wait, or the ring to the worker is full);
 * counted.
 */
int neigh_output(struct host *h, uint32_t nexthop, struct rte_mbuf *m);

/* For listing: entries from *cursor on; false at the end. */
bool neigh_next(const struct host *h, uint32_t *cursor, struct neigh_info *out);

/* Packets from workers: ARP, ND and those that wait for a MAC. They take the mbuf. */
void neigh_input_arp(struct host *h, uint16_t iface, struct rte_mbuf *m);
void neigh_input_nd(struct host *h, uint16_t iface, struct rte_mbuf *m);
void neigh_input_unresolved(struct host *h, uint16_t iface, uint32_t nexthop, struct rte_mbuf *m);

/* Tell the links who we are: gratuitous ARP and unsolicited NA for every address. */
void neigh_announce(struct host *h);

#endif
