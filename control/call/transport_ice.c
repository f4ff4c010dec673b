/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A leg's ICE agent. What it tells comes from anywhere in its work, so that nothing but an event
 * follows at once: plans are made later, out of what the agent says then (transport.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "json.h"
#include "log.h"

#define MEDIA_ALIVE_MS 15000

static void ice_send(void *arg, const struct ice_addr *to, const void *data, size_t len)
{
	transport_send(arg, &to->ip, to->port, data, len);
}

static void ice_selected(void *arg, const struct ice_addr *remote)
{
	transport_publish(arg);
}

static void ice_early_changed(void *arg)
{
	transport_publish(arg);
}

static void tell(struct leg_transport *t, enum ice_state state, const char *reason)
{
	struct tnd_buf *b = transport_event(t);
	struct session_endpoint e = {0};
	struct ice_info info;

	ice_get_info(t->ice, &info);
	json_w_string(b, "state", ice_state_name(state));
	if (reason != NULL)
		json_w_string(b, "reason", reason);
	if (info.has_selected) {
		e = (struct session_endpoint){.ip = info.selected.ip, .port = info.selected.port};
		session_w_endpoint(b, "remote", &e);
	}
	session_notify(t->s, "ice.state", b);
}

static void ice_state(void *arg, enum ice_state state, const char *reason)
{
	struct leg_transport *t = arg;

	if (!t->live || transport_session(t)->life != LIFE_RUNNING)
		return;
	transport_publish(t);
	tell(t, state, reason);
}

static bool flow_alive(const struct sessions *s, uint32_t leg)
{
	const struct flow_leg_rt *rt = &s->h->tables->leg[leg];

	return flow_silent_ms(s, &rt->rtp) < MEDIA_ALIVE_MS;
}

/* Of any media section; what workers count has passed the sender check, and is authentic. */
static bool ice_media_alive(void *arg)
{
	const struct leg_transport *t = arg;

	if (flow_alive(t->s, t->leg))
		return true;
	for (unsigned int i = 1; t->section != NULL && i < FLOW_BUNDLE_SECTIONS; i++)
		if (t->section[i] != NO_LEG && flow_alive(t->s, t->section[i]))
			return true;
	return false;
}

static const struct ice_ops ops = {
	.send = ice_send,
	.selected = ice_selected,
	.early = ice_early_changed,
	.state = ice_state,
	.media_alive = ice_media_alive,
};

/* ---- what is wanted ------------------------------------------------------------------------ */

static enum session_fault fault(struct session_error *err, unsigned int leg, const char *member,
				const char *reason)
{
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/ice%s", leg, member);
	return session_fault_set(err, SESSION_BAD_PARAMS, path, "%s", reason);
}

enum session_fault ice_want_check(const struct leg_ice *want, bool on, bool known, unsigned int leg,
				  struct session_error *err)
{
	struct candidate c;
	char member[40];
	const char *why;

	if (want->mode == LEG_ICE_NONE)
		return SESSION_OK;
	if (want->mode == LEG_ICE_AS_IS && !on)
		return fault(err, leg, "/mode", "the leg has no ICE: lite or full is required");
	if (want->mode == LEG_ICE_LITE && want->has_role && want->role == LEG_ICE_CONTROLLING)
		return fault(err, leg, "/role", "a lite agent is controlled");
	if ((want->ufrag == NULL) != (want->pwd == NULL))
		return fault(err, leg, "/remote", "ufrag and pwd go together");
	if (want->ufrag != NULL &&
	    !ice_credentials_ok(want->ufrag, strlen(want->ufrag), want->pwd, strlen(want->pwd)))
		return fault(err, leg, "/remote",
			     "ufrag has 4 to 256 and pwd 22 to 256 characters, letters, digits, + "
			     "and / (RFC 8839 §5.4)");
	if (want->candidate_count > 0 && want->ufrag == NULL && !known)
		return fault(err, leg, "/remote/candidates", "ufrag and pwd come before them");
	for (unsigned int i = 0; i < want->candidate_count; i++) {
		const char *text = want->candidate[i];

		/* What is well-formed and of no use here, as TCP, is passed over. */
		if (candidate_parse(text, strlen(text), &c, &why) != -EINVAL)
			continue;
		snprintf(member, sizeof(member), "/remote/candidates/%u", i);
		return fault(err, leg, member, why);
	}
	return SESSION_OK;
}

static int add_candidates(struct ice_agent *a, const struct leg_ice *want)
{
	struct candidate c;
	const char *why;

	for (unsigned int i = 0; i < want->candidate_count; i++) {
		const char *text = want->candidate[i];

		if (candidate_parse(text, strlen(text), &c, &why) != 0)
			continue;
		/* Of another family or generation, or one too many: the others will do. */
		if (ice_add_remote_candidate(a, &c) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

int ice_want_tell(struct ice_agent *a, const struct leg_ice *want, bool *changed)
{
	struct ice_info before, after;
	const char *known = ice_remote_ufrag(a);
	int rc;

	ice_get_info(a, &before);
	if (want->ufrag != NULL) {
		*changed |= known == NULL || strcmp(known, want->ufrag) != 0;
		rc = ice_set_remote(a, want->ufrag, want->pwd, want->remote_lite);
		if (rc < 0)
			return rc;
	}
	if (want->restart) {
		rc = ice_restart(a);
		if (rc < 0)
			return rc;
		*changed = true;
	}
	rc = add_candidates(a, want);
	if (rc != 0)
		return rc;
	if (want->end_of_candidates)
		ice_end_of_candidates(a);
	ice_get_info(a, &after);
	*changed |= after.remotes != before.remotes;
	return 0;
}

static void add_servers(const struct sessions *s, const struct leg_transport *t, uint16_t address,
			struct ice_config *c)
{
	const struct config *config = s->h->config;
	bool is4 = wire_ip_is4(&config->addresses[address].ip);

	for (unsigned int i = 0; i < config->stun_server_count; i++) {
		const struct config_stun *server = &config->stun_servers[i];

		if (wire_ip_is4(&server->ip) != is4 || c->stun_server_count == ICE_STUN_SERVERS_MAX)
			continue;
		c->stun_server[c->stun_server_count++] =
			(struct ice_addr){.ip = server->ip, .port = server->port};
	}
}

enum session_fault ice_want_make(struct leg_transport *t, uint16_t address, uint16_t port,
				 const struct leg_ice *want, struct ice_agent **out,
				 struct session_error *err)
{
	struct sessions *s = t->s;
	const struct config_address *a = &s->h->config->addresses[address];
	struct ice_config c = {
		.mode = want->mode == LEG_ICE_LITE ? ICE_LITE : ICE_FULL,
		.controlling = want->remote_lite || want->ufrag == NULL,
		.local = {.ip = a->ip, .port = port},
		.advertise = a->advertise,
		.timers = &s->h->loop.timers,
		.now_ms = &s->h->loop.now_ms,
		.ops = &ops,
		.arg = t,
	};
	bool changed = false, live = t->live;

	if (want->has_role)
		c.controlling = want->role == LEG_ICE_CONTROLLING;
	if (c.mode == ICE_LITE)
		c.controlling = false;
	else
		add_servers(s, t, address, &c);
	/* Until the session is committed to it, what it tells is of no interest to anybody. */
	t->live = false;
	*out = ice_new(&c);
	if (*out != NULL && ice_want_tell(*out, want, &changed) != 0) {
		ice_free(*out);
		*out = NULL;
	}
	t->live = live;
	return *out != NULL ? SESSION_OK : session_no_memory(err);
}

/* ---- what is told -------------------------------------------------------------------------- */

void ice_tell(struct leg_transport *t)
{
	struct ice_info info;

	ice_get_info(t->ice, &info);
	if (info.state != ICE_NEW)
		tell(t, info.state, info.reason);
}

void ice_want_answer(const struct ice_agent *a, struct session_ice *out)
{
	struct candidate c[ICE_LOCALS_MAX];
	unsigned int n = ice_local_candidates(a, c);
	struct ice_info info;

	ice_get_info(a, &info);
	out->on = true;
	out->lite = info.mode == ICE_LITE;
	snprintf(out->ufrag, sizeof(out->ufrag), "%s", ice_ufrag(a));
	snprintf(out->pwd, sizeof(out->pwd), "%s", ice_pwd(a));
	for (unsigned int i = 0; i < n && out->candidate_count < LEG_CANDIDATES; i++)
		if (candidate_format(&c[i], out->candidate[out->candidate_count],
				     sizeof(out->candidate[0])) > 0)
			out->candidate_count++;
}

/* Those that STUN servers told of late come to clients by this alone. */
static void write_candidates(const struct ice_agent *a, struct tnd_buf *b)
{
	struct session_ice mine = {0};

	ice_want_answer(a, &mine);
	json_w_open(b, "candidates", '[');
	for (unsigned int i = 0; i < mine.candidate_count; i++)
		json_w_string(b, NULL, mine.candidate[i]);
	json_w_close(b, ']');
	explicit_bzero(mine.pwd, sizeof(mine.pwd));
}

static void write_pair(const struct leg_transport *t, const struct ice_info *info,
		       struct tnd_buf *b)
{
	const struct leg *l = transport_leg(t);
	struct session_endpoint e = {.ip = t->s->h->config->addresses[l->address].ip,
				     .port = l->port};

	if (!info->has_selected) {
		json_w_null(b, "pair");
		return;
	}
	json_w_open(b, "pair", '{');
	session_w_endpoint(b, "local", &e);
	e = (struct session_endpoint){.ip = info->selected.ip, .port = info->selected.port};
	session_w_endpoint(b, "remote", &e);
	json_w_close(b, '}');
}

void ice_write(const struct leg_transport *t, struct tnd_buf *b)
{
	uint64_t now = t->s->h->loop.now_ms;
	struct ice_info info;

	ice_get_info(t->ice, &info);
	json_w_open(b, "ice", '{');
	json_w_string(b, "mode", ice_mode_name(info.mode));
	json_w_string(b, "state", ice_state_name(info.state));
	if (info.reason != NULL)
		json_w_string(b, "reason", info.reason);
	json_w_string(b, "role", info.controlling ? "controlling" : "controlled");
	json_w_string(b, "ufrag", ice_ufrag(t->ice));
	write_candidates(t->ice, b);
	if (info.has_remote)
		json_w_string(b, "remote_ufrag", ice_remote_ufrag(t->ice));
	else
		json_w_null(b, "remote_ufrag");
	json_w_bool(b, "remote_lite", info.remote_lite);
	json_w_uint(b, "remotes", info.remotes);
	json_w_uint(b, "learned", info.learned);
	write_pair(t, &info, b);
	json_w_bool(b, "restarting", info.restarting);
	if (info.consent_ms == 0)
		json_w_null(b, "consent_ms");
	else
		json_w_uint(b, "consent_ms", now - RTE_MIN(now, info.consent_ms));
	json_w_uint(b, "checks_in", info.checks_in);
	json_w_uint(b, "checks_out", info.checks_out);
	json_w_uint(b, "rejected", info.rejected);
	json_w_close(b, '}');
}
