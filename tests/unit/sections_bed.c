/* SPDX-License-Identifier: BSD-3-Clause */
#include "sections_bed.h"

const struct bed_end browser = BROWSER, stranger = {"10.0.0.66", 4000}, audio = AUDIO,
		     video = VIDEO;

const struct bed_flow from_browser = {.leg = AUDIO_LEG,
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

struct flow_bundle *bundle(struct bed *b)
{
	return &b->t->bundle[AUDIO_LEG];
}

void set_types(struct bed *b)
{
	memset(bundle(b)->section, FLOW_BUNDLE_NONE, sizeof(bundle(b)->section));
	bundle(b)->section[PCMU] = 0;
	bundle(b)->section[VP8] = 1;
	bundle(b)->section[RTX] = 1;
}

void make_call(struct bed *b)
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

void send_rtp(struct bed *b, uint8_t type, uint16_t seq, uint32_t ssrc)
{
	uint8_t rtp[200];
	uint16_t len = bed_rtp(rtp, type, seq, ssrc, 100);

	bed_send(b, browser, 0, BROWSER_PORT, rtp, len);
	bed_run(b, 0);
}

void expect_rtp(struct bed *b, struct bed_end to, uint16_t sport, uint8_t type, uint16_t seq,
		uint32_t ssrc)
{
	uint8_t rtp[200];
	uint16_t len = bed_rtp(rtp, type, seq, ssrc, 100);

	bed_expect(b, to, sport, rtp, len);
}

void to_audio(struct bed *b, uint16_t seq)
{
	send_rtp(b, PCMU, seq, BROWSER_AUDIO);
	expect_rtp(b, audio, AUDIO_PORT, PCMU, seq, BROWSER_AUDIO);
}

void to_video(struct bed *b, uint8_t type, uint16_t seq, uint32_t ssrc)
{
	send_rtp(b, type, seq, ssrc);
	expect_rtp(b, video, VIDEO_PORT, type, seq, ssrc);
}

void talk(struct bed *b)
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

void set_video(struct bed *b, const struct bed_flow *f)
{
	flow_plan_free(b->t, bundle(b)->plan[1]);
	bundle(b)->plan[1] = bed_plan(b, f);
}
