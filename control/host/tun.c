/* SPDX-License-Identifier: BSD-3-Clause */
#include "tun.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "log.h"

bool tun_is(const struct host *h, uint16_t iface)
{
	return iface < h->config->interface_count &&
	       h->config->interfaces[iface].role == CONFIG_INNER_TUN;
}

/* Asked each time: somebody may have taken the device away. */
static unsigned int index_of(const struct host *h, uint16_t iface)
{
	return if_nametoindex(h->config->interfaces[iface].kernel_name);
}

int tun_address_add(struct host *h, uint16_t iface, const struct config_prefix *p)
{
	unsigned int index = index_of(h, iface);

	return index == 0 ? -ENODEV : rtnl_address_add(&h->rtnl, index, &p->ip, p->bits);
}

int tun_address_del(struct host *h, uint16_t iface, const struct config_prefix *p)
{
	unsigned int index = index_of(h, iface);

	return index == 0 ? -ENODEV : rtnl_address_del(&h->rtnl, index, &p->ip, p->bits);
}

/* The upper half of everything: 128.0.0.0 or 8000::. */
static union wire_ip upper_half(const union wire_ip *any)
{
	union wire_ip ip = *any;

	ip.b[wire_ip_is4(any) ? 12 : 0] = 0x80;
	return ip;
}

static int route(struct host *h, uint16_t iface, const struct config_prefix *p,
		 int (*fn)(struct rtnl *r, const struct rtnl_route *route))
{
	struct rtnl_route r = {.prefix = p->ip, .bits = p->bits, .ifindex = index_of(h, iface)};
	int rc, upper;

	if (r.ifindex == 0)
		return -ENODEV;
	if (p->bits > 0)
		return fn(&h->rtnl, &r);
	r.bits = 1;
	rc = fn(&h->rtnl, &r);
	r.prefix = upper_half(&p->ip);
	upper = fn(&h->rtnl, &r);
	if (rc != 0 && rc != -EEXIST)
		return rc;
	return upper == -EEXIST ? rc : upper;
}

int tun_route_add(struct host *h, uint16_t iface, const struct config_prefix *p)
{
	return route(h, iface, p, rtnl_route_add);
}

int tun_route_del(struct host *h, uint16_t iface, const struct config_prefix *p)
{
	return route(h, iface, p, rtnl_route_del);
}

int tun_mtu_set(struct host *h, uint16_t iface, uint16_t mtu)
{
	uint16_t most = h->config->interfaces[iface].mtu;
	unsigned int index = index_of(h, iface);

	if (index == 0)
		return -ENODEV;
	return rtnl_link_set(&h->rtnl, index, mtu == 0 ? most : RTE_MIN(mtu, most));
}

int tun_pin(struct host *h, const union wire_ip *ip, bool *added)
{
	struct rtnl_route r;
	int rc = rtnl_route_get(&h->rtnl, ip, &r);

	*added = false;
	if (rc != 0)
		return rc;
	for (uint16_t i = 0; i < h->config->interface_count; i++)
		if (tun_is(h, i) && r.ifindex == index_of(h, i))
			return -ELOOP;
	rc = rtnl_route_add(&h->rtnl, &r);
	*added = rc == 0;
	return rc == -EEXIST ? 0 : rc;
}

void tun_unpin(struct host *h, const union wire_ip *ip)
{
	struct rtnl_route r;

	if (rtnl_route_get(&h->rtnl, ip, &r) == 0)
		rtnl_route_del(&h->rtnl, &r);
}

static int start_one(struct host *h, uint16_t iface)
{
	const struct config_interface *f = &h->config->interfaces[iface];
	char ip[WIRE_IP_STRLEN];
	int rc = tun_mtu_set(h, iface, 0);

	if (rc != 0) {
		tnd_err("tun", "interface %s: %s can't have an MTU of %u: %s", f->name,
			f->kernel_name, f->mtu, strerror(-rc));
		return rc;
	}
	for (unsigned int i = 0; i < f->kernel_address_count; i++) {
		const struct config_prefix *p = &f->kernel_address[i];

		rc = tun_address_add(h, iface, p);
		if (rc == 0 || rc == -EEXIST)
			continue;
		tnd_err("tun", "interface %s: %s can't have the address %s/%u: %s", f->name,
			f->kernel_name, wire_ip_format(&p->ip, ip), p->bits, strerror(-rc));
		return rc;
	}
	for (unsigned int i = 0; i < f->kernel_route_count; i++) {
		const struct config_prefix *p = &f->kernel_route[i];

		rc = tun_route_add(h, iface, p);
		if (rc == 0 || rc == -EEXIST)
			continue;
		tnd_err("tun", "interface %s: no route to %s/%u by %s: %s", f->name,
			wire_ip_format(&p->ip, ip), p->bits, f->kernel_name, strerror(-rc));
		return rc;
	}
	return 0;
}

int tun_start(struct host *h)
{
	int rc = 0;

	for (uint16_t i = 0; i < h->config->interface_count && rc == 0; i++) {
		if (!tun_is(h, i))
			continue;
		if (h->rtnl.fd < 0) {
			rc = rtnl_open(&h->rtnl);
			if (rc != 0)
				tnd_err("tun", "no rtnetlink: %s", strerror(-rc));
		}
		if (rc == 0)
			rc = start_one(h, i);
	}
	return rc;
}

void tun_stop(struct host *h)
{
	rtnl_close(&h->rtnl);
}
