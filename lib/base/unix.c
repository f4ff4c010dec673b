/* SPDX-License-Identifier: BSD-3-Clause */
#include "unix.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fill(struct sockaddr_un *un, const char *path)
{
	size_t len = strlen(path);

	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len >= sizeof(un->sun_path))
		return -ENAMETOOLONG;
	memcpy(un->sun_path, path, len + 1);
	return 0;
}

static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

int unix_clear(const char *path)
{
	struct sockaddr_un un;
	struct stat st;
	int fd, rc = fill(&un, path), why;

	if (rc != 0)
		return rc;
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = make_socket();
	if (fd < 0)
		return fd;
	rc = connect(fd, (const struct sockaddr *)&un, sizeof(un));
	why = errno;
	close(fd);
	if (rc == 0 || why != ECONNREFUSED)
		return rc != 0 && why == EACCES ? -EACCES : -EADDRINUSE;
	return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

int unix_bind(const char *path)
{
	struct sockaddr_un un;
	int rc = fill(&un, path), fd;

	if (rc != 0)
		return rc;
	fd = make_socket();
	if (fd < 0 || bind(fd, (const struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}
