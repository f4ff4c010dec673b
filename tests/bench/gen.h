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
	uint16_t len;       /* of the frame, sealed */
	uint16_t plain_len; /* of the frame before that */
} __rte_aligned(128);

struct gen_flows {
	struct gen_flow *flow; /* in the order in which they send */
	struct gen_template *tmpl;
	struct gen_crypt *crypt; /* NULL: a set without keys */
	bool seals;              /* some flow does */
	uint32_t count;
	uint32_t next; /* flow to send */
	uint32_t lap;
	uint8_t src_mac[6], dst_mac[6];
};

/*
 * Reads `path` and, unless it is NULL, the keys in `keys_path`; shuffles. 0 or -errno; what was
 * loaded before is gone in either case.
 */
int gen_flows_load(struct gen_flows *f, const char *path, const char *keys_path);
/*
 * Templates for IP packets of `size` bytes, to which sealing adds. 0, -EINVAL if that is too
 * small or too large, -ENOMEM.
 */
int gen_flows_build(struct gen_flows *f, uint16_t size);

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
	uint16_t port;
	double rate_pps; /* 0: as fast as it goes */
	double most_pps; /* then, in a set that seals: packets for no more than this */
	uint32_t ms;
	uint32_t drain_ms; /* time for the last packets to come back */
	uint32_t quiet_ms; /* before the first, nothing has come in for as long; 5 s at most */
	uint32_t stall_us; /* a longer turn is a stall of this thread */
	uint32_t slack_us; /* what it is behind by more than this is never sent */
	bool latency;      /* not of a set with keys */

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
};

void gen_run(struct gen *g, struct gen_run *r);

/*
 * Sends a packet of the first flow every 100 µs until one is back. CLOCK_MONOTONIC ns of its
 * arrival, or 0 after `timeout_ms`. Not for a set that seals.
 */
uint64_t gen_first(struct gen *g, uint16_t port, uint32_t timeout_ms);

/* ---- gen_srtp.c -------------------------------------------------------------------------- */

/* Engine and workspace. 0 or -errno. */
int gen_srtp_init(void);
/* Keys and legs of one flow. 0 or -errno; gen_crypt_wipe() frees in either case. */
int gen_crypt_init(struct gen_crypt *c, const struct gen_keys *k);
void gen_crypt_wipe(struct gen_crypt *c);

/*
 * What a set that seals is going to send is sealed beforehand, so that the wire is not measured
 * together with the generator's own encryption: up to `count` packets, at most as many as there
 * is room for, and not so many that a flow that never sends them would be out of step with its
 * far end. How many. What was left of an earlier store is never sent, no index used twice.
 */
uint32_t gen_store_fill(struct gen *g, uint64_t count);
/* Copies the packet `i` of the store. */
void gen_store_copy(uint32_t i, struct rte_mbuf *m);

/*
 * Is each of these what this set has sent? Opens in place what is sealed. `rtp` is the RTP
 * header of each packet, all of flows of the set. How many are not.
 */
unsigned int gen_contents_bad(const struct gen_flows *f, uint8_t *const rtp[],
			      struct rte_mbuf *const m[], unsigned int n);

#endif
