/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of calls by SDP, and what becomes of them when sessions end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sdp_call_private.h"

static const char *const kind_names[] = {[SDP_KIND_RTP] = "rtp", [SDP_KIND_UDP] = "udp"};

/* ---- names --------------------------------------------------------------------------------- */

void sdp_session_id(const struct sdp_state *s, const char *id, unsigned int section,
		    enum sdp_kind kind, char out[SESSION_ID_MAX + 1])
{
	if (s->main == (int)section && s->main_kind == kind)
		snprintf(out, SESSION_ID_MAX + 1, "%s", id);
	else if (s->main != (int)section && s->section[section].first_kind == kind)
		snprintf(out, SESSION_ID_MAX + 1, "%s/%u", id, section);
	else
		snprintf(out, SESSION_ID_MAX + 1, "%s/%u-%s", id, section, kind_names[kind]);
}

/* ---- the table ----------------------------------------------------------------------------- */

static struct sdp_call **bucket_of(struct sdp_calls *c, const char *id, size_t len)
{
	return &c->bucket[siphash(&c->key, id, len) & c->bucket_mask];
}

static struct sdp_call **find_place(struct sdp_calls *c, const char *id, size_t len)
{
	struct sdp_call **at = bucket_of(c, id, len);

	while (*at != NULL && (strncmp((*at)->id, id, len) != 0 || (*at)->id[len] != '\0'))
		at = &(*at)->next;
	return at;
}

struct sdp_call *sdp_table_find(struct sdp_calls *c, const char *id)
{
	return *find_place(c, id, strlen(id));
}

struct sdp_call *sdp_table_new(const char *id)
{
	size_t len = strlen(id);
	struct sdp_call *call = calloc(1, sizeof(*call) + len + 1);

	if (call != NULL)
		memcpy(call->id, id, len + 1);
	return call;
}

void sdp_table_add(struct sdp_calls *c, struct sdp_call *call)
{
	struct sdp_call **at = bucket_of(c, call->id, strlen(call->id));

	call->next = *at;
	*at = call;
}

void sdp_call_forget_offer(struct sdp_call *call)
{
	if (call->offer != NULL)
		explicit_bzero(call->offer, call->offer_len);
	free(call->offer);
	call->offer = NULL;
}

void sdp_table_free_call(struct sdp_call *call)
{
	sdp_state_free(call->now);
	sdp_state_free(call->offered);
	sdp_call_forget_offer(call);
	free(call);
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* Sessions of a call besides its first one, which has ended. */
static void end_others(struct sdp_calls *c, struct sdp_call *call)
{
	const struct sdp_state *states[] = {call->offered, call->now};
	char id[SESSION_ID_MAX + 1];
	struct session_error err;

	for (unsigned int n = 0; n < 2; n++)
		for (unsigned int i = 0; states[n] != NULL && i < states[n]->count; i++)
			for (unsigned int k = 0; k < SDP_KINDS; k++) {
				if (states[n]->section[i].life[k] == SDP_NONE)
					continue;
				sdp_session_id(states[n], call->id, i, k, id);
				session_delete(c->sessions, id, NULL, NULL, &err);
			}
}

/* "ID/1" and "ID/1-udp" name a section of call ID; false: there is none in this state. */
static bool forget_session(struct sdp_state *s, const char *call, const char *session)
{
	char id[SESSION_ID_MAX + 1];

	for (unsigned int i = 0; s != NULL && i < s->count; i++)
		for (unsigned int k = 0; k < SDP_KINDS; k++) {
			if (s->section[i].life[k] == SDP_NONE)
				continue;
			sdp_session_id(s, call, i, k, id);
			if (strcmp(id, session) != 0)
				continue;
			s->section[i].life[k] = SDP_NONE;
			return true;
		}
	return false;
}

static void ended(void *arg, const char *id)
{
	struct sdp_calls *c = arg;
	struct sdp_call **at = find_place(c, id, strlen(id)), *call = *at;
	const char *slash = strrchr(id, '/');

	if (call != NULL) {
		*at = call->next;
		end_others(c, call);
		sdp_table_free_call(call);
		return;
	}
	if (slash == NULL)
		return;
	call = *find_place(c, id, (size_t)(slash - id));
	if (call == NULL)
		return;
	forget_session(call->now, call->id, id);
	forget_session(call->offered, call->id, id);
}

/* Of the sessions of a call: none ends for want of media while another one has some. */
static uint64_t idle(void *arg, const char *id)
{
	struct sdp_calls *c = arg;
	const struct sdp_call *call = sdp_table_find(c, id);
	uint64_t least = UINT64_MAX, ms;
	char other[SESSION_ID_MAX + 1];

	for (unsigned int i = 0; call != NULL && i < call->offered->count; i++)
		for (unsigned int k = 0; k < SDP_KINDS; k++) {
			if (call->offered->section[i].life[k] == SDP_NONE)
				continue;
			sdp_session_id(call->offered, call->id, i, k, other);
			ms = session_idle_ms(c->sessions, other);
			least = ms < least ? ms : least;
		}
	return least;
}

/* ---- life ---------------------------------------------------------------------------------- */

int sdp_calls_create(struct sdp_calls **out, struct host *h, struct sessions *s)
{
	struct sdp_calls *c = calloc(1, sizeof(*c));
	uint32_t buckets = rte_align32pow2(h->tables->session_count);

	if (c == NULL)
		return -ENOMEM;
	c->bucket = calloc(buckets, sizeof(struct sdp_call *));
	if (c->bucket == NULL || getrandom(&c->key, sizeof(c->key), 0) != (ssize_t)sizeof(c->key)) {
		free(c->bucket);
		free(c);
		return -ENOMEM;
	}
	c->h = h;
	c->sessions = s;
	c->bucket_mask = buckets - 1;
	sessions_watch(s, ended, c);
	sessions_watch_idle(s, idle, c);
	*out = c;
	return 0;
}

void sdp_calls_free(struct sdp_calls *c)
{
	if (c == NULL)
		return;
	sessions_watch(c->sessions, NULL, NULL);
	sessions_watch_idle(c->sessions, NULL, NULL);
	for (uint32_t i = 0; i <= c->bucket_mask; i++)
		while (c->bucket[i] != NULL) {
			struct sdp_call *call = c->bucket[i];

			c->bucket[i] = call->next;
			sdp_table_free_call(call);
		}
	free(c->bucket);
	explicit_bzero(c, sizeof(*c));
	free(c);
}
