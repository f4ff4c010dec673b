/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First stage: headers read, local address found, slot of the flow table prefetched. ARP,
 * neighbour discovery and ICMP to our own addresses turn off to the control lcore here.
 */
#include <rte_prefetch.h>

#include "worker.h"

#define PREFETCH_AHEAD 4

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

static inline int find_addr(struct worker *w, uint16_t iface, const union wire_ip *ip)
{
	if (likely(w->last_addr >= 0 && w->last_iface == iface &&
		   wire_ip_equal(&w->t->addr[w->last_addr].ip, ip)))
		return w->last_addr;
	w->last_iface = iface;
	w->last_addr = flow_addr_find(w->t, iface, ip);
	return w->last_addr;
}

static void punt(struct packet *p, enum dp_punt_kind kind)
{
	p->verdict = VERDICT_PUNT;
	p->punt = (uint8_t)kind;
}

/* Ours: asked of us, answered to us, or somebody announcing himself (sender = target). */
static void parse_arp(struct worker *w, struct packet *p, uint32_t len)
{
	const uint8_t *arp = p->data + p->f.l3_off;
	union wire_ip target;
	uint32_t spa, tpa;

	if (len < p->f.l3_off + 28u) {
		packet_drop(p, FLOW_DROP_truncated);
		return;
	}
	memcpy(&spa, arp + 14, 4);
	memcpy(&tpa, arp + 24, 4);
	target = wire_ip_from4(tpa);
	if (spa != tpa && flow_addr_find(w->t, p->iface, &target) < 0)
		packet_drop(p, FLOW_DROP_not_ours);
	else
		punt(p, DP_PUNT_ARP);
}

static void parse_icmp6(struct worker *w, struct packet *p)
{
	const uint8_t *icmp = p->data + p->f.l4_off;
	union wire_ip target;

	if (p->f.payload_len < 8) {
		packet_drop(p, FLOW_DROP_truncated);
		return;
	}
	if (icmp[0] >= ICMP6_ND_FIRST && icmp[0] <= ICMP6_ND_LAST) {
		if (icmp[0] == ICMP6_NS && p->f.payload_len >= 24) {
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
	} else if (flow_addr_find(w->t, p->iface, &p->f.dst) < 0) {
		packet_drop(p, FLOW_DROP_not_ours);
	} else {
		punt(p, DP_PUNT_ICMP);
	}
}

static void parse_other(struct worker *w, struct packet *p, enum wire_frame_kind kind, uint32_t len)
{
	switch (kind) {
	case WIRE_ARP: parse_arp(w, p, len); break;
	case WIRE_ICMP6: parse_icmp6(w, p); break;
	case WIRE_ICMP4:
		if (flow_addr_find(w->t, p->iface, &p->f.dst) < 0)
			packet_drop(p, FLOW_DROP_not_ours);
		else
			punt(p, DP_PUNT_ICMP);
		break;
	default: packet_drop(p, drop_of_bad_frame[kind]); break;
	}
}

static inline void parse_one(struct worker *w, struct packet *p, struct rte_mbuf *m)
{
	bool ip_checked =
		(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	enum wire_frame_kind kind;
	int iface, addr;

	p->verdict = VERDICT_GO;
	p->learn = false;
	p->data = rte_pktmbuf_mtod(m, uint8_t *);
	if (unlikely(m->nb_segs != 1)) {
		packet_drop(p, FLOW_DROP_segmented);
		return;
	}
	kind = wire_frame_parse(p->data, m->data_len, !ip_checked, &p->f);
	iface = flow_iface_find(w->t, m->port, p->f.vlan);
	if (unlikely(iface < 0)) {
		packet_drop(p, FLOW_DROP_vlan);
		return;
	}
	p->iface = (uint16_t)iface;
	if (unlikely(kind != WIRE_UDP)) {
		parse_other(w, p, kind, m->data_len);
		return;
	}
	addr = find_addr(w, p->iface, &p->f.dst);
	if (unlikely(addr < 0)) {
		packet_drop(p, FLOW_DROP_not_ours);
		return;
	}
	p->slot = flow_slot(w->t, (uint16_t)addr, rte_be_to_cpu_16(p->f.dport_be));
	rte_prefetch0(p->slot);
}

void stage_parse(struct worker *w, struct burst *b)
{
	uint16_t i;

	for (i = 0; i < RTE_MIN(b->n, PREFETCH_AHEAD); i++)
		rte_prefetch0(rte_pktmbuf_mtod(b->m[i], void *));
	for (i = 0; i < b->n; i++) {
		if (i + PREFETCH_AHEAD < b->n)
			rte_prefetch0(rte_pktmbuf_mtod(b->m[i + PREFETCH_AHEAD], void *));
		parse_one(w, &b->p[i], b->m[i]);
	}
}
