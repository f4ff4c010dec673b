/* SPDX-License-Identifier: BSD-3-Clause */
/* Legs with keys, and packets of any index for them: for tests that open and seal by hand. */
#ifndef SRTP_PAIR_H
#define SRTP_PAIR_H

#include "srtp_bed.h"

#define SSRC 0x01020304u

extern const struct bed_keys cm, second;

/* A leg of each engine, with keys of one profile to seal (first engine) and to open. */
struct pair {
	struct bed_party at;
	struct srtp_keys *seal, *open;
};

struct pair pair(enum srtp_engine e, unsigned int window, const struct bed_keys *k);

void pair_free(struct pair *p);

/* Opens a packet of this index; sealed anew each time, since it has to be far and wide. */
int open_at(struct pair *p, uint32_t ssrc, uint64_t index);

/* The same under keys and those before them; of RTCP too. */
int open_two(struct bed_party *at, const struct srtp_keys *k, const struct srtp_keys *old,
	     struct srtp_keys *sealer, uint64_t index, bool rtcp);

#endif
