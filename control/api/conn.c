/* SPDX-License-Identifier: BSD-3-Clause */
/* One client: its bytes, its lines, its share of the time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"
#include "server_private.h"

#define READ_BYTES     65536
#define SEND_BYTES     16384 /* the kernel counts a piece as read when all of it is */
#define SLICE_REQUESTS 64
#define KEEP_BYTES     65536 /* of an empty buffer's memory, while the client stays */

static void wake(struct rpc_client *client)
{
	conn_ready(tnd_container_of(client, struct conn, client));
}

static void writes(struct rpc_client *client, const char *method)
{
	struct conn *c = tnd_container_of(client, struct conn, client);

	if (c->told)
		return;
	c->told = true;
	tnd_info("api", "pid %d uid %u gid %u writes (%s)", c->peer.pid, c->peer.uid, c->peer.gid,
		 method);
}

void conn_ready(struct conn *c)
{
	if (tnd_list_empty(&c->ready))
		tnd_list_add_tail(&c->server->ready, &c->ready);
}

void conn_close(struct conn *c)
{
	if (c->run != NULL)
		rpc_abandon(c->run);
	if (c->polled)
		loop_del(c->server->loop, &c->fd);
	tnd_timer_stop(&c->server->loop->timers, &c->stuck);
	tnd_list_del(&c->link);
	tnd_list_del(&c->ready);
	c->listener->clients--;
	close(c->fd.fd);
	tnd_buf_free(&c->in);
	tnd_buf_free(&c->out);
	free(c);
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* False: the client is gone, or asked for more memory than there is. */
static bool receive(struct conn *c)
{
	size_t room = RTE_MIN((size_t)READ_BYTES, SERVER_LINE_MAX + 1 - c->in.len);
	char *to;
	ssize_t n;

	if (room == 0) /* a whole line waits, or one that is too long */
		return true;
	to = tnd_buf_reserve(&c->in, room);
	if (to == NULL)
		return false;
	n = recv(c->fd.fd, to, room, MSG_DONTWAIT);
	if (n > 0)
		c->in.len += (size_t)n;
	else if (n == 0)
		c->eof = true;
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		return false;
	return true;
}

/* What the client takes now. */
static void transmit(struct conn *c)
{
	struct tnd_timers *timers = &c->server->loop->timers;
	size_t sent = 0;

	while (sent < c->out.len && !c->deaf) {
		ssize_t n = send(c->fd.fd, c->out.data + sent,
				 RTE_MIN((size_t)SEND_BYTES, c->out.len - sent),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			sent += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			break;
		} else if (errno != EINTR) {
			c->deaf = true;
		}
	}
	tnd_buf_consume(&c->out, c->deaf ? c->out.len : sent);
	if (c->out.len <= SERVER_OUT_MAX)
		tnd_timer_stop(timers, &c->stuck);
	else if (sent > 0 || !tnd_timer_running(&c->stuck))
		loop_timer_after(c->server->loop, &c->stuck, SERVER_STUCK_MS);
	if (c->out.len == 0 && c->out.cap > KEEP_BYTES)
		tnd_buf_free(&c->out);
	if (c->in.len == 0 && c->in.cap > KEEP_BYTES)
		tnd_buf_free(&c->in);
}

/*
 * The kernel reports a unix socket as writable only when most of its buffer is free, so that
 * a slow reader is asked here once more before it is given up.
 */
static void stuck(struct tnd_timer *t, void *arg)
{
	struct conn *c = arg;
	size_t before = c->out.len;

	transmit(c);
	if (c->out.len < before) {
		conn_ready(c);
		return;
	}
	tnd_warn("api", "pid %d cut off: it does not read, %zu bytes are pending", c->peer.pid,
		 c->out.len);
	c->server->cut_off++;
	conn_close(c);
}

/* ---- lines --------------------------------------------------------------------------------- */

/* Is there a whole line? Its length without the LF. */
static bool find_line(struct conn *c, size_t *len)
{
	const char *lf;

	if (c->in.len == c->scanned)
		return false;
	lf = memchr(c->in.data + c->scanned, '\n', c->in.len - c->scanned);
	if (lf == NULL) {
		c->scanned = c->in.len;
		return false;
	}
	/* Found again, and at once, while the line waits for its turn. */
	*len = (size_t)(lf - c->in.data);
	c->scanned = *len;
	return true;
}

static void refuse(struct conn *c, const char *reason)
{
	rpc_write_error(&c->out, API_ERR_PARSE_ERROR, "", reason);
	c->server->api->errors++;
	c->in.len = c->scanned = 0;
	c->eof = c->closing = true;
}

/* Begin with the next line, if there is one. False: no memory. */
static bool next_line(struct conn *c)
{
	size_t len;

	if (find_line(c, &len)) {
		c->run = rpc_start(c->server->api, &c->client, c->in.data, len);
		tnd_buf_consume(&c->in, len + 1);
		c->scanned = 0;
		c->used_ms = c->server->loop->now_ms;
		return c->run != NULL;
	}
	if (c->in.len > SERVER_LINE_MAX)
		refuse(c, "a line over 256 KiB");
	else if (c->eof && c->in.len > 0 && !c->closing)
		refuse(c, "the last line has no LF");
	return true;
}

/* True: there is more to carry out right now. */
static bool carry_out(struct conn *c)
{
	enum rpc_progress p;
	size_t len;

	p = rpc_step(c->run, SLICE_REQUESTS, &c->out, SERVER_OUT_MAX + 1);
	if (p == RPC_WAIT)
		return false;
	if (p == RPC_MORE)
		return true;
	c->run = NULL;
	return find_line(c, &len) || c->eof;
}

static bool finished(const struct conn *c)
{
	if (c->run != NULL || c->out.len > 0)
		return false;
	return c->closing || (c->eof && c->in.len == 0 && (c->deaf || !c->client.sub.on));
}

/* Ask the kernel for what we can do something with. */
static void set_interest(struct conn *c)
{
	uint32_t want = 0;
	size_t len;

	if (!c->polled)
		return;
	if (!c->eof && c->run == NULL && c->out.len <= SERVER_OUT_MAX && !find_line(c, &len))
		want |= EPOLLIN;
	if (c->out.len > 0)
		want |= EPOLLOUT;
	if (want != c->interest && loop_mod(c->server->loop, &c->fd, want) == 0)
		c->interest = want;
}

bool conn_turn(struct conn *c)
{
	bool more = false, events = false, blocked = c->out.len > SERVER_OUT_MAX;

	/* Nobody polls a client that has hung up; what it left is still to be read. */
	if (!c->polled && !c->eof && c->run == NULL && !receive(c))
		goto gone;
	if (!blocked) {
		if (c->run == NULL && !next_line(c))
			goto gone;
		if (c->run != NULL)
			more = carry_out(c);
	}
	if (c->run == NULL && !c->closing)
		events = events_pump(&c->server->api->events, &c->client.sub, &c->out,
				     SERVER_EVENTS_OUT);
	if (c->out.oom) {
		tnd_warn("api", "pid %d cut off: out of memory", c->peer.pid);
		goto gone;
	}
	transmit(c);
	if (finished(c))
		goto gone;
	set_interest(c);
	if (c->out.len > SERVER_OUT_MAX)
		return false;
	return more || blocked || (events && c->out.len < SERVER_EVENTS_OUT) ||
	       (!c->polled && !c->eof && c->run == NULL);
gone:
	conn_close(c);
	return false;
}

static void on_fd(struct loop_fd *f, uint32_t events)
{
	struct conn *c = f->arg;

	/* Both ways are shut: reported for ever, and no use to be told of again. */
	if (events & (EPOLLHUP | EPOLLERR)) {
		c->deaf = true;
		loop_del(c->server->loop, f);
		c->polled = false;
	} else if ((events & EPOLLIN) && !receive(c)) {
		conn_close(c);
		return;
	}
	conn_ready(c);
}

void conn_new(struct listener *l, int fd)
{
	struct api_server *s = l->server;
	struct conn *c = calloc(1, sizeof(*c));
	socklen_t len = sizeof(c->peer);

	if (c == NULL) {
		close(fd);
		return;
	}
	c->server = s;
	c->listener = l;
	c->fd = (struct loop_fd){.fd = fd, .fn = on_fd, .arg = c};
	c->client = (struct rpc_client){.may_write = l->may_write, .wake = wake, .writes = writes};
	c->in.secret = c->out.secret = true; /* keys of calls pass through */
	c->used_ms = s->loop->now_ms;
	c->interest = EPOLLIN;
	tnd_timer_init(&c->stuck, stuck, c);
	tnd_list_init(&c->ready);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c->peer, &len) != 0 ||
	    loop_add(s->loop, &c->fd, EPOLLIN) != 0) {
		close(fd);
		free(c);
		return;
	}
	c->polled = true;
	tnd_list_add_tail(&s->conns, &c->link);
	l->clients++;
}
