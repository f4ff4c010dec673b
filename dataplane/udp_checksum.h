/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checksum of a UDP datagram that is not what came: summed whole, here or by the device. In
 * line, as part of the packet path.
 */
#ifndef UDP_CHECKSUM_H
#define UDP_CHECKSUM_H

#include "worker.h"

/*
 * The device adds the payload to the sum over the pseudo header that stands in the field; only
 * where the frame goes straight to it, since control and a peer inside want it whole.
 */
static inline bool udp_checksum_by_device(const struct packet *p)
{
	return p->verdict == VERDICT_GO && dp_ports[p->tx_port].tx_checksum;
}

static inline void packet_udp_checksum(struct packet *p, struct rte_mbuf *m)
{
	bool out4 = p->ip_hlen_out == WIRE_IP4_HLEN;
	uint8_t *udp = packet_udp(p), *addr = udp - (out4 ? 8 : 32);
	uint16_t len = wire_get16(udp + 4), field = 0;
	uint64_t constant = (uint32_t)rte_cpu_to_be_16(len) + rte_cpu_to_be_16(WIRE_PROTO_UDP);

	memcpy(udp + 6, &field, 2);
	if (udp_checksum_by_device(p)) {
		field = wire_sum_fold(constant + wire_sum(addr, (size_t)(udp - addr)));
		m->l2_len = (uint16_t)(udp - p->ip_hlen_out - rte_pktmbuf_mtod(m, uint8_t *));
		m->l3_len = p->ip_hlen_out;
		m->ol_flags =
			(out4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6) | RTE_MBUF_F_TX_UDP_CKSUM;
	} else {
		field = wire_checksum_udp(constant + wire_sum(addr, (size_t)(udp - addr) + len));
	}
	memcpy(udp + 6, &field, 2);
}

#endif
