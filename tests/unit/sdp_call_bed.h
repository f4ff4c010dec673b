/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls by SDP over sessions, with the doubles of call_host.h: one call, "c", at a time. What is
 * asked for answers in `text`, `result` and `err`.
 */
#ifndef SDP_CALL_BED_H
#define SDP_CALL_BED_H

#include "check.h"

#include "call.h"
#include "call_host.h"
#include "sdp_call.h"
#include "sdp_samples.h"

#define LAN4 0
#define WAN6 1
#define WAN4 2

extern struct host *h;
extern struct sessions *s;
extern struct sdp_calls *calls;
extern struct tnd_buf text;
extern struct sdp_result result;
extern struct session_error err;

/* Of phones and browsers, on one address each. */
extern const struct sdp_profile lan, lan_savp, wan, wan_webrtc;

int set_up(void **state);

void pass_time(void);

/* Whatever is left ends, and nothing is held any more. */
int tear_down(void **state);

/* ---- asking ---------------------------------------------------------------------------------- */

enum session_fault try_offer(unsigned int by, const char *sdp, const struct sdp_profile *from,
			     const struct sdp_profile *to);

enum session_fault try_answer(const char *sdp);

const char *offer(unsigned int by, const char *sdp, const struct sdp_profile *from,
		  const struct sdp_profile *to);

const char *answer(const char *sdp);

void check_fault(enum session_fault got, enum session_fault want, const char *path,
		 const char *reason);

/* ---- looking --------------------------------------------------------------------------------- */

const struct leg *leg(const char *id, unsigned int i);

bool exists(const char *id);

bool has(const char *sdp, const char *part);

void check_remote(const char *id, unsigned int i, const char *ip, uint16_t port);

/* The value of "m=KIND PORT " as tandem has written it. */
uint16_t port_of(const char *sdp, const char *kind);

#endif
