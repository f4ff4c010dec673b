/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "secure_private.h"

void secure_keys_free(struct sessions *s, struct srtp_keys *k)
{
	size_t size;

	if (k == NULL)
		return;
	size = srtp_keys_bytes(k);
	srtp_keys_wipe(k);
	slab_give(&s->slabs, k, size);
}

int secure_keys_make(struct sessions *s, enum srtp_profile profile, const struct sdes_key *key,
		     bool anew, struct srtp_keys **out)
{
	const struct srtp_keys_config config = {.profile = profile,
						.engine = s->h->srtp_engine,
						.master = key->master,
						.mki = key->mki_len != 0 ? key->mki : NULL,
						.mki_len = key->mki_len,
						.lifetime = key->lifetime,
						.anew = anew};
	size_t size = srtp_keys_size_for(&config);
	struct srtp_keys *k = slab_take(&s->slabs, size);
	int rc;

	if (k == NULL)
		return -ENOMEM;
	rc = srtp_keys_init(k, &config);
	if (rc != 0) {
		slab_give(&s->slabs, k, size);
		return rc;
	}
	*out = k;
	return 0;
}

void secure_running_free(struct sessions *s, struct srtp_leg *l)
{
	size_t size;

	if (l == NULL)
		return;
	size = srtp_leg_bytes(l);
	srtp_leg_wipe(l);
	slab_give(&s->slabs, l, size);
}

int secure_running_make(struct sessions *s, uint8_t window_log2, unsigned int ssrcs,
			struct srtp_leg **out)
{
	size_t size = srtp_leg_size_for(s->h->srtp_engine, 1u << window_log2, ssrcs);
	struct srtp_leg *l = slab_take(&s->slabs, size);
	int rc;

	if (l == NULL)
		return -ENOMEM;
	rc = srtp_leg_init_for(l, s->h->srtp_engine, 1u << window_log2, ssrcs);
	if (rc != 0) {
		slab_give(&s->slabs, l, size);
		return rc;
	}
	*out = l;
	return 0;
}

void secure_text_free(char *text)
{
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}
