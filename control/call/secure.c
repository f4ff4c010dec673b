/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of legs' secrets: carried out, and what they replace taken away. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "secure_private.h"

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

/* What is sent on one leg is what the other leg takes, both ways. */
static bool same_crosswise(const struct sessions *s, const struct session *se,
			   const struct secure_step *step)
{
	const struct srtp_keys *rx[SESSION_LEGS], *tx[SESSION_LEGS];

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct secure_leg_step *l = &step->leg[i];
		const struct flow_secure *fs = &s->h->tables->secure[secure_index(s, se, i)];

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
			commit_leg(s, secure_index(s, se, i), &step->leg[i]);
}

static int make_dtls_keys(struct sessions *s, const struct dtls_keys *keys,
			  struct secure_leg_step *step)
{
	enum srtp_profile p = keys->profile;
	struct sdes_key k = {.master_len =
				     (uint8_t)(srtp_profile_key_len(p) + srtp_profile_salt_len(p))};
	int rc;

	memcpy(k.master, keys->local, k.master_len);
	rc = secure_keys_make(s, p, &k, true, &step->tx);
	memcpy(k.master, keys->remote, k.master_len);
	if (rc == 0)
		rc = secure_keys_make(s, p, &k, true, &step->rx);
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

		secure_running_free(s, l->leg);
		secure_keys_free(s, l->rx);
		secure_keys_free(s, l->tx);
		secure_text_free(l->made);
	}
	*step = (struct secure_step){0};
}

static void release_keys(struct sessions *s, struct flow_secure *fs, const struct srtp_keys *gone)
{
	const struct srtp_keys **at[] = {&fs->rx, &fs->rx_old, &fs->tx};

	for (unsigned int i = 0; gone != NULL && i < RTE_DIM(at); i++)
		if (*at[i] == gone)
			store_keys(at[i], NULL);
	secure_keys_free(s, (struct srtp_keys *)gone);
}

void secure_release(struct sessions *s, struct secure_step *step)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		struct secure_leg_step *l = &step->leg[i];
		struct flow_secure *fs = &s->h->tables->secure[SESSION_LEGS * step->session + i];

		for (unsigned int k = 0; k < RTE_DIM(l->gone); k++)
			release_keys(s, fs, l->gone[k]);
		bundle_keys(s, SESSION_LEGS * step->session + i);
		secure_text_free(l->made);
	}
	free(step);
}

void secure_end(struct sessions *s, const struct session *se)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg *l = &se->leg[i];
		uint32_t index = secure_index(s, se, i);
		struct flow_secure *fs = &s->h->tables->secure[index];

		if (!(l->flags & LEG_SECRETS)) {
			if (l->flags & LEG_BUNDLED)
				*fs = (struct flow_secure){0};
			continue;
		}
		secure_running_free(s, fs->leg); /* before its keys */
		secure_keys_free(s, (struct srtp_keys *)fs->rx);
		secure_keys_free(s, (struct srtp_keys *)fs->rx_old);
		secure_keys_free(s, (struct srtp_keys *)fs->tx);
		secure_text_free(s->made[index]);
		s->made[index] = NULL;
		if (l->flags & LEG_SRTP)
			s->secured--;
		*fs = (struct flow_secure){0};
	}
}
