/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's links, addresses and routes, by rtnetlink(7): for the inner interfaces that are TUN
 * devices. Each call has the kernel's answer when it returns, which takes it microseconds.
 *
 * All return 0 or the kernel's -errno. For the control lcore.
 */
#ifndef RTNL_H
#define RTNL_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct rtnl {
	int fd;
	uint32_t seq;
};

int rtnl_open(struct rtnl *r);
void rtnl_close(struct rtnl *r);

/* Up, with this MTU. */
int rtnl_link_set(struct rtnl *r, unsigned int ifindex, uint16_t mtu);

/* -EEXIST: the device has it already. `bits` in the family's own terms. */
int rtnl_address_add(struct rtnl *r, unsigned int ifindex, const union wire_ip *ip,
		     unsigned int bits);
int rtnl_address_del(struct rtnl *r, unsigned int ifindex, const union wire_ip *ip,
		     unsigned int bits);

struct rtnl_route {
	union wire_ip prefix;
	unsigned int bits;
	unsigned int ifindex;
	bool has_gateway;
	union wire_ip gateway; /* may be of the other family than the prefix */
};
/* -EEXIST: there is one for this prefix, wherever it leads. */
int rtnl_route_add(struct rtnl *r, const struct rtnl_route *route);
int rtnl_route_del(struct rtnl *r, const struct rtnl_route *route);
/* How packets to `ip` leave this host now: as a route to that address alone. */
int rtnl_route_get(struct rtnl *r, const union wire_ip *ip, struct rtnl_route *out);

#endif
