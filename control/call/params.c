/* SPDX-License-Identifier: BSD-3-Clause */
/* What front ends ask for: is it possible, and what does it mean for a leg? */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "call.h"

enum session_fault session_fault_set(struct session_error *err, enum session_fault f,
				     const char *path, const char *fmt, ...)
{
	va_list ap;

	err->fault = f;
	snprintf(err->path, sizeof(err->path), "%s", path);
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return f;
}

enum session_fault session_not_found(struct session_error *err)
{
	return session_fault_set(err, SESSION_NOT_FOUND, "/id", "no session of this id");
}

enum session_fault session_no_memory(struct session_error *err)
{
	return session_fault_set(err, SESSION_NO_MEMORY, "", "out of memory");
}

enum session_fault params_check_remote(const struct sessions *s, unsigned int i, uint16_t address,
				       uint8_t rtcp, const struct leg_remote *r,
				       struct session_error *err)
{
	const struct config_address *a = &s->h->config->addresses[address];
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/remote/ip", i);
	if (wire_ip_is4(&r->ip) != wire_ip_is4(&a->ip))
		return session_fault_set(err, SESSION_BAD_PARAMS, path,
					 "address %s is %s: the far end must be too", a->name,
					 wire_ip_is4(&a->ip) ? "IPv4" : "IPv6");
	if (!wire_ip_is_unicast(&r->ip))
		return session_fault_set(err, SESSION_BAD_PARAMS, path, "not a unicast address");
	snprintf(path, sizeof(path), "/legs/%u/remote/port", i);
	if (r->port == 0)
		return session_fault_set(err, SESSION_BAD_PARAMS, path, "a port is 1 to 65535");
	snprintf(path, sizeof(path), "/legs/%u/remote/rtcp_port", i);
	if (r->rtcp_port != 0 && rtcp != LEG_RTCP_NEXT)
		return session_fault_set(err, SESSION_BAD_PARAMS, path, "only with rtcp \"next\"");
	return SESSION_OK;
}

void leg_set_remote(struct leg *l, const struct leg_remote *r)
{
	l->remote = r->ip;
	l->remote_port = r->port;
	l->remote_rtcp_port = r->rtcp_port ? r->rtcp_port : r->port + 1;
	if (l->rtcp != LEG_RTCP_NEXT)
		l->remote_rtcp_port = 0;
	l->flags = (uint16_t)((l->flags & ~LEG_EARLY) | LEG_REMOTE);
}

void leg_clear_remote(struct leg *l)
{
	memset(&l->remote, 0, sizeof(l->remote));
	l->remote_port = l->remote_rtcp_port = 0;
	l->flags &= (uint16_t) ~(LEG_REMOTE | LEG_EARLY);
}

/* What is no RTP can't be SRTP, whichever side it comes from. */
static enum session_fault check_kind(const struct session_params *params, unsigned int i,
				     struct session_error *err)
{
	char path[64];

	if (params->leg[i].security.type == LEG_SECURITY_NONE)
		return SESSION_OK;
	for (unsigned int k = 0; k < SESSION_LEGS; k++) {
		if (params->leg[k].kind != LEG_KIND_UDP || params->leg[k].inner.on)
			continue;
		snprintf(path, sizeof(path), "/legs/%u/security", i);
		return session_fault_set(err, SESSION_BAD_PARAMS, path,
					 "kind udp is not encrypted: both legs must be of kind "
					 "rtp");
	}
	return SESSION_OK;
}

/* One address, one port, one far end: what ICE and DTLS ask of the rest of a leg. */
enum session_fault params_check_transport(unsigned int i, bool ice, bool dtls, bool udp,
					  uint8_t rtcp, struct session_error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/rtcp", i);
	if ((ice || dtls) && rtcp == LEG_RTCP_NEXT)
		return session_fault_set(err, SESSION_UNSUPPORTED, path,
					 "ICE and DTLS are for one port: rtcp mux or none");
	snprintf(path, sizeof(path), "/legs/%u/ice", i);
	if (ice && udp)
		return session_fault_set(err, SESSION_UNSUPPORTED, path, "only with kind rtp");
	return SESSION_OK;
}

enum session_fault params_check_latch(unsigned int i, bool ice, bool roams, uint8_t latch,
				      struct session_error *err)
{
	char path[64];

	if (!ice || latch == LEG_LATCH_STRICT || (roams && latch == LEG_LATCH_FOLLOW))
		return SESSION_OK;
	snprintf(path, sizeof(path), "/legs/%u/latch", i);
	return session_fault_set(err, SESSION_BAD_PARAMS, path,
				 "with ICE only strict, or, of a tunnel with keys, follow: the far "
				 "end is the nominated one");
}

static enum session_fault check_transport(const struct session_params *params, unsigned int i,
					  struct session_error *err)
{
	const struct leg_params *p = &params->leg[i];
	enum session_fault f = ice_want_check(&p->ice, false, false, i, err);
	bool ice = p->ice.mode != LEG_ICE_NONE;
	bool roams = params->leg[1].inner.on && p->security.type != LEG_SECURITY_NONE;
	char path[64];

	if (f != SESSION_OK)
		return f;
	snprintf(path, sizeof(path), "/legs/%u/remote", i);
	if (ice && p->has_remote)
		return session_fault_set(err, SESSION_BAD_PARAMS, path,
					 "with ICE the far end is the nominated one");
	f = params_check_transport(i, ice, p->security.type == LEG_SECURITY_DTLS,
				   p->kind == LEG_KIND_UDP, p->rtcp, err);
	return f == SESSION_OK ? params_check_latch(i, ice, roams, p->latch, err) : f;
}

static enum session_fault check_leg(const struct sessions *s, const struct session_params *params,
				    unsigned int i, struct session_error *err)
{
	const struct leg_params *p = &params->leg[i];
	enum session_fault f;
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/address", i);
	if (p->address >= s->h->config->address_count)
		return session_fault_set(err, SESSION_BAD_PARAMS, path, "no such address");
	if (p->has_remote) {
		f = params_check_remote(s, i, p->address, p->rtcp, &p->remote, err);
		if (f != SESSION_OK)
			return f;
	}
	f = check_kind(params, i, err);
	return f == SESSION_OK ? check_transport(params, i, err) : f;
}

static void leg_init(struct leg *l, const struct leg_params *p)
{
	memset(l, 0, sizeof(*l));
	l->address = (uint8_t)p->address;
	l->latch = p->latch;
	l->rtcp = p->rtcp;
	l->dscp = p->dscp;
	if (p->kind == LEG_KIND_UDP)
		l->flags |= LEG_UDP;
	if (p->hold)
		l->flags |= LEG_HOLD;
	if (p->no_feedback)
		l->flags |= LEG_NO_FEEDBACK;
	if (p->ice.mode != LEG_ICE_NONE)
		l->flags |= LEG_ICE;
	if (p->bundle.transport != NULL)
		l->flags |= LEG_BUNDLED;
	else if (bundle_types(&p->bundle))
		l->flags |= LEG_BUNDLE;
	if (p->has_remote)
		leg_set_remote(l, &p->remote);
}

/* What wrapped packets leave by is leg 0's. */
static void inner_init(struct leg *l, const struct leg *outer)
{
	*l = (struct leg){.address = outer->address,
			  .latch = LEG_LATCH_STRICT,
			  .rtcp = LEG_RTCP_NONE,
			  .dscp = SESSION_DSCP_KEEP,
			  .flags = LEG_INNER};
}

void legs_init(struct leg l[SESSION_LEGS], const struct session_params *params)
{
	leg_init(&l[0], &params->leg[0]);
	if (params->leg[1].inner.on)
		inner_init(&l[1], &l[0]);
	else
		leg_init(&l[1], &params->leg[1]);
}

enum session_fault params_check(const struct sessions *s, const struct session_params *params,
				struct session_error *err)
{
	bool tunnel = params->leg[1].inner.on;
	enum session_fault f = SESSION_OK;

	if (params->leg[0].inner.on)
		return session_fault_set(err, SESSION_BAD_PARAMS, "/legs/0",
					 "the inner side of a tunnel is leg 1");
	for (unsigned int i = 0; i < (tunnel ? 1 : SESSION_LEGS) && f == SESSION_OK; i++)
		f = check_leg(s, params, i, err);
	return f == SESSION_OK && tunnel ? inner_check(s, params, err) : f;
}

/* Normalised: what means the same has the same hash. */
uint64_t params_hash(const struct sessions *s, const struct session_params *params)
{
	struct {
		struct leg leg[SESSION_LEGS];
		uint64_t security[SESSION_LEGS];
		uint64_t transport[SESSION_LEGS];
		uint64_t idle_timeout_s;
		uint64_t inner;
	} n;

	memset(&n, 0, sizeof(n));
	legs_init(n.leg, params);
	n.inner = inner_params_hash(s, &params->leg[1].inner);
	for (unsigned int i = 0; i < SESSION_LEGS && !(n.leg[i].flags & LEG_INNER); i++) {
		n.security[i] =
			secure_params_hash(s, &params->leg[i].security, params->leg[1].inner.on);
		n.transport[i] = transport_params_hash(s, &params->leg[i]);
	}
	n.idle_timeout_s = params->idle_timeout_s;
	return siphash(&s->key, &n, sizeof(n));
}

enum session_fault session_publish_fault(const struct sessions *s, const struct session *se, int rc,
					 unsigned int leg, struct session_error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/remote/ip", leg);
	switch (rc) {
	case -ENOSPC: return session_fault_set(err, SESSION_TABLE_FULL, "", "no free plan cell");
	case -ENOBUFS:
		return session_fault_set(err, SESSION_TABLE_FULL, path,
					 "the table of neighbours is full");
	case -ENETUNREACH:
		return session_fault_set(err, SESSION_BAD_PARAMS, path, "no route from address %s",
					 s->h->config->addresses[se->leg[leg].address].name);
	default:
		return session_fault_set(err, SESSION_BAD_PARAMS, path,
					 "not an address that can be sent to");
	}
}

void session_fill_answer(const struct sessions *s, const struct session *se,
			 struct session_answer *a)
{
	memset(a->leg, 0, sizeof(a->leg));
	a->generation = se->generation;
	a->worker = se->worker;
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		session_locals(s, se, i, &a->leg[i].local, &a->leg[i].rtcp);
		secure_answer(s, se, i, a);
		transport_answer(s, se, i, a);
	}
}
