/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IP addresses. One form for both families, 16 bytes in network order: IPv4 is held as
 * ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so that comparing and hashing need no branch.
 */
#ifndef WIRE_ADDR_H
#define WIRE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

union wire_ip {
	uint8_t b[16];
	uint32_t w[4]; /* big endian words */
	uint64_t q[2];
};

#define WIRE_IP_STRLEN 46

/* The second half's low word of every IPv4 address, as loaded: 00 00 ff ff. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE_IP4_PREFIX UINT32_C(0xffff0000)
#else
#define WIRE_IP4_PREFIX UINT32_C(0x0000ffff)
#endif

static inline union wire_ip wire_ip_from4(uint32_t be)
{
	union wire_ip ip = {.w = {0, 0, WIRE_IP4_PREFIX, be}};

	return ip;
}

static inline union wire_ip wire_ip_from6(const uint8_t *p)
{
	union wire_ip ip;

	memcpy(ip.b, p, 16);
	return ip;
}

static inline bool wire_ip_is4(const union wire_ip *ip)
{
	return ip->q[0] == 0 && ip->w[2] == WIRE_IP4_PREFIX;
}

static inline bool wire_ip_equal(const union wire_ip *a, const union wire_ip *b)
{
	return ((a->q[0] ^ b->q[0]) | (a->q[1] ^ b->q[1])) == 0;
}

/* 0.0.0.0 or :: */
static inline bool wire_ip_is_any(const union wire_ip *ip)
{
	return (ip->q[0] | ip->q[1]) == 0 || (wire_ip_is4(ip) && ip->w[3] == 0);
}

static inline bool wire_ip_is_multicast(const union wire_ip *ip)
{
	return wire_ip_is4(ip) ? (ip->b[12] & 0xf0) == 0xe0 : ip->b[0] == 0xff;
}

static inline bool wire_ip_is_link_local(const union wire_ip *ip)
{
	return wire_ip_is4(ip) ? ip->b[12] == 169 && ip->b[13] == 254
			       : ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

static inline bool wire_ip_is_loopback(const union wire_ip *ip)
{
	static const uint8_t one6[16] = {[15] = 1};

	return wire_ip_is4(ip) ? ip->b[12] == 127 : memcmp(ip->b, one6, 16) == 0;
}

/* Can this be somebody's own address? Not any, multicast, loopback, 240/4 or broadcast. */
static inline bool wire_ip_is_unicast(const union wire_ip *ip)
{
	if (wire_ip_is_any(ip) || wire_ip_is_multicast(ip) || wire_ip_is_loopback(ip))
		return false;
	return !wire_ip_is4(ip) || (ip->b[12] != 0 && ip->b[12] < 240);
}

/* Prefix length in the family's own terms: 0-32 or 0-128. */
bool wire_ip_in_prefix(const union wire_ip *ip, const union wire_ip *prefix, unsigned int bits);

/* Text of either family to an address: 0, or -EINVAL. No zone, no port, no prefix. */
int wire_ip_parse(const char *text, union wire_ip *ip);

/* "10.0.0.1/24", "2001:db8::1/64": 0, or -EINVAL. Host bits are kept in `ip`. */
int wire_ip_parse_prefix(const char *text, union wire_ip *ip, unsigned int *bits);

/* Writes at most WIRE_IP_STRLEN bytes, zero included (RFC 5952); returns `text`. */
char *wire_ip_format(const union wire_ip *ip, char text[WIRE_IP_STRLEN]);

#endif
