/* SPDX-License-Identifier: BSD-3-Clause */
/* The Ethernet header, with one optional 802.1Q tag, before a packet that is built here. */
#ifndef WIRE_LINK_H
#define WIRE_LINK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "frame.h"

struct wire_link {
	uint8_t dst[6];
	uint8_t src[6];
	uint16_t vlan; /* VLAN identifier, 0: untagged */
};

/* Multicast or broadcast. */
static inline bool wire_mac_is_group(const uint8_t mac[6])
{
	return (mac[0] & 1) != 0;
}

/* Can this be somebody's own address? Neither a group nor all zero. */
static inline bool wire_mac_is_unicast(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !wire_mac_is_group(mac) && memcmp(mac, zero, 6) != 0;
}

static inline size_t wire_link_hlen(const struct wire_link *link)
{
	return link->vlan ? WIRE_ETH_HLEN + WIRE_VLAN_HLEN : WIRE_ETH_HLEN;
}

/* Back to where a parsed frame came from, on its VLAN, from our address `mac`. */
static inline void wire_link_back(const uint8_t *frame, const struct wire_frame *f,
				  const uint8_t mac[6], struct wire_link *link)
{
	memcpy(link->dst, frame + 6, 6);
	memcpy(link->src, mac, 6);
	link->vlan = f->vlan;
}

/* Writes wire_link_hlen() bytes, for which the caller has made sure of room. */
static inline void wire_link_write(uint8_t *buf, const struct wire_link *link, uint16_t ethertype)
{
	memcpy(buf, link->dst, 6);
	memcpy(buf + 6, link->src, 6);
	if (link->vlan) {
		wire_put16(buf + 12, WIRE_ETHERTYPE_VLAN);
		wire_put16(buf + 14, link->vlan);
		buf += WIRE_VLAN_HLEN;
	}
	wire_put16(buf + 12, ethertype);
}

#endif
