/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_gen: generator and sink of one thread, for measuring a relay from outside.
 *
 * Every flow sends one packet a lap, in an order that is random but fixed, so that the lap is
 * each flow's RTP sequence number and no flow has state. Behind the RTP header a packet carries
 * a number that counts over all flows, and the TSC at which it was sent.
 */
#ifndef GEN_H
#define GEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_mbuf.h>

#define GEN_BURST      32
#define GEN_HEAD_BYTES 96 /* of a template: all headers, and room for what is stamped */
#define GEN_RTP_BYTES  12
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

/* A flow's packet but for what changes from lap to lap. */
struct gen_template {
	uint8_t head[GEN_HEAD_BYTES];
	uint32_t sum; /* ones' complement sum of what the UDP checksum covers, unfolded */
	uint16_t rtp; /* offset of the RTP header */
	uint16_t len; /* of the frame */
} __rte_aligned(128);

struct gen_flows {
	struct gen_flow *flow; /* in the order in which they send */
	struct gen_template *tmpl;
	uint32_t count;
	uint8_t src_mac[6], dst_mac[6];
};

/* Reads `path`, shuffles. 0 or -errno; what was loaded before is gone in either case. */
int gen_flows_load(struct gen_flows *f, const char *path);
/* Templates for IP packets of `size` bytes. 0, -EINVAL if they are too small, -ENOMEM. */
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
	uint32_t ms;
	uint32_t drain_ms; /* time for the last packets to come back */
	uint32_t quiet_ms; /* before the first, nothing has come in for as long; 5 s at most */
	uint32_t stall_us; /* a longer turn is a stall of this thread */
	uint32_t slack_us; /* what it is behind by more than this is never sent */
	bool latency;

	/* What came of it. */
	uint64_t sent;      /* taken by the device */
	uint64_t refused;   /* its ring was full; with a rate given, lost */
	uint64_t received;  /* packets of this run */
	uint64_t reordered; /* after a later one, or twice */
	uint64_t stale;     /* of an earlier run */
	uint64_t foreign;   /* not ours at all */
	uint64_t bad_sum;   /* of those whose checksum was looked at, one in 1024 */
	uint64_t stalls, stall_tsc, stall_max_tsc;
	uint64_t skipped;  /* due during stalls, never sent */
	uint64_t send_tsc; /* from the first to the last sent */
	struct gen_hist hist;
};

struct gen {
	struct gen_flows flows;
	struct rte_mempool *tx_pool;
	uint32_t next; /* flow to send */
	uint32_t lap;
	uint32_t seq; /* of the next packet; never starts anew */
};

void gen_run(struct gen *g, struct gen_run *r);

/*
 * Sends a packet of the first flow every 100 µs until one is back. CLOCK_MONOTONIC ns of its
 * arrival, or 0 after `timeout_ms`.
 */
uint64_t gen_first(struct gen *g, uint16_t port, uint32_t timeout_ms);

#endif
