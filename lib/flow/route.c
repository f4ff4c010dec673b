/* SPDX-License-Identifier: BSD-3-Clause */
#include "route.h"

#include <errno.h>

int flow_route_set(struct flow_tables *t, const union wire_ip *prefix, unsigned int bits,
		   uint32_t session)
{
	uint32_t has = flow_lpm_get(t->routes, prefix, bits);

	if (session >= t->session_count)
		return -EINVAL;
	if (has != 0 && has != session + 1)
		return -EEXIST;
	return has != 0 ? 0 : flow_lpm_set(t->routes, prefix, bits, session + 1);
}

int flow_route_clear(struct flow_tables *t, const union wire_ip *prefix, unsigned int bits,
		     uint32_t session)
{
	if (flow_lpm_get(t->routes, prefix, bits) != session + 1)
		return -ENOENT;
	return flow_lpm_clear(t->routes, prefix, bits);
}

uint32_t flow_route_lookup(const struct flow_tables *t, const union wire_ip *ip)
{
	bool is6 = !wire_ip_is4(ip);

	return flow_lpm_lookup(t->routes, is6, is6 ? ip->b : ip->b + 12);
}

uint32_t flow_route_get(const struct flow_tables *t, const union wire_ip *prefix, unsigned int bits)
{
	return flow_lpm_get(t->routes, prefix, bits);
}

static struct flow_lpm *lan_of(const struct flow_tables *t, uint16_t iface)
{
	return iface < t->iface_count ? t->lan[iface] : NULL;
}

int flow_lan_set(struct flow_tables *t, uint16_t iface, const union wire_ip *prefix,
		 unsigned int bits, uint32_t nexthop)
{
	struct flow_lpm *l = lan_of(t, iface);

	if (l == NULL || nexthop >= t->nexthop_count)
		return -EINVAL;
	return flow_lpm_set(l, prefix, bits, nexthop);
}

int flow_lan_clear(struct flow_tables *t, uint16_t iface, const union wire_ip *prefix,
		   unsigned int bits)
{
	struct flow_lpm *l = lan_of(t, iface);

	return l == NULL ? -EINVAL : flow_lpm_clear(l, prefix, bits);
}

void flow_route_turn(struct flow_tables *t)
{
	flow_lpm_turn(t->routes);
	for (uint16_t i = 0; i < t->iface_count; i++)
		if (t->lan[i] != NULL)
			flow_lpm_turn(t->lan[i]);
}
