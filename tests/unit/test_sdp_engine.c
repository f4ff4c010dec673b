/* SPDX-License-Identifier: BSD-3-Clause */
/* Offers and answers without sessions: text and profiles in, text out. */
#include "check.h"

#include <errno.h>
#include <time.h>

#include "sdp_samples.h"
#include "sdp_write.h"

#define UFRAG "oursIce1"
#define PWD   "ourPasswordOf24CharsHere"
#define OURFP "0F:0E:0D"

static const struct sdp_profile nothing;
static const struct sdp_profile avp = {.has_transport = true, .transport = SDP_AVP};
static const struct sdp_profile avpf = {.has_transport = true, .transport = SDP_AVPF};
static const struct sdp_profile savp = {.has_transport = true, .transport = SDP_SAVP};
static const struct sdp_profile tls_savp = {.has_transport = true, .transport = SDP_TLS_SAVP};
static const struct sdp_profile webrtc = {.has_transport = true, .transport = SDP_TLS_SAVPF};

/* ---- a call between two parties, with tandem's side of it made up --------------------------- */

static struct sdp_state *state;
static struct sdp_facts offer_facts, answer_facts;
static struct sdp_identity who[SDP_SIDES];
static struct sdp_error err;
static char *kept_offer;
static struct tnd_buf out;

static int begin(void **unused)
{
	memset(who, 0, sizeof(who));
	return 0;
}

static int end(void **unused)
{
	sdp_state_free(state);
	state = NULL;
	free(kept_offer);
	kept_offer = NULL;
	tnd_buf_free(&out);
	return 0;
}

static void fill_local(struct sdp_local *local, unsigned int side)
{
	static const char *const candidates[SDP_SIDES] = {
		"candidate:1 1 UDP 2130706431 192.0.2.1 20000 typ host",
		"candidate:1 1 UDP 2130706431 10.0.0.1 30000 typ host"};

	for (unsigned int i = 0; i < state->count; i++) {
		int bundle = sdp_bundle(&state->section[i], side);
		uint16_t port =
			(uint16_t)((side ? 30000 : 20000) + 2 * (bundle >= 0 ? bundle : (int)i));

		local[i] = (struct sdp_local){.port = port,
					      .rtcp_port = (uint16_t)(port + 1),
					      .ufrag = UFRAG,
					      .pwd = PWD,
					      .candidate_count = 1,
					      .candidate = {candidates[side]},
					      .hash = "sha-256",
					      .fingerprint = OURFP};
		wire_ip_parse(side ? "10.0.0.1" : "192.0.2.1", &local[i].ip);
	}
}

static const char *write_for(const struct sdp_facts *from, unsigned int to, bool is_offer)
{
	struct sdp_local local[SDP_SECTIONS_MAX];

	fill_local(local, to);
	tnd_buf_reset(&out);
	out.secret = true;
	sdp_write(&out, from, state, to, is_offer, local, &who[to]);
	tnd_buf_addc(&out, '\0');
	assert_false(out.oom);
	return out.data;
}

/* As if sessions were made of all that is active. */
static void live(void)
{
	for (unsigned int i = 0; i < state->count; i++)
		state->section[i].life[state->section[i].kind] =
			state->section[i].active ? SDP_LIVE : SDP_NONE;
}

/* The text for the other party, or NULL and `err`. */
static const char *offer_by(unsigned int by, const char *text, const struct sdp_profile *from,
			    const struct sdp_profile *to)
{
	struct sdp_state *next;
	char *copy = strdup(text);
	int rc;

	free(kept_offer);
	kept_offer = copy;
	err = (struct sdp_error){0};
	if (sdp_read(copy, strlen(copy), &offer_facts, &err) != 0)
		return NULL;
	next = sdp_state_new(state, offer_facts.sdp.count);
	if (state == NULL) {
		next->profile[by] = *from;
		next->profile[1 - by] = *to;
	}
	rc = sdp_plan_offer(next, by, &offer_facts, &err);
	if (rc != 0) {
		sdp_state_free(next);
		return NULL;
	}
	sdp_state_free(state);
	state = next;
	live();
	return write_for(&offer_facts, 1 - by, true);
}

static const char *offer(const char *text, const struct sdp_profile *from,
			 const struct sdp_profile *to)
{
	return offer_by(0, text, from, to);
}

static const char *answer(const char *text)
{
	unsigned int offerer = state->offerer;
	struct sdp_state *next = sdp_state_new(state, 0);

	err = (struct sdp_error){0};
	if (sdp_read(text, strlen(text), &answer_facts, &err) != 0 ||
	    sdp_plan_answer(next, &offer_facts, &answer_facts, &err) != 0) {
		sdp_state_free(next);
		return NULL;
	}
	sdp_state_free(state);
	state = next;
	live();
	return write_for(&answer_facts, offerer, false);
}

static const char *must(const char *text)
{
	if (text == NULL)
		fail_msg("line %u: %s", err.line, err.reason);
	return text;
}

/* ---- looking at texts ----------------------------------------------------------------------- */

static void same_text(const char *name, const char *got, const char *want)
{
	if (strcmp(must(got), want) == 0)
		return;
	print_error("%s: got\n%s\nwanted\n%s\n", name, got, want);
	fail();
}

/* The line, whole, in section `section` (0: the session's level, -1: anywhere). */
static bool has_line(const char *text, int section, const char *line)
{
	size_t len = strlen(line);
	int here = 0;

	while (*text != '\0') {
		size_t end = strcspn(text, "\r");

		if (text[0] == 'm')
			here++;
		if ((section < 0 || section == here) && end == len && memcmp(text, line, len) == 0)
			return true;
		text += end + 2;
	}
	return false;
}

static unsigned int count_of(const char *text, const char *part)
{
	unsigned int n = 0;

	for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part))
		n++;
	return n;
}

#define check_has(text, section, line)                                                             \
	do {                                                                                       \
		if (!has_line(text, section, line)) {                                              \
			print_error("no \"%s\" in section %d of\n%s\n", line, section,             \
				    text ? text : "nothing");                                      \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

#define check_lacks(text, part)                                                                    \
	do {                                                                                       \
		if (text == NULL || strstr(text, part) != NULL) {                                  \
			print_error("\"%s\" in\n%s\n", part, text ? text : "nothing");             \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

static void check_fault(const char *name, const char *text, unsigned int line, const char *reason)
{
	if (text != NULL || err.line != line || strstr(err.reason, reason) == NULL)
		print_error("%s: line %u: %s\n", name, err.line, err.reason);
	assert_null(text);
	assert_int_equal(err.line, line);
	assert_non_null(strstr(err.reason, reason));
}

/* ---- browser and phone ---------------------------------------------------------------------- */

static void chromium_to_phone(void **unused)
{
	same_text("offer", offer(CHROMIUM_OFFER, &nothing, &avp),
		  "v=0\r\n"
		  "o=- 4611731400430051336 2 IN IP4 10.0.0.1\r\n"
		  "s=-\r\n"
		  "t=0 0\r\n"
		  "a=extmap-allow-mixed\r\n"
		  "a=msid-semantic: WMS 3d7a\r\n"
		  "m=audio 30000 RTP/AVP 111 0 8 13 110\r\n"
		  "c=IN IP4 10.0.0.1\r\n"
		  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
		  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
		  "a=msid:3d7a a0\r\n"
		  "a=rtpmap:111 opus/48000/2\r\n"
		  "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
		  "a=rtpmap:0 PCMU/8000\r\n"
		  "a=rtpmap:8 PCMA/8000\r\n"
		  "a=rtpmap:13 CN/8000\r\n"
		  "a=rtpmap:110 telephone-event/48000\r\n"
		  "a=ssrc:1001 cname:x1\r\n"
		  "a=sendrecv\r\n"
		  "m=video 30002 RTP/AVP 96 97 102\r\n"
		  "c=IN IP4 10.0.0.1\r\n"
		  "a=msid:3d7a v0\r\n"
		  "a=rtpmap:96 VP8/90000\r\n"
		  "a=rtpmap:97 rtx/90000\r\n"
		  "a=fmtp:97 apt=96\r\n"
		  "a=rtpmap:102 H264/90000\r\n"
		  "a=ssrc-group:FID 2001 2002\r\n"
		  "a=ssrc:2001 cname:x1\r\n"
		  "a=ssrc:2002 cname:x1\r\n"
		  "a=sendrecv\r\n");
	same_text("answer", answer(PHONE_AV_ANSWER),
		  "v=0\r\n"
		  "o=phone 2890844526 5 IN IP4 192.0.2.1\r\n"
		  "s=A call\r\n"
		  "t=0 0\r\n"
		  "a=group:BUNDLE 0 1\r\n"
		  "a=ice-lite\r\n"
		  "a=ice-options:trickle\r\n"
		  "m=audio 20000 UDP/TLS/RTP/SAVPF 0\r\n"
		  "c=IN IP4 192.0.2.1\r\n"
		  "a=mid:0\r\n"
		  "a=sendrecv\r\n"
		  "a=rtpmap:0 PCMU/8000\r\n"
		  "a=rtcp-mux\r\n"
		  "a=ice-ufrag:" UFRAG "\r\n"
		  "a=ice-pwd:" PWD "\r\n"
		  "a=candidate:1 1 UDP 2130706431 192.0.2.1 20000 typ host\r\n"
		  "a=end-of-candidates\r\n"
		  "a=fingerprint:sha-256 " OURFP "\r\n"
		  "a=setup:passive\r\n"
		  "m=video 20000 UDP/TLS/RTP/SAVPF 96\r\n"
		  "c=IN IP4 192.0.2.1\r\n"
		  "a=mid:1\r\n"
		  "a=rtpmap:96 VP8/90000\r\n"
		  "a=sendrecv\r\n"
		  "a=rtcp-mux\r\n"
		  "a=ice-ufrag:" UFRAG "\r\n"
		  "a=ice-pwd:" PWD "\r\n"
		  "a=candidate:1 1 UDP 2130706431 192.0.2.1 20000 typ host\r\n"
		  "a=end-of-candidates\r\n"
		  "a=fingerprint:sha-256 " OURFP "\r\n"
		  "a=setup:passive\r\n");
	assert_int_equal(state->section[1].side[0].bundle, 0);
	assert_int_equal(state->section[1].side[1].bundle, -1);
	assert_false(state->section[0].side[1].feedback);
	assert_true(state->section[0].side[0].feedback);
}

static void phone_to_chromium(void **unused)
{
	const char *text = must(offer(PHONE_OFFER, &nothing, &webrtc));

	same_text("offer", text,
		  "v=0\r\n"
		  "o=phone 2890844526 2890844526 IN IP4 10.0.0.1\r\n"
		  "s=A call\r\n"
		  "t=0 0\r\n"
		  "a=group:BUNDLE 0\r\n"
		  "a=ice-lite\r\n"
		  "a=ice-options:trickle\r\n"
		  "m=audio 30000 UDP/TLS/RTP/SAVPF 0 8 101\r\n"
		  "c=IN IP4 10.0.0.1\r\n"
		  "a=mid:0\r\n"
		  "a=rtpmap:101 telephone-event/8000\r\n"
		  "a=fmtp:101 0-15\r\n"
		  "a=ptime:20\r\n"
		  "a=sendrecv\r\n"
		  "a=rtpmap:0 PCMU/8000\r\n"
		  "a=rtpmap:8 PCMA/8000\r\n"
		  "a=rtcp-mux\r\n"
		  "a=ice-ufrag:" UFRAG "\r\n"
		  "a=ice-pwd:" PWD "\r\n"
		  "a=candidate:1 1 UDP 2130706431 10.0.0.1 30000 typ host\r\n"
		  "a=end-of-candidates\r\n"
		  "a=fingerprint:sha-256 " OURFP "\r\n"
		  "a=setup:actpass\r\n");
	text = must(
		answer("v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
		       "a=group:BUNDLE 0\r\n" CHROMIUM_ANSWER_SECTION(
			       "m=audio 9 UDP/TLS/RTP/SAVPF 0 101", "0",
			       "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n")));
	same_text("answer", text,
		  "v=0\r\n"
		  "o=- 7 2 IN IP4 192.0.2.1\r\n"
		  "s=-\r\n"
		  "t=0 0\r\n"
		  "m=audio 20000 RTP/AVP 0 101\r\n"
		  "c=IN IP4 192.0.2.1\r\n"
		  "a=rtpmap:0 PCMU/8000\r\n"
		  "a=rtpmap:101 telephone-event/8000\r\n"
		  "a=sendrecv\r\n");
	assert_int_equal(state->section[0].side[1].setup, SDP_SETUP_PASSIVE);
}

/* Both bundles, feedback both ways, mids and roles each on their own. */
static void chromium_to_chromium(void **unused)
{
	const char *text = must(offer(CHROMIUM_OFFER, &nothing, &nothing));

	check_has(text, 0, "a=group:BUNDLE 0 1");
	check_has(text, 1, "m=audio 30000 UDP/TLS/RTP/SAVPF 111 0 8 13 110");
	check_has(text, 2, "m=video 30000 UDP/TLS/RTP/SAVPF 96 97 102");
	check_has(text, 2, "a=rtcp-fb:96 nack pli");
	check_has(text, 1, "a=rtcp-rsize");
	check_has(text, 2, "a=mid:1");
	assert_int_equal(count_of(text, "a=setup:actpass"), 2);
	assert_int_equal(count_of(text, "a=fingerprint:"), 2);
	assert_int_equal(count_of(text, "a=ice-ufrag:"), 2);
	check_lacks(text, FP32);
	check_lacks(text, "9uB6");
	text = must(answer(CHROMIUM_ANSWER));
	check_has(text, 0, "a=group:BUNDLE 0 1");
	check_has(text, 2, "m=video 20000 UDP/TLS/RTP/SAVPF 96 97");
	check_has(text, 2, "a=rtcp-fb:96 nack pli");
	assert_int_equal(count_of(text, "a=setup:passive"), 2);
	check_lacks(text, FP32B);
	check_lacks(text, "Xk2p");
}

static void firefox_to_phone(void **unused)
{
	const char *text = must(offer(FIREFOX_OFFER, &nothing, &avp));

	check_has(text, 1, "m=audio 30000 RTP/AVP 109 9 0 8 101");
	check_has(text, 2, "m=video 30002 RTP/AVP 120 124");
	check_has(text, 2, "a=sendrecv");
	check_lacks(text, "bundle-only");
	check_lacks(text, "candidate");
	check_lacks(text, "fingerprint");
	check_lacks(text, "a=mid:");
	check_lacks(text, "rtcp-fb");
	check_has(text, 0,
		  "o=mozilla...THIS_IS_SDPARTA-99.0 5837464612345678901 0 IN IP4 "
		  "10.0.0.1");
	text = must(answer(PHONE_AV_ANSWER));
	/* What Firefox can't do without in the second section. */
	check_has(text, 2, "a=fingerprint:sha-256 " OURFP);
	check_has(text, 2, "c=IN IP4 192.0.2.1");
	check_has(text, 2, "m=video 20000 UDP/TLS/RTP/SAVPF 96");
}

/* Two sections refused in different ways by the phone. */
static void refused_sections(void **unused)
{
	const char *text = must(offer(CHROMIUM_OFFER CHROMIUM_DATA, &nothing, &avp));

	check_has(text, 3, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
	check_has(text, 3, "c=IN IP4 10.0.0.1");
	check_has(text, 3, "a=sctp-port:5000");
	text = must(answer(PHONE_HEAD("5") "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n"
					   "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
	check_has(text, 0, "a=group:BUNDLE 0");
	check_has(text, 2, "m=video 0 UDP/TLS/RTP/SAVPF 96");
	check_has(text, 2, "a=mid:1");
	check_has(text, 3, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
	/* aiortc wants all of these of each section. */
	check_has(text, 2, "a=rtcp-mux");
	check_has(text, 2, "a=ice-ufrag:" UFRAG);
	check_has(text, 2, "a=setup:passive");
	check_has(text, 3, "a=ice-pwd:" PWD);
	check_has(text, 3, "a=fingerprint:sha-256 " OURFP);
	assert_int_equal(count_of(text, "a=candidate"), 1);
	assert_false(state->section[1].active || state->section[2].active);
}

/* ---- other stacks --------------------------------------------------------------------------- */

static void aiortc_and_dtls_phone(void **unused)
{
	const char *text = must(offer(AIORTC_OFFER, &nothing, &tls_savp));

	check_has(text, 1, "m=audio 30000 UDP/TLS/RTP/SAVP 96 0 8");
	check_has(text, 1, "a=fingerprint:sha-256 " OURFP);
	check_has(text, 1, "a=setup:actpass");
	check_has(text, 1, "a=rtcp-mux");
	check_lacks(text, "ice-");
	check_lacks(text, "group");
	assert_int_equal(offer_facts.section[0].fingerprint_count, 2);
	text = must(answer("v=0\r\no=- 1 1 IN IP4 10.0.0.8\r\ns=-\r\nc=IN IP4 10.0.0.8\r\nt=0 0\r\n"
			   "m=audio 18000 UDP/TLS/RTP/SAVP 0\r\na=rtcp-mux\r\n"
			   "a=fingerprint:sha-256 " FP32B "\r\na=setup:passive\r\n"));
	check_has(text, 1, "a=setup:passive");
	check_has(text, 1, "a=sendrecv");
	assert_int_equal(state->section[0].side[1].setup, SDP_SETUP_ACTIVE);
	assert_false(state->section[0].side[1].feedback);
}

static void pion_answers(void **unused)
{
	const char *text;

	must(offer(CHROMIUM_OFFER, &nothing, &webrtc));
	text = must(answer(PION_ANSWER));
	check_has(text, 1, "a=recvonly");
	check_has(text, 2, "a=sendonly");
	check_lacks(text, "10.0.0.31");
	assert_int_equal(state->section[0].side[1].setup, SDP_SETUP_PASSIVE);
	assert_int_equal(answer_facts.section[1].fingerprint_count, 1);
}

/* No group: each section has its transport; the other side may still have one. */
static void gstreamer_without_bundle(void **unused)
{
	const char *text = must(offer(GSTREAMER_OFFER, &nothing, &webrtc));

	check_has(text, 0, "a=group:BUNDLE audio0 video1");
	check_has(text, 2, "m=video 30000 UDP/TLS/RTP/SAVPF 96");
	assert_int_equal(state->section[1].side[0].bundle, -1);
	text = must(answer(
		"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
		"a=group:BUNDLE audio0 video1\r\n" CHROMIUM_ANSWER_SECTION(
			"m=audio 9 UDP/TLS/RTP/SAVPF 97", "audio0", "")
			CHROMIUM_ANSWER_SECTION("m=video 9 UDP/TLS/RTP/SAVPF 96", "video1", "")));
	check_lacks(text, "group");
	check_has(text, 2, "m=video 20002 UDP/TLS/RTP/SAVPF 96");
	check_has(text, 2, "a=mid:video1");
}

static void profile_without_bundle(void **unused)
{
	const struct sdp_profile apart = {.has_bundle = true};
	const char *text;

	must(offer(CHROMIUM_OFFER, &apart, &avp));
	text = must(answer(PHONE_AV_ANSWER));
	check_lacks(text, "group");
	check_has(text, 2, "m=video 20002 UDP/TLS/RTP/SAVPF 96");
	/* What is only on the group's port can't be had then. */
	end(NULL);
	text = must(offer(FIREFOX_OFFER, &apart, &avp));
	check_has(text, 2, "m=video 0 RTP/AVP 120 124");
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void sdes_offered_to_us(void **unused)
{
	const char *text = must(offer(BARESIP_SDES_OFFER, &nothing, &avp)), *crypto;

	check_lacks(text, "crypto");
	check_lacks(text, KEY30);
	check_has(text, 1, "m=audio 30000 RTP/AVP 0 8");
	check_has(text, 1, "a=label:1");
	check_lacks(text, "rtcp-rsize");
	text = must(answer(PHONE_ANSWER));
	check_has(text, 1, "m=audio 20000 RTP/SAVP 0 8 101");
	crypto = strstr(text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	assert_non_null(crypto);
	assert_int_equal(strcspn(crypto, "\r"), strlen("a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
						       "inline:") +
							40);
	assert_int_equal(count_of(text, "a=crypto"), 1);
	check_lacks(text, KEY30);
}

/* The list of the profile goes before the offerer's order; what nobody can is passed over. */
static void sdes_by_preference(void **unused)
{
	struct sdp_profile gcm = {.sdes_count = 2,
				  .sdes = {SDES_AEAD_AES_256_GCM, SDES_AEAD_AES_128_GCM}};
	struct sdp_profile none = {.sdes_count = 1, .sdes = {SDES_AEAD_AES_256_GCM}};
	const char *text;

	must(offer(LINPHONE_SDES_OFFER, &gcm, &avp));
	text = must(answer(PHONE_ANSWER));
	assert_int_equal(count_of(text, "a=crypto:3 AEAD_AES_128_GCM inline:"), 1);
	assert_int_equal(count_of(text, "a=crypto"), 1);
	end(NULL);
	must(offer(LINPHONE_SDES_OFFER, &nothing, &avp));
	assert_int_equal(offer_facts.section[0].rtcp_port, 7090);
	text = must(answer(PHONE_ANSWER));
	assert_int_equal(count_of(text, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"), 1);
	check_has(text, 1, "m=audio 20000 RTP/SAVPF 0 8 101");
	end(NULL);
	check_fault("no suite", offer(LINPHONE_SDES_OFFER, &none, &avp), 7, "a=crypto");
}

static void sdes_offered_by_us(void **unused)
{
	const char *text = must(offer(PHONE_OFFER, &nothing, &savp));
	char first[256];

	check_has(text, 1, "m=audio 30000 RTP/SAVP 0 8 101");
	assert_int_equal(count_of(text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), 1);
	assert_int_equal(count_of(text, "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:"), 1);
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(strstr(text, "a=crypto:2"), "\r"),
		 strstr(text, "a=crypto:2"));
	check_fault("unknown tag", answer(SDES_ANSWER("3", "AES_CM_128_HMAC_SHA1_80")), 7, "tag");
	check_fault("other suite", answer(SDES_ANSWER("1", "AES_CM_128_HMAC_SHA1_32")), 7, "tag");
	check_fault("no key", answer(PHONE_ANSWER), 6, "a=crypto");
	text = must(answer(SDES_ANSWER("2", "AES_CM_128_HMAC_SHA1_32")));
	check_has(text, 1, "m=audio 20000 RTP/AVP 0");
	check_lacks(text, "crypto");
	/* A further offer has what was agreed upon, and the same key. */
	text = must(offer(PHONE_OFFER, NULL, NULL));
	check_has(text, 1, first);
	assert_int_equal(count_of(text, "a=crypto"), 1);
}

/* ---- directions, hold ------------------------------------------------------------------------ */

static void hold(void **unused)
{
	static const struct {
		const char *c, *direction, *want;
	} cases[] = {
		{"10.0.0.2", "", "a=sendrecv"},
		{"10.0.0.2", "a=sendonly\r\n", "a=sendonly"},
		{"10.0.0.2", "a=inactive\r\n", "a=inactive"},
		{"10.0.0.2", "a=recvonly\r\n", "a=recvonly"},
		{"0.0.0.0", "", "a=sendonly"},
		{"0.0.0.0", "a=sendonly\r\n", "a=sendonly"},
		{"0.0.0.0", "a=recvonly\r\n", "a=inactive"},
	};
	char text[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text),
			 "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
			 "m=audio 4000 RTP/AVP 0\r\n%s",
			 cases[i].c, cases[i].direction);
		check_has(must(offer(text, &nothing, &avp)), 1, cases[i].want);
		assert_int_equal(sdp_is_held(&state->section[0], 0, &offer_facts.section[0]),
				 i > 3);
	}
	/* The session's direction is for sections that have none. */
	end(NULL);
	check_has(must(offer("v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\n"
			     "t=0 0\r\na=inactive\r\nm=audio 4000 RTP/AVP 0\r\n",
			     &nothing, &avp)),
		  1, "a=inactive");
}

/* ---- further offers -------------------------------------------------------------------------- */

static void versions(void **unused)
{
	const char *text;

	check_has(must(offer(PHONE_OFFER, &nothing, &avp)), 0,
		  "o=phone 2890844526 2890844526 IN IP4 10.0.0.1");
	check_fault("sections", answer(PHONE_AV_ANSWER), 0, "2 sections, but 1");
	must(answer(PHONE_ANSWER));
	/* The same text: the same version; another one: the next. */
	text = must(offer(PHONE_OFFER, NULL, NULL));
	check_has(text, 0, "o=phone 2890844526 2890844526 IN IP4 10.0.0.1");
	must(answer(PHONE_ANSWER));
	text = must(offer(PHONE_OFFER "a=sendonly\r\n", NULL, NULL));
	check_has(text, 0, "o=phone 2890844526 2890844527 IN IP4 10.0.0.1");
	text = must(answer(PHONE_HEAD("9") "m=audio 4000 RTP/AVP 8\r\n"));
	check_has(text, 0, "o=phone 2890844526 2890844527 IN IP4 192.0.2.1");
	/* By the other party, who has been somebody else to the first one: still the same. */
	text = must(offer_by(1,
			     "v=0\r\no=x 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\n"
			     "t=0 0\r\nm=audio 4100 RTP/AVP 8\r\n",
			     NULL, NULL));
	check_has(text, 0, "o=phone 2890844526 2890844528 IN IP4 192.0.2.1");
}

static void roles_stay(void **unused)
{
	const char *text;

	must(offer(CHROMIUM_AUDIO_OFFER, &nothing, &avp));
	must(answer(PHONE_ANSWER));
	/* The phone begins: the browser is offered actpass and may answer either. */
	text = must(offer_by(1, PHONE_OFFER, NULL, NULL));
	check_has(text, 1, "a=setup:actpass");
	check_has(text, 1, "a=mid:0");
	check_has(text, 0, "a=group:BUNDLE 0");
	must(answer("v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE "
		    "0\r\n" CHROMIUM_ANSWER_SECTION("m=audio 9 UDP/TLS/RTP/SAVPF 0", "0", "")));
	assert_int_equal(state->section[0].side[0].setup, SDP_SETUP_PASSIVE);
	/* The browser begins: the role stays. */
	text = must(offer(CHROMIUM_AUDIO_OFFER, NULL, NULL));
	text = must(answer(PHONE_ANSWER));
	check_has(text, 1, "a=setup:passive");
}

static void active_by_profile(void **unused)
{
	const struct sdp_profile active = {.has_dtls = true, .dtls = SDP_SETUP_ACTIVE};
	struct sdp_profile offered = webrtc;
	const char *text;

	must(offer(CHROMIUM_AUDIO_OFFER, &active, &avp));
	text = must(answer(PHONE_ANSWER));
	check_has(text, 1, "a=setup:active");
	end(NULL);
	offered.has_dtls = true;
	offered.dtls = SDP_SETUP_PASSIVE;
	text = must(offer(PHONE_OFFER, &nothing, &offered));
	check_has(text, 1, "a=setup:passive");
}

static void a_section_more_and_one_less(void **unused)
{
	const char *text;

	must(offer(CHROMIUM_AUDIO_OFFER, &nothing, &avp));
	must(answer(PHONE_ANSWER));
	text = must(offer(CHROMIUM_OFFER, NULL, NULL));
	check_has(text, 2, "m=video 30002 RTP/AVP 96 97 102");
	assert_int_equal(state->section[1].side[0].bundle, 0);
	text = must(answer(PHONE_AV_ANSWER));
	check_has(text, 0, "a=group:BUNDLE 0 1");
	check_fault("fewer", offer(CHROMIUM_AUDIO_OFFER, NULL, NULL), 0,
		    "1 sections, but there have been 2");
	text = must(offer_by(1,
			     PHONE_HEAD("6") "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n",
			     NULL, NULL));
	check_has(text, 0, "a=group:BUNDLE 0");
	check_has(text, 2, "m=video 0 UDP/TLS/RTP/SAVPF 96");
	check_has(text, 2, "a=mid:1");
}

/* ---- fax --------------------------------------------------------------------------------------
 */

static void fax_in_place_of_audio(void **unused)
{
	const char *text;

	must(offer(BARESIP_SDES_OFFER, &nothing, &avp));
	must(answer(PHONE_ANSWER));
	text = must(offer_by(1, T38_OFFER, NULL, NULL));
	check_has(text, 1, "m=image 20000 udptl t38");
	check_has(text, 1, "a=T38FaxUdpEC:t38UDPRedundancy");
	check_has(text, 0, "a=cdsc: 2 image udptl t38");
	check_lacks(text, "crypto");
	check_lacks(text, "a=rtpmap");
	assert_int_equal(state->section[0].kind, SDP_KIND_UDP);
	text = must(answer("v=0\r\no=- 1 2 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\n"
			   "t=0 0\r\n" T38_LINES));
	check_has(text, 1, "m=image 30000 udptl t38");
	check_fault("audio again", answer(PHONE_ANSWER), 6, "not the transport");
	/* And back, with the key there was. */
	text = must(offer(BARESIP_SDES_OFFER, NULL, NULL));
	check_has(text, 1, "m=audio 30000 RTP/AVP 0 8");
	text = must(answer(PHONE_ANSWER));
	assert_int_equal(count_of(text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), 1);
}

/* ---- RTCP --------------------------------------------------------------------------------------
 */

static void rtcp_mux(void **unused)
{
	struct sdp_profile p = avp;
	const char *text;

	p.has_mux = true;
	p.mux = SDP_MUX_OFFER;
	text = must(offer(PHONE_OFFER, &nothing, &p));
	check_has(text, 1, "a=rtcp-mux");
	must(answer(PHONE_ANSWER));
	assert_false(state->section[0].side[1].mux);
	must(offer(PHONE_OFFER, NULL, NULL));
	must(answer(PHONE_ANSWER "a=rtcp-mux\r\n"));
	assert_true(state->section[0].side[1].mux && state->section[0].side[1].apart);
	end(NULL);
	p.mux = SDP_MUX_REQUIRE;
	must(offer(PHONE_OFFER, &nothing, &p));
	check_fault("required", answer(PHONE_ANSWER), 6, "a=rtcp-mux");
	end(NULL);
	check_fault("required", offer(PHONE_OFFER, &p, &avp), 6, "a=rtcp-mux");
	/* Offered to us: taken, unless the profile says otherwise. */
	must(offer(PHONE_OFFER "a=rtcp-mux\r\n", &nothing, &avp));
	check_has(must(answer(PHONE_ANSWER)), 1, "a=rtcp-mux");
	end(NULL);
	p.mux = SDP_MUX_DEMUX;
	must(offer(PHONE_OFFER "a=rtcp-mux\r\n", &p, &avp));
	check_lacks(must(answer(PHONE_ANSWER)), "rtcp-mux");
}

static void feedback(void **unused)
{
	const char *text = must(offer(LINPHONE_SDES_OFFER, &nothing, &avpf));

	check_has(text, 1, "m=audio 30000 RTP/AVPF 96 97 0");
	check_has(text, 1, "a=rtcp-fb:* ccm tmmbr");
	text = must(answer(PHONE_HEAD("1") "m=audio 4000 RTP/AVPF 0\r\na=rtcp-fb:* nack\r\n"));
	check_has(text, 1, "a=rtcp-fb:* nack");
	/* The answer may have less than was offered. */
	must(offer(LINPHONE_SDES_OFFER, NULL, NULL));
	text = must(answer(PHONE_ANSWER "a=rtcp-fb:* nack\r\n"));
	check_lacks(text, "rtcp-fb");
	assert_false(state->section[0].side[1].feedback);
}

/* ---- what is wrong -----------------------------------------------------------------------------
 */

#define SECTION(rest) PHONE_HEAD("1") "m=audio 4000 " rest

static void bad_offers(void **unused)
{
	const struct sdp_profile demux = {.has_transport = true,
					  .transport = SDP_TLS_SAVPF,
					  .has_mux = true,
					  .mux = SDP_MUX_DEMUX};
	static const struct {
		const char *text;
		unsigned int line;
		const char *reason;
	} cases[] = {
		{"v=0\r\n", 2, "o="},
		{SECTION("RTP/AVP 0\r\na=mid:a\r\na=mid:b\r\n"), 8, "a second a=mid"},
		{SECTION("RTP/AVP 0\r\na=sendonly\r\na=recvonly\r\n"), 8, "a second a=recvonly"},
		{SECTION("RTP/AVP 0\r\na=mid:a b\r\n"), 7, "token"},
		{SECTION("RTP/AVP 0\r\na=mid:012345678901234567890123456789012\r\n"), 7, "longer"},
		{SECTION("RTP/AVP 0\r\na=rtcp:x\r\n"), 7, "a=rtcp: a port"},
		{SECTION("RTP/AVP 0\r\na=ice-ufrag:abc\r\n"), 7, "4 to 256"},
		{SECTION("RTP/AVP 0\r\na=ice-ufrag:abcd\r\n"), 6, "no a=ice-pwd"},
		{SECTION("RTP/AVP 0\r\na=ice-pwd:" PWD24 "\r\n"), 6, "no a=ice-ufrag"},
		{SECTION("RTP/AVP 0\r\na=setup:maybe\r\n"), 7, "a=setup"},
		{SECTION("RTP/AVP 0\r\na=fingerprint:sha-256 zz\r\n"), 7, "a=fingerprint"},
		{SECTION("RTP/AVP x\r\n"), 6, "payload type"},
		{SECTION("RTP/AVP 128\r\n"), 6, "payload type"},
		{SECTION("RTP/SAVP 0\r\n"), 6, "RTP/SAVP without a=crypto or a=fingerprint"},
		{SECTION("RTP/SAVP 0\r\na=crypto:x\r\n"), 7, "a=crypto"},
		{SECTION("UDP/TLS/RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30
			 "\r\n"),
		 6, "without a=fingerprint"},
		{SECTION("UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\n"), 6, "a=rtcp-mux"},
		{SECTION("UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\na=rtcp-mux\r\n"
			 "a=setup:holdconn\r\n"),
		 6, "holdconn"},
		{SECTION("RTP/AVP 0\r\nc=IN IP4 phone.example\r\n"), 7, "domain name"},
		{SECTION("RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n"), 7, "multicast"},
		{SECTION("RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n"), 7, "not an address"},
		{SECTION("RTP/AVP 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:" PWD24
			 "\r\na=rtcp-mux\r\na=candidate:1 1 UDP x\r\n"),
		 10, "a=candidate"},
		{PHONE_HEAD("1") "m=audio 4000/2 RTP/AVP 0\r\n", 6, "more than one port"},
		{PHONE_HEAD("1") "a=group:BUNDLE a\r\nm=audio 1 RTP/AVP 0\r\n", 6,
		 "no section has"},
		{PHONE_HEAD("1") "a=group:BUNDLE a a\r\nm=audio 1 RTP/AVP 0\r\na=mid:a\r\n", 6,
		 "already"},
		{SECTION("RTP/AVP 0\r\na=mid:a\r\nm=audio 1 RTP/AVP 0\r\na=mid:a\r\n"), 8,
		 "the a=mid of another"},
		{PHONE_HEAD("1") "m=audio 4000 TCP/MSRP *\r\n", 6, "no section that can be"},
		{PHONE_HEAD("1") "m=audio 0 RTP/AVP 0\r\n", 6, "no section that can be"},
		{PHONE_HEAD("1"), 0, "no section that can be"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check_fault(cases[i].text, offer(cases[i].text, &nothing, &avp), cases[i].line,
			    cases[i].reason);
	check_fault("demux", offer(PHONE_OFFER, &nothing, &demux), 6, "rtcp_mux");
}

static void bad_answers(void **unused)
{
	static const struct {
		const struct sdp_profile *to;
		const char *rest; /* behind "m=audio 9 " */
		unsigned int line;
		const char *reason;
	} cases[] = {
		{&webrtc, "UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\n", 6, "no a=fingerprint"},
		{&webrtc, "UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 AA\r\na=setup:active\r\n",
		 6, "a=rtcp-mux was required"},
		{&webrtc,
		 "UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\na=fingerprint:sha-256 AA\r\n"
		 "a=setup:actpass\r\n",
		 6, "a=setup:actpass in an answer"},
		{&avp, "RTP/SAVP 0\r\n", 6, "SRTP was not offered"},
		{&savp, "RTP/AVP 0\r\n", 6, "a=crypto"},
		{&avp, "udptl t38\r\n", 6, "not the transport"},
		{&avp, "RTP/AVP 0\r\nc=IN IP4 a.example\r\n", 7, "domain name"},
	};
	char text[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		must(offer(PHONE_OFFER, &nothing, cases[i].to));
		snprintf(text, sizeof(text), PHONE_HEAD("1") "m=audio 9 %s", cases[i].rest);
		check_fault(cases[i].rest, answer(text), cases[i].line, cases[i].reason);
		end(NULL);
	}
	/* A bundle that is taken apart by the answer. */
	must(offer(CHROMIUM_OFFER, &nothing, &webrtc));
	check_fault(
		"unbundled",
		answer("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
		       "a=group:BUNDLE 0\r\n" CHROMIUM_ANSWER_SECTION(
			       "m=audio 9 UDP/TLS/RTP/SAVPF 111", "0", "")
			       CHROMIUM_ANSWER_SECTION("m=video 9 UDP/TLS/RTP/SAVPF 96", "1", "")),
		17, "outside of it");
}

/* Sections of one bundle are told apart by payload type: one with none of its own is refused. */
static void payload_types_twice(void **unused)
{
	uint64_t types[2];
	const char *text;

	text = must(offer(
		CHROMIUM_HEAD("a=group:BUNDLE 1 5\r\n") CHROMIUM_VIDEO
		"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102\r\nc=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT(
			"5") "a=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n",
		&nothing, &avp));
	check_has(text, 2, "m=video 0 RTP/AVP 96 97 102");
	assert_false(state->section[1].active);
	end(NULL);
	must(offer(CHROMIUM_HEAD("a=group:BUNDLE 1 5\r\n") CHROMIUM_VIDEO
		   "m=video 9 UDP/TLS/RTP/SAVPF 96 39\r\nc=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT(
			   "5") "a=rtcp-mux\r\na=rtpmap:39 AV1/90000\r\n",
		   &nothing, &avp));
	assert_true(state->section[1].active);
	assert_true(sdp_plan_types(state, 0, &offer_facts, NULL, 1, types));
	assert_true(types[0] == UINT64_C(1) << 39 && types[1] == 0);
}

/* What isn't the transport's comes out byte for byte, in order, however odd. */
static void kept_byte_for_byte(void **unused)
{
	static const char kept[] = "a=x-odd:  two  blanks \r\n"
				   "a=fmtp:0 \xe2\x82\xac;a=b\r\n"
				   "a=rtpmap:0 PCMU/8000\r\n"
				   "a=maxptime:40\r\n"
				   "a=rtcpx:1\r\n"
				   "a=candidates\r\n"
				   "a=ice-x:y\r\n"
				   "a=T38FaxUdpEC:t38UDPFEC\r\n";
	char text[1024];

	snprintf(text, sizeof(text),
		 "v=0\r\no=a 1 1 IN IP4 10.0.0.2\r\ns=\r\ni=info\r\nu=http://a\r\ne=a@b\r\n"
		 "p=+1\r\nc=IN IP4 10.0.0.2\r\nb=AS:64\r\nt=1 2\r\nr=7d 1h 0\r\nz=0 0\r\n"
		 "k=clear:secret\r\na=tool:t\r\nm=audio 4000 RTP/AVP 0\r\ni=title\r\n"
		 "b=TIAS:64000\r\nk=clear:secret\r\na=tcap:1 RTP/SAVP\r\na=pcfg:1 t=1\r\n%s",
		 kept);
	must(offer(text, &nothing, &avp));
	assert_non_null(strstr(out.data, kept));
	assert_non_null(strstr(out.data,
			       "s=\r\ni=info\r\nu=http://a\r\ne=a@b\r\np=+1\r\nb=AS:64\r\n"
			       "t=1 2\r\nr=7d 1h 0\r\nz=0 0\r\na=tool:t\r\nm=audio"));
	assert_non_null(strstr(out.data, "\r\ni=title\r\nc=IN IP4 10.0.0.1\r\nb=TIAS:64000\r\n"));
	check_lacks(out.data, "secret");
	check_lacks(out.data, "tcap");
	check_lacks(out.data, "pcfg");
}

/* Without the lines of static payload types that were added on the way. */
static char *without_rtpmaps(const char *text)
{
	char *copy = calloc(1, strlen(text) + 1);

	while (*text != '\0') {
		size_t line = strcspn(text, "\n") + 1;

		if (strncmp(text, "a=rtpmap:", 9) != 0)
			strncat(copy, text, line);
		text += line;
	}
	return copy;
}

/* Through tandem twice is the same as once: nothing is added that would not be taken out again. */
static void round_trips(void **unused)
{
	static const char *const offers[] = {CHROMIUM_OFFER,      FIREFOX_OFFER, AIORTC_OFFER,
					     GSTREAMER_OFFER,     PHONE_OFFER,   BARESIP_SDES_OFFER,
					     LINPHONE_SDES_OFFER, T38_OFFER,     DTLS_PHONE_OFFER};
	static const struct sdp_profile *const profiles[] = {&nothing, &avp,      &avpf,
							     &savp,    &tls_savp, &webrtc};
	char *direct, *once, *twice;

	for (size_t i = 0; i < COUNT(offers); i++)
		for (size_t k = 0; k < COUNT(profiles); k++) {
			direct = without_rtpmaps(must(offer(offers[i], &nothing, &avp)));
			end(NULL);
			begin(NULL);
			once = strdup(must(offer(offers[i], &nothing, profiles[k])));
			end(NULL);
			begin(NULL);
			twice = without_rtpmaps(must(offer(once, &nothing, &avp)));
			same_text(offers[i], twice, direct);
			free(direct);
			free(once);
			free(twice);
			end(NULL);
			begin(NULL);
		}
}

static double since_us(const struct timespec *from)
{
	struct timespec to;

	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from->tv_sec) * 1e6 +
	       (double)(to.tv_nsec - from->tv_nsec) / 1e3;
}

/* Lines up to 64 KiB, of the session's level and of a section, before 32 sections in one group. */
static char *big_text(const char *line)
{
	char *text = calloc(1, SDP_TEXT_MAX + 1);
	size_t len =
		(size_t)sprintf(text, "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=group:BUNDLE"
				      " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21"
				      " 22 23 24 25 26 27 28 29 30 31\n");
	size_t room = SDP_TEXT_MAX - len - 32 * 200;

	for (size_t n = 0; n + strlen(line) < room; n += strlen(line))
		len += (size_t)sprintf(text + len, "%s", line);
	for (int i = 0; i < 32; i++)
		len += (size_t)sprintf(
			text + len,
			"m=audio 9 UDP/TLS/RTP/SAVPF %d\nc=IN IP4 0.0.0.0\na=mid:%d\n"
			"a=ice-ufrag:abcd\na=ice-pwd:" PWD24
			"\na=fingerprint:sha-256 AA:BB\na=rtcp-mux\n",
			i + 1, i);
	return text;
}

static void big_and_fast(void **unused)
{
	static const char *const lines[] = {"a=x\n", "a=rtcp-fb:96 nack pli\r\n", "a=group:LS\n",
					    "a=ice-options:x\n"};
	struct timespec from;
	double us;

	for (size_t i = 0; i < COUNT(lines); i++) {
		char *text = big_text(lines[i]);

		clock_gettime(CLOCK_MONOTONIC, &from);
		must(offer(text, &nothing, &webrtc));
		assert_true(strlen(text) > 59000 && state->count == 32);
		print_message("%zu bytes: %.0f us\n", strlen(text), since_us(&from));
		free(text);
		end(NULL);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 100; i++) {
		must(offer(CHROMIUM_OFFER, &nothing, &avp));
		must(answer(PHONE_AV_ANSWER));
		end(NULL);
	}
	us = since_us(&from) / 100;
	print_message("an offer and its answer: %.0f us\n", us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chromium_to_phone, begin, end),
		cmocka_unit_test_setup_teardown(phone_to_chromium, begin, end),
		cmocka_unit_test_setup_teardown(chromium_to_chromium, begin, end),
		cmocka_unit_test_setup_teardown(firefox_to_phone, begin, end),
		cmocka_unit_test_setup_teardown(refused_sections, begin, end),
		cmocka_unit_test_setup_teardown(aiortc_and_dtls_phone, begin, end),
		cmocka_unit_test_setup_teardown(pion_answers, begin, end),
		cmocka_unit_test_setup_teardown(gstreamer_without_bundle, begin, end),
		cmocka_unit_test_setup_teardown(profile_without_bundle, begin, end),
		cmocka_unit_test_setup_teardown(sdes_offered_to_us, begin, end),
		cmocka_unit_test_setup_teardown(sdes_by_preference, begin, end),
		cmocka_unit_test_setup_teardown(sdes_offered_by_us, begin, end),
		cmocka_unit_test_setup_teardown(hold, begin, end),
		cmocka_unit_test_setup_teardown(versions, begin, end),
		cmocka_unit_test_setup_teardown(roles_stay, begin, end),
		cmocka_unit_test_setup_teardown(active_by_profile, begin, end),
		cmocka_unit_test_setup_teardown(a_section_more_and_one_less, begin, end),
		cmocka_unit_test_setup_teardown(fax_in_place_of_audio, begin, end),
		cmocka_unit_test_setup_teardown(rtcp_mux, begin, end),
		cmocka_unit_test_setup_teardown(feedback, begin, end),
		cmocka_unit_test_setup_teardown(bad_offers, begin, end),
		cmocka_unit_test_setup_teardown(bad_answers, begin, end),
		cmocka_unit_test_setup_teardown(payload_types_twice, begin, end),
		cmocka_unit_test_setup_teardown(kept_byte_for_byte, begin, end),
		cmocka_unit_test_setup_teardown(round_trips, begin, end),
		cmocka_unit_test_setup_teardown(big_and_fast, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
