/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of legs: where they are, what plans say of them, when they are gone. */
#include "check.h"

#include <errno.h>

#include "call.h"
#include "call_host.h"
#include "session_must.h"

static struct host *h;
static struct sessions *s;

static int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	return sessions_create(&s, h);
}

static int tear_down(void **state)
{
	sessions_free(s);
	test_host_free(h);
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

static struct sdes_key key_of(enum srtp_profile p, uint8_t fill)
{
	struct sdes_key k = {0};

	k.master_len = (uint8_t)(srtp_profile_key_len(p) + srtp_profile_salt_len(p));
	memset(k.master, fill, k.master_len);
	return k;
}

/* fill 0: no such key */
static struct leg_security sdes(enum srtp_profile p, uint8_t local, uint8_t remote)
{
	struct leg_security sec = {
		.type = LEG_SECURITY_SDES, .has_profile = true, .profile = (uint8_t)p};

	if (local != 0)
		sec.local = key_of(p, local);
	if (remote != 0)
		sec.remote = key_of(p, remote);
	return sec;
}

#define CM80 SRTP_AES_CM_128_HMAC_SHA1_80

static struct session_change secure_leg(const char *id, unsigned int leg,
					const struct leg_security *sec)
{
	struct session_change c = {.id = id};

	c.leg[leg].set_security = true;
	c.leg[leg].security = *sec;
	return c;
}

static void must_end(const char *id)
{
	must_delete(s, id);
	test_turn(h, 1);
}

static struct sessions_stats stats(void)
{
	struct sessions_stats st;

	sessions_stats(s, &st);
	return st;
}

static void all_is_free(void)
{
	struct sessions_stats st = stats();

	assert_int_equal(st.secured, 0);
	assert_int_equal(st.secure_bytes, 0);
	assert_int_equal(st.plans_free, st.plans_total);
	assert_int_equal(test_neigh_refs, 0);
	for (uint32_t i = 0; i < SESSION_LEGS * h->tables->session_count; i++) {
		const struct flow_secure *fs = &h->tables->secure[i];

		assert_true(fs->rx == NULL && fs->rx_old == NULL && fs->tx == NULL &&
			    fs->leg == NULL);
	}
}

static const struct flow_plan *rtp_plan(const struct session_answer *a, unsigned int leg)
{
	const struct flow_plan *p = test_plan(h, (uint16_t)leg, a->leg[leg].local.port);

	assert_non_null(p);
	return p;
}

static uint16_t secure_flags_of(const struct session_answer *a, unsigned int leg, bool rtcp)
{
	const struct flow_plan *p = rtp_plan(a, leg);

	if (rtcp)
		p = &h->tables->plan[p->rtcp_plan];
	return p->flags & (FLOW_PLAN_OPEN | FLOW_PLAN_SEAL);
}

static const struct flow_secure *secret_of(const struct session_answer *a, unsigned int leg)
{
	return &h->tables->secure[rtp_plan(a, leg)->leg];
}

/* ---- create ---------------------------------------------------------------------------------- */

static void plain_takes_nothing(void **state)
{
	struct session_params p = session_params_46("a");
	struct session_answer a = must_create(s, &p);

	assert_int_equal(secure_flags_of(&a, 0, false), 0);
	assert_int_equal(stats().secure_bytes, 0);
	assert_null(a.leg[0].profile);
	must_end("a");
	all_is_free();
}

static void one_leg(void **state)
{
	struct session_params p = session_params_46("a");
	const struct flow_secure *fs;
	struct session_answer a;

	p.leg[1].security = sdes(CM80, 1, 2);
	a = must_create(s, &p);
	assert_string_equal(a.leg[1].profile, "AES_CM_128_HMAC_SHA1_80");
	assert_null(a.leg[1].crypto); /* it was given */
	assert_null(a.leg[0].profile);
	for (int rtcp = 0; rtcp < 2; rtcp++) {
		assert_int_equal(secure_flags_of(&a, 0, rtcp), FLOW_PLAN_SEAL);
		assert_int_equal(secure_flags_of(&a, 1, rtcp), FLOW_PLAN_OPEN);
	}
	fs = secret_of(&a, 0);
	assert_true(fs->rx == NULL && fs->tx == NULL && fs->leg == NULL);
	fs = secret_of(&a, 1);
	assert_true(fs->rx != NULL && fs->tx != NULL && fs->leg != NULL && fs->rx_old == NULL);
	assert_int_equal(srtp_keys_profile(fs->rx), CM80);
	assert_int_equal(stats().secured, 1);
	must_end("a");
	all_is_free();
}

static void every_profile(void **state)
{
	for (enum srtp_profile i = 0; i < SRTP_PROFILE_COUNT; i++) {
		struct session_params p = session_params_46("a");
		struct session_answer a;

		p.leg[0].security = sdes(i, 1, 2);
		p.leg[1].security = sdes(SRTP_PROFILE_COUNT - 1 - i, 0, 3);
		a = must_create(s, &p);
		assert_int_equal(secure_flags_of(&a, 0, false), FLOW_PLAN_OPEN | FLOW_PLAN_SEAL);
		assert_int_equal(srtp_keys_profile(secret_of(&a, 0)->tx), i);
		assert_int_equal(srtp_keys_profile(secret_of(&a, 1)->tx),
				 SRTP_PROFILE_COUNT - 1 - i);
		must_end("a");
		all_is_free();
	}
}

/* A key that tandem makes is told, again and again, and is good SDP. */
static void made_key(void **state)
{
	struct session_params p = session_params_46("a");
	char crypto[SDES_STRLEN];
	struct session_answer a;
	struct sdes parsed;
	const char *why;

	p.leg[0].security = sdes(CM80, 0, 2);
	p.leg[0].security.tag = 7;
	p.leg[0].security.local.lifetime = 1 << 20;
	p.leg[0].security.local.mki_len = 4;
	p.leg[0].security.local.mki[3] = 9;
	a = must_create(s, &p);
	assert_non_null(a.leg[0].crypto);
	snprintf(crypto, sizeof(crypto), "%s", a.leg[0].crypto);
	assert_int_equal(sdes_parse(crypto, strlen(crypto), &parsed, &why), 0);
	assert_int_equal(parsed.tag, 7);
	assert_int_equal(parsed.suite, SDES_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(parsed.key[0].lifetime, 1 << 20);
	assert_int_equal(parsed.key[0].mki_len, 4);
	assert_int_equal(parsed.key[0].mki[3], 9);
	assert_int_equal(srtp_keys_growth(secret_of(&a, 0)->tx, false), 10 + 4);

	a = must_create(s, &p);
	assert_false(a.created);
	assert_string_equal(a.leg[0].crypto, crypto);
	must_end("a");
	a = must_create(s, &p);
	assert_string_not_equal(a.leg[0].crypto, crypto);
	must_end("a");
	all_is_free();
}

/* The same create again is the same; with other keys it is a conflict. */
static void idempotent(void **state)
{
	struct session_params p = session_params_46("a"), q = p;
	struct session_error err;
	struct session_answer a;

	p.leg[1].security = sdes(CM80, 1, 2);
	must_create(s, &p);
	q.leg[1].security = sdes(CM80, 1, 2);
	q.leg[1].security.window = 128; /* the configured one */
	q.leg[1].security.tag = 1;
	assert_false(must_create(s, &q).created);
	for (int i = 0; i < 6; i++) {
		q.leg[1].security = sdes(CM80, 1, 2);
		switch (i) {
		case 0: q.leg[1].security.local.master[29]++; break;
		case 1: q.leg[1].security.remote.master[0]++; break;
		case 2: q.leg[1].security.profile = SRTP_AES_CM_128_HMAC_SHA1_32; break;
		case 3: q.leg[1].security.remote.lifetime = 1 << 20; break;
		case 4: q.leg[1].security.window = 256; break;
		case 5: q.leg[1].security.type = LEG_SECURITY_NONE; break;
		}
		assert_int_equal(session_create(s, &q, &a, &err), SESSION_CONFLICT);
	}
	must_end("a");
	all_is_free();
}

static void failures_leave_nothing(void **state)
{
	struct session_params p = session_params_46("a");
	struct session_error err;
	struct session_answer a;

	p.leg[0].security = sdes(CM80, 0, 2);
	p.leg[1].security = sdes(SRTP_AEAD_AES_256_GCM, 1, 2);
	test_neigh_fault = -ENETUNREACH;
	assert_int_equal(session_create(s, &p, &a, &err), SESSION_BAD_PARAMS);
	all_is_free();
	p.leg[1].security.remote.master_len--;
	assert_int_equal(session_create(s, &p, &a, &err), SESSION_BAD_PARAMS);
	assert_string_equal(err.path, "/legs/1/security/remote_key");
	assert_non_null(strstr(err.reason, "44, not 43"));
	all_is_free();
}

static void faults(void **state)
{
	struct session_params p = session_params_46("a");
	struct session_error err;
	struct session_answer a;

	p.leg[1].security = sdes(CM80, 1, 2);
	p.leg[1].security.has_profile = false;
	assert_int_equal(session_create(s, &p, &a, &err), SESSION_BAD_PARAMS);
	assert_string_equal(err.path, "/legs/1/security/profile");
	p.leg[1].security = sdes(CM80, 1, 2);
	p.leg[1].security.local = key_of(SRTP_AEAD_AES_128_GCM, 1);
	assert_int_equal(session_create(s, &p, &a, &err), SESSION_BAD_PARAMS);
	assert_string_equal(err.path, "/legs/1/security/local_key");
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		p = session_params_46("a");
		p.leg[1].security = sdes(CM80, 1, 2);
		p.leg[i].kind = LEG_KIND_UDP;
		assert_int_equal(session_create(s, &p, &a, &err), SESSION_BAD_PARAMS);
		assert_string_equal(err.path, "/legs/1/security");
	}
	all_is_free();
}

/* ---- the same keys crosswise ------------------------------------------------------------------
 */

static void untouched(void **state)
{
	struct session_params p = session_params_46("a");
	struct leg_security other = sdes(CM80, 3, 0);
	struct session_change c;
	struct session_answer a;
	struct tnd_buf b = {0};

	p.leg[0].security = sdes(CM80, 1, 2);
	p.leg[1].security = sdes(CM80, 2, 1);
	a = must_create(s, &p);
	assert_int_equal(secure_flags_of(&a, 0, false), 0);
	assert_int_equal(secure_flags_of(&a, 1, true), 0);
	session_write(s, &s->table[0], &b, NULL);
	tnd_buf_addc(&b, '\0');
	assert_non_null(strstr(b.data, "\"untouched\":true"));
	tnd_buf_free(&b);

	/* One key is another: no longer. And back. */
	c = secure_leg("a", 1, &other);
	must_update(s, &c);
	assert_int_equal(secure_flags_of(&a, 0, false), FLOW_PLAN_OPEN | FLOW_PLAN_SEAL);
	assert_int_equal(secure_flags_of(&a, 1, true), FLOW_PLAN_OPEN | FLOW_PLAN_SEAL);
	c = secure_leg("a", 1, &p.leg[1].security);
	must_update(s, &c);
	assert_int_equal(secure_flags_of(&a, 0, true), 0);
	must_end("a");
	all_is_free();
}

static void nearly_the_same(void **state)
{
	for (int i = 0; i < 5; i++) {
		struct session_params p = session_params_46("a");
		struct session_answer a;

		p.leg[0].security = sdes(CM80, 1, 2);
		p.leg[1].security = sdes(CM80, 2, 1);
		switch (i) {
		case 0: p.leg[1].security.remote.master[0]++; break;
		case 1: p.leg[1].security = sdes(CM80, 1, 2); break;
		case 2: p.leg[1].security = sdes(SRTP_AES_CM_128_HMAC_SHA1_32, 2, 1); break;
		case 3: p.leg[1].security = sdes(CM80, 2, 0); break;
		case 4: p.leg[0].security.local.mki_len = 1; break;
		}
		a = must_create(s, &p);
		assert_int_equal(secure_flags_of(&a, 0, false), FLOW_PLAN_OPEN | FLOW_PLAN_SEAL);
		must_end("a");
	}
	all_is_free();
}

/* ---- update -----------------------------------------------------------------------------------
 */

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

/* ---- memory -----------------------------------------------------------------------------------
 */

/*
 * At most 3 KiB with both legs encrypted, counted as it is taken. Where hash keys are those of
 * AVX-512, GCM takes them in addition.
 */
static size_t bytes_allowed(enum srtp_profile p)
{
	size_t more = srtp_keys_size(SRTP_ENGINE_IPSEC_MB, SRTP_AEAD_AES_128_GCM) - 384;

	return 3072 + (p >= SRTP_AEAD_AES_128_GCM ? 4 * more : 0);
}

static void bytes_a_session(void **state)
{
	for (enum srtp_profile i = 0; i < SRTP_PROFILE_COUNT; i++) {
		size_t all = secure_session_bytes(h->srtp_engine, i, SRTP_WINDOW_MIN), counted;
		struct session_params p = session_params_46("a");

		p.leg[0].security = sdes(i, 1, 2);
		p.leg[1].security = sdes(i, 3, 4);
		must_create(s, &p);
		counted = SESSION_BYTES + stats().secure_bytes +
			  SESSION_LEGS * (sizeof(struct flow_secure) + sizeof(char *));
		assert_int_equal(counted, all);
		print_message("%s: %zu bytes a session\n", srtp_profile_name(i), all);
		if (h->srtp_engine == SRTP_ENGINE_IPSEC_MB)
			assert_true(all <= bytes_allowed(i));
		must_end("a");
	}
	all_is_free();
}

static void memory_is_used_again(void **state)
{
	struct session_params p = session_params_46("a");
	size_t held = 0;

	p.leg[0].security = sdes(CM80, 1, 2);
	for (int i = 0; i < 1000; i++) {
		must_create(s, &p);
		must_end("a");
		if (i == 0)
			held = s->slabs.held;
	}
	assert_int_equal(s->slabs.held, held);
}

static void slab_objects(void **state)
{
	static char *object[4000];
	struct slabs slabs = {0};
	static const size_t sizes[] = {1, 16, 65, 304, 4096};

	for (size_t k = 0; k < COUNT(sizes); k++) {
		for (size_t i = 0; i < COUNT(object); i++) {
			object[i] = slab_take(&slabs, sizes[k]);
			assert_non_null(object[i]);
			assert_int_equal((uintptr_t)object[i] % SLAB_ALIGN, 0);
			memset(object[i], (int)i, sizes[k]);
		}
		for (size_t i = 0; i < COUNT(object); i++) {
			assert_int_equal(object[i][0], (char)i);
			assert_int_equal(object[i][sizes[k] - 1], (char)i);
			slab_give(&slabs, object[i], sizes[k]);
		}
	}
	assert_int_equal(slabs.used, 0);
	/* 1 and 16 share one; headers take a line of a chunk. */
	assert_int_equal(slabs.count, COUNT(sizes) - 1);
	assert_true(slabs.held < COUNT(object) * (16 + 80 + 304 + 4096) * 2);
	while (slabs.count < SLAB_SIZES)
		assert_non_null(slab_take(&slabs, 8192 + 64 * slabs.count));
	assert_null(slab_take(&slabs, 1 << 20));
	slabs_free(&slabs);
	assert_int_equal(slabs.held, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(plain_takes_nothing),
		CASE(one_leg),
		CASE(every_profile),
		CASE(made_key),
		CASE(idempotent),
		CASE(failures_leave_nothing),
		CASE(faults),
		CASE(untouched),
		CASE(nearly_the_same),
		CASE(answer_comes),
		CASE(same_again_changes_nothing),
		CASE(rekey),
		CASE(other_profile),
		CASE(on_and_off),
		CASE(update_faults),
		CASE(ends),
		CASE(bytes_a_session),
		CASE(memory_is_used_again),
		CASE(slab_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
