/* SPDX-License-Identifier: BSD-3-Clause */
/* Agents and endpoints of legs: the table, what arrives and leaves, who is told of a far end. */
#include "transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "call.h"
#include "json.h"
#include "log.h"
#include "udp.h"

#define DTLS_TURN_MS 5   /* of handshakes in one turn of the loop */
#define RETRY_MS     100 /* plans could not be made */

/* ---- the table ----------------------------------------------------------------------------- */

uint32_t transport_index(const struct sessions *s, const struct session *se, unsigned int i)
{
	return SESSION_LEGS * session_index(s, se) + i;
}

struct leg_transport *transport_of(const struct sessions *s, const struct session *se,
				   unsigned int i)
{
	return s->transport[transport_index(s, se, i)];
}

struct leg_transport *transport_head(const struct sessions *s, const struct session *se,
				     unsigned int i)
{
	struct leg_transport *t = transport_of(s, se, i);

	return t != NULL && t->head != t->leg ? s->transport[t->head] : t;
}

struct session *transport_session(const struct leg_transport *t)
{
	return &t->s->table[t->leg / SESSION_LEGS];
}

struct leg *transport_leg(const struct leg_transport *t)
{
	return &transport_session(t)->leg[t->leg % SESSION_LEGS];
}

struct tnd_buf *transport_event(struct leg_transport *t)
{
	struct tnd_buf *b = &t->s->text;

	tnd_buf_reset(b);
	json_w_open(b, NULL, '{');
	json_w_string(b, "id", session_id(transport_session(t)));
	json_w_uint(b, "leg", t->leg % SESSION_LEGS);
	return b;
}

static void retry(struct tnd_timer *timer, void *arg)
{
	transport_publish(arg);
}

struct leg_transport *transport_new(struct sessions *s, uint32_t leg)
{
	struct leg_transport *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->s = s;
	t->leg = t->head = leg;
	tnd_list_init(&t->due);
	tnd_timer_init(&t->retry, retry, t);
	return t;
}

void transport_discard(struct leg_transport *t)
{
	if (t == NULL)
		return;
	tnd_timer_stop(&t->s->h->loop.timers, &t->retry);
	tnd_list_del(&t->due);
	dtls_endpoint_free(t->dtls);
	ice_free(t->ice);
	dtls_kept_free(&t->kept);
	offer_drop_hellos(t);
	free(t->section);
	free(t);
}

void transport_end(struct sessions *s, struct session *se)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		uint32_t index = transport_index(s, se, i);

		if (s->transport[index] == NULL)
			continue;
		transport_discard(s->transport[index]);
		s->transport[index] = NULL;
	}
}

/* ---- packets ------------------------------------------------------------------------------- */

void transport_send(struct leg_transport *t, const union wire_ip *ip, uint16_t port,
		    const void *data, size_t len)
{
	const struct udp_datagram *d = t->answering;
	const struct leg *l = transport_leg(t);
	uint8_t tos = l->dscp == SESSION_DSCP_KEEP ? 0 : (uint8_t)(l->dscp << 2);

	/* What can't be sent is lost, as on any link: whoever misses it asks again. A sender who
	 * is only answered gets no place in the table of neighbours. */
	if (d != NULL && d->sport == port && wire_ip_equal(&d->src, ip))
		udp_answer(t->s->h, d, tos, data, len);
	else
		udp_send(t->s->h, l->address, l->port, ip, port, tos, data, len);
}

static void arrived(struct leg_transport *t, uint8_t kind, const struct udp_datagram *d)
{
	const struct ice_addr from = {.ip = d->src, .port = d->sport};

	if (kind == DP_PUNT_DTLS && t->dtls != NULL) {
		dtls_arrived(t, d);
	} else if (kind == DP_PUNT_STUN && t->ice != NULL) {
		t->answering = d;
		ice_input(t->ice, &from, d->data, d->len);
		t->answering = NULL;
	}
}

/* host.transport_input */
static void transport_input(void *arg, uint8_t kind, uint32_t leg, uint16_t generation,
			    struct rte_mbuf *m)
{
	struct sessions *s = arg;
	const struct session *se;
	struct udp_datagram d;

	if (leg < SESSION_LEGS * s->limit && s->transport[leg] != NULL) {
		se = &s->table[leg / SESSION_LEGS];
		if (se->life == LIFE_RUNNING && se->incarnation == generation &&
		    udp_parse(m, &d) == 0)
			arrived(s->transport[leg], kind, &d);
	}
	rte_pktmbuf_free(m);
}

/* ---- the far end is another ---------------------------------------------------------------- */

/*
 * Where media may come from before a pair is selected: what is authentic by itself, from where an
 * authentic check came; anything, from where we have nominated and wait to hear that it is so.
 */
static bool early_source(const struct leg_transport *t, struct ice_addr *from)
{
	const struct session *se = transport_session(t);
	const struct leg *l = transport_leg(t), *other = &se->leg[1 - t->leg % SESSION_LEGS];
	bool nominating;

	if (!ice_early(t->ice, from, &nominating))
		return false;
	if (nominating)
		return true;
	if (!(l->flags & LEG_SRTP) || legs_untouched(l, other))
		return false;
	if (t->dtls != NULL)
		dtls_source(t, from);
	return true;
}

/* What the agent says of the far end; media goes nowhere else, and comes from nowhere else. */
static void take_selected(const struct leg_transport *t, struct leg *l)
{
	struct leg_remote r = {0};
	struct ice_info info;
	struct ice_addr early;
	bool known;

	ice_get_info(t->ice, &info);
	known = info.has_selected && info.state != ICE_FAILED;
	if (known) {
		r.ip = info.selected.ip;
		r.port = info.selected.port;
		leg_set_remote(l, &r);
		return;
	}
	leg_clear_remote(l);
	if (early_source(t, &early)) {
		l->remote = early.ip;
		l->remote_port = early.port;
		l->flags |= LEG_EARLY;
	}
}

/* Plans of the session and of those bundled on it; false: not now. */
static bool publish_now(struct leg_transport *t)
{
	struct session *se = transport_session(t);
	struct republish r;
	unsigned int leg;
	int rc = republish_make(t->s, se, &r, &leg);

	if (rc == 0) {
		republish_swap(t->s, &r, NULL);
		return true;
	}
	tnd_warn("call", "%s: leg %u: can't send to its far end: %s", session_id(se),
		 t->leg % SESSION_LEGS, strerrorname_np(-rc));
	return false;
}

void transport_publish_now(struct leg_transport *t)
{
	struct leg *l = transport_leg(t), before = *l;

	/* It may have ended since it became due. */
	if (transport_session(t)->life != LIFE_RUNNING)
		return;
	if (t->ice != NULL) {
		take_selected(t, l);
		if (memcmp(l, &before, sizeof(before)) == 0)
			return;
		leg_forget_learned(l);
	}
	if (publish_now(t)) {
		if (t->ice != NULL && (before.flags & l->flags & LEG_REMOTE))
			ice_tell(t);
		if (t->ice != NULL)
			dtls_move(t, false);
		return;
	}
	/* What was learned from a handshake stands; what ICE says is asked for again. */
	if (t->ice != NULL) {
		*l = before;
		republish_undo(t->s, transport_session(t));
	}
	loop_timer_after(&t->s->h->loop, &t->retry, RETRY_MS);
}

void transport_publish(struct leg_transport *t)
{
	if (!t->live || transport_session(t)->life != LIFE_RUNNING)
		return;
	tnd_timer_stop(&t->s->h->loop.timers, &t->retry);
	/* Whoever is answered may send at once. */
	if (t->answering != NULL)
		transport_publish_now(t);
	else if (tnd_list_empty(&t->due))
		tnd_list_add_tail(&t->s->due, &t->due);
}

void transport_follow(struct sessions *s, const struct session *se, unsigned int i)
{
	const struct leg *l = &se->leg[i];
	const struct ice_addr remote = {.ip = l->remote, .port = l->remote_port};
	const struct dtls_addr to = {.ip = l->remote, .port = l->remote_port};
	struct leg_transport *t = transport_of(s, se, i);

	/* Without a pair the leg has no far end any more, as this turn will say. */
	if (ice_follow(t->ice, &remote) == 0 && t->dtls != NULL)
		dtls_endpoint_moved(t->dtls, &to);
}

void transport_poll(struct sessions *s)
{
	while (!tnd_list_empty(&s->due)) {
		struct leg_transport *t = tnd_container_of(s->due.next, struct leg_transport, due);

		tnd_list_del(&t->due);
		tnd_list_init(&t->due);
		transport_publish_now(t);
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

static size_t table_size(const struct sessions *s)
{
	return SESSION_LEGS * (size_t)s->limit * sizeof(*s->transport);
}

static uint64_t dtls_now_us(void *arg)
{
	const struct sessions *s = arg;

	return s->h->loop.now_ms * 1000;
}

/* Step by step, until there is nothing to do or others have waited long enough. */
static bool poll_dtls(struct loop_poller *p)
{
	struct sessions *s = p->arg;
	uint64_t until = rte_rdtsc() + DTLS_TURN_MS * s->h->loop.tsc_per_ms;
	bool more;

	do
		more = dtls_context_poll(s->dtls, 0);
	while (more && rte_rdtsc() < until);
	transport_poll(s);
	return more;
}

const struct dtls_counters *sessions_dtls(const struct sessions *s)
{
	return dtls_context_counters(s->dtls);
}

/* What far ends will be told, so that it can be compared with what they say they were told. */
static void log_certificate(const struct sessions *s)
{
	const struct config *c = s->h->config;
	char text[DTLS_FINGERPRINT_STRLEN];
	struct dtls_fingerprint fp;

	if (c->dtls_per_session) {
		tnd_info("call", "DTLS: a certificate of its own for each leg");
		return;
	}
	dtls_context_fingerprint(s->dtls, DTLS_SHA256, &fp);
	tnd_info("call", "DTLS: certificate %s, fingerprint %s",
		 c->dtls_certificate[0] != '\0' ? c->dtls_certificate : "made here",
		 dtls_fingerprint_format(&fp, text));
}

int transport_create(struct sessions *s)
{
	const struct config *c = s->h->config;
	const struct dtls_config config = {
		.cert_file = c->dtls_certificate[0] != '\0' ? c->dtls_certificate : NULL,
		.key_file = c->dtls_certificate[0] != '\0' ? c->dtls_key : NULL,
		.mtu = c->dtls_mtu,
		.half_open = c->dtls_half_open,
		.timers = &s->h->loop.timers,
		.now_us = dtls_now_us,
		.now_arg = s,
	};
	void *p = mmap(NULL, table_size(s), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	s->transport = p;
	tnd_list_init(&s->due);
	s->dtls = dtls_context_create(&config);
	if (s->dtls == NULL) {
		int rc = -errno;

		tnd_err("call", "DTLS: certificate %s, key %s: %s",
			config.cert_file != NULL ? config.cert_file : "(made here)",
			config.key_file != NULL ? config.key_file : "(made here)", strerror(-rc));
		return rc;
	}
	log_certificate(s);
	s->dtls_poller = (struct loop_poller){.fn = poll_dtls, .arg = s};
	loop_add_poller(&s->h->loop, &s->dtls_poller);
	s->h->transport_input = transport_input;
	s->h->transport_arg = s;
	return 0;
}

void transport_free(struct sessions *s)
{
	if (s->dtls != NULL) {
		loop_del_poller(&s->dtls_poller);
		s->h->transport_input = NULL;
		dtls_context_free(s->dtls);
	}
	if (s->transport != NULL)
		munmap(s->transport, table_size(s));
}
