/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members of a leg, from the schema's names to those of call/, and back. Readers: false: it has
 * been answered; the text in what they fill in is that of the request.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include <limits.h>

#include "rpc.h"

/* For `leg`: the members are those of the params themselves, which have one leg only. */
#define MEMBER_ALONE UINT_MAX

/* Answers with a fault of a member of a leg: "security/setup"; "": of the leg. Always false. */
bool member_fail(struct rpc_call *c, int code, unsigned int leg, const char *member,
		 const char *reason);

/* `create`: of session.create; otherwise of session.update, where what is absent stays. */
bool member_read_ice(struct rpc_call *c, unsigned int leg, const struct api_ice *in, bool create,
		     struct leg_ice *out);
/* What `security` says with type dtls. */
bool member_read_dtls(struct rpc_call *c, unsigned int leg, const struct api_security *in,
		      bool create, struct leg_security *out);
bool member_read_bundle(struct rpc_call *c, unsigned int leg, const struct api_bundle *in,
			struct leg_bundle *out);

/* enum srtp_profile of the schema's; -ENOTSUP: none of lib/srtp. */
int member_profile(enum api_srtp_profile in, uint8_t *out);

/*
 * For the far end: members "ice" and "security"; nothing where the leg has none. What is in them
 * stands beside them too, under the same names.
 */
void member_w_ice(struct tnd_buf *b, const struct session_ice *a);
void member_w_dtls(struct tnd_buf *b, const struct session_dtls *a);

#endif
