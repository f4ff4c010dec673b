/* SPDX-License-Identifier: BSD-3-Clause */
/* Media sections that share a port, and its keys. */
#include "sections_bed.h"

#include "frame.h"
#include "rtp.h"

struct far {
	struct srtp_worker *w;
	struct srtp_keys *out, *into; /* what it seals with, and opens with */
	struct srtp_leg *leg;
};

static void *srtp_object(size_t size)
{
	void *p = aligned_alloc(64, RTE_ALIGN_CEIL(size, 64));

	assert_non_null(p);
	return memset(p, 0, size);
}

static struct srtp_keys *srtp_key(enum srtp_engine e, uint8_t number)
{
	uint8_t master[SRTP_MASTER_MAX];
	struct srtp_keys_config c = {
		.profile = SRTP_AES_CM_128_HMAC_SHA1_80, .engine = e, .master = master};
	struct srtp_keys *k = srtp_object(srtp_keys_size(e, c.profile));

	memset(master, number, sizeof(master));
	assert_int_equal(srtp_keys_init(k, &c), 0);
	return k;
}

static struct srtp_leg *srtp_half(enum srtp_engine e)
{
	struct srtp_leg *l = srtp_object(srtp_leg_size(e, SRTP_WINDOW_MIN));

	assert_int_equal(srtp_leg_init(l, e, SRTP_WINDOW_MIN), 0);
	return l;
}

/* Leg `leg` of the worker, and who is at its far end. */
static struct far secure(struct bed *b, uint32_t leg, uint8_t number)
{
	enum srtp_engine e;
	struct far f;

	assert_int_equal(srtp_engine_pick(SRTP_ENGINE_AUTO, &e), 0);
	b->t->secure[leg] = (struct flow_secure){
		.rx = srtp_key(e, number), .tx = srtp_key(e, number + 1), .leg = srtp_half(e)};
	f = (struct far){.w = srtp_worker_create(e),
			 .out = srtp_key(e, number),
			 .into = srtp_key(e, number + 1),
			 .leg = srtp_half(e)};
	assert_non_null(f.w);
	return f;
}

static void wipe(void *keys, struct srtp_leg *leg)
{
	if (leg != NULL)
		srtp_leg_wipe(leg);
	else
		srtp_keys_wipe(keys);
	free(leg != NULL ? (void *)leg : keys);
}

static void unsecure(struct bed *b, uint32_t leg, struct far *f)
{
	struct flow_secure *s = &b->t->secure[leg];

	wipe(NULL, s->leg);
	wipe((void *)(uintptr_t)s->rx, NULL);
	wipe((void *)(uintptr_t)s->tx, NULL);
	wipe(NULL, f->leg);
	wipe(f->out, NULL);
	wipe(f->into, NULL);
	srtp_worker_free(f->w);
	*s = (struct flow_secure){0};
}

static uint16_t seal(struct far *f, uint8_t *p, uint16_t len, bool rtcp)
{
	struct srtp_op op = {
		.data = p, .len = len, .room = 64, .rtcp = rtcp, .keys = f->out, .leg = f->leg};

	srtp_seal(f->w, &op, 1, 0);
	assert_int_equal(op.verdict, SRTP_OK);
	return op.len;
}

/* What comes out next opens to this. */
static void expect_sealed(struct bed *b, struct far *f, struct bed_end to, uint16_t sport,
			  const uint8_t *want, uint16_t len, bool rtcp)
{
	struct bed_datagram d;
	struct srtp_op op = {.data = d.payload, .rtcp = rtcp, .keys = f->into, .leg = f->leg};

	assert_true(bed_take(b, &d));
	assert_int_equal(d.dport, to.port);
	assert_int_equal(d.sport, sport);
	op.len = d.len;
	srtp_open(f->w, &op, 1, 0);
	assert_int_equal(op.verdict, SRTP_OK);
	assert_int_equal(op.len, len);
	assert_memory_equal(d.payload, want, len);
}

static void encrypted_to_plain(void **state)
{
	static const uint8_t compound[] = {RR_OF(1, PHONE_VIDEO), PLI(1, PHONE_VIDEO)},
			     left[] = {RR_OF(1, PHONE_VIDEO)};
	struct bed *b = *state;
	struct far f = secure(b, AUDIO_LEG, 1);
	struct bed_flow flow = from_browser;
	uint8_t p[300];
	uint16_t len;

	set_types(b);
	flow.flags |= FLOW_PLAN_SRTP | FLOW_PLAN_OPEN;
	bundle(b)->plan[0] = bed_publish(b, &flow);
	flow = video_section;
	flow.flags |= FLOW_PLAN_SRTP | FLOW_PLAN_OPEN | FLOW_PLAN_FB_DROP;
	bundle(b)->plan[1] = bed_plan(b, &flow);
	b->t->leg[VIDEO_LEG + 1].stats = (struct flow_rtp_stats){.ssrc = PHONE_VIDEO, .started = 1};
	for (uint16_t seq = 1; seq < 20; seq++) {
		uint8_t type = seq % 3 ? VP8 : PCMU;

		len = seal(&f, p, bed_rtp(p, type, seq, type, 100), false);
		bed_send(b, browser, 0, BROWSER_PORT, p, len);
		bed_run(b, 0);
		expect_rtp(b, seq % 3 ? video : audio, seq % 3 ? VIDEO_PORT : AUDIO_PORT, type, seq,
			   type);
	}
	assert_int_equal(b->t->leg[VIDEO_LEG].rtp.rx_packets, 13);
	assert_int_equal(b->t->leg[AUDIO_LEG].rtp.rx_bytes, 6 * 112);
	/* Feedback is found behind the first header, which alone is in the clear. */
	memcpy(p, compound, sizeof(compound));
	len = seal(&f, p, sizeof(compound), true);
	bed_send(b, browser, 0, BROWSER_PORT, p, len);
	bed_run(b, 0);
	bed_expect(b, video, VIDEO_PORT, left, sizeof(left));
	/* Forgeries are the port's. */
	memcpy(p, compound, sizeof(compound));
	len = seal(&f, p, sizeof(compound), true);
	p[len - 1] ^= 1;
	bed_send(b, browser, 0, BROWSER_PORT, p, len);
	len = seal(&f, p, bed_rtp(p, VP8, 99, VP8, 100), false);
	p[20] ^= 1;
	bed_send(b, browser, 0, BROWSER_PORT, p, len);
	bed_run(b, 0);
	bed_drops(b, FLOW_DROP_srtp_auth, 2);
	assert_int_equal(b->t->leg[AUDIO_LEG].drops[FLOW_DROP_srtp_auth], 2);
	unsecure(b, AUDIO_LEG, &f);
}

/* Browser to browser: legs 0 and 2 on one transport, 1 and 3 on the other. */
static void both_legs_bundled(void **state)
{
	const struct bed_end right = {"192.0.2.9", 7000};
	struct bed *b = *state;
	struct far f[2] = {secure(b, 0, 1), secure(b, 1, 11)};
	const struct bed_end end[2] = {browser, right};
	static const uint8_t addr[2] = {0, 2}, types[2] = {PCMU, VP8};
	static const uint16_t ports[2] = {BROWSER_PORT, AUDIO_PORT};
	static const uint8_t pli[] = {RR(0x33), PLI(0x33, 96)};
	uint8_t p[300], want[300];

	for (unsigned int i = 0; i < 2; i++) {
		struct bed_flow flow = {.leg = i,
					.addr = addr[i],
					.port = ports[i],
					.out_addr = addr[1 - i],
					.out_port = ports[1 - i],
					.from = end[i],
					.to = end[1 - i],
					.flags = FLOW_PLAN_BUNDLE | FLOW_PLAN_SRTP |
						 FLOW_PLAN_OPEN | FLOW_PLAN_SEAL};
		struct flow_bundle *fb = &b->t->bundle[i];

		memset(fb->section, FLOW_BUNDLE_NONE, sizeof(fb->section));
		fb->section[PCMU] = 0;
		fb->section[VP8] = 3;
		fb->plan[0] = bed_publish(b, &flow);
		flow.leg = VIDEO_LEG + i;
		fb->plan[3] = bed_plan(b, &flow);
		b->t->secure[VIDEO_LEG + i] = b->t->secure[i];
	}
	for (uint16_t seq = 1; seq < 40; seq++) {
		for (unsigned int i = 0; i < 2; i++) {
			uint8_t type = types[seq % 2];
			uint16_t len = bed_rtp(want, type, seq, type, 100);

			memcpy(p, want, len);
			bed_send(b, end[i], addr[i], ports[i], p, seal(&f[i], p, len, false));
			bed_run(b, 0);
			expect_sealed(b, &f[1 - i], end[1 - i], ports[1 - i], want, len, false);
		}
	}
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(b->t->leg[i].rtp.rx_packets, 19);
		assert_int_equal(b->t->leg[VIDEO_LEG + i].rtp.rx_packets, 20);
		memcpy(p, pli, sizeof(pli));
		bed_send(b, end[i], addr[i], ports[i], p, seal(&f[i], p, sizeof(pli), true));
		bed_run(b, 0);
		expect_sealed(b, &f[1 - i], end[1 - i], ports[1 - i], pli, sizeof(pli), true);
		assert_int_equal(b->t->leg[VIDEO_LEG + i].rtp.rx_packets, 21);
	}
	bed_no_drops(b);
	for (unsigned int i = 0; i < 2; i++)
		unsecure(b, i, &f[i]);
}

/* No keys yet: nothing passes, in the clear least of all. */
static void before_there_are_keys(void **state)
{
	struct bed *b = *state;
	struct bed_flow flow = from_browser;

	make_call(b);
	flow.flags |= FLOW_PLAN_SRTP | FLOW_PLAN_OPEN;
	bed_publish(b, &flow);
	send_rtp(b, PCMU, 1, 7);
	send_rtp(b, VP8, 1, 7);
	bed_drops(b, FLOW_DROP_srtp_key, 2);
	flow = video_section;
	flow.flags |= FLOW_PLAN_SEAL;
	bed_publish(b, &from_browser);
	set_video(b, &flow);
	send_rtp(b, VP8, 1, 7);
	bed_drops(b, FLOW_DROP_srtp_key, 1);
	to_audio(b, 1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(encrypted_to_plain),
		TEST(both_legs_bundled),
		TEST(before_there_are_keys),
	};

	if (bed_eal() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
