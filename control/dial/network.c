/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network information on TUN devices. Several tunnels may want the same route: the first has it;
 * when it goes, what the others wanted is tried again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dial_private.h"
#include "log.h"
#include "tun.h"

_Static_assert(NETINFO_ROUTES <= 32 && NETINFO_ADDRESSES <= 32, "a bit for each");

static struct config_prefix prefix_of(const struct net_prefix *p)
{
	return (struct config_prefix){.ip = p->ip, .bits = p->bits};
}

static void warn(const struct network *n, const char *what, const struct net_prefix *p, int rc)
{
	char text[NET_PREFIX_STRLEN];

	tnd_warn("dial", "tunnel %s: %s %s: %s", n->id, what, net_prefix_format(p, text),
		 strerror(-rc));
}

static bool covers(const struct net_prefix *p, const union wire_ip *ip)
{
	return wire_ip_is4(&p->ip) == wire_ip_is4(ip) && wire_ip_in_prefix(ip, &p->ip, p->bits);
}

/* May this route be there? Not while it would take the way to the tunnel's own server. */
static bool way_is_clear(struct dials *ds, struct network *n, const struct net_prefix *route)
{
	int rc;

	if (!n->has_pin || n->pinned || !covers(route, &n->pin))
		return true;
	rc = tun_pin(ds->h, &n->pin, &n->pinned);
	if (rc == 0)
		return true;
	warn(n, "its server would be reached through it, so there is no route", route, rc);
	return false;
}

static void apply(struct dials *ds, struct network *n, bool first)
{
	for (unsigned int i = 0; i < n->info.address_count; i++) {
		struct config_prefix p = prefix_of(&n->info.address[i]);
		int rc =
			n->addresses & 1u << i ? -EEXIST : tun_address_add(ds->h, n->interface, &p);

		if (rc == 0)
			n->addresses |= 1u << i;
		else if (rc != -EEXIST && first)
			warn(n, "no address", &n->info.address[i], rc);
	}
	for (unsigned int i = 0; i < n->info.route_count; i++) {
		struct config_prefix p = prefix_of(&n->info.route[i]);
		int rc = -EEXIST;

		if (!(n->routes & 1u << i) && way_is_clear(ds, n, &n->info.route[i]))
			rc = tun_route_add(ds->h, n->interface, &p);
		if (rc == 0)
			n->routes |= 1u << i;
		else if (rc != -EEXIST && first)
			warn(n, "no route to", &n->info.route[i], rc);
	}
}

static void retract(struct dials *ds, struct network *n)
{
	for (unsigned int i = 0; i < n->info.route_count; i++) {
		struct config_prefix p = prefix_of(&n->info.route[i]);

		if (n->routes & 1u << i)
			tun_route_del(ds->h, n->interface, &p);
	}
	for (unsigned int i = 0; i < n->info.address_count; i++) {
		struct config_prefix p = prefix_of(&n->info.address[i]);

		if (n->addresses & 1u << i)
			tun_address_del(ds->h, n->interface, &p);
	}
	if (n->pinned)
		tun_unpin(ds->h, &n->pin);
	n->pinned = false;
	n->addresses = n->routes = 0;
}

/* What fits all of the device's tunnels. */
static void set_mtu(struct dials *ds, uint16_t interface)
{
	struct tnd_list *pos;
	uint16_t mtu = 0;
	int rc;

	tnd_list_for_each (pos, &ds->networks) {
		const struct network *n = tnd_container_of(pos, struct network, link);

		if (n->interface == interface && n->info.mtu != 0 &&
		    (mtu == 0 || n->info.mtu < mtu))
			mtu = n->info.mtu;
	}
	rc = tun_mtu_set(ds->h, interface, mtu);
	if (rc != 0)
		tnd_warn("dial", "interface %s: no MTU of %u: %s",
			 ds->h->config->interfaces[interface].name, mtu, strerror(-rc));
}

static struct network *find(struct dials *ds, const char *id)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ds->networks) {
		struct network *n = tnd_container_of(pos, struct network, link);

		if (strcmp(n->id, id) == 0)
			return n;
	}
	return NULL;
}

static void take_away(struct dials *ds, struct network *n)
{
	uint16_t interface = n->interface;
	struct tnd_list *pos;

	retract(ds, n);
	tnd_list_del(&n->link);
	free(n);
	if (ds->stopping)
		return;
	tnd_list_for_each (pos, &ds->networks) {
		struct network *other = tnd_container_of(pos, struct network, link);

		if (other->interface == interface)
			apply(ds, other, false);
	}
	set_mtu(ds, interface);
}

/* No routes are all there are, of the IP versions that it has addresses of. */
static void fill_routes(struct netinfo *info)
{
	static const union wire_ip any6;

	for (unsigned int i = 0; i < info->address_count; i++) {
		info->route[i].ip = wire_ip_is4(&info->address[i].ip) ? wire_ip_from4(0) : any6;
		info->route[i].bits = 0;
		info->route_count++;
	}
}

void network_set(struct dials *ds, const char *id, uint16_t interface, const struct netinfo *info)
{
	const struct dial *d = dial_find(ds, id);
	struct network *n = find(ds, id);

	if (!tun_is(ds->h, interface))
		return;
	if (info == NULL) {
		if (n != NULL)
			take_away(ds, n);
		return;
	}
	if (n == NULL) {
		n = calloc(1, sizeof(*n));
		if (n == NULL) {
			tnd_warn("dial", "tunnel %s: no memory for its network information", id);
			return;
		}
		strcpy(n->id, id);
		tnd_list_add_tail(&ds->networks, &n->link);
	} else {
		retract(ds, n);
	}
	n->interface = interface;
	n->info = *info;
	if (info->route_count == 0)
		fill_routes(&n->info);
	n->has_pin = d != NULL;
	if (d != NULL)
		n->pin = d->host;
	set_mtu(ds, interface);
	apply(ds, n, true);
}

void networks_free(struct dials *ds)
{
	while (!tnd_list_empty(&ds->networks))
		take_away(ds, tnd_container_of(ds->networks.next, struct network, link));
}
