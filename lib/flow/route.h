/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where inner packets go. Of flow_tables.routes the value is a session's index + 1: which tunnel
 * leads to a network, and so which tunnel's far end may send from it. Of flow_tables.lan[iface]
 * it is an index of flow_nexthop: whose MAC address packets out of tunnels are sent to there,
 * hosts on the link by prefixes of all bits, and gateways by those of what is behind them. What
 * finds nothing there goes to control (DP_PUNT_INNER_UNRESOLVED), as does what finds a next hop
 * without a MAC address.
 *
 * All is made, empty, by flow_tables_create() and flow_iface_add(). Control only, but for the
 * lookups.
 */
#ifndef FLOW_ROUTE_H
#define FLOW_ROUTE_H

#include "flow.h"
#include "lpm.h"

/*
 * A network of a tunnel's; `bits` as in flow_lpm_set(). 0, also where it is this one's already;
 * -EEXIST: another one's; -EINVAL: host bits are set, or no such session; -ENOSPC.
 */
int flow_route_set(struct flow_tables *t, const union wire_ip *prefix, unsigned int bits,
		   uint32_t session);
/* 0; -ENOENT: it is not this session's. */
int flow_route_clear(struct flow_tables *t, const union wire_ip *prefix, unsigned int bits,
		     uint32_t session);
/* Session + 1 of the tunnel to this address, or whose prefix is just this; 0: none. */
uint32_t flow_route_lookup(const struct flow_tables *t, const union wire_ip *ip);
uint32_t flow_route_get(const struct flow_tables *t, const union wire_ip *prefix,
			unsigned int bits);

/* Next hop 1 and up, for packets that leave by this LAN interface. 0, -EINVAL, -ENOSPC. */
int flow_lan_set(struct flow_tables *t, uint16_t iface, const union wire_ip *prefix,
		 unsigned int bits, uint32_t nexthop);
/* 0, -ENOENT, -EINVAL. */
int flow_lan_clear(struct flow_tables *t, uint16_t iface, const union wire_ip *prefix,
		   unsigned int bits);

/* Of control's loop: what was taken away can be used again. */
void flow_route_turn(struct flow_tables *t);

#endif
