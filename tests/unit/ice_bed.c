/* SPDX-License-Identifier: BSD-3-Clause */
#include "ice_bed.h"

#include "ice_private.h"

static uint32_t bed_random(struct bed *b, uint32_t below)
{
	b->random = b->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(b->random >> 33) % below;
}

struct ice_addr bed_addr(const char *ip, uint16_t port)
{
	struct ice_addr a = {.port = port};

	assert_int_equal(wire_ip_parse(ip, &a.ip), 0);
	return a;
}

struct bed *bed_new(void)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->now_ms = 5000;
	b->random = 1;
	b->delay_ms = 20;
	b->stun_server = bed_addr("198.51.100.1", 3478);
	tnd_timers_init(&b->timers, b->now_ms);
	return b;
}

void bed_free(struct bed *b)
{
	for (unsigned int i = 0; i < BED_PARTIES; i++)
		ice_free(b->party[i].agent);
	assert_int_equal(b->timers.count, 0);
	free(b);
}

/* ---- the net ------------------------------------------------------------------------------- */

static void queue(struct bed *b, const struct ice_addr *from, const struct ice_addr *to,
		  const void *data, size_t len)
{
	struct bed_datagram *d;

	if (bed_random(b, 100) < b->loss_percent)
		return;
	assert_true(b->queued < BED_QUEUE);
	assert_true(len <= sizeof(d->data));
	d = &b->queue[b->queued++];
	d->at_ms = b->now_ms + b->delay_ms;
	d->from = *from;
	d->to = *to;
	d->len = len;
	memcpy(d->data, data, len);
}

static bool has_hole(const struct party *p, const struct ice_addr *a)
{
	for (unsigned int i = 0; i < p->holes; i++)
		if (ice_addr_equal(&p->hole[i], a))
			return true;
	return false;
}

static void leave(struct party *p, const struct ice_addr *to, const void *data, size_t len)
{
	struct bed *b = p->bed;

	if (p->cut)
		return;
	if (p->nat.port == 0) {
		queue(b, &p->local, to, data, len);
		return;
	}
	if (!has_hole(p, to) && p->holes < BED_HOLES)
		p->hole[p->holes++] = *to;
	queue(b, &p->nat, to, data, len);
}

static void serve(struct bed *b, const struct bed_datagram *d)
{
	struct stun_writer w;
	struct stun_msg m;
	uint8_t buf[100];

	if (stun_parse(d->data, d->len, &m) != 0 || m.class != STUN_REQUEST)
		return;
	stun_begin(&w, buf, sizeof(buf), STUN_SUCCESS, STUN_BINDING, m.id);
	stun_put_address(&w, &d->from.ip, d->from.port);
	queue(b, &d->to, &d->from, buf, stun_end(&w));
}

static void arrive(struct bed *b, const struct bed_datagram *d)
{
	if (ice_addr_equal(&d->to, &b->stun_server)) {
		serve(b, d);
		return;
	}
	for (unsigned int i = 0; i < BED_PARTIES; i++) {
		struct party *p = &b->party[i];
		uint8_t *copy;

		if (p->agent == NULL || p->cut)
			continue;
		if (p->nat.port == 0 ? !ice_addr_equal(&d->to, &p->local)
				     : !ice_addr_equal(&d->to, &p->nat) || !has_hole(p, &d->from))
			continue;
		copy = exact_copy(d->data, d->len);
		ice_input(p->agent, &d->from, copy, d->len);
		free(copy);
	}
}

static void deliver(struct bed *b)
{
	for (unsigned int i = 0; i < b->queued;) {
		struct bed_datagram d = b->queue[i];

		if (d.at_ms > b->now_ms) {
			i++;
			continue;
		}
		b->queued--;
		memmove(&b->queue[i], &b->queue[i + 1], (b->queued - i) * sizeof(d));
		arrive(b, &d);
	}
}

void bed_run(struct bed *b, uint64_t ms)
{
	for (uint64_t end = b->now_ms + ms; b->now_ms < end;) {
		b->now_ms++;
		deliver(b);
		tnd_timers_run(&b->timers, b->now_ms);
	}
}

bool bed_has_selected(const struct bed *b, unsigned int party)
{
	struct ice_info info;

	ice_get_info(b->party[party].agent, &info);
	return info.has_selected && !info.restarting;
}

uint64_t bed_run_until_selected(struct bed *b, unsigned int x, unsigned int y, uint64_t ms)
{
	uint64_t start = b->now_ms;

	while (b->now_ms < start + ms) {
		if (bed_has_selected(b, x) && bed_has_selected(b, y))
			return b->now_ms - start;
		bed_run(b, 1);
	}
	return UINT64_MAX;
}

/* ---- the agents ---------------------------------------------------------------------------- */

static void on_send(void *arg, const struct ice_addr *to, const void *data, size_t len)
{
	struct party *p = arg;
	struct stun_msg m;

	assert_int_equal(stun_parse(data, len, &m), 0);
	assert_true(m.has & STUN_HAS_FINGERPRINT);
	p->sent++;
	p->requests += m.class == STUN_REQUEST;
	p->responses += m.class == STUN_SUCCESS;
	p->errors += m.class == STUN_ERROR;
	p->indications += m.class == STUN_INDICATION;
	if (m.class == STUN_ERROR)
		p->last_error = m.error;
	if (m.class == STUN_REQUEST) {
		p->last_request_ms = p->bed->now_ms;
		p->last_request_to = *to;
	}
	memcpy(p->last, data, len);
	p->last_len = len;
	leave(p, to, data, len);
}

static void on_selected(void *arg, const struct ice_addr *remote)
{
	struct party *p = arg;

	p->selections++;
	p->selected = *remote;
	p->selected_at = p->sent;
	assert_true(ice_source_valid(p->agent, remote));
}

static void on_early(void *arg)
{
	struct party *p = arg;
	struct ice_addr from = {.port = 0};

	ice_early(p->agent, &from, &p->nominating);
	p->early = from.port;
	p->early_at = p->sent;
}

static void on_candidate(void *arg, const struct candidate *c)
{
	struct party *p = arg;

	if (c == NULL)
		p->gathered++;
	else
		p->found[p->found_count++] = *c;
}

static void on_state(void *arg, enum ice_state state, const char *reason)
{
	struct party *p = arg;

	p->states++;
	p->state = state;
	p->reason = reason;
}

static bool on_media_alive(void *arg)
{
	return ((struct party *)arg)->media_alive;
}

static const struct ice_ops ops = {
	.send = on_send,
	.selected = on_selected,
	.early = on_early,
	.candidate = on_candidate,
	.state = on_state,
	.media_alive = on_media_alive,
};

struct ice_config bed_config(struct bed *b, unsigned int party, enum ice_mode mode,
			     bool controlling, const char *ip, uint16_t port)
{
	return (struct ice_config){
		.mode = mode,
		.controlling = controlling,
		.local = bed_addr(ip, port),
		.timers = &b->timers,
		.now_ms = &b->now_ms,
		.ops = &ops,
		.arg = &b->party[party],
	};
}

void bed_agent(struct bed *b, unsigned int party, const struct ice_config *cfg)
{
	struct party *p = &b->party[party];

	p->bed = b;
	p->local = cfg->local;
	p->agent = ice_new(cfg);
	assert_non_null(p->agent);
}

void bed_nat(struct bed *b, unsigned int party, const char *ip, uint16_t port)
{
	b->party[party].nat = bed_addr(ip, port);
}

int bed_tell(struct bed *b, unsigned int from, unsigned int to)
{
	const struct ice_agent *a = b->party[from].agent;
	struct ice_info info;

	ice_get_info(a, &info);
	return ice_set_remote(b->party[to].agent, ice_ufrag(a), ice_pwd(a), info.mode == ICE_LITE);
}

void bed_tell_candidates(struct bed *b, unsigned int from, unsigned int to)
{
	struct candidate c[ICE_LOCALS_MAX];
	unsigned int n = ice_local_candidates(b->party[from].agent, c);

	for (unsigned int i = 0; i < n; i++) {
		char text[CANDIDATE_STRLEN];
		struct candidate parsed;
		const char *why;
		int len = candidate_format(&c[i], text, sizeof(text));

		assert_true(len > 0);
		assert_int_equal(candidate_parse(text, (size_t)len, &parsed, &why), 0);
		assert_int_equal(ice_add_remote_candidate(b->party[to].agent, &parsed), 0);
	}
	ice_end_of_candidates(b->party[to].agent);
}

void bed_exchange(struct bed *b, unsigned int x, unsigned int y)
{
	assert_true(bed_tell(b, x, y) >= 0);
	assert_true(bed_tell(b, y, x) >= 0);
	bed_tell_candidates(b, x, y);
	bed_tell_candidates(b, y, x);
}

/* ---- requests of the test's own ------------------------------------------------------------ */

static void put_mac(struct stun_writer *w, const struct ice_key *k, bool sha256, uint16_t len)
{
	uint8_t mac[STUN_SHA256_LEN];
	uint8_t *p = stun_put_integrity(
		w, sha256 ? STUN_MESSAGE_INTEGRITY_SHA256 : STUN_MESSAGE_INTEGRITY, len);

	assert_non_null(p);
	ice_key_mac(k, sha256, w->data, w->data + 4, (size_t)(p - 4 - (w->data + 4)), mac);
	memcpy(p, mac, len);
}

size_t bed_request(const struct bed_request *r, uint8_t *out, size_t size)
{
	uint8_t id[STUN_ID_LEN] = {r->id, 1, 2, 3};
	struct stun_writer w;
	struct ice_key k;

	stun_begin(&w, out, size, STUN_REQUEST, r->method != 0 ? r->method : STUN_BINDING, id);
	if (r->username != NULL)
		stun_put(&w, STUN_USERNAME, r->username, strlen(r->username));
	if (r->priority != 0)
		stun_put32(&w, STUN_PRIORITY, r->priority);
	if (!r->no_role)
		stun_put64(&w, r->controlled ? STUN_ICE_CONTROLLED : STUN_ICE_CONTROLLING,
			   r->tie_breaker);
	if (r->use_candidate)
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	if (r->unknown != 0)
		stun_put(&w, r->unknown, "abcd", 4);
	if (r->pwd != NULL) {
		ice_key_init(&k, r->pwd, strlen(r->pwd));
		if (r->sha1 || !r->sha256)
			put_mac(&w, &k, false, STUN_SHA1_LEN);
		if (r->sha256)
			put_mac(&w, &k, true, r->mac_len != 0 ? r->mac_len : STUN_SHA256_LEN);
	}
	if (!r->no_fingerprint)
		stun_put_fingerprint(&w);
	return stun_end(&w);
}

int bed_check(struct bed *b, unsigned int party, const struct ice_addr *from, struct bed_request r)
{
	struct ice_agent *a = b->party[party].agent;
	uint8_t data[700], *copy;
	char username[64];
	size_t len;
	int rc;

	snprintf(username, sizeof(username), "%s:peer", ice_ufrag(a));
	if (r.username == NULL)
		r.username = username;
	if (r.pwd == NULL)
		r.pwd = ice_pwd(a);
	len = bed_request(&r, data, sizeof(data));
	copy = exact_copy(data, len);
	rc = ice_input(a, from, copy, len);
	free(copy);
	return rc;
}
