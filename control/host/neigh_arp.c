/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP: requests answered and asked, replies and claims told apart (RFC 826, RFC 5227). */
#include "answer.h"
#include "arp.h"
#include "neigh_private.h"

#define ANSWERS_PER_S 1000

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void send_arp(struct host *h, uint16_t iface, struct rte_mbuf *m, const uint8_t dst[6],
		     const struct wire_arp *arp)
{
	struct wire_link link = answer_link(h, iface, dst);

	answer_send(h, iface, m,
		    wire_arp_build(rte_pktmbuf_mtod(m, uint8_t *), answer_room(m), &link, arp));
}

static struct wire_arp from_us(const struct host *h, uint16_t iface, uint16_t op,
			       const union wire_ip *sender, const union wire_ip *target)
{
	struct wire_arp arp = {.op = op, .sender = *sender, .target = *target};

	memcpy(arp.sender_mac, h->tables->iface[iface].mac.addr_bytes, sizeof(arp.sender_mac));
	return arp;
}

void neigh_arp_ask(struct host *h, uint16_t iface, const union wire_ip *src,
		   const union wire_ip *ip, const struct rte_ether_addr *to)
{
	struct wire_arp arp = from_us(h, iface, WIRE_ARP_REQUEST, src, ip);
	struct rte_mbuf *m = answer_alloc(h);

	if (m != NULL)
		send_arp(h, iface, m, to ? to->addr_bytes : broadcast, &arp);
}

/* A request for ourselves: what every cache on the link takes notice of (RFC 5227 §3). */
void neigh_arp_announce(struct host *h, const struct flow_addr *addr)
{
	neigh_arp_ask(h, addr->iface, &addr->ip, &addr->ip, NULL);
}

/* Takes the mbuf and answers in it, so that a full pool keeps nobody from finding us. */
static void reply(struct host *h, uint16_t iface, const struct wire_arp *request,
		  struct rte_mbuf *m)
{
	struct wire_arp arp = from_us(h, iface, WIRE_ARP_REPLY, &request->target, &request->sender);

	if (!limit_take(&h->limit_arp, h->loop.now_ms, ANSWERS_PER_S)) {
		host_count(h, answer_limited);
		rte_pktmbuf_free(m);
		return;
	}
	memcpy(arp.target_mac, request->sender_mac, sizeof(arp.target_mac));
	host_count(h, arp_answered);
	send_arp(h, iface, m, request->sender_mac, &arp);
}

/* What the sender says about himself. */
static void hear_sender(struct host *h, uint16_t iface, const struct wire_arp *arp, bool to_us)
{
	struct rte_ether_addr mac;
	struct neigh *e;
	int addr;

	if (wire_ip_is_any(&arp->sender))
		return;
	memcpy(mac.addr_bytes, arp->sender_mac, sizeof(mac.addr_bytes));
	addr = flow_addr_find(h->tables, iface, &arp->sender);
	if (addr >= 0) {
		if (!rte_is_same_ether_addr(&mac, &h->tables->iface[iface].mac))
			neigh_conflict(h, (uint16_t)addr, &mac);
		return;
	}
	e = neigh_find(h, iface, &arp->sender);
	if (e != NULL && arp->op == WIRE_ARP_REPLY && to_us && neigh_answer_counts(h, e)) {
		neigh_answer(h, e, &mac);
		return;
	}
	if (arp->op == WIRE_ARP_REPLY)
		host_count(h, arp_unasked);
	if (e != NULL)
		neigh_claim(h, e, &mac);
}

void neigh_input_arp(struct host *h, uint16_t iface, struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	struct wire_frame f;
	struct wire_arp arp;
	bool to_us;

	if (m->nb_segs != 1 || wire_frame_parse(p, m->data_len, true, &f) != WIRE_ARP ||
	    wire_arp_parse(p + f.l3_off, m->data_len - f.l3_off, &arp) != 0) {
		host_count(h, arp_bad);
		rte_pktmbuf_free(m);
		return;
	}
	to_us = flow_addr_find(h->tables, iface, &arp.target) >= 0;
	hear_sender(h, iface, &arp, to_us);
	if (to_us && arp.op == WIRE_ARP_REQUEST && !wire_ip_equal(&arp.sender, &arp.target))
		reply(h, iface, &arp, m);
	else
		rte_pktmbuf_free(m);
}
