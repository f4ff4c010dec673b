/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptions of tunnels as SDP. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "desc.h"

#define EOL   "\r\n"
#define CODEC "CLEARMODE/8000"

static enum session_fault fault_at(struct session_error *err, enum session_fault f,
				   unsigned int line, const char *reason)
{
	if (line == 0)
		return desc_fault(err, f, "/sdp", "%s", reason);
	return desc_fault(err, f, "/sdp", "line %u: %.170s", line, reason);
}

static enum session_fault no_room(struct session_error *err)
{
	return fault_at(err, SESSION_BAD_PARAMS, 0, "too much text");
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool is_codec(struct sdp_view v)
{
	return sdp_is_nocase(v, CODEC) || sdp_is_nocase(v, CODEC "/1");
}

/* The payload type of transparent data in a section, or -1. */
static int find_codec(const struct sdp_section_facts *f)
{
	struct sdp_part rest = f->m->part;
	struct sdp_line l;
	uint8_t type;

	while (sdp_next_attribute(&rest, "rtpmap", &l))
		if (sdp_read_payload_type(sdp_word(&l.rest), &type) &&
		    is_codec(sdp_word(&l.rest)) && f->types[type / 64] >> type % 64 & 1)
			return type;
	return -1;
}

static enum session_fault read_candidates(const struct sdp_section_facts *f,
					  struct tunnel_desc *out, struct session_error *err)
{
	struct sdp_part rest = f->m->part;
	struct sdp_line l;

	while (out->candidate_count < DESC_CANDIDATES &&
	       sdp_next_attribute(&rest, "candidate", &l)) {
		const char *text = desc_text(out, l.rest.at, l.rest.len);

		if (text == NULL)
			return no_room(err);
		out->candidate[out->candidate_count++] = text;
	}
	return SESSION_OK;
}

static enum session_fault read_ice(const struct sdp_section_facts *f, struct tunnel_desc *out,
				   struct session_error *err)
{
	if (f->ufrag.len == 0)
		return SESSION_OK;
	out->ufrag = desc_text(out, f->ufrag.at, f->ufrag.len);
	out->pwd = desc_text(out, f->pwd.at, f->pwd.len);
	out->ice_lite = out->facts.ice_lite;
	out->end_of_candidates = f->end_of_candidates || !out->facts.trickle;
	if (out->ufrag == NULL || out->pwd == NULL)
		return no_room(err);
	return read_candidates(f, out, err);
}

static enum session_fault read_fingerprints(const struct sdp_section_facts *f,
					    struct tunnel_desc *out, struct session_error *err)
{
	out->setup = f->setup;
	for (unsigned int i = 0; i < f->fingerprint_count && i < LEG_FINGERPRINTS; i++) {
		const struct sdp_fingerprint *fp = &f->fingerprint[i];
		struct leg_fingerprint *to = &out->fingerprint[out->fingerprint_count++];

		to->hash = desc_text(out, fp->hash.at, fp->hash.len);
		to->value = desc_text(out, fp->value.at, fp->value.len);
		if (to->hash == NULL || to->value == NULL)
			return no_room(err);
	}
	return SESSION_OK;
}

/* Those of suites, methods and parameters not known here are passed over (RFC 4568 §6.3). */
static enum session_fault read_cryptos(const struct sdp_section_facts *f, struct tunnel_desc *out,
				       struct session_error *err)
{
	struct sdp_part rest = f->m->part;
	struct sdp_line l;
	const char *why;

	while (out->crypto_count < DESC_CRYPTOS && sdp_next_attribute(&rest, "crypto", &l)) {
		struct sdes *s = &out->crypto[out->crypto_count];
		int rc = sdes_parse(l.rest.at, l.rest.len, s, &why);

		if (rc == -EINVAL)
			return fault_at(err, SESSION_BAD_PARAMS, l.number, why);
		if (rc == 0 && s->key_count == 1)
			out->crypto_count++;
	}
	return SESSION_OK;
}

static enum session_fault read_section(struct tunnel_desc *out, struct session_error *err)
{
	const struct sdp_section_facts *f = &out->facts.section[out->section];
	const struct sdp_section_facts *tagged = sdp_tagged(&out->facts, out->section);
	enum sdp_transport t = f->transport;
	enum session_fault fault;

	if (!sdp_transport_is_rtp(t))
		return fault_at(err, SESSION_UNSUPPORTED, f->m->line, "not RTP");
	out->secure = sdp_transport_is_secure(t);
	out->ip = f->c.ip;
	out->port = f->m->port;
	out->has_place = !f->c.is_name && !wire_ip_is_any(&f->c.ip) && f->m->port != 0;
	if (tagged->ufrag.len == 0 && f->c.is_name)
		return fault_at(err, SESSION_UNSUPPORTED, f->c_line,
				"a name in place of an address");
	fault = read_ice(tagged, out, err);
	if (fault == SESSION_OK && out->secure)
		fault = read_fingerprints(tagged, out, err);
	if (fault == SESSION_OK && out->secure && !sdp_transport_is_tls(t))
		fault = read_cryptos(f, out, err);
	return fault;
}

enum session_fault desc_read_sdp(const char *text, struct tunnel_desc *out,
				 struct session_error *err)
{
	struct sdp_error e;

	if (sdp_read(text, strlen(text), &out->facts, &e) != 0)
		return fault_at(err, SESSION_BAD_PARAMS, e.line, e.reason);
	for (unsigned int i = 0; i < out->facts.sdp.count; i++) {
		int type = out->facts.section[i].active ? find_codec(&out->facts.section[i]) : -1;

		if (type < 0)
			continue;
		out->payload_type = (uint8_t)type;
		out->section = i;
		return read_section(out, err);
	}
	return fault_at(err, SESSION_BAD_PARAMS, 0, "no section with " CODEC);
}

/* ---- writing ------------------------------------------------------------------------------- */

static const char *family(const union wire_ip *ip)
{
	return wire_ip_is4(ip) ? "IP4" : "IP6";
}

static void write_ice(struct tnd_buf *out, const struct session_ice *ice)
{
	if (!ice->on)
		return;
	tnd_buf_addf(out, "a=ice-ufrag:%s" EOL "a=ice-pwd:%s" EOL, ice->ufrag, ice->pwd);
	for (unsigned int i = 0; i < ice->candidate_count; i++)
		tnd_buf_addf(out, "a=%s" EOL, ice->candidate[i]);
	if (ice->lite)
		tnd_buf_adds(out, "a=end-of-candidates" EOL);
}

static void write_security(struct tnd_buf *out, const struct tunnel_say *s)
{
	const struct session_dtls *dtls = &s->session->leg[0].dtls;
	char text[SDES_STRLEN];

	if (s->security == LEG_SECURITY_DTLS)
		tnd_buf_addf(out, "a=fingerprint:%s %s" EOL "a=setup:%s" EOL, dtls->hash,
			     dtls->fingerprint, sdp_setup_name(s->setup));
	for (unsigned int i = 0; s->security == LEG_SECURITY_SDES && i < s->key_count; i++) {
		sdp_key_format(&s->key[i], text);
		tnd_buf_addf(out, "a=crypto:%s" EOL, text);
	}
	explicit_bzero(text, sizeof(text));
}

static const char *transport_of(const struct tunnel_say *s)
{
	/* An answer has that of the offer (RFC 3264 §6). */
	if (s->to != NULL)
		return sdp_transport_name(
			(enum sdp_transport)s->to->facts.section[s->to->section].transport);
	return sdp_transport_name(s->security == LEG_SECURITY_DTLS   ? SDP_TLS_SAVP
				  : s->security == LEG_SECURITY_SDES ? SDP_SAVP
								     : SDP_AVP);
}

static void write_section(struct tnd_buf *out, const struct tunnel_say *s)
{
	const struct session_endpoint *at = &s->session->leg[0].local;
	const struct sdp_section_facts *f =
		s->to != NULL ? &s->to->facts.section[s->to->section] : NULL;

	tnd_buf_addf(out, "m=%.*s %u %s %u" EOL, f != NULL ? (int)f->m->kind.len : 5,
		     f != NULL ? f->m->kind.at : "audio", at->port, transport_of(s),
		     s->payload_type);
	tnd_buf_addf(out, "a=rtpmap:%u " CODEC EOL "a=sendrecv" EOL, s->payload_type);
	if (f != NULL && f->mid.len > 0)
		tnd_buf_addf(out, "a=mid:%.*s" EOL, (int)f->mid.len, f->mid.at);
	if (f == NULL || f->mux)
		tnd_buf_adds(out, "a=rtcp-mux" EOL);
	write_ice(out, &s->session->leg[0].ice);
	write_security(out, s);
}

/* Another section of what is answered: no, thank you (RFC 3264 §6). */
static void write_refused(struct tnd_buf *out, const struct sdp_section_facts *f)
{
	const struct sdp_media *m = f->m;

	tnd_buf_addf(out, "m=%.*s 0 %.*s%s%.*s" EOL, (int)m->kind.len, m->kind.at,
		     (int)m->proto.len, m->proto.at, m->formats.len > 0 ? " " : "",
		     (int)m->formats.len, m->formats.at);
	if (f->mid.len > 0)
		tnd_buf_addf(out, "a=mid:%.*s" EOL, (int)f->mid.len, f->mid.at);
}

void tunnel_say_sdp(struct tnd_buf *out, const struct tunnel_say *s)
{
	const struct session_endpoint *at = &s->session->leg[0].local;
	const struct session_ice *ice = &s->session->leg[0].ice;
	unsigned int count = s->to != NULL ? s->to->facts.sdp.count : 1;
	char ip[WIRE_IP_STRLEN];

	/* c= stands for refused sections too, none of which may be without (RFC 8866 §5.7). */
	wire_ip_format(&at->ip, ip);
	tnd_buf_addf(out,
		     "v=0" EOL "o=- %" PRIu64 " 1 IN %s %s" EOL "s=-" EOL "c=IN %s %s" EOL
		     "t=0 0" EOL,
		     s->origin, family(&at->ip), ip, family(&at->ip), ip);
	/* A group with the one section that is left (RFC 8843 §7.3.3). */
	if (s->to != NULL && s->to->facts.section[s->to->section].group >= 0)
		tnd_buf_addf(out, "a=group:BUNDLE %.*s" EOL,
			     (int)s->to->facts.section[s->to->section].mid.len,
			     s->to->facts.section[s->to->section].mid.at);
	if (ice->on && ice->lite)
		tnd_buf_adds(out, "a=ice-lite" EOL);
	for (unsigned int i = 0; i < count; i++) {
		if (s->to == NULL || i == s->to->section)
			write_section(out, s);
		else
			write_refused(out, &s->to->facts.section[i]);
	}
}
