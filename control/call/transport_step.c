/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of legs' transports: made ready, carried out as a whole, told of. */
#include <stdlib.h>
#include <string.h>

#include "call.h"

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
		t = step->made = transport_new(s, transport_index(s, se, i));
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
	offer_tell(t);
}

void transport_commit(struct sessions *s, struct session *se, struct transport_step *step)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		commit_leg(s, transport_index(s, se, i), &step->leg[i]);
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
		dtls_move(t, step != NULL && step->leg[i].handshakes);
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
		transport_discard(l->made);
	}
	*step = (struct transport_step){0};
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
