/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests ask of sessions, with an answer that is expected: a test fails on any other. */
#ifndef SESSION_MUST_H
#define SESSION_MUST_H

#include "check.h"

#include "session.h"

/* Leg 0 at "lan4" toward 10.0.0.2:4000, leg 1 at "wan6" toward [2001:db8::9]:5004. */
struct session_params session_params_46(const char *id);

struct session_answer must_create(struct sessions *s, const struct session_params *p);
struct session_answer must_update(struct sessions *s, const struct session_change *c);
/* Refused with this fault, which names this parameter and gives a reason. */
void must_refuse(struct sessions *s, const struct session_params *p, enum session_fault f,
		 const char *path);
void must_not_update(struct sessions *s, const struct session_change *c, enum session_fault f,
		     const char *path);
/* It can't be found any more; its end is for the next turns of the loop. */
void must_delete(struct sessions *s, const char *id);

#endif
