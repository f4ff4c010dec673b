/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of a session, as JSON: session.get, final reports, events. */
#include <math.h>

#include "call.h"
#include "json.h"
#include "log.h"
#include "mos.h"

static const char *const latch_names[] = {"strict", "once", "follow", "host"};
static const char *const kind_names[] = {"rtp", "udp"};
static const char *const state_names[] = {"waiting", "one_way", "active"};

static const struct flow_leg_rt *leg_rt(const struct sessions *s, const struct session *se,
					unsigned int i)
{
	return &s->h->tables->leg[SESSION_LEGS * session_index(s, se) + i];
}

static bool heard(const struct flow_leg_rt *rt)
{
	return flow_read(rt->rtp.rx_packets) != 0 || flow_read(rt->rtcp.rx_packets) != 0;
}

enum session_state session_state(const struct sessions *s, const struct session *se)
{
	/* A tunnel's only far end is leg 0's. */
	unsigned int n = heard(leg_rt(s, se, 0)) + heard(leg_rt(s, se, is_tunnel(se) ? 0 : 1));

	return n == 0 ? SESSION_WAITING : n == 1 ? SESSION_ONE_WAY : SESSION_ACTIVE;
}

double session_age_s(const struct sessions *s, const struct session *se)
{
	return ((uint32_t)(s->h->loop.now_ms / 100) - se->created_ds) / 10.0;
}

void session_locals(const struct sessions *s, const struct session *se, unsigned int i,
		    struct session_endpoint *local, struct session_endpoint *rtcp)
{
	const struct leg *l = &se->leg[i];

	local->ip = s->h->config->addresses[l->address].advertise;
	local->port = l->port;
	*rtcp = *local;
	if (l->rtcp != LEG_RTCP_MUX)
		rtcp->port = l->rtcp == LEG_RTCP_NEXT ? l->port + 1 : 0;
}

void session_w_endpoint(struct tnd_buf *b, const char *key, const struct session_endpoint *e)
{
	char text[WIRE_IP_STRLEN];

	if (e->port == 0) {
		json_w_null(b, key);
		return;
	}
	json_w_open(b, key, '{');
	json_w_string(b, "ip", wire_ip_format(&e->ip, text));
	json_w_uint(b, "port", e->port);
	json_w_close(b, '}');
}

/* RFC 3550 A.3, over all SSRCs; what came twice or too early never makes it negative. */
static uint64_t lost_packets(const struct flow_rtp_stats *st)
{
	uint32_t expected = flow_read(st->max_seq) - flow_read(st->base_seq) + 1;
	int32_t lost = (int32_t)(expected - flow_read(st->received));
	uint64_t prior = flow_read(st->prior_lost);

	return flow_read(st->started) && lost > 0 ? prior + (uint32_t)lost : prior;
}

static double jitter_ms(const struct sessions *s, const struct flow_rtp_stats *st)
{
	double units = flow_read(st->jitter16) / 16.0;

	return units * (1 << FLOW_FINE_SHIFT) / (double)s->h->loop.tsc_per_ms;
}

/* Of what came in on one leg; NAN if no RTP did. */
static double leg_mos(const struct sessions *s, const struct flow_leg_rt *rt)
{
	const struct flow_rtp_stats *st = &rt->stats;
	uint64_t lost = lost_packets(st), got = flow_read(rt->rtp.rx_packets);

	if (!flow_read(st->started))
		return NAN;
	got -= RTE_MIN(got, flow_read(st->duplicate));
	return mos_from_r(mos_r(flow_read(st->payload_type),
				lost ? 100.0 * (double)lost / (double)(lost + got) : 0,
				jitter_ms(s, st)));
}

static const char *leg_state(const struct leg *l, const struct flow_leg_rt *rt)
{
	if (l->flags & LEG_HOLD)
		return "hold";
	if (heard(rt))
		return "active";
	return l->flags & (LEG_REMOTE | LEG_LEARNED) ? "waiting" : "no_remote";
}

static void write_rx(const struct sessions *s, const struct flow_leg_rt *rt, struct tnd_buf *b)
{
	const struct flow_rtp_stats *st = &rt->stats;
	uint64_t silent = RTE_MIN(flow_silent_ms(s, &rt->rtp), flow_silent_ms(s, &rt->rtcp));

	json_w_open(b, "rx", '{');
	json_w_uint(b, "packets", flow_read(rt->rtp.rx_packets) + flow_read(rt->rtcp.rx_packets));
	json_w_uint(b, "bytes", flow_read(rt->rtp.rx_bytes) + flow_read(rt->rtcp.rx_bytes));
	json_w_uint(b, "lost", lost_packets(st));
	json_w_uint(b, "duplicate", flow_read(st->duplicate));
	json_w_uint(b, "reordered", flow_read(st->reordered));
	json_w_double(b, "jitter_ms", jitter_ms(s, st), 3);
	if (flow_read(st->started)) {
		json_w_uint(b, "ssrc", flow_read(st->ssrc));
		json_w_uint(b, "payload_type", flow_read(st->payload_type));
	} else {
		json_w_null(b, "ssrc");
		json_w_null(b, "payload_type");
	}
	if (silent == UINT64_MAX)
		json_w_null(b, "last_ms");
	else
		json_w_uint(b, "last_ms", silent);
	json_w_close(b, '}');
}

/*
 * What leg i was sent is what the other leg's flows accepted, less what they kept, and what was
 * made here.
 */
static void write_tx(const struct sessions *s, const struct session *se, unsigned int i,
		     struct tnd_buf *b)
{
	const struct flow_leg_rt *other = leg_rt(s, se, 1 - i);
	uint64_t packets = flow_read(other->rtp.rx_packets) - flow_read(other->rtp.unsent_packets) +
			   flow_read(other->rtcp.rx_packets) -
			   flow_read(other->rtcp.unsent_packets);
	uint64_t bytes = flow_read(other->rtp.rx_bytes) - flow_read(other->rtp.unsent_bytes) +
			 flow_read(other->rtcp.rx_bytes) - flow_read(other->rtcp.unsent_bytes);

	media_sent(s, se, 1 - i, &packets, &bytes);
	json_w_open(b, "tx", '{');
	json_w_uint(b, "packets", packets);
	json_w_uint(b, "bytes", bytes);
	json_w_close(b, '}');
}

static void write_drops(const struct flow_leg_rt *rt, struct tnd_buf *b)
{
	json_w_open(b, "drops", '{');
	for (unsigned int d = 0; d < FLOW_LEG_DROPS; d++) {
		uint32_t n = flow_read(rt->drops[d]);

		if (n != 0)
			json_w_uint(b, flow_drop_name(d), n);
	}
	json_w_close(b, '}');
}

static void write_leg(const struct sessions *s, const struct session *se, unsigned int i,
		      struct tnd_buf *b)
{
	const struct leg *l = &se->leg[i];
	const struct flow_leg_rt *rt = leg_rt(s, se, i);
	struct session_endpoint local, rtcp;
	const struct session_endpoint remote = {.ip = l->remote,
						.port = l->flags & LEG_REMOTE ? l->remote_port : 0};
	const struct session_endpoint learned = {
		.ip = l->learned, .port = l->flags & LEG_LEARNED ? l->learned_port : 0};

	session_locals(s, se, i, &local, &rtcp);
	json_w_open(b, NULL, '{');
	if (!(l->flags & LEG_INNER))
		json_w_string(b, "address", s->h->config->addresses[l->address].name);
	session_w_endpoint(b, "local", &local);
	session_w_endpoint(b, "rtcp", &rtcp);
	session_w_endpoint(b, "remote", &remote);
	session_w_endpoint(b, "learned", &learned);
	json_w_string(b, "latch", latch_names[l->latch]);
	json_w_bool(b, "latched", (l->flags & LEG_LEARNED) != 0);
	json_w_string(b, "state", leg_state(l, rt));
	json_w_string(b, "kind", kind_names[l->flags & LEG_UDP ? LEG_KIND_UDP : LEG_KIND_RTP]);
	if (l->dscp == SESSION_DSCP_KEEP)
		json_w_null(b, "dscp");
	else
		json_w_uint(b, "dscp", l->dscp);
	json_w_bool(b, "hold", (l->flags & LEG_HOLD) != 0);
	json_w_bool(b, "feedback", !(l->flags & LEG_NO_FEEDBACK));
	secure_write(s, se, i, b);
	if (l->flags & LEG_ICE)
		ice_write(transport_head(s, se, i), b);
	if (l->flags & LEG_INNER)
		inner_write(s, se, b);
	if (l->flags & (LEG_BUNDLE | LEG_BUNDLED))
		bundle_write(transport_of(s, se, i), b);
	write_rx(s, rt, b);
	write_tx(s, se, i, b);
	write_drops(rt, b);
	json_w_close(b, '}');
}

void session_write(const struct sessions *s, const struct session *se, struct tnd_buf *b,
		   const char *key)
{
	double mos = fmin(leg_mos(s, leg_rt(s, se, 0)), leg_mos(s, leg_rt(s, se, 1)));
	bool both_udp = se->leg[0].flags & se->leg[1].flags & LEG_UDP;

	json_w_open(b, key, '{');
	json_w_string(b, "id", session_id(se));
	json_w_uint(b, "generation", se->generation);
	json_w_string(b, "state", state_names[session_state(s, se)]);
	json_w_string(b, "kind", kind_names[both_udp ? LEG_KIND_UDP : LEG_KIND_RTP]);
	json_w_double(b, "age_s", session_age_s(s, se), 1);
	json_w_uint(b, "idle_timeout_s", se->idle_timeout_s);
	json_w_uint(b, "worker", se->worker);
	if (isnan(mos) || is_tunnel(se))
		json_w_null(b, "mos");
	else
		json_w_double(b, "mos", mos, 2);
	json_w_open(b, "legs", '[');
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		write_leg(s, se, i, b);
	json_w_close(b, ']');
	json_w_close(b, '}');
}

void session_notify(struct sessions *s, const char *type, struct tnd_buf *b)
{
	json_w_close(b, '}');
	tnd_buf_addc(b, '\0');
	if (b->oom)
		tnd_err("call", "no memory for event %s", type);
	else if (s->h->notify != NULL)
		s->h->notify(s->h->notify_arg, type, b->data);
}
