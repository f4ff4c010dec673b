/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bed's SRTP: keys for every flow's legs, and the far end that seals what is sent in. A flow
 * comes in at leg 2i and leaves by leg 2i + 1; a tunnel's far end is leg 2i both ways.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "cycles.h"
#include "frame.h"

static void *object(size_t size)
{
	void *p = rte_zmalloc("bench_srtp", size, SRTP_ALIGN);

	if (p == NULL)
		die("no memory for keys: raise -m");
	return p;
}

/* Another key for each flow and direction. */
static struct srtp_keys *make_keys(const struct bed *b, uint32_t flow, uint8_t direction)
{
	uint8_t master[SRTP_MASTER_MAX] = {direction};
	struct srtp_keys_config c = {.profile = b->profile, .engine = b->engine, .master = master};
	struct srtp_keys *k = object(srtp_keys_size(b->engine, b->profile));

	memcpy(master + 1, &flow, sizeof(flow));
	if (srtp_keys_init(k, &c) != 0)
		die("these keys cannot be made");
	return k;
}

static struct srtp_leg *make_leg(const struct bed *b)
{
	struct srtp_leg *l = object(srtp_leg_size(b->engine, SRTP_WINDOW_MIN));

	if (srtp_leg_init(l, b->engine, SRTP_WINDOW_MIN) != 0)
		die("this leg cannot be made");
	return l;
}

void bed_srtp_create(struct bed *b)
{
	b->far_end = srtp_worker_create(b->engine);
	b->far_leg = calloc(b->flows, sizeof(*b->far_leg));
	b->far_keys = calloc(b->flows, sizeof(*b->far_keys));
	if (b->far_end == NULL || b->far_leg == NULL || b->far_keys == NULL)
		die("no memory");
	for (uint32_t i = 0; i < b->flows; i++) {
		struct flow_secure *in = &b->t->secure[2 * i], *out = b->tunnel ? in : in + 1;

		if (b->srtp_in) {
			in->rx = make_keys(b, i, 0);
			in->leg = make_leg(b);
			b->far_keys[i] = make_keys(b, i, 0);
			b->far_leg[i] = make_leg(b);
		}
		if (b->srtp_out) {
			out->tx = make_keys(b, i, 1);
			out->leg = make_leg(b);
		}
	}
}

/* Lengths and checksums of headers over a payload that has grown by `growth`. */
static void lengthen(const struct bed *b, struct rte_mbuf *m, uint16_t growth)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *) + WIRE_ETH_HLEN;
	uint8_t hlen = b->in6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN, *udp = ip + hlen;
	uint16_t len = wire_get16(udp + 4) + growth, zero = 0, sum;

	wire_put16(udp + 4, len);
	memcpy(udp + 6, &zero, 2);
	sum = wire_checksum_udp(rte_cpu_to_be_16(len) + rte_cpu_to_be_16(WIRE_PROTO_UDP) +
				wire_sum(udp - (b->in6 ? 32 : 8), (b->in6 ? 32 : 8) + len));
	memcpy(udp + 6, &sum, 2);
	if (b->in6) {
		wire_put16(ip + 4, len);
	} else {
		wire_put16(ip + 2, WIRE_IP4_HLEN + len);
		memcpy(ip + 10, &zero, 2);
		sum = wire_checksum(wire_sum(ip, WIRE_IP4_HLEN));
		memcpy(ip + 10, &sum, 2);
	}
	m->data_len += growth;
	m->pkt_len += growth;
}

void bed_srtp_seal(const struct bed *b, struct rte_mbuf **m, const uint32_t *flow, uint16_t n)
{
	uint16_t off = WIRE_ETH_HLEN + (b->in6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN) + WIRE_UDP_HLEN;
	struct srtp_op op[BURST_LIMIT] = {0};

	for (uint16_t i = 0; i < n; i++) {
		op[i].data = rte_pktmbuf_mtod_offset(m[i], uint8_t *, off);
		op[i].len = m[i]->data_len - off;
		op[i].room = SRTP_RTP_GROWTH;
		op[i].keys = b->far_keys[flow[i]];
		op[i].leg = b->far_leg[flow[i]];
	}
	srtp_seal(b->far_end, op, n, 0);
	for (uint16_t i = 0; i < n; i++) {
		if (op[i].verdict != SRTP_OK)
			die("the far end cannot seal");
		lengthen(b, m[i], (uint16_t)(op[i].len - (m[i]->data_len - off)));
	}
}
