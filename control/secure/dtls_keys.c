/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/srtp.h>

static const struct {
	enum srtp_profile profile;
	uint16_t id;
	const char *name; /* OpenSSL's */
} profiles[] = {
	{SRTP_AES_CM_128_HMAC_SHA1_80, SRTP_AES128_CM_SHA1_80, "SRTP_AES128_CM_SHA1_80"},
	{SRTP_AES_CM_128_HMAC_SHA1_32, SRTP_AES128_CM_SHA1_32, "SRTP_AES128_CM_SHA1_32"},
	{SRTP_AEAD_AES_128_GCM, 0x0007, "SRTP_AEAD_AES_128_GCM"},
	{SRTP_AEAD_AES_256_GCM, 0x0008, "SRTP_AEAD_AES_256_GCM"},
};

#define COUNT (sizeof(profiles) / sizeof(profiles[0]))

#define EXPORTER_LABEL "EXTRACTOR-dtls_srtp"

uint16_t dtls_profile_id(enum srtp_profile p)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (profiles[i].profile == p)
			return profiles[i].id;
	}
	return 0;
}

bool dtls_profile_usable(enum srtp_profile p)
{
	return dtls_profile_id(p) != 0;
}

void dtls_profiles_text(const uint16_t *id, unsigned int n, char text[DTLS_PROFILES_STRLEN])
{
	char *p = text;

	for (unsigned int i = 0; i < n; i++) {
		for (size_t k = 0; k < COUNT; k++) {
			if (profiles[k].id == id[i])
				p += sprintf(p, "%s%s", i == 0 ? "" : ":", profiles[k].name);
		}
	}
}

static int selected(SSL *ssl, enum srtp_profile *out)
{
	const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(ssl);

	for (size_t i = 0; p != NULL && i < COUNT; i++) {
		if (profiles[i].id == p->id) {
			*out = profiles[i].profile;
			return 0;
		}
	}
	return -ENOENT;
}

/* Client's key, server's key, client's salt, server's salt (RFC 5764 §4.2). */
int dtls_keys_export(SSL *ssl, bool client, struct dtls_keys *out)
{
	uint8_t material[2 * SRTP_MASTER_MAX];
	unsigned int key, salt;
	uint8_t *of_client = client ? out->local : out->remote;
	uint8_t *of_server = client ? out->remote : out->local;
	int err = selected(ssl, &out->profile);

	if (err != 0)
		return err;
	key = srtp_profile_key_len(out->profile);
	salt = srtp_profile_salt_len(out->profile);
	if (SSL_export_keying_material(ssl, material, 2 * (key + salt), EXPORTER_LABEL,
				       strlen(EXPORTER_LABEL), NULL, 0, 0) != 1) {
		err = -EIO;
	} else {
		memcpy(of_client, material, key);
		memcpy(of_server, material + key, key);
		memcpy(of_client + key, material + 2 * key, salt);
		memcpy(of_server + key, material + 2 * key + salt, salt);
	}
	OPENSSL_cleanse(material, sizeof(material));
	return err;
}
