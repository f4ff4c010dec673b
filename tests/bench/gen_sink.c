/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes back: counted, looked into, timed. */
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "gen.h"
#include "gen_stamp.h"

#define CHECK_EVERY 1024 /* packets: checksum */
#define PROBE_EVERY 61   /* content; prime, so that it is every flow's turn */

/* The RTP header of one of our packets, or NULL. */
static inline uint8_t *our_rtp(const struct rte_mbuf *m)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	if (p[12] == 0x08 && p[13] == 0x00 && p[14] == 0x45 && p[23] == 17 &&
	    m->data_len >= 14 + 28 + GEN_STAMP_END)
		return p + 14 + 28;
	if (p[12] == 0x86 && p[13] == 0xdd && p[20] == 17 && m->data_len >= 14 + 48 + GEN_STAMP_END)
		return p + 14 + 48;
	return NULL;
}

bool gen_sum_is_right(const uint8_t *ip, uint16_t ip_len)
{
	bool ip6 = ip[0] >> 4 == 6;
	const uint8_t *udp = ip + (ip6 ? 40 : 20), *addrs = udp - (ip6 ? 32 : 8);
	uint16_t len = (uint16_t)(udp[4] << 8 | udp[5]), addr_len = ip6 ? 32 : 8, word;
	uint64_t sum = rte_cpu_to_be_16(17) + (uint64_t)rte_cpu_to_be_16(len);

	/* IPv4 without a checksum (RFC 768) has nothing to be wrong. */
	if (!ip6 && udp[6] == 0 && udp[7] == 0)
		return true;
	if (udp + len > ip + ip_len)
		return false;
	for (uint16_t i = 0; i < addr_len; i += 2) {
		memcpy(&word, addrs + i, 2);
		sum += word;
	}
	for (uint16_t i = 0; i + 1 < len; i += 2) {
		memcpy(&word, udp + i, 2);
		sum += word;
	}
	if (len & 1)
		sum += udp[len - 1];
	return fold64(sum) == 0xffff;
}

/* Of a whole frame. */
static bool sum_is_right(const struct rte_mbuf *m)
{
	return gen_sum_is_right(rte_pktmbuf_mtod(m, const uint8_t *) + 14, m->data_len - 14);
}

/* The flow of a packet in a set with keys, or NULL. */
static inline const struct gen_crypt *crypt_of(const struct gen_flows *f, const uint8_t *rtp)
{
	uint32_t ssrc;

	memcpy(&ssrc, rtp + GEN_SSRC_OFF, 4);
	ssrc = rte_be_to_cpu_32(ssrc);
	return ssrc - 1 < f->count ? &f->crypt[ssrc - 1] : NULL;
}

/* Where its running number can be read; NULL: of no flow of this set. */
static inline const uint8_t *number_in(const struct gen_flows *f, const uint8_t *rtp)
{
	const struct gen_crypt *c;

	if (f->crypt == NULL)
		return rtp + GEN_SEQ_OFF;
	c = crypt_of(f, rtp);
	if (c == NULL)
		return NULL;
	return rtp + (c->open ? GEN_TS_OFF : GEN_SEQ_OFF);
}

/* Is it of this run? */
static inline bool is_of_run(const struct gen *g, const struct gen_sink *s, uint32_t seq)
{
	return seq - s->first < g->seq - s->first;
}

/* Counts a packet; false if it is none of this run. */
static inline bool count_in(const struct gen *g, struct gen_run *r, struct gen_sink *s,
			    uint32_t seq)
{
	if (!is_of_run(g, s, seq)) {
		r->stale++;
		return false;
	}
	if (r->received && (int32_t)(seq - s->last) <= 0)
		r->reordered++;
	else
		s->last = seq;
	r->received++;
	return true;
}

static inline void note_latency(struct gen_run *r, const struct gen_sink *s, uint64_t sent,
				uint64_t now)
{
	if (sent >= s->valid_from && sent <= now)
		gen_hist_add(&r->hist, now - sent);
}

/* How many of these plain packets have another content than they were sent with. */
static unsigned int contents_bad(const struct gen_flows *f, uint8_t *const rtp[],
				 struct rte_mbuf *const m[], unsigned int n)
{
	unsigned int bad = 0;

	if (f->around == NULL)
		return gen_contents_bad(f, rtp, m, n);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t ssrc;

		memcpy(&ssrc, rtp[i] + GEN_SSRC_OFF, 4);
		bad += !gen_inner_is_ours(f, rte_be_to_cpu_32(ssrc) - 1,
					  rte_pktmbuf_mtod(m[i], const uint8_t *) + 14,
					  m[i]->data_len - 14);
	}
	return bad;
}

static void take_burst(const struct gen *g, struct gen_run *r, struct gen_sink *s,
		       struct rte_mbuf *const m[], uint16_t n, uint64_t now)
{
	const struct gen_flows *f = g->flows;
	struct rte_mbuf *probe[GEN_BURST];
	uint8_t *probe_rtp[GEN_BURST];
	unsigned int probes = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint8_t *rtp = our_rtp(m[i]);
		const uint8_t *number = rtp ? number_in(f, rtp) : NULL;
		uint32_t seq;
		uint64_t sent;

		if (number == NULL) {
			r->foreign++;
			continue;
		}
		memcpy(&seq, number, 4);
		seq = rte_be_to_cpu_32(seq);
		if (!count_in(g, r, s, seq))
			continue;
		if (r->received % CHECK_EVERY == 1 && !sum_is_right(m[i]))
			r->bad_sum++;
		if (f->crypt && r->received % PROBE_EVERY == 1) {
			probe_rtp[probes] = rtp;
			probe[probes++] = m[i];
		}
		if (r->latency) {
			memcpy(&sent, rtp + GEN_TSC_OFF, 8);
			note_latency(r, s, f->crypt ? g->sent_at[seq % GEN_SENT] : sent, now);
		}
	}
	if (probes) {
		r->checked += probes;
		r->bad_content += contents_bad(f, probe_rtp, probe, probes);
	}
}

/* The same of what comes in tunnels, sealed: it is counted, and some of it opened. */
static void take_tunnels(const struct gen *g, struct gen_run *r, const struct gen_sink *s,
			 struct rte_mbuf *const m[], uint16_t n, uint64_t now)
{
	struct rte_mbuf *probe[GEN_BURST];
	uint32_t flow[GEN_BURST];
	int64_t number[GEN_BURST];
	unsigned int probes = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (!gen_tunnel_find(g->flows, m[i], &flow[probes])) {
			r->foreign++;
			continue;
		}
		if (g->seq == s->first) { /* nothing was sent yet */
			r->stale++;
			continue;
		}
		r->received++;
		if (r->received % CHECK_EVERY == 1 && !sum_is_right(m[i]))
			r->bad_sum++;
		if (r->received % PROBE_EVERY == 1)
			probe[probes++] = m[i];
	}
	gen_tunnel_open(g->flows, flow, probe, probes, number);
	for (unsigned int i = 0; i < probes; i++) {
		r->checked++;
		if (number[i] < 0)
			r->bad_content++;
		else if (r->latency && is_of_run(g, s, (uint32_t)number[i]))
			note_latency(r, s, g->sent_at[number[i] % GEN_SENT], now);
	}
}

uint64_t gen_receive(const struct gen *g, struct gen_run *r, struct gen_sink *s)
{
	struct rte_mbuf *m[GEN_BURST];
	uint16_t n = rte_eth_rx_burst(r->rx_port, 0, m, GEN_BURST);
	uint64_t now = rte_rdtsc(), foreign = r->foreign;

	if (n == 0)
		return 0;
	if (g->flows->flow_at)
		take_tunnels(g, r, s, m, n, now);
	else
		take_burst(g, r, s, m, n, now);
	rte_pktmbuf_free_bulk(m, n);
	return n - (r->foreign - foreign);
}
