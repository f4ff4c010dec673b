/* SPDX-License-Identifier: BSD-3-Clause */
/* Member "security" of a leg, from the schema's names to those of call/, and back. */
#ifndef SECURITY_H
#define SECURITY_H

#include "rpc.h"

/*
 * False: it has been answered. Without secrets in `out` then; otherwise the caller wipes it.
 * `create`: of session.create; otherwise of session.update, where what is absent stays.
 */
bool security_read(struct rpc_call *c, unsigned int leg, const struct api_security *in, bool create,
		   struct leg_security *out);
/* Nothing for a leg about which there is nothing to tell. */
void security_answer(struct tnd_buf *b, const struct session_answer *a, unsigned int leg);

#endif
