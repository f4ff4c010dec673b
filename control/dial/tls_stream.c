/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define READ_BYTES 4096
#define LINGER_MS  2000 /* for the other side to read our line and close */

enum stream_state {
	STREAM_CONNECTING, /* TCP */
	STREAM_HANDSHAKE,
	STREAM_OPEN,
	STREAM_LINGER, /* all is said: until the other side closes */
};

struct tls_stream {
	struct loop *loop;
	struct loop_fd fd;
	SSL *ssl;
	enum stream_state state;
	const struct tls_stream_ops *ops;
	void *arg;
	struct tnd_buf in, out;
	struct tnd_timer deadline;
	uint32_t interest;
	bool had_line, last;
	bool busy;  /* in a callback of ours, */
	bool close; /* from which it is to be closed */
};

static void destroy(struct tls_stream *s)
{
	tnd_timer_stop(&s->loop->timers, &s->deadline);
	loop_del(s->loop, &s->fd);
	SSL_free(s->ssl);
	close(s->fd.fd);
	tnd_buf_free(&s->in);
	tnd_buf_free(&s->out);
	free(s);
	ERR_clear_error();
}

void tls_stream_close(struct tls_stream *s)
{
	if (s == NULL)
		return;
	s->close = true;
	if (!s->busy)
		destroy(s);
}

SSL *tls_stream_ssl(struct tls_stream *s)
{
	return s->ssl;
}

static void end(struct tls_stream *s, const char *why)
{
	if (!s->close) {
		s->busy = true;
		s->ops->end(s->arg, s, why);
	}
	destroy(s);
}

static void expired(struct tnd_timer *t, void *arg)
{
	struct tls_stream *s = arg;

	if (s->state == STREAM_LINGER)
		end(s, "");
	else
		end(s,
		    s->state == STREAM_CONNECTING ? "no answer to connect" : "no answer in time");
}

static void want(struct tls_stream *s, uint32_t events)
{
	if (events != s->interest && loop_mod(s->loop, &s->fd, events) == 0)
		s->interest = events;
}

/* After an SSL call that did not do it: true: it will go on. */
static bool may_wait(struct tls_stream *s, int rc)
{
	bool more = s->state == STREAM_OPEN && s->out.len > 0;

	switch (SSL_get_error(s->ssl, rc)) {
	case SSL_ERROR_WANT_READ: want(s, more ? EPOLLIN | EPOLLOUT : EPOLLIN); return true;
	case SSL_ERROR_WANT_WRITE: want(s, EPOLLIN | EPOLLOUT); return true;
	default: return false;
	}
}

/* Each step: true: go on with what the state is now; false: wait, or it is gone (s->close). */

static bool fail(struct tls_stream *s)
{
	char why[TLS_WHY];

	tls_error(s->ssl, why);
	end(s, why);
	return false;
}

static bool step_connect(struct tls_stream *s)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(s->fd.fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	if (err != 0) {
		end(s, strerror(err));
		return false;
	}
	s->state = STREAM_HANDSHAKE;
	return true;
}

static bool step_handshake(struct tls_stream *s)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(s->ssl);
	if (rc != 1)
		return may_wait(s, rc) ? false : fail(s);
	s->state = STREAM_OPEN;
	s->busy = true;
	s->ops->open(s->arg, s);
	s->busy = false;
	if (!s->close)
		return true;
	destroy(s);
	return false;
}

/* 1: all is out; 0: it waits; -1: it is gone. */
static int write_out(struct tls_stream *s)
{
	while (s->out.len > 0) {
		int rc;

		ERR_clear_error();
		rc = SSL_write(s->ssl, s->out.data, (int)s->out.len);
		if (rc <= 0) {
			if (may_wait(s, rc))
				return 0;
			fail(s);
			return -1;
		}
		tnd_buf_consume(&s->out, (size_t)rc);
	}
	if (!s->out.oom)
		return 1;
	end(s, "out of memory");
	return -1;
}

static bool give_line(struct tls_stream *s)
{
	const char *lf = s->in.len > 0 ? memchr(s->in.data, '\n', s->in.len) : NULL;

	if (lf == NULL)
		return true;
	s->had_line = true;
	s->busy = true;
	s->ops->line(s->arg, s, s->in.data, (size_t)(lf - s->in.data));
	s->busy = false;
	if (!s->close)
		return true;
	destroy(s);
	return false;
}

static bool step_open(struct tls_stream *s)
{
	int rc = write_out(s);
	char *to;

	if (rc < 0 || (rc == 0 && s->last))
		return false;
	if (rc > 0 && s->last) {
		SSL_shutdown(s->ssl);
		shutdown(s->fd.fd, SHUT_WR);
		s->state = STREAM_LINGER;
		loop_timer_after(s->loop, &s->deadline, LINGER_MS);
		return true;
	}
	if (s->had_line) { /* and nothing to be said to it */
		end(s, "");
		return false;
	}
	if (s->in.len > STREAM_LINE_MAX || (to = tnd_buf_reserve(&s->in, READ_BYTES)) == NULL) {
		end(s, s->in.oom ? "out of memory" : "a line that is too long");
		return false;
	}
	ERR_clear_error();
	rc = SSL_read(s->ssl, to, READ_BYTES);
	if (rc <= 0)
		return may_wait(s, rc) ? false : fail(s);
	s->in.len += (size_t)rc;
	return give_line(s);
}

static bool step_linger(struct tls_stream *s)
{
	char void_bytes[READ_BYTES];
	ssize_t n = recv(s->fd.fd, void_bytes, sizeof(void_bytes), MSG_DONTWAIT);

	want(s, EPOLLIN);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		end(s, "");
	return false;
}

static void go_on(struct tls_stream *s)
{
	bool more = true;

	while (more) {
		switch (s->state) {
		case STREAM_CONNECTING: more = step_connect(s); break;
		case STREAM_HANDSHAKE: more = step_handshake(s); break;
		case STREAM_OPEN: more = step_open(s); break;
		case STREAM_LINGER: more = step_linger(s); break;
		}
	}
}

static void on_fd(struct loop_fd *f, uint32_t events)
{
	go_on(f->arg);
}

void tls_stream_send(struct tls_stream *s, const char *text, size_t len, bool last)
{
	tnd_buf_add(&s->out, text, len);
	tnd_buf_addc(&s->out, '\n');
	s->last = last;
	/* Within a callback it goes out when that returns; otherwise when the socket says so. */
	if (!s->busy)
		want(s, EPOLLIN | EPOLLOUT);
}

struct tls_stream *tls_stream_new(struct loop *l, struct tls_context *t, int fd, bool server,
				  const struct tls_stream_ops *ops, void *arg)
{
	struct tls_stream *s = calloc(1, sizeof(*s));
	int on = 1;

	if (s == NULL || (s->ssl = tls_new(t, fd)) == NULL) {
		free(s);
		close(fd);
		return NULL;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	s->loop = l;
	s->fd = (struct loop_fd){.fd = fd, .fn = on_fd, .arg = s};
	s->state = server ? STREAM_HANDSHAKE : STREAM_CONNECTING;
	s->ops = ops;
	s->arg = arg;
	s->in.secret = s->out.secret = true; /* SDES keys may pass */
	s->interest = server ? EPOLLIN : EPOLLOUT;
	tnd_timer_init(&s->deadline, expired, s);
	if (loop_add(l, &s->fd, s->interest) != 0) {
		SSL_free(s->ssl);
		close(fd);
		free(s);
		return NULL;
	}
	loop_timer_after(l, &s->deadline, STREAM_MS);
	return s;
}
