/* SPDX-License-Identifier: BSD-3-Clause */
#include "secure_bed.h"

struct host *h;
struct sessions *s;

int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	return sessions_create(&s, h);
}

int tear_down(void **state)
{
	sessions_free(s);
	test_host_free(h);
	return 0;
}

struct sdes_key key_of(enum srtp_profile p, uint8_t fill)
{
	struct sdes_key k = {0};

	k.master_len = (uint8_t)(srtp_profile_key_len(p) + srtp_profile_salt_len(p));
	memset(k.master, fill, k.master_len);
	return k;
}

struct leg_security sdes(enum srtp_profile p, uint8_t local, uint8_t remote)
{
	struct leg_security sec = {
		.type = LEG_SECURITY_SDES, .has_profile = true, .profile = (uint8_t)p};

	if (local != 0)
		sec.local = key_of(p, local);
	if (remote != 0)
		sec.remote = key_of(p, remote);
	return sec;
}

struct session_change secure_leg(const char *id, unsigned int leg, const struct leg_security *sec)
{
	struct session_change c = {.id = id};

	c.leg[leg].set_security = true;
	c.leg[leg].security = *sec;
	return c;
}

void must_end(const char *id)
{
	must_delete(s, id);
	test_turn(h, 1);
}

struct sessions_stats stats(void)
{
	struct sessions_stats st;

	sessions_stats(s, &st);
	return st;
}

void all_is_free(void)
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

const struct flow_plan *rtp_plan(const struct session_answer *a, unsigned int leg)
{
	const struct flow_plan *p = test_plan(h, (uint16_t)leg, a->leg[leg].local.port);

	assert_non_null(p);
	return p;
}

uint16_t secure_flags_of(const struct session_answer *a, unsigned int leg, bool rtcp)
{
	const struct flow_plan *p = rtp_plan(a, leg);

	if (rtcp)
		p = &h->tables->plan[p->rtcp_plan];
	return p->flags & (FLOW_PLAN_OPEN | FLOW_PLAN_SEAL);
}

const struct flow_secure *secret_of(const struct session_answer *a, unsigned int leg)
{
	return &h->tables->secure[rtp_plan(a, leg)->leg];
}
