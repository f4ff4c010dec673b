/* SPDX-License-Identifier: BSD-3-Clause */
#include "inner.h"

#include <errno.h>

#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2
#define TCP_MSS_LEN    4

/* Bytes of the extension header at `p`, of which eight may be read; 0: it is none. */
static uint32_t extension_len(uint8_t proto, const uint8_t *p)
{
	switch (wire_frame_next_header(proto)) {
	case WIRE_BAD_FRAGMENT: return 8;
	case WIRE_BAD_EXT_HEADER:
		return proto == WIRE_PROTO_AH ? 4u * (p[1] + 2u) : 8u * (p[1] + 1u);
	default: return 0;
	}
}

int wire_inner_upper6(const uint8_t *ip, const struct wire_inner *i, uint16_t *off)
{
	static const uint8_t none[8];
	uint8_t proto = i->proto;
	uint32_t at = WIRE_IP6_HLEN;

	for (unsigned int n = 0;; n++) {
		bool fits = i->len - at >= sizeof(none);
		const uint8_t *p = fits ? ip + at : none;
		uint32_t len = extension_len(proto, p);

		if (len == 0) {
			*off = (uint16_t)at;
			return proto;
		}
		if (!fits || len > i->len - at || n == WIRE_IP6_EXT_MAX)
			return -EINVAL;
		if (proto == WIRE_PROTO_FRAG6 && wire_get16(p + 2) >> 3 != 0)
			return -ENOENT;
		proto = p[0];
		at += len;
	}
}

/* The value at `off` of the TCP header, which may begin at an odd byte and so stand in two words.
 */
static bool lower_mss(uint8_t *tcp, uint32_t off, uint16_t max)
{
	uint16_t sum, old = wire_load16(tcp + off), change;

	if (wire_get16(tcp + off) <= max)
		return false;
	wire_put16(tcp + off, max);
	change = wire_sum_change(old, wire_load16(tcp + off));
	if (off % 2 != 0)
		change = (uint16_t)(change << 8 | change >> 8);
	sum = wire_checksum_update(wire_load16(tcp + 16), change);
	memcpy(tcp + 16, &sum, 2);
	return true;
}

bool wire_inner_clamp_tcp(uint8_t *ip, const struct wire_inner *i, uint16_t tcp, uint16_t mtu)
{
	uint16_t fixed = (i->family == 4 ? WIRE_IP4_HLEN : WIRE_IP6_HLEN) + WIRE_TCP_HLEN;
	uint16_t max = mtu > fixed ? mtu - fixed : 1;
	uint32_t hlen = 4u * (ip[tcp + 12] >> 4), at = WIRE_TCP_HLEN;
	uint8_t *t = ip + tcp;
	bool lowered = false;

	if (i->family == 4 && (wire_load16(ip + 6) & htons(0x1fff)))
		return false; /* these bytes are no header */
	if (hlen > (uint32_t)i->len - tcp)
		return false;
	while (at < hlen && t[at] != TCP_OPTION_END) {
		if (t[at] == TCP_OPTION_NOP) {
			at++;
			continue;
		}
		if (hlen - at < 2 || t[at + 1] < 2 || t[at + 1] > hlen - at)
			break;
		if (t[at] == TCP_OPTION_MSS && t[at + 1] == TCP_MSS_LEN)
			lowered |= lower_mss(t, at + 2, max);
		at += t[at + 1];
	}
	return lowered;
}

bool wire_inner_clamp_ext(uint8_t *ip, const struct wire_inner *i, uint16_t mtu)
{
	uint16_t tcp;

	if (wire_inner_upper6(ip, i, &tcp) != WIRE_PROTO_TCP)
		return false;
	if (i->len - tcp < WIRE_TCP_HLEN || !(ip[tcp + 13] & WIRE_TCP_SYN))
		return false;
	return wire_inner_clamp_tcp(ip, i, tcp, mtu);
}
