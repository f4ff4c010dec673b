/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "state.h"

static unsigned int round_window(unsigned int window)
{
	unsigned int w = SRTP_WINDOW_MIN;

	while (w < window)
		w *= 2;
	return w;
}

/* Are the other places in the leg's own object? */
static bool is_whole(unsigned int window, unsigned int ssrcs)
{
	return ssrcs > SRTP_SSRCS || window > SRTP_WINDOW_NEAR;
}

/* Bytes of a direction's windows that are not in its slots. */
static size_t far_size(unsigned int window, unsigned int ssrcs)
{
	return window > SRTP_WINDOW_NEAR ? (size_t)ssrcs * window / 8 : 0;
}

static size_t more_size(unsigned int ssrcs)
{
	return sizeof(struct srtp_more) +
	       2 * (ssrcs - 1) * (sizeof(uint32_t) + sizeof(struct srtp_slot));
}

static struct srtp_more *more_of(const struct srtp_leg *l)
{
	if (is_whole(l->rx.window_mask + 1u, l->rx.ssrcs))
		return (struct srtp_more *)(uintptr_t)(l + 1);
	return l->tx.more ? srtp_places_at(l->tx.more) : NULL;
}

static uint32_t *more_ssrcs(const struct srtp_leg *l, bool tx)
{
	return more_of(l)->ssrc + (tx ? l->tx.ssrcs - 1 : 0);
}

struct srtp_slot *srtp_slot_more(struct srtp_leg *l, bool tx, unsigned int i)
{
	unsigned int others = l->rx.ssrcs - 1u;
	struct srtp_slot *first = (struct srtp_slot *)(more_of(l)->ssrc + 2 * others);

	return first + (tx ? others : 0) + i - 1;
}

struct srtp_slot *srtp_slot_find_more(struct srtp_leg *l, bool tx, uint32_t ssrc)
{
	unsigned int n = srtp_way_of(l, tx)->state.slots - 1u;
	const uint32_t *list = more_ssrcs(l, tx);

	for (unsigned int i = 0; i < n; i++)
		if (list[i] == ssrc)
			return srtp_slot_more(l, tx, i + 1);
	return NULL;
}

size_t srtp_leg_size_for(enum srtp_engine e, unsigned int window, unsigned int ssrcs)
{
	size_t size = sizeof(struct srtp_leg);

	(void)e;
	window = round_window(window);
	if (is_whole(window, ssrcs))
		size += more_size(ssrcs) + 2 * far_size(window, ssrcs);
	return (size + SRTP_ALIGN - 1) & ~(size_t)(SRTP_ALIGN - 1);
}

size_t srtp_leg_bytes(const struct srtp_leg *l)
{
	return srtp_leg_size_for(l->rx.engine, l->rx.window_mask + 1u, l->rx.ssrcs);
}

static void place_far_windows(struct srtp_leg *l, unsigned int window)
{
	uint64_t *at = (uint64_t *)((uint8_t *)(l + 1) + more_size(l->rx.ssrcs));

	for (unsigned int i = 0; i < 2u * l->rx.ssrcs; i++, at += window / 64)
		srtp_slot_at(l, i % 2, i / 2)->w.far = at;
}

int srtp_leg_init_for(struct srtp_leg *l, enum srtp_engine e, unsigned int window,
		      unsigned int ssrcs)
{
	if (window < SRTP_WINDOW_MIN || window > SRTP_WINDOW_MAX || window % 64 ||
	    ssrcs < SRTP_SSRCS || ssrcs > SRTP_SSRCS_MAX)
		return -EINVAL;
	memset(l, 0, srtp_leg_size_for(e, window, ssrcs));
	window = round_window(window);
	for (unsigned int tx = 0; tx < 2; tx++) {
		struct srtp_way *way = srtp_way_of(l, tx);

		way->window_mask = (uint16_t)(window - 1);
		way->ssrcs = (uint8_t)ssrcs;
		way->engine = (uint8_t)e;
	}
	if (window > SRTP_WINDOW_NEAR)
		place_far_windows(l, window);
	return is_whole(window, ssrcs) ? 0 : srtp_places_stock();
}

void srtp_leg_wipe(struct srtp_leg *l)
{
	if (l->tx.more)
		srtp_places_give(l->tx.more);
	explicit_bzero(l, srtp_leg_bytes(l));
}

/* Bits of indices [from, to) are cleared: those of a window before. */
void srtp_window_skip(uint64_t *w, uint16_t mask, uint64_t from, uint64_t to)
{
	if (to - from > mask) {
		memset(w, 0, (mask + 1u) / 8);
		return;
	}
	while (from < to) {
		unsigned int bit = (unsigned int)from & mask, n = 64 - bit % 64;
		uint64_t bits;

		if (n > to - from)
			n = (unsigned int)(to - from);
		bits = n == 64 ? ~0ULL : ((1ULL << n) - 1) << (bit % 64);
		w[bit / 64] &= ~bits;
		from += n;
	}
}

void srtp_window_start(const struct srtp_way *way, struct srtp_slot *s, uint64_t index)
{
	unsigned int bit = (unsigned int)index & way->window_mask;
	uint64_t *w = srtp_slot_window(way, s);

	memset(w, 0, (way->window_mask + 1u) / 8);
	s->roc = (uint32_t)(index >> 16);
	s->seq = (uint16_t)index;
	w[bit / 64] = 1ULL << (bit % 64);
}

enum srtp_verdict srtp_rtcp_check(const struct srtp_slot *s, uint32_t index)
{
	if (s->rtcp_window == 0 || index > s->rtcp_index)
		return SRTP_OK;
	if (s->rtcp_index - index > 63)
		return SRTP_TOO_OLD;
	return s->rtcp_window >> (s->rtcp_index - index) & 1 ? SRTP_REPLAY : SRTP_OK;
}

void srtp_rtcp_mark(struct srtp_slot *s, uint32_t index)
{
	if (s->rtcp_window == 0) {
		s->rtcp_window = 1;
		s->rtcp_index = index;
	} else if (index > s->rtcp_index) {
		uint32_t d = index - s->rtcp_index;

		s->rtcp_window = (d < 64 ? s->rtcp_window << d : 0) | 1;
		s->rtcp_index = index;
	} else {
		s->rtcp_window |= 1ULL << (s->rtcp_index - index);
	}
}

static void window_clear(const struct srtp_way *way, struct srtp_slot *s)
{
	memset(srtp_slot_window(way, s), 0, (way->window_mask + 1u) / 8);
}

void srtp_way_rekey(struct srtp_leg *l, bool tx, const struct srtp_keys *k)
{
	struct srtp_way *way = srtp_way_of(l, tx);

	for (unsigned int i = 0; i < way->state.slots; i++) {
		struct srtp_slot *s = srtp_slot_at(l, tx, i);

		s->rtcp_window = 0;
		window_clear(way, s);
		if (k->anew) {
			s->roc = 0;
			s->seq = 0;
		}
	}
	if (way->state.gone_count)
		memset(more_of(l)->gone[tx], 0, SRTP_GONE_BYTES);
	way->state.gone_count = 0;
	way->state.rtp_count = 0;
	way->state.turn++;
	way->rtcp_count = 0;
	way->serial = k->serial;
}

/* Three of 192 bits. */
static void gone_bits(uint32_t ssrc, unsigned int bit[3])
{
	uint32_t h = ssrc * 0x9e3779b1u;

	h ^= h >> 15;
	h *= 0x85ebca77u;
	for (unsigned int i = 0; i < 3; i++)
		bit[i] = (h >> (24 - 8 * i) & 255) * (8 * SRTP_GONE_BYTES) >> 8;
}

bool srtp_ssrc_gone(struct srtp_leg *l, bool tx, uint32_t ssrc)
{
	const uint8_t *gone;
	unsigned int bit[3];

	if (srtp_way_of(l, tx)->state.gone_count == 0)
		return false;
	gone = more_of(l)->gone[tx];
	gone_bits(ssrc, bit);
	for (unsigned int i = 0; i < 3; i++)
		if (!(gone[bit[i] / 8] >> (bit[i] % 8) & 1))
			return false;
	return true;
}

static void ssrc_goes(struct srtp_leg *l, bool tx, uint32_t ssrc)
{
	uint8_t *gone = more_of(l)->gone[tx];
	unsigned int bit[3];

	gone_bits(ssrc, bit);
	for (unsigned int i = 0; i < 3; i++)
		gone[bit[i] / 8] |= (uint8_t)(1 << (bit[i] % 8));
	srtp_way_of(l, tx)->state.gone_count++;
}

/* A place that nobody has had: its number, or -1. */
static int fresh_place(struct srtp_leg *l, struct srtp_way *way)
{
	if (way->state.slots > 0 && more_of(l) == NULL) {
		l->tx.more = srtp_places_take();
		if (l->tx.more == 0)
			return -1;
	}
	return (int)way->state.slots++;
}

/* That of the SSRC which has been silent for longest: its number, or -1 with a verdict. */
static int silent_place(struct srtp_leg *l, bool tx, const struct srtp_keys *k, uint32_t now,
			enum srtp_verdict *v)
{
	struct srtp_way *way = srtp_way_of(l, tx);
	uint16_t silent, most = 0;
	struct srtp_slot *s;
	int longest = -1;

	for (unsigned int i = 0; i < way->ssrcs; i++) {
		silent = (uint16_t)(srtp_heard(now) - srtp_slot_at(l, tx, i)->heard);
		if (silent >= SRTP_HEARD_IDLE && silent >= most) {
			longest = (int)i;
			most = silent;
		}
	}
	*v = longest < 0 ? SRTP_NO_PLACE : SRTP_KEY_SPENT;
	if (longest < 0 || way->state.gone_count >= SRTP_GONE_MAX)
		return -1;
	s = srtp_slot_at(l, tx, (unsigned int)longest);
	ssrc_goes(l, tx, s->ssrc);
	srtp_engine_ops(k->engine)->forget(k, s->ssrc);
	return longest;
}

struct srtp_slot *srtp_slot_take(struct srtp_leg *l, bool tx, uint32_t ssrc,
				 const struct srtp_keys *k, uint32_t now, enum srtp_verdict *v)
{
	struct srtp_way *way = srtp_way_of(l, tx);
	struct srtp_slot *s;
	int i;

	*v = SRTP_NO_PLACE;
	i = way->state.slots < way->ssrcs ? fresh_place(l, way) : silent_place(l, tx, k, now, v);
	if (i < 0)
		return NULL;
	s = srtp_slot_at(l, tx, (unsigned int)i);
	window_clear(way, s);
	s->ssrc = ssrc;
	s->roc = 0;
	s->seq = 0;
	s->heard = 0;
	s->rtcp_index = 0;
	s->rtcp_window = 0;
	if (i > 0)
		more_ssrcs(l, tx)[i - 1] = ssrc;
	return s;
}
