/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Media sections that share a port, under plans made by hand. Of each session the browser is on
 * the even leg; all of these are bundled on leg 0.
 *
 *	browser 10.0.0.2:4000 ── 10.0.0.1:20000 │ tandem │ 192.0.2.1:30000 ── audio 192.0.2.9:5004
 *	                                                  192.0.2.1:30002 ── video 192.0.2.9:5006
 */
#ifndef SECTIONS_BED_H
#define SECTIONS_BED_H

#include "dp_bed.h"

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

extern const struct bed_end browser, stranger, audio, video;
extern const struct bed_flow from_browser, video_section;

struct flow_bundle *bundle(struct bed *b);

void set_types(struct bed *b);

/* Both ways, audio and video. */
void make_call(struct bed *b);

void send_rtp(struct bed *b, uint8_t type, uint16_t seq, uint32_t ssrc);

void expect_rtp(struct bed *b, struct bed_end to, uint16_t sport, uint8_t type, uint16_t seq,
		uint32_t ssrc);

void to_audio(struct bed *b, uint16_t seq);

void to_video(struct bed *b, uint8_t type, uint16_t seq, uint32_t ssrc);

/* RTP of all four, so that their SSRCs are known. */
void talk(struct bed *b);

void set_video(struct bed *b, const struct bed_flow *f);

/* RTCP packets, as bytes. */
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

#endif
