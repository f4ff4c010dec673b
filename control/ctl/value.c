/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading answers, and writing to stdout. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"

const struct json_value *ctl_at(const struct json_value *v, const char *path)
{
	char key[64];

	while (v != NULL && path != NULL && *path != '\0') {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		v = json_member(v, key);
		path += len + (path[len] == '.');
	}
	return v;
}

const char *ctl_string(const struct json_value *v, const char *path, const char *fallback)
{
	const char *s = json_string(ctl_at(v, path));

	return s != NULL ? s : fallback;
}

double ctl_number(const struct json_value *v, const char *path, double fallback)
{
	double d;

	return json_to_double(ctl_at(v, path), &d) ? d : fallback;
}

bool ctl_bool(const struct json_value *v, const char *path)
{
	bool b = false;

	return json_to_bool(ctl_at(v, path), &b) && b;
}

void ctl_value_text(struct tnd_buf *b, const struct json_value *v)
{
	const char *s = json_string(v), *ip = ctl_string(v, "ip", NULL);
	int64_t port;
	double d;
	bool yes;

	if (v == NULL || json_is_null(v)) {
		tnd_buf_addc(b, '-');
	} else if (s != NULL) {
		tnd_buf_adds(b, s);
	} else if (json_to_bool(v, &yes)) {
		tnd_buf_adds(b, yes ? "yes" : "no");
	} else if (json_to_double(v, &d)) {
		ctl_text_number(b, d, 3);
	} else if (ip != NULL && json_to_int(json_member(v, "port"), &port)) {
		tnd_buf_addf(b, strchr(ip, ':') ? "[%s]:%lld" : "%s:%lld", ip, (long long)port);
	} else {
		json_w_value(b, NULL, v);
	}
}

size_t ctl_columns(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0)
		return 0;
	return ws.ws_col;
}

enum ctl_status ctl_write(struct ctl *ctl, struct tnd_buf *out)
{
	enum ctl_status status = CTL_OK;

	if (out->oom)
		status = ctl_fail(ctl, CTL_ERROR, "out of memory");
	else if (out->len > 0 &&
		 (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout) != 0))
		status = ctl_fail(ctl, CTL_ERROR, "cannot write: %m");
	tnd_buf_reset(out);
	return status;
}

enum ctl_status ctl_write_json(struct ctl *ctl, const struct json_value *v)
{
	struct tnd_buf json = {0}, out = {0};
	enum ctl_status status;

	json_w_value(&json, NULL, v);
	if (json.oom)
		out.oom = true;
	else
		ctl_text_json(&out, json.data, json.len);
	tnd_buf_addc(&out, '\n');
	status = ctl_write(ctl, &out);
	tnd_buf_free(&json);
	tnd_buf_free(&out);
	return status;
}
