/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an idle worker does, if the configuration says adaptive: it polls on for a moment, then
 * naps, the longer the longer nothing has come. The only place where a worker calls the kernel,
 * and only when there was nothing to do.
 *
 * What comes during a nap waits in the device's queue, so that no nap is longer than the smallest
 * queue takes to fill at two million packets a second.
 */
#include <time.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "worker.h"

#define SPIN_US      50
#define NAP_US       50
#define NAP_LONG_US  200 /* after a tenth of a second without a packet */
#define NAP_MAX_US   800 /* after a second */
#define PACKETS_A_US 2
#define WAKE_US      60

uint32_t worker_nap_max_us(const struct worker *w)
{
	uint32_t us = NAP_MAX_US;

	for (uint16_t i = 0; i < w->rx_count; i++)
		us = RTE_MIN(us, dp_ports[w->rx[i].port].rx_desc / (uint32_t)PACKETS_A_US);
	return us;
}

/* Until the next packet is due that is not for one to come. */
static uint64_t us_left(const struct worker *w, uint64_t tsc_per_us)
{
	uint64_t now = rte_rdtsc();

	if (w->pace.due == UINT64_MAX)
		return UINT64_MAX;
	return w->pace.due > now ? (w->pace.due - now) / tsc_per_us : 0;
}

void worker_idle(struct worker *w, uint64_t empty_cycles)
{
	uint64_t tsc_per_us = rte_get_tsc_hz() / 1000000, us = empty_cycles / tsc_per_us;
	uint64_t left_us = us_left(w, tsc_per_us);
	uint32_t nap_us = NAP_US;
	struct timespec nap = {0};

	/* A nap is longer than was asked for, by about what it takes to wake up. */
	if (us < SPIN_US || left_us < 2 * WAKE_US) {
		rte_pause();
		return;
	}
	if (us > 1000000)
		nap_us = w->nap_max_us;
	else if (us > 100000)
		nap_us = RTE_MIN(w->nap_max_us, (uint32_t)NAP_LONG_US);
	nap_us = (uint32_t)RTE_MIN((uint64_t)nap_us, left_us - WAKE_US);
	nap.tv_nsec = 1000L * nap_us;
	nanosleep(&nap, NULL);
}
