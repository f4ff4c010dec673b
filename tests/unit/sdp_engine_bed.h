/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call between two parties by the engine of offers and answers, with tandem's side of it made up:
 * its port is 20000 toward side 0 and 30000 toward side 1, two more for each section.
 */
#ifndef SDP_ENGINE_BED_H
#define SDP_ENGINE_BED_H

#include "check.h"

#include "sdp_samples.h"
#include "sdp_write.h"

#define UFRAG "oursIce1"
#define PWD   "ourPasswordOf24CharsHere"
#define OURFP "0F:0E:0D"

extern const struct sdp_profile nothing, avp, avpf, savp, tls_savp, webrtc;

/* The call, what was said last, why it was not taken, and tandem's text. */
extern struct sdp_state *state;
extern struct sdp_facts offer_facts, answer_facts;
extern struct sdp_error err;
extern struct tnd_buf out;

int bed_begin(void **unused);

int bed_end(void **unused);

/* The text for the other party, or NULL and `err`. */
const char *offer_by(unsigned int by, const char *text, const struct sdp_profile *from,
		     const struct sdp_profile *to);

const char *offer(const char *text, const struct sdp_profile *from, const struct sdp_profile *to);

const char *answer(const char *text);

const char *must(const char *text);

/* ---- looking at texts ----------------------------------------------------------------------- */

void same_text(const char *name, const char *got, const char *want);

/* The line, whole, in section `section` (0: the session's level, -1: anywhere). */
bool has_line(const char *text, int section, const char *line);

unsigned int count_of(const char *text, const char *part);

#define check_has(text, section, line)                                                             \
	do {                                                                                       \
		if (!has_line(text, section, line)) {                                              \
			print_error("no \"%s\" in section %d of\n%s\n", line, section,             \
				    text ? text : "nothing");                                      \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

#define check_lacks(text, part)                                                                    \
	do {                                                                                       \
		if (text == NULL || strstr(text, part) != NULL) {                                  \
			print_error("\"%s\" in\n%s\n", part, text ? text : "nothing");             \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

void check_fault(const char *name, const char *text, unsigned int line, const char *reason);

#endif
