/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTPTP: an IP packet is the payload of an RTP packet of transparent data (clearmode, RFC 4040).
 *
 * A payload is one whole IP packet, told by its own header (wire_inner_parse(); bytes behind it are
 * padding), or the keep-alive, a single byte 0x00. All else is an error.
 */
#ifndef WIRE_RTPTP_H
#define WIRE_RTPTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "inner.h"
#include "rtp.h"

#define WIRE_RTPTP_CLOCK_HZ      8000 /* of its RTP timestamps */
#define WIRE_RTPTP_KEEPALIVE     0x00
#define WIRE_RTPTP_KEEPALIVE_LEN 1

/* Asked before wire_inner_parse(), which would call it WIRE_INNER_BAD_VERSION. */
static inline bool wire_rtptp_is_keepalive(const uint8_t *payload, uint32_t len)
{
	return len == WIRE_RTPTP_KEEPALIVE_LEN && payload[0] == WIRE_RTPTP_KEEPALIVE;
}

/* WIRE_RTP_HLEN bytes: no marker, no CSRC, no extension, no padding. */
static inline void wire_rtptp_write(uint8_t *rtp, uint8_t payload_type, uint16_t seq,
				    uint32_t timestamp, uint32_t ssrc)
{
	rtp[0] = 0x80;
	rtp[1] = payload_type & 0x7f;
	wire_put16(rtp + 2, seq);
	wire_put32(rtp + 4, timestamp);
	wire_put32(rtp + 8, ssrc);
}

/*
 * Bytes that a tunnel puts around a packet: IP, UDP, RTP, and `tag`, what SRTP adds behind (10 with
 * SHA1_80, 4 with SHA1_32, 16 with GCM, 0 with none).
 */
static inline uint16_t wire_rtptp_overhead(bool outer6, uint8_t tag)
{
	return (uint16_t)((outer6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN) + WIRE_UDP_HLEN + WIRE_RTP_HLEN +
			  tag);
}

#define WIRE_RTPTP_NAME_MAX 24
#define WIRE_RTPTP_USER_LEN 32

/*
 * A user's record, 32 bytes: address and mask, 16 bytes each, IPv4 as ::ffff:a.b.c.d. An IPv4 mask
 * is written in that form as well (::ffff:255.255.255.0), or with all of its first 96 bits set;
 * `wide_mask` tells, so that writing gives what was read.
 */
struct wire_rtptp_user {
	union wire_ip addr; /* all zero: none is given, and `bits` is 0 */
	uint8_t bits;       /* prefix length in the family's own terms: 0-32 or 0-128 */
	bool wide_mask;     /* IPv4 only */
};

enum wire_rtptp_fault {
	WIRE_USER_OK,
	WIRE_USER_LENGTH,  /* not 32 bytes */
	WIRE_USER_ADDRESS, /* no host's: a group, loopback, broadcast, link-local, 0/8 … */
	WIRE_USER_MASK,    /* ones and zeros mixed; the other family's; a mask of no address */
};

enum wire_rtptp_fault wire_rtptp_user_read(const uint8_t *p, size_t len,
					   struct wire_rtptp_user *user);
void wire_rtptp_user_write(uint8_t p[WIRE_RTPTP_USER_LEN], const struct wire_rtptp_user *user);

/* 1 to 24 bytes of UTF-8 without control characters. */
bool wire_rtptp_name_ok(const char *name, size_t len);

#endif
