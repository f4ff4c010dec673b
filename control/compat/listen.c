/* SPDX-License-Identifier: BSD-3-Clause */
/* Control sockets: names, files, and who may come in. */
#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "compat_private.h"
#include "log.h"
#include "unix.h"

#define DEFAULT_PORT   "22222"
#define BACKLOG        512
#define ACCEPT_TURN    64
#define CLIENTS_MAX    512 /* of each socket */
#define RETRY_MS       100 /* after accept(2) ran out of something */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

/* ---- names --------------------------------------------------------------------------------- */

static const struct {
	const char *prefix;
	enum listener_kind kind;
	int family;
} kinds[] = {
	{"udp:", LISTEN_UDP, AF_INET},   {"udp6:", LISTEN_UDP, AF_INET6},
	{"tcp:", LISTEN_TCP, AF_INET},   {"tcp6:", LISTEN_TCP, AF_INET6},
	{"unix:", LISTEN_UNIX, AF_UNIX}, {"cunix:", LISTEN_CUNIX, AF_UNIX},
};

/* "10.0.0.1", "10.0.0.1:22222", "*", "::1", "[::1]:22222", "::1:22222" is the address. */
static int resolve(const char *text, int family, int type, struct sockaddr_storage *sa,
		   socklen_t *len)
{
	struct addrinfo hints = {
		.ai_family = family, .ai_socktype = type, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	const char *port = DEFAULT_PORT, *host;
	struct addrinfo *found;
	struct in6_addr in6;
	char copy[128], *colon;

	snprintf(copy, sizeof(copy), "%s", text);
	host = copy;
	colon = strrchr(copy, ':');
	if (colon != NULL && !(family == AF_INET6 && inet_pton(AF_INET6, copy, &in6) == 1)) {
		*colon = '\0';
		port = text + (colon - copy) + 1;
	}
	if (copy[0] == '[' && copy[strlen(copy) - 1] == ']') {
		copy[strlen(copy) - 1] = '\0';
		host = copy + 1;
	}
	if (strcmp(host, "*") == 0)
		host = NULL;
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -EADDRNOTAVAIL;
	memcpy(sa, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

/* ---- files --------------------------------------------------------------------------------- */

/*
 * A socket at that path that whoever started this daemon has bound for it, being allowed to do so
 * as another user (tandem-rtpproxy -u): numbers in TANDEM_CONTROL_FDS, with commas in between. -1:
 * there is none.
 */
static int find_inherited(const char *path)
{
	const char *text = getenv("TANDEM_CONTROL_FDS");
	char *end;

	for (; text != NULL && *text != '\0'; text = *end == ',' ? end + 1 : "") {
		struct sockaddr_un un = {.sun_family = AF_UNSPEC};
		socklen_t len = sizeof(un) - 1; /* a zero stays behind it */
		int fd = (int)strtoul(text, &end, 10);

		if (getsockname(fd, (struct sockaddr *)&un, &len) != 0 ||
		    un.sun_family != AF_UNIX || strcmp(un.sun_path, path) != 0)
			continue;
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		return fd;
	}
	return -1;
}

/* Bound already, or bound here. */
static int open_unix(const char *path)
{
	int fd = find_inherited(path), rc;

	if (fd >= 0)
		return fd;
	rc = unix_clear(path);
	return rc == 0 ? unix_bind(path) : rc;
}

static int set_access(struct listener *l)
{
	const struct config_rtpproxy *r = l->c->config;
	const struct group *g = r->group[0] != '\0' ? getgrnam(r->group) : NULL;
	struct stat st;

	if (lstat(l->path, &st) != 0)
		return -errno;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	if (r->group[0] != '\0' && g == NULL) {
		tnd_err("rtpproxy", "there is no group %s (rtpproxy.group)", r->group);
		return -EINVAL;
	}
	if (g != NULL && lchown(l->path, (uid_t)-1, g->gr_gid) != 0)
		return -errno;
	return chmod(l->path, r->mode) == 0 ? 0 : -errno;
}

/* ---- sockets ------------------------------------------------------------------------------- */

static void retry(struct tnd_timer *t, void *arg)
{
	struct listener *l = arg;

	loop_mod(&l->c->h->loop, &l->fd, EPOLLIN);
}

static void on_accept(struct loop_fd *f, uint32_t events)
{
	struct listener *l = f->arg;

	for (int i = 0; i < ACCEPT_TURN; i++) {
		struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(peer);
		int fd = accept4(f->fd, (struct sockaddr *)&peer, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			if (l->clients < CLIENTS_MAX || stream_make_room(l))
				stream_new(l, fd, &peer);
			else
				close(fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			tnd_warn("rtpproxy", "%s: accept: %s", l->name, strerror(errno));
			loop_mod(&l->c->h->loop, f, 0);
			loop_timer_after(&l->c->h->loop, &l->retry, RETRY_MS);
		}
		return;
	}
}

static int open_inet(struct listener *l, const char *name, int family)
{
	int type = l->kind == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM, on = 1;
	int buffer = RECEIVE_BUFFER, fd, rc;
	struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
	socklen_t len = 0;

	rc = resolve(name, family, type, &sa, &len);
	if (rc != 0)
		return rc;
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (l->kind == LISTEN_TCP)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* As much of it as the kernel allows: bursts wait while other work is done. */
	if (l->kind == LISTEN_UDP)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (bind(fd, (const struct sockaddr *)&sa, len) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int open_socket(struct listener *l, const char *name, int family)
{
	int rc = family == AF_UNIX ? open_unix(name) : open_inet(l, name, family);

	if (rc < 0)
		return rc;
	l->fd.fd = rc;
	if (family == AF_UNIX) {
		l->path = name;
		rc = set_access(l);
		if (rc != 0)
			return rc;
	}
	if (l->kind != LISTEN_UDP && listen(l->fd.fd, BACKLOG) != 0)
		return -errno;
	return loop_add(&l->c->h->loop, &l->fd, EPOLLIN);
}

int listen_open(struct compat *c, const char *name)
{
	struct listener *l = calloc(1, sizeof(*l));
	unsigned int i = 0;
	int rc;

	if (l == NULL)
		return -ENOMEM;
	while (i + 1 < RTE_DIM(kinds) && strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)))
		i++;
	l->c = c;
	l->name = name;
	l->kind = kinds[i].kind;
	l->fd = (struct loop_fd){
		.fd = -1, .fn = l->kind == LISTEN_UDP ? dgram_read : on_accept, .arg = l};
	tnd_timer_init(&l->retry, retry, l);
	tnd_list_add_tail(&c->listeners, &l->link);
	rc = open_socket(l, name + strlen(kinds[i].prefix), kinds[i].family);
	if (rc != 0)
		tnd_err("rtpproxy", "%s: %s", name,
			rc == -EADDRNOTAVAIL ? "no address of this machine's kernel"
					     : strerror(-rc));
	return rc;
}

/* The file goes only if it is still ours. */
void listen_close(struct listener *l)
{
	struct stat st;

	tnd_timer_stop(&l->c->h->loop.timers, &l->retry);
	if (l->fd.fd >= 0) {
		loop_del(&l->c->h->loop, &l->fd);
		close(l->fd.fd);
	}
	if (l->ino != 0 && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	tnd_list_del(&l->link);
	free(l);
}
