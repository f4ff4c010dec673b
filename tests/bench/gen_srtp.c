/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator's SRTP: keys of flows, packets sealed before they are sent, a look into others. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "gen.h"
#include "gen_stamp.h"

#define STORE_BYTES ((size_t)192 << 20)
#define STORE_LAPS  8192 /* a far end follows a gap of 32,767 */

static struct {
	enum srtp_engine engine;
	struct srtp_worker *worker;
	uint8_t *store;   /* STORE_BYTES, from the first use on */
	uint32_t stride;  /* of its packets */
	uint16_t *length; /* of its packets */
} state;

int gen_srtp_init(void)
{
	int err = srtp_engine_pick(SRTP_ENGINE_AUTO, &state.engine);

	if (err)
		return err;
	state.worker = srtp_worker_create(state.engine);
	return state.worker ? 0 : -errno;
}

/* A millisecond a tick. */
static uint32_t srtp_now(void)
{
	return (uint32_t)(rte_rdtsc() / (rte_get_tsc_hz() / 1000));
}

static int init_direction(uint8_t profile, const uint8_t *master, struct srtp_keys **keys,
			  struct srtp_leg **leg)
{
	struct srtp_keys_config c = {.profile = (enum srtp_profile)(profile - 1),
				     .engine = state.engine,
				     .master = master};
	struct srtp_keys *k;
	struct srtp_leg *l;
	int err = -ENOMEM;

	if (profile == 0)
		return 0;
	if (profile > SRTP_PROFILE_COUNT)
		return -EINVAL;
	k = aligned_alloc(64, RTE_ALIGN_CEIL(srtp_keys_size(c.engine, c.profile), 64));
	l = aligned_alloc(64, RTE_ALIGN_CEIL(srtp_leg_size(c.engine, SRTP_WINDOW_MIN), 64));
	if (k == NULL || l == NULL)
		goto fail;
	err = srtp_keys_init(k, &c);
	if (err)
		goto fail;
	err = srtp_leg_init(l, c.engine, SRTP_WINDOW_MIN);
	if (err) {
		srtp_keys_wipe(k);
		goto fail;
	}
	*keys = k;
	*leg = l;
	return 0;
fail:
	free(k);
	free(l);
	return err;
}

static void wipe_direction(struct srtp_keys *k, struct srtp_leg *l)
{
	if (k == NULL)
		return;
	srtp_leg_wipe(l);
	srtp_keys_wipe(k);
	free(l);
	free(k);
}

int gen_crypt_init(struct gen_crypt *c, const struct gen_keys *k)
{
	int err = init_direction(k->seal, k->seal_master, &c->seal, &c->seal_leg);

	if (err)
		return err;
	return init_direction(k->open, k->open_master, &c->open, &c->open_leg);
}

void gen_crypt_wipe(struct gen_crypt *c)
{
	wipe_direction(c->seal, c->seal_leg);
	wipe_direction(c->open, c->open_leg);
	memset(c, 0, sizeof(*c));
}

/* ---- packets sealed beforehand --------------------------------------------------------------- */

static void store_open(void)
{
	size_t most = STORE_BYTES / 64;

	if (state.store)
		return;
	state.store = aligned_alloc((size_t)2 << 20, STORE_BYTES);
	state.length = malloc(most * sizeof(*state.length));
	if (state.store == NULL || state.length == NULL) {
		fprintf(stderr, "bench_gen: no memory for sealed packets\n");
		exit(1);
	}
	(void)madvise(state.store, STORE_BYTES, MADV_HUGEPAGE);
}

static uint8_t *slot(uint32_t i)
{
	return state.store + (size_t)i * state.stride;
}

/* The UDP checksum over what was sealed. */
static void put_checksum(uint8_t *frame, const struct gen_template *t)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(frame + t->rtp - sizeof(*udp));

	udp->dgram_cksum = 0;
	if (frame[12] == 0x08)
		udp->dgram_cksum = rte_ipv4_udptcp_cksum((struct rte_ipv4_hdr *)(frame + 14), udp);
	else
		udp->dgram_cksum = rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)(frame + 14), udp);
}

/* The next `n` packets of the set, into the store from `at` on. */
static void seal_burst(struct gen *g, uint32_t at, unsigned int n)
{
	struct gen_flows *f = g->flows;
	const struct gen_template *t[GEN_BURST];
	struct srtp_op op[GEN_BURST];
	unsigned int ops = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint8_t *p = slot(at + i);
		const struct gen_crypt *c = &f->crypt[f->next];

		t[i] = &f->tmpl[f->next];
		memcpy(p, t[i]->head, GEN_HEAD_BYTES);
		memset(p + GEN_HEAD_BYTES, 0, state.stride - GEN_HEAD_BYTES);
		gen_stamp(f, t[i], p, g->seq++, 0);
		state.length[at + i] = t[i]->len;
		if (c->seal)
			op[ops++] = (struct srtp_op){
				.data = p + t[i]->rtp,
				.len = t[i]->plain_len - t[i]->rtp,
				.room = t[i]->len - t[i]->plain_len,
				.keys = c->seal,
				.leg = c->seal_leg,
			};
		if (++f->next == f->count) {
			f->next = 0;
			f->lap++;
		}
	}
	srtp_seal(state.worker, op, ops, srtp_now());
	for (unsigned int i = 0; i < ops; i++)
		if (op[i].verdict != SRTP_OK) {
			fprintf(stderr, "bench_gen: sealing gave verdict %u\n", op[i].verdict);
			exit(1);
		}
	for (unsigned int i = 0; i < n; i++)
		put_checksum(slot(at + i), t[i]);
}

uint32_t gen_store_fill(struct gen *g, uint64_t count)
{
	uint16_t longest = 0;

	store_open();
	for (uint32_t i = 0; i < g->flows->count; i++)
		longest = RTE_MAX(longest, g->flows->tmpl[i].len);
	state.stride = RTE_MAX(RTE_ALIGN_CEIL(longest, 64), RTE_ALIGN_CEIL(GEN_HEAD_BYTES, 64));
	count = RTE_MIN(count, STORE_BYTES / state.stride);
	count = RTE_MIN(count, (uint64_t)STORE_LAPS * g->flows->count);
	for (uint32_t i = 0; i < count; i += GEN_BURST)
		seal_burst(g, i, RTE_MIN((unsigned int)(count - i), (unsigned int)GEN_BURST));
	return (uint32_t)count;
}

void gen_store_copy(uint32_t i, struct rte_mbuf *m)
{
	const uint8_t *from = slot(i);

	rte_prefetch0(from + 8 * (size_t)state.stride);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), from, state.length[i]);
	m->data_len = state.length[i];
	m->pkt_len = state.length[i];
}

/* ---- what comes back ------------------------------------------------------------------------- */

/* Does the payload behind the stamp have the right length, and nothing in it? */
static bool payload_is_ours(const struct gen_template *t, const uint8_t *rtp, uint16_t len)
{
	/* In a set with keys the timestamp is the running number as well. */
	if (len != t->plain_len - t->rtp || memcmp(rtp + GEN_SEQ_OFF, rtp + GEN_TS_OFF, 4) != 0)
		return false;
	for (uint16_t i = GEN_STAMP_END; i < len; i++)
		if (rtp[i] != 0)
			return false;
	return true;
}

unsigned int gen_contents_bad(const struct gen_flows *f, uint8_t *const rtp[],
			      struct rte_mbuf *const m[], unsigned int n)
{
	const struct gen_template *t[GEN_BURST];
	struct srtp_op op[GEN_BURST], *op_of[GEN_BURST];
	uint16_t len[GEN_BURST];
	unsigned int ops = 0, bad = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint32_t ssrc;
		const struct gen_crypt *c;

		memcpy(&ssrc, rtp[i] + GEN_SSRC_OFF, 4);
		ssrc = rte_be_to_cpu_32(ssrc);
		c = &f->crypt[ssrc - 1];
		t[i] = &f->tmpl[ssrc - 1];
		len[i] = (uint16_t)(rte_pktmbuf_mtod(m[i], uint8_t *) + m[i]->data_len - rtp[i]);
		op_of[i] = NULL;
		if (c->open) {
			op_of[i] = &op[ops];
			op[ops++] = (struct srtp_op){
				.data = rtp[i], .len = len[i], .keys = c->open, .leg = c->open_leg};
		}
	}
	srtp_open(state.worker, op, ops, srtp_now());
	for (unsigned int i = 0; i < n; i++) {
		if (op_of[i])
			len[i] = op_of[i]->len;
		if ((op_of[i] && op_of[i]->verdict != SRTP_OK) ||
		    !payload_is_ours(t[i], rtp[i], len[i]))
			bad++;
	}
	return bad;
}
