/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_call_bed.h"

struct host *h;
struct sessions *s;
struct sdp_calls *calls;
struct tnd_buf text;
struct sdp_result result;
struct session_error err;

const struct sdp_profile lan = {.has_transport = true,
				.transport = SDP_AVP,
				.has_address = true,
				.address = LAN4,
				.dscp = SESSION_DSCP_KEEP};
const struct sdp_profile lan_savp = {.has_transport = true,
				     .transport = SDP_SAVP,
				     .has_address = true,
				     .address = LAN4,
				     .dscp = SESSION_DSCP_KEEP};
const struct sdp_profile wan = {.has_address = true, .address = WAN4, .dscp = SESSION_DSCP_KEEP};
const struct sdp_profile wan_webrtc = {.has_transport = true,
				       .transport = SDP_TLS_SAVPF,
				       .has_address = true,
				       .address = WAN4,
				       .dscp = SESSION_DSCP_KEEP};

int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	if (sessions_create(&s, h) != 0)
		return -1;
	return sdp_calls_create(&calls, h, s);
}

void pass_time(void)
{
	for (int i = 0; i < 3; i++)
		test_turn(h, 1);
}

int tear_down(void **state)
{
	uint32_t cursor = 0, budget = TEST_SESSIONS;
	struct sessions_stats st;
	struct session_info info;

	while (session_next(s, &cursor, &budget, &info) && info.id != NULL)
		session_delete(s, info.id, NULL, NULL, &err);
	pass_time();
	sessions_stats(s, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.secured, 0);
	assert_int_equal(test_neigh_refs, 0);
	assert_int_equal(sessions_ports_free(s, LAN4), 16);
	sdp_calls_free(calls);
	sessions_free(s);
	test_host_free(h);
	tnd_buf_free(&text);
	return 0;
}

enum session_fault try_offer(unsigned int by, const char *sdp, const struct sdp_profile *from,
			     const struct sdp_profile *to)
{
	const struct sdp_offer o = {.id = "c",
				    .sdp = sdp,
				    .len = strlen(sdp),
				    .by = by,
				    .from = from,
				    .to = to,
				    .idle_timeout_s = 60};

	tnd_buf_reset(&text);
	return sdp_call_offer(calls, &o, &text, &result, &err);
}

enum session_fault try_answer(const char *sdp)
{
	tnd_buf_reset(&text);
	return sdp_call_answer(calls, "c", sdp, strlen(sdp), &text, &result, &err);
}

const char *offer(unsigned int by, const char *sdp, const struct sdp_profile *from,
		  const struct sdp_profile *to)
{
	if (try_offer(by, sdp, from, to) != SESSION_OK)
		fail_msg("offer: %s: %s", err.path, err.reason);
	return text.data;
}

const char *answer(const char *sdp)
{
	if (try_answer(sdp) != SESSION_OK)
		fail_msg("answer: %s: %s", err.path, err.reason);
	return text.data;
}

void check_fault(enum session_fault got, enum session_fault want, const char *path,
		 const char *reason)
{
	if (got != want || strcmp(err.path, path) != 0 || strstr(err.reason, reason) == NULL)
		print_error("%d %s: %s\n", got, err.path, err.reason);
	assert_int_equal(got, want);
	assert_string_equal(err.path, path);
	assert_non_null(strstr(err.reason, reason));
}

const struct leg *leg(const char *id, unsigned int i)
{
	const struct session *se = table_find(s, id);

	if (se == NULL)
		fail_msg("no session %s", id);
	return &se->leg[i];
}

bool exists(const char *id)
{
	return table_find(s, id) != NULL;
}

bool has(const char *sdp, const char *part)
{
	return strstr(sdp, part) != NULL;
}

void check_remote(const char *id, unsigned int i, const char *ip, uint16_t port)
{
	const struct leg *l = leg(id, i);
	char got[WIRE_IP_STRLEN];

	assert_true(l->flags & LEG_REMOTE);
	assert_string_equal(wire_ip_format(&l->remote, got), ip);
	assert_int_equal(l->remote_port, port);
}

uint16_t port_of(const char *sdp, const char *kind)
{
	char line[32];
	const char *at;

	snprintf(line, sizeof(line), "m=%s ", kind);
	at = strstr(sdp, line);
	assert_non_null(at);
	return (uint16_t)atoi(at + strlen(line));
}
