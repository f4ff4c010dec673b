/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of the agent: built, sent, and their authenticity judged. */
#include <openssl/crypto.h>
#include <stdio.h>

#include "ice_private.h"

/*
 * Unpredictable, since whoever guesses one can answer for a STUN server: a hash over a secret
 * and a count, which unlike a random number can't fail to be had.
 */
void ice_new_id(struct ice_agent *a, uint8_t id[STUN_ID_LEN])
{
	uint8_t mac[STUN_SHA1_LEN], count[4];

	wire_put32(count, ++a->ids);
	ice_key_mac(&a->generation[a->newest].local, false, count, a->secret, sizeof(a->secret),
		    mac);
	memcpy(id, mac, STUN_ID_LEN);
}

bool ice_authentic(const struct stun_msg *m, const struct ice_key *k, bool sha256)
{
	uint16_t off = sha256 ? m->sha256_off : m->sha1_off;
	uint16_t len = sha256 ? m->sha256_len : STUN_SHA1_LEN;
	uint8_t head[4], mac[STUN_SHA256_LEN];

	if (!(m->has & (sha256 ? STUN_HAS_SHA256 : STUN_HAS_SHA1)))
		return false;
	stun_covered_head(m, off, len, head);
	ice_key_mac(k, sha256, head, m->data + 4, off - 4u, mac);
	return CRYPTO_memcmp(mac, m->data + off + 4, len) == 0;
}

static void put_integrity(struct stun_writer *w, const struct ice_key *k, bool sha256)
{
	uint8_t mac[STUN_SHA256_LEN];
	size_t len = sha256 ? STUN_SHA256_LEN : STUN_SHA1_LEN;
	uint8_t *p = stun_put_integrity(
		w, sha256 ? STUN_MESSAGE_INTEGRITY_SHA256 : STUN_MESSAGE_INTEGRITY, len);

	if (p == NULL)
		return;
	ice_key_mac(k, sha256, w->data, w->data + 4, (size_t)(p - 4 - (w->data + 4)), mac);
	memcpy(p, mac, len);
}

static void finish(struct ice_agent *a, struct stun_writer *w, const struct ice_addr *to)
{
	size_t len;

	stun_put_fingerprint(w);
	len = stun_end(w);
	if (len > 0)
		a->ops->send(a->arg, to, w->data, len);
}

void ice_send_request(struct ice_agent *a, const struct ice_generation *g,
		      const struct ice_transaction *t, const struct ice_addr *to)
{
	char name[STUN_USERNAME_MAX + 1];
	uint8_t buf[ICE_REQUEST_MAX];
	struct stun_writer w;
	int n = snprintf(name, sizeof(name), "%s:%s", g->remote_ufrag, g->ufrag);

	stun_begin(&w, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, t->id);
	stun_put(&w, STUN_USERNAME, name, (size_t)n);
	stun_put64(&w, t->controlling ? STUN_ICE_CONTROLLING : STUN_ICE_CONTROLLED, a->tie_breaker);
	if (t->nominates)
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	stun_put32(&w, STUN_PRIORITY, candidate_priority(CANDIDATE_PRFLX, UINT16_MAX, 1));
	put_integrity(&w, &g->remote, a->sha256);
	a->checks_out++;
	finish(a, &w, to);
}

void ice_send_success(struct ice_agent *a, const struct ice_generation *g,
		      const struct stun_msg *request, const struct ice_addr *to)
{
	uint8_t buf[ICE_REQUEST_MAX];
	struct stun_writer w;

	stun_begin(&w, buf, sizeof(buf), STUN_SUCCESS, STUN_BINDING, request->id);
	stun_put_address(&w, &to->ip, to->port);
	put_integrity(&w, &g->local, request->has & STUN_HAS_SHA256);
	finish(a, &w, to);
}

static const char *reason_of(uint16_t code)
{
	switch (code) {
	case 420: return "Unknown Attribute";
	case 487: return "Role Conflict";
	default: return "Bad Request";
	}
}

void ice_send_error(struct ice_agent *a, const struct ice_generation *g,
		    const struct stun_msg *request, const struct ice_addr *to, uint16_t code)
{
	uint8_t buf[ICE_REQUEST_MAX];
	struct stun_writer w;

	stun_begin(&w, buf, sizeof(buf), STUN_ERROR, request->method, request->id);
	stun_put_error(&w, code, reason_of(code));
	if (code == 420)
		stun_put_unknown(&w, request);
	put_integrity(&w, &g->local, request->has & STUN_HAS_SHA256);
	finish(a, &w, to);
}

void ice_send_indication(struct ice_agent *a, const struct ice_addr *to)
{
	uint8_t buf[ICE_REQUEST_MAX], id[STUN_ID_LEN];
	struct stun_writer w;

	ice_new_id(a, id);
	stun_begin(&w, buf, sizeof(buf), STUN_INDICATION, STUN_BINDING, id);
	finish(a, &w, to);
}
