/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 neighbour discovery: solicitations answered and asked, advertisements heard (RFC 4861). */
#include "answer.h"
#include "nd.h"
#include "neigh_private.h"

#define ANSWERS_PER_S 1000

static const union wire_ip all_nodes = {.b = {0xff, 0x02, [15] = 1}};

static void send_nd(struct host *h, uint16_t iface, struct rte_mbuf *m, const uint8_t mac[6],
		    const union wire_ip *src, const union wire_ip *dst, struct wire_nd *nd)
{
	struct wire_link link = answer_link(h, iface, mac);

	nd->has_mac = true;
	memcpy(nd->mac, h->tables->iface[iface].mac.addr_bytes, sizeof(nd->mac));
	answer_send(
		h, iface, m,
		wire_nd_build(rte_pktmbuf_mtod(m, uint8_t *), answer_room(m), &link, src, dst, nd));
}

void neigh_nd_ask(struct host *h, uint16_t iface, const union wire_ip *src, const union wire_ip *ip,
		  const struct rte_ether_addr *to)
{
	struct wire_nd nd = {.type = WIRE_ICMP6_NS, .target = *ip};
	union wire_ip dst = to ? *ip : wire_ip_solicited_node(ip);
	struct rte_mbuf *m = answer_alloc(h);
	uint8_t mac[6];

	if (m == NULL)
		return;
	if (to)
		memcpy(mac, to->addr_bytes, sizeof(mac));
	else
		wire_ip6_group_mac(&dst, mac);
	send_nd(h, iface, m, mac, src, &dst, &nd);
}

void neigh_nd_announce(struct host *h, const struct flow_addr *addr)
{
	struct wire_nd nd = {.type = WIRE_ICMP6_NA, .target = addr->ip, .override = true};
	struct rte_mbuf *m = answer_alloc(h);
	uint8_t mac[6];

	if (m == NULL)
		return;
	wire_ip6_group_mac(&all_nodes, mac);
	send_nd(h, addr->iface, m, mac, &addr->ip, &all_nodes, &nd);
}

/* Takes the mbuf and answers in it, so that a full pool keeps nobody from finding us. */
static void advertise(struct host *h, uint16_t iface, const struct wire_nd *ns,
		      const struct wire_frame *f, struct rte_mbuf *m)
{
	struct wire_nd na = {.type = WIRE_ICMP6_NA, .target = ns->target, .override = true};
	union wire_ip dst = f->src;
	uint8_t mac[6];

	if (!limit_take(&h->limit_nd, h->loop.now_ms, ANSWERS_PER_S)) {
		host_count(h, answer_limited);
		rte_pktmbuf_free(m);
		return;
	}
	if (wire_ip_is_any(&dst)) {
		/* Somebody is about to take our address: all must hear that it is taken. */
		dst = all_nodes;
		wire_ip6_group_mac(&dst, mac);
	} else {
		na.solicited = true;
		memcpy(mac, ns->has_mac ? ns->mac : rte_pktmbuf_mtod_offset(m, uint8_t *, 6),
		       sizeof(mac));
	}
	host_count(h, nd_answered);
	send_nd(h, iface, m, mac, &ns->target, &dst, &na);
}

static void hear_solicitation(struct host *h, uint16_t iface, const struct wire_nd *ns,
			      const struct wire_frame *f, struct rte_mbuf *m)
{
	struct rte_ether_addr mac;
	struct neigh *e;

	if (ns->has_mac && !wire_ip_is_any(&f->src)) {
		memcpy(mac.addr_bytes, ns->mac, sizeof(mac.addr_bytes));
		e = neigh_find(h, iface, &f->src);
		if (e != NULL)
			neigh_claim(h, e, &mac);
	}
	if (flow_addr_find(h->tables, iface, &ns->target) >= 0)
		advertise(h, iface, ns, f, m);
	else
		rte_pktmbuf_free(m);
}

static void hear_advertisement(struct host *h, uint16_t iface, const struct wire_nd *na,
			       const struct wire_frame *f, const uint8_t *frame)
{
	int addr = flow_addr_find(h->tables, iface, &na->target);
	struct neigh *e = neigh_find(h, iface, &na->target);
	struct rte_ether_addr mac;
	bool asked;

	/* One without the option, in answer to a question sent to a known MAC, comes from it. */
	memcpy(mac.addr_bytes, na->has_mac ? na->mac : frame + 6, sizeof(mac.addr_bytes));
	if (addr >= 0) {
		if (!rte_is_same_ether_addr(&mac, &h->tables->iface[iface].mac))
			neigh_conflict(h, (uint16_t)addr, &mac);
		return;
	}
	asked = na->solicited && flow_addr_find(h->tables, iface, &f->dst) >= 0;
	if (e != NULL && asked && neigh_answer_counts(h, e) && (na->has_mac || e->unicast)) {
		neigh_answer(h, e, &mac);
		return;
	}
	host_count(h, nd_unasked);
	if (e != NULL && na->has_mac)
		neigh_claim(h, e, &mac);
}

void neigh_input_nd(struct host *h, uint16_t iface, struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	struct wire_frame f;
	struct wire_nd nd;

	if (m->nb_segs != 1 || wire_frame_parse(p, m->data_len, true, &f) != WIRE_ICMP6 ||
	    wire_nd_parse(p, &f, &nd) != 0) {
		host_count(h, nd_bad);
		rte_pktmbuf_free(m);
		return;
	}
	if (nd.type == WIRE_ICMP6_NS) {
		hear_solicitation(h, iface, &nd, &f, m);
		return;
	}
	hear_advertisement(h, iface, &nd, &f, p);
	rte_pktmbuf_free(m);
}
