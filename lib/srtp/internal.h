/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this folder share: the objects' layouts and the engines' interface. */
#ifndef SRTP_INTERNAL_H
#define SRTP_INTERNAL_H

#include <string.h>

#include "srtp.h"

#define SRTP_RTP_LIMIT  (1ULL << 48) /* packets under one key, RFC 3711 §9.2 */
#define SRTP_RTCP_LIMIT (1ULL << 31)
#define SRTP_INDEX_END  (1ULL << 48)
#define SRTP_TAG_MAX    16
#define SRTP_E_BIT      0x80000000u
#define SRTP_RTP_HLEN   12
#define SRTP_RTCP_HLEN  8

struct srtp_profile_info {
	const char *name;
	uint8_t key_len, salt_len, rtp_tag_len, rtcp_tag_len;
	bool aead;
};

extern const struct srtp_profile_info srtp_profiles[SRTP_PROFILE_COUNT];

/*
 * Heads every keys object; what follows belongs to the engine, and behind that is what few keys
 * have: the most packets of RTP under them, 8 bytes, and the MKI.
 */
struct srtp_keys {
	uint32_t serial; /* never 0, never twice in a process until it wraps */
	uint8_t profile;
	uint8_t engine : 2;
	uint8_t anew : 1;    /* rollover counters begin at 0 with them */
	uint8_t limited : 1; /* to fewer packets than SRTP_RTP_LIMIT */
	uint8_t mki_len;
	uint8_t tag_len; /* of RTP */
};

#define SRTP_WINDOW_NEAR 128

/*
 * One SSRC in one direction. Of the RTP window, bit (index % window) says that index was seen. A
 * window without any bit has seen nothing under the keys in use: roc and seq then only serve to
 * estimate. A window of more than SRTP_WINDOW_NEAR is somewhere else in the leg's object.
 */
struct srtp_slot {
	uint32_t ssrc;
	uint32_t roc;
	uint16_t seq;         /* with roc: the highest index */
	uint16_t heard;       /* when last authentic, in SRTP_HEARD_SHIFT of a tick */
	uint32_t rtcp_index;  /* the highest */
	uint64_t rtcp_window; /* receiving: bit i is rtcp_index - i */
	union {
		uint64_t near[SRTP_WINDOW_NEAR / 64];
		uint64_t *far;
	} w;
};

#define SRTP_HEARD_SHIFT 8
#define SRTP_HEARD_IDLE  32 /* about 8 s without a packet before an SSRC may lose its place */

/*
 * What a direction is as a whole. `turn` counts new keys: as long as none of this changes, and
 * the serial doesn't, nothing has happened to its slots.
 */
union srtp_way_state {
	struct {
		uint64_t rtp_count : 48, gone_count : 6, slots : 5, turn : 5;
	};
	uint64_t word;
};

/* One direction: one cache line, with the slot of the SSRC that came first. */
struct srtp_way {
	uint32_t serial;     /* of the keys that packets were last authentic under; 0: none */
	uint32_t rtcp_count; /* packets under them */
	union srtp_way_state state;
	struct srtp_slot first;
	uint16_t window_mask;
	uint8_t ssrcs; /* places */
	uint8_t engine;
	union {
		struct {             /* receiving: of the last search for a rollover counter */
			uint16_t at; /* ticks */
			uint8_t round;
		} search;
		uint32_t more; /* sending, but for both: 0, or number of a block of places.c */
	};
};

#define SRTP_GONE_BYTES 24
#define SRTP_GONE_MAX   48

/*
 * Most legs have one SSRC in each direction, so that the other places are not in the leg but in
 * a block that is taken when a second one comes (places.c). Bundles and large windows have them
 * in the leg's own object.
 *
 *	gone	a Bloom filter of the SSRCs that lost their place under these keys
 *	ssrc	of the slots, for a quick search: [2][ssrcs - 1]
 *		behind it, the slots: [2][ssrcs - 1], and far windows
 */
struct srtp_more {
	uint8_t gone[2][SRTP_GONE_BYTES];
	uint32_t ssrc[];
};

struct srtp_leg {
	struct srtp_way rx, tx;
};

_Static_assert(sizeof(struct srtp_way) == 64, "one cache line");

/* Transforms of one packet. Nothing of these looks at a leg. */
struct srtp_engine_ops {
	size_t (*keys_size)(enum srtp_profile p);
	int (*keys_init)(struct srtp_keys *k, const uint8_t *master);
	void (*keys_wipe)(struct srtp_keys *k); /* what isn't in the object itself */
	bool (*keys_equal)(const struct srtp_keys *a, const struct srtp_keys *b); /* behind head */
	/*
	 * Authentic? Then the payload has been decrypted. `len` is all that arrived. Otherwise
	 * the payload is as it was, or *dirty is set and undo() makes it so.
	 */
	bool (*open_rtp)(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			 unsigned int len, unsigned int hlen, uint64_t index, bool *dirty);
	void (*undo_rtp)(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			 unsigned int len, unsigned int hlen, uint64_t index);
	bool (*open_rtcp)(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			  unsigned int len);
	/* Room for tag, MKI and index has been checked. False: the engine refused. */
	bool (*seal_rtp)(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			 unsigned int len, unsigned int hlen, uint64_t index);
	bool (*seal_rtcp)(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			  unsigned int len, uint32_t index);
	/* An SSRC lost its place. */
	void (*forget)(const struct srtp_keys *k, uint32_t ssrc);
	struct srtp_worker *(*worker_create)(void);
	void (*worker_free)(struct srtp_worker *w);
	void (*open)(struct srtp_worker *w, struct srtp_op *op, unsigned int n, uint32_t now);
	void (*seal)(struct srtp_worker *w, struct srtp_op *op, unsigned int n, uint32_t now);
};

/* Heads every worker. */
struct srtp_worker {
	const struct srtp_engine_ops *ops;
};

#ifdef SRTP_WITH_IPSEC_MB
extern const struct srtp_engine_ops srtp_ipsec_mb;
bool srtp_ipsec_mb_runs(void);
#endif
extern const struct srtp_engine_ops srtp_libsrtp2;

const struct srtp_engine_ops *srtp_engine_ops(enum srtp_engine e);

/* What is behind the engine's part. */
static inline const uint8_t *srtp_keys_tail(const struct srtp_keys *k)
{
	return (const uint8_t *)k + srtp_engine_ops(k->engine)->keys_size(k->profile);
}

static inline const uint8_t *srtp_keys_mki(const struct srtp_keys *k)
{
	return srtp_keys_tail(k) + (k->limited ? sizeof(uint64_t) : 0);
}

/* Packets of RTP. */
static inline uint64_t srtp_keys_limit(const struct srtp_keys *k)
{
	uint64_t limit = SRTP_RTP_LIMIT - 1;

	if (__builtin_expect(k->limited, 0))
		memcpy(&limit, srtp_keys_tail(k), sizeof(limit));
	return limit;
}

/* Any engine, any packet, alone. `failed`: this index under op->keys isn't to be tried again. */
void srtp_open_one(struct srtp_worker *w, struct srtp_op *op, uint32_t now, uint64_t failed);
void srtp_seal_one(struct srtp_worker *w, struct srtp_op *op, uint32_t now);
#define SRTP_NOT_TRIED UINT64_MAX

/* Of all profiles, only those of GCM have tags of 16 bytes. */
static inline bool srtp_is_aead(const struct srtp_keys *k)
{
	return k->tag_len == SRTP_TAG_MAX;
}

/* srtp_keys_growth(), for the packet path. */
static inline unsigned int srtp_growth(const struct srtp_keys *k, bool rtcp)
{
	if (!rtcp)
		return (unsigned int)k->tag_len + k->mki_len;
	return 4u + srtp_profiles[k->profile].rtcp_tag_len + k->mki_len;
}

static inline uint16_t srtp_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t srtp_get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline void srtp_put32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, 4);
}

/* Tags have 4, 10 or 16 bytes. */
static inline void srtp_tag_copy(uint8_t *to, const uint8_t *from, unsigned int len)
{
	if (len == 10) {
		memcpy(to, from, 8);
		memcpy(to + 8, from + 8, 2);
	} else if (len == 4) {
		memcpy(to, from, 4);
	} else {
		memcpy(to, from, 16);
	}
}

static inline uint64_t srtp_differ(const uint8_t *a, const uint8_t *b, unsigned int len)
{
	uint64_t x = 0, y = 0;

	memcpy(&x, a, len);
	memcpy(&y, b, len);
	return x ^ y;
}

/* In constant time. */
static inline bool srtp_tag_equal(const uint8_t *a, const uint8_t *b, unsigned int len)
{
	if (len == 10)
		return (srtp_differ(a, b, 8) | srtp_differ(a + 8, b + 8, 2)) == 0;
	if (len == 4)
		return srtp_differ(a, b, 4) == 0;
	return (srtp_differ(a, b, 8) | srtp_differ(a + 8, b + 8, 8)) == 0;
}

/* Bytes of the RTP header with CSRCs and extension; 0: it doesn't fit into len. */
static inline unsigned int srtp_rtp_hlen(const uint8_t *p, unsigned int len)
{
	unsigned int hlen;

	if (len < SRTP_RTP_HLEN)
		return 0;
	hlen = SRTP_RTP_HLEN + 4 * (p[0] & 15u);
	if (p[0] & 0x10) {
		if (hlen + 4 > len)
			return 0;
		hlen += 4 + 4u * srtp_get16(p + hlen + 2);
	}
	return hlen <= len ? hlen : 0;
}

#endif
