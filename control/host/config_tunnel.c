/* SPDX-License-Identifier: BSD-3-Clause */
/* The block `tunnel`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_private.h"

static int parse_prefix(const char *text, struct config_prefix *out, struct json_error *err)
{
	if (wire_ip_parse_prefix(text, &out->ip, &out->bits) != 0)
		return config_fault(err, "\"%s\" is no prefix, such as 10.9.0.0/16 or fd00:9::/64",
				    text);
	return 0;
}

static bool has_host_bits(const struct config_prefix *p)
{
	unsigned int bits = p->bits + (wire_ip_is4(&p->ip) ? 96 : 0);

	for (; bits < 128; bits++)
		if (p->ip.b[bits / 8] & (0x80 >> bits % 8))
			return true;
	return false;
}

static int check_pool(const struct config_prefix *p, struct json_error *err)
{
	unsigned int left = (wire_ip_is4(&p->ip) ? 32 : 128) - p->bits;

	if (!wire_ip_is_unicast(&p->ip) || wire_ip_is_link_local(&p->ip))
		return config_fault(err, "not a network of hosts");
	if (has_host_bits(p))
		return config_fault(err, "bits are set beyond the prefix length of %u", p->bits);
	return left >= 2 ? 0 : config_fault(err, "too small: /%u at most", p->bits + left - 2);
}

static int fill_pool(struct config_tunnel *t, const struct json_items *items,
		     struct json_error *err)
{
	char *const *in = items->items;

	for (unsigned int i = 0; i < items->count; i++) {
		struct config_prefix p;
		unsigned int family;

		config_at(err, "/tunnel/pool/%u", i);
		if (parse_prefix(in[i], &p, err) != 0 || check_pool(&p, err) != 0)
			return -EINVAL;
		family = wire_ip_is4(&p.ip) ? 0 : 1;
		if (t->has_pool[family])
			return config_fault(err, "a second one of this IP version");
		t->has_pool[family] = true;
		t->pool[family] = p;
	}
	return 0;
}

static int fill_told(struct config_tunnel *t, const struct cfg_tunnel *in, struct json_error *err)
{
	char *const *dns = in->dns.items, *const *routes = in->routes.items;

	t->dns_count = (unsigned int)in->dns.count;
	for (unsigned int i = 0; i < t->dns_count; i++) {
		config_at(err, "/tunnel/dns/%u", i);
		if (wire_ip_parse(dns[i], &t->dns[i]) != 0)
			return config_fault(err, "\"%s\" is no IPv4 or IPv6 address", dns[i]);
	}
	t->route_count = (unsigned int)in->routes.count;
	for (unsigned int i = 0; i < t->route_count; i++) {
		config_at(err, "/tunnel/routes/%u", i);
		if (parse_prefix(routes[i], &t->route[i], err) != 0)
			return -EINVAL;
	}
	return 0;
}

int config_fill_tunnel(struct config_tunnel *t, const struct cfg_tunnel *in, struct json_error *err)
{
	if (in->has_store)
		snprintf(t->store, sizeof(t->store), "%s", in->store);
	t->users = (uint32_t)in->users;
	t->mask = in->mask == CFG_TUNNEL_MASK_NETWORK ? CONFIG_MASK_NETWORK : CONFIG_MASK_INTERFACE;
	t->mtu = (uint16_t)in->mtu;
	t->payload_type = (uint8_t)in->payload_type;
	t->pt_strict = in->pt_strict;
	t->mss_clamp = in->mss_clamp;
	t->liveness_s = (uint32_t)in->liveness_s;
	t->setup_s = (uint32_t)in->setup_s;
	if (fill_pool(t, &in->pool, err) != 0)
		return -EINVAL;
	return fill_told(t, in, err);
}

int config_check_tunnel(const struct config *c, struct json_error *err)
{
	const struct config_tunnel *t = &c->tunnel;

	config_at(err, "/tunnel/store");
	if (t->store[0] != '\0' && t->store[0] != '/')
		return config_fault(err, "must be an absolute path");
	for (unsigned int i = 0; i < t->route_count; i++) {
		config_at(err, "/tunnel/routes/%u", i);
		if (has_host_bits(&t->route[i]))
			return config_fault(err, "bits are set beyond the prefix length of %u",
					    t->route[i].bits);
	}
	for (unsigned int i = 0; i < t->dns_count; i++) {
		config_at(err, "/tunnel/dns/%u", i);
		if (!wire_ip_is_unicast(&t->dns[i]))
			return config_fault(err, "not the address of a single host");
	}
	config_at(err, "/tunnel/mtu");
	if (t->mtu != 0 && t->mtu < 576)
		return config_fault(err, "less than 576, IPv4's smallest");
	return 0;
}
