/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's loop: one turn receives from every queue and ring of this worker, takes each
 * burst through the stages, sends, and tells RCU that it holds nothing any more.
 */
#include <rte_rcu_qsbr.h>

#include "worker.h"

void worker_drop(struct worker *w, struct rte_mbuf *m, enum flow_drop why)
{
	flow_count(w->drops[why], 1);
	rte_pktmbuf_free(m);
}

/* Built in by -Dbench_spin_cycles=N only: so many cycles a packet that ./bench has to notice. */
static inline void spin(uint16_t packets)
{
#ifdef TND_BENCH_SPIN_CYCLES
	uint64_t end = rte_rdtsc() + (uint64_t)packets * TND_BENCH_SPIN_CYCLES;

	while (rte_rdtsc() < end)
		;
#else
	(void)packets;
#endif
}

static void run_stages(struct worker *w, struct burst *b)
{
	spin(b->n);
	b->srtp_in = b->srtp_out = b->bundled = b->extra = 0;
	stage_parse(w, b);
	stage_lookup(w, b);
	stage_accept(w, b);
	if (unlikely(b->srtp_in))
		stage_open(w, b);
	if (unlikely(b->bundled))
		stage_bundle(w, b);
	stage_measure(w, b);
	if (unlikely(b->extra & ~FLOW_EXTRA_TUNNEL))
		stage_extra(w, b);
	if (unlikely(b->extra & FLOW_EXTRA_TUNNEL))
		stage_decap(w, b);
	stage_rewrite(w, b);
	if (unlikely(b->srtp_out))
		stage_seal(w, b);
	if (unlikely(b->extra & FLOW_EXTRA_TWICE))
		stage_twice(w, b);
	stage_dispose(w, b);
}

/* From a port: all interfaces of one are on the same side of tunnels. */
static inline void run_port(struct worker *w, uint16_t port, struct burst *b)
{
	if (unlikely(w->inner >> port & 1))
		stage_encap(w, b);
	else
		run_stages(w, b);
}

static unsigned int poll_devices(struct worker *w)
{
	struct burst *b = &w->burst;
	unsigned int total = 0;

	for (uint16_t r = 0; r < w->rx_count; r++) {
		uint64_t bytes = 0;

		b->n = rte_eth_rx_burst(w->rx[r].port, w->rx[r].queue, b->m, BURST_MAX);
		if (b->n == 0)
			continue;
		for (uint16_t i = 0; i < b->n; i++) {
			bytes += b->m[i]->pkt_len;
			b->m[i]->port = w->rx[r].port; /* net_ring leaves it as it was */
		}
		worker_count(w, rx_packets, b->n);
		worker_count(w, rx_bytes, bytes);
		total += b->n;
		run_port(w, w->rx[r].port, b);
	}
	return total;
}

static void run_inner(struct worker *w, struct rte_mbuf **in, uint16_t n)
{
	w->burst.n = n;
	memcpy(w->burst.m, in, n * sizeof(in[0]));
	stage_encap(w, &w->burst);
}

/* Frames that are ready go out by our queue; all else comes in as if from the wire. */
static void take_in(struct worker *w, struct rte_mbuf **in, unsigned int n)
{
	struct burst *b = &w->burst;
	struct rte_mbuf *inner[BURST_MAX];
	uint16_t inner_count = 0;

	b->n = 0;
	for (unsigned int i = 0; i < n; i++) {
		if (in[i]->ol_flags & dp_tx_ready_flag) {
			in[i]->ol_flags &= ~dp_tx_ready_flag;
			tx_frames(w, in[i]->port, &in[i], 1);
		} else if (unlikely(w->inner >> in[i]->port & 1)) {
			inner[inner_count++] = in[i];
		} else {
			b->m[b->n++] = in[i];
		}
	}
	if (b->n)
		run_stages(w, b);
	if (unlikely(inner_count))
		run_inner(w, inner, inner_count);
}

/* Strays of ours, and frames that others can't send. */
static unsigned int poll_handoff(struct worker *w, struct rte_ring *from)
{
	struct rte_mbuf *in[BURST_MAX];
	unsigned int n = rte_ring_sc_dequeue_burst(from, (void **)in, BURST_MAX, NULL);

	if (likely(n == 0))
		return 0;
	worker_count(w, handoff_in, n);
	take_in(w, in, n);
	return n;
}

/* Frames of control's, some of them to our own addresses. */
static unsigned int poll_inject(struct worker *w)
{
	struct rte_mbuf *in[BURST_MAX];
	unsigned int n = rte_ring_sc_dequeue_burst(w->inject, (void **)in, BURST_MAX, NULL);

	if (likely(n == 0))
		return 0;
	worker_count(w, injected, n);
	take_in(w, in, n);
	return n;
}

unsigned int worker_poll_once(struct worker *w, uint64_t now)
{
	uint64_t cycles = now - w->now;
	unsigned int n;

	/* What the turn before has cost is known only now. */
	worker_count(w, polls, 1);
	worker_count(w, cycles, cycles);
	if (w->busy) {
		worker_count(w, busy_polls, 1);
		worker_count(w, busy_cycles, cycles);
	}
	w->now = now;
	w->tick = flow_tick(now);
	w->fine = flow_fine(now);
	__atomic_store_n(&w->heartbeat, now, __ATOMIC_RELAXED);

	n = poll_devices(w);
	for (uint16_t i = 0; i < w->dp->workers; i++)
		n += poll_handoff(w, w->handoff[i]);
	n += poll_inject(w);
	n += pace_turn(w);
	n += keepalive_turn(w);
	if (n) {
		handoff_flush(w);
		tx_flush(w);
	}
	w->busy = n != 0;
	/* From here on this worker holds no index that it read from the tables. */
	rte_rcu_qsbr_quiescent(w->t->rcu, w->index);
	return n;
}
