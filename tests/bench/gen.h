/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_gen: generator and sink of one thread, for measuring a relay from outside.
 *
 * Every flow sends one packet a lap, in an order that is random but fixed, so that the lap is
 * each flow's RTP sequence number and no flow has state. Behind the RTP header a packet carries
 * a number that counts over all flows, and the TSC at which it was sent.
 *
 * Flows come in sets, one of which is sent at a time and each of which goes on where it was. A
 * set can have keys (gen_srtp.c): what it sends is sealed, and what comes back is looked into,
 * opened where that is sealed. In such a set the RTP timestamp is the running number too, since
 * the payload of what comes back may not be readable.
 *
 * In a set of tunnels (gen_tunnel.c) such packets are inside tunnels on one of their two ways: on
 * the way out if the set seals, otherwise on the way back. Of what comes back sealed no number can
 * be read, so that it is counted as it comes, and order isn't looked at.
 */
#ifndef GEN_H
#define GEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_mbuf.h>

#include "srtp.h"

#define GEN_BURST      32
#define GEN_SETS       16
#define GEN_SIZE_MAX   1500 /* of IP packets, sealed */
#define GEN_HEAD_BYTES 96   /* of a template: all headers, and room for what is stamped */
#define GEN_RTP_BYTES  12
#define GEN_TS_OFF     4
#define GEN_SSRC_OFF   8  /* the flow's place in the set, plus one */
#define GEN_SEQ_OFF    12 /* from the RTP header on: running number, 4 bytes, big endian */
#define GEN_TSC_OFF    16 /* TSC, 8 bytes, host order */
#define GEN_STAMP_END  24

#define GEN_OUTER_BYTES 54 /* around a packet in a tunnel: Ethernet, IPv4, UDP, RTP */
#define GEN_OUTER_RTP   42
#define GEN_AROUND      40 /* of these, what there is more of than without a tunnel */
#define GEN_CLASSES     3  /* sizes in the simple IMIX */
#define GEN_SENT        65536

/* As the file of flows has it: addresses in network order, IPv4 in the first four bytes. */
struct gen_flow {
	uint8_t src[16], dst[16];
	uint16_t sport_be, dport_be;
	uint8_t ip6;
	uint8_t pad[3];
};

/* As the file of keys has it, for each flow in the order of the file of flows. */
struct gen_keys {
	uint8_t seal,
		open; /* of what is sent, of what comes back: 1 + enum srtp_profile, 0 plain */
	uint8_t seal_master[SRTP_MASTER_MAX], open_master[SRTP_MASTER_MAX]; /* key, then salt */
	uint8_t pad[2];
};

/* A flow's keys; NULL where it is plain. Each with its own leg, as two far ends have. */
struct gen_crypt {
	struct srtp_keys *seal, *open;
	struct srtp_leg *seal_leg, *open_leg;
};

/* A flow's packet but for what changes from lap to lap. */
struct gen_template {
	uint8_t head[GEN_HEAD_BYTES];
	uint32_t sum;       /* ones' complement sum of what the UDP checksum covers, unfolded */
	uint16_t rtp;       /* offset of the RTP header */
	uint16_t len;       /* of the frame as it is sent: sealed, in a tunnel */
	uint16_t plain_len; /* of the frame before that */
} __rte_aligned(128);

/* What is around it in a tunnel. */
struct gen_outer {
	uint8_t head[GEN_OUTER_BYTES];
	uint16_t len; /* of the frame with all of it, sealed */
} __rte_aligned(64);

struct gen_flows {
	struct gen_flow *flow;     /* in the order in which they send */
	struct gen_template *tmpl; /* [classes][count] */
	uint32_t classes;          /* of sizes, 1 or GEN_CLASSES */
	struct gen_crypt *crypt;   /* NULL: a set without keys */
	bool seals;                /* some flow does */
	struct gen_flow *around;   /* tunnels, by flow; NULL: a set without them */
	struct gen_outer *outer;   /* [classes][count], likewise */
	uint16_t *flow_at;         /* 1 + flow, by its UDP port; NULL: nothing comes in tunnels */
	uint32_t count;
	uint32_t next; /* flow to send */
	uint32_t lap;
	uint8_t src_mac[6], dst_mac[6];
};

/* What a set is read from. */
struct gen_files {
	const char *flows;
	const char *keys;   /* or NULL */
	const char *around; /* or NULL: struct gen_flow of the tunnels, in the same order */
};

/* Reads and shuffles. 0 or -errno; what was loaded before is gone in either case. */
int gen_flows_load(struct gen_flows *f, const struct gen_files *files);
/*
 * Templates for IP packets of `size` bytes, or of the simple IMIX (64, 570 and 1,400 bytes, 7 to 4
 * to 1) if that is 0; sealing and tunnels add to them. 0, -EINVAL if that is too small or too
 * large, -ENOMEM.
 */
int gen_flows_build(struct gen_flows *f, uint16_t size);
/* The IP header of a packet of `size` bytes; the sum of the UDP pseudo header's addresses. */
uint32_t gen_write_ip(uint8_t *ip, const struct gen_flow *flow, uint16_t size);

/* Which template: flow `i`'s for the packet of this running number. */
static inline uint32_t gen_template_at(const struct gen_flows *f, uint32_t i, uint32_t number)
{
	static const uint8_t imix[12] = {0, 1, 0, 0, 1, 0, 2, 0, 1, 0, 0, 1};

	return f->classes == 1 ? i : imix[number % 12] * f->count + i;
}

/* Latencies, in TSC cycles: 64 buckets for each power of two. */
#define GEN_HIST_SUB   6
#define GEN_HIST_COUNT (64 << GEN_HIST_SUB)

struct gen_hist {
	uint64_t count;
	uint64_t max;
	uint64_t bucket[GEN_HIST_COUNT];
};

static inline void gen_hist_add(struct gen_hist *h, uint64_t v)
{
	unsigned int shift = 0, top = 63 - (unsigned int)__builtin_clzll(v | 1);

	if (top > GEN_HIST_SUB)
		shift = top - GEN_HIST_SUB;
	h->bucket[(shift << GEN_HIST_SUB) + (v >> shift)]++;
	h->count++;
	if (v > h->max)
		h->max = v;
}

/* The value that a fraction `q` of all are at or below (upper end of its bucket). */
uint64_t gen_hist_quantile(const struct gen_hist *h, double q);

struct gen_run {
	/* What is asked for. */
	uint16_t port, rx_port;
	double rate_pps; /* 0: as fast as it goes */
	double most_pps; /* then, in a set that seals: packets for no more than this */
	uint32_t ms;
	uint32_t drain_ms; /* time for the last packets to come back */
	uint32_t quiet_ms; /* before the first, nothing has come in for as long; 5 s at most */
	uint32_t stall_us; /* a longer turn is a stall of this thread */
	uint32_t slack_us; /* what it is behind by more than this is never sent */
	bool latency;      /* of what can be read, in tunnels of what is looked into */

	/* What came of it. */
	uint64_t sent;        /* taken by the device */
	uint64_t refused;     /* its ring was full; with a rate given, lost */
	uint64_t received;    /* packets of this run */
	uint64_t reordered;   /* after a later one, or twice */
	uint64_t stale;       /* of an earlier run */
	uint64_t foreign;     /* not ours at all */
	uint64_t bad_sum;     /* of those whose checksum was looked at, one in 1024 */
	uint64_t checked;     /* in a set with keys, one in 61: opened if it is sealed, … */
	uint64_t bad_content; /* … and then not what was sent */
	uint64_t stalls, stall_tsc, stall_max_tsc;
	uint64_t skipped;  /* due during stalls, never sent */
	uint64_t send_tsc; /* from the first to the last sent */
	struct gen_hist hist;
};

struct gen {
	struct gen_flows set[GEN_SETS];
	struct gen_flows *flows;         /* the set that sends */
	struct rte_mempool *tx_pool;     /* payload is zero and stays so */
	struct rte_mempool *sealed_pool; /* of sets that seal */
	uint32_t seq;                    /* of the next packet; never starts anew */
	/* Of sets with keys, when the last packets were sent: the stamp in one that was sealed is
	 * not that time. By the end of their running number. */
	uint64_t sent_at[GEN_SENT];
};

/* Of one run. */
struct gen_sink {
	uint32_t first, last; /* running numbers: of this run's first packet; the latest seen */
	uint64_t valid_from;  /* packets before this were in flight over a stall of ours */
};

void gen_run(struct gen *g, struct gen_run *r);

/*
 * Sends a packet of the first flow every 100 µs until one is back. CLOCK_MONOTONIC ns of its
 * arrival, or 0 after `timeout_ms`. Not for a set that seals.
 */
uint64_t gen_first(struct gen *g, uint16_t port, uint32_t timeout_ms);

/* ---- gen_sink.c -------------------------------------------------------------------------- */

/* A burst of `r->rx_port`, into `r`'s counts: how many of it were ours. */
uint64_t gen_receive(const struct gen *g, struct gen_run *r, struct gen_sink *s);
/* Is the UDP checksum of an IP packet right? `len` bytes are there. */
bool gen_sum_is_right(const uint8_t *ip, uint16_t len);

/* ---- gen_srtp.c -------------------------------------------------------------------------- */

/* Engine and workspace. 0 or -errno. */
int gen_srtp_init(void);
/* Keys and legs of one flow. 0 or -errno; gen_crypt_wipe() frees in either case. */
int gen_crypt_init(struct gen_crypt *c, const struct gen_keys *k);
void gen_crypt_wipe(struct gen_crypt *c);

/*
 * What a set that seals is going to send is sealed beforehand, so that the wire is not measured
 * together with the generator's own encryption: up to `count` packets, at most as many as there
 * is room for. How many. What was left of an earlier store is never sent, no index used twice.
 */
uint32_t gen_store_fill(struct gen *g, uint64_t count);
/* Copies the packet `i` of the store. */
void gen_store_copy(uint32_t i, struct rte_mbuf *m);

/* RTP that may be sealed. */
struct gen_rtp {
	const struct gen_crypt *crypt;
	uint8_t *data;
	uint16_t len; /* once opened without what sealing has added; 0: not authentic */
};

/* Opens in place what has keys for it. */
void gen_open(struct gen_rtp *p, unsigned int n);
/* Behind an RTP header: has it the right length, the same running number twice, and no more? */
bool gen_payload_is_ours(const struct gen_template *t, const uint8_t *rtp, uint16_t len);
/*
 * Is each of these what this set has sent? Opens in place what is sealed. `rtp` is the RTP
 * header of each packet, all of flows of the set. How many are not.
 */
unsigned int gen_contents_bad(const struct gen_flows *f, uint8_t *const rtp[],
			      struct rte_mbuf *const m[], unsigned int n);

/* ---- gen_tunnel.c ------------------------------------------------------------------------ */

/*
 * After flows, keys and what is around them were loaded. 0, -ENOMEM, or -EINVAL unless all is
 * IPv4, all flows have keys for the same one of their ways, and ports are different.
 */
int gen_tunnel_init(struct gen_flows *f);
/* Flow `i`'s headers for the template `at`, for frames of `len` bytes. */
void gen_tunnel_build(struct gen_flows *f, uint32_t i, uint32_t at, uint16_t len);
/* The headers before the packet of the template `at`, with this lap's sequence number. */
void gen_tunnel_wrap(const struct gen_flows *f, uint32_t at, uint8_t *frame);
/* Whose tunnel has this frame come out of? Not every frame of the far end's is a packet. */
bool gen_tunnel_find(const struct gen_flows *f, const struct rte_mbuf *m, uint32_t *flow);
/* Opened in place: the running numbers, -1 of what is not what its flow has sent. */
void gen_tunnel_open(const struct gen_flows *f, const uint32_t flow[], struct rte_mbuf *const m[],
		     unsigned int n, int64_t number[]);
/* Is it what the flow has sent, one hop further? */
bool gen_inner_is_ours(const struct gen_flows *f, uint32_t flow, const uint8_t *ip, uint16_t len);

#endif
