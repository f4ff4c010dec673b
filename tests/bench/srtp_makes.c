/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/srtp as the packet path calls it, and libsrtp2 as most others do. */
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "bench_srtp.h"

#define LIBSRTP2_SESSIONS 512 /* more want gigabytes */

struct ours {
	struct srtp_worker *w;
	enum srtp_engine engine;
	size_t key_size, leg_size;
	uint8_t *keys, *legs;
	uint32_t now;
	struct srtp_op op[BURST];
};

static struct srtp_keys *ours_keys(const struct ours *o, unsigned int i)
{
	return (struct srtp_keys *)(o->keys + i * o->key_size);
}

static unsigned int ours_key_count(const struct bench *b)
{
	return b->order ? 2 * b->sessions : b->sessions;
}

static struct srtp_leg *ours_leg(const struct ours *o, unsigned int i)
{
	return (struct srtp_leg *)(o->legs + i * o->leg_size);
}

/* One keys object can serve both directions here: the index of ipsec-mb's is in the leg. */
static void *ours_create(const struct bench *b)
{
	struct ours *o = calloc(1, sizeof(*o));
	uint8_t master[SRTP_MASTER_MAX];

	if (o == NULL || srtp_engine_pick(SRTP_ENGINE_AUTO, &o->engine) < 0)
		die("no engine");
	o->w = srtp_worker_create(o->engine);
	o->key_size = srtp_keys_size(o->engine, b->profile);
	o->leg_size = srtp_leg_size(o->engine, SRTP_WINDOW_MIN);
	o->keys = aligned_alloc(64, (ours_key_count(b) * o->key_size + 63) & ~(size_t)63);
	o->legs = aligned_alloc(64, (b->sessions * o->leg_size + 63) & ~(size_t)63);
	if (o->w == NULL || o->keys == NULL || o->legs == NULL)
		die("no memory");
	for (unsigned int i = 0; i < ours_key_count(b); i++) {
		struct srtp_keys_config c = {
			.profile = b->profile, .engine = o->engine, .master = master};

		bench_master(master, i % b->sessions);
		if (srtp_keys_init(ours_keys(o, i), &c) < 0)
			die("no keys");
	}
	for (unsigned int i = 0; i < b->sessions; i++)
		if (srtp_leg_init(ours_leg(o, i), o->engine, SRTP_WINDOW_MIN) < 0)
			die("no legs");
	return o;
}

static void ours_destroy(const struct bench *b, void *ctx)
{
	struct ours *o = ctx;

	for (unsigned int i = 0; i < ours_key_count(b); i++)
		srtp_keys_wipe(ours_keys(o, i));
	srtp_worker_free(o->w);
	free(o->keys);
	free(o->legs);
	free(o);
}

static void nothing(const struct bench *b, void *ctx, bool seal)
{
}

/* What the packet path fills in while it parses, and counts afterwards. */
static void ours_prepare(const struct bench *b, void *ctx, bool seal)
{
	unsigned int growth = srtp_profile_rtp_tag_len(b->profile);
	unsigned int keys = b->order && seal ? b->sessions : 0; /* from here on */
	struct ours *o = ctx;

	for (unsigned int i = 0; i < b->burst; i++) {
		if (o->op[i].verdict != SRTP_OK)
			die("a packet failed");
		o->op[i] = (struct srtp_op){.data = b->packet[i],
					    .len = (uint16_t)(b->size + (seal ? 0 : growth)),
					    .room = 64,
					    .keys = ours_keys(o, keys + b->which[i]),
					    .leg = ours_leg(o, b->which[i])};
	}
	o->now++;
}

static void ours_run(const struct bench *b, void *ctx, bool seal)
{
	struct ours *o = ctx;

	for (unsigned int i = 0; i < b->burst; i++)
		srtp_prefetch(o->op[i].keys, o->op[i].leg);
	if (seal)
		srtp_seal(o->w, o->op, b->burst, o->now);
	else
		srtp_open(o->w, o->op, b->burst, o->now);
}

const struct make make_srtp = {"srtp", ours_create, ours_destroy, ours_prepare, ours_run};

/* [2]: to open, to seal. */
static void *lib_create(const struct bench *b)
{
	srtp_t(*s)[2] = calloc(b->sessions, sizeof(*s));
	uint8_t master[SRTP_MASTER_MAX];
	srtp_policy_t p = {.key = master, .window_size = 128};

	if (b->sessions > LIBSRTP2_SESSIONS || srtp_profile_key_len(b->profile) == 24) {
		free(s);
		return NULL;
	}
	srtp_init();
	switch (b->profile) {
	case SRTP_AEAD_AES_128_GCM: srtp_crypto_policy_set_aes_gcm_128_16_auth(&p.rtp); break;
	case SRTP_AEAD_AES_256_GCM: srtp_crypto_policy_set_aes_gcm_256_16_auth(&p.rtp); break;
	case SRTP_AES_256_CM_HMAC_SHA1_80:
	case SRTP_AES_256_CM_HMAC_SHA1_32:
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&p.rtp);
		break;
	default: srtp_crypto_policy_set_rtp_default(&p.rtp); break;
	}
	p.rtp.auth_tag_len = (int)srtp_profile_rtp_tag_len(b->profile);
	p.rtcp = p.rtp;
	for (unsigned int i = 0; i < b->sessions; i++) {
		bench_master(master, i);
		for (unsigned int seal = 0; seal < 2; seal++) {
			p.ssrc.type = seal ? ssrc_any_outbound : ssrc_any_inbound;
			if (srtp_create(&s[i][seal], &p) != srtp_err_status_ok)
				die("libsrtp2 makes no session");
		}
	}
	return s;
}

static void lib_destroy(const struct bench *b, void *ctx)
{
	srtp_t(*s)[2] = ctx;

	for (unsigned int i = 0; i < b->sessions; i++) {
		srtp_dealloc(s[i][0]);
		srtp_dealloc(s[i][1]);
	}
	free(s);
}

static void lib_run(const struct bench *b, void *ctx, bool seal)
{
	srtp_t(*s)[2] = ctx;
	int growth = (int)srtp_profile_rtp_tag_len(b->profile), len;

	for (unsigned int i = 0; i < b->burst; i++) {
		len = b->size + (seal ? 0 : growth);
		if (seal ? srtp_protect(s[b->which[i]][1], b->packet[i], &len)
			 : srtp_unprotect(s[b->which[i]][0], b->packet[i], &len))
			die("libsrtp2 refuses a packet");
	}
}

const struct make make_libsrtp2 = {"libsrtp2", lib_create, lib_destroy, nothing, lib_run};
