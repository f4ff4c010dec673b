/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "tunnel.h"

void message_free(struct message *m)
{
	tnd_buf_free(&m->text);
	memset(m, 0, sizeof(*m));
}

static int wrong(char why[MESSAGE_WHY], const char *what)
{
	snprintf(why, MESSAGE_WHY, "%s", what);
	return -EINVAL;
}

/* Texts of others end up in our log: what is no printable ASCII there becomes '?'. */
static void copy_plain(char *out, size_t size, const char *text)
{
	size_t i;

	for (i = 0; i + 1 < size && text[i] != '\0'; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[i] = '\0';
}

static int read_error(const struct json_value *root, struct message *out, char why[MESSAGE_WHY])
{
	const char *error = json_string(json_member(root, "error"));
	const char *reason = json_string(json_member(root, "reason"));

	if (error == NULL || error[0] == '\0')
		return wrong(why, "its error has no name");
	copy_plain(out->error, sizeof(out->error), error);
	copy_plain(out->reason, sizeof(out->reason), reason != NULL ? reason : "");
	return 0;
}

static int read_text(const struct json_value *root, struct message *out, char why[MESSAGE_WHY])
{
	const struct json_value *json = json_member(root, "json");
	const char *sdp = json_string(json_member(root, "sdp"));

	if ((json != NULL) == (sdp != NULL))
		return wrong(why, "needs either sdp or json");
	if (json != NULL && !json_is_object(json))
		return wrong(why, "json is no object");
	out->json = json != NULL;
	if (out->json)
		json_w_value(&out->text, NULL, json);
	else
		tnd_buf_adds(&out->text, sdp);
	tnd_buf_addc(&out->text, '\0');
	if (out->text.oom)
		return -ENOMEM;
	out->text.len--;
	return out->text.len == 0 || out->text.len > TUNNEL_TEXT_MAX
		       ? wrong(why, "its sdp or json is empty or too long")
		       : 0;
}

static int read_root(const struct json_value *root, struct message *out, char why[MESSAGE_WHY])
{
	const struct json_value *user = json_member(root, "user"),
				*info = json_member(root, "network_info");
	struct json_error err;
	int64_t version;
	int rc;

	if (!json_is_object(root) || !json_to_int(json_member(root, "tandem"), &version))
		return wrong(why, "is none of tandem's");
	if (version != MESSAGE_VERSION)
		return wrong(why, "is of another version");
	if (json_member(root, "error") != NULL)
		return read_error(root, out, why);
	if (user != NULL) {
		const char *name = json_string(user);

		if (name == NULL || !wire_rtptp_name_ok(name, strlen(name)))
			return wrong(why, "has no good user");
		memcpy(out->user, name, strlen(name) + 1);
	}
	rc = read_text(root, out, why);
	if (rc != 0 || info == NULL)
		return rc;
	if (netinfo_read(info, "/network_info", &out->info, &err) != 0) {
		snprintf(why, MESSAGE_WHY, "%.80s: %.160s", err.path, err.reason);
		return -EINVAL;
	}
	out->has_info = true;
	return 0;
}

int message_read(const char *text, size_t len, struct message *out, char why[MESSAGE_WHY])
{
	struct json_value *root = NULL;
	struct json_error err;
	int rc;

	memset(out, 0, sizeof(*out));
	out->text.secret = true;
	rc = json_parse(text, len, &root, &err);
	if (rc == -EINVAL)
		snprintf(why, MESSAGE_WHY, "%.240s", err.reason);
	if (rc == 0)
		rc = read_root(root, out, why);
	if (rc == -ENOMEM)
		snprintf(why, MESSAGE_WHY, "out of memory");
	json_free(root);
	return rc;
}

static void begin(struct tnd_buf *b)
{
	json_w_open(b, NULL, '{');
	json_w_uint(b, "tandem", MESSAGE_VERSION);
}

void message_write_offer(struct tnd_buf *b, const char *user, const char *sdp)
{
	begin(b);
	json_w_string(b, "user", user);
	json_w_string(b, "sdp", sdp);
	json_w_close(b, '}');
}

void message_write_answer(struct tnd_buf *b, bool json, const char *text, size_t len,
			  const struct netinfo *info)
{
	begin(b);
	if (json)
		json_w_raw(b, "json", text, len);
	else
		json_w_string(b, "sdp", text);
	if (info != NULL)
		netinfo_write(b, "network_info", info);
	json_w_close(b, '}');
}

void message_write_error(struct tnd_buf *b, const char *error, const char *reason)
{
	begin(b);
	json_w_string(b, "error", error);
	json_w_string(b, "reason", reason);
	json_w_close(b, '}');
}
