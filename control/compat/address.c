/* SPDX-License-Identifier: BSD-3-Clause */
/* Where sessions take their ports: sides of a bridge, families, L and R. */
#include <string.h>

#include "compat_private.h"

static bool is_family(const struct compat *c, int address, bool ip6)
{
	return wire_ip_is4(&c->h->config->addresses[address].ip) != ip6;
}

/* That of a side that has the family, or the one that it has; -1: none. */
static int of_side(const struct compat *c, enum config_rtpproxy_side side, bool ip6)
{
	const int *bind = c->config->bind[side];

	return bind[ip6] >= 0 ? bind[ip6] : bind[!ip6];
}

/* The first of the family, whichever side it is of. */
static int of_family(const struct compat *c, bool ip6)
{
	int internal = c->config->bind[CONFIG_RTPPROXY_INTERNAL][ip6];

	return internal >= 0 ? internal : c->config->bind[CONFIG_RTPPROXY_EXTERNAL][ip6];
}

static bool parse_ip(const struct rtpp_str *text, bool ip6, union wire_ip *ip)
{
	char copy[WIRE_IP_STRLEN];

	if (text->len >= sizeof(copy))
		return false;
	memcpy(copy, text->s, text->len);
	copy[text->len] = '\0';
	return wire_ip_parse(copy, ip) == 0 && wire_ip_is4(ip) != ip6;
}

static int by_ip(const struct compat *c, const union wire_ip *ip)
{
	const struct config *config = c->h->config;

	for (unsigned int i = 0; i < config->address_count; i++)
		if (wire_ip_equal(&config->addresses[i].ip, ip) ||
		    wire_ip_equal(&config->addresses[i].advertise, ip))
			return (int)i;
	return -1;
}

static int by_name(const struct compat *c, const struct rtpp_str *name)
{
	const struct config *config = c->h->config;

	for (unsigned int i = 0; i < config->address_count; i++)
		if (rtpp_str_is(name, config->addresses[i].name))
			return (int)i;
	return -1;
}

/* How well an address leads to `ip`: by its own prefix, by a route, by its gateway; 0: not. */
static unsigned int leads_to(const struct config *config, unsigned int i, const union wire_ip *ip)
{
	const struct config_address *a = &config->addresses[i];
	unsigned int best = 0;

	if (wire_ip_is4(&a->ip) != wire_ip_is4(ip))
		return 0;
	if (wire_ip_in_prefix(ip, &a->ip, a->prefix_bits))
		best = a->prefix_bits + 2;
	else if (a->has_gateway)
		best = 1;
	for (unsigned int k = 0; k < config->route_count; k++) {
		const struct config_route *r = &config->routes[k];

		if (r->interface == a->interface && r->prefix_bits + 2 > best &&
		    wire_ip_in_prefix(ip, &r->prefix, r->prefix_bits))
			best = r->prefix_bits + 2;
	}
	return best;
}

static int by_route(const struct compat *c, const union wire_ip *ip)
{
	const struct config *config = c->h->config;
	unsigned int best = 0;
	int found = -1;

	if (!wire_ip_is_unicast(ip))
		return -1;
	for (unsigned int i = 0; i < config->address_count; i++) {
		unsigned int n = leads_to(config, i, ip);

		if (n > best) {
			best = n;
			found = (int)i;
		}
	}
	return found;
}

static int choose_local(const struct compat *c, const struct rtpp_ul *ul, int *local)
{
	union wire_ip ip;

	*local = -1;
	switch (ul->local_kind) {
	case RTPP_LOCAL_NONE: return RTPP_OK;
	case RTPP_LOCAL_LABEL: *local = by_name(c, &ul->local); break;
	case RTPP_LOCAL_ADDRESS:
		if (ul->local_ip6 == ul->ip6 && parse_ip(&ul->local, ul->local_ip6, &ip))
			*local = by_ip(c, &ip);
		break;
	default:
		if (parse_ip(&ul->local, ul->local_ip6, &ip))
			*local = by_route(c, &ip);
		return *local < 0 ? RTPP_E_NO_ROUTE : RTPP_OK;
	}
	return *local < 0 ? RTPP_E_NO_LOCAL : RTPP_OK;
}

/*
 * The first letter is for the leg that faces the caller, the second for the other one; where no
 * letter is, the internal side. Without letters and L or R, the family decides.
 */
int address_choose(const struct compat *c, const struct rtpp_ul *ul, int leg[SESSION_LEGS],
		   int *local)
{
	int rc = choose_local(c, ul, local);

	if (rc != RTPP_OK)
		return rc;
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		bool external = i < ul->letters && ul->external[i];

		leg[i] = of_side(c, external ? CONFIG_RTPPROXY_EXTERNAL : CONFIG_RTPPROXY_INTERNAL,
				 ul->ip6);
	}
	if (*local >= 0) {
		leg[0] = leg[1] = *local;
	} else if (ul->letters == 0 && !is_family(c, leg[0], ul->ip6)) {
		leg[0] = leg[1] = of_family(c, ul->ip6);
		if (leg[0] < 0)
			return RTPP_E_FAMILY;
	}
	return RTPP_OK;
}
