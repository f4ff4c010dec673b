/* SPDX-License-Identifier: BSD-3-Clause */
#include "answer.h"
#include "router.h"
#include "watch.h"

#define PUNTS_PER_TURN 64

static void transport_input(struct host *h, const struct dp_punt *what, struct rte_mbuf *m)
{
	if (h->transport_input != NULL)
		h->transport_input(h->transport_arg, what->kind, what->leg, what->generation, m);
	else
		rte_pktmbuf_free(m);
}

static void dispatch(struct host *h, struct rte_mbuf *m)
{
	/* A copy: the answer may be written into the same mbuf. */
	struct dp_punt what = *dp_punt_of(m);

	switch (what.kind) {
	case DP_PUNT_ARP: neigh_input_arp(h, what.iface, m); break;
	case DP_PUNT_ND: neigh_input_nd(h, what.iface, m); break;
	case DP_PUNT_ICMP: icmp_input(h, what.iface, m); break;
	case DP_PUNT_TOO_BIG: icmp_too_big(h, what.iface, what.mtu, what.quote, m); break;
	case DP_PUNT_UNRESOLVED: neigh_input_unresolved(h, what.iface, what.nexthop, m); break;
	case DP_PUNT_INNER_TOO_BIG: router_too_big(h, &what, m); break;
	case DP_PUNT_INNER_HOPS: router_hops(h, &what, m); break;
	case DP_PUNT_INNER_UNRESOLVED: router_unresolved(h, &what, m); break;
	case DP_PUNT_INNER_NO_ROUTE: router_no_route(h, &what, m); break;
	case DP_PUNT_STUN:
	case DP_PUNT_DTLS: transport_input(h, &what, m); break;
	default: rte_pktmbuf_free(m); break;
	}
}

static bool poll_punts(struct loop_poller *p)
{
	struct host *h = p->arg;
	struct rte_mbuf *m[PUNTS_PER_TURN];
	unsigned int n = dp_punt_receive(h->dp, m, PUNTS_PER_TURN);

	for (unsigned int i = 0; i < n; i++)
		dispatch(h, m[i]);
	/* Where one came, its answer or the next question is often close behind. */
	return n > 0;
}

void punt_start(struct host *h)
{
	h->punts.fn = poll_punts;
	h->punts.arg = h;
	loop_add_poller(&h->loop, &h->punts);
}
