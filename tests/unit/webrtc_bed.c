/* SPDX-License-Identifier: BSD-3-Clause */
#include "webrtc_bed.h"

#include <rte_mbuf.h>

#include "dataplane.h"
#include "udp.h"

#define WAN4     2 /* index of the address that parties talk to … */
#define PACKETS  256
#define DATA_MAX 1500

struct packet {
	struct ice_addr from, to;
	bool to_control;
	uint16_t len;
	uint8_t data[DATA_MAX];
};

static struct bed *bed;
static struct rte_mempool *pool;
static struct packet queue[PACKETS];
static unsigned int queued, lost;

static union wire_ip ip_of(const char *text)
{
	union wire_ip ip;

	assert_int_equal(wire_ip_parse(text, &ip), 0);
	return ip;
}

/* A translator stands before tandem: this is the address that others know. */
static union wire_ip outside(void)
{
	return bed->h->config->addresses[WAN4].advertise;
}

static void enqueue(const struct ice_addr *from, const struct ice_addr *to, bool to_control,
		    const void *data, size_t len)
{
	struct packet *p = &queue[queued];

	assert_true(queued < PACKETS && len <= DATA_MAX);
	queued++;
	*p = (struct packet){.from = *from, .to = *to, .to_control = to_control};
	p->len = (uint16_t)len;
	memcpy(p->data, data, len);
}

/* ---- control's side ------------------------------------------------------------------------ */

int __wrap_udp_send(struct host *h, uint16_t addr, uint16_t sport, const union wire_ip *dst,
		    uint16_t dport, uint8_t tos, const void *data, size_t len);
int __wrap_udp_answer(struct host *h, const struct udp_datagram *d, uint8_t tos, const void *data,
		      size_t len);
int __wrap_udp_parse(const struct rte_mbuf *m, struct udp_datagram *out);

int __wrap_udp_send(struct host *h, uint16_t addr, uint16_t sport, const union wire_ip *dst,
		    uint16_t dport, uint8_t tos, const void *data, size_t len)
{
	const struct ice_addr from = {.ip = outside(), .port = sport};
	const struct ice_addr to = {.ip = *dst, .port = dport};

	assert_int_equal(addr, WAN4);
	bed->sent++;
	enqueue(&from, &to, false, data, len);
	return 0;
}

int __wrap_udp_answer(struct host *h, const struct udp_datagram *d, uint8_t tos, const void *data,
		      size_t len)
{
	const struct ice_addr from = {.ip = outside(), .port = d->dport};
	const struct ice_addr to = {.ip = d->src, .port = d->sport};

	bed->answered++;
	if (bed->on_answer != NULL)
		bed->on_answer();
	enqueue(&from, &to, false, data, len);
	return 0;
}

/* The test's frames are the datagram as it is read. */
int __wrap_udp_parse(const struct rte_mbuf *m, struct udp_datagram *out)
{
	const struct packet *p = rte_pktmbuf_mtod(m, const struct packet *);

	*out = (struct udp_datagram){.src = p->from.ip,
				     .dst = bed->h->config->addresses[WAN4].ip,
				     .sport = p->from.port,
				     .dport = p->to.port,
				     .data = p->data,
				     .len = p->len};
	return 0;
}

/* As a worker does: by the plan at that port, or not at all. */
static void punt(const struct packet *p)
{
	const struct flow_plan *plan = test_plan(bed->h, WAN4, p->to.port);
	bool stun = p->data[0] < 4, dtls = p->data[0] >= 20 && p->data[0] < 64;
	struct rte_mbuf *m;

	if (plan == NULL || bed->h->transport_input == NULL)
		return;
	if (!(stun && (plan->flags & FLOW_PLAN_STUN)) && !(dtls && (plan->flags & FLOW_PLAN_DTLS)))
		return;
	m = rte_pktmbuf_alloc(pool);
	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, sizeof(*p)), p, sizeof(*p));
	bed->h->transport_input(bed->h->transport_arg, stun ? DP_PUNT_STUN : DP_PUNT_DTLS,
				plan->leg, plan->generation, m);
}

/* ---- the parties' side --------------------------------------------------------------------- */

static void party_sends(struct party *p, const struct ice_addr *to, const void *data, size_t len)
{
	if (!p->deaf && !p->mute)
		enqueue(&p->addr, to, true, data, len);
}

static void ice_send(void *arg, const struct ice_addr *to, const void *data, size_t len)
{
	party_sends(arg, to, data, len);
}

static void ice_selected(void *arg, const struct ice_addr *remote)
{
	((struct party *)arg)->selected = *remote;
}

static void ice_state(void *arg, enum ice_state state, const char *reason)
{
	((struct party *)arg)->ice_state = state;
}

static void dtls_send(void *arg, const struct dtls_addr *to, const void *data, size_t len)
{
	const struct ice_addr a = {.ip = to->ip, .port = to->port};

	party_sends(arg, &a, data, len);
}

static void dtls_keys(void *arg, const struct dtls_keys *keys, const struct dtls_addr *from)
{
	struct party *p = arg;

	p->keys = *keys;
	p->keyed++;
}

static void dtls_state(void *arg, const struct dtls_report *r)
{
	((struct party *)arg)->dtls_state = *r;
}

static const struct ice_ops ice_ops = {
	.send = ice_send, .selected = ice_selected, .state = ice_state};
static const struct dtls_ops dtls_ops = {.send = dtls_send, .keys = dtls_keys, .state = dtls_state};

static void deliver(const struct packet *p)
{
	struct dtls_addr from = {.ip = p->from.ip, .port = p->from.port};

	for (unsigned int i = 0; i < BED_PARTIES; i++) {
		struct party *to = &bed->party[i];

		if (to->addr.port != p->to.port || !wire_ip_equal(&to->addr.ip, &p->to.ip) ||
		    to->deaf)
			continue;
		to->received++;
		to->bytes += p->len;
		if (to->silent)
			continue;
		if (p->data[0] < 4 && to->ice != NULL)
			ice_input(to->ice, &p->from, p->data, p->len);
		else if (p->data[0] >= 20 && p->data[0] < 64 && to->dtls != NULL)
			dtls_input(to->dtls, &from, p->data, p->len);
		else
			to->plain++;
	}
}

static void pump(void)
{
	struct packet p;

	while (queued > 0) {
		p = queue[0];
		memmove(&queue[0], &queue[1], --queued * sizeof(queue[0]));
		if (!p.to_control)
			deliver(&p);
		else if (!bed->lossy || ++lost % 2 == 0)
			punt(&p);
	}
}

void bed_run(struct bed *b, unsigned int ms)
{
	for (unsigned int at = 0; at < ms || at == 0; at += 10) {
		for (unsigned int i = 0; i < 8; i++) {
			pump();
			while (dtls_context_poll(b->dtls, 0))
				;
			test_turn(b->h, 0);
		}
		test_turn(b->h, ms < 10 ? ms : 10);
	}
	pump();
}

static uint64_t now_us(void *arg)
{
	const struct bed *b = arg;

	return b->h->loop.now_ms * 1000;
}

void bed_init(struct bed *b, struct host *h)
{
	const struct dtls_config c = {.timers = &h->loop.timers, .now_us = now_us, .now_arg = b};

	memset(b, 0, sizeof(*b));
	bed = b;
	b->h = h;
	queued = lost = 0;
	b->dtls = dtls_context_create(&c);
	assert_non_null(b->dtls);
	if (pool == NULL)
		pool = rte_pktmbuf_pool_create("bed", 255, 0, 0, sizeof(struct packet) + 256,
					       SOCKET_ID_ANY);
	assert_non_null(pool);
}

void party_free(struct party *p)
{
	dtls_endpoint_free(p->dtls);
	ice_free(p->ice);
	memset(p, 0, sizeof(*p));
}

void bed_free(struct bed *b)
{
	for (unsigned int i = 0; i < BED_PARTIES; i++)
		party_free(&b->party[i]);
	dtls_context_free(b->dtls);
	assert_int_equal(rte_mempool_avail_count(pool), 255);
}

struct party *bed_party(struct bed *b, unsigned int i, const char *ip, uint16_t port)
{
	struct party *p = &b->party[i];

	memset(p, 0, sizeof(*p));
	p->addr = (struct ice_addr){.ip = ip_of(ip), .port = port};
	return p;
}

void party_ice(struct bed *b, struct party *p, enum ice_mode mode, bool controlling)
{
	const struct ice_config c = {.mode = mode,
				     .controlling = controlling,
				     .local = p->addr,
				     .timers = &b->h->loop.timers,
				     .now_ms = &b->h->loop.now_ms,
				     .ops = &ice_ops,
				     .arg = p};

	p->ice = ice_new(&c);
	assert_non_null(p->ice);
}

void party_dtls(struct bed *b, struct party *p, enum dtls_setup setup, bool own_certificate)
{
	static const enum srtp_profile profiles[] = {SRTP_AES_CM_128_HMAC_SHA1_80,
						     SRTP_AEAD_AES_128_GCM};
	const struct dtls_params params = {
		.setup = setup, .profiles = profiles, .profile_count = 2};

	p->dtls = dtls_endpoint_new(b->dtls, &params, own_certificate, &dtls_ops, p);
	assert_non_null(p->dtls);
}

void party_hear_ice(struct party *p, const struct session_ice *a)
{
	struct candidate c;
	const char *why;

	assert_true(a->on);
	assert_true(ice_set_remote(p->ice, a->ufrag, a->pwd, a->lite) >= 0);
	for (unsigned int i = 0; i < a->candidate_count; i++) {
		assert_int_equal(
			candidate_parse(a->candidate[i], strlen(a->candidate[i]), &c, &why), 0);
		assert_int_equal(ice_add_remote_candidate(p->ice, &c), 0);
	}
}

void party_hear_dtls(struct party *p, const struct session_dtls *a, enum dtls_setup setup)
{
	static const enum srtp_profile profiles[] = {SRTP_AES_CM_128_HMAC_SHA1_80,
						     SRTP_AEAD_AES_128_GCM};
	struct dtls_fingerprint fp;
	const struct dtls_params params = {.setup = setup,
					   .profiles = profiles,
					   .profile_count = 2,
					   .remote = &fp,
					   .remote_count = 1};
	char text[256];
	int n;

	assert_true(a->on);
	n = snprintf(text, sizeof(text), "%s %s", a->hash, a->fingerprint);
	assert_int_equal(dtls_fingerprint_parse(text, (size_t)n, &fp), 0);
	assert_int_equal(dtls_endpoint_set(p->dtls, &params), 0);
}

struct leg_ice party_tell_ice(struct party *p, uint8_t mode)
{
	static char line[ICE_LOCALS_MAX][CANDIDATE_STRLEN];
	static const char *lines[ICE_LOCALS_MAX];
	static char ufrag[64], pwd[64];
	struct candidate c[ICE_LOCALS_MAX];
	unsigned int n = ice_local_candidates(p->ice, c);
	struct ice_info info;

	ice_get_info(p->ice, &info);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(candidate_format(&c[i], line[i], sizeof(line[i])) > 0);
		lines[i] = line[i];
	}
	snprintf(ufrag, sizeof(ufrag), "%s", ice_ufrag(p->ice));
	snprintf(pwd, sizeof(pwd), "%s", ice_pwd(p->ice));
	return (struct leg_ice){.mode = mode,
				.ufrag = ufrag,
				.pwd = pwd,
				.remote_lite = info.mode == ICE_LITE,
				.candidate_count = n,
				.candidate = lines};
}

struct leg_dtls party_tell_dtls(struct party *p, uint8_t setup)
{
	static char text[DTLS_FINGERPRINT_STRLEN];
	struct dtls_fingerprint fp;
	char *space;

	dtls_endpoint_fingerprint(p->dtls, DTLS_SHA256, &fp);
	dtls_fingerprint_format(&fp, text);
	space = strchr(text, ' ');
	*space = '\0';
	return (struct leg_dtls){.has_setup = true,
				 .setup = setup,
				 .fingerprint_count = 1,
				 .fingerprint = {{text, space + 1}}};
}

void party_send(struct bed *b, struct party *p, uint16_t port, const void *data, size_t len)
{
	const struct ice_addr to = {.ip = outside(), .port = port};

	enqueue(&p->addr, &to, true, data, len);
}
