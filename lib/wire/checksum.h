/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * A `sum` is an unfolded ones' complement sum of 16-bit words in memory order: sums add up
 * with +, and the byte order never matters until the result is stored as it is.
 */
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include <stdbool.h>
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

static inline uint64_t wire_sum_load(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return w;
}

/*
 * Sums of 64 bits, the carry coming around: still ones' complement sums, since 2^64 - 1 is a
 * multiple of 2^16 - 1. Compilers of today spread a carry over three instructions; what a
 * sanitizer is to look into is left to them.
 */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(TND_FUZZ)
static inline uint64_t wire_sum_add(uint64_t sum, uint64_t w)
{
	__asm__("add %1, %0\n\tadc $0, %0" : "+r"(sum) : "rm"(w) : "cc");
	return sum;
}

static inline uint64_t wire_sum_add32(uint64_t sum, const uint8_t *p)
{
	__asm__("add (%1), %0\n\tadc 8(%1), %0\n\tadc 16(%1), %0\n\tadc 24(%1), %0\n\t"
		"adc $0, %0"
		: "+r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[32])p)
		: "cc");
	return sum;
}
#else
static inline uint64_t wire_sum_add(uint64_t sum, uint64_t w)
{
	sum += w;
	return sum + (sum < w);
}

static inline uint64_t wire_sum_add32(uint64_t sum, const uint8_t *p)
{
	for (unsigned int i = 0; i < 32; i += 8)
		sum = wire_sum_add(sum, wire_sum_load(p + i));
	return sum;
}
#endif

/* Up to seven bytes, as the first of eight in memory; `whole`: the seven before may be read. */
static inline uint64_t wire_sum_tail(const uint8_t *p, size_t len, bool whole)
{
	uint64_t w = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if (__builtin_expect(whole, 1))
		return wire_sum_load(p + len - 8) >> (64 - 8 * len);
#endif
	for (size_t i = 0; i < len; i++)
		memcpy((uint8_t *)&w + i, p + i, 1);
	return w;
}

/* `sum`, and `len` bytes (an odd last one is padded with zero), at any alignment, in 64 bits. */
static inline uint64_t wire_sum_around(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	bool whole = len >= 8;

	for (; len >= 64; p += 64, len -= 64)
		sum = wire_sum_add32(wire_sum_add32(sum, p), p + 32);
	if (len & 32) {
		sum = wire_sum_add32(sum, p);
		p += 32;
	}
	if (len & 16) {
		sum = wire_sum_add(wire_sum_add(sum, wire_sum_load(p)), wire_sum_load(p + 8));
		p += 16;
	}
	if (len & 8) {
		sum = wire_sum_add(sum, wire_sum_load(p));
		p += 8;
	}
	if (len & 7)
		sum = wire_sum_add(sum, wire_sum_tail(p, len & 7, whole));
	return sum;
}

/* Sum of `len` bytes, as above; small enough that others may be added to it. */
static inline uint64_t wire_sum(const void *data, size_t len)
{
	uint64_t sum = wire_sum_around(0, data, len);

	return (sum & 0xffffffff) + (sum >> 32);
}

static inline uint64_t wire_sum_ip(const union wire_ip *ip)
{
	/* The prefix of a mapped IPv4 address sums to 0xffff, which is zero here. */
	return (uint64_t)ip->w[0] + ip->w[1] + ip->w[2] + ip->w[3];
}

/*
 * Is this what words sum up to whose checksum is right? Divisible by 2^16 - 1, without folding;
 * not for a sum that may be zero.
 */
static inline bool wire_sum_right(uint64_t sum)
{
	return sum % 0xffff == 0;
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

/* A zero to subtract up to 16 words of 32 bits from: a multiple of 2^32 - 1, so of 2^16 - 1. */
#define WIRE_SUM_ZERO (UINT64_C(16) * 0xffffffff)

/* What a sum changes by when words of `old_sum` (see above) make way for words of `new_sum`. */
static inline uint16_t wire_sum_change(uint64_t old_sum, uint64_t new_sum)
{
	return wire_sum_fold(WIRE_SUM_ZERO + new_sum - old_sum);
}

/*
 * The field after what it is the checksum of has changed by wire_sum_change() (RFC 1624 eqn. 3).
 * Wrong before stays wrong after.
 */
static inline uint16_t wire_checksum_update(uint16_t field, uint16_t change)
{
	uint32_t sum = (uint32_t)(uint16_t)~field + change;

	return (uint16_t) ~(sum + (sum >> 16));
}

/* The same for UDP, where a zero field means "none". */
static inline uint16_t wire_checksum_update_udp(uint16_t field, uint16_t change)
{
	uint16_t c = wire_checksum_update(field, change);

	return c == 0 ? 0xffff : c;
}

#endif
