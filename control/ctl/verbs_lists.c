/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnels, users: lists, page by page as they come. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "text.h"

#define PAGE 200

struct list {
	const char *method, *member, *name; /* name: the member of a row that it is known by */
	const char *head, *none;
	void (*row)(struct tnd_buf *out, const struct json_value *v);
};

struct listing {
	const struct list *list;
	struct ctl *ctl;
	uint64_t shown;
};

/* Padded to `width` columns: what tunnels and users are called has its own place, the last. */
static void cell(struct tnd_buf *out, const char *text, size_t width)
{
	size_t from = out->len;

	ctl_text_escape(out, text, strlen(text));
	while (!out->oom && out->len - from < width)
		tnd_buf_addc(out, ' ');
	tnd_buf_adds(out, "  ");
}

static void tunnel_row(struct tnd_buf *out, const struct json_value *v)
{
	struct tnd_buf text = {0};
	const char *id = ctl_string(v, "id", "-");
	double heard = ctl_number(v, "heard_ms", -1);

	cell(out, ctl_string(v, "state", "-"), 7);
	cell(out, ctl_string(v, "mode", "-"), 6);
	ctl_text_duration(&text, ctl_number(v, "age_s", 0));
	tnd_buf_addc(&text, '\0');
	if (!text.oom)
		tnd_buf_addf(out, "%12s  ", text.data);
	tnd_buf_free(&text);
	if (heard < 0)
		tnd_buf_addf(out, "%8s  ", "never");
	else
		tnd_buf_addf(out, "%6.1f s  ", heard / 1000);
	tnd_buf_addf(out, "%5.0f  ", ctl_number(v, "mtu", 0));
	cell(out, ctl_string(v, "user", "-"), 24);
	ctl_text_escape(out, id, strlen(id));
}

static void user_row(struct tnd_buf *out, const struct json_value *v)
{
	const struct json_value *networks = json_member(v, "networks");
	const char *name = ctl_string(v, "name", "-");

	cell(out, ctl_string(v, "address", "-"), 18);
	cell(out, ctl_string(v, "address6", "-"), 24);
	tnd_buf_addf(out, "%8zu  ", networks != NULL ? json_count(networks) : 0);
	cell(out, ctl_string(v, "tunnel", NULL) != NULL ? "yes" : "no", 6);
	ctl_text_escape(out, name, strlen(name));
}

static const struct list tunnels = {
	"tunnel.list",
	"tunnels",
	"id",
	"STATE    MODE             AGE     HEARD    MTU  USER                      ID\n",
	"no tunnels\n",
	tunnel_row};
static const struct list users = {
	"user.list",  "users",
	"name",       "ADDRESS             ADDRESS6                  NETWORKS  TUNNEL  NAME\n",
	"no users\n", user_row};

static void one(struct listing *l, struct tnd_buf *out, const struct json_value *v)
{
	const char *name = ctl_string(v, l->list->name, "");
	struct tnd_buf json = {0};

	if (l->ctl->given & CTL_OPT_IDS) {
		ctl_text_escape(out, name, strlen(name));
		tnd_buf_addc(out, '\n');
	} else if (l->ctl->json) {
		if (l->shown > 0)
			tnd_buf_addc(out, ',');
		json_w_value(&json, NULL, v);
		if (json.oom)
			out->oom = true;
		else
			ctl_text_json(out, json.data, json.len);
		tnd_buf_free(&json);
	} else {
		if (l->shown == 0)
			tnd_buf_adds(out, l->list->head);
		l->list->row(out, v);
		tnd_buf_addc(out, '\n');
	}
	l->shown++;
}

/* *cursor: from the page before, or NULL; freed, and the next one's. */
static enum ctl_status page(struct listing *l, const char *prefix, char **cursor)
{
	struct tnd_buf params = {0}, out = {0};
	const struct json_value *rows;
	struct ctl_reply reply;
	enum ctl_status status;
	const char *next;

	json_w_open(&params, NULL, '{');
	json_w_uint(&params, "limit", PAGE);
	if (prefix != NULL)
		json_w_string(&params, "prefix", prefix);
	if (*cursor != NULL)
		json_w_string(&params, "cursor", *cursor);
	json_w_close(&params, '}');
	status = ctl_call(l->ctl, l->list->method, &params, &reply);
	tnd_buf_free(&params);
	if (status != CTL_OK)
		return status;
	rows = json_member(reply.result, l->list->member);
	next = ctl_string(reply.result, "cursor", NULL);
	if (!json_is_array(rows)) {
		status = ctl_fail(l->ctl, CTL_NO_DAEMON, "%s: the answer has no list",
				  l->list->method);
	} else if (next != NULL && *cursor != NULL && strcmp(next, *cursor) == 0) {
		status = ctl_fail(l->ctl, CTL_NO_DAEMON, "%s: the same cursor came twice",
				  l->list->method);
	} else {
		for (const struct json_value *v = json_first(rows); v != NULL; v = json_next(v))
			one(l, &out, v);
		status = ctl_write(l->ctl, &out);
	}
	free(*cursor);
	*cursor = next != NULL ? strdup(next) : NULL;
	if (status == CTL_OK && next != NULL && *cursor == NULL)
		status = ctl_fail(l->ctl, CTL_ERROR, "out of memory");
	tnd_buf_free(&out);
	ctl_reply_free(&reply);
	return status;
}

static enum ctl_status show(struct ctl *ctl, const struct list *list, const char *prefix)
{
	bool json = ctl->json && !(ctl->given & CTL_OPT_IDS);
	struct listing l = {.list = list, .ctl = ctl};
	struct tnd_buf out = {0};
	char *cursor = NULL;
	enum ctl_status status = CTL_OK;

	if (json) {
		tnd_buf_addf(&out, "{\"%s\":[", list->member);
		status = ctl_write(ctl, &out);
	}
	while (status == CTL_OK) {
		status = page(&l, prefix, &cursor);
		if (cursor == NULL)
			break;
	}
	free(cursor);
	if (status == CTL_OK && json)
		tnd_buf_adds(&out, "]}\n");
	else if (status == CTL_OK && l.shown == 0 && !(ctl->given & CTL_OPT_IDS))
		tnd_buf_adds(&out, list->none);
	if (status == CTL_OK)
		status = ctl_write(ctl, &out);
	tnd_buf_free(&out);
	return status;
}

enum ctl_status ctl_verb_tunnels(struct ctl *ctl, char *const *args, size_t count)
{
	return show(ctl, &tunnels, count > 0 ? args[0] : NULL);
}

enum ctl_status ctl_verb_users(struct ctl *ctl, char *const *args, size_t count)
{
	return show(ctl, &users, count > 0 ? args[0] : NULL);
}
