/* SPDX-License-Identifier: BSD-3-Clause */
#include "events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api_tables.h"
#include "json.h"
#include "log.h"

_Static_assert(API_EVENT_COUNT <= 32, "event_sub.types has a bit for each");

static struct event_item *item_of(const struct events *e, uint64_t seq)
{
	return &e->ring[seq & (EVENTS_KEPT - 1)];
}

int events_init(struct events *e)
{
	*e = (struct events){.first = 1, .next = 1};
	e->ring = calloc(EVENTS_KEPT, sizeof(*e->ring));
	return e->ring == NULL ? -ENOMEM : 0;
}

static void drop_first(struct events *e)
{
	struct event_item *item = item_of(e, e->first++);

	e->bytes -= item->len;
	free(item->line);
	*item = (struct event_item){0};
}

void events_free(struct events *e)
{
	while (e->ring != NULL && e->first < e->next)
		drop_first(e);
	free(e->ring);
	tnd_buf_free(&e->text);
	*e = (struct events){0};
}

static int type_of(const char *type)
{
	for (int i = 0; i < API_EVENT_COUNT; i++)
		if (strcmp(api_events[i].type, type) == 0)
			return i;
	return -1;
}

uint32_t events_match(const char *filter)
{
	size_t len = strlen(filter);
	bool prefix = len > 0 && filter[len - 1] == '.';
	uint32_t bits = 0;

	for (unsigned int i = 0; i < API_EVENT_COUNT; i++)
		if (prefix ? strncmp(api_events[i].type, filter, len) == 0
			   : strcmp(api_events[i].type, filter) == 0)
			bits |= UINT32_C(1) << i;
	return bits;
}

static void begin_line(struct tnd_buf *b, uint64_t seq, const char *type)
{
	json_w_open(b, NULL, '{');
	json_w_string(b, "jsonrpc", "2.0");
	json_w_string(b, "method", "event");
	json_w_open(b, "params", '{');
	json_w_uint(b, "seq", seq);
	json_w_string(b, "type", type);
}

void events_add(struct events *e, const char *type, const char *params)
{
	int id = type_of(type);
	struct tnd_buf *b = &e->text;
	struct event_item *item;
	size_t len = strlen(params);

	if (id < 0 || len < 2) {
		tnd_err("api", "event of unknown type %s", type);
		return;
	}
	tnd_buf_reset(b);
	begin_line(b, e->next, type);
	if (len > 2) {
		tnd_buf_addc(b, ',');
		tnd_buf_add(b, params + 1, len - 2);
	}
	tnd_buf_adds(b, "}}\n");

	while (e->next - e->first == EVENTS_KEPT ||
	       (e->first < e->next && e->bytes + b->len > EVENTS_BYTES_KEPT))
		drop_first(e);
	item = item_of(e, e->next++);
	item->type = (uint8_t)id;
	item->line = b->oom ? NULL : malloc(b->len);
	if (item->line == NULL)
		return;
	memcpy(item->line, b->data, b->len);
	item->len = (uint32_t)b->len;
	e->bytes += b->len;
}

static void tell_lost(struct tnd_buf *out, uint64_t from, uint64_t to)
{
	begin_line(out, to, api_events[API_EVENT_EVENTS_LOST].type);
	json_w_uint(out, "from", from);
	json_w_uint(out, "to", to);
	tnd_buf_adds(out, "}}\n");
}

bool events_pump(const struct events *e, struct event_sub *sub, struct tnd_buf *out, size_t max)
{
	if (!sub->on)
		return false;
	if (sub->next < e->first) {
		if (out->len >= max)
			return true;
		tell_lost(out, sub->next, e->first - 1);
		sub->next = e->first;
	}
	for (; sub->next < e->next; sub->next++) {
		const struct event_item *item = item_of(e, sub->next);

		if (!(sub->types >> item->type & 1))
			continue;
		if (out->len >= max)
			return true;
		if (item->line != NULL)
			tnd_buf_add(out, item->line, item->len);
		else
			tell_lost(out, sub->next, sub->next);
	}
	return false;
}
