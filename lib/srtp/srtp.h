/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SRTP and SRTCP (RFC 3711, RFC 6188, RFC 7714) in bursts.
 *
 * Three kinds of objects, each with one writer:
 *
 *	struct srtp_keys    what was derived from one master key; immutable. Made and freed by
 *	                    the control lcore (wiped after a grace period).
 *	struct srtp_leg     the running half of one leg: packet indices, rollover counters and
 *	                    replay windows, of what is received and of what is sent, for a few
 *	                    SSRCs each. Written by the worker that owns the leg, nobody else.
 *	struct srtp_worker  an engine's workspace for one thread: ipsec-mb's manager, job arrays.
 *
 * Order of trust on receive (open): replay window, authentication, replay window again (the
 * same packet may be twice in one burst), and only then does an index move or an SSRC get a
 * place. A packet that fails changes nothing at all (but when a search was last made).
 *
 * An SSRC that lost its place, to a new one after about 8 s of silence, is refused until there
 * are new keys: its indices are forgotten, and neither may a replay get through nor an index be
 * used twice. After 48 of them new SSRCs are refused with SRTP_KEY_SPENT.
 *
 * SRTCP that is sealed begins with index 1 and goes on over new keys. With libsrtp2 it begins
 * anew, windows are 32,736 packets at most, and there is no AES-192 (-ENOTSUP: its derivation
 * isn't RFC 6188's). It allocates on the packet path, and at an SSRC's first packet most.
 */
#ifndef SRTP_H
#define SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum srtp_profile {
	SRTP_AES_CM_128_HMAC_SHA1_80,
	SRTP_AES_CM_128_HMAC_SHA1_32,
	SRTP_AES_192_CM_HMAC_SHA1_80, /* RFC 6188 */
	SRTP_AES_192_CM_HMAC_SHA1_32,
	SRTP_AES_256_CM_HMAC_SHA1_80,
	SRTP_AES_256_CM_HMAC_SHA1_32,
	SRTP_AEAD_AES_128_GCM, /* RFC 7714 */
	SRTP_AEAD_AES_256_GCM,
	SRTP_PROFILE_COUNT
};

enum srtp_engine { SRTP_ENGINE_AUTO, SRTP_ENGINE_IPSEC_MB, SRTP_ENGINE_LIBSRTP2 };

#define SRTP_BURST_MAX   32
#define SRTP_MASTER_MAX  46  /* AES-256-CM: 32 bytes of key, 14 of salt */
#define SRTP_MKI_MAX     128 /* RFC 4568 §9.1 */
#define SRTP_SSRCS       4   /* SSRCs a leg in each direction, */
#define SRTP_SSRCS_MAX   16  /* and at most */
#define SRTP_WINDOW_MIN  128
#define SRTP_WINDOW_MAX  32768
#define SRTP_RTP_GROWTH  16 /* most that sealing adds to RTP, without MKI */
#define SRTP_RTCP_GROWTH 20 /* and to RTCP: tag and index */
#define SRTP_ALIGN       16 /* of keys and legs; their sizes are multiples of it */

/* Names as in RFC 4568 §6.2 and RFC 7714 §14.2; NULL for no such profile. */
const char *srtp_profile_name(enum srtp_profile p);
/* 0, or -ENOENT. */
int srtp_profile_find(const char *name, enum srtp_profile *out);
/* Bytes of master key and of master salt; of the tag behind RTP. */
unsigned int srtp_profile_key_len(enum srtp_profile p);
unsigned int srtp_profile_salt_len(enum srtp_profile p);
unsigned int srtp_profile_rtp_tag_len(enum srtp_profile p);

/* What to do with one packet, and what became of it. */
enum srtp_verdict {
	SRTP_OK,
	SRTP_BAD_AUTH,  /* forged, damaged, or under another key */
	SRTP_REPLAY,    /* seen already, or may have been; on sealing: its index was used */
	SRTP_TOO_OLD,   /* behind the replay window */
	SRTP_BAD_MKI,   /* not the MKI agreed upon */
	SRTP_MALFORMED, /* too short, or its header doesn't fit into it */
	SRTP_NO_ROOM,   /* tag and index don't fit behind it */
	SRTP_KEY_SPENT, /* the key's lifetime is over (RFC 3711 §9.2, RFC 4568 §6.1) */
	SRTP_NO_PLACE,  /* a new SSRC, while all places are of SSRCs heard a moment ago */
	SRTP_VERDICTS
};

struct srtp_keys;
struct srtp_leg;
struct srtp_worker;

struct srtp_op {
	uint8_t *data; /* the RTP or RTCP header; opened or sealed in place */
	uint16_t len;  /* of the packet; changed to its new length */
	uint16_t room; /* sealing: bytes that may be written behind it */
	bool rtcp;
	uint8_t verdict;                  /* out: enum srtp_verdict */
	const struct srtp_keys *keys;     /* the newest */
	const struct srtp_keys *keys_old; /* opening: those before, or NULL */
	struct srtp_leg *leg;
};

struct srtp_keys_config {
	enum srtp_profile profile;
	enum srtp_engine engine; /* as srtp_engine_pick() gave it */
	const uint8_t *master;   /* key, then salt */
	const uint8_t *mki;      /* NULL: none */
	uint8_t mki_len;
	uint64_t lifetime; /* packets; 0: the most that RFC 3711 allows */
	/* Another association made them (RFC 5764 §4.1): the far end knows nothing of rollover
	 * counters before, and they begin at 0. Otherwise they go on over new keys. */
	bool anew;
};

/* The engine behind `wanted` on this machine: AUTO is ipsec-mb where it runs. -ENOTSUP. */
int srtp_engine_pick(enum srtp_engine wanted, enum srtp_engine *out);
const char *srtp_engine_name(enum srtp_engine e);

/*
 * Keys live in memory of the caller's: at least srtp_keys_size_for() bytes, aligned to SRTP_ALIGN
 * (64 saves cache lines), which stay where they are until srtp_keys_wipe(). Init gives 0 or
 * -EINVAL, -ENOTSUP, -ENOMEM (libsrtp2). One object serves one leg in one direction.
 */
size_t srtp_keys_size_for(const struct srtp_keys_config *c);
/* Without MKI and lifetime. */
size_t srtp_keys_size(enum srtp_engine e, enum srtp_profile p);
/* What srtp_keys_size_for() said of them. */
size_t srtp_keys_bytes(const struct srtp_keys *k);
int srtp_keys_init(struct srtp_keys *k, const struct srtp_keys_config *c);
void srtp_keys_wipe(struct srtp_keys *k);
/* Made from the same: profile, master key, MKI and lifetime? Of one engine. */
bool srtp_keys_equal(const struct srtp_keys *a, const struct srtp_keys *b);
enum srtp_profile srtp_keys_profile(const struct srtp_keys *k);
/* Bytes that sealing adds behind a packet: tag, MKI, for RTCP the index as well. */
unsigned int srtp_keys_growth(const struct srtp_keys *k, bool rtcp);

/*
 * The same for a leg; aligned to 64 bytes, each of its directions is one cache line. `window` of
 * RTP in packets, a multiple of 64; RTCP has one of 64. `ssrcs`: places for SSRCs in each
 * direction, SRTP_SSRCS to SRTP_SSRCS_MAX, as many as a bundle needs. -EINVAL, -ENOMEM. Wipe a leg
 * before its keys. Init and wipe are for the control lcore.
 */
size_t srtp_leg_size_for(enum srtp_engine e, unsigned int window, unsigned int ssrcs);
int srtp_leg_init_for(struct srtp_leg *l, enum srtp_engine e, unsigned int window,
		      unsigned int ssrcs);
/* What srtp_leg_size_for() said of it. */
size_t srtp_leg_bytes(const struct srtp_leg *l);
void srtp_leg_wipe(struct srtp_leg *l);

/* With SRTP_SSRCS places. */
static inline size_t srtp_leg_size(enum srtp_engine e, unsigned int window)
{
	return srtp_leg_size_for(e, window, SRTP_SSRCS);
}

static inline int srtp_leg_init(struct srtp_leg *l, enum srtp_engine e, unsigned int window)
{
	return srtp_leg_init_for(l, e, window, SRTP_SSRCS);
}

/*
 * Legs of SRTP_SSRCS places and the smallest window have one place of each direction in
 * themselves, and take a block for the others out of a common stock when a second SSRC comes.
 * Control fills the stock up now and then (init does as well). While it is empty, which takes
 * hundreds of legs in one turn of control's loop, further SSRCs get SRTP_NO_PLACE. 0 or -ENOMEM.
 */
int srtp_places_stock(void);

/*
 * Starts loading what open or seal of this leg read first. The keys' other lines they load
 * themselves, some packets ahead.
 */
static inline void srtp_prefetch(const struct srtp_keys *k, const struct srtp_leg *l)
{
	__builtin_prefetch(l);
	__builtin_prefetch((const char *)l + 64);
	__builtin_prefetch(k);
}

/* For one thread. NULL with errno. */
struct srtp_worker *srtp_worker_create(enum srtp_engine e);
void srtp_worker_free(struct srtp_worker *w);

/*
 * At most SRTP_BURST_MAX packets, of any legs, profiles and kinds mixed. `now` is any clock of
 * about a millisecond a tick, which wraps; it limits how often a lost rollover counter is
 * searched for. Calls no kernel and takes no lock; with ipsec-mb, allocates nothing.
 */
void srtp_open(struct srtp_worker *w, struct srtp_op *op, unsigned int n, uint32_t now);
void srtp_seal(struct srtp_worker *w, struct srtp_op *op, unsigned int n, uint32_t now);

#endif
