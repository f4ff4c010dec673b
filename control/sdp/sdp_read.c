/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_read.h"

#include <errno.h>
#include <string.h>

/* Attributes of one level that may come once, and the line of each. */
struct once {
	unsigned int rtcp, direction, mid, ufrag, pwd, setup, tls_id;
};

/* What the session's level says for all sections. */
struct defaults {
	bool has_direction;
	struct sdp_section_facts facts;
};

bool sdp_next_attribute(struct sdp_part *rest, const char *name, struct sdp_line *out)
{
	while (sdp_next(rest, out))
		if (out->type == 'a' && sdp_is(out->name, name))
			return true;
	return false;
}

static int first(unsigned int *line, const struct sdp_line *l, struct sdp_error *err)
{
	if (*line != 0)
		return sdp_fault(err, l->number, "a second a=%.*s (the first is in line %u)",
				 (int)(l->name.len < 40 ? l->name.len : 40), l->name.at, *line);
	*line = l->number;
	return 0;
}

static int fault(struct sdp_error *err, const struct sdp_line *l, const char *why)
{
	return sdp_fault(err, l->number, "a=%.*s: %s", (int)(l->name.len < 40 ? l->name.len : 40),
			 l->name.at, why);
}

/* ---- attributes ---------------------------------------------------------------------------- */

static int read_rtcp(const struct sdp_line *l, struct sdp_section_facts *f, struct once *o,
		     struct sdp_error *err)
{
	struct sdp_rtcp rtcp;
	const char *why;

	if (first(&o->rtcp, l, err) != 0)
		return -EINVAL;
	if (sdp_read_rtcp(l->rest, &rtcp, &why) != 0)
		return fault(err, l, why);
	f->rtcp_port = rtcp.port;
	return 0;
}

static int read_mid(const struct sdp_line *l, struct sdp_section_facts *f, struct once *o,
		    struct sdp_error *err)
{
	if (first(&o->mid, l, err) != 0)
		return -EINVAL;
	if (!sdp_is_token(l->rest))
		return fault(err, l, "not a token");
	if (l->rest.len > SDP_MID_MAX)
		return fault(err, l, "longer than 32 bytes");
	f->mid = l->rest;
	return 0;
}

static int read_ice(const struct sdp_line *l, struct sdp_section_facts *f, struct once *o,
		    struct sdp_error *err)
{
	bool ufrag = sdp_is(l->name, "ice-ufrag");
	const char *why;

	if (first(ufrag ? &o->ufrag : &o->pwd, l, err) != 0)
		return -EINVAL;
	if ((ufrag ? sdp_read_ufrag(l->rest, &why) : sdp_read_pwd(l->rest, &why)) != 0)
		return fault(err, l, why);
	*(ufrag ? &f->ufrag : &f->pwd) = l->rest;
	return 0;
}

static int read_dtls(const struct sdp_line *l, struct sdp_section_facts *f, struct once *o,
		     struct sdp_error *err)
{
	struct sdp_fingerprint fp;
	const char *why;

	if (sdp_is(l->name, "fingerprint")) {
		if (sdp_read_fingerprint(l->rest, &fp, &why) != 0)
			return fault(err, l, why);
		if (f->fingerprint_count < SDP_FINGERPRINTS)
			f->fingerprint[f->fingerprint_count++] = fp;
		return 0;
	}
	if (sdp_is(l->name, "tls-id")) {
		f->tls_id = l->rest;
		return first(&o->tls_id, l, err);
	}
	if (first(&o->setup, l, err) != 0)
		return -EINVAL;
	return sdp_read_setup(l->rest, &f->setup, &why) != 0 ? fault(err, l, why) : 0;
}

/* What may stand on either level. */
static int read_common(const struct sdp_line *l, struct sdp_section_facts *f, struct once *o,
		       struct sdp_error *err)
{
	unsigned int direction;

	if (sdp_read_direction(l->name, &direction)) {
		if (o->direction != 0 && f->direction == direction)
			return 0;
		f->direction = direction;
		return first(&o->direction, l, err);
	}
	if (sdp_is(l->name, "ice-ufrag") || sdp_is(l->name, "ice-pwd"))
		return read_ice(l, f, o, err);
	if (sdp_is(l->name, "fingerprint") || sdp_is(l->name, "setup") || sdp_is(l->name, "tls-id"))
		return read_dtls(l, f, o, err);
	return 0;
}

static int read_section_line(const struct sdp_line *l, struct sdp_facts *all,
			     struct sdp_section_facts *f, struct once *o, bool *bundle_only,
			     struct sdp_error *err)
{
	if (sdp_is(l->name, "mid"))
		return read_mid(l, f, o, err);
	if (sdp_is(l->name, "rtcp"))
		return read_rtcp(l, f, o, err);
	if (sdp_is(l->name, "rtcp-mux"))
		f->mux = true;
	else if (sdp_is(l->name, "bundle-only"))
		*bundle_only = true;
	else if (sdp_is(l->name, "end-of-candidates"))
		f->end_of_candidates = true;
	else if (sdp_is(l->name, "crypto"))
		f->crypto_count++;
	else if (sdp_is(l->name, "ice-options"))
		all->trickle |= sdp_has_word(l->rest, "trickle");
	else
		return read_common(l, f, o, err);
	return 0;
}

/* ---- levels -------------------------------------------------------------------------------- */

static void read_types(struct sdp_section_facts *f)
{
	struct sdp_view rest = f->m->formats;
	uint8_t type;

	while (sdp_transport_is_rtp(f->transport) && rest.len > 0)
		if (sdp_read_payload_type(sdp_word(&rest), &type))
			f->types[type / 64] |= UINT64_C(1) << type % 64;
}

static int check_section(const struct sdp_section_facts *f, struct sdp_error *err)
{
	if ((f->ufrag.len == 0) != (f->pwd.len == 0))
		return sdp_fault(err, f->m->line, "this section has a=ice-%s but no a=ice-%s",
				 f->pwd.len == 0 ? "ufrag" : "pwd",
				 f->pwd.len == 0 ? "pwd" : "ufrag");
	if (!sdp_transport_is_rtp(f->transport) || !f->active)
		return 0;
	if (f->m->has_count)
		return sdp_fault(err, f->m->line, "m=: more than one port");
	if ((f->types[0] | f->types[1]) == 0)
		return sdp_fault(err, f->m->line, "m=: no RTP payload type (0 to 127)");
	return 0;
}

static int read_section(struct sdp_facts *all, unsigned int i, const struct defaults *d,
			bool *bundle_only, struct sdp_error *err)
{
	struct sdp_section_facts *f = &all->section[i];
	const struct sdp_media *m = &all->sdp.section[i];
	struct sdp_part rest = m->part;
	struct once once = {0};
	struct sdp_line l;
	int rc;

	*f = (struct sdp_section_facts){.m = m, .group = -1};
	f->transport = (uint8_t)sdp_transport_of(m);
	f->c = m->c_line != 0 ? m->c : all->sdp.c;
	f->c_line = m->c_line != 0 ? m->c_line : all->sdp.c_line;
	while (sdp_next(&rest, &l)) {
		rc = l.type == 'a' ? read_section_line(&l, all, f, &once, bundle_only, err) : 0;
		if (rc != 0)
			return rc;
	}
	if (once.direction == 0)
		f->direction = d->has_direction ? d->facts.direction : SDP_SEND | SDP_RECV;
	if (once.ufrag == 0 && once.pwd == 0) {
		f->ufrag = d->facts.ufrag;
		f->pwd = d->facts.pwd;
	}
	if (f->fingerprint_count == 0) {
		f->fingerprint_count = d->facts.fingerprint_count;
		memcpy(f->fingerprint, d->facts.fingerprint, sizeof(f->fingerprint));
	}
	if (once.setup == 0)
		f->setup = d->facts.setup;
	if (once.tls_id == 0)
		f->tls_id = d->facts.tls_id;
	read_types(f);
	return 0;
}

static int read_session(struct sdp_facts *all, struct defaults *d, struct sdp_error *err)
{
	struct sdp_part rest = all->sdp.session;
	struct once once = {0};
	struct sdp_line l;
	int rc;

	*d = (struct defaults){0};
	while (sdp_next(&rest, &l)) {
		if (l.type != 'a')
			continue;
		if (sdp_is(l.name, "ice-lite"))
			all->ice_lite = true;
		else if (sdp_is(l.name, "ice-options"))
			all->trickle |= sdp_has_word(l.rest, "trickle");
		rc = read_common(&l, &d->facts, &once, err);
		if (rc != 0)
			return rc;
	}
	d->has_direction = once.direction != 0;
	return 0;
}

/* ---- bundles ------------------------------------------------------------------------------- */

static struct sdp_section_facts *find_mid(struct sdp_facts *f, struct sdp_view mid)
{
	for (unsigned int i = 0; i < f->sdp.count; i++)
		if (f->section[i].mid.len != 0 && sdp_equal(f->section[i].mid, mid))
			return &f->section[i];
	return NULL;
}

static int read_group(struct sdp_facts *f, const struct sdp_line *l, int number,
		      struct sdp_error *err)
{
	struct sdp_view rest = l->rest, mid;
	struct sdp_section_facts *section;

	sdp_word(&rest);
	for (unsigned int order = 0; rest.len > 0; order++) {
		mid = sdp_word(&rest);
		section = find_mid(f, mid);
		if (section == NULL)
			return sdp_fault(err, l->number, "a=group: no section has a=mid:%.*s",
					 (int)(mid.len < 40 ? mid.len : 40), mid.at);
		if (section->group >= 0)
			return sdp_fault(err, l->number,
					 "a=group: a=mid:%.*s is in a BUNDLE group already",
					 (int)mid.len, mid.at);
		section->group = number;
		section->order = order;
	}
	return 0;
}

static int read_groups(struct sdp_facts *f, struct sdp_error *err)
{
	struct sdp_part rest = f->sdp.session;
	struct sdp_view words;
	struct sdp_line l;
	int rc = 0;

	for (unsigned int i = 0; i < f->sdp.count; i++)
		if (f->section[i].mid.len != 0 && find_mid(f, f->section[i].mid) != &f->section[i])
			return sdp_fault(err, f->section[i].m->line,
					 "this section has the a=mid of another");
	while (rc == 0 && sdp_next_attribute(&rest, "group", &l)) {
		words = l.rest;
		if (sdp_is(sdp_word(&words), "BUNDLE"))
			rc = read_group(f, &l, (int)f->group_count++, err);
	}
	return rc;
}

const struct sdp_section_facts *sdp_tagged(const struct sdp_facts *f, unsigned int section)
{
	const struct sdp_section_facts *self = &f->section[section], *tagged = NULL;

	for (unsigned int i = 0; self->group >= 0 && i < f->sdp.count; i++) {
		const struct sdp_section_facts *other = &f->section[i];

		if (other->group == self->group && other->active && other->m->port != 0 &&
		    (tagged == NULL || other->order < tagged->order))
			tagged = other;
	}
	return tagged != NULL ? tagged : self;
}

int sdp_read(const char *text, size_t len, struct sdp_facts *out, struct sdp_error *err)
{
	bool bundle_only[SDP_SECTIONS_MAX] = {false};
	struct defaults d;
	int rc;

	out->ice_lite = out->trickle = false;
	out->group_count = 0;
	rc = sdp_parse(text, len, &out->sdp, err);
	if (rc == 0)
		rc = read_session(out, &d, err);
	for (unsigned int i = 0; rc == 0 && i < out->sdp.count; i++)
		rc = read_section(out, i, &d, &bundle_only[i], err);
	if (rc == 0)
		rc = read_groups(out, err);
	for (unsigned int i = 0; rc == 0 && i < out->sdp.count; i++) {
		struct sdp_section_facts *f = &out->section[i];

		/* Port 0 with bundle-only: it is at the port of its group (RFC 8843 §6). */
		f->active = f->m->port != 0 || (bundle_only[i] && f->group >= 0);
		rc = check_section(f, err);
	}
	return rc;
}
