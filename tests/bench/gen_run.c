/* SPDX-License-Identifier: BSD-3-Clause */
/* One measurement: packets sent at a rate, counted as they come back. */
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "gen.h"
#include "gen_stamp.h"

#define CHECK_EVERY  1024 /* packets: checksum */
#define PROBE_EVERY  61   /* content; prime, so that it is every flow's turn */
#define QUIET_MAX_US 5000000

static uint64_t us_to_tsc(uint64_t us)
{
	return us * (rte_get_tsc_hz() / 1000000);
}

/* `n` packets of the next flows. How many of them the device took. */
static uint16_t send_burst(struct gen *g, uint16_t port, uint16_t n, uint64_t tsc)
{
	struct gen_flows *f = g->flows;
	struct rte_mbuf *m[GEN_BURST];
	uint16_t sent;

	if (rte_pktmbuf_alloc_bulk(g->tx_pool, m, n) != 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		const struct gen_template *t = &f->tmpl[f->next];
		uint8_t *p = rte_pktmbuf_mtod(m[i], uint8_t *);

		rte_prefetch0(t + 8);
		rte_prefetch0((const uint8_t *)(t + 8) + 64);
		memcpy(p, t->head, GEN_HEAD_BYTES);
		m[i]->data_len = t->len;
		m[i]->pkt_len = t->len;
		gen_stamp(f, t, p, g->seq++, tsc);
		if (++f->next == f->count) {
			f->next = 0;
			f->lap++;
		}
	}
	sent = rte_eth_tx_burst(port, 0, m, n);
	if (sent < n)
		rte_pktmbuf_free_bulk(m + sent, n - sent);
	return sent;
}

/* The same with the packets `from` … of the store. */
static uint16_t send_stored(struct gen *g, uint16_t port, uint32_t from, uint16_t n)
{
	struct rte_mbuf *m[GEN_BURST];
	uint16_t sent;

	if (rte_pktmbuf_alloc_bulk(g->sealed_pool, m, n) != 0)
		return 0;
	for (uint16_t i = 0; i < n; i++)
		gen_store_copy(from + i, m[i]);
	sent = rte_eth_tx_burst(port, 0, m, n);
	if (sent < n)
		rte_pktmbuf_free_bulk(m + sent, n - sent);
	return sent;
}

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

/* Is the UDP checksum right? `rtp` is the RTP header in a packet of ours. */
static bool sum_is_right(const struct rte_mbuf *m, const uint8_t *rtp)
{
	bool ip6 = rte_pktmbuf_mtod(m, const uint8_t *)[12] == 0x86;
	const uint8_t *udp = rtp - 8, *addrs = udp - (ip6 ? 32 : 8);
	uint16_t len = (uint16_t)(udp[4] << 8 | udp[5]), addr_len = ip6 ? 32 : 8, word;
	uint64_t sum = rte_cpu_to_be_16(17) + (uint64_t)rte_cpu_to_be_16(len);

	/* IPv4 without a checksum (RFC 768) has nothing to be wrong. */
	if (!ip6 && udp[6] == 0 && udp[7] == 0)
		return true;
	if (udp + len > rte_pktmbuf_mtod(m, const uint8_t *) + m->data_len)
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

struct sink {
	uint32_t first, last; /* running numbers: of this run's first packet; the latest seen */
	uint64_t valid_from;  /* stamps before this were in flight over a stall of ours */
};

/* Counts a packet; false if it is none of this run. */
static inline bool count_in(const struct gen *g, struct gen_run *r, struct sink *s,
			    const uint8_t *rtp)
{
	const uint8_t *number = rtp ? number_in(g->flows, rtp) : NULL;
	uint32_t seq;

	if (number == NULL) {
		r->foreign++;
		return false;
	}
	memcpy(&seq, number, 4);
	seq = rte_be_to_cpu_32(seq);
	if (seq - s->first >= g->seq - s->first) {
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

static uint16_t receive_burst(const struct gen *g, struct gen_run *r, struct sink *s)
{
	struct rte_mbuf *m[GEN_BURST], *probe[GEN_BURST];
	uint8_t *probe_rtp[GEN_BURST];
	uint16_t n = rte_eth_rx_burst(r->port, 0, m, GEN_BURST);
	uint64_t now = rte_rdtsc(), tsc;
	unsigned int probes = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint8_t *rtp = our_rtp(m[i]);

		if (!count_in(g, r, s, rtp))
			continue;
		if (r->received % CHECK_EVERY == 1 && !sum_is_right(m[i], rtp))
			r->bad_sum++;
		if (g->flows->crypt && r->received % PROBE_EVERY == 1) {
			probe_rtp[probes] = rtp;
			probe[probes++] = m[i];
		}
		if (r->latency && g->flows->crypt == NULL) {
			memcpy(&tsc, rtp + GEN_TSC_OFF, 8);
			if (tsc >= s->valid_from && tsc <= now)
				gen_hist_add(&r->hist, now - tsc);
		}
	}
	if (probes) {
		r->checked += probes;
		r->bad_content += gen_contents_bad(g->flows, probe_rtp, probe, probes);
	}
	if (n)
		rte_pktmbuf_free_bulk(m, n);
	return n;
}

static void note_stall(struct gen_run *r, struct sink *s, uint64_t gap, uint64_t now)
{
	r->stalls++;
	r->stall_tsc += gap;
	if (gap > r->stall_max_tsc)
		r->stall_max_tsc = gap;
	s->valid_from = now;
}

/* Packets due by now. What this thread missed by more than the slack is skipped for good. */
static uint16_t due_now(struct gen_run *r, uint64_t elapsed, double per_tsc, uint64_t slack)
{
	uint64_t due, done = r->sent + r->refused + r->skipped;

	if (r->rate_pps == 0)
		return GEN_BURST;
	due = (uint64_t)((double)elapsed * per_tsc);
	if (due <= done)
		return 0;
	if (due - done > slack) {
		r->skipped += due - done - slack;
		done = due - slack;
	}
	return (uint16_t)RTE_MIN(due - done, (uint64_t)GEN_BURST);
}

/* What an overloaded device still has from an earlier run is not to delay this one. */
static void wait_quiet(const struct gen *g, struct gen_run *r, struct sink *s)
{
	uint64_t quiet = us_to_tsc(1000ull * r->quiet_ms), start = rte_rdtsc();
	uint64_t last = start, end = start + us_to_tsc(QUIET_MAX_US), now = start;

	while (now < end && now - last < quiet) {
		if (receive_burst(g, r, s))
			last = now;
		now = rte_rdtsc();
	}
}

static void drain(const struct gen *g, struct gen_run *r, struct sink *s)
{
	uint64_t end = rte_rdtsc() + us_to_tsc(1000ull * r->drain_ms);

	while (r->received < r->sent && rte_rdtsc() < end)
		receive_burst(g, r, s);
}

/* How many packets of a set that seals are to be ready: one more burst than are due. */
static uint64_t store_wanted(const struct gen_run *r)
{
	double pps = r->rate_pps == 0 ? r->most_pps : r->rate_pps;

	return (uint64_t)(pps * r->ms / 1e3) + GEN_BURST;
}

/*
 * Sends what is due. At a given rate what the device refuses is lost; where it only goes as
 * fast as it can, a sealed packet waits: there may be few of them.
 */
static void send_due(struct gen *g, struct gen_run *r, uint16_t n, uint32_t *stored, uint64_t tsc)
{
	uint16_t sent;

	if (!g->flows->seals) {
		sent = send_burst(g, r->port, n, tsc);
		r->refused += n - sent;
	} else {
		sent = send_stored(g, r->port, *stored, n);
		if (r->rate_pps != 0) {
			r->refused += n - sent;
			*stored += n;
		} else {
			*stored += sent;
		}
	}
	r->sent += sent;
}

/* Where packets were sealed beforehand, ends with the last of them, if that is earlier. */
void gen_run(struct gen *g, struct gen_run *r)
{
	struct sink s = {.first = g->seq, .last = g->seq - 1};
	uint64_t start, last, now, end, stall = us_to_tsc(r->stall_us);
	double per_tsc = r->rate_pps / (double)rte_get_tsc_hz();
	uint64_t slack = RTE_MAX((uint64_t)(r->rate_pps * r->slack_us / 1e6), 2ull * GEN_BURST);
	uint32_t stored = 0, ready = g->flows->seals ? gen_store_fill(g, store_wanted(r)) : 0;

	wait_quiet(g, r, &s);
	start = last = now = rte_rdtsc();
	end = start + us_to_tsc(1000ull * r->ms);
	while (now < end && (ready == 0 || stored < ready)) {
		uint16_t n;

		receive_burst(g, r, &s);
		now = rte_rdtsc();
		if (now - last > stall)
			note_stall(r, &s, now - last, now);
		last = now;
		n = due_now(r, now - start, per_tsc, slack);
		if (ready)
			n = (uint16_t)RTE_MIN((uint32_t)n, ready - stored);
		if (n)
			send_due(g, r, n, &stored, now);
	}
	r->send_tsc = now - start;
	drain(g, r, &s);
}

uint64_t gen_first(struct gen *g, uint16_t port, uint32_t timeout_ms)
{
	struct gen_run r = {.port = port};
	struct sink s = {.first = g->seq, .last = g->seq - 1};
	uint64_t end = rte_rdtsc() + us_to_tsc(1000ull * timeout_ms), next = 0, now;
	struct timespec t;

	while ((now = rte_rdtsc()) < end) {
		if (now >= next) {
			g->flows->next = 0;
			g->flows->lap++;
			send_burst(g, port, 1, now);
			next = now + us_to_tsc(100);
		}
		receive_burst(g, &r, &s);
		if (r.received) {
			clock_gettime(CLOCK_MONOTONIC, &t);
			return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
		}
	}
	return 0;
}
