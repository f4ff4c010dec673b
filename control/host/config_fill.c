/* SPDX-License-Identifier: BSD-3-Clause */
/* The decoded file into struct config: names become indexes, text addresses and numbers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_private.h"

#define DEFAULT_WORKER_LCORE 1

/* At least one, so that an empty list needs no special case. */
static void *list(size_t count, size_t size)
{
	return calloc(count ? count : 1, size);
}

static int find_interface(const struct config *c, const char *name, uint16_t *index,
			  struct json_error *err)
{
	for (unsigned int i = 0; i < c->interface_count; i++) {
		if (strcmp(c->interfaces[i].name, name) == 0) {
			*index = (uint16_t)i;
			return 0;
		}
	}
	return config_fault(err, "there is no interface \"%s\" in /interfaces", name);
}

static int fill_eal(struct config *c, const struct cfg_eal *eal)
{
	char *const *args = eal->args.items;

	c->eal_args = list(eal->args.count, sizeof(*c->eal_args));
	if (c->eal_args == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < eal->args.count; i++) {
		c->eal_args[i] = strdup(args[i]);
		if (c->eal_args[i] == NULL)
			return -ENOMEM;
		c->eal_arg_count++;
	}
	return 0;
}

static int fill_workers(struct config *c, const struct cfg_workers *w)
{
	const int64_t *lcores = w->lcores.items;

	c->idle = w->idle == CFG_WORKERS_IDLE_ADAPTIVE ? DP_IDLE_ADAPTIVE : DP_IDLE_POLL;
	c->lcore_count = w->lcores.count ? (unsigned int)w->lcores.count : 1;
	c->lcores = list(c->lcore_count, sizeof(*c->lcores));
	if (c->lcores == NULL)
		return -ENOMEM;
	c->lcores[0] = DEFAULT_WORKER_LCORE;
	for (size_t i = 0; i < w->lcores.count; i++)
		c->lcores[i] = (unsigned int)lcores[i];
	return 0;
}

static int fill_interfaces(struct config *c, const struct json_items *items, struct json_error *err)
{
	const struct cfg_interface *in = items->items;

	c->interfaces = list(items->count, sizeof(*c->interfaces));
	if (c->interfaces == NULL)
		return -ENOMEM;
	c->interface_count = (unsigned int)items->count;
	for (size_t i = 0; i < items->count; i++) {
		struct config_interface *out = &c->interfaces[i];

		snprintf(out->name, sizeof(out->name), "%s", in[i].name);
		snprintf(out->device, sizeof(out->device), "%s", in[i].device);
		out->mtu = (uint16_t)in[i].mtu;
		out->vlan = (uint16_t)in[i].vlan;
		out->rx_desc = (uint16_t)in[i].rx_desc;
		out->tx_desc = (uint16_t)in[i].tx_desc;
		if (config_fill_inner(out, &in[i], (unsigned int)i, err) != 0)
			return -EINVAL;
	}
	return 0;
}

static int parse_ip(const char *text, union wire_ip *ip, struct json_error *err)
{
	if (wire_ip_parse(text, ip) == 0)
		return 0;
	return config_fault(err, "\"%s\" is no IPv4 or IPv6 address", text);
}

static int fill_address(const struct config *c, const struct cfg_address *in, unsigned int i,
			struct config_address *out, struct json_error *err)
{
	snprintf(out->name, sizeof(out->name), "%s", in->name);
	out->port_min = (uint16_t)in->ports.min;
	out->port_max = (uint16_t)in->ports.max;
	config_at(err, "/addresses/%u/interface", i);
	if (find_interface(c, in->interface, &out->interface, err) != 0)
		return -EINVAL;
	config_at(err, "/addresses/%u/ip", i);
	if (wire_ip_parse_prefix(in->ip, &out->ip, &out->prefix_bits) != 0)
		return config_fault(err,
				    "\"%s\" is no address with a prefix length, such as "
				    "10.0.0.1/24 or 2001:db8::1/64",
				    in->ip);
	out->has_gateway = in->has_gateway;
	config_at(err, "/addresses/%u/gateway", i);
	if (in->has_gateway && parse_ip(in->gateway, &out->gateway, err) != 0)
		return -EINVAL;
	out->advertise = out->ip;
	config_at(err, "/addresses/%u/advertise", i);
	if (in->has_advertise && parse_ip(in->advertise, &out->advertise, err) != 0)
		return -EINVAL;
	return 0;
}

static int fill_addresses(struct config *c, const struct json_items *items, struct json_error *err)
{
	const struct cfg_address *in = items->items;

	c->addresses = list(items->count, sizeof(*c->addresses));
	if (c->addresses == NULL)
		return -ENOMEM;
	c->address_count = (unsigned int)items->count;
	for (unsigned int i = 0; i < c->address_count; i++)
		if (fill_address(c, &in[i], i, &c->addresses[i], err) != 0)
			return -EINVAL;
	return 0;
}

/* Two hexadecimal digits each, colons between: "02:00:00:00:00:01". */
static int parse_mac(const char *text, struct rte_ether_addr *mac)
{
	static const char digits[] = "0123456789abcdefABCDEF:";
	unsigned int b[RTE_ETHER_ADDR_LEN];
	int len = 0;

	if (strlen(text) != 17 || strspn(text, digits) != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &len) != RTE_ETHER_ADDR_LEN ||
	    len != 17)
		return -EINVAL;
	for (unsigned int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		mac->addr_bytes[i] = (uint8_t)b[i];
	return 0;
}

static int fill_neighbours(struct config *c, const struct json_items *items, struct json_error *err)
{
	const struct cfg_neighbour *in = items->items;

	c->neighbours = list(items->count, sizeof(*c->neighbours));
	if (c->neighbours == NULL)
		return -ENOMEM;
	c->neighbour_count = (unsigned int)items->count;
	for (unsigned int i = 0; i < c->neighbour_count; i++) {
		struct config_neighbour *out = &c->neighbours[i];

		config_at(err, "/neighbours/%u/interface", i);
		if (find_interface(c, in[i].interface, &out->interface, err) != 0)
			return -EINVAL;
		config_at(err, "/neighbours/%u/ip", i);
		if (parse_ip(in[i].ip, &out->ip, err) != 0)
			return -EINVAL;
		config_at(err, "/neighbours/%u/mac", i);
		if (parse_mac(in[i].mac, &out->mac) != 0)
			return config_fault(err,
					    "\"%s\" is no MAC address, such as 02:00:00:00:00:01",
					    in[i].mac);
	}
	return 0;
}

static int fill_routes(struct config *c, const struct json_items *items, struct json_error *err)
{
	const struct cfg_route *in = items->items;

	c->routes = list(items->count, sizeof(*c->routes));
	if (c->routes == NULL)
		return -ENOMEM;
	c->route_count = (unsigned int)items->count;
	for (unsigned int i = 0; i < c->route_count; i++) {
		struct config_route *out = &c->routes[i];

		config_at(err, "/routes/%u/interface", i);
		if (find_interface(c, in[i].interface, &out->interface, err) != 0)
			return -EINVAL;
		config_at(err, "/routes/%u/prefix", i);
		if (wire_ip_parse_prefix(in[i].prefix, &out->prefix, &out->prefix_bits) != 0)
			return config_fault(
				err, "\"%s\" is no prefix, such as 192.0.2.0/24 or 2001:db8::/32",
				in[i].prefix);
		config_at(err, "/routes/%u/gateway", i);
		if (parse_ip(in[i].gateway, &out->gateway, err) != 0)
			return -EINVAL;
	}
	return 0;
}

static void fill_srtp(struct config *c, const struct cfg_srtp *srtp)
{
	/* The schema lists the engines in the order of the enum. */
	c->srtp_engine = (enum srtp_engine)srtp->engine;
	c->srtp_window = (uint16_t)rte_align32pow2((uint32_t)srtp->window);
}

static int fill_ice(struct config *c, const struct cfg_ice *ice, struct json_error *err)
{
	const struct cfg_stun_server *in = ice->stun_servers.items;

	c->stun_servers = list(ice->stun_servers.count, sizeof(*c->stun_servers));
	if (c->stun_servers == NULL)
		return -ENOMEM;
	c->stun_server_count = (unsigned int)ice->stun_servers.count;
	for (unsigned int i = 0; i < c->stun_server_count; i++) {
		c->stun_servers[i].port = (uint16_t)in[i].port;
		config_at(err, "/ice/stun_servers/%u/ip", i);
		if (parse_ip(in[i].ip, &c->stun_servers[i].ip, err) != 0)
			return -EINVAL;
	}
	return 0;
}

/* As they stand; of those that are usual, the ones first that cost a worker least. */
static void fill_profiles(struct config *c, const struct json_items *items)
{
	/* By the schema's order. */
	static const uint8_t known[] = {SRTP_AES_CM_128_HMAC_SHA1_80, SRTP_AES_CM_128_HMAC_SHA1_32,
					SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM};
	static const uint8_t usual[] = {SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM,
					SRTP_AES_CM_128_HMAC_SHA1_80, SRTP_AES_CM_128_HMAC_SHA1_32};
	const enum cfg_dtls_profile *in = items->items;

	for (size_t i = 0; i < items->count; i++)
		c->dtls_profile[c->dtls_profile_count++] = known[in[i]];
	if (items->count == 0) {
		memcpy(c->dtls_profile, usual, sizeof(usual));
		c->dtls_profile_count = sizeof(usual);
	}
}

static void fill_dtls(struct config *c, const struct cfg_dtls *dtls)
{
	if (dtls->has_certificate)
		snprintf(c->dtls_certificate, sizeof(c->dtls_certificate), "%s", dtls->certificate);
	if (dtls->has_key)
		snprintf(c->dtls_key, sizeof(c->dtls_key), "%s", dtls->key);
	else
		memcpy(c->dtls_key, c->dtls_certificate, sizeof(c->dtls_key));
	c->dtls_per_session = dtls->per_session;
	c->dtls_mtu = (uint16_t)dtls->mtu;
	c->dtls_half_open = (uint32_t)dtls->half_open;
	fill_profiles(c, &dtls->profiles);
}

static void fill_api(struct config *c, const struct cfg_api *api)
{
	snprintf(c->socket, sizeof(c->socket), "%s", api->socket);
	snprintf(c->ro_socket, sizeof(c->ro_socket), "%s", api->ro_socket);
	if (api->has_group)
		snprintf(c->group, sizeof(c->group), "%s", api->group);
}

int config_fill(struct config *c, const struct cfg_file *file, struct json_error *err)
{
	int rc;

	c->mbufs = (uint32_t)file->mbufs;
	c->limit_sessions = (uint32_t)file->limits.sessions;
	c->limit_per_second = (uint32_t)file->limits.per_second;
	/* The schema lists the levels in the order of the enum. */
	c->log_level = (enum tnd_log_level)file->log.level;
	fill_srtp(c, &file->srtp);
	fill_dtls(c, &file->dtls);
	fill_api(c, &file->api);
	config_fill_media(&c->media, &file->media);
	rc = fill_eal(c, &file->eal);
	if (rc == 0)
		rc = fill_workers(c, &file->workers);
	if (rc == 0)
		rc = fill_interfaces(c, &file->interfaces, err);
	if (rc == 0)
		rc = fill_addresses(c, &file->addresses, err);
	if (rc == 0)
		rc = fill_neighbours(c, &file->neighbours, err);
	if (rc == 0)
		rc = fill_routes(c, &file->routes, err);
	if (rc == 0)
		rc = fill_ice(c, &file->ice, err);
	if (rc == 0)
		rc = config_fill_rtpproxy(c, &file->rtpproxy, err);
	if (rc == 0)
		rc = config_fill_tunnel(&c->tunnel, &file->tunnel, err);
	if (rc == 0)
		rc = config_fill_dial(c, &file->tunnel, err);
	return rc;
}
