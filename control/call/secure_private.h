/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of secure.h share: objects of lib/srtp, out of slabs. */
#ifndef SECURE_PRIVATE_H
#define SECURE_PRIVATE_H

#include "call.h"

static inline uint32_t secure_index(const struct sessions *s, const struct session *se,
				    unsigned int i)
{
	return SESSION_LEGS * session_index(s, se) + i;
}

/* Of tunnels: so much may be under way out of order, at their packet rates. */
#define TUNNEL_WINDOW 8192

/* The window that is meant. */
static inline uint16_t secure_window(const struct sessions *s, const struct leg_security *want,
				     bool tunnel)
{
	if (want->window != 0)
		return want->window;
	return tunnel ? TUNNEL_WINDOW : s->h->config->srtp_window;
}

/*
 * `anew`: as srtp_keys_config has it. 0, -ENOMEM, or -ENOTSUP, -EINVAL: the engine doesn't do this
 * profile. Back by secure_keys_free(), which wipes them; NULL is none.
 */
int secure_keys_make(struct sessions *s, enum srtp_profile profile, const struct sdes_key *key,
		     bool anew, struct srtp_keys **out);
void secure_keys_free(struct sessions *s, struct srtp_keys *k);

/* The running half of a leg, for so many SSRCs in each direction: 0 or -ENOMEM. */
int secure_running_make(struct sessions *s, uint8_t window_log2, unsigned int ssrcs,
			struct srtp_leg **out);
void secure_running_free(struct sessions *s, struct srtp_leg *l);

/* Wipes it; malloc'd, or NULL. */
void secure_text_free(char *text);

#endif
