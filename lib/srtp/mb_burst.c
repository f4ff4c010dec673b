/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts by ipsec-mb, in slices. Opening: estimate all, hash all, then in the packets' order judge
 * each and move its index, then decrypt all that are authentic. What isn't an everyday packet (the
 * first of its SSRC, a failed one, one between two keys, SRTCP) is opened alone when its turn
 * comes, so that a burst ends as if its packets had come one by one.
 */
#include "mb.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Lines of keys behind the first, which srtp_prefetch() has begun to load. */
static inline void load_keys(const struct srtp_keys *k)
{
	const char *p = (const char *)k;

	for (unsigned int i = 1; i < 4; i++)
		__builtin_prefetch(p + 64 * i);
	if (srtp_is_aead(k)) {
		__builtin_prefetch(p + 64 * 4);
		__builtin_prefetch(p + 64 * 5);
		if (mb_is_big(k))
			__builtin_prefetch(p + 64 * 6);
	}
}

/* An SRTP packet under proven keys, of an SSRC with a place: its likely index. */
static inline bool foresee(const struct srtp_op *op, struct mb_opening *o)
{
	const struct srtp_keys *k = op->keys;
	struct srtp_way *rx = &op->leg->rx;
	unsigned int trailer = k->tag_len + k->mki_len;
	struct srtp_slot *slot;
	uint16_t seq;

	o->slot = NULL;
	if (unlikely(op->rtcp || rx->serial != k->serial ||
		     rx->state.rtp_count >= srtp_keys_limit(k)))
		return false;
	o->hlen = (uint16_t)srtp_rtp_hlen(op->data, op->len);
	if (unlikely(o->hlen == 0 || o->hlen + trailer > op->len))
		return false;
	o->auth_len = (uint16_t)(op->len - trailer);
	if (k->mki_len &&
	    memcmp(srtp_keys_mki(k),
		   op->data + op->len - k->mki_len - (srtp_is_aead(k) ? 0 : k->tag_len),
		   k->mki_len) != 0)
		return false;
	slot = srtp_slot_find(op->leg, false, srtp_get32(op->data + 8));
	if (unlikely(slot == NULL || srtp_window_empty(rx, slot)))
		return false;
	seq = srtp_get16(op->data + 2);
	o->index = srtp_slot_highest(slot);
	if (likely((int16_t)(uint16_t)(seq - slot->seq) > 0)) /* nothing has been there yet */
		o->index += (uint16_t)(seq - slot->seq);
	else
		o->index = srtp_estimate(o->index, seq);
	if (unlikely(o->index >= SRTP_INDEX_END ||
		     srtp_window_check(rx, slot, o->index) != SRTP_OK))
		return false;
	o->slot = slot;
	o->state = rx->state.word;
	return true;
}

/* Is what was foreseen still so, after the packets before this one? */
static inline bool still_so(const struct srtp_op *op, const struct mb_opening *o)
{
	const struct srtp_way *rx = &op->leg->rx;

	if (unlikely(rx->serial != op->keys->serial))
		return false;
	if (likely(rx->state.word == o->state))
		return true;
	return rx->state.rtp_count < srtp_keys_limit(op->keys) &&
	       o->slot->ssrc == srtp_get32(op->data + 8) && !srtp_window_empty(rx, o->slot) &&
	       srtp_estimate(srtp_slot_highest(o->slot), (uint16_t)o->index) == o->index &&
	       srtp_window_check(rx, o->slot, o->index) == SRTP_OK;
}

static inline void accept(struct srtp_op *op, const struct mb_opening *o, uint32_t now)
{
	struct srtp_way *rx = &op->leg->rx;

	srtp_window_mark(rx, o->slot, o->index);
	o->slot->heard = srtp_heard(now);
	rx->state.rtp_count++;
	op->len = o->auth_len;
	op->verdict = SRTP_OK;
}

/* GCM goes packet by packet: what is foreseen is so. */
static inline void open_gcm(struct mb_worker *w, struct srtp_op *op, uint32_t now)
{
	struct mb_opening o;

	if (unlikely(!foresee(op, &o))) {
		srtp_open_one(&w->w, op, now, SRTP_NOT_TRIED);
	} else if (likely(mb_gcm_open(w, op->keys, op->data, op->len, o.hlen, o.index))) {
		accept(op, &o, now);
	} else {
		mb_undo_rtp(&w->w, op->keys, op->data, op->len, o.hlen, o.index);
		srtp_open_one(&w->w, op, now, o.index);
	}
}

static inline void judge_cm(struct mb_worker *w, struct srtp_op *op, struct mb_opening *o,
			    const uint8_t *tag, uint32_t now)
{
	const struct srtp_keys *k = op->keys;
	bool authentic = srtp_tag_equal(tag, o->tag, k->tag_len);

	if (likely(authentic && still_so(op, o))) {
		mb_add_cipher(w, k, op->data, o->hlen, o->auth_len - o->hlen, o->index);
		accept(op, o, now);
		return;
	}
	memcpy(op->data + o->auth_len, o->kept, 4);
	srtp_open_one(&w->w, op, now, authentic ? SRTP_NOT_TRIED : o->index);
}

static inline void stage_hash(struct mb_worker *w, struct srtp_op *op, struct mb_opening *o)
{
	const struct srtp_keys *k = op->keys;
	uint8_t *end = op->data + o->auth_len;

	srtp_tag_copy(o->tag, op->data + op->len - k->tag_len, k->tag_len);
	memcpy(o->kept, end, 4);
	srtp_put32(end, (uint32_t)(o->index >> 16));
	mb_fill_hash(&w->hash_job[w->hashes++], k, op->data, o->auth_len + 4u);
}

/* `behind`: packets of the burst that come after these n. */
static void open_slice(struct mb_worker *w, struct srtp_op *op, unsigned int n, unsigned int behind,
		       uint32_t now)
{
	struct mb_opening *o = w->opening;
	unsigned int job = 0;

	for (unsigned int i = 0; i < n; i++)
		if (!srtp_is_aead(op[i].keys) && likely(foresee(&op[i], &o[i])))
			stage_hash(w, &op[i], &o[i]);
	if (w->hashes)
		for (unsigned int i = n; i < n + (behind < n ? behind : n); i++)
			load_keys(op[i].keys);
	mb_run_hashes(w);
	for (unsigned int i = 0; i < n; i++) {
		if (srtp_is_aead(op[i].keys)) {
			if (i + MB_AHEAD < n + behind)
				load_keys(op[i + MB_AHEAD].keys);
			open_gcm(w, &op[i], now);
		} else if (unlikely(o[i].slot == NULL)) {
			srtp_open_one(&w->w, &op[i], now, SRTP_NOT_TRIED);
		} else {
			judge_cm(w, &op[i], &o[i], w->hash_tag[job++], now);
		}
	}
	mb_run_ciphers(w);
}

static inline void load_first(const struct mb_worker *w, const struct srtp_op *op, unsigned int n)
{
	unsigned int first = n && srtp_is_aead(op[0].keys) ? MB_AHEAD : w->slice;

	for (unsigned int i = 0; i < n && i < first; i++)
		load_keys(op[i].keys);
}

void mb_open(struct srtp_worker *sw, struct srtp_op *op, unsigned int n, uint32_t now)
{
	struct mb_worker *w = mb_worker(sw);

	load_first(w, op, n);
	for (unsigned int i = 0; i < n; i += w->slice) {
		unsigned int some = n - i < w->slice ? n - i : w->slice;

		open_slice(w, op + i, some, n - i - some, now);
	}
}

/* Claims an index and queues the packet's jobs. False: done with it. */
static inline bool stage_seal(struct mb_worker *w, struct srtp_op *op, uint32_t now)
{
	const struct srtp_keys *k = op->keys;
	unsigned int hlen = 0;
	uint64_t index = 0;

	if (unlikely(op->rtcp)) {
		srtp_seal_one(&w->w, op, now);
		return false;
	}
	op->verdict = (uint8_t)srtp_seal_claim(op, now, &hlen, &index);
	if (unlikely(op->verdict != SRTP_OK))
		return false;
	if (srtp_is_aead(k)) {
		mb_gcm_seal(w, k, op->data, op->len, hlen, index);
		op->len += (uint16_t)srtp_growth(k, false);
		return false;
	}
	mb_add_cipher(w, k, op->data, hlen, op->len - hlen, index);
	srtp_put32(op->data + op->len, (uint32_t)(index >> 16));
	mb_fill_hash(&w->hash_job[w->hashes++], k, op->data, op->len + 4u);
	return true;
}

static void seal_slice(struct mb_worker *w, struct srtp_op *op, unsigned int n, unsigned int behind,
		       uint32_t now)
{
	struct srtp_op *queued[SRTP_BURST_MAX];
	unsigned int jobs = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (srtp_is_aead(op[i].keys) && i + MB_AHEAD < n + behind)
			load_keys(op[i + MB_AHEAD].keys);
		if (stage_seal(w, &op[i], now))
			queued[jobs++] = &op[i];
	}
	if (jobs)
		for (unsigned int i = n; i < n + (behind < n ? behind : n); i++)
			load_keys(op[i].keys);
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

void mb_seal(struct srtp_worker *sw, struct srtp_op *op, unsigned int n, uint32_t now)
{
	struct mb_worker *w = mb_worker(sw);

	load_first(w, op, n);
	for (unsigned int i = 0; i < n; i += w->slice) {
		unsigned int some = n - i < w->slice ? n - i : w->slice;

		seal_slice(w, op + i, some, n - i - some, now);
	}
}
