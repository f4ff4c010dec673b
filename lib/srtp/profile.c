/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "internal.h"

const struct srtp_profile_info srtp_profiles[SRTP_PROFILE_COUNT] = {
	[SRTP_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10, false},
	[SRTP_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10, false},
	[SRTP_AES_192_CM_HMAC_SHA1_80] = {"AES_192_CM_HMAC_SHA1_80", 24, 14, 10, 10, false},
	[SRTP_AES_192_CM_HMAC_SHA1_32] = {"AES_192_CM_HMAC_SHA1_32", 24, 14, 4, 10, false},
	[SRTP_AES_256_CM_HMAC_SHA1_80] = {"AES_256_CM_HMAC_SHA1_80", 32, 14, 10, 10, false},
	[SRTP_AES_256_CM_HMAC_SHA1_32] = {"AES_256_CM_HMAC_SHA1_32", 32, 14, 4, 10, false},
	[SRTP_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 16, 12, 16, 16, true},
	[SRTP_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", 32, 12, 16, 16, true},
};

const char *srtp_profile_name(enum srtp_profile p)
{
	return (unsigned int)p < SRTP_PROFILE_COUNT ? srtp_profiles[p].name : NULL;
}

int srtp_profile_find(const char *name, enum srtp_profile *out)
{
	for (unsigned int p = 0; p < SRTP_PROFILE_COUNT; p++) {
		if (strcmp(name, srtp_profiles[p].name) != 0)
			continue;
		*out = (enum srtp_profile)p;
		return 0;
	}
	return -ENOENT;
}

unsigned int srtp_profile_key_len(enum srtp_profile p)
{
	return srtp_profiles[p].key_len;
}

unsigned int srtp_profile_salt_len(enum srtp_profile p)
{
	return srtp_profiles[p].salt_len;
}

unsigned int srtp_profile_rtp_tag_len(enum srtp_profile p)
{
	return srtp_profiles[p].rtp_tag_len;
}
