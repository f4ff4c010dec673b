/* SPDX-License-Identifier: BSD-3-Clause */
#include "dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "dial_private.h"
#include "log.h"

#define SPREAD_MS 5 /* between two that are dialled at start */

const char *dial_state_name(enum dial_state s)
{
	static const char *const names[] = {[DIAL_WAITING] = "waiting",
					    [DIAL_CALLING] = "calling",
					    [DIAL_SETUP] = "setup",
					    [DIAL_UP] = "up"};

	return names[s];
}

/* ---- what tunnels say ---------------------------------------------------------------------- */

static struct dials *dials_of(struct tunnel_observer *o)
{
	return tnd_container_of(o, struct dials, observer);
}

static void on_up(struct tunnel_observer *o, const char *id)
{
	struct dial *d = dial_find(dials_of(o), id);

	if (d != NULL)
		client_up(d);
	else
		caller_up(dials_of(o), id);
}

static void on_down(struct tunnel_observer *o, const char *id, enum tunnel_reason reason)
{
	struct dial *d = dial_find(dials_of(o), id);

	if (d != NULL)
		client_down(d, reason);
	else
		caller_down(dials_of(o), id, reason);
}

static void on_network(struct tunnel_observer *o, const char *id, uint16_t interface,
		       const struct netinfo *info)
{
	network_set(dials_of(o), id, interface, info);
}

/* ---- dials --------------------------------------------------------------------------------- */

static enum session_fault fault(struct session_error *err, enum session_fault f, const char *path,
				const char *reason)
{
	err->fault = f;
	snprintf(err->path, sizeof(err->path), "%s", path);
	snprintf(err->reason, sizeof(err->reason), "%s", reason);
	return f;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same(const struct dial *d, const struct dial_params *p)
{
	return wire_ip_equal(&d->host, &p->host) && d->port == p->port &&
	       strcmp(d->user, p->user) == 0 && same_text(d->name, p->name) &&
	       d->psk_len == p->psk_len && CRYPTO_memcmp(d->psk, p->psk, p->psk_len) == 0 &&
	       same_text(d->certificate, p->certificate) && same_text(d->key, p->key) &&
	       same_text(d->ca, p->ca) && d->address == p->address && d->interface == p->interface;
}

static bool copy_text(char **out, const char *text)
{
	*out = text != NULL ? strdup(text) : NULL;
	return text == NULL || *out != NULL;
}

static struct dial *new_dial(struct dials *ds, const struct dial_params *p)
{
	struct dial *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->ds = ds;
	snprintf(d->id, sizeof(d->id), "%s", p->id);
	snprintf(d->user, sizeof(d->user), "%s", p->user);
	d->host = p->host;
	d->port = p->port;
	d->address = p->address;
	d->interface = p->interface;
	d->psk_len = p->psk_len;
	if (p->psk_len > 0)
		memcpy(d->psk, p->psk, p->psk_len);
	tnd_list_add_tail(&ds->dials, &d->link);
	tnd_timer_init(&d->timer, NULL, NULL);
	if (copy_text(&d->name, p->name) && copy_text(&d->certificate, p->certificate) &&
	    copy_text(&d->key, p->key) && copy_text(&d->ca, p->ca))
		return d;
	client_end(d);
	return NULL;
}

/* Can a connection be made of it at all? Better said now than at each attempt. */
static enum session_fault check(const struct dial_params *p, struct session_error *err)
{
	struct tls_config c = {.certificate = p->certificate,
			       .key = p->key,
			       .ca = p->ca,
			       .psk = p->psk,
			       .psk_len = p->psk_len,
			       .user = p->user,
			       .name = p->name,
			       .ip = p->host};
	struct tls_context *t;
	char why[TLS_WHY];

	if (!wire_rtptp_name_ok(p->user, strlen(p->user)))
		return fault(err, SESSION_BAD_PARAMS, "/user",
			     "1 to 24 bytes without control characters");
	if (p->psk_len == 0 && (p->certificate == NULL || p->key == NULL || p->ca == NULL))
		return fault(err, SESSION_BAD_PARAMS, "", "needs psk, or certificate, key and ca");
	if (p->psk_len > 0 && p->certificate != NULL)
		return fault(err, SESSION_BAD_PARAMS, "/psk", "not together with a certificate");
	t = tls_client(&c, why);
	tls_free(t);
	return t != NULL ? SESSION_OK : fault(err, SESSION_BAD_PARAMS, "/certificate", why);
}

static enum session_fault start(struct dials *ds, const struct dial_params *p, uint64_t after_ms,
				bool *created, struct session_error *err)
{
	struct dial *d = dial_find(ds, p->id);
	struct tunnel_info info;
	enum session_fault f;

	*created = false;
	if (d != NULL)
		return same(d, p) ? SESSION_OK
				  : fault(err, SESSION_CONFLICT, "/id",
					  "it is dialled with other parameters");
	if (tunnel_find(ds->tunnels, p->id, &info))
		return fault(err, SESSION_CONFLICT, "/id", "there is a tunnel of this id");
	f = check(p, err);
	if (f != SESSION_OK)
		return f;
	d = new_dial(ds, p);
	if (d == NULL)
		return fault(err, SESSION_NO_MEMORY, "", "out of memory");
	*created = true;
	client_first(d, after_ms);
	return SESSION_OK;
}

enum session_fault dial_start(struct dials *ds, const struct dial_params *p, bool *created,
			      struct session_error *err)
{
	return start(ds, p, 0, created, err);
}

enum session_fault dial_hangup(struct dials *ds, const char *id, struct session_error *err)
{
	struct dial *d = dial_find(ds, id);

	if (d == NULL)
		return fault(err, SESSION_NOT_FOUND, "/id", "nothing of this id is dialled");
	client_end(d);
	return SESSION_OK;
}

bool dial_next(const struct dials *ds, const void **cursor, struct dial_info *out)
{
	const struct tnd_list *pos = *cursor != NULL ? *cursor : ds->dials.next;
	const struct dial *d;

	if (pos == &ds->dials)
		return false;
	d = tnd_container_of(pos, const struct dial, link);
	*out = (struct dial_info){.id = d->id,
				  .user = d->user,
				  .host = d->host,
				  .port = d->port,
				  .state = d->state,
				  .attempts = d->attempts,
				  .reason = d->reason};
	if (d->state == DIAL_WAITING && d->timer.at_ms > ds->h->loop.now_ms)
		out->next_ms = d->timer.at_ms - ds->h->loop.now_ms;
	*cursor = pos->next;
	return true;
}

void dials_stats(const struct dials *ds, struct dials_stats *out)
{
	struct tnd_list *pos;

	*out = ds->n;
	out->dials = out->up = 0;
	out->callers = ds->listener.count;
	tnd_list_for_each (pos, &ds->dials) {
		out->dials++;
		out->up += tnd_container_of(pos, struct dial, link)->state == DIAL_UP;
	}
}

/* ---- as configured ------------------------------------------------------------------------- */

/* Texts of the files of a proof; the secret of `user`. 0 or -errno, logged. */
static int read_proof(const struct config_proof *p, const char *user, struct dial_params *out,
		      uint8_t psk[TLS_PSK_MAX], char *text[3])
{
	const char *const path[3] = {p->certificate, p->key, p->ca};
	struct psk_table *psks;
	const uint8_t *secret;
	char why[TLS_WHY];

	for (unsigned int i = 0; i < RTE_DIM(path); i++) {
		if (path[i][0] == '\0')
			continue;
		text[i] = file_text(path[i]);
		if (text[i] == NULL) {
			tnd_err("dial", "%s: %s", path[i], strerror(errno));
			return -EINVAL;
		}
	}
	out->certificate = text[0];
	out->key = text[1];
	out->ca = text[2];
	if (p->psk_file[0] == '\0')
		return 0;
	psks = psk_load(p->psk_file, why);
	if (psks == NULL) {
		tnd_err("dial", "%s: %s", p->psk_file, why);
		return -EINVAL;
	}
	out->psk_len = psk_find(psks, user, strlen(user), &secret);
	if (out->psk_len > 0)
		memcpy(psk, secret, out->psk_len);
	else
		tnd_err("dial", "%s: no secret of user %s", p->psk_file, user);
	out->psk = psk;
	psk_free(psks);
	return out->psk_len > 0 ? 0 : -EINVAL;
}

static int start_configured(struct dials *ds, unsigned int i)
{
	const struct config_dial *c = &ds->h->config->dials[i];
	struct dial_params p = {.id = c->id,
				.host = c->host,
				.port = c->port,
				.user = c->user,
				.name = c->name[0] != '\0' ? c->name : NULL,
				.address = c->address,
				.interface = c->interface};
	uint8_t psk[TLS_PSK_MAX];
	char *text[3] = {NULL};
	struct session_error err;
	bool created;
	int rc = read_proof(&c->proof, c->user, &p, psk, text);

	if (rc == 0 && start(ds, &p, (uint64_t)i * SPREAD_MS, &created, &err) != SESSION_OK) {
		tnd_err("dial", "/tunnel/dial/%u: %s: %s", i, c->id, err.reason);
		rc = -EINVAL;
	}
	OPENSSL_cleanse(psk, sizeof(psk));
	for (unsigned int k = 0; k < RTE_DIM(text); k++) {
		if (text[k] != NULL)
			OPENSSL_cleanse(text[k], strlen(text[k]));
		free(text[k]);
	}
	return rc;
}

int dials_create(struct dials **out, struct host *h, struct tunnels *t)
{
	struct dials *ds;
	int rc;

	*out = NULL;
	if (t == NULL)
		return 0;
	ds = calloc(1, sizeof(*ds));
	if (ds == NULL) {
		tnd_err("dial", "out of memory");
		return -ENOMEM;
	}
	ds->h = h;
	ds->tunnels = t;
	tnd_list_init(&ds->dials);
	tnd_list_init(&ds->networks);
	tnd_list_init(&ds->callers);
	listener_init(ds);
	ds->observer =
		(struct tunnel_observer){.up = on_up, .down = on_down, .network = on_network};
	tunnels_observe(t, &ds->observer);
	rc = listener_start(ds);
	for (unsigned int i = 0; i < h->config->dial_count && rc == 0; i++)
		rc = start_configured(ds, i);
	if (rc != 0) {
		dials_free(ds);
		return rc;
	}
	*out = ds;
	return 0;
}

void dials_free(struct dials *ds)
{
	if (ds == NULL)
		return;
	ds->stopping = true;
	listener_stop(ds);
	while (!tnd_list_empty(&ds->dials))
		client_end(tnd_container_of(ds->dials.next, struct dial, link));
	callers_free(ds);
	networks_free(ds);
	tunnels_unobserve(&ds->observer);
	free(ds);
}
