/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys in descriptions (RFC 4568): which of a party's is taken, and our own. All of it secret. */
#ifndef SDP_CRYPTO_H
#define SDP_CRYPTO_H

#include "sdp_read.h"

#define SDP_KEYS_MAX SDES_SUITE_COUNT /* crypto lines of ours in one section */

/* Of ours: what we send is protected by it. */
struct sdp_key {
	uint32_t tag;
	uint8_t suite; /* enum sdes_suite */
	uint8_t master_len;
	uint8_t master[SDES_MASTER_MAX];
};

/* 0, or -errno of getrandom(). */
int sdp_key_make(struct sdp_key *k, uint32_t tag, enum sdes_suite suite);

/* One key for each suite of the profile, tags from 1: their number, or -errno. */
int sdp_keys_offer(const struct sdp_profile *p, struct sdp_key *keys);

/*
 * The crypto line of an offer that is to be used: the best by the profile's list, or without
 * one, the first that we can. The caller wipes `out`. 0, or -EINVAL with `err`.
 */
int sdp_crypto_choose(const struct sdp_section_facts *f, const struct sdp_profile *p,
		      struct sdes *out, struct sdp_error *err);

/* The crypto line of an answer, and which of our offered keys it takes: index or -EINVAL. */
int sdp_crypto_match(const struct sdp_section_facts *f, const struct sdp_key *keys,
		     unsigned int count, struct sdes *out, struct sdp_error *err);

/* Value of a=crypto for a key of ours, zero-ended, in SDES_STRLEN bytes. */
void sdp_key_format(const struct sdp_key *k, char text[SDES_STRLEN]);

#endif
