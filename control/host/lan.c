/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts and gateways on inner LANs. What workers find in flow_tables.lan[]:
 *
 *	the prefix of each address	`ask`, a next hop that never has a MAC address: to control
 *	a host that was asked for	its neighbour
 *	what is behind a gateway	the gateway's neighbour
 *
 * A host's entry goes after LAN_KEPT_MS, and comes again with the next packet, which loses nothing:
 * the neighbour is still known. One that does not answer goes sooner.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "neigh_private.h"
#include "route.h"
#include "router.h"

#define LAN_KEPT_MS   300000
#define LAN_SILENT_MS 10000
#define LAN_EVERY_MS  1000
#define LAN_TURN      64 /* entries looked at in a turn of the timer */

struct lan_host {
	struct tnd_list link; /* in lan.hosts, or lan.unused */
	union wire_ip ip;
	uint64_t since_ms;
	uint32_t nexthop; /* with a reference */
	uint16_t iface;
};

struct lan {
	struct tnd_list hosts; /* the one not looked at for longest first */
	struct tnd_list unused;
	struct tnd_timer timer;
	uint32_t ask;
	uint32_t *gateway; /* next hops with a reference */
	unsigned int gateway_count;
	struct lan_host host[LAN_HOSTS_MAX];
};

static bool has_lan(const struct config *c)
{
	for (unsigned int i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].role == CONFIG_INNER_LAN)
			return true;
	return false;
}

uint32_t lan_nexthops(const struct config *c)
{
	return has_lan(c) ? LAN_HOSTS_MAX + c->route_count + c->address_count + 1 : 0;
}

uint32_t lan_reserved(const struct config *c)
{
	return has_lan(c) ? 1 : 0;
}

static bool is_lan(const struct host *h, uint16_t iface)
{
	return iface < h->config->interface_count &&
	       h->config->interfaces[iface].role == CONFIG_INNER_LAN;
}

static unsigned int all_bits(const union wire_ip *ip)
{
	return wire_ip_is4(ip) ? 32 : 128;
}

static void drop_host(struct host *h, struct lan_host *e)
{
	struct lan *l = h->lan;

	flow_lan_clear(h->tables, e->iface, &e->ip, all_bits(&e->ip));
	neigh_unref(h, e->nexthop);
	tnd_list_del(&e->link);
	tnd_list_add_tail(&l->unused, &e->link);
}

/* In turns, so that no number of hosts that answer hides one that does not. */
static void lan_timer(struct tnd_timer *t, void *arg)
{
	struct host *h = arg;
	struct lan *l = h->lan;
	struct tnd_list *pos, *tmp, *last = l->hosts.prev;
	unsigned int looked = 0;

	tnd_list_for_each_safe (pos, tmp, &l->hosts) {
		struct lan_host *e = tnd_container_of(pos, struct lan_host, link);
		uint64_t age_ms = h->loop.now_ms - e->since_ms;

		if (age_ms >= LAN_KEPT_MS ||
		    (age_ms >= LAN_SILENT_MS && neigh_failed(h, e->nexthop))) {
			drop_host(h, e);
		} else {
			tnd_list_del(pos);
			tnd_list_add_tail(&l->hosts, pos);
		}
		if (pos == last || ++looked == LAN_TURN)
			break;
	}
	loop_timer_after(&h->loop, t, LAN_EVERY_MS);
}

/* Of ours on this LAN, from which the way to `ip` begins: by its own prefix, else by a gateway. */
static int address_toward(const struct host *h, uint16_t iface, const union wire_ip *ip,
			  bool *on_link)
{
	int found = -1;

	for (unsigned int i = 0; i < h->config->address_count; i++) {
		const struct config_address *a = &h->config->addresses[i];
		union wire_ip hop;

		if (a->interface != iface || wire_ip_is4(&a->ip) != wire_ip_is4(ip))
			continue;
		if (route_next_hop(h, (uint16_t)i, ip, &hop) != 0)
			continue;
		*on_link = wire_ip_equal(&hop, ip);
		if (*on_link)
			return (int)i;
		found = (int)i;
	}
	return found;
}

int lan_find(struct host *h, uint16_t iface, const union wire_ip *ip, uint32_t *nexthop)
{
	struct lan *l = h->lan;
	struct lan_host *e;
	bool on_link = false;
	int addr, rc;

	if (l == NULL || !is_lan(h, iface) || !wire_ip_is_unicast(ip))
		return -EINVAL;
	addr = address_toward(h, iface, ip, &on_link);
	if (addr < 0)
		return -ENETUNREACH;
	*nexthop = flow_lpm_get(h->tables->lan[iface], ip, all_bits(ip));
	if (on_link && *nexthop != 0 && *nexthop != l->ask)
		return 0;
	rc = neigh_ref(h, (uint16_t)addr, ip, nexthop);
	if (rc != 0)
		return rc;
	if (!on_link) {
		/* The gateway's, on which lan_start() has a reference. */
		neigh_unref(h, *nexthop);
		return 0;
	}
	if (tnd_list_empty(&l->unused))
		drop_host(h, tnd_container_of(l->hosts.next, struct lan_host, link));
	e = tnd_container_of(l->unused.next, struct lan_host, link);
	rc = flow_lan_set(h->tables, iface, ip, all_bits(ip), *nexthop);
	if (rc != 0) {
		neigh_unref(h, *nexthop);
		return rc;
	}
	e->ip = *ip;
	e->iface = iface;
	e->nexthop = *nexthop;
	e->since_ms = h->loop.now_ms;
	tnd_list_del(&e->link);
	tnd_list_add_tail(&l->hosts, &e->link);
	return 0;
}

static union wire_ip network_of(const union wire_ip *ip, unsigned int bits)
{
	union wire_ip net = *ip;

	for (unsigned int i = wire_ip_is4(ip) ? bits + 96 : bits; i < 128; i++)
		net.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return net;
}

/* A prefix behind a gateway, unless an earlier address has one for it. */
static int behind_gateway(struct host *h, uint16_t addr, const union wire_ip *gateway,
			  const union wire_ip *prefix, unsigned int bits)
{
	uint16_t iface = h->config->addresses[addr].interface;
	uint32_t nexthop;
	int rc;

	if (flow_lpm_get(h->tables->lan[iface], prefix, bits) != 0)
		return 0;
	rc = neigh_ref(h, addr, gateway, &nexthop);
	if (rc != 0)
		return rc;
	h->lan->gateway[h->lan->gateway_count++] = nexthop;
	return flow_lan_set(h->tables, iface, prefix, bits, nexthop);
}

static int start_address(struct host *h, uint16_t addr)
{
	static const union wire_ip any6;
	const struct config_address *a = &h->config->addresses[addr];
	union wire_ip net = network_of(&a->ip, a->prefix_bits), any = any6;
	int rc = flow_lan_set(h->tables, a->interface, &net, a->prefix_bits, h->lan->ask);

	if (wire_ip_is4(&a->ip))
		any = wire_ip_from4(0);
	if (rc == 0 && a->has_gateway)
		rc = behind_gateway(h, addr, &a->gateway, &any, 0);
	for (unsigned int i = 0; rc == 0 && i < h->config->route_count; i++) {
		const struct config_route *r = &h->config->routes[i];

		if (r->interface == a->interface &&
		    wire_ip_in_prefix(&r->gateway, &a->ip, a->prefix_bits))
			rc = behind_gateway(h, addr, &r->gateway, &r->prefix, r->prefix_bits);
	}
	return rc;
}

int lan_start(struct host *h)
{
	const struct config *c = h->config;
	struct lan *l;
	int rc = 0;

	if (!has_lan(c))
		return 0;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	h->lan = l;
	tnd_list_init(&l->hosts);
	tnd_list_init(&l->unused);
	for (unsigned int i = 0; i < LAN_HOSTS_MAX; i++)
		tnd_list_add_tail(&l->unused, &l->host[i].link);
	tnd_timer_init(&l->timer, lan_timer, h);
	l->ask = h->tables->nexthop_count - 1;
	/* No more than one for each address, and for each route of each. */
	l->gateway = calloc((size_t)c->address_count * (c->route_count + 1), sizeof(*l->gateway));
	if (l->gateway == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < c->address_count && rc == 0; i++) {
		if (!is_lan(h, c->addresses[i].interface))
			continue;
		rc = start_address(h, i);
		if (rc != 0)
			tnd_err("lan",
				"/addresses/%u: address %s: its networks can't be routed: %s", i,
				c->addresses[i].name, strerror(-rc));
	}
	if (rc == 0)
		loop_timer_after(&h->loop, &l->timer, LAN_EVERY_MS);
	return rc;
}

void lan_stop(struct host *h)
{
	struct lan *l = h->lan;

	if (l == NULL)
		return;
	tnd_timer_stop(&h->loop.timers, &l->timer);
	while (!tnd_list_empty(&l->hosts))
		drop_host(h, tnd_container_of(l->hosts.next, struct lan_host, link));
	for (unsigned int i = 0; i < l->gateway_count; i++)
		neigh_unref(h, l->gateway[i]);
	free(l->gateway);
	free(l);
	h->lan = NULL;
}
