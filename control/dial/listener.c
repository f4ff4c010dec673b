/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The side that is dialled. A stranger costs a handshake: so many a second and no more, the rest
 * waits in the kernel's queue; and one that dawdles makes room for those who come later.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "dial_private.h"
#include "log.h"
#include "message.h"

#define BACKLOG       1024
#define ACCEPT_TURN   8
#define CONNS_MAX     256
#define HANDSHAKES_S  400
#define RETRY_MS      20
#define LOG_PER_S     5
#define PSKS_EVERY_MS 1000

struct conn {
	struct tnd_list link;
	struct listener *l;
	struct tls_stream *stream;
	bool heard; /* proven, and answered: not to be cut off */
	char from[WIRE_IP_STRLEN];
};

/* ---- secrets ------------------------------------------------------------------------------- */

/* The file as it is now, if it is another one than that which was read. */
static void look_at_psks(struct listener *l)
{
	const char *path = l->ds->h->config->listen.proof.psk_file;
	struct psk_table *now;
	char why[TLS_WHY];
	struct stat st;

	if (stat(path, &st) != 0) {
		tnd_warn("dial", "%s: %s; the secrets stay as they are", path, strerror(errno));
		return;
	}
	if (l->psks_file.s == st.st_mtim.tv_sec && l->psks_file.ns == st.st_mtim.tv_nsec &&
	    l->psks_file.size == st.st_size && l->psks_file.ino == st.st_ino)
		return;
	l->psks_file.s = st.st_mtim.tv_sec;
	l->psks_file.ns = st.st_mtim.tv_nsec;
	l->psks_file.size = st.st_size;
	l->psks_file.ino = st.st_ino;
	now = psk_load(path, why);
	if (now == NULL) {
		tnd_warn("dial", "%s: %s; the secrets stay as they are", path, why);
		return;
	}
	psk_free(l->psks);
	l->psks = now;
	tnd_info("dial", "%s: secrets of %zu users", path, psk_count(now));
}

static const struct psk_table *psks_of(void *arg)
{
	struct listener *l = arg;
	uint64_t now_ms = l->ds->h->loop.now_ms;

	if (l->psks == NULL || now_ms - l->psks_looked_ms >= PSKS_EVERY_MS) {
		l->psks_looked_ms = now_ms;
		look_at_psks(l);
	}
	return l->psks;
}

/* ---- connections --------------------------------------------------------------------------- */

static void forget(struct conn *k)
{
	tnd_list_del(&k->link);
	k->l->count--;
	free(k);
}

/* Strangers can't fill the log. */
static enum tnd_log_level level(struct listener *l)
{
	return limit_take(&l->log_limit, l->ds->h->loop.now_ms, LOG_PER_S) ? TND_LOG_INFO
									   : TND_LOG_DEBUG;
}

static void refuse(struct conn *k, const char *error, const char *reason)
{
	struct tnd_buf b = {0};

	tnd_log(level(k->l), "dial", "%s: %s: %s", k->from, error, reason);
	message_write_error(&b, error, reason);
	if (!b.oom)
		tls_stream_send(k->stream, b.data, b.len, true);
	tnd_buf_free(&b);
}

static const char *fault_name(enum session_fault fault)
{
	switch (fault) {
	case SESSION_NOT_FOUND: return "not_found";
	case SESSION_CONFLICT: return "conflict";
	case SESSION_WRONG_STATE: return "wrong_state";
	case SESSION_NO_PORTS: return "no_ports";
	case SESSION_TABLE_FULL: return "table_full";
	case SESSION_LIMIT: return "limit";
	case SESSION_BAD_PARAMS: return "invalid_params";
	case SESSION_UNSUPPORTED: return "unsupported";
	case SESSION_NO_MEMORY:
	case SESSION_OK: break;
	}
	return "no_memory";
}

static enum session_fault make_tunnel(struct listener *l, const struct message *m, char *id,
				      size_t size, struct tunnel_result *r,
				      struct session_error *err)
{
	const struct config_listen *c = &l->ds->h->config->listen;
	struct tunnel_offer o = {.form = m->json ? TUNNEL_JSON : TUNNEL_SDP,
				 .remote = m->text.data,
				 .remote_form = m->json ? TUNNEL_JSON : TUNNEL_SDP};

	snprintf(id, size, "%s#%llu", m->user, (unsigned long long)++l->serial);
	tunnel_params_init(l->ds->tunnels, &o.p);
	o.p.id = id;
	o.p.mode = TUNNEL_SERVER;
	o.p.user = m->user;
	o.p.address = c->address;
	o.p.interface = c->interface;
	return tunnel_offer(l->ds->tunnels, &o, r, err);
}

static void answer(struct conn *k, const struct message *m)
{
	struct tunnel_result r = {0};
	struct tnd_buf b = {.secret = true};
	struct session_error err = {0};
	char id[SESSION_ID_MAX + 1];
	enum session_fault fault = make_tunnel(k->l, m, id, sizeof(id), &r, &err);

	if (fault != SESSION_OK) {
		k->l->ds->n.refused++;
		refuse(k, fault_name(fault), err.reason);
	} else {
		k->l->ds->n.answered++;
		message_write_answer(&b, m->json, r.text.data, r.text.len,
				     r.has_info ? &r.info : NULL);
		if (!b.oom)
			tls_stream_send(k->stream, b.data, b.len, true);
		tnd_info("dial", "tunnel %s: called from %s", id, k->from);
	}
	tunnel_result_free(&r);
	tnd_buf_free(&b);
}

static void on_open(void *arg, struct tls_stream *s)
{
}

static void on_line(void *arg, struct tls_stream *s, const char *text, size_t len)
{
	struct conn *k = arg;
	struct message m;
	char why[MESSAGE_WHY];

	k->heard = true;
	if (message_read(text, len, &m, why) != 0) {
		k->l->ds->n.malformed++;
		refuse(k, "invalid_params", why);
	} else if (m.user[0] == '\0' || m.error[0] != '\0') {
		k->l->ds->n.malformed++;
		refuse(k, "invalid_params", "no offer with a user");
	} else if (!tls_peer_is(tls_stream_ssl(s), m.user)) {
		k->l->ds->n.denied++;
		refuse(k, "denied", "this user is another than the one who has been proven");
	} else if (users_importing(tunnels_users(k->l->ds->tunnels))) {
		k->l->ds->n.refused++;
		refuse(k, "busy", "users are being imported");
	} else {
		answer(k, &m);
	}
	message_free(&m);
}

static void on_end(void *arg, struct tls_stream *s, const char *why)
{
	struct conn *k = arg;

	if (!k->heard) {
		k->l->ds->n.handshakes_failed++;
		tnd_log(level(k->l), "dial", "%s: %s", k->from, why);
	}
	forget(k);
}

static const struct tls_stream_ops ops = {.open = on_open, .line = on_line, .end = on_end};

/* ---- the socket ---------------------------------------------------------------------------- */

static void retry(struct tnd_timer *t, void *arg)
{
	struct listener *l = arg;

	loop_mod(&l->ds->h->loop, &l->fd, EPOLLIN);
}

static void pause_accepting(struct listener *l)
{
	loop_mod(&l->ds->h->loop, &l->fd, 0);
	loop_timer_after(&l->ds->h->loop, &l->retry, RETRY_MS);
}

/* The oldest that has not been answered yet. */
static void make_room(struct listener *l)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &l->conns) {
		struct conn *k = tnd_container_of(pos, struct conn, link);

		if (k->heard)
			continue;
		l->ds->n.cut_off++;
		tls_stream_close(k->stream);
		forget(k);
		return;
	}
}

static void name_peer(const struct sockaddr_storage *sa, char text[WIRE_IP_STRLEN])
{
	union wire_ip ip = {0};

	if (sa->ss_family == AF_INET)
		ip = wire_ip_from4(((const struct sockaddr_in *)sa)->sin_addr.s_addr);
	else if (sa->ss_family == AF_INET6)
		ip = wire_ip_from6(((const struct sockaddr_in6 *)sa)->sin6_addr.s6_addr);
	wire_ip_format(&ip, text);
}

static void take(struct listener *l, int fd, const struct sockaddr_storage *from)
{
	struct conn *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		close(fd);
		return;
	}
	k->l = l;
	name_peer(from, k->from);
	k->stream = tls_stream_new(&l->ds->h->loop, l->tls, fd, true, &ops, k);
	if (k->stream == NULL) {
		free(k);
		return;
	}
	tnd_list_add_tail(&l->conns, &k->link);
	l->count++;
	l->ds->n.accepted++;
}

static void on_accept(struct loop_fd *f, uint32_t events)
{
	struct listener *l = f->arg;

	for (int i = 0; i < ACCEPT_TURN; i++) {
		struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(from);
		int fd;

		if (l->count >= CONNS_MAX)
			make_room(l);
		if (l->count >= CONNS_MAX ||
		    !limit_take(&l->limit, l->ds->h->loop.now_ms, HANDSHAKES_S)) {
			pause_accepting(l);
			return;
		}
		fd = accept4(f->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take(l, fd, &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			tnd_warn("dial", "accept: %s", strerror(errno));
			pause_accepting(l);
		}
		return;
	}
}

static int open_socket(struct listener *l, const struct config_listen *c)
{
	bool is4 = wire_ip_is4(&c->ip);
	struct sockaddr_in in4 = {
		.sin_family = AF_INET, .sin_port = htons(c->port), .sin_addr.s_addr = c->ip.w[3]};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(c->port)};
	const struct sockaddr *sa = is4 ? (void *)&in4 : (void *)&in6;
	int on = 1, v6only = !wire_ip_is_any(&c->ip);

	memcpy(&in6.sin6_addr, c->ip.b, sizeof(in6.sin6_addr));
	l->fd.fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd.fd < 0)
		return -errno;
	setsockopt(l->fd.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!is4)
		setsockopt(l->fd.fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	if (bind(l->fd.fd, sa, is4 ? sizeof(in4) : sizeof(in6)) != 0 ||
	    listen(l->fd.fd, BACKLOG) != 0)
		return -errno;
	return loop_add(&l->ds->h->loop, &l->fd, EPOLLIN);
}

static int make_context(struct listener *l, const struct config_listen *c)
{
	const char *const path[3] = {c->proof.certificate, c->proof.key, c->proof.ca};
	char *text[3] = {NULL}, why[TLS_WHY];
	struct tls_config t = {.psks_arg = l};
	int rc = 0;

	for (unsigned int i = 0; i < RTE_DIM(path) && rc == 0; i++) {
		if (path[i][0] == '\0')
			continue;
		text[i] = file_text(path[i]);
		if (text[i] == NULL) {
			rc = -errno;
			tnd_err("dial", "%s: %s", path[i], strerror(errno));
		}
	}
	t.certificate = text[0];
	t.key = text[1];
	t.ca = text[2];
	if (c->proof.psk_file[0] != '\0')
		t.psks = psks_of;
	if (rc == 0) {
		l->tls = tls_server(&t, why);
		if (l->tls == NULL) {
			tnd_err("dial", "tunnel.listen: %s", why);
			rc = -EINVAL;
		}
	}
	for (unsigned int i = 0; i < RTE_DIM(text); i++) {
		if (text[i] != NULL)
			OPENSSL_cleanse(text[i], strlen(text[i]));
		free(text[i]);
	}
	return rc;
}

int listener_start(struct dials *ds)
{
	const struct config_listen *c = &ds->h->config->listen;
	struct listener *l = &ds->listener;
	char ip[WIRE_IP_STRLEN];
	int rc;

	if (!c->on)
		return 0;
	rc = make_context(l, c);
	if (rc != 0)
		return rc;
	if (c->proof.psk_file[0] != '\0' && psks_of(l) == NULL)
		return -EINVAL;
	rc = open_socket(l, c);
	if (rc != 0)
		tnd_err("dial", "tunnel.listen: %s port %u: %s", wire_ip_format(&c->ip, ip),
			c->port,
			rc == -EADDRNOTAVAIL ? "no address of this machine's kernel"
					     : strerror(-rc));
	return rc;
}

void listener_stop(struct dials *ds)
{
	struct listener *l = &ds->listener;

	while (!tnd_list_empty(&l->conns)) {
		struct conn *k = tnd_container_of(l->conns.next, struct conn, link);

		tls_stream_close(k->stream);
		forget(k);
	}
	tnd_timer_stop(&ds->h->loop.timers, &l->retry);
	if (l->fd.fd >= 0) {
		loop_del(&ds->h->loop, &l->fd);
		close(l->fd.fd);
	}
	l->fd.fd = -1;
	tls_free(l->tls);
	psk_free(l->psks);
}

void listener_init(struct dials *ds)
{
	struct listener *l = &ds->listener;

	l->ds = ds;
	l->fd = (struct loop_fd){.fd = -1, .fn = on_accept, .arg = l};
	tnd_list_init(&l->conns);
	tnd_timer_init(&l->retry, retry, l);
}
