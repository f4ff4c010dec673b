/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_wire.h"

#include "frame.h"

#define EXT_GROUPS   10
#define EXT_SIGS     13
#define EXT_USE_SRTP 14
#define EXT_VERSIONS 43

static uint32_t get24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

bool dtls_record_next(const uint8_t **p, size_t *left, struct dtls_record *r)
{
	const uint8_t *at = *p;

	if (*left < DTLS_RECORD_HLEN)
		return false;
	*r = (struct dtls_record){
		.type = at[0],
		.version = wire_get16(at + 1),
		.epoch = wire_get16(at + 3),
		.seq = (uint64_t)wire_get16(at + 5) << 32 | wire_get32(at + 7),
		.head = at,
		.data = at + DTLS_RECORD_HLEN,
		.len = wire_get16(at + 11),
	};
	if (r->type < DTLS_CHANGE_CIPHER_SPEC || r->type > DTLS_APPLICATION ||
	    r->version >> 8 != 0xfe || r->len == 0 || r->len > *left - DTLS_RECORD_HLEN)
		return false;
	*p += DTLS_RECORD_HLEN + r->len;
	*left -= DTLS_RECORD_HLEN + r->len;
	return true;
}

bool dtls_fragment_next(const uint8_t **p, size_t *left, struct dtls_fragment *f)
{
	const uint8_t *at = *p;

	if (*left < DTLS_FRAGMENT_HLEN)
		return false;
	*f = (struct dtls_fragment){
		.type = at[0],
		.length = get24(at + 1),
		.seq = wire_get16(at + 4),
		.off = get24(at + 6),
		.len = get24(at + 9),
		.data = at + DTLS_FRAGMENT_HLEN,
	};
	if (f->len > *left - DTLS_FRAGMENT_HLEN || f->off > f->length ||
	    f->len > f->length - f->off)
		return false;
	*p += DTLS_FRAGMENT_HLEN + f->len;
	*left -= DTLS_FRAGMENT_HLEN + f->len;
	return true;
}

void dtls_record_head(uint8_t *p, uint8_t type, uint16_t version, uint16_t epoch, uint64_t seq,
		      size_t len)
{
	p[0] = type;
	wire_put16(p + 1, version);
	wire_put16(p + 3, epoch);
	wire_put16(p + 5, (uint16_t)(seq >> 32));
	wire_put32(p + 7, (uint32_t)seq);
	wire_put16(p + 11, (uint16_t)len);
}

/* What is left of a structure; a field that doesn't fit makes `bad`, and all later ones empty. */
struct reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static const uint8_t *take(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > r->left) {
		r->bad = true;
		r->left = 0;
		return NULL;
	}
	if (n > 0)
		r->p += n;
	r->left -= n;
	return p;
}

static uint16_t take16(struct reader *r)
{
	const uint8_t *p = take(r, 2);

	return p == NULL ? 0 : wire_get16(p);
}

/* A vector with a length of 1 or 2 bytes before it. */
static struct reader vector(struct reader *r, unsigned int length_len)
{
	const uint8_t *l = take(r, length_len);
	size_t n = l == NULL ? 0 : length_len == 1 ? l[0] : wire_get16(l);
	const uint8_t *p = take(r, n);

	return (struct reader){.p = p, .left = p == NULL ? 0 : n, .bad = r->bad};
}

static bool has_suite(struct reader suites, bool rsa)
{
	static const uint16_t by_ecdsa[] = {0xc02b, 0xc02c, 0xcca9};
	static const uint16_t by_rsa[] = {0xc02f, 0xc030, 0xcca8};
	const uint16_t *want = rsa ? by_rsa : by_ecdsa;

	while (suites.left >= 2) {
		uint16_t suite = take16(&suites);

		if (suite == want[0] || suite == want[1] || suite == want[2])
			return true;
	}
	return false;
}

/* X25519, P-256 or P-384, and the one of our certificate. */
static bool has_group(struct reader ext, const struct dtls_taste *taste)
{
	struct reader groups = vector(&ext, 2);
	bool usable = false, shown = taste->rsa;

	while (groups.left >= 2) {
		uint16_t group = take16(&groups);

		usable |= group == 29 || group == 23 || group == 24;
		shown |= group == taste->curve;
	}
	return usable && shown;
}

/* Hash and signature of RFC 5246 §7.4.1.4.1, SHA-256 and up; with RSA also RSASSA-PSS. */
static bool has_signature(struct reader ext, bool rsa)
{
	struct reader sigs = vector(&ext, 2);

	while (sigs.left >= 2) {
		uint16_t sig = take16(&sigs);

		if (sig >> 8 >= 4 && sig >> 8 <= 6 && (sig & 0xff) == (rsa ? 1 : 3))
			return true;
		if (rsa && sig >= 0x0804 && sig <= 0x0806)
			return true;
	}
	return false;
}

static bool has_version(struct reader ext)
{
	struct reader versions = vector(&ext, 1);

	while (versions.left >= 2) {
		if (take16(&versions) == DTLS_VERSION_1_2)
			return true;
	}
	return false;
}

static bool has_profile(struct reader ext, const struct dtls_taste *taste)
{
	struct reader ids = vector(&ext, 2);

	while (ids.left >= 2) {
		uint16_t id = take16(&ids);

		for (unsigned int i = 0; i < taste->profile_count; i++) {
			if (taste->profile_id[i] == id)
				return true;
		}
	}
	return false;
}

static enum dtls_reason check_extensions(struct reader *r, const struct dtls_taste *taste)
{
	bool group = false, version = true, signature = false, profile = false;
	struct reader all;

	all = r->left > 0 ? vector(r, 2) : (struct reader){0};
	while (all.left > 0) {
		uint16_t type = take16(&all);
		struct reader ext = vector(&all, 2);

		if (type == EXT_GROUPS)
			group = has_group(ext, taste);
		else if (type == EXT_SIGS)
			signature = has_signature(ext, taste->rsa);
		else if (type == EXT_VERSIONS)
			version = has_version(ext);
		else if (type == EXT_USE_SRTP)
			profile = has_profile(ext, taste);
	}
	if (all.bad || r->bad || r->left > 0)
		return DTLS_PROTOCOL;
	if (!version)
		return DTLS_VERSION;
	if (!group || !signature)
		return DTLS_NO_CIPHER;
	return profile ? DTLS_OK : DTLS_NO_PROFILE;
}

static enum dtls_reason check(struct reader *r, const struct dtls_taste *taste)
{
	uint16_t version = take16(r);
	struct reader session, suites, compression;
	enum dtls_reason reason;
	bool plain = false;

	take(r, DTLS_RANDOM_LEN);
	session = vector(r, 1);
	vector(r, 1); /* cookie */
	suites = vector(r, 2);
	compression = vector(r, 1);
	if (r->bad || session.left > 32 || suites.left < 2 || suites.left % 2 != 0)
		return DTLS_PROTOCOL;
	while (compression.left > 0)
		plain |= *take(&compression, 1) == 0;
	if (!plain)
		return DTLS_PROTOCOL;
	/* Versions count downward: 1.0 is the only older one. */
	if (version >> 8 != 0xfe || version > DTLS_VERSION_1_2)
		return DTLS_VERSION;
	reason = check_extensions(r, taste);
	if (reason == DTLS_PROTOCOL || reason == DTLS_VERSION)
		return reason;
	return has_suite(suites, taste->rsa) ? reason : DTLS_NO_CIPHER;
}

bool dtls_hello_cookie(const uint8_t *body, size_t len, const uint8_t **cookie, size_t *cookie_len)
{
	struct reader r = {.p = body, .left = len}, found;

	take(&r, sizeof(uint16_t) + DTLS_RANDOM_LEN);
	vector(&r, 1); /* session */
	found = vector(&r, 1);
	*cookie = found.p;
	*cookie_len = found.left;
	return !r.bad;
}

enum dtls_reason dtls_hello_check(const uint8_t *body, size_t len, const struct dtls_taste *taste,
				  uint8_t *alert)
{
	struct reader r = {.p = body, .left = len};
	enum dtls_reason reason = check(&r, taste);

	*alert = reason == DTLS_PROTOCOL  ? DTLS_DECODE_ERROR
		 : reason == DTLS_VERSION ? DTLS_PROTOCOL_VERSION
					  : DTLS_HANDSHAKE_FAILURE;
	return reason;
}
