/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One packet opened with any engine: under the newest keys, then under those before until the
 * newest have proved themselves; then, seldom, under later rollover counters. The way of all
 * SRTCP, and of the SRTP that an engine's burst doesn't carry through.
 */
#include "state.h"

#define SEARCH_INTERVAL 16 /* ticks between two searches for a rollover counter, a leg */
#define SEARCH_WIDTH    8  /* counters tried in one */
#define SEARCH_ROUNDS   8  /* after which a search begins anew at the first */

struct attempt {
	struct srtp_worker *w;
	struct srtp_op *op;
	struct srtp_leg *leg;
	struct srtp_slot *slot; /* NULL: an SSRC without a place */
	uint32_t ssrc, now;
	uint16_t hlen;
	bool dirty; /* the payload is as an attempt at dirty_index under dirty_keys left it */
	const struct srtp_keys *dirty_keys;
	uint64_t dirty_index, failed;
};

/* Where the MKI stands: before the tag with HMAC, last with GCM (RFC 7714 §8.2, §9.2). */
static bool mki_fits(const struct srtp_op *op, const struct srtp_keys *k, unsigned int hlen)
{
	const struct srtp_profile_info *p = &srtp_profiles[k->profile];
	unsigned int tag_len = op->rtcp ? p->rtcp_tag_len : p->rtp_tag_len;
	const uint8_t *mki = op->data + op->len - k->mki_len - (p->aead ? 0 : tag_len);

	if (op->len < hlen + tag_len + k->mki_len + (op->rtcp ? 4u : 0u))
		return false;
	return k->mki_len == 0 || memcmp(mki, srtp_keys_mki(k), k->mki_len) == 0;
}

/* Authentic under keys k: they are the ones in use now. */
static void prove_keys(struct attempt *a, const struct srtp_keys *k)
{
	if (a->leg->rx.serial != k->serial)
		srtp_way_rekey(a->leg, false, k);
}

/* The SSRC's place after an authentic packet; NULL with a verdict if it can't have one. */
static struct srtp_slot *place(struct attempt *a, const struct srtp_keys *k, enum srtp_verdict *v)
{
	*v = SRTP_OK;
	if (a->slot == NULL)
		a->slot = srtp_slot_take(a->leg, false, a->ssrc, k, a->now, v);
	if (a->slot)
		a->slot->heard = srtp_heard(a->now);
	else
		a->w->ops->forget(k, a->ssrc);
	return a->slot;
}

static enum srtp_verdict rtp_accept(struct attempt *a, const struct srtp_keys *k, uint64_t index)
{
	enum srtp_verdict v;

	prove_keys(a, k);
	a->leg->rx.state.rtp_count++;
	if (place(a, k, &v) == NULL)
		return v;
	if (srtp_window_empty(&a->leg->rx, a->slot))
		srtp_window_start(&a->leg->rx, a->slot, index);
	else
		srtp_window_mark(&a->leg->rx, a->slot, index);
	a->op->len -= (uint16_t)srtp_growth(k, a->op->rtcp);
	return SRTP_OK;
}

static enum srtp_verdict rtp_try_index(struct attempt *a, const struct srtp_keys *k, uint64_t index)
{
	const struct srtp_engine_ops *e = a->w->ops;
	struct srtp_op *op = a->op;
	enum srtp_verdict v;

	if (index >= SRTP_INDEX_END)
		return SRTP_KEY_SPENT;
	if (a->slot && a->leg->rx.serial == k->serial && !srtp_window_empty(&a->leg->rx, a->slot)) {
		v = srtp_window_check(&a->leg->rx, a->slot, index);
		if (v != SRTP_OK)
			return v;
	}
	if (index == a->failed && k == op->keys)
		return SRTP_BAD_AUTH;
	if (a->dirty)
		e->undo_rtp(a->w, a->dirty_keys, op->data, op->len, a->hlen, a->dirty_index);
	a->dirty = false;
	if (e->open_rtp(a->w, k, op->data, op->len, a->hlen, index, &a->dirty))
		return rtp_accept(a, k, index);
	a->dirty_keys = k;
	a->dirty_index = index;
	return SRTP_BAD_AUTH;
}

static bool keys_usable(const struct attempt *a, const struct srtp_keys *k, enum srtp_verdict *v)
{
	const struct srtp_way *rx = &a->leg->rx;
	uint64_t limit = srtp_keys_limit(k);

	*v = SRTP_BAD_MKI;
	if (!mki_fits(a->op, k, a->hlen))
		return false;
	if (rx->serial != k->serial)
		return true;
	if (a->op->rtcp && limit > SRTP_RTCP_LIMIT)
		limit = SRTP_RTCP_LIMIT;
	*v = SRTP_KEY_SPENT;
	if ((a->op->rtcp ? rx->rtcp_count : rx->state.rtp_count) >= limit)
		return false;
	*v = SRTP_REPLAY;
	return a->slot || !srtp_ssrc_gone(a->leg, false, a->ssrc);
}

static uint64_t estimate(const struct attempt *a)
{
	uint16_t seq = srtp_get16(a->op->data + 2);

	return a->slot ? srtp_estimate(srtp_slot_highest(a->slot), seq) : seq;
}

static enum srtp_verdict rtp_try_keys(struct attempt *a, const struct srtp_keys *k)
{
	uint64_t index = estimate(a);
	enum srtp_verdict v, second;
	bool fresh;

	if (!keys_usable(a, k, &v))
		return v;
	fresh = a->leg->rx.serial != k->serial ||
		(a->slot && srtp_window_empty(&a->leg->rx, a->slot));
	v = rtp_try_index(a, k, index);
	/* With new keys some peers begin anew, at rollover counter 0. */
	if (v == SRTP_BAD_AUTH && fresh && index > UINT16_MAX) {
		second = rtp_try_index(a, k, index & UINT16_MAX);
		if (second != SRTP_BAD_AUTH)
			return second;
	}
	return v;
}

/*
 * More than 32,768 packets may have been lost, or the first ones. Later counters are tried,
 * some at a time and not often: forgeries then cost no more than these attempts.
 */
static enum srtp_verdict rtp_search(struct attempt *a, enum srtp_verdict verdict)
{
	struct srtp_leg *l = a->leg;
	const struct srtp_keys *keys[2] = {a->op->keys, a->op->keys_old};
	uint64_t index = estimate(a);
	enum srtp_verdict v;
	unsigned int from;

	if ((uint16_t)(a->now - l->rx.search.at) < SEARCH_INTERVAL)
		return verdict;
	l->rx.search.at = (uint16_t)a->now;
	from = 1 + l->rx.search.round % SEARCH_ROUNDS * SEARCH_WIDTH;
	l->rx.search.round++;
	for (unsigned int i = 0; i < 2; i++) {
		/* Once the newest keys have proved themselves, none before them count. */
		if (keys[i] == NULL || (i == 1 && l->rx.serial == keys[0]->serial) ||
		    !keys_usable(a, keys[i], &v))
			continue;
		for (unsigned int r = from; r < from + SEARCH_WIDTH; r++) {
			v = rtp_try_index(a, keys[i], index + ((uint64_t)r << 16));
			if (v == SRTP_BAD_AUTH)
				continue;
			if (v == SRTP_OK)
				l->rx.search.round = 0;
			return v;
		}
	}
	return verdict;
}

static enum srtp_verdict rtcp_accept(struct attempt *a, const struct srtp_keys *k, uint32_t index)
{
	enum srtp_verdict v;

	prove_keys(a, k);
	a->leg->rx.rtcp_count++;
	if (place(a, k, &v) == NULL)
		return v;
	srtp_rtcp_mark(a->slot, index);
	a->op->len -= (uint16_t)srtp_growth(k, a->op->rtcp);
	return SRTP_OK;
}

static enum srtp_verdict rtcp_try_keys(struct attempt *a, const struct srtp_keys *k)
{
	struct srtp_op *op = a->op;
	enum srtp_verdict v;
	const uint8_t *word;
	uint32_t index;

	if (!keys_usable(a, k, &v))
		return v;
	word = op->data + op->len - k->mki_len - 4;
	if (!srtp_is_aead(k))
		word -= srtp_profiles[k->profile].rtcp_tag_len;
	index = srtp_get32(word) & ~SRTP_E_BIT;
	if (a->slot && a->leg->rx.serial == k->serial) {
		v = srtp_rtcp_check(a->slot, index);
		if (v != SRTP_OK)
			return v;
	}
	if (!a->w->ops->open_rtcp(a->w, k, op->data, op->len))
		return SRTP_BAD_AUTH;
	return rtcp_accept(a, k, index);
}

static bool parse(struct attempt *a)
{
	struct srtp_op *op = a->op;

	if (op->rtcp) {
		if (op->len < SRTP_RTCP_HLEN)
			return false;
		a->hlen = SRTP_RTCP_HLEN;
		a->ssrc = srtp_get32(op->data + 4);
		return true;
	}
	a->hlen = (uint16_t)srtp_rtp_hlen(op->data, op->len);
	if (a->hlen == 0)
		return false;
	a->ssrc = srtp_get32(op->data + 8);
	return true;
}

/* Not even the shorter of the trailers fits. */
static bool too_short(const struct attempt *a)
{
	const struct srtp_op *op = a->op;
	unsigned int least = srtp_growth(op->keys, op->rtcp);

	if (op->keys_old && srtp_growth(op->keys_old, op->rtcp) < least)
		least = srtp_growth(op->keys_old, op->rtcp);
	return op->len < a->hlen + least;
}

void srtp_open_one(struct srtp_worker *w, struct srtp_op *op, uint32_t now, uint64_t failed)
{
	struct attempt a = {.w = w, .op = op, .leg = op->leg, .now = now, .failed = failed};
	enum srtp_verdict v, old;

	op->verdict = SRTP_MALFORMED;
	if (!parse(&a) || too_short(&a))
		return;
	a.slot = srtp_slot_find(a.leg, false, a.ssrc);
	v = op->rtcp ? rtcp_try_keys(&a, op->keys) : rtp_try_keys(&a, op->keys);
	if ((v == SRTP_BAD_AUTH || v == SRTP_BAD_MKI) && op->keys_old &&
	    a.leg->rx.serial != op->keys->serial) {
		old = op->rtcp ? rtcp_try_keys(&a, op->keys_old) : rtp_try_keys(&a, op->keys_old);
		if (old != SRTP_BAD_MKI)
			v = old;
	}
	if (!op->rtcp && (v == SRTP_BAD_AUTH || v == SRTP_REPLAY || v == SRTP_TOO_OLD))
		v = rtp_search(&a, v);
	op->verdict = (uint8_t)v;
}
