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
	struct dtls_endpoint *ep;
	struct dtls_addr peer;

	if (a == NULL)
		return false;
	ep = a->ep;
	peer = a->peer;
	ep->ctx->n.evicted++;
	dtls_assoc_free(a);
	if (ep->now.state == DTLS_CONNECTING)
		dtls_endpoint_fault(ep, DTLS_CROWDED, 0, &peer);
	dtls_endpoint_wake(ep);
	return true;
}

static unsigned int count_of(const struct dtls_endpoint *ep, const struct dtls_addr *source)
{
	struct tnd_list *pos;
	unsigned int n = 0;

	tnd_list_for_each (pos, &ep->unproven)
		n += dtls_addr_equal(&tnd_container_of(pos, struct dtls_assoc, link)->peer, source);
	return n;
}

static bool room_of_source(struct dtls_endpoint *ep, const struct dtls_addr *from)
{
	uint64_t now_ms = dtls_now_ms(ep->ctx);
	struct dtls_assoc *worst = NULL;
	struct tnd_list *pos;

	if (count_of(ep, from) < DTLS_PER_SOURCE)
		return true;
	tnd_list_for_each (pos, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (dtls_addr_equal(&a->peer, from) && !guarded(a, now_ms))
			worst = worse(worst, a);
	}
	return evict(worst);
}

/* At the cost of the source that has most of them. */
static bool room_of_endpoint(struct dtls_endpoint *ep)
{
	uint64_t now_ms = dtls_now_ms(ep->ctx);
	struct dtls_assoc *worst = NULL;
	unsigned int n = 0, most = 0;
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);
		unsigned int of_source = count_of(ep, &a->peer);

		n++;
		if (guarded(a, now_ms) || of_source < most)
			continue;
		worst = of_source > most ? a : worse(worst, a);
		most = of_source;
	}
	return n < DTLS_PER_ENDPOINT || evict(worst);
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
	return room_of_source(ep, from) && room_of_endpoint(ep) && room_in_all(ep->ctx);
}
