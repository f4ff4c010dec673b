/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane as control sees it: workers made, started, stopped; their rings and counters. */
#include <errno.h>
#include <sys/prctl.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <rte_mbuf_dyn.h>
#include <rte_rcu_qsbr.h>

#include "worker.h"

uint64_t dp_tx_ready_flag;
int dp_note_offset;

#define COPY_RING_MAX  (1u << 16)
#define COPY_CACHE     64
#define COPY_CACHE_MIN 4096 /* mbufs: with fewer, caches would hide too many */

#define PACE_PERIOD_MIN_US 1000

static const struct {
	const char *name, *text;
} counters[] = {
#define TND_COUNTER(name, text) {#name, text},
#include "counter.def"
#undef TND_COUNTER
};

const char *dp_counter_name(enum dp_counter c)
{
	return counters[c].name;
}

const char *dp_counter_text(enum dp_counter c)
{
	return counters[c].text;
}

static int register_mbuf_fields(void)
{
	union note {
		struct dp_punt punt;
		struct dp_copy copy;
	};
	static const struct rte_mbuf_dynfield field = {
		.name = "tandem_note",
		.size = sizeof(union note),
		.align = __alignof__(union note),
	};
	static const struct rte_mbuf_dynflag flag = {.name = "tandem_tx_ready"};
	int bit;

	dp_note_offset = rte_mbuf_dynfield_register(&field);
	bit = rte_mbuf_dynflag_register(&flag);
	if (dp_note_offset < 0 || bit < 0)
		return -rte_errno;
	dp_tx_ready_flag = UINT64_C(1) << bit;
	return 0;
}

static struct rte_ring *make_ring(const char *name, unsigned int size, unsigned int elem)
{
	ssize_t bytes = rte_ring_get_memsize_elem(elem, size);
	struct rte_ring *r = rte_zmalloc(name, (size_t)bytes, RTE_CACHE_LINE_SIZE);

	if (r != NULL && rte_ring_init(r, name, size, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		rte_free(r);
		r = NULL;
	}
	return r;
}

/* Of mbufs, which it owns. */
static void free_ring(struct rte_ring *r)
{
	struct rte_mbuf *m;

	if (r == NULL)
		return;
	while (rte_ring_dequeue(r, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	rte_free(r);
}

static void free_worker(struct worker *w)
{
	if (w == NULL)
		return;
	for (uint16_t i = 0; i < w->dp->workers; i++)
		free_ring(w->handoff[i]);
	free_ring(w->punt);
	free_ring(w->inject);
	free_ring(w->copy);
	pace_free(w);
	keepalive_free(w);
	rte_free(w->event);
	if (w->srtp != NULL)
		srtp_worker_free(w->srtp);
	rte_free(w);
}

/* All that there can be, within reason. */
static unsigned int copy_ring_size(const struct dp_config *config)
{
	return rte_align32pow2(RTE_MIN(config->copy_mbufs, COPY_RING_MAX - 1) + 1);
}

static int make_copy_pool(struct dp *dp, const struct dp_config *config)
{
	uint32_t n = config->copy_mbufs;

	if (n == 0)
		return 0;
	dp->copy_pool =
		rte_pktmbuf_pool_create("tnd_copies", n, n < COPY_CACHE_MIN ? 0 : COPY_CACHE, 0,
					rte_pktmbuf_data_room_size(dp_pool()), SOCKET_ID_ANY);
	return dp->copy_pool == NULL ? -rte_errno : 0;
}

/* Which queues of which ports are worker i's: queue i where there is one. */
static void assign_queues(struct worker *w)
{
	for (uint16_t port = 0; port < FLOW_PORTS_MAX; port++) {
		if (!dp_ports[port].used)
			continue;
		if (w->index < dp_ports[port].rx_queues) {
			w->rx[w->rx_count].port = port;
			w->rx[w->rx_count++].queue = w->index;
		}
		w->tx[port].worker = w->index % dp_ports[port].tx_queues;
		w->tx[port].queue = w->tx[port].worker;
		if (w->t->port_role[port] != FLOW_ROLE_OUTER)
			w->inner |= UINT32_C(1) << port;
	}
}

static struct worker *make_worker(struct dp *dp, uint16_t index, const struct dp_config *config,
				  enum srtp_engine engine)
{
	struct worker *w = rte_zmalloc("tnd_worker", sizeof(*w), RTE_CACHE_LINE_SIZE);

	if (w == NULL)
		return NULL;
	w->dp = dp;
	w->t = dp->t;
	w->index = index;
	w->fine_hz = (uint32_t)(rte_get_tsc_hz() >> FLOW_FINE_SHIFT);
	w->tsc_per_ms = rte_get_tsc_hz() / 1000;
	w->ticks_per_s = (uint32_t)(rte_get_tsc_hz() >> FLOW_TICK_SHIFT);
	/* Buckets start full: an age without packets. */
	for (unsigned int k = 0; k < DP_PUNT_KINDS; k++)
		w->bucket[k].tick = flow_tick(rte_rdtsc()) - 3600 * w->ticks_per_s;
	w->punt = make_ring("tnd_punt", DP_RING_SIZE, sizeof(void *));
	w->event = make_ring("tnd_event", DP_RING_SIZE, sizeof(struct flow_event));
	w->inject = make_ring("tnd_inject", DP_RING_SIZE, sizeof(void *));
	w->copy_pool = dp->copy_pool;
	w->copy = make_ring("tnd_copy", copy_ring_size(config), sizeof(void *));
	for (uint16_t i = 0; i < dp->workers; i++) {
		w->handoff[i] = make_ring("tnd_handoff", DP_HANDOFF_SIZE, sizeof(void *));
		if (w->handoff[i] == NULL)
			goto fail;
	}
	w->srtp = srtp_worker_create(engine);
	if (!w->punt || !w->event || !w->inject || !w->copy || !w->srtp || pace_init(w) != 0 ||
	    keepalive_init(w) != 0 || rte_rcu_qsbr_thread_register(dp->t->rcu, index) != 0)
		goto fail;
	assign_queues(w);
	return w;

fail:
	free_worker(w);
	return NULL;
}

struct dp *dp_create(const struct dp_config *config)
{
	enum srtp_engine engine;
	struct dp *dp;
	int rc;

	if (config->workers == 0 || config->workers > FLOW_WORKERS_MAX) {
		rte_errno = EINVAL;
		return NULL;
	}
	if (register_mbuf_fields() != 0)
		return NULL;
	rc = srtp_engine_pick(config->srtp_engine, &engine);
	if (rc != 0) {
		rte_errno = -rc;
		return NULL;
	}
	dp = rte_zmalloc("tnd_dp", sizeof(*dp), RTE_CACHE_LINE_SIZE);
	if (dp == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	dp->t = config->tables;
	dp->idle = config->idle;
	dp->workers = config->workers;
	rc = make_copy_pool(dp, config);
	for (uint16_t i = 0; i < dp->workers; i++) {
		dp->w[i] = rc == 0 ? make_worker(dp, i, config, engine) : NULL;
		if (dp->w[i] == NULL) {
			dp_free(dp);
			rte_errno = ENOMEM;
			return NULL;
		}
	}
	return dp;
}

void dp_free(struct dp *dp)
{
	if (dp == NULL)
		return;
	for (uint16_t i = 0; i < dp->workers; i++)
		free_worker(dp->w[i]);
	rte_mempool_free(dp->copy_pool);
	rte_free(dp);
}

static int worker_main(void *arg)
{
	struct worker *w = arg;
	uint64_t busy_until = rte_rdtsc();

	/* Naps of the adaptive mode end when they should, not 50 µs later. */
	prctl(PR_SET_TIMERSLACK, 1000UL);
	w->now = busy_until;
	w->nap_max_us = worker_nap_max_us(w);
	rte_rcu_qsbr_thread_online(w->t->rcu, w->index);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		uint64_t now = rte_rdtsc();

		if (worker_poll_once(w, now) > 0)
			busy_until = now;
		else if (w->dp->idle == DP_IDLE_ADAPTIVE)
			worker_idle(w, now - busy_until);
	}
	rte_rcu_qsbr_thread_offline(w->t->rcu, w->index);
	__atomic_store_n(&w->stopped, true, __ATOMIC_RELEASE);
	return 0;
}

int dp_start(struct dp *dp, const unsigned int *lcores)
{
	for (uint16_t i = 0; i < dp->workers; i++) {
		int err;

		dp->w[i]->stop = dp->w[i]->stopped = false;
		dp->w[i]->lcore = lcores[i];
		err = rte_eal_remote_launch(worker_main, dp->w[i], lcores[i]);
		if (err != 0) {
			dp_stop(dp);
			return err;
		}
		dp->running = true;
	}
	return 0;
}

void dp_stop(struct dp *dp)
{
	if (!dp->running)
		return;
	for (uint16_t i = 0; i < dp->workers; i++)
		__atomic_store_n(&dp->w[i]->stop, true, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
	/* From here on everything that a worker read or wrote is control's. */
	for (uint16_t i = 0; i < dp->workers; i++)
		(void)__atomic_load_n(&dp->w[i]->stopped, __ATOMIC_ACQUIRE);
	dp->running = false;
}

unsigned int dp_poll_once(struct dp *dp, uint16_t worker, uint64_t now)
{
	return worker_poll_once(dp->w[worker], now);
}

void dp_worker_stats(const struct dp *dp, uint16_t worker, struct dp_worker_stats *out)
{
	const struct worker *w = dp->w[worker];

	for (unsigned int i = 0; i < DP_COUNTER_COUNT; i++)
		out->counter[i] = flow_read(w->counter[i]);
	for (unsigned int i = 0; i < FLOW_DROP_COUNT; i++)
		out->drops[i] = flow_read(w->drops[i]);
	out->heartbeat = flow_read(w->heartbeat);
	out->lcore = w->lcore;
	out->punt_used = rte_ring_count(w->punt);
	out->event_used = rte_ring_count(w->event);
	out->inject_used = rte_ring_count(w->inject);
	out->copy_used = rte_ring_count(w->copy);
	out->copy_size = w->copy_pool ? rte_ring_get_capacity(w->copy) : 0;
	out->players = dp->players[worker];
	out->handoff_used = 0;
	for (uint16_t i = 0; i < dp->workers; i++)
		out->handoff_used += rte_ring_count(w->handoff[i]);
}

const struct dp_punt *dp_punt_of(const struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, dp_note_offset, const struct dp_punt *);
}

unsigned int dp_punt_receive(struct dp *dp, struct rte_mbuf **m, unsigned int n)
{
	unsigned int got = 0;

	for (uint16_t i = 0; i < dp->workers && got < n; i++)
		got += rte_ring_sc_dequeue_burst(dp->w[i]->punt, (void **)&m[got], n - got, NULL);
	return got;
}

unsigned int dp_event_receive(struct dp *dp, struct flow_event *ev, unsigned int n)
{
	unsigned int got = 0;

	for (uint16_t i = 0; i < dp->workers && got < n; i++) {
		unsigned int first = got;

		got += rte_ring_sc_dequeue_burst_elem(dp->w[i]->event, &ev[got], sizeof(*ev),
						      n - got, NULL);
		for (; first < got; first++)
			dp->players[i] -= ev[first].type == FLOW_EVENT_PLAYED;
	}
	return got;
}

const struct dp_copy *dp_copy_of(const struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, dp_note_offset, const struct dp_copy *);
}

unsigned int dp_copy_receive(struct dp *dp, uint16_t worker, struct rte_mbuf **m, unsigned int n)
{
	return rte_ring_sc_dequeue_burst(dp->w[worker]->copy, (void **)m, n, NULL);
}

int dp_pace_start(struct dp *dp, uint16_t worker, struct dp_player *p)
{
	if (p->count == 0 || p->frame_len == 0 || p->frame_len > FLOW_RESIZE_MAX_BYTES ||
	    p->payload_type > 127 || p->repeats == 0 || p->period_us < PACE_PERIOD_MIN_US)
		return -EINVAL;
	if (dp->players[worker] == DP_PLAYERS)
		return -ENOSPC;
	p->stop = false;
	p->at = p->packets = 0;
	p->ended = 0;
	p->talking = false;
	p->period = rte_get_tsc_hz() * p->period_us / 1000000;
	if (rte_ring_sp_enqueue(dp->w[worker]->pace.start, p) != 0)
		return -ENOSPC;
	dp->players[worker]++;
	return 0;
}

void dp_pace_stop(struct dp_player *p)
{
	__atomic_store_n(&p->stop, true, __ATOMIC_RELAXED);
}

int dp_tunnel_start(struct dp *dp, uint16_t worker, uint32_t session, uint16_t generation)
{
	struct keepalive_start s = {.session = session, .generation = generation};

	if (dp->w[worker]->keepalive.entry == NULL || session >= dp->t->session_count)
		return -EINVAL;
	return rte_ring_enqueue_elem(dp->w[worker]->keepalive.start, &s, sizeof(s)) == 0 ? 0
											 : -ENOSPC;
}

static bool inject(struct dp *dp, uint16_t iface, struct rte_mbuf *m, uint64_t flags)
{
	m->port = dp->t->iface[iface].port;
	m->ol_flags = flags;
	/* Worker 0 has queue 0 of every device. */
	if (rte_ring_sp_enqueue(dp->w[0]->inject, m) == 0)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

bool dp_inject(struct dp *dp, uint16_t iface, struct rte_mbuf *m)
{
	return inject(dp, iface, m, dp_tx_ready_flag);
}

bool dp_inject_local(struct dp *dp, uint16_t iface, struct rte_mbuf *m)
{
	return inject(dp, iface, m, 0);
}

unsigned int dp_inject_pending(const struct dp *dp)
{
	return rte_ring_count(dp->w[0]->inject);
}
