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

/* ---- what is to be sent at its time (pace.c) ---- */

#define PACE_LEGS 16384 /* that hold frames */
#define PACE_MAX  (DP_PLAYERS + PACE_LEGS)

struct pace_entry {
	uint64_t due;        /* TSC */
	uint32_t what;       /* a leg that holds frames; or a player's place, with PACE_PLAYER */
	uint16_t generation; /* of the leg */
};
#define PACE_PLAYER UINT32_C(0x80000000)

struct pace {
	uint64_t due; /* of the first one; UINT64_MAX: there is none */
	uint32_t count, legs, players;
	struct rte_ring *start;    /* in: from control, struct dp_player * */
	struct pace_entry *heap;   /* [PACE_MAX], the earliest on top */
	struct dp_player **player; /* [DP_PLAYERS]; NULL: a free place */
	uint32_t *place;           /* [DP_PLAYERS], a stack: free ones from `players` on */
};

/* ---- keep-alives of tunnels (keepalive.c) ---- */

#define KEEPALIVE_SLOTS 128
#define KEEPALIVE_NONE  UINT32_MAX

struct keepalive_entry {
	uint32_t next; /* session in the same slot; KEEPALIVE_NONE */
	uint16_t generation;
	bool in;
};

/* A wheel: what is in its slots is to be looked at when their time comes. */
struct keepalive {
	uint64_t due;  /* of the next slot; UINT64_MAX: there is nothing in any */
	uint64_t step; /* TSC, a slot */
	uint32_t slot; /* the next one */
	uint32_t count;
	uint32_t todo; /* of slots that were due: the first of a list */
	uint32_t head[KEEPALIVE_SLOTS];
	struct keepalive_entry *entry; /* [session_count] */
	size_t entry_bytes;
	struct rte_ring *start; /* in: from control, struct keepalive_start */
};

struct keepalive_start {
	uint32_t session;
	uint32_t generation;
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

	uint32_t inner; /* bit: port of inner interfaces */
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
	uint64_t tsc_per_ms;

	struct srtp_worker *srtp;

	struct pace pace;
	struct rte_ring *copy;         /* out: to the recorder's thread */
	struct rte_mempool *copy_pool; /* NULL: none are copied */
	struct flow_rt made_rt;        /* of packets made here, which no far end has sent */
	struct burst made;             /* … on their way */
	struct keepalive keepalive;
	uint32_t tunnel_clock; /* of RTP timestamps of tunnels, tunnel_tick() */

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
	struct rte_mempool *copy_pool;
	uint32_t players[FLOW_WORKERS_MAX]; /* of control's, started and not told of */
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

/* ---- packets made here (make.c) ---- */

/* What becomes of RTP in them: header fields, and where they go. */
struct make {
	const struct flow_plan *plan;
	uint32_t timestamp, ssrc;
	uint16_t seq;
	uint8_t type; /* payload type, and marker */
	uint8_t tos, hops;
	bool df; /* must not be fragmented */
};

#define MAKE_L3_OFF WIRE_ETH_HLEN

static inline uint8_t make_ip_hlen(const struct flow_plan *plan)
{
	return plan->flags & FLOW_PLAN_OUT6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN;
}

/* Of all headers that make_around() writes, and a link's before them. */
static inline uint32_t make_hlen(const struct flow_plan *plan)
{
	return MAKE_L3_OFF + make_ip_hlen(plan) + (uint32_t)WIRE_UDP_HLEN + WIRE_RTP_HLEN;
}

/* The running half for a plan, of the owning worker. */
struct flow_media_rt *media_rt(const struct worker *w, const struct flow_plan *plan);

/* What packets by a plan are to have around them. */
struct make_way {
	const struct flow_addr *addr; /* they come from */
	const struct flow_iface *iface;
	const struct srtp_keys *tx; /* NULL: they are sent as they are */
	uint16_t growth;            /* by sealing */
	uint8_t ip_hlen;
	uint32_t room; /* bytes of UDP payload that one may have; 0: none can be sent now */
};

static inline struct make_way make_way(const struct worker *w, const struct flow_plan *plan)
{
	const struct flow_tables *t = w->t;
	struct make_way way = {.ip_hlen = make_ip_hlen(plan)};
	uint32_t headers = WIRE_UDP_HLEN + way.ip_hlen;

	if (unlikely((plan->flags & (FLOW_PLAN_OUT | FLOW_PLAN_HOLD)) != FLOW_PLAN_OUT))
		return way;
	if (plan->flags & FLOW_PLAN_SEAL) {
		way.tx = __atomic_load_n(&t->secure[plan->leg ^ 1].tx, __ATOMIC_ACQUIRE);
		if (unlikely(way.tx == NULL))
			return way;
		way.growth = (uint16_t)srtp_keys_growth(way.tx, false);
		headers += way.growth;
	}
	way.addr = &t->addr[plan->out_addr];
	way.iface = &t->iface[way.addr->iface];
	if (likely(way.iface->mtu > headers))
		way.room = way.iface->mtu - headers;
	return way;
}

static inline uint32_t make_room(const struct worker *w, const struct flow_plan *plan)
{
	return make_way(w, plan).room;
}

/* Headers before `len` bytes of payload, where there is room for make_hlen() bytes; fills `p`. */
void make_around(struct worker *w, struct packet *p, const struct make *make, uint8_t *payload,
		 uint32_t len);
/* One more packet of `len` bytes of payload, no more than fit; where these go, or NULL. */
uint8_t *make_packet(struct worker *w, const struct make *make, uint32_t len);
/* They leave. */
void make_send(struct worker *w);

/* ---- pace.c ---- */

int pace_init(struct worker *w); /* 0 or -ENOMEM */
void pace_free(struct worker *w);
/* A packet or more became due, or players are to start: how many. */
unsigned int pace_run(struct worker *w);
/* Look after what a leg holds. False: no place left. */
bool pace_leg(struct worker *w, uint32_t leg, uint16_t generation, uint64_t due);
/* What the leg holds is sent if it is due (resize.c); when next, or 0. */
uint64_t resize_due(struct worker *w, uint32_t leg, uint16_t generation);

static inline unsigned int pace_turn(struct worker *w)
{
	if (likely(w->now < w->pace.due && rte_ring_empty(w->pace.start)))
		return 0;
	return pace_run(w);
}

/* ---- stage_extra's parts, for packets that are RTP but for copies ---- */

void copy_packet(struct worker *w, const struct packet *p, const struct rte_mbuf *m);
void dtmf_packet(struct worker *w, const struct packet *p);
void resize_packet(struct worker *w, struct packet *p);

/* ---- tunnels; what is theirs alone is in tunnel.h ---- */

/* What comes in at inner interfaces goes by this alone. */
void stage_encap(struct worker *w, struct burst *b);

int keepalive_init(struct worker *w); /* 0 or -ENOMEM */
void keepalive_free(struct worker *w);
unsigned int keepalive_run(struct worker *w);

static inline unsigned int keepalive_turn(struct worker *w)
{
	if (likely(w->now < w->keepalive.due && rte_ring_empty(w->keepalive.start)))
		return 0;
	return keepalive_run(w);
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
extern int dp_note_offset; /* of what a punted or copied mbuf says of itself */

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
