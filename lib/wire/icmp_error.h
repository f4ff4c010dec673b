/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP and ICMPv6 errors that a router sends to the source of a packet that it can't send on:
 * whole IP packets, without a link's header.
 */
#ifndef WIRE_ICMP_ERROR_H
#define WIRE_ICMP_ERROR_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "inner.h"

enum wire_icmp_error {
	WIRE_ERROR_TOO_BIG,       /* RFC 1191 §4, RFC 4443 §3.2; the only one with an MTU */
	WIRE_ERROR_TIME_EXCEEDED, /* RFC 792, RFC 4443 §3.3: no hops left */
	WIRE_ERROR_NO_ROUTE,      /* net unreachable; no route to destination (RFC 4443 §3.1) */
	WIRE_ERROR_NO_HOST,       /* host unreachable; address unreachable */
	WIRE_ERROR_PROHIBITED,    /* RFC 1812 §5.2.7.1; administratively prohibited */
};

/* The largest that is built: RFC 4443 §2.4 (c). */
#define WIRE_ICMP_ERROR_MAX 1280

/*
 * Writes the packet that tells it to the source of `ip`, from our address `src` of the same family,
 * quoting as much as may be: up to 576 bytes in all (RFC 1812 §4.3.2.3), 1,280 with IPv6. `mtu`:
 * what would have fitted, with WIRE_ERROR_TOO_BIG. Its length; or
 *
 *	-ENOSPC  `cap` is too small; WIRE_ICMP_ERROR_MAX always does
 *	-EINVAL  `mtu` is below the family's minimum, 68 or 1,280; `src` is of the other family
 *	-EPERM   no error may answer this packet (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7, RFC 4443
 *		 §2.4 (e)): it is an ICMP error or a redirect itself or may be one, was sent to a
 *		 group or broadcast, its source is no single host, or it is an IPv4 fragment other
 *		 than the first
 */
int wire_icmp_error(uint8_t *buf, size_t cap, enum wire_icmp_error what, const union wire_ip *src,
		    const uint8_t *ip, const struct wire_inner *i, uint16_t mtu);

#endif
