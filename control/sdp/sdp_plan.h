/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offer and answer (RFC 3264) between two parties that speak different things: what each section
 * means for both sides of tandem. Pure: descriptions and states in, states out.
 *
 * Sides are numbered as legs are: 0 is the party of the first offer, 1 the other one.
 */
#ifndef SDP_PLAN_H
#define SDP_PLAN_H

#include "sdp_crypto.h"

#define SDP_SIDES 2
#define SDP_KINDS 2

enum sdp_kind { SDP_KIND_RTP, SDP_KIND_UDP };

enum sdp_life {
	SDP_NONE,   /* no session */
	SDP_LIVE,   /* there is one */
	SDP_PARKED, /* there is one, which sends nothing: others need it */
};

/* Where media goes without ICE, as a leg was last told. */
struct sdp_place {
	bool known, held;
	union wire_ip ip;
	uint16_t port, rtcp_port;
};

/* One side of a section, as it is for RTP; of it kind udp has the mid and the place. */
struct sdp_side {
	uint8_t transport; /* enum sdp_transport, as in its m= lines */
	uint8_t security;  /* enum sdp_security */
	uint8_t ice;       /* enum sdp_ice */
	uint8_t setup;     /* enum sdp_setup of ours; SDP_SETUP_ACTPASS: not agreed upon yet */
	bool mux;          /* RTCP is on RTP's port */
	bool apart;    /* … but tandem sends its own from the next port: that was open at first */
	bool mux_said; /* the party has a=rtcp-mux in its latest description */
	bool feedback; /* takes RTCP feedback (RFC 4585) */
	bool renew;    /* another tls-id than before: a new association (RFC 8842) */
	/* The section whose session has the transport, itself or another; -1: in no bundle. */
	int8_t bundle;
	uint8_t key_count;                 /* crypto lines of ours */
	uint64_t tls_id;                   /* hash of the party's, 0: none */
	char mid[SDP_MID_MAX + 1];         /* "": none */
	struct sdp_place place[SDP_KINDS]; /* of the session of each kind */
	uint64_t types[2]; /* payload types that its session was told, in a bundle */
	struct sdp_key key[SDP_KEYS_MAX];
};

struct sdp_section_state {
	bool active;             /* media flows, or would if there were any */
	uint8_t kind;            /* enum sdp_kind */
	uint8_t first_kind;      /* the one that its session's name goes with */
	uint8_t life[SDP_KINDS]; /* enum sdp_life of the session of each kind */
	struct sdp_side side[SDP_SIDES];
};

/* Secret. */
struct sdp_state {
	struct sdp_profile profile[SDP_SIDES];
	bool trickle[SDP_SIDES]; /* the party has said so */
	uint8_t offerer;         /* side of the latest offer */
	int8_t main;             /* section whose session has the call's own id; -1 */
	uint8_t main_kind;
	uint8_t count;
	struct sdp_section_state section[];
};

/* Sections from `from` (NULL: none) and empty ones up to `count`; NULL: no memory. */
struct sdp_state *sdp_state_new(const struct sdp_state *from, unsigned int count);
/* Wiped. */
void sdp_state_free(struct sdp_state *s);

/*
 * What side `by` offers: into `next`, a copy of the state before with at least as many sections
 * as the offer has, its profiles set. A section that is to be and has no session of its kind
 * has life SDP_NONE for it. 0; -EINVAL: the description is at fault; -ENOTSUP: known, but not
 * done here; -ENOMEM: no randomness for keys.
 */
int sdp_plan_offer(struct sdp_state *next, unsigned int by, const struct sdp_facts *offer,
		   struct sdp_error *err);

/* What the other side answers: into `next`, a copy of what the offer made. As above. */
int sdp_plan_answer(struct sdp_state *next, const struct sdp_facts *offer,
		    const struct sdp_facts *answer, struct sdp_error *err);

/*
 * Payload types that tell section `i` from those before it in its bundle on `side`: of the offer
 * and, unless NULL, the answer. False: none are left.
 */
bool sdp_plan_types(const struct sdp_state *s, unsigned int side, const struct sdp_facts *offer,
		    const struct sdp_facts *answer, unsigned int i, uint64_t types[2]);

/*
 * The section whose description is that of the transport of section `i`'s session: itself while
 * it has media, else one that shares its transport; -1: none.
 */
int sdp_speaker(const struct sdp_state *s, unsigned int i, unsigned int side);

/* The bundle that a section is in on a side; -1: none, or it is no RTP. */
int sdp_bundle(const struct sdp_section_state *st, unsigned int side);

/* Nothing is to be sent there: c= is 0.0.0.0 or ::, and no ICE says where else (RFC 3264 §8.4). */
bool sdp_is_held(const struct sdp_section_state *st, unsigned int side,
		 const struct sdp_section_facts *f);

#endif
