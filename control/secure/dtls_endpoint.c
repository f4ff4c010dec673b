/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool params_ok(const struct dtls_params *p)
{
	if (p->setup > DTLS_ACTPASS || p->profile_count < 1 || p->profile_count > DTLS_PROFILES ||
	    p->remote_count > DTLS_FINGERPRINTS)
		return false;
	for (unsigned int i = 0; i < p->profile_count; i++) {
		if (!dtls_profile_usable(p->profiles[i]))
			return false;
	}
	for (unsigned int i = 0; i < p->remote_count; i++) {
		if (p->remote[i].hash >= DTLS_HASHES)
			return false;
	}
	return true;
}

static bool same_remote(const struct dtls_endpoint *ep, const struct dtls_params *p)
{
	return ep->remote_count == p->remote_count &&
	       (p->remote_count == 0 ||
		memcmp(ep->remote, p->remote, p->remote_count * sizeof(*p->remote)) == 0);
}

/* Handshakes begun in the role that is over. */
static void drop_role(struct dtls_endpoint *ep, bool client)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (a->client == client)
			dtls_assoc_free(a);
	}
}

int dtls_endpoint_set(struct dtls_endpoint *ep, const struct dtls_params *p)
{
	struct dtls_fingerprint *remote = NULL;
	bool waited = dtls_endpoint_waits(ep);

	if (!params_ok(p))
		return -EINVAL;
	if (!same_remote(ep, p)) {
		if (p->remote_count > 0) {
			remote = malloc(p->remote_count * sizeof(*remote));
			if (remote == NULL)
				return -ENOMEM;
			memcpy(remote, p->remote, p->remote_count * sizeof(*remote));
		}
		free(ep->remote);
		ep->remote = remote;
		ep->remote_count = p->remote_count;
		ep->judge = p->remote_count > 0;
	}
	if (p->setup != ep->setup && p->setup != DTLS_ACTPASS)
		drop_role(ep, p->setup == DTLS_PASSIVE);
	ep->setup = p->setup;
	ep->judge |= waited && !dtls_endpoint_waits(ep);
	ep->profile_count = p->profile_count;
	for (unsigned int i = 0; i < p->profile_count; i++)
		ep->profile_id[i] = dtls_profile_id(p->profiles[i]);
	dtls_endpoint_wake(ep);
	return 0;
}

bool dtls_endpoint_waits(const struct dtls_endpoint *ep)
{
	return ep->remote_count == 0 || ep->offered || ep->setup == DTLS_ACTPASS;
}

void dtls_endpoint_offered(struct dtls_endpoint *ep, bool on)
{
	bool waited = dtls_endpoint_waits(ep);

	ep->offered = on;
	ep->judge |= waited && !dtls_endpoint_waits(ep);
	dtls_endpoint_wake(ep);
}

struct dtls_endpoint *dtls_endpoint_new(struct dtls_context *ctx, const struct dtls_params *p,
					bool own_certificate, const struct dtls_ops *ops, void *arg)
{
	struct dtls_endpoint *ep = calloc(1, sizeof(*ep));
	int err = -ENOMEM;

	if (ep == NULL)
		goto fail;
	ep->ctx = ctx;
	ep->ops = ops;
	ep->arg = arg;
	tnd_list_init(&ep->warm);
	tnd_list_init(&ep->cold);
	tnd_list_init(&ep->unproven);
	ep->own_certificate = own_certificate;
	ep->cert = own_certificate ? dtls_cert_new(NULL, NULL) : ctx->cert;
	if (ep->cert == NULL)
		goto fail;
	err = dtls_endpoint_set(ep, p);
	if (err != 0)
		goto fail;
	ep->first = (struct dtls_bucket){DTLS_FIRST_BURST * 1000, dtls_now_ms(ctx)};
	ep->again = (struct dtls_bucket){DTLS_AGAIN_BURST * 1000, dtls_now_ms(ctx)};
	ep->alerts = (struct dtls_bucket){DTLS_ALERTS * 1000, dtls_now_ms(ctx)};
	ctx->n.endpoints++;
	return ep;
fail:
	if (ep != NULL && own_certificate)
		dtls_cert_free(ep->cert);
	free(ep);
	errno = -err;
	return NULL;
}

/* What it has, close_notify to whom it is connected. */
static void clear(struct dtls_endpoint *ep)
{
	dtls_endpoint_drop_unproven(ep);
	if (ep->current != NULL)
		dtls_rest_alert(ep->current, DTLS_WARNING, DTLS_CLOSE_NOTIFY);
	dtls_assoc_free(ep->current);
	ep->current = NULL;
	ep->bad.set = false;
}

void dtls_endpoint_destroy(struct dtls_endpoint *ep)
{
	tnd_list_del(&ep->warm);
	tnd_list_del(&ep->cold);
	ep->ctx->n.endpoints--;
	if (ep->own_certificate)
		dtls_cert_free(ep->cert);
	free(ep->remote);
	OPENSSL_cleanse(ep, sizeof(*ep));
	free(ep);
}

void dtls_endpoint_free(struct dtls_endpoint *ep)
{
	if (ep == NULL)
		return;
	clear(ep);
	if (ep->ctx->stepping == ep)
		ep->dead = true;
	else
		dtls_endpoint_destroy(ep);
}

void dtls_endpoint_close(struct dtls_endpoint *ep)
{
	struct dtls_addr peer = ep->now.peer;

	clear(ep);
	ep->now = (struct dtls_report){.state = DTLS_CLOSED, .peer = peer};
	dtls_endpoint_wake(ep);
}

int dtls_start(struct dtls_endpoint *ep, const struct dtls_addr *to)
{
	struct tnd_list *pos;

	if (ep->setup != DTLS_ACTIVE)
		return -EINVAL;
	tnd_list_for_each (pos, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (a->client) {
			a->peer = *to;
			return 0;
		}
	}
	if (dtls_assoc_new(ep, to, true) == NULL)
		return -ENOMEM;
	dtls_endpoint_wake(ep);
	return 0;
}

void dtls_endpoint_moved(struct dtls_endpoint *ep, const struct dtls_addr *to)
{
	struct tnd_list *pos;

	if (ep->current != NULL)
		ep->current->peer = *to;
	tnd_list_for_each (pos, &ep->unproven) {
		struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (a->client)
			a->peer = *to;
	}
}

bool dtls_endpoint_news(const struct dtls_endpoint *ep)
{
	return ep->now.state != ep->told.state || ep->now.reason != ep->told.reason ||
	       ep->now.alert != ep->told.alert || ep->now.profile != ep->told.profile;
}

static bool is_warm(const struct dtls_endpoint *ep)
{
	struct tnd_list *pos;

	if (ep->bad.set || ep->judge || dtls_endpoint_news(ep) ||
	    (ep->current != NULL && dtls_assoc_busy(ep->current)))
		return true;
	tnd_list_for_each (pos, &ep->unproven) {
		if (dtls_assoc_busy(tnd_container_of(pos, struct dtls_assoc, link)))
			return true;
	}
	return false;
}

static bool is_cold(const struct dtls_endpoint *ep)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ep->unproven) {
		const struct dtls_assoc *a = tnd_container_of(pos, struct dtls_assoc, link);

		if (a->stage == DTLS_STAGE_READY && !a->client)
			return true;
	}
	return false;
}

static void enlist(struct tnd_list *head, struct tnd_list *link, bool wanted)
{
	if (wanted && tnd_list_empty(link))
		tnd_list_add_tail(head, link);
	else if (!wanted)
		tnd_list_del(link);
}

void dtls_endpoint_wake(struct dtls_endpoint *ep)
{
	if (ep->ctx->stepping == ep)
		return;
	enlist(&ep->ctx->warm, &ep->warm, is_warm(ep));
	enlist(&ep->ctx->cold, &ep->cold, is_cold(ep));
}

void dtls_endpoint_report(const struct dtls_endpoint *ep, struct dtls_report *out)
{
	*out = ep->now;
}

void dtls_endpoint_fingerprint(const struct dtls_endpoint *ep, enum dtls_hash hash,
			       struct dtls_fingerprint *out)
{
	dtls_cert_fingerprint(ep->cert, hash, out);
}

bool dtls_endpoint_remote(const struct dtls_endpoint *ep, struct dtls_fingerprint *out)
{
	if (ep->current == NULL)
		return false;
	*out = ep->matched;
	return true;
}
