/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"
#include "server_private.h"

static void ready_subscribers(struct api_server *s)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &s->conns) {
		struct conn *c = tnd_container_of(pos, struct conn, link);

		if (c->client.sub.on && c->out.len < SERVER_EVENTS_OUT)
			conn_ready(c);
	}
}

/* Each client that has something to do gets one share, in the order in which they came. */
static bool poll_server(struct loop_poller *p)
{
	struct api_server *s = p->arg;
	struct tnd_list *last;

	if (s->events_due) {
		s->events_due = false;
		ready_subscribers(s);
	}
	last = s->ready.prev;
	while (!tnd_list_empty(&s->ready)) {
		struct conn *c = tnd_container_of(s->ready.next, struct conn, ready);
		bool was_last = &c->ready == last;

		tnd_list_del(&c->ready);
		if (conn_turn(c))
			conn_ready(c);
		if (was_last)
			break;
	}
	return !tnd_list_empty(&s->ready) || s->events_due;
}

void server_events_due(struct api_server *s)
{
	s->events_due = true;
}

void server_stats(const struct api_server *s, struct server_stats *out)
{
	*out = (struct server_stats){.clients = s->full.clients + s->ro.clients,
				     .refused = s->refused,
				     .cut_off = s->cut_off};
}

int server_start(struct api_server **out, struct api *a)
{
	struct api_server *s = calloc(1, sizeof(*s));
	const struct config *config = a->h->config;
	int rc;

	if (s == NULL) {
		tnd_err("api", "can't start: out of memory");
		return -ENOMEM;
	}
	s->api = a;
	s->loop = &a->h->loop;
	s->full.fd.fd = s->ro.fd.fd = -1;
	tnd_list_init(&s->conns);
	tnd_list_init(&s->ready);
	s->poller = (struct loop_poller){.fn = poll_server, .arg = s};
	loop_add_poller(s->loop, &s->poller);
	rc = listener_open(&s->full, s, config->socket, config->group, true);
	if (rc == 0 && config->ro_socket[0] != '\0')
		rc = listener_open(&s->ro, s, config->ro_socket, config->group, false);
	if (rc != 0) {
		server_stop(s);
		return rc;
	}
	*out = s;
	return 0;
}

void server_stop(struct api_server *s)
{
	if (s == NULL)
		return;
	listener_close(&s->full);
	listener_close(&s->ro);
	while (!tnd_list_empty(&s->conns))
		conn_close(tnd_container_of(s->conns.next, struct conn, link));
	tnd_list_del(&s->poller.link);
	free(s);
}
