/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sound frames for tests, made by the book and without lib/wire, so that the two check each
 * other. Addresses: 10.0.0.1 / 2001:db8::1 is ours, .2 / ::2 the neighbour.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum sample_kind { SAMPLE_UDP4, SAMPLE_UDP6, SAMPLE_ECHO4, SAMPLE_ECHO6, SAMPLE_ARP, SAMPLE_NS };

#define SAMPLE_VLAN 100

struct sample {
	uint8_t b[2048];
	size_t len;
	size_t l3, l4;
	bool v6;
};

static const uint8_t sample_our_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
static const uint8_t sample_peer_mac[6] = {0x02, 0, 0, 0, 0, 0x02};
static const uint8_t sample_our_ip4[4] = {10, 0, 0, 1};
static const uint8_t sample_peer_ip4[4] = {10, 0, 0, 2};
static const uint8_t sample_our_ip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
static const uint8_t sample_peer_ip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};

static inline void sample_put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* RFC 1071 §4.1, word by word. */
static inline uint32_t sample_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline void sample_fix_ip4(struct sample *s)
{
	uint8_t *ip = s->b + s->l3;

	sample_put16(ip + 10, 0);
	sample_put16(ip + 10, ~sample_sum(ip, 20, 0));
}

/* The checksum of UDP, ICMP or ICMPv6 over all bytes from l4 to the end of the frame. */
static inline void sample_fix_l4(struct sample *s)
{
	uint8_t proto = s->b[s->l3 + (s->v6 ? 6 : 9)];
	uint8_t *l4 = s->b + s->l4, *field = l4 + (proto == 17 ? 6 : 2);
	size_t len = s->len - s->l4;
	uint32_t sum = 0;

	if (proto != 1) {
		sum = sample_sum(s->b + s->l3 + (s->v6 ? 8 : 12), s->v6 ? 32 : 8, 0);
		sum += (uint32_t)len + proto;
	}
	sample_put16(field, 0);
	sum = ~sample_sum(l4, len, sum) & 0xffff;
	sample_put16(field, proto == 17 && sum == 0 ? 0xffff : sum);
}

static inline void sample_ip4(struct sample *s, uint8_t proto, size_t payload)
{
	uint8_t *ip = s->b + s->l3;

	s->l4 = s->l3 + 20;
	s->len = s->l4 + payload;
	ip[0] = 0x45;
	ip[1] = 0xb9; /* EF, ECT(1) */
	sample_put16(ip + 2, (unsigned int)(20 + payload));
	sample_put16(ip + 4, 0x1234);
	sample_put16(ip + 6, 0x4000);
	ip[8] = 63;
	ip[9] = proto;
	memcpy(ip + 12, sample_peer_ip4, 4);
	memcpy(ip + 16, sample_our_ip4, 4);
	sample_fix_ip4(s);
}

static inline void sample_ip6(struct sample *s, uint8_t proto, uint8_t hops, size_t payload)
{
	uint8_t *ip = s->b + s->l3;

	s->v6 = true;
	s->l4 = s->l3 + 40;
	s->len = s->l4 + payload;
	ip[0] = 0x6b; /* EF, ECT(1) */
	ip[1] = 0x90;
	sample_put16(ip + 4, (unsigned int)payload);
	ip[6] = proto;
	ip[7] = hops;
	memcpy(ip + 8, sample_peer_ip6, 16);
	memcpy(ip + 24, sample_our_ip6, 16);
}

static inline void sample_arp(struct sample *s)
{
	static const uint8_t head[8] = {0, 1, 0x08, 0, 6, 4, 0, 1};
	uint8_t *arp = s->b + s->l3;

	memcpy(arp, head, 8);
	memcpy(arp + 8, sample_peer_mac, 6);
	memcpy(arp + 14, sample_peer_ip4, 4);
	memcpy(arp + 24, sample_our_ip4, 4);
	s->len = s->l3 + 28;
}

/* A solicitation for our address, from the peer, with its MAC address. */
static inline void sample_ns(struct sample *s)
{
	static const uint8_t group[16] = {0xff, 0x02, [11] = 1, 0xff, 0, 0, 1};
	uint8_t *icmp;

	sample_ip6(s, 58, 255, 32);
	memcpy(s->b + s->l3 + 24, group, 16);
	icmp = s->b + s->l4;
	icmp[0] = 135;
	memcpy(icmp + 8, sample_our_ip6, 16);
	icmp[24] = 1;
	icmp[25] = 1;
	memcpy(icmp + 26, sample_peer_mac, 6);
	sample_fix_l4(s);
}

/* UDP from port 4000 to 5004, echo with id 0x1234 and sequence 7: `data` bytes i * 7 follow. */
static inline void sample_fill(struct sample *s, enum sample_kind kind, size_t data)
{
	uint8_t *p = s->b + s->l4;

	if (kind == SAMPLE_UDP4 || kind == SAMPLE_UDP6) {
		sample_put16(p, 4000);
		sample_put16(p + 2, 5004);
		sample_put16(p + 4, (unsigned int)(8 + data));
	} else {
		p[0] = kind == SAMPLE_ECHO4 ? 8 : 128;
		sample_put16(p + 4, 0x1234);
		sample_put16(p + 6, 7);
	}
	for (size_t i = 0; i < data; i++)
		p[8 + i] = (uint8_t)(i * 7);
	sample_fix_l4(s);
}

static inline void sample_make(struct sample *s, enum sample_kind kind, bool vlan, size_t data)
{
	static const uint16_t types[] = {
		[SAMPLE_UDP4] = 0x0800,  [SAMPLE_UDP6] = 0x86dd, [SAMPLE_ECHO4] = 0x0800,
		[SAMPLE_ECHO6] = 0x86dd, [SAMPLE_ARP] = 0x0806,  [SAMPLE_NS] = 0x86dd,
	};

	memset(s, 0, sizeof(*s));
	memcpy(s->b, sample_our_mac, 6);
	memcpy(s->b + 6, sample_peer_mac, 6);
	s->l3 = vlan ? 18 : 14;
	if (vlan) {
		sample_put16(s->b + 12, 0x8100);
		sample_put16(s->b + 14, 0xb000 | SAMPLE_VLAN); /* a priority, may be dropped */
	}
	sample_put16(s->b + s->l3 - 2, types[kind]);
	switch (kind) {
	case SAMPLE_UDP4: sample_ip4(s, 17, 8 + data); break;
	case SAMPLE_UDP6: sample_ip6(s, 17, 63, 8 + data); break;
	case SAMPLE_ECHO4: sample_ip4(s, 1, 8 + data); break;
	case SAMPLE_ECHO6: sample_ip6(s, 58, 63, 8 + data); break;
	case SAMPLE_ARP: sample_arp(s); return;
	case SAMPLE_NS: sample_ns(s); return;
	}
	sample_fill(s, kind, data);
}

#endif
