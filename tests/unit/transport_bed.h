/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host whose sessions have legs with ICE and DTLS, and what tests of these ask of it: leg 0 is a
 * telephone at 10.0.0.2:4000, leg 1 is the party of the test, at address WAN4.
 */
#ifndef TRANSPORT_BED_H
#define TRANSPORT_BED_H

#include "check.h"

#include "call.h"
#include "session_must.h"
#include "webrtc_bed.h"

#define WAN4 2

extern struct host *h;
extern struct sessions *s;
extern struct bed bed;
extern char events[4096]; /* type and JSON of each, a line each */

int set_up(void **state);
int tear_down(void **state);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

struct session_params call(const char *id);
void must_end(const char *id);
/* Nothing is left of any session. */
void all_is_free(void);

const struct flow_plan *plan_of(const struct session_answer *a, unsigned int leg);
const struct flow_secure *secure_of(const struct session_answer *a, unsigned int leg);
/* Media to the leg goes to this party, media from it is taken from nobody else; NULL: nobody. */
void far_end_is(const struct session_answer *a, const struct party *p);
/* Media is taken from this party already, and goes nowhere. */
void heard_only(const struct session_answer *a, const struct party *p);
/* What one side seals with, the other opens with. */
void keys_agree(const struct session_answer *a, const struct party *p);
void no_keys(const struct session_answer *a);
void expect_event(const char *text);
void expect_report(const char *id, const char *text);

/* A call whose leg 1 has ICE and DTLS with this party. */
struct made {
	struct session_answer a;
	struct party *p;
};

/* As it was created. */
struct made webrtc_call(const char *id, uint8_t mode, uint8_t setup);
/* The party begins with DTLS, as browsers do: as soon as a check has passed. */
void party_begins(struct made *m);
/* Lite and passive, once media may flow. */
struct made running(const char *id);

#endif
