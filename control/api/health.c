/* SPDX-License-Identifier: BSD-3-Clause */
#include "health.h"

#include <errno.h>
#include <stdlib.h>

struct sample {
	uint64_t rx_packets, busy_polls, cycles, busy_cycles;
};

struct health {
	struct host *h;
	struct tnd_timer timer;
	struct sample last[FLOW_WORKERS_MAX];
	struct health_load load[FLOW_WORKERS_MAX];
};

static void sample_worker(struct health *he, uint16_t i)
{
	struct sample *last = &he->last[i];
	struct dp_worker_stats st;
	struct sample now, d;

	dp_worker_stats(he->h->dp, i, &st);
	now = (struct sample){.rx_packets = st.counter[DP_rx_packets] + st.counter[DP_handoff_in],
			      .busy_polls = st.counter[DP_busy_polls],
			      .cycles = st.counter[DP_cycles],
			      .busy_cycles = st.counter[DP_busy_cycles]};
	d = (struct sample){.rx_packets = now.rx_packets - last->rx_packets,
			    .busy_polls = now.busy_polls - last->busy_polls,
			    .cycles = now.cycles - last->cycles,
			    .busy_cycles = now.busy_cycles - last->busy_cycles};
	*last = now;
	he->load[i] = (struct health_load){0};
	if (d.cycles != 0)
		he->load[i].busy_percent =
			RTE_MIN(100.0, 100.0 * (double)d.busy_cycles / (double)d.cycles);
	if (d.busy_polls != 0)
		he->load[i].burst_fill = (double)d.rx_packets / (double)d.busy_polls;
}

static void sample(struct tnd_timer *t, void *arg)
{
	struct health *he = arg;

	if (he->h->dp != NULL)
		for (uint16_t i = 0; i < he->h->tables->worker_count; i++)
			sample_worker(he, i);
	loop_timer_after(&he->h->loop, t, HEALTH_SAMPLE_MS);
}

int health_create(struct health **out, struct host *h)
{
	struct health *he = calloc(1, sizeof(*he));

	if (he == NULL)
		return -ENOMEM;
	he->h = h;
	tnd_timer_init(&he->timer, sample, he);
	loop_timer_after(&h->loop, &he->timer, HEALTH_SAMPLE_MS);
	*out = he;
	return 0;
}

void health_free(struct health *he)
{
	if (he == NULL)
		return;
	tnd_timer_stop(&he->h->loop.timers, &he->timer);
	free(he);
}

void health_load(const struct health *he, uint16_t worker, struct health_load *out)
{
	*out = he->load[worker];
}
