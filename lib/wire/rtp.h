/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTP (RFC 3550 §5.1), RTCP's outline (§6.1) and what shares a port with them (RFC 7983).
 * Pure and inline: part of the packet path.
 */
#ifndef WIRE_RTP_H
#define WIRE_RTP_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

#define WIRE_RTP_HLEN    12
#define WIRE_RTCP_HLEN   8 /* the smallest packet that names its sender */
#define WIRE_STUN_HLEN   20
#define WIRE_STUN_COOKIE 0x2112a442
#define WIRE_DTLS_HLEN   13

enum wire_media {
	WIRE_MEDIA_RTP,
	WIRE_MEDIA_RTCP,
	WIRE_MEDIA_STUN,
	WIRE_MEDIA_DTLS,
	WIRE_MEDIA_BAD_RTP,  /* version 2, but lengths that can't be */
	WIRE_MEDIA_BAD_RTCP, /* the same */
	WIRE_MEDIA_UNKNOWN,  /* none of these */
};

struct wire_rtp {
	uint32_t ssrc;
	uint32_t timestamp;
	uint16_t seq;
	uint8_t payload_type;
	bool marker;
	uint16_t payload_off; /* from the start of the RTP header */
	uint16_t payload_len; /* padding taken off */
};

/* Bytes of a version 2 header with its CSRC list and extension; 0 if these don't fit. */
static inline uint32_t wire_rtp_header_len(const uint8_t *p, uint32_t len)
{
	uint32_t off = WIRE_RTP_HLEN;

	if (len < WIRE_RTP_HLEN || p[0] >> 6 != 2)
		return 0;
	off += 4u * (p[0] & 0x0f);
	if (p[0] & 0x10) {
		if (len < off + 4)
			return 0;
		off += 4 + 4u * wire_get16(p + off + 2);
	}
	return off <= len ? off : 0;
}

/*
 * A header that fits, with padding of 1 byte up to the whole payload where there is some. *off
 * and *pad are what stands before and behind the payload.
 */
static inline bool wire_rtp_bounds(const uint8_t *p, uint32_t len, uint32_t *off, uint32_t *pad)
{
	*pad = 0;
	*off = WIRE_RTP_HLEN;
	if (__builtin_expect(len >= WIRE_RTP_HLEN && p[0] == 0x80, 1))
		return true; /* nothing but the fixed header, as nearly always */
	*off = wire_rtp_header_len(p, len);
	if (*off == 0)
		return false;
	if (p[0] & 0x20) {
		*pad = p[len - 1];
		return *pad != 0 && *pad <= len - *off;
	}
	return true;
}

static inline bool wire_rtp_ok(const uint8_t *p, uint32_t len)
{
	uint32_t off, pad;

	return wire_rtp_bounds(p, len, &off, &pad);
}

/* The same for SRTP, where the length of the padding is encrypted. */
static inline bool wire_srtp_ok(const uint8_t *p, uint32_t len)
{
	return wire_rtp_header_len(p, len) != 0;
}

/* Reads a header that wire_rtp_ok() would take; false otherwise. */
static inline bool wire_rtp_parse(const uint8_t *p, uint32_t len, struct wire_rtp *rtp)
{
	uint32_t off, pad;

	if (!wire_rtp_bounds(p, len, &off, &pad))
		return false;
	rtp->marker = p[1] >> 7;
	rtp->payload_type = p[1] & 0x7f;
	rtp->seq = wire_get16(p + 2);
	rtp->timestamp = wire_get32(p + 4);
	rtp->ssrc = wire_get32(p + 8);
	rtp->payload_off = (uint16_t)off;
	rtp->payload_len = (uint16_t)(len - off - pad);
	return true;
}

/* Second byte 192-223: RTCP, where RTP and RTCP share a port (RFC 5761 §4). */
static inline bool wire_is_rtcp_type(uint8_t second)
{
	return second >= 192 && second <= 223;
}

/*
 * Every packet of the compound has version 2 and a length that fits. The types are not
 * judged: reduced-size RTCP (RFC 5506) passes, and so does SRTCP's first header, which is
 * all that is in the clear; `first_only` looks at no more than that.
 */
static inline bool wire_rtcp_ok(const uint8_t *p, uint32_t len, bool first_only)
{
	if (len < WIRE_RTCP_HLEN)
		return false;
	while (len >= 4) {
		uint32_t n = 4 * (1u + wire_get16(p + 2));

		if (p[0] >> 6 != 2 || n > len)
			return false;
		if (first_only)
			return true;
		p += n;
		len -= n;
	}
	return len == 0;
}

/* RFC 8489 §5: two zero bits, the cookie, a length that fits and is a multiple of four. */
static inline bool wire_is_stun(const uint8_t *p, uint32_t len)
{
	return len >= WIRE_STUN_HLEN && p[0] < 4 && wire_get32(p + 4) == WIRE_STUN_COOKIE &&
	       wire_get16(p + 2) % 4 == 0 && wire_get16(p + 2) == len - WIRE_STUN_HLEN;
}

/* Content type 20-63 and a first record that fits (RFC 6347 §4.1; RFC 9147's records too). */
static inline bool wire_is_dtls(const uint8_t *p, uint32_t len)
{
	if (len < 1 || p[0] < 20 || p[0] > 63)
		return false;
	if (p[0] >= 32) /* unified header of DTLS 1.3: its length is optional */
		return len >= 3;
	return len >= WIRE_DTLS_HLEN && p[1] == 0xfe && wire_get16(p + 11) <= len - WIRE_DTLS_HLEN;
}

/* RTP of twelve bytes of header: what nearly all media is. */
static inline bool wire_is_plain_rtp(const uint8_t *p, uint32_t len)
{
	return len >= WIRE_RTP_HLEN && p[0] == 0x80 && !wire_is_rtcp_type(p[1]);
}

/* What is it? WIRE_MEDIA_RTP is what wire_rtp_ok() takes. */
static inline enum wire_media wire_media_classify(const uint8_t *p, uint32_t len)
{
	if (len < 2)
		return WIRE_MEDIA_UNKNOWN;
	if (p[0] >> 6 == 2) {
		if (wire_is_rtcp_type(p[1]))
			return wire_rtcp_ok(p, len, true) ? WIRE_MEDIA_RTCP : WIRE_MEDIA_BAD_RTCP;
		return wire_rtp_ok(p, len) ? WIRE_MEDIA_RTP : WIRE_MEDIA_BAD_RTP;
	}
	if (wire_is_stun(p, len))
		return WIRE_MEDIA_STUN;
	if (wire_is_dtls(p, len))
		return WIRE_MEDIA_DTLS;
	return WIRE_MEDIA_UNKNOWN;
}

#endif
