/* SPDX-License-Identifier: BSD-3-Clause */
/* What bench_srtp compares: the same packets, of the same sessions, by several makes. */
#ifndef BENCH_SRTP_H
#define BENCH_SRTP_H

#include <stdbool.h>
#include <stdint.h>

#include "srtp.h"

#define PACKET_MAX 1500
#define BURST      SRTP_BURST_MAX

struct bench {
	enum srtp_profile profile;
	unsigned int sessions, burst;
	uint16_t size;                      /* of the RTP packet, without tag */
	uint8_t (*packet)[PACKET_MAX + 64]; /* BURST of them */
	unsigned int which[BURST];          /* sessions of this burst */
	/*
	 * The order of the sessions, NULL: by number. With an order, of make_srtp each direction
	 * has keys of its own, so that opening finds none that sealing has just used.
	 */
	unsigned int *order;
};

/* One make: everything that it needs is made by open(), NULL: it can't. */
struct make {
	const char *name;
	void *(*create)(const struct bench *b);
	void (*destroy)(const struct bench *b, void *ctx);
	/* Not timed: before each burst. */
	void (*prepare)(const struct bench *b, void *ctx, bool seal);
	/* Timed. */
	void (*run)(const struct bench *b, void *ctx, bool seal);
};

extern const struct make make_srtp, make_raw, make_evp, make_libsrtp2;

void bench_master(uint8_t master[SRTP_MASTER_MAX], unsigned int session);
_Noreturn void die(const char *why);

#endif
