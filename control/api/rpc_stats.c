/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.get: every counter there is, by name. */
#include <stdio.h>
#include <string.h>

#include "dial.h"
#include "dtls.h"
#include "media.h"
#include "rpc.h"
#include "tunnel.h"
#include "server.h"

struct writer {
	struct tnd_buf *b;
	const struct api_stats_get *filter;
};

static bool wanted(const struct api_stats_get *p, const char *name)
{
	const char *const *names = p->names.items;

	if (!p->has_names)
		return true;
	for (size_t i = 0; i < p->names.count; i++) {
		size_t len = strlen(names[i]);

		if (names[i][len - 1] == '.' ? strncmp(name, names[i], len) == 0
					     : strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* JSON's numbers end at 2^53 (RFC 8259 §6): counters of cycles wrap there, after weeks. */
#define COUNTER_MASK ((UINT64_C(1) << 53) - 1)

static void put(struct writer *w, const char *group, const char *name, uint64_t value)
{
	char full[96];

	snprintf(full, sizeof(full), "%s.%s", group, name);
	if (wanted(w->filter, full))
		json_w_uint(w->b, full, value & COUNTER_MASK);
}

static void put_workers(struct writer *w, const struct host *h)
{
	uint64_t counter[DP_COUNTER_COUNT] = {0}, drops[FLOW_DROP_COUNT] = {0};

	for (uint16_t i = 0; h->dp != NULL && i < h->tables->worker_count; i++) {
		struct dp_worker_stats st;

		dp_worker_stats(h->dp, i, &st);
		for (unsigned int n = 0; n < DP_COUNTER_COUNT; n++)
			counter[n] += st.counter[n];
		for (unsigned int n = 0; n < FLOW_DROP_COUNT; n++)
			drops[n] += st.drops[n];
	}
	for (unsigned int n = 0; n < DP_COUNTER_COUNT; n++)
		put(w, "worker", dp_counter_name(n), counter[n]);
	for (unsigned int n = 0; n < FLOW_DROP_COUNT; n++)
		put(w, "drop", flow_drop_name(n), drops[n]);
	for (unsigned int n = 0; n < HOST_COUNTER_COUNT; n++)
		put(w, "control", host_counter_name(n), h->counter[n]);
}

static void put_sessions(struct writer *w, const struct sessions *s)
{
	struct sessions_stats st;

	sessions_stats(s, &st);
	put(w, "session", "active", st.active);
	put(w, "session", "limit", st.limit);
	put(w, "session", "created", st.created);
	put(w, "session", "updated", st.updated);
	put(w, "session", "ended", st.ended);
	put(w, "session", "timed_out", st.timed_out);
	put(w, "session", "refused", st.refused);
	put(w, "session", "latched", st.latched);
	put(w, "session", "rekeyed", st.rekeyed);
	put(w, "session", "secured_legs", st.secured);
	put(w, "session", "secure_bytes", st.secure_bytes);
	put(w, "flow", "plans_free", st.plans_free);
	put(w, "flow", "plans_total", st.plans_total);
}

static void put_dtls(struct writer *w, const struct sessions *s)
{
	const struct dtls_counters *n = sessions_dtls(s);

	put(w, "dtls", "endpoints", n->endpoints);
	put(w, "dtls", "associations", n->associations);
	put(w, "dtls", "half_open", n->half_open);
	put(w, "dtls", "datagrams", n->datagrams);
	put(w, "dtls", "malformed", n->malformed);
	put(w, "dtls", "unexpected", n->unexpected);
	put(w, "dtls", "hellos_bad", n->hellos_bad);
	put(w, "dtls", "verify_requests", n->verify_requests);
	put(w, "dtls", "rate_limited", n->rate_limited);
	put(w, "dtls", "queue_full", n->queue_full);
	put(w, "dtls", "evicted", n->evicted);
	put(w, "dtls", "started", n->started);
	put(w, "dtls", "completed", n->completed);
	put(w, "dtls", "failed", n->failed);
	put(w, "dtls", "fingerprints", n->fingerprints);
	put(w, "dtls", "timeouts", n->timeouts);
	put(w, "dtls", "retransmits", n->retransmits);
	put(w, "dtls", "application", n->application);
}

static void put_media(struct writer *w, const struct media *m)
{
	struct media_stats st;

	media_stats(m, &st);
	put(w, "media", "records", st.records);
	put(w, "media", "copies", st.copies);
	put(w, "media", "captures", st.captures);
	put(w, "media", "plays", st.plays);
	put(w, "media", "packets", st.packets);
	put(w, "media", "bytes", st.bytes);
	put(w, "media", "lost", st.lost);
	put(w, "media", "played", st.played);
	put(w, "media", "sinks", st.sinks);
	put(w, "media", "files", st.files);
	put(w, "media", "players", st.players);
}

static void put_tunnels(struct writer *w, struct tunnels *t)
{
	struct tunnels_stats st;
	struct users_stats users;

	tunnels_stats(t, &st);
	users_stats(tunnels_users(t), &users);
	put(w, "tunnel", "active", st.active);
	put(w, "tunnel", "up", st.up);
	put(w, "tunnel", "created", st.created);
	put(w, "tunnel", "ended", st.ended);
	put(w, "tunnel", "timed_out", st.timed_out);
	put(w, "tunnel", "replaced", st.replaced);
	put(w, "tunnel", "roamed", st.roamed);
	put(w, "tunnel", "users", users.count);
}

static void put_dials(struct writer *w, const struct dials *ds)
{
	struct dials_stats st;

	dials_stats(ds, &st);
	put(w, "dial", "dials", st.dials);
	put(w, "dial", "up", st.up);
	put(w, "dial", "called", st.called);
	put(w, "dial", "failed", st.failed);
	put(w, "dial", "callers", st.callers);
	put(w, "dial", "accepted", st.accepted);
	put(w, "dial", "handshakes_failed", st.handshakes_failed);
	put(w, "dial", "malformed", st.malformed);
	put(w, "dial", "denied", st.denied);
	put(w, "dial", "refused", st.refused);
	put(w, "dial", "answered", st.answered);
	put(w, "dial", "cut_off", st.cut_off);
}

static void put_api(struct writer *w, const struct api *a)
{
	struct server_stats st = {0};

	if (a->server != NULL)
		server_stats(a->server, &st);
	put(w, "api", "requests", a->requests);
	put(w, "api", "errors", a->errors);
	put(w, "api", "events", a->events.next - 1);
	put(w, "api", "clients", st.clients);
	put(w, "api", "clients_refused", st.refused);
	put(w, "api", "clients_cut_off", st.cut_off);
}

static void put_interfaces(struct writer *w, const struct host *h)
{
	for (unsigned int i = 0; i < h->config->interface_count; i++) {
		struct dp_port_stats st;
		char group[64];

		dp_port_stats(h->port[i], &st);
		snprintf(group, sizeof(group), "interface.%s", h->config->interfaces[i].name);
		put(w, group, "rx_packets", st.rx_packets);
		put(w, group, "rx_bytes", st.rx_bytes);
		put(w, group, "rx_missed", st.rx_missed);
		put(w, group, "rx_errors", st.rx_errors);
		put(w, group, "rx_no_mbuf", st.rx_no_mbuf);
		put(w, group, "tx_packets", st.tx_packets);
		put(w, group, "tx_bytes", st.tx_bytes);
		put(w, group, "tx_errors", st.tx_errors);
	}
}

void rpc_stats_get(struct rpc_call *c, const void *params)
{
	const struct api *a = rpc_api(c);
	struct writer w = {.b = rpc_result(c), .filter = params};

	json_w_open(w.b, "result", '{');
	json_w_open(w.b, "counters", '{');
	put_workers(&w, a->h);
	put_sessions(&w, a->sessions);
	put_dtls(&w, a->sessions);
	if (a->media != NULL)
		put_media(&w, a->media);
	if (a->tunnels != NULL)
		put_tunnels(&w, a->tunnels);
	if (a->dials != NULL)
		put_dials(&w, a->dials);
	put_interfaces(&w, a->h);
	put_api(&w, a);
	json_w_close(w.b, '}');
	json_w_close(w.b, '}');
	rpc_done(c);
}
