/* SPDX-License-Identifier: BSD-3-Clause */
/* IP headers of packets that are built here. */
#ifndef WIRE_IP_H
#define WIRE_IP_H

#include "addr.h"
#include "checksum.h"
#include "frame.h"

/*
 * Write WIRE_IP4_HLEN or WIRE_IP6_HLEN bytes before `payload_len` bytes, for which the caller
 * has made sure of room. The IPv4 packet must not be fragmented, and so needs no
 * identification (RFC 6864 §4.1).
 */
static inline void wire_ip4_write(uint8_t *ip, const union wire_ip *src, const union wire_ip *dst,
				  uint8_t proto, uint8_t ttl, uint8_t tos, uint16_t payload_len)
{
	uint16_t sum;

	memset(ip, 0, WIRE_IP4_HLEN);
	ip[0] = 0x45;
	ip[1] = tos;
	wire_put16(ip + 2, (uint16_t)(WIRE_IP4_HLEN + payload_len));
	wire_put16(ip + 6, 0x4000);
	ip[8] = ttl;
	ip[9] = proto;
	memcpy(ip + 12, &src->w[3], 4);
	memcpy(ip + 16, &dst->w[3], 4);
	sum = wire_checksum(wire_sum(ip, WIRE_IP4_HLEN));
	memcpy(ip + 10, &sum, 2);
}

static inline void wire_ip6_write(uint8_t *ip, const union wire_ip *src, const union wire_ip *dst,
				  uint8_t proto, uint8_t hops, uint8_t tos, uint16_t payload_len)
{
	wire_put32(ip, 6u << 28 | (uint32_t)tos << 20);
	wire_put16(ip + 4, payload_len);
	ip[6] = proto;
	ip[7] = hops;
	memcpy(ip + 8, src->b, 16);
	memcpy(ip + 24, dst->b, 16);
}

#endif
