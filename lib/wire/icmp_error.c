/* SPDX-License-Identifier: BSD-3-Clause */
#include "icmp_error.h"

#include <errno.h>

#include "icmp.h"
#include "ip.h"

#define HOP_LIMIT 64

/* Internetwork control: what RFC 1812 §4.3.2.5 wants for ICMP errors. */
#define TOS_ICMP_ERROR 0xc0

/* Type and code, of IPv4 and of IPv6. */
static const uint8_t type_of[][2][2] = {
	[WIRE_ERROR_TOO_BIG] = {{WIRE_ICMP4_UNREACHABLE, WIRE_ICMP4_CODE_FRAG_NEEDED},
				{WIRE_ICMP6_TOO_BIG, 0}},
	[WIRE_ERROR_TIME_EXCEEDED] = {{WIRE_ICMP4_TIME_EXCEEDED, 0}, {WIRE_ICMP6_TIME_EXCEEDED, 0}},
	[WIRE_ERROR_NO_ROUTE] = {{WIRE_ICMP4_UNREACHABLE, 0}, {WIRE_ICMP6_UNREACHABLE, 0}},
	[WIRE_ERROR_NO_HOST] = {{WIRE_ICMP4_UNREACHABLE, 1}, {WIRE_ICMP6_UNREACHABLE, 3}},
	[WIRE_ERROR_PROHIBITED] = {{WIRE_ICMP4_UNREACHABLE, 13}, {WIRE_ICMP6_UNREACHABLE, 1}},
};

/* Only queries and their replies are none; a type that nobody knows may be one. */
static bool is_error4(const uint8_t *icmp, uint32_t len)
{
	return len < WIRE_ICMP_HLEN ||
	       (icmp[0] != WIRE_ICMP4_ECHO_REPLY && icmp[0] != WIRE_ICMP4_ECHO_REQUEST &&
		!(icmp[0] >= 13 && icmp[0] <= 18)); /* RFC 792, 950 */
}

static bool is_error6(const uint8_t *icmp, uint32_t len)
{
	return len < WIRE_ICMP_HLEN || icmp[0] < 128 || icmp[0] == WIRE_ICMP6_REDIRECT;
}

/*
 * A later fragment of IPv6 is answered: it is no error, since these are never so large that they
 * need be cut, and it may be the only one of its packet that is too big.
 */
static bool may_answer6(const uint8_t *ip, const struct wire_inner *i)
{
	uint16_t off;
	int proto = wire_inner_upper6(ip, i, &off);

	if (proto < 0)
		return proto == -ENOENT;
	return proto != WIRE_PROTO_ICMP6 || !is_error6(ip + off, (uint32_t)i->len - off);
}

static bool may_answer4(const uint8_t *ip, const struct wire_inner *i)
{
	if (wire_load16(ip + 6) & htons(0x1fff))
		return false;
	return i->proto != WIRE_PROTO_ICMP4 || !is_error4(ip + i->hlen, (uint32_t)i->len - i->hlen);
}

int wire_icmp_error(uint8_t *buf, size_t cap, enum wire_icmp_error what, const union wire_ip *src,
		    const uint8_t *ip, const struct wire_inner *i, uint16_t mtu)
{
	bool v6 = i->family == 6;
	size_t hlen = v6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN, quote = i->len;
	size_t max = v6 ? WIRE_ICMP6_ERROR_MAX : WIRE_ICMP4_ERROR_MAX;
	union wire_ip to = v6 ? wire_ip_from6(ip + 8) : wire_ip_from4(wire_load32(ip + 12));
	union wire_ip dst = v6 ? wire_ip_from6(ip + 24) : wire_ip_from4(wire_load32(ip + 16));
	uint8_t *icmp = buf + hlen;
	uint16_t len, sum;

	if (wire_ip_is4(src) == v6 ||
	    (what == WIRE_ERROR_TOO_BIG && mtu < (v6 ? WIRE_IP6_MTU_MIN : WIRE_IP4_MTU_MIN)))
		return -EINVAL;
	if (!wire_ip_is_unicast(&to) || !wire_ip_is_unicast(&dst))
		return -EPERM;
	if (!(v6 ? may_answer6(ip, i) : may_answer4(ip, i)))
		return -EPERM;
	if (quote > max - hlen - WIRE_ICMP_HLEN)
		quote = max - hlen - WIRE_ICMP_HLEN;
	len = (uint16_t)(WIRE_ICMP_HLEN + quote);
	if (cap < hlen + len)
		return -ENOSPC;

	memset(icmp, 0, WIRE_ICMP_HLEN);
	icmp[0] = type_of[what][v6][0];
	icmp[1] = type_of[what][v6][1];
	if (what == WIRE_ERROR_TOO_BIG)
		wire_put16(icmp + 6, mtu); /* both have it there: 16 bits, or the end of 32 */
	memcpy(icmp + WIRE_ICMP_HLEN, ip, quote);
	if (v6) {
		wire_ip6_write(buf, src, &to, WIRE_PROTO_ICMP6, HOP_LIMIT, TOS_ICMP_ERROR, len);
		sum = wire_checksum(wire_icmp6_sum(src, &to, icmp, len));
	} else {
		wire_ip4_write(buf, src, &to, WIRE_PROTO_ICMP4, HOP_LIMIT, TOS_ICMP_ERROR, len);
		sum = wire_checksum(wire_sum(icmp, len));
	}
	memcpy(icmp + 2, &sum, 2);
	return (int)(hlen + len);
}
