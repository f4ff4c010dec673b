/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	unsigned int len;
} hashes[DTLS_HASHES] = {
	[DTLS_SHA256] = {"sha-256", 32},
	[DTLS_SHA384] = {"sha-384", 48},
	[DTLS_SHA512] = {"sha-512", 64},
};

static const char *const weak[] = {"sha-1", "sha-224", "md5", "md2"};

const char *dtls_hash_name(enum dtls_hash hash)
{
	return hashes[hash].name;
}

unsigned int dtls_hash_len(enum dtls_hash hash)
{
	return hashes[hash].len;
}

const EVP_MD *dtls_hash_md(enum dtls_hash hash)
{
	return hash == DTLS_SHA256   ? EVP_sha256()
	       : hash == DTLS_SHA384 ? EVP_sha384()
				     : EVP_sha512();
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes of "AB:CD:…", or -EINVAL. */
static int parse_digest(const char *text, size_t len, uint8_t out[DTLS_DIGEST_MAX])
{
	int n = 0;

	for (size_t i = 0; i < len; i += 3) {
		int high, low;

		if (len - i < 2 || n == DTLS_DIGEST_MAX || (len - i > 2 && text[i + 2] != ':') ||
		    len - i == 3)
			return -EINVAL;
		high = hex(text[i]);
		low = hex(text[i + 1]);
		if (high < 0 || low < 0)
			return -EINVAL;
		out[n++] = (uint8_t)(high << 4 | low);
	}
	return n > 0 ? n : -EINVAL;
}

static bool named(const char *text, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(text, name, len) == 0;
}

int dtls_fingerprint_parse(const char *text, size_t len, struct dtls_fingerprint *out)
{
	const char *space = memchr(text, ' ', len);
	size_t name_len = space == NULL ? 0 : (size_t)(space - text);
	int n;

	if (space == NULL)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	n = parse_digest(space + 1, len - name_len - 1, out->digest);
	if (n < 0)
		return n;
	for (enum dtls_hash h = 0; h < DTLS_HASHES; h++) {
		if (!named(text, name_len, hashes[h].name))
			continue;
		out->hash = h;
		return (unsigned int)n == hashes[h].len ? 0 : -EINVAL;
	}
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		if (named(text, name_len, weak[i]))
			return -ENOTSUP;
	}
	return -EINVAL;
}

char *dtls_fingerprint_format(const struct dtls_fingerprint *fp, char text[DTLS_FINGERPRINT_STRLEN])
{
	char *p = text + sprintf(text, "%s", hashes[fp->hash].name);

	for (unsigned int i = 0; i < hashes[fp->hash].len; i++)
		p += sprintf(p, "%c%02X", i == 0 ? ' ' : ':', fp->digest[i]);
	return text;
}

/* Of those with the strongest hash in the list, any (RFC 8122 §5.1). */
const struct dtls_fingerprint *dtls_fingerprint_match(const struct dtls_fingerprint *list,
						      unsigned int n,
						      const struct dtls_digests *cert)
{
	enum dtls_hash best = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (list[i].hash > best)
			best = list[i].hash;
	}
	for (unsigned int i = 0; i < n; i++) {
		if (list[i].hash == best &&
		    CRYPTO_memcmp(list[i].digest, cert->of[best], hashes[best].len) == 0)
			return &list[i];
	}
	return NULL;
}
