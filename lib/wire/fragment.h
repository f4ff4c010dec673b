/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 fragmentation (RFC 791 §3.2) of a packet that wire_inner_parse() called WIRE_INNER_IP4,
 * itself a fragment or not. Pure; the packet is read only.
 *
 *	n = wire_fragment_start(&f, ip, &inner, mtu);
 *	while (wire_fragment_next(&f, header, &piece))
 *		header of piece.hlen bytes, then piece.len bytes of the packet from piece.off on
 */
#ifndef WIRE_FRAGMENT_H
#define WIRE_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "inner.h"

struct wire_fragments {
	const uint8_t *ip;
	uint16_t len;  /* of the packet */
	uint16_t at;   /* next byte of it that is to be carried */
	uint16_t left; /* fragments to come */
	uint16_t mtu;
	uint8_t hlen;       /* of the packet, and of the first fragment */
	uint8_t hlen_later; /* of the others: only options that are copied */
	uint8_t options[WIRE_IP4_HLEN_MAX - WIRE_IP4_HLEN]; /* these */
};

struct wire_fragment {
	uint16_t off; /* what it carries: from the IP header of the packet on */
	uint16_t len;
	uint8_t hlen; /* of its header, 20-60 */
};

/*
 * How many fragments of at most `mtu` bytes: 1 and the packet as it is where it fits already; or
 *
 *	-EMSGSIZE  it must not be fragmented (DF)
 *	-EINVAL    no 8 bytes fit behind the header, options that can't be read, or a fragment that
 *		   reaches beyond the 65,535 bytes that a whole packet may have
 */
int wire_fragment_start(struct wire_fragments *f, const uint8_t *ip, const struct wire_inner *i,
			uint16_t mtu);

/* Writes the header of the next fragment, checksum included; false behind the last one. */
bool wire_fragment_next(struct wire_fragments *f, uint8_t header[WIRE_IP4_HLEN_MAX],
			struct wire_fragment *piece);

#endif
