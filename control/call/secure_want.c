/* SPDX-License-Identifier: BSD-3-Clause */
/* What front ends want of legs' secrets: is it possible, and which objects does it need? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "secure_private.h"

static enum session_fault fault(struct session_error *err, enum session_fault f, unsigned int leg,
				const char *member, const char *reason)
{
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/security%s", leg, member);
	return session_fault_set(err, f, path, "%s", reason);
}

static enum session_fault check_length(enum srtp_profile p, const struct sdes_key *key,
				       unsigned int leg, const char *member,
				       struct session_error *err)
{
	unsigned int want = srtp_profile_key_len(p) + srtp_profile_salt_len(p);
	char reason[sizeof(err->reason)];

	if (key->master_len == want)
		return SESSION_OK;
	snprintf(reason, sizeof(reason), "%s has a key of %u bytes and a salt of %u: %u, not %u",
		 srtp_profile_name(p), srtp_profile_key_len(p), srtp_profile_salt_len(p), want,
		 key->master_len);
	return fault(err, SESSION_BAD_PARAMS, leg, member, reason);
}

static enum session_fault keys_fault(struct session_error *err, int rc, unsigned int leg,
				     const char *member)
{
	if (rc == -ENOMEM)
		return session_no_memory(err);
	return fault(err, SESSION_UNSUPPORTED, leg, member,
		     "the SRTP engine in use does not have this profile");
}

/* The crypto attribute of a key. */
static char *make_text(uint32_t tag, enum srtp_profile profile, const struct sdes_key *key)
{
	struct sdes attribute = {.tag = tag != 0 ? tag : 1, .key_count = 1, .key = {*key}};
	const char *name = srtp_profile_name(profile);
	char text[SDES_STRLEN], *out = NULL;

	if (sdes_suite_find(name, strlen(name), &attribute.suite) == 0 &&
	    sdes_format(&attribute, text, sizeof(text)) > 0)
		out = strdup(text);
	explicit_bzero(&attribute, sizeof(attribute));
	explicit_bzero(text, sizeof(text));
	return out;
}

/* The same attribute under another tag. */
static enum session_fault retag(const char *made, uint32_t tag, struct secure_leg_step *step,
				struct session_error *err)
{
	char text[SDES_STRLEN];

	snprintf(text, sizeof(text), "%u%s", tag, strchr(made, ' '));
	if (strcmp(text, made) != 0) {
		step->made = strdup(text);
		step->sets_made = step->changes = true;
	}
	explicit_bzero(text, sizeof(text));
	return step->sets_made && step->made == NULL ? session_no_memory(err) : SESSION_OK;
}

/* A local key of our own. */
static enum session_fault make_local(struct sessions *s, enum srtp_profile p,
				     const struct leg_security *want, unsigned int leg,
				     struct secure_leg_step *step, struct session_error *err)
{
	struct sdes_key key = want->local;
	int rc = -ENOMEM;

	key.master_len = (uint8_t)(srtp_profile_key_len(p) + srtp_profile_salt_len(p));
	if (getrandom(key.master, key.master_len, 0) == key.master_len) {
		step->sets_made = true;
		step->made = make_text(want->tag, p, &key);
		if (step->made != NULL)
			rc = secure_keys_make(s, p, &key, false, &step->tx);
	}
	explicit_bzero(&key, sizeof(key));
	return rc == 0 ? SESSION_OK : keys_fault(err, rc, leg, "/profile");
}

/* `now`: the key in use, or NULL. *out: one that is another, or NULL. */
static enum session_fault take_key(struct sessions *s, enum srtp_profile p,
				   const struct srtp_keys *now, const struct sdes_key *key,
				   unsigned int leg, const char *member, struct srtp_keys **out,
				   struct session_error *err)
{
	enum session_fault f = check_length(p, key, leg, member, err);
	int rc;

	if (f != SESSION_OK)
		return f;
	rc = secure_keys_make(s, p, key, false, out);
	if (rc != 0)
		return keys_fault(err, rc, leg, "/profile");
	if (now != NULL && srtp_keys_equal(now, *out)) {
		secure_keys_free(s, *out);
		*out = NULL;
	}
	return SESSION_OK;
}

static enum session_fault prepare_local(struct sessions *s, enum srtp_profile p,
					const struct srtp_keys *now, const char *made,
					const struct leg_security *want, unsigned int leg,
					struct secure_leg_step *step, struct session_error *err)
{
	enum session_fault f;

	if (want->local.master_len != 0) {
		f = take_key(s, p, now, &want->local, leg, "/local_key", &step->tx, err);
		step->sets_made = step->tx != NULL; /* to none: it is known already */
		if (f != SESSION_OK || step->tx != NULL)
			return f;
	} else if (now == NULL || srtp_keys_profile(now) != p) {
		return make_local(s, p, want, leg, step, err);
	} else if (want->local.mki_len != 0 || want->local.lifetime != 0) {
		return fault(err, SESSION_BAD_PARAMS, leg, "/local_key",
			     "an MKI or a lifetime changes only with its key");
	}
	return made != NULL && want->tag != 0 ? retag(made, want->tag, step, err) : SESSION_OK;
}

static enum session_fault prepare_window(struct sessions *s, const struct session *se,
					 unsigned int leg, const struct leg_security *want,
					 struct secure_leg_step *step, struct session_error *err)
{
	const struct leg *l = &se->leg[leg];
	uint16_t window = secure_window(s, want, is_tunnel(se));
	/* Browsers bundle: audio, videos and what repairs each of them come from one leg. */
	bool many = !is_tunnel(se) && (want->type == LEG_SECURITY_DTLS || (l->flags & LEG_BUNDLE));
	unsigned int ssrcs = many ? SRTP_SSRCS_MAX : SRTP_SSRCS;

	step->window_log2 = l->flags & LEG_SECRETS ? l->window_log2 : (uint8_t)rte_log2_u32(window);
	if (!(l->flags & LEG_SECRETS))
		return secure_running_make(s, step->window_log2, ssrcs, &step->leg) == 0
			       ? SESSION_OK
			       : session_no_memory(err);
	if (want->window != 0 && want->window != 1u << l->window_log2)
		return fault(err, SESSION_CONFLICT, leg, "/window",
			     "the window can't change while the session runs");
	return SESSION_OK;
}

static enum session_fault prepare_sdes(struct sessions *s, const struct session *se, unsigned int i,
				       const struct leg_security *want,
				       struct secure_leg_step *step, struct session_error *err)
{
	const struct flow_secure *fs = &s->h->tables->secure[secure_index(s, se, i)];
	bool keeps = step->was_on && !step->was_dtls;
	const struct srtp_keys *rx = keeps ? fs->rx : NULL;
	const struct srtp_keys *tx = keeps ? fs->tx : NULL;
	enum srtp_profile p;
	enum session_fault f;

	if (!want->has_profile && !keeps)
		return fault(err, SESSION_BAD_PARAMS, i, "/profile", "required with type sdes");
	p = want->has_profile ? want->profile : srtp_keys_profile(tx);
	step->on = true;
	step->dtls = false;
	step->replaces = !keeps;
	f = prepare_window(s, se, i, want, step, err);
	if (f == SESSION_OK)
		f = prepare_local(s, p, tx, s->made[secure_index(s, se, i)], want, i, step, err);
	if (f == SESSION_OK && want->remote.master_len != 0)
		f = take_key(s, p, rx, &want->remote, i, "/remote_key", &step->rx, err);
	step->changes |= !keeps || step->rx != NULL || step->tx != NULL;
	return f;
}

/* The keys come later, by secure_replace(). */
static enum session_fault prepare_dtls(struct sessions *s, const struct session *se, unsigned int i,
				       const struct leg_security *want,
				       struct secure_leg_step *step, struct session_error *err)
{
	step->on = step->dtls = true;
	step->changes = step->replaces = step->sets_made = !step->was_dtls;
	return prepare_window(s, se, i, want, step, err);
}

enum session_fault secure_prepare(struct sessions *s, const struct session *se,
				  const struct leg_security *const want[SESSION_LEGS],
				  struct secure_step *step, struct session_error *err)
{
	enum session_fault f = SESSION_OK;

	*step = (struct secure_step){.session = session_index(s, se)};
	for (unsigned int i = 0; i < SESSION_LEGS && f == SESSION_OK; i++) {
		struct secure_leg_step *l = &step->leg[i];

		l->was_on = l->on = se->leg[i].flags & LEG_SRTP;
		l->was_dtls = l->dtls = se->leg[i].flags & LEG_DTLS;
		if (want[i] == NULL || (se->leg[i].flags & LEG_BUNDLED))
			continue;
		if (want[i]->type == LEG_SECURITY_SDES) {
			f = prepare_sdes(s, se, i, want[i], l, err);
		} else if (want[i]->type == LEG_SECURITY_DTLS) {
			f = prepare_dtls(s, se, i, want[i], l, err);
		} else if (l->was_on) {
			l->on = l->dtls = false;
			l->changes = l->sets_made = true;
		}
		step->changes |= l->changes;
	}
	if (f != SESSION_OK)
		secure_abort(s, step);
	return f;
}
