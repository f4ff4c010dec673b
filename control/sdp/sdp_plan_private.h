/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the plan do for each other. */
#ifndef SDP_PLAN_PRIVATE_H
#define SDP_PLAN_PRIVATE_H

#include "sdp_plan.h"

/* Sets `err`; always -ENOTSUP. */
int plan_unsupported(struct sdp_error *err, unsigned int line, const char *reason);

enum sdp_kind plan_kind(const struct sdp_section_facts *f);

/* What the party has just said, for the next time. */
void plan_said(struct sdp_side *s, const struct sdp_section_facts *f,
	       const struct sdp_section_facts *tagged);

/* Where the party is: candidates that can be read, or without ICE an address to send to. */
int plan_check_place(const struct sdp_section_facts *f, bool ice, struct sdp_error *err);

/*
 * The bundle that section `i` can join: of a section before it that is to be, or of any that
 * runs; with `group` 0 or more, of that group of the offer. -1: none.
 */
int plan_find_bundle(const struct sdp_state *next, unsigned int side, unsigned int i,
		     const struct sdp_facts *offer, int group);

#endif
