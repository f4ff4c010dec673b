/* SPDX-License-Identifier: BSD-3-Clause */
/* Key derivation (RFC 3711 §4.3, RFC 6188 §3, RFC 7714 §11), and keys in the library's form. */
#include <errno.h>
#include <pthread.h>

#include "mb.h"

enum label { LABEL_KEY, LABEL_AUTH, LABEL_SALT, LABEL_RTCP_KEY, LABEL_RTCP_AUTH, LABEL_RTCP_SALT };

size_t mb_gcm_size = sizeof(struct gcm_key_data);

static struct {
	pthread_once_t once;
	pthread_mutex_t lock; /* of mgr, which isn't a worker's */
	IMB_MGR *mgr;
} shared = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

/* Key data made over zeros and over ones is the same as far as it is written. */
static void measure_gcm(IMB_MGR *m)
{
	static const uint8_t key[32];
	struct gcm_key_data a __attribute__((aligned(64))), b __attribute__((aligned(64)));
	size_t size = sizeof(a);

	memset(&a, 0, sizeof(a));
	memset(&b, 0xff, sizeof(b));
	IMB_AES256_GCM_PRE(m, key, &a);
	IMB_AES256_GCM_PRE(m, key, &b);
	while (size > 16 && memcmp((uint8_t *)&a + size - 16, (uint8_t *)&b + size - 16, 16) != 0)
		size -= 16;
	mb_gcm_size = size;
}

static void shared_init(void)
{
	IMB_MGR *m = alloc_mb_mgr(0);

	if (m == NULL)
		return;
	init_mb_mgr_auto(m, NULL);
	measure_gcm(m);
	shared.mgr = m;
}

static unsigned int schedule_size(unsigned int key_len)
{
	return (key_len / 4 + 7) * 16;
}

size_t mb_keys_size(enum srtp_profile p)
{
	unsigned int key_len = srtp_profiles[p].key_len;

	if (!srtp_profiles[p].aead)
		return (sizeof(struct mb_cm) + schedule_size(key_len) + key_len +
			sizeof(struct mb_cm_rtcp) + 63) &
		       ~(size_t)63;
	pthread_once(&shared.once, shared_init);
	return sizeof(struct mb_gcm) + mb_gcm_size +
	       (key_len == 16 ? 0 : sizeof(struct mb_gcm_rest) + key_len);
}

const uint8_t *mb_cm_rtcp_key(const struct srtp_keys *k)
{
	return mb_cm(k)->schedule + schedule_size(srtp_profiles[k->profile].key_len);
}

const struct mb_cm_rtcp *mb_cm_rtcp(const struct srtp_keys *k)
{
	return (const struct mb_cm_rtcp *)(mb_cm_rtcp_key(k) + srtp_profiles[k->profile].key_len);
}

void mb_hmac_pads(IMB_MGR *m, const uint8_t *auth, uint32_t ipad[5], uint32_t opad[5])
{
	uint8_t block[64];

	memset(block, 0x36, sizeof(block));
	for (unsigned int i = 0; i < 20; i++)
		block[i] ^= auth[i];
	IMB_SHA1_ONE_BLOCK(m, block, ipad);
	for (unsigned int i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	IMB_SHA1_ONE_BLOCK(m, block, opad);
	explicit_bzero(block, sizeof(block));
}

static void expand(IMB_MGR *m, unsigned int key_len, const uint8_t *key, void *schedule)
{
	uint8_t unused[15 * 16] __attribute__((aligned(16)));

	switch (key_len) {
	case 16: IMB_AES_KEYEXP_128(m, key, schedule, unused); break;
	case 24: IMB_AES_KEYEXP_192(m, key, schedule, unused); break;
	default: IMB_AES_KEYEXP_256(m, key, schedule, unused); break;
	}
	explicit_bzero(unused, sizeof(unused));
}

static void cm_set(struct srtp_keys *k, unsigned int key_len, const struct mb_session_keys *s)
{
	struct mb_cm *cm = (struct mb_cm *)k;
	struct mb_cm_rtcp *rtcp = (struct mb_cm_rtcp *)(uintptr_t)mb_cm_rtcp(k);

	expand(shared.mgr, key_len, s->key, cm->schedule);
	mb_hmac_pads(shared.mgr, s->auth, cm->ipad, cm->opad);
	memcpy(cm->salt, s->salt, sizeof(cm->salt));
	memcpy(rtcp->salt, s->rtcp_salt, sizeof(rtcp->salt));
	memcpy(rtcp->auth, s->rtcp_auth, sizeof(rtcp->auth));
	memcpy((uint8_t *)(uintptr_t)mb_cm_rtcp_key(k), s->rtcp_key, key_len);
}

/* The rest comes last: with AES-128 it is inside of the key data. */
static void gcm_set(struct srtp_keys *k, unsigned int key_len, const struct mb_session_keys *s)
{
	struct mb_gcm_rest *rest = (struct mb_gcm_rest *)(uintptr_t)mb_gcm_rest(k);
	struct gcm_key_data data __attribute__((aligned(64)));
	struct mb_gcm *gcm = (struct mb_gcm *)k;

	memset(&data, 0, sizeof(data));
	if (mb_is_big(k))
		IMB_AES256_GCM_PRE(shared.mgr, s->key, &data);
	else
		IMB_AES128_GCM_PRE(shared.mgr, s->key, &data);
	memcpy(gcm->data, &data, mb_gcm_size);
	explicit_bzero(&data, sizeof(data));
	memcpy(gcm->salt, s->salt, sizeof(gcm->salt));
	memcpy(rest->salt_end, s->salt + sizeof(gcm->salt), sizeof(rest->salt_end));
	memcpy(rest->rtcp_salt, s->rtcp_salt, sizeof(rest->rtcp_salt));
	memcpy(rest->rtcp_key, s->rtcp_key, key_len);
}

void mb_keys_set(struct srtp_keys *k, const struct mb_session_keys *s)
{
	const struct srtp_profile_info *p = &srtp_profiles[k->profile];

	if (p->aead)
		gcm_set(k, p->key_len, s);
	else
		cm_set(k, p->key_len, s);
}

/* The key stream of AES-CM under the master key, from the label's place on. */
static void derive(const uint8_t *schedule, unsigned int key_len, const uint8_t salt[14],
		   enum label label, uint8_t *out, unsigned int len)
{
	uint8_t iv[16] = {0}, zeros[32] = {0};
	IMB_JOB job = {0};

	memcpy(iv, salt, 14);
	iv[7] ^= (uint8_t)label;
	job.cipher_mode = IMB_CIPHER_CNTR;
	job.cipher_direction = IMB_DIR_ENCRYPT;
	job.enc_keys = schedule;
	job.dec_keys = schedule;
	job.key_len_in_bytes = key_len;
	job.src = zeros;
	job.dst = out;
	job.msg_len_to_cipher_in_bytes = len;
	job.iv = iv;
	job.iv_len_in_bytes = sizeof(iv);
	IMB_SUBMIT_CIPHER_BURST(shared.mgr, &job, 1, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
				(IMB_KEY_SIZE_BYTES)key_len);
}

int mb_keys_init(struct srtp_keys *k, const uint8_t *master)
{
	const struct srtp_profile_info *p = &srtp_profiles[k->profile];
	uint8_t schedule[15 * 16] __attribute__((aligned(16)));
	uint8_t salt[14] = {0}, out[6][32];
	/* In the order of enum label. */
	const unsigned int lens[6] = {p->key_len, 20, p->salt_len, p->key_len, 20, p->salt_len};

	pthread_once(&shared.once, shared_init);
	if (shared.mgr == NULL)
		return -ENOMEM;
	memcpy(salt, master + p->key_len, p->salt_len);
	pthread_mutex_lock(&shared.lock);
	expand(shared.mgr, p->key_len, master, schedule);
	for (unsigned int i = 0; i < 6; i++)
		derive(schedule, p->key_len, salt, (enum label)i, out[i], lens[i]);
	mb_keys_set(k, &(struct mb_session_keys){
			       .key = out[LABEL_KEY],
			       .auth = out[LABEL_AUTH],
			       .salt = out[LABEL_SALT],
			       .rtcp_key = out[LABEL_RTCP_KEY],
			       .rtcp_auth = out[LABEL_RTCP_AUTH],
			       .rtcp_salt = out[LABEL_RTCP_SALT],
		       });
	pthread_mutex_unlock(&shared.lock);
	explicit_bzero(schedule, sizeof(schedule));
	explicit_bzero(out, sizeof(out));
	explicit_bzero(salt, sizeof(salt));
	return 0;
}

void mb_keys_wipe(struct srtp_keys *k)
{
	(void)k;
}

bool mb_keys_equal(const struct srtp_keys *a, const struct srtp_keys *b)
{
	return memcmp(a + 1, b + 1, mb_keys_size(a->profile) - sizeof(*a)) == 0;
}
