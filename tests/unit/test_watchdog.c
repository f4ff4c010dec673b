/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker that stands still is told of once, as the schema has the event, and counts no more. */
#include "check.h"

#include "log.h"
#include "watch.h"

#define START_MS  100
#define CYCLES_MS UINT64_C(1000000) /* loop_init() without EAL */
#define DP_DOUBLE ((struct dp *)&heartbeat)

static uint64_t heartbeat[2];
static unsigned int told;
static char last[256];

void __wrap_dp_worker_stats(const struct dp *dp, uint16_t worker, struct dp_worker_stats *out);
void __wrap_dp_worker_stats(const struct dp *dp, uint16_t worker, struct dp_worker_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->heartbeat = heartbeat[worker];
}

static void notify(void *arg, const char *type, const char *params_json)
{
	assert_string_equal(type, "worker.stalled");
	snprintf(last, sizeof(last), "%s", params_json);
	told++;
}

/* Turns of the loop up to `ms`; worker 0 turns all the time, worker 1 as long as it is told to. */
static void run_until(struct host *h, uint64_t ms, bool both_turn)
{
	for (uint64_t t = h->loop.now_ms + 1; t <= ms; t++) {
		heartbeat[0] = h->loop.start_tsc + t * CYCLES_MS;
		if (both_turn)
			heartbeat[1] = heartbeat[0];
		loop_step(&h->loop, h->loop.start_tsc + t * CYCLES_MS);
	}
}

static void test_stalled(void **state)
{
	unsigned int lcores[] = {3, 5}, age_ms;
	int len = 0;
	struct config c = {.lcore_count = 2, .lcores = lcores};
	struct host h = {.config = &c, .dp = DP_DOUBLE, .notify = notify};

	tnd_log_set_level(TND_LOG_ERR);
	assert_int_equal(loop_init(&h.loop, START_MS * CYCLES_MS), 0);
	watchdog_start(&h);
	run_until(&h, 5000, true);
	assert_int_equal(told, 0);

	run_until(&h, 6900, false);
	assert_int_equal(told, 0);
	run_until(&h, 9000, false);
	assert_int_equal(told, 1);
	assert_int_equal(
		sscanf(last, "{\"worker\":1,\"lcore\":5,\"heartbeat_age_ms\":%u}%n", &age_ms, &len),
		1);
	assert_int_equal(len, strlen(last));
	assert_in_range(age_ms, 2001, 2300);

	run_until(&h, 10000, true);
	run_until(&h, 12600, false);
	assert_int_equal(told, 2);
	tnd_timer_stop(&h.loop.timers, &h.watchdog_timer);
	loop_free(&h.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_stalled)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
