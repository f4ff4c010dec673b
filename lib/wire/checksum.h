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

static inline uint16_t wire_sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sum of `len` bytes (an odd last byte is padded with zero), at any alignment; len < 2^31. */
static inline uint64_t wire_sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t sum = 0;
	uint32_t w = 0;

	for (; len >= 4; p += 4, len -= 4) {
		memcpy(&w, p, 4);
		sum += w;
	}
	w = 0;
	memcpy(&w, p, len);
	return sum + w;
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
 * (RFC 1624 eqn. 3). Wrong before stays wrong after.
 */
static inline uint16_t wire_checksum_update(uint16_t field, uint64_t old_sum, uint64_t new_sum)
{
	uint64_t sum = (uint16_t)~field;

	sum += (uint16_t)~wire_sum_fold(old_sum);
	sum += wire_sum_fold(new_sum);
	return wire_checksum(sum);
}

#endif
