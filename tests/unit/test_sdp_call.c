/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls by SDP over sessions: what becomes of legs, and of what fails half way. */
#include "check.h"

#include "call.h"
#include "call_host.h"
#include "sdp_call.h"
#include "sdp_samples.h"

#define LAN4 0
#define WAN6 1
#define WAN4 2

static struct host *h;
static struct sessions *s;
static struct sdp_calls *calls;
static struct tnd_buf text;
static struct sdp_result result;
static struct session_error err;

static const struct sdp_profile lan = {.has_transport = true,
				       .transport = SDP_AVP,
				       .has_address = true,
				       .address = LAN4,
				       .dscp = SESSION_DSCP_KEEP};
static const struct sdp_profile lan_savp = {.has_transport = true,
					    .transport = SDP_SAVP,
					    .has_address = true,
					    .address = LAN4,
					    .dscp = SESSION_DSCP_KEEP};
static const struct sdp_profile wan = {
	.has_address = true, .address = WAN4, .dscp = SESSION_DSCP_KEEP};
static const struct sdp_profile wan_webrtc = {.has_transport = true,
					      .transport = SDP_TLS_SAVPF,
					      .has_address = true,
					      .address = WAN4,
					      .dscp = SESSION_DSCP_KEEP};

static int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	if (sessions_create(&s, h) != 0)
		return -1;
	return sdp_calls_create(&calls, h, s);
}

static void pass_time(void)
{
	for (int i = 0; i < 3; i++)
		test_turn(h, 1);
}

/* Whatever is left ends, and nothing is held any more. */
static int tear_down(void **state)
{
	uint32_t cursor = 0, budget = TEST_SESSIONS;
	struct sessions_stats st;
	struct session_info info;

	while (session_next(s, &cursor, &budget, &info) && info.id != NULL)
		session_delete(s, info.id, NULL, NULL, &err);
	pass_time();
	sessions_stats(s, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.secured, 0);
	assert_int_equal(test_neigh_refs, 0);
	assert_int_equal(sessions_ports_free(s, LAN4), 16);
	sdp_calls_free(calls);
	sessions_free(s);
	test_host_free(h);
	tnd_buf_free(&text);
	return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static enum session_fault try_offer(unsigned int by, const char *sdp,
				    const struct sdp_profile *from, const struct sdp_profile *to)
{
	const struct sdp_offer o = {.id = "c",
				    .sdp = sdp,
				    .len = strlen(sdp),
				    .by = by,
				    .from = from,
				    .to = to,
				    .idle_timeout_s = 60};

	tnd_buf_reset(&text);
	return sdp_call_offer(calls, &o, &text, &result, &err);
}

static enum session_fault try_answer(const char *sdp)
{
	tnd_buf_reset(&text);
	return sdp_call_answer(calls, "c", sdp, strlen(sdp), &text, &result, &err);
}

static const char *offer(unsigned int by, const char *sdp, const struct sdp_profile *from,
			 const struct sdp_profile *to)
{
	if (try_offer(by, sdp, from, to) != SESSION_OK)
		fail_msg("offer: %s: %s", err.path, err.reason);
	return text.data;
}

static const char *answer(const char *sdp)
{
	if (try_answer(sdp) != SESSION_OK)
		fail_msg("answer: %s: %s", err.path, err.reason);
	return text.data;
}

static void check_fault(enum session_fault got, enum session_fault want, const char *path,
			const char *reason)
{
	if (got != want || strcmp(err.path, path) != 0 || strstr(err.reason, reason) == NULL)
		print_error("%d %s: %s\n", got, err.path, err.reason);
	assert_int_equal(got, want);
	assert_string_equal(err.path, path);
	assert_non_null(strstr(err.reason, reason));
}

/* ---- looking --------------------------------------------------------------------------------- */

static const struct leg *leg(const char *id, unsigned int i)
{
	const struct session *se = table_find(s, id);

	if (se == NULL)
		fail_msg("no session %s", id);
	return &se->leg[i];
}

static bool exists(const char *id)
{
	return table_find(s, id) != NULL;
}

static bool has(const char *sdp, const char *part)
{
	return strstr(sdp, part) != NULL;
}

static void check_remote(const char *id, unsigned int i, const char *ip, uint16_t port)
{
	const struct leg *l = leg(id, i);
	char got[WIRE_IP_STRLEN];

	assert_true(l->flags & LEG_REMOTE);
	assert_string_equal(wire_ip_format(&l->remote, got), ip);
	assert_int_equal(l->remote_port, port);
}

/* The value of "m=KIND PORT " as tandem has written it. */
static uint16_t port_of(const char *sdp, const char *kind)
{
	char line[32];
	const char *at;

	snprintf(line, sizeof(line), "m=%s ", kind);
	at = strstr(sdp, line);
	assert_non_null(at);
	return (uint16_t)atoi(at + strlen(line));
}

/* ---- phones ---------------------------------------------------------------------------------- */

static void phone_to_phone(void **state)
{
	const char *sdp = offer(0, PHONE_OFFER, &wan, &lan);

	/* 192.0.2.1 is advertised as another address. */
	assert_true(has(sdp, "c=IN IP4 10.0.0.1\r\n"));
	assert_int_equal(port_of(sdp, "audio"), leg("c", 1)->port);
	check_remote("c", 0, "10.0.0.2", 4000);
	assert_false(leg("c", 1)->flags & LEG_REMOTE);
	assert_int_equal(result.count, 1);
	assert_string_equal(result.section[0].session, "c");
	sdp = answer("v=0\r\no=- 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\nt=0 0\r\n"
		     "m=audio 5000 RTP/AVP 0\r\na=rtcp:5077\r\n");
	assert_true(has(sdp, "c=IN IP4 203.0.113.1\r\n"));
	assert_int_equal(port_of(sdp, "audio"), leg("c", 0)->port);
	check_remote("c", 1, "10.0.0.3", 5000);
	assert_int_equal(leg("c", 1)->remote_rtcp_port, 5077);
	assert_int_equal(session_delete(s, "c", NULL, NULL, &err), SESSION_OK);
	check_fault(try_answer(PHONE_ANSWER), SESSION_NOT_FOUND, "/id", "no call");
	pass_time();
}

static void hold_by_address(void **state)
{
	const char *held = "v=0\r\no=phone 2890844526 2 IN IP4 10.0.0.2\r\ns=-\r\n"
			   "c=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

	offer(0, PHONE_OFFER, &lan, &lan);
	answer(PHONE_ANSWER);
	assert_true(has(offer(0, held, NULL, NULL), "a=sendonly"));
	/* Until it is answered, nothing changes. */
	assert_false(leg("c", 0)->flags & LEG_HOLD);
	answer(PHONE_ANSWER "a=recvonly\r\n");
	assert_true(leg("c", 0)->flags & LEG_HOLD);
	assert_false(leg("c", 1)->flags & LEG_HOLD);
	check_remote("c", 0, "10.0.0.2", 4000);
	/* By direction alone: not on hold. */
	offer(0, PHONE_OFFER "a=inactive\r\n", NULL, NULL);
	answer(PHONE_ANSWER "a=inactive\r\n");
	assert_false(leg("c", 0)->flags & LEG_HOLD);
}

static void far_ends_move(void **state)
{
	offer(0, PHONE_OFFER, &lan, &lan);
	answer(PHONE_ANSWER);
	/* By the second party. */
	offer(1,
	      "v=0\r\no=- 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
	      "m=audio 6000 RTP/AVP 0\r\n",
	      NULL, NULL);
	check_remote("c", 1, "10.0.0.2", 4000);
	answer(PHONE_ANSWER);
	check_remote("c", 1, "10.0.0.9", 6000);
	check_remote("c", 0, "10.0.0.2", 4000);
}

static void glare_and_refusal(void **state)
{
	check_fault(try_offer(1, PHONE_OFFER, &lan, &lan), SESSION_BAD_PARAMS, "/by", "first");
	offer(0, PHONE_OFFER, &lan, &lan);
	check_fault(try_offer(1, PHONE_OFFER, NULL, NULL), SESSION_WRONG_STATE, "/by",
		    "not been answered");
	/* The same again is a repetition: the same ports. */
	assert_int_equal(port_of(offer(0, PHONE_OFFER, NULL, NULL), "audio"), leg("c", 1)->port);
	answer(PHONE_ANSWER);
	check_fault((enum session_fault)sdp_call_refuse(calls, "c", &err), SESSION_WRONG_STATE,
		    "/id", "no offer");
	offer(1, PHONE_HEAD("7") "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n", NULL,
	      NULL);
	assert_true(exists("c/1"));
	check_fault(try_offer(0, PHONE_OFFER, NULL, NULL), SESSION_WRONG_STATE, "/by",
		    "not been answered");
	assert_int_equal(sdp_call_refuse(calls, "c", &err), SESSION_OK);
	assert_false(exists("c/1"));
	assert_true(exists("c"));
	check_fault(try_answer(PHONE_ANSWER), SESSION_WRONG_STATE, "/id", "no offer");
	offer(0, PHONE_OFFER, NULL, NULL);
	answer(PHONE_ANSWER);
	/* A first offer that is refused ends the call. */
	session_delete(s, "c", NULL, NULL, &err);
	pass_time();
	offer(0, PHONE_OFFER, &lan, &lan);
	assert_int_equal(sdp_call_refuse(calls, "c", &err), SESSION_OK);
	assert_false(exists("c"));
	check_fault((enum session_fault)sdp_call_refuse(calls, "c", &err), SESSION_NOT_FOUND, "/id",
		    "no call");
	pass_time();
}

/* 183 and 200, or two branches of a fork. */
static void a_further_answer(void **state)
{
	offer(0, PHONE_OFFER, &lan, &lan);
	answer("v=0\r\no=- 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\nt=0 0\r\n"
	       "m=audio 5000 RTP/AVP 0\r\n");
	check_remote("c", 1, "10.0.0.3", 5000);
	answer("v=0\r\no=- 9 1 IN IP4 10.0.0.4\r\ns=-\r\nc=IN IP4 10.0.0.4\r\nt=0 0\r\n"
	       "m=audio 5002 RTP/AVP 0\r\n");
	check_remote("c", 1, "10.0.0.4", 5002);
}

static void ids(void **state)
{
	char long_id[SESSION_ID_MAX + 1];
	struct sdp_offer o = {.id = long_id, .sdp = PHONE_OFFER, .len = strlen(PHONE_OFFER)};
	const struct session_params other = {.id = "c", .leg = {{.address = 0}, {.address = 0}}};
	struct session_answer a;

	memset(long_id, 'x', sizeof(long_id));
	long_id[122] = '\0';
	o.from = o.to = &lan;
	check_fault(sdp_call_offer(calls, &o, &text, &result, &err), SESSION_BAD_PARAMS, "/id",
		    "at most");
	long_id[121] = '\0';
	tnd_buf_reset(&text);
	assert_int_equal(sdp_call_offer(calls, &o, &text, &result, &err), SESSION_OK);
	/* An id that is taken by other means. */
	assert_int_equal(session_create(s, &other, &a, &err), SESSION_OK);
	check_fault(try_offer(0, PHONE_OFFER, &lan, &lan), SESSION_CONFLICT, "/id", "");
	assert_true(exists("c"));
}

/* ---- several sections ------------------------------------------------------------------------ */

#define AV_OFFER                                                                                   \
	PHONE_HEAD("1")                                                                            \
	"m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"

static void undone_whole(void **state)
{
	/* The last section can't be routed. */
	const char *bad = AV_OFFER "m=video 4004 RTP/AVP 96\r\nc=IN IP6 2001:db8::9\r\n";
	struct sessions_stats before, after;

	sessions_stats(s, &before);
	check_fault(try_offer(0, bad, &lan, &lan), SESSION_BAD_PARAMS, "/sdp", "line 10");
	assert_false(exists("c") || exists("c/1"));
	pass_time();
	sessions_stats(s, &after);
	assert_int_equal(before.plans_free, after.plans_free);
	assert_int_equal(sessions_ports_free(s, LAN4), 16);
	/* The same of a further offer: what was there stays. */
	offer(0, AV_OFFER, &lan, &lan);
	answer(PHONE_AV_ANSWER);
	check_fault(try_offer(0, bad, NULL, NULL), SESSION_BAD_PARAMS, "/sdp", "line 10");
	assert_true(exists("c") && exists("c/1") && !exists("c/2"));
	check_fault(try_answer("v=0\r\n"), SESSION_BAD_PARAMS, "/sdp", "line 2: o=");
	offer(0, AV_OFFER, NULL, NULL);
	answer(PHONE_AV_ANSWER);
	check_remote("c/1", 1, "10.0.0.2", 4002);
	assert_int_equal(leg("c/1", 1)->remote_rtcp_port, 4010);
}

/* The second section's far end has no route: the first one's is as before. */
static void answer_undone(void **state)
{
	offer(0, AV_OFFER, &lan, &lan);
	answer(PHONE_AV_ANSWER);
	offer(0, AV_OFFER, NULL, NULL);
	check_fault(
		try_answer("v=0\r\no=- 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\nt=0 0\r\n"
			   "m=audio 5000 RTP/AVP 0\r\nm=video 5002 RTP/AVP 96\r\n"
			   "c=IN IP6 2001:db8::9\r\n"),
		SESSION_BAD_PARAMS, "/sdp", "line 8");
	check_remote("c", 1, "10.0.0.2", 4000);
	check_remote("c/1", 1, "10.0.0.2", 4002);
	/* It can still be answered. */
	answer(PHONE_AV_ANSWER);
}

static void sections_off_and_on(void **state)
{
	const char *off = PHONE_HEAD("2") "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n";

	offer(0, AV_OFFER, &lan, &lan);
	answer(off);
	assert_false(exists("c/1"));
	assert_false(result.section[1].active);
	assert_string_equal(result.section[1].session, "");
	offer(0, AV_OFFER, NULL, NULL);
	assert_string_equal(result.section[1].session, "c/1");
	answer(PHONE_AV_ANSWER);
	assert_true(exists("c/1"));
	/* Without the first one the call's own session is kept, on hold. */
	offer(0, PHONE_HEAD("3") "m=audio 0 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n", NULL, NULL);
	answer(PHONE_HEAD("3") "m=audio 0 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n");
	assert_true(exists("c") && exists("c/1"));
	assert_true(leg("c", 0)->flags & LEG_HOLD && leg("c", 1)->flags & LEG_HOLD);
	offer(0, AV_OFFER, NULL, NULL);
	answer(PHONE_AV_ANSWER);
	assert_false(leg("c", 0)->flags & LEG_HOLD || leg("c", 1)->flags & LEG_HOLD);
	/* One that somebody has deleted comes again with the next offer. */
	assert_int_equal(session_delete(s, "c/1", NULL, NULL, &err), SESSION_OK);
	assert_true(exists("c"));
	pass_time();
	offer(0, AV_OFFER, NULL, NULL);
	assert_true(exists("c/1"));
	session_delete(s, "c", NULL, NULL, &err);
	assert_false(exists("c") || exists("c/1"));
	pass_time();
	assert_int_equal(sessions_ports_free(s, LAN4), 16);
}

static void fax(void **state)
{
	const char *sdp;

	offer(0, PHONE_OFFER, &lan, &lan);
	answer(PHONE_ANSWER);
	sdp = offer(1, T38_OFFER, NULL, NULL);
	assert_string_equal(result.section[0].session, "c/0-udp");
	assert_int_equal(port_of(sdp, "image"), leg("c/0-udp", 0)->port);
	assert_false(leg("c", 0)->flags & LEG_HOLD);
	answer(PHONE_HEAD("4") T38_LINES);
	check_remote("c/0-udp", 0, "10.0.0.2", 4500);
	assert_true(leg("c/0-udp", 0)->flags & LEG_UDP);
	assert_true(leg("c", 0)->flags & LEG_HOLD);
	/* And back: the session of audio goes on, that of fax ends. */
	sdp = offer(0, PHONE_OFFER, NULL, NULL);
	assert_int_equal(port_of(sdp, "audio"), leg("c", 1)->port);
	answer(PHONE_ANSWER);
	assert_false(exists("c/0-udp"));
	assert_false(leg("c", 0)->flags & LEG_HOLD);
	/* Refused: audio as if nothing had been. */
	offer(1, T38_OFFER, NULL, NULL);
	assert_true(exists("c/0-udp"));
	assert_int_equal(sdp_call_refuse(calls, "c", &err), SESSION_OK);
	assert_false(exists("c/0-udp"));
	offer(1, PHONE_OFFER, NULL, NULL);
	assert_string_equal(result.section[0].session, "c");
}

/* One section silent, another one not: the call lives; all silent: it ends whole. */
static void idle_as_a_whole(void **state)
{
	struct flow_leg_rt *rt;

	offer(0, AV_OFFER, &lan, &lan);
	answer(PHONE_AV_ANSWER);
	rt = &h->tables->leg[SESSION_LEGS * session_index(s, table_find(s, "c/1"))];
	for (int i = 0; i < 100; i++) {
		test_turn(h, 1000);
		rt[0].rtp.rx_packets++;
		rt[0].rtp.last_seen = flow_tick(h->loop.now_tsc);
	}
	assert_true(exists("c") && exists("c/1"));
	for (int i = 0; i < 62; i++)
		test_turn(h, 1000);
	assert_false(exists("c") || exists("c/1"));
	pass_time();
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static void sdes(void **state)
{
	const struct flow_secure *fs;
	const char *sdp;
	char local[SDES_STRLEN];
	struct sdes key;
	const char *why;

	offer(0, BARESIP_SDES_OFFER, &lan, &lan_savp);
	fs = &h->tables->secure[SESSION_LEGS * session_index(s, table_find(s, "c"))];
	assert_non_null(fs[0].rx);
	assert_non_null(fs[0].tx);
	assert_null(fs[1].rx);
	sdp = answer(SDES_ANSWER("2", "AES_CM_128_HMAC_SHA1_32"));
	assert_non_null(fs[1].rx);
	assert_int_equal(srtp_keys_profile(fs[1].rx), SRTP_AES_CM_128_HMAC_SHA1_32);
	assert_int_equal(srtp_keys_profile(fs[1].tx), SRTP_AES_CM_128_HMAC_SHA1_32);
	assert_int_equal(srtp_keys_profile(fs[0].tx), SRTP_AES_CM_128_HMAC_SHA1_80);
	/* What the far end is told is what is used. */
	snprintf(local, sizeof(local), "%.*s", (int)strcspn(strstr(sdp, "a=crypto:") + 9, "\r"),
		 strstr(sdp, "a=crypto:") + 9);
	assert_int_equal(sdes_parse(local, strlen(local), &key, &why), 0);
	assert_int_equal(key.tag, 1);
	/* The same offer again changes no key. */
	offer(0, BARESIP_SDES_OFFER, NULL, NULL);
	sdp = answer(SDES_ANSWER("2", "AES_CM_128_HMAC_SHA1_32"));
	assert_true(has(sdp, local));
	assert_int_equal(s->rekeyed, 1); /* the suite of leg 1, by the first answer */
	/* In clear, by a further offer: never without the far end saying so. */
	offer(0, PHONE_OFFER, NULL, NULL);
	answer(SDES_ANSWER("2", "AES_CM_128_HMAC_SHA1_32"));
	assert_false(leg("c", 0)->flags & LEG_SRTP);
	assert_true(leg("c", 1)->flags & LEG_SRTP);
}

/* ---- browsers ---------------------------------------------------------------------------------
 */

static void browser_to_phone(void **state)
{
	const char *sdp = offer(0, CHROMIUM_OFFER, &wan, &lan);

	assert_true(exists("c") && exists("c/1"));
	assert_true(leg("c", 0)->flags & LEG_ICE && leg("c", 0)->flags & LEG_DTLS);
	assert_true(leg("c/1", 0)->flags & LEG_BUNDLED);
	assert_true(leg("c", 0)->flags & LEG_BUNDLE);
	assert_true(leg("c", 1)->flags & LEG_NO_FEEDBACK);
	assert_int_equal(leg("c", 0)->rtcp, LEG_RTCP_MUX);
	assert_int_equal(leg("c", 1)->rtcp, LEG_RTCP_NEXT);
	assert_int_not_equal(port_of(sdp, "audio"), port_of(sdp, "video"));
	sdp = answer(PHONE_AV_ANSWER);
	assert_int_equal(port_of(sdp, "audio"), leg("c", 0)->port);
	assert_int_equal(port_of(sdp, "video"), leg("c", 0)->port);
	assert_true(has(sdp, "a=ice-lite\r\n"));
	assert_true(has(sdp, "c=IN IP4 203.0.113.1\r\n"));
	assert_true(has(sdp, "a=candidate:"));
	assert_true(has(sdp, " 203.0.113.1 "));
	assert_true(has(sdp, "a=fingerprint:sha-256 "));
	assert_true(has(sdp, "a=setup:passive\r\n"));
	check_remote("c/1", 1, "10.0.0.2", 4002);
	session_delete(s, "c", NULL, NULL, &err);
	assert_false(exists("c/1"));
	pass_time();
}

static void line_of(const char *sdp, const char *name, char out[256])
{
	const char *at = strstr(sdp, name);

	assert_non_null(at);
	snprintf(out, 256, "%.*s", (int)strcspn(at, "\r"), at);
}

static void restart(void **state)
{
	static const char again[] = CHROMIUM_HEAD(
		"a=group:BUNDLE 0\r\n") "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\n"
					"a=ice-ufrag:newU\r\na=ice-pwd:newPassword0123456789ab\r\n"
					"a=fingerprint:sha-256 " FP32
					"\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\n";
	char before[256], after[256], fp[256], fp2[256];
	const char *sdp;

	offer(0, CHROMIUM_AUDIO_OFFER, &wan, &lan);
	sdp = answer(PHONE_ANSWER);
	line_of(sdp, "a=ice-ufrag:", before);
	line_of(sdp, "a=fingerprint:", fp);
	/* The same credentials: the same of ours. */
	offer(0, CHROMIUM_AUDIO_OFFER, NULL, NULL);
	line_of(answer(PHONE_ANSWER), "a=ice-ufrag:", after);
	assert_string_equal(before, after);
	/* Others: a restart. */
	offer(0, again, NULL, NULL);
	sdp = answer(PHONE_ANSWER);
	line_of(sdp, "a=ice-ufrag:", after);
	line_of(sdp, "a=fingerprint:", fp2);
	assert_string_not_equal(before, after);
	assert_string_equal(fp, fp2);
}

/* Both legs bundled on both sides; each role of ICE and DTLS. */
static void browser_to_browser(void **state)
{
	struct sdp_profile full = wan_webrtc;
	const char *sdp;

	full.has_ice = true;
	full.ice = SDP_ICE_FULL;
	sdp = offer(0, CHROMIUM_OFFER, &wan, &full);
	assert_false(has(sdp, "a=ice-lite"));
	assert_true(has(sdp, "a=setup:actpass"));
	assert_int_equal(port_of(sdp, "video"), leg("c", 1)->port);
	assert_true(leg("c/1", 0)->flags & LEG_BUNDLED && leg("c/1", 1)->flags & LEG_BUNDLED);
	sdp = answer(CHROMIUM_ANSWER);
	assert_true(has(sdp, "a=ice-lite"));
	assert_int_equal(port_of(sdp, "video"), leg("c", 0)->port);
	assert_false((leg("c", 0)->flags | leg("c", 1)->flags) & LEG_NO_FEEDBACK);
	/* Video first off, then audio: the transport stays with the call's own session. */
	offer(0,
	      CHROMIUM_HEAD(
		      "a=group:BUNDLE 1\r\n") "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"
					      "c=IN IP4 0.0.0.0\r\na=mid:0\r\n" CHROMIUM_VIDEO,
	      NULL, NULL);
	sdp = answer("v=0\r\no=- 1 3 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 1\r\n"
		     "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 "
		     "0.0.0.0\r\na=mid:0\r\n" CHROMIUM_ANSWER_SECTION(
			     "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "1", ""));
	assert_true(has(sdp, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"));
	assert_int_equal(port_of(sdp, "video"), leg("c", 0)->port);
	assert_true(has(sdp, "a=group:BUNDLE 1\r\n"));
	assert_true(exists("c") && exists("c/1"));
	session_delete(s, "c", NULL, NULL, &err);
	pass_time();
}

static void phone_to_browser_without_ice(void **state)
{
	offer(0, PHONE_OFFER, &lan, &wan_webrtc);
	assert_true(leg("c", 1)->flags & LEG_ICE);
	answer("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
	       "m=audio 7000 UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\na=setup:active\r\n"
	       "a=fingerprint:sha-256 " FP32 "\r\na=mid:0\r\n");
	assert_false(leg("c", 1)->flags & LEG_ICE);
	check_remote("c", 1, "192.0.2.9", 7000);
}

static void families(void **state)
{
	const struct sdp_profile wan6 = {
		.has_address = true, .address = WAN6, .dscp = SESSION_DSCP_KEEP};

	/* By the offer's own family, where no address is named. */
	offer(0,
	      "v=0\r\no=- 1 1 IN IP6 2001:db8::7\r\ns=-\r\nc=IN IP6 2001:db8::7\r\nt=0 0\r\n"
	      "m=audio 4000 RTP/AVP 0\r\n",
	      NULL, &lan);
	assert_int_equal(leg("c", 0)->address, WAN6);
	assert_true(has(answer(PHONE_ANSWER), "c=IN IP6 2001:db8::1\r\n"));
	session_delete(s, "c", NULL, NULL, &err);
	pass_time();
	check_fault(try_offer(0, PHONE_OFFER, &wan6, &lan), SESSION_BAD_PARAMS, "/sdp",
		    "line 4: address wan6 is IPv6");
}

static void limits(void **state)
{
	char id[8];
	struct sdp_offer o = {.id = id, .sdp = PHONE_OFFER, .len = strlen(PHONE_OFFER)};
	enum session_fault f = SESSION_OK;
	unsigned int n;

	o.from = o.to = &lan;
	for (n = 0; f == SESSION_OK; n++) {
		snprintf(id, sizeof(id), "n%u", n);
		tnd_buf_reset(&text);
		f = sdp_call_offer(calls, &o, &text, &result, &err);
	}
	assert_int_equal(n, 9);
	check_fault(f, SESSION_NO_PORTS, "/from/address", "no free port pair");
	sessions_set_draining(s, true);
	assert_int_equal(session_delete(s, "n0", NULL, NULL, &err), SESSION_OK);
	pass_time();
	check_fault(try_offer(0, PHONE_OFFER, &lan, &lan), SESSION_WRONG_STATE, "", "draining");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(phone_to_phone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hold_by_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_ends_move, set_up, tear_down),
		cmocka_unit_test_setup_teardown(glare_and_refusal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_further_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ids, set_up, tear_down),
		cmocka_unit_test_setup_teardown(undone_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answer_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sections_off_and_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fax, set_up, tear_down),
		cmocka_unit_test_setup_teardown(idle_as_a_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sdes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(browser_to_phone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(browser_to_browser, set_up, tear_down),
		cmocka_unit_test_setup_teardown(phone_to_browser_without_ice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(families, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
