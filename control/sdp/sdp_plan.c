/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_plan_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "candidate.h"

static size_t state_size(unsigned int count)
{
	return sizeof(struct sdp_state) + count * sizeof(struct sdp_section_state);
}

struct sdp_state *sdp_state_new(const struct sdp_state *from, unsigned int count)
{
	struct sdp_state *s;

	if (from != NULL && from->count > count)
		count = from->count;
	s = calloc(1, state_size(count));
	if (s == NULL)
		return NULL;
	s->main = -1;
	if (from != NULL)
		memcpy(s, from, state_size(from->count));
	for (unsigned int i = s->count; i < count; i++)
		for (unsigned int k = 0; k < SDP_SIDES; k++)
			s->section[i].side[k].bundle = -1;
	s->count = (uint8_t)count;
	return s;
}

void sdp_state_free(struct sdp_state *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s, state_size(s->count));
	free(s);
}

int plan_unsupported(struct sdp_error *err, unsigned int line, const char *reason)
{
	sdp_fault(err, line, "%s", reason);
	return -ENOTSUP;
}

static uint64_t hash_view(struct sdp_view v)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < v.len; i++)
		h = (h ^ (unsigned char)v.at[i]) * UINT64_C(0x100000001b3);
	return v.len > 0 ? h | 1 : 0;
}

enum sdp_kind plan_kind(const struct sdp_section_facts *f)
{
	return sdp_transport_is_rtp(f->transport) ? SDP_KIND_RTP : SDP_KIND_UDP;
}

bool sdp_is_held(const struct sdp_section_state *st, unsigned int side,
		 const struct sdp_section_facts *f)
{
	bool ice = st->kind == SDP_KIND_RTP && st->side[side].ice != SDP_ICE_REMOVE;

	return !ice && !f->c.is_name && wire_ip_is_any(&f->c.ip);
}

/* ---- what a party says of itself ----------------------------------------------------------- */

/* Lines that can't be read; those of a kind that no check can be sent to are nothing wrong. */
static int check_candidates(const struct sdp_section_facts *f, struct sdp_error *err)
{
	struct sdp_part rest = f->m->part;
	struct candidate c;
	struct sdp_line l;
	const char *why;

	while (sdp_next_attribute(&rest, "candidate", &l))
		if (candidate_parse(l.rest.at, l.rest.len, &c, &why) == -EINVAL)
			return sdp_fault(err, l.number, "a=candidate: %s", why);
	return 0;
}

static int check_connection(const struct sdp_section_facts *f, struct sdp_error *err)
{
	if (f->c.is_name)
		return sdp_fault(err, f->c_line,
				 "c=: a domain name, which is not looked up: an IP address is "
				 "needed");
	if (f->c.has_ttl || wire_ip_is_multicast(&f->c.ip))
		return sdp_fault(err, f->c_line, "c=: a multicast address");
	if (!wire_ip_is_any(&f->c.ip) && !wire_ip_is_unicast(&f->c.ip))
		return sdp_fault(err, f->c_line, "c=: not an address that can be sent to");
	return 0;
}

void plan_said(struct sdp_side *s, const struct sdp_section_facts *f,
	       const struct sdp_section_facts *tagged)
{
	uint64_t tls_id = hash_view(tagged->tls_id);

	s->mux_said = f->mux;
	s->renew = s->tls_id != 0 && tls_id != 0 && tls_id != s->tls_id;
	s->tls_id = tls_id;
}

int plan_check_place(const struct sdp_section_facts *f, bool ice, struct sdp_error *err)
{
	return ice ? check_candidates(f, err) : check_connection(f, err);
}

/* ---- bundles ------------------------------------------------------------------------------- */

int sdp_bundle(const struct sdp_section_state *st, unsigned int side)
{
	return st->kind == SDP_KIND_RTP ? st->side[side].bundle : -1;
}

int sdp_speaker(const struct sdp_state *s, unsigned int i, unsigned int side)
{
	if (s->section[i].active && s->section[i].kind == SDP_KIND_RTP)
		return (int)i;
	for (unsigned int k = 0; k < s->count; k++)
		if (s->section[k].active && sdp_bundle(&s->section[k], side) == (int)i)
			return (int)k;
	return -1;
}

int plan_find_bundle(const struct sdp_state *next, unsigned int side, unsigned int i,
		     const struct sdp_facts *offer, int group)
{
	for (unsigned int k = 0; k < next->count; k++) {
		const struct sdp_section_state *other = &next->section[k];

		if (k == i || (group >= 0 && offer->section[k].group != group))
			continue;
		/* Those behind it have not been decided upon yet, but for running ones. */
		if (other->life[SDP_KIND_RTP] != SDP_NONE && other->side[side].bundle >= 0)
			return other->side[side].bundle;
		if (k < i && other->active && sdp_bundle(other, side) >= 0)
			return sdp_bundle(other, side);
	}
	return -1;
}

bool sdp_plan_types(const struct sdp_state *s, unsigned int side, const struct sdp_facts *offer,
		    const struct sdp_facts *answer, unsigned int i, uint64_t types[2])
{
	int bundle = sdp_bundle(&s->section[i], side);

	for (unsigned int w = 0; w < 2; w++) {
		types[w] = offer->section[i].types[w];
		if (answer != NULL)
			types[w] |= answer->section[i].types[w];
		for (unsigned int k = 0; k < i; k++) {
			if (!s->section[k].active || sdp_bundle(&s->section[k], side) != bundle)
				continue;
			types[w] &= ~offer->section[k].types[w];
			if (answer != NULL)
				types[w] &= ~answer->section[k].types[w];
		}
	}
	return (types[0] | types[1]) != 0;
}
