/* SPDX-License-Identifier: BSD-3-Clause */
/* A leg's running state: packet indices (RFC 3711 §3.3.1), replay windows (§3.3.2), places. */
#ifndef SRTP_STATE_H
#define SRTP_STATE_H

#include "internal.h"

/* Words of a slot before its RTP window. */
#define SRTP_RX_WORDS 1
#define SRTP_TX_WORDS 0

static inline size_t srtp_slot_size(const struct srtp_leg *l, unsigned int words)
{
	return sizeof(struct srtp_slot) + 8 * words + (l->window_mask + 1u) / 8;
}

static inline struct srtp_slot *srtp_slot_at(struct srtp_leg *l, bool tx, unsigned int i)
{
	size_t rx_size = srtp_slot_size(l, SRTP_RX_WORDS);
	size_t tx_size = srtp_slot_size(l, SRTP_TX_WORDS);

	return (struct srtp_slot *)((uint8_t *)(l + 1) + i * (rx_size + tx_size) +
				    (tx ? rx_size : 0));
}

static inline struct srtp_slot *srtp_slot_find(struct srtp_leg *l, bool tx, uint32_t ssrc)
{
	unsigned int n = tx ? l->tx.slots : l->rx.slots;

	for (unsigned int i = 0; i < n; i++) {
		struct srtp_slot *s = srtp_slot_at(l, tx, i);

		if (s->ssrc == ssrc)
			return s;
	}
	return NULL;
}

static inline uint64_t *srtp_slot_window(struct srtp_slot *s, bool tx)
{
	return s->w + (tx ? SRTP_TX_WORDS : SRTP_RX_WORDS);
}

static inline uint64_t srtp_slot_highest(const struct srtp_slot *s)
{
	return (uint64_t)s->roc << 16 | s->seq;
}

/*
 * The index nearest to the highest one (RFC 3711 Appendix A). Before the first rollover there
 * is nothing below: a sequence number far ahead is ahead, not behind.
 */
static inline uint64_t srtp_estimate(uint64_t highest, uint16_t seq)
{
	int32_t d = (int16_t)(uint16_t)(seq - (uint16_t)highest);
	int64_t index;

	d += (int32_t)(d == -32768 && (highest & 0x8000) == 0) << 16;
	index = (int64_t)highest + d;
	return (uint64_t)(index + ((int64_t)(index < 0) << 16));
}

static inline bool srtp_window_empty(struct srtp_leg *l, struct srtp_slot *s, bool tx)
{
	/* The highest one is always marked. */
	uint64_t *w = srtp_slot_window(s, tx);
	unsigned int bit = s->seq & l->window_mask;

	return !(w[bit / 64] >> (bit % 64) & 1);
}

/* SRTP_OK: not seen yet. */
static inline enum srtp_verdict srtp_window_check(struct srtp_leg *l, struct srtp_slot *s, bool tx,
						  uint64_t index)
{
	uint64_t highest = srtp_slot_highest(s);
	unsigned int bit = (unsigned int)index & l->window_mask;

	if (index > highest)
		return SRTP_OK;
	if (highest - index > l->window_mask)
		return SRTP_TOO_OLD;
	return srtp_slot_window(s, tx)[bit / 64] >> (bit % 64) & 1 ? SRTP_REPLAY : SRTP_OK;
}

void srtp_window_skip(uint64_t *w, uint16_t mask, uint64_t from, uint64_t to);

/* Marks an index that was checked. */
static inline void srtp_window_mark(struct srtp_leg *l, struct srtp_slot *s, bool tx,
				    uint64_t index)
{
	uint64_t *w = srtp_slot_window(s, tx), highest = srtp_slot_highest(s);
	unsigned int bit = (unsigned int)index & l->window_mask;

	if (index > highest) {
		if (index != highest + 1)
			srtp_window_skip(w, l->window_mask, highest + 1, index);
		s->roc = (uint32_t)(index >> 16);
		s->seq = (uint16_t)index;
	}
	w[bit / 64] |= 1ULL << (bit % 64);
}

static inline uint16_t srtp_heard(uint32_t now)
{
	return (uint16_t)(now >> SRTP_HEARD_SHIFT);
}

/* The first index under these keys: nothing else has been seen. */
void srtp_window_start(struct srtp_leg *l, struct srtp_slot *s, bool tx, uint64_t index);
/* A window of 64 over SRTCP indices, for receiving. */
enum srtp_verdict srtp_rtcp_check(const struct srtp_slot *s, uint32_t index);
void srtp_rtcp_mark(struct srtp_slot *s, uint32_t index);
/* From now on packets are under keys `serial`. Indices stay, windows and counts begin anew. */
void srtp_way_rekey(struct srtp_leg *l, bool tx, uint32_t serial);
/* Has this SSRC (or, seldom, another one) lost its place under these keys? */
bool srtp_ssrc_gone(const struct srtp_way *way, uint32_t ssrc);
/*
 * A place for a new SSRC, if need be of the one that has been silent for longest; `k` are the
 * keys in use. NULL with SRTP_NO_PLACE or, if too many have come and gone, SRTP_KEY_SPENT.
 */
struct srtp_slot *srtp_slot_take(struct srtp_leg *l, bool tx, uint32_t ssrc,
				 const struct srtp_keys *k, uint32_t now, enum srtp_verdict *v);

#endif
