/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys that change in a running call, and their end. */
#include "secure_bed.h"

#include <errno.h>

/* The far end's key comes with its answer; our own stays, and so do the plans. */
static void answer_comes(void **state)
{
	struct session_params p = session_params_46("a");
	struct leg_security sec = sdes(CM80, 0, 0);
	const struct flow_secure *fs;
	const struct srtp_keys *tx;
	const struct flow_plan *plan;
	char crypto[SDES_STRLEN];
	struct session_change c;
	struct session_answer a;

	p.leg[1].security = sec;
	a = must_create(s, &p);
	snprintf(crypto, sizeof(crypto), "%s", a.leg[1].crypto);
	fs = secret_of(&a, 1);
	tx = fs->tx;
	plan = rtp_plan(&a, 1);
	assert_true(plan->flags & FLOW_PLAN_OPEN);
	assert_null(fs->rx);

	sec.remote = key_of(CM80, 2);
	c = secure_leg("a", 1, &sec);
	a = must_update(s, &c);
	assert_int_equal(a.generation, 2);
	assert_string_equal(a.leg[1].crypto, crypto);
	assert_null(a.leg[0].profile);
	assert_ptr_equal(rtp_plan(&a, 1), plan);
	assert_ptr_equal(fs->tx, tx);
	assert_true(fs->rx != NULL && fs->rx_old == NULL);

	/* Nobody who did not ask is told. */
	c = (struct session_change){.id = "a"};
	a = must_update(s, &c);
	assert_null(a.leg[1].profile);
	assert_null(a.leg[1].crypto);

	/* The offer that is answered next has another tag: the same key under it. */
	sec.tag = 3;
	c = secure_leg("a", 1, &sec);
	a = must_update(s, &c);
	assert_ptr_equal(fs->tx, tx);
	assert_int_equal(strncmp(a.leg[1].crypto, "3 ", 2), 0);
	assert_string_equal(strchr(a.leg[1].crypto, ' '), strchr(crypto, ' '));
	must_end("a");
	all_is_free();
}

static void same_again_changes_nothing(void **state)
{
	struct session_params p = session_params_46("a");
	struct flow_secure before;
	struct session_change c;
	struct session_answer a;

	p.leg[1].security = sdes(CM80, 1, 2);
	p.leg[1].security.remote.lifetime = UINT64_C(1) << 31;
	a = must_create(s, &p);
	before = *secret_of(&a, 1);
	c = secure_leg("a", 1, &p.leg[1].security);
	assert_int_equal(must_update(s, &c).generation, 1);
	c.leg[1].security.has_profile = false; /* as it is */
	assert_int_equal(must_update(s, &c).generation, 1);
	c.leg[1].security.local.master_len = c.leg[1].security.remote.master_len = 0;
	c.leg[1].security.remote.lifetime = 0;
	assert_int_equal(must_update(s, &c).generation, 1);
	c.leg[0].set_security = true; /* none, as it is */
	assert_int_equal(must_update(s, &c).generation, 1);
	assert_memory_equal(secret_of(&a, 1), &before, sizeof(before));
	must_end("a");
	all_is_free();
}

static void rekey(void **state)
{
	struct session_params p = session_params_46("a");
	struct leg_security sec = sdes(CM80, 3, 4);
	const struct flow_secure *fs;
	struct flow_secure first, second;
	uint64_t bytes, one;
	struct session_change c;
	struct session_answer a;

	p.leg[1].security = sdes(CM80, 1, 2);
	a = must_create(s, &p);
	fs = secret_of(&a, 1);
	first = *fs;
	bytes = stats().secure_bytes;
	one = srtp_keys_size(h->srtp_engine, CM80);

	/* While a worker may be looking, all of the old is there. */
	test_reader_enter(h);
	c = secure_leg("a", 1, &sec);
	assert_int_equal(must_update(s, &c).generation, 2);
	second = *fs;
	assert_ptr_equal(fs->rx_old, first.rx);
	assert_ptr_not_equal(fs->rx, first.rx);
	assert_ptr_not_equal(fs->tx, first.tx);
	assert_ptr_equal(fs->leg, first.leg);
	assert_int_equal(stats().secure_bytes, bytes + 2 * one);
	test_turn(h, 1);
	assert_int_equal(stats().secure_bytes, bytes + 2 * one);
	test_reader_leave(h);
	test_turn(h, 1);
	assert_int_equal(stats().secure_bytes, bytes + one); /* rx_old stays */

	/* Only the far end's: the first goes, ours stays. */
	sec = sdes(CM80, 0, 5);
	c = secure_leg("a", 1, &sec);
	must_update(s, &c);
	assert_ptr_equal(fs->rx_old, second.rx);
	assert_ptr_equal(fs->tx, second.tx);
	test_turn(h, 1);
	assert_int_equal(stats().secure_bytes, bytes + one);
	assert_int_equal(stats().rekeyed, 2);
	must_end("a");
	all_is_free();
}

/* Another profile: a new key of ours, and the far end's until its new one is known. */
static void other_profile(void **state)
{
	struct session_params p = session_params_46("a");
	struct leg_security sec = sdes(SRTP_AEAD_AES_128_GCM, 0, 0);
	const struct flow_secure *fs;
	struct session_change c;
	struct session_answer a;

	p.leg[1].security = sdes(CM80, 1, 2);
	a = must_create(s, &p);
	fs = secret_of(&a, 1);
	c = secure_leg("a", 1, &sec);
	a = must_update(s, &c);
	assert_non_null(a.leg[1].crypto);
	assert_int_equal(srtp_keys_profile(fs->tx), SRTP_AEAD_AES_128_GCM);
	assert_int_equal(srtp_keys_profile(fs->rx), CM80);
	sec.remote = key_of(SRTP_AEAD_AES_128_GCM, 9);
	c = secure_leg("a", 1, &sec);
	must_update(s, &c);
	assert_int_equal(srtp_keys_profile(fs->rx), SRTP_AEAD_AES_128_GCM);
	assert_int_equal(srtp_keys_profile(fs->rx_old), CM80);
	must_end("a");
	all_is_free();
}

static void on_and_off(void **state)
{
	struct session_params p = session_params_46("a");
	struct leg_security on = sdes(CM80, 1, 2), off = {.type = LEG_SECURITY_NONE};
	const struct flow_secure *fs;
	const struct srtp_keys *first;
	struct session_change c;
	struct session_answer a;
	uint8_t epoch;

	a = must_create(s, &p);
	fs = secret_of(&a, 1);
	epoch = rtp_plan(&a, 1)->epoch;
	c = secure_leg("a", 1, &on);
	must_update(s, &c);
	assert_int_equal(secure_flags_of(&a, 0, false), FLOW_PLAN_SEAL);
	assert_int_equal(secure_flags_of(&a, 1, false), FLOW_PLAN_OPEN);
	assert_int_not_equal(rtp_plan(&a, 1)->epoch, epoch); /* plain packets taught in vain */
	first = fs->rx;

	/* Off: plans change at once, keys stay while a worker may use the old plans. */
	test_turn(h, 1);
	test_reader_enter(h);
	c = secure_leg("a", 1, &off);
	must_update(s, &c);
	assert_int_equal(secure_flags_of(&a, 0, false), 0);
	assert_int_equal(secure_flags_of(&a, 1, false), 0);
	assert_ptr_equal(fs->rx, first);
	assert_int_equal(stats().secured, 0);

	/* On again before those are gone: they still go. */
	on = sdes(CM80, 3, 4);
	c = secure_leg("a", 1, &on);
	must_update(s, &c);
	assert_ptr_not_equal(fs->rx, first);
	assert_null(fs->rx_old);
	test_reader_leave(h);
	test_turn(h, 1);
	assert_true(fs->rx != NULL && fs->tx != NULL && fs->leg != NULL);
	assert_int_equal(secure_flags_of(&a, 1, false), FLOW_PLAN_OPEN);

	c = secure_leg("a", 1, &off);
	must_update(s, &c);
	test_turn(h, 1);
	assert_true(fs->rx == NULL && fs->tx == NULL && fs->rx_old == NULL);
	assert_non_null(fs->leg); /* knows which indices have been used */
	must_end("a");
	all_is_free();
}

static void update_faults(void **state)
{
	struct session_params p = session_params_46("a");
	struct leg_security sec = sdes(CM80, 3, 4);
	struct flow_secure before;
	struct session_change c;
	struct session_error err;
	struct session_answer a;
	uint64_t bytes;

	p.leg[1].security = sdes(CM80, 1, 2);
	a = must_create(s, &p);
	before = *secret_of(&a, 1);
	bytes = stats().secure_bytes;

	sec.window = 1024;
	c = secure_leg("a", 1, &sec);
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_CONFLICT);
	assert_string_equal(err.path, "/legs/1/security/window");

	sec = sdes(CM80, 0, 4);
	sec.local.mki_len = 1;
	c = secure_leg("a", 1, &sec);
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_BAD_PARAMS);
	assert_string_equal(err.path, "/legs/1/security/local_key");

	/* Not all of it can be: none of it is. */
	sec = sdes(CM80, 3, 4);
	c = secure_leg("a", 1, &sec);
	c.leg[0].set_remote = c.leg[0].has_remote = true;
	c.leg[0].remote = p.leg[0].remote;
	c.leg[0].remote.port++;
	test_neigh_fault = -ENETUNREACH;
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_BAD_PARAMS);
	a = must_create(s, &p);
	assert_memory_equal(secret_of(&a, 1), &before, sizeof(before));
	assert_int_equal(stats().secure_bytes, bytes);
	assert_int_equal(a.generation, 1);
	must_end("a");

	p = session_params_46("u");
	p.leg[0].kind = LEG_KIND_UDP;
	must_create(s, &p);
	c = secure_leg("u", 1, &sec);
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_BAD_PARAMS);
	assert_string_equal(err.path, "/legs/1/security");
	must_end("u");
	all_is_free();
}

/* Ended with keys on their way out, and with the daemon while workers never let go. */
static void ends(void **state)
{
	struct session_params p = session_params_46("a");
	struct leg_security sec = sdes(CM80, 3, 4);
	struct session_change c = secure_leg("a", 0, &sec);

	p.leg[0].security = sdes(CM80, 1, 2);
	p.leg[1].security = sdes(CM80, 0, 0);
	must_create(s, &p);
	test_reader_enter(h);
	must_update(s, &c);
	must_delete(s, "a");
	test_reader_leave(h);
	test_turn(h, 1);
	all_is_free();

	must_create(s, &p);
	test_reader_enter(h);
	must_update(s, &c);
	p.id = "b";
	must_create(s, &p);
	test_reader_leave(h);
	/* tear_down() finds two sessions and a step on its way. */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(answer_comes), CASE(same_again_changes_nothing),
		CASE(rekey),        CASE(other_profile),
		CASE(on_and_off),   CASE(update_faults),
		CASE(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
