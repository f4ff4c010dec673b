/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of a tunnel, but secrets. */
#include <stdio.h>
#include <string.h>

#include "session_inner.h"
#include "session_leg.h"
#include "tunnel_private.h"

static void write_count(struct tnd_buf *b, const char *key, uint64_t packets, uint64_t bytes)
{
	json_w_open(b, key, '{');
	json_w_uint(b, "packets", packets);
	json_w_uint(b, "bytes", bytes);
	json_w_close(b, '}');
}

/* Packets around and inside: received from the far end, sent to it. */
static void write_counts(const struct tunnel *tn, const struct flow_tunnel_rt *rt,
			 struct tnd_buf *b)
{
	const struct flow_leg_rt *leg = &tn->t->h->tables->leg[SESSION_LEGS * tn->index];
	bool on = rt != NULL;

	json_w_open(b, "inner", '{');
	write_count(b, "rx", on ? flow_read(rt->in_packets) : 0, on ? flow_read(rt->in_bytes) : 0);
	write_count(b, "tx", on ? flow_read(rt->out_packets) : 0,
		    on ? flow_read(rt->out_bytes) : 0);
	json_w_uint(b, "fragments",
		    on ? flow_read(rt->in_fragments) + flow_read(rt->out_fragments) : 0);
	json_w_close(b, '}');
	json_w_open(b, "outer", '{');
	write_count(b, "rx", flow_read(leg[0].rtp.rx_packets), flow_read(leg[0].rtp.rx_bytes));
	write_count(b, "tx",
		    flow_read(leg[1].rtp.rx_packets) - flow_read(leg[1].rtp.unsent_packets),
		    flow_read(leg[1].rtp.rx_bytes) - flow_read(leg[1].rtp.unsent_bytes));
	json_w_close(b, '}');
	json_w_open(b, "keepalives", '{');
	json_w_uint(b, "rx", on ? flow_read(rt->keepalives_in) : 0);
	json_w_uint(b, "tx", on ? flow_read(rt->keepalives_out) : 0);
	json_w_close(b, '}');
}

static void write_drops(const struct tunnel *tn, const struct flow_tunnel_rt *rt, struct tnd_buf *b)
{
	const struct flow_leg_rt *leg = &tn->t->h->tables->leg[SESSION_LEGS * tn->index];

	json_w_open(b, "drops", '{');
	for (unsigned int d = 0; d < FLOW_LEG_DROPS; d++) {
		uint64_t n = (uint64_t)flow_read(leg[0].drops[d]) + flow_read(leg[1].drops[d]);

		if (n != 0)
			json_w_uint(b, flow_drop_name((enum flow_drop)d), n);
	}
	for (unsigned int d = 0; rt != NULL && d < FLOW_TUNNEL_DROPS; d++) {
		uint32_t n = flow_read(rt->drops[d]);

		if (n != 0)
			json_w_uint(b, flow_drop_name((enum flow_drop)(FLOW_LEG_DROPS + d)), n);
	}
	json_w_close(b, '}');
}

static void write_ms(struct tnd_buf *b, const char *key, uint64_t ms, uint64_t none)
{
	if (ms == none)
		json_w_null(b, key);
	else
		json_w_uint(b, key, ms);
}

static void write_head(const struct tunnel *tn, struct tnd_buf *b)
{
	static const char *const modes[] = {"client", "server"};
	const struct host *h = tn->t->h;

	json_w_string(b, "id", tn->id);
	json_w_string(b, "state", tn->up ? "up" : tn->pending != NULL ? "offered" : "waiting");
	json_w_string(b, "mode", modes[tn->mode]);
	if (tn->user[0] != '\0')
		json_w_string(b, "user", tn->user);
	else
		json_w_null(b, "user");
	json_w_string(b, "interface", h->config->interfaces[tn->interface].name);
	json_w_double(b, "age_s", (double)(h->loop.now_ms - tn->created_ms) / 1000, 1);
	if (tn->up)
		json_w_double(b, "up_s", (double)(h->loop.now_ms - tn->since_ms) / 1000, 1);
	else
		json_w_null(b, "up_s");
}

static void write_networks(const struct tunnel *tn, struct tnd_buf *b)
{
	char text[NET_PREFIX_STRLEN];

	json_w_open(b, "networks", '[');
	for (unsigned int i = 0; i < tn->prefix_count; i++)
		json_w_string(b, NULL, net_prefix_format(&tn->prefix[i], text));
	json_w_close(b, ']');
	if (tn->info != NULL)
		netinfo_write(b, "network_info", tn->info);
}

static void write_counters(const struct tunnel *tn, const struct session_inner *inner,
			   struct tnd_buf *b)
{
	json_w_uint(b, "mtu", inner->mtu);
	write_ms(b, "heard_ms", inner->silent_ms, UINT64_MAX);
	write_ms(b, "rtt_ms", inner->rtt_ms, UINT32_MAX);
	write_counts(tn, inner->rt, b);
	write_drops(tn, inner->rt, b);
}

enum session_fault tunnel_counters(struct tunnels *t, const char *id, struct tnd_buf *b,
				   struct session_error *err)
{
	const struct tunnel *tn = tunnel_by_id(t, id);
	struct session_inner inner;
	enum session_fault f;

	if (tn == NULL)
		return tunnel_not_found(err);
	f = session_inner_get(t->sessions, id, &inner, err);
	if (f == SESSION_OK)
		write_counters(tn, &inner, b);
	return f;
}

enum session_fault tunnel_report(struct tunnels *t, const char *id, struct tnd_buf *b,
				 const char *key, struct session_error *err)
{
	const struct tunnel *tn = tunnel_by_id(t, id);
	struct session_endpoint local;
	struct session_inner inner;
	enum session_fault f;

	if (tn == NULL)
		return tunnel_not_found(err);
	f = session_inner_get(t->sessions, id, &inner, err);
	if (f != SESSION_OK)
		return f;
	session_leg_local(t->sessions, id, 0, &local);
	json_w_open(b, key, '{');
	write_head(tn, b);
	session_w_endpoint(b, "local", &local);
	session_w_endpoint(b, "remote", &inner.remote);
	json_w_bool(b, "encrypted", inner.has_keys);
	json_w_uint(b, "worker", inner.worker);
	json_w_uint(b, "overhead", inner.overhead);
	json_w_uint(b, "payload_type", tn->inner.payload_type);
	json_w_uint(b, "liveness_s", tn->liveness_s);
	json_w_uint(b, "roamed", tn->roamed);
	write_networks(tn, b);
	write_counters(tn, &inner, b);
	json_w_close(b, '}');
	return SESSION_OK;
}
