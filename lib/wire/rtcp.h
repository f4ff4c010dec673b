/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside an RTCP compound: whom it is about, and feedback taken out of it (RFC 3550 §6, RFC 4585
 * §6). Pure and inline: part of the packet path, though of few packets.
 */
#ifndef WIRE_RTCP_H
#define WIRE_RTCP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "rtp.h"

enum wire_rtcp_type {
	WIRE_RTCP_SR = 200,
	WIRE_RTCP_RR = 201,
	WIRE_RTCP_SDES = 202,
	WIRE_RTCP_BYE = 203,
	WIRE_RTCP_APP = 204,
	WIRE_RTCP_RTPFB = 205,
	WIRE_RTCP_PSFB = 206,
	WIRE_RTCP_XR = 207,
};

#define WIRE_RTCP_PSFB_AFB 15 /* application layer feedback: REMB */

/* Bytes of the first packet of `len`; 0 if it is not one or does not fit. */
static inline uint32_t wire_rtcp_first(const uint8_t *p, uint32_t len)
{
	uint32_t n;

	if (len < 4 || p[0] >> 6 != 2)
		return 0;
	n = 4 * (1u + wire_get16(p + 2));
	return n <= len ? n : 0;
}

static inline bool wire_rtcp_is_feedback(const uint8_t *p)
{
	return p[1] == WIRE_RTCP_RTPFB || p[1] == WIRE_RTCP_PSFB;
}

/* The SSRC of who sends a compound that wire_rtcp_ok() takes, by its first packet. */
static inline uint32_t wire_rtcp_sender(const uint8_t *p)
{
	return wire_get32(p + 4);
}

/*
 * The SSRC whose stream one packet of `n` bytes is about: of the first report block, or of
 * feedback; where feedback names none in its header (FIR and the like, RFC 5104 §4.2-4.3; REMB),
 * of its first entry. False: about none.
 */
static inline bool wire_rtcp_about(const uint8_t *p, uint32_t n, uint32_t *ssrc)
{
	uint32_t off;

	switch (p[1]) {
	case WIRE_RTCP_SR:
	case WIRE_RTCP_RR:
		if ((p[0] & 31) == 0)
			return false;
		off = p[1] == WIRE_RTCP_SR ? 28 : 8;
		break;
	case WIRE_RTCP_RTPFB:
	case WIRE_RTCP_PSFB:
		off = 8;
		if (n >= 12 && wire_get32(p + 8) == 0)
			off = p[1] == WIRE_RTCP_PSFB && (p[0] & 31) == WIRE_RTCP_PSFB_AFB ? 20 : 12;
		break;
	default: return false;
	}
	if (n < off + 4)
		return false;
	*ssrc = wire_get32(p + off);
	return true;
}

/*
 * Takes transport and payload specific feedback out of a compound, in place, and gives what is
 * left, in bytes: 0 if that would not even name its sender. -1, and nothing touched, if lengths
 * don't fit.
 */
static inline int wire_rtcp_drop_feedback(uint8_t *p, uint32_t len)
{
	uint32_t from = 0, to = 0, n;

	if (!wire_rtcp_ok(p, len, false))
		return -1;
	for (; from < len; from += n) {
		n = wire_rtcp_first(p + from, len - from);
		if (wire_rtcp_is_feedback(p + from))
			continue;
		if (to != from)
			memmove(p + to, p + from, n);
		to += n;
	}
	return to < WIRE_RTCP_HLEN ? 0 : (int)to;
}

#endif
