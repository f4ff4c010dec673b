/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_bed.h"

struct host *h;
struct sessions *s;
char last_event[256], last_params[8192];
unsigned int event_count;
char report[8192];

static void note_event(void *arg, const char *type, const char *params)
{
	snprintf(last_event, sizeof(last_event), "%s", type);
	snprintf(last_params, sizeof(last_params), "%s", params);
	event_count++;
}

int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	h->notify = note_event;
	event_count = 0;
	return sessions_create(&s, h);
}

int tear_down(void **state)
{
	sessions_free(s);
	test_host_free(h);
	return 0;
}

union wire_ip ip(const char *text)
{
	union wire_ip out;

	assert_int_equal(wire_ip_parse(text, &out), 0);
	return out;
}

void must_reach(const struct session_change *c, uint32_t generation)
{
	struct session_answer a;
	struct session_error err;

	if (session_update(s, c, &a, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	assert_int_equal(a.generation, generation);
}

void note_report(void *arg, const char *text, size_t len)
{
	assert_true(len < sizeof(report));
	memcpy(report, text, len);
	report[len] = '\0';
	(*(int *)arg)++;
}

void must_end(const char *id)
{
	struct session_error err;
	int done = 0;

	assert_int_equal(session_delete(s, id, note_report, &done, &err), SESSION_OK);
	assert_int_equal(done, 0); /* never from within */
	test_turn(h, 1);
	assert_int_equal(done, 1);
}

void all_is_free(void)
{
	struct sessions_stats st;

	sessions_stats(s, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.plans_free, st.plans_total);
	for (uint16_t a = 0; a < TEST_ADDRS; a++)
		assert_int_equal(sessions_ports_free(s, a), 16);
	assert_int_equal(test_neigh_refs, 0);
}
