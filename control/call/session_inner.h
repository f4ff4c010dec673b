/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions whose second leg is the inner side of a tunnel: RTP that comes in at leg 0 carries IP
 * packets (RTPTP), and leg 1 is where those go. For the front end that makes tunnels of them.
 *
 * Leg 0 is that of any call: transport, ICE, keys, latch, budget, counters. Leg 1 has no port, no
 * far end and no keys, but a struct leg_inner. Such a session ends like any other; what keeps it
 * alive is what comes in at leg 0 and is accepted, which with keys is what is authentic.
 *
 * Roaming. With keys, latch "follow" is possible beside ICE here. Until a pair is nominated nobody
 * is heard. From then on authentic SRTP alone says where the far end is: what is sent follows it,
 * consent is asked for there, and a nomination by the far end moves nothing until it restarts ICE.
 * Some moves are followed at once; of a far end that goes on moving, the latest ten times a second.
 */
#ifndef SESSION_INNER_H
#define SESSION_INNER_H

#include "session.h"

struct session_inner {
	uint32_t index;      /* in the flow tables: legs 2i and 2i + 1, tunnel[i], routes */
	uint16_t generation; /* of this place in the flow tables */
	uint16_t worker;
	uint16_t mtu;      /* in force: of the largest inner packet */
	uint16_t overhead; /* bytes around an inner packet, from the outer IP header on */
	bool has_keys;     /* leg 0 has keys for both directions; without security: false */
	struct session_endpoint remote; /* what it is sent to; port 0: nothing yet */
	uint64_t silent_ms; /* since leg 0's latest accepted packet; UINT64_MAX: none came yet */
	uint32_t rtt_ms; /* of the latest consent check that was answered; UINT32_MAX: none was */
	/* What its worker counts, flow_read() each; NULL: it has not begun. */
	const struct flow_tunnel_rt *rt;
};

/* SESSION_NOT_FOUND; SESSION_WRONG_STATE: it is no such session. */
enum session_fault session_inner_get(struct sessions *s, const char *id, struct session_inner *out,
				     struct session_error *err);

/*
 * Milliseconds since the latest packet that leg 0 accepted, UINT64_MAX if none came yet; by number
 * in the flow tables, valid from inside an observer's `ended` too.
 */
uint64_t session_silent_ms(const struct sessions *s, uint32_t index);

/*
 * What stands around an inner packet: outer IP and UDP, RTP, and the longest tag that
 * `security` allows. `address` is leg 0's, an index into the configuration's.
 */
uint16_t session_inner_overhead(const struct sessions *s, uint16_t address,
				const struct leg_security *security);

#endif
