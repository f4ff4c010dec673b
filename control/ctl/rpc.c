/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and their answers, by JSON-RPC 2.0. */
#include "ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api_tables.h"
#include "text.h"

_Static_assert(CTL_LINE_MAX == JSON_TEXT_MAX, "a line that is taken can be parsed");

enum ctl_status ctl_fail(struct ctl *ctl, enum ctl_status status, const char *fmt, ...)
{
	char text[sizeof(ctl->error)];
	struct tnd_buf b = {0};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctl_text_escape(&b, text, strlen(text));
	tnd_buf_addc(&b, '\0');
	snprintf(ctl->error, sizeof(ctl->error), "%s", b.oom ? "out of memory" : b.data);
	tnd_buf_free(&b);
	return status;
}

enum ctl_status ctl_broken(struct ctl *ctl, int rc)
{
	const char *why = strerror(-rc);

	switch (rc) {
	case -ETIMEDOUT: why = "no answer in time"; break;
	case -ECONNRESET: why = "it closed the connection"; break;
	case -EBADMSG: why = "it closed the connection in the middle of a line"; break;
	case -EMSGSIZE: why = "it sent a line of more than 256 KiB"; break;
	case -EINTR: why = "interrupted"; break;
	}
	ctl_client_close(&ctl->client);
	return ctl_fail(ctl, CTL_NO_DAEMON, "the daemon at %s: %s", ctl->socket, why);
}

static enum ctl_status malformed(struct ctl *ctl, const char *method, const char *what)
{
	ctl_client_close(&ctl->client);
	return ctl_fail(ctl, CTL_NO_DAEMON, "%s: the daemon's answer is malformed: %s", method,
			what);
}

static enum ctl_status open_client(struct ctl *ctl, uint64_t deadline_ms)
{
	int rc = ctl_client_open(&ctl->client, ctl->socket, deadline_ms);

	if (rc == 0)
		return CTL_OK;
	if (rc == -ENAMETOOLONG)
		return ctl_fail(ctl, CTL_USAGE, "%s: too long for a socket's path", ctl->socket);
	return ctl_fail(ctl, CTL_NO_DAEMON, "no daemon at %s: %s", ctl->socket, strerror(-rc));
}

static enum ctl_status send_request(struct ctl *ctl, const char *method,
				    const struct tnd_buf *params, uint64_t deadline_ms)
{
	struct tnd_buf line = {0};
	enum ctl_status status = CTL_OK;
	int rc;

	json_w_open(&line, NULL, '{');
	json_w_string(&line, "jsonrpc", "2.0");
	json_w_uint(&line, "id", ++ctl->client.last_id);
	json_w_string(&line, "method", method);
	if (params != NULL && params->len > 0)
		json_w_raw(&line, "params", params->data, params->len);
	json_w_close(&line, '}');
	if (line.oom || (params != NULL && params->oom)) {
		status = ctl_fail(ctl, CTL_ERROR, "out of memory");
	} else if (line.len > CTL_LINE_MAX) {
		status = ctl_fail(ctl, CTL_USAGE, "%s: the request is longer than 256 KiB", method);
	} else {
		tnd_buf_addc(&line, '\n');
		rc = line.oom ? -ENOMEM
			      : ctl_client_send(&ctl->client, line.data, line.len, deadline_ms);
		/* A daemon that refuses by closing may have said why: the answer is read first. */
		if (rc < 0 && rc != -EPIPE)
			status = ctl_broken(ctl, rc);
	}
	tnd_buf_free(&line);
	return status;
}

static const char *error_name(int64_t code)
{
	for (size_t i = 0; i < api_error_count; i++)
		if (api_errors[i].code == code)
			return api_errors[i].name;
	return NULL;
}

/* The daemon's error object as "METHOD: NAME: MESSAGE (at PATH)". */
static enum ctl_status error_answer(struct ctl *ctl, const char *method,
				    const struct json_value *error)
{
	const char *message = json_string(json_member(error, "message"));
	const char *name = ctl_string(error, "data.name", NULL);
	const char *path = ctl_string(error, "data.path", NULL);
	char number[32];
	int64_t code;

	if (!json_to_int(json_member(error, "code"), &code) || message == NULL)
		return malformed(ctl, method, "error has no code or message");
	if (name == NULL)
		name = error_name(code);
	if (name == NULL) {
		snprintf(number, sizeof(number), "error %lld", (long long)code);
		name = number;
	}
	if (path != NULL)
		return ctl_fail(ctl, CTL_ERROR, "%s: %s: %s (at %s)", method, name, message,
				*path ? path : "params");
	return ctl_fail(ctl, CTL_ERROR, "%s: %s: %s", method, name, message);
}

/* Is this value the answer to the latest request? Events and late answers are not. */
static bool is_answer(const struct ctl_client *c, const struct json_value *root)
{
	const struct json_value *id = json_member(root, "id");
	int64_t n;

	if (json_member(root, "method") != NULL)
		return false;
	return !(json_to_int(id, &n) && n >= 0 && (uint64_t)n < c->last_id);
}

static enum ctl_status judge(struct ctl *ctl, const char *method, struct ctl_reply *reply)
{
	const struct json_value *error = json_member(reply->root, "error");
	const struct json_value *id = json_member(reply->root, "id");
	const char *version = json_string(json_member(reply->root, "jsonrpc"));
	int64_t n;

	reply->result = json_member(reply->root, "result");
	if (version == NULL || strcmp(version, "2.0") != 0)
		return malformed(ctl, method, "not JSON-RPC 2.0");
	if ((error != NULL) == (reply->result != NULL))
		return malformed(ctl, method, "needs either result or error");
	if (error != NULL && json_is_null(id))
		return error_answer(ctl, method, error);
	if (!json_to_int(id, &n) || (uint64_t)n != ctl->client.last_id)
		return malformed(ctl, method, "its id is not the request's");
	if (error != NULL)
		return error_answer(ctl, method, error);
	if (!json_is_object(reply->result))
		return malformed(ctl, method, "the result is no object");
	return CTL_OK;
}

void ctl_reply_free(struct ctl_reply *reply)
{
	json_free(reply->root);
	*reply = (struct ctl_reply){0};
}

enum ctl_status ctl_call(struct ctl *ctl, const char *method, const struct tnd_buf *params,
			 struct ctl_reply *reply)
{
	uint64_t deadline_ms = ctl_now_ms() + ctl->timeout_ms;
	enum ctl_status status = CTL_OK;

	*reply = (struct ctl_reply){0};
	if (ctl->client.fd < 0)
		status = open_client(ctl, deadline_ms);
	if (status == CTL_OK)
		status = send_request(ctl, method, params, deadline_ms);
	while (status == CTL_OK) {
		struct json_error err = {0};
		const char *line;
		size_t len;
		int rc = ctl_client_line(&ctl->client, &line, &len, deadline_ms);

		if (rc < 0)
			return ctl_broken(ctl, rc);
		if (json_parse(line, len, &reply->root, &err) < 0)
			return malformed(ctl, method, err.reason);
		if (is_answer(&ctl->client, reply->root)) {
			status = judge(ctl, method, reply);
			break;
		}
		if (ctl->on_notification != NULL)
			status = ctl->on_notification(ctl, reply->root);
		ctl_reply_free(reply);
		if (status == CTL_OK && ctl_now_ms() >= deadline_ms)
			status = ctl_broken(ctl, -ETIMEDOUT);
	}
	if (status != CTL_OK)
		ctl_reply_free(reply);
	return status;
}
