/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one party of a call is to be spoken to with: its profile, as the front end gave it. What
 * was not given follows from the party's own offer, or from the transport.
 */
#ifndef SDP_PROFILE_H
#define SDP_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "sdes.h"
#include "sdp.h"

/* What a section is transported with: those of a profile in the schema's order, and two more. */
enum sdp_transport {
	SDP_AVP,
	SDP_AVPF,
	SDP_SAVP,
	SDP_SAVPF,
	SDP_TLS_SAVP,
	SDP_TLS_SAVPF,
	SDP_UDP,   /* anything over UDP that is not looked into: T.38 */
	SDP_OTHER, /* what can't be relayed */
};

enum sdp_ice { SDP_ICE_REMOVE, SDP_ICE_LITE, SDP_ICE_FULL };
enum sdp_mux { SDP_MUX_OFFER, SDP_MUX_DEMUX, SDP_MUX_REQUIRE };
enum sdp_security { SDP_CLEAR, SDP_SDES, SDP_DTLS };

struct sdp_profile {
	bool has_transport, has_ice, has_dtls, has_mux, has_bundle, has_address;
	uint8_t transport; /* enum sdp_transport, below SDP_UDP */
	uint8_t ice;       /* enum sdp_ice */
	uint8_t dtls;      /* enum sdp_setup: our role; actpass where the other party answers */
	uint8_t mux;       /* enum sdp_mux */
	bool bundle;
	uint8_t sdes_count;             /* 0: the usual ones */
	uint8_t sdes[SDES_SUITE_COUNT]; /* enum sdes_suite, the best first */
	uint16_t address;               /* index into the configuration's */
	uint8_t latch, dscp;            /* as in struct leg_params */
};

const char *sdp_transport_name(enum sdp_transport t); /* NULL for SDP_UDP and SDP_OTHER */
enum sdp_transport sdp_transport_of(const struct sdp_media *m);
bool sdp_transport_is_rtp(enum sdp_transport t);
bool sdp_transport_is_tls(enum sdp_transport t);
bool sdp_transport_is_secure(enum sdp_transport t); /* SRTP, with or without DTLS */
bool sdp_transport_has_feedback(enum sdp_transport t);

#endif
