/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every part of the control lcore stands on: one struct, made at start by main (or by a
 * test), handed to call/ and api/. Nothing here is global.
 */
#ifndef HOST_H
#define HOST_H

#include "config.h"
#include "dataplane.h"
#include "flow.h"
#include "loop.h"
#include "neigh.h"

struct host {
	struct loop loop;
	const struct config *config;
	struct flow_tables *tables;
	struct dp *dp;
	/* DPDK port of each device, by interface index; interface index = flow_iface index,
	 * address index = flow_addr index = index in config->addresses. */
	uint16_t port[FLOW_IFACES_MAX];
	struct neigh_table *neigh;
	/* Told of neighbour.failed, interface.link and worker.stalled; api/ sets it. */
	void (*notify)(void *arg, const char *type, const char *params_json);
	void *notify_arg;
};

/*
 * Devices, tables, workers and the neighbour table from a checked configuration; EAL is up
 * already. Workers don't run until dp_start(). 0, or -errno after a logged reason that names
 * the interface.
 */
int host_init(struct host *h, const struct config *config, uint64_t now_tsc);
void host_free(struct host *h);

#endif
