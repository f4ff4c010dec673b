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

size_t srtp_leg_size(enum srtp_engine e, unsigned int window)
{
	struct srtp_leg l = {.window_mask = (uint16_t)(round_window(window) - 1)};

	size_t size = sizeof(l) + SRTP_SSRCS * (srtp_slot_size(&l, SRTP_RX_WORDS) +
						srtp_slot_size(&l, SRTP_TX_WORDS));

	(void)e;
	return (size + SRTP_ALIGN - 1) & ~(size_t)(SRTP_ALIGN - 1);
}

int srtp_leg_init(struct srtp_leg *l, enum srtp_engine e, unsigned int window)
{
	if (window < SRTP_WINDOW_MIN || window > SRTP_WINDOW_MAX || window % 64)
		return -EINVAL;
	memset(l, 0, srtp_leg_size(e, window));
	l->window_mask = (uint16_t)(round_window(window) - 1);
	l->engine = (uint8_t)e;
	return 0;
}

void srtp_leg_wipe(struct srtp_leg *l)
{
	explicit_bzero(l, srtp_leg_size(l->engine, l->window_mask + 1u));
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

void srtp_window_start(struct srtp_leg *l, struct srtp_slot *s, bool tx, uint64_t index)
{
	unsigned int bit = (unsigned int)index & l->window_mask;
	uint64_t *w = srtp_slot_window(s, tx);

	memset(w, 0, (l->window_mask + 1u) / 8);
	s->roc = (uint32_t)(index >> 16);
	s->seq = (uint16_t)index;
	w[bit / 64] = 1ULL << (bit % 64);
}

enum srtp_verdict srtp_rtcp_check(const struct srtp_slot *s, uint32_t index)
{
	if (s->w[0] == 0 || index > s->rtcp_index)
		return SRTP_OK;
	if (s->rtcp_index - index > 63)
		return SRTP_TOO_OLD;
	return s->w[0] >> (s->rtcp_index - index) & 1 ? SRTP_REPLAY : SRTP_OK;
}

void srtp_rtcp_mark(struct srtp_slot *s, uint32_t index)
{
	if (s->w[0] == 0) {
		s->w[0] = 1;
		s->rtcp_index = index;
	} else if (index > s->rtcp_index) {
		uint32_t d = index - s->rtcp_index;

		s->w[0] = (d < 64 ? s->w[0] << d : 0) | 1;
		s->rtcp_index = index;
	} else {
		s->w[0] |= 1ULL << (s->rtcp_index - index);
	}
}

void srtp_way_rekey(struct srtp_leg *l, bool tx, uint32_t serial)
{
	struct srtp_way *way = tx ? &l->tx : &l->rx;
	size_t words = tx ? SRTP_TX_WORDS : SRTP_RX_WORDS;

	for (unsigned int i = 0; i < way->slots; i++)
		memset(srtp_slot_at(l, tx, i)->w, 0, 8 * words + (l->window_mask + 1u) / 8);
	memset(way->gone, 0, sizeof(way->gone));
	way->gone_count = 0;
	way->rtp_count = 0;
	way->rtcp_count = 0;
	way->serial = serial;
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

bool srtp_ssrc_gone(const struct srtp_way *way, uint32_t ssrc)
{
	unsigned int bit[3];

	if (way->gone_count == 0)
		return false;
	gone_bits(ssrc, bit);
	for (unsigned int i = 0; i < 3; i++)
		if (!(way->gone[bit[i] / 8] >> (bit[i] % 8) & 1))
			return false;
	return true;
}

static void ssrc_goes(struct srtp_way *way, uint32_t ssrc)
{
	unsigned int bit[3];

	gone_bits(ssrc, bit);
	for (unsigned int i = 0; i < 3; i++)
		way->gone[bit[i] / 8] |= (uint8_t)(1 << (bit[i] % 8));
	way->gone_count++;
}

struct srtp_slot *srtp_slot_take(struct srtp_leg *l, bool tx, uint32_t ssrc,
				 const struct srtp_keys *k, uint32_t now, enum srtp_verdict *v)
{
	struct srtp_way *way = tx ? &l->tx : &l->rx;
	struct srtp_slot *s, *longest = NULL;
	uint16_t silent, most = 0;

	if (way->slots < SRTP_SSRCS) {
		s = srtp_slot_at(l, tx, way->slots++);
	} else {
		for (unsigned int i = 0; i < SRTP_SSRCS; i++) {
			s = srtp_slot_at(l, tx, i);
			silent = (uint16_t)(srtp_heard(now) - s->heard);
			if (silent >= SRTP_HEARD_IDLE && silent >= most) {
				longest = s;
				most = silent;
			}
		}
		*v = longest ? SRTP_KEY_SPENT : SRTP_NO_PLACE;
		if (longest == NULL || way->gone_count >= SRTP_GONE_MAX)
			return NULL;
		s = longest;
		ssrc_goes(way, s->ssrc);
		srtp_engine_ops(k->engine)->forget(k, s->ssrc);
	}
	memset(s, 0, srtp_slot_size(l, tx ? SRTP_TX_WORDS : SRTP_RX_WORDS));
	s->ssrc = ssrc;
	return s;
}
