/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EOL "\r\n"

struct writer {
	struct tnd_buf *out;
	const struct sdp_facts *from;
	const struct sdp_state *s;
	unsigned int to;
	bool offer;
	const struct sdp_local *local;
};

/*
 * Attributes that say where and how media is transported: they are tandem's own on each side.
 * In the order of strcmp(). Those of RFC 5939 offer other transports beside the one in m=.
 */
static const char *const owned[] = {
	"acap",        "acfg",          "alt",           "bundle-only",  "candidate",
	"connection",  "creq",          "crypto",        "csup",         "end-of-candidates",
	"fingerprint", "group",         "ice-lite",      "ice-mismatch", "ice-options",
	"ice-pacing",  "ice-pwd",       "ice-ufrag",     "identity",     "inactive",
	"key-mgmt",    "mid",           "pcfg",          "recvonly",     "remote-candidates",
	"rtcp",        "rtcp-mux",      "rtcp-mux-only", "sendonly",     "sendrecv",
	"setup",       "source-filter", "tcap",          "tls-id",
};

static bool is_owned(struct sdp_view name)
{
	size_t low = 0, high = sizeof(owned) / sizeof(owned[0]);

	while (low < high) {
		size_t mid = (low + high) / 2, len = strlen(owned[mid]);
		int c = memcmp(name.at, owned[mid], name.len < len ? name.len : len);

		if (c == 0 && name.len == len)
			return true;
		if (c < 0 || (c == 0 && name.len < len))
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

static void keep(const struct writer *w, const struct sdp_line *l)
{
	tnd_buf_add(w->out, l->whole.at, l->whole.len);
	tnd_buf_adds(w->out, EOL);
}

static const char *family(const union wire_ip *ip)
{
	return wire_ip_is4(ip) ? "IP4" : "IP6";
}

/* ---- the session's level ------------------------------------------------------------------- */

/* Groups other than BUNDLE name sections by their mids: do those mean the same on both sides? */
static bool same_mids(const struct writer *w)
{
	for (unsigned int i = 0; i < w->s->count; i++)
		if (!sdp_is(w->from->section[i].mid, w->s->section[i].side[w->to].mid))
			return false;
	return true;
}

static void write_group(const struct writer *w, int bundle)
{
	tnd_buf_adds(w->out, "a=group:BUNDLE");
	for (unsigned int i = 0; i < w->s->count; i++)
		if (w->s->section[i].active && sdp_bundle(&w->s->section[i], w->to) == bundle)
			tnd_buf_addf(w->out, " %s", w->s->section[i].side[w->to].mid);
	tnd_buf_adds(w->out, EOL);
}

static bool has_ice(const struct sdp_section_state *st, unsigned int side)
{
	return st->kind == SDP_KIND_RTP && st->side[side].ice != SDP_ICE_REMOVE;
}

static void write_own_session(const struct writer *w)
{
	bool ice = false, lite = false;
	uint32_t written = 0; /* bundles */

	for (unsigned int i = 0; i < w->s->count; i++) {
		const struct sdp_section_state *st = &w->s->section[i];
		int bundle = sdp_bundle(st, w->to);

		if (!st->active)
			continue;
		ice |= has_ice(st, w->to);
		lite |= has_ice(st, w->to) && st->side[w->to].ice == SDP_ICE_LITE;
		if (bundle >= 0 && !(written & UINT32_C(1) << bundle)) {
			written |= UINT32_C(1) << bundle;
			write_group(w, bundle);
		}
	}
	if (lite)
		tnd_buf_adds(w->out, "a=ice-lite" EOL);
	if (ice && (w->offer || w->s->trickle[w->to]))
		tnd_buf_adds(w->out, "a=ice-options:trickle" EOL);
}

static bool keep_in_session(const struct writer *w, const struct sdp_line *l)
{
	struct sdp_view words = l->rest;

	if (strchr("vock", l->type) != NULL)
		return false;
	if (l->type != 'a' || !is_owned(l->name))
		return true;
	return sdp_is(l->name, "group") && !sdp_is(sdp_word(&words), "BUNDLE") && same_mids(w);
}

static void write_session(const struct writer *w)
{
	struct sdp_part rest = w->from->sdp.session;
	bool own = false;
	struct sdp_line l;

	while (sdp_next(&rest, &l)) {
		if (l.type == 'a' && !own) {
			write_own_session(w);
			own = true;
		}
		if (keep_in_session(w, &l))
			keep(w, &l);
	}
	if (!own)
		write_own_session(w);
}

/* ---- sections ------------------------------------------------------------------------------ */

static const struct sdp_section_state *state(const struct writer *w, unsigned int i)
{
	return &w->s->section[i];
}

static bool is_rtp(const struct writer *w, unsigned int i)
{
	return state(w, i)->active && state(w, i)->kind == SDP_KIND_RTP;
}

/* Lines of one type of a section. */
static void keep_type(const struct writer *w, unsigned int i, char type)
{
	struct sdp_part rest = w->from->section[i].m->part;
	struct sdp_line l;

	while (sdp_next(&rest, &l))
		if (l.type == type)
			keep(w, &l);
}

static void write_media(const struct writer *w, unsigned int i)
{
	const struct sdp_media *m = w->from->section[i].m;
	const struct sdp_local *l = &w->local[i];
	struct sdp_view proto = m->proto;
	char ip[WIRE_IP_STRLEN];

	if (sdp_transport_is_rtp(w->from->section[i].transport)) {
		proto.at = sdp_transport_name(state(w, i)->side[w->to].transport);
		proto.len = strlen(proto.at);
	}
	tnd_buf_addf(w->out, "m=%.*s %u %.*s%s%.*s" EOL, (int)m->kind.len, m->kind.at,
		     state(w, i)->active ? l->port : 0, (int)proto.len, proto.at,
		     m->formats.len > 0 ? " " : "", (int)m->formats.len, m->formats.at);
	keep_type(w, i, 'i');
	tnd_buf_addf(w->out, "c=IN %s %s" EOL, family(&l->ip), wire_ip_format(&l->ip, ip));
	keep_type(w, i, 'b');
}

/* RTCP feedback only where both sides can take it. */
static bool has_feedback(const struct writer *w, unsigned int i)
{
	const struct sdp_side *side = state(w, i)->side;

	return !is_rtp(w, i) || (side[0].feedback && side[1].feedback);
}

static void write_kept(const struct writer *w, unsigned int i)
{
	struct sdp_part rest = w->from->section[i].m->part;
	bool feedback = has_feedback(w, i);
	struct sdp_line l;

	while (sdp_next(&rest, &l)) {
		if (l.type != 'a' || is_owned(l.name))
			continue;
		if (!feedback && (sdp_is(l.name, "rtcp-fb") || sdp_is(l.name, "rtcp-rsize")))
			continue;
		keep(w, &l);
	}
}

/* Parties of WebRTC want it of static payload types as well. */
static void write_static_rtpmaps(const struct writer *w, unsigned int i)
{
	struct sdp_view rest = w->from->section[i].m->formats;
	uint64_t mapped[2] = {0, 0};
	struct sdp_part lines = w->from->section[i].m->part;
	struct sdp_line l;
	uint8_t type;

	while (sdp_next_attribute(&lines, "rtpmap", &l))
		if (sdp_read_payload_type(sdp_word(&l.rest), &type))
			mapped[type / 64] |= UINT64_C(1) << type % 64;
	while (rest.len > 0) {
		if (!sdp_read_payload_type(sdp_word(&rest), &type) ||
		    mapped[type / 64] & UINT64_C(1) << type % 64 || sdp_static_rtpmap(type) == NULL)
			continue;
		mapped[type / 64] |= UINT64_C(1) << type % 64;
		tnd_buf_addf(w->out, "a=rtpmap:%u %s" EOL, type, sdp_static_rtpmap(type));
	}
}

static void write_direction(const struct writer *w, unsigned int i)
{
	const struct sdp_section_facts *f = &w->from->section[i];
	unsigned int direction = f->direction;

	/* What c=0.0.0.0 says, tandem's own c= doesn't. */
	if (state(w, i)->active && sdp_is_held(state(w, i), 1 - w->to, f))
		direction &= ~(unsigned int)SDP_RECV;
	tnd_buf_addf(w->out, "a=%s" EOL, sdp_direction_name(direction));
}

static void write_ice(const struct writer *w, unsigned int i)
{
	const struct sdp_local *l = &w->local[i];

	if (!has_ice(state(w, i), w->to) || l->ufrag == NULL)
		return;
	tnd_buf_addf(w->out, "a=ice-ufrag:%s" EOL "a=ice-pwd:%s" EOL, l->ufrag, l->pwd);
	for (unsigned int k = 0; k < l->candidate_count; k++)
		tnd_buf_addf(w->out, "a=%s" EOL, l->candidate[k]);
	if (state(w, i)->side[w->to].ice == SDP_ICE_LITE)
		tnd_buf_adds(w->out, "a=end-of-candidates" EOL);
}

static void write_security(const struct writer *w, unsigned int i)
{
	const struct sdp_side *side = &state(w, i)->side[w->to];
	const struct sdp_profile *p = &w->s->profile[w->to];
	const struct sdp_local *l = &w->local[i];
	enum sdp_setup setup = side->setup;
	char text[SDES_STRLEN];

	if (side->security == SDP_SDES) {
		for (unsigned int k = 0; k < side->key_count; k++) {
			sdp_key_format(&side->key[k], text);
			tnd_buf_addf(w->out, "a=crypto:%s" EOL, text);
		}
		explicit_bzero(text, sizeof(text));
	} else if (side->security == SDP_DTLS && l->fingerprint != NULL) {
		/* Each offer lets the other party choose anew (RFC 8842 §5.2). */
		if (w->offer)
			setup = p->has_dtls ? p->dtls : SDP_SETUP_ACTPASS;
		tnd_buf_addf(w->out, "a=fingerprint:%s %s" EOL "a=setup:%s" EOL, l->hash,
			     l->fingerprint, sdp_setup_name(setup));
	}
}

static void write_rtcp(const struct writer *w, unsigned int i)
{
	const struct sdp_side *side = &state(w, i)->side[w->to];
	const struct sdp_profile *p = &w->s->profile[w->to];
	const struct sdp_local *l = &w->local[i];
	char ip[WIRE_IP_STRLEN];
	bool offered = p->has_mux && p->mux == SDP_MUX_OFFER;

	if (w->offer ? side->mux || offered : side->mux && side->mux_said)
		tnd_buf_adds(w->out, "a=rtcp-mux" EOL);
	if (!side->mux && l->rtcp_port != 0 && l->rtcp_port != l->port + 1)
		tnd_buf_addf(w->out, "a=rtcp:%u IN %s %s" EOL, l->rtcp_port, family(&l->ip),
			     wire_ip_format(&l->ip, ip));
}

/* Some section that this party has as WebRTC; -1: none. */
static int some_webrtc(const struct writer *w)
{
	for (unsigned int i = 0; i < w->s->count; i++)
		if (is_rtp(w, i) && has_ice(state(w, i), w->to) &&
		    state(w, i)->side[w->to].security == SDP_DTLS)
			return (int)i;
	return -1;
}

/* Some stacks look for credentials and a role in sections that are switched off, too. */
static void write_refused(const struct writer *w, unsigned int i)
{
	int other = some_webrtc(w);

	if (other < 0 || w->local[other].ufrag == NULL)
		return;
	if (sdp_transport_is_rtp(w->from->section[i].transport))
		tnd_buf_adds(w->out, "a=rtcp-mux" EOL);
	tnd_buf_addf(w->out, "a=ice-ufrag:%s" EOL "a=ice-pwd:%s" EOL, w->local[other].ufrag,
		     w->local[other].pwd);
	write_security(w, (unsigned int)other);
}

static void write_section(const struct writer *w, unsigned int i)
{
	const struct sdp_side *side = &state(w, i)->side[w->to];

	write_media(w, i);
	if (side->mid[0] != '\0')
		tnd_buf_addf(w->out, "a=mid:%s" EOL, side->mid);
	write_kept(w, i);
	write_direction(w, i);
	if (!state(w, i)->active)
		write_refused(w, i);
	if (!is_rtp(w, i))
		return;
	if (side->ice != SDP_ICE_REMOVE || side->security == SDP_DTLS)
		write_static_rtpmaps(w, i);
	write_rtcp(w, i);
	write_ice(w, i);
	write_security(w, i);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static uint64_t hash_text(const char *text, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return h;
}

static void identify(const struct writer *w, struct sdp_identity *who, uint64_t hash)
{
	const struct sdp_origin *o = &w->from->sdp.origin;

	if (who->id[0] == '\0') {
		bool fits = o->username.len < sizeof(who->username);

		snprintf(who->username, sizeof(who->username), "%.*s",
			 fits ? (int)o->username.len : 1, fits ? o->username.at : "-");
		snprintf(who->id, sizeof(who->id), "%.*s", (int)o->id.len, o->id.at);
		who->version = o->version;
	} else if (hash != who->hash) {
		who->version++;
	}
	who->hash = hash;
}

void sdp_write(struct tnd_buf *out, const struct sdp_facts *from, const struct sdp_state *s,
	       unsigned int to, bool offer, const struct sdp_local *local, struct sdp_identity *who)
{
	struct tnd_buf body = {.secret = true};
	const struct writer w = {&body, from, s, to, offer, local};
	char ip[WIRE_IP_STRLEN] = "0.0.0.0";
	const char *fam = "IP4";

	write_session(&w);
	for (unsigned int i = 0; i < s->count; i++)
		write_section(&w, i);
	if (s->count > 0) {
		fam = family(&local[0].ip);
		wire_ip_format(&local[0].ip, ip);
	}
	identify(&w, who, hash_text(body.data, body.len));
	tnd_buf_addf(out, "v=0" EOL "o=%s %s %" PRIu64 " IN %s %s" EOL, who->username, who->id,
		     who->version, fam, ip);
	tnd_buf_add(out, body.data, body.len);
	out->oom |= body.oom;
	tnd_buf_free(&body);
}
