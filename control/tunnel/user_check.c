/* SPDX-License-Identifier: BSD-3-Clause */
/* What a user may be. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "user_private.h"

enum user_fault user_fault_set(struct user_error *err, enum user_fault f, const char *path,
			       const char *fmt, ...)
{
	va_list ap;

	err->fault = f;
	snprintf(err->path, sizeof(err->path), "%s", path);
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return f;
}

static bool same_prefixes(const struct net_prefix *a, unsigned int n, const struct net_prefix *b,
			  unsigned int m)
{
	for (unsigned int i = 0; i < n && n == m; i++)
		if (!net_prefix_equal(&a[i], &b[i]))
			return false;
	return n == m;
}

/* Its address of an IP version, or -1. */
static int find_family(const struct user *user, bool is4)
{
	for (unsigned int i = 0; i < user->address_count; i++)
		if (wire_ip_is4(&user->address[i].ip) == is4)
			return (int)i;
	return -1;
}

static bool same_address(const struct user *wanted, bool pool, const struct user *now, bool is4)
{
	int w = find_family(wanted, is4), n = find_family(now, is4);

	if (w < 0)
		return n < 0 || (pool && now->pooled[n]);
	return n >= 0 && !now->pooled[n] && net_prefix_equal(&wanted->address[w], &now->address[n]);
}

static bool same_info(const struct user *a, const struct user *b)
{
	if (a->has_dns != b->has_dns || a->has_routes != b->has_routes ||
	    a->info.mtu != b->info.mtu || a->info.dns_count != b->info.dns_count)
		return false;
	for (unsigned int i = 0; i < a->info.dns_count; i++)
		if (!wire_ip_equal(&a->info.dns[i], &b->info.dns[i]))
			return false;
	return same_prefixes(a->info.route, a->info.route_count, b->info.route,
			     b->info.route_count);
}

bool user_is_same(const struct user *wanted, bool pool, const struct user *now)
{
	return same_address(wanted, pool, now, true) && same_address(wanted, pool, now, false) &&
	       same_prefixes(wanted->network, wanted->network_count, now->network,
			     now->network_count) &&
	       same_info(wanted, now);
}

static bool is_own(const struct config *c, const union wire_ip *ip)
{
	for (unsigned int i = 0; i < c->interface_count; i++)
		for (unsigned int k = 0; k < c->interfaces[i].kernel_address_count; k++)
			if (wire_ip_equal(&c->interfaces[i].kernel_address[k].ip, ip))
				return true;
	for (unsigned int i = 0; i < c->address_count; i++)
		if (wire_ip_equal(&c->addresses[i].ip, ip))
			return true;
	return false;
}

static enum user_fault check_addresses(const struct users *u, const struct user *user,
				       struct user_error *err)
{
	for (unsigned int i = 0; i < user->address_count; i++) {
		const union wire_ip *ip = &user->address[i].ip;
		const char *path = wire_ip_is4(ip) ? "/address" : "/address6";
		char text[WIRE_IP_STRLEN];

		if (!wire_ip_is_unicast(ip) || wire_ip_is_link_local(ip))
			return user_fault_set(err, USER_BAD, path,
					      "%s is not the address of a single host",
					      wire_ip_format(ip, text));
		if (is_own(u->config, ip))
			return user_fault_set(err, USER_CONFLICT, path, "%s is tandem's own",
					      wire_ip_format(ip, text));
		if (i > 0 && wire_ip_is4(ip) == wire_ip_is4(&user->address[0].ip))
			return user_fault_set(err, USER_BAD, path,
					      "a second one of its IP version");
	}
	return USER_OK;
}

static enum user_fault check_networks(const struct user *user, struct user_error *err)
{
	char path[32], text[NET_PREFIX_STRLEN];

	for (unsigned int i = 0; i < user->network_count; i++) {
		struct net_prefix p = user->network[i];

		snprintf(path, sizeof(path), "/networks/%u", i);
		net_prefix_trim(&p);
		if (!net_prefix_equal(&p, &user->network[i]))
			return user_fault_set(err, USER_BAD, path,
					      "%s: bits are set beyond the prefix length",
					      net_prefix_format(&user->network[i], text));
		if (wire_ip_is_multicast(&p.ip) || wire_ip_is_loopback(&p.ip))
			return user_fault_set(err, USER_BAD, path, "%s is not a network of hosts",
					      net_prefix_format(&p, text));
	}
	return USER_OK;
}

enum user_fault user_check(const struct users *u, const struct user *user, struct user_error *err)
{
	struct net_prefix p[USER_PREFIXES];
	char one[NET_PREFIX_STRLEN], other[NET_PREFIX_STRLEN];
	unsigned int n;
	enum user_fault f;

	if (!wire_rtptp_name_ok(user->name, strlen(user->name)))
		return user_fault_set(err, USER_BAD, "/name",
				      "must be 1 to 24 bytes of UTF-8 without control characters");
	f = check_addresses(u, user, err);
	if (f == USER_OK)
		f = check_networks(user, err);
	if (f != USER_OK)
		return f;
	n = user_prefixes(u, user, p);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = 0; k < i; k++)
			if (net_prefix_overlap(&p[i], &p[k]))
				return user_fault_set(err, USER_BAD, "/networks",
						      "%s and %s have addresses in common",
						      net_prefix_format(&p[k], one),
						      net_prefix_format(&p[i], other));
	return USER_OK;
}
