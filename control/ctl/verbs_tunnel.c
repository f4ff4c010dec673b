/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnel dial, tunnel hangup. */
#include "ctl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "text.h"

#define FILE_MAX 65536
#define WAIT_MS  15000 /* for the tunnel to be up */
#define LOOK_MS  100

/* ---- what the daemon is told --------------------------------------------------------------- */

/* Names are looked up here, so that the daemon never waits for a name server. */
static enum ctl_status look_up(struct ctl *ctl, const char *host, char *ip, size_t size,
			       bool *is_name)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found;
	int rc = getaddrinfo(host, NULL, &hints, &found);

	*is_name = rc != 0;
	if (rc != 0) {
		hints.ai_flags = 0;
		rc = getaddrinfo(host, NULL, &hints, &found);
	}
	if (rc != 0)
		return ctl_fail(ctl, CTL_USAGE, "%s: %s", host, gai_strerror(rc));
	rc = getnameinfo(found->ai_addr, found->ai_addrlen, ip, (socklen_t)size, NULL, 0,
			 NI_NUMERICHOST);
	freeaddrinfo(found);
	return rc == 0 ? CTL_OK : ctl_fail(ctl, CTL_USAGE, "%s: %s", host, gai_strerror(rc));
}

/* A whole file, zero-ended beyond its length. */
static enum ctl_status read_file(struct ctl *ctl, const char *path, struct tnd_buf *out)
{
	FILE *f = fopen(path, "re");
	char *to;

	if (f == NULL)
		return ctl_fail(ctl, CTL_USAGE, "%s: %s", path, strerror(errno));
	out->secret = true;
	to = tnd_buf_reserve(out, FILE_MAX + 1);
	if (to != NULL)
		out->len = fread(to, 1, FILE_MAX, f);
	fclose(f);
	if (to == NULL)
		return ctl_fail(ctl, CTL_ERROR, "out of memory");
	if (out->len == FILE_MAX)
		return ctl_fail(ctl, CTL_USAGE, "%s: too long", path);
	out->data[out->len] = '\0';
	if (!ctl_text_is_utf8(out->data, out->len) || strlen(out->data) != out->len)
		return ctl_fail(ctl, CTL_USAGE, "%s: is no text", path);
	return CTL_OK;
}

static enum ctl_status add_file(struct ctl *ctl, struct tnd_buf *params, const char *key,
				const char *path)
{
	struct tnd_buf text = {0};
	enum ctl_status status;

	if (path == NULL)
		return CTL_OK;
	status = read_file(ctl, path, &text);
	if (status == CTL_OK)
		json_w_string(params, key, text.data);
	tnd_buf_free(&text);
	return status;
}

/* Of the line `user:secret`. */
static enum ctl_status add_psk(struct ctl *ctl, struct tnd_buf *params)
{
	const char *user = ctl->dial.user, *path = ctl->dial.psk_file;
	struct tnd_buf text = {0};
	size_t len = strlen(user);
	enum ctl_status status;
	char *line, *next;

	if (path == NULL)
		return CTL_OK;
	status = read_file(ctl, path, &text);
	for (line = text.data; status == CTL_OK && line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (strncmp(line, user, len) != 0 || line[len] != ':' ||
		    strchr(line + len + 1, ':') != NULL)
			continue;
		line[len + 1 + strcspn(line + len + 1, "\r")] = '\0';
		json_w_string(params, "psk", line + len + 1);
		break;
	}
	if (status == CTL_OK && line == NULL)
		status = ctl_fail(ctl, CTL_USAGE, "%s: no line %s:SECRET", path, user);
	tnd_buf_free(&text);
	return status;
}

static void add_text(struct tnd_buf *params, const char *key, const char *value)
{
	if (value != NULL)
		json_w_string(params, key, value);
}

static enum ctl_status check_texts(struct ctl *ctl, const char *host)
{
	const struct ctl_dial *d = &ctl->dial;
	const char *const text[] = {host, d->id, d->user, d->name, d->address, d->interface};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (text[i] != NULL && !ctl_text_is_utf8(text[i], strlen(text[i])))
			return ctl_fail(ctl, CTL_USAGE, "%s: is not UTF-8", text[i]);
	if (d->user == NULL)
		return ctl_fail(ctl, CTL_USAGE, "tunnel dial: --user is missing");
	if ((d->psk_file != NULL) == (d->certificate != NULL))
		return ctl_fail(ctl, CTL_USAGE,
				"tunnel dial: either --psk-file, or --certificate and --ca");
	if ((d->certificate != NULL) != (d->ca != NULL))
		return ctl_fail(ctl, CTL_USAGE, "tunnel dial: --certificate and --ca go together");
	return CTL_OK;
}

static enum ctl_status write_params(struct ctl *ctl, const char *host, const char *id,
				    struct tnd_buf *params)
{
	const struct ctl_dial *d = &ctl->dial;
	enum ctl_status status;
	char ip[64];
	bool is_name;

	status = look_up(ctl, host, ip, sizeof(ip), &is_name);
	if (status != CTL_OK)
		return status;
	json_w_open(params, NULL, '{');
	json_w_string(params, "id", id);
	json_w_string(params, "host", ip);
	json_w_string(params, "user", d->user);
	if (d->port != NULL)
		json_w_uint(params, "port", strtoull(d->port, NULL, 10));
	add_text(params, "name", d->name != NULL ? d->name : is_name ? host : NULL);
	add_text(params, "address", d->address);
	add_text(params, "interface", d->interface);
	status = add_psk(ctl, params);
	if (status == CTL_OK)
		status = add_file(ctl, params, "certificate", d->certificate);
	if (status == CTL_OK)
		status = add_file(ctl, params, "key", d->key != NULL ? d->key : d->certificate);
	if (status == CTL_OK)
		status = add_file(ctl, params, "ca", d->ca);
	json_w_close(params, '}');
	return status;
}

/* ---- what comes of it ---------------------------------------------------------------------- */

static enum ctl_status call_with_id(struct ctl *ctl, const char *method, const char *id,
				    struct ctl_reply *reply)
{
	struct tnd_buf params = {0};
	enum ctl_status status;

	json_w_open(&params, NULL, '{');
	json_w_string(&params, "id", id);
	json_w_close(&params, '}');
	status = ctl_call(ctl, method, &params, reply);
	tnd_buf_free(&params);
	return status;
}

static enum ctl_status say(struct ctl *ctl, const char *id, const struct json_value *dial)
{
	struct tnd_buf line = {0}, out = {0};
	enum ctl_status status;

	if (ctl->json)
		return ctl_write_json(ctl, dial);
	tnd_buf_addf(&line, "tunnel %s is up", id);
	if (line.oom)
		out.oom = true;
	else
		ctl_text_escape(&out, line.data, line.len);
	tnd_buf_addc(&out, '\n');
	status = ctl_write(ctl, &out);
	tnd_buf_free(&line);
	tnd_buf_free(&out);
	return status;
}

/* Until it is up. It is dialled on, even where that takes longer than we wait. */
static enum ctl_status wait_for(struct ctl *ctl, const char *id)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	uint64_t end_ms = ctl_now_ms() + WAIT_MS;
	enum ctl_status status = CTL_OK;
	bool up = false;

	while (status == CTL_OK && !up) {
		const struct json_value *dial;
		struct ctl_reply reply;

		status = call_with_id(ctl, "tunnel.dials", id, &reply);
		if (status != CTL_OK)
			break;
		dial = json_first(json_member(reply.result, "dials"));
		up = strcmp(ctl_string(dial, "state", ""), "up") == 0;
		if (dial == NULL)
			status = ctl_fail(ctl, CTL_ERROR, "tunnel %s: hung up meanwhile", id);
		else if (up)
			status = say(ctl, id, dial);
		else if (ctl_now_ms() >= end_ms)
			status = ctl_fail(ctl, CTL_ERROR,
					  "tunnel %s is not up yet: %s; it is dialled on, until "
					  "tunnel hangup",
					  id, ctl_string(dial, "reason", "no answer"));
		else
			nanosleep(&pause, NULL);
		ctl_reply_free(&reply);
	}
	return status;
}

static enum ctl_status dial(struct ctl *ctl, const char *host)
{
	struct tnd_buf params = {.secret = true};
	enum ctl_status status = check_texts(ctl, host);
	struct ctl_reply reply;
	char id[129];

	if (status != CTL_OK)
		return status;
	if (ctl->dial.id != NULL)
		snprintf(id, sizeof(id), "%s", ctl->dial.id);
	else
		snprintf(id, sizeof(id), "%.24s@%.100s", ctl->dial.user, host);
	status = write_params(ctl, host, id, &params);
	if (status == CTL_OK)
		status = ctl_call(ctl, "tunnel.dial", &params, &reply);
	tnd_buf_free(&params);
	if (status != CTL_OK)
		return status;
	ctl_reply_free(&reply);
	return wait_for(ctl, id);
}

static enum ctl_status hangup(struct ctl *ctl, const char *id)
{
	struct ctl_reply reply;
	enum ctl_status status;

	if (ctl->given & CTL_OPT_DIAL)
		return ctl_fail(ctl, CTL_USAGE, "tunnel hangup: takes no options");
	if (!ctl_text_is_utf8(id, strlen(id)))
		return ctl_fail(ctl, CTL_USAGE, "%s: is not UTF-8", id);
	status = call_with_id(ctl, "tunnel.hangup", id, &reply);
	if (status == CTL_OK && ctl->json)
		status = ctl_write_json(ctl, reply.result);
	if (status == CTL_OK)
		ctl_reply_free(&reply);
	return status;
}

enum ctl_status ctl_verb_tunnel(struct ctl *ctl, char *const *args, size_t count)
{
	if (strcmp(args[0], "dial") == 0)
		return dial(ctl, args[1]);
	if (strcmp(args[0], "hangup") == 0)
		return hangup(ctl, args[1]);
	return ctl_fail(ctl, CTL_USAGE, "tunnel: dial or hangup, not %s", args[0]);
}
