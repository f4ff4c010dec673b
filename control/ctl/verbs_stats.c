/* SPDX-License-Identifier: BSD-3-Clause */
/* stats: counters, once or every second. drops: those of dropped packets, explained. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "table.h"
#include "text.h"

#define DROPS_MAX 256

/* ---- stats ---------------------------------------------------------------------------------- */

static enum ctl_status names_params(struct ctl *ctl, char *const *names, size_t count,
				    struct tnd_buf *params)
{
	json_w_open(params, NULL, '{');
	if (count > 0) {
		json_w_open(params, "names", '[');
		for (size_t i = 0; i < count; i++) {
			if (!ctl_text_is_utf8(names[i], strlen(names[i])))
				return ctl_fail(ctl, CTL_USAGE, "%s: is not UTF-8", names[i]);
			json_w_string(params, NULL, names[i]);
		}
		json_w_close(params, ']');
	}
	json_w_close(params, '}');
	return CTL_OK;
}

static void counter_table(struct tnd_buf *out, const struct ctl_counters *before,
			  const struct ctl_counters *now)
{
	static const struct ctl_column columns[] = {
		{"COUNTER", false}, {"VALUE", true}, {"PER SECOND", true}};
	struct tnd_buf cell = {0};
	struct ctl_table t;

	ctl_table_init(&t, columns, before != NULL ? 3 : 2);
	for (const struct json_value *c = json_first(now->all); c != NULL; c = json_next(c)) {
		ctl_table_cell(&t, json_key(c));
		ctl_value_text(&cell, c);
		ctl_table_take(&t, &cell);
		if (before != NULL) {
			double rate = ctl_counter_rate(before, now, json_key(c));

			if (rate < 0)
				ctl_table_cell(&t, "-");
			else
				ctl_table_cellf(&t, "%.1f", rate);
		}
	}
	ctl_table_print(&t, out, 0);
	ctl_table_free(&t);
	tnd_buf_free(&cell);
}

static enum ctl_status watch_json(struct ctl *ctl, const struct ctl_counters *before,
				  const struct ctl_counters *now)
{
	struct tnd_buf json = {0}, out = {0};
	enum ctl_status status;

	json_w_open(&json, NULL, '{');
	json_w_value(&json, "counters", now->all);
	json_w_open(&json, "per_second", '{');
	for (const struct json_value *c = json_first(now->all); c != NULL; c = json_next(c)) {
		double rate = ctl_counter_rate(before, now, json_key(c));

		if (rate >= 0)
			json_w_double(&json, json_key(c), rate, 3);
	}
	json_w_close(&json, '}');
	json_w_close(&json, '}');
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

static enum ctl_status watch(struct ctl *ctl, const struct tnd_buf *params)
{
	struct ctl_counters snapshot[2] = {0};
	bool tty = isatty(STDOUT_FILENO);
	struct tnd_buf out = {0};
	enum ctl_status status = ctl_counters_take(ctl, &snapshot[0], params);

	for (uint64_t frame = 1; status == CTL_OK; frame++) {
		struct ctl_counters *before = &snapshot[(frame - 1) % 2];
		struct ctl_counters *now = &snapshot[frame % 2];

		ctl_client_sleep(&ctl->client, before->at_ms + ctl->interval_ms);
		status = ctl_counters_take(ctl, now, params);
		if (status != CTL_OK)
			break;
		if (ctl->json) {
			status = watch_json(ctl, before, now);
		} else {
			if (tty)
				tnd_buf_adds(&out, "\033[H\033[2J");
			else if (frame > 1)
				tnd_buf_addc(&out, '\n');
			counter_table(&out, before, now);
			status = ctl_write(ctl, &out);
		}
		if (frame == ctl->count)
			break;
	}
	ctl_counters_free(&snapshot[0]);
	ctl_counters_free(&snapshot[1]);
	tnd_buf_free(&out);
	return status;
}

static enum ctl_status once(struct ctl *ctl, const struct tnd_buf *params)
{
	struct ctl_counters now = {0};
	struct tnd_buf out = {0};
	enum ctl_status status = ctl_counters_take(ctl, &now, params);

	if (status == CTL_OK && ctl->json) {
		status = ctl_write_json(ctl, now.reply.result);
	} else if (status == CTL_OK) {
		counter_table(&out, NULL, &now);
		status = ctl_write(ctl, &out);
	}
	ctl_counters_free(&now);
	tnd_buf_free(&out);
	return status;
}

enum ctl_status ctl_verb_stats(struct ctl *ctl, char *const *args, size_t count)
{
	struct tnd_buf params = {0};
	enum ctl_status status;

	if (!(ctl->given & CTL_OPT_WATCH) && ctl->given & (CTL_OPT_INTERVAL | CTL_OPT_COUNT))
		return ctl_fail(ctl, CTL_USAGE, "stats: --interval and --count go with --watch");
	status = names_params(ctl, args, count, &params);
	if (status == CTL_OK)
		status = ctl->given & CTL_OPT_WATCH ? watch(ctl, &params) : once(ctl, &params);
	tnd_buf_free(&params);
	return status;
}

/* ---- drops ---------------------------------------------------------------------------------- */

static void drop_table(struct tnd_buf *out, const struct ctl_counters *now)
{
	static const struct ctl_column columns[] = {
		{"COUNT", true}, {"REASON", false}, {"MEANING", false}};
	struct ctl_drop drops[DROPS_MAX];
	size_t count = ctl_drops_sorted(NULL, now, false, drops, DROPS_MAX);
	struct ctl_table t;

	ctl_table_init(&t, columns, 3);
	for (size_t i = 0; i < count; i++) {
		const char *text = ctl_drop_text(drops[i].counter);

		ctl_table_cellf(&t, "%.0f", drops[i].total);
		ctl_table_cell(&t, drops[i].counter + strlen("drop."));
		ctl_table_cell(&t, text != NULL ? text : "");
	}
	ctl_table_print(&t, out, ctl_columns());
	ctl_table_free(&t);
}

enum ctl_status ctl_verb_drops(struct ctl *ctl, char *const *args, size_t count)
{
	static const char all[] = "{\"names\":[\"drop.\"]}";
	struct tnd_buf params = {0}, out = {0};
	struct ctl_counters now = {0};
	enum ctl_status status;

	tnd_buf_adds(&params, all);
	status = ctl_counters_take(ctl, &now, &params);
	if (status == CTL_OK && ctl->json) {
		status = ctl_write_json(ctl, now.reply.result);
	} else if (status == CTL_OK) {
		drop_table(&out, &now);
		status = ctl_write(ctl, &out);
	}
	ctl_counters_free(&now);
	tnd_buf_free(&params);
	tnd_buf_free(&out);
	return status;
}
