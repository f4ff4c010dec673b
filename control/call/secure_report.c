/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of legs' secrets, and what they take. */
#include <string.h>

#include "secure_private.h"
#include "json.h"

static uint32_t leg_index(const struct sessions *s, const struct session *se, unsigned int i)
{
	return SESSION_LEGS * session_index(s, se) + i;
}

static const char *security_name(const struct leg *l)
{
	if (l->flags & LEG_DTLS)
		return "dtls";
	return l->flags & LEG_SRTP ? "sdes" : "none";
}

void secure_write(const struct sessions *s, const struct session *se, unsigned int i,
		  struct tnd_buf *b)
{
	const struct leg *l = &se->leg[i];
	const struct flow_secure *fs;

	json_w_open(b, "security", '{');
	json_w_string(b, "type", security_name(l));
	if (l->flags & LEG_DTLS)
		dtls_write(transport_head(s, se, i), b);
	if (l->flags & LEG_SRTP) {
		fs = &s->h->tables->secure[leg_index(s, se, i)];
		if (fs->tx != NULL)
			json_w_string(b, "profile", srtp_profile_name(srtp_keys_profile(fs->tx)));
		else
			json_w_null(b, "profile");
		json_w_string(b, "engine", srtp_engine_name(s->h->srtp_engine));
		json_w_uint(b, "window", 1u << l->window_log2);
		json_w_bool(b, "ready", fs->rx != NULL);
		json_w_bool(b, "untouched", legs_untouched(l, &se->leg[1 - i]));
	}
	json_w_close(b, '}');
}

void secure_answer(const struct sessions *s, const struct session *se, unsigned int i,
		   struct session_answer *a)
{
	uint32_t index = leg_index(s, se, i);
	const struct srtp_keys *tx = s->h->tables->secure[index].tx;

	a->leg[i].profile = a->leg[i].crypto = NULL;
	if (!(se->leg[i].flags & LEG_SRTP) || tx == NULL)
		return;
	a->leg[i].profile = srtp_profile_name(srtp_keys_profile(tx));
	a->leg[i].crypto = s->made[index];
}

uint64_t secure_params_hash(const struct sessions *s, const struct leg_security *want, bool tunnel)
{
	struct {
		uint64_t lifetime[2];
		uint32_t tag;
		uint16_t window;
		uint8_t type, profile, length[2], mki_length[2], pad[4];
		uint8_t master[2][SDES_MASTER_MAX], mki[2][SDES_MKI_MAX];
	} n;
	uint64_t hash;

	if (want->type == LEG_SECURITY_NONE)
		return 0;
	memset(&n, 0, sizeof(n));
	n.type = want->type;
	n.tag = want->tag != 0 ? want->tag : 1;
	n.window = secure_window(s, want, tunnel);
	n.profile = want->has_profile ? want->profile : SRTP_PROFILE_COUNT;
	for (unsigned int i = 0; i < 2; i++) {
		const struct sdes_key *k = i == 0 ? &want->local : &want->remote;

		n.lifetime[i] = k->lifetime;
		n.length[i] = k->master_len;
		n.mki_length[i] = k->mki_len;
		memcpy(n.master[i], k->master, k->master_len);
		memcpy(n.mki[i], k->mki, k->mki_len);
	}
	hash = siphash(&s->key, &n, sizeof(n));
	explicit_bzero(&n, sizeof(n));
	return hash;
}

size_t secure_session_bytes(enum srtp_engine e, enum srtp_profile p, unsigned int window)
{
	size_t leg = sizeof(struct flow_secure) + sizeof(char *) +
		     2 * RTE_ALIGN_CEIL(srtp_keys_size(e, p), (size_t)SLAB_ALIGN) +
		     RTE_ALIGN_CEIL(srtp_leg_size(e, window), (size_t)SLAB_ALIGN);

	return SESSION_BYTES + SESSION_LEGS * leg;
}
