/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP of the control lcore's own (STUN, DTLS), without a kernel: datagrams that workers punted
 * are read here, and those to send become frames.
 */
#ifndef UDP_H
#define UDP_H

#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "addr.h"

struct host;

#define UDP_HOP_LIMIT 64

/* What a punted frame carries. Points into its mbuf: valid until that is freed. */
struct udp_datagram {
	union wire_ip src, dst;
	uint16_t sport, dport; /* host order */
	uint16_t iface;        /* index of flow_iface */
	uint8_t tos;
	struct rte_ether_addr mac; /* that it came from: our own if we sent it to ourselves */
	const uint8_t *data;
	uint16_t len;
};

/*
 * Reads a punted frame, VLAN tag or not. 0, or -EINVAL: it is not one whole UDP datagram in one
 * buffer, or its IPv4 or UDP checksum is wrong. The mbuf stays the caller's.
 */
int udp_parse(const struct rte_mbuf *m, struct udp_datagram *out);

/*
 * Send `len` bytes from local address `addr` (its index) and port `sport` to `dst` and `dport`,
 * ports in host order. Next hops of late destinations are remembered, so that this is cheap for
 * what is sent to often. While the neighbour is asked for its MAC, the frame waits, a few for
 * each; one of our own addresses gets it as if it had come from the wire. 0; or
 *
 *	-EINVAL, -ENETUNREACH, -ENOSPC  as neigh_ref()
 *	-EHOSTUNREACH  the neighbour does not answer
 *	-EMSGSIZE      more than the interface's MTU has room for
 *	-ENOBUFS       no packet buffer, or too many frames wait already; counted
 */
int udp_send(struct host *h, uint16_t addr, uint16_t sport, const union wire_ip *dst,
	     uint16_t dport, uint8_t tos, const void *data, size_t len);

/*
 * Answer a datagram: to its sender, from where it was sent to, by the MAC address that it came
 * from. Thus a stranger's packet makes no entry in the table of neighbours and no question on
 * the link. 0, -EINVAL (its source is no single host), -EMSGSIZE or -ENOBUFS.
 */
int udp_answer(struct host *h, const struct udp_datagram *d, uint8_t tos, const void *data,
	       size_t len);

/* What host_init() and host_free() call, between those of the table of neighbours. */
int udp_init(struct host *h);
void udp_free(struct host *h);

#endif
