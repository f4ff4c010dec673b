/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 neighbour solicitation and advertisement (RFC 4861 §4.3, §4.4) over Ethernet. */
#ifndef WIRE_ND_H
#define WIRE_ND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "frame.h"
#include "icmp.h"
#include "link.h"

struct wire_nd {
	union wire_ip target;
	uint8_t type;   /* WIRE_ICMP6_NS or WIRE_ICMP6_NA */
	bool has_mac;   /* the option was there (parse), or is to be written (build) */
	uint8_t mac[6]; /* solicitation: of the sender; advertisement: of the target */
	bool router;    /* these three: advertisement only */
	bool solicited;
	bool override;
};

/*
 * Reads a frame that wire_frame_parse() called WIRE_ICMP6. 0, -ENOMSG (neither NS nor NA), or
 * -EINVAL: fails RFC 4861 §7.1.1 or §7.1.2 (hop limit 255, checksum, code, length, options,
 * target, unspecified source, solicited flag to a group), or names a source, target or MAC
 * that nobody can have.
 *
 * An unspecified source (f->src is any) is somebody testing his own address (RFC 4862 §5.4).
 */
int wire_nd_parse(const uint8_t *frame, const struct wire_frame *f, struct wire_nd *nd);

/*
 * Writes a whole frame, hop limit 255. Its length, -ENOSPC, or -EINVAL for what
 * wire_nd_parse() would refuse.
 */
int wire_nd_build(uint8_t *buf, size_t cap, const struct wire_link *link, const union wire_ip *src,
		  const union wire_ip *dst, const struct wire_nd *nd);

/* ff02::1:ffXX:XXXX of an IPv6 address (RFC 4291 §2.7.1). */
union wire_ip wire_ip_solicited_node(const union wire_ip *ip);

/* 33:33:XX:XX:XX:XX of an IPv6 group (RFC 2464 §7). */
void wire_ip6_group_mac(const union wire_ip *group, uint8_t mac[6]);

#endif
