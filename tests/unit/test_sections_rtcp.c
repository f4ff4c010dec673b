/* SPDX-License-Identifier: BSD-3-Clause */
/* RTCP of media sections that share a port, and of those who take no feedback. */
#include "sections_bed.h"

#include "frame.h"
#include "rtp.h"

static void rtcp_by_ssrc(void **state)
{
#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
	const struct {
		const char *name;
		const uint8_t *p;
		size_t len;
		bool video;
	} cases[] = {
		{"audio's sender", BYTES(SR(BROWSER_AUDIO), SDES(BROWSER_AUDIO)), false},
		{"video's sender", BYTES(SR(BROWSER_VIDEO), SDES(BROWSER_VIDEO)), true},
		{"what it is about before its sender", BYTES(RR_OF(BROWSER_VIDEO, PHONE_AUDIO)),
		 false},
		{"the other way round", BYTES(RR_OF(BROWSER_AUDIO, PHONE_VIDEO)), true},
		{"its sender, about nobody's", BYTES(RR_OF(BROWSER_VIDEO, 2)), true},
		{"its sender, about nothing", BYTES(RR(BROWSER_VIDEO)), true},
		{"a sender report is its sender's", BYTES(SR_OF(BROWSER_VIDEO, PHONE_AUDIO)), true},
		{"with feedback too", BYTES(SR(BROWSER_AUDIO), PLI(BROWSER_AUDIO, PHONE_VIDEO)),
		 false},
		{"report about audio", BYTES(RR_OF(1, PHONE_AUDIO)), false},
		{"report about video", BYTES(RR_OF(1, PHONE_VIDEO)), true},
		{"nobody's sender report about video", BYTES(SR_OF(1, PHONE_VIDEO)), true},
		{"picture loss", BYTES(RR(1), PLI(1, PHONE_VIDEO)), true},
		{"alone", BYTES(PLI(1, PHONE_VIDEO)), true},
		{"full intra request", BYTES(RR(1), SDES(1), FIR(1, PHONE_VIDEO)), true},
		{"bandwidth estimate", BYTES(RR(1), REMB(1, PHONE_VIDEO)), true},
		{"not about what it sends itself", BYTES(RR_OF(1, BROWSER_VIDEO)), false},
		{"nobody's", BYTES(RR_OF(1, 2)), false},
		{"nobody's, then video's", BYTES(RR_OF(1, 2), PLI(1, PHONE_VIDEO)), true},
		{"SSRC 0", BYTES(RR(0)), false},
		{"goodbye of video", BYTES(0x81, 203, 0, 1, WORD(BROWSER_VIDEO)), true},
		{"of one that is not there yet", BYTES(SR(0x77)), false},
		{"behind nonsense", BYTES(RR(1), 0, 0, 0, 0, PLI(1, PHONE_VIDEO)), false},
		{"behind one that does not fit",
		 BYTES(RR(1), 0x80, 201, 255, 255, PLI(1, PHONE_VIDEO)), false},
		{"behind sixteen strange ones", BYTES(SIXTEEN(PLI(1, 2)), PLI(1, PHONE_VIDEO)),
		 false},
	};
	struct bed *b = *state;
	uint64_t packets[2] = {1, 1};

	make_call(b);
	talk(b);
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		uint16_t len = (uint16_t)cases[i].len;
		struct bed_datagram d;

		bed_send(b, browser, 0, BROWSER_PORT, cases[i].p, len);
		bed_run(b, 0);
		check_case(cases[i].name, bed_take(b, &d));
		check_case(cases[i].name, d.dport == (cases[i].video ? video : audio).port);
		check_case(cases[i].name, d.len == len && memcmp(d.payload, cases[i].p, len) == 0);
		packets[cases[i].video]++;
		assert_int_equal(b->t->leg[AUDIO_LEG].rtp.rx_packets, packets[0]);
		assert_int_equal(b->t->leg[VIDEO_LEG].rtp.rx_packets, packets[1]);
	}
	bed_no_drops(b);
#undef BYTES
}

/* Nobody has sent a thing, which is not to have sent with SSRC 0. */
static void rtcp_before_media(void **state)
{
	static const uint8_t report[] = {RR(0), PLI(0, 7)}, about[] = {RR_OF(1, 0)};
	struct bed *b = *state;

	make_call(b);
	bed_send(b, browser, 0, BROWSER_PORT, report, sizeof(report));
	bed_run(b, 0);
	bed_expect(b, audio, AUDIO_PORT, report, sizeof(report));
	to_audio(b, 1);
	bed_send(b, browser, 0, BROWSER_PORT, report, sizeof(report));
	bed_send(b, browser, 0, BROWSER_PORT, about, sizeof(about));
	bed_run(b, 0);
	bed_expect(b, audio, AUDIO_PORT, report, sizeof(report));
	bed_expect(b, audio, AUDIO_PORT, about, sizeof(about));
}

static void rtcp_to_a_port_of_its_own(void **state)
{
	static const uint8_t report[] = {SR(BROWSER_VIDEO), SDES(BROWSER_VIDEO)};
	const struct bed_end rtcp_end = {"192.0.2.9", 5007};
	struct bed_flow f = video_section;
	struct bed *b = *state;

	make_call(b);
	f.to = rtcp_end;
	f.out_port = VIDEO_PORT + 1;
	b->t->plan[bundle(b)->plan[1]].rtcp_plan = bed_plan(b, &f);
	to_video(b, VP8, 1, BROWSER_VIDEO);
	bed_send(b, browser, 0, BROWSER_PORT, report, sizeof(report));
	bed_run(b, 0);
	bed_expect(b, rtcp_end, VIDEO_PORT + 1, report, sizeof(report));
	bed_no_drops(b);
}

static void without_feedback(void **state)
{
	static const uint8_t compound[] = {RR_OF(1, PHONE_VIDEO), PLI(1, PHONE_VIDEO), SDES(1)},
			     left[] = {RR_OF(1, PHONE_VIDEO), SDES(1)},
			     only[] = {PLI(1, PHONE_VIDEO)},
			     bad[] = {PLI(1, PHONE_VIDEO), 0x80, 201, 0, 9, WORD(1)};
	struct bed *b = *state;
	struct bed_flow f = video_section;
	struct flow_leg_rt *leg = &b->t->leg[VIDEO_LEG];
	struct bed_datagram d;

	make_call(b);
	talk(b);
	f.flags |= FLOW_PLAN_FB_DROP;
	set_video(b, &f);
	bed_send(b, browser, 0, BROWSER_PORT, compound, sizeof(compound));
	bed_run(b, 0);
	bed_expect(b, video, VIDEO_PORT, left, sizeof(left));
	assert_int_equal(leg->rtp.unsent_packets, 0);
	assert_int_equal(leg->rtp.unsent_bytes, sizeof(compound) - sizeof(left));
	bed_send(b, browser, 0, BROWSER_PORT, only, sizeof(only));
	bed_run(b, 0);
	bed_drops(b, FLOW_DROP_feedback, 1);
	assert_int_equal(leg->drops[FLOW_DROP_feedback], 1);
	assert_int_equal(leg->rtp.unsent_packets, 1);
	bed_send(b, browser, 0, BROWSER_PORT, bad, sizeof(bad));
	bed_run(b, 0);
	bed_drops(b, FLOW_DROP_rtp_malformed, 1);
	/* What was not touched keeps its lack of a checksum. */
	bed_input(b, bed_frame_unsummed(b, browser, 0, BROWSER_PORT, compound, sizeof(compound)));
	bed_run(b, 0);
	assert_true(bed_take(b, &d) && d.checksum && d.len == sizeof(left));
	bed_input(b, bed_frame_unsummed(b, browser, 0, BROWSER_PORT, left, sizeof(left)));
	bed_run(b, 0);
	assert_true(bed_take(b, &d) && !d.checksum && d.len == sizeof(left));
	/* All that came and did not go, in bytes. */
	assert_int_equal(leg->rtp.rx_bytes - leg->rtp.unsent_bytes, 112 + 3 * sizeof(left));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(rtcp_by_ssrc),
		TEST(rtcp_before_media),
		TEST(rtcp_to_a_port_of_its_own),
		TEST(without_feedback),
	};

	if (bed_eal() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
