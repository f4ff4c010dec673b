/* SPDX-License-Identifier: BSD-3-Clause */
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is the file that we have locked still the one at the path? The one before us unlinks it. */
static int is_current(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

static pid_t read_pid(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

static int write_pid(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return errno ? -errno : -EIO;
	return 0;
}

/* The socket's own, where nobody has made it yet; what is wrong with it open() says. */
static void make_directory(const char *path)
{
	char dir[sizeof(((struct instance *)0)->path)];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL || slash == dir)
		return;
	*slash = '\0';
	mkdir(dir, 0755);
}

int instance_lock(struct instance *i, const char *socket, pid_t *holder)
{
	int err;

	*holder = 0;
	snprintf(i->path, sizeof(i->path), "%s.lock", socket);
	make_directory(i->path);
	for (;;) {
		i->fd = open(i->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (i->fd < 0)
			return -errno;
		if (flock(i->fd, LOCK_EX | LOCK_NB) != 0) {
			err = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
			*holder = read_pid(i->fd);
			break;
		}
		if (!is_current(i->fd, i->path)) {
			close(i->fd);
			continue;
		}
		err = write_pid(i->fd);
		if (err == 0)
			return 0;
		break;
	}
	close(i->fd);
	i->fd = -1;
	return err;
}

void instance_unlock(struct instance *i)
{
	if (i->fd < 0)
		return;
	unlink(i->path);
	close(i->fd);
	i->fd = -1;
}
