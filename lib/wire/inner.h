/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IP packets as a tunnel carries them: whole, of any protocol, with options and extension headers,
 * fragments too. What a router looks at and changes.
 *
 * Pure and inline where each packet goes through it: part of the packet path. All take the packet
 * from its IP header on; those that take a struct wire_inner, what wire_inner_parse() has filled in
 * for this packet and nothing but `len` bytes of it.
 */
#ifndef WIRE_INNER_H
#define WIRE_INNER_H

#include <stdbool.h>
#include <stdint.h>

#include "checksum.h"
#include "frame.h"

#define WIRE_IP4_HLEN_MAX 60
#define WIRE_TCP_HLEN     20
#define WIRE_TCP_SYN      0x02
#define WIRE_PROTO_TCP    6
#define WIRE_PROTO_FRAG6  44
#define WIRE_PROTO_AH     51

/* What a packet is; from WIRE_INNER_BAD_TRUNCATED on, why it is none. */
enum wire_inner_kind {
	WIRE_INNER_IP4,
	WIRE_INNER_IP6,
	WIRE_INNER_BAD_TRUNCATED, /* nothing; ends inside a header, or before its own length */
	WIRE_INNER_BAD_VERSION,   /* the first nibble is neither 4 nor 6 */
	WIRE_INNER_BAD_HEADER,    /* impossible lengths; a jumbogram; an IPv4-mapped address */
	WIRE_INNER_BAD_CSUM,      /* of the IPv4 header */
};

struct wire_inner {
	uint16_t len;   /* of the packet by its own header; bytes behind it are not looked at */
	uint8_t hlen;   /* IPv4: with its options, 20-60; IPv6: 40 */
	uint8_t family; /* 4 or 6 */
	uint8_t proto;  /* IPv4: protocol; IPv6: the fixed header's next header */
	uint8_t tos;    /* DSCP << 2 | ECN */
};

static inline bool wire_inner_csum_ok(const uint8_t *ip, uint8_t hlen)
{
	if (__builtin_expect(hlen == WIRE_IP4_HLEN, 1))
		return wire_ip4_csum_ok(ip);
	return wire_sum_right(wire_sum_around(0, ip, hlen)); /* starts with 0x4.: never zero */
}

static inline enum wire_inner_kind wire_inner_parse4(const uint8_t *ip, uint32_t len,
						     bool check_csum, struct wire_inner *i)
{
	uint32_t total, hlen;

	if (len < WIRE_IP4_HLEN)
		return WIRE_INNER_BAD_TRUNCATED;
	hlen = 4u * (ip[0] & 0x0f);
	total = wire_get16(ip + 2);
	if (hlen < WIRE_IP4_HLEN || total < hlen)
		return WIRE_INNER_BAD_HEADER;
	if (total > len)
		return WIRE_INNER_BAD_TRUNCATED;
	if (check_csum && !wire_inner_csum_ok(ip, (uint8_t)hlen))
		return WIRE_INNER_BAD_CSUM;
	i->len = (uint16_t)total;
	i->hlen = (uint8_t)hlen;
	i->family = 4;
	i->proto = ip[9];
	i->tos = ip[1];
	return WIRE_INNER_IP4;
}

static inline enum wire_inner_kind wire_inner_parse6(const uint8_t *ip, uint32_t len,
						     struct wire_inner *i)
{
	uint32_t plen;

	if (len < WIRE_IP6_HLEN)
		return WIRE_INNER_BAD_TRUNCATED;
	plen = wire_get16(ip + 4);
	if (plen > len - WIRE_IP6_HLEN)
		return WIRE_INNER_BAD_TRUNCATED;
	if (plen > UINT16_MAX - WIRE_IP6_HLEN || (plen == 0 && ip[6] == 0)) /* RFC 2675 §3 */
		return WIRE_INNER_BAD_HEADER;
	if (wire_ip6_is_mapped(ip + 8) || wire_ip6_is_mapped(ip + 24))
		return WIRE_INNER_BAD_HEADER;
	i->len = (uint16_t)(WIRE_IP6_HLEN + plen);
	i->hlen = WIRE_IP6_HLEN;
	i->family = 6;
	i->proto = ip[6];
	i->tos = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	return WIRE_INNER_IP6;
}

/*
 * Is there one IP packet in these `len` bytes, from the first on? `check_csum` is false where the
 * IPv4 header checksum is known to be good. On WIRE_INNER_BAD_* nothing of *i is valid.
 */
static inline enum wire_inner_kind wire_inner_parse(const uint8_t *ip, uint32_t len,
						    bool check_csum, struct wire_inner *i)
{
	if (len == 0)
		return WIRE_INNER_BAD_TRUNCATED;
	if (ip[0] >> 4 == 4)
		return wire_inner_parse4(ip, len, check_csum, i);
	if (ip[0] >> 4 == 6)
		return wire_inner_parse6(ip, len, i);
	return WIRE_INNER_BAD_VERSION;
}

/* Can a router send on what has these addresses? */
enum wire_inner_scope {
	WIRE_SCOPE_UNICAST,
	WIRE_SCOPE_GROUP, /* to a multicast group, or to 255.255.255.255 */
	WIRE_SCOPE_BAD,   /* an address that no packet on a path has, or one of a single link */
};

/* 0/8, 127/8, 224/3 (RFC 1812 §5.3.7); 169.254/16 (RFC 3927 §2.7). */
static inline bool wire_inner_bad4(const uint8_t *a)
{
	return a[0] == 0 || a[0] == 127 || a[0] >= 224 || (a[0] == 169 && a[1] == 254);
}

/* ::/96 with :: and ::1 (RFC 4291 §2.5), fe80::/10 (§2.5.6), groups. */
static inline bool wire_inner_bad6(const uint8_t *a)
{
	return a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) ||
	       (wire_load64(a) == 0 && wire_load32(a + 8) == 0);
}

static inline enum wire_inner_scope wire_inner_scope(const uint8_t *ip, const struct wire_inner *i)
{
	bool bad, group;

	if (i->family == 4) {
		bad = wire_inner_bad4(ip + 12) || wire_inner_bad4(ip + 16);
		group = (ip[16] & 0xf0) == 0xe0 || wire_load32(ip + 16) == UINT32_MAX;
	} else {
		bad = wire_inner_bad6(ip + 8) || wire_inner_bad6(ip + 24);
		group = ip[24] == 0xff;
	}
	if (__builtin_expect(!bad, 1))
		return WIRE_SCOPE_UNICAST;
	return group ? WIRE_SCOPE_GROUP : WIRE_SCOPE_BAD;
}

/*
 * One hop less, the checksum with it (RFC 1624). False: there is none left, nothing has changed;
 * a router answers this with "time exceeded".
 */
static inline bool wire_inner_hop(uint8_t *ip, const struct wire_inner *i)
{
	uint8_t *hops = ip + (i->family == 4 ? 8 : 7);
	uint16_t sum;

	if (*hops <= 1)
		return false;
	(*hops)--;
	if (i->family == 4) {
		sum = wire_checksum_update(wire_load16(ip + 10), (uint16_t)~WIRE_IP4_TTL_STEP);
		memcpy(ip + 10, &sum, 2);
	}
	return true;
}

/*
 * ECN over a tunnel (RFC 6040), by the lower two bits of the TOS or traffic class.
 *
 * On the way in (§4.1, normal mode) it is copied to the outer header; so is the DSCP, unless the
 * tunnel has one of its own.
 */
#define WIRE_DSCP_COPY 0xff

static inline uint8_t wire_tunnel_tos(uint8_t inner_tos, uint8_t dscp)
{
	if (dscp == WIRE_DSCP_COPY)
		return inner_tos;
	return (uint8_t)(dscp << 2 | (inner_tos & 3));
}

#define WIRE_ECN_DROP 4

/*
 * On the way out (§4.2, figure 4): what the inner header gets, 0 to 3, or WIRE_ECN_DROP: congestion
 * was met that this packet's sender would never hear of otherwise.
 */
static inline uint8_t wire_ecn_out(uint8_t inner, uint8_t outer)
{
	/* Inner Not-ECT (0), ECT(1) (1), ECT(0) (2), CE (3); by outer, 4 bits each. */
	static const uint16_t table[4] = {0x4000, 0x3111, 0x3212, 0x3333};

	return (table[inner & 3] >> (4 * (outer & 3))) & 7;
}

/* Writes what was combined, the checksum with it. False: to be dropped; nothing has changed. */
static inline bool wire_inner_ecn_out(uint8_t *ip, const struct wire_inner *i, uint8_t outer_tos)
{
	uint8_t ecn, old[2] = {0}, new[2] = {0};
	uint16_t sum;

	if (__builtin_expect(((i->tos ^ outer_tos) & 3) == 0, 1)) /* the same for all four */
		return true;
	ecn = wire_ecn_out(i->tos, outer_tos);
	if (ecn == (i->tos & 3))
		return true;
	if (ecn == WIRE_ECN_DROP)
		return false;
	if (i->family == 6) {
		ip[1] = (uint8_t)((ip[1] & 0xcf) | ecn << 4);
		return true;
	}
	old[1] = ip[1];
	ip[1] = new[1] = (uint8_t)((ip[1] & 0xfc) | ecn);
	sum = wire_checksum_update(wire_load16(ip + 10),
				   wire_sum_change(wire_load16(old), wire_load16(new)));
	memcpy(ip + 10, &sum, 2);
	return true;
}

/*
 * What is behind the IPv6 extension headers of this packet: its protocol, and in *off where it
 * starts from the IP header on, at most i->len. ESP (50) and no next header (59) are protocols
 * here. -ENOENT for a fragment other than the first, whose rest is no header; -EINVAL where it
 * can't be said: a header that doesn't fit, or more than WIRE_IP6_EXT_MAX of them.
 */
#define WIRE_IP6_EXT_MAX 8
int wire_inner_upper6(const uint8_t *ip, const struct wire_inner *i, uint16_t *off);

/* The part of the next call that is not for each packet. `tcp`: from the IP header on. */
bool wire_inner_clamp_tcp(uint8_t *ip, const struct wire_inner *i, uint16_t tcp, uint16_t mtu);
bool wire_inner_clamp_ext(uint8_t *ip, const struct wire_inner *i, uint16_t mtu);

/*
 * Lowers the maximum segment size that a TCP SYN tells (RFC 9293 §3.7.1, RFC 6691) to what fits
 * into IP packets of `mtu` bytes: less 40 or 60, never less than 1; the checksum changes with it,
 * and one that was wrong stays wrong. A SYN without the option is left alone, as are options behind
 * one that can't be read, and everything else. True: it was lowered.
 */
static inline bool wire_inner_clamp_mss(uint8_t *ip, const struct wire_inner *i, uint16_t mtu)
{
	uint32_t tcp = i->hlen;

	if (i->proto != WIRE_PROTO_TCP) {
		if (__builtin_expect(i->family == 4 || i->proto == WIRE_PROTO_UDP, 1))
			return false;
		return wire_inner_clamp_ext(ip, i, mtu);
	}
	if (i->len < tcp + WIRE_TCP_HLEN || !(ip[tcp + 13] & WIRE_TCP_SYN))
		return false;
	return wire_inner_clamp_tcp(ip, i, (uint16_t)tcp, mtu);
}

#endif
