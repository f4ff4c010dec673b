/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings of legs whose media is more than relayed: in flow_media, and by plans that say that
 * workers look there.
 *
 * A leg's flow_media is first written before a plan says so, and wiped when the session has ended
 * for the workers too. In between settings change in place; what plans say changes by new plans.
 */
#include "session_media.h"

#include <errno.h>
#include <string.h>

#include "call.h"

static struct flow_media *media_of(const struct sessions *s, const struct session *se,
				   unsigned int i)
{
	return &s->h->tables->media[SESSION_LEGS * session_index(s, se) + i];
}

static bool has_media(const struct session *se)
{
	return se->leg[0].flags & LEG_MEDIA;
}

static void store_codecs(struct flow_media *m, const struct session_codec *codec, unsigned int n)
{
	uint8_t want[sizeof(m->codec)];

	for (unsigned int t = 0; t < sizeof(want); t++)
		want[t] = (uint8_t)flow_codec_static((uint8_t)t);
	for (unsigned int i = 0; i < n; i++)
		want[codec[i].payload_type] = codec[i].codec;
	for (unsigned int t = 0; t < sizeof(want); t++)
		__atomic_store_n(&m->codec[t], want[t], __ATOMIC_RELAXED);
}

static void store_muted(struct flow_media *m)
{
	__atomic_store_n(&m->muted, m->mute || m->players > 0, __ATOMIC_RELAXED);
}

/*
 * SRTP that passed untouched is opened and sealed from now on. What comes in the worker finds out,
 * but what it seals it would number anew, from rollover counter 0 on, while the far end is further:
 * the call would go deaf. Told by how far the sequence numbers have come since the first was seen.
 */
static enum session_fault check_rollover(const struct sessions *s, const struct session *se,
					 struct session_error *err)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct flow_rtp_stats *st =
			&s->h->tables->leg[SESSION_LEGS * session_index(s, se) + i].stats;

		if (!legs_untouched(&se->leg[i], &se->leg[1 - i]) || !flow_read(st->started) ||
		    flow_read(st->max_seq) >> 16 == flow_read(st->base_seq) >> 16)
			continue;
		return session_fault_set(err, SESSION_UNSUPPORTED, "",
					 "SRTP passes untouched, and the numbers of leg %u have "
					 "wrapped: begin earlier, or give both legs keys of their "
					 "own",
					 i);
	}
	return SESSION_OK;
}

/* New plans, with these in leg i's. On a fault nothing has changed. */
static enum session_fault publish_extra(struct sessions *s, struct session *se, unsigned int i,
					uint8_t extra, struct session_error *err)
{
	struct flow_media *m = media_of(s, se, i);
	bool had_media = has_media(se);
	uint8_t before = m->extra;
	enum session_fault f;
	struct republish r;
	unsigned int leg;
	int rc;

	if (had_media && extra == before)
		return SESSION_OK;
	f = check_rollover(s, se, err);
	if (f != SESSION_OK)
		return f;
	for (unsigned int l = 0; l < SESSION_LEGS && !had_media; l++) {
		store_codecs(media_of(s, se, l), NULL, 0);
		se->leg[l].flags |= LEG_MEDIA;
	}
	m->extra = extra;
	rc = republish_make(s, se, &r, &leg);
	if (rc == 0) {
		republish_swap(s, &r, NULL);
		return SESSION_OK;
	}
	m->extra = before;
	for (unsigned int l = 0; l < SESSION_LEGS && !had_media; l++)
		se->leg[l].flags &= (uint16_t)~LEG_MEDIA;
	republish_undo(s, se);
	f = rc == -ENOMEM ? session_no_memory(err) : session_publish_fault(s, se, rc, leg, err);
	return f;
}

static enum session_fault find(struct sessions *s, const char *id, unsigned int leg,
			       struct session **se, struct session_error *err)
{
	*se = table_find(s, id);
	if (*se == NULL)
		return session_not_found(err);
	if (leg >= SESSION_LEGS)
		return session_fault_set(err, SESSION_BAD_PARAMS, "/leg", "legs are 0 and 1");
	if (is_tunnel(*se))
		return session_fault_set(err, SESSION_UNSUPPORTED, "/id",
					 "it is a tunnel: there is no media in it");
	return SESSION_OK;
}

static enum session_fault check(const struct session_media *m, struct session_error *err)
{
	if (m->set_resize && m->resize_ms > FLOW_RESIZE_MAX_MS)
		return session_fault_set(err, SESSION_BAD_PARAMS, "/resize_ms", "at most %u ms",
					 FLOW_RESIZE_MAX_MS);
	for (unsigned int i = 0; m->set_codecs && i < m->codec_count; i++)
		if (m->codec[i].payload_type > 127 || m->codec[i].codec >= FLOW_CODECS)
			return session_fault_set(err, SESSION_BAD_PARAMS, "/codec",
						 "no such payload type or codec");
	return SESSION_OK;
}

static uint8_t with(uint8_t extra, bool set, bool on, enum flow_plan_extra bit)
{
	if (!set)
		return extra;
	return (uint8_t)(on ? extra | bit : extra & ~bit);
}

enum session_fault session_media_set(struct sessions *s, const char *id, unsigned int leg,
				     const struct session_media *m, struct session_error *err)
{
	struct flow_media *fm;
	struct session *se;
	enum session_fault f = find(s, id, leg, &se, err);
	uint8_t extra;

	if (f == SESSION_OK)
		f = check(m, err);
	if (f != SESSION_OK)
		return f;
	fm = media_of(s, se, leg);
	extra = has_media(se) ? fm->extra : 0;
	extra = with(extra, m->set_copy, m->copy, FLOW_EXTRA_COPY);
	extra = with(extra, m->set_twice, m->twice, FLOW_EXTRA_TWICE);
	extra = with(extra, m->set_watch, m->watch, FLOW_EXTRA_WATCH);
	extra = with(extra, m->set_dtmf, m->dtmf, FLOW_EXTRA_DTMF);
	extra |= m->set_resize && m->resize_ms ? FLOW_EXTRA_RESIZE : 0;
	extra |= m->set_mute && m->mute ? FLOW_EXTRA_MUTE : 0;
	f = publish_extra(s, se, leg, extra, err);
	if (f != SESSION_OK)
		return f;
	if (m->set_codecs)
		store_codecs(fm, m->codec, m->codec_count);
	if (m->set_twice)
		__atomic_store_n(&fm->twice_below, m->twice_below, __ATOMIC_RELAXED);
	if (m->set_resize)
		__atomic_store_n(&fm->resize_ms, m->resize_ms, __ATOMIC_RELAXED);
	if (m->set_mute)
		fm->mute = m->mute;
	store_muted(fm);
	return SESSION_OK;
}

enum session_fault session_play_start(struct sessions *s, const char *id, unsigned int leg,
				      struct dp_player *p, struct session_error *err)
{
	struct flow_media *from;
	struct session *se;
	enum session_fault f = find(s, id, leg, &se, err);
	int rc;

	if (f != SESSION_OK)
		return f;
	from = media_of(s, se, 1 - leg);
	if (has_media(se) && from->players == UINT8_MAX)
		return session_fault_set(err, SESSION_LIMIT, "", "too many players of one leg");
	f = publish_extra(s, se, 1 - leg, (has_media(se) ? from->extra : 0) | FLOW_EXTRA_MUTE, err);
	if (f != SESSION_OK)
		return f;
	p->leg = SESSION_LEGS * session_index(s, se) + leg;
	p->generation = se->incarnation;
	rc = dp_pace_start(s->h->dp, se->worker, p);
	if (rc == -EINVAL)
		return session_fault_set(err, SESSION_BAD_PARAMS, "", "impossible frames");
	if (rc != 0)
		return session_fault_set(err, SESSION_LIMIT, "", "%u players run already",
					 DP_PLAYERS);
	from->players++;
	store_muted(from);
	return SESSION_OK;
}

/* Of the running session that a leg was of; NULL: it has ended. */
static struct flow_media *media_before(struct sessions *s, uint32_t leg, uint16_t generation)
{
	uint32_t i = leg / SESSION_LEGS;
	const struct session *se = i < s->limit ? &s->table[i] : NULL;

	if (se == NULL || se->life != LIFE_RUNNING || se->incarnation != generation)
		return NULL;
	return media_of(s, se, 1 - leg % SESSION_LEGS);
}

void session_play_stop(struct sessions *s, struct dp_player *p)
{
	struct flow_media *from = media_before(s, p->leg, p->generation);

	dp_pace_stop(p);
	if (from != NULL && from->players == 1)
		__atomic_store_n(&from->muted, from->mute, __ATOMIC_RELEASE);
}

bool session_media_key(struct sessions *s, const char *id, unsigned int leg, uint32_t *flow_leg,
		       uint16_t *generation)
{
	const struct session *se = table_find(s, id);

	if (se == NULL || leg >= SESSION_LEGS || is_tunnel(se))
		return false;
	*flow_leg = SESSION_LEGS * session_index(s, se) + leg;
	*generation = se->incarnation;
	return true;
}

void media_publish(const struct sessions *s, const struct session *se, const struct plans *plans)
{
	for (unsigned int i = 0; i < SESSION_LEGS && has_media(se); i++)
		__atomic_store_n(&media_of(s, se, i)->plan, plans->cell[i][0], __ATOMIC_RELEASE);
}

void media_played(struct sessions *s, const struct flow_event *ev)
{
	struct flow_media *from = media_before(s, ev->leg, ev->generation);

	if (from == NULL)
		return;
	from->players--;
	store_muted(from);
}

void media_sent(const struct sessions *s, const struct session *se, unsigned int i,
		uint64_t *packets, uint64_t *bytes)
{
	const struct flow_media_rt *rt = &media_of(s, se, i)->rt;

	if (!has_media(se) || flow_read(rt->generation) != se->incarnation)
		return;
	*packets += flow_read(rt->sent_packets);
	*bytes += flow_read(rt->sent_bytes);
}

void media_end(const struct sessions *s, const struct session *se)
{
	for (unsigned int i = 0; i < SESSION_LEGS && has_media(se); i++)
		memset(media_of(s, se, i), 0, sizeof(struct flow_media));
}
