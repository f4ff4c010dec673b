/* SPDX-License-Identifier: BSD-3-Clause */
/* The table's life, and what may be asked of sessions that are there. */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "call.h"

enum session_fault session_delete(struct sessions *s, const char *id, session_done_fn done,
				  void *arg, struct session_error *err)
{
	struct session *se = table_find(s, id);

	if (se == NULL)
		return session_not_found(err);
	if (session_end(s, se, END_DELETED, done, arg) != SESSION_OK)
		return session_no_memory(err);
	return SESSION_OK;
}

enum session_fault session_report(struct sessions *s, const char *id, struct tnd_buf *out,
				  const char *key, struct session_error *err)
{
	const struct session *se = table_find(s, id);

	if (se == NULL)
		return session_not_found(err);
	session_write(s, se, out, key);
	return SESSION_OK;
}

bool session_next(struct sessions *s, uint32_t *cursor, uint32_t *budget, struct session_info *out)
{
	out->id = NULL;
	while (*cursor < s->limit) {
		const struct session *se = &s->table[*cursor];

		if (*budget == 0)
			return true;
		(*budget)--;
		(*cursor)++;
		if (se->life != LIFE_RUNNING)
			continue;
		*out = (struct session_info){.id = session_id(se),
					     .state = session_state(s, se),
					     .generation = se->generation,
					     .age_s = session_age_s(s, se)};
		return true;
	}
	return false;
}

void sessions_watch(struct sessions *s, void (*ended)(void *arg, const char *id), void *arg)
{
	s->ended_fn = ended;
	s->ended_arg = arg;
}

void sessions_set_draining(struct sessions *s, bool on)
{
	s->draining = on;
}

bool sessions_draining(const struct sessions *s)
{
	return s->draining;
}

void sessions_stats(const struct sessions *s, struct sessions_stats *out)
{
	*out = (struct sessions_stats){
		.created = s->created,
		.ended = s->ended,
		.timed_out = s->timed_out,
		.updated = s->updated,
		.refused = s->refused,
		.latched = s->latched,
		.rekeyed = s->rekeyed,
		.secured = s->secured,
		.secure_bytes = s->slabs.used,
		.active = s->active,
		.limit = s->limit,
		.plans_free = s->h->tables->plan_free_count,
		.plans_total = s->h->tables->plan_count - 1,
	};
}

uint32_t sessions_ports_free(const struct sessions *s, uint16_t address)
{
	return ports_left_all(&s->ports, address);
}

uint32_t sessions_of_worker(const struct sessions *s, uint16_t worker)
{
	return s->worker_load[worker];
}

/* ---- life ---------------------------------------------------------------------------------- */

static bool poll_sessions(struct loop_poller *p)
{
	struct sessions *s = p->arg;
	bool more = learn_poll(s);

	more |= inner_poll(s);
	if (s->secured != 0)
		srtp_places_stock(); /* if it can't, the next turn may */
	return retire_poll(s) || more;
}

static int create_ports(struct sessions *s)
{
	const struct config *c = s->h->config;
	struct ports_range range[FLOW_ADDRS_MAX];

	for (unsigned int i = 0; i < c->address_count; i++)
		range[i] = (struct ports_range){c->addresses[i].port_min, c->addresses[i].port_max};
	return ports_init(&s->ports, s->h->tables, range, (uint16_t)c->address_count);
}

static void create_index(struct sessions *s)
{
	for (uint32_t i = 0; i <= s->bucket_mask; i++)
		s->bucket[i] = SESSION_NONE;
	for (uint32_t i = 0; i < s->limit; i++)
		s->table[i].next = i + 1 < s->limit ? i + 1 : SESSION_NONE;
	s->free_head = 0;
}

int sessions_create(struct sessions **out, struct host *h)
{
	struct sessions *s = calloc(1, sizeof(*s));
	uint32_t buckets = rte_align32pow2(h->tables->session_count);
	int rc = -ENOMEM;

	if (s == NULL)
		return -ENOMEM;
	s->h = h;
	tnd_list_init(&s->observers);
	s->limit = h->tables->session_count;
	s->bucket_mask = buckets - 1;
	s->table = calloc(s->limit, sizeof(*s->table));
	s->bucket = calloc(buckets, sizeof(*s->bucket));
	s->worker_load = calloc(h->tables->worker_count, sizeof(*s->worker_load));
	s->inner = calloc(s->limit, sizeof(*s->inner));
	s->begin = calloc(s->limit, sizeof(*s->begin));
	if (s->table == NULL || s->bucket == NULL || s->worker_load == NULL || s->inner == NULL ||
	    s->begin == NULL || create_ports(s) != 0 || secure_create(s) != 0 ||
	    getrandom(&s->key, sizeof(s->key), 0) != (ssize_t)sizeof(s->key))
		goto fail;
	rc = transport_create(s);
	if (rc != 0)
		goto fail;
	create_index(s);
	s->tokens = (uint64_t)h->config->limit_per_second * TOKENS_PER_SESSION;
	s->tokens_at_ms = h->loop.now_ms;
	s->poller = (struct loop_poller){.fn = poll_sessions, .arg = s};
	loop_add_poller(&h->loop, &s->poller);
	*out = s;
	return 0;
fail:
	sessions_free(s);
	return rc;
}

void sessions_free(struct sessions *s)
{
	if (s == NULL)
		return;
	if (s->poller.fn != NULL)
		tnd_list_del(&s->poller.link);
	retire_free(s);
	for (uint32_t i = 0; s->table != NULL && i < s->limit; i++) {
		if (s->table[i].life == LIFE_RUNNING)
			tnd_timer_stop(&s->h->loop.timers, &s->table[i].idle);
		if (s->table[i].life != LIFE_FREE && is_tunnel(&s->table[i]))
			roam_end(s, &s->table[i]);
		if (s->table[i].life != LIFE_FREE) {
			secure_end(s, &s->table[i]);
			transport_end(s, &s->table[i]);
		}
		if (s->table[i].id_far)
			free(s->table[i].id.far);
	}
	transport_free(s);
	secure_free(s);
	ports_free(&s->ports);
	free(s->begin);
	free(s->inner);
	free(s->worker_load);
	free(s->bucket);
	free(s->table);
	tnd_buf_free(&s->text);
	tnd_buf_free(&s->report);
	free(s);
}
