/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Next hops are kept for a while after a datagram to them: a set of a few places for each hash,
 * of which the one used longest ago makes way. Each place holds a reference, without which a
 * frame that waits for a MAC address would be dropped with it.
 */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>

#include "answer.h"
#include "frame.h"
#include "ip.h"

#define HOPS_SETS_LOG2 9
#define HOPS_SETS      (1 << HOPS_SETS_LOG2)
#define HOPS_EACH      4
#define HOPS_KEEP_MS   30000
#define SWEEP_MS       5000

struct udp_hop {
	union wire_ip dst;
	uint64_t used_ms;
	uint32_t nexthop; /* one reference; 0: the place is free */
	uint16_t addr;
};

struct udp_hops {
	struct udp_hop hop[HOPS_SETS][HOPS_EACH];
	struct tnd_timer sweep;
};

/* ---- next hops ----------------------------------------------------------------------------- */

static struct udp_hop *set_of(struct udp_hops *u, uint16_t addr, const union wire_ip *dst)
{
	uint64_t x = (dst->q[0] ^ addr) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ dst->q[1]) * UINT64_C(0xbf58476d1ce4e5b9);
	return u->hop[x >> (64 - HOPS_SETS_LOG2)];
}

static void forget(struct host *h, struct udp_hop *hop)
{
	if (hop->nexthop != 0)
		neigh_unref(h, hop->nexthop);
	hop->nexthop = 0;
}

/* The place to use for a new destination: a free one, or that which was used longest ago. */
static struct udp_hop *oldest(struct udp_hop *set)
{
	struct udp_hop *old = set;

	for (unsigned int i = 0; i < HOPS_EACH; i++) {
		if (set[i].nexthop == 0)
			return &set[i];
		if (set[i].used_ms < old->used_ms)
			old = &set[i];
	}
	return old;
}

static int find_hop(struct host *h, uint16_t addr, const union wire_ip *dst, uint32_t *nexthop)
{
	struct udp_hop *set = set_of(h->udp, addr, dst), *hop;
	int err;

	for (hop = set; hop < set + HOPS_EACH; hop++)
		if (hop->nexthop != 0 && hop->addr == addr && wire_ip_equal(&hop->dst, dst))
			goto found;
	err = neigh_ref(h, addr, dst, nexthop);
	if (err != 0)
		return err;
	hop = oldest(set);
	forget(h, hop);
	*hop = (struct udp_hop){.dst = *dst, .nexthop = *nexthop, .addr = addr};
found:
	hop->used_ms = h->loop.now_ms;
	*nexthop = hop->nexthop;
	return 0;
}

static void sweep(struct tnd_timer *t, void *arg)
{
	struct host *h = arg;

	for (unsigned int i = 0; i < HOPS_SETS; i++)
		for (unsigned int k = 0; k < HOPS_EACH; k++)
			if (h->udp->hop[i][k].used_ms + HOPS_KEEP_MS <= h->loop.now_ms)
				forget(h, &h->udp->hop[i][k]);
	loop_timer_after(&h->loop, t, SWEEP_MS);
}

int udp_init(struct host *h)
{
	h->udp = calloc(1, sizeof(*h->udp));
	if (h->udp == NULL)
		return -ENOMEM;
	tnd_timer_init(&h->udp->sweep, sweep, h);
	loop_timer_after(&h->loop, &h->udp->sweep, SWEEP_MS);
	return 0;
}

void udp_free(struct host *h)
{
	if (h->udp == NULL)
		return;
	tnd_timer_stop(&h->loop.timers, &h->udp->sweep);
	for (unsigned int i = 0; i < HOPS_SETS; i++)
		for (unsigned int k = 0; k < HOPS_EACH; k++)
			forget(h, &h->udp->hop[i][k]);
	free(h->udp);
	h->udp = NULL;
}

/* ---- frames -------------------------------------------------------------------------------- */

struct udp_flow {
	const union wire_ip *src, *dst;
	uint16_t sport, dport;
	uint16_t iface;
	uint8_t tos;
};

/* From the IP header on, for which there is room. */
static void write_packet(uint8_t *ip, const struct udp_flow *f, const void *data, uint16_t len)
{
	bool is4 = wire_ip_is4(f->src);
	uint16_t udp_len = WIRE_UDP_HLEN + len, sum;
	uint8_t *udp = ip + (is4 ? WIRE_IP4_HLEN : WIRE_IP6_HLEN);

	if (is4)
		wire_ip4_write(ip, f->src, f->dst, WIRE_PROTO_UDP, UDP_HOP_LIMIT, f->tos, udp_len);
	else
		wire_ip6_write(ip, f->src, f->dst, WIRE_PROTO_UDP, UDP_HOP_LIMIT, f->tos, udp_len);
	wire_put16(udp, f->sport);
	wire_put16(udp + 2, f->dport);
	wire_put16(udp + 4, udp_len);
	wire_put16(udp + 6, 0);
	memcpy(udp + WIRE_UDP_HLEN, data, len);
	sum = wire_checksum_udp(wire_sum_ip(f->src) + wire_sum_ip(f->dst) + htons(udp_len) +
				htons(WIRE_PROTO_UDP) + wire_sum(udp, udp_len));
	memcpy(udp + 6, &sum, 2);
}

/* A frame that is ready but for the MAC address it goes to. */
static int make_frame(struct host *h, const struct udp_flow *f, const void *data, size_t len,
		      struct rte_mbuf **out)
{
	static const uint8_t nobody[6];
	bool is4 = wire_ip_is4(f->src);
	struct wire_link link = answer_link(h, f->iface, nobody);
	size_t l2 = wire_link_hlen(&link);
	size_t l3 = (is4 ? WIRE_IP4_HLEN : WIRE_IP6_HLEN) + WIRE_UDP_HLEN + len;
	struct rte_mbuf *m;
	uint8_t *p;

	if (len > UINT16_MAX || l3 > h->tables->iface[f->iface].mtu)
		return -EMSGSIZE;
	m = answer_alloc(h);
	if (m == NULL)
		return -ENOBUFS;
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(l2 + l3));
	if (p == NULL) {
		rte_pktmbuf_free(m);
		return -EMSGSIZE;
	}
	wire_link_write(p, &link, is4 ? WIRE_ETHERTYPE_IP4 : WIRE_ETHERTYPE_IP6);
	write_packet(p + l2, f, data, (uint16_t)len);
	*out = m;
	return 0;
}

int udp_send(struct host *h, uint16_t addr, uint16_t sport, const union wire_ip *dst,
	     uint16_t dport, uint8_t tos, const void *data, size_t len)
{
	struct udp_flow f = {.dst = dst, .sport = sport, .dport = dport, .tos = tos};
	struct rte_mbuf *m;
	uint32_t nexthop;
	int err;

	err = find_hop(h, addr, dst, &nexthop);
	if (err != 0)
		return err;
	f.src = &h->tables->addr[addr].ip;
	f.iface = h->tables->addr[addr].iface;
	err = make_frame(h, &f, data, len, &m);
	return err != 0 ? err : neigh_output(h, nexthop, m);
}

int udp_answer(struct host *h, const struct udp_datagram *d, uint8_t tos, const void *data,
	       size_t len)
{
	struct udp_flow f = {.src = &d->dst,
			     .dst = &d->src,
			     .sport = d->dport,
			     .dport = d->sport,
			     .iface = d->iface,
			     .tos = tos};
	struct rte_mbuf *m;
	bool sent;
	int err;

	if (!wire_ip_is_unicast(&d->src) || !wire_mac_is_unicast(d->mac.addr_bytes))
		return -EINVAL;
	err = make_frame(h, &f, data, len, &m);
	if (err != 0)
		return err;
	memcpy(rte_pktmbuf_mtod(m, void *), d->mac.addr_bytes, RTE_ETHER_ADDR_LEN);
	if (flow_addr_find(h->tables, d->iface, &d->src) >= 0)
		sent = dp_inject_local(h->dp, d->iface, m);
	else
		sent = dp_inject(h->dp, d->iface, m);
	if (!sent)
		host_count(h, inject_full);
	return sent ? 0 : -ENOBUFS;
}

/* ---- what came ----------------------------------------------------------------------------- */

int udp_parse(const struct rte_mbuf *m, struct udp_datagram *out)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	struct wire_frame f;

	if (m->nb_segs != 1 || wire_frame_parse(p, m->data_len, true, &f) != WIRE_UDP ||
	    !wire_frame_udp_csum_ok(p, &f))
		return -EINVAL;
	*out = (struct udp_datagram){
		.src = f.src,
		.dst = f.dst,
		.sport = ntohs(f.sport_be),
		.dport = ntohs(f.dport_be),
		.iface = dp_punt_of(m)->iface,
		.tos = f.tos,
		.data = p + f.payload_off,
		.len = f.payload_len,
	};
	memcpy(out->mac.addr_bytes, p + 6, RTE_ETHER_ADDR_LEN);
	return 0;
}
