/* SPDX-License-Identifier: BSD-3-Clause */
/* A leg's running state: packet indices (RFC 3711 §3.3.1), replay windows (§3.3.2), places. */
#ifndef SRTP_STATE_H
#define SRTP_STATE_H

#include "internal.h"

static inline struct srtp_way *srtp_way_of(struct srtp_leg *l, bool tx)
{
	return tx ? &l->tx : &l->rx;
}

/* Slot i > 0, which has a place already. */
struct srtp_slot *srtp_slot_more(struct srtp_leg *l, bool tx, unsigned int i);
struct srtp_slot *srtp_slot_find_more(struct srtp_leg *l, bool tx, uint32_t ssrc);

static inline struct srtp_slot *srtp_slot_at(struct srtp_leg *l, bool tx, unsigned int i)
{
	return i == 0 ? &srtp_way_of(l, tx)->first : srtp_slot_more(l, tx, i);
}

static inline struct srtp_slot *srtp_slot_find(struct srtp_leg *l, bool tx, uint32_t ssrc)
{
	struct srtp_way *way = srtp_way_of(l, tx);

	if (__builtin_expect(way->first.ssrc == ssrc && way->state.slots != 0, 1))
		return &way->first;
	return way->state.slots > 1 ? srtp_slot_find_more(l, tx, ssrc) : NULL;
}

static inline uint64_t *srtp_slot_window(const struct srtp_way *way, struct srtp_slot *s)
{
	return way->window_mask < SRTP_WINDOW_NEAR ? s->w.near : s->w.far;
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

static inline bool srtp_window_empty(const struct srtp_way *way, struct srtp_slot *s)
{
	/* The highest one is always marked. */
	const uint64_t *w = srtp_slot_window(way, s);
	unsigned int bit = s->seq & way->window_mask;

	return !(w[bit / 64] >> (bit % 64) & 1);
}

/* SRTP_OK: not seen yet. */
static inline enum srtp_verdict srtp_window_check(const struct srtp_way *way, struct srtp_slot *s,
						  uint64_t index)
{
	uint64_t highest = srtp_slot_highest(s);
	unsigned int bit = (unsigned int)index & way->window_mask;

	if (index > highest)
		return SRTP_OK;
	if (highest - index > way->window_mask)
		return SRTP_TOO_OLD;
	return srtp_slot_window(way, s)[bit / 64] >> (bit % 64) & 1 ? SRTP_REPLAY : SRTP_OK;
}

void srtp_window_skip(uint64_t *w, uint16_t mask, uint64_t from, uint64_t to);

/* Marks an index that was checked. */
static inline void srtp_window_mark(const struct srtp_way *way, struct srtp_slot *s, uint64_t index)
{
	uint64_t *w = srtp_slot_window(way, s), highest = srtp_slot_highest(s);
	unsigned int bit = (unsigned int)index & way->window_mask;

	if (index > highest) {
		if (index != highest + 1)
			srtp_window_skip(w, way->window_mask, highest + 1, index);
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
void srtp_window_start(const struct srtp_way *way, struct srtp_slot *s, uint64_t index);
/* A window of 64 over SRTCP indices, for receiving. */
enum srtp_verdict srtp_rtcp_check(const struct srtp_slot *s, uint32_t index);
void srtp_rtcp_mark(struct srtp_slot *s, uint32_t index);
/* From now on packets are under keys `k`. Windows and counts begin anew, indices if `k` say so. */
void srtp_way_rekey(struct srtp_leg *l, bool tx, const struct srtp_keys *k);
/* Has this SSRC (or, seldom, another one) lost its place under these keys? */
bool srtp_ssrc_gone(struct srtp_leg *l, bool tx, uint32_t ssrc);
/*
 * A place for a new SSRC, if need be of the one that has been silent for longest; `k` are the
 * keys in use. NULL with SRTP_NO_PLACE or, if too many have come and gone, SRTP_KEY_SPENT.
 */
struct srtp_slot *srtp_slot_take(struct srtp_leg *l, bool tx, uint32_t ssrc,
				 const struct srtp_keys *k, uint32_t now, enum srtp_verdict *v);

/* places.c: blocks of SRTP_PLACES_BYTES, zeroed. A number, 0: none is left; any thread. */
#define SRTP_PLACES_BYTES                                                                          \
	(sizeof(struct srtp_more) +                                                                \
	 2 * (SRTP_SSRCS - 1) * (sizeof(uint32_t) + sizeof(struct srtp_slot)))
uint32_t srtp_places_take(void);
struct srtp_more *srtp_places_at(uint32_t number);
void srtp_places_give(uint32_t number);

#endif
