/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet, 802.1Q, IPv4/IPv6 and UDP headers of one frame, in one pass.
 *
 * Pure: looks at `len` bytes at `p` and nowhere else. Inline, because it is the first stage
 * of the packet path.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "checksum.h"

#define WIRE_ETH_HLEN  14
#define WIRE_VLAN_HLEN 4
#define WIRE_IP4_HLEN  20
#define WIRE_IP6_HLEN  40
#define WIRE_UDP_HLEN  8

#define WIRE_ETHERTYPE_IP4  0x0800
#define WIRE_ETHERTYPE_ARP  0x0806
#define WIRE_ETHERTYPE_VLAN 0x8100
#define WIRE_ETHERTYPE_IP6  0x86dd

#define WIRE_PROTO_ICMP4 1
#define WIRE_PROTO_UDP   17
#define WIRE_PROTO_ICMP6 58

/* What a frame is; from WIRE_BAD_TRUNCATED on, why it is none of these. */
enum wire_frame_kind {
	WIRE_UDP,
	WIRE_ARP,
	WIRE_ICMP4,
	WIRE_ICMP6,
	WIRE_BAD_TRUNCATED, /* ends inside a header, or before the length a header promises */
	WIRE_BAD_ETHERTYPE,
	WIRE_BAD_IP_VERSION, /* the nibble contradicts the EtherType */
	WIRE_BAD_IP_HEADER,  /* impossible header or total length */
	WIRE_BAD_IP_OPTIONS, /* IPv4 options */
	WIRE_BAD_IP_CSUM,
	WIRE_BAD_FRAGMENT,
	WIRE_BAD_EXT_HEADER, /* an IPv6 extension header */
	WIRE_BAD_PROTOCOL,   /* neither UDP nor ICMP */
	WIRE_BAD_UDP_LENGTH,
};

struct wire_frame {
	union wire_ip src, dst; /* valid for UDP and ICMP */
	uint16_t sport_be, dport_be;
	uint16_t vlan; /* VLAN identifier, 0 if untagged */
	uint16_t l3_off;
	uint16_t l4_off;
	uint16_t payload_off; /* behind UDP; for ICMP the same as l4_off */
	uint16_t payload_len; /* by the innermost length field; link padding is not counted */
	uint8_t family;       /* 4, 6, or 0 */
	uint8_t ttl;
	uint8_t tos; /* DSCP << 2 | ECN */
	bool dont_fragment;
};

static inline uint16_t wire_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wire_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void wire_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void wire_put32(uint8_t *p, uint32_t v)
{
	wire_put16(p, (uint16_t)(v >> 16));
	wire_put16(p + 2, (uint16_t)v);
}

static inline uint16_t wire_load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return v;
}

static inline uint32_t wire_load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static inline uint64_t wire_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

/* Where the headers of a frame are: what the packet path needs to know of it. */
struct wire_headers {
	uint16_t vlan; /* VLAN identifier, 0 if untagged */
	uint16_t l3_off;
	uint16_t payload_len; /* behind UDP, for ICMP behind IP; link padding is not counted */
	uint8_t ip_hlen;      /* 20 or 40 */
	uint8_t family;       /* 4, 6, or 0 */
};

static inline enum wire_frame_kind wire_headers_udp(const uint8_t *udp, uint32_t l4_len,
						    struct wire_headers *h)
{
	uint16_t len;

	if (l4_len < WIRE_UDP_HLEN)
		return WIRE_BAD_UDP_LENGTH;
	len = wire_get16(udp + 4);
	if (len < WIRE_UDP_HLEN || len > l4_len)
		return WIRE_BAD_UDP_LENGTH;
	h->payload_len = len - WIRE_UDP_HLEN;
	return WIRE_UDP;
}

/* Of a header without options; it starts with 0x45, so that its sum is never zero. */
static inline bool wire_ip4_csum_ok(const uint8_t *ip)
{
	uint64_t sum = wire_sum_add(wire_load64(ip), wire_load64(ip + 8));

	return wire_sum_right(wire_sum_add(sum, wire_load32(ip + 16)));
}

static inline enum wire_frame_kind wire_headers_ip4(const uint8_t *ip, uint32_t left,
						    bool check_csum, struct wire_headers *h)
{
	uint32_t total;

	if (left < WIRE_IP4_HLEN)
		return WIRE_BAD_TRUNCATED;
	if (ip[0] != 0x45) {
		if (ip[0] >> 4 != 4)
			return WIRE_BAD_IP_VERSION;
		return (ip[0] & 0x0f) < 5 ? WIRE_BAD_IP_HEADER : WIRE_BAD_IP_OPTIONS;
	}
	total = wire_get16(ip + 2);
	if (total < WIRE_IP4_HLEN)
		return WIRE_BAD_IP_HEADER;
	if (total > left)
		return WIRE_BAD_TRUNCATED;
	if (check_csum && !wire_ip4_csum_ok(ip))
		return WIRE_BAD_IP_CSUM;
	if (wire_load16(ip + 6) & htons(0x3fff)) /* more fragments, or an offset */
		return WIRE_BAD_FRAGMENT;
	h->family = 4;
	h->ip_hlen = WIRE_IP4_HLEN;
	if (ip[9] == WIRE_PROTO_UDP)
		return wire_headers_udp(ip + WIRE_IP4_HLEN, total - WIRE_IP4_HLEN, h);
	h->payload_len = (uint16_t)(total - WIRE_IP4_HLEN);
	return ip[9] == WIRE_PROTO_ICMP4 ? WIRE_ICMP4 : WIRE_BAD_PROTOCOL;
}

/* RFC 8200 §4, RFC 4302, RFC 6275, RFC 7401, RFC 5533. */
static inline enum wire_frame_kind wire_frame_next_header(uint8_t next)
{
	switch (next) {
	case WIRE_PROTO_ICMP6: return WIRE_ICMP6;
	case 44: return WIRE_BAD_FRAGMENT;
	case 0:
	case 43:
	case 51:
	case 60:
	case 135:
	case 139:
	case 140: return WIRE_BAD_EXT_HEADER;
	default: return WIRE_BAD_PROTOCOL;
	}
}

/* ::ffff:0:0/96, which on the wire would pass for IPv4 further on (RFC 4942 §2.2). */
static inline bool wire_ip6_is_mapped(const uint8_t *ip6)
{
	return wire_load64(ip6) == 0 && wire_load32(ip6 + 8) == WIRE_IP4_PREFIX;
}

static inline enum wire_frame_kind wire_headers_ip6(const uint8_t *ip, uint32_t left,
						    struct wire_headers *h)
{
	uint32_t plen;

	if (left < WIRE_IP6_HLEN)
		return WIRE_BAD_TRUNCATED;
	if (ip[0] >> 4 != 6)
		return WIRE_BAD_IP_VERSION;
	plen = wire_get16(ip + 4);
	if (plen > left - WIRE_IP6_HLEN)
		return WIRE_BAD_TRUNCATED;
	if (wire_ip6_is_mapped(ip + 8) || wire_ip6_is_mapped(ip + 24))
		return WIRE_BAD_IP_HEADER;
	h->family = 6;
	h->ip_hlen = WIRE_IP6_HLEN;
	if (ip[6] == WIRE_PROTO_UDP)
		return wire_headers_udp(ip + WIRE_IP6_HLEN, plen, h);
	h->payload_len = (uint16_t)plen;
	return wire_frame_next_header(ip[6]);
}

/*
 * Finds the headers and says what the frame is. `check_ip4_csum` is false where the device has
 * verified the IPv4 header checksum already. On WIRE_BAD_* only `vlan` is valid.
 */
static inline enum wire_frame_kind wire_headers_parse(const uint8_t *p, uint32_t len,
						      bool check_ip4_csum, struct wire_headers *h)
{
	uint16_t type;

	h->vlan = 0;
	h->family = 0;
	h->ip_hlen = 0;
	h->payload_len = 0;
	h->l3_off = WIRE_ETH_HLEN;
	if (len < WIRE_ETH_HLEN)
		return WIRE_BAD_TRUNCATED;
	type = wire_load16(p + 12);
	if (type == htons(WIRE_ETHERTYPE_VLAN)) {
		if (len < WIRE_ETH_HLEN + WIRE_VLAN_HLEN)
			return WIRE_BAD_TRUNCATED;
		h->vlan = wire_get16(p + 14) & 0x0fff;
		h->l3_off = WIRE_ETH_HLEN + WIRE_VLAN_HLEN;
		type = wire_load16(p + 16);
	}
	if (type == htons(WIRE_ETHERTYPE_IP4))
		return wire_headers_ip4(p + h->l3_off, len - h->l3_off, check_ip4_csum, h);
	if (type == htons(WIRE_ETHERTYPE_IP6))
		return wire_headers_ip6(p + h->l3_off, len - h->l3_off, h);
	return type == htons(WIRE_ETHERTYPE_ARP) ? WIRE_ARP : WIRE_BAD_ETHERTYPE;
}

/* What the checksum of an IPv4 header sees of one hop less: the word of TTL and protocol. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE_IP4_TTL_STEP 0x0001
#else
#define WIRE_IP4_TTL_STEP 0x0100
#endif

/* Version 4, 20 bytes of header, no fragment: what is looked at, and what must be there. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE_IP4_PLAIN_MASK UINT64_C(0xff3f0000000000ff)
#define WIRE_IP4_PLAIN      UINT64_C(0x0000000000000045)
#else
#define WIRE_IP4_PLAIN_MASK UINT64_C(0xff00000000003fff)
#define WIRE_IP4_PLAIN      UINT64_C(0x4500000000000000)
#endif

/*
 * Are these `len` bytes from an IPv4 header on what nearly every packet is, one whole UDP
 * datagram without options or faults? Then wire_headers_parse() says WIRE_UDP as well, and
 * *udp_len is the length of the datagram. False says nothing.
 */
static inline bool wire_ip4_plain(const uint8_t *ip, uint32_t len, bool check_csum,
				  uint32_t *udp_len)
{
	uint32_t total;

	if (len < WIRE_IP4_HLEN + WIRE_UDP_HLEN)
		return false;
	total = wire_get16(ip + 2);
	*udp_len = wire_get16(ip + WIRE_IP4_HLEN + 4);
	return (wire_load64(ip) & WIRE_IP4_PLAIN_MASK) == WIRE_IP4_PLAIN &&
	       ip[9] == WIRE_PROTO_UDP && total <= len && *udp_len + WIRE_IP4_HLEN == total &&
	       *udp_len >= WIRE_UDP_HLEN && (!check_csum || wire_ip4_csum_ok(ip));
}

/* The same from an IPv6 header on. */
static inline bool wire_ip6_plain(const uint8_t *ip, uint32_t len, uint32_t *udp_len)
{
	if (len < WIRE_IP6_HLEN + WIRE_UDP_HLEN)
		return false;
	*udp_len = wire_get16(ip + WIRE_IP6_HLEN + 4);
	return ip[0] >> 4 == 6 && ip[6] == WIRE_PROTO_UDP && *udp_len == wire_get16(ip + 4) &&
	       *udp_len <= len - WIRE_IP6_HLEN && *udp_len >= WIRE_UDP_HLEN &&
	       wire_load64(ip + 8) != 0 && wire_load64(ip + 24) != 0;
}

/* The same with every field read out, for those who have time. See wire_headers_parse(). */
static inline enum wire_frame_kind wire_frame_parse(const uint8_t *p, uint32_t len,
						    bool check_ip4_csum, struct wire_frame *f)
{
	struct wire_headers h;
	enum wire_frame_kind kind = wire_headers_parse(p, len, check_ip4_csum, &h);
	const uint8_t *ip = p + h.l3_off;

	memset(f, 0, sizeof(*f));
	f->vlan = h.vlan;
	f->l3_off = h.l3_off;
	f->family = h.family;
	if (h.family == 0)
		return kind;
	f->l4_off = f->payload_off = h.l3_off + h.ip_hlen;
	f->payload_len = h.payload_len;
	if (h.family == 4) {
		f->src = wire_ip_from4(wire_load32(ip + 12));
		f->dst = wire_ip_from4(wire_load32(ip + 16));
		f->tos = ip[1];
		f->ttl = ip[8];
		f->dont_fragment = (ip[6] & 0x40) != 0;
	} else {
		f->src = wire_ip_from6(ip + 8);
		f->dst = wire_ip_from6(ip + 24);
		f->tos = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
		f->ttl = ip[7];
		f->dont_fragment = true;
	}
	if (kind == WIRE_UDP) {
		f->sport_be = wire_load16(p + f->l4_off);
		f->dport_be = wire_load16(p + f->l4_off + 2);
		f->payload_off += WIRE_UDP_HLEN;
	}
	return kind;
}

/* Sums of what a relay replaces: addresses and ports, where UDP follows. */
static inline uint64_t wire_sum_tuple4(const uint8_t *ip)
{
	return (uint64_t)wire_load32(ip + 12) + wire_load32(ip + 16) + wire_load32(ip + 20);
}

static inline uint64_t wire_sum_tuple6(const uint8_t *ip)
{
	uint64_t sum = 0;

	for (unsigned int i = 8; i < 44; i += 4)
		sum += wire_load32(ip + i);
	return sum;
}

/*
 * Is the UDP checksum right? `ip` is the IP header, `udp_len` counts the UDP header. A zero
 * field is "none", which only IPv4 allows (RFC 768, RFC 8200 §8.1). In both families the
 * addresses stand right before UDP, so that they and the datagram are summed in one go.
 */
static inline bool wire_udp_csum_ok(const uint8_t *ip, uint8_t ip_hlen, uint16_t udp_len)
{
	unsigned int addr_len = ip_hlen == WIRE_IP4_HLEN ? 8 : 32;

	if (wire_load16(ip + ip_hlen + 6) == 0)
		return ip_hlen == WIRE_IP4_HLEN;
	return wire_sum_right(wire_sum_around((uint32_t)htons(udp_len) + htons(WIRE_PROTO_UDP),
					      ip + ip_hlen - addr_len, addr_len + udp_len));
}

static inline bool wire_frame_udp_csum_ok(const uint8_t *p, const struct wire_frame *f)
{
	return wire_udp_csum_ok(p + f->l3_off, (uint8_t)(f->l4_off - f->l3_off),
				f->payload_len + WIRE_UDP_HLEN);
}

#endif
