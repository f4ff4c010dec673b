/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Client tunnels that others signal: after they are down, whoever signals is told by an event when
 * it is time to call again, as one that is dialled here would be.
 */
#include <stdlib.h>
#include <string.h>

#include "dial_private.h"
#include "json.h"
#include "watch.h"

#define CALLERS_MAX 4096

struct caller {
	struct tnd_list link; /* oldest first */
	struct dials *ds;
	char id[SESSION_ID_MAX + 1];
	uint32_t attempts; /* told, since it was last up */
	enum tunnel_reason reason;
	struct tnd_timer timer;
};

static void forget(struct caller *c)
{
	tnd_timer_stop(&c->ds->h->loop.timers, &c->timer);
	tnd_list_del(&c->link);
	c->ds->caller_count--;
	free(c);
}

static struct caller *find(struct dials *ds, const char *id)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ds->callers) {
		struct caller *c = tnd_container_of(pos, struct caller, link);

		if (strcmp(c->id, id) == 0)
			return c;
	}
	return NULL;
}

static void tell(struct tnd_timer *t, void *arg)
{
	struct caller *c = arg;
	struct tnd_buf b = {0};

	json_w_open(&b, NULL, '{');
	json_w_string(&b, "id", c->id);
	json_w_string(&b, "reason", tunnel_reason_name(c->reason));
	json_w_uint(&b, "attempt", ++c->attempts);
	json_w_close(&b, '}');
	host_notify(c->ds->h, "tunnel.redial", &b);
	/* If nobody does, or in vain. */
	loop_timer_after(&c->ds->h->loop, &c->timer, redial_after_ms(c->attempts));
}

void caller_up(struct dials *ds, const char *id)
{
	struct caller *c = find(ds, id);
	struct tunnel_info info;

	if (c == NULL) {
		if (!tunnel_find(ds->tunnels, id, &info) || info.mode != TUNNEL_CLIENT)
			return;
		if (ds->caller_count == CALLERS_MAX)
			forget(tnd_container_of(ds->callers.next, struct caller, link));
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			return;
		c->ds = ds;
		strcpy(c->id, id);
		tnd_timer_init(&c->timer, tell, c);
		tnd_list_add_tail(&ds->callers, &c->link);
		ds->caller_count++;
	}
	c->attempts = 0;
	tnd_timer_stop(&ds->h->loop.timers, &c->timer);
}

void caller_down(struct dials *ds, const char *id, enum tunnel_reason reason)
{
	struct caller *c = find(ds, id);

	if (c == NULL)
		return;
	if (reason == TUNNEL_DELETED) {
		forget(c);
		return;
	}
	c->reason = reason;
	if (!tnd_timer_running(&c->timer))
		loop_timer_after(&ds->h->loop, &c->timer, redial_after_ms(c->attempts));
}

void callers_free(struct dials *ds)
{
	while (!tnd_list_empty(&ds->callers))
		forget(tnd_container_of(ds->callers.next, struct caller, link));
}
