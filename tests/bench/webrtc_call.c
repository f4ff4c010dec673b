/* SPDX-License-Identifier: BSD-3-Clause */
/* Party a of a call: from its offer to its keys. */
#include "webrtc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static uint32_t number(const struct call *c)
{
	return (uint32_t)(c - load.call);
}

static void send_datagram(struct call *c, const union wire_ip *ip, uint16_t port, const void *data,
			  size_t len)
{
	uint8_t *p;
	struct rte_mbuf *m = net_new(&p);

	if (m == NULL)
		return;
	if (len > net_room(m)) {
		rte_pktmbuf_free(m);
		load.n.refused++;
		return;
	}
	memcpy(p, data, len);
	net_queue(m, net_party_ip(number(c), 0), ntohl(ip->w[3]), port, (uint16_t)len);
}

static void first_check(struct call *c)
{
	if (c->check_us == 0)
		c->check_us = load.now_us;
}

void call_up(struct call *c)
{
	c->state = CALL_UP;
	c->up_us = load.now_us;
	load.up++;
}

void call_fail(struct call *c)
{
	if (c->state == CALL_FAILED)
		return;
	if (c->state == CALL_UP)
		load.up--;
	c->state = CALL_FAILED;
	load.failed++;
}

static void connected(struct call *c)
{
	c->state = CALL_CONNECTED;
	if (c->media)
		media_begin(c);
	else
		call_up(c);
}

/* ---- ICE ------------------------------------------------------------------------------------ */

static void ice_send(void *arg, const struct ice_addr *to, const void *data, size_t len)
{
	const uint8_t *head = data;

	if (head[0] == 0 && head[1] == 1) {
		load.n.requests_out++;
		first_check(arg);
	}
	send_datagram(arg, &to->ip, to->port, data, len);
}

static void ice_selected_pair(void *arg, const struct ice_addr *remote)
{
	struct call *c = arg;
	const struct dtls_addr to = {.ip = remote->ip, .port = remote->port};

	c->remote = *remote;
	if (c->state != CALL_CHECKING || c->selected_us != 0)
		return;
	c->selected_us = load.now_us;
	if (c->dtls == NULL)
		connected(c);
	else if (dtls_start(c->dtls, &to) != 0)
		call_fail(c);
}

static void ice_state_changed(void *arg, enum ice_state state, const char *reason)
{
	if (state == ICE_DISCONNECTED)
		load.n.disconnected++;
	if (state == ICE_FAILED)
		call_fail(arg);
}

static const struct ice_ops ice_ops = {
	.send = ice_send,
	.selected = ice_selected_pair,
	.state = ice_state_changed,
};

/* ---- DTLS ----------------------------------------------------------------------------------- */

static void dtls_send(void *arg, const struct dtls_addr *to, const void *data, size_t len)
{
	send_datagram(arg, &to->ip, to->port, data, len);
}

static void dtls_got_keys(void *arg, const struct dtls_keys *keys, const struct dtls_addr *from)
{
	struct call *c = arg;

	if (c->keys_us != 0)
		return;
	load.now_us = webrtc_clock_us(NULL);
	c->keys_us = load.now_us;
	if (media_keys(c, keys) != 0)
		call_fail(c);
	else
		connected(c);
}

static void dtls_state_changed(void *arg, const struct dtls_report *r)
{
	if (r->state == DTLS_FAILED || r->state == DTLS_CLOSED)
		call_fail(arg);
}

static const struct dtls_ops dtls_ops = {
	.send = dtls_send,
	.keys = dtls_got_keys,
	.state = dtls_state_changed,
};

/* ---- from the offer to the answer ------------------------------------------------------------ */

static int make_agent(struct call *c, uint32_t i)
{
	struct ice_config cfg = {
		.mode = ICE_FULL,
		.controlling = !load.setup.tandem_full,
		.local = {wire_ip_from4(htonl(net_party_ip(i, 0))), WEBRTC_PORT},
		.timers = &load.timers,
		.now_ms = &load.now_ms,
		.ops = &ice_ops,
		.arg = c,
	};

	c->ice = ice_new(&cfg);
	return c->ice != NULL ? 0 : -ENOMEM;
}

/* Its fingerprints come with the answer. */
static int make_endpoint(struct call *c)
{
	static const enum srtp_profile profiles[] = {SRTP_AEAD_AES_128_GCM,
						     SRTP_AES_CM_128_HMAC_SHA1_80};
	struct dtls_params params = {
		.setup = DTLS_ACTIVE, .profiles = profiles, .profile_count = 2};

	c->dtls = dtls_endpoint_new(load.dtls, &params, false, &dtls_ops, c);
	return c->dtls != NULL ? 0 : -ENOMEM;
}

int call_begin(uint32_t i)
{
	struct call *c = &load.call[i];

	*c = (struct call){.state = CALL_ASKED,
			   .media = i % load.setup.media_each == 0,
			   .asked_us = load.now_us};
	if (make_agent(c, i) != 0 || (load.setup.dtls && make_endpoint(c) != 0))
		return -ENOMEM;
	return 0;
}

static const char *text_at(const struct json_value *v, const char *key)
{
	const struct json_value *m = v != NULL ? json_member(v, key) : NULL;

	return m != NULL && json_is_string(m) ? json_string(m) : NULL;
}

/* Where tandem's legs are. */
static bool read_locals(struct call *c, const struct json_value *legs)
{
	const struct json_value *leg = legs != NULL ? json_first(legs) : NULL;

	for (unsigned int k = 0; k < 2; k++, leg = json_next(leg)) {
		const struct json_value *local = leg != NULL ? json_member(leg, "local") : NULL;
		const char *ip = text_at(local, "ip");
		struct in_addr in;
		int64_t port;

		if (ip == NULL || inet_pton(AF_INET, ip, &in) != 1 ||
		    !json_to_int(json_member(local, "port"), &port))
			return false;
		c->ip[k] = ntohl(in.s_addr);
		c->port[k] = (uint16_t)port;
	}
	return true;
}

static int tell_endpoint(struct call *c, const struct json_value *leg)
{
	const struct json_value *security = json_member(leg, "security"),
				*fp = security != NULL ? json_member(security, "fingerprint")
						       : NULL;
	const char *hash = text_at(fp, "hash"), *value = text_at(fp, "value");
	enum srtp_profile profiles[] = {SRTP_AEAD_AES_128_GCM, SRTP_AES_CM_128_HMAC_SHA1_80};
	struct dtls_fingerprint print;
	struct dtls_params params = {.setup = DTLS_ACTIVE,
				     .profiles = profiles,
				     .profile_count = 2,
				     .remote = &print,
				     .remote_count = 1};
	char text[DTLS_FINGERPRINT_STRLEN + 32];
	int n;

	if (hash == NULL || value == NULL)
		return -EINVAL;
	n = snprintf(text, sizeof(text), "%s %s", hash, value);
	n = dtls_fingerprint_parse(text, (size_t)n, &print);
	return n != 0 ? n : dtls_endpoint_set(c->dtls, &params);
}

/* The agent begins its checks. */
static int tell_agent(struct call *c, const struct json_value *ice)
{
	const struct json_value *list = ice != NULL ? json_member(ice, "candidates") : NULL;
	const char *ufrag = text_at(ice, "ufrag"), *pwd = text_at(ice, "pwd");
	struct candidate candidate;
	const char *why;
	int err;

	if (ufrag == NULL || pwd == NULL || list == NULL)
		return -EINVAL;
	err = ice_set_remote(c->ice, ufrag, pwd, !load.setup.tandem_full);
	if (err < 0)
		return err;
	for (const struct json_value *v = json_first(list); v != NULL; v = json_next(v)) {
		const char *text = json_string(v);

		if (text != NULL && candidate_parse(text, strlen(text), &candidate, &why) == 0)
			ice_add_remote_candidate(c->ice, &candidate);
	}
	ice_end_of_candidates(c->ice);
	return 0;
}

void call_answered(uint32_t i, const struct json_value *result)
{
	const struct json_value *legs = result != NULL ? json_member(result, "legs") : NULL, *leg;
	struct call *c = &load.call[i];

	if (c->state != CALL_ASKED)
		return;
	if (!read_locals(c, legs)) {
		call_fail(c);
		return;
	}
	leg = json_first(legs);
	c->state = CALL_CHECKING;
	if ((c->dtls != NULL && tell_endpoint(c, leg) != 0) ||
	    tell_agent(c, json_member(leg, "ice")) != 0)
		call_fail(c);
}

/* ---- traffic, the end ------------------------------------------------------------------------ */

void call_input(const struct net_packet *p)
{
	struct call *c = &load.call[p->call];
	const union wire_ip ip = wire_ip_from4(htonl(p->src_ip));

	if (p->data[0] < 4 && p->len >= 20 && c->ice != NULL) {
		const struct ice_addr from = {ip, p->sport};
		bool request = p->data[0] == 0 && p->data[1] == 1;

		load.n.requests_in += request;
		load.n.responses_in += p->data[0] == 1 && p->data[1] == 1;
		if (request)
			first_check(c);
		ice_input(c->ice, &from, p->data, p->len);
	} else if (p->data[0] >= 20 && p->data[0] < 64 && c->dtls != NULL) {
		const struct dtls_addr from = {ip, p->sport};

		dtls_input(c->dtls, &from, p->data, p->len);
	} else {
		load.n.foreign++;
	}
}

void call_wipe(struct call *c)
{
	ice_free(c->ice);
	if (c->dtls != NULL)
		dtls_endpoint_free(c->dtls);
	media_wipe(c);
	*c = (struct call){0};
}
