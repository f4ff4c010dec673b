/* SPDX-License-Identifier: BSD-3-Clause */
#include "target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"

#define SELF       "%%CC_SELF%%"
#define TRIES      3
#define REST_MS    200  /* before a connection is tried again */
#define CONNECT_MS 2000 /* that a connection may take */

static void advance(struct target *t);

/* ---- names --------------------------------------------------------------------------------- */

static int fill_unix(struct target *t, const char *path)
{
	if (path[0] == '\0' || strlen(path) >= sizeof(t->addr.un.sun_path))
		return -EINVAL;
	t->addr.un.sun_family = AF_UNIX;
	strcpy(t->addr.un.sun_path, path);
	t->addr_len = sizeof(t->addr.un);
	return 0;
}

static int fill_tcp(struct target *t, const char *text)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
	const char *colon = strrchr(text, ':');
	char host[128];
	size_t len;
	long port;
	char *end;

	if (colon == NULL || colon == text)
		return -EINVAL;
	port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || end == colon + 1 || port < 1 || port > UINT16_MAX)
		return -EINVAL;
	len = (size_t)(colon - text);
	if (text[0] == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)len, text);
	t->port = (uint16_t)port;
	t->wildcard = strcmp(host, SELF) == 0;
	if (t->wildcard)
		return 0;
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -ENOENT;
	memcpy(&t->addr, found->ai_addr, found->ai_addrlen);
	t->addr_len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static void on_fd(struct loop_fd *f, uint32_t events);
static void on_timer(struct tnd_timer *timer, void *arg);

static struct target *new_target(struct targets *all, const char *name)
{
	struct target *t = calloc(1, sizeof(*t));

	if (t != NULL)
		t->name = strdup(name);
	if (t == NULL || t->name == NULL) {
		free(t);
		return NULL;
	}
	t->all = all;
	t->fd = (struct loop_fd){.fd = -1, .fn = on_fd, .arg = t};
	tnd_timer_init(&t->timer, on_timer, t);
	tnd_list_add_tail(&all->list, &t->link);
	all->count++;
	return t;
}

static void free_target(struct target *t)
{
	tnd_timer_stop(&t->all->loop->timers, &t->timer);
	if (t->fd.fd >= 0) {
		loop_del(t->all->loop, &t->fd);
		close(t->fd.fd);
	}
	tnd_list_del(&t->link);
	t->all->count--;
	tnd_buf_free(&t->out);
	free(t->name);
	free(t);
}

void targets_init(struct targets *t, struct loop *loop)
{
	*t = (struct targets){.loop = loop};
	tnd_list_init(&t->list);
}

void targets_free(struct targets *t)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &t->list)
		free_target(tnd_container_of(pos, struct target, link));
}

int targets_add(struct targets *all, const char *name)
{
	struct target *t = new_target(all, name);
	int rc;

	if (t == NULL)
		return -ENOMEM;
	if (strncmp(name, "tcp:", 4) == 0)
		rc = fill_tcp(t, name + 4);
	else
		rc = fill_unix(t, strncmp(name, "unix:", 5) == 0 ? name + 5 : name);
	if (rc == 0)
		return 0;
	tnd_err("rtpproxy", "timeout target %s: %s", name,
		rc == -ENOENT ? "the host is not known" : "neither unix:PATH nor tcp:HOST:PORT");
	free_target(t);
	return rc;
}

static bool is_called(const struct target *t, const struct rtpp_str *name)
{
	const char *plain = strncmp(t->name, "unix:", 5) == 0 ? t->name + 5 : t->name;

	/* As rtpproxy's first versions had it, "unix:" may be left out. */
	return t->name[0] != '\0' &&
	       (rtpp_str_is(name, t->name) || rtpp_str_is(name, plain) ||
		(name->len > 5 && memcmp(name->s, "unix:", 5) == 0 &&
		 rtpp_str_is(&(struct rtpp_str){name->s + 5, name->len - 5}, t->name)));
}

/* The asking host's, at the wildcard's port; made at the first time. */
static struct target *resolve_self(struct target *wildcard, const struct sockaddr *peer)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct targets *all = wildcard->all;
	struct tnd_list *pos;
	struct target *t;

	if (peer != NULL && peer->sa_family == AF_INET)
		in.sin_addr = ((const struct sockaddr_in *)peer)->sin_addr;
	in.sin_port = htons(wildcard->port);
	tnd_list_for_each (pos, &all->list) {
		t = tnd_container_of(pos, struct target, link);
		if (t->name[0] == '\0' && t->addr.in.sin_port == in.sin_port &&
		    t->addr.in.sin_addr.s_addr == in.sin_addr.s_addr)
			return t;
	}
	if (all->count >= TARGETS_MAX)
		return NULL;
	t = new_target(all, "");
	if (t != NULL) {
		t->addr.in = in;
		t->addr_len = sizeof(in);
	}
	return t;
}

struct target *targets_find(struct targets *all, const struct rtpp_str *name,
			    const struct sockaddr *peer)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &all->list) {
		struct target *t = tnd_container_of(pos, struct target, link);

		if (is_called(t, name))
			return t->wildcard ? resolve_self(t, peer) : t;
	}
	return NULL;
}

/* ---- lines --------------------------------------------------------------------------------- */

static const char *shown(const struct target *t, char text[64])
{
	if (t->name[0] != '\0')
		return t->name;
	snprintf(text, 64, "tcp:%s:%u", inet_ntoa(t->addr.in.sin_addr), ntohs(t->addr.in.sin_port));
	return text;
}

static void hang_up(struct target *t)
{
	loop_del(t->all->loop, &t->fd);
	close(t->fd.fd);
	t->fd.fd = -1;
	t->sent = 0; /* a line is sent whole on one connection */
}

/* The first line has failed once more; after a while the next try, or the next line. */
static void failed(struct target *t, const char *what, int err)
{
	const char *lf = t->out.len > 0 ? memchr(t->out.data, '\n', t->out.len) : NULL;
	char text[64];

	if (t->fd.fd >= 0)
		hang_up(t);
	t->tries++;
	if (t->tries >= TRIES && lf != NULL) {
		tnd_warn("rtpproxy", "%s: %s: %s: a notification is given up", shown(t, text), what,
			 strerror(err));
		tnd_buf_consume(&t->out, (size_t)(lf + 1 - t->out.data));
		t->all->given_up++;
		t->tries = 0;
	}
	t->state = t->out.len > 0 ? TARGET_RESTING : TARGET_IDLE;
	if (t->state == TARGET_RESTING)
		loop_timer_after(t->all->loop, &t->timer, REST_MS);
	else
		tnd_timer_stop(&t->all->loop->timers, &t->timer);
}

static void begin(struct target *t)
{
	int fd = socket(t->addr.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		failed(t, "socket", errno);
		return;
	}
	t->fd.fd = fd;
	t->sent = 0;
	if (connect(fd, &t->addr.sa, t->addr_len) != 0 && errno != EINPROGRESS) {
		int err = errno;

		close(fd);
		t->fd.fd = -1;
		failed(t, "connect", err);
		return;
	}
	if (loop_add(t->all->loop, &t->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP) != 0) {
		close(fd);
		t->fd.fd = -1;
		failed(t, "epoll", ENOMEM);
		return;
	}
	t->state = TARGET_CONNECTING;
	loop_timer_after(t->all->loop, &t->timer, CONNECT_MS);
}

/* Lines that are out are forgotten. */
static void count_sent(struct target *t, size_t n)
{
	const char *from = t->out.data, *end, *lf;

	t->sent += n;
	lf = memrchr(from, '\n', t->sent);
	if (lf == NULL)
		return;
	for (end = lf + 1; from < end; from = (const char *)memchr(from, '\n', end - from) + 1)
		t->all->told++;
	t->sent -= (size_t)(end - t->out.data);
	t->tries = 0;
	/* Once for all of them: each moves what is behind. */
	tnd_buf_consume(&t->out, (size_t)(end - t->out.data));
}

static void transmit(struct target *t)
{
	while (t->sent < t->out.len) {
		ssize_t n = send(t->fd.fd, t->out.data + t->sent, t->out.len - t->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			count_sent(t, (size_t)n);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			loop_mod(t->all->loop, &t->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
			return;
		} else if (errno != EINTR) {
			failed(t, "send", errno);
			return;
		}
	}
	loop_mod(t->all->loop, &t->fd, EPOLLIN | EPOLLRDHUP);
}

static void advance(struct target *t)
{
	if (t->out.len == 0)
		return;
	if (t->state == TARGET_IDLE)
		begin(t);
	else if (t->state == TARGET_CONNECTED)
		transmit(t);
}

/* Nothing is expected from it; the end of it is. */
static bool is_gone(const struct target *t)
{
	char ignored[512];
	ssize_t n = recv(t->fd.fd, ignored, sizeof(ignored), MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void on_fd(struct loop_fd *f, uint32_t events)
{
	struct target *t = f->arg;
	socklen_t len = sizeof(int);
	int err = 0;

	if (t->state == TARGET_CONNECTING) {
		if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
			err = errno;
		if (err != 0 || (events & EPOLLERR)) {
			failed(t, "connect", err != 0 ? err : ECONNREFUSED);
			return;
		}
		if (!(events & EPOLLOUT))
			return;
		tnd_timer_stop(&t->all->loop->timers, &t->timer);
		t->state = TARGET_CONNECTED;
	}
	if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) && is_gone(t)) {
		if (t->out.len > 0) {
			failed(t, "closed", EPIPE);
			return;
		}
		hang_up(t);
		t->state = TARGET_IDLE;
		return;
	}
	transmit(t);
}

static void on_timer(struct tnd_timer *timer, void *arg)
{
	struct target *t = arg;

	if (t->state == TARGET_CONNECTING) {
		failed(t, "connect", ETIMEDOUT);
		return;
	}
	t->state = TARGET_IDLE;
	advance(t);
}

void target_tell(struct target *t, const char *line, size_t len, bool minor)
{
	if (t->out.len + len + 1 > (minor ? TARGET_BYTES_MAX / 2 : TARGET_BYTES_MAX)) {
		t->all->given_up++;
		return;
	}
	tnd_buf_add(&t->out, line, len);
	tnd_buf_addc(&t->out, '\n');
	if (t->out.oom) {
		tnd_err("rtpproxy", "no memory for notifications: those that wait are lost");
		tnd_buf_free(&t->out);
		t->sent = 0;
		return;
	}
	advance(t);
}
