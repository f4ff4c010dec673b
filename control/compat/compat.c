/* SPDX-License-Identifier: BSD-3-Clause */
/* The front end's life, and what it does without being asked. */
#include "compat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compat_private.h"
#include "log.h"

#define SECOND_MS       1000
#define OVERLOAD_LEAVES 5 /* percent below the limit at which overload is over */

static bool poll(struct loop_poller *p)
{
	struct compat *c = tnd_container_of(p, struct compat, poller);
	bool more = !tnd_list_empty(&c->ready) && stream_turn(c);

	if (!tnd_list_empty(&c->book.dying))
		more |= end_some(c);
	return more;
}

/* Half of what it was, half of this second's. */
static void measure_load(struct compat *c)
{
	uint64_t passed = c->h->loop.now_tsc - c->busy_since_tsc, in = query_packets_in(c);
	double limit = c->config->overload_percent / 100.0;
	double seconds = (double)passed / ((double)c->h->loop.tsc_per_ms * 1000.0);
	bool before = c->overloaded;

	if (passed == 0)
		return;
	c->load = c->load / 2 + RTE_MIN(1.0, (double)c->busy_tsc / (double)passed) / 2;
	c->pps_in = (double)(in - c->packets_in) / seconds;
	c->packets_in = in;
	c->busy_tsc = 0;
	c->busy_since_tsc = c->h->loop.now_tsc;
	if (limit == 0)
		return;
	if (c->load >= limit)
		c->overloaded = true;
	else if (c->load < limit - OVERLOAD_LEAVES / 100.0)
		c->overloaded = false;
	if (c->overloaded != before)
		tnd_warn("rtpproxy", "%s",
			 c->overloaded ? "overload: new sessions get E98" : "overload is over");
}

static void on_second(struct tnd_timer *t, void *arg)
{
	struct compat *c = arg;

	measure_load(c);
	cookies_expire(&c->cookies, c->h->loop.now_ms);
	loop_timer_after(&c->h->loop, &c->second, SECOND_MS);
}

static bool is_bridging(const struct config_rtpproxy *r)
{
	const int *external = r->bind[CONFIG_RTPPROXY_EXTERNAL];

	return external[0] >= 0 || external[1] >= 0;
}

static int open_all(struct compat *c)
{
	int rc = 0;

	for (unsigned int i = 0; i < c->config->timeout_target_count && rc == 0; i++)
		rc = targets_add(&c->targets, c->config->timeout_targets[i]);
	for (unsigned int i = 0; i < c->config->control_count && rc == 0; i++)
		rc = listen_open(c, c->config->control[i]);
	return rc;
}

int compat_start(struct compat **out, struct host *h, struct sessions *s, struct media *media)
{
	struct compat *c;
	int rc = -ENOMEM;

	*out = NULL;
	if (h->config->rtpproxy.control_count == 0)
		return 0;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->h = h;
	c->s = s;
	c->media = media;
	c->config = &h->config->rtpproxy;
	c->ctx.bridging = is_bridging(c->config);
	tnd_list_init(&c->listeners);
	tnd_list_init(&c->conns);
	tnd_list_init(&c->ready);
	tnd_list_init(&c->waiters);
	targets_init(&c->targets, &h->loop);
	c->poller.fn = poll;
	loop_add_poller(&h->loop, &c->poller);
	c->observer = (struct session_observer){.ended = end_observed, .event = dtmf_observed};
	sessions_observe(s, &c->observer);
	c->busy_since_tsc = h->loop.now_tsc;
	tnd_timer_init(&c->second, on_second, c);
	loop_timer_after(&h->loop, &c->second, SECOND_MS);
	if (book_init(&c->book, h->tables->session_count) != 0 || cookies_init(&c->cookies) != 0)
		tnd_err("rtpproxy", "out of memory");
	else
		rc = open_all(c);
	if (rc != 0) {
		compat_stop(c);
		return rc;
	}
	*out = c;
	return 0;
}

/* Sessions stay; nobody knows any more whose they are. */
static void forget_entries(struct compat *c)
{
	for (uint32_t i = 0; c->book.by_index != NULL && i < c->book.limit; i++) {
		struct entry *e = c->book.by_index[i];

		if (e == NULL)
			continue;
		tnd_timer_stop(&c->h->loop.timers, &e->ttl);
		book_hide(&c->book, e, false);
		book_release(&c->book, e);
	}
}

void compat_stop(struct compat *c)
{
	struct tnd_list *pos, *tmp;

	if (c == NULL)
		return;
	stream_close_all(c);
	tnd_list_for_each_safe (pos, tmp, &c->listeners)
		listen_close(tnd_container_of(pos, struct listener, link));
	tnd_timer_stop(&c->h->loop.timers, &c->second);
	loop_del_poller(&c->poller);
	sessions_unobserve(&c->observer);
	later_free_all(c);
	forget_entries(c);
	targets_free(&c->targets);
	cookies_free(&c->cookies);
	book_free(&c->book);
	free(c);
}

uint32_t compat_sessions(const struct compat *c)
{
	return c->book.count;
}
