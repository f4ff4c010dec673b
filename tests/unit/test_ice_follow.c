/* SPDX-License-Identifier: BSD-3-Clause */
/* An ICE agent whose far end is led by authentic media: ice_follow(). */
#include "ice_bed.h"

#include <errno.h>

#define A    "192.0.2.10"
#define B    "192.0.2.20"
#define PEER "cccccccccccccccccccccc"

static struct bed *call(enum ice_mode x, bool x_controlling, enum ice_mode y)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, x, x_controlling, A, 4000);
	struct ice_config cy = bed_config(b, 1, y, !x_controlling, B, 5000);

	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_exchange(b, 0, 1);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 400);
	return b;
}

/* A lite agent to which `from` was nominated by a peer of the test's own. */
static struct bed *nominated(const struct ice_addr *from)
{
	struct bed *b = bed_new();
	struct ice_config c = bed_config(b, 0, ICE_LITE, false, A, 4000);

	bed_agent(b, 0, &c);
	assert_int_equal(ice_set_remote(b->party[0].agent, "peer", PEER, false), 0);
	bed_check(b, 0, from, (struct bed_request){.use_candidate = true, .priority = 100});
	assert_int_equal(b->party[0].selections, 1);
	return b;
}

static struct ice_info info_of(const struct bed *b, unsigned int party)
{
	struct ice_info info;

	ice_get_info(b->party[party].agent, &info);
	return info;
}

static void selected_is(const struct bed *b, unsigned int party, const struct ice_addr *want)
{
	struct ice_info info = info_of(b, party);

	assert_true(info.has_selected);
	assert_int_equal(info.selected.port, want->port);
	assert_true(wire_ip_equal(&info.selected.ip, &want->ip));
}

/* The far end's NAT gives another mapping. Consent is asked for there, at once and from then on. */
static void consent_goes_along(void **state)
{
	for (unsigned int controlling = 0; controlling < 2; controlling++) {
		struct bed *b = call(ICE_FULL, controlling, ICE_FULL);
		struct party *p = &b->party[1];
		struct ice_addr to = bed_addr("203.0.113.5", 50005);
		uint64_t before;

		assert_int_equal(info_of(b, 0).rtt_ms, UINT32_MAX);
		bed_run(b, 7000);
		assert_in_range(info_of(b, 0).rtt_ms, 2 * b->delay_ms,
				2 * b->delay_ms + TND_TIMER_TICK_MS);
		p->nat = to;
		p->hole[p->holes++] = b->party[0].local;
		before = b->now_ms;
		assert_int_equal(ice_follow(b->party[0].agent, &to), 0);
		selected_is(b, 0, &to);
		assert_int_equal(b->party[0].selections, 1);
		bed_run(b, 3 * b->delay_ms);
		assert_true(info_of(b, 0).consent_ms > before);
		bed_run(b, 100000);
		assert_int_equal(b->party[0].state, ICE_COMPLETED);
		assert_int_equal(p->state, ICE_COMPLETED);
		selected_is(b, 0, &to);
		assert_int_equal(b->party[0].selections, 1);
		bed_free(b);
	}
}

/* Whoever answers there is asked, and nobody else: what came before is not answered for. */
static void the_old_place_counts_no_more(void **state)
{
	struct bed *b = call(ICE_FULL, true, ICE_FULL);
	struct ice_addr to = bed_addr("203.0.113.5", 50005);

	assert_int_equal(ice_follow(b->party[0].agent, &to), 0);
	/* Party 1 is where it was: its checks are answered, and give no consent. */
	bed_run(b, 15000);
	assert_int_equal(b->party[0].state, ICE_DISCONNECTED);
	selected_is(b, 0, &to);
	bed_free(b);
}

static void nominations_move_nothing(void **state)
{
	struct ice_addr here = bed_addr(B, 1), there = bed_addr(B, 2), third = bed_addr(B, 3);
	struct bed_request r = {.use_candidate = true, .priority = UINT32_MAX};
	struct bed *b = nominated(&here);
	struct party *p = &b->party[0];
	unsigned int responses = p->responses;

	assert_int_equal(ice_follow(p->agent, &here), 0);
	bed_check(b, 0, &there, r);
	b->now_ms += 5000;
	bed_check(b, 0, &there, r);
	assert_int_equal(p->responses, responses + 2);
	assert_int_equal(p->selections, 1);
	selected_is(b, 0, &here);
	/* Media leads there, and back, and to where no check has come from. */
	assert_int_equal(ice_follow(p->agent, &there), 0);
	selected_is(b, 0, &there);
	assert_int_equal(info_of(b, 0).remotes, 1);
	assert_int_equal(ice_follow(p->agent, &third), 0);
	selected_is(b, 0, &third);
	assert_int_equal(ice_follow(p->agent, &here), 0);
	selected_is(b, 0, &here);
	assert_int_equal(p->selections, 1);
	assert_int_equal(p->state, ICE_COMPLETED);
	bed_free(b);
}

/* A lite agent hears consent from where media leads only. */
static void lite_listens_there(void **state)
{
	struct ice_addr here = bed_addr(B, 1), there = bed_addr(B, 2);
	struct bed *b = nominated(&here);
	struct party *p = &b->party[0];

	assert_int_equal(ice_follow(p->agent, &there), 0);
	for (unsigned int i = 0; i < 7; i++) {
		bed_check(b, 0, &here, (struct bed_request){.priority = 1});
		bed_run(b, 5000);
	}
	assert_int_equal(p->state, ICE_DISCONNECTED);
	bed_check(b, 0, &there, (struct bed_request){.priority = 1});
	assert_int_equal(p->state, ICE_COMPLETED);
	bed_free(b);
}

/* It does not go and look for a better place by itself, either. */
static void controlling_stays(void **state)
{
	struct bed *b = call(ICE_FULL, true, ICE_FULL);
	struct ice_addr at = b->party[1].local;

	assert_int_equal(ice_follow(b->party[0].agent, &at), 0);
	b->party[0].media_alive = true;
	b->party[1].nat = bed_addr("203.0.113.5", 50005);
	b->party[1].hole[b->party[1].holes++] = b->party[0].local;
	bed_run(b, 20000);
	assert_int_equal(b->party[0].selections, 1);
	selected_is(b, 0, &at);
	bed_free(b);
}

/* New credentials are the far end's own word: the next nomination counts, and then media again. */
static void until_a_restart(void **state)
{
	struct ice_addr here = bed_addr(B, 1), there = bed_addr(B, 2), third = bed_addr(B, 3);
	struct bed_request r = {.use_candidate = true, .priority = 100};
	struct bed *b = nominated(&here);
	struct party *p = &b->party[0];

	assert_int_equal(ice_follow(p->agent, &here), 0);
	assert_int_equal(ice_set_remote(p->agent, "again", PEER, false), 1);
	assert_int_equal(ice_follow(p->agent, &third), 0);
	selected_is(b, 0, &third);
	bed_check(b, 0, &there, r);
	assert_int_equal(p->selections, 2);
	selected_is(b, 0, &there);
	assert_int_equal(ice_follow(p->agent, &third), 0);
	bed_check(b, 0, &there, r);
	selected_is(b, 0, &third);
	assert_int_equal(p->selections, 2);
	bed_free(b);
}

/* Nothing is selected any more: there is nothing that could move, and nominations count again. */
static void until_consent_ends(void **state)
{
	struct bed *b = call(ICE_FULL, false, ICE_FULL);
	struct ice_addr to = bed_addr("203.0.113.5", 50005);
	struct party *p = &b->party[0];

	assert_int_equal(ice_follow(p->agent, &to), 0);
	b->party[1].cut = b->party[1].media_alive = true; /* it goes on asking */
	bed_run(b, 40000);
	assert_int_equal(p->state, ICE_FAILED);
	assert_int_equal(ice_follow(p->agent, &to), -EAGAIN);
	b->party[1].cut = false;
	bed_run(b, 20000);
	assert_int_equal(p->state, ICE_COMPLETED);
	selected_is(b, 0, &b->party[1].local);
	bed_free(b);
}

static void nothing_selected_yet(void **state)
{
	struct bed *b = bed_new();
	struct ice_config c = bed_config(b, 0, ICE_FULL, true, A, 4000);
	struct ice_addr to = bed_addr(B, 1);

	bed_agent(b, 0, &c);
	assert_int_equal(ice_follow(b->party[0].agent, &to), -EAGAIN);
	assert_int_equal(ice_set_remote(b->party[0].agent, "peer", PEER, false), 0);
	assert_int_equal(ice_follow(b->party[0].agent, &to), -EAGAIN);
	assert_int_equal(info_of(b, 0).remotes, 0);
	bed_free(b);
}

/* However often it moves, it is one far end, and is asked no more than twice a second. */
static void many_places(void **state)
{
	for (unsigned int mode = 0; mode < 2; mode++) {
		struct bed *b = call((enum ice_mode)mode, mode == ICE_FULL, ICE_FULL);
		struct party *p = &b->party[0];
		struct ice_addr at = bed_addr(B, 1);
		size_t bytes = ice_bytes(p->agent);
		unsigned int before = p->requests + p->indications;

		p->media_alive = true;
		for (unsigned int i = 2; i < 5000; i++) {
			at.port = (uint16_t)i;
			assert_int_equal(ice_follow(p->agent, &at), 0);
			selected_is(b, 0, &at);
			bed_run(b, 1);
		}
		assert_in_range(p->requests + p->indications - before, 9, 11);
		/* One more is where party 1 goes on checking from. */
		assert_in_range(info_of(b, 0).remotes, 1, 2);
		assert_int_equal(ice_bytes(p->agent), bytes);
		assert_int_equal(p->selections, 1);
		assert_int_equal(p->state, ICE_COMPLETED);
		bed_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(consent_goes_along),
		cmocka_unit_test(the_old_place_counts_no_more),
		cmocka_unit_test(nominations_move_nothing),
		cmocka_unit_test(lite_listens_there),
		cmocka_unit_test(controlling_stays),
		cmocka_unit_test(until_a_restart),
		cmocka_unit_test(until_consent_ends),
		cmocka_unit_test(nothing_selected_yet),
		cmocka_unit_test(many_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
