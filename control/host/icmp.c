/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP for our own addresses: echo is answered, senders of packets that don't fit the other
 * side are told (RFC 1191, RFC 4443 §3.2), all else is counted.
 *
 * Answers go back to the MAC address that the packet came from, not to where a route would
 * lead: that host or router has just proven that it forwards for the sender, and no packet of
 * a stranger makes an entry in the neighbour table or a question on the link.
 */
#include <errno.h>

#include "answer.h"
#include "icmp.h"

#define ECHOS_PER_S  1000
#define ERRORS_PER_S 100

static bool may_answer(struct host *h, struct host_limit *l, uint32_t per_s)
{
	if (limit_take(l, h->loop.now_ms, per_s))
		return true;
	host_count(h, answer_limited);
	return false;
}

void icmp_input(struct host *h, uint16_t iface, struct rte_mbuf *m)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	enum wire_frame_kind kind;
	struct wire_icmp_echo echo;
	struct wire_frame f;
	int rc;

	if (m->nb_segs != 1)
		goto bad;
	kind = wire_frame_parse(p, m->data_len, true, &f);
	if (kind != WIRE_ICMP4 && kind != WIRE_ICMP6)
		goto bad;
	if (flow_addr_find(h->tables, iface, &f.dst) < 0)
		goto ignored;
	rc = wire_icmp_echo_parse(p, &f, &echo);
	if (rc == -EINVAL)
		goto bad;
	if (rc != 0 || !echo.request)
		goto ignored;
	if (!may_answer(h, &h->limit_echo, ECHOS_PER_S)) {
		rte_pktmbuf_free(m);
		return;
	}
	rc = wire_icmp_echo_reply(p, &f, h->tables->iface[iface].mac.addr_bytes);
	if (rc < 0)
		goto ignored;
	if (answer_send(h, iface, m, rc))
		host_count(h, echo_answered);
	return;

bad:
	host_count(h, icmp_bad);
	rte_pktmbuf_free(m);
	return;
ignored:
	host_count(h, icmp_ignored);
	rte_pktmbuf_free(m);
}

static void tell_too_big(struct host *h, uint16_t iface, uint16_t mtu, uint16_t quote,
			 const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	struct rte_mbuf *answer;
	struct wire_link link;
	struct wire_frame f;
	int len;

	if (m->nb_segs != 1 || wire_frame_parse(p, m->data_len, true, &f) != WIRE_UDP ||
	    flow_addr_find(h->tables, iface, &f.dst) < 0) {
		host_count(h, icmp_bad);
		return;
	}
	if (!may_answer(h, &h->limit_error, ERRORS_PER_S))
		return;
	answer = answer_alloc(h);
	if (answer == NULL)
		return;
	wire_link_back(p, &f, h->tables->iface[iface].mac.addr_bytes, &link);
	f.payload_len = RTE_MIN(f.payload_len, quote);
	len = wire_icmp_too_big(rte_pktmbuf_mtod(answer, uint8_t *), answer_room(answer), &link,
				&f.dst, p, &f, mtu);
	if (answer_send(h, iface, answer, len))
		host_count(h, too_big_sent);
	else if (len < 0)
		host_count(h, icmp_ignored);
}

void icmp_too_big(struct host *h, uint16_t iface, uint16_t mtu, uint16_t quote, struct rte_mbuf *m)
{
	tell_too_big(h, iface, mtu, quote, m);
	rte_pktmbuf_free(m);
}
