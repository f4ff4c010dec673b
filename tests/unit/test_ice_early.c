/* SPDX-License-Identifier: BSD-3-Clause */
/* What an ICE agent makes of checks that come before a nomination, or before an answer. */
#include "ice_pair.h"

#include <errno.h>

#include "ice_private.h"

#define PWD   "cccccccccccccccccccccc"
#define OTHER "dddddddddddddddddddddd"

/* Port 0: none. */
static void early_is(const struct party *p, uint16_t port)
{
	struct ice_addr from = {.port = 0};
	bool nominating;

	assert_int_equal(ice_early(p->agent, &from, &nominating), port != 0);
	assert_int_equal(from.port, port);
	assert_int_equal(p->early, port);
}

static void the_best_that_was_heard(void **state)
{
	struct bed *b = one(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_addr low = bed_addr(B, 1), high = bed_addr(B, 2), mid = bed_addr(B, 3);
	struct bed_request r = {.priority = 100}, forged = {.priority = 900, .pwd = OTHER};

	early_is(p, 0);
	assert_int_equal(bed_check(b, 0, &high, forged), -EACCES);
	early_is(p, 0);
	bed_check(b, 0, &low, r);
	early_is(p, 1);
	r.priority = 300;
	bed_check(b, 0, &high, r);
	early_is(p, 2);
	r.priority = 200;
	bed_check(b, 0, &mid, r);
	early_is(p, 2);
	assert_int_equal(p->selections, 0);
	r.use_candidate = true;
	bed_check(b, 0, &mid, r);
	early_is(p, 0);
	assert_int_equal(p->selected.port, 3);
	bed_free(b);
}

/* Who nominates knows before the answer that tells him so: its sender may have begun by then. */
static void by_own_nomination(void **state)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, true, A, 4000);
	struct ice_config cy = bed_config(b, 1, ICE_LITE, false, B, 5000);
	struct party *p = &b->party[0];

	b->delay_ms = 50;
	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_exchange(b, 0, 1);
	for (unsigned int i = 0; i < 1000 && b->party[1].selections == 0; i++)
		bed_run(b, 1);
	assert_int_equal(b->party[1].selections, 1);
	assert_int_equal(p->selections, 0);
	early_is(p, 5000);
	assert_true(p->nominating);
	bed_run(b, 200);
	assert_int_equal(p->selections, 1);
	early_is(p, 0);
	bed_free(b);
}

/* Nothing was nominated, or consent is gone: nobody is heard. */
static void given_up(void **state)
{
	struct bed *b = one(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_addr from = bed_addr(B, 1);

	assert_int_equal(ice_set_remote(p->agent, "peer", PWD, false), 0);
	bed_check(b, 0, &from, (struct bed_request){.priority = 100});
	early_is(p, 1);
	bed_run(b, 60000);
	assert_int_equal(p->state, ICE_FAILED);
	early_is(p, 0);
	/* It is back. */
	bed_check(b, 0, &from, (struct bed_request){.priority = 100, .use_candidate = true});
	assert_int_equal(p->selected.port, 1);
	bed_free(b);
}

static void told_before_answered(void **state)
{
	struct bed *b = one(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_addr from = bed_addr(B, 1);

	bed_check(b, 0, &from, (struct bed_request){.priority = 100});
	assert_int_equal(p->early_at, 0);
	assert_int_equal(p->sent, 1);
	bed_check(b, 0, &from, (struct bed_request){.priority = 100, .use_candidate = true});
	assert_int_equal(p->selected_at, 1);
	assert_int_equal(p->sent, 2);
	bed_free(b);
}

/* ---- before an answer ------------------------------------------------------------------------ */

static int check_by(struct bed *b, const char *peer, uint16_t port, bool use_candidate)
{
	char username[64];
	struct ice_addr from = bed_addr(B, port);

	snprintf(username, sizeof(username), "%s:%s", ice_ufrag(b->party[0].agent), peer);
	return bed_check(b, 0, &from,
			 (struct bed_request){.username = username,
					      .priority = 100,
					      .use_candidate = use_candidate});
}

static struct bed *talking(enum ice_mode mode)
{
	struct bed *b = one(mode);

	assert_int_equal(ice_set_remote(b->party[0].agent, "peer", PWD, false), 0);
	assert_int_equal(check_by(b, "peer", 1, true), 0);
	if (mode == ICE_LITE)
		assert_int_equal(b->party[0].selected.port, 1);
	b->now_ms += 10000;
	return b;
}

static void another_peer(void **state)
{
	struct bed *b = talking(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_addr there = bed_addr(B, 2);
	char ufrag[ICE_UFRAG_LEN + 1];
	struct ice_info info;

	strcpy(ufrag, ice_ufrag(p->agent));
	ice_offered(p->agent, true);
	assert_int_equal(check_by(b, "else", 2, true), 0);
	assert_int_equal(check_by(b, "third", 3, true), 0);
	assert_true(ice_source_valid(p->agent, &there)); /* DTLS may begin */
	assert_int_equal(p->selections, 1);
	assert_int_equal(check_by(b, "peer", 1, true), 0);
	assert_int_equal(p->selections, 1);

	assert_int_equal(ice_set_remote(p->agent, "else", OTHER, false), 0);
	ice_offered(p->agent, false);
	assert_string_equal(ice_ufrag(p->agent), ufrag);
	assert_int_equal(p->selections, 2);
	assert_int_equal(p->selected.port, 2);
	ice_get_info(p->agent, &info);
	assert_false(info.restarting);
	assert_int_equal(info.remotes, 1);
	/* The one before, and the one that has not answered, are not asked for any more. */
	assert_int_equal(check_by(b, "peer", 1, true), -EACCES);
	assert_int_equal(check_by(b, "third", 3, true), -EACCES);
	assert_int_equal(check_by(b, "else", 4, true), 0);
	assert_int_equal(p->selections, 3);
	/* A restart of this one is a restart. */
	assert_int_equal(ice_set_remote(p->agent, "anew", PWD, false), 1);
	assert_string_not_equal(ice_ufrag(p->agent), ufrag);
	assert_int_equal(check_by(b, "anew", 5, true), 0);
	assert_int_equal(p->selected.port, 5);
	bed_free(b);
}

/* It has not checked yet when it answers: what there is stays until it does. */
static void another_peer_later(void **state)
{
	struct bed *b = talking(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_info info;

	ice_offered(p->agent, true);
	assert_int_equal(ice_set_remote(p->agent, "else", OTHER, false), 0);
	ice_offered(p->agent, false);
	ice_get_info(p->agent, &info);
	assert_true(info.restarting);
	assert_int_equal(p->selected.port, 1);
	assert_int_equal(check_by(b, "peer", 1, true), 0);
	assert_int_equal(p->selected.port, 1);
	assert_int_equal(check_by(b, "else", 2, true), 0);
	assert_int_equal(p->selected.port, 2);
	ice_get_info(p->agent, &info);
	assert_false(info.restarting);
	bed_free(b);
}

static void withdrawn(void **state)
{
	struct bed *b = talking(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_addr there = bed_addr(B, 2);
	struct ice_info info;

	ice_offered(p->agent, true);
	assert_int_equal(check_by(b, "else", 2, true), 0);
	ice_offered(p->agent, false);
	assert_false(ice_source_valid(p->agent, &there));
	assert_int_equal(p->selections, 1);
	ice_get_info(p->agent, &info);
	assert_int_equal(info.remotes, 1);
	bed_free(b);
}

/* As many devices as there like to be: those in use are not pushed out. */
static void crowd(void **state)
{
	struct bed *b = talking(ICE_LITE);
	struct party *p = &b->party[0];
	struct ice_info info;
	char peer[16];

	ice_offered(p->agent, true);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(peer, sizeof(peer), "peer%u", i);
		assert_int_equal(check_by(b, peer, (uint16_t)(100 + i), i & 1), 0);
		b->now_ms += 10;
	}
	ice_get_info(p->agent, &info);
	assert_true(info.remotes <= ICE_PEER_REFLEXIVE_MAX);
	assert_int_equal(info.selected.port, 1);
	assert_int_equal(p->selections, 1);
	bed_run(b, 60000);
	assert_int_equal(ice_set_remote(p->agent, "peer999", OTHER, false), 0);
	ice_offered(p->agent, false);
	assert_int_equal(p->selected.port, 100 + 999);
	bed_free(b);
}

/* A full agent asks nobody whose password it does not know, and checks him then. */
static void checked_then(void **state)
{
	struct bed *b = talking(ICE_FULL);
	struct party *p = &b->party[0];

	bed_run(b, 1000);
	ice_offered(p->agent, true);
	assert_int_equal(check_by(b, "else", 2, true), 0);
	for (unsigned int i = 0; i < 20; i++) {
		bed_run(b, 20);
		assert_int_not_equal(p->last_request_to.port, 2);
	}
	assert_int_equal(ice_set_remote(p->agent, "else", OTHER, false), 0);
	ice_offered(p->agent, false);
	bed_run(b, 100);
	assert_int_equal(p->last_request_to.port, 2);
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_that_was_heard),
		cmocka_unit_test(by_own_nomination),
		cmocka_unit_test(given_up),
		cmocka_unit_test(told_before_answered),
		cmocka_unit_test(another_peer),
		cmocka_unit_test(another_peer_later),
		cmocka_unit_test(withdrawn),
		cmocka_unit_test(crowd),
		cmocka_unit_test(checked_then),
	};

	return cmocka_run_group_tests_name("ice_early", tests, NULL, NULL);
}
