/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What recordings look like in files. Pure.
 *
 *	pcap    microseconds, LINKTYPE_ETHERNET; MAC addresses 02:00 and the last four bytes of the
 *	        IP address; IP and UDP as they were, with right lengths and checksums
 *	pcapng  the same packets, nanoseconds; interface 0 is what came in at leg 0, 1 at leg 1
 *	rtp     rtpproxy's: 30 bytes and the packet, again and again, in the byte order of the
 *	        machine but for port and address:
 *	            family 2, port 2, address 4 or 16 in a field of 16, time of day (double) 8,
 *	            length 2
 */
#ifndef MEDIA_FORMAT_H
#define MEDIA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/* In the order of the schema's enum. */
enum media_format { MEDIA_PCAP, MEDIA_RTP, MEDIA_PCAPNG };

struct media_packet {
	union wire_ip src, dst;
	uint16_t sport, dport; /* host order */
	uint8_t tos, hops;
	uint8_t leg; /* where it came in */
	bool rtcp;
	uint64_t ns; /* since 1970 */
	const uint8_t *data;
	uint16_t len; /* of UDP's payload */
};

#define FORMAT_HEAD_MAX    160 /* bytes that a file begins with */
#define FORMAT_RECORD_MORE 128 /* bytes more than the payload that a packet takes at most */

/* What a file begins with: how many bytes. */
size_t format_head(enum media_format f, uint8_t *out);
/* A packet: how many bytes; there is room for len + FORMAT_RECORD_MORE. */
size_t format_packet(enum media_format f, const struct media_packet *p, uint8_t *out);

#endif
