/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP for IPv4 over Ethernet (RFC 826), probes and announcements of RFC 5227 included. */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "link.h"

#define WIRE_ARP_LEN 28

enum wire_arp_op { WIRE_ARP_REQUEST = 1, WIRE_ARP_REPLY = 2 };

struct wire_arp {
	union wire_ip sender, target; /* IPv4 */
	uint8_t sender_mac[6];
	uint8_t target_mac[6]; /* without meaning in a request */
	uint16_t op;           /* enum wire_arp_op */
};

/*
 * Reads `len` bytes behind the Ethernet header; link padding may follow. 0, or -EINVAL: too
 * short, not Ethernet and IPv4, neither request nor reply, a sender MAC that is zero or a
 * group, or addresses that nobody can have. The sender of a request may be 0.0.0.0 (a probe).
 */
int wire_arp_parse(const uint8_t *arp, size_t len, struct wire_arp *out);

/*
 * Writes a whole frame, not padded to Ethernet's minimum (devices do that). Its length, or
 * -ENOSPC.
 */
int wire_arp_build(uint8_t *buf, size_t cap, const struct wire_link *link,
		   const struct wire_arp *arp);

#endif
