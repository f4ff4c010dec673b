/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One step of an endpoint: what is queued for one association, one timer, one new handshake, or
 * the verdicts over a fingerprint. What is to be told is told at its end, when no association is in
 * anyone's hand: the callbacks may change and free the endpoint.
 */
#include "dtls_private.h"

#include <stdlib.h>
#include <string.h>

static bool under_way(const struct dtls_endpoint *ep)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ep->unproven) {
		const struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (a->client || a->stage >= DTLS_STAGE_HANDSHAKE)
			return true;
	}
	return false;
}

/* A fault is the endpoint's state only if nothing else works or may still. */
void dtls_endpoint_fault(struct dtls_endpoint *ep, enum dtls_reason reason, uint8_t alert,
			 const struct dtls_addr *peer)
{
	if (ep->current != NULL || under_way(ep))
		return;
	ep->now = (struct dtls_report){.state = DTLS_FAILED, .reason = reason, .peer = *peer};
	if (reason == DTLS_ALERT)
		ep->now.alert = alert;
}

static void fail(struct dtls_assoc *a, enum dtls_reason reason)
{
	struct dtls_endpoint *ep = a->ep;
	struct dtls_addr peer = a->peer;
	uint8_t alert = a->alert;

	ep->ctx->n.failed++;
	ep->ctx->n.fingerprints += reason == DTLS_FINGERPRINT;
	ep->ctx->n.timeouts += reason == DTLS_TIMEOUT;
	dtls_assoc_free(a);
	dtls_endpoint_fault(ep, reason, alert, &peer);
}

void dtls_endpoint_drop_unproven(struct dtls_endpoint *ep)
{
	while (!tnd_list_empty(&ep->unproven))
		dtls_assoc_free(tnd_container_of(ep->unproven.next, struct dtls_assoc, link));
}

/* It has proven itself: its keys are the ones, and the rest goes. */
static void win(struct dtls_assoc *a, const struct dtls_fingerprint *fp, struct dtls_keys *keys)
{
	struct dtls_endpoint *ep = a->ep;

	*keys = a->held->keys;
	OPENSSL_cleanse(a->held, sizeof(*a->held));
	free(a->held);
	a->held = NULL;
	tnd_timer_stop(ep->ctx->timers, &a->timer);
	a->due = false; /* the time that it was held for may have run out in this very turn */
	dtls_assoc_proven(a);
	dtls_endpoint_drop_unproven(ep);
	dtls_assoc_free(ep->current);
	ep->current = a;
	ep->matched = *fp;
	ep->ctx->n.completed++;
	ep->now = (struct dtls_report){
		.state = DTLS_CONNECTED, .profile = keys->profile, .peer = a->peer};
}

/* True: it has won, and `keys` are to be given and wiped. */
static bool judge(struct dtls_assoc *a, struct dtls_keys *keys)
{
	struct dtls_endpoint *ep = a->ep;
	const struct dtls_fingerprint *fp = NULL;

	if (ep->remote_count > 0)
		fp = dtls_fingerprint_match(ep->remote, ep->remote_count, &a->held->cert);
	if (fp == NULL && dtls_endpoint_waits(ep)) {
		dtls_rest_flight(a);
		return false;
	}
	if (fp == NULL) {
		dtls_rest_alert(a, DTLS_FATAL, DTLS_BAD_CERTIFICATE);
		fail(a, DTLS_FINGERPRINT);
		return false;
	}
	win(a, fp, keys);
	return true;
}

static bool judge_held(struct dtls_endpoint *ep, struct dtls_keys *keys)
{
	struct tnd_list *pos, *tmp;

	ep->judge = false;
	tnd_list_for_each_safe (pos, tmp, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (a->held != NULL && judge(a, keys))
			return true;
	}
	return false;
}

/* OpenSSL is through: from its SSL object to what remains. */
static bool conclude(struct dtls_assoc *a, struct dtls_keys *keys)
{
	bool profile;

	if (!a->hs->cert_seen) {
		fail(a, DTLS_CERTIFICATE);
		return false;
	}
	a->held = calloc(1, sizeof(*a->held));
	if (a->held == NULL || dtls_rest_new(a, &a->rest) != 0) {
		fail(a, DTLS_NO_MEMORY);
		return false;
	}
	a->held->cert = a->hs->cert;
	profile = dtls_keys_export(a->hs->ssl, a->client, &a->held->keys) == 0;
	dtls_handshake_free(a->hs);
	a->hs = NULL;
	a->stage = DTLS_STAGE_DONE;
	a->answered = true;
	if (!profile) {
		dtls_rest_alert(a, DTLS_FATAL, DTLS_HANDSHAKE_FAILURE);
		fail(a, DTLS_NO_PROFILE);
		return false;
	}
	dtls_assoc_until(a, DTLS_HELD_MS);
	return judge(a, keys);
}

static bool after(struct dtls_assoc *a, enum dtls_outcome outcome, enum dtls_reason reason,
		  struct dtls_keys *keys)
{
	if (outcome == DTLS_BROKEN)
		fail(a, reason);
	else if (outcome == DTLS_COMPLETE)
		return conclude(a, keys);
	return false;
}

static bool start(struct dtls_assoc *a, struct dtls_keys *keys)
{
	struct dtls_endpoint *ep = a->ep;
	struct dtls_addr peer = a->peer;
	enum dtls_reason reason;
	enum dtls_outcome outcome = dtls_handshake_start(a, &reason);

	if (outcome != DTLS_BROKEN && ep->current == NULL)
		ep->now = (struct dtls_report){.state = DTLS_CONNECTING, .peer = peer};
	return after(a, outcome, reason, keys);
}

static bool handle_timer(struct dtls_assoc *a, struct dtls_keys *keys)
{
	enum dtls_reason reason = DTLS_TIMEOUT;
	enum dtls_outcome outcome;

	a->due = false;
	if (a->stage == DTLS_STAGE_HANDSHAKE) {
		outcome = dtls_handshake_timer(a, &reason);
		return after(a, outcome, reason, keys);
	}
	if (a->stage == DTLS_STAGE_DONE)
		fail(a, reason);
	else if (!a->client)
		dtls_assoc_free(a);
	return false;
}

static void close_by_peer(struct dtls_assoc *a)
{
	struct dtls_endpoint *ep = a->ep;
	struct dtls_addr peer = a->peer;

	dtls_rest_alert(a, DTLS_WARNING, DTLS_CLOSE_NOTIFY);
	if (a != ep->current) {
		a->alert = DTLS_CLOSE_NOTIFY;
		fail(a, DTLS_ALERT);
		return;
	}
	ep->current = NULL;
	dtls_assoc_free(a);
	ep->now = (struct dtls_report){.state = DTLS_CLOSED, .by_peer = true, .peer = peer};
}

static bool handle_datagram(struct dtls_assoc *a, struct dtls_keys *keys)
{
	enum dtls_reason reason = DTLS_PROTOCOL;
	enum dtls_outcome outcome;
	struct dtls_datagram *d;

	if (a->stage == DTLS_STAGE_HANDSHAKE) {
		outcome = dtls_handshake_input(a, &reason);
		return after(a, outcome, reason, keys);
	}
	d = dtls_assoc_take(a);
	if (dtls_rest_input(a, d->data, d->len))
		close_by_peer(a);
	free(d);
	return false;
}

static struct dtls_assoc *pick(struct dtls_endpoint *ep, bool cold)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (cold ? a->stage == DTLS_STAGE_READY && !a->client : dtls_assoc_busy(a))
			return a;
	}
	return !cold && ep->current != NULL && dtls_assoc_busy(ep->current) ? ep->current : NULL;
}

static bool work(struct dtls_endpoint *ep, bool cold, struct dtls_keys *keys)
{
	struct dtls_assoc *a;

	if (ep->judge && judge_held(ep, keys))
		return true;
	a = pick(ep, cold);
	if (a == NULL)
		return false;
	if (a != ep->current) {
		/* The next turn is another one's. */
		tnd_list_del(&a->link);
		tnd_list_add_tail(&ep->unproven, &a->link);
	}
	if (a->due)
		return handle_timer(a, keys);
	if (a->stage == DTLS_STAGE_READY)
		return start(a, keys);
	return handle_datagram(a, keys);
}

/* Plain alerts end whatever a source has begun, and the ClientHello may be somebody else's. */
static bool talks_with(const struct dtls_endpoint *ep, const struct dtls_addr *source)
{
	struct tnd_list *pos;

	if (ep->current != NULL && dtls_addr_equal(&ep->current->peer, source))
		return true;
	tnd_list_for_each (pos, &ep->unproven) {
		const struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (a->stage > DTLS_STAGE_HELLO && dtls_addr_equal(&a->peer, source))
			return true;
	}
	return false;
}

/* To a ClientHello that nothing can come of: what it is, in plain text, seldom. */
static void answer_bad(struct dtls_endpoint *ep)
{
	uint8_t out[DTLS_RECORD_HLEN + 2];

	ep->bad.set = false;
	if (!talks_with(ep, &ep->bad.from) &&
	    dtls_bucket_take(&ep->alerts, dtls_now_ms(ep->ctx), DTLS_ALERTS, DTLS_ALERTS)) {
		dtls_record_head(out, DTLS_ALERT_RECORD, DTLS_VERSION_1_2, 0, ep->bad.record_seq,
				 2);
		out[DTLS_RECORD_HLEN] = DTLS_FATAL;
		out[DTLS_RECORD_HLEN + 1] = ep->bad.alert;
		ep->ops->send(ep->arg, &ep->bad.from, out, sizeof(out));
	}
	if (!ep->bad.quiet)
		dtls_endpoint_fault(ep, ep->bad.reason, 0, &ep->bad.from);
}

static void tell(struct dtls_endpoint *ep)
{
	struct dtls_report report = ep->now;

	if (!dtls_endpoint_news(ep))
		return;
	ep->told = report;
	ep->ops->state(ep->arg, &report);
}

void dtls_step(struct dtls_endpoint *ep, bool cold)
{
	struct dtls_context *ctx = ep->ctx;
	struct dtls_keys keys;
	bool won;

	ctx->stepping = ep;
	if (ep->bad.set)
		answer_bad(ep);
	won = work(ep, cold, &keys);
	if (won) {
		struct dtls_addr from = ep->now.peer;

		ep->ops->keys(ep->arg, &keys, &from);
		OPENSSL_cleanse(&keys, sizeof(keys));
		if (!ep->dead && ep->current != NULL)
			dtls_rest_flight(ep->current);
	}
	if (!ep->dead)
		tell(ep);
	ctx->stepping = NULL;
	if (ep->dead)
		dtls_endpoint_destroy(ep);
	else
		dtls_endpoint_wake(ep);
}
