/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hostile bytes into open, under keys of every profile and on every engine. The input: a byte
 * that chooses, then packets, each behind its length. Every second packet is made authentic as
 * far as its header allows, so that the state moves and then has to stand still.
 */
#include "fuzz.h"
#include "state.h"

#define ENGINES 2
#define GUARD   0xa5

struct target {
	struct srtp_worker *w;
	struct srtp_leg *leg;
	struct srtp_keys *keys, *old;
	size_t leg_size;
	uint8_t *before;
};

static struct target targets[ENGINES][SRTP_PROFILE_COUNT];
static unsigned int engines;

static struct srtp_keys *keys(enum srtp_engine e, enum srtp_profile p, uint8_t seed)
{
	uint8_t master[SRTP_MASTER_MAX], mki[4] = {1, 2, 3, seed};
	struct srtp_keys_config c = {
		.profile = p, .engine = e, .master = master, .mki = mki, .mki_len = p & 1 ? 4 : 0};
	struct srtp_keys *k = aligned_alloc(SRTP_ALIGN, srtp_keys_size_for(&c));

	memset(master, seed, sizeof(master));
	if (k == NULL || srtp_keys_init(k, &c) < 0) {
		free(k);
		return NULL;
	}
	return k;
}

static void create(struct target *t, enum srtp_engine e, enum srtp_profile p)
{
	t->keys = keys(e, p, 1);
	if (t->keys == NULL)
		return;
	t->old = keys(e, p, 2);
	t->w = srtp_worker_create(e);
	t->leg_size = srtp_leg_size(e, 128);
	t->leg = aligned_alloc(SRTP_ALIGN, t->leg_size);
	t->before = malloc(t->leg_size);
	PROMISE(t->old && t->w && t->leg && t->before);
}

static void create_all(void)
{
	enum srtp_engine e[ENGINES];

	if (srtp_engine_pick(SRTP_ENGINE_IPSEC_MB, &e[engines]) == 0)
		engines++;
	PROMISE(srtp_engine_pick(SRTP_ENGINE_LIBSRTP2, &e[engines]) == 0);
	engines++;
	for (unsigned int i = 0; i < engines; i++)
		for (unsigned int p = 0; p < SRTP_PROFILE_COUNT; p++)
			create(&targets[i][p], e[i], p);
}

/* Sealed as the far end would, in `to` with room for it. The new length. */
static uint16_t authentic(const struct target *t, uint8_t *to, uint16_t len, bool rtcp)
{
	unsigned int hlen = srtp_rtp_hlen(to, len);
	uint64_t index = len >= 4 ? srtp_get16(to + 2) : 0;

	if (rtcp ? len < SRTP_RTCP_HLEN : hlen == 0)
		return len;
	if (rtcp ? !t->w->ops->seal_rtcp(t->w, t->keys, to, len, (uint32_t)index)
		 : !t->w->ops->seal_rtp(t->w, t->keys, to, len, hlen, index))
		return len;
	return (uint16_t)(len + srtp_keys_growth(t->keys, rtcp));
}

static void check(struct target *t, const struct srtp_op *op, uint16_t len, const uint8_t *copy)
{
	struct srtp_leg *before = (struct srtp_leg *)t->before;

	PROMISE(op->verdict < SRTP_VERDICTS && op->verdict != SRTP_NO_ROOM);
	for (unsigned int i = 0; i < 64; i++)
		PROMISE(op->data[-1 - (int)i] == GUARD && op->data[len + i] == GUARD);
	if (op->verdict == SRTP_OK) {
		PROMISE(op->len < len);
		PROMISE(memcmp(op->data, copy, op->rtcp ? 8 : 12) == 0);
		return;
	}
	PROMISE(op->len == len);
	if (op->verdict == SRTP_NO_PLACE)
		return; /* authentic, and counted */
	/* Nothing has moved but the clock of searches. */
	before->rx.search = t->leg->rx.search;
	PROMISE(memcmp(t->before, t->leg, t->leg_size) == 0);
}

static void packet(struct target *t, const uint8_t *data, uint16_t len, bool rtcp, bool seal,
		   bool old, uint32_t now)
{
	size_t room = 64 + len + 64 + SRTP_MKI_MAX;
	uint8_t *memory = malloc(room), *p = memory + 64, *copy;
	struct srtp_op op = {.data = p, .rtcp = rtcp, .keys = t->keys, .leg = t->leg};

	PROMISE(memory != NULL);
	memset(memory, GUARD, room);
	memcpy(p, data, len);
	if (seal)
		len = authentic(t, p, len, rtcp);
	memset(p + len, GUARD, room - 64 - len);
	copy = fuzz_copy(p, len);
	memcpy(t->before, t->leg, t->leg_size);
	op.len = len;
	op.keys_old = old ? t->old : NULL;
	srtp_open(t->w, &op, 1, now);
	check(t, &op, len, copy);
	free(copy);
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target *t;
	uint32_t now = 100;

	if (engines == 0)
		create_all();
	if (size < 1)
		return 0;
	t = &targets[data[0] >> 3 & (engines - 1)][data[0] % SRTP_PROFILE_COUNT];
	if (t->keys == NULL)
		return 0;
	PROMISE(srtp_leg_init(t->leg, t->keys->engine, 128) == 0);
	data++;
	size--;
	while (size >= 2) {
		size_t len = (size_t)data[0] * 2;
		uint8_t how = data[1];

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		packet(t, data, (uint16_t)len, how & 1, how & 2, how & 4, now);
		now += how >> 3;
		data += len;
		size -= len;
	}
	return 0;
}
