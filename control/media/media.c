/* SPDX-License-Identifier: BSD-3-Clause */
/* The control side's life, and what it has of sessions. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "json.h"
#include "log.h"
#include "media_private.h"

#define OTHER_FDS 1024 /* beside files of recordings */

/* ---- sessions ------------------------------------------------------------------------------ */

enum session_fault media_fault(struct session_error *err, enum session_fault f, const char *path,
			       const char *fmt, ...)
{
	va_list ap;

	err->fault = f;
	snprintf(err->path, sizeof(err->path), "%s", path);
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return f;
}

struct media_session *media_session_find(struct media *m, const char *id)
{
	uint16_t generation;
	uint32_t leg;

	if (!session_media_key(m->s, id, 0, &leg, &generation))
		return NULL;
	return m->session[leg / SESSION_LEGS];
}

struct media_session *media_session_get(struct media *m, const char *id, struct session_error *err)
{
	struct media_session *ms;
	uint16_t generation;
	uint32_t leg;

	if (!session_media_key(m->s, id, 0, &leg, &generation)) {
		media_fault(err, SESSION_NOT_FOUND, "/id", "no session of this id");
		return NULL;
	}
	ms = m->session[leg / SESSION_LEGS];
	if (ms != NULL)
		return ms;
	ms = calloc(1, sizeof(*ms));
	if (ms == NULL) {
		media_fault(err, SESSION_NO_MEMORY, "", "out of memory");
		return NULL;
	}
	tnd_list_init(&ms->sinks);
	tnd_list_init(&ms->inbound);
	ms->index = leg / SESSION_LEGS;
	ms->generation = generation;
	snprintf(ms->id, sizeof(ms->id), "%s", id);
	m->session[ms->index] = ms;
	return ms;
}

void media_session_put(struct media *m, struct media_session *ms)
{
	if (ms->sink_count != 0 || ms->player_count != 0 || !tnd_list_empty(&ms->inbound))
		return;
	if (!ms->ended && (ms->voice[0].has || ms->voice[1].has))
		return; /* the next player goes on from there */
	if (!ms->ended)
		m->session[ms->index] = NULL;
	free(ms);
}

static void on_ended(struct session_observer *o, uint32_t index, const char *id, bool timed_out)
{
	struct media *m = tnd_container_of(o, struct media, observer);
	struct media_session *ms = m->session[index];
	struct tnd_list *pos;

	if (ms == NULL)
		return;
	/* Whoever takes the place next has nothing to do with it. */
	ms->ended = true;
	m->session[index] = NULL;
	tnd_list_for_each (pos, &ms->sinks)
		sink_stop(m, tnd_container_of(pos, struct sink, link), SINK_SESSION);
	sink_stop_inbound(m, ms);
	play_session_ended(m, ms);
	media_session_put(m, ms);
}

static void on_event(struct session_observer *o, const struct flow_event *ev, const char *id)
{
	struct media *m = tnd_container_of(o, struct media, observer);

	if (ev->type == FLOW_EVENT_PLAYED)
		play_event(m, ev);
}

/* ---- events -------------------------------------------------------------------------------- */

struct tnd_buf *media_event_begin(struct media *m, const struct media_session *ms)
{
	tnd_buf_reset(&m->text);
	json_w_open(&m->text, NULL, '{');
	json_w_string(&m->text, "id", ms->id);
	return &m->text;
}

void media_event_end(struct media *m, const char *type)
{
	struct tnd_buf *b = &m->text;

	json_w_close(b, '}');
	tnd_buf_addc(b, '\0');
	if (b->oom)
		tnd_err("media", "no memory for event %s", type);
	else if (m->h->notify != NULL)
		m->h->notify(m->h->notify_arg, type, b->data);
}

/* ---- the helper's mail --------------------------------------------------------------------- */

static void read_mail(struct media *m)
{
	struct mail *mail = mailbox_take(&m->helper.out), *next;

	for (; mail != NULL; mail = next) {
		next = mail->next;
		switch ((enum mail_kind)mail->kind) {
		case MAIL_LIMIT: sink_limit(m, tnd_container_of(mail, struct sink, limit)); break;
		case MAIL_DONE: sink_done(m, tnd_container_of(mail, struct sink, done)); break;
		case MAIL_RELAY: sink_relay(m, tnd_container_of(mail, struct relay, mail)); break;
		case MAIL_LOAD: play_loaded(m, tnd_container_of(mail, struct load, mail)); break;
		case MAIL_START:
		case MAIL_STOP:
		case MAIL_QUIT: break; /* these go the other way */
		}
	}
}

static bool poll_mail(struct loop_poller *p)
{
	struct media *m = p->arg;

	if (!mailbox_empty(&m->helper.out))
		read_mail(m);
	return false;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void raise_file_limit(uint32_t files)
{
	struct rlimit l;
	rlim_t want = (rlim_t)files + OTHER_FDS;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= want)
		return;
	l.rlim_cur = l.rlim_max < want ? l.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur < want)
		tnd_warn("media",
			 "media.max_files is %u, but this process may have %" PRIu64
			 " files open: raise LimitNOFILE",
			 files, (uint64_t)l.rlim_cur);
}

int media_create(struct media **out, struct sessions *s, struct host *h)
{
	struct media *m = calloc(1, sizeof(*m));
	struct helper_config config = {
		.dp = h->dp,
		.workers = h->tables->worker_count,
		.sessions = h->tables->session_count,
		.cache_bytes = h->config->media.play_cache_bytes,
		.lcores = h->config->lcores,
	};
	int rc;

	if (m == NULL)
		return -ENOMEM;
	m->session = calloc(config.sessions, sizeof(struct media_session *));
	if (m->session == NULL) {
		free(m);
		return -ENOMEM;
	}
	m->s = s;
	m->h = h;
	tnd_list_init(&m->sinks);
	tnd_list_init(&m->players);
	if (h->config->media.record_dir[0] != '\0' || h->config->media.capture_dir[0] != '\0')
		raise_file_limit(h->config->media.max_files);
	rc = helper_start(&m->helper, &config);
	if (rc != 0) {
		free(m->session);
		free(m);
		return rc;
	}
	m->observer = (struct session_observer){.ended = on_ended, .event = on_event};
	sessions_observe(s, &m->observer);
	m->poller = (struct loop_poller){.fn = poll_mail, .arg = m};
	loop_add_poller(&h->loop, &m->poller);
	*out = m;
	return 0;
}

/* Nobody is told any more, but files are complete. */
void media_free(struct media *m)
{
	struct tnd_list *pos;

	if (m == NULL)
		return;
	loop_del_poller(&m->poller);
	sessions_unobserve(&m->observer);
	tnd_list_for_each (pos, &m->sinks)
		sink_stop(m, tnd_container_of(pos, struct sink, all), SINK_SESSION);
	helper_stop(&m->helper);
	read_mail(m);
	play_free(m);
	for (uint32_t i = 0; i < m->helper.config.sessions; i++)
		free(m->session[i]);
	helper_free(&m->helper);
	tnd_buf_free(&m->text);
	free(m->session);
	free(m);
}

/* ---- counters ------------------------------------------------------------------------------ */

void media_stats(const struct media *m, struct media_stats *out)
{
	struct tnd_list *pos;

	*out = m->stats;
	out->packets = m->gone.packets;
	out->bytes = m->gone.bytes;
	out->lost = m->gone.lost;
	tnd_list_for_each (pos, &m->sinks) {
		const struct sink *k = tnd_container_of(pos, struct sink, all);

		out->packets += flow_read(k->count.packets);
		out->bytes += flow_read(k->count.bytes);
		out->lost += flow_read(k->count.lost) + k->unsent;
	}
}
