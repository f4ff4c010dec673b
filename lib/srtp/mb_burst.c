/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts by ipsec-mb. Opening: estimate all, hash all, then in the packets' order judge each
 * and move its index, then decrypt all that are authentic. What isn't an everyday packet (the
 * first of its SSRC, a failed one, one between two keys, SRTCP) is opened alone when its turn
 * comes, so that a burst ends as if its packets had come one by one.
 */
#include "mb.h"

/* An SRTP packet under proven keys, of an SSRC with a place: its likely index. */
static bool foresee(const struct srtp_op *op, struct mb_opening *o)
{
	const struct srtp_keys *k = op->keys;
	struct srtp_leg *l = op->leg;
	unsigned int trailer = k->tag_len + k->mki_len;

	o->slot = NULL;
	if (op->rtcp || l->rx.serial != k->serial || l->rx.rtp_count >= k->limit)
		return false;
	o->hlen = (uint16_t)srtp_rtp_hlen(op->data, op->len);
	if (o->hlen == 0 || o->hlen + trailer > op->len)
		return false;
	o->auth_len = (uint16_t)(op->len - trailer);
	if (k->mki_len &&
	    memcmp(srtp_keys_mki(k),
		   op->data + op->len - k->mki_len - (srtp_is_aead(k) ? 0 : k->tag_len),
		   k->mki_len) != 0)
		return false;
	o->slot = srtp_slot_find(l, false, srtp_get32(op->data + 8));
	if (o->slot == NULL)
		return false;
	o->index = srtp_estimate(srtp_slot_highest(o->slot), srtp_get16(op->data + 2));
	if (o->index < SRTP_INDEX_END && !srtp_window_empty(l, o->slot, false) &&
	    srtp_window_check(l, o->slot, false, o->index) == SRTP_OK)
		return true;
	o->slot = NULL;
	return false;
}

/* Is what was foreseen still so, after the packets before this one? */
static bool still_so(const struct srtp_op *op, const struct mb_opening *o)
{
	struct srtp_leg *l = op->leg;

	return l->rx.serial == op->keys->serial && l->rx.rtp_count < op->keys->limit &&
	       o->slot->ssrc == srtp_get32(op->data + 8) &&
	       srtp_estimate(srtp_slot_highest(o->slot), (uint16_t)o->index) == o->index &&
	       srtp_window_check(l, o->slot, false, o->index) == SRTP_OK;
}

static void accept(struct srtp_op *op, const struct mb_opening *o, uint32_t now)
{
	srtp_window_mark(op->leg, o->slot, false, o->index);
	o->slot->heard = srtp_heard(now);
	op->leg->rx.rtp_count++;
	op->len = o->auth_len;
	op->verdict = SRTP_OK;
}

/* GCM goes packet by packet: what is foreseen is so. */
static void open_gcm(struct mb_worker *w, struct srtp_op *op, struct mb_opening *o, uint32_t now)
{
	bool dirty;

	if (!foresee(op, o)) {
		srtp_open_one(&w->w, op, now, SRTP_NOT_TRIED);
	} else if (mb_open_rtp(&w->w, op->keys, op->data, op->len, o->hlen, o->index, &dirty)) {
		accept(op, o, now);
	} else {
		mb_undo_rtp(&w->w, op->keys, op->data, op->len, o->hlen, o->index);
		srtp_open_one(&w->w, op, now, o->index);
	}
}

static void judge_cm(struct mb_worker *w, struct srtp_op *op, struct mb_opening *o,
		     const uint8_t *tag, uint32_t now)
{
	const struct srtp_keys *k = op->keys;

	memcpy(op->data + o->auth_len, o->kept, 4);
	if (!srtp_tag_equal(tag, o->tag, k->tag_len)) {
		srtp_open_one(&w->w, op, now, o->index);
	} else if (!still_so(op, o)) {
		srtp_open_one(&w->w, op, now, SRTP_NOT_TRIED);
	} else {
		mb_add_cipher(w, k, op->data, o->hlen, o->auth_len - o->hlen, o->index);
		accept(op, o, now);
	}
}

static void stage_hash(struct mb_worker *w, struct srtp_op *op, struct mb_opening *o)
{
	const struct srtp_keys *k = op->keys;
	uint8_t *end = op->data + o->auth_len;

	srtp_tag_copy(o->tag, op->data + op->len - k->tag_len, k->tag_len);
	memcpy(o->kept, end, 4);
	srtp_put32(end, (uint32_t)(o->index >> 16));
	mb_fill_hash(&w->hash_job[w->hashes++], k, op->data, o->auth_len + 4u);
}

void mb_open(struct srtp_worker *sw, struct srtp_op *op, unsigned int n, uint32_t now)
{
	struct mb_worker *w = mb_worker(sw);
	struct mb_opening *o = w->opening;
	unsigned int job = 0;

	for (unsigned int i = 0; i < n; i++)
		if (!srtp_is_aead(op[i].keys) && foresee(&op[i], &o[i]))
			stage_hash(w, &op[i], &o[i]);
	mb_run_hashes(w);
	for (unsigned int i = 0; i < n; i++) {
		if (srtp_is_aead(op[i].keys))
			open_gcm(w, &op[i], &o[i], now);
		else if (o[i].slot == NULL)
			srtp_open_one(sw, &op[i], now, SRTP_NOT_TRIED);
		else
			judge_cm(w, &op[i], &o[i], w->hash_tag[job++], now);
	}
	mb_run_ciphers(w);
}

/* Claims an index and queues the packet's jobs. False: done with it. */
static bool stage_seal(struct mb_worker *w, struct srtp_op *op, uint32_t now)
{
	const struct srtp_keys *k = op->keys;
	unsigned int hlen = 0;
	uint64_t index = 0;

	if (op->rtcp || srtp_is_aead(k)) {
		srtp_seal_one(&w->w, op, now);
		return false;
	}
	op->verdict = (uint8_t)srtp_seal_claim(op, now, &hlen, &index);
	if (op->verdict != SRTP_OK)
		return false;
	mb_add_cipher(w, k, op->data, hlen, op->len - hlen, index);
	srtp_put32(op->data + op->len, (uint32_t)(index >> 16));
	mb_fill_hash(&w->hash_job[w->hashes++], k, op->data, op->len + 4u);
	return true;
}

void mb_seal(struct srtp_worker *sw, struct srtp_op *op, unsigned int n, uint32_t now)
{
	struct mb_worker *w = mb_worker(sw);
	struct srtp_op *queued[SRTP_BURST_MAX];
	unsigned int jobs = 0;

	for (unsigned int i = 0; i < n; i++)
		if (stage_seal(w, &op[i], now))
			queued[jobs++] = &op[i];
	mb_run_ciphers(w);
	mb_run_hashes(w);
	for (unsigned int i = 0; i < jobs; i++) {
		const struct srtp_keys *k = queued[i]->keys;
		uint8_t *end = queued[i]->data + queued[i]->len;

		if (k->mki_len)
			memcpy(end, srtp_keys_mki(k), k->mki_len);
		srtp_tag_copy(end + k->mki_len, w->hash_tag[i], k->tag_len);
		queued[i]->len += (uint16_t)srtp_growth(k, false);
	}
}
