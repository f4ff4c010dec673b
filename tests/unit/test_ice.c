/* SPDX-License-Identifier: BSD-3-Clause */
/* ICE agents against each other: connectivity, roles, loss, NATs, trickle. */
#include "ice_bed.h"

#include <errno.h>

#define A "192.0.2.10"
#define B "192.0.2.20"

static void pair_up(struct bed *b, enum ice_mode x, bool x_controlling, enum ice_mode y,
		    bool y_controlling)
{
	struct ice_config cx = bed_config(b, 0, x, x_controlling, A, 4000);
	struct ice_config cy = bed_config(b, 1, y, y_controlling, B, 5000);

	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_exchange(b, 0, 1);
}

static void check_call(struct bed *b, bool controlling0)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct party *p = &b->party[i];
		struct ice_info info;

		ice_get_info(p->agent, &info);
		assert_true(info.has_selected);
		assert_false(info.restarting);
		assert_int_equal(info.state, ICE_COMPLETED);
		assert_int_equal(p->state, ICE_COMPLETED);
		assert_int_equal(p->selections, 1);
		assert_int_equal(info.selected.port, b->party[!i].local.port);
		assert_true(wire_ip_equal(&p->selected.ip, &b->party[!i].local.ip));
		if (info.mode == ICE_FULL)
			assert_int_equal(info.controlling, i == 0 ? controlling0 : !controlling0);
	}
}

static void full_full(void **state)
{
	struct bed *b = bed_new();

	pair_up(b, ICE_FULL, true, ICE_FULL, false);
	assert_int_equal(b->party[0].state, ICE_CHECKING);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
	check_call(b, true);
	bed_run(b, 60000);
	check_call(b, true);
	bed_free(b);
}

static void full_lite(void **state)
{
	struct bed *b = bed_new();

	/* Who offered does not matter: a full agent controls a lite one. */
	pair_up(b, ICE_FULL, false, ICE_LITE, true);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
	check_call(b, true);
	bed_run(b, 120000);
	check_call(b, true);
	assert_int_equal(b->party[1].requests, 0);
	/* Keepalives of the lite one, consent checks of the other. */
	assert_in_range(b->party[1].indications, 7, 8);
	assert_in_range(b->party[0].requests, 20, 32);
	bed_free(b);
}

static void lite_lite(void **state)
{
	struct bed *b = bed_new();

	pair_up(b, ICE_LITE, true, ICE_LITE, false);
	check_call(b, true);
	bed_run(b, 120000);
	check_call(b, true);
	assert_int_equal(b->party[0].requests + b->party[1].requests, 0);
	bed_free(b);
}

static void both_families(void **state)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, true, "2001:db8::10", 4000);
	struct ice_config cy = bed_config(b, 1, ICE_FULL, false, "2001:db8::20", 5000);

	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_exchange(b, 0, 1);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
	check_call(b, true);
	bed_free(b);
}

/* RFC 8445 §7.3.1.1: the greater tie-breaker controls. */
static void conflict(bool role, uint64_t tie0, uint64_t tie1)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, role, A, 4000);
	struct ice_config cy = bed_config(b, 1, ICE_FULL, role, B, 5000);

	cx.tie_breaker = tie0;
	cy.tie_breaker = tie1;
	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_exchange(b, 0, 1);
	assert_true(bed_run_until_selected(b, 0, 1, 3000) < 2000);
	check_call(b, tie0 > tie1);
	bed_run(b, 60000);
	check_call(b, tie0 > tie1);
	bed_free(b);
}

static void role_conflicts(void **state)
{
	conflict(true, 9, 3);
	conflict(true, 3, 9);
	conflict(false, 9, 3);
	conflict(false, 3, 9);
	conflict(true, UINT64_MAX, 1);
	conflict(false, 1, UINT64_MAX);
}

/* The one whose role is wrong is told even if only it sends. */
static void role_conflict_told(void **state)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, true, A, 4000);
	struct ice_addr from = bed_addr(B, 5000);
	struct ice_info info;

	cx.tie_breaker = 100;
	bed_agent(b, 0, &cx);
	assert_int_equal(bed_check(b, 0, &from, (struct bed_request){.tie_breaker = 100}), 0);
	assert_int_equal(b->party[0].last_error, 487);
	assert_false(ice_source_valid(b->party[0].agent, &from));
	assert_int_equal(bed_check(b, 0, &from, (struct bed_request){.tie_breaker = 101}), 0);
	assert_int_equal(b->party[0].errors, 1);
	ice_get_info(b->party[0].agent, &info);
	assert_false(info.controlling);
	assert_int_equal(bed_check(b, 0, &from,
				   (struct bed_request){.tie_breaker = 101, .controlled = true}),
			 0);
	assert_int_equal(b->party[0].errors, 2);
	assert_int_equal(
		bed_check(b, 0, &from, (struct bed_request){.tie_breaker = 99, .controlled = true}),
		0);
	ice_get_info(b->party[0].agent, &info);
	assert_true(info.controlling);
	bed_free(b);
}

static void with_loss(void **state)
{
	uint64_t worst = 0;

	for (unsigned int seed = 1; seed <= 60; seed++) {
		struct bed *b = bed_new();
		uint64_t took;

		b->random = seed;
		b->loss_percent = 30;
		pair_up(b, seed % 3 == 0 ? ICE_LITE : ICE_FULL, seed % 2, ICE_FULL, !(seed % 2));
		took = bed_run_until_selected(b, 0, 1, 30000);
		assert_true(took != UINT64_MAX);
		if (took > worst)
			worst = took;
		/* Once in a while six consent checks in a row are lost, and media is not. */
		b->party[0].media_alive = b->party[1].media_alive = true;
		bed_run(b, 120000);
		assert_int_equal(b->party[0].selections, 1);
		assert_int_equal(b->party[1].selections, 1);
		bed_free(b);
	}
	assert_true(worst < 20000);
}

/* ---- NAT ----------------------------------------------------------------------------------- */

static void gathers(void **state)
{
	struct bed *b = bed_new();
	struct ice_config c = bed_config(b, 0, ICE_FULL, true, "10.0.0.1", 4000);
	struct candidate all[ICE_LOCALS_MAX];
	union wire_ip nat, inside;

	c.stun_server[0] = b->stun_server;
	c.stun_server[1] = bed_addr("198.51.100.9", 3478); /* answers nothing */
	c.stun_server[2] = b->stun_server;                 /* nothing new */
	c.stun_server[3] = bed_addr("2001:db8::1", 3478);  /* of the other family */
	c.stun_server_count = 4;
	bed_nat(b, 0, "203.0.113.1", 40000);
	bed_agent(b, 0, &c);
	assert_int_equal(b->party[0].sent, 0); /* not from within ice_new() */
	assert_int_equal(ice_local_candidates(b->party[0].agent, all), 1);
	bed_run(b, 500);
	assert_int_equal(b->party[0].found_count, 1);
	assert_false(ice_gathered(b->party[0].agent));
	bed_run(b, 20000);
	assert_true(ice_gathered(b->party[0].agent));
	assert_int_equal(b->party[0].gathered, 1);
	assert_int_equal(ice_local_candidates(b->party[0].agent, all), 2);
	wire_ip_parse("203.0.113.1", &nat);
	wire_ip_parse("10.0.0.1", &inside);
	assert_int_equal(all[1].type, CANDIDATE_SRFLX);
	assert_true(wire_ip_equal(&all[1].ip, &nat));
	assert_int_equal(all[1].port, 40000);
	assert_true(wire_ip_equal(&all[1].related, &inside));
	assert_int_equal(all[1].related_port, 4000);
	assert_true(all[1].priority < all[0].priority);
	bed_free(b);
}

/* Nobody but the server asked may answer, and only with the id that it was asked with. */
static void gathering_is_not_fooled(void **state)
{
	struct bed *b = bed_new();
	struct ice_config c = bed_config(b, 0, ICE_FULL, true, A, 4000);
	struct ice_addr liar = bed_addr(B, 3478), lie = bed_addr("203.0.113.66", 6666);
	struct stun_writer w;
	struct stun_msg m;
	uint8_t buf[100], id[STUN_ID_LEN] = {0};

	c.stun_server[0] = b->stun_server;
	c.stun_server_count = 1;
	bed_agent(b, 0, &c);
	b->loss_percent = 100;
	bed_run(b, 100);
	assert_int_equal(b->party[0].requests, 1);
	assert_int_equal(stun_parse(b->party[0].last, b->party[0].last_len, &m), 0);
	stun_begin(&w, buf, sizeof(buf), STUN_SUCCESS, STUN_BINDING, m.id);
	stun_put_address(&w, &lie.ip, lie.port);
	assert_int_equal(ice_input(b->party[0].agent, &liar, buf, stun_end(&w)), -ESRCH);
	stun_begin(&w, buf, sizeof(buf), STUN_SUCCESS, STUN_BINDING, id);
	stun_put_address(&w, &lie.ip, lie.port);
	assert_int_equal(ice_input(b->party[0].agent, &b->stun_server, buf, stun_end(&w)), -ESRCH);
	assert_int_equal(b->party[0].found_count, 0);
	bed_free(b);
}

/* One behind a NAT, without a STUN server: the other learns its address from the check. */
static void peer_reflexive(void **state)
{
	for (unsigned int lite = 0; lite < 2; lite++) {
		struct bed *b = bed_new();
		struct ice_config cx = bed_config(b, 0, ICE_FULL, true, "10.0.0.1", 4000);
		struct ice_config cy = bed_config(b, 1, lite ? ICE_LITE : ICE_FULL, false, B, 5000);
		struct ice_info info;

		bed_nat(b, 0, "203.0.113.1", 40000);
		bed_agent(b, 0, &cx);
		bed_agent(b, 1, &cy);
		bed_exchange(b, 0, 1);
		assert_true(bed_run_until_selected(b, 0, 1, 3000) < 1000);
		ice_get_info(b->party[1].agent, &info);
		assert_int_equal(info.learned, 1);
		assert_int_equal(info.remotes, 2);
		assert_int_equal(info.selected.port, 40000);
		bed_free(b);
	}
}

static void both_behind_nat(void **state)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, true, "10.0.0.1", 4000);
	struct ice_config cy = bed_config(b, 1, ICE_FULL, false, "10.0.0.1", 5000);

	cx.stun_server[0] = cy.stun_server[0] = b->stun_server;
	cx.stun_server_count = cy.stun_server_count = 1;
	bed_nat(b, 0, "203.0.113.1", 40000);
	bed_nat(b, 1, "203.0.113.2", 50000);
	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	bed_run(b, 300);
	bed_exchange(b, 0, 1);
	assert_true(bed_run_until_selected(b, 0, 1, 5000) < 3000);
	assert_int_equal(b->party[0].selected.port, 50000);
	assert_int_equal(b->party[1].selected.port, 40000);
	bed_free(b);
}

static void no_path(void **state)
{
	struct bed *b = bed_new();

	b->loss_percent = 100;
	pair_up(b, ICE_FULL, true, ICE_LITE, false);
	bed_run(b, 39000);
	assert_int_equal(b->party[0].state, ICE_CHECKING);
	bed_run(b, 1000);
	assert_int_equal(b->party[0].state, ICE_FAILED);
	assert_string_equal(b->party[0].reason, "no pair works");
	assert_int_equal(b->party[1].state, ICE_FAILED);
	assert_string_equal(b->party[1].reason, "no authentic check came");
	/* One check, sent so many times and no more. */
	assert_int_equal(b->party[0].requests, 20);
	bed_run(b, 60000);
	assert_int_equal(b->party[0].requests, 20);
	bed_free(b);
}

/* ---- trickle ------------------------------------------------------------------------------- */

static void trickle(void **state)
{
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, true, A, 4000);
	struct ice_config cy = bed_config(b, 1, ICE_FULL, false, B, 5000);
	struct candidate c[ICE_LOCALS_MAX];
	char wrong[] = "wrong";

	bed_agent(b, 0, &cx);
	bed_agent(b, 1, &cy);
	ice_local_candidates(b->party[1].agent, c);
	assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c[0]), -EAGAIN);
	assert_int_equal(bed_tell(b, 0, 1), 0);
	assert_int_equal(bed_tell(b, 1, 0), 0);
	bed_run(b, 2000);
	assert_int_equal(b->party[0].requests, 0);
	c[0].ufrag = wrong;
	c[0].ufrag_len = strlen(wrong);
	assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c[0]), -EAGAIN);
	c[0].ufrag = ice_ufrag(b->party[1].agent);
	c[0].ufrag_len = ICE_UFRAG_LEN;
	c[0].component = 2;
	assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c[0]), 0);
	bed_run(b, 100);
	assert_int_equal(b->party[0].requests, 0);
	c[0].component = 1;
	assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c[0]), 0);
	assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c[0]), 0);
	/* One side's candidates are enough; nobody says that there will be no more. */
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 600);
	bed_free(b);
}

/* The peer checks before its answer has come. */
static void early_checks(void **state)
{
	for (unsigned int lite = 0; lite < 2; lite++) {
		struct bed *b = bed_new();
		struct ice_config cx = bed_config(b, 0, lite ? ICE_LITE : ICE_FULL, false, A, 4000);
		struct ice_config cy = bed_config(b, 1, ICE_FULL, true, B, 5000);

		bed_agent(b, 0, &cx);
		bed_agent(b, 1, &cy);
		assert_int_equal(bed_tell(b, 0, 1), 0);
		bed_tell_candidates(b, 0, 1);
		bed_run(b, 1000);
		assert_true(ice_source_valid(b->party[0].agent, &b->party[1].local));
		assert_true(bed_has_selected(b, 1));
		assert_int_equal(bed_has_selected(b, 0), lite);
		assert_int_equal(bed_tell(b, 1, 0), 0);
		bed_run(b, 200);
		assert_true(bed_has_selected(b, 0));
		assert_int_equal(b->party[0].state, ICE_COMPLETED);
		bed_free(b);
	}
}

/* ---- restart ------------------------------------------------------------------------------- */

static void restart(void **state)
{
	for (unsigned int who = 0; who < 4; who++) {
		struct bed *b = bed_new();
		unsigned int x = who & 1, y = !x;
		char ufrag[ICE_UFRAG_LEN + 1], pwd[ICE_PWD_LEN + 1], username[32];
		struct ice_addr stranger = bed_addr("192.0.2.99", 99);
		struct bed_request old = {.pwd = pwd, .no_role = true};

		pair_up(b, ICE_FULL, true, who & 2 ? ICE_LITE : ICE_FULL, false);
		assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
		strcpy(ufrag, ice_ufrag(b->party[x].agent));
		strcpy(pwd, ice_pwd(b->party[x].agent));
		snprintf(username, sizeof(username), "%s:x", ufrag);
		old.username = username;

		assert_int_equal(ice_restart(b->party[x].agent), 0);
		assert_string_not_equal(ufrag, ice_ufrag(b->party[x].agent));
		/* Unanswered: the same again, and the call goes on as before. */
		strcpy(ufrag, ice_ufrag(b->party[x].agent));
		assert_int_equal(ice_restart(b->party[x].agent), 0);
		assert_string_equal(ufrag, ice_ufrag(b->party[x].agent));
		bed_run(b, 60000);
		assert_int_equal(b->party[0].state, ICE_COMPLETED);
		assert_int_equal(b->party[1].state, ICE_COMPLETED);
		assert_int_equal(bed_check(b, x, &stranger, old), 0);

		/* The offer arrives: the peer's own credentials change with it. */
		assert_int_equal(bed_tell(b, x, y), 1);
		assert_int_equal(bed_tell(b, x, y), 0);
		assert_int_equal(bed_check(b, x, &stranger, old), 0);
		bed_tell_candidates(b, x, y);
		assert_int_equal(bed_tell(b, y, x), 0);
		bed_tell_candidates(b, y, x);
		assert_true(bed_run_until_selected(b, 0, 1, 3000) < 1000);
		/* The same addresses: nothing to tell. The old credentials are of no more use. */
		check_call(b, true);
		assert_int_equal(bed_check(b, x, &stranger, old), -EACCES);
		bed_run(b, 60000);
		check_call(b, true);
		bed_free(b);
	}
}

/* The peer comes back from another address, as a browser that changes networks does. */
static void restart_moves(void **state)
{
	struct bed *b = bed_new();
	struct ice_config c = bed_config(b, 2, ICE_FULL, true, "192.0.2.30", 6000);

	pair_up(b, ICE_FULL, true, ICE_LITE, false);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
	b->party[0].cut = true;
	bed_agent(b, 2, &c);
	assert_int_equal(bed_tell(b, 2, 1), 1);
	assert_int_equal(bed_tell(b, 1, 2), 0);
	bed_tell_candidates(b, 1, 2);
	bed_run(b, 1000);
	assert_int_equal(b->party[1].selections, 2);
	assert_int_equal(b->party[1].selected.port, 6000);
	assert_int_equal(b->party[1].state, ICE_COMPLETED);
	bed_free(b);
}

/* A restart upon a restart that has not come to an end. */
static void restart_twice(void **state)
{
	struct bed *b = bed_new();

	pair_up(b, ICE_FULL, true, ICE_FULL, false);
	assert_true(bed_run_until_selected(b, 0, 1, 1000) < 200);
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(ice_restart(b->party[0].agent), 0);
		assert_int_equal(bed_tell(b, 0, 1), 1);
		assert_int_equal(bed_tell(b, 1, 0), 0);
		bed_run(b, 10);
	}
	bed_tell_candidates(b, 0, 1);
	bed_tell_candidates(b, 1, 0);
	assert_true(bed_run_until_selected(b, 0, 1, 3000) < 1000);
	check_call(b, true);
	bed_free(b);
}

/* Link-local addresses pair with link-local ones only (RFC 8445 §6.1.2.2). */
static void link_local(void **state)
{
	static const char *const local[] = {"2001:db8::1", "fe80::1"};
	static const char pwd[] = "abcdefghijklmnopqrstuv";
	struct candidate c = {.foundation = "1", .component = 1, .priority = 1, .port = 9};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct bed *b = bed_new();
		struct ice_config cx = bed_config(b, 0, ICE_FULL, true, local[i], 4000);

		bed_agent(b, 0, &cx);
		assert_int_equal(ice_set_remote(b->party[0].agent, "abcd", pwd, false), 0);
		wire_ip_parse("fe80::7", &c.ip);
		assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c),
				 i == 0 ? -EAFNOSUPPORT : 0);
		wire_ip_parse("2001:db8::7", &c.ip);
		assert_int_equal(ice_add_remote_candidate(b->party[0].agent, &c),
				 i == 0 ? 0 : -EAFNOSUPPORT);
		bed_free(b);
	}
}

static void misuse(void **state)
{
	static const char good[] = "abcdefghijklmnopqrstuv";
	struct bed *b = bed_new();
	struct ice_config cx = bed_config(b, 0, ICE_FULL, true, A, 4000);
	struct candidate c = {.foundation = "1", .component = 1, .priority = 1, .port = 9};
	struct ice_agent *a;
	char longest[258];

	bed_agent(b, 0, &cx);
	a = b->party[0].agent;
	memset(longest, 'a', 257);
	longest[257] = '\0';
	assert_int_equal(ice_set_remote(a, "abc", good, false), -EINVAL);
	assert_int_equal(ice_set_remote(a, "abcd", good + 1, false), -EINVAL);
	assert_int_equal(ice_set_remote(a, "ab:d", good, false), -EINVAL);
	assert_int_equal(ice_set_remote(a, "abcd", longest, false), -EINVAL);
	assert_int_equal(ice_set_remote(a, longest, good, false), -EINVAL);
	assert_null(ice_remote_ufrag(a));
	assert_int_equal(ice_set_remote(a, longest + 1, longest + 1, false), 0);
	assert_string_equal(ice_remote_ufrag(a), longest + 1);
	wire_ip_parse("192.0.2.7", &c.ip);
	assert_int_equal(ice_add_remote_candidate(a, &c), 0);
	bed_run(b, 100);
	assert_int_equal(b->party[0].requests, 1); /* the longest username fits */
	wire_ip_parse("2001:db8::7", &c.ip);
	assert_int_equal(ice_add_remote_candidate(a, &c), -EAFNOSUPPORT);
	wire_ip_parse("224.0.0.1", &c.ip);
	assert_int_equal(ice_add_remote_candidate(a, &c), -EINVAL);
	wire_ip_parse("192.0.2.8", &c.ip);
	c.port = 0;
	assert_int_equal(ice_add_remote_candidate(a, &c), -EINVAL);
	assert_true(ice_credentials_ok("ab+/", 4, good, 22));
	assert_false(ice_credentials_ok("ab+ ", 4, good, 22));
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_full),
		cmocka_unit_test(full_lite),
		cmocka_unit_test(lite_lite),
		cmocka_unit_test(both_families),
		cmocka_unit_test(role_conflicts),
		cmocka_unit_test(role_conflict_told),
		cmocka_unit_test(with_loss),
		cmocka_unit_test(gathers),
		cmocka_unit_test(gathering_is_not_fooled),
		cmocka_unit_test(peer_reflexive),
		cmocka_unit_test(both_behind_nat),
		cmocka_unit_test(no_path),
		cmocka_unit_test(trickle),
		cmocka_unit_test(early_checks),
		cmocka_unit_test(restart),
		cmocka_unit_test(restart_moves),
		cmocka_unit_test(restart_twice),
		cmocka_unit_test(link_local),
		cmocka_unit_test(misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
