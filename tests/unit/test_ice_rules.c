/* SPDX-License-Identifier: BSD-3-Clause */
/* What an ICE agent believes, whom it follows, when it gives up; and what it costs. */
#include "ice_bed.h"

#include <errno.h>

#include "ice_private.h"

#define A "192.0.2.10"
#define B "192.0.2.20"

static struct bed *one(enum ice_mode mode)
{
	struct bed *b = bed_new();
	struct ice_config c = bed_config(b, 0, mode, false, A, 4000);

	bed_agent(b, 0, &c);
	return b;
}

static struct bed *call(enum ice_mode x, enum ice_mode y)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, x, true, A, 4000);
	struct ice_config cy = bed_config(b, 1, y, false, B, 5000);

	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_exchange(b, 0, 1);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
	return b;
}

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

/* ---- nomination ---------------------------------------------------------------------------- */

static void follows_nominations(void **state)
{
	struct bed *b = one(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_addr low = bed_addr(B, 1), high = bed_addr(B, 2), mid = bed_addr(B, 3);
	struct bed_request r = {.priority = 100};

	bed_check(b, 0, &low, r);
	assert_int_equal(p->selections, 0);
	assert_int_equal(p->state, ICE_CONNECTED);
	assert_true(ice_source_valid(p->agent, &low)); /* DTLS may begin */
	r.use_candidate = true;
	bed_check(b, 0, &low, r);
	assert_int_equal(p->selections, 1);
	assert_int_equal(p->state, ICE_COMPLETED);
	/* Aggressive: a better one comes, a worse one after it does not count. */
	b->now_ms += 100;
	r.priority = 300;
	bed_check(b, 0, &high, r);
	assert_int_equal(p->selections, 2);
	r.priority = 200;
	bed_check(b, 0, &mid, r);
	r.priority = 100;
	bed_check(b, 0, &low, r);
	assert_int_equal(p->selections, 2);
	assert_int_equal(p->selected.port, 2);
	/* Later the peer means it: it has moved. */
	b->now_ms += 5000;
	r.use_candidate = false;
	bed_check(b, 0, &low, r);
	assert_int_equal(p->selections, 2);
	r.use_candidate = true;
	bed_check(b, 0, &mid, r);
	assert_int_equal(p->selections, 3);
	assert_int_equal(p->selected.port, 3);
	bed_check(b, 0, &mid, r);
	assert_int_equal(p->selections, 3);
	bed_free(b);
}

/* A signalled candidate's priority counts, not that of the check. */
static void signalled_priority(void **state)
{
	struct bed *b = one(ICE_LITE);
	struct party *p = &b->party[0];
	struct candidate c = {.foundation = "1", .component = 1, .priority = 1000, .port = 1};
	struct ice_addr host = bed_addr(B, 1), other = bed_addr(B, 2);
	struct bed_request r = {.priority = 50, .use_candidate = true};
	struct ice_info info;

	c.ip = host.ip;
	assert_int_equal(ice_set_remote(p->agent, "peer", "cccccccccccccccccccccc", false), 0);
	/* Learned first, signalled then: it is one and the same. */
	bed_check(b, 0, &host, r);
	assert_int_equal(ice_add_remote_candidate(p->agent, &c), 0);
	ice_get_info(p->agent, &info);
	assert_int_equal(info.remotes, 1);
	assert_int_equal(info.learned, 0);
	r.priority = 500;
	bed_check(b, 0, &other, r);
	assert_int_equal(p->selected.port, 1);
	bed_free(b);
}

/* A full agent that is controlled selects only what its own check found to work as well. */
static void controlled_checks_first(void **state)
{
	struct bed *b = one(ICE_FULL);
	struct party *p = &b->party[0];
	struct ice_addr from = bed_addr(B, 1);

	assert_int_equal(ice_set_remote(p->agent, "peer", "cccccccccccccccccccccc", false), 0);
	bed_check(b, 0, &from, (struct bed_request){.use_candidate = true});
	bed_run(b, 100);
	assert_int_equal(p->requests, 1);
	assert_int_equal(p->selections, 0);
	assert_true(ice_source_valid(p->agent, &from));
	bed_free(b);
}

/* USE-CANDIDATE of a peer that does not control means nothing. */
static void controlling_nominates_itself(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_FULL);
	struct ice_addr other = bed_addr("192.0.2.77", 7);

	bed_check(b, 0, &other, (struct bed_request){.controlled = true, .use_candidate = true});
	bed_run(b, 3000);
	assert_int_equal(b->party[0].selections, 1);
	bed_free(b);
}

/* The better pair is waited for, though not for long. */
static void waits_for_the_better(void **state)
{
	for (unsigned int works = 0; works < 2; works++) {
		struct bed *b = bed_new();
		struct ice_config cx = bed_config(b, 0, ICE_FULL, true, A, 4000);
		struct ice_config cy = bed_config(b, 1, ICE_LITE, false, B, 5000);
		struct candidate c[ICE_LOCALS_MAX];
		uint64_t took;

		bed_agent(b, 0, &cx);
		bed_agent(b, 1, &cy);
		assert_int_equal(bed_tell(b, 0, 1), 0);
		assert_int_equal(bed_tell(b, 1, 0), 0);
		ice_local_candidates(b->party[1].agent, c);
		strcpy(c[0].foundation, "other");
		c[0].priority = 5;
		assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c[0]), 0);
		if (!works) {
			c[0].port = 7; /* where nobody answers */
			c[0].priority = 9;
			strcpy(c[0].foundation, "best");
			assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c[0]), 0);
		}
		ice_end_of_candidates(b->party[0].agent);
		took = bed_run_until_selected(b, 0, 1, 3000);
		if (works)
			assert_true(took < 150);
		else
			assert_in_range(took, 300, 600);
		assert_int_equal(b->party[0].selected.port, 5000);
		bed_free(b);
	}
}

/* ---- a path that changes ------------------------------------------------------------------- */

/* The NAT gives another port in mid-call, and the controlling side is behind it. */
static void nat_changes(void **state)
{
	for (unsigned int mode = 0; mode < 2; mode++) {
		struct bed *b = bed_new();
		struct ice_config cx = bed_config(b, 0, ICE_FULL, true, "10.0.0.1", 4000);
		struct ice_config cy = bed_config(b, 1, (enum ice_mode)mode, false, B, 5000);

		bed_nat(b, 0, "203.0.113.1", 40000);
		bed_agent(b, 0, &cx);
		bed_agent(b, 1, &cy);
		bed_exchange(b, 0, 1);
		assert_true(bed_run_until_selected(b, 0, 1, 3000) < 1000);
		bed_run(b, 10000);
		b->party[0].nat.port = 40001;
		/* The next consent check shows it. */
		bed_run(b, 6500);
		assert_int_equal(b->party[1].selected.port, 40001);
		assert_int_equal(b->party[1].selections, 2);
		bed_run(b, 60000);
		assert_int_equal(b->party[0].selections, 1);
		assert_int_equal(b->party[0].state, ICE_COMPLETED);
		assert_int_equal(b->party[1].state, ICE_COMPLETED);
		bed_free(b);
	}
}

/* Behind the controlling side's back the peer has moved: what answers takes over. */
static void controlling_moves(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_FULL);
	uint64_t start;

	b->party[1].nat = bed_addr("203.0.113.5", 50005);
	b->party[1].hole[b->party[1].holes++] = b->party[0].local;
	start = b->now_ms;
	while (b->party[0].selected.port != 50005 && b->now_ms < start + 20000)
		bed_run(b, 1);
	/* Found by the peer's consent check, at most 6 s after; then proven, then nominated. */
	assert_true(b->now_ms - start < 6000 + 2500);
	bed_run(b, 60000);
	assert_int_equal(b->party[0].state, ICE_COMPLETED);
	assert_int_equal(b->party[1].state, ICE_COMPLETED);
	assert_int_equal(b->party[0].selections, 2);
	bed_free(b);
}

/* ---- consent ------------------------------------------------------------------------------- */

static void consent_pace(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_LITE);
	uint64_t last;

	bed_run(b, 10000);
	last = b->party[0].last_request_ms;
	for (unsigned int i = 0; i < 50; i++) {
		unsigned int n = b->party[0].requests;

		while (b->party[0].requests == n)
			bed_run(b, 1);
		assert_in_range(b->now_ms - last, 3990, 6020);
		last = b->now_ms;
	}
	assert_int_equal(b->party[0].state, ICE_COMPLETED);
	bed_free(b);
}

static void consent_expires(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_FULL);
	struct party *p = &b->party[0];
	struct ice_info info;

	bed_run(b, 20000);
	b->party[1].cut = true;
	bed_run(b, 9000 - 6000);
	assert_int_equal(p->state, ICE_COMPLETED);
	bed_run(b, 14000);
	assert_int_equal(p->state, ICE_DISCONNECTED);
	assert_string_equal(p->reason, "consent is not answered");
	bed_run(b, 20000);
	assert_int_equal(p->state, ICE_FAILED);
	assert_string_equal(p->reason, "consent expired");
	ice_get_info(p->agent, &info);
	assert_false(info.has_selected);
	/* Nothing is sent any more. */
	p->sent = 0;
	bed_run(b, 120000);
	assert_int_equal(p->sent, 0);
	/* A restart brings it back. */
	b->party[1].cut = false;
	assert_int_equal(ice_restart(p->agent), 0);
	assert_int_equal(bed_tell(b, 0, 1), 1);
	assert_int_equal(bed_tell(b, 1, 0), 0);
	bed_tell_candidates(b, 0, 1);
	bed_tell_candidates(b, 1, 0);
	assert_true(bed_run_until_selected(b, 0, 1, 3000) < 1000);
	assert_int_equal(p->selections, 2);
	assert_int_equal(p->state, ICE_COMPLETED);
	bed_free(b);
}

/* Consent ends while the peer is restarting: that is not the end of the restart. */
static void consent_expires_in_restart(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_FULL);
	struct party *p = &b->party[0];

	b->party[1].cut = true;
	bed_run(b, 25000);
	assert_int_equal(bed_tell(b, 1, 0), 0);
	assert_int_equal(ice_restart(b->party[1].agent), 0);
	assert_int_equal(bed_tell(b, 1, 0), 1);
	bed_run(b, 10000);
	assert_int_equal(p->state, ICE_CHECKING);
	assert_string_equal(p->reason, "consent expired");
	b->party[1].cut = false;
	assert_int_equal(bed_tell(b, 0, 1), 0);
	bed_tell_candidates(b, 1, 0);
	bed_tell_candidates(b, 0, 1);
	assert_true(bed_run_until_selected(b, 0, 1, 3000) < 1000);
	assert_int_equal(p->state, ICE_COMPLETED);
	assert_int_equal(p->selections, 2);
	bed_free(b);
}

static void consent_returns(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_FULL);
	struct party *p = &b->party[0];

	b->party[1].cut = true;
	bed_run(b, 17000);
	assert_int_equal(p->state, ICE_DISCONNECTED);
	b->party[1].cut = false;
	bed_run(b, 7000);
	assert_int_equal(p->state, ICE_COMPLETED);
	assert_int_equal(p->selections, 1);
	bed_free(b);
}

/* Authentic media shows that the peer is there: it ends with the media. */
static void media_is_consent(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_FULL);
	struct party *p = &b->party[0];

	b->party[1].cut = true;
	p->media_alive = true;
	bed_run(b, 300000);
	assert_int_equal(p->state, ICE_COMPLETED);
	p->media_alive = false;
	bed_run(b, 7000);
	assert_int_equal(p->state, ICE_FAILED);
	bed_free(b);
}

static void lite_listens(void **state)
{
	struct bed *b = call(ICE_FULL, ICE_LITE);
	struct party *p = &b->party[1];

	b->party[0].cut = true;
	p->media_alive = true;
	bed_run(b, 200000);
	assert_int_equal(p->state, ICE_COMPLETED);
	p->media_alive = false;
	bed_run(b, 16000);
	assert_int_equal(p->state, ICE_DISCONNECTED);
	assert_string_equal(p->reason, "no check from the peer");
	/* It never fails for that, and any check brings it back. */
	bed_run(b, 200000);
	assert_int_equal(p->state, ICE_DISCONNECTED);
	bed_check(b, 1, &b->party[0].local, (struct bed_request){.priority = 1});
	assert_int_equal(p->state, ICE_COMPLETED);
	assert_int_equal(p->selections, 1);
	bed_free(b);
}

/* A peer that was given up on and comes late. */
static void late_peer(void **state)
{
	struct bed *b = one(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_addr from = bed_addr(B, 1);

	assert_int_equal(ice_set_remote(p->agent, "peer", "cccccccccccccccccccccc", false), 0);
	bed_run(b, 60000);
	assert_int_equal(p->state, ICE_FAILED);
	bed_check(b, 0, &from, (struct bed_request){0});
	assert_int_equal(p->state, ICE_CONNECTED);
	bed_run(b, 1000);
	assert_int_equal(p->state, ICE_CONNECTED);
	bed_check(b, 0, &from, (struct bed_request){.use_candidate = true});
	assert_int_equal(p->state, ICE_COMPLETED);
	bed_free(b);
}

static void nothing_nominated(void **state)
{
	struct bed *b = one(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_addr from = bed_addr(B, 1);

	assert_int_equal(ice_set_remote(p->agent, "peer", "cccccccccccccccccccccc", false), 0);
	bed_check(b, 0, &from, (struct bed_request){0});
	bed_run(b, 41000);
	assert_int_equal(p->state, ICE_FAILED);
	assert_string_equal(p->reason, "nothing nominated");
	assert_int_equal(p->selections, 0);
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
		cmocka_unit_test(follows_nominations),
		cmocka_unit_test(signalled_priority),
		cmocka_unit_test(controlled_checks_first),
		cmocka_unit_test(controlling_nominates_itself),
		cmocka_unit_test(waits_for_the_better),
		cmocka_unit_test(nat_changes),
		cmocka_unit_test(controlling_moves),
		cmocka_unit_test(consent_pace),
		cmocka_unit_test(consent_expires),
		cmocka_unit_test(consent_expires_in_restart),
		cmocka_unit_test(consent_returns),
		cmocka_unit_test(media_is_consent),
		cmocka_unit_test(lite_listens),
		cmocka_unit_test(late_peer),
		cmocka_unit_test(nothing_nominated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
