/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tandem has to know of a description: per section its transport's attributes, those of
 * the session's level where they stand for all sections. Views into the text.
 */
#ifndef SDP_READ_H
#define SDP_READ_H

#include "sdp_profile.h"

#define SDP_MID_MAX      32 /* bytes */
#define SDP_FINGERPRINTS 8  /* of a section; more are passed over */

struct sdp_section_facts {
	const struct sdp_media *m;
	uint8_t transport; /* enum sdp_transport */
	bool active;       /* not refused or switched off */
	struct sdp_connection c;
	unsigned int c_line;
	uint16_t rtcp_port; /* of a=rtcp; 0: none */
	bool mux;
	unsigned int direction;     /* SDP_SEND | SDP_RECV */
	struct sdp_view mid;        /* empty: none */
	int group;                  /* number of its BUNDLE group, from 0; -1: none */
	unsigned int order;         /* its place in the group */
	struct sdp_view ufrag, pwd; /* empty: none; never one alone */
	bool end_of_candidates;
	unsigned int fingerprint_count;
	struct sdp_fingerprint fingerprint[SDP_FINGERPRINTS];
	enum sdp_setup setup; /* SDP_SETUP_NONE: not said */
	struct sdp_view tls_id;
	unsigned int crypto_count; /* lines a=crypto */
	uint64_t types[2];         /* RTP payload types: bit n % 64 of [n / 64] */
};

struct sdp_facts {
	struct sdp sdp;
	bool ice_lite, trickle;
	unsigned int group_count;
	struct sdp_section_facts section[SDP_SECTIONS_MAX];
};

/* 0, or -EINVAL with `err`. */
int sdp_read(const char *text, size_t len, struct sdp_facts *out, struct sdp_error *err);

/*
 * Where the transport of a section is described: itself, or the first section of its BUNDLE
 * group, as the group names them, that is not switched off (RFC 8843 §7.1.1).
 */
const struct sdp_section_facts *sdp_tagged(const struct sdp_facts *f, unsigned int section);

/* The next attribute of that name in a section, `rest` going on behind it; false: no more. */
bool sdp_next_attribute(struct sdp_part *rest, const char *name, struct sdp_line *out);

#endif
