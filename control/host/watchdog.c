/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include <systemd/sd-daemon.h>

#include "buf.h"
#include "json.h"
#include "log.h"
#include "watch.h"

#define LOOK_EVERY_MS  250
#define STALL_AFTER_MS 2000

static void tell_stalled(struct host *h, uint16_t worker, uint64_t age_ms)
{
	struct tnd_buf b = {0};

	tnd_err("worker", "worker %u on lcore %u has not turned for %" PRIu64 " ms", worker,
		h->config->lcores[worker], age_ms);
	json_w_open(&b, NULL, '{');
	json_w_uint(&b, "worker", worker);
	json_w_uint(&b, "lcore", h->config->lcores[worker]);
	json_w_uint(&b, "heartbeat_age_ms", age_ms);
	json_w_close(&b, '}');
	host_notify(h, "worker.stalled", &b);
}

/* Age of the last turn; one that never ran counts from the start. */
static uint64_t heartbeat_age_ms(const struct host *h, uint16_t worker)
{
	struct dp_worker_stats stats;
	uint64_t last;

	dp_worker_stats(h->dp, worker, &stats);
	last = RTE_MAX(stats.heartbeat, h->watchdog_since_tsc);
	return h->loop.now_tsc > last ? (h->loop.now_tsc - last) / h->loop.tsc_per_ms : 0;
}

/* Do all workers turn? Tells of changes. */
static bool look_at_workers(struct host *h)
{
	bool all = true;

	for (uint16_t i = 0; i < h->config->lcore_count; i++) {
		uint64_t age_ms = heartbeat_age_ms(h, i);
		bool stalled = age_ms > STALL_AFTER_MS;

		if (stalled && !h->stalled[i])
			tell_stalled(h, i, age_ms);
		else if (!stalled && h->stalled[i])
			tnd_info("worker", "worker %u turns again", i);
		h->stalled[i] = stalled;
		all = all && !stalled;
	}
	return all;
}

static void watchdog_timer(struct tnd_timer *t, void *arg)
{
	struct host *h = arg;

	if (look_at_workers(h) && h->watchdog_every_ms != 0 &&
	    h->loop.now_ms >= h->watchdog_fed_ms + h->watchdog_every_ms) {
		h->watchdog_fed_ms = h->loop.now_ms;
		sd_notify(0, "WATCHDOG=1");
	}
	loop_timer_after(&h->loop, t, LOOK_EVERY_MS);
}

void watchdog_start(struct host *h)
{
	uint64_t usec = 0;

	/* A quarter of systemd's patience: a late turn or two do no harm. */
	if (sd_watchdog_enabled(0, &usec) > 0)
		h->watchdog_every_ms = usec / 4000;
	h->watchdog_since_tsc = h->loop.now_tsc;
	tnd_timer_init(&h->watchdog_timer, watchdog_timer, h);
	loop_timer_after(&h->loop, &h->watchdog_timer, LOOK_EVERY_MS);
}
