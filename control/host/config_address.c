/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of the local addresses: IPs, gateways, ports. */
#include <string.h>

#include "config_private.h"

/*
 * Far ends and firewalls take the ports below for those of services, and drop media from
 * them.
 */
#define PORT_MIN 1024

static bool is_subnet_broadcast(const union wire_ip *ip, unsigned int bits)
{
	uint32_t mask, host;

	if (!wire_ip_is4(ip) || bits >= 31)
		return false;
	mask = UINT32_MAX >> bits;
	host = rte_be_to_cpu_32(ip->w[3]) & mask;
	return host == 0 || host == mask;
}

static int check_ip(const struct config_address *a, unsigned int i, struct json_error *err)
{
	char text[WIRE_IP_STRLEN];

	wire_ip_format(&a->ip, text);
	config_at(err, "/addresses/%u/ip", i);
	if (!wire_ip_is_unicast(&a->ip))
		return config_fault(err, "%s is no address that a host can have on a link", text);
	if (a->prefix_bits == 0)
		return config_fault(err, "a prefix length of 0 makes every host a neighbour on the "
					 "link; give the link's own, and a gateway for the rest");
	if (is_subnet_broadcast(&a->ip, a->prefix_bits))
		return config_fault(err,
				    "%s is the number or the broadcast address of its subnet; a "
				    "host has one between them",
				    text);
	config_at(err, "/addresses/%u/advertise", i);
	if (!wire_ip_is_unicast(&a->advertise) || wire_ip_is4(&a->advertise) != wire_ip_is4(&a->ip))
		return config_fault(err, "must be a unicast address of the same IP version as ip");
	return 0;
}

static int check_gateway(const struct config_address *a, unsigned int i, struct json_error *err)
{
	char ip[WIRE_IP_STRLEN];
	bool link_local;

	if (!a->has_gateway)
		return 0;
	link_local = !wire_ip_is4(&a->gateway) && wire_ip_is_link_local(&a->gateway);
	wire_ip_format(&a->ip, ip);
	config_at(err, "/addresses/%u/gateway", i);
	if (wire_ip_is4(&a->gateway) != wire_ip_is4(&a->ip))
		return config_fault(err, "must be of the same IP version as ip");
	if (!wire_ip_is_unicast(&a->gateway) ||
	    (!link_local && is_subnet_broadcast(&a->gateway, a->prefix_bits)))
		return config_fault(err, "this is no host's own address");
	if (wire_ip_equal(&a->gateway, &a->ip))
		return config_fault(err, "this is the address itself");
	if (!link_local && !wire_ip_in_prefix(&a->gateway, &a->ip, a->prefix_bits))
		return config_fault(err, "must be in %s/%u%s", ip, a->prefix_bits,
				    wire_ip_is4(&a->ip) ? "" : ", or link-local (fe80::/10)");
	return 0;
}

static int check_ports(const struct config *c, unsigned int i, struct json_error *err)
{
	const struct config_address *a = &c->addresses[i];
	unsigned int pairs;

	config_at(err, "/addresses/%u/ports", i);
	if (c->interfaces[a->interface].role != CONFIG_OUTER)
		return a->port_max == 0 ? 0
					: config_fault(err,
						       "an address of the inner interface "
						       "\"%s\" has no ports for sessions",
						       c->interfaces[a->interface].name);
	if (a->port_max == 0)
		return config_fault(err,
				    "is missing; only addresses of inner interfaces have none");
	config_at(err, "/addresses/%u/ports/min", i);
	if (a->port_min < PORT_MIN)
		return config_fault(err,
				    "must be %d or more: firewalls take the ports below for "
				    "services'",
				    PORT_MIN);
	if (a->port_min % 2 != 0)
		return config_fault(err,
				    "must be even, as RTP's ports are (RFC 3550 §11); %u would be "
				    "right",
				    a->port_min + 1);
	config_at(err, "/addresses/%u/ports/max", i);
	if (a->port_max <= a->port_min)
		return config_fault(err, "must be greater than min (%u)", a->port_min);
	pairs = (a->port_max - a->port_min + 1u) / 2;
	config_at(err, "/addresses/%u/ports", i);
	if (pairs < c->lcore_count)
		return config_fault(err,
				    "%u pairs of ports for %u workers: each worker needs at least "
				    "one",
				    pairs, c->lcore_count);
	return 0;
}

/* The port range of an IP is one array for the workers, so that an IP stands in one address. */
static int check_twins(const struct config *c, unsigned int i, struct json_error *err)
{
	const struct config_address *a = &c->addresses[i];

	for (unsigned int k = 0; k < i; k++) {
		const struct config_address *b = &c->addresses[k];

		config_at(err, "/addresses/%u/name", i);
		if (strcmp(a->name, b->name) == 0)
			return config_fault(err, "/addresses/%u has this name too", k);
		if (a->interface != b->interface || !wire_ip_equal(&a->ip, &b->ip))
			continue;
		if (a->port_min <= b->port_max && b->port_min <= a->port_max) {
			config_at(err, "/addresses/%u/ports", i);
			return config_fault(err,
					    "ports %u-%u overlap %u-%u of address \"%s\", which "
					    "has the same IP on the same interface",
					    a->port_min, a->port_max, b->port_min, b->port_max,
					    b->name);
		}
		config_at(err, "/addresses/%u/ip", i);
		return config_fault(err,
				    "address \"%s\" has the same IP on the same interface; give "
				    "one of them the whole range of ports",
				    b->name);
	}
	return 0;
}

int config_check_addresses(const struct config *c, struct json_error *err)
{
	for (unsigned int i = 0; i < c->address_count; i++) {
		int rc = check_twins(c, i, err);

		if (rc == 0)
			rc = check_ip(&c->addresses[i], i, err);
		if (rc == 0)
			rc = check_gateway(&c->addresses[i], i, err);
		if (rc == 0)
			rc = check_ports(c, i, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}
