/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steering by destination port with rte_flow: the packets of a port go to the queue of the
 * worker that owns it, flow_owner(). The owner is (port >> 1) % workers, so for a power of two
 * of workers it is a few bits of the port, and one masked rule a worker and family does it.
 * Anywhere else strays go through the hand-off rings.
 */
#include <rte_flow.h>

#include "worker.h"

static struct rte_flow *steer_one(uint16_t port, enum rte_flow_item_type ip, uint16_t queue,
				  uint16_t workers)
{
	static const struct rte_flow_attr attr = {.ingress = 1};
	struct rte_flow_item_udp spec = {.hdr.dst_port = rte_cpu_to_be_16((uint16_t)(queue << 1))};
	struct rte_flow_item_udp mask = {.hdr.dst_port =
						 rte_cpu_to_be_16((uint16_t)((workers - 1) << 1))};
	struct rte_flow_item pattern[] = {
		{.type = RTE_FLOW_ITEM_TYPE_ETH},
		{.type = ip},
		{.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &spec, .mask = &mask},
		{.type = RTE_FLOW_ITEM_TYPE_END},
	};
	struct rte_flow_action_queue to = {.index = queue};
	struct rte_flow_action actions[] = {
		{.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &to},
		{.type = RTE_FLOW_ACTION_TYPE_END},
	};
	struct rte_flow_error err;

	if (rte_flow_validate(port, &attr, pattern, actions, &err) != 0)
		return NULL;
	return rte_flow_create(port, &attr, pattern, actions, &err);
}

bool port_steer(uint16_t port, uint16_t workers)
{
	static const enum rte_flow_item_type ip[] = {RTE_FLOW_ITEM_TYPE_IPV4,
						     RTE_FLOW_ITEM_TYPE_IPV6};
	struct rte_flow_error err;

	if (!rte_is_power_of_2(workers))
		return false;
	for (unsigned int i = 0; i < RTE_DIM(ip); i++) {
		for (uint16_t q = 0; q < workers; q++) {
			if (steer_one(port, ip[i], q, workers) == NULL) {
				rte_flow_flush(port, &err); /* all or nothing */
				return false;
			}
		}
	}
	return true;
}
