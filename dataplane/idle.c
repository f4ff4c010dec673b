/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an idle worker does, if the configuration says adaptive: it polls on for a moment, then
 * sleeps in short naps. The only place where a worker calls the kernel, and only when there was
 * nothing to do; a device's queue holds far more than arrives in a nap.
 */
#include <time.h>

#include <rte_pause.h>

#include "worker.h"

#define SPIN_US       50
#define NAP_US        50
#define LONG_US       200
#define LONG_AFTER_US 100000

void worker_idle(struct worker *w, uint64_t empty_cycles)
{
	uint64_t us = empty_cycles / (rte_get_tsc_hz() / 1000000);
	struct timespec nap = {0};

	if (us < SPIN_US) {
		rte_pause();
		return;
	}
	nap.tv_nsec = 1000 * (us < LONG_AFTER_US ? NAP_US : LONG_US);
	nanosleep(&nap, NULL);
}
