/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First stage: headers read, local address found, slot of the flow table prefetched. ARP,
 * neighbour discovery and ICMP to our own addresses turn off to the control lcore here.
 */
#include <rte_prefetch.h>

#include "worker.h"

#define ICMP6_NS       135
#define ICMP6_NA       136
#define ICMP6_ND_FIRST 133
#define ICMP6_ND_LAST  137

static const uint8_t drop_of_bad_frame[] = {
	[WIRE_BAD_TRUNCATED] = FLOW_DROP_truncated,   [WIRE_BAD_ETHERTYPE] = FLOW_DROP_ethertype,
	[WIRE_BAD_IP_VERSION] = FLOW_DROP_ip_version, [WIRE_BAD_IP_HEADER] = FLOW_DROP_ip_header,
	[WIRE_BAD_IP_OPTIONS] = FLOW_DROP_ip_options, [WIRE_BAD_IP_CSUM] = FLOW_DROP_ip_checksum,
	[WIRE_BAD_FRAGMENT] = FLOW_DROP_fragment,     [WIRE_BAD_EXT_HEADER] = FLOW_DROP_ext_header,
	[WIRE_BAD_PROTOCOL] = FLOW_DROP_protocol,     [WIRE_BAD_UDP_LENGTH] = FLOW_DROP_udp_length,
};

/* The slots of a local address, NULL if it is none of ours; the last one of each family is kept. */
static inline const uint32_t *slots_of4(struct worker *w, uint16_t iface, uint32_t dst)
{
	union wire_ip ip;
	int addr;

	if (likely(w->last4.slots != NULL && w->last4.dst == dst && w->last4.iface == iface))
		return w->last4.slots;
	ip = wire_ip_from4(dst);
	addr = flow_addr_find(w->t, iface, &ip);
	w->last4.dst = dst;
	w->last4.iface = iface;
	w->last4.slots = addr < 0 ? NULL : flow_slot(w->t, (uint16_t)addr, 0);
	return w->last4.slots;
}

static inline const uint32_t *slots_of6(struct worker *w, uint16_t iface, const uint8_t *dst)
{
	union wire_ip ip = wire_ip_from6(dst);
	int addr;

	if (likely(w->last6.slots != NULL && wire_ip_equal(&w->last6.dst, &ip) &&
		   w->last6.iface == iface))
		return w->last6.slots;
	addr = flow_addr_find(w->t, iface, &ip);
	w->last6.dst = ip;
	w->last6.iface = iface;
	w->last6.slots = addr < 0 ? NULL : flow_slot(w->t, (uint16_t)addr, 0);
	return w->last6.slots;
}

static void punt(struct packet *p, enum dp_punt_kind kind)
{
	p->verdict = VERDICT_PUNT;
	p->punt = (uint8_t)kind;
}

/* Ours: asked of us, answered to us, or somebody announcing himself (sender = target). */
static void parse_arp(struct worker *w, struct packet *p, uint32_t len)
{
	const uint8_t *arp = p->ip;
	union wire_ip target;

	if (len < p->l3_off + 28u) {
		packet_drop(p, FLOW_DROP_truncated);
		return;
	}
	target = wire_ip_from4(wire_load32(arp + 24));
	if (wire_load32(arp + 14) != wire_load32(arp + 24) &&
	    flow_addr_find(w->t, p->iface, &target) < 0)
		packet_drop(p, FLOW_DROP_not_ours);
	else
		punt(p, DP_PUNT_ARP);
}

static void parse_icmp6(struct worker *w, struct packet *p)
{
	const uint8_t *icmp = packet_udp(p);
	union wire_ip dst = wire_ip_from6(p->ip + 24), target;

	if (p->payload_len < 8) {
		packet_drop(p, FLOW_DROP_truncated);
		return;
	}
	if (icmp[0] >= ICMP6_ND_FIRST && icmp[0] <= ICMP6_ND_LAST) {
		if (icmp[0] == ICMP6_NS && p->payload_len >= 24) {
			target = wire_ip_from6(icmp + 8);
			if (flow_addr_find(w->t, p->iface, &target) >= 0) {
				punt(p, DP_PUNT_ND);
				return;
			}
		} else if (icmp[0] == ICMP6_NA) {
			punt(p, DP_PUNT_ND);
			return;
		}
		packet_drop(p, FLOW_DROP_not_ours);
	} else if (flow_addr_find(w->t, p->iface, &dst) < 0) {
		packet_drop(p, FLOW_DROP_not_ours);
	} else {
		punt(p, DP_PUNT_ICMP);
	}
}

static void parse_icmp4(struct worker *w, struct packet *p)
{
	union wire_ip dst = wire_ip_from4(wire_load32(p->ip + 16));

	if (flow_addr_find(w->t, p->iface, &dst) < 0)
		packet_drop(p, FLOW_DROP_not_ours);
	else
		punt(p, DP_PUNT_ICMP);
}

static void parse_other(struct worker *w, struct packet *p, enum wire_frame_kind kind, uint32_t len)
{
	switch (kind) {
	case WIRE_ARP: parse_arp(w, p, len); break;
	case WIRE_ICMP6: parse_icmp6(w, p); break;
	case WIRE_ICMP4: parse_icmp4(w, p); break;
	default: packet_drop(p, drop_of_bad_frame[kind]); break;
	}
}

/* Whatever is not plain: VLANs, other protocols, padding within IP, faults. */
static __rte_noinline bool parse_rest(struct worker *w, struct packet *p, const struct rte_mbuf *m)
{
	bool check_csum =
		(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	enum wire_frame_kind kind;
	struct wire_headers h;
	int iface;

	if (m->nb_segs != 1) {
		packet_drop(p, FLOW_DROP_segmented);
		return false;
	}
	kind = wire_headers_parse(data, m->data_len, check_csum, &h);
	iface = flow_iface_find(w->t, m->port, h.vlan);
	if (iface < 0) {
		packet_drop(p, FLOW_DROP_vlan);
		return false;
	}
	p->ip = data + h.l3_off;
	p->udp = p->ip + h.ip_hlen;
	p->l3_off = (uint8_t)h.l3_off;
	p->iface = (uint16_t)iface;
	p->ip_hlen = h.ip_hlen;
	p->payload_len = h.payload_len;
	if (kind != WIRE_UDP) {
		parse_other(w, p, kind, m->data_len);
		return false;
	}
	return true;
}

void packet_parse_ours(struct worker *w, struct packet *p, const struct rte_mbuf *m)
{
	if (parse_rest(w, p, m))
		packet_drop(p, FLOW_DROP_no_flow);
}

/* The plain ones of both families: untagged UDP without a fault, in one buffer. */
static inline bool parse_plain4(struct packet *p, uint8_t *ip, uint32_t len, uint64_t ol_flags)
{
	bool check = (ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	uint32_t udp_len;

	if (unlikely(!wire_ip4_plain(ip, len, check, &udp_len)))
		return false;
	p->ip = ip;
	p->udp = ip + WIRE_IP4_HLEN;
	p->ip_hlen = WIRE_IP4_HLEN;
	p->payload_len = (uint16_t)(udp_len - WIRE_UDP_HLEN);
	return true;
}

static inline bool parse_plain6(struct packet *p, uint8_t *ip, uint32_t len)
{
	uint32_t udp_len;

	if (unlikely(!wire_ip6_plain(ip, len, &udp_len)))
		return false;
	p->ip = ip;
	p->udp = ip + WIRE_IP6_HLEN;
	p->ip_hlen = WIRE_IP6_HLEN;
	p->payload_len = (uint16_t)(udp_len - WIRE_UDP_HLEN);
	return true;
}

static inline bool parse_plain(struct worker *w, struct packet *p, const struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = m->data_len - (uint32_t)WIRE_ETH_HLEN;
	uint16_t iface = w->t->port_iface[m->port], type;

	if (unlikely(m->nb_segs != 1 || iface == 0 || m->data_len < WIRE_ETH_HLEN))
		return false;
	p->l3_off = WIRE_ETH_HLEN;
	p->iface = iface - 1;
	type = wire_load16(data + 12);
	if (likely(type == htons(WIRE_ETHERTYPE_IP4)))
		return parse_plain4(p, data + WIRE_ETH_HLEN, len, m->ol_flags);
	return type == htons(WIRE_ETHERTYPE_IP6) && parse_plain6(p, data + WIRE_ETH_HLEN, len);
}

static inline void parse_one(struct worker *w, struct packet *p, const struct rte_mbuf *m)
{
	const uint32_t *slots;

	p->verdict = VERDICT_GO;
	p->opened = 0;
	p->to_seal = p->edited = false;
	if (unlikely(!parse_plain(w, p, m)) && !parse_rest(w, p, m))
		return;
	slots = packet_is4(p) ? slots_of4(w, p->iface, wire_load32(p->ip + 16))
			      : slots_of6(w, p->iface, p->ip + 24);
	if (unlikely(slots == NULL)) {
		packet_drop(p, FLOW_DROP_not_ours);
		return;
	}
	p->slot = slots + wire_get16(packet_udp(p) + 2);
	rte_prefetch0(p->slot);
}

void stage_parse(struct worker *w, struct burst *b)
{
	const unsigned int n = b->n;

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(b->m[i], void *));
	for (unsigned int i = 0; i < n; i++)
		parse_one(w, &b->p[i], b->m[i]);
}
