/* SPDX-License-Identifier: BSD-3-Clause */
#include "fragment.h"

#include <errno.h>

#define FLAG_DF     0x4000
#define FLAG_MF     0x2000
#define OFFSET_MASK 0x1fff
#define UNIT        8u /* of offsets, in bytes */

#define OPTION_END    0
#define OPTION_NOP    1
#define OPTION_COPIED 0x80

#define IP4_MAX 65535u

/* Bytes of what all fragments but the last carry. */
static uint32_t full(uint16_t mtu, uint8_t hlen)
{
	return (mtu - (uint32_t)hlen) / UNIT * UNIT;
}

/* Options for later fragments. 0, or -EINVAL where they can't be read. */
static int copy_options(struct wire_fragments *f)
{
	const uint8_t *option = f->ip + WIRE_IP4_HLEN;
	uint8_t left = f->hlen - WIRE_IP4_HLEN, n, to = 0;

	memset(f->options, OPTION_END, sizeof(f->options));
	while (left > 0 && option[0] != OPTION_END) {
		n = 1;
		if (option[0] != OPTION_NOP) {
			if (left < 2 || option[1] < 2 || option[1] > left)
				return -EINVAL;
			n = option[1];
		}
		if (option[0] & OPTION_COPIED) {
			memcpy(f->options + to, option, n);
			to += n;
		}
		option += n;
		left -= n;
	}
	f->hlen_later = (uint8_t)(WIRE_IP4_HLEN + (to + 3) / 4 * 4);
	return 0;
}

int wire_fragment_start(struct wire_fragments *f, const uint8_t *ip, const struct wire_inner *i,
			uint16_t mtu)
{
	uint32_t payload = (uint32_t)i->len - i->hlen, last, rest;
	uint16_t frag = wire_get16(ip + 6);

	f->ip = ip;
	f->len = i->len;
	f->at = i->hlen;
	f->left = 1;
	f->mtu = mtu;
	f->hlen = i->hlen;
	f->hlen_later = WIRE_IP4_HLEN;
	if (i->len <= mtu)
		return 1;
	if (frag & FLAG_DF)
		return -EMSGSIZE;
	if (mtu < f->hlen + UNIT || copy_options(f) < 0 ||
	    UNIT * (frag & OFFSET_MASK) + payload > IP4_MAX - WIRE_IP4_HLEN)
		return -EINVAL;
	rest = payload - full(mtu, f->hlen);
	last = mtu - (uint32_t)f->hlen_later;
	f->left = 2;
	if (rest > last)
		f->left += (uint16_t)((rest - last + full(mtu, f->hlen_later) - 1) /
				      full(mtu, f->hlen_later));
	return f->left;
}

bool wire_fragment_next(struct wire_fragments *f, uint8_t header[WIRE_IP4_HLEN_MAX],
			struct wire_fragment *piece)
{
	bool first = f->at == f->hlen;
	uint16_t frag = wire_get16(f->ip + 6), sum;

	if (f->left == 0)
		return false;
	f->left--;
	piece->hlen = first ? f->hlen : f->hlen_later;
	piece->off = f->at;
	piece->len = f->len - f->at;
	frag += (f->at - f->hlen) / UNIT;
	if (f->left > 0) {
		piece->len = (uint16_t)full(f->mtu, piece->hlen);
		frag |= FLAG_MF;
	}
	f->at += piece->len;

	memcpy(header, f->ip, WIRE_IP4_HLEN);
	header[0] = (uint8_t)(0x40 | piece->hlen / 4);
	wire_put16(header + 2, piece->hlen + piece->len);
	wire_put16(header + 6, frag);
	memcpy(header + WIRE_IP4_HLEN, first ? f->ip + WIRE_IP4_HLEN : f->options,
	       piece->hlen - WIRE_IP4_HLEN);
	memset(header + 10, 0, 2);
	sum = wire_checksum(wire_sum(header, piece->hlen));
	memcpy(header + 10, &sum, 2);
	return true;
}
