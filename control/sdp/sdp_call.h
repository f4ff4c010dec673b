/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls by SDP: offers and answers in, sessions of call/ made, changed and ended, the text for
 * the other party out. All for the control lcore.
 *
 * The first section of a call that can be relayed is the session with the call's own id; the
 * others are "ID/1", "ID/2" …, by the section's number, and "ID/1-udp" or "ID/1-rtp" where a
 * section has changed its kind (T.38 in place of audio). They end with the first.
 *
 * An offer makes sessions for new sections and changes nothing else; the answer does the rest.
 * On a fault nothing has changed: sessions made for it are gone, legs that were changed are as
 * they were (keys and ICE credentials that have been taken over excepted).
 */
#ifndef SDP_CALL_H
#define SDP_CALL_H

#include "buf.h"
#include "sdp_profile.h"
#include "session.h"

struct sdp_calls;

struct sdp_offer {
	const char *id;
	const char *sdp;
	size_t len;
	unsigned int by; /* side of the offerer; the first one of a call is 0 */
	/* Absent: as before, or in a first offer, nothing said. */
	const struct sdp_profile *from, *to;
	uint32_t idle_timeout_s; /* of a first offer, for the call as a whole; 0: never */
};

/* What became of a section. */
struct sdp_section_info {
	char session[SESSION_ID_MAX + 1]; /* "": there is none */
	bool active;
};

struct sdp_result {
	unsigned int count;
	struct sdp_section_info section[SDP_SECTIONS_MAX];
};

/* As many as there are sessions. The sessions outlive it. 0 or -ENOMEM. */
int sdp_calls_create(struct sdp_calls **out, struct host *h, struct sessions *s);
void sdp_calls_free(struct sdp_calls *c);

/* The text for the other party is added to `sdp`, zero-ended beyond its length, and secret. */
enum session_fault sdp_call_offer(struct sdp_calls *c, const struct sdp_offer *o,
				  struct tnd_buf *sdp, struct sdp_result *result,
				  struct session_error *err);
/*
 * The answer of the party that did not make the latest offer. A further answer to the same
 * offer replaces it (early media, forks).
 */
enum session_fault sdp_call_answer(struct sdp_calls *c, const char *id, const char *sdp, size_t len,
				   struct tnd_buf *out, struct sdp_result *result,
				   struct session_error *err);
/* The offer was refused: all is as before it. Of a first offer, the call ends. */
enum session_fault sdp_call_refuse(struct sdp_calls *c, const char *id, struct session_error *err);

#endif
