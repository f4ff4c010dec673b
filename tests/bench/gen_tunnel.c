/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The generator's tunnels: what is around a flow's packets on one of their two ways, as the far
 * end of that tunnel has it. On the other way they are as the LAN has them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

#include "gen.h"
#include "gen_stamp.h"

#define PORTS        65536
#define PAYLOAD_TYPE 97
#define ENDS_OFF     26 /* addresses and ports, of an IPv4 frame */
#define ENDS_BYTES   12
#define TTL_OFF      8 /* of the IPv4 header, as are those below */
#define CSUM_OFF     10
#define ADDRS_OFF    12
#define INNER_RTP    28

/* Far ends are told apart by their UDP port. */
static int index_ports(struct gen_flows *f)
{
	f->flow_at = calloc(PORTS, sizeof(*f->flow_at));
	if (f->flow_at == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->count; i++) {
		uint16_t *at = &f->flow_at[rte_be_to_cpu_16(f->around[i].dport_be)];

		if (*at)
			return -EINVAL;
		*at = (uint16_t)(i + 1);
	}
	return 0;
}

int gen_tunnel_init(struct gen_flows *f)
{
	if (f->crypt == NULL || f->count >= PORTS)
		return -EINVAL;
	for (uint32_t i = 0; i < f->count; i++) {
		const struct gen_crypt *c = &f->crypt[i];

		if (f->flow[i].ip6 || f->around[i].ip6 || (c->seal != NULL) == (c->open != NULL) ||
		    (c->seal != NULL) != f->seals)
			return -EINVAL;
	}
	return f->seals ? 0 : index_ports(f);
}

void gen_tunnel_build(struct gen_flows *f, uint32_t i, uint32_t at, uint16_t len)
{
	const struct gen_flow *around = &f->around[i];
	struct gen_outer *o = &f->outer[at];
	uint8_t *udp = o->head + GEN_OUTER_RTP - 8, *rtp = o->head + GEN_OUTER_RTP;
	uint32_t ssrc = rte_cpu_to_be_32(i + 1);
	uint16_t udp_len = rte_cpu_to_be_16((uint16_t)(len - GEN_OUTER_RTP + 8));

	memset(o, 0, sizeof(*o));
	memcpy(o->head, f->dst_mac, 6);
	memcpy(o->head + 6, f->src_mac, 6);
	o->head[12] = 0x08;
	gen_write_ip(o->head + 14, around, len - 14);
	memcpy(udp, &around->sport_be, 2);
	memcpy(udp + 2, &around->dport_be, 2);
	memcpy(udp + 4, &udp_len, 2);
	rtp[0] = 0x80;
	rtp[1] = PAYLOAD_TYPE;
	memcpy(rtp + GEN_SSRC_OFF, &ssrc, 4);
	o->len = len;
}

void gen_tunnel_wrap(const struct gen_flows *f, uint32_t at, uint8_t *frame)
{
	uint16_t seq = rte_cpu_to_be_16((uint16_t)f->lap);

	memcpy(frame, f->outer[at].head, GEN_OUTER_BYTES);
	memcpy(frame + GEN_OUTER_RTP + 2, &seq, 2);
}

/* Has a frame of a flow this length, of whichever of the sizes? */
static bool length_fits(const struct gen_flows *f, uint32_t i, uint16_t len)
{
	for (uint32_t k = 0; k < f->classes; k++)
		if (f->outer[k * f->count + i].len == len)
			return true;
	return false;
}

bool gen_tunnel_find(const struct gen_flows *f, const struct rte_mbuf *m, uint32_t *flow)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t i;

	if (m->data_len < GEN_OUTER_BYTES || p[12] != 0x08 || p[13] != 0x00 || p[14] != 0x45 ||
	    p[23] != IPPROTO_UDP)
		return false;
	i = f->flow_at[p[36] << 8 | p[37]];
	if (i-- == 0 || memcmp(p + ENDS_OFF, f->outer[i].head + ENDS_OFF, ENDS_BYTES) != 0 ||
	    !length_fits(f, i, m->data_len))
		return false;
	*flow = i;
	return true;
}

bool gen_inner_is_ours(const struct gen_flows *f, uint32_t flow, const uint8_t *ip, uint16_t len)
{
	const struct gen_template *t;
	const uint8_t *sent, *rtp = ip + INNER_RTP;
	uint32_t number;

	if (len < INNER_RTP + GEN_STAMP_END)
		return false;
	memcpy(&number, rtp + GEN_SEQ_OFF, 4);
	t = &f->tmpl[gen_template_at(f, flow, rte_be_to_cpu_32(number))];
	sent = t->head + 14;
	if (len != t->plain_len - 14 || ip[TTL_OFF] != sent[TTL_OFF] - 1 ||
	    rte_raw_cksum(ip, sizeof(struct rte_ipv4_hdr)) != 0xffff)
		return false;
	/* Up to the UDP checksum, which has the stamp in it. */
	return memcmp(ip, sent, TTL_OFF) == 0 && ip[TTL_OFF + 1] == sent[TTL_OFF + 1] &&
	       memcmp(ip + ADDRS_OFF, sent + ADDRS_OFF, INNER_RTP - 2 - ADDRS_OFF) == 0 &&
	       memcmp(rtp + GEN_SSRC_OFF, sent + INNER_RTP + GEN_SSRC_OFF, 4) == 0 &&
	       gen_sum_is_right(ip, len) && gen_payload_is_ours(t, rtp, len - INNER_RTP);
}

void gen_tunnel_open(const struct gen_flows *f, const uint32_t flow[], struct rte_mbuf *const m[],
		     unsigned int n, int64_t number[])
{
	struct gen_rtp p[GEN_BURST];

	for (unsigned int i = 0; i < n; i++)
		p[i] = (struct gen_rtp){&f->crypt[flow[i]],
					rte_pktmbuf_mtod(m[i], uint8_t *) + GEN_OUTER_RTP,
					m[i]->data_len - GEN_OUTER_RTP};
	gen_open(p, n);
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *ip = p[i].data + GEN_RTP_BYTES;
		uint32_t seq;

		number[i] = -1;
		if (p[i].len < GEN_RTP_BYTES ||
		    !gen_inner_is_ours(f, flow[i], ip, p[i].len - GEN_RTP_BYTES))
			continue;
		memcpy(&seq, ip + INNER_RTP + GEN_SEQ_OFF, 4);
		number[i] = rte_be_to_cpu_32(seq);
	}
}
