/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICE candidates as SDP has them (RFC 8839 §5.1), both families.
 *
 *	candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ srflx raddr 10.0.1.1 rport 9000
 *
 * Pure functions on pointer and length.
 */
#ifndef WIRE_CANDIDATE_H
#define WIRE_CANDIDATE_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define CANDIDATE_FOUNDATION_MAX 32
#define CANDIDATE_STRLEN         192 /* more than candidate_format() ever writes */

enum candidate_type {
	CANDIDATE_HOST,
	CANDIDATE_SRFLX,
	CANDIDATE_PRFLX,
	CANDIDATE_RELAY,
	CANDIDATE_TYPE_COUNT
};

struct candidate {
	char foundation[CANDIDATE_FOUNDATION_MAX + 1];
	uint16_t component; /* 1 to 256 */
	enum candidate_type type;
	uint32_t priority; /* 1 to 2^31 - 1 */
	union wire_ip ip;
	uint16_t port;         /* host order */
	uint16_t related_port; /* host order */
	union wire_ip related; /* all zero: none (raddr is an address of another kind, or absent) */
	/* Value of the extension "ufrag" (RFC 8838 §4.1), in the text that was read. */
	const char *ufrag; /* NULL: absent; not zero-terminated */
	size_t ufrag_len;
};

const char *candidate_type_name(enum candidate_type t);

/*
 * The text of one line, with or without "a=" and "candidate:". 0; -EINVAL: malformed;
 * -ENOTSUP: well-formed, but nothing that a check can be sent to: TCP, another transport, a
 * name (mDNS's .local, or any other), an unknown type, a port of 0 or an address that can't be
 * a host's. *why says which.
 */
int candidate_parse(const char *text, size_t len, struct candidate *out, const char **why);

/* "candidate:…" without "a=", zero-terminated; its length, or -ENOSPC. `ufrag` is left out. */
int candidate_format(const struct candidate *c, char *out, size_t size);

/* RFC 8445 §5.1.2.1, with the recommended type preferences. */
uint32_t candidate_priority(enum candidate_type t, uint16_t local_preference, uint16_t component);

#endif
