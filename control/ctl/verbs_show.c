/* SPDX-License-Identifier: BSD-3-Clause */
/* show: the appliance at a glance. */
#include "ctl.h"

#include <string.h>

#include "sessions.h"
#include "table.h"
#include "text.h"

#define SESSIONS_SHOWN 10

static const char *const methods[] = {"system.hello", "system.health", "interface.list",
				      "neighbour.list"};
enum { HELLO, HEALTH, INTERFACES, NEIGHBOURS, METHODS };

static void text_of(struct tnd_buf *out, const char *s)
{
	ctl_text_escape(out, s, strlen(s));
}

static void overview(struct tnd_buf *out, const struct json_value *hello,
		     const struct json_value *health)
{
	text_of(out, ctl_string(hello, "name", "-"));
	tnd_buf_addc(out, ' ');
	text_of(out, ctl_string(hello, "version", "-"));
	tnd_buf_adds(out, ", ");
	text_of(out, ctl_string(hello, "state", "-"));
	tnd_buf_adds(out, ", up ");
	ctl_text_duration(out, ctl_number(hello, "uptime_s", 0));
	tnd_buf_adds(out, ctl_bool(health, "ok") ? ", healthy\n" : ", NOT HEALTHY\n");
	tnd_buf_adds(out, "sessions ");
	ctl_text_grouped(out, ctl_number(health, "sessions.active", 0));
	tnd_buf_adds(out, " of ");
	ctl_text_grouped(out, ctl_number(health, "sessions.limit", 0));
	tnd_buf_adds(out, ", packet buffers ");
	ctl_text_grouped(out, ctl_number(health, "mbufs.in_use", 0));
	tnd_buf_adds(out, " of ");
	ctl_text_grouped(out, ctl_number(health, "mbufs.total", 0));
	tnd_buf_addc(out, '\n');
}

/* Rings that hold something: where work piles up. */
static void rings(struct tnd_buf *out, const struct json_value *health)
{
	const struct json_value *list = json_member(health, "rings");

	for (const struct json_value *r = json_first(list); r != NULL; r = json_next(r)) {
		if (ctl_number(r, "used", 0) <= 0)
			continue;
		tnd_buf_adds(out, "ring ");
		text_of(out, ctl_string(r, "name", "-"));
		tnd_buf_addf(out, " %.0f of %.0f\n", ctl_number(r, "used", 0),
			     ctl_number(r, "size", 0));
	}
}

static void workers(struct tnd_buf *out, const struct json_value *health)
{
	static const struct ctl_column columns[] = {{"WORKER", true},    {"LCORE", true},
						    {"BUSY", true},      {"BURST", true},
						    {"HEARTBEAT", true}, {"STATE", false}};
	const struct json_value *list = json_member(health, "workers");
	struct ctl_table t;

	ctl_table_init(&t, columns, 6);
	for (const struct json_value *w = json_first(list); w != NULL; w = json_next(w)) {
		ctl_table_cellf(&t, "%.0f", ctl_number(w, "index", 0));
		ctl_table_cellf(&t, "%.0f", ctl_number(w, "lcore", 0));
		ctl_table_cellf(&t, "%.1f %%", ctl_number(w, "busy_percent", 0));
		ctl_table_cellf(&t, "%.1f", ctl_number(w, "burst_fill", 0));
		ctl_table_cellf(&t, "%.1f ms", ctl_number(w, "heartbeat_age_ms", 0));
		ctl_table_cell(&t, ctl_bool(w, "ok") ? "ok" : "STALLED");
	}
	tnd_buf_addc(out, '\n');
	ctl_table_print(&t, out, 0);
	ctl_table_free(&t);
}

static void interfaces(struct tnd_buf *out, const struct json_value *result)
{
	static const struct ctl_column columns[] = {
		{"INTERFACE", false}, {"DEVICE", false}, {"LINK", false}, {"MAC", false},
		{"MTU", true},        {"VLAN", true},    {"RX", true},    {"TX", true},
		{"MISSED", true},     {"ERRORS", true}};
	const struct json_value *list = json_member(result, "interfaces");
	struct ctl_table t;

	ctl_table_init(&t, columns, 10);
	for (const struct json_value *i = json_first(list); i != NULL; i = json_next(i)) {
		double vlan = ctl_number(i, "vlan", 0), mbps = ctl_number(i, "link.mbps", 0);

		ctl_table_cell(&t, ctl_string(i, "name", "-"));
		ctl_table_cell(&t, ctl_string(i, "device", "-"));
		if (!ctl_bool(i, "link.up"))
			ctl_table_cell(&t, "DOWN");
		else if (mbps > 0)
			ctl_table_cellf(&t, "up %.0f Mbit/s", mbps);
		else
			ctl_table_cell(&t, "up");
		ctl_table_cell(&t, ctl_string(i, "mac", "-"));
		ctl_table_cellf(&t, "%.0f", ctl_number(i, "mtu", 0));
		if (vlan > 0)
			ctl_table_cellf(&t, "%.0f", vlan);
		else
			ctl_table_cell(&t, "-");
		ctl_table_cellf(&t, "%.0f", ctl_number(i, "counters.rx_packets", 0));
		ctl_table_cellf(&t, "%.0f", ctl_number(i, "counters.tx_packets", 0));
		ctl_table_cellf(&t, "%.0f", ctl_number(i, "counters.rx_missed", 0));
		ctl_table_cellf(&t, "%.0f",
				ctl_number(i, "counters.rx_errors", 0) +
					ctl_number(i, "counters.tx_errors", 0));
	}
	tnd_buf_addc(out, '\n');
	ctl_table_print(&t, out, 0);
	ctl_table_free(&t);
}

static void addresses(struct tnd_buf *out, const struct json_value *result)
{
	static const struct ctl_column columns[] = {
		{"ADDRESS", false},   {"INTERFACE", false}, {"IP", false}, {"GATEWAY", false},
		{"ADVERTISE", false}, {"PORTS", false},     {"FREE", true}};
	const struct json_value *list = json_member(result, "interfaces");
	struct ctl_table t;

	ctl_table_init(&t, columns, 7);
	for (const struct json_value *i = json_first(list); i != NULL; i = json_next(i)) {
		const struct json_value *own = json_member(i, "addresses");

		for (const struct json_value *a = json_first(own); a != NULL; a = json_next(a)) {
			ctl_table_cell(&t, ctl_string(a, "name", "-"));
			ctl_table_cell(&t, ctl_string(i, "name", "-"));
			ctl_table_cell(&t, ctl_string(a, "ip", "-"));
			ctl_table_cell(&t, ctl_string(a, "gateway", "-"));
			ctl_table_cell(&t, ctl_string(a, "advertise", "-"));
			ctl_table_cellf(&t, "%.0f-%.0f", ctl_number(a, "ports.min", 0),
					ctl_number(a, "ports.max", 0));
			if (json_is_number(ctl_at(a, "ports.free")))
				ctl_table_cellf(&t, "%.0f", ctl_number(a, "ports.free", 0));
			else
				ctl_table_cell(&t, "-");
		}
	}
	if (ctl_table_rows(&t) > 0) {
		tnd_buf_addc(out, '\n');
		ctl_table_print(&t, out, 0);
	}
	ctl_table_free(&t);
}

static void neighbours(struct tnd_buf *out, const struct json_value *result)
{
	static const struct ctl_column columns[] = {
		{"NEIGHBOUR", false}, {"INTERFACE", false}, {"MAC", false}, {"STATE", false}};
	const struct json_value *list = json_member(result, "neighbours");
	struct ctl_table t;

	ctl_table_init(&t, columns, 4);
	for (const struct json_value *n = json_first(list); n != NULL; n = json_next(n)) {
		ctl_table_cell(&t, ctl_string(n, "ip", "-"));
		ctl_table_cell(&t, ctl_string(n, "interface", "-"));
		ctl_table_cell(&t, ctl_string(n, "mac", "-"));
		ctl_table_cell(&t, ctl_string(n, "state", "-"));
	}
	if (ctl_table_rows(&t) > 0) {
		tnd_buf_addc(out, '\n');
		ctl_table_print(&t, out, 0);
	}
	ctl_table_free(&t);
}

struct sessions_page {
	struct tnd_buf *out;
	struct tnd_buf *json; /* NULL: as a table */
	double active;        /* sessions there are */
};

static enum ctl_status sessions(struct ctl *ctl, const struct json_value *list, void *arg)
{
	static const struct ctl_column columns[] = {
		{"SESSION", false}, {"STATE", false}, {"AGE", true}};
	struct sessions_page *page = arg;
	struct tnd_buf age = {0};
	struct ctl_table t;
	size_t shown = 0;

	if (page->json != NULL) {
		json_w_value(page->json, "sessions", list);
		return CTL_OK;
	}
	ctl_table_init(&t, columns, 3);
	for (const struct json_value *s = json_first(list); s != NULL && shown < SESSIONS_SHOWN;
	     s = json_next(s), shown++) {
		ctl_table_cell(&t, ctl_string(s, "id", "-"));
		ctl_table_cell(&t, ctl_string(s, "state", "-"));
		ctl_text_duration(&age, ctl_number(s, "age_s", 0));
		ctl_table_take(&t, &age);
	}
	if (shown > 0) {
		tnd_buf_addc(page->out, '\n');
		ctl_table_print(&t, page->out, 0);
	}
	if (page->active > (double)shown)
		tnd_buf_addf(page->out, "and %.0f more: tandemctl sessions\n",
			     page->active - (double)shown);
	ctl_table_free(&t);
	tnd_buf_free(&age);
	return CTL_OK;
}

enum ctl_status ctl_verb_show(struct ctl *ctl, char *const *args, size_t count)
{
	struct ctl_reply reply[METHODS] = {0};
	struct tnd_buf out = {0}, json = {0};
	struct sessions_page page = {.out = &out, .json = ctl->json ? &json : NULL};
	enum ctl_status status = CTL_OK;

	for (int i = 0; i < METHODS && status == CTL_OK; i++)
		status = ctl_call(ctl, methods[i], NULL, &reply[i]);
	if (status != CTL_OK)
		goto done;
	if (ctl->json) {
		json_w_open(&json, NULL, '{');
		for (int i = 0; i < METHODS; i++)
			json_w_value(&json, methods[i], reply[i].result);
	} else {
		overview(&out, reply[HELLO].result, reply[HEALTH].result);
		rings(&out, reply[HEALTH].result);
		workers(&out, reply[HEALTH].result);
		interfaces(&out, reply[INTERFACES].result);
		addresses(&out, reply[INTERFACES].result);
		neighbours(&out, reply[NEIGHBOURS].result);
	}
	page.active = ctl_number(reply[HEALTH].result, "sessions.active", 0);
	status = ctl_sessions_each(ctl, NULL, SESSIONS_SHOWN, sessions, &page);
	if (status != CTL_OK)
		goto done;
	if (ctl->json) {
		json_w_close(&json, '}');
		if (json.oom)
			out.oom = true;
		else
			ctl_text_json(&out, json.data, json.len);
		tnd_buf_addc(&out, '\n');
	}
	status = ctl_write(ctl, &out);
done:
	for (int i = 0; i < METHODS; i++)
		ctl_reply_free(&reply[i]);
	tnd_buf_free(&out);
	tnd_buf_free(&json);
	return status;
}
