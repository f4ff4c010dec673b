/* SPDX-License-Identifier: BSD-3-Clause */
/* The agent as a whole: credentials, generations, input, timer. */
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "ice_private.h"

/* splitmix64 */
uint32_t ice_random(struct ice_agent *a, uint32_t below)
{
	uint64_t z = a->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 32) % below;
}

/* ---- timer --------------------------------------------------------------------------------- */

void ice_tell_early(struct ice_agent *a)
{
	struct ice_addr from = {.port = 0};
	bool nominating = false;

	ice_early(a, &from, &nominating);
	if (ice_addr_equal(&from, &a->told_early) && nominating == a->told_nominating)
		return;
	a->told_early = from;
	a->told_nominating = nominating;
	if (a->ops->early != NULL)
		a->ops->early(a->arg);
}

/* Everything that is due, and the timer for what is due next. Nominating comes before checks. */
void ice_step(struct ice_agent *a)
{
	uint64_t now = ice_now(a);
	uint64_t next = ice_gather_step(a, now);

	next = ice_min(next, ice_nominate_step(a, now));
	next = ice_min(next, ice_check_step(a, now));
	next = ice_min(next, ice_consent_step(a, now));
	next = ice_min(next, ice_patience_step(a, now));
	ice_tell_early(a);
	if (next == ICE_NEVER)
		tnd_timer_stop(a->timers, &a->timer);
	else
		tnd_timer_start(a->timers, &a->timer, next > now ? next : now + 1);
}

static void on_timer(struct tnd_timer *t, void *arg)
{
	ice_step(arg);
}

/* ---- generations --------------------------------------------------------------------------- */

static void remote_clear(struct ice_generation *g)
{
	free(g->remote_ufrag);
	g->remote_ufrag = NULL;
	explicit_bzero(&g->remote, sizeof(g->remote));
}

/* Fresh local credentials in the slot, of which nothing is left. 0 or -EIO. */
static int generation_new(struct ice_agent *a, unsigned int generation)
{
	static const char chars[64] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct ice_generation *g = &a->generation[generation];
	uint8_t r[ICE_UFRAG_LEN + ICE_PWD_LEN];

	if (RAND_bytes(r, sizeof(r)) != 1)
		return -EIO;
	ice_generation_retire(a, generation);
	for (unsigned int i = 0; i < ICE_UFRAG_LEN; i++)
		g->ufrag[i] = chars[r[i] & 63];
	for (unsigned int i = 0; i < ICE_PWD_LEN; i++)
		g->pwd[i] = chars[r[ICE_UFRAG_LEN + i] & 63];
	ice_key_init(&g->local, g->pwd, ICE_PWD_LEN);
	g->live = true;
	explicit_bzero(r, sizeof(r));
	return 0;
}

void ice_generation_retire(struct ice_agent *a, unsigned int generation)
{
	struct ice_generation *g = &a->generation[generation];

	ice_pairs_drop(a, generation, false);
	remote_clear(g);
	explicit_bzero(g, sizeof(*g));
}

int ice_restart(struct ice_agent *a)
{
	unsigned int other = !a->newest;
	int rc;

	if (a->generation[a->newest].remote_ufrag == NULL)
		return 0;
	/* The one in use stays: the newest, or, if that has come to nothing yet, the one before. */
	if (a->generation[other].live) {
		rc = generation_new(a, a->newest);
	} else {
		rc = generation_new(a, other);
		if (rc == 0)
			a->newest = (uint8_t)other;
	}
	if (rc == 0)
		ice_step(a);
	return rc;
}

/* As restarted, but by the credentials that we have: of the peer before nothing is in the newest.
 */
static void generation_again(struct ice_agent *a)
{
	const struct ice_generation *g = &a->generation[a->newest];
	struct ice_generation again = {.local = g->local, .live = true, .again = true};
	unsigned int to = a->generation[!a->newest].live ? a->newest : !a->newest;

	memcpy(again.ufrag, g->ufrag, sizeof(again.ufrag));
	memcpy(again.pwd, g->pwd, sizeof(again.pwd));
	for (unsigned int i = 0; i < a->pairs; i++)
		if (a->pair[i].foreign)
			a->pair[i].generation = !to;
	ice_generation_retire(a, to);
	a->generation[to] = again;
	a->newest = (uint8_t)to;
	explicit_bzero(&again, sizeof(again));
}

/* Checks of the one who has answered came before the answer did. */
static void hear_again(struct ice_agent *a, uint32_t peer)
{
	struct ice_pair *best = NULL;

	ice_pairs_adopt(a, peer);
	for (unsigned int i = 0; i < a->pairs; i++) {
		struct ice_pair *p = &a->pair[i];

		if (p->generation != a->newest || p->heard_ms == 0 || p->valid)
			continue;
		ice_pair_heard(a, p, false);
		if (p->use_candidate &&
		    (best == NULL || ice_pair_priority(a, p) > ice_pair_priority(a, best)))
			best = p;
	}
	if (best != NULL)
		ice_pair_heard(a, best, true);
}

static bool ice_chars(const char *s, size_t len, size_t min)
{
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'A' && s[i] <= 'Z') ||
		      (s[i] >= 'a' && s[i] <= 'z') || s[i] == '+' || s[i] == '/'))
			return false;
	return len >= min && len <= ICE_REMOTE_STRLEN;
}

bool ice_credentials_ok(const char *ufrag, size_t ufrag_len, const char *pwd, size_t pwd_len)
{
	return ice_chars(ufrag, ufrag_len, 4) && ice_chars(pwd, pwd_len, 22);
}

/* The roles that modes dictate (RFC 8445 §6.1.1). */
static void set_lite(struct ice_agent *a, bool lite)
{
	a->remote_lite = lite;
	if (a->mode == ICE_FULL && lite)
		ice_set_role(a, true);
	else if (a->mode == ICE_LITE && !lite)
		ice_set_role(a, false);
}

static bool same_remote(const struct ice_generation *g, const char *ufrag,
			const struct ice_key *key)
{
	return g->live && g->remote_ufrag != NULL && strcmp(g->remote_ufrag, ufrag) == 0 &&
	       memcmp(&g->remote, key, sizeof(*key)) == 0;
}

/* Two lite agents check nothing: what is signalled works. */
static bool unchecked(const struct ice_agent *a)
{
	return a->mode == ICE_LITE && a->remote_lite;
}

static int set_remote(struct ice_agent *a, const char *ufrag, const struct ice_key *key, bool lite)
{
	struct ice_generation *g = &a->generation[a->newest];
	bool another = g->remote_ufrag != NULL;
	char *copy;
	int rc = 0;

	/* The same again; of the one before, while a restart of ours is not answered, too. */
	if (same_remote(g, ufrag, key) ||
	    (g->remote_ufrag == NULL && same_remote(&a->generation[!a->newest], ufrag, key)))
		return 0;
	copy = strdup(ufrag);
	if (copy == NULL)
		return -ENOMEM;
	if (another && a->offered) {
		generation_again(a);
		g = &a->generation[a->newest];
	} else if (another) {
		rc = ice_restart(a);
		if (rc < 0) {
			free(copy);
			return rc;
		}
		g = &a->generation[a->newest];
		rc = 1;
	}
	g->remote_ufrag = copy;
	g->remote = *key;
	g->since_ms = ice_now(a);
	set_lite(a, lite);
	if (a->selected < 0)
		ice_set_state(a, ICE_CHECKING, NULL);
	if (another && a->offered)
		hear_again(a, ice_hash(ufrag, strlen(ufrag)));
	/* What else the generation before had is given up to make room. */
	ice_pairs_drop(a, !a->newest, true);
	return rc;
}

int ice_set_remote(struct ice_agent *a, const char *ufrag, const char *pwd, bool lite)
{
	struct ice_key key;
	int rc;

	if (!ice_credentials_ok(ufrag, strlen(ufrag), pwd, strlen(pwd)))
		return -EINVAL;
	ice_key_init(&key, pwd, strlen(pwd));
	rc = set_remote(a, ufrag, &key, lite);
	explicit_bzero(&key, sizeof(key));
	ice_step(a);
	return rc;
}

void ice_offered(struct ice_agent *a, bool on)
{
	/* None of those has answered. */
	if (a->offered && !on)
		ice_pairs_adopt(a, UINT32_MAX);
	a->offered = on;
}

/* ---- candidates of the peer ---------------------------------------------------------------- */

/* The generation that the candidate is of, as far as it says; -1: none that is known. */
static int generation_for(const struct ice_agent *a, const struct candidate *c)
{
	for (unsigned int i = 0; i < 2; i++) {
		unsigned int n = i == 0 ? a->newest : !a->newest;
		const char *ufrag = a->generation[n].remote_ufrag;

		if (ufrag != NULL &&
		    (c->ufrag == NULL ||
		     (strlen(ufrag) == c->ufrag_len && memcmp(ufrag, c->ufrag, c->ufrag_len) == 0)))
			return (int)n;
	}
	return -1;
}

uint32_t ice_hash(const char *s, size_t len)
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)s[i]) * UINT32_C(16777619);
	return h & INT32_MAX;
}

static int add_candidate(struct ice_agent *a, const struct candidate *c)
{
	struct ice_addr remote = {c->ip, c->port};
	int generation = generation_for(a, c);
	struct ice_pair *p;

	if (generation < 0)
		return -EAGAIN;
	p = ice_pair_find(a, (unsigned int)generation, &remote);
	if (p != NULL && !p->learned)
		return 0;
	if (ice_pairs_count(a, (unsigned int)generation, false) >= ICE_SIGNALLED_MAX)
		return -ENOSPC;
	if (p == NULL)
		p = ice_pair_add(a, (unsigned int)generation, &remote);
	if (p == NULL)
		return a->pairs == ICE_REMOTES_MAX ? -ENOSPC : -ENOMEM;
	/* Learned from a check before: now it is known by name (RFC 8445 §7.3.1.3). */
	p->learned = false;
	p->priority = c->priority;
	p->foundation = ice_hash(c->foundation, strlen(c->foundation));
	if (unchecked(a))
		ice_pair_works(a, p);
	return 0;
}

int ice_add_remote_candidate(struct ice_agent *a, const struct candidate *c)
{
	int rc;

	if (c->port == 0 || !(wire_ip_is_unicast(&c->ip) || wire_ip_is_loopback(&c->ip)))
		return -EINVAL;
	if (wire_ip_is4(&c->ip) != wire_ip_is4(&a->local.ip))
		return -EAFNOSUPPORT;
	/* Link-local addresses are no match for others (RFC 8445 §6.1.2.2). */
	if (!wire_ip_is4(&c->ip) &&
	    wire_ip_is_link_local(&c->ip) != wire_ip_is_link_local(&a->local.ip))
		return -EAFNOSUPPORT;
	if (c->component != 1)
		return 0;
	rc = add_candidate(a, c);
	if (rc == 0)
		ice_step(a);
	return rc;
}

void ice_end_of_candidates(struct ice_agent *a)
{
	if (a->generation[a->newest].remote_ufrag == NULL)
		return;
	a->generation[a->newest].complete = true;
	ice_step(a);
}

/* ---- traffic ------------------------------------------------------------------------------- */

int ice_input(struct ice_agent *a, const struct ice_addr *from, const void *data, size_t len)
{
	struct stun_msg m;
	int rc = -EBADMSG;

	if (len > ICE_MESSAGE_MAX || stun_parse(data, len, &m) != 0)
		goto out;
	switch (m.class) {
	case STUN_REQUEST: rc = ice_request(a, from, &m); break;
	case STUN_SUCCESS:
	case STUN_ERROR: rc = ice_response(a, from, &m); break;
	case STUN_INDICATION: rc = 0; break; /* a keepalive, which proves nothing */
	}
out:
	if (rc == -EBADMSG || rc == -EACCES || rc == -ESRCH)
		a->rejected++;
	else if (m.class != STUN_INDICATION)
		ice_step(a);
	return rc;
}

/* ---- making -------------------------------------------------------------------------------- */

struct ice_agent *ice_new(const struct ice_config *cfg)
{
	static const union wire_ip none;
	struct ice_agent *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->mode = cfg->mode;
	a->state = ICE_NEW;
	a->local = cfg->local;
	a->advertise = wire_ip_equal(&cfg->advertise, &none) ? cfg->local.ip : cfg->advertise;
	a->ops = cfg->ops;
	a->arg = cfg->arg;
	a->timers = cfg->timers;
	a->now_ms = cfg->now_ms;
	a->controlling = cfg->controlling && cfg->mode == ICE_FULL;
	a->sha256 = cfg->sha256;
	a->tie_breaker = cfg->tie_breaker;
	a->selected = -1;
	a->rtt_ms = UINT32_MAX;
	tnd_timer_init(&a->timer, on_timer, a);
	if (RAND_bytes((uint8_t *)&a->random, sizeof(a->random)) != 1 ||
	    RAND_bytes(a->secret, sizeof(a->secret)) != 1 ||
	    (a->tie_breaker == 0 &&
	     RAND_bytes((uint8_t *)&a->tie_breaker, sizeof(a->tie_breaker)) != 1) ||
	    generation_new(a, 0) != 0 || ice_gather_start(a, cfg) != 0) {
		ice_free(a);
		return NULL;
	}
	/* Not from within: whoever is given what is sent does not know the agent yet. */
	if (!a->gathered)
		tnd_timer_start(a->timers, &a->timer, ice_now(a));
	return a;
}

void ice_free(struct ice_agent *a)
{
	if (a == NULL)
		return;
	tnd_timer_stop(a->timers, &a->timer);
	ice_generation_retire(a, 0);
	ice_generation_retire(a, 1);
	free(a->pair);
	free(a->gather);
	explicit_bzero(a, sizeof(*a));
	free(a);
}
