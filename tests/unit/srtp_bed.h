/* SPDX-License-Identifier: BSD-3-Clause */
/* Parties, keys and packets for the tests of lib/srtp. What fails to be made ends the test. */
#ifndef SRTP_BED_H
#define SRTP_BED_H

#include "check.h"
#include "state.h"

#define BED_ROOM 256

struct bed_packet {
	uint8_t bytes[2048 + BED_ROOM];
	uint16_t len;
	bool rtcp;
};

/* One end: an engine and the state of a leg. */
struct bed_party {
	enum srtp_engine engine;
	struct srtp_worker *w;
	struct srtp_leg *leg;
	uint32_t now;
};

struct bed_keys {
	enum srtp_profile profile;
	uint8_t seed; /* of the master key */
	uint8_t mki_len;
	uint64_t lifetime;
	bool anew;
};

/* The engines of this machine; 1 or 2. */
unsigned int bed_engines(enum srtp_engine out[2]);
bool bed_can(enum srtp_engine e, enum srtp_profile p);
struct bed_party bed_party(enum srtp_engine e, unsigned int window);
void bed_party_free(struct bed_party *p);
struct srtp_keys *bed_keys(enum srtp_engine e, const struct bed_keys *k);
void bed_keys_free(struct srtp_keys *k);

void bed_rtp(struct bed_packet *p, uint32_t ssrc, uint16_t seq, uint16_t payload);
void bed_rtcp(struct bed_packet *p, uint32_t ssrc, uint16_t payload);
/* Sealed as of this index, whatever was sealed before. `k` is of the first engine. */
void bed_seal_at(struct bed_packet *p, const struct srtp_keys *k, uint64_t index);
/* The same by a worker that is there already. */
void bed_seal_by(struct srtp_worker *w, struct bed_packet *p, const struct srtp_keys *k,
		 uint64_t index);
/* A verdict, in a call of its own. */
int bed_seal(struct bed_party *to, const struct srtp_keys *k, struct bed_packet *p);
int bed_open(struct bed_party *at, const struct srtp_keys *k, const struct srtp_keys *old,
	     const struct bed_packet *p);

#endif
