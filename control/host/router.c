/* SPDX-License-Identifier: BSD-3-Clause */
#include "router.h"

#include <errno.h>

#include "answer.h"
#include "icmp_error.h"
#include "neigh_private.h"

#define ERRORS_PER_S 100

/*
 * Where there is no address of our own in the packet's family, an error seems to come from where
 * the packet was to go: the kernel behind a TUN device refuses packets from its own addresses, and
 * a LAN that has none of that family has no other.
 */
static union wire_ip error_source(const struct host *h, const struct dp_punt *what,
				  const uint8_t *ip, const struct wire_inner *i)
{
	const struct config_interface *f = &h->config->interfaces[what->iface];
	union wire_ip from, to;
	const union wire_ip *own = NULL;

	from = i->family == 4 ? wire_ip_from4(wire_load32(ip + 12)) : wire_ip_from6(ip + 8);
	to = i->family == 4 ? wire_ip_from4(wire_load32(ip + 16)) : wire_ip_from6(ip + 24);
	if (f->role == CONFIG_INNER_LAN)
		own = route_source(h, what->iface, &from);
	for (unsigned int k = 0; own == NULL && !what->outward && k < f->kernel_address_count; k++)
		if (wire_ip_is4(&f->kernel_address[k].ip) == (i->family == 4))
			own = &f->kernel_address[k].ip;
	return own != NULL ? *own : to;
}

/* The Ethernet header of an error: back to who sent the packet, or into the tunnel through us. */
static size_t write_link(const struct host *h, const struct dp_punt *what, const struct rte_mbuf *m,
			 uint8_t family, uint8_t *out)
{
	const struct flow_iface *f = &h->tables->iface[what->iface];
	struct wire_link link;

	if (h->config->interfaces[what->iface].role == CONFIG_INNER_TUN)
		return 0;
	link = answer_link(h, what->iface,
			   what->outward && what->l3_off >= WIRE_ETH_HLEN
				   ? rte_pktmbuf_mtod(m, const uint8_t *) + 6
				   : f->mac.addr_bytes);
	wire_link_write(out, &link, family == 4 ? WIRE_ETHERTYPE_IP4 : WIRE_ETHERTYPE_IP6);
	return wire_link_hlen(&link);
}

/*
 * Did it come out of a tunnel? On a LAN also what was on its way into another one: it has our own
 * MAC address as its source.
 */
static bool from_tunnel(const struct host *h, const struct dp_punt *what, const struct rte_mbuf *m)
{
	const struct flow_iface *f = &h->tables->iface[what->iface];

	return !what->outward ||
	       (f->role == FLOW_ROLE_LAN && what->l3_off >= WIRE_ETH_HLEN &&
		memcmp(rte_pktmbuf_mtod(m, const uint8_t *) + 6, &f->mac, RTE_ETHER_ADDR_LEN) == 0);
}

static void send_error(struct host *h, const struct dp_punt *what, enum wire_icmp_error error,
		       const struct rte_mbuf *m, const uint8_t *ip, const struct wire_inner *i)
{
	union wire_ip src = error_source(h, what, ip, i);
	struct rte_mbuf *answer;
	size_t off;
	int len;

	if (!limit_take(&h->limit_inner, h->loop.now_ms, ERRORS_PER_S)) {
		host_count(h, answer_limited);
		return;
	}
	answer = answer_alloc(h);
	if (answer == NULL)
		return;
	off = write_link(h, what, m, i->family, rte_pktmbuf_mtod(answer, uint8_t *));
	len = wire_icmp_error(rte_pktmbuf_mtod_offset(answer, uint8_t *, off),
			      answer_room(answer) - off, error, &src, ip, i, what->mtu);
	if (len < 0) {
		host_count(h, icmp_ignored);
		rte_pktmbuf_free(answer);
		return;
	}
	answer->data_len = (uint16_t)(off + (size_t)len);
	answer->pkt_len = answer->data_len;
	if (from_tunnel(h, what, m) ? dp_inject_local(h->dp, what->iface, answer)
				    : dp_inject(h->dp, what->iface, answer))
		host_count(h, inner_told);
	else
		host_count(h, inject_full);
}

/* What was punted is whole, and a router may send on its like; but nothing here relies on that. */
static bool parse(struct host *h, const struct dp_punt *what, const struct rte_mbuf *m,
		  const uint8_t **ip, struct wire_inner *i)
{
	*ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, what->l3_off);
	if (what->iface < h->config->interface_count && m->nb_segs == 1 &&
	    m->data_len > what->l3_off &&
	    wire_inner_parse(*ip, (uint32_t)m->data_len - what->l3_off, false, i) <= WIRE_INNER_IP6)
		return true;
	host_count(h, icmp_bad);
	return false;
}

static void tell(struct host *h, const struct dp_punt *what, enum wire_icmp_error error,
		 struct rte_mbuf *m)
{
	struct wire_inner i;
	const uint8_t *ip;

	if (parse(h, what, m, &ip, &i))
		send_error(h, what, error, m, ip, &i);
	rte_pktmbuf_free(m);
}

void router_too_big(struct host *h, const struct dp_punt *what, struct rte_mbuf *m)
{
	tell(h, what, WIRE_ERROR_TOO_BIG, m);
}

void router_hops(struct host *h, const struct dp_punt *what, struct rte_mbuf *m)
{
	tell(h, what, WIRE_ERROR_TIME_EXCEEDED, m);
}

void router_no_route(struct host *h, const struct dp_punt *what, struct rte_mbuf *m)
{
	tell(h, what, WIRE_ERROR_NO_ROUTE, m);
}

/* Out of a tunnel: an Ethernet header is in front, without the address that it goes to. */
void router_unresolved(struct host *h, const struct dp_punt *what, struct rte_mbuf *m)
{
	struct wire_inner i;
	const uint8_t *ip;
	union wire_ip to;
	uint32_t nexthop;
	int rc;

	if (!parse(h, what, m, &ip, &i) || what->l3_off < WIRE_ETH_HLEN) {
		rte_pktmbuf_free(m);
		return;
	}
	to = i.family == 4 ? wire_ip_from4(wire_load32(ip + 16)) : wire_ip_from6(ip + 24);
	rc = lan_find(h, what->iface, &to, &nexthop);
	if (rc != 0) {
		if (rc != -ENOSPC)
			send_error(h, what, WIRE_ERROR_NO_ROUTE, m, ip, &i);
		host_count(h, wait_failed);
		rte_pktmbuf_free(m);
		return;
	}
	if (neigh_failed(h, nexthop))
		send_error(h, what, WIRE_ERROR_NO_HOST, m, ip, &i);
	neigh_output(h, nexthop, m);
}
