/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SRTP_INTERNAL_H
#define SRTP_INTERNAL_H

#include "srtp.h"

struct srtp_profile_info {
	const char *name;
	uint8_t key_len, salt_len, rtp_tag_len, rtcp_tag_len;
	bool aead;
};

extern const struct srtp_profile_info srtp_profiles[SRTP_PROFILE_COUNT];

#endif
