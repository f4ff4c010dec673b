/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inner side of tunnels: settings as they were asked for, and what keys and underlay make of
 * them, in flow_tables.tunnel[].
 *
 * A session's flow_tunnel is first written before a plan leads there, and wiped when the session
 * has ended for the workers too. In between settings change in place.
 */
#include "session_inner.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "call.h"
#include "json.h"
#include "rtptp.h"

#define MTU_MIN      576 /* RFC 791 §3.2: what everybody takes */
#define KEEPALIVE_MS 1000
#define FAMILIES_ALL (FLOW_TUNNEL_IP4 | FLOW_TUNNEL_IP6)

static struct flow_tunnel *tunnel_of(const struct sessions *s, const struct session *se)
{
	return &s->h->tables->tunnel[session_index(s, se)];
}

/* ---- room ---------------------------------------------------------------------------------- */

static uint16_t outer_mtu(const struct sessions *s, uint16_t address)
{
	const struct flow_tables *t = s->h->tables;

	return t->iface[t->addr[address].iface].mtu;
}

static uint16_t around(const struct sessions *s, uint16_t address, unsigned int tag)
{
	return wire_rtptp_overhead(!wire_ip_is4(&s->h->config->addresses[address].ip), tag);
}

/* The longest tag of those that may be agreed upon, so that it is the same all the time. */
static unsigned int longest_tag(const uint8_t *profile, unsigned int n)
{
	unsigned int longest = 0;

	while (n-- > 0)
		longest = RTE_MAX(longest, srtp_profile_rtp_tag_len(profile[n]));
	return longest;
}

uint16_t session_inner_overhead(const struct sessions *s, uint16_t address,
				const struct leg_security *security)
{
	const struct config *c = s->h->config;
	unsigned int tag = 0;

	if (security->type == LEG_SECURITY_SDES && security->has_profile)
		tag = longest_tag(&security->profile, 1) + security->local.mki_len;
	else if (security->type == LEG_SECURITY_DTLS && security->dtls.profile_count != 0)
		tag = longest_tag(security->dtls.profile, security->dtls.profile_count);
	else if (security->type == LEG_SECURITY_DTLS)
		tag = longest_tag(c->dtls_profile, c->dtls_profile_count);
	return around(s, address, tag);
}

static uint16_t overhead(const struct sessions *s, const struct session *se)
{
	const struct flow_secure *fs = &s->h->tables->secure[transport_index(s, se, 0)];
	const struct leg_transport *t = transport_of(s, se, 0);
	const struct leg *l = &se->leg[0];
	unsigned int tag = 0;

	if (l->flags & LEG_DTLS)
		tag = longest_tag(t->kept.profile, t->kept.profile_count);
	else if (l->flags & LEG_SRTP)
		tag = srtp_keys_growth(fs->tx, false);
	return around(s, l->address, tag);
}

static uint16_t mtu_in_force(const struct sessions *s, const struct session *se)
{
	uint16_t outer = outer_mtu(s, se->leg[0].address);
	uint16_t fits = outer - RTE_MIN(outer, overhead(s, se));
	uint16_t wanted = s->inner[session_index(s, se)].in.mtu;

	return wanted != 0 ? RTE_MIN(wanted, fits) : fits;
}

/* ---- what is asked for ---------------------------------------------------------------------- */

static enum session_fault fault(struct session_error *err, const char *member, const char *reason)
{
	char path[64];

	snprintf(path, sizeof(path), "/legs/1/inner/%s", member);
	return session_fault_set(err, SESSION_BAD_PARAMS, path, "%s", reason);
}

static bool is_inner(const struct flow_tables *t, uint16_t iface)
{
	return iface < t->iface_count && t->iface[iface].role != FLOW_ROLE_OUTER;
}

static enum session_fault check_settings(const struct sessions *s, const struct leg_inner *in,
					 struct session_error *err)
{
	if (!is_inner(s->h->tables, in->iface))
		return fault(err, "interface", "no inner interface");
	if (in->payload_type > 127)
		return fault(err, "payload_type", "a payload type is 0 to 127");
	if (in->families & ~FAMILIES_ALL)
		return fault(err, "families", "1 is IPv4, 2 is IPv6");
	if (in->mtu != 0 && in->mtu < MTU_MIN)
		return fault(err, "mtu", "at least 576");
	return SESSION_OK;
}

enum session_fault inner_check(const struct sessions *s, const struct session_params *params,
			       struct session_error *err)
{
	const struct leg_params *outer = &params->leg[0];

	if (outer->kind != LEG_KIND_RTP)
		return session_fault_set(err, SESSION_BAD_PARAMS, "/legs/0/kind",
					 "tunnels are of kind rtp");
	if (outer->rtcp == LEG_RTCP_NEXT)
		return session_fault_set(err, SESSION_UNSUPPORTED, "/legs/0/rtcp",
					 "tunnels have one port: rtcp mux or none");
	if (outer->bundle.transport != NULL || bundle_types(&outer->bundle))
		return session_fault_set(err, SESSION_UNSUPPORTED, "/legs/0/bundle",
					 "tunnels share no transport");
	if (outer_mtu(s, outer->address) <
	    MTU_MIN + session_inner_overhead(s, outer->address, &outer->security))
		return session_fault_set(err, SESSION_BAD_PARAMS, "/legs/0/address",
					 "its interface's mtu leaves no room for packets inside");
	return check_settings(s, &params->leg[1].inner, err);
}

/* Leg 1 has nothing but its settings. */
static bool changes_more(const struct leg_change *c)
{
	return c->set_remote || c->set_latch || c->set_rtcp || c->set_hold || c->set_dscp ||
	       c->set_feedback || c->set_security || c->set_ice || c->set_bundle;
}

enum session_fault inner_check_change(const struct sessions *s, const struct session *se,
				      unsigned int i, const struct leg_change *c,
				      struct session_error *err)
{
	uint16_t iface = s->inner[session_index(s, se)].in.iface;
	enum session_fault f;

	if (c->set_inner && (i == 0 || !is_tunnel(se) || !c->inner.on))
		return session_fault_set(err, SESSION_CONFLICT, "/legs/1",
					 "a session is a tunnel from the beginning, or never");
	if (!is_tunnel(se))
		return SESSION_OK;
	if (i == 1 && changes_more(c))
		return session_fault_set(err, SESSION_BAD_PARAMS, "/legs/1",
					 "it is the inner side of a tunnel");
	if (c->set_bundle)
		return session_fault_set(err, SESSION_UNSUPPORTED, "/legs/0/bundle",
					 "tunnels share no transport");
	f = c->set_inner ? check_settings(s, &c->inner, err) : SESSION_OK;
	if (f == SESSION_OK && c->set_inner && c->inner.iface != iface)
		return session_fault_set(err, SESSION_CONFLICT, "/legs/1/inner/interface",
					 "it can't change while the session runs");
	return f;
}

/* What means the same, is the same. */
static struct leg_inner normal(const struct leg_inner *in)
{
	struct leg_inner out;

	memset(&out, 0, sizeof(out));
	if (!in->on)
		return out;
	out.on = true;
	out.pt_strict = in->pt_strict;
	out.mss_clamp = in->mss_clamp;
	out.payload_type = in->payload_type;
	out.families = in->families != 0 ? in->families : FAMILIES_ALL;
	out.iface = in->iface;
	out.mtu = in->mtu;
	out.keepalive_ms = in->keepalive_ms != 0 ? in->keepalive_ms : KEEPALIVE_MS;
	return out;
}

uint64_t inner_params_hash(const struct sessions *s, const struct leg_inner *in)
{
	struct leg_inner n = normal(in);

	return siphash(&s->key, &n, sizeof(n));
}

bool inner_set(struct sessions *s, const struct session *se, const struct leg_inner *in)
{
	struct leg_inner *at = &s->inner[session_index(s, se)].in;
	struct leg_inner n = normal(in);
	bool changes = memcmp(at, &n, sizeof(n)) != 0;

	if (changes)
		*at = n;
	return changes;
}

/* ---- what workers see ----------------------------------------------------------------------- */

#define store(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

/* What no change touches: before any plan leads there. */
enum session_fault inner_make(struct sessions *s, const struct session *se,
			      const struct leg_inner *in, struct session_error *err)
{
	struct flow_tunnel *t = tunnel_of(s, se);
	uint32_t random[3];

	if (!in->on)
		return SESSION_OK;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return session_no_memory(err);
	inner_set(s, se, in);
	roam_begin(s, se);
	store(t->generation, se->incarnation);
	store(t->iface, in->iface);
	store(t->seq, (uint16_t)random[0]);
	store(t->timestamp, random[1]);
	store(t->ssrc, random[2]);
	return SESSION_OK;
}

void inner_store(const struct sessions *s, const struct session *se)
{
	const struct tunnel_settings *want = &s->inner[session_index(s, se)];
	struct flow_tunnel *t = tunnel_of(s, se);

	if (!is_tunnel(se))
		return;
	store(t->mtu, mtu_in_force(s, se));
	store(t->keepalive_ms, want->in.keepalive_ms);
	store(t->payload_type, want->in.payload_type);
	store(t->families, want->in.families);
	store(t->flags, (want->in.pt_strict ? FLOW_TUNNEL_PT_STRICT : 0) |
				(want->in.mss_clamp ? FLOW_TUNNEL_MSS : 0));
}

/* Its worker looks after keep-alives from now on; where the ring there is full, in a later turn. */
void inner_begin(struct sessions *s, const struct session *se)
{
	uint32_t i = session_index(s, se);

	if (!is_tunnel(se) || s->h->dp == NULL ||
	    dp_tunnel_start(s->h->dp, se->worker, i, se->incarnation) == 0)
		return;
	if (!s->inner[i].begins)
		s->begin[s->begins++] = i;
	s->inner[i].begins = true;
}

bool inner_poll(struct sessions *s)
{
	while (s->begins > 0) {
		uint32_t i = s->begin[s->begins - 1];
		const struct session *se = &s->table[i];

		if (se->life == LIFE_RUNNING && is_tunnel(se) &&
		    dp_tunnel_start(s->h->dp, se->worker, i, se->incarnation) != 0)
			break;
		s->inner[i].begins = false;
		s->begins--;
	}
	return s->begins > 0;
}

/*
 * The wheel of keep-alives leads here without a plan, so that a worker may still look. The running
 * half is the worker's, who takes it for none with the next generation.
 */
static void wipe(struct flow_tunnel *t)
{
	store(t->generation, 0);
	store(t->iface, 0);
	store(t->mtu, 0);
	store(t->keepalive_ms, 0);
	store(t->payload_type, 0);
	store(t->families, 0);
	store(t->flags, 0);
	store(t->seq, 0);
	store(t->timestamp, 0);
	store(t->ssrc, 0);
}

void inner_end(struct sessions *s, const struct session *se)
{
	struct flow_tunnel *t = tunnel_of(s, se);

	if (!is_tunnel(se))
		return;
	roam_end(s, se);
	wipe(t);
	memset(&s->inner[session_index(s, se)].in, 0, sizeof(struct leg_inner));
}

/* ---- what is told --------------------------------------------------------------------------- */

static const struct flow_tunnel_rt *running(const struct sessions *s, const struct session *se)
{
	const struct flow_tunnel_rt *rt = &tunnel_of(s, se)->rt;

	/* Its counters are those of this session from the moment on at which it says so. */
	return __atomic_load_n(&rt->generation, __ATOMIC_ACQUIRE) == se->incarnation ? rt : NULL;
}

uint64_t session_silent_ms(const struct sessions *s, uint32_t index)
{
	return flow_silent_ms(s, &s->h->tables->leg[SESSION_LEGS * index].rtp);
}

/* For both directions: DTLS may not have made them yet, and SDES lacks the far end's at first. */
static bool has_keys(const struct sessions *s, const struct session *se)
{
	const struct flow_secure *fs = &s->h->tables->secure[transport_index(s, se, 0)];

	return (se->leg[0].flags & LEG_SRTP) && fs->rx != NULL && fs->tx != NULL;
}

static uint32_t rtt_ms(const struct sessions *s, const struct session *se)
{
	const struct leg_transport *t = transport_of(s, se, 0);
	struct ice_info info;

	if (t == NULL || t->ice == NULL)
		return UINT32_MAX;
	ice_get_info(t->ice, &info);
	return info.rtt_ms;
}

static struct session_endpoint far_end(const struct leg *l)
{
	if (l->flags & LEG_LEARNED)
		return (struct session_endpoint){.ip = l->learned, .port = l->learned_port};
	if (l->flags & LEG_REMOTE)
		return (struct session_endpoint){.ip = l->remote, .port = l->remote_port};
	return (struct session_endpoint){.port = 0};
}

enum session_fault session_inner_get(struct sessions *s, const char *id, struct session_inner *out,
				     struct session_error *err)
{
	const struct session *se = table_find(s, id);

	if (se == NULL)
		return session_not_found(err);
	if (!is_tunnel(se))
		return session_fault_set(err, SESSION_WRONG_STATE, "/id", "it is no tunnel");
	*out = (struct session_inner){
		.index = session_index(s, se),
		.generation = se->incarnation,
		.worker = se->worker,
		.mtu = mtu_in_force(s, se),
		.overhead = overhead(s, se),
		.has_keys = has_keys(s, se),
		.remote = far_end(&se->leg[0]),
		.silent_ms = session_silent_ms(s, session_index(s, se)),
		.rtt_ms = rtt_ms(s, se),
		.rt = running(s, se),
	};
	return SESSION_OK;
}

static void write_families(uint8_t families, struct tnd_buf *b)
{
	json_w_open(b, "families", '[');
	if (families & FLOW_TUNNEL_IP4)
		json_w_string(b, NULL, "ipv4");
	if (families & FLOW_TUNNEL_IP6)
		json_w_string(b, NULL, "ipv6");
	json_w_close(b, ']');
}

void inner_write(const struct sessions *s, const struct session *se, struct tnd_buf *b)
{
	const struct leg_inner *in = &s->inner[session_index(s, se)].in;

	json_w_open(b, "inner", '{');
	json_w_string(b, "interface", s->h->config->interfaces[in->iface].name);
	json_w_uint(b, "payload_type", in->payload_type);
	json_w_bool(b, "pt_strict", in->pt_strict);
	json_w_bool(b, "mss_clamp", in->mss_clamp);
	write_families(in->families, b);
	json_w_uint(b, "mtu", mtu_in_force(s, se));
	json_w_uint(b, "overhead", overhead(s, se));
	json_w_close(b, '}');
}
