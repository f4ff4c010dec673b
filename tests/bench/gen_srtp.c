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

/* The UDP checksum over what was sealed, from its RTP header `rtp` on. */
static void put_checksum(uint8_t *frame, uint8_t *rtp)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(rtp - sizeof(*udp));

	udp->dgram_cksum = 0;
	if (frame[12] == 0x08)
		udp->dgram_cksum = rte_ipv4_udptcp_cksum((struct rte_ipv4_hdr *)(frame + 14), udp);
	else
		udp->dgram_cksum = rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)(frame + 14), udp);
}

/* The set's next packet into `p`, a slot of the store. The RTP header from which on it is sealed.
 */
static uint8_t *put_packet(struct gen *g, uint8_t *p)
{
	struct gen_flows *f = g->flows;
	uint32_t at = gen_template_at(f, f->next, g->seq), around = f->around ? GEN_AROUND : 0;
	const struct gen_template *t = &f->tmpl[at];

	memset(p, 0, state.stride);
	memcpy(p + around, t->head, GEN_HEAD_BYTES);
	gen_stamp(f, t, p + around, g->seq++, 0);
	if (f->around)
		gen_tunnel_wrap(f, at, p);
	return p + (f->around ? GEN_OUTER_RTP : t->rtp);
}

/* The next `n` packets of the set, into the store from `at` on. */
static void seal_burst(struct gen *g, uint32_t at, unsigned int n)
{
	struct gen_flows *f = g->flows;
	struct srtp_op op[GEN_BURST];
	uint8_t *rtp[GEN_BURST];
	unsigned int ops = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint8_t *p = slot(at + i);
		const struct gen_crypt *c = &f->crypt[f->next];
		uint16_t len = f->tmpl[gen_template_at(f, f->next, g->seq)].len;
		uint16_t tag = c->seal ? (uint16_t)srtp_keys_growth(c->seal, false) : 0;

		rtp[i] = put_packet(g, p);
		state.length[at + i] = len;
		if (c->seal)
			op[ops++] = (struct srtp_op){
				.data = rtp[i],
				.len = (uint16_t)(len - tag - (rtp[i] - p)),
				.room = tag,
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
		put_checksum(slot(at + i), rtp[i]);
}

uint32_t gen_store_fill(struct gen *g, uint64_t count)
{
	uint16_t longest = 0;

	store_open();
	for (uint32_t i = 0; i < g->flows->classes * g->flows->count; i++)
		longest = RTE_MAX(longest, g->flows->tmpl[i].len);
	/* A template is copied whole, even where the packet is shorter. */
	longest = RTE_MAX(longest, (uint16_t)(GEN_AROUND + GEN_HEAD_BYTES));
	state.stride = RTE_ALIGN_CEIL(longest, 64);
	count = RTE_MIN(count, STORE_BYTES / state.stride);
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

bool gen_payload_is_ours(const struct gen_template *t, const uint8_t *rtp, uint16_t len)
{
	/* In a set with keys the timestamp is the running number as well. */
	if (len != t->plain_len - t->rtp || memcmp(rtp + GEN_SEQ_OFF, rtp + GEN_TS_OFF, 4) != 0)
		return false;
	for (uint16_t i = GEN_STAMP_END; i < len; i++)
		if (rtp[i] != 0)
			return false;
	return true;
}

void gen_open(struct gen_rtp *p, unsigned int n)
{
	struct srtp_op op[GEN_BURST];
	unsigned int which[GEN_BURST], ops = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (p[i].crypt->open == NULL)
			continue;
		which[ops] = i;
		op[ops++] = (struct srtp_op){.data = p[i].data,
					     .len = p[i].len,
					     .keys = p[i].crypt->open,
					     .leg = p[i].crypt->open_leg};
	}
	srtp_open(state.worker, op, ops, srtp_now());
	for (unsigned int i = 0; i < ops; i++)
		p[which[i]].len = op[i].verdict == SRTP_OK ? op[i].len : 0;
}

unsigned int gen_contents_bad(const struct gen_flows *f, uint8_t *const rtp[],
			      struct rte_mbuf *const m[], unsigned int n)
{
	const struct gen_template *t[GEN_BURST];
	struct gen_rtp p[GEN_BURST];
	unsigned int bad = 0;

	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *end = rte_pktmbuf_mtod(m[i], uint8_t *) + m[i]->data_len;
		uint32_t ssrc, number;

		memcpy(&ssrc, rtp[i] + GEN_SSRC_OFF, 4);
		memcpy(&number, rtp[i] + GEN_TS_OFF, 4);
		ssrc = rte_be_to_cpu_32(ssrc);
		t[i] = &f->tmpl[gen_template_at(f, ssrc - 1, rte_be_to_cpu_32(number))];
		p[i] = (struct gen_rtp){&f->crypt[ssrc - 1], rtp[i], (uint16_t)(end - rtp[i])};
	}
	gen_open(p, n);
	for (unsigned int i = 0; i < n; i++)
		bad += !gen_payload_is_ours(t[i], rtp[i], p[i].len);
	return bad;
}
