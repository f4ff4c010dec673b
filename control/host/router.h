/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inner side of tunnels, as a router on it has to be: errors to the sources of packets that
 * can't be sent on, and the neighbours on LANs.
 *
 * A LAN's hosts are learned as packets come for them out of tunnels; they are kept for some
 * minutes, or until they don't answer, and no more than LAN_HOSTS_MAX of them.
 */
#ifndef ROUTER_H
#define ROUTER_H

#include "host.h"

#define LAN_HOSTS_MAX 4096

/* DP_PUNT_INNER_*. They take the mbuf. */
void router_too_big(struct host *h, const struct dp_punt *what, struct rte_mbuf *m);
void router_hops(struct host *h, const struct dp_punt *what, struct rte_mbuf *m);
void router_no_route(struct host *h, const struct dp_punt *what, struct rte_mbuf *m);
void router_unresolved(struct host *h, const struct dp_punt *what, struct rte_mbuf *m);

/* ---- LANs (lan.c) ---- */

/* Next hops that LANs take beside those of neighbours that calls use. */
uint32_t lan_nexthops(const struct config *c);
/* Of these, the last ones of flow_tables.nexthop, which are no neighbours'. */
uint32_t lan_reserved(const struct config *c);

/* After neigh_init(): prefixes on the links, and gateways. 0 or -errno, logged. */
int lan_start(struct host *h);
/* Before neigh_free(). */
void lan_stop(struct host *h);

/*
 * The next hop on LAN `iface` to `ip`, resolved from now on. 0, -ENETUNREACH, -ENOSPC, or -EINVAL:
 * nobody on that link can have the address.
 */
int lan_find(struct host *h, uint16_t iface, const union wire_ip *ip, uint32_t *nexthop);

#endif
