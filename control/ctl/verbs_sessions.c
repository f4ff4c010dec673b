/* SPDX-License-Identifier: BSD-3-Clause */
/* sessions: the list, page by page. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

#include "sessions.h"
#include "text.h"

/* Of ids as long as they may be, escaped, this many still fit into a line. */
#define PAGE 500

enum ctl_status ctl_sessions_each(struct ctl *ctl, const char *prefix, uint64_t limit,
				  enum ctl_status (*page)(struct ctl *ctl,
							  const struct json_value *sessions,
							  void *arg),
				  void *arg)
{
	char *cursor = NULL, *next;
	enum ctl_status status;

	do {
		struct tnd_buf params = {0};
		const struct json_value *sessions;
		struct ctl_reply reply;
		const char *text;

		json_w_open(&params, NULL, '{');
		json_w_uint(&params, "limit", limit > 0 && limit < PAGE ? limit : PAGE);
		if (prefix != NULL)
			json_w_string(&params, "prefix", prefix);
		if (cursor != NULL)
			json_w_string(&params, "cursor", cursor);
		json_w_close(&params, '}');
		status = ctl_call(ctl, "session.list", &params, &reply);
		tnd_buf_free(&params);
		if (status != CTL_OK)
			break;
		sessions = json_member(reply.result, "sessions");
		text = ctl_string(reply.result, "cursor", NULL);
		next = text != NULL ? strdup(text) : NULL;
		if (!json_is_array(sessions))
			status = ctl_fail(ctl, CTL_NO_DAEMON,
					  "session.list: the answer has no list of sessions");
		else if (text != NULL && next == NULL)
			status = ctl_fail(ctl, CTL_ERROR, "out of memory");
		else if (next != NULL && cursor != NULL && strcmp(next, cursor) == 0)
			status = ctl_fail(ctl, CTL_NO_DAEMON,
					  "session.list: the same cursor came twice");
		if (status == CTL_OK)
			status = page(ctl, sessions, arg);
		ctl_reply_free(&reply);
		free(cursor);
		cursor = next;
	} while (status == CTL_OK && cursor != NULL && limit == 0);
	free(cursor);
	return status;
}

/* ---- sessions ------------------------------------------------------------------------------- */

struct listing {
	bool ids;
	uint64_t shown;
};

static enum ctl_status print_ids(struct ctl *ctl, const struct json_value *sessions, void *arg)
{
	struct tnd_buf out = {0};
	enum ctl_status status;

	for (const struct json_value *s = json_first(sessions); s != NULL; s = json_next(s)) {
		const char *id = ctl_string(s, "id", "");

		ctl_text_escape(&out, id, strlen(id));
		tnd_buf_addc(&out, '\n');
	}
	status = ctl_write(ctl, &out);
	tnd_buf_free(&out);
	return status;
}

/* All but the id have a fixed width, so that pages can be printed as they come. */
static enum ctl_status print_page(struct ctl *ctl, const struct json_value *sessions, void *arg)
{
	struct listing *l = arg;
	struct tnd_buf out = {0}, age = {0};
	enum ctl_status status;

	for (const struct json_value *s = json_first(sessions); s != NULL; s = json_next(s)) {
		const char *state = ctl_string(s, "state", "-"), *id = ctl_string(s, "id", "-");
		struct tnd_buf safe = {0};

		ctl_text_escape(&safe, state, strlen(state));
		tnd_buf_addc(&safe, '\0');
		tnd_buf_reset(&age);
		ctl_text_duration(&age, ctl_number(s, "age_s", 0));
		tnd_buf_addc(&age, '\0');
		if (l->shown++ == 0)
			tnd_buf_addf(&out, "%-8s  %12s  %10s  %s\n", "STATE", "AGE", "GENERATION",
				     "ID");
		if (!safe.oom && !age.oom)
			tnd_buf_addf(&out, "%-8s  %12s  %10.0f  ", safe.data, age.data,
				     ctl_number(s, "generation", 0));
		ctl_text_escape(&out, id, strlen(id));
		tnd_buf_addc(&out, '\n');
		tnd_buf_free(&safe);
	}
	status = ctl_write(ctl, &out);
	tnd_buf_free(&age);
	tnd_buf_free(&out);
	return status;
}

/* One document as if it were one answer. */
static enum ctl_status print_json(struct ctl *ctl, const struct json_value *sessions, void *arg)
{
	struct listing *l = arg;
	struct tnd_buf json = {0}, out = {0};
	enum ctl_status status;

	if (l->shown == 0)
		tnd_buf_adds(&out, "{\"sessions\":[");
	for (const struct json_value *s = json_first(sessions); s != NULL; s = json_next(s)) {
		if (l->shown++ > 0)
			tnd_buf_addc(&out, ',');
		tnd_buf_reset(&json);
		json_w_value(&json, NULL, s);
		if (json.oom)
			out.oom = true;
		else
			ctl_text_json(&out, json.data, json.len);
	}
	status = ctl_write(ctl, &out);
	tnd_buf_free(&json);
	tnd_buf_free(&out);
	return status;
}

enum ctl_status ctl_verb_sessions(struct ctl *ctl, char *const *args, size_t count)
{
	struct listing l = {.ids = ctl->given & CTL_OPT_IDS};
	struct tnd_buf out = {0};
	enum ctl_status status;

	status = ctl_sessions_each(ctl, count > 0 ? args[0] : NULL, 0,
				   l.ids       ? print_ids
				   : ctl->json ? print_json
					       : print_page,
				   &l);
	if (status != CTL_OK || l.ids)
		return status;
	if (ctl->json)
		tnd_buf_adds(&out, "]}\n");
	else if (l.shown == 0)
		tnd_buf_adds(&out, "no sessions\n");
	status = ctl_write(ctl, &out);
	tnd_buf_free(&out);
	return status;
}
