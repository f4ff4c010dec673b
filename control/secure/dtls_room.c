/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unproven associations are bounded by source, by endpoint and in all. The oldest makes room,
 * those first that never got past the first flight: whoever only sends ClientHellos pushes out
 * the like of his own, not a handshake that is about to end well.
 */
#include "dtls_private.h"

#define LOOK_MAX 64 /* of the oldest in all */

static bool guarded(const struct dtls_assoc *a, uint64_t now_ms)
{
	return a->client || (a->answered && now_ms - a->born_ms < DTLS_GUARDED_MS);
}

/* The one that should rather go, of which either may be none. */
static struct dtls_assoc *worse(struct dtls_assoc *a, struct dtls_assoc *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	if (a->answered != b->answered)
		return a->answered ? b : a;
	return a->born_ms <= b->born_ms ? a : b;
}

static bool evict(struct dtls_assoc *a)
{
	if (a == NULL)
		return false;
	a->ep->ctx->n.evicted++;
	dtls_assoc_free(a);
	return true;
}

/* In one endpoint, of any source or of `from`. */
static bool room_in(struct dtls_endpoint *ep, const struct dtls_addr *from, unsigned int bound)
{
	uint64_t now_ms = dtls_now_ms(ep->ctx);
	struct dtls_assoc *worst = NULL;
	struct tnd_list *pos;
	unsigned int n = 0;

	tnd_list_for_each (pos, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (from != NULL && !dtls_addr_equal(&a->peer, from))
			continue;
		n++;
		if (!guarded(a, now_ms))
			worst = worse(worst, a);
	}
	return n < bound || evict(worst);
}

static bool room_in_all(struct dtls_context *ctx)
{
	uint64_t now_ms = dtls_now_ms(ctx);
	struct dtls_assoc *worst = NULL;
	unsigned int looked = 0;
	struct tnd_list *pos;

	if (ctx->passive < ctx->half_open)
		return true;
	tnd_list_for_each (pos, &ctx->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, unproven);

		if (!guarded(a, now_ms))
			worst = worse(worst, a);
		if (++looked == LOOK_MAX || (worst != NULL && !worst->answered))
			break;
	}
	return evict(worst);
}

bool dtls_make_room(struct dtls_endpoint *ep, const struct dtls_addr *from)
{
	return room_in(ep, from, DTLS_PER_SOURCE) && room_in(ep, NULL, DTLS_PER_ENDPOINT) &&
	       room_in_all(ep->ctx);
}
