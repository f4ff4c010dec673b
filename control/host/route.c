/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a destination to the neighbour that leads there. Asked once a leg, never once a packet:
 * a walk over the configured routes is fast enough.
 */
#include <errno.h>

#include "neigh_private.h"

/* The subnet's own number and its broadcast address belong to no host (RFC 1122 §3.2.1.3). */
static bool is_subnet_broadcast(const struct config_address *a, const union wire_ip *ip)
{
	uint32_t host_mask;

	if (!wire_ip_is4(ip) || a->prefix_bits >= 31)
		return false;
	host_mask = UINT32_MAX >> a->prefix_bits;
	return (rte_be_to_cpu_32(ip->w[3]) & host_mask) == host_mask ||
	       (rte_be_to_cpu_32(ip->w[3]) & host_mask) == 0;
}

static const struct config_route *best_route(const struct config *c, uint16_t iface,
					     const union wire_ip *ip)
{
	const struct config_route *best = NULL;

	for (unsigned int i = 0; i < c->route_count; i++) {
		const struct config_route *r = &c->routes[i];

		if (r->interface != iface || wire_ip_is4(&r->prefix) != wire_ip_is4(ip) ||
		    !wire_ip_in_prefix(ip, &r->prefix, r->prefix_bits))
			continue;
		if (best == NULL || r->prefix_bits > best->prefix_bits)
			best = r;
	}
	return best;
}

int route_next_hop(const struct host *h, uint16_t addr, const union wire_ip *ip, union wire_ip *hop)
{
	const struct config_address *a = &h->config->addresses[addr];
	const struct config_route *r;
	bool on_link;

	if (wire_ip_is4(ip) != wire_ip_is4(&a->ip) || !wire_ip_is_unicast(ip))
		return -EINVAL;
	on_link = wire_ip_in_prefix(ip, &a->ip, a->prefix_bits);
	if (on_link && is_subnet_broadcast(a, ip))
		return -EINVAL;
	/* No router forwards these (RFC 4291 §2.5.6, RFC 3927 §2.6.2). */
	if (wire_ip_is_link_local(ip)) {
		*hop = *ip;
		return 0;
	}
	r = best_route(h->config, a->interface, ip);
	if (r != NULL && (!on_link || r->prefix_bits > a->prefix_bits))
		*hop = r->gateway;
	else if (on_link)
		*hop = *ip;
	else if (a->has_gateway)
		*hop = a->gateway;
	else
		return -ENETUNREACH;
	return 0;
}

const union wire_ip *route_source(const struct host *h, uint16_t iface, const union wire_ip *ip)
{
	const union wire_ip *any = NULL;

	for (unsigned int i = 0; i < h->config->address_count; i++) {
		const struct config_address *a = &h->config->addresses[i];

		if (a->interface != iface || wire_ip_is4(&a->ip) != wire_ip_is4(ip))
			continue;
		if (wire_ip_in_prefix(ip, &a->ip, a->prefix_bits))
			return &a->ip;
		if (any == NULL)
			any = &a->ip;
	}
	return any;
}
