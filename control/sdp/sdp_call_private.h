/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of calls do for each other. */
#ifndef SDP_CALL_PRIVATE_H
#define SDP_CALL_PRIVATE_H

#include "sdp_call.h"
#include "sdp_plan.h"
#include "sdp_write.h"
#include "siphash.h"

/* Text that call/ wants zero-ended: at most what two descriptions hold, and their zeros. */
#define SDP_ARENA (2 * (SDP_TEXT_MAX + 4096))

#define SDP_CANDIDATES_MAX 64 /* of a party's, that are passed on; it has fewer places */

struct sdp_call {
	struct sdp_call *next;     /* in its bucket */
	struct sdp_state *now;     /* agreed upon; NULL before the first answer */
	struct sdp_state *offered; /* what the latest offer made */
	bool pending;              /* it is not answered yet */
	char *offer;               /* its text */
	size_t offer_len;
	struct sdp_identity who[SDP_SIDES];
	char id[];
};

struct sdp_calls {
	struct host *h;
	struct sessions *sessions;
	struct sdp_call **bucket;
	uint32_t bucket_mask;
	struct siphash_key key;
	/* Of the request in hand. */
	struct sdp_facts offer, answer;
	struct session_answer legs[SDP_SECTIONS_MAX];
	struct sdp_local local[SDP_SECTIONS_MAX];
	const char *candidate[SDP_SIDES][SDP_CANDIDATES_MAX];
	char arena[SDP_ARENA];
	size_t arena_used;
};

/* An offer or answer being carried out. */
struct sdp_work {
	struct sdp_calls *c;
	const char *id;
	struct sdp_state *next;
	const struct sdp_facts *said[SDP_SIDES]; /* the latest of each side; NULL: nothing yet */
	bool answering;
	bool created[SDP_SECTIONS_MAX];            /* by the offer in hand */
	bool updated[SDP_SECTIONS_MAX][SDP_KINDS]; /* by the answer in hand */
	struct session_error *err;
};

/* ---- sdp_table.c ---- */

struct sdp_call *sdp_table_find(struct sdp_calls *c, const char *id);
/* Not in the table yet; NULL: no memory. */
struct sdp_call *sdp_table_new(const char *id);
void sdp_table_add(struct sdp_calls *c, struct sdp_call *call);
void sdp_table_free_call(struct sdp_call *call);
/* Its text, which holds keys. */
void sdp_call_forget_offer(struct sdp_call *call);

/* The name of the session of a section. */
void sdp_session_id(const struct sdp_state *s, const char *id, unsigned int section,
		    enum sdp_kind kind, char out[SESSION_ID_MAX + 1]);

/* ---- sdp_legs.c: from sections to legs ---- */

/* What a leg of the session of section `i` is to be, by what its party has said so far. */
enum session_fault sdp_leg(struct sdp_work *w, unsigned int i, enum sdp_kind kind,
			   unsigned int side, struct leg_params *out);
/* The same as a change of what there is. */
void sdp_leg_change(const struct leg_params *p, struct leg_change *out);
/* What a leg has become, and back to what it was in `before`: where it sends. */
void sdp_leg_note(struct sdp_state *s, unsigned int i, enum sdp_kind kind, unsigned int side,
		  const struct leg_change *c);
void sdp_leg_undo(const struct sdp_state *before, unsigned int i, enum sdp_kind kind,
		  unsigned int side, struct leg_change *out);
/* A fault of call/ in the terms of the request. */
enum session_fault sdp_leg_fault(struct sdp_work *w, unsigned int i);

#endif
