/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_engine_bed.h"

const struct sdp_profile nothing;
const struct sdp_profile avp = {.has_transport = true, .transport = SDP_AVP};
const struct sdp_profile avpf = {.has_transport = true, .transport = SDP_AVPF};
const struct sdp_profile savp = {.has_transport = true, .transport = SDP_SAVP};
const struct sdp_profile tls_savp = {.has_transport = true, .transport = SDP_TLS_SAVP};
const struct sdp_profile webrtc = {.has_transport = true, .transport = SDP_TLS_SAVPF};

struct sdp_state *state;
struct sdp_facts offer_facts, answer_facts;
static struct sdp_identity who[SDP_SIDES];
struct sdp_error err;
static char *kept_offer;
struct tnd_buf out;

int bed_begin(void **unused)
{
	memset(who, 0, sizeof(who));
	return 0;
}

int bed_end(void **unused)
{
	sdp_state_free(state);
	state = NULL;
	free(kept_offer);
	kept_offer = NULL;
	tnd_buf_free(&out);
	return 0;
}

static void fill_local(struct sdp_local *local, unsigned int side)
{
	static const char *const candidates[SDP_SIDES] = {
		"candidate:1 1 UDP 2130706431 192.0.2.1 20000 typ host",
		"candidate:1 1 UDP 2130706431 10.0.0.1 30000 typ host"};

	for (unsigned int i = 0; i < state->count; i++) {
		int bundle = sdp_bundle(&state->section[i], side);
		uint16_t port =
			(uint16_t)((side ? 30000 : 20000) + 2 * (bundle >= 0 ? bundle : (int)i));

		local[i] = (struct sdp_local){.port = port,
					      .rtcp_port = (uint16_t)(port + 1),
					      .ufrag = UFRAG,
					      .pwd = PWD,
					      .candidate_count = 1,
					      .candidate = {candidates[side]},
					      .hash = "sha-256",
					      .fingerprint = OURFP};
		wire_ip_parse(side ? "10.0.0.1" : "192.0.2.1", &local[i].ip);
	}
}

static const char *write_for(const struct sdp_facts *from, unsigned int to, bool is_offer)
{
	struct sdp_local local[SDP_SECTIONS_MAX];

	fill_local(local, to);
	tnd_buf_reset(&out);
	out.secret = true;
	sdp_write(&out, from, state, to, is_offer, local, &who[to]);
	tnd_buf_addc(&out, '\0');
	assert_false(out.oom);
	return out.data;
}

/* As if sessions were made of all that is active. */
static void live(void)
{
	for (unsigned int i = 0; i < state->count; i++)
		state->section[i].life[state->section[i].kind] =
			state->section[i].active ? SDP_LIVE : SDP_NONE;
}

const char *offer_by(unsigned int by, const char *text, const struct sdp_profile *from,
		     const struct sdp_profile *to)
{
	struct sdp_state *next;
	char *copy = strdup(text);
	int rc;

	free(kept_offer);
	kept_offer = copy;
	err = (struct sdp_error){0};
	if (sdp_read(copy, strlen(copy), &offer_facts, &err) != 0)
		return NULL;
	next = sdp_state_new(state, offer_facts.sdp.count);
	if (state == NULL) {
		next->profile[by] = *from;
		next->profile[1 - by] = *to;
	}
	rc = sdp_plan_offer(next, by, &offer_facts, &err);
	if (rc != 0) {
		sdp_state_free(next);
		return NULL;
	}
	sdp_state_free(state);
	state = next;
	live();
	return write_for(&offer_facts, 1 - by, true);
}

const char *offer(const char *text, const struct sdp_profile *from, const struct sdp_profile *to)
{
	return offer_by(0, text, from, to);
}

const char *answer(const char *text)
{
	unsigned int offerer = state->offerer;
	struct sdp_state *next = sdp_state_new(state, 0);

	err = (struct sdp_error){0};
	if (sdp_read(text, strlen(text), &answer_facts, &err) != 0 ||
	    sdp_plan_answer(next, &offer_facts, &answer_facts, &err) != 0) {
		sdp_state_free(next);
		return NULL;
	}
	sdp_state_free(state);
	state = next;
	live();
	return write_for(&answer_facts, offerer, false);
}

const char *must(const char *text)
{
	if (text == NULL)
		fail_msg("line %u: %s", err.line, err.reason);
	return text;
}

void same_text(const char *name, const char *got, const char *want)
{
	if (strcmp(must(got), want) == 0)
		return;
	print_error("%s: got\n%s\nwanted\n%s\n", name, got, want);
	fail();
}

bool has_line(const char *text, int section, const char *line)
{
	size_t len = strlen(line);
	int here = 0;

	while (*text != '\0') {
		size_t end = strcspn(text, "\r");

		if (text[0] == 'm')
			here++;
		if ((section < 0 || section == here) && end == len && memcmp(text, line, len) == 0)
			return true;
		text += end + 2;
	}
	return false;
}

unsigned int count_of(const char *text, const char *part)
{
	unsigned int n = 0;

	for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part))
		n++;
	return n;
}

void check_fault(const char *name, const char *text, unsigned int line, const char *reason)
{
	if (text != NULL || err.line != line || strstr(err.reason, reason) == NULL)
		print_error("%s: line %u: %s\n", name, err.line, err.reason);
	assert_null(text);
	assert_int_equal(err.line, line);
	assert_non_null(strstr(err.reason, reason));
}
