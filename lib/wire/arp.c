/* SPDX-License-Identifier: BSD-3-Clause */
#include "arp.h"

#define HTYPE_ETHERNET 1

static union wire_ip read_ip4(const uint8_t *p)
{
	uint32_t be;

	memcpy(&be, p, 4);
	return wire_ip_from4(be);
}

int wire_arp_parse(const uint8_t *arp, size_t len, struct wire_arp *out)
{
	struct wire_arp got;

	if (len < WIRE_ARP_LEN || wire_get16(arp) != HTYPE_ETHERNET ||
	    wire_get16(arp + 2) != WIRE_ETHERTYPE_IP4 || arp[4] != 6 || arp[5] != 4)
		return -EINVAL;
	got.op = wire_get16(arp + 6);
	if (got.op != WIRE_ARP_REQUEST && got.op != WIRE_ARP_REPLY)
		return -EINVAL;
	memcpy(got.sender_mac, arp + 8, 6);
	got.sender = read_ip4(arp + 14);
	memcpy(got.target_mac, arp + 18, 6);
	got.target = read_ip4(arp + 24);

	if (!wire_mac_is_unicast(got.sender_mac) || !wire_ip_is_unicast(&got.target))
		return -EINVAL;
	if (!wire_ip_is_unicast(&got.sender) &&
	    !(got.op == WIRE_ARP_REQUEST && wire_ip_is_any(&got.sender)))
		return -EINVAL;
	*out = got;
	return 0;
}

int wire_arp_build(uint8_t *buf, size_t cap, const struct wire_link *link,
		   const struct wire_arp *arp)
{
	size_t hlen = wire_link_hlen(link);
	uint8_t *p = buf + hlen;

	if (cap < hlen + WIRE_ARP_LEN)
		return -ENOSPC;
	wire_link_write(buf, link, WIRE_ETHERTYPE_ARP);
	wire_put16(p, HTYPE_ETHERNET);
	wire_put16(p + 2, WIRE_ETHERTYPE_IP4);
	p[4] = 6;
	p[5] = 4;
	wire_put16(p + 6, arp->op);
	memcpy(p + 8, arp->sender_mac, 6);
	memcpy(p + 14, &arp->sender.w[3], 4);
	memcpy(p + 18, arp->target_mac, 6);
	memcpy(p + 24, &arp->target.w[3], 4);
	return (int)(hlen + WIRE_ARP_LEN);
}
