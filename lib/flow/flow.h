/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract between the control lcore and the workers.
 *
 * Control compiles its sessions into flat plans and publishes them; a worker finds the plan
 * of a packet by [local address][UDP port] and keeps the running half beside it. Nobody
 * locks: every field has one writer, named in the comment beside it.
 *
 *	slot[addr][port] ──► plan (control, immutable) ──► leg_rt (the owning worker)
 *	                       ├─► addr (local address out) ──► iface (port, VLAN, MAC, MTU)
 *	                       └─► nexthop (MAC of the next hop)
 *
 * A tunnel is a session whose second leg is an inner interface instead of a far end: what arrives
 * at its port is unwrapped, and what comes in at inner interfaces finds it by its destination:
 *
 *	routes[inner address] ──► tunnel[session] ──► plan of leg 2i + 1, by which it is sent
 *
 * Life of a plan: control takes a cell from the pool, fills it, store-releases its index
 * into the slot; to replace it, another cell; to take it away, 0. A cell that no slot names
 * any more goes back to the pool after a grace period (flow_grace_start/flow_grace_over), in
 * which every worker has passed through its loop once.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_ether.h>

#include "addr.h"

#define FLOW_WORKERS_MAX 64
#define FLOW_PORTS_MAX   32 /* DPDK ports */
#define FLOW_IFACES_MAX  64
#define FLOW_ADDRS_MAX   256
#define FLOW_UDP_PORTS   65536

enum flow_drop {
#define TND_DROP(name, scope, text) FLOW_DROP_##name,
#include "drop.def"
#undef TND_DROP
	FLOW_DROP_COUNT
};

/* Reasons of scope LEG come first, so that they index flow_leg_rt.drops. */
#define FLOW_LEG_DROPS     (FLOW_DROP_leg_punt_limited + 1)
#define FLOW_LEG_DROPS_MAX 18
/* Those of scope TUNNEL come next, and index flow_tunnel_rt.drops by what they are more than that.
 */
#define FLOW_TUNNEL_DROPS (FLOW_DROP_tunnel_down + 1 - FLOW_LEG_DROPS)

/* "source", … */
const char *flow_drop_name(enum flow_drop d);
/* The sentence of drop.def. */
const char *flow_drop_text(enum flow_drop d);

/* Which side of tunnels an interface is on. All interfaces of a port are of one side. */
enum flow_role {
	FLOW_ROLE_OUTER, /* calls and tunnels, wrapped */
	FLOW_ROLE_TUN,   /* IP packets for tunnels and from them, without a link header; no VLAN */
	FLOW_ROLE_LAN,   /* the same over Ethernet: tandem is a router there, and a hop */
};

/* A logical interface: a DPDK port, and a VLAN on it. Writer: control, before the workers start. */
struct flow_iface {
	uint16_t port; /* DPDK port */
	uint16_t vlan; /* 0: untagged */
	uint16_t mtu;  /* IP packet, bytes */
	struct rte_ether_addr mac;
	uint16_t frame_plain; /* the largest untagged frame, bytes; 0 where a tag is to be added */
	/* Made by flow_iface_add(), ready to be copied behind the destination MAC of a frame:
	 * source MAC, VLAN tag if any, EtherType; for IPv4 and for IPv6. */
	uint8_t l2_hlen; /* of the whole Ethernet header; TUN: 0 */
	uint8_t role;    /* enum flow_role */
	uint8_t l2_tail[2][12];
} __rte_aligned(64);

/* A local address. Writer: control, before the workers start. */
struct flow_addr {
	union wire_ip ip;
	uint16_t iface;
} __rte_aligned(32);

/*
 * The MAC address of a next hop, in one word so that it changes in one store. An address that
 * moves changes one entry, not 100,000 plans. Writer: control. Reader: workers, relaxed.
 */
struct flow_nexthop {
	uint64_t mac; /* the six bytes in memory order, then the flags below; 0: not known */
};

#define FLOW_NEXTHOP_VALID (UINT64_C(1) << 48)
/* One of tandem's own addresses: the packet goes back in, as if it had come from the wire. */
#define FLOW_NEXTHOP_LOCAL (UINT64_C(1) << 49)

enum flow_plan_flags {
	FLOW_PLAN_RTCP = 1 << 0,      /* this port is for RTCP only */
	FLOW_PLAN_ANY = 1 << 1,       /* kind udp: not looked into */
	FLOW_PLAN_LEARN = 1 << 2,     /* latch once or follow: the first valid sender is taken */
	FLOW_PLAN_FOLLOW = 1 << 3,    /* latch follow: so is each later one */
	FLOW_PLAN_REMOTE = 1 << 4,    /* remote_ip/remote_port are known (the strict filter) */
	FLOW_PLAN_OUT = 1 << 5,       /* out_ip/out_port are known */
	FLOW_PLAN_HOLD = 1 << 6,      /* the other leg is on hold: count and drop */
	FLOW_PLAN_RTCP_DROP = 1 << 7, /* the other leg takes no RTCP */
	FLOW_PLAN_OUT6 = 1 << 8,      /* what goes out is IPv6 */
	FLOW_PLAN_OPEN = 1 << 9,      /* what arrives is SRTP: opened by secure[leg] */
	FLOW_PLAN_SEAL = 1 << 10,     /* what goes out is SRTP: sealed by secure[leg ^ 1] */
	FLOW_PLAN_SRTP = 1 << 11,     /* what arrives is SRTP, opened or not */
	FLOW_PLAN_STUN = 1 << 12,     /* STUN that arrives is control's, whoever sends it */
	FLOW_PLAN_DTLS = 1 << 13,     /* DTLS likewise */
	FLOW_PLAN_FB_DROP = 1 << 14,  /* the other leg takes no RTCP feedback (RFC 4585). Not seen
					 in SRTP that is not opened */
	FLOW_PLAN_BUNDLE = 1 << 15,   /* one of several media sections, see struct flow_bundle */
};

/*
 * What to do with the packets of one flow: one cache line. Writer: control, before it is
 * published; never edited afterwards. Ports are big endian.
 */
struct flow_plan {
	union wire_ip remote; /* the signalled sender */
	union wire_ip out_ip; /* destination of what goes out */
	uint16_t out_sport;   /* our port on the other leg; as in a UDP header, before … */
	uint16_t out_port;    /* … the other leg's */
	uint16_t remote_port;
	uint16_t out_addr;   /* our address on the other leg: index of flow_addr */
	uint32_t nexthop;    /* index of flow_nexthop, for out_ip */
	uint32_t leg;        /* index of flow_leg_rt; session = leg / 2 */
	uint32_t rtcp_plan;  /* RTCP that arrives here goes out by this plan; 0: by this one */
	uint16_t udp_change; /* what the sum over addresses and ports changes by, ones' complement;
			      */
	uint16_t ip4_change; /* an IPv4 header's, one hop less as well. Where the sender is learned
				(FLOW_PLAN_LEARN) its address and port are still to be taken off */
	union {
		struct {
			uint16_t flags; /* enum flow_plan_flags */
			uint8_t extra;  /* enum flow_plan_extra */
			uint8_t owner;  /* worker */
		};
		uint32_t what; /* flags and extra, to be looked at with FLOW_WHAT() */
	};
	uint8_t epoch;       /* changes when what was learned is to be forgotten */
	uint8_t tos;         /* DSCP << 2 of what goes out, FLOW_TOS_KEEP: as it came */
	uint16_t generation; /* of the session, low bits; comes back in events */
} __rte_cache_aligned;

/* What a few calls need: nothing of it is looked at in plans without any of these. */
enum flow_plan_extra {
	FLOW_EXTRA_COPY = 1 << 0,   /* what is accepted is copied to control's side as well */
	FLOW_EXTRA_MUTE = 1 << 1,   /* while flow_media.muted: counted, but not sent on; RTCP is */
	FLOW_EXTRA_RESIZE = 1 << 2, /* RTP leaves in packets of flow_media.resize_ms, numbered
				       anew: never taken back while the session runs, since
				       numbers of SRTP must only rise */
	FLOW_EXTRA_TWICE = 1 << 3,  /* RTP leaves twice */
	FLOW_EXTRA_DTMF = 1 << 4,   /* telephone events (RFC 4733) are told by event */
	FLOW_EXTRA_WATCH = 1 << 6,  /* how regularly RTP comes is kept in flow_media_rt.watch */
	FLOW_EXTRA_HOST = 1 << 5,   /* with LEARN and REMOTE: only the sender's address counts,
				       its port may be any, and nothing is learned */
	FLOW_EXTRA_TUNNEL = 1 << 7, /* RTP that arrives carries IP packets: struct flow_tunnel */
};

#define FLOW_TOS_KEEP 0xff

/*
 * A flow's running half. Writer: the owning worker. Readers: control, relaxed. Media only: what
 * goes to control (STUN, DTLS) is not counted, and keeps no call alive.
 */
struct flow_rt {
	union wire_ip learned; /* the sender that this flow takes, once `latched` */
	uint16_t learned_port; /* big endian */
	uint8_t latched : 1;
	uint8_t event_due : 1;   /* an event could not be posted yet: try again */
	uint8_t epoch;           /* of the plan under which it was learned */
	uint32_t last_seen;      /* tick of the last accepted packet, flow_tick() */
	uint64_t rx_packets;     /* accepted from the far end */
	uint64_t rx_bytes;       /* UDP payload */
	uint64_t unsent_packets; /* of these, those not sent on to the other leg */
	uint64_t unsent_bytes;
};

/*
 * What one party has lately sent to control by way of a leg, that has to stay within a budget
 * (dataplane/punt.c). Zero: nothing. Writer: the owning worker.
 */
struct flow_punts {
	uint16_t at;        /* when the two were last lowered, flow_tick() >> FLOW_PUNT_SHIFT */
	uint8_t stun, dtls; /* datagrams */
};

/* About 1.6 ms. Where it wraps, after some two minutes of silence, less is forgiven than could be.
 */
#define FLOW_PUNT_SHIFT 2

/*
 * RTP reception as RFC 3550 A.3 and A.8 have it, for the leg's current SSRC; what earlier
 * SSRCs lost is carried in prior_lost. Writer: the owning worker.
 */
struct flow_rtp_stats {
	uint32_t ssrc;
	uint32_t base_seq;     /* extended */
	uint32_t max_seq;      /* extended: cycles << 16 | sequence number */
	uint32_t received;     /* this SSRC, duplicates not counted */
	uint32_t duplicate;    /* all SSRCs */
	uint32_t reordered;    /* all SSRCs */
	uint32_t prior_lost;   /* of earlier SSRCs and before restarts of the sequence */
	uint32_t last_ts;      /* RTP timestamp of the last packet */
	uint64_t seen;         /* bit i: max_seq - i has come */
	uint32_t last_arrival; /* flow_fine(), 2^10 TSC cycles */
	uint32_t jitter16;     /* 16 times the jitter, in flow_fine() units */
	uint32_t ts_scale;     /* flow_fine() units a timestamp unit, 2^-16; 0: not known yet */
	uint16_t bad_seq;      /* the sequence number that would confirm a restart */
	uint8_t payload_type;
	uint8_t started;
	uint32_t first_ts; /* where the clock rate of a dynamic payload type is measured from */
	uint32_t first_arrival;
} __rte_cache_aligned;

/* The running half of one leg: four cache lines. A session i has the legs 2i and 2i + 1. */
struct flow_leg_rt {
	struct flow_rt rtp;
	struct flow_punts punts, punts_strange; /* of the far end; of all others together */
	struct flow_rtp_stats stats;
	struct flow_rt rtcp; /* of the RTCP port; unused where RTCP is muxed or none */
	uint32_t drops[FLOW_LEG_DROPS_MAX]; /* what this leg sent and did not pass */
} __rte_cache_aligned;

struct srtp_keys;
struct srtp_leg;

/*
 * The secrets of one leg. Writer: control, before it publishes a plan that names them. Keys may
 * be replaced while plans are in force (rx_old first); what is taken out here is wiped after a
 * grace period. `leg` is the running half, of the owning worker, and stays for the leg's life.
 */
struct flow_secure {
	const struct srtp_keys *rx;     /* opens what the far end sends; NULL: not known yet */
	const struct srtp_keys *rx_old; /* those before, until the first packet under `rx` */
	const struct srtp_keys *tx;     /* seals what is sent to it */
	struct srtp_leg *leg;
} __rte_aligned(32);

#define FLOW_BUNDLE_SECTIONS 16
#define FLOW_BUNDLE_NONE     0xff

/*
 * The media sections that share one transport (RFC 8843), of the leg whose plan is in the slot
 * and has FLOW_PLAN_BUNDLE. That plan says whom to listen to, and opens; for what follows it
 * yields to the section's: where to send, whether to, and on whose account (leg). A section's plan
 * has FLOW_PLAN_BUNDLE too, and SRTP and OPEN as that in the slot, which may be one of them; its
 * remote, epoch, udp_change and ip4_change are not looked at.
 *
 * Sections are found by RTP's payload type. RTCP goes by SSRC: the section whose other leg sends
 * with the one that it is about; or whose leg sends with its sender's, which a sender report
 * goes by first; or the first there is.
 *
 * Writer: control, store by store. Readers: workers, acquire. A plan that is taken out here is
 * freed after a grace period, as one taken out of a slot.
 */
struct flow_bundle {
	uint8_t section[128];                /* by RTP payload type; FLOW_BUNDLE_NONE */
	uint32_t plan[FLOW_BUNDLE_SECTIONS]; /* of each section; 0: none */
} __rte_cache_aligned;

/* These bits of flow_plan.what. */
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
#define FLOW_WHAT(flags, extra) ((uint32_t)(flags) | (uint32_t)(extra) << 16)
#else
#define FLOW_WHAT(flags, extra) ((uint32_t)(flags) << 16 | (uint32_t)(extra) << 8)
#endif

/* What a payload type is to a worker that cuts packets anew, or listens for telephone events. */
enum flow_codec {
	FLOW_CODEC_NONE,    /* passes as it is */
	FLOW_CODEC_PCM,     /* PCMU, PCMA; G.722 at 64 kbit/s: 8 bytes a ms */
	FLOW_CODEC_G726_16, /* 2 bytes a ms */
	FLOW_CODEC_G726_24,
	FLOW_CODEC_G726_32, /* 4 bytes a ms; DVI4 is none of these */
	FLOW_CODEC_G726_40,
	FLOW_CODEC_GSM,     /* 33 bytes, 20 ms */
	FLOW_CODEC_G729,    /* 10 bytes, 10 ms; 2 bytes of comfort noise may stand behind them */
	FLOW_CODEC_G723,    /* 24, 20 or 4 bytes by each frame's first two bits, 30 ms */
	FLOW_CODEC_ILBC_20, /* 38 bytes, 20 ms */
	FLOW_CODEC_ILBC_30, /* 50 bytes, 30 ms */
	FLOW_CODEC_EVENT_8, /* telephone-event, by its clock in kHz */
	FLOW_CODEC_EVENT_16,
	FLOW_CODEC_EVENT_48,
	FLOW_CODECS
};

/* Of a static payload type (RFC 3551); FLOW_CODEC_NONE for all others. */
enum flow_codec flow_codec_static(uint8_t payload_type);

#define FLOW_RESIZE_MAX_MS    1000
#define FLOW_RESIZE_MAX_BYTES 1408 /* of payload in a packet that is made anew */

/* Packets in other sizes: frames that wait for more, and sequence numbers. */
struct flow_resize {
	uint64_t due;  /* TSC at which what is held is sent, whatever has come */
	uint32_t ssrc; /* of what comes */
	uint32_t ts;   /* of the first frame held */
	uint32_t end;  /* … and behind the last one */
	uint16_t len;  /* bytes held */
	uint16_t frames;
	uint16_t in_seq;  /* the highest that came */
	uint16_t out_seq; /* the next to be sent */
	uint8_t type;     /* payload type of what is held, and marker */
	bool started;
	bool timed;        /* the pacer looks after what is held */
	uint8_t tos, hops; /* of the latest packet */
	/* The latest that did not come, 64 at most, and numbers that are kept for them. */
	uint8_t gap_pieces; /* numbers for each */
	uint8_t gap_count;
	uint16_t gap_in, gap_out; /* the first of them */
	uint64_t gap_filled;      /* bit i: gap_in + i has come after all */
};

/* The telephone event (RFC 4733) that was the latest. */
struct flow_telephone {
	uint32_t ssrc, ts;
	uint32_t duration; /* timestamp units */
	uint32_t before;   /* … of it in segments that are over (§2.5.1.3) */
	uint8_t state;     /* dataplane/dtmf.c */
	uint8_t digit, volume;
	uint8_t khz;
	/* Events told lately, of the leg's budget; and when that was last lowered, flow_tick(). */
	uint8_t told;
	uint32_t told_at;
};

/* How regularly RTP has come since it is watched; flow_fine() units. Readers: control, relaxed. */
struct flow_watch {
	uint32_t last;         /* when the latest came */
	uint32_t longest;      /* between two */
	uint32_t jitter_max16; /* of flow_rtp_stats.jitter16 */
	uint32_t packets;
	uint64_t jitter_sum16; /* over all packets */
};

/*
 * What a worker keeps for a leg whose plan has `extra`, or toward whose other leg something is
 * played. Writer: the owning worker, to whom it is all zero where `generation` is not its plan's.
 */
struct flow_media_rt {
	uint16_t generation;
	/* Sent toward the other leg beyond what came: played, second copies, packets made anew (in
	 * place of which those that came are unsent). Readers: control, relaxed. */
	uint64_t sent_packets;
	uint64_t sent_bytes;
	uint32_t copy_lost; /* packets that came and could not be copied; likewise */
	struct flow_watch watch;
	struct flow_resize resize;
	struct flow_telephone telephone;
	uint8_t held[FLOW_RESIZE_MAX_BYTES] __rte_cache_aligned;
};

/*
 * Of one leg, for plans with `extra`: what arrives there. Writer but for `rt`: control, store by
 * store, before it publishes such a plan and while it is in force. Where control has not written
 * there is no memory, so that a worker looks only at legs whose plan has `extra`, and at those
 * that something is played to.
 */
struct flow_media {
	/* By which RTP of this leg goes to the other one; 0: not any more. Release, acquire; freed
	 * after a grace period, as one taken out of a slot. */
	uint32_t plan;
	uint16_t resize_ms;   /* 0: as they come, but still numbered anew */
	uint16_t twice_below; /* bytes of UDP payload: what is longer is not doubled; 0: everything
			       */
	uint8_t muted;
	/* Control's own, for plans to come. */
	uint8_t extra;      /* enum flow_plan_extra */
	uint8_t players;    /* toward the other leg */
	bool mute;          /* also without players */
	uint8_t codec[128]; /* enum flow_codec by payload type */
	struct flow_media_rt rt __rte_cache_aligned;
} __rte_aligned(2048);

#define FLOW_TUNNEL_IP4 1
#define FLOW_TUNNEL_IP6 2

enum flow_tunnel_flags {
	FLOW_TUNNEL_PT_STRICT = 1 << 0, /* what is of another payload type is dropped */
	FLOW_TUNNEL_MSS = 1 << 1,       /* TCP's MSS is lowered to what fits, both ways */
};

/*
 * What a worker keeps for a tunnel. Writer: the owning worker, to whom it is all zero where
 * `generation` is not the tunnel's. Readers: control, relaxed, while it is.
 */
struct flow_tunnel_rt {
	uint16_t generation;
	uint16_t seq; /* of the next packet */
	bool started;
	bool sent;          /* something was, at … */
	uint32_t last_sent; /* … this tick: the last IP packet or keep-alive */
	/* IP packets, from their header on: out of the tunnel to the inner interface; and into it,
	 * before they are cut to fragments. */
	uint64_t in_packets, in_bytes;
	uint64_t out_packets, out_bytes;
	uint64_t out_fragments;
	uint32_t keepalives_in, keepalives_out;
	uint32_t drops[FLOW_TUNNEL_DROPS]; /* either way */
	uint64_t in_fragments;             /* … that packets out of the tunnel were cut to */
};

/*
 * A tunnel, by its session. Leg 2i is its far end as that of any call: the plan at its port has
 * FLOW_EXTRA_TUNNEL, FLOW_PLAN_RTCP_DROP and no FLOW_PLAN_OUT. Leg 2i + 1 is the inner side:
 * wrapped packets, keep-alives too, count as received by its flow_rt, as those of any call's other
 * leg, and are sealed by secure[2i].
 *
 * Writer but for `rt`: control, store by store: all else before `plan` the first time, and before
 * routes lead here; mtu, families, flags and payload_type may change later. A session that ends
 * loses its routes and `plan` first. Where control has not written there is no memory.
 */
struct flow_tunnel {
	uint32_t plan; /* of leg 2i + 1, in no slot: by it wrapped packets leave; 0: the tunnel is
			  not up. Its `tos` is the outer DSCP; FLOW_TOS_KEEP: the inner packet's.
			  Release, acquire; freed after a grace period */
	uint16_t generation;   /* of the session */
	uint16_t iface;        /* index of the inner interface */
	uint16_t mtu;          /* of the largest packet inside, 576 at least; with all headers and
				  tags it must fit the outer interface's */
	uint16_t keepalive_ms; /* one is sent when so long no IP packet was; 0: none */
	uint8_t payload_type;  /* sent, and expected */
	uint8_t families;      /* FLOW_TUNNEL_IP4, FLOW_TUNNEL_IP6 */
	uint8_t flags;         /* enum flow_tunnel_flags */
	/* Of the first packet: to be random. */
	uint16_t seq;
	uint32_t timestamp;
	uint32_t ssrc;
	struct flow_tunnel_rt rt __rte_cache_aligned;
} __rte_aligned(256);

/* Time for last_seen: about 0.4 ms a tick, wraps after weeks; subtract as int32_t. */
#define FLOW_TICK_SHIFT 20
#define FLOW_FINE_SHIFT 10

static inline uint32_t flow_tick(uint64_t tsc)
{
	return (uint32_t)(tsc >> FLOW_TICK_SHIFT);
}

static inline uint32_t flow_fine(uint64_t tsc)
{
	return (uint32_t)(tsc >> FLOW_FINE_SHIFT);
}

/* What a worker tells control. Carries the session's generation, never a pointer. */
enum flow_event_type {
	FLOW_EVENT_LATCHED,
	FLOW_EVENT_PLAYED, /* a player is control's again; told of every one, once */
	FLOW_EVENT_DTMF,   /* a telephone event has ended, or another one has begun instead */
};

/* Why a player ended. */
enum flow_played { FLOW_PLAYED_END, FLOW_PLAYED_STOPPED, FLOW_PLAYED_GONE /* the session is */ };

struct flow_event {
	union {
		union wire_ip ip; /* LATCHED */
		struct {
			uint32_t id;      /* dp_player.id */
			uint32_t packets; /* sent */
			uint8_t why;      /* enum flow_played */
		} played;
		struct {
			uint32_t duration_ms;
			uint8_t digit;  /* 0-9, 10 *, 11 #, 12-15 A-D, 16 flash */
			uint8_t volume; /* -dBm0, 0-63 */
		} dtmf;
	};
	uint32_t leg;  /* where it came from; PLAYED: that it was played to */
	uint16_t port; /* big endian */
	uint16_t generation;
	uint8_t type;
	uint8_t rtcp; /* it was learned at the RTCP port */
	uint8_t epoch;
	uint8_t pad[5];
};

struct rte_rcu_qsbr;
struct flow_lpm;

/* Everything both sides see. Made by flow_tables_create(); never moves. */
struct flow_tables {
	uint32_t *slot; /* [addr_max][FLOW_UDP_PORTS] plan index, 0: none. Writer: control */
	struct flow_plan *plan;  /* [plan_count]; 0 is never used */
	struct flow_leg_rt *leg; /* [2 * session_count] */
	/* [2 * session_count]; pages that no call with secrets has touched take no memory. */
	struct flow_secure *secure;
	/* [2 * session_count]; paged in as bundles use it, and zero before. */
	struct flow_bundle *bundle;
	struct flow_media *media;     /* [2 * session_count], the same */
	struct flow_tunnel *tunnel;   /* [session_count], likewise */
	struct flow_nexthop *nexthop; /* [nexthop_count]; 0 is never valid */
	struct rte_rcu_qsbr *rcu;
	struct flow_lpm *routes;               /* inner networks: route.h */
	struct flow_lpm *lan[FLOW_IFACES_MAX]; /* of interfaces with FLOW_ROLE_LAN: route.h */
	uint32_t plan_count, session_count, nexthop_count;
	uint16_t worker_count, iface_count, addr_count, addr_max;
	struct flow_iface iface[FLOW_IFACES_MAX];
	struct flow_addr addr[FLOW_ADDRS_MAX];
	/* Open-addressed hash of (iface, ip) to address index + 1. Writer: control, before start.
	 */
	uint16_t addr_hash[4 * FLOW_ADDRS_MAX];
	/* Interface index + 1 by port, for untagged frames; tagged ones search `iface`. */
	uint16_t port_iface[FLOW_PORTS_MAX];
	uint8_t port_role[FLOW_PORTS_MAX]; /* enum flow_role */
	/* Free plan cells, a stack: each names the one below in rtcp_plan. Control only. */
	uint32_t plan_free;
	uint32_t plan_free_count;
};

struct flow_limits {
	uint32_t sessions;
	uint32_t nexthops;
	uint16_t addresses;
	uint16_t workers;
};

/* Plans of a call: RTP and RTCP of both legs; twice that while an update is under way. */
#define FLOW_PLANS_PER_SESSION 4
#define FLOW_PLANS_SPARE       4096

/* rte_malloc'd; NULL with rte_errno set. The addresses are added afterwards, before workers run. */
struct flow_tables *flow_tables_create(const struct flow_limits *limits);
void flow_tables_free(struct flow_tables *t);

/* Bytes that flow_tables_create() will take. */
size_t flow_tables_size(const struct flow_limits *limits);

/*
 * Index of the new interface or address, or -ENOSPC, or -EEXIST. Of an interface also -EINVAL: its
 * port has interfaces of another side, or it is TUN with a VLAN; and -ENOMEM.
 */
int flow_iface_add(struct flow_tables *t, const struct flow_iface *iface);
int flow_addr_add(struct flow_tables *t, const struct flow_addr *addr);

/* Interface of a frame, or -1. */
static inline int flow_iface_find(const struct flow_tables *t, uint16_t port, uint16_t vlan)
{
	if (likely(vlan == 0))
		return t->port_iface[port] - 1;
	for (uint16_t i = 0; i < t->iface_count; i++)
		if (t->iface[i].port == port && t->iface[i].vlan == vlan)
			return i;
	return -1;
}

static inline uint32_t flow_addr_hash(uint16_t iface, const union wire_ip *ip)
{
	uint64_t h = (ip->q[0] ^ iface) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ ip->q[1]) * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint32_t)(h >> 54); /* 10 bits: 4 * FLOW_ADDRS_MAX buckets */
}

/* Index of a local address on that interface, or -1. */
static inline int flow_addr_find(const struct flow_tables *t, uint16_t iface,
				 const union wire_ip *ip)
{
	for (uint32_t h = flow_addr_hash(iface, ip);; h = (h + 1) % RTE_DIM(t->addr_hash)) {
		uint16_t i = t->addr_hash[h];

		if (i == 0)
			return -1;
		if (t->addr[i - 1].iface == iface && wire_ip_equal(&t->addr[i - 1].ip, ip))
			return i - 1;
	}
}

static inline uint32_t *flow_slot(const struct flow_tables *t, uint16_t addr, uint16_t port)
{
	return &t->slot[(uint32_t)addr * FLOW_UDP_PORTS + port];
}

/* For workers: index of the plan at a slot, 0 if none. */
static inline uint32_t flow_lookup(const uint32_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

/* For control: make `plan` (0: nothing) what packets at this address and port find. */
static inline void flow_publish(struct flow_tables *t, uint16_t addr, uint16_t port, uint32_t plan)
{
	__atomic_store_n(flow_slot(t, addr, port), plan, __ATOMIC_RELEASE);
}

/* Which worker owns a port: RTP and RTCP of a pair have the same. */
static inline uint16_t flow_owner(const struct flow_tables *t, uint16_t port)
{
	return (uint16_t)((port >> 1) % t->worker_count);
}

/* A zeroed cell from the pool, or 0 if it is empty; and back. Control only. */
uint32_t flow_plan_alloc(struct flow_tables *t);
void flow_plan_free(struct flow_tables *t, uint32_t plan);

/*
 * Fills udp_change and ip4_change of a plan that is to stand at this address and port (host
 * order), once `flags` and all addresses and ports in it are set.
 */
void flow_plan_finish(const struct flow_tables *t, struct flow_plan *p, uint16_t addr,
		      uint16_t port);

/*
 * Grace periods, never waited for: start one after slots have changed, keep the token, and
 * ask again later. Over means that no worker holds an index read before the start.
 */
uint64_t flow_grace_start(struct flow_tables *t);
bool flow_grace_over(struct flow_tables *t, uint64_t token);

void flow_nexthop_set(struct flow_tables *t, uint32_t index, const struct rte_ether_addr *mac);
void flow_nexthop_set_local(struct flow_tables *t, uint32_t index);
void flow_nexthop_clear(struct flow_tables *t, uint32_t index);

/* Counters have one writer and are read by others: no lock, but no torn or invented value. */
#define flow_count(field, n) __atomic_store_n(&(field), (field) + (n), __ATOMIC_RELAXED)
#define flow_read(field)     __atomic_load_n(&(field), __ATOMIC_RELAXED)

#endif
