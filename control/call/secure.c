/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of legs' secrets: made ready, carried out, and what they replace taken away. */
#include "secure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "call.h"

_Static_assert((int)SDES_MASTER_MAX == SRTP_MASTER_MAX, "a key of SDP is one for SRTP");
_Static_assert((int)SDES_MKI_MAX == SRTP_MKI_MAX, "and so is an MKI");

static size_t table_size(const struct sessions *s)
{
	return SESSION_LEGS * (size_t)s->limit * sizeof(*s->made);
}

int secure_create(struct sessions *s)
{
	void *p = mmap(NULL, table_size(s), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	s->made = p;
	return 0;
}

void secure_free(struct sessions *s)
{
	slabs_free(&s->slabs);
	if (s->made != NULL)
		munmap(s->made, table_size(s));
}

static uint32_t leg_index(const struct sessions *s, const struct session *se, unsigned int i)
{
	return SESSION_LEGS * session_index(s, se) + i;
}

/* ---- objects ------------------------------------------------------------------------------- */

static void keys_free(struct sessions *s, struct srtp_keys *k)
{
	enum srtp_profile p;
	unsigned int mki_len;
	size_t size;

	if (k == NULL)
		return;
	p = srtp_keys_profile(k);
	mki_len = srtp_keys_growth(k, false) - srtp_profile_rtp_tag_len(p);
	size = srtp_keys_size(s->h->srtp_engine, p, mki_len);
	srtp_keys_wipe(k);
	slab_give(&s->slabs, k, size);
}

/* 0, -ENOMEM, or -ENOTSUP, -EINVAL: the engine doesn't do this profile. */
static int keys_make(struct sessions *s, enum srtp_profile profile, const struct sdes_key *key,
		     bool anew, struct srtp_keys **out)
{
	const struct srtp_keys_config config = {.profile = profile,
						.engine = s->h->srtp_engine,
						.master = key->master,
						.mki = key->mki_len != 0 ? key->mki : NULL,
						.mki_len = key->mki_len,
						.lifetime = key->lifetime,
						.anew = anew};
	size_t size = srtp_keys_size(config.engine, profile, config.mki_len);
	struct srtp_keys *k = slab_take(&s->slabs, size);
	int rc;

	if (k == NULL)
		return -ENOMEM;
	rc = srtp_keys_init(k, &config);
	if (rc != 0) {
		slab_give(&s->slabs, k, size);
		return rc;
	}
	*out = k;
	return 0;
}

static void running_free(struct sessions *s, struct srtp_leg *l, uint8_t window_log2)
{
	if (l == NULL)
		return;
	srtp_leg_wipe(l);
	slab_give(&s->slabs, l, srtp_leg_size(s->h->srtp_engine, 1u << window_log2));
}

static int running_make(struct sessions *s, uint8_t window_log2, struct srtp_leg **out)
{
	size_t size = srtp_leg_size(s->h->srtp_engine, 1u << window_log2);
	struct srtp_leg *l = slab_take(&s->slabs, size);
	int rc;

	if (l == NULL)
		return -ENOMEM;
	rc = srtp_leg_init(l, s->h->srtp_engine, 1u << window_log2);
	if (rc != 0) {
		slab_give(&s->slabs, l, size);
		return rc;
	}
	*out = l;
	return 0;
}

static void text_free(char *text)
{
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}

/* ---- what is wanted ------------------------------------------------------------------------ */

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
			rc = keys_make(s, p, &key, false, &step->tx);
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
	rc = keys_make(s, p, key, false, out);
	if (rc != 0)
		return keys_fault(err, rc, leg, "/profile");
	if (now != NULL && srtp_keys_equal(now, *out)) {
		keys_free(s, *out);
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

static enum session_fault prepare_window(struct sessions *s, const struct leg *l,
					 const struct leg_security *want, unsigned int leg,
					 struct secure_leg_step *step, struct session_error *err)
{
	uint16_t window = want->window != 0 ? want->window : s->h->config->srtp_window;

	step->window_log2 = l->flags & LEG_SECRETS ? l->window_log2 : (uint8_t)rte_log2_u32(window);
	if (!(l->flags & LEG_SECRETS))
		return running_make(s, step->window_log2, &step->leg) == 0 ? SESSION_OK
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
	const struct flow_secure *fs = &s->h->tables->secure[leg_index(s, se, i)];
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
	f = prepare_window(s, &se->leg[i], want, i, step, err);
	if (f == SESSION_OK)
		f = prepare_local(s, p, tx, s->made[leg_index(s, se, i)], want, i, step, err);
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
	return prepare_window(s, &se->leg[i], want, i, step, err);
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

/* ---- carrying out -------------------------------------------------------------------------- */

/* What is sent on one leg is what the other leg takes, both ways. */
static bool same_crosswise(const struct sessions *s, const struct session *se,
			   const struct secure_step *step)
{
	const struct srtp_keys *rx[SESSION_LEGS], *tx[SESSION_LEGS];

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct secure_leg_step *l = &step->leg[i];
		const struct flow_secure *fs = &s->h->tables->secure[leg_index(s, se, i)];

		if (!l->on || l->dtls)
			return false;
		rx[i] = l->rx != NULL || l->replaces ? l->rx : fs->rx;
		tx[i] = l->tx != NULL || l->replaces ? l->tx : fs->tx;
	}
	return rx[0] != NULL && rx[1] != NULL && srtp_keys_equal(rx[0], tx[1]) &&
	       srtp_keys_equal(rx[1], tx[0]);
}

void secure_flags(const struct sessions *s, struct session *se, const struct secure_step *step)
{
	bool through = same_crosswise(s, se, step);

	for (unsigned int i = 0; step->changes && i < SESSION_LEGS; i++) {
		struct leg *l = &se->leg[i];

		if (l->flags & LEG_BUNDLED)
			continue;
		l->flags &= (uint16_t) ~(LEG_SRTP | LEG_DTLS | LEG_THROUGH);
		if (step->leg[i].dtls)
			l->flags |= LEG_DTLS;
		if (step->leg[i].on) {
			l->flags |= LEG_SRTP | LEG_SECRETS;
			l->window_log2 =
				step->leg[i].changes ? step->leg[i].window_log2 : l->window_log2;
		}
		if (through)
			l->flags |= LEG_THROUGH;
		/* Whom plain packets have taught is for authentic ones to confirm; until then
		 * media goes where it went. */
		if (step->leg[i].on && !step->leg[i].was_on)
			l->epoch++;
	}
}

static void store_keys(const struct srtp_keys **at, const struct srtp_keys *k)
{
	__atomic_store_n(at, k, __ATOMIC_RELEASE);
}

/* Into `fs`; what falls out of it, to step->gone. */
static void commit_keys(struct flow_secure *fs, struct secure_leg_step *step)
{
	if (step->leg != NULL)
		fs->leg = step->leg;
	if (step->replaces) {
		/* Left over from an earlier time with encryption: on their way out already. */
		if (step->was_on) {
			step->gone[0] = fs->rx;
			step->gone[1] = fs->rx_old;
			step->gone[2] = fs->tx;
		}
		store_keys(&fs->rx_old, NULL);
		store_keys(&fs->rx, step->rx);
		store_keys(&fs->tx, step->tx);
		return;
	}
	if (step->rx != NULL) {
		step->gone[0] = fs->rx_old;
		store_keys(&fs->rx_old, fs->rx);
		store_keys(&fs->rx, step->rx);
	}
	if (step->tx != NULL) {
		step->gone[1] = fs->tx;
		store_keys(&fs->tx, step->tx);
	}
}

static void commit_leg(struct sessions *s, uint32_t index, struct secure_leg_step *step)
{
	struct flow_secure *fs = &s->h->tables->secure[index];
	char *before = s->made[index];
	bool rekeys = fs->rx != NULL && step->rx != NULL;

	rekeys |= fs->tx != NULL && step->tx != NULL;
	if (step->on) {
		commit_keys(fs, step);
	} else {
		/* Plans that open and seal may be in use until the end of the grace period, so
		 * the keys stay where they are until then. */
		step->gone[0] = fs->rx;
		step->gone[1] = fs->rx_old;
		step->gone[2] = fs->tx;
	}
	bundle_keys(s, index);
	if (step->on && step->was_on && rekeys)
		s->rekeyed++;
	s->secured += (uint32_t)step->on - (uint32_t)step->was_on;
	if (step->sets_made) {
		s->made[index] = step->made;
		step->made = before;
	}
}

void secure_commit(struct sessions *s, const struct session *se, struct secure_step *step)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (step->leg[i].changes)
			commit_leg(s, leg_index(s, se, i), &step->leg[i]);
}

static int make_dtls_keys(struct sessions *s, const struct dtls_keys *keys,
			  struct secure_leg_step *step)
{
	enum srtp_profile p = keys->profile;
	struct sdes_key k = {.master_len =
				     (uint8_t)(srtp_profile_key_len(p) + srtp_profile_salt_len(p))};
	int rc;

	memcpy(k.master, keys->local, k.master_len);
	rc = keys_make(s, p, &k, true, &step->tx);
	memcpy(k.master, keys->remote, k.master_len);
	if (rc == 0)
		rc = keys_make(s, p, &k, true, &step->rx);
	explicit_bzero(&k, sizeof(k));
	return rc;
}

int secure_replace(struct sessions *s, struct session *se, unsigned int i,
		   const struct dtls_keys *keys)
{
	struct secure_step *step = calloc(1, sizeof(*step));
	struct retired r = {.session = SESSION_NONE, .secure = step};
	struct secure_leg_step *l;
	int rc = -ENOMEM;

	if (step == NULL || retire_reserve(s, 1) != 0)
		goto fail;
	step->session = session_index(s, se);
	step->changes = true;
	l = &step->leg[i];
	*l = (struct secure_leg_step){
		.changes = true, .was_on = true, .on = true, .was_dtls = true, .dtls = true};
	l->replaces = keys == NULL;
	rc = keys != NULL ? make_dtls_keys(s, keys, l) : 0;
	if (rc != 0)
		goto fail_keys;
	secure_commit(s, se, step);
	retire_push(s, &r);
	return 0;
fail_keys:
	secure_abort(s, step);
fail:
	free(step);
	return rc;
}

void secure_abort(struct sessions *s, struct secure_step *step)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		struct secure_leg_step *l = &step->leg[i];

		running_free(s, l->leg, l->window_log2);
		keys_free(s, l->rx);
		keys_free(s, l->tx);
		text_free(l->made);
	}
	*step = (struct secure_step){0};
}

static void release_keys(struct sessions *s, struct flow_secure *fs, const struct srtp_keys *gone)
{
	const struct srtp_keys **at[] = {&fs->rx, &fs->rx_old, &fs->tx};

	for (unsigned int i = 0; gone != NULL && i < RTE_DIM(at); i++)
		if (*at[i] == gone)
			store_keys(at[i], NULL);
	keys_free(s, (struct srtp_keys *)gone);
}

void secure_release(struct sessions *s, struct secure_step *step)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		struct secure_leg_step *l = &step->leg[i];
		struct flow_secure *fs = &s->h->tables->secure[SESSION_LEGS * step->session + i];

		for (unsigned int k = 0; k < RTE_DIM(l->gone); k++)
			release_keys(s, fs, l->gone[k]);
		bundle_keys(s, SESSION_LEGS * step->session + i);
		text_free(l->made);
	}
	free(step);
}

void secure_end(struct sessions *s, const struct session *se)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg *l = &se->leg[i];
		uint32_t index = leg_index(s, se, i);
		struct flow_secure *fs = &s->h->tables->secure[index];

		if (!(l->flags & LEG_SECRETS)) {
			if (l->flags & LEG_BUNDLED)
				*fs = (struct flow_secure){0};
			continue;
		}
		running_free(s, fs->leg, l->window_log2); /* before its keys */
		keys_free(s, (struct srtp_keys *)fs->rx);
		keys_free(s, (struct srtp_keys *)fs->rx_old);
		keys_free(s, (struct srtp_keys *)fs->tx);
		text_free(s->made[index]);
		s->made[index] = NULL;
		if (l->flags & LEG_SRTP)
			s->secured--;
		*fs = (struct flow_secure){0};
	}
}
