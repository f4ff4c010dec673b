/* SPDX-License-Identifier: BSD-3-Clause */
#include "icmp.h"

#include <arpa/inet.h>

#include "icmp_error.h"

#define HOP_LIMIT 64

uint64_t wire_icmp6_sum(const union wire_ip *src, const union wire_ip *dst, const uint8_t *icmp,
			uint16_t len)
{
	return wire_sum_ip(src) + wire_sum_ip(dst) + htons(len) + htons(WIRE_PROTO_ICMP6) +
	       wire_sum(icmp, len);
}

bool wire_icmp_csum_ok(const uint8_t *frame, const struct wire_frame *f)
{
	const uint8_t *icmp = frame + f->l4_off;
	uint64_t sum;

	if (f->payload_len < WIRE_ICMP_HLEN)
		return false;
	if (f->family == 6)
		sum = wire_icmp6_sum(&f->src, &f->dst, icmp, f->payload_len);
	else
		sum = wire_sum(icmp, f->payload_len);
	return wire_sum_fold(sum) == 0xffff;
}

int wire_icmp_echo_parse(const uint8_t *frame, const struct wire_frame *f,
			 struct wire_icmp_echo *echo)
{
	uint8_t request = f->family == 6 ? WIRE_ICMP6_ECHO_REQUEST : WIRE_ICMP4_ECHO_REQUEST;
	uint8_t reply = f->family == 6 ? WIRE_ICMP6_ECHO_REPLY : WIRE_ICMP4_ECHO_REPLY;
	const uint8_t *icmp = frame + f->l4_off;

	if (f->payload_len < WIRE_ICMP_HLEN)
		return -EINVAL;
	if (icmp[0] != request && icmp[0] != reply)
		return -ENOMSG;
	if (icmp[1] != 0 || !wire_icmp_csum_ok(frame, f))
		return -EINVAL;
	echo->request = icmp[0] == request;
	echo->id = wire_get16(icmp + 4);
	echo->seq = wire_get16(icmp + 6);
	echo->data_off = f->l4_off + WIRE_ICMP_HLEN;
	echo->data_len = f->payload_len - WIRE_ICMP_HLEN;
	return 0;
}

/*
 * Summed anew, never updated: the reply to an echo request that is zero but for its type is
 * all zero, and there RFC 1624 gives the other of the two zeros, which nobody accepts.
 */
static void set_checksum(uint8_t *icmp, const union wire_ip *src, const union wire_ip *dst,
			 uint16_t len)
{
	uint16_t sum;

	memset(icmp + 2, 0, 2);
	if (wire_ip_is4(src))
		sum = wire_checksum(wire_sum(icmp, len));
	else
		sum = wire_checksum(wire_icmp6_sum(src, dst, icmp, len));
	memcpy(icmp + 2, &sum, 2);
}

/* From one host to one host, by both layers' addresses. */
static bool may_answer(const uint8_t *frame, const struct wire_frame *f)
{
	return wire_mac_is_unicast(frame + 6) && !wire_mac_is_group(frame) &&
	       wire_ip_is_unicast(&f->src) && wire_ip_is_unicast(&f->dst);
}

/*
 * Identification and DF of an IPv4 request come back with the addresses mirrored; the hop
 * limit starts anew, and ECN is not for ICMP to echo.
 */
static void turn_ip4(uint8_t *ip, const struct wire_frame *f)
{
	uint16_t sum;

	ip[1] &= 0xfc;
	ip[8] = HOP_LIMIT;
	memset(ip + 10, 0, 2);
	memcpy(ip + 12, &f->dst.w[3], 4);
	memcpy(ip + 16, &f->src.w[3], 4);
	sum = wire_checksum(wire_sum(ip, WIRE_IP4_HLEN));
	memcpy(ip + 10, &sum, 2);
}

static void turn_ip6(uint8_t *ip, const struct wire_frame *f)
{
	ip[1] &= 0xcf;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, f->dst.b, 16);
	memcpy(ip + 24, f->src.b, 16);
}

int wire_icmp_echo_reply(uint8_t *frame, const struct wire_frame *f, const uint8_t mac[6])
{
	uint8_t *ip = frame + f->l3_off, *icmp = frame + f->l4_off;
	struct wire_icmp_echo echo;
	int rc = wire_icmp_echo_parse(frame, f, &echo);

	if (rc < 0)
		return rc;
	if (!echo.request)
		return -ENOMSG;
	if (!may_answer(frame, f))
		return -EPERM;

	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, mac, 6);
	if (f->family == 6)
		turn_ip6(ip, f);
	else
		turn_ip4(ip, f);

	icmp[0] = f->family == 6 ? WIRE_ICMP6_ECHO_REPLY : WIRE_ICMP4_ECHO_REPLY;
	set_checksum(icmp, &f->dst, &f->src, f->payload_len);
	return f->payload_off + f->payload_len;
}

int wire_icmp_too_big(uint8_t *buf, size_t cap, const struct wire_link *link,
		      const union wire_ip *src, const uint8_t *frame, const struct wire_frame *f,
		      uint16_t mtu)
{
	const uint8_t *ip = frame + f->l3_off;
	struct wire_inner packet = {
		.len = f->payload_off + f->payload_len - f->l3_off,
		.hlen = (uint8_t)(f->l4_off - f->l3_off),
		.family = f->family,
		.proto = ip[f->family == 6 ? 6 : 9],
		.tos = f->tos,
	};
	size_t l2_hlen = wire_link_hlen(link);
	int rc;

	if (!wire_mac_is_unicast(frame + 6) || wire_mac_is_group(frame))
		return -EPERM;
	rc = wire_icmp_error(buf + l2_hlen, cap > l2_hlen ? cap - l2_hlen : 0, WIRE_ERROR_TOO_BIG,
			     src, ip, &packet, mtu);
	if (rc < 0)
		return rc;
	wire_link_write(buf, link, f->family == 6 ? WIRE_ETHERTYPE_IP6 : WIRE_ETHERTYPE_IP4);
	return (int)l2_hlen + rc;
}
