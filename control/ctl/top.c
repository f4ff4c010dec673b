/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * top: the appliance, live. A frame is text, a line marked BOLD being a heading; on a
 * terminal it is drawn over the last one, elsewhere printed.
 */
#include "ctl.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"
#include "table.h"
#include "term.h"
#include "text.h"

#define BOLD      '\001' /* at the start of a line; no text that was escaped holds it */
#define BAR       30
#define DROPS_MAX 256

static const char counters_wanted[] =
	"{\"names\":[\"worker.rx_packets\",\"worker.rx_bytes\",\"worker.tx_packets\","
	"\"worker.tx_bytes\",\"worker.relayed\",\"worker.handoff_out\",\"worker.punted\","
	"\"session.created\",\"session.ended\",\"drop.\"]}";

struct top {
	struct ctl *ctl;
	struct ctl_reply hello, health;
	struct ctl_counters counters[2]; /* [newest] and the one before */
	int newest;
	struct ctl_term term;
	bool sleeping; /* a new size ends the wait */
};

static double rate_of(const struct top *t, const char *name)
{
	return ctl_counter_rate(&t->counters[!t->newest], &t->counters[t->newest], name);
}

/* ---- a frame -------------------------------------------------------------------------------- */

static void head(struct tnd_buf *out, const struct top *t)
{
	const char *version = ctl_string(t->hello.result, "version", "-");
	const char *state = ctl_string(t->hello.result, "state", "-");
	time_t now = time(NULL);
	struct tm tm;
	char stamp[16];

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	tnd_buf_addf(out, "%ctandem ", BOLD);
	ctl_text_escape(out, version, strlen(version));
	tnd_buf_adds(out, "  ");
	ctl_text_escape(out, state, strlen(state));
	tnd_buf_adds(out, "  up ");
	ctl_text_duration(out, ctl_number(t->hello.result, "uptime_s", 0));
	tnd_buf_addf(out, "  %s  %s\n",
		     ctl_bool(t->health.result, "ok") ? "healthy" : "NOT HEALTHY", stamp);

	tnd_buf_adds(out, "sessions ");
	ctl_text_grouped(out, ctl_number(t->health.result, "sessions.active", 0));
	tnd_buf_adds(out, " of ");
	ctl_text_grouped(out, ctl_number(t->health.result, "sessions.limit", 0));
	if (rate_of(t, "session.created") >= 0)
		tnd_buf_addf(out, ", +%.1f/s", rate_of(t, "session.created"));
	if (rate_of(t, "session.ended") >= 0)
		tnd_buf_addf(out, ", -%.1f/s", rate_of(t, "session.ended"));
	tnd_buf_adds(out, "   packet buffers ");
	ctl_text_grouped(out, ctl_number(t->health.result, "mbufs.in_use", 0));
	tnd_buf_adds(out, " of ");
	ctl_text_grouped(out, ctl_number(t->health.result, "mbufs.total", 0));
	tnd_buf_adds(out, "\n\n");
}

static void rate_cell(struct ctl_table *table, double rate, double scale, int decimals)
{
	struct tnd_buf cell = {0};

	if (rate < 0)
		tnd_buf_addc(&cell, '-');
	else if (decimals == 0)
		ctl_text_grouped(&cell, rate * scale);
	else
		tnd_buf_addf(&cell, "%.*f", decimals, rate * scale);
	ctl_table_take(table, &cell);
	tnd_buf_free(&cell);
}

static double drop_rate(const struct top *t)
{
	const struct ctl_counters *now = &t->counters[t->newest],
				  *before = &t->counters[!t->newest];
	struct ctl_drop drops[DROPS_MAX];
	size_t n = ctl_drops_sorted(before, now, true, drops, DROPS_MAX);
	double sum = before->all == NULL ? -1 : 0;

	for (size_t i = 0; i < n && sum >= 0; i++)
		sum += drops[i].rate > 0 ? drops[i].rate : 0;
	return sum;
}

static void rates(struct tnd_buf *out, const struct top *t)
{
	static const struct ctl_column columns[] = {
		{"PACKETS", false}, {"PER SECOND", true}, {"MBIT/S", true}};
	static const struct {
		const char *title, *packets, *bytes;
	} rows[] = {
		{"in", "worker.rx_packets", "worker.rx_bytes"},
		{"out", "worker.tx_packets", "worker.tx_bytes"},
		{"relayed", "worker.relayed", NULL},
		{"handed over", "worker.handoff_out", NULL},
		{"to control", "worker.punted", NULL},
	};
	struct ctl_table table;

	ctl_table_init(&table, columns, 3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ctl_table_cell(&table, rows[i].title);
		rate_cell(&table, rate_of(t, rows[i].packets), 1, 0);
		if (rows[i].bytes != NULL)
			rate_cell(&table, rate_of(t, rows[i].bytes), 8e-6, 1);
		else
			ctl_table_cell(&table, "");
	}
	ctl_table_cell(&table, "dropped");
	rate_cell(&table, drop_rate(t), 1, 0);
	tnd_buf_addc(out, BOLD);
	ctl_table_print(&table, out, 0);
	tnd_buf_addc(out, '\n');
	ctl_table_free(&table);
}

static void bar(struct ctl_table *table, double percent)
{
	char text[BAR + 3];
	int full = percent >= 100 ? BAR : percent > 0 ? (int)(percent * BAR / 100 + 0.5) : 0;

	text[0] = '[';
	memset(text + 1, '#', (size_t)full);
	memset(text + 1 + full, '.', (size_t)(BAR - full));
	text[BAR + 1] = ']';
	text[BAR + 2] = '\0';
	ctl_table_cell(table, text);
}

static void workers(struct tnd_buf *out, const struct top *t)
{
	static const struct ctl_column columns[] = {
		{"WORKER", true}, {"LCORE", true},     {"LOAD", false}, {"", true},
		{"BURST", true},  {"HEARTBEAT", true}, {"", false}};
	const struct json_value *list = json_member(t->health.result, "workers");
	struct ctl_table table;

	ctl_table_init(&table, columns, 7);
	for (const struct json_value *w = json_first(list); w != NULL; w = json_next(w)) {
		double busy = ctl_number(w, "busy_percent", 0);

		ctl_table_cellf(&table, "%.0f", ctl_number(w, "index", 0));
		ctl_table_cellf(&table, "%.0f", ctl_number(w, "lcore", 0));
		bar(&table, busy);
		ctl_table_cellf(&table, "%.1f %%", busy);
		ctl_table_cellf(&table, "%.1f", ctl_number(w, "burst_fill", 0));
		ctl_table_cellf(&table, "%.1f ms", ctl_number(w, "heartbeat_age_ms", 0));
		ctl_table_cell(&table, ctl_bool(w, "ok") ? "" : "STALLED");
	}
	tnd_buf_addc(out, BOLD);
	ctl_table_print(&table, out, 0);
	tnd_buf_addc(out, '\n');
	ctl_table_free(&table);
}

static void drops(struct tnd_buf *out, const struct top *t)
{
	static const struct ctl_column columns[] = {
		{"DROPS", false}, {"PER SECOND", true}, {"TOTAL", true}, {"MEANING", false}};
	struct ctl_drop drop[DROPS_MAX];
	size_t n = ctl_drops_sorted(&t->counters[!t->newest], &t->counters[t->newest], true, drop,
				    DROPS_MAX);
	struct tnd_buf cell = {0};
	struct ctl_table table;
	size_t shown = 0;

	ctl_table_init(&table, columns, 4);
	for (size_t i = 0; i < n; i++) {
		const char *text = ctl_drop_text(drop[i].counter);

		if (drop[i].total <= 0)
			continue;
		shown++;
		ctl_table_cell(&table, drop[i].counter + strlen("drop."));
		rate_cell(&table, drop[i].rate, 1, 0);
		ctl_text_grouped(&cell, drop[i].total);
		ctl_table_take(&table, &cell);
		ctl_table_cell(&table, text != NULL ? text : "");
	}
	if (shown > 0) {
		tnd_buf_addc(out, BOLD);
		ctl_table_print(&table, out, 0);
	} else {
		tnd_buf_adds(out, "no packet was dropped\n");
	}
	ctl_table_free(&table);
	tnd_buf_free(&cell);
}

static void frame(struct tnd_buf *out, const struct top *t)
{
	head(out, t);
	rates(out, t);
	workers(out, t);
	drops(out, t);
}

/* ---- showing it ----------------------------------------------------------------------------- */

/* As text: without the marks. */
static enum ctl_status print_frame(const struct top *t)
{
	struct tnd_buf text = {0}, out = {0};
	enum ctl_status status;

	frame(&text, t);
	if (text.oom)
		out.oom = true;
	for (size_t i = 0; !text.oom && i < text.len; i++)
		if (text.data[i] != BOLD)
			tnd_buf_addc(&out, text.data[i]);
	status = ctl_write(t->ctl, &out);
	tnd_buf_free(&text);
	tnd_buf_free(&out);
	return status;
}

/* Over the last frame, cut to the terminal's size. */
static enum ctl_status draw_frame(const struct top *t)
{
	struct tnd_buf text = {0}, out = {0};
	unsigned int rows, columns, row = 0;
	enum ctl_status status;
	const char *line;

	frame(&text, t);
	tnd_buf_addc(&text, '\0');
	if (text.oom) {
		tnd_buf_free(&text);
		return ctl_fail(t->ctl, CTL_ERROR, "out of memory");
	}
	ctl_term_size(&rows, &columns);
	tnd_buf_adds(&out, "\033[H");
	for (line = text.data; *line != '\0' && row < rows; row++) {
		bool bold = *line == BOLD;
		size_t len;

		line += bold;
		len = strcspn(line, "\n");
		tnd_buf_adds(&out, row > 0 ? "\r\n" : "");
		tnd_buf_adds(&out, bold ? "\033[1m" : "");
		tnd_buf_add(&out, line, ctl_text_fit(line, len, columns));
		tnd_buf_adds(&out, bold ? "\033[m" : "");
		/* Where the last column is filled, erasing to its end would take that away. */
		if (ctl_text_width(line, len) < columns)
			tnd_buf_adds(&out, "\033[K");
		line += len + (line[len] == '\n');
	}
	if (row < rows)
		tnd_buf_adds(&out, "\r\n\033[J");
	status = ctl_write(t->ctl, &out);
	tnd_buf_free(&text);
	tnd_buf_free(&out);
	return status;
}

static enum ctl_status take(struct top *t)
{
	struct tnd_buf params = {0};
	enum ctl_status status;

	ctl_reply_free(&t->hello);
	ctl_reply_free(&t->health);
	tnd_buf_adds(&params, counters_wanted);
	status = ctl_call(t->ctl, "system.hello", NULL, &t->hello);
	if (status == CTL_OK)
		status = ctl_call(t->ctl, "system.health", NULL, &t->health);
	if (status == CTL_OK) {
		t->newest = !t->newest;
		status = ctl_counters_take(t->ctl, &t->counters[t->newest], &params);
	}
	tnd_buf_free(&params);
	return status;
}

static bool wake(void *arg)
{
	struct top *t = arg;

	ctl_term_handle(&t->term);
	return t->term.quit || (t->sleeping && t->term.redraw);
}

/* Until the next frame is due; a new size is drawn at once. */
static enum ctl_status rest(struct top *t)
{
	uint64_t due_ms = t->counters[t->newest].at_ms + t->ctl->interval_ms;
	enum ctl_status status = CTL_OK;

	t->sleeping = true;
	while (status == CTL_OK && ctl_client_sleep(&t->ctl->client, due_ms) < 0 && !t->term.quit) {
		t->term.redraw = false;
		status = draw_frame(t);
	}
	t->sleeping = false;
	return status;
}

static enum ctl_status live(struct top *t)
{
	struct ctl_client *c = &t->ctl->client;
	enum ctl_status status;
	int rc = ctl_term_open(&t->term);

	if (rc < 0)
		return ctl_fail(t->ctl, CTL_ERROR, "the terminal: %s", strerror(-rc));
	c->wake = wake;
	c->wake_arg = t;
	c->wake_fd = t->term.key_fd;
	c->wait_mask = &t->term.wait_mask;
	for (uint64_t frames = 1;; frames++) {
		status = take(t);
		if (status == CTL_OK && !t->term.quit)
			status = draw_frame(t);
		if (status == CTL_OK && !t->term.quit && frames != t->ctl->count)
			status = rest(t);
		if (status != CTL_OK || t->term.quit || frames == t->ctl->count)
			break;
	}
	ctl_term_close();
	ctl_term_reraise(&t->term);
	return t->term.quit ? CTL_OK : status;
}

static enum ctl_status plain(struct top *t)
{
	uint64_t frames = t->ctl->count > 0 ? t->ctl->count : 1;
	enum ctl_status status = take(t);

	for (uint64_t i = 0; status == CTL_OK && i < frames; i++) {
		ctl_client_sleep(&t->ctl->client,
				 t->counters[t->newest].at_ms + t->ctl->interval_ms);
		status = take(t);
		if (status == CTL_OK && i > 0 && putchar('\n') == EOF)
			status = ctl_fail(t->ctl, CTL_ERROR, "cannot write: %m");
		if (status == CTL_OK)
			status = print_frame(t);
	}
	return status;
}

enum ctl_status ctl_verb_top(struct ctl *ctl, char *const *args, size_t count)
{
	struct top t = {.ctl = ctl};
	enum ctl_status status;

	if (ctl->json)
		return ctl_fail(ctl, CTL_USAGE, "top has no JSON; see stats --watch --json");
	if (ctl->given & CTL_OPT_ONCE || !isatty(STDOUT_FILENO))
		status = plain(&t);
	else
		status = live(&t);
	ctl_reply_free(&t.hello);
	ctl_reply_free(&t.health);
	ctl_counters_free(&t.counters[0]);
	ctl_counters_free(&t.counters[1]);
	return status;
}
