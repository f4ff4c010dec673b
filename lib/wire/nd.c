/* SPDX-License-Identifier: BSD-3-Clause */
#include "nd.h"

#include "ip.h"

#define ND_HLEN       24 /* up to the options */
#define ND_HOP_LIMIT  255
#define OPTION_SLLA   1
#define OPTION_TLLA   2
#define OPTION_MACLEN 8

#define FLAG_ROUTER    0x80
#define FLAG_SOLICITED 0x40
#define FLAG_OVERRIDE  0x20

union wire_ip wire_ip_solicited_node(const union wire_ip *ip)
{
	union wire_ip group = {.b = {0xff, 0x02, [11] = 0x01, [12] = 0xff}};

	memcpy(group.b + 13, ip->b + 13, 3);
	return group;
}

void wire_ip6_group_mac(const union wire_ip *group, uint8_t mac[6])
{
	mac[0] = 0x33;
	mac[1] = 0x33;
	memcpy(mac + 2, group->b + 12, 4);
}

/* The rules that hold for what comes in and for what is built. */
static bool sound(const union wire_ip *src, const union wire_ip *dst, const struct wire_nd *nd)
{
	bool from_any = wire_ip_is_any(src);

	if (wire_ip_is4(src) || wire_ip_is4(dst) || wire_ip_is4(&nd->target) ||
	    !wire_ip_is_unicast(&nd->target))
		return false;
	if (nd->has_mac && !wire_mac_is_unicast(nd->mac))
		return false;
	if (!from_any && !wire_ip_is_unicast(src))
		return false;
	if (nd->type == WIRE_ICMP6_NA)
		return !from_any && !(nd->solicited && wire_ip_is_multicast(dst));
	if (from_any) {
		union wire_ip group = wire_ip_solicited_node(&nd->target);

		return !nd->has_mac && wire_ip_equal(dst, &group);
	}
	return true;
}

/* Every option is at least 8 bytes and fits; of several addresses the first counts. */
static bool read_options(const uint8_t *p, size_t len, struct wire_nd *nd)
{
	uint8_t wanted = nd->type == WIRE_ICMP6_NS ? OPTION_SLLA : OPTION_TLLA;

	nd->has_mac = false;
	while (len > 0) {
		size_t n;

		if (len < 2 || p[1] == 0)
			return false;
		n = 8u * p[1];
		if (n > len)
			return false;
		if (p[0] == wanted && !nd->has_mac) {
			if (n != OPTION_MACLEN)
				return false;
			memcpy(nd->mac, p + 2, 6);
			nd->has_mac = true;
		}
		p += n;
		len -= n;
	}
	return true;
}

int wire_nd_parse(const uint8_t *frame, const struct wire_frame *f, struct wire_nd *nd)
{
	const uint8_t *icmp = frame + f->l4_off;
	struct wire_nd got = {0};

	if (f->family != 6)
		return -ENOMSG;
	if (f->payload_len < WIRE_ICMP_HLEN)
		return -EINVAL;
	if (icmp[0] != WIRE_ICMP6_NS && icmp[0] != WIRE_ICMP6_NA)
		return -ENOMSG;
	if (f->ttl != ND_HOP_LIMIT || f->payload_len < ND_HLEN || icmp[1] != 0 ||
	    !wire_icmp_csum_ok(frame, f))
		return -EINVAL;
	got.type = icmp[0];
	if (got.type == WIRE_ICMP6_NA) {
		got.router = (icmp[4] & FLAG_ROUTER) != 0;
		got.solicited = (icmp[4] & FLAG_SOLICITED) != 0;
		got.override = (icmp[4] & FLAG_OVERRIDE) != 0;
	}
	got.target = wire_ip_from6(icmp + 8);
	if (!read_options(icmp + ND_HLEN, f->payload_len - ND_HLEN, &got) ||
	    !sound(&f->src, &f->dst, &got))
		return -EINVAL;
	*nd = got;
	return 0;
}

int wire_nd_build(uint8_t *buf, size_t cap, const struct wire_link *link, const union wire_ip *src,
		  const union wire_ip *dst, const struct wire_nd *nd)
{
	uint16_t len = nd->has_mac ? ND_HLEN + OPTION_MACLEN : ND_HLEN, sum;
	size_t hlen = wire_link_hlen(link) + WIRE_IP6_HLEN;
	uint8_t *icmp = buf + hlen;

	if ((nd->type != WIRE_ICMP6_NS && nd->type != WIRE_ICMP6_NA) || !sound(src, dst, nd))
		return -EINVAL;
	if (cap < hlen + len)
		return -ENOSPC;
	wire_link_write(buf, link, WIRE_ETHERTYPE_IP6);
	wire_ip6_write(icmp - WIRE_IP6_HLEN, src, dst, WIRE_PROTO_ICMP6, ND_HOP_LIMIT, 0, len);
	memset(icmp, 0, ND_HLEN);
	icmp[0] = nd->type;
	if (nd->type == WIRE_ICMP6_NA)
		icmp[4] = (nd->router ? FLAG_ROUTER : 0) | (nd->solicited ? FLAG_SOLICITED : 0) |
			  (nd->override ? FLAG_OVERRIDE : 0);
	memcpy(icmp + 8, nd->target.b, 16);
	if (nd->has_mac) {
		icmp[ND_HLEN] = nd->type == WIRE_ICMP6_NS ? OPTION_SLLA : OPTION_TLLA;
		icmp[ND_HLEN + 1] = OPTION_MACLEN / 8;
		memcpy(icmp + ND_HLEN + 2, nd->mac, 6);
	}
	sum = wire_checksum(wire_icmp6_sum(src, dst, icmp, len));
	memcpy(icmp + 2, &sum, 2);
	return (int)(hlen + len);
}
