/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Media sections that share a port, under plans made by hand. Of each session the browser is on
 * the even leg; all of these are bundled on leg 0.
 *
 *	browser 10.0.0.2:4000 ── 10.0.0.1:20000 │ tandem │ 192.0.2.1:30000 ── audio 192.0.2.9:5004
 *	                                                  192.0.2.1:30002 ── video 192.0.2.9:5006
 */
#include "dp_bed.h"

#include "frame.h"
#include "rtp.h"

#define BROWSER_PORT 20000
#define AUDIO_PORT   30000
#define VIDEO_PORT   30002

#define AUDIO_LEG 0
#define VIDEO_LEG 2

#define PCMU 0
#define VP8  96
#define RTX  97

/* SSRCs: of whom, of what. */
#define BROWSER_AUDIO 0xa1
#define BROWSER_VIDEO 0xa2
#define PHONE_AUDIO   0xb1
#define PHONE_VIDEO   0xb2

#define BROWSER                                                                                    \
	{                                                                                          \
		"10.0.0.2", 4000                                                                   \
	}
#define AUDIO                                                                                      \
	{                                                                                          \
		"192.0.2.9", 5004                                                                  \
	}
#define VIDEO                                                                                      \
	{                                                                                          \
		"192.0.2.9", 5006                                                                  \
	}

static const struct bed_end browser = BROWSER, stranger = {"10.0.0.66", 4000}, audio = AUDIO,
			    video = VIDEO;

static const struct bed_flow from_browser = {.leg = AUDIO_LEG,
					     .port = BROWSER_PORT,
					     .out_addr = 2,
					     .out_port = AUDIO_PORT,
					     .from = BROWSER,
					     .to = AUDIO,
					     .flags = FLOW_PLAN_BUNDLE},
			     video_section = {.leg = VIDEO_LEG,
					      .out_addr = 2,
					      .out_port = VIDEO_PORT,
					      .to = VIDEO,
					      .flags = FLOW_PLAN_BUNDLE};

static struct flow_bundle *bundle(struct bed *b)
{
	return &b->t->bundle[AUDIO_LEG];
}

static void set_types(struct bed *b)
{
	memset(bundle(b)->section, FLOW_BUNDLE_NONE, sizeof(bundle(b)->section));
	bundle(b)->section[PCMU] = 0;
	bundle(b)->section[VP8] = 1;
	bundle(b)->section[RTX] = 1;
}

/* Both ways, audio and video. */
static void make_call(struct bed *b)
{
	set_types(b);
	bundle(b)->plan[0] = bed_publish(b, &from_browser);
	bundle(b)->plan[1] = bed_plan(b, &video_section);
	bed_publish(b, &(struct bed_flow){.leg = AUDIO_LEG + 1,
					  .addr = 2,
					  .port = AUDIO_PORT,
					  .out_port = BROWSER_PORT,
					  .from = audio,
					  .to = browser});
	bed_publish(b, &(struct bed_flow){.leg = VIDEO_LEG + 1,
					  .addr = 2,
					  .port = VIDEO_PORT,
					  .out_port = BROWSER_PORT,
					  .from = video,
					  .to = browser});
}

static void send_rtp(struct bed *b, uint8_t type, uint16_t seq, uint32_t ssrc)
{
	uint8_t rtp[200];
	uint16_t len = bed_rtp(rtp, type, seq, ssrc, 100);

	bed_send(b, browser, 0, BROWSER_PORT, rtp, len);
	bed_run(b, 0);
}

static void expect_rtp(struct bed *b, struct bed_end to, uint16_t sport, uint8_t type, uint16_t seq,
		       uint32_t ssrc)
{
	uint8_t rtp[200];
	uint16_t len = bed_rtp(rtp, type, seq, ssrc, 100);

	bed_expect(b, to, sport, rtp, len);
}

static void to_audio(struct bed *b, uint16_t seq)
{
	send_rtp(b, PCMU, seq, BROWSER_AUDIO);
	expect_rtp(b, audio, AUDIO_PORT, PCMU, seq, BROWSER_AUDIO);
}

static void to_video(struct bed *b, uint8_t type, uint16_t seq, uint32_t ssrc)
{
	send_rtp(b, type, seq, ssrc);
	expect_rtp(b, video, VIDEO_PORT, type, seq, ssrc);
}

/* RTP of all four, so that their SSRCs are known. */
static void talk(struct bed *b)
{
	uint8_t rtp[200];
	uint16_t len;

	to_audio(b, 1);
	to_video(b, VP8, 1, BROWSER_VIDEO);
	len = bed_rtp(rtp, PCMU, 1, PHONE_AUDIO, 100);
	bed_send(b, audio, 2, AUDIO_PORT, rtp, len);
	bed_run(b, 0);
	bed_expect(b, browser, BROWSER_PORT, rtp, len);
	len = bed_rtp(rtp, VP8, 1, PHONE_VIDEO, 100);
	bed_send(b, video, 2, VIDEO_PORT, rtp, len);
	bed_run(b, 0);
	bed_expect(b, browser, BROWSER_PORT, rtp, len);
}

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

#define WORD(x)           (x) >> 24, (x) >> 16 & 255, (x) >> 8 & 255, (x)&255
#define RR(sender)        0x80, 201, 0, 1, WORD(sender)
#define BLOCK(of)         WORD(of), WORD(0), WORD(0), WORD(0), WORD(0), WORD(0)
#define RR_OF(sender, of) 0x81, 201, 0, 7, WORD(sender), BLOCK(of)
#define SR(sender)        0x80, 200, 0, 6, WORD(sender), WORD(1), WORD(2), WORD(3), WORD(4), WORD(5)
#define SR_OF(sender, of)                                                                          \
	0x81, 200, 0, 12, WORD(sender), WORD(1), WORD(2), WORD(3), WORD(4), WORD(5), BLOCK(of)
#define PLI(sender, of) 0x81, 206, 0, 2, WORD(sender), WORD(of)
#define FIR(sender, of) 0x84, 206, 0, 4, WORD(sender), WORD(0), WORD(of), WORD(1)
#define REMB(sender, of)                                                                           \
	0x8f, 206, 0, 5, WORD(sender), WORD(0), 'R', 'E', 'M', 'B', WORD(1), WORD(of)
#define SDES(sender) 0x81, 202, 0, 2, WORD(sender), 1, 1, 'x', 0
#define SIXTEEN(...) FOUR(FOUR(__VA_ARGS__))
#define FOUR(...)    __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__

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

static void set_video(struct bed *b, const struct bed_flow *f)
{
	flow_plan_free(b->t, bundle(b)->plan[1]);
	bundle(b)->plan[1] = bed_plan(b, f);
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

/* ---- encrypted ------------------------------------------------------------------------------ */

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
	struct srtp_keys *k = srtp_object(srtp_keys_size(e, c.profile, 0));

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
		TEST(by_payload_type),
		TEST(a_burst_of_all),
		TEST(nobodys_type),
		TEST(an_empty_bundle),
		TEST(who_sends_is_the_ports_business),
		TEST(a_sender_is_learned_once_for_all),
		TEST(rtcp_by_ssrc),
		TEST(rtcp_before_media),
		TEST(other_protocols),
		TEST(a_section_goes_and_comes_back),
		TEST(updates_while_packets_flow),
		TEST(sections_that_do_not_pass),
		TEST(rtcp_to_a_port_of_its_own),
		TEST(to_the_other_family),
		TEST(without_feedback),
		TEST(encrypted_to_plain),
		TEST(both_legs_bundled),
		TEST(before_there_are_keys),
	};

	if (bed_eal() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
