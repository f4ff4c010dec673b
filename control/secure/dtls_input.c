/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a datagram when it arrives: to which associations it belongs, and whether
 * there is to be a new one. No cryptography and no SSL object here, so that 10,000 ClientHellos a
 * second that lead nowhere cost next to nothing.
 *
 * Nobody can tell whose the datagrams of one source are before the handshake ends, so all of its
 * unproven associations get a copy: one that someone else began under the same address spoils
 * itself only.
 */
#include "dtls_private.h"

#include <errno.h>
#include <string.h>

static struct dtls_taste taste_of(const struct dtls_endpoint *ep)
{
	return (struct dtls_taste){.rsa = ep->cert->rsa,
				   .curve = ep->cert->curve,
				   .profile_id = ep->profile_id,
				   .profile_count = ep->profile_count};
}

/* `quiet`: by whoever can have his packets answered, which need not be the far end. */
static int note_bad(struct dtls_endpoint *ep, const struct dtls_addr *from, enum dtls_reason reason,
		    uint8_t alert, uint64_t record_seq, bool quiet)
{
	ep->ctx->n.hellos_bad++;
	if (ep->bad.set && !ep->bad.quiet && quiet)
		return -EINVAL;
	ep->bad.set = true;
	ep->bad.quiet = quiet;
	ep->bad.reason = reason;
	ep->bad.alert = alert;
	ep->bad.record_seq = record_seq;
	ep->bad.from = *from;
	dtls_endpoint_wake(ep);
	return -EINVAL;
}

/* A flood from one source uses up what that source may, and leaves others theirs. */
static bool within_rate(const struct dtls_assoc *a)
{
	struct dtls_endpoint *ep = a->ep;
	uint64_t now_ms = dtls_now_ms(ep->ctx);
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ep->unproven) {
		const struct dtls_assoc *b = tnd_container_of(pos, struct dtls_assoc, link);

		if (b->stage > DTLS_STAGE_HELLO && dtls_addr_equal(&a->peer, &b->peer))
			return dtls_bucket_take(&ep->again, now_ms, DTLS_AGAIN_BURST,
						DTLS_AGAIN_PER_S);
	}
	return dtls_bucket_take(&ep->first, now_ms, DTLS_FIRST_BURST, DTLS_FIRST_PER_S);
}

/* The ClientHello is complete. Makes it READY, or frees it. */
static int hello_complete(struct dtls_assoc *a)
{
	struct dtls_endpoint *ep = a->ep;
	struct dtls_addr from = a->peer;
	struct dtls_taste taste = taste_of(ep);
	uint64_t record_seq = a->hello_record;
	bool quiet = a->hello_seq != 0;
	enum dtls_reason reason;
	uint8_t alert;

	reason = dtls_hello_check(a->hello->body, a->hello->length, &taste, &alert);
	if (reason != DTLS_OK) {
		dtls_assoc_free(a);
		return note_bad(ep, &from, reason, alert, record_seq, quiet);
	}
	if (!within_rate(a)) {
		dtls_assoc_free(a);
		ep->ctx->n.rate_limited++;
		return -EBUSY;
	}
	memcpy(a->random, dtls_hello_random(a->hello->body), DTLS_RANDOM_LEN);
	a->stage = DTLS_STAGE_READY;
	dtls_endpoint_wake(ep);
	return 0;
}

/* Has this fragment been heard before, of a ClientHello that is past being collected? */
static bool repeats(const struct dtls_assoc *a, const struct dtls_addr *from,
		    const struct dtls_fragment *f)
{
	if (a->client || a->stage == DTLS_STAGE_HELLO || a->hello_length != f->length ||
	    a->hello_seq != f->seq || !dtls_addr_equal(&a->peer, from))
		return false;
	if (f->off > 2 || f->off + f->len < 2 + DTLS_RANDOM_LEN)
		return true;
	return memcmp(f->data + 2 - f->off, a->random, DTLS_RANDOM_LEN) == 0;
}

/* Is it one whose other fragments, such as this, are to come? */
static bool collects(const struct dtls_assoc *a, const struct dtls_addr *from,
		     const struct dtls_fragment *f)
{
	return a->stage == DTLS_STAGE_HELLO && a->hello_seq == f->seq &&
	       dtls_addr_equal(&a->peer, from);
}

/*
 * 1: new, and *out is the association that it belongs to; 0: heard before; -EBUSY. What has the
 * client's random tells a repetition for sure; what has not belongs to what lacks it, if any.
 */
static int place_fragment(struct dtls_endpoint *ep, const struct dtls_addr *from,
			  const struct dtls_fragment *f, struct dtls_assoc **out)
{
	struct tnd_list *pos;
	bool heard = ep->current != NULL && repeats(ep->current, from, f);
	bool sure = f->off <= 2 && f->off + f->len >= 2 + DTLS_RANDOM_LEN;

	tnd_list_for_each (pos, &ep->unproven)
		heard |= repeats(tnd_container_of(pos, struct dtls_assoc, link), from, f);
	if (heard && sure)
		return 0;
	tnd_list_for_each (pos, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (collects(a, from, f) && dtls_hello_add(a->hello, f)) {
			*out = a;
			return 1;
		}
	}
	if (heard)
		return 0;
	if (!dtls_make_room(ep, from))
		return -EBUSY;
	*out = dtls_assoc_new(ep, from, false);
	if (*out == NULL)
		return -EBUSY;
	(*out)->hello_length = f->length;
	(*out)->hello_seq = f->seq;
	(*out)->hello = dtls_hello_new(f->length);
	if ((*out)->hello == NULL || !dtls_hello_add((*out)->hello, f)) {
		dtls_assoc_free(*out);
		return -EBUSY;
	}
	return 1;
}

/* May a fragment of a source that may be forged be looked at? 0, or the cookie is missing. */
static int prove(struct dtls_endpoint *ep, const struct dtls_addr *from,
		 const struct dtls_record *r, const struct dtls_fragment *f)
{
	const uint8_t *cookie;
	struct tnd_list *pos;
	size_t len;

	if (f->off == 0) {
		if (!dtls_hello_cookie(f->data, f->len, &cookie, &len)) {
			ep->ctx->n.malformed++;
			return -EINVAL;
		}
		if (f->seq == 1 &&
		    dtls_cookie_ok(ep, from, dtls_hello_random(f->data), cookie, len))
			return 0;
		dtls_cookie_ask(ep, from, dtls_hello_random(f->data), r->seq);
		return -EAGAIN;
	}
	tnd_list_for_each (pos, &ep->unproven)
		if (f->seq == 1 &&
		    collects(tnd_container_of(pos, struct dtls_assoc, link), from, f))
			return 0;
	ep->ctx->n.unexpected++;
	return -ENOENT;
}

static int hello_fragment(struct dtls_endpoint *ep, const struct dtls_addr *from,
			  const struct dtls_record *r, const struct dtls_fragment *f)
{
	struct dtls_taste taste = taste_of(ep);
	struct dtls_assoc *a;
	enum dtls_reason reason;
	uint8_t alert;
	int ret;

	/* A bad one in one piece doesn't get as far as to memory of its own. */
	if (f->len == f->length) {
		reason = dtls_hello_check(f->data, f->len, &taste, &alert);
		if (reason != DTLS_OK)
			return note_bad(ep, from, reason, alert, r->seq, f->seq != 0);
	}
	ret = place_fragment(ep, from, f, &a);
	if (ret < 0)
		ep->ctx->n.queue_full++;
	if (ret <= 0)
		return ret;
	/* Ours go on from there, for those up to it have been answered already. */
	if (f->seq != 0 && r->seq > a->hello_record)
		a->hello_record = r->seq;
	return a->hello->missing > 0 ? 0 : hello_complete(a);
}

/* The second one is for whoever was asked for a cookie. */
static bool sane_hello(const struct dtls_fragment *f, bool proven)
{
	return f->type == DTLS_CLIENT_HELLO && f->seq <= !proven && f->length >= DTLS_HELLO_MIN &&
	       f->length <= DTLS_HELLO_MAX && f->len > 0;
}

/* Records of a datagram that begins with a ClientHello; it has nothing else. */
static int input_hello(struct dtls_endpoint *ep, const struct dtls_addr *from, const uint8_t *data,
		       size_t len, bool proven)
{
	struct dtls_record r;
	struct dtls_fragment f;
	int ret = -EINVAL;

	while (dtls_record_next(&data, &len, &r)) {
		const uint8_t *p = r.data;
		size_t left = r.len;

		if (r.type != DTLS_HANDSHAKE || r.epoch != 0)
			break;
		while (dtls_fragment_next(&p, &left, &f)) {
			if (!sane_hello(&f, proven)) {
				ep->ctx->n.malformed++;
				return -EINVAL;
			}
			ret = proven ? 0 : prove(ep, from, &r, &f);
			if (ret == 0)
				ret = hello_fragment(ep, from, &r, &f);
			if (ret < 0)
				return ret;
		}
		if (left > 0) {
			ep->ctx->n.malformed++;
			return -EINVAL;
		}
	}
	return ret;
}

/* It is in plain text, so anyone can have sent it: the handshake gets a little time to go on. */
static void note_alert(struct dtls_assoc *a, const struct dtls_record *r)
{
	uint64_t soon = dtls_now_ms(a->ep->ctx) + DTLS_ALERT_MS;

	if (r->len != 2 || (r->data[0] != DTLS_FATAL && r->data[1] != DTLS_CLOSE_NOTIFY) ||
	    a->alerted)
		return;
	a->alerted = true;
	a->alert = r->data[1];
	if (soon < a->deadline_ms) {
		a->deadline_ms = soon;
		tnd_timer_start(a->ep->ctx->timers, &a->timer, soon);
	}
}

struct tally {
	bool belongs, queued;
};

static void give(struct dtls_assoc *a, const struct dtls_record *first, const uint8_t *data,
		 size_t len, struct tally *t)
{
	t->belongs = true;
	if (a->stage == DTLS_STAGE_HANDSHAKE && first->epoch == 0 &&
	    first->type == DTLS_ALERT_RECORD) {
		note_alert(a, first);
		t->queued = true;
	} else {
		t->queued |= dtls_assoc_queue(a, data, len);
	}
}

static int input_other(struct dtls_endpoint *ep, const struct dtls_addr *from,
		       const struct dtls_record *first, const uint8_t *data, size_t len)
{
	struct tally t = {0};
	struct tnd_list *pos;

	if (first->type == DTLS_APPLICATION)
		ep->ctx->n.application++;
	tnd_list_for_each (pos, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (a->stage < DTLS_STAGE_HANDSHAKE ||
		    (!a->client && !dtls_addr_equal(&a->peer, from)))
			continue;
		if (a->stage == DTLS_STAGE_DONE && first->type == DTLS_APPLICATION)
			t.belongs = t.queued = true;
		else
			give(a, first, data, len, &t);
	}
	if (ep->current != NULL) {
		if (first->type == DTLS_APPLICATION)
			t.belongs = t.queued = true;
		else
			give(ep->current, first, data, len, &t);
	}
	if (!t.belongs) {
		ep->ctx->n.unexpected++;
		return -ENOENT;
	}
	if (!t.queued) {
		ep->ctx->n.queue_full++;
		return -EBUSY;
	}
	dtls_endpoint_wake(ep);
	return 0;
}

static bool begins_hello(const struct dtls_record *r)
{
	return r->type == DTLS_HANDSHAKE && r->epoch == 0 && r->data[0] == DTLS_CLIENT_HELLO;
}

static int input(struct dtls_endpoint *ep, const struct dtls_addr *from, const void *data,
		 size_t len, bool proven)
{
	struct dtls_counters *n = &ep->ctx->n;
	const uint8_t *p = data;
	size_t left = len;
	struct dtls_record first;

	n->datagrams++;
	if (len > DTLS_DATAGRAM_MAX || !dtls_record_next(&p, &left, &first)) {
		n->malformed++;
		return -EINVAL;
	}
	if (!begins_hello(&first))
		return input_other(ep, from, &first, data, len);
	if (ep->setup == DTLS_ACTIVE) {
		n->unexpected++;
		return -ENOENT;
	}
	return input_hello(ep, from, data, len, proven);
}

int dtls_input(struct dtls_endpoint *ep, const struct dtls_addr *from, const void *data, size_t len)
{
	return input(ep, from, data, len, true);
}

int dtls_input_unproven(struct dtls_endpoint *ep, const struct dtls_addr *from, const void *data,
			size_t len)
{
	return input(ep, from, data, len, false);
}
