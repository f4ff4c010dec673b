/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define READ_CHUNK       65536
#define CONNECT_RETRY_MS 20

uint64_t ctl_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void ctl_client_init(struct ctl_client *c)
{
	*c = (struct ctl_client){.fd = -1, .wake_fd = -1};
}

void ctl_client_close(struct ctl_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	tnd_buf_free(&c->in);
	c->handed_out = c->scanned = 0;
}

/* Until `fd` (-1: nothing) has one of `events`. 0, -ETIMEDOUT, -EINTR, -errno. */
static int wait_for(struct ctl_client *c, int fd, short events, uint64_t deadline_ms)
{
	for (;;) {
		struct pollfd pfd[2] = {{.fd = fd, .events = events},
					{.fd = c->wake_fd, .events = POLLIN}};
		uint64_t now = ctl_now_ms(), left = deadline_ms > now ? deadline_ms - now : 0;
		struct timespec ts = {.tv_sec = (time_t)(left / 1000),
				      .tv_nsec = (long)(left % 1000) * 1000000};
		int n = ppoll(pfd, 2, deadline_ms == CTL_FOREVER ? NULL : &ts, c->wait_mask);

		if (n < 0 && errno != EINTR)
			return -errno;
		if ((n < 0 || pfd[1].revents) && c->wake != NULL && c->wake(c->wake_arg))
			return -EINTR;
		if (n > 0 && pfd[0].revents)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
	}
}

int ctl_client_sleep(struct ctl_client *c, uint64_t deadline_ms)
{
	int rc = wait_for(c, -1, 0, deadline_ms);

	return rc == -ETIMEDOUT ? 0 : rc;
}

int ctl_client_open(struct ctl_client *c, const char *path, uint64_t deadline_ms)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int rc;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	/* EAGAIN: the daemon's backlog is full; a unix socket can't be waited for then. */
	while (connect(c->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		rc = -errno;
		if (rc == -EINTR)
			continue;
		if (rc == -EAGAIN && ctl_now_ms() < deadline_ms)
			rc = ctl_client_sleep(c, ctl_now_ms() + CONNECT_RETRY_MS);
		else if (rc == -EAGAIN)
			rc = -ETIMEDOUT;
		if (rc < 0) {
			ctl_client_close(c);
			return rc;
		}
	}
	return 0;
}

int ctl_client_send(struct ctl_client *c, const char *text, size_t len, uint64_t deadline_ms)
{
	while (len > 0) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			int rc = wait_for(c, c->fd, POLLOUT, deadline_ms);

			if (rc < 0)
				return rc;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* More bytes into `in`: 0, or as ctl_client_line(). */
static int receive(struct ctl_client *c, uint64_t deadline_ms)
{
	for (;;) {
		char *to = tnd_buf_reserve(&c->in, READ_CHUNK);
		ssize_t n;
		int rc;

		if (to == NULL)
			return -ENOMEM;
		n = recv(c->fd, to, READ_CHUNK, 0);
		if (n > 0) {
			c->in.len += (size_t)n;
			return 0;
		}
		if (n == 0)
			return c->in.len > 0 ? -EBADMSG : -ECONNRESET;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		rc = wait_for(c, c->fd, POLLIN, deadline_ms);
		if (rc < 0)
			return rc;
	}
}

int ctl_client_line(struct ctl_client *c, const char **line, size_t *len, uint64_t deadline_ms)
{
	if (c->handed_out > 0) {
		tnd_buf_consume(&c->in, c->handed_out);
		c->handed_out = 0;
	}
	for (;;) {
		char *lf = NULL;
		int rc;

		if (c->in.len > c->scanned)
			lf = memchr(c->in.data + c->scanned, '\n', c->in.len - c->scanned);
		if (lf != NULL && (size_t)(lf - c->in.data) <= CTL_LINE_MAX) {
			*line = c->in.data;
			*len = (size_t)(lf - c->in.data);
			c->handed_out = *len + 1;
			c->scanned = 0;
			return 0;
		}
		c->scanned = c->in.len;
		if (c->in.len > CTL_LINE_MAX)
			return -EMSGSIZE;
		/* A daemon that drips bytes doesn't put the deadline off. */
		if (ctl_now_ms() >= deadline_ms)
			return -ETIMEDOUT;
		rc = receive(c, deadline_ms);
		if (rc < 0)
			return rc;
	}
}
