/* SPDX-License-Identifier: BSD-3-Clause */
/* A leg's DTLS endpoint, and the keys that it makes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "json.h"
#include "log.h"
#include "udp.h"

_Static_assert((int)LEG_SETUP_PASSIVE == DTLS_PASSIVE && (int)LEG_SETUP_ACTIVE == DTLS_ACTIVE &&
		       (int)LEG_SETUP_ACTPASS == DTLS_ACTPASS,
	       "roles have one numbering");
_Static_assert(LEG_FINGERPRINTS <= DTLS_FINGERPRINTS, "an endpoint keeps what a leg is given");

static const char *const setup_names[] = {"passive", "active", "actpass"};

/* ---- what endpoints tell: out of dtls_context_poll() ---------------------------------------- */

static void dtls_send(void *arg, const struct dtls_addr *to, const void *data, size_t len)
{
	transport_send(arg, &to->ip, to->port, data, len);
}

/* For latch host: is it the signalled one? */
static bool from_host(const struct leg *l, const union wire_ip *ip)
{
	return (l->flags & LEG_REMOTE) && wire_ip_equal(&l->remote, ip);
}

static bool from_learned(const struct leg *l, const struct udp_datagram *d)
{
	return (l->flags & LEG_LEARNED) && l->learned_port == d->sport &&
	       wire_ip_equal(&l->learned, &d->src);
}

/* Who has just proven who it is, is the far end as much as if authentic media had come. */
static void take_sender(struct leg_transport *t, const struct dtls_addr *from)
{
	struct leg *l = transport_leg(t), before = *l;

	if ((l->flags & LEG_ICE) || l->latch == LEG_LATCH_STRICT)
		return;
	if ((l->flags & LEG_LEARNED) && l->latch == LEG_LATCH_ONCE)
		return;
	if (l->latch == LEG_LATCH_HOST && !from_host(l, &from->ip))
		return;
	if (!wire_ip_equal(&l->learned, &from->ip))
		l->flags &= (uint16_t)~LEG_LEARNED_RTCP;
	l->learned = from->ip;
	l->learned_port = from->port;
	l->flags |= LEG_LEARNED;
	if (memcmp(l, &before, sizeof(before)) != 0)
		transport_publish(t);
}

static void dtls_got_keys(void *arg, const struct dtls_keys *keys, const struct dtls_addr *from)
{
	struct leg_transport *t = arg;
	struct session *se = transport_session(t);

	if (se->life != LIFE_RUNNING)
		return;
	if (secure_replace(t->s, se, t->leg % SESSION_LEGS, keys) != 0) {
		tnd_err("call", "%s: leg %u: no memory for keys", session_id(se),
			t->leg % SESSION_LEGS);
		dtls_endpoint_close(t->dtls);
		return;
	}
	take_sender(t, from);
	/* Its sign to begin with media is sent behind this. */
	if (t->ice != NULL && t->live)
		transport_publish_now(t);
}

static void tell(struct leg_transport *t, const struct dtls_report *r)
{
	struct tnd_buf *b = transport_event(t);

	json_w_string(b, "state", dtls_state_name(r->state));
	if (r->reason != DTLS_OK)
		json_w_string(b, "reason", dtls_reason_name(r->reason));
	if (r->state == DTLS_CONNECTED)
		json_w_string(b, "profile", srtp_profile_name(r->profile));
	session_notify(t->s, "dtls.state", b);
}

static bool has_keys(const struct leg_transport *t)
{
	const struct flow_secure *fs = &t->s->h->tables->secure[t->leg];

	return fs->rx != NULL || fs->rx_old != NULL || fs->tx != NULL;
}

static void dtls_state(void *arg, const struct dtls_report *r)
{
	struct leg_transport *t = arg;
	struct session *se = transport_session(t);

	if (se->life != LIFE_RUNNING || !t->live)
		return;
	/* Nothing passes under keys of an association that has ended. Where there is no memory
	 * to take them away properly, they stay until the session ends. */
	if ((r->state == DTLS_CLOSED || r->state == DTLS_FAILED) && has_keys(t) &&
	    secure_replace(t->s, se, t->leg % SESSION_LEGS, NULL) != 0)
		tnd_err("call", "%s: leg %u: no memory to take keys away", session_id(se),
			t->leg % SESSION_LEGS);
	tell(t, r);
	/* Last: whoever is told may end the session. */
	if (r->state == DTLS_CLOSED && r->by_peer)
		observe_closed(t->s, se, t->leg % SESSION_LEGS);
}

static const struct dtls_ops ops = {
	.send = dtls_send,
	.keys = dtls_got_keys,
	.state = dtls_state,
};

/* ---- what is wanted ------------------------------------------------------------------------ */

static enum session_fault fault(struct session_error *err, enum session_fault f, unsigned int leg,
				const char *member, const char *reason)
{
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/security%s", leg, member);
	return session_fault_set(err, f, path, "%s", reason);
}

static enum session_fault read_profiles(const struct sessions *s, const struct leg_dtls *want,
					unsigned int leg, struct dtls_kept *out,
					struct session_error *err)
{
	const struct config *c = s->h->config;
	unsigned int n = want->profile_count != 0 ? want->profile_count : c->dtls_profile_count;
	const uint8_t *in = want->profile_count != 0 ? want->profile : c->dtls_profile;

	out->profile_count = 0;
	memset(out->profile, 0, sizeof(out->profile));
	for (unsigned int i = 0; i < n; i++) {
		if (!dtls_profile_usable(in[i]))
			return fault(err, SESSION_UNSUPPORTED, leg, "/profiles",
				     "DTLS can't agree upon this profile (RFC 5764 §4.1.2)");
		if (memchr(out->profile, in[i], out->profile_count) == NULL &&
		    out->profile_count < DTLS_PROFILES)
			out->profile[out->profile_count++] = in[i];
	}
	return SESSION_OK;
}

/* Those that prove something; hashes that are not known here are passed over. */
static enum session_fault read_fingerprints(const struct leg_dtls *want, unsigned int leg,
					    struct dtls_kept *out, struct session_error *err)
{
	struct dtls_fingerprint *fp = calloc(want->fingerprint_count, sizeof(*fp));
	char text[DTLS_FINGERPRINT_STRLEN + 32];
	int rc, n;

	if (fp == NULL)
		return session_no_memory(err);
	out->fingerprint = fp;
	out->fingerprint_count = 0;
	for (unsigned int i = 0; i < want->fingerprint_count; i++) {
		n = snprintf(text, sizeof(text), "%s %s", want->fingerprint[i].hash,
			     want->fingerprint[i].value);
		rc = n < (int)sizeof(text)
			     ? dtls_fingerprint_parse(text, (size_t)n, &fp[out->fingerprint_count])
			     : -EINVAL;
		if (rc == -EINVAL)
			return fault(err, SESSION_BAD_PARAMS, leg, "/fingerprint",
				     "not the bytes of its hash in hexadecimal, with colons "
				     "between");
		if (rc == 0)
			out->fingerprint_count++;
	}
	if (out->fingerprint_count == 0)
		return fault(err, SESSION_UNSUPPORTED, leg, "/fingerprint",
			     "of a hash that proves nothing: sha-256 or better is needed");
	return SESSION_OK;
}

static enum session_fault copy_fingerprints(const struct dtls_kept *kept, struct dtls_kept *out,
					    struct session_error *err)
{
	size_t size = kept->fingerprint_count * sizeof(*kept->fingerprint);

	if (size == 0)
		return SESSION_OK;
	out->fingerprint = malloc(size);
	if (out->fingerprint == NULL)
		return session_no_memory(err);
	memcpy(out->fingerprint, kept->fingerprint, size);
	out->fingerprint_count = kept->fingerprint_count;
	return SESSION_OK;
}

enum session_fault dtls_want_read(const struct sessions *s, const struct dtls_kept *kept,
				  const struct leg_dtls *want, unsigned int leg,
				  struct dtls_kept *out, struct session_error *err)
{
	enum session_fault f = SESSION_OK;

	*out = (struct dtls_kept){.setup = DTLS_PASSIVE};
	if (want->has_setup)
		out->setup = want->setup;
	else if (kept != NULL)
		out->setup = kept->setup;
	if (kept != NULL && want->profile_count == 0) {
		memcpy(out->profile, kept->profile, sizeof(out->profile));
		out->profile_count = kept->profile_count;
	} else {
		f = read_profiles(s, want, leg, out, err);
	}
	if (f == SESSION_OK && want->fingerprint_count > 0)
		f = read_fingerprints(want, leg, out, err);
	else if (f == SESSION_OK && kept != NULL)
		f = copy_fingerprints(kept, out, err);
	if (f != SESSION_OK)
		dtls_kept_free(out);
	return f;
}

bool dtls_kept_same_peer(const struct dtls_kept *a, const struct dtls_kept *b)
{
	if (a->fingerprint_count != b->fingerprint_count)
		return false;
	for (unsigned int i = 0; i < a->fingerprint_count; i++)
		if (a->fingerprint[i].hash != b->fingerprint[i].hash ||
		    memcmp(a->fingerprint[i].digest, b->fingerprint[i].digest,
			   dtls_hash_len(a->fingerprint[i].hash)) != 0)
			return false;
	return true;
}

bool dtls_kept_equal(const struct dtls_kept *a, const struct dtls_kept *b)
{
	return a->setup == b->setup && a->profile_count == b->profile_count &&
	       memcmp(a->profile, b->profile, a->profile_count) == 0 && dtls_kept_same_peer(a, b);
}

void dtls_kept_free(struct dtls_kept *k)
{
	free(k->fingerprint);
	*k = (struct dtls_kept){0};
}

static struct dtls_params params_of(const struct dtls_kept *k, enum srtp_profile profile[])
{
	for (unsigned int i = 0; i < k->profile_count; i++)
		profile[i] = k->profile[i];
	return (struct dtls_params){.setup = k->setup,
				    .profiles = profile,
				    .profile_count = k->profile_count,
				    .remote = k->fingerprint,
				    .remote_count = k->fingerprint_count};
}

enum session_fault dtls_want_make(struct leg_transport *t, const struct dtls_kept *k,
				  struct dtls_endpoint **out, struct session_error *err)
{
	enum srtp_profile profile[DTLS_PROFILES];
	const struct dtls_params p = params_of(k, profile);

	*out = dtls_endpoint_new(t->s->dtls, &p, t->s->h->config->dtls_per_session, &ops, t);
	return *out != NULL ? SESSION_OK : session_no_memory(err);
}

int dtls_want_tell(struct dtls_endpoint *ep, const struct dtls_kept *k)
{
	enum srtp_profile profile[DTLS_PROFILES];
	const struct dtls_params p = params_of(k, profile);

	return dtls_endpoint_set(ep, &p);
}

void dtls_move(struct leg_transport *t, bool anew)
{
	const struct leg *l = transport_leg(t);
	struct dtls_addr to = {.ip = l->remote, .port = l->remote_port};
	struct dtls_report r;

	if (t->dtls == NULL || !(l->flags & LEG_REMOTE))
		return;
	offer_take_hellos(t);
	/* Whom a handshake or media has taught, is where it is. */
	if (!(l->flags & LEG_LEARNED))
		dtls_endpoint_moved(t->dtls, &to);
	if (t->kept.setup != DTLS_ACTIVE)
		return;
	dtls_endpoint_report(t->dtls, &r);
	if (r.state != DTLS_CONNECTED || anew)
		dtls_start(t->dtls, &to);
}

/* May a handshake come from there? */
static bool source_allowed(const struct leg_transport *t, const struct udp_datagram *d)
{
	const struct leg *l = transport_leg(t);
	const struct ice_addr from = {.ip = d->src, .port = d->sport};
	const bool signalled = from_host(l, &d->src) && l->remote_port == d->sport;

	if (t->ice != NULL)
		return ice_source_valid(t->ice, &from);
	if (l->latch == LEG_LATCH_STRICT)
		return signalled;
	/* As client we know whom we have called: a stranger's record must not end that. */
	if (t->kept.setup == DTLS_ACTIVE)
		return signalled || from_learned(l, d);
	if (l->latch == LEG_LATCH_HOST && !from_host(l, &d->src))
		return false;
	/* Whoever proves to be the far end, is it; for once until media or a handshake did. */
	return l->latch == LEG_LATCH_FOLLOW || !(l->flags & LEG_LEARNED) || from_learned(l, d);
}

/* Where no check and no signalled address vouches for it, a source may be forged. */
static bool source_proven(const struct leg_transport *t)
{
	return t->ice != NULL || transport_leg(t)->latch == LEG_LATCH_STRICT ||
	       t->kept.setup == DTLS_ACTIVE;
}

void dtls_arrived(struct leg_transport *t, const struct udp_datagram *d)
{
	const struct dtls_addr from = {.ip = d->src, .port = d->sport};

	if (!source_allowed(t, d)) {
		offer_keep_hello(t, d);
	} else if (source_proven(t)) {
		dtls_input(t->dtls, &from, d->data, d->len);
	} else {
		t->answering = d;
		dtls_input_unproven(t->dtls, &from, d->data, d->len);
		t->answering = NULL;
	}
}

void dtls_arrived_early(struct leg_transport *t, const struct dtls_addr *from, const void *data,
			size_t len)
{
	const struct udp_datagram d = {.src = from->ip, .sport = from->port};

	if (!source_allowed(t, &d))
		return;
	if (source_proven(t))
		dtls_input(t->dtls, from, data, len);
	else
		dtls_input_unproven(t->dtls, from, data, len);
}

void dtls_source(const struct leg_transport *t, struct ice_addr *from)
{
	struct dtls_report r;
	struct ice_addr at;

	dtls_endpoint_report(t->dtls, &r);
	at = (struct ice_addr){.ip = r.peer.ip, .port = r.peer.port};
	if (r.state == DTLS_CONNECTED && ice_source_valid(t->ice, &at))
		*from = at;
}

/* ---- what is told -------------------------------------------------------------------------- */

static void own_fingerprint(const struct leg_transport *t, char text[DTLS_FINGERPRINT_STRLEN],
			    const char **value)
{
	struct dtls_fingerprint fp;
	char *space;

	dtls_endpoint_fingerprint(t->dtls, DTLS_SHA256, &fp);
	dtls_fingerprint_format(&fp, text);
	space = strchr(text, ' ');
	*space = '\0';
	*value = space + 1;
}

void dtls_want_answer(const struct leg_transport *t, struct session_dtls *out)
{
	char text[DTLS_FINGERPRINT_STRLEN];
	const char *value;

	own_fingerprint(t, text, &value);
	out->on = true;
	out->setup = t->kept.setup;
	snprintf(out->hash, sizeof(out->hash), "%s", dtls_hash_name(DTLS_SHA256));
	snprintf(out->fingerprint, sizeof(out->fingerprint), "%s", value);
}

static void write_fingerprint(struct tnd_buf *b, const char *key, const char *hash,
			      const char *value)
{
	json_w_open(b, key, '{');
	json_w_string(b, "hash", hash);
	json_w_string(b, "value", value);
	json_w_close(b, '}');
}

void dtls_write(const struct leg_transport *t, struct tnd_buf *b)
{
	char text[DTLS_FINGERPRINT_STRLEN];
	struct dtls_fingerprint fp;
	struct dtls_report r;
	const char *value;
	char *space;

	dtls_endpoint_report(t->dtls, &r);
	json_w_string(b, "state", dtls_state_name(r.state));
	if (r.reason != DTLS_OK)
		json_w_string(b, "reason", dtls_reason_name(r.reason));
	json_w_string(b, "setup", setup_names[t->kept.setup]);
	own_fingerprint(t, text, &value);
	write_fingerprint(b, "fingerprint", text, value);
	/* The one that matched; before, the first of those that may. */
	if (!dtls_endpoint_remote(t->dtls, &fp)) {
		if (t->kept.fingerprint_count == 0) {
			json_w_null(b, "remote_fingerprint");
			return;
		}
		fp = t->kept.fingerprint[0];
	}
	dtls_fingerprint_format(&fp, text);
	space = strchr(text, ' ');
	*space = '\0';
	write_fingerprint(b, "remote_fingerprint", text, space + 1);
}
