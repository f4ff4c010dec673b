/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptions through parser and engine. A byte 0x00 parts an offer from its answer; the first
 * byte chooses both profiles.
 */
#include <errno.h>

#include "fuzz.h"
#include "sdp_write.h"

static void check_parsed(const struct sdp *s, const char *text, size_t len)
{
	struct sdp_part rest = s->session;
	unsigned int line = 0;
	struct sdp_line l;

	PROMISE(s->count <= SDP_SECTIONS_MAX);
	for (unsigned int i = 0;; i++) {
		while (sdp_next(&rest, &l)) {
			PROMISE(l.number == ++line && l.type != '\0');
			PROMISE(l.whole.at >= text && l.whole.at + l.whole.len <= text + len);
		}
		if (i == s->count)
			break;
		rest = s->section[i].part;
	}
}

/* 0 if it is right; an error names a line that there is, or the whole. */
static int read_text(const char *text, size_t len, struct sdp_facts *f)
{
	struct sdp_error err = {.line = UINT32_MAX};
	int rc = sdp_read(text, len, f, &err);

	PROMISE(rc == 0 || rc == -EINVAL);
	if (rc == 0)
		check_parsed(&f->sdp, text, len);
	else
		PROMISE(err.line <= len + 1 && err.reason[0] != '\0');
	return rc;
}

/* What is written can be read. */
static void check_written(const struct sdp_facts *from, const struct sdp_state *s, unsigned int to,
			  bool offer)
{
	static const struct sdp_local local = {
		.port = 4000,
		.rtcp_port = 4001,
		.ufrag = "abcd",
		.pwd = "0123456789012345678901",
		.candidate_count = 1,
		.candidate = {"candidate:1 1 UDP 2130706431 192.0.2.1 4000 typ host"},
		.hash = "sha-256",
		.fingerprint = "AB:CD",
	};
	struct sdp_local locals[SDP_SECTIONS_MAX];
	struct sdp_identity who = {.version = 0};
	struct tnd_buf b = {.secret = true};
	static struct sdp_facts back;
	struct sdp_error err;

	for (unsigned int i = 0; i < SDP_SECTIONS_MAX; i++)
		locals[i] = local;
	sdp_write(&b, from, s, to, offer, locals, &who);
	PROMISE(!b.oom && b.len > 0);
	if (b.len <= SDP_TEXT_MAX) {
		PROMISE(sdp_read(b.data, b.len, &back, &err) == 0);
		PROMISE(back.sdp.count == from->sdp.count);
		for (unsigned int i = 0; i < s->count; i++)
			PROMISE(back.section[i].active == s->section[i].active);
	}
	tnd_buf_free(&b);
}

static void fill_profile(struct sdp_profile *p, unsigned int choice)
{
	*p = (struct sdp_profile){.has_transport = choice & 1,
				  .transport = choice >> 1 & 7,
				  .has_bundle = choice & 8,
				  .has_mux = choice & 4,
				  .mux = choice >> 1 & 1};
	if (p->transport >= SDP_UDP)
		p->transport = SDP_TLS_SAVPF;
}

static void check_plan(int rc, const struct sdp_error *err, size_t len)
{
	PROMISE(rc == 0 || rc == -EINVAL || rc == -ENOTSUP);
	if (rc != 0)
		PROMISE(err->line <= len + 1 && err->reason[0] != '\0');
}

static void run(const char *text, size_t offer_len, const char *answer, size_t answer_len,
		unsigned int choice)
{
	static struct sdp_facts offered, answered;
	struct sdp_error err = {.line = 0};
	struct sdp_state *s;
	int rc;

	if (read_text(text, offer_len, &offered) != 0)
		return;
	s = sdp_state_new(NULL, offered.sdp.count);
	fill_profile(&s->profile[0], choice & 15);
	fill_profile(&s->profile[1], choice >> 4);
	rc = sdp_plan_offer(s, 0, &offered, &err);
	check_plan(rc, &err, offer_len);
	if (rc == 0)
		check_written(&offered, s, 1, true);
	if (rc == 0 && read_text(answer, answer_len, &answered) == 0) {
		rc = sdp_plan_answer(s, &offered, &answered, &err);
		check_plan(rc, &err, answer_len);
		if (rc == 0)
			check_written(&answered, s, 0, false);
	}
	sdp_state_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
	size_t offer_len = size > 1 ? size - 1 : 0, answer_len = 0;
	char *offer, *answer;

	if (zero != NULL) {
		offer_len = (size_t)(zero - data) - 1;
		answer_len = size - offer_len - 2;
	}
	offer = (char *)fuzz_copy(data + (size > 0), offer_len);
	answer = (char *)fuzz_copy(zero != NULL ? zero + 1 : data, answer_len);
	run(offer, offer_len, answer, answer_len, size > 0 ? data[0] : 0);
	free(offer);
	free(answer);
	return 0;
}
