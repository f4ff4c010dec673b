/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that wait for a MAC address: a few for each neighbour, bounded for all together, so
 * that nobody who makes tandem send to silent addresses can empty the packet pool. The oldest
 * are kept: they are what starts a call.
 */
#include <errno.h>

#include "neigh_private.h"

void neigh_wait_init(struct neigh_table *n)
{
	for (uint16_t i = 1; i < NEIGH_WAIT_ALL; i++)
		n->wait[i].next = i + 1;
	n->wait[NEIGH_WAIT_ALL].next = 0;
	n->wait_free = 1;
}

static struct rte_mbuf *take_first(struct neigh_table *n, struct neigh *e)
{
	uint16_t i = e->wait_first;
	struct rte_mbuf *m = n->wait[i].m;

	e->wait_first = n->wait[i].next;
	e->wait_count--;
	if (e->wait_first == 0)
		e->wait_last = 0;
	n->wait[i].next = n->wait_free;
	n->wait_free = i;
	return m;
}

static void append(struct neigh_table *n, struct neigh *e, struct rte_mbuf *m)
{
	uint16_t i = n->wait_free;

	n->wait_free = n->wait[i].next;
	n->wait[i].m = m;
	n->wait[i].next = 0;
	if (e->wait_last)
		n->wait[e->wait_last].next = i;
	else
		e->wait_first = i;
	e->wait_last = i;
	e->wait_count++;
}

static bool send_to(struct host *h, const struct neigh *e, struct rte_mbuf *m)
{
	bool local = h->tables->nexthop[neigh_index(h, e)].mac & FLOW_NEXTHOP_LOCAL, sent;

	memcpy(rte_pktmbuf_mtod(m, void *), e->mac.addr_bytes, RTE_ETHER_ADDR_LEN);
	sent = local ? dp_inject_local(h->dp, e->iface, m) : dp_inject(h->dp, e->iface, m);
	if (!sent)
		host_count(h, inject_full);
	return sent;
}

void neigh_wait_flush(struct host *h, struct neigh *e)
{
	while (e->wait_count)
		send_to(h, e, take_first(h->neigh, e));
}

void neigh_wait_drop(struct host *h, struct neigh *e)
{
	while (e->wait_count) {
		rte_pktmbuf_free(take_first(h->neigh, e));
		host_count(h, wait_failed);
	}
}

int neigh_output(struct host *h, uint32_t nexthop, struct rte_mbuf *m)
{
	struct neigh_table *n = h->neigh;
	struct neigh *e = &n->entry[nexthop];

	if (e->has_mac)
		return send_to(h, e, m) ? 0 : -ENOBUFS;
	if (e->state == NEIGH_FAILED) {
		rte_pktmbuf_free(m);
		host_count(h, wait_failed);
		return -EHOSTUNREACH;
	}
	if (e->wait_count == NEIGH_WAIT_EACH || n->wait_free == 0) {
		rte_pktmbuf_free(m);
		host_count(h, wait_full);
		return -ENOBUFS;
	}
	append(n, e, m);
	return 0;
}

void neigh_input_unresolved(struct host *h, uint16_t iface, uint32_t nexthop, struct rte_mbuf *m)
{
	struct neigh_table *n = h->neigh;
	struct neigh *e = nexthop < n->count ? &n->entry[nexthop] : NULL;

	/* The entry may have gone, or become another's, while the packet was on its way here. */
	if (e == NULL || !e->used || e->iface != iface || (e->refs == 0 && !e->has_mac) ||
	    m->data_len < RTE_ETHER_HDR_LEN) {
		rte_pktmbuf_free(m);
		host_count(h, wait_failed);
	} else {
		neigh_output(h, nexthop, m);
	}
}
