/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of legs: where they are, what plans say of them, what they take. */
#include "secure_bed.h"

#include <errno.h>

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
		CASE(bytes_a_session),
		CASE(memory_is_used_again),
		CASE(slab_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
