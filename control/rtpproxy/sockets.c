/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control sockets where -u is given: rtpproxy makes them as root and changes the user then, so
 * that they may lie in /var/run. tandemd takes what it finds in TANDEM_CONTROL_FDS, and listens.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rtpproxy.h"
#include "unix.h"

#define PRIVILEGED_PORTS 1024

static const char *unix_path(const char *control)
{
	if (strncmp(control, "unix:", 5) == 0)
		return control + 5;
	return strncmp(control, "cunix:", 6) == 0 ? control + 6 : NULL;
}

static int refuse(const char *path, int error)
{
	fprintf(stderr, "tandem-rtpproxy: %s: %s\n", path,
		error == EADDRINUSE ? "somebody answers there already" : strerror(error));
	return EXIT_START;
}

/* The user's from the beginning, and nobody else's until tandemd gives it its mode. */
static int make(const struct options *o, const char *path, struct sockets *s)
{
	int rc = unix_clear(path);
	struct stat st;
	mode_t mask;

	if (rc != 0)
		return refuse(path, -rc);
	mask = umask(0177);
	rc = unix_bind(path);
	umask(mask);
	if (rc < 0)
		return refuse(path, -rc);
	s->made[s->count].fd = rc;
	s->made[s->count].path = path;
	s->made[s->count].ino = 0;
	s->count++;
	if (lstat(path, &st) != 0)
		return refuse(path, errno);
	s->made[s->count - 1].dev = st.st_dev;
	s->made[s->count - 1].ino = st.st_ino;
	if (lchown(path, o->uid, o->gid) != 0 || fcntl(rc, F_SETFD, 0) != 0)
		return refuse(path, errno);
	return EXIT_OK;
}

int sockets_bind(const struct options *o, struct sockets *s)
{
	char list[12 * OPTIONS_LIST_MAX] = "";
	size_t len = 0;

	s->count = 0;
	for (unsigned int i = 0; o->user_given && i < o->control_count; i++) {
		const char *path = unix_path(o->control[i]);

		if (path == NULL)
			continue;
		if (make(o, path, s) != EXIT_OK) {
			sockets_close(s);
			sockets_remove(s);
			return EXIT_START;
		}
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%d", len ? "," : "",
					s->made[s->count - 1].fd);
	}
	if (s->count > 0 && setenv("TANDEM_CONTROL_FDS", list, 1) != 0)
		return refuse("the environment", errno);
	return EXIT_OK;
}

void sockets_close(struct sockets *s)
{
	for (unsigned int i = 0; i < s->count; i++)
		close(s->made[i].fd);
}

void sockets_remove(const struct sockets *s)
{
	struct stat st;

	for (unsigned int i = 0; i < s->count; i++)
		if (lstat(s->made[i].path, &st) == 0 && st.st_dev == s->made[i].dev &&
		    st.st_ino == s->made[i].ino)
			unlink(s->made[i].path);
}

bool sockets_privileged(const struct options *o)
{
	for (unsigned int i = 0; i < o->control_count; i++) {
		const char *text = o->control[i], *colon = strrchr(text, ':');
		bool six = strncmp(text, "udp6:", 5) == 0 || strncmp(text, "tcp6:", 5) == 0;
		unsigned long port;
		char *end;

		/* "udp:host" has none; of "udp6:::1" the 1 is the address's. */
		if (unix_path(text) != NULL || colon == strchr(text, ':') ||
		    (six && colon[-1] != ']'))
			continue;
		port = strtoul(colon + 1, &end, 10);
		if (*end == '\0' && port < PRIVILEGED_PORTS)
			return true;
	}
	return false;
}
