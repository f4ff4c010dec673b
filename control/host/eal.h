/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's environment: its arguments, the memory it needs, its log. Only main uses this. */
#ifndef EAL_H
#define EAL_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"

#define EAL_ARGS_MAX 256

struct eal_args {
	char *argv[EAL_ARGS_MAX + 1];
	int argc;
	bool overflow; /* too many, or out of memory */
};

/*
 * What tandem wants of EAL, then eal.args. Left out is whatever eal.args decide themselves:
 *
 *	--lcores     the control lcore (the lowest that is no worker) and the workers. Lcore n
 *		     runs on CPU n where `cpus` has it; others share the least used CPU
 *	-a           each PCI device of the configuration, or --no-pci without any
 *	--in-memory  or, with --no-huge, which DPDK 22.11 doesn't take together: --no-shconf -m
 *
 * 0, -E2BIG or -ENOMEM. Free with eal_args_free() in every case.
 */
int eal_args_build(const struct config *c, const cpu_set_t *cpus, struct eal_args *out);
void eal_args_free(struct eal_args *args);

/* EAL up, its log lines go to ours, its lcores fit the workers: 0, or -errno after a log line. */
int eal_start(const struct config *c);
void eal_stop(void);

/*
 * Before EAL starts: are there hugepages enough? 0; -ENOMEM after a log line with have, need
 * and the command that mends it. With --no-huge only a warning where -m looks too small.
 */
int memory_check(const struct config *c);

#endif
