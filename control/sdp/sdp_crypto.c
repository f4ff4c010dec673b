/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_crypto.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static const uint8_t usual[] = {SDES_AES_CM_128_HMAC_SHA1_80, SDES_AES_CM_128_HMAC_SHA1_32};

int sdp_key_make(struct sdp_key *k, uint32_t tag, enum sdes_suite suite)
{
	*k = (struct sdp_key){.tag = tag, .suite = (uint8_t)suite};
	k->master_len = (uint8_t)(sdes_suite_key_len(suite) + sdes_suite_salt_len(suite));
	return getrandom(k->master, k->master_len, 0) == k->master_len ? 0 : -errno;
}

int sdp_keys_offer(const struct sdp_profile *p, struct sdp_key *keys)
{
	const uint8_t *suites = p->sdes_count > 0 ? p->sdes : usual;
	unsigned int count = p->sdes_count > 0 ? p->sdes_count : sizeof(usual);

	for (unsigned int i = 0; i < count; i++) {
		int rc = sdp_key_make(&keys[i], i + 1, suites[i]);

		if (rc != 0)
			return rc;
	}
	return (int)count;
}

/*
 * The next line that can be used; lines of suites, methods or parameters not known here are
 * passed over (RFC 4568 §6.3), as those with several keys are. 1; 0: no more; -EINVAL.
 */
static int next_crypto(struct sdp_part *rest, struct sdes *out, unsigned int *line,
		       struct sdp_error *err)
{
	struct sdp_line l;
	const char *why;

	while (sdp_next_attribute(rest, "crypto", &l)) {
		int rc = sdes_parse(l.rest.at, l.rest.len, out, &why);

		if (rc == -EINVAL)
			return sdp_fault(err, l.number, "a=crypto: %s", why);
		if (rc != 0 || out->key_count != 1)
			continue;
		*line = l.number;
		return 1;
	}
	return 0;
}

/* 0 is the best; -1: not wanted. */
static int rank(const struct sdp_profile *p, enum sdes_suite suite)
{
	if (p->sdes_count == 0)
		return 0;
	for (int i = 0; i < p->sdes_count; i++)
		if (p->sdes[i] == suite)
			return i;
	return -1;
}

int sdp_crypto_choose(const struct sdp_section_facts *f, const struct sdp_profile *p,
		      struct sdes *out, struct sdp_error *err)
{
	struct sdp_part rest = f->m->part;
	int best = -1, rc, r;
	unsigned int line = 0;
	struct sdes s;

	while ((rc = next_crypto(&rest, &s, &line, err)) > 0) {
		r = rank(p, s.suite);
		if (r < 0 || (best >= 0 && r >= best))
			continue;
		best = r;
		*out = s;
	}
	explicit_bzero(&s, sizeof(s));
	if (rc < 0 || best < 0)
		explicit_bzero(out, sizeof(*out));
	if (rc < 0)
		return rc;
	return best >= 0 ? 0 : sdp_fault(err, f->m->line, "none of its a=crypto lines can be used");
}

int sdp_crypto_match(const struct sdp_section_facts *f, const struct sdp_key *keys,
		     unsigned int count, struct sdes *out, struct sdp_error *err)
{
	struct sdp_part rest = f->m->part;
	unsigned int line = 0;
	int rc = next_crypto(&rest, out, &line, err);

	if (rc == 0)
		sdp_fault(err, f->m->line, "answered without an a=crypto line that was offered");
	for (unsigned int i = 0; rc > 0 && i < count; i++)
		if (keys[i].tag == out->tag && keys[i].suite == out->suite)
			return (int)i;
	if (rc > 0)
		sdp_fault(err, line, "a=crypto: tag and suite are none that were offered");
	explicit_bzero(out, sizeof(*out));
	return -EINVAL;
}

void sdp_key_format(const struct sdp_key *k, char text[SDES_STRLEN])
{
	struct sdes s = {.tag = k->tag,
			 .suite = k->suite,
			 .key_count = 1,
			 .key = {{.master_len = k->master_len}}};

	memcpy(s.key[0].master, k->master, k->master_len);
	if (sdes_format(&s, text, SDES_STRLEN) < 0)
		text[0] = '\0';
	explicit_bzero(&s, sizeof(s));
}
