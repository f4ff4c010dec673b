/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions whose second leg is the inner side of a tunnel, and an observer of them. */
#ifndef TUNNEL_CALL_BED_H
#define TUNNEL_CALL_BED_H

#include "check.h"

#include "call.h"
#include "session_inner.h"
#include "session_must.h"
#include "webrtc_bed.h"

#define WAN6 1
#define WAN4 2
#define PT   97

extern struct host *h;
extern struct sessions *s;
extern struct bed bed;
/* What the observer was told of: moves of far ends, the latest, how many were a first; ends. */
extern struct session_endpoint moved_to;
extern unsigned int moved, firsts, ended;
extern bool report_inside; /* a worker passes through its loop while observers are told of an end */

int set_up(void **state);
int tear_down(void **state);
struct session_params tunnel(const char *id);

/* Keys that are nobody's secret. */
struct leg_security sdes(enum srtp_profile profile);
struct session_inner get(const char *id);
struct flow_tunnel *flow_of(const char *id);

/* What arrives, and by what wrapped packets leave. */
const struct flow_plan *plan_in(const struct session_answer *a, uint16_t address);
const struct flow_plan *plan_out(const char *id);
void sent_to(const char *id, const struct ice_addr *to);
void all_is_free(void);
void must_end(const char *id);
void expect_report(const char *id, const char *text);

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

#endif
