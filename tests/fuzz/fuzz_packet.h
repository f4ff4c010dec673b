/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Input of the frame targets: one byte of FUZZ_*, then a frame. Checksums are put right on
 * demand, for chance would not find one, and what is behind them would stay unseen.
 */
#ifndef FUZZ_PACKET_H
#define FUZZ_PACKET_H

#include "frame.h"
#include "fuzz.h"
#include "icmp.h"

#define FUZZ_FIX_IP4  1 /* the IPv4 header checksum */
#define FUZZ_FIX_L4   2 /* the ICMP or ICMPv6 checksum */
#define FUZZ_NO_CHECK 4 /* parse as if the device had checked the IPv4 header */

#define FUZZ_FRAME_MAX 65536

static inline void fuzz_fix_ip4(uint8_t *p, size_t len)
{
	size_t l3 = len > 16 && wire_get16(p + 12) == WIRE_ETHERTYPE_VLAN ? 18 : 14;
	uint16_t sum;

	if (len < l3 + WIRE_IP4_HLEN || wire_get16(p + l3 - 2) != WIRE_ETHERTYPE_IP4)
		return;
	memset(p + l3 + 10, 0, 2);
	sum = wire_checksum(wire_sum(p + l3, WIRE_IP4_HLEN));
	memcpy(p + l3 + 10, &sum, 2);
}

static inline void fuzz_fix_icmp(uint8_t *p, const struct wire_frame *f)
{
	uint8_t *icmp = p + f->l4_off;
	uint16_t sum;

	if (f->payload_len < WIRE_ICMP_HLEN)
		return;
	memset(icmp + 2, 0, 2);
	if (f->family == 6)
		sum = wire_checksum(wire_icmp6_sum(&f->src, &f->dst, icmp, f->payload_len));
	else
		sum = wire_checksum(wire_sum(icmp, f->payload_len));
	memcpy(icmp + 2, &sum, 2);
}

/* The frame in memory of its exact size, or NULL where the input is none. */
static inline uint8_t *fuzz_frame(const uint8_t *data, size_t size, size_t *len)
{
	uint8_t *p;

	if (size < 1 || size > FUZZ_FRAME_MAX)
		return NULL;
	*len = size - 1;
	p = fuzz_copy(data + 1, *len);
	if (data[0] & FUZZ_FIX_IP4)
		fuzz_fix_ip4(p, *len);
	return p;
}

#endif
