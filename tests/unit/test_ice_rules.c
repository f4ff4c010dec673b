/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom an ICE agent follows: nominations, paths that change, consent. */
#include "ice_pair.h"

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
