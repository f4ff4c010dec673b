/* SPDX-License-Identifier: BSD-3-Clause */
/* One measurement: packets sent at a rate, counted as they come back. */
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "gen.h"
#include "gen_stamp.h"

#define QUIET_MAX_US  5000000
#define DISCARD_EVERY 64   /* turns */
#define GAP_LAPS      8192 /* a far end follows a gap of 32,767 packets of a flow */

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
		const struct gen_template *t = &f->tmpl[gen_template_at(f, f->next, g->seq)];
		uint8_t *p = rte_pktmbuf_mtod(m[i], uint8_t *);

		rte_prefetch0(t + 8);
		rte_prefetch0((const uint8_t *)(t + 8) + 64);
		memcpy(p, t->head, GEN_HEAD_BYTES);
		m[i]->data_len = t->len;
		m[i]->pkt_len = t->len;
		if (f->crypt)
			g->sent_at[g->seq % GEN_SENT] = tsc;
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

static void note_stall(struct gen_run *r, struct gen_sink *s, uint64_t gap, uint64_t now)
{
	r->stalls++;
	r->stall_tsc += gap;
	if (gap > r->stall_max_tsc)
		r->stall_max_tsc = gap;
	s->valid_from = now;
}

/* What comes where only sending is measured: keep-alives, which are not to fill that ring. */
static void discard(const struct gen_run *r)
{
	struct rte_mbuf *m[GEN_BURST];
	uint16_t n;

	if (r->port == r->rx_port)
		return;
	while ((n = rte_eth_rx_burst(r->port, 0, m, GEN_BURST)) > 0)
		rte_pktmbuf_free_bulk(m, n);
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
static void wait_quiet(const struct gen *g, struct gen_run *r, struct gen_sink *s)
{
	uint64_t quiet = us_to_tsc(1000ull * r->quiet_ms), start = rte_rdtsc();
	uint64_t last = start, end = start + us_to_tsc(QUIET_MAX_US), now = start;

	while (now < end && now - last < quiet) {
		if (gen_receive(g, r, s))
			last = now;
		now = rte_rdtsc();
	}
}

static void drain(const struct gen *g, struct gen_run *r, struct gen_sink *s)
{
	uint64_t end = rte_rdtsc() + us_to_tsc(1000ull * r->drain_ms);

	while (r->received < r->sent && rte_rdtsc() < end)
		gen_receive(g, r, s);
}

/* How many packets of a set that seals are to be ready: one more burst than are due. */
static uint64_t store_wanted(const struct gen_run *r)
{
	double pps = r->rate_pps == 0 ? r->most_pps : r->rate_pps;

	return (uint64_t)(pps * r->ms / 1e3) + GEN_BURST;
}

/* What was sealed beforehand. */
struct store {
	uint32_t ready, sent; /* packets */
	uint32_t first;       /* running number */
};

/*
 * Sends what is due. At a given rate what the device refuses is lost; where it only goes as
 * fast as it can, a sealed packet waits: there may be few of them. The same one goes next in
 * either case, so that its far end misses none.
 */
static void send_due(struct gen *g, struct gen_run *r, uint16_t n, struct store *st, uint64_t tsc)
{
	uint16_t sent;

	if (!g->flows->seals) {
		sent = send_burst(g, r->port, n, tsc);
		r->refused += n - sent;
	} else {
		for (uint16_t i = 0; i < n; i++)
			g->sent_at[(st->first + st->sent + i) % GEN_SENT] = tsc;
		sent = send_stored(g, r->port, st->sent, n);
		st->sent += sent;
		if (r->rate_pps != 0)
			r->refused += n - sent;
	}
	r->sent += sent;
}

/* Of many packets that were sealed and not sent, some laps are, so that no far end has a gap that
 * it can't follow. */
static void bridge_gap(struct gen *g, const struct gen_run *r, const struct store *st)
{
	uint32_t lap = g->flows->count;

	for (uint64_t at = st->sent + (uint64_t)GAP_LAPS * lap; at + lap <= st->ready;
	     at += (uint64_t)GAP_LAPS * lap)
		for (uint32_t i = 0; i < lap; i += GEN_BURST)
			send_stored(g, r->port, (uint32_t)at + i,
				    (uint16_t)RTE_MIN(lap - i, (uint32_t)GEN_BURST));
}

/* Where packets were sealed beforehand, ends with the last of them, if that is earlier. */
void gen_run(struct gen *g, struct gen_run *r)
{
	struct gen_sink s = {.first = g->seq, .last = g->seq - 1};
	uint64_t start, last, now, end, stall = us_to_tsc(r->stall_us);
	double per_tsc = r->rate_pps / (double)rte_get_tsc_hz();
	uint64_t slack = RTE_MAX((uint64_t)(r->rate_pps * r->slack_us / 1e6), 2ull * GEN_BURST);
	struct store st = {.first = g->seq};

	if (g->flows->seals)
		st.ready = gen_store_fill(g, store_wanted(r));
	discard(r);
	wait_quiet(g, r, &s);
	start = last = now = rte_rdtsc();
	end = start + us_to_tsc(1000ull * r->ms);
	for (uint32_t turn = 0; now < end && (st.ready == 0 || st.sent < st.ready); turn++) {
		uint16_t n;

		if (turn % DISCARD_EVERY == 0)
			discard(r);
		gen_receive(g, r, &s);
		now = rte_rdtsc();
		if (now - last > stall)
			note_stall(r, &s, now - last, now);
		last = now;
		n = due_now(r, now - start, per_tsc, slack);
		if (st.ready)
			n = (uint16_t)RTE_MIN((uint32_t)n, st.ready - st.sent);
		if (n)
			send_due(g, r, n, &st, now);
	}
	r->send_tsc = now - start;
	drain(g, r, &s);
	bridge_gap(g, r, &st);
}

uint64_t gen_first(struct gen *g, uint16_t port, uint32_t timeout_ms)
{
	struct gen_run r = {.port = port, .rx_port = port};
	struct gen_sink s = {.first = g->seq, .last = g->seq - 1};
	uint64_t end = rte_rdtsc() + us_to_tsc(1000ull * timeout_ms), next = 0, now;
	struct timespec t;

	while ((now = rte_rdtsc()) < end) {
		if (now >= next) {
			g->flows->next = 0;
			g->flows->lap++;
			send_burst(g, port, 1, now);
			next = now + us_to_tsc(100);
		}
		gen_receive(g, &r, &s);
		if (r.received) {
			clock_gettime(CLOCK_MONOTONIC, &t);
			return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
		}
	}
	return 0;
}
