/* SPDX-License-Identifier: BSD-3-Clause */
/* STUN and DTLS on their way to control: whose, how much of it, and what they leave as it is. */
#include "dp_bed.h"

#include "frame.h"
#include "rtp.h"

#define LEG    6
#define PORT   20000
#define BURST  100 /* of one kind that a party may send by one leg at once … */
#define RATE   50  /* … and each second; dataplane/punt.c */
#define NOBODY FLOW_DROP_COUNT

static const struct bed_end peer = {"10.0.0.2", 4000}, stranger = {"10.0.0.66", 6666},
			    far = {"192.0.2.9", 5004};

static uint8_t stun[] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static uint8_t dtls[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9};

static uint32_t transport(struct bed *b, uint32_t leg, uint16_t flags)
{
	return bed_publish(b, &(struct bed_flow){.leg = leg,
						 .port = (uint16_t)(PORT + leg),
						 .out_addr = 2,
						 .out_port = 30000,
						 .from = peer,
						 .to = far,
						 .flags = flags});
}

/* How many came to control since the last time; they are all of this kind, leg and party. */
static unsigned int punted(struct bed *b, enum dp_punt_kind kind, uint32_t leg, bool known)
{
	unsigned int n = 0;
	struct rte_mbuf *m;

	while (dp_punt_receive(b->dp, &m, 1) == 1) {
		const struct dp_punt *what = dp_punt_of(m);

		assert_int_equal(what->kind, kind);
		assert_int_equal(what->leg, leg);
		assert_int_equal(what->generation, 1000 + leg);
		assert_int_equal(what->known, known);
		rte_pktmbuf_free(m);
		n++;
	}
	return n;
}

static void send_many(struct bed *b, struct bed_end from, uint32_t leg, const void *payload,
		      uint16_t len, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		bed_send(b, from, 0, (uint16_t)(PORT + leg), payload, len);
	bed_run(b, 0);
}

#define SEND(b, from, leg, what, n) send_many(b, from, leg, what, sizeof(what), n)

static void the_frame_as_it_came(void **state)
{
	struct bed *b = *state;
	struct rte_mbuf *m, *sent;
	uint8_t copy[256];
	uint16_t len;

	transport(b, LEG, FLOW_PLAN_STUN | FLOW_PLAN_DTLS);
	sent = bed_frame(b, stranger, 0, PORT + LEG, stun, sizeof(stun));
	len = sent->data_len;
	memcpy(copy, rte_pktmbuf_mtod(sent, void *), len);
	bed_input(b, sent);
	bed_run(b, 0);
	assert_int_equal(dp_punt_receive(b->dp, &m, 1), 1);
	assert_ptr_equal(m, sent);
	assert_int_equal(m->data_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), copy, len);
	rte_pktmbuf_free(m);
	bed_no_drops(b);
}

static void whose_it_is(void **state)
{
	static const uint8_t media[] = {0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7},
			     report[] = {0x80, 201, 0, 1, 0, 0, 0, 7},
			     channel[] = {0x40, 0, 0, 4, 1, 2, 3, 4},
			     zrtp[] = {0x10, 0, 0, 1, 'Z', 'R', 'T', 'P'},
			     old_stun[] = {0, 1, 0, 0,  1,  2,  3,  4,  5,  6,
					   7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
			     record13[] = {0x2f, 1, 2, 'a', 'b'};
	const struct {
		const char *name;
		uint16_t flags;
		bool known;
		const void *payload;
		uint16_t len;
		int punt;           /* enum dp_punt_kind; -1: passes; -2: dropped */
		enum flow_drop why; /* then */
	} cases[] = {
#define BOTH  (FLOW_PLAN_STUN | FLOW_PLAN_DTLS)
#define IS(x) x, sizeof(x)
		{"stun, known", BOTH, true, IS(stun), DP_PUNT_STUN},
		{"stun, stranger", BOTH, false, IS(stun), DP_PUNT_STUN},
		{"dtls, known", BOTH, true, IS(dtls), DP_PUNT_DTLS},
		{"dtls, stranger", BOTH, false, IS(dtls), DP_PUNT_DTLS},
		{"dtls 1.3", BOTH, false, IS(record13), DP_PUNT_DTLS},
		{"beside srtp", BOTH | FLOW_PLAN_SRTP | FLOW_PLAN_OPEN, false, IS(stun),
		 DP_PUNT_STUN},
		{"beside srtp, dtls", BOTH | FLOW_PLAN_SRTP | FLOW_PLAN_OPEN, true, IS(dtls),
		 DP_PUNT_DTLS},
		{"stun alone, dtls of known", FLOW_PLAN_STUN, true, IS(dtls), -1},
		{"stun alone, dtls of stranger", FLOW_PLAN_STUN, false, IS(dtls), -2,
		 FLOW_DROP_source},
		{"stun alone beside srtp", FLOW_PLAN_STUN | FLOW_PLAN_SRTP, true, IS(dtls), -2,
		 FLOW_DROP_not_media},
		{"dtls alone, stun of known", FLOW_PLAN_DTLS, true, IS(stun), -1},
		{"dtls alone, stun of stranger", FLOW_PLAN_DTLS, false, IS(stun), -2,
		 FLOW_DROP_source},
		{"a leg without", 0, true, IS(stun), -1},
		{"a leg without, dtls", 0, true, IS(dtls), -1},
		{"a leg without, stranger", 0, false, IS(stun), -2, FLOW_DROP_source},
		{"srtp without", FLOW_PLAN_SRTP, true, IS(dtls), -2, FLOW_DROP_not_media},
		{"media of a stranger", BOTH, false, IS(media), -2, FLOW_DROP_source},
		{"media", BOTH, true, IS(media), -1},
		{"report of a stranger", BOTH, false, IS(report), -2, FLOW_DROP_source},
		{"report", BOTH, true, IS(report), -1},
		{"channel data", BOTH, true, IS(channel), -2, FLOW_DROP_not_media},
		{"channel data of a stranger", BOTH, false, IS(channel), -2, FLOW_DROP_source},
		{"zrtp", BOTH, true, IS(zrtp), -2, FLOW_DROP_not_media},
		{"stun without cookie", BOTH, true, IS(old_stun), -2, FLOW_DROP_not_media},
		{"stun, cut", BOTH, false, stun, 19, -2, FLOW_DROP_source},
		{"dtls, cut", BOTH, true, dtls, 13, -2, FLOW_DROP_not_media},
		{"nothing", BOTH, false, stun, 0, -2, FLOW_DROP_source},
		{"kind udp", BOTH | FLOW_PLAN_ANY, true, IS(stun), -1},
		{"kind udp of a stranger", BOTH | FLOW_PLAN_ANY, false, IS(stun), -2,
		 FLOW_DROP_source},
#undef IS
#undef BOTH
	};
	struct bed *b = *state;

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		const struct bed_end from = cases[i].known ? peer : stranger;
		struct bed_datagram d;
		struct rte_mbuf *m;

		transport(b, LEG, cases[i].flags);
		bed_send(b, from, 0, PORT + LEG, cases[i].payload, cases[i].len);
		bed_run(b, 1000);
		check_case(cases[i].name, bed_take(b, &d) == (cases[i].punt == -1));
		bed_drops(b, cases[i].punt == -2 ? cases[i].why : NOBODY, 1);
		check_case(cases[i].name, dp_punt_receive(b->dp, &m, 1) == (cases[i].punt >= 0));
		if (cases[i].punt < 0)
			continue;
		check_case(cases[i].name, dp_punt_of(m)->kind == cases[i].punt);
		check_case(cases[i].name, dp_punt_of(m)->known == cases[i].known);
		rte_pktmbuf_free(m);
	}
}

static void a_wrong_checksum(void **state)
{
	struct bed *b = *state;

	transport(b, LEG, FLOW_PLAN_STUN | FLOW_PLAN_DTLS);
	for (unsigned int i = 0; i < 2 * BURST; i++) {
		struct rte_mbuf *m =
			bed_frame(b, i % 2 ? peer : stranger, 0, PORT + LEG, stun, sizeof(stun));

		(*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1))++;
		bed_input(b, m);
	}
	bed_run(b, 0);
	bed_drops(b, FLOW_DROP_udp_checksum, 2 * BURST);
	/* Nobody's budget was spent on them. */
	SEND(b, stranger, LEG, stun, BURST);
	assert_int_equal(punted(b, DP_PUNT_STUN, LEG, false), BURST);
}

static void not_media(void **state)
{
	struct bed *b = *state;
	struct flow_leg_rt *rt = &b->t->leg[LEG], none;

	memset(&none, 0, sizeof(none));
	transport(b, LEG, FLOW_PLAN_STUN | FLOW_PLAN_DTLS | FLOW_PLAN_LEARN);
	SEND(b, peer, LEG, stun, 5);
	SEND(b, stranger, LEG, dtls, 5);
	assert_memory_equal(&rt->rtp, &none.rtp, sizeof(none.rtp));
	assert_memory_equal(&rt->stats, &none.stats, sizeof(none.stats));
	assert_memory_equal(&rt->rtcp, &none.rtcp, sizeof(none.rtcp));
	assert_memory_equal(rt->drops, none.drops, sizeof(none.drops));
	assert_int_equal(dp_event_receive(b->dp, &(struct flow_event){0}, 1), 0);
}

/* So many of 250 are let through, the rest is charged to the leg. */
static void check_burst(struct bed *b, struct bed_end from, const uint8_t *what, uint16_t len,
			unsigned int passes)
{
	enum dp_punt_kind kind = what == stun ? DP_PUNT_STUN : DP_PUNT_DTLS;
	uint32_t before = b->t->leg[LEG].drops[FLOW_DROP_leg_punt_limited];

	send_many(b, from, LEG, what, len, 250);
	assert_int_equal(punted(b, kind, LEG, strcmp(from.ip, peer.ip) == 0), passes);
	assert_int_equal(b->t->leg[LEG].drops[FLOW_DROP_leg_punt_limited] - before, 250 - passes);
	bed_drops(b, FLOW_DROP_leg_punt_limited, 250 - passes);
}

static void four_budgets_a_leg(void **state)
{
	struct bed *b = *state;

	transport(b, LEG, FLOW_PLAN_STUN | FLOW_PLAN_DTLS);
	transport(b, LEG + 1, FLOW_PLAN_STUN | FLOW_PLAN_DTLS);
	check_burst(b, stranger, stun, sizeof(stun), BURST);
	check_burst(b, peer, stun, sizeof(stun), BURST);
	check_burst(b, stranger, dtls, sizeof(dtls), BURST);
	check_burst(b, peer, dtls, sizeof(dtls), BURST);
	SEND(b, stranger, LEG + 1, stun, BURST);
	assert_int_equal(punted(b, DP_PUNT_STUN, LEG + 1, false), BURST);
}

static void budgets_come_back(void **state)
{
	struct bed *b = *state;
	unsigned int n = 0;

	transport(b, LEG, FLOW_PLAN_STUN | FLOW_PLAN_DTLS);
	check_burst(b, peer, stun, sizeof(stun), BURST);
	bed_run(b, 10 * 1000);
	check_burst(b, peer, stun, sizeof(stun), BURST);
	bed_run(b, 1000);
	check_burst(b, peer, stun, sizeof(stun), RATE);
	/* A steady flood gets its share, not more, and not much less. */
	for (unsigned int ms = 0; ms < 10000; ms += 2) {
		SEND(b, peer, LEG, stun, 1);
		n += punted(b, DP_PUNT_STUN, LEG, true);
		bed_run(b, 2);
	}
	assert_in_range(n, 9 * RATE, 10 * RATE + 1);
	/* However long a leg was silent; where the clock has wrapped, a moment later. */
	for (unsigned int s = 2; s < 300; s += 7) {
		bed_run(b, s * 1000);
		SEND(b, peer, LEG, stun, BURST);
		n = punted(b, DP_PUNT_STUN, LEG, true);
		assert_in_range(n, s < 50 ? BURST : 0, BURST);
		bed_run(b, 2000);
		SEND(b, peer, LEG, stun, BURST);
		assert_int_equal(punted(b, DP_PUNT_STUN, LEG, true), BURST);
	}
}

/* The consent checks of far ends go on while strangers flood every leg. */
static void a_flood_over_many_legs(void **state)
{
	struct bed *b = *state;
	unsigned int passed = 0;

	for (uint32_t leg = 0; leg < 40; leg++)
		transport(b, leg, FLOW_PLAN_STUN);
	for (uint32_t leg = 0; leg < 40; leg++) {
		SEND(b, stranger, leg, stun, BURST);
		passed += punted(b, DP_PUNT_STUN, leg, false);
	}
	assert_in_range(passed, 1500, 2500); /* of 4000 and the worker's 3000 */
	bed_drops(b, FLOW_DROP_punt_limited, 4000 - passed);
	for (uint32_t leg = 0; leg < 40; leg++) {
		SEND(b, peer, leg, stun, 15);
		assert_int_equal(punted(b, DP_PUNT_STUN, leg, true), 15);
	}
	bed_no_drops(b);
}

/* Control is busy: strangers don't fill the ring either. */
static void a_full_ring(void **state)
{
	struct dp_worker_stats st;
	struct bed *b = *state;
	struct rte_mbuf *m;

	for (uint32_t leg = 0; leg < 40; leg++) {
		transport(b, leg, FLOW_PLAN_STUN | FLOW_PLAN_DTLS);
		SEND(b, stranger, leg, dtls, BURST);
		SEND(b, stranger, leg, stun, 50);
	}
	dp_worker_stats(b->dp, 0, &st);
	assert_in_range(st.punt_used, DP_RING_SIZE / 2, DP_RING_SIZE * 3 / 4);
	assert_int_not_equal(st.drops[FLOW_DROP_punt_full], 0);
	SEND(b, peer, 3, dtls, BURST);
	SEND(b, peer, 3, stun, BURST);
	b->counted[FLOW_DROP_punt_full] = st.drops[FLOW_DROP_punt_full];
	b->counted[FLOW_DROP_punt_limited] = st.drops[FLOW_DROP_punt_limited];
	bed_no_drops(b);
	for (unsigned int i = 0; i < st.punt_used; i++) {
		assert_int_equal(dp_punt_receive(b->dp, &m, 1), 1);
		rte_pktmbuf_free(m);
	}
	while (dp_punt_receive(b->dp, &m, 1) == 1) {
		assert_true(dp_punt_of(m)->known);
		rte_pktmbuf_free(m);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_frame_as_it_came),   TEST(whose_it_is),
		TEST(a_wrong_checksum),       TEST(not_media),
		TEST(four_budgets_a_leg),     TEST(budgets_come_back),
		TEST(a_flood_over_many_legs), TEST(a_full_ring),
	};

	if (bed_eal() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
