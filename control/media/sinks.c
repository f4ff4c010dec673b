/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings and captures, and what all sinks share: begun, stopped, told of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "log.h"
#include "media_private.h"

/* ---- what workers copy --------------------------------------------------------------------- */

static uint8_t wanted_legs(const struct media_session *ms)
{
	struct tnd_list *pos;
	uint8_t legs = 0;

	tnd_list_for_each (pos, &ms->sinks) {
		const struct sink *k = tnd_container_of(pos, struct sink, link);

		if (!k->stopping)
			legs |= k->legs;
	}
	return legs;
}

/* Copies of just the legs that somebody wants. On a fault there may be more than that. */
static enum session_fault set_copying(struct media *m, struct media_session *ms,
				      struct session_error *err)
{
	uint8_t want = wanted_legs(ms);

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		struct session_media change = {.set_copy = true, .copy = want >> i & 1};
		enum session_fault f;

		if (!((want ^ ms->copying) >> i & 1))
			continue;
		f = session_media_set(m->s, ms->id, i, &change, err);
		if (f != SESSION_OK)
			return f;
		ms->copying ^= (uint8_t)(1 << i);
	}
	return SESSION_OK;
}

/* Packets of the leg that workers could not copy; starts at any number. */
static uint32_t leg_copy_lost(const struct media *m, const struct sink *k, unsigned int leg)
{
	const struct flow_media_rt *rt =
		&m->h->tables->media[SESSION_LEGS * k->flow_session + leg].rt;

	return flow_read(rt->generation) == k->generation ? flow_read(rt->copy_lost) : 0;
}

static void take_copy_lost(const struct media *m, struct sink *k)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (k->legs >> i & 1)
			k->copy_lost += leg_copy_lost(m, k, i) - k->copy_lost_base[i];
}

/* ---- begin --------------------------------------------------------------------------------- */

static struct sink *find(const struct media_session *ms, const char *name)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &ms->sinks) {
		struct sink *k = tnd_container_of(pos, struct sink, link);

		if (!k->stopping && strcmp(k->name, name) == 0)
			return k;
	}
	return NULL;
}

static bool same(const struct sink *a, const struct sink *b)
{
	return a->kind == b->kind && a->legs == b->legs && a->format == b->format &&
	       a->one_file == b->one_file && a->o_leg == b->o_leg &&
	       a->plain_endings == b->plain_endings && a->no_side == b->no_side &&
	       a->no_rtcp == b->no_rtcp && a->to == b->to && a->cross == b->cross &&
	       a->named == b->named && (!a->named || strcmp(a->stem, b->stem) == 0) &&
	       a->max_s == b->max_s && a->max_bytes == b->max_bytes && a->port == b->port &&
	       wire_ip_equal(&a->ip, &b->ip);
}

static enum session_fault check(const struct media *m, const struct media_session *ms,
				const struct sink *k, struct session_error *err)
{
	uint32_t max_files = m->h->config->media.max_files;

	if (m->h->config->media.copy_mbufs == 0)
		return media_fault(err, SESSION_WRONG_STATE, "",
				   "media.copy_mbufs is 0 in the configuration");
	if (ms->sink_count >= MEDIA_SINKS_MAX)
		return media_fault(err, SESSION_LIMIT, "", "the session has %u already",
				   ms->sink_count);
	if (k->files > max_files - m->stats.files)
		return media_fault(err, SESSION_LIMIT, "",
				   "media.max_files: %u of %u files are taken", m->stats.files,
				   max_files);
	return SESSION_OK;
}

static void add(struct media *m, struct media_session *ms, struct sink *k)
{
	k->session = ms;
	k->flow_session = ms->index;
	k->generation = ms->generation;
	k->start.kind = MAIL_START;
	k->stop.kind = MAIL_STOP;
	k->limit.kind = MAIL_LIMIT;
	k->done.kind = MAIL_DONE;
	k->end_tsc = k->max_s ? m->h->loop.now_tsc + k->max_s * m->h->loop.tsc_per_ms * 1000
			      : UINT64_MAX;
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		k->copy_lost_base[i] = leg_copy_lost(m, k, i);
	tnd_list_add_tail(&ms->sinks, &k->link);
	tnd_list_add_tail(&m->sinks, &k->all);
	ms->sink_count++;
	m->stats.sinks++;
	m->stats.files += k->files;
}

static const char *kind_name(const struct sink *k)
{
	return k->kind == MEDIA_KIND_RECORD ? "record"
	       : k->kind == MEDIA_KIND_COPY ? "copy"
					    : "capture";
}

static void tell_started(struct media *m, const struct sink *k)
{
	struct tnd_buf *b;

	if (k->kind == MEDIA_KIND_CAPTURE)
		return;
	b = media_event_begin(m, k->session);
	json_w_string(b, "name", k->name);
	json_w_string(b, "kind", kind_name(k));
	media_event_end(m, "record.started");
}

void sink_free(struct sink *k)
{
	tnd_list_del(&k->inbound);
	if (k->fd >= 0)
		close(k->fd);
	free(k);
}

enum session_fault sink_begin(struct media *m, const char *id, struct sink *k, bool *created,
			      struct sink **out, struct session_error *err)
{
	struct media_session *ms = media_session_get(m, id, err);
	enum session_fault f = SESSION_NOT_FOUND;
	struct sink *old;

	*created = false;
	if (ms == NULL) {
		f = err->fault;
		goto fail;
	}
	old = find(ms, k->name);
	if (old != NULL && same(old, k)) {
		sink_free(k);
		*out = old;
		return SESSION_OK;
	}
	f = old != NULL ? media_fault(err, SESSION_CONFLICT, "/name",
				      "\"%s\" runs already, with other parameters", k->name)
			: check(m, ms, k, err);
	if (f != SESSION_OK)
		goto put;
	/* Known to the helper before the first copy can be. */
	add(m, ms, k);
	helper_tell(&m->helper, &k->start);
	f = set_copying(m, ms, err);
	if (f != SESSION_OK) {
		sink_stop(m, k, SINK_FAILED);
		return f;
	}
	tell_started(m, k);
	*created = true;
	*out = k;
	return SESSION_OK;
put:
	media_session_put(m, ms);
fail:
	sink_free(k);
	return f;
}

struct sink *sink_make(enum media_kind kind, const char *name, const char *default_name,
		       unsigned int legs, struct session_error *err)
{
	struct sink *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		media_fault(err, SESSION_NO_MEMORY, "", "out of memory");
		return NULL;
	}
	if (name == NULL)
		name = default_name;
	tnd_list_init(&k->inbound);
	k->fd = -1;
	k->kind = (uint8_t)kind;
	k->legs = (uint8_t)legs;
	k->max_bytes = UINT64_MAX;
	snprintf(k->name, sizeof(k->name), "%s", name);
	if (legs != 0 && legs <= MEDIA_BOTH && name[0] != '\0' && strlen(name) <= MEDIA_NAME_MAX)
		return k;
	media_fault(err, SESSION_BAD_PARAMS, legs == 0 || legs > MEDIA_BOTH ? "/leg" : "/name",
		    "out of range");
	free(k);
	return NULL;
}

/* The name that was asked for, or one of the session's id and the time of day. */
static void set_stem(struct sink *k, const char *file, const char *id)
{
	char text[SESSION_ID_MAX + 32];
	struct timespec now;
	struct tm tm;
	size_t n;

	k->named = file != NULL;
	if (file != NULL) {
		name_make(file, strlen(file), k->stem);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = (size_t)snprintf(text, sizeof(text), "%s", id);
	n = n < sizeof(text) ? n : sizeof(text) - 1;
	n += strftime(text + n, sizeof(text) - n, "_%Y%m%dT%H%M%SZ", &tm);
	name_make(text, n, k->stem);
}

enum session_fault media_record_start(struct media *m, const struct media_record *r, bool *created,
				      struct session_error *err)
{
	const struct config_media *c = &m->h->config->media;
	enum session_fault f;
	struct sink *k;

	if (c->record_dir[0] == '\0')
		return media_fault(err, SESSION_WRONG_STATE, "",
				   "the configuration has no media.record_dir");
	if (r->format == MEDIA_RTP && r->one_file)
		return media_fault(err, SESSION_BAD_PARAMS, "/one_file",
				   "not with format rtp: its packets don't say where they go");
	if (r->no_side && r->legs == MEDIA_BOTH && !r->one_file)
		return media_fault(err, SESSION_BAD_PARAMS, "/leg", "two legs have two names");
	k = sink_make(MEDIA_KIND_RECORD, r->name, "record", r->legs, err);
	if (k == NULL)
		return err->fault;
	k->format = (uint8_t)r->format;
	k->one_file = r->one_file;
	k->o_leg = r->o_leg;
	k->plain_endings = r->plain_endings;
	k->no_side = r->no_side;
	k->no_rtcp = r->no_rtcp;
	k->final_dir = c->record_dir;
	k->dir = c->spool_dir[0] != '\0' ? c->spool_dir : c->record_dir;
	k->files = r->one_file ? 1 : (r->legs == MEDIA_BOTH ? 2 : 1) * (r->no_rtcp ? 1 : 2);
	set_stem(k, r->file, r->id);
	f = sink_begin(m, r->id, k, created, &k, err);
	if (f == SESSION_OK && *created)
		m->stats.records++;
	return f;
}

enum session_fault media_capture_start(struct media *m, const struct media_capture *c,
				       bool *created, struct session_error *err)
{
	const char *dir = m->h->config->media.capture_dir;
	enum session_fault f;
	struct sink *k;

	if (dir[0] == '\0')
		return media_fault(err, SESSION_WRONG_STATE, "",
				   "the configuration has no media.capture_dir");
	k = sink_make(MEDIA_KIND_CAPTURE, c->name, "capture", MEDIA_BOTH, err);
	if (k == NULL)
		return err->fault;
	k->format = MEDIA_PCAPNG;
	k->one_file = true;
	k->dir = k->final_dir = dir;
	k->files = 1;
	k->max_s = c->max_s;
	if (c->max_bytes != 0)
		k->max_bytes = c->max_bytes;
	set_stem(k, c->file, c->id);
	f = sink_begin(m, c->id, k, created, &k, err);
	if (f == SESSION_OK && *created)
		m->stats.captures++;
	return f;
}

/* ---- end ----------------------------------------------------------------------------------- */

void sink_stop(struct media *m, struct sink *k, enum sink_reason reason)
{
	struct session_error err;

	if (k->stopping)
		return;
	k->stopping = true;
	k->reason = (uint8_t)reason;
	take_copy_lost(m, k);
	if (!k->session->ended && reason != SINK_SESSION &&
	    set_copying(m, k->session, &err) != SESSION_OK)
		tnd_warn("media", "%s: packets are still copied, for nobody: %s", k->session->id,
			 err.reason);
	helper_tell(&m->helper, &k->stop);
}

void sink_limit(struct media *m, struct sink *k)
{
	sink_stop(m, k, SINK_LIMIT);
}

static void tell_ended(struct media *m, const struct sink *k, uint64_t lost)
{
	static const char *const reasons[] = {
		[SINK_STOPPED] = "stopped", [SINK_SESSION] = "session", [SINK_LIMIT] = "limit"};
	struct tnd_buf *b = media_event_begin(m, k->session);

	json_w_string(b, "name", k->name);
	if (k->kind != MEDIA_KIND_CAPTURE)
		json_w_string(b, "kind", kind_name(k));
	json_w_string(b, "reason", reasons[k->reason]);
	json_w_open(b, "files", '[');
	for (unsigned int i = 0; i < SINK_FILES; i++)
		if (k->path[i][0] != '\0')
			json_w_string(b, NULL, k->path[i]);
	json_w_close(b, ']');
	json_w_uint(b, "packets", k->count.packets - k->unsent);
	json_w_uint(b, "bytes", k->count.bytes);
	json_w_uint(b, "lost", lost);
	media_event_end(m, k->kind == MEDIA_KIND_CAPTURE ? "capture.ended" : "record.ended");
}

void sink_done(struct media *m, struct sink *k)
{
	struct media_session *ms = k->session;

	if (k->reason != SINK_FAILED)
		tell_ended(m, k, k->count.lost + k->unsent + k->copy_lost);
	m->gone.packets += k->count.packets - k->unsent;
	m->gone.bytes += k->count.bytes;
	m->gone.lost += k->count.lost + k->unsent;
	m->stats.sinks--;
	m->stats.files -= k->files;
	sink_detach(m, k);
	tnd_list_del(&k->all);
	tnd_list_del(&k->link);
	ms->sink_count--;
	sink_free(k);
	media_session_put(m, ms);
}

enum session_fault media_sink_stop(struct media *m, const char *id, unsigned int kinds,
				   const char *name, unsigned int *stopped,
				   struct session_error *err)
{
	struct media_session *ms = media_session_find(m, id);
	struct tnd_list *pos;
	uint16_t generation;
	uint32_t leg;

	*stopped = 0;
	if (ms == NULL && !session_media_key(m->s, id, 0, &leg, &generation))
		return media_fault(err, SESSION_NOT_FOUND, "/id", "no session of this id");
	if (ms != NULL)
		tnd_list_for_each (pos, &ms->sinks) {
			struct sink *k = tnd_container_of(pos, struct sink, link);

			if (k->stopping || !(k->kind & kinds) ||
			    (name != NULL && strcmp(k->name, name) != 0))
				continue;
			sink_stop(m, k, SINK_STOPPED);
			(*stopped)++;
		}
	if (*stopped == 0 && name != NULL)
		return media_fault(err, SESSION_NOT_FOUND, "/name",
				   "the session has none of this name");
	return SESSION_OK;
}
