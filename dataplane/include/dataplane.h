/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control lcore may know of the dataplane: devices, workers, and the rings between.
 *
 * Order at start: dp_port_open() for each device, flow_iface_add()/flow_addr_add(),
 * dp_create(), dp_start(). All calls are the control lcore's, unless said otherwise.
 */
#ifndef DATAPLANE_H
#define DATAPLANE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "flow.h"
#include "srtp.h"

struct dp;

/* ---- devices ---------------------------------------------------------------------------- */

struct dp_port_config {
	const char *device; /* PCI address, or vdev with arguments: "net_af_xdp0,iface=eth1" */
	uint16_t mtu;       /* the largest of its interfaces */
	uint16_t workers;   /* queues wanted: one a worker */
	uint16_t rx_desc, tx_desc; /* 0: 1024 */
};

struct dp_port_info {
	char name[64]; /* DPDK's */
	char driver[64];
	struct rte_ether_addr mac;
	uint16_t rx_queues, tx_queues; /* at most one a worker, fewer where the device has fewer */
	bool rx_checksum, tx_checksum;
	bool steering; /* rte_flow brings a port's packets to its owner */
	bool link_up;
	uint32_t link_mbps;
};

/* The packet pool, before the first port: `count` mbufs with room for `mtu`. 0 or -errno. */
int dp_pool_create(uint32_t count, uint16_t mtu);
struct rte_mempool *dp_pool(void);
void dp_pool_free(void);

/*
 * Probe, configure and start a device. DPDK port number, or -errno: -ENODEV (it isn't there, or
 * its driver refused it), -EBUSY (in use already), -EMSGSIZE (its MTU is smaller), -ENOSPC.
 */
int dp_port_open(const struct dp_port_config *config);
void dp_port_close(uint16_t port);
void dp_port_info(uint16_t port, struct dp_port_info *info);

/* The device's own counters. */
struct dp_port_stats {
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_no_mbuf;
	uint64_t tx_packets, tx_bytes, tx_errors;
};
void dp_port_stats(uint16_t port, struct dp_port_stats *stats);

/* ---- workers ---------------------------------------------------------------------------- */

enum dp_idle { DP_IDLE_POLL, DP_IDLE_ADAPTIVE };

struct dp_config {
	struct flow_tables *tables;
	uint16_t workers;
	enum dp_idle idle;
	enum srtp_engine srtp_engine;
	/* Buffers for packets of plans with FLOW_EXTRA_COPY, beside those of dp_pool(), with as
	 * much room as these have. 0: none are copied, all are counted as lost. */
	uint32_t copy_mbufs;
};

/* Rings, queues and workers, not running yet. NULL with rte_errno set. */
struct dp *dp_create(const struct dp_config *config);
void dp_free(struct dp *dp);

/* Launch worker i on lcores[i]; stop waits until all have left their loops. 0 or -errno. */
int dp_start(struct dp *dp, const unsigned int *lcores);
void dp_stop(struct dp *dp);

/*
 * One turn of worker i's loop at TSC time `now`, for tests that own time (no dp_start() then).
 * Number of packets that it received. The real loop is this function and nothing else.
 */
unsigned int dp_poll_once(struct dp *dp, uint16_t worker, uint64_t now);

/* Counters of one worker. Writer: that worker. Control reads relaxed. */
enum dp_counter {
#define TND_COUNTER(name, text) DP_##name,
#include "counter.def"
#undef TND_COUNTER
	DP_COUNTER_COUNT
};
const char *dp_counter_name(enum dp_counter c);
const char *dp_counter_text(enum dp_counter c);

#define DP_RING_SIZE    4096
#define DP_HANDOFF_SIZE 1024

struct dp_worker_stats {
	uint64_t counter[DP_COUNTER_COUNT];
	uint64_t drops[FLOW_DROP_COUNT];
	uint64_t heartbeat; /* TSC of its last turn; 0: never ran */
	unsigned int lcore;
	/* Entries waiting, of DP_RING_SIZE each; handed-off packets from all workers together,
	 * DP_HANDOFF_SIZE from each. */
	unsigned int punt_used, event_used, inject_used, handoff_used;
	unsigned int copy_used, copy_size; /* copies that wait, and room for them */
	unsigned int players;
};
void dp_worker_stats(const struct dp *dp, uint16_t worker, struct dp_worker_stats *out);

/* ---- from workers ------------------------------------------------------------------------ */

enum dp_punt_kind {
	DP_PUNT_ARP,
	DP_PUNT_ND,         /* ICMPv6 133-137 */
	DP_PUNT_ICMP,       /* the rest of ICMP and ICMPv6 to our addresses */
	DP_PUNT_TOO_BIG,    /* the packet as it came in; `mtu` is what the sender must be told */
	DP_PUNT_UNRESOLVED, /* ready to go, but for the destination MAC: `nexthop` */
	DP_PUNT_STUN,       /* of a leg with FLOW_PLAN_STUN: the frame as received */
	DP_PUNT_DTLS,       /* the same with FLOW_PLAN_DTLS */
	/* IP packets inside: `l3_off`, `iface` is the inner interface, `leg` 2i of the tunnel i.
	 * Before a tunnel as they came in, behind it without what was around them. `outward`: for
	 * a tunnel, so that its source is to be told by way of the inner interface; else out of
	 * one, so that it is to be told through it (dp_inject_local() at the inner interface). */
	DP_PUNT_INNER_TOO_BIG,    /* `mtu`; it must not be fragmented */
	DP_PUNT_INNER_HOPS,       /* the hop limit is used up */
	DP_PUNT_INNER_UNRESOLVED, /* out of a tunnel, ready for a LAN but for the destination MAC:
				     it found nothing in flow_tables.lan[], or no MAC there */
	DP_PUNT_INNER_NO_ROUTE, /* for no tunnel there is: `leg` and `generation` say nothing */
	DP_PUNT_KINDS
};

/* What a punted mbuf says of itself: valid until the mbuf is freed. */
struct dp_punt {
	uint8_t kind; /* enum dp_punt_kind */
	bool known;   /* STUN, DTLS: from the far end whose media the leg takes */
	uint16_t iface;
	bool outward;   /* INNER_TOO_BIG, INNER_HOPS; INNER_NO_ROUTE: always */
	uint8_t l3_off; /* INNER_*: of the IP header, from the first byte */
	uint16_t mtu;   /* with DP_PUNT_TOO_BIG, INNER_TOO_BIG */
	uint16_t quote; /* with it: bytes of UDP's payload that its sender may see again */
	uint32_t nexthop;
	uint32_t leg;        /* STUN, DTLS, INNER_*: of the plan at the port … */
	uint16_t generation; /* … where they came */
};
const struct dp_punt *dp_punt_of(const struct rte_mbuf *m);

/* Up to `n` punted packets, now the caller's; and up to `n` events. How many. */
unsigned int dp_punt_receive(struct dp *dp, struct rte_mbuf **m, unsigned int n);
unsigned int dp_event_receive(struct dp *dp, struct flow_event *ev, unsigned int n);

/* ---- to workers -------------------------------------------------------------------------- */

/*
 * Send a whole frame out of an interface (VLAN tag and all, checksums done); of role TUN, an IP
 * packet. Takes the mbuf in every case; false where the inject ring was full and it was freed.
 */
bool dp_inject(struct dp *dp, uint16_t iface, struct rte_mbuf *m);

/*
 * The same for a frame to one of our own addresses: it comes in as if from that wire. At an inner
 * interface: a frame (to its MAC address), or of role TUN a packet, that goes into the tunnel to
 * its destination.
 */
bool dp_inject_local(struct dp *dp, uint16_t iface, struct rte_mbuf *m);

/* How many frames of either kind workers have not taken yet, of DP_RING_SIZE. */
unsigned int dp_inject_pending(const struct dp *dp);

/* ---- copies (FLOW_EXTRA_COPY) --------------------------------------------------------------- */

/*
 * What a copied mbuf says of itself: valid until it is freed. It is the frame as received, but
 * that what was SRTP is RTP: the lengths are right then, UDP's checksum is zero.
 */
struct dp_copy {
	uint64_t tsc; /* of the turn that received it */
	uint32_t leg; /* where it came in; of a bundle, the section's */
	uint16_t generation;
	uint16_t iface;
	uint16_t l3_off;      /* of the IP header, from the frame's first byte */
	uint16_t payload_off; /* of UDP's payload, likewise */
	uint16_t payload_len;
	uint8_t media; /* enum wire_media */
};
const struct dp_copy *dp_copy_of(const struct rte_mbuf *m);

/*
 * Up to `n` copies that worker `worker` has made, now the caller's, to be freed with
 * rte_pktmbuf_free(). How many. For one thread at a time, any one: no lcore's either. It may
 * not outlast `dp`.
 */
unsigned int dp_copy_receive(struct dp *dp, uint16_t worker, struct rte_mbuf **m, unsigned int n);

/* ---- playing -----------------------------------------------------------------------------------
 */

#define DP_PLAYERS 2048 /* of one worker, at once */

/*
 * Frames that are sent to a leg as RTP, one a packet, one a period: by the plan by which the other
 * leg sends to it, sealed where that is. While that says hold, or knows no far end, time goes on
 * and nothing is sent. flow_media of the other leg must have been written before (`plan`).
 *
 * The caller's until dp_pace_start(); the worker's, frames and all, until FLOW_EVENT_PLAYED; then
 * the caller's again, who frees it.
 */
struct dp_player {
	const uint8_t *frames; /* frame_len * count bytes */
	uint32_t count;
	uint16_t frame_len; /* at most FLOW_RESIZE_MAX_BYTES */
	uint8_t payload_type;
	int32_t repeats;     /* how often all frames are sent; -1: until it is stopped */
	uint32_t ts_step;    /* timestamp units a frame */
	uint32_t period_us;  /* 1,000 at least */
	uint32_t id;         /* comes back in the event */
	uint32_t leg;        /* that it is sent to */
	uint16_t generation; /* of the session: flow_plan.generation */
	/* Of the first packet: to be random. */
	uint16_t seq;
	uint32_t timestamp;
	uint32_t ssrc;

	bool stop; /* writer: control, dp_pace_stop() */

	/* The worker's. */
	uint64_t period;  /* TSC */
	uint32_t at;      /* the next frame */
	uint32_t packets; /* sent */
	uint8_t ended;    /* 1 + enum flow_played, while the event could not be posted */
	bool talking;     /* the marker has been sent */
};

/*
 * The first packet is due at the worker's next turn. 0; -ENOSPC: it has DP_PLAYERS already, or
 * its ring is full; nothing was taken then. -EINVAL: the frames don't fit the limits above.
 */
int dp_pace_start(struct dp *dp, uint16_t worker, struct dp_player *player);
/* Nothing more is sent from the worker's next turn on; the event follows within a period. */
void dp_pace_stop(struct dp_player *player);

/* ---- tunnels -----------------------------------------------------------------------------------
 */

/*
 * Worker `worker`, which owns the session, looks after its keep-alives from now on, until its
 * flow_tunnel has another generation or no keepalive_ms. 0; -ENOSPC: to be asked again, its ring
 * is full; -EINVAL: there is no inner interface, or no such session.
 */
int dp_tunnel_start(struct dp *dp, uint16_t worker, uint32_t session, uint16_t generation);

#endif
