/* SPDX-License-Identifier: BSD-3-Clause */
/* Do the parts of a configuration fit together? Workers, devices, neighbours, routes, sockets. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_config.h>

#include "config_private.h"

#define IPV6_MIN_MTU 1280

static int check_eal(const struct config *c, struct json_error *err)
{
	static const char *const refused[] = {"--", "-h", "--help", "-v", "--version"};

	for (unsigned int i = 0; i < c->eal_arg_count; i++)
		for (unsigned int k = 0; k < RTE_DIM(refused); k++)
			if (strcmp(c->eal_args[i], refused[k]) == 0) {
				config_at(err, "/eal/args/%u", i);
				return config_fault(err, "%s has no place in a daemon's arguments",
						    refused[k]);
			}
	return 0;
}

static int check_workers(const struct config *c, struct json_error *err)
{
	const char *main_lcore = NULL;

	config_eal_has(c, "--main-lcore", &main_lcore);
	for (unsigned int i = 0; i < c->lcore_count; i++) {
		config_at(err, "/workers/lcores/%u", i);
		if (c->lcores[i] >= RTE_MAX_LCORE)
			return config_fault(err, "DPDK has lcores 0 to %d only", RTE_MAX_LCORE - 1);
		if (main_lcore != NULL && c->lcores[i] == strtoul(main_lcore, NULL, 10))
			return config_fault(err,
					    "lcore %u is the control lcore (--main-lcore in "
					    "/eal/args); workers need others",
					    c->lcores[i]);
		for (unsigned int k = 0; k < i; k++)
			if (c->lcores[i] == c->lcores[k])
				return config_fault(err, "lcore %u has a worker already",
						    c->lcores[i]);
	}
	return 0;
}

static bool is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

/* "01:00.0" */
static bool is_short_pci(const char *s)
{
	return strlen(s) == 7 && is_hex(s, 2) && s[2] == ':' && is_hex(s + 3, 2) && s[5] == '.' &&
	       s[6] >= '0' && s[6] <= '7';
}

bool config_is_pci(const char *device)
{
	if (is_short_pci(device))
		return true;
	return strlen(device) == 12 && is_hex(device, 4) && device[4] == ':' &&
	       is_short_pci(device + 5);
}

bool config_same_device(const char *a, const char *b)
{
	size_t len = strcspn(a, ",");

	if (config_is_pci(a) && config_is_pci(b)) {
		if (strlen(a) == 7 && strlen(b) == 12)
			return strncmp(b, "0000:", 5) == 0 && strcasecmp(a, b + 5) == 0;
		if (strlen(b) == 7 && strlen(a) == 12)
			return strncmp(a, "0000:", 5) == 0 && strcasecmp(a + 5, b) == 0;
		return strcasecmp(a, b) == 0;
	}
	return len == strcspn(b, ",") && strncmp(a, b, len) == 0;
}

static int check_shared_device(const struct config *c, unsigned int i, unsigned int k,
			       struct json_error *err)
{
	const struct config_interface *a = &c->interfaces[k], *b = &c->interfaces[i];

	if (!config_is_pci(a->device) && strcmp(a->device, b->device) != 0) {
		config_at(err, "/interfaces/%u/device", i);
		return config_fault(err,
				    "interface \"%s\" has this device with other arguments; give "
				    "both the same, or another number in its name",
				    a->name);
	}
	if (a->vlan == b->vlan) {
		config_at(err, "/interfaces/%u/vlan", i);
		return config_fault(err,
				    "interface \"%s\" has VLAN %u of this device already; "
				    "interfaces that share a device need different VLANs",
				    a->name, a->vlan);
	}
	return 0;
}

static int check_interfaces(const struct config *c, struct json_error *err)
{
	unsigned int devices = 0;

	for (unsigned int i = 0; i < c->interface_count; i++) {
		const struct config_interface *f = &c->interfaces[i];
		bool shared = false;

		config_at(err, "/interfaces/%u/device", i);
		if (!config_is_pci(f->device) && strncmp(f->device, "net_", 4) != 0)
			return config_fault(err,
					    "\"%.100s\" is neither a PCI address (0000:01:00.0) "
					    "nor a DPDK vdev (net_af_xdp0,iface=eth1)",
					    f->device);
		for (unsigned int k = 0; k < i; k++) {
			config_at(err, "/interfaces/%u/name", i);
			if (strcmp(f->name, c->interfaces[k].name) == 0)
				return config_fault(err, "/interfaces/%u has this name too", k);
			if (!config_same_device(f->device, c->interfaces[k].device))
				continue;
			shared = true;
			if (check_shared_device(c, i, k, err) != 0)
				return -EINVAL;
		}
		config_at(err, "/interfaces/%u/device", i);
		if (!shared && ++devices > FLOW_PORTS_MAX)
			return config_fault(err, "more than %d devices", FLOW_PORTS_MAX);
	}
	return 0;
}

/* An address of ours on this interface that has `ip` in its prefix, or is it; or NULL. */
static const struct config_address *find_subnet(const struct config *c, uint16_t iface,
						const union wire_ip *ip)
{
	for (unsigned int i = 0; i < c->address_count; i++)
		if (c->addresses[i].interface == iface &&
		    wire_ip_in_prefix(ip, &c->addresses[i].ip, c->addresses[i].prefix_bits))
			return &c->addresses[i];
	return NULL;
}

static bool is_ours(const struct config *c, uint16_t iface, const union wire_ip *ip)
{
	for (unsigned int i = 0; i < c->address_count; i++)
		if (c->addresses[i].interface == iface && wire_ip_equal(&c->addresses[i].ip, ip))
			return true;
	return false;
}

/* Can `ip` be somebody on this interface's link? `err` is at its place already. */
static int check_on_link(const struct config *c, uint16_t iface, const union wire_ip *ip,
			 struct json_error *err)
{
	const char *name = c->interfaces[iface].name;
	bool family = false;
	char text[WIRE_IP_STRLEN];

	wire_ip_format(ip, text);
	if (!wire_ip_is_unicast(ip))
		return config_fault(err, "%s is no host's own address", text);
	if (is_ours(c, iface, ip))
		return config_fault(err, "%s is tandem's own address on \"%s\"", text, name);
	if (find_subnet(c, iface, ip) != NULL)
		return 0;
	for (unsigned int i = 0; i < c->address_count; i++)
		if (c->addresses[i].interface == iface &&
		    wire_ip_is4(&c->addresses[i].ip) == wire_ip_is4(ip))
			family = true;
	if (family && !wire_ip_is4(ip) && wire_ip_is_link_local(ip))
		return 0;
	return config_fault(err,
			    "%s is in the prefix of no address on interface \"%s\"; it must be on "
			    "the same link",
			    text, name);
}

static int check_neighbours(const struct config *c, struct json_error *err)
{
	for (unsigned int i = 0; i < c->neighbour_count; i++) {
		const struct config_neighbour *n = &c->neighbours[i];

		config_at(err, "/neighbours/%u/mac", i);
		if (!rte_is_valid_assigned_ether_addr(&n->mac))
			return config_fault(err, "a group or all-zero MAC is no neighbour's own");
		config_at(err, "/neighbours/%u/ip", i);
		if (check_on_link(c, n->interface, &n->ip, err) != 0)
			return -EINVAL;
		for (unsigned int k = 0; k < i; k++)
			if (c->neighbours[k].interface == n->interface &&
			    wire_ip_equal(&c->neighbours[k].ip, &n->ip))
				return config_fault(err, "/neighbours/%u is the same neighbour", k);
	}
	return 0;
}

static bool has_host_bits(const union wire_ip *ip, unsigned int bits)
{
	if (wire_ip_is4(ip))
		bits += 96;
	for (; bits < 128; bits++)
		if (ip->b[bits / 8] & (0x80 >> bits % 8))
			return true;
	return false;
}

static int check_routes(const struct config *c, struct json_error *err)
{
	for (unsigned int i = 0; i < c->route_count; i++) {
		const struct config_route *r = &c->routes[i];

		config_at(err, "/routes/%u/gateway", i);
		if (wire_ip_is4(&r->gateway) != wire_ip_is4(&r->prefix))
			return config_fault(err, "the prefix is of the other IP version");
		if (check_on_link(c, r->interface, &r->gateway, err) != 0)
			return -EINVAL;
		config_at(err, "/routes/%u/prefix", i);
		if (has_host_bits(&r->prefix, r->prefix_bits))
			return config_fault(err, "bits are set beyond the prefix length of %u",
					    r->prefix_bits);
		for (unsigned int k = 0; k < i; k++)
			if (c->routes[k].interface == r->interface &&
			    c->routes[k].prefix_bits == r->prefix_bits &&
			    wire_ip_equal(&c->routes[k].prefix, &r->prefix))
				return config_fault(err,
						    "/routes/%u is for the same prefix and "
						    "interface",
						    k);
	}
	return 0;
}

/* Where an IPv6 address is, the link must carry IPv6's smallest packet (RFC 8200 §5). */
static int check_mtus(const struct config *c, struct json_error *err)
{
	for (unsigned int i = 0; i < c->address_count; i++) {
		const struct config_address *a = &c->addresses[i];

		if (wire_ip_is4(&a->ip) || c->interfaces[a->interface].mtu >= IPV6_MIN_MTU)
			continue;
		config_at(err, "/interfaces/%u/mtu", a->interface);
		return config_fault(err, "%u is less than the %u that IPv6 needs (address \"%s\")",
				    c->interfaces[a->interface].mtu, IPV6_MIN_MTU, a->name);
	}
	return 0;
}

static bool has_family(const struct config *c, bool is4)
{
	for (unsigned int i = 0; i < c->address_count; i++)
		if (wire_ip_is4(&c->addresses[i].ip) == is4)
			return true;
	return false;
}

static int check_ice(const struct config *c, struct json_error *err)
{
	for (unsigned int i = 0; i < c->stun_server_count; i++) {
		const struct config_stun *s = &c->stun_servers[i];

		config_at(err, "/ice/stun_servers/%u/ip", i);
		if (!wire_ip_is_unicast(&s->ip))
			return config_fault(err, "not the address of a single host");
		if (!has_family(c, wire_ip_is4(&s->ip)))
			return config_fault(err, "no address in /addresses is of its IP version");
		for (unsigned int k = 0; k < i; k++)
			if (c->stun_servers[k].port == s->port &&
			    wire_ip_equal(&c->stun_servers[k].ip, &s->ip))
				return config_fault(err, "/ice/stun_servers/%u is the same server",
						    k);
	}
	return 0;
}

static int check_file_name(const char *pointer, const char *path, struct json_error *err)
{
	config_at(err, "%s", pointer);
	return path[0] == '/' ? 0 : config_fault(err, "must be an absolute path");
}

static int check_dtls(const struct config *c, struct json_error *err)
{
	if (c->dtls_certificate[0] == '\0' && c->dtls_key[0] != '\0') {
		config_at(err, "/dtls/key");
		return config_fault(err, "a key is of use only with its certificate");
	}
	if (c->dtls_certificate[0] != '\0' && c->dtls_per_session) {
		config_at(err, "/dtls/per_session");
		return config_fault(err, "each leg would have a certificate of its own, and "
					 "/dtls/certificate be of no use");
	}
	for (unsigned int i = 0; i < c->dtls_profile_count; i++)
		for (unsigned int k = 0; k < i; k++)
			if (c->dtls_profile[i] == c->dtls_profile[k]) {
				config_at(err, "/dtls/profiles/%u", i);
				return config_fault(err, "named twice");
			}
	if (c->dtls_certificate[0] == '\0')
		return 0;
	if (check_file_name("/dtls/certificate", c->dtls_certificate, err) != 0)
		return -EINVAL;
	return check_file_name("/dtls/key", c->dtls_key, err);
}

static int check_api(const struct config *c, struct json_error *err)
{
	config_at(err, "/api/socket");
	if (c->socket[0] != '/')
		return config_fault(err, "must be an absolute path");
	config_at(err, "/api/ro_socket");
	if (c->ro_socket[0] != '/')
		return config_fault(err, "must be an absolute path");
	if (strcmp(c->socket, c->ro_socket) == 0)
		return config_fault(err, "the same path as /api/socket; each needs its own");
	return 0;
}

int config_check(const struct config *c, struct json_error *err)
{
	int rc = check_eal(c, err);

	if (rc == 0)
		rc = check_workers(c, err);
	if (rc == 0)
		rc = check_interfaces(c, err);
	if (rc == 0)
		rc = config_check_inner(c, err);
	if (rc == 0)
		rc = config_check_addresses(c, err);
	if (rc == 0)
		rc = check_mtus(c, err);
	if (rc == 0)
		rc = check_neighbours(c, err);
	if (rc == 0)
		rc = check_routes(c, err);
	if (rc == 0)
		rc = check_ice(c, err);
	if (rc == 0)
		rc = check_dtls(c, err);
	if (rc == 0)
		rc = check_api(c, err);
	if (rc == 0)
		rc = config_check_media(&c->media, err);
	if (rc == 0)
		rc = config_check_rtpproxy(c, err);
	if (rc == 0)
		rc = config_check_tunnel(c, err);
	if (rc == 0)
		rc = config_check_dial(c, err);
	return rc;
}
