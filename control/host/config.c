/* SPDX-License-Identifier: BSD-3-Clause */
/* From a file to a checked configuration: parse, decode by table, fill in, check. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_private.h"

void config_at(struct json_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->path, sizeof(err->path), fmt, ap);
	va_end(ap);
}

int config_fault(struct json_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int no_memory(struct json_error *err)
{
	config_at(err, "%s", "");
	config_fault(err, "out of memory");
	return -ENOMEM;
}

int config_parse(const char *text, size_t len, struct config **out, struct json_error *err)
{
	struct config *c = calloc(1, sizeof(*c));
	struct json_value *root = NULL;
	struct cfg_file file = {0};
	int rc;

	memset(err, 0, sizeof(*err));
	if (c == NULL)
		return no_memory(err);
	rc = json_parse(text, len, &root, err);
	if (rc != 0)
		goto fail;
	rc = json_decode(root, &cfg_file_object, "", &file, err);
	if (rc == 0)
		rc = config_fill(c, &file, err);
	if (rc == 0)
		rc = config_check(c, err);
	json_decode_free(&cfg_file_object, &file);
	json_free(root);
	if (rc != 0)
		goto fail;

	c->text = strndup(text, len);
	c->text_len = len;
	if (c->text == NULL) {
		rc = -ENOMEM;
		goto fail;
	}
	*out = c;
	return 0;

fail:
	config_free(c);
	return rc == -ENOMEM ? no_memory(err) : rc;
}

/* As much as a configuration may have, and one byte, so that more is noticed. Or -errno. */
static ssize_t read_file(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, text + len, JSON_TEXT_MAX + 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	return n;
}

int config_load(const char *path, struct config **out, struct json_error *err)
{
	char *text = malloc(JSON_TEXT_MAX + 1);
	ssize_t len;
	int rc;

	memset(err, 0, sizeof(*err));
	if (text == NULL)
		return no_memory(err);
	len = read_file(path, text);
	if (len < 0) {
		config_fault(err, "%s cannot be read: %s", path, strerror((int)-len));
		rc = (int)len;
	} else {
		rc = config_parse(text, (size_t)len, out, err);
	}
	free(text);
	return rc;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (unsigned int i = 0; c->eal_args != NULL && i < c->eal_arg_count; i++)
		free(c->eal_args[i]);
	free(c->eal_args);
	free(c->lcores);
	free(c->interfaces);
	free(c->addresses);
	free(c->neighbours);
	free(c->routes);
	free(c->stun_servers);
	free(c->dials);
	config_free_rtpproxy(&c->rtpproxy);
	free(c->text);
	free(c);
}

bool config_eal_has(const struct config *c, const char *name, const char **value)
{
	size_t len = strlen(name);
	bool is_long = name[1] == '-';

	for (unsigned int i = 0; i < c->eal_arg_count; i++) {
		const char *arg = c->eal_args[i], *found;

		if (strncmp(arg, name, len) != 0)
			continue;
		if (arg[len] == '\0')
			found = i + 1 < c->eal_arg_count ? c->eal_args[i + 1] : "";
		else if (is_long && arg[len] == '=')
			found = arg + len + 1;
		else if (!is_long)
			found = arg + len;
		else
			continue;
		if (value != NULL)
			*value = found;
		return true;
	}
	return false;
}
