/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker and the dataplane it is part of: private to this folder. */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_ring.h>

#include "burst.h"
#include "dataplane.h"

#define TX_BUFFER_MAX 64

struct tx_buffer {
	uint16_t n;
	uint16_t queue;
	uint16_t worker; /* whose queue it is: our own index, or whom to hand frames to */
	uint32_t bytes;
	struct rte_mbuf *m[TX_BUFFER_MAX];
};

struct handoff_buffer {
	uint16_t n;
	struct rte_mbuf *m[BURST_MAX];
};

struct token_bucket {
	uint32_t tokens;
	uint32_t tick; /* of the last refill */
};

/* Everything here is the worker's own, but for what `stats` readers may load. */
struct worker {
	struct flow_tables *t;
	struct dp *dp;
	uint16_t index;
	bool stop;    /* writer: control; relaxed */
	bool stopped; /* the loop was left; release */
	uint64_t now;
	uint32_t tick, fine;
	uint32_t fine_hz; /* flow_fine() units a second */

	/* The local addresses found last: most packets of a burst are for the same ones. */
	struct {
		const uint32_t *slots;
		uint32_t dst;
		uint16_t iface;
	} last4;
	struct {
		const uint32_t *slots;
		union wire_ip dst;
		uint16_t iface;
	} last6;

	uint16_t rx_count;
	struct {
		uint16_t port, queue;
	} rx[FLOW_PORTS_MAX];

	uint32_t tx_dirty; /* bit: port with frames in tx[] */
	uint64_t to_dirty; /* bit: worker with packets in to[] */
	uint16_t ip_id;
	bool busy;           /* the last turn found packets */
	uint32_t nap_max_us; /* adaptive: worker_nap_max_us() */

	/* All SP/SC, so that nobody ever waits for another. */
	struct rte_ring
		*handoff[FLOW_WORKERS_MAX]; /* in: from worker i; our own for local next hops */
	struct rte_ring *punt;              /* out: to control */
	struct rte_ring *event;             /* out: to control, struct flow_event by value */
	struct rte_ring *inject;            /* in: from control */

	struct token_bucket bucket[DP_PUNT_KINDS];
	uint32_t ticks_per_s;

	struct srtp_worker *srtp;

	struct burst burst;
	struct tx_buffer tx[FLOW_PORTS_MAX];
	struct handoff_buffer to[FLOW_WORKERS_MAX];

	uint64_t counter[DP_COUNTER_COUNT] __rte_cache_aligned;
	uint64_t drops[FLOW_DROP_COUNT];
	uint64_t heartbeat;
	unsigned int lcore;
};

struct dp {
	struct flow_tables *t;
	enum dp_idle idle;
	uint16_t workers;
	bool running;
	struct worker *w[FLOW_WORKERS_MAX];
};

#define worker_count(w, name, n) flow_count((w)->counter[DP_##name], n)

/* Accepted, by the flow that p->rt is of. */
static inline void packet_count(const struct worker *w, const struct packet *p)
{
	struct flow_rt *rt = p->rt;

	__atomic_store_n(&rt->last_seen, w->tick, __ATOMIC_RELAXED);
	flow_count(rt->rx_packets, 1);
	flow_count(rt->rx_bytes, p->payload_len);
}

/* ---- ports (port.c) ---- */

struct port {
	bool used;
	bool tx_checksum;
	bool rx_checksum;
	bool steering;
	uint16_t rx_queues, tx_queues;
	uint16_t rx_desc; /* a queue */
};

extern struct port dp_ports[FLOW_PORTS_MAX]; /* writer: control, before workers run */

/* rte_flow rules that bring each UDP port to its owner's queue (steer.c). */
bool port_steer(uint16_t port, uint16_t workers);

/* Marks a frame in a hand-off ring that is ready to be sent, in ol_flags. */
extern uint64_t dp_tx_ready_flag;
extern int dp_punt_offset;

/* ---- sending (tx.c) ---- */

/* At most BURST_MAX frames at a time. */
void tx_frames(struct worker *w, uint16_t port, struct rte_mbuf **m, uint16_t n);
void tx_flush(struct worker *w);

/* ---- to other workers (handoff.c) ---- */

void handoff_add(struct worker *w, uint16_t owner, struct rte_mbuf *m);
void handoff_flush(struct worker *w);

/* ---- to control (punt.c) ---- */

void punt_packet(struct worker *w, struct rte_mbuf *m, const struct dp_punt *what);
/* May this leg's party send one more of this kind (STUN, DTLS)? Then it counts as sent. */
bool punt_leg_take(const struct worker *w, struct flow_punts *party, enum dp_punt_kind kind);
bool event_post(struct worker *w, const struct flow_event *ev);

/* ---- a drop that concerns no leg, with its mbuf ---- */

void worker_drop(struct worker *w, struct rte_mbuf *m, enum flow_drop why);

/* One turn. */
unsigned int worker_poll_once(struct worker *w, uint64_t now);
/* The longest nap that its queues allow. */
uint32_t worker_nap_max_us(const struct worker *w);
/* After an empty turn, where the configuration says adaptive (idle.c). */
void worker_idle(struct worker *w, uint64_t empty_cycles);

#endif
