/* SPDX-License-Identifier: BSD-3-Clause */
/* The test bed of bench_cycles: a dataplane with one worker between two rings. */
#ifndef CYCLES_H
#define CYCLES_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane.h"

#define BURST_LIMIT 32

struct bed {
	bool in6, out6;
	bool verified; /* packets come as from a device that has verified their checksums */
	uint32_t flows;
	uint32_t *order; /* flows in random order */
	struct rte_ring *to_worker, *from_worker;
	uint16_t port;
	struct flow_tables *t;
	struct dp *dp;

	/* Where packets for the worker go in and come out; of tunnels one is the inner device. */
	struct rte_ring *in, *out;
	uint16_t inner_port;
	bool tunnel; /* RTP in SRTP carries IP: srtp_in out of it, srtp_out into it */

	bool srtp_in, srtp_out;
	enum srtp_engine engine;
	enum srtp_profile profile;
	struct srtp_worker *far_end;
	struct srtp_leg **far_leg;   /* of flow i, for what is sent in */
	struct srtp_keys **far_keys; /* the same */
};

_Noreturn void die(const char *what);

/* Tables with `b->flows` flows, rings, a worker that is stepped by hand. */
void bed_create(struct bed *b);

/*
 * Into `m`, flow i's packet of lap `lap`: IP packets of `size` bytes, of which the first lap
 * begins the flow's RTP sequence.
 */
void bed_packet(const struct bed *b, struct rte_mbuf *m, uint32_t i, uint32_t lap, uint16_t size);

/* Keys for all flows; before the first packet. */
void bed_srtp_create(struct bed *b);

/* Packets of these flows, as bed_packet() made them, become SRTP. */
void bed_srtp_seal(const struct bed *b, struct rte_mbuf **m, const uint32_t *flow, uint16_t n);

/* Tunnels of all flows, and an inner device; before the dataplane and before it has ports. */
void bed_tunnel_port(struct bed *b);
void bed_tunnel(struct bed *b, uint32_t i, uint16_t addr, uint16_t port);
/* Into `ip`, an IP packet of `size` bytes for tunnel i, or from it. */
void bed_tunnel_inner(const struct bed *b, uint8_t *ip, uint32_t i, uint16_t size);
/* One of the sizes of the simple IMIX: 64, 570 and 1,400 bytes, 7 to 4 to 1. */
uint16_t bed_imix(void);

/* Address `host` of network `net`: 10.16 * net/12, or fd00:0:0:net::/64. */
union wire_ip bed_ip(bool six, uint8_t net, uint32_t host);

/* The least that any forwarder does: receive, swap addresses and ports, send. How many. */
unsigned int bed_swap(const struct bed *b);

#endif
