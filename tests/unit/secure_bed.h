/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions with keys, and what is known of these: plans, secrets, memory. */
#ifndef SECURE_BED_H
#define SECURE_BED_H

#include "check.h"

#include "call.h"
#include "call_host.h"
#include "session_must.h"

extern struct host *h;
extern struct sessions *s;

#define CM80 SRTP_AES_CM_128_HMAC_SHA1_80

int set_up(void **state);
int tear_down(void **state);
struct sdes_key key_of(enum srtp_profile p, uint8_t fill);

/* fill 0: no such key */
struct leg_security sdes(enum srtp_profile p, uint8_t local, uint8_t remote);
struct session_change secure_leg(const char *id, unsigned int leg, const struct leg_security *sec);
void must_end(const char *id);
struct sessions_stats stats(void);
void all_is_free(void);
const struct flow_plan *rtp_plan(const struct session_answer *a, unsigned int leg);
uint16_t secure_flags_of(const struct session_answer *a, unsigned int leg, bool rtcp);
const struct flow_secure *secret_of(const struct session_answer *a, unsigned int leg);

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
