/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp_pair.h"

const struct bed_keys cm = {.profile = SRTP_AES_CM_128_HMAC_SHA1_80, .seed = 1};
const struct bed_keys second = {.profile = SRTP_AEAD_AES_256_GCM, .seed = 2};

struct pair pair(enum srtp_engine e, unsigned int window, const struct bed_keys *k)
{
	enum srtp_engine engines[2];

	bed_engines(engines);
	return (struct pair){bed_party(e, window), bed_keys(engines[0], k), bed_keys(e, k)};
}

void pair_free(struct pair *p)
{
	bed_party_free(&p->at);
	bed_keys_free(p->seal);
	bed_keys_free(p->open);
}

int open_at(struct pair *p, uint32_t ssrc, uint64_t index)
{
	struct srtp_keys *k = p->seal;
	struct bed_packet packet;

	bed_rtp(&packet, ssrc, (uint16_t)index, 20);
	bed_seal_at(&packet, k, index);
	return bed_open(&p->at, p->open, NULL, &packet);
}

int open_two(struct bed_party *at, const struct srtp_keys *k, const struct srtp_keys *old,
	     struct srtp_keys *sealer, uint64_t index, bool rtcp)
{
	struct bed_packet packet;

	if (rtcp)
		bed_rtcp(&packet, SSRC, 20);
	else
		bed_rtp(&packet, SSRC, (uint16_t)index, 20);
	bed_seal_at(&packet, sealer, index);
	return bed_open(at, k, old, &packet);
}
