/* SPDX-License-Identifier: BSD-3-Clause */
/* An index for a packet that is to be sealed: claimed before it is used, and never twice. */
#ifndef SRTP_SEAL_H
#define SRTP_SEAL_H

#include "state.h"

static inline bool srtp_seal_fits(const struct srtp_op *op)
{
	unsigned int growth = srtp_growth(op->keys, op->rtcp);

	return op->room >= growth && op->len + growth <= UINT16_MAX;
}

static inline struct srtp_slot *srtp_seal_slot(struct srtp_leg *l, uint32_t ssrc,
					       const struct srtp_keys *k, uint32_t now,
					       enum srtp_verdict *v)
{
	struct srtp_slot *s = srtp_slot_find(l, true, ssrc);

	if (s)
		return s;
	*v = SRTP_REPLAY;
	if (srtp_ssrc_gone(l, true, ssrc))
		return NULL;
	return srtp_slot_take(l, true, ssrc, k, now, v);
}

/*
 * The index comes from the packet's own sequence number: it was made elsewhere. One that is
 * far behind is not taken for a long gap, so that nobody's stray packet moves the counter away
 * from the receiver's.
 */
static inline enum srtp_verdict srtp_seal_claim(struct srtp_op *op, uint32_t now,
						unsigned int *hlen, uint64_t *index)
{
	const struct srtp_keys *k = op->keys;
	struct srtp_leg *l = op->leg;
	struct srtp_slot *s;
	enum srtp_verdict v;

	*hlen = srtp_rtp_hlen(op->data, op->len);
	if (*hlen == 0)
		return SRTP_MALFORMED;
	if (!srtp_seal_fits(op))
		return SRTP_NO_ROOM;
	if (l->tx.serial != k->serial)
		srtp_way_rekey(l, true, k);
	if (l->tx.state.rtp_count >= srtp_keys_limit(k))
		return SRTP_KEY_SPENT;
	s = srtp_seal_slot(l, srtp_get32(op->data + 8), k, now, &v);
	if (s == NULL)
		return v;
	*index = srtp_estimate(srtp_slot_highest(s), srtp_get16(op->data + 2));
	if (*index >= SRTP_INDEX_END)
		return SRTP_KEY_SPENT;
	if (srtp_window_empty(&l->tx, s)) {
		srtp_window_start(&l->tx, s, *index);
	} else {
		v = srtp_window_check(&l->tx, s, *index);
		if (v != SRTP_OK)
			return v;
		srtp_window_mark(&l->tx, s, *index);
	}
	s->heard = srtp_heard(now);
	l->tx.state.rtp_count++;
	return SRTP_OK;
}

#endif
