/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel_call_bed.h"

#include <arpa/inet.h>

#include <rte_rcu_qsbr.h>

struct host *h;
struct sessions *s;
struct bed bed;
struct session_endpoint moved_to;
unsigned int moved, firsts, ended;
bool report_inside;
static struct session_observer watcher;

static void note_moved(struct session_observer *o, uint32_t index, const char *id, unsigned int leg,
		       const struct session_endpoint *to, bool first)
{
	assert_int_equal(leg, 0);
	assert_string_equal(session_id(&s->table[index]), id);
	moved_to = *to;
	moved++;
	firsts += first;
}

static void note_ended(struct session_observer *o, uint32_t index, const char *id, bool timed_out)
{
	ended++;
	if (report_inside)
		rte_rcu_qsbr_quiescent(h->tables->rcu, 0);
}

int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	bed_init(&bed, h);
	moved = firsts = ended = 0;
	report_inside = false;
	watcher = (struct session_observer){.ended = note_ended, .moved = note_moved};
	if (sessions_create(&s, h) != 0)
		return -1;
	sessions_observe(s, &watcher);
	return 0;
}

int tear_down(void **state)
{
	bed_free(&bed);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

struct session_params tunnel(const char *id)
{
	return (struct session_params){
		.id = id,
		.leg = {{.address = WAN4, .rtcp = LEG_RTCP_MUX, .dscp = SESSION_DSCP_KEEP},
			{.inner = {.on = true,
				   .pt_strict = true,
				   .mss_clamp = true,
				   .payload_type = PT,
				   .iface = TEST_INNER}}},
	};
}

struct leg_security sdes(enum srtp_profile profile)
{
	struct leg_security sec = {
		.type = LEG_SECURITY_SDES, .has_profile = true, .profile = profile};
	uint8_t len = (uint8_t)(srtp_profile_key_len(profile) + srtp_profile_salt_len(profile));

	sec.local.master_len = sec.remote.master_len = len;
	memset(sec.local.master, 1, len);
	memset(sec.remote.master, 2, len);
	return sec;
}

struct session_inner get(const char *id)
{
	struct session_inner out;
	struct session_error err;

	assert_int_equal(session_inner_get(s, id, &out, &err), SESSION_OK);
	return out;
}

struct flow_tunnel *flow_of(const char *id)
{
	return &h->tables->tunnel[get(id).index];
}

const struct flow_plan *plan_in(const struct session_answer *a, uint16_t address)
{
	const struct flow_plan *p = test_plan(h, address, a->leg[0].local.port);

	assert_non_null(p);
	assert_int_equal(p->leg % 2, 0);
	assert_int_equal(p->extra, FLOW_EXTRA_TUNNEL);
	assert_true(p->flags & FLOW_PLAN_RTCP_DROP);
	assert_false(p->flags & FLOW_PLAN_OUT);
	return p;
}

const struct flow_plan *plan_out(const char *id)
{
	const struct flow_plan *p = &h->tables->plan[flow_of(id)->plan];

	assert_true(p != &h->tables->plan[0]);
	assert_int_equal(p->leg, 2 * get(id).index + 1);
	assert_int_equal(p->extra, 0);
	return p;
}

void sent_to(const char *id, const struct ice_addr *to)
{
	const struct flow_plan *p = plan_out(id);
	struct session_endpoint e = get(id).remote;

	assert_int_equal(!!(p->flags & FLOW_PLAN_OUT), to != NULL);
	if (to == NULL) {
		assert_int_equal(e.port, 0);
		return;
	}
	assert_true(wire_ip_equal(&p->out_ip, &to->ip));
	assert_int_equal(ntohs(p->out_port), to->port);
	assert_true(wire_ip_equal(&e.ip, &to->ip));
	assert_int_equal(e.port, to->port);
}

void all_is_free(void)
{
	struct sessions_stats st;

	sessions_stats(s, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.secure_bytes, 0);
	assert_int_equal(st.plans_free, st.plans_total);
	for (uint16_t a = 0; a < TEST_ADDRS; a++)
		assert_int_equal(sessions_ports_free(s, a), 16);
	assert_int_equal(test_neigh_refs, 0);
}

void must_end(const char *id)
{
	struct flow_tunnel *t = flow_of(id);

	must_delete(s, id);
	assert_int_equal(t->plan, 0);
	bed_run(&bed, 10);
	assert_int_equal(t->keepalive_ms, 0);
	all_is_free();
}

void expect_report(const char *id, const char *text)
{
	struct session_error err;
	struct tnd_buf b = {0};

	assert_int_equal(session_report(s, id, &b, NULL, &err), SESSION_OK);
	tnd_buf_addc(&b, '\0');
	if (strstr(b.data, text) == NULL)
		fail_msg("no %s in:\n%s", text, b.data);
	tnd_buf_free(&b);
}
