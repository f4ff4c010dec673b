/* SPDX-License-Identifier: BSD-3-Clause */
/* The sockets themselves: files, modes, groups, and who may come in. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "server_private.h"
#include "unix.h"

#define BACKLOG     64
#define ACCEPT_TURN 16  /* in one event */
#define RETRY_MS    100 /* after accept(2) ran out of something */
#define SOCKET_MODE 0660

static void retry(struct tnd_timer *t, void *arg)
{
	struct listener *l = arg;

	loop_mod(l->server->loop, &l->fd, EPOLLIN);
}

/* The client that asked nothing for the longest time, if that is long: it makes room. */
static bool make_room(struct listener *l)
{
	struct api_server *s = l->server;
	struct conn *oldest = NULL;
	struct tnd_list *pos;

	tnd_list_for_each (pos, &s->conns) {
		struct conn *c = tnd_container_of(pos, struct conn, link);

		if (c->listener == l && c->run == NULL && !c->client.sub.on &&
		    (oldest == NULL || c->used_ms < oldest->used_ms))
			oldest = c;
	}
	if (oldest == NULL || s->loop->now_ms - oldest->used_ms < SERVER_IDLE_MS)
		return false;
	conn_close(oldest);
	return true;
}

/* All places are taken by clients in use: say so, if it can be said at once. */
static void turn_away(struct listener *l, int fd)
{
	struct tnd_buf b = {0};

	rpc_write_error(&b, API_ERR_LIMIT, NULL, "too many connections to this socket");
	if (!b.oom && send(fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		tnd_debug("api", "turned away unheard: %s", strerror(errno));
	tnd_buf_free(&b);
	close(fd);
	l->server->refused++;
}

static void on_accept(struct loop_fd *f, uint32_t events)
{
	struct listener *l = f->arg;

	for (int i = 0; i < ACCEPT_TURN; i++) {
		int fd = accept4(f->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			if (l->clients < SERVER_CLIENTS_MAX || make_room(l))
				conn_new(l, fd);
			else
				turn_away(l, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			tnd_warn("api", "%s: accept: %s", l->path, strerror(errno));
			loop_mod(l->server->loop, f, 0);
			loop_timer_after(l->server->loop, &l->retry, RETRY_MS);
		}
		return;
	}
}

/* Owner and mode, before anybody can connect: it doesn't listen yet. */
static int set_access(const char *path, const char *group)
{
	if (group[0] != '\0') {
		const struct group *g = getgrnam(group);

		if (g == NULL) {
			tnd_err("api", "there is no group %s (api.group)", group);
			return -EINVAL;
		}
		if (lchown(path, (uid_t)-1, g->gr_gid) != 0)
			return -errno;
	}
	return chmod(path, SOCKET_MODE) == 0 ? 0 : -errno;
}

static int bind_and_listen(struct listener *l, const char *group)
{
	struct stat st;
	int rc = unix_bind(l->path);

	if (rc < 0)
		return rc;
	l->fd.fd = rc;
	if (lstat(l->path, &st) != 0)
		return -errno;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	rc = set_access(l->path, group);
	if (rc != 0)
		return rc;
	if (listen(l->fd.fd, BACKLOG) != 0)
		return -errno;
	return loop_add(l->server->loop, &l->fd, EPOLLIN);
}

int listener_open(struct listener *l, struct api_server *s, const char *path, const char *group,
		  bool may_write)
{
	int rc;

	l->server = s;
	l->path = path;
	l->may_write = may_write;
	l->fd = (struct loop_fd){.fd = -1, .fn = on_accept, .arg = l};
	tnd_timer_init(&l->retry, retry, l);
	rc = unix_clear(path);
	if (rc == -EADDRINUSE) {
		tnd_err("api", "%s: another tandemd answers there", path);
		return rc;
	}
	if (rc == 0)
		rc = bind_and_listen(l, group);
	if (rc != 0) {
		tnd_err("api", "%s: %s", path, strerror(-rc));
		listener_close(l);
	}
	return rc;
}

/* The file goes only if it is still ours. */
void listener_close(struct listener *l)
{
	struct stat st;

	if (l->fd.fd < 0)
		return;
	tnd_timer_stop(&l->server->loop->timers, &l->retry);
	loop_del(l->server->loop, &l->fd);
	close(l->fd.fd);
	l->fd.fd = -1;
	if (l->ino != 0 && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
}
