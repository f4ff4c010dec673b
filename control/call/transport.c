/* SPDX-License-Identifier: BSD-3-Clause */
/* Agents and endpoints of legs: the table, what arrives and leaves, changes as a whole. */
#include "transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "call.h"
#include "json.h"
#include "log.h"
#include "udp.h"

#define DTLS_TURN_MS 5   /* of handshakes in one turn of the loop */
#define RETRY_MS     100 /* plans could not be made */

/* ---- the table ----------------------------------------------------------------------------- */

static uint32_t leg_index(const struct sessions *s, const struct session *se, unsigned int i)
{
	return SESSION_LEGS * session_index(s, se) + i;
}

struct leg_transport *transport_of(const struct sessions *s, const struct session *se,
				   unsigned int i)
{
	return s->transport[leg_index(s, se, i)];
}

struct leg_transport *transport_head(const struct sessions *s, const struct session *se,
				     unsigned int i)
{
	struct leg_transport *t = transport_of(s, se, i);

	return t != NULL && t->head != t->leg ? s->transport[t->head] : t;
}

struct session *transport_session(const struct leg_transport *t)
{
	return &t->s->table[t->leg / SESSION_LEGS];
}

struct leg *transport_leg(const struct leg_transport *t)
{
	return &transport_session(t)->leg[t->leg % SESSION_LEGS];
}

struct tnd_buf *transport_event(struct leg_transport *t)
{
	struct tnd_buf *b = &t->s->text;

	tnd_buf_reset(b);
	json_w_open(b, NULL, '{');
	json_w_string(b, "id", session_id(transport_session(t)));
	json_w_uint(b, "leg", t->leg % SESSION_LEGS);
	return b;
}

/* ---- packets ------------------------------------------------------------------------------- */

void transport_send(struct leg_transport *t, const union wire_ip *ip, uint16_t port,
		    const void *data, size_t len)
{
	const struct udp_datagram *d = t->answering;
	const struct leg *l = transport_leg(t);
	uint8_t tos = l->dscp == SESSION_DSCP_KEEP ? 0 : (uint8_t)(l->dscp << 2);

	/* What can't be sent is lost, as on any link: whoever misses it asks again. A sender who
	 * is only answered gets no place in the table of neighbours. */
	if (d != NULL && d->sport == port && wire_ip_equal(&d->src, ip))
		udp_answer(t->s->h, d, tos, data, len);
	else
		udp_send(t->s->h, l->address, l->port, ip, port, tos, data, len);
}

static void arrived(struct leg_transport *t, uint8_t kind, const struct udp_datagram *d)
{
	const struct ice_addr from = {.ip = d->src, .port = d->sport};

	if (kind == DP_PUNT_DTLS && t->dtls != NULL) {
		dtls_arrived(t, d);
	} else if (kind == DP_PUNT_STUN && t->ice != NULL) {
		t->answering = d;
		ice_input(t->ice, &from, d->data, d->len);
		t->answering = NULL;
	}
}

/* host.transport_input */
static void transport_input(void *arg, uint8_t kind, uint32_t leg, uint16_t generation,
			    struct rte_mbuf *m)
{
	struct sessions *s = arg;
	const struct session *se;
	struct udp_datagram d;

	if (leg < SESSION_LEGS * s->limit && s->transport[leg] != NULL) {
		se = &s->table[leg / SESSION_LEGS];
		if (se->life == LIFE_RUNNING && se->incarnation == generation &&
		    udp_parse(m, &d) == 0)
			arrived(s->transport[leg], kind, &d);
	}
	rte_pktmbuf_free(m);
}

/* ---- the far end is another ---------------------------------------------------------------- */

void transport_publish(struct leg_transport *t)
{
	if (!t->live || transport_session(t)->life != LIFE_RUNNING)
		return;
	tnd_timer_stop(&t->s->h->loop.timers, &t->retry);
	if (tnd_list_empty(&t->due))
		tnd_list_add_tail(&t->s->due, &t->due);
}

static void retry(struct tnd_timer *timer, void *arg)
{
	transport_publish(arg);
}

/* What the agent says of the far end; media goes nowhere else, and comes from nowhere else. */
static void take_selected(const struct leg_transport *t, struct leg *l)
{
	struct leg_remote r = {0};
	struct ice_info info;
	bool known;

	ice_get_info(t->ice, &info);
	known = info.has_selected && info.state != ICE_FAILED;
	if (known) {
		r.ip = info.selected.ip;
		r.port = info.selected.port;
		leg_set_remote(l, &r);
	} else {
		leg_clear_remote(l);
	}
}

/* Plans of the session and of those bundled on it; false: not now. */
static bool publish_now(struct leg_transport *t)
{
	struct session *se = transport_session(t);
	struct republish r;
	unsigned int leg;
	int rc = republish_make(t->s, se, &r, &leg);

	if (rc == 0) {
		republish_swap(t->s, &r, NULL);
		return true;
	}
	tnd_warn("call", "%s: leg %u: can't send to its far end: %s", session_id(se),
		 t->leg % SESSION_LEGS, strerrorname_np(-rc));
	return false;
}

/* The far end's place in a running handshake, or in one that is for us to begin. */
static void move_dtls(struct leg_transport *t)
{
	const struct leg *l = transport_leg(t);
	const struct dtls_addr to = {.ip = l->remote, .port = l->remote_port};

	if (t->dtls == NULL || !(l->flags & LEG_REMOTE))
		return;
	dtls_endpoint_moved(t->dtls, &to);
	dtls_begin(t, false);
}

static void publish_due(struct leg_transport *t)
{
	struct leg *l = transport_leg(t), before = *l;

	/* It may have ended since it became due. */
	if (transport_session(t)->life != LIFE_RUNNING)
		return;
	if (t->ice != NULL) {
		take_selected(t, l);
		if (memcmp(l, &before, sizeof(before)) == 0)
			return;
		leg_forget_learned(l);
	}
	if (publish_now(t)) {
		if (t->ice != NULL && (before.flags & l->flags & LEG_REMOTE))
			ice_tell(t);
		move_dtls(t);
		return;
	}
	/* What was learned from a handshake stands; what ICE says is asked for again. */
	if (t->ice != NULL) {
		*l = before;
		republish_undo(t->s, transport_session(t));
	}
	loop_timer_after(&t->s->h->loop, &t->retry, RETRY_MS);
}

void transport_poll(struct sessions *s)
{
	while (!tnd_list_empty(&s->due)) {
		struct leg_transport *t = tnd_container_of(s->due.next, struct leg_transport, due);

		tnd_list_del(&t->due);
		tnd_list_init(&t->due);
		publish_due(t);
	}
}

/* ---- changes ------------------------------------------------------------------------------- */

static struct leg_transport *transport_new(struct sessions *s, uint32_t leg)
{
	struct leg_transport *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->s = s;
	t->leg = t->head = leg;
	tnd_list_init(&t->due);
	tnd_timer_init(&t->retry, retry, t);
	return t;
}

static void free_transport(struct leg_transport *t)
{
	if (t == NULL)
		return;
	tnd_timer_stop(&t->s->h->loop.timers, &t->retry);
	tnd_list_del(&t->due);
	dtls_endpoint_free(t->dtls);
	ice_free(t->ice);
	dtls_kept_free(&t->kept);
	free(t->section);
	free(t);
}

static enum session_fault prepare_ice(const struct leg *l, struct leg_transport *t,
				      const struct leg_ice *want, struct transport_leg_step *step,
				      struct session_error *err)
{
	struct ice_info info;

	if (want->mode == LEG_ICE_NONE) {
		step->sets_ice = step->changes = t->ice != NULL;
		return SESSION_OK;
	}
	if (t->ice != NULL) {
		ice_get_info(t->ice, &info);
		step->want_ice = want;
		if (want->mode == LEG_ICE_AS_IS ||
		    info.mode == (want->mode == LEG_ICE_LITE ? ICE_LITE : ICE_FULL))
			return SESSION_OK;
		step->want_ice = NULL;
	}
	step->sets_ice = step->changes = true;
	return ice_want_make(t, l->address, l->port, want, &step->ice, err);
}

static enum session_fault prepare_dtls(struct leg_transport *t, const struct leg_security *want,
				       unsigned int leg, struct transport_leg_step *step,
				       struct session_error *err)
{
	const struct dtls_kept *kept = t->dtls != NULL ? &t->kept : NULL;
	enum session_fault f;

	if (want->type != LEG_SECURITY_DTLS) {
		step->sets_dtls = step->sets_kept = t->dtls != NULL;
		step->changes |= step->sets_dtls;
		return SESSION_OK;
	}
	f = dtls_want_read(t->s, kept, &want->dtls, leg, &step->kept, err);
	if (f != SESSION_OK)
		return f;
	if (kept == NULL) {
		step->sets_dtls = step->sets_kept = step->changes = true;
		return dtls_want_make(t, &step->kept, &step->dtls, err);
	}
	step->sets_kept = !dtls_kept_equal(kept, &step->kept);
	/* The answer to our offer says who it is, that is no other far end. */
	step->handshakes =
		want->dtls.renew || kept->setup != step->kept.setup ||
		(kept->fingerprint_count != 0 && !dtls_kept_same_peer(kept, &step->kept));
	step->changes |= step->sets_kept || step->handshakes;
	return SESSION_OK;
}

static enum session_fault prepare_leg(struct sessions *s, const struct session *se, unsigned int i,
				      const struct transport_want *want,
				      struct transport_leg_step *step, struct session_error *err)
{
	struct leg_transport *t = transport_of(s, se, i);
	enum session_fault f = SESSION_OK;
	bool needed = (want->ice != NULL && want->ice->mode != LEG_ICE_NONE) ||
		      (want->security != NULL && want->security->type == LEG_SECURITY_DTLS) ||
		      (want->bundle != NULL && bundle_types(want->bundle));

	if (t == NULL && !needed)
		return SESSION_OK;
	if (t == NULL)
		t = step->made = transport_new(s, leg_index(s, se, i));
	if (t == NULL)
		return session_no_memory(err);
	if (want->bundle != NULL)
		f = bundle_prepare(t, want->bundle, step, err);
	if (f == SESSION_OK && want->ice != NULL)
		f = prepare_ice(&se->leg[i], t, want->ice, step, err);
	if (f == SESSION_OK && want->security != NULL)
		f = prepare_dtls(t, want->security, i, step, err);
	return f;
}

enum session_fault transport_prepare(struct sessions *s, const struct session *se,
				     const struct transport_want want[SESSION_LEGS],
				     struct transport_step *step, struct session_error *err)
{
	enum session_fault f = SESSION_OK;

	*step = (struct transport_step){0};
	for (unsigned int i = 0; i < SESSION_LEGS && f == SESSION_OK; i++)
		f = prepare_leg(s, se, i, &want[i], &step->leg[i], err);
	if (f != SESSION_OK)
		transport_abort(s, step);
	return f;
}

enum session_fault transport_tell(struct sessions *s, const struct session *se,
				  struct transport_step *step, struct session_error *err)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		struct transport_leg_step *l = &step->leg[i];
		struct leg_transport *t = transport_of(s, se, i);

		if (l->want_ice != NULL && ice_want_tell(t->ice, l->want_ice, &l->changes) != 0)
			return session_no_memory(err);
		if (l->sets_kept && !l->sets_dtls && dtls_want_tell(t->dtls, &l->kept) != 0)
			return session_no_memory(err);
	}
	return SESSION_OK;
}

bool transport_changes(const struct transport_step *step)
{
	return step->leg[0].changes || step->leg[1].changes;
}

static void commit_leg(struct sessions *s, uint32_t index, struct transport_leg_step *step)
{
	struct leg_transport *t;

	if (step->made != NULL)
		s->transport[index] = step->made;
	t = s->transport[index];
	if (t == NULL)
		return;
	if (step->sets_ice) {
		ice_free(t->ice);
		t->ice = step->ice;
	}
	if (step->sets_dtls) {
		dtls_endpoint_free(t->dtls);
		t->dtls = step->dtls;
	}
	if (step->sets_kept) {
		dtls_kept_free(&t->kept);
		t->kept = step->kept;
	} else {
		dtls_kept_free(&step->kept);
	}
	if (step->sets_bundle)
		bundle_commit(t, step);
}

void transport_commit(struct sessions *s, struct session *se, struct transport_step *step)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		commit_leg(s, leg_index(s, se, i), &step->leg[i]);
}

void transport_begin(struct sessions *s, struct session *se, const struct transport_step *step)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		struct leg_transport *t = transport_of(s, se, i);

		if (t == NULL)
			continue;
		t->live = true;
		if (t->ice != NULL && (step == NULL || step->leg[i].sets_ice))
			ice_tell(t);
		if (t->ice != NULL)
			transport_publish(t);
		dtls_begin(t, step != NULL && step->leg[i].handshakes);
	}
}

void transport_abort(struct sessions *s, struct transport_step *step)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		struct transport_leg_step *l = &step->leg[i];

		dtls_endpoint_free(l->dtls);
		ice_free(l->ice);
		dtls_kept_free(&l->kept);
		free(l->section);
		free_transport(l->made);
	}
	*step = (struct transport_step){0};
}

void transport_end(struct sessions *s, struct session *se)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		uint32_t index = leg_index(s, se, i);

		if (s->transport[index] == NULL)
			continue;
		free_transport(s->transport[index]);
		s->transport[index] = NULL;
	}
}

/* ---- what is told -------------------------------------------------------------------------- */

static uint64_t hash_text(const struct sessions *s, uint64_t before, const char *text)
{
	uint64_t n[2] = {before, text != NULL ? siphash(&s->key, text, strlen(text)) : 0};

	return siphash(&s->key, n, sizeof(n));
}

uint64_t transport_params_hash(const struct sessions *s, const struct leg_params *p)
{
	const struct leg_dtls *d = &p->security.dtls;
	const struct leg_ice *ice = &p->ice;
	struct {
		uint64_t text, payload_types[2];
		uint32_t candidates, fingerprints;
		uint8_t mode, role, remote_lite, end, setup, profile_count;
		uint8_t profile[SRTP_PROFILE_COUNT], pad[2];
	} n;

	memset(&n, 0, sizeof(n));
	memcpy(n.payload_types, p->bundle.payload_types, sizeof(n.payload_types));
	n.text = hash_text(s, 0, p->bundle.transport);
	if (ice->mode != LEG_ICE_NONE) {
		n.mode = ice->mode;
		n.role = ice->has_role ? ice->role + 1 : 0;
		n.remote_lite = ice->remote_lite;
		n.end = ice->end_of_candidates;
		n.candidates = ice->candidate_count;
		n.text = hash_text(s, n.text, ice->ufrag);
		n.text = hash_text(s, n.text, ice->pwd);
		for (unsigned int i = 0; i < ice->candidate_count; i++)
			n.text = hash_text(s, n.text, ice->candidate[i]);
	}
	if (p->security.type == LEG_SECURITY_DTLS) {
		n.setup = d->has_setup ? d->setup : LEG_SETUP_PASSIVE;
		n.fingerprints = d->fingerprint_count;
		n.profile_count = d->profile_count;
		memcpy(n.profile, d->profile, d->profile_count);
		for (unsigned int i = 0; i < d->fingerprint_count; i++) {
			n.text = hash_text(s, n.text, d->fingerprint[i].hash);
			n.text = hash_text(s, n.text, d->fingerprint[i].value);
		}
	}
	return siphash(&s->key, &n, sizeof(n));
}

void transport_answer(const struct sessions *s, const struct session *se, unsigned int i,
		      struct session_answer *a)
{
	const struct leg_transport *t = transport_head(s, se, i);

	if (t == NULL)
		return;
	if (t->ice != NULL)
		ice_want_answer(t->ice, &a->leg[i].ice);
	if (t->dtls != NULL)
		dtls_want_answer(t, &a->leg[i].dtls);
}

/* ---- life ---------------------------------------------------------------------------------- */

static size_t table_size(const struct sessions *s)
{
	return SESSION_LEGS * (size_t)s->limit * sizeof(*s->transport);
}

static uint64_t dtls_now_us(void *arg)
{
	const struct sessions *s = arg;

	return s->h->loop.now_ms * 1000;
}

/* Step by step, until there is nothing to do or others have waited long enough. */
static bool poll_dtls(struct loop_poller *p)
{
	struct sessions *s = p->arg;
	uint64_t until = rte_rdtsc() + DTLS_TURN_MS * s->h->loop.tsc_per_ms;
	bool more;

	do
		more = dtls_context_poll(s->dtls, 0);
	while (more && rte_rdtsc() < until);
	transport_poll(s);
	return more;
}

const struct dtls_counters *sessions_dtls(const struct sessions *s)
{
	return dtls_context_counters(s->dtls);
}

/* What far ends will be told, so that it can be compared with what they say they were told. */
static void log_certificate(const struct sessions *s)
{
	const struct config *c = s->h->config;
	char text[DTLS_FINGERPRINT_STRLEN];
	struct dtls_fingerprint fp;

	if (c->dtls_per_session) {
		tnd_info("call", "DTLS: a certificate of its own for each leg");
		return;
	}
	dtls_context_fingerprint(s->dtls, DTLS_SHA256, &fp);
	tnd_info("call", "DTLS: certificate %s, fingerprint %s",
		 c->dtls_certificate[0] != '\0' ? c->dtls_certificate : "made here",
		 dtls_fingerprint_format(&fp, text));
}

int transport_create(struct sessions *s)
{
	const struct config *c = s->h->config;
	const struct dtls_config config = {
		.cert_file = c->dtls_certificate[0] != '\0' ? c->dtls_certificate : NULL,
		.key_file = c->dtls_certificate[0] != '\0' ? c->dtls_key : NULL,
		.mtu = c->dtls_mtu,
		.half_open = c->dtls_half_open,
		.timers = &s->h->loop.timers,
		.now_us = dtls_now_us,
		.now_arg = s,
	};
	void *p = mmap(NULL, table_size(s), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	s->transport = p;
	tnd_list_init(&s->due);
	s->dtls = dtls_context_create(&config);
	if (s->dtls == NULL) {
		int rc = -errno;

		tnd_err("call", "DTLS: certificate %s, key %s: %s",
			config.cert_file != NULL ? config.cert_file : "(made here)",
			config.key_file != NULL ? config.key_file : "(made here)", strerror(-rc));
		return rc;
	}
	log_certificate(s);
	s->dtls_poller = (struct loop_poller){.fn = poll_dtls, .arg = s};
	loop_add_poller(&s->h->loop, &s->dtls_poller);
	s->h->transport_input = transport_input;
	s->h->transport_arg = s;
	return 0;
}

void transport_free(struct sessions *s)
{
	if (s->dtls != NULL) {
		loop_del_poller(&s->dtls_poller);
		s->h->transport_input = NULL;
		dtls_context_free(s->dtls);
	}
	if (s->transport != NULL)
		munmap(s->transport, table_size(s));
}
