/* SPDX-License-Identifier: BSD-3-Clause */
/* events.*: subscriptions of the connection that asks. */
#include <stdio.h>

#include "rpc.h"

/* False: it has been answered. */
static bool read_types(struct rpc_call *c, const struct api_events_subscribe *p, uint32_t *types)
{
	const char *const *filter = p->types.items;

	*types = UINT32_MAX;
	if (!p->has_types)
		return true;
	*types = 0;
	for (size_t i = 0; i < p->types.count; i++) {
		uint32_t bits = events_match(filter[i]);
		char path[48];

		if (bits == 0) {
			snprintf(path, sizeof(path), "/params/types/%zu", i);
			rpc_fail(c, API_ERR_INVALID_PARAMS, path, "no type of event is like this");
			return false;
		}
		*types |= bits;
	}
	return true;
}

void rpc_events_subscribe(struct rpc_call *c, const void *params)
{
	const struct api_events_subscribe *p = params;
	const struct events *e = &rpc_api(c)->events;
	struct event_sub *sub = &rpc_client(c)->sub;
	struct tnd_buf *b = rpc_result(c);
	uint64_t next = e->next;
	uint32_t types;

	if (!read_types(c, p, &types))
		return;
	if (p->has_from_seq) {
		if ((uint64_t)p->from_seq > e->next) {
			rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/from_seq",
				 "the latest event is number %llu",
				 (unsigned long long)e->next - 1);
			return;
		}
		next = p->from_seq > 0 ? (uint64_t)p->from_seq : 1;
	}
	*sub = (struct event_sub){.on = true, .types = types, .next = next};
	json_w_open(b, "result", '{');
	json_w_uint(b, "seq", e->next - 1);
	json_w_close(b, '}');
	rpc_done(c);
}

void rpc_events_unsubscribe(struct rpc_call *c, const void *params)
{
	struct tnd_buf *b = rpc_result(c);

	rpc_client(c)->sub.on = false;
	json_w_open(b, "result", '{');
	json_w_close(b, '}');
	rpc_done(c);
}
