/* SPDX-License-Identifier: BSD-3-Clause */
/* One SRTP packet by ipsec-mb. */
#include "mb.h"

bool mb_open_rtp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		 unsigned int hlen, uint64_t index, bool *dirty)
{
	struct mb_worker *w = mb_worker(sw);
	unsigned int end = len - k->tag_len - k->mki_len;
	uint8_t kept[4];
	bool ok;

	if (srtp_is_aead(k)) {
		*dirty = !mb_gcm_open(w, k, p, len, hlen, index);
		return !*dirty;
	}
	/* The counter is hashed behind the packet, where MKI and tag are. */
	srtp_tag_copy(w->scratch, p + len - k->tag_len, k->tag_len);
	memcpy(kept, p + end, 4);
	srtp_put32(p + end, (uint32_t)(index >> 16));
	mb_fill_hash(&w->one, k, p, end + 4);
	mb_run_one_hash(w);
	memcpy(p + end, kept, 4);
	ok = srtp_tag_equal(w->one_tag, w->scratch, k->tag_len);
	if (ok) {
		mb_add_cipher(w, k, p, hlen, end - hlen, index);
		mb_run_ciphers(w);
	}
	return ok;
}

/* Decrypting is its own inverse. */
void mb_undo_rtp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		 unsigned int hlen, uint64_t index)
{
	mb_gcm_open(mb_worker(sw), k, p, len, hlen, index);
}

bool mb_seal_rtp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		 unsigned int hlen, uint64_t index)
{
	struct mb_worker *w = mb_worker(sw);

	if (srtp_is_aead(k)) {
		mb_gcm_seal(w, k, p, len, hlen, index);
		return true;
	}
	mb_add_cipher(w, k, p, hlen, len - hlen, index);
	mb_run_ciphers(w);
	srtp_put32(p + len, (uint32_t)(index >> 16));
	mb_fill_hash(&w->one, k, p, len + 4);
	mb_run_one_hash(w);
	mb_put_mki(k, p + len);
	srtp_tag_copy(p + len + k->mki_len, w->one_tag, k->tag_len);
	return true;
}
