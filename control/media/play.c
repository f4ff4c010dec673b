/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Playing: the helper reads the file, then a worker has the player until it says that it ended;
 * stopped or replaced, it goes the same way. Only then it is freed here, and one that replaces it
 * starts: players of a leg are one RTP stream, and never two at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "json.h"
#include "log.h"
#include "media_private.h"

_Static_assert(LOAD_TYPES == MEDIA_CODECS_MAX, "one list");

enum play_state { PLAY_LOADING, PLAY_WAITING /* for another's end, or nothing */, PLAY_PACED };

struct player {
	struct tnd_list link;            /* in media.players */
	struct dp_player dp;             /* the worker's, in PLAY_PACED */
	struct load load;                /* the helper's, in PLAY_LOADING */
	const struct frame_codec *codec; /* load.codec, once it is loaded */
	struct media_session *session;
	uint32_t id;
	uint8_t leg;
	uint8_t state;
	bool stopped;
	void (*started)(void *arg, enum session_fault f, const struct session_error *err);
	void *arg;                     /* of `started`, which is NULL once it was called */
	uint32_t start_ts;             /* RTP timestamp at start_ms */
	uint64_t start_ms;             /* loop.now_ms */
	char file[MEDIA_PATH_MAX + 1]; /* as it was asked for */
};

/* ---- which file ---------------------------------------------------------------------------- */

/* Below a directory: no way leads up. */
static bool goes_up(const char *file)
{
	for (const char *p = file; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return true;
	}
	return false;
}

static enum session_fault check_file(const struct config_media *c, const char *file,
				     struct session_error *err)
{
	size_t len = strlen(file);

	if (len == 0 || len > MEDIA_PATH_MAX)
		return media_fault(err, SESSION_BAD_PARAMS, "/file", "1 to %d bytes",
				   MEDIA_PATH_MAX);
	if (c->play_dir[0] == '\0' && file[0] != '/')
		return media_fault(err, SESSION_BAD_PARAMS, "/file",
				   "must be an absolute path, as there is no media.play_dir");
	if (c->play_dir[0] != '\0' && (file[0] == '/' || goes_up(file)))
		return media_fault(err, SESSION_BAD_PARAMS, "/file",
				   "must lie below media.play_dir, and be named from there on");
	return SESSION_OK;
}

/* The path without payload type, malloc'd; NULL: no memory. */
static char *base_path(const struct config_media *c, const char *file)
{
	bool below = c->play_dir[0] != '\0';
	char *path;

	if (asprintf(&path, "%s%s%s", below ? c->play_dir : "", below ? "/" : "", file) < 0)
		return NULL;
	return path;
}

/* What the far end sends it understands. */
static enum session_fault heard_type(struct media *m, const struct media_session *ms,
				     unsigned int leg, uint8_t *type, struct session_error *err)
{
	const struct flow_rtp_stats *st = &m->h->tables->leg[SESSION_LEGS * ms->index + leg].stats;

	if (!flow_read(st->started))
		return media_fault(err, SESSION_BAD_PARAMS, "/codecs",
				   "no RTP has come from that leg yet: name the payload types");
	*type = flow_read(st->payload_type);
	return SESSION_OK;
}

/* ---- life of a player ---------------------------------------------------------------------- */

static void free_player(struct media *m, struct player *pl)
{
	struct media_session *ms = pl->session;

	tnd_list_del(&pl->link);
	if (ms->player[pl->leg] == pl)
		ms->player[pl->leg] = NULL;
	if (ms->loading[pl->leg] == pl)
		ms->loading[pl->leg] = NULL;
	if (pl->load.frames != NULL)
		frames_release(pl->load.frames);
	free(pl->load.base);
	if (pl->state != PLAY_LOADING)
		m->stats.players--;
	free(pl);
	ms->player_count--;
	media_session_put(m, ms);
}

static void end_player(struct media *m, struct player *pl, const char *reason, const char *error,
		       uint32_t packets)
{
	struct tnd_buf *b = media_event_begin(m, pl->session);

	m->stats.played += packets;
	json_w_uint(b, "leg", pl->leg);
	json_w_string(b, "file", pl->file);
	json_w_string(b, "reason", reason);
	if (error != NULL)
		json_w_string(b, "error", error);
	json_w_uint(b, "packets", packets);
	/* Gone before anybody is told, who may ask for the next one. */
	if (pl->session->player[pl->leg] == pl)
		pl->session->player[pl->leg] = NULL;
	media_event_end(m, "play.ended");
	free_player(m, pl);
}

static void stop(struct media *m, struct player *pl)
{
	if (pl->stopped)
		return;
	pl->stopped = true;
	if (pl->state == PLAY_PACED)
		session_play_stop(m->s, &pl->dp);
}

static const char *stop_reason(const struct player *pl)
{
	return pl->session->ended ? "session" : "stopped";
}

/* ---- one stream a leg ---------------------------------------------------------------------- */

/* Timestamp units in so many ms, and no fewer. */
static uint32_t ts_of_ms(const struct frame_codec *c, uint64_t ms)
{
	return (uint32_t)((ms * 1000 * c->ts_step + c->period_us - 1) / c->period_us);
}

/* Where the leg's stream is now, or a new one. False: no random numbers. */
static bool take_voice(struct player *pl, uint64_t now_ms)
{
	const struct media_voice *v = &pl->session->voice[pl->leg];
	struct dp_player *d = &pl->dp;

	pl->start_ms = now_ms;
	if (!v->has) {
		if (getrandom(&d->ssrc, sizeof(d->ssrc), 0) != (ssize_t)sizeof(d->ssrc) ||
		    getrandom(&d->timestamp, sizeof(d->timestamp), 0) !=
			    (ssize_t)sizeof(d->timestamp) ||
		    getrandom(&d->seq, sizeof(d->seq), 0) != (ssize_t)sizeof(d->seq))
			return false;
	} else {
		d->ssrc = v->ssrc;
		d->seq = v->seq;
		/* A frame more, as the time is read but once a turn. */
		d->timestamp = v->ts + ts_of_ms(pl->codec, now_ms - v->at_ms) + d->ts_step;
	}
	pl->start_ts = d->timestamp;
	return true;
}

/* The worker has told that it ended. */
static void keep_voice(const struct player *pl, uint64_t now_ms)
{
	const struct dp_player *d = &pl->dp;
	uint32_t ts = pl->start_ts + ts_of_ms(pl->codec, now_ms - pl->start_ms);

	/* A worker that was held up long is behind the time. */
	if ((int32_t)(d->timestamp - ts) > 0)
		ts = d->timestamp;
	pl->session->voice[pl->leg] = (struct media_voice){
		.has = true, .seq = d->seq, .ssrc = d->ssrc, .ts = ts, .at_ms = now_ms};
}

static void start_pace(struct media *m, struct player *pl)
{
	const struct frames *f = pl->load.frames;
	struct dp_player *d = &pl->dp;
	struct session_error err;

	d->frames = f->data;
	d->frame_len = pl->codec->frame_len;
	d->count = (uint32_t)RTE_MIN(f->len / d->frame_len, (size_t)UINT32_MAX);
	d->payload_type = pl->codec->payload_type;
	d->ts_step = pl->codec->ts_step;
	d->period_us = pl->codec->period_us;
	d->id = pl->id;
	if (!take_voice(pl, m->h->loop.now_ms)) {
		end_player(m, pl, "error", "no random numbers", 0);
		return;
	}
	if (session_play_start(m->s, pl->session->id, pl->leg, d, &err) != SESSION_OK) {
		end_player(m, pl, "error", err.reason, 0);
		return;
	}
	pl->state = PLAY_PACED;
	pl->session->paced[pl->leg] = pl;
}

/* Its frames are there. */
static void proceed(struct media *m, struct player *pl)
{
	if (pl->stopped)
		end_player(m, pl, stop_reason(pl), NULL, 0);
	else if (pl->session->paced[pl->leg] != NULL)
		pl->state = PLAY_WAITING;
	else
		start_pace(m, pl);
}

static struct player *waiting(struct media *m, const struct media_session *ms, unsigned int leg)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &m->players) {
		struct player *pl = tnd_container_of(pos, struct player, link);

		if (pl->state == PLAY_WAITING && pl->session == ms && pl->leg == leg)
			return pl;
	}
	return NULL;
}

static void tell_started(struct player *pl, enum session_fault f, const struct session_error *err)
{
	void (*started)(void *, enum session_fault, const struct session_error *) = pl->started;

	pl->started = NULL;
	if (started != NULL)
		started(pl->arg, f, err);
}

/* There is nothing to play: it never was one. */
static void fail_player(struct media *m, struct player *pl)
{
	struct session_error err;
	int rc = -pl->load.rc;

	if (pl->session->ended)
		media_fault(&err, SESSION_NOT_FOUND, "/id", "the session has ended");
	else if (rc == ENOENT)
		media_fault(&err, SESSION_BAD_PARAMS, "/file",
			    "there is no file of this name with one of the codecs");
	else if (rc == ENOMEM)
		media_fault(&err, SESSION_NO_MEMORY, "",
			    "no memory, or media.play_cache_bytes are in use");
	else
		media_fault(&err, SESSION_BAD_PARAMS, "/file", "%s", strerror(rc));
	tell_started(pl, err.fault, &err);
	free_player(m, pl);
}

/* What was played until now stops, within a period; this one then goes on. */
static void take_over(struct media *m, struct player *pl)
{
	struct media_session *ms = pl->session;
	struct session_error none = {.fault = SESSION_OK};

	pl->codec = pl->load.codec;
	m->stats.players++;
	m->stats.plays++;
	if (!pl->stopped) {
		ms->loading[pl->leg] = NULL;
		if (ms->player[pl->leg] != NULL)
			stop(m, ms->player[pl->leg]);
		ms->player[pl->leg] = pl;
	}
	tell_started(pl, SESSION_OK, &none);
}

void play_loaded(struct media *m, struct load *l)
{
	struct player *pl = tnd_container_of(l, struct player, load);

	if (!m->helper.running)
		return; /* play_free() does the rest */
	m->loading--;
	if (l->rc != 0 || pl->session->ended) {
		fail_player(m, pl);
		return;
	}
	pl->state = PLAY_WAITING;
	take_over(m, pl);
	proceed(m, pl);
}

static void paced_ended(struct media *m, struct player *pl, const char *reason, uint32_t packets)
{
	struct media_session *ms = pl->session;
	unsigned int leg = pl->leg;

	keep_voice(pl, m->h->loop.now_ms);
	ms->paced[leg] = NULL;
	/* Here until those that waited have been seen to. */
	ms->player_count++;
	end_player(m, pl, reason, NULL, packets);
	while (ms->paced[leg] == NULL && (pl = waiting(m, ms, leg)) != NULL)
		proceed(m, pl);
	ms->player_count--;
	media_session_put(m, ms);
}

void play_event(struct media *m, const struct flow_event *ev)
{
	static const char *const reasons[] = {[FLOW_PLAYED_END] = "end",
					      [FLOW_PLAYED_STOPPED] = "stopped",
					      [FLOW_PLAYED_GONE] = "session"};
	struct tnd_list *pos;

	tnd_list_for_each (pos, &m->players) {
		struct player *pl = tnd_container_of(pos, struct player, link);

		if (pl->id != ev->played.id || pl->state != PLAY_PACED)
			continue;
		paced_ended(m, pl, pl->session->ended ? "session" : reasons[ev->played.why],
			    ev->played.packets);
		return;
	}
}

void play_session_ended(struct media *m, struct media_session *ms)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		if (ms->loading[i] != NULL)
			stop(m, ms->loading[i]);
		if (ms->player[i] != NULL)
			stop(m, ms->player[i]);
	}
}

void media_forget_callers(struct media *m)
{
	struct tnd_list *pos;

	if (m == NULL)
		return;
	tnd_list_for_each (pos, &m->players)
		tnd_container_of(pos, struct player, link)->started = NULL;
}

void play_free(struct media *m)
{
	while (!tnd_list_empty(&m->players))
		free_player(m, tnd_container_of(m->players.next, struct player, link));
}

/* ---- what front ends ask for --------------------------------------------------------------- */

static enum session_fault make_player(struct media *m, struct media_session *ms,
				      const struct media_play *p, struct session_error *err)
{
	struct player *pl = NULL;
	const uint8_t *codec = p->codec;
	unsigned int count = p->codec_count;
	enum session_fault f;
	uint8_t heard;

	if (count == 0) {
		f = heard_type(m, ms, p->leg, &heard, err);
		if (f != SESSION_OK)
			return f;
		codec = &heard;
		count = 1;
	}
	if (m->loading >= MEDIA_LOADS_MAX)
		return media_fault(err, SESSION_LIMIT, "", "%u files are looked for already",
				   m->loading);
	pl = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*pl), 64));
	if (pl == NULL)
		return media_fault(err, SESSION_NO_MEMORY, "", "out of memory");
	memset(pl, 0, sizeof(*pl));
	pl->load.base = base_path(&m->h->config->media, p->file);
	if (pl->load.base == NULL) {
		free(pl);
		return media_fault(err, SESSION_NO_MEMORY, "", "out of memory");
	}
	memcpy(pl->load.type, codec, count);
	pl->load.type_count = (uint8_t)count;
	pl->load.mail.kind = MAIL_LOAD;
	pl->session = ms;
	pl->leg = (uint8_t)p->leg;
	pl->id = m->next_player++;
	pl->dp.repeats = p->repeats;
	pl->started = p->started;
	pl->arg = p->arg;
	snprintf(pl->file, sizeof(pl->file), "%s", p->file);
	/* Of several that are looked for, the latest is the one that is meant. */
	if (ms->loading[p->leg] != NULL)
		stop(m, ms->loading[p->leg]);
	ms->loading[p->leg] = pl;
	tnd_list_add_tail(&m->players, &pl->link);
	ms->player_count++;
	m->loading++;
	helper_tell(&m->helper, &pl->load.mail);
	return SESSION_OK;
}

enum session_fault media_play_start(struct media *m, const struct media_play *p,
				    struct session_error *err)
{
	struct media_session *ms;
	enum session_fault f;

	if (p->leg >= SESSION_LEGS)
		return media_fault(err, SESSION_BAD_PARAMS, "/leg", "legs are 0 and 1");
	if (p->repeats == 0 || p->repeats < -1)
		return media_fault(err, SESSION_BAD_PARAMS, "/repeats",
				   "1 or more times, or -1 for ever");
	f = check_file(&m->h->config->media, p->file, err);
	if (f != SESSION_OK)
		return f;
	ms = media_session_get(m, p->id, err);
	if (ms == NULL)
		return err->fault;
	f = make_player(m, ms, p, err);
	media_session_put(m, ms);
	return f;
}

enum session_fault media_play_stop(struct media *m, const char *id, unsigned int leg,
				   bool *was_playing, struct session_error *err)
{
	struct media_session *ms = media_session_find(m, id);
	struct player *pl;
	uint16_t generation;
	uint32_t flow_leg;

	if (leg >= SESSION_LEGS)
		return media_fault(err, SESSION_BAD_PARAMS, "/leg", "legs are 0 and 1");
	if (ms == NULL && !session_media_key(m->s, id, leg, &flow_leg, &generation))
		return media_fault(err, SESSION_NOT_FOUND, "/id", "no session of this id");
	if (was_playing != NULL)
		*was_playing = false;
	for (unsigned int i = 0; ms != NULL && i < 2; i++) {
		pl = i == 0 ? ms->loading[leg] : ms->player[leg];
		if (pl == NULL)
			continue;
		if (was_playing != NULL)
			*was_playing |= !pl->stopped;
		stop(m, pl);
	}
	return SESSION_OK;
}
