/* SPDX-License-Identifier: BSD-3-Clause */
/* Legs, for front ends that keep books of their own. */
#include "session_leg.h"

#include <errno.h>
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

/* ---- another port -------------------------------------------------------------------------- */

/* The leg as it is to be, with a port of its own. */
static enum session_fault take_port(struct sessions *s, const struct session *se, unsigned int leg,
				    uint16_t address, struct leg *l, struct session_error *err)
{
	const struct config_address *a = &s->h->config->addresses[address];
	uint16_t port = ports_take(&s->ports, address, se->worker);

	if (port == 0) /* the leg stays as it is */
		return session_fault_set(err, SESSION_NO_PORTS, "",
					 "no free port pair of worker %u left at address %s",
					 se->worker, a->name);
	l->port = port;
	if ((l->flags & LEG_REMOTE) && wire_ip_is4(&l->remote) != wire_ip_is4(&a->ip))
		leg_clear_remote(l);
	l->address = (uint8_t)address;
	leg_forget_learned(l);
	return SESSION_OK;
}

/* Nobody finds anything at the leg's old port any more; its cells go when no worker looks. */
static void leave_port(struct sessions *s, const struct leg *before)
{
	struct flow_tables *t = s->h->tables;
	struct retired old = {.session = SESSION_NONE};

	old.cell[0] = *flow_slot(t, before->address, before->port);
	old.cell[1] = old.cell[0] ? t->plan[old.cell[0]].rtcp_plan : 0;
	flow_publish(t, before->address, before->port, 0);
	if (before->rtcp == LEG_RTCP_NEXT)
		flow_publish(t, before->address, before->port + 1, 0);
	retire_push(s, &old);
	ports_give(&s->ports, before->address, before->port);
}

enum session_fault session_new_port(struct sessions *s, const char *id, unsigned int leg,
				    uint16_t address, struct session_answer *answer,
				    struct session_error *err)
{
	struct session *se = table_find(s, id);
	struct republish r = {.count = 0};
	struct leg before, *l;
	enum session_fault f;
	unsigned int at;
	int rc;

	if (se == NULL)
		return session_not_found(err);
	l = &se->leg[leg];
	before = *l;
	if ((l->flags | se->leg[1 - leg].flags) & (LEG_ICE | LEG_DTLS | LEG_BUNDLE | LEG_PORTLESS))
		return session_fault_set(err, SESSION_UNSUPPORTED, "",
					 "with ICE, DTLS or a bundle, and of tunnels, ports stay");
	if (retire_reserve(s, 2) != 0)
		return session_no_memory(err);
	f = take_port(s, se, leg, address, l, err);
	if (f != SESSION_OK)
		return f;
	rc = republish_make(s, se, &r, &at);
	if (rc != 0) {
		f = rc == -ENOMEM ? session_no_memory(err)
				  : session_publish_fault(s, se, rc, at, err);
		ports_give(&s->ports, l->address, l->port);
		*l = before;
		republish_undo(s, se);
		return f;
	}
	republish_swap(s, &r, NULL);
	leave_port(s, &before);
	se->generation++;
	s->updated++;
	answer->created = false;
	session_fill_answer(s, se, answer);
	return SESSION_OK;
}
