/* SPDX-License-Identifier: BSD-3-Clause */
/* The sessions of a call, as an offer or answer wants them. */
#ifndef SDP_WORK_H
#define SDP_WORK_H

#include "sdp_call_private.h"

/*
 * Sessions for the sections that have none, and what all of them answer, in c->legs. On a fault
 * none of them is left.
 */
enum session_fault sdp_work_create(struct sdp_work *w, uint32_t idle_timeout_s);
void sdp_work_undo_create(struct sdp_work *w);

/*
 * Legs as both parties have said; sessions that are kept without media are on hold. What they
 * answer is in c->legs. On a fault they are as in `before`.
 */
enum session_fault sdp_work_update(struct sdp_work *w, const struct sdp_state *before);
void sdp_work_undo_update(struct sdp_work *w, const struct sdp_state *before);

/* sdp_types.c: what a session that is in a bundle is to be made with, or with an answer to have. */
void sdp_types(const struct sdp_work *w, unsigned int i, unsigned int side, uint64_t out[2]);
/* By the answer: nobody has what another one is to get. What was changed is in w->updated. */
enum session_fault sdp_types_cut(struct sdp_work *w);
/* Nobody has what another one had in `before`. */
void sdp_types_cut_back(struct sdp_work *w, const struct sdp_state *before);

/* The party that is to answer: has it got an offer that it has not answered? */
void sdp_work_offered(struct sdp_work *w, bool on);

/* Sessions that no section needs, but for those that `keep` has (NULL: nothing is kept). */
void sdp_work_end_unneeded(struct sdp_work *w, const struct sdp_state *keep);

#endif
