/* SPDX-License-Identifier: BSD-3-Clause */
/* Q, G and I: numbers in rtpproxy's words. */
#include <string.h>

#include "compat_private.h"
#include "dataplane.h"
#include "session_media.h"

/* ---- a session ----------------------------------------------------------------------------- */

struct session_numbers {
	struct session_leg_stats a, o; /* of who is asked for; of the other side */
	uint32_t ttl;
	uint64_t relayed, dropped;
};

static void get_session(struct compat *c, const struct entry *e, unsigned int leg,
			struct session_numbers *n)
{
	session_leg_stats(c->s, e->index, leg, &n->a);
	session_leg_stats(c->s, e->index, 1 - leg, &n->o);
	n->ttl = ttl_left_s(c, e);
	n->dropped = n->a.rtp_unsent + n->o.rtp_unsent;
	n->relayed =
		n->a.rtp_packets + n->o.rtp_packets - n->dropped + n->a.rtp_sent + n->o.rtp_sent;
}

enum stat_kind { STAT_COUNT, STAT_REAL };

struct stat {
	const char *name;
	enum stat_kind kind;
	uint64_t count;
	double real;
};

/* In the order of RTPPROXY's own list; the first five are what Q tells unasked. */
static unsigned int list_session(const struct session_numbers *n, struct stat out[])
{
	const struct session_leg_stats *a = &n->a;
	const struct stat all[RTPP_QUERY_STATS] = {
		{"ttl", STAT_COUNT, n->ttl, 0},
		{"npkts_ina", STAT_COUNT, a->rtp_packets, 0},
		{"npkts_ino", STAT_COUNT, n->o.rtp_packets, 0},
		{"nrelayed", STAT_COUNT, n->relayed, 0},
		{"ndropped", STAT_COUNT, n->dropped, 0},
		{"rtpa_nsent", STAT_COUNT, a->received + a->lost, 0},
		{"rtpa_nrcvd", STAT_COUNT, a->received, 0},
		{"rtpa_ndups", STAT_COUNT, a->duplicate, 0},
		{"rtpa_nlost", STAT_COUNT, a->lost, 0},
		{"rtpa_perrs", STAT_COUNT, a->malformed, 0},
		{"longest_ipi", STAT_REAL, 0, a->longest_gap_ms / 1000},
		{"rtpa_jlast", STAT_REAL, 0, a->jitter_ms},
		{"rtpa_jmax", STAT_REAL, 0, a->jitter_max_ms},
		{"rtpa_javg", STAT_REAL, 0, a->jitter_mean_ms},
	};

	memcpy(out, all, sizeof(all));
	return RTPP_QUERY_STATS;
}

static void write_stat(const struct stat *s, bool first, bool verbose, struct rtpp_reply *r)
{
	if (!first)
		rtpp_reply_add(r, " ");
	if (verbose)
		rtpp_reply_add(r, "%s=", s->name);
	if (s->kind == STAT_REAL)
		rtpp_reply_add(r, "%f", s->real);
	else
		rtpp_reply_add(r, "%llu", (unsigned long long)s->count);
}

/* Those asked for, in the order of their asking. False: there is one that nobody knows. */
static bool write_asked(const struct rtpp_command *cmd, const struct stat *all, unsigned int count,
			struct rtpp_reply *r)
{
	for (unsigned int i = 0; i < cmd->stat_count; i++) {
		unsigned int k = 0;

		while (k < count && !rtpp_str_is(&cmd->arg[cmd->stat_first + i], all[k].name))
			k++;
		if (k == count)
			return false;
		write_stat(&all[k], i == 0, cmd->verbose, r);
	}
	return true;
}

/* What is only kept of those that it was once asked of. */
static void watch(struct compat *c, const struct rtpp_command *cmd, const struct entry *e,
		  unsigned int leg)
{
	static const char *const names[] = {"longest_ipi", "rtpa_jmax", "rtpa_javg"};
	const struct session_media m = {.set_watch = true, .watch = true};
	struct session_error err;

	for (unsigned int i = 0; i < cmd->stat_count; i++)
		for (unsigned int k = 0; k < RTE_DIM(names); k++)
			if (rtpp_str_is(&cmd->arg[cmd->stat_first + i], names[k])) {
				session_media_set(c->s, e->id, leg, &m, &err);
				return;
			}
}

void query_session(struct compat *c, const struct rtpp_command *cmd, const struct entry *e,
		   unsigned int leg, struct rtpp_reply *r)
{
	struct stat all[RTPP_QUERY_STATS];
	struct session_numbers n;
	unsigned int count;

	watch(c, cmd, e, leg);
	get_session(c, e, leg, &n);
	count = list_session(&n, all);
	for (unsigned int i = 0; cmd->stat_count == 0 && i < 5; i++)
		write_stat(&all[i], i == 0, cmd->verbose, r);
	if (!write_asked(cmd, all, count, r))
		rtpp_reply_error(r, RTPP_E_QUERY_NAME);
	else if (r->full)
		rtpp_reply_error(r, RTPP_E_QUERY_BIG);
}

/* ---- all of them --------------------------------------------------------------------------- */

struct totals {
	uint64_t received, relayed, played, resize_in, resize_out, resize_late, dropped;
};

static void get_totals(const struct compat *c, struct totals *t)
{
	struct dp_worker_stats st;

	memset(t, 0, sizeof(*t));
	for (uint16_t w = 0; c->h->dp != NULL && w < c->h->tables->worker_count; w++) {
		dp_worker_stats(c->h->dp, w, &st);
		t->received += st.counter[DP_rx_packets];
		t->relayed += st.counter[DP_relayed] - st.counter[DP_played];
		t->played += st.counter[DP_played];
		t->resize_in += st.counter[DP_resize_in];
		t->resize_out += st.counter[DP_resize_out];
		t->resize_late += st.drops[FLOW_DROP_resize_late];
		for (unsigned int d = 0; d < FLOW_DROP_COUNT; d++)
			t->dropped += st.drops[d];
	}
}

uint64_t query_packets_in(const struct compat *c)
{
	struct totals t;

	get_totals(c, &t);
	return t.received;
}

static void media_numbers(const struct compat *c, struct media_stats *m)
{
	memset(m, 0, sizeof(*m));
	if (c->media != NULL)
		media_stats(c->media, m);
}

void query_totals(struct compat *c, const struct rtpp_command *cmd, struct rtpp_reply *r)
{
	const struct compat_counters *n = &c->n;
	struct media_stats m;
	struct totals t;

	get_totals(c, &t);
	media_numbers(c, &m);

	const struct stat all[] = {
		{"nsess_created", STAT_COUNT, n->nsess_created, 0},
		{"nsess_destroyed", STAT_COUNT, n->nsess_destroyed, 0},
		{"nsess_timeout", STAT_COUNT, n->nsess_timeout, 0},
		{"nsess_complete", STAT_COUNT, n->nsess_complete, 0},
		{"nsess_nortp", STAT_COUNT, n->nsess_nortp, 0},
		{"nsess_owrtp", STAT_COUNT, n->nsess_owrtp, 0},
		{"nsess_nortcp", STAT_COUNT, n->nsess_nortcp, 0},
		{"nsess_owrtcp", STAT_COUNT, n->nsess_owrtcp, 0},
		{"nplrs_created", STAT_COUNT, m.plays, 0},
		{"nplrs_destroyed", STAT_COUNT, m.plays - m.players, 0},
		{"npkts_rcvd", STAT_COUNT, t.received, 0},
		{"npkts_played", STAT_COUNT, t.played, 0},
		{"npkts_relayed", STAT_COUNT, t.relayed, 0},
		{"npkts_resizer_in", STAT_COUNT, t.resize_in, 0},
		{"npkts_resizer_out", STAT_COUNT, t.resize_out, 0},
		{"npkts_resizer_discard", STAT_COUNT, t.resize_late, 0},
		{"npkts_discard", STAT_COUNT, t.dropped, 0},
		{"total_duration", STAT_REAL, 0, n->total_duration_s},
		{"ncmds_rcvd", STAT_COUNT, n->ncmds_rcvd, 0},
		{"ncmds_rcvd_ndups", STAT_COUNT, n->ncmds_rcvd_ndups, 0},
		{"ncmds_succd", STAT_COUNT, n->ncmds_succd, 0},
		{"ncmds_errs", STAT_COUNT, n->ncmds_errs, 0},
		{"ncmds_repld", STAT_COUNT, n->ncmds_repld, 0},
		{"rtpa_nsent", STAT_COUNT, n->rtpa_nsent, 0},
		{"rtpa_nrcvd", STAT_COUNT, n->rtpa_nrcvd, 0},
		{"rtpa_ndups", STAT_COUNT, n->rtpa_ndups, 0},
		{"rtpa_nlost", STAT_COUNT, n->rtpa_nlost, 0},
		{"rtpa_perrs", STAT_COUNT, n->rtpa_perrs, 0},
		{"pps_in", STAT_REAL, 0, c->pps_in},
	};

	if (!write_asked(cmd, all, RTE_DIM(all), r))
		rtpp_reply_error(r, RTPP_E_STATS_NAME);
	else if (r->full)
		rtpp_reply_error(r, RTPP_E_STATS_BIG);
}

void query_info(struct compat *c, const struct rtpp_command *cmd, struct rtpp_reply *r)
{
	struct totals t;

	get_totals(c, &t);
	rtpp_reply_add(r, "sessions created: %llu\nactive sessions: %u\nactive streams: %u\n",
		       (unsigned long long)c->n.nsess_created, c->book.count,
		       SESSION_LEGS * c->book.count);
	rtpp_reply_add(r, "packets received: %llu\npackets transmitted: %llu",
		       (unsigned long long)t.received, (unsigned long long)(t.relayed + t.played));
	if (cmd->load)
		rtpp_reply_add(r, "\naverage load: %f", c->load);
}
