/* SPDX-License-Identifier: BSD-3-Clause */
/* interface.list and neighbour.list. */
#include <stdio.h>

#include "rpc.h"

static void write_mac(struct tnd_buf *b, const struct rte_ether_addr *mac)
{
	const uint8_t *m = mac->addr_bytes;
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		 m[5]);
	json_w_string(b, "mac", text);
}

static void write_address(const struct api *a, unsigned int i, struct tnd_buf *b)
{
	const struct config_address *addr = &a->h->config->addresses[i];
	char ip[WIRE_IP_STRLEN], text[WIRE_IP_STRLEN + 8];

	snprintf(text, sizeof(text), "%s/%u", wire_ip_format(&addr->ip, ip), addr->prefix_bits);
	json_w_open(b, NULL, '{');
	json_w_string(b, "name", addr->name);
	json_w_string(b, "ip", text);
	if (addr->has_gateway)
		json_w_string(b, "gateway", wire_ip_format(&addr->gateway, ip));
	json_w_string(b, "advertise", wire_ip_format(&addr->advertise, ip));
	if (addr->port_max != 0) {
		json_w_open(b, "ports", '{');
		json_w_uint(b, "min", addr->port_min);
		json_w_uint(b, "max", addr->port_max);
		json_w_uint(b, "free", 2 * sessions_ports_free(a->sessions, (uint16_t)i));
		json_w_close(b, '}');
	}
	json_w_close(b, '}');
}

static void write_counters(uint16_t port, struct tnd_buf *b)
{
	struct dp_port_stats st;

	dp_port_stats(port, &st);
	json_w_open(b, "counters", '{');
	json_w_uint(b, "rx_packets", st.rx_packets);
	json_w_uint(b, "rx_bytes", st.rx_bytes);
	json_w_uint(b, "rx_missed", st.rx_missed);
	json_w_uint(b, "rx_errors", st.rx_errors);
	json_w_uint(b, "rx_no_mbuf", st.rx_no_mbuf);
	json_w_uint(b, "tx_packets", st.tx_packets);
	json_w_uint(b, "tx_bytes", st.tx_bytes);
	json_w_uint(b, "tx_errors", st.tx_errors);
	json_w_close(b, '}');
}

static void write_device(uint16_t port, struct tnd_buf *b)
{
	struct dp_port_info info;

	dp_port_info(port, &info);
	json_w_string(b, "driver", info.driver);
	json_w_uint(b, "port", port);
	write_mac(b, &info.mac);
	json_w_open(b, "link", '{');
	json_w_bool(b, "up", info.link_up);
	json_w_uint(b, "mbps", info.link_mbps);
	json_w_close(b, '}');
	json_w_uint(b, "rx_queues", info.rx_queues);
	json_w_uint(b, "tx_queues", info.tx_queues);
	json_w_bool(b, "rx_checksum", info.rx_checksum);
	json_w_bool(b, "tx_checksum", info.tx_checksum);
	json_w_bool(b, "steering", info.steering);
}

static void write_interface(const struct api *a, unsigned int i, struct tnd_buf *b)
{
	const struct config *config = a->h->config;
	const struct config_interface *iface = &config->interfaces[i];

	json_w_open(b, NULL, '{');
	json_w_string(b, "name", iface->name);
	json_w_string(b, "device", iface->device);
	json_w_uint(b, "mtu", iface->mtu);
	json_w_uint(b, "vlan", iface->vlan);
	json_w_string(b, "role", iface->role == CONFIG_OUTER ? "outer" : "inner");
	write_device(a->h->port[i], b);
	json_w_open(b, "addresses", '[');
	for (unsigned int n = 0; n < config->address_count; n++)
		if (config->addresses[n].interface == i)
			write_address(a, n, b);
	json_w_close(b, ']');
	write_counters(a->h->port[i], b);
	json_w_close(b, '}');
}

void rpc_interface_list(struct rpc_call *c, const void *params)
{
	const struct api *a = rpc_api(c);
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_open(b, "interfaces", '[');
	for (unsigned int i = 0; i < a->h->config->interface_count; i++)
		write_interface(a, i, b);
	json_w_close(b, ']');
	json_w_close(b, '}');
	rpc_done(c);
}

static bool has_mac(const struct neigh_info *n)
{
	return n->state == NEIGH_REACHABLE || n->state == NEIGH_PROBE || n->state == NEIGH_STATIC;
}

void rpc_neighbour_list(struct rpc_call *c, const void *params)
{
	const struct api *a = rpc_api(c);
	struct tnd_buf *b = rpc_result(c);
	struct neigh_info n;
	uint32_t cursor = 0;

	json_w_open(b, "result", '{');
	json_w_open(b, "neighbours", '[');
	while (neigh_next(a->h, &cursor, &n)) {
		char ip[WIRE_IP_STRLEN];

		json_w_open(b, NULL, '{');
		json_w_string(b, "interface", a->h->config->interfaces[n.iface].name);
		json_w_string(b, "ip", wire_ip_format(&n.ip, ip));
		if (has_mac(&n))
			write_mac(b, &n.mac);
		else
			json_w_null(b, "mac");
		json_w_string(b, "state", neigh_state_name(n.state));
		json_w_uint(b, "refs", n.refs);
		json_w_uint(b, "age_ms", n.age_ms);
		json_w_close(b, '}');
	}
	json_w_close(b, ']');
	json_w_close(b, '}');
	rpc_done(c);
}
