/* SPDX-License-Identifier: BSD-3-Clause */
#include "member.h"

#include <errno.h>
#include <stdio.h>

bool member_fail(struct rpc_call *c, int code, unsigned int leg, const char *member,
		 const char *reason)
{
	char path[96];

	if (leg == MEMBER_ALONE)
		snprintf(path, sizeof(path), "/params%s%s", member[0] ? "/" : "", member);
	else
		snprintf(path, sizeof(path), "/params/legs/%u%s%s", leg, member[0] ? "/" : "",
			 member);
	rpc_fail(c, code, path, "%s", reason);
	return false;
}

int member_profile(enum api_srtp_profile in, uint8_t *out)
{
	enum srtp_profile p;

	if (srtp_profile_find(api_srtp_profile_names[in], &p) != 0)
		return -ENOTSUP;
	*out = (uint8_t)p;
	return 0;
}
