/* SPDX-License-Identifier: BSD-3-Clause */
/* Media sections that share a port: whose a packet is, and where it goes. */
#include "sections_bed.h"

#include "frame.h"
#include "rtp.h"

static void by_payload_type(void **state)
{
	struct bed *b = *state;
	struct flow_leg_rt *leg = b->t->leg;

	make_call(b);
	talk(b);
	for (uint16_t seq = 2; seq < 42; seq++) {
		to_video(b, seq % 4 ? VP8 : RTX, seq, seq % 4 ? BROWSER_VIDEO : 0xa3);
		if (seq % 10 == 0)
			to_audio(b, seq / 10 + 1);
	}
	bed_no_drops(b);
	/* Each on its own account. */
	assert_int_equal(leg[AUDIO_LEG].rtp.rx_packets, 5);
	assert_int_equal(leg[AUDIO_LEG].rtp.rx_bytes, 5 * 112);
	assert_int_equal(leg[AUDIO_LEG].stats.ssrc, BROWSER_AUDIO);
	assert_int_equal(leg[AUDIO_LEG].stats.received, 5);
	assert_int_equal(leg[VIDEO_LEG].rtp.rx_packets, 41);
	assert_int_equal(leg[VIDEO_LEG].stats.ssrc, BROWSER_VIDEO);
	assert_int_equal(leg[VIDEO_LEG].stats.received, 31);
	assert_int_equal(leg[AUDIO_LEG + 1].rtp.rx_packets, 1);
	assert_int_equal(leg[VIDEO_LEG + 1].rtp.rx_packets, 1);
	assert_int_not_equal(leg[VIDEO_LEG].rtp.last_seen, 0);
	assert_int_equal(leg[VIDEO_LEG].rtp.unsent_packets, 0);
}

static void a_burst_of_all(void **state)
{
	struct bed *b = *state;
	uint8_t rtp[3][200], report[] = {0x80, 201, 0, 1, 0, 0, 0, BROWSER_VIDEO};
	uint16_t len = 0;

	make_call(b);
	talk(b);
	for (uint16_t seq = 2; seq < 9; seq++) {
		len = bed_rtp(rtp[0], VP8, seq, BROWSER_VIDEO, 100);
		bed_rtp(rtp[1], 77, seq, 1, 100);
		bed_rtp(rtp[2], PCMU, seq, BROWSER_AUDIO, 100);
		for (unsigned int i = 0; i < 3; i++)
			bed_send(b, browser, 0, BROWSER_PORT, rtp[i], len);
		bed_send(b, browser, 0, BROWSER_PORT, report, sizeof(report));
	}
	bed_run(b, 0);
	for (uint16_t seq = 2; seq < 9; seq++) {
		expect_rtp(b, video, VIDEO_PORT, VP8, seq, BROWSER_VIDEO);
		expect_rtp(b, audio, AUDIO_PORT, PCMU, seq, BROWSER_AUDIO);
		bed_expect(b, video, VIDEO_PORT, report, sizeof(report));
	}
	bed_drops(b, FLOW_DROP_bundle_section, 7);
}

/* On the account of the leg that has the port, and received by nobody. */
static void nobodys_type(void **state)
{
	struct bed *b = *state;
	struct flow_leg_rt *leg = b->t->leg;

	make_call(b);
	for (unsigned int type = 0; type < 64; type++)
		if (type != PCMU)
			send_rtp(b, (uint8_t)type, 1, 7);
	bed_drops(b, FLOW_DROP_bundle_section, 63);
	assert_int_equal(leg[AUDIO_LEG].drops[FLOW_DROP_bundle_section], 63);
	assert_int_equal(leg[AUDIO_LEG].rtp.rx_packets, 0);
	assert_int_equal(leg[AUDIO_LEG].stats.started, 0);
	/* Numbers that no section can have. */
	bundle(b)->section[5] = FLOW_BUNDLE_SECTIONS;
	bundle(b)->section[6] = FLOW_BUNDLE_SECTIONS - 1;
	send_rtp(b, 5, 1, 7);
	send_rtp(b, 6, 1, 7);
	bed_drops(b, FLOW_DROP_bundle_section, 2);
	to_audio(b, 1);
}

/* Before control has written anything there. */
static void an_empty_bundle(void **state)
{
	static const uint8_t report[] = {0x80, 201, 0, 1, 0, 0, 0, 7};
	struct bed *b = *state;

	bed_publish(b, &from_browser);
	send_rtp(b, PCMU, 1, 7);
	bed_send(b, browser, 0, BROWSER_PORT, report, sizeof(report));
	bed_run(b, 0);
	bed_drops(b, FLOW_DROP_bundle_section, 2);
}

static void who_sends_is_the_ports_business(void **state)
{
	struct bed *b = *state;
	uint8_t rtp[200];
	uint16_t len = bed_rtp(rtp, VP8, 1, BROWSER_VIDEO, 100);

	make_call(b);
	bed_send(b, stranger, 0, BROWSER_PORT, rtp, len);
	bed_run(b, 0);
	bed_drops(b, FLOW_DROP_source, 1);
	assert_int_equal(b->t->leg[AUDIO_LEG].drops[FLOW_DROP_source], 1);
	rtp[len - 1] = 1;
	rtp[0] = 0xbf; /* fifteen CSRCs and an extension that can't be there */
	bed_send(b, browser, 0, BROWSER_PORT, rtp, 40);
	bed_run(b, 0);
	bed_drops(b, FLOW_DROP_rtp_malformed, 1);
	assert_int_equal(b->t->leg[AUDIO_LEG].drops[FLOW_DROP_rtp_malformed], 1);
	assert_int_equal(b->t->leg[VIDEO_LEG].rtp.rx_packets, 0);
}

static void a_sender_is_learned_once_for_all(void **state)
{
	struct bed_flow f = from_browser;
	struct flow_event ev;
	struct bed *b = *state;

	make_call(b);
	f.flags |= FLOW_PLAN_LEARN;
	f.from = (struct bed_end){NULL, 0};
	bed_publish(b, &f);
	to_video(b, VP8, 1, BROWSER_VIDEO);
	to_audio(b, 1);
	assert_int_equal(dp_event_receive(b->dp, &ev, 1), 1);
	assert_int_equal(ev.leg, AUDIO_LEG);
	assert_int_equal(ev.generation, 1000 + AUDIO_LEG);
	assert_int_equal(dp_event_receive(b->dp, &ev, 1), 0);
	bed_no_drops(b);
}

/* What is no media of a section's goes with the first. */
static void other_protocols(void **state)
{
	static const uint8_t stun[] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1,  2,
				       3, 4, 5, 6, 7,    8,    9,    10,   11, 12};
	struct bed *b = *state;

	make_call(b);
	bed_send(b, browser, 0, BROWSER_PORT, stun, sizeof(stun));
	bed_run(b, 0);
	bed_expect(b, audio, AUDIO_PORT, stun, sizeof(stun));
	bundle(b)->plan[0] = 0;
	bed_send(b, browser, 0, BROWSER_PORT, stun, sizeof(stun));
	bed_run(b, 0);
	bed_expect(b, video, VIDEO_PORT, stun, sizeof(stun));
}

static void a_section_goes_and_comes_back(void **state)
{
	struct bed *b = *state;
	uint32_t before, after;
	uint64_t token;

	make_call(b);
	to_video(b, VP8, 1, BROWSER_VIDEO);
	before = bundle(b)->plan[1];
	__atomic_store_n(&bundle(b)->plan[1], 0, __ATOMIC_RELEASE);
	token = flow_grace_start(b->t);
	send_rtp(b, VP8, 2, BROWSER_VIDEO);
	bed_drops(b, FLOW_DROP_bundle_section, 1);
	to_audio(b, 1);
	assert_true(flow_grace_over(b->t, token));
	flow_plan_free(b->t, before);

	after = bed_plan(b, &video_section);
	__atomic_store_n(&bundle(b)->plan[1], after, __ATOMIC_RELEASE);
	to_video(b, VP8, 3, BROWSER_VIDEO);
	__atomic_store_n(&bundle(b)->section[VP8], FLOW_BUNDLE_NONE, __ATOMIC_RELEASE);
	send_rtp(b, VP8, 4, BROWSER_VIDEO);
	bed_drops(b, FLOW_DROP_bundle_section, 1);
	to_video(b, RTX, 5, BROWSER_VIDEO);
}

static void updates_while_packets_flow(void **state)
{
	struct bed *b = *state;
	struct bed_flow other = video_section;

	make_call(b);
	for (uint16_t seq = 1; seq < 200; seq++) {
		uint32_t old = bundle(b)->plan[1];

		other.to = seq % 2 ? audio : video;
		other.out_port = seq % 2 ? AUDIO_PORT : VIDEO_PORT;
		__atomic_store_n(&bundle(b)->plan[1], bed_plan(b, &other), __ATOMIC_RELEASE);
		send_rtp(b, VP8, seq, BROWSER_VIDEO);
		flow_plan_free(b->t, old);
		expect_rtp(b, other.to, other.out_port, VP8, seq, BROWSER_VIDEO);
		to_audio(b, seq);
	}
	assert_int_equal(b->t->leg[VIDEO_LEG].stats.received, 199);
	bed_no_drops(b);
}

/* What happens to a section's packets is on its own account. */
static void sections_that_do_not_pass(void **state)
{
	struct bed *b = *state;
	struct flow_leg_rt *leg = &b->t->leg[VIDEO_LEG];
	static const uint8_t report[] = {SR(BROWSER_VIDEO)};
	struct bed_flow f = video_section;

	make_call(b);
	to_video(b, VP8, 1, BROWSER_VIDEO);
	f.flags |= FLOW_PLAN_HOLD;
	set_video(b, &f);
	send_rtp(b, VP8, 2, BROWSER_VIDEO);
	bed_drops(b, FLOW_DROP_hold, 1);
	assert_int_equal(leg->drops[FLOW_DROP_hold], 1);
	assert_int_equal(leg->rtp.rx_packets, 2);
	assert_int_equal(leg->rtp.unsent_packets, 1);
	assert_int_equal(leg->rtp.unsent_bytes, 112);

	f.flags = FLOW_PLAN_BUNDLE;
	f.to = (struct bed_end){NULL, 0};
	set_video(b, &f);
	send_rtp(b, VP8, 3, BROWSER_VIDEO);
	bed_drops(b, FLOW_DROP_no_remote, 1);
	assert_int_equal(leg->drops[FLOW_DROP_no_remote], 1);

	f = video_section;
	f.flags |= FLOW_PLAN_RTCP_DROP;
	set_video(b, &f);
	bed_send(b, browser, 0, BROWSER_PORT, report, sizeof(report));
	bed_run(b, 0);
	bed_drops(b, FLOW_DROP_rtcp_unwanted, 1);
	to_video(b, VP8, 4, BROWSER_VIDEO);
	to_audio(b, 1);
}

static void to_the_other_family(void **state)
{
	const struct bed_end six = {"2001:db8::9", 5006};
	struct bed_flow f = video_section;
	struct bed *b = *state;
	uint8_t rtp[200];
	uint16_t len = bed_rtp(rtp, VP8, 2, BROWSER_VIDEO, 100);

	make_call(b);
	f.out_addr = 1;
	f.to = six;
	set_video(b, &f);
	send_rtp(b, VP8, 1, BROWSER_VIDEO);
	expect_rtp(b, six, VIDEO_PORT, VP8, 1, BROWSER_VIDEO);
	/* No checksum over IPv4, one over IPv6. */
	bed_input(b, bed_frame_unsummed(b, browser, 0, BROWSER_PORT, rtp, len));
	bed_run(b, 0);
	bed_expect(b, six, VIDEO_PORT, rtp, len);
	/* And back to what has none. */
	set_video(b, &video_section);
	bed_input(b, bed_frame_unsummed(b, browser, 0, BROWSER_PORT, rtp, len));
	bed_run(b, 0);
	bed_expect(b, video, VIDEO_PORT, rtp, len);
	bed_no_drops(b);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(by_payload_type),
		TEST(a_burst_of_all),
		TEST(nobodys_type),
		TEST(an_empty_bundle),
		TEST(who_sends_is_the_ports_business),
		TEST(a_sender_is_learned_once_for_all),
		TEST(other_protocols),
		TEST(a_section_goes_and_comes_back),
		TEST(updates_while_packets_flow),
		TEST(sections_that_do_not_pass),
		TEST(to_the_other_family),
	};

	if (bed_eal() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
