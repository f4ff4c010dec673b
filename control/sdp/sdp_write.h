/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text for one party out of the other's: all that is the transport's is written anew, and
 * what is not stays, in order and byte for byte.
 */
#ifndef SDP_WRITE_H
#define SDP_WRITE_H

#include "buf.h"
#include "sdp_plan.h"

#define SDP_LOCAL_CANDIDATES 4

/* What tandem has on one side of a section. Text is zero-ended. */
struct sdp_local {
	union wire_ip ip;
	uint16_t port, rtcp_port; /* 0: none */
	const char *ufrag, *pwd;  /* with ICE */
	unsigned int candidate_count;
	const char *candidate[SDP_LOCAL_CANDIDATES]; /* "candidate:…" */
	const char *hash, *fingerprint;              /* with DTLS */
};

/* Who tandem is to a party: the same id as long as the call lives (RFC 3264 §8). */
struct sdp_identity {
	char username[64], id[24]; /* "": not yet */
	uint64_t version;
	uint64_t hash; /* of the latest text */
};

/*
 * Adds the text for side `to` to `out`, from what the other side said. `local` is for the
 * sections of `s` that are active; the ip of each other one too, which stands in its c=.
 * `who` counts on if the text differs from the one before.
 */
void sdp_write(struct tnd_buf *out, const struct sdp_facts *from, const struct sdp_state *s,
	       unsigned int to, bool offer, const struct sdp_local *local,
	       struct sdp_identity *who);

#endif
