/* SPDX-License-Identifier: BSD-3-Clause */
/* New sessions: everything that can fail, in order; then what can't. */
#include "call.h"
#include "json.h"

/* limits.per_second: a bucket that holds one second's worth. */
static bool rate_allows(struct sessions *s)
{
	uint64_t per_second = s->h->config->limit_per_second, now = s->h->loop.now_ms;
	uint64_t full = per_second * TOKENS_PER_SESSION;

	if (per_second == 0)
		return true;
	s->tokens += (now - s->tokens_at_ms) * per_second;
	s->tokens = RTE_MIN(s->tokens, full);
	s->tokens_at_ms = now;
	return s->tokens >= TOKENS_PER_SESSION;
}

/* Has this worker a port pair for each leg that needs one? */
static bool has_ports(const struct sessions *s, const struct session *se, uint16_t worker)
{
	uint16_t before = UINT16_MAX, needed = 0;

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg *l = &se->leg[i];

		if (l->flags & LEG_PORTLESS)
			continue;
		needed = l->address == before ? needed + 1 : 1;
		before = l->address;
		if (ports_left(&s->ports, l->address, worker) < needed)
			return false;
	}
	return true;
}

/* The least loaded worker that has port pairs left at both addresses, or -1. */
static int choose_worker(const struct sessions *s, const struct session *se)
{
	int best = -1;

	for (uint16_t w = 0; w < s->ports.workers; w++) {
		if (!has_ports(s, se, w))
			continue;
		if (best < 0 || s->worker_load[w] < s->worker_load[best])
			best = w;
	}
	return best;
}

static enum session_fault no_ports(const struct sessions *s, const struct session *se,
				   struct session_error *err)
{
	const struct leg *l = &se->leg[0];
	bool first = !(l->flags & LEG_BUNDLED) && ports_left_all(&s->ports, l->address) == 0;

	first |= se->leg[1].flags & LEG_PORTLESS;
	l = &se->leg[first ? 0 : 1];
	return session_fault_set(
		err, SESSION_NO_PORTS, first ? "/legs/0/address" : "/legs/1/address",
		"no free port pair left at address %s (a call's ports must belong to one worker)",
		s->h->config->addresses[l->address].name);
}

/* Ports for the legs that don't share one, of one worker: `must`, unless -1. */
static enum session_fault take_ports(struct sessions *s, struct session *se, int must,
				     struct session_error *err)
{
	int w = must < 0 ? choose_worker(s, se) : must;

	if (w < 0 || !has_ports(s, se, (uint16_t)w))
		return no_ports(s, se, err);
	se->worker = (uint8_t)w;
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (!(se->leg[i].flags & LEG_PORTLESS))
			se->leg[i].port = ports_take(&s->ports, se->leg[i].address, (uint16_t)w);
	s->worker_load[w]++;
	return SESSION_OK;
}

static void give_ports(struct sessions *s, const struct session *se)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (!(se->leg[i].flags & LEG_PORTLESS))
			ports_give(&s->ports, se->leg[i].address, se->leg[i].port);
	s->worker_load[se->worker]--;
}

static void tell_created(struct sessions *s, const struct session *se)
{
	struct tnd_buf *b = &s->text;

	tnd_buf_reset(b);
	json_w_open(b, NULL, '{');
	json_w_string(b, "id", session_id(se));
	json_w_uint(b, "generation", se->generation);
	session_notify(s, "session.created", b);
}

/* Everything that can fail, in order; then what can't. */
static enum session_fault create_new(struct sessions *s, const struct session_params *params,
				     struct session **out, struct session_error *err)
{
	uint32_t old[FLOW_PLANS_PER_SESSION];
	const struct leg_security *security[SESSION_LEGS] = {NULL, NULL};
	struct transport_want transport[SESSION_LEGS] = {{NULL, NULL, NULL}};
	struct transport_step tstep;
	struct secure_step step;
	struct session *se;
	struct plans plans;
	enum session_fault f;
	unsigned int leg;
	int rc;

	f = bundle_check(s, params, err);
	if (f != SESSION_OK)
		return f;
	f = table_add(s, params->id, &se);
	if (f == SESSION_NO_MEMORY)
		return session_no_memory(err);
	if (f != SESSION_OK)
		return session_fault_set(err, f, "", "all %u sessions are in use", s->limit);
	legs_init(se->leg, params);
	for (unsigned int i = 0; i < SESSION_LEGS && !(se->leg[i].flags & LEG_INNER); i++) {
		const struct leg_params *p = &params->leg[i];

		security[i] = &p->security;
		transport[i] = (struct transport_want){&p->security, &p->ice, &p->bundle};
	}
	bundle_init(s, se, params);
	f = inner_make(s, se, &params->leg[1].inner, err);
	if (f == SESSION_OK)
		f = take_ports(s, se, bundle_worker(s, params), err);
	if (f != SESSION_OK)
		goto fail;
	f = secure_prepare(s, se, security, &step, err);
	if (f != SESSION_OK)
		goto fail_ports;
	secure_flags(s, se, &step);
	f = transport_prepare(s, se, transport, &tstep, err);
	if (f != SESSION_OK)
		goto fail_secure;
	rc = publish_make(s, se, &plans, &leg);
	if (rc != 0) {
		f = session_publish_fault(s, se, rc, leg, err);
		goto fail_transport;
	}
	se->generation = 1;
	se->idle_timeout_s = params->idle_timeout_s;
	se->created_ds = (uint32_t)(s->h->loop.now_ms / 100);
	idle_start(s, se);
	secure_commit(s, se, &step);
	transport_commit(s, se, &tstep);
	publish_swap(s, se, &plans, old);
	*out = se;
	return SESSION_OK;
fail_transport:
	transport_abort(s, &tstep);
fail_secure:
	secure_abort(s, &step);
fail_ports:
	give_ports(s, se);
fail:
	table_unlink(s, se);
	table_release(s, se);
	return f;
}

enum session_fault session_create(struct sessions *s, const struct session_params *params,
				  struct session_answer *answer, struct session_error *err)
{
	uint64_t hash;
	struct session *se;
	enum session_fault f = params_check(s, params, err);

	if (f != SESSION_OK)
		goto refuse;
	hash = params_hash(s, params);
	se = table_find(s, params->id);
	if (se != NULL && se->params_hash != hash) {
		f = session_fault_set(err, SESSION_CONFLICT, "/id",
				      "this session exists, created with other parameters");
		goto refuse;
	}
	answer->created = se == NULL;
	if (se == NULL) {
		if (s->draining)
			f = session_fault_set(err, SESSION_WRONG_STATE, "",
					      "draining: no new sessions");
		else if (!rate_allows(s))
			f = session_fault_set(err, SESSION_LIMIT, "",
					      "more than %u sessions a second",
					      s->h->config->limit_per_second);
		else
			f = create_new(s, params, &se, err);
		if (f != SESSION_OK)
			goto refuse;
		se->params_hash = hash;
		s->tokens -= RTE_MIN(s->tokens, (uint64_t)TOKENS_PER_SESSION);
		s->created++;
		tell_created(s, se);
		transport_begin(s, se, NULL);
		inner_begin(s, se);
	}
	session_fill_answer(s, se, answer);
	return SESSION_OK;
refuse:
	s->refused++;
	return f;
}
