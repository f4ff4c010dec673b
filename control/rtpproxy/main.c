/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tandem-rtpproxy: takes the options of rtpproxy(8), makes a configuration of them and of
 * tandem's own, which knows the devices, and runs tandemd with it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "rtpproxy.h"

/* In memory, so that nothing is left behind; the path is good for programs run from here. */
static int put_config(const struct tnd_buf *text, char *path, size_t size)
{
	int fd = memfd_create("tandem-rtpproxy", 0);

	if (fd < 0 || write(fd, text->data, text->len) != (ssize_t)text->len)
		return -errno;
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return 0;
}

/* The folder of the sockets, for the user that tandemd will be. */
static void make_folder(const struct options *o, const struct config *base)
{
	char folder[sizeof(base->socket)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", base->socket);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return;
	*slash = '\0';
	if (mkdir(folder, 0750) == 0 && o->user_given && chown(folder, o->uid, o->gid) != 0)
		fprintf(stderr, "tandem-rtpproxy: %s: %s\n", folder, strerror(errno));
}

/* False: it has been said what is wrong. */
static bool make_config(const struct options *o, const struct config *base, struct tnd_buf *text)
{
	struct config *made;
	struct json_error err;
	struct bound bound;

	if (!addresses_find(o, base, &bound) || !write_config(o, base, &bound, text))
		return false;
	if (config_parse(text->data, text->len, &made, &err) != 0) {
		fprintf(stderr, "tandem-rtpproxy: %s with these options: %s: %s\n", o->base,
			err.path, err.reason);
		return false;
	}
	config_free(made);
	return true;
}

static int run(const struct options *o)
{
	struct tnd_buf text = {0};
	struct json_error err;
	struct config *base;
	char path[64];
	int rc = EXIT_CONFIG;

	if (config_load(o->base, &base, &err) != 0) {
		fprintf(stderr,
			"tandem-rtpproxy: %s%s%s: %s\n"
			"tandem-rtpproxy: this file names the devices and addresses that tandem is "
			"to "
			"have; see tandem-rtpproxy(8)\n",
			o->base, err.path[0] ? " " : "", err.path, err.reason);
		return EXIT_CONFIG;
	}
	if (make_config(o, base, &text)) {
		if (o->print_config) {
			fwrite(text.data, 1, text.len, stdout);
			rc = EXIT_OK;
		} else if (put_config(&text, path, sizeof(path)) != 0) {
			fprintf(stderr, "tandem-rtpproxy: %s\n", strerror(errno));
			rc = EXIT_START;
		} else {
			make_folder(o, base);
			rc = run_tandemd(o, base, path);
		}
	}
	tnd_buf_free(&text);
	config_free(base);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o;
	int rc = options_parse(argc, argv, &o);

	if (rc < 0)
		rc = run(&o);
	options_free(&o);
	return rc;
}
