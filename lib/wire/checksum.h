/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * A `sum` is an unfolded ones' complement sum of 16-bit words in memory order: sums add up
 * with +, and the byte order never matters until the result is stored as it is.
 */
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"

/* Both halves added to themselves, turned: the upper one is the sum, its carry come around. */
static inline uint16_t wire_sum_fold(uint64_t sum)
{
	uint32_t half;

	sum += sum >> 32 | sum << 32;
	half = (uint32_t)(sum >> 32);
	half += half >> 16 | half << 16;
	return (uint16_t)(half >> 16);
}

/* Two lanes: one register of SSE2 or NEON, and plain arithmetic where there is none. */
typedef uint64_t wire_u64x2 __attribute__((vector_size(16)));

/* Up to seven bytes. */
static inline uint64_t wire_sum_tail(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	uint32_t w;
	uint16_t h = 0;

	if (len & 4) {
		memcpy(&w, p, 4);
		sum += w;
		p += 4;
	}
	if (len & 2) {
		memcpy(&h, p, 2);
		sum += h;
		p += 2;
	}
	if (len & 1) {
		h = 0;
		memcpy(&h, p, 1);
		sum += h;
	}
	return sum;
}

/*
 * Sum of `len` bytes (an odd last byte is padded with zero), at any alignment; len < 2^31.
 * 32-bit halves are added up in 64-bit lanes, so that no carry is ever lost or looked at.
 */
static inline uint64_t wire_sum(const void *data, size_t len)
{
	const wire_u64x2 low = {0xffffffff, 0xffffffff};
	wire_u64x2 a = {0}, b = {0}, c = {0}, d = {0}, w, x, y, z;
	const uint8_t *p = data;
	uint64_t sum, last;

	for (; len >= 64; p += 64, len -= 64) {
		memcpy(&w, p, 16);
		memcpy(&x, p + 16, 16);
		memcpy(&y, p + 32, 16);
		memcpy(&z, p + 48, 16);
		a += w & low;
		b += w >> 32;
		c += x & low;
		d += x >> 32;
		a += y & low;
		b += y >> 32;
		c += z & low;
		d += z >> 32;
	}
	for (; len >= 16; p += 16, len -= 16) {
		memcpy(&w, p, 16);
		a += w & low;
		b += w >> 32;
	}
	a += b + c + d;
	sum = a[0] + a[1];
	if (len & 8) {
		memcpy(&last, p, 8);
		sum += (last & 0xffffffff) + (last >> 32);
		p += 8;
	}
	return sum + wire_sum_tail(p, len & 7);
}

static inline uint64_t wire_sum_ip(const union wire_ip *ip)
{
	/* The prefix of a mapped IPv4 address sums to 0xffff, which is zero here. */
	return (uint64_t)ip->w[0] + ip->w[1] + ip->w[2] + ip->w[3];
}

/* The checksum field that makes the whole sum right. */
static inline uint16_t wire_checksum(uint64_t sum)
{
	return (uint16_t)~wire_sum_fold(sum);
}

/* The same for UDP, where a zero field means "none" (RFC 768). */
static inline uint16_t wire_checksum_udp(uint64_t sum)
{
	uint16_t c = wire_checksum(sum);

	return c == 0 ? 0xffff : c;
}

/*
 * The field after words that summed to `old_sum` were replaced by words that sum to `new_sum`
 * (RFC 1624 eqn. 3). Wrong before stays wrong after. `old_sum` is of at most 16 words of
 * 32 bits: it is subtracted from a multiple of 2^32 - 1, which is zero here.
 */
static inline uint16_t wire_checksum_update(uint16_t field, uint64_t old_sum, uint64_t new_sum)
{
	return wire_checksum((uint16_t)~field + (UINT64_C(16) * 0xffffffff - old_sum) + new_sum);
}

/* The same for UDP, where a zero field means "none". */
static inline uint16_t wire_checksum_update_udp(uint16_t field, uint64_t old_sum, uint64_t new_sum)
{
	uint16_t c = wire_checksum_update(field, old_sum, new_sum);

	return c == 0 ? 0xffff : c;
}

#endif
