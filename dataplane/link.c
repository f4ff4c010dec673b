/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A link with Ethernet on the inner side of tunnels, where tandem is a router: what is for us
 * there (ARP, neighbour discovery, ICMP) goes to control as from any link, what is sent to our
 * MAC address goes on into tunnels.
 */
#include <arpa/inet.h>

#include "tunnel.h"

static bool is_ours(const struct worker *w, uint16_t iface, union wire_ip dst)
{
	return flow_addr_find(w->t, iface, &dst) >= 0;
}

/* Of multicast, neighbour discovery alone is for routers that belong to no group. */
static bool for_us(const struct worker *w, const struct packet *p, uint16_t type, uint32_t len)
{
	const uint8_t *ip = p->ip;

	if (type == htons(WIRE_ETHERTYPE_ARP))
		return true;
	if (type == htons(WIRE_ETHERTYPE_IP4))
		return len >= WIRE_IP4_HLEN &&
		       is_ours(w, p->iface, wire_ip_from4(wire_load32(ip + 16)));
	return len >= WIRE_IP6_HLEN && ((ip[24] == 0xff && ip[6] == WIRE_PROTO_ICMP6) ||
					is_ours(w, p->iface, wire_ip_from6(ip + 24)));
}

static bool version_right(const struct packet *p, uint16_t type, uint32_t len)
{
	return len == 0 || p->ip[0] >> 4 == (type == htons(WIRE_ETHERTYPE_IP4) ? 4 : 6);
}

/* To us by its MAC address? Devices may be promiscuous. */
static bool to_our_mac(const struct worker *w, const struct packet *p, const uint8_t *data)
{
	return memcmp(data, &w->t->iface[p->iface].mac, RTE_ETHER_ADDR_LEN) == 0;
}

static void ip_parse(struct worker *w, struct packet *p, const struct rte_mbuf *m, uint16_t type)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = m->data_len - (uint32_t)p->l3_off;

	if (for_us(w, p, type, len))
		packet_parse_ours(w, p, m);
	else if (!version_right(p, type, len))
		packet_drop(p, FLOW_DROP_ip_version);
	else if (data[0] & 1)
		packet_drop(p, FLOW_DROP_inner_group);
	else if (!to_our_mac(w, p, data))
		packet_drop(p, FLOW_DROP_not_ours);
}

/* Type of what follows the Ethernet header and a tag, in memory order; 0: it ends before that. */
static uint16_t read_eth(struct packet *p, const uint8_t *data, uint32_t len, uint16_t *vlan)
{
	uint16_t type;

	*vlan = 0;
	p->l3_off = WIRE_ETH_HLEN;
	if (len < WIRE_ETH_HLEN)
		return 0;
	type = wire_load16(data + 12);
	if (likely(type != htons(WIRE_ETHERTYPE_VLAN)))
		return type;
	p->l3_off += WIRE_VLAN_HLEN;
	if (len < p->l3_off)
		return 0;
	*vlan = wire_get16(data + 14) & 0x0fff;
	return wire_load16(data + 16);
}

static bool is_known(uint16_t type)
{
	return type == htons(WIRE_ETHERTYPE_IP4) || type == htons(WIRE_ETHERTYPE_IP6) ||
	       type == htons(WIRE_ETHERTYPE_ARP);
}

void link_parse(struct worker *w, struct packet *p, const struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t type, vlan;
	int iface;

	if (unlikely(m->nb_segs != 1)) {
		packet_drop(p, FLOW_DROP_segmented);
		return;
	}
	type = read_eth(p, data, m->data_len, &vlan);
	if (unlikely(!is_known(type))) {
		packet_drop(p, type == 0 ? FLOW_DROP_truncated : FLOW_DROP_ethertype);
		return;
	}
	iface = flow_iface_find(w->t, m->port, vlan);
	if (unlikely(iface < 0)) {
		packet_drop(p, FLOW_DROP_vlan);
		return;
	}
	p->iface = (uint16_t)iface;
	p->ip = data + p->l3_off;
	ip_parse(w, p, m, type);
}
