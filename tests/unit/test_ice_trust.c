/* SPDX-License-Identifier: BSD-3-Clause */
/* What an ICE agent believes of what it is sent, and what floods cost it. */
#include "ice_pair.h"

#include <errno.h>

#include "ice_private.h"

/* ---- who is believed ----------------------------------------------------------------------- */

static void requests(void **state)
{
	static const struct {
		const char *name;
		struct bed_request r;
		int rc;
		unsigned int error; /* that is answered; 0: success, or nothing where rc is not 0 */
	} cases[] = {
		{"plain", {.priority = 9}, 0, 0},
		{"no priority", {0}, 0, 0},
		{"no role", {.no_role = true}, 0, 0},
		{"no fingerprint", {.no_fingerprint = true}, 0, 0},
		{"sha256", {.sha256 = true}, 0, 0},
		{"sha256, truncated", {.sha256 = true, .mac_len = 16}, 0, 0},
		{"both", {.sha256 = true, .sha1 = true}, 0, 0},
		{"optional unknown", {.unknown = 0xc057}, 0, 0},
		{"required unknown", {.unknown = 0x7001}, 0, 420},
		{"another method", {.method = 3}, 0, 400},
		{"controlled peer of a lite agent", {.controlled = true}, 0, 487},
		{"wrong password", {.pwd = "aaaaaaaaaaaaaaaaaaaaaaaa"}, -EACCES, 0},
		{"wrong password, sha256",
		 {.pwd = "aaaaaaaaaaaaaaaaaaaaaaaa", .sha256 = true},
		 -EACCES,
		 0},
		{"wrong, with a required unknown",
		 {.pwd = "aaaaaaaaaaaaaaaaaaaaaaaa", .unknown = 0x7001},
		 -EACCES,
		 0},
		{"wrong, of a controlled peer",
		 {.pwd = "aaaaaaaaaaaaaaaaaaaaaaaa", .controlled = true},
		 -EACCES,
		 0},
		{"wrong user", {.username = "abcdefgh:peer"}, -EACCES, 0},
		{"no colon", {.username = "abcdefgh"}, -EACCES, 0},
		{"short user", {.username = "a"}, -EACCES, 0},
		{"empty user", {.username = ""}, -EACCES, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bed *b = one(ICE_LITE);
		struct party *p = &b->party[0];
		struct ice_addr from = bed_addr(B, 5000);
		bool taken = cases[i].rc == 0 && cases[i].error == 0;

		check_case(cases[i].name, bed_check(b, 0, &from, cases[i].r) == cases[i].rc);
		check_case(cases[i].name, p->sent == (cases[i].rc == 0));
		check_case(cases[i].name, p->last_error == cases[i].error);
		check_case(cases[i].name, ice_source_valid(p->agent, &from) == taken);
		if (taken) {
			struct stun_msg m;

			/* In the kind that it was asked in, and with what the asker looks like. */
			assert_int_equal(stun_parse(p->last, p->last_len, &m), 0);
			check_case(cases[i].name, !(m.has & STUN_HAS_SHA256) == !cases[i].r.sha256);
			check_case(cases[i].name, !(m.has & STUN_HAS_SHA1) == cases[i].r.sha256);
			assert_int_equal(m.mapped_port, 5000);
		}
		bed_free(b);
	}
}

/* No length of a request, no bit changed, gets an answer or leaves a trace. */
static void damaged(void **state)
{
	struct bed *b = one(ICE_FULL);
	struct party *p = &b->party[0];
	struct ice_addr from = bed_addr(B, 5000);
	uint8_t data[300];
	char username[32];
	struct bed_request r = {.username = username, .pwd = ice_pwd(p->agent), .priority = 7};
	size_t len;

	snprintf(username, sizeof(username), "%s:peer", ice_ufrag(p->agent));
	len = bed_request(&r, data, sizeof(data));
	for (size_t n = 0; n < len; n++) {
		uint8_t *copy = exact_copy(data, n);

		assert_int_not_equal(ice_input(p->agent, &from, copy, n), 0);
		free(copy);
	}
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct stun_msg m;
		int rc;

		/* The FINGERPRINT's type: without one the message is as good. */
		if (bit / 8 == len - 8 || bit / 8 == len - 7)
			continue;
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rc = ice_input(p->agent, &from, data, len);
		/* One bit makes an indication of it, which changes nothing. */
		if (rc == 0)
			assert_true(stun_parse(data, len, &m) == 0 && m.class == STUN_INDICATION);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(p->sent, 0);
	assert_false(ice_source_valid(p->agent, &from));
	assert_int_equal(ice_input(p->agent, &from, data, len), 0);
	assert_int_equal(p->sent, 1);
	bed_free(b);
}

static void answers_to_nothing(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_FULL);
	struct ice_addr from = b->party[1].local;
	struct stun_writer w;
	uint8_t data[64], id[STUN_ID_LEN] = {1};

	stun_begin(&w, data, sizeof(data), STUN_SUCCESS, STUN_BINDING, id);
	stun_put_address(&w, &from.ip, from.port);
	assert_int_equal(ice_input(b->party[0].agent, &from, data, stun_end(&w)), -ESRCH);
	stun_begin(&w, data, sizeof(data), STUN_ERROR, STUN_BINDING, id);
	stun_put_error(&w, 487, "");
	assert_int_equal(ice_input(b->party[0].agent, &from, data, stun_end(&w)), -ESRCH);
	bed_free(b);
}

/* Answers with the right id and no password, and from elsewhere, to a check under way. */
static void forged_answers(void **state)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, true, A, 4000);
	struct ice_config cy = bed_config(b, 1, ICE_LITE, false, B, 5000);
	struct ice_addr liar = bed_addr("192.0.2.66", 66);
	struct stun_writer w;
	struct stun_msg m;
	uint8_t data[64];
	struct party *p = &b->party[0];

	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	b->loss_percent = 100;
	bed_exchange(b, 0, 1);
	assert_int_equal(p->requests, 1);
	assert_int_equal(stun_parse(p->last, p->last_len, &m), 0);
	stun_begin(&w, data, sizeof(data), STUN_SUCCESS, STUN_BINDING, m.id);
	stun_put_address(&w, &p->local.ip, p->local.port);
	assert_int_equal(ice_input(p->agent, &b->party[1].local, data, stun_end(&w)), -EACCES);
	stun_begin(&w, data, sizeof(data), STUN_ERROR, STUN_BINDING, m.id);
	stun_put_error(&w, 487, "");
	assert_int_equal(ice_input(p->agent, &liar, data, stun_end(&w)), -EACCES);
	assert_false(ice_source_valid(p->agent, &liar));
	b->loss_percent = 0;
	assert_true(bed_run_until_selected(b, 0, 1, 3000) < 2000);
	bed_free(b);
}

/* RFC 8445 §7.2.5.2.1: with the right password, but from where the check did not go. */
static void asymmetric_answer(void **state)
{
	static const char pwd[] = "cccccccccccccccccccccc";
	struct ice_addr to = bed_addr(B, 9), elsewhere = bed_addr(B, 10);

	for (unsigned int symmetric = 0; symmetric < 2; symmetric++) {
		struct bed *b = one(ICE_FULL);
		struct party *p = &b->party[0];
		struct candidate c = {.foundation = "1", .component = 1, .priority = 1};
		struct stun_writer w;
		struct stun_msg m;
		struct ice_key k;
		uint8_t data[64], *mac;

		c.ip = to.ip;
		c.port = to.port;
		assert_int_equal(ice_set_remote(p->agent, "peer", pwd, false), 0);
		assert_int_equal(ice_add_remote_candidate(p->agent, &c), 0);
		assert_int_equal(stun_parse(p->last, p->last_len, &m), 0);
		stun_begin(&w, data, sizeof(data), STUN_SUCCESS, STUN_BINDING, m.id);
		stun_put_address(&w, &p->local.ip, p->local.port);
		mac = stun_put_integrity(&w, STUN_MESSAGE_INTEGRITY, STUN_SHA1_LEN);
		assert_non_null(mac);
		ice_key_init(&k, pwd, strlen(pwd));
		ice_key_mac(&k, false, data, data + 4, (size_t)(mac - 4 - (data + 4)), mac);
		assert_int_equal(
			ice_input(p->agent, symmetric ? &to : &elsewhere, data, stun_end(&w)), 0);
		assert_int_equal(ice_source_valid(p->agent, &to), symmetric);
		assert_false(ice_source_valid(p->agent, &elsewhere));
		assert_int_equal(p->state, symmetric ? ICE_CONNECTED : ICE_CHECKING);
		bed_free(b);
	}
}

static void sha256_both_ways(void **state)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, true, A, 4000);
	struct ice_config cy = bed_config(b, 1, ICE_FULL, false, B, 5000);
	struct stun_msg m;

	cx.sha256 = true; /* one of them; both answer in kind */
	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_exchange(b, 0, 1);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
	bed_run(b, 60000);
	assert_int_equal(b->party[0].state, ICE_COMPLETED);
	assert_int_equal(b->party[1].state, ICE_COMPLETED);
	assert_int_equal(stun_parse(b->party[0].last, b->party[0].last_len, &m), 0);
	bed_free(b);
}

/* ---- bounds -------------------------------------------------------------------------------- */

static void flood_of_strangers(void **state)
{
	struct bed *b = one(ICE_LITE);
	struct party *p = &b->party[0];
	size_t bytes = ice_bytes(p->agent);
	struct ice_info info;

	for (unsigned int i = 0; i < 10000; i++) {
		struct ice_addr from = bed_addr(B, (uint16_t)(1 + i % 65535));

		assert_int_equal(bed_check(b, 0, &from,
					   (struct bed_request){.pwd = "bbbbbbbbbbbbbbbbbbbbbbbb",
								.use_candidate = true}),
				 -EACCES);
	}
	ice_get_info(p->agent, &info);
	assert_int_equal(p->sent, 0);
	assert_int_equal(info.rejected, 10000);
	assert_int_equal(info.remotes, 0);
	assert_int_equal(ice_bytes(p->agent), bytes);
	assert_true(bytes <= 2048);
	bed_free(b);
}

/* With the right password: as many addresses as there is room for, the silent ones go. */
static void flood_of_addresses(void **state)
{
	for (unsigned int mode = 0; mode < 2; mode++) {
		struct bed *b = one((enum ice_mode)mode);
		struct ice_agent *a = b->party[0].agent;
		struct ice_addr first = bed_addr(B, 1);
		struct ice_info info;

		assert_int_equal(ice_set_remote(a, "peer", "cccccccccccccccccccccc", false), 0);
		b->loss_percent = 100;
		bed_check(b, 0, &first, (struct bed_request){.use_candidate = true});
		for (unsigned int i = 2; i < 2000; i++) {
			struct ice_addr from = bed_addr(B, (uint16_t)i);

			b->now_ms++;
			assert_int_equal(bed_check(b, 0, &from, (struct bed_request){0}), 0);
			assert_true(ice_source_valid(a, &from));
		}
		ice_get_info(a, &info);
		assert_int_equal(info.learned, ICE_PEER_REFLEXIVE_MAX);
		/* The selected one stays. */
		assert_int_equal(ice_source_valid(a, &first), mode == ICE_LITE);
		assert_int_equal(info.has_selected, mode == ICE_LITE);
		assert_true(ice_bytes(a) <= 8192);
		bed_run(b, 60000);
		bed_free(b);
	}
}

static void flood_of_candidates(void **state)
{
	struct bed *b = one(ICE_FULL);
	struct ice_agent *a = b->party[0].agent;
	struct candidate c = {.foundation = "1", .component = 1, .priority = 1};
	struct ice_info info;
	unsigned int taken = 0;

	assert_int_equal(ice_set_remote(a, "peer", "cccccccccccccccccccccc", false), 0);
	for (unsigned int i = 1; i < 1000; i++) {
		int rc;

		wire_ip_parse("203.0.113.1", &c.ip);
		c.port = (uint16_t)i;
		c.priority = i;
		rc = ice_add_remote_candidate(a, &c);
		assert_true(rc == 0 || rc == -ENOSPC);
		taken += rc == 0;
	}
	assert_int_equal(taken, ICE_REMOTES_MAX - ICE_PEER_REFLEXIVE_MAX);
	bed_run(b, 100000);
	ice_get_info(a, &info);
	assert_int_equal(info.state, ICE_FAILED);
	/* Room for the one that really checks. */
	assert_int_equal(bed_check(b, 0, &(struct ice_addr){c.ip, 5000}, (struct bed_request){0}),
			 0);
	/* Of one foundation one at a time, each no faster than Ta: never a burst. */
	assert_true(b->party[0].requests <= 20 * (taken + 1));
	bed_free(b);
}

/* RFC 8445 §14: no two new checks within Ta. */
static void pacing(void **state)
{
	struct bed *b = one(ICE_FULL);
	struct ice_agent *a = b->party[0].agent;
	struct candidate c = {.component = 1, .priority = 1, .port = 9};
	uint64_t last;

	assert_int_equal(ice_set_remote(a, "peer", "cccccccccccccccccccccc", false), 0);
	for (unsigned int i = 0; i < 10; i++) {
		wire_ip_parse("203.0.113.1", &c.ip);
		c.port = (uint16_t)(9 + i);
		c.priority = 1 + i;
		snprintf(c.foundation, sizeof(c.foundation), "%u", i);
		assert_int_equal(ice_add_remote_candidate(a, &c), 0);
	}
	assert_int_equal(b->party[0].requests, 1);
	last = b->now_ms;
	for (unsigned int sent = 1; sent < 10; sent++) {
		while (b->party[0].requests == sent)
			bed_run(b, 1);
		assert_in_range(b->now_ms - last, 50, 50 + TND_TIMER_TICK_MS);
		last = b->now_ms;
	}
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(damaged),
		cmocka_unit_test(answers_to_nothing),
		cmocka_unit_test(forged_answers),
		cmocka_unit_test(asymmetric_answer),
		cmocka_unit_test(sha256_both_ways),
		cmocka_unit_test(flood_of_strangers),
		cmocka_unit_test(flood_of_addresses),
		cmocka_unit_test(flood_of_candidates),
		cmocka_unit_test(pacing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
