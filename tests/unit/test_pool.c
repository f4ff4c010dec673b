/* SPDX-License-Identifier: BSD-3-Clause */
#include "test_pool.h"

#include <sched.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

struct rte_mempool *test_pool_up(const char *program, unsigned int mbufs)
{
	static char lcores[32];
	char *argv[] = {(char *)program, "--no-huge",      "--no-shconf",   "-m",  "64",
			"--no-pci",      "--no-telemetry", "--log-level=4", lcores};
	unsigned int cpu = 0;
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return NULL;
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	snprintf(lcores, sizeof(lcores), "--lcores=0@%u", cpu);
	if (rte_eal_init(RTE_DIM(argv), argv) < 0)
		return NULL;
	return rte_pktmbuf_pool_create("test_pool", mbufs, 0, 0, 2048 + 128, SOCKET_ID_ANY);
}

int test_pool_down(struct rte_mempool *pool)
{
	rte_mempool_free(pool);
	return rte_eal_cleanup();
}
