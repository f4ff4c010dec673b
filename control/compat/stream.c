/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands by connections. `unix:`: what one read gives is a command; it is answered, and the
 * connection closed. `cunix:`, `tcp:`, `tcp6:`: a command a line, as many as are sent at once,
 * answered in their order; the connection stays.
 *
 * A command whose reply comes later holds up those behind it, so that replies keep their order.
 *
 * A client holds up nobody but itself: it is given a share of each turn, nothing is read from it
 * while more than OUT_MAX of its replies wait, and one that then takes nothing for STUCK_MS is
 * cut off.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "compat_private.h"
#include "log.h"

#define OUT_MAX    (64 * 1024)
#define SLICE      64    /* commands of one client in one turn */
#define STUCK_MS   5000  /* that a client with OUT_MAX of replies may take nothing */
#define SILENT_MS  30000 /* that a client of `unix:` may say nothing; others then make room */
#define KEEP_BYTES 16384 /* of an empty buffer's memory */

struct conn {
	struct tnd_list link;  /* in compat.conns */
	struct tnd_list ready; /* in compat.ready */
	struct loop_fd fd;
	struct listener *l;
	struct sockaddr_storage peer;
	struct tnd_buf in, out;
	size_t scanned;        /* bytes of `in` known to hold no line end */
	bool skipping;         /* of a line that is too long: up to its end */
	bool eof, closing;     /* nothing more will come; nothing more will be carried out */
	bool deaf;             /* the kernel reports it no longer */
	struct waiter *waiter; /* of the command in work; NULL: none is */
	uint32_t interest;
	uint64_t used_ms;
	struct tnd_timer timer; /* silent, or stuck */
};

static struct loop *loop_of(struct conn *k)
{
	return &k->l->c->h->loop;
}

static void conn_close(struct conn *k)
{
	tnd_timer_stop(&loop_of(k)->timers, &k->timer);
	if (k->waiter != NULL)
		k->waiter->deliver = NULL;
	if (!k->deaf)
		loop_del(loop_of(k), &k->fd);
	close(k->fd.fd);
	tnd_list_del(&k->link);
	tnd_list_del(&k->ready);
	k->l->clients--;
	tnd_buf_free(&k->in);
	tnd_buf_free(&k->out);
	free(k);
}

static void make_ready(struct conn *k)
{
	if (tnd_list_empty(&k->ready))
		tnd_list_add_tail(&k->l->c->ready, &k->ready);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void take_late(struct waiter *w)
{
	struct conn *k = w->conn;

	k->waiter = NULL;
	tnd_buf_add(&k->out, w->r.data, w->r.len);
	make_ready(k);
}

static void execute(struct conn *k, const char *text, size_t len)
{
	const struct rtpp_str command = {text, len};
	bool inet = k->peer.ss_family == AF_INET || k->peer.ss_family == AF_INET6;
	struct rtpp_reply r;

	rtpp_reply_begin(&r, NULL);
	k->waiter =
		compat_execute(k->l->c, &command, inet ? (struct sockaddr *)&k->peer : NULL, &r);
	k->used_ms = loop_of(k)->now_ms;
	if (k->waiter == NULL) {
		tnd_buf_add(&k->out, r.data, r.len);
		return;
	}
	k->waiter->deliver = take_late;
	k->waiter->conn = k;
}

/* The length of the first line, its end included; 0: there is none yet. */
static size_t find_line(struct conn *k)
{
	const char *lf = k->in.len > k->scanned
				 ? memchr(k->in.data + k->scanned, '\n', k->in.len - k->scanned)
				 : NULL;

	k->scanned = k->in.len;
	if (lf == NULL)
		return 0;
	k->scanned = (size_t)(lf - k->in.data);
	return k->scanned + 1;
}

/* One line. False: there is no more to do. */
static bool one_line(struct conn *k)
{
	size_t len = find_line(k);

	if (len == 0 && k->in.len <= RTPP_COMMAND_MAX && !(k->eof && k->in.len > 0))
		return false;
	if (len == 0 && !k->eof) {
		/* Too long: said at once, and what still comes of it is not looked at. */
		if (!k->skipping)
			execute(k, k->in.data, k->in.len);
		k->skipping = true;
		tnd_buf_consume(&k->in, k->in.len);
		k->scanned = 0;
		return false;
	}
	if (len == 0)
		len = k->in.len; /* the last one may end without */
	if (!k->skipping)
		execute(k, k->in.data, len);
	k->skipping = false;
	tnd_buf_consume(&k->in, len);
	k->scanned = 0;
	return true;
}

static void one_read(struct conn *k)
{
	if (k->in.len > 0 && !k->closing)
		execute(k, k->in.data, k->in.len);
	k->closing |= k->in.len > 0 || k->eof;
	tnd_buf_consume(&k->in, k->in.len);
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* False: the client is gone. */
static bool receive(struct conn *k)
{
	size_t room = RTPP_COMMAND_MAX + 1 - RTE_MIN(k->in.len, (size_t)RTPP_COMMAND_MAX + 1);
	char *to;
	ssize_t n;

	if (room == 0)
		return true;
	to = tnd_buf_reserve(&k->in, room);
	if (to == NULL)
		return false;
	n = recv(k->fd.fd, to, room, MSG_DONTWAIT);
	if (n > 0)
		k->in.len += (size_t)n;
	else if (n == 0)
		k->eof = true;
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		return false;
	return true;
}

static bool transmit(struct conn *k)
{
	size_t sent = 0;

	while (sent < k->out.len) {
		ssize_t n = send(k->fd.fd, k->out.data + sent, k->out.len - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
			return false;
	}
	tnd_buf_consume(&k->out, sent);
	if (k->out.len > OUT_MAX && (sent > 0 || !tnd_timer_running(&k->timer)))
		loop_timer_after(loop_of(k), &k->timer, STUCK_MS);
	else if (k->out.len <= OUT_MAX && k->l->kind != LISTEN_UNIX)
		tnd_timer_stop(&loop_of(k)->timers, &k->timer);
	if (k->out.len == 0 && k->out.cap > KEEP_BYTES)
		tnd_buf_free(&k->out);
	return true;
}

static void on_timer(struct tnd_timer *t, void *arg)
{
	struct conn *k = arg;

	tnd_debug("rtpproxy", "%s: a client is cut off: %zu bytes wait for it", k->l->name,
		  k->out.len);
	conn_close(k);
}

static void set_interest(struct conn *k)
{
	uint32_t want = 0;

	if (!k->eof && !k->closing && k->out.len <= OUT_MAX && k->in.len <= RTPP_COMMAND_MAX)
		want |= EPOLLIN;
	if (k->out.len > 0)
		want |= EPOLLOUT;
	if (k->deaf)
		return;
	if (want != k->interest && loop_mod(loop_of(k), &k->fd, want) == 0)
		k->interest = want;
}

/* True: there is more to do at once. The connection may be closed when this returns. */
static bool serve(struct conn *k)
{
	unsigned int n = 0;
	bool more = false;

	if (k->l->kind == LISTEN_UNIX) {
		one_read(k);
	} else {
		while (n < SLICE && k->out.len <= OUT_MAX && k->waiter == NULL && one_line(k))
			n++;
		more = n == SLICE;
		k->closing = k->eof && k->in.len == 0;
	}
	if (k->out.oom || !transmit(k) || (k->closing && k->out.len == 0 && k->waiter == NULL)) {
		conn_close(k);
		return false;
	}
	set_interest(k);
	if (more)
		make_ready(k);
	return more;
}

static void on_fd(struct loop_fd *f, uint32_t events)
{
	struct conn *k = f->arg;

	if ((events & EPOLLERR) || ((events & EPOLLHUP) && !(events & EPOLLIN) && k->in.len == 0)) {
		conn_close(k);
		return;
	}
	if ((events & (EPOLLIN | EPOLLHUP)) && !k->eof && !receive(k)) {
		conn_close(k);
		return;
	}
	/* Nothing turns that off, and what has come waits for the command in work. */
	if (events & EPOLLHUP && k->eof && k->waiter != NULL) {
		loop_del(loop_of(k), &k->fd);
		k->deaf = true;
	}
	make_ready(k);
}

bool stream_turn(struct compat *c)
{
	struct tnd_list now, *pos;
	bool more = false;

	tnd_list_init(&now);
	while (!tnd_list_empty(&c->ready)) {
		pos = c->ready.next;
		tnd_list_del(pos);
		tnd_list_add_tail(&now, pos);
	}
	while (!tnd_list_empty(&now)) {
		pos = now.next;
		tnd_list_del(pos);
		more |= serve(tnd_container_of(pos, struct conn, ready));
	}
	return more;
}

void stream_new(struct listener *l, int fd, const struct sockaddr_storage *peer)
{
	struct conn *k = calloc(1, sizeof(*k));
	int on = 1;

	if (k == NULL) {
		close(fd);
		return;
	}
	if (l->kind == LISTEN_TCP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	k->l = l;
	k->fd = (struct loop_fd){.fd = fd, .fn = on_fd, .arg = k};
	k->peer = *peer;
	k->used_ms = l->c->h->loop.now_ms;
	k->interest = EPOLLIN;
	tnd_timer_init(&k->timer, on_timer, k);
	tnd_list_init(&k->ready);
	if (loop_add(&l->c->h->loop, &k->fd, EPOLLIN) != 0) {
		close(fd);
		free(k);
		return;
	}
	tnd_list_add_tail(&l->c->conns, &k->link);
	l->clients++;
	if (l->kind == LISTEN_UNIX)
		loop_timer_after(&l->c->h->loop, &k->timer, SILENT_MS);
}

bool stream_make_room(struct listener *l)
{
	struct conn *oldest = NULL;
	struct tnd_list *pos;

	tnd_list_for_each (pos, &l->c->conns) {
		struct conn *k = tnd_container_of(pos, struct conn, link);

		if (k->l == l && (oldest == NULL || k->used_ms < oldest->used_ms))
			oldest = k;
	}
	if (oldest == NULL || l->c->h->loop.now_ms - oldest->used_ms < SILENT_MS)
		return false;
	conn_close(oldest);
	return true;
}

void stream_close_all(struct compat *c)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &c->conns)
		conn_close(tnd_container_of(pos, struct conn, link));
}
