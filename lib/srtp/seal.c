/* SPDX-License-Identifier: BSD-3-Clause */
/* One packet sealed with any engine. */
#include "seal.h"

static void seal_rtp_one(struct srtp_worker *w, struct srtp_op *op, uint32_t now)
{
	unsigned int hlen = 0;
	uint64_t index = 0;

	op->verdict = (uint8_t)srtp_seal_claim(op, now, &hlen, &index);
	if (op->verdict != SRTP_OK)
		return;
	if (!w->ops->seal_rtp(w, op->keys, op->data, op->len, hlen, index)) {
		op->verdict = SRTP_REPLAY;
		return;
	}
	op->len += (uint16_t)srtp_growth(op->keys, false);
}

static enum srtp_verdict rtcp_claim(struct srtp_op *op, uint32_t now, uint32_t *index)
{
	const struct srtp_keys *k = op->keys;
	struct srtp_leg *l = op->leg;
	uint64_t rtp = srtp_keys_limit(k), limit = rtp < SRTP_RTCP_LIMIT ? rtp : SRTP_RTCP_LIMIT;
	struct srtp_slot *s;
	enum srtp_verdict v;

	if (op->len < SRTP_RTCP_HLEN)
		return SRTP_MALFORMED;
	if (!srtp_seal_fits(op))
		return SRTP_NO_ROOM;
	if (l->tx.serial != k->serial)
		srtp_way_rekey(l, true, k);
	if (l->tx.rtcp_count >= limit)
		return SRTP_KEY_SPENT;
	s = srtp_seal_slot(l, srtp_get32(op->data + 4), k, now, &v);
	if (s == NULL)
		return v;
	s->heard = srtp_heard(now);
	s->rtcp_index = (s->rtcp_index + 1) & ~SRTP_E_BIT;
	l->tx.rtcp_count++;
	*index = s->rtcp_index;
	return SRTP_OK;
}

static void seal_rtcp_one(struct srtp_worker *w, struct srtp_op *op, uint32_t now)
{
	uint32_t index = 0;

	op->verdict = (uint8_t)rtcp_claim(op, now, &index);
	if (op->verdict != SRTP_OK)
		return;
	if (!w->ops->seal_rtcp(w, op->keys, op->data, op->len, index)) {
		op->verdict = SRTP_REPLAY;
		return;
	}
	op->len += (uint16_t)srtp_growth(op->keys, true);
}

void srtp_seal_one(struct srtp_worker *w, struct srtp_op *op, uint32_t now)
{
	if (op->rtcp)
		seal_rtcp_one(w, op, now);
	else
		seal_rtp_one(w, op, now);
}
