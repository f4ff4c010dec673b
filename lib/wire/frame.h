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

static inline enum wire_frame_kind wire_frame_udp(const uint8_t *p, uint32_t l4_len,
						  struct wire_frame *f)
{
	const uint8_t *udp = p + f->l4_off;
	uint16_t len;

	if (l4_len < WIRE_UDP_HLEN)
		return WIRE_BAD_UDP_LENGTH;
	len = wire_get16(udp + 4);
	if (len < WIRE_UDP_HLEN || len > l4_len)
		return WIRE_BAD_UDP_LENGTH;
	memcpy(&f->sport_be, udp, 2);
	memcpy(&f->dport_be, udp + 2, 2);
	f->payload_off = f->l4_off + WIRE_UDP_HLEN;
	f->payload_len = len - WIRE_UDP_HLEN;
	return WIRE_UDP;
}

static inline enum wire_frame_kind wire_frame_ip4(const uint8_t *p, uint32_t len, bool check_csum,
						  struct wire_frame *f)
{
	const uint8_t *ip = p + f->l3_off;
	uint32_t left = len - f->l3_off, total, word;
	uint16_t frag;

	if (left < WIRE_IP4_HLEN)
		return WIRE_BAD_TRUNCATED;
	if (ip[0] >> 4 != 4)
		return WIRE_BAD_IP_VERSION;
	if ((ip[0] & 0x0f) < 5)
		return WIRE_BAD_IP_HEADER;
	if ((ip[0] & 0x0f) > 5)
		return WIRE_BAD_IP_OPTIONS;
	total = wire_get16(ip + 2);
	if (total < WIRE_IP4_HLEN)
		return WIRE_BAD_IP_HEADER;
	if (total > left)
		return WIRE_BAD_TRUNCATED;
	if (check_csum && wire_sum_fold(wire_sum(ip, WIRE_IP4_HLEN)) != 0xffff)
		return WIRE_BAD_IP_CSUM;
	frag = wire_get16(ip + 6);
	if (frag & 0x3fff) /* more fragments, or an offset */
		return WIRE_BAD_FRAGMENT;

	memcpy(&word, ip + 12, 4);
	f->src = wire_ip_from4(word);
	memcpy(&word, ip + 16, 4);
	f->dst = wire_ip_from4(word);
	f->family = 4;
	f->tos = ip[1];
	f->ttl = ip[8];
	f->dont_fragment = (frag & 0x4000) != 0;
	f->l4_off = f->l3_off + WIRE_IP4_HLEN;
	if (ip[9] == WIRE_PROTO_UDP)
		return wire_frame_udp(p, total - WIRE_IP4_HLEN, f);
	f->payload_off = f->l4_off;
	f->payload_len = (uint16_t)(total - WIRE_IP4_HLEN);
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

static inline enum wire_frame_kind wire_frame_ip6(const uint8_t *p, uint32_t len,
						  struct wire_frame *f)
{
	const uint8_t *ip = p + f->l3_off;
	uint32_t left = len - f->l3_off, plen;

	if (left < WIRE_IP6_HLEN)
		return WIRE_BAD_TRUNCATED;
	if (ip[0] >> 4 != 6)
		return WIRE_BAD_IP_VERSION;
	plen = wire_get16(ip + 4);
	if (plen > left - WIRE_IP6_HLEN)
		return WIRE_BAD_TRUNCATED;

	f->src = wire_ip_from6(ip + 8);
	f->dst = wire_ip_from6(ip + 24);
	/* A mapped address on the wire would pass for IPv4 further on (RFC 4942 §2.2). */
	if (wire_ip_is4(&f->src) || wire_ip_is4(&f->dst))
		return WIRE_BAD_IP_HEADER;
	f->family = 6;
	f->tos = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	f->ttl = ip[7];
	f->dont_fragment = true;
	f->l4_off = f->l3_off + WIRE_IP6_HLEN;
	if (ip[6] == WIRE_PROTO_UDP)
		return wire_frame_udp(p, plen, f);
	f->payload_off = f->l4_off;
	f->payload_len = (uint16_t)plen;
	return wire_frame_next_header(ip[6]);
}

/*
 * Fills `f` and says what the frame is. `check_ip4_csum` is false where the device has
 * verified the IPv4 header checksum already. The UDP checksum is wire_frame_udp_csum_ok()'s.
 * On WIRE_BAD_* only `vlan`, and whatever was read before the fault, is valid.
 */
static inline enum wire_frame_kind wire_frame_parse(const uint8_t *p, uint32_t len,
						    bool check_ip4_csum, struct wire_frame *f)
{
	uint16_t type;

	f->vlan = 0;
	f->family = 0;
	if (len < WIRE_ETH_HLEN)
		return WIRE_BAD_TRUNCATED;
	f->l3_off = WIRE_ETH_HLEN;
	type = wire_get16(p + 12);
	if (type == WIRE_ETHERTYPE_VLAN) {
		if (len < WIRE_ETH_HLEN + WIRE_VLAN_HLEN)
			return WIRE_BAD_TRUNCATED;
		f->vlan = wire_get16(p + 14) & 0x0fff;
		type = wire_get16(p + 16);
		f->l3_off = WIRE_ETH_HLEN + WIRE_VLAN_HLEN;
	}
	switch (type) {
	case WIRE_ETHERTYPE_IP4: return wire_frame_ip4(p, len, check_ip4_csum, f);
	case WIRE_ETHERTYPE_IP6: return wire_frame_ip6(p, len, f);
	case WIRE_ETHERTYPE_ARP: return WIRE_ARP;
	default: return WIRE_BAD_ETHERTYPE;
	}
}

/* Sum of what a UDP checksum covers besides the UDP header and payload (RFC 768, RFC 8200 §8.1). */
static inline uint64_t wire_sum_pseudo(const struct wire_frame *f, uint16_t l4_len)
{
	return wire_sum_ip(&f->src) + wire_sum_ip(&f->dst) + htons(l4_len) + htons(WIRE_PROTO_UDP);
}

/* A zero field is "none", which only IPv4 allows (RFC 768, RFC 8200 §8.1). */
static inline bool wire_frame_udp_csum_ok(const uint8_t *p, const struct wire_frame *f)
{
	uint16_t len = f->payload_len + WIRE_UDP_HLEN, field;

	memcpy(&field, p + f->l4_off + 6, 2);
	if (field == 0)
		return f->family == 4;
	return wire_sum_fold(wire_sum_pseudo(f, len) + wire_sum(p + f->l4_off, len)) == 0xffff;
}

#endif
