/* SPDX-License-Identifier: BSD-3-Clause */
/* Member "bundle" of a leg. */
#include <stdio.h>

#include "member.h"

bool member_read_bundle(struct rpc_call *c, unsigned int leg, const struct api_bundle *in,
			struct leg_bundle *out)
{
	const int64_t *types = in->payload_types.items;
	char member[64];

	*out = (struct leg_bundle){.transport = in->has_id ? in->id : NULL};
	for (size_t i = 0; i < in->payload_types.count; i++) {
		uint64_t *word = &out->payload_types[types[i] / 64];
		uint64_t bit = UINT64_C(1) << (types[i] % 64);

		if (*word & bit) {
			snprintf(member, sizeof(member), "bundle/payload_types/%zu", i);
			return member_fail(c, API_ERR_INVALID_PARAMS, leg, member, "named twice");
		}
		*word |= bit;
	}
	return true;
}
