/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP (RFC 792) and ICMPv6 (RFC 4443): echo, and "too big" errors.
 *
 * Every function takes a frame that wire_frame_parse() called WIRE_ICMP4 or WIRE_ICMP6 (for
 * wire_icmp_too_big(), also WIRE_UDP) together with what that call filled in.
 */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "frame.h"
#include "link.h"

#define WIRE_ICMP_HLEN 8

enum wire_icmp4_type {
	WIRE_ICMP4_ECHO_REPLY = 0,
	WIRE_ICMP4_UNREACHABLE = 3,
	WIRE_ICMP4_ECHO_REQUEST = 8,
	WIRE_ICMP4_TIME_EXCEEDED = 11,
};

enum wire_icmp6_type {
	WIRE_ICMP6_UNREACHABLE = 1,
	WIRE_ICMP6_TOO_BIG = 2,
	WIRE_ICMP6_TIME_EXCEEDED = 3,
	WIRE_ICMP6_ECHO_REQUEST = 128,
	WIRE_ICMP6_ECHO_REPLY = 129,
	WIRE_ICMP6_NS = 135,
	WIRE_ICMP6_NA = 136,
	WIRE_ICMP6_REDIRECT = 137,
};

#define WIRE_ICMP4_CODE_FRAG_NEEDED 4

/* Sizes of a built error, from the IP header on: RFC 1812 §4.3.2.3, RFC 4443 §3.2. */
#define WIRE_ICMP4_ERROR_MAX 576
#define WIRE_ICMP6_ERROR_MAX 1280

/* The smallest MTU that an error may name: RFC 791, RFC 8200 §5. */
#define WIRE_IP4_MTU_MIN 68
#define WIRE_IP6_MTU_MIN 1280

struct wire_icmp_echo {
	bool request;
	uint16_t id, seq;
	uint16_t data_off; /* from the start of the frame */
	uint16_t data_len;
};

/* Sum of an ICMPv6 message and its pseudo header: 0xffff folded when it is right. */
uint64_t wire_icmp6_sum(const union wire_ip *src, const union wire_ip *dst, const uint8_t *icmp,
			uint16_t len);

/* False also for a message that is shorter than an ICMP header. */
bool wire_icmp_csum_ok(const uint8_t *frame, const struct wire_frame *f);

/* 0, -EINVAL (too short, wrong checksum or code), -ENOMSG (not echo). */
int wire_icmp_echo_parse(const uint8_t *frame, const struct wire_frame *f,
			 struct wire_icmp_echo *echo);

/*
 * Turns an echo request into its reply in place: to where the frame came from, from the MAC
 * address `mac` and the IP address it was sent to. Length of the frame, without the padding
 * it may have come with; the errors of wire_icmp_echo_parse(), -ENOMSG also for a reply; or
 * -EPERM where there must be no answer: to a group address of either layer, or to a source
 * that is no single host (RFC 1122 §3.2.2.6, RFC 4443 §4.2).
 *
 * The caller has made sure that f->dst is ours.
 */
int wire_icmp_echo_reply(uint8_t *frame, const struct wire_frame *f, const uint8_t mac[6]);

/*
 * Writes the frame that tells the sender of `frame` to send IP packets of at most `mtu`
 * bytes: "fragmentation needed" with the next-hop MTU (RFC 1191 §4) or "packet too big" (RFC
 * 4443 §3.2), from our address `src`, quoting as much of the packet as may be. `link` is
 * usually wire_link_back(). Length; or
 *
 *	-ENOSPC  `cap` is too small; 1280 + 18 bytes always do
 *	-EINVAL  `mtu` is below the family's minimum, or `src` of the other family
 *	-EPERM   no error may answer this packet: it is an ICMP error or redirect itself, went
 *		 to a group address of either layer, or its source is no single host
 *		 (RFC 1122 §3.2.2, RFC 4443 §2.4)
 */
int wire_icmp_too_big(uint8_t *buf, size_t cap, const struct wire_link *link,
		      const union wire_ip *src, const uint8_t *frame, const struct wire_frame *f,
		      uint16_t mtu);

#endif
