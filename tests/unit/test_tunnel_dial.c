/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels that are agreed upon: offers and answers of both sides, good, bad and damaged. */
#include "tunnels_bed.h"

#include <errno.h>

static const struct leg_transport *transport(const char *id)
{
	return transport_of(s, &s->table[index_of(id)], 0);
}

static void keys_cross(void)
{
	const struct flow_secure *c = secure_of("c"), *v = secure_of("v");

	assert_non_null(c->rx);
	assert_non_null(v->rx);
	assert_true(srtp_keys_equal(c->tx, v->rx));
	assert_true(srtp_keys_equal(c->rx, v->tx));
	assert_false(srtp_keys_equal(c->tx, c->rx));
}

/* Client "c" calls server "v": offer, answer with network information. */
static void dial(enum tunnel_form form, enum leg_security_type security)
{
	struct tunnel_offer o = offer("c", TUNNEL_CLIENT, form, security);
	struct tunnel_result mine = must_offer(&o), theirs;
	struct tunnel_answer a = {.id = "c", .remote_form = form};
	struct session_error err;
	struct ice_info info;

	o = offer("v", TUNNEL_SERVER, form, security);
	o.has_security = false;
	o.p.user = "ann";
	o.remote = mine.text.data;
	theirs = must_offer(&o);
	assert_true(theirs.has_info);
	assert_int_equal(theirs.info.route_count, 0);
	a.remote = theirs.text.data;
	a.info = &theirs.info;
	tunnel_result_free(&mine);
	assert_string_equal(route_to("8.8.8.8"), "");
	if (tunnel_answer(t, &a, &mine, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	assert_int_equal(tunnel_answer(t, &a, &mine, &err), SESSION_WRONG_STATE);
	tunnel_result_free(&theirs);
	expect("network c 1\n");
	assert_string_equal(route_to("8.8.8.8"), "c");
	assert_string_equal(route_to("10.9.0.2"), "v");
	ice_get_info(transport("c")->ice, &info);
	assert_int_equal(info.mode, ICE_FULL);
	assert_true(info.has_remote && info.remote_lite && info.remotes > 0);
	ice_get_info(transport("v")->ice, &info);
	assert_int_equal(info.mode, ICE_LITE);
	assert_true(info.has_remote && info.remotes > 0);
	if (security == LEG_SECURITY_SDES) {
		keys_cross();
		return;
	}
	assert_int_equal(transport("c")->kept.fingerprint_count, 1);
	assert_int_equal(transport("v")->kept.fingerprint_count, 1);
	assert_int_equal(transport("c")->kept.setup, DTLS_ACTIVE);
	assert_int_equal(transport("v")->kept.setup, DTLS_PASSIVE);
	assert_int_equal(s->table[index_of("v")].leg[0].latch, LEG_LATCH_FOLLOW);
}

static void dialled(void **state)
{
	add_user("ann", "10.9.0.2/32");
	for (unsigned int form = TUNNEL_SDP; form <= TUNNEL_JSON; form++) {
		for (unsigned int i = 0; i < 2; i++) {
			dial((enum tunnel_form)form,
			     i == 0 ? LEG_SECURITY_DTLS : LEG_SECURITY_SDES);
			must_delete("c");
			expect("down c deleted\nnetwork c 99\n");
			must_delete("v");
			all_is_free();
		}
	}
}

/* Answers that are none leave an offer as it was; the right one still comes through. */
static void bad_answers(void **state)
{
	static const char *const bad[] = {
		"",
		"v=0\r\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 RTP/SAVP 0\r\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n",
		/* No fingerprint; then one that is none; then both sides passive. */
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 UDP/TLS/RTP/SAVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n"
		"a=setup:active\r\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 UDP/TLS/RTP/SAVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n"
		"a=setup:active\r\na=fingerprint:sha-256 AA:BB\r\n",
	};
	struct tunnel_offer o = offer("c", TUNNEL_CLIENT, TUNNEL_SDP, LEG_SECURITY_DTLS);
	struct tunnel_result r = must_offer(&o);
	struct tunnel_answer a = {.id = "c", .remote_form = TUNNEL_SDP};
	uint32_t generation = s->table[index_of("c")].generation;
	struct session_error err;

	tunnel_result_free(&r);
	for (unsigned int i = 0; i < COUNT(bad); i++) {
		a.remote = bad[i];
		err.path[0] = '\0';
		if (tunnel_answer(t, &a, &r, &err) == SESSION_OK)
			fail_msg("taken:\n%s", bad[i]);
		assert_string_equal(err.path, "/sdp");
		tunnel_result_free(&r);
	}
	a.id = "nobody";
	assert_int_equal(tunnel_answer(t, &a, &r, &err), SESSION_NOT_FOUND);
	assert_int_equal(s->table[index_of("c")].generation, generation);
	assert_string_equal(route_to("8.8.8.8"), "");
	must_delete("c");
	all_is_free();
}

/* What fails at the end has not ended the user's tunnel that was there before. */
static void answer_that_fails_replaces_nothing(void **state)
{
	static const char text[] =
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n";
	struct tunnel_create before = plain("before", "ann", NULL);
	struct tunnel_offer o = offer("v", TUNNEL_SERVER, TUNNEL_SDP, LEG_SECURITY_NONE);
	struct tunnel_answer a = {
		.id = "v", .remote_form = TUNNEL_SDP, .remote = text, .user = "ann"};
	struct tunnel_result r;
	struct session_error err;

	add_user("ann", "10.9.0.2/32");
	must_create(&before);
	o.has_ice = true;
	o.ice = LEG_ICE_NONE;
	o.p.network[o.p.network_count++] = net("10.8.0.0/16");
	r = must_offer(&o);
	tunnel_result_free(&r);
	test_neigh_fault = -ENETUNREACH;
	assert_int_equal(tunnel_answer(t, &a, &r, &err), SESSION_BAD_PARAMS);
	assert_true(is_there("before"));
	assert_string_equal(route_to("10.9.0.2"), "before");
	test_neigh_fault = 0;
	assert_int_equal(tunnel_answer(t, &a, &r, &err), SESSION_OK);
	assert_false(is_there("before"));
	assert_string_equal(route_to("10.9.0.2"), "v");
	assert_string_equal(route_to("10.8.0.2"), "v");
	must_delete("v");
	all_is_free();
}

/* Cut anywhere, or with a byte of it another: taken or refused, but nothing is left behind. */
static void damaged_offers(void **state)
{
	add_user("ann", "10.9.0.2/32");
	for (unsigned int form = TUNNEL_SDP; form <= TUNNEL_JSON; form++) {
		struct tunnel_offer o =
			offer("c", TUNNEL_CLIENT, (enum tunnel_form)form, LEG_SECURITY_DTLS);
		struct tunnel_result mine = must_offer(&o), r;
		struct session_error err;
		size_t len = strlen(mine.text.data);
		unsigned int refused_count = 0;

		must_delete("c");
		o = offer("v", TUNNEL_SERVER, (enum tunnel_form)form, LEG_SECURITY_DTLS);
		o.p.user = "ann";
		for (size_t i = 0; i < 2 * len; i++) {
			char *text = strdup(mine.text.data);

			if (i < len)
				text[i] = '\0';
			else
				text[i - len] = (char)(text[i - len] == 'x' ? 'y' : 'x');
			o.remote = text;
			if (tunnel_offer(t, &o, &r, &err) == SESSION_OK) {
				must_delete("v");
			} else {
				refused_count++;
				assert_true(err.reason[0] != '\0' && err.path[0] == '/');
			}
			tunnel_result_free(&r);
			free(text);
		}
		assert_true(refused_count > len / 2);
		tunnel_result_free(&mine);
	}
	all_is_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dialled),
		TEST(bad_answers),
		TEST(answer_that_fails_replaces_nothing),
		TEST(damaged_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
