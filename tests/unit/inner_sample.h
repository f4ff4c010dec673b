/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sound IP packets for tests of what goes through tunnels, from the IP header on, made by the book
 * and without lib/wire. From 10.9.0.2 / 2001:db8:9::2 to 10.8.0.1 / 2001:db8:8::1.
 */
#ifndef INNER_SAMPLE_H
#define INNER_SAMPLE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "sample.h"

#include "inner.h"

struct packet {
	uint8_t b[65536];
	uint32_t len;
	uint32_t hlen;
};

static const uint8_t packet_src4[4] = {10, 9, 0, 2};
static const uint8_t packet_dst4[4] = {10, 8, 0, 1};
static const uint8_t packet_src6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 9, [15] = 2};
static const uint8_t packet_dst6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 8, [15] = 1};

static inline void packet_fix_ip4(struct packet *p)
{
	sample_put16(p->b + 10, 0);
	sample_put16(p->b + 10, ~sample_sum(p->b, p->hlen, 0));
}

/* `options_len` is a multiple of four. The payload is i * 5. */
static inline void packet_ip4(struct packet *p, uint8_t proto, const uint8_t *options,
			      uint32_t options_len, uint32_t payload)
{
	memset(p->b, 0, 64);
	p->hlen = 20 + options_len;
	p->len = p->hlen + payload;
	p->b[0] = (uint8_t)(0x40 | p->hlen / 4);
	p->b[1] = 0xb8;
	sample_put16(p->b + 2, p->len);
	sample_put16(p->b + 4, 0x1234);
	p->b[8] = 64;
	p->b[9] = proto;
	memcpy(p->b + 12, packet_src4, 4);
	memcpy(p->b + 16, packet_dst4, 4);
	if (options_len > 0)
		memcpy(p->b + 20, options, options_len);
	for (uint32_t i = 0; i < payload; i++)
		p->b[p->hlen + i] = (uint8_t)(i * 5);
	packet_fix_ip4(p);
}

/* The extension headers, whose first has the number `next`, are before the payload. */
static inline void packet_ip6(struct packet *p, uint8_t next, const uint8_t *ext, uint32_t ext_len,
			      uint32_t payload)
{
	p->hlen = 40;
	p->len = 40 + ext_len + payload;
	memset(p->b, 0, 40);
	p->b[0] = 0x6b; /* class 0xb8, and some flow label */
	p->b[1] = 0x81;
	p->b[2] = 0x23;
	sample_put16(p->b + 4, p->len - 40);
	p->b[6] = next;
	p->b[7] = 64;
	memcpy(p->b + 8, packet_src6, 16);
	memcpy(p->b + 24, packet_dst6, 16);
	if (ext_len > 0)
		memcpy(p->b + 40, ext, ext_len);
	for (uint32_t i = 0; i < payload; i++)
		p->b[40 + ext_len + i] = (uint8_t)(i * 5);
}

/* Over the pseudo header: of TCP and ICMPv6 that stands at `l4`. */
static inline uint32_t packet_l4_sum(const struct packet *p, uint32_t l4, uint8_t proto)
{
	bool v6 = p->b[0] >> 4 == 6;
	uint32_t len = p->len - l4, sum;

	sum = sample_sum(p->b + (v6 ? 8 : 12), v6 ? 32 : 8, len + proto);
	return sample_sum(p->b + l4, len, sum);
}

/* A TCP header at `l4` with these flags and options, a multiple of four, and a good checksum. */
static inline void packet_tcp(struct packet *p, uint32_t l4, uint8_t flags, const uint8_t *options,
			      uint32_t options_len)
{
	uint8_t *t = p->b + l4;

	memset(t, 0, 20);
	sample_put16(t, 40000);
	sample_put16(t + 2, 443);
	t[7] = 9;
	t[12] = (uint8_t)((20 + options_len) / 4 << 4);
	t[13] = flags;
	sample_put16(t + 14, 0xfaf0);
	if (options_len > 0)
		memcpy(t + 20, options, options_len);
	sample_put16(t + 16, ~packet_l4_sum(p, l4, 6));
}

/* In memory of its exact size, parsed. Free `p`. */
struct parsed {
	uint8_t *p;
	struct wire_inner i;
	enum wire_inner_kind kind;
};

static inline struct parsed packet_parse(const struct packet *p)
{
	struct parsed r = {.p = exact_copy(p->b, p->len)};

	r.kind = wire_inner_parse(r.p, p->len, true, &r.i);
	return r;
}

#endif
