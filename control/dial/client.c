/* SPDX-License-Identifier: BSD-3-Clause */
/* The side that dials: call, wait, call again. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "dial_private.h"
#include "log.h"
#include "message.h"

#define FIRST_MS 1000
#define LAST_MS  30000
/*
 * Under way at once, until they are up: all take the time of this core and of the other side's, and
 * of too many none would be done before its time is over.
 */
#define CALLS_MAX  32
#define CROWDED_MS 100
/*
 * A tunnel that ended sooner did not work. Two who dial as the same user end each other's at once,
 * and must not do so all the time.
 */
#define BRIEF_MS 30000

uint64_t redial_after_ms(uint32_t attempts)
{
	uint64_t most = attempts >= 5 ? LAST_MS : (uint64_t)FIRST_MS << attempts;
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
		chance = 0;
	most = RTE_MIN(most, (uint64_t)LAST_MS);
	return RTE_MAX((uint64_t)FIRST_MS, most / 2 + chance % (most / 2 + 1));
}

/* ---- one attempt --------------------------------------------------------------------------- */

static bool under_way(enum dial_state s)
{
	return s == DIAL_CALLING || s == DIAL_SETUP;
}

static void set_state(struct dial *d, enum dial_state s)
{
	d->ds->calling += (unsigned int)under_way(s) - (unsigned int)under_way(d->state);
	d->state = s;
}

/* The call is over, however it went. */
static void hang_up(struct dial *d)
{
	tls_stream_close(d->stream);
	tls_free(d->tls);
	d->stream = NULL;
	d->tls = NULL;
}

static void drop_tunnel(struct dial *d, enum tunnel_reason reason)
{
	struct session_error err;

	if (!d->tunnel || d->ds->stopping)
		return;
	d->deleting = true;
	if (tunnel_delete(d->ds->tunnels, d->id, reason, NULL, NULL, &err) != SESSION_OK)
		tnd_debug("dial", "tunnel %s: %s", d->id, err.reason);
	d->deleting = d->tunnel = false;
}

static void again(struct dial *d)
{
	uint64_t after_ms = redial_after_ms(d->attempts++);

	set_state(d, DIAL_WAITING);
	loop_timer_after(&d->ds->h->loop, &d->timer, after_ms);
}

/* Logged where the reason is a new one, so that a server that is off fills no log. */
static void fail(struct dial *d, const char *reason)
{
	bool told = strcmp(d->reason, reason) == 0;

	if (!told)
		snprintf(d->reason, sizeof(d->reason), "%s", reason);
	tnd_log(told ? TND_LOG_DEBUG : TND_LOG_WARN, "dial", "tunnel %s: %s", d->id, d->reason);
	d->ds->n.failed++;
	hang_up(d);
	drop_tunnel(d, TUNNEL_ENDED);
	again(d);
}

static void on_open(void *arg, struct tls_stream *s)
{
	struct dial *d = arg;
	struct tunnel_offer o = {.form = TUNNEL_SDP};
	struct tunnel_result r = {0};
	struct tnd_buf line = {.secret = true};
	struct session_error err;

	if (!tls_server_proven(tls_stream_ssl(s))) {
		fail(d, "the server has not proven who it is");
		return;
	}
	tunnel_params_init(d->ds->tunnels, &o.p);
	o.p.id = d->id;
	o.p.mode = TUNNEL_CLIENT;
	o.p.user = d->user;
	o.p.interface = d->interface;
	o.p.address = d->address;
	if (tunnel_offer(d->ds->tunnels, &o, &r, &err) != SESSION_OK) {
		fail(d, err.reason);
	} else {
		d->tunnel = true;
		message_write_offer(&line, d->user, r.text.data);
		if (line.oom)
			fail(d, "out of memory");
		else
			tls_stream_send(s, line.data, line.len, false);
	}
	tunnel_result_free(&r);
	tnd_buf_free(&line);
}

static void take_answer(struct dial *d, const struct message *m)
{
	struct tunnel_answer a = {.id = d->id,
				  .remote = m->text.data,
				  .remote_form = m->json ? TUNNEL_JSON : TUNNEL_SDP,
				  .info = m->has_info ? &m->info : NULL};
	struct tunnel_result r = {0};
	struct session_error err;

	if (tunnel_answer(d->ds->tunnels, &a, &r, &err) != SESSION_OK) {
		fail(d, err.reason);
	} else {
		hang_up(d);
		/* It may be up already. */
		if (d->state == DIAL_CALLING)
			set_state(d, DIAL_SETUP);
	}
	tunnel_result_free(&r);
}

static void on_line(void *arg, struct tls_stream *s, const char *text, size_t len)
{
	struct dial *d = arg;
	struct message m;
	char why[MESSAGE_WHY], reason[TLS_WHY];

	if (message_read(text, len, &m, why) != 0) {
		snprintf(reason, sizeof(reason), "the server's answer %.160s", why);
		fail(d, reason);
	} else if (m.error[0] != '\0') {
		snprintf(reason, sizeof(reason), "the server refuses: %.40s: %.120s", m.error,
			 m.reason);
		fail(d, reason);
	} else {
		take_answer(d, &m);
	}
	message_free(&m);
}

static void on_end(void *arg, struct tls_stream *s, const char *why)
{
	struct dial *d = arg;

	d->stream = NULL; /* frees itself */
	fail(d, why[0] != '\0' ? why : "the server ended the connection");
}

static const struct tls_stream_ops ops = {.open = on_open, .line = on_line, .end = on_end};

static int connect_to(const struct dial *d)
{
	struct sockaddr_storage sa = {0};
	struct sockaddr_in *in4 = (void *)&sa;
	struct sockaddr_in6 *in6 = (void *)&sa;
	bool is4 = wire_ip_is4(&d->host);
	int fd;

	if (is4) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(d->port);
		in4->sin_addr.s_addr = d->host.w[3];
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(d->port);
		memcpy(&in6->sin6_addr, d->host.b, sizeof(in6->sin6_addr));
	}
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa, is4 ? sizeof(*in4) : sizeof(*in6)) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	close(fd);
	return -errno;
}

static struct tls_context *context_for(const struct dial *d, char why[TLS_WHY])
{
	struct tls_config c = {.certificate = d->certificate,
			       .key = d->key,
			       .ca = d->ca,
			       .psk = d->psk_len > 0 ? d->psk : NULL,
			       .psk_len = d->psk_len,
			       .user = d->user,
			       .name = d->name,
			       .ip = d->host};

	return tls_client(&c, why);
}

static void call(struct tnd_timer *t, void *arg)
{
	struct dial *d = arg;
	char why[TLS_WHY];
	int fd;

	if (d->ds->calling >= CALLS_MAX) {
		loop_timer_after(&d->ds->h->loop, t, CROWDED_MS);
		return;
	}
	set_state(d, DIAL_CALLING);
	d->ds->n.called++;
	d->tls = context_for(d, why);
	if (d->tls == NULL) {
		fail(d, why);
		return;
	}
	fd = connect_to(d);
	if (fd < 0) {
		fail(d, strerror(-fd));
		return;
	}
	d->stream = tls_stream_new(&d->ds->h->loop, d->tls, fd, false, &ops, d);
	if (d->stream == NULL)
		fail(d, "out of memory");
}

/* ---- from the tunnel ----------------------------------------------------------------------- */

void client_up(struct dial *d)
{
	hang_up(d);
	set_state(d, DIAL_UP);
	d->up_ms = d->ds->h->loop.now_ms;
	d->attempts = 0;
	d->reason[0] = '\0';
	tnd_info("dial", "tunnel %s is up", d->id);
}

void client_down(struct dial *d, enum tunnel_reason reason)
{
	char text[TLS_WHY];

	if (d->deleting)
		return;
	d->tunnel = false;
	if (reason == TUNNEL_DELETED) {
		client_end(d);
		return;
	}
	if (d->state == DIAL_UP && d->ds->h->loop.now_ms - d->up_ms < BRIEF_MS)
		d->attempts = d->brief++;
	else if (d->state == DIAL_UP)
		d->brief = 0;
	snprintf(text, sizeof(text), "down: %s", tunnel_reason_name(reason));
	fail(d, text);
}

/* ---- its life ------------------------------------------------------------------------------ */

struct dial *dial_find(const struct dials *ds, const char *id)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ds->dials) {
		struct dial *d = tnd_container_of(pos, struct dial, link);

		if (strcmp(d->id, id) == 0)
			return d;
	}
	return NULL;
}

void client_first(struct dial *d, uint64_t after_ms)
{
	tnd_timer_init(&d->timer, call, d);
	loop_timer_after(&d->ds->h->loop, &d->timer, after_ms);
}

static void free_secret(char *text)
{
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

void client_end(struct dial *d)
{
	tnd_timer_stop(&d->ds->h->loop.timers, &d->timer);
	hang_up(d);
	set_state(d, DIAL_WAITING);
	drop_tunnel(d, TUNNEL_DELETED);
	tnd_list_del(&d->link);
	free(d->name);
	free(d->certificate);
	free_secret(d->key);
	free(d->ca);
	OPENSSL_cleanse(d, sizeof(*d));
	free(d);
}
