/* SPDX-License-Identifier: BSD-3-Clause */
#include "answer.h"

#define BURST_MIN 16

bool limit_take(struct host_limit *l, uint64_t now_ms, uint32_t per_s)
{
	/* A millisecond is worth per_s thousandths of a token. */
	uint64_t full = UINT64_C(1000) * RTE_MAX(per_s / 10, (uint32_t)BURST_MIN);
	uint64_t milli = l->milli + (now_ms + 1 - l->next_ms) * per_s;

	if (l->next_ms == 0) /* never asked */
		milli = full;
	l->next_ms = now_ms + 1;
	l->milli = (uint32_t)RTE_MIN(milli, full);
	if (l->milli < 1000)
		return false;
	l->milli -= 1000;
	return true;
}

struct rte_mbuf *answer_alloc(struct host *h)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_pool());

	if (m == NULL)
		host_count(h, no_mbuf);
	return m;
}

size_t answer_room(const struct rte_mbuf *m)
{
	return (size_t)m->buf_len - m->data_off;
}

/* To somebody behind a tunnel, who asked an address of ours on a LAN. */
static bool is_back_inside(const struct host *h, uint16_t iface, const struct rte_mbuf *m)
{
	return h->tables->iface[iface].role == FLOW_ROLE_LAN &&
	       rte_is_same_ether_addr(rte_pktmbuf_mtod(m, const struct rte_ether_addr *),
				      &h->tables->iface[iface].mac);
}

bool answer_send(struct host *h, uint16_t iface, struct rte_mbuf *m, int len)
{
	if (len <= 0) {
		rte_pktmbuf_free(m);
		return false;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	if (is_back_inside(h, iface, m) ? dp_inject_local(h->dp, iface, m)
					: dp_inject(h->dp, iface, m))
		return true;
	host_count(h, inject_full);
	return false;
}

struct wire_link answer_link(const struct host *h, uint16_t iface, const uint8_t dst[6])
{
	const struct flow_iface *f = &h->tables->iface[iface];
	struct wire_link link = {.vlan = f->vlan};

	memcpy(link.dst, dst, sizeof(link.dst));
	memcpy(link.src, f->mac.addr_bytes, sizeof(link.src));
	return link;
}
