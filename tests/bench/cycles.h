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

/* The least that any forwarder does: receive, swap addresses and ports, send. How many. */
unsigned int bed_swap(const struct bed *b);

#endif
