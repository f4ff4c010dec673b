/* SPDX-License-Identifier: BSD-3-Clause */
/* Legs, for front ends that keep books of their own. */
#include "session_leg.h"

#include <string.h>

#include "call.h"

static uint64_t lost_packets(const struct flow_rtp_stats *st, uint32_t received)
{
	uint32_t expected = flow_read(st->max_seq) - flow_read(st->base_seq) + 1;
	int32_t lost = (int32_t)(expected - received);

	return flow_read(st->prior_lost) + (uint64_t)(lost > 0 ? lost : 0);
}

static double fine_ms(const struct sessions *s, double fine)
{
	return fine * (1 << FLOW_FINE_SHIFT) / (double)s->h->loop.tsc_per_ms;
}

static void fill_watch(const struct sessions *s, uint32_t index, unsigned int leg,
		       struct session_leg_stats *out)
{
	const struct flow_media_rt *rt = &s->h->tables->media[SESSION_LEGS * index + leg].rt;
	uint32_t packets;

	if (!(s->table[index].leg[leg].flags & LEG_MEDIA) ||
	    flow_read(rt->generation) != s->table[index].incarnation)
		return;
	packets = flow_read(rt->watch.packets);
	out->longest_gap_ms = fine_ms(s, flow_read(rt->watch.longest));
	out->jitter_max_ms = fine_ms(s, flow_read(rt->watch.jitter_max16) / 16.0);
	if (packets != 0)
		out->jitter_mean_ms =
			fine_ms(s, (double)flow_read(rt->watch.jitter_sum16) / 16.0 / packets);
}

void session_leg_stats(const struct sessions *s, uint32_t index, unsigned int leg,
		       struct session_leg_stats *out)
{
	const struct flow_leg_rt *rt = &s->h->tables->leg[SESSION_LEGS * index + leg];
	const struct flow_rtp_stats *st = &rt->stats;
	uint64_t bytes = 0;

	memset(out, 0, sizeof(*out));
	out->rtp_packets = flow_read(rt->rtp.rx_packets);
	out->rtcp_packets = flow_read(rt->rtcp.rx_packets);
	out->rtp_unsent = flow_read(rt->rtp.unsent_packets);
	media_sent(s, &s->table[index], leg, &out->rtp_sent, &bytes);
	out->rtp_silent_ms = flow_silent_ms(s, &rt->rtp);
	out->malformed = flow_read(rt->drops[FLOW_DROP_rtp_malformed]);
	if (!flow_read(st->started))
		return;
	out->duplicate = flow_read(st->duplicate);
	out->received = out->rtp_packets - RTE_MIN(out->rtp_packets, out->duplicate);
	out->lost = lost_packets(st, flow_read(st->received));
	fill_watch(s, index, leg, out);
	out->jitter_ms = fine_ms(s, flow_read(st->jitter16) / 16.0);
}

enum session_fault session_index_of(struct sessions *s, const char *id, uint32_t *index,
				    struct session_error *err)
{
	const struct session *se = table_find(s, id);

	if (se == NULL)
		return session_not_found(err);
	*index = session_index(s, se);
	return SESSION_OK;
}

enum session_fault session_expire(struct sessions *s, const char *id, struct session_error *err)
{
	struct session *se = table_find(s, id);

	if (se == NULL)
		return session_not_found(err);
	if (session_end(s, se, END_TIMEOUT, NULL, NULL) != SESSION_OK)
		return session_no_memory(err);
	return SESSION_OK;
}
