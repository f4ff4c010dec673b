/* SPDX-License-Identifier: BSD-3-Clause */
/* events: follows what the daemon pushes. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "print.h"
#include "text.h"

static enum ctl_status subscribe(struct ctl *ctl, char *const *types, size_t count)
{
	struct tnd_buf params = {0};
	struct ctl_reply reply;
	enum ctl_status status = CTL_OK;

	json_w_open(&params, NULL, '{');
	if (count > 0) {
		json_w_open(&params, "types", '[');
		for (size_t i = 0; i < count; i++) {
			if (!ctl_text_is_utf8(types[i], strlen(types[i])))
				status = ctl_fail(ctl, CTL_USAGE, "%s: is not UTF-8", types[i]);
			json_w_string(&params, NULL, types[i]);
		}
		json_w_close(&params, ']');
	}
	if (ctl->given & CTL_OPT_FROM)
		json_w_uint(&params, "from_seq", ctl->from_seq);
	json_w_close(&params, '}');
	if (status == CTL_OK)
		status = ctl_call(ctl, "events.subscribe", &params, &reply);
	if (status == CTL_OK)
		ctl_reply_free(&reply);
	tnd_buf_free(&params);
	return status;
}

/* A session's report is a page; here only what one looks for first. */
static void report_text(struct tnd_buf *b, const struct json_value *report)
{
	size_t leg = 0;

	tnd_buf_addf(b, " age_s=%.1f mos=", ctl_number(report, "age_s", 0));
	if (json_is_number(json_member(report, "mos")))
		tnd_buf_addf(b, "%.2f", ctl_number(report, "mos", 0));
	else
		tnd_buf_addc(b, '-');
	for (const struct json_value *l = json_first(json_member(report, "legs")); l != NULL;
	     l = json_next(l), leg++)
		tnd_buf_addf(b, " leg.%zu=rx:%.0f,tx:%.0f,lost:%.0f", leg,
			     ctl_number(l, "rx.packets", 0), ctl_number(l, "tx.packets", 0),
			     ctl_number(l, "rx.lost", 0));
}

/* "12:30:05 17 session.created id=call-1 generation=1" */
static void event_line(struct tnd_buf *line, const struct json_value *event)
{
	const char *type = ctl_string(event, "type", "-");
	time_t now = time(NULL);
	struct tm tm;
	char stamp[16];

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	tnd_buf_addf(line, "%s %.0f ", stamp, ctl_number(event, "seq", 0));
	ctl_text_escape(line, type, strlen(type));
	for (const struct json_value *m = json_first(event); m != NULL; m = json_next(m))
		if (strcmp(json_key(m), "report") == 0)
			report_text(line, m);
		else if (strcmp(json_key(m), "seq") != 0 && strcmp(json_key(m), "type") != 0)
			ctl_print_member(line, m);
	tnd_buf_addc(line, '\n');
}

/* Notifications that are no events are none of ours. */
static enum ctl_status show_event(struct ctl *ctl, const struct json_value *root)
{
	const struct json_value *event = json_member(root, "params");
	struct tnd_buf line = {0};
	enum ctl_status status;

	if (strcmp(ctl_string(root, "method", ""), "event") != 0 || !json_is_object(event))
		return CTL_OK;
	if (ctl->count > 0 && ctl->events_shown >= ctl->count)
		return CTL_OK;
	ctl->events_shown++;
	if (ctl->json)
		return ctl_write_json(ctl, event);
	event_line(&line, event);
	status = ctl_write(ctl, &line);
	tnd_buf_free(&line);
	return status;
}

enum ctl_status ctl_verb_events(struct ctl *ctl, char *const *args, size_t count)
{
	enum ctl_status status;

	/* Events that are kept may come before the answer to the subscription. */
	ctl->on_notification = show_event;
	status = subscribe(ctl, args, count);
	while (status == CTL_OK && (ctl->count == 0 || ctl->events_shown < ctl->count)) {
		struct json_value *root;
		struct json_error err;
		const char *line;
		size_t len;
		int rc = ctl_client_line(&ctl->client, &line, &len, CTL_FOREVER);

		if (rc < 0)
			return ctl_broken(ctl, rc);
		if (json_parse(line, len, &root, &err) < 0)
			return ctl_fail(ctl, CTL_NO_DAEMON, "the daemon sent a malformed event: %s",
					err.reason);
		status = show_event(ctl, root);
		json_free(root);
	}
	return status;
}
